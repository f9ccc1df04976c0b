//! Parts that pages share: head, tiles, energy by stage, layers, provenance, how to repeat.

use std::fmt::Write;

use super::{list, meter, section, table};
use crate::constant::{Constant, Trust};
use crate::report::svg::bars::{Bar, bars};
use crate::report::svg::escape;
use crate::report::words;
use crate::run::outcome::{ConstantShare, Outcome, StageEnergy};
use crate::run::statistics::Verdict;
use crate::units::{quantity, with_prefix};

/// The head of a page: kind, title, and what was run in one line.
pub(super) fn head(kind: &str, title: &str, facts: &[String]) -> String {
    let facts: String = facts.iter().map(|fact| format!("<li>{}</li>", escape(fact))).collect();
    format!(
        "<header><p class=\"kind\">axsim · {kind}</p><h1>{}</h1><ul class=\"facts\">{facts}</ul></header>\n",
        escape(title)
    )
}

/// A headline figure: what, how much, and the two figures behind it.
pub(super) struct Tile {
    pub name: &'static str,
    pub figure: String,
    pub note: String,
    /// Style class of the figure.
    pub class: &'static str,
}

pub(super) fn tiles(tiles: &[Tile]) -> String {
    let tile = |tile: &Tile| {
        format!(
            "<div class=\"tile\"><p>{}</p><p class=\"figure {}\">{}</p><p class=\"note\">{}</p></div>",
            tile.name,
            tile.class,
            escape(&tile.figure),
            escape(&tile.note)
        )
    };
    format!("<div class=\"tiles\">{}</div>\n", tiles.iter().map(tile).collect::<String>())
}

/// Saving of system and datapath side by side, and the difference in score.
pub(super) fn headline(baseline: &Outcome, outcome: &Outcome) -> Vec<Tile> {
    let savings = crate::run::outcome::Savings::of(baseline, outcome);
    let energy = |name, ratio, of: fn(&Outcome) -> f64| Tile {
        name,
        figure: words::less(ratio),
        note: format!("{} → {} per sample", with_prefix(of(baseline), "J"), with_prefix(of(outcome), "J")),
        class: "",
    };
    let delta = outcome.delta.as_ref();
    let metric = baseline.score.metric;
    let change = |value: f64| words::change(metric, value);
    vec![
        energy("System energy", savings.system, |outcome| outcome.energy_j.total),
        energy("Datapath energy", savings.datapath, |outcome| outcome.datapath_energy_j),
        Tile {
            name: "Score",
            figure: delta
                .map_or("–".into(), |delta| format!("{}{}", change(delta.value), words::units(metric))),
            note: format!(
                "{} → {}{}",
                words::score(&baseline.score),
                words::score(&outcome.score),
                delta.map_or(String::new(), |delta| format!(
                    ", 95 % interval {} to {}",
                    change(delta.ci95[0]),
                    change(delta.ci95[1])
                ))
            ),
            class: "",
        },
    ]
}

/// Style class of a verdict.
pub(super) fn class(verdict: Option<&Verdict>) -> &'static str {
    match verdict {
        Some(Verdict::Met) => "met",
        Some(Verdict::Undecided { .. }) => "undecided",
        Some(Verdict::NotMet) => "unmet",
        None => "neutral",
    }
}

/// Stacked bars of energy by stage, the first one being what the others are compared with.
pub(super) fn stages(rows: &[(String, &Outcome)]) -> String {
    let first = rows.first().map_or(0.0, |row| row.1.energy_j.total);
    let bar = |(at, (label, outcome)): (usize, &(String, &Outcome))| Bar {
        label: label.clone(),
        note: if at == 0 { String::new() } else { words::saved(first, outcome.energy_j.total) },
        parts: outcome.energy_j.stages().to_vec(),
    };
    let drawn: Vec<Bar> = rows.iter().enumerate().map(bar).collect();
    let body =
        format!("<figure>{}{}</figure>", legend(rows), bars(&drawn, "J", "energy per sample by stage"));
    section(
        "Energy per sample by stage",
        "Idle time of the frame period included; the stages sum to the total.",
        &body,
    )
}

fn legend(rows: &[(String, &Outcome)]) -> String {
    let share = |at: usize, energy: &StageEnergy| energy.stages()[at].1 / energy.total;
    let part = |at: usize| {
        let name = rows[0].1.energy_j.stages()[at].0;
        let share = words::percent(share(at, &rows[0].1.energy_j));
        format!("<span><i class=\"{name}\"></i>{name} <small>{share} of {}</small></span>", rows[0].0)
    };
    if rows.is_empty() || rows[0].1.energy_j.total == 0.0 {
        return String::new();
    }
    format!("<figcaption class=\"legend\">{}</figcaption>", (0..4).map(part).collect::<String>())
}

/// Where the constants come from that hold more than 1 % of the energy.
pub(super) fn constants(outcome: &Outcome) -> String {
    let columns = [
        ("share", "n"),
        ("", "bar"),
        ("constant", ""),
        ("value", ""),
        ("band", ""),
        ("trust", ""),
        ("source", "wide"),
    ];
    let largest = outcome.constants.first().map_or(1.0, |entry| entry.share);
    let row = |entry: &ConstantShare| {
        let constant = &entry.constant;
        let band = constant.low.zip(constant.high);
        vec![
            words::percent(entry.share),
            meter("accent", entry.share / largest),
            format!("<code>{}</code>", escape(&constant.name).replace('.', ".<wbr>")),
            escape(&quantity(constant.value, &constant.unit)),
            band.map_or("<span class=\"quiet\">not known</span>".into(), |(low, high)| {
                escape(&range(low, high, constant))
            }),
            chip(constant.trust),
            escape(&constant.source),
        ]
    };
    let covered: f64 = outcome.constants.iter().map(|entry| entry.share).sum();
    let lead = format!(
        "Every constant that holds more than 1 % of the energy of this configuration; together {}.",
        words::percent(covered)
    );
    section(
        "Where the energy figures come from",
        &lead,
        &table(&columns, &[outcome.constants.iter().map(row).collect()]),
    )
}

/// A value with its SI prefix; what follows the base unit is kept.
fn range(low: f64, high: f64, constant: &Constant) -> String {
    let base = constant.unit.split(' ').next().unwrap_or("");
    format!("{} to {}", quantity(low, base), quantity(high, base)).replace(' ', "\u{a0}")
}

fn chip(trust: Trust) -> String {
    let doubtful = matches!(trust, Trust::Abstract | Trust::Unverified);
    let name = trust.name();
    format!("<span class=\"chip {}\">{name}</span>", if doubtful { "undecided" } else { "neutral" })
}

/// The command, version and seed that repeat the results, and the complete configuration.
pub(super) fn repeat(command: &str, facts: &[(&str, String)], settings: &serde_json::Value) -> String {
    let mut body = format!("<pre class=\"command\">{}</pre><dl>", escape(command));
    for (name, value) in facts {
        let _ = write!(body, "<div><dt>{name}</dt><dd>{}</dd></div>", escape(value));
    }
    let settings = serde_json::to_string_pretty(settings).unwrap_or_default();
    let _ = write!(
        body,
        "</dl><details><summary>Complete configuration</summary><pre>{}</pre></details>",
        escape(&settings)
    );
    section(
        "How to repeat this",
        "The same command gives the same bytes, on any number of threads; on another processor only how products were formed may be \
         told differently.",
        &body,
    )
}

/// What arithmetic means, where that is told, and what the model itself approximates.
pub(super) fn notes(lead: &str, notes: &[String]) -> String {
    section("What this model approximates", lead, &list("notes", notes))
}
