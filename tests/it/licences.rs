//! May everything we depend on be used in a program under MIT or Apache-2.0?

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use spdx::{Expression, ParseMode};

/// Permissive licences: they ask for a notice at most.
const ALLOWED: [&str; 13] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Why the licence of a package does not allow its use, if so.
fn objection(licence: Option<&str>) -> Option<String> {
    let Some(licence) = licence else { return Some("it states no licence".into()) };
    match Expression::parse_mode(licence, ParseMode::LAX) {
        Err(error) => Some(format!("`{licence}` is no SPDX expression: {}", error.reason)),
        Ok(terms) if terms.evaluate(|term| ALLOWED.contains(&term.to_string().as_str())) => None,
        Ok(_) => Some(format!("`{licence}` asks for more than a notice")),
    }
}

/// What cargo knows about this package and all it depends on, on this machine's platform.
fn metadata() -> Value {
    let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
    let version = Command::new("rustc").arg("-vV").output().unwrap();
    let version = String::from_utf8(version.stdout).unwrap();
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    // Packages of other platforms are not at hand where nobody fetched them; continuous integration does.
    let platform: &[&str] = if std::env::var_os("CI").is_some() { &[] } else { &["--filter-platform", host] };
    let output = Command::new(cargo)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
        .args(["metadata", "--locked", "--offline", "--format-version", "1"])
        .args(platform)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn every_dependency_has_a_permissive_licence() {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().unwrap();
    assert!(packages.len() > 50, "only {} packages", packages.len());
    let wrong = packages.iter().filter_map(|package| {
        let objection = objection(package["license"].as_str())?;
        Some(format!("{} {}: {objection}", package["name"], package["version"]))
    });
    let wrong: Vec<String> = wrong.collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn licences_that_ask_for_more_are_found() {
    for fine in ["MIT", "MIT/Apache-2.0", "GPL-3.0 OR ISC", "(MIT OR Apache-2.0) AND Unicode-3.0"] {
        assert_eq!(objection(Some(fine)), None, "{fine}");
    }
    for wrong in [Some("GPL-3.0-only"), Some("MIT AND LGPL-2.1-or-later"), Some("see LICENSE"), None] {
        assert!(objection(wrong).is_some(), "{wrong:?}");
    }
}
