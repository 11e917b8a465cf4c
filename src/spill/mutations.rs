//! Frames that are damaged at every byte and at random: none is taken for what was written, and reading one never panics,
//! reads outside of its extent, or asks for memory by what it says.
//!
//! `cargo xtask valgrind` runs these under valgrind, too.

use super::frame::Frame;
use super::tests::{noise, scratch, smooth};
use super::{Scratch, Staging};
use crate::config::Compression;
use crate::error::{Error, Result};

/// How many frames are mutated; many more with `cargo xtask test --all`, fewer under valgrind.
fn mutations() -> u64 {
    match std::env::var("THERMOCLINE_TEST_MUTATIONS").ok().and_then(|count| count.parse().ok()) {
        Some(count) => count,
        None if std::env::var_os("THERMOCLINE_TEST_ALL").is_some() => 300_000,
        None => 5_000,
    }
}

/// A frame of each kind: packed, with and without shuffle, with blocks that do not pack, raw, empty, of many blocks.
fn frames(packing: &Scratch, raw: &Scratch) -> Vec<(Vec<u8>, Frame)> {
    let mut staging = Staging::new();
    let mut mixed = smooth(70_000);
    mixed.extend(noise(70_000));
    let mut store = |scratch: &Scratch, bytes: Vec<u8>, item_size| {
        let frame = scratch.write(&bytes, item_size, &mut staging).unwrap();
        (bytes, frame)
    };
    let streamed = |scratch: &Scratch, bytes: Vec<u8>| {
        let frame = super::stream::tests::store(scratch, &bytes);
        (bytes, frame)
    };
    vec![
        store(packing, smooth(9_000), 4),
        store(packing, vec![7; 3_000], 1),
        store(packing, mixed, 8),
        store(packing, Vec::new(), 4),
        streamed(packing, smooth(100_000)),
        streamed(raw, noise(70_000)),
        store(raw, noise(5_000), 4),
        store(raw, noise(300_000), 4),
        store(raw, noise((2 << 20) + 17), 1),
    ]
}

fn read(frame: &Frame) -> Result<Vec<u8>> {
    let mut out = vec![0xa5; frame.bytes()];
    frame.read_into(&mut out, &mut Staging::new()).map(|()| out)
}

/// Piece by piece, where it was written like that.
fn streamed(frame: &Frame) -> Option<Result<Vec<u8>>> {
    frame.is_stream().then(|| super::stream::tests::read(frame))
}

/// All ways of reading find the damage, or none: then the value is what was written.
fn assert_detected(bytes: &[u8], frame: &Frame, harmless: bool, what: &str) {
    match read(frame) {
        Err(Error::Corrupt { .. }) => assert!(!harmless, "{what}"),
        Ok(out) => assert!(harmless && out == bytes, "{what}: not detected"),
        Err(error) => panic!("{what}: {error}"),
    }
    match streamed(frame) {
        Some(Err(Error::Corrupt { .. })) => assert!(!harmless, "{what}, streamed"),
        Some(Ok(out)) => assert!(harmless && out == bytes, "{what}, streamed: not detected"),
        Some(Err(error)) => panic!("{what}, streamed: {error}"),
        None => {}
    }
    match frame.map() {
        Err(Error::Corrupt { .. }) => assert!(!harmless, "{what}, mapped"),
        Ok(Some(mapped)) => assert!(harmless && mapped.bytes() == bytes, "{what}, mapped: not detected"),
        Ok(None) => {}
        Err(error) => panic!("{what}, mapped: {error}"),
    }
}

#[test]
fn every_byte_counts() {
    let ((_a, packing), (_b, raw)) = (scratch(Compression::Lz4), scratch(Compression::None));
    for (bytes, frame) in frames(&packing, &raw) {
        let (stored, padding) = (frame.stored_bytes(), frame.padding());
        // Of large frames all of header and table, and part of the payload: every block has the same check.
        let step = if stored > 20_000 { stored / 50 } else { 1 };
        let payload = (padding.start..stored).step_by(step.max(1) as usize);
        for at in (0..padding.start).chain(payload).chain([stored - 1]) {
            let byte = frame.peek(at, 1)[0];
            for flipped in [!byte, byte ^ 1 << (at % 8)] {
                frame.poke(at, &[flipped]);
                assert_detected(&bytes, &frame, padding.contains(&at), &format!("byte {at} of {stored}"));
            }
            frame.poke(at, &[byte]);
        }
        assert_detected(&bytes, &frame, true, "mended");
    }
}

/// A whole frame, but not the one that was written: what a disk shows that forgot a write.
#[test]
fn a_frame_of_another_time_is_detected() {
    for compression in [Compression::Lz4, Compression::None] {
        let (_folder, scratch) = scratch(compression);
        let mut staging = Staging::new();
        let (first, second) = (noise(300_000), noise(300_001)[1..].to_vec());
        let old = scratch.write(&first, 1, &mut staging).unwrap();
        let new = scratch.write(&second, 1, &mut staging).unwrap();
        assert_eq!(old.stored_bytes(), new.stored_bytes());
        new.poke(0, &old.peek(0, old.stored_bytes() as usize));
        assert_detected(&second, &new, false, "an old frame");
    }
}

/// One step of `SplitMix64` (Steele et al. 2014).
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Bytes that are interesting as lengths, counts and hashes.
fn hostile(random: &mut u64) -> [u8; 8] {
    let words = [0, 1, u64::MAX, 1 << 63, i64::MAX as u64, u64::from(u32::MAX), 1 << 16, 1 << 20, next(random)];
    words[(next(random) % words.len() as u64) as usize].to_ne_bytes()
}

/// Overwrites one place.
fn mutate(frame: &Frame, random: &mut u64) {
    let (stored, front) = (frame.stored_bytes(), frame.padding().start);
    let at = next(random) % if next(random).is_multiple_of(2) { front } else { stored };
    let len = (stored - at).min(1 + next(random) % 40) as usize;
    let mut bytes = frame.peek(at, len);
    match next(random) % 5 {
        0 => bytes[0] ^= 1 << (next(random) % 8),
        1 => bytes.fill(0),
        2 => bytes.reverse(),
        3 => bytes.fill_with(|| next(random) as u8),
        _ => {
            let (at, len) = (at / 8 * 8, 8.min(stored - at / 8 * 8) as usize);
            return frame.poke(at, &hostile(random)[..len]);
        }
    }
    frame.poke(at, &bytes);
}

#[test]
fn mutated_frames_are_detected() {
    let ((_a, packing), (_b, raw)) = (scratch(Compression::Lz4), scratch(Compression::None));
    let frames = frames(&packing, &raw);
    let whole = |frame: &Frame| frame.peek(0, frame.stored_bytes() as usize);
    let originals: Vec<Vec<u8>> = frames.iter().map(|(_, frame)| whole(frame)).collect();
    let mut detected = 0_u64;
    for seed in 0..mutations() {
        let mut random = seed;
        // Mostly small ones: the large ones take their time.
        let kinds = if next(&mut random).is_multiple_of(64) { frames.len() } else { 7 };
        let chosen = (next(&mut random) % kinds as u64) as usize;
        let ((bytes, frame), original) = (&frames[chosen], &originals[chosen]);
        for _ in 0..=next(&mut random) % 3 {
            mutate(frame, &mut random);
        }
        if next(&mut random).is_multiple_of(2) {
            frame.seal_again();
        }
        let (now, padding) = (whole(frame), frame.padding());
        let harmless = (0..now.len()).all(|at| now[at] == original[at] || padding.contains(&(at as u64)));
        assert_detected(bytes, frame, harmless, &format!("seed {seed}"));
        detected += u64::from(!harmless);
        frame.poke(0, original);
    }
    assert!(detected > mutations() / 2, "{detected}");
}
