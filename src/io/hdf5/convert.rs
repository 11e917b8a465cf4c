//! From stored bytes to values: unpack, mask, scale.
//!
//! The rules are xarray's `mask_and_scale`: a stored number equal to `_FillValue` or to one of `missing_value` is missing,
//! and becomes NaN; any other is `stored * scale_factor + add_offset`, computed in `f64` and rounded once to the type
//! asked for. NaN comes out in its one canonical form. Loops are free of branches, and run with the widest vectors.

use super::dtype::{Number, with_number};
use super::half::Half;
use crate::chunk::{DType, Element, copy_bytes};
use crate::simd::{Loop, widest};

/// A number as an attribute holds it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Scalar {
    Signed(i64),
    Unsigned(u64),
    Float(f64),
}

impl Scalar {
    /// Its nearest `f64`.
    pub(crate) fn to_f64(self) -> f64 {
        match self {
            Self::Signed(value) => value as f64,
            Self::Unsigned(value) => value as f64,
            Self::Float(value) => value,
        }
    }

    /// The same bits, of integers of `size` bytes, with another sign.
    pub(crate) fn with_sign(self, signed: bool, size: usize) -> Self {
        let unused = 64 - 8 * size.clamp(1, 8) as u32;
        match (self, signed) {
            (Self::Signed(value), false) => Self::Unsigned((value as u64) << unused >> unused),
            (Self::Unsigned(value), true) => Self::Signed((value as i64) << unused >> unused),
            _ => self,
        }
    }
}

mod sealed {
    /// Made from a stored number, rounded as `as` does.
    pub trait FromStored<S> {
        fn from_stored(stored: S) -> Self;
    }
}
use sealed::FromStored;

/// The types that a variable's values can be read as: `f32`, `f64`, `i8` to `i64`, `u8` to `u64`.
pub trait Real:
    Element
    + FromStored<i8>
    + FromStored<i16>
    + FromStored<i32>
    + FromStored<i64>
    + FromStored<u8>
    + FromStored<u16>
    + FromStored<u32>
    + FromStored<u64>
    + FromStored<Half>
    + FromStored<f32>
    + FromStored<f64>
{
}

/// Whatever a half float is stored for, its value as 32 bits.
macro_rules! from_half {
    ($($t:ident),+) => {$(
        impl FromStored<Half> for $t {
            #[inline(always)]
            fn from_stored(stored: Half) -> Self {
                Self::from_stored(stored.to_f32())
            }
        }
    )+};
}
from_half!(i8, i16, i32, i64, u8, u16, u32, u64, f32, f64);

/// A stored number.
trait Stored: Copy + Default + PartialEq {
    /// The number at the start of `bytes`, which has exactly its size.
    fn read(bytes: &[u8]) -> Self;
    fn to_f64(self) -> f64;
    /// The number that equals `value`, if there is one.
    fn equal_to(value: Scalar) -> Option<Self>;
}

macro_rules! reals {
    ($($t:ident),+) => {
        $(impl Real for $t {})+
        $(reals!(@ $t, i8, i16, i32, i64, u8, u16, u32, u64, f32, f64);)+
    };
    (@ $t:ident, $($s:ident),+) => {$(
        impl FromStored<$s> for $t {
            #[inline(always)]
            #[expect(clippy::allow_attributes, reason = "some of the hundred pairs are lossless, some are the same type")]
            #[allow(clippy::cast_lossless, trivial_numeric_casts)]
            fn from_stored(stored: $s) -> Self {
                stored as Self
            }
        }
    )+};
}
reals!(i8, i16, i32, i64, u8, u16, u32, u64, f32, f64);

macro_rules! stored {
    ($($t:ident: $equal_to:expr),+ $(,)?) => {$(
        impl Stored for $t {
            #[inline(always)]
            fn read(bytes: &[u8]) -> Self {
                Self::from_ne_bytes(bytes.try_into().unwrap_or_default())
            }

            #[inline(always)]
            fn to_f64(self) -> f64 {
                f64::from_stored(self)
            }

            fn equal_to(value: Scalar) -> Option<Self> {
                let exact: fn(Scalar) -> Option<Self> = $equal_to;
                exact(value)
            }
        }
    )+};
}
macro_rules! integer {
    ($t:ident) => {
        |value| match value {
            Scalar::Signed(value) => $t::try_from(value).ok(),
            Scalar::Unsigned(value) => $t::try_from(value).ok(),
            Scalar::Float(value) => Some(value as $t).filter(|&near| f64::from_stored(near) == value),
        }
    };
}
stored! {
    i8: integer!(i8), i16: integer!(i16), i32: integer!(i32), i64: integer!(i64),
    u8: integer!(u8), u16: integer!(u16), u32: integer!(u32), u64: integer!(u64),
    Half: Half::equal_to, f32: |value| Some(value.to_f64() as f32), f64: |value| Some(value.to_f64()),
}

/// How stored numbers become values.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Conversion {
    /// The type of the stored numbers.
    pub(crate) stored: Number,
    /// Stored numbers that mean "missing".
    pub(crate) masks: Vec<Scalar>,
    /// Factor and offset.
    pub(crate) scale: Option<(f64, f64)>,
    /// Which numbers are meant to be; others are missing, too.
    pub(crate) valid: Option<Valid>,
}

/// The least and the greatest number that is valid, of stored numbers or of unpacked ones.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Valid {
    pub(crate) least: f64,
    pub(crate) greatest: f64,
    pub(crate) unpacked: bool,
}

impl Conversion {
    /// Numbers as they are stored.
    pub(crate) fn plain(stored: Number) -> Self {
        Self { stored, masks: Vec::new(), scale: None, valid: None }
    }

    /// Why the values can't be of type `T`, if they can't.
    pub(crate) fn refuses<T: Real>(&self) -> Option<String> {
        let (stored, wanted) = (self.stored.dtype(), T::DTYPE);
        if matches!(wanted, DType::Float32 | DType::Float64) {
            return None;
        }
        if self.scale.is_some() {
            return Some(format!("it has scale_factor or add_offset, so it can't be read as {wanted}: use f32 or f64"));
        }
        if !self.masks.is_empty() || self.valid.is_some() {
            return Some(format!(
                "its values can be missing (_FillValue, missing_value or valid_range), which {wanted} can't say: use f32 or f64"
            ));
        }
        let fits = self.stored.is_integer() && holds(wanted, self.stored);
        (!fits).then(|| format!("it holds {stored}, which {wanted} can't hold without loss: use {stored}, f32 or f64"))
    }

    /// Converts as many stored numbers as `out` has places.
    pub(crate) fn convert<T: Real>(&self, bytes: &[u8], out: &mut [T]) {
        if self.leaves::<T>() {
            return copy_bytes(bytes, out);
        }
        with_number!(self.stored, S => {
            widest(self.loop_over::<S, T>(bytes, out));
            for mask in self.masks_as::<S>().skip(2) {
                mask_equal(mask, bytes, out);
            }
            if let Some(valid) = self.valid {
                self.mask_invalid::<S, T>(valid, bytes, out);
            }
        });
    }

    /// Whether values are what is stored, bit by bit: of floats NaN may not be.
    fn leaves<T: Real>(&self) -> bool {
        let plain = self.masks.is_empty() && self.scale.is_none() && self.valid.is_none();
        plain && self.stored.is_integer() && self.stored.dtype() == T::DTYPE
    }

    /// A second loop, because few ask for it.
    fn mask_invalid<S: Stored, T: Real>(&self, valid: Valid, bytes: &[u8], out: &mut [T]) {
        let nan = T::from_stored(f64::NAN).canonical();
        let (factor, offset) = if valid.unpacked { self.scale.unwrap_or((1.0, -0.0)) } else { (1.0, -0.0) };
        for (stored, out) in bytes.chunks_exact(size_of::<S>()).zip(out) {
            let number = S::read(stored).to_f64() * factor + offset;
            if number < valid.least || number > valid.greatest {
                *out = nan;
            }
        }
    }

    /// The numbers of the stored type that mean "missing".
    fn masks_as<S: Stored>(&self) -> impl Iterator<Item = S> {
        self.masks.iter().filter_map(|&mask| S::equal_to(mask))
    }

    /// With the first two masks: more are rare, and have loops of their own.
    fn loop_over<'a, S: Stored, T: Real>(&self, bytes: &'a [u8], out: &'a mut [T]) -> Convert<'a, S, T> {
        let mut masks = self.masks_as::<S>();
        let masks = masks.next().map(|first| (first, masks.next().unwrap_or(first)));
        Convert { scale: self.scale, masks, bytes, out }
    }
}

fn mask_equal<S: Stored, T: Real>(mask: S, bytes: &[u8], out: &mut [T]) {
    let nan = T::from_stored(f64::NAN).canonical();
    for (stored, out) in bytes.chunks_exact(size_of::<S>()).zip(out) {
        if S::read(stored) == mask {
            *out = nan;
        }
    }
}

/// The loop over stored numbers of type `S`.
struct Convert<'a, S, T> {
    scale: Option<(f64, f64)>,
    masks: Option<(S, S)>,
    bytes: &'a [u8],
    out: &'a mut [T],
}

impl<S: Stored, T: Real + FromStored<S>> Loop for Convert<'_, S, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { scale, masks, bytes, out } = self;
        if !matches!(T::DTYPE, DType::Float32 | DType::Float64) {
            // Neither scaled nor masked: `refuses` sees to it.
            return each(bytes, out, |stored: S| T::from_stored(stored));
        }
        let nan = T::from_stored(f64::NAN).canonical();
        let masked = masks.is_some();
        let (a, b) = masks.unwrap_or_default();
        let missing = |stored: S| masked & ((stored == a) | (stored == b));
        match scale {
            None => each(bytes, out, |stored: S| {
                let value = T::from_stored(stored).canonical();
                if missing(stored) { nan } else { value }
            }),
            Some((factor, offset)) => each(bytes, out, |stored: S| {
                let value = T::from_stored(stored.to_f64() * factor + offset).canonical();
                if missing(stored) { nan } else { value }
            }),
        }
    }
}

#[inline(always)]
fn each<S: Stored, T>(bytes: &[u8], out: &mut [T], value: impl Fn(S) -> T) {
    for (stored, out) in bytes.chunks_exact(size_of::<S>()).zip(out) {
        *out = value(S::read(stored));
    }
}

/// Whether every integer of type `stored` is one of type `wanted`.
fn holds(wanted: DType, stored: Number) -> bool {
    let signed = |dtype| matches!(dtype, DType::Int8 | DType::Int16 | DType::Int32 | DType::Int64);
    let (from, to) = (stored.dtype(), wanted);
    match (signed(from), signed(to)) {
        (true, false) => false,
        (false, true) => from.size() < to.size(),
        _ => from.size() <= to.size(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::{Width, at_width};

    /// The rule, number by number.
    fn expected(conversion: &Conversion, stored: f64) -> f32 {
        let masked = conversion.masks.iter().any(|mask| mask.to_f64() == stored);
        match conversion.scale {
            _ if masked => f32::NAN,
            Some((factor, offset)) => (stored * factor + offset) as f32,
            None => stored as f32,
        }
    }

    fn check<S: Stored>(stored: Number, bytes: &[u8])
    where
        f32: FromStored<S>,
    {
        let masks = [None, Some(Scalar::Signed(77)), Some(Scalar::Float(-0.0))];
        for (masks, scale) in masks.into_iter().flat_map(|mask| [(mask, None), (mask, Some((0.01, 273.15)))]) {
            let masks = masks.into_iter().chain([Scalar::Signed(78)]).collect();
            let conversion = Conversion { stored, masks, scale, valid: None };
            for width in Width::available() {
                let mut out = vec![0_f32; bytes.len() / size_of::<S>()];
                at_width(width, conversion.loop_over::<S, f32>(bytes, &mut out));
                for (out, bytes) in out.iter().zip(bytes.chunks_exact(size_of::<S>())) {
                    let expected = expected(&conversion, S::read(bytes).to_f64());
                    let expected = if expected.is_nan() { f32::NAN } else { expected };
                    assert_eq!(out.to_bits(), expected.to_bits(), "{stored:?} {conversion:?} {width:?} {bytes:?}");
                }
            }
        }
    }

    #[test]
    fn any_number_of_values_is_masked() {
        let stored: Vec<u8> = (0..100_i16).flat_map(i16::to_ne_bytes).collect();
        let masks: Vec<Scalar> = [3, 50, 99, 70_000, 7].map(Scalar::Signed).to_vec();
        let conversion = Conversion { stored: Number::I16, masks, scale: Some((2.0, 1.0)), valid: None };
        let mut out = vec![0_f64; 100];
        conversion.convert(&stored, &mut out);
        for (at, out) in out.into_iter().enumerate() {
            let expected = if [3, 7, 50, 99].contains(&at) { f64::NAN } else { at as f64 * 2.0 + 1.0 };
            assert_eq!(out.to_bits(), expected.to_bits(), "{at}");
        }
    }

    #[test]
    fn every_type_is_masked_and_scaled_with_the_same_bits_at_any_width() {
        // All bytes in all places, and the masked numbers.
        let bytes: Vec<u8> = (0..4096_u32).map(|at| (at.wrapping_mul(0x9e37_79b9) >> 13) as u8).collect();
        check::<f32>(Number::F32, &bytes);
        check::<f64>(Number::F64, &bytes);
        check::<i16>(Number::I16, &(-300..300_i16).flat_map(i16::to_ne_bytes).collect::<Vec<_>>());
        check::<u16>(Number::U16, &bytes);
        check::<i8>(Number::I8, &bytes);
        check::<u8>(Number::U8, &bytes);
        check::<u32>(Number::U32, &(0..300_u32).flat_map(u32::to_ne_bytes).collect::<Vec<_>>());
        check::<i32>(Number::I32, &(-300..300_i32).flat_map(i32::to_ne_bytes).collect::<Vec<_>>());
        check::<i64>(Number::I64, &(-300..300_i64).flat_map(i64::to_ne_bytes).collect::<Vec<_>>());
        check::<u64>(Number::U64, &(0..300_u64).flat_map(u64::to_ne_bytes).collect::<Vec<_>>());
    }
}
