//! A workload loaded from its files: the only place here that touches them.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::data::{DataError, Set, Truth};
use super::lower::Leaving;
use super::onnx;
use super::score::{self, Metric};
use super::{ModelError, Network};
use crate::config::{Colours, Light, Samples, Workload};
use crate::tensor::Tensor;

mod sets;

use sets::{counting_files, first_scored, label_file};

/// A network with its samples.
pub struct Task {
    /// The network.
    pub network: Network,
    /// Samples to score.
    pub test: Set,
    /// Samples to calibrate on.
    pub calibration: Set,
    /// Whether these two are parts of one set, because there is no calibration set.
    pub is_split: bool,
    /// What the answers are scored by.
    pub metric: Metric,
    /// What a pixel means.
    pub light: Light,
    /// Hash of the contents of the model's and the data's files.
    pub files: String,
    /// The model's file, which is read again where tokens are left out.
    model: Vec<u8>,
}

/// Why a workload cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A file is in none of the folders.
    #[error("{file} is in none of {folders}; {origin}")]
    Missing {
        /// The path as configured.
        file: String,
        /// Where it was looked for.
        folders: String,
        /// Where a user gets it.
        origin: String,
    },
    /// A folder where a file is asked for.
    #[error("{file} is a folder; write the path of a file")]
    Folder {
        /// The path.
        file: String,
    },
    /// A file cannot be read.
    #[error("{file}: {fault}")]
    Unreadable {
        /// The path.
        file: String,
        /// What the system says.
        fault: std::io::Error,
    },
    /// The model cannot be run.
    #[error("{file}: {fault}")]
    Model {
        /// The path.
        file: String,
        /// What is wrong.
        fault: ModelError,
    },
    /// The data are not what they should be.
    #[error("{file}: {fault}")]
    Data {
        /// The path.
        file: String,
        /// What is wrong.
        fault: DataError,
    },
    /// A set without a sample.
    #[error("{file}: there is no sample in it; {job}")]
    Empty {
        /// The path.
        file: String,
        /// What samples are needed for.
        job: &'static str,
    },
    /// A set of one sample, of which a part shall calibrate.
    #[error(
        "{file}: it holds one sample, which calibrates, so that none is left to score; give more than one"
    )]
    Single {
        /// The path.
        file: String,
    },
    /// More samples are asked for than there are, or none.
    #[error("`{key}: {asked}` asks for more than the {held} samples {whence}; write 1 to {held}")]
    Samples {
        /// The key of the workload.
        key: &'static str,
        /// Samples configured.
        asked: usize,
        /// Samples at hand.
        held: usize,
        /// Which those are, with their file.
        whence: String,
    },
    /// Samples of a shape that the network, or the test samples, do not have.
    #[error("{file}: a sample has the shape {found:?}, but {whose} {expected:?}; give samples of that shape")]
    Shape {
        /// The path.
        file: String,
        /// The shape of its samples.
        found: Vec<usize>,
        /// Who has another one, in words.
        whose: &'static str,
        /// That one.
        expected: Vec<usize>,
    },
    /// A score that does not fit the network or the data.
    #[error("`score: {score}` does not fit: {fault}")]
    Score {
        /// Its key.
        score: &'static str,
        /// What does not fit.
        fault: String,
    },
    /// Preprocessing for another number of channels.
    #[error("`preprocess.{key}` has {found} values, not one and not one for each channel ({channels})")]
    Channels {
        /// The key below `preprocess`.
        key: &'static str,
        /// Values configured.
        found: usize,
        /// Channels of a sample.
        channels: usize,
    },
    /// A calibration sample is also scored.
    #[error("calibration sample {0} is also a test sample; calibrate on other samples")]
    Overlap(usize),
}

/// Loads model and data; paths are looked up under each folder of `roots` in turn.
///
/// # Errors
/// [`LoadError`], naming the file.
pub fn load(workload: &Workload, roots: &[PathBuf]) -> Result<Task, LoadError> {
    let finder = Finder { workload, roots, contents: RefCell::default() };
    let model = finder.model()?;
    let network = finder.network(&model)?;
    let (test, given) = finder.sets(network.sample_shape())?;
    let [of_test, of_calibration] = counting_files(&workload.data);
    let empty = |file: &Path, job| LoadError::Empty { file: file.display().to_string(), job };
    if test.is_empty() {
        return Err(empty(of_test, "the task is scored on samples"));
    }
    let is_split = given.is_none();
    let [calibration, test] = match given {
        Some(calibration) => [calibration, test],
        None => test.split(),
    };
    if test.is_empty() {
        return Err(LoadError::Single { file: of_test.display().to_string() });
    }
    if calibration.is_empty() {
        return Err(empty(of_calibration, "the range of every activation is found on calibration samples"));
    }
    let network = turned(network, test.shape());
    let network = gated(workload, network)
        .map_err(|fault| LoadError::Model { file: workload.model.display().to_string(), fault })?;
    check(workload, &network, [&test, &calibration], is_split)?;
    let first = first_scored(&workload.data) + if is_split { calibration.len() } else { 0 };
    labels(&network, &test, first).map_err(|fault| in_file(label_file(&workload.data), fault))?;
    let misfit = |fault| LoadError::Score { score: workload.score.name(), fault };
    let metric = score::metric(workload, &network, &test).map_err(misfit)?;
    let files = finder.contents.borrow().finalize().to_hex()[..24].to_string();
    let light = light(&workload.data);
    Ok(Task { network, test, calibration, is_split, metric, light, files, model })
}

/// Loads the model alone, which is looked up as [`load`] does.
///
/// # Errors
/// [`LoadError`], naming the file; [`LoadError::Missing`] where it is in none of the folders.
pub fn network(workload: &Workload, roots: &[PathBuf]) -> Result<Network, LoadError> {
    let finder = Finder { workload, roots, contents: RefCell::default() };
    finder.network(&finder.model()?)
}

/// The network for samples of this shape: with channels first where it reads them last, with other axes of one.
fn turned(network: Network, found: &[usize]) -> Network {
    let longer = |shape: &[usize]| shape.iter().copied().filter(|&size| size != 1).collect::<Vec<_>>();
    match (network.sample_shape(), found) {
        (own, found) if own == found => network,
        (&[height, width, channels], found) if found == [channels, height, width] => network.channels_first(),
        (own, found) if longer(own) == longer(found) => network.reshaped(found),
        _ => network,
    }
}

/// The network with its experts, where a workload has some.
fn gated(workload: &Workload, network: Network) -> Result<Network, ModelError> {
    match &workload.experts {
        Some(experts) => network.with_gates(&experts.gates),
        None => Ok(network),
    }
}

/// What a pixel means; where no sensor sees samples there is no light to code.
fn light(data: &Samples) -> Light {
    match data {
        Samples::Idx { light, .. } | Samples::Pictures { light, .. } | Samples::Pairs { light, .. } => *light,
        Samples::Cifar10 { .. } => Light::Srgb,
        _ => Light::Linear,
    }
}

struct Finder<'a> {
    workload: &'a Workload,
    roots: &'a [PathBuf],
    /// Hash of everything that was read.
    contents: RefCell<blake3::Hasher>,
}

impl Finder<'_> {
    fn read(&self, file: &Path) -> Result<Vec<u8>, LoadError> {
        let candidates = || self.roots.iter().map(|root| root.join(file));
        let Some(path) = candidates().find(|path| path.is_file()) else {
            if let Some(folder) = candidates().find(|path| path.is_dir()) {
                return Err(LoadError::Folder { file: folder.display().to_string() });
            }
            let folders: Vec<String> =
                self.roots.iter().map(|root| format!("`{}`", root.display())).collect();
            return Err(LoadError::Missing {
                file: file.display().to_string(),
                folders: folders.join(", "),
                origin: if self.workload.origin.is_empty() {
                    "name its folder with --data".into()
                } else {
                    self.workload.origin.clone()
                },
            });
        };
        let bytes = std::fs::read(&path)
            .map_err(|fault| LoadError::Unreadable { file: path.display().to_string(), fault })?;
        self.contents.borrow_mut().update(blake3::hash(&bytes).as_bytes());
        Ok(bytes)
    }

    /// The model's file, with what it leaves open filled in where the workload does.
    fn model(&self) -> Result<Vec<u8>, LoadError> {
        let Workload { model, sample_shape, constants, .. } = self.workload;
        let bytes = self.read(model)?;
        if sample_shape.is_empty() && constants.is_empty() {
            return Ok(bytes);
        }
        let misfit = |fault| LoadError::Model { file: model.display().to_string(), fault };
        onnx::bound(&bytes, sample_shape, constants).map_err(misfit)
    }

    fn network(&self, bytes: &[u8]) -> Result<Network, LoadError> {
        let model = |fault| LoadError::Model { file: self.workload.model.display().to_string(), fault };
        let states = &self.workload.states;
        let read = if states.is_empty() { Network::from_onnx } else { Network::step_from_onnx };
        let network = read(bytes).map_err(model)?;
        let misfit = |fault| LoadError::Score { score: self.workload.score.name(), fault };
        let scored = score::scored(self.workload, &network).map_err(misfit)?;
        let outputs: Vec<&str> = scored.iter().chain(states.values()).map(String::as_str).collect();
        let network = network.only(&outputs).map_err(model)?;
        match &self.workload.data {
            Samples::Spikes { steps, .. } => {
                let states: Vec<(&str, &str)> =
                    states.iter().map(|(name, next)| (&**name, &**next)).collect();
                network.in_time(*steps, &states).map_err(model)
            }
            _ if states.is_empty() => Ok(network),
            _ => Err(misfit("`states` are of sequences; give the samples as `spikes`".into())),
        }
    }
}

fn in_file(file: &Path, fault: DataError) -> LoadError {
    LoadError::Data { file: file.display().to_string(), fault }
}

fn check(
    workload: &Workload,
    network: &Network,
    [test, calibration]: [&Set; 2],
    is_split: bool,
) -> Result<(), LoadError> {
    let [of_test, of_calibration] = counting_files(&workload.data);
    let parts = if is_split { ["behind the first tenth of", "in the first tenth of"] } else { ["in"; 2] };
    let counts = [
        ("samples", Some(workload.samples), test.len(), (parts[0], of_test)),
        (
            "quantize.calibration_samples",
            workload.quantize.calibration_samples,
            calibration.len(),
            (parts[1], of_calibration),
        ),
    ];
    for (key, asked, held, (part, file)) in counts {
        if let Some(asked) = asked.filter(|&asked| asked == 0 || asked > held) {
            let whence = format!("{part} {}", file.display());
            return Err(LoadError::Samples { key, asked, held, whence });
        }
    }
    // The network is turned to the test samples.
    for (set, file, whose) in
        [(test, of_test, "the network takes"), (calibration, of_calibration, "the test samples have")]
    {
        let (found, expected) = (set.shape().to_vec(), network.sample_shape().to_vec());
        if found != expected {
            return Err(LoadError::Shape { file: file.display().to_string(), found, whose, expected });
        }
    }
    let channels = network.sample_shape()[0];
    for (key, values) in [("mean", &workload.preprocess.mean), ("std", &workload.preprocess.std)] {
        if ![1, channels].contains(&values.len()) {
            return Err(LoadError::Channels { key, found: values.len(), channels });
        }
    }
    let scored: HashSet<blake3::Hash> = (0..test.len()).map(|at| test.hash(at)).collect();
    let both = (0..calibration.len()).find(|&at| scored.contains(&calibration.hash(at)));
    both.map_or(Ok(()), |at| Err(LoadError::Overlap(at)))
}

/// Every class must be a place of the network's answer; the first one of the set is so far on in its file.
fn labels(network: &Network, set: &Set, first: usize) -> Result<(), DataError> {
    let Truth::Classes(labels) = set.truth() else {
        return Ok(());
    };
    let classes = network.outputs()[0].1.iter().product();
    let wrong = labels.iter().enumerate().find(|(_, label)| **label >= classes);
    wrong.map_or(Ok(()), |(at, &label)| Err(DataError::Label { image: first + at, label, classes }))
}

impl Task {
    /// The network without the tokens that a workload leaves out, and with as many experts as it asks; `seed` is that of
    /// tokens that are drawn.
    ///
    /// # Errors
    /// [`ModelError::Tokens`], naming the node behind which none can be left out; others where the network cannot go on with
    /// fewer.
    pub fn with_less(&self, workload: &Workload, seed: u64) -> Result<Cow<'_, Network>, ModelError> {
        let tokens = workload.tokens.clone().filter(|tokens| tokens.keep < 1.0);
        let top = workload.experts.as_ref().and_then(|experts| experts.top);
        if tokens.is_none() && top.is_none() {
            return Ok(Cow::Borrowed(&self.network));
        }
        let node = tokens.iter().flat_map(|tokens| &tokens.after).next_back().cloned().unwrap_or_default();
        let read = Network::leaving(&self.model, Some(Leaving { tokens, seed, top }))?;
        let whole = self.network.outputs();
        let names: Vec<&str> = whole.iter().map(|(name, _)| *name).collect();
        let network = gated(workload, turned(read.only(&names)?, self.test.shape()))?;
        if network.outputs() != whole {
            let what = format!("the network answers with {whole:?}, and would with {:?}", network.outputs());
            return Err(ModelError::Tokens { node, what });
        }
        Ok(Cow::Owned(network))
    }

    /// Samples as the network takes them: `(value · scale − mean) / std` per channel, channels in the order asked for.
    pub fn preprocess(workload: &Workload, samples: &Tensor<f32>) -> Tensor<f32> {
        let settings = &workload.preprocess;
        let (channels, span) = (samples.shape()[1], samples.shape()[2..].iter().product::<usize>().max(1));
        let of = |values: &[f64], channel: usize| values.get(channel).or(values.first()).copied();
        let mut data = Vec::with_capacity(samples.len());
        for sample in samples.data().chunks_exact((channels * span).max(1)) {
            for channel in 0..channels {
                let (mean, std) =
                    (of(&settings.mean, channel).unwrap_or(0.0), of(&settings.std, channel).unwrap_or(1.0));
                let source = match settings.colours {
                    Colours::Rgb => channel,
                    Colours::Bgr => channels - 1 - channel,
                };
                let plane = &sample[source * span..(source + 1) * span];
                let seen = |&value: &f32| ((f64::from(value) * settings.scale - mean) / std) as f32;
                data.extend(plane.iter().map(seen));
            }
        }
        Tensor::new(samples.shape(), data).expect("the same shape")
    }
}
