//! What goes to scratch and comes back, against next-use with the whole trace known (Belady 1966), and against LRU.
//!
//! One worker goes through a trace of reads; each step also reads the step before, so that the trace is followed. Chunks
//! are made when they are first read, and all have the same size, so that the oracle is exact.

use thermocline::chunk::Block;
use thermocline::graph::{Graph, Key, Task};
use thermocline::{Eviction, Stats};

use crate::support::{Random, assert_at_rest, builder, word_task};

/// Words of a chunk: 512 KiB.
const WORDS: usize = 1 << 16;
const CHUNK: u64 = 8 * WORDS as u64;

/// For each step, the chunks it reads.
type Trace = Vec<Vec<usize>>;

fn key(name: &str, at: usize) -> Key {
    Key::indexed(name.to_owned(), [at as u32])
}

fn graph(trace: &Trace) -> Graph {
    let chunks = trace.iter().flatten().max().unwrap() + 1;
    let made = (0..chunks).map(|at| word_task(key("chunk", at), vec![], at as u64, WORDS, 0).spillable());
    let step = |(at, reads): (usize, &Vec<usize>)| -> Task {
        let before = at.checked_sub(1).map(|before| key("step", before));
        let needs = before.into_iter().chain(reads.iter().map(|&read| key("chunk", read))).collect();
        word_task(key("step", at), needs, 3, 1, 0)
    };
    Graph::new(made.chain(trace.iter().enumerate().map(step))).unwrap()
}

/// Runs the trace with room for `room` chunks. What it moved, and the last step's value.
fn run(trace: &Trace, room: u64, policy: Eviction) -> (Stats, u64) {
    let graph = graph(trace);
    let wanted = [key("step", trace.len() - 1)];
    let overhead = {
        let (_folder, builder) = builder();
        let ample = builder.memory_limit("8GiB".parse().unwrap()).threads(1).build().unwrap();
        let most = trace.iter().map(Vec::len).max().unwrap() as u64;
        ample.plan_graph(&graph, &wanted).unwrap().floor().bytes() - most * CHUNK
    };
    let (_folder, builder) = builder();
    let limit = (overhead + room * CHUNK).to_string().parse().unwrap();
    let session = builder.memory_limit(limit).threads(1).eviction(policy).build().unwrap();
    let chunks = session.run(&graph, &wanted).unwrap();
    let value = chunks[0].get::<Block<u64>>().unwrap().as_slice()[0];
    drop(chunks);
    assert_at_rest(&session);
    (session.stats(), value)
}

fn moved(stats: &Stats) -> u64 {
    stats.spilled_bytes + stats.reloaded_bytes
}

/// Bytes spilled and reloaded by next-use with the whole trace known; a frame is kept, so a chunk is written once.
fn belady(trace: &Trace, room: u64) -> u64 {
    let next = |chunk: usize, after: usize| {
        (after + 1..trace.len()).find(|&step| trace[step].contains(&chunk)).unwrap_or(usize::MAX)
    };
    let chunks = trace.iter().flatten().max().unwrap() + 1;
    let (mut made, mut stored, mut resident) = (vec![false; chunks], vec![false; chunks], Vec::<usize>::new());
    let mut moved = 0;
    for (step, reads) in trace.iter().enumerate() {
        for &read in reads {
            if resident.contains(&read) {
                continue;
            }
            if resident.len() as u64 == room {
                let victim = resident.iter().copied().filter(|chunk| !reads.contains(chunk));
                let victim = victim.max_by_key(|&chunk| next(chunk, step - 1)).unwrap();
                resident.retain(|&chunk| chunk != victim);
                moved += u64::from(!std::mem::replace(&mut stored[victim], true));
            }
            // Made the first time, reloaded later.
            moved += u64::from(std::mem::replace(&mut made[read], true));
            resident.push(read);
        }
        // What nobody reads any more is gone.
        resident.retain(|&chunk| next(chunk, step) != usize::MAX);
    }
    moved * CHUNK
}

#[test]
fn cyclic_scans_move_less_than_half_of_what_lru_moves() {
    let trace: Trace = (0..6).flat_map(|_| (0..24).map(|chunk| vec![chunk])).collect();
    let (next_use, value) = run(&trace, 18, Eviction::NextUse);
    let (lru, same) = run(&trace, 18, Eviction::Lru);
    assert_eq!(value, same);
    let oracle = belady(&trace, 18);
    println!("next-use {}, LRU {}, whole trace known {oracle} bytes", moved(&next_use), moved(&lru));
    assert!(oracle > 0 && moved(&next_use) * 10 <= oracle * 11, "{} for {oracle}", moved(&next_use));
    assert!(2 * moved(&next_use) <= moved(&lru), "{} of {}", moved(&next_use), moved(&lru));
}

#[test]
fn traces_with_favourites_move_what_next_use_must() {
    for seed in 0..4 {
        let mut random = Random::new(seed);
        let trace: Trace = (0..120)
            .map(|_| {
                let count = 1 + random.below(3);
                let mut reads: Vec<usize> =
                    (0..count).map(|_| if random.one_in(2) { random.below(4) } else { random.below(20) }).collect();
                reads.sort_unstable();
                reads.dedup();
                reads
            })
            .collect();
        let (next_use, value) = run(&trace, 9, Eviction::NextUse);
        let (lru, same) = run(&trace, 9, Eviction::Lru);
        assert_eq!(value, same);
        let oracle = belady(&trace, 9);
        println!("next-use {}, LRU {}, whole trace known {oracle} bytes", moved(&next_use), moved(&lru));
        assert!(oracle > 0 && moved(&next_use) * 10 <= oracle * 11, "{} for {oracle}", moved(&next_use));
        assert!(moved(&next_use) < moved(&lru));
    }
}
