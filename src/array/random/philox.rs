//! Philox 4x32-10, a counter-based generator: Salmon, Moraes, Dror and Shaw, *Parallel random numbers: as easy as 1, 2, 3*
//! (SC'11). A block of 128 bits is a function of a counter and a key, ten rounds of multiplication and exclusive or; it has no
//! state, so any value can be made anywhere (**D1**).

/// What the two 32-bit products multiply by.
const MULTIPLIERS: (u32, u32) = (0xd251_1f53, 0xcd9e_8d57);

/// What is added to the key from round to round: the golden ratio and the square root of three.
const WEYL: (u32, u32) = (0x9e37_79b9, 0xbb67_ae85);

const ROUNDS: usize = 10;

/// The block of `counter` under `key`.
pub(super) fn philox(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    for _ in 0..ROUNDS {
        let product = |a: u32, b: u32| {
            let product = u64::from(a) * u64::from(b);
            ((product >> 32) as u32, product as u32)
        };
        let (high_0, low_0) = product(MULTIPLIERS.0, counter[0]);
        let (high_1, low_1) = product(MULTIPLIERS.1, counter[2]);
        counter = [high_1 ^ counter[1] ^ key[0], low_1, high_0 ^ counter[3] ^ key[1], low_0];
        key = [key[0].wrapping_add(WEYL.0), key[1].wrapping_add(WEYL.1)];
    }
    counter
}

/// Two words of 64 bits.
pub(super) fn words(block: [u32; 4]) -> [u64; 2] {
    [u64::from(block[0]) | u64::from(block[1]) << 32, u64::from(block[2]) | u64::from(block[3]) << 32]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The known answers of Random123, the authors' library: zeros, ones, digits of pi.
    #[test]
    fn known_answers() {
        assert_eq!(philox([0; 4], [0; 2]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        assert_eq!(philox([!0; 4], [!0; 2]), [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
        let digits = [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344];
        let answer = [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1];
        assert_eq!(philox(digits, [0xa409_3822, 0x299f_31d0]), answer);
    }
}
