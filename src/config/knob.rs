//! The knobs: paths of a configuration that approximate, with the value at which they do nothing.

mod definition;
mod name;
mod path;

pub use definition::{Class, Knob, Neutral};
pub(crate) use name::assignment;
pub(super) use name::first_name;
pub use name::{Misquoted, names, quoted};
pub use path::stands_for;

use crate::constant::supply;

/// All knobs that have a class, a range and a neutral value.
pub const KNOBS: [Knob; 40] = [
    Knob {
        path: "sensor.cmos.adc_bits",
        class: Class::Sensing,
        range: "whole number from 1 to 14",
        neutral: Neutral::Platform,
        does: "bits of the sensor's converter",
        energy: "a conversion takes 2^bits steps",
    },
    Knob {
        path: "sensor.cmos.skip",
        class: Class::Sensing,
        range: "whole number from 1",
        neutral: Neutral::Whole(1),
        does: "reads every k-th row and column",
        energy: "pixels read fall with the square of k",
    },
    Knob {
        path: "sensor.cmos.bin",
        class: Class::Sensing,
        range: "whole number from 1",
        neutral: Neutral::Whole(1),
        does: "averages k×k pixels after conversion",
        energy: "bytes sent on fall with the square of k; conversions stay",
    },
    Knob {
        path: "sensor.cmos.resolution",
        class: Class::Sensing,
        range: "`[rows, columns]`, each from 1",
        neutral: Neutral::Platform,
        does: "pixels of a frame",
        energy: "proportional to the pixels",
    },
    Knob {
        path: "memory.*.dram.refresh_interval",
        class: Class::Storage,
        range: "time above 1.07 ms",
        neutral: Neutral::Text("32 ms"),
        does: "time between two refreshes; weak cells lose their bit when it is long",
        energy: "refresh energy is inversely proportional to it",
    },
    Knob {
        path: "memory.*.sram.voltage",
        class: Class::Storage,
        range: "number from 0.7 to 1",
        neutral: Neutral::Whole(1),
        does: "supply relative to the lowest error-free one; bits flip below 1",
        energy: "falls with the square of the supply",
    },
    Knob {
        path: "compute.array.multiplier",
        class: Class::Arithmetic,
        range: "`exact`, a design id, `{table: FILE}`, or with energies of your own `{design: ID, energy_table: FILE}` and \
                `{table: FILE, energy_table: FILE}`",
        neutral: Neutral::Text("exact"),
        does: "which multiplier every unit of the array has; a table of products has a row a code of the activation and a column \
               a code of the weight, from code 0 on, so that in a signed one -128 follows 127",
        energy: "priced from its gates on the operands it sees, a sample of them; with `energy_table` (fJ, a row a code of the \
                 activation, a column a code of the weight) from how often each pair of codes meets, all of them, and only what \
                 surrounds the multiplier from gates",
    },
    Knob {
        path: "compute.array.layers.*",
        class: Class::Arithmetic,
        range: "as `compute.array.multiplier`; the layer by node name, or `#` and its place from 0",
        neutral: Neutral::Absent("that of the array"),
        does: "which multiplier one layer has, on an array of its own; the others keep that of the array",
        energy: "priced from its gates on the operands it sees; every array that is used takes area",
    },
    Knob {
        path: "compute.array.accumulator",
        class: Class::Arithmetic,
        range: "`exact` or an adder id",
        neutral: Neutral::Text("exact"),
        does: "which adder accumulates the products",
        energy: "priced from its gates on the operands it sees",
    },
    Knob {
        path: "compute.array.recovery",
        class: Class::Arithmetic,
        range: "`none`, `auto`, or a list of `swap`, `remap`, `bias`, `affine`",
        neutral: Neutral::Text("none"),
        does: "what each layer may do, without training, about the errors of the multiplier; on calibration samples never worse \
               than nothing",
        energy: "weights in other codes and swapped operands switch other gates; constants and factors become part of bias and scale",
    },
    Knob {
        path: "compute.array.voltage",
        class: Class::Arithmetic,
        range: concat!("supply from ", supply!(range)),
        neutral: Neutral::Platform,
        does: "supply of the array; with `timing: latch` results that come after the clock edge are lost",
        energy: "switching falls with the square of the supply, leakage faster",
    },
    Knob {
        path: "compute.array.clock",
        class: Class::Arithmetic,
        range: "`fit` or a frequency",
        neutral: Neutral::Platform,
        does: "clock of the array; with `timing: latch` results that come after its edge are lost",
        energy: "a faster clock leaks for a shorter time",
    },
    Knob {
        path: "compute.array.accumulator_bits",
        class: Class::Arithmetic,
        range: "whole number from 4 to 64, where it saturates from the bits of a product to 32",
        neutral: Neutral::Platform,
        does: "bits of the accumulator; twice the multiplier's and 16 unless given. `overflow` says what becomes of a sum beyond \
               them; a report names layers that sum more products than surely fit, which are refused where no bits are given. Of \
               more than 32 bits networks keep 32, and refuse layers whose sums may not fit there; of groups of codes they keep all",
        energy: "a narrower adder, registers and partial sums",
    },
    Knob {
        path: "compute.array.overflow",
        class: Class::Arithmetic,
        range: "`wrap` or `saturate`",
        neutral: Neutral::Platform,
        does: "what an accumulator does with a sum beyond its `accumulator_bits`: keeps the low bits, so that with an exact adder \
               only a whole sum beyond them goes wrong, or stays at the nearest end after every addition, so that the order of \
               products counts; groups of codes take `wrap` alone",
        energy: "priced from the gates; saturating takes a multiplexer a bit",
    },
    Knob {
        path: "compute.array.accumulation_order",
        class: Class::Arithmetic,
        range: "`channels_first` or `channels_last`",
        neutral: Neutral::Platform,
        does: "in which order an accumulator meets the products of an output: channel, row, column of the filter, or row, column, \
               channel. Sums depend on it where the adder is approximate, saturates, or loses late results; dense and depthwise \
               layers have one order. Groups of codes are met whole: group of channels, row, column, or row, column, group. \
               Windows of `zeros: skip` are windows of this order",
        energy: "other operands follow each other, which switches other gates, and zeros that are skipped share other windows",
    },
    Knob {
        path: "compute.array.padding",
        class: Class::Arithmetic,
        range: "`drop`, `skip` or `multiply`",
        neutral: Neutral::Platform,
        does: "what becomes of the zeros around an image: they pass the unit and their products are dropped, the unit idles, or \
               they are multiplied and added as any other code: 0 where `products` are `centred`, the zero point where they are \
               `raw`; `recovery` takes `drop` alone, groups of codes `drop` or `skip`. Zeros that the network itself puts among the \
               activations (between and around the pixels of a transposed convolution, above, below, before and behind a \
               volume, and by a node `Pad`) are steps of the array as any other code, whatever is written here",
        energy: "with `skip` nothing switches for them; clock and leakage stay, the bypass of a sum is not priced",
    },
    Knob {
        path: "compute.array.products",
        class: Class::Arithmetic,
        range: "`centred` or `raw`",
        neutral: Neutral::Platform,
        does: "what the multiplier takes: codes less their zero points (signs outside an unsigned multiplier), or raw codes, with \
               an exact correction of the sums for the zero points. That comes behind the accumulator, whose `overflow` meets \
               sums of raw codes; `recovery`, zeros that are gated or skipped, and groups of codes take `centred` alone",
        energy: "priced from the gates; `raw` spares the signs around an unsigned multiplier, but pays for an adder a row that \
                 sums activation codes and an adder a column that corrects sums; with a signed one, whose weights have their \
                 zero point in the middle, the correction is part of the bias",
    },
    Knob {
        path: "compute.array.zeros",
        class: Class::Arithmetic,
        range: "`compute`, `gate` or `skip`",
        neutral: Neutral::Text("compute"),
        does: "what becomes of operands that are zero: they pass the units, a unit keeps its operands so that nothing switches, \
               or zero weights take no cycle. An array that skips takes the depth window by window (`zero_window`); a window \
               takes as many cycles as the column with most weights that are not zero. Where a multiplier's product with zero is not \
               zero, what is held or skipped is not added, and results change",
        energy: "`gate` adds gates to every unit and saves what they hold still, in the same cycles; `skip` saves cycles and \
                 operations, and pays for the registers of a window a row and a multiplexer a unit",
    },
    Knob {
        path: "compute.array.zero_window",
        class: Class::Arithmetic,
        range: "whole number from 2 to 256",
        neutral: Neutral::Platform,
        does: "products that follow each other among which units choose with `zeros: skip`; 4 unless given. Longer windows \
               even out columns of uneven filters",
        energy: "registers and multiplexers grow with it, cycles fall",
    },
    Knob {
        path: "compute.array.weight_format",
        class: Class::Storage,
        range: "`dense`, `bitmap`, `csr`, or `{n_of_m: {keep: N, of: M}}`",
        neutral: Neutral::Text("dense"),
        does: "how memories keep weights: all, or those that are not zero with their places; layers that do not fit an \
               `n_of_m` pattern stay dense",
        energy: "traffic of weights is what they take, indices included; the circuits that read them are not priced",
    },
    Knob {
        path: "compute.array.spikes",
        class: Class::Arithmetic,
        range: "`multiply` or `accumulate`",
        neutral: Neutral::Text("multiply"),
        does: "what becomes of activations that are zero or one other value, in a network that is one step in time: each is \
               multiplied in every step, or each that is not zero is an event for which neurons add a weight. No sum changes",
        energy: "`accumulate` is paid for by the event: a weight fetched and added for every output that a spike reaches; by the \
                 step: a membrane read, compared and put away for every output, which `multiply` keeps and compares for nothing; \
                 and by the cycle: clock and leakage of as many neurons as the array has units",
    },
    Knob {
        path: "skip_blocks",
        class: Class::Network,
        range: "a list of names of nodes that add a block's input to what it computes from nothing else",
        neutral: Neutral::Empty,
        does: "residual blocks that are left out: their input goes on in their place, without training. Layers are then counted \
               without theirs",
        energy: "what its layers take is not spent",
    },
    Knob {
        path: "outliers",
        class: Class::Network,
        range: "`none` or `{gains: {factor: F}}`, F from 1 to 1000 (with `share: S`, 0 to 1, a 32nd unless given)",
        neutral: Neutral::Text("none"),
        does: "makes a share of the channels of activations F times as large, and the weights that read them as much smaller, so \
               that the float network computes what it did: outliers as large language models have them, for a small one. A \
               network without a normalisation or layer whose channels stored weights alone read is refused",
        energy: "by the codes alone",
    },
    Knob {
        path: "prune",
        class: Class::Network,
        range: "`none`, `{magnitude: {ratio: R}}` (with `scope: network` among all layers at once), `{random: {ratio: R}}`, \
                `{n_of_m: {keep: N, of: M}}` or `{channel: {ratio: R}}`, R from 0 to 1",
        neutral: Neutral::Text("none"),
        does: "which weights of every layer are left out, without training: zeros, but for `channel`, which rebuilds a smaller \
               network without filters",
        energy: "zeros save what `compute.array.zeros` and `weight_format` make of them, else only what they do not switch; \
                 without filters there are fewer operations and less traffic",
    },
    Knob {
        path: "layers.*.prune",
        class: Class::Network,
        range: "as `prune`; the layer by node name, or `#` and its place from 0",
        neutral: Neutral::Platform,
        does: "which weights of one layer are left out, instead of what `prune` says",
        energy: "as `prune`",
    },
    Knob {
        path: "experts.top",
        class: Class::Network,
        range: "whole number from 1 to that of the experts; where a workload has `experts`",
        neutral: Neutral::Platform,
        does: "how many experts every sample asks, without training; as many as the model's TopK takes unless given",
        energy: "layers of an expert cost nothing for samples that do not ask it, and a sample fetches the weights of those alone \
                 that it asks",
    },
    Knob {
        path: "tokens.keep",
        class: Class::Network,
        range: "number above 0, at most 1; where a workload has `tokens`",
        neutral: Neutral::Whole(1),
        does: "share of a transformer's tokens that goes on behind each of the nodes that `tokens.after` names, without training: \
               the nearest whole number of them, and those that `tokens.always` counts in any case",
        energy: "later layers have fewer positions, attention fewer products and keys; an adder ranks tokens, the shorter list \
                 is read where it lies",
    },
    Knob {
        path: "tokens.by",
        class: Class::Network,
        range: "`attention`, `class_attention` or `random`",
        neutral: Neutral::Platform,
        does: "which tokens go on: those that all tokens attend to most in the last attention before, those that the first one \
               does, or tokens drawn for every sample",
        energy: "what ranks them: an addition for each probability of attention that counts, and comparisons",
    },
    Knob {
        path: "quantize.weight_bits",
        class: Class::Precision,
        range: "whole number from 2 to 8",
        neutral: Neutral::Whole(8),
        does: "bits of a weight code",
        energy: "narrower units and less traffic",
    },
    Knob {
        path: "quantize.activation_bits",
        class: Class::Precision,
        range: "whole number from 2 to 8",
        neutral: Neutral::Whole(8),
        does: "bits of an activation code",
        energy: "narrower units and less traffic",
    },
    Knob {
        path: "layers.*.weight_bits",
        class: Class::Precision,
        range: "whole number from 2 to 8; the layer by node name, or `#` and its place from 0",
        neutral: Neutral::Platform,
        does: "bits of one layer's weight codes; `quantize.weight_bits` unless given",
        energy: "less traffic of its weights; narrower codes switch fewer gates of the same multiplier, which is as wide as the \
                 widest codes of the network need where it is `exact`",
    },
    Knob {
        path: "layers.*.activation_bits",
        class: Class::Precision,
        range: "whole number from 2 to 8; the layer by node name, or `#` and its place from 0",
        neutral: Neutral::Platform,
        does: "bits of the activation codes that one layer reads; another layer that reads the same tensor reads the same codes, \
               and layers may not ask for different ones",
        energy: "less traffic where the tensor is written and read; narrower codes switch fewer gates of the same multiplier",
    },
    Knob {
        path: "layers.*.binary",
        class: Class::Precision,
        range: "`true` or `false`; the layer by node name, or `#` and its place from 0",
        neutral: Neutral::Platform,
        does: "whether one layer is binary, after XNOR-Net: weights are their signs times the mean magnitude of their filter \
               (α), activations their signs times the mean magnitude in their window (K); zero counts as +. Nothing is trained \
               for it: take a network that was. First and last layers stay as they are unless they are asked for",
        energy: "products of 64 signs in a unit of their own, counted and priced from its gates; weights take a bit. Two \
                 multiplications an output (α and K) and the sums of magnitudes for K are paid for",
    },
    Knob {
        path: "quantize.calibration",
        class: Class::Precision,
        range: "`min_max`, `{percentile: above 50, to 100}`, `mse` or `entropy`",
        neutral: Neutral::Platform,
        does: "how the range of an activation is found on the calibration samples, but where the model's file has codes that the \
               units take",
        energy: "by the codes alone",
    },
    Knob {
        path: "quantize.weight_scales",
        class: Class::Precision,
        range: "`per_channel` or `per_tensor`",
        neutral: Neutral::Platform,
        does: "what shares a scale among weights: the filter of an output channel, or all weights of a layer; codes of \
               the model's file that the units take keep their scales",
        energy: "by the codes alone",
    },
    Knob {
        path: "quantize.rounding",
        class: Class::Precision,
        range: "`half_even`, `half_up`, `half_away` or `floor`",
        neutral: Neutral::Platform,
        does: "how an activation is rounded to a code",
        energy: "by the codes alone",
    },
    Knob {
        path: "quantize.format",
        class: Class::Precision,
        range: "`{weights: …, activations: …, kv: …}`, each `plain`, `{int: {bits: 4}}` (weights also `{int: {bits: 4, group: \
                16}}`, activations `{int: {bits: 4, scale: token}}`), `{razor: {basis: 16, bits: 4, group: 16}}` or \
                `{mxint: {bits: 4, block: 32}}`; what is left out is plain",
        neutral: Neutral::Platform,
        does: "how numbers are written that contractions read: as codes of few bits of which a group shares a left shift or a factor; \
               `kv` is the second of two computed operands",
        energy: "memories keep codes, flags and scales; the array has a lane a number of a group and shifts or multiplies a sum of \
                 products once; what razors or scales tokens at run time is paid for",
    },
    Knob {
        path: "quantize.rotation",
        class: Class::Precision,
        range: "`none` or `hadamard`",
        neutral: Neutral::Text("none"),
        does: "multiplies the channels that a layer with stored weights sums over by Hadamard's matrix before they become codes, its \
               weights alike, in blocks of the largest power of two that divides them: products of reals stay what they are, and \
               outliers are shared out",
        energy: "an adder and a register for each of n log2 n additions of a block of n, at run time beside the array; nothing is \
                 folded into layers before",
    },
    Knob {
        path: "layers.*.rotation",
        class: Class::Precision,
        range: "as `quantize.rotation`; the layer by node name, or `#` and its place from 0",
        neutral: Neutral::Platform,
        does: "whether the channels that one layer reads are rotated, instead of what `quantize.rotation` says; another layer that \
               reads the same tensor reads the same codes, and layers may not ask for different ones",
        energy: "as `quantize.rotation`",
    },
    Knob {
        path: "exit.threshold",
        class: Class::Depth,
        range: "number from 0, `never`, or `{tune: {loss: L}}`, L from 0 to 1",
        neutral: Neutral::Text("never"),
        does: "how sure an exit of the network must be for a sample to leave there: the largest probability above it, or the entropy \
               below it; `tune` finds the loosest with which the network that is run, on the calibration samples, has at most this \
               share of samples fewer right than at its end",
        energy: "layers that a sample does not come to cost nothing for it, side branches that it comes to are added, and so is \
                 the test at each: an adder and a multiplier",
    },
];
