//! How each layer's operands become codes and what multiplies them: all that another emulator has to be told.

use serde::Serialize;

use super::error::RunError;
use super::parts::Parts;
use super::products::products;
use crate::arith;
use crate::config::Outliers;
use crate::config::platform::{Compute, Multiplier};
use crate::table::Table;
use crate::workload::{Layer, Quantized, Weights};

/// A layer as another emulator of approximate multipliers sees it.
#[derive(Debug, Clone)]
pub struct LayerCoding {
    /// Which one.
    pub layer: Layer,
    /// Its activations.
    pub input: Coding,
    /// Its weights.
    pub weights: Coding,
    /// Id of its multiplier; for a product table the stem of its file.
    pub multiplier: String,
    /// The products: rows are activations, columns weights.
    pub table: Table,
    /// Whether the multiplier takes codes as they are, with what their zero points add taken off afterwards.
    pub raw: bool,
}

/// Real value = scale · (code − zero point).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Coding {
    /// Bits of a code.
    pub bits: u32,
    /// The code of zero among codes from 0; half of the range where codes are two's complement.
    pub zero_point: u8,
    /// One for all, or one per output channel.
    pub scale: Vec<f32>,
}

impl Coding {
    /// Whether codes are two's complement around zero, so that one figure tells their range.
    pub fn is_symmetric(&self) -> bool {
        u32::from(self.zero_point) == 1 << (self.bits - 1)
    }

    /// The largest magnitude on the grid, per scale: what pytorch-quantization calls `amax`.
    ///
    /// ```
    /// use axsim::run::Coding;
    /// let coding = Coding { bits: 8, zero_point: 128, scale: vec![0.5] };
    /// assert_eq!(coding.largest(), [63.5]);
    /// ```
    pub fn largest(&self) -> Vec<f32> {
        let steps = ((1u32 << (self.bits - 1)) - 1) as f32;
        self.scale.iter().map(|scale| scale * steps).collect()
    }

    /// The real values of the lowest and the highest code, per scale.
    ///
    /// ```
    /// use axsim::run::Coding;
    /// let coding = Coding { bits: 8, zero_point: 0, scale: vec![0.5] };
    /// assert_eq!(format!("{:?}", coding.ends()), "[[0.0, 127.5]]");
    /// ```
    pub fn ends(&self) -> Vec<[f32; 2]> {
        let (zero, top) = (f32::from(self.zero_point), ((1u32 << self.bits) - 1) as f32);
        self.scale.iter().map(|scale| [(0.0 - zero) * scale, (top - zero) * scale]).collect()
    }

    fn of(weights: &Weights) -> Self {
        let mut scale = weights.scales.clone();
        if scale.windows(2).all(|pair| pair[0] == pair[1]) {
            scale.truncate(1);
        }
        Self { bits: weights.bits, zero_point: weights.zero_point, scale }
    }
}

/// All layers of a setup.
///
/// # Errors
/// [`RunError::NoUnit`] where nothing computes with gates, [`RunError::Recovers`] where sums are corrected, which no
/// other emulator does, [`RunError::Changes`] where activations are others than those of the model as its file has it.
pub(super) fn codings(parts: &Parts<'_>, quantized: &Quantized) -> Result<Vec<LayerCoding>, RunError> {
    let Compute::Array(config) = &parts.setup.platform.compute else { return Err(RunError::NoUnit) };
    if !config.recovery.measures().is_empty() {
        return Err(RunError::Recovers);
    }
    if parts.setup.workload.outliers != Outliers::None || !quantized.turned().is_empty() {
        return Err(RunError::Changes);
    }
    // What the array refuses to multiply is no coding either.
    products(parts, quantized)?;
    let of = |layer: &Layer| {
        let array = parts.timely(layer.index)?;
        let (grid, design) = (quantized.input_grid(layer.index), array.mac().multiplier());
        Ok(LayerCoding {
            layer: layer.clone(),
            input: Coding { bits: grid.bits, zero_point: grid.zero_point, scale: vec![grid.scale] },
            weights: Coding::of(&quantized.weights()[layer.index]),
            multiplier: parts.multiplier(layer.index).and_then(stem).unwrap_or_else(|| design.id()),
            table: arith::table(design).map_err(|error| RunError::Untabulated(design.id(), error))?,
            raw: array.takes_raw_codes(),
        })
    };
    quantized.layers().iter().map(of).collect()
}

/// What a product table is called: its file, without folder and ending.
fn stem(multiplier: &Multiplier) -> Option<String> {
    let Multiplier::Table { table, .. } = multiplier else { return None };
    Some(table.file_stem()?.to_string_lossy().into_owned())
}
