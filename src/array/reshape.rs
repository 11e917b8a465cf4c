//! The same elements, in C order, in another shape.
//!
//! Axes are taken in groups: the fewest neighbours of the old shape and of the new one that have as many elements. Within
//! a group, blocks are flat ranges: in either shape one axis is cut, those before it are cut into single indices, those
//! after it are whole. Such a block of the new shape is a few boxes of the old one. An array whose chunks are not flat
//! ranges is rechunked first; axes that stay as they are keep their chunks.
//!
//! Where only axes of length 1 come and go, nothing is copied.

use std::panic::Location;
use std::sync::Arc;

use super::Array;
use super::compile::Program;
use super::gather::{BlockNode, Gather, Recipe, fill};
use super::grid::{ChunkGrid, Region};
use super::kernel::Scope;
use super::node::Shared;
use super::permute::PermuteNode;
use super::strided::copy_tile;
use crate::chunk::Element;
use crate::error::{Error, Result};
use crate::graph::{Key, Layers};

/// Axes of the old and the new shape that have as many elements.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Group {
    old: std::ops::Range<usize>,
    new: std::ops::Range<usize>,
}

/// The groups of two shapes of as many elements, none of them empty.
fn groups(old: &[usize], new: &[usize]) -> Vec<Group> {
    let mut groups = Vec::new();
    let (mut i, mut j) = (0, 0);
    while i < old.len() || j < new.len() {
        let (first_i, first_j) = (i, j);
        let take = |shape: &[usize], at: &mut usize| {
            *at += 1;
            shape.get(*at - 1).copied().unwrap_or(1)
        };
        if i == old.len() || j == new.len() {
            // What is left has length 1.
            (i, j) = (old.len(), new.len());
        } else {
            let (mut a, mut b) = (take(old, &mut i), take(new, &mut j));
            while a != b {
                if a < b { a *= take(old, &mut i) } else { b *= take(new, &mut j) }
            }
        }
        groups.push(Group { old: first_i..i, new: first_j..j });
    }
    groups
}

/// Chunks of a shape that are flat ranges of about `block` elements: single indices, then one axis cut, then whole axes.
fn flat_chunks(shape: &[usize], block: usize) -> Vec<Vec<usize>> {
    let mut room = block.max(1);
    let mut chunks = Vec::with_capacity(shape.len());
    for &length in shape.iter().rev() {
        let chunk = length.min(room).max(1);
        room = if chunk < length { 1 } else { room / chunk };
        chunks.push((0..length).step_by(chunk).map(|at| chunk.min(length - at)).collect());
    }
    chunks.reverse();
    chunks
}

/// Whether the chunks along these axes make flat ranges.
fn is_flat(grid: &ChunkGrid, axes: std::ops::Range<usize>) -> bool {
    let mut cut = false;
    axes.rev().all(|axis| {
        let lengths = grid.lengths(axis);
        let fits = !cut || lengths.iter().all(|&length| length == 1);
        cut |= lengths.len() > 1;
        fits
    })
}

/// The grids of the two shapes: the old one's with flat ranges for chunks, and what comes of it.
fn grids(old: &ChunkGrid, new: &[usize], groups: &[Group]) -> (ChunkGrid, ChunkGrid) {
    let shape = old.shape();
    let (mut from, mut to) = (Vec::new(), Vec::new());
    for group in groups {
        let own: Vec<Vec<usize>> = group.old.clone().map(|axis| old.lengths(axis).to_vec()).collect();
        if group.old.len() == 1 && group.new.len() == 1 {
            from.extend(own.clone());
            to.extend(own);
            continue;
        }
        let block = own.iter().map(|lengths| lengths.iter().copied().max().unwrap_or(1)).product();
        let flat = if is_flat(old, group.old.clone()) { own } else { flat_chunks(&shape[group.old.clone()], block) };
        if group.new.len() == 1 {
            // Block by block.
            to.push(products(&flat));
        } else {
            to.extend(flat_chunks(&new[group.new.clone()], block));
        }
        from.extend(flat);
    }
    (ChunkGrid::new(from), ChunkGrid::new(to))
}

/// The elements of each block, in C order.
fn products(lengths: &[Vec<usize>]) -> Vec<usize> {
    lengths.iter().fold(vec![1], |products, lengths| {
        products.iter().flat_map(|product| lengths.iter().map(move |length| product * length)).collect()
    })
}

/// The flat range `start..end` of a shape as boxes, in order.
fn boxes(shape: &[usize], start: usize, end: usize) -> Vec<Region> {
    let Some((_, inner)) = shape.split_first() else { return vec![Region { start: vec![], shape: vec![] }] };
    let row: usize = inner.iter().product();
    if start / row == (end - 1) / row {
        return within_row(inner, start / row, start % row, (end - 1) % row + 1);
    }
    let mut parts = Vec::new();
    let (first, last) = (start.div_ceil(row), end / row);
    if start < first * row {
        parts.extend(within_row(inner, first - 1, start % row, row));
    }
    if first < last {
        let mut whole = Region::whole(inner);
        whole.start.insert(0, first);
        whole.shape.insert(0, last - first);
        parts.push(whole);
    }
    if last * row < end {
        parts.extend(within_row(inner, last, 0, end - last * row));
    }
    parts
}

/// The boxes of a flat range within the row at `index`.
fn within_row(inner: &[usize], index: usize, start: usize, end: usize) -> Vec<Region> {
    let mut parts = boxes(inner, start, end);
    for part in &mut parts {
        part.start.insert(0, index);
        part.shape.insert(0, 1);
    }
    parts
}

/// The flat range that a box of a shape is. The box is one: single indices, one axis cut, whole axes.
fn flat_range(shape: &[usize], start: &[usize], lengths: &[usize]) -> (usize, usize) {
    let first = start.iter().zip(shape).fold(0, |flat, (at, length)| flat * length + at);
    (first, first + lengths.iter().product::<usize>())
}

/// What makes a block of the new shape: a part of the old array, and its place in the block, a flat axis a group.
struct Part {
    old: Region,
    place: Region,
}

fn parts(old: &[usize], new: &[usize], groups: &[Group], region: &Region) -> (Vec<Part>, Vec<usize>) {
    let mut parts = vec![Part { old: Region::new([], []), place: Region::new([], []) }];
    let mut flat_shape = Vec::with_capacity(groups.len());
    for group in groups {
        let (start, shape) = (&region.start[group.new.clone()], &region.shape[group.new.clone()]);
        let (first, end) = flat_range(&new[group.new.clone()], start, shape);
        flat_shape.push(end - first);
        let mut longer = Vec::new();
        for part in parts {
            let mut at = 0;
            for own in boxes(&old[group.old.clone()], first, end) {
                let len = own.len();
                let join = |a: &[usize], b: &[usize]| [a, b].concat();
                longer.push(Part {
                    old: Region { start: join(&part.old.start, &own.start), shape: join(&part.old.shape, &own.shape) },
                    place: Region { start: join(&part.place.start, &[at]), shape: join(&part.place.shape, &[len]) },
                });
                at += len;
            }
        }
        parts = longer;
    }
    (parts, flat_shape)
}

/// How a block is made of parts.
fn recipe<T: Element>(
    node: &Arc<Shared<T>>,
    layers: &mut Layers,
    (parts, flat_shape): (Vec<Part>, Vec<usize>),
    needs: &mut Vec<Key>,
) -> Result<Recipe<T>> {
    if let [Part { old, .. }] = &parts[..] {
        let (program, old) = (Program::compile(node, layers, old, needs)?, old.clone());
        let workspace = program.workspace();
        let make = move |scope: Scope<'_>, out: &mut [T]| fill(&program, scope, &old, out);
        return Ok(Recipe { workspace, make: Box::new(make) });
    }
    let mut gathered = Vec::with_capacity(parts.len());
    for Part { old, place } in parts {
        gathered.push((Gather::compile(node, layers, &old, needs)?, place));
    }
    let workspace = gathered.iter().map(|(part, _)| part.workspace()).max().unwrap_or(0);
    let make = move |scope: Scope<'_>, out: &mut [T]| {
        for (part, place) in &gathered {
            copy_tile(place, &part.values(scope)?, &flat_shape, out);
        }
        Ok(())
    };
    Ok(Recipe { workspace, make: Box::new(make) })
}

impl<T: Element> Array<T> {
    /// The same elements, in C order, in another shape. One length may be -1: what the others leave.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x = Array::<i64>::from_fn(&[2, 3], &[1, 3], |at| (10 * at[0] + at[1]) as i64);
    /// let y = session.compute(&x.reshape(&[3, -1]))?;
    /// assert_eq!((y.shape(), y[[1, 1]]), (&[3, 2][..], 10));
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// When computed: where the shape has another number of elements.
    #[track_caller]
    #[must_use]
    pub fn reshape(&self, shape: &[isize]) -> Self {
        self.reshaped("reshape", Location::caller(), shape)
    }

    /// All elements, in C order, along one axis.
    ///
    /// ```
    /// # use thermocline::Array;
    /// let x = Array::<f64>::zeros(&[2, 1, 4], "auto");
    /// assert_eq!(x.ravel().shape(), [8]);
    /// ```
    #[track_caller]
    #[must_use]
    pub fn ravel(&self) -> Self {
        self.reshaped("ravel", Location::caller(), &[-1])
    }

    /// As [`ravel`](Self::ravel): lazy arrays share nothing that could be written to.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x = Array::<i32>::from_fn(&[2, 3], &[1, 2], |at| 10 * at[0] as i32 + at[1] as i32);
    /// assert_eq!(session.compute(&x.flatten())?.into_raw_vec_and_offset().0, [0, 1, 2, 10, 11, 12]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn flatten(&self) -> Self {
        self.reshaped("flatten", Location::caller(), &[-1])
    }

    fn reshaped(&self, label: &'static str, location: &'static Location<'static>, wanted: &[isize]) -> Self {
        if self.failure.is_some() {
            return self.clone();
        }
        let old = self.shape();
        let new = match lengths(&old, wanted) {
            Ok(new) => new,
            Err(problem) => return Self::failed(Error::operation(label, location, problem)),
        };
        if new == old {
            return self.clone();
        }
        if new.contains(&0) {
            let chunks: Vec<usize> = new.iter().map(|&length| length.max(1)).collect();
            return Self::from_fn(&new, &chunks, |_| T::default());
        }
        let long = |shape: &[usize]| -> Vec<usize> { shape.iter().copied().filter(|&length| length != 1).collect() };
        if long(&old) == long(&new) {
            let mut axes = (0..old.len()).filter(|&axis| old[axis] != 1);
            let axes = new.iter().map(|&length| if length == 1 { None } else { axes.next() }).collect();
            return Self::of(PermuteNode::new(label, self.node.clone(), axes));
        }
        let groups = groups(&old, &new);
        let (from, to) = grids(self.chunks(), &new, &groups);
        let node = self.in_grid(&from).node;
        let prepare = move |layers: &mut Layers, _: &[usize], region: &Region, needs: &mut Vec<Key>| {
            recipe(&node, layers, parts(&old, &new, &groups, region), needs)
        };
        Self::of(BlockNode { label, grid: to, prepare: Box::new(prepare) })
    }
}

/// The lengths of the new shape.
fn lengths(old: &[usize], wanted: &[isize]) -> Result<Vec<usize>, String> {
    let size: usize = old.iter().product();
    let fail = || format!("an array of shape {old:?}, {size} elements, can't have shape {wanted:?}");
    let open = wanted.iter().filter(|&&length| length == -1).count();
    if open > 1 || wanted.iter().any(|&length| length < -1) {
        return Err(format!("shape {wanted:?}: expected lengths, one of them -1 at most"));
    }
    let mut known = wanted.iter().filter(|&&length| length != -1);
    let known = known.try_fold(1_usize, |product, &length| product.checked_mul(length as usize)).ok_or_else(fail)?;
    let rest = if open == 0 {
        if known != size {
            return Err(fail());
        }
        0
    } else if known == 0 || !size.is_multiple_of(known) {
        return Err(fail());
    } else {
        size / known
    };
    Ok(wanted.iter().map(|&length| if length == -1 { rest } else { length as usize }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_have_as_many_elements() {
        let of = |old: &[usize], new: &[usize]| -> Vec<(std::ops::Range<usize>, std::ops::Range<usize>)> {
            groups(old, new).into_iter().map(|group| (group.old, group.new)).collect()
        };
        assert_eq!(of(&[5, 4, 3], &[5, 12]), [(0..1, 0..1), (1..3, 1..2)]);
        assert_eq!(of(&[6, 4], &[4, 6]), [(0..2, 0..2)]);
        assert_eq!(of(&[2, 3, 1], &[6]), [(0..2, 0..1), (2..3, 1..1)]);
        assert_eq!(of(&[], &[1, 1]), [(0..0, 0..2)]);
    }

    #[test]
    fn flat_ranges_are_few_boxes() {
        let shape = [3, 4, 5];
        let grid = ChunkGrid::new(shape.iter().map(|&length| vec![1; length]).collect());
        for start in 0..60 {
            for end in start + 1..=60 {
                let parts = boxes(&shape, start, end);
                assert!(parts.len() <= 5, "{parts:?}");
                let flat: Vec<usize> = parts
                    .iter()
                    .flat_map(|part| {
                        let inside = ChunkGrid::new(part.shape.iter().map(|&length| vec![1; length]).collect());
                        (0..inside.blocks()).map(move |at| inside.coordinates(at)).map(|at| {
                            let at: Vec<usize> = at.iter().zip(&part.start).map(|(at, start)| at + start).collect();
                            grid.number(&at)
                        })
                    })
                    .collect();
                assert_eq!(flat, (start..end).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn chunks_that_are_flat_stay() {
        let rows = ChunkGrid::new(vec![vec![2, 1], vec![4], vec![5]]);
        let (from, to) = grids(&rows, &[60], &groups(&[3, 4, 5], &[60]));
        assert_eq!((from, to), (rows, ChunkGrid::new(vec![vec![40, 20]])));
        let squares = ChunkGrid::regular(&[6, 6], &[3, 3]);
        let (from, to) = grids(&squares, &[36], &groups(&[6, 6], &[36]));
        assert_eq!((from.counts(), to.lengths(0)), (vec![6, 1], &[6; 6][..]));
    }
}
