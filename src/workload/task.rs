//! A workload loaded from its files: the only place here that touches them.

use std::cell::RefCell;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::data::{DataError, Images, cifar10, features, idx};
use super::{ModelError, Network};
use crate::config::{FeatureFiles, IdxFiles, Light, Samples, Workload};
use crate::tensor::Tensor;

/// A network with its samples.
pub struct Task {
    /// The network.
    pub network: Network,
    /// Samples to score.
    pub test: Images,
    /// Samples to calibrate on.
    pub calibration: Images,
    /// What a pixel means.
    pub light: Light,
    /// Hash of the contents of the model's and the data's files.
    pub files: String,
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
    /// More samples are asked for than there are, or none.
    #[error("`{key}: {asked}` asks for more than the {held} samples of that set; write 1 to {held}")]
    Samples {
        /// The key of the workload.
        key: &'static str,
        /// Samples configured.
        asked: usize,
        /// Samples at hand.
        held: usize,
    },
    /// The test set does not fit the network.
    #[error("the network expects samples of shape {expected:?}, the data have {found:?}")]
    Shape {
        /// The network's.
        expected: Vec<usize>,
        /// The data's.
        found: Vec<usize>,
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
    let network = finder.network()?;
    let (test, calibration, light) = match &workload.data {
        Samples::Idx { test, calibration, light } => (finder.idx(test)?, finder.idx(calibration)?, *light),
        Samples::Cifar10 { test, calibration } => {
            (finder.cifar10(test)?, finder.cifar10(calibration)?, Light::Srgb)
        }
        Samples::Features { test, calibration } => {
            let read = |files| finder.features(files, network.sample_shape());
            // No sensor sees them: there is no light to code.
            (read(test)?, read(calibration)?, Light::Linear)
        }
    };
    let network = turned(network, &test);
    let [of_test, of_calibration] = label_files(&workload.data);
    let empty = |file: &Path, job| LoadError::Empty { file: file.display().to_string(), job };
    if test.is_empty() {
        return Err(empty(of_test, "the task is scored on samples"));
    }
    if calibration.is_empty() {
        return Err(empty(of_calibration, "the range of every activation is found on calibration samples"));
    }
    check(workload, &network, &test, &calibration)?;
    labels(&network, &test).map_err(|fault| in_file(of_test, fault))?;
    let files = finder.contents.borrow().finalize().to_hex()[..24].to_string();
    Ok(Task { network, test, calibration, light, files })
}

/// Loads the model alone, which is looked up as [`load`] does.
///
/// # Errors
/// [`LoadError`], naming the file; [`LoadError::Missing`] where it is in none of the folders.
pub fn network(workload: &Workload, roots: &[PathBuf]) -> Result<Network, LoadError> {
    Finder { workload, roots, contents: RefCell::default() }.network()
}

/// The network for samples with channels first, if these are its samples with channels last.
fn turned(network: Network, images: &Images) -> Network {
    match (network.sample_shape(), &images.pixels.shape()[1..]) {
        (own, found) if own == found => network,
        (&[height, width, channels], found) if found == [channels, height, width] => network.channels_first(),
        _ => network,
    }
}

/// The files with the labels of test and calibration samples.
fn label_files(data: &Samples) -> [&Path; 2] {
    match data {
        Samples::Idx { test, calibration, .. } => [&test.labels, &calibration.labels],
        Samples::Features { test, calibration } => [&test.labels, &calibration.labels],
        Samples::Cifar10 { test, calibration } => [test, calibration],
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

    fn network(&self) -> Result<Network, LoadError> {
        let bytes = self.read(&self.workload.model)?;
        let file = self.workload.model.display().to_string();
        Network::from_onnx(&bytes).map_err(|fault| LoadError::Model { file, fault })
    }

    fn idx(&self, files: &IdxFiles) -> Result<Images, LoadError> {
        let pixels =
            idx::images(&self.read(&files.images)?).map_err(|fault| in_file(&files.images, fault))?;
        let labels =
            idx::labels(&self.read(&files.labels)?).map_err(|fault| in_file(&files.labels, fault))?;
        Images::join(pixels, labels).map_err(|fault| in_file(&files.labels, fault))
    }

    fn features(&self, files: &FeatureFiles, shape: &[usize]) -> Result<Images, LoadError> {
        let (features, labels) = (self.read(&files.features)?, self.read(&files.labels)?);
        let range = files.from..files.to.unwrap_or(labels.len());
        features::read(&features, &labels, shape, range).map_err(|fault| in_file(&files.features, fault))
    }

    fn cifar10(&self, file: &Path) -> Result<Images, LoadError> {
        cifar10::read(&self.read(file)?).map_err(|fault| in_file(file, fault))
    }
}

fn in_file(file: &Path, fault: DataError) -> LoadError {
    LoadError::Data { file: file.display().to_string(), fault }
}

fn check(
    workload: &Workload,
    network: &Network,
    test: &Images,
    calibration: &Images,
) -> Result<(), LoadError> {
    let counts = [
        ("samples", workload.samples, test.len()),
        ("quantize.calibration_samples", workload.quantize.calibration_samples, calibration.len()),
    ];
    if let Some(&(key, asked, held)) = counts.iter().find(|(_, asked, held)| *asked == 0 || asked > held) {
        return Err(LoadError::Samples { key, asked, held });
    }
    for images in [test, calibration] {
        let found = images.pixels.shape()[1..].to_vec();
        if found != network.sample_shape() {
            return Err(LoadError::Shape { expected: network.sample_shape().to_vec(), found });
        }
    }
    let channels = network.sample_shape()[0];
    for (key, values) in [("mean", &workload.preprocess.mean), ("std", &workload.preprocess.std)] {
        if ![1, channels].contains(&values.len()) {
            return Err(LoadError::Channels { key, found: values.len(), channels });
        }
    }
    let scored: HashSet<[u8; 32]> =
        (0..test.len()).map(|at| *blake3::hash(test.image(at)).as_bytes()).collect();
    let both =
        (0..calibration.len()).find(|&at| scored.contains(blake3::hash(calibration.image(at)).as_bytes()));
    both.map_or(Ok(()), |at| Err(LoadError::Overlap(at)))
}

/// Every label must name an output of the network.
fn labels(network: &Network, images: &Images) -> Result<(), DataError> {
    let classes = network.outputs()[0].1.iter().product();
    let wrong = images.labels.iter().enumerate().find(|(_, label)| usize::from(**label) >= classes);
    wrong.map_or(Ok(()), |(image, &label)| Err(DataError::Label { image, label, classes }))
}

impl Task {
    /// Pixels 0..255 as the network takes them: `(pixel · scale − mean) / std` per channel.
    pub fn preprocess(workload: &Workload, pixels: &Tensor<f32>) -> Tensor<f32> {
        let settings = &workload.preprocess;
        let (channels, span) = (pixels.shape()[1], pixels.shape()[2..].iter().product::<usize>());
        let of = |values: &[f64], channel: usize| values.get(channel).or(values.first()).copied();
        let mut data = Vec::with_capacity(pixels.len());
        for (at, plane) in pixels.data().chunks_exact(span.max(1)).enumerate() {
            let channel = at % channels;
            let (mean, std) =
                (of(&settings.mean, channel).unwrap_or(0.0), of(&settings.std, channel).unwrap_or(1.0));
            data.extend(plane.iter().map(|&pixel| ((f64::from(pixel) * settings.scale - mean) / std) as f32));
        }
        Tensor::new(pixels.shape(), data).expect("the same shape")
    }
}
