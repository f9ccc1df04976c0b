//! The samples of a batch that ask an expert: it is computed for them alone.

use crate::tensor::Tensor;
use crate::workload::Codes;

/// Which samples of a batch ask an expert.
pub(super) struct Asking {
    samples: usize,
    own: Vec<usize>,
}

impl Asking {
    /// By whether each sample does; none where all do.
    ///
    /// Where none does, the first stands for them, so that whoever looks at layers finds every layer; its result is multiplied
    /// by zero.
    pub fn of(asks: &[bool]) -> Option<Self> {
        let own: Vec<usize> = (0..asks.len()).filter(|&sample| asks[sample]).collect();
        let samples = asks.len();
        match own.len() {
            count if count == samples => None,
            0 => Some(Self { samples, own: vec![0] }),
            _ => Some(Self { samples, own }),
        }
    }

    /// The codes of those that ask.
    pub fn of_codes(&self, codes: &Codes) -> Codes {
        let mut shape = codes.codes.shape().to_vec();
        let size = codes.codes.len() / self.samples;
        shape[0] = self.own.len();
        let own = self.own.iter().flat_map(|&sample| &codes.codes.data()[sample * size..][..size]);
        let own = Tensor::new(shape, own.copied().collect()).expect("samples of one shape");
        Codes { codes: own, ..*codes }
    }

    /// Their sums in their places, zeros elsewhere.
    pub fn among_all(&self, sums: &[i32]) -> Vec<i32> {
        let size = sums.len() / self.own.len();
        let mut all = vec![0; self.samples * size];
        for (&sample, sums) in self.own.iter().zip(sums.chunks_exact(size)) {
            all[sample * size..][..size].copy_from_slice(sums);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_those_that_ask_stand_in_their_places() {
        let codes = Tensor::new([4, 2], vec![1, 2, 3, 4, 5, 6, 7, 8]).unwrap();
        let codes = Codes { codes, scale: 1.0, zero_point: 0, bits: 8 };
        let asking = Asking::of(&[false, true, false, true]).unwrap();
        assert_eq!(asking.of_codes(&codes).codes.data(), [3, 4, 7, 8]);
        assert_eq!(asking.among_all(&[10, 20, 30, 40, 50, 60]), [0, 0, 0, 10, 20, 30, 0, 0, 0, 40, 50, 60]);
        assert!(Asking::of(&[true; 3]).is_none());
        assert_eq!(Asking::of(&[false; 3]).unwrap().of_codes(&codes).codes.shape(), [1, 2]);
    }
}
