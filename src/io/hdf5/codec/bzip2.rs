//! bzip2, by `libbz2-rs`: Rust alone, the system's library in disguise.

use bzip2::{Decompress, Status};

/// Bytes that decoding takes: blocks have up to 900,000 bytes, each with a word beside it.
pub(super) const HIDDEN: usize = 4 << 20;

/// Decodes `data` to as many bytes as `out` has.
pub(super) fn decode(data: &[u8], out: &mut [u8]) -> Result<(), String> {
    let mut decoder = Decompress::new(false);
    loop {
        let (read, written) = (decoder.total_in() as usize, decoder.total_out() as usize);
        let status = decoder.decompress(&data[read.min(data.len())..], &mut out[written..]);
        let (found, expected) = (decoder.total_out() as usize, out.len());
        match status {
            Ok(Status::StreamEnd) if found == expected => return Ok(()),
            Ok(Status::StreamEnd) => return Err(format!("it expands to {found} B, expected {expected}")),
            Err(error) => return Err(format!("it can't be decoded to {expected} B ({error})")),
            Ok(_) if (decoder.total_in() as usize, found) == (read, written) => {
                return Err(format!("it does not end where it should: it expands to {found} B, expected {expected}"));
            }
            Ok(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn streams_end_where_they_should() {
        let values: Vec<u8> = (0..100_000_u32).map(|at| (at / 777) as u8).collect();
        let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        encoder.write_all(&values).unwrap();
        let data = encoder.finish().unwrap();
        let mut out = vec![0; values.len()];
        decode(&data, &mut out).unwrap();
        assert_eq!(out, values);
        assert!(decode(&data, &mut out[1..]).is_err() && decode(&data[..data.len() / 2], &mut out).is_err());
        assert!(decode(&data, &mut vec![0; values.len() + 1]).is_err() && decode(&[], &mut out).is_err());
    }
}
