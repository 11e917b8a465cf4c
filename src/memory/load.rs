//! Bringing a spilled chunk back.

use super::{Back, Stored};
use crate::chunk::ForeignBytes;
use crate::chunk::{Allocator, Buffer, BufferMut, Chunk, charge};
use crate::error::Result;
use crate::spill::{FrameReader, MappedFrame, Staging};

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
/// [`Corrupt`](crate::Error::Corrupt) or [`Scratch`](crate::Error::Scratch) where the frame can't be had again;
/// [`Code`](crate::Error::Code) where the value can't be made of it.
pub(crate) fn load(stored: &Stored, allocator: &dyn Allocator, staging: &mut Staging) -> Result<(Chunk, bool)> {
    let frame = &stored.frame;
    match &stored.back {
        Back::Memory { decode, mappable } => {
            if *mappable && frame.may_be_mapped() {
                // Paid before: mapping it has its pages there.
                let charge = allocator.reserve(charge(frame.bytes() as u64))?;
                if let Some(mapped) = frame.map()? {
                    return Ok((decode(Buffer::foreign(Box::new(Lease(mapped)), charge))?, true));
                }
            }
            let mut buffer = BufferMut::unwritten(frame.bytes(), allocator)?;
            frame.read_into(buffer.as_mut_slice(), staging)?;
            Ok((decode(buffer.freeze())?, false))
        }
        Back::Stream(read) => {
            let mut reader = FrameReader::open(frame, staging)?;
            let outcome = read(&mut reader);
            Ok((reader.outcome(outcome)?, false))
        }
    }
}

#[cfg(all(test, not(shuttle)))]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::chunk::{Charge, Unmetered};
    use crate::config::Compression;
    use crate::error::Error;
    use crate::spill::tests::{noise, scratch};
    use crate::units::ByteSize;

    /// Who has nothing left.
    struct Poor;

    impl Allocator for Poor {
        fn reserve(&self, bytes: u64) -> Result<Charge> {
            let (asked, left) = (ByteSize::new(bytes), ByteSize::new(0));
            Err(Error::Overdrawn { key: "poor".into(), asked, left, granted: left })
        }
    }

    /// Mapping a frame has its pages there. A damaged one shows what comes first: whoever maps it finds the damage.
    #[test]
    fn what_is_mapped_is_paid_before() {
        let (_folder, scratch) = scratch(Compression::None);
        let frame = scratch.write(&noise(2 << 20), 1, &mut Staging::new()).unwrap();
        assert!(frame.may_be_mapped());
        let at = frame.padding().end;
        frame.poke(at, &[!frame.peek(at, 1)[0]]);
        let back = Back::Memory { decode: Arc::new(|_| unreachable!("it is damaged")), mappable: true };
        let stored = Stored { frame, back };
        let loaded = |allocator: &dyn Allocator| load(&stored, allocator, &mut Staging::new()).unwrap_err();
        assert!(matches!(loaded(&Poor), Error::Overdrawn { .. }));
        assert!(matches!(loaded(&Unmetered), Error::Corrupt { .. }));
    }
}
