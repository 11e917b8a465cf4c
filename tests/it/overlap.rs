//! Functions of blocks and what is around them, against a loop over neighbours.

use ndarray::{ArrayD, ArrayViewD, IxDyn};
use thermocline::array::{Boundary, ChunkGrid, Overlap};
use thermocline::{Array, ndarray};

use crate::lab::{Kind, Lab, any_lazy, dense, lazy};
use crate::support::{Random, session};

/// The index that stands for one beyond the end; `None` where there is nothing, or a constant.
fn index(at: isize, length: usize, boundary: Boundary<i64>) -> Option<usize> {
    let length = length as isize;
    let inside = (0..length).contains(&at);
    let place = match boundary {
        _ if inside => at,
        Boundary::Periodic => at.rem_euclid(length),
        Boundary::Reflect if at < 0 => -at - 1,
        Boundary::Reflect => 2 * length - 1 - at,
        Boundary::Nearest => at.clamp(0, length - 1),
        _ => return None,
    };
    Some(place as usize)
}

/// All indices within `depth` of the origin.
fn offsets(depth: &[usize]) -> Vec<Vec<isize>> {
    let grid = ChunkGrid::new(depth.iter().map(|depth| vec![1; 2 * depth + 1]).collect());
    (0..grid.blocks())
        .map(|number| {
            grid.coordinates(number).iter().zip(depth).map(|(&at, &depth)| at as isize - depth as isize).collect()
        })
        .collect()
}

/// A sum over neighbours, each with a weight of its own.
fn weight(offset: &[isize]) -> i64 {
    offset.iter().fold(1, |weight, &at| weight * 7 + at as i64)
}

/// The sum at each index of an array that includes its surroundings; neighbours that are not there count nothing.
fn filter(block: &ArrayViewD<'_, i64>, depth: &[usize]) -> ArrayD<i64> {
    let offsets = offsets(depth);
    ArrayD::from_shape_fn(block.raw_dim(), |at| {
        offsets
            .iter()
            .filter_map(|offset| {
                let axis = |axis: usize| {
                    usize::try_from(at[axis] as isize + offset[axis]).ok().filter(|&place| place < block.shape()[axis])
                };
                let place: Vec<usize> = (0..depth.len()).map(axis).collect::<Option<_>>()?;
                Some(weight(offset).wrapping_mul(block[IxDyn(&place)]))
            })
            .fold(0, i64::wrapping_add)
    })
}

fn expected(values: &ArrayD<i64>, depth: &[usize], boundaries: &[Boundary<i64>]) -> ArrayD<i64> {
    let offsets = offsets(depth);
    ArrayD::from_shape_fn(values.raw_dim(), |at| {
        let neighbour = |offset: &Vec<isize>| {
            let mut place = Vec::new();
            // A later axis's constant lies outside of an earlier one's.
            let mut constant = None;
            for axis in 0..depth.len() {
                match index(at[axis] as isize + offset[axis], values.shape()[axis], boundaries[axis]) {
                    Some(own) => place.push(own),
                    None => match boundaries[axis] {
                        Boundary::Constant(value) => constant = Some(value),
                        _ => return 0,
                    },
                }
            }
            let value = constant.unwrap_or_else(|| values[IxDyn(&place)]);
            weight(offset).wrapping_mul(value)
        };
        offsets.iter().map(neighbour).fold(0, i64::wrapping_add)
    })
}

#[test]
fn neighbours_are_there_at_any_chunking_and_boundary() {
    let mut lab = Lab::default();
    let all = [
        Boundary::None,
        Boundary::Periodic,
        Boundary::Reflect,
        Boundary::Nearest,
        Boundary::Constant(5),
        Boundary::Constant(-3),
    ];
    for seed in 0..80 {
        let mut random = Random::new(seed);
        let random = &mut random;
        let ndim = 1 + random.below(3);
        let shape: Vec<usize> = (0..ndim).map(|_| 1 + random.below(9)).collect();
        let depth: Vec<usize> = shape.iter().map(|&length| random.below(length.min(3) + 1)).collect();
        let one = all[random.below(all.len())];
        let boundaries: Vec<Boundary<i64>> =
            (0..ndim).map(|_| if seed % 2 == 0 { one } else { all[random.below(all.len())] }).collect();
        let values: ArrayD<i64> = dense(random, &shape);
        let x = any_lazy(random, &values);
        let own = depth.clone();
        let overlap = Overlap::new(&depth).boundaries(&boundaries);
        let filtered = x.map_overlap(overlap.clone(), move |block, _| filter(&block, &own));
        let what = format!("seed {seed}: {depth:?} around {shape:?}, {boundaries:?}");
        lab.check(random, &filtered, &expected(&values, &depth, &boundaries), &what);
        // A function that gives the block alone.
        let own = depth.clone();
        if boundaries.iter().all(|boundary| *boundary != Boundary::None) {
            let valid = x.map_overlap(overlap, move |block, info| {
                let mut whole = filter(&block, &own);
                for (axis, (&depth, &len)) in own.iter().zip(&info.result().shape).enumerate() {
                    whole.slice_axis_inplace(ndarray::Axis(axis), ndarray::Slice::from(depth..depth + len));
                }
                whole
            });
            lab.check(random, &valid, &expected(&values, &depth, &boundaries), &what);
        }
    }
}

#[test]
fn a_task_needs_its_block_and_the_rims_of_others() {
    let x = Array::<i64>::from_fn(&[900, 900], &[100, 100], |at| (at[0] * 31 + at[1]) as i64);
    let made = x.map_blocks(|block, _| block.to_owned());
    let smooth = made.map_overlap(Overlap::new(&[1, 1]).boundary(Boundary::Periodic), |block, _| block.to_owned());
    let (_folder, ample) = session(1 << 30, 1);
    let block = 8 * 100 * 100;
    let base = ample.plan(&made.map_blocks(|block, _| block.to_owned()).sum(..)).unwrap().floor().bytes();
    let floor = ample.plan(&smooth.sum(..)).unwrap().floor().bytes();
    // Not nine blocks: the surroundings, the function's result, and rims.
    assert!(floor < base + 5 * block, "{floor} {base}");
}

#[test]
fn filters_of_large_arrays_are_spilled() {
    let mut random = Random::new(6);
    let values: ArrayD<i64> = dense(&mut random, &[300, 400]);
    let x = lazy(&values, &ChunkGrid::regular(&[300, 400], &[30, 100]), Kind::Blocks);
    let overlap = Overlap::new(&[2, 1]).boundary(Boundary::Reflect);
    let filtered = x.map_overlap(overlap, |block, _| filter(&block, &[2, 1]));
    let expected = expected(&values, &[2, 1], &[Boundary::Reflect; 2]);
    let mut lab = Lab::default();
    for _ in 0..2 {
        lab.check(&mut random, &(&filtered - &filtered.flip(0)), &(&expected - &flipped(&expected)), "spilling");
    }
    assert!(lab.spilled > 0);
}

fn flipped(values: &ArrayD<i64>) -> ArrayD<i64> {
    let mut turned = values.view();
    turned.invert_axis(ndarray::Axis(0));
    turned.to_owned()
}

#[test]
fn impossible_overlaps_are_named() {
    let x = Array::<f32>::from_fn(&[4, 6], &[2, 3], |at| at[0] as f32);
    let same = |block: ArrayViewD<'_, f32>, _: &thermocline::array::BlockInfo| block.to_owned();
    for (array, parts) in [
        (x.map_overlap(Overlap::new(&[1]), same), ["1 depths", "one for each axis"]),
        (x.map_overlap(Overlap::new(&[1, 7]), same), ["depth of 7 along axis 1", "length 6"]),
        (
            x.map_overlap(Overlap::new(&[1, 1]).boundaries(&[Boundary::None]), same),
            ["1 boundaries", "[4, 6] of float32"],
        ),
    ] {
        let error = array.checked().unwrap_err().to_string();
        assert!(error.contains("map_overlap at tests/it/overlap.rs:"), "{error}");
        assert!(parts.iter().all(|part| error.contains(part)), "{error}");
    }
    let (_folder, session) = session(16 << 20, 1);
    let wrong = x.map_overlap(Overlap::new(&[1, 1]), |_, _| ndarray::arr2(&[[1.0_f32]]));
    let error = session.compute(&wrong).unwrap_err().to_string();
    assert!(error.contains("[1, 1]") && error.contains("for block ["), "{error}");
}
