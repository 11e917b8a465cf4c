//! Rechunking: the same values, by whatever grids, in little memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ndarray::{ArrayD, Axis, IxDyn, arr1};
use thermocline::array::{ChunkGrid, ChunkLength, MapBlocks, Packed, Region, Slice, Source};
use thermocline::graph::TaskContext;
use thermocline::{Array, Result, ndarray};

use crate::lab::{Kind, Lab, Sample, any_lazy, dense, grid, lazy, shape};
use crate::sources::Numbers;
use crate::support::{Random, assert_at_rest, session};

/// What is made of an array.
type Of<'a> = &'a dyn Fn(&Array<f64>) -> Array<f64>;

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
        // By blocks, as of one collection of several: blocks of the source, the rest of the new chunks, the result, and what
        // parts it from others.
        let made = session.plan((&array,)).unwrap().tasks() - 2 - 2 * array.chunks().blocks();
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

/// Planes that can only be read whole, in chunks that cut each in four, and what was read of them.
fn cut_planes() -> (Array<f64>, Array<f64>, Arc<AtomicUsize>) {
    let value = |at: &[usize]| ((at[0] * 7 + at[1] * 5 + at[2] * 3) % 11) as f64 + 0.1;
    let numbers = Numbers::new(ChunkGrid::regular(&[30, 8, 10], &[6, 8, 10]), value).unit(&[1, 8, 10]);
    let read = numbers.read();
    let whole = Array::from_source(numbers);
    let cut = whole.rechunk(&[10, 4, 5]);
    (whole, cut, read)
}

#[test]
fn reductions_fold_what_is_read_whatever_chunks_were_asked_for() {
    let (_folder, session) = session(64 << 20, 2);
    let (whole, cut, read) = cut_planes();
    let rows: Vec<Option<usize>> = (0..30).map(|row| Some(row % 3)).collect();
    let plane = Array::from_ndarray(ndarray::Array::ones([8, 10]).into_dyn(), &[4, 5]);
    let cases: [(&str, usize, Of<'_>); 8] = [
        ("sum(0)", 1, &|x| x.sum(0)),
        ("mean(..)", 1, &|x| x.mean(..)),
        ("std((1, 2))", 1, &|x| x.std((1, 2))),
        ("(x * 2 - 1).sum(0)", 1, &|x| (x * 2.0 - 1.0).sum(0)),
        ("(plane - x).sum(0)", 1, &|x| (&plane - x).sum(0)),
        ("where(x < 5, x, 2x).max(0)", 1, &|x| x.less(5.0).where_(x, &(x * 2.0)).max(0)),
        ("(x - x.mean(0)).std(0)", 2, &|x| (x - &x.mean(0)).std(0)),
        ("sums of groups", 1, &|x| x.group_by(0, &rows).sum()),
    ];
    for (name, times, of) in cases {
        let (expected, lazy) = (session.compute(&of(&whole)).unwrap(), of(&cut));
        read.store(0, Ordering::SeqCst);
        assert_eq!(session.compute(&lazy).unwrap(), expected, "{name}");
        assert_eq!(read.load(Ordering::SeqCst), times * 30 * 80, "{name}: no plane is read for each of its parts");
    }
    assert_eq!(cut.sum(0).chunks(), &ChunkGrid::regular(&[8, 10], &[4, 5]), "chunks are those asked for");
    let turned = cut.permute_axes(&[2, 0, 1]).slice(&[Slice::all(), Slice::from(3..20)]);
    read.store(0, Ordering::SeqCst);
    let expected = session.compute(&whole.slice(&[Slice::from(3..20)])).unwrap().sum_axis(Axis(0));
    assert_eq!(session.compute(&turned.sum(1)).unwrap(), expected.reversed_axes().to_owned());
    assert_eq!(read.load(Ordering::SeqCst), 2 * 17 * 80);
}

#[test]
fn what_is_no_reduction_exchanges_the_blocks_that_were_read() {
    let (_folder, session) = session(64 << 20, 2);
    let (whole, cut, read) = cut_planes();
    let expected = session.compute(&whole).unwrap();
    read.store(0, Ordering::SeqCst);
    assert_eq!(session.compute(&(&cut + 1.0)).unwrap(), &expected + 1.0);
    assert_eq!(read.load(Ordering::SeqCst), 30 * 80);
}

/// Tenths, stored as 16-bit integers: columns in chunks of rows that are read whole.
#[derive(Debug)]
struct Tenths {
    values: Numbers<f64>,
    packs: bool,
}

fn tenth(at: &[usize]) -> i16 {
    (at[0] * 613 + at[1] * 17) as i16
}

impl Tenths {
    fn grid() -> ChunkGrid {
        ChunkGrid::regular(&[256, 512], &[16, 512])
    }

    fn array(packs: bool) -> Array<f64> {
        let values = Numbers::new(Self::grid(), |at| f64::from(tenth(at)) / 10.0).unit(&[1, 512]);
        Array::from_source(Self { values, packs })
    }
}

impl Source for Tenths {
    type Item = f64;

    fn name(&self) -> &'static str {
        "tenths"
    }

    fn shape(&self) -> &[usize] {
        self.values.shape()
    }

    fn grid(&self) -> ChunkGrid {
        self.values.grid()
    }

    fn unit(&self) -> Vec<usize> {
        Source::unit(&self.values)
    }

    fn workspace(&self, region: &Region) -> u64 {
        self.values.workspace(region)
    }

    fn fold_tiles(
        &self,
        context: &TaskContext<'_>,
        region: &Region,
        visit: &mut dyn FnMut(&Region, &[f64]) -> Result<()>,
    ) -> Result<()> {
        self.values.fold_tiles(context, region, visit)
    }

    fn packed(&self) -> Option<Packed<f64>> {
        let unpack = |stored: &[i16], values: &mut [f64]| {
            values.iter_mut().zip(stored).for_each(|(value, &stored)| *value = f64::from(stored) / 10.0);
        };
        self.packs.then(|| Packed::new(Numbers::new(Self::grid(), tenth).unit(&[1, 512]), unpack))
    }
}

#[test]
fn what_is_stored_in_less_moves_as_it_is_stored() {
    let (_folder, session) = session(64 << 20, 2);
    let cases: [(&str, Of<'_>); 5] = [
        ("rechunk", &|x| x.rechunk(&[256, 8])),
        ("rechunk, rechunk", &|x| x.rechunk(&[256, 8]).rechunk(&[8, 256])),
        ("slice, rechunk", &|x| x.slice(&[Slice::from(3..250), Slice::all().step(-1)]).rechunk(&[247, 8])),
        ("transpose, rechunk", &|x| x.transpose().rechunk(&[8, 256])),
        ("rechunk, median", &|x| x.rechunk(&[256, 8]).median(0)),
    ];
    for (name, of) in cases {
        let [packed, plain] = [true, false].map(|packs| of(&Tenths::array(packs)));
        assert_eq!(packed.chunks(), plain.chunks(), "{name}");
        let holds = |x: &Array<f64>| session.plan(x).unwrap().working_set().bytes();
        assert!(holds(&packed) * 5 < holds(&plain) * 4, "{name}: {} of {}", holds(&packed), holds(&plain));
        assert_eq!(session.compute(&packed).unwrap(), session.compute(&plain).unwrap(), "{name}");
        assert_at_rest(&session);
    }
}
