//! Would another emulator compute the sums that our network computed, from the tables and ranges that it is given?

use std::fs;
use std::path::Path;

use crate::cli::axsim;

const RUN: [&str; 7] = [
    "run",
    "configs/runs/quickstart.yaml",
    "--quiet",
    "--set",
    "workload.samples=2",
    "--set",
    "platform.compute.array.padding=multiply",
];

fn json(path: &Path) -> serde_json::Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// The elements of an NPY file.
fn npy(path: &Path) -> Vec<u8> {
    let bytes = fs::read(path).unwrap();
    bytes[10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]))..].to_vec()
}

fn sizes(value: &serde_json::Value) -> Vec<usize> {
    value.as_array().unwrap().iter().map(|size| size.as_u64().unwrap() as usize).collect()
}

/// All integers of a text, row by row.
fn integers(text: &str) -> Vec<i32> {
    let number = |c: char| !(c.is_ascii_digit() || c == '-');
    text.split(number).filter_map(|word| word.parse().ok()).collect()
}

/// What an emulator does: fill a padded image, look every product up, add.
fn convolved(folder: &Path, product: impl Fn(i8, i8) -> i32) -> Vec<i32> {
    let about = json(&folder.join("golden.json"));
    let [input, weights, output] =
        ["input", "weights", "output"].map(|name| sizes(&about["tensors"][name]["shape"]));
    let stride = sizes(&about["geometry"]["stride"]);
    let [pixels, filters] = ["input.npy", "weights.npy"].map(|name| npy(&folder.join(name)));
    let (mut sums, [rows, columns]) = (vec![], [weights[2], weights[3]]);
    for filter in filters.chunks(weights[1] * rows * columns) {
        for (y, x) in (0..output[2]).flat_map(|y| (0..output[3]).map(move |x| (y, x))) {
            let mut sum = 0;
            for (at, weight) in filter.iter().enumerate() {
                let (channel, row, column) = (at / (rows * columns), at / columns % rows, at % columns);
                let (row, column) = (y * stride[0] + row, x * stride[1] + column);
                let pixel = pixels[(channel * input[2] + row) * input[3] + column];
                sum += product(*weight as i8, pixel as i8);
            }
            sums.push(sum);
        }
    }
    sums
}

#[test]
fn adapt_and_approxtorch_would_sum_what_our_network_did() {
    let out = tempfile::tempdir().unwrap();
    // Not symmetric in its operands, so that the order of a table's indices shows.
    let multiplier = "approximate.compute.array.multiplier=mul8s_rad_k4";
    let more = ["--set", multiplier, "--set", "workload.quantize.weight_scales=per_tensor"];
    let emulators = ["--emulator", "adapt", "--emulator", "approxtorch", "--golden", "conv2"];
    axsim(&[&RUN[..], &more[..], &emulators[..]].concat()).arg("--out").arg(out.path()).assert().success();
    let golden = out.path().join("golden/conv2");
    let expected: Vec<i32> = npy(&golden.join("output.npy"))
        .chunks_exact(4)
        .map(|word| i32::from_le_bytes(word.try_into().unwrap()))
        .collect();
    let scales = json(&golden.join("golden.json"))["tensors"].clone();
    let layer = |folder: &str| {
        let layers = json(&out.path().join(folder).join("layers.json"))["layers"].clone();
        layers.as_array().unwrap().iter().find(|layer| layer["name"] == "conv2").unwrap().clone()
    };
    let near = |found: &serde_json::Value, expected: f64| {
        assert!((found.as_f64().unwrap() / expected - 1.0).abs() < 1e-6, "{found} is not {expected}");
    };

    let of = layer("adapt");
    near(&of["ranges"]["quantizer.amax"], 127.0 * scales["input"]["scale"].as_f64().unwrap());
    near(&of["ranges"]["quantizer_w.amax"], 127.0 * scales["weights"]["scales"][0].as_f64().unwrap());
    let header = format!("adapt/{}.h", of["table"].as_str().unwrap());
    let text = fs::read_to_string(out.path().join(header)).unwrap();
    let lut = integers(text.split_once("= {").unwrap().1);
    // `lut[(uint8_t) weight][(uint8_t) activation]`, as its convolution has it.
    let sums =
        convolved(&golden, |weight, pixel| lut[usize::from(weight as u8) * 256 + usize::from(pixel as u8)]);
    assert!(sums == expected && sums.iter().any(|sum| *sum != 0));
    let swapped =
        convolved(&golden, |weight, pixel| lut[usize::from(pixel as u8) * 256 + usize::from(weight as u8)]);
    assert!(swapped != expected, "the order of operands does not show");

    let of = layer("approxtorch");
    near(&of["ranges"]["scale_feature"], scales["input"]["scale"].as_f64().unwrap());
    let text = format!("approxtorch/{}.txt", of["table"].as_str().unwrap());
    let lut = integers(&fs::read_to_string(out.path().join(text)).unwrap());
    // Index 256 (feature + 128) + weight + 128.
    let at = |pixel: i8, weight: i8| 256 * (i32::from(pixel) + 128) + i32::from(weight) + 128;
    assert_eq!(convolved(&golden, |weight, pixel| lut[at(pixel, weight) as usize]), expected);
}

#[test]
fn what_another_emulator_does_not_do_is_refused_by_name() {
    let refused = |more: &[&str]| {
        let out = tempfile::tempdir().unwrap();
        let done = axsim(&[&RUN[..], more].concat()).arg("--out").arg(out.path()).assert().code(2);
        assert!(!out.path().join("adapt").exists() && !out.path().join("tfapprox").exists());
        String::from_utf8(done.get_output().stderr.clone()).unwrap()
    };
    let unsigned = "approximate.compute.array.multiplier=mul8u_drum_k4";
    for (more, said) in [
        (&["--emulator", "adapt"][..], "per_tensor"),
        (&["--emulator", "adapt", "--set", unsigned], "name a signed multiplier such as mul8s_drum_k4"),
        (&["--emulator", "tfapprox"], "name an unsigned multiplier and write `products: raw`"),
        (
            &["--emulator", "adapt", "--set", "platform.compute=ideal", "--set", "approximate={}"],
            "compute is ideal",
        ),
    ] {
        let message = refused(more);
        assert!(message.contains(said), "{message}");
    }
}
