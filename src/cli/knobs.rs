//! `axsim list` and `axsim explain`.

use std::fmt::Write;

use super::{explain, files};
use crate::config::{knob::KNOBS, preset::PLATFORMS};
use crate::error::Error;

pub(super) fn list() -> Result<bool, Error> {
    let mut out = explain::families();
    out += "\nplatforms\n";
    PLATFORMS.iter().for_each(|(name, text)| {
        let about = text.lines().find_map(|line| line.strip_prefix("about: ")).unwrap_or("");
        let _ = writeln!(out, "  {name:<20} {about}");
    });
    out += "\nknobs: path, range, neutral value\n";
    for knob in KNOBS {
        let neutral = knob.neutral().map_or("as configured".into(), |value| value.to_string());
        let _ = writeln!(out, "  {:<40} {} (neutral: {neutral})", knob.path, knob.range);
    }
    files::print(&out)
}

pub(super) fn explain(name: &str) -> Result<bool, Error> {
    let mut out = String::new();
    for knob in KNOBS.iter().filter(|knob| knob.path == name || knob.path.ends_with(&format!(".{name}"))) {
        let neutral = knob.neutral().map_or("as configured".into(), |value| value.to_string());
        let _ = writeln!(
            out,
            "knob {}\n  {}\n  class: {:?}\n  range: {}\n  neutral: {neutral}\n  energy: {}",
            knob.path, knob.does, knob.class, knob.range, knob.energy
        );
    }
    out += &explain::family(name);
    if out.is_empty() {
        out = explain::unit(name)?;
    }
    files::print(&out)
}
