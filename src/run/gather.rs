//! All that layers take over the steps of a network in time, for those that look at every layer once.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Mutex;

use crate::tensor::Tensor;
use crate::workload::{Codes, Engine, Layer, Origin, Place, Weights};

/// An engine that behaves as another one and keeps what each layer takes, step after step as more samples.
pub(super) struct Gather<'a> {
    engine: &'a dyn Engine,
    /// By the layer's index.
    taken: Mutex<BTreeMap<usize, (Layer, Codes, Weights)>>,
}

impl<'a> Gather<'a> {
    pub(super) fn new(engine: &'a dyn Engine) -> Self {
        Self { engine, taken: Mutex::default() }
    }

    /// Shows every layer that ran, in order, with all that it took.
    pub(super) fn show(self, engine: &dyn Engine) {
        let taken = self.taken.into_inner().expect("no layer panicked while it was looked at");
        for (layer, input, weights) in taken.values() {
            engine.contract(layer, input, weights);
        }
    }
}

impl Engine for Gather<'_> {
    fn contract(&self, layer: &Layer, input: &Codes, weights: &Weights) -> Vec<i32> {
        let mut taken = self.taken.lock().expect("no layer panicked while it was looked at");
        match taken.entry(layer.index) {
            Entry::Occupied(mut taken) => {
                let (layer, known, own) = taken.get_mut();
                *known = both(known, input);
                // What is computed is the samples' own.
                if layer.weights == Origin::Computed {
                    own.codes.extend(&weights.codes);
                }
            }
            Entry::Vacant(place) => {
                place.insert((layer.clone(), input.clone(), weights.clone()));
            }
        }
        self.engine.contract(layer, input, weights)
    }

    fn store(&self, place: Place, codes: &mut Codes) {
        self.engine.store(place, codes);
    }
}

/// Codes of some samples, then of others.
fn both(one: &Codes, other: &Codes) -> Codes {
    let mut shape = one.codes.shape().to_vec();
    shape[0] += other.codes.shape()[0];
    let codes = [one.codes.data(), other.codes.data()].concat();
    Codes { codes: Tensor::new(shape, codes).expect("samples of one shape"), ..*one }
}
