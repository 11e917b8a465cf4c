//! One CSV file: each partition's text is made by whatever thread is free, and appended in order.
//!
//! So the bytes of the file don't depend on the number of threads, nor on the limit. Text that waits for its turn may go to
//! scratch.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use polars::prelude::DataFrame as PolarsFrame;

use super::csv::Csv;
use super::parts::refusal;
use super::{Written, WrittenFile};
use crate::chunk::{Buffer, Chunk, CodeError, Encoded, Value};
use crate::dataframe::{DataFrame, Estimate, Sink, alone, empty, thinned};
use crate::error::{Error, Result};
use crate::event::Event;
use crate::graph::{Key, Layers, Size, Task, TaskContext};
use crate::io::target::Target;

/// So many rows tell how long the others are as text.
const MEASURED_ROWS: usize = 1000;

/// Adds the tasks that write `table` to `path`.
pub(super) fn build(table: &DataFrame, path: &Path, options: Arc<Csv>, layers: &mut Layers) -> Result<Vec<Key>> {
    let target = Target::check(path)?;
    let mut header = Vec::new();
    alone(|| options.write_rows(&mut empty(table.schema()), options.has_header, &mut header))
        .map_err(|error| Error::file(path, refusal(&error)))?;
    let file = Key::new(layers.name("file"));
    let begin = move |_: &TaskContext<'_>, _: &[Chunk]| Ok(Chunk::new(Writer::begin(&target, &header)?));
    layers.add(Task::new(file.clone(), [], Arc::new(begin)).output(Size::Exact(0)));
    let output = text_bytes(table.estimated(), &options) / table.partitions().max(1) as u64;
    let consume = move |_: &TaskContext<'_>, _: &[Chunk], _: usize, mut frame: PolarsFrame| {
        let mut text = Vec::with_capacity(output as usize + output as usize / 16);
        alone(|| options.write_rows(&mut frame, false, &mut text))?;
        text.shrink_to_fit();
        Ok(Chunk::new(Text { rows: frame.height() as u64, bytes: Bytes::Owned(text) }))
    };
    let sink = Sink {
        label: "format_csv",
        needs: Vec::new(),
        output,
        workspace: 1 << 20,
        spillable: true,
        consume: Arc::new(consume),
    };
    let texts = table.add_sinks(layers, &sink)?;
    let name = layers.name("write_csv");
    let mut last = file.clone();
    for (number, text) in texts.into_iter().enumerate() {
        let run = |context: &TaskContext<'_>, chunks: &[Chunk]| {
            let text = chunks[1].get::<Text>()?;
            chunks[0].get::<Writer>()?.append(text.rows, text.as_slice())?;
            context.report(&Event::Written { stored: text.as_slice().len() as u64 });
            Ok(Chunk::new(()))
        };
        let key = Key::indexed(name.clone(), [number as u32]);
        let needs = [file.clone(), text, last];
        layers.add(Task::new(key.clone(), needs, Arc::new(run)).output(Size::Exact(0)));
        last = key;
    }
    Ok(vec![file, last])
}

pub(super) fn finish(chunks: &[Chunk]) -> Result<Written> {
    let Some(file) = chunks.first() else { return Err(Error::Cancelled) };
    Ok(Written { files: vec![file.get::<Writer>()?.finish()?] })
}

/// About the bytes of all rows as text.
fn text_bytes(estimate: &Estimate, options: &Csv) -> u64 {
    /// Bytes of a row of which nothing is known.
    const USUAL: f64 = 100.0;
    let sample = estimate.sample.as_ref().filter(|sample| sample.height() > 0);
    let measured = sample.and_then(|sample| {
        let (mut rows, mut text) = (thinned(sample, MEASURED_ROWS), Vec::new());
        alone(|| options.write_rows(&mut rows, false, &mut text)).ok()?;
        Some(text.len() as f64 / rows.height() as f64)
    });
    (estimate.rows * measured.unwrap_or(USUAL)).ceil() as u64
}

/// The text of a partition.
struct Text {
    rows: u64,
    bytes: Bytes,
}

enum Bytes {
    Owned(Vec<u8>),
    /// It was on scratch.
    Stored(Buffer),
}

impl Text {
    fn as_slice(&self) -> &[u8] {
        match &self.bytes {
            Bytes::Owned(bytes) => bytes,
            Bytes::Stored(buffer) => buffer.as_slice(),
        }
    }
}

impl Value for Text {
    fn unmetered_bytes(&self) -> u64 {
        match &self.bytes {
            Bytes::Owned(bytes) => bytes.capacity() as u64,
            Bytes::Stored(_) => 0,
        }
    }

    fn encode(&self) -> Option<Encoded<'_>> {
        let rows = self.rows;
        let decode = Arc::new(move |buffer| Ok(Chunk::new(Self { rows, bytes: Bytes::Stored(buffer) })));
        Some(match &self.bytes {
            Bytes::Owned(bytes) => {
                let write = |out: &mut dyn Write| -> Result<(), CodeError> { Ok(out.write_all(bytes)?) };
                Encoded::Laid { write: Box::new(write), in_place: true, decode }
            }
            Bytes::Stored(buffer) => Encoded::Memory { bytes: buffer.as_slice(), item_size: 1, in_place: true, decode },
        })
    }

    fn describe(&self) -> Option<String> {
        Some(format!("text of {} rows", self.rows))
    }
}

/// The file in the making. Written by one task at a time.
struct Writer {
    target: Target,
    partial: PathBuf,
    open: Mutex<Open>,
}

struct Open {
    file: Option<File>,
    rows: u64,
}

/// It is handed over, and can't go to scratch.
impl Value for Writer {
    fn unmetered_bytes(&self) -> u64 {
        0
    }

    fn encode(&self) -> Option<Encoded<'_>> {
        None
    }
}

impl Writer {
    fn begin(target: &Target, header: &[u8]) -> Result<Self> {
        let partial = target.partial()?;
        // Owned from here on, so that it is removed whatever happens.
        let writer = Self { target: target.clone(), partial, open: Mutex::new(Open { file: None, rows: 0 }) };
        let file =
            OpenOptions::new().write(true).open(&writer.partial).map_err(|error| target.failed("open", error))?;
        writer.open.lock().file = Some(file);
        writer.append(0, header)?;
        Ok(writer)
    }

    fn append(&self, rows: u64, text: &[u8]) -> Result<()> {
        let mut open = self.open.lock();
        let Some(file) = &mut open.file else { return Err(Error::Cancelled) };
        file.write_all(text).map_err(|error| self.target.failed("write", error))?;
        open.rows += rows;
        Ok(())
    }

    /// Closes the file and gives it its name.
    fn finish(&self) -> Result<WrittenFile> {
        let mut open = self.open.lock();
        if open.file.take().is_none() {
            return Err(Error::Cancelled);
        }
        let bytes = self.target.put(&self.partial)?;
        Ok(WrittenFile { path: self.target.said().to_owned(), rows: open.rows, bytes })
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Not there any more where it was finished.
        drop(fs::remove_file(&self.partial));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chunk::{BufferMut, Unmetered};

    #[test]
    fn text_comes_back_from_scratch_with_its_rows() {
        let text = Text { rows: 2, bytes: Bytes::Owned(b"1,a\n2,b\n".to_vec()) };
        assert_eq!(text.unmetered_bytes(), 8);
        let Some(Encoded::Laid { write, decode, .. }) = text.encode() else { panic!("it is laid out") };
        let mut laid = Vec::new();
        write(&mut laid).unwrap();
        let mut buffer = BufferMut::zeroed(laid.len(), &Unmetered).unwrap();
        buffer.as_mut_slice().copy_from_slice(&laid);
        let chunk = decode(buffer.freeze()).unwrap();
        let back = chunk.get::<Text>().unwrap();
        assert_eq!((back.rows, back.as_slice(), back.unmetered_bytes()), (2, text.as_slice(), 0));
        assert!(matches!(back.encode(), Some(Encoded::Memory { .. })));
    }
}
