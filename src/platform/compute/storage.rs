//! How weights are kept in memory: all of them, or those that are not zero with their places.

use crate::config::platform::WeightFormat;

/// What the weights of a layer take in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// The format; dense where the weights do not fit the pattern of the configured one.
    pub format: WeightFormat,
    /// Bits of the weights that are kept.
    pub value_bits: u64,
    /// Bits that say where they belong.
    pub index_bits: u64,
}

impl Stored {
    /// Of filters of `depth` weights of so many bits, by which of all weights are zero.
    ///
    /// | format | keeps | to say where |
    /// |---|---|---|
    /// | `dense` | every weight | nothing |
    /// | `bitmap` | weights that are not zero | a bit for every weight |
    /// | `csr` | weights that are not zero | for each its place in the filter, for each filter and the end where it begins |
    /// | `n_of_m` | as many as the pattern has, zero or not | for each its place among its few |
    ///
    /// ```
    /// use axsim::config::platform::WeightFormat;
    /// use axsim::platform::compute::storage::Stored;
    /// let zeros = [false, true, true, false, true, true, false, false];
    /// let bits = |format| Stored::of(format, &zeros, (8, 8)).bits();
    /// assert_eq!(bits(WeightFormat::Dense), 64);
    /// assert_eq!(bits(WeightFormat::Bitmap), 4 * 8 + 8);
    /// assert_eq!(bits(WeightFormat::Csr), 4 * (8 + 3) + 2 * 3);
    /// assert_eq!(bits(WeightFormat::NOfM { keep: 2, of: 4 }), 4 * (8 + 2));
    /// ```
    pub fn of(format: WeightFormat, zeros: &[bool], (depth, bits): (usize, u32)) -> Self {
        let (all, bits) = (zeros.len() as u64, u64::from(bits));
        let kept = zeros.iter().filter(|zero| !**zero).count() as u64;
        let filters = zeros.chunks(depth.max(1));
        let dense = Self { format: WeightFormat::Dense, value_bits: all * bits, index_bits: 0 };
        match format {
            WeightFormat::Dense => dense,
            WeightFormat::Bitmap => Self { format, value_bits: kept * bits, index_bits: all },
            WeightFormat::Csr => {
                let (place, begin) = (digits(depth as u64), digits(kept + 1));
                let index_bits = kept * place + (filters.len() as u64 + 1) * begin;
                Self { format, value_bits: kept * bits, index_bits }
            }
            WeightFormat::NOfM { keep, of } => {
                let groups = || filters.clone().flat_map(|filter| filter.chunks(of));
                let count = |group: &[bool]| group.iter().filter(|zero| !**zero).count();
                if groups().any(|group| count(group) > keep) {
                    return dense;
                }
                let kept: u64 = groups().map(|group| group.len().min(keep) as u64).sum();
                Self { format, value_bits: kept * bits, index_bits: kept * digits(of as u64) }
            }
        }
    }

    /// All bits.
    pub fn bits(&self) -> u64 {
        self.value_bits + self.index_bits
    }
}

/// Bits that tell so many things apart.
fn digits(things: u64) -> u64 {
    u64::from(u64::BITS - things.saturating_sub(1).leading_zeros())
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn bits_are_those_of_the_lists_written_out(
            zeros in proptest::collection::vec(proptest::bool::ANY, 1..60), depth in 1usize..20, bits in 2u32..9,
        ) {
            let zeros = &zeros[..zeros.len() / depth * depth];
            let kept = zeros.iter().filter(|zero| !**zero).count();
            let bitmap = Stored::of(WeightFormat::Bitmap, zeros, (depth, bits));
            proptest::prop_assert_eq!(bitmap.bits(), (kept * bits as usize + zeros.len()) as u64);
            // Binary digits of the largest place, and of the largest begin, which is the end.
            let width = |largest: usize| if largest == 0 { 0 } else { format!("{largest:b}").len() };
            let csr = Stored::of(WeightFormat::Csr, zeros, (depth, bits));
            let index = kept * width(depth - 1) + (zeros.len() / depth + 1) * width(kept);
            proptest::prop_assert_eq!([csr.value_bits, csr.index_bits], [kept * bits as usize, index].map(|n| n as u64));
            proptest::prop_assert_eq!(Stored::of(WeightFormat::Dense, zeros, (depth, bits)).bits(), (zeros.len() * bits as usize) as u64);
        }
    }

    #[test]
    fn weights_that_do_not_fit_a_pattern_stay_dense() {
        let two_of_four = WeightFormat::NOfM { keep: 2, of: 4 };
        let found = Stored::of(two_of_four, &[false, false, false, true], (4, 8));
        assert_eq!((found.format, found.bits()), (WeightFormat::Dense, 32));
        // Places without a weight are kept too: the pattern has so many.
        let found = Stored::of(two_of_four, &[true; 6], (6, 8));
        assert_eq!([found.value_bits, found.index_bits], [4 * 8, 4 * 2]);
    }
}
