//! Scores and their differences, as their metric is written.

use crate::run::outcome::{Outcome, Score};
use crate::workload::score::Metric;

/// A score with its unit.
pub fn score(score: &Score) -> String {
    figure(score.metric, score.value)
}

/// A value of a metric with its unit: shares in percent.
pub fn figure(metric: Metric, value: f64) -> String {
    let unit = metric.unit().map_or(String::new(), |unit| format!(" {unit}"));
    format!("{:.*}{unit}", metric.digits(), metric.factor() * value)
}

/// A difference of a metric with its sign; nothing has none.
pub fn change(metric: Metric, value: f64) -> String {
    let (digits, value) = (metric.digits(), metric.factor() * value);
    if value.abs() < 0.5 * 0.1f64.powi(digits as i32) {
        return format!("{:.digits$}", 0.0);
    }
    format!("{value:+.digits$}").replace('-', "−")
}

/// A difference with its interval; of shares in percentage points.
pub fn difference(outcome: &Outcome) -> String {
    let metric = outcome.score.metric;
    outcome.delta.as_ref().map_or_else(
        || "–".into(),
        |delta| {
            let [low, high] = delta.ci95.map(|bound| change(metric, bound));
            format!("{} [{low}, {high}]", change(metric, delta.value))
        },
    )
}

/// The loss that a floor allows.
pub fn allowed(metric: Metric, floor: f64) -> String {
    let part = super::percent(floor);
    if metric.is_share() {
        format!("a {part} drop")
    } else {
        format!("a loss of {part} of the baseline's score")
    }
}

/// The unit of a difference after a space; nothing for a mere number.
pub fn units(metric: Metric) -> String {
    metric.unit_of_difference().map_or(String::new(), |unit| format!(" {unit}"))
}

/// What is in a column of differences: `name` and the unit.
pub fn column(name: &str, metric: Metric) -> String {
    metric.unit_of_difference().map_or(name.into(), |unit| format!("{name}, {unit}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_told_in_percent_and_other_figures_as_they_are() {
        let told = |metric, value| (figure(metric, value), change(metric, -value), units(metric));
        let text = |a: &str, b: &str, c: &str| (a.to_string(), b.to_string(), c.to_string());
        assert_eq!(told(Metric::Top1, 0.977), text("97.7 %", "−97.7", " points"));
        assert_eq!(told(Metric::Psnr, 29.757), text("29.76 dB", "−29.76", " dB"));
        assert_eq!(told(Metric::Perplexity, 5.716), text("5.716", "−5.716", ""));
        assert_eq!([change(Metric::Top1, 0.0004), change(Metric::Mse, 0.0004)], ["0.0", "0.000"]);
        assert_eq!(column("difference", Metric::Mse), "difference");
    }
}
