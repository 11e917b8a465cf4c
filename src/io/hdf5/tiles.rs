//! From a piece of stored bytes to tiles of values.

use super::convert::{Conversion, Real};
use super::layout::{boxes, runs, slab};
use crate::array::{Region, TILE};
use crate::chunk::charge;
use crate::error::Result;
use crate::graph::{Scratch, TaskContext};
use crate::simd::{Loop, widest};

/// Stored bytes of a box of the array.
#[derive(Debug)]
pub(super) struct Piece<'a> {
    /// Where the box starts in the array.
    pub(super) origin: &'a [usize],
    /// Its shape.
    pub(super) shape: &'a [usize],
    /// The bytes, from element number `first` of the box on.
    pub(super) bytes: &'a [u8],
    /// See `bytes`; 0 where they are shuffled.
    pub(super) first: usize,
    /// Whether first come the first bytes of all elements, then their second bytes, and so on.
    pub(super) shuffled: bool,
}

/// Takes pieces, hands out tiles.
pub(super) struct Sink<'a, T> {
    conversion: &'a Conversion,
    item: usize,
    tile: Scratch<'a, T>,
    staging: Scratch<'a, u8>,
    visit: &'a mut dyn FnMut(&Region, &[T]) -> Result<()>,
}

impl<'a, T: Real> Sink<'a, T> {
    /// A sink for regions of at most `len` elements.
    pub(super) fn new(
        context: &'a TaskContext<'_>,
        conversion: &'a Conversion,
        len: usize,
        visit: &'a mut dyn FnMut(&Region, &[T]) -> Result<()>,
    ) -> Result<Self> {
        let (item, len) = (conversion.stored.size(), len.min(TILE));
        Ok(Self { conversion, item, tile: context.scratch(len)?, staging: context.scratch(len * item)?, visit })
    }

    /// The bytes that it takes.
    pub(super) fn workspace(conversion: &Conversion, len: usize) -> u64 {
        let len = len.min(TILE);
        charge((len * size_of::<T>()) as u64) + charge((len * conversion.stored.size()) as u64)
    }

    /// Hands out `part`, all of whose elements are `stored`.
    pub(super) fn fill(&mut self, part: &Region, stored: &[u8]) -> Result<()> {
        let Self { conversion, tile, visit, .. } = self;
        let values = tile.as_mut_slice();
        let mut value = [T::default()];
        conversion.convert(stored, &mut value);
        values.fill(value[0]);
        boxes(&part.start, &slab(&part.shape, TILE), part, |tile| visit(tile, &values[..tile.len()]))
    }

    /// Hands out `part` of `piece`.
    pub(super) fn piece(&mut self, part: &Region, piece: &Piece<'_>) -> Result<()> {
        let Self { conversion, item, tile, staging, visit } = self;
        let (values, staging, item) = (tile.as_mut_slice(), staging.as_mut_slice(), *item);
        let mut inner = part.clone();
        boxes(&part.start, &slab(&part.shape, TILE), part, |tile| {
            let values = &mut values[..tile.len()];
            inner.start.iter_mut().zip(&tile.start).zip(piece.origin).for_each(|((at, tile), from)| *at = tile - from);
            inner.shape.copy_from_slice(&tile.shape);
            let mut whole = None;
            runs(&inner, piece.shape, |from, to, len| {
                let from = from - piece.first;
                let out = &mut staging[to * item..(to + len) * item];
                if piece.shuffled {
                    unshuffle(piece.bytes, item, from, out);
                } else if len == values.len() {
                    whole = Some(&piece.bytes[from * item..(from + len) * item]);
                } else {
                    out.copy_from_slice(&piece.bytes[from * item..(from + len) * item]);
                }
            });
            conversion.convert(whole.unwrap_or(&staging[..values.len() * item]), values);
            visit(tile, values)
        })
    }
}

/// Puts together elements of `item` bytes, from number `from` on, whose bytes lie apart in `bytes`.
fn unshuffle(bytes: &[u8], item: usize, from: usize, out: &mut [u8]) {
    let (count, len) = (bytes.len() / item, out.len() / item);
    let plane = |byte: usize| &bytes[byte * count + from..][..len];
    match item {
        1 => out.copy_from_slice(plane(0)),
        2 => widest(Unshuffle { planes: [0, 1].map(plane), out }),
        4 => widest(Unshuffle { planes: [0, 1, 2, 3].map(plane), out }),
        8 => widest(Unshuffle { planes: [0, 1, 2, 3, 4, 5, 6, 7].map(plane), out }),
        _ => {
            for byte in 0..item {
                for (out, &stored) in out.chunks_exact_mut(item).zip(plane(byte)) {
                    out[byte] = stored;
                }
            }
        }
    }
}

/// The loop of [`unshuffle`] over elements of `N` bytes.
struct Unshuffle<'a, const N: usize> {
    planes: [&'a [u8]; N],
    out: &'a mut [u8],
}

impl<const N: usize> Loop for Unshuffle<'_, N> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let len = self.out.len() / N;
        let planes = self.planes.map(|plane| &plane[..len]);
        for (at, out) in self.out.chunks_exact_mut(N).enumerate() {
            out.copy_from_slice(&planes.map(|plane| plane[at]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shuffled_elements_are_put_together() {
        for item in [1, 2, 3, 4, 8] {
            let elements: Vec<u8> = (0..200 * item).map(|at| (at * 7 % 251) as u8).collect();
            let shuffled: Vec<u8> =
                (0..item).flat_map(|byte| elements.chunks(item).map(move |element| element[byte])).collect();
            for len in [0, 1, 4, 150] {
                let mut out = vec![0; len * item];
                unshuffle(&shuffled, item, 3, &mut out);
                assert_eq!(out, elements[3 * item..(3 + len) * item]);
            }
        }
    }
}
