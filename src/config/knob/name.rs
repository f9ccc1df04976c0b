//! Names within a path: a dot parts them, and one in double quotes keeps its dots.

use std::borrow::Cow;

/// A quoted name that does not stand as it must.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Misquoted {
    /// The text ends before the name does.
    #[error("{0} has no closing quote; write it as in `layers.\"NAME\".weight_bits`")]
    Unclosed(String),
    /// Something else than a dot follows the name.
    #[error("behind {name} a dot or nothing is expected, not `{rest}`")]
    Followed {
        /// The name with its quotes.
        name: String,
        /// What follows.
        rest: String,
    },
}

/// The first name of a path and what follows its dot; a backslash in quotes takes the character behind it as it is.
///
/// # Errors
/// [`Misquoted`] where a quote that begins the name is not closed before a dot or the end.
pub(in crate::config) fn first_name(path: &str) -> Result<(Cow<'_, str>, Option<&str>), Misquoted> {
    let Some(inner) = path.strip_prefix('"') else {
        let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
        return Ok((name.into(), rest));
    };
    let (mut name, mut letters) = (String::new(), inner.char_indices());
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => {
                let rest = &inner[at + 1..];
                let quoted = || path[..at + 2].to_string();
                let next = rest.strip_prefix('.');
                return match next.is_some() || rest.is_empty() {
                    true => Ok((name.into(), next)),
                    false => Err(Misquoted::Followed { name: quoted(), rest: rest.into() }),
                };
            }
            '\\' => name.extend(letters.next().map(|(_, letter)| letter)),
            letter => name.push(letter),
        }
    }
    Err(Misquoted::Unclosed(path.into()))
}

/// All names of a path.
///
/// ```
/// use axsim::config::knob::names;
/// assert_eq!(names(r#"layers."body.0".prune"#).unwrap(), ["layers", "body.0", "prune"]);
/// let error = names(r#"layers."body.0.prune"#).unwrap_err().to_string();
/// assert!(error.starts_with(r#""body.0.prune has no closing quote"#));
/// ```
///
/// # Errors
/// [`Misquoted`].
pub fn names(path: &str) -> Result<Vec<String>, Misquoted> {
    let (mut names, mut rest) = (vec![], Some(path));
    while let Some(text) = rest {
        let (name, after) = first_name(text)?;
        names.push(name.into_owned());
        rest = after;
    }
    Ok(names)
}

/// A name as it stands in a path, and in `--set path=value`: in quotes where it would be read as something else without.
///
/// ```
/// use axsim::config::knob::quoted;
/// assert_eq!(["conv2", "body.0"].map(quoted), ["conv2", r#""body.0""#]);
/// ```
pub fn quoted(name: &str) -> Cow<'_, str> {
    if !name.is_empty() && !name.starts_with('"') && !name.contains(['.', '=']) {
        return name.into();
    }
    format!("\"{}\"", name.replace('\\', r"\\").replace('"', r#"\""#)).into()
}

/// Path and value of `path=value`, parted at the first `=` that stands in no quoted name.
pub(crate) fn assignment(text: &str) -> Option<(&str, &str)> {
    let ends = |at: usize| !matches!(names(&text[..at]), Err(Misquoted::Unclosed(_)));
    let at = text.match_indices('=').map(|(at, _)| at).find(|at| ends(*at)).or_else(|| text.find('='))?;
    Some((&text[..at], &text[at + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn a_name_is_read_back_as_it_was_quoted(
            before in r#"[ab."\\=#]{0,6}"#, name in r#"([ab."\\=# ]{0,6}|\PC{0,8})"#, value in "[a=.]{0,4}",
        ) {
            let path = format!("{}.{}.x", quoted(&before), quoted(&name));
            proptest::prop_assert_eq!(names(&path), Ok(vec![before, name, "x".to_string()]));
            let set = format!("{path}={value}");
            proptest::prop_assert_eq!(assignment(&set), Some((&*path, &*value)));
        }

        #[test]
        fn names_without_quotes_are_what_dots_part(path in "[ab#.]{0,12}") {
            let parted: Vec<String> = path.split('.').map(String::from).collect();
            proptest::prop_assert_eq!(names(&path), Ok(parted));
        }
    }

    #[test]
    fn quotes_that_do_not_close_or_close_within_a_name_are_told() {
        let message = |path: &str| names(path).unwrap_err().to_string();
        let unclosed = r#""a.b has no closing quote; write it as in `layers."NAME".weight_bits`"#;
        assert_eq!(message(r#"layers."a.b"#), unclosed);
        assert!(message(r#"layers."a\""#).starts_with(r#""a\" has no closing quote"#));
        let followed = r#"behind "a.b" a dot or nothing is expected, not `c.prune`"#;
        assert_eq!(message(r#"layers."a.b"c.prune"#), followed);
    }
}
