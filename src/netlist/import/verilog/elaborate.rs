//! Modules → one flat graph.

use std::collections::{BTreeMap, HashMap};

use super::kept::Kept;
use super::syntax::{self, Declaration, Direction, Expression, ItemKind, Kind, Module, Number, Statement};
use crate::netlist::import::graph::{Bit, Buses, Graph, ITEM};
use crate::netlist::import::{Checked, Fault, ImportError};
use crate::netlist::{Instance, Netlist, is_name};

/// How deep modules may contain one another.
const DEEPEST: usize = 64;

/// A declared net: contiguous bits of the graph.
#[derive(Debug, Clone)]
pub(super) struct Net {
    first: Bit,
    pub(super) width: usize,
    most: i64,
    least: i64,
    pub(super) signed: bool,
    pub(super) direction: Option<Direction>,
}

impl Net {
    pub(super) fn bits(&self) -> impl Iterator<Item = Bit> + use<> {
        (self.first.0..self.first.0 + self.width as u32).map(Bit)
    }

    /// Where a bit of this index stands among the bits, the least significant being 0.
    fn place(&self, index: i64) -> Option<usize> {
        let offset = if self.most >= self.least {
            index.checked_sub(self.least)
        } else {
            self.least.checked_sub(index)
        };
        offset.and_then(|offset| usize::try_from(offset).ok()).filter(|offset| *offset < self.width)
    }
}

pub(super) enum Symbol {
    Net(Net),
    Parameter(Number),
}

/// The names of one instance of a module.
pub(super) struct Scope<'t> {
    symbols: HashMap<&'t str, Symbol>,
}

impl Scope<'_> {
    pub(super) fn find(&self, line: u32, name: &str) -> Result<&Symbol, ImportError> {
        self.symbols.get(name).ok_or_else(|| ImportError::new(line, Fault::Undeclared(name.into())))
    }

    pub(super) fn net(&self, line: u32, name: &str) -> Result<&Net, ImportError> {
        match self.find(line, name)? {
            Symbol::Net(net) => Ok(net),
            Symbol::Parameter(_) => Err(ImportError::expected(line, "a net", name)),
        }
    }
}

pub(super) struct Elaborator<'m, 't> {
    pub(super) graph: Graph<'t>,
    pub(super) zero: Bit,
    pub(super) one: Bit,
    pub(super) modules: HashMap<&'m str, &'m Module<'t>>,
    /// Library cells, where they are kept as they stand.
    pub(super) kept: Option<Kept>,
    clocks: Vec<(u32, Bit)>,
}

/// The circuit of a module.
pub(super) fn circuit<'m, 't>(
    modules: &'m [Module<'t>],
    top: &'m Module<'t>,
) -> Result<Checked<ImportError>, ImportError> {
    let (graph, ports, _) = elaborated(modules, top, None)?;
    graph.finish(&ports.name, top.line, ports.inputs, ports.outputs)
}

/// The circuit of a module with its library cells as they stand.
pub(super) fn cells<'m, 't>(
    modules: &'m [Module<'t>],
    top: &'m Module<'t>,
) -> Result<(Netlist, Vec<Instance>), ImportError> {
    let (graph, ports, kept) = elaborated(modules, top, Some(Kept::default()))?;
    let (circuit, nets) = graph.standing(&ports.name, top.line, ports.inputs, ports.outputs)?;
    Ok((circuit.sound()?, kept.unwrap_or_default().instances(&nets)))
}

/// Name and ports of a circuit.
struct Ports {
    name: String,
    inputs: Buses,
    outputs: Buses,
}

fn elaborated<'m, 't>(
    modules: &'m [Module<'t>],
    top: &'m Module<'t>,
    kept: Option<Kept>,
) -> Result<(Graph<'t>, Ports, Option<Kept>), ImportError> {
    let mut known = HashMap::new();
    for module in modules {
        if known.insert(module.name, module).is_some() {
            return Err(ImportError::new(module.line, Fault::Twice(module.name.into())));
        }
    }
    let mut graph = Graph::default();
    let (zero, one) = (graph.constant(false), graph.constant(true));
    let mut elaborator = Elaborator { graph, zero, one, modules: known, kept, clocks: vec![] };
    let scope = elaborator.module(top, HashMap::new(), true, 0)?;
    let ports = elaborator.ports(top, &scope)?;
    Ok((elaborator.graph, ports, elaborator.kept))
}

impl<'m, 't> Elaborator<'m, 't> {
    fn ports(&self, top: &Module, scope: &Scope) -> Result<Ports, ImportError> {
        let clock = self.clocks.first().map(|(_, clock)| self.graph.root(*clock));
        if let Some((line, _)) = self.clocks.iter().find(|(_, bit)| Some(self.graph.root(*bit)) != clock) {
            return Err(ImportError::construct(*line, "a second clock"));
        }
        let (mut inputs, mut outputs): (Buses, Buses) = (vec![], vec![]);
        for name in &top.ports {
            let net = scope.net(top.line, name)?;
            let bits: Vec<Bit> = net.bits().collect();
            if !is_name(name) {
                return Err(ImportError::expected(top.line, "a port named by letters, digits and `_`", name));
            }
            match net.direction {
                Some(Direction::Output) => outputs.push(((*name).into(), bits)),
                Some(Direction::Input) if clock.is_some_and(|clock| bits == [clock]) => {}
                Some(Direction::Input) => inputs.push(((*name).into(), bits)),
                None => {
                    return Err(ImportError::expected(
                        top.line,
                        &format!("a direction of the port `{name}`"),
                        "none",
                    ));
                }
            }
        }
        if outputs.is_empty() {
            return Err(ImportError::new(top.line, Fault::Empty));
        }
        let name = if is_name(top.name) { top.name } else { "circuit" };
        Ok(Ports { name: name.into(), inputs, outputs })
    }

    /// Everything inside one instance of a module.
    pub(super) fn module(
        &mut self,
        module: &'m Module<'t>,
        given: HashMap<&'t str, Number>,
        top: bool,
        depth: usize,
    ) -> Result<Scope<'t>, ImportError> {
        if depth > DEEPEST {
            let what = format!("`{}` within itself", module.name);
            return Err(ImportError::new(module.line, Fault::Large(what, DEEPEST)));
        }
        let mut scope = Scope { symbols: HashMap::new() };
        for item in &module.items {
            match &item.kind {
                ItemKind::Parameter(parameter) => {
                    let (name, form) = (parameter.name, self.form(&scope, parameter)?);
                    let number = match given.get(name).filter(|_| !parameter.local) {
                        Some(number) => number.clone().formed(form),
                        None => self.parameter(&scope, &parameter.value, form)?,
                    };
                    if scope.symbols.insert(name, Symbol::Parameter(number)).is_some() {
                        return Err(ImportError::new(item.line, Fault::Twice(name.into())));
                    }
                }
                ItemKind::Declaration(declaration) => self.declare(&mut scope, item.line, declaration)?,
                ItemKind::Instance(instance) => self.declare_implied(&mut scope, item.line, instance)?,
                _ => {}
            }
        }
        if top {
            for symbol in scope.symbols.values() {
                if let Symbol::Net(net @ Net { direction: Some(Direction::Input), .. }) = symbol {
                    self.graph.make_input(&net.bits().collect::<Vec<_>>());
                }
            }
        }
        for item in &module.items {
            self.graph.spend(item.line, ITEM)?;
            let loose = self.loose_gates();
            self.item(&scope, item.line, &item.kind, depth)?;
            if self.loose_gates() > loose {
                let what = "logic outside of library cells, to which no delay belongs,";
                return Err(ImportError::unsupported(item.line, what));
            }
        }
        Ok(scope)
    }

    fn declare(
        &mut self,
        scope: &mut Scope<'t>,
        line: u32,
        declaration: &Declaration<'t>,
    ) -> Result<(), ImportError> {
        let Declaration { name, direction, signed, range, .. } = declaration;
        let (most, least) = match range {
            None => (0, 0),
            Some((most, least)) => (self.constant(scope, most)?, self.constant(scope, least)?),
        };
        let width = usize::try_from(most.abs_diff(least)).unwrap_or(usize::MAX).saturating_add(1);
        match scope.symbols.get_mut(name) {
            // `output y; wire y;` is one net.
            Some(Symbol::Net(net)) if net.direction.is_none() || direction.is_none() => {
                if net.width != width {
                    return Err(ImportError::new(line, Fault::Twice((*name).into())));
                }
                net.direction = net.direction.or(*direction);
                net.signed |= signed;
                return Ok(());
            }
            Some(_) => return Err(ImportError::new(line, Fault::Twice((*name).into()))),
            None => {}
        }
        let index = range.is_some().then_some((least, most < least));
        let first = self.graph.open(name, line, width, index)?;
        let net = Net { first, width, most, least, signed: *signed, direction: *direction };
        scope.symbols.insert(name, Symbol::Net(net));
        Ok(())
    }

    /// A name that first occurs as a port's connection is a net of one bit.
    fn declare_implied(
        &mut self,
        scope: &mut Scope<'t>,
        line: u32,
        instance: &syntax::Instance<'t>,
    ) -> Result<(), ImportError> {
        for connection in &instance.ports {
            if let Some(Expression { kind: Kind::Name(name), .. }) = connection.value
                && !scope.symbols.contains_key(name)
            {
                let first = self.graph.open(name, line, 1, None)?;
                let net = Net { first, width: 1, most: 0, least: 0, signed: false, direction: None };
                scope.symbols.insert(name, Symbol::Net(net));
            }
        }
        Ok(())
    }

    fn item(
        &mut self,
        scope: &Scope,
        line: u32,
        kind: &'m ItemKind<'t>,
        depth: usize,
    ) -> Result<(), ImportError> {
        match kind {
            ItemKind::Parameter(_) => Ok(()),
            ItemKind::Declaration(declaration) => self.initial(scope, line, declaration),
            ItemKind::Assign { target, value } => self.assign(scope, line, target, value),
            ItemKind::Primitive { gate, terminals } => self.primitive(scope, line, *gate, terminals),
            ItemKind::Instance(instance) => self.instance(scope, line, instance, depth),
            ItemKind::Clocked { clock, body } => {
                let clock = self.value(scope, clock, 1)?[0];
                self.clocks.push((self.graph.line(line), clock));
                let mut next = BTreeMap::new();
                self.statement(scope, body, &mut next)?;
                next.into_iter().for_each(|(target, next)| self.graph.register(line, target, next));
                Ok(())
            }
        }
    }

    fn initial(&mut self, scope: &Scope, line: u32, declaration: &Declaration) -> Result<(), ImportError> {
        let Some(value) = &declaration.value else { return Ok(()) };
        if declaration.register {
            if self.constant(scope, value)? != 0 {
                return Err(ImportError::construct(line, "a first state other than 0"));
            }
            return Ok(());
        }
        let net = scope.net(line, declaration.name)?.clone();
        let bits = self.value(scope, value, net.width)?;
        net.bits().zip(bits).for_each(|(target, bit)| self.graph.bind(line, target, bit));
        Ok(())
    }

    fn assign(
        &mut self,
        scope: &Scope,
        line: u32,
        target: &Expression,
        value: &Expression,
    ) -> Result<(), ImportError> {
        let targets = self.target(scope, target)?;
        let bits = self.value(scope, value, targets.len())?;
        targets.into_iter().zip(bits).for_each(|(target, bit)| self.graph.bind(line, target, bit));
        Ok(())
    }

    /// The bits that an assignment drives, the least significant first.
    pub(super) fn target(&self, scope: &Scope, e: &Expression) -> Result<Vec<Bit>, ImportError> {
        match &e.kind {
            Kind::Name(name) => Ok(scope.net(e.line, name)?.bits().collect()),
            Kind::Bit(..) | Kind::Part(..) | Kind::Slice(..) => self.selected(scope, e),
            Kind::Concatenation(parts) => {
                let parts = parts.iter().rev().map(|part| self.target(scope, part));
                Ok(parts.collect::<Result<Vec<_>, _>>()?.concat())
            }
            _ => Err(ImportError::expected(e.line, "a net or bits of one to assign to", "an expression")),
        }
    }

    /// Place of the first bit, and width, of a selection with constant indices.
    pub(super) fn part(&self, scope: &Scope, e: &Expression) -> Result<(usize, usize), ImportError> {
        let (name, first, last) = match &e.kind {
            Kind::Bit(name, index) => {
                let index = self.constant(scope, index)?;
                (name, index, index)
            }
            Kind::Part(name, two) => (name, self.constant(scope, &two[0])?, self.constant(scope, &two[1])?),
            Kind::Slice(name, two, up) => {
                let (first, width) = (self.constant(scope, &two[0])?, self.constant(scope, &two[1])?);
                let span = width.saturating_sub(1);
                (name, first, if *up { first.saturating_add(span) } else { first.saturating_sub(span) })
            }
            _ => unreachable!("only selections have a part"),
        };
        let net = scope.net(e.line, name)?;
        let outside = |bit: i64| ImportError::new(e.line, Fault::Bit { name: (*name).to_string(), bit });
        let places = [first, last].map(|bit| net.place(bit).ok_or_else(|| outside(bit)));
        let [a, b] = places;
        let (a, b) = (a?, b?);
        if matches!(e.kind, Kind::Part(..)) && a < b {
            let expected = format!("a range of `{name}` in the direction of its declaration");
            return Err(ImportError::expected(e.line, &expected, &format!("{name}[{first}:{last}]")));
        }
        Ok((a.min(b), a.abs_diff(b) + 1))
    }

    pub(super) fn selected(&self, scope: &Scope, e: &Expression) -> Result<Vec<Bit>, ImportError> {
        let (Kind::Bit(name, _) | Kind::Part(name, _) | Kind::Slice(name, ..)) = &e.kind else {
            unreachable!("only selections select")
        };
        let (first, width) = self.part(scope, e)?;
        Ok(scope.net(e.line, name)?.bits().skip(first).take(width).collect())
    }

    /// What each register bit takes over at the clock edge; a bit that is not assigned holds.
    fn statement(
        &mut self,
        scope: &Scope,
        statement: &Statement,
        next: &mut BTreeMap<Bit, Bit>,
    ) -> Result<(), ImportError> {
        match statement {
            Statement::Block(statements) => {
                statements.iter().try_for_each(|statement| self.statement(scope, statement, next))
            }
            Statement::Assign { target, value } => {
                let targets = self.target(scope, target)?;
                let bits = self.value(scope, value, targets.len())?;
                next.extend(targets.into_iter().zip(bits));
                Ok(())
            }
            Statement::If { condition, then, other } => {
                let select = self.truth(scope, condition)?;
                self.graph.spend(condition.line, next.len())?;
                let (mut one, mut zero) = (next.clone(), next.clone());
                self.statement(scope, then, &mut one)?;
                self.statement(scope, other, &mut zero)?;
                let keys: Vec<Bit> = one.keys().chain(zero.keys()).copied().collect();
                for bit in keys {
                    let pick = |map: &BTreeMap<Bit, Bit>| *map.get(&bit).unwrap_or(&bit);
                    let chosen = self.chosen(select, &[pick(&one)], &[pick(&zero)])[0];
                    next.insert(bit, chosen);
                }
                Ok(())
            }
        }
    }
}
