//! From the files of a workload to sets of samples.

use std::path::{Path, PathBuf};

use super::{Finder, LoadError, in_file};
use crate::config::{ArrayFiles, FeatureFiles, IdxFiles, Labels, PictureFiles, Samples};
use crate::tensor::Tensor;
use crate::workload::data::{DataError, Images, Set, Truth, Values, boxes, cifar10, features, idx, npy, raw};

/// For test and calibration samples the file that counts them; the same one where there is no calibration set.
pub(super) fn counting_files(data: &Samples) -> [&Path; 2] {
    let [test, calibration]: [&PathBuf; 2] = match data {
        Samples::Idx { test, calibration, .. } => {
            [&test.labels, &calibration.as_ref().unwrap_or(test).labels]
        }
        Samples::Features { test, calibration } => {
            [&test.labels, &calibration.as_ref().unwrap_or(test).labels]
        }
        Samples::Cifar10 { test, calibration } => [test, calibration.as_ref().unwrap_or(test)],
        Samples::Pictures { test, calibration, .. } => {
            [&test.pictures, &calibration.as_ref().unwrap_or(test).pictures]
        }
        Samples::Npy { test, calibration } => [&test.array, &calibration.as_ref().unwrap_or(test).array],
        Samples::Tokens { rows, .. } => [rows; 2],
        Samples::Windows { frames, .. } => [frames; 2],
        Samples::Pairs { given, .. } => [given; 2],
        Samples::Spikes { trains, .. } => [trains; 2],
    };
    [test, calibration]
}

/// The file with the classes of test samples.
pub(super) fn label_file(data: &Samples) -> &Path {
    match data {
        Samples::Pictures { test, .. } => path(&test.labels),
        Samples::Spikes { labels, .. } => labels,
        Samples::Npy { test: ArrayFiles { labels: Some(labels), .. }, .. } => path(labels),
        _ => counting_files(data)[0],
    }
}

/// The place in its file of the first sample that is read to be scored, or to be split.
pub(super) fn first_scored(data: &Samples) -> usize {
    if let Samples::Features { test, .. } = data { test.from } else { 0 }
}

fn path(labels: &Labels) -> &Path {
    let (Labels::U8(file)
    | Labels::U16le(file)
    | Labels::Npy(file)
    | Labels::U16leAfterBackground(file)
    | Labels::Boxes(file)
    | Labels::Detections(file)) = labels;
    file
}

impl Finder<'_> {
    /// Test samples, and those to calibrate on where they are given; `shape` is what the network takes.
    pub(super) fn sets(&self, shape: &[usize]) -> Result<(Set, Option<Set>), LoadError> {
        fn both<F>(
            test: &F,
            calibration: Option<&F>,
            read: impl Fn(&F) -> Result<Set, LoadError>,
        ) -> Result<(Set, Option<Set>), LoadError> {
            Ok((read(test)?, calibration.map(read).transpose()?))
        }
        match &self.workload.data {
            Samples::Idx { test, calibration, .. } => {
                both(test, calibration.as_ref(), |files| self.idx(files))
            }
            Samples::Cifar10 { test, calibration } => {
                both(test, calibration.as_ref(), |file| self.cifar10(file))
            }
            Samples::Features { test, calibration } => {
                both(test, calibration.as_ref(), |files| self.features(files, shape))
            }
            Samples::Pictures { size, test, calibration, .. } => {
                both(test, calibration.as_ref(), |files| self.pictures(files, *size))
            }
            Samples::Npy { test, calibration } => both(test, calibration.as_ref(), |files| self.array(files)),
            Samples::Tokens { rows, length } => {
                let (values, truth) = self.unpacked(rows, |bytes| raw::tokens(bytes, *length))?;
                Ok((joined(values, truth, rows)?, None))
            }
            Samples::Windows { frames, size, window } => {
                let values = self.unpacked(frames, |bytes| raw::windows(bytes, *size, *window))?;
                Ok((joined(values, Truth::Itself, frames)?, None))
            }
            Samples::Spikes { trains, steps, size, labels } => {
                let spikes = self.unpacked(trains, |bytes| raw::spikes(bytes, *steps, *size))?;
                let classes = idx::labels(&self.read(labels)?).map_err(|fault| in_file(labels, fault))?;
                let classes = classes.into_iter().take(spikes.shape()[0]).map(usize::from).collect();
                Ok((joined(Values::Bytes(spikes), Truth::Classes(classes), labels)?, None))
            }
            Samples::Pairs { given, given_size, wanted, wanted_size, .. } => {
                let truth = Truth::Pictures(self.grey(wanted, *wanted_size)?);
                Ok((joined(Values::Bytes(self.grey(given, *given_size)?), truth, wanted)?, None))
            }
        }
    }

    /// What `of` makes of a file's bytes, unpacked where they are gzipped.
    fn unpacked<T>(&self, file: &Path, of: impl Fn(&[u8]) -> Result<T, DataError>) -> Result<T, LoadError> {
        let bytes = raw::unpacked(self.read(file)?);
        bytes.and_then(|bytes| of(&bytes)).map_err(|fault| in_file(file, fault))
    }

    fn idx(&self, files: &IdxFiles) -> Result<Set, LoadError> {
        let pixels =
            idx::images(&self.read(&files.images)?).map_err(|fault| in_file(&files.images, fault))?;
        let labels =
            idx::labels(&self.read(&files.labels)?).map_err(|fault| in_file(&files.labels, fault))?;
        let images = Images::join(pixels, labels).map_err(|fault| in_file(&files.labels, fault))?;
        Ok(images.into())
    }

    fn features(&self, files: &FeatureFiles, shape: &[usize]) -> Result<Set, LoadError> {
        let (features, labels) = (self.read(&files.features)?, self.read(&files.labels)?);
        let range = files.from..files.to.unwrap_or(labels.len());
        let images = features::read(&features, &labels, shape, range);
        images.map(Set::from).map_err(|fault| in_file(&files.features, fault))
    }

    fn cifar10(&self, file: &Path) -> Result<Set, LoadError> {
        cifar10::read(&self.read(file)?).map(Set::from).map_err(|fault| in_file(file, fault))
    }

    fn grey(&self, file: &Path, [rows, columns]: [usize; 2]) -> Result<Tensor<u8>, LoadError> {
        self.unpacked(file, |bytes| raw::pictures(bytes, [rows, columns, 1]))
    }

    fn pictures(&self, files: &PictureFiles, size: [usize; 3]) -> Result<Set, LoadError> {
        let pictures = self.unpacked(&files.pictures, |bytes| raw::pictures(bytes, size))?;
        let truth = self.truth(&files.labels, pictures.shape()[0])?;
        joined(Values::Bytes(pictures), truth, path(&files.labels))
    }

    fn array(&self, files: &ArrayFiles) -> Result<Set, LoadError> {
        let values = self.unpacked(&files.array, npy::read)?;
        let Some(labels) = &files.labels else { return joined(values, Truth::Itself, &files.array) };
        let count = match &values {
            Values::Bytes(array) => array.shape()[0],
            Values::Reals(array) => array.shape()[0],
        };
        joined(values, self.truth(labels, count)?, path(labels))
    }

    /// What a file says of so many samples.
    fn truth(&self, labels: &Labels, samples: usize) -> Result<Truth, LoadError> {
        let objects = |bytes: &[u8]| boxes::read(&String::from_utf8_lossy(bytes), samples);
        self.unpacked(path(labels), |bytes| match labels {
            Labels::Npy(_) => npy::classes(bytes).map(Truth::Classes),
            _ if npy::is_array(bytes) => Err(DataError::Array),
            Labels::U8(_) => Ok(raw::bytes(bytes)),
            Labels::U16le(_) => raw::words(bytes, 0),
            Labels::U16leAfterBackground(_) => raw::words(bytes, 1),
            Labels::Boxes(_) => objects(bytes).map(Truth::Objects),
            Labels::Detections(_) => objects(bytes).map(Truth::Detections),
        })
    }
}

fn joined(values: Values, truth: Truth, file: &Path) -> Result<Set, LoadError> {
    Set::join(values, truth).map_err(|fault| in_file(file, fault))
}
