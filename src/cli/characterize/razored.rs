//! What `characterize razor` prints: units for razored codes beside named integer units, and published figures beside ours.

use crate::arith::variants::{Comparison, Reduction, Variant};
use crate::tech::CellLibrary;

/// The comparison, for programs.
#[derive(serde::Serialize)]
pub(super) struct Stored<'a> {
    #[serde(flatten)]
    comparison: &'a Comparison,
    context: Context,
}

/// Figures of others, of which ours are independent.
#[derive(serde::Serialize)]
struct Context {
    published: Published,
    proxy: Vec<Proxy>,
}

#[derive(serde::Serialize)]
struct Published {
    area: f64,
    power: f64,
    baseline: Option<&'static str>,
    trust: &'static str,
    source: &'static str,
}

/// The abstract of the first version; the second one leaves the figures out.
const PUBLISHED: Published = Published {
    area: 0.612,
    power: 0.578,
    baseline: None,
    trust: "abstract",
    source: "Lee, Choi and Chang, \"QRazor\", arXiv 2501.13331v1 (2025), whose abstract names neither baseline nor node, clock and lanes",
};

/// Reductions of another's synthesis in generic gates, without a timing constraint.
#[derive(serde::Serialize, Clone, Copy)]
struct Proxy {
    lanes: u32,
    shift: &'static str,
    baseline: &'static str,
    area: f64,
    switching: f64,
}

const PROXY: [Proxy; 6] = [
    Proxy::of(1, "of one product", "INT16 × INT8", 0.51, 0.66),
    Proxy::of(16, "per product", "INT16 × INT8", 0.68, 0.77),
    Proxy::of(16, "hoisted", "INT16 × INT8", 0.88, 0.88),
    Proxy::of(1, "of one product", "INT8 × INT8", 0.22, 0.43),
    Proxy::of(16, "per product", "INT8 × INT8", 0.44, 0.58),
    Proxy::of(16, "hoisted", "INT8 × INT8", 0.78, 0.79),
];

impl Proxy {
    const fn of(lanes: u32, shift: &'static str, baseline: &'static str, area: f64, switching: f64) -> Self {
        Self { lanes, shift, baseline, area, switching }
    }

    /// That of codes of sign and magnitude whose activations had 16 bits.
    fn beside(unit: &Variant, baseline: &str) -> Option<Self> {
        let like = |proxy: &&Self| {
            (proxy.lanes, Some(proxy.shift), proxy.baseline) == (unit.lanes, unit.shift, baseline)
        };
        let told = !unit.unit.contains("sdrtc") && unit.operands.starts_with("SDR4 of INT16");
        PROXY.iter().find(like).filter(|_| told).copied()
    }
}

pub(super) fn stored(comparison: &Comparison) -> Stored<'_> {
    Stored { comparison, context: Context { published: PUBLISHED, proxy: PROXY.to_vec() } }
}

pub(super) fn text(comparison: &Comparison, library: &CellLibrary) -> String {
    format!("{}\n{}\n{}", units(comparison), reductions(comparison), footer(comparison, library))
}

fn table(header: &[&str]) -> comfy_table::Table {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(header);
    table
}

fn units(comparison: &Comparison) -> comfy_table::Table {
    let mut table = table(&[
        "unit",
        "activation × weight",
        "lanes",
        "shift",
        "accumulator, bits",
        "area, µm²",
        "a product",
        "power, µW",
        "a product",
        "highest clock, MHz",
    ]);
    for unit in &comparison.units {
        let (lanes, power) = (f64::from(unit.lanes), unit.power_uw(comparison.clock_mhz));
        table.add_row([
            unit.unit.clone(),
            unit.operands.clone(),
            unit.lanes.to_string(),
            unit.shift.unwrap_or("–").into(),
            unit.accumulator_bits.to_string(),
            format!("{:.0}", unit.cost.area_um2),
            format!("{:.0}", unit.cost.area_um2 / lanes),
            format!("{power:.0}"),
            format!("{:.1}", power / lanes),
            unit.cost.clock_mhz.map_or("–".into(), |clock| format!("{clock:.0}")),
        ]);
    }
    table
}

fn reductions(comparison: &Comparison) -> comfy_table::Table {
    let mut table = table(&[
        "less than",
        "unit",
        "lanes",
        "shift",
        "area, %",
        "power, %",
        "another's synthesis [measured]: area, %",
        "switching, %",
        "published [abstract], of a baseline not named: area, %",
        "power, %",
    ]);
    let percent = |share: f64| format!("{:.1}", 100.0 * share);
    let of = |one: &Reduction| {
        let unit =
            comparison.units.iter().find(|unit| unit.unit == one.unit).expect("a unit of the comparison");
        let proxy = Proxy::beside(unit, &one.operands);
        let context = |figure: fn(Proxy) -> f64| {
            proxy.map_or("–".into(), |proxy| format!("{:.0}", 100.0 * figure(proxy)))
        };
        [
            one.operands.clone(),
            unit.unit.clone(),
            unit.lanes.to_string(),
            unit.shift.unwrap_or("–").into(),
            percent(one.area),
            percent(one.power),
            context(|proxy| proxy.area),
            context(|proxy| proxy.switching),
            percent(PUBLISHED.area),
            percent(PUBLISHED.power),
        ]
    };
    let mut rows: Vec<&Reduction> = comparison.reductions.iter().collect();
    rows.sort_by_key(|one| comparison.units.iter().position(|unit| unit.unit == one.baseline));
    rows.sort_by_key(|one| comparison.units.iter().position(|unit| unit.operands == one.operands));
    table.add_rows(rows.into_iter().map(of));
    table
}

fn footer(comparison: &Comparison, library: &CellLibrary) -> String {
    let razoring = &comparison.razoring;
    let pays = razoring.pays_from.iter().map(|(operands, products)| match products {
        Some(products) => format!("{products} products against {operands}"),
        None => format!("none against {operands}, which takes no more energy"),
    });
    let activity = comparison.units.first().map_or("", |unit| &*unit.cost.activity);
    format!(
        "{} at {} V, all powers at {:.0} MHz, the highest clock that every unit meets; registers for operands and result, none between; \
         {activity}\n\
         areas are those of the gates as described; Yosys and ABC restructure them, by which in nangate45 a reduction of area moves by up to 10 points, \
         that of mac16x4s_sdr_g16 by up to 14\n\
         razoring comes on top: {} takes {:.0} µm² and {:.1} fJ an activation, once however often it is used; \
         the hoisted unit of 16 lanes has saved that from {}\n\
         published: {}\n",
        library.name,
        library.supply().0,
        comparison.clock_mhz,
        razoring.unit,
        razoring.cost.area_um2,
        razoring.cost.energy_fj / razoring.group as f64,
        pays.collect::<Vec<_>>().join(", "),
        PUBLISHED.source
    )
}
