//! Elements in a total order.

use crate::chunk::Element;

/// Elements that can be sorted: numbers by value, NaN last, as NumPy sorts them; -0.0 before 0.0.
///
/// Each has a key, a number of [`BITS`](Self::BITS) bits, and the keys are in the same order.
pub trait Ordered: Element {
    /// The bits of a key.
    const BITS: u32;

    /// The key.
    fn key(self) -> u64;

    /// The element of a key.
    fn of_key(key: u64) -> Self;
}

macro_rules! floats {
    ($($t:ident as $bits:ident),+) => {$(
        impl Ordered for $t {
            const BITS: u32 = $bits::BITS;

            fn key(self) -> u64 {
                // Negative numbers backwards, below the others.
                let bits = self.canonical().to_bits();
                let sign = 1 << ($bits::BITS - 1);
                u64::from(if bits & sign == 0 { bits | sign } else { !bits })
            }

            fn of_key(key: u64) -> Self {
                let (key, sign) = (key as $bits, 1 << ($bits::BITS - 1));
                Self::from_bits(if key & sign == 0 { !key } else { key & !sign })
            }
        }
    )+};
}

floats!(f32 as u32, f64 as u64);

macro_rules! signed {
    ($($t:ident as $bits:ident),+) => {$(
        impl Ordered for $t {
            const BITS: u32 = $bits::BITS;

            fn key(self) -> u64 {
                u64::from(self as $bits ^ (1 << ($bits::BITS - 1)))
            }

            fn of_key(key: u64) -> Self {
                (key as $bits ^ (1 << ($bits::BITS - 1))) as Self
            }
        }
    )+};
}

signed!(i8 as u8, i16 as u16, i32 as u32, i64 as u64);

macro_rules! unsigned {
    ($($t:ident),+) => {$(
        impl Ordered for $t {
            const BITS: u32 = $t::BITS;

            fn key(self) -> u64 {
                u64::from(self)
            }

            fn of_key(key: u64) -> Self {
                key as Self
            }
        }
    )+};
}

unsigned!(u8, u16, u32, u64);

impl Ordered for bool {
    const BITS: u32 = 8;

    fn key(self) -> u64 {
        u64::from(self)
    }

    fn of_key(key: u64) -> Self {
        key != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<T: Ordered>(sorted: &[T]) {
        for (value, next) in sorted.iter().zip(&sorted[1..]) {
            assert!(value.key() < next.key(), "{value} {next}");
        }
        for value in sorted {
            let back = T::of_key(value.key());
            assert_eq!(format!("{back:?}"), format!("{value:?}"));
            assert!(T::BITS == 64 || value.key() < 1 << T::BITS);
        }
    }

    #[test]
    fn keys_are_in_the_order_of_values() {
        check(&[f64::NEG_INFINITY, -1e300, -1.5, -5e-324, -0.0, 0.0, 5e-324, 2.0, f64::INFINITY, f64::NAN]);
        check(&[f32::NEG_INFINITY, -1.0, -0.0, 0.0, f32::MIN_POSITIVE, f32::MAX, f32::INFINITY, f32::NAN]);
        check(&[i64::MIN, -1, 0, 1, i64::MAX]);
        check(&[i8::MIN, -1, 0, 1, i8::MAX]);
        check(&[0_u16, 1, 300, u16::MAX]);
        check(&[false, true]);
        assert_eq!((-f32::NAN).key(), f32::NAN.key());
    }
}
