//! Units for razored codes beside integer units: what one command prints, and what a real synthesiser says of the same
//! Verilog. What razored numbers cost a language model.

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;

use axsim::config::{NumberFormat, NumberFormats, Outliers, Quantize, RazorCode, RazorRounding, Rotation};
use axsim::razor::{Blocks, Razor, Step};
use axsim::tensor::Tensor;
use axsim::workload::{Exact, Format, Formats, Formatted, Network, Quantized, Scheme, with_outliers};
use rayon::prelude::*;

use super::simulators::Folder;

use crate::onnx_models::shared;

fn axsim(arguments: &[&str]) -> Vec<u8> {
    let mut command = assert_cmd::Command::cargo_bin("axsim").unwrap();
    command.args(arguments).assert().success().get_output().stdout.clone()
}

#[test]
fn one_command_compares_razored_units_with_named_ones() {
    let text = String::from_utf8(axsim(&["characterize", "razor"])).unwrap();
    for told in [
        "INT16 × INT8",
        "INT8 × INT8",
        "INT4 × INT4",
        "INT16 × SDR4 of INT8",
        "mac16x4s_sdr_g16",
        "hoisted",
        "per product",
        "nangate45 at 1.1 V, all powers at",
        "published [abstract], of a baseline not named",
        "61.2",
        "57.8",
        "razoring comes on top: sdr16x4_g16 takes",
        "arXiv 2501.13331v1",
    ] {
        assert!(text.contains(told), "{told}\n{text}");
    }
    let mut command = assert_cmd::Command::cargo_bin("axsim").unwrap();
    let refused =
        command.args(["characterize", "razor", "--terms", "3"]).assert().code(2).get_output().stderr.clone();
    assert!(String::from_utf8(refused).unwrap().contains("leave out `--terms`"));
}

/// Cell area after synthesis in the same cells, sequential ones included.
fn synthesised(unit: &str, cells: &str) -> f64 {
    let verilog = String::from_utf8(axsim(&["export", unit])).unwrap();
    let folder = Folder::of(&[("unit.v", &verilog), ("cells.lib", cells)]);
    let script = "read_verilog unit.v; synth -flatten; dfflibmap -liberty cells.lib; abc -liberty cells.lib; \
                  opt_clean -purge; stat -liberty cells.lib";
    let output = Command::new("yosys").args(["-p", script]).current_dir(folder.0.path()).output().unwrap();
    let report = String::from_utf8_lossy(&output.stdout).into_owned();
    let line =
        report.lines().rfind(|line| line.contains("Chip area for")).unwrap_or_else(|| panic!("{report}"));
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

/// Ratios, in points of a hundred: what synthesis restructures it restructures in all of them, most in the tree of wide sums
/// of activations of 16 bits.
#[test]
fn area_ratios_are_those_of_synthesis() {
    if Command::new("yosys").arg("-V").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "yosys is missing; in CI it must be installed");
        eprintln!("skipped: yosys is not installed, so nothing else synthesised razored units");
        return;
    }
    let found: serde_json::Value =
        serde_json::from_slice(&axsim(&["characterize", "razor", "--json", "-"])).unwrap();
    let cells = String::from_utf8(axsim(&["export", "nangate45", "--format", "liberty"])).unwrap();
    let names = found["units"].as_array().unwrap().iter().map(|unit| unit["unit"].as_str().unwrap());
    let areas: HashMap<&str, f64> = names.map(|name| (name, synthesised(name, &cells))).collect();
    for reduction in found["reductions"].as_array().unwrap() {
        let name = |key: &str| reduction[key].as_str().unwrap();
        let ours = reduction["area"].as_f64().unwrap();
        let theirs = 1.0 - areas[name("unit")] / areas[name("baseline")];
        eprintln!("{} against {}: {ours:.3}, yosys {theirs:.3}", name("unit"), name("baseline"));
        // Of the larger area, where the unit is larger than what it is compared with.
        let moved = (ours - theirs).abs() / (1.0 - theirs).max(1.0);
        let bound = if name("unit") == "mac16x4s_sdr_g16" { 0.14 } else { 0.10 };
        assert!(moved <= bound, "{} differs by {moved}", name("unit"));
    }
}

/// Rows of children's stories: 128 tokens to read and the one that follows each of them.
struct Stories {
    network: Network,
    rows: Vec<(Tensor<f32>, Vec<usize>)>,
}

impl Stories {
    fn load(root: &Path) -> Self {
        let bytes = std::fs::read(root.join("tinystories/tokens_u16le_111x129.bin")).unwrap();
        let tokens: Vec<u16> =
            bytes.as_chunks::<2>().0.iter().map(|&word| u16::from_le_bytes(word)).collect();
        let count = if std::env::var_os("AXSIM_LARGE_NETWORK").is_some() { 111 } else { 6 };
        let row = |row: &[u16]| {
            let read = row[..128].iter().map(|&token| f32::from(token)).collect();
            let next = row[1..].iter().map(|&token| usize::from(token)).collect();
            (Tensor::new([1, 128], read).unwrap(), next)
        };
        let model = std::fs::read(root.join("models/stories260k_ctx128.onnx")).unwrap();
        let network = Network::from_onnx(&model).unwrap();
        Self { network, rows: tokens.chunks_exact(129).take(count).map(row).collect() }
    }

    fn perplexity(&self, run: impl Fn(&Tensor<f32>) -> Tensor<f32> + Sync) -> f64 {
        let surprise = |(tokens, next): &(Tensor<f32>, Vec<usize>)| {
            let logits = run(tokens);
            let row = |(row, &next): (&[f32], &usize)| {
                let sum: f64 = row.iter().map(|&x| f64::from(x).exp()).sum();
                sum.ln() - f64::from(row[next])
            };
            let size = logits.len() / next.len();
            logits.data().chunks_exact(size).zip(next).map(row).sum::<f64>() / next.len() as f64
        };
        let all: Vec<f64> = self.rows.par_iter().map(surprise).collect();
        (all.iter().sum::<f64>() / all.len() as f64).exp()
    }

    fn in_formats(&self, formats: Formats) -> f64 {
        let network = Formatted::new(&self.network, formats).unwrap();
        self.perplexity(|tokens| network.run(tokens).unwrap().outputs.remove(0))
    }
}

fn razor(basis: u32, target: u32, group: usize) -> Format {
    Format::Razor(Razor::new(basis, target, group).unwrap())
}

/// The shape of the published table: loss grows with groups; weights cost little, activations more; eight bits of activations
/// are nearly free beside 16; keys and values cost most. Ours differs in these, whose groups lie along the axis that is summed
/// over: 8 numbers of a head for keys, so that larger groups change nothing, and the sequence for values. Keys are what costs:
/// one of the 8, of the slowest pair of the rotary embedding, is about ten times as large as most, is in every group and
/// makes most others zero. On 16 rows and in groups of 8, W4 has 5.05, values razored too 5.10, keys instead 23.4, which an
/// evaluation in NumPy gives as well.
#[test]
fn a_language_model_loses_with_the_size_of_razored_groups() {
    let Some(root) = shared() else { return };
    let stories = Stories::load(&root);
    let float = stories.perplexity(|tokens| stories.network.run(tokens).unwrap().remove(0));
    eprintln!("{} rows, in float {float:.3}", stories.rows.len());
    if stories.rows.len() == 111 {
        assert!((float / 5.716 - 1.0).abs() < 1e-3, "{float}");
    }
    let groups = [8, 32, 128];
    let settings = |group: usize| {
        let (w, a, kv) = (razor(8, 4, group), razor(16, 4, group), razor(8, 4, group));
        let real = Format::Real;
        [
            ("W4A16", Formats::new(w, real, real)),
            ("W4A8", Formats::new(w, razor(16, 8, group), real)),
            ("W4A4", Formats::new(w, a, real)),
            ("W4KV4", Formats::new(w, real, kv)),
            ("W4A4KV4", Formats::new(w, a, kv)),
        ]
    };
    let started = std::time::Instant::now();
    let found: Vec<[f64; 5]> =
        groups.iter().map(|&group| settings(group).map(|(_, formats)| stories.in_formats(formats))).collect();
    eprintln!("15 evaluations in {:.1?}", started.elapsed());
    for (at, (name, _)) in settings(8).iter().enumerate() {
        let row: Vec<String> = found.iter().map(|row| format!("{:.3}", row[at])).collect();
        eprintln!("{name:<8} {}", row.join("  "));
        // Within what rounding alone may turn; keys have the same groups whatever is asked for.
        let grows = found.is_sorted_by(|one, next| next[at] > 0.99 * one[at]) && found[2][at] > found[0][at];
        assert!(name.contains("KV") || grows, "{name} {row:?}");
    }
    for (row, group) in found.iter().zip(groups) {
        let [w, w_a8, w_a, w_kv, all] = *row;
        assert!(w > float && (w_a8 / w - 1.0).abs() < 0.03, "{group}: {row:?}");
        assert!(w_a > w && w_kv > w && all > w_a, "{group}: {row:?}");
    }
}

/// On the array queries, probabilities and activations have 16 bits with a scale from the same rows, keys and values 8 bits;
/// in the network of reals they stay what they are. Weights are the same in both.
#[test]
fn an_array_with_activations_of_16_bits_has_the_perplexity_of_razored_weights_alone() {
    let Some(root) = shared() else { return };
    let mut stories = Stories::load(&root);
    stories.rows.truncate(6);
    let tokens: Vec<f32> = stories.rows.iter().flat_map(|(row, _)| row.data().to_vec()).collect();
    let calibration = Tensor::new([tokens.len() / 128, 128], tokens).unwrap();
    for group in [8, 32] {
        let weights = NumberFormat::Razor {
            basis: 8,
            bits: 4,
            group,
            rounding: RazorRounding::NearestEven,
            code: RazorCode::SignMagnitude,
        };
        let array = |activations: NumberFormat| {
            let format = NumberFormats { weights, activations, kv: NumberFormat::Plain };
            let settings = Quantize { format, ..Quantize::default() };
            let quantized =
                Quantized::calibrate(&stories.network, &settings, Scheme::Symmetric, &calibration).unwrap();
            stories.perplexity(|tokens| quantized.run(&Exact, tokens, 0).unwrap().remove(0))
        };
        let reals = stories.in_formats(Formats::new(razor(8, 4, group), Format::Real, Format::Real));
        let [wide, narrow] = [array(NumberFormat::int(16)), array(NumberFormat::Plain)];
        eprintln!("groups of {group}: {reals:.4}, on the array {wide:.4} with 16 bits, {narrow:.4} with 8");
        assert!((wide / reals - 1.0).abs() < 0.01, "{wide} {reals}");
        assert!((narrow / reals - 1.0).abs() > 3.0 * (wide / reals - 1.0).abs(), "{narrow} {reals}");
    }
}

/// Beside formats of as many bits: razored codes are a power of two a block, with flags of 3 or 4 bits instead of 8.
#[test]
fn outliers_hurt_their_own_group_alone() {
    let Some(root) = shared() else { return };
    let stories = Stories::load(&root);
    let plain = |block, step| Blocks::new(4, block, step).unwrap();
    let whole = Format::Whole(plain(1, Step::Real));
    let rivals = |outliers: f32| {
        let both = |w, a| Formats { outliers, ..Formats::new(w, a, Format::Real) };
        let (int, mx) = (Format::Blocks(plain(16, Step::Real)), Format::Blocks(plain(32, Step::PowerOfTwo)));
        [
            ("INT4 a filter and a sample", both(whole, whole)),
            ("the same, rotated", Formats { rotated: true, ..both(whole, whole) }),
            ("INT4 a group of 16", both(int, int)),
            ("MXINT4, blocks of 32", both(mx, mx)),
            ("razored, groups of 16", both(razor(8, 4, 16), razor(16, 4, 16))),
        ]
    };
    let strengths = [1.0, 10.0];
    let found = strengths.map(|outliers| rivals(outliers).map(|(_, formats)| stories.in_formats(formats)));
    for (at, (name, formats)) in rivals(1.0).iter().enumerate() {
        let bits = [formats.weights, formats.activations].map(|format| format.effective_bits());
        let row: Vec<String> = found.iter().map(|row| format!("{:.3}", row[at])).collect();
        eprintln!("{name:<28} {bits:?} bits: {}", row.join("  "));
    }
    let [none, strong] = found;
    let lost = |at: usize| strong[at] / none[at];
    assert!(lost(0) > lost(4), "razoring loses less than one step for all: {found:?}");
    assert!(none[0] > none[1], "rotation helps one step for all: {found:?}");
    assert!(none[0] > none[4] && none[4] > 0.98 * none[2], "{found:?}");
}

/// Of 64 channels of every normalisation two are as many times as large; the float model does not notice.
#[test]
fn outliers_leave_a_language_model_what_it_is() {
    let Some(root) = shared() else { return };
    let stories = Stories::load(&root);
    let of = |network: &Network| stories.perplexity(|tokens| network.run(tokens).unwrap().remove(0));
    let float = of(&stories.network);
    for factor in [1.0, 10.0, 100.0] {
        let rule = Outliers::Gains { factor, share: 1.0 / 32.0 };
        let with = with_outliers(&stories.network, rule, 1).unwrap();
        let found = of(&with);
        eprintln!("outliers {factor} times as large: {found}, without {float}");
        assert!((found / float - 1.0).abs() < 1e-4, "{factor}: {found}, {float}");
        let tokens = &stories.rows[0].0;
        let same = with.run(tokens).unwrap()[0].data() == stories.network.run(tokens).unwrap()[0].data();
        assert!(same || factor > 1.0);
    }
}

/// Queries, keys and values of a layer share a rotation; so do the two that make its gate.
#[test]
fn a_language_model_rotates_each_tensor_once() {
    let Some(root) = shared() else { return };
    let stories = Stories::load(&root);
    let settings = Quantize { rotation: Rotation::Hadamard, ..Quantize::default() };
    let (tokens, _) = &stories.rows[0];
    let quantized = Quantized::calibrate(&stories.network, &settings, Scheme::Symmetric, tokens).unwrap();
    let turned = quantized.turned();
    let shared = turned.iter().map(|own| own.layers.len());
    eprintln!("layers by rotated tensor: {:?}", shared.clone().collect::<Vec<_>>());
    let stored = quantized.layers().iter().filter(|layer| layer.weights == axsim::workload::Origin::Stored);
    assert_eq!(shared.sum::<usize>(), stored.count());
    let three = turned.iter().filter(|own| own.layers.len() == 3);
    assert!(
        three.clone().count() == 5 && three.clone().all(|own| own.block == 64 && own.numbers == 128 * 64)
    );
    assert_eq!(turned.iter().filter(|own| own.layers.len() == 2).count(), 5);
}

/// Pictures of CIFAR-10 less a mean, over a deviation, and what they show.
fn pictures(root: &Path, count: usize, mean: [f32; 3], deviation: [f32; 3]) -> (Tensor<f32>, Vec<usize>) {
    let records = std::fs::read(root.join("cifar10/test_first1000.bin")).unwrap();
    let records: Vec<&[u8]> = records.chunks_exact(3073).take(count).collect();
    let pixel = |(at, &byte): (usize, &u8)| (f32::from(byte) - mean[at / 1024]) / deviation[at / 1024];
    let pixels = records.iter().flat_map(|record| record[1..].iter().enumerate().map(pixel)).collect();
    (
        Tensor::new([count, 3, 32, 32], pixels).unwrap(),
        records.iter().map(|record| record[0].into()).collect(),
    )
}

/// Three networks that see: two convolutional ones and a transformer.
#[test]
fn networks_that_see_lose_less_with_small_razored_groups() {
    let Some(root) = shared() else { return };
    let scaled = |figures: [f32; 3]| figures.map(|figure| 255.0 * figure);
    for (model, mean, deviation) in [
        ("resnet8_cifar10", [0.0; 3], [1.0; 3]),
        ("resnet20_cifar10", scaled([0.485, 0.456, 0.406]), scaled([0.229, 0.224, 0.225])),
        ("vit_pgd_cifar10_static", scaled([0.4914, 0.4822, 0.4465]), scaled([0.2023, 0.1994, 0.2010])),
    ] {
        let network =
            Network::from_onnx(&std::fs::read(root.join(format!("models/{model}.onnx"))).unwrap()).unwrap();
        let (test, labels) = pictures(&root, 200, mean, deviation);
        let right = |outputs: &Tensor<f32>| {
            axsim::workload::top1(outputs, &labels).into_iter().filter(|right| *right).count()
        };
        let score = |formats: Formats| {
            let network = Formatted::new(&network, formats).unwrap();
            right(&network.run(&test).unwrap().outputs.remove(0))
        };
        let float = right(&network.run(&test).unwrap().remove(0));
        let at = |group: usize| {
            let (w, a, kv) = (razor(8, 4, group), razor(16, 4, group), razor(8, 4, group));
            [Formats::new(w, Format::Real, Format::Real), Formats::new(w, a, kv)].map(score)
        };
        let found = [8, 16, 32, 128].map(at);
        let whole = Format::Whole(Blocks::new(4, 1, Step::Real).unwrap());
        let plain = score(Formats::new(whole, whole, whole));
        eprintln!(
            "{model}, of 200: float {float}, groups of 8, 16, 32, 128 [W4, W4A4KV4]: {found:?}, INT4 {plain}"
        );
        assert!(
            found[0][0] + 4 >= found[0][1] && found[0][1] <= float + 4,
            "{model}: {found:?}, float {float}"
        );
        assert!(
            found[0][1] + 6 >= found[3][1] && found[0][1] + 2 >= plain,
            "{model}: {found:?}, INT4 {plain}"
        );
    }
}

/// Codes on the array, and reals that are written and read again, sample by sample. They differ in where scales come from
/// (calibration samples, the sample itself) and in what an addition reads of a tensor that a layer reads too (its codes, reals).
/// In NumPy and onnxruntime weights razored alone in groups of 8, 16 and 32 leave 38.3, 30.7 and 30.3 % of the first 300 pictures
/// right, with a scale a filter 53.0 %; the array gives 37.7, 30.7, 30.3 (W4A8) and 53.0 %. The same with rotated channels.
#[test]
fn the_array_answers_as_numbers_that_are_written_and_read_again() {
    let Some(root) = shared() else { return };
    let model = std::fs::read(root.join("models/resnet8_cifar10.onnx")).unwrap();
    let network = Network::from_onnx(&model).unwrap();
    let (test, labels) = pictures(&root, 100, [0.0; 3], [1.0; 3]);
    let coded = |basis, bits| {
        let (rounding, code) = (RazorRounding::NearestEven, RazorCode::SignMagnitude);
        NumberFormat::Razor { basis, bits, group: 8, rounding, code }
    };
    for (bits, least, rotated) in [(8, 95, false), (4, 65, false), (8, 90, true), (4, 60, true)] {
        let format =
            NumberFormats { weights: coded(8, 4), activations: coded(16, bits), kv: NumberFormat::Plain };
        let rotation = if rotated { Rotation::Hadamard } else { Rotation::None };
        let settings = Quantize { format, rotation, ..Quantize::default() };
        let quantized = Quantized::calibrate(&network, &settings, Scheme::Symmetric, &test).unwrap();
        let on_array = quantized.run(&Exact, &test, 0).unwrap().remove(0);
        let formats = Formats::new(razor(8, 4, 8), razor(16, bits, 8), Format::Real);
        let formats = Formats { rotated, ..formats };
        let again = Formatted::new(&network, formats).unwrap().run(&test).unwrap().outputs.remove(0);
        let answer = |row: &[f32]| (0..row.len()).max_by(|a, b| row[*a].total_cmp(&row[*b]));
        let answers = |outputs: &Tensor<f32>| outputs.data().chunks_exact(10).map(answer).collect::<Vec<_>>();
        let same =
            answers(&on_array).iter().zip(answers(&again)).filter(|(one, other)| **one == *other).count();
        let right = [&on_array, &again].map(|outputs| {
            axsim::workload::top1(outputs, &labels).into_iter().filter(|right| *right).count()
        });
        eprintln!("W4A{bits}, rotated {rotated}, of 100: {same} answers alike, right {right:?}");
        assert!(same >= least && right[0].abs_diff(right[1]) <= 10, "W4A{bits}: {same} alike, {right:?}");
    }
}
