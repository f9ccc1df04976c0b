//! Golden vectors of a layer, as files for those who check an accelerator against it.

use std::fmt::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{files, folder};
use crate::arith::Design;
use crate::arith::mac::Mac;
use crate::bits;
use crate::config::platform::{AccumulationOrder, Overflow, Padding};
use crate::error::Error;
use crate::netlist::Netlist;
use crate::netlist::export::mac_bench::{self, Circuits, Multiplier};
use crate::netlist::export::{mac_table, verilog};
use crate::run::{Golden, Step};
use crate::tensor::npy;
use crate::workload::{Form, Origin};

/// The file that says what the others are.
const MANIFEST: &str = "golden.json";
/// What the command that checks the others compiles.
const COMPILED: &str = "bench";
const FOLDERS: folder::Kind = folder::Kind { manifest: MANIFEST, argument: "--golden-dir DIR", files: named };

/// The files that a manifest names, and what is made of them.
fn named(manifest: &Value) -> Option<Vec<String>> {
    let files = manifest["files"].as_object()?.keys().cloned();
    manifest["axsim"].is_string().then(|| files.chain([COMPILED.into()]).collect())
}

/// Where the vectors of a layer of this [stem](super::layer::stem) go, unless `given`.
///
/// # Errors
/// Where something else is in that place, or nothing can be made there.
pub(super) fn folder(given: Option<&Path>, out: &Path, stem: &str) -> Result<PathBuf, Error> {
    let folder = given.map_or_else(|| out.join("golden").join(stem), Path::to_path_buf);
    folder::replaceable(&folder, FOLDERS)?;
    Ok(folder)
}

/// Writes all files of a layer at once and says what is in them; `run` and `seed` repeat the run.
pub(super) fn write(folder: &Path, golden: &Golden, run: &str, seed: u64) -> Result<String, Error> {
    let mac = golden.array.mac();
    let (unit, multiplier) = (mac.netlist(), mac.multiplier().id());
    let circuits = circuits(mac, &unit, &multiplier);
    let mut contents = tensors(golden);
    contents.extend(streams(golden, circuits));
    let modules = modules(mac, circuits);
    contents.extend(modules.iter().map(|module| (module.file.clone(), module.text.clone().into_bytes())));
    contents.push(("bench.v".into(), mac_bench::write(circuits, golden.steps.len()).into_bytes()));
    let about = serde_json::to_string_pretty(&manifest(golden, (circuits, &modules), (run, seed)));
    let about = about.map_err(|error| Error::Usage(error.to_string()))? + "\n";
    contents.push((MANIFEST.into(), about.into_bytes()));
    folder::write(folder, &contents, FOLDERS)?;
    let outputs = golden.steps.iter().filter(|step| step.first).count();
    Ok(format!(
        "golden vectors of layer `{}` in `{}`: {} products of {outputs} outputs; {MANIFEST} says what is in each file\n{}",
        golden.contraction.layer.name,
        mac.id(),
        golden.steps.len(),
        files::written(&[folder.to_path_buf()])
    ))
}

/// A unit and its multiplier, called so, as a testbench instantiates them.
fn circuits<'a>(mac: &Mac, unit: &'a Netlist, multiplier: &'a str) -> Circuits<'a> {
    let design = mac.multiplier();
    let [operand_width, product_width] =
        [design.signature().width_a, design.width_out()].map(|width| width as usize);
    let multiplier = Multiplier { name: multiplier, operand_width, product_width };
    Circuits { mac: unit, multiplier, gated: mac.shape().gated }
}

/// A file that a simulator reads beside the testbench.
struct Module {
    file: String,
    what: &'static str,
    text: String,
}

/// The unit and its multiplier: gates, or where a table holds the products behaviour around the gates that there are.
fn modules(mac: &Mac, circuits: Circuits<'_>) -> Vec<Module> {
    let module = |name: &str, what, text| Module { file: format!("{name}.v"), what, text };
    let gates = |netlist: &Netlist, what| module(netlist.name(), what, verilog::write(netlist));
    let design = mac.multiplier();
    if design.stand_in().is_none() {
        return vec![gates(circuits.mac, "the unit"), gates(&design.netlist(), "its multiplier")];
    }
    let accumulator = mac.accumulator_gates(mac.accumulator_width());
    let (unit, name) = (circuits.mac.name(), circuits.multiplier.name);
    let products = format!("{name}.hex");
    let around = mac_table::unit(circuits, &accumulator, design.signature().signed);
    let multiplier = mac_table::multiplier(circuits.multiplier, &products);
    vec![
        module(unit, "the unit, as behaviour around gates of the accumulator alone", around),
        gates(&accumulator, "its accumulator"),
        module(name, "its multiplier, which reads its products", multiplier),
        Module {
            file: products,
            what: "a line a product, in the order of `a`, `b` changing fastest",
            text: table(design),
        },
    ]
}

/// Products of a table, a line each: the low bits of their widths.
fn table(design: &dyn Design) -> String {
    let (signature, width) = (design.signature(), design.width_out() as usize);
    let codes = || 0..1u64 << signature.width_a;
    let operand =
        |code: u64| if signature.signed { bits::sign_extend(code, signature.width_a) } else { code as i64 };
    let product = |a: u64, b: u64| hex(design.eval(operand(a), operand(b)).into(), width) + "\n";
    codes().flat_map(|a| codes().map(move |b| product(a, b))).collect()
}

/// Codes of a tensor as an NPY file, its element type, and the zero point that is left in it.
///
/// Where the zero point is half of the range, codes are two's complement less that point; else they stay unsigned.
fn codes(shape: &[usize], codes: &[u8], zero: u8, bits: u32) -> (Vec<u8>, &'static str, u8) {
    if u32::from(zero) != 1 << (bits - 1) {
        return (npy::write(shape, codes), "uint8", zero);
    }
    let signed: Vec<i8> = codes.iter().map(|&code| (i16::from(code) - i16::from(zero)) as i8).collect();
    (npy::write(shape, &signed), "int8", 0)
}

/// Shapes of input [N, C, H, W] and weights [O, C / groups, H, W].
fn shapes(golden: &Golden) -> [[usize; 4]; 2] {
    let (layer, times) = (&golden.contraction.layer, golden.time_steps());
    let (geometry, [rows, columns]) = (&layer.geometry, layer.geometry.kernel);
    // Every time step has the weights that were computed for it.
    let sets = if layer.weights == Origin::Computed { times } else { 1 };
    [
        [times, geometry.in_channels, geometry.in_height, geometry.in_width],
        [sets * geometry.out_channels, geometry.in_channels / geometry.groups, rows, columns],
    ]
}

fn tensors(golden: &Golden) -> Vec<(String, Vec<u8>)> {
    let contraction = &golden.contraction;
    let (input, weights, output) = (&contraction.input, &contraction.weights, &contraction.output);
    let [of_input, of_weights] = shapes(golden);
    vec![
        ("input.npy".into(), codes(&of_input, input.codes.data(), input.zero_point, input.bits).0),
        ("weights.npy".into(), codes(&of_weights, &weights.codes, weights.zero_point, weights.bits).0),
        ("output.npy".into(), npy::write(output.shape(), output.data())),
    ]
}

/// The low bits of a number in hexadecimal; a product under a sign has up to 65.
fn hex(value: i128, width: usize) -> String {
    format!("{:0digits$x}", value & ((1 << width) - 1), digits = width.div_ceil(4))
}

/// A line a step, each with its output.
fn streams(golden: &Golden, circuits: Circuits<'_>) -> Vec<(String, Vec<u8>)> {
    let mac = golden.array.mac();
    let operand = |value: i64| hex(mac.port_word(value).into(), circuits.operand_width());
    let file = |name: &str, words: &dyn Fn(&Step) -> String| {
        let mut text = String::new();
        for step in &golden.steps {
            let [channel, row, column] = step.output;
            let _ = writeln!(text, "{} // output ({channel}, {row}, {column})", words(step));
        }
        (name.to_string(), text.into_bytes())
    };
    vec![
        file("operands.hex", &|step| format!("{} {}", operand(step.weight), operand(step.activation))),
        file("products.hex", &|step| hex(step.product.into(), circuits.product_width())),
        file("sums.hex", &|step| hex(step.sum.into(), circuits.sum_width())),
        file("first.hex", &|step| u8::from(step.first).to_string()),
    ]
}

/// What each file is, and all that is needed to read it.
fn manifest(
    golden: &Golden,
    (circuits, modules): (Circuits<'_>, &[Module]),
    (run, seed): (&str, u64),
) -> Value {
    let sources: Vec<&str> =
        modules.iter().map(|module| &*module.file).filter(|file| file.ends_with(".v")).collect();
    let (layer, geometry) = (&golden.contraction.layer, &golden.contraction.layer.geometry);
    let mut notes = json!({
        "axsim": env!("CARGO_PKG_VERSION"),
        "repeat": format!("{run} --golden '#{}' --golden-channel {}", layer.index, golden.channel),
        "seed": seed,
        "samples": {"first": 0, "count": 1, "of": "the test set, on the device of fault map 0"},
        "layer": {"index": layer.index, "name": layer.name, "lowered": layer.form.words()},
        "geometry": {
            "groups": geometry.groups,
            "kernel": geometry.kernel,
            "stride": geometry.stride,
            "pads_top_left_bottom_right": geometry.pads,
            "dilation": geometry.dilation,
        },
        "tensors": tensor_notes(golden),
        "unit": unit_notes(golden, circuits),
        "stream": stream_notes(golden),
        "files": file_notes(golden, circuits, modules),
        "check": [
            format!("iverilog -g2005 -Wall -o {COMPILED} bench.v {}", sources.join(" ")),
            format!("vvp -n {COMPILED}"),
        ],
    });
    if golden.time_steps() > 1 {
        notes["time_steps"] = time_notes(golden);
    }
    notes
}

/// What the first axis of the tensors is where a layer runs again and again.
fn time_notes(golden: &Golden) -> Value {
    let filters = "; weights.npy has the filters of each of them one after the other along O";
    let filters = if golden.contraction.layer.weights == Origin::Computed { filters } else { "" };
    let axis = "N of input.npy and output.npy: the times that the layer runs for the sample, in their order";
    json!({
        "count": golden.time_steps(),
        "axis": format!("{axis}{filters}"),
        "streamed": golden.time_step,
        "chosen": "the first one from 0 in whose stream an activation is not zero, as before it any weights give the same; 0 where \
                   there is none",
    })
}

fn tensor_notes(golden: &Golden) -> Value {
    let contraction = &golden.contraction;
    let (input, weights, output) = (&contraction.input, &contraction.weights, &contraction.output);
    let [of_input, of_weights] = shapes(golden);
    let (_, input_type, input_zero) = codes(&[], &[], input.zero_point, input.bits);
    let (_, weight_type, weight_zero) = codes(&[], &[], weights.zero_point, weights.bits);
    let mut notes = json!({
        "input": {
            "axes": "NCHW", "shape": of_input, "type": input_type, "bits": input.bits, "zero_point": input_zero,
            "scale": input.scale, "real": "scale * (code - zero_point)",
        },
        "weights": {
            "axes": "OIHW", "shape": of_weights, "type": weight_type, "bits": weights.bits,
            "zero_point": weight_zero, "scales": weights.scales, "real": "scales[O] * (code - zero_point)",
        },
        "output": {
            "axes": "NCHW", "shape": output.shape(), "type": "int32",
            "real": "input scale * weight scales[C] * sum, to which the network adds the bias in single precision",
        },
    });
    if contraction.layer.form != Form::Image {
        for tensor in ["input", "weights", "output"] {
            notes[tensor]["of"] = "the layer as it is lowered, which `layer` tells".into();
        }
    }
    if golden.array.takes_raw_codes() {
        // Of the codes as the files have them, from which a zero point may have been taken.
        let [of_input, of_weights] = golden.offsets.map(i64::from);
        let taken = |zero: u8, left: u8| i64::from(zero) - i64::from(left);
        notes["input"]["operand_offset"] = (of_input - taken(input.zero_point, input_zero)).into();
        notes["weights"]["operand_offset"] = (of_weights - taken(weights.zero_point, weight_zero)).into();
        notes["output"]["real"] = "input scale * weight scales[C] * (sum - z * (sum of the activations) - v * (sum of the \
                                   weights) + z * v * (number of the products)) of operands, with z and v the operands \
                                   of a weight and an activation of zero; to which the network adds the bias in single \
                                   precision"
            .into();
    }
    if !contraction.corrections.is_empty() {
        let of = |at: usize| contraction.corrections.iter().map(|line| line[at]).collect::<Vec<f64>>();
        let rule = "corrected = factors[C] * sum + constants[C], rounded to a whole number half to even: what stands for sums in `real`";
        notes["output"]["recovery"] = json!({"rule": rule, "factors": of(0), "constants": of(1)});
    }
    notes
}

fn unit_notes(golden: &Golden, circuits: Circuits<'_>) -> Value {
    let mac = golden.array.mac();
    let encoding = match (circuits.signs_outside(), mac.multiplier().signature().signed) {
        (true, _) => "magnitude, with the sign as the highest bit",
        (false, true) => "two's complement",
        (false, false) => "unsigned",
    };
    json!({
        "mac": mac.id(),
        "multiplier": mac.multiplier().id(),
        "operand_width": circuits.operand_width(),
        "operand_encoding": encoding,
        "operand_value": if golden.array.takes_raw_codes() { "code - operand_offset" } else { "code - zero_point" },
        "product_width": circuits.product_width(),
        "accumulator_width": circuits.sum_width(),
        "ports": "a: activation, b: weight, c: the sum that enters one clock after its operands, y: register of the new sum",
        "overflow": match golden.array.mac().overflow() {
            Overflow::Wrap if circuits.sum_width() < 32 => "the accumulator wraps, and output.npy holds what it holds",
            Overflow::Wrap => "the accumulator wraps, as the 32 bits of output.npy do",
            Overflow::Saturate => "the accumulator stays at its lowest or highest value",
        },
    })
}

fn stream_notes(golden: &Golden) -> Value {
    let geometry = &golden.contraction.layer.geometry;
    let outputs = golden.steps.iter().filter(|step| step.first).count();
    let Range { start, end } = golden.positions;
    let what = format!(
        "outputs {start} to {} of the {} outputs of channel {} of {} (`--golden-channel`), which meet the most different \
         activations, of the first test sample{}; input.npy, weights.npy and output.npy have all channels",
        end - 1,
        geometry.positions(),
        golden.channel,
        geometry.out_channels,
        if golden.time_steps() > 1 { ", in the time step that `time_steps` tells" } else { "" },
    );
    json!({
        "what": what,
        "sample": 0,
        "channel": golden.channel,
        "group": golden.channel / (geometry.out_channels / geometry.groups),
        "first_output": start,
        "outputs": outputs,
        "steps": golden.steps.len(),
        "order": format!(
            "outputs row by row; the taps of an output in the order {} of the filter, as an output-stationary unit meets them, \
             and as the network sums them under any dataflow",
            match golden.array.order() {
                AccumulationOrder::ChannelsFirst => "channel, row, column",
                AccumulationOrder::ChannelsLast => "row, column, channel",
            }
        ),
        "padding": padding_note(golden),
        "start": "the sum of every output begins at 0",
    })
}

fn padding_note(golden: &Golden) -> String {
    let what = match golden.array.padding() {
        Padding::Drop | Padding::Skip => "taps in the padding are skipped: they have no step and add nothing",
        Padding::Multiply => "what is padded is part of input.npy, and multiplied as any other code",
    };
    let own = match golden.contraction.layer.zeros {
        0 => String::new(),
        zeros => format!(
            "; {zeros} zeros of a sample that the network itself puts among the activations are no padding: they are codes of \
             input.npy, and steps as those of any other code"
        ),
    };
    what.to_string() + &own
}

fn file_notes(golden: &Golden, circuits: Circuits<'_>, modules: &[Module]) -> Value {
    let is_signed = golden.array.mac().multiplier().signature().signed;
    let of_table = if is_signed { "two's complement" } else { "unsigned" };
    let of_unit = if circuits.signs_outside() { "two's complement" } else { of_table };
    let gate = if circuits.gated { "; 0 where an operand is 0, for the unit gates it" } else { "" };
    let products = format!("a line a step: what the multiplier makes of them, {of_unit}{gate}");
    let mut notes = json!({
        "input.npy": "activation codes that the layer reads",
        "weights.npy": "weight codes, as the memories return them",
        "output.npy": "sums that the array gives, of all channels",
        "operands.hex": "a line a step: weight, activation, as the unit's ports take them",
        "products.hex": products,
        "sums.hex": "a line a step: the accumulator with this product, two's complement; the last of an output is in output.npy",
        "first.hex": "a line a step: 1 where an output begins",
        "bench.v": "a testbench that checks multiplier and unit step by step and prints PASS or the first difference",
    });
    for Module { file, what, .. } in modules {
        let encoding = if file.ends_with(".hex") { format!(", {of_table}") } else { String::new() };
        notes[file] = format!("{what}{encoding}").into();
    }
    notes
}
