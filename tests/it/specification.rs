//! Graphs that are written down: the same by hand, by macro and as JSON; Dask's reading; errors that say where.

use std::num::ParseIntError;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use thermocline::graph::Key;
use thermocline::graph::spec::{Datum, Expr, Prepared, Registry, Spec, Wanted};
use thermocline::{Error, Session, graph};

use crate::support::{assert_at_rest, session};

fn small() -> (tempfile::TempDir, Session) {
    session(16 << 20, 2)
}

fn read(text: &str) -> Spec {
    Spec::from_json(text, &Registry::standard()).unwrap()
}

/// What a key of a graph in JSON comes to, as JSON.
fn value(text: &str, key: &str) -> String {
    let (_folder, session) = small();
    session.get(&read(text), &Registry::standard(), key).unwrap().to_string()
}

fn failure(text: &str, key: &str) -> Error {
    let (_folder, session) = small();
    let registry = Registry::standard();
    let error = Spec::from_json(text, &registry).and_then(|spec| session.get(&spec, &registry, key)).unwrap_err();
    assert_at_rest(&session);
    error
}

#[test]
fn by_hand_by_macro_and_as_json_it_is_the_same() {
    let by_hand = Spec::new()
        .with("a", 1)
        .with("b", 2)
        .with("x", Expr::call("inc", [Expr::key("a")]))
        .with("y", Expr::call("inc", [Expr::key("b")]))
        .with("z", Expr::call("mul", [Expr::key("x"), Expr::key("y")]));
    let by_macro = graph! { a = 1, b = 2, x = inc(a), y = inc(b), z = mul(x, y) };
    let text = r#"{"a": 1, "b": 2, "x": ["inc", "a"], "y": ["inc", "b"], "z": ["mul", "x", "y"]}"#;
    assert_eq!(by_hand, by_macro);
    assert_eq!(read(text), by_hand);
    assert_eq!(by_hand.to_json().unwrap(), text);
    let (_folder, session) = small();
    let registry = Registry::standard();
    assert_eq!(session.get(&by_hand, &registry, "z").unwrap(), Datum::from(6));
    let nested = Wanted::from([Wanted::from("z"), Wanted::from(["x", "z"]), Wanted::Many(Vec::new())]);
    assert_eq!(session.get(&by_hand, &registry, nested).unwrap().to_string(), "[6, [2, 6], []]");
    assert_at_rest(&session);
}

#[test]
fn json_is_read_as_dask_reads_it() {
    for (text, key, expected) in [
        // A string that is a key is that key, anywhere; others stand for themselves.
        (r#"{"a": 1, "b": "a", "c": "b"}"#, "c", "1"),
        (r#"{"a": 1, "b": ["a", "x", ["a"]]}"#, "b", r#"[1, "x", [1]]"#),
        (r#"{"x": "inc"}"#, "x", r#""inc""#),
        // A task in a task, in a list, in a list in a task.
        (r#"{"a": 1, "x": ["add", ["inc", "a"], ["neg", ["inc", 5]]]}"#, "x", "-4"),
        (r#"{"a": 1, "x": [["inc", "a"], ["inc", 2]]}"#, "x", "[2, 3]"),
        (r#"{"a": 1, "x": ["sum", [["inc", "a"], "a", 7]]}"#, "x", "10"),
        // A list is a task only if its head is a function, and no key.
        (r#"{"inc": 5, "x": ["inc", 1]}"#, "x", "[5, 1]"),
        (r#"{"x": ["nothing", 1]}"#, "x", r#"["nothing", 1]"#),
        (r#"{"x": [1, "inc"]}"#, "x", r#"[1, "inc"]"#),
        (r#"{"x": ["list"]}"#, "x", "[]"),
        (r#"{"x": []}"#, "x", "[]"),
        // Objects are literals, whatever is in them.
        (r#"{"a": 1, "x": {"a": "a", "b": ["inc", "a"]}}"#, "x", r#"{"a": "a", "b": ["inc", "a"]}"#),
        (r#"{"a": 1, "x": ["len", {"a": "a", "b": 2}]}"#, "x", "2"),
        // Said outright.
        (r#"{"a": 1, "x": {"$lit": "a"}}"#, "x", r#""a""#),
        (r#"{"a": 1, "x": {"$lit": ["inc", "a", {"$lit": 1}]}}"#, "x", r#"["inc", "a", {"$lit": 1}]"#),
        (r#"{"inc": 5, "x": {"$call": ["inc", "inc"]}}"#, "x", "6"),
        (r#"{"a": 1, "x": ["inc", {"$key": "a"}]}"#, "x", "2"),
        (r#"{"x": [{"$float": "NaN"}, {"$float": "-Infinity"}]}"#, "x", "[NaN, -Infinity]"),
        // Keys that are tuples.
        (r#"{"('x', 0)": 4, "(\"x\", 1)": ["inc", ["x", 0]], "y": ["x", 1]}"#, "y", "5"),
        (r#"{"('x', 0)": 4, "y": ["neg", "('x', 0)"]}"#, "y", "-4"),
        (r#"{"('x', 0)": 4, "y": ["x", 1]}"#, "y", r#"["x", 1]"#),
        (r#"{"('x', 0)": 4, "x": 3, "y": ["x", 0], "z": ["x", 1]}"#, "y", "4"),
        (r#"{"('x', 0)": 4, "x": 3, "y": ["x", 0], "z": ["x", 1]}"#, "z", "[3, 1]"),
        (r#"{"('neg', 7)": 4, "y": ["neg", 7], "z": ["neg", 8]}"#, "y", "4"),
        (r#"{"('neg', 7)": 4, "y": ["neg", 7], "z": ["neg", 8]}"#, "z", "-8"),
    ] {
        assert_eq!(value(text, key), expected, "{text}");
    }
    let (_folder, session) = small();
    let spec = read(r#"{"('x', 0, 1)": 4}"#);
    assert_eq!(session.get(&spec, &Registry::standard(), Key::indexed("x", [0, 1])).unwrap(), Datum::from(4));
}

#[test]
fn a_head_that_looks_like_a_function_is_told() {
    let warnings = |text: &str| {
        let (_, warnings) = Spec::from_json_with_warnings(text, &Registry::standard()).unwrap();
        warnings.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let told =
        warnings(r#"{"a": 1, "x": ["neg", [1, ["incc", 2]]], "y": ["frobnicate", "a"], "z": ["hello", "world"]}"#);
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!(told[0], "x[1][1]: the list is a literal, as there is no function incc; did you mean inc?");
    assert!(told[1].starts_with("y: the list is a literal, as there is no function frobnicate; expected one of abs, "));
    let told = warnings(r#"{"a": [1], "sum": ["sum", "a"]}"#);
    assert_eq!(told, ["sum: the list is no task, as sum is a key, too; a task is {\"$call\": [\"sum\", …]}"]);
    assert!(warnings(r#"{"a": 1, "x": {"$lit": ["incc", "a"]}, "y": ["a", "a"], "z": ["incc"]}"#).is_empty());
}

#[test]
fn what_is_wrong_with_a_graph_is_said_before_it_runs() {
    let long = r#"{"a": 1, "x": ["add", "a", ["list", ["neg", 1, 2]]]}"#;
    for (text, key, expected) in [
        (r#"{"x": ["inc", "y"], "y": ["inc", "z"], "z": ["list", ["x"]]}"#, "y", "the graph has a cycle: "),
        (r#"{"x": "x"}"#, "x", "the graph has a cycle: x -> x"),
        (r#"{"x": 1}"#, "y", "key y was asked for, but the graph has no such task"),
        (r#"{"x": ["inc", {"$key": "y"}]}"#, "x", "task x needs y, which is not in the graph"),
        (r#"{"x": ["inc"]}"#, "x", "x: inc: 0 arguments given, expected 1 argument"),
        (long, "x", "x[2][1]: neg: 2 arguments given, expected 1 argument"),
        (r#"{"x": [1, {"$call": ["mull", 1]}]}"#, "x", "x[1]: there is no function mull; did you mean mul?"),
        (r#"{"x": {"$call": "inc"}}"#, "x", "x: $call is string \"inc\", expected a list"),
        (r#"{"x": {"$call": []}}"#, "x", "x: $call has no function's name"),
        (r#"{"x": {"$call": [1]}}"#, "x", "x: $call has no function's name"),
        (r#"{"x": {"$key": 1}}"#, "x", "x: $key is integer 1, expected a string"),
        (r#"{"x": {"$float": "nan"}}"#, "x", "x: $float is neither"),
        (r#"{"x": {"$lit ": 1}}"#, "x", "x: $lit  is none of $call, $lit, $key, $float"),
        (r#"{"x": 1, "x": 2}"#, "x", "JSON, line 1, column 12: key x is there twice"),
        (r#"{"('x', 0)": 1, "(\"x\",0)": 2}"#, "x", "key x(0) is defined twice in the graph"),
        (r#"{"x": 9223372036854775808}"#, "x", "JSON, line 1, column 7: 9223372036854775808 is no 64-bit integer"),
        ("[1]", "x", "JSON, line 1, column 1: a list was found, expected an object of keys"),
        ("{\"x\": 1", "x", "JSON, line 1, column 7: EOF"),
    ] {
        let error = failure(text, key).to_string();
        assert!(error.starts_with(expected), "{text}: {error}");
    }
    // What is not needed does no harm.
    assert_eq!(value(r#"{"a": 1, "x": ["inc", "a"], "y": ["inc", 1, 2], "z": "z"}"#, "x"), "2");
}

#[test]
fn what_fails_says_where_and_who_needed_it() {
    let text = r#"{"a": "text", "x": ["add", 1, ["sum", [1, ["neg", "a"]]]], "y": ["inc", "x"], "z": ["inc", "y"]}"#;
    let error = failure(text, "z");
    let Error::Task { key, needed_by, source, .. } = &error else { panic!("{error}") };
    assert_eq!((&**key, needed_by.join(" ")), ("x", "y z".to_owned()));
    let Some(Error::Spec { key, path, problem, .. }) = source.downcast_ref() else { panic!("{source}") };
    assert_eq!((&**key, &path[..]), ("x", &[2, 1, 1][..]));
    assert_eq!(problem, r#"neg: argument 1 is string "text", expected a number"#);
    let place = r#"task x failed (of a: string "text", 44 B; needed by y, needed by z): "#;
    let problem = r#"x[2][1][1]: neg: argument 1 is string "text", expected a number"#;
    assert_eq!(error.to_string(), format!("{place}{problem}"));
}

#[test]
fn functions_of_ones_own_are_typed() {
    let mut registry = Registry::standard();
    registry.add("eight", |a: i64, b: i64, c: i64, d: i64, e: i64, f: i64, g: i64, h: i64| {
        ((((((a * 10 + b) * 10 + c) * 10 + d) * 10 + e) * 10 + f) * 10 + g) * 10 + h
    });
    registry.add("none", || "nothing");
    registry.add("parse", |text: String| text.parse::<i64>());
    registry.add("mean", |values: Vec<f64>| values.iter().sum::<f64>() / values.len() as f64);
    registry.add("or_zero", |value: Option<i64>| value.unwrap_or(0));
    registry.add("panics", |value: i64| assert!(value != 13, "unlucky"));
    registry.add_variadic("joined", 1.., |values: &[Datum]| {
        values.iter().map(ToString::to_string).collect::<Vec<_>>().join("+")
    });
    let (_folder, session) = small();
    let get = |spec: &Spec| session.get(spec, &registry, "x").map(|value| value.to_string());
    for (spec, expected) in [
        (graph! { x = eight(1, 2, 3, 4, 5, 6, 7, 8) }, "12345678"),
        (graph! { x = none() }, "\"nothing\""),
        (graph! { x = parse("12") }, "12"),
        (graph! { x = mean([1, 2.5, true]) }, "1.5"),
        (graph! { x = [or_zero(None), or_zero(3)] }, "[0, 3]"),
        (graph! { x = joined(1, [2], "c") }, r#""1+[2]+\"c\"""#),
        (graph! { x = panics(1) }, "null"),
    ] {
        assert_eq!(get(&spec).unwrap(), expected);
    }
    for (spec, expected) in [
        (graph! { x = eight(1, 2, 3, 4, 5, 6, 7) }, "x: eight: 7 arguments given, expected 8 arguments"),
        (graph! { x = mean([1, "a"]) }, "mean: argument 1 is list [1, \"a\"], expected list of numbers"),
        (graph! { x = parse("z") }, "x: parse: invalid digit found in string"),
        (graph! { x = joined() }, "x: joined: 0 arguments given, expected at least 1 argument"),
        (graph! { x = panics(13) }, "task x panicked: unlucky"),
    ] {
        let error = get(&spec).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    // What it failed with is still there.
    let Err(Error::Task { source, .. }) = session.get(&graph! { x = parse("z") }, &registry, "x") else { panic!() };
    let Some(Error::Spec { source: Some(source), .. }) = source.downcast_ref() else { panic!("{source}") };
    assert!(source.is::<ParseIntError>());
    assert_at_rest(&session);
}

#[test]
fn a_key_is_computed_once_and_only_if_it_is_needed() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counter = calls.clone();
    let mut registry = Registry::standard();
    registry.add("counted", move |value: i64| {
        counter.fetch_add(1, Ordering::SeqCst);
        value
    });
    let spec = graph! { a = counted(1), x = add(a, a), y = [a, x, a], z = counted(2) };
    let (_folder, session) = small();
    assert_eq!(session.get(&spec, &registry, ["y", "a", "y"]).unwrap().to_string(), "[[1, 2, 1], 1, [1, 2, 1]]");
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

#[test]
fn values_are_counted_before_they_are_made() {
    for (text, expected) in [
        (
            r#"{"x": ["range", 1000000000000]}"#,
            "range: the value would take 21.83 TiB, more than the memory limit of 16 MiB",
        ),
        (r#"{"x": ["mul", "a", 1000000000000]}"#, "mul: the value would take "),
        (r#"{"x": ["mul", [0], 9223372036854775807]}"#, "mul: the value would take "),
        (r#"{"x": ["pow", 1000000000, 1000000000]}"#, "pow: the result is no 64-bit integer"),
        (r#"{"x": ["str", ["mul", [["mul", "\u0000", 1000000]], 5]]}"#, "str: the value would take "),
    ] {
        let error = failure(text, "x").to_string();
        assert!(error.contains(expected), "{error}");
    }
    // What is doubled again and again is counted as often as it is there.
    let mut spec = Spec::new().with(Key::indexed("x", [0]), 1);
    for at in 1..80 {
        let before = || Expr::key(Key::indexed("x", [at - 1]));
        spec.insert(Key::indexed("x", [at]), Expr::list([before(), before()]));
    }
    let (_folder, session) = small();
    let error = session.get(&spec, &Registry::standard(), Key::indexed("x", [79])).unwrap_err();
    assert!(
        matches!(error, Error::MemoryLimit { .. } | Error::Task { .. }) && error.to_string().len() < 4000,
        "{error}"
    );
    assert_at_rest(&session);
    let doubled = (0..30).fold(Expr::from("a"), |expr, _| Expr::call("add", [expr.clone(), expr]));
    let error = session.get(&Spec::new().with("x", doubled), &Registry::standard(), "x").unwrap_err().to_string();
    assert!(error.contains("x: expected at most 33554432 keys"), "{error}");
    // A literal is known before anything runs.
    let spec = Spec::new().with("x", "y".repeat(20 << 20));
    assert!(matches!(session.get(&spec, &Registry::standard(), "x"), Err(Error::MemoryLimit { .. })));
    assert_eq!(
        session.get(&graph! { x = len(range(600_000)) }, &Registry::standard(), "x").unwrap(),
        Datum::from(600_000)
    );
    assert!(session.stats().ledger_peak_bytes >= 600_000 * 24);
    assert_at_rest(&session);
}

#[test]
fn depth_is_bounded_but_chains_of_keys_are_not() {
    let key = |at: u32| Key::indexed("x", [at]);
    let chain = |function: &str, len: u32| {
        let link = |at: u32| (key(at), Expr::call(function, [Expr::key(key(at - 1))]));
        [(key(0), Expr::from(vec![7]))].into_iter().chain((1..len).map(link)).collect::<Spec>()
    };
    let (_folder, session) = small();
    let registry = Registry::standard();
    let last = session.get(&chain("identity", 50_000), &registry, key(49_999)).unwrap();
    assert_eq!(last.to_string(), "[7]");
    let mut nesting = registry.clone();
    nesting.add_variadic("nest", 1, |values: &[Datum]| Datum::list(values.to_vec()));
    let error = session.get(&chain("nest", 2000), &nesting, key(1999)).unwrap_err().to_string();
    assert!(error.contains("nest: the value would be nested more than 1000 deep"), "{error}");
    assert_eq!(session.get(&chain("nest", 900), &nesting, key(899)).unwrap().depth(), 901);
    let deep = (0..998).fold(Expr::from(0), |expr, _| Expr::call("inc", [expr]));
    assert_eq!(session.get(&Spec::new().with("x", deep), &registry, "x").unwrap(), Datum::from(998));
    assert_at_rest(&session);
}

#[test]
fn a_plan_can_be_made_of_it() {
    let (_folder, session) = small();
    let spec = graph! { a = 1, x = inc(a), y = neg(a) };
    let prepared = Prepared::new(&spec, &Registry::standard(), ["x", "x"], "1MiB".parse().unwrap()).unwrap();
    assert_eq!(session.plan_graph(prepared.graph(), prepared.keys()).unwrap().tasks(), 2);
    let chunks = session.run(prepared.graph(), prepared.keys()).unwrap();
    assert_eq!((chunks.len(), prepared.answer(&chunks).unwrap()), (1, Datum::from([2, 2])));
    assert!(matches!(prepared.answer(&[]), Err(Error::UnknownKey { .. })));
}
