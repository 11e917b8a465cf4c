//! Pictures of results, as PNG files.
//!
//! A picture is plain data (a [`Map`] or a [`Line`]) that draws itself on a [`Canvas`]. The canvas is the one
//! place that knows the drawing libraries; [`axis`] and [`colours`] turn numbers into places, labels and colours.

mod axis;
mod canvas;
mod colours;
mod line;
mod map;

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Seek};
use std::path::{Path, PathBuf};

pub(crate) use axis::{Axis, Kind, step};
pub(crate) use colours::Middle;
pub(crate) use line::Line;
pub(crate) use map::Map;

use self::canvas::{Canvas, INK, Point, Style};
use crate::error::{BenchError, Result};

/// What all pictures have in common: pixels of a tick, and how texts are set.
const TICK: i32 = 7;
const LABEL: Style = Style { size: 25.0, bold: false };
const TITLE: Style = Style { size: 38.0, bold: true };

/// What can be drawn.
#[derive(Clone, Debug)]
pub(crate) enum Picture {
    /// A field over two axes.
    Map(Map),
    /// Values over time.
    Line(Line),
}

impl Picture {
    /// What it is called in the table.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Map(_) => "map",
            Self::Line(_) => "line",
        }
    }

    fn draw(&self) -> Canvas {
        match self {
            Self::Map(map) => map.draw(),
            Self::Line(line) => line.draw(),
        }
    }
}

/// A frame around what lies from `from` up to `to`.
fn frame(canvas: &mut Canvas, from: Point, to: Point) {
    let (left, top, right, bottom) = (from.0 - 1, from.1 - 1, to.0, to.1);
    canvas.line(&[(left, top), (right, top), (right, bottom), (left, bottom), (left, top)], INK, 1);
}

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
    pub(crate) fn write(self, picture: &Picture) -> Result<()> {
        let canvas = picture.draw();
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
