//! Contractions of codes of which groups have shifts: weights that are stored so, and what both operands have in common.

use std::borrow::Cow;
use std::sync::Arc;

use super::group::{Coder, Layout};
use super::held::of_places;
use super::read::{self, Read};
use super::{Held, Quantized};
use crate::config::WeightScales;
use crate::kernel::{Shifts, Steps};
use crate::workload::engine::{Engine, Origin, WeightShifts, Weights};
use crate::workload::format::{Use, of_input, of_weights};
use crate::workload::network::Step;
use crate::workload::op::Contraction;

/// What stored weights have besides codes.
#[derive(Debug, Clone)]
pub(super) struct StoredGroups {
    layout: Layout,
    /// [O, groups of channels, kernel rows, kernel columns].
    shifts: Vec<u8>,
    used: Use,
}

/// The groups of a layer whose operands, or one of them, are codes with shifts, or whose activations have 16 bits: without
/// shifts each product is a group.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Groups {
    /// Channels whose products are shifted together.
    pub size: usize,
    /// Channels that are summed over.
    pub channels: usize,
    /// How weights become codes; none where they are plain.
    pub weights: Option<Coder>,
    /// How activations become codes; none where they are plain.
    pub activations: Option<Coder>,
    /// Bits that a weight and an activation take in memory, shares of shifts included.
    pub effective_bits: [f64; 2],
}

/// What writing a tensor as codes with shifts takes at run time.
#[derive(Debug, Clone, PartialEq)]
pub struct Razored {
    /// The value of the network.
    pub value: usize,
    /// How its numbers become codes.
    pub coder: Coder,
    /// Groups of a sample.
    pub groups: usize,
    /// Layers that read it.
    pub layers: Vec<usize>,
}

impl Groups {
    /// Groups of the channels that are summed over: what a unit multiplies at once.
    pub fn parts(&self) -> usize {
        self.channels.div_ceil(self.size)
    }

    /// What the steps of its groups are: whole numbers of those of filters where weights are so.
    pub fn steps(&self) -> Steps {
        self.weights.map_or(Steps::PowersOfTwo, |coder| coder.steps())
    }

    /// The shifts of so many numbers [.., channels, plane] by group of [`Groups::size`].
    fn spread(&self, coder: Option<Coder>, shifts: &[u8], (numbers, plane): (usize, usize)) -> Vec<u8> {
        match coder {
            Some(coder) => spread(shifts, plane, (self.channels, coder.group), self.size),
            None => vec![self.steps().least(); numbers / self.channels * self.parts()],
        }
    }
}

/// Codes and shifts of stored weights.
pub(super) fn grouped(
    own: &Contraction,
    layout: Layout,
    share: WeightScales,
) -> (Weights, Option<StoredGroups>) {
    let largest = |weights: &[f32]| weights.iter().fold(0f32, |largest, weight| largest.max(weight.abs()));
    let of_all = largest(&own.weights);
    let (mut codes, mut scales, mut shifts) = (vec![], vec![], vec![]);
    for filter in own.weights.chunks_exact(own.geometry.depth()) {
        let scale = layout.coder.scale(match share {
            WeightScales::PerChannel => largest(filter),
            WeightScales::PerTensor => of_all,
        });
        let found = layout.code(filter, scale);
        codes.extend(found.codes);
        shifts.extend(found.shifts);
        scales.push(scale);
    }
    let used = layout.used(&own.weights, &codes);
    let bits = layout.coder.bits;
    (
        Weights { codes, scales, zero_point: 1 << (bits - 1), bits },
        Some(StoredGroups { layout, shifts, used }),
    )
}

impl Quantized {
    /// The groups of a layer, by its index; none where all of its codes are plain and have at most 8 bits.
    ///
    /// # Panics
    /// When the network has no such layer.
    pub fn groups_of(&self, layer: usize) -> Option<Groups> {
        let step = self.network.contractions().nth(layer).expect("the network has this layer");
        let activations = self.layouts[step.inputs[0]];
        let weights = self.weight_layout(layer, step);
        let sizes = [weights, activations].map(|layout| layout.map(|layout| layout.coder.group));
        let alone = self.input_grid(layer).is_wide().then_some(1);
        let size = sizes.into_iter().flatten().reduce(common_group).or(alone)?;
        let effective =
            |layout: Option<Layout>, bits: u32| layout.map_or(bits.into(), |layout| layout.effective_bits());
        Some(Groups {
            size,
            channels: of_input(&self.layers[layer].geometry)[1],
            weights: weights.map(|layout| layout.coder),
            activations: activations.map(|layout| layout.coder),
            effective_bits: [
                effective(weights, self.weights[layer].bits),
                effective(activations, self.input_grid(layer).bits),
            ],
        })
    }

    /// What became of a layer's stored weights; none where their codes are plain.
    pub fn weights_used(&self, layer: usize) -> Option<Use> {
        self.groups[layer].as_ref().map(|groups| groups.used)
    }

    /// The values that a layer reads.
    ///
    /// # Panics
    /// When the network has no such layer.
    pub fn reads(&self, layer: usize) -> &[usize] {
        &self.network.contractions().nth(layer).expect("the network has this layer").inputs
    }

    /// Tensors that become codes with shifts at run time, each once however many layers read it.
    pub fn razored(&self) -> Vec<Razored> {
        let razored = |Read { value, way, layers }: Read<Layout>| {
            let groups = read::groups(&self.network, value, &way);
            Razored { value, coder: way.coder, groups, layers }
        };
        self.tensors(|value| self.layouts[value]).into_iter().map(razored).collect()
    }

    fn weight_layout(&self, layer: usize, step: &Step) -> Option<Layout> {
        match self.layers[layer].weights {
            Origin::Stored => self.groups[layer].as_ref().map(|groups| groups.layout),
            Origin::Computed => self.layouts[step.inputs[1]],
        }
    }

    /// The real outputs of a contraction whose codes have shifts, or whose activations have 16 bits.
    pub(super) fn contract_groups(
        &self,
        engine: &dyn Engine,
        layer: usize,
        inputs: &[&Arc<Held>],
        groups: &Groups,
    ) -> Vec<f32> {
        if inputs[0].len() == 0 {
            return vec![];
        }
        let ([_, _, plane], [_, _, window]) =
            (of_input(&self.layers[layer].geometry), of_weights(&self.layers[layer].geometry, 1));
        let (weights, shifts) = self.second(layer, inputs);
        let by_weight = groups.spread(groups.weights, shifts, (weights.codes.len(), window));
        if let Some(input) = inputs[0].wide() {
            let shifts = WeightShifts { size: groups.size, shifts: &by_weight, steps: groups.steps() };
            let sums = engine.contract_wide(&self.layers[layer], input, &weights, shifts);
            return self.reals(layer, (input.scale, None), &sums);
        }
        let (input, tokens) = (inputs[0].codes(), inputs[0].tokens());
        let by_input = groups.spread(groups.activations, inputs[0].shifts(), (input.codes.len(), plane));
        let (size, steps) = (groups.size, groups.steps());
        let shifts = Shifts { size, input: &by_input, weights: &by_weight, steps };
        let sums = engine.contract_shifted(&self.layers[layer], input, &weights, shifts);
        let scales = tokens.map(|tokens| tokens.of_outputs(&self.layers[layer].geometry));
        self.reals(layer, (input.scale, scales.as_deref()), &sums)
    }

    /// Sums scaled, by one scale of activations and by those of places where tokens have some, bias added.
    fn reals(&self, layer: usize, (scale, places): (f32, Option<&[f32]>), sums: &[i64]) -> Vec<f32> {
        let factors: Vec<f32> = self.weights[layer].scales.iter().map(|own| scale * own).collect();
        let (positions, biases) = (self.layers[layer].geometry.positions(), &self.biases[layer]);
        of_places((sums, |sum| sum as f32), (&factors, biases), positions, places)
    }

    /// Weights with the shifts that they have.
    fn second<'a>(&'a self, layer: usize, inputs: &'a [&Arc<Held>]) -> (Cow<'a, Weights>, &'a [u8]) {
        let own = &self.weights[layer];
        match self.layers[layer].weights {
            Origin::Stored => {
                let shifts = self.groups[layer].as_ref().map(|groups| &groups.shifts[..]);
                (Cow::Borrowed(own), shifts.unwrap_or_default())
            }
            Origin::Computed => {
                let codes = inputs[1].codes().codes.data().to_vec();
                (Cow::Owned(Weights { codes, ..own.clone() }), inputs[1].shifts())
            }
        }
    }
}

/// Shifts of groups [.., groups of channels, plane] as those of smaller groups that are part of them.
fn spread(shifts: &[u8], plane: usize, (channels, group): (usize, usize), size: usize) -> Vec<u8> {
    if group == size {
        return shifts.to_vec();
    }
    let parts = channels.div_ceil(group);
    let tensor = |shifts: &[u8]| -> Vec<u8> {
        let part = |part: usize| shifts[part * size / group * plane..][..plane].to_vec();
        (0..channels.div_ceil(size)).flat_map(part).collect()
    };
    shifts.chunks_exact(parts * plane).flat_map(tensor).collect()
}

/// The largest group of which groups of both sizes are made: their greatest common divisor.
///
/// ```
/// assert_eq!(axsim::workload::common_group(32, 12), 4);
/// ```
pub fn common_group(a: usize, b: usize) -> usize {
    if b == 0 { a } else { common_group(b, a % b) }
}
