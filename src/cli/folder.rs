//! Folders of files that are written as a whole.

use std::ffi::OsStr;
use std::path::Path;

use serde_json::Value;

use super::files::{allowing, makeable, parent, target};
use crate::error::Error;

/// A kind of folders that are written as a whole.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kind {
    /// The file that says what the others are.
    pub manifest: &'static str,
    /// The argument that names another folder.
    pub argument: &'static str,
    /// Names of the other files, as a manifest tells them; none where it is no manifest of this kind.
    pub files: fn(&Value) -> Option<Vec<String>>,
}

impl Kind {
    /// Names of the files that were written to a folder of this kind.
    fn written(&self, folder: &Path) -> Option<Vec<String>> {
        let manifest = std::fs::read(folder.join(self.manifest)).ok()?;
        let mut names = (self.files)(&serde_json::from_slice(&manifest).ok()?)?;
        names.push(self.manifest.into());
        Some(names)
    }
}

/// Checks that a folder may be written as a whole, before work is done that could not be kept: there is none yet and one can
/// be made, it is empty, or it holds files alone that were written to one of its kind.
pub(super) fn replaceable(folder: &Path, kind: Kind) -> Result<(), Error> {
    let refuse = |why: String, else_do: &str| {
        let (at, argument) = (folder.display(), kind.argument);
        Err(Error::Usage(format!("{at} {why}; {else_do}name another folder with {argument}")))
    };
    if let Some(why) = foreign(folder, kind) {
        return refuse(why, "move that away, or ");
    }
    makeable(parent(&target(folder))).or_else(|why| refuse(format!("cannot be made: {why}"), ""))
}

/// What is in the place of a folder and was not written to it, as a sentence about the folder goes on.
fn foreign(folder: &Path, kind: Kind) -> Option<String> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return folder.exists().then(|| "is there already and is no folder".into());
    };
    let mut names: Vec<_> = entries.flatten().map(|entry| entry.file_name()).collect();
    names.sort();
    if !names.is_empty() && !folder.join(kind.manifest).exists() {
        return Some(format!("is there already and holds no {}", kind.manifest));
    }
    let written = kind.written(folder).unwrap_or_default();
    let is_file =
        |name: &OsStr| folder.join(name).symlink_metadata().is_ok_and(|about| about.file_type().is_file());
    let is_ours = |name: &OsStr| is_file(name) && written.iter().any(|own| name == own.as_str());
    let other = names.iter().find(|name| !is_ours(name))?;
    Some(format!("holds {}, which axsim did not write", other.to_string_lossy()))
}

/// Writes a folder of files under a temporary name and renames it, links followed; what [`replaceable`] allows to be there goes.
pub(super) fn write(folder: &Path, contents: &[(String, Vec<u8>)], kind: Kind) -> Result<(), Error> {
    replaceable(folder, kind)?;
    let failed = |error| Error::File(folder.display().to_string(), error);
    let folder = &target(folder);
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const KIND: Kind = Kind {
        manifest: "about.json",
        argument: "--there DIR",
        files: |about| {
            Some(about["files"].as_array()?.iter().flat_map(Value::as_str).map(Into::into).collect())
        },
    };

    fn contents(name: &str) -> Vec<(String, Vec<u8>)> {
        let about = format!("{{\"files\": [\"{name}\"]}}");
        vec![(name.into(), b"ours".into()), ("about.json".into(), about.into_bytes())]
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn files_of_the_run_before_go_and_those_of_others_stay() {
        let out = tempfile::tempdir().unwrap();
        let folder = out.path().join("golden");
        write(&folder, &contents("a"), KIND).unwrap();
        write(&folder, &contents("b"), KIND).unwrap();
        assert_eq!(names(&folder), ["about.json", "b"]);
        fs::write(folder.join("a"), "mine").unwrap();
        let error = write(&folder, &contents("b"), KIND).unwrap_err().to_string();
        let expected = "golden holds a, which axsim did not write; move that away, or name another folder with --there DIR";
        assert!(error.ends_with(expected), "{error}");
        assert_eq!(fs::read_to_string(folder.join("a")).unwrap(), "mine");
        fs::remove_file(folder.join("a")).unwrap();
        fs::remove_file(folder.join("b")).unwrap();
        fs::create_dir(folder.join("b")).unwrap();
        assert!(write(&folder, &contents("b"), KIND).unwrap_err().to_string().contains("holds b, which"));
    }

    #[test]
    fn a_file_that_is_called_as_the_manifest_and_is_none_stays() {
        let out = tempfile::tempdir().unwrap();
        for text in ["my notes", "{\"mine\": 1}"] {
            fs::write(out.path().join("about.json"), text).unwrap();
            let error = write(out.path(), &contents("a"), KIND).unwrap_err().to_string();
            assert!(error.contains("holds about.json, which axsim did not write"), "{error}");
            assert_eq!(fs::read_to_string(out.path().join("about.json")).unwrap(), text);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_leads_to_the_folder_still() {
        let out = tempfile::tempdir().unwrap();
        let link = out.path().join("link");
        std::os::unix::fs::symlink("there", &link).unwrap();
        for name in ["x", "y"] {
            write(&link, &contents(name), KIND).unwrap();
            assert!(link.is_symlink());
            assert_eq!(names(&out.path().join("there")), ["about.json", name]);
        }
        assert_eq!(names(out.path()), ["link", "there"]);
    }
}
