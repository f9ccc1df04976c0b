//! Library cells as they stand: each keeps its name and gates of its own.

use std::collections::HashMap;

use super::elaborate::{Elaborator, Scope, circuit};
use super::instance::paired;
use super::syntax::{self, Expression, Module};
use crate::netlist::import::graph::Bit;
use crate::netlist::import::{Fault, ImportError};
use crate::netlist::{Cell, Gate, Instance, Net, Netlist, apply};

/// The library cells met so far.
#[derive(Default)]
pub(super) struct Kept {
    cells: Vec<Placed>,
    /// Names of the instances of modules that surround the present place.
    path: Vec<String>,
    /// Gates that the cells are made of.
    gates: usize,
    /// What each kind of cell computes.
    functions: HashMap<&'static str, Netlist>,
}

/// An instance whose pins are bits of the graph.
struct Placed {
    name: String,
    cell: String,
    inputs: Vec<(String, Bit)>,
    outputs: Vec<(String, Bit)>,
}

impl Kept {
    /// Goes into an instance of a module.
    pub(super) fn enter(&mut self, name: &str) {
        self.path.push(name.into());
    }

    /// Goes back out.
    pub(super) fn leave(&mut self) {
        self.path.pop();
    }

    /// The instances, their pins tied to the nets that their bits have become.
    pub(super) fn instances(self, nets: &[Option<Net>]) -> Vec<Instance> {
        let tied = |pins: Vec<(String, Bit)>| {
            let tied = pins.into_iter().filter_map(|(pin, bit)| Some((pin, nets[bit.0 as usize]?)));
            tied.collect::<Vec<(String, Net)>>()
        };
        let instance = |Placed { name, cell, inputs, outputs }: Placed| Instance {
            name,
            cell,
            inputs: tied(inputs),
            outputs: tied(outputs),
        };
        self.cells.into_iter().map(instance).collect()
    }
}

impl<'m> Elaborator<'m, '_> {
    /// Gates that are part of no library cell, where cells are kept.
    pub(super) fn loose_gates(&self) -> usize {
        self.kept.as_ref().map_or(0, |kept| self.graph.gates() - kept.gates)
    }

    /// A library cell: gates of its own, and its name with its pins.
    pub(super) fn keep(
        &mut self,
        scope: &Scope,
        line: u32,
        instance: &'m syntax::Instance,
        module: &'static Module<'static>,
    ) -> Result<(), ImportError> {
        let function = self.function(line, module)?;
        let ports: HashMap<&str, &Expression> =
            paired(line, module.name, &module.ports, &instance.ports)?.into_iter().collect();
        let mut inputs = vec![];
        for (pin, _) in function.inputs() {
            let open = || ImportError::new(line, Fault::Undriven(format!("{}.{pin}", instance.name)));
            let bits = self.value(scope, ports.get(&**pin).ok_or_else(open)?, 1)?;
            let [bit] = bits[..] else {
                return Err(ImportError::expected(line, "a single bit at a cell's pin", "a bus"));
            };
            inputs.push((pin.clone(), bit));
        }
        let before = self.graph.gates();
        let bits: Vec<Bit> = inputs.iter().map(|(_, bit)| *bit).collect();
        let driven = self.gates_of(&function, &bits);
        let made = self.graph.gates() - before;
        let outputs = function.outputs().iter().map(|(pin, _)| pin.clone()).zip(driven);
        let outputs: Vec<(String, Bit)> = outputs.collect();
        for (pin, bit) in &outputs {
            if let Some(target) = ports.get(&**pin) {
                self.drive(scope, line, target, *bit)?;
            }
        }
        if let Some(kept) = &mut self.kept {
            let path: String = kept.path.iter().map(|name| format!("{name}/")).collect();
            let (name, cell) = (path + instance.name, instance.module.to_string());
            kept.gates += made;
            kept.cells.push(Placed { name, cell, inputs, outputs });
        }
        Ok(())
    }

    /// What a kind of cell computes.
    fn function(&mut self, line: u32, module: &'static Module<'static>) -> Result<Netlist, ImportError> {
        if let Some(known) = self.kept.as_ref().and_then(|kept| kept.functions.get(module.name)) {
            return Ok(known.clone());
        }
        let function = circuit(&[], module)?.sound()?;
        if !function.registers().is_empty() {
            return Err(ImportError::unsupported(line, "a register among cells with delays of their own"));
        }
        self.kept.iter_mut().for_each(|kept| drop(kept.functions.insert(module.name, function.clone())));
        Ok(function)
    }

    /// Gates that compute the outputs of a cell: one each where there are such, else all that its function has.
    fn gates_of(&mut self, function: &Netlist, inputs: &[Bit]) -> Vec<Bit> {
        let singles: Option<Vec<_>> = (0..function.outputs().len()).map(|at| single(function, at)).collect();
        if let Some(singles) = singles {
            let gate = |(gate, order): (Gate, Vec<usize>)| {
                let pins: Vec<Bit> = order.into_iter().map(|pin| inputs[pin]).collect();
                self.graph.gate(gate, &pins)
            };
            return singles.into_iter().map(gate).collect();
        }
        let mut given = inputs.iter();
        let mut bits: Vec<Bit> = vec![];
        for cell in function.cells() {
            bits.push(match cell {
                Cell::Constant(value) => self.graph.constant(*value),
                Cell::Gate(gate, _) => {
                    let pins: Vec<Bit> = cell.reads().iter().map(|net| bits[net.index()]).collect();
                    self.graph.gate(*gate, &pins)
                }
                // Pins have one bit each; a register was refused.
                Cell::Input | Cell::State => *given.next().expect("one bit per pin"),
            });
        }
        let output = |net: Net| match function.cells()[net.index()] {
            // A buffer is two inverters, that it may have a delay.
            Cell::Input => {
                let inverted = self.graph.gate(Gate::Not, &[bits[net.index()]]);
                self.graph.gate(Gate::Not, &[inverted])
            }
            _ => bits[net.index()],
        };
        function.outputs().iter().map(|(_, bus)| bus[0]).map(output).collect()
    }
}

/// The gate that computes an output of a cell alone, and which pin each of its inputs is.
fn single(function: &Netlist, output: usize) -> Option<(Gate, Vec<usize>)> {
    const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [1, 0, 2], [0, 2, 1], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    let count = function.inputs().len();
    let value = |gate: Gate, order: &[usize; 3], code: u64| {
        let [a, b, c] = order.map(|pin| [code >> pin & 1]);
        apply(gate, &a, &b, &c)[0] & 1
    };
    let expected = |code: u64| {
        let pins: Vec<u64> = (0..count).map(|pin| code >> pin & 1).collect();
        function.eval(&pins)[output]
    };
    let orders = || ORDERS.iter().filter(|order| (count..3).all(|pin| order[pin] == pin));
    let gates = Gate::ALL.into_iter().filter(|gate| gate.inputs() == count);
    let mut candidates = gates.flat_map(|gate| orders().map(move |order| (gate, order)));
    let same = |(gate, order): &(Gate, &[usize; 3])| {
        (0..1 << count).all(|code| value(*gate, order, code) == expected(code))
    };
    candidates.find(same).map(|(gate, order)| (gate, order[..count].to_vec()))
}
