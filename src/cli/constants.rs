//! The figures of a bill in words.

use std::fmt::Write;

use super::explain::looks_like_an_id;
use crate::arith::mac::Mac;
use crate::constant::Constant;
use crate::error::Error;
use crate::platform::constants;
use crate::run::RunError;
use crate::units::quantity;

/// Figures that the operands of a layer decide on, which only a run knows.
const OF_A_RUN: [(&str, &str); 2] = [
    (
        "mac.switching",
        "energy of a multiply-accumulate, a value a layer: operands that it saw, replayed through the gates of the unit\n  \
         `axsim characterize UNIT` gives that of operands drawn at random",
    ),
    (
        "mac.wires",
        "energy of a multiply-accumulate that charges wires, beside mac.switching, reckoned with wire.load_per_fanout",
    ),
];

/// The figures of a name with value, band, trust and source; empty where there is none.
pub(super) fn constant(name: &str) -> Result<String, Error> {
    let known = match name.split_once('.').filter(|_| looks_like_an_id(name)) {
        Some((id, _)) => of_unit(id)?,
        None => constants::known(),
    };
    let of_a_run = OF_A_RUN.iter().filter(|(own, _)| *own == name);
    let of_a_run = of_a_run.map(|(name, does)| format!("constant {name}\n  {does}\n"));
    Ok(known.iter().filter(|known| known.name == name).map(said).chain(of_a_run).collect())
}

fn of_unit(id: &str) -> Result<Vec<Constant>, Error> {
    let array = Mac::from_id(id).ok().map(constants::array_with).transpose().map_err(RunError::from)?;
    Ok(array.map_or(vec![], |array| array.constants()))
}

fn said(constant: &Constant) -> String {
    let Constant { name, value, unit, low, high, source, trust } = constant;
    let mut out = format!("constant {name}: {}", quantity(*value, unit));
    if let (Some(low), Some(high)) = (low, high) {
        let base = unit.split(' ').next().unwrap_or_default();
        let _ = write!(out, ", {} to {}", quantity(*low, base), quantity(*high, base));
    }
    out + &format!("\n  {}: {source}\n", trust.name())
}

/// All names, for near misses.
pub(super) fn names() -> Vec<String> {
    let known = constants::known().into_iter().map(|known| known.name);
    known.chain(OF_A_RUN.iter().map(|(name, _)| (*name).into())).collect()
}
