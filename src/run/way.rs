//! How a network would form and sum products on a unit that no platform names.

use super::arrays::Arrays;
use super::error::RunError;
use super::hardware::{Hardware, Multiplied};
use crate::arith::mac::{Code, Mac};
use crate::kernel::Geometry;
use crate::platform::compute::array::CodeRange;
use crate::platform::constants;
use crate::workload::{Form, Layer, Origin};

/// How the processor at hand forms and sums products of codes as wide as a unit takes them, 8 bits at most, in the words of an
/// outcome; see [`LayerOutcome::way`](super::outcome::LayerOutcome::way). Of many channels, whose weights and activations are
/// around zero; and of those whose activations are never negative, as after a rectifier. A layer of few channels may take another.
///
/// # Errors
/// Where no array has such units.
///
/// ```
/// use axsim::{arith::mac::Mac, run::ways};
/// let (low_part, from_zero) = ways(Mac::from_id("mac8s_bw__loa_k6").unwrap()).unwrap();
/// assert!(low_part.ends_with("; 6 low bits combined by OR") && from_zero.ends_with("; 6 low bits combined by OR"));
/// ```
pub fn ways(mac: Mac) -> Result<(String, String), RunError> {
    let of = |bits| CodeRange { bits, zero: 1u8.checked_shl(bits - 1).unwrap_or_default(), lowest: 0 };
    let [activations, weights] = mac.widths().map(|width| of(width.min(8)));
    let outside = mac.code() == Code::SignMagnitude;
    let array = constants::array_with(mac)?;
    let from_zero = CodeRange { zero: 0, ..activations };
    // Where signs outside a multiplier leave all its bits to them; else they are the upper half of codes around zero.
    let from_zero = outside.then(|| array.products(weights, from_zero)).transpose()?;
    let around = array.products(weights, activations)?;
    let arrays = Arrays::of_one(array);
    let way = |products, upper_half| {
        let (name, geometry) = (String::new(), Geometry::dense(1, 1));
        let layer = Layer { index: 0, name, geometry, weights: Origin::Stored, form: Form::Image, zeros: 0 };
        let multiplied = [Multiplied { products, correction: None }];
        let hardware =
            Hardware { multiplied: &multiplied, arrays: Some(&arrays), buffer: None, map: 0, plans: &[] };
        if upper_half { hardware.way_of_upper_half(&layer) } else { hardware.way(&layer) }
    };
    let never_negative = match from_zero {
        Some(from_zero) => way(from_zero, false),
        None => way(around.clone(), true),
    };
    Ok((way(around, false), never_negative))
}
