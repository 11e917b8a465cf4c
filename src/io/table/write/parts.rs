//! A table as one file for each partition, in whatever format.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use polars::prelude::{DataFrame as PolarsFrame, PolarsError};

use super::Written;
use super::folder::{BUFFER, Folder, Writer};
use crate::chunk::Chunk;
use crate::dataframe::{DataFrame, Sink, alone, empty};
use crate::error::{Error, Result};
use crate::event::Event;
use crate::graph::{Key, Layers, Size, Task, TaskContext};

/// A format that frames are written in.
pub(super) trait Format: Send + Sync + 'static {
    /// The name of its tasks: `write_parquet`.
    fn label(&self) -> &'static str;

    /// What its files' names end with.
    fn extension(&self) -> &'static str;

    /// Writes a frame as a file, on this thread alone.
    fn write(&self, frame: &mut PolarsFrame, out: &mut dyn Write) -> Result<(), PolarsError>;

    /// Bytes that it takes to write a frame of so many.
    fn workspace(&self, bytes: u64) -> u64;
}

/// A table on its way to a folder.
#[derive(Clone, Debug)]
pub(super) struct Parts {
    pub(super) table: DataFrame,
    pub(super) folder: PathBuf,
    pub(super) overwrite: bool,
}

impl Parts {
    pub(super) fn new(table: &DataFrame, folder: PathBuf) -> Self {
        Self { table: table.clone(), folder, overwrite: false }
    }

    /// Adds the tasks that write each partition.
    pub(super) fn build(&self, layers: &mut Layers, format: Arc<dyn Format>) -> Result<Vec<Key>> {
        let folder = Folder::check(&self.folder, format.extension(), self.table.partitions(), self.overwrite)?;
        // What can't be written can't be written without rows either.
        let mut nothing = empty(self.table.schema());
        alone(|| format.write(&mut nothing, &mut std::io::sink()))
            .map_err(|error| Error::file(&self.folder, refusal(&error)))?;
        let files = Key::new(layers.name("files"));
        let begin = move |_: &TaskContext<'_>, _: &[Chunk]| Ok(Chunk::new(Writer::begin(&folder)?));
        layers.add(Task::new(files.clone(), [], Arc::new(begin)).output(Size::Exact(0)));
        let label = format.label();
        let workspace = BUFFER as u64 + format.workspace(self.table.estimated_partition_bytes());
        let consume = move |context: &TaskContext<'_>, chunks: &[Chunk], number: usize, mut frame: PolarsFrame| {
            let rows = frame.height() as u64;
            let write = |out: &mut dyn Write| Ok(alone(|| format.write(&mut frame, out))?);
            let stored = chunks[0].get::<Writer>()?.write(number, rows, write)?;
            context.report(&Event::Written { stored });
            Ok(Chunk::new(()))
        };
        let sink = Sink {
            label,
            needs: vec![files.clone()],
            output: 0,
            workspace,
            spillable: false,
            consume: Arc::new(consume),
        };
        let written = self.table.add_sinks(layers, &sink)?;
        Ok([vec![files], written].concat())
    }

    pub(super) fn finish(chunks: &[Chunk]) -> Result<Written> {
        let Some(files) = chunks.first() else { return Err(Error::Cancelled) };
        Ok(Written { files: files.get::<Writer>()?.finish()? })
    }
}

/// Why a table can't be written.
pub(super) fn refusal(error: &PolarsError) -> String {
    format!("the table can't be written: {error}")
}
