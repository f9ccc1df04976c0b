//! Is every price of a bill explained by its name?

use std::collections::BTreeSet;

use rayon::prelude::*;
use serde_json::Value;

use crate::cli::axsim;
use crate::onnx_models::shared;

/// Shipped runs, with what makes them bill more circuits.
const RUNS: [(&str, &[&str]); 7] = [
    ("quickstart", &[]),
    ("binary", &[]),
    ("experts", &[]),
    ("quickstart", &["platform.compute.array.zeros=skip"]),
    ("quickstart", &["platform.compute.array.products=raw"]),
    (
        "quickstart",
        &[
            "workload.quantize.weight_scales=per_tensor",
            "platform.compute.array.recovery=[affine]",
            "approximate={compute.array.multiplier: mul8u_trunc_t8}",
        ],
    ),
    (
        "quickstart",
        &["approximate={quantize.format: {weights: {razor: {basis: 8, bits: 4, group: 16}}, \
           activations: {razor: {basis: 16, bits: 4, group: 16}}}}"],
    ),
];

/// Runs a shipped file on few samples with these values and returns what its bills are priced by.
fn prices(name: &str, settings: &[&str]) -> BTreeSet<String> {
    let folder = tempfile::tempdir().unwrap();
    let mut command = axsim(&["run", &format!("configs/runs/{name}.yaml"), "--quiet"]);
    command.args(["--set", "workload.samples=2", "--set", "workload.quantize.calibration_samples=4"]);
    settings.iter().for_each(|setting| _ = command.args(["--set", setting]));
    shared().iter().for_each(|root| _ = command.arg("--data").arg(root));
    command.arg("--out").arg(folder.path()).assert().success();
    let outcome = std::fs::read(folder.path().join("outcome.json")).unwrap();
    let mut found = BTreeSet::new();
    collect(&serde_json::from_slice(&outcome).unwrap(), &mut found);
    found
}

/// The names of the prices of every ledger below a value.
fn collect(value: &Value, found: &mut BTreeSet<String>) {
    let ledger = value["ledger"].as_object().into_iter().flat_map(|lines| lines.values());
    found.extend(ledger.map(|line| line["price"]["each"][1]["name"].as_str().unwrap().to_string()));
    let inner: Vec<&Value> = match value {
        Value::Array(all) => all.iter().collect(),
        Value::Object(map) => {
            map.iter().filter(|(key, _)| *key != "ledger").map(|(_, value)| value).collect()
        }
        _ => vec![],
    };
    inner.into_iter().for_each(|inner| collect(inner, found));
}

/// What `explain` says of a name, or its message.
fn explained(name: &str) -> Result<String, String> {
    let output = axsim(&["explain", name]).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

#[test]
fn every_price_of_a_bill_is_explained_by_its_name() {
    let mut names: BTreeSet<String> =
        RUNS.iter().flat_map(|(name, settings)| prices(name, settings)).collect();
    if shared().is_some() {
        names.extend(prices("spiking", &[]));
        assert!(names.contains("neuron.clock") && names.contains("neuron.addition"), "{names:?}");
    }
    for circuit in ["xnor64.", "choose8of4.", "hold8.", "sum24u_exact.", "mul32x16s_exact.", "sdr16x4_g16."] {
        assert!(names.iter().any(|name| name.starts_with(circuit)), "{circuit} is in no bill: {names:?}");
    }
    let wrong = |name: &String| {
        explained(name).map_or_else(Some, |said| {
            (!said.starts_with(&format!("constant {name}"))).then(|| format!("{name}: {said}"))
        })
    };
    let wrong: Vec<String> = names.par_iter().filter_map(wrong).collect();
    assert_eq!(wrong, Vec::<String>::new());
}

/// A run of a file of the user's has these.
#[test]
fn prices_of_a_users_files_are_those_of_gates_that_stand_in_or_of_the_run_itself() {
    let folder = tempfile::tempdir().unwrap();
    let table = |entry: &dyn Fn(i32) -> i32| {
        let code = |code: i32| if code < 128 { code } else { code - 256 };
        let row =
            |a: i32| (0..256).map(|b| entry(code(a) * code(b)).to_string()).collect::<Vec<_>>().join(" ");
        (0..256).map(row).collect::<Vec<_>>().join("\n")
    };
    let file = |name: &str, text: String| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let products = file("products.txt", table(&|product| product & !7));
    let energies = file("energies.txt", table(&|product| product.abs() % 97));
    let knob = format!(
        "approximate={{compute.array.multiplier: {{table: {products}, signed: true, energy_table: {energies}}}}}"
    );
    let names = prices("quickstart", &[&knob]);
    let own: Vec<&String> = names.iter().filter(|name| name.contains("_table")).collect();
    assert_eq!(own.len(), 4, "{own:?}");
    for name in own {
        let said = explained(name).unwrap();
        match name.rsplit_once('.').unwrap() {
            (_, "energy_table") => {
                assert!(said.contains("the user's file that `energy_table` names"), "{said}")
            }
            (_, what) => {
                let gates = explained(&format!("mac8s_bw.{what}")).unwrap();
                let (gates, said) = (gates.split_once(": ").unwrap().1, said.split_once(": ").unwrap().1);
                let note =
                    "  a product table of a user's file has no gates: the figure is that of `mac8s_bw`\n";
                assert_eq!(said, format!("{gates}{note}"));
            }
        }
    }
}

#[test]
fn a_price_that_a_circuit_does_not_have_is_answered_by_those_that_it_has() {
    let message = explained("mul16s_exact.leakge").unwrap_err();
    assert!(message.contains("`mul16s_exact.leakage`") && !message.contains("no family"), "{message}");
}
