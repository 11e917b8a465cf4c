//! Operations that move values about: each against a plain loop over indices, on arrays of every kind.

use ndarray::{ArrayD, Axis, IxDyn};
use thermocline::array::{ChunkGrid, Pad, Slice};
use thermocline::{Array, Complex, ndarray};

use crate::lab::{Kind, Lab, Sample, any_lazy, dense, lazy, shape};
use crate::support::{Random, session};

/// The array of `shape` whose elements are those of `values` at `place` of their index.
fn moved<T: Sample>(values: &ArrayD<T>, shape: &[usize], place: impl Fn(&[usize]) -> Vec<usize>) -> ArrayD<T> {
    ArrayD::from_shape_fn(IxDyn(shape), |at| {
        let at: Vec<usize> = (0..shape.len()).map(|axis| at[axis]).collect();
        values[IxDyn(&place(&at))]
    })
}

/// An operation, and what it gives: a lazy array and a dense one.
type Case<T> = (String, Array<T>, ArrayD<T>);

fn permutations<T: Sample>(random: &mut Random, x: &Array<T>, values: &ArrayD<T>) -> Vec<Case<T>> {
    let ndim = values.ndim();
    let mut axes: Vec<usize> = (0..ndim).collect();
    (1..ndim).for_each(|at| axes.swap(at, random.below(at + 1)));
    let signed: Vec<i32> =
        axes.iter().map(|&axis| if random.one_in(2) { axis as i32 } else { axis as i32 - ndim as i32 }).collect();
    let permuted = values.view().permuted_axes(axes.clone()).to_owned();
    let mut cases = vec![
        ("transpose".into(), x.transpose(), values.t().to_owned()),
        (format!("permute {axes:?}"), x.permute_axes(&signed), permuted),
    ];
    if ndim > 0 {
        let (a, b) = (random.below(ndim), random.below(ndim));
        let mut swapped = values.view();
        swapped.swap_axes(a, b);
        cases.push((format!("swap {a} {b}"), x.swapaxes(a as i32, b as i32 - ndim as i32), swapped.to_owned()));
        let mut order: Vec<usize> = (0..ndim).filter(|&axis| axis != a).collect();
        order.insert(b, a);
        let moved = values.view().permuted_axes(order).to_owned();
        cases.push((format!("move {a} {b}"), x.moveaxis(a as i32, b as i32), moved));
    }
    let place = random.below(ndim + 1);
    let expanded = values.clone().insert_axis(Axis(place));
    cases.push((format!("expand {place}"), x.expand_dims(place as i32), expanded.clone()));
    cases.push((format!("squeeze {place}"), x.expand_dims(place as i32).squeeze(place as i32), values.clone()));
    let long: Vec<usize> = values.shape().iter().copied().filter(|&length| length != 1).collect();
    cases.push(("squeeze all".into(), x.squeeze(..), values.to_shape(long).unwrap().to_owned()));
    let four = [vec![1; 5_usize.saturating_sub(ndim)], values.shape().to_vec()].concat();
    cases.push(("atleast 5".into(), x.atleast_nd(5), values.to_shape(four).unwrap().to_owned()));
    cases
}

fn picks<T: Sample>(random: &mut Random, x: &Array<T>, values: &ArrayD<T>) -> Vec<Case<T>> {
    let (ndim, shape) = (values.ndim(), values.shape().to_vec());
    if ndim == 0 {
        return vec![("flip nothing".into(), x.flip(..), values.clone())];
    }
    let axis = random.below(ndim);
    let length = shape[axis];
    let along = |count: usize, index: &dyn Fn(usize) -> usize| {
        let mut longer = shape.clone();
        longer[axis] = count;
        moved(values, &longer, |at| {
            let mut at = at.to_vec();
            at[axis] = index(at[axis]);
            at
        })
    };
    let named = axis as i32 - ndim as i32;
    let shift = random.below(30) as isize - 15;
    let rolled = |at: usize| (at as isize - shift).rem_euclid(length as isize) as usize;
    let count = random.below(4);
    let mut cases = vec![
        (format!("flip {axis}"), x.flip(named), along(length, &|at| length - 1 - at)),
        (format!("roll {shift} {axis}"), x.roll(shift, named), along(length, &rolled)),
        (format!("repeat {count} {axis}"), x.repeat(count, named), along(length * count, &|at| at / count)),
    ];
    let mut turned = values.view();
    (0..ndim).for_each(|axis| turned.invert_axis(Axis(axis)));
    cases.push(("flip all".into(), x.flip(..), turned.to_owned()));
    if length > 0 {
        let mut list: Vec<usize> = (0..random.below(12)).map(|_| random.below(length)).collect();
        match random.below(4) {
            0 => list.sort_unstable(),
            1 => list.sort_unstable_by(|a, b| b.cmp(a)),
            // Many runs to and fro.
            2 => list = (0..50).map(|_| random.below(length)).collect(),
            _ => {}
        }
        let signed: Vec<isize> =
            list.iter().map(|&at| if random.one_in(2) { at as isize } else { at as isize - length as isize }).collect();
        cases.push((format!("take {list:?} {axis}"), x.take(&signed, named), along(list.len(), &|at| list[at])));
        let index = random.below(length);
        let picked = values.index_axis(Axis(axis), index).to_owned();
        cases.push((format!("index {index} {axis}"), x.index_axis(named, index as isize - length as isize), picked));
    }
    let counts: Vec<usize> = (0..=random.below(ndim + 1)).map(|_| random.below(3)).collect();
    let lacking = counts.len().saturating_sub(ndim);
    let wide = [vec![1; lacking], shape.clone()].concat();
    let first = wide.len() - counts.len();
    let tiled: Vec<usize> =
        wide.iter().enumerate().map(|(at, &len)| if at < first { len } else { len * counts[at - first] }).collect();
    let expected = moved(values, &tiled, |at| at.iter().zip(&wide).map(|(at, len)| at % len).skip(lacking).collect());
    cases.push((format!("tile {counts:?}"), x.tile(&counts), expected));
    cases
}

/// The index that stands for one beyond an axis of a length.
type Wrapped<'a> = dyn Fn(isize, isize) -> isize + 'a;

/// NumPy's definition of each way of padding, index by index.
fn pads<T: Sample>(random: &mut Random, x: &Array<T>, values: &ArrayD<T>) -> Vec<Case<T>> {
    let shape = values.shape().to_vec();
    let widths: Vec<(usize, usize)> = shape.iter().map(|_| (random.below(9), random.below(9))).collect();
    let longer: Vec<usize> = shape.iter().zip(&widths).map(|(len, (a, b))| len + a + b).collect();
    let fill = T::sample(random);
    let inside =
        |at: &[usize]| (0..at.len()).all(|axis| (widths[axis].0..widths[axis].0 + shape[axis]).contains(&at[axis]));
    let framed = ArrayD::from_shape_fn(IxDyn(&longer), |at| {
        let at: Vec<usize> = (0..longer.len()).map(|axis| at[axis]).collect();
        if inside(&at) {
            let own: Vec<usize> = at.iter().zip(&widths).map(|(at, (before, _))| at - before).collect();
            values[IxDyn(&own)]
        } else {
            fill
        }
    });
    let mut cases = vec![(format!("pad constant {widths:?}"), x.pad(&widths, Pad::Constant(fill)), framed)];
    if shape.contains(&0) {
        return cases;
    }
    let reflect = |mut at: isize, len: isize, edge: isize| {
        // Thrown back at either end as often as it takes.
        loop {
            if at < 0 {
                at = -at - edge;
            } else if at >= len {
                at = 2 * len - 2 + edge - at;
            } else {
                return at;
            }
        }
    };
    let ways: [(Pad<T>, &Wrapped<'_>); 4] = [
        (Pad::Edge, &|at, len| at.clamp(0, len - 1)),
        (Pad::Wrap, &isize::rem_euclid),
        (Pad::Symmetric, &|at, len| reflect(at, len, 1)),
        (Pad::Reflect, &|at, len| if len == 1 { 0 } else { reflect(at, len, 0) }),
    ];
    for (pad, index) in ways {
        let expected = moved(values, &longer, |at| {
            let own = |axis: usize| index(at[axis] as isize - widths[axis].0 as isize, shape[axis] as isize) as usize;
            (0..at.len()).map(own).collect()
        });
        cases.push((format!("pad {pad:?} {widths:?}"), x.pad(&widths, pad), expected));
    }
    cases
}

fn joins<T: Sample>(random: &mut Random, x: &Array<T>, values: &ArrayD<T>) -> Vec<Case<T>> {
    let ndim = values.ndim();
    let others: Vec<ArrayD<T>> = (0..random.below(3)).map(|_| dense(random, values.shape())).collect();
    let all: Vec<_> = std::iter::once(values).chain(&others).map(|array| array.view()).collect();
    let lazies: Vec<Array<T>> =
        std::iter::once(x.clone()).chain(others.iter().map(|other| any_lazy(random, other))).collect();
    let axis = random.below(ndim + 1);
    let stacked = ndarray::stack(Axis(axis), &all).unwrap();
    let mut cases = vec![(format!("stack {axis}"), Array::stack(&lazies, axis as i32 - ndim as i32 - 1), stacked)];
    if ndim > 0 {
        let axis = random.below(ndim);
        let joined = ndarray::concatenate(Axis(axis), &all).unwrap();
        cases.push((format!("concatenate {axis}"), Array::concatenate(&lazies, axis as i32 - ndim as i32), joined));
        let side = usize::from(ndim > 1);
        cases.push(("hstack".into(), Array::hstack(&lazies), ndarray::concatenate(Axis(side), &all).unwrap()));
        let rows = if ndim == 1 { ndarray::stack(Axis(0), &all) } else { ndarray::concatenate(Axis(0), &all) };
        cases.push(("vstack".into(), Array::vstack(&lazies), rows.unwrap()));
    }
    cases
}

fn reshapes<T: Sample>(random: &mut Random, x: &Array<T>, values: &ArrayD<T>) -> Vec<Case<T>> {
    let mut cases = vec![
        ("ravel".into(), x.ravel(), values.flatten().to_owned().into_dyn()),
        ("flatten".into(), x.flatten(), values.flatten().to_owned().into_dyn()),
    ];
    for _ in 0..4 {
        // The prime factors, dealt out.
        let mut rest = values.len();
        let mut new = vec![1_usize; 1 + random.below(4)];
        let mut prime = 2;
        while rest > 1 {
            if rest.is_multiple_of(prime) {
                let place = random.below(new.len());
                new[place] *= prime;
                rest /= prime;
            } else {
                prime += 1;
            }
        }
        if values.is_empty() {
            new[0] = 0;
        }
        let mut wanted: Vec<isize> = new.iter().map(|&length| length as isize).collect();
        if random.one_in(2) && !values.is_empty() {
            let place = random.below(wanted.len());
            wanted[place] = -1;
        }
        let expected = values.to_shape(new.clone()).unwrap().to_owned();
        cases.push((format!("reshape {:?} to {new:?}", values.shape()), x.reshape(&wanted), expected.into_dyn()));
    }
    cases
}

fn check_all<T: Sample>(seeds: std::ops::Range<u64>) -> Lab {
    let mut lab = Lab::default();
    for seed in seeds {
        let mut random = Random::new(seed);
        let random = &mut random;
        let ndim = random.below(5);
        let shape = shape(random, ndim, 7);
        let values: ArrayD<T> = dense(random, &shape);
        let x = any_lazy(random, &values);
        let families = [permutations, picks, pads, joins, reshapes];
        for family in families {
            let cases: Vec<Case<T>> = family(random, &x, &values);
            for (name, array, expected) in cases {
                lab.check(random, &array, &expected, &format!("seed {seed}: {name} of {shape:?}"));
                // As an input of others: reduced, sliced, turned.
                if random.one_in(4) && array.ndim() > 0 {
                    let (array, expected) = (array.flip(-1).slice(&[Slice::all().step(2)]), {
                        let mut view = expected.view();
                        view.invert_axis(Axis(expected.ndim() - 1));
                        view.slice_axis_inplace(Axis(0), ndarray::Slice::new(0, None, 2));
                        view.to_owned()
                    });
                    lab.check(random, &array, &expected, &format!("seed {seed}: part of {name} of {shape:?}"));
                }
            }
        }
    }
    lab
}

#[test]
fn floats_are_moved_as_indices_say() {
    check_all::<f64>(0..12);
}

#[test]
fn other_types_are_moved_alike() {
    check_all::<bool>(100..104);
    check_all::<Complex<f32>>(200..204);
    check_all::<i64>(300..304);
    check_all::<f32>(400..404);
}

#[test]
fn differences_are_taken_as_often_as_asked_for() {
    let mut lab = Lab::default();
    for seed in 0..40 {
        let mut random = Random::new(seed);
        let ndim = 1 + random.below(3);
        let shape = shape(&mut random, ndim, 8);
        let (n, axis) = (random.below(5), random.below(ndim));
        let values: ArrayD<i64> = dense(&mut random, &shape);
        let mut expected = values.clone();
        for _ in 0..n.min(shape[axis]) {
            let (mut next, mut own) = (expected.view(), expected.view());
            let length = next.len_of(Axis(axis)) as isize;
            next.slice_axis_inplace(Axis(axis), ndarray::Slice::new(1, None, 1));
            own.slice_axis_inplace(Axis(axis), ndarray::Slice::new(0, Some(length - 1), 1));
            expected = &next - &own;
        }
        let x = any_lazy(&mut random, &values);
        let what = format!("seed {seed}: {n} times along {axis} of {shape:?}");
        lab.check(&mut random, &x.diff(n, axis as i32 - ndim as i32), &expected, &what);
        let floats: ArrayD<f32> = dense(&mut random, &shape);
        let once = any_lazy(&mut random, &floats).diff(1, axis as i32);
        if shape[axis] > 0 {
            let (mut next, mut own) = (floats.view(), floats.view());
            next.slice_axis_inplace(Axis(axis), ndarray::Slice::new(1, None, 1));
            own.slice_axis_inplace(Axis(axis), ndarray::Slice::new(0, Some(shape[axis] as isize - 1), 1));
            lab.check(&mut random, &once, &(&next - &own), &what);
        }
    }
}

#[test]
fn masks_hide_values_and_keep_the_shape() {
    let mut lab = Lab::default();
    for seed in 0..20 {
        let mut random = Random::new(seed);
        let shape = shape(&mut random, 3, 6);
        let values: ArrayD<f64> = dense(&mut random, &shape);
        let mask: ArrayD<bool> = dense(&mut random, &shape[1..]);
        let masked = any_lazy(&mut random, &values).masked(&any_lazy(&mut random, &mask), -1.0);
        let mut expected = values.clone();
        ndarray::Zip::from(&mut expected).and_broadcast(&mask).for_each(|value, &hidden| {
            if hidden {
                *value = -1.0;
            }
        });
        lab.check(&mut random, &masked, &expected, &format!("seed {seed}"));
    }
}

#[test]
fn large_arrays_are_moved_by_way_of_scratch() {
    let mut random = Random::new(5);
    let mut lab = Lab::default();
    let values: ArrayD<i64> = dense(&mut random, &[600, 500]);
    let x = lazy(&values, &ChunkGrid::regular(&[600, 500], &[60, 100]), Kind::Blocks);
    for (name, array, expected) in [
        // What is used again at the end is in the way in between.
        ("a - a.T", x.transpose().slice(&[Slice::all(), Slice::from(..500)]) - x.slice(&[Slice::from(..500)]), {
            let part = |array: &ArrayD<i64>, axis: usize| array.select(Axis(axis), &(0..500).collect::<Vec<_>>());
            part(&values.t().to_owned(), 1) - part(&values, 0)
        }),
        (
            "reshape",
            x.reshape(&[500, 600]).rechunk((-1, 50)),
            values.to_shape((500, 600)).unwrap().to_owned().into_dyn(),
        ),
        ("roll", x.roll(7, 0) + &x, {
            let rows: Vec<usize> = (0..600).map(|at| (at + 593) % 600).collect();
            &values.select(Axis(0), &rows) + &values
        }),
    ] {
        let before = lab.spilled;
        for _ in 0..2 {
            lab.check(&mut random, &array, &expected, name);
        }
        assert!(lab.spilled > before, "{name} spills at its floor");
    }
}

#[test]
fn what_is_not_picked_is_not_read() {
    let (_folder, session) = session(64 << 20, 2);
    let values: ArrayD<f64> = dense(&mut Random::new(1), &[1000, 50]);
    let x = lazy(&values, &ChunkGrid::regular(&[1000, 50], &[10, 50]), Kind::Blocks);
    let tasks = |array: &Array<f64>| session.plan(&array.sum(..)).unwrap().tasks();
    let all = tasks(&x);
    // A slice of every hundredth row meets ten blocks of a hundred; two indices meet two.
    assert!(tasks(&x.slice(&[Slice::all().step(100)])) < all / 5);
    assert!(tasks(&x.take(&[3, -3], 0)) < all / 20);
}

#[test]
fn impossible_moves_name_shape_and_line() {
    let x = Array::<f32>::from_fn(&[4, 1, 6], &[2, 1, 3], |at| at[0] as f32);
    let empty = Array::<f32>::from_fn(&[0, 2], &[1, 2], |_| 0.0);
    let cases: Vec<(Array<f32>, Vec<&str>)> = vec![
        (x.permute_axes(&[0, 1]), vec!["permute_axes", "[0, 1]", "3 dimensions", "[4, 1, 6]", "float32"]),
        (x.permute_axes(&[0, 1, 1]), vec!["named twice"]),
        (x.swapaxes(0, 3), vec!["swapaxes", "axis 3"]),
        (x.moveaxis(-4, 0), vec!["moveaxis", "axis -4"]),
        (x.squeeze(2), vec!["squeeze", "axis 2 has length 6"]),
        (x.expand_dims(4), vec!["expand_dims", "axis 4"]),
        (x.take(&[4], 0), vec!["take", "index 4", "length 4"]),
        (x.take(&[-5], 0), vec!["index -5"]),
        (x.index_axis(0, 9), vec!["index_axis", "index 9"]),
        (x.flip(3), vec!["flip", "axis 3"]),
        (x.roll(1, 3), vec!["roll", "axis 3"]),
        (x.repeat(usize::MAX, 0), vec!["repeat", "more elements than can be"]),
        (x.tile(&[usize::MAX]), vec!["tile", "more elements than can be"]),
        (x.pad(&[(1, 1); 2], Pad::Edge), vec!["pad", "2 widths", "one for each axis"]),
        (x.pad(&[(usize::MAX, 1)], Pad::Edge), vec!["pad", "more elements than can be"]),
        (empty.pad(&[(1, 0)], Pad::Wrap), vec!["axis 0 has no element"]),
        (x.reshape(&[5, 5]), vec!["reshape", "[4, 1, 6]", "24 elements", "[5, 5]"]),
        (x.reshape(&[-1, 5]), vec!["[-1, 5]"]),
        (x.reshape(&[-1, -1]), vec!["one of them -1"]),
        (x.reshape(&[isize::MAX, isize::MAX]), vec!["24 elements"]),
        (x.diff(1, 3), vec!["diff", "axis 3"]),
        (Array::stack(&[x.clone(), empty.clone()], 0), vec!["stack", "[4, 1, 6]", "[0, 2]"]),
        (Array::concatenate(&[], 0), vec!["concatenate", "no array"]),
        (Array::hstack(&[x.clone(), empty.clone()]), vec!["hstack", "differ off axis 1"]),
    ];
    for (array, parts) in cases {
        let error = array.checked().unwrap_err().to_string();
        assert!(error.contains("tests/it/structure.rs:"), "{error}");
        assert!(parts.iter().all(|part| error.contains(part)), "{parts:?} in {error}");
    }
}
