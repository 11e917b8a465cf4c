//! What the attributes of a variable say of its values.

use crate::io::hdf5::{Attributes, Conversion, Number, Scalar};

/// How numbers stored as `stored` are to be unpacked.
pub(super) fn conversion(attributes: &Attributes<'_>, stored: Number) -> Result<Conversion, String> {
    let (number, resigned) = signedness(attributes, stored);
    let mask = |name| {
        let mask = attributes.number(name)?;
        // The fill value is of the stored type, so its bits are meant, too.
        Ok::<_, String>(mask.map(|mask| if resigned { resign(mask, number) } else { mask }))
    };
    let masks = [mask("_FillValue")?, mask("missing_value")?];
    let factor = attributes.number("scale_factor")?.map(Scalar::to_f64);
    let offset = attributes.number("add_offset")?.map(Scalar::to_f64);
    let scale = match (factor, offset) {
        (None | Some(1.0), None | Some(0.0)) => None,
        // Adding -0.0 changes nothing, not even the sign of zero.
        (factor, offset) => Some((factor.unwrap_or(1.0), offset.unwrap_or(-0.0))),
    };
    Ok(Conversion { stored: number, masks, scale })
}

/// `_Unsigned` says how the bits of integers are meant, because the classic format had no unsigned types.
fn signedness(attributes: &Attributes<'_>, stored: Number) -> (Number, bool) {
    let meant = match attributes.text("_Unsigned") {
        Some(text) if text.eq_ignore_ascii_case("true") => stored.with_sign(false),
        Some(text) if text.eq_ignore_ascii_case("false") => stored.with_sign(true),
        _ => stored,
    };
    (meant, meant != stored)
}

fn resign(mask: Scalar, number: Number) -> Scalar {
    mask.with_sign(number.with_sign(true) == number, number.size())
}
