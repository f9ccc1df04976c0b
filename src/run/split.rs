//! Split computing: layers up to one run on the device, and what the rest of the network reads is sent.

use super::error::RunError;
use super::parts::Parts;
use crate::config::Setup;
use crate::config::platform::{Link, Payload};
use crate::workload::{Layer, Misnamed, Network, Quantized, layer};

/// The layer as configured that is the last one on the device; none where all are.
pub(super) fn configured(setup: &Setup) -> Option<&str> {
    match &setup.platform.link {
        Link::Serial(link) => match &link.payload {
            Payload::Layer(name) => Some(name),
            Payload::Result | Payload::Image => None,
        },
        Link::Ideal => None,
    }
}

/// Its index.
///
/// # Errors
/// [`RunError::Misnamed`] where there is no such layer, [`RunError::Split`] where a network is not run from its beginning to its
/// end once.
pub(super) fn last_layer(setup: &Setup, network: &Network) -> Result<Option<usize>, RunError> {
    let Some(name) = configured(setup) else { return Ok(None) };
    if setup.workload.exit.is_some() {
        return Err(RunError::Split("samples may leave by several exits; leave out `exit`"));
    }
    if network.steps_in_time() > 1 {
        return Err(RunError::Split("a network in time goes through its layers again and again"));
    }
    index(name, &network.layers()).map(Some)
}

/// The index of the layer of that name.
pub(super) fn index(name: &str, layers: &[Layer]) -> Result<usize, RunError> {
    let misnamed = |fault| Box::new(Misnamed::None { name: name.into(), fault });
    let field = "link.serial.payload";
    layer(layers, name).map_err(|fault| RunError::Misnamed { field, fault: misnamed(fault) })
}

/// How often each layer runs on the device, of how often it runs.
pub(super) fn on_device(last: Option<usize>, runs: &[f64]) -> Vec<f64> {
    let own = |(layer, &runs)| if last.is_some_and(|last| layer > last) { 0.0 } else { runs };
    runs.iter().enumerate().map(own).collect()
}

/// The values that are sent; none where a layer's are not.
pub(super) fn sent(parts: &Parts<'_>, quantized: &Quantized) -> Vec<usize> {
    parts.last_layer.map_or(vec![], |layer| quantized.crossing(layer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_after_the_last_one_run_elsewhere() {
        assert_eq!(on_device(Some(1), &[1.0, 0.5, 1.0, 1.0]), [1.0, 0.5, 0.0, 0.0]);
        assert_eq!(on_device(None, &[1.0, 0.5]), [1.0, 0.5]);
    }
}
