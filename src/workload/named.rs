//! Layers by what a user calls them.

use super::Layer;
use crate::config::suggest;

/// A layer that a network does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no such layer among #0 to #{last}, {names}{near}")]
pub struct NoLayer {
    last: usize,
    names: String,
    near: String,
}

/// The index of the layer that `wanted` names: by its node name in the model, or by `#` and its place from 0.
///
/// # Errors
/// [`NoLayer`], with all names there are.
pub fn layer(layers: &[Layer], wanted: &str) -> Result<usize, NoLayer> {
    let index = match wanted.strip_prefix('#') {
        Some(index) => index.parse().ok().filter(|index| *index < layers.len()),
        None => layers.iter().position(|layer| layer.name == wanted),
    };
    index.ok_or_else(|| {
        let names: Vec<&str> = layers.iter().map(|layer| &*layer.name).collect();
        let near = suggest(wanted, &names).filter(|help| help.starts_with("did you mean"));
        let near = near.map_or(String::new(), |help| format!("; {help}"));
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        NoLayer { last: layers.len().saturating_sub(1), names: names.join(", "), near }
    })
}
