//! A small trainer for networks with binary layers after XNOR-Net: gradients pass signs as if they were not there.

use axsim::rng::Stream;
use rayon::prelude::*;

/// A binary convolution of square pictures.
#[derive(Clone, Copy)]
pub struct Shape {
    pub inputs: usize,
    pub outputs: usize,
    pub kernel: usize,
    pub stride: usize,
    /// Side of the picture that it reads.
    pub side: usize,
}

impl Shape {
    pub fn out_side(&self) -> usize {
        (self.side + 2 * self.pad() - self.kernel) / self.stride + 1
    }

    pub fn pad(&self) -> usize {
        self.kernel / 2
    }

    pub fn depth(&self) -> usize {
        self.inputs * self.kernel * self.kernel
    }

    fn positions(&self) -> usize {
        self.out_side() * self.out_side()
    }

    /// For each position and depth the place that is read, none in the padding.
    fn taps(&self) -> Vec<Option<usize>> {
        let (k, side, out) = (self.kernel, self.side, self.out_side());
        let tap = |position: usize, depth: usize| {
            let (channel, row, column) = (depth / (k * k), depth / k % k, depth % k);
            let y = (position / out * self.stride + row).checked_sub(self.pad())?;
            let x = (position % out * self.stride + column).checked_sub(self.pad())?;
            (y < side && x < side).then_some((channel * side + y) * side + x)
        };
        (0..self.positions())
            .flat_map(|position| (0..self.depth()).map(move |depth| tap(position, depth)))
            .collect()
    }
}

/// Binary convolutions one after the other, a rectifier, and a dense layer to ten classes that is not binary.
pub struct Net {
    pub shapes: Vec<Shape>,
    taps: Vec<Vec<Option<usize>>>,
    /// Weights and biases of each convolution, then of the dense layer.
    pub parameters: Vec<[Vec<f32>; 2]>,
}

/// What a convolution read, as its products take it, and the factor of each position.
struct Read {
    patches: Vec<f32>,
    factors: Vec<f32>,
}

fn sign(x: f32) -> f32 {
    if x < 0.0 { -1.0 } else { 1.0 }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0; 8];
    for (a, b) in a.chunks(8).zip(b.chunks(8)) {
        sums.iter_mut().zip(a.iter().zip(b)).for_each(|(sum, (a, b))| *sum += a * b);
    }
    sums.iter().sum()
}

fn add(to: &mut [f32], factor: f32, what: &[f32]) {
    to.iter_mut().zip(what).for_each(|(to, x)| *to += factor * x);
}

impl Net {
    pub fn new(shapes: Vec<Shape>, stream: &mut Stream) -> Self {
        let last = shapes[shapes.len() - 1];
        let sizes = shapes.iter().map(|shape| (shape.outputs, shape.depth()));
        let sizes = sizes.chain([(10, last.outputs * last.positions())]);
        let mut drawn = |(outputs, depth): (usize, usize)| {
            let spread = (3.0 / depth as f32).sqrt();
            let weights = (0..outputs * depth).map(|_| (stream.below(2001) as f32 / 1000.0 - 1.0) * spread);
            [weights.collect(), vec![0.0; outputs]]
        };
        let parameters = sizes.map(&mut drawn).collect();
        let taps = shapes.iter().map(Shape::taps).collect();
        Self { shapes, taps, parameters }
    }

    /// The weights of a layer as its products take them: α·sign.
    fn weights(&self, layer: usize) -> Vec<f32> {
        let (shape, weights) = (&self.shapes[layer], &self.parameters[layer][0]);
        let filter = |filter: &[f32]| {
            let alpha = filter.iter().map(|w| w.abs()).sum::<f32>() / filter.len() as f32;
            filter.iter().map(|w| alpha * sign(*w)).collect::<Vec<_>>()
        };
        weights.chunks(shape.depth()).flat_map(filter).collect()
    }

    fn read(&self, layer: usize, x: &[f32]) -> Read {
        let shape = &self.shapes[layer];
        let reals: Vec<f32> = self.taps[layer].iter().map(|tap| tap.map_or(0.0, |at| x[at])).collect();
        let mean = |patch: &[f32]| patch.iter().map(|x| x.abs()).sum::<f32>() / patch.len() as f32;
        let factors = reals.chunks(shape.depth()).map(mean).collect();
        let patches = self.taps[layer].iter().map(|tap| tap.map_or(0.0, |at| sign(x[at]))).collect();
        Read { patches, factors }
    }

    /// [outputs, positions] of a convolution.
    fn convolved(&self, layer: usize, weights: &[f32], read: &Read) -> Vec<f32> {
        let (shape, bias) = (&self.shapes[layer], &self.parameters[layer][1]);
        let filters = weights.chunks(shape.depth()).zip(bias);
        let each = |(filter, bias): (&[f32], &f32)| {
            let positions = read.patches.chunks(shape.depth()).zip(&read.factors);
            positions.map(|(patch, factor)| factor * dot(filter, patch) + bias).collect::<Vec<_>>()
        };
        filters.flat_map(each).collect()
    }

    /// The outputs of every convolution, what each read, and the scores of classes.
    fn forward(&self, x: &[f32], weights: &[Vec<f32>]) -> (Vec<Vec<f32>>, Vec<Read>, Vec<f32>) {
        let (mut values, mut reads) = (vec![x.to_vec()], vec![]);
        for (layer, weights) in weights.iter().enumerate() {
            let read = self.read(layer, &values[layer]);
            values.push(self.convolved(layer, weights, &read));
            reads.push(read);
        }
        let rectified: Vec<f32> = values[values.len() - 1].iter().map(|x| x.max(0.0)).collect();
        let [dense, bias] = &self.parameters[self.shapes.len()];
        let scores = dense.chunks(rectified.len()).zip(bias).map(|(row, bias)| dot(row, &rectified) + bias);
        let scores = scores.collect();
        (values, reads, scores)
    }

    fn all_weights(&self) -> Vec<Vec<f32>> {
        (0..self.shapes.len()).map(|layer| self.weights(layer)).collect()
    }

    /// The class of each sample.
    pub fn classes(&self, samples: &[Vec<f32>]) -> Vec<usize> {
        let weights = self.all_weights();
        let class = |x: &Vec<f32>| {
            let scores = self.forward(x, &weights).2;
            (0..10).rev().max_by(|a, b| scores[*a].total_cmp(&scores[*b])).unwrap()
        };
        samples.par_iter().map(class).collect()
    }

    /// Brings the outputs of each channel to mean 0 and deviation 1 over some samples, layer after layer.
    pub fn balance(&mut self, samples: &[Vec<f32>]) {
        for layer in 0..self.shapes.len() {
            let (weights, positions) = (self.all_weights(), self.shapes[layer].positions());
            let values: Vec<Vec<f32>> =
                samples.par_iter().map(|x| self.forward(x, &weights).0.swap_remove(layer + 1)).collect();
            let depth = self.shapes[layer].depth();
            for channel in 0..self.shapes[layer].outputs {
                let own = values.iter().flat_map(|value| &value[channel * positions..][..positions]);
                let count = (values.len() * positions) as f32;
                let mean = own.clone().sum::<f32>() / count;
                let deviation = (own.map(|x| (x - mean).powi(2)).sum::<f32>() / count).sqrt().max(1e-6);
                let [weights, bias] = &mut self.parameters[layer];
                weights[channel * depth..][..depth].iter_mut().for_each(|w| *w /= deviation);
                bias[channel] = (bias[channel] - mean) / deviation;
            }
        }
    }

    /// Gradients of the cross-entropy of one sample.
    fn gradients(&self, x: &[f32], class: usize, weights: &[Vec<f32>]) -> Vec<[Vec<f32>; 2]> {
        let (values, reads, scores) = self.forward(x, weights);
        let mut found: Vec<[Vec<f32>; 2]> =
            self.parameters.iter().map(|of| [vec![0.0; of[0].len()], vec![0.0; of[1].len()]]).collect();
        let largest = scores.iter().copied().fold(f32::MIN, f32::max);
        let exponents: Vec<f32> = scores.iter().map(|score| (score - largest).exp()).collect();
        let sum: f32 = exponents.iter().sum();
        let last = &values[self.shapes.len()];
        let rectified: Vec<f32> = last.iter().map(|x| x.max(0.0)).collect();
        let mut back = vec![0.0; last.len()];
        for (at, exponent) in exponents.iter().enumerate() {
            let g = exponent / sum - f32::from(u8::from(at == class));
            let [dense, bias] = &mut found[self.shapes.len()];
            add(&mut dense[at * last.len()..][..last.len()], g, &rectified);
            bias[at] += g;
            add(&mut back, g, &self.parameters[self.shapes.len()][0][at * last.len()..][..last.len()]);
        }
        back.iter_mut().zip(last).for_each(|(g, x)| *g *= f32::from(u8::from(*x > 0.0)));
        for layer in (0..self.shapes.len()).rev() {
            back =
                self.back(layer, (&back, &values[layer], &reads[layer], &weights[layer]), &mut found[layer]);
        }
        found
    }

    /// Gradients of a convolution's parameters; returns those of what it read.
    fn back(
        &self,
        layer: usize,
        (of_outputs, x, read, weights): (&[f32], &[f32], &Read, &[f32]),
        found: &mut [Vec<f32>; 2],
    ) -> Vec<f32> {
        let (shape, depth) = (&self.shapes[layer], self.shapes[layer].depth());
        let mut of_patches = vec![0.0; read.patches.len()];
        for (output, g) in of_outputs.chunks(shape.positions()).enumerate() {
            let filter = output * depth..(output + 1) * depth;
            for (position, (g, factor)) in g.iter().zip(&read.factors).enumerate() {
                let patch = position * depth..(position + 1) * depth;
                add(&mut found[0][filter.clone()], g * factor, &read.patches[patch.clone()]);
                add(&mut of_patches[patch], g * factor, &weights[filter.clone()]);
                found[1][output] += g;
            }
            // Of α·sign(W): 1/n through α, α through the sign as if it were not there.
            let through = weights[filter.start].abs() + 1.0 / depth as f32;
            found[0][filter].iter_mut().for_each(|g| *g *= through);
        }
        let mut back = vec![0.0; x.len()];
        for (tap, g) in self.taps[layer].iter().zip(of_patches) {
            let Some(at) = tap else { continue };
            // A sign lets gradients through within one, as a line cut off there.
            if x[*at].abs() <= 1.0 {
                back[*at] += g;
            }
        }
        back
    }

    /// Trains with Adam on batches of 32, drawn by the stream; the rate falls to nothing.
    pub fn train(&mut self, samples: &[Vec<f32>], classes: &[usize], epochs: usize, stream: &mut Stream) {
        const BATCH: usize = 32;
        let steps = epochs * samples.len() / BATCH;
        let mut moments: Vec<[Vec<[f32; 2]>; 2]> =
            self.parameters.iter().map(|of| [0, 1].map(|at| vec![[0.0; 2]; of[at].len()])).collect();
        for step in 0..steps {
            let drawn: Vec<usize> = (0..BATCH).map(|_| stream.below(samples.len() as u64) as usize).collect();
            let weights = self.all_weights();
            let each: Vec<_> =
                drawn.par_iter().map(|at| self.gradients(&samples[*at], classes[*at], &weights)).collect();
            let rate = 2e-3 * (1.0 - step as f32 / steps as f32);
            let unbias = [0.9f32, 0.999].map(|decay| 1.0 - decay.powi(step as i32 + 1));
            for (layer, (parameters, moments)) in self.parameters.iter_mut().zip(&mut moments).enumerate() {
                for (kind, (parameters, moments)) in parameters.iter_mut().zip(moments).enumerate() {
                    for (at, (parameter, [first, second])) in
                        parameters.iter_mut().zip(moments.iter_mut().map(|m| m.each_mut())).enumerate()
                    {
                        let g = each.iter().map(|found| found[layer][kind][at]).sum::<f32>() / BATCH as f32;
                        *first += 0.1 * (g - *first);
                        *second += 0.001 * (g * g - *second);
                        *parameter -= rate * (*first / unbias[0]) / ((*second / unbias[1]).sqrt() + 1e-8);
                    }
                }
            }
        }
    }
}
