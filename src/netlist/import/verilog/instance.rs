//! Gates and instances within a module.

use std::collections::HashMap;

use super::cells;
use super::constant::Form;
use super::elaborate::{Elaborator, Scope};
use super::kept::Kept;
use super::syntax::{Connection, Direction, Expression, Instance, ItemKind, Kind, Module, Number, Primitive};
use crate::netlist::Gate;
use crate::netlist::import::graph::Bit;
use crate::netlist::import::{Fault, ImportError};

impl<'m, 't> Elaborator<'m, 't> {
    /// A gate of the language: the last terminal of `not` and `buf` is the input, the first one of others the output.
    pub(super) fn primitive(
        &mut self,
        scope: &Scope,
        line: u32,
        gate: Primitive,
        terminals: &[Expression],
    ) -> Result<(), ImportError> {
        let (gate, outputs, inputs) = match gate {
            Primitive::Gate(gate) => (gate, &terminals[..1], &terminals[1..]),
            Primitive::Not => {
                (Gate::Nand, &terminals[..terminals.len() - 1], &terminals[terminals.len() - 1..])
            }
            Primitive::Buf => {
                (Gate::And, &terminals[..terminals.len() - 1], &terminals[terminals.len() - 1..])
            }
        };
        let bits = inputs.iter().map(|input| Ok(self.value(scope, input, 1)?[0]));
        let bits = bits.collect::<Result<Vec<Bit>, ImportError>>()?;
        let bit = self.tree(gate, bits);
        outputs.iter().try_for_each(|output| self.drive(scope, line, output, bit))
    }

    pub(super) fn drive(
        &mut self,
        scope: &Scope,
        line: u32,
        output: &Expression,
        bit: Bit,
    ) -> Result<(), ImportError> {
        match self.target(scope, output)?[..] {
            [target] => {
                self.graph.bind(line, target, bit);
                Ok(())
            }
            _ => Err(ImportError::expected(line, "a single bit at a gate's output", "a bus")),
        }
    }

    pub(super) fn instance(
        &mut self,
        scope: &Scope,
        line: u32,
        instance: &'m Instance<'t>,
        depth: usize,
    ) -> Result<(), ImportError> {
        let unknown = || ImportError::new(line, Fault::Module(instance.module.into()));
        let local = self.modules.get(instance.module).copied();
        let module: &'m Module<'t> = match local {
            Some(module) => module,
            None => {
                let cell = cells::find(instance.module).ok_or_else(unknown)?;
                if self.kept.is_some() {
                    return self.keep(scope, line, instance, cell);
                }
                cell
            }
        };
        let names = module.items.iter().filter_map(|item| match item.kind {
            ItemKind::Parameter(ref parameter) if !parameter.local => Some(parameter.name),
            _ => None,
        });
        let names: Vec<&'t str> = names.collect();
        let mut given = HashMap::new();
        for (name, value) in paired(line, module.name, &names, &instance.parameters)? {
            given.insert(name, self.parameter(scope, value, Form::default())?);
        }
        self.kept.iter_mut().for_each(|kept| kept.enter(instance.name));
        let inner = self.inside(instance, line, module, given, depth, local.is_none())?;
        self.kept.iter_mut().for_each(Kept::leave);
        for (port, value) in paired(line, module.name, &module.ports, &instance.ports)? {
            self.connect(scope, &inner, line, module.name, port, value)?;
        }
        Ok(())
    }

    /// What an instance holds; faults within a library cell have the line of the instance.
    fn inside(
        &mut self,
        instance: &'m Instance<'t>,
        line: u32,
        module: &'m Module<'t>,
        given: HashMap<&'t str, Number>,
        depth: usize,
        cell: bool,
    ) -> Result<Scope<'t>, ImportError> {
        if !cell {
            return self.module(module, given, false, depth + 1);
        }
        let around = self.graph.within(Some((instance.name, line)));
        let inner = self.module(module, given, false, depth + 1);
        self.graph.within(around);
        inner.map_err(|error| ImportError { line, ..error })
    }

    fn connect(
        &mut self,
        scope: &Scope,
        inner: &Scope,
        line: u32,
        module: &str,
        port: &str,
        value: &Expression,
    ) -> Result<(), ImportError> {
        let net = inner.net(line, port)?.clone();
        let found = self.shape(scope, value)?.0;
        let unsized_number = matches!(&value.kind, Kind::Number(number) if !number.sized);
        if found != net.width && !unsized_number {
            let (module, port) = (module.into(), port.into());
            return Err(ImportError::new(line, Fault::Width { module, port, expected: net.width, found }));
        }
        match net.direction {
            Some(Direction::Input) => {
                let bits = self.value(scope, value, net.width)?;
                net.bits().zip(bits).for_each(|(target, bit)| self.graph.bind(line, target, bit));
            }
            Some(Direction::Output) => {
                let targets = self.target(scope, value)?;
                targets
                    .into_iter()
                    .zip(net.bits())
                    .for_each(|(target, bit)| self.graph.bind(line, target, bit));
            }
            None => {
                let what = format!("a direction of the port `{port}`");
                return Err(ImportError::expected(line, &what, "none"));
            }
        }
        Ok(())
    }
}

/// Names with what is tied to them.
pub(super) fn paired<'n, 'c, 't>(
    line: u32,
    module: &str,
    names: &[&'n str],
    connections: &'c [Connection<'t>],
) -> Result<Vec<(&'n str, &'c Expression<'t>)>, ImportError> {
    let mut found = vec![];
    for (at, connection) in connections.iter().enumerate() {
        let name = match connection.name {
            None => names.get(at),
            Some(name) => names.iter().find(|known| **known == name),
        };
        let missing = || connection.name.map_or_else(|| format!("number {}", at + 1), str::to_string);
        let name = name
            .ok_or_else(|| ImportError::new(line, Fault::Port { module: module.into(), port: missing() }))?;
        found.extend(connection.value.as_ref().map(|value| (*name, value)));
    }
    Ok(found)
}
