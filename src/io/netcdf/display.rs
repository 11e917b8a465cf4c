//! How a data set is shown.

use std::fmt;

use super::dataset::Dataset;
use super::dimensions::Dimension;
use super::look::VariableInfo;
use crate::units::ByteSize;

/// As xarray shows a data set: dimensions, coordinates, data variables, attributes.
impl fmt::Display for Dataset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files = self.paths().len();
        write!(f, "{}", self.path().display())?;
        if files > 1 {
            write!(f, " and {} more", files - 1)?;
        }
        let dimension =
            |dimension: &Dimension| format!("{dimension}{}", if dimension.unlimited { " (unlimited)" } else { "" });
        let dimensions: Vec<String> = self.dimensions().iter().map(dimension).collect();
        write!(f, "\nDimensions: {}", dimensions.join(", "))?;
        section(f, "Coordinates", self.coordinates())?;
        section(f, "Data variables", self.data_variables())?;
        if self.attributes().is_empty() {
            return Ok(());
        }
        write!(f, "\nAttributes:\n{}", self.attributes())
    }
}

fn section<'a>(
    f: &mut fmt::Formatter<'_>,
    title: &str,
    variables: impl Iterator<Item = &'a VariableInfo>,
) -> fmt::Result {
    let variables: Vec<&VariableInfo> = variables.collect();
    if variables.is_empty() {
        return Ok(());
    }
    write!(f, "\n{title}:")?;
    let width = variables.iter().map(|variable| variable.name.chars().count()).max().unwrap_or(0);
    for variable in variables {
        let mark = if variable.is_dimension_coordinate() { '*' } else { ' ' };
        let bytes = variable
            .shape
            .iter()
            .fold(variable.dtype.size() as u64, |bytes, &length| bytes.saturating_mul(length as u64));
        let (name, axes) = (&variable.name, variable.dimensions.join(", "));
        write!(f, "\n  {mark} {name:<width$}  ({axes}) {} {}", variable.dtype, ByteSize::new(bytes))?;
        if let Some(units) = variable.attributes.text("units") {
            write!(f, "  {units}")?;
        }
    }
    Ok(())
}
