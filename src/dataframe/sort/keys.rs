//! How rows compare: polars' row encoding of the columns that they are sorted by.
//!
//! Encoded keys compare as bytes as polars' sort compares rows: several columns, each ascending or descending, nulls first or
//! last, NaN the greatest number.

use polars::chunked_array::ops::row_encode::_get_rows_encoded_arr;
use polars::prelude::{
    Column, DataFrame as PolarsFrame, DataType, IdxCa, IdxSize, PlSmallStr, PolarsResult, Schema, SortMultipleOptions,
};
use polars_arrow::array::BinaryArray;

use super::super::node::Wanted;

/// The columns to sort by, and how.
#[derive(Clone, Debug)]
pub(in super::super) struct SortKeys {
    pub(in super::super) by: Vec<PlSmallStr>,
    descending: Vec<bool>,
    nulls_last: Vec<bool>,
}

impl SortKeys {
    /// Those that `options` say of columns of `schema`.
    pub(super) fn new(by: Vec<PlSmallStr>, options: &SortMultipleOptions, schema: &Schema) -> Result<Self, String> {
        if by.is_empty() {
            return Err("no column to sort by".into());
        }
        if let Some(missing) = by.iter().find(|name| !schema.contains(name)) {
            return Err(format!("there is no column {missing:?}"));
        }
        let one_each = |said: &[bool], what: &str| match said {
            [one] => Ok(vec![*one; by.len()]),
            each if each.len() == by.len() => Ok(each.to_vec()),
            other => Err(format!("{what} says {} times how to sort, by {} columns", other.len(), by.len())),
        };
        let descending = one_each(&options.descending, "descending")?;
        let nulls_last = one_each(&options.nulls_last, "nulls_last")?;
        Ok(Self { by, descending, nulls_last })
    }

    /// Columns ascending, nulls first.
    pub(in super::super) fn ascending(by: impl IntoIterator<Item = PlSmallStr>) -> Self {
        let by: Vec<PlSmallStr> = by.into_iter().collect();
        let no = vec![false; by.len()];
        Self { by, descending: no.clone(), nulls_last: no }
    }

    /// The column by which rows are sorted, ascending with nulls first, if it is a single one.
    pub(super) fn single_ascending(&self) -> Option<&PlSmallStr> {
        match (&*self.by, &*self.descending, &*self.nulls_last) {
            ([by], [false], [false]) => Some(by),
            _ => None,
        }
    }

    /// What is wanted of the input for `wanted` of what is sorted.
    pub(super) fn needed(&self, schema: &polars::prelude::SchemaRef, wanted: &Wanted) -> Wanted {
        let needed = Wanted::columns_of(schema, |name| wanted.has(name) || self.by.contains(name));
        Wanted { rows: wanted.rows.clone(), ..needed }
    }

    /// The keys of `frame`: bytes that compare as its rows do.
    pub(in super::super) fn encode(&self, frame: &PolarsFrame) -> PolarsResult<BinaryArray<i64>> {
        let columns = self.by.iter().map(|name| comparable(frame.column(name)?)).collect::<PolarsResult<Vec<_>>>()?;
        _get_rows_encoded_arr(&columns, &self.descending, &self.nulls_last, false)
    }

    /// The rows of `frame` in order; those that are equal as they were.
    ///
    /// Encoded keys are compared, whose first bytes mostly tell: polars compares column by column, which takes longer where
    /// the first ones say little, as within a range of keys.
    pub(in super::super) fn sort(&self, frame: &PolarsFrame) -> PolarsResult<PolarsFrame> {
        let encoded = self.encode(frame)?;
        let mut rows: Vec<(u64, IdxSize)> =
            encoded.values_iter().zip(0..).map(|(key, row)| (first_bytes(key), row)).collect();
        let key = |row: IdxSize| encoded.value(row as usize);
        rows.sort_unstable_by(|one, other| {
            one.0.cmp(&other.0).then_with(|| key(one.1).cmp(key(other.1))).then(one.1.cmp(&other.1))
        });
        drop(encoded);
        let rows = IdxCa::from_vec(PlSmallStr::EMPTY, rows.into_iter().map(|(_, row)| row).collect());
        // One column in one piece at a time: rows are picked of many pieces slowly.
        let columns = frame.columns().iter().map(|column| column.rechunk().take(&rows)).collect::<PolarsResult<_>>()?;
        PolarsFrame::new(frame.height(), columns)
    }
}

/// The first bytes of a key, as a number that compares as they do.
fn first_bytes(key: &[u8]) -> u64 {
    let mut first = [0; 8];
    let length = key.len().min(8);
    first[..length].copy_from_slice(&key[..length]);
    u64::from_be_bytes(first)
}

/// Categories have numbers of their own in each frame; their names are the same.
fn comparable(column: &Column) -> PolarsResult<Column> {
    match column.dtype() {
        DataType::Categorical(..) => column.cast(&DataType::String),
        _ => Ok(column.clone()),
    }
}
