//! LZF, as `h5py` brings it: runs of literals, and copies of what came before.
//!
//! The crate of that name is deprecated; the format takes no more than this. A control byte below 32 is followed by as
//! many literals and one more. Any other has the length of a copy in its high three bits (7: the next byte has the rest)
//! and the distance in its low five and the next byte.

use super::copy::Window;

/// Decodes `data` to as many bytes as `out` has.
pub(super) fn decode(data: &[u8], out: &mut [u8]) -> Result<(), String> {
    let mut window = Window::new(data, out);
    while window.has_more() {
        let control = usize::from(window.byte()?);
        if control < 32 {
            window.literals(control + 1)?;
            continue;
        }
        let mut length = control >> 5;
        if length == 7 {
            length += usize::from(window.byte()?);
        }
        let distance = ((control & 31) << 8) + usize::from(window.byte()?) + 1;
        window.copy(distance, length + 2)?;
    }
    window.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_and_copies_are_put_together() {
        let mut out = [0; 12];
        // "abc", then nine bytes from three back: short, and with a length of its own.
        decode(&[2, b'a', b'b', b'c', 7 << 5, 0, 2], &mut out).unwrap();
        assert_eq!(&out, b"abcabcabcabc");
        let mut out = [0; 4];
        decode(&[0, b'z', 1 << 5, 0], &mut out).unwrap();
        assert_eq!(&out, b"zzzz");
    }

    #[test]
    fn what_is_damaged_is_an_error() {
        let mut out = [0; 4];
        for data in [&[2, b'a'][..], &[0, b'z', 1 << 5, 1], &[0, b'z'], &[0, b'z', 7 << 5, 200, 0], &[1 << 5]] {
            assert!(decode(data, &mut out).is_err(), "{data:?}");
        }
    }
}
