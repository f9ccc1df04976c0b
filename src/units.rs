//! Physical quantities as types: a number never travels without its unit.
//!
//! In YAML a quantity is text with its unit (`64 ms`, `0.8 V`, `256 KiB`); in JSON it is a plain number
//! in the base unit. There is no conversion between different quantities except the products below.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, Mul, Sub};
use std::str::FromStr;

/// Why a text is not a quantity.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum UnitError {
    /// The text does not start with a finite number.
    #[error("`{0}` is not a number with a unit; write for example `{1}`")]
    NotANumber(String, &'static str),
    /// The unit after the number is not one of this quantity.
    #[error("`{unit}` is not a unit of {quantity}; write for example `{example}`")]
    WrongUnit {
        /// The unit as written.
        unit: String,
        /// Name of the quantity expected.
        quantity: &'static str,
        /// A text that would be accepted.
        example: &'static str,
    },
}

/// SI prefixes from pico to tera, with the factor; the micro sign may be written `u`.
const PREFIXES: [(&str, f64); 10] = [
    ("f", 1e-15),
    ("p", 1e-12),
    ("n", 1e-9),
    ("u", 1e-6),
    ("µ", 1e-6),
    ("m", 1e-3),
    ("k", 1e3),
    ("M", 1e6),
    ("G", 1e9),
    ("T", 1e12),
];

fn split_number(text: &str) -> Option<(f64, &str)> {
    let text = text.trim();
    let ends = text.char_indices().map(|(at, _)| at).skip(1).chain([text.len()]);
    let end = ends.filter(|&end| text[..end].trim().parse::<f64>().is_ok()).last()?;
    let value: f64 = text[..end].trim().parse().ok()?;
    value.is_finite().then(|| (value, text[end..].trim()))
}

fn factor(unit: &str, base: &str, others: &[(&str, f64)]) -> Option<f64> {
    if unit == base {
        return Some(1.0);
    }
    let named = others.iter().find(|(name, _)| *name == unit);
    let prefixed = || {
        let prefix = unit.strip_suffix(base)?;
        PREFIXES.iter().find(|(name, _)| *name == prefix)
    };
    named.or_else(prefixed).map(|(_, factor)| *factor)
}

/// The regular expression (ECMA 262) of texts that read as a quantity, for editors.
fn pattern(base: &str, others: &[&str]) -> String {
    let prefixes: Vec<&str> = PREFIXES.iter().map(|(prefix, _)| *prefix).collect();
    let named: String = others.iter().map(|other| format!("|{other}")).collect();
    let number = r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?";
    format!(r"^\s*{number}\s*([{}]?{base}{named})\s*$", prefixes.concat())
}

/// So many of something: one of it, or more, or none.
///
/// ```
/// use axsim::units::counted;
/// assert_eq!([0, 1, 2].map(|count| counted(count, "knob")), ["0 knobs", "1 knob", "2 knobs"]);
/// ```
pub fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// Writes a value whose unit may say per what it is, with an SI prefix where the unit takes one.
///
/// ```
/// use axsim::units::quantity;
/// assert_eq!(quantity(2.75e-11, "J per 64-bit access"), "27.5 pJ per 64-bit access");
/// assert_eq!(quantity(1.1e-5, "W"), "11.0 µW");
/// assert_eq!(quantity(0.5, "share"), "5.0000e-1 share");
/// ```
pub fn quantity(value: f64, unit: &str) -> String {
    let (base, rest) =
        unit.split_once(' ').map_or((unit, String::new()), |(base, rest)| (base, format!(" {rest}")));
    if ["J", "W", "s", "V", "Hz"].contains(&base) {
        with_prefix(value, base) + &rest
    } else {
        format!("{value:.4e} {unit}")
    }
}

/// Writes a value with the SI prefix that leaves one to three digits before the point.
pub fn with_prefix(value: f64, unit: &str) -> String {
    const SHOWN: [&str; 10] = ["f", "p", "n", "µ", "m", "", "k", "M", "G", "T"];
    if value == 0.0 || !value.is_finite() {
        // The sum of nothing is -0.0, which is nothing all the same.
        return format!("{} {unit}", value + 0.0);
    }
    if !(1e-17..1e18).contains(&value.abs()) {
        return format!("{value:.2e} {unit}");
    }
    let thousands = (value.abs().log10() / 3.0 + 1e-12).floor().clamp(-5.0, 4.0);
    let mantissa = value / 1000f64.powf(thousands);
    let digits = (2 - mantissa.abs().log10().floor() as i32).clamp(0, 2) as usize;
    format!("{mantissa:.digits$} {}{unit}", SHOWN[(thousands + 5.0) as usize])
}

macro_rules! quantity {
    ($(#[$doc:meta])* $name:ident, $base:literal, $what:literal, $example:literal, [$($other:literal = $factor:expr),*]) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default)]
        pub struct $name(pub f64);

        impl $name {
            /// The neutral element of addition.
            pub const ZERO: Self = Self(0.0);
        }
        impl Add for $name {
            type Output = Self;
            fn add(self, other: Self) -> Self { Self(self.0 + other.0) }
        }
        impl Sub for $name {
            type Output = Self;
            fn sub(self, other: Self) -> Self { Self(self.0 - other.0) }
        }
        impl AddAssign for $name {
            fn add_assign(&mut self, other: Self) { self.0 += other.0 }
        }
        impl Mul<f64> for $name {
            type Output = Self;
            fn mul(self, factor: f64) -> Self { Self(self.0 * factor) }
        }
        impl Div<f64> for $name {
            type Output = Self;
            fn div(self, divisor: f64) -> Self { Self(self.0 / divisor) }
        }
        impl Div for $name {
            type Output = f64;
            fn div(self, other: Self) -> f64 { self.0 / other.0 }
        }
        impl Sum for $name {
            // Of nothing 0, where a sum of `f64` is −0.
            fn sum<I: Iterator<Item = Self>>(items: I) -> Self { items.fold(Self::ZERO, |sum, item| sum + item) }
        }
        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result { out.pad(&with_prefix(self.0, $base)) }
        }
        impl FromStr for $name {
            type Err = UnitError;
            fn from_str(text: &str) -> Result<Self, UnitError> {
                let (value, unit) = split_number(text)
                    .ok_or_else(|| UnitError::NotANumber(text.into(), $example))?;
                let factor = factor(unit, $base, &[$(($other, $factor)),*]).ok_or_else(|| UnitError::WrongUnit {
                    unit: unit.into(), quantity: $what, example: $example,
                })?;
                Ok(Self(value * factor))
            }
        }
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
                // One spelling that reads back exactly: the base unit without prefix.
                out.collect_str(&format_args!("{} {}", self.0, $base))
            }
        }
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
                struct Text;
                impl serde::de::Visitor<'_> for Text {
                    type Value = $name;
                    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                        write!(out, "{} with its unit, for example `{}`", $what, $example)
                    }
                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$name, E> {
                        text.parse().map_err(E::custom)
                    }
                }
                input.deserialize_any(Text)
            }
        }
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> { stringify!($name).into() }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "type": "string",
                    "description": concat!($what, " with its unit"),
                    "examples": [$example],
                    "pattern": pattern($base, &[$($other),*])
                })
            }
        }
    };
}

quantity!(/// Energy.
    Joules, "J", "an energy", "12.1 pJ", []);
quantity!(/// Power.
    Watts, "W", "a power", "57.8 mW", []);
quantity!(/// Time.
    Seconds, "s", "a time", "64 ms", ["min" = 60.0, "h" = 3600.0]);
quantity!(/// Frequency.
    Hertz, "Hz", "a frequency", "400 MHz", ["fps" = 1.0]);
quantity!(/// Electric potential.
    Volts, "V", "a voltage", "1.1 V", []);
quantity!(/// Temperature; differences and absolute values alike in degrees Celsius.
    Celsius, "C", "a temperature", "45 C", ["°C" = 1.0]);
quantity!(/// Silicon area in square micrometres.
    SquareMicrometres, "um2", "an area", "0.92 mm2", ["µm2" = 1.0, "mm2" = 1e6]);
quantity!(/// A number of bytes; binary (`KiB`) and decimal (`kB`) multiples.
    Bytes, "B", "a size", "256 KiB", ["KiB" = 1024.0, "MiB" = 1048576.0, "GiB" = 1073741824.0]);
quantity!(/// A rate of bits per second.
    BitRate, "b/s", "a bit rate", "10 Mb/s", []);

impl Mul<Seconds> for Watts {
    type Output = Joules;
    fn mul(self, time: Seconds) -> Joules {
        Joules(self.0 * time.0)
    }
}
impl Div<Seconds> for Joules {
    type Output = Watts;
    fn div(self, time: Seconds) -> Watts {
        Watts(self.0 / time.0)
    }
}
impl Hertz {
    /// The time of one period.
    pub fn period(self) -> Seconds {
        Seconds(1.0 / self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_with_prefix_reads_as_the_base_unit() {
        assert_eq!("64 ms".parse(), Ok(Seconds(0.064)));
        assert_eq!("12.1pJ".parse::<Joules>().unwrap(), Joules(12.1 * 1e-12));
        assert_eq!("256 KiB".parse(), Ok(Bytes(262144.0)));
        assert_eq!("30 s".parse(), Ok(Seconds(30.0)));
        assert_eq!("1e-3 W".parse(), Ok(Watts(1e-3)));
    }

    #[test]
    fn a_foreign_unit_is_named_in_the_error() {
        let error = "64 mV".parse::<Seconds>().unwrap_err();
        assert_eq!(error.to_string(), "`mV` is not a unit of a time; write for example `64 ms`");
        assert!("64".parse::<Seconds>().is_err() && "".parse::<Seconds>().is_err());
        assert!("inf s".parse::<Seconds>().is_err() && "nan s".parse::<Seconds>().is_err());
    }

    #[test]
    fn printed_quantities_carry_a_prefix() {
        assert_eq!(Joules(1.234e-6).to_string(), "1.23 µJ");
        assert_eq!(Joules(0.0).to_string(), "0 J");
        assert_eq!(Seconds(0.5).to_string(), "500 ms");
        assert_eq!(Seconds(1e300).to_string(), "1.00e300 s");
        assert_eq!(Joules(-3e-20).to_string(), "-3.00e-20 J");
        assert_eq!(Watts(2.0) * Seconds(3.0), Joules(6.0));
    }

    proptest::proptest! {
        #[test]
        fn serialised_quantities_read_back_exactly(value in -1e12f64..1e12) {
            let text = serde_json::to_string(&Joules(value)).unwrap();
            proptest::prop_assert_eq!(serde_json::from_str::<Joules>(&text).unwrap(), Joules(value));
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in "\\PC*") {
            let _ = text.parse::<Seconds>();
        }
    }
}
