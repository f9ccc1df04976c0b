//! A linear axis: range from the data, round ticks.

/// An axis that maps values to pixels.
pub(super) struct Axis {
    low: f64,
    high: f64,
    step: f64,
    pixels: [f64; 2],
}

impl Axis {
    /// An axis that holds all finite `values` with a margin, between two pixel places (the first for the lowest).
    pub(super) fn new(values: impl Iterator<Item = f64> + Clone, pixels: [f64; 2]) -> Self {
        let finite = values.filter(|value| value.is_finite());
        let low = finite.clone().fold(f64::INFINITY, f64::min);
        let high = finite.fold(f64::NEG_INFINITY, f64::max);
        let (low, high) = if (high - low).is_finite() { (low, high) } else { (0.0, 1.0) };
        let margin = ((high - low) * 0.06).max(high.abs().max(low.abs()) * 1e-3).max(1e-9);
        let (low, high) = (low - margin, high + margin);
        Self { low, high, step: round((high - low) / 6.0), pixels }
    }

    /// The pixel of a value; outside the range that of the nearer end.
    pub(super) fn at(&self, value: f64) -> f64 {
        let part = ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        self.pixels[0] + part * (self.pixels[1] - self.pixels[0])
    }

    /// Values at round steps with their labels.
    pub(super) fn ticks(&self) -> Vec<(f64, String)> {
        let decimals = (-self.step.log10().floor()).clamp(0.0, 9.0) as usize;
        let first = (self.low / self.step).ceil() as i64;
        let last = (self.high / self.step).floor() as i64;
        let tick = |number: i64| {
            let value = number as f64 * self.step;
            (value, format!("{value:.decimals$}").replace('-', "−"))
        };
        // A range that rounding has swallowed has no ticks worth drawing.
        (first..=last).take(20).map(tick).collect()
    }
}

/// The smallest of 1, 2 and 5 times a power of ten that is not below `size`.
fn round(size: f64) -> f64 {
    let power = 10f64.powf(size.log10().floor());
    let factor = [1.0, 2.0, 5.0].into_iter().find(|factor| factor * power >= size * (1.0 - 1e-9));
    factor.unwrap_or(10.0) * power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        let axis = Axis::new([0.0, 17.3].into_iter(), [100.0, 200.0]);
        let labels: Vec<String> = axis.ticks().into_iter().map(|tick| tick.1).collect();
        assert_eq!(labels, ["0", "5", "10", "15"]);
        assert!(axis.at(0.0) > 100.0 && axis.at(17.3) < 200.0 && axis.at(1e9) == 200.0);
    }

    #[test]
    fn equal_or_missing_values_still_give_an_axis() {
        for values in [
            vec![],
            vec![f64::NAN],
            vec![0.0],
            vec![-3.0, -3.0],
            vec![1e-12],
            vec![-1e308, 1e308],
            vec![1e308],
        ] {
            let axis = Axis::new(values.into_iter(), [0.0, 1.0]);
            assert!(axis.low < axis.high && axis.at(0.0).is_finite() && !axis.ticks().is_empty());
        }
    }

    #[test]
    fn negative_ticks_have_a_minus_sign_and_their_decimals() {
        let axis = Axis::new([-0.31, 0.12].into_iter(), [0.0, 1.0]);
        let labels: Vec<String> = axis.ticks().into_iter().map(|tick| tick.1).collect();
        assert_eq!(labels, ["−0.3", "−0.2", "−0.1", "0.0", "0.1"]);
    }
}
