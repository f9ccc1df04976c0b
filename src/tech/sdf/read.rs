//! What a delay file says about cells and wires.

use super::tree::{self, Node};
use super::{SdfError, SdfFault};

/// A delay in picoseconds: the mean of rise and fall, and the larger of them.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Delay {
    pub(super) mean: f64,
    pub(super) most: f64,
}

/// From an input pin of a cell to an output pin.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Arc {
    pub(super) line: u32,
    /// The cell's kind as the file has it.
    pub(super) cell: String,
    pub(super) instance: String,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) delay: Delay,
}

/// To a pin, from whatever drives it; a port of the circuit has no instance.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Wire {
    pub(super) line: u32,
    pub(super) instance: String,
    pub(super) pin: String,
    pub(super) delay: Delay,
}

/// A delay file; names without escapes, `/` between those of instances.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sdf {
    pub(super) arcs: Vec<Arc>,
    pub(super) wires: Vec<Wire>,
}

/// What the header says, and the cell at hand.
struct Reader {
    sdf: Sdf,
    divider: char,
    /// Picoseconds of a unit.
    unit: f64,
    cell: String,
    instance: String,
}

/// Sections that say nothing about delays.
const PASSED_OVER: [&str; 10] = [
    "SDFVERSION",
    "DESIGN",
    "DATE",
    "VENDOR",
    "PROGRAM",
    "VERSION",
    "VOLTAGE",
    "PROCESS",
    "TEMPERATURE",
    "TIMINGCHECK",
];

impl Sdf {
    /// Reads a text in the standard delay format (IEEE 1497, and the versions before it).
    ///
    /// Of `min:typ:max` the typical value counts, where it is missing the mean of the others. Of a delay's values the
    /// first is that of a rising, the second that of a falling output; one alone is both; an empty one says nothing.
    /// `COND` and `CONDELSE` are not evaluated: their paths count as any other. Wires are those of `INTERCONNECT` and
    /// `PORT`. Timing checks are passed over. `INCREMENT`, `PATHPULSE`, `NETDELAY`, `DEVICE` and what else is not known is
    /// an error, and so is an instance `*`.
    ///
    /// # Errors
    /// [`SdfError`] with the line.
    ///
    /// ```
    /// use axsim::tech::sdf::Sdf;
    /// let error = Sdf::read("(DELAYFILE\n(TIMESCALE 1 parsec))").unwrap_err().to_string();
    /// assert_eq!(error, "line 2: `1 parsec` is no time scale; write 1, 10 or 100 and s, ms, us, ns, ps or fs, as in `1ns`");
    /// ```
    pub fn read(text: &str) -> Result<Self, SdfError> {
        let file = tree::parse(text)?;
        let entries = match file.entry() {
            Some((head, entries)) if head == "DELAYFILE" => entries,
            _ => return Err(SdfError::expected(&file, "`(DELAYFILE …)`")),
        };
        // The standard's units where the header has none.
        let (cell, instance) = (String::new(), String::new());
        let mut reader = Reader { sdf: Self::default(), divider: '.', unit: 1000.0, cell, instance };
        entries.iter().try_for_each(|entry| reader.section(entry))?;
        Ok(reader.sdf)
    }
}

impl Reader {
    fn section(&mut self, node: &Node<'_>) -> Result<(), SdfError> {
        let (head, rest) = node.entry().ok_or_else(|| SdfError::expected(node, "`(KEYWORD …)`"))?;
        match &*head {
            "DIVIDER" => {
                let divider = rest.first().and_then(Node::word).filter(|word| ["/", "."].contains(word));
                let divider =
                    divider.ok_or_else(|| SdfError::expected(node, "`(DIVIDER /)` or `(DIVIDER .)`"))?;
                self.divider = if divider == "/" { '/' } else { '.' };
                Ok(())
            }
            "TIMESCALE" => {
                let words: Vec<&str> = rest.iter().filter_map(Node::word).collect();
                let unit = unit(&words.concat());
                self.unit =
                    unit.ok_or_else(|| SdfError::new(node.line, SdfFault::Timescale(words.join(" "))))?;
                Ok(())
            }
            "CELL" => {
                (self.cell, self.instance) = (String::new(), String::new());
                rest.iter().try_for_each(|entry| self.cell(entry))
            }
            head if PASSED_OVER.contains(&head) => Ok(()),
            _ => Err(SdfError::new(node.line, SdfFault::Unsupported(head))),
        }
    }

    fn cell(&mut self, node: &Node<'_>) -> Result<(), SdfError> {
        let (head, rest) = node.entry().ok_or_else(|| SdfError::expected(node, "`(KEYWORD …)`"))?;
        match &*head {
            "CELLTYPE" => self.cell = rest.first().and_then(Node::word).unwrap_or_default().into(),
            "INSTANCE" => {
                let words: Vec<&str> = rest.iter().filter_map(Node::word).collect();
                if words.contains(&"*") {
                    return Err(SdfError::new(node.line, SdfFault::Unsupported("an instance `*`".into())));
                }
                self.instance = self.path(&words.join(&self.divider.to_string())).join("/");
            }
            "DELAY" => {
                for entry in rest {
                    match entry.entry() {
                        Some((head, delays)) if head == "ABSOLUTE" => {
                            delays.iter().try_for_each(|delay| self.delay(delay))?;
                        }
                        Some((head, _)) => {
                            return Err(SdfError::new(entry.line, SdfFault::Unsupported(head)));
                        }
                        None => return Err(SdfError::expected(entry, "`(ABSOLUTE …)`")),
                    }
                }
            }
            "TIMINGCHECK" => {}
            _ => return Err(SdfError::new(node.line, SdfFault::Unsupported(head))),
        }
        Ok(())
    }

    fn delay(&mut self, node: &Node<'_>) -> Result<(), SdfError> {
        let (head, rest) = node.entry().ok_or_else(|| SdfError::expected(node, "`(IOPATH …)`"))?;
        let (line, instance) = (node.line, self.instance.clone());
        match (&*head, rest) {
            ("COND" | "CONDELSE", [.., inner]) if inner.list().is_some() => self.delay(inner),
            ("IOPATH", [from, to, values @ ..]) => {
                let from = from.word().or_else(|| from.list()?.last()?.word());
                let (from, to) = from.zip(to.word()).ok_or_else(|| SdfError::expected(node, "two pins"))?;
                let Some(delay) = self.values(values)? else { return Ok(()) };
                let [from, to] = [from, to].map(plain);
                self.sdf.arcs.push(Arc { line, cell: self.cell.clone(), instance, from, to, delay });
                Ok(())
            }
            ("INTERCONNECT", [_, to, values @ ..]) | ("PORT", [to, values @ ..]) => {
                let to = to.word().ok_or_else(|| SdfError::expected(node, "a pin"))?;
                let Some(delay) = self.values(values)? else { return Ok(()) };
                let mut path: Vec<String> = if instance.is_empty() { vec![] } else { vec![instance] };
                path.extend(self.path(to));
                let pin = path.pop().unwrap_or_default();
                self.sdf.wires.push(Wire { line, instance: path.join("/"), pin, delay });
                Ok(())
            }
            ("IOPATH" | "INTERCONNECT" | "PORT" | "COND" | "CONDELSE", _) => {
                Err(SdfError::expected(node, "pins and delays"))
            }
            _ => Err(SdfError::new(line, SdfFault::Unsupported(head))),
        }
    }

    /// The parts of a name between dividers that are not escaped.
    fn path(&self, name: &str) -> Vec<String> {
        let (mut parts, mut escaped) = (vec![String::new()], false);
        for c in name.chars() {
            if c == self.divider && !escaped {
                parts.push(String::new());
            } else if c != '\\' || escaped {
                parts.last_mut().expect("there is always one").push(c);
            }
            escaped = c == '\\' && !escaped;
        }
        parts
    }

    /// Rise and fall of a list of values; `None` where all are empty.
    fn values(&self, nodes: &[Node<'_>]) -> Result<Option<Delay>, SdfError> {
        let values = nodes.iter().filter(|node| node.entry().is_none_or(|(head, _)| head != "RETAIN"));
        let values: Vec<Option<f64>> =
            values.take(2).map(|node| self.value(node)).collect::<Result<_, SdfError>>()?;
        let given: Vec<f64> = values.into_iter().flatten().collect();
        if given.is_empty() {
            return Ok(None);
        }
        let mean = given.iter().sum::<f64>() / given.len() as f64;
        Ok(Some(Delay { mean, most: given.into_iter().fold(0.0, f64::max) }))
    }

    /// The typical one of `(min:typ:max)` in picoseconds; `None` for `()` and `(::)`.
    fn value(&self, node: &Node<'_>) -> Result<Option<f64>, SdfError> {
        let wrong = || SdfError::expected(node, "a delay of at least 0 such as `(0.1:0.2:0.3)`");
        let nodes = node.list().ok_or_else(wrong)?;
        // With pulse limits the delay itself comes first.
        if let Some(first) = nodes.first().filter(|first| first.list().is_some()) {
            return self.value(first);
        }
        let text: String = nodes.iter().filter_map(Node::word).collect();
        let number = |text: &str| -> Result<Option<f64>, SdfError> {
            if text.is_empty() {
                return Ok(None);
            }
            let number = text.parse::<f64>().ok().map(|number| number * self.unit);
            // A second is beyond every delay of a cell.
            number.filter(|number| (0.0..=1e12).contains(number)).map(Some).ok_or_else(wrong)
        };
        let numbers: Vec<Option<f64>> = text.split(':').map(number).collect::<Result<_, _>>()?;
        match numbers[..] {
            [one] => Ok(one),
            [_, Some(typical), _] => Ok(Some(typical)),
            [least, None, most] => Ok(match (least, most) {
                (Some(least), Some(most)) => Some((least + most) / 2.0),
                _ => least.or(most),
            }),
            _ => Err(wrong()),
        }
    }
}

fn plain(name: &str) -> String {
    name.replace('\\', "")
}

/// Picoseconds of `1ns`, `100ps` and the like.
fn unit(text: &str) -> Option<f64> {
    let end = text.find(|c: char| c.is_ascii_alphabetic())?;
    let picoseconds = match &text[end..] {
        "s" => 1e12,
        "ms" => 1e9,
        "us" => 1e6,
        "ns" => 1e3,
        "ps" => 1.0,
        "fs" => 1e-3,
        _ => return None,
    };
    let count = text[..end].parse::<f64>().ok().filter(|count| [1.0, 10.0, 100.0].contains(count))?;
    Some(count * picoseconds)
}
