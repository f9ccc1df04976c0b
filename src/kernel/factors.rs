//! Tables of products as sums of a few products of one factor a code: what exact units for 8-bit integers compute.
//!
//! Many approximate multipliers only change their operands before they multiply: cut bits, choose a segment, round.
//! Their tables have a small rank over the integers, and each term of it is an exact product of two bytes. Terms are
//! checked against every entry when they are found, so that sums of them are the table's bit for bit.

use super::plan::{Form, Unfit};

/// More terms than this cost more than looking products up.
const TERMS: usize = 5;
/// Steps of shortening after which vectors are taken as they are.
const ROUNDS: usize = 200;

/// Codes of one operand that may be left out because their factors do not fit a byte: the most negative one, mostly.
const EXCEPTIONS: usize = 2;

/// Products as a sum of terms: scale · weight factor · activation factor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Factors {
    pub(super) terms: Vec<Term>,
    /// Weight codes and activation codes whose products the terms do not give.
    exceptions: [Vec<u8>; 2],
}

/// One term: scale · (weight + weight offset) · (activation + activation offset).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Term {
    pub(super) scale: i32,
    pub(super) weights: [i8; 256],
    pub(super) weight_offset: i32,
    pub(super) activations: [u8; 256],
    pub(super) activation_offset: i32,
}

impl Factors {
    /// The terms of a table (row: weight code, column: activation code).
    pub(super) fn find(rows: &[[i32; 256]]) -> Result<Self, Unfit> {
        let mut basis = Basis::default();
        for row in rows {
            basis.insert(row.iter().map(|&entry| i64::from(entry)).collect()).ok_or(Unfit::Large)?;
        }
        // Shorter vectors may come at the price of longer coordinates.
        Self::over(&basis, rows).or_else(|first| {
            basis.reduce();
            Self::over(&basis, rows).map_err(|second| first.max(second))
        })
    }

    fn over(basis: &Basis, rows: &[[i32; 256]]) -> Result<Self, Unfit> {
        Self::along(basis, rows).ok_or(Unfit::Large)?.verified(rows)
    }

    /// A term for each vector of a basis, unless one is too wide.
    fn along(basis: &Basis, rows: &[[i32; 256]]) -> Option<Self> {
        let weights: Vec<Vec<i64>> = rows.iter().map(|row| basis.coordinates(row)).collect::<Option<_>>()?;
        let mut found = Self { terms: vec![], exceptions: [vec![], vec![]] };
        for (at, activations) in basis.vectors.iter().enumerate() {
            let weights: Vec<i64> = weights.iter().map(|row| row[at]).collect();
            found.terms.push(Term::new(&weights, activations, &mut found.exceptions)?);
        }
        found.exceptions.iter().all(|codes| codes.len() <= EXCEPTIONS).then_some(found)
    }

    /// Whether there are more terms; [`Unfit::Large`] where there are not.
    pub(super) fn more_than(&self, most: usize) -> Result<(), Unfit> {
        if self.terms.len() > most { Ok(()) } else { Err(Unfit::Large) }
    }

    /// Whether the terms give every product of these codes.
    pub(super) fn cover(&self, weights: &[u8], activations: &[u8]) -> bool {
        let [of_weights, of_activations] = &self.exceptions;
        let without = |codes: &[u8], exceptions: &[u8]| exceptions.iter().all(|code| !codes.contains(code));
        without(weights, of_weights) && without(activations, of_activations)
    }

    /// The product that the terms give.
    pub(super) fn product(&self, weight: usize, activation: usize) -> i64 {
        self.terms.iter().map(|term| term.product(weight, activation)).sum()
    }
}

impl Form for Factors {
    const NAME: &str = "few terms";

    fn gives(&self, weight: u8, row: &[i32; 256]) -> bool {
        let [of_weights, of_activations] = &self.exceptions;
        let equal = |x: usize| {
            self.product(weight.into(), x) == i64::from(row[x]) || of_activations.contains(&(x as u8))
        };
        of_weights.contains(&weight) || (0..256).all(equal)
    }
}

impl Term {
    fn new(weights: &[i64], activations: &[i64], exceptions: &mut [Vec<u8>; 2]) -> Option<Self> {
        // Products of 32 bits have no factors beyond these, but lattices that grew too long have.
        let small = |values: &[i64]| values.iter().all(|value| value.unsigned_abs() < 1 << 32);
        if !small(weights) || !small(activations) {
            return None;
        }
        let ((of_weights, weights), (of_activations, activations)) = (divided(weights), divided(activations));
        // Weights around 0 need no offset, which would cost a sum of activations.
        let fits =
            |offset: i64| weights.iter().filter(|&&weight| i8::try_from(weight - offset).is_ok()).count();
        let weight_offset = if fits(0) >= 256 - EXCEPTIONS { 0 } else { offset(&weights)? + 128 };
        let activation_offset = offset(&activations)?;
        let fit = |values: &[i64], offset: i64, range: [i64; 2], exceptions: &mut Vec<u8>| {
            let fitted = values.iter().enumerate().map(|(code, value)| {
                let within = (value - offset).clamp(range[0], range[1]);
                if within != value - offset && !exceptions.contains(&(code as u8)) {
                    exceptions.push(code as u8);
                }
                within
            });
            fitted.collect::<Vec<i64>>()
        };
        let weights = fit(&weights, weight_offset, [-128, 127], &mut exceptions[0]);
        let activations = fit(&activations, activation_offset, [0, 255], &mut exceptions[1]);
        Some(Self {
            scale: i32::try_from(of_weights.checked_mul(of_activations)?).ok()?,
            weights: std::array::from_fn(|code| weights[code] as i8),
            weight_offset: i32::try_from(weight_offset).ok()?,
            activations: std::array::from_fn(|code| activations[code] as u8),
            activation_offset: i32::try_from(activation_offset).ok()?,
        })
    }

    fn product(&self, weight: usize, activation: usize) -> i64 {
        let activation = i64::from(self.activations[activation]) + i64::from(self.activation_offset);
        let weight = i64::from(self.weights[weight]) + i64::from(self.weight_offset);
        i64::from(self.scale) * weight * activation
    }
}

/// Where a window of 256 values begins that leaves out as few of these as any.
fn offset(values: &[i64]) -> Option<i64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let held = |start: &i64| sorted.iter().filter(|value| (*start..*start + 256).contains(value)).count();
    sorted.iter().copied().rev().max_by_key(held)
}

/// Independent integer vectors that span a lattice, each with a column where it alone decides.
#[derive(Debug, Default)]
struct Basis {
    vectors: Vec<Vec<i64>>,
    /// Columns in which the vectors form a triangle before they are reduced.
    pivots: Vec<usize>,
}

impl Basis {
    /// Widens the lattice by a vector; `None` when it then has too many dimensions.
    ///
    /// Vectors and the newcomer are combined as Euclid does with two numbers, until the newcomer is 0 in every pivot.
    fn insert(&mut self, mut new: Vec<i64>) -> Option<()> {
        for at in 0..self.vectors.len() {
            let pivot = self.pivots[at];
            let own = &mut self.vectors[at];
            while new[pivot] != 0 {
                let times = own[pivot] / new[pivot];
                subtract(own, &new, times);
                std::mem::swap(own, &mut new);
            }
        }
        let Some(pivot) = new.iter().position(|value| *value != 0) else { return Some(()) };
        self.vectors.push(new);
        self.pivots.push(pivot);
        (self.vectors.len() <= TERMS).then_some(())
    }

    /// Shortens vectors by one another, as long as that helps.
    fn reduce(&mut self) {
        let dot = |a: &[i64], b: &[i64]| a.iter().zip(b).map(|(a, b)| *a as f64 * *b as f64).sum::<f64>();
        // Each step shortens a vector, but for what rounding does to very long ones.
        for _ in 0..ROUNDS {
            let mut steps = pairs(self.vectors.len()).filter_map(|(long, short)| {
                let ratio = dot(&self.vectors[long], &self.vectors[short])
                    / dot(&self.vectors[short], &self.vectors[short]);
                (ratio.abs() > 0.5 + 1e-9).then_some((long, short, ratio.round() as i64))
            });
            let first = steps.next();
            let Some((long, short, times)) = first else { return };
            let short = self.vectors[short].clone();
            subtract(&mut self.vectors[long], &short, times);
        }
    }

    /// How often each vector is in another one of the lattice.
    ///
    /// Solved by least squares in floating point and rounded: the caller checks every product.
    fn coordinates(&self, row: &[i32; 256]) -> Option<Vec<i64>> {
        let count = self.vectors.len();
        let value = |at: usize, column: usize| {
            if at < count { self.vectors[at][column] } else { i64::from(row[column]) }
        };
        let dot = |a: usize, b: usize| (0..256).map(|x| value(a, x) as f64 * value(b, x) as f64).sum::<f64>();
        let mut system: Vec<Vec<f64>> =
            (0..count).map(|a| (0..=count).map(|b| dot(a, b)).collect()).collect();
        for at in 0..count {
            let pivot = system[at].clone();
            for other in (0..count).filter(|other| *other != at) {
                let times = system[other][at] / pivot[at];
                system[other].iter_mut().zip(&pivot).for_each(|(value, pivot)| *value -= times * pivot);
            }
        }
        let found = (0..count).map(|at| (system[at][count] / system[at][at]).round());
        found.map(|times| (times.abs() < 1e15).then_some(times as i64)).collect()
    }
}

/// Ordered pairs of different numbers below a count.
fn pairs(count: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..count).flat_map(move |a| (0..count).filter(move |b| *b != a).map(move |b| (a, b)))
}

fn subtract(from: &mut [i64], what: &[i64], times: i64) {
    from.iter_mut().zip(what).for_each(|(from, what)| *from = from.wrapping_sub(what.wrapping_mul(times)));
}

/// The greatest common divisor, at least 1, and what remains of the values.
fn divided(values: &[i64]) -> (i64, Vec<i64>) {
    let gcd = |mut a: u64, mut b: u64| {
        while b != 0 {
            (a, b) = (b, a % b);
        }
        a
    };
    let common = (values.iter().fold(0, |all, value| gcd(all, value.unsigned_abs())) as i64).max(1);
    (common, values.iter().map(|value| value / common).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{columns_cut, rows};
    use super::*;

    fn terms(rows: &[[i32; 256]]) -> Option<usize> {
        Factors::find(rows).ok().map(|factors| factors.terms.len())
    }

    /// The four bits from the leading one on, the lowest of them set where bits are cut off.
    fn dynamic_range(value: i32) -> i32 {
        let cut = (28 - value.leading_zeros() as i32).max(0);
        if cut == 0 { value } else { (value >> cut | 1) << cut }
    }

    /// The pairs of bits that are both 1, as a number.
    fn threes(value: i32) -> i32 {
        value & value >> 1 & 0x55
    }

    /// Counts by algebra: one term where each operand is changed by itself (DRUM, cut bits), a product of 2×2 blocks
    /// (3 · 3 = 7) is the exact one less twice a product of its threes, and two columns cut are three bit products less.
    #[test]
    fn multipliers_that_change_their_operands_have_few_terms() {
        let signed = |code: i32| code - 128;
        for (name, rows, expected) in [
            ("exact", rows(|w, x| w * x), Some(1)),
            ("signed", rows(|w, x| signed(w) * signed(x)), Some(1)),
            ("cut bits", rows(|w, x| 16 * (signed(w) >> 2) * (signed(x) >> 2)), Some(1)),
            ("dynamic range", rows(|w, x| dynamic_range(w) * dynamic_range(x)), Some(1)),
            ("blocks", rows(|w, x| w * x - 2 * threes(w) * threes(x)), Some(2)),
            ("two columns", rows(|w, x| columns_cut(2, w, x)), Some(3)),
            ("eight columns", rows(|w, x| columns_cut(8, w, x)), None),
        ] {
            assert_eq!(terms(&rows), expected, "{name}");
        }
    }

    /// The most negative code of a signed operand falls out of a byte once it is rounded away from zero.
    #[test]
    fn a_code_whose_factor_does_not_fit_is_left_out() {
        let round =
            |code: i32| if code < 128 { -dynamic_range(128 - code) } else { dynamic_range(code - 128) };
        let found = Factors::find(&rows(|w, x| round(w) * round(x))).unwrap();
        assert_eq!((found.terms.len(), &found.exceptions), (1, &[vec![0], vec![0]]));
        assert!(found.cover(&[1, 255], &[1, 255]) && !found.cover(&[0], &[1]) && !found.cover(&[1], &[0]));
    }

    #[test]
    fn a_term_with_a_wrong_factor_fails_the_check_on_all_products() {
        let rows = rows(|w, x| columns_cut(2, w, x));
        let right = Factors::find(&rows).unwrap();
        assert_eq!(right.clone().verified(&rows), Ok(right.clone()));
        let mut wrong = right.clone();
        wrong.terms[2].weights[255] ^= 1;
        assert_eq!(wrong.clone().verified(&rows), Err(Unfit::Wrong));
        wrong.exceptions[0].push(255);
        assert!(wrong.verified(&rows).is_ok(), "a code that is left out is not asked for");
    }

    #[test]
    fn a_table_without_structure_has_none_and_a_constant_one_has() {
        let mut stream = crate::rng::Stream::new(1, "kernel.factors", 0);
        let noise: Vec<i32> = (0..1 << 16).map(|_| stream.below(1 << 16) as i32).collect();
        assert_eq!(terms(&rows(|w, x| noise[(w << 8 | x) as usize])), None);
        assert_eq!(terms(&rows(|_, _| 0)), Some(0));
        assert_eq!(terms(&rows(|_, _| -7)), Some(1));
        // One entry off the exact product is one more term.
        assert_eq!(terms(&rows(|w, x| w * x + i32::from(w == 3 && x == 5))), Some(2));
    }

    proptest! {
        #[test]
        fn sums_of_terms_are_found_again(seed: u64, count in 1usize..4) {
            let mut stream = crate::rng::Stream::new(seed, "kernel.factors", 0);
            let mut byte = || stream.below(256) as i32;
            let parts: Vec<[Vec<i32>; 2]> =
                (0..count).map(|_| [(); 2].map(|()| (0..256).map(|_| byte() - 128).collect())).collect();
            let entry = |w: i32, x: i32| parts.iter().map(|[a, b]| a[w as usize] * b[x as usize]).sum();
            let rows = rows(entry);
            // Whatever is found is the table; one random term is always found.
            let found = Factors::find(&rows);
            prop_assert!(count > 1 || found.is_ok());
            prop_assert_ne!(found.as_ref().err(), Some(&Unfit::Wrong));
            if let Ok(found) = found {
                let codes: Vec<u8> = (0..=255).collect();
                let covered = |w: usize, x: usize| found.cover(&[w as u8], &[x as u8]);
                let right = |w: usize, x: usize| !covered(w, x) || found.product(w, x) == i64::from(rows[w][x]);
                prop_assert!((0..256).all(|w| (0..256).all(|x| right(w, x))));
                prop_assert_eq!(found.cover(&codes, &codes), found.exceptions.iter().all(Vec::is_empty));
            }
        }
    }
}
