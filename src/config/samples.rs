//! Where samples, and what is true of them, are read from.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where samples and labels are read from.
///
/// Where no calibration samples are given, the first tenth of the test samples calibrates and is not scored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Samples {
    /// IDX files, plain or gzipped.
    Idx {
        /// Samples to score.
        test: IdxFiles,
        /// Samples to calibrate on; never scored. The first tenth of the others where absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        calibration: Option<IdxFiles>,
        /// What a pixel value means.
        #[serde(default)]
        light: Light,
    },
    /// CIFAR-10 binary records: a label byte and three planes of 32×32 bytes.
    Cifar10 {
        /// Samples to score.
        test: PathBuf,
        /// Samples to calibrate on; never scored. The first tenth of the others where absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        calibration: Option<PathBuf>,
    },
    /// Features such as those of sound, as raw bytes: no light, so the sensor must be `ideal`.
    ///
    /// A feature q stands as the pixel q + 128 from there on: `preprocess` is written for 0..255.
    Features {
        /// Samples to score.
        test: FeatureFiles,
        /// Samples to calibrate on; never scored. The first tenth of the others where absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        calibration: Option<FeatureFiles>,
    },
    /// Pictures as raw unsigned bytes without a header, plain or gzipped, pixel by pixel with its channels together.
    Pictures {
        /// Rows, columns and channels of a picture.
        size: [usize; 3],
        /// Samples to score.
        test: PictureFiles,
        /// Samples to calibrate on; never scored. The first tenth of the others where absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        calibration: Option<PictureFiles>,
        /// What a pixel value means.
        #[serde(default)]
        light: Light,
    },
    /// Texts as rows of token numbers, 16 bits each, low byte first; a row's last token is only a target.
    ///
    /// The sample is the row without its last token, the targets are the row without its first.
    Tokens {
        /// The file, plain or gzipped.
        rows: PathBuf,
        /// Tokens of a row.
        #[schemars(range(min = 2))]
        length: usize,
    },
    /// Neighbouring frames of a recording, 32-bit floating point, low byte first; the window moves on by one frame.
    Windows {
        /// The file, plain or gzipped.
        frames: PathBuf,
        /// Values of a frame.
        #[schemars(range(min = 1))]
        size: usize,
        /// Frames of a sample.
        #[schemars(range(min = 1))]
        window: usize,
    },
    /// Pairs of grey pictures, the one given and the one wanted, as raw unsigned bytes, plain or gzipped.
    Pairs {
        /// The pictures given.
        given: PathBuf,
        /// Their rows and columns.
        given_size: [usize; 2],
        /// The pictures wanted.
        wanted: PathBuf,
        /// Their rows and columns.
        wanted_size: [usize; 2],
        /// What a pixel value means.
        #[serde(default)]
        light: Light,
    },
    /// Spike trains as bits, eight to a byte and the first the lowest, plain or gzipped: for each sample and step the bits of
    /// all inputs, filled up to whole bytes.
    Spikes {
        /// The file.
        trains: PathBuf,
        /// Steps in time of a sample.
        #[schemars(range(min = 1))]
        steps: usize,
        /// Inputs of a step.
        #[schemars(range(min = 1))]
        size: usize,
        /// IDX file with the classes; samples take the first of them.
        labels: PathBuf,
    },
    /// Arrays of NumPy (`.npy`) of bytes or 32-bit floating point, the first axis counting samples: no light.
    Npy {
        /// Samples to score.
        test: ArrayFiles,
        /// Samples to calibrate on; never scored. The first tenth of the others where absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        calibration: Option<ArrayFiles>,
    },
}

impl Samples {
    /// Whether an image sensor could have captured the samples.
    pub fn are_light(&self) -> bool {
        matches!(self, Self::Idx { .. } | Self::Cifar10 { .. } | Self::Pictures { .. } | Self::Pairs { .. })
    }

    /// Whether the samples that calibrate have a class each.
    pub(super) fn calibrate_with_classes(&self) -> bool {
        match self {
            Self::Idx { .. } | Self::Cifar10 { .. } | Self::Features { .. } | Self::Spikes { .. } => true,
            Self::Pictures { test, calibration, .. } => {
                calibration.as_ref().unwrap_or(test).labels.are_classes()
            }
            Self::Npy { test, calibration } => {
                calibration.as_ref().unwrap_or(test).labels.as_ref().is_some_and(Labels::are_classes)
            }
            Self::Tokens { .. } | Self::Windows { .. } | Self::Pairs { .. } => false,
        }
    }
}

/// A file of features with its labels, or some samples of one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FeatureFiles {
    /// Signed bytes, sample after sample in the shape that the network reads.
    pub features: PathBuf,
    /// Unsigned bytes `[samples]`.
    pub labels: PathBuf,
    /// The first sample that is taken, counted from 0.
    #[serde(default)]
    pub from: usize,
    /// The sample before which to stop; the end of the file where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<usize>,
}

/// An IDX image file with its labels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IdxFiles {
    /// Unsigned bytes [samples, rows, columns].
    pub images: PathBuf,
    /// Unsigned bytes `[samples]`.
    pub labels: PathBuf,
}

/// A file of pictures and what is true of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PictureFiles {
    /// Unsigned bytes [samples, rows, columns, channels].
    pub pictures: PathBuf,
    /// What is true of them.
    pub labels: Labels,
}

/// A NumPy array of samples and what is true of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ArrayFiles {
    /// The array [samples, …], in the shape that the network reads.
    pub array: PathBuf,
    /// What is true of the samples; absent where they are scored against themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<Labels>,
}

/// What is true of samples, by the form of the file; classes count from 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Labels {
    /// A class a sample, an unsigned byte each.
    U8(PathBuf),
    /// A class a sample, 16 bits each, low byte first.
    U16le(PathBuf),
    /// A class a sample, as an array `[samples]` of whole numbers (`.npy`).
    Npy(PathBuf),
    /// The same for a network whose output 0 stands for none of the classes: output 1 is class 0.
    U16leAfterBackground(PathBuf),
    /// Objects, a line each below a head that names the columns: `image` from 0, `class` (0 where absent), and either the
    /// centre and size `cx,cy,w,h` or the corners `x1,y1,x2,y2`, as shares of the picture.
    Boxes(PathBuf),
    /// The same for what a reference network found: the score is how far detections agree with those.
    Detections(PathBuf),
}

impl Labels {
    fn are_classes(&self) -> bool {
        match self {
            Self::U8(_) | Self::U16le(_) | Self::Npy(_) | Self::U16leAfterBackground(_) => true,
            Self::Boxes(_) | Self::Detections(_) => false,
        }
    }
}

/// What a pixel value means in terms of light.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Light {
    /// Gamma-coded (sRGB): the sensor sees it linearised and the result is coded again.
    #[default]
    Srgb,
    /// Proportional to the light.
    Linear,
}
