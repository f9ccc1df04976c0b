//! Adders: exact ones that differ in gates, and the lower-part-OR adder.

use crate::arith::{Design, sign_extended, two_operands};
use crate::netlist::{Builder, Bus, Net, Netlist};
use crate::table::{Operation, Signature};

/// How an adder is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Exact, a chain of full adders.
    Ripple,
    /// Exact, parallel prefix with fan-out two (Kogge and Stone 1973).
    KoggeStone,
    /// LOA(k): the low k bits are a | b, their carry is a_{k−1} & b_{k−1} (Mahdiani 2010).
    LowerOr(u32),
}

impl Scheme {
    /// The sum without its carry out: `a.len()` bits.
    ///
    /// # Panics
    /// When the operands differ in width.
    pub fn build(self, build: &mut Builder, a: &[Net], b: &[Net]) -> Bus {
        assert_eq!(a.len(), b.len(), "operands of one width");
        match self {
            Scheme::Ripple => ripple(build, a, b, None),
            Scheme::KoggeStone => kogge_stone(build, a, b, None),
            Scheme::LowerOr(low) => lower_or(build, a, b, low as usize),
        }
    }

    /// The sum of two integers of any sign, not wrapped.
    pub fn apply(self, a: i64, b: i64) -> i64 {
        match self {
            Scheme::Ripple | Scheme::KoggeStone | Scheme::LowerOr(0) => a.wrapping_add(b),
            Scheme::LowerOr(low) => {
                let carry = (a & b) >> (low - 1) & 1;
                let high = (a >> low).wrapping_add(b >> low).wrapping_add(carry);
                high << low | ((a | b) & ((1 << low) - 1))
            }
        }
    }
}

fn ripple(build: &mut Builder, a: &[Net], b: &[Net], carry: Option<Net>) -> Bus {
    let mut carry = carry.unwrap_or_else(|| build.constant(false));
    let mut sums = Bus::new();
    for (&a, &b) in a.iter().zip(b) {
        let (sum, next) = build.full_adder(a, b, carry);
        sums.push(sum);
        carry = next;
    }
    sums
}

fn kogge_stone(build: &mut Builder, a: &[Net], b: &[Net], carry: Option<Net>) -> Bus {
    let halves: Vec<(Net, Net)> = a.iter().zip(b).map(|(&a, &b)| build.half_adder(a, b)).collect();
    let (propagate, mut generate): (Bus, Bus) = halves.iter().copied().unzip();
    if let (Some(carry), Some(&first)) = (carry, propagate.first()) {
        let through = build.and(first, carry);
        generate[0] = build.or(generate[0], through);
    }
    let mut group = propagate.clone();
    let mut step = 1;
    while step < a.len() {
        let (last_generate, last_group) = (generate.clone(), group.clone());
        for bit in step..a.len() {
            let through = build.and(last_group[bit], last_generate[bit - step]);
            generate[bit] = build.or(last_generate[bit], through);
            group[bit] = build.and(last_group[bit], last_group[bit - step]);
        }
        step *= 2;
    }
    let mut carry = carry.unwrap_or_else(|| build.constant(false));
    let mut sums = Bus::new();
    for (&propagate, &generate) in propagate.iter().zip(&generate) {
        sums.push(build.xor(propagate, carry));
        carry = generate;
    }
    sums
}

fn lower_or(build: &mut Builder, a: &[Net], b: &[Net], low: usize) -> Bus {
    let low = low.min(a.len());
    let mut sums: Bus = a[..low].iter().zip(b).map(|(&a, &b)| build.or(a, b)).collect();
    let carry = (low > 0).then(|| build.and(a[low - 1], b[low - 1]));
    sums.extend(kogge_stone(build, &a[low..], &b[low..], carry));
    sums
}

/// An adder of `width`-bit operands with a result of one bit more.
///
/// Signed operands are sign-extended by one bit, so that no sum overflows.
#[derive(Debug, Clone, Copy)]
pub struct Adder {
    /// Operand width.
    pub width: u32,
    /// Two's complement operands and result.
    pub signed: bool,
    /// How it is built.
    pub scheme: Scheme,
    /// The family's name as the id has it (`exact` is built as Kogge-Stone).
    pub family: &'static str,
}

impl Design for Adder {
    fn id(&self) -> String {
        let sign = if self.signed { 's' } else { 'u' };
        let parameter =
            if let Scheme::LowerOr(low) = self.scheme { format!("_k{low}") } else { String::new() };
        format!("add{}{sign}_{}{parameter}", self.width, self.family)
    }

    fn signature(&self) -> Signature {
        let Self { width, signed, .. } = *self;
        Signature { operation: Operation::Add, width_a: width, width_b: width, signed }
    }

    fn eval(&self, a: i64, b: i64) -> i64 {
        self.scheme.apply(a, b)
    }

    fn netlist(&self) -> Netlist {
        two_operands(&self.id(), self.width, |build, a, b| {
            let width = self.width + 1;
            let [a, b] = [a, b].map(|bus| {
                if self.signed { sign_extended(bus, width) } else { super::zero_extended(build, bus, width) }
            });
            self.scheme.build(build, &a, &b)
        })
    }
}
