//! Which units are the same by other names.

/// Names of the same unit, a line each, the first the one that stands for all. Case matters (`K` is not `k`) but for
/// words of more than two letters.
const SAME: [&[&str]; 13] = [
    &["K", "kelvin", "kelvins", "degK", "deg_K", "degree_K", "degrees_K", "degreeK", "degreesK"],
    &[
        "degC",
        "Celsius",
        "degree_C",
        "degrees_C",
        "deg_C",
        "degreeC",
        "degreesC",
        "C",
        "°C",
        "degree_Celsius",
        "degrees_Celsius",
        "degrees Celsius",
        "deg C",
        "degs C",
    ],
    &["1", "", "unitless", "dimensionless", "none"],
    &["%", "percent", "pct"],
    &["m", "meter", "meters", "metre", "metres"],
    &["km", "kilometer", "kilometers", "kilometre", "kilometres"],
    &["mm", "millimeter", "millimeters", "millimetre", "millimetres"],
    &["m s-1", "m/s", "m s**-1", "m s^-1", "meter/second", "meters/second", "meters per second", "m.s-1"],
    &["Pa", "pascal", "pascals"],
    &["hPa", "millibar", "millibars", "mbar", "mb"],
    &["W m-2", "W/m2", "W/m^2", "W m**-2", "W m^-2", "watts/m2"],
    &["kg m-2", "kg/m2", "kg/m^2", "kg m**-2", "kg m^-2"],
    &["psu", "PSU", "practical salinity unit", "practical salinity units"],
];

/// Whether two texts name the same unit; an absent one is no unit at all.
pub(super) fn same(a: Option<&str>, b: Option<&str>) -> bool {
    let (a, b) = (a.map(clean), b.map(clean));
    a == b || group(a.as_deref()) == group(b.as_deref()) && group(a.as_deref()).is_some()
}

/// Single spaces, none at the ends.
fn clean(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn group(unit: Option<&str>) -> Option<usize> {
    // No unit is the unit 1, as far as CF is concerned.
    let unit = unit.unwrap_or("");
    let is = |known: &str| known == unit || (unit.len() > 2 && known.eq_ignore_ascii_case(unit));
    SAME.iter().position(|names| names.iter().any(|known| is(known)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_a_unit_are_the_same_and_of_two_are_not() {
        for (a, b) in [("K", "kelvin"), ("degC", "Celsius"), ("degree_C", "celsius"), ("m s-1", "m/s"), ("x y", "x  y")]
        {
            assert!(same(Some(a), Some(b)), "{a} {b}");
        }
        for (a, b) in [("K", "degC"), ("k", "K"), ("m", "mm"), ("Pa", "hPa"), ("furlong", "Furlong")] {
            assert!(!same(Some(a), Some(b)), "{a} {b}");
        }
        assert!(same(None, Some("1")) && same(None, None) && !same(None, Some("K")));
    }
}
