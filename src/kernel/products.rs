//! The product of every weight code with every activation code, prepared for summing.

use super::panel::Panel;

/// Products of all pairs of 8-bit codes: row = weight code, column = activation code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Products {
    rows: Box<[[i32; 256]]>,
    /// The zero points, when every product is exact.
    exact: Option<[u8; 2]>,
}

impl Products {
    /// Takes 65,536 products, weight code in the high byte of the index.
    ///
    /// # Panics
    /// When the number of products is not 65,536.
    pub fn new(products: &[i32]) -> Self {
        assert_eq!(products.len(), 1 << 16, "one product per pair of codes");
        let row = |row: &[i32]| <[i32; 256]>::try_from(row).expect("rows of 256");
        Self { rows: products.chunks_exact(256).map(row).collect(), exact: None }
    }

    /// Exact products of centred codes: (weight − zero) · (activation − zero).
    pub fn exact(weight_zero: u8, activation_zero: u8) -> Self {
        let product = |w: i32, x: i32| (w - i32::from(weight_zero)) * (x - i32::from(activation_zero));
        let rows = (0..256).map(|w| std::array::from_fn(|x| product(w, x as i32))).collect();
        Self { rows, exact: Some([weight_zero, activation_zero]) }
    }

    /// The product of two codes.
    pub fn get(&self, weight: u8, activation: u8) -> i32 {
        self.rows[usize::from(weight)][usize::from(activation)]
    }

    /// Sums, for every column of the panel, the products of one filter with the column's codes.
    pub(super) fn sum_rows(&self, weights: &[u8], panel: &Panel) -> Vec<i32> {
        let mut sums = vec![0; panel.columns()];
        for (k, &weight) in weights.iter().enumerate() {
            match self.exact {
                Some(zeros) => add_exact(&mut sums, panel.row(k), weight, zeros),
                None => add_row(&mut sums, panel.row(k), &self.rows[usize::from(weight)]),
            }
            let padded = self.get(weight, panel.pad());
            if padded != 0 {
                panel
                    .padding(k)
                    .iter()
                    .for_each(|&at| sums[at as usize] = sums[at as usize].wrapping_sub(padded));
            }
        }
        sums
    }
}

fn add_row(sums: &mut [i32], codes: &[u8], row: &[i32; 256]) {
    for (sum, &code) in sums.iter_mut().zip(codes) {
        *sum = sum.wrapping_add(row[usize::from(code)]);
    }
}

fn add_exact(sums: &mut [i32], codes: &[u8], weight: u8, [weight_zero, zero]: [u8; 2]) {
    let weight = i32::from(weight) - i32::from(weight_zero);
    let zero = i32::from(zero);
    for (sum, &code) in sums.iter_mut().zip(codes) {
        *sum = sum.wrapping_add(weight * (i32::from(code) - zero));
    }
}
