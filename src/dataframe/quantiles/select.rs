//! Which values the quantiles are.
//!
//! The borders of a column cut its values into *slots*: with the borders `a < b`, slot 0 has the values below `a`, slot 1 those
//! equal to it, slot 2 those between `a` and `b`, slot 3 those equal to `b`, slot 4 those above.

use std::cmp::Ordering;

use polars::prelude::{
    Column, DataFrame as PolarsFrame, DataType, Field, IntoLazy, PlSmallStr, PolarsError, PolarsResult, Schema,
    SchemaRef, col,
};

/// So many borders a column has at the most.
pub(super) const MOST: usize = 1024;

/// The borders of each column.
pub(super) struct Borders(Vec<Vec<f64>>);

impl Borders {
    /// Values of a sample.
    pub(super) fn of(sample: &PolarsFrame, columns: &[PlSmallStr]) -> PolarsResult<Self> {
        let of = |name: &PlSmallStr| {
            let mut values = values(sample, name)?;
            values.sort_unstable_by(|a, b| order(*a, *b));
            let step = values.len().div_ceil(MOST).max(1);
            let mut borders: Vec<f64> = values.into_iter().step_by(step).collect();
            borders.dedup_by(|a, b| order(*a, *b) == Ordering::Equal);
            Ok(borders)
        };
        Ok(Self(columns.iter().map(of).collect::<PolarsResult<_>>()?))
    }

    pub(super) fn frame(&self) -> PolarsResult<PolarsFrame> {
        let (columns, values) = numbered(&self.0);
        PolarsFrame::new(values.len(), vec![Column::new("column".into(), columns), Column::new("value".into(), values)])
    }

    pub(super) fn from_frame(frame: &PolarsFrame, columns: &[PlSmallStr]) -> PolarsResult<Self> {
        by_column(frame, columns.len()).map(Self)
    }

    /// The slot of a value of a column.
    fn slot(&self, column: usize, value: f64) -> usize {
        let borders = &self.0[column];
        let below = borders.partition_point(|border| order(*border, value) == Ordering::Less);
        2 * below + usize::from(borders.get(below).is_some_and(|border| order(*border, value) == Ordering::Equal))
    }

    /// How many values of `frame` are in each slot, where there is any.
    pub(super) fn counts(&self, frame: &PolarsFrame, columns: &[PlSmallStr]) -> PolarsResult<PolarsFrame> {
        let (mut of, mut slots, mut rows) = (Vec::new(), Vec::new(), Vec::new());
        for (column, name) in columns.iter().enumerate() {
            let mut counts = vec![0_u64; 2 * self.0[column].len() + 1];
            for value in values(frame, name)? {
                counts[self.slot(column, value)] += 1;
            }
            for (slot, count) in counts.into_iter().enumerate().filter(|(_, count)| *count > 0) {
                of.push(column as u32);
                slots.push(slot as u32);
                rows.push(count);
            }
        }
        let columns =
            vec![Column::new("column".into(), of), Column::new("slot".into(), slots), Column::new("rows".into(), rows)];
        PolarsFrame::new(columns[0].len(), columns)
    }
}

pub(super) fn counts_schema() -> SchemaRef {
    let fields = [("column", DataType::UInt32), ("slot", DataType::UInt32), ("rows", DataType::UInt64)];
    Schema::from_iter(fields.map(|(name, dtype)| Field::new(name.into(), dtype))).into()
}

pub(super) fn values_schema() -> SchemaRef {
    let fields = [("column", DataType::UInt32), ("value", DataType::Float64)];
    Schema::from_iter(fields.map(|(name, dtype)| Field::new(name.into(), dtype))).into()
}

/// Counts of several partitions added.
pub(super) fn summed(counts: PolarsFrame) -> PolarsResult<PolarsFrame> {
    counts.lazy().group_by_stable([col("column"), col("slot")]).agg([col("rows").sum()]).collect()
}

/// Where in the order of all values of each column the quantiles lie.
pub(super) struct Ranks {
    borders: Borders,
    /// For each column and slot, how many values are in slots before it; then, how many there are.
    starts: Vec<Vec<u64>>,
    quantiles: Vec<f64>,
}

impl Ranks {
    pub(super) fn new(borders: Borders, counts: &PolarsFrame, quantiles: &[f64]) -> PolarsResult<Self> {
        let mut starts: Vec<Vec<u64>> = borders.0.iter().map(|borders| vec![0; 2 * borders.len() + 2]).collect();
        let (columns, slots, rows) =
            (counts.column("column")?.u32()?, counts.column("slot")?.u32()?, counts.column("rows")?.u64()?);
        for ((column, slot), rows) in columns.iter().zip(slots.iter()).zip(rows.iter()) {
            let (Some(column), Some(slot), Some(rows)) = (column, slot, rows) else { continue };
            starts[column as usize][slot as usize + 1] += rows;
        }
        for starts in &mut starts {
            for slot in 1..starts.len() {
                starts[slot] += starts[slot - 1];
            }
        }
        Ok(Self { borders, starts, quantiles: quantiles.to_vec() })
    }

    /// The two values between which a quantile of a column lies, by their numbers in the order of all; and how far it is on the
    /// way from one to the other.
    fn place(&self, column: usize, quantile: f64) -> Option<(u64, u64, f64)> {
        let last = self.starts[column].last()?.checked_sub(1)?;
        let at = quantile * last as f64;
        Some((at.floor() as u64, at.ceil() as u64, at - at.floor()))
    }

    /// The slot of the value of a number.
    fn slot(&self, column: usize, number: u64) -> usize {
        self.starts[column].partition_point(|&start| start <= number) - 1
    }

    /// The values of `frame` that have to be seen to know the quantiles: those of slots that have one, where they are not all
    /// equal.
    pub(super) fn values(&self, frame: &PolarsFrame, columns: &[PlSmallStr]) -> PolarsResult<PolarsFrame> {
        let mut found = Vec::with_capacity(columns.len());
        for (column, name) in columns.iter().enumerate() {
            let places = self.quantiles.iter().filter_map(|&quantile| self.place(column, quantile));
            let slots: Vec<usize> =
                places.flat_map(|(low, high, _)| [self.slot(column, low), self.slot(column, high)]).collect();
            let is_wanted = |value: &f64| {
                let slot = self.borders.slot(column, *value);
                slot.is_multiple_of(2) && slots.contains(&slot)
            };
            let values =
                if slots.iter().any(|slot| slot.is_multiple_of(2)) { values(frame, name)? } else { Vec::new() };
            found.push(values.into_iter().filter(is_wanted).collect());
        }
        Borders(found).frame()
    }

    /// The quantiles of each column, of all [values](Self::values) that have to be seen.
    pub(super) fn answers(&self, seen: &PolarsFrame) -> PolarsResult<Vec<Vec<Option<f64>>>> {
        let answers = |(column, mut seen): (usize, Vec<f64>)| {
            seen.sort_unstable_by(|a, b| order(*a, *b));
            let value = |number: u64| {
                let slot = self.slot(column, number);
                if slot % 2 == 1 {
                    return Ok(self.borders.0[column][slot / 2]);
                }
                let first = seen.partition_point(|value| self.borders.slot(column, *value) < slot) as u64;
                let at = first + (number - self.starts[column][slot]);
                seen.get(at as usize)
                    .copied()
                    .ok_or_else(|| PolarsError::ComputeError("fewer values than were counted".into()))
            };
            let answer = |&quantile: &f64| {
                let Some((low, high, way)) = self.place(column, quantile) else { return Ok(None) };
                let (low, high) = (value(low)?, value(high)?);
                Ok(Some(if way == 0.0 { low } else { low + (high - low) * way }))
            };
            self.quantiles.iter().map(answer).collect()
        };
        by_column(seen, self.starts.len())?.into_iter().enumerate().map(answers).collect()
    }
}

/// The values of a column that are not null.
fn values(frame: &PolarsFrame, name: &str) -> PolarsResult<Vec<f64>> {
    let column = frame.column(name)?.cast(&DataType::Float64)?;
    Ok(column.f64()?.iter().flatten().collect())
}

/// `NaN` is greater than any number, as polars sorts.
fn order(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

fn numbered(of: &[Vec<f64>]) -> (Vec<u32>, Vec<f64>) {
    of.iter().enumerate().flat_map(|(column, values)| values.iter().map(move |&value| (column as u32, value))).unzip()
}

fn by_column(frame: &PolarsFrame, columns: usize) -> PolarsResult<Vec<Vec<f64>>> {
    let mut of = vec![Vec::new(); columns];
    for (column, value) in frame.column("column")?.u32()?.iter().zip(frame.column("value")?.f64()?.iter()) {
        if let (Some(column), Some(value)) = (column, value) {
            of[column as usize].push(value);
        }
    }
    Ok(of)
}
