//! Floats of 16 bits (IEEE 754 binary16), which Rust has no type for: stored numbers, no elements of arrays.

use super::convert::Scalar;

/// A float of 16 bits.
#[derive(Clone, Copy, Debug, Default)]
pub struct Half(u16);

impl Half {
    /// The number of which these are the bytes.
    #[inline(always)]
    pub(super) fn from_ne_bytes(bytes: [u8; 2]) -> Self {
        Self(u16::from_ne_bytes(bytes))
    }

    /// Its value: every half float is a float of 32 bits.
    #[inline(always)]
    pub(super) fn to_f32(self) -> f32 {
        // What is left when the sign is gone, with the exponent where 32 bits have it: too small by 2^112.
        let magnitude = u32::from(self.0 & 0x7fff) << 13;
        let scaled = f32::from_bits(magnitude) * f32::from_bits((127 + 112) << 23);
        // The largest exponent is that of infinity and of what is no number.
        let special = f32::from_bits(magnitude | 0x7f80_0000);
        let value = if self.0 & 0x7c00 == 0x7c00 { special } else { scaled };
        f32::from_bits(value.to_bits() | u32::from(self.0 & 0x8000) << 16)
    }

    /// The half float that is `value`, if there is one.
    pub(super) fn equal_to(value: Scalar) -> Option<Self> {
        let value = value.to_f64();
        // Their magnitudes are in the order of their bits, up to infinity.
        let (mut least, mut greatest) = (0_u16, 0x7c00);
        while least < greatest {
            let middle = least + (greatest - least) / 2;
            if f64::from(Self(middle).to_f32()) < value.abs() { least = middle + 1 } else { greatest = middle }
        }
        let sign = if value.is_sign_negative() { 0x8000 } else { 0 };
        Some(Self(least | sign)).filter(|half| f64::from(half.to_f32()) == value)
    }
}

impl PartialEq for Half {
    #[inline(always)]
    fn eq(&self, other: &Self) -> bool {
        self.to_f32() == other.to_f32()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_half_float_has_its_value() {
        for (bits, value) in [
            (0, 0.0),
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65504.0),
            (0x0400, 2.0_f32.powi(-14)),
            (0x03ff, 1023.0 * 2.0_f32.powi(-24)),
            (1, 2.0_f32.powi(-24)),
            (0x7c00, f32::INFINITY),
            (0xfc00, f32::NEG_INFINITY),
            (0x3555, 0.333_251_95),
        ] {
            assert_eq!(Half(bits).to_f32().to_bits(), value.to_bits(), "{bits:04x}");
        }
        assert_eq!(Half(0x8000).to_f32().to_bits(), (-0.0_f32).to_bits());
        assert!(Half(0x7e01).to_f32().is_nan() && Half(0xfe00).to_f32().is_nan());
        let rising = (0..0x7c00).map(|bits| Half(bits).to_f32()).collect::<Vec<_>>();
        assert!(rising.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn a_mask_is_a_half_float_or_masks_nothing() {
        assert_eq!(Half::equal_to(Scalar::Float(-2.0)).map(|half| half.0), Some(0xc000));
        assert_eq!(Half::equal_to(Scalar::Signed(65504)).map(|half| half.0), Some(0x7bff));
        assert!(Half::equal_to(Scalar::Float(0.1)).is_none() && Half::equal_to(Scalar::Float(f64::NAN)).is_none());
    }
}
