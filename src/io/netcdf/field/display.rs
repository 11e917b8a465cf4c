//! How a field is shown: as xarray shows a data array.

use std::fmt;

use super::Field;
use crate::chunk::Element;
use crate::units::ByteSize;

impl<T: Element> fmt::Display for Field<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(error) = self.array.failure() {
            return write!(f, "{}: impossible: {error}", self.name);
        }
        let (grid, bytes) = (self.array.chunks(), (self.array.size() * size_of::<T>()) as u64);
        write!(f, "{} {} {}, {}, chunks of {grid}", self.name, self.axes(), T::DTYPE, ByteSize::new(bytes))?;
        if !self.coordinates.is_empty() {
            f.write_str("\nCoordinates:")?;
        }
        for coordinate in &self.coordinates {
            let mark = if coordinate.dimension() == Some(coordinate.name()) { '*' } else { ' ' };
            write!(f, "\n  {mark} {coordinate}")?;
        }
        if self.attributes.is_empty() {
            return Ok(());
        }
        write!(f, "\nAttributes:\n{}", self.attributes)
    }
}

impl<T: Element> fmt::Debug for Field<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Field {} {} of {:?}", self.name, self.axes(), self.array)
    }
}
