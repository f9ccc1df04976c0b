//! Reading stored results back: a mistake is named by line, column and field.

use serde::de::DeserializeOwned;
use serde_json::error::Category;

/// Where a stored result cannot be read, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}{}: {message}", field.as_ref().map_or(String::new(), |field| format!(", field `{field}`")))]
pub struct Misread {
    /// Line from 1.
    pub line: usize,
    /// Column from 1, in bytes.
    pub column: usize,
    /// Dotted path of the value that is wrong; absent at the top.
    pub field: Option<String>,
    /// What is wrong there.
    pub message: String,
}

/// Reads one JSON value.
///
/// # Errors
/// Text that is not JSON, ends early, goes on after the value, lacks a field or has one of another type.
///
/// ```
/// use axsim::run::{outcome::Savings, stored::parse};
/// let error = parse::<Savings>("{\"energy\": 1.2,\n \"latency\": true}").unwrap_err();
/// assert_eq!((error.line, error.field.as_deref()), (2, Some("latency")));
/// ```
pub fn parse<T: DeserializeOwned>(text: &str) -> Result<T, Misread> {
    let mut json = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        let field =
            Some(path.trim_end_matches(".?").to_string()).filter(|path| !path.is_empty() && path != ".");
        misread(text, error.inner(), field)
    })?;
    json.end().map_err(|error| misread(text, &error, None))?;
    Ok(value)
}

fn misread(text: &str, error: &serde_json::Error, field: Option<String>) -> Misread {
    let said = error.to_string();
    let message = match error.classify() {
        Category::Eof => format!("the text ends in the middle of a value, after byte {}", text.len()),
        _ => said.split(" at line ").next().unwrap_or(&said).to_string(),
    };
    Misread { line: error.line(), column: error.column(), field, message }
}
