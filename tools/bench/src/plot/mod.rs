//! Pictures of results, as PNG files.
//!
//! A picture is plain data (a [`Map`] so far) that draws itself on a [`Canvas`](canvas::Canvas). The canvas is the one
//! place that knows the drawing libraries; [`axis`] and [`colours`] turn numbers into places, labels and colours.

mod axis;
mod canvas;
mod colours;
mod map;

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Seek};
use std::path::{Path, PathBuf};

pub(crate) use axis::{Axis, Kind};
pub(crate) use colours::Middle;
pub(crate) use map::Map;

use crate::error::{BenchError, Result};

/// The file for a picture: found out before anything runs whether it can be written. What was there stays until the
/// picture is drawn; a file that was made in vain is taken away.
#[derive(Debug)]
pub(crate) struct Png {
    path: PathBuf,
    file: File,
}

impl Png {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(path);
        Ok(Self { path: path.to_owned(), file: file.map_err(BenchError::io(path, "creating the file"))? })
    }

    /// Draws the picture into it.
    pub(crate) fn write(self, map: &Map) -> Result<()> {
        let canvas = map.draw();
        let failed = |error| BenchError::io(&self.path, "writing")(error);
        // Devices and pipes have no length; what can't be cut need not be.
        if self.file.metadata().is_ok_and(|about| about.is_file()) {
            self.file.set_len(0).and_then(|()| (&self.file).rewind()).map_err(failed)?;
        }
        canvas.encode(BufWriter::new(&self.file)).map_err(failed)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Png {
    fn drop(&mut self) {
        if self.file.metadata().is_ok_and(|about| about.is_file() && about.len() == 0) {
            drop(std::fs::remove_file(&self.path));
        }
    }
}
