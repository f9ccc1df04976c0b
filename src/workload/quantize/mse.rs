//! The range whose codes have the least mean squared error.

use super::grid::Grid;
use super::range::Range;

/// Ranges that are tried: `whole` times 1/100, 2/100, … 1.
const TRIED: u8 = 100;

/// Of `whole` and the ranges inside it that are tried, both ends drawn in alike, the one whose codes are nearest to
/// `values`; the widest of equals.
///
/// Source: M. Nagel et al., "A White Paper on Neural Network Quantization", arXiv 2106.08295 (2021), section 3.1, by
/// search over a grid.
pub(super) fn range(whole: Range, values: &[f32], grid: &dyn Fn(Range) -> Grid) -> Range {
    let error = |range: &Range| squared_error(&grid(*range), values);
    let tried = tried(whole).map(|range| (error(&range), range));
    tried.min_by(|a, b| a.0.total_cmp(&b.0)).map_or(whole, |(_, range)| range)
}

/// From the widest on.
fn tried((low, high): Range) -> impl Iterator<Item = Range> {
    let share = |part: u8| f32::from(part) / f32::from(TRIED);
    (1..=TRIED).rev().map(move |part| (low * share(part), high * share(part)))
}

/// Sum of the squared differences between values and what their codes stand for.
fn squared_error(grid: &Grid, values: &[f32]) -> f64 {
    let coded = grid.code(values).into_iter().map(|code| grid.value(code));
    values.iter().zip(coded).map(|(value, coded)| f64::from(value - coded).powi(2)).sum()
}

#[cfg(test)]
mod tests {
    use super::super::grid::Scheme;
    use super::*;
    use crate::rng::uniform_at;

    /// What a code stands for, from the definition: the nearest of all codes' values.
    fn nearest_error(scheme: Scheme, bits: u32, (low, high): Range, values: &[f32]) -> f64 {
        let grid = Grid::new(scheme, bits, low, high);
        let first = if scheme == Scheme::Symmetric { 1 } else { 0 };
        let codes: Vec<f32> = (first..1u16 << bits).map(|code| grid.value(code as u8)).collect();
        let distance = |&value: &f32| codes.iter().map(move |code| f64::from(value - code).powi(2));
        values.iter().map(|value| distance(value).fold(f64::INFINITY, f64::min)).sum()
    }

    #[test]
    fn the_range_loses_no_more_than_any_other_that_is_tried() {
        for (scheme, bits) in
            [(Scheme::Symmetric, 8), (Scheme::Affine, 8), (Scheme::Symmetric, 4), (Scheme::Affine, 3)]
        {
            for low in [0.0, -1.0] {
                // A cube of a uniform value: most are small, few are large.
                let value = |at| (low + (1.0 - low) * uniform_at(5, at)).powi(3) as f32;
                let values: Vec<f32> = (0..500).map(value).collect();
                let whole = values.iter().fold((0f32, 0f32), |(low, high), &x| (low.min(x), high.max(x)));
                let grid = |(low, high)| Grid::new(scheme, bits, low, high);
                let chosen = nearest_error(scheme, bits, range(whole, &values, &grid), &values);
                assert!(chosen <= nearest_error(scheme, bits, whole, &values) * (1.0 + 1e-6));
                for hundredths in 1..100 {
                    let share = hundredths as f32 / 100.0;
                    let other = (whole.0 * share, whole.1 * share);
                    let error = nearest_error(scheme, bits, other, &values);
                    assert!(
                        chosen <= error * (1.0 + 1e-6),
                        "{scheme:?}, {bits} bits, {share}: {error} {chosen}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_far_value_among_many_near_ones_is_cut_off_where_codes_are_few() {
        let mut values: Vec<f32> = (0..10_000).map(|at| uniform_at(1, at) as f32).collect();
        values.push(3.0);
        let chosen =
            |bits: u32| range((0.0, 3.0), &values, &|(low, high)| Grid::new(Scheme::Affine, bits, low, high));
        assert!((0.9..1.3).contains(&chosen(4).1), "{:?}", chosen(4));
        assert_eq!(chosen(8).0, 0.0);
        assert!(chosen(8).1 > chosen(4).1, "{:?}", chosen(8));
    }
}
