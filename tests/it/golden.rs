//! Does an accelerator that computes what our network did pass the golden vectors of a layer, and one that does not fail?

use std::fs;
use std::path::Path;
use std::process::Command;

use axsim::arith::mac::Mac;
use rten_onnx::onnx::ModelProto;

use crate::cli::axsim;
use crate::onnx_models::shared;
use crate::simulators::icarus;

const RUN: [&str; 5] = ["run", "configs/runs/quickstart.yaml", "--quiet", "--set", "workload.samples=2"];

/// Runs the quickstart on two samples and returns what it prints.
fn run(out: &Path, more: &[&str]) -> String {
    let done = axsim(&RUN).arg("--out").arg(out).args(more).assert().success();
    String::from_utf8(done.get_output().stdout.clone()).unwrap()
}

/// What a tool prints in a folder; it may not complain.
fn tool(folder: &Path, command: &str) -> String {
    let mut words = command.split(' ');
    let output = Command::new(words.next().unwrap()).args(words).current_dir(folder).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && errors.is_empty(), "{command}: {errors}");
    assert!(!printed.contains("WARNING") && !printed.contains("ERROR"), "{command}: {printed}");
    printed
}

/// The commands by which a folder says that it is checked.
fn check(folder: &Path) -> String {
    let about = about(folder);
    let commands = about["check"].as_array().unwrap().iter();
    commands.map(|command| tool(folder, command.as_str().unwrap())).collect()
}

fn about(folder: &Path) -> serde_json::Value {
    serde_json::from_str(&fs::read_to_string(folder.join("golden.json")).unwrap()).unwrap()
}

/// The elements of an NPY file whose header says `kind`.
fn npy(folder: &Path, name: &str, kind: &str) -> Vec<u8> {
    let bytes = fs::read(folder.join(name)).unwrap();
    let start = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let header = String::from_utf8_lossy(&bytes[10..start]).into_owned();
    assert!(header.contains(kind), "{name}: {header}");
    bytes[start..].to_vec()
}

/// The words of a file of hexadecimal words, line by line, and the comments behind them.
fn hex(folder: &Path, name: &str) -> Vec<(Vec<u64>, String)> {
    let text = fs::read_to_string(folder.join(name)).unwrap();
    let line = |line: &str| {
        let (words, comment) = line.split_once(" // ").unwrap();
        let words = words.split(' ').map(|word| u64::from_str_radix(word, 16).unwrap());
        (words.collect(), comment.to_string())
    };
    text.lines().map(line).collect()
}

/// Changes the last hexadecimal digit of a line.
fn plant(folder: &Path, name: &str, line: usize) {
    let text = fs::read_to_string(folder.join(name)).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_string).collect();
    let end = lines[line].find(" //").unwrap();
    let digit = if lines[line][..end].ends_with('0') { "1" } else { "0" };
    lines[line].replace_range(end - 1..end, digit);
    fs::write(folder.join(name), lines.join("\n") + "\n").unwrap();
}

#[test]
fn vectors_of_a_layer_hold_the_sums_of_the_network_and_its_unit_passes_them() {
    let out = tempfile::tempdir().unwrap();
    let printed = run(out.path(), &["--golden", "conv2"]);
    let folder = out.path().join("golden/conv2");
    assert!(printed.contains("golden vectors of layer `conv2` in `mac8s_bwtrunc_t4`"), "{printed}");
    let about = about(&folder);
    let files = about["files"].as_object().unwrap();
    assert_eq!(files.len(), fs::read_dir(&folder).unwrap().count() - 1, "all but golden.json are explained");
    assert!(files.keys().all(|name| folder.join(name).exists()), "{files:?}");
    // The accumulator after the last product of an output is that output's sum.
    let (ends, output) = (streamed_sums(&folder), whole_output(&folder));
    assert_eq!(ends.len() as u64, about["stream"]["outputs"].as_u64().unwrap());
    let shape = |tensor: &str| about["tensors"][tensor]["shape"].as_array().unwrap();
    let first = about["stream"]["first_output"].as_u64().unwrap() as usize;
    assert!(ends.iter().copied().eq(output.skip(first).take(ends.len())) && ends.iter().any(|sum| *sum != 0));
    // The first operands are the first weight and pixel of the filter that lie inside the image.
    let (operands, weights) = (hex(&folder, "operands.hex"), npy(&folder, "weights.npy", "'|i1'"));
    let sums = hex(&folder, "sums.hex");
    let [width, in_width] = ["output", "input"].map(|tensor| shape(tensor)[3].as_u64().unwrap() as usize);
    let (row, column) = (first / width, first % width);
    assert_eq!(sums[0].1, format!("output (0, {row}, {column})"));
    let [columns, pad] =
        [&about["geometry"]["kernel"][1], &about["geometry"]["pads_top_left_bottom_right"][0]]
            .map(|size| size.as_u64().unwrap() as usize);
    let input = npy(&folder, "input.npy", "'|i1'");
    let stride = about["geometry"]["stride"][0].as_u64().unwrap() as usize;
    let places = [row, column].map(|at| at * stride);
    let [down, right] = places.map(|at| pad.saturating_sub(at));
    let pixel = (places[0] + down - pad) * in_width + places[1] + right - pad;
    assert_eq!(operands[0].0, [weights[down * columns + right], input[pixel]].map(u64::from));
    if !icarus() {
        return;
    }
    let steps = sums.len();
    assert_eq!(check(&folder), format!("PASS: {steps} steps\n"));
    let (found, line) = (sums[steps - 2].0[0], steps - 2);
    plant(&folder, "sums.hex", line);
    let expected = hex(&folder, "sums.hex")[line].0[0];
    let message = format!("first difference: step {line}: the sum is {found:08x}, expected {expected:08x}\n");
    assert_eq!(check(&folder), format!("{message}FAIL: 1 of {} values differ\n", 2 * steps));
    plant(&folder, "products.hex", 3);
    assert!(check(&folder).starts_with("first difference: step 3: the product is "));
}

#[test]
fn units_of_other_operands_and_accumulators_pass_without_warnings() {
    if !icarus() {
        return;
    }
    let found = Command::new("verilator").arg("--version").output().is_ok();
    assert!(found || std::env::var_os("CI").is_none(), "verilator is missing; in CI it must be installed");
    for (multiplier, layer) in [("mul8u_mitchell", "#4"), ("mul12s_drum_k6", "#0")] {
        let out = tempfile::tempdir().unwrap();
        let folder = out.path().join("vectors");
        let multiplier = format!("approximate.compute.array.multiplier={multiplier}");
        let accumulator = "platform.compute.array.accumulator=add16u_loa_k5";
        let more = ["--set", &multiplier, "--set", accumulator, "--golden", layer, "--golden-dir"];
        run(out.path(), &[&more[..], &[folder.to_str().unwrap()]].concat());
        let printed = check(&folder);
        assert!(printed.starts_with("PASS: "), "{printed}");
        if found {
            let unit = about(&folder)["unit"].clone();
            let module = |name: &str| unit[name].as_str().unwrap().to_string() + ".v";
            let options = "verilator --lint-only -Wall -Wno-UNUSED --timing --top-module bench bench.v";
            tool(&folder, &format!("{options} {} {}", module("mac"), module("multiplier")));
        } else {
            eprintln!("skipped: verilator is not installed, so no lint read the testbench");
        }
    }
}

#[test]
fn raw_codes_and_multiplied_padding_pass_too() {
    for (multiplier, zeros) in [("mul8u_drum_k4", "unsigned"), ("mul8s_bwtrunc_t4", "two's complement")] {
        let out = tempfile::tempdir().unwrap();
        let folder = out.path().join("vectors");
        let multiplier = format!("approximate.compute.array.multiplier={multiplier}");
        let sets =
            ["platform.compute.array.products=raw", "platform.compute.array.padding=multiply", &multiplier];
        let sets: Vec<&str> = sets.iter().flat_map(|set| ["--set", *set]).collect();
        let more = ["--golden", "conv2", "--golden-dir", folder.to_str().unwrap()];
        run(out.path(), &[&sets[..], &more].concat());
        let about = about(&folder);
        assert_eq!(about["unit"]["operand_encoding"], zeros);
        let products = about["files"]["products.hex"].as_str().unwrap();
        assert!(products.contains(zeros), "{products}");
        assert_eq!(about["geometry"]["pads_top_left_bottom_right"], serde_json::json!([0, 0, 0, 0]));
        // Every output has all taps of its filter.
        let shape = about["tensors"]["weights"]["shape"].as_array().unwrap();
        let taps: u64 = shape[1..].iter().map(|size| size.as_u64().unwrap()).product();
        let stream = &about["stream"];
        assert_eq!(stream["steps"].as_u64().unwrap(), taps * stream["outputs"].as_u64().unwrap());
        // Operands are the files' codes less the offsets that are told.
        let kind = |tensor: &str| if about["tensors"][tensor]["type"] == "int8" { "'|i1'" } else { "'|u1'" };
        let offset = about["tensors"]["weights"]["operand_offset"].as_i64().unwrap();
        let code = npy(&folder, "weights.npy", kind("weights"))[0];
        let code = if kind("weights") == "'|i1'" { i64::from(code as i8) } else { i64::from(code) };
        assert_eq!(hex(&folder, "operands.hex")[0].0[0], (code - offset) as u64 & 255);
        if icarus() {
            assert!(check(&folder).starts_with("PASS: "));
        }
    }
}

/// What the unit sums over the channels, rows and columns of filters, in one of both orders, in coordinates of the files.
fn summed(folder: &Path, channels_last: bool) -> Vec<i32> {
    summed_by(about(folder)["unit"]["mac"].as_str().unwrap(), folder, channels_last)
}

/// The same on a unit of this id.
fn summed_by(mac: &str, folder: &Path, channels_last: bool) -> Vec<i32> {
    let (mac, about) = (Mac::from_id(mac).unwrap(), about(folder));
    let sizes = |value: &serde_json::Value| -> Vec<usize> {
        value.as_array().unwrap().iter().map(|size| size.as_u64().unwrap() as usize).collect()
    };
    let shape = |name: &str| sizes(&about["tensors"][name]["shape"]);
    let (input, weights, output) = (shape("input"), shape("weights"), shape("output"));
    let [stride, pads] = ["stride", "pads_top_left_bottom_right"].map(|name| sizes(&about["geometry"][name]));
    let [pixels, filters] = ["input.npy", "weights.npy"].map(|name| npy(folder, name, "'|i1'"));
    let [channels, rows, columns] = [weights[1], weights[2], weights[3]];
    let by_channel = (0..channels).flat_map(|channel| {
        (0..rows).flat_map(move |row| (0..columns).map(move |column| [channel, row, column]))
    });
    let by_tap = (0..rows).flat_map(|row| {
        (0..columns).flat_map(move |column| (0..channels).map(move |channel| [channel, row, column]))
    });
    let taps: Vec<[usize; 3]> = if channels_last { by_tap.collect() } else { by_channel.collect() };
    let mut sums = vec![];
    for filter in filters.chunks(channels * rows * columns) {
        for (y, x) in (0..output[2]).flat_map(|y| (0..output[3]).map(move |x| (y, x))) {
            let product = |[channel, row, column]: [usize; 3]| {
                let y = (y * stride[0] + row).checked_sub(pads[0]).filter(|y| *y < input[2])?;
                let x = (x * stride[1] + column).checked_sub(pads[1]).filter(|x| *x < input[3])?;
                let weight = filter[(channel * rows + row) * columns + column];
                let pixel = pixels[(channel * input[2] + y) * input[3] + x];
                Some(mac.product(i64::from(pixel as i8), i64::from(weight as i8)))
            };
            let products = taps.iter().filter_map(|at| product(*at));
            sums.push(products.fold(0, |sum, product| mac.accumulate(sum, product)) as i32);
        }
    }
    sums
}

#[test]
fn sums_in_either_order_are_those_of_plain_loops_and_the_unit_passes_them() {
    let sums = |(accumulator, layer): (&str, &str), order: &str| {
        let out = tempfile::tempdir().unwrap();
        let folder = out.path().join("vectors");
        let order = format!("platform.compute.array.accumulation_order={order}");
        let knobs = format!("approximate={{compute.array.multiplier: mul8s_bw, {accumulator}}}");
        let more = ["--set", &order, "--set", &knobs, "--golden", layer, "--golden-dir"];
        run(out.path(), &[&more[..], &[folder.to_str().unwrap()]].concat());
        let output = npy(&folder, "output.npy", "'<i4'");
        let output = output.chunks_exact(4).map(|word| i32::from_le_bytes(word.try_into().unwrap()));
        let output: Vec<i32> = output.collect();
        let last = order.ends_with("channels_last");
        assert!(output == summed(&folder, last), "{order}");
        assert!(output != summed(&folder, !last), "no sum depends on the order");
        let said = about(&folder)["stream"]["order"].as_str().unwrap().to_string();
        let named = if last { "row, column, channel" } else { "channel, row, column" };
        assert!(said.contains(named), "{said}");
        if icarus() {
            assert!(check(&folder).starts_with("PASS: "));
        }
        output
    };
    for of in [
        ("compute.array.accumulator: add24s_gear_r4_p12", "conv2"),
        ("compute.array.accumulator_bits: 16, compute.array.overflow: saturate", "conv4"),
    ] {
        assert_ne!(sums(of, "channels_first"), sums(of, "channels_last"));
    }
}

#[test]
fn vectors_that_cannot_be_made_are_refused_before_anything_runs() {
    let out = tempfile::tempdir().unwrap();
    let message = |more: &[&str]| {
        let output = axsim(&RUN).arg("--out").arg(out.path()).args(more).assert().code(2);
        let text = String::from_utf8(output.get_output().stderr.clone()).unwrap();
        text.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ")
    };
    let unknown = message(&["--golden", "#9"]);
    assert!(unknown.contains("`--golden #9`: there is no such layer among #0 to #4, `conv1`"), "{unknown}");
    fs::create_dir_all(out.path().join("mine")).unwrap();
    fs::write(out.path().join("mine/thesis.tex"), "").unwrap();
    let mine = out.path().join("mine");
    let taken = message(&["--golden", "conv2", "--golden-dir", mine.to_str().unwrap()]);
    assert!(taken.contains("holds no golden.json") && mine.join("thesis.tex").exists(), "{taken}");
    // Parents that are files, or hold none.
    let file = out.path().join("golden");
    fs::write(&file, "").unwrap();
    let above = message(&["--golden", "conv2"]);
    let expected = format!(
        "{0}/conv2 cannot be made: {0} is no folder; name another folder with --golden-dir DIR",
        file.display()
    );
    assert!(above.contains(&expected), "{above}");
    if cfg!(target_os = "linux") {
        let nowhere = message(&["--golden", "conv2", "--golden-dir", "/proc/nope/conv2"]);
        let expected = "/proc/nope/conv2 cannot be made: no file can be in /proc";
        assert!(nowhere.contains(expected) && nowhere.contains("with --golden-dir DIR"), "{nowhere}");
    }
    assert!(!out.path().join("outcome.json").exists());
}

#[test]
fn activity_that_cannot_be_written_is_refused_before_anything_runs() {
    let out = tempfile::tempdir().unwrap();
    fs::create_dir_all(out.path().join("conv2.vcd/taken")).unwrap();
    let asked = ["--activity", "conv1", "--activity", "conv2"];
    let run = axsim(&RUN).arg("--out").arg(out.path()).args(asked).assert().code(2);
    let message = String::from_utf8(run.get_output().stderr.clone()).unwrap();
    let message = message.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ");
    assert!(message.contains("conv2.vcd: it is a folder; name another folder for results"), "{message}");
    assert_eq!(fs::read_dir(out.path()).unwrap().count(), 1, "nothing was written");
}

#[test]
fn a_repeated_run_replaces_vectors_and_deletes_no_file_of_others() {
    let out = tempfile::tempdir().unwrap();
    let emulator = ["--set", "workload.quantize.weight_scales=per_tensor", "--emulator", "adapt"];
    let asked = [&["--golden", "conv2"][..], &emulator].concat();
    run(out.path(), &asked);
    let folder = out.path().join("golden/conv2");
    // What its own check compiles goes along.
    fs::write(folder.join("bench"), "").unwrap();
    run(out.path(), &asked);
    assert!(!folder.join("bench").exists() && folder.join("golden.json").exists());
    let argument = [("golden/conv2", "--golden-dir DIR"), ("adapt", "--out DIR")];
    for (name, argument) in argument {
        let mine = out.path().join(name).join("thesis.tex");
        fs::write(&mine, "mine").unwrap();
        let refused = axsim(&RUN).arg("--out").arg(out.path()).args(&asked).assert().code(2);
        let message = String::from_utf8(refused.get_output().stderr.clone()).unwrap();
        let message = message.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ");
        let expected = format!(
            "{name} holds thesis.tex, which axsim did not write; move that away, or name another folder with {argument}"
        );
        assert!(message.contains(&expected), "{message}");
        assert_eq!(fs::read_to_string(&mine).unwrap(), "mine");
        fs::remove_file(mine).unwrap();
    }
}

#[test]
fn json_that_cannot_be_written_is_refused_before_anything_runs() {
    let out = tempfile::tempdir().unwrap();
    let [folder, out] = ["folder", "out"].map(|name| out.path().join(name));
    fs::create_dir(&folder).unwrap();
    let refused = axsim(&RUN).arg("--out").arg(&out).arg("--json").arg(&folder).assert().code(2);
    let message = String::from_utf8(refused.get_output().stderr.clone()).unwrap();
    let message = message.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ");
    assert!(message.contains("folder: it is a folder; name another file with --json FILE"), "{message}");
    assert!(!out.exists(), "nothing ran");
}

/// The model of the quickstart whose first two layers have names that are one as those of files.
fn names_alike(folder: &Path) -> String {
    let scenes = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/workloads/scenes/scenes.onnx");
    let mut model = ModelProto::parse_buf(&fs::read(scenes).unwrap()).unwrap();
    for node in &mut model.graph.as_mut().unwrap().node {
        for (name, alike) in [("conv1", "a/b"), ("conv2", "a_b")] {
            node.name = node.name.take().map(|own| if own == name { alike.into() } else { own });
        }
    }
    let file = folder.join("alike.onnx");
    fs::write(&file, model.write_buf().unwrap()).unwrap();
    format!("workload.model={}", file.display())
}

#[test]
fn layers_whose_names_are_alike_as_those_of_files_have_files_of_their_own() {
    let out = tempfile::tempdir().unwrap();
    let model = names_alike(out.path());
    let activity = ["--activity", "a/b", "--activity", "a_b", "--activity", "conv3"];
    run(out.path(), &[&["--set", &model, "--golden", "a/b"][..], &activity].concat());
    run(out.path(), &["--set", &model, "--golden", "a_b"]);
    let layer = |folder: &str| about(&out.path().join("golden").join(folder))["layer"]["name"].clone();
    assert_eq!(["a_b-0", "a_b-1"].map(layer), ["a/b", "a_b"]);
    let operands = |stem: &str| fs::read(out.path().join(format!("{stem}.operands.csv"))).unwrap();
    assert!(operands("a_b-0") != operands("a_b-1") && operands("a_b-0") != operands("conv3"));
    assert!(!out.path().join("a_b.operands.csv").exists());
}

#[test]
fn what_recovery_makes_of_sums_is_told_and_brings_them_nearer_to_exact_ones() {
    let out = tempfile::tempdir().unwrap();
    let folder = out.path().join("vectors");
    let sets = [
        "approximate={compute.array.multiplier: mul8s_bwtrunc_t7, compute.array.recovery: [affine]}",
        "workload.quantize.calibration_samples=16",
    ];
    let sets: Vec<&str> = sets.iter().flat_map(|set| ["--set", *set]).collect();
    run(out.path(), &[&sets[..], &["--golden", "conv2", "--golden-dir", folder.to_str().unwrap()]].concat());
    let found = npy(&folder, "output.npy", "'<i4'");
    let found: Vec<f64> =
        found.chunks(4).map(|sum| f64::from(i32::from_le_bytes(sum.try_into().unwrap()))).collect();
    let exact = summed_by("mac8s_bw", &folder, false);
    let recovery = &about(&folder)["tensors"]["output"]["recovery"];
    assert!(recovery["rule"].as_str().unwrap().starts_with("corrected = factors[C] * sum + constants[C]"));
    let numbers = |what: &str| {
        recovery[what].as_array().unwrap().iter().map(|one| one.as_f64().unwrap()).collect::<Vec<f64>>()
    };
    let (factors, constants) = (numbers("factors"), numbers("constants"));
    let positions = found.len() / factors.len();
    let error = |of: &dyn Fn(usize) -> f64| {
        (0..found.len()).map(|at| (of(at) - f64::from(exact[at])).powi(2)).sum::<f64>()
    };
    let corrected =
        |at: usize| (factors[at / positions] * found[at] + constants[at / positions]).round_ties_even();
    let (before, after) = (error(&|at| found[at]), error(&corrected));
    assert!(after < before / 2.0, "{before} {after}");
}

#[test]
fn products_of_gated_and_of_wide_units_pass() {
    if !icarus() {
        return;
    }
    // f(0, x) of the first is not 0; a product of the last has 65 bits with its sign.
    for (multiplier, zeros) in
        [("mul8u_truncmean_t6", "gate"), ("mul8s_bwtrunc_t4", "gate"), ("mul32u_exact", "compute")]
    {
        let out = tempfile::tempdir().unwrap();
        let folder = out.path().join("vectors");
        let multiplier = format!("approximate.compute.array.multiplier={multiplier}");
        let zeros = format!("platform.compute.array.zeros={zeros}");
        let more = ["--set", &multiplier, "--set", &zeros, "--golden", "#3", "--golden-dir"];
        run(out.path(), &[&more[..], &[folder.to_str().unwrap()]].concat());
        let printed = check(&folder);
        assert!(printed.starts_with("PASS: "), "{multiplier}: {printed}");
        let operands = hex(&folder, "operands.hex");
        let bits = about(&folder)["unit"]["operand_width"].as_u64().unwrap();
        assert!(operands.iter().any(|line| line.0.contains(&0)), "{multiplier} meets no zero");
        if bits == 33 {
            // The sign is the highest bit of 65, and all that is above the magnitude repeats it.
            let negative =
                operands.iter().position(|line| line.0[0] >> 32 != line.0[1] >> 32 && !line.0.contains(&0));
            let text = fs::read_to_string(folder.join("products.hex")).unwrap();
            let line = text.lines().nth(negative.unwrap()).unwrap();
            assert!(line.starts_with("1ffffffff"), "{line}");
        }
    }
}

#[test]
fn a_table_has_the_vectors_of_the_design_that_it_is_of_and_its_unit_passes_them() {
    for (id, more) in [
        ("mul8u_mitchell", &["platform.compute.array.accumulator=add16u_loa_k5"][..]),
        (
            "mul8s_drum_k4",
            &["platform.compute.array.accumulator_bits=16", "platform.compute.array.overflow=saturate"],
        ),
    ] {
        let out = tempfile::tempdir().unwrap();
        let table = out.path().join("products.txt");
        let exported = axsim(&["export", id, "--format", "table"]).assert().success();
        fs::write(&table, &exported.get_output().stdout).unwrap();
        let folders = [id.to_string(), format!("{{table: {}}}", table.display())].map(|multiplier| {
            let multiplier = format!("approximate.compute.array.multiplier={multiplier}");
            let folder = out.path().join(if multiplier.contains("table") { "of_table" } else { "of_design" });
            let mut words =
                vec!["--set", &multiplier, "--golden", "conv2", "--golden-dir", folder.to_str().unwrap()];
            more.iter().for_each(|more| words.extend(["--set", more]));
            run(out.path(), &words);
            folder
        });
        for name in [
            "operands.hex",
            "products.hex",
            "sums.hex",
            "first.hex",
            "input.npy",
            "weights.npy",
            "output.npy",
        ] {
            let [design, table] = folders.each_ref().map(|folder| fs::read(folder.join(name)).unwrap());
            assert_eq!(design, table, "{id}: {name}");
        }
        let notes = about(&folders[1]);
        let encoding = if id.starts_with("mul8u") { "unsigned" } else { "two's complement" };
        let told = |what: &str| {
            notes["files"]
                .as_object()
                .unwrap()
                .values()
                .filter_map(|note| note.as_str())
                .any(|note| note == what)
        };
        assert!(told(&format!("a line a product, in the order of `a`, `b` changing fastest, {encoding}")));
        let files = notes["files"].as_object().unwrap().len();
        assert_eq!(
            files,
            fs::read_dir(&folders[1]).unwrap().count() - 1,
            "all but golden.json are explained"
        );
        if !icarus() {
            continue;
        }
        assert!(check(&folders[1]).starts_with("PASS: "), "{id}");
        plant(&folders[1], "sums.hex", 9);
        assert!(check(&folders[1]).starts_with("first difference: step 9: the sum is "), "{id}");
    }
}

#[test]
fn layers_beside_binary_ones_and_beside_formats_have_vectors() {
    let out = tempfile::tempdir().unwrap();
    let config = out.path().join("run.yaml");
    let scenes = std::env::current_dir().unwrap().join("configs/workloads/scenes/binary.yaml");
    let text = format!("workload: {}\nplatform: always_on\napproximate: {{}}\n", scenes.display());
    fs::write(&config, text).unwrap();
    let run = |more: &[&str]| {
        let mut command = axsim(&["run", config.to_str().unwrap(), "--quiet", "--set", "workload.samples=2"]);
        command.arg("--out").arg(out.path()).args(more);
        command
    };
    // What a binary layer gives is what a later one takes.
    run(&["--golden", "#4"]).assert().success();
    let folder = fs::read_dir(out.path().join("golden")).unwrap().next().unwrap().unwrap().path();
    assert!(npy(&folder, "input.npy", "").iter().any(|code| *code != 0));
    assert!(!icarus() || check(&folder).starts_with("PASS: "));
    let refused = |more: &[&str]| {
        let output = run(more).assert().code(2);
        let text = String::from_utf8(output.get_output().stderr.clone()).unwrap();
        text.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ")
    };
    assert!(refused(&["--golden", "conv3"]).contains("layer `conv3` is `binary`"));
    let format = "workload.layers.conv2.format={weights: {razor: {basis: 8, bits: 4, group: 8}}, activations: {razor: {basis: 8, bits: 4, group: 8}}}";
    let refusal = refused(&["--set", format, "--golden", "conv2"]);
    assert!(refusal.contains("layer `conv2` has a `format`"), "{refusal}");
    run(&[
        "--set",
        format,
        "--golden",
        "conv1",
        "--golden-dir",
        out.path().join("grouped").to_str().unwrap(),
    ])
    .assert()
    .success();
    assert!(!icarus() || check(&out.path().join("grouped")).starts_with("PASS: "));
}

/// A file of a configuration of a shipped workload.
fn config(folder: &Path, workload: &str, more: &str) -> String {
    let workload = std::env::current_dir().unwrap().join("configs/workloads").join(workload);
    let file = folder.join("run.yaml");
    fs::write(&file, format!("workload: {}\n{more}\n", workload.display())).unwrap();
    file.display().to_string()
}

/// Runs a configuration on a sample with data of a folder; the message of a refusal, if it is one.
fn on_one_sample(config: &str, data: &Path, more: &[&str]) -> Option<String> {
    let out = Path::new(config).parent().unwrap().join("out");
    let mut command = axsim(&["run", config, "--quiet", "--set", "workload.samples=1"]);
    let output = command.arg("--data").arg(data).arg("--out").arg(out).args(more).output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    let message = text.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ");
    (!output.status.success()).then_some(message)
}

/// For each layer its name and how often it ran for the sample.
fn layers_and_runs(config: &str) -> Vec<(String, f64)> {
    let outcome = Path::new(config).parent().unwrap().join("out/outcome.json");
    let outcome: serde_json::Value = serde_json::from_slice(&fs::read(outcome).unwrap()).unwrap();
    let layers = outcome["approximate"]["layers"].as_array().unwrap().iter();
    let one = |layer: &serde_json::Value| {
        (layer["name"].as_str().unwrap().to_string(), layer["runs"].as_f64().unwrap_or(1.0))
    };
    layers.map(one).collect()
}

#[test]
fn layers_of_experts_that_the_sample_does_not_ask_have_no_vectors_and_no_activity() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path(), "scenes/experts.yaml", "platform: always_on\napproximate: {}");
    assert_eq!(on_one_sample(&config, folder.path(), &[]), None);
    let layers = layers_and_runs(&config);
    let at = |runs: f64| layers.iter().rposition(|layer| layer.1 == runs).unwrap();
    let (asked, other) = (format!("#{}", at(1.0)), at(0.0));
    assert_eq!(on_one_sample(&config, folder.path(), &["--golden", &asked]), None);
    for flag in ["--golden", "--activity"] {
        let told = on_one_sample(&config, folder.path(), &[flag, &format!("#{other}")]).unwrap();
        let expected =
            format!("layer `{}` is not computed, as of 1 test sample none asks its expert", layers[other].0);
        assert!(told.contains(&expected), "{told}");
    }
}

#[test]
fn layers_at_the_receiver_have_no_vectors() {
    let out = tempfile::tempdir().unwrap();
    let sets = ["--set", "platform={preset: always_on, link: {serial: {payload: {layer: conv2}}}}"];
    run(out.path(), &[&sets[..], &["--golden", "conv2"]].concat());
    for flag in ["--golden", "--activity"] {
        let refused =
            axsim(&RUN).arg("--out").arg(out.path()).args(sets).args([flag, "conv3"]).assert().code(2);
        let text = String::from_utf8(refused.get_output().stderr.clone()).unwrap();
        let message = text.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ");
        assert!(message.contains("layer `conv3` runs at the receiver"), "{message}");
        assert!(message.contains("name a layer up to `conv2`, or write `payload: result`"), "{message}");
    }
}

#[test]
fn layers_behind_the_exit_that_the_sample_takes_have_no_vectors() {
    let Some(root) = shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    let more = "platform: always_on\napproximate: {exit.threshold: 0.5}";
    let config = config(folder.path(), "branchy_lenet_2exit_mnist.yaml", more);
    assert_eq!(on_one_sample(&config, &root, &["--golden", "#0"]), None);
    let layers = layers_and_runs(&config);
    let behind = layers.iter().position(|layer| layer.1 == 0.0).expect("the first sample leaves early");
    let asked = format!("#{behind}");
    let told = on_one_sample(&config, &root, &["--golden", &asked]).unwrap();
    let expected =
        format!("layer `{}` is not computed, as of 1 test sample none comes to it", layers[behind].0);
    assert!(told.contains(&expected), "{told}");
    let never = ["--set", "approximate={}", "--golden", &asked];
    assert_eq!(on_one_sample(&config, &root, &never), None);
}

/// The last sum of each output that is streamed.
fn streamed_sums(folder: &Path) -> Vec<i32> {
    let (first, sums) = (hex(folder, "first.hex"), hex(folder, "sums.hex"));
    let ends = (0..sums.len()).filter(|at| first.get(at + 1).is_none_or(|next| next.0[0] == 1));
    ends.map(|at| sums[at].0[0] as u32 as i32).collect()
}

/// All outputs of a layer.
fn whole_output(folder: &Path) -> impl Iterator<Item = i32> {
    let bytes = npy(folder, "output.npy", "'<i4'");
    let words: Vec<i32> = bytes.as_chunks().0.iter().map(|word| i32::from_le_bytes(*word)).collect();
    words.into_iter()
}

/// The time step that a run streamed, the first one with an activation that is not zero; its sums are those of the network.
fn streamed_time_step(config: &str) -> usize {
    let out = Path::new(config).parent().unwrap().join("out/golden");
    let folder = fs::read_dir(out).unwrap().next().unwrap().unwrap().path();
    let about = about(&folder);
    let [count, streamed] =
        ["count", "streamed"].map(|name| about["time_steps"][name].as_u64().unwrap() as usize);
    assert!(1 < count && streamed < count, "{about}");
    assert_eq!(about["samples"]["count"], 1);
    let sizes = |tensor: &str| -> Vec<usize> {
        let shape = about["tensors"][tensor]["shape"].as_array().unwrap().iter();
        shape.map(|size| size.as_u64().unwrap() as usize).collect()
    };
    // Every time step before has no activation but zero.
    let input = npy(&folder, "input.npy", "'|i1'");
    let each = input.len() / count;
    assert_eq!(sizes("input")[0], count);
    assert_eq!(input.iter().position(|code| *code != 0).unwrap() / each, streamed);
    let (ends, output) = (streamed_sums(&folder), whole_output(&folder));
    let start = streamed * sizes("output")[1..].iter().product::<usize>();
    assert!(ends.iter().copied().eq(output.skip(start).take(ends.len())));
    assert!(hex(&folder, "operands.hex").iter().any(|operands| operands.0.iter().all(|word| *word != 0)));
    assert!(!icarus() || check(&folder).starts_with("PASS: "));
    streamed
}

#[test]
fn a_recurrent_cell_streams_a_time_step_in_which_its_state_is_not_zero() {
    let Some(root) = shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path(), "lstm_mnist.yaml", "platform: always_on\napproximate: {}");
    assert_eq!(on_one_sample(&config, &root, &["--golden", "#1"]), None);
    assert!(streamed_time_step(&config) > 0, "a state begins at zero");
}

#[test]
fn spikes_have_vectors_where_they_are_multiplied_and_none_where_they_are_added() {
    let Some(root) = shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    let more = "platform: {preset: always_on, sensor: ideal}\napproximate: {}";
    let config = config(folder.path(), "snn_if_mnist_step.yaml", more);
    assert_eq!(on_one_sample(&config, &root, &["--golden", "#1"]), None);
    streamed_time_step(&config);
    let adds = ["--set", "approximate.compute.array.spikes=accumulate"];
    for flag in ["--golden", "--activity"] {
        let told = on_one_sample(&config, &root, &[&adds[..], &[flag, "#1"]].concat()).unwrap();
        assert!(told.contains("adds the weights of spikes and multiplies nothing"), "{told}");
    }
}

#[test]
fn any_channel_can_be_streamed() {
    let out = tempfile::tempdir().unwrap();
    run(out.path(), &["--golden", "conv2", "--golden-channel", "5"]);
    let folder = out.path().join("golden/conv2");
    let about = about(&folder);
    let stream = &about["stream"];
    assert_eq!(stream["channel"], 5);
    let outputs = stream["outputs"].as_u64().unwrap() as usize;
    let first = stream["first_output"].as_u64().unwrap() as usize;
    let what = format!("outputs {first} to {} of the ", first + outputs - 1);
    assert!(stream["what"].as_str().unwrap().starts_with(&what), "{stream}");
    assert!(about["repeat"].as_str().unwrap().ends_with("--golden '#1' --golden-channel 5"));
    let (ends, output) = (streamed_sums(&folder), whole_output(&folder));
    let shape = about["tensors"]["output"]["shape"].as_array().unwrap();
    let positions: u64 = shape[2..].iter().map(|size| size.as_u64().unwrap()).product();
    assert!(ends.iter().copied().eq(output.skip(5 * positions as usize + first).take(outputs)));
    let width = shape[3].as_u64().unwrap() as usize;
    assert_eq!(hex(&folder, "sums.hex")[0].1, format!("output (5, {}, {})", first / width, first % width));
    let channels = &shape[1];
    let asked = ["--golden", "conv2", "--golden-channel", &channels.to_string()];
    let refused = axsim(&RUN).arg("--out").arg(out.path()).args(asked).assert().code(2);
    let message = String::from_utf8(refused.get_output().stderr.clone()).unwrap();
    assert!(message.contains(&format!("layer `conv2` has {channels} output channels, 0 to ")), "{message}");
}
