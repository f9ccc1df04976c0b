//! Other weight codes whose products come nearest to those of the layer's weights.

use crate::kernel::{CODES, Counts, Products};

/// What is to be small about the error of a weight's products.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Goal {
    /// Its mean square.
    Square,
    /// Its variance: a constant per output channel takes the mean away afterwards.
    Variance,
}

/// The activations that a layer's weights meet.
pub(super) struct Activations {
    /// How often each code occurs.
    pub counts: Counts,
    /// The code of zero.
    pub zero_point: u8,
}

/// For every weight code below 2^`bits` the one to put in its place: the mean square of `T(w', x) − w·x` over the layer's
/// activations, or its variance, is least. A code that no other beats stays.
///
/// Each cost is a sum over activation codes; `w·x` is a straight line, so four sums per code give all costs, exactly.
///
/// # Source
/// V. Mrazek et al., ALWANN: Automatic Layer-Wise Approximation of Deep Neural Network Accelerators without Retraining,
/// ICCAD 2019 (weight mapping).
pub(super) fn remap(
    activations: &Activations,
    products: &Products,
    (weight_zero, bits): (u8, u32),
    goal: Goal,
) -> [u8; CODES] {
    let codes = || (0..1usize << bits).map(|code| code as u8);
    let rows: Vec<Row> = codes().map(|code| Row::of(activations, |x| products.get(code, x).into())).collect();
    let line = Row::of(activations, |x| i64::from(x) - i64::from(activations.zero_point));
    let mut map = std::array::from_fn(|code| code as u8);
    for weight in codes() {
        let factor = i128::from(weight) - i128::from(weight_zero);
        let cost = |other: u8| rows[usize::from(other)].cost(&line, factor, goal);
        let nearer =
            |(best, least), other| if cost(other) < least { (other, cost(other)) } else { (best, least) };
        map[usize::from(weight)] = codes().fold((weight, cost(weight)), nearer).0;
    }
    map
}

/// Sums over all activations `x` of a function of the code.
struct Row {
    count: i128,
    sum: i128,
    squares: i128,
    /// With the centred activation.
    along: i128,
}

impl Row {
    fn of(activations: &Activations, value: impl Fn(u8) -> i64) -> Self {
        let mut row = Self { count: 0, sum: 0, squares: 0, along: 0 };
        for (code, &count) in activations.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let (count, value) = (i128::from(count), i128::from(value(code as u8)));
            row.count += count;
            row.sum += count * value;
            row.squares += count * value * value;
            row.along += count * value * (code as i128 - i128::from(activations.zero_point));
        }
        row
    }

    /// Count times the sum of squares of (own value − factor · centred activation), without its mean where asked.
    fn cost(&self, line: &Self, factor: i128, goal: Goal) -> i128 {
        let squares = self.squares - 2 * factor * self.along + factor * factor * line.squares;
        let sum = self.sum - factor * line.sum;
        self.count * squares - if goal == Goal::Variance { sum * sum } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Stream;

    /// The cost as it is defined, one activation after the other.
    fn cost(
        activations: &Activations,
        products: [&Products; 2],
        [weight, other]: [u8; 2],
        goal: Goal,
    ) -> f64 {
        let [products, exact] = products;
        let all = || activations.counts.iter().enumerate().map(|(x, &count)| (x as u8, count as f64));
        let error = |x: u8| f64::from(products.get(other, x)) - f64::from(exact.get(weight, x));
        let count: f64 = all().map(|(_, count)| count).sum();
        let mean = all().map(|(x, count)| count * error(x)).sum::<f64>() / count;
        let mean = if goal == Goal::Variance { mean } else { 0.0 };
        all().map(|(x, count)| count * (error(x) - mean).powi(2)).sum::<f64>() / count
    }

    #[test]
    fn no_other_code_costs_less_than_the_one_put_in_a_weights_place() {
        let mut stream = Stream::new(3, "run.remap", 0);
        let exact = Products::exact(128, 40);
        // Products without their lowest bits, and without any structure.
        let cut = |at: usize| exact.get((at >> 8) as u8, at as u8) & !127;
        let wild = |at: usize| cut(at) + stream.below(2000) as i32 - 900;
        let tables = [(0..1 << 16).map(cut).collect::<Vec<i32>>(), (0..1 << 16).map(wild).collect()];
        let mut stream = Stream::new(3, "run.remap", 1);
        let counts = std::array::from_fn(|_| stream.below(4) * stream.below(9));
        let activations = Activations { counts, zero_point: 40 };
        for (table, goal) in tables.iter().flat_map(|t| [Goal::Square, Goal::Variance].map(|goal| (t, goal)))
        {
            let products = Products::new(table);
            for bits in [4, 8] {
                let map = remap(&activations, &products, (128, bits), goal);
                for weight in (0..1usize << bits).step_by(5).map(|code| code as u8) {
                    let cost = |other: u8| cost(&activations, [&products, &exact], [weight, other], goal);
                    let least = (0..1usize << bits).map(|other| cost(other as u8)).fold(f64::MAX, f64::min);
                    let found = cost(map[usize::from(weight)]);
                    assert!(found <= least + 1e-6 * (1.0 + least), "{weight}: {found} {least}");
                }
            }
        }
    }

    #[test]
    fn exact_products_keep_every_code_and_so_does_a_layer_that_saw_nothing() {
        let products = Products::exact(128, 128);
        let same: [u8; CODES] = std::array::from_fn(|code| code as u8);
        for counts in [[1; CODES], [0; CODES]] {
            let activations = Activations { counts, zero_point: 128 };
            for goal in [Goal::Square, Goal::Variance] {
                assert_eq!(remap(&activations, &products, (128, 8), goal), same);
            }
        }
    }
}
