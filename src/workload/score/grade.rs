//! From the answers of a network to marks, and whether a score fits network and data at all.

use std::ops::Range;

use super::exit::{self, Trial};
use super::{
    Corners, Marks, Metric, Picture, decode_cells, decode_corners, mean_squared_error,
    negative_log_likelihood, signal_to_noise, suppress,
};
use crate::config::{Confidence, Decoder, Detection, Psnr, Score, Workload};
use crate::tensor::Tensor;
use crate::workload::data::{Set, Truth};
use crate::workload::{Network, Task, top1};

/// The outputs that a workload scores, in the order in which [`grade`] takes their answers.
///
/// # Errors
/// What to write where a network has several outputs and the workload names none.
pub(in crate::workload) fn scored(workload: &Workload, network: &Network) -> Result<Vec<String>, String> {
    if let Score::Detection(Detection { decoder: Decoder::Corners { scores, boxes }, .. }) = &workload.score {
        return Ok(vec![scores.clone(), boxes.clone()]);
    }
    if let Some(exit) = &workload.exit {
        in_order(&exit.outputs, network)?;
        return Ok(exit.outputs.clone());
    }
    match (&workload.output, &network.outputs()[..]) {
        (Some(output), _) => {
            let gates = workload.experts.iter().map(|experts| experts.gates.clone());
            Ok([output.clone()].into_iter().chain(gates).collect())
        }
        (None, [(only, _)]) => Ok(vec![only.to_string()]),
        (None, several) => {
            let names: Vec<&str> = several.iter().map(|(name, _)| *name).collect();
            Err(format!(
                "the network has the outputs {}; say which is scored: `output: {}`",
                names.join(", "),
                names[0]
            ))
        }
    }
}

/// Refuses exits that cost as much as a later one; names that the network does not have are told of elsewhere.
fn in_order(exits: &[String], network: &Network) -> Result<(), String> {
    let (outputs, layers) = (network.outputs(), network.layers());
    let place = |exit: &String| outputs.iter().position(|(name, _)| name == exit);
    let macs = |output: usize| {
        let needed = layers.iter().zip(network.leads_to(output)).filter(|(_, needed)| *needed);
        needed.map(|(layer, _)| layer.geometry.macs()).sum::<u64>()
    };
    let known = exits.iter().filter_map(|exit| Some((exit, macs(place(exit)?))));
    let known: Vec<(&String, u64)> = known.collect();
    known.windows(2).find(|pair| pair[0].1 >= pair[1].1).map_or(Ok(()), |pair| {
        Err(format!(
            "`exit.outputs`: to `{}` lead no fewer multiplications than to `{}` behind it, so that nobody would leave early; name \
             exits in the order of the network, its end last",
            pair[0].0, pair[1].0
        ))
    })
}

/// The figure that a workload is scored by, if network and samples fit it.
///
/// # Errors
/// What does not fit, in words.
pub(in crate::workload) fn metric(
    workload: &Workload,
    network: &Network,
    set: &Set,
) -> Result<Metric, String> {
    let outputs = network.outputs();
    let size = |at: usize| outputs[at].1.iter().product::<usize>();
    let needs = |what: &str| Err(format!("it needs {what}, which these data do not have"));
    if workload.score != Score::Top1 && workload.samples < 2 {
        return Err("one sample says nothing about how sure it is; write `samples: 2` or more".into());
    }
    match (&workload.score, set.truth()) {
        (Score::Top1, Truth::Classes(_)) => {
            // Without exits one output is scored.
            let scored = if workload.experts.is_some() { 1 } else { outputs.len() };
            (1..scored).try_for_each(|at| {
                same(size(at), size(0), outputs[at].0, &format!("as `{}`", outputs[0].0))
            })?;
            Ok(Metric::Top1)
        }
        (Score::Top1, _) => needs("a class a sample"),
        (Score::Perplexity, Truth::Tokens(rows)) => {
            tokens(rows, size(0), outputs[0].0).map(|()| Metric::Perplexity)
        }
        (Score::Perplexity, _) => needs("tokens"),
        (Score::Mse, _) => {
            let expected = set.shape().iter().product();
            same(size(0), expected, outputs[0].0, "as a sample").map(|()| Metric::Mse)
        }
        (Score::Psnr(psnr), Truth::Pictures(pictures)) => {
            let [.., rows, columns] = pictures.shape() else {
                return needs("pictures wanted");
            };
            same(size(0), pictures.len() / pictures.shape()[0], outputs[0].0, "as a picture wanted")?;
            if 2 * psnr.border >= *rows.min(columns) {
                return Err(format!(
                    "a border of {} leaves nothing of {rows} × {columns} pixels",
                    psnr.border
                ));
            }
            Ok(Metric::Psnr)
        }
        (Score::Psnr(_), _) => needs("pairs of pictures"),
        (Score::Detection(detection), Truth::Objects(_)) => {
            detected(detection, &outputs).map(|()| Metric::Map50)
        }
        (Score::Detection(detection), Truth::Detections(_)) => {
            detected(detection, &outputs).map(|()| Metric::F1)
        }
        (Score::Detection(_), _) => needs("boxes"),
    }
}

fn same(found: usize, expected: usize, output: &str, like: &str) -> Result<(), String> {
    if found == expected {
        return Ok(());
    }
    Err(format!("output `{output}` has {found} elements, not {expected} {like} has"))
}

fn tokens(rows: &[Vec<usize>], size: usize, output: &str) -> Result<(), String> {
    let targets = rows.first().map_or(1, Vec::len).max(1);
    if !size.is_multiple_of(targets) {
        return Err(format!(
            "output `{output}` has {size} elements, not as many for each of {targets} tokens"
        ));
    }
    let vocabulary = size / targets;
    match rows.iter().flatten().find(|token| **token >= vocabulary) {
        Some(token) => Err(format!("token {token} is out of range: the network knows {vocabulary}")),
        None => Ok(()),
    }
}

fn detected(detection: &Detection, outputs: &[(&str, &[usize])]) -> Result<(), String> {
    let size = |at: usize| outputs[at].1.iter().product::<usize>();
    match &detection.decoder {
        Decoder::Cells => match outputs[0].1 {
            [channels, rows, columns] if *channels > 5 && rows == columns && *rows > 0 => Ok(()),
            found => Err(format!(
                "cells are read from an output [5 + classes, side, side], `{}` has {found:?}",
                outputs[0].0
            )),
        },
        Decoder::Corners { scores, boxes } => {
            let count = size(1) / 4;
            let fits =
                count > 0 && size(1).is_multiple_of(4) && size(0).is_multiple_of(count) && size(0) > count;
            let what = || {
                format!(
                    "corners are read from outputs [n, classes] and [n, 4]; `{scores}` has {} elements and `{boxes}` {}",
                    size(0),
                    size(1)
                )
            };
            if fits { Ok(()) } else { Err(what()) }
        }
    }
}

/// What answers are worth, and where samples left the network.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Graded {
    /// Marks of the samples.
    pub marks: Marks,
    /// The exit that each sample took; none of a network without exits.
    pub exits: Vec<usize>,
    /// For each sample and each expert whether it was asked; none of a network without experts.
    pub routes: Vec<Vec<bool>>,
}

impl Graded {
    /// The same with what follows.
    ///
    /// # Panics
    /// When marks are of different kinds.
    #[must_use]
    pub fn chain(self, other: Self) -> Self {
        Self {
            marks: self.marks.chain(other.marks),
            exits: [self.exits, other.exits].concat(),
            routes: [self.routes, other.routes].concat(),
        }
    }
}

/// Grades the answers of a network to some samples of a set, those of the exits that samples take; loading made sure that
/// score, data and network fit.
///
/// # Panics
/// When they do not fit.
pub fn grade(workload: &Workload, set: &Set, range: Range<usize>, answers: &[Tensor<f32>]) -> Graded {
    let Some(exit) = &workload.exit else {
        let routes = if workload.experts.is_some() { routes(&answers[1]) } else { vec![] };
        return Graded { marks: marks(workload, set, range, answers), exits: vec![], routes };
    };
    let size = answers[0].len() / range.len();
    let logits = |sample: usize| -> Vec<&[f32]> {
        answers.iter().map(|exit| &exit.data()[sample * size..(sample + 1) * size]).collect()
    };
    let exits: Vec<usize> = (0..range.len()).map(|sample| exit::taken(exit, &logits(sample))).collect();
    let told = exits.iter().enumerate().flat_map(|(sample, &exit)| logits(sample)[exit]).copied().collect();
    let told = Tensor::new(answers[0].shape(), told).expect("an answer a sample");
    Graded { marks: marks(workload, set, range, &[told]), exits, routes: vec![] }
}

/// For each sample which gates are not zero.
fn routes(gates: &Tensor<f32>) -> Vec<Vec<bool>> {
    let experts = gates.len() / gates.shape()[0].max(1);
    gates
        .data()
        .chunks_exact(experts.max(1))
        .map(|gates| gates.iter().map(|&gate| gate != 0.0).collect())
        .collect()
}

/// What some samples of a set make of every exit; none where the set does not tell their classes.
///
/// # Panics
/// When answers are not of this range.
pub fn trials(
    confidence: Confidence,
    set: &Set,
    range: Range<usize>,
    answers: &[Tensor<f32>],
) -> Option<Vec<Trial>> {
    let Truth::Classes(classes) = set.truth() else {
        return None;
    };
    let size = answers[0].len() / range.len();
    let trial = |(sample, &label): (usize, &usize)| {
        let logits: Vec<&[f32]> =
            answers.iter().map(|exit| &exit.data()[sample * size..(sample + 1) * size]).collect();
        Trial::of(confidence, &logits, label)
    };
    Some(classes[range].iter().enumerate().map(trial).collect())
}

fn marks(workload: &Workload, set: &Set, range: Range<usize>, answers: &[Tensor<f32>]) -> Marks {
    let answer = |at: usize, sample: usize| {
        let size = answers[at].len() / range.len();
        &answers[at].data()[sample * size..(sample + 1) * size]
    };
    let samples = || 0..range.len();
    match (&workload.score, set.truth()) {
        (Score::Top1, Truth::Classes(classes)) => {
            Marks::Values(top1(&answers[0], &classes[range]).into_iter().map(f64::from).collect())
        }
        (Score::Perplexity, Truth::Tokens(rows)) => {
            let nats = |at: usize| negative_log_likelihood(answer(0, at), &rows[range.start + at]);
            Marks::Values(samples().map(nats).collect())
        }
        (Score::Mse, _) => {
            let wanted = Task::preprocess(workload, &set.reals(range.clone()));
            let size = wanted.len() / range.len();
            let error =
                |at: usize| mean_squared_error(answer(0, at), &wanted.data()[at * size..(at + 1) * size]);
            Marks::Values(samples().map(error).collect())
        }
        (Score::Psnr(psnr), Truth::Pictures(pictures)) => {
            let size = pictures.len() / pictures.shape()[0];
            let wanted = |at: usize| &pictures.data()[(range.start + at) * size..][..size];
            let columns = *pictures.shape().last().expect("pictures have columns");
            Marks::Values(samples().map(|at| ratio(psnr, answer(0, at), wanted(at), columns)).collect())
        }
        (Score::Detection(detection), Truth::Objects(truth) | Truth::Detections(truth)) => {
            let picture = |at: usize| {
                let found = match detection.decoder {
                    Decoder::Cells => {
                        let side = *answers[0].shape().last().expect("cells have columns");
                        decode_cells(answer(0, at), side, detection.floor as f32)
                    }
                    Decoder::Corners { .. } => {
                        decode_corners(answer(0, at), answer(1, at), detection.floor as f32)
                    }
                };
                let truth: &[(usize, Corners)] = &truth[range.start + at];
                Picture::of(suppress(found, detection.overlap as f32), truth)
            };
            Marks::Pictures(vec![samples().map(picture).collect()])
        }
        _ => unreachable!("a score that does not fit the data is refused when they are loaded"),
    }
}

/// Signal-to-noise of a picture, its border left out.
fn ratio(psnr: &Psnr, found: &[f32], wanted: &[u8], columns: usize) -> f64 {
    let (border, rows) = (psnr.border, wanted.len() / columns);
    let inside = |at: &usize| {
        (border..rows - border).contains(&(at / columns))
            && (border..columns - border).contains(&(at % columns))
    };
    let places: Vec<usize> = (0..wanted.len()).filter(inside).collect();
    let level = |x: f32| (f64::from(x) / psnr.white).clamp(0.0, 1.0) as f32 * 255.0;
    let found: Vec<f32> = places.iter().map(|&at| level(found[at])).collect();
    let wanted: Vec<f32> = places.iter().map(|&at| f32::from(wanted[at])).collect();
    signal_to_noise(&found, &wanted, 255.0)
}
