//! Groups along an axis: rows that belong together, wherever they are.
//!
//! The rows of a group are picked and reduced, group by group. What lies between them is passed over where the source
//! need not read it (its [unit](super::Source::unit)), so that it reads a chunk once for each group that has rows in it: a
//! climatology of chunks of one day reads each day once. Rows are picked from what is read, not from the chunks that were
//! asked for of it, and results come in the chunks of that. What is computed of a group goes back to its rows by picking,
//! too: while `x - mean` streams `x`, it pulls the few groups that its rows need.

use std::ops::{Add, Div, Mul, Sub};
use std::panic::Location;
use std::sync::Arc;

use super::axes::{Keepdims, keepdims, place_of_axis};
use super::node::Kind;
use super::{Arithmetic, Array, Real, Summable};
use crate::chunk::Element;
use crate::error::Error;

/// An array whose rows along one axis belong to groups. Made by [`Array::group_by`].
///
/// ```
/// use thermocline::ndarray::array;
/// use thermocline::{Array, Session};
///
/// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
/// let x = Array::from_ndarray(array![[1.0, 2.0], [3.0, 4.0], [f64::NAN, 6.0]].into_dyn(), &[3, 2]);
/// let groups = x.group_by(0, &[Some(1), Some(0), Some(1)]);
/// let (sum, nansum) = session.compute((groups.sum(), groups.nansum()))?;
/// assert_eq!(nansum, array![[3.0, 4.0], [1.0, 8.0]].into_dyn());
/// assert!(sum[[1, 0]].is_nan());
/// let (max, nanmax, nanstd) = session.compute((groups.max(), groups.nanmax(), groups.nanstd()))?;
/// assert!(max[[1, 0]].is_nan());
/// assert_eq!(nanmax, array![[3.0, 4.0], [1.0, 6.0]].into_dyn());
/// assert_eq!(nanstd, array![[0.0, 0.0], [0.0, 2.0]].into_dyn());
///
/// // Of a number that no row has, there is a group without rows.
/// let groups = x.group_by(0, &[Some(0), Some(2), Some(2)]);
/// assert!(session.compute(&groups.mean())?[[1, 1]].is_nan());
/// assert!(groups.max().checked().is_err()); // of nothing there is no greatest value
/// # Ok::<(), thermocline::Error>(())
/// ```
#[derive(Clone)]
pub struct Grouped<T: Element> {
    array: Array<T>,
    axis: i32,
    /// The group of each row.
    groups: Arc<[Option<usize>]>,
    /// The rows of each group, in their order.
    rows: Arc<[Vec<isize>]>,
}

impl<T: Element> Array<T> {
    /// The array in groups of rows along `axis`: `groups` has the number of each row's group, from 0 on, or none where a row
    /// belongs to no group.
    ///
    /// What is computed of the groups has one row for each, in order of their numbers.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x = Array::<f64>::from_fn(&[4, 1], &[3, 1], |at| [1.0, 20.0, 3.0, 40.0][at[0]]);
    /// let groups = x.group_by(0, &[Some(0), Some(1), Some(0), Some(1)]);
    /// let means = groups.nanmean();
    /// assert_eq!(session.compute(&means)?.into_raw_vec_and_offset().0, [2.0, 30.0]);
    /// assert_eq!(session.compute(&(&groups - &means))?.into_raw_vec_and_offset().0, [-1.0, -10.0, 1.0, 10.0]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// When computed: where there is no such axis, or another number of rows.
    #[track_caller]
    #[must_use]
    pub fn group_by(&self, axis: i32, groups: &[Option<usize>]) -> Grouped<T> {
        let location = Location::caller();
        let shape = self.shape();
        let mut array = self.clone();
        let count = groups.iter().flatten().max().map_or(0, |last| last + 1);
        let problem = match place_of_axis(axis, shape.len()) {
            _ if self.failure().is_some() => None,
            Err(problem) => Some(format!("{problem} (shape {shape:?} of {})", T::DTYPE)),
            Ok(place) if shape[place] != groups.len() => {
                Some(format!("{} rows of groups for axis {axis} of shape {shape:?}", groups.len()))
            }
            Ok(_) if count > groups.len() => Some(format!(
                "group {} is beyond what {} rows can be in: count groups from 0 on",
                count - 1,
                groups.len()
            )),
            Ok(_) => None,
        };
        let mut rows = vec![Vec::new(); if problem.is_none() { count } else { 0 }];
        if let Some(problem) = problem {
            array = Array::failed(Error::operation("group_by", location, problem));
        } else if array.failure().is_none() {
            let numbers = groups.iter().enumerate().filter_map(|(row, group)| Some((row, (*group)?)));
            numbers.for_each(|(row, group)| rows[group].push(row as isize));
        }
        Grouped { array, axis, groups: groups.into(), rows: rows.into() }
    }
}

impl<T: Element> Grouped<T> {
    /// `reduce` of the rows of each group.
    #[track_caller]
    fn reduced<U: Element>(
        &self,
        operation: &'static str,
        reduce: impl Fn(&Array<T>, Keepdims<i32>) -> Array<U>,
    ) -> Array<U> {
        if let Some(error) = self.array.failure() {
            return Array::failed(error.clone());
        }
        if self.rows.is_empty() {
            let problem = format!("no row of shape {:?} is in a group", self.array.shape());
            return Array::failed(Error::operation(operation, Location::caller(), problem));
        }
        let array = self.as_read();
        let unit = self.unit(&array);
        let of_group = |rows: &Vec<isize>| reduce(&self.rows_of(&array, rows, unit), keepdims(self.axis));
        Array::concatenate(&self.rows.iter().map(of_group).collect::<Vec<_>>(), self.axis)
    }

    /// The array in chunks that its rows can be read in: each of a file is decoded once, whatever chunks were asked for.
    fn as_read(&self) -> Array<T> {
        let node = self.array.node.streamed();
        node.map_or_else(|| self.array.clone(), |node| Array { node, failure: None })
    }

    /// Rows that are at most so far apart are read together, because what is between them has to be read anyway.
    fn unit(&self, array: &Array<T>) -> usize {
        let node = &array.node;
        let along = |lengths: &[usize]| {
            let axis = place_of_axis(self.axis, lengths.len()).unwrap_or_default();
            lengths.get(axis).copied().unwrap_or(1)
        };
        // Chunks that tasks make are not read again: one task takes what it needs of each.
        along(&if node.kind() == Kind::Streams { node.unit() } else { array.chunks().longest() })
    }

    /// Rows of a group, in parts that are read one after the other.
    fn rows_of(&self, array: &Array<T>, rows: &[isize], unit: usize) -> Array<T> {
        let together = |a: &isize, b: &isize| *b as usize / unit <= *a as usize / unit + 1 && (unit > 1 || *b == a + 1);
        let parts: Vec<Array<T>> = rows.chunk_by(together).map(|rows| array.take(rows, self.axis)).collect();
        match &parts[..] {
            [] => array.take(&[], self.axis),
            [one] => one.clone(),
            many => Array::concatenate(many, self.axis),
        }
    }

    /// `combine` of the array and what `per_group` has for the group of each row.
    #[track_caller]
    fn combined(
        &self,
        operation: &'static str,
        per_group: &Array<T>,
        combine: impl FnOnce(&Array<T>, &Array<T>) -> Array<T>,
    ) -> Array<T> {
        if let Some(error) = self.array.failure() {
            return Array::failed(error.clone());
        }
        let location = Location::caller();
        let fail = |problem| Array::failed(Error::operation(operation, location, problem));
        let rows: Option<Vec<isize>> = self.groups.iter().map(|group| group.map(|group| group as isize)).collect();
        let Some(rows) = rows else {
            return fail(format!("a row of shape {:?} is in no group", self.array.shape()));
        };
        let (count, shape) = (self.rows.len(), per_group.shape());
        let found = place_of_axis(self.axis, shape.len()).ok().map(|axis| shape[axis]);
        if per_group.failure().is_none() && found != Some(count) {
            return fail(format!("{count} groups along axis {} of {:?}, but {shape:?}", self.axis, self.array.shape()));
        }
        combine(&self.array, &per_group.take(&rows, self.axis))
    }

    /// How many values of each group are not NaN.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x = Array::<f64>::from_fn(&[3, 1], &[3, 1], |at| [1.0, f64::NAN, 5.0][at[0]]);
    /// let groups = x.group_by(0, &[Some(0), Some(1), Some(0)]);
    /// assert_eq!(session.compute(&groups.count())?.into_raw_vec_and_offset().0, [2, 0]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn count(&self) -> Array<i64> {
        self.reduced("count", |rows, axis| rows.count(axis))
    }
}

macro_rules! reductions {
    ($($bound:ident { $($(#[$doc:meta])+ $name:ident -> $out:ty;)+ })+) => {$(
        impl<T: $bound> Grouped<T> {$(
            $(#[$doc])+
            #[track_caller]
            #[must_use]
            pub fn $name(&self) -> Array<$out> {
                self.reduced(stringify!($name), |rows, axis| rows.$name(axis))
            }
        )+}
    )+};
}

reductions! {
    Summable {
        /// The sum of each group; 0 of one without rows.
        sum -> T::Total;
        /// The sum of what is not NaN in each group; 0 where nothing is.
        nansum -> T::Total;
        /// The mean of each group; NaN of one without rows.
        mean -> T::Average;
        /// The mean of what is not NaN in each group; NaN where nothing is.
        nanmean -> T::Average;
    }
    Real {
        /// The least value of each group; NaN where there is one.
        min -> T;
        /// The greatest value of each group; NaN where there is one.
        max -> T;
        /// The least value of each group of what is not NaN; NaN where nothing is.
        nanmin -> T;
        /// The greatest value of each group of what is not NaN; NaN where nothing is.
        nanmax -> T;
        /// The variance of each group, divided by the number of values.
        var -> T::Spread;
        /// The standard deviation of each group.
        std -> T::Spread;
        /// The variance of what is not NaN in each group; NaN where nothing is.
        nanvar -> T::Spread;
        /// The standard deviation of what is not NaN in each group; NaN where nothing is.
        nanstd -> T::Spread;
    }
}

macro_rules! operators {
    ($($trait:ident :: $method:ident = $label:literal);+ $(;)?) => {$(
        /// Each row and what the array has for its group.
        impl<T: Arithmetic> $trait<&Array<T>> for &Grouped<T> {
            type Output = Array<T>;

            #[track_caller]
            fn $method(self, per_group: &Array<T>) -> Array<T> {
                self.combined($label, per_group, |rows, groups| $trait::$method(rows, groups))
            }
        }
    )+};
}

operators! {
    Add::add = "add";
    Sub::sub = "subtract";
    Mul::mul = "multiply";
    Div::div = "divide";
}

impl<T: Element> std::fmt::Debug for Grouped<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} in {} groups along axis {}", self.array, self.rows.len(), self.axis)
    }
}
