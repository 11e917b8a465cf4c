//! Filters that the HDF5 library does not know: chunks are encoded here, and written as they are.

use std::io::Write;
use std::path::Path;

use hdf5::dataset::ChunkOpts;
use hdf5::sync::sync;
use hdf5::{Dataset, File};
use hdf5_sys::h5d::{H5Dcreate2, H5Dwrite_chunk};
use hdf5_sys::h5i::hid_t;
use hdf5_sys::h5p::{H5P_CLS_DATASET_CREATE, H5P_DEFAULT, H5Pcreate, H5Pset_chunk, H5Pset_filter};
use hdf5_sys::h5s::H5Screate_simple;
use hdf5_sys::h5t::H5T_STD_I32LE;
use thermocline::Array;
use thermocline::io::hdf5::{self as reader, ReadPath};

use crate::support::session;

/// Elements of a chunk, of which there are two; the second reaches beyond the data set.
const CHUNK: usize = 1000;
const LENGTH: usize = 1700;

/// What a filter makes of bytes.
type Encode<'a> = &'a dyn Fn(&[u8]) -> Vec<u8>;

/// A filter's number and its parameters.
type Filter = (i32, Vec<u32>);

fn value(at: usize) -> i32 {
    (at / 3) as i32 * 7 - 500
}

/// The bytes of chunk number `chunk`.
fn bytes(chunk: usize) -> Vec<u8> {
    (0..CHUNK)
        .flat_map(|at| if chunk * CHUNK + at < LENGTH { value(chunk * CHUNK + at) } else { 0 }.to_le_bytes())
        .collect()
}

/// A data set of `LENGTH` elements of the type `stored` with a pipeline of filters, none of which need be there.
fn create(file: &File, name: &str, stored: hid_t, filters: &[Filter]) -> Dataset {
    let name = std::ffi::CString::new(name).unwrap();
    // SAFETY: identifiers are those that were made here, arrays are as long as is said, the name ends with zero; that the
    // library lacks a filter is no hindrance where it is optional (flag 1). The library is locked, for other tests call it.
    sync(|| unsafe {
        let properties = H5Pcreate(*H5P_CLS_DATASET_CREATE);
        assert!(H5Pset_chunk(properties, 1, &(CHUNK as u64)) >= 0);
        for (id, parameters) in filters {
            assert!(H5Pset_filter(properties, *id, 1, parameters.len(), parameters.as_ptr()) >= 0);
        }
        let space = H5Screate_simple(1, &(LENGTH as u64), std::ptr::null());
        hdf5::from_id(H5Dcreate2(file.id(), name.as_ptr(), stored, space, H5P_DEFAULT, properties, H5P_DEFAULT))
    })
    .unwrap()
}

/// The same with filters of the library.
pub(crate) fn create_filtered(file: &File, name: &str, stored: hid_t, filters: &[i32]) -> Dataset {
    create(
        file,
        name,
        stored,
        &filters.iter().map(|&id| (id, if id == 1 { vec![4] } else { vec![] })).collect::<Vec<_>>(),
    )
}

/// Writes chunk number `chunk` as it is.
pub(crate) fn write_chunk(dataset: &Dataset, chunk: usize, encoded: &[u8]) {
    let start = (chunk * CHUNK) as u64;
    // SAFETY: the data set is open, the buffer as long as is said, and the library locked.
    let written = sync(|| unsafe {
        H5Dwrite_chunk(dataset.id(), H5P_DEFAULT, 0, &raw const start, encoded.len(), encoded.as_ptr().cast())
    });
    assert!(written >= 0);
}

fn write(file: &File, name: &str, filters: &[Filter], encode: &dyn Fn(&[u8]) -> Vec<u8>) {
    let dataset = create(file, name, *H5T_STD_I32LE, filters);
    for chunk in 0..2 {
        write_chunk(&dataset, chunk, &encode(&bytes(chunk)));
    }
}

/// Bytes of elements sorted: all first bytes, then all second ones.
fn sorted(bytes: &[u8], item: usize) -> Vec<u8> {
    (0..item).flat_map(|byte| bytes.iter().skip(byte).step_by(item).copied()).collect()
}

/// Bits of elements sorted, of a multiple of eight elements.
fn bits_sorted(bytes: &[u8], item: usize) -> Vec<u8> {
    let count = bytes.len() / item;
    let mut out = vec![0; bytes.len()];
    for (at, element) in bytes.chunks(item).enumerate() {
        for bit in 0..8 * item {
            out[bit * (count / 8) + at / 8] |= (element[bit / 8] >> (bit % 8) & 1) << (at % 8);
        }
    }
    out
}

/// LZF and `BloscLZ` know runs of up to 32 literals alike.
fn literals(bytes: &[u8]) -> Vec<u8> {
    bytes.chunks(32).flat_map(|run| std::iter::once(run.len() as u8 - 1).chain(run.iter().copied())).collect()
}

fn lz4(bytes: &[u8]) -> Vec<u8> {
    let mut out = [(bytes.len() as u64).to_be_bytes().to_vec(), 1024_u32.to_be_bytes().to_vec()].concat();
    for block in bytes.chunks(1024) {
        let packed = lz4_flex::block::compress(block);
        out.extend((packed.len() as u32).to_be_bytes());
        out.extend(packed);
    }
    out
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Blocks of 128 elements, each compressed by `pack`.
fn bitshuffle(bytes: &[u8], pack: fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let mut out = [(bytes.len() as u64).to_be_bytes().to_vec(), 512_u32.to_be_bytes().to_vec()].concat();
    for block in bytes.chunks(512) {
        let packed = pack(&bits_sorted(block, 4));
        out.extend((packed.len() as u32).to_be_bytes());
        out.extend(packed);
    }
    out
}

/// Blocks of 2048 bytes; those that are whole, of byte-sorted elements, in four streams.
fn blosc(bytes: &[u8], codec: u8, order: u8, pack: fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let blocks: Vec<Vec<u8>> = bytes
        .chunks(2048)
        .map(|block| {
            let ordered = match order {
                1 => sorted(block, 4),
                4 => bits_sorted(block, 4),
                _ => block.to_vec(),
            };
            let streams = if block.len() == 2048 { 4 } else { 1 };
            let stream = |stream: &[u8]| {
                let packed = pack(stream);
                let packed = if packed.len() < stream.len() { packed } else { stream.to_vec() };
                [&(packed.len() as u32).to_le_bytes()[..], &packed].concat()
            };
            ordered.chunks(block.len() / streams).flat_map(stream).collect()
        })
        .collect();
    let mut start = 16 + 4 * blocks.len();
    let mut starts = Vec::new();
    for block in &blocks {
        starts.extend((start as u32).to_le_bytes());
        start += block.len();
    }
    let sizes = [bytes.len() as u32, 2048, start as u32].map(u32::to_le_bytes).concat();
    [vec![2, 1, codec << 5 | order, 4], sizes, starts, blocks.concat()].concat()
}

/// A file with a data set for each filter: its name.
pub(crate) fn filtered_file(path: &Path) -> Vec<&'static str> {
    let file = File::create(path).unwrap();
    let lz4_block: fn(&[u8]) -> Vec<u8> = |bytes| lz4_flex::block::compress(bytes);
    let filters: [(&str, i32, &[u32], Encode<'_>); 12] = [
        ("lzf", 32000, &[4, 0x105, 4000], &literals),
        ("lz4", 32004, &[1024], &lz4),
        ("zstd", 32015, &[3], &zstd),
        ("bzip2", 307, &[9], &bzip2),
        ("bitshuffle", 32008, &[0, 4, 4, 1000, 0], &|bytes| bits_sorted(bytes, 4)),
        ("bitshuffle lz4", 32008, &[0, 4, 4, 0, 2], &|bytes| bitshuffle(bytes, lz4_flex::block::compress)),
        ("bitshuffle zstd", 32008, &[0, 4, 4, 0, 3], &|bytes| bitshuffle(bytes, zstd)),
        ("blosc blosclz", 32001, &[2, 2, 4], &|bytes| blosc(bytes, 0, 1, literals)),
        ("blosc lz4", 32001, &[2, 2, 4], &|bytes| blosc(bytes, 1, 1, lz4_block)),
        ("blosc snappy", 32001, &[2, 2, 4], &|bytes| {
            blosc(bytes, 2, 4, |stream| snap::raw::Encoder::new().compress_vec(stream).unwrap())
        }),
        ("blosc zstd", 32001, &[2, 2, 4], &|bytes| blosc(bytes, 4, 0, zstd)),
        ("blosc copied", 32001, &[2, 2, 4], &|bytes| {
            let sizes = [bytes.len() as u32, 2048, bytes.len() as u32 + 16].map(u32::to_le_bytes).concat();
            [&[2, 1, 2, 4][..], &sizes, bytes].concat()
        }),
    ];
    for (name, id, parameters, encode) in filters {
        write(&file, name, &[(id, parameters.to_vec())], encode);
    }
    write(&file, "shuffled zstd", &[(2, vec![4]), (32015, vec![3])], &|bytes| zstd(&sorted(bytes, 4)));
    write(&file, "twice shuffled", &[(2, vec![4]), (2, vec![4])], &|bytes| sorted(&sorted(bytes, 4), 4));
    file.close().unwrap();
    filters.map(|(name, ..)| name).into_iter().chain(["shuffled zstd", "twice shuffled"]).collect()
}

#[test]
fn filters_that_the_library_lacks_are_undone_directly() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.h5");
    let names = filtered_file(&path);
    let (_scratch, session) = session(64 << 20, 2);
    let file = reader::open(&path).unwrap();
    assert_eq!(file.datasets().len(), names.len());
    let expected: Vec<i32> = (0..LENGTH).map(value).collect();
    for name in names {
        let variable = file.variable::<i32>(name).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(variable.read_path(), ReadPath::Direct, "{name}");
        let found = session.compute(&Array::from_source(variable)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(found.as_slice().unwrap() == expected, "{name}");
    }
    let error = file.direct(false).variable::<i32>("zstd").unwrap_err().to_string();
    assert!(error.contains("a.h5") && error.contains("not built in (zstd)"), "{error}");
}

/// What is decoded, and how many times, is known from the chunks, not from what streams claim.
#[test]
fn a_stream_that_expands_to_more_than_a_chunk_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.h5");
    let file = File::create(&path).unwrap();
    let bomb = vec![0; 64 << 20];
    let packed: [(&str, i32, Vec<u8>); 4] = [
        ("deflate", 1, {
            let mut encoder = libdeflater::Compressor::new(libdeflater::CompressionLvl::best());
            let mut out = vec![0; encoder.zlib_compress_bound(bomb.len())];
            let length = encoder.zlib_compress(&bomb, &mut out).unwrap();
            out.truncate(length);
            out
        }),
        ("zstd", 32015, zstd(&bomb)),
        ("bzip2", 307, bzip2(&bomb)),
        ("lz4", 32004, lz4(&bomb)),
    ];
    for (name, id, packed) in &packed {
        write(&file, name, &[(*id, vec![6])], &|_| packed.clone());
    }
    file.close().unwrap();
    let (_scratch, session) = session(16 << 20, 2);
    for (name, ..) in packed {
        let x: Array<i32> = reader::open(&path).unwrap().array(name).unwrap();
        let error = session.compute(&x.sum(..)).unwrap_err().to_string();
        assert!(error.contains("a.h5") && error.contains("damaged chunk"), "{name}: {error}");
    }
    assert!(session.stats().ledger_peak_bytes <= 16 << 20);
}

#[test]
fn chunks_at_edges_may_be_stored_without_filters() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.h5");
    let file = File::create(&path).unwrap();
    let values: Vec<i32> = (0..LENGTH).map(value).collect();
    let x = file.new_dataset::<i32>().chunk(CHUNK).shuffle().deflate(3).fletcher32();
    let x = x.chunk_opts(ChunkOpts::DONT_FILTER_PARTIAL_CHUNKS).shape(LENGTH).create("x").unwrap();
    x.write_raw(&values).unwrap();
    drop(x);
    file.close().unwrap();
    let (_scratch, session) = session(64 << 20, 2);
    let file = reader::open(&path).unwrap();
    for direct in [true, false] {
        let x = file.clone().direct(direct).variable::<i32>("x").unwrap();
        assert_eq!(x.read_path() == ReadPath::Direct, direct);
        assert_eq!(session.compute(&Array::from_source(x)).unwrap().as_slice().unwrap(), values);
    }
}
