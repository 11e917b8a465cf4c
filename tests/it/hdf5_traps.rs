//! What HDF5 files do that a reader may fall for: where values lie, how they are stored, what is done to a file beside.

use std::ffi::CString;
use std::fs;
use std::path::{Path, PathBuf};

use hdf5::dataset::{ChunkOpts, Layout};
use hdf5::filters::ScaleOffset;
use hdf5::sync::sync;
use hdf5::{Dataset, Dataspace, File, H5Type};
use hdf5_sys::h5d::H5Dcreate2;
use hdf5_sys::h5i::hid_t;
use hdf5_sys::h5p::H5P_DEFAULT;
use hdf5_sys::h5pl::H5PLget_loading_state;
use hdf5_sys::h5t;
use thermocline::io::netcdf::{self, ReadPath};
use thermocline::ndarray::ArrayD;
use thermocline::{Array, Error};

use crate::ncfile::variable_text;
use crate::support::session;

/// A name, the values, and whether the library under test reads them by itself.
type Form = (&'static str, Vec<f64>, bool);

/// A list of values stored as the type `stored`, which the HDF5 library converts to.
fn create_as<T: H5Type>(file: &File, name: &str, stored: hid_t, values: &[T]) -> Dataset {
    let space = Dataspace::try_new(values.len()).unwrap();
    let name = CString::new(name).unwrap();
    // SAFETY: the file, the type and the space are open, the name ends with zero, and the identifier that comes back is
    // owned by nobody else. The library is locked, for other tests call it.
    let dataset: Dataset = sync(|| unsafe {
        hdf5::from_id(H5Dcreate2(file.id(), name.as_ptr(), stored, space.id(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT))
    })
    .unwrap();
    dataset.write_raw(values).unwrap();
    dataset
}

/// Numbers in other byte orders and precisions than those of this machine's types.
fn foreign_types(file: &File) -> Vec<Form> {
    let floats = [1.5, -0.1, f64::NAN, f64::INFINITY, -0.0];
    let singles = floats.map(|x| x as f32);
    let shorts = [0_i16, 1, 256, -2, i16::MIN];
    let words = [0_u32, 1, 1 << 24, u32::MAX];
    let twelve_bits = [0_i32, 1, -1, 2047, -2048];
    // SAFETY: the types are those of the library, which `file` has started; what is copied is changed before its use, and
    // the library is locked.
    let [f32be, f64be, i16be, u32be, packed] = sync(|| unsafe {
        let packed = h5t::H5Tcopy(*h5t::H5T_STD_I32BE);
        assert!(h5t::H5Tset_precision(packed, 12) >= 0 && h5t::H5Tset_offset(packed, 4) >= 0);
        [*h5t::H5T_IEEE_F32BE, *h5t::H5T_IEEE_F64BE, *h5t::H5T_STD_I16BE, *h5t::H5T_STD_U32BE, packed]
    });
    create_as(file, "f32be", f32be, &singles);
    create_as(file, "f64be", f64be, &floats);
    create_as(file, "i16be", i16be, &shorts);
    create_as(file, "u32be", u32be, &words);
    create_as(file, "i12", packed, &twelve_bits);
    vec![
        ("f32be", singles.map(f64::from).to_vec(), true),
        ("f64be", floats.to_vec(), true),
        ("i16be", shorts.map(f64::from).to_vec(), true),
        ("u32be", words.map(f64::from).to_vec(), true),
        ("i12", twelve_bits.map(f64::from).to_vec(), false),
    ]
}

/// Every layout and every filter that is built in.
fn layouts_and_filters(file: &File) -> Vec<Form> {
    let values: Vec<i32> = (0..77).map(|at| at * at - 1000).collect();
    let new = || file.new_dataset::<i32>().shape(values.len());
    let part = || new().chunk(10);
    let stored = [
        ("contiguous", new().create("contiguous"), true),
        ("compact", new().layout(Layout::Compact).create("compact"), false),
        ("chunked", part().create("chunked"), true),
        ("deflated", part().shuffle().deflate(3).fletcher32().create("deflated"), true),
        ("edges", part().deflate(3).chunk_opts(ChunkOpts::DONT_FILTER_PARTIAL_CHUNKS).create("edges"), true),
        ("nbit", part().nbit().create("nbit"), false),
        ("scaled", part().scale_offset(ScaleOffset::Integer(0)).create("scaled"), false),
    ];
    let floats: Vec<f64> = values.iter().copied().map(f64::from).collect();
    let mut forms = Vec::new();
    for (name, dataset, direct) in stored {
        dataset.unwrap().write_raw(&values).unwrap();
        forms.push((name, floats.clone(), direct));
    }
    new().fill_value(7_i32).create("unwritten").unwrap();
    part().fill_value(8_i32).create("unwritten chunks").unwrap();
    forms.push(("unwritten", vec![7.0; values.len()], true));
    forms.push(("unwritten chunks", vec![8.0; values.len()], true));
    forms
}

fn assert_holds(path: &Path, forms: &[Form]) {
    let (_scratch, session) = session(64 << 20, 2);
    let data = netcdf::open(path).unwrap();
    assert_eq!(data.variables().len(), forms.len(), "{:?}", data.unread());
    for (name, expected, direct) in forms {
        for (way, data) in [("by itself", data.clone()), ("by the library", data.clone().direct(false))] {
            let variable = data.variable::<f64>(name).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(variable.read_path() == ReadPath::Direct, *direct && way == "by itself", "{name}");
            let found = session.compute(&Array::from_source(variable)).unwrap();
            let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(found.as_slice().unwrap()), bits(expected), "{name} {way} of {}", path.display());
        }
    }
}

/// Addresses in a file are counted from the end of its user block, those of chunks from its beginning.
#[test]
fn every_form_of_values_is_read_behind_a_user_block_of_any_size() {
    let folder = tempfile::tempdir().unwrap();
    for block in [0, 512, 4096] {
        let path = folder.path().join(format!("{block}.h5"));
        let file = hdf5::FileBuilder::new().with_fcpl(|new| new.userblock(block)).create(&path).unwrap();
        let forms = [layouts_and_filters(&file), foreign_types(&file)].concat();
        // A text that lies in a heap, whose address is counted so, too.
        variable_text(&file.dataset("contiguous").unwrap(), "units", "degrees of a kind");
        file.close().unwrap();
        if block > 0 {
            let mut bytes = fs::read(&path).unwrap();
            bytes[..block as usize].fill(b'#');
            fs::write(&path, bytes).unwrap();
        }
        assert_holds(&path, &forms);
        let data = netcdf::open(&path).unwrap();
        let contiguous = data.variables().iter().find(|info| info.name == "contiguous").unwrap();
        assert_eq!(contiguous.attributes.text("units"), Some("degrees of a kind"));
    }
}

/// The error of opening the list `x` of the file at `path`.
fn refusal(path: &Path, name: &str) -> String {
    let error = netcdf::open(path).unwrap().array::<f64>(name).unwrap_err();
    assert!(matches!(error, Error::File { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains(path.to_str().unwrap()) && text.contains(name), "{text}");
    text
}

/// A file with the list `x` of 10 numbers, which are in other files: names, and how many bytes each has for them.
fn external_file(path: &Path, parts: &[(&str, usize)]) -> PathBuf {
    let file = File::create(path).unwrap();
    let mut x = file.new_dataset::<i32>().shape(10);
    for (name, size) in parts {
        x = x.external(name, 4, *size);
    }
    x.create("x").unwrap();
    file.close().unwrap();
    path.to_owned()
}

#[test]
fn values_in_other_files_are_read_where_these_are_neighbours() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("inner");
    fs::create_dir(&folder).unwrap();
    let bytes: Vec<u8> = (0..11_i32).flat_map(|at| (at * 3).to_le_bytes()).collect();
    fs::write(folder.join("values.raw"), &bytes[..28]).unwrap();
    fs::write(folder.join("more.raw"), [&[0; 4][..], &bytes[28..]].concat()).unwrap();
    fs::write(outer.path().join("out.raw"), &bytes).unwrap();
    let path = external_file(&folder.join("a.h5"), &[("values.raw", 24), ("more.raw", 16)]);
    assert_holds(&path, &[("x", (1..11).map(|at| f64::from(at * 3)).collect(), false)]);
    let short = external_file(&folder.join("short.h5"), &[("values.raw", 40)]);
    assert!(refusal(&short, "x").contains("too few"));
    let gone = external_file(&folder.join("gone.h5"), &[("gone.raw", 40)]);
    assert!(refusal(&gone, "x").contains("not there"));
    std::os::unix::fs::symlink("../out.raw", folder.join("link.raw")).unwrap();
    let absolute = outer.path().join("out.raw");
    for name in ["../out.raw", absolute.to_str().unwrap(), "link.raw"] {
        let text = refusal(&external_file(&folder.join("leaves.h5"), &[(name, 40)]), "x");
        assert!(text.contains(name) && text.contains("outside of its folder"), "{text}");
        assert!(text.contains("THERMOCLINE_HDF5_OUTSIDE"), "{text}");
    }
}

/// A source of a virtual data set may be another such, and lead elsewhere.
#[test]
fn sources_of_sources_are_held_to_the_same() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("inner");
    fs::create_dir(&folder).unwrap();
    let single = |path: PathBuf, source: (&str, &str), name: &str| {
        let file = File::create(&path).unwrap();
        let x = file.new_dataset::<i32>().shape(4).layout(Layout::Virtual);
        x.virtual_map(source.0, source.1, 4_usize, .., 4_usize, ..).create(name).unwrap();
        file.close().unwrap();
        path
    };
    let last = File::create(outer.path().join("out.h5")).unwrap();
    last.new_dataset::<i32>().shape(4).create("v").unwrap().write_raw(&[1, 2, 3, 4]).unwrap();
    last.close().unwrap();
    single(folder.join("middle.h5"), ("../out.h5", "v"), "m");
    let text = refusal(&single(folder.join("first.h5"), ("middle.h5", "m"), "x"), "x");
    assert!(text.contains("outside of its folder"), "{text}");
    let text = refusal(&single(folder.join("self.h5"), (".", "x"), "x"), "x");
    assert!(text.contains("made of itself"), "{text}");
    // A link to elsewhere within a source.
    let middle = File::create(folder.join("linked.h5")).unwrap();
    middle.link_external("../out.h5", "/v", "m").unwrap();
    middle.close().unwrap();
    let text = refusal(&single(folder.join("follows.h5"), ("linked.h5", "m"), "x"), "x");
    assert!(text.contains("link"), "{text}");
    std::os::unix::fs::symlink("../out.h5", folder.join("alias.h5")).unwrap();
    let text = refusal(&single(folder.join("aliased.h5"), ("alias.h5", "v"), "x"), "x");
    assert!(text.contains("outside of its folder"), "{text}");
}

/// Numbers of odd precision, which the HDF5 library converts, and inflates without bound.
#[test]
fn what_the_library_inflates_is_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.h5");
    let file = File::create(&path).unwrap();
    // SAFETY: the type is a copy, changed before its use, and the library is locked.
    let odd = sync(|| unsafe {
        let odd = h5t::H5Tcopy(*h5t::H5T_STD_I32LE);
        assert!(h5t::H5Tset_precision(odd, 30) >= 0);
        odd
    });
    let values: Vec<i32> = (0..3000).collect();
    for (name, filters) in [("sound", &[1][..]), ("bomb", &[1]), ("twice", &[1, 1]), ("checked", &[1, 3])] {
        crate::hdf5_filters::create_filtered(&file, name, odd, filters).write_raw(&values[..1700]).unwrap();
    }
    let zeros = vec![0_u8; 64 << 20];
    let mut encoder = libdeflater::Compressor::new(libdeflater::CompressionLvl::best());
    let mut deflated = vec![0; encoder.zlib_compress_bound(zeros.len())];
    let length = encoder.zlib_compress(&zeros, &mut deflated).unwrap();
    deflated.truncate(length);
    let mut again = vec![0; encoder.zlib_compress_bound(length)];
    let length = encoder.zlib_compress(&deflated, &mut again).unwrap();
    again.truncate(length);
    crate::hdf5_filters::write_chunk(&file.dataset("bomb").unwrap(), 0, &deflated);
    crate::hdf5_filters::write_chunk(&file.dataset("twice").unwrap(), 0, &again);
    file.close().unwrap();
    let (_scratch, session) = session(16 << 20, 1);
    let data = netcdf::open(&path).unwrap();
    for name in ["sound", "checked"] {
        let x: Array<f64> = data.array(name).unwrap();
        assert_eq!(session.compute(&x.sum(..)).unwrap()[[]], (0..1700).map(f64::from).sum::<f64>(), "{name}");
    }
    for name in ["bomb", "twice"] {
        let x: Array<f64> = data.array(name).unwrap();
        let error = session.compute(&x.sum(..)).unwrap_err().to_string();
        assert!(error.contains("a.h5") && error.contains("can't be inflated to"), "{name}: {error}");
    }
}

/// Groups that hold each other have names without end.
#[test]
fn a_group_is_entered_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.h5");
    let file = File::create(&path).unwrap();
    let group = file.create_group("a/b").unwrap();
    group.new_dataset::<i32>().shape(2).create("x").unwrap();
    file.link_hard("/", "a/b/up").unwrap();
    file.link_hard("/a", "a/b/again").unwrap();
    file.link_hard("/a/b/x", "y").unwrap();
    drop(group);
    file.close().unwrap();
    let data = netcdf::open(&path).unwrap();
    assert_eq!(data.groups(), ["a", "a/b"]);
    assert_eq!(data.variables().iter().map(|info| info.name.as_str()).collect::<Vec<_>>(), ["a/b/x", "y"]);
    assert!(data.unread().iter().all(|other| other.reason.contains("once more") && !other.perhaps_numbers));
    assert_eq!(data.unread().len(), 2);
}

/// A file with `x`, whose halves are those of the files that are named.
fn virtual_file(path: &Path, halves: [&str; 2]) -> PathBuf {
    let file = File::create(path).unwrap();
    let mut x = file.new_dataset::<i32>().shape(8).layout(Layout::Virtual);
    for (name, half) in halves.into_iter().zip([0..4_usize, 4..8]) {
        x = x.virtual_map(name, "v", 4_usize, .., 8_usize, half);
    }
    x.create("x").unwrap();
    file.close().unwrap();
    path.to_owned()
}

#[test]
fn virtual_data_sets_are_read_where_all_their_sources_are_neighbours() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("inner");
    fs::create_dir(&folder).unwrap();
    let source = |path: PathBuf, first: i32| {
        let file = File::create(&path).unwrap();
        let values: Vec<i32> = (first..first + 4).collect();
        file.new_dataset::<i32>().shape(4).create("v").unwrap().write_raw(&values).unwrap();
        file.close().unwrap();
    };
    source(folder.join("a.h5"), 10);
    source(folder.join("b.h5"), 20);
    source(outer.path().join("out.h5"), 30);
    let whole = virtual_file(&folder.join("whole.h5"), ["a.h5", "b.h5"]);
    assert_holds(&whole, &[("x", [10, 11, 12, 13, 20, 21, 22, 23].map(f64::from).to_vec(), false)]);
    // The HDF5 library gives fill values for what is not there, and follows any path.
    let text = refusal(&virtual_file(&folder.join("half.h5"), ["a.h5", "gone.h5"]), "x");
    assert!(text.contains("gone.h5") && text.contains("not there"), "{text}");
    let absolute = outer.path().join("out.h5");
    for outside in ["../out.h5", absolute.to_str().unwrap()] {
        let text = refusal(&virtual_file(&folder.join("leaves.h5"), ["a.h5", outside]), "x");
        assert!(text.contains(outside) && text.contains("outside of its folder"), "{text}");
    }
}

#[test]
fn links_are_followed_nowhere_in_a_path() {
    let folder = tempfile::tempdir().unwrap();
    let other = File::create(folder.path().join("other.h5")).unwrap();
    let group = other.create_group("g").unwrap();
    group.new_dataset::<f64>().shape(3).create("x").unwrap();
    drop(group);
    other.close().unwrap();
    let path = folder.path().join("a.h5");
    let file = File::create(&path).unwrap();
    let group = file.create_group("own").unwrap();
    group.new_dataset::<f64>().shape(3).create("x").unwrap();
    group.link_external("other.h5", "/g", "far").unwrap();
    file.link_external("other.h5", "/g/x", "near").unwrap();
    file.link_soft("/own", "alias").unwrap();
    // The library follows all of them.
    for name in ["near", "own/far/x", "alias/x"] {
        assert_eq!(file.dataset(name).unwrap().shape(), [3]);
    }
    drop(group);
    file.close().unwrap();
    for name in ["near", "own/far/x", "alias/x"] {
        refusal(&path, name);
    }
    assert_eq!(netcdf::open(&path).unwrap().array::<f64>("own/x").unwrap().shape(), [3]);
}

/// A file whose deflated values claim to have gone through filter number `id`.
fn filtered_by(path: &Path, id: u16) {
    // In the oldest form, whose messages have no checksums.
    let file = File::with_options().with_fapl(|access| access.libver_earliest()).create(path).unwrap();
    let x = file.new_dataset::<i32>().chunk(8).deflate(3).shape(16).create("x").unwrap();
    x.write_raw(&(0..16).collect::<Vec<i32>>()).unwrap();
    drop(x);
    file.close().unwrap();
    let mut bytes = fs::read(path).unwrap();
    // The filter's message: number, length of the name, flags, count of parameters, name, parameters padded to 8 bytes.
    let name = bytes.windows(8).position(|window| window == b"deflate\0").unwrap();
    assert_eq!(bytes[name - 8..name], [1, 0, 8, 0, 1, 0, 1, 0]);
    bytes[name - 8..name - 6].copy_from_slice(&id.to_le_bytes());
    bytes[name - 2] = 2;
    bytes[name + 8..name + 16].copy_from_slice(&[32, 0, 0, 0, 8, 0, 0, 0]);
    fs::write(path, bytes).unwrap();
}

#[test]
fn filters_that_are_not_built_in_are_named_and_no_plugin_is_loaded() {
    let folder = tempfile::tempdir().unwrap();
    for (id, filter) in [(4, "szip"), (32003, "snappy"), (32013, "zfp"), (32026, "blosc2"), (31_999, "number 31999")] {
        let path = folder.path().join(format!("{id}.h5"));
        filtered_by(&path, id);
        let text = refusal(&path, "x");
        assert!(text.contains(filter) && text.contains("h5repack"), "{id}: {text}");
    }
    let mut allowed = -1;
    // SAFETY: it writes one number, with the library locked.
    assert!(sync(|| unsafe { H5PLget_loading_state(&raw mut allowed) }) >= 0);
    assert_eq!(allowed, 0);
}

/// Locks fail on many network file systems, and a writer may hold one for long.
#[test]
fn a_locked_file_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.h5");
    let file = File::create(&path).unwrap();
    file.new_dataset::<f64>().shape(3).create("x").unwrap().write_raw(&[1.0, 2.0, 3.0]).unwrap();
    file.close().unwrap();
    // A lock belongs to an open file: to the library this one might as well be held by another process.
    let holder = fs::File::options().read(true).write(true).open(&path).unwrap();
    holder.lock().unwrap();
    let locking = File::with_options().with_fapl(|access| access.file_locking(true)).open(&path);
    assert!(locking.unwrap_err().to_string().contains("lock"));
    let (_scratch, session) = session(64 << 20, 1);
    for direct in [true, false] {
        let x: Array<f64> = netcdf::open(&path).unwrap().direct(direct).array("x").unwrap();
        let found: ArrayD<f64> = session.compute(&x).unwrap();
        assert_eq!(found.as_slice().unwrap(), [1.0, 2.0, 3.0]);
    }
    holder.unlock().unwrap();
}
