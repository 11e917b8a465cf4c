//! `BloscLZ`, Blosc's own member of the Lempel-Ziv family, after `FastLZ`.
//!
//! A control byte below 32 is followed by as many literals and one more; of the first control byte only the low five bits
//! count. Any other has the length of a copy in its high three bits (7: bytes with more follow, up to the first that is
//! not 255) and the high part of the distance in its low five; the low part follows. The largest such distance means that
//! two bytes with a longer one follow, the high one first.

use super::copy::Window;

/// Distances from here on have 16 bits of their own.
const FAR: usize = 8191;

/// Decodes `data` to as many bytes as `out` has.
pub(super) fn decode(data: &[u8], out: &mut [u8]) -> Result<(), String> {
    let mut window = Window::new(data, out);
    let mut control = usize::from(window.byte()? & 31);
    loop {
        if control < 32 {
            window.literals(control + 1)?;
        } else {
            let (distance, length) = copy(&mut window, control)?;
            window.copy(distance, length)?;
        }
        if !window.has_more() {
            return window.finish();
        }
        control = usize::from(window.byte()?);
    }
}

/// The distance and the length of the copy that begins with `control`.
fn copy(window: &mut Window<'_>, control: usize) -> Result<(usize, usize), String> {
    let (mut length, high) = ((control >> 5) - 1, control & 31);
    if length == 6 {
        loop {
            let more = usize::from(window.byte()?);
            length += more;
            if more != 255 {
                break;
            }
        }
    }
    let low = usize::from(window.byte()?);
    if low == 255 && high == 31 {
        let distance = usize::from(window.byte()?) << 8 | usize::from(window.byte()?);
        return Ok((distance + FAR + 1, length + 3));
    }
    Ok(((high << 8) + low + 1, length + 3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_and_copies_are_put_together() {
        let mut out = [0; 12];
        decode(&[0x20 | 2, b'a', b'b', b'c', 6 << 5, 2, 0, b'x'], &mut out).unwrap();
        assert_eq!(&out, b"abcabcabcabx");
        let mut out = vec![0; 300];
        decode(&[0, b'z', 7 << 5, 255, 35, 0], &mut out).unwrap();
        assert!(out.iter().all(|&byte| byte == b'z'));
    }

    #[test]
    fn far_copies_have_distances_of_their_own() {
        let mut out = vec![0; 8200 + 3];
        let mut data = Vec::new();
        for run in (0..8200_usize).collect::<Vec<_>>().chunks(32) {
            data.push(run.len() as u8 - 1);
            data.extend(run.iter().map(|&at| (at % 251) as u8));
        }
        // 8195 back.
        data.extend([1 << 5 | 31, 255, 0, 3]);
        decode(&data, &mut out).unwrap();
        assert_eq!(out[8200..], out[5..8]);
    }

    #[test]
    fn what_is_damaged_is_an_error() {
        let mut out = [0; 8];
        for data in [&[][..], &[7, b'a'], &[0, b'z', 1 << 5], &[0, b'z', 7 << 5, 255], &[0, b'z', 1 << 5, 9]] {
            assert!(decode(data, &mut out).is_err(), "{data:?}");
        }
    }
}
