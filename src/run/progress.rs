//! How far many evaluations have come, told after every batch of samples.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Parts into which an evaluation is divided.
const PARTS: u64 = 1 << 20;

/// How far evaluations have come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Evaluations that are finished.
    pub finished: usize,
    /// Evaluations in all.
    pub of: usize,
    /// What is done of all of them, from 0 to 1, also of those under way.
    pub share: f64,
}

/// Counts what is done of several evaluations, some of them at a time.
pub(crate) struct Meter<'a> {
    of: usize,
    finished: AtomicUsize,
    parts: AtomicU64,
    tell: &'a (dyn Fn(Progress) + Sync),
}

impl<'a> Meter<'a> {
    pub fn new(of: usize, tell: &'a (dyn Fn(Progress) + Sync)) -> Self {
        Self { of, finished: AtomicUsize::new(0), parts: AtomicU64::new(0), tell }
    }

    /// Runs an evaluation, which tells the share of itself that it has done since it told one.
    ///
    /// What it did not tell is done when it returns, for it may have failed, or known the result.
    pub fn evaluation<T>(&self, run: impl FnOnce(&(dyn Fn(f64) + Sync)) -> T) -> T {
        let own = AtomicU64::new(0);
        let made = run(&|share| {
            let parts = (share * PARTS as f64) as u64;
            own.fetch_add(parts, Ordering::Relaxed);
            self.parts.fetch_add(parts, Ordering::Relaxed);
            self.told();
        });
        self.parts.fetch_add(PARTS.saturating_sub(own.into_inner()), Ordering::Relaxed);
        self.finished.fetch_add(1, Ordering::Relaxed);
        self.told();
        made
    }

    fn told(&self) {
        let all = (self.of as u64 * PARTS).max(1);
        (self.tell)(Progress {
            finished: self.finished.load(Ordering::Relaxed),
            of: self.of,
            share: self.parts.load(Ordering::Relaxed) as f64 / all as f64,
        });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn shares_add_up_whatever_an_evaluation_tells_of_itself() {
        let told = Mutex::new(vec![]);
        let tell = |progress: Progress| told.lock().unwrap().push((progress.finished, progress.share));
        let meter = Meter::new(4, &tell);
        assert_eq!(meter.evaluation(|part| [part(0.25), part(0.75)].len()), 2);
        meter.evaluation(|part| part(0.5));
        meter.evaluation(|_| ());
        let shares = [(0, 0.0625), (0, 0.25), (1, 0.25), (1, 0.375), (2, 0.5), (3, 0.75)];
        assert_eq!(told.into_inner().unwrap(), shares);
    }
}
