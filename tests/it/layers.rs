//! Who may import whom? A module uses only modules of lower layers, never a sibling.

use std::fs;
use std::path::{Path, PathBuf};

/// The table of the crate documentation, as data.
const LAYERS: [&[&str]; 10] = [
    &["units", "bits", "rng", "simd", "tensor", "constant"],
    &["ledger", "netlist", "table", "config", "razor"],
    &["tech", "kernel"],
    &["arith", "workload"],
    &["platform"],
    &["run", "validate"],
    &["explore"],
    &["report"],
    &["error"],
    &["cli", "main"],
];

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|modules| modules.contains(&module))
}

pub(crate) fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let inside = |path: PathBuf| if path.is_dir() { sources(&path) } else { vec![path] };
    entries.flat_map(inside).filter(|path| path.extension().is_some_and(|end| end == "rs")).collect()
}

/// The top-level modules that `text` names through `crate::` or `axsim::`.
fn imports(text: &str) -> Vec<String> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let mut found = vec![];
    for line in code {
        for part in line.split("crate::").skip(1) {
            let name: String = part.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            found.push(name);
        }
    }
    found
}

fn violation(module: &str, import: &str) -> bool {
    let (Some(from), Some(to)) = (layer(module), layer(import)) else { return false };
    module != import && to >= from
}

#[test]
fn every_import_goes_down() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = vec![];
    for path in sources(&root) {
        let inside = path.strip_prefix(&root).unwrap().with_extension("");
        let module = inside.iter().next().unwrap().to_str().unwrap().to_string();
        if module == "lib" {
            continue;
        }
        assert!(layer(&module).is_some(), "src/{module} stands in no layer; add it to the table");
        let text = fs::read_to_string(&path).unwrap();
        let up = imports(&text).into_iter().filter(|import| violation(&module, import));
        wrong.extend(up.map(|import| format!("{} uses {import}", inside.display())));
    }
    assert!(wrong.is_empty(), "imports that do not go to a lower layer:\n{}", wrong.join("\n"));
}

#[test]
fn an_upward_import_is_found() {
    assert_eq!(imports("use crate::run::outcome;\n// use crate::cli;"), ["run"]);
    assert!(violation("units", "run") && violation("tech", "kernel") && !violation("run", "units"));
}

#[test]
fn the_crate_documentation_shows_the_same_table() {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    for (number, modules) in LAYERS.iter().enumerate() {
        let names: Vec<String> = modules.iter().map(|module| format!("`{module}`")).collect();
        let row = format!("//! | {number} | {} |", names.join(" "));
        assert!(text.contains(&row), "src/lib.rs has no row `{row}`");
    }
}
