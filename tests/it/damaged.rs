//! Does no damaged file of ours (results, a store, a golden) make its reader or a report of it panic?

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use assert_cmd::Command;
use axsim::report::read::{Results, results};
use axsim::report::{csv, html, text};
use axsim::validate;
use proptest::collection::vec;
use proptest::prelude::{Strategy, any, prop};

/// A run and an exploration of a few samples: `outcome.json`, `exploration.json`, `points.jsonl`.
fn stored() -> &'static [(&'static str, String); 3] {
    static STORED: OnceLock<[(&str, String); 3]> = OnceLock::new();
    STORED.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let scenes = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/workloads/scenes/scenes.yaml");
        let config = folder.path().join("both.yaml");
        let knob = "{sensor.adc_bits: 4}\nexplore: {space: {sensor.adc_bits: [8, 4]}}";
        let text = format!("workload: {}\nplatform: always_on\napproximate: {knob}\n", scenes.display());
        fs::write(&config, text).unwrap();
        for verb in ["run", "explore"] {
            let mut command = Command::cargo_bin("axsim").unwrap();
            let settings = ["--quiet", "--set", "workload.samples=4", "--out"];
            command.arg(verb).arg(&config).args(settings).arg(folder.path()).assert().success();
        }
        ["outcome.json", "exploration.json", "points.jsonl"]
            .map(|name| (name, fs::read_to_string(folder.path().join(name)).unwrap()))
    })
}

/// A change of a text: a share of its length where it happens, characters taken away, characters put there.
fn change() -> impl Strategy<Value = (f64, usize, String)> {
    let new = prop::sample::select(vec![
        "", "-", "0", "9", "1e999", "-1", "null", "\"x\"", "[]", "{}", ",", "\n", "é", "]", "}",
    ]);
    (0.0..1.0, 0usize..8, new.prop_map(String::from))
}

fn changed(text: &str, changes: &[(f64, usize, String)]) -> String {
    let mut text: Vec<char> = text.chars().collect();
    for (share, gone, new) in changes {
        let at = (share * text.len() as f64) as usize;
        let end = (at + gone).min(text.len());
        text.splice(at..end, new.chars());
    }
    text.into_iter().collect()
}

/// One number, truth or text of a JSON text replaced by another value: what stays is well-formed.
fn with_value(text: &str, share: f64, value: &str) -> String {
    let keys = text.match_indices("\":").map(|(at, colon)| at + colon.len());
    let leaves: Vec<usize> = keys.filter(|&at| !text[at..].trim_start().starts_with(['[', '{'])).collect();
    let at = leaves[(share * leaves.len() as f64) as usize];
    let end = text[at..].find([',', '}', '\n']).map_or(text.len(), |length| at + length);
    format!("{}{value}{}", &text[..at], &text[end..])
}

fn report(name: &str, text: &str) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(name);
    fs::write(&file, text).unwrap();
    match results(&file) {
        Err(error) => assert!(!error.to_string().is_empty()),
        Ok(Results::Run(run)) => drop((text::write(&run), html::run::write(&run), csv::write(&run))),
        Ok(Results::Exploration(found)) => {
            drop((text::exploration(&found), html::exploration::write(&found), csv::exploration(&found)));
        }
    }
}

proptest::proptest! {
    #[test]
    fn changed_results_are_refused_or_reported(
        which in 0usize..3, changes in vec(change(), 1..3), share in 0.0..1.0, value in 0usize..9,
    ) {
        let (name, text) = &stored()[which];
        report(name, &changed(text, &changes));
        let value = ["0", "-1", "1e308", "18446744073709551616", "null", "\"x\"", "true", "[]", "{}"][value];
        report(name, &with_value(text, share, value));
    }

    #[test]
    fn a_changed_design_folder_is_refused_or_judged(
        golden in vec((any::<i64>(), -20i64..40, -20i64..40), 0..5), id in "(mul|add|mac)[0-9]{1,3}[us]_(exact|drum_k[0-9]{1,2}|x)",
        changes in vec(change(), 0..3), binary: bool,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        let lines: String = golden.iter().map(|(y, a, b)| format!("{a} {b} {y}\n")).collect();
        let id = if changes.is_empty() { "mul4s_exact" } else { &id };
        write("design.yaml", &changed(&format!("id: {id}\nsource: a test\n"), &changes[1.min(changes.len())..]));
        write("golden.txt", &changed(&format!("# a test\n2 3 6\n{lines}"), &changes));
        write(&format!("{id}.v"), "module x();\n");
        if binary {
            fs::write(folder.path().join("golden.txt"), [0xff, 0xfe, 0]).unwrap();
        }
        let _ = validate::folder(folder.path());
    }
}
