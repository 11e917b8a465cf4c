//! `bench checksum`: the SHA-256 of what each data set of an HDF5 file holds, so that other readers can be compared with.
//!
//! Values are hashed as they are stored, bit by bit, in C order, the least byte first: what `h5py` gives for
//! `dataset[...].tobytes()`. They are computed in [pieces](slabs::Slabs) that follow each other in C order, within the
//! session's limit; where these would read the file's chunks again and again, the values are first put in that order, on
//! scratch where memory does not hold them.
//!
//! What a file claims is not believed: one that has more values than can be stored in it is not hashed unless that is
//! asked for, as it may take for ever.

mod slabs;
mod window;

use std::path::Path;
use std::sync::Arc;

use serde::Serialize;
use sha2::{Digest, Sha256};
use thermocline::array::{Region, Slice, Source};
use thermocline::chunk::Element;
use thermocline::io::hdf5::{self, DatasetInfo, File, ReadPath, Real, Variable};
use thermocline::{Array, ByteSize, Session};

use self::slabs::Slabs;
use self::window::Window;
use crate::cli::Checksum;
use crate::error::{BenchError, Result};
use crate::interrupt::Interrupt;
use crate::print;
use crate::report::Json;

/// A piece has at most so many bytes, and at most this part of the limit.
const PIECE: u64 = 16 << 20;
const PIECE_SHARE: u64 = 16;

/// An array of at most this part of the limit is computed at once where its pieces would read chunks again and again.
const WHOLE_SHARE: u64 = 4;

/// So many bytes of values may be hashed of any file, however little is stored in it.
const ANYWAY: u64 = 4 << 30;

/// What is stored in a file can make so many bytes of values of each of its bytes: twice what deflate can.
const EXPANSION: u64 = 2 * 1032;

/// So many bytes are hashed at once.
const HASHED: usize = 64 << 10;

/// What is told of a data set. Other programs rely on the names.
#[derive(Debug, Serialize)]
struct Line {
    name: String,
    shape: Option<Vec<usize>>,
    dtype: Option<&'static str>,
    sha256: Option<String>,
    error: Option<String>,
    path: Option<&'static str>,
}

/// What is told of a file.
#[derive(Debug, Default, Serialize)]
struct Told {
    variables: Vec<Line>,
    /// Why there are none, where the file can't be looked at.
    error: Option<String>,
}

/// Prints a line for each data set, and writes the JSON whatever happens.
pub(crate) fn checksum(options: &Checksum, interrupt: &Interrupt) -> Result<()> {
    let json = options.json.as_deref().map(Json::create).transpose()?;
    let session = options.settings.session()?;
    let work = {
        let (session, options) = (session.clone(), options.clone());
        move || tell(&session, &options)
    };
    let outcome = interrupt.guard(work, |end| {
        if end {
            session.cancel();
        }
    });
    let (told, failure) = match outcome {
        Ok(told) => {
            let errors = told.variables.iter().filter(|line| line.error.is_some()).count();
            let failure = (errors > 0).then(|| {
                BenchError::file(&options.file, format!("{errors} of {} can't be read", told.variables.len()))
            });
            (told, failure)
        }
        Err(error) => (Told { error: Some(error.line()), ..Told::default() }, Some(error)),
    };
    let written = json.map_or(Ok(()), |json| json.write(&told));
    print(&told.variables.iter().map(Line::shown).collect::<String>())?;
    failure.map_or(written, Err)
}

fn tell(session: &Session, options: &Checksum) -> Result<Told> {
    let size = std::fs::metadata(&options.file).map_err(BenchError::io(&options.file, "opening"))?.len();
    let file = hdf5::open(&options.file)?.direct(!options.library);
    let mut left = if options.sparse { u64::MAX } else { ANYWAY.max(size.saturating_mul(EXPANSION)) };
    let mut told = Told::default();
    let named = options.variables.iter().map(|name| format!("/{}", name.trim_start_matches('/')));
    let wanted: Vec<String> = if options.variables.is_empty() { everything(&file) } else { named.collect() };
    for name in wanted {
        let line = match file.datasets().iter().find(|info| info.name == name) {
            Some(info) => line(session, &file, info, &mut left)?,
            None => Line::unread(&name, unread(&file, &name)),
        };
        told.variables.push(line);
    }
    Ok(told)
}

/// The names of all that holds numbers, and of what might.
fn everything(file: &File) -> Vec<String> {
    let numbers = file.datasets().iter().map(|info| &info.name);
    let damaged = file.unread().iter().filter(|other| other.perhaps_numbers).map(|other| &other.name);
    numbers.chain(damaged).cloned().collect()
}

/// Why there are no values of that name.
fn unread(file: &File, name: &str) -> String {
    let other = file.unread().iter().find(|other| other.name == name);
    other.map_or_else(|| "there is no such data set in the file".to_owned(), |other| other.reason.clone())
}

/// A data set's line. Only what ends all of the work is an error.
fn line(session: &Session, file: &File, info: &DatasetInfo, left: &mut u64) -> Result<Line> {
    let read = match info.item_size() {
        1 => read::<u8>(session, file, info, left),
        2 => read::<u16>(session, file, info, left),
        4 => read::<u32>(session, file, info, left),
        _ => read::<u64>(session, file, info, left),
    };
    let mut line = Line::of(info);
    match read {
        Ok((sha256, path)) => (line.sha256, line.path) = (Some(sha256), path),
        Err(error) if error.is_cancelled() => return Err(error),
        Err(error) => line.error = Some(error.line()),
    }
    Ok(line)
}

/// The hash of a data set's values, and which way they were read.
fn read<T: Bits>(
    session: &Session,
    file: &File,
    info: &DatasetInfo,
    left: &mut u64,
) -> Result<(String, Option<&'static str>)> {
    let Some(shape) = &info.shape else { return Ok((hexadecimal(Sha256::new()), None)) };
    let bytes = shape.iter().fold(size_of::<T>() as u64, |bytes, &length| bytes.saturating_mul(length as u64));
    *left = left.checked_sub(bytes).ok_or_else(|| too_many(file.path(), bytes))?;
    let limit = session.config().memory_limit().bytes();
    let piece = PIECE.min(limit / PIECE_SHARE);
    let variable: Variable<T> = file.clone().block_size(ByteSize::new(piece)).bits(&info.name)?;
    let path = if variable.read_path() == ReadPath::Direct { "direct" } else { "library" };
    let unit = variable.unit();
    let mut slabs = Slabs::new(shape, &unit, (piece / size_of::<T>() as u64) as usize);
    let again = slabs.reads_of(&unit) > 1;
    if again && bytes <= limit / WHOLE_SHARE {
        slabs = Slabs::new(shape, &unit, usize::MAX);
    } else if again {
        let array = session.persist(&Array::from_source(variable).rechunk(slabs.lengths()))?;
        let hash = hash(session, &slabs, |Region { start, shape }| {
            let range = |(&start, &length): (&usize, &usize)| start as isize..(start + length) as isize;
            array.slice(&start.iter().zip(&shape).map(|axis| Slice::from(range(axis))).collect::<Vec<_>>())
        })?;
        return Ok((hash, Some(path)));
    }
    let variable = Arc::new(variable);
    let hash = hash(session, &slabs, |region| Array::from_source(Window::new(variable.clone(), region)))?;
    Ok((hash, Some(path)))
}

fn too_many(path: &Path, bytes: u64) -> BenchError {
    let bytes = ByteSize::new(bytes);
    let problem =
        format!("its {bytes} are more than the file can hold: almost nothing of it was ever written; --sparse");
    BenchError::file(path, format!("{problem} hashes it all the same"))
}

/// The hash of pieces, each as it is computed; meanwhile the next one is.
fn hash<T: Bits>(session: &Session, slabs: &Slabs, piece: impl Fn(Region) -> Array<T>) -> Result<String> {
    let submit = |region| session.submit(piece(region));
    let mut hash = Sha256::new();
    let mut pieces = slabs.iter();
    let mut next = pieces.next().map(submit).transpose()?;
    while let Some(running) = next {
        let values = running.wait()?;
        next = pieces.next().map(submit).transpose()?;
        let values = values.as_standard_layout();
        let mut bytes = Vec::with_capacity(HASHED);
        for part in values.as_slice().unwrap_or_default().chunks(HASHED / size_of::<T>()) {
            bytes.clear();
            T::append(part, &mut bytes);
            hash.update(&bytes);
        }
    }
    Ok(hexadecimal(hash))
}

fn hexadecimal(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Stored numbers, bit by bit.
trait Bits: Real + Element {
    /// Appends their bytes, of each the least first.
    fn append(values: &[Self], bytes: &mut Vec<u8>);
}

macro_rules! bits {
    ($($t:ident),+) => {$(
        impl Bits for $t {
            fn append(values: &[Self], bytes: &mut Vec<u8>) {
                bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
            }
        }
    )+};
}
bits!(u8, u16, u32, u64);

impl Line {
    fn of(info: &DatasetInfo) -> Self {
        let DatasetInfo { name, shape, .. } = info;
        let (name, shape) = (name.clone(), shape.clone());
        Self { name, shape, dtype: Some(info.code()), sha256: None, error: None, path: None }
    }

    fn unread(name: &str, reason: String) -> Self {
        let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
        Self { name: name.to_owned(), shape: None, dtype: None, sha256: None, error: Some(reason), path: None }
    }

    /// `fd2e… <i2 [12, 720, 1440] direct /sst`
    fn shown(&self) -> String {
        let name = crate::info::clean(&self.name);
        if let Some(error) = &self.error {
            return format!("{name}: {}\n", crate::info::clean(error));
        }
        let shape = self.shape.as_ref().map_or_else(|| "null".to_owned(), |shape| format!("{shape:?}"));
        let (sha256, dtype) = (self.sha256.as_deref().unwrap_or_default(), self.dtype.unwrap_or_default());
        format!("{sha256} {dtype} {shape} {} {name}\n", self.path.unwrap_or("nothing"))
    }
}
