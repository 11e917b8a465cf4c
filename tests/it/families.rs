//! Task graphs as arrays, tables and learning make them, at any size: what each task needs, by number. Each graph's tasks
//! come after all that they need, as collections build them.

use super::random::Random;

/// What each task needs.
pub(crate) type Needs = Vec<Vec<u32>>;

/// A family of graphs: its name, and the graph of about so many tasks.
pub(crate) type Family = (&'static str, fn(usize) -> Needs);

/// All families.
pub(crate) const FAMILIES: &[Family] = &[
    ("wide", wide),
    ("chain", chain),
    ("tree", |tasks| tree(tasks, 2)),
    ("tree of eight", |tasks| tree(tasks, 8)),
    ("random", random),
    ("random layers", layers),
    ("mean", mean),
    ("anomaly", anomaly),
    ("covariances", covariances),
    ("cumulative sum", cumulative_sum),
    ("rechunk", rechunk),
    ("rechunk in stages", rechunk_in_stages),
    ("overlap", overlap),
    ("overlap in two dimensions", overlap_2d),
    ("matmul", matmul),
    ("matmul in chains", matmul_in_chains),
    ("transposed sum", transposed_sum),
    ("cholesky", cholesky),
    ("butterflies", butterflies),
    ("shuffle", shuffle),
    ("grouped shuffle", grouped_shuffle),
    ("groupby", groupby),
    ("join", join),
    ("learning", learning),
    ("cross-validation", cross_validation),
    ("diamonds", diamonds),
];

/// A graph that is being made.
#[derive(Default)]
struct Builder(Needs);

impl Builder {
    fn add(&mut self, needs: impl IntoIterator<Item = u32>) -> u32 {
        self.0.push(needs.into_iter().collect());
        self.0.len() as u32 - 1
    }

    fn roots(&mut self, count: usize) -> Vec<u32> {
        (0..count).map(|_| self.add([])).collect()
    }

    /// A task for each of `of`.
    fn map(&mut self, of: &[u32]) -> Vec<u32> {
        of.iter().map(|&task| self.add([task])).collect()
    }

    /// Joins `fan` at a time until one is left.
    fn reduce(&mut self, mut level: Vec<u32>, fan: usize) -> u32 {
        while level.len() > 1 {
            level = level.chunks(fan).map(|group| self.add(group.iter().copied())).collect();
        }
        level[0]
    }
}

fn root(tasks: usize) -> usize {
    (tasks as f64).sqrt() as usize
}

fn wide(tasks: usize) -> Needs {
    vec![Vec::new(); tasks]
}

fn chain(tasks: usize) -> Needs {
    (0..tasks as u32).map(|task| task.checked_sub(1).into_iter().collect()).collect()
}

fn tree(tasks: usize, fan: usize) -> Needs {
    let mut made = Builder::default();
    let leaves = made.roots((tasks * (fan - 1)).div_ceil(fan));
    made.reduce(leaves, fan);
    made.0
}

/// Each task needs up to three of the hundred before it.
fn random(tasks: usize) -> Needs {
    let mut random = Random::new(tasks as u64);
    let needs = |task: usize| {
        let count = if task == 0 { 0 } else { random.below(4) };
        let mut needs: Vec<u32> = (0..count).map(|_| (task - 1 - random.below(task.min(100))) as u32).collect();
        needs.sort_unstable();
        needs.dedup();
        needs
    };
    (0..tasks).map(needs).collect()
}

/// Layers of tasks, each of which needs some of the layer before.
fn layers(tasks: usize) -> Needs {
    let mut random = Random::new(!(tasks as u64));
    let width = 2 + root(tasks);
    let mut made = Builder::default();
    let mut before = made.roots(width);
    while made.0.len() < tasks {
        let count = width / 2 + random.below(width);
        let task = |_| {
            let mut needs: Vec<u32> = (0..=random.below(3)).map(|_| before[random.below(before.len())]).collect();
            needs.sort_unstable();
            needs.dedup();
            made.add(needs)
        };
        before = (0..count).map(task).collect();
    }
    made.0
}

/// Load, convert, sum in parts, join.
fn mean(tasks: usize) -> Needs {
    let mut made = Builder::default();
    let loads = made.roots(tasks / 3);
    let values = made.map(&loads);
    let parts = made.map(&values);
    made.reduce(parts, 4);
    made.0
}

/// `x - x.mean(0)`, of blocks of time and place, then its spread.
fn anomaly(tasks: usize) -> Needs {
    let mut made = Builder::default();
    let places = (tasks / 200).clamp(3, 64);
    let times = (tasks / (4 * places)).max(2);
    let x: Vec<Vec<u32>> = (0..times).map(|_| made.roots(places)).collect();
    for place in 0..places {
        let column: Vec<u32> = x.iter().map(|row| row[place]).collect();
        let parts = made.map(&column);
        let mean = made.reduce(parts, 4);
        let squares = column.iter().map(|&block| made.add([block, mean])).collect();
        made.reduce(squares, 4);
    }
    made.0
}

/// Sums of `u`, `v`, `u * u`, `u * v` and `v * v` over the same loads.
fn covariances(tasks: usize) -> Needs {
    let mut made = Builder::default();
    let blocks = (tasks / 9).max(2);
    let mut sums: [Vec<u32>; 5] = Default::default();
    for _ in 0..blocks {
        let (u, v) = (made.add([]), made.add([]));
        for (sums, of) in sums.iter_mut().zip([vec![u], vec![v], vec![u], vec![u, v], vec![v]]) {
            sums.push(made.add(of));
        }
    }
    let sums = sums.map(|sums| made.reduce(sums, 8));
    made.add(sums);
    made.0
}

/// Each block summed, what is before each added up in a chain, and added to the block.
fn cumulative_sum(tasks: usize) -> Needs {
    let mut made = Builder::default();
    let blocks = made.roots(tasks / 4);
    let sums = made.map(&blocks);
    let mut before: Option<u32> = None;
    for (&block, &sum) in blocks.iter().zip(&sums) {
        made.add(before.into_iter().chain([block]));
        before = Some(made.add(before.into_iter().chain([sum])));
    }
    made.0
}

/// Rows of blocks become columns, by pieces.
fn rechunk(tasks: usize) -> Needs {
    let mut made = Builder::default();
    let side = root(tasks).max(2);
    let rows = made.roots(side);
    let pieces: Vec<Vec<u32>> = rows.iter().map(|&row| (0..side).map(|_| made.add([row])).collect()).collect();
    let columns: Vec<u32> = (0..side).map(|at| made.add(pieces.iter().map(|row| row[at]))).collect();
    made.map(&columns);
    made.0
}

/// The same by way of blocks in between.
fn rechunk_in_stages(tasks: usize) -> Needs {
    let mut made = Builder::default();
    let side = ((tasks as f64).powf(2.0 / 3.0) / 2.0).max(4.0) as usize;
    let group = (side as f64).sqrt().ceil() as usize;
    let mut level = made.roots(side);
    for stride in [1, group] {
        let pieces: Vec<Vec<u32>> =
            level.iter().map(|&block| (0..group).map(|_| made.add([block])).collect()).collect();
        level = (0..side)
            .map(|at| {
                let first = at / (stride * group) * (stride * group) + at % stride;
                let from = (0..group).map(|step| first + step * stride).filter(|&from| from < side);
                made.add(from.map(|from| pieces[from][at / stride % group]))
            })
            .collect();
    }
    made.0
}

/// Twice a function of each block and its neighbours, then a sum.
fn overlap(tasks: usize) -> Needs {
    let mut made = Builder::default();
    let mut blocks = made.roots(tasks / 4);
    for _ in 0..2 {
        blocks = (0..blocks.len())
            .map(|at| made.add(blocks[at.saturating_sub(1)..blocks.len().min(at + 2)].iter().copied()))
            .collect();
    }
    made.reduce(blocks, 8);
    made.0
}

/// The same on a plane, with pieces of the edges as tasks of their own.
fn overlap_2d(tasks: usize) -> Needs {
    let mut made = Builder::default();
    let side = root(tasks / 7).max(2);
    let blocks: Vec<Vec<u32>> = (0..side).map(|_| made.roots(side)).collect();
    let mut results = Vec::new();
    for row in 0..side {
        for column in 0..side {
            let mut needs = vec![blocks[row][column]];
            for (rows, columns) in [(-1, 0), (1, 0), (0, -1), (0, 1)] {
                let beside = row.checked_add_signed(rows).and_then(|row| blocks.get(row));
                if let Some(&beside) = column.checked_add_signed(columns).and_then(|at| beside?.get(at)) {
                    needs.push(made.add([beside]));
                }
            }
            results.push(made.add(needs));
        }
    }
    made.0
}

fn products(made: &mut Builder, tasks: usize) -> Vec<Vec<u32>> {
    let side = ((tasks as f64 / 1.3).cbrt() as usize).max(2);
    let [a, b] = [0, 1].map(|_| (0..side).map(|_| made.roots(side)).collect::<Vec<_>>());
    let cell = |made: &mut Builder, at: usize| -> Vec<u32> {
        let (row, column) = (at / side, at % side);
        (0..side).map(|k| made.add([a[row][k], b[k][column]])).collect()
    };
    (0..side * side).map(|at| cell(made, at)).collect()
}

/// Products of blocks, added up as a tree.
fn matmul(tasks: usize) -> Needs {
    let mut made = Builder::default();
    for terms in products(&mut made, tasks) {
        made.reduce(terms, 4);
    }
    made.0
}

/// Products of blocks, each added to the sum before.
fn matmul_in_chains(tasks: usize) -> Needs {
    let mut made = Builder::default();
    let side = (((tasks as f64) / 1.2).cbrt() as usize).max(2);
    let [a, b] = [0, 1].map(|_| (0..side).map(|_| made.roots(side)).collect::<Vec<_>>());
    for row in 0..side {
        for column in 0..side {
            let mut sum = None;
            for k in 0..side {
                sum = Some(made.add([a[row][k], b[k][column]].into_iter().chain(sum)));
            }
        }
    }
    made.0
}

/// `(x + x.T).sum()`.
fn transposed_sum(tasks: usize) -> Needs {
    let mut made = Builder::default();
    let side = root(tasks / 3).max(2);
    let x: Vec<Vec<u32>> = (0..side).map(|_| made.roots(side)).collect();
    let mut sums = Vec::new();
    for row in 0..side {
        for column in 0..side {
            let turned = made.add([x[column][row]]);
            sums.push(made.add([x[row][column], turned]));
        }
    }
    made.reduce(sums, 8);
    made.0
}

/// Cholesky's factor, by tiles.
fn cholesky(tasks: usize) -> Needs {
    let mut made = Builder::default();
    let side = ((6.0 * tasks as f64).cbrt() as usize).max(3);
    let mut tiles: Vec<Vec<u32>> = (0..side).map(|row| made.roots(row + 1)).collect();
    for k in 0..side {
        tiles[k][k] = made.add([tiles[k][k]]);
        for row in k + 1..side {
            tiles[row][k] = made.add([tiles[row][k], tiles[k][k]]);
        }
        for row in k + 1..side {
            for column in k + 1..=row {
                let mut needs = vec![tiles[row][column], tiles[row][k], tiles[column][k]];
                needs.dedup();
                tiles[row][column] = made.add(needs);
            }
        }
    }
    made.0
}

/// The exchanges of a fast Fourier transform.
fn butterflies(tasks: usize) -> Needs {
    let mut made = Builder::default();
    let bits = (2..16).rfind(|bits| (bits + 1) << bits <= tasks).unwrap_or(1);
    let mut blocks = made.roots(1 << bits);
    for bit in 0..bits {
        blocks = (0..blocks.len()).map(|at| made.add([blocks[at], blocks[at ^ 1 << bit]])).collect();
    }
    made.0
}

/// Each part of each input goes to an output.
fn shuffle(tasks: usize) -> Needs {
    let mut made = Builder::default();
    let side = root(tasks).max(2);
    let inputs = made.roots(side);
    let split: Vec<Vec<u32>> = inputs.iter().map(|&input| (0..side).map(|_| made.add([input])).collect()).collect();
    for at in 0..side {
        let joined = made.add(split.iter().map(|parts| parts[at]));
        made.add([joined]);
    }
    made.0
}

/// A table shuffled in two rounds of groups, then each part grouped and written.
fn grouped_shuffle(tasks: usize) -> Needs {
    let mut made = Builder(rechunk_in_stages(tasks * 9 / 10));
    let mut read = vec![false; made.0.len()];
    made.0.iter().flatten().for_each(|&need| read[need as usize] = true);
    let parts: Vec<u32> = (0..made.0.len() as u32).filter(|&task| !read[task as usize]).collect();
    let grouped = made.map(&parts);
    made.map(&grouped);
    made.0
}

/// Each part read and grouped in itself; then groups joined, into several outputs.
fn groupby(tasks: usize) -> Needs {
    let mut made = Builder::default();
    let outputs = (tasks / 100).clamp(2, 12);
    let parts = made.roots((tasks / (outputs + 2)).max(2));
    let grouped = made.map(&parts);
    for _ in 0..outputs {
        let pieces = made.map(&grouped);
        made.reduce(pieces, 8);
    }
    made.0
}

/// A large table joined with a small one that all parts need, filtered and summed up.
fn join(tasks: usize) -> Needs {
    let mut made = Builder::default();
    let small: Vec<u32> = made.roots(4);
    let index = made.reduce(small, 4);
    let parts = made.roots(tasks / 4);
    let joined: Vec<u32> = parts.iter().map(|&part| made.add([part, index])).collect();
    let filtered = made.map(&joined);
    made.reduce(filtered, 8);
    made.0
}

/// Rounds of gradients, each of which needs its data and the model so far.
fn learning(tasks: usize) -> Needs {
    let mut made = Builder::default();
    let parts = (tasks / 40).clamp(2, 500);
    let data = made.roots(parts);
    let data = made.map(&data);
    let mut model = made.add([]);
    while made.0.len() < tasks {
        let gradients = data.iter().map(|&part| made.add([part, model])).collect();
        let step = made.reduce(gradients, 8);
        model = made.add([model, step]);
    }
    made.0
}

/// Each parameter trained on each fold's complement, scored on the fold; the best is trained on all.
fn cross_validation(tasks: usize) -> Needs {
    let mut made = Builder::default();
    let folds = made.roots(5);
    let mut scores = Vec::new();
    let rest = |made: &mut Builder, out: u32| made.add(folds.iter().copied().filter(|&fold| fold != out));
    let train: Vec<u32> = folds.iter().map(|&out| rest(&mut made, out)).collect();
    for _ in 0..(tasks / 16).max(1) {
        let mut own = Vec::new();
        for (&fold, &train) in folds.iter().zip(&train) {
            let scaled = made.add([train]);
            let model = made.add([scaled]);
            own.push(made.add([model, fold]));
        }
        scores.push(made.add(own));
    }
    let best = made.reduce(scores, 16);
    made.add(folds.iter().copied().chain([best]));
    made.0
}

/// A chain of diamonds.
fn diamonds(tasks: usize) -> Needs {
    let mut made = Builder::default();
    let mut last = made.add([]);
    while made.0.len() < tasks {
        let sides: Vec<u32> = (0..3).map(|_| made.add([last])).collect();
        last = made.add(sides);
    }
    made.0
}
