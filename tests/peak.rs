//! The ledger beside an allocator that counts for itself: the peak is what was stated, and the bytes of chunks are those
//! that the ledger charges.
//!
//! Chunks of less than 256 KiB, and workspace, come from the heap in whole cache lines, aligned to 64 bytes; nothing else
//! in the library asks for that alignment. So the allocator counts exactly them. What it counts never exceeds what the
//! ledger has charged beyond its fixed part, because a grant is charged before a task allocates and given back after the
//! memory is. With one worker, and tasks that use all that they are granted at one instant, the two peaks are equal to the
//! byte; with several, grants that are charged and not yet used come between.

#![allow(clippy::unwrap_used, reason = "a test that finds nothing should fail")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use thermocline::Session;
use thermocline::chunk::{BlockMut, Chunk};
use thermocline::graph::{Graph, Key, Size, Task, TaskContext};

#[path = "it/random.rs"]
mod random;

use random::Random;

/// The alignment of chunks.
const LINE: usize = 64;

static LIVE: AtomicU64 = AtomicU64::new(0);
static PEAK: AtomicU64 = AtomicU64::new(0);

struct Counting;

// SAFETY: all calls are passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout);
        // SAFETY: the caller keeps to the contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout);
        // SAFETY: the caller keeps to the contract.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        if layout.align() == LINE {
            LIVE.fetch_sub(layout.size() as u64, Ordering::SeqCst);
        }
        // SAFETY: the caller keeps to the contract.
        unsafe { System.dealloc(pointer, layout) }
    }
}

fn count(layout: Layout) {
    if layout.align() == LINE {
        let live = LIVE.fetch_add(layout.size() as u64, Ordering::SeqCst) + layout.size() as u64;
        PEAK.fetch_max(live, Ordering::SeqCst);
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// A task, as the count here sees it.
struct Spec {
    needs: Vec<usize>,
    output: u64,
    workspace: u64,
}

fn key(task: usize) -> Key {
    Key::indexed("t", [task as u32])
}

/// Up to 60 tasks of some kilobytes each, all of one component; the last is wanted.
fn specs(random: &mut Random) -> Vec<Spec> {
    let tasks = 2 + random.below(58);
    let spec = |task: usize| Spec {
        needs: (0..if task == 0 { 0 } else { random.below(4) }).map(|_| random.below(task)).collect(),
        // Smaller than what is mapped rather than allocated.
        output: LINE as u64 * (1 + random.below(2500) as u64),
        workspace: LINE as u64 * random.below(2000) as u64,
    };
    let mut specs: Vec<Spec> = (0..tasks).map(spec).collect();
    let mut read = vec![false; tasks];
    specs.iter().flat_map(|spec| &spec.needs).for_each(|&need| read[need] = true);
    specs[tasks - 1].needs.extend((0..tasks - 1).filter(|&task| !read[task]));
    specs
}

/// Tasks that hold all of their grant at once.
fn graph(specs: &[Spec], spillable: bool) -> Graph {
    let task = |(task, spec): (usize, &Spec)| {
        let (output, workspace) = (spec.output, spec.workspace);
        let run = move |context: &TaskContext<'_>, _: &[Chunk]| {
            let mut out: BlockMut<u8> = context.block(&[output as usize])?;
            let scratch = context.buffer(workspace as usize)?;
            out.as_mut_slice().fill(task as u8);
            drop(scratch);
            Ok(Chunk::new(out.freeze()))
        };
        let made = Task::new(key(task), spec.needs.iter().copied().map(key), Arc::new(run))
            .output(Size::Exact(output))
            .workspace(workspace);
        if spillable { made.spillable() } else { made }
    };
    Graph::new(specs.iter().enumerate().map(task)).unwrap()
}

/// What one worker holds at most in the graph's order: `S`, without what is fixed.
fn held(specs: &[Spec], graph: &Graph) -> u64 {
    let mut left: Vec<usize> = specs.iter().map(|_| 0).collect();
    let needs = |task: usize| {
        let mut needs = specs[task].needs.clone();
        needs.sort_unstable();
        needs.dedup();
        needs
    };
    (0..specs.len()).flat_map(needs).for_each(|need| left[need] += 1);
    let (mut live, mut most) = (0, 0);
    for task in graph.order().sequence().iter().map(|task| task.index()) {
        most = most.max(live + specs[task].output + specs[task].workspace);
        live += specs[task].output;
        for need in needs(task) {
            left[need] -= 1;
            live -= if left[need] == 0 { specs[need].output } else { 0 };
        }
    }
    most
}

/// Runs a graph. The peaks of the ledger and of the allocator.
fn peaks(graph: &Graph, wanted: &[Key], limit: u64, threads: usize) -> (Session, u64, u64) {
    let folder = tempfile::tempdir_in("/var/tmp").unwrap();
    let builder = Session::builder().scratch(folder.path().to_str().unwrap());
    let session = builder.memory_limit(limit.to_string().parse().unwrap()).threads(threads).build().unwrap();
    let before = LIVE.load(Ordering::SeqCst);
    PEAK.store(before, Ordering::SeqCst);
    let chunks = session.run(graph, wanted).unwrap();
    let counted = PEAK.load(Ordering::SeqCst) - before;
    drop(chunks);
    let stats = session.stats();
    assert_eq!(stats.charged_bytes, 0);
    assert_eq!(LIVE.load(Ordering::SeqCst), before, "all chunks are gone");
    (session, stats.ledger_peak_bytes, counted)
}

/// Has many threads wait at once. The library's locks keep a table of waiting threads whose entries are aligned like chunks;
/// it grows with their number, and is kept.
fn make_tables() {
    const THREADS: usize = 32;
    let (arrived, all) = (parking_lot::Mutex::new(0), parking_lot::Condvar::new());
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let mut arrived = arrived.lock();
                *arrived += 1;
                all.notify_all();
                all.wait_while(&mut arrived, |arrived| *arrived < THREADS);
            });
        }
    });
}

/// All in one test: the allocator serves one run at a time.
#[test]
fn the_stated_peak_the_ledger_and_the_allocator_agree() {
    make_tables();
    let mut random = Random::new(6);
    let mut spilled = 0;
    for _ in 0..100 {
        let specs = specs(&mut random);
        let wanted = [key(specs.len() - 1)];
        let graph = self::graph(&specs, false);
        let (session, ledger, counted) = peaks(&graph, &wanted, 1 << 34, 1);
        let plan = session.plan_graph(&graph, &wanted).unwrap();
        let held = held(&specs, &graph);
        let fixed = plan.working_set().bytes() - held;
        assert_eq!(ledger, plan.stated_peak().bytes(), "{plan}");
        assert_eq!(counted, held, "{plan}");
        for threads in [2, 5] {
            let (session, ledger, counted) = peaks(&graph, &wanted, 1 << 34, threads);
            let plan = session.plan_graph(&graph, &wanted).unwrap();
            assert!(ledger <= plan.stated_peak().bytes(), "{ledger} {plan}");
            assert!(counted <= ledger - fixed, "{counted} of {ledger}, {fixed} fixed: {plan}");
        }
        // At the floor chunks go to scratch and come back.
        let graph = self::graph(&specs, true);
        let floor = session.plan_graph(&graph, &wanted).unwrap().floor().bytes();
        let (session, ledger, counted) = peaks(&graph, &wanted, floor, 2);
        spilled += session.stats().spilled_bytes;
        assert!(ledger <= floor && counted <= ledger - fixed, "{counted} of {ledger}, floor {floor}, {fixed} fixed");
    }
    assert!(spilled > 0);
}
