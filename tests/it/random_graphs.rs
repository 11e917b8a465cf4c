//! Random graphs under random limits: the values are those of a sequential evaluation, the ledger keeps to the stated
//! peak, the floor is enough and one byte less is refused before anything has run.

use thermocline::chunk::{Block, Chunk};
use thermocline::graph::{Graph, Key};
use thermocline::{Error, Session};

use crate::support::{Random, all, assert_at_rest, mix, session, word_task, words};

struct Case {
    graph: Graph,
    wanted: Vec<Key>,
    /// What a sequential evaluation gives.
    expected: Vec<Vec<u64>>,
}

fn key(task: usize) -> Key {
    Key::indexed("t", [task as u32])
}

/// A graph of up to 60 tasks: chains, trees, diamonds, broadcasts, as chance has it.
fn random_case(random: &mut Random) -> Case {
    let tasks = 1 + random.below(60);
    let reach = 1 + random.below(12);
    let mut values: Vec<Vec<u64>> = Vec::with_capacity(tasks);
    let mut list = Vec::with_capacity(tasks);
    for task in 0..tasks {
        let count = if task == 0 { 0 } else { random.below(4) };
        let mut needs: Vec<usize> = (0..count).map(|_| task - 1 - random.below(reach.min(task))).collect();
        if task > 0 && random.one_in(8) {
            // A broadcast, and now and then the same input twice.
            needs.push(0);
        }
        let len = if random.one_in(6) { random.below(200_000) } else { random.below(3000) };
        let workspace = if random.one_in(3) { random.below(100_000) as u64 } else { 0 };
        let seed = random.next();
        let inputs: Vec<&[u64]> = needs.iter().map(|&need| values[need].as_slice()).collect();
        values.push(words(mix(seed, &inputs), len).collect());
        let inputs_are_none = needs.is_empty();
        let made = word_task(key(task), needs.into_iter().map(key).collect(), seed, len, workspace);
        let made = if task % 5 == 0 && inputs_are_none { made.cheap_to_redo() } else { made };
        list.push(if random.one_in(5) { made } else { made.spillable() });
    }
    let wanted: Vec<usize> = (0..tasks).filter(|&task| task + 1 == tasks || random.one_in(9)).collect();
    Case {
        graph: Graph::new(list).unwrap(),
        expected: wanted.iter().map(|&task| values[task].clone()).collect(),
        wanted: wanted.into_iter().map(key).collect(),
    }
}

fn check(case: &Case, limit: u64, threads: usize) -> (u64, u64) {
    let (_folder, session) = session(limit, threads);
    let plan = session.plan_graph(&case.graph, &case.wanted).unwrap();
    let chunks = session.run(&case.graph, &case.wanted).unwrap();
    for (chunk, expected) in chunks.iter().zip(&case.expected) {
        assert_eq!(chunk.get::<Block<u64>>().unwrap().as_slice(), expected);
    }
    assert_eq!(chunks.len(), case.expected.len());
    let stats = session.stats();
    assert!(stats.ledger_peak_bytes <= plan.stated_peak().bytes(), "{stats:?} {plan}");
    assert!(plan.stated_peak().bytes() <= limit);
    drop::<Vec<Chunk>>(chunks);
    assert_at_rest(&session);
    (stats.spilled_bytes, stats.redone_tasks)
}

fn refused_below_the_floor(case: &Case, floor: u64) {
    let (_folder, session) = session(floor - 1, 2);
    let error = session.run(&case.graph, &case.wanted).unwrap_err();
    assert!(matches!(error, Error::MemoryLimit { .. }), "{error}");
    assert_eq!(session.stats().tasks, 0);
    assert_at_rest(&session);
}

fn ample(case: &Case) -> (u64, u64) {
    let ample: Session = session(1 << 34, 1).1;
    let plan = ample.plan_graph(&case.graph, &case.wanted).unwrap();
    (plan.floor().bytes(), plan.working_set().bytes())
}

/// Prints the seed of a case that fails.
struct SaySeed(u64);

impl Drop for SaySeed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("seed {}", self.0);
        }
    }
}

#[test]
fn random_graphs_run_at_any_limit_from_the_floor_on() {
    let cases = if all() { 10_000 } else { 500 };
    let (mut spilled, mut redone) = (0, 0);
    for seed in 0..cases {
        let _seed = SaySeed(seed);
        let mut random = Random::new(seed);
        let case = random_case(&mut random);
        let (floor, working_set) = ample(&case);
        assert!(floor <= working_set.max(floor));
        let between = floor + random.below((working_set.saturating_sub(floor) + 1) as usize) as u64;
        for limit in [floor, between, 1 << 32] {
            let (bytes, tasks) = check(&case, limit, 1 + random.below(8));
            (spilled, redone) = (spilled + bytes, redone + tasks);
        }
        refused_below_the_floor(&case, floor);
    }
    assert!(
        spilled > 0 && redone > 0,
        "some of these runs have to spill, some to redo: {spilled} bytes, {redone} tasks"
    );
}
