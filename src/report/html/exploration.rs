//! The page of an exploration.

use super::formats::formats;
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
    body += &parts::layers(&found.baseline, shown, &of);
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
    let (metric, exact) = (found.baseline.score.metric, found.baseline.score.value);
    let place = |outcome: &Outcome| (outcome.energy_j.total * factor, metric.factor() * outcome.score.value);
    let mut marks: Vec<Mark> =
        found.points.iter().enumerate().filter_map(|(at, point)| mark(found, at, point)).collect();
    // The front is drawn last, on top.
    marks.sort_by_key(|mark| !mark.label.is_empty());
    let (x, y) = place(&found.baseline);
    let name = found.baseline.baseline_name();
    let title = format!("{name}: {}", words::score(&found.baseline.score));
    marks.push(Mark {
        x,
        y,
        interval: None,
        class: "neutral",
        shape: Shape::Diamond,
        label: name.into(),
        title,
    });
    marks.iter_mut().rev().skip(1).for_each(|mark| mark.x *= factor);
    let mut front: Vec<(f64, f64)> = found
        .front
        .iter()
        .filter_map(|&at| found.points[at].result.as_ref().ok())
        .map(|finished| place(&finished.outcome))
        .collect();
    front.sort_by(|a, b| a.0.total_cmp(&b.0));
    let floor =
        found.question.floor.map(|drop| y - metric.factor() * metric.merit(metric.allowed(drop, exact)));
    let lowest = floor
        .filter(|_| !metric.less_is_better())
        .map(|level| level - 3.0 * (y - level))
        .filter(|lowest| marks.iter().any(|mark| mark.y < *lowest));
    let below = lowest.map_or(0, |lowest| marks.iter().filter(|mark| mark.y < lowest).count());
    let plot = Plot {
        title: "energy against score of every point".into(),
        x_name: format!("energy per sample, {prefix}J"),
        y_name: metric.name().to_string()
            + " score"
            + &metric.unit().map_or(String::new(), |unit| format!(", {unit}")),
        marks,
        lines: vec![("front", front)],
        levels: floor.map(|level| (level, "floor".to_string())).into_iter().collect(),
        lowest,
    };
    let off = lowest.map_or(String::new(), |lowest| {
        let lowest = words::figure(metric, lowest / metric.factor());
        format!("Scores below {lowest} stand at the lower edge ({below}).")
    });
    let key = if found.question.floor.is_some() { KEY } else { "" };
    let front = format!("<span><i class=\"stroke\"></i>{}</span>", words::front(found));
    let caption = format!("<figcaption class=\"legend\">{key}{front}<span>{off}</span></figcaption>");
    section(
        "Every point",
        &format!(
            "Left is better, {} is better. Strokes are 95 % intervals of the difference to {name}. Point at a mark for its knobs.",
            if metric.less_is_better() { "down" } else { "up" }
        ),
        &format!("<figure>{caption}{}</figure>", scatter(&plot)),
    )
}

const KEY: &str = "<span><i class=\"met round\"></i>floor met</span><span><i class=\"ring undecided round\"></i>undecided\
    </span><span><b class=\"unmet\">×</b>not met</span>";

/// The SI prefix for the energies of the points, and the factor that goes with it.
fn prefix(found: &Exploration) -> (f64, &'static str) {
    let prefixes = [(1e15, "f"), (1e12, "p"), (1e9, "n"), (1e6, "µ"), (1e3, "m"), (1.0, "")];
    let largest = found.baseline.energy_j.total;
    prefixes.into_iter().rev().find(|(factor, _)| largest * factor >= 1.0).unwrap_or(prefixes[5])
}

/// A finished point, its energy in joules; labelled where it is on the front.
fn mark(found: &Exploration, at: usize, point: &Point) -> Option<Mark> {
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
    Some(Mark {
        x: outcome.energy_j.total,
        y: metric.factor() * outcome.score.value,
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
