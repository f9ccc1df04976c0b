//! Where in a YAML text every key and value stands.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use miette::{NamedSource, SourceSpan};
use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use super::error::ConfigError;

/// Bytes of a line that is shown; of a longer one its place is told.
const WIDEST: usize = 1000;

/// Bytes of a key and of its value.
#[derive(Debug, Clone)]
struct Place {
    key: Range<usize>,
    value: Range<usize>,
}

/// A text with the place of every path in it.
#[derive(Debug, Clone)]
pub(super) struct Source {
    named: Arc<NamedSource<String>>,
    places: HashMap<Vec<String>, Place>,
}

/// An open mapping or sequence while events are read.
struct Open {
    mapping: bool,
    key: Option<(String, Range<usize>)>,
    items: usize,
    start: usize,
}

impl Source {
    /// Reads the places of `text`; a syntax error, a key given twice or a number that is not finite is an error at its line.
    pub(super) fn read(text: &str, name: &str) -> Result<Self, ConfigError> {
        let named = Arc::new(NamedSource::new(name, text.to_string()));
        let mut source = Self { named, places: HashMap::new() };
        let offsets: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        let bytes = |span: Span| {
            let at = |index: usize| offsets[index.min(offsets.len() - 1)];
            at(span.start.index())..at(span.end.index())
        };
        let (mut open, mut path) = (Vec::<Open>::new(), Vec::<String>::new());
        for event in Parser::new_from_str(text) {
            let (event, span) = event.map_err(|error| {
                let at = offsets[error.marker().index().min(offsets.len() - 1)];
                source.error(at..at, error.info().into()).label("the text stops being YAML here")
            })?;
            source.take(event, bytes(span), &mut open, &mut path)?;
        }
        Ok(source)
    }

    fn take(
        &mut self,
        event: Event<'_>,
        bytes: Range<usize>,
        open: &mut Vec<Open>,
        path: &mut Vec<String>,
    ) -> Result<(), ConfigError> {
        match event {
            Event::Scalar(text, ScalarStyle::Plain, ..) if is_beyond_numbers(&text) => {
                let message = format!("`{text}` is no number; write a finite one, or leave the key out");
                Err(self.error(bytes, message))
            }
            Event::Scalar(text, ..) => self.leaf(&text, bytes, open, path),
            Event::Alias(_) => self.leaf("*", bytes, open, path),
            Event::MappingStart(..) | Event::SequenceStart(..) => {
                let mapping = matches!(event, Event::MappingStart(..));
                enter(open, path);
                open.push(Open { mapping, key: None, items: 0, start: bytes.start });
                Ok(())
            }
            Event::MappingEnd | Event::SequenceEnd => {
                let start = open.pop().map_or(bytes.start, |closed| closed.start);
                self.leave(start..bytes.start.max(start), open, path);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn leaf(
        &mut self,
        text: &str,
        bytes: Range<usize>,
        open: &mut [Open],
        path: &mut Vec<String>,
    ) -> Result<(), ConfigError> {
        if let Some(top) = open.last_mut().filter(|top| top.mapping && top.key.is_none()) {
            top.key = Some((text.to_string(), bytes.clone()));
            path.push(text.to_string());
            let twice = self.places.contains_key(path);
            path.pop();
            return if twice { Err(self.twice(text, bytes)) } else { Ok(()) };
        }
        enter(open, path);
        self.leave(bytes, open, path);
        Ok(())
    }

    /// Records the value that ends here and goes back to its parent.
    fn leave(&mut self, value: Range<usize>, open: &mut [Open], path: &mut Vec<String>) {
        let Some(parent) = open.last_mut() else { return };
        let key = parent.key.take().map_or(value.clone(), |(_, bytes)| bytes);
        parent.items += 1;
        self.places.insert(path.clone(), Place { key, value });
        path.pop();
    }

    fn twice(&self, key: &str, bytes: Range<usize>) -> ConfigError {
        self.error(bytes, format!("`{key}` is given twice"))
            .label("second time")
            .help("keep one of the two; a later one does not silently win")
    }

    /// An error at a range of bytes.
    pub(super) fn error(&self, bytes: Range<usize>, message: String) -> ConfigError {
        let text = self.named.inner();
        // A caret needs at least one character; at the end of the text it points at the last one.
        let end = bytes.end.max(bytes.start).min(text.len());
        let start = bytes.start.min(end);
        let shown = &text[start..end];
        let first_line = shown.split('\n').next().unwrap_or("").trim_end().len();
        let before = &text[text[..start].rfind('\n').map_or(0, |at| at + 1)..start];
        if before.len() + first_line > WIDEST {
            let (line, column) = (text[..start].matches('\n').count() + 1, before.chars().count() + 1);
            return ConfigError::new(format!("{}:{line}:{column}: {message}", self.named.name()));
        }
        ConfigError::new(message).at(self.named.clone(), SourceSpan::from((start, first_line)))
    }

    /// An error at a path: at the value, or at the key where `at_key`; `None` where the path is not written here.
    pub(super) fn error_at(&self, path: &[String], at_key: bool, message: &str) -> Option<ConfigError> {
        let place = self.places.get(path)?;
        let bytes = if at_key { &place.key } else { &place.value };
        Some(self.error(bytes.clone(), message.to_string()))
    }

    /// How many leading segments of `path` are written here.
    pub(super) fn depth(&self, path: &[String]) -> usize {
        (0..=path.len()).rev().find(|&n| self.places.contains_key(&path[..n])).unwrap_or(0)
    }
}

/// Whether YAML reads a text as a number that is infinite or none, which a tree of keys and values cannot hold.
fn is_beyond_numbers(text: &str) -> bool {
    let size = text.trim_start_matches(['+', '-']);
    let too_large = || {
        size.starts_with(|first: char| first.is_ascii_digit() || first == '.')
            && size.parse() == Ok(f64::INFINITY)
    };
    [".nan", ".inf"].iter().any(|word| size.eq_ignore_ascii_case(word)) || too_large()
}

/// Steps into the value that starts: a mapping's pending key or a sequence's next index.
fn enter(open: &mut [Open], path: &mut Vec<String>) {
    let Some(parent) = open.last() else { return };
    match &parent.key {
        Some((key, _)) => path.push(key.clone()),
        None => path.push(parent.items.to_string()),
    }
}
