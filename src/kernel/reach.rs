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
    /// How many of the low bits are in the low byte.
    low_bits: u32,
    /// Whether two of the bytes of such rows always add up to one.
    adds_up: Box<[bool; 256]>,
    /// Low bytes, then high bytes, of each row.
    bytes: Aligned,
}

/// How many of the low bits of products above these bases are in their low byte: seven, so that two bytes can be added up in one,
/// where others fit the other byte and few rows have eight bits at most, of which one byte has all.
pub(super) fn low_bits(rows: &[[i32; 256]], base: impl Fn(&[i32]) -> i32) -> u32 {
    let most = |row: &[i32; 256]| row.iter().max().map(|most| i64::from(*most) - i64::from(base(row)));
    let most: Vec<i64> = rows.iter().filter_map(most).collect();
    let of_eight_bits = most.iter().filter(|most| (128..256).contains(*most)).count();
    match most.iter().max() {
        Some(256..0x8000) if 8 * of_eight_bits < most.len() => 7,
        _ => 8,
    }
}

impl Reach {
    /// Above the base of each row, with so many bits in the low byte; `None` when the products of a row have more above it than
    /// two bytes hold.
    pub(super) fn split(
        rows: &[[i32; 256]],
        half: Half,
        low_bits: u32,
        base: impl Fn(&[i32]) -> i32,
    ) -> Option<Self> {
        let (mut bases, mut planes, mut adds_up) =
            (Box::new([0; 256]), Box::new([0; 256]), Box::new([false; 256]));
        let (mut bytes, low_byte) = (vec![], u8::MAX >> (8 - low_bits));
        for (weight, row) in rows.iter().map(|row| half.of_row(row)).enumerate() {
            let base = base(&row);
            let above = |product: &i32| i64::from(*product) - i64::from(base);
            let apart = |above: i64| Some((above as u8 & low_byte, u8::try_from(above >> low_bits).ok()?));
            let above = row.iter().map(|product| apart(above(product)));
            let above = above.collect::<Option<Vec<(u8, u8)>>>()?;
            bases[weight] = base;
            let any = above.iter().fold((0, 0), |any, above| (any.0 | above.0, any.1 | above.1));
            planes[weight] = match any {
                (0, 0) => 0,
                (_, 0) => 1,
                _ => 2,
            };
            adds_up[weight] = (any.0 | any.1) <= u8::MAX / 2;
            bytes.extend(above.iter().map(|above| above.0));
            bytes.extend(above.iter().map(|above| above.1));
        }
        Some(Self { bases, planes, low_bits, adds_up, bytes: bytes[..].into() })
    }

    /// The product of a weight and the code at a place of its row, by as many bytes as the row is said to have.
    pub(super) fn product(&self, weight: u8, place: u8) -> i32 {
        let length = self.length() as usize;
        let (low, high) = self.bytes[usize::from(weight) * length..][..length].split_at(length / 2);
        let [low, high] = [low, high].map(|bytes| i32::from(bytes[usize::from(place)]));
        let above = [0, low, low + (high << self.low_bits)][self.planes(weight)];
        self.base(weight).wrapping_add(above)
    }

    /// How many of the low bits are in the low byte.
    pub(super) fn low_bits(&self) -> u32 {
        self.low_bits
    }

    /// Whether the low byte of a product and that of another one always add up to one.
    pub(super) fn low_adds_up(&self) -> bool {
        self.low_bits < 8
    }

    /// Whether a byte of a weight's row and one of another such row always add up to one.
    pub(super) fn adds_up(&self, weight: u8) -> bool {
        self.adds_up[usize::from(weight)]
    }

    /// Whether that is so of all rows, or of so few that it is of no use; neither where rows are to be asked.
    pub(super) fn all_add_up(&self) -> Option<bool> {
        match self.adds_up.iter().filter(|adds_up| **adds_up).count() {
            256 => Some(true),
            0..192 => Some(false),
            _ => None,
        }
    }

    /// Whether the bytes that are looked up give the products of a weight.
    pub(super) fn gives(&self, weight: u8, row: &[i32; 256], half: Half) -> bool {
        (0..=255).zip(half.of_row(row)).all(|(place, product)| self.product(weight, place) == product)
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
        for (spread, bits, adds_up) in [
            (1, 8, true),
            (127, 8, true),
            (128, 8, false),
            (255, 8, false),
            (256, 7, true),
            (16_383, 7, true),
            (16_384, 7, false),
            (32_767, 7, false),
            (32_768, 8, false),
            (65_535, 8, false),
        ] {
            let above = |x: i32| match x % 128 {
                0 => 0,
                127 => spread,
                _ => x * 7919 % (spread + 1),
            };
            let rows = rows(|w, x| w * 1000 - 77 + above(x));
            for half in Half::ALL {
                let mut codes: Vec<u8> = (0..=255).filter(|&code| half.has(code)).collect();
                codes.sort_by_key(|code| if half == Half::Both { *code } else { code % 128 });
                let reach = Reach::split(&rows, half, low_bits(&rows, least), least).unwrap();
                assert_eq!(
                    (reach.low_bits(), reach.all_add_up()),
                    (bits, Some(adds_up)),
                    "{spread} {half:?}"
                );
                for (weight, row) in (0..=255).zip(&rows) {
                    let length = reach.length() as usize;
                    let (low, high) =
                        reach.bytes()[usize::from(weight) * length..][..length].split_at(length / 2);
                    for (at, (&low, &high)) in low.iter().zip(high).enumerate() {
                        let above = i32::from(low) + (i32::from(high) << reach.low_bits());
                        assert_eq!(reach.base(weight) + above, row[usize::from(codes[at])]);
                        let planes = reach.planes(weight);
                        assert!(planes == 2 || high == 0 && (planes == 1 || low == 0));
                    }
                }
            }
        }
        let steep = rows(|w, x| if w == 9 { 65536 * (x / 200) } else { 0 });
        assert_eq!(Reach::split(&steep, Half::Both, 8, least), None);
        assert!(Reach::split(&steep, Half::Lower, 8, least).is_some());
        assert_eq!(Reach::split(&rows(|_, x| x - 1), Half::Both, 8, |_| 0), None);
    }

    #[test]
    fn small_weights_take_one_byte_after_a_rectifier_and_zero_takes_none() {
        let rows = rows(|w, x| (w - 128) * (x - 128));
        let reach = Reach::split(&rows, Half::Upper, 8, least).unwrap();
        assert_eq!([128, 129, 130, 131, 180, 255].map(|weight| reach.planes(weight)), [0, 1, 1, 2, 2, 2]);
    }

    #[test]
    fn rows_of_fourteen_bits_add_up_and_are_asked_where_most_do() {
        for (fewer, all) in
            [(0, Some(false)), (191, Some(false)), (192, None), (255, None), (256, Some(true))]
        {
            let rows = rows(|w, x| if w < fewer { 129 * x } else { 130 * x });
            let reach = Reach::split(&rows, Half::Lower, 7, least).unwrap();
            assert_eq!(reach.all_add_up(), all, "{fewer}");
            assert!((0..=255).all(|weight| reach.adds_up(weight) == (i32::from(weight) < fewer)));
        }
    }
}
