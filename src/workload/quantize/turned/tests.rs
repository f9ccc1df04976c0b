use super::*;
use crate::config::{
    IntScale, LayerSettings, NumberFormat, NumberFormats, Quantize, RazorCode, RazorRounding, Rotation,
};
use crate::kernel::Geometry;
use crate::razor::{Blocks, Razor, Step as BlockStep};
use crate::rng::uniform_at;
use crate::tensor::Tensor;
use crate::workload::tests::network;
use crate::workload::{CalibrationError, Exact, Form, Format, Formats, Formatted, Scheme};

const CHANNELS: usize = 12;
const ROWS: usize = 5;
const OUTPUTS: usize = 7;

fn numbers(count: usize, seed: u64) -> Vec<f32> {
    (0..count).map(|at| uniform_at(seed, at as u64) as f32 - 0.4).collect()
}

fn rows(outputs: usize, seed: u64) -> Contraction {
    let geometry = Geometry { in_height: ROWS, ..Geometry::dense(CHANNELS, outputs) };
    Contraction {
        geometry,
        weights: numbers(geometry.weights(), seed),
        bias: numbers(outputs, seed + 1),
        scales: None,
        form: Form::Image,
    }
}

fn one() -> Network {
    let shapes = vec![vec![CHANNELS, ROWS, 1], vec![OUTPUTS, ROWS, 1]];
    network(vec![(Op::Contract(rows(OUTPUTS, 3)), vec![0])], shapes)
}

/// A tensor that a layer reads and a sum too.
fn residual() -> Network {
    let shape = || vec![CHANNELS, ROWS, 1];
    let ops = vec![
        (Op::Contract(rows(CHANNELS, 3)), vec![0]),
        (Op::Add, vec![0, 1]),
        (Op::Contract(rows(OUTPUTS, 5)), vec![2]),
    ];
    network(ops, vec![shape(), shape(), shape(), vec![OUTPUTS, ROWS, 1]])
}

fn samples(count: usize) -> Tensor<f32> {
    Tensor::new([count, CHANNELS, ROWS, 1], numbers(count * CHANNELS * ROWS, 11)).unwrap()
}

fn rotating() -> Quantize {
    Quantize { rotation: Rotation::Hadamard, ..Quantize::default() }
}

/// Sylvester's matrix on blocks of 4 of the 12 channels, element by element.
fn hadamard(channel: usize, other: usize) -> f64 {
    let sign = if ((channel % 4) & (other % 4)).count_ones().is_multiple_of(2) { 0.5 } else { -0.5 };
    if channel / 4 == other / 4 { sign } else { 0.0 }
}

/// Codes, sums and scales by loops over whole matrices.
#[test]
fn an_array_multiplies_codes_of_rotated_channels() {
    let (network, batch) = (one(), samples(1));
    let settings = Quantize { weight_bits: 5, activation_bits: 6, ..rotating() };
    let quantized = Quantized::calibrate(&network, &settings, Scheme::Symmetric, &batch).unwrap();
    let found = quantized.run(&Exact, &batch, 0).unwrap().remove(0);
    let own = rows(OUTPUTS, 3);
    let turned = |number: &dyn Fn(usize) -> f32, channel: usize| -> f64 {
        (0..CHANNELS).map(|other| hadamard(channel, other) * f64::from(number(other))).sum()
    };
    let codes = |reals: &[f64], bits: u32| -> (Vec<f64>, f64) {
        let step = reals.iter().fold(0f64, |a, x| a.max(x.abs())) / f64::from((1 << (bits - 1)) - 1);
        (reals.iter().map(|x| (x / step).round()).collect(), step)
    };
    let x: Vec<f64> = (0..CHANNELS * ROWS)
        .map(|at| turned(&|other| batch.data()[other * ROWS + at % ROWS], at / ROWS))
        .collect();
    let (x, x_step) = codes(&x, 6);
    for output in 0..OUTPUTS {
        let filter: Vec<f64> = (0..CHANNELS)
            .map(|channel| turned(&|other| own.weights[output * CHANNELS + other], channel))
            .collect();
        let (w, w_step) = codes(&filter, 5);
        for row in 0..ROWS {
            let sum: f64 = (0..CHANNELS).map(|channel| w[channel] * x[channel * ROWS + row]).sum();
            let expected = sum * x_step * w_step + f64::from(own.bias[output]);
            let found = f64::from(found.data()[output * ROWS + row]);
            assert!((found - expected).abs() < 1e-4, "{output} {row}: {found} {expected}");
        }
    }
}

/// One sample, whose scale is that of the calibration samples.
#[test]
fn an_array_answers_as_rotated_numbers_that_are_written_and_read_again() {
    let (network, batch) = (one(), samples(1));
    let (rounding, code) = (RazorRounding::NearestEven, RazorCode::SignMagnitude);
    let razor = |basis| NumberFormat::Razor { basis, bits: 4, group: 4, rounding, code };
    let (int, mxint) = (NumberFormat::int(4), NumberFormat::Mxint { bits: 4, block: 4 });
    let stepped = NumberFormat::Int { bits: 4, group: Some(4), scale: IntScale::Whole };
    let written = |basis| Format::Razor(Razor::new(basis, 4, 4).unwrap());
    let blocks = |block, step| Blocks::new(4, block, step).unwrap();
    let whole = Format::Whole(blocks(1, BlockStep::Real));
    let shared = Format::Blocks(blocks(4, BlockStep::PowerOfTwo));
    // A real step of the format has the 8 bits of a bfloat16.
    for (weights, activations, formats, most) in [
        (int, int, [whole; 2], 1e-2),
        (mxint, mxint, [shared; 2], 1e-4),
        (stepped, int, [Format::Blocks(blocks(4, BlockStep::Real)), whole], 3e-2),
        (razor(8), razor(16), [written(8), written(16)], 1e-4),
        // Codes of 16 bits are as good as reals.
        (razor(8), NumberFormat::int(16), [written(8), Format::Real], 1e-3),
    ] {
        let format = NumberFormats { weights, activations, kv: NumberFormat::Plain };
        let settings = Quantize { format, ..rotating() };
        let quantized = Quantized::calibrate(&network, &settings, Scheme::Symmetric, &batch).unwrap();
        let found = quantized.run(&Exact, &batch, 0).unwrap().remove(0);
        let formats = Formats { rotated: true, ..Formats::new(formats[0], formats[1], Format::Real) };
        let again = Formatted::new(&network, formats).unwrap().run(&batch).unwrap().outputs.remove(0);
        let apart = found.data().iter().zip(again.data()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(apart < most, "{weights:?}: {apart}");
        let plain = Quantize { rotation: Rotation::None, ..settings };
        let plain = Quantized::calibrate(&network, &plain, Scheme::Symmetric, &batch).unwrap();
        assert_ne!(plain.run(&Exact, &batch, 0).unwrap()[0].data(), found.data());
    }
}

#[test]
fn what_else_reads_rotated_channels_reads_them_as_they_were() {
    let (network, batch) = (residual(), samples(3));
    let float = network.run(&batch).unwrap().remove(0);
    let largest = float.data().iter().fold(0f32, |a, x| a.max(x.abs()));
    for scheme in [Scheme::Symmetric, Scheme::Affine] {
        let quantized = Quantized::calibrate(&network, &rotating(), scheme, &batch).unwrap();
        let found = quantized.run(&Exact, &batch, 0).unwrap().remove(0);
        let apart = found.data().iter().zip(float.data()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(apart < 0.03 * largest, "{scheme:?}: {apart} of {largest}");
    }
    let quantized = Quantized::calibrate(&network, &rotating(), Scheme::Symmetric, &batch).unwrap();
    let numbers = CHANNELS * ROWS;
    let turned = quantized.turned();
    let of = |at: usize| (turned[at].value, &turned[at].layers[..], turned[at].times);
    assert_eq!([of(0), of(1)], [(0, &[0][..], 2), (2, &[1][..], 1)]);
    // Blocks of 4 take two steps.
    assert_eq!([0, 1].map(|at| turned[at].additions()), [2 * numbers * 2, numbers * 2]);
    assert_eq!((turned[0].block, turned[0].sum_bits()), (4, 18));
}

/// Two layers that turn the same rows on their own, as the lowering of a product writes them.
#[test]
fn a_tensor_is_rotated_once_for_all_that_read_it() {
    let turn =
        || Op::Permute((0..CHANNELS * ROWS).map(|at| (at % ROWS * CHANNELS + at / ROWS) as u32).collect());
    let columns = || vec![CHANNELS, ROWS, 1];
    let ops = vec![
        (turn(), vec![0]),
        (Op::Contract(rows(OUTPUTS, 3)), vec![1]),
        (turn(), vec![0]),
        (Op::Contract(rows(OUTPUTS, 5)), vec![3]),
        (Op::Add, vec![2, 4]),
    ];
    let out = || vec![OUTPUTS, ROWS, 1];
    let network = network(ops, vec![vec![ROWS, CHANNELS], columns(), out(), columns(), out(), out()]);
    let batch = Tensor::new([2, ROWS, CHANNELS], numbers(2 * ROWS * CHANNELS, 1)).unwrap();
    let quantized = Quantized::calibrate(&network, &rotating(), Scheme::Symmetric, &batch).unwrap();
    let turned = quantized.turned();
    assert_eq!((turned.len(), &turned[0].layers[..], turned[0].times), (1, &[0, 1][..], 1));
    let (found, float) = (quantized.run(&Exact, &batch, 0).unwrap(), network.run(&batch).unwrap());
    let apart = found[0].data().iter().zip(float[0].data()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(apart < 0.05, "{apart}");
}

#[test]
fn layers_that_read_one_tensor_rotate_it_alike() {
    let ops = vec![
        (Op::Contract(rows(OUTPUTS, 3)), vec![0]),
        (Op::Contract(rows(OUTPUTS, 5)), vec![0]),
        (Op::Add, vec![1, 2]),
    ];
    let out = || vec![OUTPUTS, ROWS, 1];
    let network = network(ops, vec![vec![CHANNELS, ROWS, 1], out(), out(), out()]);
    let own = |rotation| LayerSettings { rotation, ..LayerSettings::default() };
    let calibrate = |own: [LayerSettings; 2]| {
        let precision = Precision::of(&network, &rotating(), &own).unwrap();
        Quantized::calibrate_at(&network, (&rotating(), &precision), Scheme::Symmetric, &samples(1))
    };
    let error = calibrate([own(Some(Rotation::None)), own(None)]).unwrap_err();
    let (first, second) = ("node0".into(), "node1".into());
    assert_eq!(error, CalibrationError::Rotation(RotationError::Shared { first, second }));
    assert!(calibrate([own(Some(Rotation::None)), own(Some(Rotation::None))]).unwrap().turned().is_empty());
}
