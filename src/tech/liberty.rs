//! The Liberty format: groups of attributes, and tables over slew and load.

mod table;

pub use table::Table;

/// A group: `kind (arguments) { … }`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Group<'t> {
    /// What it is, for example `cell`.
    pub kind: &'t str,
    /// What stands in its parentheses.
    pub arguments: Vec<&'t str>,
    /// Attributes by name, simple ones with one value.
    pub attributes: Vec<(&'t str, Vec<&'t str>)>,
    /// Groups within.
    pub groups: Vec<Group<'t>>,
    /// Its line, from 1.
    pub line: u32,
}

/// Why a Liberty file is not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}line {line}: {message}", if file.is_empty() { String::new() } else { format!("{file}: ") })]
pub struct LibertyError {
    /// The file as it was named; empty where a text came without a name.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// What is wrong there, and what belongs there.
    pub message: String,
}

impl LibertyError {
    pub(super) fn new(line: u32, message: impl Into<String>) -> Self {
        Self { file: String::new(), line, message: message.into() }
    }

    /// The same with the file it is in.
    pub(super) fn in_file(self, file: &str) -> Self {
        Self { file: file.into(), ..self }
    }
}

/// How deep groups may stand within one another.
const DEEPEST: u32 = 32;

impl<'t> Group<'t> {
    /// Reads the one `library` group of a text.
    ///
    /// # Errors
    /// [`LibertyError`] with the line.
    ///
    /// ```
    /// use axsim::tech::liberty::Group;
    /// let library = Group::read("library (l) { cell (INV) { area : 0.5; } }").unwrap();
    /// assert_eq!(library.groups[0].number("area").unwrap(), Some(0.5));
    /// ```
    pub fn read(text: &'t str) -> Result<Self, LibertyError> {
        let mut reader = Reader { tokens: tokens(text)?, at: 0 };
        let name = reader.word("`library`")?;
        if name != "library" {
            return Err(LibertyError::new(reader.line(), format!("`library` is expected, not `{name}`")));
        }
        let mut whole = Group::default();
        reader.statement(name, &mut whole, 0)?;
        whole.groups.pop().ok_or_else(|| LibertyError::new(1, "`library (name) { … }` is expected"))
    }

    /// The first value of an attribute.
    pub fn text(&self, name: &str) -> Option<&'t str> {
        self.attributes
            .iter()
            .find(|(known, _)| *known == name)
            .and_then(|(_, values)| values.first().copied())
    }

    /// The first value of an attribute as a number.
    ///
    /// # Errors
    /// [`LibertyError`] when it is none.
    pub fn number(&self, name: &str) -> Result<Option<f64>, LibertyError> {
        self.text(name).map(|text| number(self.line, name, text)).transpose()
    }

    /// Groups of a kind.
    pub fn all(&self, kind: &'static str) -> impl Iterator<Item = &Group<'t>> {
        self.groups.iter().filter(move |group| group.kind == kind)
    }
}

fn number(line: u32, name: &str, text: &str) -> Result<f64, LibertyError> {
    let number = text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
    number.ok_or_else(|| LibertyError::new(line, format!("`{name}`: a number is expected, not `{text}`")))
}

#[derive(Clone, Copy, PartialEq)]
enum Token<'t> {
    Word(&'t str),
    Sign(char),
}

/// Tokens with their lines; comments and `\` at the end of a line are white space.
fn tokens(text: &str) -> Result<Vec<(u32, Token<'_>)>, LibertyError> {
    let bytes = text.as_bytes();
    let (mut at, mut line, mut found) = (0, 1, vec![]);
    let ends = |from: usize, end: &str| text[from..].find(end).map(|length| from + length);
    while at < bytes.len() {
        match bytes[at] {
            b'\n' => (at, line) = (at + 1, line + 1),
            b'\\' => at += 1,
            byte if byte.is_ascii_whitespace() => at += 1,
            b'/' if text[at..].starts_with("/*") => {
                let end =
                    ends(at, "*/").ok_or_else(|| LibertyError::new(line, "a comment without an end"))?;
                line += text[at..end].matches('\n').count() as u32;
                at = end + 2;
            }
            b'/' if text[at..].starts_with("//") => at = ends(at, "\n").unwrap_or(bytes.len()),
            b'"' => {
                let end =
                    ends(at + 1, "\"").ok_or_else(|| LibertyError::new(line, "a text without an end"))?;
                found.push((line, Token::Word(&text[at + 1..end])));
                line += text[at..end].matches('\n').count() as u32;
                at = end + 1;
            }
            sign @ (b'(' | b')' | b'{' | b'}' | b':' | b';' | b',') => {
                found.push((line, Token::Sign(sign as char)));
                at += 1;
            }
            _ => {
                let word = |byte: &u8| byte.is_ascii_whitespace() || b"(){}:;,\"\\".contains(byte);
                let length = bytes[at..].iter().position(word).unwrap_or(bytes.len() - at);
                found.push((line, Token::Word(&text[at..at + length])));
                at += length;
            }
        }
    }
    Ok(found)
}

struct Reader<'t> {
    tokens: Vec<(u32, Token<'t>)>,
    at: usize,
}

impl<'t> Reader<'t> {
    fn peek(&self) -> Option<Token<'t>> {
        self.tokens.get(self.at).map(|(_, token)| *token)
    }

    fn line(&self) -> u32 {
        self.tokens.get(self.at).or(self.tokens.last()).map_or(1, |(line, _)| *line)
    }

    fn accept(&mut self, sign: char) -> bool {
        let found = self.peek() == Some(Token::Sign(sign));
        self.at += usize::from(found);
        found
    }

    fn expected(&self, what: &str) -> LibertyError {
        let found = match self.peek() {
            None => "the end of the file".into(),
            Some(Token::Sign(sign)) => format!("`{sign}`"),
            Some(Token::Word(word)) => format!("`{}`", word.chars().take(40).collect::<String>()),
        };
        LibertyError::new(self.line(), format!("{what} is expected, not {found}"))
    }

    fn word(&mut self, what: &str) -> Result<&'t str, LibertyError> {
        match self.peek() {
            Some(Token::Word(word)) => {
                self.at += 1;
                Ok(word)
            }
            _ => Err(self.expected(what)),
        }
    }

    /// What follows a name: a value, values in parentheses, or a group.
    fn statement(&mut self, name: &'t str, into: &mut Group<'t>, depth: u32) -> Result<(), LibertyError> {
        let line = self.line();
        if depth > DEEPEST {
            return Err(LibertyError::new(line, format!("groups within groups end at {DEEPEST}")));
        }
        if self.accept(':') {
            into.attributes.push((name, self.simple(line)));
            return Ok(());
        }
        if !self.accept('(') {
            return Err(self.expected(&format!("`:` or `(` after `{name}`")));
        }
        let mut arguments = vec![];
        while !self.accept(')') {
            if !self.accept(',') {
                arguments.push(self.word("a value or `)`")?);
            }
        }
        if !self.accept('{') {
            self.accept(';');
            into.attributes.push((name, arguments));
            return Ok(());
        }
        let mut group = Group { kind: name, arguments, line, ..Group::default() };
        while !self.accept('}') {
            if !self.accept(';') {
                let name = self.word("a name or `}`")?;
                self.statement(name, &mut group, depth + 1)?;
            }
        }
        into.groups.push(group);
        Ok(())
    }

    /// Up to `;`, which some files leave out at the end of a line.
    fn simple(&mut self, line: u32) -> Vec<&'t str> {
        let mut values = vec![];
        while let Some((here, Token::Word(word))) = self.tokens.get(self.at) {
            if *here > line && !values.is_empty() {
                break;
            }
            values.push(*word);
            self.at += 1;
        }
        self.accept(';');
        values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_attributes_and_comments_are_read() {
        let text = "/* a\n comment */ library (l) {\n  unit (1, \"ff\");\n  time : \"1ns\" ;\n  open : x\n\
            cell (A, B) { area : 1.5; // rest\n values (\"1, 2\", \\\n \"3\"); }\n}\n";
        let library = Group::read(text).unwrap();
        assert_eq!((library.arguments.clone(), library.line), (vec!["l"], 2));
        assert_eq!(
            library.attributes,
            [("unit", vec!["1", "ff"]), ("time", vec!["1ns"]), ("open", vec!["x"])]
        );
        let cell = library.all("cell").next().unwrap();
        assert_eq!((cell.line, cell.number("area")), (6, Ok(Some(1.5))));
        assert_eq!(cell.attributes[1].1, ["1, 2", "3"]);
    }

    #[test]
    fn mistakes_name_their_line() {
        for (text, message) in [
            ("", "line 1: `library` is expected, not the end of the file"),
            ("cell (x) { }", "line 1: `library` is expected, not `cell`"),
            ("library (x) {\n area 1; }", "line 2: `:` or `(` after `area` is expected, not `1`"),
            ("library (x) {\n cell (y) {\n", "line 2: a name or `}` is expected, not the end of the file"),
            ("library (x) { /* ", "line 1: a comment without an end"),
            ("library (x) {\n a : \"b;\n", "line 2: a text without an end"),
            ("library (x) { ) }", "line 1: a name or `}` is expected, not `)`"),
        ] {
            assert_eq!(Group::read(text).unwrap_err().to_string(), message, "{text}");
        }
        let deep = "library (x) {".to_string() + &"g () {".repeat(100);
        assert!(Group::read(&deep).unwrap_err().message.contains("end at 32"));
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "(library|cell|\\(|\\)|\\{|\\}|:|;|,|\"|\\\\|/\\*|\\*/|//|\n| |a|1|\\PC)*") {
            let _ = Group::read(&text);
        }
    }
}
