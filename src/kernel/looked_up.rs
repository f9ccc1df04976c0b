//! Contractions by looking up each product in the table.

use super::field::{self, Layout};
use super::products::Rows;
use super::{Geometry, Operands};

/// As [`super::convolve`], on top of what is there; `add` adds the products of one filter, column by column.
pub(super) fn convolve(
    geometry: &Geometry,
    operands: &Operands<'_>,
    add: impl Fn(&mut [i32], &[u8], &Rows<'_>),
    output: &mut [i32],
) {
    let mut chunks = field::chunks(geometry, operands.batch).peekable();
    let Some(largest) = chunks.peek().map(ExactSizeIterator::len) else { return };
    let layout = Layout::<1>::new(geometry, largest);
    let offsets = layout.filter_offsets(geometry);
    let (mut codes, mut sums) = (vec![], vec![]);
    for samples in chunks {
        let columns = layout.columns(samples.len()).next_multiple_of(64);
        for group in 0..geometry.groups {
            layout.fill(geometry, operands, group, samples.clone(), &mut codes);
            let rows = Rows::new(&codes, &offsets, columns);
            for channel in geometry.group_channels(group) {
                sums.clear();
                sums.resize(columns, 0);
                add(&mut sums, geometry.filter(operands.weights, channel), &rows);
                layout.scatter(geometry, channel, samples.clone(), &sums, output);
            }
        }
    }
}
