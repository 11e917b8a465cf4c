//! What the attributes of a variable say of its values.

use crate::io::hdf5::{AttributeReader, Conversion, Number, Scalar, Valid};

/// The most numbers that may mean "missing": each costs a comparison for each value.
const MOST_MASKS: usize = 64;

/// How numbers stored as `stored` are to be unpacked; `valid` is whether those out of the valid range are missing.
pub(super) fn conversion(attributes: &AttributeReader<'_>, stored: Number, valid: bool) -> Result<Conversion, String> {
    let number = signedness(attributes, stored);
    let fill = attributes.number("_FillValue")?;
    let missing = attributes.numbers("missing_value", 1..=MOST_MASKS)?;
    let masks = fill.into_iter().chain(missing.into_iter().flatten());
    let masks = masks.map(|mask| resigned(mask, stored, number)).collect();
    let factor = attributes.number("scale_factor")?.map(Scalar::to_f64);
    let offset = attributes.number("add_offset")?.map(Scalar::to_f64);
    let scale = match (factor, offset) {
        (None | Some(1.0), None | Some(0.0)) => None,
        // Adding -0.0 changes nothing, not even the sign of zero.
        (factor, offset) => Some((factor.unwrap_or(1.0), offset.unwrap_or(-0.0))),
    };
    let valid = if valid { valid_range(attributes, stored, number)? } else { None };
    Ok(Conversion { stored: number, masks, scale, valid })
}

/// `_Unsigned` says how the bits of integers are meant, because the classic format had no unsigned types.
fn signedness(attributes: &AttributeReader<'_>, stored: Number) -> Number {
    match attributes.text("_Unsigned") {
        Some(text) if text.eq_ignore_ascii_case("true") => stored.with_sign(false),
        Some(text) if text.eq_ignore_ascii_case("false") => stored.with_sign(true),
        _ => stored,
    }
}

/// A number of the stored type, whose bits are meant otherwise, too.
fn resigned(value: Scalar, stored: Number, meant: Number) -> Scalar {
    if stored == meant { value } else { value.with_sign(meant.with_sign(true) == meant, meant.size()) }
}

/// `valid_range`, or `valid_min` and `valid_max`, as section 2.5.1 of the CF conventions has them: of stored numbers,
/// unless they are floats and the stored numbers are not.
fn valid_range(attributes: &AttributeReader<'_>, stored: Number, meant: Number) -> Result<Option<Valid>, String> {
    let (least, greatest) = match attributes.numbers("valid_range", 2..=2)? {
        Some(range) => (Some(range[0]), Some(range[1])),
        None => (attributes.number("valid_min")?, attributes.number("valid_max")?),
    };
    let floats = [least, greatest].into_iter().flatten().any(|bound| matches!(bound, Scalar::Float(_)));
    let bound = |bound: Option<Scalar>, open: f64| bound.map_or(open, |bound| resigned(bound, stored, meant).to_f64());
    Ok((least.is_some() || greatest.is_some()).then(|| Valid {
        least: bound(least, f64::NEG_INFINITY),
        greatest: bound(greatest, f64::INFINITY),
        unpacked: floats && stored.is_integer(),
    }))
}
