//! Detections that were compared with what is true, so that precision under any weights of the pictures costs little.

use serde::{Deserialize, Serialize};

use super::detection::overlap;
use super::{Corners, Detection};

/// From which overlap on two boxes are of one object.
pub(super) const SAME: f32 = 0.5;

/// A detection and whether it is of an object that no surer one is of.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// What was detected.
    #[serde(flatten)]
    pub detection: Detection,
    /// Whether it is right.
    pub right: bool,
}

/// What was found in a picture, the surest first, and the classes of the objects that are in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Picture {
    /// Detections.
    pub found: Vec<Found>,
    /// Classes of objects.
    pub objects: Vec<usize>,
}

impl Picture {
    /// Compares detections, the surest first, with the objects of a picture.
    pub fn of(detections: Vec<Detection>, objects: &[(usize, Corners)]) -> Self {
        let mut free = vec![true; objects.len()];
        let judge = |detection: Detection| {
            let mut near: Option<(f32, usize)> = None;
            for (at, (class, corners)) in objects.iter().enumerate() {
                let shared = overlap(corners, &detection.corners);
                let own = free[at] && *class == detection.class && shared >= SAME;
                if own && near.is_none_or(|(best, _)| shared.total_cmp(&best).is_ge()) {
                    near = Some((shared, at));
                }
            }
            if let Some((_, at)) = near {
                free[at] = false;
            }
            Found { detection, right: near.is_some() }
        };
        let found = detections.into_iter().map(judge).collect();
        Self { found, objects: objects.iter().map(|(class, _)| *class).collect() }
    }
}

/// The detections of a class, the surest first: which picture they are in, and whether they are right.
struct Ranked {
    found: Vec<(usize, bool)>,
    /// Objects of the class by picture.
    objects: Vec<f64>,
}

/// The detections of every class that occurs in the pictures.
pub struct Ranking(Vec<Ranked>);

impl Ranking {
    /// Ranks the detections of pictures.
    pub fn of(pictures: &[Picture]) -> Self {
        let mut classes: Vec<usize> = pictures.iter().flat_map(|picture| picture.objects.clone()).collect();
        classes.sort_unstable();
        classes.dedup();
        let ranked = |class: usize| {
            let of_class = |(at, picture): (usize, &Picture)| {
                let found = picture.found.iter().filter(|one| one.detection.class == class);
                found.map(|one| (at, *one)).collect::<Vec<_>>()
            };
            let mut found: Vec<(usize, Found)> = pictures.iter().enumerate().flat_map(of_class).collect();
            found.sort_by(|a, b| b.1.detection.score.total_cmp(&a.1.detection.score));
            let objects = |picture: &Picture| picture.objects.iter().filter(|own| **own == class).count();
            Ranked {
                found: found.into_iter().map(|(at, one)| (at, one.right)).collect(),
                objects: pictures.iter().map(|picture| objects(picture) as f64).collect(),
            }
        };
        Self(classes.into_iter().map(ranked).collect())
    }

    /// Mean over the classes that occur of the average precision at 101 recalls, each picture counted so many times.
    pub fn precision(&self, weights: &[f64]) -> f64 {
        let of_class = |ranked: &Ranked| ranked.precision(weights);
        let precisions: Vec<f64> = self.0.iter().filter_map(of_class).collect();
        precisions.iter().sum::<f64>() / precisions.len().max(1) as f64
    }
}

impl Ranked {
    /// None where the class does not occur.
    fn precision(&self, weights: &[f64]) -> Option<f64> {
        let objects: f64 = self.objects.iter().zip(weights).map(|(count, weight)| count * weight).sum();
        if objects == 0.0 {
            return None;
        }
        let (mut seen, mut right, mut curve) = (0.0, 0.0, vec![]);
        for &(picture, is_right) in &self.found {
            seen += weights[picture];
            right += if is_right { weights[picture] } else { 0.0 };
            if weights[picture] > 0.0 {
                curve.push((right / objects, right / seen));
            }
        }
        // From the last on, the best precision that is reached there or later.
        let mut best = 0f64;
        for (_, precision) in curve.iter_mut().rev() {
            best = best.max(*precision);
            *precision = best;
        }
        let at = |percent: u32| {
            let reached = curve.partition_point(|(recall, _)| *recall < f64::from(percent) / 100.0);
            curve.get(reached).map_or(0.0, |(_, precision)| *precision)
        };
        Some((0..=100).map(at).sum::<f64>() / 101.0)
    }
}

/// Harmonic mean of the shares of detections that are right and of objects that are found; 1 where there is neither.
pub(super) fn f1(pictures: &[Picture], weights: &[f64]) -> f64 {
    let total = |count: &dyn Fn(&Picture) -> usize| {
        pictures.iter().zip(weights).map(|(picture, weight)| count(picture) as f64 * weight).sum::<f64>()
    };
    let right = total(&|picture| picture.found.iter().filter(|one| one.right).count());
    let all = total(&|picture| picture.found.len() + picture.objects.len());
    if all == 0.0 { 1.0 } else { 2.0 * right / all }
}

/// F1 of detections against those of another run.
pub(super) fn agreement(own: &[Picture], other: &[Picture]) -> f64 {
    let detections = |picture: &Picture| picture.found.iter().map(|one| one.detection).collect();
    let objects = |picture: &Picture| -> Vec<(usize, Corners)> {
        picture.found.iter().map(|one| (one.detection.class, one.detection.corners)).collect()
    };
    let both = own.iter().zip(other).map(|(own, other)| Picture::of(detections(own), &objects(other)));
    f1(&both.collect::<Vec<_>>(), &vec![1.0; own.len()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Stream;
    use crate::workload::score::{mean_average_precision, suppress};

    type Scene = (Vec<Vec<Detection>>, Vec<Vec<(usize, Corners)>>);

    /// Boxes on a coarse raster, so that many overlap and scores tie.
    fn scene(seed: u64) -> Scene {
        let mut stream = Stream::new(seed, "test.pictures", 0);
        let mut corners = || {
            let [x, y] = [0, 1].map(|_| stream.below(6) as f32 / 8.0);
            ([x, y, x + 0.25, y + 0.25], stream.below(3) as usize, stream.below(8) as f32 / 8.0)
        };
        let mut found = vec![];
        let mut truth = vec![];
        for _ in 0..7 {
            let detections = (0..12).map(|_| corners());
            let detections =
                detections.map(|(corners, class, score)| Detection { class, score, corners }).collect();
            found.push(suppress(detections, 0.45));
            truth.push((0..3).map(|_| corners()).map(|(corners, class, _)| (class, corners)).collect());
        }
        (found, truth)
    }

    fn pictures((found, truth): &Scene) -> Vec<Picture> {
        found.iter().zip(truth).map(|(found, truth)| Picture::of(found.clone(), truth)).collect()
    }

    #[test]
    fn ranked_detections_have_the_precision_of_its_definition() {
        for seed in 0..40 {
            let scene = scene(seed);
            let expected = mean_average_precision(&scene.0, &scene.1, SAME);
            let ranking = Ranking::of(&pictures(&scene));
            let found = ranking.precision(&[1.0; 7]);
            assert!((found - expected).abs() < 1e-12, "{seed}: {found} {expected}");
        }
    }

    #[test]
    fn a_weight_counts_a_picture_as_often() {
        // Where scores tie the order among pictures decides, so they are made distinct.
        for seed in 0..40 {
            let (mut found, truth) = scene(seed);
            let mut rank = 0.0;
            for one in found.iter_mut().flatten() {
                rank += 1e-5;
                one.score += rank;
            }
            found.iter_mut().for_each(|found| found.sort_by(|a, b| b.score.total_cmp(&a.score)));
            let order = [0, 0, 2, 3, 3, 3, 6];
            let (mut weights, mut repeated): (Vec<f64>, Scene) = (vec![0.0; 7], (vec![], vec![]));
            for at in order {
                weights[at] += 1.0;
                repeated.0.push(found[at].clone());
                repeated.1.push(truth[at].clone());
            }
            let pictures = pictures(&(found, truth));
            let expected = mean_average_precision(&repeated.0, &repeated.1, SAME);
            let found = Ranking::of(&pictures).precision(&weights);
            assert!((found - expected).abs() < 1e-9, "{seed}: {found} {expected}");
            let f1_repeated = f1(&self::pictures(&repeated), &[1.0; 7]);
            assert!((f1(&pictures, &weights) - f1_repeated).abs() < 1e-12);
        }
    }

    #[test]
    fn a_run_agrees_with_itself_and_not_with_an_empty_one() {
        let own = pictures(&scene(3));
        let empty: Vec<Picture> =
            own.iter().map(|picture| Picture { found: vec![], ..picture.clone() }).collect();
        assert_eq!(
            [agreement(&own, &own), agreement(&own, &empty), agreement(&empty, &empty)],
            [1.0, 0.0, 1.0]
        );
    }
}
