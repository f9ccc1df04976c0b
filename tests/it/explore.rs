//! Does an exploration lose nothing and give the same answer, however it is interrupted and on any number of threads?

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// Four points and the exact one, on few samples, under a floor that two or more of them meet.
const SMALL: [&str; 8] = [
    "configs/explorations/quickstart.yaml",
    "--quiet",
    "--set",
    "workload.samples=96",
    "--set",
    "explore.space={sensor.adc_bits: [8, 2], compute.array.multiplier: [exact, mul8s_trunc_t4]}",
    "--set",
    "floor=10 %",
];

fn explore(folder: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin("axsim"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).arg("explore").args(SMALL).args(more);
    command.arg("--out").arg(folder).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs to the end; gives the exit code and the complaint.
fn code(folder: &Path, more: &[&str]) -> (Option<i32>, String) {
    let output = explore(folder, more).output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap().replace("\n  │ ", " "))
}

fn whole(more: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let (code, said) = code(folder.path(), more);
    assert_eq!(code, Some(0), "{said}");
    folder
}

fn same(one: &Path, other: &Path) {
    for file in ["exploration.json", "exploration.csv", "report.html"] {
        let read = |folder: &Path| fs::read(folder.join(file)).unwrap();
        assert!(read(one) == read(other), "{file} differs");
    }
}

fn points(folder: &Path) -> Vec<Value> {
    let text = fs::read_to_string(folder.join("exploration.json")).unwrap();
    let found: Value = serde_json::from_str(&text).unwrap();
    found["points"].as_array().unwrap().clone()
}

#[test]
fn one_thread_and_two_threads_find_the_same() {
    same(whole(&["--threads", "1"]).path(), whole(&["--threads", "2"]).path());
}

#[test]
fn a_store_that_was_torn_at_any_byte_of_its_last_line_is_completed() {
    let folder = whole(&[]);
    let text = fs::read(folder.path().join("points.jsonl")).unwrap();
    let last = text[..text.len() - 1].iter().rposition(|&byte| byte == b'\n').unwrap() + 1;
    let inside_a_character = [&text[..last], &"…".as_bytes()[..2]].concat();
    let cut = [last, last + 1, (last + text.len()) / 2, text.len() - 1].map(|end| text[..end].to_vec());
    for torn_text in cut.into_iter().chain([inside_a_character]) {
        let torn = tempfile::tempdir().unwrap();
        fs::write(torn.path().join("points.jsonl"), torn_text).unwrap();
        assert_eq!(code(torn.path(), &["--resume"]).0, Some(0));
        same(folder.path(), torn.path());
    }
}

#[test]
fn a_rebuilt_report_is_the_one_that_the_exploration_wrote() {
    let folder = whole(&[]);
    for results in ["", "exploration.json", "points.jsonl"] {
        let again = tempfile::tempdir().unwrap();
        fs::copy(folder.path().join("exploration.json"), again.path().join("exploration.json")).unwrap();
        let mut report = Command::new(assert_cmd::cargo::cargo_bin("axsim"));
        report.arg("report").arg(folder.path().join(results)).arg("--out").arg(again.path());
        let output = report.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        same(folder.path(), again.path());
    }
}

/// Waits until the store has this many lines; `false` when the process ended before.
fn wait_for_lines(child: &mut Child, folder: &Path, lines: usize) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(120) {
        let stored = fs::read_to_string(folder.join("points.jsonl")).unwrap_or_default();
        if stored.lines().count() >= lines {
            return true;
        }
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    panic!("no point was stored for two minutes");
}

#[cfg(unix)]
#[test]
fn an_interrupted_exploration_resumes_to_the_same_result() {
    // Enough samples that there is time for a signal between the first point and the last one.
    let more = ["--set", "workload.samples=400", "--threads", "1"];
    let folder = tempfile::tempdir().unwrap();
    let mut child = explore(folder.path(), &more).spawn().unwrap();
    assert!(wait_for_lines(&mut child, folder.path(), 2), "it ended before a point was stored");
    let signal = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(signal.success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let mut said = String::new();
    child.stderr.unwrap().read_to_string(&mut said).unwrap();
    assert!(said.contains("go on with --resume"), "{said}");
    let stored = fs::read_to_string(folder.path().join("points.jsonl")).unwrap();
    let (_, counted) = said.split_once("stopped after ").unwrap_or_else(|| panic!("{said}"));
    let counted = counted.split(',').next().unwrap();
    assert!(counted.ends_with("of 4 points"), "{said}");
    let report =
        Command::new(assert_cmd::cargo::cargo_bin("axsim")).arg("report").arg(folder.path()).output();
    let told = String::from_utf8(report.unwrap().stdout).unwrap();
    assert!(told.contains(counted) && told.contains("on the Pareto front of the points that meet"), "{told}");
    assert!(!folder.path().join("exploration.json").exists(), "a stopped exploration left a result");
    assert!((2..6).contains(&stored.lines().count()));
    assert_eq!(code(folder.path(), &[&more[..], &["--resume"]].concat()).0, Some(0));
    let resumed = fs::read_to_string(folder.path().join("points.jsonl")).unwrap();
    assert!(resumed.starts_with(&stored), "a finished point was evaluated again");
    same(folder.path(), whole(&more).path());
}

#[test]
fn a_larger_grid_keeps_the_points_of_the_smaller_one() {
    let folder = whole(&[]);
    let stored = || fs::read_to_string(folder.path().join("points.jsonl")).unwrap();
    let before = stored();
    let larger = [
        "--set",
        "explore.space={sensor.adc_bits: [8, 2], compute.array.multiplier: [exact, mul8s_trunc_t4, mul8s_trunc_t3]}",
    ];
    assert_eq!(code(folder.path(), &[&larger[..], &["--resume"]].concat()).0, Some(0));
    assert!(stored().starts_with(&before));
    assert_eq!(stored().lines().count(), before.lines().count() + 3, "one line of what is asked, two points");
    same(folder.path(), whole(&larger).path());
}

#[test]
fn a_store_of_another_configuration_is_refused_and_kept() {
    let folder = whole(&[]);
    let stored = || fs::read(folder.path().join("points.jsonl")).unwrap();
    let before = stored();
    for (path, value, there) in [
        ("workload.samples", "97", "`workload.samples` is 96 there and 97 here"),
        ("fault_maps", "9", "`fault_maps` is 8 there and 9 here"),
        ("platform.compute.array.rows", "4", "`platform.compute.array.rows` is 8 there and 4 here"),
    ] {
        let (code, said) = code(folder.path(), &["--resume", "--set", &format!("{path}={value}")]);
        assert_eq!(code, Some(2));
        assert!(said.replace('\n', " ").contains(there), "{said}");
    }
    assert!(stored() == before);
}

#[test]
fn points_of_other_data_are_refused_and_an_older_store_is_set_aside() {
    let folder = whole(&[]);
    let (path, aside) = (folder.path().join("points.jsonl"), folder.path().join("points.previous.jsonl"));
    let text = fs::read_to_string(&path).unwrap();
    let start = text.find("\"files\":\"").unwrap() + 9;
    let other = format!("{}{}{}", &text[..start], "0".repeat(24), &text[start + 24..]);
    fs::write(&path, &other).unwrap();
    let (refused, said) = code(folder.path(), &["--resume"]);
    assert!(refused == Some(2) && said.contains("`files` is"), "{said}");
    assert!(!aside.exists() && fs::read_to_string(&path).unwrap() == other);
    assert_eq!(code(folder.path(), &[]).0, Some(0));
    assert!(fs::read_to_string(&aside).unwrap() == other, "the older store is lost");
}

#[test]
fn older_stores_are_kept_whole_however_often_an_exploration_begins_anew() {
    let folder = whole(&[]);
    // Points come in the order in which threads finish them.
    let lines = |name: &str| {
        let text = fs::read_to_string(folder.path().join(name)).unwrap();
        text.lines().map(String::from).collect::<std::collections::BTreeSet<_>>()
    };
    let first = lines("points.jsonl");
    for _ in 0..2 {
        assert_eq!(code(folder.path(), &[]).0, Some(0));
    }
    assert!(lines("points.previous.jsonl") == first && lines("points.previous-2.jsonl") == first);
}

#[test]
fn a_store_that_another_exploration_writes_to_is_left_alone() {
    let folder = whole(&[]);
    let path = folder.path().join("points.jsonl");
    let before = fs::read(&path).unwrap();
    let file = fs::File::open(&path).unwrap();
    file.lock().unwrap();
    for resume in [&["--resume"][..], &[]] {
        let (refused, said) = code(folder.path(), resume);
        assert!(refused == Some(2) && said.contains("another exploration is writing there"), "{said}");
    }
    assert!(fs::read(&path).unwrap() == before && !path.with_extension("previous.jsonl").exists());
}

#[test]
fn a_point_that_stands_twice_with_different_results_is_refused() {
    let folder = whole(&[]);
    let path = folder.path().join("points.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let point = text.lines().rfind(|line| line.starts_with("{\"point\"")).unwrap();
    fs::write(&path, format!("{text}{point}\n")).unwrap();
    assert_eq!(code(folder.path(), &["--resume"]).0, Some(0), "the same point twice is one");
    let other = point.replacen("\"latency_s\":", "\"latency_s\":1", 1);
    assert_ne!(other, point);
    fs::write(&path, format!("{text}{other}\n")).unwrap();
    let (refused, said) = code(folder.path(), &["--resume"]);
    assert!(refused == Some(2) && said.contains("in an earlier line with another"), "{said}");
}

#[test]
fn grids_that_are_too_large_are_refused_before_they_are_planned() {
    let values = (0..1000).map(|value| format!("{}", 2 + value)).collect::<Vec<_>>().join(", ");
    let folder = tempfile::tempdir().unwrap();
    let space = format!(
        "explore.space={{memory.buffer.sram.voltage: [{values}], compute.array.multiplier: [{values}]}}"
    );
    let (refused, said) = code(folder.path(), &["--set", &space]);
    assert!(refused == Some(2) && said.contains("1000000 points, of 100000 at most"), "{said}");
}

#[test]
fn a_changed_product_table_is_evaluated_again() {
    let folder = tempfile::tempdir().unwrap();
    let table = folder.path().join("products.txt");
    let products = |design: &str| {
        let mut export = Command::new(assert_cmd::cargo::cargo_bin("axsim"));
        let output = export.args(["export", design, "--format", "table"]).output().unwrap();
        fs::write(&table, output.stdout).unwrap();
    };
    let space = format!(
        "explore.space={{compute.array.multiplier: [exact, {{table: {}, signed: true}}]}}",
        table.display()
    );
    let lines = || fs::read_to_string(folder.path().join("points.jsonl")).unwrap().lines().count();
    products("mul8s_exact");
    assert_eq!(code(folder.path(), &["--set", &space]).0, Some(0));
    let before = lines();
    products("mul8s_trunc_t4");
    assert_eq!(code(folder.path(), &["--resume", "--set", &space]).0, Some(0));
    assert_eq!(lines(), before + 2, "one line of what is asked, one point");
}

#[test]
fn a_line_that_is_no_point_is_named() {
    let folder = whole(&[]);
    let path = folder.path().join("points.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let refused = |text: String, place: &str| {
        fs::write(&path, text).unwrap();
        let (code, said) = code(folder.path(), &["--resume"]);
        assert_eq!(code, Some(2));
        assert!(said.contains(place), "{said}");
    };
    refused(text.replacen("\"outcome\"", "outcome", 1), "line 2");
    refused(
        text.replacen("\"samples\":96,\"ci95\"", "\"samples\":95,\"ci95\"", 1),
        "96 answers for 95 samples",
    );
    refused(text.lines().skip(1).map(|line| format!("{line}\n")).collect(), "does not say what it explores");
}

#[test]
fn a_point_that_fails_is_one_failed_point() {
    // The exact unit meets this clock, the DRUM unit does not; each value alone is a valid configuration.
    let space = "explore.space={compute.array.multiplier: [exact, mul8s_drum_k4, mul8s_trunc_t4]}";
    let folder = whole(&["--set", space, "--set", "platform.compute.array.clock=520 MHz"]);
    let points = points(folder.path());
    let failed: Vec<bool> = points.iter().map(|point| point.get("failed").is_some()).collect();
    assert_eq!(failed, [false, true, false]);
    let why = points[1]["failed"].as_str().unwrap();
    assert!(why.contains("clock: fit") && points[1].get("score").is_none(), "{why}");
    let page = fs::read_to_string(folder.path().join("report.html")).unwrap();
    assert!(page.contains("clock: fit"), "the page does not say why the point failed");
}

const MULTIPLIERS: &str = "explore.space={sensor.adc_bits: [8, 2], compute.array.multiplier: [exact, mul8s_bwtrunc_t4, \
                           mul8s_bwtrunc_t7, mul8u_trunc_t7, mul8s_drum_k4]}";

fn found(folder: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(folder.join("exploration.json")).unwrap()).unwrap()
}

/// The mean error that a store holds of each point of the grid, 0 of those that are not judged.
fn mean_errors(folder: &Path) -> Vec<f64> {
    let text = fs::read_to_string(folder.join("points.jsonl")).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |key: &Value| {
        let judged = lines.iter().find(|line| line["mean_error"]["key"] == *key);
        judged.and_then(|line| line["mean_error"]["worst"]["mean_error"].as_f64()).unwrap_or(0.0)
    };
    lines[0]["exploration"][1].as_array().unwrap()[1..].iter().map(of).collect()
}

/// Indices of points that meet the floor and that no other such point beats in score and energy.
fn front(points: &[Value]) -> Vec<usize> {
    let figures = |point: &Value| {
        [-point["score"]["value"].as_f64().unwrap(), point["energy_j"]["total"].as_f64().unwrap()]
    };
    let met: Vec<usize> = (0..points.len()).filter(|&at| points[at]["verdict"] == "met").collect();
    let beats = |a: &[f64; 2], b: &[f64; 2]| a[0] <= b[0] && a[1] <= b[1] && a != b;
    let beaten =
        |at: &usize| met.iter().any(|&other| beats(&figures(&points[other]), &figures(&points[*at])));
    met.iter().copied().filter(|at| !beaten(at)).collect()
}

#[test]
fn points_beyond_the_bound_of_mean_errors_are_not_run_and_the_others_are_as_without_it() {
    let screen = |bound: f64| format!("explore.screen={bound}");
    let text = |value: &Value| serde_json::to_string(value).unwrap();
    let all = found(whole(&["--set", MULTIPLIERS]).path());
    let wide_bound = whole(&["--set", MULTIPLIERS, "--set", &screen(1000.0)]);
    let wide = found(wide_bound.path());
    for key in ["points", "front", "best", "baseline"] {
        assert!(text(&wide[key]) == text(&all[key]), "a bound that screens none changes {key}");
    }
    let errors = mean_errors(wide_bound.path());
    let mut sorted = errors.clone();
    sorted.sort_by(f64::total_cmp);
    // Exact multipliers make none; of the four others two are beyond.
    assert!(sorted[1] == 0.0 && sorted[2] > 0.0, "{errors:?}");
    let bound = (sorted[5] + sorted[6]) / 2.0;
    let table = tempfile::tempdir().unwrap();
    let json = table.path().join("explored.json");
    let narrow = ["--set", MULTIPLIERS, "--set", &screen(bound), "--json", json.to_str().unwrap()];
    let folder = whole(&narrow);
    let some = found(folder.path());
    assert_eq!(serde_json::from_str::<Value>(&fs::read_to_string(&json).unwrap()).unwrap(), some);
    let points = some["points"].as_array().unwrap();
    assert_eq!(points.len(), errors.len());
    for (at, (point, error)) in points.iter().zip(&errors).enumerate() {
        if *error <= bound {
            assert!(text(point) == text(&all["points"][at]), "{point}");
            continue;
        }
        assert_eq!(point["screened"]["mean_error"].as_f64(), Some(*error));
        assert!(
            point["screened"]["layer"].is_string() && point["failed"].is_null() && point["score"].is_null()
        );
    }
    let on_front: Vec<usize> = serde_json::from_value(some["front"].clone()).unwrap();
    assert_eq!(on_front, front(points));
    let stored = fs::read_to_string(folder.path().join("points.jsonl")).unwrap();
    let page = fs::read_to_string(folder.path().join("report.html")).unwrap();
    assert!(
        page.contains("4 points were screened out: their multipliers put") && page.contains("0 failed"),
        "{page}"
    );
    // Another bound judges all anew, whichever was before.
    let resumed = code(folder.path(), &["--resume", "--set", MULTIPLIERS, "--set", &screen(1000.0)]);
    assert_eq!(resumed.0, Some(0), "{}", resumed.1);
    assert!(fs::read_to_string(folder.path().join("points.jsonl")).unwrap().starts_with(&stored));
    same(folder.path(), wide_bound.path());
    assert_eq!(code(folder.path(), &[&["--resume"], &narrow[..4]].concat()).0, Some(0));
    assert!(found(folder.path())["points"] == some["points"], "what is stored is not judged anew");
    assert_eq!(code(folder.path(), &["--resume", "--set", MULTIPLIERS]).0, Some(0));
    assert!(found(folder.path())["points"] == all["points"], "without a bound all points count");
}

#[test]
fn the_shipped_exploration_that_screens_runs_some_multipliers_and_leaves_others_out() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(assert_cmd::cargo::cargo_bin("axsim"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args([
        "explore",
        "configs/explorations/screened.yaml",
        "--quiet",
    ]);
    // So few samples may leave the floor undecided.
    command.args(["--set", "workload.samples=16", "--out"]).arg(folder.path()).output().unwrap();
    let points = points(folder.path());
    let out: Vec<&str> = points
        .iter()
        .filter(|point| point["screened"].is_object())
        .map(|point| point["knobs"]["compute.array.multiplier"].as_str().unwrap())
        .collect();
    // Those that leave out most columns.
    assert_eq!((points.len(), out), (12, vec!["mul8s_bwtrunc_t6", "mul8s_bwtrunc_t7", "mul8s_trunc_t8"]));
    assert!(points.iter().all(|point| point["failed"].is_null()));
}

#[test]
fn points_that_no_mean_error_judges_are_told() {
    let space = "explore.space={compute.array.products: [centred, raw], compute.array.multiplier: [exact, mul8s_bwtrunc_t4]}";
    let folder = whole(&["--set", space, "--set", "explore.screen=0.5", "--set", "floor=null"]);
    let points = points(folder.path());
    let judged = |point: &&Value| {
        point["layers"].as_array().unwrap().iter().any(|layer| layer["mean_error"].is_object())
    };
    assert_eq!(points.iter().filter(judged).count(), 2, "{points:?}");
    let page = fs::read_to_string(folder.path().join("report.html")).unwrap();
    assert!(page.contains("2 of the points were run without a mean error to judge them by"), "{page}");
    assert!(page.contains("Semantics of exact, from which points differ by their knobs: products"), "{page}");
}

/// The first one is of least energy and sums 144 products in 20 bits, which hold 31.
#[test]
fn accumulators_beyond_their_bound_are_told_of_points() {
    let space = "explore.space={compute.array.accumulator_bits: [20, 32]}";
    let folder = whole(&["--set", space, "--set", "floor=null"]);
    let page = fs::read_to_string(folder.path().join("report.html")).unwrap();
    let told = "In 1 of 2 points some layers sum more products than their accumulators surely hold";
    assert!(page.contains(told), "{page}");
    let of_best =
        "Of the point of least energy: Accumulators of 20 bits that wrap surely hold the sum of 31 products";
    assert!(page.contains(of_best), "{page}");
    let layers = "Of the point of least energy, compute.array.accumulator_bits = 20. Energy of the multiply-accumulates";
    assert!(page.contains(layers), "{page}");
}

#[test]
fn a_bound_of_mean_errors_that_is_none_is_named() {
    for (wrong, told) in [("0", "0"), ("-5 %", "\"-5 %\""), ("much", "\"much\"")] {
        let folder = tempfile::tempdir().unwrap();
        let (code, said) = code(folder.path(), &["--set", &format!("explore.screen={wrong}")]);
        let expected =
            format!("{told} is no bound of a relative error; write a share above 0, `5 %` or 0.05");
        assert!(
            code == Some(2) && said.split_whitespace().collect::<Vec<_>>().join(" ").contains(&expected),
            "{said}"
        );
    }
}

#[test]
fn tables_titles_samples_and_areas_are_told_as_a_run_tells_them() {
    let folder = tempfile::tempdir().unwrap();
    let table = folder.path().join("products.txt");
    let mut export = Command::new(assert_cmd::cargo::cargo_bin("axsim"));
    let exported = export.args(["export", "mul8s_trunc_t4", "--format", "table"]).output().unwrap();
    fs::write(&table, exported.stdout).unwrap();
    let space =
        format!("explore.space={{compute.array.multiplier: [exact, {{table: {}}}]}}", table.display());
    let sets = ["--set", &space, "--set", "explore.objectives=[score, area]"];
    let small = ["--set", "platform.memory.buffer.sram.size=8 KiB"];
    let output = explore(folder.path(), &[&sets[..], &small].concat()).output().unwrap();
    let (printed, said): (String, String) =
        [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap()).into();
    assert!(
        printed.starts_with("Handwritten digits in photographed scenes, 48×48 pixels in linear light\n"),
        "{printed} {said}"
    );
    for told in [
        "2 points, each on 96 samples: 0 failed",
        "In 1 of 2 points a multiplier is a product table without gates, priced as `mul8s_bw`: no saving of its own",
        "Memory `buffer` of 8.0 KiB would have to hold",
        &format!("{{table: {}}}", table.display()),
        " mm²",
    ] {
        assert!(printed.contains(told), "{told}: {printed}");
    }
    let page = fs::read_to_string(folder.path().join("report.html")).unwrap();
    for told in [
        "<h2>What this model approximates</h2>",
        "Delays come from one working point",
        ">area</th>",
        "compute.<wbr>array.<wbr>multiplier</th>",
    ] {
        assert!(page.contains(told), "{told}");
    }
}

/// What is stored is never older than the result that was made of it.
#[test]
fn a_folder_is_reported_by_its_points() {
    let folder = whole(&[]);
    let store = folder.path().join("points.jsonl");
    let text = fs::read_to_string(&store).unwrap();
    let begun: Vec<&str> = text.lines().take(4).collect();
    fs::write(&store, begun.join("\n") + "\n").unwrap();
    let mut report = Command::new(assert_cmd::cargo::cargo_bin("axsim"));
    let output = report.arg("report").arg(folder.path()).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("of 4 points (not finished), each on 96 samples"), "{said}");
}

#[test]
fn a_store_without_its_first_point_says_how_to_go_on() {
    let folder = whole(&[]);
    let store = folder.path().join("points.jsonl");
    let text = fs::read_to_string(&store).unwrap();
    let asked = text.lines().next().unwrap();
    let begun = tempfile::tempdir().unwrap();
    fs::write(begun.path().join("points.jsonl"), format!("{asked}\n")).unwrap();
    let mut report = Command::new(assert_cmd::cargo::cargo_bin("axsim"));
    let output = report.arg("report").arg(begun.path()).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap().replace("\n  │ ", " ");
    assert!(
        output.status.code() == Some(2) && said.contains("stopped before its first point was finished"),
        "{said}"
    );
}

#[test]
fn where_nothing_costs_energy_no_point_is_said_to_take_least() {
    let folder = tempfile::tempdir().unwrap();
    let space = "explore.space={quantize.weight_bits: [8, 7]}";
    let output = explore(folder.path(), &["--set", "platform=ideal", "--set", space]).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(found(folder.path())["baseline"]["energy_j"]["total"], 0.0);
    assert!(
        printed.contains("Nothing costs energy on this platform") && !printed.contains("Least energy"),
        "{printed}"
    );
}

#[test]
fn only_points_beyond_doubt_meet_the_floor() {
    // On 96 samples no drop is known to a tenth of a percent, but that of the exact point itself.
    let strict = |more: &[&str]| {
        let folder = tempfile::tempdir().unwrap();
        let output = explore(folder.path(), &[&["--set", "floor=0.1 %"], more].concat()).output().unwrap();
        let verdicts: Vec<Value> =
            points(folder.path()).iter().map(|point| point["verdict"].clone()).collect();
        (output.status.code(), String::from_utf8(output.stdout).unwrap(), verdicts)
    };
    let (code, printed, verdicts) = strict(&[]);
    let least = "Least energy within the floor: exact itself, sensor.adc_bits = 8, compute.array.multiplier = exact, with ";
    assert!(code == Some(0) && printed.contains(least), "{printed}");
    let undecided = |verdict: &&Value| verdict.get("undecided").is_some();
    let count = verdicts.iter().filter(undecided).count();
    assert!(printed.contains(&format!("; more samples would decide the {count} undecided.")), "{printed}");
    assert!(count > 0 && verdicts[0] == "met" && verdicts[1..].iter().all(|verdict| verdict != "met"));
    let (code, printed, verdicts) =
        strict(&["--set", "explore.space={compute.array.multiplier: [mul8s_trunc_t4]}"]);
    assert!(code == Some(1) && printed.contains("No point surely meets the floor; "), "{printed}");
    assert!(verdicts.iter().all(|verdict| undecided(&verdict)));
    let folder = whole(&[]);
    let text = fs::read_to_string(folder.path().join("exploration.json")).unwrap();
    let found: Value = serde_json::from_str(&text).unwrap();
    let points = found["points"].as_array().unwrap();
    let met = |at: &Value| points[at.as_u64().unwrap() as usize]["verdict"] == "met";
    assert!(met(&found["best"]) && found["front"].as_array().unwrap().iter().all(met));
    for point in points {
        let bound = point["delta"]["drop_upper95"].as_f64().unwrap();
        assert_eq!(point["verdict"] == "met", bound < 0.1, "{bound}");
    }
}
