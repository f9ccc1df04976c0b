//! Design ids: operation, width, sign, family, parameters.

use super::Design;
use super::adder::{Adder, Scheme};
use super::family::{FAMILIES, Family};
use super::multiplier::baugh_wooley::BaughWooley;
use super::multiplier::{Core, Multiplier};

/// Why an id names no design.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArithError {
    /// Not of the form operation, width, sign, family.
    #[error("`{0}` is not a design id; write for example `mul8s_drum_k4` or `add16u_loa_k6`")]
    Form(String),
    /// A family that does not exist.
    #[error("`{id}`: there is no family `{name}`; {instead}")]
    Family {
        /// The whole id.
        id: String,
        /// The family as written.
        name: String,
        /// A family of nearly this name, or all of the operation.
        instead: String,
    },
    /// A parameter that is missing, superfluous or out of range.
    #[error("`{id}`: {expected}")]
    Parameter {
        /// The whole id.
        id: String,
        /// What was expected.
        expected: String,
    },
}

impl ArithError {
    /// The same mistake in the id that the part was taken from.
    pub(super) fn within(self, whole: &str) -> Self {
        let id = whole.to_string();
        match self {
            Self::Form(_) => Self::Form(id),
            Self::Family { name, instead, .. } => Self::Family { id, name, instead },
            Self::Parameter { expected, .. } => Self::Parameter { id, expected },
        }
    }

    /// Refuses an id that is not the one its design carries: one name for one design.
    pub(super) fn unless_named(id: &str, name: &str) -> Result<(), Self> {
        let expected = || format!("write `{name}`");
        if id == name { Ok(()) } else { Err(Self::Parameter { id: id.into(), expected: expected() }) }
    }
}

/// The design that an id names; widths 2 to 32. The design carries the same id.
///
/// # Errors
/// [`ArithError`], saying what to write instead.
///
/// ```
/// use axsim::arith::design;
/// assert_eq!(design("mul8s_drum_k4").unwrap().eval(-100, 3), -312);
/// assert!(design("mul8s_drom_k4").err().unwrap().to_string().contains("did you mean `drum`"));
/// ```
pub fn design(id: &str) -> Result<Box<dyn Design>, ArithError> {
    let (family, width, signed, value) = parse(id)?;
    let design = make(family, width, signed, value);
    ArithError::unless_named(id, &design.id())?;
    Ok(design)
}

/// The scheme of an accumulator: `exact`, or an adder id whose family and parameter count and whose width
/// does not.
///
/// # Errors
/// [`ArithError`], also for the id of a multiplier.
///
/// ```
/// use axsim::arith::{accumulator, adder::Scheme};
/// assert_eq!(accumulator("add24s_loa_k6"), Ok(Scheme::LowerOr(6)));
/// assert!(accumulator("mul8s_exact").is_err());
/// ```
pub fn accumulator(id: &str) -> Result<Scheme, ArithError> {
    if id == "exact" {
        return Ok(Scheme::KoggeStone);
    }
    match parse(id)? {
        (Family { operation: "add", name, .. }, _, _, value) => Ok(scheme(name, value)),
        _ => Err(ArithError::Parameter {
            id: id.into(),
            expected: "an adder such as `add24s_loa_k6` is expected".into(),
        }),
    }
}

/// The family of a design id.
///
/// # Errors
/// [`ArithError`], as [`design`].
///
/// ```
/// assert_eq!(axsim::arith::family("mul8s_drum_k4").unwrap().name, "drum");
/// ```
pub fn family(id: &str) -> Result<&'static Family, ArithError> {
    design(id)?;
    parse(id).map(|(family, ..)| family)
}

/// (family, width, signed, parameter) of an id.
fn parse(id: &str) -> Result<(&'static Family, u32, bool, u32), ArithError> {
    let (operation, width, signed, rest) = split(id).ok_or_else(|| ArithError::Form(id.into()))?;
    let (name, parameter) = parameter_of(operation, rest);
    let family = FAMILIES.iter().find(|family| family.operation == operation && family.name == name);
    let family = family.ok_or_else(|| ArithError::Family {
        id: id.into(),
        name: name.into(),
        instead: instead(operation, name),
    })?;
    let fail = |expected: String| ArithError::Parameter { id: id.into(), expected };
    if !(2..=32).contains(&width) {
        return Err(fail(format!("a width of 2 to 32 bits is expected, not {width}")));
    }
    if family.signed_only && !signed {
        return Err(fail(format!(
            "`{name}` is for signed operands; write `mul{width}s_{rest}`",
            rest = id.rsplit_once("u_").map_or(name, |(_, rest)| rest)
        )));
    }
    let limit = match family.name {
        "trunc" => 2 * width,
        "bwtrunc" => width - 1,
        _ => width,
    };
    let lowest = u32::from(family.name == "drum") * 2;
    let value = match (family.parameter, parameter) {
        (None, None) => 0,
        (Some(_), Some((_, value))) if (lowest..=limit).contains(&value) => value,
        (Some(letter), _) => {
            return Err(fail(format!("write `{name}_{letter}N` with N from {lowest} to {limit}")));
        }
        (None, Some(_)) => return Err(fail(format!("`{name}` has no parameter"))),
    };
    Ok((family, width, signed, value))
}

fn scheme(name: &str, value: u32) -> Scheme {
    match name {
        "ripple" => Scheme::Ripple,
        "loa" => Scheme::LowerOr(value),
        _ => Scheme::KoggeStone,
    }
}

fn make(family: &'static Family, width: u32, signed: bool, value: u32) -> Box<dyn Design> {
    let multiplier = |core| Box::new(Multiplier { width, signed, core, family: family.name });
    match (family.operation, family.name) {
        ("add", name) => Box::new(Adder { width, signed, scheme: scheme(name, value), family: family.name }),
        (_, "array") => multiplier(Core::Array),
        (_, "trunc") => multiplier(Core::Truncated(value)),
        (_, "drum") => multiplier(Core::Drum(value)),
        (_, "bw" | "bwtrunc") => Box::new(BaughWooley { width, cut: value, family: family.name }),
        (_, "kulkarni") => multiplier(Core::Kulkarni),
        (_, "mitchell") => multiplier(Core::Mitchell),
        _ => multiplier(Core::Dadda),
    }
}

/// (operation, width, signed, rest) of an id.
fn split(id: &str) -> Option<(&str, u32, bool, &str)> {
    let (head, rest) = id.split_once('_')?;
    let operation = head.get(..3).filter(|operation| ["add", "mul"].contains(operation))?;
    let sign = head.chars().last()?;
    let width = head.get(3..head.len() - sign.len_utf8())?.parse().ok()?;
    matches!(sign, 's' | 'u').then_some((operation, width, sign == 's', rest))
}

/// Family and parameter: a last part of one letter and digits is a parameter.
fn parameter_of<'a>(operation: &str, rest: &'a str) -> (&'a str, Option<(char, u32)>) {
    let last = rest.rsplit_once('_').and_then(|(name, last)| {
        let letter = last.chars().next()?;
        let known = |family: &&Family| family.operation == operation && family.name == name;
        let expected = FAMILIES.iter().find(known).and_then(|family| family.parameter);
        let value = last.get(letter.len_utf8()..)?.parse().ok()?;
        expected.is_none_or(|expected| expected == letter).then_some((name, Some((letter, value))))
    });
    last.unwrap_or((rest, None))
}

/// A near miss is asked back, for anything else all families are named.
fn instead(operation: &str, name: &str) -> String {
    let names = FAMILIES.iter().filter(|family| family.operation == operation).map(|family| family.name);
    let similarity = |known: &&str| strsim::jaro_winkler(known, name);
    let best = names.clone().max_by(|a, b| similarity(a).total_cmp(&similarity(b)));
    match best.filter(|best| similarity(best) >= 0.7) {
        Some(best) => format!("did you mean `{best}`?"),
        None => format!("there are {}", names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")),
    }
}
