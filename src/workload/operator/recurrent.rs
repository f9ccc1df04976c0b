//! Networks with a memory, step by step: LSTM, GRU and plain ones.

mod function;
mod gates;

pub(in crate::workload) use gates::Gates;

use super::layout::permuted;
use super::matrix::multiply;
use super::{Answer, Call, Operator, operator, unknown};
use crate::workload::onnx::Node;
use crate::workload::value::{Fault, Value, room};

const PLAIN: &[&str] =
    &["activation_alpha", "activation_beta", "activations", "clip", "direction", "hidden_size", "layout"];
const WITH_RESET: &[&str] = &[
    "activation_alpha",
    "activation_beta",
    "activations",
    "clip",
    "direction",
    "hidden_size",
    "layout",
    "linear_before_reset",
];
const LONG: &[&str] = &[
    "activation_alpha",
    "activation_beta",
    "activations",
    "clip",
    "direction",
    "hidden_size",
    "input_forget",
    "layout",
];

pub(super) const OPERATORS: &[Operator] = &[
    operator("GRU", WITH_RESET, |call| recurrent(call, Cell::Gated)),
    operator("LSTM", LONG, |call| recurrent(call, Cell::Long)),
    operator("RNN", PLAIN, |call| recurrent(call, Cell::Plain)),
];

#[derive(Debug, Clone, Copy, PartialEq)]
enum Cell {
    Plain,
    Gated,
    Long,
}

impl Cell {
    /// Blocks of weights, and functions by default.
    fn gates(self) -> (usize, &'static [&'static str]) {
        match self {
            Self::Plain => (1, &["Tanh"]),
            Self::Gated => (3, &["Sigmoid", "Tanh"]),
            Self::Long => (4, &["Sigmoid", "Tanh", "Tanh"]),
        }
    }
}

/// Weights and gates of one direction.
pub(in crate::workload) struct Direction {
    /// W [gates · hidden, input].
    pub w: Vec<f64>,
    /// R [gates · hidden, hidden].
    pub r: Vec<f64>,
    /// The biases of W, then of R.
    pub bias: Vec<f64>,
    pub gates: Gates,
}

/// The directions of a node that [`super::run`] takes, in their order.
pub(in crate::workload) fn directions(
    node: &Node,
    opset: i64,
    inputs: &[Option<&Value>],
) -> Result<Vec<Direction>, Fault> {
    let call = Call { node, opset, inputs };
    let cell = match &*node.kind {
        "GRU" => Cell::Gated,
        "LSTM" => Cell::Long,
        _ => Cell::Plain,
    };
    let &[directions @ 1..=2, _, hidden] = call.input(2)?.shape() else {
        return Err("weights R [directions, gates, hidden] of one or two directions are expected".into());
    };
    (0..directions).map(|at| Direction::of(&call, cell, [at, directions], hidden)).collect()
}

fn recurrent(call: &Call<'_>, cell: Cell) -> Answer {
    let batch_first = call.flag("layout", false)?;
    let x = call.input(0)?;
    let x = if batch_first { permuted(x, &[1, 0, 2])? } else { x.clone() };
    let &[steps, batch, _] = x.shape() else {
        return Err("an input [steps, batch, size] is expected".into());
    };
    let &[directions, _, hidden] = call.input(2)?.shape() else {
        return Err("weights R [directions, gates, hidden] are expected".into());
    };
    let way = way(call, directions)?;
    if call.flag("input_forget", false)? {
        return Err("input_forget = 1; only 0 is supported".into());
    }
    room(&[steps, directions, batch, hidden])?;
    let lengths = match call.optional(4) {
        Some(_) => call.wholes(4)?.iter().map(|&n| (n.max(0) as usize).min(steps)).collect(),
        None => vec![steps; batch],
    };
    let start = |at| match call.optional(at) {
        None => Ok::<_, Fault>(vec![0.0; directions * batch * hidden]),
        Some(value) if batch_first => Ok(permuted(value, &[1, 0, 2])?.to_reals()),
        Some(value) => Ok(value.to_reals()),
    };
    let (mut h, mut c) = (start(5)?, if cell == Cell::Long { start(6)? } else { start(usize::MAX)? });
    if lengths.len() != batch || h.len() != directions * batch * hidden || c.len() != h.len() {
        return Err("lengths or initial states do not fit the input".into());
    }
    let mut y = vec![0.0; steps * directions * batch * hidden];
    for at in 0..directions {
        let direction = Direction::of(call, cell, [at, directions], hidden)?;
        let back = way == "reverse" || at == 1;
        let size = batch * hidden;
        let state = (&mut h[at * size..][..size], &mut c[at * size..][..size]);
        direction.run(&x, &lengths, back, state, |step, sample, h| {
            y[((step * directions + at) * batch + sample) * hidden..][..hidden].copy_from_slice(h);
        })?;
    }
    let kind = x.kind();
    let y = Value::real(kind, &[steps, directions, batch, hidden], y)?;
    let state = |state| Value::real(kind, &[directions, batch, hidden], state);
    let answer = [y, state(h)?, state(c)?];
    if !batch_first {
        return Ok(answer.into());
    }
    let orders: [&[usize]; 3] = [&[2, 0, 1, 3], &[1, 0, 2], &[1, 0, 2]];
    answer.iter().zip(orders).map(|(value, order)| permuted(value, order)).collect()
}

/// Which way a node goes through time, for which it has as many sets of weights.
fn way<'a>(call: &Call<'a>, directions: usize) -> Result<&'a str, Fault> {
    const WAYS: [&str; 3] = ["forward", "reverse", "bidirectional"];
    let way = call.text("direction", "forward")?;
    if !WAYS.contains(&way) {
        return Err(unknown("direction", way, &WAYS));
    }
    match (way, directions) {
        ("bidirectional", 2) | ("forward" | "reverse", 1) => Ok(way),
        _ => Err(format!("direction = {way} with {directions} sets of weights")),
    }
}

/// The elements of an operand that direction `at` has, zeros where it is absent.
fn part(call: &Call<'_>, operand: usize, at: usize, size: usize) -> Result<Vec<f64>, Fault> {
    let Some(_) = call.optional(operand) else { return Ok(vec![0.0; size]) };
    let part = call.reals(operand)?.get(at * size..(at + 1) * size);
    Ok(part.ok_or_else(|| format!("operand {operand} has too few elements"))?.to_vec())
}

impl Direction {
    fn of(call: &Call<'_>, cell: Cell, [at, directions]: [usize; 2], hidden: usize) -> Result<Self, Fault> {
        let rows = cell.gates().0 * hidden;
        let &[_, found, input] = call.input(1)?.shape() else {
            return Err("weights W [directions, gates, size] are expected".into());
        };
        if found != rows || hidden == 0 {
            return Err(format!("weights of {rows} rows are expected, not {found}"));
        }
        Ok(Self {
            w: part(call, 1, at, rows * input)?,
            r: part(call, 2, at, rows * hidden)?,
            bias: part(call, 3, at, 2 * rows)?,
            gates: Gates::of(call, cell, [at, directions], hidden)?,
        })
    }

    /// Runs through the steps of every sample, updating the states and telling each new one.
    fn run(
        &self,
        x: &Value,
        lengths: &[usize],
        back: bool,
        (h, c): (&mut [f64], &mut [f64]),
        mut tell: impl FnMut(usize, usize, &[f64]),
    ) -> Result<(), Fault> {
        let (&[_, batch, input], reals) = (x.shape(), x.reals()?) else {
            return Err("an input of three axes is expected".into());
        };
        let (rows, hidden) = (self.gates.rows(), self.gates.hidden());
        let (w, r) = (turned(&self.w, rows), turned(&self.r, rows));
        let (of_w, of_r) = self.bias.split_at(rows);
        if w.len() != rows * input {
            return Err(format!("weights of {input} columns are expected, not {}", w.len() / rows));
        }
        let sums = |x: &[f64], w: &[f64], bias: &[f64]| -> Result<Vec<f64>, Fault> {
            let (sums, _) = multiply((x, &[1, x.len()]), (w, &[x.len(), rows]))?;
            Ok(sums.iter().zip(bias).map(|(sum, bias)| sum + bias).collect())
        };
        for (sample, &length) in lengths.iter().enumerate() {
            let own = sample * hidden..(sample + 1) * hidden;
            let (h, c) = (&mut h[own.clone()], &mut c[own]);
            for step in 0..length {
                let step = if back { length - 1 - step } else { step };
                let x = sums(&reals[(step * batch + sample) * input..][..input], &w, of_w)?;
                let from_h = sums(h, &r, of_r)?;
                self.gates.step([&x, &from_h], (h, c), |kept| sums(kept, &r, of_r))?;
                tell(step, sample, h);
            }
        }
        Ok(())
    }
}

/// A matrix of so many rows, turned.
fn turned(matrix: &[f64], rows: usize) -> Vec<f64> {
    let columns = matrix.len() / rows.max(1);
    (0..columns).flat_map(|column| (0..rows).map(move |row| matrix[row * columns + column])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::onnx::Node;
    use crate::workload::operator::run;
    use crate::workload::value::Kind;

    #[test]
    fn weights_without_elements_do_not_ask_for_all_memory() {
        let node = Node { kind: "LSTM".into(), ..Node::default() };
        let value = |shape: &[usize]| {
            let count = shape.iter().product();
            Value::real(Kind::F32, shape, vec![0.0; count]).unwrap()
        };
        let (x, w, r) = (value(&[1, 64, 0]), value(&[1, 4 << 20, 0]), value(&[1, 0, 1 << 20]));
        let error = run(&node, 14, &[Some(&x), Some(&w), Some(&r)]).unwrap_err().to_string();
        assert!(error.contains("too many elements"), "{error}");
    }
}
