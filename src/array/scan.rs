//! Running sums and products along an axis.
//!
//! In two passes over blocks: each block's total, then, with what all blocks before it come to, each block's running
//! values. Totals are made in parallel; what is carried from block to block is as small as a slice across the axis. The
//! order of all additions is that of blocks and elements (**D1**). A block that tasks make or a source reads is made once
//! for both passes.

use std::panic::Location;
use std::sync::Arc;

use super::Array;
use super::axes::place_of_axis;
use super::blocks::Built;
use super::gather::{Gather, Recipe, add_block_task, place_of};
use super::grid::{ChunkGrid, Region};
use super::kernel::Scope;
use super::node::{Kind, Node, Shared, materialised};
use super::operators::Arithmetic;
use super::reducer::Summable;
use crate::chunk::{Block, Element};
use crate::error::{Error, Result};
use crate::graph::{Key, Layers};

/// How running values come about.
trait Scan<T: Element>: Clone + Send + Sync + 'static {
    type State: Element;
    type Out: Element;

    /// Before any value.
    fn start(&self) -> Self::State;

    /// A value as a state.
    fn state(&self, value: T) -> Self::State;

    fn join(&self, a: Self::State, b: Self::State) -> Self::State;

    fn out(&self, state: Self::State) -> Self::Out;
}

/// Running sums; without NaN where `skip`.
#[derive(Clone, Copy)]
struct Sums {
    skip: bool,
}

impl<T: Summable> Scan<T> for Sums {
    type State = T::Wide;
    type Out = T::Total;

    fn start(&self) -> T::Wide {
        T::Wide::default()
    }

    fn state(&self, value: T) -> T::Wide {
        if self.skip && value.is_nan() { T::Wide::default() } else { value.widen() }
    }

    fn join(&self, a: T::Wide, b: T::Wide) -> T::Wide {
        T::plus(a, b)
    }

    fn out(&self, state: T::Wide) -> T::Total {
        T::total(state)
    }
}

/// Running products; without NaN where `skip`.
#[derive(Clone, Copy)]
struct Products {
    skip: bool,
}

impl<T: Summable> Scan<T> for Products
where
    T::Wide: Arithmetic,
{
    type State = T::Wide;
    type Out = T::Total;

    fn start(&self) -> T::Wide {
        T::ONE
    }

    fn state(&self, value: T) -> T::Wide {
        if self.skip && value.is_nan() { T::ONE } else { value.widen() }
    }

    fn join(&self, a: T::Wide, b: T::Wide) -> T::Wide {
        T::Wide::times(a, b)
    }

    fn out(&self, state: T::Wide) -> T::Total {
        T::total(state)
    }
}

/// The running values of `input` along `axis`.
struct ScanNode<T: Element, S> {
    label: &'static str,
    input: Arc<Shared<T>>,
    axis: usize,
    scan: S,
}

impl<T: Element, S: Scan<T>> Node<S::Out> for ScanNode<T, S> {
    fn label(&self) -> &str {
        self.label
    }

    fn grid(&self) -> &ChunkGrid {
        self.input.grid()
    }

    fn kind(&self) -> Kind {
        Kind::Blocks
    }

    fn build(&self, layers: &mut Layers) -> Result<Built> {
        let grid = self.input.grid();
        let built = Built::new(layers.name(self.label), grid.clone());
        let counts = grid.counts();
        let along = counts[self.axis];
        // Both passes read the same blocks.
        let blocks =
            (along > 1 && self.input.kind() == Kind::Streams).then(|| materialised(&self.input, layers)).transpose()?;
        let names = Names { totals: layers.name("total"), carries: layers.name("carry"), blocks };
        let mut columns = counts;
        columns[self.axis] = 1;
        let columns = ChunkGrid::new(columns.into_iter().map(|count| vec![1; count]).collect());
        for column in 0..columns.blocks() {
            let mut coordinates = columns.coordinates(column);
            let mut carry = None;
            for at in 0..along {
                coordinates[self.axis] = at;
                let block = grid.number(&coordinates);
                self.add_running(layers, built.key(block), &grid.region(&coordinates), carry.clone(), &names)?;
                if at + 1 < along {
                    carry = Some(self.add_carry(layers, block, &grid.region(&coordinates), carry, &names)?);
                }
            }
        }
        Ok(built)
    }
}

/// The layers of a scan, and the blocks of its input where they are made for it.
struct Names {
    totals: Arc<str>,
    carries: Arc<str>,
    blocks: Option<Arc<Built>>,
}

/// The parts of a box: before, along and after the axis.
#[derive(Clone, Copy)]
struct Lanes {
    outer: usize,
    length: usize,
    inner: usize,
}

impl Lanes {
    fn of(shape: &[usize], axis: usize) -> Self {
        let product = |axes: &[usize]| axes.iter().product();
        Self { outer: product(&shape[..axis]), length: shape[axis], inner: product(&shape[axis + 1..]) }
    }

    fn count(self) -> usize {
        self.outer * self.inner
    }
}

impl<T: Element, S: Scan<T>> ScanNode<T, S> {
    fn gather(&self, layers: &mut Layers, region: &Region, names: &Names, needs: &mut Vec<Key>) -> Result<Gather<T>> {
        match &names.blocks {
            Some(built) => Ok(Gather::of_blocks(built, region, needs)),
            None => Gather::compile(&self.input, layers, region, needs),
        }
    }

    /// Adds the task that makes a block's running values from what is carried into it.
    fn add_running(
        &self,
        layers: &mut Layers,
        key: Key,
        region: &Region,
        carry: Option<Key>,
        names: &Names,
    ) -> Result<()> {
        let mut needs = Vec::new();
        let values = self.gather(layers, region, names, &mut needs)?;
        let carry = carry.map(|key| place_of(key, &mut needs));
        let lanes = Lanes::of(&region.shape, self.axis);
        let workspace = values.workspace() + Block::<S::State>::charge(lanes.inner);
        let scan = self.scan.clone();
        let make = move |scope: Scope<'_>, out: &mut [S::Out]| {
            let values = values.values(scope)?;
            let carried = carry.map(|place| scope.chunks[place].get::<Block<S::State>>()).transpose()?;
            let mut state = scope.context.scratch::<S::State>(lanes.inner)?;
            let state = state.as_mut_slice();
            let part = (lanes.length * lanes.inner).max(1);
            for (outer, (values, out)) in values.chunks_exact(part).zip(out.chunks_exact_mut(part)).enumerate() {
                match carried {
                    Some(carried) => state.copy_from_slice(&carried.as_slice()[outer * lanes.inner..][..lanes.inner]),
                    None => state.fill(scan.start()),
                }
                for (values, out) in values.chunks_exact(lanes.inner).zip(out.chunks_exact_mut(lanes.inner)) {
                    for ((state, &value), out) in state.iter_mut().zip(values).zip(out) {
                        *state = scan.join(*state, scan.state(value));
                        *out = scan.out(*state);
                    }
                }
            }
            Ok(())
        };
        add_block_task(layers, key, needs, region.shape.clone(), Recipe { workspace, make: Box::new(make) });
        Ok(())
    }

    /// Adds the tasks that make what is carried out of a block: its total, joined to what is carried in.
    fn add_carry(
        &self,
        layers: &mut Layers,
        block: usize,
        region: &Region,
        carry: Option<Key>,
        names: &Names,
    ) -> Result<Key> {
        let mut needs = Vec::new();
        let values = self.gather(layers, region, names, &mut needs)?;
        let lanes = Lanes::of(&region.shape, self.axis);
        let (workspace, scan) = (values.workspace(), self.scan.clone());
        let make = move |scope: Scope<'_>, out: &mut [S::State]| {
            out.fill(scan.start());
            let values = values.values(scope)?;
            let part = (lanes.length * lanes.inner).max(1);
            for (values, out) in values.chunks_exact(part).zip(out.chunks_exact_mut(lanes.inner.max(1))) {
                for values in values.chunks_exact(lanes.inner) {
                    for (state, &value) in out.iter_mut().zip(values) {
                        *state = scan.join(*state, scan.state(value));
                    }
                }
            }
            Ok(())
        };
        let total = Key::indexed(names.totals.clone(), [block as u32]);
        let recipe = Recipe { workspace, make: Box::new(make) };
        add_block_task(layers, total.clone(), needs, vec![lanes.count()], recipe);
        let Some(carry) = carry else { return Ok(total) };
        let scan = self.scan.clone();
        let make = move |scope: Scope<'_>, out: &mut [S::State]| {
            let part = |place: usize| Ok::<_, Error>(scope.chunks[place].get::<Block<S::State>>()?.as_slice());
            for ((out, &carried), &total) in out.iter_mut().zip(part(0)?).zip(part(1)?) {
                *out = scan.join(carried, total);
            }
            Ok(())
        };
        let next = Key::indexed(names.carries.clone(), [block as u32]);
        let recipe = Recipe { workspace: 0, make: Box::new(make) };
        add_block_task(layers, next.clone(), vec![carry, total], vec![lanes.count()], recipe);
        Ok(next)
    }
}

impl<T: Summable> Array<T> {
    /// The running sum along `axis`; NaN from the first NaN on. Floats are summed in f64, integers and bools in 64 bits,
    /// wrapping.
    ///
    /// For NumPy's running sum of all elements, [`ravel`](Self::ravel) first.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x = Array::<i64>::from_fn(&[5], &[2], |at| at[0] as i64);
    /// assert_eq!(session.compute(&x.cumsum(0))?.into_raw_vec_and_offset().0, [0, 1, 3, 6, 10]);
    /// let x: Array<f64> = [2.0, f64::NAN, 3.0].into_iter().collect();
    /// assert!(session.compute(&x.cumsum(0))?[[2]].is_nan());
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// When computed: where there is no such axis.
    #[track_caller]
    #[must_use]
    pub fn cumsum(&self, axis: i32) -> Array<T::Total> {
        self.scanned("cumsum", Location::caller(), axis, Sums { skip: false })
    }

    /// The running sum along `axis` of what is not NaN: 0 before the first such value.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x: Array<f64> = [1.0, f64::NAN, 4.0].into_iter().collect();
    /// assert_eq!(session.compute(&x.nancumsum(0))?.into_raw_vec_and_offset().0, [1.0, 1.0, 5.0]);
    /// let x: Array<f64> = [f64::NAN, 2.0, f64::NAN, 3.0].into_iter().collect();
    /// assert_eq!(session.compute(&x.nancumsum(0))?.into_raw_vec_and_offset().0, [0.0, 2.0, 2.0, 5.0]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`cumsum`](Self::cumsum).
    #[track_caller]
    #[must_use]
    pub fn nancumsum(&self, axis: i32) -> Array<T::Total> {
        self.scanned("nancumsum", Location::caller(), axis, Sums { skip: true })
    }

    fn scanned<S: Scan<T>>(
        &self,
        label: &'static str,
        location: &'static Location<'static>,
        axis: i32,
        scan: S,
    ) -> Array<S::Out> {
        if let Some(error) = &self.failure {
            return Array::failed(error.clone());
        }
        match place_of_axis(axis, self.ndim()) {
            Ok(axis) => Array::of(ScanNode { label, input: self.node.clone(), axis, scan }),
            Err(problem) => {
                let problem = format!("{problem} (shape {:?} of {})", self.shape(), T::DTYPE);
                Array::failed(Error::operation(label, location, problem))
            }
        }
    }
}

impl<T: Summable> Array<T>
where
    T::Wide: Arithmetic,
{
    /// The running product along `axis`, of the types of [`cumsum`](Self::cumsum).
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x: Array<i32> = [1, 2, 3, 4].into_iter().collect();
    /// assert_eq!(session.compute(&x.cumprod(0))?.into_raw_vec_and_offset().0, [1_i64, 2, 6, 24]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`cumsum`](Self::cumsum).
    #[track_caller]
    #[must_use]
    pub fn cumprod(&self, axis: i32) -> Array<T::Total> {
        self.scanned("cumprod", Location::caller(), axis, Products { skip: false })
    }

    /// The running product along `axis` of what is not NaN: 1 before the first such value.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x: Array<f64> = [1.0, f64::NAN, 4.0].into_iter().collect();
    /// assert_eq!(session.compute(&x.nancumprod(0))?.into_raw_vec_and_offset().0, [1.0, 1.0, 4.0]);
    /// let x: Array<f64> = [f64::NAN, 2.0, f64::NAN, 3.0].into_iter().collect();
    /// assert_eq!(session.compute(&x.nancumprod(0))?.into_raw_vec_and_offset().0, [1.0, 2.0, 2.0, 6.0]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`cumsum`](Self::cumsum).
    #[track_caller]
    #[must_use]
    pub fn nancumprod(&self, axis: i32) -> Array<T::Total> {
        self.scanned("nancumprod", Location::caller(), axis, Products { skip: true })
    }
}
