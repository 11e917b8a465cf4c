//! What fusion of elementwise operations is worth: a chain of eight over 1 GiB in memory, against one loop by hand.
//!
//! `cargo bench --bench elementwise [-- MEBIBYTES]` evaluates `((x * 2 + 1) * x - 3).abs().sqrt() / 7 + 0.25` of an
//! array that a session keeps in memory, in chunks of automatic size. A loop by hand does the same to the same numbers,
//! with as many threads, and a version for each width of vectors as the library has them. Both run in turn, seven times;
//! printed are the medians and how many times as long the library takes.
//!
//! - `sum`: the results are added up in f64, and not written.
//! - `persist`: they are written to new memory.
//! - `compute`: they are handed over as one `ndarray`; the loop fills a new `Vec`.

#![allow(clippy::unwrap_used, reason = "a benchmark that can't run should stop")]

use std::any::Any;

use thermocline::chunk::{Block, BlockMut, Unmetered};
use thermocline::simd::{Loop, widest};
use thermocline::{Array, Session};

mod support;

use support::{THREADS, by_threads, filled, in_turn, resident, scrambled, session, shape};

const ROUNDS: usize = 7;

/// How many sums a thread keeps side by side.
const SUMS: usize = 32;

/// The loops by hand, for one type.
macro_rules! by_hand {
    ($module:ident, $t:ty) => {
        mod $module {
            use super::*;

            #[inline(always)]
            fn chain(x: $t) -> $t {
                ((x * 2.0 + 1.0) * x - 3.0).abs().sqrt() / 7.0 + 0.25
            }

            struct Summed<'a>(&'a [$t]);

            impl Loop for Summed<'_> {
                type Output = f64;

                #[inline(always)]
                fn run(self) -> f64 {
                    let mut sums = [0.0; SUMS];
                    let (rounds, rest) = self.0.as_chunks::<SUMS>();
                    for round in rounds {
                        for (sum, &x) in sums.iter_mut().zip(round) {
                            *sum += f64::from(chain(x));
                        }
                    }
                    sums.iter().sum::<f64>() + rest.iter().map(|&x| f64::from(chain(x))).sum::<f64>()
                }
            }

            struct Written<'a>(&'a [$t], &'a mut [$t]);

            impl Loop for Written<'_> {
                type Output = ();

                #[inline(always)]
                fn run(self) {
                    self.1.iter_mut().zip(self.0).for_each(|(out, &x)| *out = chain(x));
                }
            }

            fn sum(threads: usize, values: &[$t]) -> f64 {
                by_threads(threads, values, |part| widest(Summed(part))).iter().sum()
            }

            fn write(threads: usize, values: &[$t], out: &mut [$t]) {
                let part = values.len().div_ceil(threads);
                std::thread::scope(|scope| {
                    for (values, out) in values.chunks(part).zip(out.chunks_mut(part)) {
                        scope.spawn(move || widest(Written(values, out)));
                    }
                });
            }

            fn as_array(x: &Array<$t>) -> Array<$t> {
                ((x * 2.0 + 1.0) * x - 3.0).abs().sqrt() / 7.0 + 0.25
            }

            fn check(session: &Session, values: &Block<$t>, x: &Array<$t>) {
                let mut expected = vec![0.0; values.as_slice().len()];
                write(1, values.as_slice(), &mut expected);
                let found = session.compute(&as_array(x)).unwrap();
                assert!(found.as_slice() == Some(&expected[..]), "both compute the same");
                let (sum, expected) = (session.compute(&as_array(x).sum(..)).unwrap()[[]], sum(1, values.as_slice()));
                assert!((f64::from(sum) / expected - 1.0).abs() < 1e-7, "both sum the same");
            }

            pub(crate) fn measure(bytes: usize) {
                let values = filled(&shape::<$t>(bytes), |at| (scrambled(at) % 65_536) as $t / 1024.0 - 32.0);
                for threads in THREADS {
                    let session = session(threads);
                    let x = resident(&session, &values);
                    check(&session, &values, &x);
                    let print = |form: &str, [by_hand, ours]: [f64; 2]| {
                        println!(
                            "{threads:>7}  {}  {form:<8} {:>8.1}  {:>11.1}  {:>5.2}",
                            stringify!($t),
                            by_hand * 1e3,
                            ours * 1e3,
                            ours / by_hand
                        );
                    };
                    let values = values.as_slice();
                    let by_hand = || Box::new(sum(threads, values)) as Box<dyn Any>;
                    let ours = || Box::new(session.compute(&as_array(&x).sum(..)).unwrap()) as Box<dyn Any>;
                    print("sum", in_turn(ROUNDS, [&by_hand, &ours]));
                    let by_hand = || {
                        let mut out = BlockMut::zeroed(&[values.len()], &Unmetered).unwrap();
                        write(threads, values, out.as_mut_slice());
                        Box::new(out.freeze()) as Box<dyn Any>
                    };
                    let ours = || Box::new(session.persist(&as_array(&x)).unwrap()) as Box<dyn Any>;
                    print("persist", in_turn(ROUNDS, [&by_hand, &ours]));
                    let by_hand = || {
                        let mut out = vec![0.0; values.len()];
                        write(threads, values, &mut out);
                        Box::new(out) as Box<dyn Any>
                    };
                    let ours = || Box::new(session.compute(&as_array(&x)).unwrap()) as Box<dyn Any>;
                    print("compute", in_turn(ROUNDS, [&by_hand, &ours]));
                }
            }
        }
    };
}

by_hand!(single, f32);
by_hand!(double, f64);

fn main() {
    // Cargo passes --bench; a number is ours.
    let mebibytes: usize = std::env::args().find_map(|word| word.parse().ok()).unwrap_or(1024);
    println!("eight operations over {mebibytes} MiB, median of {ROUNDS}; milliseconds");
    println!("threads  type form     by hand  thermocline  ratio");
    single::measure(mebibytes << 20);
    double::measure(mebibytes << 20);
}
