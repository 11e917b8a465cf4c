//! The file that a graph is read from, and the one that its answer is written to.

use std::fmt::Display;
use std::fs::{self, File, Permissions};
use std::io::{BufWriter, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::error::{BenchError, Result};

/// A graph that takes more is none that somebody wrote down.
const LARGEST: u64 = 64 << 20;

/// The text of a file.
pub(super) fn read(path: &Path) -> Result<String> {
    let file = File::open(path).map_err(BenchError::io(path, "opening the file"))?;
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(BenchError::io(path, "reading"))?;
    if bytes.len() as u64 > LARGEST {
        return Err(BenchError::file(path, format!("longer than {LARGEST} bytes, expected a graph in JSON")));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        BenchError::file(path, format!("byte {at} is not UTF-8, expected a graph in JSON"))
    })
}

/// The file that `option` names, for the answer to take its place: a regular file or none, in a folder that is there, and
/// not the graph.
pub(super) fn target(option: &str, path: &Path, graph: &Path) -> Result<PathBuf> {
    let refuse = |what: &str| BenchError::Usage(format!("{option} {}: this is {what}; name another", path.display()));
    let identity = |data: &fs::Metadata| (data.dev(), data.ino());
    match fs::metadata(path) {
        Ok(data) if !data.is_file() => Err(refuse("no regular file")),
        Ok(data) if fs::metadata(graph).is_ok_and(|graph| identity(&graph) == identity(&data)) => {
            Err(refuse("the graph itself"))
        }
        // What a link leads to is written, not the link.
        Ok(_) => fs::canonicalize(path).map_err(BenchError::io(path, "looking it up")),
        Err(_) => match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() && !folder.is_dir() => {
                Err(BenchError::file(path, format!("{} is no folder", folder.display())))
            }
            _ => Ok(path.to_owned()),
        },
    }
}

/// Writes a file that has its name only when it is whole.
pub(super) fn write(path: &Path, content: &impl Display) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let io = |operation| BenchError::io(path, operation);
    let mut builder = tempfile::Builder::new();
    builder.prefix(".bench-graph").permissions(Permissions::from_mode(0o666));
    let file = builder.tempfile_in(folder).map_err(io("creating the file"))?;
    let mut out = BufWriter::new(file);
    write!(out, "{content}").and_then(|()| out.flush()).map_err(io("writing"))?;
    let file = out.into_inner().map_err(|error| io("writing")(error.into_error()))?;
    file.as_file().sync_all().map_err(io("writing"))?;
    file.persist(path).map_err(|error| io("naming the file")(error.error))?;
    Ok(())
}
