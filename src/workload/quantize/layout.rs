//! Where the groups of every value lie that is put away as codes with shifts.

use super::group::{Coder, Layout};
use super::tokens::TokenLayout;
use super::{Grid, Precision, Weights};
use crate::config::{Calibration, NumberFormat, Quantize};
use crate::kernel::Geometry;
use crate::workload::format::{of_input, of_weights};
use crate::workload::network::{Network, Step};
use crate::workload::op::Op;

/// Why numbers cannot be written in the formats that were asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GroupError {
    /// Layers that read one tensor in different ways.
    #[error(
        "layers `{first}` and `{second}` read the same tensor, whose numbers cannot be written in two ways; give both the same \
         `format` in `layers`, or none of them one of their own"
    )]
    Shared {
        /// The earlier layer.
        first: String,
        /// The later one.
        second: String,
    },
    /// A recurrent cell, whose state is multiplied step after step.
    #[error(
        "layer `{0}` multiplies its own state step after step, for which formats with groups, codes of 16 bits and scales of tokens are \
         not modelled; give it a plain `format` of its own in `workload.layers`"
    )]
    Recurrent(String),
    /// A tensor of 16 bits in the place of weights.
    #[error(
        "layer `{0}` multiplies by computed values of 16 bits, and only the first of two operands has as many; give it, and the \
         layers that read the same tensor, activations of at most 8 bits by a `format` of their own in `workload.layers`"
    )]
    Second(String),
    /// A binary layer that reads 16 bits.
    #[error(
        "layer `{0}` is binary, and adds magnitudes of at most 8 bits, not 16; give it `activation_bits: 8` of its own in `workload.layers`"
    )]
    Binary(String),
    /// A binary layer whose tokens have scales of their own.
    #[error(
        "layer `{0}` is binary, and adds magnitudes of one scale; give the layers that read the same tensor a `format` without \
         `scale: token` of their own in `workload.layers`"
    )]
    BinaryTokens(String),
    /// A layer that sums over tokens of different scales.
    #[error(
        "layer `{layer}` sums over windows of {}×{} places, whose tokens would have scales of their own, and a sum has one; give it a \
         `format` without `scale: token` of its own in `workload.layers`", window[0], window[1]
    )]
    Window {
        /// Its name.
        layer: String,
        /// Rows and columns.
        window: [usize; 2],
    },
    /// A rule for ranges that weighs codes of a whole tensor.
    #[error(
        "`calibration: {0}` weighs what codes of a whole tensor lose, and steps of groups and tokens follow their numbers, as codes of \
         16 bits lose next to nothing; write `min_max` or `{{percentile: 99.99}}`"
    )]
    Calibration(&'static str),
}

/// How the numbers of a value are written where they are not codes of one grid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Written {
    /// As codes of which groups have shifts.
    Groups(Layout),
    /// As codes of which tokens have scales.
    Tokens(TokenLayout),
}

impl Written {
    pub(super) fn groups(self) -> Option<Layout> {
        if let Self::Groups(layout) = self { Some(layout) } else { None }
    }

    pub(super) fn tokens(self) -> Option<TokenLayout> {
        if let Self::Tokens(layout) = self { Some(layout) } else { None }
    }
}

/// What a layer reads a value as, by its name.
type Asked<'a> = (&'a str, Option<Written>);

/// How the numbers of every value are written; none where they are plain codes or stay real.
pub(super) fn layouts(
    network: &Network,
    settings: &Quantize,
    precision: &Precision,
) -> Result<Vec<Option<Written>>, GroupError> {
    let mut asked: Vec<Option<Asked<'_>>> = vec![None; network.steps.len() + 1];
    for (layer, (own, step)) in network.multiplied().enumerate() {
        for (value, layout) in read((own, step), layer, precision)? {
            let (first, known) = *asked[value].get_or_insert((&step.name, layout));
            if known != layout {
                return Err(GroupError::Shared { first: first.into(), second: step.name.clone() });
            }
        }
    }
    let layouts: Vec<Option<Written>> =
        asked.iter().map(|asked| asked.and_then(|(_, layout)| layout)).collect();
    let rule = match settings.calibration {
        Calibration::Mse => Some("mse"),
        Calibration::Entropy => Some("entropy"),
        Calibration::MinMax | Calibration::Percentile(_) => None,
    };
    match rule.filter(|_| layouts.iter().any(Option::is_some) || precision.is_wide()) {
        Some(rule) => Err(GroupError::Calibration(rule)),
        None => Ok(layouts),
    }
}

/// Refuses codes of 16 bits where they are not the activations of a plain product, and scales of tokens in binary layers.
pub(super) fn check(
    network: &Network,
    (grids, tokens): (&[Option<Grid>], &[Option<TokenLayout>]),
    weights: &[Weights],
) -> Result<(), GroupError> {
    let wide = |value: usize| grids[value].is_some_and(|grid| grid.is_wide());
    for ((value, step), weights) in network.multiplied().zip(weights) {
        let name = || step.name.clone();
        match &step.op {
            Op::Recurrent(_) if wide(value) => return Err(GroupError::Recurrent(name())),
            Op::Product(_) if wide(step.inputs[1]) => return Err(GroupError::Second(name())),
            _ if weights.are_signs() && wide(value) => return Err(GroupError::Binary(name())),
            _ if weights.are_signs() && tokens[value].is_some() => {
                return Err(GroupError::BinaryTokens(name()));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The values that a contraction reads, each with the way its numbers are written.
fn read(
    (own, step): (usize, &Step),
    layer: usize,
    precision: &Precision,
) -> Result<Vec<(usize, Option<Written>)>, GroupError> {
    let formats = precision.formats(layer);
    if matches!(step.op, Op::Recurrent(_)) {
        let asks = |format: NumberFormat| Coder::of(format).is_some() || format.scales_tokens();
        let grouped = [formats.weights, formats.activations].into_iter().any(asks);
        return if grouped { Err(GroupError::Recurrent(step.name.clone())) } else { Ok(vec![(own, None)]) };
    }
    let ways = match &step.op {
        Op::Contract(own) => {
            let written = of_activations(formats.activations, &own.geometry);
            if matches!(written, Some(Written::Tokens(_))) && own.geometry.kernel != [1, 1] {
                let (layer, window) = (step.name.clone(), own.geometry.kernel);
                return Err(GroupError::Window { layer, window });
            }
            [written, None]
        }
        Op::Product(geometry) => [None, of_filters(formats.kv, geometry).map(Written::Groups)],
        _ => [None; 2],
    };
    Ok(step.inputs.iter().copied().zip(ways).collect())
}

fn of_activations(format: NumberFormat, geometry: &Geometry) -> Option<Written> {
    let [_, channels, plane] = of_input(geometry);
    let groups = Coder::of(format).map(|coder| Written::Groups(Layout { coder, channels, plane }));
    groups.or(TokenLayout::of(format, geometry).map(Written::Tokens))
}

/// Where the groups of a layer's weights lie.
pub(super) fn of_filters(format: NumberFormat, geometry: &Geometry) -> Option<Layout> {
    let [_, channels, plane] = of_weights(geometry, 1);
    Coder::of(format).map(|coder| Layout { coder, channels, plane })
}

/// Whether each value only stands under another shape, in another order or pooled before it is put away in another way, as codes
/// with shifts or rotated: it is not put away before.
pub(super) fn on_the_way(network: &Network, changed: &[bool]) -> Vec<bool> {
    let mut way = vec![false; changed.len()];
    for (at, step) in network.steps.iter().enumerate().rev() {
        let value = step.inputs[0];
        let read = network.readers(value).any(|step| step.op.contraction().is_some());
        way[value] |= step.op.keeps_codes() && !read && (changed[at + 1] || way[at + 1]);
    }
    way
}
