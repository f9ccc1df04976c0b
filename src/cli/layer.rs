//! Layers that an argument names, and files that are named after them.

use crate::error::Error;
use crate::workload::{Layer, layer};

/// The layer that `wanted`, the value of `flag`, names: by its name in the model, or by `#` and its place from 0.
pub(super) fn named(mut layers: Vec<Layer>, flag: &str, wanted: &str) -> Result<Layer, Error> {
    let missing = |error| Error::Usage(format!("`{flag} {wanted}`: {error}"));
    layer(&layers, wanted).map(|index| layers.swap_remove(index)).map_err(missing)
}

/// What the files of one of the layers of a network are called, unlike those of any other: its name as a file's, and behind it
/// its number where another layer's would be called so too.
pub(super) fn stem(layers: &[Layer], layer: &Layer) -> String {
    let plain = plain(layer);
    if is_anothers(layers, layer, &plain) { numbered(layer) } else { plain }
}

/// Whether files of another layer than this one are called so.
fn is_anothers(layers: &[Layer], layer: &Layer, stem: &str) -> bool {
    let others = || layers.iter().filter(|other| other.index != layer.index);
    // The number makes a name longer, so that this ends.
    let numbered_so = |other: &Layer| numbered(other) == stem && is_anothers(layers, other, &plain(other));
    others().any(|other| plain(other) == stem || numbered_so(other))
}

fn numbered(layer: &Layer) -> String {
    format!("{}-{}", plain(layer), layer.index)
}

/// A layer's name as a file's; where nothing of it can be one, its number.
fn plain(layer: &Layer) -> String {
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

    fn layers(names: &[&str]) -> Vec<Layer> {
        let layer = |(index, name): (usize, &&str)| Layer {
            index,
            name: name.to_string(),
            geometry: Geometry::dense(2, 2),
            weights: Origin::Stored,
            form: Form::Image,
            zeros: 0,
        };
        names.iter().enumerate().map(layer).collect()
    }

    const NAMES: [&str; 2] = ["/body/conv1", "classifier"];

    #[test]
    fn a_layer_is_found_by_its_name_and_by_its_number() {
        assert_eq!(named(layers(&NAMES), "--golden", "classifier").unwrap().index, 1);
        let first = named(layers(&NAMES), "--golden", "#0").unwrap();
        assert_eq!((&*first.name, &*stem(&layers(&NAMES), &first)), ("/body/conv1", "body_conv1"));
    }

    fn stems(names: &[&str]) -> Vec<String> {
        let layers = layers(names);
        layers.iter().map(|layer| stem(&layers, layer)).collect()
    }

    #[test]
    fn layers_whose_names_are_alike_as_those_of_files_have_their_number_and_no_others() {
        assert_eq!(stems(&["c", "a/b", "a_b", "c-0"]), ["c", "a_b-1", "a_b-2", "c-0"]);
        // A name as one with a number, one that is a number, and one that is nothing.
        assert_eq!(stems(&["a/b", "a_b", "a_b-0"]), ["a_b-0", "a_b-1", "a_b-0-2"]);
        assert_eq!(stems(&["layer1", "//", "/"]), ["layer1-0", "layer1-1", "layer2"]);
    }

    proptest::proptest! {
        #[test]
        fn no_two_layers_have_files_of_one_name(
            names in proptest::collection::hash_set("[ab/_0-3-]{0,5}", 1..8),
        ) {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let stems = stems(&names);
            let distinct: std::collections::HashSet<&String> = stems.iter().collect();
            proptest::prop_assert_eq!(distinct.len(), stems.len(), "{:?}: {:?}", names, stems);
        }
    }

    #[test]
    fn an_unknown_layer_is_answered_with_all_there_are() {
        let message = |wanted: &str| named(layers(&NAMES), "--golden", wanted).unwrap_err().to_string();
        let all = "there is no such layer among #0 to #1, `/body/conv1`, `classifier`";
        assert_eq!(message("#2"), format!("`--golden #2`: {all}"));
        assert_eq!(message("clasifier"), format!("`--golden clasifier`: {all}; did you mean `classifier`?"));
    }
}
