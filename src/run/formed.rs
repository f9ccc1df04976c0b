//! Whether the hardware forms the products of a layer, for those who are handed them.

use super::arrays::Arrays;
use super::error::RunError;
use super::events;
use super::exits::Exits;
use super::experts::Experts;
use super::parts::Parts;
use super::tap::Contraction;
use crate::config::Workload;
use crate::units::counted;
use crate::workload::score::Graded;

/// Refuses a layer that runs at the receiver.
pub(super) fn on_device(parts: &Parts<'_>, layer: usize) -> Result<(), RunError> {
    let Some(last) = parts.last_layer.filter(|last| layer > *last) else { return Ok(()) };
    let last = parts.network.layers()[last].name.clone();
    let why = "runs at the receiver, to which `link.serial.payload` sends what it reads";
    Err(unformed(parts, layer, format!("{why}; name a layer up to `{last}`, or write `payload: result`")))
}

/// Refuses a layer that none of the samples comes to that were graded so.
pub(super) fn reached(
    parts: &Parts<'_>,
    layer: usize,
    (workload, graded): (&Workload, &Graded),
) -> Result<(), RunError> {
    let of = counted(graded.marks.len(), "test sample");
    let mut runs = Exits::count(workload, &parts.network, &graded.exits).layers;
    if runs[layer] == 0.0 {
        let why = format!("is not computed, as of {of} none comes to it before an exit is sure enough");
        let instead = "write another `exit.threshold`, or name a layer before that exit";
        return Err(unformed(parts, layer, format!("{why}; {instead}")));
    }
    let experts = Experts::count(&parts.network, &[&graded.routes], 1);
    experts.iter().for_each(|experts| experts.runs(&parts.network, &mut runs));
    if runs[layer] == 0.0 {
        let why = format!("is not computed, as of {of} none asks its expert");
        let instead = "name a layer of another expert, or write a larger `experts.top`";
        return Err(unformed(parts, layer, format!("{why}; {instead}")));
    }
    Ok(())
}

/// Refuses a layer on neurons that add.
pub(super) fn multiplied(parts: &Parts<'_>, contraction: &Contraction) -> Result<(), RunError> {
    let Contraction { layer, input, weights, .. } = contraction;
    let adds = parts.arrays.as_ref().and_then(Arrays::neurons).is_some();
    if !adds || !events::are_spikes(layer, input, weights) {
        return Ok(());
    }
    let why = "adds the weights of spikes and multiplies nothing; write `compute.array.spikes: multiply`";
    Err(unformed(parts, layer.index, why.into()))
}

fn unformed(parts: &Parts<'_>, layer: usize, why: String) -> RunError {
    RunError::Unformed { layer: parts.network.layers()[layer].name.clone(), why }
}
