//! Record batches: what they say of themselves, checked; and a file as their decoder wants it.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;

use polars::prelude::IdxSize;
use polars_arrow::io::ipc::format::ipc::planus::ReadAsRoot;
use polars_arrow::io::ipc::format::ipc::{MessageHeaderRef, MessageRef, RecordBatchRef};
use polars_arrow::io::ipc::write::Block;

use super::super::input::{InputFile, MOST_BYTES};

/// What a message begins with where its length comes second.
const CONTINUATION: [u8; 4] = [0xff; 4];

/// A compressed buffer begins with its length when it is not.
const PREFIX: u64 = 8;

/// What a record batch has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Batch {
    pub(super) rows: usize,
    /// Bytes of its buffers as they are stored.
    pub(super) stored: u64,
    /// Bytes of its buffers when they are not compressed.
    pub(super) plain: u64,
}

/// Whether a batch can be what it says.
pub(super) fn check(file: &InputFile, opened: &File, block: &Block) -> Result<Batch, String> {
    let sizes =
        [block.offset, i64::from(block.meta_data_length), block.body_length].map(|size| u64::try_from(size).ok());
    let [Some(offset), Some(metadata), Some(body)] = sizes else {
        return Err("a record batch has a negative size".into());
    };
    let body_at = offset.saturating_add(metadata);
    if body_at.saturating_add(body) > file.bytes {
        return Err(format!("a record batch of {body} bytes at {body_at}: the file ends before"));
    }
    let bytes = file.read(opened, offset, metadata).map_err(|error| error.to_string())?;
    let message = message(&bytes)?;
    let header = message.header().map_err(told)?.ok_or("a record batch without a header")?;
    let batch = match header {
        MessageHeaderRef::RecordBatch(batch) => batch,
        MessageHeaderRef::DictionaryBatch(dictionary) => {
            dictionary.data().map_err(told)?.ok_or("a dictionary without data")?
        }
        _ => return Err("a message that is no record batch stands where one should".into()),
    };
    let rows = batch.length().map_err(told)?;
    let rows = usize::try_from(rows).ok().filter(|&rows| rows < IdxSize::MAX as usize);
    let rows = rows.ok_or_else(|| format!("a record batch of {:?} rows", batch.length()))?;
    let plain = check_buffers(file, opened, batch, body_at, body)?;
    Ok(Batch { rows, stored: body, plain })
}

/// Whether the buffers of a batch lie in its body. Their bytes when they are not compressed.
fn check_buffers(
    file: &InputFile,
    opened: &File,
    batch: RecordBatchRef<'_>,
    body_at: u64,
    body: u64,
) -> Result<u64, String> {
    let is_compressed = batch.compression().map_err(told)?.is_some();
    let buffers = batch.buffers().map_err(told)?.ok_or("a record batch without buffers")?;
    let counts = batch.variadic_buffer_counts().map_err(told)?;
    let variadic = counts.into_iter().flatten().try_fold(0_i64, |sum, count| sum.checked_add(count.max(0)));
    if variadic.is_none_or(|count| count > buffers.len() as i64) {
        return Err("a record batch says that it has more buffers than it has".into());
    }
    let nodes = batch.nodes().map_err(told)?.ok_or("a record batch without nodes")?;
    if nodes.iter().any(|node| !(0..i64::from(IdxSize::MAX)).contains(&node.length())) {
        return Err("a record batch has a column of no possible length".into());
    }
    let mut plain = 0_u64;
    for buffer in buffers {
        let (Ok(start), Ok(length)) = (u64::try_from(buffer.offset()), u64::try_from(buffer.length())) else {
            return Err("a record batch has a buffer of a negative size".into());
        };
        if start.saturating_add(length) > body {
            return Err(format!("a buffer of {length} bytes at {start} is not in its record batch of {body}"));
        }
        let own =
            if is_compressed && length > 0 { plain_length(file, opened, body_at + start, length)? } else { length };
        plain = plain.saturating_add(own);
    }
    if plain > MOST_BYTES {
        return Err(format!("a record batch of {plain} bytes: more than {MOST_BYTES} can't be read"));
    }
    Ok(plain)
}

/// The bytes of a compressed buffer when it is not.
fn plain_length(file: &InputFile, opened: &File, at: u64, length: u64) -> Result<u64, String> {
    let prefix = file.read(opened, at, PREFIX.min(length)).map_err(|error| error.to_string())?;
    let prefix: [u8; 8] = prefix.try_into().map_err(|_| "a compressed buffer without its length")?;
    match i64::from_le_bytes(prefix) {
        -1 => Ok(length - PREFIX),
        plain => u64::try_from(plain).map_err(|_| format!("a buffer of {plain} bytes")),
    }
}

/// The message that `bytes` are.
fn message(bytes: &[u8]) -> Result<MessageRef<'_>, String> {
    let bytes = bytes.strip_prefix(&CONTINUATION).unwrap_or(bytes);
    let message = bytes.get(4..).ok_or("a message is cut short")?;
    MessageRef::read_as_root(message).map_err(told)
}

fn told(error: impl std::fmt::Display) -> String {
    format!("a record batch is damaged: {error}")
}

/// Has values be checked while they are decoded: what decoders of this format do unless they are told otherwise.
pub(super) fn checked<C: Default>() -> C {
    C::default()
}

/// A file that is read at places, and counts what is read of it.
pub(super) struct At<'a> {
    file: &'a File,
    at: u64,
    end: u64,
    /// Bytes that were read.
    pub(super) stored: u64,
}

impl<'a> At<'a> {
    pub(super) fn new(file: &'a File, end: u64) -> Self {
        Self { file, at: 0, end, stored: 0 }
    }
}

impl Read for At<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(out, self.at)?;
        self.at += read as u64;
        self.stored += read as u64;
        Ok(read)
    }
}

impl Seek for At<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let to = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.end.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = to.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}
