//! Number formats side by side: what critics of razored codes ask for, on one screen.

use super::{section, table};
use crate::explore::{Exploration, Finished, Point};
use crate::report::svg::escape;
use crate::report::{short, words};
use crate::run::outcome::{FormatsOutcome, Outcome, Written};
use crate::units::with_prefix;

const COLUMNS: [(&str, &str); 13] = [
    ("numbers", "knob"),
    ("score", "n"),
    ("unit", ""),
    ("bits, W", "n"),
    ("bits, A", "n"),
    ("become 0, W", "n"),
    ("become 0, A", "n"),
    ("range used, W", "n"),
    ("range used, A", "n"),
    ("razoring", "n"),
    ("area, mm²", "n"),
    ("datapath", "n"),
    ("system", "n"),
];

/// The section; nothing where no point has numbers in groups.
pub(super) fn formats(found: &Exploration) -> String {
    let finished =
        |point: &&Point| point.result.as_ref().is_ok_and(|finished| finished.outcome.formats.is_some());
    if found.points.iter().filter(finished).count() == 0 {
        return String::new();
    }
    let rows: Vec<Vec<String>> = found.points.iter().filter_map(|point| row(found, point)).collect();
    section(
        "Number formats",
        &format!(
            "A step of a group is a power of two, so groups leave some of the range unused. Bits are those in memory, shares of \
         flags counted, of weights (W) and activations (A). Razoring is its share of the datapath's energy, which holds it. System: \
         what is left of the datapath's saving once memory, sensor and link are counted, times less energy than {}. \
         Units of groups have a lane a number, so their arrays form more products a cycle on more area.",
            found.baseline.baseline_name()
        ),
        &table(&COLUMNS, &[rows]),
    )
}

fn row(found: &Exploration, point: &Point) -> Option<Vec<String>> {
    let Finished { savings, outcome, .. } = point.result.as_ref().ok()?;
    let mut cells = vec![escape(&short(found, point)), words::score(&outcome.score), unit(outcome)];
    cells.extend(match &outcome.formats {
        Some(formats) => grouped(formats, outcome),
        None => plain(outcome),
    });
    let [datapath, system] = [savings.datapath, savings.system].map(words::times);
    cells.extend([format!("{:.3}", outcome.area_mm2), datapath, system]);
    Some(cells)
}

/// What most layers are multiplied by.
fn unit(outcome: &Outcome) -> String {
    let units = outcome.layers.iter().filter_map(|layer| layer.format.as_ref()?.unit.as_deref());
    units.max_by_key(|unit| unit.len()).map_or("–".into(), escape)
}

fn grouped(formats: &FormatsOutcome, outcome: &Outcome) -> Vec<String> {
    let both = [&formats.weights, &formats.activations];
    let each = |of: fn(&Written) -> String| both.map(of).to_vec();
    let percent = |share: Option<f64>| share.map_or("–".into(), words::percent);
    let zeroed = both.map(|written| percent(written.zeroed_share)).to_vec();
    let range = both.map(|written| percent(written.range_use)).to_vec();
    let share = formats.razoring_energy_j / outcome.datapath_energy_j;
    let razoring = if share.is_finite() {
        format!("{} ({})", words::percent(share), with_prefix(formats.razoring_energy_j, "J"))
    } else {
        "–".into()
    };
    [each(|written| format!("{:.2}", written.effective_bits)), zeroed, range, vec![razoring]].concat()
}

/// Codes without groups, whose bits the configuration tells.
fn plain(outcome: &Outcome) -> Vec<String> {
    let quantize = outcome.settings.pointer("/workload/quantize").cloned().unwrap_or_default();
    let bits = |which: &str, all: &str| {
        let own = quantize.pointer(&format!("/format/{which}/int/bits"));
        own.or(quantize.get(all)).map_or("–".into(), ToString::to_string)
    };
    let mut cells = vec![bits("weights", "weight_bits"), bits("activations", "activation_bits")];
    cells.extend(vec!["–".to_string(); 5]);
    cells
}
