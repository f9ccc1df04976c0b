//! What is put to a unit's ports, cycle by cycle, as a text file has it.

use super::{Mac, Port};

/// Numbers for the ports of a unit.
///
/// The first line names columns, every other one is a clock cycle from reset on; words are separated by blanks or commas,
/// and `#` begins a remark. A column is an input of the unit or `y`, the result that is expected in the cycle. A number is
/// decimal, or the word on the port: `0b` with all its bits, or `0x`. Without a column `c` the unit adds to its own result;
/// without a column `en` it does not stall.
///
/// ```
/// use axsim::arith::mac::{Mac, Stimulus};
/// let mac = Mac::from_id("mac4s_exact").unwrap();
/// let stimulus = Stimulus::read("a b y\n3 -4 0\n0b1111 2 0\n0 0 -12\n", &mac).unwrap();
/// assert_eq!(stimulus.run(&mac).iter().map(|cycle| cycle.result).collect::<Vec<_>>(), [0, 0, -12]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stimulus {
    cycles: Vec<Given>,
}

/// A line of a stimulus.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Given {
    /// A number a port; none where the unit's own result is fed back.
    inputs: Vec<Option<i64>>,
    expected: Option<i64>,
}

/// One cycle of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cycle {
    /// At the ports, in their order.
    pub inputs: Vec<i64>,
    /// In the registers, by name.
    pub registers: Vec<(String, i64)>,
    /// In the result register.
    pub result: i64,
    /// What the stimulus expects there.
    pub expected: Option<i64>,
}

/// Why a text is no stimulus; lines count from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StimulusError {
    /// No line names columns.
    #[error("no line names the ports; begin with `{0}`")]
    Unnamed(String),
    /// No cycle follows.
    #[error("no cycle follows the names of the ports; write a line a cycle")]
    Empty,
    /// A column that is no port.
    #[error("line {line}: `{name}` is no port; there are {ports}, and y for what is expected")]
    Port {
        /// The line.
        line: usize,
        /// The column.
        name: String,
        /// The ports.
        ports: String,
    },
    /// A column that stands twice.
    #[error("line {line}: the column `{name}` stands twice")]
    Twice {
        /// The line.
        line: usize,
        /// The column.
        name: String,
    },
    /// A port without a column.
    #[error("line {line}: no column for port {name}; only c and en may be left out")]
    Missing {
        /// The line.
        line: usize,
        /// The port.
        name: String,
    },
    /// Too many numbers, or too few.
    #[error("line {line}: {found} numbers for {expected} columns")]
    Fields {
        /// The line.
        line: usize,
        /// Columns.
        expected: usize,
        /// Numbers.
        found: usize,
    },
    /// A number that a port does not take.
    #[error("line {line}, column {name}: `{text}` {problem}")]
    Number {
        /// The line.
        line: usize,
        /// The column.
        name: String,
        /// As it stands.
        text: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl Stimulus {
    /// Reads a stimulus for a unit.
    ///
    /// # Errors
    /// [`StimulusError`], with line and column.
    pub fn read(text: &str, mac: &Mac) -> Result<Self, StimulusError> {
        let mut lines = text.lines().enumerate().map(|(at, line)| (at + 1, words(line)));
        let mut lines = lines.by_ref().filter(|(_, words)| !words.is_empty());
        let ports = mac.ports();
        let names = || ports.iter().map(|port| port.name.as_str()).collect::<Vec<_>>();
        let (line, header) = lines.next().ok_or_else(|| StimulusError::Unnamed(names().join(" ")))?;
        let result =
            Port { name: "y".into(), ..ports.iter().find(|port| port.name == "c").expect("a sum").clone() };
        let columns = columns(line, &header, &ports, &result)?;
        let cycles: Vec<Given> =
            lines.map(|(line, words)| given(line, &words, &columns, &ports)).collect::<Result<_, _>>()?;
        if cycles.is_empty() { Err(StimulusError::Empty) } else { Ok(Self { cycles }) }
    }

    /// Products that the unit adds to its own result, those of zeros included; 0 where a sum is given for every cycle.
    ///
    /// ```
    /// use axsim::arith::mac::{Mac, Stimulus};
    /// let mac = Mac::from_id("mac4s_bw__l2").unwrap();
    /// assert_eq!(Stimulus::read("a0 a1 b0 b1\n1 2 3 4\n5 6 7 0\n", &mac).unwrap().accumulated(&mac), 4);
    /// ```
    pub fn accumulated(&self, mac: &Mac) -> u64 {
        let adds = |given: &&Given| given.inputs.iter().any(Option::is_none);
        self.cycles.iter().filter(adds).count() as u64 * u64::from(mac.shape().lanes)
    }

    /// What the unit does, by its function, from reset on.
    pub fn run(&self, mac: &Mac) -> Vec<Cycle> {
        let mut cycles = mac.cycles();
        let cycle = |given: &Given| {
            let sum = cycles.next_result();
            let inputs: Vec<i64> = given.inputs.iter().map(|number| number.unwrap_or(sum)).collect();
            let result = cycles.step(&inputs);
            let registers = cycles.registers().named(mac);
            Cycle { inputs, registers, result, expected: given.expected }
        };
        self.cycles.iter().map(cycle).collect()
    }
}

fn words(line: &str) -> Vec<&str> {
    let line = line.split('#').next().unwrap_or_default();
    line.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty()).collect()
}

/// The port of each column.
fn columns<'a>(
    line: usize,
    header: &[&str],
    ports: &'a [Port],
    result: &'a Port,
) -> Result<Vec<&'a Port>, StimulusError> {
    let mut columns: Vec<&Port> = vec![];
    for name in header {
        let port = ports.iter().chain([result]).find(|port| port.name == *name).ok_or_else(|| {
            let ports = ports.iter().map(|port| port.name.as_str()).collect::<Vec<_>>().join(", ");
            StimulusError::Port { line, name: name.to_string(), ports }
        })?;
        if columns.iter().any(|other| other.name == port.name) {
            return Err(StimulusError::Twice { line, name: name.to_string() });
        }
        columns.push(port);
    }
    let missing = |port: &&Port| {
        !["c", "en"].contains(&port.name.as_str()) && !columns.iter().any(|other| other.name == port.name)
    };
    match ports.iter().find(missing) {
        Some(port) => Err(StimulusError::Missing { line, name: port.name.clone() }),
        None => Ok(columns),
    }
}

fn given(line: usize, words: &[&str], columns: &[&Port], ports: &[Port]) -> Result<Given, StimulusError> {
    if words.len() != columns.len() {
        return Err(StimulusError::Fields { line, expected: columns.len(), found: words.len() });
    }
    let mut inputs: Vec<Option<i64>> = ports.iter().map(|port| (port.name == "en").then_some(1)).collect();
    let mut expected = None;
    for (text, port) in words.iter().zip(columns) {
        let number = number(text, port).map_err(|problem| StimulusError::Number {
            line,
            name: port.name.clone(),
            text: text.to_string(),
            problem,
        })?;
        match ports.iter().position(|other| other.name == port.name) {
            Some(at) => inputs[at] = Some(number),
            None => expected = Some(number),
        }
    }
    Ok(Given { inputs, expected })
}

/// The number that a word stands for, or what is wrong with it.
fn number(text: &str, port: &Port) -> Result<i64, String> {
    let width = port.width;
    let bits = text.strip_prefix("0b");
    let digits = bits.or(text.strip_prefix("0x"));
    if digits.unwrap_or(text).contains(['x', 'X', 'z', 'Z']) {
        return Err("is unknown or not driven; a bit is 0 or 1".into());
    }
    let value = match digits {
        None => text
            .parse()
            .map_err(|_| "is no number; write it in decimal, or its word as 0b… or 0x…".to_string())?,
        Some(digits) => {
            let radix = if bits.is_some() { 2 } else { 16 };
            let word =
                u64::from_str_radix(digits, radix).map_err(|_| format!("is no number of base {radix}"))?;
            let found = bits.map_or(64 - word.leading_zeros(), |bits| bits.len() as u32);
            if found > width || (bits.is_some() && found < width) {
                return Err(format!("has {found} bits; the port has {width}"));
            }
            port.code.value(word, width)
        }
    };
    if port.range.contains(&value) {
        return Ok(value);
    }
    Err(format!("is beyond the port, which takes {} to {}", port.range.start(), port.range.end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(id: &str, text: &str) -> Result<Vec<Cycle>, String> {
        let mac = Mac::from_id(id).unwrap();
        Stimulus::read(text, &mac).map(|stimulus| stimulus.run(&mac)).map_err(|error| error.to_string())
    }

    #[test]
    fn what_stands_at_the_ports_is_what_was_written() {
        let text = "# a remark\n b, a, c\n\n -8 0x7 100 # the first\n0b0011,1,-1\n";
        let cycles = read("mac4s_exact", text).unwrap();
        assert_eq!(
            cycles.iter().map(|cycle| cycle.inputs.clone()).collect::<Vec<_>>(),
            [[7, -8, 100], [1, 3, -1]]
        );
        assert_eq!(cycles[1].registers, [("a.held".into(), 7), ("b.held".into(), -8)]);
        let signs = read("mac4s_sdr_g1", "a b t\n0b1011 0b0111 16\n").unwrap();
        assert_eq!(signs[0].inputs, [-3, 7, 16, 0]);
    }

    #[test]
    fn a_unit_without_a_sum_that_enters_adds_to_its_own() {
        let text: String = "a0 a1 b0 b1 en y\n".to_string()
            + "1 2 3 4 1 0\n1 1 1 1 0 0\n1 1 1 1 1 0\n0 0 0 0 1 11\n0 0 0 0 1 13\n0 0 0 0 1 13\n";
        let cycles = read("mac4s_bw__l2__e", &text).unwrap();
        for cycle in cycles {
            assert_eq!(Some(cycle.result), cycle.expected, "{cycle:?}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        for (text, expected) in [
            ("", "no line names the ports; begin with `a b c`"),
            ("a b c\n# nothing\n", "no cycle follows the names of the ports; write a line a cycle"),
            ("a b d\n", "line 1: `d` is no port; there are a, b, c, and y for what is expected"),
            ("a b a\n", "line 1: the column `a` stands twice"),
            ("\na c\n", "line 2: no column for port b; only c and en may be left out"),
            ("a b\n1 2 3\n", "line 2: 3 numbers for 2 columns"),
            ("a b\n1 8\n", "line 2, column b: `8` is beyond the port, which takes -8 to 7"),
            ("a b\n0b01x0 1\n", "line 2, column a: `0b01x0` is unknown or not driven; a bit is 0 or 1"),
            ("a b\n1 2\nz 1\n", "line 3, column a: `z` is unknown or not driven; a bit is 0 or 1"),
            ("a b\n0b01010 1\n", "line 2, column a: `0b01010` has 5 bits; the port has 4"),
            ("a b\n0b010 1\n", "line 2, column a: `0b010` has 3 bits; the port has 4"),
            ("a b\n0x10 1\n", "line 2, column a: `0x10` has 5 bits; the port has 4"),
            ("a b\n0b02 1\n", "line 2, column a: `0b02` is no number of base 2"),
            (
                "a b\n1.5 1\n",
                "line 2, column a: `1.5` is no number; write it in decimal, or its word as 0b… or 0x…",
            ),
        ] {
            assert_eq!(read("mac4s_exact", text).unwrap_err(), expected, "{text:?}");
        }
    }
}
