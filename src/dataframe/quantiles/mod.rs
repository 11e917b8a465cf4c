//! Exact quantiles in two passes, without a shuffle.
//!
//! ```text
//! borders (values of a sample) ──┐
//! each partition ── how many values lie between and at borders ── summed ──> between which borders the quantiles lie
//! each partition ── its values between those borders ── gathered, sorted ──> quantiles
//! ```
//!
//! A value that is there very often is a border itself, so that what is gathered is little: about a thousandth of the rows for
//! each quantile, if the sample is any good.

mod select;

use std::panic::Location;
use std::sync::Arc;

use polars::prelude::{Column, DataFrame as PolarsFrame, DataType, Field, PlSmallStr, SchemaRef};

use super::DataFrame;
use super::estimate::Estimate;
use super::frame::Frame;
use super::node::{Make, Node, Part, Shared, Wanted};
use super::tasks::{FAN_IN, add_tasks, gathered};
use crate::error::Result;
use crate::graph::{Key, Layers};
use select::{Borders, Ranks};

impl DataFrame {
    /// The quantiles of columns of numbers, exactly, interpolated between the two nearest values: a table of the column
    /// `quantile`, which has each of `quantiles`, and a column of its own for each column. Nulls don't count; `NaN` is greater
    /// than any number.
    ///
    /// Impossible where a column is not there or is not of numbers, or a quantile is not between 0 and 1.
    ///
    /// ```
    /// use polars::prelude::df;
    /// use thermocline::dataframe::polars;
    /// use thermocline::{DataFrame, Session};
    ///
    /// let table = DataFrame::from_polars(df!["x" => [1, 2, 4, 10]]?, 2);
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let expected = df!["quantile" => [0.5, 1.0], "x" => [3.0, 10.0]]?;
    /// assert_eq!(session.compute(&table.quantiles(["x"], &[0.5, 1.0]))?, expected);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn quantiles(&self, columns: impl IntoIterator<Item = impl AsRef<str>>, quantiles: &[f64]) -> Self {
        let columns: Vec<PlSmallStr> = columns.into_iter().map(|column| column.as_ref().into()).collect();
        let problem = columns.iter().find_map(|name| match self.schema().get(name) {
            None => Some(format!("there is no column {name:?}")),
            Some(dtype) if !is_number(dtype) => Some(format!("column {name:?} has no numbers but {dtype}")),
            Some(_) => (name == "quantile").then(|| "a column \"quantile\" would be there twice".into()),
        });
        let outside = quantiles.iter().find(|quantile| !(0.0..=1.0).contains(*quantile));
        let problem =
            problem.or_else(|| outside.map(|quantile| format!("a quantile of {quantile}: it is between 0 and 1")));
        if let Some(problem) = problem {
            return self.fail("quantiles", Location::caller(), problem);
        }
        if self.failure.is_some() {
            return self.clone();
        }
        let number = |name: &PlSmallStr| Field::new(name.clone(), DataType::Float64);
        let schema = [Field::new("quantile".into(), DataType::Float64)].into_iter().chain(columns.iter().map(number));
        let schema = Arc::new(schema.collect());
        Self::of(QuantilesNode {
            input: self.node().clone(),
            columns: columns.into(),
            quantiles: quantiles.into(),
            schema,
        })
    }
}

/// Whether values of a type are numbers whose quantiles are floats.
pub(super) fn is_number(dtype: &DataType) -> bool {
    dtype.is_primitive_numeric()
}

struct QuantilesNode {
    input: Arc<Shared>,
    columns: Arc<[PlSmallStr]>,
    quantiles: Arc<[f64]>,
    schema: SchemaRef,
}

impl QuantilesNode {
    fn wanted(&self) -> Wanted {
        Wanted::columns_of(self.input.schema(), |name| self.columns.contains(name)).or_first(self.input.schema())
    }

    /// The task that knows the borders.
    fn borders(&self, layers: &mut Layers) -> Result<Key> {
        let columns = self.columns.clone();
        let sample = self.input.estimate().sample.clone().filter(|sample| sample.height() > 0);
        let part = if let Some(sample) = sample {
            let borders = Borders::of(&sample, &columns);
            let make: Make = Arc::new(move |_, _| Ok(borders.as_ref().map_err(ToString::to_string)?.frame()?));
            Part {
                needs: Vec::new(),
                make,
                workspace: 0,
                reads: 0,
                bytes: 16 * select::MOST as u64 * self.columns.len() as u64,
            }
        } else {
            // Nothing is known of the rows: a pass more, for a sample.
            let wanted = self.wanted();
            let schema = wanted.of(self.input.schema());
            let parts = self.input.parts(layers, &wanted)?;
            let each = (super::SAMPLE_ROWS / parts.len().max(1)).max(10);
            let some = parts.into_iter().map(|part| {
                let bytes = part.bytes.min(1 << 20);
                part.then(bytes, move |frame| Ok(super::thinned(&frame, each)))
            });
            let some = add_tasks(layers, "quantiles_sample", some.collect());
            gathered(&some, schema, 1 << 20).then(1 << 16, move |sample| Ok(Borders::of(&sample, &columns)?.frame()?))
        };
        Ok(add_tasks(layers, "quantiles_borders", vec![part]).remove(0))
    }

    /// The task that knows how many values there are between and at borders.
    fn counts(&self, layers: &mut Layers, borders: &Part) -> Result<Key> {
        let columns = self.columns.clone();
        let bytes = 2 * borders.bytes;
        let counted = |part: Part| {
            let columns = columns.clone();
            part.with(borders.clone(), bytes, move |frame, borders| {
                Ok(Borders::from_frame(&borders, &columns)?.counts(&frame, &columns)?)
            })
        };
        let parts = self.input.parts(layers, &self.wanted())?;
        let mut keys = add_tasks(layers, "quantiles_count", parts.into_iter().map(counted).collect());
        while keys.len() != 1 {
            let summed = keys.chunks(FAN_IN).map(|keys| {
                gathered(keys, select::counts_schema(), bytes).then(bytes, |counts| Ok(select::summed(counts)?))
            });
            let mut summed: Vec<Part> = summed.collect();
            if summed.is_empty() {
                summed.push(gathered(&[], select::counts_schema(), 0));
            }
            keys = add_tasks(layers, "quantiles_sum", summed);
        }
        Ok(keys.remove(0))
    }
}

impl Node for QuantilesNode {
    fn label(&self) -> &'static str {
        "quantiles"
    }

    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn partitions(&self) -> usize {
        1
    }

    fn estimate(&self) -> Estimate {
        Estimate::unseen(self.quantiles.len() as f64)
    }

    fn build(&self, layers: &mut Layers, _: &Wanted) -> Result<Vec<Key>> {
        let borders = self.borders(layers)?;
        let borders = Part::of_task(borders, 16 * select::MOST as u64 * self.columns.len() as u64);
        let counts = Part::of_task(self.counts(layers, &borders)?, 2 * borders.bytes);
        let known = [borders.needs.clone(), counts.needs].concat();
        let parts = self.input.parts(layers, &self.wanted())?;
        let some = parts.into_iter().map(|part| {
            let (columns, quantiles) = (self.columns.clone(), self.quantiles.clone());
            let (make, own) = (part.make, part.needs.len());
            let make: Make = Arc::new(move |context, chunks| {
                let frame = make(context, &chunks[..own])?;
                let (borders, counts) = (Frame::of(&chunks[own])?, Frame::of(&chunks[own + 1])?);
                super::alone(|| {
                    let ranks = Ranks::new(Borders::from_frame(&borders, &columns)?, &counts, &quantiles)?;
                    Ok(ranks.values(&frame, &columns)?)
                })
            });
            let workspace = part.workspace + part.bytes;
            Part {
                needs: [part.needs, known.clone()].concat(),
                make,
                workspace,
                reads: part.reads,
                bytes: part.bytes / 64,
            }
        });
        let some = add_tasks(layers, "quantiles_values", some.collect());
        let bytes = (self.input.estimate().rows * 12.0 / 64.0) as u64 * self.columns.len() as u64;
        let values = gathered(&some, select::values_schema(), bytes);
        let (columns, quantiles, own) = (self.columns.clone(), self.quantiles.clone(), some.len());
        let make = values.make;
        let make: Make = Arc::new(move |context, chunks| {
            let values = make(context, &chunks[..own])?;
            let (borders, counts) = (Frame::of(&chunks[own])?, Frame::of(&chunks[own + 1])?);
            super::alone(|| {
                let ranks = Ranks::new(Borders::from_frame(&borders, &columns)?, &counts, &quantiles)?;
                let answers = ranks.answers(&values)?;
                let mut answer = vec![Column::new("quantile".into(), quantiles.to_vec())];
                answer.extend(columns.iter().zip(answers).map(|(name, of)| Column::new(name.clone(), of)));
                Ok(PolarsFrame::new(quantiles.len(), answer)?)
            })
        });
        let answer = Part { needs: [values.needs, known].concat(), make, workspace: 2 * bytes, reads: 0, bytes: 0 };
        Ok(add_tasks(layers, self.label(), vec![answer]))
    }
}
