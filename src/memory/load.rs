//! Bringing a spilled chunk back.

use super::Stored;
use crate::chunk::ForeignBytes;
use crate::chunk::{Allocator, Buffer, BufferMut, Chunk, charge};
use crate::error::Result;
use crate::spill::{MappedFrame, Staging};

/// A mapped frame as the memory of a buffer: a lease on its extent for as long as the buffer lives (M3).
struct Lease(MappedFrame);

impl ForeignBytes for Lease {
    fn bytes(&self) -> &[u8] {
        self.0.bytes()
    }
}

/// Loads a stored chunk with memory from `allocator`: in place where its frame can be mapped, else into a buffer. Says
/// which.
///
/// # Errors
/// [`Corrupt`](crate::Error::Corrupt) or [`Scratch`](crate::Error::Scratch) where the frame can't be had again.
pub(crate) fn load(stored: &Stored, allocator: &dyn Allocator, staging: &mut Staging) -> Result<(Chunk, bool)> {
    let (buffer, in_place) = if let Some(mapped) = stored.mappable.then(|| stored.frame.map()).transpose()?.flatten() {
        let charge = allocator.reserve(charge(stored.frame.bytes() as u64))?;
        (Buffer::foreign(Box::new(Lease(mapped)), charge), true)
    } else {
        let mut buffer = BufferMut::unwritten(stored.frame.bytes(), allocator)?;
        stored.frame.read_into(buffer.as_mut_slice(), staging)?;
        (buffer.freeze(), false)
    };
    Ok(((stored.decode)(buffer)?, in_place))
}
