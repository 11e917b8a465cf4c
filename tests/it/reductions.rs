//! Every reduction against a plain loop over the values that are reduced to one: a line each.

use std::collections::HashMap;

use ndarray::{ArrayD, IxDyn};
use thermocline::array::{Axes, keepdims};
use thermocline::{Array, Complex, Error, ndarray};

use crate::operands::{Bench, LARGE, Sample};
use crate::sources::indices;
use crate::support::session;

type C64 = Complex<f64>;
type C32 = Complex<f32>;

/// A name, the reduction, and what it is of the values that are reduced to one, in C order; nothing where it is an error.
type Line<T, U> = (&'static str, fn(&Array<T>, &dyn Axes) -> Array<U>, fn(&[T]) -> Option<U>);

/// The reduced axes of `shape`: some, none or all; negative ones count from the end.
fn some_axes(bench: &mut Bench, shape: &[usize]) -> Vec<i32> {
    let ndim = shape.len() as i32;
    let mut axes: Vec<i32> = (0..ndim).filter(|_| bench.random.one_in(2)).collect();
    if bench.random.one_in(2) {
        axes.reverse();
    }
    axes.iter().map(|&axis| if bench.random.one_in(3) { axis - ndim } else { axis }).collect()
}

fn is_reduced(axes: &[i32], ndim: usize, axis: usize) -> bool {
    axes.iter().any(|&other| other.rem_euclid(ndim as i32) as usize == axis)
}

/// The result of a plain loop, with the reduced axes of length 1; nothing where an element is an error.
fn plain<T: Sample, U: Sample>(dense: &ArrayD<T>, axes: &[i32], of: fn(&[T]) -> Option<U>) -> Option<ArrayD<U>> {
    let ndim = dense.ndim();
    let kept = |at: &[usize]| -> Vec<usize> {
        at.iter().enumerate().map(|(axis, &at)| if is_reduced(axes, ndim, axis) { 0 } else { at }).collect()
    };
    let mut lists: HashMap<Vec<usize>, Vec<T>> = HashMap::new();
    for at in indices(dense.shape()) {
        lists.entry(kept(&at)).or_default().push(dense[IxDyn(&at)]);
    }
    let shape: Vec<usize> = dense
        .shape()
        .iter()
        .enumerate()
        .map(|(axis, &len)| if is_reduced(axes, ndim, axis) { 1 } else { len })
        .collect();
    let values: Option<Vec<U>> = indices(&shape).map(|at| of(lists.get(&at).map_or(&[], Vec::as_slice))).collect();
    values.map(|values| ArrayD::from_shape_vec(IxDyn(&shape), values).unwrap())
}

fn without_axes<U: Clone>(result: ArrayD<U>, axes: &[i32]) -> ArrayD<U> {
    let ndim = result.ndim();
    let shape: Vec<usize> =
        (0..ndim).filter(|&axis| !is_reduced(axes, ndim, axis)).map(|axis| result.shape()[axis]).collect();
    result.into_shape_with_order(IxDyn(&shape)).unwrap()
}

fn check<T: Sample, U: Sample>(bench: &mut Bench, table: &[Line<T, U>]) {
    for (name, reduce, of) in table {
        for round in 0..24 {
            bench.turn();
            let shape = bench.shape();
            let x = bench.operand::<T>(&shape);
            let axes = some_axes(bench, &shape);
            let keeps = round % 4 == 0;
            let lazy = if keeps { reduce(&x.lazy, &keepdims(&axes[..])) } else { reduce(&x.lazy, &&axes[..]) };
            let what = format!("{name} of {} {shape:?} over {axes:?}", T::DTYPE);
            match plain(&x.dense, &axes, *of) {
                Some(expected) => {
                    // NumPy refuses these even where the result has no element.
                    let refuses = of(&[]).is_none()
                        && axes.iter().any(|&axis| shape[axis.rem_euclid(shape.len() as i32) as usize] == 0);
                    if refuses {
                        assert!(lazy.checked().is_err(), "{what}");
                        continue;
                    }
                    let expected = if keeps { expected } else { without_axes(expected, &axes) };
                    bench.assert_is(&lazy, &expected, &what);
                }
                None => assert!(bench.session().compute(&lazy).is_err(), "{what}"),
            }
        }
    }
    bench.assert_at_rest();
}

fn valid(values: &[f64]) -> Vec<f64> {
    values.iter().copied().filter(|value| !value.is_nan()).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// NumPy's: the divisor is not negative.
fn variance(values: &[f64], ddof: usize) -> f64 {
    let mean = mean(values);
    values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len().saturating_sub(ddof) as f64
}

/// NumPy's nanvar: NaN where the divisor is not positive.
fn nan_variance(values: &[f64], ddof: usize) -> f64 {
    let valid = valid(values);
    if valid.len() <= ddof { f64::NAN } else { variance(&valid, ddof) }
}

/// The first place of what no other is `better` than.
fn first_best<T: Copy>(values: &[T], better: impl Fn(T, T) -> bool) -> Option<i64> {
    let mut best = 0;
    for (at, &value) in values.iter().enumerate() {
        if better(value, values[best]) {
            best = at;
        }
    }
    if values.is_empty() { None } else { Some(best as i64) }
}

fn nan_or(values: &[f64], of: fn(f64, f64) -> f64) -> Option<f64> {
    values.iter().copied().reduce(|a, b| if a.is_nan() || b.is_nan() { f64::NAN } else { of(a, b) })
}

fn first_nan(values: &[f64]) -> Option<i64> {
    values.iter().position(|value| value.is_nan()).map(|place| place as i64)
}

#[test]
fn reductions_of_floats() {
    let mut bench = Bench::new(21);
    check::<f64, f64>(
        &mut bench,
        &[
            ("sum", |x, axes| x.sum(axes), |v| Some(v.iter().sum())),
            ("nansum", |x, axes| x.nansum(axes), |v| Some(valid(v).iter().sum())),
            ("prod", |x, axes| x.map(|v| v / 8.0).prod(axes), |v| Some(v.iter().map(|v| v / 8.0).product())),
            (
                "nanprod",
                |x, axes| x.clip(0.5, 2.0).nanprod(axes),
                |v| Some(valid(v).iter().map(|v| v.clamp(0.5, 2.0)).product()),
            ),
            ("mean", |x, axes| x.mean(axes), |v| Some(mean(v))),
            ("nanmean", |x, axes| x.nanmean(axes), |v| Some(mean(&valid(v)))),
            ("min", |x, axes| x.min(axes), |v| nan_or(v, f64::min)),
            ("max", |x, axes| x.max(axes), |v| nan_or(v, f64::max)),
            ("nanmin", |x, axes| x.nanmin(axes), |v| v.iter().copied().reduce(f64::min)),
            ("nanmax", |x, axes| x.nanmax(axes), |v| v.iter().copied().reduce(f64::max)),
            ("ptp", |x, axes| x.ptp(axes), |v| Some(nan_or(v, f64::max)? - nan_or(v, f64::min)?)),
            ("var", |x, axes| x.var(axes), |v| Some(variance(v, 0))),
            ("std", |x, axes| x.std(axes), |v| Some(variance(v, 0).sqrt())),
            (
                "var_ddof",
                |x, axes| x.clip(-9.0, 9.5).var_ddof(axes, 2),
                |v| Some(variance(&v.iter().map(|v| v.clamp(-9.0, 9.5)).collect::<Vec<_>>(), 2)),
            ),
            ("std_ddof", |x, axes| x.std_ddof(axes, 1), |v| Some(variance(v, 1).sqrt())),
            ("nanvar", |x, axes| x.nanvar(axes), |v| Some(nan_variance(v, 0))),
            ("nanstd", |x, axes| x.nanstd(axes), |v| Some(nan_variance(v, 0).sqrt())),
            ("nanvar_ddof", |x, axes| x.nanvar_ddof(axes, 1), |v| Some(nan_variance(v, 1))),
            ("nanstd_ddof", |x, axes| x.nanstd_ddof(axes, 3), |v| Some(nan_variance(v, 3).sqrt())),
        ],
    );
    check::<f64, i64>(
        &mut bench,
        &[
            ("count", |x, axes| x.count(axes), |v| Some(valid(v).len() as i64)),
            (
                "count_nonzero",
                |x, axes| x.count_nonzero(axes),
                |v| Some(v.iter().filter(|&&v| v != 0.0).count() as i64),
            ),
            ("argmin", |x, axes| x.argmin(axes), |v| first_nan(v).or_else(|| first_best(v, |a, b| a < b))),
            ("argmax", |x, axes| x.argmax(axes), |v| first_nan(v).or_else(|| first_best(v, |a, b| a > b))),
            (
                "nanargmin",
                |x, axes| x.nanargmin(axes),
                |v| first_best(v, |a, b| a < b || (b.is_nan() && !a.is_nan())).filter(|&at| !v[at as usize].is_nan()),
            ),
            (
                "nanargmax",
                |x, axes| x.nanargmax(axes),
                |v| first_best(v, |a, b| a > b || (b.is_nan() && !a.is_nan())).filter(|&at| !v[at as usize].is_nan()),
            ),
            (
                "argmin of ties",
                |x, axes| x.rint().clip(-1.0, 0.0).nan_to_num().argmin(axes),
                |v| {
                    let v: Vec<f64> =
                        v.iter().map(|v| if v.is_nan() { 0.0 } else { v.round_ties_even().clamp(-1.0, 0.0) }).collect();
                    first_best(&v, |a, b| a < b)
                },
            ),
        ],
    );
    check::<f64, bool>(
        &mut bench,
        &[
            ("any", |x, axes| x.rint().any(axes), |v| Some(v.iter().any(|v| v.round_ties_even() != 0.0))),
            ("all", |x, axes| x.all(axes), |v| Some(v.iter().all(|&v| v != 0.0))),
        ],
    );
    bench.finish();
}

#[test]
fn reductions_of_f32_are_computed_in_f64() {
    let mut bench = Bench::new(22);
    check::<f32, f32>(
        &mut bench,
        &[
            ("sum", |x, axes| x.sum(axes), |v| Some(v.iter().map(|&v| f64::from(v)).sum::<f64>() as f32)),
            (
                "prod",
                |x, axes| x.map(|v| v / 4.0).prod(axes),
                |v| Some(v.iter().map(|&v| f64::from(v / 4.0)).product::<f64>() as f32),
            ),
            (
                "mean",
                |x, axes| x.mean(axes),
                |v| Some((v.iter().map(|&v| f64::from(v)).sum::<f64>() / v.len() as f64) as f32),
            ),
            (
                "ptp",
                |x, axes| x.nan_to_num().ptp(axes),
                |v| {
                    let v: Vec<f32> =
                        v.iter().map(|&v| if v.is_nan() { 0.0 } else { v.clamp(f32::MIN, f32::MAX) }).collect();
                    Some(v.iter().copied().reduce(f32::max)? - v.iter().copied().reduce(f32::min)?)
                },
            ),
            (
                "std",
                |x, axes| x.std(axes),
                |v| Some(variance(&v.iter().map(|&v| v.into()).collect::<Vec<_>>(), 0).sqrt() as f32),
            ),
        ],
    );
    check::<f32, i64>(
        &mut bench,
        &[(
            "argmax",
            |x, axes| x.argmax(axes),
            |v| {
                let nan = v.iter().position(|v| v.is_nan()).map(|at| at as i64);
                nan.or_else(|| first_best(v, |a, b| a > b))
            },
        )],
    );
    bench.finish();
}

#[test]
fn reductions_of_integers_wrap() {
    let mut bench = Bench::new(23);
    check::<i64, i64>(
        &mut bench,
        &[
            ("sum", |x, axes| x.sum(axes), |v| Some(v.iter().fold(0, |a, &b| a.wrapping_add(b)))),
            ("prod", |x, axes| x.prod(axes), |v| Some(v.iter().fold(1, |a, &b| a.wrapping_mul(b)))),
            ("min", |x, axes| x.min(axes), |v| v.iter().copied().min()),
            ("nanmax", |x, axes| x.nanmax(axes), |v| v.iter().copied().max()),
            ("ptp", |x, axes| x.ptp(axes), |v| Some(v.iter().max()?.wrapping_sub(*v.iter().min()?))),
            ("argmin", |x, axes| x.argmin(axes), |v| first_best(v, |a, b| a < b)),
            ("nanargmax", |x, axes| x.nanargmax(axes), |v| first_best(v, |a, b| a > b)),
            ("count", |x, axes| x.count(axes), |v| Some(v.len() as i64)),
        ],
    );
    check::<u64, i64>(
        &mut bench,
        &[
            ("argmin", |x, axes| x.argmin(axes), |v| first_best(v, |a, b| a < b)),
            ("argmax", |x, axes| x.argmax(axes), |v| first_best(v, |a, b| a > b)),
        ],
    );
    check::<u8, u64>(
        &mut bench,
        &[
            ("sum", |x, axes| x.sum(axes), |v| Some(v.iter().map(|&v| u64::from(v)).sum())),
            ("prod", |x, axes| x.prod(axes), |v| Some(v.iter().fold(1, |a: u64, &b| a.wrapping_mul(b.into())))),
            ("max", |x, axes| x.max(axes).astype(), |v| v.iter().map(|&v| v.into()).max()),
        ],
    );
    check::<i16, f64>(
        &mut bench,
        &[
            ("mean", |x, axes| x.mean(axes), |v| Some(mean(&v.iter().map(|&v| v.into()).collect::<Vec<_>>()))),
            (
                "var_ddof",
                |x, axes| x.var_ddof(axes, 1),
                |v| Some(variance(&v.iter().map(|&v| v.into()).collect::<Vec<_>>(), 1)),
            ),
        ],
    );
    bench.finish();
}

#[test]
fn means_of_large_integers_do_not_wrap() {
    let (_folder, session) = session(64 << 20, 2);
    let x = Array::<i64>::full(&[5, 8], i64::MAX - 7, [2, 8]);
    assert_eq!(session.compute(&x.mean(..)).unwrap()[[]], i64::MAX as f64);
    assert_eq!(session.compute(&x.astype::<u64>().nanmean(0)).unwrap()[[3]], i64::MAX as f64);
    // Integers have no NaN, so that their forms for NaN are the plain ones, with no degree of freedom, too.
    let none = session.compute((&x.nanvar_ddof(0, 5), &x.var_ddof(0, 5))).unwrap();
    assert_eq!(
        none.0.iter().map(|value| value.to_bits()).collect::<Vec<_>>(),
        none.1.iter().map(|value| value.to_bits()).collect::<Vec<_>>()
    );
}

#[test]
fn reductions_of_bools() {
    let mut bench = Bench::new(24);
    check::<bool, bool>(
        &mut bench,
        &[
            ("any", |x, axes| x.any(axes), |v| Some(v.contains(&true))),
            ("all", |x, axes| x.all(axes), |v| Some(!v.contains(&false))),
            ("min", |x, axes| x.min(axes), |v| v.iter().copied().min()),
            ("max", |x, axes| x.max(axes), |v| v.iter().copied().max()),
        ],
    );
    check::<bool, i64>(
        &mut bench,
        &[
            ("sum", |x, axes| x.sum(axes), |v| Some(v.iter().filter(|&&v| v).count() as i64)),
            ("prod", |x, axes| x.prod(axes), |v| Some(i64::from(!v.contains(&false)))),
            ("count_nonzero", |x, axes| x.count_nonzero(axes), |v| Some(v.iter().filter(|&&v| v).count() as i64)),
            ("argmax", |x, axes| x.argmax(axes), |v| first_best(v, |a, b| a & !b)),
            ("argmin", |x, axes| x.argmin(axes), |v| first_best(v, |a, b| !a & b)),
        ],
    );
    check::<bool, f64>(
        &mut bench,
        &[
            ("mean", |x, axes| x.mean(axes), |v| Some(mean(&v.iter().map(|&v| f64::from(v)).collect::<Vec<_>>()))),
            (
                "std",
                |x, axes| x.std(axes),
                |v| Some(variance(&v.iter().map(|&v| f64::from(v)).collect::<Vec<_>>(), 0).sqrt()),
            ),
        ],
    );
}

fn complex_variance(values: &[C64], ddof: usize, skip: bool) -> f64 {
    let is_nan = |v: &C64| v.re.is_nan() || v.im.is_nan();
    let values: Vec<C64> = values.iter().copied().filter(|v| !(skip && is_nan(v))).collect();
    if skip && values.len() <= ddof {
        return f64::NAN;
    }
    let mean = values.iter().sum::<C64>() / values.len() as f64;
    values.iter().map(|v| (v - mean).norm_sqr()).sum::<f64>() / values.len().saturating_sub(ddof) as f64
}

#[test]
fn reductions_of_complex_numbers() {
    let mut bench = Bench::new(25);
    check::<C64, C64>(
        &mut bench,
        &[
            ("sum", |x, axes| x.sum(axes), |v| Some(v.iter().sum())),
            ("nansum", |x, axes| x.nansum(axes), |v| Some(v.iter().filter(|v| !v.re.is_nan()).sum())),
            ("prod", |x, axes| x.map(|v| v / 8.0).prod(axes), |v| Some(v.iter().map(|v| v / 8.0).product())),
            ("mean", |x, axes| x.mean(axes), |v| Some(v.iter().sum::<C64>() / v.len() as f64)),
            (
                "nanmean",
                |x, axes| x.nanmean(axes),
                |v| {
                    let v: Vec<_> = v.iter().filter(|v| !v.re.is_nan()).collect();
                    Some(v.iter().copied().sum::<C64>() / v.len() as f64)
                },
            ),
        ],
    );
    check::<C64, f64>(
        &mut bench,
        &[
            ("var", |x, axes| x.var(axes), |v| Some(complex_variance(v, 0, false))),
            ("std_ddof", |x, axes| x.std_ddof(axes, 1), |v| Some(complex_variance(v, 1, false).sqrt())),
            ("nanvar_ddof", |x, axes| x.nanvar_ddof(axes, 1), |v| Some(complex_variance(v, 1, true))),
            ("nanstd", |x, axes| x.nanstd(axes), |v| Some(complex_variance(v, 0, true).sqrt())),
        ],
    );
    check::<C32, f32>(
        &mut bench,
        &[(
            "std",
            |x, axes| x.std(axes),
            |v| {
                let wide: Vec<C64> = v.iter().map(|v| C64::new(v.re.into(), v.im.into())).collect();
                Some(complex_variance(&wide, 0, false).sqrt() as f32)
            },
        )],
    );
    check::<C32, bool>(
        &mut bench,
        &[("any", |x, axes| x.any(axes), |v| Some(v.iter().any(|v| *v != C32::new(0.0, 0.0))))],
    );
    check::<C32, i64>(
        &mut bench,
        &[("count", |x, axes| x.count(axes), |v| Some(v.iter().filter(|v| !v.re.is_nan()).count() as i64))],
    );
    bench.finish();
}

#[test]
fn averages_are_weighted() {
    let mut bench = Bench::new(26);
    for round in 0..60 {
        bench.turn();
        let mut shape = bench.shape();
        shape.iter_mut().for_each(|length| *length = (*length).max(1));
        let x = bench.operand::<f64>(&shape);
        let axes = some_axes(&mut bench, &shape);
        // As the array, along the reduced axes alone, or broadcast.
        let along: Vec<usize> = (0..shape.len()).filter(|&axis| is_reduced(&axes, shape.len(), axis)).collect();
        let (own, full): (Vec<usize>, Vec<usize>) = match round % 3 {
            0 => (shape.clone(), shape.clone()),
            1 => {
                let place = |axis: usize| if along.contains(&axis) { shape[axis] } else { 1 };
                (along.iter().map(|&axis| shape[axis]).collect(), (0..shape.len()).map(place).collect())
            }
            _ => (vec![1; shape.len()], vec![1; shape.len()]),
        };
        let weights = ArrayD::from_shape_fn(IxDyn(&own), |_| 1 + bench.random.below(9) as i32);
        let chunk = bench.chunk(&own);
        let lazy_weights = Array::from_ndarray(weights.clone(), &chunk);
        let placed = weights.into_shape_with_order(IxDyn(&full)).unwrap();
        let placed = placed.broadcast(IxDyn(&shape)).unwrap().mapv(f64::from);
        let with = ndarray::Zip::from(&x.dense).and(&placed).map_collect(|&x, &weight| C64::new(x, weight));
        let expected = plain(&with, &axes, |v| {
            Some(v.iter().map(|v| v.re * v.im).sum::<f64>() / v.iter().map(|v| v.im).sum::<f64>())
        });
        let what = format!("average of {shape:?} over {axes:?} with weights {own:?}");
        bench.assert_is(&x.lazy.average(&axes[..], &lazy_weights), &without_axes(expected.unwrap(), &axes), &what);
        let expected = plain(&with, &axes, |v| {
            let v: Vec<_> = v.iter().filter(|v| !v.re.is_nan()).collect();
            Some(v.iter().map(|v| v.re * v.im).sum::<f64>() / v.iter().map(|v| v.im).sum::<f64>())
        });
        bench.assert_is(&x.lazy.nanaverage(&axes[..], &lazy_weights), &without_axes(expected.unwrap(), &axes), &what);
        let turned = x.lazy.map(|v| C32::new(v as f32, -v as f32)).average(&axes[..], &lazy_weights);
        let expected = bench.session().compute(&x.lazy.astype::<f32>().average(&axes[..], &lazy_weights)).unwrap();
        bench.assert_is(&turned, &expected.mapv(|v| C32::new(v, -v)), &what);
    }
    let x = Array::<f64>::ones(&[2, 3], [1, 3]);
    let error = bench.session().compute(&x.average(0, &Array::from_iter([1, -1]))).unwrap_err().to_string();
    assert!(
        error.contains("average at") && error.contains("reductions.rs") && error.contains("sum to zero"),
        "{error}"
    );
    let error = x.average(0, &Array::from_iter([1, 2, 3, 4])).checked().unwrap_err().to_string();
    assert!(error.contains("[4]") && error.contains("[2, 3]") && error.contains("[2]"), "{error}");
    bench.finish();
}

/// The slope by the textbook: deviations from the means of what is there.
fn slope_of(pairs: &[(f64, f64)]) -> f64 {
    let mean = |of: fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>() / pairs.len() as f64;
    let (x, t) = (mean(|pair| pair.0), mean(|pair| pair.1));
    let products: f64 = pairs.iter().map(|pair| (pair.0 - x) * (pair.1 - t)).sum();
    products / pairs.iter().map(|pair| (pair.1 - t).powi(2)).sum::<f64>()
}

#[test]
fn slopes_are_those_of_lines_through_what_is_there() {
    let mut bench = Bench::new(27);
    for round in 0..60 {
        bench.turn();
        let mut shape = LARGE.to_vec();
        if round > 3 {
            shape = bench.small_shape();
            shape.push(1 + bench.random.below(40));
        }
        let axis = bench.random.below(shape.len());
        let x = bench.operand::<f64>(&shape);
        let places: Vec<f64> = (0..shape[axis]).map(|place| (place * place) as f64 + 0.5).collect();
        let along = &[axis as i32][..];
        let whole = ArrayD::from_shape_fn(x.dense.raw_dim(), |at| C64::new(x.dense[&at], places[at[axis]]));
        let from_end = axis as i32 - shape.len() as i32;
        for (skip, lazy) in [(false, x.lazy.slope(from_end, &places)), (true, x.lazy.nanslope(axis as i32, &places))] {
            let pairs = |v: &[C64]| -> Vec<(f64, f64)> {
                v.iter().filter(|v| !skip || !v.re.is_nan()).map(|v| (v.re, v.im)).collect()
            };
            // Where all places are one, there is no line.
            let lists = whole.map_axis(ndarray::Axis(axis), |lane| slope_of(&pairs(&lane.to_vec())));
            for (found, expected) in bench.values(&lazy, &"slope").iter().zip(&lists) {
                let near = (found - expected).abs() <= 1e-9 * expected.abs().max(1.0);
                assert!(
                    near || found.to_bits() == expected.to_bits() || (found.is_nan() && expected.is_nan()),
                    "{found} for {expected}: {along:?} of {shape:?}"
                );
            }
        }
    }
    bench.finish();
    let x = Array::<i32>::ones(&[3, 2], [2, 2]);
    let error = x.slope(0, &[1.0]).checked().unwrap_err().to_string();
    assert!(error.contains("slope at") && error.contains("1 places for axis 0") && error.contains("[3, 2]"), "{error}");
    assert!(x.nanslope(2, &[1.0]).checked().unwrap_err().to_string().contains("axis 2"));
    assert_eq!(bench.session().compute(&x.slope(0, &[1.0, 2.0, 3.0])).unwrap(), ArrayD::from_elem(IxDyn(&[2]), 0.0));
}

#[test]
fn a_slope_keeps_its_digits_far_from_zero() {
    let (_folder, session) = session(64 << 20, 2);
    // Milliseconds since 1970, a million kelvin, and a change of a thousandth in all: sums of squares would lose it.
    let places: Vec<f64> = (0..20_000).map(|day| 1.6e12 + 864e5 * f64::from(day)).collect();
    let value = |day: usize| 1e6 + 5e-8 * day as f64 + if day.is_multiple_of(2) { 0.25 } else { -0.25 };
    let x = Array::<f64>::from_fn(&[20_000, 2], &[700, 2], move |at| {
        if at[1] == 1 && at[0] % 3 != 0 { f64::NAN } else { value(at[0]) }
    });
    let found = session.compute(&x.nanslope(0, &places)).unwrap();
    for (column, step) in [(0, 1), (1, 3)] {
        let days = (0..20_000).step_by(step);
        let pairs: Vec<(f64, f64)> = days.map(|day| (value(day) - 1e6, f64::from(day as u32))).collect();
        let expected = slope_of(&pairs) / 864e5;
        assert!((found[column] / expected - 1.0).abs() < 1e-6, "{} for {expected}", found[column]);
    }
}

#[test]
fn places_that_are_nowhere_are_errors() {
    let (_folder, session) = session(16 << 20, 2);
    let rows = Array::from_ndarray(ndarray::arr2(&[[f64::NAN, f64::NAN], [1.0, f64::NAN]]).into_dyn(), &[1, 2]);
    let error = session.compute(&rows.nanargmin(1)).unwrap_err().to_string();
    assert!(error.contains("nanargmin at") && error.contains("reductions.rs") && error.contains("NaN"), "{error}");
    assert_eq!(session.compute(&rows.nanargmax(..)).unwrap()[[]], 2);
    assert_eq!(session.compute(&rows.argmax(keepdims(1))).unwrap(), ndarray::arr2(&[[0], [1]]).into_dyn());
    let none = Array::<f64>::zeros(&[0, 3], [1, 3]);
    for error in [none.argmin(0).checked().err(), none.nanargmax(..).checked().err(), none.ptp(0).checked().err()] {
        assert!(matches!(error, Some(Error::Operation { .. })), "{error:?}");
    }
    assert_eq!(session.compute(&none.argmin(1)).unwrap().shape(), [0]);
    assert!(none.any(2).checked().unwrap_err().to_string().contains("axis 2"));
}

/// f32 sums against exact integers, where NumPy's pairwise sum would be off: 2^24 + 1 is no f32, and each step of a plain sum
/// would lose what is added.
#[test]
fn sums_of_f32_are_rounded_once() {
    let (_folder, session) = session(64 << 20, 2);
    for chunk in [1 << 20, 99_991] {
        let x = Array::<f32>::from_fn(&[1 << 20], &[chunk], |at| {
            if at[0] == 0 { 16_777_216.0 } else { (at[0] % 7) as f32 + 0.25 }
        });
        let exact: f64 = 16_777_216.0 + (1..1 << 20).map(|at| f64::from(at % 7) + 0.25).sum::<f64>();
        assert_eq!(session.compute(&x.sum(..)).unwrap()[[]], exact as f32);
        assert_eq!(session.compute(&x.mean(..)).unwrap()[[]], (exact / f64::from(1 << 20)) as f32);
    }
}

/// Values of twice the limit, persisted: they must go to scratch and come back for the reductions.
#[test]
fn reductions_of_spilled_values() {
    let (_folder, session) = session(8 << 20, 2);
    let shape = [24, 1 << 16];
    let value = |at: &[usize]| ((at[0] * 131 + at[1] * 7) % 1009) as f64 - 500.0;
    let x = session.persist(&Array::from_fn(&shape, &[2, 1 << 15], value)).unwrap();
    let rows: Vec<Vec<f64>> = (0..shape[0]).map(|i| (0..shape[1]).map(|j| value(&[i, j])).collect()).collect();
    let table: [Line<f64, f64>; 5] = [
        ("std_ddof", |x, axes| x.std_ddof(axes, 1), |v| Some(variance(v, 1).sqrt())),
        ("ptp", |x, axes| x.ptp(axes), |v| Some(nan_or(v, f64::max)? - nan_or(v, f64::min)?)),
        ("argmax", |x, axes| x.argmax(axes).astype(), |v| first_best(v, |a, b| a > b).map(|at| at as f64)),
        (
            "count_nonzero",
            |x, axes| x.count_nonzero(axes).astype(),
            |v| Some(v.iter().filter(|&&v| v != 0.0).count() as f64),
        ),
        (
            "average",
            |x, axes| x.average(axes, &(x.abs() + 1.0)),
            |v| Some(v.iter().map(|v| v * (v.abs() + 1.0)).sum::<f64>() / v.iter().map(|v| v.abs() + 1.0).sum::<f64>()),
        ),
    ];
    for (name, reduce, of) in table {
        let before = session.stats();
        let found = session.compute(&reduce(&x, &1)).unwrap();
        for (found, row) in found.iter().zip(&rows) {
            assert!(of(row).unwrap().is_close(*found), "{name}: {found}");
        }
        let after = session.stats();
        assert!(after.reloaded_bytes > before.reloaded_bytes + (2 << 20), "{name}: {after:?}");
        assert!(after.spilled_bytes > 0 && after.ledger_peak_bytes <= 8 << 20, "{name}: {after:?}");
    }
    drop(x);
    crate::support::assert_at_rest(&session);
}
