//! Outliers as large language models have them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which channels of activations are made large before the network is quantised, in a way that leaves its outputs what they are.
///
/// # Source
/// T. Dettmers, M. Lewis, Y. Belkada, L. Zettlemoyer, LLM.int8(), NeurIPS 2022, arXiv 2208.07339: in large language models a
/// few channels, the same in all layers, are far larger than the others.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Outliers {
    /// None.
    #[default]
    None,
    /// Some channels of every gain, whose factor the weights that read them are divided by.
    ///
    /// A gain is what multiplies channels last: that of a normalisation, or the filters of a layer, if stored weights alone read
    /// what it makes, perhaps in another order, pooled or past a ReLU.
    Gains {
        /// What these channels are multiplied by, 1 to 1000.
        #[schemars(range(min = 1.0, max = 1000.0))]
        factor: f64,
        /// The share of the channels, 0 to 1, rounded to a whole number of them, one at least; a 32nd unless given. They are
        /// drawn, the same for all gains of as many channels.
        #[serde(default = "few")]
        #[schemars(range(min = 0.0, max = 1.0))]
        share: f64,
    },
}

fn few() -> f64 {
    1.0 / 32.0
}

impl Outliers {
    /// What is wrong with its figures, if anything: the field, and what to write.
    pub(super) fn fault(&self) -> Option<(&'static [&'static str], &'static str)> {
        match *self {
            Self::Gains { factor, .. } if !(1.0..=1000.0).contains(&factor) => {
                Some((&["gains", "factor"], "write a number from 1 to 1000"))
            }
            Self::Gains { share, .. } if !(0.0..=1.0).contains(&share) => {
                Some((&["gains", "share"], "write a share from 0 to 1"))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn outliers_are_read_back_as_they_were_written_and_their_figures_are_checked() {
        let written = json!({"gains": {"factor": 10.0}});
        let found: Outliers = serde_json::from_value(written).unwrap();
        assert_eq!(found, Outliers::Gains { factor: 10.0, share: 0.03125 });
        assert_eq!(serde_json::from_value::<Outliers>(json!("none")).unwrap(), Outliers::None);
        let field = |factor, share| Outliers::Gains { factor, share }.fault().map(|(field, _)| field[1]);
        let fields = [field(1.0, 1.0), field(0.5, 0.1), field(f64::NAN, 0.1), field(2.0, 1.5)];
        assert_eq!(fields, [None, Some("factor"), Some("factor"), Some("share")]);
    }
}
