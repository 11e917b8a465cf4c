//! Values of arrays as values of columns.

use polars::prelude::{Column, DataType, NamedFrom, PlSmallStr, PolarsError, Series};

use crate::chunk::Element;

/// What is both an array's element and a column's value: integers, floats and booleans.
pub trait ColumnElement: Element + sealed::Sealed {
    /// The type of such a column.
    const COLUMN: DataType;

    #[doc(hidden)]
    fn column(name: PlSmallStr, values: &[Self]) -> Column;

    #[doc(hidden)]
    fn copy(column: &Column, out: &mut [Self]) -> Result<(), PolarsError>;
}

mod sealed {
    pub trait Sealed {}
}

/// With what stands for null, where something does.
macro_rules! elements {
    ($($t:ty => $dtype:ident, $values:ident, $null:expr;)*) => {$(
        impl sealed::Sealed for $t {}

        impl ColumnElement for $t {
            const COLUMN: DataType = DataType::$dtype;

            fn column(name: PlSmallStr, values: &[Self]) -> Column {
                Series::new(name, values).into()
            }

            fn copy(column: &Column, out: &mut [Self]) -> Result<(), PolarsError> {
                let null: Option<Self> = $null;
                for (value, out) in column.as_materialized_series().$values()?.iter().zip(out) {
                    *out = value.or(null).ok_or_else(|| {
                        let problem = format!("column {:?} has nulls, which an array of integers can't: fill_null before", column.name());
                        PolarsError::ComputeError(problem.into())
                    })?;
                }
                Ok(())
            }
        }
    )*};
}

elements! {
    bool => Boolean, bool, None;
    i8 => Int8, i8, None;
    i16 => Int16, i16, None;
    i32 => Int32, i32, None;
    i64 => Int64, i64, None;
    u8 => UInt8, u8, None;
    u16 => UInt16, u16, None;
    u32 => UInt32, u32, None;
    u64 => UInt64, u64, None;
    f32 => Float32, f32, Some(f32::NAN);
    f64 => Float64, f64, Some(f64::NAN);
}
