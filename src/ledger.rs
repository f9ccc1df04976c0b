//! The account of a run: every energy, time and traffic figure of a report is a sum over its entries.
//!
//! An entry counts actions of one component. Its price is known at once or named, to be resolved after
//! the last sample (the price of a multiply-accumulate depends on the operands of the whole run).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::constant::Constant;
use crate::units::Joules;

/// The four places on a sample's way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Capture, including the image signal processor.
    Sensor,
    /// Off-chip and on-chip memory.
    Memory,
    /// The array, its registers and its leakage.
    Compute,
    /// Sending, including compression.
    Link,
}

impl Stage {
    /// All stages in the order of a sample's way.
    pub const ALL: [Stage; 4] = [Stage::Sensor, Stage::Memory, Stage::Compute, Stage::Link];

    /// The stage's name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Sensor => "sensor",
            Stage::Memory => "memory",
            Stage::Compute => "compute",
            Stage::Link => "link",
        }
    }
}

/// What one action costs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Price {
    /// So much per action, because of this constant.
    Each(Joules, Constant),
    /// To be resolved by name.
    Named(String),
}

/// A line of the ledger: so many actions at a price.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Where on the sample's way.
    pub stage: Stage,
    /// Dotted path of the component, for example `memory.main`.
    pub component: String,
    /// What was done, for example `read bits`.
    pub action: String,
    /// How often.
    pub count: f64,
    /// What each costs.
    pub price: Price,
}

impl Entry {
    /// Energy of the line; `None` while its price is only named.
    pub fn energy(&self) -> Option<Joules> {
        match &self.price {
            Price::Each(each, _) => Some(*each * self.count),
            Price::Named(_) => None,
        }
    }
}

/// A price that was never resolved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the price `{0}` was never resolved")]
pub struct UnresolvedPrice(pub String);

/// The account.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ledger {
    entries: BTreeMap<String, Entry>,
}

impl Ledger {
    /// Bills `entry`; equal actions at an equal price are added up.
    pub fn bill(&mut self, entry: Entry) {
        let key = match &entry.price {
            Price::Each(each, constant) => format!(
                "{}/{}/{}/{}/{:x}",
                entry.stage.name(),
                entry.component,
                entry.action,
                constant.name,
                each.0.to_bits()
            ),
            Price::Named(name) => {
                format!("{}/{}/{}/{name}", entry.stage.name(), entry.component, entry.action)
            }
        };
        let count = entry.count;
        self.entries.entry(key).and_modify(|known| known.count += count).or_insert(entry);
    }

    /// Adds another account to this one.
    pub fn merge(&mut self, other: Ledger) {
        other.entries.into_values().for_each(|entry| self.bill(entry));
    }

    /// The account with every count divided, for example by the number of samples.
    pub fn per(mut self, divisor: f64) -> Ledger {
        self.entries.values_mut().for_each(|entry| entry.count /= divisor);
        self
    }

    /// Replaces every named price by what `price` says.
    ///
    /// # Errors
    /// When `price` does not know a name.
    pub fn resolve(
        self,
        mut price: impl FnMut(&str) -> Option<(Joules, Constant)>,
    ) -> Result<Ledger, UnresolvedPrice> {
        let mut resolved = Ledger::default();
        for mut entry in self.entries.into_values() {
            if let Price::Named(name) = &entry.price {
                let (each, constant) = price(name).ok_or_else(|| UnresolvedPrice(name.clone()))?;
                entry.price = Price::Each(each, constant);
            }
            resolved.bill(entry);
        }
        Ok(resolved)
    }

    /// All lines in a fixed order.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    /// Energy of a stage; lines whose price is still open count as nothing.
    pub fn stage(&self, stage: Stage) -> Joules {
        self.entries().filter(|entry| entry.stage == stage).filter_map(Entry::energy).sum()
    }

    /// Energy of all stages: the sum of [`Ledger::stage`], in that order.
    pub fn total(&self) -> Joules {
        Stage::ALL.iter().map(|&stage| self.stage(stage)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::constant::Trust;

    fn entry(stage: Stage, count: f64, each: f64) -> Entry {
        let constant = Constant::new("c", each, "J", Trust::Chosen, "test");
        let price = Price::Each(Joules(each), constant);
        Entry { stage, component: "x".into(), action: "y".into(), count, price }
    }

    #[test]
    fn stages_sum_to_the_total_and_equal_actions_are_added() {
        let mut ledger = Ledger::default();
        ledger.bill(entry(Stage::Sensor, 2.0, 0.5));
        ledger.bill(entry(Stage::Sensor, 3.0, 0.5));
        ledger.bill(entry(Stage::Link, 1.0, 0.25));
        assert_eq!(ledger.entries().count(), 2);
        assert_eq!(ledger.stage(Stage::Sensor), Joules(2.5));
        assert_eq!(ledger.total(), Joules(2.75));
        assert_eq!(ledger.per(2.0).total(), Joules(1.375));
    }

    #[test]
    fn a_named_price_costs_nothing_until_it_is_resolved() {
        let mut ledger = Ledger::default();
        let price = Price::Named("mac.conv1".into());
        ledger.bill(Entry { price, ..entry(Stage::Compute, 8.0, 0.0) });
        assert_eq!(ledger.total(), Joules::ZERO);
        let error = ledger.clone().resolve(|_| None).unwrap_err();
        assert_eq!(error.to_string(), "the price `mac.conv1` was never resolved");
        let price = |_: &str| Some((Joules(2.0), Constant::new("m", 2.0, "J", Trust::Derived, "test")));
        assert_eq!(ledger.resolve(price).unwrap().total(), Joules(16.0));
    }
}
