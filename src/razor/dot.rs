//! Dot products of codes as they are: shifts instead of decompression.

use super::{Code, Razor, Razored};

impl Razored {
    /// What a row adds to an accumulator in a dot product with a row of `other`, group after group: the sum of the products
    /// of codes, shifted left once by both flags.
    ///
    /// Their sum is that of the products of [`Razored::numbers`], bit by bit; how an accumulator of few bits takes them is
    /// its own matter.
    ///
    /// # Panics
    /// When rows or groups have other lengths, or there is no such row.
    ///
    /// ```
    /// use axsim::razor::Razor;
    /// let razor = Razor::new(8, 4, 4).unwrap();
    /// let rows = [[100, -3, 20, 9, 1], [5, 5, -6, 0, 2]].map(|row| razor.razor(&row, 5).unwrap());
    /// let [a, b] = rows.each_ref().map(|row| row.numbers());
    /// let addends: Vec<i64> = rows[0].addends(0, &rows[1], 0).collect();
    /// assert_eq!(addends, [384, 2]);
    /// assert_eq!(addends.iter().sum::<i64>(), a.iter().zip(b).map(|(a, b)| i64::from(a * b)).sum::<i64>());
    /// ```
    pub fn addends<'a>(
        &'a self,
        row: usize,
        other: &'a Self,
        other_row: usize,
    ) -> impl Iterator<Item = i64> + 'a {
        let groups = self.groups(row).zip(other.groups_like(self, other_row));
        groups.map(|((a, flag_a), (b, flag_b))| {
            let sum: i64 = a.iter().zip(b).map(|(a, b)| i64::from(*a) * i64::from(*b)).sum();
            sum << (flag_a + flag_b)
        })
    }

    /// The same with a shift for each product, for operands whose groups do not lie along the dimension that is summed over.
    ///
    /// # Panics
    /// As [`Razored::addends`].
    pub fn shifted_products<'a>(
        &'a self,
        row: usize,
        other: &'a Self,
        other_row: usize,
    ) -> impl Iterator<Item = i64> + 'a {
        let groups = self.groups(row).zip(other.groups_like(self, other_row));
        groups.flat_map(|((a, flag_a), (b, flag_b))| {
            a.iter().zip(b).map(move |(a, b)| (i64::from(*a) * i64::from(*b)) << (flag_a + flag_b))
        })
    }

    /// Codes and flag of each group of a row.
    fn groups(&self, row: usize) -> impl Iterator<Item = (&[i8], u8)> {
        let count = self.row.div_ceil(self.razor.group);
        let codes = self.codes[row * self.row..][..self.row].chunks(self.razor.group);
        codes.zip(self.flags[row * count..][..count].iter().copied())
    }

    fn groups_like(&self, like: &Self, row: usize) -> impl Iterator<Item = (&[i8], u8)> {
        let shape = |razored: &Self| (razored.row, razored.razor.group);
        assert_eq!(shape(self), shape(like), "rows of one length, groups of one size");
        self.groups(row)
    }
}

/// How many products of codes an accumulator of so many bits surely holds the sum of, each as large as it may be.
///
/// ```
/// use axsim::razor::{Razor, depth};
/// let [weights, activations] = [8, 16].map(|basis| Razor::new(basis, 4, 16).unwrap());
/// assert_eq!([depth(&activations, &weights, 32), depth(&weights, &weights, 32)], [668, 171_196]);
/// ```
///
/// # Panics
/// Unless the accumulator has 1 to 64 bits.
pub fn depth(a: &Razor, b: &Razor, bits: u32) -> u64 {
    let highest = crate::bits::mask(bits - 1);
    highest / (a.largest_magnitude() * b.largest_magnitude())
}

impl Razor {
    /// The largest magnitude that a code and its flag stand for.
    fn largest_magnitude(&self) -> u64 {
        let code = 1u64 << (self.target - 1);
        match self.code {
            Code::SignMagnitude => (code - 1) << self.largest_flag(),
            // The code of the lowest number of the basis, which alone has the largest flag, is half as large.
            Code::TwosComplement => 1 << (self.basis - 1),
        }
    }
}
