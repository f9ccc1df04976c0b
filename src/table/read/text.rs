//! The text form: numbers separated by spaces or commas, a row a line.

use super::{At, Entries, Fault, MOST, Place};

/// Characters of a wrong word that a message shows.
const SHOWN: usize = 20;

/// Reads what is written in words of numbers, each as `parse` has it.
pub(super) fn read<T>(bytes: &[u8], parse: &dyn Fn(&str) -> Result<T, Fault>) -> At<Entries<T>> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        (Place::Byte(at), Fault::NotAnInteger(format!("\\x{:02x}", bytes[at])))
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (mut values, mut rows, mut columns) = (vec![], 0, None);
    for (at, content) in text.lines().enumerate() {
        let line = at + 1;
        let found = row((content, line), parse, &mut values)?;
        if found == 0 {
            continue;
        }
        let expected = *columns.get_or_insert(found);
        if found != expected {
            return Err((Place::Text { line, column: 1 }, Fault::Ragged { expected, found }));
        }
        rows += 1;
    }
    let shape = columns.filter(|&columns| rows > 1 && columns > 1).map(|columns| [rows, columns]);
    Ok(Entries { values, shape, bare: None })
}

/// What a message shows of a word.
pub(super) fn shown(word: &str) -> String {
    word.chars().take(SHOWN).collect()
}

/// Reads one line up to its comment; returns how many entries it holds.
fn row<T>(
    (content, line): (&str, usize),
    parse: &dyn Fn(&str) -> Result<T, Fault>,
    values: &mut Vec<(T, Place)>,
) -> At<usize> {
    let before = values.len();
    let content = content.split('#').next().unwrap_or("");
    let mut column = 1;
    for word in content.split(|c: char| c.is_ascii_whitespace() || c == ',') {
        let place = Place::Text { line, column };
        column += word.chars().count() + 1;
        if word.is_empty() {
            continue;
        }
        let value = parse(word).map_err(|fault| (place, fault))?;
        if values.len() == MOST {
            return Err((place, Fault::Entries(format!("more than {MOST}"))));
        }
        values.push((value, place));
    }
    Ok(values.len() - before)
}
