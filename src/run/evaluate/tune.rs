//! Finding on the calibration samples how sure an exit must be.

use std::borrow::Cow;
use std::ops::Range;

use super::{Evaluator, Hardware, Multiplied, Plan, hardware};
use crate::config::{Exit, Threshold, Tune, Workload};
use crate::run::error::RunError;
use crate::run::exits::Exits;
use crate::run::outcome::TunedExit;
use crate::run::parts::Parts;
use crate::tensor::Tensor;
use crate::workload::Task;
use crate::workload::score::{self, Graded, Metric, grade, trials};

/// Some samples with what every exit answers.
type Answered = (Range<usize>, Vec<Tensor<f32>>);

impl Evaluator<'_> {
    /// The workload of a setup with the threshold of its exits, which calibration samples tell where memories never err.
    pub(super) fn settled<'s>(
        &self,
        parts: &Parts<'s>,
        plan: &Plan,
        products: &[Multiplied],
    ) -> Result<(Cow<'s, Workload>, Option<TunedExit>), RunError> {
        let settled = Hardware { buffer: None, ..hardware(parts, products, &plan.layers, 0) };
        self.tuned(&parts.setup.workload, |samples| Ok(plan.network.run(&settled, samples, 0)?))
    }

    /// The workload with the threshold of its exits found by the network that `run` runs, and how well it does; the workload
    /// as it is where nothing is to be found.
    pub(super) fn tuned<'w>(
        &self,
        workload: &'w Workload,
        run: impl Fn(&Tensor<f32>) -> Result<Vec<Tensor<f32>>, RunError> + Sync,
    ) -> Result<(Cow<'w, Workload>, Option<TunedExit>), RunError> {
        let Some(exit @ Exit { threshold: Threshold::Tuned { tune }, .. }) = &workload.exit else {
            return Ok((Cow::Borrowed(workload), None));
        };
        let answered = self.answered(workload, run)?;
        let tried = answered
            .iter()
            .map(|(range, answers)| trials(exit.confidence, &self.task.calibration, range.clone(), answers));
        let tried: Option<Vec<_>> = tried.collect();
        let tried = tried.ok_or(RunError::Unlabelled)?.concat();
        let threshold = score::loosest(exit.confidence, tune.loss, &tried);
        let with = |threshold| Workload { exit: Some(exit.at(threshold)), ..workload.clone() };
        let found = self.found((&with(None), &with(threshold)), *tune, threshold, &answered);
        Ok((Cow::Owned(with(threshold)), Some(found)))
    }

    fn answered(
        &self,
        workload: &Workload,
        run: impl Fn(&Tensor<f32>) -> Result<Vec<Tensor<f32>>, RunError> + Sync,
    ) -> Result<Vec<Answered>, RunError> {
        let set = &self.task.calibration;
        let samples = workload.quantize.calibrates_on(set.len());
        self.batches(samples, |range| {
            let answers = run(&Task::preprocess(workload, &set.reals(range.clone())))?;
            Ok((range, answers))
        })
    }

    fn found(
        &self,
        (whole, own): (&Workload, &Workload),
        tune: Tune,
        threshold: Option<f64>,
        answered: &[Answered],
    ) -> TunedExit {
        let graded = |workload: &Workload| {
            let each = answered
                .iter()
                .map(|(range, answers)| grade(workload, &self.task.calibration, range.clone(), answers));
            each.reduce(Graded::chain).unwrap_or_default()
        };
        let (whole, left) = (graded(whole), graded(own));
        TunedExit {
            threshold,
            loss: tune.loss,
            samples: left.marks.len(),
            score: left.marks.value(Metric::Top1),
            whole_score: whole.marks.value(Metric::Top1),
            exits: Exits::count(own, &self.task.network, &left.exits).taken,
        }
    }
}
