//! BLIF, the netlist format of Berkeley's tools: `.names` covers, latches, and models within models.
//!
//! Bits named `a[0]`, `a[1]` … become one bus; a latch is a register of the one clock that starts at 0. `.gate`
//! (cells of a library) is not read.

use std::collections::{HashMap, HashSet};

use indexmap::IndexMap;

use super::graph::{Bit, Buses, Graph, ITEM};
use super::{Checked, Fault, ImportError};
use crate::netlist::{Gate, Netlist, balanced, is_name};

/// How deep models may contain one another.
const DEEPEST: usize = 64;

/// Reads the first model of a BLIF text.
///
/// # Errors
/// [`ImportError`] with the line.
///
/// ```
/// use axsim::netlist::import::blif;
/// let text = ".model and\n.inputs a[0] a[1]\n.outputs y\n.names a[0] a[1] y\n11 1\n.end\n";
/// assert_eq!(blif::read(text).unwrap().eval(&[0b11]), [1]);
/// ```
pub fn read(text: &str) -> Result<Netlist, ImportError> {
    check(text)?.sound()
}

/// As [`read`], but tells every fault that reading can go on after.
///
/// # Errors
/// [`ImportError`] where it cannot go on.
pub fn check(text: &str) -> Result<Checked<ImportError>, ImportError> {
    let models = models(text)?;
    let Some(top) = models.first() else { return Err(ImportError::new(1, Fault::Empty)) };
    // Of models of one name the first one counts.
    let by_name = models.iter().rev().map(|model| (model.name, model)).collect();
    let mut flat = Flattening { graph: Graph::default(), models: by_name };
    let nets = flat.model(top, HashMap::new(), 0)?;
    let (inputs, outputs) = (buses(top.line, &top.inputs, &nets)?, buses(top.line, &top.outputs, &nets)?);
    if outputs.is_empty() {
        return Err(ImportError::new(top.line, Fault::Empty));
    }
    for (_, bits) in &inputs {
        flat.graph.make_input(bits);
    }
    let name = if is_name(top.name) { top.name } else { "circuit" };
    flat.graph.finish(name, top.line, inputs, outputs)
}

struct Model<'t> {
    name: &'t str,
    line: u32,
    inputs: Vec<&'t str>,
    outputs: Vec<&'t str>,
    parts: Vec<(u32, Part<'t>)>,
}

enum Part<'t> {
    /// Inputs and then the output, and the rows of the cover.
    Names(Vec<&'t str>, Vec<(u32, &'t str, &'t str)>),
    Latch(&'t str, &'t str),
    Model(&'t str, Vec<(&'t str, &'t str)>),
}

/// Statements with their line: comments dropped, continued lines joined.
fn statements(text: &str) -> Vec<(u32, Vec<&str>)> {
    let mut found: Vec<(u32, Vec<&str>)> = vec![];
    let mut continued = false;
    for (at, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or("").trim_end();
        let (line, more) = line.strip_suffix('\\').map_or((line, false), |line| (line, true));
        let words = line.split_whitespace();
        match found.last_mut().filter(|_| continued) {
            Some((_, before)) => before.extend(words),
            None => found.push((at as u32 + 1, words.collect())),
        }
        continued = more;
    }
    found.retain(|(_, words)| !words.is_empty());
    found
}

fn models(text: &str) -> Result<Vec<Model<'_>>, ImportError> {
    let mut models: Vec<Model> = vec![];
    for (line, words) in statements(text) {
        if words[0] == ".model" {
            let name =
                *words.get(1).ok_or_else(|| ImportError::expected(line, "a name after `.model`", ""))?;
            models.push(Model { name, line, inputs: vec![], outputs: vec![], parts: vec![] });
            continue;
        }
        let model = models.last_mut().ok_or_else(|| ImportError::expected(line, "`.model`", words[0]))?;
        let wrong = |what: &str| ImportError::expected(line, what, &words.join(" "));
        match (words[0], &words[1..]) {
            (".inputs", names) => model.inputs.extend(names),
            (".outputs", names) => model.outputs.extend(names),
            (".names", []) => return Err(wrong("an output after `.names`")),
            (".names", nets) => model.parts.push((line, Part::Names(nets.to_vec(), vec![]))),
            (".latch", [next, state, rest @ ..]) => {
                if rest.last().is_some_and(|first| *first == "1") {
                    return Err(ImportError::unsupported(line, "a first state other than 0"));
                }
                model.parts.push((line, Part::Latch(next, state)));
            }
            (".subckt", [name, pins @ ..]) => {
                let pins = pins.iter().map(|pin| pin.split_once('=').ok_or_else(|| wrong("`port=net`")));
                let pins = pins.collect::<Result<_, _>>()?;
                model.parts.push((line, Part::Model(name, pins)));
            }
            (".end" | ".clock" | ".default_input_arrival", _) => {}
            (word, _) if word.starts_with('.') => {
                return Err(ImportError::unsupported(line, &format!("`{word}`")));
            }
            (row, rest) => {
                let Some((_, Part::Names(nets, rows))) = model.parts.last_mut() else {
                    return Err(wrong("a row after `.names`"));
                };
                let (inputs, output) = match rest {
                    [] if nets.len() == 1 => ("", row),
                    [output] => (row, *output),
                    _ => return Err(wrong("a row of inputs and an output")),
                };
                let fits = inputs.len() + 1 == nets.len() && inputs.chars().all(|c| "01-".contains(c));
                if !fits || !["0", "1"].contains(&output) {
                    return Err(wrong(&format!(
                        "{} of `0`, `1`, `-` and an output `0` or `1`",
                        nets.len() - 1
                    )));
                }
                rows.push((line, inputs, output));
            }
        }
    }
    Ok(models)
}

struct Flattening<'m, 't> {
    graph: Graph<'t>,
    models: HashMap<&'t str, &'m Model<'t>>,
}

type Nets<'t> = HashMap<&'t str, Bit>;

impl<'m, 't> Flattening<'m, 't> {
    fn model(
        &mut self,
        model: &'m Model<'t>,
        mut nets: Nets<'t>,
        depth: usize,
    ) -> Result<Nets<'t>, ImportError> {
        if depth > DEEPEST {
            let what = format!("`{}` within itself", model.name);
            return Err(ImportError::new(model.line, Fault::Large(what, DEEPEST)));
        }
        for name in model.inputs.iter().chain(&model.outputs) {
            self.net(&mut nets, model.line, name)?;
        }
        for (line, part) in &model.parts {
            self.graph.spend(*line, ITEM)?;
            match part {
                Part::Names(names, rows) => {
                    let bits = names.iter().map(|name| self.net(&mut nets, *line, name));
                    let bits = bits.collect::<Result<Vec<Bit>, _>>()?;
                    let (output, inputs) = bits.split_last().expect("there is an output");
                    let value = self.cover(inputs, rows)?;
                    self.graph.bind(*line, *output, value);
                }
                Part::Latch(next, state) => {
                    let (next, state) =
                        (self.net(&mut nets, *line, next)?, self.net(&mut nets, *line, state)?);
                    self.graph.register(*line, state, next);
                }
                Part::Model(name, pins) => self.instance(&mut nets, *line, name, pins, depth)?,
            }
        }
        Ok(nets)
    }

    fn net(&mut self, nets: &mut Nets<'t>, line: u32, name: &'t str) -> Result<Bit, ImportError> {
        if let Some(bit) = nets.get(name) {
            return Ok(*bit);
        }
        let bit = self.graph.open(name, line, 1, None)?;
        nets.insert(name, bit);
        Ok(bit)
    }

    fn instance(
        &mut self,
        nets: &mut Nets<'t>,
        line: u32,
        name: &str,
        pins: &[(&'t str, &'t str)],
        depth: usize,
    ) -> Result<(), ImportError> {
        let model = self.models.get(name).copied();
        let model = model.ok_or_else(|| ImportError::new(line, Fault::Module(name.into())))?;
        let ports: HashSet<&str> = model.inputs.iter().chain(&model.outputs).copied().collect();
        self.graph.spend(line, ports.len() + pins.len())?;
        let mut given = HashMap::new();
        for (port, net) in pins {
            if !ports.contains(port) {
                let (module, port) = (name.into(), (*port).to_string());
                return Err(ImportError::new(line, Fault::Port { module, port }));
            }
            given.insert(*port, self.net(nets, line, net)?);
        }
        self.model(model, given, depth + 1).map(drop)
    }

    /// A sum of products; rows of output 0 say where the function is 0.
    fn cover(&mut self, inputs: &[Bit], rows: &[(u32, &str, &str)]) -> Result<Bit, ImportError> {
        if let Some([(.., before), (line, _, output)]) = rows.windows(2).find(|two| two[0].2 != two[1].2) {
            let what = format!("the output `{before}` of the rows above");
            return Err(ImportError::expected(*line, &what, output));
        }
        let mut terms = vec![];
        for (line, row, _) in rows {
            self.graph.check(*line, 2 * inputs.len())?;
            self.graph.spend(*line, inputs.len())?;
            let literals: Vec<Bit> =
                row.chars().zip(inputs).filter_map(|(literal, bit)| self.literal(literal, *bit)).collect();
            terms.push(self.all(Gate::And, literals, true));
        }
        let any = self.all(Gate::Or, terms, false);
        let inverted = rows.first().is_some_and(|(.., output)| *output == "0");
        Ok(if inverted { self.graph.gate(Gate::Not, &[any]) } else { any })
    }

    fn literal(&mut self, literal: char, bit: Bit) -> Option<Bit> {
        match literal {
            '1' => Some(bit),
            '0' => Some(self.graph.gate(Gate::Not, &[bit])),
            _ => None,
        }
    }

    fn all(&mut self, gate: Gate, bits: Vec<Bit>, none: bool) -> Bit {
        balanced(bits, |a, b| self.graph.gate(gate, &[a, b])).unwrap_or_else(|| self.graph.constant(none))
    }
}

/// Bits `a[0]`, `a[1]` … as one bus, in the order in which the names come first.
fn buses(line: u32, names: &[&str], nets: &Nets) -> Result<Buses, ImportError> {
    let mut found: IndexMap<&str, Vec<(usize, Bit)>> = IndexMap::new();
    for name in names {
        let indexed = name.strip_suffix(']').and_then(|name| name.split_once('['));
        let (bus, index) = match indexed.and_then(|(bus, index)| Some((bus, index.parse().ok()?))) {
            Some(found) => found,
            None => (*name, 0),
        };
        if !is_name(bus) {
            return Err(ImportError::expected(line, "a port named by letters, digits and `_`", name));
        }
        found.entry(bus).or_default().push((index, nets[name]));
    }
    let bus = |(name, mut bits): (&str, Vec<(usize, Bit)>)| {
        bits.sort_unstable_by_key(|(index, _)| *index);
        match bits.iter().enumerate().find(|(at, (index, _))| at != index) {
            Some((at, _)) => Err(ImportError::new(line, Fault::Undeclared(format!("{name}[{at}]")))),
            None => Ok((name.into(), bits.into_iter().map(|(_, bit)| bit).collect())),
        }
    };
    found.into_iter().map(bus).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn covers_latches_and_models_are_what_they_say() {
        let text = "# a toggle within a model\n.model top\n.inputs a[1] a[0]\n.outputs y z\n\
            .subckt xnor p=a[0] q=a[1] \\\n r=y\n.names one z\n0 0\n.names one\n1\n.end\n\
            .model xnor\n.inputs p q\n.outputs r\n.names p q r\n10 0\n01 0\n.end\n";
        let netlist = read(text).unwrap();
        assert_eq!([0, 1, 2, 3].map(|a| netlist.eval(&[a])), [[1, 1], [0, 1], [0, 1], [1, 1]]);
        let toggle = read(".model t\n.outputs q\n.latch d q re clk 0\n.names q d\n0 1\n.end\n").unwrap();
        assert_eq!((toggle.registers().len(), toggle.gate_count()), (1, 1));
    }

    #[test]
    fn mistakes_name_their_line() {
        for (text, message) in [
            ("", "line 1: there is no module with an output here"),
            (".inputs a", "line 1: `.model` is expected, not `.inputs`"),
            (".model m\n.outputs y\n.names a y\n1 1\n", "line 3: `a` is read, but nothing drives it"),
            (
                ".model m\n.inputs a\n.outputs y\n.names a y\n11 1\n",
                "line 5: 1 of `0`, `1`, `-` and an output `0` or `1` is expected, not `11 1`",
            ),
            (".model m\n.inputs a\n.outputs y\n.names a y\n1 1\n.names a y\n", "line 6: `y` is driven twice"),
            (
                ".model m\n.outputs y\n.names y x\n1 1\n.names x y\n1 1\n",
                "line 1: a combinational loop: `y` reads `x` reads `y`",
            ),
            (".model m\n.inputs a\n.outputs a\n", "line 1: `a` is declared twice"),
            (
                ".model m\n.outputs y\n.subckt n a=y\n",
                "line 3: no module `n` stands in this file, and it is no cell of the libraries that are known",
            ),
        ] {
            assert_eq!(read(text).unwrap_err().to_string(), message);
        }
    }

    /// Models that hold the next one twice: 2^40 of them.
    #[test]
    fn endless_work_is_refused() {
        let model = |at: usize| format!(".model m{at}\n.outputs y\n.subckt m{0}\n.subckt m{0}\n", at + 1);
        let text: String = (0..40).map(model).collect();
        let error = read(&(text + ".model m40\n.outputs y\n")).unwrap_err().to_string();
        assert!(error.contains("too large"), "{error}");
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "(\\.model m|\\.inputs|\\.outputs|\\.names|\\.latch|\\.subckt m|\n| |a|a\\[0\\]|y|1|0|-|=|\\\\|\\PC)*") {
            let _ = read(&text);
        }
    }
}
