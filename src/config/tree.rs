//! The untyped tree between YAML text and typed data.

use std::path::Path;

use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use serde_json::Value;

use super::error::ConfigError;
use super::preset::KINDS;
use super::source::Source;

pub(super) fn parse(text: &str, name: &str) -> Result<(Value, Source), ConfigError> {
    // Some editors begin a text with a mark of its encoding.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let source = Source::read(text, name)?;
    let value = serde_yaml::from_str(text).map_err(|error| {
        let at = error.location().map_or(0, |location| location.index().min(text.len()));
        let at = (0..=at).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
        source.error(at..at, error.to_string())
    })?;
    match value {
        Value::Object(_) => Ok((value, source)),
        _ => Err(source.error(0..text.len(), "the file is not a mapping of keys to values".into())),
    }
}

pub(super) fn typed<T: DeserializeOwned>(tree: &Value) -> Result<T, (Vec<String>, String)> {
    use serde_path_to_error::Segment;
    serde_path_to_error::deserialize(tree).map_err(|error| {
        let segment = |segment: &Segment| match segment {
            Segment::Seq { index } => index.to_string(),
            Segment::Map { key } => key.clone(),
            Segment::Enum { variant } => variant.clone(),
            Segment::Unknown => "?".into(),
        };
        (error.path().iter().map(segment).collect(), error.inner().to_string())
    })
}

/// Reads a key that stands there, so that nothing, and what is no number, are not taken for a key left out.
pub(super) fn written<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

pub(super) fn at_mut<'a>(tree: &'a mut Value, path: &[String]) -> Option<&'a mut Value> {
    path.iter().try_fold(tree, |here, segment| here.get_mut(segment))
}

pub(super) fn sole_kind(value: &Value) -> Option<(&String, &Value)> {
    let map = value.as_object().filter(|map| map.len() == 1)?;
    map.iter().next().filter(|(kind, _)| KINDS.contains(&kind.as_str()))
}

/// Makes the relative path of every `{table: FILE}` and `energy_table: FILE` start where the program runs.
pub(super) fn rebase_tables(value: &mut Value, dir: &Path) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map.iter_mut() {
                match inner {
                    Value::String(file) if ["table", "energy_table"].contains(&&**key) => {
                        *file = dir.join(&*file).to_string_lossy().into_owned()
                    }
                    inner => rebase_tables(inner, dir),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rebase_tables(item, dir)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_of_the_encoding_before_a_text_is_no_part_of_it() {
        assert_eq!(parse("\u{feff}seed: 3\n", "a.yaml").unwrap().0, serde_json::json!({"seed": 3}));
    }

    #[test]
    fn of_a_line_that_is_too_long_to_be_shown_the_place_is_told() {
        let text = format!("{}{{seed: 1, seed: 2}}", " ".repeat(70_000));
        let error = parse(&text, "a.yaml").unwrap_err();
        assert_eq!(error.to_string(), "a.yaml:1:70011: `seed` is given twice");
        let told = format!("{:?}", miette::Report::new(error));
        assert!(told.contains("keep one of the two") && told.len() < 1000, "{told}");
    }
}
