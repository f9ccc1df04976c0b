//! Is a report rebuilt from stored results the one that the run wrote, and are other files refused at their place?

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use assert_cmd::Command;
use tempfile::TempDir;

fn axsim(arguments: &[&str]) -> Command {
    let mut command = Command::cargo_bin("axsim").unwrap();
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments);
    command
}

/// The quickstart on a few samples: its folder, and what it printed.
fn quickstart() -> &'static (TempDir, String) {
    static RUN: OnceLock<(TempDir, String)> = OnceLock::new();
    RUN.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let settings = ["--set", "workload.samples=48", "--quiet", "--out"];
        let mut command = axsim(&["run", "configs/runs/quickstart.yaml"]);
        let run = command.args(settings).arg(folder.path()).assert().success();
        let printed = String::from_utf8(run.get_output().stdout.clone()).unwrap();
        (folder, printed)
    })
}

fn table(printed: &str) -> &str {
    printed.split("\nwritten:").next().unwrap()
}

fn same(one: &Path, other: &Path, file: &str) {
    let read = |folder: &Path| fs::read(folder.join(file)).unwrap();
    assert!(read(one) == read(other), "{file} is not what the run wrote");
}

#[test]
fn a_rebuilt_report_is_the_one_that_the_run_wrote() {
    let (folder, printed) = quickstart();
    for results in [folder.path().to_path_buf(), folder.path().join("outcome.json")] {
        let again = tempfile::tempdir().unwrap();
        let rebuilt = axsim(&["report", "--out"]).arg(again.path()).arg(results).assert().success();
        let said = String::from_utf8(rebuilt.get_output().stdout.clone()).unwrap();
        assert_eq!(table(&said), table(printed));
        same(folder.path(), again.path(), "report.html");
        same(folder.path(), again.path(), "outcome.csv");
    }
}

#[test]
fn the_page_says_what_arithmetic_means_as_the_text_does() {
    let (folder, printed) = quickstart();
    let said = printed.lines().find(|line| line.starts_with("Semantics: products `centred`")).unwrap();
    let page = fs::read_to_string(folder.path().join("report.html")).unwrap();
    let section = page.split("<h2>What this model approximates</h2>").nth(1).unwrap();
    assert!(section.starts_with(&format!("<ul class=\"notes\"><li>{said}</li>")), "{section}");
}

/// In the plot of a run as in that of an exploration.
#[test]
fn knobs_of_layers_that_end_alike_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let knobs = "approximate={layers.conv1.weight_bits: 7, layers.conv2.weight_bits: 7, compute.layers: {}}";
    let settings = ["--set", "workload.samples=8", "--set", knobs, "--quiet", "--out"];
    let mut command = axsim(&["run", "configs/runs/quickstart.yaml"]);
    let run = command.args(settings).arg(folder.path()).assert().success();
    let printed = String::from_utf8(run.get_output().stdout.clone()).unwrap();
    assert!(printed.contains(" only compute.layers = {} "), "{printed}");
    let page = fs::read_to_string(folder.path().join("report.html")).unwrap();
    for mark in ["without conv1.weight_bits", "conv2.weight_bits = 7", "layers = {}"] {
        assert!(page.contains(&format!(">{mark}")), "{mark}");
    }
}

#[test]
fn ideal_hardware_is_reported_and_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("ideal.yaml");
    let scenes = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/workloads/scenes/scenes.yaml");
    let text = format!(
        "workload: {}\nplatform: ideal\napproximate: {{quantize.weight_bits: 4, quantize.activation_bits: 5}}\n",
        scenes.display()
    );
    fs::write(&config, text).unwrap();
    let again = tempfile::tempdir().unwrap();
    let settings = ["--set", "workload.samples=16", "--quiet", "--out"];
    axsim(&["run"]).arg(&config).args(settings).arg(folder.path()).assert().success();
    axsim(&["report", "--out"]).arg(again.path()).arg(folder.path()).assert().success();
    same(folder.path(), again.path(), "report.html");
}

/// What `axsim report` says of a file with these bytes.
fn refusal(bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("outcome.json"), bytes).unwrap();
    let refused = axsim(&["report"]).arg(folder.path()).assert().code(2);
    assert!(!folder.path().join("report.html").exists(), "a refused file left a report");
    // The diagnostic is wrapped; a sentence is looked for as one line.
    let said = String::from_utf8(refused.get_output().stderr.clone()).unwrap();
    said.replace("\n  │ ", " ")
}

#[test]
fn a_file_that_no_run_wrote_is_refused_by_line_and_field() {
    let text = fs::read_to_string(quickstart().0.path().join("outcome.json")).unwrap();
    let cut = refusal(&text.as_bytes()[..5000]);
    assert!(cut.contains("after byte 5000") && cut.contains("field `baseline"), "{cut}");
    let wrong = text.replacen("\"samples\": 48", "\"samples\": \"many\"", 1);
    let wrong = refusal(wrong.as_bytes());
    let line = 1 + text.lines().position(|line| line.contains("\"samples\": 48")).unwrap();
    assert!(
        wrong.contains(&format!("line {line},")) && wrong.contains("field `reference.score.samples`"),
        "{wrong}"
    );
    let foreign = refusal(b"{\"points\": []}");
    assert!(foreign.contains("line 1") && foreign.contains("missing field"), "{foreign}");
    assert!(refusal(b"").contains("after byte 0"));
    assert!(refusal(b"{\"a\xff\"}").contains("byte 3 is not UTF-8"));
    assert!(refusal(format!("{text}x").as_bytes()).contains("trailing characters"));
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "[\\[\\]{}\":,a-z0-9. \n]{0,80}") {
        let _ = axsim::run::stored::parse::<axsim::run::outcome::Report>(&text);
    }
}
