use proptest::prelude::*;

use super::*;
use crate::config::Quantize;
use crate::kernel::{Geometry, Products, convolve};
use crate::rng::Stream;
use crate::run::hardware::Multiplied;
use crate::workload::{Form, Network, Origin, Scheme, operands};

/// Exact products of centred codes, changed by their value.
fn table(change: impl Fn(i32) -> i32) -> Products {
    let exact = Products::exact(128, 128);
    let product = |at: usize| change(exact.get((at >> 8) as u8, at as u8));
    Products::new(&(0..1 << 16).map(product).collect::<Vec<_>>())
}

fn hardware<'a>(multiplied: &'a [Multiplied], plans: &'a [LayerPlan]) -> Hardware<'a> {
    Hardware { multiplied, arrays: None, buffer: None, map: 0, plans }
}

/// Products of centred codes: nothing is added to their sums.
fn centred(products: Products) -> Multiplied {
    Multiplied { products, correction: None }
}

fn codes(stream: &mut Stream, count: usize) -> Vec<u8> {
    (0..count).map(|_| 1 + stream.below(255) as u8).collect()
}

/// A layer with its activations and weights, drawn at random.
fn layer(geometry: Geometry, batch: usize, seed: u64) -> (Layer, Codes, Weights) {
    let mut stream = Stream::new(seed, "run.recovery", 0);
    let shape = [batch, geometry.inputs_per_sample()];
    let input = Tensor::new(shape, codes(&mut stream, shape[0] * shape[1])).unwrap();
    let scales = (0..geometry.out_channels).map(|_| 0.01 + stream.uniform() as f32).collect();
    let weights = Weights { codes: codes(&mut stream, geometry.weights()), scales, zero_point: 128, bits: 8 };
    let input = Codes { codes: input, scale: 1.0, zero_point: 128, bits: 8 };
    (
        Layer {
            index: 0,
            name: "layer".into(),
            geometry,
            weights: Origin::Stored,
            form: Form::Image,
            zeros: 0,
        },
        input,
        weights,
    )
}

/// Sum of squared errors in real units, straight from the definition.
fn squares(layer: &Layer, weights: &Weights, sums: &[i32], exact: &[i32]) -> f64 {
    let channel = |at: usize| at / layer.geometry.positions() % layer.geometry.out_channels;
    let error = |at: usize| f64::from(sums[at]) - f64::from(exact[at]);
    (0..sums.len()).map(|at| (f64::from(weights.scales[channel(at)]) * error(at)).powi(2)).sum()
}

/// What a layer chooses among these measures: the weights it holds, its plan, and the sums it goes on with.
fn choose(
    options: Options<'_>,
    (layer, input, weights): (&Layer, &Codes, &Weights),
) -> (Weights, LayerPlan, Vec<i32>) {
    let choice = Choice { options, found: Mutex::default() };
    let sums = choice.contract(layer, input, weights);
    let (held, plan) = choice.found.into_inner().unwrap().remove(0);
    (held, plan, sums)
}

fn measures() -> impl Strategy<Value = Vec<Measure>> {
    prop::sample::subsequence(Measure::ALL.to_vec(), 0..=4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_recovered_layer_is_never_worse_than_it_was(
        outs in 1usize..5, side in 1usize..6, batch in 1usize..20, seed: u64, cut in 0u32..13, measures in measures(),
    ) {
        let window = Geometry { in_height: side, in_width: side, kernel: [2, 2], pads: [1; 4], ..Geometry::dense(3, outs) };
        let (layer, input, weights) = layer(window, batch, seed);
        // Low bits of the weight are lost, and of the product.
        let exact = Products::exact(128, 128);
        let product = |w: u8, x: u8| exact.get(w & 0xf8, x) >> cut << cut;
        let own = |at: usize| product((at >> 8) as u8, at as u8);
        let other = |at: usize| product(at as u8, (at >> 8) as u8);
        let products = [centred(Products::new(&(0..1 << 16).map(own).collect::<Vec<_>>()))];
        let swapped = [Some(Products::new(&(0..1 << 16).map(other).collect::<Vec<_>>()))];
        let swapped = if measures.contains(&Measure::Swap) { &swapped[..] } else { &[] };
        let bare = hardware(&products, &[]);
        let options = Options { hardware: &bare, measures: &measures, swapped };
        let (held, plan, recovered) = choose(options, (&layer, &input, &weights));
        let exact = Exact.contract(&layer, &input, &weights);
        let plain = convolve(&layer.geometry, operands(&input, &weights), &products[0].products);
        let errors = [&plain, &recovered].map(|sums| squares(&layer, &weights, sums, &exact));
        prop_assert!(errors[1] <= errors[0], "{errors:?} with {:?}", plan.chosen.measures);
        prop_assert!(plan.chosen.measures.iter().all(|measure| measures.contains(measure)));
        prop_assert_eq!(plan.meant.is_some(), plan.chosen.weights_changed > 0);
        prop_assert_eq!(plan.swapped.is_some(), plan.chosen.measures.contains(&Measure::Swap));
        // What runs afterwards is what was chosen.
        let plans = [plan];
        prop_assert_eq!(hardware(&products, &plans).contract(&layer, &input, &held), recovered);
        let size = squares(&layer, &weights, &exact, &vec![0; exact.len()]);
        let figures = [plans[0].chosen.error_before, plans[0].chosen.error_after];
        for (figure, error) in figures.iter().zip(errors) {
            let expected = if size == 0.0 { 0.0 } else { (error / size).sqrt() };
            prop_assert!((figure - expected).abs() <= 1e-9 * (1.0 + expected), "{figure} {expected}");
        }
    }
}

#[test]
fn a_layer_without_errors_is_left_alone() {
    let (layer, input, weights) = layer(Geometry::dense(30, 4), 5, 1);
    let products = [centred(Products::exact(128, 128))];
    let bare = hardware(&products, &[]);
    let options = Options { hardware: &bare, measures: &Measure::ALL, swapped: &[] };
    let (held, plan, sums) = choose(options, (&layer, &input, &weights));
    assert_eq!(sums, Exact.contract(&layer, &input, &weights));
    assert_eq!((held, plan.chosen.measures, plan.correction), (weights, vec![], None));
}

#[test]
fn operands_are_swapped_where_the_multiplier_spoils_only_weights() {
    let (layer, mut input, weights) = layer(Geometry::dense(20, 3), 4, 5);
    input.codes.data_mut().iter_mut().for_each(|code| *code &= 0xf0);
    let exact = Products::exact(128, 128);
    let own = |at: usize| exact.get((at >> 8) as u8 & 0xf0, at as u8);
    let other = |at: usize| exact.get((at >> 8) as u8, at as u8 & 0xf0);
    let products = [centred(Products::new(&(0..1 << 16).map(own).collect::<Vec<_>>()))];
    let swapped = [Some(Products::new(&(0..1 << 16).map(other).collect::<Vec<_>>()))];
    let bare = hardware(&products, &[]);
    let options = Options { hardware: &bare, measures: &Measure::ALL, swapped: &swapped };
    let (_, plan, sums) = choose(options, (&layer, &input, &weights));
    assert_eq!((plan.chosen.measures, plan.chosen.error_after), (vec![Measure::Swap], 0.0));
    assert_eq!(sums, Exact.contract(&layer, &input, &weights));
}

/// The constant that least squares finds is the mean error that histograms give.
#[test]
fn a_bias_is_the_mean_error_from_histograms() {
    let window =
        Geometry { in_height: 5, in_width: 4, kernel: [3, 3], pads: [1; 4], ..Geometry::dense(2, 3) };
    let (layer, input, weights) = layer(window, 7, 2);
    let (products, exact) = (table(|product| product & !255), Products::exact(128, 128));
    let sums = [&products, &exact].map(|table| convolve(&window, operands(&input, &weights), table));
    let bias = Correction::bias(&window, &sums[0], &sums[1]);
    let error = |w: u8, x: u8| i64::from(exact.get(w, x)) - i64::from(products.get(w, x));
    let histograms = Histograms::of(&window, input.codes.data());
    for (channel, total) in histograms.channel_totals(&weights.codes, error).iter().enumerate() {
        let mean = *total as f64 / (7 * layer.geometry.positions()) as f64;
        assert_eq!(bias.of_mean(channel, 0.0), mean.round_ties_even());
    }
}

/// An engine that asserts of every layer of a network that its plan does no harm.
struct Judge<'a> {
    bare: Hardware<'a>,
    planned: Hardware<'a>,
}

impl Engine for Judge<'_> {
    fn contract(&self, layer: &Layer, input: &Codes, weights: &Weights) -> Vec<i32> {
        let plan = self.planned.plan(layer).unwrap();
        let meant = plan.meant.as_ref().unwrap_or(weights);
        let recovered = self.planned.contract(layer, input, weights);
        let exact = Exact.contract(layer, input, meant);
        let plain = self.bare.contract(layer, input, meant);
        let errors = [&plain, &recovered].map(|sums| squares(layer, meant, sums, &exact));
        assert!(errors[1] < 0.5 * errors[0], "{}: {errors:?}", layer.name);
        let mut parts = vec![];
        self.planned.contract_by_parts(layer, input, weights, &mut |sums| parts.append(sums));
        assert_eq!(parts, recovered, "{}", layer.name);
        recovered
    }

    fn store(&self, _: Place, _: &mut Codes) {}
}

#[test]
fn layers_choose_on_what_recovered_layers_before_them_make() {
    let network =
        Network::from_onnx(include_bytes!("../../../configs/workloads/scenes/scenes.onnx")).unwrap();
    let mut stream = Stream::new(1, "run.recovery", 1);
    let shape: Vec<usize> = [&[12], network.sample_shape()].concat();
    let pixels = (0..shape.iter().product()).map(|_| 255.0 * stream.uniform() as f32).collect();
    let samples = Tensor::new(shape, pixels).unwrap();
    let quantized =
        Quantized::calibrate(&network, &Quantize::default(), Scheme::Symmetric, &samples).unwrap();
    let products = vec![centred(table(|product| product & !127)); quantized.layers().len()];
    let bare = hardware(&products, &[]);
    let options = Options { hardware: &bare, measures: &Measure::ALL, swapped: &[] };
    let plan = Plan::choose(&quantized, options, &samples).unwrap();
    let planned = hardware(&products, &plan.layers);
    plan.network.run(&Judge { bare, planned }, &samples, 0).unwrap();
}
