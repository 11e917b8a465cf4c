//! From a day to the bytes of its chunk: values, byte shuffle, deflate.

use libdeflater::{CompressionLvl, Compressor};

use super::field::{CELLS, FILL, Field, SCALE, Weather};
use crate::cli::Dtype;

/// What stands for land in float files, as in OISST.
pub(crate) const FLOAT_FILL: f32 = -9.969_21e36;

/// The level, of twelve. Higher ones are much slower and hardly smaller on data like this.
pub(super) const LEVEL: u8 = 4;

/// Makes chunks; one for each thread.
pub(super) struct Encoder {
    dtype: Dtype,
    weather: Weather,
    packed: Vec<i16>,
    shuffled: Vec<u8>,
    compressed: Vec<u8>,
    compressor: Compressor,
}

impl Encoder {
    pub(super) fn new(dtype: Dtype) -> Self {
        let level = CompressionLvl::new(i32::from(LEVEL)).unwrap_or_default();
        let mut compressor = Compressor::new(level);
        let len = CELLS * dtype.size();
        let bound = compressor.zlib_compress_bound(len);
        Self {
            dtype,
            weather: Weather::new(),
            packed: vec![0; CELLS],
            shuffled: vec![0; len],
            compressed: vec![0; bound],
            compressor,
        }
    }

    /// The stored bytes of a day.
    pub(super) fn encode(&mut self, field: &Field, day: i64) -> Vec<u8> {
        field.day(day, &mut self.weather, &mut self.packed);
        match self.dtype {
            Dtype::I2 => shuffle(&self.packed, &mut self.shuffled, i16::to_le_bytes),
            Dtype::F4 => shuffle(&self.packed, &mut self.shuffled, |value| unpack(value).to_le_bytes()),
        }
        // The buffer has the size that the compressor asks for, so it can't be too small.
        let len = self.compressor.zlib_compress(&self.shuffled, &mut self.compressed).unwrap_or_default();
        self.compressed[..len].to_vec()
    }
}

/// A packed value as a float file has it: exactly what a reader makes of the packed one.
fn unpack(value: i16) -> f32 {
    if value == FILL { FLOAT_FILL } else { f32::from(value) * SCALE }
}

/// HDF5's shuffle filter: all first bytes, then all second bytes, and so on.
fn shuffle<const N: usize>(values: &[i16], out: &mut [u8], bytes: impl Fn(i16) -> [u8; N]) {
    for (index, plane) in out.chunks_exact_mut(values.len()).enumerate() {
        for (byte, value) in plane.iter_mut().zip(values) {
            *byte = bytes(*value)[index];
        }
    }
}

#[cfg(test)]
mod tests {
    use libdeflater::Decompressor;

    use super::*;

    fn stored_bytes_a_value(dtype: Dtype) -> f64 {
        let (field, mut encoder) = (Field::new(0), Encoder::new(dtype));
        let stored: usize = [66_110, 66_200, 66_300].map(|day| encoder.encode(&field, day).len()).iter().sum();
        stored as f64 / (3 * CELLS) as f64
    }

    #[test]
    fn packed_files_store_about_nine_tenths_of_a_byte_a_value() {
        let ratio = stored_bytes_a_value(Dtype::I2);
        assert!((0.83..0.97).contains(&ratio), "{ratio}");
    }

    #[test]
    fn float_files_need_no_more_room_than_is_asked_for() {
        let ratio = stored_bytes_a_value(Dtype::F4);
        assert!((1.0..2.5).contains(&ratio), "{ratio}");
    }

    #[test]
    fn chunks_decode_to_the_same_values_in_both_types() {
        let field = Field::new(0);
        let mut decoded = Vec::new();
        for dtype in [Dtype::I2, Dtype::F4] {
            let stored = Encoder::new(dtype).encode(&field, 66_110);
            let mut bytes = vec![0; CELLS * dtype.size()];
            let len = Decompressor::new().zlib_decompress(&stored, &mut bytes).unwrap();
            assert_eq!(len, bytes.len());
            decoded.push(bytes);
        }
        for cell in 0..CELLS {
            let byte = |dtype: usize, plane: usize| decoded[dtype][plane * CELLS + cell];
            let packed = i16::from_le_bytes([byte(0, 0), byte(0, 1)]);
            let float = f32::from_le_bytes([byte(1, 0), byte(1, 1), byte(1, 2), byte(1, 3)]);
            assert_eq!(float.to_bits(), unpack(packed).to_bits(), "cell {cell}");
        }
    }
}
