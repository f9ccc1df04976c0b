//! Does every row add up as the guide says it does?

use assert_cmd::Command;
use serde_json::Value;

/// Positions, outputs and depth of each layer of the embedded network, by hand.
const LAYERS: [[u32; 3]; 5] = [[576, 8, 25], [144, 16, 72], [36, 40, 144], [16, 112, 360], [1, 10, 112]];
/// Bytes of a frame of 48 × 48 pixels as the buffer keeps it.
const FRAME: f64 = 2304.0;
/// Rows, and columns, of the array.
const SIDE: u32 = 8;

fn json(arguments: &[&str]) -> Value {
    let mut command = Command::cargo_bin("axsim").unwrap();
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments).args(["--json", "-"]);
    serde_json::from_slice(&command.assert().success().get_output().stdout).unwrap()
}

/// Cycles, bytes that the buffer reads, and bytes that it writes.
fn folded() -> [f64; 3] {
    let mut all = [0, 0, FRAME as u32];
    for [positions, outputs, depth] in LAYERS {
        let (down, across) = (positions.div_ceil(SIDE), outputs.div_ceil(SIDE));
        all[0] += down * across * (depth + SIDE + SIDE - 2);
        all[1] += across * positions * depth + down * depth * outputs;
        all[2] += positions * outputs;
    }
    all.map(f64::from)
}

fn near(found: &Value, expected: f64, what: &str) {
    let found = found.as_f64().unwrap();
    assert!((found / expected - 1.0).abs() < 1e-9, "{what}: {found}, by hand {expected}");
}

/// Figures of the platform from its file, of the memory from CACTI's table, of a unit from `characterize`; the energy of a
/// multiply-accumulate is that of the run.
fn adds_up(found: &Value, unit: &str, bits: i32, supply: f64) {
    let cost = &json(&["characterize", unit])[0]["cost"];
    let cost = |what: &str| cost[what].as_f64().unwrap();
    let [cycles, read, written] = folded();
    let time = cycles / (cost("clock_mhz") * 1e6);
    let units = f64::from(SIDE * SIDE);
    let sensor = 2304.0 * (12.1e-12 + 2f64.powi(bits) * 100e-15 + f64::from(bits) / 8.0 * 100e-12);
    let words = read / 8.0 * 27.5e-12 + written / 8.0 * 34.8e-12;
    let memory = (words + 11e-6 * 33.333_333e-3) * supply * supply;
    let macs = LAYERS.iter().zip(found["layers"].as_array().unwrap()).map(|(layer, told)| {
        f64::from(layer.iter().product::<u32>()) * told["mac_energy_j"].as_f64().unwrap()
    });
    // Registers of two operands of 8 bits and a sum of 32, two edges each.
    let clock = 48.0 * 2.0 * 3.6005e-15 + cost("clock_tree_fj") * 1e-15;
    let datapath = macs.sum::<f64>() + cycles * units * clock;
    let compute = datapath + units * time * cost("leakage_nw") * 1e-9;
    let link = 16.0 * 12.5e-12;
    let energy = &found["energy_j"];
    for (stage, expected) in [("sensor", sensor), ("memory", memory), ("compute", compute), ("link", link)] {
        near(&energy[stage], expected, stage);
    }
    near(&energy["total"], sensor + memory + compute + link, "total");
    near(&found["datapath_energy_j"], datapath, "datapath");
    near(&found["latency_s"], 10e-3 + time + 16.0 / 1e9, "latency");
    near(&found["area_mm2"], 0.499 + units * cost("area_um2") * 1e-6, "area");
}

#[test]
fn the_rows_of_the_first_run_are_those_of_the_guides_formulas() {
    let run = ["run", "configs/runs/quickstart.yaml", "--quiet", "--set", "workload.samples=20", "--out"];
    let folder = tempfile::tempdir().unwrap();
    let found = json(&[&run[..], &[folder.path().to_str().unwrap()]].concat());
    adds_up(&found["baseline"], "mac8s_bw", 8, 1.0);
    adds_up(&found["approximate"], "mac8s_bwtrunc_t4", 5, 0.96);
}

/// Words of 64 bits that the buffer writes for a sample, beside these memories.
fn written_words(memories: &str) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let platform = format!("platform={{preset: always_on, memory: {{{memories}}}}}");
    let run = [
        "run",
        "configs/runs/quickstart.yaml",
        "--quiet",
        "--set",
        "workload.samples=4",
        "--set",
        "approximate={}",
    ];
    let found = json(&[&run[..], &["--set", &platform, "--out", folder.path().to_str().unwrap()]].concat());
    let entries = found["baseline"]["ledger"].as_object().unwrap().values();
    let mut written =
        entries.filter(|of| of["component"] == "memory.buffer" && of["action"] == "write words");
    written.next().unwrap()["count"].as_f64().unwrap()
}

#[test]
fn weights_that_come_from_a_main_memory_are_written_into_the_buffer_too() {
    let main = "main: {dram: {device: lpddr3_1600, dies: 1, refresh_interval: 32 ms, temperature: 45 C}}";
    let weights: u32 = LAYERS.iter().map(|[_, outputs, depth]| outputs * depth).sum();
    let [alone, loaded] = ["", main].map(written_words);
    assert!((alone - folded()[2] / 8.0).abs() < 1e-6, "{alone}");
    assert!((loaded - alone - f64::from(weights) / 8.0).abs() < 1e-6, "{loaded}");
}
