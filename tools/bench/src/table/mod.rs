//! What workloads on tables and `bench query` share: input from CSV files, and a result that is consumed where it is made.

mod digest;
mod show;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use thermocline::io::table::{WriteCsv, read_csv, write_csv};
use thermocline::{DataFrame, Session};

pub(crate) use digest::digest;
pub(crate) use show::show;

use crate::account::Account;
use crate::error::{BenchError, Result};
use crate::input::{keep, matches};
use crate::report::Description;

/// CSV files as one table.
#[derive(Clone, Debug)]
pub(crate) struct Csv {
    pub(crate) table: DataFrame,
    pub(crate) paths: Vec<PathBuf>,
    /// Of all files.
    pub(crate) bytes: u64,
}

impl Csv {
    /// Opens the files that `patterns` name, in whose place nothing is to be written.
    pub(crate) fn open(patterns: &[String], null_values: &[String], out: Option<&Path>) -> Result<Self> {
        let mut paths = Vec::new();
        for pattern in patterns {
            paths.extend(matches(pattern)?);
        }
        if paths.is_empty() {
            return Err(BenchError::Usage("say what to read: --csv FILE... or --csv 'PATTERN'".into()));
        }
        keep(&paths, out, "--csv-out")?;
        let nulls = null_values.iter().filter(|value| !value.is_empty());
        let table = read_csv(&paths).null_values(nulls).open()?;
        let length = |path: &PathBuf| fs::metadata(path).map_or(0, |file| file.len());
        let bytes = paths.iter().map(length).sum();
        Ok(Self { table, paths, bytes })
    }
}

/// What makes the result, describes it and, where that is wanted, writes it: in one run, partition by partition.
#[derive(Debug)]
pub(crate) struct Consumed {
    digest: DataFrame,
    width: usize,
    written: Option<WriteCsv>,
}

impl Consumed {
    pub(crate) fn new(result: &DataFrame, out: Option<&Path>) -> Self {
        let written = out.map(|path| write_csv(result, path));
        Self { digest: digest(result), width: result.schema().len(), written }
    }

    pub(crate) fn plan(&self, session: &Session) -> Result<thermocline::Plan> {
        Ok(session.plan((&self.digest, &self.written))?)
    }

    /// Runs, and takes down what came out.
    pub(crate) fn run(&self, session: &Session, account: &Account, start: Instant) -> Result<()> {
        account.planned(&self.plan(session)?);
        let computed = session.compute((&self.digest, &self.written));
        account.took(start);
        let (parts, _) = computed?;
        account.described(described(&parts, self.width)?);
        Ok(())
    }
}

/// What is told of a table, of the digests of its partitions.
pub(crate) fn described(parts: &polars::prelude::DataFrame, width: usize) -> Result<Description> {
    digest::gathered(parts, width)
        .map_err(|error| BenchError::Promise(format!("the digests of partitions can't be read: {error}")))
}
