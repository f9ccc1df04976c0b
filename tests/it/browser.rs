//! Does a real browser show the reports whole: no error on its console, nothing wider than the window, nothing fetched?

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Run after the page is laid out; what is wrong goes to the console.
const PROBE: &str = r#"<script>addEventListener("load", () => {
  const root = document.documentElement;
  if (root.scrollWidth > innerWidth) console.error(`wider than the window: ${root.scrollWidth} > ${innerWidth}`);
  const nested = document.querySelectorAll("section section, section header").length;
  if (nested) console.error(`${nested} sections are not closed`);
  for (const svg of document.querySelectorAll("svg")) {
    const box = svg.getBBox(), view = svg.viewBox.baseVal;
    const inside = box.x >= view.x - 1 && box.y >= view.y - 1 && box.x + box.width <= view.x + view.width + 1
      && box.y + box.height <= view.y + view.height + 1;
    if (!inside || !svg.clientWidth) console.error(`a drawing is cut off: ${svg.getAttribute("class")}`);
  }
})</script>"#;

/// The browser, where it is installed; it must be in continuous integration.
fn chromium() -> Option<PathBuf> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let found =
        std::env::split_paths(&folders).map(|folder| folder.join("chromium")).find(|file| file.exists());
    if found.is_none() {
        assert!(std::env::var_os("CI").is_none(), "chromium is not installed; apt-get install chromium");
        eprintln!("skipped: chromium is not installed, so no report was loaded");
    }
    found
}

/// Loads a page and takes a screenshot; gives what the browser wrote to its console.
fn console(chromium: &Path, page: &Path, screenshot: &Path, flags: &[&str]) -> Vec<String> {
    let profile = tempfile::tempdir().unwrap();
    let mut command = Command::new(chromium);
    command.args(["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]).args(flags);
    command.args(["--enable-logging=stderr", "--v=0", "--window-size=1200,4200"]);
    command.arg(format!("--user-data-dir={}", profile.path().display()));
    command.arg(format!("--screenshot={}", screenshot.display()));
    command.arg(format!("file://{}", page.display())).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut said = child.stderr.take().unwrap();
    let reader = std::thread::spawn(move || {
        let mut bytes = vec![];
        said.read_to_end(&mut bytes).map(|_| String::from_utf8_lossy(&bytes).into_owned())
    });
    let begun = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begun.elapsed() > Duration::from_secs(120) {
            child.kill().unwrap();
            panic!("the browser did not end within two minutes");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let said = reader.join().unwrap().unwrap();
    assert!(fs::metadata(screenshot).is_ok_and(|file| file.len() > 1000), "no screenshot was taken:\n{said}");
    said.lines().filter(|line| line.contains("CONSOLE")).map(String::from).collect()
}

/// Attributes and style rules of a page that would fetch something.
fn fetched(html: &str) -> Vec<&str> {
    let value =
        |start: &'static str| html.split(start).skip(1).map(|rest| rest.split('"').next().unwrap_or(""));
    let attributes = [" src=\"", " href=\"", " srcset=\"", " data=\""].into_iter().flat_map(value);
    let outside = attributes.filter(|value| !value.starts_with("data:") && !value.starts_with('#'));
    outside.chain(["url(", "@import", "<iframe"].into_iter().filter(|text| html.contains(text))).collect()
}

/// A page with the probe at its end.
fn probed(folder: &Path, html: &str) -> PathBuf {
    let page = folder.join("page.html");
    fs::write(&page, html.replace("</body>", &format!("{PROBE}</body>"))).unwrap();
    page
}

/// Loads what a verb reports, light and dark.
fn shown_without_complaint(verb: &str, settings: &[&str]) {
    let Some(chromium) = chromium() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut axsim = assert_cmd::Command::cargo_bin("axsim").unwrap();
    axsim.current_dir(env!("CARGO_MANIFEST_DIR")).arg(verb).args(settings).arg("--quiet").arg("--out");
    axsim.arg(folder.path()).assert().success();
    let html = fs::read_to_string(folder.path().join("report.html")).unwrap();
    assert_eq!(fetched(&html), Vec::<&str>::new());
    let page = probed(folder.path(), &html);
    for (theme, flags) in [("light", &[][..]), ("dark", &["--blink-settings=preferredColorScheme=0"][..])] {
        // Kept where someone can look at it; never in the repository.
        let screenshot = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{verb}-{theme}.png"));
        assert_eq!(console(&chromium, &page, &screenshot, flags), Vec::<String>::new(), "{verb}, {theme}");
    }
    let [light, dark] = ["light", "dark"].map(|theme| {
        fs::read(Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{verb}-{theme}.png"))).unwrap()
    });
    assert!(light != dark, "both themes look the same");
}

#[test]
fn the_report_of_a_run_is_shown_without_complaint() {
    shown_without_complaint("run", &["configs/runs/quickstart.yaml", "--set", "workload.samples=48"]);
}

#[test]
fn the_report_of_an_exploration_is_shown_without_complaint() {
    // Enough samples that two points meet the floor, so that best point, front and failures are all on the page.
    let space = "explore.space={sensor.adc_bits: [8, 2], compute.array.multiplier: [exact, mul8s_drum_k4, mul8s_trunc_t4]}";
    let settings = ["configs/explorations/quickstart.yaml", "--set", "workload.samples=96", "--set", space];
    let clock = ["--set", "floor=10 %", "--set", "platform.compute.array.clock=400 MHz"];
    shown_without_complaint("explore", &[&settings[..], &clock[..]].concat());
}

#[test]
fn a_page_that_is_wrong_is_found_out() {
    let Some(chromium) = chromium() else { return };
    let folder = tempfile::tempdir().unwrap();
    let wrong = [
        ("<script>throw new Error(\"broken\")</script>", "Uncaught Error: broken"),
        ("<script>console.error(\"a complaint\")</script>", "a complaint"),
        ("<div style=\"width: 2000px\">wide</div>", "wider than the window: 20"),
        ("<section><p>open<section></section></section>", "1 sections are not closed"),
        (
            "<svg viewBox=\"0 0 100 20\" class=\"bars\"><text x=\"90\" y=\"15\">long text</text></svg>",
            "cut off: bars",
        ),
    ];
    for (body, complaint) in wrong {
        let page = probed(folder.path(), &format!("<!doctype html><body>{body}</body>"));
        let said = console(&chromium, &page, &folder.path().join("page.png"), &[]);
        assert!(said.iter().any(|line| line.contains(complaint)), "`{complaint}` is not in {said:?}");
    }
    assert_eq!(fetched("<img src=\"x.png\"><link rel=\"icon\" href=\"data:,\">"), ["x.png"]);
    assert_eq!(fetched("<style>b { background: url(x) }</style>"), ["url("]);
}
