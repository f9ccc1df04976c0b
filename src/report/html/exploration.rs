//! The page of an exploration.

use super::formats::formats;
use super::layers::layers;
use super::parts::{self, Tile, class};
use super::{list, page, section, table};
use crate::explore::{Exploration, Finished, Point, Unfinished};
use crate::report::svg::escape;
use crate::report::svg::scatter::{Mark, Plot, Shape, scatter};
use crate::report::{label, short, words};
use crate::run::notes;
use crate::run::outcome::Outcome;
use crate::run::statistics::Verdict;
use crate::units::with_prefix;

/// The whole report of an exploration.
pub fn write(found: &Exploration) -> String {
    let (title, question) = (words::about(found), &found.question);
    let facts = [
        format!("{} of {} points", found.points.len(), found.evaluations),
        format!("{} samples", found.baseline.score.samples),
        format!("seed {}", question.seed),
        format!("axsim {}", question.axsim),
    ];
    let mut body = parts::head("exploration", &title, &facts);
    let best = found.best.and_then(|best| found.points[best].result.as_ref().ok());
    body += &tiles(found, best);
    body += &list("summary", &words::findings(found));
    body += &picture(found);
    body += &formats(found);
    body += &points(found);
    body += &parts::stages(&staged(found));
    let shown = best.map_or(&found.baseline, |best| &best.outcome);
    let of = match found.best {
        Some(best) => format!("Of the point of least energy, {}. ", label(&found.points[best])),
        None => format!("Of {}. ", found.baseline.baseline_name()),
    };
    body += &layers(&found.baseline, shown, &of);
    body += &parts::constants(shown);
    body += &parts::notes(&of, &notes(&found.baseline, shown));
    let facts = [("version", question.axsim.clone()), ("seed", question.seed.to_string())];
    body += &parts::repeat(&question.repeat, &facts, &shown.settings);
    page(&title, &body)
}

fn tiles(found: &Exploration, best: Option<&Finished>) -> String {
    let mut tiles = best.map_or(vec![], |best| parts::headline(&found.baseline, &best.outcome));
    if let Some(drop) = found.question.floor {
        let met = words::count(found, "met");
        tiles.push(Tile {
            name: "Floor",
            figure: format!("{met} of {}", found.points.len()),
            note: format!("points drop by at most {}", words::percent(drop).replace(' ', "\u{a0}")),
            class: if met > 0 { "met" } else { "unmet" },
        });
    }
    parts::tiles(&tiles)
}

/// The exact point and the front, cheapest last.
fn staged(found: &Exploration) -> Vec<(String, &Outcome)> {
    let point = |&at: &usize| {
        let point = &found.points[at];
        point.result.as_ref().ok().map(|finished| (short(found, point), &finished.outcome))
    };
    let mut front: Vec<(String, &Outcome)> = found.front.iter().filter_map(point).collect();
    front.sort_by(|a, b| b.1.energy_j.total.total_cmp(&a.1.energy_j.total));
    [(found.baseline.baseline_name().to_string(), &found.baseline)].into_iter().chain(front).collect()
}

/// Energy against score, every point by its verdict, the front as a line.
fn picture(found: &Exploration) -> String {
    let (factor, prefix) = prefix(found);
    let metric = found.baseline.score.metric;
    let marks = marks(found, factor);
    let floor = found.question.floor.map(|drop| {
        let exact = found.baseline.score.value;
        metric.factor() * (exact - metric.merit(metric.allowed(drop, exact)))
    });
    let lowest = floor.filter(|_| !metric.less_is_better()).and_then(|level| lowest(found, &marks, level));
    let off = lowest.map_or(String::new(), |lowest| {
        let below = marks.iter().filter(|mark| mark.y < lowest).count();
        let lowest = words::figure(metric, lowest / metric.factor());
        format!("Scores below {lowest} stand at the lower edge ({below}).")
    });
    let unit = metric.unit().map_or(String::new(), |unit| format!(", {unit}"));
    let plot = Plot {
        title: "energy against score of every point".into(),
        x_name: format!("energy per sample, {prefix}J"),
        y_name: format!("{} score{unit}", metric.name()),
        marks,
        lines: vec![("front", front(found, factor))],
        levels: floor.map(|level| (level, "floor".to_string())).into_iter().collect(),
        lowest,
    };
    let caption = caption(found, &off);
    let better = if metric.less_is_better() { "down" } else { "up" };
    let name = found.baseline.baseline_name();
    section(
        "Every point",
        &format!(
            "Left is better, {better} is better. Strokes are 95 % intervals of the difference to {name}. Point at a mark for its \
             knobs."
        ),
        &format!("<figure>{caption}{}</figure>", scatter(&plot)),
    )
}

/// Energy and score of an outcome, in the units of the plot.
fn place(found: &Exploration, outcome: &Outcome, factor: f64) -> (f64, f64) {
    (outcome.energy_j.total * factor, found.baseline.score.metric.factor() * outcome.score.value)
}

/// The points, those of the front on top, and the baseline on top of all.
fn marks(found: &Exploration, factor: f64) -> Vec<Mark> {
    let points = found.points.iter().enumerate();
    let mut marks: Vec<Mark> = points.filter_map(|(at, point)| mark(found, at, point, factor)).collect();
    marks.sort_by_key(|mark| !mark.label.is_empty());
    let (x, y) = place(found, &found.baseline, factor);
    let label = found.baseline.baseline_name().to_string();
    let title = format!("{label}: {}", words::score(&found.baseline.score));
    marks.push(Mark { x, y, interval: None, class: "neutral", shape: Shape::Diamond, label, title });
    marks
}

fn front(found: &Exploration, factor: f64) -> Vec<(f64, f64)> {
    let points = found.front.iter().filter_map(|&at| found.points[at].result.as_ref().ok());
    let mut front: Vec<(f64, f64)> = points.map(|finished| place(found, &finished.outcome, factor)).collect();
    front.sort_by(|a, b| a.0.total_cmp(&b.0));
    front
}

/// Where the plot ends below, if points lie far below the floor at `level`.
fn lowest(found: &Exploration, marks: &[Mark], level: f64) -> Option<f64> {
    let exact = found.baseline.score.metric.factor() * found.baseline.score.value;
    let lowest = level - 3.0 * (exact - level);
    marks.iter().any(|mark| mark.y < lowest).then_some(lowest)
}

fn caption(found: &Exploration, off: &str) -> String {
    let key = if found.question.floor.is_some() { KEY } else { "" };
    let front = format!("<span><i class=\"stroke\"></i>{}</span>", words::front(found));
    format!("<figcaption class=\"legend\">{key}{front}<span>{off}</span></figcaption>")
}

const KEY: &str = "<span><i class=\"met round\"></i>floor met</span><span><i class=\"ring undecided round\"></i>undecided\
    </span><span><b class=\"unmet\">×</b>not met</span>";

/// The SI prefix for the energies of the points, and the factor that goes with it.
fn prefix(found: &Exploration) -> (f64, &'static str) {
    let prefixes = [(1e15, "f"), (1e12, "p"), (1e9, "n"), (1e6, "µ"), (1e3, "m"), (1.0, "")];
    let largest = found.baseline.energy_j.total;
    prefixes.into_iter().rev().find(|(factor, _)| largest * factor >= 1.0).unwrap_or(prefixes[5])
}

/// A finished point, labelled where it is on the front.
fn mark(found: &Exploration, at: usize, point: &Point, factor: f64) -> Option<Mark> {
    let Finished { verdict, savings, outcome } = point.result.as_ref().ok()?;
    let (metric, exact) = (found.baseline.score.metric, found.baseline.score.value);
    let title = format!(
        "{}: {} ({}{}), {} per sample, system {} and datapath {} less, floor {}",
        label(point),
        words::score(&outcome.score),
        words::difference(outcome),
        words::units(metric),
        with_prefix(outcome.energy_j.total, "J"),
        words::times(savings.system),
        words::times(savings.datapath),
        words::verdict(verdict.as_ref())
    );
    let (x, y) = place(found, outcome, factor);
    Some(Mark {
        x,
        y,
        interval: outcome
            .delta
            .as_ref()
            .map(|delta| delta.ci95.map(|bound| metric.factor() * (exact + bound))),
        class: class(verdict.as_ref()),
        shape: match verdict {
            Some(Verdict::Undecided { .. }) => Shape::Ring,
            Some(Verdict::NotMet) => Shape::Cross,
            _ => Shape::Disc,
        },
        label: if found.front.contains(&at) { short(found, point) } else { String::new() },
        title,
    })
}

/// Every point, by verdict and energy; then those that were not run, and those that failed.
fn points(found: &Exploration) -> String {
    let knobs: Vec<&String> = found.question.explore.space.keys().collect();
    let difference = words::column("difference [95 %]", found.baseline.score.metric);
    let mut columns: Vec<(&str, &str)> = knobs.iter().map(|knob| (knob.as_str(), "knob")).collect();
    columns.extend([
        ("floor", ""),
        ("score", "n"),
        (&difference, "n"),
        ("energy", "n"),
        ("system", "n"),
        ("datapath", "n"),
        ("latency", "n"),
    ]);
    columns.extend(words::shows_area(found).then_some(("area", "n")));
    let mut order: Vec<usize> = (0..found.points.len()).collect();
    order.sort_by(|&a, &b| {
        let (a, b) = (rank(&found.points[a]), rank(&found.points[b]));
        a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
    });
    let group = |wanted: u8| order.iter().filter(move |&&at| rank(&found.points[at]).0 == wanted);
    let groups: Vec<Vec<Vec<String>>> =
        (0..5).map(|wanted| group(wanted).map(|&at| row(found, at)).collect()).collect();
    section(
        "Point by point",
        &format!(
            "Cheapest first within each verdict. System and datapath: how many times less energy than {}.",
            found.baseline.baseline_name()
        ),
        &table(&columns, &groups),
    )
}

fn rank(point: &Point) -> (u8, f64) {
    match &point.result {
        Err(Unfinished::Screened(worst)) => (3, worst.mean_error),
        Err(Unfinished::Failed(_)) => (4, 0.0),
        Ok(finished) => {
            let verdict = match finished.verdict {
                None | Some(Verdict::Met) => 0,
                Some(Verdict::Undecided { .. }) => 1,
                Some(Verdict::NotMet) => 2,
            };
            (verdict, finished.outcome.energy_j.total)
        }
    }
}

fn row(found: &Exploration, at: usize) -> Vec<String> {
    let point = &found.points[at];
    let mut cells: Vec<String> =
        point.knobs.iter().map(|(knob, value)| escape(&words::tried(knob, value))).collect();
    match &point.result {
        Err(why) => {
            let (chip, why) = match why {
                Unfinished::Failed(why) => ("<span class=\"chip unmet\">failed</span>", why.clone()),
                Unfinished::Screened(worst) => {
                    ("<span class=\"chip\">screened out</span>", words::screened(worst))
                }
            };
            cells.push(format!("{chip} {}", escape(&why)));
            cells.resize(point.knobs.len() + 7 + usize::from(words::shows_area(found)), String::new());
        }
        Ok(Finished { verdict, savings, outcome }) => {
            let name = words::verdict(verdict.as_ref());
            let front = match (found.best == Some(at), found.front.contains(&at)) {
                (true, _) => " <b>best</b>",
                (_, true) => " <span class=\"quiet\">front</span>",
                _ => "",
            };
            cells.extend([
                format!("<span class=\"chip {}\">{name}</span>{front}", class(verdict.as_ref())),
                words::score(&outcome.score),
                words::difference(outcome),
                with_prefix(outcome.energy_j.total, "J"),
                words::times(savings.system),
                words::times(savings.datapath),
                with_prefix(outcome.latency_s, "s"),
            ]);
            cells.extend(words::shows_area(found).then(|| words::area(outcome)));
        }
    }
    cells
}
