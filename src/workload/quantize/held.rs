//! A value between two steps. What is done with single elements waits until they are read, then goes block by block, so
//! that only codes leave the cache.

use std::borrow::Cow;
use std::sync::Arc;

use super::grid::{Grid, Reals};
use super::group::Layout;
use super::tokens::Tokens;
use crate::simd::widest;
use crate::workload::rotation::Rotation;
use crate::workload::{Codes, Wide};

/// Elements that are made together.
const BLOCK: usize = 1024;

/// A value between two steps.
pub(super) enum Held {
    /// As they are; empty where nothing reads them any more.
    Reals(Vec<f32>),
    /// On a grid.
    Codes(Codes),
    /// As codes of which groups have shifts.
    Grouped(Grouped),
    /// As codes of which tokens have scales.
    Tokens(Tokens),
    /// As codes of 16 bits.
    Wide(Wide),
    /// Codes of rotated channels, with shifts or without.
    Turned(Box<Held>, Rotation),
    /// What a contraction summed.
    Sums(Scaled),
    /// Elements within two bounds.
    Clipped(Arc<Held>, f32, f32),
    /// Sums of two elements.
    Added(Arc<Held>, Arc<Held>),
}

/// Sums [samples, channels, positions] whose real values are `sum · factor + constant` of the channel.
pub(super) struct Scaled {
    pub sums: Vec<i32>,
    pub factors: Vec<f32>,
    pub constants: Arc<[f32]>,
    pub positions: usize,
}

/// What is done with each element.
pub(super) enum Then {
    /// It is held within two bounds.
    Clip(f32, f32),
    /// That of another value is added.
    Add(Arc<Held>),
}

/// Codes of which groups have shifts.
pub(super) struct Grouped {
    pub codes: Codes,
    pub shifts: Vec<u8>,
    pub layout: Layout,
}

impl Default for Held {
    fn default() -> Self {
        Self::Reals(vec![])
    }
}

impl Held {
    /// Elements.
    pub fn len(&self) -> usize {
        match self {
            Self::Reals(reals) => reals.len(),
            Self::Codes(codes) => codes.codes.len(),
            Self::Grouped(grouped) => grouped.codes.codes.len(),
            Self::Tokens(tokens) => tokens.codes.codes.len(),
            Self::Wide(wide) => wide.codes.len(),
            Self::Sums(scaled) => scaled.sums.len(),
            Self::Turned(of, _) => of.len(),
            Self::Clipped(of, ..) | Self::Added(of, _) => of.len(),
        }
    }

    /// Codes that are there.
    pub fn codes(&self) -> &Codes {
        match self {
            Self::Codes(codes) => codes,
            Self::Grouped(grouped) => &grouped.codes,
            Self::Tokens(tokens) => &tokens.codes,
            Self::Turned(of, _) => of.codes(),
            _ => panic!("what a contraction reads is on a grid"),
        }
    }

    /// Codes of 16 bits, where it has them.
    pub fn wide(&self) -> Option<&Wide> {
        match self {
            Self::Wide(wide) => Some(wide),
            Self::Turned(of, _) => of.wide(),
            _ => None,
        }
    }

    /// The scales of their tokens, where they have some.
    pub fn tokens(&self) -> Option<&Tokens> {
        match self {
            Self::Tokens(tokens) => Some(tokens),
            Self::Turned(of, _) => of.tokens(),
            _ => None,
        }
    }

    /// How far groups of them are shifted; none where they are not.
    pub fn shifts(&self) -> &[u8] {
        match self {
            Self::Grouped(grouped) => &grouped.shifts,
            Self::Turned(of, _) => of.shifts(),
            _ => &[],
        }
    }

    /// All elements as reals.
    pub fn reals(&self) -> Cow<'_, [f32]> {
        if let Self::Reals(reals) = self {
            return Cow::Borrowed(reals);
        }
        if let Self::Turned(of, rotation) = self {
            return Cow::Owned(rotation.turn(&of.reals()));
        }
        let mut reals = vec![0.0; self.len()];
        self.blocks().for_each(|block| self.fill(block.start, &mut reals[block]));
        Cow::Owned(reals)
    }

    /// The same value, with nothing left to be done.
    pub fn settled(self) -> Self {
        match self {
            Self::Sums(_) | Self::Clipped(..) | Self::Added(..) => Self::Reals(self.reals().into_owned()),
            _ => self,
        }
    }

    /// The codes of its elements, those of `samples` samples.
    pub fn codes_on(&self, grid: &Grid, samples: usize) -> Codes {
        grid.coded(self.coded(|reals, codes| grid.code_onto(reals, codes)), samples)
    }

    /// The same of codes of 16 bits.
    pub fn wide_on(&self, grid: &Grid, samples: usize) -> Wide {
        grid.coded_wide(self.coded(|reals, codes| grid.code_wide_onto(reals, codes)), samples)
    }

    /// The codes of all elements, block by block.
    fn coded<T>(&self, code: impl Fn(&[f32], &mut Vec<T>)) -> Vec<T> {
        let mut codes = Vec::with_capacity(self.len());
        let mut reals = [0.0; BLOCK];
        for block in self.blocks() {
            let reals = &mut reals[..block.len()];
            self.fill(block.start, reals);
            code(reals, &mut codes);
        }
        codes
    }

    fn blocks(&self) -> impl Iterator<Item = std::ops::Range<usize>> + use<> {
        blocks(self.len())
    }

    /// Some elements, at most a block, from one on.
    fn fill(&self, from: usize, out: &mut [f32]) {
        match self {
            Self::Reals(reals) => out.copy_from_slice(&reals[from..from + out.len()]),
            Self::Codes(of) => {
                let (zero, scale) = (f32::from(of.zero_point), of.scale);
                let codes = &of.codes.data()[from..from + out.len()];
                each(out, codes, |_, &code| (f32::from(code) - zero) * scale);
            }
            Self::Grouped(grouped) => grouped.fill(from, out),
            Self::Tokens(tokens) => tokens.fill(from, out),
            Self::Wide(wide) => {
                let scale = wide.scale;
                each(out, &wide.codes.data()[from..], |_, &code| f32::from(code) * scale);
            }
            Self::Turned(..) => unreachable!("channels are rotated back before an element is read alone"),
            Self::Sums(scaled) => scaled.fill(from, out),
            Self::Clipped(of, low, high) => {
                of.fill(from, out);
                clip(out, *low, *high);
            }
            Self::Added(a, b) => {
                let mut other = [0.0; BLOCK];
                let other = &mut other[..out.len()];
                a.fill(from, out);
                b.fill(from, other);
                each(out, other, |a, b| a + b);
            }
        }
    }
}

/// The real values of sums [samples, channels, positions]: each channel has a factor and a constant, and where tokens have scales
/// each position of a sample one of them.
pub(super) fn of_places<S: Copy>(
    (sums, real): (&[S], impl Fn(S) -> f32),
    (factors, constants): (&[f32], &[f32]),
    positions: usize,
    scales: Option<&[f32]>,
) -> Vec<f32> {
    let mut reals = Vec::with_capacity(sums.len());
    for (row, sums) in sums.chunks_exact(positions).enumerate() {
        let (sample, channel) = (row / factors.len(), row % factors.len());
        let value = |(place, sum): (usize, &S)| {
            let scale = scales.map_or(1.0, |scales| scales[sample * positions + place]);
            real(*sum) * (factors[channel] * scale) + constants[channel]
        };
        reals.extend(sums.iter().enumerate().map(value));
    }
    reals
}

impl Grouped {
    fn fill(&self, from: usize, out: &mut [f32]) {
        let Self { codes, shifts, layout } = self;
        for (at, value) in out.iter_mut().enumerate() {
            *value = layout.number(codes.codes.data(), shifts, from + at) * codes.scale;
        }
    }
}

impl Scaled {
    /// The codes of what becomes of each element, behind those that are there, which are of the samples before.
    pub fn code_onto(&self, steps: &[Then], grid: &Grid, codes: &mut Vec<u8>) {
        let first = codes.len();
        if AtOnce::of(self, steps, first).is_some_and(|reals| grid.code_made_onto(reals, codes)) {
            return;
        }
        let (mut reals, mut others) = ([0.0; BLOCK], [0.0; BLOCK]);
        for block in blocks(self.sums.len()) {
            let (reals, others) = (&mut reals[..block.len()], &mut others[..block.len()]);
            self.fill(block.start, reals);
            for step in steps {
                match step {
                    Then::Clip(low, high) => clip(reals, *low, *high),
                    Then::Add(of) => {
                        of.fill(first + block.start, others);
                        each(reals, others, |real, other| real + other);
                    }
                }
            }
            grid.code_onto(reals, codes);
        }
    }

    fn fill(&self, from: usize, out: &mut [f32]) {
        let (mut sums, mut at, mut rest) = (&self.sums[from..], from, out);
        while !rest.is_empty() {
            // As far as the channel goes.
            let run = (self.positions - at % self.positions).min(rest.len());
            let channel = at / self.positions % self.factors.len();
            let (factor, constant) = (self.factors[channel], self.constants[channel]);
            let (head, tail) = rest.split_at_mut(run);
            each(head, sums, |_, &sum| sum as f32 * factor + constant);
            (sums, at, rest) = (&sums[run..], at + run, tail);
        }
    }
}

/// What mostly becomes of sums, in one pass: their real values, that of a code added to each, held within two bounds.
struct AtOnce<'a> {
    of: &'a Scaled,
    /// With those of the samples before.
    added: Option<&'a Codes>,
    first: usize,
    within: (f32, f32),
}

impl<'a> AtOnce<'a> {
    /// Of sums behind the first ones so many, where the steps are no others.
    fn of(of: &'a Scaled, mut steps: &'a [Then], first: usize) -> Option<Self> {
        let mut added = None;
        if let [Then::Add(other), rest @ ..] = steps
            && let Held::Codes(codes) = &**other
        {
            (added, steps) = (Some(codes), rest);
        }
        let within = match steps {
            [] => (f32::NEG_INFINITY, f32::INFINITY),
            [Then::Clip(low, high)] => (*low, *high),
            _ => return None,
        };
        Some(Self { of, added, first, within })
    }
}

impl Reals for AtOnce<'_> {
    fn len(&self) -> usize {
        self.of.sums.len()
    }

    #[inline(always)]
    fn each<T>(self, codes: &mut [T], code: impl Fn(f32) -> T) {
        let Self { of: Scaled { sums, factors, constants, positions }, added, first, within: (low, high) } =
            self;
        let lines = factors.iter().zip(constants.iter()).cycle();
        let all = codes.chunks_mut(*positions).zip(sums.chunks(*positions)).zip(lines);
        for (at, ((codes, sums), (factor, constant))) in all.enumerate() {
            let real = |sum: i32| sum as f32 * factor + constant;
            let all = codes.iter_mut().zip(sums);
            let Some(added) = added else {
                all.for_each(|(to, sum)| *to = code(real(*sum).clamp(low, high)));
                continue;
            };
            let (zero, scale) = (f32::from(added.zero_point), added.scale);
            let others = &added.codes.data()[first + at * positions..];
            all.zip(others).for_each(|((to, sum), other)| {
                *to = code((real(*sum) + (f32::from(*other) - zero) * scale).clamp(low, high));
            });
        }
    }
}

/// So many elements by those that are made together.
fn blocks(len: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    (0..len).step_by(BLOCK).map(move |start| start..len.min(start + BLOCK))
}

fn clip(reals: &mut [f32], low: f32, high: f32) {
    widest(
        #[inline(always)]
        move || reals.iter_mut().for_each(|x| *x = x.clamp(low, high)),
    );
}

/// Makes every element from what it was and from another one.
fn each<T>(out: &mut [f32], of: &[T], make: impl Fn(f32, &T) -> f32) {
    widest(
        #[inline(always)]
        move || out.iter_mut().zip(of).for_each(|(x, of)| *x = make(*x, of)),
    );
}

#[cfg(test)]
mod tests {
    use super::super::grid::Scheme;
    use super::*;
    use crate::rng::Stream;
    use crate::tensor::Tensor;

    /// Two samples of three channels, in planes that blocks do not divide.
    #[test]
    fn what_waits_is_what_each_element_would_have_been() {
        const CHANNELS: usize = 3;
        const PLANE: usize = 731;
        let mut stream = Stream::new(3, "test.held", 0);
        let sums: Vec<i32> = (0..2 * CHANNELS * PLANE).map(|_| stream.below(2001) as i32 - 1000).collect();
        let (factors, constants) = ([0.25f32, 0.5, 0.125], [1.0f32, -2.0, 0.5]);
        let grid = Grid::new(Scheme::Affine, 8, -20.0, 90.0);
        let shortcut_codes: Vec<u8> = sums.iter().map(|sum| sum.rem_euclid(256) as u8).collect();

        let scaled = Scaled {
            sums: sums.clone(),
            factors: factors.to_vec(),
            constants: constants.into(),
            positions: PLANE,
        };
        let codes = Tensor::new([2, CHANNELS * PLANE], shortcut_codes.clone()).unwrap();
        let (scale, zero_point) = (0.75, 100);
        let other = Held::Codes(Codes { codes, scale, zero_point, bits: 8 });
        let added = Held::Added(Arc::new(Held::Sums(scaled)), Arc::new(other));
        let held = Held::Clipped(Arc::new(added), 0.0, 60.0);

        let element = |(at, sum): (usize, &i32)| {
            let channel = at / PLANE % CHANNELS;
            let shortcut = (f32::from(shortcut_codes[at]) - 100.0) * 0.75;
            (*sum as f32 * factors[channel] + constants[channel] + shortcut).clamp(0.0, 60.0)
        };
        let expected: Vec<f32> = sums.iter().enumerate().map(element).collect();
        assert_eq!(*held.reals(), expected);
        let shortcut = |held: &Held| match held {
            Held::Added(_, other) => other.clone(),
            _ => unreachable!("the other one of two"),
        };
        let Held::Clipped(added, ..) = &held else { unreachable!("it is held within bounds") };
        let steps = [Then::Add(shortcut(added)), Then::Clip(0.0, 60.0)];
        let bound_first = |(at, sum): (usize, &i32)| {
            let channel = at / PLANE % CHANNELS;
            let shortcut = (f32::from(shortcut_codes[at]) - 100.0) * 0.75;
            ((*sum as f32 * factors[channel] + constants[channel]).clamp(-5.0, 5.0) + shortcut)
                .clamp(0.0, 60.0)
        };
        let bound_first: Vec<f32> = sums.iter().enumerate().map(bound_first).collect();
        // One sample after the other; in several passes where bounds come first, or signs are kept.
        for (grid, steps, expected) in [
            (grid, &steps[..], grid.code(&expected)),
            (grid.keeping_signs(true), &steps, grid.keeping_signs(true).code(&expected)),
            (
                grid,
                &[Then::Clip(-5.0, 5.0), Then::Add(shortcut(added)), Then::Clip(0.0, 60.0)],
                grid.code(&bound_first),
            ),
        ] {
            let mut codes = vec![];
            for sums in sums.chunks(CHANNELS * PLANE) {
                let (factors, constants) = (factors.to_vec(), constants.into());
                let part = Scaled { sums: sums.to_vec(), factors, constants, positions: PLANE };
                part.code_onto(steps, &grid, &mut codes);
            }
            assert_eq!(codes, expected);
        }
        let codes = held.codes_on(&grid, 2);
        assert_eq!(codes.codes.data(), grid.code(&expected));
        assert_eq!(codes.codes.shape(), [2, CHANNELS * PLANE]);
        assert_eq!(*held.settled().reals(), expected);
    }
}
