//! What single layers of a run are written as for other tools, before the work.

use std::path::{Path, PathBuf};

use super::{Layers, activity, golden, layer};
use crate::config::Setup;
use crate::error::Error;
use crate::run::{Evaluator, RunError};
use crate::workload::Layer;

/// Which layers are asked for, and where they go.
pub(super) struct Places<'a> {
    out: &'a Path,
    /// Layers, and what their files are called.
    activity: Vec<(Layer, String)>,
    golden: Option<(PathBuf, usize)>,
    channel: usize,
}

/// The layers that are asked for, of those of the network.
///
/// # Errors
/// Where there is no such layer, or nothing can be written in its place.
pub(super) fn places<'a>(asked: &Layers, out: &'a Path, layers: &[Layer]) -> Result<Places<'a>, Error> {
    let named = |flag: &str, name: &String| layer::named(layers.to_vec(), flag, name);
    let place = |name| {
        let layer = named("--golden", name)?;
        let folder = golden::folder(asked.golden_dir.as_deref(), out, &layer::stem(layers, &layer))?;
        Ok::<_, Error>((folder, layer.index))
    };
    let active = |name| {
        let layer = named("--activity", name)?;
        let stem = layer::stem(layers, &layer);
        activity::placeable(&stem, out).map(|()| (layer, stem))
    };
    Ok(Places {
        out,
        activity: asked.activity.iter().map(active).collect::<Result<_, _>>()?,
        golden: asked.golden.as_ref().map(place).transpose()?,
        channel: asked.golden_channel,
    })
}

impl Places<'_> {
    /// Writes what the layers make the hardware of a setup do, each as soon as it is made, and says what is where; `run` and the
    /// evaluator's seed repeat the run, and `located` tells where a fault was configured.
    pub(super) fn write(
        &self,
        (evaluator, setup): (&Evaluator<'_>, &Setup),
        (run, seed): (&str, u64),
        located: impl Fn(RunError) -> Error,
    ) -> Result<String, Error> {
        let mut kept = String::new();
        for (layer, stem) in &self.activity {
            let activity = evaluator.activity(setup, layer.index).map_err(&located)?;
            kept += &activity::write((layer, stem), &activity, self.out)?;
        }
        if let Some((folder, layer)) = &self.golden {
            let golden = evaluator.golden(setup, *layer, self.channel).map_err(&located)?;
            kept += &golden::write(folder, &golden, run, seed)?;
        }
        Ok(kept)
    }
}
