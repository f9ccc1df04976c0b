//! Exact error metrics of wide designs by binary decision diagrams, where these stay small enough.
//!
//! The diagrams of sums are small at any width in the order a0, b0, a1, b1, …; those of products grow exponentially
//! and are given up beyond about 2×10 bits.

use std::time::{Duration, Instant};

use biodivine_lib_bdd::{Bdd, BddVariable, BddVariableSet, op_function};
use num_traits::ToPrimitive;
use serde::Serialize;

use crate::arith::multiplier::exact_product;
use crate::arith::{Design, negated_if, sign_extended, zero_extended};
use crate::netlist::{Builder, Bus, Cell, Gate, Net, Netlist, balanced};
use crate::table::Operation;

/// Nodes that one diagram may have.
const NODES: usize = 1 << 20;

/// Error metrics over all operand pairs, as [`super::Metrics`] has them, found without looking at each pair.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Formal {
    /// `binary decision diagrams`.
    pub method: &'static str,
    /// Share of pairs with a wrong result.
    pub error_rate: f64,
    /// Mean error distance.
    pub med: f64,
    /// Mean signed error.
    pub bias: f64,
    /// Worst error distance.
    pub wce: u64,
    /// Operands that reach it; absent for an exact design.
    pub worst: Option<[i64; 2]>,
}

/// Exact metrics of a design, or none where diagrams grow too large or the time is over.
///
/// A sum that wraps is compared with the sum that does not.
///
/// ```
/// use std::time::Duration;
/// use axsim::arith::{design, metric::formal};
/// let found = formal(&*design("add32u_loa_k8").unwrap(), Duration::from_secs(10)).unwrap();
/// assert!((found.error_rate - (1.0 - 0.75f64.powi(8))).abs() < 1e-12);
/// ```
pub fn formal(design: &dyn Design, time: Duration) -> Option<Formal> {
    let signature = design.signature();
    let netlist = miter(design);
    let mut diagrams = Diagrams::of(&netlist, Instant::now() + time)?;
    let [distance, wrong, signed] = [0, 1, 2].map(|bus| diagrams.outputs(&netlist, bus));
    let all = 2f64.powi(signature.operand_bits() as i32);
    let share = |bdd: &Bdd| bdd.exact_cardinality().to_f64().unwrap_or(f64::INFINITY) / all;
    let weighted = |bits: &[Bdd]| {
        bits.iter().enumerate().map(|(at, bit)| share(bit) * 2f64.powi(at as i32)).sum::<f64>()
    };
    // The top bit of a number in two's complement has a negative weight.
    let (sign, magnitude) = signed.split_last()?;
    let bias = weighted(magnitude) - share(sign) * 2f64.powi(magnitude.len() as i32);
    let (wce, at) = diagrams.greatest(&distance)?;
    let worst = at.filter(|_| wce > 0).map(|[a, b]| [signature.value_a(a), signature.value_b(b)]);
    Some(Formal {
        method: "binary decision diagrams",
        error_rate: share(&wrong[0]),
        med: weighted(&distance),
        bias,
        wce,
        worst,
    })
}

/// The distance of a design's result from the exact one, whether it is wrong, and the signed error.
fn miter(design: &dyn Design) -> Netlist {
    let signature = design.signature();
    let mut build = Builder::new("miter");
    let (a, b) = (build.input("a", signature.width_a), build.input("b", signature.width_b));
    let result = build.instance(&design.netlist(), &[&a, &b]).swap_remove(0);
    let width = signature.width_out().max(design.width_out());
    let wide = |build: &mut Builder, bus: &[Net], width: u32| match signature.signed {
        true => sign_extended(bus, width),
        false => zero_extended(build, bus, width),
    };
    let exact = match signature.operation {
        Operation::Add => {
            let (a, b) = (wide(&mut build, &a, width), wide(&mut build, &b, width));
            ripple(&mut build, &a, &b, false)
        }
        Operation::Mul => exact_product(&mut build, &a, &b, signature.signed),
    };
    let [result, exact] = [result, exact].map(|bus| wide(&mut build, &bus, width + 1));
    let inverted: Bus = exact.iter().map(|&bit| build.not(bit)).collect();
    let error = ripple(&mut build, &result, &inverted, true);
    let distance = negated_if(&mut build, &error, error[error.len() - 1]);
    let wrong = balanced(error.clone(), |a, b| build.or(a, b)).expect("a result has bits");
    build.output("distance", distance);
    build.output("wrong", vec![wrong]);
    build.output("error", error);
    build.finish().apart(|gate| gate != Gate::Mux)
}

/// A sum modulo two to the width.
fn ripple(build: &mut Builder, a: &[Net], b: &[Net], carry: bool) -> Bus {
    let mut carry = build.constant(carry);
    let mut bit = |(&a, &b): (&Net, &Net)| {
        let (sum, next) = build.full_adder(a, b, carry);
        carry = next;
        sum
    };
    a.iter().zip(b).map(&mut bit).collect()
}

struct Diagrams {
    nets: Vec<Option<Bdd>>,
    until: Instant,
    widths: [usize; 2],
    none: Bdd,
}

impl Diagrams {
    /// A diagram for each net that an output needs; those of nets that all readers have seen are dropped.
    fn of(netlist: &Netlist, until: Instant) -> Option<Self> {
        let widths = [0, 1].map(|bus| netlist.inputs()[bus].1.len());
        let variables = BddVariableSet::new_anonymous(u16::try_from(widths[0] + widths[1]).ok()?);
        let mut order = std::collections::HashMap::new();
        for (operand, width) in widths.into_iter().enumerate() {
            for bit in 0..width {
                order.insert(netlist.inputs()[operand].1[bit].index(), place(widths, operand, bit));
            }
        }
        let none = variables.mk_false();
        let mut this = Self { nets: vec![], until, widths, none };
        let mut readers = netlist.readers();
        for (at, cell) in netlist.cells().iter().enumerate() {
            let bdd = match cell {
                Cell::Input => variables.mk_var(BddVariable::from_index(order[&at])),
                Cell::Constant(true) => variables.mk_true(),
                Cell::Constant(false) | Cell::State => this.none.clone(),
                Cell::Gate(gate, pins) => this.gate(*gate, pins.map(Net::index))?,
            };
            this.nets.push(Some(bdd));
            for net in cell.reads() {
                readers[net.index()] -= 1;
                if readers[net.index()] == 0 {
                    this.nets[net.index()] = None;
                }
            }
        }
        Some(this)
    }

    fn gate(&self, gate: Gate, [a, b, c]: [usize; 3]) -> Option<Bdd> {
        let net = |at: usize| self.nets[at].as_ref().expect("a net is kept while it has readers");
        let (a, b) = (net(a), net(b));
        Some(match gate {
            Gate::Not => a.not(),
            Gate::And => self.join(a, b, op_function::and)?,
            Gate::Or => self.join(a, b, op_function::or)?,
            Gate::Xor => self.join(a, b, op_function::xor)?,
            Gate::Nand => self.join(a, b, op_function::and)?.not(),
            Gate::Nor => self.join(a, b, op_function::or)?.not(),
            Gate::Xnor => self.join(a, b, op_function::iff)?,
            Gate::Mux => {
                let (one, zero) =
                    (self.join(a, b, op_function::and)?, self.join(net(c), a, op_function::and_not)?);
                self.join(&one, &zero, op_function::or)?
            }
            other => unreachable!("{other:?} was taken apart"),
        })
    }

    fn join(
        &self,
        a: &Bdd,
        b: &Bdd,
        operation: fn(Option<bool>, Option<bool>) -> Option<bool>,
    ) -> Option<Bdd> {
        let bdd = Bdd::binary_op_with_limit(NODES, a, b, operation)?;
        (Instant::now() < self.until).then_some(bdd)
    }

    fn outputs(&mut self, netlist: &Netlist, bus: usize) -> Vec<Bdd> {
        let net = |net: &Net| self.nets[net.index()].clone().unwrap_or_else(|| self.none.clone());
        netlist.outputs()[bus].1.iter().map(net).collect()
    }

    /// The greatest number, bit by bit from the top, and operands that give it.
    fn greatest(&self, bits: &[Bdd]) -> Option<(u64, Option<[u64; 2]>)> {
        let (mut greatest, mut left) = (0u128, self.none.not());
        for (at, bit) in bits.iter().enumerate().rev() {
            let with = self.join(&left, bit, op_function::and)?;
            if !with.is_false() {
                (greatest, left) = (greatest | 1 << at, with);
            }
        }
        let witness = left.sat_witness();
        let code = |operand: usize| {
            let bit = |bit: usize| BddVariable::from_index(place(self.widths, operand, bit));
            let witness = witness.as_ref()?;
            Some((0..self.widths[operand]).map(|at| u64::from(witness.value(bit(at))) << at).sum())
        };
        let greatest = u64::try_from(greatest).unwrap_or(u64::MAX);
        Some((greatest, code(0).zip(code(1)).map(|(a, b)| [a, b])))
    }
}

/// The place of an operand's bit in the order a0, b0, a1, b1, …; bits that the other operand lacks follow one another.
fn place(widths: [usize; 2], operand: usize, bit: usize) -> usize {
    let both = widths[0].min(widths[1]);
    if bit < both { 2 * bit + operand } else { both + bit }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arith::{design, metric::Metrics};

    const LONG: Duration = Duration::from_secs(100);

    #[test]
    fn diagrams_count_what_walking_every_pair_counts() {
        for id in [
            "add8u_loa_k5",
            "add8s_gear_r2_p2",
            "add7s_ama3_k4",
            "mul6u_drum_k3",
            "mul6s_mitchell",
            "mul5s_bbm1_v4",
            "mul8u_trunc_t7",
            "mul7u_mbm_q6",
            "mul4u_exact",
            "add8s_exact",
        ] {
            let design = design(id).unwrap();
            let (formal, walked) = (formal(&*design, LONG).unwrap(), Metrics::of_gates(&*design));
            let near = |found: f64, expected: f64| (found - expected).abs() <= 1e-12 * expected.abs() + 1e-12;
            assert!(near(formal.error_rate, walked.error_rate), "{id}: {formal:?} {walked:?}");
            assert!(
                near(formal.med, walked.med) && near(formal.bias, walked.bias),
                "{id}: {formal:?} {walked:?}"
            );
            assert_eq!((formal.wce, formal.worst.is_some()), (walked.wce, walked.worst.is_some()), "{id}");
            if let Some([a, b]) = formal.worst {
                let signature = design.signature();
                let error = signature.number(design.eval(a, b)) - signature.exact(a, b);
                assert_eq!(error.unsigned_abs(), u128::from(formal.wce), "{id}");
            }
        }
    }

    /// Lower-part OR adders: 1 − (3/4)^k wrong, 2^(k−1) at most, 1/4 too much on average.
    #[test]
    fn the_widest_adders_are_exact_in_a_moment() {
        for low in [4, 8, 16] {
            let found = formal(&*design(&format!("add32u_loa_k{low}")).unwrap(), LONG).unwrap();
            assert!((found.error_rate - (1.0 - 0.75f64.powi(low))).abs() < 1e-15);
            assert!((found.bias - 0.25).abs() < 1e-9);
            assert_eq!(found.wce, 1 << (low - 1));
        }
    }

    #[test]
    fn a_product_that_is_too_large_is_given_up() {
        assert_eq!(formal(&*design("mul24u_exact").unwrap(), Duration::from_millis(20)), None);
    }
}
