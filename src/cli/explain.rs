//! Families and designs in words.

mod network;
pub(super) mod table;

use std::fmt::Write;

use super::constants::stand_in;
use crate::arith::mac::{Mac, Shape, Shift};
use crate::arith::razorer::Razorer;
use crate::arith::xnor::Xnor;
use crate::arith::{self, Design, Unit};
use crate::config::platform::Overflow;
use crate::error::Error;
use crate::kernel::Steps;
use crate::units::counted;

/// A line a family, with an id to try, group by group, and what is known but not built.
pub(super) fn families() -> String {
    let mut out = String::from("designs: operation, width (2 to 32), u or s, family, parameters\n");
    out +=
        "  operands of two widths: mul8x4u_exact; another final adder of a tree: mul8u_dadda__brent_kung\n";
    for group in &arith::GROUPS {
        let _ = writeln!(out, "\n {}", group.title);
        for family in group.families {
            let parameter: String =
                family.parameters.iter().map(|part| format!("_{}N", part.letter)).collect();
            let name = format!("{}·_{}{parameter}", family.operation(), family.name);
            let _ = writeln!(out, "  {name:<22} {:<24} {}", family.example(), family.definition);
        }
    }
    let unit = "any multiplier, registers, any adder as accumulator";
    let _ = writeln!(out, "\n MAC units\n  {:<22} {:<24} {unit}", "mac·_FAMILY__ADDER", "mac8s_drum_k4");
    let _ = writeln!(out, "  {:<22} {:<24}", "", "mac8s_exact__loa_k6");
    let shape =
        "accumulator that wraps, saturates, holds N products; lanes, ranks of registers, zeros gated, stalls";
    let _ = writeln!(out, "  {:<22} {:<24} {shape}", "  __wN __sN __kN", "mac4s_bw__s12__l4__p1");
    let _ = writeln!(out, "  {:<22} {:<24}", "  __lN __pN __z __e", "mac16x8s_bw__k100__z");
    let razored =
        "dot product of razored codes (QRazor), one shift a group of N; `sdrtc` in two's complement";
    let _ = writeln!(out, "  {:<22} {:<24} {razored}", "mac·s_sdr_gN__tN", "mac4s_sdr_g16");
    let scaled = "dot product of weights with a step a group of N (VS-Quant), by which its sum is multiplied";
    let _ = writeln!(out, "  {:<22} {:<24} {scaled}", "mac·s_vsq_gN__tN", "mac4s_vsq_g16");
    let razorer = "razors a group of N numbers of 8 or 16 bits; `__up`, `__trunc` round otherwise";
    let _ = writeln!(out, "  {:<22} {:<24} {razorer}", "sdr·x·_gN", "sdr16x4_g16");
    let xnor = "products of N signs (±1) by exclusive-nor, counted and accumulated, for binary networks";
    let _ = writeln!(out, "  {:<22} {:<24} {xnor}", "xnorN__wN", "xnor64");
    let _ = writeln!(out, "\n known, but not built");
    for open in &arith::OPEN {
        let _ = writeln!(out, "  {}: {}", open.name, open.reason);
    }
    out
}

/// What the families of a name compute, and their papers; empty where there is none.
pub(super) fn family(name: &str) -> String {
    let mut out = String::new();
    for family in arith::families().filter(|family| family.name == name) {
        let _ = writeln!(
            out,
            "{} {}, for example {}\n  {}\n  source: {}",
            family.operation(),
            family.name,
            family.example(),
            family.formula,
            family.source
        );
    }
    out
}

/// Whether a name begins as the id of a design or a MAC unit does.
pub(super) fn looks_like_an_id(name: &str) -> bool {
    let heads = ["add", "mul", "mac", "macr", "sdr", "sdrtc", "xnor"].into_iter();
    let mut rests = heads.filter_map(|head| name.strip_prefix(head));
    rests.any(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// What a design or a MAC unit computes, and its paper.
pub(super) fn unit(id: &str) -> Result<String, Error> {
    if let Some(gates) = stand_in(id) {
        Unit::from_id(&gates)?;
        return Ok(format!(
            "{id}: as `{gates}`, but the products are those of a user's file, by a hash of its entries\n  \
             `axsim explain FILE` tells what is read of that file\n  \
             gates: unknown, so that those of `{gates}` are priced, or what an `energy_table` says\n"
        ));
    }
    match Unit::from_id(id)? {
        Unit::Design(design) => Ok(explained(&*design)? + &network::of_multiplier(design)?),
        Unit::Mac(mac) => Ok(in_words(&mac) + &explained(mac.multiplier())? + &network::of_unit(mac)?),
        Unit::Razorer(razorer) => Ok(razoring(&razorer)),
        Unit::Xnor(xnor) => Ok(counting(&xnor)),
    }
}

fn explained(design: &dyn Design) -> Result<String, Error> {
    let (id, signature) = (design.id(), design.signature());
    let family = arith::family(&id)?;
    let value: Vec<String> =
        arith::parameters(&id)?.iter().map(|(letter, value)| format!("{letter} = {value}")).collect();
    let value = if value.is_empty() { String::new() } else { format!("; here {}", value.join(", ")) };
    let mut out = format!(
        "{id}: {} by {} bits, {} bits out\n  {}{value}\n",
        signature.width_a,
        signature.width_b,
        design.width_out(),
        family.formula
    );
    let signed = match (signature.signed, family.operation()) {
        (false, _) => None,
        (true, _) if family.signed_only() => None,
        (true, "add") => {
            Some("two's complement: the top bit is the exclusive-or of both signs and the carry out")
        }
        _ => Some("two's complement: |a| and |b| go through this, and y is negated where the signs differ"),
    };
    if let Some(signed) = signed {
        let _ = writeln!(out, "  {signed}");
    }
    if let Some((_, adder)) = id.split_once("__") {
        let _ = writeln!(out, "  but with `{adder}` as the final adder");
    }
    let _ = writeln!(out, "  source: {}", family.source);
    Ok(out)
}

fn in_words(mac: &Mac) -> String {
    let adder = if mac.adder().is_empty() { "an exact adder".into() } else { format!("`{}`", mac.adder()) };
    let ports: Vec<u32> =
        mac.ports().iter().filter(|port| port.name.starts_with(['a', 'b'])).map(|port| port.width).collect();
    let widths = [ports[0], ports[ports.len() - 1]];
    let widths = if widths[0] == widths[1] {
        widths[0].to_string()
    } else {
        widths.map(|width| width.to_string()).join(" and ")
    };
    let mut out = format!(
        "{}: operands of {widths} bits, partial sum of {} bits in and out, operands and result in registers\n  \
         y = c + product, added by {adder}, which {}\n",
        mac.id(),
        mac.accumulator_width(),
        match mac.overflow() {
            Overflow::Wrap => "wraps",
            Overflow::Saturate => "saturates",
        }
    );
    if mac.shape() != Shape::default() {
        out += &shaped(mac);
    }
    out
}

fn razoring(unit: &Razorer) -> String {
    let ([basis, target], razor) = (unit.widths(), unit.razor());
    format!(
        "{}: {} numbers of {basis} bits become codes of {target} bits and one flag of {} bits; a number takes {} bits in memory\n  \
         the flag is how many low bits go, so that the leading one of all magnitudes is the highest bit of a code\n  \
         source: Lee, Choi and Chang, \"QRazor\", arXiv 2501.13331 (2025)\n",
        unit.id(),
        razor.group(),
        razor.flag_bits(),
        razor.effective_bits()
    )
}

fn counting(unit: &Xnor) -> String {
    format!(
        "{}: words of {} signs (1 is +1, 0 is −1) and a count of {} bits in and out, words and result in registers\n  \
         y = c + how many signs of `a` and `b` are alike; the sum of n products of ±1 is 2·y − n\n  \
         source: Rastegari, Ordonez, Redmon, Farhadi, \"XNOR-Net\", ECCV 2016, section 3.2\n",
        unit.id(),
        unit.lanes(),
        unit.accumulator_width()
    )
}

/// What is around the multiplier.
fn shaped(mac: &Mac) -> String {
    let Shape { lanes, shift, ranks, gated, stalls } = mac.shape();
    let mut out = format!(
        "  {} a cycle, {} cycles from operands to result; an accumulator of {} bits surely holds the sum of {}\n",
        counted(lanes as usize, "product"),
        mac.latency(),
        mac.accumulator_width(),
        counted(mac.depth(mac.accumulator_width()) as usize, "product")
    );
    if let Some(Shift { group, largest, steps }) = shift {
        let _ = match steps {
            Steps::PowersOfTwo => writeln!(
                out,
                "  the sum of {group} products is shifted left by `t`, 0 to {largest}: the flags of both groups"
            ),
            Steps::Multiples => writeln!(
                out,
                "  the sum of {group} products is multiplied by `t`, 0 to {largest}: the step of the group in least steps"
            ),
        };
    }
    let held =
        ["", "  products are held in registers\n", "  products and their sums are held in registers\n"];
    out += held[ranks as usize];
    if gated {
        out += "  operand registers hold where an operand is zero, whose product is zero; their clock still runs\n";
    }
    if stalls {
        out += "  all registers hold while `en` is 0\n";
    }
    out
}
