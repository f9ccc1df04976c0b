//! What a recurrent cell makes of its two sums of products, element by element: gates, and the states behind them.

use super::function::Function;
use super::{Call, Cell};
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

impl Gates {
    /// Those of direction `at` of a node with so many.
    pub(super) fn of(
        call: &Call<'_>,
        cell: Cell,
        [at, directions]: [usize; 2],
        hidden: usize,
    ) -> Result<Self, Fault> {
        let (_, default) = cell.gates();
        let functions = Function::all(call, default, directions)?;
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
            functions: functions[at * default.len()..][..default.len()].to_vec(),
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
