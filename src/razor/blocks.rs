//! Integers of few bits that share a step by block: what razored codes are compared with.

use super::RazorError;

/// What a step may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Any number of 16 bits (bfloat16): the largest magnitude of a block gets the largest code.
    Real,
    /// A power of two of 8 bits, as in the microscaling formats: the leading one of the largest magnitude is the highest
    /// bit of a code, as razoring has it, without a basis below which it stops.
    PowerOfTwo,
}

/// Plain integers by block, INT4 or MXINT4 for example: codes of two's complement that leave out the lowest one, rounded to
/// nearest even.
///
/// Source: OCP Microscaling Formats (MX) 1.0, of blocks of 32 and elements of 8 bits; integers of other sizes are by analogy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blocks {
    bits: u32,
    block: usize,
    step: Step,
}

/// Rows of codes and a step a block.
#[derive(Debug, Clone, PartialEq)]
pub struct Blocked {
    /// The codes, row after row.
    pub codes: Vec<i8>,
    /// The steps, block after block.
    pub steps: Vec<f32>,
    row: usize,
    block: usize,
}

impl Blocks {
    /// Codes of 2 to 8 bits in blocks of numbers.
    ///
    /// # Errors
    /// [`RazorError::Parameter`] on other widths, and on blocks of other sizes than 1 to 2^24.
    pub fn new(bits: u32, block: usize, step: Step) -> Result<Self, RazorError> {
        for (name, value, is, allowed) in [
            ("the target", bits as usize, (2..=8).contains(&bits), "2 to 8 bits"),
            ("a group", block, (1..=1 << 24).contains(&block), "1 to 16777216 numbers"),
        ] {
            if !is {
                return Err(RazorError::Parameter { name, value, allowed });
            }
        }
        Ok(Self { bits, block, step })
    }

    /// Bits of a code.
    pub fn bits(&self) -> u32 {
        self.bits
    }

    /// Numbers of a block.
    pub fn block(&self) -> usize {
        self.block
    }

    /// The same with blocks of another size.
    ///
    /// # Errors
    /// As [`Blocks::new`].
    pub fn with_block(self, block: usize) -> Result<Self, RazorError> {
        Self::new(self.bits, block, self.step)
    }

    /// Bits that a number takes in memory with its share of the step.
    ///
    /// ```
    /// use axsim::razor::{Blocks, Step};
    /// let bits = |step| Blocks::new(4, 32, step).unwrap().effective_bits();
    /// assert_eq!([bits(Step::Real), bits(Step::PowerOfTwo)], [4.5, 4.25]);
    /// ```
    pub fn effective_bits(&self) -> f64 {
        let step = match self.step {
            Step::Real => 16.0,
            Step::PowerOfTwo => 8.0,
        };
        f64::from(self.bits) + step / self.block as f64
    }

    /// The codes and steps of rows of `row` numbers; the last block of a row is short where blocks do not divide it.
    ///
    /// # Errors
    /// [`RazorError::Rows`] on rows that are not whole, [`RazorError::NotFinite`] on a number that is not finite.
    ///
    /// ```
    /// use axsim::razor::{Blocks, Step};
    /// let row = [0.5, -2.0, 1.0, 0.3];
    /// let found = Blocks::new(4, 4, Step::PowerOfTwo).unwrap().quantize(&row, 4).unwrap();
    /// assert_eq!((&*found.codes, &*found.steps), (&[1, -4, 2, 1][..], &[0.5][..]));
    /// assert_eq!(found.values(), [0.5, -2.0, 1.0, 0.5]);
    /// ```
    pub fn quantize(&self, tensor: &[f32], row: usize) -> Result<Blocked, RazorError> {
        if row == 0 || !tensor.len().is_multiple_of(row) {
            return Err(RazorError::Rows { count: tensor.len(), row });
        }
        if let Some(at) = tensor.iter().position(|number| !number.is_finite()) {
            return Err(RazorError::NotFinite { at, value: tensor[at] });
        }
        let highest = ((1u32 << (self.bits - 1)) - 1) as f32;
        let mut found =
            Blocked { codes: Vec::with_capacity(tensor.len()), steps: vec![], row, block: self.block };
        for block in tensor.chunks_exact(row).flat_map(|row| row.chunks(self.block)) {
            let largest = block.iter().fold(0.0f32, |largest, number| largest.max(number.abs()));
            let step = self.step_of(largest, highest);
            let code = |number: &f32| {
                let quotient = if step > 0.0 { number / step } else { 0.0 };
                quotient.round_ties_even().clamp(-highest, highest) as i8
            };
            found.codes.extend(block.iter().map(code));
            found.steps.push(step);
        }
        Ok(found)
    }

    /// Codes and how far each block's are shifted, where a step is `scale` shifted by 0 to `largest`: blocks of smaller numbers
    /// have the least step, larger numbers the largest code. What is not a number is 0.
    ///
    /// # Panics
    /// Unless rows are whole.
    ///
    /// ```
    /// use axsim::razor::{Blocks, Step};
    /// let blocks = Blocks::new(4, 2, Step::PowerOfTwo).unwrap();
    /// assert_eq!(blocks.shifted(&[0.5, -2.0, 0.1, 0.0], 4, 0.125, 8), (vec![1, -4, 1, 0], vec![2, 0]));
    /// ```
    pub fn shifted(&self, tensor: &[f32], row: usize, scale: f32, largest: u32) -> (Vec<i8>, Vec<u8>) {
        assert!(row > 0 && tensor.len().is_multiple_of(row), "rows are whole");
        let highest = ((1u32 << (self.bits - 1)) - 1) as f32;
        let (mut codes, mut shifts) = (Vec::with_capacity(tensor.len()), vec![]);
        for block in tensor.chunks_exact(row).flat_map(|row| row.chunks(self.block)) {
            let of_block = block.iter().fold(0.0f32, |largest, number| largest.max(number.abs()));
            let by = (self.step_of(of_block, highest) / scale).log2().round().clamp(0.0, largest as f32);
            let step = scale * by.exp2();
            let code = |number: &f32| (number / step).round_ties_even().clamp(-highest, highest) as i8;
            codes.extend(block.iter().map(code));
            shifts.push(by as u8);
        }
        (codes, shifts)
    }

    fn step_of(&self, largest: f32, highest: f32) -> f32 {
        match self.step {
            Step::Real => bfloat16(largest / highest),
            Step::PowerOfTwo if largest == 0.0 => 0.0,
            Step::PowerOfTwo => {
                let exponent = f64::from(largest).log2().floor() as i32 - (self.bits as i32 - 2);
                // Exponents of 8 bits; 255 stands for no number.
                2f64.powi(exponent.clamp(-127, 127)) as f32
            }
        }
    }
}

impl Blocked {
    /// The numbers that codes stand for.
    pub fn values(&self) -> Vec<f32> {
        let blocks = self.row.div_ceil(self.block);
        let rows = self.codes.chunks_exact(self.row).zip(self.steps.chunks_exact(blocks));
        let blocks = rows.flat_map(|(codes, steps)| codes.chunks(self.block).zip(steps));
        blocks.flat_map(|(codes, step)| codes.iter().map(move |code| f32::from(*code) * step)).collect()
    }
}

/// The nearest number whose low 16 bits are 0, halves to even.
fn bfloat16(number: f32) -> f32 {
    let bits = number.to_bits();
    let up = 0x7fff + (bits >> 16 & 1);
    f32::from_bits((bits + up) & 0xffff_0000)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::razor::{Granularity, Razor};
    use crate::rng::Stream;

    fn numbers(count: usize, seed: u64) -> Vec<f32> {
        let mut stream = Stream::new(seed, "razor.blocks", 0);
        (0..count).map(|at| (stream.normal() * 2f64.powi(at as i32 / 29 % 9 - 4)) as f32).collect()
    }

    #[test]
    fn what_has_no_blocks_is_named() {
        let error = Blocks::new(9, 32, Step::Real).unwrap_err().to_string();
        assert_eq!(error, "the target is 9; write 2 to 8 bits");
        let blocks = Blocks::new(4, 2, Step::Real).unwrap();
        assert!(blocks.quantize(&[1.0; 3], 2).is_err() && blocks.quantize(&[f32::INFINITY; 2], 2).is_err());
        assert_eq!(blocks.quantize(&[0.0; 2], 2).unwrap().values(), [0.0; 2]);
    }

    #[test]
    fn steps_of_16_bits_are_the_nearest() {
        for number in numbers(1000, 3) {
            let near = bfloat16(number);
            let of = |bits: u32| f32::from_bits(bits);
            let (down, up) = (of(near.to_bits() - 0x1_0000), of(near.to_bits() + 0x1_0000));
            for other in [down, up] {
                assert!((number - near).abs() <= (number - other).abs(), "{number} {near} {other}");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]

        #[test]
        fn an_error_is_half_a_step_at_most_but_at_the_highest_code(
            bits in 2u32..=8, block in 1usize..70, seed in any::<u64>(), real in any::<bool>(),
        ) {
            let step = if real { Step::Real } else { Step::PowerOfTwo };
            let numbers = numbers(150, seed);
            let found = Blocks::new(bits, block, step).unwrap().quantize(&numbers, 75).unwrap();
            let highest = (1i32 << (bits - 1)) - 1;
            for (at, (number, value)) in numbers.iter().zip(found.values()).enumerate() {
                let step = found.steps[at / 75 * 75usize.div_ceil(block) + at % 75 / block];
                let error = (number - value).abs();
                let clamped = i32::from(found.codes[at].abs()) == highest;
                prop_assert!(error <= step * if clamped { 1.0 } else { 0.5 } * 1.001, "{} {} {}", number, value, step);
            }
        }

        #[test]
        fn a_power_of_two_scales_with_powers_of_two(bits in 2u32..=8, seed in any::<u64>(), by in -20i32..20) {
            let blocks = Blocks::new(bits, 16, Step::PowerOfTwo).unwrap();
            let numbers = numbers(64, seed);
            let scaled: Vec<f32> = numbers.iter().map(|number| number * 2f32.powi(by)).collect();
            let [plain, scaled] = [numbers, scaled].map(|numbers| blocks.quantize(&numbers, 64).unwrap());
            prop_assert_eq!(plain.codes, scaled.codes);
            prop_assert!(plain.steps.iter().zip(&scaled.steps).all(|(one, other)| one * 2f32.powi(by) == *other));
        }

        /// Where no group is so small that the basis stops it.
        #[test]
        fn razoring_is_a_power_of_two_a_block_with_a_floor(seed in any::<u64>(), target in 2u32..=8) {
            let mut numbers = numbers(64, seed);
            // A scale of 1 of the basis.
            numbers[0] = 32_767.0 / 512.0;
            let razor = Razor::new(16, target, 8).unwrap();
            let scaled = razor.scale(&numbers, 64, Granularity::Tensor).unwrap();
            let razored = razor.razor(&scaled.numbers, 64).unwrap();
            let basis: Vec<f32> = scaled.numbers.iter().map(|number| f32::from(*number)).collect();
            let blocked = Blocks::new(target, 8, Step::PowerOfTwo).unwrap().quantize(&basis, 64).unwrap();
            for (at, value) in razored.numbers().into_iter().enumerate() {
                if razored.flags()[at / 8] > 0 {
                    prop_assert_eq!(value as f32, blocked.values()[at]);
                }
            }
        }
    }
}
