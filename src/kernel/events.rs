//! Contractions of spikes: a weight is added where there is one, and nothing is multiplied.

use super::{Geometry, Operands, check};

/// Whether codes are all zero or one other.
///
/// ```
/// use axsim::kernel::are_spikes;
/// assert!(are_spikes(&[128, 255, 255, 128], 128) && are_spikes(&[128], 128));
/// assert!(!are_spikes(&[128, 255, 127], 128));
/// ```
pub fn are_spikes(codes: &[u8], zero: u8) -> bool {
    let mut others = codes.iter().filter(|code| **code != zero);
    let first = others.next();
    others.all(|code| Some(code) == first)
}

/// The sums of [`super::convolve`] with exact products of codes less their zeros `[weight, activation]`, found from spikes
/// one by one: every output adds the weights of those that reach it. `None` where activations are no spikes. Sums wrap at 32 bits.
///
/// ```
/// use axsim::kernel::{Geometry, Operands, convolve_spikes};
/// let operands = |input| Operands { batch: 1, input, weights: &[5, 6, 7], pad: 0 };
/// assert_eq!(convolve_spikes(&Geometry::dense(3, 1), operands(&[2, 0, 2]), [1, 0]), Some(vec![2 * (4 + 6)]));
/// assert_eq!(convolve_spikes(&Geometry::dense(3, 1), operands(&[2, 0, 1]), [1, 0]), None);
/// ```
///
/// # Panics
/// When slices and geometry do not fit together.
pub fn convolve_spikes(geometry: &Geometry, operands: Operands<'_>, zeros: [u8; 2]) -> Option<Vec<i32>> {
    check(geometry, &operands);
    let [of_weights, of_input] = zeros;
    let spike = operands
        .input
        .iter()
        .find(|code| **code != of_input)
        .map_or(0, |code| i32::from(*code) - i32::from(of_input));
    if !are_spikes(operands.input, of_input) {
        return None;
    }
    let mut sums = vec![0; operands.batch * geometry.outputs_per_sample()];
    let samples = operands.input.chunks_exact(geometry.inputs_per_sample());
    for (input, sums) in samples.zip(sums.chunks_exact_mut(geometry.outputs_per_sample())) {
        for (group, position) in
            (0..geometry.groups).flat_map(|group| (0..geometry.positions()).map(move |at| (group, at)))
        {
            let events = reaching(geometry, input, (group, position), of_input);
            for channel in geometry.group_channels(group) {
                let filter = geometry.filter(operands.weights, channel);
                let weight = |k: &usize| i32::from(filter[*k]) - i32::from(of_weights);
                let sum = events.iter().map(weight).fold(0, i32::wrapping_add);
                sums[channel * geometry.positions() + position] = sum.wrapping_mul(spike);
            }
        }
    }
    Some(sums)
}

/// The depths at which a spike reaches an output position, in order.
///
/// ```
/// use axsim::kernel::{Geometry, reaching};
/// assert_eq!(reaching(&Geometry::dense(3, 1), &[2, 0, 2], (0, 0), 0), [0, 2]);
/// ```
///
/// # Panics
/// When the group or the position is none, or the input is shorter than a sample.
pub fn reaching(
    geometry: &Geometry,
    input: &[u8],
    (group, position): (usize, usize),
    zero: u8,
) -> Vec<usize> {
    let [row, column] = [position / geometry.out_width(), position % geometry.out_width()];
    let start = geometry.group_offset(group);
    let reaches = |k: &usize| geometry.tap(*k, row, column).is_some_and(|tap| input[start + tap] != zero);
    (0..geometry.depth()).filter(reaches).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{Products, convolve};

    proptest::proptest! {
        #[test]
        fn sums_of_spikes_are_those_of_products(bits in proptest::collection::vec(proptest::bool::ANY, 2 * 80), spike in 0u8..=255, seed: u64) {
            let zero = 128;
            let geometry = Geometry::UNEVEN;
            let input: Vec<u8> = bits.iter().map(|bit| if *bit { spike } else { zero }).collect();
            let weights: Vec<u8> =
                (0..geometry.weights()).map(|at| (crate::rng::uniform_at(seed, at as u64) * 256.0) as u8).collect();
            let operands = Operands { batch: 2, input: &input, weights: &weights, pad: zero };
            let expected = convolve(&geometry, operands, &Products::exact(128, zero));
            proptest::prop_assert_eq!(convolve_spikes(&geometry, operands, [128, zero]), Some(expected));
        }
    }

    #[test]
    fn what_is_no_spike_is_told() {
        let geometry = Geometry::dense(3, 1);
        let operands = Operands { batch: 1, input: &[1, 2, 0], weights: &[5, 6, 7], pad: 0 };
        assert_eq!(convolve_spikes(&geometry, operands, [0, 0]), None);
    }
}
