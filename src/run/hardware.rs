//! The engine that a network runs on: the array's products, and a buffer that may flip bits.

use std::borrow::Cow;

use super::arrays::Arrays;
use super::recovery::LayerPlan;
use crate::config::platform::Padding;
use crate::kernel::{self, Geometry, Operands, Products, Shifts};
use crate::platform::compute::array::{CodeRange, MacArray};
use crate::platform::compute::late;
use crate::platform::memory::{Memory, Place as Cells};
use crate::tensor::Tensor;
use crate::workload::{Codes, Engine, Exact, Layer, Origin, Place, Take, WeightShifts, Weights, Wide};

/// Bytes reserved for one tensor; faults of different tensors fall on different cells.
const REGION: u64 = 1 << 24;

/// What the units make of the codes of a layer.
#[derive(Clone)]
pub(super) struct Multiplied {
    /// Products of a unit.
    pub products: Products,
    /// What is added for the zero points of raw codes.
    pub correction: Option<Products>,
}

/// Array and buffer of one device.
pub(super) struct Hardware<'a> {
    /// Products per layer.
    pub multiplied: &'a [Multiplied],
    /// The arrays; absent where compute is ideal.
    pub arrays: Option<&'a Arrays>,
    /// What activations are put away in.
    pub buffer: Option<&'a dyn Memory>,
    /// The device's number among the fault maps.
    pub map: u64,
    /// What each layer does about the errors of its products; empty where nothing is done.
    pub plans: &'a [LayerPlan],
}

impl<'a> Hardware<'a> {
    /// The array that a layer runs on.
    fn array(&self, layer: &Layer) -> Option<&'a MacArray> {
        self.arrays.map(|arrays| arrays.of(layer.index))
    }

    /// The products that a layer sums; none where they are not all that is summed: where results come late, codes are
    /// raw, or padding is multiplied.
    pub fn table(&self, layer: &Layer) -> Option<&'a Products> {
        let array = self.array(layer);
        let other = array.is_some_and(|array| {
            array.is_late() || array.takes_raw_codes() || array.padding() == Padding::Multiply
        });
        (!other).then(|| self.products(layer))
    }

    /// What a layer does about the errors of its products.
    pub fn plan(&self, layer: &Layer) -> Option<&'a LayerPlan> {
        self.plans.get(layer.index)
    }

    /// Whether activations and weights of a layer enter the multiplier by each other's ports.
    pub fn is_swapped(&self, layer: &Layer) -> bool {
        self.plan(layer).is_some_and(|plan| plan.swapped.is_some())
    }

    /// The products that a layer sums.
    pub fn products(&self, layer: &Layer) -> &'a Products {
        let swapped = self.plan(layer).and_then(|plan| plan.swapped.as_ref());
        swapped.unwrap_or(&self.multiplied[layer.index].products)
    }

    /// How the processor at hand forms and sums a layer's products, in words, where its channels are many and its codes any;
    /// sums do not depend on it.
    pub fn way(&self, layer: &Layer) -> String {
        self.way_where(layer, |products| Some(products.way()))
    }

    /// The same where its activation codes are in the upper half.
    pub fn way_of_upper_half(&self, layer: &Layer) -> String {
        self.way_where(layer, |products| Some(products.way_of_upper_half()))
    }

    /// The same for what the layer reads.
    pub(super) fn way_of(&self, layer: &Layer, input: &Codes, weights: &Weights) -> String {
        let (layer, input) = self.fed(layer, input);
        let (geometry, operands) = layer.contraction(&input, weights);
        self.way_where(&layer, |products| products.way_of(&geometry, &operands))
    }

    fn way_where(&self, layer: &Layer, formed: impl Fn(&Products) -> Option<String>) -> String {
        const IN_ORDER: &str =
            "looked up byte by byte, added one after the other, by the gates of the accumulator";
        let mac = match self.array(layer) {
            Some(array) if array.is_late() => return "gate by gate, clock by clock".into(),
            array => array.map(MacArray::mac),
        };
        let in_order = mac.is_some_and(|mac| !mac.accumulates_exactly() && mac.low_part().is_none());
        let formed = if in_order { None } else { formed(self.products(layer)) };
        formed.unwrap_or_else(|| IN_ORDER.into())
    }

    /// Layer and input as the units take them: padding that is multiplied is part of the input.
    pub(super) fn fed<'c>(&self, layer: &'c Layer, input: &'c Codes) -> (Cow<'c, Layer>, Cow<'c, Codes>) {
        let multiplied = self.array(layer).is_some_and(|array| array.padding() == Padding::Multiply);
        let batch = input.codes.shape()[0];
        if !multiplied || layer.geometry.pads == [0; 4] {
            return (Cow::Borrowed(layer), Cow::Borrowed(input));
        }
        let inside = Operands { batch, input: input.codes.data(), weights: &[], pad: input.zero_point };
        let (geometry, codes) = kernel::padded(&layer.geometry, inside);
        let codes =
            Tensor::new([batch, geometry.inputs_per_sample()], codes).expect("codes fill their shape");
        (Cow::Owned(Layer { geometry, ..layer.clone() }), Cow::Owned(Codes { codes, ..*input }))
    }

    /// What the accumulators hold in the end, of layer and input as the units take them.
    pub fn sums(&self, layer: &Layer, input: &Codes, weights: &Weights) -> Vec<i32> {
        self.sums_of(layer, input, weights, self.products(layer))
    }

    /// The same of these products.
    pub fn sums_of(&self, layer: &Layer, input: &Codes, weights: &Weights, products: &Products) -> Vec<i32> {
        let ((geometry, operands), array) = (layer.contraction(input, weights), self.array(layer));
        if let Some(array) = array.filter(|array| array.is_late()) {
            return late::contract(array, &geometry, operands, offsets(array, input, weights));
        }
        let geometry = &geometry;
        if let Some(sums) = self.added(layer, (geometry, operands), weights.zero_point) {
            return sums;
        }
        let Some(array) = array else { return kernel::convolve(geometry, operands, products) };
        let mac = array.mac();
        let whole = match mac.accumulates_exactly() {
            true => Some(kernel::convolve(geometry, operands, products)),
            false => kernel::convolve_split(geometry, operands, products),
        };
        let Some(mut sums) = whole else {
            let (order, accumulator) = (array.order(), array.accumulator());
            return kernel::convolve_in_order(geometry, operands, products, order, accumulator);
        };
        mac.wrap(&mut sums);
        sums
    }

    /// Whether all that becomes of a layer's products is that an accumulator adds them up.
    fn sums_alone(&self, layer: &Layer, weights: &Weights) -> bool {
        let accumulates = self.array(layer).is_none_or(|array| array.mac().accumulates_exactly());
        let neurons = self.arrays.is_some_and(|arrays| arrays.neurons().is_some());
        accumulates && !neurons && !weights.are_signs()
    }

    /// The sums of spikes where neurons add them; none where activations are no spikes, or are multiplied.
    fn added(
        &self,
        layer: &Layer,
        (geometry, operands): (&Geometry, Operands<'_>),
        zero: u8,
    ) -> Option<Vec<i32>> {
        self.arrays?.neurons().filter(|_| layer.weights == Origin::Stored)?;
        kernel::convolve_spikes(geometry, operands, [zero, operands.pad])
    }

    /// What the accumulators of a layer keep of whole sums.
    fn wrapped(&self, layer: &Layer, sums: Vec<i64>) -> Vec<i64> {
        match self.array(layer) {
            Some(array) => array.mac().wrapped_wide(sums),
            None => sums,
        }
    }

    /// Sums as the network goes on with them, of layer and input as the units take them: without what the zero points of
    /// raw codes add, and recovered.
    pub(super) fn corrected(
        &self,
        mut sums: Vec<i32>,
        layer: &Layer,
        input: &Codes,
        weights: &Weights,
    ) -> Vec<i32> {
        if let Some(correction) = &self.multiplied[layer.index].correction {
            let (geometry, operands) = layer.contraction(input, weights);
            let added = kernel::convolve(&geometry, operands, correction);
            sums.iter_mut().zip(added).for_each(|(sum, added)| *sum = sum.wrapping_add(added));
        }
        if let Some(correction) = self.plan(layer).and_then(|plan| plan.correction.as_ref()) {
            correction.apply(&layer.geometry, &mut sums);
        }
        sums
    }
}

/// What an array takes from activation and weight codes before they enter a unit.
pub(super) fn offsets(array: &MacArray, input: &Codes, weights: &Weights) -> [u8; 2] {
    let activations = CodeRange { bits: input.bits, zero: input.zero_point, lowest: 0 };
    let weights = CodeRange { bits: weights.bits, zero: weights.zero_point, lowest: 0 };
    [activations, weights].map(|codes| array.offset(codes))
}

impl Engine for Hardware<'_> {
    fn contract(&self, layer: &Layer, input: &Codes, weights: &Weights) -> Vec<i32> {
        if weights.are_signs() {
            return Exact.contract(layer, input, weights);
        }
        let (layer, input) = self.fed(layer, input);
        let sums = self.sums(&layer, &input, weights);
        self.corrected(sums, &layer, &input, weights)
    }

    fn contract_by_parts(&self, layer: &Layer, input: &Codes, weights: &Weights, take: Take<'_>) {
        let Some(products) = self.table(layer).filter(|_| self.sums_alone(layer, weights)) else {
            return take(&mut self.contract(layer, input, weights));
        };
        let (geometry, operands) = layer.contraction(input, weights);
        let correction = self.plan(layer).and_then(|plan| plan.correction.as_ref());
        kernel::convolve_by_parts(&geometry, operands, products, &mut |sums| {
            if let Some(array) = self.array(layer) {
                array.mac().wrap(sums);
            }
            if let Some(correction) = correction {
                correction.apply(&layer.geometry, sums);
            }
            take(sums);
        });
    }

    fn contract_shifted(
        &self,
        layer: &Layer,
        input: &Codes,
        weights: &Weights,
        shifts: Shifts<'_>,
    ) -> Vec<i64> {
        let (geometry, operands) = layer.contraction(input, weights);
        self.wrapped(layer, kernel::convolve_shifted(&geometry, operands, shifts, self.products(layer)))
    }

    fn contract_wide(
        &self,
        layer: &Layer,
        input: &Wide,
        weights: &Weights,
        shifts: WeightShifts<'_>,
    ) -> Vec<i64> {
        self.wrapped(layer, Exact.contract_wide(layer, input, weights, shifts))
    }

    fn store(&self, place: Place, codes: &mut Codes) {
        let Some(buffer) = self.buffer.filter(|buffer| buffer.errs()) else { return };
        let samples = codes.codes.shape()[0];
        let size = codes.codes.len() / samples.max(1);
        // Every sample passes the same cells: a fault is fixed to its place.
        let cells = Cells {
            map: self.map,
            address: REGION * (place.value as u64 + 1) + place.start as u64,
            bits: codes.bits,
        };
        codes.codes.data_mut().chunks_mut(size.max(1)).for_each(|sample| {
            buffer.hold(cells, sample);
        });
    }
}

/// The weights as a memory returns them: its faults have flipped some bits.
pub(super) fn held(memory: &dyn Memory, map: u64, weights: Vec<Weights>) -> Vec<Weights> {
    let mut address = 0;
    let mut hold = |mut weights: Weights| {
        memory.hold(Cells { map, address, bits: weights.bits }, &mut weights.codes);
        address += weights.codes.len() as u64;
        weights
    };
    weights.into_iter().map(&mut hold).collect()
}

#[cfg(test)]
mod tests {
    use super::super::formats::Takes;
    use super::*;
    use crate::config::platform::{
        AccumulationOrder, Array, Dataflow, Multiplier, Overflow, Products as Taken,
    };
    use crate::platform::compute::array::Open;
    use crate::rng::Stream;
    use crate::table::{Operation, Signature, Table};
    use crate::tech::CellLibrary;
    use crate::workload::Form;

    /// Adder, bits and what happens beyond them.
    type Adds = (&'static str, Option<u32>, Overflow);

    const ORDERS: [AccumulationOrder; 2] =
        [AccumulationOrder::ChannelsFirst, AccumulationOrder::ChannelsLast];

    const ACCUMULATORS: [Adds; 12] = [
        ("exact", None, Overflow::Wrap),
        ("add8s_loa_k6", None, Overflow::Wrap),
        ("exact", Some(17), Overflow::Wrap),
        ("exact", Some(17), Overflow::Saturate),
        ("add8s_loa_k6", Some(17), Overflow::Saturate),
        ("add8s_loa_k6", Some(17), Overflow::Wrap),
        ("add8s_loawa_k8", None, Overflow::Wrap),
        ("add8s_oloca_k6_m2", None, Overflow::Wrap),
        ("add8s_heaa_k6", None, Overflow::Wrap),
        ("add8s_tra1_k6", None, Overflow::Wrap),
        ("add8s_copy_k7", None, Overflow::Wrap),
        ("add8s_etai_k6", None, Overflow::Wrap),
    ];

    /// Neither 0 where an operand is, nor even in its operands.
    fn crooked(a: i64, b: i64) -> i64 {
        a * b + (a & 3) - (b & 1) + 2
    }

    /// An array for one layer.
    fn arrays(
        signed: bool,
        padding: Padding,
        products: Taken,
        (accumulator, accumulator_bits, overflow): Adds,
        (accumulation_order, layer): (AccumulationOrder, &Layer),
    ) -> Arrays {
        let config = Array {
            multiplier: Multiplier::Table {
                table: "crooked".into(),
                signed: Some(signed),
                energy_table: None,
            },
            accumulator: accumulator.into(),
            accumulator_bits,
            overflow,
            accumulation_order,
            padding,
            products,
            ..Array::exact([4, 4], Dataflow::OutputStationary)
        };
        let signature = Signature { operation: Operation::Mul, width_a: 8, width_b: 8, signed };
        let open = |_: &std::path::Path, _| Ok(Table::from_function(signature, crooked).unwrap());
        let layers = std::slice::from_ref(layer);
        let energies = |_: &std::path::Path| unreachable!("no energies are configured");
        let open = Open { products: &open, energies: &energies };
        Arrays::build(&config, 8, (layers, &[Takes::Bits(8)]), (&CellLibrary::nangate45(), open))
            .map_err(|error| error.to_string())
            .unwrap()
    }

    /// The sum of one output from the definition of the semantics alone.
    fn naive(
        array: &MacArray,
        (accumulator, order): (Adds, AccumulationOrder),
        (input, weights): (&Codes, &Weights),
        sample: usize,
        at: [usize; 3],
    ) -> i32 {
        let signed = array.mac().multiplier().signature().signed;
        let (x_zero, w_zero) = (i64::from(input.zero_point), i64::from(weights.zero_point));
        let product = |x: i64, w: i64| match (array.takes_raw_codes(), signed) {
            (true, true) => crooked(x - 128, w - 128),
            (true, false) => crooked(x, w),
            (false, true) => crooked(x - x_zero, w - w_zero),
            (false, false) => {
                let magnitude = crooked((x - x_zero).abs(), (w - w_zero).abs());
                if (x < x_zero) != (w < w_zero) { -magnitude } else { magnitude }
            }
        };
        let half = if signed { 128 } else { 0 };
        let (x_raw, w_raw) = (x_zero - half, w_zero - half);
        let [channel, row, column] = at;
        let group = channel / (Geometry::UNEVEN.out_channels / Geometry::UNEVEN.groups);
        let start = sample * Geometry::UNEVEN.inputs_per_sample() + Geometry::UNEVEN.group_offset(group);
        let (mut sum, mut of_x, mut of_w, mut count) = (0, 0, 0, 0);
        let mut taps: Vec<usize> = (0..Geometry::UNEVEN.depth()).collect();
        if order == AccumulationOrder::ChannelsLast {
            // Of each channel there are six.
            taps.sort_by_key(|k| (k % 6, k / 6));
        }
        for k in taps {
            let w = i64::from(Geometry::UNEVEN.filter(&weights.codes, channel)[k]);
            let x = match Geometry::UNEVEN.tap(k, row, column) {
                Some(place) => i64::from(input.codes.data()[start + place]),
                None if array.padding() == Padding::Multiply => x_zero,
                None => continue,
            };
            sum = match accumulator {
                ("exact", None, _) => sum + product(x, w),
                ("exact", Some(bits), Overflow::Saturate) => {
                    (sum + product(x, w)).clamp(-(1 << (bits - 1)), (1 << (bits - 1)) - 1)
                }
                ("exact", Some(bits), Overflow::Wrap) => {
                    (sum + product(x, w) + (1 << (bits - 1))).rem_euclid(1 << bits) - (1 << (bits - 1))
                }
                _ => array.mac().accumulate(sum, product(x, w)),
            };
            (of_x, of_w, count) = (of_x + x - half, of_w + w - half, count + 1);
        }
        if array.takes_raw_codes() {
            sum += count * w_raw * x_raw - w_raw * of_x - x_raw * of_w;
        }
        sum as i32
    }

    fn codes(stream: &mut Stream, x_zero: u8) -> (Codes, Weights) {
        // Most are large, so that sums go beyond narrow accumulators.
        let mut code = || match stream.below(8) {
            0 => stream.below(255) as u8 + 1,
            _ => stream.below(56) as u8 + 200,
        };
        let mut draw = |count: usize| (0..count).map(|_| code()).collect::<Vec<_>>();
        let input = Tensor::new(
            [2, Geometry::UNEVEN.inputs_per_sample()],
            draw(2 * Geometry::UNEVEN.inputs_per_sample()),
        )
        .unwrap();
        let input = Codes { codes: input, scale: 1.0, zero_point: x_zero, bits: 8 };
        (
            input,
            Weights {
                codes: draw(Geometry::UNEVEN.weights()),
                scales: vec![1.0; 6],
                zero_point: 128,
                bits: 8,
            },
        )
    }

    #[test]
    fn every_combination_of_semantics_sums_as_its_definition_says() {
        let mut stream = Stream::new(7, "test.semantics", 0);
        let layer = Layer {
            index: 0,
            name: "conv".into(),
            geometry: Geometry::UNEVEN,
            weights: Origin::Stored,
            form: Form::Image,
            zeros: 0,
        };
        let mut distinct = [(); 2].map(|()| std::collections::HashSet::new());
        for signed in [true, false] {
            for taken in [Taken::Centred, Taken::Raw] {
                // Centred codes of a signed multiplier have zero in the middle.
                let x_zero = if signed && taken == Taken::Centred { 128 } else { 37 };
                let (input, weights) = codes(&mut stream, x_zero);
                for padding in [Padding::Drop, Padding::Skip, Padding::Multiply] {
                    for (accumulator, order) in
                        ACCUMULATORS.iter().flat_map(|adds| ORDERS.map(|order| (*adds, order)))
                    {
                        let arrays = arrays(signed, padding, taken, accumulator, (order, &layer));
                        let array = arrays.main();
                        let range = |zero: u8| CodeRange { bits: 8, zero, lowest: 0 };
                        let multiplied = [Multiplied {
                            products: array.products(range(128), range(x_zero)).unwrap(),
                            correction: array.correction(range(128), range(x_zero)),
                        }];
                        let (arrays, multiplied) = (Some(&arrays), &multiplied);
                        let hardware = Hardware { multiplied, arrays, buffer: None, map: 0, plans: &[] };
                        let found = hardware.contract(&layer, &input, &weights);
                        let mut parts = vec![];
                        hardware.contract_by_parts(&layer, &input, &weights, &mut |sums| parts.append(sums));
                        assert_eq!(
                            parts, found,
                            "{signed}, {taken:?}, {padding:?}, {accumulator:?}, {order:?}"
                        );
                        for (at, &sum) in found.iter().enumerate() {
                            let (sample, place) = (
                                at / Geometry::UNEVEN.outputs_per_sample(),
                                at % Geometry::UNEVEN.outputs_per_sample(),
                            );
                            let (channel, position) =
                                (place / Geometry::UNEVEN.positions(), place % Geometry::UNEVEN.positions());
                            let width = Geometry::UNEVEN.out_width();
                            let output = [channel, position / width, position % width];
                            let expected =
                                naive(array, (accumulator, order), (&input, &weights), sample, output);
                            assert_eq!(
                                sum, expected,
                                "{signed}, {taken:?}, {padding:?}, {accumulator:?}, {order:?}, {output:?}"
                            );
                        }
                        distinct[order as usize].insert(found);
                    }
                }
            }
        }
        // Dropping and skipping differ in energy alone, and two narrow accumulators give what wide ones give where no sum
        // exceeds them; all else tells.
        let [first, last] = &distinct;
        assert!(first.len() > 2 * 2 * 2 * (ACCUMULATORS.len() - 2), "{}", first.len());
        // Exact adders that wrap and low parts by OR sum the same in any order, adders that saturate or speculate do not.
        let alike = first.intersection(last).count();
        assert!(first.len() / 4 < alike && alike < first.len(), "{alike} of {}", first.len());
    }

    #[test]
    fn large_batches_are_handed_on_in_parts() {
        const BATCH: usize = 7;
        let geometry = Geometry { in_height: 41, in_width: 39, ..Geometry::UNEVEN };
        let (name, weights, form) = ("conv".into(), Origin::Stored, Form::Image);
        let layer = Layer { index: 0, name, geometry, weights, form, zeros: 0 };
        let mut stream = Stream::new(9, "test.parts", 0);
        let mut draw = |count: usize| (0..count).map(|_| stream.word() as u8).collect::<Vec<_>>();
        let input =
            Tensor::new([BATCH, geometry.inputs_per_sample()], draw(BATCH * geometry.inputs_per_sample()));
        let input = Codes { codes: input.unwrap(), scale: 1.0, zero_point: 128, bits: 8 };
        let weights =
            Weights { codes: draw(geometry.weights()), scales: vec![1.0; 6], zero_point: 128, bits: 8 };
        let multiplied = [Multiplied { products: Products::exact(128, 128), correction: None }];
        let hardware = Hardware { multiplied: &multiplied, arrays: None, buffer: None, map: 0, plans: &[] };
        for engine in [&hardware as &dyn Engine, &Exact] {
            let (mut sums, mut parts) = (vec![], 0);
            engine.contract_by_parts(&layer, &input, &weights, &mut |part| {
                sums.append(part);
                parts += 1;
            });
            assert_eq!(sums, Exact.contract(&layer, &input, &weights));
            assert!(parts > 1);
        }
    }

    /// Whatever the array makes of products, it makes of those of computed weights what it makes of stored ones.
    #[test]
    fn samples_with_weights_of_their_own_are_summed_as_each_alone() {
        let mut stream = Stream::new(8, "test.computed", 0);
        let stored = Layer {
            index: 0,
            name: "attention".into(),
            geometry: Geometry::UNEVEN,
            weights: Origin::Stored,
            form: Form::Image,
            zeros: 0,
        };
        let computed = Layer { weights: Origin::Computed, ..stored.clone() };
        for signed in [true, false] {
            for taken in [Taken::Centred, Taken::Raw] {
                let x_zero = if signed && taken == Taken::Centred { 128 } else { 37 };
                let (input, first) = codes(&mut stream, x_zero);
                let second = codes(&mut stream, x_zero).1;
                for padding in [Padding::Drop, Padding::Multiply] {
                    for accumulator in ACCUMULATORS {
                        let order = AccumulationOrder::ChannelsLast;
                        let arrays = arrays(signed, padding, taken, accumulator, (order, &stored));
                        let range = |zero: u8| CodeRange { bits: 8, zero, lowest: 0 };
                        let multiplied = [Multiplied {
                            products: arrays.main().products(range(128), range(x_zero)).unwrap(),
                            correction: arrays.main().correction(range(128), range(x_zero)),
                        }];
                        let (arrays, multiplied) = (Some(&arrays), &multiplied);
                        let hardware = Hardware { multiplied, arrays, buffer: None, map: 0, plans: &[] };
                        let both = [&first.codes[..], &second.codes].concat();
                        let found =
                            hardware.contract(&computed, &input, &Weights { codes: both, ..first.clone() });
                        let alone = |(sample, weights): (&[u8], &Weights)| {
                            let codes = Tensor::new([1, sample.len()], sample.to_vec()).unwrap();
                            hardware.contract(&stored, &Codes { codes, ..input }, weights)
                        };
                        let samples = input.codes.data().chunks(Geometry::UNEVEN.inputs_per_sample());
                        let expected: Vec<Vec<i32>> = samples.zip([&first, &second]).map(alone).collect();
                        assert_eq!(
                            found,
                            expected.concat(),
                            "{signed}, {taken:?}, {padding:?}, {accumulator:?}"
                        );
                    }
                }
            }
        }
    }
}
