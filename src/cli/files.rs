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
    let written = heard(out.write_all(bytes).and_then(|()| out.flush()));
    written.map(|()| true).map_err(|error| Error::File("standard output".into(), error))
}

/// Reads a text file; a byte that is no text is named.
pub(super) fn text(path: &Path) -> std::io::Result<String> {
    String::from_utf8(std::fs::read(path)?).map_err(|error| {
        let byte = error.utf8_error().valid_up_to();
        std::io::Error::new(ErrorKind::InvalidData, format!("byte {byte} is not UTF-8 text"))
    })
}

/// Writes a file, links followed; what is there and is no file, such as a device or a pipe, is written through.
pub(super) fn write(path: &Path, text: &str) -> Result<(), Error> {
    let written = match std::fs::metadata(path) {
        Ok(there) if !there.is_file() => through(path, text),
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => whole(&target(path), text),
    };
    written.map_err(|error| Error::File(path.display().to_string(), error))
}

/// Writes to what is there.
fn through(path: &Path, text: &str) -> std::io::Result<()> {
    heard(std::fs::OpenOptions::new().write(true).open(path)?.write_all(text.as_bytes()))
}

/// Writes a file under a temporary name and renames it, so that an interruption leaves no half of it.
fn whole(path: &Path, text: &str) -> std::io::Result<()> {
    std::fs::create_dir_all(parent(path))?;
    let mut file = allowing(0o666).tempfile_in(parent(path))?;
    file.write_all(text.as_bytes())?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// A reader that has gone away is not an error.
fn heard(written: std::io::Result<()>) -> std::io::Result<()> {
    written.or_else(|error| if error.kind() == ErrorKind::BrokenPipe { Ok(()) } else { Err(error) })
}

/// Where a path leads by its links, of which systems follow 40 at most.
pub(super) fn target(path: &Path) -> PathBuf {
    let next = |path: &PathBuf| Some(parent(path).join(std::fs::read_link(path).ok()?));
    std::iter::successors(Some(path.to_path_buf()), next).take(40).last().unwrap_or_default()
}

/// The folder that something is in.
pub(super) fn parent(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Checks that a folder is there or can be made, and files in it; else tells why not.
pub(super) fn makeable(folder: &Path) -> Result<(), String> {
    let there = folder.ancestors().find(|above| above.symlink_metadata().is_ok());
    let there = there.unwrap_or(Path::new("."));
    if !there.is_dir() {
        return Err(format!("{} is no folder", there.display()));
    }
    let tried = tempfile::tempfile_in(there).map(drop);
    tried.map_err(|error| format!("no file can be in {} ({})", there.display(), error.kind()))
}

/// Checks that a file can stand in a place, before work is done that could not be kept: one can be made there, or what is there
/// can be written through; `else_do` tells what to do where it cannot.
pub(super) fn placeable(path: &Path, else_do: &str) -> Result<(), Error> {
    let why = match std::fs::metadata(path) {
        Ok(there) if there.is_dir() => "it is a folder".into(),
        Ok(there) if !there.is_file() => return Ok(()),
        _ => match makeable(parent(&target(path))) {
            Ok(()) => return Ok(()),
            Err(why) => why,
        },
    };
    Err(Error::Usage(format!("no file can be written to {}: {why}; {else_do}", path.display())))
}

/// Checks that JSON can be written where `--json` says, if it does.
pub(super) fn json_placeable(path: Option<&Path>) -> Result<(), Error> {
    let path = path.filter(|path| *path != Path::new("-"));
    path.map_or(Ok(()), |path| placeable(path, "name another file with --json FILE"))
}

/// Checks that results can be written to a folder, before work is done that could not be kept; nothing is made yet.
pub(super) fn writable(folder: &Path) -> Result<(), Error> {
    makeable(folder).map_err(|why| {
        let at = folder.display();
        let why = if folder.is_file() { "it is a file".into() } else { why };
        Error::Usage(format!(
            "results cannot go to {at}: {why}; name a folder that can be written with --out DIR"
        ))
    })
}

/// Temporary files are for their owner alone; results are for whoever the system's mask of `mode` allows.
pub(super) fn allowing(mode: u32) -> tempfile::Builder<'static, 'static> {
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

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::{FileTypeExt, symlink};
    use std::process::Command;

    #[test]
    fn a_pipe_is_written_through_also_behind_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let [pipe, link] = ["pipe", "link"].map(|name| folder.path().join(name));
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        symlink("pipe", &link).unwrap();
        for path in [&pipe, &link] {
            placeable(path, "").unwrap();
            let reader = std::thread::spawn({
                let pipe = pipe.clone();
                move || fs::read_to_string(pipe).unwrap()
            });
            write(path, "read").unwrap();
            assert_eq!(reader.join().unwrap(), "read");
        }
        assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo() && link.is_symlink());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn links_stay_and_what_they_lead_to_is_written_also_where_nothing_was() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("inner")).unwrap();
        symlink("inner/second", at("first")).unwrap();
        symlink("../file", at("inner/second")).unwrap();
        for text in ["new", "replaced"] {
            write(&at("first"), text).unwrap();
            assert_eq!(fs::read_to_string(at("file")).unwrap(), text);
            assert!(at("first").is_symlink() && at("inner/second").is_symlink());
        }
    }

    #[test]
    fn links_in_a_circle_lead_nowhere_and_stay() {
        let folder = tempfile::tempdir().unwrap();
        let [one, other] = ["one", "other"].map(|name| folder.path().join(name));
        symlink(&one, &other).unwrap();
        symlink(&other, &one).unwrap();
        assert!(write(&one, "text").is_err());
        assert!(one.is_symlink() && other.is_symlink());
    }

    #[test]
    fn a_place_where_no_file_can_be_is_told_with_the_reason() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let told = |path: &Path| placeable(path, "go elsewhere").unwrap_err().to_string();
        assert!(told(folder.path()).ends_with(": it is a folder; go elsewhere"));
        assert!(told(&file.join("json")).ends_with("file is no folder; go elsewhere"));
        placeable(&file, "").unwrap();
        placeable(&folder.path().join("new/json"), "").unwrap();
    }
}
