//! The product of every weight code with every activation code, prepared for summing.

#[cfg(target_arch = "x86_64")]
use super::avx512::Planes;
use super::panel::Panel;

/// Products of all pairs of 8-bit codes: row = weight code, column = activation code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Products {
    rows: Box<[[i32; 256]]>,
    /// The rows as byte planes, where they fit.
    #[cfg(target_arch = "x86_64")]
    planes: Option<Planes>,
}

impl Products {
    /// Takes 65,536 products, weight code in the high byte of the index.
    ///
    /// # Panics
    /// When the number of products is not 65,536.
    pub fn new(products: &[i32]) -> Self {
        assert_eq!(products.len(), 1 << 16, "one product per pair of codes");
        let row = |row: &[i32]| <[i32; 256]>::try_from(row).expect("rows of 256");
        Self::prepare(products.chunks_exact(256).map(row).collect())
    }

    /// Exact products of centred codes: (weight − zero) · (activation − zero).
    pub fn exact(weight_zero: u8, activation_zero: u8) -> Self {
        let product = |w: i32, x: i32| (w - i32::from(weight_zero)) * (x - i32::from(activation_zero));
        Self::prepare((0..256).map(|w| std::array::from_fn(|x| product(w, x as i32))).collect())
    }

    fn prepare(rows: Box<[[i32; 256]]>) -> Self {
        Self {
            #[cfg(target_arch = "x86_64")]
            planes: Planes::split(&rows),
            rows,
        }
    }

    /// The product of two codes.
    pub fn get(&self, weight: u8, activation: u8) -> i32 {
        self.rows[usize::from(weight)][usize::from(activation)]
    }

    /// Sums, for every column of the panel, the products of one filter with the column's codes.
    pub(super) fn sum_rows(&self, weights: &[u8], panel: &Panel) -> Vec<i32> {
        let mut sums = vec![0; panel.columns()];
        if !self.add_planes(&mut sums, weights, panel) {
            self.add_portable(&mut sums, weights, panel);
        }
        if let Some(padded) = self.padded(weights, panel) {
            for sums in sums.chunks_mut(panel.positions()) {
                sums.iter_mut().zip(&padded).for_each(|(sum, padded)| *sum = sum.wrapping_sub(*padded));
            }
        }
        sums
    }

    /// What padding added to each position of a sample; nothing where its product is always 0, as it mostly is.
    fn padded(&self, weights: &[u8], panel: &Panel) -> Option<Vec<i32>> {
        let mut added = None;
        for (k, &weight) in weights.iter().enumerate() {
            let product = self.get(weight, panel.pad());
            if product == 0 || panel.outside(k).is_empty() {
                continue;
            }
            let sums = added.get_or_insert_with(|| vec![0i32; panel.positions()]);
            for run in panel.outside(k) {
                sums[run.clone()].iter_mut().for_each(|sum| *sum = sum.wrapping_add(product));
            }
        }
        added
    }

    #[cfg(target_arch = "x86_64")]
    fn add_planes(&self, sums: &mut [i32], weights: &[u8], panel: &Panel) -> bool {
        self.planes.as_ref().is_some_and(|planes| planes.add(sums, weights, |k| panel.row(k)))
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn add_planes(&self, _: &mut [i32], _: &[u8], _: &Panel) -> bool {
        false
    }

    /// The path that runs on any processor: one look-up per product.
    pub(super) fn add_portable(&self, sums: &mut [i32], weights: &[u8], panel: &Panel) {
        for (k, &weight) in weights.iter().enumerate() {
            let row = &self.rows[usize::from(weight)];
            for (sum, &code) in sums.iter_mut().zip(panel.row(k)) {
                *sum = sum.wrapping_add(row[usize::from(code)]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{Geometry, Operands};
    use crate::rng::Stream;

    /// Deep enough to flush the 16-bit sums several times, wide enough for whole and partial groups of blocks.
    #[test]
    fn register_tables_equal_plain_look_ups_at_any_depth_and_width() {
        let mut stream = Stream::new(4, "kernel.planes", 0);
        for (depth, samples) in [(1, 1), (251, 64), (252, 65), (253, 300), (1000, 520)] {
            let geometry = Geometry::dense(depth, 1);
            let input: Vec<u8> = (0..depth * samples).map(|_| stream.word() as u8).collect();
            let weights: Vec<u8> = (0..depth).map(|_| stream.word() as u8).collect();
            let operands = Operands { batch: samples, input: &input, weights: &weights, pad: 0 };
            let mut panel = Panel::new(&geometry);
            panel.pack(&geometry, &operands, 0, 0..samples);
            // Entries at both ends of the 16-bit range make the sums of bytes as large as they get.
            let entry = |_| if stream.below(4) == 0 { -32768 } else { 32767 };
            let products = Products::new(&(0..1 << 16).map(entry).collect::<Vec<_>>());
            let mut plain = vec![0; panel.columns()];
            products.add_portable(&mut plain, &weights, &panel);
            let mut planes = vec![0; panel.columns()];
            if products.add_planes(&mut planes, &weights, &panel) {
                assert_eq!(planes, plain, "depth {depth}, {samples} samples");
            }
        }
    }
}
