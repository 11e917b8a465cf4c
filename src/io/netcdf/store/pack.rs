//! Packing: floats as integers of fewer bytes.

use ndarray::ArrayD;

use crate::array::{Array, Cast};
use crate::chunk::{DType, Element};

mod sealed {
    pub trait Integer: crate::chunk::Element {
        const RANGE: (f64, f64);
        /// What stands for a missing value where nothing else was said: the end that is used less.
        const MISSING: f64;
        fn of(rounded: f64) -> Self;
    }
}
use sealed::Integer;

macro_rules! packed {
    ($($t:ty, $missing:ident);+) => {$(
        impl Integer for $t {
            const RANGE: (f64, f64) = (<$t>::MIN as f64, <$t>::MAX as f64);
            const MISSING: f64 = <$t>::$missing as f64;
            fn of(rounded: f64) -> Self {
                rounded as $t
            }
        }
        impl PackAs for $t {}
    )+};
}

/// The types that values can be packed as: `i8`, `i16`, `i32`, `u8`, `u16`, `u32`.
pub trait PackAs: Integer {}
packed!(i8, MIN; i16, MIN; i32, MIN; u8, MAX; u16, MAX; u32, MAX);

/// How values of `T` are packed.
pub(super) struct Packing<T: Element> {
    pub(super) dtype: DType,
    pub(super) scale: f64,
    pub(super) offset: f64,
    missing: f64,
    to_f64: fn(&Array<T>) -> Array<f64>,
}

impl<T: Element> Clone for Packing<T> {
    fn clone(&self) -> Self {
        Self { ..*self }
    }
}

impl<T: Element + Cast<f64>> Packing<T> {
    pub(super) fn new<P: PackAs>(scale: f64, offset: f64) -> Self {
        Self { dtype: P::DTYPE, scale, offset, missing: P::MISSING, to_f64: |array| array.astype() }
    }
}

impl<T: Element> Packing<T> {
    /// Whether readers can make values of what is stored.
    pub(super) fn is_valid(&self) -> bool {
        self.scale.is_finite() && self.offset.is_finite() && self.scale != 0.0
    }

    /// What stands for a missing value where nothing else was said.
    pub(super) fn missing(&self) -> f64 {
        self.missing
    }

    /// The numbers that are stored.
    ///
    /// # Errors
    /// When computed: where a value does not fit.
    pub(super) fn pack<P: Integer>(&self, array: &Array<T>, missing: f64) -> Array<P> {
        let (scale, offset) = (self.scale, self.offset);
        let one = move |value: f64| {
            if value.is_nan() {
                return Ok(P::of(missing));
            }
            let rounded = ((value - offset) / scale).round_ties_even();
            if rounded >= P::RANGE.0 && rounded <= P::RANGE.1 && rounded != missing {
                return Ok(P::of(rounded));
            }
            let dtype = P::DTYPE;
            let why = if rounded == missing { "stands for a missing value" } else { "is out of its range" };
            Err(format!("{value} packed as {dtype} is ({value} - {offset}) / {scale} = {rounded}, which {why}"))
        };
        (self.to_f64)(array).map_blocks(move |block, _| -> Result<ArrayD<P>, String> {
            let packed = block.iter().map(|&value| one(value)).collect::<Result<Vec<P>, String>>()?;
            ArrayD::from_shape_vec(block.raw_dim(), packed).map_err(|error| error.to_string())
        })
    }
}
