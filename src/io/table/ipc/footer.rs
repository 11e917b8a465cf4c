//! What a file says of itself at its end, checked.

use std::fs::File;

use polars::prelude::{ArrowField, DataType, Schema};
use polars_arrow::io::ipc::format::ipc::planus::ReadAsRoot;
use polars_arrow::io::ipc::format::ipc::{FieldRef, FooterRef};
use polars_arrow::io::ipc::read::{Dictionaries, FileMetadata, deserialize_footer, read_file_dictionaries};

use super::super::input::InputFile;
use super::batch::{At, Batch, check, checked};
use crate::error::Result;

/// What each file ends with, and the length of the footer before it.
const MAGIC: &[u8] = b"ARROW1";
const TAIL: u64 = 10;

/// So deep columns are nested at the most.
const DEEPEST: usize = 64;

/// Dictionaries are read when a file is opened: no more bytes than this.
const MOST_DICTIONARIES: u64 = 256 << 20;

/// A file and what it says.
pub(super) struct Opened {
    pub(super) file: InputFile,
    pub(super) metadata: FileMetadata,
    pub(super) dictionaries: Dictionaries,
    pub(super) batches: Vec<Batch>,
}

impl Opened {
    pub(super) fn new(file: InputFile) -> Result<Self> {
        let opened = file.open()?;
        let footer = read_footer(&file, &opened)?;
        let metadata = file.parsed(|| {
            check_fields(&footer)?;
            deserialize_footer(&footer, file.bytes).map_err(|error| error.to_string())
        })?;
        let blocks = |blocks: &[_]| {
            file.parsed(|| blocks.iter().map(|block| check(&file, &opened, block)).collect::<Result<Vec<_>, _>>())
        };
        let batches = blocks(&metadata.blocks)?;
        let of_dictionaries = blocks(metadata.dictionaries.as_deref().unwrap_or_default())?;
        let bytes: u64 = of_dictionaries.iter().map(|batch| batch.plain).sum();
        if bytes > MOST_DICTIONARIES {
            return Err(
                file.problem(format!("its dictionaries have {bytes} bytes: at most {MOST_DICTIONARIES} can be read"))
            );
        }
        let dictionaries = file.parsed(|| {
            read_file_dictionaries(&mut At::new(&opened, file.bytes), &metadata, &mut Vec::new(), checked())
        })?;
        Ok(Self { file, metadata, dictionaries, batches })
    }

    /// The names and types of its columns.
    pub(super) fn schema(&self) -> Result<Schema> {
        let typed = |field: &ArrowField| (field.name.clone(), DataType::from_arrow_field(field));
        self.file.parsed(|| Ok::<_, String>(self.metadata.schema.iter_values().map(typed).collect()))
    }
}

/// The bytes of the footer.
fn read_footer(file: &InputFile, opened: &File) -> Result<Vec<u8>> {
    let no_ipc =
        || file.problem("it is no Arrow IPC file: it doesn't end as one (a stream has to be made a file before)");
    if file.bytes < TAIL {
        return Err(no_ipc());
    }
    let tail = file.read(opened, file.bytes - TAIL, TAIL)?;
    let (length, magic) = tail.split_at(4);
    if magic != MAGIC {
        return Err(no_ipc());
    }
    let length = length.try_into().map_or(0, u32::from_le_bytes);
    let start = (file.bytes - TAIL).checked_sub(u64::from(length));
    let start = start.ok_or_else(|| file.problem(format!("its footer of {length} bytes is longer than the file")))?;
    file.read(opened, start, u64::from(length))
}

/// Whether columns are not nested deeper, nor more, than anybody means.
fn check_fields(footer: &[u8]) -> Result<(), String> {
    fn visit(field: FieldRef<'_>, depth: usize, left: &mut usize) -> Result<(), String> {
        *left = left.checked_sub(1).ok_or("its footer has more columns than bytes")?;
        if depth > DEEPEST {
            return Err(format!("its columns are nested deeper than {DEEPEST} levels"));
        }
        for child in field.children().map_err(told)?.into_iter().flatten() {
            visit(child.map_err(told)?, depth + 1, left)?;
        }
        Ok(())
    }
    let mut left = footer.len();
    let schema = FooterRef::read_as_root(footer).map_err(told)?.schema().map_err(told)?;
    let fields = schema.ok_or("its footer has no schema")?.fields().map_err(told)?;
    fields.into_iter().flatten().try_for_each(|field| visit(field.map_err(told)?, 0, &mut left))
}

fn told(error: impl std::fmt::Display) -> String {
    format!("its footer is damaged: {error}")
}
