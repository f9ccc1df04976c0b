//! How a network would form and sum products on a unit that no platform names.

use super::arrays::Arrays;
use super::error::RunError;
use super::hardware::{Hardware, Multiplied};
use crate::arith::mac::Mac;
use crate::kernel::Geometry;
use crate::platform::compute::array::CodeRange;
use crate::platform::constants;
use crate::workload::{Form, Layer, Origin};

/// How the processor at hand forms and sums products of codes as wide as a unit takes them, 8 bits at most, around zero, in
/// the words of an outcome; see [`LayerOutcome::way`](super::outcome::LayerOutcome::way).
///
/// # Errors
/// Where no array has such units.
///
/// ```
/// use axsim::{arith::mac::Mac, run::way};
/// let low_part = way(Mac::from_id("mac8s_bw__loa_k6").unwrap()).unwrap();
/// assert!(low_part.ends_with("; 6 low bits combined by OR"), "{low_part}");
/// ```
pub fn way(mac: Mac) -> Result<String, RunError> {
    let of = |bits| CodeRange { bits, zero: 1u8.checked_shl(bits - 1).unwrap_or_default(), lowest: 0 };
    let [activations, weights] = mac.widths().map(|width| of(width.min(8)));
    let array = constants::array_with(mac)?;
    let multiplied = [Multiplied { products: array.products(weights, activations)?, correction: None }];
    let arrays = Arrays::of_one(array);
    let (name, geometry) = (String::new(), Geometry::dense(1, 1));
    let layer = Layer { index: 0, name, geometry, weights: Origin::Stored, form: Form::Image, zeros: 0 };
    let hardware =
        Hardware { multiplied: &multiplied, arrays: Some(&arrays), buffer: None, map: 0, plans: &[] };
    Ok(hardware.way(&layer))
}
