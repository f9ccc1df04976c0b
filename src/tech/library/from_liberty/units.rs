//! Units of a Liberty file.

use crate::tech::liberty::{Group, LibertyError};

/// Factors from the file's units to fF, ps, nW and fJ.
#[derive(Clone, Copy)]
pub(super) struct Units {
    pub capacitance: f64,
    pub time: f64,
    pub leakage: f64,
    pub energy: f64,
}

impl Units {
    /// Those that the `library` group names; voltages are in V where it names none, as the format has it.
    pub fn of(library: &Group) -> Result<Self, LibertyError> {
        let text = |name: &str, unit: &str| {
            let (_, values) = library
                .attributes
                .iter()
                .find(|(known, _)| *known == name)
                .ok_or_else(|| LibertyError::new(library.line, format!("the library has no `{name}`")))?;
            scale(&values.concat(), unit).ok_or_else(|| {
                let message = format!("`{name}`: `{}` is no unit of {unit}", values.join(" "));
                LibertyError::new(library.line, message)
            })
        };
        let (farads, seconds) = (text("capacitive_load_unit", "F")?, text("time_unit", "s")?);
        let watts = text("leakage_power_unit", "W")?;
        let volts = if library.text("voltage_unit").is_some() { text("voltage_unit", "V")? } else { 1.0 };
        Ok(Self {
            capacitance: farads * 1e15,
            time: seconds * 1e12,
            leakage: watts * 1e9,
            energy: farads * volts * volts * 1e15,
        })
    }
}

/// What `10ps` and the like is in units.
fn scale(text: &str, unit: &str) -> Option<f64> {
    let text = text.to_ascii_lowercase();
    let (count, named) = text.split_at(text.find(|c: char| c.is_ascii_alphabetic())?);
    let power = match named.strip_suffix(&unit.to_ascii_lowercase())? {
        "" => 0,
        "m" => -3,
        "u" => -6,
        "n" => -9,
        "p" => -12,
        "f" => -15,
        _ => return None,
    };
    let count = if count.trim().is_empty() { 1.0 } else { count.trim().parse().ok()? };
    Some(count * 10f64.powi(power)).filter(|scale| scale.is_finite() && *scale > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_counts_and_prefixes() {
        for (text, unit, expected) in [
            ("1ns", "s", Some(1e-9)),
            ("100PS", "s", Some(1e-10)),
            ("1.0ff", "F", Some(1e-15)),
            ("W", "W", Some(1.0)),
        ] {
            let near = |found: f64, expected: f64| (found / expected - 1.0).abs() < 1e-12;
            assert!(
                scale(text, unit).zip(expected).is_some_and(|(found, expected)| near(found, expected)),
                "{text}"
            );
        }
        for text in ["", "1", "1parsec", "1xs", "0ns", "-1ns", "ens"] {
            assert_eq!(scale(text, "s"), None, "{text}");
        }
    }
}
