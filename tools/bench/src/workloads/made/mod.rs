//! Workloads on made-up numbers: those by which the field compares its schedulers (coiled's `benchmarks`, the tests of
//! Dask's `order`), as they are written there, on f64.
//!
//! Each is a row of [`TABLE`]: the shape of its arrays, what is computed of them, and what has to come out, found by
//! plain loops over the same numbers after the run.

mod expected;
mod matrices;
mod numbers;
mod series;
mod shape;

use std::sync::Arc;
use std::time::Instant;

use thermocline::ndarray::ArrayD;
use thermocline::{Array, Plan, Session};

use self::expected::Expected;
pub(crate) use self::numbers::Data;
use self::numbers::Numbers;
use self::shape::Shape;
use crate::account::Account;
use crate::cli::{Run, Workload};
use crate::error::{BenchError, Result};

/// Bytes of an array where nothing is said.
const SIZE: u64 = 3 << 30;

/// Fewer make no matrix worth the name.
const LEAST: u64 = 512;

/// A workload.
struct Definition {
    workload: Workload,
    shape: Shape,
    /// As NumPy would write it.
    formula: &'static str,
    /// Whether there are two such arrays.
    two: bool,
    lazy: fn(&Input) -> Vec<Array<f64>>,
    expected: fn(&Input) -> Expected,
}

const TABLE: &[Definition] = &[
    Definition {
        workload: Workload::Spilling,
        shape: Shape::Line,
        formula: "x.persist(), then twice x.sum()",
        two: false,
        lazy: |input| vec![input.x().sum(..)],
        expected: matrices::sum_expected,
    },
    Definition {
        workload: Workload::Centering,
        shape: Shape::Tiles,
        formula: "abs(x - x.mean(axis=0)).mean()",
        two: false,
        lazy: matrices::centering,
        expected: matrices::centering_expected,
    },
    Definition {
        workload: Workload::SumResiduals,
        shape: Shape::Tiles,
        formula: "(x - x.mean(axis=0)).sum()",
        two: false,
        lazy: matrices::sum_residuals,
        expected: matrices::sum_residuals_expected,
    },
    Definition {
        workload: Workload::Transpose,
        shape: Shape::Tiles,
        formula: "(x + x.T).mean(axis=0)",
        two: false,
        lazy: matrices::transpose,
        expected: matrices::transpose_expected,
    },
    Definition {
        workload: Workload::SwapAxes,
        shape: Shape::Columns,
        formula: "x.rechunk((\"auto\", -1)).sum()",
        two: false,
        lazy: matrices::swap_axes,
        expected: matrices::sum_expected,
    },
    Definition {
        workload: Workload::TilesToRows,
        shape: Shape::Tiles,
        formula: "x.rechunk((-1, \"auto\")).sum()",
        two: false,
        lazy: matrices::tiles_to_rows,
        expected: matrices::sum_expected,
    },
    Definition {
        workload: Workload::Dot,
        shape: Shape::Tiles,
        formula: "(x @ x.T).sum()",
        two: false,
        lazy: matrices::dot,
        expected: matrices::dot_expected,
    },
    Definition {
        workload: Workload::DoubleDiff,
        shape: Shape::Tiles,
        formula: "abs(x[1:, 1:] - y[:-1, :-1]).mean()",
        two: true,
        lazy: matrices::double_diff,
        expected: matrices::double_diff_expected,
    },
    Definition {
        workload: Workload::FilterThenAverage,
        shape: Shape::Tiles,
        formula: "x[x > 0.5].mean()",
        two: false,
        lazy: matrices::filter_then_average,
        expected: matrices::filter_then_average_expected,
    },
    Definition {
        workload: Workload::MapOverlap,
        shape: Shape::Tiles,
        formula: "abs(x.map_overlap(laplacian, depth=1, boundary=\"periodic\")).mean()",
        two: false,
        lazy: matrices::map_overlap,
        expected: matrices::map_overlap_expected,
    },
    Definition {
        workload: Workload::AnomMean,
        shape: Shape::Series { cells: 1 << 17, times: 1 },
        formula: "g = x.groupby(\"day\"); (g - g.mean(\"time\")).mean(\"time\")",
        two: false,
        lazy: series::anom_mean,
        expected: series::anom_mean_expected,
    },
    Definition {
        workload: Workload::QuadraticMean,
        shape: Shape::Series { cells: 1 << 16, times: 64 },
        formula: "(x**2, y**2, x*y), each .mean(\"time\")",
        two: true,
        lazy: series::quadratic_mean,
        expected: series::quadratic_mean_expected,
    },
];

fn find(workload: Workload) -> Option<&'static Definition> {
    TABLE.iter().find(|definition| definition.workload == workload)
}

/// Whether a workload is one of these.
pub(crate) fn has(workload: Workload) -> bool {
    find(workload).is_some()
}

/// What a workload computes, and the shape of what it computes it of.
pub(crate) fn describe(workload: Workload) -> Option<String> {
    let Definition { formula, shape, two, .. } = find(workload)?;
    let arrays = if *two { "x and y" } else { "x" };
    Some(format!("{formula}; {arrays}: {}", shape.formula()))
}

/// The arrays of a workload.
struct Input {
    x: Arc<Numbers>,
    /// Other numbers of the same shape.
    y: Arc<Numbers>,
}

impl Input {
    fn of(definition: &Definition, run: &Run) -> Result<Self> {
        if !run.files.is_empty() || run.dir.is_some() || run.var.is_some() {
            let name = run.workload.name();
            return Err(BenchError::Usage(format!("--files, --dir, --var: {name} makes its numbers up: use --size")));
        }
        let bytes = run.size.map_or(SIZE, thermocline::ByteSize::bytes);
        if bytes < LEAST {
            return Err(BenchError::Usage(format!("--size: {bytes} bytes are too few, at least {LEAST} are needed")));
        }
        let (shape, chunk) = definition.shape.chunked(bytes, &run.chunks)?;
        let numbers = |seed| Arc::new(Numbers::new(&shape, &chunk, run.data.unwrap_or_default(), seed));
        Ok(Self { x: numbers(0), y: numbers(1) })
    }

    fn x(&self) -> Array<f64> {
        Array::from_shared_source(self.x.clone())
    }

    fn y(&self) -> Array<f64> {
        Array::from_shared_source(self.y.clone())
    }
}

/// A row of the table: the workload is one of these.
fn definition(run: &Run) -> Result<&'static Definition> {
    find(run.workload).ok_or_else(|| BenchError::Usage(format!("{} reads files", run.workload.name())))
}

pub(super) fn plan(run: &Run, session: &Session) -> Result<Plan> {
    let definition = definition(run)?;
    let input = Input::of(definition, run)?;
    Ok(match run.workload {
        Workload::Spilling => session.plan_persist(&input.x())?,
        _ => session.plan((definition.lazy)(&input))?,
    })
}

pub(super) fn work(run: &Run, session: &Session, account: &Account) -> Result<()> {
    let definition = definition(run)?;
    let input = Input::of(definition, run)?;
    let arrays = if definition.two { 2 } else { 1 };
    account.values((arrays * 8 * input.x.rows() * input.x.columns()) as u64);
    let start = Instant::now();
    let results = match run.workload {
        Workload::Spilling => persisted_then_summed(&input.x(), session, account, start),
        _ => compute(&(definition.lazy)(&input), session, account, start),
    };
    let results = results?;
    (definition.expected)(&input).check(&results)?;
    account.results(&results);
    Ok(())
}

/// One run.
fn compute(lazy: &[Array<f64>], session: &Session, account: &Account, start: Instant) -> Result<Vec<ArrayD<f64>>> {
    account.planned(&session.plan(lazy)?);
    let results = session.compute(lazy);
    account.took(start);
    Ok(results?)
}

/// Three runs: more than memory holds is kept between them.
fn persisted_then_summed(
    x: &Array<f64>,
    session: &Session,
    account: &Account,
    start: Instant,
) -> Result<Vec<ArrayD<f64>>> {
    account.planned(&session.plan_persist(x)?);
    let kept = session.persist(x);
    account.took(start);
    let sum = [kept?.sum(..)];
    let first = compute(&sum, session, account, start)?;
    let second = compute(&sum, session, account, start)?;
    if first == second { Ok(second) } else { Err(BenchError::Unstable) }
}
