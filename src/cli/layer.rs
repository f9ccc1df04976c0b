//! Layers that an argument names, and files that are named after them.

use crate::error::Error;
use crate::workload::{Layer, layer};

/// The layer that `wanted`, the value of `flag`, names: by its name in the model, or by `#` and its place from 0.
pub(super) fn named(mut layers: Vec<Layer>, flag: &str, wanted: &str) -> Result<Layer, Error> {
    let missing = |error| Error::Usage(format!("`{flag} {wanted}`: {error}"));
    layer(&layers, wanted).map(|index| layers.swap_remove(index)).map_err(missing)
}

/// A layer's name as a file's; where nothing of it can be one, its number.
pub(super) fn stem(layer: &Layer) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
    let name: String = layer.name.chars().map(plain).collect();
    let name = name.trim_matches(['_', '.']);
    if name.is_empty() { format!("layer{}", layer.index) } else { name.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Geometry;
    use crate::workload::{Form, Origin};

    fn layers() -> Vec<Layer> {
        let layer = |(index, name): (usize, &str)| Layer {
            index,
            name: name.into(),
            geometry: Geometry::dense(2, 2),
            weights: Origin::Stored,
            form: Form::Image,
            zeros: 0,
        };
        ["/body/conv1", "classifier"].into_iter().enumerate().map(layer).collect()
    }

    #[test]
    fn a_layer_is_found_by_its_name_and_by_its_number() {
        assert_eq!(named(layers(), "--golden", "classifier").unwrap().index, 1);
        let first = named(layers(), "--golden", "#0").unwrap();
        assert_eq!((&*first.name, &*stem(&first)), ("/body/conv1", "body_conv1"));
    }

    #[test]
    fn an_unknown_layer_is_answered_with_all_there_are() {
        let message = |wanted: &str| named(layers(), "--golden", wanted).unwrap_err().to_string();
        let all = "there is no such layer among #0 to #1, `/body/conv1`, `classifier`";
        assert_eq!(message("#2"), format!("`--golden #2`: {all}"));
        assert_eq!(message("clasifier"), format!("`--golden clasifier`: {all}; did you mean `classifier`?"));
    }
}
