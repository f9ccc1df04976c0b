//! Design ids: operation, widths, sign, family, parameters, final adder.

use super::adder::{Carries, FAST, Scheme};
use super::family::{Choice, Family, Kind, families};
use super::{Design, Widths};

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
    pub(crate) fn within(self, whole: &str) -> Self {
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

/// The design that an id names; widths 2 to 32, `8x4` where operands differ. The design carries the same id.
///
/// A multiplier that reduces its partial products to two rows takes any exact adder for the last addition, written
/// after `__`: `mul8u_dadda__brent_kung`, `mul8x4s_bw__cla_x4`.
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
    let Parts { family, widths, signed, choice } = parse(id)?;
    let design = family.member(widths, signed, &choice);
    ArithError::unless_named(id, &design.id())?;
    match design.width_out() {
        ..=64 => Ok(design),
        width => {
            let expected = format!(
                "its results have {width} bits, of which at most 64 are computed; write narrower operands"
            );
            Err(ArithError::Parameter { id: id.into(), expected })
        }
    }
}

/// The adder of a MAC unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accumulator {
    /// How it is built.
    pub scheme: Scheme,
    /// Family and parameters; empty for the exact one.
    pub family: String,
}

/// An accumulator: `exact`, or an adder id whose family and parameters count and whose width does not.
///
/// # Errors
/// [`ArithError`], also for the id of a multiplier.
///
/// ```
/// use axsim::arith::accumulator;
/// assert_eq!(accumulator("add24s_loa_k6").unwrap().family, "loa_k6");
/// assert!(accumulator("mul8s_exact").is_err());
/// ```
pub fn accumulator(id: &str) -> Result<Accumulator, ArithError> {
    if id == "exact" {
        return Ok(Accumulator { scheme: Scheme::Exact(FAST), family: String::new() });
    }
    let Parts { family, choice: Choice { values, .. }, .. } = parse(id)?;
    let (Kind::Adder(scheme) | Kind::Blocks(scheme)) = family.kind else {
        return Err(ArithError::Parameter {
            id: id.into(),
            expected: "an adder such as `add24s_loa_k6` is expected".into(),
        });
    };
    // The exact adder is built as Kogge-Stone, and that is what a MAC unit has by itself.
    let scheme = scheme(&values);
    let family = if scheme == Scheme::Exact(FAST) { String::new() } else { family.suffix(&values) };
    Ok(Accumulator { scheme, family })
}

/// The id of an adder of this family with these parameters, of `width` bits where there is one: not every width has all parameters,
/// and blocks that are named one by one have a single one.
///
/// # Errors
/// [`ArithError`] of that width, where none from 2 to 32 has them.
///
/// ```
/// use axsim::arith::adder_id;
/// assert_eq!(adder_id("loa_k6", 24).unwrap(), "add24s_loa_k6");
/// assert_eq!(adder_id("quad_r4_p0_r8_p4", 24).unwrap(), "add12s_quad_r4_p0_r8_p4");
/// ```
pub fn adder_id(family: &str, width: u32) -> Result<String, ArithError> {
    let id = |width: u32| format!("add{width}s_{family}");
    let wrong = match accumulator(&id(width)) {
        Ok(_) => return Ok(id(width)),
        Err(wrong) => wrong,
    };
    (2..=32).rev().map(id).find(|id| accumulator(id).is_ok()).ok_or(wrong)
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
    parse(id).map(|parts| parts.family)
}

/// Whether an id names an exact multiplier.
pub(super) fn is_exact(id: &str) -> bool {
    parse(id).is_ok_and(|parts| parts.family.multiplies_exactly())
}

/// The parameters of a design id: letters and values.
///
/// # Errors
/// [`ArithError`], as [`design`].
pub fn parameters(id: &str) -> Result<Vec<(char, u32)>, ArithError> {
    let Parts { family, choice, .. } = parse(id)?;
    Ok(family.parameters.iter().map(|parameter| parameter.letter).cycle().zip(choice.values).collect())
}

struct Parts {
    family: &'static Family,
    widths: Widths,
    signed: bool,
    choice: Choice,
}

fn parse(id: &str) -> Result<Parts, ArithError> {
    let (operation, widths, signed, rest) = split(id).ok_or_else(|| ArithError::Form(id.into()))?;
    let (rest, adder) = rest.split_once("__").map_or((rest, None), |(rest, adder)| (rest, Some(adder)));
    let family = named(id, operation, rest)?;
    let fail = |expected: String| ArithError::Parameter { id: id.into(), expected };
    let name = family.name;
    if let Some(width) = [widths.a, widths.b].into_iter().find(|width| !(2..=32).contains(width)) {
        return Err(fail(format!("a width of 2 to 32 bits is expected, not {width}")));
    }
    if !widths.equal() && !family.takes_unequal_widths() {
        let width = widths.greater();
        let sign = if signed { 's' } else { 'u' };
        let instead = format!("{operation}{width}{sign}_{rest}");
        return Err(fail(format!("`{name}` is defined for operands of one width; write `{instead}`")));
    }
    if family.signed_only() && !signed {
        return Err(fail(format!("`{name}` is for signed operands; write `mul{widths}s_{rest}`")));
    }
    let parts: Vec<&str> = rest[name.len()..].split('_').skip(1).collect();
    let values = family.values(widths, &parts).map_err(fail)?;
    let adder = adder.map(|adder| final_adder(id, family, widths, adder)).transpose()?.flatten();
    Ok(Parts { family, widths, signed, choice: Choice { values, adder } })
}

/// The family that the part of an id after the sign names.
fn named(id: &str, operation: &str, rest: &str) -> Result<&'static Family, ArithError> {
    let written = |family: &Family| {
        rest.strip_prefix(family.name).filter(|rest| rest.is_empty() || rest.starts_with('_'))
    };
    let named = families().filter(|family| family.operation() == operation && written(family).is_some());
    // The longest name: `kogge_stone` is no `kogge` with a parameter.
    named.max_by_key(|family| family.name.len()).ok_or_else(|| {
        // What is written after the name as parameters: a letter and digits each.
        let parameter = |part: &&str| part.len() > 1 && part[1..].bytes().all(|byte| byte.is_ascii_digit());
        let ascii = rest.is_ascii();
        let name: Vec<&str> = rest.split('_').take_while(|part| !ascii || !parameter(part)).collect();
        ArithError::no_family(id, operation, &name.join("_"))
    })
}

/// The final adder that an id names, exact and as wide as the product; none where the family has it by itself.
fn final_adder(
    id: &str,
    multiplier: &Family,
    widths: Widths,
    written: &str,
) -> Result<Option<(Carries, String)>, ArithError> {
    let fail = |expected: String| ArithError::Parameter { id: id.into(), expected };
    let usual = multiplier.final_adder().ok_or_else(|| {
        fail(format!(
            "the final adder of `{}` is no choice; that of `dadda` and other trees is",
            multiplier.name
        ))
    })?;
    let family = named(id, "add", written)?;
    let parts: Vec<&str> = written[family.name.len()..].split('_').skip(1).collect();
    let values = family.values(widths.sum().into(), &parts).map_err(fail)?;
    match family.kind {
        Kind::Adder(scheme) if let Scheme::Exact(carries) = scheme(&values) => {
            Ok((carries != usual).then(|| (carries, family.suffix(&values))))
        }
        _ => Err(fail(format!("the final adder is an exact one, such as `brent_kung`, not `{written}`"))),
    }
}

/// (operation, widths, signed, rest) of an id.
fn split(id: &str) -> Option<(&str, Widths, bool, &str)> {
    let (head, rest) = id.split_once('_')?;
    let operation = head.get(..3).filter(|operation| ["add", "mul"].contains(operation))?;
    let sign = head.chars().last()?;
    let widths = head.get(3..head.len() - sign.len_utf8())?;
    let (a, b) = widths.split_once('x').unwrap_or((widths, widths));
    let widths = Widths { a: a.parse().ok()?, b: b.parse().ok()? };
    matches!(sign, 's' | 'u').then_some((operation, widths, sign == 's', rest))
}
