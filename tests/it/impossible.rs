//! What is impossible: a table of every operation on arrays that can be. The error names the operation, the shape, and the
//! line of the test that asked for it, whether it comes out of `checked`, `plan` or `compute`.

use std::panic::Location;

use thermocline::array::random::Generator;
use thermocline::array::{Boundary, ChunkGrid, MapBlocks, Method, Overlap, Pad, Slice, Tolerance, keepdims};
use thermocline::chunk::Element;
use thermocline::{Array, Error, Session};

use crate::support::session;

/// An impossible array: the operation, what its error must name, the three errors, and where the table has it.
struct Case {
    operation: &'static str,
    parts: &'static [&'static str],
    errors: [Option<Error>; 3],
    line: u32,
}

struct Table {
    session: Session,
    cases: Vec<Case>,
}

impl Table {
    #[track_caller]
    fn case<T: Element>(&mut self, operation: &'static str, parts: &'static [&'static str], array: Array<T>) {
        let (planned, computed) = (self.session.plan(&array).err(), self.session.compute(&array).err());
        let errors = [array.checked().err(), planned, computed];
        self.cases.push(Case { operation, parts, errors, line: Location::caller().line() });
    }
}

impl Case {
    /// What is wrong with its errors; the next line of the table is at `next`.
    fn wrong(&self, next: u32) -> Option<String> {
        let Some(first) = &self.errors[0] else { return Some(format!("{}: possible", self.operation)) };
        let text = first.to_string();
        let same = |error: &Option<Error>| error.as_ref().is_some_and(|error| error.to_string() == text);
        if !self.errors.iter().all(same) {
            return Some(format!("other errors at plan or compute: {:?}", self.errors));
        }
        let place = text.strip_prefix(self.operation).and_then(|rest| rest.strip_prefix(" at tests/it/impossible.rs:"));
        let line = place.and_then(|place| place.split(':').next()?.parse::<u32>().ok());
        if !line.is_some_and(|line| (self.line..next).contains(&line)) {
            return Some(format!("line {}: not {} at lines from there to {next}: {text}", self.line, self.operation));
        }
        let absent = self.parts.iter().find(|part| !text.contains(**part))?;
        Some(format!("line {}: {absent:?} is not in {text}", self.line))
    }
}

fn check(fill: impl FnOnce(&mut Table)) {
    let (_folder, session) = session(64 << 20, 1);
    let mut table = Table { session, cases: Vec::new() };
    fill(&mut table);
    let next = table.cases.iter().skip(1).map(|case| case.line).chain([u32::MAX]);
    let wrong: Vec<String> = table.cases.iter().zip(next).filter_map(|(case, next)| case.wrong(next)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn x() -> Array<f64> {
    Array::zeros(&[3, 5], [2, 5])
}

fn y() -> Array<f64> {
    Array::zeros(&[4, 5], [4, 5])
}

fn n() -> Array<i32> {
    Array::zeros(&[3, 5], [2, 5])
}

fn none() -> Array<f64> {
    Array::zeros(&[0, 5], [1, 5])
}

#[test]
fn elementwise_operations() {
    const BOTH: &[&str] = &["[3, 5]", "[4, 5]", "float64"];
    let k = Array::<i32>::zeros(&[4, 5], [4, 5]);
    check(|table| {
        table.case("add", BOTH, &x() + &y());
        table.case("subtract", BOTH, &x() - &y());
        table.case("multiply", BOTH, &x() * &y());
        table.case("divide", BOTH, &x() / &y());
        table.case("add", BOTH, x() + y());
        table.case("divide", BOTH, x().divide(&y()));
        table.case("power", BOTH, x().power(&y()));
        table.case("floor_divide", BOTH, x().floor_divide(&y()));
        table.case("remainder", BOTH, x().remainder(&y()));
        table.case("fmod", BOTH, x().fmod(&y()));
        table.case("maximum", BOTH, x().maximum(&y()));
        table.case("minimum", BOTH, x().minimum(&y()));
        table.case("fmax", BOTH, x().fmax(&y()));
        table.case("fmin", BOTH, x().fmin(&y()));
        table.case("hypot", BOTH, x().hypot(&y()));
        table.case("arctan2", BOTH, x().arctan2(&y()));
        table.case("copysign", BOTH, x().copysign(&y()));
        table.case("equal", BOTH, x().equal(&y()));
        table.case("not_equal", BOTH, x().not_equal(&y()));
        table.case("less", BOTH, x().less(&y()));
        table.case("less_equal", BOTH, x().less_equal(&y()));
        table.case("greater", BOTH, x().greater(&y()));
        table.case("greater_equal", BOTH, x().greater_equal(&y()));
        table.case("isclose", BOTH, x().isclose(&y(), Tolerance::default()));
        table.case("logical_and", BOTH, x().logical_and(&y()));
        table.case("logical_or", BOTH, x().logical_or(&y()));
        table.case("logical_xor", BOTH, x().logical_xor(&y()));
        table.case("bitwise_and", &["[3, 5]", "[4, 5]", "int32"], n().bitwise_and(&k));
        table.case("bitwise_or", &["[3, 5]", "[4, 5]", "int32"], &n() | &k);
        table.case("bitwise_xor", &["[3, 5]", "[4, 5]", "int32"], &n() ^ &k);
        table.case("left_shift", &["[3, 5]", "[4, 5]", "int32"], n().left_shift(&k));
        table.case("right_shift", &["[3, 5]", "[4, 5]", "int32"], n().right_shift(&k));
        table.case("clip", BOTH, x().clip(&y(), 1.0));
        table.case("clip", BOTH, x().clip(0.0, &y()));
        table.case("where", &["[3, 5]", "[4, 5]", "bool"], x().isnan().where_(&y(), 0.0));
        table.case("where", &["[3, 5]", "[4, 5]", "bool"], x().isnan().where_(0.0, &y()));
        table.case("masked", &["[3, 5]", "[4, 5]", "bool"], x().masked(&y().isnan(), 0.0));
        table.case("broadcast_to", &["[3, 5]", "[3, 6]"], x().broadcast_to(&[3, 6]));
        // The first error is the one that comes out, whatever is done next.
        table.case("add", BOTH, (&x() + &y()).exp().sum(0).transpose().rechunk([7]).astype::<f32>());
        table.case("power", &["negative"], n().power(-2));
    });
}

#[test]
fn reductions() {
    const AXIS: &[&str] = &["axis 2", "[3, 5]", "float64"];
    const EMPTY: &[&str] = &["[0, 5]", "float64"];
    check(|table| {
        table.case("sum", AXIS, x().sum(2));
        table.case("sum", &["axis -1", "named twice", "[3, 5]"], x().sum([1, -1]));
        table.case("nansum", AXIS, x().nansum(keepdims(2)));
        table.case("mean", AXIS, x().mean(2));
        table.case("nanmean", AXIS, x().nanmean(2));
        table.case("prod", AXIS, x().prod(2));
        table.case("nanprod", AXIS, x().nanprod(2));
        table.case("var", AXIS, x().var(2));
        table.case("nanvar", AXIS, x().nanvar_ddof(2, 1));
        table.case("std", AXIS, x().std_ddof(2, 1));
        table.case("nanstd", AXIS, x().nanstd(2));
        table.case("count", AXIS, x().count(2));
        table.case("any", AXIS, x().any(2));
        table.case("all", AXIS, x().all(2));
        table.case("count_nonzero", AXIS, x().count_nonzero(2));
        table.case("min", AXIS, x().min(2));
        table.case("min", EMPTY, none().min(0));
        table.case("max", EMPTY, none().max(..));
        table.case("nanmin", EMPTY, none().nanmin(0));
        table.case("nanmax", EMPTY, none().nanmax(0));
        table.case("ptp", EMPTY, none().ptp(0));
        table.case("ptp", AXIS, x().ptp(2));
        table.case("argmin", AXIS, x().argmin(2));
        table.case("argmax", EMPTY, none().argmax(0));
        table.case("nanargmin", EMPTY, none().nanargmin(0));
        table.case("nanargmax", AXIS, x().nanargmax(2));
        table.case("average", &["[3, 5]", "[4, 5]"], x().average(0, &y()));
        table.case("average", AXIS, x().average(2, &x()));
        table.case("nanaverage", &["[3, 5]", "[4, 5]"], x().nanaverage(0, &y()));
        table.case("median", AXIS, x().median(2));
        table.case("nanmedian", AXIS, x().nanmedian(2));
        table.case("quantile", &["1.5", "[3, 5]"], x().quantile(1.5, 0));
        table.case("quantile", AXIS, x().quantile_by([0.5], 2, Method::Hazen));
        table.case("nanquantile", AXIS, x().nanquantile(0.5, 2));
        table.case("nanquantile", &["-1", "[3, 5]"], x().nanquantile_by(-1.0, 0, Method::Lower));
        table.case("percentile", &["101", "[3, 5]"], x().percentile(101.0, 0));
        table.case("nanpercentile", AXIS, x().nanpercentile(50.0, 2));
    });
}

#[test]
fn moves() {
    const AXIS: &[&str] = &["axis 2", "[3, 5]", "float64"];
    const BOTH: &[&str] = &["[3, 5]", "[4, 5, 1]"];
    let deep = Array::<f64>::zeros(&[4, 5, 1], [4, 5, 1]);
    check(|table| {
        table.case("slice", &["step 0", "[3, 5]"], x().slice(&[Slice::all().step(0)]));
        table.case("slice", &["3 slices", "[3, 5]"], x().slice(&[Slice::all(); 3]));
        table.case("index_axis", &["index 3", "[3, 5]"], x().index_axis(0, 3));
        table.case("index_axis", AXIS, x().index_axis(2, 0));
        table.case("take", &["index -4", "[3, 5]"], x().take(&[-4], 0));
        table.case("permute_axes", &["[0]", "[3, 5]"], x().permute_axes(&[0]));
        table.case("swapaxes", AXIS, x().swapaxes(0, 2));
        table.case("moveaxis", AXIS, x().moveaxis(2, 0));
        table.case("squeeze", &["axis 0 has length 3", "[3, 5]"], x().squeeze(0));
        table.case("expand_dims", &["axis 3", "[3, 5]"], x().expand_dims(3));
        table.case("reshape", &["[3, 5]", "[4, -1]"], x().reshape(&[4, -1]));
        table.case("flip", AXIS, x().flip(2));
        table.case("roll", AXIS, x().roll(1, 2));
        table.case("repeat", AXIS, x().repeat(2, 2));
        table.case("tile", &["[3, 5]"], x().tile(&[usize::MAX]));
        table.case("pad", &["3 widths", "[3, 5]"], x().pad(&[(1, 1); 3], Pad::Edge));
        table.case("concatenate", BOTH, Array::concatenate(&[x(), deep.clone()], 0));
        table.case("concatenate", AXIS, Array::concatenate(&[x(), x()], 2));
        table.case("concatenate", &["no array"], Array::<f64>::concatenate(&[], 0));
        table.case("stack", &["[3, 5]", "[4, 5]"], Array::stack(&[x(), y()], 0));
        table.case("hstack", &["[3, 5]", "[4, 5]"], Array::hstack(&[x(), y()]));
        table.case("vstack", BOTH, Array::vstack(&[x(), deep.clone()]));
        table.case("diff", AXIS, x().diff(1, 2));
        table.case("cumsum", AXIS, x().cumsum(2));
        table.case("nancumsum", AXIS, x().nancumsum(2));
        table.case("cumprod", AXIS, x().cumprod(2));
        table.case("nancumprod", AXIS, x().nancumprod(2));
        table.case("sort", AXIS, x().sort(2));
        table.case("topk", AXIS, x().topk(1, 2));
        table.case("rechunk", &["[3, 5]"], x().rechunk([1, 1, 1]));
        table.case("group_by", AXIS, x().group_by(2, &[None]).sum());
        table.case("group_by", &["2 rows", "[3, 5]"], x().group_by(0, &[None, None]).nanmean());
    });
}

#[test]
fn products_and_functions_of_blocks() {
    const BOTH: &[&str] = &["[3, 5]", "[4, 5]", "float64"];
    let rows = ChunkGrid::regular(&[9], &[1]);
    check(|table| {
        table.case("matmul", BOTH, x().matmul(&y()));
        table.case("dot", BOTH, x().dot(&y()));
        table.case("dot", &["[]", "[3, 5]"], Array::from(1.0).dot(&x()));
        table.case("tensordot", BOTH, x().tensordot(&y(), 2));
        table.case("tensordot", BOTH, x().tensordot(&y(), ([0], [2])));
        table.case("map_blocks", &["[3, 5]"], {
            x().map_blocks_with(MapBlocks::new().chunks(rows.clone()), |block, _| block.to_owned())
        });
        table.case("zip_blocks", &["[3, 5]", "[4, 5]"], {
            x().zip_blocks(&y(), MapBlocks::new(), |x, _, _| x.to_owned())
        });
        table.case("map_overlap", &["depth of 4", "[3, 5]"], {
            x().map_overlap(Overlap::new(&[4, 0]).boundary(Boundary::Reflect), |block, _| block.to_owned())
        });
        table.case("map_overlap", &["1 depths", "[3, 5]"], {
            x().map_overlap(Overlap::new(&[1]), |block, _| block.to_owned())
        });
    });
}

#[test]
fn creation() {
    check(|table| {
        table.case("zeros", &["[3, 5]"], Array::<f64>::zeros(&[3, 5], [1, 1, 1]));
        table.case("ones", &["[3, 5]"], Array::<f64>::ones(&[3, 5], [1, 1, 1]));
        table.case("full", &["[3, 5]"], Array::full(&[3, 5], 1_u8, [1, 1, 1]));
        table.case("eye", &["[3, 5]"], Array::<f64>::eye(3, 5, 0, [1, 1, 1]));
        table.case("identity", &["[3, 3]"], Array::<f64>::identity(3, [1, 1, 1]));
        table.case("arange", &["steps of 0"], Array::arange(0, 5, 0, [1]));
        table.case("linspace", &["[5]"], Array::linspace(0.0, 1.0, 5, [1, 1]));
        table.case("linspace", &["[5]"], Array::linspace_open(0.0, 1.0, 5, [1, 1]));
        table.case("from_fn", &["[3, 5]"], Array::from_fn(&[3, 5], &[1], |_| 0.0));
        table.case("from_ndarray", &["[2]"], Array::from_ndarray(ndarray_of_two(), &[0]));
        table.case("uniform", &["low is 1"], Generator::new(0).uniform(1.0, 0.0, &[2], "auto"));
        table.case("normal", &["deviation -1"], Generator::new(0).normal(1.0, -1.0, &[2], "auto"));
        table.case("integers", &["high 0"], Generator::new(0).integers(0, 0, &[2], "auto"));
        table.case("integers", &["[2]"], Generator::new(0).integers(0, 9, &[2], [1, 1]));
    });
}

fn ndarray_of_two() -> thermocline::ndarray::ArrayD<f64> {
    thermocline::ndarray::arr1(&[1.0, 2.0]).into_dyn()
}
