//! Functions of blocks: what they see, what they may return, what it costs.

use ndarray::{ArrayD, Axis, arr0, arr1};
use thermocline::array::{ChunkGrid, MapBlocks};
use thermocline::{Array, Error, ndarray};

use crate::lab::{Kind, Lab, any_lazy, dense, lazy, shape};
use crate::support::{Random, assert_at_rest, session};

#[test]
fn a_function_sees_each_block_at_its_place() {
    let mut lab = Lab::default();
    for seed in 0..40 {
        let mut random = Random::new(seed);
        let ndim = random.below(4);
        let shape = shape(&mut random, ndim, 7);
        let values: ArrayD<i64> = dense(&mut random, &shape);
        let x = any_lazy(&mut random, &values);
        let whole = values.clone();
        let checked = x.map_blocks(move |block, info| {
            let region = info.region();
            assert_eq!((block.shape(), info.shape().as_slice()), (region.shape.as_slice(), whole.shape()));
            assert_eq!(*region, info.chunks().region(info.coordinates()));
            assert_eq!(info.result(), region);
            let mut expected = whole.view();
            for (axis, (&at, &len)) in region.start.iter().zip(&region.shape).enumerate() {
                expected.slice_axis_inplace(Axis(axis), (at..at + len).into());
            }
            assert_eq!(block, expected);
            block.mapv(|value| value as f32 * 0.5)
        });
        lab.check(&mut random, &checked, &values.mapv(|value| value as f32 * 0.5), &format!("seed {seed}"));
    }
}

#[test]
fn results_of_any_layout_type_and_declared_shape_are_kept() {
    let mut lab = Lab::default();
    let mut random = Random::new(3);
    let values: ArrayD<f64> = dense(&mut random, &[6, 9]);
    let x = lazy(&values, &ChunkGrid::regular(&[6, 9], &[4, 3]), Kind::Source);
    // In Fortran order, with memory to spare, from an offset on, as a part of a larger array.
    let fortran = x.map_blocks(|block, _| block.t().as_standard_layout().into_owned().reversed_axes());
    lab.check(&mut random, &fortran, &values, "Fortran order");
    let roomy = x.map_blocks(|block, _| {
        let mut items = Vec::with_capacity(1000);
        items.extend(block.iter().copied());
        ArrayD::from_shape_vec(block.raw_dim(), items).unwrap()
    });
    lab.check(&mut random, &roomy, &values, "spare capacity");
    let part = x.map_blocks(|block, _| {
        let mut twice = ndarray::concatenate(Axis(0), &[block.view(), block.view()]).unwrap();
        twice.slice_axis_inplace(Axis(0), ((block.shape()[0] as isize)..).into());
        twice
    });
    lab.check(&mut random, &part, &values, "a part");
    // One axis less, one more, another number type.
    let ends = ChunkGrid::new(vec![vec![2, 1], vec![2; 3], vec![1]]);
    let corners = x.map_blocks_with(MapBlocks::new().chunks(ends), |block, info| {
        let rows = info.result().shape[0];
        ArrayD::from_shape_fn(vec![rows, 2, 1], |at| !block[[at[0], at[1]]].is_nan())
    });
    let expected = ArrayD::from_shape_fn(vec![3, 6, 1], |at| {
        !values[[if at[0] == 2 { 4 } else { at[0] }, at[1] / 2 * 3 + at[1] % 2]].is_nan()
    });
    lab.check(&mut random, &corners, &expected, "corners");
    let scalar = lazy(&arr0(4_i64).into_dyn(), &ChunkGrid::single(&[]), Kind::Memory).map_blocks(|block, _| &block + 1);
    lab.check(&mut random, &scalar, &arr0(5).into_dyn(), "a scalar");
}

#[test]
fn two_arrays_are_zipped_block_by_block() {
    let mut lab = Lab::default();
    for seed in 0..60 {
        let mut random = Random::new(seed);
        let ndim = random.below(4);
        let left = shape(&mut random, ndim, 6);
        let lacking = random.below(left.len() + 1);
        let mut right = left[lacking..].to_vec();
        right.iter_mut().for_each(|length| *length = if random.one_in(3) { 1 } else { *length });
        let (a, b): (ArrayD<i64>, ArrayD<f32>) = (dense(&mut random, &left), dense(&mut random, &right));
        let (x, y) = (any_lazy(&mut random, &a), any_lazy(&mut random, &b));
        let zipped = x.zip_blocks(&y, MapBlocks::new(), |x, y, _| x.mapv(|x| x as f32) - y);
        lab.check(&mut random, &zipped, &(a.mapv(|x| x as f32) - &b), &format!("seed {seed}: {left:?} {right:?}"));
    }
}

#[test]
fn wrong_results_and_declarations_name_block_found_and_expected() {
    let (_folder, session) = session(16 << 20, 2);
    let x = Array::<f64>::from_fn(&[4, 6], &[2, 3], |at| at[0] as f64);
    let wrong = x.map_blocks(|block, info| {
        if info.coordinates() == [1, 0] { block.sum_axis(Axis(0)).insert_axis(Axis(0)) } else { block.to_owned() }
    });
    let error = session.compute(&wrong).unwrap_err().to_string();
    for part in ["map_blocks-", "tests/it/map_blocks.rs:", "block [1, 0]", "[1, 3]", "[2, 3]", "MapBlocks::chunks"] {
        assert!(error.contains(part), "{part} in {error}");
    }
    let failing = x.map_blocks(|block, _| if block[[0, 0]] > 0.0 { Err("no such") } else { Ok(block.to_owned()) });
    let error = session.compute(&failing).unwrap_err();
    assert!(matches!(&error, Error::Task { source, .. } if source.to_string() == "no such"), "{error}");
    let panicking = x.map_blocks(|_, info| -> ndarray::Array1<f32> { panic!("in block {:?}", info.coordinates()) });
    assert!(
        matches!(session.compute(&panicking), Err(Error::Panic { message, .. }) if message.starts_with("in block"))
    );
    let few = MapBlocks::new().chunks(ChunkGrid::regular(&[3], &[1]));
    let error = x.map_blocks_with(few, |_, _| arr1(&[1_i64])).checked().unwrap_err().to_string();
    assert!(error.contains("3 blocks") && error.contains("the array has 4"), "{error}");
    let other = Array::<f64>::from_fn(&[4, 5], &[2, 5], |_| 0.0);
    let error = x.zip_blocks(&other, MapBlocks::new(), |x, _, _| x.to_owned()).checked().unwrap_err().to_string();
    assert!(error.contains("[4, 5]") && error.contains("[4, 6]"), "{error}");
    assert_at_rest(&session);
}

#[test]
fn workspace_is_planned_and_blocks_are_not_copied() {
    let (_folder, session) = session(1 << 30, 1);
    let block = 1_u64 << 20;
    let x = Array::<f64>::from_fn(&[8, 1 << 17], &[1, 1 << 17], |at| at[0] as f64);
    let first = x.map_blocks(|block, _| block.to_owned());
    let floor = |workspace: u64| {
        let options = MapBlocks::new().workspace(workspace.to_string().parse().unwrap());
        session.plan(&first.map_blocks_with(options, |block, _| block.to_owned()).sum(..)).unwrap().floor().bytes()
    };
    assert_eq!(floor(10 * block) - floor(5 * block), 5 * block);
    // A block of another task's is used where it lies: input and output, and no third.
    assert!(floor(0) < 3 * block + (block >> 1), "{}", floor(0));
}

#[test]
fn mapped_blocks_are_spilled_and_come_back() {
    let mut random = Random::new(1);
    let mut lab = Lab::default();
    let values: ArrayD<f64> = dense(&mut random, &[60, 10_000]);
    let x = lazy(&values, &ChunkGrid::regular(&[60, 10_000], &[3, 10_000]), Kind::Source);
    let x = x.map_blocks(|block, _| block.mapv(|value| value * 2.0));
    // All blocks are needed again after the mean of the last is known.
    let anomaly = &x - &x.nanmean(0);
    let mean = values.map_axis(Axis(0), |lane| {
        let valid: Vec<f64> = lane.iter().copied().filter(|value| !value.is_nan()).map(|value| value * 2.0).collect();
        valid.iter().sum::<f64>() / valid.len() as f64
    });
    let expected = values.mapv(|value| value * 2.0) - mean;
    for _ in 0..3 {
        let found = lab.values(&mut random, &anomaly.sum(1), "spilling");
        for (found, expected) in found.iter().zip(expected.sum_axis(Axis(1))) {
            assert!((found - expected).abs() < 1e-6 || (found.is_nan() && expected.is_nan()));
        }
    }
    assert!(lab.spilled > 0);
}
