//! Files that are not what they should be: absent, something else, cut short, damaged, or made to do damage.
//!
//! What is promised: an error that names the file, or values; no panic, no crash, no hang, no large allocation.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hdf5::dataset::Layout;
use hdf5::filters::ScaleOffset;
use hdf5::{Extent, File};
use thermocline::array::Slice;
use thermocline::io::hdf5 as hdf5_reader;
use thermocline::ndarray::{ArrayD, IxDyn};
use thermocline::{Array, Error, Event, Observer, Session, io::netcdf};

use crate::hdf5_filters::filtered_file;
use crate::ncfile::{NcFile, number, text};
use crate::support::{Random, all, assert_at_rest, builder, data, open_hdf5, session};

/// A variable is looked at in two corners of so many elements along each axis, where it is larger than both.
const CORNER: usize = 64;

/// Opens a file, and reads all that it has, both ways. Says how many variables could be read.
fn exercise(session: &Session, path: &Path) -> usize {
    let names_it = |error: &Error| {
        let (text, name) = (error.to_string(), path.to_str().unwrap());
        assert!(text.contains(name), "{text} does not name {name}");
    };
    let file = match netcdf::open(path) {
        Ok(file) => file,
        Err(error) => {
            names_it(&error);
            return 0;
        }
    };
    let mut read = 0;
    for info in file.variables() {
        for direct in [true, false] {
            let array: Array<f64> = match file.clone().direct(direct).array(&info.name) {
                Ok(array) => array,
                Err(error) => {
                    names_it(&error);
                    continue;
                }
            };
            for part in corners(&array) {
                match session.compute(&part.nansum(..)) {
                    Ok(_) => read += 1,
                    // A chunk may be larger than the session.
                    Err(Error::MemoryLimit { .. }) => {}
                    Err(error) => names_it(&error),
                }
            }
        }
    }
    assert_at_rest(session);
    read
}

/// Parts of an array, all of it if that is not much.
fn corners(array: &Array<f64>) -> Vec<Array<f64>> {
    if array.size() <= 1 << 20 {
        return vec![array.clone()];
    }
    let part = |slice: Slice| array.slice(&vec![slice; array.ndim()]);
    vec![part(Slice::from(..CORNER as isize)), part(Slice::from(-(CORNER as isize)..))]
}

/// A small file with everything in it that is read: attributes, dimensions, several layouts and filters.
fn sound_file(path: &Path) -> PathBuf {
    let mut file = NcFile::create(path);
    file.unlimited("time", &[0.0_f64, 1.0, 2.0, 3.0, 4.0]);
    file.coordinate("lat", &[-60.0_f32, -30.0, 0.0, 30.0, 60.0, 90.0]);
    file.bare_dimension("x", 7);
    let shape = IxDyn(&[5, 6, 7]);
    let values = ArrayD::from_shape_fn(shape, |at| (at[0] * 100 + at[1] * 10 + at[2]) as i16);
    let packed = file.packed("sst", &["time", "lat", "x"], &[1, 4, 7], &values);
    number(&packed, "_FillValue", -999_i16);
    number(&packed, "scale_factor", 0.01_f64);
    text(&packed, "units", "degC");
    file.variable("plain", &["time", "lat", "x"], &values.mapv(f64::from));
    let checked = file.hdf5().new_dataset::<i32>().chunk([3, 6, 7]).shuffle().fletcher32();
    let checked = checked.shape([5, 6, 7]).create("checked").unwrap();
    checked.write(&values.mapv(i32::from).view()).unwrap();
    let compact = file.hdf5().new_dataset::<u8>().layout(Layout::Compact).shape(9).create("compact").unwrap();
    compact.write_raw(&[1_u8, 2, 3, 4, 5, 6, 7, 8, 9]).unwrap();
    drop((packed, checked, compact));
    file.close()
}

#[test]
fn a_file_that_is_not_there_or_something_else_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("absent.nc");
    let error = netcdf::open(&path).unwrap_err();
    assert!(matches!(error, Error::FileIo { .. }), "{error}");
    assert!(error.to_string().contains("absent.nc") && error.to_string().contains("No such file"), "{error}");
    for (content, hint) in [
        (&b"some text\n"[..], "does not begin as an HDF5"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        (b"CDF\x01 and so on", "nccopy"),
        (b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", "gzip"),
        (b"", "empty"),
        (b"\x89HDF\r\n\x1a\n", "can't be opened"),
    ] {
        let path = folder.path().join("text.nc");
        fs::write(&path, content).unwrap();
        for error in [netcdf::open(&path).unwrap_err(), {
            let many = netcdf::open_many(vec![&path]);
            many.and_then(|many| many.array::<f32>("sst")).unwrap_err()
        }] {
            assert!(matches!(error, Error::File { .. }), "{error}");
            assert!(error.to_string().contains("text.nc") && error.to_string().contains(hint), "{error}");
        }
    }
    let error = netcdf::open(folder.path()).unwrap_err().to_string();
    assert!(error.contains("no regular file"), "{error}");
    let error = netcdf::open_many(folder.path().join("*.h5").to_str().unwrap()).unwrap_err().to_string();
    assert!(error.contains("no file matches") && error.contains("*.h5"), "{error}");
}

#[test]
fn an_absent_variable_is_named_with_those_that_there_are() {
    let folder = tempfile::tempdir().unwrap();
    let path = sound_file(&folder.path().join("a.nc"));
    for error in [
        netcdf::open(&path).unwrap().array::<f32>("SST").unwrap_err(),
        netcdf::open_many([&path]).unwrap().array::<f32>("SST").unwrap_err(),
    ] {
        let error = error.to_string();
        assert!(error.contains("a.nc") && error.contains("no variable SST"), "{error}");
        assert!(error.contains("checked, compact, lat, plain, sst, time"), "{error}");
    }
}

#[test]
fn integers_are_given_only_where_nothing_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let path = sound_file(&folder.path().join("a.nc"));
    let file = netcdf::open(&path).unwrap();
    let error = file.array::<i32>("sst").unwrap_err().to_string();
    assert!(error.contains("a.nc") && error.contains("scale_factor"), "{error}");
    let error = file.array::<i16>("checked").unwrap_err().to_string();
    assert!(error.contains("int32") && error.contains("int16"), "{error}");
    assert!(file.array::<i64>("checked").is_ok() && file.mask_and_scale(false).array::<i16>("sst").is_ok());
}

/// A file cut at any length gives an error, or what the whole file gives: nothing else.
fn cut(path: &Path, name: &str, lengths: impl Iterator<Item = usize>) {
    let folder = tempfile::tempdir().unwrap();
    let (_scratch, session) = session(256 << 20, 2);
    let whole = fs::read(path).unwrap();
    let sum = |path: &Path| {
        let array: Array<f64> = netcdf::open(path)?.array(name)?;
        session.compute(&array.nansum(..)).map(|sum| sum[[]])
    };
    let expected = sum(path).unwrap();
    let short = folder.path().join("short.nc");
    let (mut failed, mut count) = (0, 0);
    for length in lengths {
        fs::write(&short, &whole[..length]).unwrap();
        count += 1;
        match sum(&short) {
            Ok(found) => assert!(found.to_bits() == expected.to_bits(), "{length} bytes: {found} for {expected}"),
            Err(error) => {
                failed += 1;
                assert!(error.to_string().contains("short.nc"), "{error}");
            }
        }
    }
    assert!(failed * 10 > count * 9, "{failed} of {count} failed");
    assert_at_rest(&session);
}

#[test]
fn a_file_cut_at_any_length_is_an_error_or_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = sound_file(&folder.path().join("a.nc"));
    let length = fs::metadata(&path).unwrap().len() as usize;
    let step = if all() { 7 } else { length / 150 };
    for name in ["sst", "plain"] {
        cut(&path, name, (0..length).step_by(step).chain(length - 9..length));
    }
}

#[test]
#[cfg_attr(not(real_data), ignore = "needs THERMOCLINE_TEST_DATA")]
fn a_real_day_cut_at_any_length_is_an_error_or_whole() {
    let path = data("sst/oisst/20050101120000-NCEI-L4_GHRSST-SSTblend-AVHRR_OI-GLOB-v02.0-fv02.0.nc");
    let length = fs::metadata(&path).unwrap().len() as usize;
    cut(&path, "analysed_sst", (0..length).step_by(length / 40));
}

#[test]
fn a_broken_chunk_is_an_error_that_says_where() {
    let folder = tempfile::tempdir().unwrap();
    let (_scratch, session) = session(64 << 20, 2);
    let path = sound_file(&folder.path().join("a.nc"));
    let whole = fs::read(&path).unwrap();
    let broken = folder.path().join("broken.nc");
    let mut random = Random::new(1);
    for name in ["sst", "checked"] {
        let chunk = {
            let file = open_hdf5(&path);
            let mut chunks = Vec::new();
            let visited = file.dataset(name).unwrap().chunks_visit(|chunk| {
                chunks.push((chunk.addr as usize, chunk.size as usize));
                0
            });
            visited.unwrap();
            chunks[1]
        };
        let sound: Array<f64> = netcdf::open(&path).unwrap().array(name).unwrap();
        let sound = session.compute(&sound).unwrap();
        let mut failed = 0;
        for _ in 0..40 {
            let mut bytes = whole.clone();
            bytes[chunk.0 + random.below(chunk.1)] ^= 1 << random.below(8);
            fs::write(&broken, bytes).unwrap();
            let file = netcdf::open(&broken).unwrap();
            let array: Array<f64> = file.array(name).unwrap();
            match session.compute(&array) {
                // The last byte of a deflate stream has bits that mean nothing.
                Ok(found) => assert!(found == sound && name == "sst"),
                Err(error) => {
                    let error = error.to_string();
                    assert!(error.contains("broken.nc") && error.contains("damaged chunk"), "{error}");
                    assert!(error.contains(&format!("at address {}", chunk.0)), "{error}");
                    failed += 1;
                }
            }
            let library: Array<f64> = file.direct(false).array(name).unwrap();
            let found = session.compute(&library);
            assert!(
                found.as_ref().map_or_else(|error| error.to_string().contains("broken.nc"), |found| *found == sound)
            );
        }
        assert!(failed >= 35, "{failed}");
    }
    assert_at_rest(&session);
}

/// Tiny files that claim to be huge. What can't be is refused; what can (HDF5 stores nothing for what was never written)
/// is read where it is asked for, within the limit.
#[test]
fn an_absurd_shape_costs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (_scratch, session) = session(64 << 20, 2);
    let path = folder.path().join("huge.nc");
    let file = NcFile::create(&path);
    file.hdf5().new_dataset::<f32>().shape([1 << 40]).create("extent").unwrap();
    file.hdf5().new_dataset::<f64>().shape([1 << 20, 1 << 20, 1 << 17]).create("beyond").unwrap();
    file.hdf5().new_dataset::<f32>().chunk([1, 1 << 20]).deflate(1).shape([1 << 30, 1 << 30]).create("many").unwrap();
    let chunk = file.hdf5().new_dataset::<u8>().chunk([1 << 31]).deflate(1).shape([1 << 31]).create("chunk").unwrap();
    drop(chunk);
    let path = file.close();
    assert!(fs::metadata(&path).unwrap().len() < 16 << 10);
    let file = netcdf::open(&path).unwrap();
    assert_eq!(file.variables().len(), 4);
    for name in ["beyond", "many"] {
        let error = file.array::<f64>(name).unwrap_err();
        assert!(matches!(error, Error::File { .. }), "{error}");
        assert!(error.to_string().contains("huge.nc") && error.to_string().contains(name), "{error}");
    }
    for (name, length) in [("extent", 1 << 40), ("chunk", 1 << 31)] {
        let array: Array<f64> = file.array(name).unwrap();
        assert_eq!(array.shape(), [length]);
        let ends = [Slice::from(..1000), Slice::from(-1000..)];
        for end in ends {
            assert_eq!(session.compute(&array.slice(&[end]).sum(..)).unwrap()[[]], 0.0);
        }
    }
    assert!(session.stats().ledger_peak_bytes < 64 << 20);
    assert_at_rest(&session);
}

/// 73 files that crashed the HDF5 library once, and two texts named `.nc`.
#[test]
#[cfg_attr(not(real_data), ignore = "needs THERMOCLINE_TEST_DATA")]
fn files_that_crashed_hdf5_are_errors_or_values() {
    let (_folder, session) = session(256 << 20, 2);
    let mut paths: Vec<PathBuf> = fs::read_dir(data("hdf5/bad")).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= 74, "{}", paths.len());
    let read: usize = paths.iter().map(|path| exercise(&session, path)).sum();
    assert!(read > 50, "{read} parts of variables could be read");
}

/// Changes a file at random: single bits, bytes, whole words that look like sizes, ranges of zeros, a cut.
fn mutate(whole: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len());
        match random.below(6) {
            0 => bytes[at] ^= 1 << random.below(8),
            1 => bytes[at] = random.next() as u8,
            2 => {
                let word = [0, 1, u64::MAX, u64::MAX >> 1, 1 << 32, 1 << 40, random.next()][random.below(7)];
                let end = bytes.len().min(at + [1, 2, 4, 8][random.below(4)]);
                bytes[at..end].copy_from_slice(&word.to_le_bytes()[..end - at]);
            }
            3 => {
                let end = bytes.len().min(at + random.below(32));
                bytes[at..end].fill(0);
            }
            4 => {
                let from = random.below(bytes.len());
                let count = random.below(64).min(bytes.len() - from.max(at));
                bytes.copy_within(from..from + count, at);
            }
            _ if random.one_in(8) => bytes.truncate(at.max(1)),
            _ => bytes[at] = bytes[at].wrapping_add(1),
        }
    }
    bytes
}

/// What the child is told through its environment.
const MUTANTS: &str = "THERMOCLINE_TEST_MUTANTS";
const ROUNDS: &str = "THERMOCLINE_TEST_ROUNDS";

/// Reads mutants of each file in a process of its own: the C library might abort.
fn exercise_mutants(wholes: &[PathBuf], rounds: u64) {
    let child = |whole: &PathBuf| {
        let mut command = Command::new("timeout");
        command.arg("600").arg(std::env::current_exe().unwrap());
        command.args(["hostile_files::a_child_reads_mutants", "--exact", "--nocapture"]);
        command.env(MUTANTS, whole).env(ROUNDS, rounds.to_string()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    };
    let mut read = 0;
    for some in wholes.chunks(2) {
        let children: Vec<_> = some.iter().map(child).collect();
        for (whole, child) in some.iter().zip(children) {
            let output = child.wait_with_output().unwrap();
            let [out, err] = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
            let last = out.lines().rfind(|line| line.starts_with("seed")).unwrap_or_default();
            assert!(output.status.success(), "{} {last}: {}\n{err}", whole.display(), output.status);
            let line = out.lines().find_map(|line| line.strip_prefix("parts read: "));
            read += line.and_then(|count| count.parse::<usize>().ok()).unwrap();
        }
    }
    assert!(read > 0, "every mutant was refused: they prove nothing");
}

/// Nothing by itself: see above.
#[test]
fn a_child_reads_mutants() {
    let Some(whole) = std::env::var_os(MUTANTS) else { return };
    let rounds: u64 = std::env::var(ROUNDS).unwrap().parse().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (_scratch, session) = session(64 << 20, 2);
    let path = folder.path().join("mutant.h5");
    let bytes = fs::read(&whole).unwrap();
    let mut read = 0;
    for seed in 0..rounds {
        let mutant = mutate(&bytes, &mut Random::new(seed));
        fs::write(&path, mutant).unwrap();
        // Should the process crash, this is the last line.
        println!("seed {seed}");
        read += exercise(&session, &path) + exercise_stored(&session, &path);
    }
    println!("parts read: {read}");
}

/// The same of data sets as they are stored.
fn exercise_stored(session: &Session, path: &Path) -> usize {
    let named = |error: &Error| assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    let file = match hdf5_reader::open(path) {
        Ok(file) => file,
        Err(error) => {
            named(&error);
            return 0;
        }
    };
    let mut read = 0;
    for info in file.datasets() {
        let Some(part) = (match file.array::<f64>(&info.name) {
            Ok(array) => corners(&array).into_iter().next(),
            Err(error) => {
                named(&error);
                None
            }
        }) else {
            continue;
        };
        match session.compute(&part.nansum(..)) {
            Ok(_) => read += 1,
            Err(Error::MemoryLimit { .. }) => {}
            Err(error) => named(&error),
        }
    }
    read
}

/// A file with every layout and every way to find chunks.
fn laid_out_file(path: &Path) -> PathBuf {
    let file = File::with_options().with_fapl(|access| access.libver_latest()).create(path).unwrap();
    let values: Vec<i32> = (0..600).map(|at| at * 7 % 501).collect();
    let new = || file.new_dataset::<i32>();
    let made = [
        new().shape([20, 30]).create("contiguous"),
        new().chunk([20, 30]).deflate(1).shape([20, 30]).create("single"),
        new().chunk([3, 7]).shuffle().deflate(1).shape([20, 30]).create("fixed"),
        new().chunk([3, 7]).fletcher32().shape([Extent::resizable(20), 30.into()]).create("extensible"),
        new().chunk([3, 7]).deflate(1).shape([Extent::resizable(20), Extent::resizable(30)]).create("tree"),
        new().chunk([3, 7]).nbit().deflate(1).shape([20, 30]).create("nbit"),
        new().chunk([3, 7]).scale_offset(ScaleOffset::Integer(0)).deflate(1).shape([20, 30]).create("scaled"),
        new().layout(Layout::Compact).shape([20, 30]).create("compact"),
    ];
    for dataset in made {
        dataset.unwrap().write_raw(&values).unwrap();
    }
    let x = new().shape([20, 30]).layout(Layout::Virtual).virtual_map(".", "tree", [20, 30], .., [20, 30], ..);
    x.create("virtual").unwrap();
    file.close().unwrap();
    path.to_owned()
}

/// How often each file is changed: 1,300 times in all.
#[test]
fn a_file_changed_at_random_is_an_error_or_values() {
    let folder = tempfile::tempdir().unwrap();
    let filtered = folder.path().join("filtered.h5");
    filtered_file(&filtered);
    let paths =
        [sound_file(&folder.path().join("sound.nc")), filtered, laid_out_file(&folder.path().join("laid_out.h5"))];
    exercise_mutants(&paths, if all() { 8_000 } else { 300 });
}

#[test]
#[cfg_attr(not(real_data), ignore = "needs THERMOCLINE_TEST_DATA")]
fn a_real_file_changed_at_random_is_an_error_or_values() {
    let pyfive = ["netcdf4_classic.nc", "dim_scales.hdf5", "compressed_v1.hdf5", "latest.hdf5", "fletcher32.hdf5"];
    let jhdf = ["bitshuffle_datasets.hdf5", "test_chunked_datasets_latest.hdf5", "implicit_index_datasets.hdf5"];
    let more = ["filter_pipeline_v2.hdf5", "new_style_groups.hdf5"];
    let pyfive = pyfive.iter().chain(&more).map(|name| data("hdf5/pyfive").join(name));
    let paths: Vec<PathBuf> = pyfive.chain(jhdf.iter().map(|name| data("hdf5/jhdf").join(name))).collect();
    exercise_mutants(&paths, if all() { 1_500 } else { 40 });
}

/// Does something to a file when the first of its blocks is read.
struct Meddler {
    path: PathBuf,
    meddle: fn(&Path),
    done: AtomicBool,
}

impl Observer for Meddler {
    fn on_event(&self, event: &Event<'_>) {
        if matches!(event, Event::Read { .. }) && !self.done.swap(true, Ordering::SeqCst) {
            (self.meddle)(&self.path);
        }
    }
}

/// What is done to a file, and its name.
type Deed = (&'static str, fn(&Path));

/// Values of a file that is no longer what it was are none (H4).
#[test]
fn a_file_changed_cut_or_removed_while_it_is_read_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let values: Vec<i32> = (0..100_000).collect();
    let deeds: [Deed; 4] = [
        ("cut", |path| fs::File::options().write(true).open(path).unwrap().set_len(5000).unwrap()),
        ("changed", |path| {
            let mut bytes = fs::read(path).unwrap();
            *bytes.last_mut().unwrap() ^= 1;
            fs::write(path, bytes).unwrap();
        }),
        ("removed", |path| fs::remove_file(path).unwrap()),
        ("replaced", |path| {
            fs::copy(path, path.with_extension("new")).unwrap();
            fs::rename(path.with_extension("new"), path).unwrap();
        }),
    ];
    for (deed, meddle) in deeds {
        for (name, direct) in [("chunks", true), ("chunks", false), ("whole", true)] {
            let path = folder.path().join(format!("{deed} {name} {direct}.h5"));
            let file = File::create(&path).unwrap();
            let chunked = file.new_dataset::<i32>().chunk(1000).deflate(1).shape(values.len());
            chunked.create("chunks").unwrap().write_raw(&values).unwrap();
            drop(chunked);
            file.new_dataset::<i32>().shape(values.len()).create("whole").unwrap().write_raw(&values).unwrap();
            file.close().unwrap();
            let (scratch, builder) = builder();
            let meddler = Meddler { path: path.clone(), meddle, done: AtomicBool::new(false) };
            let limit = (64_u64 << 20).to_string().parse().unwrap();
            let session = builder.memory_limit(limit).threads(2).observer(Arc::new(meddler)).build().unwrap();
            let file = netcdf::open(&path).unwrap().direct(direct).block_size("16KiB".parse().unwrap());
            let x: Array<f64> = file.array(name).unwrap();
            let outcome = session.compute(&x.sum(..)).map(|sum| sum[[]]);
            let error = outcome.expect_err(&format!("{deed} {name} {direct}")).to_string();
            assert!(error.contains(path.to_str().unwrap()), "{deed} {name} {direct}: {error}");
            assert_at_rest(&session);
            drop(scratch);
        }
    }
}
