//! Orders of graphs as arrays, tables and learning make them: never more outputs, or bytes, at once than by simple rules.

use crate::families::{FAMILIES, Needs};
use crate::order::{order_of, order_of_sized, pressure};
use crate::random::Random;
use crate::support::all;

/// Results first to last, and from each all that it needs, depth-first.
fn depth_first(needs: &Needs, reversed: bool) -> Vec<usize> {
    let mut read = vec![false; needs.len()];
    needs.iter().flatten().for_each(|&need| read[need as usize] = true);
    let mut results: Vec<usize> = (0..needs.len()).filter(|&task| !read[task]).collect();
    if reversed {
        results.reverse();
    }
    let mut done = vec![false; needs.len()];
    let mut order = Vec::with_capacity(needs.len());
    let mut stack: Vec<(usize, usize)> = Vec::new();
    for result in results {
        stack.push((result, 0));
        while let Some((task, next)) = stack.last_mut() {
            let (task, list) = (*task, &needs[*task]);
            let at = if reversed { list.len().wrapping_sub(*next + 1) } else { *next };
            *next += 1;
            if let Some(&need) = list.get(at) {
                if !done[need as usize] {
                    stack.push((need as usize, 0));
                }
            } else {
                stack.pop();
                if !std::mem::replace(&mut done[task], true) {
                    order.push(task);
                }
            }
        }
    }
    order
}

/// Whatever becomes ready: the latest first, or the earliest.
fn by_readiness(needs: &Needs, latest: bool) -> Vec<usize> {
    let mut readers = vec![Vec::new(); needs.len()];
    let mut missing: Vec<usize> = needs.iter().map(Vec::len).collect();
    needs.iter().enumerate().for_each(|(task, list)| list.iter().for_each(|&need| readers[need as usize].push(task)));
    let mut ready: std::collections::VecDeque<usize> = (0..needs.len()).filter(|&task| missing[task] == 0).collect();
    if latest {
        ready.make_contiguous().reverse();
    }
    let mut order = Vec::with_capacity(needs.len());
    while let Some(task) = if latest { ready.pop_back() } else { ready.pop_front() } {
        order.push(task);
        for &reader in &readers[task] {
            missing[reader] -= 1;
            if missing[reader] == 0 {
                ready.push_back(reader);
            }
        }
    }
    order
}

/// Orders by simple rules: depth-first from either end, as tasks become ready, in the order of creation.
fn simple_rules(needs: &Needs) -> Vec<(&'static str, Vec<usize>)> {
    let mut rules = vec![
        ("depth-first", depth_first(needs, false)),
        ("depth-first from the end", depth_first(needs, true)),
        ("latest ready first", by_readiness(needs, true)),
        ("earliest ready first", by_readiness(needs, false)),
    ];
    if needs.iter().enumerate().all(|(task, list)| list.iter().all(|&need| (need as usize) < task)) {
        rules.push(("as created", (0..needs.len()).collect()));
    }
    rules
}

/// What the best of them holds.
fn simple(needs: &Needs) -> (usize, &'static str) {
    simple_rules(needs).into_iter().map(|(name, order)| (pressure(needs, &order), name)).min().unwrap()
}

/// The same graph with its tasks in some other order, so that what comes first says nothing.
fn shuffled(needs: &Needs, seed: u64) -> Needs {
    let mut random = Random::new(seed);
    let mut number: Vec<u32> = (0..needs.len() as u32).collect();
    for at in (1..number.len()).rev() {
        number.swap(at, random.below(at + 1));
    }
    let mut made = vec![Vec::new(); needs.len()];
    for (task, list) in needs.iter().enumerate() {
        made[number[task] as usize] = list.iter().map(|&need| number[need as usize]).collect();
    }
    made
}

fn worse_than_simple(name: &str, needs: &Needs) -> Option<String> {
    let (found, (least, rule)) = (pressure(needs, &order_of(needs)), simple(needs));
    (found > least).then(|| format!("{name}, {} tasks: {found}, but {least} {rule}", needs.len()))
}

#[test]
fn no_family_holds_more_than_by_simple_rules() {
    let sizes: &[usize] =
        if all() { &[10, 30, 100, 300, 1000, 3000, 10_000, 300_000] } else { &[10, 40, 150, 600, 3000] };
    let graphs = FAMILIES.iter().flat_map(|(name, family)| sizes.iter().map(move |&size| (name, family(size))));
    let worse: Vec<String> = graphs.filter_map(|(name, needs)| worse_than_simple(name, &needs)).collect();
    assert!(worse.is_empty(), "{worse:#?}");
}

/// In the order of creation a depth-first walk is often as good as can be; here it says nothing.
#[test]
fn no_shuffled_family_holds_more_than_by_simple_rules() {
    let sizes: &[usize] = if all() { &[30, 100, 300, 1000, 10_000, 300_000] } else { &[40, 600, 2000] };
    let graphs = FAMILIES.iter().flat_map(|(name, family)| sizes.iter().map(move |&size| (name, family(size))));
    let made = graphs.zip(1..).map(|((name, needs), seed)| (name, shuffled(&needs, seed)));
    let worse: Vec<String> = made.filter_map(|(name, needs)| worse_than_simple(name, &needs)).collect();
    assert!(worse.is_empty(), "{worse:#?}");
}

/// What is held at most where each task takes its bytes while it runs, and until its last reader has run.
fn most_bytes(needs: &Needs, bytes: &[u64], order: &[usize]) -> u64 {
    let mut left = vec![0; needs.len()];
    needs.iter().flatten().for_each(|&need| left[need as usize] += 1);
    let is_result: Vec<bool> = left.iter().map(|&left| left == 0).collect();
    let (mut held, mut most) = (0, 0);
    for &task in order {
        held += bytes[task];
        most = most.max(held);
        for &need in &needs[task] {
            left[need as usize] -= 1;
            held -= if left[need as usize] == 0 && !is_result[need as usize] { bytes[need as usize] } else { 0 };
        }
    }
    most
}

/// Where sizes are known, bytes are what is kept small: here of outputs that get smaller on the way, as in reductions, or
/// have any size.
#[test]
fn no_family_holds_more_bytes_than_by_simple_rules() {
    let mut random = Random::new(8);
    let mut worse = Vec::new();
    for (name, family) in FAMILIES {
        for size in if all() { &[30, 100, 1000, 10_000][..] } else { &[40, 600] } {
            let needs = family(*size);
            let shrinking = (0..needs.len()).map(|task| 64 * (1 + 1000 / (1 + needs[task].len() as u64 * 9))).collect();
            let any = (0..needs.len()).map(|_| 64 << random.below(12)).collect();
            for bytes in [shrinking, any] {
                let bytes: Vec<u64> = bytes;
                let found = most_bytes(&needs, &bytes, &order_of_sized(&needs, |task| bytes[task]));
                let (least, rule) = simple_rules(&needs)
                    .into_iter()
                    .map(|(rule, order)| (most_bytes(&needs, &bytes, &order), rule))
                    .min()
                    .unwrap();
                if found > least {
                    worse.push(format!("{name}, {} tasks: {found} bytes, but {least} {rule}", needs.len()));
                }
            }
        }
    }
    assert!(worse.is_empty(), "{worse:#?}");
}

/// Layers of all widths and fans.
#[test]
fn no_layered_graph_holds_more_than_by_simple_rules() {
    let mut random = Random::new(5);
    let mut worse = Vec::new();
    for _ in 0..if all() { 5000 } else { 300 } {
        let (width, layers, fan) = (1 + random.below(20), 2 + random.below(12), 1 + random.below(4));
        // Now and then a layer is skipped, and a task is the end of its way.
        let mut needs: Needs = vec![Vec::new(); width];
        for layer in 1..layers {
            for _ in 0..width {
                let mut list: Vec<u32> = Vec::new();
                for _ in 0..=random.below(fan) {
                    let back = if random.one_in(6) { 1 + random.below(layer) } else { 1 };
                    list.push(((layer - back) * width + random.below(width)) as u32);
                }
                list.sort_unstable();
                list.dedup();
                needs.push(list);
            }
        }
        worse.extend(worse_than_simple("layers", &needs));
        worse.extend(worse_than_simple("shuffled layers", &shuffled(&needs, random.next())));
    }
    assert!(worse.is_empty(), "{worse:#?}");
}

/// The families are what they say: each task after those it needs, each need once, about as many tasks as asked for.
#[test]
fn families_are_made_in_order_and_to_size() {
    for (name, family) in FAMILIES {
        for size in [10, 1000, 20_000] {
            let needs = family(size);
            for (task, list) in needs.iter().enumerate() {
                assert!(list.iter().all(|&need| (need as usize) < task), "{name}: {task} needs {list:?}");
                let mut distinct = list.clone();
                distinct.sort_unstable();
                distinct.dedup();
                assert_eq!(distinct.len(), list.len(), "{name}: {task} needs {list:?}");
            }
            if size > 100 {
                assert!((size / 3..size * 3).contains(&needs.len()), "{name}: {} tasks for {size}", needs.len());
            }
        }
    }
}
