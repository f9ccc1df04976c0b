//! What is wrong with a configuration, in our words.

use std::sync::Arc;

use miette::{Diagnostic, NamedSource, SourceSpan};

use super::preset::PLATFORMS;
use super::schema;

/// What is wrong with a configuration, and where.
#[derive(Debug, Clone, thiserror::Error, Diagnostic)]
#[error("{message}")]
pub struct ConfigError {
    message: String,
    label: String,
    #[source_code]
    text: Option<Arc<NamedSource<String>>>,
    #[label("{label}")]
    span: Option<SourceSpan>,
    #[help]
    help: Option<String>,
}

impl ConfigError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), label: "here".into(), text: None, span: None, help: None }
    }
    pub(super) fn at(mut self, text: Arc<NamedSource<String>>, span: SourceSpan) -> Self {
        (self.text, self.span) = (Some(text), Some(span));
        self
    }
    pub(super) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
    pub(super) fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help = help.or(self.help);
        self
    }
}

/// That a floor is none.
pub(super) const NO_SHARE: &str = "`floor` is not a share from 0 to 1; write `1 %` or 0.01";

/// That a value of the right type is none that a key takes.
pub(super) fn out_of_range(key: &str, rule: &str) -> String {
    format!("`{key}` is out of range: {rule}")
}

/// Splits what serde says of the value at a path into a sentence and a suggestion.
pub(super) fn reworded(path: &[String], message: &str) -> (String, Option<String>) {
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    for (start, word) in [("unknown field", "key"), ("unknown variant", "value")] {
        if message.starts_with(start)
            && let Some((bad, known)) = quoted.split_first()
        {
            return (format!("unknown {word} `{bad}`"), not_here(bad, known).or_else(|| suggest(bad, known)));
        }
    }
    if message.contains("expected map with a single key") {
        let message = "exactly one kind is expected here as the only key; check its spelling";
        return (message.into(), None);
    }
    if message.contains("untagged enum Share") {
        return (NO_SHARE.into(), None);
    }
    if message.contains("unit variant, expected newtype variant") {
        let message = "this kind takes a value of its own";
        return (
            message.into(),
            Some("write it as a key with that value behind it, as `layer: NAME` of a link's payload".into()),
        );
    }
    match message.strip_prefix("missing field") {
        Some(rest) => (format!("missing key{rest}"), path.is_empty().then(|| whole(rest)).flatten()),
        None => (plain(path, message), None),
    }
}

/// What a configuration needs at least.
fn whole(key: &str) -> Option<String> {
    let presets: Vec<String> = PLATFORMS.iter().map(|(name, _)| format!("`{name}`")).collect();
    match key.trim() {
        "`platform`" => {
            Some(format!("write `platform: NAME` with one of {}, or one of your own", presets.join(", ")))
        }
        "`workload`" => Some("write `workload: FILE.yaml`, the file of a model and its data".into()),
        _ => None,
    }
}

/// Why plain integers have no such key, which other tools give them.
fn not_here(bad: &str, known: &[&str]) -> Option<String> {
    let why = match bad {
        "block" => {
            "integers have a step a `group` of weights, as `{int: {bits: 4, group: 16}}`; blocks with powers of two are `{mxint: {bits: 4, \
             block: 16}}`"
        }
        "scales" | "granularity" => {
            "a scale is that of a filter (of all weights with `weight_scales: per_tensor`) and of a tensor of activations, or with \
             `scale: token` of each of their tokens"
        }
        _ => return None,
    };
    (known == ["bits", "group", "scale"]).then(|| why.into())
}

/// Names of the programming language in the words of the file.
fn plain(path: &[String], message: &str) -> String {
    let Some((found, expected)) = message.split_once(", expected ") else { return message.into() };
    let whole = matches!(expected, "u32" | "u64" | "usize").then(|| schema::whole_number(path));
    if let (Some(whole), Some(key)) = (&whole, path.last())
        && found.starts_with("invalid value: integer")
    {
        return out_of_range(key, &format!("write {whole}"));
    }
    let number = whole.is_some() || expected == "f64";
    let expected = match expected {
        _ if whole.is_some() => whole.as_deref().unwrap_or_default(),
        "f64" => "a number",
        "a string" | "path string" => "a text",
        "a sequence" => "a list",
        expected if expected.starts_with("struct ") || expected == "a map" => "a mapping of keys to values",
        expected => expected,
    };
    if number && found == "invalid type: null" {
        return format!("{expected} is expected, and nothing stands there");
    }
    format!("{found}, expected {expected}")
}

/// Up to three of the known names that are nearly this one, or end like it, the nearest first.
pub(crate) fn near<'a>(bad: &str, known: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let alike = |name: &str| {
        let last = name.rsplit('.').next().unwrap_or(name);
        strsim::jaro_winkler(bad, name).max(if bad.contains('.') {
            0.0
        } else {
            strsim::jaro_winkler(bad, last)
        })
    };
    let mut near: Vec<(f64, &str)> =
        known.map(|name| (alike(name), name)).filter(|near| near.0 >= 0.85).collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    near.into_iter().take(3).map(|near| near.1).collect()
}

/// `did you mean …?` for a near miss, else everything that is allowed; `None` where nothing is.
pub(crate) fn suggest(bad: &str, known: &[&str]) -> Option<String> {
    let near = known
        .iter()
        .map(|name| (strsim::jaro_winkler(bad, name), name))
        .max_by(|a, b| a.0.total_cmp(&b.0))?;
    let all = known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    Some(if near.0 >= 0.8 { format!("did you mean `{}`?", near.1) } else { format!("allowed here: {all}") })
}
