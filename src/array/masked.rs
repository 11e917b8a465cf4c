//! Masks: what they hide is replaced, so that shapes stay known.

use std::panic::Location;

use super::Array;
use crate::chunk::Element;

impl<T: Element> Array<T> {
    /// `fill` where `mask` is true, this array's values elsewhere. The two are broadcast together.
    ///
    /// NumPy's `x[mask]` has a shape that depends on the values. With a mask the shape is kept: fill with NaN and reduce by
    /// the forms that leave NaN out, or fill with what changes nothing (0 for a sum).
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x = Array::<f64>::from_fn(&[6], &[2], |at| at[0] as f64);
    /// let small = x.map(|value| value < 4.0);
    /// let mean_of_large = x.masked(&small, f64::NAN).nanmean(..);
    /// assert_eq!(session.compute(&mean_of_large)?[[]], 4.5);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// When computed: where the shapes can't be broadcast together.
    #[track_caller]
    #[must_use]
    pub fn masked(&self, mask: &Array<bool>, fill: T) -> Self {
        let choose = move |value, hidden| if hidden { fill } else { value };
        self.zip_with("masked", mask, Location::caller(), choose)
    }
}
