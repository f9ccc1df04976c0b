//! Bits in any order, bound to their drivers one by one, and put in order at the end.

use super::{Checked, Fault, ImportError, LIMIT};
use crate::netlist::{Builder, Bus, Gate, Net};

/// A bit of the graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Bit(pub(super) u32);

#[derive(Debug, Clone, Copy)]
enum Node {
    /// Nothing drives it yet.
    Open,
    Input,
    Constant(bool),
    Wire(Bit),
    Gate(Gate, [Bit; 3]),
    State(Bit),
}

/// The bits of one declared name, for messages.
struct Named<'t> {
    first: u32,
    width: u32,
    line: u32,
    name: &'t str,
    /// The index of the first bit, and whether later ones count downwards.
    index: Option<(i64, bool)>,
    /// The instance of a library cell that it is a pin of.
    cell: Option<&'t str>,
}

/// Bits that reading a circuit may look at, again and again: many times what the largest circuit needs, and seconds.
const EFFORT: usize = 1 << 28;

/// Names of a loop that are told.
const SHOWN: usize = 6;

/// What an item of a text takes beside its bits, in as much work as a bit.
pub(super) const ITEM: usize = 16;

/// Bits of one bus.
const WIDEST: usize = 1 << 20;

/// Faults that are told; a file of garbage has millions.
const TOLD: usize = 1000;

/// A circuit while it is read.
#[derive(Default)]
pub(super) struct Graph<'t> {
    nodes: Vec<Node>,
    names: Vec<Named<'t>>,
    gates: usize,
    spent: usize,
    faults: Vec<ImportError>,
    /// The instance of a library cell that is being read, and its line: the lines of what cells compute are not of the text.
    cell: Option<(&'t str, u32)>,
}

/// Named buses of bits, least significant first.
pub(super) type Buses = Vec<(String, Vec<Bit>)>;

impl<'t> Graph<'t> {
    fn push(&mut self, node: Node) -> Bit {
        self.nodes.push(node);
        Bit(self.nodes.len() as u32 - 1)
    }

    /// Refuses what would not fit in memory.
    pub(super) fn check(&self, line: u32, more: usize) -> Result<(), ImportError> {
        // A name takes as much as two or three bits.
        let held = self.nodes.len() + 3 * self.names.len();
        if held.saturating_add(more) > LIMIT {
            return Err(ImportError::new(line, Fault::Large("the circuit".into(), LIMIT)));
        }
        Ok(())
    }

    /// Refuses what would take for ever: modules that hold themselves twice, level after level, and the like.
    pub(super) fn spend(&mut self, line: u32, bits: usize) -> Result<(), ImportError> {
        self.spent = self.spent.saturating_add(bits);
        if self.spent > EFFORT {
            return Err(ImportError::new(line, Fault::Large("the work of this circuit".into(), EFFORT)));
        }
        Ok(())
    }

    /// Goes into an instance of a library cell, whose faults are those of its line, or back out; returns where it was.
    pub(super) fn within(&mut self, cell: Option<(&'t str, u32)>) -> Option<(&'t str, u32)> {
        std::mem::replace(&mut self.cell, cell)
    }

    /// The line of the text for a line that is being read.
    pub(super) fn line(&self, line: u32) -> u32 {
        self.cell.map_or(line, |(_, line)| line)
    }

    /// Keeps a fault that reading can go on after.
    fn tell(&mut self, line: u32, fault: Fault) {
        if self.faults.len() < TOLD {
            self.faults.push(ImportError::new(line, fault));
        }
    }

    /// Bits that wait for their drivers, the first of them; `index` is that of the first one and whether they count
    /// downwards.
    pub(super) fn open(
        &mut self,
        name: &'t str,
        line: u32,
        width: usize,
        index: Option<(i64, bool)>,
    ) -> Result<Bit, ImportError> {
        if width > WIDEST {
            return Err(ImportError::new(line, Fault::Large(format!("`{name}`, of {width} bits,"), WIDEST)));
        }
        self.check(line, width)?;
        let first = self.nodes.len() as u32;
        let (line, cell) = (self.line(line), self.cell.map(|(cell, _)| cell));
        self.names.push(Named { first, width: width as u32, line, name, index, cell });
        self.nodes.resize(self.nodes.len() + width, Node::Open);
        Ok(Bit(first))
    }

    /// Makes open bits inputs of the circuit.
    pub(super) fn make_input(&mut self, bits: &[Bit]) {
        bits.iter().for_each(|bit| self.nodes[bit.0 as usize] = Node::Input);
    }

    pub(super) fn constant(&mut self, value: bool) -> Bit {
        self.push(Node::Constant(value))
    }

    pub(super) fn gate(&mut self, gate: Gate, inputs: &[Bit]) -> Bit {
        let pins = [0, 1, 2].map(|pin| *inputs.get(pin).unwrap_or(&inputs[0]));
        self.gates += 1;
        self.push(Node::Gate(gate, pins))
    }

    pub(super) fn full_adder(&mut self, a: Bit, b: Bit, c: Bit) -> (Bit, Bit) {
        let half = self.gate(Gate::Xor, &[a, b]);
        let generate = self.gate(Gate::And, &[a, b]);
        let sum = self.gate(Gate::Xor, &[half, c]);
        let propagate = self.gate(Gate::And, &[half, c]);
        (sum, self.gate(Gate::Or, &[generate, propagate]))
    }

    /// Gates so far.
    pub(super) fn gates(&self) -> usize {
        self.gates
    }

    /// Drives `target` by `source`.
    pub(super) fn bind(&mut self, line: u32, target: Bit, source: Bit) {
        self.drive(line, target, Node::Wire(source));
    }

    /// Makes `target` a register's output.
    pub(super) fn register(&mut self, line: u32, target: Bit, next: Bit) {
        self.drive(line, target, Node::State(next));
    }

    /// The first driver stays.
    fn drive(&mut self, line: u32, target: Bit, node: Node) {
        match self.nodes[target.0 as usize] {
            Node::Open => self.nodes[target.0 as usize] = node,
            _ => self.tell(self.line(line), Fault::Driven(self.name(target).0)),
        }
    }

    /// What a bit is a mere name of.
    pub(super) fn root(&self, mut bit: Bit) -> Bit {
        // A ring of wires has no root; a whole round is enough to know.
        for _ in 0..self.nodes.len() {
            match self.nodes[bit.0 as usize] {
                Node::Wire(source) => bit = source,
                _ => break,
            }
        }
        bit
    }

    /// Whether a declaration names a bit.
    fn is_named(&self, bit: Bit) -> bool {
        let at = self.names.partition_point(|named| named.first <= bit.0);
        at.checked_sub(1).is_some_and(|at| bit.0 - self.names[at].first < self.names[at].width)
    }

    /// The declared name of a bit and its line; of an unnamed one, that of the last name before it.
    pub(super) fn name(&self, bit: Bit) -> (String, u32) {
        let at = self.names.partition_point(|named| named.first <= bit.0);
        let Some(named) = at.checked_sub(1).map(|at| &self.names[at]) else { return ("a net".into(), 1) };
        let offset = i64::from(bit.0 - named.first);
        let name = match named.index {
            Some((first, true)) => format!("{}[{}]", named.name, first - offset),
            Some((first, false)) => format!("{}[{}]", named.name, first + offset),
            None => named.name.into(),
        };
        let cell = named.cell.map_or(String::new(), |cell| format!("{cell}."));
        (cell + &name, named.line)
    }

    /// The circuit, in order, folded and shared; what is not driven, and what closes a loop, is 0 and a fault.
    ///
    /// `line` is that of the ports.
    pub(super) fn finish(
        self,
        name: &str,
        line: u32,
        inputs: Buses,
        outputs: Buses,
    ) -> Result<Checked<ImportError>, ImportError> {
        Ok(self.ordered(name, line, inputs, outputs, Builder::copy)?.0)
    }

    /// The circuit, in order, every gate that an output needs as it stands; and the net of every bit that is needed.
    pub(super) fn standing(
        self,
        name: &str,
        line: u32,
        inputs: Buses,
        outputs: Buses,
    ) -> Result<(Checked<ImportError>, Vec<Option<Net>>), ImportError> {
        // What no output needs is not built, so finishing drops nothing and nets keep their numbers.
        self.ordered(name, line, inputs, outputs, Builder::apart)
    }

    fn ordered(
        self,
        name: &str,
        line: u32,
        inputs: Buses,
        outputs: Buses,
        add: fn(&mut Builder, Gate, [Net; 3]) -> Net,
    ) -> Result<(Checked<ImportError>, Vec<Option<Net>>), ImportError> {
        let mut names = std::collections::HashSet::new();
        for (name, _) in inputs.iter().chain(&outputs) {
            if !names.insert(name) {
                return Err(ImportError::new(line, Fault::Twice(name.clone())));
            }
        }
        let mut ordering = Ordering {
            add,
            nets: vec![None; self.nodes.len()],
            builder: Builder::new(name),
            states: vec![],
            graph: self,
        };
        for (name, bits) in &inputs {
            let nets = ordering.builder.input(name, bits.len() as u32);
            bits.iter().zip(nets).for_each(|(bit, net)| ordering.nets[bit.0 as usize] = Some(net));
        }
        for (name, bits) in &outputs {
            let bus = bits.iter().map(|bit| ordering.net(*bit)).collect::<Bus>();
            ordering.builder.output(name, bus);
        }
        // Finding a next state may reach further states.
        let mut done = 0;
        while let Some(&(state, next)) = ordering.states.get(done) {
            let next = ordering.net(next);
            ordering.builder.set_next(&[state], &[next]);
            done += 1;
        }
        let unneeded = ordering.unneeded();
        let mut faults = ordering.graph.faults;
        faults.sort_by_key(|error| error.line);
        Ok((Checked { netlist: ordering.builder.finish(), faults, unneeded }, ordering.nets))
    }
}

/// Depth first from an output: without recursion, for circuits are deep.
struct Ordering<'t> {
    graph: Graph<'t>,
    add: fn(&mut Builder, Gate, [Net; 3]) -> Net,
    builder: Builder,
    nets: Vec<Option<Net>>,
    states: Vec<(Net, Bit)>,
}

impl Ordering<'_> {
    fn net(&mut self, bit: Bit) -> Net {
        let mut path = vec![bit];
        // On the path and not done: meeting such a bit again closes a loop.
        let mut open = std::collections::HashSet::from([bit]);
        while let Some(&bit) = path.last() {
            if self.nets[bit.0 as usize].is_none() {
                if let Some(waiting) = self.waiting(bit) {
                    if open.insert(waiting) {
                        path.push(waiting);
                    } else {
                        self.cut(&path, waiting);
                    }
                    continue;
                }
                self.nets[bit.0 as usize] = Some(self.build(bit));
            }
            open.remove(&bit);
            path.pop();
        }
        self.nets[bit.0 as usize].expect("the path ended here")
    }

    /// Nets without a driver that gates or registers read, but no output needs.
    fn unneeded(&self) -> Vec<ImportError> {
        let (nodes, mut read) = (&self.graph.nodes, vec![false; self.graph.nodes.len()]);
        let mut ahead: Vec<Bit> = vec![];
        for node in nodes {
            match node {
                Node::Gate(gate, pins) => ahead.extend(&pins[..gate.inputs()]),
                Node::State(next) => ahead.push(*next),
                _ => continue,
            }
            while let Some(Bit(at)) = ahead.pop() {
                let seen = std::mem::replace(&mut read[at as usize], true);
                if let (false, Node::Wire(source)) = (seen, nodes[at as usize]) {
                    ahead.push(source);
                }
            }
        }
        let open = |at: &usize| read[*at] && self.nets[*at].is_none() && matches!(nodes[*at], Node::Open);
        let fault = |at: usize| {
            let (name, line) = self.graph.name(Bit(at as u32));
            ImportError::new(line, Fault::Undriven(name))
        };
        let mut found: Vec<ImportError> = (0..nodes.len()).filter(open).take(TOLD).map(fault).collect();
        found.sort_by_key(|error| error.line);
        found
    }

    /// An input of this bit's driver that has no net yet.
    fn waiting(&self, bit: Bit) -> Option<Bit> {
        let missing = |bit: &Bit| self.nets[bit.0 as usize].is_none();
        match self.graph.nodes[bit.0 as usize] {
            Node::Wire(source) => Some(source).filter(missing),
            Node::Gate(gate, pins) => pins[..gate.inputs()].iter().copied().find(missing),
            _ => None,
        }
    }

    fn build(&mut self, bit: Bit) -> Net {
        let net = |bit: Bit| self.nets[bit.0 as usize].expect("inputs come first");
        match self.graph.nodes[bit.0 as usize] {
            Node::Wire(source) => net(source),
            Node::Gate(gate, pins) => {
                let pins = pins.map(net);
                (self.add)(&mut self.builder, gate, pins)
            }
            Node::Constant(value) => self.builder.constant(value),
            Node::State(next) => {
                let state = self.builder.state(1)[0];
                self.states.push((state, next));
                state
            }
            Node::Open | Node::Input => {
                let (name, line) = self.graph.name(bit);
                // Of the inputs only the clock is none of the circuit's.
                let clock = matches!(self.graph.nodes[bit.0 as usize], Node::Input);
                self.graph.tell(line, if clock { Fault::Clock(name) } else { Fault::Undriven(name) });
                self.builder.constant(false)
            }
        }
    }

    /// Ends the loop that `closing`, which is on the path, closes.
    fn cut(&mut self, path: &[Bit], closing: Bit) {
        if self.graph.faults.len() < TOLD {
            let start = path.iter().rposition(|bit| *bit == closing).unwrap_or(0);
            let named = path[start..].iter().copied().filter(|bit| self.graph.is_named(*bit));
            let mut named: Vec<Bit> = named.collect();
            if named.is_empty() {
                named.push(closing);
            }
            let line = self.graph.name(named[0]).1;
            self.graph.tell(line, Fault::Loop(self.told(&named)));
        }
        self.nets[closing.0 as usize] = Some(self.builder.constant(false));
    }

    /// The first few names of a loop.
    fn told(&self, named: &[Bit]) -> String {
        let mut shown: Vec<String> =
            named.iter().map(|bit| format!("`{}`", self.graph.name(*bit).0)).collect();
        shown.dedup();
        let rest = if shown.len() > SHOWN { " …" } else { "" };
        shown.truncate(SHOWN);
        format!("{} reads {}{rest}", shown[0], [&shown[1..], &shown[..1]].concat().join(" reads "))
    }
}
