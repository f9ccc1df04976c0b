//! Values that have the right type and are still impossible.

use super::error::out_of_range;
use super::platform::{Array, Cmos, Compute, MEMORIES, Memory, Sensor, WeightFormat};
use super::{
    Calibration, Exit, Experts, LayerSettings, NumberFormats, Preprocess, Prune, Quantize, Samples, Score,
    Setup, Threshold, Tokens, Workload,
};
use crate::constant::{SUPPLIES, supply};

/// An impossible value and its path.
pub(super) struct Fault {
    pub(super) path: Vec<String>,
    pub(super) message: String,
}

/// Fails with the rule in words unless the value is in range.
fn require(in_range: bool, path: &str, rule: &str) -> Result<(), Fault> {
    require_at(in_range, &path.split('.').collect::<Vec<_>>(), rule)
}

/// The same at a path of which a name of the user's is part, dots and all.
fn require_at(in_range: bool, path: &[&str], rule: &str) -> Result<(), Fault> {
    let name = path.last().copied().unwrap_or_default();
    demand_at(in_range, path, || out_of_range(name, rule))
}

/// Fails with a message unless it holds.
fn demand(holds: bool, path: &str, message: impl Fn() -> String) -> Result<(), Fault> {
    demand_at(holds, &path.split('.').collect::<Vec<_>>(), message)
}

fn demand_at(holds: bool, path: &[&str], message: impl Fn() -> String) -> Result<(), Fault> {
    let fault = || Fault { path: path.iter().map(|part| part.to_string()).collect(), message: message() };
    if holds { Ok(()) } else { Err(fault()) }
}

/// Checks every range.
pub(super) fn setup(setup: &Setup) -> Result<(), Fault> {
    workload(&setup.workload)?;
    let platform = &setup.platform;
    require(platform.frame_period.0 > 0.0, "platform.frame_period", "write a time above 0")?;
    if let Sensor::Cmos(cmos) = &platform.sensor {
        sensor(cmos)?;
    }
    let seen = setup.workload.data.are_light() || platform.sensor == Sensor::Ideal;
    let blind =
        "the samples are features, no light that an image sensor could capture; write `sensor: ideal`";
    demand(seen, "platform.sensor", || blind.into())?;
    let [buffer, main] = MEMORIES;
    let missing = || format!("a memory named `{buffer}` is needed: it feeds the array");
    demand(platform.memory.contains_key(buffer), "platform.memory", missing)?;
    for (name, memory) in &platform.memory {
        let unused = || format!("nothing uses a memory named `{name}`; write `{buffer}` or `{main}`");
        demand(MEMORIES.contains(&name.as_str()), &format!("platform.memory.{name}"), unused)?;
        self::memory(name, memory)?;
    }
    match &platform.compute {
        Compute::Array(units) => array(units),
        Compute::Ideal => Ok(()),
    }
}

fn workload(workload: &Workload) -> Result<(), Fault> {
    require(workload.samples >= 1, "workload.samples", "write a whole number from 1")?;
    quantize(&workload.quantize)?;
    for (name, layer) in &workload.layers {
        self::layer(name, layer, &workload.quantize)?;
    }
    prune(&workload.prune, &["workload", "prune"])?;
    if let Some((field, rule)) = workload.outliers.fault() {
        require_at(false, &[&["workload", "outliers"], field].concat(), rule)?;
    }
    preprocess(&workload.preprocess)?;
    sizes(&workload.data)?;
    workload.exit.as_ref().map_or(Ok(()), |exit| self::exit(exit, workload))?;
    workload.experts.as_ref().map_or(Ok(()), |experts| self::experts(experts, workload))?;
    workload.tokens.as_ref().map_or(Ok(()), |tokens| self::tokens(tokens, workload))?;
    score(&workload.score)
}

/// How wide codes may be.
fn is_width(bits: u32) -> bool {
    (2..=8).contains(&bits)
}

const WIDTHS: &str = "write a whole number from 2 to 8";

fn quantize(quantize: &Quantize) -> Result<(), Fault> {
    require(is_width(quantize.weight_bits), "workload.quantize.weight_bits", WIDTHS)?;
    require(is_width(quantize.activation_bits), "workload.quantize.activation_bits", WIDTHS)?;
    let some = quantize.calibration_samples.is_none_or(|samples| samples >= 1);
    require(some, "workload.quantize.calibration_samples", "write a whole number from 1")?;
    formats(quantize.format, &["workload", "quantize", "format"])?;
    let Calibration::Percentile(percent) = quantize.calibration else { return Ok(()) };
    let path = "workload.quantize.calibration.percentile";
    require(percent > 50.0 && percent <= 100.0, path, "write a percentage above 50, of at most 100")
}

/// What a layer does otherwise than `quantize` says of all.
fn layer(name: &str, layer: &LayerSettings, quantize: &Quantize) -> Result<(), Fault> {
    let at = |field| ["workload", "layers", name, field];
    let one = || "the weights of a binary layer have one bit; leave `weight_bits` out, or `binary`".into();
    demand_at(!(layer.binary && layer.weight_bits.is_some()), &at("weight_bits"), one)?;
    let numbers = layer.formats(quantize.format);
    let fields = [
        ("weight_bits", layer.weight_bits, numbers.weights),
        ("activation_bits", layer.activation_bits, numbers.activations),
    ];
    for (field, own, _) in fields {
        require_at(own.is_none_or(is_width), &at(field), WIDTHS)?;
    }
    for (field, own, format) in fields {
        let twice = || {
            format!(
                "the layer's `format` says how wide its codes are; leave `{field}` out, or give it plain numbers (`format: {{}}`)"
            )
        };
        demand_at(own.is_none() || format.is_plain(), &at(field), twice)?;
    }
    prune(&layer.prune.unwrap_or_default(), &at("prune"))?;
    formats(layer.format.unwrap_or_default(), &at("format"))
}

fn preprocess(preprocess: &Preprocess) -> Result<(), Fault> {
    let alike = "at 0 all pixels are alike, write for example 0.00392";
    require(preprocess.scale != 0.0, "workload.preprocess.scale", alike)?;
    let divides = preprocess.std.iter().all(|&value| value > 0.0);
    require(divides, "workload.preprocess.std", "every value divides, write values above 0")
}

fn score(score: &Score) -> Result<(), Fault> {
    match score {
        Score::Psnr(psnr) => require(psnr.white > 0.0, "workload.score.psnr.white", "write a value above 0"),
        Score::Detection(detection) => {
            let share = |value: f64| (0.0..=1.0).contains(&value);
            let rule = "write a share from 0 to 1";
            require(share(detection.floor), "workload.score.detection.floor", rule)?;
            require(share(detection.overlap), "workload.score.detection.overlap", rule)
        }
        Score::Top1 | Score::Perplexity | Score::Mse => Ok(()),
    }
}

fn exit(exit: &Exit, workload: &Workload) -> Result<(), Fault> {
    let two = "name two or more, the last of them the end of the network";
    require(exit.outputs.len() >= 2, "workload.exit.outputs", two)?;
    let twice = (1..exit.outputs.len()).any(|at| exit.outputs[..at].contains(&exit.outputs[at]));
    require(!twice, "workload.exit.outputs", "name every output once")?;
    let threshold = "workload.exit.threshold";
    match exit.threshold {
        Threshold::At(least) => require(least >= 0.0, threshold, "write a number from 0, or `never`")?,
        Threshold::Never(_) => {}
        Threshold::Tuned { tune } => {
            let share = (0.0..=1.0).contains(&tune.loss);
            require(share, &format!("{threshold}.tune.loss"), "write a share from 0 to 1, for example 0.01")?;
            let classed = || {
                "`tune` needs the classes of the calibration samples, of which these data do not tell any; write a number, or `never`".into()
            };
            demand(workload.data.calibrate_with_classes(), threshold, classed)?;
        }
    }
    let one = || "`exit` names the outputs that are scored; leave `output` out".into();
    demand(workload.output.is_none(), "workload.output", one)?;
    let class = || "only classes are told early; write `score: top1`, or leave `exit` out".into();
    demand(workload.score == Score::Top1, "workload.score", class)
}

fn experts(experts: &Experts, workload: &Workload) -> Result<(), Fault> {
    require(experts.top.is_none_or(|top| top >= 1), "workload.experts.top", "write a whole number from 1")?;
    require(experts.batch >= 1, "workload.experts.batch", "write a whole number from 1")?;
    let named = || "name the output that is scored beside the gates: `output: NAME`".into();
    demand(workload.output.is_some(), "workload.experts", named)?;
    let once = || "a network has exits, steps in time or experts; leave the others out".into();
    demand(workload.exit.is_none() && workload.states.is_empty(), "workload.experts", once)
}

fn tokens(tokens: &Tokens, workload: &Workload) -> Result<(), Fault> {
    let share = tokens.keep > 0.0 && tokens.keep <= 1.0;
    require(share, "workload.tokens.keep", "write a share above 0, at most 1, for example 0.7")?;
    let named = !tokens.after.is_empty();
    require(named, "workload.tokens.after", "name the node at the end of a block, one at least")?;
    let time = || "a network that is one step in time has no tokens; leave `tokens` or `states` out".into();
    demand(workload.states.is_empty(), "workload.tokens", time)
}

/// Sizes of samples without a header.
fn sizes(data: &Samples) -> Result<(), Fault> {
    let above = "write a whole number from 1";
    match data {
        Samples::Pictures { size, .. } => {
            require(size.iter().all(|&size| size >= 1), "workload.data.pictures.size", above)
        }
        Samples::Tokens { length, .. } => require(
            *length >= 2,
            "workload.data.tokens.length",
            "a row has a target at least, write 2 or more",
        ),
        Samples::Windows { size, window, .. } => {
            require(*size >= 1, "workload.data.windows.size", above)?;
            require(*window >= 1, "workload.data.windows.window", above)
        }
        Samples::Spikes { steps, size, .. } => {
            require(*steps >= 1, "workload.data.spikes.steps", above)?;
            require(*size >= 1, "workload.data.spikes.size", above)
        }
        Samples::Pairs { given_size, wanted_size, .. } => {
            require(given_size.iter().all(|&size| size >= 1), "workload.data.pairs.given_size", above)?;
            require(wanted_size.iter().all(|&size| size >= 1), "workload.data.pairs.wanted_size", above)
        }
        _ => Ok(()),
    }
}

fn prune(prune: &Prune, at: &[&str]) -> Result<(), Fault> {
    prune.fault().map_or(Ok(()), |(field, rule)| require_at(false, &[at, field].concat(), rule))
}

fn formats(formats: NumberFormats, at: &[&str]) -> Result<(), Fault> {
    let stepped = formats.weights.has_multiples() && formats.activations.group().is_some();
    let rule = "weights with steps that are no powers of two meet activations without groups; leave `group` out, or write activations \
                as `plain` or `int`";
    require_at(!stepped, &[at, &["weights", "int", "group"]].concat(), rule)?;
    formats.each().into_iter().try_for_each(|(which, format)| {
        let fault = format.fault(which);
        fault.map_or(Ok(()), |(field, rule)| require_at(false, &[at, &[which], &field].concat(), rule))
    })
}

fn sensor(cmos: &Cmos) -> Result<(), Fault> {
    let at = |field: &str| format!("platform.sensor.cmos.{field}");
    require((1..=14).contains(&cmos.adc_bits), &at("adc_bits"), "write a whole number from 1 to 14")?;
    require(cmos.skip >= 1, &at("skip"), "write 1 (reads all) or more")?;
    require(cmos.bin >= 1, &at("bin"), "write 1 (averages nothing) or more")?;
    let full = cmos.resolution.is_none_or(|[rows, columns]| rows >= 1 && columns >= 1);
    require(full, &at("resolution"), "write `[rows, columns]`, each 1 or more")?;
    require(cmos.full_well > 0.0, &at("full_well"), "write electrons above 0")?;
    require(cmos.read_noise >= 0.0, &at("read_noise"), "write electrons, 0 or more")?;
    require(cmos.exposure.0 >= 0.0, &at("exposure"), "write a time, 0 or more")?;
    require(cmos.pixel_rate.0 > 0.0, &at("pixel_rate"), "write a frequency above 0")
}

fn memory(name: &str, memory: &Memory) -> Result<(), Fault> {
    match memory {
        Memory::Ideal => Ok(()),
        Memory::Dram(dram) => {
            let at = |field: &str| format!("platform.memory.{name}.dram.{field}");
            require(dram.refresh_interval.0 > 0.0, &at("refresh_interval"), "write a time above 0")?;
            require(dram.dies >= 1, &at("dies"), "write a whole number from 1")?;
            let known = (20.0..=70.0).contains(&dram.temperature.0);
            require(known, &at("temperature"), "retention is known from 20 C to 70 C")
        }
        Memory::Sram(sram) => {
            let at = format!("platform.memory.{name}.sram.voltage");
            let rule = "the supply is relative to the lowest error-free one, write 0.7 to 1";
            require((0.7..=1.0).contains(&sram.voltage), &at, rule)
        }
    }
}

fn array(units: &Array) -> Result<(), Fault> {
    require(units.rows >= 1, "platform.compute.array.rows", "write a whole number from 1")?;
    require(units.columns >= 1, "platform.compute.array.columns", "write a whole number from 1")?;
    let window = "write a whole number from 2 to 256";
    require((2..=256).contains(&units.zero_window), "platform.compute.array.zero_window", window)?;
    if let WeightFormat::NOfM { keep, of } = units.weight_format {
        let at = |field: &str| format!("platform.compute.array.weight_format.n_of_m.{field}");
        require((1..=64).contains(&of), &at("of"), "write a whole number from 1 to 64")?;
        require((1..=of).contains(&keep), &at("keep"), "write a whole number from 1 to that of `of`")?;
    }
    let [low, high] = SUPPLIES;
    let known = units.voltage.is_none_or(|supply| (low..=high).contains(&supply.0));
    let rule = concat!("write ", supply!(range), ", for which cells are known");
    require(known, "platform.compute.array.voltage", rule)
}
