//! Frames that are written and read piece by piece: of values that don't lie in one piece of memory.
//!
//! Pieces are put together to blocks in the [`Staging`] of the thread that writes or reads, and no more of the value is ever
//! there: a value may go to scratch because memory is short. Each block is checked before any of it is handed out (**S1**).
//! How long the value is, is found by writing it once to nowhere, so that its extent can be taken (**S2**).
//!
//! The first block is the sample that decides whether blocks are packed.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use super::codec::{Codec, LZ4_BLOCK, Staging, Trial};
use super::frame::{Begun, Frame, Table, Writer};
use super::tier::Tier;
use crate::config::Compression;
use crate::error::{Error, Result, UserError};

/// Writes a value; the same each time.
pub(crate) type WriteOut<'a> = dyn Fn(&mut dyn io::Write) -> Result<(), Box<dyn std::error::Error + Send + Sync>> + 'a;

/// The bytes that `write` writes.
///
/// # Errors
/// [`Error::Code`] with what it fails with.
pub(super) fn measure(write: &WriteOut<'_>) -> Result<usize> {
    let mut count = Count(0);
    write(&mut count).map_err(failed)?;
    Ok(count.0)
}

fn failed(error: Box<dyn std::error::Error + Send + Sync>) -> Error {
    Error::Code { operation: "written to", source: UserError::from(error) }
}

/// Counts bytes.
struct Count(usize);

impl io::Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Begins to write a frame of the `bytes` bytes that `write` writes.
///
/// # Errors
/// Those of scratch; [`Error::Code`] where `write` fails, or writes something else than it did.
pub(super) fn begin(
    tier: &Arc<Tier>,
    bytes: usize,
    write: &WriteOut<'_>,
    compression: Compression,
    in_place: bool,
    staging: &mut Staging,
) -> Result<Begun> {
    let writer = Writer::new(tier, bytes, Codec::Pieces)?;
    let mut blocks = Blocks { writer, tier, compression, codec: None, staging, filled: 0, left: bytes, failure: None };
    let outcome = write(&mut blocks).and_then(|()| Ok(blocks.flush_block()?));
    let Blocks { writer, codec, left, failure, .. } = blocks;
    match (failure, outcome) {
        (Some(error), _) => Err(error),
        (None, Err(error)) => Err(failed(error)),
        (None, Ok(())) if left > 0 => Err(failed("it wrote fewer bytes than before".into())),
        (None, Ok(())) => writer.finish(codec.unwrap_or(Codec::Pieces), in_place),
    }
}

/// Puts pieces together to blocks.
struct Blocks<'a> {
    writer: Writer,
    tier: &'a Arc<Tier>,
    compression: Compression,
    /// Found out by the first block.
    codec: Option<Codec>,
    staging: &'a mut Staging,
    /// Bytes of the block in the making.
    filled: usize,
    /// Bytes that are still to come.
    left: usize,
    /// Why scratch took no more.
    failure: Option<Error>,
}

impl Blocks<'_> {
    fn flush_block(&mut self) -> io::Result<()> {
        let len = std::mem::take(&mut self.filled);
        if len == 0 {
            return Ok(());
        }
        let (staging, tier, compression) = (&mut *self.staging, self.tier, self.compression);
        let codec = *self.codec.get_or_insert_with(|| match compression {
            Compression::None => Codec::Pieces,
            _ => match Trial::of_plain(len, staging).codec(compression, tier.disk()) {
                Codec::Lz4 { .. } => Codec::Lz4 { shuffle: 1 },
                Codec::Raw | Codec::Pieces => Codec::Pieces,
            },
        });
        let packed = if codec == Codec::Pieces { None } else { staging.pack_plain(len) };
        self.writer.push(staging.block(len, packed)).map_err(|error| {
            let told = io::Error::other(error.to_string());
            self.failure = Some(error);
            told
        })
    }
}

impl io::Write for Blocks<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() > self.left {
            return Err(io::Error::other("it wrote more bytes than before"));
        }
        let taken = bytes.len().min(LZ4_BLOCK - self.filled);
        self.staging.plain_mut()[self.filled..self.filled + taken].copy_from_slice(&bytes[..taken]);
        self.filled += taken;
        self.left -= taken;
        if self.filled == LZ4_BLOCK {
            self.flush_block()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads the bytes of a frame one after the other.
pub(crate) struct FrameReader<'a> {
    frame: &'a Frame,
    table: Table,
    staging: &'a mut Staging,
    /// The next block, and where it begins.
    block: usize,
    at: u64,
    /// What of the plain block is still to be handed out.
    filled: Range<usize>,
    /// Why scratch gave no more.
    failure: Option<Error>,
}

impl<'a> FrameReader<'a> {
    /// Reads `frame`, which was written as a stream.
    ///
    /// # Errors
    /// [`Error::Corrupt`], [`Error::Scratch`] where its table can't be had.
    pub(crate) fn open(frame: &'a Frame, staging: &'a mut Staging) -> Result<Self> {
        let (table, at) = frame.blocks()?;
        Ok(Self { frame, table, staging, block: 0, at, filled: 0..0, failure: None })
    }

    /// Says why `read` failed: scratch did, or else who decodes. What is left is read, so that all of it is checked.
    ///
    /// # Errors
    /// That.
    pub(crate) fn outcome<T>(mut self, read: Result<T, Box<dyn std::error::Error + Send + Sync>>) -> Result<T> {
        let rest = io::copy(&mut self, &mut io::sink());
        match (self.failure, read, rest) {
            (Some(error), ..) => Err(error),
            (None, Err(error), _) => Err(Error::Code { operation: "read from", source: UserError::from(error) }),
            (None, Ok(_), Err(error)) => Err(Error::Code { operation: "read from", source: Arc::new(error) }),
            (None, Ok(value), Ok(_)) => {
                self.frame.was_taken();
                Ok(value)
            }
        }
    }

    fn fill(&mut self) -> Result<()> {
        if let Some(entry) = self.table.get(self.block) {
            let len = self.frame.read_plain(self.block, &entry, self.at, self.staging)?;
            self.block += 1;
            self.at += entry.stored as u64;
            self.filled = 0..len;
        }
        Ok(())
    }
}

impl io::Read for FrameReader<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if let Some(error) = &self.failure {
            return Err(io::Error::other(error.to_string()));
        }
        if self.filled.is_empty()
            && let Err(error) = self.fill()
        {
            let told = io::Error::other(error.to_string());
            self.failure = Some(error);
            return Err(told);
        }
        let taken = out.len().min(self.filled.len());
        let from = self.filled.start;
        out[..taken].copy_from_slice(&self.staging.plain()[from..from + taken]);
        self.filled.start += taken;
        Ok(taken)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::io::{Read, Write};

    use super::super::tests::{noise, scratch, smooth};
    use super::super::{STAGING, Scratch};
    use super::*;

    type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

    /// Writes in pieces of uneven lengths.
    fn in_pieces(bytes: &[u8]) -> impl Fn(&mut dyn Write) -> Outcome<()> + '_ {
        move |out| {
            let (mut rest, mut len) = (bytes, 1);
            while !rest.is_empty() {
                let (piece, others) = rest.split_at(rest.len().min(len));
                out.write_all(piece)?;
                (rest, len) = (others, len * 3 % 100_003 + 1);
            }
            Ok(())
        }
    }

    pub(in crate::spill) fn store(scratch: &Scratch, bytes: &[u8]) -> Frame {
        scratch.begin_stream(&in_pieces(bytes), false, &mut Staging::new()).unwrap().settle().unwrap()
    }

    pub(in crate::spill) fn read(frame: &Frame) -> Result<Vec<u8>> {
        let mut staging = Staging::new();
        let mut reader = FrameReader::open(frame, &mut staging)?;
        let mut bytes = Vec::new();
        let outcome = reader.read_to_end(&mut bytes).map_err(Into::into);
        reader.outcome(outcome)?;
        Ok(bytes)
    }

    #[test]
    fn what_was_written_in_pieces_comes_back() {
        for compression in [Compression::Auto, Compression::Lz4, Compression::None] {
            let (_folder, scratch) = scratch(compression);
            let sizes = [0, 1, 100, LZ4_BLOCK - 1, LZ4_BLOCK, LZ4_BLOCK + 1, 3 << 20];
            for bytes in sizes.into_iter().flat_map(|len| [noise(len), smooth(len)]) {
                let frame = store(&scratch, &bytes);
                assert!(read(&frame).unwrap() == bytes, "{compression:?}, {} bytes", bytes.len());
                if compression == Compression::Lz4 && bytes.len() == 3 << 20 && bytes == smooth(bytes.len()) {
                    assert!(frame.stored_bytes() < 2 << 20, "{}", frame.stored_bytes());
                }
            }
            assert_eq!(scratch.usage().now(), 0);
        }
        assert_eq!(STAGING as usize, LZ4_BLOCK + LZ4_BLOCK + LZ4_BLOCK / 10 + 64, "there is no other memory");
    }

    #[test]
    fn what_was_written_in_pieces_is_used_as_one() {
        for (compression, bytes) in [(Compression::None, noise(3 << 20)), (Compression::Lz4, smooth(3 << 20))] {
            let (_folder, scratch) = scratch(compression);
            let begun = scratch.begin_stream(&in_pieces(&bytes), true, &mut Staging::new()).unwrap();
            let frame = begun.settle().unwrap();
            let mapped = frame.map().unwrap();
            assert_eq!(mapped.is_some(), compression == Compression::None);
            assert!(mapped.is_none_or(|mapped| mapped.bytes() == bytes));
            let mut back = vec![0; bytes.len()];
            frame.read_into(&mut back, &mut Staging::new()).unwrap();
            assert!(back == bytes);
            // Nobody said that this one may be.
            assert!(store(&scratch, &bytes).map().unwrap().is_none());
        }
    }

    #[test]
    fn who_writes_must_write_the_same_again() {
        let (_folder, scratch) = scratch(Compression::None);
        for change in [-1_i64, 1] {
            let calls = std::cell::Cell::new(0);
            let write = |out: &mut dyn Write| -> Outcome<()> {
                calls.set(calls.get() + 1);
                let len = 100_000 + if calls.get() > 1 { change } else { 0 };
                Ok(out.write_all(&vec![7; len as usize])?)
            };
            let error = scratch.begin_stream(&write, false, &mut Staging::new()).unwrap_err();
            assert!(matches!(&error, Error::Code { .. }) && error.to_string().contains("bytes than before"), "{error}");
        }
        let write = |_: &mut dyn Write| -> Outcome<()> { Err("no way".into()) };
        let error = scratch.begin_stream(&write, false, &mut Staging::new()).unwrap_err();
        assert!(error.to_string().contains("no way"), "{error}");
        assert_eq!(scratch.usage().now(), 0);
        // It was not the tier's fault.
        assert!(read(&store(&scratch, b"good")).unwrap() == b"good");
    }

    #[test]
    fn damage_is_found_though_nobody_reads_that_far() {
        let (_folder, scratch) = scratch(Compression::None);
        let frame = store(&scratch, &noise(300_000));
        let last = frame.stored_bytes() - 1;
        let byte = frame.peek(last, 1)[0];
        frame.poke(last, &[!byte]);
        let mut staging = Staging::new();
        let mut reader = FrameReader::open(&frame, &mut staging).unwrap();
        let mut first = [0; 100];
        let outcome = reader.read_exact(&mut first).map_err(Into::into);
        assert!(first == noise(300_000)[..100]);
        assert!(matches!(reader.outcome(outcome), Err(Error::Corrupt { .. })));
    }

    #[test]
    fn who_reads_is_told_apart_from_scratch() {
        let (_folder, scratch) = scratch(Compression::None);
        let frame = store(&scratch, b"12x4");
        let mut staging = Staging::new();
        let mut reader = FrameReader::open(&frame, &mut staging).unwrap();
        let mut text = String::new();
        let outcome = reader.read_to_string(&mut text).map_err(Into::into);
        let outcome = outcome.and_then(|_| Ok(text.parse::<u32>()?));
        let error = reader.outcome(outcome).unwrap_err();
        assert!(matches!(&error, Error::Code { operation: "read from", .. }), "{error}");
        assert!(error.to_string().contains("invalid digit"), "{error}");
    }
}
