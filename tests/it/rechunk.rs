//! Rechunking: the same values, by whatever grids, in little memory.

use ndarray::{ArrayD, IxDyn, arr1};
use thermocline::array::{ChunkGrid, ChunkLength, MapBlocks};
use thermocline::{Array, ndarray};

use crate::lab::{Kind, Lab, Sample, any_lazy, dense, grid, lazy, shape};
use crate::sources::Numbers;
use crate::support::{Random, assert_at_rest, session};

fn random_rechunks<T: Sample>(lab: &mut Lab, seeds: std::ops::Range<u64>) {
    for seed in seeds {
        let mut random = Random::new(seed);
        let ndim = random.below(5);
        let shape = shape(&mut random, ndim, 9);
        let values: ArrayD<T> = dense(&mut random, &shape);
        let mut x = any_lazy(&mut random, &values);
        for _ in 0..=random.below(3) {
            x = x.rechunk(&grid(&mut random, &shape));
        }
        lab.check(&mut random, &x, &values, &format!("seed {seed}: {shape:?}"));
    }
}

#[test]
fn any_grid_becomes_any_other() {
    let mut lab = Lab::default();
    random_rechunks::<f64>(&mut lab, 0..60);
    random_rechunks::<bool>(&mut lab, 60..80);
    random_rechunks::<thermocline::Complex<f32>>(&mut lab, 80..100);
    random_rechunks::<u16>(&mut lab, 100..120);
}

/// The number at each place of a matrix.
fn number(at: &[usize]) -> f64 {
    (at[0] * 10_007 + at[1] * 31 % 1013) as f64
}

fn columns(side: usize, width: usize) -> Array<f64> {
    Array::from_fn(&[side, side], &[side, width], number).map_blocks(|block, _| block.to_owned())
}

#[test]
fn columns_become_rows_in_a_fraction_of_their_size() {
    let side = 1536;
    for (width, height, threads) in [(48, 100, 1), (2, 2, 3)] {
        let x = columns(side, width).rechunk((height, -1));
        // Blocks are compared where they are made: the result alone is as large as the array.
        let rows = ChunkGrid::regular(&[x.chunks().blocks()], &[1]);
        let wrong = x.map_blocks_with(MapBlocks::new().chunks(rows), |block, info| {
            let (start, values) = (&info.region().start, block.as_slice().unwrap());
            let place = |at: usize| [start[0] + at / block.shape()[1], start[1] + at % block.shape()[1]];
            arr1(&[values.iter().enumerate().filter(|&(at, &value)| value != number(&place(at))).count() as i64])
        });
        let array = (side * side * 8) as u64;
        let (_folder, ample) = session(1 << 30, 1);
        let floor = ample.plan(&wrong.sum(..)).unwrap().floor().bytes();
        assert!(floor < array / 2, "{floor} of {array} bytes for {width} wide, {height} high");
        let limit = floor + array / 16;
        let (_folder, session) = session(limit, threads);
        assert_eq!(session.compute(&wrong.sum(..)).unwrap()[[]], 0, "{width} wide, {height} high");
        let stats = session.stats();
        assert!(stats.ledger_peak_bytes <= limit && limit < array * 5 / 8, "{stats:?}");
        // What did not fit went to scratch and came back; with one worker, that and no more.
        assert!(stats.spilled_bytes > array / 4, "{stats:?}");
        let most = if threads == 1 { array * 3 / 2 } else { 4 * array };
        assert!(stats.spilled_bytes < most && stats.reloaded_bytes < most, "{stats:?}");
        assert_at_rest(&session);
    }
}

#[test]
fn a_block_is_cut_while_it_is_there() {
    // 16 blocks a side of 2 MiB, in uneven chunks: the working set is the array's pieces, not all blocks and all pieces.
    let side = 2000;
    let x = columns(side, 130).rechunk((130, -1));
    let (_folder, ample) = session(1 << 30, 1);
    let plan = ample.plan(&x.sum(..)).unwrap();
    let array = (side * side * 8) as u64;
    assert!(plan.working_set().bytes() < array + array / 2, "{plan}");
}

#[test]
fn persisted_arrays_are_rechunked_from_scratch() {
    let side = 1024;
    let array = (side * side * 8) as u64;
    let (_folder, session) = session(array / 2, 2);
    let kept = session.persist(&columns(side, 32)).unwrap();
    let rows = session.persist(&kept.rechunk((32, -1))).unwrap();
    drop(kept);
    let error = &rows - &Array::from_fn(&[side, side], &[32, side], number);
    assert_eq!(session.compute(&error.map(f64::abs).sum(..)).unwrap()[[]], 0.0);
    assert!(session.stats().spilled_bytes > array / 2);
    drop((error, rows));
    assert_at_rest(&session);
}

#[test]
fn a_source_is_read_once_or_as_the_new_chunks_want_it() {
    let source = Numbers::new(ChunkGrid::regular(&[120, 60], &[12, 240]), number).unit(&[3, 60]);
    let read = source.read();
    let x = Array::from_source(source) * 2.0;
    let expected = ArrayD::from_shape_fn(IxDyn(&[120, 60]), |at| 2.0 * number(&[at[0], at[1]]));
    let (_folder, session) = session(64 << 20, 2);
    let tasks = |chunks: [i32; 2]| {
        read.store(0, std::sync::atomic::Ordering::SeqCst);
        let array = x.rechunk(chunks);
        assert_eq!(session.compute(&array).unwrap(), expected);
        // Blocks of the source, the rest of the new chunks, the result.
        let made = session.plan(&array).unwrap().tasks() - 1 - 2 * array.chunks().blocks();
        (read.load(std::sync::atomic::Ordering::SeqCst), made)
    };
    // As the new chunks want it: whole units, smaller or larger than its own chunks.
    assert_eq!(tasks([6, -1]), (7200, 0));
    assert_eq!(tasks([60, -1]), (7200, 0));
    // Single columns would read everything sixty times.
    let (read, made) = tasks([-1, 1]);
    assert_eq!(read, 7200);
    assert!(made > 0);
}

#[test]
fn impossible_chunks_name_shape_and_line() {
    let x = Array::<f32>::from_fn(&[4, 6], &[2, 3], |at| at[0] as f32);
    let problem = |array: Array<f32>| array.checked().unwrap_err().to_string();
    let error = problem(x.rechunk([0, 3]));
    assert!(error.contains("rechunk at tests/it/rechunk.rs:") && error.contains("[4, 6]"), "{error}");
    assert!(problem(x.rechunk([1])).contains("1 chunk lengths for 2 dimensions"));
    assert!(problem(x.rechunk((vec![3, 2], -1))).contains("add up to 4"));
    assert_eq!(x.rechunk((ChunkLength::Same, 5)).chunks(), &ChunkGrid::new(vec![vec![2, 2], vec![5, 1]]));
    let kept = lazy(&ArrayD::<f32>::zeros(IxDyn(&[0, 3])), &ChunkGrid::regular(&[0, 3], &[1, 1]), Kind::Blocks);
    assert_eq!(kept.rechunk([5, -1]).chunks().counts(), [1, 1]);
}
