//! Activations of which binary layers alone read: they are put away as signs, with the sum of magnitudes of each pixel beside.

use super::Quantized;
use crate::workload::network::Step;
use crate::workload::op::Op;

impl Quantized {
    /// Bits that an activation takes where a layer reads it: of a binary layer those of a sign and its share of the map of
    /// magnitudes, where no other layer needs more of it.
    ///
    /// # Panics
    /// When the network has no such layer.
    pub fn input_bits(&self, layer: usize) -> f64 {
        let value = self.network.multiplied().map(|(value, _)| value).nth(layer);
        let value = value.expect("the network has this layer");
        self.as_signs()[value].unwrap_or(self.code_bits(value, &self.input_grid(layer)))
    }

    /// Bits of an element of each value that is put away as signs; none of any other.
    pub(super) fn as_signs(&self) -> Vec<Option<f64>> {
        let mut layer = self.layers.len();
        let mut wanted: Vec<Wanted> = vec![Wanted::Nothing; self.grids.len()];
        for (at, step) in self.network.steps.iter().enumerate().rev() {
            let mut own = passed(step, wanted[at + 1]);
            if step.op.contraction().is_some() {
                layer -= 1;
                own = self.wanted(step, layer);
            }
            step.inputs.iter().for_each(|&value| wanted[value] = wanted[value].and(own));
        }
        let signs = |(value, wanted): (usize, Wanted)| match (wanted, self.grids[value]) {
            (Wanted::Signs(_), _) if self.network.is_output(value) => None,
            (Wanted::Signs(channels), Some(grid)) => Some(effective_bits(grid.bits, channels)),
            _ => None,
        };
        wanted.into_iter().enumerate().map(signs).collect()
    }

    /// What a layer wants of the activations that it reads.
    fn wanted(&self, step: &Step, layer: usize) -> Wanted {
        match &step.op {
            Op::Contract(own) if self.weights[layer].are_signs() => {
                Wanted::Signs(own.geometry.in_channels / own.geometry.groups)
            }
            _ => Wanted::Codes,
        }
    }
}

/// What is read of a value.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Wanted {
    Nothing,
    /// Signs, with one magnitude for so many of them.
    Signs(usize),
    Codes,
}

impl Wanted {
    /// What two readers want together.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Nothing, wanted) | (wanted, Self::Nothing) => wanted,
            (Self::Signs(one), Self::Signs(other)) => Self::Signs(one.min(other)),
            _ => Self::Codes,
        }
    }
}

/// What a step that stands between wants of what it reads.
fn passed(step: &Step, wanted: Wanted) -> Wanted {
    match step.op {
        Op::Reshape | Op::Permute(_) => wanted,
        _ => Wanted::Codes,
    }
}

/// Bits of an element whose sign is kept, and of whose magnitude the sum over so many channels: exact, so as wide as it gets.
///
/// A code of `bits` has a magnitude below 2^bits, wherever zero is.
fn effective_bits(bits: u32, channels: usize) -> f64 {
    let sum = bits + channels.next_power_of_two().ilog2();
    1.0 + f64::from(sum) / channels as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_and_its_share_of_the_map_are_less_than_a_byte_from_two_channels_on() {
        // Sums of 16 magnitudes of up to 255 are at most 4080, which takes 12 bits.
        assert_eq!(effective_bits(8, 16), 1.75);
        assert_eq!(effective_bits(8, 2), 5.5);
        assert_eq!(effective_bits(4, 256), 1.0 + 12.0 / 256.0);
    }

    #[test]
    fn readers_that_need_codes_have_the_last_word() {
        assert_eq!(Wanted::Nothing.and(Wanted::Signs(8)), Wanted::Signs(8));
        assert_eq!(Wanted::Signs(8).and(Wanted::Signs(4)), Wanted::Signs(4));
        assert_eq!(Wanted::Signs(8).and(Wanted::Codes), Wanted::Codes);
    }
}
