//! Do multiplications cost what a user's energy table says, over a whole run and in what it prints?

use std::fs;
use std::path::Path;

use axsim::config::Config;
use axsim::ledger::Ledger;
use axsim::platform::compute::array::Open;
use axsim::run::{Evaluator, Golden};
use axsim::table::Energies;
use axsim::workload::load;
use indexmap::IndexMap;

use crate::cli::axsim;

const QUICKSTART: &str = "configs/runs/quickstart.yaml";
const MULTIPLIER: &str = "compute.array.multiplier";

/// Energy of the multiplications that an energy table prices.
fn multiplied(ledger: &Ledger) -> f64 {
    let lines = ledger.entries().filter(|entry| entry.action == "multiply");
    lines.filter_map(|entry| entry.energy()).map(|energy| energy.0).sum()
}

/// Every multiplication of a layer on one sample, one after the other; zeros in the padding pass the unit.
fn naive(golden: &Golden, energies: &Energies) -> f64 {
    let Golden { contraction, offsets, .. } = golden;
    let (geometry, codes) = (&contraction.layer.geometry, contraction.input.codes.data());
    let [x_zero, w_zero] = offsets.map(i64::from);
    let mut sum = 0.0;
    for channel in 0..geometry.out_channels {
        let filter = geometry.filter(&contraction.weights.codes, channel);
        let group = channel / (geometry.out_channels / geometry.groups);
        for position in 0..geometry.positions() {
            let (row, column) = (position / geometry.out_width(), position % geometry.out_width());
            for (k, &weight) in filter.iter().enumerate() {
                let at = geometry.tap(k, row, column).map(|tap| geometry.group_offset(group) + tap);
                let activation = at.map_or(contraction.input.zero_point, |at| codes[at]);
                sum += energies.of(i64::from(activation) - x_zero, i64::from(weight) - w_zero).0;
            }
        }
    }
    sum
}

#[test]
fn a_run_bills_the_sum_over_every_multiplication() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(QUICKSTART);
    let read = |path: &Path| fs::read_to_string(path);
    let sets = [("workload.samples".to_string(), "1".to_string())];
    let config = Config::load(&read(&file).unwrap(), &file, &read, &sets).unwrap();
    let value = serde_json::json!({"design": "mul8s_bwtrunc_t4", "energy_table": "mine.csv"});
    let [exact, priced] = [IndexMap::new(), IndexMap::from([(MULTIPLIER.into(), value)])]
        .map(|knobs| config.setup(&knobs).unwrap());
    let task = load(&exact.workload, std::slice::from_ref(&config.base_dir)).unwrap();
    let energies = Energies::new(8, (0..1 << 16).map(|at| f64::from(at * 7919 % 1021)).collect());
    let open = Open { energies: &|_| Ok(energies.clone()), ..Open::NONE };
    let evaluator = Evaluator::new(&task, config.seed, config.fault_maps, open);
    let outcome = |setup| evaluator.evaluate(setup, serde_json::to_value(setup).unwrap()).unwrap();
    assert_eq!(multiplied(&outcome(&exact).ledger), 0.0, "the exact multiplier has no table");
    let outcome = outcome(&priced);
    let expected: f64 = (0..outcome.layers.len())
        .map(|layer| naive(&evaluator.golden(&priced, layer, 0).unwrap(), &energies))
        .sum();
    let found = multiplied(&outcome.ledger);
    assert!((found / expected - 1.0).abs() < 1e-9, "{found} billed, {expected} summed");
    assert_eq!(outcome.energy_tables(), ["mine.csv"]);
    // What is billed in the end is what the layers say.
    let layers: f64 = outcome.layers.iter().map(|layer| layer.energy_j).sum();
    let switched = outcome.ledger.entries().filter(|entry| entry.action.starts_with("multipl"));
    let switched: f64 = switched.filter_map(|entry| entry.energy()).map(|energy| energy.0).sum();
    assert!((layers / switched - 1.0).abs() < 1e-9 && layers > found, "{layers} {switched}");
}

#[test]
fn an_exported_energy_table_prices_a_run_and_is_named_as_a_source() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("energies.csv");
    let exported = axsim(&["export", "mul8s_bwtrunc_t4", "--format", "energy_table"]).assert().success();
    let text = String::from_utf8(exported.get_output().stdout.clone()).unwrap();
    assert!(text.starts_with("# mul8s_bwtrunc_t4 in nangate45 at 1.10 V: femtojoules"), "{}", &text[..200]);
    fs::write(&file, &text).unwrap();
    let set =
        format!("approximate.{MULTIPLIER}={{design: mul8s_bwtrunc_t4, energy_table: {}}}", file.display());
    let run = ["run", QUICKSTART, "--quiet", "--set", "workload.samples=2", "--set", &set, "--out"];
    let done = axsim(&run).arg(folder.path()).assert().success();
    let printed = String::from_utf8(done.get_output().stdout.clone()).unwrap();
    assert!(printed.contains("plain"), "its energy is known, so it has rivals: {printed}");
    let outcome = fs::read_to_string(folder.path().join("outcome.json")).unwrap();
    let outcome: serde_json::Value = serde_json::from_str(&outcome).unwrap();
    let notes = outcome["notes"].to_string();
    assert!(notes.contains("Multiplications cost what") && notes.contains("energies.csv"), "{notes}");
    let constants = outcome["approximate"]["constants"].as_array().unwrap();
    let constant = constants.iter().find(|constant| constant["name"] == "multiplier.energy_table").unwrap();
    assert!(constant["source"].as_str().unwrap().contains("energies.csv (BLAKE3 "), "{constant}");
    let baseline = outcome["baseline"]["constants"].to_string();
    assert!(!baseline.contains("energy_table"), "{baseline}");
}

#[test]
fn files_that_are_no_energy_tables_are_refused_with_what_to_write() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("e.csv");
    let row = |word: &str| format!("{word}{}\n", ",1".repeat(255));
    let wrong = [
        (row("1").repeat(255), "255 by 256 entries are no energy table; write a row a code of `a`"),
        (
            row("-1") + &row("1").repeat(255),
            ":1:1: `-1` is no energy; write femtojoules, 0 or more, such as 12.5",
        ),
        (row("1").repeat(255) + &row("NaN"), ":256:1: `NaN` is no energy"),
        (
            "1 1 1 1\n".repeat(4),
            "has energies of 4 by 4 codes, but operands of `mul8s_bw` have 256; write 256 rows of 256",
        ),
    ];
    for (text, expected) in wrong {
        fs::write(&file, text).unwrap();
        let set = format!("approximate.{MULTIPLIER}={{design: exact, energy_table: {}}}", file.display());
        let output = axsim(&["check", QUICKSTART, "--set", &set]).assert().code(2);
        let message = String::from_utf8(output.get_output().stderr.clone()).unwrap();
        let message: String =
            message.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ");
        assert!(message.contains(expected), "{message}");
    }
}
