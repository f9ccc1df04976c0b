//! How the numbers that contractions read are written.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Formats of the operands of contractions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NumberFormats {
    /// Of stored weights.
    #[serde(skip_serializing_if = "NumberFormat::is_plain")]
    pub weights: NumberFormat,
    /// Of activations that meet stored weights.
    #[serde(skip_serializing_if = "NumberFormat::is_plain")]
    pub activations: NumberFormat,
    /// Of the second of two computed operands, keys and values of attention.
    #[serde(skip_serializing_if = "NumberFormat::is_plain")]
    pub kv: NumberFormat,
}

impl NumberFormats {
    /// Whether numbers are codes of the whole tensor's or filter's grid, of the configured bits.
    pub fn are_plain(&self) -> bool {
        *self == Self::default()
    }

    /// The formats with their names.
    pub(crate) fn each(&self) -> [(&'static str, NumberFormat); 3] {
        [("weights", self.weights), ("activations", self.activations), ("kv", self.kv)]
    }
}

/// How numbers are written. Groups and blocks lie along the channels that are summed over, at one tap of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum NumberFormat {
    /// As codes of `weight_bits` and `activation_bits`, a scale for a filter of weights and for a tensor of activations.
    #[default]
    Plain,
    /// The same of other bits.
    Int {
        /// Bits of a code, 2 to 8; of activations also 16, with a sign and zero in the middle.
        #[schemars(extend("enum" = [2, 3, 4, 5, 6, 7, 8, 16]))]
        bits: u32,
        /// Weights that share a step, 4 to 256: 1 to 255 steps of their filter, by which units multiply the sum of their
        /// products (VS-Quant). Codes then have 3 to 8 bits.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(range(min = 4, max = 256))]
        group: Option<usize>,
        /// What has a scale of its own.
        #[serde(default, skip_serializing_if = "IntScale::is_whole")]
        scale: IntScale,
    },
    /// Integers of a basis, cut to few bits below the leading one of their group, which keeps as a flag how many low bits go.
    Razor {
        /// Bits of an integer before, 8 or 16; its scale is that of a filter of weights, or calibrated for a tensor.
        #[schemars(extend("enum" = [8, 16]))]
        basis: u32,
        /// Bits of a code, 2 to 8; 3 to 8 of sign and magnitude.
        #[schemars(range(min = 2, max = 8))]
        bits: u32,
        /// Numbers that share a flag, 4 to 256.
        #[schemars(range(min = 4, max = 256))]
        group: usize,
        /// How what goes is rounded.
        #[serde(default)]
        rounding: RazorRounding,
        /// What codes there are.
        #[serde(default)]
        code: RazorCode,
    },
    /// Integers of few bits in blocks that share a power of two, kept in 8 bits.
    ///
    /// A step is at most as many powers of two below the largest as 16 bits have more than a code, the reach of an array's
    /// shifter.
    Mxint {
        /// Bits of a code, 3 to 8.
        #[schemars(range(min = 3, max = 8))]
        bits: u32,
        /// Numbers that share a step, 4 to 256.
        #[schemars(range(min = 4, max = 256))]
        block: usize,
    },
}

impl NumberFormat {
    pub(super) fn is_plain(&self) -> bool {
        *self == Self::Plain
    }

    /// Integers of so many bits, with a scale for a filter or a tensor.
    ///
    /// ```
    /// use axsim::config::NumberFormat;
    /// assert_eq!(NumberFormat::int(4).plain_bits(), Some(4));
    /// ```
    pub fn int(bits: u32) -> Self {
        Self::Int { bits, group: None, scale: IntScale::Whole }
    }

    /// Bits of codes without groups, where they are not those of all.
    pub fn plain_bits(&self) -> Option<u32> {
        match *self {
            Self::Int { bits, group: None, .. } => Some(bits),
            _ => None,
        }
    }

    /// Whether groups have steps that are whole numbers of that of their filter.
    pub(super) fn has_multiples(&self) -> bool {
        matches!(self, Self::Int { group: Some(_), .. })
    }

    /// Whether each token has a scale of its own.
    pub fn scales_tokens(&self) -> bool {
        matches!(self, Self::Int { scale: IntScale::Token, .. })
    }

    /// Whether codes have 16 bits.
    pub fn is_wide(&self) -> bool {
        self.plain_bits() == Some(16)
    }

    /// Numbers of a group that shares a shift; none where codes are plain.
    pub fn group(&self) -> Option<usize> {
        match *self {
            Self::Plain => None,
            Self::Int { group, .. } => group,
            Self::Razor { group, .. } => Some(group),
            Self::Mxint { block, .. } => Some(block),
        }
    }

    /// What is wrong with its figures, if anything: the field, and what to write; `which` are the numbers.
    pub(super) fn fault(&self, which: &str) -> Option<([&'static str; 2], &'static str)> {
        let activations = which == "activations";
        let token_rule = match activations {
            true => "codes of 16 bits have one scale for a tensor; leave `scale` out, or write 2 to 8 `bits`",
            false => {
                "activations alone have a scale a token, by which sums are multiplied; leave `scale` out"
            }
        };
        let sizes = 4..=256;
        let size = "write a whole number from 4 to 256";
        match *self {
            Self::Plain => None,
            Self::Int { bits, .. } if !((2..=8).contains(&bits) || activations && bits == 16) => {
                let rule = match activations {
                    true => "write a whole number from 2 to 8, or 16",
                    false => "write a whole number from 2 to 8; activations alone may have 16 bits",
                };
                Some((["int", "bits"], rule))
            }
            Self::Int { bits: 2, group: Some(_), .. } => {
                Some((["int", "bits"], "write a whole number from 3 to 8 where there are groups"))
            }
            Self::Int { group: Some(_), .. } if which != "weights" => {
                let rule = "weights alone have a step a group that is no power of two; write `razor` or `mxint`, or leave `group` out";
                Some((["int", "group"], rule))
            }
            Self::Int { group: Some(group), .. } if !sizes.contains(&group) => Some((["int", "group"], size)),
            Self::Int { bits, scale, .. } => {
                let fine = scale.is_whole() || activations && bits != 16;
                (!fine).then_some((["int", "scale"], token_rule))
            }
            Self::Razor { basis, .. } if ![8, 16].contains(&basis) => {
                Some((["razor", "basis"], "write 8 or 16"))
            }
            Self::Razor { bits, code: RazorCode::TwosComplement, .. } if !(2..=8).contains(&bits) => {
                Some((["razor", "bits"], "write a whole number from 2 to 8"))
            }
            Self::Razor { bits, code: RazorCode::SignMagnitude, .. } if !(3..=8).contains(&bits) => {
                Some((["razor", "bits"], "write a whole number from 3 to 8"))
            }
            Self::Razor { group, .. } => (!sizes.contains(&group)).then_some((["razor", "group"], size)),
            Self::Mxint { bits, .. } if !(3..=8).contains(&bits) => {
                Some((["mxint", "bits"], "write a whole number from 3 to 8"))
            }
            Self::Mxint { block, .. } => (!sizes.contains(&block)).then_some((["mxint", "block"], size)),
        }
    }
}

/// What integers have a scale for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IntScale {
    /// A filter of weights, or a tensor of activations, calibrated.
    #[default]
    Whole,
    /// A token of activations, the channels at one place of a sample: its largest magnitude at run time gets the largest code.
    /// For layers that read one place at a time.
    Token,
}

impl IntScale {
    fn is_whole(&self) -> bool {
        *self == Self::Whole
    }
}

/// How a magnitude whose low bits go is rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RazorRounding {
    /// To the nearest, halves to even.
    #[default]
    NearestEven,
    /// To the nearest, halves away from zero.
    HalfUp,
    /// Towards zero.
    Truncate,
}

/// What razored codes there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RazorCode {
    /// A sign and a magnitude: −7 to 7 in four bits.
    #[default]
    SignMagnitude,
    /// −8 to 7 in four bits.
    TwosComplement,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_format_is_read_back_as_it_was_written_and_its_figures_are_checked() {
        let razor = json!({"razor": {"basis": 16, "bits": 4, "group": 16, "rounding": "nearest_even",
            "code": "sign_magnitude"}});
        let short: NumberFormat =
            serde_json::from_value(json!({"razor": {"basis": 16, "bits": 4, "group": 16}})).unwrap();
        assert_eq!(serde_json::to_value(short).unwrap(), razor);
        for (written, wrong) in [
            (json!("plain"), None),
            (json!({"int": {"bits": 9}}), Some(["int", "bits"])),
            (json!({"int": {"bits": 16}}), Some(["int", "bits"])),
            (json!({"razor": {"basis": 12, "bits": 4, "group": 16}}), Some(["razor", "basis"])),
            (json!({"razor": {"basis": 8, "bits": 2, "group": 16}}), Some(["razor", "bits"])),
            (json!({"razor": {"basis": 8, "bits": 4, "group": 2}}), Some(["razor", "group"])),
            (json!({"mxint": {"bits": 4, "block": 32}}), None),
            (json!({"mxint": {"bits": 4, "block": 512}}), Some(["mxint", "block"])),
        ] {
            let format: NumberFormat = serde_json::from_value(written).unwrap();
            assert_eq!(format.fault("weights").map(|(field, _)| field), wrong, "{format:?}");
        }
        assert_eq!(NumberFormat::int(16).fault("activations"), None);
        assert!(NumberFormat::int(15).fault("activations").is_some_and(|(_, rule)| rule.ends_with("or 16")));
        let token = |bits| NumberFormat::Int { bits, group: None, scale: IntScale::Token };
        let found = [(4, "activations"), (16, "activations"), (4, "kv")];
        let found = found.map(|(bits, of)| token(bits).fault(of).map(|f| f.0[1]));
        assert_eq!(found, [None, Some("scale"), Some("scale")]);
        let grouped = |bits, group| NumberFormat::Int { bits, group: Some(group), scale: IntScale::Whole };
        let found = [(4, 16, "weights"), (4, 16, "activations"), (4, 2, "weights"), (2, 16, "weights")];
        let found = found.map(|(bits, group, of)| grouped(bits, group).fault(of).map(|f| f.0[1]));
        assert_eq!(found, [None, Some("group"), Some("group"), Some("bits")]);
        assert_eq!(serde_json::to_value(NumberFormat::int(4)).unwrap(), json!({"int": {"bits": 4}}));
    }
}
