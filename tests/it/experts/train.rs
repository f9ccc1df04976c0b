//! A small mixture of experts behind the embedded network's features, trained in closed form: centres of the features route,
//! and every expert reads random features of its own by weighted least squares.

use axsim::rng::Stream;

pub const EXPERTS: usize = 4;
pub const HIDDEN: usize = 48;
pub const CLASSES: usize = 10;

/// Weights [outputs, inputs] and biases.
#[derive(Clone)]
pub struct Dense {
    pub weights: Vec<Vec<f64>>,
    pub bias: Vec<f64>,
}

impl Dense {
    pub fn apply(&self, x: &[f64]) -> Vec<f64> {
        self.weights.iter().zip(&self.bias).map(|(row, bias)| dot(row, x) + bias).collect()
    }
}

pub struct Mixture {
    pub router: Dense,
    /// For each expert its hidden layer and its readout.
    pub experts: Vec<[Dense; 2]>,
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum()
}

fn mean<'a>(rows: impl Iterator<Item = &'a Vec<f64>> + Clone, size: usize) -> Vec<f64> {
    let count = rows.clone().count() as f64;
    (0..size).map(|at| rows.clone().map(|row| row[at]).sum::<f64>() / count).collect()
}

/// The place of the least.
fn least(values: impl Iterator<Item = f64>) -> usize {
    values.enumerate().min_by(|a, b| a.1.total_cmp(&b.1)).unwrap().0
}

/// Centres of the features: each begins at the point that is farthest from those before, then Lloyd's steps.
fn centres(features: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let mut centres = vec![features[0].clone()];
    while centres.len() < EXPERTS {
        let near = |x: &Vec<f64>| centres.iter().map(|c| distance(x, c)).fold(f64::INFINITY, f64::min);
        centres.push(features[least(features.iter().map(|x| -near(x)))].clone());
    }
    for _ in 0..20 {
        let own: Vec<usize> =
            features.iter().map(|x| least(centres.iter().map(|c| distance(x, c)))).collect();
        for (expert, centre) in centres.iter_mut().enumerate() {
            let rows = features.iter().zip(&own).filter(|(_, own)| **own == expert).map(|(x, _)| x);
            if rows.clone().next().is_some() {
                *centre = mean(rows, features[0].len());
            }
        }
    }
    centres
}

/// The gates of the experts with the highest scores: their softmax.
pub fn gates(scores: &[f64], top: usize) -> Vec<f64> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    let mut gates = vec![0.0; scores.len()];
    let sum: f64 = order[..top].iter().map(|&at| (scores[at] - scores[order[0]]).exp()).sum();
    order[..top].iter().for_each(|&at| gates[at] = (scores[at] - scores[order[0]]).exp() / sum);
    gates
}

/// Solves a symmetric positive system for several right sides by elimination.
fn solve(mut left: Vec<Vec<f64>>, mut right: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    let size = left.len();
    for at in 0..size {
        for row in (0..size).filter(|&row| row != at) {
            let factor = left[row][at] / left[at][at];
            let (pivot, pivot_right) = (left[at].clone(), right[at].clone());
            left[row].iter_mut().zip(&pivot).for_each(|(x, p)| *x -= factor * p);
            right[row].iter_mut().zip(&pivot_right).for_each(|(x, p)| *x -= factor * p);
        }
    }
    (0..size).map(|at| right[at].iter().map(|x| x / left[at][at]).collect()).collect()
}

/// The readout that is nearest to the labels, each sample weighed by its gate.
fn readout(hidden: &[Vec<f64>], labels: &[usize], weights: &[f64]) -> Dense {
    let size = hidden[0].len();
    let mut left = vec![vec![0.0; size]; size];
    let mut right = vec![vec![0.0; CLASSES]; size];
    for ((h, &label), weight) in hidden.iter().zip(labels).zip(weights) {
        for a in 0..size {
            left[a].iter_mut().zip(h).for_each(|(sum, b)| *sum += weight * h[a] * b);
            right[a][label] += weight * h[a];
        }
    }
    (0..size).for_each(|at| left[at][at] += 1e-2);
    let found = solve(left, right);
    let weights = (0..CLASSES).map(|class| found[..size - 1].iter().map(|row| row[class]).collect());
    Dense { weights: weights.collect(), bias: found[size - 1].clone() }
}

pub fn train(features: &[Vec<f64>], labels: &[usize], top: usize) -> Mixture {
    let size = features[0].len();
    let sharp = 4.0 / (size as f64).sqrt();
    let centres = centres(features);
    let bias = centres.iter().map(|c| -sharp * dot(c, c) / 2.0).collect();
    let weights = centres.iter().map(|c| c.iter().map(|x| sharp * x).collect()).collect();
    let router = Dense { weights, bias };
    let middle = mean(features.iter(), size);
    let expert = |expert: usize| {
        let mut stream = Stream::new(1, "test.experts", expert as u64);
        let mut row = || (0..size).map(|_| stream.normal() / (size as f64).sqrt()).collect::<Vec<f64>>();
        let weights: Vec<Vec<f64>> = (0..HIDDEN).map(|_| row()).collect();
        let hidden = Dense { bias: weights.iter().map(|row| -dot(row, &middle)).collect(), weights };
        let ones = |x: &Vec<f64>| {
            let relu = hidden.apply(x).into_iter().map(|h| h.max(0.0));
            relu.chain([1.0]).collect::<Vec<f64>>()
        };
        let read: Vec<Vec<f64>> = features.iter().map(ones).collect();
        let gate = |x: &Vec<f64>| gates(&router.apply(x), top)[expert];
        let weights: Vec<f64> = features.iter().map(gate).collect();
        let readout = readout(&read, labels, &weights);
        [hidden, readout]
    };
    let experts = (0..EXPERTS).map(expert).collect();
    Mixture { router, experts }
}
