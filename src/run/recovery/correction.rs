//! A factor and a constant per output channel that bring sums nearer to exact ones.

use crate::kernel::Geometry;

/// What is done to the sums of each output channel.
///
/// Where weights have a scale per output channel, every output is multiplied by it and a bias is added anyway: the factor
/// becomes part of the scale, the constant part of the bias.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Correction {
    channels: Vec<Line>,
}

/// `factor · sum + constant`.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Line {
    factor: f64,
    constant: f64,
}

impl Correction {
    /// A whole number per output channel takes the mean error away.
    ///
    /// # Source
    /// M. Nagel et al., Data-Free Quantization Through Weight Equalization and Bias Correction, ICCV 2019 (there for errors
    /// of rounding).
    pub(super) fn bias(geometry: &Geometry, sums: &[i32], exact: &[i32]) -> Self {
        let line = |moments: Moments| Line { factor: 1.0, constant: moments.mean_error().round_ties_even() };
        Self { channels: Moments::by_channel(geometry, sums, exact).map(line).collect() }
    }

    /// The line of least squares per output channel; where all its sums are alike, the constant alone.
    ///
    /// # Source
    /// The simplest control variate: the exact sum is estimated from the approximate one. For a variate of its own see
    /// G. Zervakis et al., Control Variate Approximation for DNN Accelerators, DAC 2021.
    pub(super) fn affine(geometry: &Geometry, sums: &[i32], exact: &[i32]) -> Self {
        Self { channels: Moments::by_channel(geometry, sums, exact).map(Moments::line).collect() }
    }

    /// Corrects sums [batch, O, OH, OW]; results are rounded half to even.
    pub(crate) fn apply(&self, geometry: &Geometry, sums: &mut [i32]) {
        for (at, sums) in sums.chunks_exact_mut(geometry.positions()).enumerate() {
            let Line { factor, constant } = self.channels[at % geometry.out_channels];
            let corrected = |sum: i32| (factor * f64::from(sum) + constant).round_ties_even() as i32;
            sums.iter_mut().for_each(|sum| *sum = corrected(*sum));
        }
    }

    /// Factor and constant of each output channel.
    pub(crate) fn lines(&self) -> Vec<[f64; 2]> {
        self.channels.iter().map(|line| [line.factor, line.constant]).collect()
    }

    /// The mean of corrected sums of a channel, but for rounding.
    pub(crate) fn of_mean(&self, channel: usize, mean: f64) -> f64 {
        let Line { factor, constant } = self.channels[channel];
        factor * mean + constant
    }
}

/// Sums over the outputs of a channel, exact.
#[derive(Debug, Clone, Copy, Default)]
struct Moments {
    count: i128,
    sum: i128,
    exact: i128,
    squares: i128,
    products: i128,
}

impl Moments {
    fn by_channel(geometry: &Geometry, sums: &[i32], exact: &[i32]) -> std::vec::IntoIter<Self> {
        let mut found = vec![Self::default(); geometry.out_channels];
        let positions = geometry.positions();
        for (at, (sums, exact)) in sums.chunks(positions).zip(exact.chunks(positions)).enumerate() {
            let moments = &mut found[at % geometry.out_channels];
            sums.iter().zip(exact).for_each(|(&sum, &exact)| moments.add(sum.into(), exact.into()));
        }
        found.into_iter()
    }

    fn add(&mut self, sum: i64, exact: i64) {
        self.count += 1;
        self.sum += i128::from(sum);
        self.exact += i128::from(exact);
        self.squares += i128::from(sum * sum);
        self.products += i128::from(sum * exact);
    }

    fn mean_error(self) -> f64 {
        (self.exact - self.sum) as f64 / self.count.max(1) as f64
    }

    fn line(self) -> Line {
        let spread = self.count * self.squares - self.sum * self.sum;
        if spread == 0 {
            return Line { factor: 1.0, constant: self.mean_error() };
        }
        let factor = (self.count * self.products - self.sum * self.exact) as f64 / spread as f64;
        Line { factor, constant: (self.exact as f64 - factor * self.sum as f64) / self.count as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Stream;

    fn squares(sums: &[i32], exact: &[i32]) -> f64 {
        sums.iter().zip(exact).map(|(sum, exact)| f64::from(sum - exact).powi(2)).sum()
    }

    /// Two channels, the second without any spread.
    fn some(seed: u64) -> (Geometry, Vec<i32>, Vec<i32>) {
        let geometry = Geometry { in_height: 5, in_width: 7, ..Geometry::dense(1, 2) };
        let mut stream = Stream::new(seed, "run.correction", 0);
        let exact: Vec<i32> = (0..3 * 70).map(|_| stream.below(20_000) as i32 - 5000).collect();
        let wrong = |(at, exact): (usize, &i32)| {
            if at / 35 % 2 == 1 { 77 } else { exact * 7 / 10 - 300 - stream.below(500) as i32 }
        };
        let sums = exact.iter().enumerate().map(wrong).collect();
        (geometry, sums, exact)
    }

    #[test]
    fn a_line_does_no_worse_than_a_constant_and_a_constant_no_worse_than_nothing() {
        for seed in 0..20 {
            let (geometry, sums, exact) = some(seed);
            let after = |correction: Correction| {
                let mut corrected = sums.clone();
                correction.apply(&geometry, &mut corrected);
                squares(&corrected, &exact)
            };
            let bias = after(Correction::bias(&geometry, &sums, &exact));
            let affine = after(Correction::affine(&geometry, &sums, &exact));
            assert!(affine < bias && bias < squares(&sums, &exact), "{affine} {bias}");
        }
    }

    #[test]
    fn the_line_is_where_its_neighbours_are_worse() {
        let (geometry, sums, exact) = some(1);
        let best = Correction::affine(&geometry, &sums, &exact);
        let after = |factor: f64, constant: f64| {
            let lines = best.channels.iter();
            let square = |(at, (&sum, &exact)): (usize, (&i32, &i32))| {
                let line = lines.clone().nth(at / 35 % 2).unwrap();
                ((line.factor + factor) * f64::from(sum) + line.constant + constant - f64::from(exact))
                    .powi(2)
            };
            sums.iter().zip(&exact).enumerate().map(square).sum::<f64>()
        };
        for (factor, constant) in [(0.01, 0.0), (-0.01, 0.0), (0.0, 20.0), (0.0, -20.0)] {
            assert!(after(0.0, 0.0) < after(factor, constant));
        }
    }

    #[test]
    fn sums_that_are_right_stay_as_they_are() {
        let (geometry, _, exact) = some(2);
        for correction in [Correction::bias, Correction::affine].map(|fit| fit(&geometry, &exact, &exact)) {
            let mut corrected = exact.clone();
            correction.apply(&geometry, &mut corrected);
            assert_eq!(corrected, exact);
        }
    }
}
