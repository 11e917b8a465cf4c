//! Values as bytes, to be spilled, and the way back.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::sync::Arc;

use super::{Buffer, Chunk};
use crate::error::Result;

/// A failure of who encodes or decodes.
pub type CodeError = Box<dyn StdError + Send + Sync>;

/// Makes a value again from the bytes it was encoded as.
pub type Decode = Arc<dyn Fn(Buffer) -> Result<Chunk> + Send + Sync>;

/// Writes a value piece by piece. Called more than once, and must write the same each time.
pub type WriteOut<'a> = Box<dyn Fn(&mut dyn io::Write) -> Result<(), CodeError> + 'a>;

/// Makes a value again from what [`WriteOut`] wrote. It need not read to the end.
pub type ReadBack = Arc<dyn Fn(&mut dyn io::Read) -> Result<Chunk, CodeError> + Send + Sync>;

/// How a value goes to scratch, and comes back.
pub enum Encoded<'a> {
    /// The memory of its [`Buffer`], as it lies.
    Memory {
        /// The bytes, contiguous.
        bytes: &'a [u8],
        /// The size of one item, for shuffling bytes before compression.
        item_size: usize,
        /// Whether any bytes at all are a valid value, so that a checked mapping may be used in place.
        in_place: bool,
        /// Makes the value again from its bytes.
        decode: Decode,
    },
    /// Piece by piece, as [`Stream`](Self::Stream); but it comes back as one piece of memory, which is what it then has.
    Laid {
        /// Writes it.
        write: WriteOut<'a>,
        /// Whether a checked mapping may be used in place.
        in_place: bool,
        /// Makes the value again from its bytes, which must be no more than its unmetered bytes.
        decode: Decode,
    },
    /// Piece by piece, so that no copy of it is ever in memory: for values that are many allocations. All its bytes have
    /// to be [unmetered](super::Value::unmetered_bytes).
    Stream {
        /// Writes it.
        write: WriteOut<'a>,
        /// Makes the value again.
        read: ReadBack,
    },
}

impl Encoded<'_> {
    /// The bytes that the value, of so many unmetered ones, frees when it goes to scratch.
    pub(crate) fn frees(&self, unmetered: u64) -> u64 {
        match self {
            Self::Memory { bytes, .. } => bytes.len() as u64,
            Self::Laid { .. } | Self::Stream { .. } => unmetered,
        }
    }
}

impl fmt::Debug for Encoded<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory { bytes, item_size, .. } => {
                write!(f, "Encoded({} B in items of {item_size} B)", bytes.len())
            }
            Self::Laid { .. } => f.write_str("Encoded(laid out)"),
            Self::Stream { .. } => f.write_str("Encoded(a stream)"),
        }
    }
}
