//! Differences between neighbours.

use std::panic::Location;
use std::sync::Arc;

use super::Array;
use super::axes::place_of_axis;
use super::gather::{BlockNode, Gather, Recipe};
use super::grid::{ChunkGrid, Region};
use super::kernel::Scope;
use super::node::{Access, Shared};
use super::operators::Arithmetic;
use crate::chunk::Block;
use crate::error::Result;
use crate::graph::{Key, Layers};

impl<T: Arithmetic> Array<T> {
    /// The differences between neighbours along `axis`, taken `n` times: `n` elements fewer, or none. Integers wrap.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let squares = Array::<i64>::from_fn(&[6], &[2], |at| (at[0] * at[0]) as i64);
    /// assert_eq!(session.compute(&squares.diff(1, 0))?.into_raw_vec_and_offset().0, [1, 3, 5, 7, 9]);
    /// assert_eq!(session.compute(&squares.diff(2, 0))?.into_raw_vec_and_offset().0, [2, 2, 2, 2]);
    /// assert_eq!(Array::<f64>::zeros(&[3], "auto").diff(5, 0).shape(), [0]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// When computed: where there is no such axis.
    #[track_caller]
    #[must_use]
    pub fn diff(&self, n: usize, axis: i32) -> Self {
        let location = Location::caller();
        if self.failure.is_some() {
            return self.clone();
        }
        let shape = self.shape();
        let axis = match place_of_axis(axis, shape.len()) {
            Ok(axis) => axis,
            Err(problem) => return self.refused("diff", location, &problem),
        };
        if n == 0 {
            return self.clone();
        }
        let mut lengths: Vec<Vec<usize>> = (0..shape.len()).map(|at| self.chunks().lengths(at).to_vec()).collect();
        lengths[axis] = shorter(&lengths[axis], shape[axis].saturating_sub(n));
        let node = self.node.clone();
        let prepare = move |layers: &mut Layers, _: &[usize], region: &Region, needs: &mut Vec<Key>| {
            differences(&node, layers, region, (n, axis), needs)
        };
        Self::of(BlockNode { label: "diff", grid: ChunkGrid::new(lengths), prepare: Box::new(prepare) })
    }
}

/// The first chunks, up to `total` elements.
fn shorter(lengths: &[usize], total: usize) -> Vec<usize> {
    let mut left = total;
    let cut = lengths.iter().map(|&length| {
        let own = length.min(left);
        left -= own;
        own
    });
    cut.filter(|&length| length > 0).collect()
}

/// The differences in `region`: of that and the `n` elements behind it.
fn differences<T: Arithmetic>(
    node: &Arc<Shared<T>>,
    layers: &mut Layers,
    region: &Region,
    (n, axis): (usize, usize),
    needs: &mut Vec<Key>,
) -> Result<Recipe<T>> {
    if region.is_empty() {
        return Ok(Recipe { workspace: 0, make: Box::new(|_, _| Ok(())) });
    }
    let mut longer = region.clone();
    longer.shape[axis] += n;
    // Blocks overlap: what has to be read in units would be read twice.
    let again = matches!(node.access(), Access::Units(unit) if unit[axis] > n);
    let values = if again {
        Gather::of_blocks(&*super::node::materialised(node, layers)?, &longer, needs)
    } else {
        Gather::compile(node, layers, &longer, needs)?
    };
    let inner: usize = region.shape[axis + 1..].iter().product();
    let (length, own) = (longer.shape[axis] * inner, region.shape[axis] * inner);
    let lane = Block::<T>::charge(if n > 1 { length } else { 0 });
    let workspace = values.workspace() + lane;
    let make = move |scope: Scope<'_>, out: &mut [T]| {
        let values = values.values(scope)?;
        if n == 1 {
            for (out, lane) in out.chunks_exact_mut(own).zip(values.chunks_exact(length)) {
                for (out, (&next, &value)) in out.iter_mut().zip(lane[inner..].iter().zip(lane)) {
                    *out = T::minus(next, value);
                }
            }
            return Ok(());
        }
        let mut lane = scope.context.scratch::<T>(length)?;
        let lane = lane.as_mut_slice();
        for (out, values) in out.chunks_exact_mut(own).zip(values.chunks_exact(length)) {
            lane.copy_from_slice(values);
            for taken in 1..=n {
                for at in 0..length - taken * inner {
                    lane[at] = T::minus(lane[at + inner], lane[at]);
                }
            }
            out.copy_from_slice(&lane[..own]);
        }
        Ok(())
    };
    Ok(Recipe { workspace, make: Box::new(make) })
}
