//! Why a setup cannot be evaluated.

use crate::ledger::UnresolvedPrice;
use crate::platform::PlatformError;
use crate::table::TableError;
use crate::workload::{
    BlockError, CalibrationError, Misnamed, ModelError, OutlierError, PrecisionError, PruneError,
};

/// Why a setup cannot be evaluated.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RunError {
    /// The platform cannot be built.
    #[error(transparent)]
    Platform(#[from] PlatformError),
    /// A layer's multiplier that cannot be built.
    #[error("layer `{name}`: {fault}")]
    Layer {
        /// The layer as configured.
        name: String,
        /// What is wrong.
        fault: PlatformError,
    },
    /// Layers named wrongly.
    #[error("{field} {fault}")]
    Misnamed {
        /// Where they are named.
        field: &'static str,
        /// What is wrong.
        fault: Box<Misnamed>,
    },
    /// The network cannot be calibrated.
    #[error(transparent)]
    Calibration(#[from] CalibrationError),
    /// Layers ask for different codes of one tensor.
    #[error(transparent)]
    Precision(#[from] PrecisionError),
    /// Blocks that cannot be left out.
    #[error("skip_blocks: {0}")]
    Block(#[from] BlockError),
    /// Tokens that cannot be left out, or experts that cannot be asked.
    #[error("the network cannot be run with fewer tokens or other experts: {0}")]
    Less(ModelError),
    /// Outliers in a network that has no place for them.
    #[error(transparent)]
    Outliers(#[from] OutlierError),
    /// More experts than there are.
    #[error(
        "`experts.top: {top}` asks for more than the {experts} experts of the network; write 1 to {experts}"
    )]
    Experts {
        /// How many are asked for.
        top: usize,
        /// How many there are.
        experts: usize,
    },
    /// Filters that cannot be left out.
    #[error(transparent)]
    Prune(#[from] PruneError),
    /// The samples do not fit the network.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The knobs do not make a setup.
    #[error("{0}")]
    Setup(Box<crate::config::ConfigError>),
    /// Activity or golden vectors of a unit were asked for, and there is none.
    #[error(
        "compute is ideal: no unit of gates sees the layer; name an array, as in `compute: {{array: {{rows: 16, columns: 16, …}}}}`"
    )]
    NoUnit,
    /// Activity or golden vectors of a unit whose clock is too fast for it.
    #[error(
        "results come after the clock edge, and waveforms and golden vectors are of units in time; take a slower clock, or a higher \
         voltage"
    )]
    Late,
    /// Activity, golden vectors or products for other tools, of a unit whose zeros are skipped.
    #[error(
        "what other tools are handed is of units that every weight passes; write `compute.array.zeros: compute`, or `gate`"
    )]
    Skips,
    /// Another emulator was to be told of layers whose sums are corrected.
    #[error("other emulators do not recover what products lose; leave out `compute.array.recovery`")]
    Recovers,
    /// Another emulator was to be told of layers whose channels are rotated or have outliers.
    #[error(
        "other emulators run a model as its file has it, without outliers and rotated channels; leave out `outliers` and \
         `rotation`"
    )]
    Changes,
    /// A multiplier whose products do not fit a table.
    #[error("`{0}`: {1}")]
    Untabulated(String, TableError),
    /// Activity of a unit without gates.
    #[error(
        "the multiplier is a product table: there are no gates that activity could be seen in; \
         name a design such as `mul8s_exact`"
    )]
    NoGates,
    /// Golden vectors of a channel that is not there.
    #[error(
        "layer `{layer}` has {channels} output channels, 0 to {}, and golden vectors of channel {channel} were asked for",
        .channels - 1
    )]
    Channel {
        /// Its name.
        layer: String,
        /// Which one was asked for.
        channel: usize,
        /// How many there are.
        channels: usize,
    },
    /// Golden vectors of a layer whose operands are swapped.
    #[error(
        "layer `{0}` recovers by swapping its operands, and golden vectors have activations at port `a`; leave `swap` out of \
         compute.array.recovery"
    )]
    Swapped(String),
    /// Golden vectors or activity of a layer whose products the hardware does not form.
    #[error("golden vectors and activity are of products that the hardware forms, and layer `{layer}` {why}")]
    Unformed {
        /// Its name.
        layer: String,
        /// What it does instead, and what to write.
        why: String,
    },
    /// The sums of a stream of products are not those of the kernel.
    #[error(
        "layer `{layer}`: the products of output {output:?} sum to {streamed} in the unit, the network computed {stored}; no golden \
         vectors were written"
    )]
    Stream {
        /// Its name.
        layer: String,
        /// Channel, row and column.
        output: [usize; 3],
        /// Product by product in the unit's accumulator.
        streamed: i64,
        /// What the network went on with.
        stored: i32,
    },
    /// Recovery of a network in time.
    #[error(
        "recovery lets every layer choose once, and in a network in time or a recurrent cell layers run again and again on what \
         they made before; write `recovery: none`"
    )]
    RecoveryInTime,
    /// A threshold to be found on calibration samples of which nobody says what they are.
    #[error(
        "`exit.threshold: {{tune: …}}` needs the classes of the calibration samples, which these data do not have; write a number, or \
         `never`"
    )]
    Unlabelled,
    /// A memory that errs under numbers with flags, or of 16 bits.
    #[error(
        "memory `{0}` errs, and what a wrong flag or scale does to its group or token is not modelled, nor are wrong codes of 16 bits; \
         keep its memory free of errors where number formats have groups, 16 bits or scales of tokens"
    )]
    GroupsHeld(String),
    /// Number formats in a network in time.
    #[error(
        "formats with groups, 16 bits or scales of tokens are not modelled in a network in time or with recurrent cells; leave out `quantize.format`, \
         or write plain formats of at most 8 bits"
    )]
    GroupsInTime,
    /// Vectors and tables for other tools, of layers whose codes have shifts or 16 bits.
    #[error(
        "what other tools are handed is of codes without shifts, of at most 8 bits, and layer `{0}` has a `format`; leave it out, \
         or write a plain one of at most 8 bits"
    )]
    Groups(String),
    /// A network that cannot be split between device and receiver.
    #[error("link.serial.payload: {0}; or write `result`")]
    Split(&'static str),
    /// A layer that cannot be binary.
    #[error("layer `{name}` {why}; leave its `binary` out")]
    Binary {
        /// Its name.
        name: String,
        /// What is in the way.
        why: &'static str,
    },
    /// A layer whose weights would be zero and a sign at once.
    #[error(
        "layer `{name}` is pruned and binary, and a weight that is left out has no sign; give it `prune: none` of its own in \
         `workload.layers`, prune whole filters by `channel`, or leave its `binary` out"
    )]
    PrunedSigns {
        /// Its name.
        name: String,
    },
    /// Other tools were to be handed a binary layer.
    #[error("what other tools are handed is of products, and layer `{0}` is `binary`; leave that out")]
    Signs(String),
    /// Spikes of a network that has no time.
    #[error(
        "compute.array.spikes: spikes come step after step, and the network is no step in time; name its `states` and give its \
         samples as `spikes`, or write `spikes: multiply`"
    )]
    NoSteps,
    /// Spikes that a memory may change.
    #[error(
        "compute.array.spikes: a memory with faults would put other codes in the place of spikes; write `voltage: 1`, or `spikes: \
         multiply`"
    )]
    SpikesErr,
    /// A price was forgotten.
    #[error(transparent)]
    Price(#[from] UnresolvedPrice),
}

impl RunError {
    /// Whether codes are too wide for a multiplier.
    pub fn is_of_widths(&self) -> bool {
        let (Self::Platform(fault) | Self::Layer { fault, .. }) = self else { return false };
        matches!(fault, PlatformError::Operands { .. })
    }
}
