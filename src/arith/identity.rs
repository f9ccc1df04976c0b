//! Which designs of the catalogue a circuit is, by what it computes.

use std::time::Duration;

use rayon::prelude::*;

use super::{Design, Family, design, families};
use crate::netlist::{Proof, prove};
use crate::rng::Stream;
use crate::table::Table;

/// Operand pairs that wide designs are compared on.
pub const SAMPLES: usize = 1 << 16;

/// Members up to which every one of a family is looked at.
const MEMBERS: usize = 4096;
/// Values of each parameter that are looked at in larger families.
const EACH: usize = 16;

/// Designs that compute the same as a circuit.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Alike {
    /// Their ids.
    pub designs: Vec<String>,
    /// Whether all operand pairs were compared, or as many random ones as [`SAMPLES`].
    pub exhaustive: bool,
    /// Those whose equality on every pair is proved, by equal canonical netlists or by [`prove`]; all, where every pair
    /// was compared.
    pub proved: Vec<String>,
    /// Families that have more members than were looked at.
    pub sampled: Vec<&'static str>,
}

/// Finds the designs of the catalogue with this one's operation, widths and sign that give the same result for every
/// operand pair, or above 16 operand bits for every one of [`SAMPLES`] random pairs and, as far as `time` for each
/// suffices, by proof.
///
/// ```
/// use std::time::Duration;
/// use axsim::arith::{design, identity::alike};
/// let found = alike(&*design("mul4u_ssm_m3").unwrap(), Duration::from_secs(1));
/// assert!(found.designs.contains(&"mul4u_dsm_m3".to_string()));
/// ```
pub fn alike(circuit: &dyn Design, time: Duration) -> Alike {
    let signature = circuit.signature();
    let mut sampled = vec![];
    let mut ids = vec![];
    if signature.width_a == signature.width_b && circuit.width_out() >= signature.width_out() {
        for family in families() {
            let (members, whole) = members(family, circuit);
            ids.extend(members);
            if !whole {
                sampled.push(family.name);
            }
        }
    }
    let exhaustive = signature.operand_bits() <= Table::LIMIT;
    let few = pairs(circuit, 64);
    let many = if exhaustive { vec![] } else { pairs(circuit, SAMPLES) };
    let results = |design: &dyn Design| {
        let netlist = design.netlist();
        if exhaustive { netlist.eval_all() } else { netlist.eval_pairs(&many) }
    };
    let expected = results(circuit);
    // A few pairs tell most designs apart at once; the gates of the rest are walked, hundreds of pairs at a time.
    let same = |id: &String| {
        design(id).is_ok_and(|member| {
            member.width_out() == circuit.width_out()
                && agree(circuit, &*member, &few)
                && results(&*member) == expected
        })
    };
    let designs: Vec<String> = ids.into_par_iter().filter(same).collect();
    let proved = if exhaustive { designs.clone() } else { proved(circuit, &designs, time) };
    Alike { designs, exhaustive, proved, sampled }
}

/// Those of some designs that are proved to compute the same.
fn proved(circuit: &dyn Design, designs: &[String], time: Duration) -> Vec<String> {
    let netlist = circuit.netlist();
    let structure = netlist.structure();
    let is_proved = |id: &&String| {
        design(id).is_ok_and(|member| {
            let gates = member.netlist();
            gates.structure() == structure || prove(&netlist, &gates, time) == Proof::Equal
        })
    };
    designs.par_iter().filter(is_proved).cloned().collect()
}

/// Ids of a family's members of these widths and this sign, and whether all of them are here.
fn members(family: &Family, circuit: &dyn Design) -> (Vec<String>, bool) {
    let signature = circuit.signature();
    let operation =
        if family.operation() == "add" { crate::table::Operation::Add } else { crate::table::Operation::Mul };
    if operation != signature.operation {
        return (vec![], true);
    }
    let whole = family.size(signature.width_a) <= MEMBERS;
    let choices = family.choices(signature.width_a, if whole { usize::MAX >> 1 } else { EACH });
    let sign = if signature.signed { 's' } else { 'u' };
    let id = |values: &Vec<u32>| {
        format!("{}{}{sign}_{}", family.operation(), signature.width_a, family.suffix(values))
    };
    (choices.iter().map(id).collect(), whole)
}

/// Random pairs of operand codes.
fn pairs(circuit: &dyn Design, count: usize) -> Vec<(u64, u64)> {
    let signature = circuit.signature();
    let mut stream = Stream::new(1, "arith.identity", 0);
    (0..count).map(|_| (stream.below(1 << signature.width_a), stream.below(1 << signature.width_b))).collect()
}

fn agree(circuit: &dyn Design, member: &dyn Design, pairs: &[(u64, u64)]) -> bool {
    let signature = circuit.signature();
    let value =
        |design: &dyn Design, &(a, b): &(u64, u64)| design.eval(signature.value_a(a), signature.value_b(b));
    pairs.iter().all(|pair| value(circuit, pair) == value(member, pair))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_circuit_with_one_bit_more_is_recognised() {
        use crate::arith::imported::Imported;
        let circuit = Imported::new(design("mul7u_mbm_q6").unwrap().netlist()).unwrap();
        assert_eq!(circuit.width_out(), 15);
        let found = alike(&circuit, Duration::from_secs(1)).designs;
        assert!(found.contains(&"mul7u_mbm_q6".to_string()), "{found:?}");
        assert!(!found.contains(&"mul7u_mbm_q4".to_string()), "{found:?}");
    }

    #[test]
    fn wide_designs_are_recognised_on_random_pairs_and_proved() {
        let found = alike(&*design("add16u_etaii_x4").unwrap(), Duration::from_secs(60));
        assert!(!found.exhaustive);
        assert_eq!(found.proved, found.designs);
        for id in ["add16u_etaii_x4", "add16u_gear_r4_p4"] {
            assert!(found.designs.contains(&id.to_string()), "{id}: {found:?}");
        }
        assert!(!found.designs.contains(&"add16u_gear_r4_p8".to_string()));
    }
}
