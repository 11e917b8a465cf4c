//! Random graphs that are written down: `get` gives what a naive evaluation does; optimisations keep that, and leave fewer
//! keys; what is written as JSON is read as the same.

use std::collections::HashMap;

use thermocline::graph::Key;
use thermocline::graph::spec::{Datum, Expr, Registry, Spec, Wanted, optimize};
use thermocline::{Error, Result, Session};

use crate::support::{Random, all, assert_at_rest, session};

/// A graph of which each key's kind is known: an integer, or a list of integers.
struct Writer<'a> {
    random: &'a mut Random,
    numbers: Vec<Key>,
    lists: Vec<Key>,
}

impl Writer<'_> {
    fn key(&mut self, of_lists: bool) -> Option<Expr> {
        let keys = if of_lists { &self.lists } else { &self.numbers };
        if keys.is_empty() {
            return None;
        }
        // Mostly one of the last: chains, too.
        let at = if self.random.one_in(3) { self.random.below(keys.len()) } else { keys.len() - 1 };
        Some(Expr::Key(keys[at].clone()))
    }

    fn number(&mut self, depth: usize) -> Expr {
        let form = self.random.below(if depth == 0 { 4 } else { 11 });
        match form {
            0 => Expr::from(self.random.below(7) as i64 - 3),
            1..4 => self.key(false).unwrap_or(Expr::from(2)),
            4 => Expr::call("inc", [self.number(depth - 1)]),
            5 => Expr::call("neg", [self.number(depth - 1)]),
            6 => Expr::call("add", [self.number(depth - 1), self.number(depth - 1)]),
            7 => Expr::call("mul", [self.number(depth - 1), self.number(depth - 1)]),
            8 => Expr::call("sum", [self.list(depth - 1)]),
            9 => Expr::call("len", [self.list(depth - 1)]),
            _ => Expr::call("mod", [self.number(depth - 1), self.number(depth - 1)]),
        }
    }

    fn list(&mut self, depth: usize) -> Expr {
        let form = self.random.below(if depth == 0 { 4 } else { 6 });
        match form {
            0 | 1 => {
                let count = self.random.below(4);
                Expr::list((0..count).map(|_| self.number(depth.saturating_sub(1))).collect::<Vec<_>>())
            }
            2 | 3 => self.key(true).unwrap_or_else(|| Expr::list([])),
            4 => Expr::call("concat", [self.list(depth - 1), self.list(depth - 1)]),
            _ => Expr::call("sorted", [self.list(depth - 1)]),
        }
    }
}

fn random_spec(random: &mut Random) -> Spec {
    let (count, indexed) = (1 + random.below(30), random.one_in(2));
    let mut writer = Writer { random, numbers: Vec::new(), lists: Vec::new() };
    let mut entries = Vec::new();
    for at in 0..count {
        let key = if indexed { Key::indexed("k", [at as u32 / 5, at as u32 % 5]) } else { Key::new(format!("k{at}")) };
        let depth = writer.random.below(4);
        if writer.random.one_in(4) {
            entries.push((key.clone(), writer.list(depth)));
            writer.lists.push(key);
        } else {
            entries.push((key.clone(), writer.number(depth)));
            writer.numbers.push(key);
        }
    }
    // A graph has no order.
    for at in (1..entries.len()).rev() {
        entries.swap(at, writer.random.below(at + 1));
    }
    entries.into_iter().collect()
}

/// What an expression comes to, by recursion; `None` where it fails.
fn naive(spec: &Spec, expr: &Expr, known: &mut HashMap<Key, Option<Datum>>) -> Option<Datum> {
    match expr {
        Expr::Literal(value) => Some(value.clone()),
        Expr::Key(key) => {
            if !known.contains_key(key) {
                let value = naive(spec, spec.get(key).unwrap(), known);
                known.insert(key.clone(), value);
            }
            known[key].clone()
        }
        Expr::List(items) => {
            let items: Option<Vec<Datum>> = items.iter().map(|item| naive(spec, item, known)).collect();
            items.map(Datum::list)
        }
        Expr::Call(call) => {
            let arguments: Option<Vec<Datum>> = call.arguments().iter().map(|each| naive(spec, each, known)).collect();
            applied(call.name(), &arguments?)
        }
    }
}

fn applied(name: &str, arguments: &[Datum]) -> Option<Datum> {
    let number = |at: usize| match &arguments[at] {
        Datum::Int(value) => i128::from(*value),
        other => panic!("{other} is no integer"),
    };
    let list = |at: usize| match &arguments[at] {
        Datum::List(items) => items.to_vec(),
        other => panic!("{other} is no list"),
    };
    let numbers = || {
        list(0)
            .iter()
            .map(|item| if let Datum::Int(value) = item { *value } else { panic!("{item}") })
            .collect::<Vec<_>>()
    };
    let fits = |value: i128| i64::try_from(value).ok().map(Datum::Int);
    match name {
        "inc" => fits(number(0) + 1),
        "neg" => fits(-number(0)),
        "add" => fits(number(0) + number(1)),
        "mul" => fits(number(0) * number(1)),
        "mod" if number(1) == 0 => None,
        "mod" => fits((number(0) % number(1) + number(1)) % number(1)),
        "len" => fits(list(0).len() as i128),
        "sum" => numbers().iter().try_fold(0_i64, |sum, &value| sum.checked_add(value)).map(Datum::Int),
        "concat" => Some(Datum::list([list(0), list(1)].concat())),
        "sorted" => {
            let mut numbers = numbers();
            numbers.sort_unstable();
            Some(Datum::from(numbers))
        }
        _ => panic!("{name}"),
    }
}

/// The answer, or the failure of a function where the naive one fails.
fn assert_same(found: Result<Datum>, expected: Option<&Datum>, what: &str) {
    match (found, expected) {
        (Ok(found), Some(expected)) => assert_eq!(found, *expected, "{what}"),
        (Err(Error::Task { .. }), None) => {}
        (found, _) => panic!("{what}: {found:?}, expected {expected:?}"),
    }
}

fn rounds() -> u64 {
    if all() { 5_000 } else { 400 }
}

#[test]
fn a_random_graph_gives_what_a_naive_evaluation_does() {
    let registry = Registry::standard();
    let (_folder, session) = session(16 << 20, 2);
    let mut right = 0;
    for seed in 0..rounds() {
        let mut random = Random::new(seed);
        let spec = random_spec(&mut random);
        let keys: Vec<Key> = spec.keys().cloned().collect();
        let wanted: Vec<Key> = keys.iter().filter(|_| random.one_in(3)).cloned().collect();
        let mut known = HashMap::new();
        let values: Vec<Option<Datum>> =
            wanted.iter().map(|key| naive(&spec, spec.get(key).unwrap(), &mut known)).collect();
        for (key, value) in wanted.iter().zip(&values) {
            assert_same(session.get(&spec, &registry, key.clone()), value.as_ref(), &format!("seed {seed}, {key}"));
        }
        let together: Option<Vec<Datum>> = values.into_iter().collect();
        right += usize::from(together.is_some());
        let nested = Wanted::from([Wanted::from(wanted.clone()), Wanted::from(wanted)]);
        let expected = together.map(|values| Datum::list([Datum::list(values.clone()), Datum::list(values)]));
        assert_same(session.get(&spec, &registry, nested), expected.as_ref(), &format!("seed {seed}"));
        let text = spec.to_json().unwrap();
        assert_eq!(Spec::from_json(&text, &registry).unwrap(), spec, "seed {seed}: {text}");
    }
    assert!(right > rounds() as usize / 3, "{right} graphs had no failure");
    assert_at_rest(&session);
}

/// An optimisation that keeps some keys.
type Optimisation = fn(&Spec, &[Key]) -> Result<Spec>;

const OPTIMISATIONS: [(&str, Optimisation); 6] = [
    ("cull", |spec, keep| optimize::cull(spec, keep.to_vec())),
    ("fuse", |spec, keep| optimize::fuse(spec, keep.to_vec())),
    ("fuse_renamed", |spec, keep| optimize::fuse_renamed(spec, keep.to_vec())),
    ("inline", |spec, keep| {
        let chosen = spec.keys().filter(|key| key.to_string().contains(['1', '3'])).cloned();
        optimize::cull(&optimize::inline(spec, chosen, true)?, keep.to_vec())
    }),
    ("inline_functions", |spec, keep| optimize::inline_functions(spec, keep.to_vec(), &["inc", "add", "sum"], false)),
    ("all of them", |spec, keep| {
        let spec = optimize::cull(spec, keep.to_vec())?;
        let spec = optimize::inline_functions(&spec, keep.to_vec(), &["inc", "len", "mul"], true)?;
        optimize::fuse(&spec, keep.to_vec())
    }),
];

fn check_optimisation(session: &Session, name: &str, optimise: Optimisation) {
    let registry = Registry::standard();
    let (mut before, mut after) = (0, 0);
    for seed in 0..rounds() {
        let mut random = Random::new(seed + 1_000_000);
        let spec = random_spec(&mut random);
        let keep: Vec<Key> = spec.keys().filter(|_| random.one_in(6)).cloned().collect();
        let optimised = optimise(&spec, &keep).unwrap();
        assert!(optimised.check().is_ok());
        let mut known = HashMap::new();
        for key in &keep {
            let expected = naive(&spec, spec.get(key).unwrap(), &mut known);
            let what = format!("{name}, seed {seed}, {key} of\n{spec}which became\n{optimised}");
            assert_same(session.get(&optimised, &registry, key.clone()), expected.as_ref(), &what);
        }
        before += spec.len();
        after += optimised.len();
        // Once is enough of what goes by needs alone.
        if matches!(name, "cull" | "fuse") {
            assert_eq!(optimise(&optimised, &keep).unwrap(), optimised, "{name}, seed {seed}");
        }
    }
    assert!(after < before * 19 / 20, "{name}: {after} keys of {before} are left");
}

#[test]
fn optimisations_keep_the_answer_and_leave_fewer_keys() {
    let (_folder, session) = session(16 << 20, 2);
    for (name, optimise) in OPTIMISATIONS {
        check_optimisation(&session, name, optimise);
    }
    assert_at_rest(&session);
}

/// Values that look like keys, functions and forms of JSON.
fn strange_value(random: &mut Random, depth: usize) -> Datum {
    let texts = ["a", "inc", "('a', 0)", "b", "$lit", "$call", "text", "", "\u{0}\"\\é😀", "nowhere"];
    match random.below(if depth == 0 { 7 } else { 10 }) {
        0 => Datum::Null,
        1 => Datum::Bool(random.one_in(2)),
        2 => Datum::Int(random.next() as i64 >> random.below(64)),
        3 => Datum::Float([0.0, -0.0, 1e16, 0.1, f64::INFINITY, f64::NEG_INFINITY, 5e-324][random.below(7)]),
        4..7 => Datum::from(texts[random.below(texts.len())]),
        7 | 8 => {
            let count = random.below(4);
            Datum::list((0..count).map(|_| strange_value(random, depth - 1)).collect::<Vec<_>>())
        }
        _ => {
            let count = random.below(3);
            Datum::map((0..count).map(|at| (texts[random.below(5) * 2 + at], finite(strange_value(random, depth - 1)))))
        }
    }
}

/// Maps have no way to write a float that JSON lacks.
fn finite(value: Datum) -> Datum {
    if value.to_string().contains("Infinity") { Datum::Null } else { value }
}

fn strange_expr(random: &mut Random, depth: usize) -> Expr {
    let keys = [Key::new("a"), Key::indexed("a", [0]), Key::new("b"), Key::new("inc"), Key::new("nowhere")];
    match random.below(if depth == 0 { 6 } else { 10 }) {
        0..4 => Expr::Literal(strange_value(random, depth)),
        4 | 5 => Expr::Key(keys[random.below(keys.len())].clone()),
        form => {
            let count = random.below(4);
            let items: Vec<Expr> = (0..count).map(|_| strange_expr(random, depth - 1)).collect();
            if form < 8 { Expr::list(items) } else { Expr::call(["inc", "neg", "list"][random.below(3)], items) }
        }
    }
}

#[test]
fn what_is_written_as_json_is_read_as_the_same() {
    let registry = Registry::standard();
    for seed in 0..20 * rounds() {
        let mut random = Random::new(seed);
        let keys = [Key::new("a"), Key::indexed("a", [0]), Key::new("b"), Key::new("inc"), Key::new("$lit")];
        let mut spec = Spec::new();
        for key in keys {
            if random.one_in(2) {
                spec.insert(key, strange_expr(&mut random, 3));
            }
        }
        let text = spec.to_json().unwrap();
        let again = Spec::from_json(&text, &registry).unwrap_or_else(|error| panic!("seed {seed}: {error}: {text}"));
        assert_eq!(again, spec, "seed {seed}: {text}");
        assert_eq!(again.to_json().unwrap(), text);
    }
    let nan = Spec::new().with("x", vec![Datum::from("inc"), Datum::from(f64::NAN)]);
    assert_eq!(nan.to_json().unwrap(), r#"{"x": [{"$lit": "inc"}, {"$float": "NaN"}]}"#);
    let error = Spec::new().with("x", Datum::map([("a", Datum::from(f64::NAN))])).to_json().unwrap_err();
    assert_eq!(error.to_string(), "x: a map has a float that is no number in JSON");
    let error = Spec::new().with("('x', 0)", 1).to_json().unwrap_err().to_string();
    assert!(error.contains("would be read as an indexed key"), "{error}");
}
