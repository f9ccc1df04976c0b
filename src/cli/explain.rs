//! Families and designs in words.

use std::fmt::Write;

use crate::arith::mac::Mac;
use crate::arith::{self, Design, Unit};
use crate::config::platform::Overflow;
use crate::error::Error;
use crate::kernel::Products;

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

/// What a design or a MAC unit computes, and its paper.
pub(super) fn unit(id: &str) -> Result<String, Error> {
    let looks_like_an_id = ["add", "mul", "mac", "macr"]
        .iter()
        .any(|head| id.strip_prefix(head).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit())));
    if !looks_like_an_id {
        let message = format!("`{id}` is no knob, family or design; `axsim list` shows what there is");
        return Err(Error::Usage(message));
    }
    match Unit::from_id(id)? {
        Unit::Design(design) => explained(&*design),
        Unit::Mac(mac) => Ok(in_words(&mac) + &explained(mac.multiplier())?),
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
    if let Some(mac) = in_a_network(&id) {
        let (holds, width) = (mac.holds(), mac.accumulator_width());
        let _ = writeln!(
            out,
            "  in a network: the {width}-bit accumulator surely holds the sum of {holds} products"
        );
        if mac.width() == 8 {
            let _ = writeln!(out, "  in a network, on this processor: {}", way(&mac));
        }
    }
    Ok(out)
}

/// The unit of a multiplier that takes a network's codes, at most 8 bits of them.
fn in_a_network(id: &str) -> Option<Mac> {
    Mac::from_id(&format!("mac{}", id.strip_prefix("mul")?)).ok().filter(|mac| mac.width() <= 8)
}

/// How layers form the products of an 8-bit multiplier: signed codes, as arrays take them.
fn way(mac: &Mac) -> String {
    let product = |at: i64| mac.product((at >> 8) - 128, (at & 255) - 128) as i32;
    Products::new(&(0..1 << 16).map(product).collect::<Vec<_>>()).way()
}

fn in_words(mac: &Mac) -> String {
    let adder = if mac.adder().is_empty() { "an exact adder".into() } else { format!("`{}`", mac.adder()) };
    format!(
        "{}: operands of {} bits, partial sum of {} bits in and out, operands and result in registers\n  \
         y = c + product, added by {adder}, which {}\n",
        mac.id(),
        mac.port_width(),
        mac.accumulator_width(),
        match mac.overflow() {
            Overflow::Wrap => "wraps",
            Overflow::Saturate => "saturates",
        }
    )
}
