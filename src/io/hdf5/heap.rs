//! Values of variable length, which files keep in global heaps: read here, not by the library.
//!
//! The library goes round in circles for ever, holding its lock, where a damaged heap has an object of no length (up to
//! version 2.2.0). Heaps are simple enough to be read directly. Format: HDF5 File Format Specification 3.0, III.E.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

/// A heap with more bytes is left alone.
const LARGEST_HEAP: u64 = 64 << 20;

/// Objects and headers start at multiples of so many bytes.
const ALIGNMENT: u64 = 8;

/// The global heaps of a file.
#[derive(Clone, Debug)]
pub(crate) struct Heaps {
    pub(super) file: Arc<File>,
    /// Where its addresses are counted from: the length of its user block.
    pub(super) base: u64,
    pub(super) file_size: u64,
    /// Bytes of a stored address, and of a stored length.
    pub(super) address_width: usize,
    pub(super) length_width: usize,
}

/// A stored value of variable length: how many items, and where they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) items: u32,
    heap: u64,
    object: u32,
}

impl Heaps {
    /// The values that `bytes` refers to.
    pub(super) fn parse(&self, bytes: &[u8]) -> Result<Vec<Stored>, String> {
        let width = 4 + self.address_width + 4;
        if !bytes.len().is_multiple_of(width) {
            return Err(format!("{} B of values of variable length, expected a multiple of {width}", bytes.len()));
        }
        let value = |bytes: &[u8]| {
            let (items, rest) = bytes.split_at(4);
            let (heap, object) = rest.split_at(self.address_width);
            Stored { items: number(items) as u32, heap: number(heap), object: number(object) as u32 }
        };
        Ok(bytes.chunks_exact(width).map(value).collect())
    }

    /// An address that is stored among the items of a value.
    pub(super) fn address(&self, items: &[u8]) -> Option<u64> {
        items.get(..self.address_width).map(number)
    }

    /// The bytes of a value of items of `item` bytes: the first `limit` bytes, if there are more.
    pub(super) fn value(&self, stored: Stored, item: usize, limit: usize) -> Result<Vec<u8>, String> {
        if stored.items == 0 {
            return Ok(Vec::new());
        }
        let wanted = u64::from(stored.items).saturating_mul(item as u64);
        let (at, length) = self.find(stored)?;
        if length < wanted {
            return Err(format!("a heap object has {length} B, expected {wanted}"));
        }
        let mut bytes = vec![0; wanted.min(limit as u64) as usize];
        self.read(at, &mut bytes)?;
        Ok(bytes)
    }

    /// Where the object of a value starts, and its length.
    fn find(&self, stored: Stored) -> Result<(u64, u64), String> {
        let header = 8 + self.length_width;
        let (mut bytes, header_bytes) = (vec![0; header], aligned(header as u64));
        let start = self.base.checked_add(stored.heap).ok_or("a heap's address is absurd")?;
        self.read(start, &mut bytes)?;
        let size = number(&bytes[8..]);
        if &bytes[..5] != b"GCOL\x01" || size > LARGEST_HEAP {
            return Err(format!("there is no global heap at address {}", stored.heap));
        }
        let end = start.checked_add(size).filter(|&end| end <= self.file_size).ok_or("a heap is cut short")?;
        let mut at = start + header_bytes;
        // An object's header is as long as the heap's own; their numbers have 16 bits.
        for _ in 0..=u16::MAX {
            if at + header_bytes > end {
                break;
            }
            self.read(at, &mut bytes)?;
            let (object, length) = (number(&bytes[..2]) as u32, number(&bytes[8..]));
            let used = if object == 0 { length } else { aligned(length).saturating_add(header_bytes) };
            if used < header_bytes || used > end - at {
                return Err(format!("the global heap at address {} is damaged", stored.heap));
            }
            if object == stored.object && object > 0 {
                return Ok((at + header_bytes, length));
            }
            at += used;
        }
        Err(format!("the global heap at address {} has no object {}", stored.heap, stored.object))
    }

    fn read(&self, at: u64, bytes: &mut [u8]) -> Result<(), String> {
        self.file.read_exact_at(bytes, at).map_err(|error| format!("a global heap can't be read: {error}"))
    }
}

fn aligned(bytes: u64) -> u64 {
    bytes.checked_next_multiple_of(ALIGNMENT).unwrap_or(u64::MAX)
}

/// A little-endian number of up to 8 bytes; of more, as stored addresses of 16 or 32 bytes are, the low ones.
fn number(bytes: &[u8]) -> u64 {
    let mut low = [0; 8];
    let count = bytes.len().min(8);
    low[..count].copy_from_slice(&bytes[..count]);
    u64::from_le_bytes(low)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// A heap at address 16 whose objects have the given numbers and stored lengths, with the bytes `b"abcdefgh"` each.
    fn heaps(objects: &[(u16, u64)]) -> Heaps {
        let mut bytes = vec![0; 16];
        bytes.extend(b"GCOL\x01\0\0\0");
        bytes.extend(4096_u64.to_le_bytes());
        for (number, length) in objects {
            bytes.extend(number.to_le_bytes());
            bytes.extend([0; 6]);
            bytes.extend(length.to_le_bytes());
            bytes.extend(b"abcdefgh");
        }
        bytes.resize(16 + 4096, 0);
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&bytes).unwrap();
        Heaps { file: file.into(), base: 0, file_size: bytes.len() as u64, address_width: 8, length_width: 8 }
    }

    fn stored(items: u32, heap: u64, object: u32) -> Vec<u8> {
        [&items.to_le_bytes()[..], &heap.to_le_bytes(), &object.to_le_bytes()].concat()
    }

    #[test]
    fn an_object_is_found_and_its_length_checked() {
        let heaps = heaps(&[(1, 8), (2, 5)]);
        let values = heaps.parse(&[stored(5, 16, 2), stored(0, 0, 0)].concat()).unwrap();
        assert_eq!(heaps.value(values[0], 1, 100).unwrap(), b"abcde");
        assert_eq!(heaps.value(values[0], 1, 2).unwrap(), b"ab");
        assert!(heaps.value(values[0], 2, 100).unwrap_err().contains("5 B, expected 10"));
        assert!(heaps.value(values[1], 8, 100).unwrap().is_empty());
        assert!(heaps.parse(&[0; 17]).is_err());
    }

    /// The library would never come back from the first two.
    #[test]
    fn a_damaged_heap_is_an_error() {
        for objects in [&[(0, 0)][..], &[(1, u64::MAX - 15)], &[(1, 1 << 40)], &[]] {
            let heaps = heaps(objects);
            let value = heaps.parse(&stored(1, 16, 7)).unwrap()[0];
            assert!(heaps.value(value, 1, 100).is_err(), "{objects:?}");
        }
        for address in [8, 1 << 20, u64::MAX] {
            let heaps = heaps(&[(1, 8)]);
            let value = heaps.parse(&stored(1, address, 1)).unwrap()[0];
            assert!(heaps.value(value, 1, 100).is_err(), "{address}");
        }
    }
}
