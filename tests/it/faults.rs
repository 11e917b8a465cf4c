//! Tasks, values and users that misbehave: the run ends with what went wrong, and nothing is left.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

use thermocline::Error;
use thermocline::chunk::{Chunk, Encoded, Value};
use thermocline::graph::{Graph, Key, Size, Task, TaskContext};

use crate::support::{Random, assert_at_rest, session, word_task};

fn key(name: &str, at: usize) -> Key {
    Key::indexed(name.to_owned(), [at as u32])
}

/// What a value does when it is written to scratch, and when it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trick {
    PanicsWhenEncoded,
    PanicsWhenDropped,
}

/// A value of 1 MiB that is charged as such.
struct Bomb {
    bytes: Vec<u8>,
    trick: Trick,
    encoded: AtomicUsize,
    dropped: Arc<AtomicUsize>,
}

impl Value for Bomb {
    fn unmetered_bytes(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn encode(&self) -> Option<Encoded<'_>> {
        // First its size is asked for, when it is made; then it is to be written.
        let calls = self.encoded.fetch_add(1, Ordering::SeqCst);
        assert!(self.trick != Trick::PanicsWhenEncoded || calls == 0, "no code");
        let decode = Arc::new(|_| Ok(Chunk::new(())));
        Some(Encoded::Memory { bytes: &self.bytes, item_size: 1, in_place: false, decode })
    }
}

impl Drop for Bomb {
    fn drop(&mut self) {
        if self.trick == Trick::PanicsWhenDropped {
            self.dropped.fetch_add(1, Ordering::SeqCst);
            panic!("no way out");
        }
    }
}

fn bombs(trick: Trick, dropped: &Arc<AtomicUsize>) -> (Graph, Key) {
    let bomb = |at: usize| {
        let dropped = dropped.clone();
        let run = move |_: &TaskContext<'_>, _: &[Chunk]| {
            let (bytes, dropped) = (vec![at as u8; 1 << 20], dropped.clone());
            Ok(Chunk::new(Bomb { bytes, trick, encoded: AtomicUsize::new(0), dropped }))
        };
        Task::new(key("bomb", at), [], Arc::new(run)).output(Size::Exact(1 << 20)).spillable()
    };
    let read = |at: usize| {
        let before = if at == 0 { key("bomb", 29) } else { key("read", at - 1) };
        let run = |_: &TaskContext<'_>, _: &[Chunk]| Ok(Chunk::new(()));
        Task::new(key("read", at), [before, key("bomb", at % 30)], Arc::new(run)).output(Size::Exact(0))
    };
    // All are read twice, one after the other: most have to leave in between.
    (Graph::new((0..30).map(bomb).chain((0..60).map(read))).unwrap(), key("read", 59))
}

#[test]
fn an_encoder_that_panics_is_an_error() {
    let (_folder, session) = session(12 << 20, 2);
    let (graph, wanted) = bombs(Trick::PanicsWhenEncoded, &Arc::default());
    let error = session.run(&graph, &[wanted]).unwrap_err();
    assert!(matches!(&error, Error::Panic { message, .. } if message == "no code"), "{error}");
    assert_at_rest(&session);
}

#[test]
fn a_destructor_that_panics_stops_nothing() {
    for limit in [12_u64 << 20, 1 << 30] {
        let (_folder, session) = session(limit, 2);
        let dropped = Arc::default();
        let (graph, wanted) = bombs(Trick::PanicsWhenDropped, &dropped);
        // What comes back from scratch is another value, that goes in peace.
        session.run(&graph, &[wanted]).unwrap();
        assert_eq!(dropped.load(Ordering::SeqCst), 30, "each went once");
        assert_at_rest(&session);
    }
}

/// A graph of 40 branches of 50 tasks, one of which fails in its middle.
#[test]
fn an_error_in_one_branch_stops_the_others() {
    for limit in [4_u64 << 20, 1 << 30] {
        let (_folder, session) = session(limit, 4);
        let ran = Arc::new(AtomicUsize::new(0));
        let mut tasks = Vec::new();
        for branch in 0..40 {
            for at in 0..50 {
                let count = ran.clone();
                let run = move |context: &TaskContext<'_>, _: &[Chunk]| {
                    if (branch, at) == (7, 25) {
                        return Err("out of luck".into());
                    }
                    count.fetch_add(1, Ordering::SeqCst);
                    std::thread::sleep(Duration::from_micros(200));
                    Ok(Chunk::new(context.block::<u64>(&[4096])?.freeze()))
                };
                let needs = if at == 0 { Vec::new() } else { vec![key("t", branch * 50 + at - 1)] };
                tasks.push(
                    Task::new(key("t", branch * 50 + at), needs, Arc::new(run))
                        .output(Size::Exact(4096 * 8))
                        .spillable(),
                );
            }
        }
        let all: Vec<Key> = (0..40).map(|branch| key("t", branch * 50 + 49)).collect();
        let graph = Graph::new(tasks).unwrap();
        let error = session.run(&graph, &all).unwrap_err().to_string();
        assert!(error.starts_with("task t(375) failed") && error.ends_with("out of luck"), "{error}");
        assert!(ran.load(Ordering::SeqCst) < 1900, "what was under way ended, no more was begun");
        assert_at_rest(&session);
    }
}

/// When a run is cancelled, what runs is finished, and nothing else is begun: with room and without.
#[test]
fn after_a_cancel_nothing_is_begun() {
    const THREADS: usize = 3;
    for limit in [6_u64 << 20, 1 << 30] {
        let (_folder, session) = session(limit, THREADS);
        let (told, was_told) = channel();
        let told = std::sync::Mutex::new(told);
        let ran = Arc::new(AtomicUsize::new(0));
        let count = ran.clone();
        let slow = move |at: usize| {
            let (told, count) = (told.lock().unwrap().clone(), count.clone());
            let run = move |context: &TaskContext<'_>, _: &[Chunk]| {
                if count.fetch_add(1, Ordering::SeqCst) == 20 {
                    let _listening = told.send(());
                }
                std::thread::sleep(Duration::from_millis(2));
                Ok(Chunk::new(context.block::<u64>(&[1 << 16])?.freeze()))
            };
            Task::new(key("slow", at), [], Arc::new(run)).output(Size::Exact(8 << 16)).spillable()
        };
        let last = word_task(Key::new("last"), Vec::new(), 1, 1, 0);
        let read = |at: usize| {
            let before = if at == 0 { Key::new("last") } else { key("read", at - 1) };
            word_task(key("read", at), vec![before, key("slow", at), key("slow", 499)], 1, 1, 0)
        };
        let graph = Graph::new((0..500).map(slow).chain([last]).chain((0..500).map(read))).unwrap();
        let canceller = session.clone();
        let at_cancel = ran.clone();
        let watcher = std::thread::spawn(move || {
            was_told.recv().unwrap();
            canceller.cancel();
            at_cancel.load(Ordering::SeqCst)
        });
        let error = session.run(&graph, &[key("read", 499)]).unwrap_err();
        let at_cancel = watcher.join().unwrap();
        assert!(matches!(error, Error::Cancelled), "{error}");
        assert!(ran.load(Ordering::SeqCst) <= at_cancel + THREADS, "at most what was granted before");
        assert_at_rest(&session);
    }
}

/// Random graphs in which some tasks fail or panic, and some are slow: the error is that of one that does, and nothing is
/// left.
#[test]
fn failures_at_random_leave_nothing() {
    let mut spilled = 0;
    for seed in 0..100 {
        let random = &mut Random::new(seed);
        let count = 10 + random.below(60);
        let (mut bad, mut tasks, mut known) = (Vec::new(), Vec::new(), Vec::<Key>::new());
        for at in 0..count {
            let fan_in = if known.is_empty() { 0 } else { random.below(4) };
            let needs: Vec<Key> = (0..fan_in).map(|_| known[random.below(known.len())].clone()).collect();
            let own = key("t", at);
            tasks.push(match random.below(20) {
                0 => {
                    bad.push(at);
                    known.push(own.clone());
                    let panics = random.one_in(2);
                    let run = move |_: &TaskContext<'_>, _: &[Chunk]| {
                        assert!(!panics, "bad luck");
                        Err("bad luck".into())
                    };
                    Task::new(own, needs, Arc::new(run)).output(Size::Exact(0))
                }
                1 => {
                    let run = |_: &TaskContext<'_>, _: &[Chunk]| {
                        std::thread::sleep(Duration::from_millis(1));
                        Ok(Chunk::new(()))
                    };
                    // Nobody reads it: it has no words.
                    Task::new(own, needs, Arc::new(run)).output(Size::Exact(0))
                }
                _ => {
                    known.push(own.clone());
                    word_task(own, needs, seed, random.below(40_000), 0).spillable()
                }
            });
        }
        let graph = Graph::new(tasks).unwrap();
        let wanted: Vec<Key> = (0..count).filter(|_| random.one_in(4)).map(|at| key("t", at)).collect();
        let needed = graph.cull(&wanted).unwrap();
        let bad: Vec<String> = bad
            .into_iter()
            .filter(|&at| needed.find(&key("t", at)).is_some())
            .map(|at| key("t", at).to_string())
            .collect();
        let (_folder, ample) = session(1 << 32, 1);
        let floor = ample.plan_graph(&graph, &wanted).unwrap().floor().bytes();
        for limit in [floor, 1 << 32] {
            let (_folder, session) = session(limit, 1 + random.below(8));
            match session.run(&graph, &wanted) {
                Ok(_) => assert!(bad.is_empty(), "seed {seed}"),
                Err(error) => {
                    let error = error.to_string();
                    assert!(
                        error.contains("bad luck") && bad.iter().any(|key| error.contains(key)),
                        "seed {seed}: {error}"
                    );
                }
            }
            spilled += session.stats().spilled_bytes;
            assert_at_rest(&session);
        }
    }
    assert!(spilled > 0, "some have to spill");
}
