//! Graphs in JSON that were changed at random, or made to do damage: an error or an answer, and nothing else.

use thermocline::graph::spec::{Datum, Registry, Spec, Wanted};
use thermocline::{Error, Result, Session};

use crate::support::{Random, all, assert_at_rest, session};

const SOUND: [&str; 4] = [
    r#"{"a": 1, "b": 2, "x": ["inc", "a"], "y": ["inc", "b"], "z": ["mul", "x", ["add", "y", 10]]}"#,
    r#"{"('x', 0)": ["range", 10], "('x', 1)": ["range", 10, 20], "all": ["concat", ["x", 0], ["x", 1]],
        "total": ["sum", "all"], "most": ["max", "all"], "text": ["str", "all"], "n": ["len", "text"]}"#,
    r#"{"s": "ab", "t": ["mul", "s", 30], "l": ["sorted", ["list", "t"]], "p": ["pow", 2, 10], "f": ["pow", 2.5, 3],
        "d": ["div", "p", 7], "q": ["floordiv", "p", -7], "m": ["mod", "p", -7], "v": [["abs", -5], "neg", true, null]}"#,
    r#"{"a": {"k": [1, {"deep": "a"}]}, "b": {"$call": ["len", "a"]}, "c": {"$lit": ["inc", "a"]}, "d": ["identity", "c"],
        "e": {"$float": "Infinity"}, "g": ["min", 1, 2.5, "b"], "h": [["sub", 1, {"$key": "b"}], "\u00e9\"\\", -0, 1e300]}"#,
];

/// Runs what a text says. Whatever it is, it is an answer or one of these errors.
fn exercise(session: &Session, registry: &Registry, text: &str) -> bool {
    let answer = || -> Result<Datum> {
        let (spec, warnings) = Spec::from_json_with_warnings(text, registry)?;
        assert!(warnings.iter().all(|warning| warning.to_string().len() < 1000));
        assert_eq!(Spec::from_json(&spec.to_json()?, registry)?.to_string(), spec.to_string(), "{text}");
        session.get(&spec, registry, Wanted::from(spec.leaves()))
    };
    match answer() {
        Ok(value) => {
            assert!(value.bytes() <= 1 << 30);
            true
        }
        Err(
            error @ (Error::Json { .. }
            | Error::Spec { .. }
            | Error::DuplicateKey { .. }
            | Error::MissingDependency { .. }
            | Error::Cycle { .. }
            | Error::Task { .. }
            | Error::MemoryLimit { .. }),
        ) => {
            assert!(error.to_string().len() < 10_000, "{text}");
            false
        }
        Err(error) => panic!("{text}: {error}"),
    }
}

/// Letters that mean something in JSON and in keys, and bytes that are no text.
const LETTERS: &[u8] = b"[]{},:\"0123456789-.eE\\ax ('$\xff\x00";

/// Changes a text at random: letters, words, numbers, brackets, parts copied elsewhere, a cut.
fn mutate(sound: &str, random: &mut Random) -> String {
    let words = [
        "\"inc\"",
        "\"range\"",
        "\"mul\"",
        "\"pow\"",
        "\"str\"",
        "\"list\"",
        "\"sorted\"",
        "\"concat\"",
        "\"sum\"",
        "\"a\"",
        "\"x\"",
        "\"('x', 0)\"",
        "{\"$call\": [\"inc\", 1]}",
        "{\"$lit\": 1}",
        "[]",
        "{}",
        "null",
        "true",
        "1e308",
        "0",
        "-1",
        "1000000000000",
        "9223372036854775807",
        "-9223372036854775808",
        "18446744073709551616",
        "1e999",
        "0.1",
        "[[[[[[[[[[[[",
        "]]]]]]",
        "\"\\ud800\"",
        "{\"$float\": \"NaN\"}",
        "\"$call\": ",
    ];
    let mut bytes = sound.as_bytes().to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len());
        // From here to where the next value ends.
        let end = (at..bytes.len()).find(|&end| b",]}".contains(&bytes[end])).unwrap_or(bytes.len());
        match random.below(7) {
            0 => bytes[at] = LETTERS[random.below(LETTERS.len())],
            1 | 2 => drop(bytes.splice(at..end, words[random.below(words.len())].bytes())),
            3 => drop(bytes.splice(at..at, words[random.below(words.len())].bytes())),
            4 => {
                let from = random.below(bytes.len());
                let part = bytes[from..bytes.len().min(from + random.below(30))].to_vec();
                drop(bytes.splice(at..end, part));
            }
            5 => drop(bytes.drain(at..end)),
            _ if random.one_in(8) => bytes.truncate(at.max(1)),
            _ => bytes[at] = bytes[at].wrapping_add(1),
        }
        if bytes.is_empty() {
            break;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn a_graph_changed_at_random_is_an_error_or_an_answer() {
    let registry = Registry::standard();
    let (_folder, session) = session(16 << 20, 2);
    let rounds = if all() { 300_000 } else { 6_000 };
    SOUND.iter().for_each(|text| assert!(exercise(&session, &registry, text), "{text}"));
    let mut answered = 0;
    for seed in 0..rounds {
        let text = mutate(SOUND[seed as usize % SOUND.len()], &mut Random::new(seed));
        answered += u64::from(exercise(&session, &registry, &text));
    }
    assert!(answered > rounds / 100 && answered < rounds / 2, "{answered} of {rounds} had an answer");
    assert_at_rest(&session);
}

#[test]
fn huge_and_deep_texts_are_bounded() {
    let registry = Registry::standard();
    let (_folder, session) = session(16 << 20, 2);
    let refused = |text: &str, words: &str| {
        let error = Spec::from_json(text, &registry)
            .and_then(|spec| session.get(&spec, &registry, Wanted::from(spec.leaves())))
            .unwrap_err()
            .to_string();
        assert!(error.contains(words) && error.len() < 10_000, "{}", &error[..error.len().min(300)]);
    };
    let deep = |open: &str, close: &str| format!("{{\"x\": {}1{}}}", open.repeat(100_000), close.repeat(100_000));
    refused(&deep("[", "]"), "nested 1000 deep");
    refused(&deep("{\"a\": ", "}"), "nested 1000 deep");
    refused(&deep("[\"inc\", ", "]"), "nested 1000 deep");
    refused(&deep("{\"$call\": [\"inc\", ", "]}"), "nested 1000 deep");
    refused(&"[".repeat(100_000), "nested 1000 deep");
    refused(&format!("{{\"x\": [{}]}}", "0,".repeat(1_000_000)), "trailing comma");
    // A million zeros, with and without a sign, are more than the limit; and so is what is made of them.
    refused(&format!("{{\"x\": [{}0]}}", "0,".repeat(1_000_000)), "memory limit");
    refused(&format!("{{\"x\": [{}0]}}", "-0,".repeat(1_000_000)), "memory limit");
    refused(&format!("{{\"a\": 1, \"x\": [{}0]}}", "\"a\",".repeat(1_000_000)), "memory limit");
    refused(&format!("{{\"x\": \"{}\"}}", "é".repeat(10_000_000)), "memory limit");
    // Many keys, and a cycle of them.
    let cycle: String = (0..20_000).map(|at| format!("\"k{at}\": [\"inc\", \"k{}\"],", (at + 1) % 20_000)).collect();
    let error = Spec::from_json(&format!("{{{cycle}\"end\": 1}}"), &registry)
        .and_then(|spec| session.get(&spec, &registry, "k7"))
        .unwrap_err();
    assert!(matches!(&error, Error::Cycle { keys } if keys.len() == 20_001), "no cycle was found");
    assert_at_rest(&session);
}
