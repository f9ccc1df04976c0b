//! The range of every tensor, found on calibration samples.

use std::borrow::Cow;

use rayon::prelude::*;

use super::super::network::Network;
use super::super::op::{Declared, Op};
use super::entropy::{self, Magnitudes};
use super::grid::Grid;
use super::role::{Role, roles};
use super::{CalibrationError, Precision, mse, turned};
use crate::config::{Calibration, Quantize};
use crate::rng::uniform_at;
use crate::tensor::Tensor;
use crate::workload::lower::ModelError;
use crate::workload::rotation::Rotation;

/// Values that a rule goes through many times, per tensor: of so many equal stretches one each, so that all samples count alike,
/// drawn, so that no column of a picture and no channel is met more often than another.
const KEPT: usize = 200_000;

/// Lowest and highest value.
pub(super) type Range = (f32, f32);

/// What the tensors of a network held on calibration samples: all that ranges are found from, whatever widths and zero points
/// codes will have.
#[derive(Debug, Clone)]
pub struct Observations {
    rule: Calibration,
    rotations: Vec<Option<Rotation>>,
    seen: Vec<Seen>,
}

impl Observations {
    /// Runs the float model on the samples, some of them at a time; the widths in `precision` do not matter, what it rotates
    /// does.
    ///
    /// # Errors
    /// [`CalibrationError`].
    pub fn of(
        network: &Network,
        (settings, precision): (&Quantize, &Precision),
        samples: &Tensor<f32>,
    ) -> Result<Self, CalibrationError> {
        if samples.is_empty() {
            return Err(CalibrationError::Empty);
        }
        let (rule, rotations) = (settings.calibration, turned::rotations(network, precision)?);
        let of = Observed { network, roles: &roles(network), rotations: &rotations };
        // In a loop over time values come step by step, so that it matters which samples come together.
        let together = if network.repeats() {
            network.together()
        } else {
            network.together_in(rayon::current_num_threads())
        };
        let seen = of.all(rule, (samples, together))?;
        Ok(Self { rule, rotations, seen })
    }

    /// The range of each value that has a role, as the model declares it where it does; `grid` makes the codes of a value and
    /// its range, for rules that weigh what codes lose.
    ///
    /// # Panics
    /// When another rule or other rotations were observed.
    pub(super) fn ranges(
        &self,
        network: &Network,
        (rule, rotations): (Calibration, &[Option<Rotation>]),
        grid: &dyn Fn(usize, Range) -> Grid,
    ) -> Vec<Option<Range>> {
        assert!(self.rule == rule && self.rotations == rotations, "observed for the same rule and rotations");
        let range = |(value, seen): (usize, &Seen)| {
            let declared = value.checked_sub(1).and_then(|step| network.steps[step].op.declared());
            declared
                .filter(|_| seen.count > 0 && rotations[value].is_none())
                .map(Declared::range)
                .or_else(|| seen.range(rule, &|range| grid(value, range)))
        };
        inherit((network, rotations), begun(network, self.seen.iter().enumerate().map(range).collect()))
    }

    /// Values that were not all zero, but have a range of zero alone.
    pub(super) fn zeroed(&self, ranges: &[Option<Range>]) -> impl Iterator<Item = usize> {
        const ZERO: Option<Range> = Some((0.0, 0.0));
        let both = self.seen.iter().zip(ranges).enumerate();
        both.filter(|(_, (seen, range))| **range == ZERO && seen.extremes != ZERO).map(|(value, _)| value)
    }
}

/// What is looked at: values with a role, rotated where they are put away so.
#[derive(Clone, Copy)]
struct Observed<'a> {
    network: &'a Network,
    roles: &'a [Option<Role>],
    rotations: &'a [Option<Rotation>],
}

impl Observed<'_> {
    fn seen<'d>(&self, value: usize, data: &'d [f32]) -> Cow<'d, [f32]> {
        self.rotations[value].map_or(Cow::Borrowed(data), |rotation| Cow::Owned(rotation.turn(data)))
    }

    /// What each value with a role held; `together` samples are run at a time, which changes nothing but which elements are kept
    /// in a loop over time.
    fn all(
        self,
        rule: Calibration,
        (samples, together): (&Tensor<f32>, usize),
    ) -> Result<Vec<Seen>, CalibrationError> {
        let parts =
            in_parts((samples, together), |first, some| self.part(rule, (first, samples.shape()[0]), some))?;
        let mut seen = vec![Seen::default(); self.roles.len()];
        let broken = parts.iter().filter_map(|(broken, _)| *broken).min();
        if let Some(value) = broken {
            return Err(CalibrationError::NotFinite(self.network.value_name(value)));
        }
        for (_, part) in parts {
            seen.iter_mut().zip(part).for_each(|(seen, part)| seen.join(part));
        }
        if rule == Calibration::Entropy {
            // Bins are known when the extremes of all samples are.
            let bins = |seen: &Seen| seen.extremes.map(Magnitudes::of);
            let empty: Vec<Option<Magnitudes>> = seen.iter().map(bins).collect();
            for part in in_parts((samples, together), |_, some| self.counts(empty.clone(), some))? {
                for (seen, part) in seen.iter_mut().zip(part) {
                    seen.magnitudes = match (seen.magnitudes.take(), part) {
                        (Some(all), Some(part)) => Some(all.join(&part)),
                        (all, part) => all.or(part),
                    };
                }
            }
        }
        Ok(seen)
    }

    /// What values held on some samples, the `first` of them and later ones of so many, and the first value that was not finite.
    fn part(
        &self,
        rule: Calibration,
        (first, all): (usize, usize),
        some: &Tensor<f32>,
    ) -> Result<(Option<usize>, Vec<Seen>), ModelError> {
        let (mut broken, mut seen) = (None, vec![Seen::default(); self.roles.len()]);
        self.network.observe(some, |value, data| {
            if data.iter().any(|x| !x.is_finite()) {
                broken = Some(broken.map_or(value, |first: usize| first.min(value)));
            } else if self.roles[value].is_some() {
                let each = data.len() / some.shape()[0];
                seen[value].count = seen[value].count.max(first * each);
                seen[value].add(&self.seen(value, data), all * each, rule);
            }
        })?;
        Ok((broken, seen))
    }

    /// The bins with the magnitudes of some samples.
    fn counts(
        &self,
        mut bins: Vec<Option<Magnitudes>>,
        some: &Tensor<f32>,
    ) -> Result<Vec<Option<Magnitudes>>, ModelError> {
        self.network.observe(some, |value, data| {
            bins[value].iter_mut().for_each(|bins| bins.add(&self.seen(value, data)));
        })?;
        Ok(bins)
    }
}

/// What is made of samples, so many at a time and several of those at once, in their order; `of` is given the number of the
/// first one.
fn in_parts<T: Send>(
    (samples, together): (&Tensor<f32>, usize),
    of: impl Fn(usize, &Tensor<f32>) -> Result<T, ModelError> + Sync,
) -> Result<Vec<T>, ModelError> {
    let size = samples.data().len() / samples.shape()[0];
    let part = |(at, data): (usize, &[f32])| {
        let shape = [&[data.len() / size], &samples.shape()[1..]].concat();
        of(at * together, &Tensor::new(shape, data.to_vec()).expect("whole samples"))
    };
    // Collected before it is looked through, so that the first error does not depend on who was faster.
    let parts: Vec<_> = samples.data().par_chunks(together * size).enumerate().map(part).collect();
    parts.into_iter().collect()
}

/// What is known of a value after some samples.
#[derive(Debug, Clone, Default)]
struct Seen {
    extremes: Option<Range>,
    /// Elements up to here, those of samples before among them.
    count: usize,
    /// An element of every stretch, for rules that go through them many times.
    kept: Vec<f32>,
    magnitudes: Option<Magnitudes>,
}

impl Seen {
    /// Goes on with elements of the next samples, of `all` elements in the end.
    fn add(&mut self, data: &[f32], all: usize, rule: Calibration) {
        if data.is_empty() {
            return;
        }
        let (low, high) = extremes(data);
        let (lowest, highest) = self.extremes.unwrap_or((low, high));
        self.extremes = Some((lowest.min(low), highest.max(high)));
        if matches!(rule, Calibration::Percentile(_) | Calibration::Mse) {
            let step = all.div_ceil(KEPT).max(1);
            let here = self.count..self.count + data.len();
            let drawn = (here.start / step..here.end.div_ceil(step)).map(|stretch| drawn(stretch, step));
            self.kept.extend(drawn.filter(|at| here.contains(at)).map(|at| data[at - here.start]));
        }
        self.count += data.len();
    }

    /// Goes on with what is known of the samples that follow.
    fn join(&mut self, next: Self) {
        let both = self.extremes.zip(next.extremes).map(|(a, b)| (a.0.min(b.0), a.1.max(b.1)));
        self.extremes = both.or(self.extremes).or(next.extremes);
        self.kept.extend(next.kept);
        self.count = self.count.max(next.count);
    }

    fn range(&self, rule: Calibration, grid: &dyn Fn(Range) -> Grid) -> Option<Range> {
        let whole = self.extremes?;
        Some(match rule {
            Calibration::MinMax => whole,
            Calibration::Percentile(percent) => percentile(self.kept.clone(), percent),
            Calibration::Mse => mse::range(whole, &self.kept, grid),
            Calibration::Entropy => {
                self.magnitudes.as_ref().map_or(whole, |bins| entropy::range(whole, bins, grid))
            }
        })
    }
}

/// The element that is kept of a stretch of so many.
fn drawn(stretch: usize, elements: usize) -> usize {
    stretch * elements + (uniform_at(KEPT as u64, stretch as u64) * elements as f64) as usize
}

fn extremes(data: &[f32]) -> Range {
    let low = data.iter().copied().fold(f32::INFINITY, f32::min);
    (low, data.iter().copied().fold(f32::NEG_INFINITY, f32::max))
}

fn percentile(mut values: Vec<f32>, percent: f64) -> Range {
    values.sort_by(f32::total_cmp);
    let at = |share: f64| values[((values.len() - 1) as f64 * share).round() as usize];
    (at(1.0 - percent / 100.0), at(percent / 100.0))
}

/// The first state of a recurrent cell is multiplied as those are that it gives.
fn begun(network: &Network, mut ranges: Vec<Option<Range>>) -> Vec<Option<Range>> {
    for (step, range) in network.steps.iter().zip(&mut ranges[1..]) {
        if let (Op::Recurrent(cell), Some((low, high))) = (&step.op, range) {
            for &state in &cell.start[0] {
                (*low, *high) = (low.min(state as f32), high.max(state as f32));
            }
        }
    }
    ranges
}

/// What is only put elsewhere, padded with zeros or taken the maximum of lies on the grid of what it was made from.
fn inherit(
    (network, rotations): (&Network, &[Option<Rotation>]),
    mut ranges: Vec<Option<Range>>,
) -> Vec<Option<Range>> {
    for (to, from) in alike(network, rotations) {
        if ranges[to].is_some() && ranges[from].is_some() {
            ranges[to] = ranges[from];
        }
    }
    ranges
}

/// Values with the codes of others, and those, in order.
pub(super) fn alike(
    network: &Network,
    rotations: &[Option<Rotation>],
) -> impl Iterator<Item = (usize, usize)> {
    let steps = network.steps.iter().enumerate().map(|(at, step)| (step, at + 1, step.inputs[0]));
    let same = |to: usize, from: usize| rotations[to].is_none() && rotations[from].is_none();
    steps
        .filter(move |(step, to, from)| step.op.keeps_codes() && same(*to, *from))
        .map(|(_, to, from)| (to, from))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::quantize::Scheme;
    use crate::workload::quantize::role::roles;

    fn scenes() -> Network {
        let file =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/workloads/scenes/scenes.onnx");
        Network::from_onnx(&std::fs::read(file).unwrap()).unwrap()
    }

    /// A network with more elements than are kept of a value, and with a layer that takes whole batches.
    #[test]
    fn ranges_do_not_depend_on_how_many_samples_run_together() {
        let network = scenes();
        let size: usize = network.sample_shape().iter().product();
        let all = KEPT / network.largest() + 2;
        let values = (0..all * size).map(|at| (1.0 - uniform_at(5, at as u64) as f32).ln().abs()).collect();
        let samples = Tensor::new([&[all], network.sample_shape()].concat(), values).unwrap();
        let grid = |_, (low, high): Range| Grid::new(Scheme::Affine, 8, low, high);
        let roles = roles(&network);
        let rules =
            [Calibration::MinMax, Calibration::Percentile(99.9), Calibration::Mse, Calibration::Entropy];
        let mut distinct = vec![];
        for rule in rules {
            let found = [1, 3, all].map(|together| {
                let rotations = vec![None; roles.len()];
                let of = Observed { network: &network, roles: &roles, rotations: &rotations };
                let seen = of.all(rule, (&samples, together)).unwrap();
                let observed = Observations { rule, rotations: rotations.clone(), seen };
                let ranges = observed.ranges(&network, (rule, &rotations), &grid);
                let bits = |(low, high): Range| [low, high].map(f32::to_bits);
                ranges.into_iter().map(|range| range.map(bits)).collect::<Vec<_>>()
            });
            assert_eq!(found[0], found[2], "{rule:?}: one at a time");
            assert_eq!(found[1], found[2], "{rule:?}: three at a time");
            distinct.push(found[0].clone());
        }
        distinct.dedup();
        assert_eq!(distinct.len(), 4, "every rule has ranges of its own");
    }

    /// A step in time of the shared models, on inputs that are no spikes.
    #[test]
    fn ranges_in_time_do_not_depend_on_threads() {
        let here = || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
        let file = std::env::var_os("AXSIM_SHARED").map_or_else(here, Into::into);
        let Ok(model) = std::fs::read(file.join("data/models/snn_if_mnist_step.onnx")) else {
            return eprintln!(
                "skipped: the shared models are not at hand; set AXSIM_SHARED to the folder that holds them"
            );
        };
        let states = [("mem1", "mem1_out"), ("mem2", "mem2_out")];
        let network = Network::step_from_onnx(&model).unwrap().only(&["spk2", "mem1_out", "mem2_out"]);
        let network = network.unwrap().in_time(20, &states).unwrap();
        let samples = 300;
        let size = network.sample_shape().iter().product::<usize>();
        let values = (0..samples * size).map(|at| uniform_at(6, at as u64).powi(3) as f32).collect();
        let values = Tensor::new(vec![samples, 20, size / 20], values).unwrap();
        let settings = Quantize { calibration: Calibration::Percentile(99.0), ..Quantize::default() };
        let precision = Precision::uniform(&network, &settings);
        assert_ne!(network.together_in(1000), network.together_in(1), "so many threads share memory");
        let found = [1, 1000].map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let observe = || Observations::of(&network, (&settings, &precision), &values).unwrap();
            let rotations = vec![None; network.steps.len() + 1];
            let ranges = pool.install(observe).ranges(
                &network,
                (settings.calibration, &rotations),
                &|_, (low, high)| Grid::new(Scheme::Affine, 8, low, high),
            );
            ranges.into_iter().flatten().collect::<Vec<_>>()
        });
        assert!(found[0].iter().any(|range| range.1 > 0.0 && range.1 < 1.0), "{:?}", found[0]);
        assert_eq!(found[0], found[1]);
    }

    #[test]
    fn one_element_of_every_stretch_is_kept_across_samples() {
        let data: Vec<f32> = (0..KEPT as u32 * 2 + 500).map(|at| at as f32).collect();
        let mut found = vec![];
        for size in [data.len(), 1000, 7, 1] {
            let mut seen = Seen::default();
            data.chunks(size).for_each(|some| seen.add(some, data.len(), Calibration::Mse));
            let whole = (0.0, data.len() as f32 - 1.0);
            assert!(found.is_empty() || found == seen.kept, "{size}");
            assert_eq!(seen.extremes, Some(whole));
            found = seen.kept;
        }
        assert!(found.iter().enumerate().all(|(stretch, &at)| at as usize / 3 == stretch));
        assert!(data.len().div_ceil(3) - found.len() <= 1, "the last stretch may end before its element");
    }

    /// As for a picture of which the borders differ, whose width every n-th element would fall in step with.
    #[test]
    fn columns_and_channels_are_kept_as_often_as_each_other() {
        for (width, step) in [(32, 32), (32, 64), (64, 16), (5, 10), (128, 2), (7, 49)] {
            let kept = 100_000;
            let mut seen = vec![0; width];
            (0..kept).for_each(|stretch| seen[drawn(stretch, step) % width] += 1);
            let expected = kept as f64 / width as f64;
            let off = seen.iter().map(|&count| (f64::from(count) - expected).powi(2) / expected).sum::<f64>();
            // Chi-squared beyond six deviations.
            let degrees = (width - 1) as f64;
            assert!(off < degrees + 6.0 * (2.0 * degrees).sqrt(), "{width}, {step}: {seen:?}");
        }
    }

    #[test]
    fn the_first_node_whose_values_are_not_finite_is_named_whatever_sample_it_is_of() {
        let network = scenes();
        let size: usize = network.sample_shape().iter().product();
        let mut values = vec![0.5f32; 3 * size];
        values[..size].fill(f32::MAX);
        let roles = roles(&network);
        let named = |values: &[f32], together: usize| {
            let shape = [&[values.len() / size], network.sample_shape()].concat();
            let samples = Tensor::new(shape, values.to_vec()).unwrap();
            let of = Observed { network: &network, roles: &roles, rotations: &vec![None; roles.len()] };
            of.all(Calibration::MinMax, (&samples, together)).err().unwrap()
        };
        let sums = named(&values, 1);
        assert_ne!(sums, CalibrationError::NotFinite("input".into()), "sums overflow first");
        values[2 * size] = f32::NAN;
        for together in [1, 3] {
            assert_eq!(named(&values, together), CalibrationError::NotFinite("input".into()));
        }
    }
}
