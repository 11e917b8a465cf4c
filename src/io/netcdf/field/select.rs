//! Parts of a field, by place and by label.

use std::panic::Location;

use super::label::{Found, Label, Place};
use super::{Coordinate, Field};
use crate::array::{Array, Slice};
use crate::chunk::Element;
use crate::error::Error;

impl<T: Element> Field<T> {
    /// A part of it, by places along `dimension`: one, without which the dimension goes; or a range, or a [`Slice`].
    ///
    /// ```
    /// # use thermocline::{Array, io::netcdf::Field};
    /// let x = Field::new("x", Array::<f64>::from_fn(&[5, 3], &[5, 3], |at| at[0] as f64), ["time", "lat"]);
    /// assert_eq!(x.isel("time", -1).dimensions(), ["lat"]);
    /// assert_eq!(x.isel("time", 1..3).shape(), [2, 3]);
    /// ```
    ///
    /// # Errors
    /// When computed: where there is no such dimension or place.
    #[track_caller]
    #[must_use]
    pub fn isel(&self, dimension: &str, place: impl Into<Place>) -> Self {
        let location = Location::caller();
        if self.array.failure().is_some() {
            return self.clone();
        }
        let axis = match self.axis("isel", dimension, location) {
            Ok(axis) => axis,
            Err(error) => return self.failed(error),
        };
        let length = self.array.shape()[axis];
        match place.into() {
            Place::One(place) => {
                let from_end = if place < 0 { place + length as isize } else { place };
                if let Some(found) = usize::try_from(from_end).ok().filter(|&found| found < length) {
                    return self.one("isel", axis, found, location);
                }
                self.refuse("isel", location, format!("there is no place {place} along {dimension} of {}", self.axes()))
            }
            Place::Some(slice) => match slice.resolve(length) {
                Ok((start, step, count)) => {
                    let place = |at: usize| (start as isize + at as isize * step) as usize;
                    self.some("isel", axis, slice, &(0..count).map(place).collect::<Vec<_>>(), location)
                }
                Err(problem) => self.refuse("isel", location, problem),
            },
        }
    }

    /// A part of it, by the labels of `coordinate`: see [`Label`] for what can be said. Of a coordinate along another
    /// dimension than that of its own name, too.
    ///
    /// ```
    /// # use thermocline::{Array, io::netcdf::{Coordinate, Field}};
    /// let x = Field::new("x", Array::<f64>::from_fn(&[3], &[3], |at| at[0] as f64), ["lat"]);
    /// let x = x.with_coordinate(Coordinate::new("lat", [60.0, 50.0, 40.0]));
    /// assert_eq!(x.sel("lat", 40.0..50.0).shape(), [2]);
    /// assert_eq!(x.sel("lat", 60.0).dimensions().len(), 0);
    /// ```
    ///
    /// # Errors
    /// When computed: where there is no such coordinate, or it has no such label, or no times where times are meant.
    /// A range without a label in it is not an error: it gives a field of length 0.
    #[track_caller]
    #[must_use]
    pub fn sel(&self, coordinate: &str, label: impl Into<Label>) -> Self {
        let location = Location::caller();
        if self.array.failure().is_some() {
            return self.clone();
        }
        let Some(labels) = self.coordinate(coordinate).filter(|known| known.dimension().is_some()) else {
            if let Err(error) = self.axis("sel", coordinate, location) {
                return self.failed(error);
            }
            let problem = format!("dimension {coordinate} of {} has no labels: isel takes places", self.axes());
            return self.refuse("sel", location, problem);
        };
        let dimension = labels.dimension().unwrap_or_default();
        let axis = match self.axis("sel", dimension, location) {
            Ok(axis) => axis,
            Err(error) => return self.failed(error),
        };
        match label.into().find(labels) {
            Ok(Found::One(place)) => self.one("sel", axis, place, location),
            Ok(Found::Some(places)) => {
                let start = places.first().copied().unwrap_or(0);
                let slice = Slice::from(start as isize..(start + places.len()) as isize);
                if places.iter().enumerate().all(|(at, &place)| place == start + at) {
                    return self.some("sel", axis, slice, &places, location);
                }
                let indices: Vec<isize> = places.iter().map(|&place| place as isize).collect();
                let array = self.array.take(&indices, axis as i32);
                self.picked(axis, &places, array)
            }
            Err(problem) => {
                let problem = format!("coordinate {coordinate}: {problem}");
                self.failed(Error::operation("sel", location, problem))
            }
        }
    }

    /// One place along an axis, which goes with it; its labels become those of the whole.
    fn one(&self, operation: &'static str, axis: usize, place: usize, location: &'static Location<'static>) -> Self {
        let slice = Slice::from(place as isize..place as isize + 1);
        let kept = self.some(operation, axis, slice, &[place], location);
        if kept.array.failure().is_some() {
            return kept;
        }
        let mut dimensions = kept.dimensions.clone();
        let gone = dimensions.remove(axis);
        let coordinates = kept.coordinates.iter();
        let coordinates = coordinates
            .map(|known| if known.dimension() == Some(&gone) { known.single(0) } else { known.clone() })
            .collect();
        Self { array: kept.array.squeeze(axis as i32), dimensions, coordinates, ..kept }
    }

    fn some(
        &self,
        operation: &'static str,
        axis: usize,
        slice: Slice,
        places: &[usize],
        location: &'static Location<'static>,
    ) -> Self {
        let mut slices = vec![Slice::all(); axis + 1];
        slices[axis] = slice;
        let array = self.array.slice(&slices);
        match array.failure() {
            // Nothing that was checked before.
            Some(error) => self.refuse(operation, location, error.to_string()),
            None => self.picked(axis, places, array),
        }
    }

    /// Some places along an axis, whose values are `array`.
    fn picked(&self, axis: usize, places: &[usize], array: Array<T>) -> Self {
        let dimension = &self.dimensions[axis];
        let pick = |known: &Coordinate| {
            if known.dimension() == Some(dimension) { known.pick(places.iter().copied()) } else { known.clone() }
        };
        let coordinates = self.coordinates.iter().map(pick).collect();
        Self { array, coordinates, ..self.clone() }
    }
}
