//! The store of finished points: JSON Lines, appended at once, so that an interruption loses nothing.
//!
//! A line torn by a crash is dropped on reading; every other unreadable line is an error.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use serde_json::Value;

/// Why a store cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file cannot be opened or written.
    #[error("{path}: {source}")]
    File {
        /// The store's path.
        path: String,
        /// What the system says.
        source: io::Error,
    },
    /// A complete line is not a stored point.
    #[error("{path}, line {line}: not a stored point; delete the line or start anew without --resume")]
    Line {
        /// The store's path.
        path: String,
        /// Line number from 1.
        line: usize,
    },
}

/// Finished points by key, and the open file to append to.
pub struct Store {
    path: String,
    file: File,
    done: BTreeMap<String, Value>,
}

impl Store {
    /// Opens a store; with `resume` finished points are read, without it an older store is replaced.
    ///
    /// # Errors
    /// When the file cannot be opened, or a complete line is not a stored point.
    pub fn open(path: &Path, resume: bool) -> Result<Self, StoreError> {
        let name = path.display().to_string();
        let failed = |source| StoreError::File { path: name.clone(), source };
        let text = if resume && path.exists() {
            std::fs::read_to_string(path).map_err(failed)?
        } else {
            String::new()
        };
        // What follows the last line break was torn by an interruption.
        let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
        let done = read(whole, &name)?;
        let file = OpenOptions::new().create(true).append(true).open(path).map_err(failed)?;
        file.set_len(whole.len() as u64).map_err(failed)?;
        Ok(Self { path: name.clone(), file, done })
    }

    /// The finished point of this key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.done.get(key)
    }

    /// Appends a finished point at once.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn append(&mut self, key: &str, point: Value) -> Result<(), StoreError> {
        let line = format!("{}\n", serde_json::json!({ "key": key, "point": point }));
        let written = self.file.write_all(line.as_bytes()).and_then(|()| self.file.flush());
        written.map_err(|source| StoreError::File { path: self.path.clone(), source })?;
        self.done.insert(key.into(), point);
        Ok(())
    }
}

fn read(text: &str, path: &str) -> Result<BTreeMap<String, Value>, StoreError> {
    let parse = |line: &str| {
        let mut record: Value = serde_json::from_str(line).ok()?;
        let key = record.get("key")?.as_str()?.to_string();
        Some((key, record.get_mut("point")?.take()))
    };
    let point = |(at, line)| parse(line).ok_or(StoreError::Line { path: path.into(), line: at + 1 });
    text.lines().enumerate().map(point).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_last_line_is_dropped_and_the_rest_resumed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("points.jsonl");
        let mut store = Store::open(&path, false).unwrap();
        store.append("a", serde_json::json!(1)).unwrap();
        store.append("b", serde_json::json!(2)).unwrap();
        drop(store);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, &text[..text.len() - 4]).unwrap();
        let mut store = Store::open(&path, true).unwrap();
        assert_eq!(store.get("a"), Some(&serde_json::json!(1)));
        assert_eq!(store.get("b"), None);
        store.append("b", serde_json::json!(3)).unwrap();
        drop(store);
        assert_eq!(Store::open(&path, true).unwrap().get("b"), Some(&serde_json::json!(3)));
        assert_eq!(Store::open(&path, false).unwrap().get("a"), None);
    }

    #[test]
    fn a_foreign_line_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("points.jsonl");
        std::fs::write(&path, "{\"key\": \"a\", \"point\": 1}\nhello\n").unwrap();
        let Err(error) = Store::open(&path, true) else { panic!("a foreign line was read") };
        assert!(error.to_string().contains("line 2"));
    }
}
