//! Results that several setups share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use serde::Serialize;

/// Values by the settings they follow from.
#[derive(Debug)]
pub(super) struct Memo<T>(Mutex<HashMap<String, Arc<T>>>);

impl<T> Default for Memo<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Memo<T> {
    /// The value for `key`, made where it is not known yet.
    ///
    /// Two threads that ask at once may both make it; as values follow from their key alone, that costs time only.
    pub(super) fn get<E>(
        &self,
        key: &impl Serialize,
        make: impl FnOnce() -> Result<T, E>,
    ) -> Result<Arc<T>, E> {
        let key = serde_json::to_string(key).expect("settings are always writable");
        let known = || self.0.lock().expect("nothing panics while the lock is held");
        if let Some(value) = known().get(&key) {
            return Ok(value.clone());
        }
        let value = Arc::new(make()?);
        known().insert(key, value.clone());
        Ok(value)
    }
}
