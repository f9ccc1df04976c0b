//! Text → tokens; comments, attributes and directives that mean nothing to a circuit are passed over.

use super::syntax::Number;
use crate::netlist::import::{Fault, ImportError};

/// A word of the language and its line.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token<'t> {
    pub(super) line: u32,
    pub(super) word: Word<'t>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Word<'t> {
    /// A name or a keyword; an escaped name is never a keyword.
    Name(&'t str, bool),
    Number(Number),
    Symbol(&'static str),
    End,
}

/// Longer ones first.
const SYMBOLS: [&str; 46] = [
    ">>>", "<<<", "===", "!==", "**", "<<", ">>", "<=", ">=", "==", "!=", "&&", "||", "~&", "~|", "~^", "^~",
    "+:", "-:", "(", ")", "[", "]", "{", "}", ",", ";", ":", ".", "?", "=", "+", "-", "*", "/", "%", "&",
    "|", "^", "~", "!", "<", ">", "@", "#", "$",
];

/// Directives that say nothing about a circuit, to the end of their line.
const PASSED: [&str; 9] = [
    "timescale",
    "default_nettype",
    "resetall",
    "celldefine",
    "endcelldefine",
    "nounconnected_drive",
    "unconnected_drive",
    "line",
    "pragma",
];

/// The widest literal.
const WIDEST: usize = 1 << 16;

pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>, ImportError> {
    let mut lexer = Lexer { text, at: 0, line: 1 };
    let mut tokens = vec![];
    while lexer.pass_blank()? {
        let line = lexer.line;
        tokens.push(Token { line, word: lexer.word()? });
    }
    tokens.push(Token { line: lexer.line, word: Word::End });
    Ok(tokens)
}

struct Lexer<'t> {
    text: &'t str,
    at: usize,
    line: u32,
}

impl<'t> Lexer<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn skip(&mut self, bytes: usize) {
        self.line += self.rest().as_bytes()[..bytes].iter().filter(|byte| **byte == b'\n').count() as u32;
        self.at += bytes;
    }

    fn take(&mut self, accept: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let end = rest.find(|c| !accept(c)).unwrap_or(rest.len());
        self.skip(end);
        &rest[..end]
    }

    /// Passes over what is between words; `false` at the end.
    fn pass_blank(&mut self) -> Result<bool, ImportError> {
        loop {
            self.take(char::is_whitespace);
            let rest = self.rest();
            if rest.starts_with("//") {
                self.take(|c| c != '\n');
            } else if rest.starts_with("/*") {
                self.pass_until("*/", "a comment")?;
            } else if rest.starts_with("(*") && !rest[2..].trim_start().starts_with(')') {
                self.pass_until("*)", "an attribute")?;
            } else if let Some(directive) = rest.strip_prefix('`') {
                let end = directive.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
                let name = &directive[..end.unwrap_or(directive.len())];
                if !PASSED.contains(&name) {
                    return Err(ImportError::construct(self.line, &format!("the directive `{name}`")));
                }
                self.take(|c| c != '\n');
            } else {
                return Ok(!rest.is_empty());
            }
        }
    }

    fn pass_until(&mut self, end: &str, what: &str) -> Result<(), ImportError> {
        let found = self.rest()[2..].find(end);
        let found = found.ok_or_else(|| {
            ImportError::expected(self.line, &format!("the end of {what}"), "the end of the file")
        })?;
        self.skip(found + 4);
        Ok(())
    }

    fn word(&mut self) -> Result<Word<'t>, ImportError> {
        let rest = self.rest();
        let first = rest.chars().next().unwrap_or(' ');
        if first.is_ascii_alphabetic() || first == '_' {
            return Ok(Word::Name(self.take(|c| c.is_ascii_alphanumeric() || c == '_' || c == '$'), false));
        }
        if first == '$' {
            self.skip(1);
            let name = self.take(|c| c.is_ascii_alphanumeric() || c == '_');
            return Ok(Word::Name(&rest[..1 + name.len()], false));
        }
        if first == '\\' {
            self.skip(1);
            return Ok(Word::Name(self.take(|c| !c.is_whitespace()), true));
        }
        if first.is_ascii_digit() || first == '\'' {
            return self.number().map(Word::Number);
        }
        let symbol = SYMBOLS.into_iter().find(|symbol| rest.starts_with(symbol));
        let symbol = symbol.ok_or_else(|| ImportError::expected(self.line, "Verilog", &first.to_string()))?;
        self.skip(symbol.len());
        Ok(Word::Symbol(symbol))
    }

    fn number(&mut self) -> Result<Number, ImportError> {
        let line = self.line;
        let digits = self.take(|c| c.is_ascii_digit() || c == '_').replace('_', "");
        self.take(|c| c == ' ');
        if !self.rest().starts_with('\'') {
            let mut bits = decimal(line, &digits)?;
            // Beyond 32 bits there is always one for the sign.
            if bits.len() > 32 {
                bits.push(false);
            }
            return sized(line, bits, 32, true, false);
        }
        self.skip(1);
        self.take(|c| c == ' ');
        let signed = self.rest().starts_with(['s', 'S']);
        self.skip(usize::from(signed));
        let base = self.rest().chars().next().unwrap_or(' ').to_ascii_lowercase();
        if !"bohd".contains(base) {
            return Err(ImportError::expected(line, "a base (b, o, d or h)", &base.to_string()));
        }
        self.skip(1);
        self.take(|c| c == ' ');
        let value = self.take(|c| c.is_ascii_alphanumeric() || c == '_' || c == '?').replace('_', "");
        let bits = match base {
            'b' => based(line, &value, 1)?,
            'o' => based(line, &value, 3)?,
            'h' => based(line, &value, 4)?,
            _ => decimal(line, &value)?,
        };
        if digits.is_empty() {
            return sized(line, bits, 32, signed, false);
        }
        let width = digits.parse().ok().filter(|width| (1..=WIDEST).contains(width));
        let width = width.ok_or_else(|| {
            ImportError::new(line, Fault::Large(format!("a number of {digits} bits"), WIDEST))
        })?;
        let mut number = sized(line, bits, width, signed, true)?;
        number.bits = number.bits.iter().copied().take(width).collect();
        Ok(number)
    }
}

/// At least `width` bits.
fn sized(
    line: u32,
    mut bits: Vec<bool>,
    width: usize,
    signed: bool,
    sized: bool,
) -> Result<Number, ImportError> {
    if bits.len() > WIDEST {
        return Err(ImportError::new(line, Fault::Large("a number".into(), WIDEST)));
    }
    bits.resize(bits.len().max(width), false);
    Ok(Number { bits: bits.into(), signed, sized })
}

fn decimal(line: u32, digits: &str) -> Result<Vec<bool>, ImportError> {
    let value: u128 = digits.parse().map_err(|_| unknown(line, digits))?;
    let width = 128 - value.leading_zeros();
    Ok((0..width).map(|bit| value >> bit & 1 == 1).collect())
}

fn based(line: u32, digits: &str, bits: u32) -> Result<Vec<bool>, ImportError> {
    let mut found = vec![];
    for digit in digits.chars().rev() {
        let value = digit.to_digit(1 << bits).ok_or_else(|| unknown(line, digits))?;
        found.extend((0..bits).map(|bit| value >> bit & 1 == 1));
    }
    if found.is_empty() { Err(unknown(line, digits)) } else { Ok(found) }
}

fn unknown(line: u32, digits: &str) -> ImportError {
    if digits.contains(['x', 'X', 'z', 'Z', '?']) {
        return ImportError::construct(line, "an unknown value");
    }
    ImportError::expected(line, "a number", digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_without_a_base_is_an_error_whatever_follows() {
        for text in ["'", "'s", "4's ", "'sx", "'\u{a0}b1", "'s\u{a0}\u{a0}", "8'é", "' s'"] {
            let Err(error) = tokens(text) else { panic!("{text:?} is no number") };
            assert!(error.to_string().contains("a base (b, o, d or h)"), "{text:?}: {error}");
        }
        assert_eq!(tokens("8'sb1 4' h f 'd9").unwrap().len(), 4);
    }
}
