//! Medians and quantiles, exact.
//!
//! Along lanes that fit a block, an array is rechunked to whole lanes, which are [selected from](super::answer). Lanes of more
//! than [`LANE`] bytes, an array's median as a whole for example, are [counted](super::radix) instead, in as many passes
//! over the array as it takes, each in little memory. Which of the two it is depends on the shape alone, and both give
//! the same values (**D1**).
//!
//! Of no value the result is NaN. Results are floats: of the array's type, f64 for integers.

use std::panic::Location;
use std::sync::Arc;

use super::gather::BlockNode;
use super::grid::{ChunkGrid, Region};
use super::lane::grid_of_lanes;
use super::ordered::Ordered;
use super::permute::PermuteNode;
use super::reducer::Real;
use super::{Array, Axes, answer, radix};
use crate::error::Error;
use crate::graph::{Key, Layers};

/// The most bytes of a lane that a task selects from.
const LANE: usize = 64 << 20;

/// How a quantile is found that lies between two values: NumPy's methods, numbered as Hyndman and Fan (1996) do.
///
/// ```
/// use thermocline::array::Method;
/// use thermocline::{Array, Session};
///
/// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
/// let x: Array<f64> = [1.0, 2.0, 4.0, 8.0].into_iter().collect();
/// let half = [Method::Linear, Method::Lower, Method::Higher, Method::Midpoint].map(|method| x.quantile_by(0.5, 0, method));
/// let half: Vec<f64> = session.compute(&half[..])?.iter().map(|value| value[[]]).collect();
/// assert_eq!(half, [3.0, 2.0, 4.0, 3.0]);
/// # Ok::<(), thermocline::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Method {
    /// On the line between them (7).
    #[default]
    Linear,
    /// The lesser one.
    Lower,
    /// The greater one.
    Higher,
    /// Half-way between them.
    Midpoint,
    /// The nearer one; half-way, that of even rank.
    Nearest,
    /// The least value at which the distribution reaches it (1).
    InvertedCdf,
    /// As that, averaged where the distribution reaches it exactly (2).
    AveragedInvertedCdf,
    /// The observation of nearest rank (3).
    ClosestObservation,
    /// The distribution's line, inverted (4).
    InterpolatedInvertedCdf,
    /// (5)
    Hazen,
    /// (6)
    Weibull,
    /// (8): about unbiased for the median, whatever the distribution.
    MedianUnbiased,
    /// (9): about unbiased if the distribution is normal.
    NormalUnbiased,
}

/// Where a quantile lies among sorted values: two ranks, and how far it is from the first to the second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Place {
    pub(super) low: usize,
    pub(super) high: usize,
    pub(super) weight: f64,
}

impl Method {
    /// The place of quantile `q` among `n` values, at least one. The formulas are NumPy's (`numpy.quantile`).
    pub(super) fn place(self, n: usize, q: f64) -> Place {
        let count = n as f64;
        let linear = (count - 1.0) * q;
        let continuous = |alpha: f64, beta: f64| count * q + (alpha + q * (1.0 - alpha - beta)) - 1.0;
        let at = match self {
            Self::Linear | Self::Midpoint => linear,
            Self::Lower => linear.floor(),
            Self::Higher => linear.ceil(),
            Self::Nearest => linear.round_ties_even(),
            Self::InvertedCdf | Self::AveragedInvertedCdf => count * q - 1.0,
            Self::ClosestObservation => count * q - 1.5,
            Self::InterpolatedInvertedCdf => continuous(0.0, 1.0),
            Self::Hazen => continuous(0.5, 0.5),
            Self::Weibull => continuous(0.0, 0.0),
            Self::MedianUnbiased => continuous(1.0 / 3.0, 1.0 / 3.0),
            Self::NormalUnbiased => continuous(3.0 / 8.0, 3.0 / 8.0),
        };
        let (floor, part) = (at.floor(), at - at.floor());
        let weight = match self {
            Self::Midpoint if part > 0.0 => 0.5,
            Self::InvertedCdf => f64::from(u8::from(part > 0.0)),
            Self::AveragedInvertedCdf => {
                if part > 0.0 {
                    1.0
                } else {
                    0.5
                }
            }
            Self::ClosestObservation => f64::from(u8::from(part > 0.0 || floor.rem_euclid(2.0) != 1.0)),
            _ => part,
        };
        let rank = |rank: f64| rank.clamp(0.0, count - 1.0) as usize;
        Place { low: rank(floor), high: rank(floor + 1.0), weight }
    }
}

/// What is asked for of each lane.
#[derive(Clone, Debug)]
pub(super) enum Ask {
    /// The value in the middle, or the mean of the two there.
    Median,
    Quantiles(Arc<[f64]>, Method),
}

impl Ask {
    /// How many values a lane gives.
    pub(super) fn count(&self) -> usize {
        match self {
            Self::Median => 1,
            Self::Quantiles(quantiles, _) => quantiles.len(),
        }
    }

    pub(super) fn place(&self, number: usize, n: usize) -> Place {
        match self {
            Self::Median => Place { low: (n - 1) / 2, high: n / 2, weight: 0.5 },
            Self::Quantiles(quantiles, method) => method.place(n, quantiles[number]),
        }
    }

    /// The value at a place between `low` and `high`.
    pub(super) fn value<T: Real>(&self, low: T, high: T, weight: f64) -> T::Spread {
        let (a, b) = (low.to_f64(), high.to_f64());
        let value = match self {
            Self::Median => f64::midpoint(a, b),
            // Equal ones first: between two infinities there is no line.
            Self::Quantiles(..) if weight == 0.0 || a == b => a,
            // NumPy's way, which is exact at both ends and never turns back.
            Self::Quantiles(..) if weight >= 0.5 => b - (b - a) * (1.0 - weight),
            Self::Quantiles(..) => a + (b - a) * weight,
        };
        T::spread(value)
    }
}

/// One or more quantiles. One gives an array without the reduced axes; several give one more axis, the first.
///
/// ```
/// use thermocline::Array;
///
/// let x = Array::<f64>::zeros(&[5, 7], "auto");
/// assert_eq!(x.quantile(0.5, 0).shape(), [7]);
/// assert_eq!(x.quantile([0.1, 0.5, 0.9], 0).shape(), [3, 7]);
/// assert_eq!(x.quantile(&[0.5][..], ..).shape(), [1]); // a list of one is a list
/// ```
pub trait Quantiles {
    /// The quantiles, 0 to 1, and whether the result has an axis for them.
    fn quantiles(&self) -> (Vec<f64>, bool);
}

impl Quantiles for f64 {
    fn quantiles(&self) -> (Vec<f64>, bool) {
        (vec![*self], false)
    }
}

impl Quantiles for &[f64] {
    fn quantiles(&self) -> (Vec<f64>, bool) {
        (self.to_vec(), true)
    }
}

impl<const N: usize> Quantiles for [f64; N] {
    fn quantiles(&self) -> (Vec<f64>, bool) {
        (self.to_vec(), true)
    }
}

impl<const N: usize> Quantiles for &[f64; N] {
    fn quantiles(&self) -> (Vec<f64>, bool) {
        (self.to_vec(), true)
    }
}

/// Values of lanes, and what is asked for of each: along the axes that are true, NaN left out where `skip`.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub(super) ask: Ask,
    pub(super) along: Vec<bool>,
    pub(super) skip: bool,
}

impl Question {
    /// The box of the array in which the lanes of `region` of the result are. The result's first axis is the quantiles'.
    pub(super) fn lanes_of(&self, grid: &ChunkGrid, region: &Region) -> Region {
        let mut kept = region.start.iter().zip(&region.shape).skip(1);
        let shape = grid.shape();
        let axis = |axis: usize| {
            if self.along[axis] { (0, shape[axis]) } else { kept.next().map_or((0, 1), |(&at, &len)| (at, len)) }
        };
        let (start, shape): (Vec<usize>, Vec<usize>) = (0..shape.len()).map(axis).unzip();
        Region { start, shape }
    }

    /// The chunks of the result, where the array is in chunks of `grid`.
    pub(super) fn grid(&self, grid: &ChunkGrid) -> ChunkGrid {
        let kept = (0..grid.ndim()).filter(|&axis| !self.along[axis]).map(|axis| grid.lengths(axis).to_vec());
        ChunkGrid::new(std::iter::once(vec![self.ask.count()]).chain(kept).collect())
    }
}

impl<T: Real + Ordered> Array<T> {
    /// The median over `axes`: the value in the middle, or the mean of the two there; NaN where there is one, or no
    /// value at all.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x = Array::<i64>::from_fn(&[4, 3], &[2, 3], |at| (at[0] * at[0] + at[1]) as i64);
    /// assert_eq!(session.compute(&x.median(0))?.into_raw_vec_and_offset().0, [2.5, 3.5, 4.5]);
    /// assert_eq!(session.compute(&x.median(..))?[[]], 3.5);
    /// assert!(session.compute(&Array::<f64>::zeros(&[0], "auto").median(0))?[[]].is_nan());
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// When computed: where an axis does not exist.
    #[track_caller]
    #[must_use]
    pub fn median(&self, axes: impl Axes) -> Array<T::Spread> {
        self.asked("median", Location::caller(), &axes, (Ask::Median, false), false)
    }

    /// The median over `axes` of what is not NaN; NaN where nothing is.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x: Array<f64> = [1.0, f64::NAN, 4.0].into_iter().collect();
    /// assert_eq!(session.compute(&x.nanmedian(..))?[[]], 2.5);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`median`](Self::median).
    #[track_caller]
    #[must_use]
    pub fn nanmedian(&self, axes: impl Axes) -> Array<T::Spread> {
        self.asked("nanmedian", Location::caller(), &axes, (Ask::Median, false), true)
    }

    /// Quantiles over `axes`, each between 0 and 1: a number, or several, which are then the first axis of the result.
    /// Between two values a quantile is on the line between them, computed in f64 whatever the type;
    /// [`quantile_by`](Self::quantile_by) has other methods. NaN where there is one, or no value at all.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x = Array::<f64>::from_fn(&[5, 2], &[2, 2], |at| (at[0] * 10 + at[1]) as f64);
    /// let spread = session.compute(&x.quantile([0.25, 0.75], 0))?;
    /// assert_eq!((spread.shape(), spread[[1, 0]]), (&[2, 2][..], 30.0));
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// When computed: where a quantile is not between 0 and 1, or an axis does not exist.
    #[track_caller]
    #[must_use]
    pub fn quantile(&self, quantiles: impl Quantiles, axes: impl Axes) -> Array<T::Spread> {
        self.asked("quantile", Location::caller(), &axes, ask(&quantiles, 1.0, Method::Linear), false)
    }

    /// Quantiles over `axes`, by one of NumPy's methods.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// use thermocline::array::Method;
    ///
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x: Array<f64> = [1.0, 2.0, 3.0, 4.0].into_iter().collect();
    /// assert_eq!(session.compute(&x.quantile_by(0.5, .., Method::Lower))?[[]], 2.0);
    /// assert_eq!(session.compute(&x.quantile_by(0.25, .., Method::Hazen))?[[]], 1.5);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`quantile`](Self::quantile).
    #[track_caller]
    #[must_use]
    pub fn quantile_by(&self, quantiles: impl Quantiles, axes: impl Axes, method: Method) -> Array<T::Spread> {
        self.asked("quantile", Location::caller(), &axes, ask(&quantiles, 1.0, method), false)
    }

    /// Quantiles over `axes` of what is not NaN; NaN where nothing is.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x: Array<f64> = [1.0, f64::NAN, 4.0].into_iter().collect();
    /// assert_eq!(session.compute(&x.nanquantile(0.5, ..))?[[]], 2.5);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`quantile`](Self::quantile).
    #[track_caller]
    #[must_use]
    pub fn nanquantile(&self, quantiles: impl Quantiles, axes: impl Axes) -> Array<T::Spread> {
        self.asked("nanquantile", Location::caller(), &axes, ask(&quantiles, 1.0, Method::Linear), true)
    }

    /// Quantiles over `axes` of what is not NaN, by one of NumPy's methods.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// use thermocline::array::Method;
    ///
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x: Array<f64> = [1.0, f64::NAN, 4.0].into_iter().collect();
    /// assert_eq!(session.compute(&x.nanquantile_by(0.5, .., Method::Higher))?[[]], 4.0);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`quantile`](Self::quantile).
    #[track_caller]
    #[must_use]
    pub fn nanquantile_by(&self, quantiles: impl Quantiles, axes: impl Axes, method: Method) -> Array<T::Spread> {
        self.asked("nanquantile", Location::caller(), &axes, ask(&quantiles, 1.0, method), true)
    }

    /// As [`quantile`](Self::quantile), of percentages, 0 to 100.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x = Array::<i64>::arange(0, 101, 1, [30]);
    /// assert_eq!(session.compute(&x.percentile([5.0, 95.0], ..))?.into_raw_vec_and_offset().0, [5.0, 95.0]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// Where a percentage is not between 0 and 100, or an axis does not exist.
    #[track_caller]
    #[must_use]
    pub fn percentile(&self, percentages: impl Quantiles, axes: impl Axes) -> Array<T::Spread> {
        self.asked("percentile", Location::caller(), &axes, ask(&percentages, 100.0, Method::Linear), false)
    }

    /// As [`nanquantile`](Self::nanquantile), of percentages, 0 to 100.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x: Array<f64> = [1.0, f64::NAN, 4.0].into_iter().collect();
    /// assert_eq!(session.compute(&x.nanpercentile(100.0, ..))?[[]], 4.0);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`percentile`](Self::percentile).
    #[track_caller]
    #[must_use]
    pub fn nanpercentile(&self, percentages: impl Quantiles, axes: impl Axes) -> Array<T::Spread> {
        self.asked("nanpercentile", Location::caller(), &axes, ask(&percentages, 100.0, Method::Linear), true)
    }

    /// The answers, without the axis of quantiles unless it is wanted.
    fn asked(
        &self,
        label: &'static str,
        location: &'static Location<'static>,
        axes: &impl Axes,
        (ask, several): (Ask, bool),
        skip: bool,
    ) -> Array<T::Spread> {
        if let Some(error) = &self.failure {
            return Array::failed(error.clone());
        }
        let fail = |problem: String| {
            let problem = format!("{problem} (shape {:?} of {})", self.shape(), T::DTYPE);
            Array::failed(Error::operation(label, location, problem))
        };
        if let Ask::Quantiles(quantiles, _) = &ask
            && let Some(wrong) = quantiles.iter().find(|quantile| !(0.0..=1.0).contains(*quantile))
        {
            let (scale, range) = if label.ends_with("percentile") { (100.0, "0 and 100") } else { (1.0, "0 and 1") };
            return fail(format!("{} is not between {range}", wrong * scale));
        }
        let along = match axes.resolve(self.ndim()) {
            Ok(along) => along,
            Err(problem) => return fail(problem),
        };
        let question = Question { ask, along, skip };
        let kept = axes.are_kept();
        let answers = self.answers(label, &question);
        let ndim = answers.ndim();
        let mut own = 1..ndim;
        let mut axes: Vec<Option<usize>> = if several { vec![Some(0)] } else { Vec::new() };
        for &along in &question.along {
            if !along {
                axes.push(own.next());
            } else if kept {
                axes.push(None);
            }
        }
        Array::of(PermuteNode::new(label, answers.node, axes))
    }

    /// The answers, the quantiles' axis first.
    pub(super) fn answers(&self, label: &'static str, question: &Question) -> Array<T::Spread> {
        let shape = self.shape();
        let lane: usize = (0..shape.len()).filter(|&axis| question.along[axis]).map(|axis| shape[axis]).product();
        if lane.saturating_mul(size_of::<T>()) > LANE {
            return radix::answers(label, self, question);
        }
        let node = self.in_grid(&grid_of_lanes(self.chunks(), &question.along, size_of::<T>())).node;
        let (grid, question) = (question.grid(node.grid()), question.clone());
        let prepare = move |layers: &mut Layers, _: &[usize], region: &Region, needs: &mut Vec<Key>| {
            answer::recipe(&node, &question, layers, region, needs)
        };
        Array::of(BlockNode { label, grid, prepare: Box::new(prepare) })
    }
}

fn ask(quantiles: &impl Quantiles, scale: f64, method: Method) -> (Ask, bool) {
    let (quantiles, several) = quantiles.quantiles();
    let quantiles: Vec<f64> = quantiles.into_iter().map(|quantile| quantile / scale).collect();
    (Ask::Quantiles(quantiles.into(), method), several)
}
