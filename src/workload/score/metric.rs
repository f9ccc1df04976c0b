//! Which figure a score is, in which direction it is better, and how it is written.

use serde::{Deserialize, Serialize};

/// The figure that answers are scored by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Share of right answers.
    Top1,
    /// e to the power of the mean negative log-likelihood in nat.
    Perplexity,
    /// Mean squared error.
    Mse,
    /// Peak signal-to-noise ratio in dB, the mean over pictures.
    Psnr,
    /// Mean average precision at an overlap of one half.
    Map50,
    /// F1 of detections against those of a reference, at an overlap of one half.
    F1,
}

impl Metric {
    /// Its name in results.
    pub fn name(self) -> &'static str {
        match self {
            Self::Top1 => "top1",
            Self::Perplexity => "perplexity",
            Self::Mse => "mse",
            Self::Psnr => "psnr",
            Self::Map50 => "map50",
            Self::F1 => "f1",
        }
    }

    /// Whether it is a share from 0 to 1, whose differences are told in percentage points.
    pub fn is_share(self) -> bool {
        matches!(self, Self::Top1 | Self::Map50 | Self::F1)
    }

    /// Whether less of it is better.
    pub fn less_is_better(self) -> bool {
        matches!(self, Self::Perplexity | Self::Mse)
    }

    /// A value or a difference as a figure of which more is better.
    ///
    /// ```
    /// use axsim::workload::score::Metric;
    /// assert_eq!([Metric::Top1.merit(0.5), Metric::Perplexity.merit(0.5)], [0.5, -0.5]);
    /// ```
    pub fn merit(self, value: f64) -> f64 {
        if self.less_is_better() { -value } else { value }
    }

    /// The loss that a floor allows: of a share so many points, of any other figure that part of the exact value.
    pub fn allowed(self, floor: f64, exact: f64) -> f64 {
        if self.is_share() { floor } else { floor * exact.abs() }
    }

    /// What its figures are multiplied with before they are written: shares are written in percent.
    pub fn factor(self) -> f64 {
        if self.is_share() { 100.0 } else { 1.0 }
    }

    /// Digits after the point.
    pub fn digits(self) -> usize {
        match self {
            Self::Top1 | Self::Map50 | Self::F1 => 1,
            Self::Psnr => 2,
            Self::Perplexity | Self::Mse => 3,
        }
    }

    /// The unit of a value, none for a mere number.
    pub fn unit(self) -> Option<&'static str> {
        match self {
            Self::Psnr => Some("dB"),
            _ => self.is_share().then_some("%"),
        }
    }

    /// The unit of a difference, none for a mere number.
    pub fn unit_of_difference(self) -> Option<&'static str> {
        if self.is_share() { Some("points") } else { self.unit() }
    }
}
