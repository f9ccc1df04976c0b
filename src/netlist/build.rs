//! Building circuits: gates that fold constants and share equal cells, half and full adders, registers.

use std::collections::{HashMap, HashSet};

use foldhash::fast::FixedState;

use super::{Bus, Cell, Gate, Net, Netlist, Register};

/// Grows a [`Netlist`] gate by gate.
///
/// Constant inputs are folded and equal gates shared, so a generator may be written without special
/// cases; cells that reach neither an output nor a register are dropped by [`Builder::finish`].
///
/// ```
/// use axsim::netlist::Builder;
/// let mut build = Builder::new("half_adder");
/// let (a, b) = (build.input("a", 1)[0], build.input("b", 1)[0]);
/// let (sum, carry) = build.half_adder(a, b);
/// build.output("y", vec![sum, carry]);
/// assert_eq!(build.finish().gate_count(), 2);
/// ```
#[derive(Debug, Default)]
pub struct Builder {
    netlist: Netlist,
    shared: HashMap<Cell, Net, FixedState>,
}

impl Builder {
    /// Starts an empty circuit.
    pub fn new(name: &str) -> Self {
        Self {
            netlist: Netlist { name: name.into(), ..Netlist::default() },
            shared: HashMap::with_capacity_and_hasher(512, FixedState::default()),
        }
    }

    fn push(&mut self, cell: Cell) -> Net {
        self.netlist.cells.push(cell);
        Net(self.netlist.cells.len() as u32 - 1)
    }

    fn share(&mut self, cell: Cell) -> Net {
        if let Some(&net) = self.shared.get(&cell) {
            return net;
        }
        let net = self.push(cell);
        self.shared.insert(cell, net);
        net
    }

    fn value(&self, net: Net) -> Option<bool> {
        match self.netlist.cells[net.index()] {
            Cell::Constant(value) => Some(value),
            _ => None,
        }
    }

    fn gate(&mut self, gate: Gate, mut a: Net, mut b: Net) -> Net {
        if b < a {
            (a, b) = (b, a);
        }
        self.share(Cell::Gate(gate, [a, b, a]))
    }

    /// A bus from outside.
    pub fn input(&mut self, name: &str, width: u32) -> Bus {
        let bus: Bus = (0..width).map(|_| self.push(Cell::Input)).collect();
        self.netlist.inputs.push((name.into(), bus.clone()));
        bus
    }

    /// A bus to the outside.
    pub fn output(&mut self, name: &str, bus: Bus) {
        self.netlist.outputs.push((name.into(), bus));
    }

    /// A constant bit.
    pub fn constant(&mut self, value: bool) -> Net {
        self.share(Cell::Constant(value))
    }

    /// A bus of registers; [`Builder::set_next`] must follow.
    pub fn state(&mut self, width: u32) -> Bus {
        (0..width).map(|_| self.push(Cell::State)).collect()
    }

    /// Says what the registers of `state` take over at the clock edge.
    ///
    /// # Panics
    /// When the widths differ.
    pub fn set_next(&mut self, state: &[Net], next: &[Net]) {
        assert_eq!(state.len(), next.len(), "a register needs one next state per bit");
        let pairs = state.iter().zip(next);
        self.netlist.registers.extend(pairs.map(|(&state, &next)| Register { state, next }));
    }

    /// A register that delays `bus` by one clock.
    pub fn register(&mut self, bus: &[Net]) -> Bus {
        let state = self.state(bus.len() as u32);
        self.set_next(&state, bus);
        state
    }

    /// Not a.
    pub fn not(&mut self, a: Net) -> Net {
        if let Some(value) = self.value(a) {
            return self.constant(!value);
        }
        match self.netlist.cells[a.index()] {
            Cell::Gate(Gate::Not, [inner, ..]) => inner,
            _ => self.share(Cell::Gate(Gate::Not, [a; 3])),
        }
    }

    /// a and b.
    pub fn and(&mut self, a: Net, b: Net) -> Net {
        match (self.value(a), self.value(b)) {
            (Some(false), _) | (_, Some(false)) => self.constant(false),
            (Some(true), _) => b,
            (_, Some(true)) => a,
            _ if a == b => a,
            _ => self.gate(Gate::And, a, b),
        }
    }

    /// Not (a and b).
    pub fn nand(&mut self, a: Net, b: Net) -> Net {
        if a == b || self.value(a).or(self.value(b)).is_some() {
            let both = self.and(a, b);
            return self.not(both);
        }
        self.gate(Gate::Nand, a, b)
    }

    /// a or b.
    pub fn or(&mut self, a: Net, b: Net) -> Net {
        match (self.value(a), self.value(b)) {
            (Some(true), _) | (_, Some(true)) => self.constant(true),
            (Some(false), _) => b,
            (_, Some(false)) => a,
            _ if a == b => a,
            _ => self.gate(Gate::Or, a, b),
        }
    }

    /// Not (a or b).
    pub fn nor(&mut self, a: Net, b: Net) -> Net {
        if a == b || self.value(a).or(self.value(b)).is_some() {
            let any = self.or(a, b);
            return self.not(any);
        }
        self.gate(Gate::Nor, a, b)
    }

    /// Not (a exclusive-or b).
    pub fn xnor(&mut self, a: Net, b: Net) -> Net {
        if a == b || self.value(a).or(self.value(b)).is_some() {
            let differ = self.xor(a, b);
            return self.not(differ);
        }
        self.gate(Gate::Xnor, a, b)
    }

    /// a exclusive-or b.
    pub fn xor(&mut self, a: Net, b: Net) -> Net {
        match (self.value(a), self.value(b)) {
            (Some(false), _) => b,
            (_, Some(false)) => a,
            (Some(true), _) => self.not(b),
            (_, Some(true)) => self.not(a),
            _ if a == b => self.constant(false),
            _ => self.gate(Gate::Xor, a, b),
        }
    }

    /// `one` where `select` is 1, else `zero`.
    pub fn mux(&mut self, select: Net, one: Net, zero: Net) -> Net {
        if one == zero {
            return one;
        }
        match (self.value(select), self.value(one), self.value(zero)) {
            (Some(true), ..) => one,
            (Some(false), ..) => zero,
            (_, Some(false), _) => {
                let unselected = self.not(select);
                self.and(unselected, zero)
            }
            (_, Some(true), _) => self.or(select, zero),
            (_, _, Some(false)) => self.and(select, one),
            (_, _, Some(true)) => {
                let unselected = self.not(select);
                self.or(unselected, one)
            }
            _ => self.share(Cell::Gate(Gate::Mux, [select, one, zero])),
        }
    }

    /// Adds two bits: (sum, carry).
    pub fn half_adder(&mut self, a: Net, b: Net) -> (Net, Net) {
        (self.xor(a, b), self.and(a, b))
    }

    /// Adds three bits: (sum, carry).
    pub fn full_adder(&mut self, a: Net, b: Net, c: Net) -> (Net, Net) {
        let (half, generate) = self.half_adder(a, b);
        let (sum, propagate) = self.half_adder(half, c);
        (sum, self.or(generate, propagate))
    }

    /// Copies another circuit's gates in, its input buses tied to `inputs` in order; returns its output buses.
    ///
    /// # Panics
    /// When the buses do not fit or `part` has registers: only combinational parts are instantiated.
    pub fn instance(&mut self, part: &Netlist, inputs: &[&[Net]]) -> Vec<Bus> {
        assert!(part.registers.is_empty(), "only combinational parts are instantiated");
        assert_eq!(part.inputs.len(), inputs.len(), "one bus per input");
        let mut nets = vec![Net(0); part.cells.len()];
        for ((_, bus), given) in part.inputs.iter().zip(inputs) {
            assert_eq!(bus.len(), given.len(), "bus widths differ");
            bus.iter().zip(*given).for_each(|(bit, &net)| nets[bit.index()] = net);
        }
        for (at, cell) in part.cells.iter().enumerate() {
            match *cell {
                Cell::Constant(value) => nets[at] = self.constant(value),
                Cell::Gate(gate, reads) => nets[at] = self.copy(gate, reads.map(|net| nets[net.index()])),
                Cell::Input | Cell::State => {}
            }
        }
        let bus = |bus: &Bus| bus.iter().map(|net| nets[net.index()]).collect();
        part.outputs.iter().map(|(_, outputs)| bus(outputs)).collect()
    }

    /// Any gate, folded and shared.
    pub(super) fn copy(&mut self, gate: Gate, [a, b, c]: [Net; 3]) -> Net {
        match gate {
            Gate::Not => self.not(a),
            Gate::And => self.and(a, b),
            Gate::Or => self.or(a, b),
            Gate::Xor => self.xor(a, b),
            Gate::Mux => self.mux(a, b, c),
            Gate::Nand => self.nand(a, b),
            Gate::Nor => self.nor(a, b),
            Gate::Xnor => self.xnor(a, b),
            _ => self.copy_three(gate, [a, b, c]),
        }
    }

    /// A gate as it stands, shared with an equal one but not folded.
    pub(crate) fn cell(&mut self, gate: Gate, pins: [Net; 3]) -> Net {
        let first = pins[0];
        self.share(Cell::Gate(gate, [0, 1, 2].map(|pin| if pin < gate.inputs() { pins[pin] } else { first })))
    }

    /// A gate as it stands, neither folded nor shared with an equal one.
    pub(super) fn apart(&mut self, gate: Gate, pins: [Net; 3]) -> Net {
        self.push(Cell::Gate(gate, pins))
    }

    /// A gate of three inputs, taken apart where one is constant or two are the same.
    fn copy_three(&mut self, gate: Gate, [a, b, c]: [Net; 3]) -> Net {
        let known = [a, b, c].iter().any(|net| self.value(*net).is_some());
        if !known && a != b && b != c && a != c {
            return self.share(Cell::Gate(gate, [a, b, c]));
        }
        match gate {
            Gate::And3 | Gate::Nand3 => {
                let (first, inverted) = (self.and(a, b), gate == Gate::Nand3);
                if inverted { self.nand(first, c) } else { self.and(first, c) }
            }
            Gate::Or3 | Gate::Nor3 => {
                let (first, inverted) = (self.or(a, b), gate == Gate::Nor3);
                if inverted { self.nor(first, c) } else { self.or(first, c) }
            }
            Gate::Aoi21 => {
                let both = self.and(b, c);
                self.nor(a, both)
            }
            Gate::Oai21 => {
                let any = self.or(b, c);
                self.nand(a, any)
            }
            Gate::Sum => self.full_adder(a, b, c).0,
            _ => self.full_adder(a, b, c).1,
        }
    }

    /// The circuit, without cells that nothing reads.
    ///
    /// # Panics
    /// When a state bit has no next state, a name is not one, or two buses share one (see [`Netlist`]).
    pub fn finish(self) -> Netlist {
        let buses = self.netlist.inputs.iter().chain(&self.netlist.outputs);
        let names: Vec<&str> = buses.map(|(name, _)| &**name).collect();
        let distinct: HashSet<&str> = names.iter().copied().collect();
        assert_eq!(names.len(), distinct.len(), "every bus needs a name of its own, not as in {names:?}");
        let wrong = names.into_iter().chain([self.netlist.name()]).find(|name| !super::is_name(name));
        assert_eq!(wrong, None, "a name is made of letters, digits and `_` and does not begin with a digit");
        let states = self.netlist.cells.iter().filter(|cell| **cell == Cell::State).count();
        assert_eq!(states, self.netlist.registers.len(), "every state bit needs one next state");
        self.netlist.without_unread_cells()
    }
}

impl Netlist {
    fn without_unread_cells(mut self) -> Self {
        let mut read = vec![false; self.cells.len()];
        self.outputs.iter().flat_map(|(_, bus)| bus).for_each(|net| read[net.index()] = true);
        self.registers.iter().for_each(|register| read[register.next.index()] = true);
        for at in (0..self.cells.len()).rev() {
            let kept = read[at] || matches!(self.cells[at], Cell::Input | Cell::State);
            read[at] = kept;
            if kept {
                self.cells[at].reads().iter().for_each(|net| read[net.index()] = true);
            }
        }
        let mut moved = vec![Net(0); self.cells.len()];
        let mut cells = Vec::new();
        for (at, cell) in self.cells.iter().enumerate().filter(|(at, _)| read[*at]) {
            moved[at] = Net(cells.len() as u32);
            cells.push(match *cell {
                Cell::Gate(gate, nets) => Cell::Gate(gate, nets.map(|net| moved[net.index()])),
                other => other,
            });
        }
        let update = |net: &mut Net| *net = moved[net.index()];
        let buses = self.inputs.iter_mut().chain(&mut self.outputs);
        buses.flat_map(|(_, bus)| bus).for_each(update);
        for register in &mut self.registers {
            *register = Register { state: moved[register.state.index()], next: moved[register.next.index()] };
        }
        Self { cells, ..self }
    }
}
