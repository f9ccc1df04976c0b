//! Objects found in a picture: decoding, suppression of repeats, mean average precision.

use serde::{Deserialize, Serialize};

/// Left, top, right and bottom of a box; both axes run from 0 to 1.
pub type Corners = [f32; 4];

/// An object that a network claims to see.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Detection {
    /// Class, from 0.
    pub class: usize,
    /// How sure the network is, from 0 to 1.
    pub score: f32,
    /// Where it is.
    pub corners: Corners,
}

/// Decodes one candidate per cell of a square grid: [1 + 4 + classes, side, side] with an objectness, a box and
/// probabilities that are activated already.
///
/// The class is the most probable one, the score objectness^0.6 · probability^0.4; the box's centre is the cell plus the
/// hyperbolic tangent of its first two values, its size the logistic function of the others. Candidates below
/// `floor` are left out. Source: the decoder of FastestDet.
///
/// ```
/// use axsim::workload::score::decode_cells;
/// let found = decode_cells(&[1.0, 0.0, 0.0, 0.0, 0.0, 0.2, 1.0], 1, 0.5);
/// assert_eq!((found[0].class, found[0].corners), (1, [-0.25, -0.25, 0.25, 0.25]));
/// ```
pub fn decode_cells(output: &[f32], side: usize, floor: f32) -> Vec<Detection> {
    let cells = side * side;
    let channels = output.len() / cells.max(1);
    let decode = |cell: usize| {
        let at = |channel: usize| output[channel * cells + cell];
        let class = (5..channels).rev().max_by(|&a, &b| at(a).total_cmp(&at(b)))?;
        let score = at(0).powf(0.6) * at(class).powf(0.4);
        let logistic = |x: f32| 1.0 / (1.0 + (-x).exp());
        let x = ((cell % side) as f32 + at(1).tanh()) / side as f32;
        let y = ((cell / side) as f32 + at(2).tanh()) / side as f32;
        let (width, height) = (logistic(at(3)) / 2.0, logistic(at(4)) / 2.0);
        let corners = [x - width, y - height, x + width, y + height];
        (score > floor).then_some(Detection { class: class - 5, score, corners })
    };
    (0..cells).filter_map(decode).collect()
}

/// Decodes candidates whose boxes are decoded already: `scores` [n, classes] with the background first, `boxes` [n, 4].
///
/// Every class but the background is a candidate of its own; those at or below `floor` are left out.
///
/// ```
/// use axsim::workload::score::decode_corners;
/// let found = decode_corners(&[0.1, 0.9], &[0.0, 0.0, 0.5, 0.5], 0.7);
/// assert_eq!((found[0].class, found[0].score), (0, 0.9));
/// ```
pub fn decode_corners(scores: &[f32], boxes: &[f32], floor: f32) -> Vec<Detection> {
    let (boxes, _) = boxes.as_chunks::<4>();
    let classes = scores.len() / boxes.len().max(1);
    let mut found = vec![];
    for (corners, scores) in boxes.iter().zip(scores.chunks_exact(classes.max(1))) {
        let sure = scores.iter().enumerate().skip(1).filter(|(_, score)| **score > floor);
        found.extend(sure.map(|(class, &score)| Detection { class: class - 1, score, corners: *corners }));
    }
    found
}

/// Area of what two boxes share, divided by that of both together.
pub(super) fn overlap(a: &Corners, b: &Corners) -> f32 {
    let area = |c: &Corners| (c[2] - c[0]).max(0.0) * (c[3] - c[1]).max(0.0);
    let shared = area(&[a[0].max(b[0]), a[1].max(b[1]), a[2].min(b[2]), a[3].min(b[3])]);
    shared / (area(a) + area(b) - shared).max(f32::MIN_POSITIVE)
}

/// Keeps of each class the surest detection and drops all that overlap one that is kept by more than `limit`.
///
/// ```
/// use axsim::workload::score::{Detection, suppress};
/// let at = |x, score| Detection { class: 0, score, corners: [x, 0.0, x + 1.0, 1.0] };
/// assert_eq!(suppress(vec![at(0.1, 0.8), at(0.0, 0.9), at(0.9, 0.7)], 0.45).len(), 2);
/// ```
pub fn suppress(mut detections: Vec<Detection>, limit: f32) -> Vec<Detection> {
    detections.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut kept: Vec<Detection> = vec![];
    for one in detections {
        let repeats =
            |other: &Detection| other.class == one.class && overlap(&other.corners, &one.corners) > limit;
        if !kept.iter().any(repeats) {
            kept.push(one);
        }
    }
    kept
}

/// Mean over the classes that occur of the average precision at 101 recalls.
///
/// `found` and `truth` hold one list per picture. A detection is right when it overlaps an object of its class that no
/// surer detection has taken by at least `limit`. Source: the evaluation of COCO.
///
/// # Panics
/// When there are more pictures in `found` than in `truth`.
///
/// ```
/// use axsim::workload::score::{Detection, mean_average_precision};
/// let corners = [0.0, 0.0, 1.0, 1.0];
/// let found = vec![vec![Detection { class: 3, score: 0.5, corners }]];
/// assert_eq!(mean_average_precision(&found, &[vec![(3, corners)]], 0.5), 1.0);
/// ```
pub fn mean_average_precision(found: &[Vec<Detection>], truth: &[Vec<(usize, Corners)>], limit: f32) -> f64 {
    let mut classes: Vec<usize> = truth.iter().flatten().map(|(class, _)| *class).collect();
    classes.sort_unstable();
    classes.dedup();
    let sum: f64 = classes.iter().map(|&class| average_precision(found, truth, class, limit)).sum();
    sum / classes.len().max(1) as f64
}

fn average_precision(
    found: &[Vec<Detection>],
    truth: &[Vec<(usize, Corners)>],
    class: usize,
    limit: f32,
) -> f64 {
    let of_class = |picture: usize| {
        found[picture].iter().filter(|one| one.class == class).map(move |one| (picture, one))
    };
    let mut order: Vec<(usize, &Detection)> = (0..found.len()).flat_map(of_class).collect();
    order.sort_by(|a, b| b.1.score.total_cmp(&a.1.score));
    let objects = truth.iter().flatten().filter(|(own, _)| *own == class).count();
    let mut taken: Vec<Vec<bool>> = truth.iter().map(|objects| vec![false; objects.len()]).collect();
    let (mut right, mut curve) = (0, vec![]);
    for (seen, (picture, one)) in order.into_iter().enumerate() {
        let free =
            (0..truth[picture].len()).filter(|&at| truth[picture][at].0 == class && !taken[picture][at]);
        let near = |at: usize| (overlap(&truth[picture][at].1, &one.corners), at);
        let best = free.map(near).max_by(|a, b| a.0.total_cmp(&b.0)).filter(|(shared, _)| *shared >= limit);
        if let Some((_, at)) = best {
            taken[picture][at] = true;
            right += 1;
        }
        curve.push((right as f64 / objects as f64, right as f64 / (seen + 1) as f64));
    }
    // At each recall the best precision that is reached there or later.
    let at = |recall: f64| {
        let reached = curve.iter().filter(|(own, _)| *own >= recall).map(|(_, precision)| *precision);
        reached.fold(0.0, f64::max)
    };
    (0..=100).map(|percent| at(f64::from(percent) / 100.0)).sum::<f64>() / 101.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_miss_and_a_false_alarm_cost_precision_by_hand() {
        let place = |x: f32| [x, 0.0, x + 0.1, 0.1];
        let one = |x: f32, score: f32| Detection { class: 0, score, corners: place(x) };
        let truth = [vec![(0, place(0.0)), (0, place(0.5))]];
        // Right, wrong, right: precision 1 up to a recall of a half (51 of the 101), then two thirds.
        let found = [vec![one(0.0, 0.9), one(0.8, 0.8), one(0.5, 0.7)]];
        let expected = (51.0 + 50.0 * 2.0 / 3.0) / 101.0;
        assert!((mean_average_precision(&found, &truth, 0.5) - expected).abs() < 1e-12);
        // A second detection of the same object is a false alarm.
        let found = [vec![one(0.0, 0.9), one(0.001, 0.8)]];
        assert!((mean_average_precision(&found, &truth, 0.5) - 51.0 / 101.0).abs() < 1e-12);
    }
}
