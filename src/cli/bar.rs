//! The bar of long work.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use crate::run::Progress;

/// Steps of a bar.
const STEPS: u64 = 1 << 20;

/// A bar of what is done, with the time that is left, on standard error; hidden where that is no terminal.
pub(super) struct Bar {
    bar: ProgressBar,
    /// What is counted, such as `files`.
    counted: &'static str,
}

impl Bar {
    /// A bar of configurations, shown at once, since what comes before the first samples takes its time too.
    pub fn of_configurations(quiet: bool) -> Self {
        let own = Self::new(quiet, "configurations");
        own.bar.set_message(": calibrating");
        own.bar.enable_steady_tick(Duration::from_millis(500));
        own
    }

    pub fn new(quiet: bool, counted: &'static str) -> Self {
        let bar = if quiet { ProgressBar::hidden() } else { ProgressBar::new(STEPS) };
        let style = ProgressStyle::with_template("{bar:30} {percent} %{msg}{left}");
        let style = style.expect("the template is right").with_key("left", left);
        Self { bar: bar.with_style(style), counted }
    }

    pub fn show(&self, Progress { finished, of, share }: Progress) {
        self.bar.set_message(format!(" of {of} {}, {finished} done", self.counted));
        self.bar.set_position((share * STEPS as f64) as u64);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// The time that is left, where something tells how long the rest takes.
fn left(state: &ProgressState, out: &mut dyn std::fmt::Write) {
    if state.pos() > 0 && state.per_sec() > 0.0 {
        let _ = write!(out, ", {} left", indicatif::HumanDuration(state.eta()));
    }
}
