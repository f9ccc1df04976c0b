//! How many bytes a sample has the link send.

use super::parts::Parts;
use crate::config::Score;
use crate::config::platform::{Link, Payload};
use crate::workload::score::Marks;

/// Bytes of a class and its confidence, of a token, or of how large an error is.
const ANSWER: f64 = 2.0;
/// Bytes of an object: class and confidence, and two for each of four sides.
const OBJECT: f64 = 10.0;

/// Bytes of a sample; `features` are those of what a layer is read of, and `maps` tell how many objects were found.
pub(super) fn bytes(parts: &Parts<'_>, features: f64, maps: &[Marks]) -> f64 {
    let Link::Serial(link) = &parts.setup.platform.link else { return ANSWER };
    match link.payload {
        Payload::Layer(_) => features,
        Payload::Image => image(parts),
        Payload::Result => answer(parts, maps),
    }
}

/// The frame as the sensor sends it; without a converter a byte an element.
fn image(parts: &Parts<'_>) -> f64 {
    let elements = parts.frame_elements() as f64;
    let &[_, height, width] = &parts.sample[..] else { return elements };
    parts.platform.sensor.frame_bytes(height, width).unwrap_or(elements)
}

fn answer(parts: &Parts<'_>, maps: &[Marks]) -> f64 {
    match parts.setup.workload.score {
        Score::Top1 | Score::Perplexity | Score::Mse => ANSWER,
        Score::Psnr(_) => parts.network.outputs()[0].1.iter().product::<usize>() as f64,
        Score::Detection(_) => {
            let found = Marks::over_maps(maps);
            OBJECT * found.detections().unwrap_or(0.0) / found.len().max(1) as f64
        }
    }
}
