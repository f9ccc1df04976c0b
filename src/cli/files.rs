//! Reading and writing: standard output, and files that appear whole or not at all.

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::platform::PlatformError;
use crate::platform::compute::array::Open;
use crate::table::{Energies, Table};

/// Writes to standard output; a reader that has gone away is not an error.
pub(super) fn print(text: &str) -> Result<bool, Error> {
    print_bytes(text.as_bytes())
}

/// Writes bytes to standard output; a reader that has gone away is not an error.
pub(super) fn print_bytes(bytes: &[u8]) -> Result<bool, Error> {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Error::File("standard output".into(), error))
        }
        _ => Ok(true),
    }
}

/// Reads a text file; a byte that is no text is named.
pub(super) fn text(path: &Path) -> std::io::Result<String> {
    String::from_utf8(std::fs::read(path)?).map_err(|error| {
        let byte = error.utf8_error().valid_up_to();
        std::io::Error::new(ErrorKind::InvalidData, format!("byte {byte} is not UTF-8 text"))
    })
}

/// Writes a file under a temporary name and renames it, so that an interruption leaves no half of it.
pub(super) fn write(path: &Path, text: &str) -> Result<(), Error> {
    let failed = |error| Error::File(path.display().to_string(), error);
    std::fs::create_dir_all(parent(path)).map_err(failed)?;
    let mut file = allowing(0o666).tempfile_in(parent(path)).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

/// A kind of folders that are written as a whole.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kind {
    /// The file by which one is known as one of ours.
    pub mark: &'static str,
    /// The argument that names another one.
    pub argument: &'static str,
}

/// Checks that a folder may be written as a whole, before work is done that could not be kept: there is none yet and one can
/// be made, it is empty, or it holds the mark of its kind.
pub(super) fn replaceable(folder: &Path, kind: Kind) -> Result<(), Error> {
    let refuse = |why: String| {
        let (at, argument) = (folder.display(), kind.argument);
        Err(Error::Usage(format!("{at} {why}; name another folder with {argument}")))
    };
    let empty = |folder: &Path| std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none());
    if folder.exists() && !folder.join(kind.mark).exists() && !empty(folder) {
        return refuse(format!("is there already and holds no {}", kind.mark));
    }
    let there = parent(folder).ancestors().find(|above| above.symlink_metadata().is_ok());
    let there = there.unwrap_or(Path::new("."));
    if !there.is_dir() {
        return refuse(format!("cannot be made: {} is no folder", there.display()));
    }
    match tempfile::tempfile_in(there) {
        Ok(_) => Ok(()),
        Err(error) => {
            refuse(format!("cannot be made: no file can be in {} ({})", there.display(), error.kind()))
        }
    }
}

/// The folder that something is in.
fn parent(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Writes a folder of files under a temporary name and renames it; what [`replaceable`] allows to be there goes.
pub(super) fn write_folder(folder: &Path, contents: &[(String, Vec<u8>)], kind: Kind) -> Result<(), Error> {
    replaceable(folder, kind)?;
    let failed = |error| Error::File(folder.display().to_string(), error);
    let beside = parent(folder);
    std::fs::create_dir_all(beside).map_err(failed)?;
    let new = allowing(0o777).tempdir_in(beside).map_err(failed)?;
    for (name, bytes) in contents {
        std::fs::write(new.path().join(name), bytes).map_err(failed)?;
    }
    // The one before is moved aside and goes with the temporary folder that it is in.
    let old = tempfile::tempdir_in(beside).map_err(failed)?;
    if folder.exists() {
        std::fs::rename(folder, old.path().join("old")).map_err(failed)?;
    }
    std::fs::rename(new.keep(), folder).map_err(failed)
}

/// Checks that a file can stand in a place, before work is done that could not be kept: nothing is there, or a file.
pub(super) fn placeable(path: &Path) -> Result<(), Error> {
    if !path.is_dir() {
        return Ok(());
    }
    let at = path.display();
    Err(Error::Usage(format!(
        "no file can be written to {at}: it is a folder; name another folder for results with --out DIR"
    )))
}

/// Makes a folder for results and tries to write there, before work is done that could not be kept.
pub(super) fn writable(folder: &Path) -> Result<(), Error> {
    let tried = std::fs::create_dir_all(folder).and_then(|()| tempfile::tempfile_in(folder));
    tried.map(drop).map_err(|error| {
        let at = folder.display();
        let why = if folder.is_file() { "it is a file".into() } else { error.to_string() };
        Error::Usage(format!(
            "results cannot go to {at}: {why}; name a folder that can be written with --out DIR"
        ))
    })
}

/// Temporary files are for their owner alone; results are for whoever the system's mask of `mode` allows.
fn allowing(mode: u32) -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(mode));
    builder
}

/// Writes a value as JSON to a file, or to standard output for `-`.
pub(super) fn json(path: &Path, value: &impl serde::Serialize) -> Result<(), Error> {
    let mut text = serde_json::to_string_pretty(value).map_err(|error| Error::Usage(error.to_string()))?;
    text.push('\n');
    if path == Path::new("-") { print(&text).map(drop) } else { write(path, &text) }
}

/// Says which files were written.
pub(super) fn written(paths: &[PathBuf]) -> String {
    let paths: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    format!("written: {}\n", paths.join(", "))
}

/// How the files that a multiplier names are opened.
pub(super) const OPEN: Open<'static> = Open { products: &table, energies: &energies };

/// Reads a file of energies.
fn energies(path: &Path) -> Result<Energies, PlatformError> {
    let name = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|error| PlatformError::Energies(format!("{name}: {error}")))?;
    Energies::read(&bytes, &name).map_err(|error| PlatformError::Energies(error.to_string()))
}

/// A product table of a configuration.
fn table(path: &Path, signed: Option<bool>) -> Result<Table, PlatformError> {
    product_table(path, signed).map_err(PlatformError::Table)
}

/// Reads a product table; without a given sign it is signed where its entries fit that better. Errors name the file.
pub(super) fn product_table(path: &Path, signed: Option<bool>) -> Result<Table, String> {
    let name = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|error| format!("{name}: {error}"))?;
    let read = |signed| Table::read(&bytes, &name, signed);
    let table = match signed {
        Some(signed) => read(signed),
        None => read(false).or_else(|error| if error.is_signed() { read(true) } else { Err(error) }),
    };
    table.map_err(|error| error.to_string())
}
