//! Multipliers with 4:2 compressors in the reduction tree, approximate in the low columns.
//!
//! The tree: rows a·b_j in order of j in groups of four; in each column of a group one bit passes, two go through a
//! half adder, three through a full adder, four through a compressor (x1 to x4 in the order of the rows). A group
//! leaves a row of sums and a row of carries, in this order; this is repeated until two rows are left, which are
//! added exactly. Columns from `columns` on have exact compressors. A second carry goes to the next column of the same
//! group as a further bit.

use super::Core;
use crate::arith::Widths;
use crate::arith::adder::{Carries, Scheme};
use crate::arith::truth::from_truth_table;
use crate::bits;
use crate::netlist::{Builder, Bus, Net};

/// A 4:2 compressor by its truth tables: bit x1 + 2·x2 + 4·x3 + 8·x4 + 16·carry in of a mask is the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compressor {
    /// Sum, of weight 1.
    pub sum: u32,
    /// Carry, of weight 2.
    pub carry: u32,
    /// A second carry, which the compressor of the next column takes in; none, and nothing is taken in.
    pub out: Option<u32>,
}

/// The mask of a function of four bits and a carry in.
fn mask(answer: impl Fn([bool; 5]) -> bool) -> u32 {
    let row = |row: u32| answer(std::array::from_fn(|bit| row >> bit & 1 == 1));
    (0..32).map(|at| u32::from(row(at)) << at).sum()
}

impl Compressor {
    /// Without a carry in: masks of 16 rows.
    pub fn of_masks(sum: u16, carry: u16) -> Self {
        let wide = |mask: u16| u32::from(mask) << 16 | u32::from(mask);
        Self { sum: wide(sum), carry: wide(carry), out: None }
    }

    /// The first design of A. Momeni, J. Han, P. Montuschi, F. Lombardi (IEEE Transactions on Computers 2015), with a
    /// carry in and a second carry.
    pub fn momeni1() -> Self {
        Self {
            sum: mask(|[a, b, c, d, carry]| !carry & ((a == b) | (c == d))),
            carry: mask(|x| x[4]),
            out: Some(mask(|[a, b, c, d, _]| (a | b) & (c | d))),
        }
    }

    /// The second design of the same paper.
    pub fn momeni2() -> Self {
        Self {
            sum: mask(|[a, b, c, d, _]| (a == b) | (c == d)),
            carry: mask(|[a, b, c, d, _]| (a | b) & (c | d)),
            out: None,
        }
    }

    /// The number of ones, at most 3: wrong by −1 for four ones only.
    pub fn saturating() -> Self {
        let ones = |x: [bool; 5]| x[..4].iter().filter(|&&bit| bit).count().min(3);
        Self { sum: mask(|x| ones(x) & 1 == 1), carry: mask(|x| ones(x) & 2 == 2), out: None }
    }

    /// The carry of Momeni's second design, the sum of one pair of inputs alone (P. Yin and others, 2018).
    pub fn yin() -> Self {
        Self { sum: mask(|[_, _, c, d, _]| c == d), ..Self::momeni2() }
    }

    /// Two pairs apart, all four ones taken as 3 (S. Venkatachalam, S.-B. Ko, IEEE TVLSI 2017).
    pub fn venkatachalam() -> Self {
        Self {
            sum: mask(|[a, b, c, d, _]| a ^ b | c ^ d | a & b & c & d),
            carry: mask(|[a, b, c, d, _]| a & b | c & d),
            out: None,
        }
    }

    /// Sum x1 and carry x4: the approximate part of the first dual-quality compressor (O. Akbari and others, IEEE TVLSI
    /// 2017), which is wrong in 62.5 % of all cases.
    pub fn akbari1() -> Self {
        Self { sum: mask(|x| x[0]), carry: mask(|x| x[3]), out: None }
    }

    /// Sum x2 and carry x3 | x4 (V. Zanandrea and others), or with `constant` a sum of 1 and the carry x4.
    pub fn zanandrea(constant: bool) -> Self {
        Self { sum: mask(|x| constant || x[1]), carry: mask(|x| x[3] || !constant && x[2]), out: None }
    }

    /// Majorities (M. H. Moaiyeri and others), with a carry in and a second carry.
    pub fn moaiyeri() -> Self {
        let majority = |a: bool, b: bool, c: bool| a & b | c & (a | b);
        Self {
            sum: mask(|[a, b, c, d, carry]| majority(a, b, !majority(c, d, !carry))),
            carry: mask(|x| x[3]),
            out: Some(mask(|x| x[2])),
        }
    }
}

/// A multiplier whose columns below `columns` are reduced by approximate compressors.
#[derive(Debug)]
pub struct Tree42 {
    /// The approximate compressor.
    pub compressor: Compressor,
    /// How many low columns use it.
    pub columns: u32,
    /// The final adder.
    pub adder: Carries,
}

/// A row of bits by column: where there is one, and which of them are set.
#[derive(Debug, Clone, Copy, Default)]
struct Row {
    there: u128,
    ones: u128,
}

impl Row {
    fn push(&mut self, column: u32, bit: Option<bool>) {
        self.there |= u128::from(bit.is_some()) << column;
        self.ones |= u128::from(bit == Some(true)) << column;
    }
}

impl Core for Tree42 {
    /// Only the approximate columns are followed bit by bit; what leaves them is added up.
    fn apply(&self, widths: Widths, a: u64, b: u64) -> u64 {
        let low = (1 << self.columns) - 1;
        let all = u128::from(bits::mask(widths.a));
        let dots = |j: u32| if b >> j & 1 == 1 { (u128::from(a) & all) << j } else { 0 };
        let row = |j: u32| Row { there: all << j & low, ones: dots(j) & low };
        let mut rows: Vec<Row> = (0..widths.b).map(row).collect();
        let mut sum: u128 = (0..widths.b).map(|j| dots(j) & !low).sum();
        while rows.len() > 2 {
            rows = rows.chunks(4).flat_map(|group| self.reduce(group, &mut sum)).flatten().collect();
        }
        sum += rows.iter().map(|row| row.ones).sum::<u128>();
        sum as u64 & bits::mask(widths.sum())
    }

    fn build(&self, build: &mut Builder, a: &[Net], b: &[Net]) -> Bus {
        let width = a.len() + b.len();
        let mut rows: Vec<Vec<Option<Net>>> = vec![vec![None; width]; b.len()];
        for (j, &b) in b.iter().enumerate() {
            for (i, &a) in a.iter().enumerate() {
                rows[j][i + j] = Some(build.and(a, b));
            }
        }
        while rows.len() > 2 {
            rows = rows.chunks(4).flat_map(|group| self.reduce_gates(build, group)).collect();
        }
        let zero = build.constant(false);
        let row = |at: usize| rows[at].iter().map(|bit| bit.unwrap_or(zero)).collect::<Bus>();
        let mut product = Scheme::Exact(self.adder).build(build, &row(0), &row(1));
        product.truncate(width);
        product
    }
}

impl Tree42 {
    /// A group's sums and carries; a carry out of the columns goes to `sum`.
    fn reduce(&self, group: &[Row], sum: &mut u128) -> [Option<Row>; 2] {
        if let [row] = group {
            return [Some(*row), None];
        }
        let (mut sums, mut carries) = (Row::default(), Row::default());
        let mut extra = None;
        for column in 0..self.columns {
            let present = group.iter().filter(|row| row.there >> column & 1 == 1);
            let mut bits = Bits::default();
            present.for_each(|row| bits.push(row.ones >> column & 1 == 1));
            let is_full = bits.count == 4;
            extra.into_iter().for_each(|bit| bits.push(bit));
            let answer = |mask: u32| mask >> bits.set & 1 == 1;
            let Compressor { sum, carry, out } = self.compressor;
            let answers =
                if is_full { (Some(answer(sum)), Some(answer(carry)), out.map(answer)) } else { exact(bits) };
            sums.push(column, answers.0);
            carries.push(column + 1, answers.1);
            extra = answers.2;
        }
        let top = 1 << self.columns;
        *sum += u128::from(extra == Some(true)) * top + (carries.ones & top);
        let within = Row { there: carries.there & !top, ones: carries.ones & !top };
        [Some(sums), Some(within)]
    }

    fn reduce_gates(&self, build: &mut Builder, group: &[Vec<Option<Net>>]) -> Vec<Vec<Option<Net>>> {
        if group.len() == 1 {
            return group.to_vec();
        }
        let width = group[0].len();
        let (mut sums, mut carries) = (vec![None; width], vec![None; width + 1]);
        let mut extra = None;
        for column in 0..width {
            let dots: Bus = group.iter().filter_map(|row| row[column]).collect();
            (sums[column], carries[column + 1], extra) = if column < self.columns as usize {
                self.cell(build, dots, extra)
            } else {
                exact_cell(build, dots.into_iter().chain(extra).collect())
            };
        }
        carries.truncate(width);
        vec![sums, carries]
    }

    fn cell(&self, build: &mut Builder, dots: Bus, extra: Option<Net>) -> Answers<Net> {
        if dots.len() < 4 {
            return exact_cell(build, dots.into_iter().chain(extra).collect());
        }
        let carry = extra.unwrap_or_else(|| build.constant(false));
        let inputs = [dots, vec![carry]].concat();
        let mut answer = |mask: u32| {
            let table: [bool; 32] = std::array::from_fn(|row| mask >> row & 1 == 1);
            from_truth_table(build, &table, &inputs)
        };
        let Compressor { sum, carry, out } = self.compressor;
        (Some(answer(sum)), Some(answer(carry)), out.map(answer))
    }
}

/// Sum, carry and second carry, where there are any.
type Answers<T> = (Option<T>, Option<T>, Option<T>);

/// Some bits of a column, the first lowest.
#[derive(Debug, Clone, Copy, Default)]
struct Bits {
    count: u32,
    set: u32,
}

impl Bits {
    fn push(&mut self, bit: bool) {
        self.set |= u32::from(bit) << self.count;
        self.count += 1;
    }
}

/// Of up to four bits, as [`exact_cell`] has them.
fn exact(Bits { count, set }: Bits) -> Answers<bool> {
    let (ones, first) = (set.count_ones(), (set & 7).count_ones());
    let odd = ones % 2 == 1;
    match count {
        0 => (None, None, None),
        1 => (Some(odd), None, None),
        2 | 3 => (Some(odd), Some(ones >= 2), None),
        _ => (Some(odd), Some(first % 2 == 1 && set >> 3 & 1 == 1), Some(first >= 2)),
    }
}

/// Sum, carry and second carry of up to five bits.
fn exact_cell(build: &mut Builder, mut dots: Bus) -> Answers<Net> {
    let second = (dots.len() > 3).then(|| {
        let (sum, carry) = build.full_adder(dots[0], dots[1], dots[2]);
        dots.splice(..3, [sum]);
        carry
    });
    let (sum, carry) = match dots[..] {
        [] => (None, None),
        [a] => (Some(a), None),
        [a, b] => {
            let (sum, carry) = build.half_adder(a, b);
            (Some(sum), Some(carry))
        }
        [a, b, c, ..] => {
            let (sum, carry) = build.full_adder(a, b, c);
            (Some(sum), Some(carry))
        }
    };
    (sum, carry, second)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How often a compressor is wrong, as the papers count: over all inputs that it looks at.
    #[test]
    fn compressors_are_wrong_as_often_as_their_papers_say() {
        let wrong = |compressor: Compressor, rows: u32| {
            let answer = |mask: u32, at: u32| mask >> at & 1;
            let value = |at: u32| {
                answer(compressor.sum, at)
                    + 2 * (answer(compressor.carry, at) + compressor.out.map_or(0, |out| answer(out, at)))
            };
            (0..rows).filter(|&at| value(at) != at.count_ones()).count()
        };
        for (name, compressor, rows, count) in [
            ("momeni1", Compressor::momeni1(), 32, 12),
            ("momeni2", Compressor::momeni2(), 16, 4),
            ("saturating", Compressor::saturating(), 16, 1),
            ("yin", Compressor::yin(), 16, 8),
            ("akbari1", Compressor::akbari1(), 16, 10),
            ("venkatachalam", Compressor::venkatachalam(), 16, 5),
        ] {
            assert_eq!(wrong(compressor, rows), count, "{name}");
        }
    }
}
