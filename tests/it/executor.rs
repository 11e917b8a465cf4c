//! One graph, one behaviour: order of work, errors, panics, cancelling, nesting, what is left behind.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use thermocline::chunk::{Block, Chunk};
use thermocline::graph::{Graph, Key, Size, Task};
use thermocline::{Error, Event, Observer, Session};

use crate::support::{Counts, assert_at_rest, builder, session, word_task};

fn empty(key: impl Into<Key>, needs: Vec<Key>) -> Task {
    Task::new(key, needs, Arc::new(|_, _| Ok(Chunk::new(())))).output(Size::Exact(0))
}

fn key(name: &str, at: u32) -> Key {
    Key::indexed(name.to_owned(), [at])
}

/// Reads `x` 0 to `blocks` in turn, twice.
fn add_two_passes(tasks: &mut Vec<Task>, blocks: u32) {
    let mut before = None;
    for pass in ["first", "second"] {
        for at in 0..blocks {
            let needs = before.iter().cloned().chain([key("x", at)]).collect();
            tasks.push(word_task(key(pass, at), needs, 7, 1, 0));
            before = Some(key(pass, at));
        }
    }
}

#[test]
fn a_million_tasks_run() {
    let (_folder, session) = session(4 << 30, 2);
    let key = |at: u32| Key::indexed("t", [at]);
    let tasks = (0..1_000_000_u32).map(|at| empty(key(at), if at == 0 { vec![] } else { vec![key((at - 1) / 2)] }));
    let last = empty("last", (999_000..1_000_000).map(key).collect());
    let graph = Graph::new(tasks.chain([last])).unwrap();
    let all: Vec<Key> = (0..1_000_000).map(key).chain([Key::new("last")]).collect();
    session.run(&graph, &all).unwrap();
    assert_eq!(session.stats().tasks, 1_000_001);
    assert_at_rest(&session);
}

#[test]
fn what_does_not_fit_is_spilled_and_comes_back() {
    let (_folder, builder) = builder();
    let counts = Arc::new(Counts::default());
    let session = builder.memory_limit("24MiB".parse().unwrap()).threads(2).observer(counts.clone()).build().unwrap();
    // 32 blocks of 2 MiB, all needed by each of two passes.
    let mut tasks: Vec<Task> =
        (0..32).map(|at| word_task(key("x", at), vec![], u64::from(at), 1 << 18, 0).spillable()).collect();
    add_two_passes(&mut tasks, 32);
    let graph = Graph::new(tasks).unwrap();
    let wanted = [key("second", 31)];
    let plan = session.plan_graph(&graph, &wanted).unwrap();
    assert!(plan.expected_spill().bytes() > 30 << 20, "{plan}");
    let tight = session.run(&graph, &wanted).unwrap();
    let stats = session.stats();
    assert!(stats.spilled_bytes > 30 << 20 && stats.reloaded_bytes > 30 << 20, "{stats:?}");
    assert_eq!(counts.spilled.load(Ordering::SeqCst), stats.spilled_bytes);
    assert_eq!(counts.reloaded.load(Ordering::SeqCst), stats.reloaded_bytes);
    assert!(stats.ledger_peak_bytes <= 24 << 20 && stats.scratch_peak_bytes > 0);
    let (_folder, ample) = crate::support::session(1 << 30, 1);
    let easy = ample.run(&graph, &wanted).unwrap();
    assert_eq!(ample.stats().spilled_bytes, 0);
    assert_eq!(tight[0].get::<Block<u64>>().unwrap().as_slice(), easy[0].get::<Block<u64>>().unwrap().as_slice());
    drop(tight);
    assert_at_rest(&session);
}

/// What may be made again in less time than scratch would take is dropped, and made again for its next reader.
#[test]
fn cheap_roots_are_made_again_rather_than_written() {
    let (_folder, session) = session(24 << 20, 2);
    let mut tasks: Vec<Task> = (0..32)
        .map(|at| word_task(key("x", at), vec![], u64::from(at), 1 << 18, 1000).spillable().cheap_to_redo())
        .collect();
    add_two_passes(&mut tasks, 32);
    let graph = Graph::new(tasks).unwrap();
    let wanted = [key("second", 31)];
    let plan = session.plan_graph(&graph, &wanted).unwrap();
    assert_eq!(plan.expected_spill().bytes(), 0, "{plan}");
    assert!(plan.expected_redo().bytes() > 30 << 20, "{plan}");
    let tight = session.run(&graph, &wanted).unwrap();
    let stats = session.stats();
    assert!(stats.redone_tasks > 0 && stats.ledger_peak_bytes <= 24 << 20, "{stats:?}");
    let (_folder, ample) = crate::support::session(1 << 30, 1);
    let easy = ample.run(&graph, &wanted).unwrap();
    assert_eq!(ample.stats().redone_tasks, 0);
    assert_eq!(tight[0].get::<Block<u64>>().unwrap().as_slice(), easy[0].get::<Block<u64>>().unwrap().as_slice());
    drop(tight);
    assert_at_rest(&session);
}

/// With one worker and room for all, what was stated is what is taken, to the byte.
#[test]
fn the_stated_peak_is_reached_by_one_worker() {
    let (_folder, session) = session(1 << 30, 1);
    let loads = (0..12).map(|at| word_task(key("x", at), vec![], 1, 5000 + 100 * at as usize, 3000));
    let sums =
        (0..4).map(|at| word_task(key("y", at), (0..3).map(|of| key("x", 3 * at + of)).collect(), 2, 700, 20_000));
    let top = word_task(Key::new("top"), (0..4).map(|at| key("y", at)).collect(), 3, 10, 0);
    let graph = Graph::new(loads.chain(sums).chain([top])).unwrap();
    let plan = session.plan_graph(&graph, &[Key::new("top")]).unwrap();
    drop(session.run(&graph, &[Key::new("top")]).unwrap());
    assert_eq!(session.stats().ledger_peak_bytes, plan.stated_peak().bytes(), "{plan}");
    assert_at_rest(&session);
}

/// An empty chunk was once evicted like any other. Its reader then reserved nothing for loading it, and failed with
/// `Overdrawn` when it was brought back.
#[test]
fn an_empty_chunk_is_not_worth_evicting() {
    let (_folder, session) = session(4 << 20, 1);
    let empty = Key::new("empty");
    // Made for the first reader, and then needed last of all: the first to go, if it could.
    let mut tasks = vec![word_task(empty.clone(), vec![], 1, 0, 0).spillable()];
    let mut before = empty.clone();
    for pass in ["first", "second"] {
        for at in 0..8 {
            if pass == "first" {
                tasks.push(word_task(key("x", at), vec![], u64::from(at), 1 << 17, 0).spillable());
            }
            tasks.push(word_task(key(pass, at), vec![before, key("x", at)], 3, 1, 0));
            before = key(pass, at);
        }
    }
    let last = Key::new("last");
    tasks.push(word_task(last.clone(), vec![before, empty], 5, 4, 0));
    let graph = Graph::new(tasks).unwrap();
    drop(session.run(&graph, &[last]).unwrap());
    assert!(session.stats().spilled_bytes > 0);
    assert_at_rest(&session);
}

#[test]
fn the_first_error_stops_the_run_and_names_its_task_and_who_needed_it() {
    let (_folder, session) = session(64 << 20, 2);
    let fails = Task::new("bad", [], Arc::new(|_, _| Err("no such luck".into()))).output(Size::Exact(0));
    let graph = Graph::new([fails, empty("mid", vec![Key::new("bad")]), empty("top", vec![Key::new("mid")])]).unwrap();
    let error = session.run(&graph, &[Key::new("top")]).unwrap_err();
    assert_eq!(error.to_string(), "task bad failed (needed by mid, needed by top): no such luck");
    assert_at_rest(&session);
}

#[test]
fn a_panic_is_caught_and_the_session_stays_usable() {
    let (_folder, session) = session(64 << 20, 2);
    let panics = Task::new("bad", [], Arc::new(|_, _| panic!("boom {}", 7))).output(Size::Exact(0));
    let graph = Graph::new([panics, empty("top", vec![Key::new("bad")])]).unwrap();
    let error = session.run(&graph, &[Key::new("top")]).unwrap_err();
    assert!(matches!(&error, Error::Panic { key, message, .. } if key == "bad" && message == "boom 7"), "{error}");
    assert_at_rest(&session);
    session.run(&Graph::new([empty("x", vec![])]).unwrap(), &[Key::new("x")]).unwrap();
}

#[test]
fn a_task_that_takes_more_than_it_declared_fails() {
    let (_folder, session) = session(64 << 20, 1);
    let greedy =
        Task::new("greedy", [], Arc::new(|context, _| Ok(Chunk::new(context.block::<u64>(&[1000])?.freeze()))))
            .output(Size::Exact(4000));
    let error = session.run(&Graph::new([greedy]).unwrap(), &[Key::new("greedy")]).unwrap_err();
    assert!(error.to_string().contains("asked for 7.81 KiB") && error.to_string().contains("greedy"), "{error}");
    assert_at_rest(&session);
}

#[test]
fn an_estimate_may_be_exceeded_and_is_reported_in_the_peak() {
    let (_folder, session) = session(64 << 20, 1);
    let guess =
        Task::new("guess", [], Arc::new(|context, _| Ok(Chunk::new(context.block::<u64>(&[1 << 20])?.freeze()))))
            .output(Size::Estimated(1000));
    let graph = Graph::new([guess]).unwrap();
    assert!(!session.plan_graph(&graph, &[Key::new("guess")]).unwrap().exact());
    let chunks = session.run(&graph, &[Key::new("guess")]).unwrap();
    let stats = session.stats();
    assert!(stats.ledger_peak_bytes > 8 << 20 && stats.overrun_bytes > 7 << 20, "{stats:?}");
    drop(chunks);
    assert_at_rest(&session);
}

/// The first of a layer tells how large the others are likely to be: the limit is overrun once, not each time.
#[test]
fn estimates_learn_from_what_their_layer_took() {
    let (_folder, session) = session(8 << 20, 2);
    let guess = |at: u32| {
        let run = |context: &thermocline::graph::TaskContext<'_>, _: &[Chunk]| {
            Ok(Chunk::new(context.block::<u64>(&[1 << 17])?.freeze()))
        };
        Task::new(Key::indexed("guess", [at]), [], Arc::new(run)).output(Size::Estimated(1000)).spillable()
    };
    let all: Vec<Key> = (0..40).map(|at| Key::indexed("guess", [at])).collect();
    let sum = word_task(Key::new("last"), vec![all[39].clone()], 1, 1, 0);
    // A chain of readers keeps them all alive, so that they don't fit.
    let readers = (0..40).map(|at| {
        let before = if at == 0 { Key::new("last") } else { Key::indexed("read", [at - 1]) };
        word_task(Key::indexed("read", [at]), vec![before, all[at as usize].clone()], 1, 1, 0)
    });
    let graph = Graph::new((0..40).map(guess).chain([sum]).chain(readers)).unwrap();
    drop(session.run(&graph, &[Key::indexed("read", [39])]).unwrap());
    let stats = session.stats();
    // Both workers may be in the dark at first.
    assert!(stats.overrun_bytes > 0 && stats.overrun_bytes <= 2 << 20, "{stats:?}");
    assert!(stats.ledger_peak_bytes <= 8 << 20, "{stats:?}");
    assert_at_rest(&session);
}

#[test]
fn compute_inside_a_task_is_an_error() {
    let (_folder, session) = session(64 << 20, 2);
    let inner = session.clone();
    let nested = Task::new(
        "outer",
        [],
        Arc::new(move |_, _| {
            let graph = Graph::new([empty("inner", vec![])])?;
            inner.run(&graph, &[Key::new("inner")])?;
            Ok(Chunk::new(()))
        }),
    );
    let error = session.run(&Graph::new([nested]).unwrap(), &[Key::new("outer")]).unwrap_err();
    assert!(error.to_string().contains("inside a task"), "{error}");
}

#[test]
fn a_cancelled_run_ends_and_leaves_nothing() {
    let (_folder, session) = session(64 << 20, 2);
    let (started, has_started) = channel();
    let started = std::sync::Mutex::new(started);
    let ran = Arc::new(AtomicUsize::new(0));
    let count = ran.clone();
    let slow = move |at: u32| {
        let (started, count) = (started.lock().unwrap().clone(), count.clone());
        let run = move |_: &thermocline::graph::TaskContext<'_>, _: &[Chunk]| {
            let _listening = started.send(());
            count.fetch_add(1, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(5));
            Ok(Chunk::new(()))
        };
        Task::new(Key::indexed("slow", [at]), [], Arc::new(run)).output(Size::Exact(0))
    };
    let graph = Graph::new((0..1000).map(slow)).unwrap();
    let wanted: Vec<Key> = (0..1000).map(|at| Key::indexed("slow", [at])).collect();
    let canceller = session.clone();
    let watcher = std::thread::spawn(move || {
        has_started.recv().unwrap();
        canceller.cancel();
    });
    let error = session.run(&graph, &wanted).unwrap_err();
    watcher.join().unwrap();
    assert!(matches!(error, Error::Cancelled), "{error}");
    assert!(ran.load(Ordering::SeqCst) < 1000);
    assert_at_rest(&session);
}

#[test]
fn two_runs_share_a_session_if_their_floors_fit() {
    let (_folder, session) = session(64 << 20, 2);
    let graph = |name: &'static str| {
        let key = move |at: u32| Key::indexed(name, [at]);
        let parts = (0..40).map(move |at| word_task(key(at), vec![], 1, 1 << 16, 0).spillable());
        let sum = word_task(Key::new("sum"), (0..4).map(key).collect(), 3, 10, 0);
        Graph::new(parts.chain([sum])).unwrap()
    };
    std::thread::scope(|scope| {
        for name in ["a", "b", "c"] {
            let session = session.clone();
            scope.spawn(move || session.run(&graph(name), &[Key::new("sum")]).unwrap());
        }
    });
    assert_at_rest(&session);
}

#[test]
fn a_session_may_end_on_its_own_worker() {
    let (_folder, session) = session(16 << 20, 1);
    let (sender, receiver) = channel::<Session>();
    let receiver = std::sync::Mutex::new(receiver);
    let last = Task::new(
        "last",
        [],
        Arc::new(move |_, _| {
            drop(receiver.lock().unwrap().recv());
            Ok(Chunk::new(()))
        }),
    );
    let graph = Graph::new([last]).unwrap();
    sender.send(session.clone()).unwrap();
    session.run(&graph, &[Key::new("last")]).unwrap();
}

/// What is cheap to redo and not said to be spillable was once written all the same where that was faster. Its reader had
/// reserved no staging for loading it, so that a run at its floor ended for want of that.
#[test]
fn what_is_not_spillable_is_made_again_even_if_that_is_slow() {
    // Slow to make, so that scratch would be faster.
    let slow = |key: Key| {
        let run = |context: &thermocline::graph::TaskContext<'_>, _: &[Chunk]| {
            std::thread::sleep(Duration::from_millis(30));
            Ok(Chunk::new(context.block::<u64>(&[1 << 17])?.freeze()))
        };
        Task::new(key, [], Arc::new(run)).output(Size::Exact(1 << 20)).cheap_to_redo()
    };
    let first = word_task(Key::new("first"), vec![Key::new("slow")], 1, 1, 0);
    let large = word_task(Key::new("large"), vec![Key::new("first")], 2, 1 << 18, 0).spillable();
    let small = word_task(Key::new("small"), vec![Key::new("large")], 3, 1, 0);
    let last = word_task(Key::new("last"), vec![Key::new("small"), Key::new("slow")], 4, 1, 0);
    let graph = Graph::new([slow(Key::new("slow")), first, large, small, last]).unwrap();
    let wanted = [Key::new("last")];
    let (_folder, ample) = session(1 << 30, 1);
    let plan = ample.plan_graph(&graph, &wanted).unwrap();
    assert!(plan.floor() < plan.working_set(), "{plan}");
    for threads in [1, 2, 4] {
        let (_folder, session) = session(plan.floor().bytes(), threads);
        drop(session.run(&graph, &wanted).unwrap());
        let stats = session.stats();
        assert!(stats.redone_tasks > 0 && stats.spilled_bytes == 0, "{stats:?}");
        assert_at_rest(&session);
    }
}

/// Takes down in which order the tasks of the layer `x` begin.
#[derive(Debug, Default)]
struct Begun(Mutex<Vec<u32>>);

impl Observer for Begun {
    fn on_event(&self, event: &Event<'_>) {
        if let Event::TaskStarted { task, .. } = event
            && task.layer == "x"
        {
            self.0.lock().unwrap().push(task.index[0]);
        }
    }
}

/// All become ready at once. A worker that began with the last of them would have filled what may be made ahead of need, and
/// would wait to the end.
#[test]
fn where_memory_is_short_workers_begin_what_comes_next() {
    let (_folder, builder) = builder();
    let begun = Arc::new(Begun::default());
    let session = builder.memory_limit("24MiB".parse().unwrap()).threads(2).observer(begun.clone()).build().unwrap();
    let mut tasks = vec![word_task(Key::new("root"), vec![], 1, 1, 0)];
    tasks.extend((0..64).map(|at| word_task(key("x", at), vec![Key::new("root")], 3, 1 << 17, 0).spillable()));
    add_two_passes(&mut tasks, 64);
    let graph = Graph::new(tasks).unwrap();
    session.run(&graph, &[key("second", 63)]).unwrap();
    assert!(session.stats().spilled_bytes > 0, "{:?}", session.stats());
    let order = graph.order();
    let mut expected: Vec<u32> = (0..64).collect();
    expected.sort_by_key(|&at| order.rank(graph.find(&key("x", at)).unwrap()));
    let begun = begun.0.lock().unwrap().clone();
    assert_eq!(begun.len(), 64);
    for (place, at) in begun.iter().enumerate() {
        let rank = expected.iter().position(|expected| expected == at).unwrap();
        assert!(rank.abs_diff(place) <= 4, "{begun:?}, expected about {expected:?}");
    }
}
