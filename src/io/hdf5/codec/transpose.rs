//! Elements whose bytes, or bits, were sorted: put together again.

/// Puts together elements of `item` bytes of which first come all first bytes, then all second ones, and so on. What is
/// left of an element at the end is as it was.
pub(in super::super) fn unshuffle(bytes: &[u8], item: usize, out: &mut [u8]) {
    let count = bytes.len() / item;
    let (planes, rest) = bytes.split_at(count * item);
    for (byte, plane) in planes.chunks_exact(count.max(1)).enumerate() {
        for (element, &stored) in out.chunks_exact_mut(item).zip(plane) {
            element[byte] = stored;
        }
    }
    out[count * item..].copy_from_slice(rest);
}

/// Puts together elements of `item` bytes, as many as a multiple of 8, of which first come all lowest bits, then all
/// second ones, and so on, each as eighths of bytes.
pub(super) fn bit_unshuffle(bytes: &[u8], item: usize, out: &mut [u8]) {
    let rows = bytes.len() / item / 8;
    for byte in 0..item {
        let bits = &bytes[byte * 8 * rows..][..8 * rows];
        for (eight, elements) in out.chunks_exact_mut(8 * item).enumerate() {
            let mut square = [0; 8];
            for (bit, place) in square.iter_mut().enumerate() {
                *place = bits[bit * rows + eight];
            }
            let turned = transpose(u64::from_le_bytes(square)).to_le_bytes();
            for (element, stored) in elements.chunks_exact_mut(item).zip(turned) {
                element[byte] = stored;
            }
        }
    }
}

/// Turns a square of 8 by 8 bits: bit `j` of byte `i` becomes bit `i` of byte `j`. (Warren, Hacker's Delight, 7-3.)
fn transpose(mut bits: u64) -> u64 {
    for (shift, mask) in [(7, 0x00aa_00aa_00aa_00aa), (14, 0x0000_cccc_0000_cccc), (28, 0x0000_0000_f0f0_f0f0)] {
        let swapped = (bits ^ (bits >> shift)) & mask;
        bits ^= swapped ^ (swapped << shift);
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_put_together() {
        for item in [1, 2, 3, 4, 8] {
            let count = 40;
            let elements: Vec<u8> = (0..count * item).map(|at| (at * 37 % 251) as u8).collect();
            let mut sorted = vec![0; elements.len()];
            for at in 0..count {
                for bit in 0..8 * item {
                    let set = elements[at * item + bit / 8] >> (bit % 8) & 1;
                    sorted[bit * (count / 8) + at / 8] |= set << (at % 8);
                }
            }
            let mut out = vec![0; elements.len()];
            bit_unshuffle(&sorted, item, &mut out);
            assert_eq!(out, elements, "{item}");
        }
    }

    #[test]
    fn bytes_are_put_together_and_the_rest_is_kept() {
        let mut out = [0; 8];
        unshuffle(b"acegbdfh", 2, &mut out);
        assert_eq!(&out, b"abcdefgh");
        unshuffle(b"acbdxyzz", 5, &mut out);
        assert_eq!(&out, b"acbdxyzz");
        let mut out = [0; 7];
        unshuffle(b"acebdfx", 2, &mut out);
        assert_eq!(&out, b"abcdefx");
    }
}
