//! Runs that were taken on although they can't be done: they get stuck, and say so (**M4**). They never hang.
//!
//! The check of the floor keeps such runs out; here it is left away. What is really the least is found by trying all that
//! can be done: before each task, any chunks that may leave do; what is missing is loaded, which takes staging. Loading is
//! not always needed where the floor has to allow for it, so the least may be below the floor, but never above it.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use super::simulator::random::Random;
use super::{Keep, Running, Scheduler};
use crate::chunk::{BlockMut, Chunk};
use crate::config::{Config, Overrides};
use crate::error::{Error, Result};
use crate::event::Observers;
use crate::graph::{Graph, Key, Size, Task, TaskContext};
use crate::spill::STAGING;

/// Bytes are multiples of a page, and not nearly a huge page: they are charged as they are.
const UNIT: usize = 4096;

struct Spec {
    needs: Vec<usize>,
    output: usize,
    workspace: usize,
    spillable: bool,
}

fn key(task: usize) -> Key {
    Key::indexed("t", [task as u32])
}

/// Up to 8 tasks; the last reads all that nobody else does.
fn specs(random: &mut Random, spillable: bool) -> Vec<Spec> {
    let tasks = 2 + random.below(7);
    let spec = |task: usize| Spec {
        needs: (0..if task < 2 { 0 } else { random.below(3) }).map(|_| random.below(task)).collect(),
        output: UNIT * (1 + random.below(400)),
        workspace: UNIT * random.below(200),
        spillable: spillable && !random.one_in(4),
    };
    let mut specs: Vec<Spec> = (0..tasks).map(spec).collect();
    let unread = |task: &usize| !specs.iter().any(|spec| spec.needs.contains(task));
    let unread: Vec<usize> = (0..tasks - 1).filter(unread).collect();
    specs[tasks - 1].needs.extend(unread);
    specs
}

fn graph(specs: &[Spec]) -> Graph {
    let task = |(task, spec): (usize, &Spec)| {
        let (output, workspace) = (spec.output, spec.workspace);
        let run = move |context: &TaskContext<'_>, _: &[Chunk]| {
            let scratch = context.buffer(workspace)?;
            let out: BlockMut<u8> = context.block(&[output])?;
            drop(scratch);
            Ok(Chunk::new(out.freeze()))
        };
        let made = Task::new(key(task), spec.needs.iter().copied().map(key), Arc::new(run))
            .output(Size::Exact(output as u64))
            .workspace(workspace as u64);
        if spec.spillable { made.spillable() } else { made }
    };
    Graph::new(specs.iter().enumerate().map(task)).unwrap()
}

/// The least bytes for chunks and workspace with which the tasks can be run in `order`.
fn least(specs: &[Spec], order: &[usize]) -> usize {
    let last = specs.len() - 1;
    let bits = |tasks: &[usize]| tasks.iter().fold(0_u32, |set, task| set | 1 << task);
    let bytes =
        |set: u32| (0..specs.len()).filter(|task| set >> task & 1 == 1).map(|task| specs[task].output).sum::<usize>();
    let mut reached = HashMap::from([(0_u32, 0_usize)]);
    for (at, &task) in order.iter().enumerate() {
        let spec = &specs[task];
        let inputs = bits(&spec.needs);
        let read_later = order[at + 1..].iter().fold(0, |set, &reader| set | bits(&specs[reader].needs));
        let mut next = HashMap::new();
        for (resident, most) in reached {
            let leavable = (0..last).filter(|&task| specs[task].spillable && resident >> task & 1 == 1);
            let leavable: Vec<usize> = leavable.collect();
            for choice in 0..1_u32 << leavable.len() {
                let gone = leavable.iter().enumerate().filter(|(at, _)| choice >> at & 1 == 1);
                let stays = resident & !gone.fold(0, |set, (_, task)| set | 1 << task);
                let staging = if inputs & !stays == 0 { 0 } else { STAGING as usize };
                let most = most.max(bytes(stays | inputs) + spec.output + spec.workspace + staging);
                let entry = next.entry((stays | inputs | 1 << task) & (read_later | 1 << last)).or_insert(most);
                *entry = most.min(*entry);
            }
        }
        reached = next;
    }
    reached.into_values().min().unwrap()
}

/// Waits for the end of a run; a run that hangs is found out.
fn end(running: Running) -> Result<()> {
    let (sender, receiver) = channel();
    let waiter = std::thread::spawn(move || sender.send(running.wait().map(drop)));
    let outcome = receiver.recv_timeout(Duration::from_mins(2)).expect("the run hangs");
    waiter.join().unwrap().unwrap();
    outcome
}

fn scheduler(folder: &tempfile::TempDir, limit: u64, threads: usize) -> Scheduler {
    let scratch = folder.path().to_str().unwrap().parse().unwrap();
    let overrides = Overrides {
        memory_limit: Some(limit.to_string().parse().unwrap()),
        threads: Some(threads),
        scratch: Some(vec![scratch]),
        ..Overrides::default()
    };
    Scheduler::start(&Config::new(overrides).unwrap(), Observers::default()).unwrap()
}

#[test]
fn a_run_below_the_least_ends_with_the_reason() {
    let mut random = Random::new(19);
    let folder = tempfile::tempdir_in("/var/tmp").unwrap();
    let mut tight = 0;
    for at in 0..150 {
        let specs = specs(&mut random, at % 3 > 0);
        let (graph, wanted) = (graph(&specs), [key(specs.len() - 1)]);
        let prepared = scheduler(&folder, 1 << 30, 1).prepare(&graph, &wanted, Keep::HandOver).unwrap();
        let order: Vec<usize> = prepared.order.sequence().iter().map(|task| task.index()).collect();
        let (fixed, floor) = (prepared.budget.fixed, prepared.budget.plan.floor().bytes());
        let least = fixed + least(&specs, &order) as u64;
        assert!(least <= floor, "{least} {floor} {order:?}");
        tight += usize::from(least == floor);
        let threads = 1 + at % 3;
        let unchecked = |limit: u64| {
            let scheduler = scheduler(&folder, limit, threads);
            let outcome = end(scheduler.submit_if(&graph, &wanted, Keep::HandOver, |_, _| Ok(())).unwrap());
            let stats = scheduler.stats();
            assert_eq!((stats.charged_bytes, stats.scratch_bytes), (0, 0), "{stats:?}");
            assert!(stats.ledger_peak_bytes <= limit);
            outcome
        };
        let error = unchecked(least - 1).unwrap_err();
        let Error::MemoryLimit { needed, limit, .. } = &error else { panic!("{error}") };
        assert_eq!(limit.bytes(), least - 1);
        assert!(needed > limit, "{error}");
        // Not even what is fixed finds room.
        assert!(matches!(unchecked(fixed - 1).unwrap_err(), Error::MemoryLimit { .. }));
        unchecked(floor).unwrap();
    }
    assert!(tight > 40, "on many graphs one byte less than the floor is too little: {tight}");
}
