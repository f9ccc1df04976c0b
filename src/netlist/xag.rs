//! Graphs of two-input ands and exclusive-ors whose edges may invert (xor-and graphs): equal structure is one node.
//!
//! After Kuehlmann, Paruthi, Krohm and Ganai, "Robust Boolean reasoning for equivalence checking and functional property
//! verification" (IEEE TCAD 2002), with the exclusive-or kept whole, for arithmetic is full of it.

use std::collections::HashMap;
use std::ops::Not;

use foldhash::fast::FixedState;

use super::{Cell, Gate, Net, Netlist};

/// A node, or its inverse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Literal(u32);

impl Literal {
    pub(super) const FALSE: Self = Self(0);

    pub(super) fn new(node: usize) -> Self {
        Self(2 * node as u32)
    }

    pub(super) fn node(self) -> usize {
        (self.0 >> 1) as usize
    }

    pub(super) fn inverted(self) -> bool {
        self.0 & 1 == 1
    }

    pub(super) fn invert(self, invert: bool) -> Self {
        Self(self.0 ^ u32::from(invert))
    }
}

impl Not for Literal {
    type Output = Self;
    fn not(self) -> Self {
        self.invert(true)
    }
}

/// What a node is; the two literals of a gate ascend, and those of an exclusive-or are not inverted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Node {
    /// Always 0; the first node.
    Zero,
    Input,
    And([Literal; 2]),
    Xor([Literal; 2]),
}

#[derive(Debug)]
pub(super) struct Xag {
    nodes: Vec<Node>,
    shared: HashMap<Node, u32, FixedState>,
}

impl Xag {
    pub(super) fn new() -> Self {
        Self { nodes: vec![Node::Zero], shared: HashMap::default() }
    }

    pub(super) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    pub(super) fn input(&mut self) -> Literal {
        self.nodes.push(Node::Input);
        Literal::new(self.nodes.len() - 1)
    }

    fn share(&mut self, node: Node) -> Literal {
        let next = self.nodes.len();
        let at = *self.shared.entry(node).or_insert(next as u32);
        if at as usize == next {
            self.nodes.push(node);
        }
        Literal::new(at as usize)
    }

    pub(super) fn and(&mut self, a: Literal, b: Literal) -> Literal {
        let (a, b) = (a.min(b), a.max(b));
        match (a, b) {
            (Literal::FALSE, _) => return Literal::FALSE,
            _ if a == !Literal::FALSE => return b,
            _ if a == b => return a,
            _ if a == !b => return Literal::FALSE,
            _ => {}
        }
        self.absorbed(a, b)
            .or_else(|| self.absorbed(b, a))
            .or_else(|| self.exclusive(a, b))
            .unwrap_or_else(|| self.share(Node::And([a, b])))
    }

    /// a and a gate that reads a itself.
    fn absorbed(&mut self, a: Literal, gate: Literal) -> Option<Literal> {
        let Node::And(pins) = self.nodes[gate.node()] else { return None };
        let at = pins.iter().position(|pin| pin.node() == a.node())?;
        Some(match (pins[at] == a, gate.inverted()) {
            (true, false) => gate,
            (true, true) => self.and(a, !pins[1 - at]),
            (false, false) => Literal::FALSE,
            (false, true) => a,
        })
    }

    /// Neither both nor none of two: the exclusive-or of ands.
    fn exclusive(&mut self, a: Literal, b: Literal) -> Option<Literal> {
        let (Node::And(of_a), Node::And(of_b)) = (self.nodes[a.node()], self.nodes[b.node()]) else {
            return None;
        };
        let opposite = of_a == [!of_b[0], !of_b[1]];
        (a.inverted() && b.inverted() && opposite).then(|| self.xor(of_a[0], of_a[1]))
    }

    pub(super) fn xor(&mut self, a: Literal, b: Literal) -> Literal {
        let inverted = a.inverted() != b.inverted();
        let (a, b) = (a.invert(a.inverted()), b.invert(b.inverted()));
        let found = match (a.min(b), a.max(b)) {
            (Literal::FALSE, other) => other,
            (one, other) if one == other => Literal::FALSE,
            (one, other) => self.share(Node::Xor([one, other])),
        };
        found.invert(inverted)
    }

    fn or(&mut self, a: Literal, b: Literal) -> Literal {
        !self.and(!a, !b)
    }

    pub(super) fn gate(&mut self, gate: Gate, [a, b, c]: [Literal; 3]) -> Literal {
        match gate {
            Gate::Not => !a,
            Gate::And => self.and(a, b),
            Gate::Or => self.or(a, b),
            Gate::Xor => self.xor(a, b),
            Gate::Mux => {
                let (one, zero) = (self.and(a, b), self.and(!a, c));
                self.or(one, zero)
            }
            Gate::And3 => {
                let first = self.and(a, b);
                self.and(first, c)
            }
            Gate::Or3 => {
                let first = self.or(a, b);
                self.or(first, c)
            }
            Gate::Sum => {
                let half = self.xor(a, b);
                self.xor(half, c)
            }
            Gate::Majority => {
                let (both, half) = (self.and(a, b), self.xor(a, b));
                let passed = self.and(half, c);
                self.or(both, passed)
            }
            Gate::Nand => !self.and(a, b),
            Gate::Nor => !self.or(a, b),
            Gate::Xnor => !self.xor(a, b),
            Gate::Nand3 => !self.gate(Gate::And3, [a, b, c]),
            Gate::Nor3 => !self.gate(Gate::Or3, [a, b, c]),
            Gate::Aoi21 => {
                let both = self.and(b, c);
                !self.or(a, both)
            }
            Gate::Oai21 => {
                let any = self.or(b, c);
                !self.and(a, any)
            }
        }
    }

    /// Adds a netlist over `leaves`, its input bits in order and then its states; returns its output bits in order and
    /// then the next states.
    pub(super) fn copy(&mut self, netlist: &Netlist, leaves: &[Literal]) -> Vec<Literal> {
        let inputs = netlist.inputs().iter().flat_map(|(_, bus)| bus.iter().copied());
        let states = netlist.registers().iter().map(|register| register.state);
        let leaf: HashMap<Net, Literal> = inputs.chain(states).zip(leaves.iter().copied()).collect();
        let mut nets: Vec<Literal> = Vec::with_capacity(netlist.cells().len());
        for (at, cell) in netlist.cells().iter().enumerate() {
            let literal = match *cell {
                Cell::Constant(value) => Literal::FALSE.invert(value),
                Cell::Gate(gate, pins) => self.gate(gate, pins.map(|pin| nets[pin.index()])),
                Cell::Input | Cell::State => leaf[&Net(at as u32)],
            };
            nets.push(literal);
        }
        let outputs = netlist.outputs().iter().flat_map(|(_, bus)| bus.iter().copied());
        let next = netlist.registers().iter().map(|register| register.next);
        outputs.chain(next).map(|net| nets[net.index()]).collect()
    }
}

impl Netlist {
    /// A hash of the gates in a canonical form: the same for circuits that differ in the order of their gates and of a
    /// gate's inputs, in names, in inverters and in the cells that do a gate's work, but not in structure.
    ///
    /// Circuits of one hash compute the same; those of different ones may do so as well.
    ///
    /// ```
    /// use axsim::{arith::design, netlist::{export::mapped, import::verilog}};
    /// let netlist = design("add32u_loa_k8").unwrap().netlist();
    /// let cells = verilog::read(&mapped::write(&netlist), "").unwrap();
    /// assert_eq!(netlist.structure(), cells.structure());
    /// assert_ne!(netlist.structure(), design("add32u_loa_k9").unwrap().netlist().structure());
    /// ```
    pub fn structure(&self) -> String {
        let mut graph = Xag::new();
        let bits = self.inputs().iter().map(|(_, bus)| bus.len()).sum::<usize>() + self.registers().len();
        let leaves: Vec<Literal> = (0..bits).map(|_| graph.input()).collect();
        let outputs = graph.copy(self, &leaves);
        let hashes = graph.hashes();
        let mut whole = blake3::Hasher::new();
        let shape = |buses: &[(String, Vec<Net>)]| buses.iter().map(|(_, bus)| bus.len()).collect::<Vec<_>>();
        let shape = (shape(self.inputs()), shape(self.outputs()), self.registers().len());
        whole.update(format!("{shape:?}").as_bytes());
        for literal in outputs {
            whole.update(&inverted(&hashes, literal));
        }
        whole.finalize().to_hex()[..16].into()
    }
}

/// A hash that an inverter turns into another one.
fn inverted(hashes: &[[u8; 32]], literal: Literal) -> [u8; 32] {
    let mut hash = hashes[literal.node()];
    hash[0] ^= u8::from(literal.inverted());
    hash
}

impl Xag {
    /// A hash of what each node computes and how, whatever the order in which nodes were added.
    fn hashes(&self) -> Vec<[u8; 32]> {
        let mut hashes: Vec<[u8; 32]> = Vec::with_capacity(self.nodes.len());
        for (at, node) in self.nodes.iter().enumerate() {
            let (kind, mut parts): (&str, Vec<[u8; 32]>) = match node {
                Node::Zero => ("zero", vec![]),
                // Inputs are added first, in order.
                Node::Input => ("input", vec![*blake3::hash(&at.to_le_bytes()).as_bytes()]),
                Node::And(pins) => ("and", pins.map(|pin| inverted(&hashes, pin)).into()),
                Node::Xor(pins) => ("xor", pins.map(|pin| inverted(&hashes, pin)).into()),
            };
            parts.sort_unstable();
            let mut hash = blake3::Hasher::new();
            hash.update(kind.as_bytes());
            parts.iter().for_each(|part| {
                hash.update(part);
            });
            hashes.push(*hash.finalize().as_bytes());
        }
        hashes
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::netlist::sample::netlists;
    use crate::netlist::{Lanes, apply};

    proptest! {
        /// Each node against the gates, on 64 random inputs at once.
        #[test]
        fn graphs_compute_what_gates_do(netlist in netlists(), seed in any::<u64>()) {
            let mut word = seed;
            let mut random = || { word = word.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(seed | 1); word };
            let bits: usize = netlist.inputs().iter().map(|(_, bus)| bus.len()).sum();
            let inputs: Vec<[u64; 1]> = (0..bits).map(|_| [random()]).collect();
            let mut graph = Xag::new();
            let leaves: Vec<Literal> =
                (0..bits + netlist.registers().len()).map(|_| graph.input()).collect();
            let outputs = graph.copy(&netlist, &leaves);
            let mut values: Vec<u64> = vec![];
            for node in graph.nodes() {
                let value = |pin: Literal| values[pin.node()] ^ if pin.inverted() { u64::MAX } else { 0 };
                values.push(match node {
                    Node::Zero => 0,
                    Node::Input => inputs.get(values.len() - 1).map_or(0, |lane| lane[0]),
                    Node::And([a, b]) => apply(Gate::And, &[value(*a)], &[value(*b)], &[0])[0],
                    Node::Xor([a, b]) => apply(Gate::Xor, &[value(*a)], &[value(*b)], &[0])[0],
                });
            }
            let mut lanes = Lanes::<1>::new(&netlist);
            lanes.settle(&inputs);
            let expected = (0..netlist.outputs().len()).flat_map(|bus| lanes.output(bus));
            for (literal, expected) in outputs.iter().zip(expected) {
                let value = values[literal.node()] ^ if literal.inverted() { u64::MAX } else { 0 };
                prop_assert_eq!(value, expected[0]);
            }
        }
    }

    #[test]
    fn exclusive_ors_of_nands_are_exclusive_ors() {
        let mut graph = Xag::new();
        let (a, b) = (graph.input(), graph.input());
        let nand = graph.gate(Gate::Nand, [a, b, a]);
        let (one, two) = (graph.gate(Gate::Nand, [a, nand, a]), graph.gate(Gate::Nand, [b, nand, b]));
        assert_eq!(graph.gate(Gate::Nand, [one, two, one]), graph.xor(a, b));
        let chosen = graph.gate(Gate::Mux, [a, !b, b]);
        assert_eq!(chosen, graph.xor(a, b));
    }
}
