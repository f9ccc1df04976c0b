//! What a recurrent cell makes of its two sums of products, element by element: gates, and the states behind them.

use super::{Call, Cell, unknown};
use crate::workload::onnx::Attribute;
use crate::workload::operator::unary::{sigmoid, softplus};
use crate::workload::value::Fault;

/// The gates of a cell along one direction.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::workload) struct Gates {
    cell: Cell,
    hidden: usize,
    peephole: Vec<f64>,
    functions: Vec<Function>,
    clip: f64,
    linear_before_reset: bool,
}

/// What is done with the sums of a gate.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Function {
    Sigmoid,
    Tanh,
    Relu,
    Softplus,
    Softsign,
    HardSigmoid,
}

const NAMES: [&str; 6] = ["Sigmoid", "Tanh", "Relu", "Softplus", "Softsign", "HardSigmoid"];

impl Gates {
    /// Those of direction `at` of a node.
    pub(super) fn of(call: &Call<'_>, cell: Cell, at: usize, hidden: usize) -> Result<Self, Fault> {
        let (_, default) = cell.gates();
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
        Ok(Self {
            cell,
            hidden,
            peephole: match cell {
                Cell::Long => super::part(call, 7, at, 3 * hidden)?,
                Cell::Plain | Cell::Gated => vec![],
            },
            functions: names.into_iter().map(Function::named).collect::<Result<_, _>>()?,
            clip,
            linear_before_reset: call.flag("linear_before_reset", false)?,
        })
    }

    /// Rows of each product: those of all gates.
    pub fn rows(&self) -> usize {
        self.cell.gates().0 * self.hidden
    }

    /// Elements of a state.
    pub fn hidden(&self) -> usize {
        self.hidden
    }

    /// Whether the state is multiplied once a step, not a second time behind a gate.
    pub fn multiply_once(&self) -> bool {
        self.cell != Cell::Gated || self.linear_before_reset
    }

    /// Takes the states `h` and `c` a step further by the sums of the input and of `h`, biases included.
    ///
    /// `again` makes the sums of a state behind a gate, where [`Gates::multiply_once`] does not hold.
    pub fn step(
        &self,
        [x, r]: [&[f64]; 2],
        (h, c): (&mut [f64], &mut [f64]),
        again: impl FnOnce(&[f64]) -> Result<Vec<f64>, Fault>,
    ) -> Result<(), Fault> {
        let n = self.hidden;
        let f = |at: usize, x: f64| self.functions[at].of(x.clamp(-self.clip, self.clip));
        let sum = |row: usize| x[row] + r[row];
        match self.cell {
            Cell::Plain => h.iter_mut().enumerate().for_each(|(at, h)| *h = f(0, sum(at))),
            Cell::Long => {
                for at in 0..n {
                    let input = f(0, sum(at) + self.peephole[at] * c[at]);
                    let forget = f(0, sum(2 * n + at) + self.peephole[2 * n + at] * c[at]);
                    c[at] = forget * c[at] + input * f(1, sum(3 * n + at));
                    let output = f(0, sum(n + at) + self.peephole[n + at] * c[at]);
                    h[at] = output * f(2, c[at]);
                }
            }
            Cell::Gated => {
                let reset: Vec<f64> = (0..n).map(|at| f(0, sum(n + at))).collect();
                let kept = |h: &[f64]| h.iter().zip(&reset).map(|(h, reset)| h * reset).collect::<Vec<_>>();
                let after = if self.linear_before_reset { vec![] } else { again(&kept(h))? };
                for (at, h) in h.iter_mut().enumerate() {
                    let row = 2 * n + at;
                    let behind = after.get(row).copied().unwrap_or_else(|| reset[at] * r[row]);
                    let (update, new) = (f(0, sum(at)), f(1, x[row] + behind));
                    *h = (1.0 - update) * new + update * *h;
                }
            }
        }
        Ok(())
    }
}

impl Function {
    fn named(name: &str) -> Result<Self, Fault> {
        Ok(match name.to_ascii_lowercase().as_str() {
            "sigmoid" => Self::Sigmoid,
            "tanh" => Self::Tanh,
            "relu" => Self::Relu,
            "softplus" => Self::Softplus,
            "softsign" => Self::Softsign,
            "hardsigmoid" => Self::HardSigmoid,
            _ => return Err(unknown("activations", name, &NAMES)),
        })
    }

    fn of(self, x: f64) -> f64 {
        match self {
            Self::Sigmoid => sigmoid(x),
            Self::Tanh => x.tanh(),
            Self::Relu => x.max(0.0),
            Self::Softplus => softplus(x),
            Self::Softsign => x / (1.0 + x.abs()),
            Self::HardSigmoid => (0.2 * x + 0.5).clamp(0.0, 1.0),
        }
    }
}
