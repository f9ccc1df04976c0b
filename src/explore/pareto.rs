//! The Pareto front: the points that no other point beats.

/// Indices of the points that no other point equals or beats in every objective while beating it in one.
///
/// Objectives are to be made smaller; equal points are all kept. Indices come in ascending order.
///
/// ```
/// use axsim::explore::pareto::front;
/// assert_eq!(front(&[vec![1.0, 3.0], vec![2.0, 2.0], vec![2.0, 3.0]]), [0, 1]);
/// ```
pub fn front(points: &[Vec<f64>]) -> Vec<usize> {
    let beaten = |point: &Vec<f64>| points.iter().any(|other| dominates(other, point));
    (0..points.len()).filter(|&at| !beaten(&points[at])).collect()
}

/// Whether `a` is nowhere worse than `b` and somewhere better.
pub fn dominates(a: &[f64], b: &[f64]) -> bool {
    a.iter().zip(b).all(|(a, b)| a <= b) && a.iter().zip(b).any(|(a, b)| a < b)
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn every_point_off_the_front_is_beaten_by_one_on_it(
            points in proptest::collection::vec(proptest::collection::vec(0u8..6, 3), 1..40)
        ) {
            let points: Vec<Vec<f64>> =
                points.iter().map(|point| point.iter().map(|&x| f64::from(x)).collect()).collect();
            let front = front(&points);
            for (at, point) in points.iter().enumerate() {
                let beaten = front.iter().any(|&best| dominates(&points[best], point));
                proptest::prop_assert_eq!(beaten, !front.contains(&at));
            }
        }
    }
}
