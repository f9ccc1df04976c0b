//! Named random streams: what is drawn depends on the seed and the stream's name, never on call order elsewhere.
//!
//! The samplers are our own because a sampler's draw sequence is not promised across versions of a crate.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// One named stream of random numbers (ChaCha8, keyed by BLAKE3 of seed, name and index).
pub struct Stream(ChaCha8Rng);

impl Stream {
    /// The stream `name` of `seed`, at `index` (a sample, a layer, a fault map …).
    ///
    /// ```
    /// use axsim::rng::Stream;
    /// assert_eq!(Stream::new(1, "sensor.noise", 4).word(), Stream::new(1, "sensor.noise", 4).word());
    /// assert_ne!(Stream::new(1, "sensor.noise", 4).word(), Stream::new(1, "sensor.noise", 5).word());
    /// ```
    pub fn new(seed: u64, name: &str, index: u64) -> Self {
        let mut key = blake3::Hasher::new();
        key.update(&seed.to_le_bytes()).update(&index.to_le_bytes()).update(name.as_bytes());
        Self(ChaCha8Rng::from_seed(*key.finalize().as_bytes()))
    }

    /// 64 uniform bits.
    pub fn word(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Uniform in [0, 1), 53 bits.
    pub fn uniform(&mut self) -> f64 {
        (self.word() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform in 0..n by multiplication (bias below n / 2^64).
    pub fn below(&mut self, n: u64) -> u64 {
        ((self.word() as u128 * n as u128) >> 64) as u64
    }

    /// Standard normal (Box and Muller 1958, first of the pair).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (2.0 * std::f64::consts::PI * self.uniform()).cos()
    }

    /// Poisson with the given mean: product of uniforms below 30, rounded normal above.
    ///
    /// The normal branch is an approximation; its error in the mean is below 0.1 % from 30 on.
    pub fn poisson(&mut self, mean: f64) -> f64 {
        if mean >= 30.0 {
            return (mean + mean.sqrt() * self.normal()).round().max(0.0);
        }
        let limit = (-mean).exp();
        let mut product = self.uniform();
        let mut count = 0.0;
        while product > limit {
            product *= self.uniform();
            count += 1.0;
        }
        count
    }
}

/// A fixed uniform number in [0, 1) for a place: the threshold of one memory cell, say.
///
/// Counter-based, so that places are independent of the order in which they are visited
/// (two rounds of the SplitMix64 finaliser, Steele et al. 2014, over seed and place).
pub fn uniform_at(seed: u64, place: u64) -> f64 {
    (mix(mix(seed ^ 0x9e37_79b9_7f4a_7c15).wrapping_add(place)) >> 11) as f64 / (1u64 << 53) as f64
}

fn mix(mut word: u64) -> u64 {
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(draws: impl Iterator<Item = f64>) -> (f64, f64) {
        let values: Vec<f64> = draws.collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / values.len() as f64;
        (mean, variance)
    }

    #[test]
    fn samplers_have_the_moments_of_their_law() {
        let mut stream = Stream::new(7, "test", 0);
        for expected in [0.5, 4.0, 29.0, 400.0] {
            let (mean, variance) = moments((0..40_000).map(|_| stream.poisson(expected)));
            assert!((mean / expected - 1.0).abs() < 0.03, "{expected}: mean {mean}");
            assert!((variance / expected - 1.0).abs() < 0.05, "{expected}: variance {variance}");
        }
        let (mean, variance) = moments((0..40_000).map(|_| stream.normal()));
        assert!(mean.abs() < 0.02 && (variance - 1.0).abs() < 0.03);
        let (mean, variance) = moments((0..40_000).map(|place| uniform_at(3, place)));
        assert!((mean - 0.5).abs() < 0.01 && (variance - 1.0 / 12.0).abs() < 0.002);
    }
}
