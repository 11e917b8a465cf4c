//! Delayed calls: what a user writes by hand runs as other collections do, within the same limit.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use thermocline::chunk::Block;
use thermocline::delayed::{bind, checkpoint, value, wait_on};
use thermocline::ndarray::{Array1, Array2};
use thermocline::{Array, Delayed, Error, Session, delayed};

use crate::support::{Random, assert_at_rest, session};

const LIMIT: u64 = 64 << 20;

fn small() -> (tempfile::TempDir, Session) {
    session(LIMIT, 2)
}

fn add(x: i64, y: i64) -> i64 {
    x + y
}

fn inc(x: i64) -> i64 {
    x + 1
}

#[test]
fn every_kind_of_argument_arrives_as_documented() {
    #[expect(clippy::too_many_arguments, reason = "as many as there may be")]
    fn eight(
        plain: i64,
        copied: i64,
        list: Vec<&i64>,
        tuple: (f64, &i64, &str),
        option: Option<&i64>,
        map: BTreeMap<&String, i64>,
        path: &Path,
        other: &Vec<String>,
    ) -> String {
        format!("{plain} {copied} {list:?} {tuple:?} {option:?} {map:?} {} {other:?}", path.display())
    }
    fn plain(flag: bool, letter: char, time: Duration, number: Option<u8>, text: &str) -> String {
        format!("{flag} {letter} {time:?} {number:?} {text}")
    }
    #[expect(clippy::ptr_arg, reason = "both are parameters that there may be")]
    fn seen_as(text: &str, numbers: &[u8], path: &Path, whole: &String) -> usize {
        text.len() + numbers.len() + path.as_os_str().len() + whole.len()
    }
    let one = delayed!(inc(0));
    let map = BTreeMap::from([("low".to_owned(), one.clone()), ("high".to_owned(), delayed!(inc(8)))]);
    let text = delayed!(eight(
        7,
        &one,
        vec![one.clone(), delayed!(inc(1))],
        (2.5, &one, "text"),
        Some(&one),
        map,
        PathBuf::from("/a/b"),
        value(vec![String::from("any")]),
    ));
    let (_folder, session) = small();
    let expected = r#"7 1 [1, 2] (2.5, 1, "text") Some(1) {"high": 9, "low": 1} /a/b ["any"]"#;
    assert_eq!(session.compute(&text).unwrap(), expected);

    let text = delayed!(plain(true, 'x', Duration::from_millis(5), Some(3), String::from("owned")));
    assert_eq!(session.compute(&text).unwrap(), "true x 5ms Some(3) owned");
    let map = HashMap::from([(1_u8, delayed!((|| 5_i16)()))]);
    let sum = delayed!((|map: HashMap<&u8, i16>| map[&1] * 2)(map));
    let none: Option<Delayed<i64>> = None;
    let absent = delayed!((|it: Option<&i64>| it.is_none())(none));
    let nested = delayed!((|rows: Vec<Vec<(&i64, bool)>>| rows[1][0].1)(vec![vec![], vec![(one.clone(), true)]]));
    let array = delayed!((|items: Vec<&i64>| items.len())([&one, &one, &one]));
    let slice = delayed!((|items: Vec<&i64>| items.len())(&[one.clone(), one][..]));
    let empty = delayed!((|| ())());
    let (text, numbers) = (delayed!((|| String::from("text"))()), delayed!((|| vec![1_u8, 2])()));
    let seen = delayed!(seen_as(&text, numbers, delayed!((|| PathBuf::from("/"))()), &text));
    assert_eq!(session.compute(seen).unwrap(), 11);
    let all = (sum, absent, nested, array, slice, empty);
    assert_eq!(session.compute(&all).unwrap(), (10, true, true, 3, 2, ()));
    assert_at_rest(&session);
}

#[test]
fn the_result_is_nested_as_what_was_asked_for() {
    let (x, y) = (delayed!(inc(1)), delayed!(inc(2)));
    let map = BTreeMap::from([('x', vec![x.clone(), y.clone()]), ('n', vec![])]);
    let hashed: HashMap<&str, Delayed<i64>> = HashMap::from([("y", y.clone())]);
    let (_folder, session) = small();
    let (map, hashed, some, none, one) = session
        .compute((map, hashed, Some(&x), None::<Delayed<i64>>, (y, Array::<f64>::ones(&[3], [2]).sum(..))))
        .unwrap();
    assert_eq!(map, BTreeMap::from([('x', vec![2, 3]), ('n', vec![])]));
    assert_eq!((hashed["y"], some, none), (3, Some(2), None));
    assert_eq!((one.0, one.1[[]]), (3, 3.0));
    let empty: Vec<Delayed<i64>> = Vec::new();
    assert!(session.compute(&empty).unwrap().is_empty());
    assert_eq!(session.compute(vec![&x, &x, &x]).unwrap(), [2, 2, 2]);
}

#[test]
fn failures_keep_their_source_and_name_who_needed_them() {
    #[derive(Debug, thiserror::Error, PartialEq)]
    #[error("station {0} is closed")]
    struct Closed(u32);

    fn read(station: u32) -> Result<f64, Closed> {
        if station == 2 { Err(Closed(station)) } else { Ok(f64::from(station)) }
    }
    fn mean(all: Vec<&f64>) -> f64 {
        all.iter().copied().sum::<f64>() / all.len() as f64
    }
    let stations: Vec<_> = (0..4).map(|station| delayed!(read(station)?)).collect();
    let (_folder, session) = small();
    let error = session.compute(delayed!(mean(&stations))).unwrap_err();
    let Error::Task { source, needed_by, .. } = &error else { panic!("{error}") };
    assert_eq!(source.downcast_ref::<Closed>(), Some(&Closed(2)));
    assert!(needed_by[0].starts_with("mean-"), "{error}");
    assert!(error.to_string().contains("task read-1(2) failed (needed by mean-"), "{error}");
    assert_eq!(session.compute(vec![&stations[0], &stations[3]]).unwrap(), [0.0, 3.0]);

    let error =
        session.compute(delayed!((|x: i64| assert!(x > 5, "{x} is too little"))(3)).named("check")).unwrap_err();
    assert_eq!(error.to_string(), "task check-1(0) panicked: 3 is too little");
    assert_at_rest(&session);
}

/// What pure calls are the same, and what are not.
#[test]
fn pure_calls_that_are_alike_run_once() {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    fn square(x: i64) -> i64 {
        CALLS.fetch_add(1, Ordering::SeqCst);
        x * x
    }
    fn number(x: i64) -> i64 {
        CALLS.fetch_add(1, Ordering::SeqCst);
        x
    }
    fn words(list: Vec<&str>, _: Option<f64>) -> i64 {
        CALLS.fetch_add(1, Ordering::SeqCst);
        list.len() as i64
    }
    fn of_sorted(entries: BTreeMap<&String, i64>) -> i64 {
        number(entries.into_values().sum())
    }
    fn of_hashed(entries: HashMap<&String, i64>) -> i64 {
        number(entries.into_values().sum())
    }
    fn of_pairs(entries: BTreeMap<&(u8, u8), i64>) -> i64 {
        number(entries.into_values().sum())
    }
    fn of_value(x: &[i64; 2]) -> i64 {
        number(x[0])
    }
    let (_folder, session) = small();
    let runs = |values: Vec<Delayed<i64>>, calls: usize| {
        let before = CALLS.load(Ordering::SeqCst);
        let values = session.compute(values).unwrap();
        assert_eq!(CALLS.load(Ordering::SeqCst) - before, calls);
        values
    };
    let pure = |x: i64| delayed!(number(x)).pure();
    assert_eq!(runs(vec![pure(1), pure(1), pure(2)], 2), [1, 1, 2]);
    // Calls of pure calls that are the same are the same.
    let squared = |x: i64| delayed!(square(pure(x))).pure();
    assert_eq!(runs(vec![squared(3), squared(3), squared(4)], 4), [9, 9, 16]);
    // Not said to be pure: each runs, also where the others are; but once, however many need it.
    let plain = delayed!(number(5));
    let of_plain = || delayed!(square(&plain)).pure();
    assert_eq!(
        runs(vec![plain.clone(), delayed!(number(5)), plain.clone(), of_plain(), of_plain()], 3),
        [5, 5, 5, 25, 25]
    );
    // Lists that differ only in where they are cut, options, other floats.
    let count = |list: Vec<&str>, x: Option<f64>| delayed!(words(list, x)).pure();
    assert_eq!(runs(vec![count(vec!["ab"], None), count(vec!["a", "b"], None), count(vec!["ab"], None)], 2), [1, 2, 1]);
    assert_eq!(runs(vec![count(vec![], Some(0.0)), count(vec![], Some(-0.0)), count(vec![], None)], 3), [0; 3]);
    // Maps, in whatever order their entries are; one value that is shared, and another that is its equal.
    let of = |entries: &[(&str, i64)]| entries.iter().map(|&(key, x)| (key.to_owned(), x)).collect::<Vec<_>>();
    let sorted = |entries: &[(&str, i64)]| delayed!(of_sorted(BTreeMap::from_iter(of(entries)))).pure();
    let (ab, ba) = ([("a", 1), ("b", 2)], [("b", 2), ("a", 1)]);
    let others = [sorted(&[("a", 2), ("b", 1)]), sorted(&[("a", 1)]), sorted(&[("ab", 12)])];
    assert_eq!(runs([sorted(&ab), sorted(&ba)].into_iter().chain(others).collect(), 4), [3, 3, 3, 1, 12]);
    let hashed = |entries: &[(&str, i64)]| {
        let entries = of(entries).into_iter().map(|(key, x)| (key, pure(x)));
        delayed!(of_hashed(entries.collect::<HashMap<_, _>>())).pure()
    };
    let many: Vec<(String, i64)> = (0..100).map(|x| (x.to_string(), x % 2 + 1)).collect();
    let many: Vec<(&str, i64)> = many.iter().map(|(key, x)| (&**key, *x)).collect();
    assert_eq!(runs((0..5).map(|_| hashed(&many)).collect(), 2 + 1), [150; 5]);
    assert_eq!(runs(vec![hashed(&ab), hashed(&ba), hashed(&[("a", 2), ("b", 1)])], 2 + 2), [3; 3]);
    let pairs = || delayed!(of_pairs(BTreeMap::from([((1, 2), 3)]))).pure();
    assert_eq!(runs(vec![pairs(), pairs()], 2), [3; 2], "keys that can't be told apart");
    let shared = value([4, 0]);
    let of_shared = |shared: &Arc<[i64; 2]>| delayed!(of_value(shared)).pure();
    assert_eq!(runs(vec![of_shared(&shared), of_shared(&shared), of_shared(&value([4, 0]))], 2), [4; 3]);
    // What carries something is like nothing else.
    let carrying = |carried: i64| delayed!((move |x: i64| number(x + carried))(1)).pure();
    assert_eq!(runs(vec![carrying(1), carrying(2), carrying(1)], 3), [2, 3, 2]);
}

#[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
#[serde(tag = "kind")]
enum Record {
    Station {
        name: String,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        height: Option<f32>,
        values: Vec<f64>,
    },
    Note {
        #[serde(flatten)]
        more: BTreeMap<String, u64>,
    },
}

fn record(seed: u64) -> Record {
    let mut random = Random::new(seed);
    if seed.is_multiple_of(7) {
        return Record::Note { more: (0..100_000).map(|at| (format!("key {at}"), random.next() >> 24)).collect() };
    }
    let height = (!seed.is_multiple_of(3)).then_some(seed as f32);
    let values = (0..200_000).map(|_| random.below(1000) as f64 / 8.0).collect();
    Record::Station { name: format!("station {seed}"), height, values }
}

/// Stages that are each larger than memory, of values that only serde knows.
#[test]
fn values_spill_between_stages_and_come_back_as_they_were() {
    fn revised(record: &Record, _: usize) -> Record {
        record.clone()
    }
    fn total(records: Vec<&usize>) -> usize {
        records.into_iter().sum()
    }
    fn check(record: &Record, seed: u64) -> usize {
        assert!(*record == self::record(seed));
        1
    }
    let (folder, session) = session(24 << 20, 2);
    let first: Vec<_> = (0..40).map(|seed| delayed!(record(seed)).spillable().size_hint(3 << 20)).collect();
    let counted: Vec<_> = first.iter().enumerate().map(|(seed, it)| delayed!(check(it, seed as u64))).collect();
    let all = delayed!(total(counted));
    // Each is needed again when all have been made.
    let second: Vec<_> = first.iter().map(|it| delayed!(revised(it, &all)).spillable().size_hint(3 << 20)).collect();
    let checked: Vec<_> = second.iter().enumerate().map(|(seed, it)| delayed!(check(it, seed as u64))).collect();
    assert_eq!(session.compute(delayed!(total(checked))).unwrap(), 40);
    let stats = session.stats();
    assert!(stats.spilled_bytes > 24 << 20 && stats.reloaded_bytes > 24 << 20, "{stats:?}");
    assert!(stats.ledger_peak_bytes <= 24 << 20 || stats.overrun_bytes > 0, "{stats:?}");
    assert_at_rest(&session);
    drop(session);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// A value with its own code, at several limits: less memory is slower, and gives the same.
#[test]
fn own_code_is_used_at_any_limit() {
    struct Bits(Vec<bool>);
    fn bits(seed: u64) -> Bits {
        let mut random = Random::new(seed);
        Bits((0..1 << 20).map(|_| random.below(2) == 1).collect())
    }
    fn both(x: &Bits, y: &Bits) -> Bits {
        Bits(x.0.iter().zip(&y.0).map(|(x, y)| x ^ y).collect())
    }
    let coded = |it: Delayed<Bits>| {
        it.size_hint(1 << 20).measured(|it| it.0.capacity() as u64).spillable_by(
            |it, out| {
                it.0.chunks(1000)
                    .try_for_each(|some| out.write_all(&some.iter().map(|&bit| u8::from(bit)).collect::<Vec<_>>()))?;
                Ok(())
            },
            |from| {
                let mut bytes = Vec::new();
                from.read_to_end(&mut bytes)?;
                Ok(Bits(bytes.into_iter().map(|byte| byte == 1).collect()))
            },
        )
    };
    let mut seen = Vec::new();
    for (limit, threads) in [(64 << 20, 2), (8 << 20, 1), (8 << 20, 2)] {
        let (_folder, session) = session(limit, threads);
        let all: Vec<_> = (0..30).map(|seed| coded(delayed!(bits(seed)))).collect();
        // The first with the last, the second with the last but one, and so on.
        let pairs = all.iter().zip(all.iter().rev()).map(|(x, y)| coded(delayed!(both(x, y))));
        let folded = pairs.reduce(|x, y| coded(delayed!(both(&x, &y)))).unwrap();
        let folded =
            delayed!((|whole: &Bits, other: &Bits| whole.0.iter().zip(&other.0).filter(|(x, y)| x == y).count())(
                folded, &all[3]
            ));
        seen.push(session.compute(&folded).unwrap());
        let stats = session.stats();
        assert_eq!(stats.spilled_bytes > 0, limit < 64 << 20, "{stats:?}");
        assert_eq!(stats.overrun_bytes, 0, "{stats:?}");
        assert!(stats.ledger_peak_bytes <= limit);
        assert_at_rest(&session);
    }
    assert_eq!(seen, [seen[0]; 3]);
}

/// Code that does not give back what it was given is told, and nothing is lost or left.
#[test]
fn code_that_fails_ends_the_run_with_its_error() {
    struct Odd(Vec<u8>);
    let (_folder, session) = session(8 << 20, 1);
    let run = |write_fails: bool, read_fails: bool| {
        let odd = move |seed: u8| {
            delayed!((move || Odd(vec![seed; 1 << 20]))())
                .size_hint(1 << 20)
                .measured(|it| it.0.len() as u64)
                .spillable_by(
                    move |it, out| if write_fails { Err("no ink".into()) } else { Ok(out.write_all(&it.0)?) },
                    move |from| {
                        let mut bytes = Vec::new();
                        from.read_to_end(&mut bytes)?;
                        if read_fails { Err("no glasses".into()) } else { Ok(Odd(bytes)) }
                    },
                )
        };
        let all: Vec<_> = (0..20).map(odd).collect();
        let sums: Vec<_> = all.iter().map(|it| delayed!((|it: &Odd| u64::from(it.0[0]))(it))).collect();
        let sum = delayed!((|sums: Vec<&u64>| sums.into_iter().sum::<u64>())(sums));
        let again = all.iter().map(|it| delayed!((|it: &Odd, sum: &u64| u64::from(it.0[9]) + sum)(it, &sum)));
        session.compute(again.collect::<Vec<_>>()).map(|all| all.len())
    };
    assert_eq!(run(false, false).unwrap(), 20);
    let error = run(false, true).unwrap_err();
    assert!(matches!(error, Error::Code { .. }) && error.to_string().contains("no glasses"), "{error}");
    let error = run(true, false).unwrap_err();
    assert!(error.to_string().contains("no ink"), "{error}");
    assert_at_rest(&session);
    assert_eq!(run(false, false).unwrap(), 20);
}

#[test]
fn persisted_values_are_not_made_again() {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    fn slow() -> Vec<f64> {
        CALLS.fetch_add(1, Ordering::SeqCst);
        vec![1.5; 1000]
    }
    let (_folder, session) = small();
    let kept = session.persist(&delayed!(slow()).spillable()).unwrap();
    let sum = |it: &Delayed<Vec<f64>>| delayed!((|it: &Vec<f64>| it.iter().sum::<f64>())(it));
    assert_eq!(session.compute((sum(&kept), sum(&kept), kept.part(|it| &it[3]))).unwrap(), (1500.0, 1500.0, 1.5));
    assert_eq!(session.compute(&kept).unwrap().len(), 1000);
    assert_eq!(CALLS.load(Ordering::SeqCst), 1);
    assert!(session.stats().charged_bytes >= 8000);
    drop(kept);
    let (both, waiting) = session
        .persist(&(
            BTreeMap::from([(1, delayed!(inc(1))), (2, delayed!(inc(2)))]),
            wait_on(vec![delayed!(inc(3)), delayed!(inc(4))]),
        ))
        .unwrap();
    let tasks = session.stats().tasks;
    assert_eq!(session.compute((&both, &waiting)).unwrap(), (BTreeMap::from([(1, 2), (2, 3)]), vec![4, 5]));
    assert_eq!(session.stats().tasks, tasks + 6, "tasks that tell parts apart, and nothing else");
    drop((both, waiting));
    assert_at_rest(&session);
    let (_other_folder, other) = small();
    let kept = session.persist(&delayed!(inc(1))).unwrap();
    assert!(matches!(other.compute(&kept), Err(Error::ForeignSession)));
}

#[test]
fn what_is_bound_waits() {
    let log = Arc::new(std::sync::Mutex::new(Vec::new()));
    let note = |text: &'static str| {
        let log = log.clone();
        delayed!((move |_: Vec<&()>| log.lock().unwrap().push(text))(Vec::<Delayed<()>>::new()))
    };
    let then = |text: &'static str, after: &Delayed<()>| {
        let log = log.clone();
        delayed!((move |(): &()| log.lock().unwrap().push(text))(after))
    };
    for _ in 0..20 {
        let (_folder, session) = small();
        let (slow, late) = (note("slow"), note("late"));
        let late = bind(&then("later", &late), then("slower", &slow));
        session.compute(&late).unwrap();
        assert_eq!(*log.lock().unwrap(), ["slow", "slower", "late", "later"]);
        log.lock().unwrap().clear();

        // Whoever uses either of two values that wait for each other sees both made.
        let (a, b) = wait_on((note("a"), note("b")));
        session.compute(vec![then("after a", &a), then("after b", &b)]).unwrap();
        let seen = std::mem::take(&mut *log.lock().unwrap());
        assert!(seen[..2].contains(&"a") && seen[..2].contains(&"b"), "{seen:?}");

        session.compute(bind(&note("last"), checkpoint(vec![Some(note("one")), None, Some(note("two"))]))).unwrap();
        let seen = std::mem::take(&mut *log.lock().unwrap());
        assert_eq!((seen.len(), seen[2]), (3, "last"));
    }
    // A value that is kept can't be made later, but whoever uses it can.
    let (_folder, session) = small();
    let kept = session.persist(&note("kept")).unwrap();
    session.compute(then("user", &bind(&kept, note("before")))).unwrap();
    assert_eq!(*log.lock().unwrap(), ["kept", "before", "user"]);
}

#[test]
fn blocks_go_to_delayed_and_back() {
    fn doubled(block: &Block<f64>) -> Array2<f64> {
        block.view().mapv(|x| 2.0 * x).into_dimensionality().unwrap()
    }
    let x = Array::<f64>::from_fn(&[100, 7], &[30, 4], |at| (at[0] * 7 + at[1]) as f64);
    let blocks: Vec<_> = x.to_delayed().iter().map(|block| delayed!(doubled(block))).collect();
    let back = Array::from_delayed(&[100, 7], &[30, 4][..], &blocks);
    let (_folder, session) = small();
    let (back, twice) = session.compute((&back, &x * 2.0)).unwrap();
    assert_eq!(back, twice);
    // As they are, too.
    let same = Array::from_delayed(&[100, 7], &[30, 4][..], &x.to_delayed());
    assert_eq!(session.compute(&same).unwrap(), session.compute(&x).unwrap());

    let error = Array::from_delayed(&[100, 7], &[30, 4][..], &blocks[1..]).checked().unwrap_err().to_string();
    assert!(error.contains("7 values for 8 blocks") && error.contains("delayed.rs"), "{error}");
    let wrong = Array::from_delayed(&[3], [3], &[delayed!((|| Array1::from_vec(vec![1.0, 2.0]))())]);
    let error = session.compute(&wrong).unwrap_err().to_string();
    assert!(error.contains("the value has shape [2], its block has [3]"), "{error}");
    let impossible = &x + &x.slice(&[(1..).into()]);
    let error = session.compute(delayed!(doubled(&impossible.to_delayed()[0]))).unwrap_err();
    assert!(matches!(error, Error::Operation { .. }), "{error}");
    assert_at_rest(&session);
}

/// The value is moved to who asked for it where nobody else has it, else cloned; lent, it is neither.
#[test]
fn values_are_moved_where_they_can_be() {
    static CLONES: AtomicUsize = AtomicUsize::new(0);
    #[derive(Debug)]
    struct Counted(u8);
    impl Clone for Counted {
        fn clone(&self) -> Self {
            CLONES.fetch_add(1, Ordering::SeqCst);
            Self(self.0)
        }
    }
    let counted = delayed!((|| Counted(7))());
    let (_folder, session) = small();
    assert_eq!(session.compute(&counted).unwrap().0, 7);
    assert_eq!(session.compute(vec![counted.lend(), counted.lend()]).unwrap()[1].0, 7);
    assert_eq!(CLONES.load(Ordering::SeqCst), 0);
    assert_eq!(session.compute((&counted, &counted)).unwrap().1.0, 7);
    assert_eq!(CLONES.load(Ordering::SeqCst), 1);
    assert_at_rest(&session);
}

/// A loop of a hundred thousand calls, each of the last one's value, and a tree of as many: no stack is that deep.
#[test]
fn long_chains_and_wide_trees_are_built_run_and_dropped() {
    fn tree(mut numbers: Vec<Delayed<i64>>) -> Delayed<i64> {
        while numbers.len() > 1 {
            numbers = numbers
                .chunks(2)
                .map(|pair| if let [x, y] = pair { delayed!(add(x, y)) } else { pair[0].clone() })
                .collect();
        }
        numbers.remove(0)
    }
    let (_folder, session) = small();
    let mut chain = delayed!(inc(0));
    for _ in 1..100_000 {
        chain = delayed!((|x: &i64| x + 1)(chain));
    }
    assert_eq!(session.compute(&chain).unwrap(), 100_000);
    assert_eq!(session.compute(bind(&chain, delayed!(inc(1)))).unwrap(), 100_000);
    let numbers = (0..50_000).map(|x| delayed!(inc(x - 1))).collect();
    assert_eq!(session.compute(tree(numbers)).unwrap(), 50_000 * 49_999 / 2);
    assert_at_rest(&session);
}

/// Random pipelines against plain calls.
#[test]
fn random_pipelines_give_what_plain_calls_give() {
    fn mix(inputs: Vec<&u64>, seed: u64) -> u64 {
        inputs
            .into_iter()
            .fold(seed, |state, &input| (state ^ input).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(9))
    }
    for seed in 0..40 {
        let mut random = Random::new(seed);
        let (mut lazy, mut plain): (Vec<Delayed<u64>>, Vec<u64>) = (Vec::new(), Vec::new());
        for at in 0..=random.below(60) {
            let inputs: Vec<usize> = match lazy.len() {
                0 => Vec::new(),
                made => (0..random.below(5)).map(|_| random.below(made)).collect(),
            };
            let own = random.below(4) as u64;
            plain.push(mix(inputs.iter().map(|&input| &plain[input]).collect(), own));
            let call = delayed!(mix(inputs.iter().map(|&input| &lazy[input]).collect::<Vec<_>>(), own));
            lazy.push(match at % 3 {
                0 => call.pure(),
                1 => call.spillable(),
                _ => call,
            });
        }
        let (_folder, session) = session(1 << 20, 1 + (seed % 3) as usize);
        assert_eq!(session.compute(&lazy).unwrap(), plain, "seed {seed}");
        assert_at_rest(&session);
    }
}
