//! The hardware a sample passes: sensor, memories, array and link, built from the configuration.
//!
//! Every role is a small trait with an `ideal` implementation (costs nothing, changes nothing) and an
//! honest one. An implementation changes the signal *and* bills what it did to the [`Ledger`]; there is no
//! other way to cost anything.

use indexmap::IndexMap;

use crate::config::platform as config;
use crate::constant::Constant;
use crate::ledger::{Entry, Ledger, Price, Stage};
use crate::units::{Joules, Seconds};

pub mod compute;
pub mod constants;
pub mod link;
pub mod memory;
pub mod sensor;

/// What an implementation may know of the run while it handles one sample.
pub struct Context<'a> {
    /// Seed of the run's temporal noise.
    pub seed: u64,
    /// Number of the fault map: which device of a batch this is.
    pub map: u64,
    /// Number of the sample in its data set.
    pub sample: usize,
    /// Where costs go.
    pub ledger: &'a mut Ledger,
}

/// Why a configured platform can't be built.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PlatformError {
    /// A value outside what the model covers.
    #[error("`{field}` is {value}, but must be {allowed}")]
    OutOfRange {
        /// Path of the value inside the platform.
        field: String,
        /// The value as configured.
        value: String,
        /// What is allowed, in words.
        allowed: &'static str,
    },
    /// A product table that cannot be used.
    #[error("product table {0}")]
    Table(String),
    /// A file of energies that cannot be used.
    #[error("energy table {0}")]
    Energies(String),
    /// A file of energies where results come too late.
    #[error(
        "the clock is too fast for `{unit}`: a multiplication that is cut off does not cost what an energy table says; leave out \
         `energy_table`, or write a slower clock"
    )]
    LateEnergies {
        /// The unit's id.
        unit: String,
    },
    /// Codes that the multiplier's operands cannot hold.
    #[error(
        "codes of {bits} bits reach from {} to {}, more than the {width}-bit operands of `{multiplier}` hold; {}take a wider \
         multiplier", reach[0], reach[1], narrower(*width)
    )]
    Operands {
        /// The multiplier's id.
        multiplier: String,
        /// Bits of an operand.
        width: u32,
        /// Bits of a code.
        bits: u32,
        /// Lowest and highest centred code.
        reach: [i64; 2],
    },
    /// An id that names no design.
    #[error("{fault}")]
    Design {
        /// Path of the id inside the platform.
        field: &'static str,
        /// What is wrong with it.
        fault: crate::arith::ArithError,
    },
    /// A supply at which the cells are not known.
    #[error("compute.array.voltage: {0}")]
    Supply(crate::tech::supply::SupplyError),
    /// Results that come too late, of a unit that has no gates of its own.
    #[error(
        "the clock is too fast for `{unit}`, and a product table has no gates that could tell what it latches; \
         write a design id, or a slower clock"
    )]
    LateTable {
        /// The unit whose cost stands in.
        unit: String,
    },
    /// Recovery from the errors of products where results come too late as well.
    #[error(
        "the clock is too fast for `{unit}`: what is lost depends on the operations before, and recovery knows the errors of \
         products only; write `recovery: none`, or a slower clock"
    )]
    LateRecovery {
        /// The unit's id.
        unit: String,
    },
    /// Recovery from the errors of products that are not all there is in a sum.
    #[error(
        "recovery knows the errors of products of centred codes, with padding that adds nothing; write `products: centred` and \
         `padding: drop`, or `recovery: none`"
    )]
    RecoveryOfOther,
    /// Recovery where each token has a scale of its own.
    #[error(
        "recovery corrects sums by constants that fold into biases, and with `scale: token` sums have a factor a token; write \
         `recovery: none`, or leave `scale` out"
    )]
    RecoveryOfTokens,
    /// What the account of zeros does not cover.
    #[error("compute.array.zeros: {0}, or `zeros: compute`")]
    Zeros(&'static str),
    /// What neurons do not do.
    #[error("compute.array.spikes: {0}, or `spikes: multiply`")]
    Spikes(&'static str),
    /// What units of signs do not do.
    #[error("a layer is `binary`: {0}, or leave `binary` out")]
    Signs(&'static str),
    /// A baseline that loses results.
    #[error(
        "the baseline must be exact, but at {supply} `{unit}` needs {delay}, longer than a period of {clock}: what comes late \
         would be lost; move the supply or the clock that is meant to be tried to `approximate`"
    )]
    LateBaseline {
        /// The unit's id.
        unit: String,
        /// The supply.
        supply: crate::units::Volts,
        /// Its critical path.
        delay: Seconds,
        /// The clock.
        clock: crate::units::Hertz,
    },
    /// A sum that a wide accumulator holds and a network may not.
    #[error(
        "{depth} products are summed, {holds} of which surely fit into the 32 bits that networks keep of a sum of {bits}; write \
         `compute.array.accumulator_bits: 32`, whose sums wrap there"
    )]
    SumKept {
        /// Bits of the accumulator.
        bits: u32,
        /// Products of a sum.
        depth: usize,
        /// How many surely fit into 32 bits.
        holds: u64,
    },
    /// Sums that may leave an accumulator whose bits nobody chose.
    #[error(
        "{depth} products are summed, {holds} of which surely fit into the {bits} bits of an accumulator; write \
         `compute.array.accumulator_bits: {bits}` to have sums leave their range as `overflow` says{}",
        needs.map_or(String::new(), |needs| format!(", or `{needs}`, which hold all"))
    )]
    SumBeyond {
        /// Bits of the accumulator.
        bits: u32,
        /// Products of a sum.
        depth: usize,
        /// How many surely fit.
        holds: u64,
        /// Bits that surely hold all, where networks keep as many.
        needs: Option<u32>,
    },
    /// A unit that misses its clock.
    #[error(
        "`{unit}` needs {delay}, longer than a period of {clock}; write `clock: fit`, a slower clock, or `timing: latch` to \
         lose what comes late"
    )]
    TooSlow {
        /// The unit's id.
        unit: String,
        /// Its critical path.
        delay: Seconds,
        /// The clock as configured.
        clock: crate::units::Hertz,
    },
}

/// What makes codes fit operands of so many bits, where codes can be so narrow.
fn narrower(width: u32) -> String {
    let set =
        "set quantize.weight_bits and quantize.activation_bits (or those of its layer, layers.NAME.…) to";
    if width < 2 { String::new() } else { format!("{set} {width}, or ") }
}

impl PlatformError {
    /// Path of the value that is wrong, kind keys such as `array` left out or not.
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::OutOfRange { field, .. } => Some(field),
            Self::Table(_) | Self::Energies(_) | Self::LateEnergies { .. } | Self::Operands { .. } => {
                Some("compute.array.multiplier")
            }
            Self::TooSlow { .. } => Some("compute.array.clock"),
            Self::SumKept { .. } | Self::SumBeyond { .. } => Some("compute.array.accumulator_bits"),
            Self::Zeros(_) => Some("compute.array.zeros"),
            Self::Spikes(_) => Some("compute.array.spikes"),
            Self::Signs(_) => Some("layers"),
            Self::Supply(_) => Some("compute.array.voltage"),
            Self::LateRecovery { .. } | Self::RecoveryOfOther | Self::RecoveryOfTokens => {
                Some("compute.array.recovery")
            }
            Self::LateTable { .. } | Self::LateBaseline { .. } => Some("compute.array.timing"),
            Self::Design { field, .. } => Some(field),
        }
    }

    /// The error for `field`, unless the value is `fine`.
    fn unless(
        fine: bool,
        field: &str,
        value: impl std::fmt::Display,
        allowed: &'static str,
    ) -> Result<(), Self> {
        let (field, value) = (field.to_owned(), value.to_string());
        if fine { Ok(()) } else { Err(Self::OutOfRange { field, value, allowed }) }
    }
}

/// Sensor, memories and link of a configured platform.
pub struct Platform {
    /// Time between two samples; idle time is billed.
    pub frame_period: Seconds,
    /// What captures a sample.
    pub sensor: Box<dyn sensor::Sensor>,
    /// Memories by name: `buffer` feeds the array, `main` (optional) holds weights and frames.
    pub memory: IndexMap<String, Box<dyn memory::Memory>>,
    /// What sends the result.
    pub link: Box<dyn link::Link>,
}

impl Platform {
    /// Builds every part from its configuration.
    ///
    /// # Errors
    /// When a value is outside the range its model covers; the message names the field and the range.
    pub fn build(config: &config::Platform) -> Result<Self, PlatformError> {
        let period = config.frame_period;
        PlatformError::unless(period.0 > 0.0, "frame_period", period, "longer than 0 s")?;
        let memories = config.memory.iter();
        let memory = memories.map(|(name, part)| Ok((name.clone(), memory::build(name, part)?)));
        Ok(Self {
            frame_period: period,
            sensor: sensor::build(&config.sensor, period)?,
            memory: memory.collect::<Result<_, PlatformError>>()?,
            link: link::build(&config.link)?,
        })
    }
}

/// Where costs are billed: a stage and the dotted path of the component.
struct Bill<'a> {
    ledger: &'a mut Ledger,
    stage: Stage,
    component: &'a str,
}

impl Bill<'_> {
    /// Bills `count` times `each`; nothing happened if the count is 0.
    fn add(&mut self, action: &str, count: f64, each: Joules, constant: &Constant) {
        if count == 0.0 {
            return;
        }
        let price = Price::Each(each, constant.clone());
        let (component, action) = (self.component.to_owned(), action.to_owned());
        self.ledger.bill(Entry { stage: self.stage, component, action, count, price });
    }

    /// Bills `count` times the constant itself, whose unit is joules per action (watts: per second).
    fn at(&mut self, action: &str, count: f64, constant: &Constant) {
        self.add(action, count, Joules(constant.value), constant);
    }
}

#[cfg(test)]
mod tests;
