//! What single layers of a run are written as for other tools: made before the work, written behind its results.

use std::path::{Path, PathBuf};

use super::{Layers, activity, golden, layer};
use crate::config::Setup;
use crate::error::Error;
use crate::run::{Activity, Evaluator, Golden, RunError};
use crate::workload::Layer;

/// Which layers are asked for, and where they go.
pub(super) struct Places {
    activity: Vec<Layer>,
    golden: Option<(PathBuf, usize)>,
    channel: usize,
}

/// What is written of them.
pub(super) struct Extras {
    activity: Vec<(Layer, Activity)>,
    golden: Option<(PathBuf, Golden)>,
}

/// The layers that are asked for, of those of the network.
///
/// # Errors
/// Where there is no such layer, or nothing can be written in its place.
pub(super) fn places(asked: &Layers, out: &Path, layers: &[Layer]) -> Result<Places, Error> {
    let named = |flag: &str, name: &String| layer::named(layers.to_vec(), flag, name);
    let place = |name| {
        let layer = named("--golden", name)?;
        Ok::<_, Error>((golden::folder(asked.golden_dir.as_deref(), out, &layer)?, layer.index))
    };
    Ok(Places {
        activity: asked.activity.iter().map(|name| named("--activity", name)).collect::<Result<_, _>>()?,
        golden: asked.golden.as_ref().map(place).transpose()?,
        channel: asked.golden_channel,
    })
}

impl Places {
    /// What the layers make the hardware of a setup do.
    pub(super) fn made(self, evaluator: &Evaluator<'_>, setup: &Setup) -> Result<Extras, RunError> {
        let activity =
            |layer: Layer| evaluator.activity(setup, layer.index).map(|activity| (layer, activity));
        let golden =
            |(folder, layer)| evaluator.golden(setup, layer, self.channel).map(|golden| (folder, golden));
        Ok(Extras {
            activity: self.activity.into_iter().map(activity).collect::<Result<_, _>>()?,
            golden: self.golden.map(golden).transpose()?,
        })
    }
}

impl Extras {
    /// Writes all and says what is where; `run` and `seed` repeat the run.
    pub(super) fn write(&self, out: &Path, run: &str, seed: u64) -> Result<String, Error> {
        let mut kept = String::new();
        for (layer, activity) in &self.activity {
            kept += &activity::write(layer, activity, out)?;
        }
        if let Some((folder, golden)) = &self.golden {
            kept += &golden::write(folder, golden, run, seed)?;
        }
        Ok(kept)
    }
}
