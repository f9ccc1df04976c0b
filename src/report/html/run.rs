//! The page of a run.

use super::layers::layers;
use super::parts::{self, Tile, class};
use super::{list, page, section, table};
use crate::report::svg::escape;
use crate::report::svg::scatter::{Mark, Plot, Shape, scatter};
use crate::report::{called, rows, words};
use crate::run::outcome::{Outcome, Report, Savings, Score};
use crate::run::statistics::Verdict;
use crate::units::{counted, with_prefix};
use crate::workload::score::Metric;

/// The whole report of a run.
pub fn write(report: &Report) -> String {
    let seed = report.seed.to_string();
    let facts = [
        counted(report.baseline.score.samples, "sample"),
        counted(report.knobs.len(), "knob"),
        format!("seed {seed}"),
        format!("axsim {}", report.axsim),
    ];
    let mut body = parts::head("run", title(report), &facts);
    let mut tiles = parts::headline(&report.baseline, &report.approximate);
    tiles.extend(report.floor.as_ref().map(|floor| Tile {
        name: "Floor",
        figure: words::verdict(Some(&floor.verdict)).into(),
        note: match floor.verdict {
            Verdict::Undecided { samples_needed } => format!("about {samples_needed} samples would decide"),
            _ => format!("a drop of at most {}", words::percent(floor.drop)),
        },
        class: class(Some(&floor.verdict)),
    }));
    body += &parts::tiles(&tiles);
    body += &list("summary", &words::summary(report));
    body += &trade(report);
    body += &knobs(report);
    body += &parts::stages(&rows(report));
    body += &layers(&report.baseline, &report.approximate, "");
    body += &parts::constants(&report.approximate);
    body += &parts::notes("", &[words::semantics(report), report.notes.clone()].concat());
    let facts = [("version", report.axsim.clone()), ("seed", seed), ("model and data", origin(report))];
    body += &parts::repeat(&report.repeat, &facts, &report.approximate.settings);
    page(title(report), &body)
}

fn title(report: &Report) -> &str {
    if report.about.is_empty() { "A run" } else { &report.about }
}

fn origin(report: &Report) -> String {
    let text = |path: &str| report.approximate.settings.pointer(path).and_then(serde_json::Value::as_str);
    let parts = [text("/workload/model"), text("/workload/origin").filter(|origin| !origin.is_empty())];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// Energy saved against score lost: the configuration, its knobs, and the rival of plain bits.
fn trade(report: &Report) -> String {
    let mark = |label: String, outcome: &Outcome, class, shape| {
        mark(&report.baseline, label, outcome, (class, shape))
    };
    let rivals: Vec<Mark> = report
        .rivals
        .iter()
        .map(|rival| mark(format!("{} bits", rival.bits), &rival.outcome, "plain", Shape::Disc))
        .collect();
    let mut others = vec![];
    let knobs: Vec<&String> = report.knobs.iter().map(|knob| &knob.knob).collect();
    for knob in &report.knobs {
        let name = called(&knob.knob, &knobs);
        others.push(mark(format!("without {name}"), &knob.without, "neutral", Shape::Ring));
        others.push(mark(
            format!("{name} = {}", words::tried(&knob.knob, &knob.value)),
            &knob.alone,
            "alone",
            Shape::Disc,
        ));
    }
    others.push(mark(report.baseline.baseline_name().into(), &report.baseline, "neutral", Shape::Diamond));
    others.push(mark("approximate".into(), &report.approximate, "accent", Shape::Diamond));
    let (metric, exact) = (report.baseline.score.metric, report.baseline.score.value);
    let floor = report.floor.as_ref().map(|floor| metric.factor() * metric.allowed(floor.drop, exact));
    let lowest = lowest(&others, floor);
    let (near, far): (Vec<Mark>, Vec<Mark>) = rivals.into_iter().partition(|mark| mark.y >= lowest);
    let lines = vec![("plain", front(&near))];
    let levels =
        floor.map(|drop| (-drop, format!("floor, −{drop:.*}{}", metric.digits(), words::units(metric))));
    let name = if metric.less_is_better() {
        format!("{} less than {}", metric.name(), report.baseline.baseline_name())
    } else {
        words::column("difference in score", metric)
    };
    let plot = Plot {
        title: "energy saved against score lost".into(),
        x_name: format!("system energy saved, % of {}", report.baseline.baseline_name()),
        y_name: name,
        marks: near.into_iter().chain(others).collect(),
        lines,
        levels: levels.into_iter().collect(),
        lowest: None,
    };
    let caption = format!("<figcaption class=\"legend\">{KEY}{}</figcaption>", escape(&off(metric, &far)));
    section(
        "What is saved, and what it costs",
        "Right is better, up is better. Strokes are 95 % intervals, paired on the same samples.",
        &format!("<figure>{caption}{}</figure>", scatter(&plot)),
    )
}

/// The marks that no other one beats in both directions, from left to right.
fn front(marks: &[Mark]) -> Vec<(f64, f64)> {
    let beats = |one: &Mark, other: &Mark| {
        one.x >= other.x && one.y >= other.y && (one.x, one.y) != (other.x, other.y)
    };
    let alone = marks.iter().filter(|mark| !marks.iter().any(|other| beats(other, mark)));
    let mut front: Vec<(f64, f64)> = alone.map(|mark| (mark.x, mark.y)).collect();
    front.sort_by(|one, other| one.0.total_cmp(&other.0));
    front
}

const KEY: &str = "<span><i class=\"accent tip\"></i>all knobs</span><span><i class=\"alone round\"></i>one knob \
    alone</span><span><i class=\"ring round\"></i>one knob left out</span><span><i class=\"plain round\"></i>plain exact \
    bits</span>";

/// The lowest difference to be shown: everything but rivals that are far worse than all else.
fn lowest(marks: &[Mark], floor: Option<f64>) -> f64 {
    let values =
        marks.iter().flat_map(|mark| mark.interval.unwrap_or([mark.y; 2])).chain(floor.map(|drop| -drop));
    let (low, high) = values.fold((0.0f64, 0.0f64), |(low, high), value| (low.min(value), high.max(value)));
    low - 0.6 * (high - low).max(1.0)
}

fn off(metric: Metric, far: &[Mark]) -> String {
    let said: Vec<String> = far.iter().map(|mark| format!("{} at {:.0}", mark.label, mark.y)).collect();
    if said.is_empty() {
        String::new()
    } else {
        format!("Below the scale: {}{}.", said.join(", "), words::units(metric)).replace('-', "−")
    }
}

fn mark(baseline: &Outcome, label: String, outcome: &Outcome, (class, shape): (&'static str, Shape)) -> Mark {
    let saved = 100.0 * (1.0 - outcome.energy_j.total / baseline.energy_j.total);
    let (delta, metric) = (outcome.delta.as_ref(), baseline.score.metric);
    let gain = |change: f64| metric.factor() * metric.merit(change);
    let title = format!(
        "{label}: {} ({}{}), {} per sample, datapath {}",
        words::score(&outcome.score),
        words::difference(outcome),
        words::units(metric),
        with_prefix(outcome.energy_j.total, "J"),
        with_prefix(outcome.datapath_energy_j, "J")
    );
    Mark {
        x: if saved.is_finite() { saved } else { 0.0 },
        y: delta.map_or(0.0, |delta| gain(delta.value)),
        interval: delta.map(|delta| {
            let [one, other] = delta.ci95.map(gain);
            [one.min(other), one.max(other)]
        }),
        class,
        shape,
        label,
        title,
    }
}

/// Every configuration: the whole, each knob alone and left out, plain bits.
fn knobs(report: &Report) -> String {
    let difference = words::column("difference [95 %]", report.baseline.score.metric);
    let columns: [(&str, &str); 9] = [
        ("configuration", ""),
        ("score", "n"),
        (&difference, "n"),
        ("fault maps", "n"),
        ("energy", "n"),
        ("system", "n"),
        ("datapath", "n"),
        ("latency", "n"),
        ("area", "n"),
    ];
    let row = |label: String, outcome: &Outcome| row(&report.baseline, label, outcome);
    let whole = vec![
        row(report.baseline.baseline_name().into(), &report.baseline),
        row("<b>approximate</b>, all knobs".into(), &report.approximate),
    ];
    let mut groups = vec![whole];
    for knob in &report.knobs {
        let (name, value) = (escape(&knob.knob), escape(&words::tried(&knob.knob, &knob.value)));
        groups.push(vec![
            row(format!("<b>{name}</b> = {value} <span class=\"quiet\">alone</span>"), &knob.alone),
            row(format!("<span class=\"quiet\">all without</span> {name}"), &knob.without),
        ]);
    }
    let rival = |rival: &crate::run::plain_bits::Rival| {
        let chip = if rival.dominates { " <span class=\"chip undecided\">dominates</span>" } else { "" };
        row(format!("plain {} bits: {}{chip}", rival.bits, escape(&rival.multiplier)), &rival.outcome)
    };
    groups.push(report.rivals.iter().map(rival).collect());
    section(
        "Knob by knob",
        &format!(
            "System and datapath: how many times less energy than {}. Fault maps: the range of scores over devices.",
            report.baseline.baseline_name()
        ),
        &table(&columns, &groups),
    )
}

fn row(baseline: &Outcome, label: String, outcome: &Outcome) -> Vec<String> {
    let savings = Savings::of(baseline, outcome);
    vec![
        label,
        words::score(&outcome.score),
        words::difference(outcome),
        spread(&outcome.score),
        with_prefix(outcome.energy_j.total, "J"),
        words::times(savings.system),
        words::times(savings.datapath),
        with_prefix(outcome.latency_s, "s"),
        format!("{:.3} mm²", outcome.area_mm2),
    ]
}

fn spread(score: &Score) -> String {
    let (metric, scores) = (score.metric, &score.fault_maps);
    let low = scores.iter().copied().fold(f64::INFINITY, f64::min);
    let high = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if scores.is_empty() {
        "<span class=\"quiet\">–</span>".into()
    } else {
        format!("{:.*} to {}", metric.digits(), metric.factor() * low, words::figure(metric, high))
    }
}
