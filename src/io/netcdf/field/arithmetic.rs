//! `+ - * /` and negation, of fields and of scalars. Axes are matched by name.

use std::ops::{Add, Div, Mul, Neg, Sub};
use std::panic::Location;

use super::super::unit_names;
use super::{Coordinate, Field};
use crate::array::{Arithmetic, Array};
use crate::chunk::Element;
use crate::error::{Error, Result};

/// Two arrays with the same axes in the same order, some of length 1, and what the axes are called.
struct Aligned<T: Element> {
    left: Array<T>,
    right: Array<T>,
    dimensions: Vec<String>,
    coordinates: Vec<Coordinate>,
}

impl<T: Element> Field<T> {
    /// This field and `other` with the axes of both: first those of this, then those that only the other has.
    fn aligned(
        &self,
        operation: &'static str,
        other: &Self,
        location: &'static Location<'static>,
    ) -> Result<Aligned<T>> {
        let refuse = |problem: String| Error::operation(operation, location, problem);
        let both = || format!("{} of {} and {} of {}", self.axes(), self.name, other.axes(), other.name);
        let (left, right) = (self.array.shape(), other.array.shape());
        for (axis, dimension) in self.dimensions.iter().enumerate() {
            let Some(place) = other.dimensions.iter().position(|known| known == dimension) else { continue };
            if left[axis] != right[place] {
                return Err(refuse(format!("dimension {dimension} has two lengths: {}", both())));
            }
        }
        let mut coordinates = self.coordinates.clone();
        for theirs in &other.coordinates {
            match coordinates.iter().position(|own| own.name() == theirs.name()) {
                None => coordinates.push(theirs.clone()),
                Some(at) if coordinates[at].values() == theirs.values() => {}
                // One label for the whole that differs says nothing of the result.
                Some(at) if theirs.dimension().is_none() && coordinates[at].dimension().is_none() => {
                    coordinates.remove(at);
                }
                Some(at) => {
                    let (own, theirs) = (&coordinates[at], theirs);
                    return Err(refuse(format!("labels differ: {own} and {theirs}: {}", both())));
                }
            }
        }
        let new = other.dimensions.iter().filter(|dimension| !self.dimensions.contains(dimension));
        let dimensions: Vec<String> = self.dimensions.iter().chain(new).cloned().collect();
        Ok(Aligned { left: self.along(&dimensions), right: other.along(&dimensions), dimensions, coordinates })
    }

    /// Its values with these axes, of length 1 where they are not its own.
    pub(super) fn along(&self, dimensions: &[String]) -> Array<T> {
        let place = |dimension: &String| self.dimensions.iter().position(|known| known == dimension);
        let own: Vec<i32> = dimensions.iter().filter_map(place).map(|axis| axis as i32).collect();
        let ordered = own.iter().enumerate().all(|(at, &axis)| at as i32 == axis);
        let mut array = if ordered { self.array.clone() } else { self.array.permute_axes(&own) };
        // Axes that are missing in front are broadcast as they are.
        let first = dimensions.iter().position(|dimension| place(dimension).is_some()).unwrap_or(dimensions.len());
        for (axis, dimension) in dimensions.iter().enumerate().skip(first) {
            if place(dimension).is_none() {
                array = array.expand_dims((axis - first) as i32);
            }
        }
        array
    }

    fn combined(
        &self,
        operation: &'static str,
        other: &Self,
        location: &'static Location<'static>,
        combine: impl FnOnce(&Array<T>, &Array<T>) -> Array<T>,
    ) -> Self {
        if let Some(error) = self.array.failure().or(other.array.failure()) {
            return self.failed(error.clone());
        }
        let aligned = match self.aligned(operation, other, location) {
            Ok(aligned) => aligned,
            Err(error) => return self.failed(error),
        };
        let array = combine(&aligned.left, &aligned.right);
        let mut field = Self {
            name: self.name.clone(),
            array,
            dimensions: aligned.dimensions,
            coordinates: aligned.coordinates,
            attributes: self.attributes.clone(),
        };
        let sum = matches!(operation, "add" | "subtract");
        if !sum || !unit_names::same(self.units(), other.units()) {
            field.attributes.remove("units");
        }
        field
    }
}

macro_rules! operators {
    ($($trait:ident :: $method:ident = $label:literal);+ $(;)?) => {$(
        impl<T: Arithmetic> $trait<&Field<T>> for &Field<T> {
            type Output = Field<T>;

            #[track_caller]
            fn $method(self, other: &Field<T>) -> Field<T> {
                self.combined($label, other, Location::caller(), |a, b| $trait::$method(a, b))
            }
        }

        impl<T: Arithmetic> $trait<Field<T>> for Field<T> {
            type Output = Field<T>;

            #[track_caller]
            fn $method(self, other: Field<T>) -> Field<T> {
                $trait::$method(&self, &other)
            }
        }

        impl<T: Arithmetic> $trait<&Field<T>> for Field<T> {
            type Output = Field<T>;

            #[track_caller]
            fn $method(self, other: &Field<T>) -> Field<T> {
                $trait::$method(&self, other)
            }
        }

        impl<T: Arithmetic> $trait<Field<T>> for &Field<T> {
            type Output = Field<T>;

            #[track_caller]
            fn $method(self, other: Field<T>) -> Field<T> {
                $trait::$method(self, &other)
            }
        }

        impl<T: Arithmetic> $trait<T> for &Field<T> {
            type Output = Field<T>;

            fn $method(self, scalar: T) -> Field<T> {
                self.with_array($trait::$method(&self.array, scalar))
            }
        }

        impl<T: Arithmetic> $trait<T> for Field<T> {
            type Output = Field<T>;

            fn $method(self, scalar: T) -> Field<T> {
                $trait::$method(&self, scalar)
            }
        }

        scalars_on_the_left!($trait::$method; f32, f64, i8, i16, i32, i64, u8, u16, u32, u64);
    )+};
}

macro_rules! scalars_on_the_left {
    ($trait:ident :: $method:ident; $($t:ty),+) => {$(
        impl $trait<&Field<$t>> for $t {
            type Output = Field<$t>;

            fn $method(self, field: &Field<$t>) -> Field<$t> {
                field.with_array($trait::$method(self, &field.array))
            }
        }

        impl $trait<Field<$t>> for $t {
            type Output = Field<$t>;

            fn $method(self, field: Field<$t>) -> Field<$t> {
                $trait::$method(self, &field)
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

impl<T: Arithmetic> Neg for &Field<T> {
    type Output = Field<T>;

    fn neg(self) -> Field<T> {
        self.with_array(-&self.array)
    }
}

impl<T: Arithmetic> Neg for Field<T> {
    type Output = Field<T>;

    fn neg(self) -> Field<T> {
        -&self
    }
}
