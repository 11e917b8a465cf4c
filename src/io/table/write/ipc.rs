//! Arrow IPC files, one for each partition.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use polars::prelude::{DataFrame as PolarsFrame, PolarsError};
use polars_io::SerWriter;
use polars_io::ipc::{IpcCompression as Codec, IpcWriter};

use super::Written;
use super::parts::{Format, Parts};
use crate::chunk::Chunk;
use crate::dataframe::DataFrame;
use crate::error::Result;
use crate::graph::{Key, Layers};
use crate::session::Collection;

/// A table as Arrow IPC files in `folder`, `part-00000.arrow` and so on, one for each partition: computing that writes them.
/// The folder is made if it is not there; the one that it is in must be.
///
/// ```
/// use polars::prelude::df;
/// use thermocline::io::table::{IpcCompression, read_ipc, write_ipc};
/// use thermocline::{DataFrame, Session};
/// # use thermocline::dataframe::polars;
///
/// # let place = tempfile::tempdir()?;
/// # let folder = place.path().join("flights");
/// let table = DataFrame::from_polars(df!["origin" => ["JFK", "EWR", "LGA"], "delay" => [2.5, -1.0, 7.0]]?, 2);
/// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
/// let written = session.compute(&write_ipc(&table, &folder).compression(IpcCompression::Lz4))?;
/// assert_eq!(written.files()[1].path(), folder.join("part-00001.arrow"));
///
/// let again = read_ipc(format!("{}/*.arrow", folder.display())).open()?;
/// assert_eq!(session.compute(&again)?, session.compute(&table)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// When computed, as [`write_parquet`](super::write_parquet).
pub fn write_ipc(table: &DataFrame, folder: impl AsRef<Path>) -> WriteIpc {
    WriteIpc { parts: Parts::new(table, folder.as_ref().to_owned()), compression: IpcCompression::None }
}

/// A table on its way to Arrow IPC files: lazy, until a session computes it. Made by [`write_ipc`].
#[derive(Clone, Debug)]
#[must_use]
pub struct WriteIpc {
    parts: Parts,
    compression: IpcCompression,
}

/// How buffers of Arrow IPC files are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IpcCompression {
    /// Not at all, so that readers can map them.
    #[default]
    None,
    /// Quick.
    Lz4,
    /// Small.
    Zstd,
}

impl WriteIpc {
    /// Whether files of an earlier run may be there, which are then replaced, or removed where they are more. By default they
    /// are an error.
    pub fn overwrite(mut self, overwrite: bool) -> Self {
        self.parts.overwrite = overwrite;
        self
    }

    /// How buffers are compressed: not at all, unless said.
    pub fn compression(mut self, compression: IpcCompression) -> Self {
        self.compression = compression;
        self
    }
}

impl Collection for WriteIpc {
    type Output = Written;

    fn build(&self, layers: &mut Layers) -> Result<Vec<Key>> {
        self.parts.build(layers, Arc::new(Ipc(self.compression)))
    }

    fn finish(&self, chunks: Vec<Chunk>) -> Result<Written> {
        Parts::finish(&chunks)
    }
}

struct Ipc(IpcCompression);

impl Format for Ipc {
    fn label(&self) -> &'static str {
        "write_ipc"
    }

    fn extension(&self) -> &'static str {
        "arrow"
    }

    fn write(&self, frame: &mut PolarsFrame, out: &mut dyn Write) -> Result<(), PolarsError> {
        let codec = match self.0 {
            IpcCompression::None => None,
            IpcCompression::Lz4 => Some(Codec::LZ4),
            IpcCompression::Zstd => Some(Codec::default()),
        };
        // One record batch: partitions are what is read at once.
        frame.rechunk_mut();
        IpcWriter::new(out).with_parallel(false).with_compression(codec).finish(frame)
    }

    fn workspace(&self, bytes: u64) -> u64 {
        // In one piece, and a record batch as it is written.
        2 * bytes
    }
}
