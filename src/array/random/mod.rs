//! Random arrays.
//!
//! Every value is a function of the seed, of how many arrays its [`Generator`] has made before, and of its place in the
//! array: the same seed gives the same array in any chunks, at any number of threads, whole or in part (**D1**). The
//! generator is Philox 4x32-10; logarithms and angles are `libm`'s, so that the bits are the same on every machine. They are
//! not NumPy's numbers, whose generators count otherwise, and not for cryptography.
//!
//! ```
//! use thermocline::array::random;
//! use thermocline::{Array, Session};
//!
//! let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
//! let mut generator = random::Generator::new(42);
//! let noise: Array<f64> = generator.normal(0.0, 1.0, &[500, 400], "auto");
//! let other: Array<f64> = generator.normal(0.0, 1.0, &[500, 400], [100, 400]);
//! assert!(session.compute(&noise.mean(..))?[[]].abs() < 0.01);
//! assert_ne!(session.compute(&noise)?, session.compute(&other)?);
//! let again: Array<f64> = random::Generator::new(42).normal(0.0, 1.0, &[500, 400], [7, 13]);
//! assert_eq!(session.compute(&noise)?, session.compute(&again)?);
//! # Ok::<(), thermocline::Error>(())
//! ```

mod philox;

use std::panic::Location;

use philox::{philox, words};

use super::chunks::Chunking;
use super::creation::for_each_row;
use super::operators::{Arithmetic, Cast};
use super::ufunc::{Number, RealFloat};
use super::{Array, Real};
use crate::error::Error;

/// Makes random arrays from a seed, each from a stream of its own.
///
/// ```
/// use thermocline::Session;
/// use thermocline::array::random::Generator;
///
/// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
/// let x = Generator::new(1).uniform(0.0, 1.0, &[1000], [100]);
/// let same = Generator::new(1).uniform(0.0, 1.0, &[1000], [64]); // whatever the chunks
/// assert_eq!(session.compute((&x - &same).abs().max(..))?[[]], 0.0);
/// let mut generator = Generator::new(2);
/// let [a, b] = [(); 2].map(|()| generator.uniform(0.0, 1.0, &[1000], [100]));
/// assert_ne!(session.compute((&a - &b).abs().max(..))?[[]], 0.0);
/// # Ok::<(), thermocline::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Generator {
    key: [u32; 2],
    stream: u32,
}

/// Where the values of one array come from: a block of 128 random bits for each two places.
#[derive(Clone, Copy)]
struct Stream {
    key: [u32; 2],
    stream: u32,
}

impl Stream {
    /// The words for the places `2 * pair` and `2 * pair + 1`, in another draw where one was refused.
    fn words(self, pair: u64, draw: u32) -> [u64; 2] {
        words(philox([pair as u32, (pair >> 32) as u32, self.stream, draw], self.key))
    }
}

impl Generator {
    /// A generator; the same seed makes the same arrays.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { key: [seed as u32, (seed >> 32) as u32], stream: 0 }
    }

    fn next_stream(&mut self) -> Stream {
        let stream = Stream { key: self.key, stream: self.stream };
        self.stream = self.stream.wrapping_add(1);
        stream
    }

    /// Uniform values from `low` up to but without `high`: 53 random bits each as f64, 24 as f32.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// use thermocline::array::random::Generator;
    ///
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x = Generator::new(1).uniform(-1.0_f32, 1.0, &[10_000], [3000]);
    /// assert!(session.compute(&x.min(..))?[[]] >= -1.0 && session.compute(&x.max(..))?[[]] < 1.0);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// Deferred: where `high` is less than `low`, or either is no finite number.
    #[track_caller]
    pub fn uniform<T: RealFloat>(&mut self, low: T, high: T, shape: &[usize], chunks: impl Chunking) -> Array<T> {
        let (location, stream) = (Location::caller(), self.next_stream());
        let width = high.to_f64() - low.to_f64();
        if !(0.0..f64::INFINITY).contains(&width) {
            let problem = format!("low is {low} and high {high}: expected finite numbers, high at least low");
            return Array::failed(Error::operation("uniform", location, problem));
        }
        let bits = if size_of::<T>() == 4 { 24 } else { 53 };
        let unit = 1.0 / (1_u64 << bits) as f64;
        let value = move |word: u64| {
            let value = T::from_f64(low.to_f64() + width * ((word >> (64 - bits)) as f64 * unit));
            // The sum may have been rounded up to the end that is left out.
            if value < high { value } else { low }
        };
        filled("uniform", shape, &chunks, location, move |pair| stream.words(pair, 0).map(value))
    }

    /// Normally distributed values of this mean and standard deviation, by Box and Muller (1958): the cosine and the sine of
    /// one angle are two values. Of 53 random bits none is more than 8.6 deviations away.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// use thermocline::array::random::Generator;
    ///
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x: Array<f64> = Generator::new(1).normal(20.0, 2.0, &[10_000], "auto");
    /// assert!((session.compute(&x.std(..))?[[]] - 2.0).abs() < 0.1);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// Deferred: where the deviation is negative, or either is no finite number.
    #[track_caller]
    pub fn normal<T: RealFloat>(&mut self, mean: T, deviation: T, shape: &[usize], chunks: impl Chunking) -> Array<T> {
        let (location, stream) = (Location::caller(), self.next_stream());
        if !mean.isfinite() || !deviation.isfinite() || deviation < T::default() {
            let problem = format!(
                "mean is {mean} and deviation {deviation}: expected finite numbers, the deviation not negative"
            );
            return Array::failed(Error::operation("normal", location, problem));
        }
        let (mean, deviation) = (mean.to_f64(), deviation.to_f64());
        let unit = 1.0 / (1_u64 << 53) as f64;
        filled("normal", shape, &chunks, location, move |pair| {
            let [a, b] = stream.words(pair, 0);
            // From above zero to one, so that the logarithm is finite.
            let radius = (-2.0 * libm::log(((a >> 11) + 1) as f64 * unit)).sqrt();
            let (sin, cos) = libm::sincos((b >> 11) as f64 * unit * std::f64::consts::TAU);
            [cos, sin].map(|value| T::from_f64(mean + deviation * (radius * value)))
        })
    }

    /// Integers from `low` up to but without `high`, each as likely as the other: by multiplication, refusing what would make
    /// some likelier (Lemire, *Fast random integer generation in an interval*, 2019).
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// use thermocline::array::random::Generator;
    ///
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let dice = Generator::new(1).integers(1, 7, &[10_000], "auto");
    /// assert_eq!((session.compute(&dice.min(..))?[[]], session.compute(&dice.max(..))?[[]]), (1, 6));
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// Deferred: where `high` is not greater than `low`.
    #[track_caller]
    pub fn integers<T>(&mut self, low: T, high: T, shape: &[usize], chunks: impl Chunking) -> Array<T>
    where
        T: Number + Cast<u64>,
        u64: Cast<T>,
    {
        let (location, stream) = (Location::caller(), self.next_stream());
        if low >= high {
            let problem = format!("low is {low} and high {high}: expected high to be greater");
            return Array::failed(Error::operation("integers", location, problem));
        }
        // Signs are extended, so the difference is right modulo 2^64, and less.
        let range = high.cast().wrapping_sub(low.cast());
        let refused = range.wrapping_neg() % range;
        filled("integers", shape, &chunks, location, move |pair| {
            let first = stream.words(pair, 0);
            [0, 1].map(|place| {
                let (mut word, mut draw) = (first[place], 0);
                loop {
                    let product = u128::from(word) * u128::from(range);
                    if product as u64 >= refused {
                        return Arithmetic::plus(low, Cast::cast((product >> 64) as u64));
                    }
                    draw += 1;
                    word = stream.words(pair, draw)[place];
                }
            })
        })
    }
}

/// An array in C order of what `two` gives for each pair of places.
fn filled<T: Real>(
    label: &'static str,
    shape: &[usize],
    chunks: &impl Chunking,
    location: &'static Location<'static>,
    two: impl Fn(u64) -> [T; 2] + Send + Sync + 'static,
) -> Array<T> {
    let lengths = shape.to_vec();
    Array::generated(label, shape, chunks, location, move |tile, out| {
        for_each_row(tile, |at, row| {
            let first = at.iter().zip(&lengths).fold(0_u64, |place, (&at, &length)| place * length as u64 + at as u64);
            let mut rest = &mut out[row];
            let mut place = first;
            if place % 2 == 1 {
                rest[0] = two(place / 2)[1];
                rest = &mut rest[1..];
                place += 1;
            }
            for (pair, values) in (place / 2..).zip(rest.chunks_mut(2)) {
                let both = two(pair);
                values.copy_from_slice(&both[..values.len()]);
            }
        });
    })
}
