//! Results that several setups share.

use std::sync::{Arc, Mutex};

use indexmap::IndexMap;
use serde::Serialize;

/// Values in the order in which they were made.
type Known<T> = IndexMap<String, Arc<T>>;

/// The bytes that a value takes.
type Bytes<T> = fn(&T) -> usize;

/// Values by the settings they follow from.
#[derive(Debug)]
pub(super) struct Memo<T> {
    known: Mutex<Known<T>>,
    /// Bytes that values take at most, and those of each; all are kept where it is absent.
    room: Option<(usize, Bytes<T>)>,
}

impl<T> Default for Memo<T> {
    fn default() -> Self {
        Self { known: Mutex::default(), room: None }
    }
}

impl<T> Memo<T> {
    /// Keeps values of so many bytes, the latest at least; what was made before is made again where it is asked for.
    pub(super) fn within(room: usize, bytes: Bytes<T>) -> Self {
        Self { room: Some((room, bytes)), ..Self::default() }
    }

    /// The value for `key`, made where it is not known yet.
    ///
    /// Two threads that ask at once may both make it; as values follow from their key alone, that costs time only.
    pub(super) fn get<E>(
        &self,
        key: &impl Serialize,
        make: impl FnOnce() -> Result<T, E>,
    ) -> Result<Arc<T>, E> {
        let key = serde_json::to_string(key).expect("settings are always writable");
        let known = || self.known.lock().expect("nothing panics while the lock is held");
        if let Some(value) = known().get(&key) {
            return Ok(value.clone());
        }
        let value = Arc::new(make()?);
        let mut known = known();
        known.insert(key, value.clone());
        self.make_room(&mut known);
        Ok(value)
    }

    fn make_room(&self, known: &mut Known<T>) {
        let Some((room, bytes)) = self.room else { return };
        let mut taken: usize = known.values().map(|value| bytes(value)).sum();
        while taken > room && known.len() > 1 {
            let (_, oldest) = known.shift_remove_index(0).expect("there are two");
            taken -= bytes(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::convert::Infallible;

    use super::*;

    #[test]
    fn the_oldest_values_make_room_and_are_made_again() {
        let made = Cell::new(0);
        let memo: Memo<Vec<u8>> = Memo::within(10, Vec::len);
        let get = |size: usize| {
            let make = || {
                made.set(made.get() + 1);
                Ok::<_, Infallible>(vec![0; size])
            };
            assert_eq!(memo.get(&size, make).unwrap().len(), size);
            made.get()
        };
        assert_eq!([4, 5, 4, 5].map(get), [1, 2, 2, 2], "both fit");
        assert_eq!([3, 5, 4].map(get), [3, 3, 4], "the first had to go");
        assert_eq!([20, 20, 3].map(get), [5, 5, 6], "one is kept however large it is");
    }
}
