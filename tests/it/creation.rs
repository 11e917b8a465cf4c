//! Arrays made from nothing, against plain loops, in any chunks.

use ndarray::{ArrayD, IxDyn};
use thermocline::{Array, Complex, Error, ndarray};

use crate::operands::{Bench, Sample};
use crate::support::session;

fn dense<T: Clone>(shape: &[usize], of: impl Fn(&[usize]) -> T) -> ArrayD<T> {
    ArrayD::from_shape_fn(IxDyn(shape), |at| of(&(0..shape.len()).map(|axis| at[axis]).collect::<Vec<_>>()))
}

fn assert_exact<T: Sample>(bench: &Bench, lazy: &Array<T>, expected: &ArrayD<T>) {
    assert_eq!(bench.session().compute(lazy).unwrap(), expected, "{lazy:?}");
}

#[test]
fn constants_have_shape_and_chunks() {
    let mut bench = Bench::new(31);
    for _ in 0..40 {
        bench.turn();
        let shape = bench.shape();
        let chunk = bench.chunk(&shape);
        assert_exact(&bench, &Array::<f32>::zeros(&shape, &chunk[..]), &ArrayD::zeros(IxDyn(&shape)));
        assert_exact(&bench, &Array::<bool>::zeros(&shape, "auto"), &dense(&shape, |_| false));
        assert_exact(&bench, &Array::<u8>::ones(&shape, "auto"), &ArrayD::ones(IxDyn(&shape)));
        let i = Complex::new(0.0, 1.0);
        assert_exact(&bench, &Array::full(&shape, i, &chunk[..]), &dense(&shape, |_| i));
        let x = bench.operand::<i16>(&shape);
        assert_exact(&bench, &x.lazy.zeros_like(), &dense(&shape, |_| 0));
        assert_exact(&bench, &x.lazy.ones_like(), &dense(&shape, |_| 1));
        assert_exact(&bench, &x.lazy.full_like(2.5), &dense(&shape, |_| 2.5));
        assert_eq!(x.lazy.full_like(true).chunks(), x.lazy.chunks());
        // A constant is pulled where it is needed.
        assert_exact(&bench, &(&x.lazy * &x.lazy.zeros_like()), &dense(&shape, |_| 0));
    }
}

#[test]
fn diagonals_are_ones() {
    let mut bench = Bench::new(32);
    for _ in 0..60 {
        bench.turn();
        let (rows, columns) = (bench.random.below(9), bench.random.below(9));
        let diagonal = bench.random.below(24) as isize - 12;
        let chunk = [1 + bench.random.below(5), 1 + bench.random.below(5)];
        let expected = dense(&[rows, columns], |at| i32::from(at[0] as isize + diagonal == at[1] as isize));
        assert_exact(&bench, &Array::eye(rows, columns, diagonal, chunk), &expected);
    }
    assert_exact(&bench, &Array::<f64>::identity(5, [2, 3]), &ndarray::Array2::eye(5).into_dyn());
    assert_exact(&bench, &Array::<f64>::eye(2, 2, isize::MIN, "auto"), &ndarray::Array2::zeros((2, 2)).into_dyn());
    assert_exact(&bench, &Array::<f64>::eye(2, 2, isize::MAX, "auto"), &ndarray::Array2::zeros((2, 2)).into_dyn());
}

#[test]
fn ranges_stop_before_the_end() {
    let mut bench = Bench::new(33);
    for _ in 0..200 {
        bench.turn();
        let (start, stop) = (i8::sample(&mut bench.random), i8::sample(&mut bench.random));
        let step = i8::sample(&mut bench.random);
        let chunks = [1 + bench.random.below(70)];
        let lazy = Array::arange(start, stop, step, chunks);
        if step == 0 {
            assert!(matches!(lazy.checked(), Err(Error::Operation { operation: "arange", .. })));
            continue;
        }
        let mut expected = Vec::new();
        let mut at = i32::from(start);
        while (step > 0 && at < stop.into()) || (step < 0 && at > stop.into()) {
            expected.push(at as i8);
            at += i32::from(step);
        }
        assert_exact(&bench, &lazy, &ndarray::Array1::from(expected).into_dyn());
    }
    let count = |array: Array<f64>| array.checked().map(|array| array.size());
    assert_eq!(count(Array::arange(0.0, 1.0, 0.1, "auto")).unwrap(), 10);
    assert_eq!(count(Array::arange(5.0, 0.0, 1.0, "auto")).unwrap(), 0);
    assert_eq!(count(Array::arange(0.0, f64::NAN, 1.0, "auto")).ok(), None);
    assert_eq!(count(Array::arange(0.0, f64::INFINITY, 1.0, "auto")).ok(), None);
    assert_eq!(Array::<u64>::arange(u64::MAX - 5, u64::MAX, 2, "auto").size(), 3);
    // What NumPy 2.4 gives for arange(0, 1, 0.1, dtype=float32).
    let tenths = [
        0.0,
        0.100_000_001_490_116_12,
        0.200_000_002_980_232_24,
        0.300_000_011_920_928_96,
        0.400_000_005_960_464_5,
        0.5,
        0.600_000_023_841_857_9,
        0.699_999_988_079_071,
        0.800_000_011_920_929,
        0.900_000_035_762_786_9,
    ];
    let found = bench.session().compute(&Array::<f32>::arange(0.0, 1.0, 0.1, [3])).unwrap();
    assert_eq!(found.mapv(f64::from).into_raw_vec_and_offset().0, tenths);
    assert_eq!(bench.session().compute(&Array::arange(0.0, 1.0, 0.1, [4])).unwrap()[[3]], 0.300_000_000_000_000_04);
}

#[test]
fn spaced_values_meet_both_ends() {
    let mut bench = Bench::new(34);
    for count in [0, 1, 2, 3, 7, 100] {
        for (start, stop) in [(0.0, 1.0), (-3.0, 11.0), (2.0, 2.0), (1.0, -1.0), (0.0, 5e-324)] {
            let ndarrays = ndarray::Array1::linspace(start, stop, count).into_dyn();
            let lazy = Array::<f64>::linspace(start, stop, count, [3]);
            bench.assert_is(&lazy, &ndarrays, &format!("linspace {start} {stop} {count}"));
            let found = bench.session().compute(&lazy).unwrap();
            if count > 1 {
                assert_eq!((found[[0]], found[[count - 1]]), (start, stop));
            }
            let open = Array::<f64>::linspace_open(start, stop, count, "auto");
            let expected = dense(&[count], |at| start + at[0] as f64 * ((stop - start) / count as f64));
            bench.assert_is(&open, &expected, &format!("linspace_open {start} {stop} {count}"));
        }
    }
    // What NumPy 2.4 gives for linspace(0, 1, 7, dtype=float32).
    let sevenths = [
        0.0,
        0.166_666_671_633_720_4,
        0.333_333_343_267_440_8,
        0.5,
        0.666_666_686_534_881_6,
        0.833_333_313_465_118_4,
        1.0,
    ];
    let found = bench.session().compute(&Array::<f32>::linspace(0.0, 1.0, 7, "auto")).unwrap();
    assert_eq!(found.mapv(f64::from).into_raw_vec_and_offset().0, sevenths);
}

#[test]
fn what_is_collected_is_an_array() {
    let (_folder, session) = session(16 << 20, 1);
    let x: Array<i32> = (0..100).collect();
    assert_eq!(session.compute(&x.sum(..)).unwrap()[[]], 4950);
    assert_eq!(std::iter::empty::<f64>().collect::<Array<_>>().shape(), [0]);
    assert_eq!(session.compute(&Array::from(true)).unwrap(), ndarray::arr0(true).into_dyn());
}

#[test]
fn chunks_that_do_not_fit_are_errors() {
    let text = |array: Array<f64>| array.checked().unwrap_err().to_string();
    for problem in
        [text(Array::zeros(&[3, 4], [2])), text(Array::ones(&[3, 4], [2, 0])), text(Array::identity(3, [1; 3]))]
    {
        assert!(problem.contains("creation.rs") && problem.contains("chunk"), "{problem}");
    }
    assert!(text(Array::zeros(&[usize::MAX, usize::MAX], "auto")).contains("more elements than can be"));
    assert!(text(Array::zeros(&[1 << 40], [1])).contains("more than 67108864 chunks"));
    let huge = Array::<f64>::zeros(&[1 << 20, 1 << 20], "auto");
    assert!(huge.chunks().largest_block() * 8 <= 64 << 20, "{huge:?}");
}
