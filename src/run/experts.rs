//! Which experts samples ask, how often layers of them run, and what batches of samples fetch.

use super::outcome::{ExpertsOutcome, Fetched};
use crate::workload::Network;

/// Samples that follow each other, for which experts are fetched together.
const BATCHES: [usize; 5] = [1, 2, 4, 8, 32];

/// How often experts are asked.
pub(super) struct Experts {
    asked: Vec<f64>,
    fetched: Vec<Fetched>,
    /// Batches per sample, and for each expert those of which a sample asks it.
    batches: f64,
    asking: Vec<f64>,
}

impl Experts {
    /// Counts what samples asked under each fault map, `together` of them at a time; none of a network without experts.
    pub(super) fn count(network: &Network, maps: &[&[Vec<bool>]], together: usize) -> Option<Self> {
        let experts = network.expert_count();
        let samples = maps.iter().map(|map| map.len()).sum::<usize>();
        if experts == 0 || samples == 0 {
            return None;
        }
        let share = |expert: usize| {
            maps.iter().copied().flatten().filter(|asks| asks[expert]).count() as f64 / samples as f64
        };
        let asked: Vec<f64> = (0..experts).map(share).collect();
        let each = asked.iter().sum::<f64>();
        let fetched = |batch: usize| {
            let mean = distinct(maps, batch)?;
            Some(Fetched { batch, experts: mean, uniform: uniform(experts as f64, each, batch) })
        };
        let batches = || maps.iter().flat_map(|map| map.chunks(together));
        let asking = |expert: usize| {
            batches().filter(|batch| batch.iter().any(|asks| asks[expert])).count() as f64 / samples as f64
        };
        Some(Self {
            fetched: BATCHES.into_iter().filter_map(fetched).collect(),
            asked,
            batches: batches().count() as f64 / samples as f64,
            asking: (0..experts).map(asking).collect(),
        })
    }

    /// How often per sample the weights of each layer are fetched: once a batch, those of an expert if a sample of it asks.
    pub(super) fn fetches(&self, network: &Network) -> Vec<f64> {
        let layers = network.experts().into_iter();
        layers.map(|expert| expert.map_or(self.batches, |expert| self.asking[expert])).collect()
    }

    /// A layer of an expert runs for the samples that ask it.
    pub(super) fn runs(&self, network: &Network, layers: &mut [f64]) {
        for ((runs, expert), own) in layers.iter_mut().zip(network.experts()).zip(network.runs()) {
            *runs = expert.map_or(*runs, |expert| own as f64 * self.asked[expert]);
        }
    }

    pub(super) fn outcome(self) -> ExpertsOutcome {
        ExpertsOutcome { asked: self.asked, fetched: self.fetched }
    }
}

/// Experts that so many samples that follow each other ask, the mean; none where no map has as many.
fn distinct(maps: &[&[Vec<bool>]], batch: usize) -> Option<f64> {
    let batches = || maps.iter().flat_map(|map| map.chunks_exact(batch));
    let asked = |samples: &[Vec<bool>]| {
        (0..samples[0].len()).filter(|&expert| samples.iter().any(|asks| asks[expert])).count()
    };
    let total: usize = batches().map(asked).sum();
    let count = batches().count();
    (count > 0).then(|| total as f64 / count as f64)
}

/// Experts of which a batch asks one at least where each sample asks so many of them, all alike.
fn uniform(experts: f64, each: f64, batch: usize) -> f64 {
    experts * (1.0 - (1.0 - each / experts).powi(batch as i32))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Stream;

    #[test]
    fn two_of_eight_experts_fetch_what_the_closed_form_says() {
        let found = [1, 2, 4, 8, 32].map(|batch| (uniform(8.0, 2.0, batch) * 10.0).round() / 10.0);
        assert_eq!(found, [2.0, 3.5, 5.5, 7.2, 8.0]);
        let mut stream = Stream::new(1, "test.experts", 0);
        let mut route = || {
            let first = stream.below(8) as usize;
            let second = (first + 1 + stream.below(7) as usize) % 8;
            (0..8).map(|expert| expert == first || expert == second).collect::<Vec<bool>>()
        };
        let routes: Vec<Vec<bool>> = (0..64_000).map(|_| route()).collect();
        for batch in BATCHES {
            let found = distinct(&[&routes], batch).unwrap();
            // The mean of at least 2,000 batches, each with a deviation of at most 1.2 experts.
            assert!((found - uniform(8.0, 2.0, batch)).abs() < 0.08, "{batch}: {found}");
        }
    }

    #[test]
    fn samples_that_ask_the_same_experts_fetch_them_once() {
        let routes = vec![vec![true, false, true, false]; 9];
        assert_eq!(
            BATCHES.map(|batch| distinct(&[&routes], batch)),
            [Some(2.0), Some(2.0), Some(2.0), Some(2.0), None]
        );
    }
}
