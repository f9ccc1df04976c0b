//! Signed multipliers whose rows are powers of two times a: one approximate high-radix digit (RAD), approximate
//! radix-8 digits (HLR-BM), or radix-4 digits whose ±2 is left out of low columns (R4ABM1).
//!
//! # Sources
//! V. Leon, G. Zervakis, D. Soudris, K. Pekmestzi, Approximate hybrid high radix encoding for energy-efficient inner
//! products, IEEE TVLSI 2018; H. Waris, C. Wang, W. Liu, Hybrid low radix encoding-based approximate Booth multipliers,
//! IEEE TCAS-II 2020; W. Liu, L. Qian, C. Wang, H. Jiang, J. Han, F. Lombardi, Design of approximate radix-4 Booth
//! multipliers for error-tolerant computing, IEEE Transactions on Computers 2017.

use super::reduce;
use crate::arith::adder::Carries;
use crate::arith::truth::from_truth_table;
use crate::arith::{Design, Widths, negated_if, sign_extended, two_operands, wrapped};
use crate::netlist::{Builder, Bus, Net, Netlist};
use crate::table::{Operation, Signature};

/// How b is split into digits.
#[derive(Debug, Clone, Copy)]
pub enum Recoding {
    /// Radix 4; in columns below this ±2 is taken as 0.
    Radix4(u32),
    /// The low digits, this many, in radix 8 with ±3 taken as ±2, or where `up` for the code 0110 as ±4; radix 4 above.
    Radix8 {
        /// Low digits.
        digits: u32,
        /// Whether one of the codes of 3 goes up.
        up: bool,
    },
    /// The low bits, this many, as one digit rounded to 0 or one of the four greatest powers of two; radix 4 above.
    High(u32),
}

/// A multiplier of two's complement operands by recoded digits of b.
#[derive(Debug, Clone)]
pub struct Recoded {
    /// Operand widths; the second is recoded.
    pub widths: Widths,
    /// How b is split.
    pub recoding: Recoding,
    /// The final adder.
    pub adder: Carries,
    /// Family and parameters as the id has them.
    pub family: String,
}

/// A digit of b: the field of `bits` from `place` on in two's complement, plus the bit below.
#[derive(Clone, Copy)]
struct Digit {
    place: u32,
    bits: u32,
    rounding: Rounding,
}

/// Which powers of two stand for a digit.
#[derive(Clone, Copy)]
enum Rounding {
    /// All it needs: radix 4.
    None,
    /// ±3 as ±2, or as ±4 where the bit below is not needed to make it and `up`.
    Three { up: bool },
    /// One of the four greatest powers, or 0.
    Greatest,
}

impl Digit {
    /// The value that stands for a code: the field and, lowest, the bit below it.
    fn value(self, code: i64) -> i64 {
        let field = code >> 1;
        let sign = field >> (self.bits - 1) & 1;
        let exact = (field & ((1 << self.bits) - 1)) - (sign << self.bits) + (code & 1);
        match self.rounding {
            Rounding::Three { up } if exact.abs() == 3 => {
                exact.signum() * if up && [0b0110, 0b1001].contains(&code) { 4 } else { 2 }
            }
            Rounding::Greatest => exact.signum() * rounded(exact.abs(), self.bits),
            _ => exact,
        }
    }

    fn code(self, b: i64) -> i64 {
        (b << 1 >> self.place) & ((2 << self.bits) - 1)
    }
}

/// 0 or the nearest of the four greatest powers of two below 2^bits, halves to the greater.
fn rounded(magnitude: i64, bits: u32) -> i64 {
    let least = bits - 4;
    let power = (least..bits).rev().find(|&power| {
        let lower = if power == least { 0 } else { 1 << (power - 1) };
        2 * magnitude >= lower + (1 << power)
    });
    power.map_or(0, |power| 1 << power)
}

impl Recoded {
    fn digits(&self) -> Vec<Digit> {
        let (bits, count, rounding) = match self.recoding {
            Recoding::Radix4(_) => (2, 0, Rounding::None),
            Recoding::Radix8 { digits, up } => (3, digits, Rounding::Three { up }),
            Recoding::High(bits) => (bits, 1, Rounding::Greatest),
        };
        let low = (0..count).map(|at| Digit { place: at * bits, bits, rounding });
        let above = (bits * count..self.widths.b).step_by(2);
        low.chain(above.map(|place| Digit { place, bits: 2, rounding: Rounding::None })).collect()
    }

    /// Columns below which ±2 is 0.
    fn cut(&self) -> u32 {
        if let Recoding::Radix4(cut) = self.recoding { cut } else { 0 }
    }

    /// The powers of two that a digit may be, each with the net that says so, and the sign.
    fn selects(build: &mut Builder, b: &[Net], digit: Digit) -> (Vec<(usize, Net)>, Net) {
        let zero = build.constant(false);
        let bit = |at: u32| at.checked_sub(1).map_or(zero, |at| b[(at as usize).min(b.len() - 1)]);
        let inputs: Bus = (0..=digit.bits).map(|at| bit(digit.place + at)).collect();
        let values: Vec<i64> = (0..2i64 << digit.bits).map(|code| digit.value(code)).collect();
        let mut of = |like: &dyn Fn(i64) -> bool| {
            let table: Vec<bool> = values.iter().map(|&value| like(value)).collect();
            from_truth_table(build, &table, &inputs)
        };
        let powers = (0..digit.bits).filter(|power| values.contains(&(1 << power)));
        let selects = powers.map(|power| (power as usize, of(&|value| value.abs() == 1 << power)));
        (selects.collect(), of(&|value| value < 0))
    }
}

/// a times the selected power of two, 0 where none is, in as many bits as the greatest one needs.
fn multiple(build: &mut Builder, a: &[Net], selects: &[(usize, Net)], bits: u32) -> Bus {
    let zero = build.constant(false);
    let width = a.len() + bits as usize - 1;
    let wide = sign_extended(a, width as u32);
    let bit = |build: &mut Builder, at: usize| {
        let terms = selects.iter().filter(|(power, _)| *power <= at);
        terms.fold(zero, |any, &(power, select)| {
            let term = build.and(select, wide[at - power]);
            build.or(any, term)
        })
    };
    (0..width).map(|at| bit(build, at)).collect()
}

impl Design for Recoded {
    fn id(&self) -> String {
        format!("mul{}s_{}", self.widths, self.family)
    }

    fn signature(&self) -> Signature {
        Signature { operation: Operation::Mul, width_a: self.widths.a, width_b: self.widths.b, signed: true }
    }

    fn eval(&self, a: i64, b: i64) -> i64 {
        let row = |digit: &Digit| {
            let value = digit.value(digit.code(b));
            let exact = i128::from(a) * i128::from(value);
            let without = if value.abs() == 2 { 0 } else { exact };
            let low = (1 << self.cut().saturating_sub(digit.place)) - 1;
            (exact & !low | without & low) << digit.place
        };
        wrapped(self.digits().iter().map(row).sum::<i128>() as i64, self.widths.sum())
    }

    fn netlist(&self) -> Netlist {
        two_operands(&self.id(), self.widths, |build, a, b| {
            let (mut rows, mut dots) = (vec![], vec![]);
            for digit in self.digits() {
                let (selects, negative) = Self::selects(build, b, digit);
                let place = digit.place as usize;
                let exact = multiple(build, a, &selects, digit.bits);
                if self.cut() > digit.place {
                    let without = multiple(build, a, &selects[..1], digit.bits);
                    let low = (self.cut() - digit.place) as usize;
                    let width = (exact.len() + 1).max(low + 1) as u32;
                    let [exact, without] =
                        [exact, without].map(|row| negated_if(build, &sign_extended(&row, width), negative));
                    rows.push((place, [&without[..low], &exact[low..]].concat()));
                } else {
                    // One's complement, and the one that completes it.
                    rows.push((place, exact.iter().map(|&net| build.xor(net, negative)).collect()));
                    dots.push((place, negative));
                }
            }
            let columns = reduce::signed_columns(build, rows, dots, self.widths.sum() as usize);
            reduce::sum_columns(build, columns, self.adder)
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::arith::design;

    /// Products of the public C models of these multipliers (MulApprox) for 16 bits; their first operand is recoded.
    #[test]
    fn products_are_those_of_the_authors_of_other_models() {
        const RECODED: [i64; 7] = [-7890, -789, 6911, -26438, 26438, -27820, -1685];
        const OTHER: [i64; 7] = [-4251, -4, 5884, 0, 26174, 16233, -1262];
        for (id, expected) in [
            ("mul16s_r4abm1_p14", [33523696, 3156, 40664324, 0, 691949952, -451602060, 2111878]),
            ("mul16s_r4abm1_p20", [33310704, 3156, 39648516, 0, 689131904, -452355724, 752006]),
            ("mul16s_rad_k10", [33735936, 3072, 40670208, 0, 693506304, -450887808, 2261504]),
            ("mul16s_hlrbm1_d3", [33268326, 3128, 40664324, 0, 693663348, -450693012, 2117636]),
        ] {
            let design = design(id).unwrap();
            let found = [0, 1, 2, 3, 4, 5, 6].map(|at| design.eval(OTHER[at], RECODED[at]));
            assert_eq!(found, expected, "{id}");
        }
    }
}
