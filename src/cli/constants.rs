//! The figures of a bill in words.

use std::fmt::Write;

use crate::constant::Constant;
use crate::error::Error;
use crate::platform::compute::neurons::Neurons;
use crate::platform::compute::signs::SignArray;
use crate::platform::constants;
use crate::run::RunError;
use crate::units::quantity;

/// Figures that the operands of a layer or a file decide on, which only a run knows.
const OF_A_RUN: [(&str, &str); 5] = [
    (
        "mac.switching",
        "energy of a multiply-accumulate, a value a layer: operands that it saw, replayed through the gates of the unit\n  \
         `axsim characterize UNIT` gives that of operands drawn at random",
    ),
    (
        "mac.wires",
        "energy of an operation that charges wires, beside that of the unit's cells, reckoned with wire.load_per_fanout",
    ),
    (
        "multiplier.energy_table",
        "energy of a multiplication, a value a layer: the mean of the user's file that `energy_table` names over every operand \
         pair of the layer\n  the run with that file has it in its ledger, with the file's hash as the source",
    ),
    (
        "xnor64.word",
        "energy of a word of signs multiplied and counted, a value a binary layer: words that it saw, replayed through the \
         gates of the unit",
    ),
    (
        "neuron.addition",
        "energy of a weight added to a membrane, a value a layer of spikes: weights in the order of its events, replayed through \
         the gates of a neuron",
    ),
];

/// The figures of a name with value, band, trust and source; empty where there is none.
pub(super) fn constant(name: &str) -> Result<String, Error> {
    let of_a_run = OF_A_RUN.iter().filter(|(own, _)| *own == name);
    let of_a_run: String = of_a_run.map(|(name, does)| format!("constant {name}\n  {does}\n")).collect();
    let known = match name.rsplit_once('.') {
        Some((circuit, what)) => of_circuit(circuit, what)?,
        None => String::new(),
    };
    let fixed = constants::known();
    let fixed = fixed.iter().filter(|known| known.name == name).map(said);
    Ok(of_a_run + &known + &fixed.collect::<String>())
}

/// A price of a circuit.
fn of_circuit(circuit: &str, what: &str) -> Result<String, Error> {
    let (priced, note) = match stand_in(circuit) {
        Some(gates) => {
            let note =
                format!("a product table of a user's file has no gates: the figure is that of `{gates}`");
            (gates, note)
        }
        None => (circuit.to_string(), note(circuit)),
    };
    let prices = constants::of_circuit(&priced).map_err(RunError::from)?;
    let wanted = prices.into_iter().filter(|price| price.name == format!("{priced}.{what}"));
    let named = wanted.map(|price| Constant { name: format!("{circuit}.{what}"), ..price });
    let note = if note.is_empty() { note } else { format!("  {note}\n") };
    Ok(named.map(|price| said(&price) + &note).collect())
}

/// What is to be said of a circuit beside its price.
fn note(circuit: &str) -> String {
    match circuit {
        Neurons::UNIT => {
            format!("for weights of {} bits; those of fewer take less", constants::NEURON_WEIGHT_BITS)
        }
        SignArray::UNIT => "the unit of binary layers".into(),
        _ => String::new(),
    }
}

/// The circuit whose gates stand in for those of one with a product table, `mac8s_table_HASH` or `mul8s_table_HASH`.
pub(super) fn stand_in(circuit: &str) -> Option<String> {
    let ours = |head: &str| ["mac", "mul"].into_iter().any(|kind| head.starts_with(kind));
    let (head, rest) = circuit.split_once("_table_").filter(|(head, _)| ours(head))?;
    let end = rest.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(rest.len());
    let family = if head.ends_with('s') { "bw" } else { "exact" };
    (end > 0).then(|| format!("{head}_{family}{}", &rest[end..]))
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

/// All names, for near misses: of prices, and of those of a circuit where one is named.
pub(super) fn names(wanted: &str) -> Vec<String> {
    let circuit =
        wanted.rsplit_once('.').map(|(circuit, _)| constants::of_circuit(circuit).unwrap_or_default());
    let known = circuit.unwrap_or_default().into_iter().chain(constants::known()).map(|known| known.name);
    known.chain(OF_A_RUN.iter().map(|(name, _)| (*name).into())).collect()
}
