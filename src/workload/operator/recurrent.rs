//! Networks with a memory, step by step: LSTM, GRU and plain ones.

use super::layout::permuted;
use super::matrix::multiply;
use super::unary::{sigmoid, softplus};
use super::{Answer, Call, Operator, operator};
use crate::workload::onnx::Attribute;
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

#[derive(Clone, Copy, PartialEq)]
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

/// What one direction computes with.
struct Direction<'a> {
    cell: Cell,
    hidden: usize,
    /// W [gates · hidden, input] and R [gates · hidden, hidden], both turned.
    w: Vec<f64>,
    r: Vec<f64>,
    /// Biases of W, then of R.
    bias: Vec<f64>,
    peephole: Vec<f64>,
    functions: Vec<&'a str>,
    clip: f64,
    linear_before_reset: bool,
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
    let way = call.text("direction", "forward")?;
    if directions != if way == "bidirectional" { 2 } else { 1 } || call.flag("input_forget", false)? {
        return Err(format!("direction = {way} with {directions} sets of weights, or input_forget"));
    }
    room(&[steps, directions, batch, hidden])?;
    let lengths = match call.optional(4) {
        Some(_) => call.wholes(4)?.iter().map(|&n| (n.max(0) as usize).min(steps)).collect(),
        None => vec![steps; batch],
    };
    room(&[steps, directions, batch, hidden])?;
    let start = |at: usize| -> Result<Vec<f64>, Fault> {
        match call.optional(at) {
            None => Ok(vec![0.0; directions * batch * hidden]),
            Some(value) if batch_first => Ok(permuted(value, &[1, 0, 2])?.to_reals()),
            Some(value) => Ok(value.to_reals()),
        }
    };
    let (mut h, mut c) = (start(5)?, if cell == Cell::Long { start(6)? } else { start(usize::MAX)? });
    if lengths.len() != batch || h.len() != directions * batch * hidden || c.len() != h.len() {
        return Err("lengths or initial states do not fit the input".into());
    }
    let mut y = vec![0.0; steps * directions * batch * hidden];
    for at in 0..directions {
        let direction = Direction::new(call, cell, at, hidden)?;
        let back = way == "reverse" || at == 1;
        let size = batch * hidden;
        let state = (&mut h[at * size..][..size], &mut c[at * size..][..size]);
        direction.run(&x, &lengths, back, state, |step, sample, h| {
            y[((step * directions + at) * batch + sample) * hidden..][..hidden].copy_from_slice(h);
        })?;
    }
    let kind = x.kind();
    let y = Value::real(kind, &[steps, directions, batch, hidden], y)?;
    let states = [h, c].map(|state| Value::real(kind, &[directions, batch, hidden], state));
    let [h, c] = states;
    let (mut y, mut answer) = (y, vec![h?, c?]);
    if batch_first {
        y = permuted(&y, &[2, 0, 1, 3])?;
        answer = answer.iter().map(|state| permuted(state, &[1, 0, 2])).collect::<Result<_, _>>()?;
    }
    answer.insert(0, y);
    Ok(answer)
}

impl<'a> Direction<'a> {
    fn new(call: &Call<'a>, cell: Cell, at: usize, hidden: usize) -> Result<Self, Fault> {
        let (gates, default) = cell.gates();
        let rows = gates * hidden;
        let part = |operand: usize, size: usize| -> Result<Vec<f64>, Fault> {
            let Some(_) = call.optional(operand) else { return Ok(vec![0.0; size]) };
            let all = call.reals(operand)?;
            let part = all.get(at * size..(at + 1) * size);
            Ok(part.ok_or_else(|| format!("operand {operand} has too few elements"))?.to_vec())
        };
        let &[_, found, input] = call.input(1)?.shape() else {
            return Err("weights W [directions, gates, size] are expected".into());
        };
        if found != rows || hidden == 0 {
            return Err(format!("weights of {rows} rows are expected, not {found}"));
        }
        let names = match call.attribute("activations") {
            Some(Attribute::Texts(names)) => {
                names.iter().map(String::as_str).skip(at * default.len()).take(default.len()).collect()
            }
            _ => default.to_vec(),
        };
        if names.len() != default.len() {
            return Err(format!("{} activations are expected for each direction", default.len()));
        }
        let clip = call.float("clip", f32::INFINITY)?;
        if clip.is_nan() || clip < 0.0 {
            return Err(format!("clip = {clip}; a bound of at least 0 is expected"));
        }
        names.iter().try_for_each(|name| function(name, 0.0).map(|_| ()))?;
        Ok(Self {
            cell,
            hidden,
            w: turned(&part(1, rows * input)?, rows),
            r: turned(&part(2, rows * hidden)?, rows),
            bias: part(3, 2 * rows)?,
            peephole: if cell == Cell::Long { part(7, 3 * hidden)? } else { vec![] },
            functions: names,
            clip,
            linear_before_reset: call.flag("linear_before_reset", false)?,
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
        for (sample, &length) in lengths.iter().enumerate() {
            let own = sample * self.hidden..(sample + 1) * self.hidden;
            let (h, c) = (&mut h[own.clone()], &mut c[own]);
            for step in 0..length {
                let step = if back { length - 1 - step } else { step };
                self.step(&reals[(step * batch + sample) * input..][..input], h, c)?;
                tell(step, sample, h);
            }
        }
        Ok(())
    }

    fn step(&self, x: &[f64], h: &mut [f64], c: &mut [f64]) -> Result<(), Fault> {
        let rows = self.bias.len() / 2;
        let from_x = rowwise(x, &self.w, rows)?;
        let from_h = rowwise(h, &self.r, rows)?;
        let (w, r) = self.bias.split_at(rows);
        let f = |at: usize, x: f64| function(self.functions[at], x.clamp(-self.clip, self.clip));
        let n = self.hidden;
        let sum = |row: usize| from_x[row] + from_h[row] + w[row] + r[row];
        match self.cell {
            Cell::Plain => (0..n).try_for_each(|at| f(0, sum(at)).map(|new| h[at] = new)),
            Cell::Long => (0..n).try_for_each(|at| {
                let input = f(0, sum(at) + self.peephole[at] * c[at])?;
                let forget = f(0, sum(2 * n + at) + self.peephole[2 * n + at] * c[at])?;
                c[at] = forget * c[at] + input * f(1, sum(3 * n + at))?;
                let output = f(0, sum(n + at) + self.peephole[n + at] * c[at])?;
                h[at] = output * f(2, c[at])?;
                Ok(())
            }),
            Cell::Gated => {
                let update: Vec<f64> = (0..n).map(|at| f(0, sum(at))).collect::<Result<_, _>>()?;
                let reset: Vec<f64> = (0..n).map(|at| f(0, sum(n + at))).collect::<Result<_, _>>()?;
                let kept: Vec<f64> = h.iter().zip(&reset).map(|(h, reset)| h * reset).collect();
                let after = rowwise(&kept, &self.r, rows)?;
                for at in 0..n {
                    let row = 2 * n + at;
                    let hidden = if self.linear_before_reset {
                        reset[at] * (from_h[row] + r[row])
                    } else {
                        after[row] + r[row]
                    };
                    let new = f(1, from_x[row] + w[row] + hidden)?;
                    h[at] = (1.0 - update[at]) * new + update[at] * h[at];
                }
                Ok(())
            }
        }
    }
}

fn rowwise(x: &[f64], w: &[f64], rows: usize) -> Result<Vec<f64>, Fault> {
    Ok(multiply((x, &[1, x.len()]), (w, &[x.len(), rows]))?.0)
}

/// A matrix of so many rows, turned.
fn turned(matrix: &[f64], rows: usize) -> Vec<f64> {
    let columns = matrix.len() / rows.max(1);
    (0..columns).flat_map(|column| (0..rows).map(move |row| matrix[row * columns + column])).collect()
}

fn function(name: &str, x: f64) -> Result<f64, Fault> {
    Ok(match name.to_ascii_lowercase().as_str() {
        "sigmoid" => sigmoid(x),
        "tanh" => x.tanh(),
        "relu" => x.max(0.0),
        "softplus" => softplus(x),
        "softsign" => x / (1.0 + x.abs()),
        "hardsigmoid" => (0.2 * x + 0.5).clamp(0.0, 1.0),
        _ => return Err(format!("activation {name} is not supported")),
    })
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
