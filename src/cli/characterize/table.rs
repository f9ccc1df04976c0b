//! What `characterize` prints.

use crate::arith::metric::convention::Convention;
use crate::arith::{Characterization, Unit};
use crate::constant::Constant;
use crate::error::Error;
use crate::tech::{CellLibrary, Wires, supply};

/// The error metrics of a design under the names and rules of another library.
#[derive(serde::Serialize)]
pub(super) struct Converted {
    design: String,
    convention: Convention,
    figures: indexmap::IndexMap<&'static str, f64>,
}

pub(super) fn converted(
    units: &[Unit],
    measured: &[Characterization],
    convention: Convention,
) -> Result<Vec<Converted>, Error> {
    let one = |(unit, measure): (&Unit, &Characterization)| {
        let (Unit::Design(design), Some(error)) = (unit, &measure.error) else {
            let what = match unit {
                Unit::Razorer(_) => "razors: leave --convention out",
                Unit::Xnor(_) => "counts signs without error: leave --convention out",
                _ => "is a MAC unit: leave --convention out, or name its multiplier",
            };
            let message = format!("`{}` {what}", unit.id());
            return Err(Error::Usage(message));
        };
        let figures = convention.figures(error, design.signature(), design.width_out());
        Ok(Converted { design: measure.design.clone(), convention, figures: figures.into_iter().collect() })
    };
    units.iter().zip(measured).map(one).collect()
}

pub(super) fn lines(converted: &[Converted], convention: Convention) -> String {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::UTF8_HORIZONTAL_ONLY);
    if let Some(Converted { figures, .. }) = converted.first() {
        let names = figures.keys().map(|name| name.replace("_pct", ", %"));
        table.set_header(["design".to_string()].into_iter().chain(names));
    }
    for Converted { design, figures, .. } in converted {
        table.add_row([design.clone()].into_iter().chain(figures.values().map(|figure| shortened(*figure))));
    }
    let zeros = match convention {
        Convention::EvoApproxLib => "leave out pairs whose exact result is 0",
        Convention::EvoApprox8b => "divide by 1 where the exact result is 0",
    };
    format!(
        "{table}\nMAE and WCE in % of two to the result's bits (of a signed sum one less); WCRE and MRE {zeros}\n"
    )
}

fn shortened(figure: f64) -> String {
    let text = format!("{figure:.6}");
    text.trim_end_matches('0').trim_end_matches('.').into()
}

/// Errors and costs, a line a design, and what they rest on.
pub(super) fn table(measured: &[Characterization], band: f64, library: &CellLibrary) -> String {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::UTF8_HORIZONTAL_ONLY);
    table.set_header([
        "design",
        "pairs",
        "error rate",
        "med",
        "nmed",
        "mred",
        "wce",
        "bias",
        "area, µm²",
        "delay, ps",
        "clock, MHz",
        "energy, fJ",
        "settled, fJ",
        "leakage, nW",
    ]);
    let band = if band > 0.0 { format!(" ± {:.0} %", 100.0 * band) } else { String::new() };
    for design in measured {
        let cost = &design.cost;
        let mut row = vec![design.design.clone()];
        row.extend(error_columns(design));
        row.extend([
            format!("{:.1}", cost.area_um2),
            format!("{:.0}{}", cost.delay_ps, if cost.annotated_by.is_none() { &*band } else { "" }),
            cost.clock_mhz.map_or("–".into(), |clock| format!("{clock:.0}")),
            format!("{:.1}", cost.energy_fj),
            format!("{:.1}", cost.settled_fj),
            format!("{:.0}", cost.leakage_nw),
        ]);
        table.add_row(row);
    }
    format!("{table}\n{}\n", footer(measured, library))
}

/// Cells, tools, operands and wires that costs rest on.
fn footer(measured: &[Characterization], library: &CellLibrary) -> String {
    let costs = || measured.iter().map(|design| &design.cost);
    let tool = costs().find_map(|cost| cost.synthesised_by.as_deref());
    let tool =
        tool.map_or(String::new(), |tool| format!("area and delay by {tool} and ABC, without wires; "));
    let file = costs().find_map(|cost| cost.annotated_by.as_deref());
    let file = file.map_or(String::new(), |file| format!("cells as they stand, delays of {file}; "));
    let mut activities: Vec<&str> = costs().map(|cost| &*cost.activity).collect();
    activities.sort_unstable();
    activities.dedup();
    format!(
        "{}; {tool}{file}{}; {}; settled: without glitches, a lower bound",
        cells(library),
        activities.join("; "),
        wires(library)
    )
}

/// The library and its supply, and the law where that is not the supply of the figures.
fn cells(library: &CellLibrary) -> String {
    let at = format!("{} at {} V", library.name, library.supply().0);
    if library.supply() == library.voltage {
        return at;
    }
    let [delay, general] = library.slowing();
    let slowest = 100.0 * (general / delay - 1.0);
    let slowest = if slowest > 0.0 { format!(", delays {slowest:.0} % longer there") } else { String::new() };
    format!("{at} by the {}{slowest}", supply::SOURCE)
}

/// What wires and clock tree were reckoned with.
fn wires(library: &CellLibrary) -> String {
    let Some(Wires { load, sinks }) = library.wires() else {
        return "neither wires nor clock tree".into();
    };
    let band = |constant: &Constant| match (constant.low, constant.high) {
        (Some(low), Some(high)) => format!(" ({}–{})", shortened(low), shortened(high)),
        _ => String::new(),
    };
    format!(
        "wires: {} fF a fan-out{}; clock tree: a buffer for {} registers{}; both estimates",
        shortened(load.value),
        band(load),
        sinks.value,
        band(sinks)
    )
}

/// The columns of inputs and errors; dashes where errors are not defined.
fn error_columns(design: &Characterization) -> Vec<String> {
    let (Some(inputs), Some(error)) = (&design.inputs, &design.error) else {
        return vec!["–".into(); 7];
    };
    let relative = |value: Option<f64>| value.map_or("–".into(), |value| format!("{value:.3e}"));
    vec![
        format!("{} {}", inputs.count, inputs.method),
        format!("{:.4}", error.error_rate),
        format!("{:.4}", error.med),
        relative(error.nmed),
        relative(error.mred),
        error.wce.to_string(),
        format!("{:+.3}", error.bias),
    ]
}
