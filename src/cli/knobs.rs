//! `axsim list` and `axsim explain`.

use std::fmt::Write;

use indexmap::IndexSet;

use super::{constants, explain, files};
use crate::arith;
use crate::config::knob::{KNOBS, Knob, stands_for};
use crate::config::near;
use crate::config::preset::PLATFORMS;
use crate::config::schema::{Field, fields};
use crate::error::Error;

pub(super) fn list() -> Result<bool, Error> {
    let mut out = explain::families();
    out += "\nplatforms\n";
    PLATFORMS.iter().for_each(|(name, text)| {
        let _ = writeln!(out, "  {name:<20} {}", about(text));
    });
    out += "\nknobs: path, range, neutral value\n";
    for knob in KNOBS {
        let _ = writeln!(out, "  {:<40} {} (neutral: {})", knob.path, knob.range, knob.neutral_in_words());
    }
    files::print(&out)
}

fn about(preset: &str) -> &str {
    preset.lines().find_map(|line| line.strip_prefix("about: ")).unwrap_or("")
}

/// What a name stands for; where a sign is given, it is the file of a product table, whatever it ends on.
pub(super) fn explain(name: &str, signed: Option<bool>) -> Result<bool, Error> {
    if signed.is_some() || explain::table::is_named(name) {
        return files::print(&explain::table::explained(name, signed)?);
    }
    let constant = constants::constant(name)?;
    if !constant.is_empty() {
        return files::print(&constant);
    }
    // What stands behind a dot is a price of what stands before it.
    if explain::looks_like_an_id(name) && !name.contains('.') {
        return files::print(&explain::unit(name)?);
    }
    let path = ["platform.", "workload."].iter().find_map(|start| name.strip_prefix(start)).unwrap_or(name);
    let out = [knobs(path), explain::family(name), preset(name)].concat();
    let fields = fields();
    let out = if out.is_empty() { keys(&fields, path) } else { out };
    if out.is_empty() { Err(unknown(name, path, &fields)) } else { files::print(&out) }
}

/// Those of a path, else those whose path ends so.
fn named<T: Clone>(all: &[T], path: &str, of: impl Fn(&T) -> &str) -> Vec<T> {
    let whole: Vec<T> = all.iter().filter(|one| stands_for(of(one), path)).cloned().collect();
    let end = format!(".{path}");
    if whole.is_empty() { all.iter().filter(|one| of(one).ends_with(&end)).cloned().collect() } else { whole }
}

fn knobs(path: &str) -> String {
    let said = |knob: &Knob| {
        let Knob { path, does, class, range, energy, .. } = knob;
        let neutral = knob.neutral_in_words();
        format!(
            "knob {path}\n  {does}\n  class: {class:?}\n  range: {range}\n  neutral: {neutral}\n  energy: {energy}\n"
        )
    };
    named(&KNOBS, path, |knob| knob.path).iter().map(said).collect()
}

/// Keys of the YAML files that are no knobs of their own.
fn keys(fields: &[Field], path: &str) -> String {
    let said = |Field { path, does, values }: &Field| {
        let values: String = values.iter().map(|value| format!("  {value}\n")).collect();
        format!("key {}\n  {does}\n{values}", path.replace('?', ""))
    };
    named(fields, path, |field| &field.path).iter().map(said).collect()
}

/// A platform that ships, with what its file says first.
fn preset(name: &str) -> String {
    let Some((_, text)) = PLATFORMS.iter().find(|(known, _)| *known == name) else { return String::new() };
    let comment = text.lines().map_while(|line| line.strip_prefix("# "));
    let comment: String = comment.map(|line| format!("  {line}\n")).collect();
    format!(
        "platform {name}: {}\n{comment}  write `platform: {name}`, or `platform: {{preset: {name}, …}}` with what differs\n",
        about(text)
    )
}

fn unknown(name: &str, path: &str, fields: &[Field]) -> Error {
    let paths: Vec<String> = fields.iter().map(|field| field.path.replace('?', "")).collect();
    let known = KNOBS.iter().map(|knob| knob.path).chain(arith::families().map(|family| family.name));
    let known = known.chain(PLATFORMS.iter().map(|(name, _)| *name));
    let constants = constants::names(name);
    let known = known.chain(paths.iter().chain(&constants).map(String::as_str));
    let known: IndexSet<&str> = known.collect();
    let near: Vec<String> = near(path, known.into_iter()).iter().map(|near| format!("`{near}`")).collect();
    let help = match near.is_empty() {
        true => "`axsim list` shows what there is".into(),
        false => format!("did you mean {}?", near.join(" or ")),
    };
    Error::Usage(format!("`{name}` is no knob, key, family, design, platform or constant; {help}"))
}
