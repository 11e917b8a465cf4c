//! Operations element by element, by NumPy's names ("universal functions").
//!
//! All of them are lazy, and a chain of them is one pass over its input (**P2**): it is fused with the source below and
//! the reduction above. They broadcast as NumPy's do, take an array or a scalar on the other side ([`Operand`]), and
//! both sides have one type: [`astype`](Array::astype) converts.
//!
//! | input | arithmetic `+ - *`, `power`, `abs`, `sign`, `floor_divide`, `remainder`, `fmod` | `exp`, `sqrt`, `sin`, `divide` … | `hypot`, `arctan2`, `cbrt`, `degrees` … | comparison |
//! | --- | --- | --- | --- | --- |
//! | f32 | f32 | f32 | f32 | bool |
//! | f64 | f64 | f64 | f64 | bool |
//! | i8 to i64, u8 to u64 | the same type, wrapping | f64 | f64 | bool |
//! | bool | none: convert first | f64 | f64 | bool |
//! | Complex | complex; `abs` is real; no division with a remainder | complex | none | `equal`, `not_equal` |
//!
//! NumPy differs where it has a 16-bit float (`sqrt` of int8), and in that it gives f32 for functions of 16-bit integers.
//! An integer divided by zero gives zero, also for `reciprocal`. The operator `/` keeps integers integers, as Rust does;
//! [`divide`](Array::divide) is NumPy's. Complex numbers are not ordered.
//!
//! ```
//! use thermocline::{Array, Session};
//!
//! let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
//! let degrees = Array::<i32>::arange(0, 360, 90, [2]);
//! let sines = degrees.radians().sin().round(12);
//! assert_eq!(session.compute(&sines)?.into_raw_vec_and_offset().0, [0.0, 1.0, 0.0, -1.0]);
//! let bearing = sines.arctan2(&degrees.radians().cos()).degrees().round(9);
//! assert_eq!(session.compute(&bearing)?.into_raw_vec_and_offset().0, [0.0, 90.0, 180.0, -90.0]);
//! # Ok::<(), thermocline::Error>(())
//! ```

mod binary;
mod bits;
mod choose;
mod compare;
pub(super) mod complex;
mod float;
mod guard;
mod number;
mod operand;

pub use compare::Tolerance;
pub use float::{Float, RealFloat};
pub use number::Number;
pub use operand::{Operand, Side};

use float::for_each_float_function;

use super::Array;
use super::chain::Op;
use super::operators::Arithmetic;
use super::reducer::{Real, Summable};
use crate::chunk::Element;

macro_rules! map_float {
    ($array:expr, $name:ident) => {
        $array.map_labelled(stringify!($name), |value| Float::$name(value.inexact()))
    };
    ($array:expr, $name:ident, $op:ident) => {
        $array.map_step(stringify!($name), Op::$op, None, |value| Float::$name(value.inexact()))
    };
}

macro_rules! float_methods {
    ($($name:ident, $doc:literal, $f64:path, $f32:path, $complex:path $(, $op:ident)?;)+) => {
        /// Functions of numbers with a fraction; integers and bools become f64.
        ///
        /// ```
        /// # use thermocline::{Array, Session};
        /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
        /// let x = Array::<f64>::linspace(0.1, 0.9, 5, "auto");
        /// let inverses = [
        ///     x.exp().log(), x.exp2().log2(), x.expm1().log1p(), (&x * 10.0_f64.ln()).exp().log10(), x.square().sqrt(),
        ///     x.sin().arcsin(), x.cos().arccos(), x.tan().arctan(),
        ///     x.sinh().arcsinh(), (&x + 1.0).arccosh().cosh() - 1.0, x.tanh().arctanh(),
        /// ];
        /// for same in session.compute(&inverses[..])? {
        ///     assert!((same[[2]] - 0.5).abs() < 1e-12);
        /// }
        /// let below: Array<i32> = [-1, 4].into_iter().collect();
        /// let roots = session.compute(&below.sqrt())?; // f64
        /// assert!(roots[[0]].is_nan() && roots[[1]] == 2.0);
        /// let odd: Array<f64> = [f64::NAN, f64::INFINITY, -1.0].into_iter().collect();
        /// assert_eq!(session.compute(&odd.isfinite())?.into_raw_vec_and_offset().0, [false, false, true]);
        /// assert_eq!(session.compute(&odd.isinf())?.into_raw_vec_and_offset().0, [false, true, false]);
        /// assert_eq!(session.compute(&odd.angle())?[[2]], std::f64::consts::PI);
        /// # Ok::<(), thermocline::Error>(())
        /// ```
        impl<T: Summable> Array<T> {
            $(
                #[doc = concat!($doc, " NumPy's `", stringify!($name), "`.")]
                #[must_use]
                pub fn $name(&self) -> Array<T::Average> {
                    map_float!(self, $name $(, $op)?)
                }
            )+

            /// The angle in the complex plane, in radians: 0 or pi for real numbers. NumPy's `angle`.
            #[must_use]
            pub fn angle(&self) -> Array<<T::Average as Float>::Part> {
                self.map_labelled("angle", |value| value.inexact().angle())
            }

            /// Whether each value is a number: neither NaN nor infinite, in both parts if complex.
            #[must_use]
            pub fn isfinite(&self) -> Array<bool> {
                self.map_labelled("isfinite", |value| is_finite(value.inexact()))
            }

            /// Whether each value is infinite, in either part if complex.
            #[must_use]
            pub fn isinf(&self) -> Array<bool> {
                self.map_labelled("isinf", |value| {
                    let (re, im) = parts(value.inexact());
                    let infinite = |part: <T::Average as Float>::Part| !part.isfinite() && !part.is_nan();
                    infinite(re) || infinite(im)
                })
            }
        }
    };
}

for_each_float_function!(float_methods);

/// The real and the imaginary part.
fn parts<F: Float>(value: F) -> (F::Part, F::Part) {
    (value.real_part(), value.imaginary_part())
}

fn is_finite<F: Float>(value: F) -> bool {
    let (re, im) = parts(value);
    re.isfinite() && im.isfinite()
}

impl<T: Element> Array<T> {
    /// Whether each value is NaN, in either part if complex.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x: Array<f64> = [1.0, f64::NAN, 4.0].into_iter().collect();
    /// assert_eq!(session.compute(&x.isnan())?.into_raw_vec_and_offset().0, [false, true, false]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[must_use]
    pub fn isnan(&self) -> Array<bool> {
        self.map_labelled("isnan", T::is_nan)
    }
}

macro_rules! real_methods {
    ($($name:ident, $doc:literal;)+) => {$(
        #[doc = concat!($doc, " NumPy's `", stringify!($name), "`.")]
        #[must_use]
        pub fn $name(&self) -> Array<T::Spread> {
            self.map_labelled(stringify!($name), |value| RealFloat::$name(T::spread(value.to_f64())))
        }
    )+};
}

/// Functions of real numbers; integers and bools become f64.
///
/// ```
/// # use thermocline::{Array, Session};
/// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
/// let n: Array<i32> = [0, 8].into_iter().collect();
/// assert_eq!(session.compute(&n.cbrt())?.into_raw_vec_and_offset().0, [0.0, 2.0]);
/// assert_eq!(session.compute(&n.radians().degrees().round(9))?.into_raw_vec_and_offset().0, [0.0, 8.0]);
/// # Ok::<(), thermocline::Error>(())
/// ```
impl<T: Real> Array<T> {
    real_methods! {
        cbrt, "The cube root.";
        degrees, "Radians as degrees.";
        radians, "Degrees as radians.";
    }

    /// Whether the sign bit is set: of negative numbers, and of -0.0. NumPy's `signbit`.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x: Array<f64> = [-0.0, 0.0].into_iter().collect();
    /// assert_eq!(session.compute(&x.signbit())?.into_raw_vec_and_offset().0, [true, false]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[must_use]
    pub fn signbit(&self) -> Array<bool> {
        self.map_labelled("signbit", |value| T::spread(value.to_f64()).signbit())
    }
}

macro_rules! rounding_methods {
    ($($name:ident, $doc:literal;)+) => {$(
        #[doc = concat!($doc, " NumPy's `", stringify!($name), "`.")]
        #[must_use]
        pub fn $name(&self) -> Self {
            self.map_labelled(stringify!($name), RealFloat::$name)
        }
    )+};
}

/// Rounding to whole numbers; integers are whole.
///
/// ```
/// # use thermocline::{Array, Session};
/// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
/// let x: Array<f64> = [-1.5, 0.5, 2.7].into_iter().collect();
/// assert_eq!(session.compute(&x.floor())?.into_raw_vec_and_offset().0, [-2.0, 0.0, 2.0]);
/// assert_eq!(session.compute(&x.ceil())?.into_raw_vec_and_offset().0, [-1.0, 1.0, 3.0]);
/// assert_eq!(session.compute(&x.trunc())?.into_raw_vec_and_offset().0, [-1.0, 0.0, 2.0]);
/// assert_eq!(session.compute(&x.rint())?.into_raw_vec_and_offset().0, [-2.0, 0.0, 3.0]);
/// # Ok::<(), thermocline::Error>(())
/// ```
impl<T: RealFloat> Array<T> {
    rounding_methods! {
        floor, "The greatest whole number that is not greater.";
        ceil, "The least whole number that is not less.";
        trunc, "The next whole number towards zero.";
        rint, "The nearest whole number, of two the even one.";
    }
}

impl<T: Number> Array<T> {
    /// Each value rounded to `decimals` places after the point, or before it if negative; of two nearest to the even one.
    ///
    /// NumPy's `round`: the value is scaled, rounded, and scaled back, so that 1.005 to 2 decimals may go either way. Integers
    /// are rounded exactly, and wrap.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x: Array<f64> = [0.5, 1.5, 123.4].into_iter().collect();
    /// assert_eq!(session.compute(&x.round(0))?.into_raw_vec_and_offset().0, [0.0, 2.0, 123.0]);
    /// assert_eq!(session.compute(&x.round(-2))?.into_raw_vec_and_offset().0, [0.0, 0.0, 100.0]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[must_use]
    pub fn round(&self, decimals: i32) -> Self {
        self.map_labelled("round", move |value| value.round_to(decimals))
    }
}

impl<T: Arithmetic> Array<T> {
    /// The size of each value, real for complex ones. That of the least integer wraps to itself. NumPy's `abs`.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let n: Array<i8> = [-3, 3, i8::MIN].into_iter().collect();
    /// assert_eq!(session.compute(&n.abs())?.into_raw_vec_and_offset().0, [3, 3, i8::MIN]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[must_use]
    pub fn abs(&self) -> Array<T::Magnitude> {
        self.map_step("abs", Op::Size, None, T::magnitude)
    }

    /// -1, 0 or 1, and NaN for NaN; for a complex number the one of size 1 in its direction. NumPy 2's `sign`.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x: Array<f64> = [-2.5, 0.0, 7.0].into_iter().collect();
    /// assert_eq!(session.compute(&x.sign())?.into_raw_vec_and_offset().0, [-1.0, 0.0, 1.0]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[must_use]
    pub fn sign(&self) -> Self {
        self.map_labelled("sign", T::sign)
    }

    /// Each value times itself. NumPy's `square`.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let n: Array<u8> = [3, 16].into_iter().collect();
    /// assert_eq!(session.compute(&n.square())?.into_raw_vec_and_offset().0, [9, 0]); // integers wrap
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[must_use]
    pub fn square(&self) -> Self {
        self.map_step("square", Op::Square, None, |value| T::times(value, value))
    }

    /// One divided by each value; rounded towards zero for integers, zero for zero. NumPy's `reciprocal`.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x: Array<f64> = [4.0, 0.0].into_iter().collect();
    /// assert_eq!(session.compute(&x.reciprocal())?.into_raw_vec_and_offset().0, [0.25, f64::INFINITY]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[must_use]
    pub fn reciprocal(&self) -> Self {
        self.map_step("reciprocal", Op::Under, Some(T::UNIT), |value| T::over(T::UNIT, value))
    }

    /// The real part; a real number itself. NumPy's `real`.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// use thermocline::Complex;
    ///
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let z = Array::from(Complex::new(3.0, -4.0));
    /// assert_eq!(session.compute(&z.real())?[[]], 3.0);
    /// assert_eq!(session.compute(&z.abs())?[[]], 5.0);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[must_use]
    pub fn real(&self) -> Array<T::Magnitude> {
        self.map_labelled("real", T::real_part)
    }

    /// The imaginary part; zero for a real number. NumPy's `imag`.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// use thermocline::Complex;
    ///
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let z = Array::from(Complex::new(3.0, -4.0));
    /// assert_eq!(session.compute(&z.imag())?[[]], -4.0);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[must_use]
    pub fn imag(&self) -> Array<T::Magnitude> {
        self.map_labelled("imag", T::imaginary_part)
    }

    /// The complex conjugate; a real number itself. NumPy's `conj`.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// use thermocline::Complex;
    ///
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let z = Array::from(Complex::new(3.0, -4.0));
    /// assert_eq!(session.compute(&z.conj())?[[]], Complex::new(3.0, 4.0));
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[must_use]
    pub fn conj(&self) -> Self {
        self.map_labelled("conj", T::conjugate)
    }
}

/// What may stand in the place of values that are no numbers.
impl<T: Float> Array<T> {
    /// NaN as zero, infinities as the greatest and the least finite value, in both parts if complex. NumPy's `nan_to_num`.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x: Array<f64> = [f64::NAN, f64::INFINITY, 1.0].into_iter().collect();
    /// assert_eq!(session.compute(&x.nan_to_num())?.into_raw_vec_and_offset().0, [0.0, f64::MAX, 1.0]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[must_use]
    pub fn nan_to_num(&self) -> Self {
        let greatest = T::Part::GREATEST;
        self.nan_to_num_with(T::Part::default(), greatest, T::Part::negated(greatest))
    }

    /// NaN as `nan`, infinities as `positive` and `negative`, in both parts if complex.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x: Array<f64> = [f64::NAN, f64::INFINITY, 1.0].into_iter().collect();
    /// assert_eq!(session.compute(&x.nan_to_num_with(-1.0, 9.0, -9.0))?.into_raw_vec_and_offset().0, [-1.0, 9.0, 1.0]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[must_use]
    pub fn nan_to_num_with(&self, nan: T::Part, positive: T::Part, negative: T::Part) -> Self {
        let number = move |part: T::Part| {
            if part.is_nan() {
                nan
            } else if part.isfinite() {
                part
            } else if part.signbit() {
                negative
            } else {
                positive
            }
        };
        self.map_labelled("nan_to_num", move |value| {
            let (re, im) = parts(value);
            T::from_parts(number(re), number(im))
        })
    }
}
