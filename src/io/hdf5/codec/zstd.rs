//! Zstandard, by `ruzstd`: Rust alone, and as safe.

use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// A frame may say that it looks back so far, even where it is not as long.
const WINDOW: usize = 8 << 20;

/// So many bytes are decoded before they are taken.
const STEP: usize = 1 << 20;

/// Bytes that decoding to `bytes` bytes takes: what may be looked back at and what was not taken yet, in a ring that grows
/// by doubling, and tables.
pub(super) fn hidden(bytes: usize) -> usize {
    2 * (bytes + bytes.min(STEP)) + (1 << 20)
}

/// Decodes the frames of `data` to as many bytes as `out` has.
pub(super) fn decode(mut data: &[u8], out: &mut [u8]) -> Result<(), String> {
    let mut done = 0;
    while !data.is_empty() {
        done += frame(&mut data, &mut out[done..])?;
    }
    let expected = out.len();
    if done == expected { Ok(()) } else { Err(format!("it expands to {done} B, expected {expected}")) }
}

/// Decodes the first frame of `data`. A decoder for each: one that is used again makes room for all that a frame says.
fn frame(data: &mut &[u8], out: &mut [u8]) -> Result<usize, String> {
    let damaged = |error: &dyn std::fmt::Display| format!("its Zstandard frame is damaged ({error})");
    let mut decoder = FrameDecoder::new();
    decoder.set_max_window_size(out.len().max(WINDOW) as u64);
    decoder.init(&mut *data).map_err(|error| damaged(&error))?;
    let (mut done, expected) = (0, out.len());
    loop {
        let step = BlockDecodingStrategy::UptoBytes(STEP.min(expected - done + 1));
        decoder.decode_blocks(&mut *data, step).map_err(|error| damaged(&error))?;
        done += std::io::Read::read(&mut decoder, &mut out[done..]).map_err(|error| damaged(&error))?;
        if decoder.can_collect() > 0 {
            return Err(format!("it expands to more than {expected} B"));
        }
        if decoder.is_finished() {
            break;
        }
    }
    let (found, told) = (decoder.get_calculated_checksum(), decoder.get_checksum_from_data());
    if told.is_some() && found != told {
        return Err("its Zstandard frame has another checksum than it should".into());
    }
    Ok(done)
}
