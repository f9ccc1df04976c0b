//! What `characterize binary` prints: units for words of signs beside named integer units, and a published chip beside ours.

use crate::arith::{self, ArithError, Characterization, Unit};
use crate::tech::CellLibrary;

/// Integer units, then units of signs, and products a cycle of each.
const UNITS: [(&str, u32); 5] =
    [("mac8s_bw", 1), ("mac8s_bw__l16", 16), ("xnor8", 8), ("xnor16", 16), ("xnor64", 64)];
/// How many of them are integer units.
const INTEGERS: usize = 2;

/// The comparison, for programs.
#[derive(serde::Serialize)]
pub(super) struct Comparison {
    units: Vec<Product>,
    context: Published,
}

/// A unit and what a product costs in it.
#[derive(serde::Serialize)]
struct Product {
    lanes: u32,
    area_um2: f64,
    energy_fj: f64,
    /// Energy of a product of each integer unit over that of this one.
    times_less: Vec<(&'static str, f64)>,
    unit: Characterization,
}

/// Figures of others, of which ours are independent.
#[derive(serde::Serialize)]
struct Published {
    binary_fj: f64,
    ternary_fj: f64,
    int8_fj: f64,
    trust: &'static str,
    source: &'static str,
}

/// Of a whole processor, memories included.
const PUBLISHED: Published = Published {
    binary_fj: 35.0,
    ternary_fj: 67.0,
    int8_fj: 405.0,
    trust: "abstract",
    source: "BrainTTA, energy an operation of the whole processor with binary, ternary and 8-bit operands",
};

/// Measures all units on random operands.
pub(super) fn compare(library: &CellLibrary) -> Result<Comparison, ArithError> {
    let measured = UNITS.map(|(id, _)| Ok(arith::characterize(&Unit::from_id(id)?, library, 0)));
    let measured: Vec<Characterization> = measured.into_iter().collect::<Result<_, ArithError>>()?;
    let each = |at: usize| measured[at].cost.energy_fj / f64::from(UNITS[at].1);
    let product = |(at, unit): (usize, &Characterization)| Product {
        lanes: UNITS[at].1,
        area_um2: unit.cost.area_um2 / f64::from(UNITS[at].1),
        energy_fj: each(at),
        times_less: (0..INTEGERS).map(|integer| (UNITS[integer].0, each(integer) / each(at))).collect(),
        unit: unit.clone(),
    };
    Ok(Comparison { units: measured.iter().enumerate().map(product).collect(), context: PUBLISHED })
}

pub(super) fn text(comparison: &Comparison, library: &CellLibrary) -> String {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::UTF8_HORIZONTAL_ONLY);
    let mut header: Vec<String> =
        ["unit", "products a cycle", "area, µm²", "a product", "clock, MHz", "energy a product, fJ"]
            .map(String::from)
            .into();
    header.extend(UNITS[..INTEGERS].iter().map(|(id, _)| format!("times less than {id}")));
    table.set_header(header);
    for Product { lanes, area_um2, energy_fj, times_less, unit } in &comparison.units {
        let mut row = vec![
            unit.design.clone(),
            lanes.to_string(),
            format!("{:.0}", unit.cost.area_um2),
            format!("{area_um2:.1}"),
            unit.cost.clock_mhz.map_or("–".into(), |clock| format!("{clock:.0}")),
            format!("{energy_fj:.1}"),
        ];
        row.extend(times_less.iter().map(|(_, times)| format!("{times:.1}")));
        table.add_row(row);
    }
    let Published { binary_fj, int8_fj, trust, source, .. } = comparison.context;
    format!(
        "{table}\n{} at {} V; {}; registers for operands and result, their clock included\n\
         published [{trust}]: {binary_fj} and {int8_fj} fJ, {:.1} times less: {source}\n",
        library.name,
        library.supply().0,
        comparison.units[0].unit.cost.activity.split(',').next().unwrap_or_default(),
        int8_fj / binary_fj,
    )
}
