//! From pieces of stored bytes to tiles of values.

use super::convert::{Conversion, Real};
use super::layout::{boxes, runs, tile_shape};
use crate::array::{Region, TILE};
use crate::chunk::charge;
use crate::error::Result;
use crate::graph::{Scratch, TaskContext};
use crate::simd::{Loop, widest};

/// A box of the array, and where its values come from.
#[derive(Debug)]
pub(super) struct Piece<'a> {
    /// The box.
    pub(super) region: &'a Region,
    /// Its values; none where it was never written.
    pub(super) stored: Option<Stored<'a>>,
}

/// Stored bytes of a box that holds what is wanted.
#[derive(Debug)]
pub(super) struct Stored<'a> {
    /// Where that box starts in the array.
    pub(super) origin: &'a [usize],
    /// Its shape.
    pub(super) shape: &'a [usize],
    /// The bytes, from element number `first` of the box on.
    pub(super) bytes: &'a [u8],
    /// See `bytes`; 0 where they are shuffled.
    pub(super) first: usize,
    /// Whether first come the first bytes of all elements, then their second bytes, and so on.
    pub(super) shuffled: bool,
    /// Whether the bytes of each element are the other way round.
    pub(super) swapped: bool,
}

/// Takes pieces, hands out tiles.
pub(super) struct Sink<'a, T> {
    conversion: &'a Conversion,
    /// The element that never written ones are.
    fill: T,
    item: usize,
    tile: Scratch<'a, T>,
    staging: Scratch<'a, u8>,
    visit: &'a mut dyn FnMut(&Region, &[T]) -> Result<()>,
}

impl<'a, T: Real> Sink<'a, T> {
    /// A sink for regions of at most `len` elements; those that were never written are `fill`, as it would be stored.
    pub(super) fn new(
        context: &'a TaskContext<'_>,
        conversion: &'a Conversion,
        fill: &[u8],
        len: usize,
        visit: &'a mut dyn FnMut(&Region, &[T]) -> Result<()>,
    ) -> Result<Self> {
        let (item, len) = (conversion.stored.size(), len.min(TILE));
        let mut value = [T::default()];
        conversion.convert(fill, &mut value);
        let (tile, staging) = (context.scratch(len)?, context.scratch(len * item)?);
        Ok(Self { conversion, fill: value[0], item, tile, staging, visit })
    }

    /// The bytes that it takes.
    pub(super) fn workspace(conversion: &Conversion, len: usize) -> u64 {
        let len = len.min(TILE);
        charge((len * size_of::<T>()) as u64) + charge((len * conversion.stored.size()) as u64)
    }

    /// Hands out `region`, which was never written.
    pub(super) fn fill(&mut self, region: &Region) -> Result<()> {
        self.batch(region, &[Piece { region, stored: None }])
    }

    /// Hands out `batch`, which `pieces` make up, one after the other along the first axis.
    pub(super) fn batch(&mut self, batch: &Region, pieces: &[Piece<'_>]) -> Result<()> {
        let Self { conversion, fill, item, tile, staging, visit } = self;
        let values = tile.as_mut_slice();
        let mut part = batch.clone();
        boxes(&batch.start, &tile_shape(&batch.shape, TILE), batch, |tile| {
            let mut done = 0;
            for piece in pieces {
                if !clip(tile, piece.region, &mut part) {
                    continue;
                }
                let out = &mut values[done..][..part.len()];
                done += out.len();
                match &piece.stored {
                    None => out.fill(*fill),
                    Some(stored) => {
                        part.start.iter_mut().zip(stored.origin).for_each(|(at, origin)| *at -= origin);
                        convert(conversion, stored, &part, &mut staging.as_mut_slice()[..out.len() * *item], out);
                    }
                }
            }
            visit(tile, &values[..done])
        })
    }
}

/// Makes `part` what `tile` has of `piece`, which has all of it but for the first axis. Whether it has anything.
fn clip(tile: &Region, piece: &Region, part: &mut Region) -> bool {
    part.start.copy_from_slice(&tile.start);
    part.shape.copy_from_slice(&tile.shape);
    let Some(&first) = tile.start.first() else { return true };
    let start = first.max(piece.start[0]);
    let end = (first + tile.shape[0]).min(piece.start[0] + piece.shape[0]);
    (part.start[0], part.shape[0]) = (start, end.saturating_sub(start));
    start < end
}

/// Converts `part`, a box within the one that is stored.
fn convert<T: Real>(conversion: &Conversion, stored: &Stored<'_>, part: &Region, staging: &mut [u8], out: &mut [T]) {
    let item = conversion.stored.size();
    let mut whole = None;
    runs(part, stored.shape, |from, to, len| {
        let from = from - stored.first;
        let place = &mut staging[to * item..(to + len) * item];
        if stored.shuffled {
            unshuffle(stored.bytes, item, from, place);
        } else if len == out.len() {
            whole = Some(&stored.bytes[from * item..(from + len) * item]);
        } else {
            place.copy_from_slice(&stored.bytes[from * item..(from + len) * item]);
        }
    });
    if stored.swapped && item > 1 {
        if let Some(whole) = whole {
            staging.copy_from_slice(whole);
        }
        swap(staging, item);
        return conversion.convert(staging, out);
    }
    conversion.convert(whole.unwrap_or(staging), out);
}

/// Turns the bytes of each element of `item` bytes round.
fn swap(bytes: &mut [u8], item: usize) {
    match item {
        2 => widest(Swap::<2>(bytes)),
        4 => widest(Swap::<4>(bytes)),
        _ => widest(Swap::<8>(bytes)),
    }
}

/// The loop of [`swap`] over elements of `N` bytes.
struct Swap<'a, const N: usize>(&'a mut [u8]);

impl<const N: usize> Loop for Swap<'_, N> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for element in self.0.chunks_exact_mut(N) {
            element.reverse();
        }
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
    fn bytes_are_turned_round() {
        let mut bytes = [1, 2, 3, 4, 5, 6, 7, 8];
        swap(&mut bytes, 2);
        assert_eq!(bytes, [2, 1, 4, 3, 6, 5, 8, 7]);
        swap(&mut bytes, 4);
        assert_eq!(bytes, [3, 4, 1, 2, 7, 8, 5, 6]);
        swap(&mut bytes, 8);
        assert_eq!(bytes, [6, 5, 8, 7, 2, 1, 4, 3]);
    }

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
