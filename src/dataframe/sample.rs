//! Some rows, at random.

use std::panic::Location;
use std::sync::Arc;

use polars::prelude::{BooleanChunked, DataFrame as PolarsFrame, PolarsResult, SchemaRef};

use super::DataFrame;
use super::alone::alone;
use super::divisions::Divisions;
use super::estimate::Estimate;
use super::node::{Node, Part, Shared, Wanted};
use crate::error::Result;
use crate::graph::Layers;

impl DataFrame {
    /// Each row with the probability `fraction`, in their order. The same `seed` chooses the same rows of a table that is
    /// partitioned in the same way.
    ///
    /// Impossible where `fraction` is not between 0 and 1.
    ///
    /// ```
    /// use polars::prelude::df;
    /// use thermocline::dataframe::polars;
    /// use thermocline::{DataFrame, Session};
    ///
    /// let table = DataFrame::from_polars(df!["x" => (0..1000).collect::<Vec<_>>()]?, 4);
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let some = session.compute(&table.sample(0.1, 7))?;
    /// assert!((50..200).contains(&some.height()));
    /// assert_eq!(session.compute(&table.sample(0.1, 7))?, some);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn sample(&self, fraction: f64, seed: u64) -> Self {
        if self.failure.is_some() || !(0.0..=1.0).contains(&fraction) {
            return self.fail("sample", Location::caller(), format!("a fraction of {fraction}: it is between 0 and 1"));
        }
        Self::of(SampleNode { input: self.node().clone(), fraction, seed })
    }
}

struct SampleNode {
    input: Arc<Shared>,
    fraction: f64,
    seed: u64,
}

impl Node for SampleNode {
    fn label(&self) -> &'static str {
        "sample"
    }

    fn schema(&self) -> &SchemaRef {
        self.input.schema()
    }

    fn partitions(&self) -> usize {
        self.input.partitions()
    }

    fn estimate(&self) -> Estimate {
        let Estimate { rows, sample } = self.input.estimate();
        let sample = sample.as_ref().and_then(|sample| alone(|| sampled(sample, self.fraction, self.seed)).ok());
        Estimate { rows: rows * self.fraction, sample }
    }

    fn divisions(&self) -> Option<&Divisions> {
        self.input.divisions()
    }

    fn parts(&self, layers: &mut Layers, wanted: &Wanted) -> Result<Option<Vec<Part>>> {
        // Rows are counted: all of them have to be there.
        let parts = self.input.parts(layers, &wanted.of_all_rows())?;
        let then = |(partition, part): (usize, Part)| {
            let (fraction, seed) = (self.fraction, mixed(self.seed ^ mixed(partition as u64)));
            let bytes = (part.bytes as f64 * fraction).ceil() as u64;
            part.then(bytes, move |frame| Ok(sampled(&frame, fraction, seed)?))
        };
        Ok(Some(parts.into_iter().enumerate().map(then).collect()))
    }
}

/// Each row of `frame` with the probability `fraction`.
fn sampled(frame: &PolarsFrame, fraction: f64, seed: u64) -> PolarsResult<PolarsFrame> {
    let chosen = |row: usize| {
        // The upper 53 bits, as a number below 1.
        let number = (mixed(seed.wrapping_add(row as u64)) >> 11) as f64 / (1_u64 << 53) as f64;
        number < fraction
    };
    let chosen: BooleanChunked = (0..frame.height()).map(|row| Some(chosen(row))).collect();
    frame.filter(&chosen)
}

/// `SplitMix64`, of Steele, Lea and Flood (2014).
fn mixed(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}
