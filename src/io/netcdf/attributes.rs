//! Attributes, as a user sees them.

use std::fmt;

use ::hdf5::Location;

use crate::io::hdf5::{AttributeReader, AttributeValue, Heaps};

/// What netCDF and HDF5 keep their own books in. Users of either library don't see them.
const HIDDEN: [&str; 10] = [
    "CLASS",
    "NAME",
    "DIMENSION_LIST",
    "REFERENCE_LIST",
    "DIMENSION_LABELS",
    "_Netcdf4Dimid",
    "_Netcdf4Coordinates",
    "_NCProperties",
    "_nc3_strict",
    "_NCCOPY",
];

/// What says how stored numbers become values; it is not true of the values.
pub(super) const PACKED: [&str; 7] =
    ["scale_factor", "add_offset", "_Unsigned", "missing_value", "valid_min", "valid_max", "valid_range"];

/// Whether users don't see an attribute.
pub(super) fn is_hidden(name: &str) -> bool {
    HIDDEN.contains(&name)
}

/// Names and values that describe a file, a variable or a coordinate, in order of the names.
///
/// ```
/// use thermocline::io::netcdf::{AttributeValue, Attributes};
///
/// let attributes: Attributes = [("units".to_owned(), AttributeValue::Text("degC".into()))].into_iter().collect();
/// assert_eq!(attributes.text("units"), Some("degC"));
/// assert!(attributes.get("calendar").is_none());
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attributes(Vec<(String, AttributeValue)>);

impl Attributes {
    pub(super) fn read(location: &Location, heaps: &Heaps) -> Self {
        let Ok(reader) = AttributeReader::of(location, heaps) else { return Self::default() };
        Self::all(&reader)
    }

    pub(super) fn all(reader: &AttributeReader<'_>) -> Self {
        let shown = reader.names().iter().filter(|name| !is_hidden(name));
        shown.map(|name| (name.clone(), reader.value(name))).collect()
    }

    /// Without what is true of the stored numbers only, once values were made of them.
    pub(super) fn unpacked(mut self) -> Self {
        // The valid range is that of the stored numbers: where these are the values, it is theirs.
        let packed = self.get("scale_factor").is_some() || self.get("add_offset").is_some();
        let stored = PACKED.iter().filter(|name| packed || !name.starts_with("valid_"));
        stored.chain(&["_FillValue"]).for_each(|name| self.remove(name));
        self
    }

    /// The value of attribute `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&AttributeValue> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// The text that attribute `name` is.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.text()
    }

    /// Names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &AttributeValue)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Sets one, in the place of what it was.
    ///
    /// ```
    /// use thermocline::io::netcdf::{AttributeValue, Attributes};
    ///
    /// let mut attributes = Attributes::default();
    /// attributes.set("units", AttributeValue::Text("K".into()));
    /// attributes.set("units", AttributeValue::Text("degC".into()));
    /// attributes.set("valid_range", AttributeValue::Integers(vec![-300, 4500]));
    /// assert_eq!((attributes.len(), attributes.text("units")), (2, Some("degC")));
    /// assert_eq!(attributes.text("valid_range"), None); // there, but no text
    /// attributes.remove("units");
    /// assert_eq!(attributes.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["valid_range"]);
    /// ```
    pub fn set(&mut self, name: impl Into<String>, value: AttributeValue) {
        let name = name.into();
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name, value)),
        }
    }

    /// Drops one.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(known, _)| known != name);
    }
}

impl FromIterator<(String, AttributeValue)> for Attributes {
    fn from_iter<I: IntoIterator<Item = (String, AttributeValue)>>(attributes: I) -> Self {
        Self(attributes.into_iter().collect())
    }
}

/// A line for each, their names in a column.
impl fmt::Display for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.0.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0) + 1;
        for (at, (name, value)) in self.0.iter().enumerate() {
            let (name, value) = (format!("{name}:"), value.to_string().replace(['\n', '\r'], " "));
            let short: String = value.chars().take(60).collect();
            let rest = if short.len() < value.len() { "..." } else { "" };
            write!(f, "{}    {name:<width$} {short}{rest}", if at > 0 { "\n" } else { "" })?;
        }
        Ok(())
    }
}
