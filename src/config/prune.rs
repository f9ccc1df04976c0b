//! Which weights are left out, without training.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which weights of a layer are left out before the network is quantised.
///
/// A ratio is the share of a layer's weights, or of its filters, rounded to a whole number of them.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Prune {
    /// None.
    #[default]
    None,
    /// The weights of least magnitude.
    Magnitude {
        /// The share that is left out, 0 to 1.
        #[schemars(range(min = 0.0, max = 1.0))]
        ratio: f64,
        /// Among which weights the least are sought.
        #[serde(default)]
        scope: Scope,
    },
    /// Weights drawn at random: what any criterion must beat.
    Random {
        /// The share that is left out, 0 to 1.
        #[schemars(range(min = 0.0, max = 1.0))]
        ratio: f64,
    },
    /// All but the largest of every few weights that follow each other in the order channel, row, column of a filter.
    NOfM {
        /// How many stay, from 1.
        #[schemars(range(min = 1))]
        keep: usize,
        /// Of how many, at most 64.
        #[schemars(range(min = 1, max = 64))]
        of: usize,
    },
    /// Whole filters of least L1 norm, with what reads their channels: the network is rebuilt without them.
    ///
    /// A layer whose channels meet others before the next layer reads them, as in the sum at the end of a residual block,
    /// stays whole; one filter of a layer stays in any case.
    Channel {
        /// The share that is left out, 0 to 1.
        #[schemars(range(min = 0.0, max = 1.0))]
        ratio: f64,
    },
}

/// Among which weights the least are sought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Those of each layer.
    #[default]
    Layer,
    /// Those of all layers without a rule of their own: layers of small weights lose more of them.
    Network,
}

impl Prune {
    /// What is wrong with its figures, if anything: the field, and what to write.
    pub(super) fn fault(&self) -> Option<(&'static [&'static str], &'static str)> {
        let share = |ratio: f64| (0.0..=1.0).contains(&ratio);
        let write = "write a share from 0 to 1";
        match *self {
            Self::Magnitude { ratio, .. } if !share(ratio) => Some((&["magnitude", "ratio"], write)),
            Self::Random { ratio } if !share(ratio) => Some((&["random", "ratio"], write)),
            Self::Channel { ratio } if !share(ratio) => Some((&["channel", "ratio"], write)),
            Self::NOfM { of, .. } if !(1..=64).contains(&of) => {
                Some((&["n_of_m", "of"], "write a whole number from 1 to 64"))
            }
            Self::NOfM { keep, of } if !(1..=of).contains(&keep) => {
                Some((&["n_of_m", "keep"], "write a whole number from 1 to that of `of`"))
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
    fn a_rule_is_read_back_as_it_was_written_and_its_figures_are_checked() {
        let rules = [
            (json!("none"), Prune::None, true),
            (json!({"n_of_m": {"keep": 2, "of": 4}}), Prune::NOfM { keep: 2, of: 4 }, true),
            (json!({"n_of_m": {"keep": 0, "of": 4}}), Prune::NOfM { keep: 0, of: 4 }, false),
            (json!({"random": {"ratio": 1.5}}), Prune::Random { ratio: 1.5 }, false),
        ];
        for (written, rule, fine) in rules {
            assert_eq!(serde_json::from_value::<Prune>(written.clone()).unwrap(), rule);
            assert_eq!(serde_json::to_value(rule).unwrap(), written);
            assert_eq!(rule.fault().is_none(), fine);
        }
        let least: Prune = serde_json::from_value(json!({"magnitude": {"ratio": 0.5}})).unwrap();
        assert_eq!(least, Prune::Magnitude { ratio: 0.5, scope: Scope::Layer });
    }
}
