//! Text → netlist, statement by statement; the first mistake ends it.

use std::collections::HashMap;

use super::{Mistake, TextError};
use crate::netlist::{Bus, Cell, Gate, Net, Netlist, Register, is_name};

/// Bits of one input bus that are read: wider than any design, small enough for a slip of the finger.
pub(super) const WIDTH_LIMIT: u32 = 4096;
/// Cells that are read.
pub(super) const CELL_LIMIT: usize = 1 << 24;
/// Words that begin a statement and are therefore no net names.
const RESERVED: [&str; 4] = ["netlist", "input", "next", "output"];

/// Reads a netlist from its text form; nothing is folded or dropped.
///
/// # Errors
/// [`TextError`] with the line of the first mistake and what to write instead.
///
/// ```
/// use axsim::netlist::text;
/// let toggle = text::parse("netlist toggle\nq = state\nd = not q\nnext q = d\noutput y = q\n").unwrap();
/// assert_eq!((toggle.gate_count(), toggle.registers().len()), (1, 1));
/// let error = text::parse("netlist wrong\ninput a[2]\ny = nand a[0] a[2]\n").unwrap_err();
/// assert_eq!(error.to_string(), "line 3: `a[2]` is no bit of the input `a`, whose bits are `a[0]` to `a[1]`");
/// ```
pub fn parse(text: &str) -> Result<Netlist, TextError> {
    let mut reader = Reader::default();
    for (at, line) in text.lines().enumerate() {
        reader.line = at + 1;
        let statement = line.split('#').next().unwrap_or("").replace('=', " = ");
        let words: Vec<&str> = statement.split_whitespace().collect();
        reader.statement(&words).map_err(|mistake| TextError { line: reader.line, mistake })?;
    }
    reader.finish()
}

#[derive(Default)]
struct Reader {
    netlist: Netlist,
    line: usize,
    /// Nets by name (`n1`, `a[0]`), with the line of the definition.
    nets: HashMap<String, (Net, usize)>,
    /// Lines of the buses, inputs and outputs.
    buses: HashMap<String, usize>,
    /// States in the order of definition: name, line, line of the next state.
    states: Vec<(String, Net, usize, Option<usize>)>,
}

impl Reader {
    fn statement(&mut self, words: &[&str]) -> Result<(), Mistake> {
        match (self.netlist.name.is_empty(), words) {
            (_, []) => Ok(()),
            (true, ["netlist", name]) => {
                self.netlist.name = named(name)?;
                Ok(())
            }
            (true, _) | (_, ["netlist", ..]) => Err(Mistake::Header),
            (_, ["input", bus]) => self.input(bus),
            (_, ["output", name, "=", nets @ ..]) => self.output(name, nets),
            (_, ["next", state, "=", next]) => self.next(state, next),
            (_, [name, "=", "state"]) => self.state(name),
            (_, [name, "=", "constant", value]) => self.constant(name, value),
            (_, [name, "=", gate, nets @ ..]) => self.gate(name, gate, nets),
            _ => Err(Mistake::Statement),
        }
    }

    fn input(&mut self, word: &str) -> Result<(), Mistake> {
        let wrong = || Mistake::Width { found: word.into() };
        let (name, width) = word.strip_suffix(']').and_then(|word| word.split_once('[')).ok_or_else(wrong)?;
        let width = width.parse::<u32>().ok().filter(|width| *width <= WIDTH_LIMIT).ok_or_else(wrong)?;
        let name = self.bus(name)?;
        let bits = (0..width).map(|bit| {
            let net = self.push(Cell::Input)?;
            self.nets.insert(format!("{name}[{bit}]"), (net, self.line));
            Ok(net)
        });
        let bus = bits.collect::<Result<Bus, Mistake>>()?;
        self.netlist.inputs.push((name, bus));
        Ok(())
    }

    fn output(&mut self, name: &str, nets: &[&str]) -> Result<(), Mistake> {
        let name = self.bus(name)?;
        let bus = nets.iter().map(|net| self.net(net)).collect::<Result<Bus, _>>()?;
        self.netlist.outputs.push((name, bus));
        Ok(())
    }

    fn bus(&mut self, name: &str) -> Result<String, Mistake> {
        let name = named(name)?;
        match self.buses.insert(name.clone(), self.line) {
            Some(first) => Err(Mistake::Twice { name, first }),
            None => Ok(name),
        }
    }

    fn state(&mut self, name: &str) -> Result<(), Mistake> {
        let net = self.define(name, Cell::State)?;
        self.states.push((name.into(), net, self.line, None));
        Ok(())
    }

    fn constant(&mut self, name: &str, value: &str) -> Result<(), Mistake> {
        let value = match value {
            "0" => false,
            "1" => true,
            _ => return Err(Mistake::Constant),
        };
        self.define(name, Cell::Constant(value)).map(drop)
    }

    fn gate(&mut self, name: &str, word: &str, nets: &[&str]) -> Result<(), Mistake> {
        let known = Gate::ALL.into_iter().find(|gate| gate.name() == word);
        let gate = known.ok_or_else(|| Mistake::Gate { name: word.into(), nearest: nearest(word) })?;
        let nets = nets.iter().map(|net| self.net(net)).collect::<Result<Vec<_>, _>>()?;
        if nets.len() != gate.inputs() {
            return Err(Mistake::Arity { gate, found: nets.len() });
        }
        let reads = [0, 1, 2].map(|pin| *nets.get(pin).unwrap_or(&nets[0]));
        self.define(name, Cell::Gate(gate, reads)).map(drop)
    }

    fn next(&mut self, name: &str, next: &str) -> Result<(), Mistake> {
        let (state, next) = (self.net(name)?, self.net(next)?);
        let entry = self.states.iter_mut().find(|(_, net, ..)| *net == state);
        let (.., line) = entry.ok_or_else(|| Mistake::NoState(name.into()))?;
        if let Some(first) = line.replace(self.line) {
            return Err(Mistake::NextTwice { name: name.into(), first });
        }
        self.netlist.registers.push(Register { state, next });
        Ok(())
    }

    fn define(&mut self, name: &str, cell: Cell) -> Result<Net, Mistake> {
        let name = named(name)?;
        if RESERVED.contains(&&*name) {
            return Err(Mistake::Name(name));
        }
        if let Some(&(_, first)) = self.nets.get(&name) {
            return Err(Mistake::Twice { name, first });
        }
        let net = self.push(cell)?;
        self.nets.insert(name, (net, self.line));
        Ok(net)
    }

    fn push(&mut self, cell: Cell) -> Result<Net, Mistake> {
        if self.netlist.cells.len() >= CELL_LIMIT {
            return Err(Mistake::TooMany);
        }
        self.netlist.cells.push(cell);
        Ok(Net(self.netlist.cells.len() as u32 - 1))
    }

    fn net(&self, name: &str) -> Result<Net, Mistake> {
        if let Some(&(net, _)) = self.nets.get(name) {
            return Ok(net);
        }
        let bus = name.split('[').next().unwrap_or("");
        let input = self.netlist.inputs.iter().find(|(input, _)| input == bus);
        Err(match input {
            Some((bus, nets)) => {
                Mistake::Bit { name: name.into(), bus: bus.clone(), width: nets.len() as u32 }
            }
            None => Mistake::Undefined(name.into()),
        })
    }

    fn finish(self) -> Result<Netlist, TextError> {
        if self.netlist.name.is_empty() {
            return Err(TextError { line: self.line.max(1), mistake: Mistake::Header });
        }
        match self.states.into_iter().find(|(.., next)| next.is_none()) {
            Some((name, _, line, _)) => Err(TextError { line, mistake: Mistake::NoNext(name) }),
            None => Ok(self.netlist),
        }
    }
}

fn named(word: &str) -> Result<String, Mistake> {
    if is_name(word) { Ok(word.into()) } else { Err(Mistake::Name(word.into())) }
}

fn nearest(word: &str) -> &'static str {
    let names = Gate::ALL.map(Gate::name).into_iter();
    let best = names.max_by(|a, b| strsim::jaro_winkler(a, word).total_cmp(&strsim::jaro_winkler(b, word)));
    best.unwrap_or("and")
}
