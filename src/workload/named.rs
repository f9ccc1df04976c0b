//! Layers by what a user calls them.

use indexmap::IndexMap;

use super::Layer;
use crate::config::suggest;

/// A name that is not that of one layer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoLayer {
    /// The network multiplies and adds nothing that an array is asked for.
    #[error("the network has no layers on the array")]
    Empty,
    /// No layer has it.
    #[error("there is no such layer among #0 to #{last}, {names}{help}")]
    Unknown {
        /// The last layer's place.
        last: usize,
        /// The names of all.
        names: String,
        /// What was meant, where that can be told.
        help: String,
    },
    /// Several layers have it.
    #[error("layers {places} are called so; write one of these places")]
    Several {
        /// The places of all that have it.
        places: String,
    },
}

/// The index of the layer that `wanted` names: by its node name in the model, or by `#` and its place from 0.
///
/// `#` and a number is always a place, also where a node of the model is called so: such a name cannot be used, nor can
/// one that several layers share.
///
/// # Errors
/// [`NoLayer`], with all names there are, or the places to choose from.
pub fn layer(layers: &[Layer], wanted: &str) -> Result<usize, NoLayer> {
    let unknown = || unknown(layers, wanted);
    if let Some(place) = place(wanted) {
        return place.parse().ok().filter(|index| *index < layers.len()).ok_or_else(unknown);
    }
    match called(layers, wanted)[..] {
        [] => Err(unknown()),
        [index] => Ok(index),
        [ref first @ .., last] => {
            let first: Vec<String> = first.iter().map(|index| format!("#{index}")).collect();
            let places = format!("{} and #{last}", first.join(", "));
            Err(NoLayer::Several { places })
        }
    }
}

/// The digits of a place.
fn place(wanted: &str) -> Option<&str> {
    let digits = |text: &&str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    wanted.strip_prefix('#').filter(digits)
}

/// The layers of that name.
fn called(layers: &[Layer], name: &str) -> Vec<usize> {
    (0..layers.len()).filter(|&index| layers[index].name == name).collect()
}

fn unknown(layers: &[Layer], wanted: &str) -> NoLayer {
    let Some(last) = layers.len().checked_sub(1) else { return NoLayer::Empty };
    let names: Vec<&str> = layers.iter().map(|layer| &*layer.name).collect();
    let near = || suggest(wanted, &names).filter(|help| help.starts_with("did you mean"));
    let help = match called(layers, wanted).first() {
        Some(index) => Some(format!("`#` and a number is a place and no name: write `#{index}`")),
        None => near(),
    };
    let help = help.map_or(String::new(), |help| format!("; {help}"));
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    NoLayer::Unknown { last, names: names.join(", "), help }
}

/// Names of layers that fit no network's layers one to one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Misnamed {
    /// No layer, or several.
    #[error("names `{name}`: {fault}")]
    None {
        /// The layer as named.
        name: String,
        /// What is wrong with it.
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

#[cfg(test)]
mod tests {
    use super::super::{Form, Origin};
    use super::*;
    use crate::kernel::Geometry;

    fn found(names: &[&str], wanted: &str) -> Result<usize, String> {
        let own = |(index, name): (usize, &&str)| Layer {
            index,
            name: name.to_string(),
            geometry: Geometry::dense(2, 2),
            weights: Origin::Stored,
            form: Form::Matrix,
            zeros: 0,
        };
        let layers: Vec<Layer> = names.iter().enumerate().map(own).collect();
        layer(&layers, wanted).map_err(|fault| fault.to_string())
    }

    #[test]
    fn a_name_that_layers_share_is_refused_with_their_places() {
        let told = |places: &str| format!("layers {places} are called so; write one of these places");
        assert_eq!(found(&["A", "B", "A"], "A").unwrap_err(), told("#0 and #2"));
        assert_eq!(found(&["A", "A", "A"], "A").unwrap_err(), told("#0, #1 and #2"));
        let name = "A".to_string();
        let whole =
            Misnamed::None { name, fault: NoLayer::Several { places: "#0 and #2".into() } }.to_string();
        assert_eq!((whole.matches('A').count(), whole), (1, format!("names `A`: {}", told("#0 and #2"))));
        assert_eq!(found(&["A", "B", "A"], "#2"), Ok(2));
        assert_eq!(found(&["A", "B", "A"], "B"), Ok(1));
    }

    #[test]
    fn a_number_is_a_place_whatever_nodes_are_called() {
        assert_eq!(found(&["#1", "b"], "#1"), Ok(1));
        assert_eq!(found(&["#1", "b"], "#0"), Ok(0));
        let help = "; `#` and a number is a place and no name: write `#0`";
        assert!(found(&["#7", "b"], "#7").unwrap_err().ends_with(help));
        // Nodes without a name are called by number and operator.
        assert_eq!(found(&["#3 Conv", "#+0", "#"], "#3 Conv"), Ok(0));
        assert_eq!(found(&["#3 Conv", "#+0", "#"], "#+0"), Ok(1));
        assert_eq!(found(&["#3 Conv", "#+0", "#"], "#"), Ok(2));
        assert!(found(&["a"], "#99999999999999999999").unwrap_err().starts_with("there is no such layer"));
    }

    #[test]
    fn a_network_without_layers_has_none_to_name() {
        for wanted in ["#0", "a"] {
            assert_eq!(found(&[], wanted).unwrap_err(), "the network has no layers on the array");
        }
    }
}
