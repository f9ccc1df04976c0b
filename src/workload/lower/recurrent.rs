//! A recurrent cell as two layers for each direction: the products of its input, all steps together, and those of its state.

use super::general::{or_zeros, order};
use super::{Lowering, ModelError, elements, shape};
use crate::kernel::Geometry;
use crate::workload::form::Form;
use crate::workload::onnx::{Attribute, Node};
use crate::workload::op::{Contraction, Op};
use crate::workload::operator::{self, Direction};
use crate::workload::recurrent::Recurrent;
use crate::workload::value::Value;

/// Operands of a cell by their places.
const LENGTHS: usize = 4;
const STATE: usize = 5;

/// Results of a cell by their places: all states, the last one, and the last inner one of an LSTM.
const ALL: usize = 0;
const LAST: usize = 1;
const INNER: usize = 2;

/// A cell over one sequence.
struct Cell {
    value: usize,
    /// Steps of the sequence, and those that are run.
    steps: [usize; 2],
    input: usize,
    directions: Vec<Direction>,
    /// States before the first step, of every direction.
    start: [Option<Vec<f64>>; 2],
    /// Whether the only direction is from the last step on.
    reverse: bool,
    /// Shapes of the results.
    shapes: Vec<Vec<usize>>,
}

impl Lowering {
    /// Lowers a recurrent cell over a sequence of the sample, all else stored; whether the node is one.
    ///
    /// Where the last inner state is asked for, a node as its operator text has it gives that.
    pub(super) fn recurrent(&mut self, node: &Node) -> Result<bool, ModelError> {
        let Some(cell) = self.cell(node)? else { return Ok(false) };
        let Cell { value, steps: [_, run], input, .. } = cell;
        let by_channel = (0..input).flat_map(|at| (0..run).map(move |step| (step * input + at) as u32));
        let columns = order(by_channel.collect(), self.shapes[value].iter().product());
        let columns =
            self.step(&format!("{} (rows to channels)", node.name), columns, &[value], vec![input, run, 1]);
        let states: Vec<usize> =
            (0..cell.directions.len()).map(|at| self.direction(node, &cell, at, columns)).collect();
        let hidden = cell.directions[0].gates.hidden();
        let last = |at: usize| {
            let step = if cell.is_back(at) { 0 } else { run - 1 };
            (step * hidden..(step + 1) * hidden).map(|place| Some(place as u32)).collect()
        };
        let whole = |_: usize| {
            let place = |place: usize| (place < run * hidden).then_some(place as u32);
            (0..cell.steps[0] * hidden).map(place).collect()
        };
        self.together(node, (ALL, &states), &cell.shapes[ALL], &whole)?;
        self.together(node, (LAST, &states), &cell.shapes[LAST], &last)?;
        let mut inner = node.clone();
        inner.outputs.iter_mut().take(INNER).for_each(String::clear);
        if inner.outputs.iter().any(|name| !name.is_empty()) {
            self.general(&inner, None)?;
        }
        Ok(true)
    }

    /// What is needed of a cell; none where it is not over one sequence of the sample, or multiplies its state twice.
    fn cell(&self, node: &Node) -> Result<Option<Cell>, ModelError> {
        let operand = |at: usize| node.inputs.get(at).filter(|name| !name.is_empty());
        let stored = |at: usize| operand(at).is_none_or(|name| self.stored.contains_key(name));
        let value = operand(0).and_then(|name| self.values.get(name)).copied();
        let (Some(value), true) = (value, (1..node.inputs.len()).all(stored)) else { return Ok(None) };
        let shape_of = self.whole_shape(value);
        let zeros = vec![0.0; elements(&shape_of).unwrap_or(0)];
        let zeros = Value::numbers(self.kinds[value], &shape_of, zeros).map_err(|what| shape(node, what))?;
        let operands: Vec<Option<&Value>> = (0..node.inputs.len())
            .map(|at| if at == 0 { Some(&zeros) } else { operand(at).map(|name| &self.stored[name]) })
            .collect();
        let answer = operator::run(node, self.opset, &operands)?;
        let directions =
            operator::directions(node, self.opset, &operands).map_err(|what| shape(node, what))?;
        let batch_first = matches!(node.attributes.get("layout"), Some(Attribute::Int(1)));
        let &[first, second, input] = &shape_of[..] else { return Ok(None) };
        let [steps, batch] = if batch_first { [second, first] } else { [first, second] };
        let length =
            operands.get(LENGTHS).copied().flatten().and_then(|value| value.wholes().ok()?.first().copied());
        let run = length.map_or(steps, |length| (length.max(0) as usize).min(steps));
        let once = directions.iter().all(|direction| direction.gates.multiply_once());
        if batch != 1 || run == 0 || input == 0 || !once || !self.kinds[value].is_real() {
            return Ok(None);
        }
        let start =
            [0, 1].map(|at| operands.get(STATE + at).copied().flatten().map(|value| value.to_reals()));
        let reverse =
            matches!(node.attributes.get("direction"), Some(Attribute::Text(way)) if way == "reverse");
        let shapes = answer.iter().map(|value| value.shape().to_vec()).collect();
        Ok(Some(Cell { value, steps: [steps, run], input, directions, start, reverse, shapes }))
    }

    /// The states [steps, hidden] of a direction.
    fn direction(&mut self, node: &Node, cell: &Cell, at: usize, columns: usize) -> usize {
        let Direction { w, r, bias, gates } = &cell.directions[at];
        let (rows, hidden, run) = (gates.rows(), gates.hidden(), cell.steps[1]);
        let narrow = |reals: &[f64]| reals.iter().map(|&x| x as f32).collect::<Vec<f32>>();
        let contraction = |weights: &[f64], bias: &[f64], geometry| Contraction {
            geometry,
            weights: narrow(weights),
            bias: narrow(bias),
            scales: None,
            form: Form::Matrix,
        };
        let all = Geometry { in_height: run, ..Geometry::dense(cell.input, rows) };
        let of_input = contraction(w, &bias[..rows], all);
        let name = |what: &str| {
            let back = if at == 1 { "_reverse" } else { "" };
            format!("{}/{what}{back}", node.name)
        };
        let products = self.step(&name("input"), Op::Contract(of_input), &[columns], vec![rows, run, 1]);
        let start = [0, 1].map(|state| match &cell.start[state] {
            Some(start) => start[at * hidden..][..hidden].to_vec(),
            None => vec![0.0; hidden],
        });
        let recurrent = Recurrent {
            contraction: contraction(r, &bias[rows..], Geometry::dense(hidden, rows)),
            gates: gates.clone(),
            steps: run,
            back: cell.is_back(at),
            start,
        };
        self.step(&name("recurrent"), Op::Recurrent(Box::new(recurrent)), &[products], vec![run, hidden])
    }

    /// A result of the node: these places of the states of each direction, joined along the axis of directions.
    fn together(
        &mut self,
        node: &Node,
        (result, states): (usize, &[usize]),
        shape: &[usize],
        places: &dyn Fn(usize) -> Vec<Option<u32>>,
    ) -> Result<(), ModelError> {
        let Some(name) = node.outputs.get(result).filter(|name| !name.is_empty()) else { return Ok(()) };
        let what = if result == ALL { "states" } else { "last state" };
        let hidden = shape.last().copied().unwrap_or(1);
        let mut parts = vec![];
        for (at, &states) in states.iter().enumerate() {
            let places = places(at);
            let rows = places.len() / hidden;
            let step = format!("{} ({what})", node.name);
            let part = self.step(
                &step,
                or_zeros(places, self.shapes[states].iter().product()),
                &[states],
                vec![rows, 1, hidden],
            );
            parts.push(format!("{step} #{at}"));
            self.values.insert(parts[at].clone(), part);
        }
        if let [only] = &parts[..] {
            let value = self.values[only];
            self.shaped(node, value, shape);
        } else {
            let joined = format!("{} ({what}, both directions)", node.name);
            let attributes = [("axis".into(), Attribute::Int(2))].into();
            let both = Node {
                name: joined.clone(),
                kind: "Concat".into(),
                inputs: parts,
                outputs: vec![joined.clone()],
                attributes,
            };
            self.general(&both, None)?;
            let value = self.values[&joined];
            self.shaped(node, value, shape);
        }
        let value = self.steps.len();
        self.values.insert(name.clone(), value);
        Ok(())
    }

    /// A value under another whole shape.
    fn shaped(&mut self, node: &Node, value: usize, shape: &[usize]) {
        let batched = shape.first() == Some(&1) && shape.len() > 1;
        let own = shape[usize::from(batched)..].to_vec();
        let shaped = self.step(&format!("{} (result)", node.name), Op::Reshape, &[value], own);
        self.batched[shaped] = batched;
    }
}

impl Cell {
    fn is_back(&self, at: usize) -> bool {
        self.reverse || at == 1
    }
}
