//! LZ4 blocks, as the HDF5 filter 32004 frames them.
//!
//! Eight bytes tell the size of all, four that of a block (numbers have their highest byte first); then each block's stored
//! size in four bytes, and the block. A block as large as it was is stored as it was.

use super::fields::Fields;

/// Decodes `data` to as many bytes as `out` has.
pub(super) fn decode(data: &[u8], out: &mut [u8]) -> Result<(), String> {
    let mut fields = Fields::new(data);
    let (size, block) = (fields.u64_be()?, fields.u32_be()? as usize);
    if size != out.len() as u64 {
        return Err(format!("it expands to {size} B, expected {}", out.len()));
    }
    if block == 0 && size > 0 {
        return Err("its blocks have no bytes".into());
    }
    for out in out.chunks_mut(block.max(1)) {
        let stored = fields.u32_be()? as usize;
        let data = fields.bytes(stored)?;
        if stored == out.len() {
            out.copy_from_slice(data);
        } else {
            block_of(data, out)?;
        }
    }
    Ok(())
}

/// Decodes one block to as many bytes as `out` has.
pub(super) fn block_of(data: &[u8], out: &mut [u8]) -> Result<(), String> {
    match lz4_flex::block::decompress_into(data, out) {
        Ok(found) if found == out.len() => Ok(()),
        Ok(found) => Err(format!("an LZ4 block expands to {found} B, expected {}", out.len())),
        Err(error) => Err(format!("an LZ4 block is damaged ({error})")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_may_be_stored_as_they_were() {
        let values: Vec<u8> = (0..1000).map(|at| (at / 100) as u8).collect();
        let mut data = [&1000_u64.to_be_bytes()[..], &600_u32.to_be_bytes()].concat();
        let first = lz4_flex::block::compress(&values[..600]);
        data.extend((first.len() as u32).to_be_bytes());
        data.extend(&first);
        data.extend(400_u32.to_be_bytes());
        data.extend(&values[600..]);
        let mut out = vec![0; 1000];
        decode(&data, &mut out).unwrap();
        assert_eq!(out, values);
        assert!(decode(&data[..data.len() - 1], &mut out).is_err() && decode(&data, &mut out[..999]).is_err());
        data[8..12].fill(0);
        assert!(decode(&data, &mut out).unwrap_err().contains("no bytes"));
    }
}
