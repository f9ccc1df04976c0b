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

    /// Sum and carry of three bits.
    pub fn answer(self, [a, b, carry]: [bool; 3]) -> (bool, bool) {
        let row = u8::from(a) << 2 | u8::from(b) << 1 | u8::from(carry);
        (self.sum >> row & 1 == 1, self.carry >> row & 1 == 1)
    }

    /// The gates of [`Cell::answer`].
    pub fn gates(self, build: &mut Builder, [a, b, carry]: [Net; 3]) -> (Net, Net) {
        let inputs = [carry, b, a];
        let mut of = |byte: u8| from_truth_table(build, &rows(byte), &inputs);
        (of(self.sum), of(self.carry))
    }

    /// The chain of `low` cells on fields of as many bits: sum bits and the last carry.
    pub(super) fn apply(self, low: u32, a: u64, b: u64) -> (u64, bool) {
        let step = |(sums, carry): (u64, bool), bit: u32| {
            let (sum, carry) = self.answer([a >> bit & 1 == 1, b >> bit & 1 == 1, carry]);
            (sums | u64::from(sum) << bit, carry)
        };
        (0..low).fold((0, false), step)
    }

    /// The gates of the chain.
    pub(super) fn build(self, build: &mut Builder, a: &[Net], b: &[Net]) -> (Bus, Net) {
        let mut carry = build.constant(false);
        let mut sums = Bus::new();
        for (&a, &b) in a.iter().zip(b) {
            let (sum, next) = self.gates(build, [a, b, carry]);
            sums.push(sum);
            carry = next;
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
