//! Products of arrays, by NumPy's rules.

use std::panic::Location;

use super::Array;
use super::axes::place_of_axis;
use super::broadcast::broadcast_shape;
use super::contract::{ContractNode, Operand, Role};
use super::grid::ChunkGrid;
use super::product::Product;
use crate::error::Error;

/// The axes that `tensordot` sums over: how many, the last of one array and the first of the other; or a list for each.
///
/// ```
/// use thermocline::Array;
///
/// let a = Array::<f64>::zeros(&[2, 3, 4], "auto");
/// let b = Array::<f64>::zeros(&[3, 4, 5], "auto");
/// assert_eq!(a.tensordot(&b, 2).shape(), [2, 5]); // 3 and 4 with 3 and 4
/// assert_eq!(a.tensordot(&b, ([2], [1])).shape(), [2, 3, 3, 5]); // 4 with 4
/// assert!(a.tensordot(&b, 1).checked().is_err()); // 4 with 3
/// ```
pub trait TensorAxes {
    /// The axes of both arrays, in pairs.
    fn pairs(&self, left: usize, right: usize) -> (Vec<i32>, Vec<i32>);
}

impl TensorAxes for usize {
    fn pairs(&self, left: usize, _: usize) -> (Vec<i32>, Vec<i32>) {
        let count = *self as i32;
        // Of more axes than there are, the last does not exist.
        let first = (left as i32 - count).max(0);
        ((first..first + count).collect(), (0..count).collect())
    }
}

impl<const N: usize> TensorAxes for ([i32; N], [i32; N]) {
    fn pairs(&self, _: usize, _: usize) -> (Vec<i32>, Vec<i32>) {
        (self.0.to_vec(), self.1.to_vec())
    }
}

impl TensorAxes for (&[i32], &[i32]) {
    fn pairs(&self, _: usize, _: usize) -> (Vec<i32>, Vec<i32>) {
        (self.0.to_vec(), self.1.to_vec())
    }
}

/// Axes that are summed over together, one of either array.
type Pairs = Vec<(usize, usize)>;

/// Checks pairs of axes against the shapes.
fn checked_pairs(left: &[usize], right: &[usize], (a, b): (Vec<i32>, Vec<i32>)) -> Result<Pairs, String> {
    if a.len() != b.len() {
        return Err(format!("axes {a:?} and {b:?}: expected as many of either"));
    }
    let mut pairs = Pairs::new();
    for (a, b) in a.into_iter().zip(b) {
        let pair = (place_of_axis(a, left.len())?, place_of_axis(b, right.len())?);
        if pairs.iter().any(|&(a, b)| a == pair.0 || b == pair.1) {
            return Err(format!("axes {a} and {b}: one of them is named twice"));
        }
        if left[pair.0] != right[pair.1] {
            return Err(format!("axes {a} and {b} have lengths {} and {}", left[pair.0], right[pair.1]));
        }
        pairs.push(pair);
    }
    Ok(pairs)
}

impl<T: Product> Array<T> {
    /// NumPy's `a @ b`: the product of matrices in the last two axes, for all combinations of the axes before, which are
    /// broadcast. An array of one dimension is a row on the left, a column on the right.
    ///
    /// Floats are multiplied and summed in their own type, in an order that the chunks alone determine; integers wrap. The sum
    /// of no products is 0.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let a = Array::<f64>::from_fn(&[2, 3], &[1, 2], |at| (at[0] * 3 + at[1]) as f64);
    /// assert_eq!(session.compute(&a.matmul(&a.transpose()))?.into_raw_vec_and_offset().0, [5.0, 14.0, 14.0, 50.0]);
    /// let none = Array::<i64>::zeros(&[2, 0], "auto").matmul(&Array::zeros(&[0, 1], "auto"));
    /// assert_eq!(session.compute(&none)?.into_raw_vec_and_offset().0, [0, 0]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// When computed: where the shapes don't fit, or an array has no dimension.
    #[track_caller]
    #[must_use]
    pub fn matmul(&self, other: &Self) -> Self {
        let location = Location::caller();
        let (left, right) = (self.shape(), other.shape());
        if left.is_empty() || right.is_empty() {
            return self.refused_with("matmul", location, other, "an array of no dimension");
        }
        let (a, b) = (left.len().saturating_sub(2), right.len().saturating_sub(2));
        let Some(batch) = broadcast_shape(&left[..a], &right[..b]) else {
            return self.refused_with("matmul", location, other, "the axes before the last two can't be broadcast");
        };
        let pair = (left.len() - 1, if right.len() == 1 { 0 } else { right.len() - 2 });
        if left[pair.0] != right[pair.1] {
            let problem = format!("{} columns and {} rows", left[pair.0], right[pair.1]);
            return self.refused_with("matmul", location, other, &problem);
        }
        self.contracted("matmul", other, &[pair], batch.len(), (a, b))
    }

    /// NumPy's `dot`: the sum over the last axis of this array and the last but one (or the only one) of the other. For two
    /// matrices the same as [`matmul`](Self::matmul).
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let a = Array::<i64>::from_fn(&[2, 2], &[1, 2], |at| (1 + at[0] * 2 + at[1]) as i64);
    /// let v: Array<i64> = [10, 1].into_iter().collect();
    /// assert_eq!(session.compute(&a.dot(&v))?.into_raw_vec_and_offset().0, [12, 34]);
    /// assert_eq!(session.compute(&v.dot(&v))?[[]], 101);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// When computed: where the lengths differ, or an array has no dimension.
    #[track_caller]
    #[must_use]
    pub fn dot(&self, other: &Self) -> Self {
        let location = Location::caller();
        let (left, right) = (self.ndim() as i32, other.ndim() as i32);
        if left == 0 || right == 0 {
            return self.refused_with("dot", location, other, "an array of no dimension");
        }
        self.summed("dot", location, other, (vec![left - 1], vec![(right - 2).max(0)]))
    }

    /// The sum of products over pairs of axes: `tensordot(&b, 2)` over the last two of this array and the first two of
    /// `b`; `tensordot(&b, ([0, 2], [1, 0]))` over axis 0 of this array with 1 of `b`, and 2 with 0. The other axes follow:
    /// this array's, then the other's.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let a = Array::<i64>::from_fn(&[2, 3, 4], &[1, 3, 2], |at| (at[0] + at[1] + at[2]) as i64);
    /// let b = Array::<i64>::from_fn(&[4, 3], &[3, 3], |at| (at[0] * at[1]) as i64);
    /// let sums = session.compute(&a.tensordot(&b, ([1, 2], [1, 0])))?;
    /// assert_eq!(sums.into_raw_vec_and_offset().0, [72, 90]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// When computed: where an axis does not exist, is named twice, or differs in length from its partner.
    #[track_caller]
    #[must_use]
    pub fn tensordot(&self, other: &Self, axes: impl TensorAxes) -> Self {
        self.summed("tensordot", Location::caller(), other, axes.pairs(self.ndim(), other.ndim()))
    }

    /// The products of all pairs of elements, of either array taken as one axis.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let a: Array<i64> = [1, 2].into_iter().collect();
    /// let b: Array<i64> = [3, 4, 5].into_iter().collect();
    /// let table = session.compute(&a.outer(&b))?;
    /// assert_eq!((table.shape(), table[[1, 2]]), (&[2, 3][..], 10));
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// None of its own.
    #[track_caller]
    #[must_use]
    pub fn outer(&self, other: &Self) -> Self {
        self.ravel().summed("outer", Location::caller(), &other.ravel(), (Vec::new(), Vec::new()))
    }

    fn summed(
        &self,
        label: &'static str,
        location: &'static Location<'static>,
        other: &Self,
        axes: (Vec<i32>, Vec<i32>),
    ) -> Self {
        if self.failure.is_some() || other.failure.is_some() {
            return self.refused_with(label, location, other, "");
        }
        match checked_pairs(&self.shape(), &other.shape(), axes) {
            Ok(pairs) => self.contracted(label, other, &pairs, 0, (0, 0)),
            Err(problem) => self.refused_with(label, location, other, &problem),
        }
    }

    fn refused_with(
        &self,
        label: &'static str,
        location: &'static Location<'static>,
        other: &Self,
        problem: &str,
    ) -> Self {
        let own = |array: &Self| array.failure.clone();
        let problem = format!("{problem}: shapes {:?} and {:?} of {}", self.shape(), other.shape(), T::DTYPE);
        Self::failed(own(self).or_else(|| own(other)).unwrap_or_else(|| Error::operation(label, location, problem)))
    }

    /// The sum of products over checked pairs of axes. The first `batches` of either array's axes are batch axes, aligned to
    /// the last of the result's `batch` ones.
    fn contracted(
        &self,
        label: &'static str,
        other: &Self,
        pairs: &[(usize, usize)],
        batch: usize,
        batches: (usize, usize),
    ) -> Self {
        if let Some(error) = self.failure.as_ref().or(other.failure.as_ref()) {
            return Self::failed(error.clone());
        }
        let left: Vec<usize> = pairs.iter().map(|pair| pair.0).collect();
        let right: Vec<usize> = pairs.iter().map(|pair| pair.1).collect();
        let mut next = batch;
        let left_roles = roles(self.ndim(), &left, (batch, batches.0), &mut next);
        let right_roles = roles(other.ndim(), &right, (batch, batches.1), &mut next);
        let shared = pairs.iter().map(|&(a, b)| finer(self.chunks().lengths(a), other.chunks().lengths(b)));
        let shared = ChunkGrid::new(shared.collect());
        let mut result: Vec<Vec<usize>> = vec![vec![1]; next];
        for (array, roles) in [(other, &right_roles), (self, &left_roles)] {
            for (axis, role) in roles.iter().enumerate() {
                let lengths = array.chunks().lengths(axis);
                match *role {
                    Role::Own(at) => result[at] = lengths.to_vec(),
                    Role::Batch(at) if lengths != [1] => result[at] = lengths.to_vec(),
                    Role::Batch(_) | Role::Shared(_) => {}
                }
            }
        }
        let grid = ChunkGrid::new(result);
        let operand = |array: &Self, roles: Vec<Role>| Operand { node: array.cut(&roles, &grid, &shared).node, roles };
        let (left, right) = (operand(self, left_roles), operand(other, right_roles));
        Self::of(ContractNode { label, left, right, grid, shared })
    }

    /// In the chunks that the product wants.
    fn cut(&self, roles: &[Role], grid: &ChunkGrid, shared: &ChunkGrid) -> Self {
        let own = self.chunks();
        let axis = |(axis, role): (usize, &Role)| match *role {
            Role::Batch(_) if own.lengths(axis) == [1] => vec![1],
            Role::Batch(at) | Role::Own(at) => grid.lengths(at).to_vec(),
            Role::Shared(at) => shared.lengths(at).to_vec(),
        };
        self.in_grid(&ChunkGrid::new(roles.iter().enumerate().map(axis).collect()))
    }
}

/// The roles of an operand's axes. Its own axes are the result's from `next` on.
fn roles(ndim: usize, summed: &[usize], (batch, own_batch): (usize, usize), next: &mut usize) -> Vec<Role> {
    let role = |axis: usize| {
        if let Some(at) = summed.iter().position(|&summed| summed == axis) {
            Role::Shared(at)
        } else if axis < own_batch {
            Role::Batch(batch - own_batch + axis)
        } else {
            *next += 1;
            Role::Own(*next - 1)
        }
    };
    (0..ndim).map(role).collect()
}

/// The lists of chunks with more of them; of two with as many the first.
fn finer(a: &[usize], b: &[usize]) -> Vec<usize> {
    if b.len() > a.len() { b.to_vec() } else { a.to_vec() }
}
