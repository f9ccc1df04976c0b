//! What setups share whose networks begin alike: one that differs from another in a late layer only need not compute the
//! early ones again.
//!
//! All that decides what enters a layer is in its key: the whole setup but the multipliers of that layer and later ones.
//! So nothing that a layer does may depend on a later layer's multiplier in any other way than through
//! [`Parts::scheme`], which is in the key.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::{Value, json};

use super::parts::Parts;
use super::probe::Seen;
use crate::config::platform::Compute;
use crate::workload::{Checkpoint, Scheme};

/// Bytes of activations that are kept at most; what does not fit is computed again.
pub(super) const LIMIT: usize = 256 << 20;

/// What decides all that enters a layer.
pub(super) type Key = blake3::Hash;

/// For every layer what decides all that enters it, and at the end what decides all that leaves the last.
pub(super) fn keys(parts: &Parts<'_>, layers: usize) -> Vec<Key> {
    let mut setup = serde_json::to_value(parts.setup).expect("a setup is always writable");
    let multipliers: Vec<Value> = (0..layers).map(|layer| json!(parts.multiplier(layer))).collect();
    if let (Compute::Array(_), Some(array)) =
        (&parts.setup.platform.compute, setup.pointer_mut("/platform/compute/array"))
    {
        array["multiplier"] = Value::Null;
        array["layers"] = Value::Null;
    }
    let start = json!([setup, parts.scheme() == Scheme::Affine]);
    let mut keys = vec![blake3::hash(start.to_string().as_bytes())];
    for multiplier in multipliers {
        let before = keys[keys.len() - 1];
        let after = [before.as_bytes(), multiplier.to_string().as_bytes()].concat();
        keys.push(blake3::hash(&after));
    }
    keys
}

/// A batch under a fault map: its first sample and the one after its last, and the map.
pub(super) type Batch = ([usize; 2], u64);

/// Activations at layers where setups that are still to be evaluated part.
#[derive(Default)]
pub(super) struct Prefixes(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    /// How many setups with this key are still to be evaluated.
    planned: HashMap<Key, usize>,
    checkpoints: HashMap<(Key, Batch), Arc<Checkpoint>>,
    bytes: usize,
    /// What a layer makes the hardware do, by the key after it.
    seen: HashMap<Key, Seen>,
}

impl Kept {
    fn planned(&self, key: &Key) -> usize {
        self.planned.get(key).copied().unwrap_or(0)
    }
}

impl Prefixes {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().expect("nothing panics while the lock is held")
    }

    /// A setup with these keys will be evaluated.
    pub(super) fn plan(&self, keys: &[Key]) {
        let mut kept = self.kept();
        keys.iter().for_each(|key| *kept.planned.entry(*key).or_default() += 1);
    }

    /// A setup with these keys has been evaluated; what no other one needs is dropped.
    pub(super) fn finish(&self, keys: &[Key]) {
        let mut kept = self.kept();
        for key in keys {
            let left = kept.planned(key).saturating_sub(1);
            kept.planned.insert(*key, left);
            if left == 0 {
                kept.planned.remove(key);
                let Kept { checkpoints, bytes, seen, .. } = &mut *kept;
                seen.remove(key);
                checkpoints.retain(|(of, _), checkpoint| {
                    let stays = of != key;
                    *bytes -= if stays { 0 } else { checkpoint.bytes() };
                    stays
                });
            }
        }
    }

    /// What is kept of a batch at the latest layer that these keys lead to, of the first `layers` or the next.
    pub(super) fn latest(&self, keys: &[Key], layers: usize, batch: Batch) -> Option<Arc<Checkpoint>> {
        let kept = self.kept();
        keys[..=layers].iter().rev().find_map(|key| kept.checkpoints.get(&(*key, batch)).cloned())
    }

    /// Keeps what enters `layer` where other setups still to be evaluated come as far and no further, and it fits.
    pub(super) fn keep(&self, keys: &[Key], layer: usize, batch: Batch, make: &dyn Fn() -> Checkpoint) {
        let (key, next) = (&keys[layer], &keys[layer + 1]);
        let wanted = |kept: &Kept| {
            let parting = kept.planned(key) > kept.planned(next).max(1);
            // Before the first layer nothing has been computed.
            layer > 0 && parting && !kept.checkpoints.contains_key(&(*key, batch))
        };
        if !wanted(&self.kept()) {
            return;
        }
        let checkpoint = make();
        let mut kept = self.kept();
        if wanted(&kept) && kept.bytes + checkpoint.bytes() <= LIMIT {
            kept.bytes += checkpoint.bytes();
            kept.checkpoints.insert((*key, batch), Arc::new(checkpoint));
        }
    }

    /// What each layer is known to make the hardware do.
    pub(super) fn seen(&self, keys: &[Key]) -> Vec<Option<Seen>> {
        let kept = self.kept();
        keys[1..].iter().map(|key| kept.seen.get(key).cloned()).collect()
    }

    /// Keeps what each layer makes the hardware do where another setup will ask for it.
    pub(super) fn saw(&self, keys: &[Key], seen: &[Seen]) {
        let mut kept = self.kept();
        for (key, seen) in keys[1..].iter().zip(seen) {
            if kept.planned(key) > 1 {
                kept.seen.insert(*key, seen.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests;
