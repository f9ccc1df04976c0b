//! Rows of products as a base and what each product is above it: nothing, one byte, or two.

use super::aligned::Aligned;
use super::half::Half;

/// All rows, at the codes of a half or of both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reach {
    /// What is taken off the products of each row.
    bases: Box<[i32; 256]>,
    /// Bytes of each row's products above it: none, one or two.
    planes: Box<[u8; 256]>,
    /// Low bytes, then high bytes, of each row.
    bytes: Aligned,
}

impl Reach {
    /// Above the base of each row; `None` when the products of a row have more than 16 bits above it.
    pub(super) fn split(rows: &[[i32; 256]], half: Half, base: impl Fn(&[i32]) -> i32) -> Option<Self> {
        let (mut bases, mut planes) = (Box::new([0; 256]), Box::new([0; 256]));
        let mut bytes = vec![];
        for (weight, row) in rows.iter().map(|row| half.of_row(row)).enumerate() {
            let base = base(row);
            let above = |product: &i32| i64::from(*product) - i64::from(base);
            let above = row.iter().map(|product| u16::try_from(above(product)).ok());
            let above = above.collect::<Option<Vec<u16>>>()?;
            bases[weight] = base;
            planes[weight] = match above.iter().max() {
                None | Some(0) => 0,
                Some(..256) => 1,
                Some(_) => 2,
            };
            bytes.extend(above.iter().map(|above| above.to_le_bytes()[0]));
            bytes.extend(above.iter().map(|above| above.to_le_bytes()[1]));
        }
        Some(Self { bases, planes, bytes: bytes[..].into() })
    }

    /// Whether the bytes that are looked up give the products of a weight.
    pub(super) fn gives(&self, weight: u8, row: &[i32; 256], half: Half) -> bool {
        let length = self.length() as usize;
        let (low, high) = self.bytes[usize::from(weight) * length..][..length].split_at(length / 2);
        let planes = self.planes(weight);
        let equal = |((low, high), product): ((&u8, &u8), &i32)| {
            let above = [0, i32::from(*low), i32::from(*low) + (i32::from(*high) << 8)][planes];
            self.base(weight).wrapping_add(above) == *product
        };
        low.iter().zip(high).zip(half.of_row(row)).all(equal)
    }

    /// What is taken off a weight's products.
    pub(super) fn base(&self, weight: u8) -> i32 {
        self.bases[usize::from(weight)]
    }

    /// Bytes of a weight's products above the base.
    pub(super) fn planes(&self, weight: u8) -> usize {
        usize::from(self.planes[usize::from(weight)])
    }

    /// Those of all rows.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Those of a row.
    pub(super) fn length(&self) -> u32 {
        self.bytes.len() as u32 / 256
    }
}

/// What a filter does with the codes of one of its taps; assembly reads both numbers as one of 64 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub(super) struct Tap {
    /// Where the bytes of its weight's row begin.
    pub(super) row: u32,
    /// Where position 0 finds its code.
    pub(super) offset: u32,
}

#[cfg(test)]
mod tests {
    use super::super::tests::rows;
    use super::*;

    fn least(row: &[i32]) -> i32 {
        row.iter().copied().min().unwrap()
    }

    #[test]
    fn bytes_give_the_products_back() {
        for spread in [1, 63, 255, 256, 4095, 65535] {
            let rows = rows(|w, x| w * 1000 - 77 + (x * 7919 + w) % (spread + 1));
            for (half, first) in [(Half::Lower, 0), (Half::Upper, 128), (Half::Both, 0)] {
                let reach = Reach::split(&rows, half, least).unwrap();
                for (weight, row) in (0..=255).zip(&rows) {
                    let length = reach.length() as usize;
                    let (low, high) =
                        reach.bytes()[usize::from(weight) * length..][..length].split_at(length / 2);
                    for (at, (&low, &high)) in low.iter().zip(high).enumerate() {
                        let above = i32::from(low) + (i32::from(high) << 8);
                        assert_eq!(reach.base(weight) + above, row[first + at]);
                        let planes = reach.planes(weight);
                        assert!(planes == 2 || high == 0 && (planes == 1 || low == 0));
                    }
                }
            }
        }
        let steep = rows(|w, x| if w == 9 { 65536 * (x / 200) } else { 0 });
        assert_eq!(Reach::split(&steep, Half::Both, least), None);
        assert!(Reach::split(&steep, Half::Lower, least).is_some());
        assert_eq!(Reach::split(&rows(|_, x| x - 1), Half::Both, |_| 0), None);
    }

    #[test]
    fn small_weights_take_one_byte_after_a_rectifier_and_zero_takes_none() {
        let reach = Reach::split(&rows(|w, x| (w - 128) * (x - 128)), Half::Upper, least).unwrap();
        assert_eq!([128, 129, 130, 131, 180, 255].map(|weight| reach.planes(weight)), [0, 1, 1, 2, 2, 2]);
    }
}
