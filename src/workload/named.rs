//! Layers by what a user calls them.

use indexmap::IndexMap;

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

/// Names of layers that fit no network's layers one to one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Misnamed {
    /// A layer that the network does not have.
    #[error("names `{name}`: {fault}")]
    None {
        /// The layer as named.
        name: String,
        /// The layers there are.
        fault: NoLayer,
    },
    /// One layer, by its name and by its place.
    #[error("names one layer twice, as `{other}` and as `{name}`; keep one of the two")]
    Twice {
        /// The later name.
        name: String,
        /// The earlier one.
        other: String,
    },
}

impl Misnamed {
    /// The name at fault.
    pub fn name(&self) -> &str {
        match self {
            Self::None { name, .. } | Self::Twice { name, .. } => name,
        }
    }
}

/// What is given to layers by name: for each layer its name as written, and what it is given.
///
/// # Errors
/// [`Misnamed`] where a name is no layer's, or two are of one.
pub fn by_layer<'m, T>(
    layers: &[Layer],
    named: &'m IndexMap<String, T>,
) -> Result<Vec<Option<(&'m str, &'m T)>>, Misnamed> {
    let mut given = vec![None; layers.len()];
    for (name, what) in named {
        let index = layer(layers, name).map_err(|fault| Misnamed::None { name: name.clone(), fault })?;
        let before: Option<(&str, &T)> = given[index].replace((&**name, what));
        if let Some((other, _)) = before {
            return Err(Misnamed::Twice { name: name.clone(), other: other.into() });
        }
    }
    Ok(given)
}
