//! Keeping some tokens of a transformer: those that go on are read, in their order.

use crate::config::Ranking;
use crate::rng::Stream;

/// The stream that draws tokens.
const DRAW: &str = "workload.tokens";

/// A step that keeps some of the tokens that it reads.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Keep {
    /// The node behind which it stands.
    pub after: String,
    pub tokens: usize,
    pub kept: usize,
    /// How many from the first one are kept in any case.
    pub always: usize,
    pub by: Ranking,
    pub seed: u64,
}

/// How many tokens go on behind a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptTokens {
    /// The node.
    pub after: String,
    /// Tokens that come to it.
    pub tokens: usize,
    /// Tokens that go on.
    pub kept: usize,
    /// Scores that are added up to rank them.
    pub scores: usize,
}

impl Keep {
    /// What goes on of `x` [tokens, features], by the probabilities of attention [heads, queries, keys], or drawn by what the
    /// sample is.
    pub fn apply(&self, x: &[f32], by: &[f32]) -> Vec<f32> {
        let features = x.len() / self.tokens;
        self.chosen(by).into_iter().flat_map(|token| &x[token * features..][..features]).copied().collect()
    }

    /// The tokens that go on, in their order.
    fn chosen(&self, by: &[f32]) -> Vec<usize> {
        let scores = self.scores(by);
        let mut ranked: Vec<usize> = (self.always..self.tokens).collect();
        // Sorting is stable: of equal ones the first goes on.
        ranked.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
        ranked.truncate(self.kept - self.always);
        let mut chosen: Vec<usize> = (0..self.always).chain(ranked).collect();
        chosen.sort_unstable();
        chosen
    }

    fn scores(&self, by: &[f32]) -> Vec<f64> {
        let rows = by.chunks_exact(self.tokens);
        let sum = |rows: &mut dyn Iterator<Item = &[f32]>| {
            let mut scores = vec![0.0; self.tokens];
            rows.for_each(|row| scores.iter_mut().zip(row).for_each(|(sum, &p)| *sum += f64::from(p)));
            scores
        };
        match self.by {
            Ranking::Attention => sum(&mut rows.into_iter()),
            Ranking::ClassAttention => sum(&mut rows.step_by(self.tokens)),
            Ranking::Random => {
                let mut stream = Stream::new(self.seed, DRAW, number(by));
                (0..self.tokens).map(|_| stream.uniform()).collect()
            }
        }
    }
}

/// A number that stands for a sample.
fn number(sample: &[f32]) -> u64 {
    let mut hash = blake3::Hasher::new();
    sample.iter().for_each(|x| {
        hash.update(&x.to_le_bytes());
    });
    u64::from_le_bytes(hash.finalize().as_bytes()[..8].try_into().expect("a hash has 32 bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keep(by: Ranking, [kept, always]: [usize; 2]) -> Keep {
        Keep { after: "add".into(), tokens: 3, kept, always, by, seed: 4 }
    }

    #[test]
    fn tokens_go_on_in_their_order_by_what_attends_to_them() {
        // Two heads of three queries; the keys get 1.5, 2.1 and 2.4, from the first query 0.9, 0.8 and 0.3.
        let heads =
            [0.8, 0.1, 0.1, 0.1, 0.2, 0.7, 0.2, 0.4, 0.4, 0.1, 0.7, 0.2, 0.1, 0.4, 0.5, 0.2, 0.3, 0.5];
        let x = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        assert_eq!(keep(Ranking::Attention, [2, 0]).apply(&x, &heads), [3.0, 4.0, 5.0, 6.0]);
        assert_eq!(keep(Ranking::ClassAttention, [2, 0]).apply(&x, &heads), [1.0, 2.0, 3.0, 4.0]);
        assert_eq!(keep(Ranking::Attention, [2, 1]).apply(&x, &heads), [1.0, 2.0, 5.0, 6.0]);
        assert_eq!(keep(Ranking::Attention, [1, 1]).apply(&x, &heads), [1.0, 2.0]);
    }

    #[test]
    fn drawn_tokens_are_those_of_the_sample_and_all_are_drawn_as_often() {
        let keep = keep(Ranking::Random, [1, 0]);
        let drawn = |sample: u32| keep.apply(&[0.0, 1.0, 2.0], &[sample as f32])[0] as usize;
        assert!((0..50).all(|sample| drawn(sample) == drawn(sample)));
        let mut counts = [0; 3];
        (0..3000).for_each(|sample| counts[drawn(sample)] += 1);
        assert!(counts.iter().all(|count| (900..1100).contains(count)), "{counts:?}");
    }
}
