//! What answers are worth, sample by sample: enough to compare two runs in pairs.

use serde::{Deserialize, Serialize};

use super::{Metric, Picture, Ranking};

/// A figure as a function of how often each sample counts.
pub type Statistic<'a> = Box<dyn Fn(&[f64]) -> f64 + 'a>;

/// What each sample's answer is worth.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Marks {
    /// A figure a sample, the mean over fault maps: 1 or 0 for right or wrong, an error, a ratio, or nats.
    Values(Vec<f64>),
    /// Detections of every sample under each fault map.
    Pictures(Vec<Vec<Picture>>),
}

impl Default for Marks {
    fn default() -> Self {
        Self::Values(vec![])
    }
}

impl Marks {
    /// The marks of some samples, then those of others; the same fault maps for both.
    ///
    /// # Panics
    /// When they are of different kinds.
    #[must_use]
    pub fn chain(self, other: Self) -> Self {
        match (self, other) {
            (Self::Values(one), Self::Values(other)) => Self::Values([one, other].concat()),
            (Self::Pictures(one), Self::Pictures(other)) => {
                let both = one.into_iter().zip(other).map(|(one, other)| [one, other].concat());
                Self::Pictures(both.collect())
            }
            _ => panic!("marks of one score are of one kind"),
        }
    }

    /// One for each fault map together: the mean of figures, all detections.
    ///
    /// # Panics
    /// When they are of different kinds or numbers of samples.
    pub fn over_maps(maps: &[Self]) -> Self {
        let values = |map: &Self| if let Self::Values(values) = map { Some(values.clone()) } else { None };
        if let Some(values) = maps.iter().map(values).collect::<Option<Vec<_>>>() {
            let samples = values.first().map_or(0, Vec::len);
            let mean = |at: usize| values.iter().map(|map| map[at]).sum::<f64>() / values.len() as f64;
            return Self::Values((0..samples).map(mean).collect());
        }
        let pictures = |map: &Self| if let Self::Pictures(maps) = map { maps.clone() } else { vec![] };
        Self::Pictures(maps.iter().flat_map(pictures).collect())
    }

    /// The number of samples.
    pub fn len(&self) -> usize {
        match self {
            Self::Values(values) => values.len(),
            Self::Pictures(maps) => maps.first().map_or(0, Vec::len),
        }
    }

    /// Whether there is no sample.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The score of all samples.
    pub fn value(&self, metric: Metric) -> f64 {
        self.statistic(metric)(&vec![1.0; self.len()])
    }

    /// The score as a function of how often each sample counts.
    pub fn statistic(&self, metric: Metric) -> Statistic<'_> {
        match self {
            Self::Values(values) => Box::new(move |weights| {
                let mean = weighted(values, weights);
                if metric == Metric::Perplexity { mean.exp() } else { mean }
            }),
            Self::Pictures(maps) if metric == Metric::Map50 => {
                let rankings: Vec<Ranking> = maps.iter().map(|map| Ranking::of(map)).collect();
                Box::new(move |weights| {
                    let sum: f64 = rankings.iter().map(|ranking| ranking.precision(weights)).sum();
                    sum / rankings.len() as f64
                })
            }
            Self::Pictures(maps) => Box::new(move |weights| {
                maps.iter().map(|map| super::pictures::f1(map, weights)).sum::<f64>() / maps.len() as f64
            }),
        }
    }

    /// How many objects were found in all samples, the mean over fault maps; none for other scores.
    pub fn detections(&self) -> Option<f64> {
        let Self::Pictures(maps) = self else { return None };
        let found: usize = maps.iter().flatten().map(|picture| picture.found.len()).sum();
        Some(found as f64 / maps.len() as f64)
    }

    /// F1 of the detections against those of another run, at an overlap of one half; none for other scores.
    ///
    /// A fault map is compared with the same one of the other run, or with its only one.
    pub fn agreement(&self, other: &Self) -> Option<f64> {
        let (Self::Pictures(own), Self::Pictures(other)) = (self, other) else { return None };
        let pairs = own.iter().enumerate().map(|(at, map)| {
            let reference = other.get(at).or(other.first())?;
            Some(super::pictures::agreement(map, reference))
        });
        let sum: f64 = pairs.sum::<Option<f64>>()?;
        Some(sum / own.len() as f64)
    }
}

fn weighted(values: &[f64], weights: &[f64]) -> f64 {
    let sum: f64 = values.iter().zip(weights).map(|(value, weight)| value * weight).sum();
    sum / weights.iter().sum::<f64>()
}
