//! The text of a delay file as nested lists of words.

use super::{SdfError, SdfFault};

/// How deep lists may lie within one another; the format itself needs ten.
const DEEPEST: usize = 64;

/// A word, or a list in parentheses, with its line.
#[derive(Debug)]
pub(super) struct Node<'t> {
    pub(super) line: u32,
    pub(super) kind: Kind<'t>,
}

#[derive(Debug)]
pub(super) enum Kind<'t> {
    /// Without the quotation marks, if it had any.
    Word(&'t str),
    List(Vec<Node<'t>>),
}

impl<'t> Node<'t> {
    pub(super) fn word(&self) -> Option<&'t str> {
        if let Kind::Word(word) = self.kind { Some(word) } else { None }
    }

    pub(super) fn list(&self) -> Option<&[Node<'t>]> {
        if let Kind::List(nodes) = &self.kind { Some(nodes) } else { None }
    }

    /// Keyword and rest of a list that begins with a word; keywords are in capitals, however they are written.
    pub(super) fn entry(&self) -> Option<(String, &[Node<'t>])> {
        let (head, rest) = self.list()?.split_first()?;
        Some((head.word()?.to_ascii_uppercase(), rest))
    }
}

/// The one list that a file is.
pub(super) fn parse(text: &str) -> Result<Node<'_>, SdfError> {
    let wrong = |line: u32, what: &'static str| SdfError::new(line, SdfFault::Syntax(what));
    // The lists that are open, each with its line.
    let mut open: Vec<(u32, Vec<Node>)> = vec![];
    let (mut rest, mut line) = (text, 1);
    loop {
        let (blank, after) = blank(rest);
        line += newlines(blank);
        rest = after;
        let Some(first) = rest.chars().next() else {
            return Err(wrong(line, "the end of the file stands where `(DELAYFILE …)` is not closed"));
        };
        let (taken, word) = word(rest).ok_or_else(|| wrong(line, "a quotation mark that is not closed"))?;
        rest = &rest[taken..];
        let node = match first {
            '(' if open.len() == DEEPEST => return Err(wrong(line, "lists lie too deep in one another")),
            '(' => {
                open.push((line, vec![]));
                continue;
            }
            ')' => {
                let (line, nodes) = open.pop().ok_or_else(|| wrong(line, "`)` closes nothing"))?;
                Node { line, kind: Kind::List(nodes) }
            }
            _ => Node { line, kind: Kind::Word(word) },
        };
        line += newlines(word);
        match open.last_mut() {
            Some((_, nodes)) => nodes.push(node),
            None if node.list().is_some() => return Ok(node),
            None => return Err(wrong(line, "`(DELAYFILE` is expected at the start of the file")),
        }
    }
}

fn newlines(text: &str) -> u32 {
    text.bytes().filter(|byte| *byte == b'\n').count() as u32
}

/// Blanks and comments at the start, and what follows.
fn blank(text: &str) -> (&str, &str) {
    let mut rest = text.trim_start();
    loop {
        let after = if let Some(comment) = rest.strip_prefix("//") {
            comment.find('\n').map_or("", |end| &comment[end..])
        } else if let Some(comment) = rest.strip_prefix("/*") {
            comment.find("*/").map_or("", |end| &comment[end + 2..])
        } else {
            return text.split_at(text.len() - rest.len());
        };
        rest = after.trim_start();
    }
}

/// Bytes and text of the parenthesis or word at the start; `None` for a string without an end.
fn word(text: &str) -> Option<(usize, &str)> {
    if let Some(quoted) = text.strip_prefix('"') {
        let end = quoted.find('"')?;
        return Some((end + 2, &quoted[..end]));
    }
    let mut escaped = false;
    let end = text.find(|c: char| {
        let ends = !escaped && (c.is_whitespace() || "()\"".contains(c));
        escaped = !escaped && c == '\\';
        ends
    });
    let end = end.unwrap_or(text.len()).max(1);
    Some((end, &text[..end]))
}
