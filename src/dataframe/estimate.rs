//! What rows are like, before they are there.

use polars::prelude::{Column, DataFrame as PolarsFrame, DataType, PlSmallStr, PolarsError, Schema, SchemaRef};

use super::frame::compact;
use super::node::Wanted;

/// So many rows a sample has at the most: enough to tell hundreds of groups from millions.
pub(crate) const SAMPLE_ROWS: usize = 20_000;

/// About how many rows there are, and some of them.
#[derive(Clone, Debug)]
pub(crate) struct Estimate {
    /// The number of rows.
    pub(crate) rows: f64,
    /// Rows from all over, if any could be had. The same each time.
    pub(crate) sample: Option<PolarsFrame>,
}

impl Estimate {
    /// `rows` rows of which nothing is known.
    pub(crate) fn unseen(rows: f64) -> Self {
        Self { rows, sample: None }
    }

    /// All rows of `frame`.
    pub(crate) fn of_whole(frame: &PolarsFrame) -> Self {
        Self { rows: frame.height() as f64, sample: Some(thinned(frame, SAMPLE_ROWS)) }
    }

    /// The sample, where that is about all there is.
    pub(super) fn whole(&self) -> Option<&PolarsFrame> {
        self.sample.as_ref().filter(|sample| self.rows <= 1.1 * sample.height() as f64 + 1.0)
    }

    /// About the bytes of all rows of the wanted columns.
    pub(super) fn bytes(&self, schema: &SchemaRef, wanted: &Wanted) -> u64 {
        let wanted = schema.iter().filter(|(name, _)| wanted.has(name));
        let widths = wanted.map(|(name, dtype)| {
            let column = self.sample.as_ref().filter(|sample| sample.height() > 0).and_then(|sample| {
                let column = sample.column(name).ok()?;
                Some(column.as_materialized_series().estimated_size() as f64 / column.len() as f64)
            });
            column.unwrap_or_else(|| usual_width(dtype))
        });
        (self.rows * widths.sum::<f64>()).ceil() as u64
    }
}

/// Bytes of a value of which nothing but its type is known.
fn usual_width(dtype: &DataType) -> f64 {
    match dtype {
        DataType::Boolean | DataType::Int8 | DataType::UInt8 => 1.0,
        DataType::Int16 | DataType::UInt16 => 2.0,
        DataType::Int32 | DataType::UInt32 | DataType::Float32 | DataType::Date => 4.0,
        DataType::String | DataType::Binary => 24.0,
        DataType::Null => 0.0,
        _ => 8.0,
    }
}

/// At most `rows` rows of `frame`, evenly spread.
pub(crate) fn thinned(frame: &PolarsFrame, rows: usize) -> PolarsFrame {
    if frame.height() <= rows {
        return compact(frame.clone());
    }
    let step = frame.height().div_ceil(rows);
    let columns = frame.columns().iter().map(|column| column.gather_every(step, 0)).collect::<Result<Vec<_>, _>>();
    // A type that can't be gathered from: its first rows then.
    columns
        .ok()
        .and_then(|columns| {
            let height = frame.height().div_ceil(step);
            PolarsFrame::new(height, columns).ok()
        })
        .map_or_else(|| compact(frame.head(Some(rows))), compact)
}

/// An empty frame of `schema`.
pub(crate) fn empty(schema: &Schema) -> PolarsFrame {
    PolarsFrame::empty_with_schema(schema)
}

/// `frame` with nulls for the columns of `schema` that it is without, and its columns in that order.
pub(super) fn completed(frame: PolarsFrame, schema: &Schema) -> Result<PolarsFrame, PolarsError> {
    let height = frame.height();
    let column = |(name, dtype): (&PlSmallStr, &DataType)| match frame.column(name) {
        Ok(column) => column.clone(),
        Err(_) => Column::full_null(name.clone(), height, dtype),
    };
    PolarsFrame::new(height, schema.iter().map(column).collect())
}
