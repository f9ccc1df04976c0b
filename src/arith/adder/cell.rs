//! One-bit approximate full adders, any by its truth table.

use crate::arith::truth::from_truth_table;
use crate::netlist::{Builder, Bus, Net};

/// A full adder by its two truth tables: bit 4·a + 2·b + carry of a byte is the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    /// Sum.
    pub sum: u8,
    /// Carry out.
    pub carry: u8,
}

impl Cell {
    /// A cell as papers print it: the answers to (a, b, carry) = 000, 001, … 111 from left to right.
    ///
    /// # Panics
    /// When a text is not eight digits 0 or 1.
    ///
    /// ```
    /// use axsim::arith::adder::Cell;
    /// assert_eq!(Cell::of("01101001", "00010111"), Cell { sum: 150, carry: 232 });
    /// ```
    pub const fn of(sum: &str, carry: &str) -> Self {
        Self { sum: byte(sum.as_bytes()), carry: byte(carry.as_bytes()) }
    }

    /// The chain of `low` cells on fields of as many bits: sum bits and the last carry.
    pub(super) fn apply(self, low: u32, a: u64, b: u64) -> (u64, bool) {
        let step = |(sum, carry): (u64, u64), bit: u32| {
            let row = (a >> bit & 1) << 2 | (b >> bit & 1) << 1 | carry;
            (sum | (u64::from(self.sum) >> row & 1) << bit, u64::from(self.carry) >> row & 1)
        };
        let (sum, carry) = (0..low).fold((0, 0), step);
        (sum, carry == 1)
    }

    /// The gates of the chain.
    pub(super) fn build(self, build: &mut Builder, a: &[Net], b: &[Net]) -> (Bus, Net) {
        let mut carry = build.constant(false);
        let mut sums = Bus::new();
        for (&a, &b) in a.iter().zip(b) {
            let inputs = [carry, b, a];
            sums.push(from_truth_table(build, &rows(self.sum), &inputs));
            carry = from_truth_table(build, &rows(self.carry), &inputs);
        }
        (sums, carry)
    }
}

fn rows(byte: u8) -> [bool; 8] {
    std::array::from_fn(|row| byte >> row & 1 == 1)
}

const fn byte(digits: &[u8]) -> u8 {
    assert!(digits.len() == 8, "eight rows of a truth table are expected");
    let (mut byte, mut row) = (0, 0);
    while row < 8 {
        assert!(digits[row] == b'0' || digits[row] == b'1', "a truth table has digits 0 and 1");
        byte |= (digits[row] - b'0') << row;
        row += 1;
    }
    byte
}
