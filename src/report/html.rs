//! One HTML file that needs nothing else: no network, no script; light and dark by the reader's setting.

use std::fmt::Write;

use super::svg::{Bar, Dot, bars, escape, scatter};
use super::{rows, words};
use crate::run::outcome::{Outcome, Report};
use crate::units::with_prefix;

const STYLE: &str = include_str!("style.css");

/// The whole report of a run.
pub fn write(report: &Report) -> String {
    let mut body = format!("<h1>{}</h1>", escape(&report.about));
    body += &paragraphs("summary", &words::summary(report));
    let _ = write!(body, "<p>Repeat with <code>{}</code></p>", escape(&report.repeat));
    body += "<h2>Configurations</h2>";
    body += &table(report);
    body += "<h2>Energy per sample by stage</h2>";
    body += &legend();
    body +=
        &bars(&rows(report).into_iter().map(|(label, outcome)| bar(label, outcome)).collect::<Vec<_>>(), "J");
    body += "<h2>Layers</h2>";
    body += &layers(report);
    body += "<h2>Constants that hold more than 1 % of the energy</h2>";
    body += &constants(&report.approximate);
    body += "<h2>What this model approximates</h2>";
    body += &paragraphs("notes", &report.notes);
    body += "<h2>Settings</h2><details><summary>complete configuration</summary><pre>";
    body += &escape(&serde_json::to_string_pretty(&report.approximate.settings).unwrap_or_default());
    page(&report.about, &(body + "</pre></details>"))
}

/// A page with a scatter of explored points: (energy in joules, score, label, on the front).
pub fn exploration(title: &str, summary: &[String], dots: &[Dot], rows: &[Vec<String>]) -> String {
    let mut body = format!("<h1>{}</h1>{}", escape(title), paragraphs("summary", summary));
    body += &scatter(dots, "energy per sample, µJ", "score");
    body += &grid(rows);
    page(title, &body)
}

fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\"><link rel=\"icon\" href=\"data:,\"><title>{}</title>\
         <style>{STYLE}</style></head><body><main>{body}</main></body></html>\n",
        escape(title)
    )
}

fn paragraphs(class: &str, sentences: &[String]) -> String {
    let items: String = sentences.iter().map(|sentence| format!("<li>{}</li>", escape(sentence))).collect();
    format!("<ul class=\"{class}\">{items}</ul>")
}

fn legend() -> String {
    let part = |name: &str| format!("<span><i class=\"{name}\"></i>{name}</span>");
    format!("<p class=\"legend\">{}</p>", ["sensor", "memory", "compute", "link"].map(part).concat())
}

fn bar(label: String, outcome: &Outcome) -> Bar {
    Bar { label, parts: outcome.energy_j.stages().to_vec() }
}

fn grid(rows: &[Vec<String>]) -> String {
    let line = |(at, row): (usize, &Vec<String>)| {
        let tag = if at == 0 { "th" } else { "td" };
        let cells: String = row.iter().map(|cell| format!("<{tag}>{}</{tag}>", escape(cell))).collect();
        format!("<tr>{cells}</tr>")
    };
    let lines: String = rows.iter().enumerate().map(line).collect();
    format!("<div class=\"wide\"><table>{lines}</table></div>")
}

fn header(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| name.to_string()).collect()
}

fn table(report: &Report) -> String {
    let mut lines = vec![header(&[
        "configuration",
        "score",
        "difference, points [95 %]",
        "fault maps",
        "energy",
        "datapath",
        "latency",
        "area",
    ])];
    for (label, outcome) in rows(report) {
        lines.push(vec![
            label,
            words::percent(outcome.score.value),
            words::points(outcome),
            spread(&outcome.score.fault_maps),
            with_prefix(outcome.energy_j.total, "J"),
            with_prefix(outcome.datapath_energy_j, "J"),
            with_prefix(outcome.latency_s, "s"),
            format!("{:.3} mm²", outcome.area_mm2),
        ]);
    }
    grid(&lines)
}

fn spread(scores: &[f64]) -> String {
    let low = scores.iter().copied().fold(f64::INFINITY, f64::min);
    let high = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if scores.is_empty() {
        "none drawn".into()
    } else {
        format!("{}: {} to {}", scores.len(), words::percent(low), words::percent(high))
    }
}

fn layers(report: &Report) -> String {
    let mut lines = vec![header(&[
        "layer",
        "MACs",
        "cycles",
        "utilisation",
        "exact energy",
        "approximate energy",
        "per MAC (spread)",
        "replayed",
        "relative error",
        "bias",
    ])];
    for (exact, layer) in report.baseline.layers.iter().zip(&report.approximate.layers) {
        let spread = with_prefix(layer.mac_energy_spread_j, "J");
        lines.push(vec![
            layer.name.clone(),
            layer.macs.to_string(),
            layer.cycles.to_string(),
            words::percent(layer.utilisation),
            with_prefix(exact.energy_j, "J"),
            with_prefix(layer.energy_j, "J"),
            format!("{} (± {spread})", with_prefix(layer.mac_energy_j, "J")),
            format!("{} pairs", layer.replayed_pairs),
            words::percent(layer.relative_error),
            words::percent(layer.bias),
        ]);
    }
    grid(&lines)
}

fn constants(outcome: &Outcome) -> String {
    let mut lines = vec![header(&["share", "constant", "value", "band", "trust", "source"])];
    for entry in &outcome.constants {
        let constant = &entry.constant;
        let band = match (constant.low, constant.high) {
            (Some(low), Some(high)) => format!("{low:.3e} to {high:.3e}"),
            _ => "not known".into(),
        };
        lines.push(vec![
            words::percent(entry.share),
            constant.name.clone(),
            format!("{:.4e} {}", constant.value, constant.unit),
            band,
            format!("{:?}", constant.trust).to_lowercase(),
            constant.source.clone(),
        ]);
    }
    grid(&lines)
}
