//! `axsim list` and `axsim explain`.

use std::fmt::Write;

use super::files;
use crate::arith::FAMILIES;
use crate::config::{knob::KNOBS, preset::PLATFORMS};
use crate::error::Error;

pub(super) fn list() -> Result<bool, Error> {
    let mut out = String::from("designs: operation, width, u or s, family, parameter (mul8s_drum_k4)\n");
    for family in FAMILIES {
        let parameter = family.parameter.map_or(String::new(), |letter| format!("_{letter}N"));
        let name = format!("{}·_{}{parameter}", family.operation, family.name);
        let _ = writeln!(out, "  {name:<20} {}", family.definition);
    }
    out += "\nplatforms\n";
    PLATFORMS.iter().for_each(|(name, text)| {
        let about = text.lines().find_map(|line| line.strip_prefix("about: ")).unwrap_or("");
        let _ = writeln!(out, "  {name:<20} {about}");
    });
    out += "\nknobs: path, range, neutral value\n";
    for knob in KNOBS {
        let neutral = knob.neutral().map_or("as in the platform".into(), |value| value.to_string());
        let _ = writeln!(out, "  {:<40} {} (neutral: {neutral})", knob.path, knob.range);
    }
    files::print(&out)
}

pub(super) fn explain(name: &str) -> Result<bool, Error> {
    let mut out = String::new();
    for knob in KNOBS.iter().filter(|knob| knob.path == name || knob.path.ends_with(&format!(".{name}"))) {
        let neutral = knob.neutral().map_or("as in the platform".into(), |value| value.to_string());
        let _ = writeln!(
            out,
            "knob {}\n  {}\n  class: {:?}\n  range: {}\n  neutral: {neutral}\n  energy: {}",
            knob.path, knob.does, knob.class, knob.range, knob.energy
        );
    }
    for family in FAMILIES.iter().filter(|family| family.name == name) {
        let _ = writeln!(
            out,
            "{} {}\n  {}\n  source: {}",
            family.operation, family.name, family.definition, family.source
        );
    }
    if out.is_empty() {
        let design = crate::arith::design(name).map_err(|_| {
            Error::Usage(format!("`{name}` is no knob, family or design; `axsim list` shows what there is"))
        })?;
        let signature = design.signature();
        let _ = writeln!(
            out,
            "{}: {} by {} bits, {} bits out",
            design.id(),
            signature.width_a,
            signature.width_b,
            signature.width_out()
        );
    }
    files::print(&out)
}
