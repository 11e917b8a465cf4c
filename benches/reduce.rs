//! How near reductions of arrays in memory come to reading them, and products of matrices to their kernel.
//!
//! `cargo bench --bench reduce [-- MEBIBYTES]` prints, for each reduction of an array that a session keeps in memory,
//! how many gigabytes of it a second are folded, and which part that is of a plain read: a loop that ORs all words
//! of the same bytes, with as many threads and the widest vectors. `..` is the reduction to one value; 0, 1, 2 are the axes
//! of days, latitudes and longitudes. Products are of square matrices in four blocks each, beside
//! `ndarray`'s kernel on the whole matrices, where each thread gets its part of the rows. All that is compared runs in
//! turn, seven times (products five); figures are of the medians.

#![allow(clippy::unwrap_used, reason = "a benchmark that can't run should stop")]

use std::any::Any;

use thermocline::array::{Axes, Product, Real};
use thermocline::chunk::{Block, Element};
use thermocline::ndarray::linalg::general_mat_mul;
use thermocline::ndarray::{Array2, Axis, LinalgScalar};
use thermocline::simd::{Loop, widest};
use thermocline::{Array, Session};

mod support;

use support::{THREADS, by_threads, filled, in_turn, resident, scrambled, session, shape};

const ROUNDS: usize = 7;

/// Rows and columns of the matrices.
const SIDE: usize = 2048;

/// Reads everything, and does as little as it can with it.
struct Read<'a, T>(&'a [T]);

/// The words of a vector that are kept apart.
const WORDS: usize = 64;

macro_rules! read {
    ($($t:ty => $word:ty, $bits:expr;)+) => {$(
        impl Loop for Read<'_, $t> {
            type Output = u64;

            #[inline(always)]
            fn run(self) -> u64 {
                let mut all: [$word; WORDS] = [0; WORDS];
                for words in self.0.as_chunks::<WORDS>().0 {
                    for (all, word) in all.iter_mut().zip(words) {
                        *all |= $bits(*word);
                    }
                }
                all.iter().fold(0, |any, &word| any | word as u64)
            }
        }
    )+};
}

read! {
    f32 => u32, f32::to_bits;
    f64 => u64, f64::to_bits;
    i16 => u16, i16::cast_unsigned;
}

type Reduction<T> = (&'static str, Box<dyn Fn(&Array<T>) -> Made>);

/// A reduction, whatever the type of its result.
type Made = Box<dyn Fn(&Session) -> Box<dyn Any>>;

fn made<U: Element>(array: Array<U>) -> Made {
    Box::new(move |session| Box::new(session.compute(&array).unwrap()))
}

/// What is measured over `axes`.
fn reductions<T: Real>(axes: impl Axes + Copy + 'static, all: bool) -> Vec<Reduction<T>> {
    let mut list: Vec<Reduction<T>> = vec![
        ("sum", Box::new(move |x| made(x.sum(axes)))),
        ("mean", Box::new(move |x| made(x.mean(axes)))),
        ("std", Box::new(move |x| made(x.std(axes)))),
    ];
    if all {
        list.push(("nanmean", Box::new(move |x| made(x.nanmean(axes)))));
        list.push(("min", Box::new(move |x| made(x.min(axes)))));
        list.push(("max", Box::new(move |x| made(x.max(axes)))));
    }
    list
}

fn measure<T: Real>(bytes: usize, number: impl Fn(usize) -> T)
where
    for<'a> Read<'a, T>: Loop<Output = u64>,
{
    let values: Block<T> = filled(&shape::<T>(bytes), number);
    let gigabytes = size_of_val(values.as_slice()) as f64 / 1e9;
    for threads in THREADS {
        let session = session(threads);
        let x = resident(&session, &values);
        let read = || Box::new(by_threads(threads, values.as_slice(), |part| widest(Read(part)))) as Box<dyn Any>;
        let axes = [("..", reductions(.., true)), ("0", reductions(0, false)), ("1", reductions(1, false))];
        for (axes, reductions) in axes.into_iter().chain([("2", reductions(2, false))]) {
            for (name, of) in reductions {
                let reduction = of(&x);
                let [plain, ours] = in_turn(ROUNDS, [&read, &|| reduction(&session)]);
                println!(
                    "{threads:>7}  {:<7}  {:<12} {:>10.1} {:>7.1} {:>5.0} %",
                    T::DTYPE,
                    format!("{name}({axes})"),
                    gigabytes / plain,
                    gigabytes / ours,
                    100.0 * plain / ours
                );
            }
        }
    }
}

fn products<T: Product + LinalgScalar>(number: impl Fn(usize) -> T) {
    let block = filled(&[SIDE, SIDE], number);
    let matrix = Array2::from_shape_vec((SIDE, SIDE), block.as_slice().to_vec()).unwrap();
    for threads in THREADS {
        let session = session(threads);
        let blocks = Array::from_ndarray(matrix.clone().into_dyn(), &[SIDE / 2, SIDE / 2]);
        let x = session.persist(&blocks).unwrap();
        let kernel = || {
            let mut out = Array2::<T>::zeros((SIDE, SIDE));
            let rows = SIDE / threads;
            std::thread::scope(|scope| {
                for (a, mut out) in matrix.axis_chunks_iter(Axis(0), rows).zip(out.axis_chunks_iter_mut(Axis(0), rows))
                {
                    let b = &matrix;
                    scope.spawn(move || general_mat_mul(T::one(), &a, b, T::zero(), &mut out));
                }
            });
            Box::new(out) as Box<dyn Any>
        };
        let ours = || Box::new(session.compute(&x.matmul(&x)).unwrap()) as Box<dyn Any>;
        let [plain, ours] = in_turn(5, [&kernel, &ours]);
        let operations = 2.0 * (SIDE as f64).powi(3) / 1e9;
        println!(
            "{threads:>7}  {:<7}  matmul       {:>10.1} {:>7.1} {:>5.0} %",
            T::DTYPE,
            operations / plain,
            operations / ours,
            100.0 * plain / ours
        );
    }
}

fn main() {
    // Cargo passes --bench; a number is ours.
    let mebibytes: usize = std::env::args().find_map(|word| word.parse().ok()).unwrap_or(1024);
    println!("reductions of {mebibytes} MiB, median of {ROUNDS}; gigabytes a second");
    println!("threads  type     reduction    plain read    ours   part");
    measure::<f32>(mebibytes << 20, |at| (scrambled(at) % 65_536) as f32 / 1024.0 - 32.0);
    measure::<f64>(mebibytes << 20, |at| (scrambled(at) % 65_536) as f64 / 1024.0 - 32.0);
    measure::<i16>(mebibytes << 20, |at| (scrambled(at) % 65_536) as i16);
    println!("products of {SIDE} x {SIDE}; thousand million operations a second");
    println!("threads  type     product        kernel    ours   part");
    products::<f32>(|at| (scrambled(at) % 256) as f32 / 256.0);
    products::<f64>(|at| (scrambled(at) % 256) as f64 / 256.0);
}
