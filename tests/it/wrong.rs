//! Does every wrong configuration get a message at its line that says what to write instead?

use std::path::Path;

use axsim::config::Config;
use miette::{GraphicalReportHandler, GraphicalTheme};

fn message(path: &Path, name: &str) -> String {
    let text = std::fs::read_to_string(path.join(name)).unwrap();
    // Relative names keep machine paths out of the messages.
    let read = |file: &Path| std::fs::read_to_string(path.join(file));
    let error = Config::load(&text, Path::new(name), &read, &[]).err();
    let error = error.unwrap_or_else(|| panic!("{name} was accepted"));
    let mut out = String::new();
    let theme = GraphicalTheme::unicode_nocolor();
    let handler = GraphicalReportHandler::new_themed(theme).with_width(100).with_links(false);
    handler.render_report(&mut out, &error).unwrap();
    out
}

#[test]
fn every_wrong_file_is_refused_with_its_reviewed_message() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wrong");
    let entries = std::fs::read_dir(&folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert!(names.len() >= 25, "only {} wrong files", names.len());
    let messages = names.iter().map(|name| format!("== {name}\n{}", message(&folder, name)));
    insta::assert_snapshot!(messages.collect::<Vec<_>>().join("\n"));
}
