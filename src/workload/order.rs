//! Elements that get other places, are repeated or left out.

use std::ops::Deref;

/// Where each element of a result comes from; none where it is none of those that are read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Order {
    places: Vec<Option<u32>>,
    /// Where neighbours mostly come from neighbours: how many, and where the first one comes from.
    runs: Option<Vec<(usize, Option<u32>)>>,
}

/// Elements of a run on average from which on runs are copied rather than elements.
const LONG: usize = 8;

impl Order {
    /// The result, with `fill` where an element comes from nowhere.
    pub(super) fn take(&self, x: &[f32], fill: f32) -> Vec<f32> {
        let Some(runs) = &self.runs else {
            return self.places.iter().map(|at| at.map_or(fill, |at| x[at as usize])).collect();
        };
        let mut out = Vec::with_capacity(self.places.len());
        for &(length, first) in runs {
            match first {
                Some(first) => out.extend_from_slice(&x[first as usize..][..length]),
                None => out.resize(out.len() + length, fill),
            }
        }
        out
    }
}

impl From<Vec<Option<u32>>> for Order {
    fn from(places: Vec<Option<u32>>) -> Self {
        let follows = |one: &Option<u32>, next: &Option<u32>| one.map(|at| at + 1) == *next;
        let runs = || places.chunk_by(follows).map(|run| (run.len(), run[0]));
        let long = runs().count() * LONG <= places.len();
        let runs = long.then(|| runs().collect());
        Self { places, runs }
    }
}

impl FromIterator<Option<u32>> for Order {
    fn from_iter<I: IntoIterator<Item = Option<u32>>>(places: I) -> Self {
        places.into_iter().collect::<Vec<_>>().into()
    }
}

impl Deref for Order {
    type Target = [Option<u32>];

    fn deref(&self) -> &[Option<u32>] {
        &self.places
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        /// Runs of any lengths, from anywhere or nowhere.
        #[test]
        fn each_element_is_the_one_of_its_place(
            runs in proptest::collection::vec((1usize..30, proptest::option::of(0u32..100)), 0..20),
        ) {
            let places = |&(length, first): &(usize, Option<u32>)| (0..length as u32).map(move |at| Some(first? + at));
            let places: Vec<Option<u32>> = runs.iter().flat_map(places).collect();
            let x: Vec<f32> = (0..130).map(|at| at as f32 / 3.0).collect();
            let element = |at: &Option<u32>| at.map_or(-7.5, |at| at as f32 / 3.0);
            let expected: Vec<f32> = places.iter().map(element).collect();
            let order = Order::from(places.clone());
            proptest::prop_assert_eq!(order.take(&x, -7.5), expected);
            proptest::prop_assert_eq!(&*order, &places[..]);
        }
    }

    #[test]
    fn runs_are_copied_where_they_are_long() {
        let planes: Order = (0..64).map(|at| (at >= 32).then(|| at - 32)).collect();
        assert_eq!(planes.runs, Some(vec![(32, None), (32, Some(0))]));
        let strides: Order = (0..64).map(|at| Some(2 * at)).collect();
        assert_eq!(strides.runs, None);
    }
}
