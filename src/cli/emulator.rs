//! A run's tables and scales in the forms that other emulators of approximate multipliers read.

use std::collections::BTreeMap;
use std::path::Path;

use clap::ValueEnum;
use serde_json::{Value, json};

use super::{files, folder};
use crate::error::Error;
use crate::kernel::Geometry;
use crate::run::LayerCoding;
use crate::table::Table;
use crate::units::counted;
use crate::workload::{Layer, Origin};

/// The file that says what the others are.
const MANIFEST: &str = "layers.json";
const FOLDERS: folder::Kind = folder::Kind { manifest: MANIFEST, argument: "--out DIR", files: named };

/// The files of the tables that a manifest names.
fn named(manifest: &Value) -> Option<Vec<String>> {
    let is_for = |emulator: &&Emulator| manifest["for"] == emulator.name();
    let emulator = Emulator::value_variants().iter().find(is_for)?;
    let tables = manifest["layers"].as_array()?.iter().filter_map(|layer| layer["table"].as_str());
    Some(tables.map(|stem| emulator.file(stem)).collect())
}

/// A layer whose filters pass over pixels.
const CONVOLUTION: &str = "convolution";

/// Emulators of networks on approximate multipliers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Emulator {
    /// AdaPT (PyTorch): a C header per table, `amax` of activations and weights
    Adapt,
    /// TransAxx (PyTorch): the same forms
    Transaxx,
    /// ApproxTorch (PyTorch): a text file per table, scales of features and weights
    Approxtorch,
    /// TFApprox (TensorFlow): 16-bit words per table, the least and greatest activation and weight
    Tfapprox,
}

impl Emulator {
    fn name(self) -> &'static str {
        match self {
            Self::Adapt => "AdaPT",
            Self::Transaxx => "TransAxx",
            Self::Approxtorch => "ApproxTorch",
            Self::Tfapprox => "TFApprox",
        }
    }

    /// Where its files go by default.
    fn folder(self) -> String {
        self.name().to_lowercase()
    }

    /// Whether it looks products up by the weight first and by the activation second.
    ///
    /// AdaPT and TransAxx multiply filters by columns of pixels in convolutions, and rows of activations by weights in
    /// linear layers (`axx_conv2d.cpp`, `axx_linear.cpp`; `adapt_convolution_layer.cu`, `adapt_linear_layer.cu`).
    fn weights_first(self, kind: &str) -> bool {
        matches!(self, Self::Adapt | Self::Transaxx) && kind == CONVOLUTION
    }

    fn file(self, stem: &str) -> String {
        let ending = match self {
            Self::Adapt | Self::Transaxx => "h",
            Self::Approxtorch => "txt",
            Self::Tfapprox => "bin",
        };
        format!("{stem}.{ending}")
    }

    fn table(self, table: &Table) -> Result<Vec<u8>, Error> {
        Ok(match self {
            Self::Adapt | Self::Transaxx => table.to_header().into_bytes(),
            Self::Approxtorch => table.to_ordered_text().into_bytes(),
            Self::Tfapprox => table.to_words().map_err(|error| Error::Usage(error.to_string()))?,
        })
    }

    /// Why it cannot do what a layer does, and what to write instead.
    fn refuses(self, coding: &LayerCoding) -> Option<&'static str> {
        let signature = coding.table.signature();
        if coding.layer.weights == Origin::Computed && self != Self::Transaxx {
            return Some("it does not multiply two computed values");
        }
        if signature.width_a != 8 || signature.width_b != 8 {
            return Some("it takes multipliers of 8 bits; name one such as mul8s_drum_k4");
        }
        if self == Self::Tfapprox {
            return if signature.signed || !coding.raw {
                Some(
                    "it multiplies unsigned codes as they are; name an unsigned multiplier and write `products: raw`",
                )
            } else if coding.weights.scale.len() > 1 {
                Some("it has one range for all weights; write `workload.quantize.weight_scales: per_tensor`")
            } else {
                None
            };
        }
        if !signature.signed || coding.raw || !coding.input.is_symmetric() {
            return Some(
                "it multiplies signed codes around zero; name a signed multiplier such as mul8s_drum_k4",
            );
        }
        let per_channel = coding.weights.scale.len() > 1 && self != Self::Approxtorch;
        per_channel.then_some(
            "it has one scale for all weights; write `workload.quantize.weight_scales: per_tensor`",
        )
    }

    /// The ranges of a layer in the emulator's own terms.
    fn ranges(self, coding: &LayerCoding) -> Value {
        let (input, weights) = (&coding.input, &coding.weights);
        match self {
            Self::Adapt | Self::Transaxx => {
                json!({"quantizer.amax": input.largest()[0], "quantizer_w.amax": weights.largest()[0]})
            }
            Self::Approxtorch => json!({"scale_feature": input.scale[0], "scale_weight": weights.scale}),
            Self::Tfapprox => {
                let ([input], [filter]) = (&input.ends()[..], &weights.ends()[..]) else {
                    return Value::Null;
                };
                json!({"input_min": input[0], "input_max": input[1], "filter_min": filter[0], "filter_max": filter[1]})
            }
        }
    }
}

/// Writes the tables and the ranges of all layers and says what is in them; `run` repeats the run.
pub(super) fn write(
    out: &Path,
    emulator: Emulator,
    codings: &[LayerCoding],
    run: &str,
) -> Result<String, Error> {
    let folder = out.join(emulator.folder());
    folder::replaceable(&folder, FOLDERS)?;
    let (mut tables, mut layers) = (BTreeMap::new(), vec![]);
    for coding in codings {
        if let Some(why) = emulator.refuses(coding) {
            let what = format!("{} does not do what layer `{}` does", emulator.name(), coding.layer.name);
            return Err(Error::Usage(format!("`--emulator {}`: {what}: {why}", emulator.folder())));
        }
        let kind = kind(&coding.layer);
        let (stem, table) = looked_up(coding, emulator.weights_first(kind));
        layers.push(json!({
            "name": coding.layer.name,
            "kind": kind,
            "table": stem,
            "ranges": emulator.ranges(coding),
        }));
        tables.insert(emulator.file(&stem), emulator.table(&table)?);
    }
    let manifest = json!({"for": emulator.name(), "repeat": run, "layers": layers});
    let manifest =
        serde_json::to_string_pretty(&manifest).map_err(|error| Error::Usage(error.to_string()))? + "\n";
    let count = counted(tables.len(), "table");
    let contents: Vec<(String, Vec<u8>)> =
        tables.into_iter().chain([(MANIFEST.into(), manifest.into_bytes())]).collect();
    folder::write(&folder, &contents, FOLDERS)?;
    Ok(format!(
        "{} for {}: {count}, {MANIFEST} says which layer takes which, and its ranges\n{}",
        counted(codings.len(), "layer"),
        emulator.name(),
        files::written(&[folder])
    ))
}

/// What the emulators call a layer; a product of one row is what exporters make of a linear one.
fn kind(layer: &Layer) -> &'static str {
    let Geometry { kernel, groups, .. } = layer.geometry;
    match layer.weights {
        Origin::Computed => "matmul",
        Origin::Stored if kernel == [1, 1] && groups == 1 && layer.geometry.positions() == 1 => "linear",
        Origin::Stored => CONVOLUTION,
    }
}

/// A layer's table and its name; rows are weights where those come first.
fn looked_up(coding: &LayerCoding, weights_first: bool) -> (String, Table) {
    let transposed = coding.table.transposed();
    if weights_first && transposed != coding.table {
        (format!("{}_weight_first", coding.multiplier), transposed)
    } else {
        (coding.multiplier.clone(), coding.table.clone())
    }
}
