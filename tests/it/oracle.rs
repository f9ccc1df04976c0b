//! Do operators on codes give the very codes and sums that onnxruntime gives with its graph optimisation off?

use axsim::config::Quantize;
use axsim::rng::Stream;
use axsim::tensor::Tensor;
use axsim::workload::{Exact, Graph, Kind, Network, Quantized, Scheme, Value};
use rten_onnx::onnx::{AttributeProto, DataType, ModelProto, ValueInfoProto};

use crate::onnx_layers::{Stored, int, ints, model};
use crate::onnxruntime::{answers, onnxruntime};

/// Samples of each model.
const SAMPLES: usize = 8;

/// A model, what it is, and the samples [samples, …] that it is asked.
struct Case {
    what: String,
    model: Vec<u8>,
    samples: Value,
}

/// A type of codes: as ONNX and as we name it, and its range.
type Codes = (DataType, Kind, [i64; 2]);

const U8: Codes = (DataType::UINT8, Kind::U8, [0, 255]);
const I8: Codes = (DataType::INT8, Kind::I8, [-128, 127]);
/// What activations and weights may be made of together.
const PAIRS: [[Codes; 2]; 3] = [[U8, U8], [U8, I8], [I8, I8]];

/// Draws of numbers, the same ones every time.
///
/// Those for `ties` are few codes and powers of two as scales, by which results lie half-way between two codes again and again.
struct Draws {
    stream: Stream,
    ties: bool,
}

impl Draws {
    fn new(name: &str) -> Self {
        Self { stream: Stream::new(1, name, 0), ties: false }
    }

    fn below(&mut self, bound: usize) -> usize {
        self.stream.below(bound as u64) as usize
    }

    fn wholes(&mut self, count: usize, [low, high]: [i64; 2]) -> Vec<f64> {
        (0..count).map(|_| (low + self.below((high - low + 1) as usize) as i64) as f64).collect()
    }

    fn whole(&mut self, range: [i64; 2]) -> usize {
        self.wholes(1, range)[0] as usize
    }

    /// Codes of a type, or few of them around 0.
    fn codes(&mut self, count: usize, (_, _, range): Codes) -> Vec<f64> {
        let few = [range[0].max(-8), range[1].min(7)];
        self.wholes(count, if self.ties { few } else { range })
    }

    fn scales(&mut self, count: usize) -> Vec<f64> {
        let mantissa = |draws: &mut Self| if draws.ties { 1.0 } else { 1.0 + draws.stream.uniform() };
        (0..count).map(|_| f64::from((mantissa(self) / self.wholes(1, [3, 5])[0].exp2()) as f32)).collect()
    }

    /// Samples of codes.
    fn samples(&mut self, shape: &[usize], codes: Codes) -> Value {
        let shape = [&[SAMPLES], shape].concat();
        let elements = self.codes(shape.iter().product(), codes);
        Value::whole(codes.1, &shape, elements.iter().map(|&code| code as i64).collect()).unwrap()
    }
}

/// The shape of an operand with a scale or zero point of its own for each channel, or with one for all.
fn of(count: usize) -> Vec<i64> {
    if count == 1 { vec![] } else { vec![count as i64] }
}

fn dims(shape: &[usize]) -> Vec<i64> {
    [&[1], shape].concat().iter().map(|&size| size as i64).collect()
}

/// Reals as codes, on one scale or one of each channel: half-way between two codes and any, beyond both ends too.
fn quantize(draws: &mut Draws) -> Case {
    let (codes, count) = ([U8, I8][draws.below(2)], [1, 3][draws.below(2)]);
    let (scales, zeros) = (draws.scales(count), draws.codes(count, codes));
    let operands =
        [("s", DataType::FLOAT, &of(count)[..], scales.clone()), ("z", codes.0, &of(count), zeros)];
    let real = |at: usize| {
        let half = draws.wholes(1, [-700, 700])[0] / 2.0;
        let off = if at.is_multiple_of(2) { 0.0 } else { draws.stream.uniform() };
        (half + off) * scales[at / 40 % 3 % count]
    };
    let reals = (0..SAMPLES * 3 * 40).map(real).collect();
    let samples = Value::real(Kind::F32, &[SAMPLES, 3, 40], reals).unwrap();
    let x = (DataType::FLOAT, &[1, 3, 40][..]);
    let model = model("QuantizeLinear", &["x", "s", "z"], vec![int("axis", 1)], x, &operands);
    Case { what: format!("QuantizeLinear to {}, {count} scales", codes.1), model, samples }
}

/// Reals as bytes on a scale of their own.
fn dynamic(draws: &mut Draws) -> Case {
    let [low, high] = [[-20, 60], [-90, -5], [3, 70]][draws.below(3)];
    let reals = draws.wholes(SAMPLES * 60, [low, high]).iter().map(|x| x / 16.0).collect();
    let samples = Value::real(Kind::F32, &[SAMPLES, 60], reals).unwrap();
    let model = model("DynamicQuantizeLinear", &["x"], vec![], (DataType::FLOAT, &[1, 60]), &[]);
    let mut model = ModelProto::parse_buf(&model).unwrap();
    let graph = model.graph.as_mut().unwrap();
    for name in ["scale", "zero"] {
        graph.node[0].output.push(name.into());
        graph.output.push(ValueInfoProto { name: Some(name.into()), ..Default::default() });
    }
    let model = model.write_buf().unwrap();
    Case { what: format!("DynamicQuantizeLinear of {low} to {high} sixteenths"), model, samples }
}

fn dequantize(draws: &mut Draws) -> Case {
    let (codes, count) = ([U8, I8][draws.below(2)], [1, 3][draws.below(2)]);
    let (scales, zeros) = (draws.scales(count), draws.codes(count, codes));
    let operands = [("s", DataType::FLOAT, &of(count)[..], scales), ("z", codes.0, &of(count), zeros)];
    let x = (codes.0, &[1, 3, 40][..]);
    let model = model("DequantizeLinear", &["x", "s", "z"], vec![int("axis", 1)], x, &operands);
    let samples = draws.samples(&[3, 40], codes);
    Case { what: format!("DequantizeLinear of {}, {count} scales", codes.1), model, samples }
}

/// A convolution: image [C, H, W], weights [O, C / groups, rows, columns], and how the window goes.
struct Window {
    image: [usize; 3],
    weights: [usize; 4],
    attributes: Vec<AttributeProto>,
}

impl Window {
    fn draw(draws: &mut Draws) -> Self {
        let mut pair = |range| [draws.whole(range), draws.whole(range)];
        let ([rows, columns], stride, dilation) = (pair([1, 3]), pair([1, 2]), pair([1, 2]));
        let (pads, [inputs, outputs], size) =
            ([pair([0, 2]), pair([0, 2])].concat(), pair([1, 3]), pair([5, 8]));
        let groups = draws.whole([1, 3]);
        let whole = |sizes: &[usize]| sizes.iter().map(|&size| size as i64).collect::<Vec<_>>();
        Self {
            image: [inputs * groups, size[0], size[1]],
            weights: [outputs * groups, inputs, rows, columns],
            attributes: vec![
                ints("strides", &whole(&stride)),
                ints("pads", &whole(&pads)),
                ints("dilations", &whole(&dilation)),
                int("group", groups as i64),
            ],
        }
    }

    fn dims(&self) -> [i64; 4] {
        self.weights.map(|size| size as i64)
    }

    fn depth(&self) -> usize {
        self.weights[1..].iter().product()
    }
}

fn convolve_integers(draws: &mut Draws) -> Case {
    let (window, [x, w]) = (Window::draw(draws), PAIRS[draws.below(2)]);
    let operands = [
        ("xz", x.0, &[][..], draws.codes(1, x)),
        ("w", w.0, &window.dims(), draws.codes(window.weights.iter().product(), w)),
        ("wz", w.0, &[], draws.codes(1, w)),
    ];
    let what = format!("ConvInteger of {} by {}, {:?} {:?}", x.1, w.1, window.image, window.weights);
    let of_x = (x.0, &dims(&window.image)[..]);
    let model = model("ConvInteger", &["x", "w", "xz", "wz"], window.attributes, of_x, &operands);
    Case { what, model, samples: draws.samples(&window.image, x) }
}

/// Rows, depth and columns: of sums that single precision does not hold any more, too.
fn product_sizes(draws: &mut Draws) -> [usize; 3] {
    [draws.whole([1, 4]), [7, 33, 900][draws.below(3)], draws.whole([1, 5])]
}

fn multiply_integers(draws: &mut Draws) -> Case {
    let ([rows, depth, columns], [x, w]) = (product_sizes(draws), PAIRS[draws.below(3)]);
    let count = [1, columns][draws.below(2)];
    let operands = [
        ("xz", x.0, &[][..], draws.codes(1, x)),
        ("w", w.0, &[depth as i64, columns as i64], draws.codes(depth * columns, w)),
        ("wz", w.0, &of(count), draws.codes(count, w)),
    ];
    let of_x = (x.0, &dims(&[rows, depth])[..]);
    let model = model("MatMulInteger", &["x", "w", "xz", "wz"], vec![], of_x, &operands);
    let what = format!("MatMulInteger of {} by {}, {rows} × {depth} × {columns}", x.1, w.1);
    Case { what, model, samples: draws.samples(&[rows, depth], x) }
}

/// Scales and zero points x, w and y of a layer, one of weights or one of each of `count` filters.
fn layer<'a>(
    draws: &mut Draws,
    [x, w]: [Codes; 2],
    (counts, shape): ([usize; 2], &'a [i64]),
    depth: usize,
) -> Vec<Stored<'a>> {
    let (of_x, of_w) = (draws.scales(1), draws.scales(counts[0]));
    // Results reach both ends of the codes and beyond.
    let spread = if draws.ties { 1.0 / 32.0 } else { of_x[0] * of_w[0] * (depth as f64).sqrt() * 40.0 };
    let zeros = vec![draws.codes(1, w)[0]; counts[0]];
    let count = shape.iter().product::<i64>() as usize;
    vec![
        ("xs", DataType::FLOAT, &[], of_x),
        ("xz", x.0, &[], draws.codes(1, x)),
        ("w", w.0, shape, draws.codes(count, w)),
        ("ws", DataType::FLOAT, &shape[counts[1]..][..usize::from(counts[0] > 1)], of_w),
        ("wz", w.0, &shape[counts[1]..][..usize::from(counts[0] > 1)], zeros),
        ("ys", DataType::FLOAT, &[], vec![f64::from(spread as f32)]),
        ("yz", x.0, &[], draws.codes(1, x)),
    ]
}

const OPERANDS: [&str; 9] = ["x", "xs", "xz", "w", "ws", "wz", "ys", "yz", "b"];

fn convolution(draws: &mut Draws) -> Case {
    let (window, pair) = (Window::draw(draws), PAIRS[draws.below(3)]);
    let (outputs, biased) = (window.weights[0], draws.below(2));
    let (shape, of_bias) = (window.dims(), [outputs as i64]);
    let count = [1, outputs][draws.below(2)];
    let mut operands = layer(draws, pair, ([count, 0], &shape), window.depth());
    let reach = if draws.ties { 20 } else { 20_000 };
    operands.push(("b", DataType::INT32, &of_bias, draws.wholes(outputs, [-reach, reach])));
    let [x, w] = pair.map(|codes| codes.1);
    let what = format!("QLinearConv of {x} by {w}, {:?} {:?}, {count} scales", window.image, window.weights);
    let of_x = (pair[0].0, &dims(&window.image)[..]);
    let model = model("QLinearConv", &OPERANDS[..8 + biased], window.attributes, of_x, &operands);
    Case { what, model, samples: draws.samples(&window.image, pair[0]) }
}

fn product(draws: &mut Draws) -> Case {
    let ([rows, depth, columns], pair) = (product_sizes(draws), PAIRS[draws.below(3)]);
    let count = [1, columns][draws.below(2)];
    let shape = [depth as i64, columns as i64];
    let operands = layer(draws, pair, ([count, 1], &shape), depth);
    let [x, w] = pair.map(|codes| codes.1);
    let what = format!("QLinearMatMul of {x} by {w}, {rows} × {depth} × {columns}, {count} scales");
    let of_x = (pair[0].0, &dims(&[rows, depth])[..]);
    let model = model("QLinearMatMul", &OPERANDS[..8], vec![], of_x, &operands);
    Case { what, model, samples: draws.samples(&[rows, depth], pair[0]) }
}

/// Sample `at` with a batch of 1.
pub(super) fn sample(samples: &Value, at: usize) -> Value {
    let shape = [&[1], &samples.shape()[1..]].concat();
    let size: usize = shape.iter().product();
    let reals = samples.to_reals()[at * size..(at + 1) * size].to_vec();
    let wholes = || reals.iter().map(|&x| x as i64).collect();
    let kind = samples.kind();
    if kind.is_real() { Value::real(kind, &shape, reals) } else { Value::whole(kind, &shape, wholes()) }
        .unwrap()
}

fn cases() -> Vec<Case> {
    let mut draws = Draws::new("oracle");
    let kinds = [quantize, dynamic, dequantize, convolve_integers, multiply_integers, convolution, product];
    let mut cases = vec![];
    for at in 0..40 {
        draws.ties = at % 2 == 0;
        cases.extend(kinds.map(|kind| kind(&mut draws)));
    }
    cases
}

#[test]
fn operators_on_codes_give_the_codes_of_onnxruntime() {
    if !onnxruntime() {
        return;
    }
    let cases = cases();
    let questions: Vec<_> = cases.iter().map(|case| (case.model.clone(), case.samples.clone())).collect();
    for (case, expected) in cases.iter().zip(answers(&questions)) {
        let graph = Graph::from_onnx(&case.model).unwrap();
        let run = |at: usize| graph.run(vec![sample(&case.samples, at)]).unwrap();
        let found: Vec<Vec<Value>> = (0..SAMPLES).map(run).collect();
        for (output, expected) in expected.iter().enumerate() {
            let reals: Vec<f64> = found.iter().flat_map(|answer| answer[output].to_reals()).collect();
            assert_eq!(found[0][output].kind(), expected.kind(), "{}", case.what);
            assert_eq!(reals, expected.to_reals(), "{}", case.what);
        }
    }
}

/// Layers, as an array runs them whose products are exact.
#[test]
fn layers_of_codes_give_the_codes_of_onnxruntime() {
    if !onnxruntime() {
        return;
    }
    let cases: Vec<Case> = cases().into_iter().filter(|case| case.what.starts_with("QLinear")).collect();
    let questions: Vec<_> = cases.iter().map(|case| (case.model.clone(), case.samples.clone())).collect();
    for (case, expected) in cases.iter().zip(answers(&questions)) {
        let network = Network::from_onnx(&case.model).unwrap();
        assert_eq!(network.layers().len(), 1, "{}", case.what);
        let codes = case.samples.to_reals().iter().map(|&code| code as f32).collect();
        let batch = Tensor::new(case.samples.shape(), codes).unwrap();
        let quantized = Quantized::calibrate(&network, &Quantize::default(), Scheme::Affine, &batch).unwrap();
        let found = quantized.run(&Exact, &batch, 0).unwrap().remove(0);
        let found: Vec<f64> = found.data().iter().map(|&code| f64::from(code)).collect();
        assert_eq!(found, expected[0].to_reals(), "{}", case.what);
        assert!(quantized.coded_anew().is_empty(), "{}", case.what);
    }
}
