//! What plain exact bits cost at the accuracy of an approximate multiplier.

use super::{figure, formats, less, saved, value};
use crate::run::plain_bits::{Costed, EqualAccuracy, Interpolated};
use crate::units::with_prefix;
use crate::workload::score::Metric;

/// What plain exact bits cost at the accuracy of the approximate multiplier.
pub fn plain_bits(metric: Metric, found: &EqualAccuracy) -> Vec<String> {
    let design = value(&found.multiplier);
    let figure = |costed: &Costed| figure(metric, costed.score);
    let own = format!("scores {} at {}", figure(&found.approximate), costs(&found.approximate));
    let [as_good, no_worse] =
        if metric.less_is_better() { ["as little", "no more"] } else { ["as much", "no less"] };
    let Some(plain) = &found.plain else {
        return vec![format!("{design} alone {own}; no plain exact width scores {as_good}.")];
    };
    let other = format!("{} bits score {} at {}", plain.bits, figure(&plain.costed), costs(&plain.costed));
    let mut sentences = match found.dominated_by.as_slice() {
        [] => vec![format!(
            "{design} alone {own}; no plain exact width dominates it: the cheapest that scores {no_worse} is {} bits, {} at {}; \
             against it {}.",
            plain.bits,
            figure(&plain.costed),
            costs(&plain.costed),
            against(&plain.costed, &found.approximate)
        )],
        widths => {
            let widths: Vec<String> = widths.iter().map(u32::to_string).collect();
            let against = against(&found.approximate, &plain.costed);
            vec![format!(
                "{design} is dominated by plain {} bits: alone it {own}; plain {other}, {against}.",
                widths.join(", ")
            )]
        }
    };
    sentences.extend(found.interpolated.as_ref().map(interpolated(found)));
    sentences
}

fn interpolated(found: &EqualAccuracy) -> impl Fn(&Interpolated) -> String {
    |line| {
        let ends = match line.between {
            [wide, narrow] if wide == narrow => format!("two plain designs of {wide} bits"),
            [wide, narrow] => format!("plain {wide} and {narrow} bits"),
        };
        format!(
            "Interpolated between {ends}, equal accuracy costs {}: against that line the {} {} on the \
             system and {} on the datapath.",
            costs(&line.costed),
            if formats::label(&found.multiplier).is_some() { "format" } else { "approximate multiplier" },
            saved(line.costed.energy_j, found.approximate.energy_j),
            saved(line.costed.datapath_energy_j, found.approximate.datapath_energy_j),
        )
    }
}

/// System and datapath energy, always side by side.
fn costs(costed: &Costed) -> String {
    format!("{} (datapath {})", with_prefix(costed.energy_j, "J"), with_prefix(costed.datapath_energy_j, "J"))
}

/// How much less or more `to` costs than `from`.
fn against(from: &Costed, to: &Costed) -> String {
    let ratio = |from: f64, to: f64| less(Some(from / to).filter(|ratio| ratio.is_finite()));
    format!(
        "system {}, datapath {}",
        ratio(from.energy_j, to.energy_j),
        ratio(from.datapath_energy_j, to.datapath_energy_j)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::plain_bits::Plain;

    #[test]
    fn a_line_between_designs_of_one_width_says_so() {
        let costed = || Costed { score: 0.97, energy_j: 1e-6, datapath_energy_j: 1e-7 };
        let line = |between| Interpolated { between, costed: costed() };
        let found = |between| EqualAccuracy {
            multiplier: "mul8s_drum_k4".into(),
            approximate: costed(),
            dominated_by: vec![],
            plain: None,
            interpolated: Some(line(between)),
        };
        let said = |between| interpolated(&found(between))(&line(between));
        assert!(said([5, 5]).starts_with("Interpolated between two plain designs of 5 bits, equal"));
        assert!(said([5, 4]).starts_with("Interpolated between plain 5 and 4 bits, equal"));
    }

    fn found(dominated_by: Vec<u32>, plain: Option<(u32, f64)>) -> String {
        let costed = |energy_j: f64| Costed { score: 0.97, energy_j, datapath_energy_j: energy_j / 4.0 };
        let plain = plain.map(|(bits, energy)| Plain { bits, costed: costed(energy) });
        let multiplier = "mul8s_drum_k4".into();
        let approximate = costed(2e-6);
        let interpolated = plain
            .as_ref()
            .map(|plain| Interpolated { between: [plain.bits, plain.bits - 1], costed: costed(1e-6) });
        let found = EqualAccuracy { multiplier, approximate, dominated_by, plain, interpolated };
        plain_bits(Metric::Top1, &found).join(" ")
    }

    #[test]
    fn plain_bits_are_named_with_system_and_datapath() {
        let text = found(vec![8, 7], Some((7, 1e-6)));
        assert!(
            text.starts_with(
                "mul8s_drum_k4 is dominated by plain 8, 7 bits: alone it scores 97.0 % at 2.00 µJ"
            )
        );
        assert!(text.contains(
            "plain 7 bits score 97.0 % at 1.00 µJ (datapath 250 nJ), system 2.00× less, datapath 2.00× less"
        ));
        assert!(text.contains("Interpolated between plain 7 and 6 bits"), "{text}");
        assert!(
            text.ends_with("spends 100.0 % more on the system and spends 100.0 % more on the datapath."),
            "{text}"
        );
        let text = found(vec![], Some((8, 4e-6)));
        assert!(
            text.contains("no plain exact width dominates it: the cheapest that scores no less is 8 bits")
        );
        assert!(text.contains("against it system 2.00× less, datapath 2.00× less."), "{text}");
        assert!(found(vec![], None).ends_with("no plain exact width scores as much."));
    }
}
