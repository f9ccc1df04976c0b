//! Rows of products as a base and bytes: the fewer bits a row spans, the fewer and the smaller its bytes.

use super::aligned::Aligned;

/// Where in a row of 256 the codes at hand are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Half {
    Lower,
    Upper,
    Both,
}

impl Half {
    fn of_row(self, row: &[i32; 256]) -> &[i32] {
        match self {
            Self::Lower => &row[..128],
            Self::Upper => &row[128..],
            Self::Both => row,
        }
    }
}

/// How the products of a row above its base are kept: so many bytes of so many bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) planes: usize,
    pub(super) bits: u32,
}

impl Form {
    /// The cheapest first.
    const ALL: [Self; 6] =
        [Self::of(1, 6), Self::of(1, 7), Self::of(1, 8), Self::of(2, 6), Self::of(2, 7), Self::of(2, 8)];

    const fn of(planes: usize, bits: u32) -> Self {
        Self { planes, bits }
    }

    /// How many bytes add up to no more than a byte.
    pub(super) fn taps(self) -> usize {
        1 << (8 - self.bits)
    }

    /// The place of the cheapest one for products up to this far above their base.
    ///
    /// Rows of both halves take all registers there are, which leaves none for sums of smaller bytes.
    fn place(span: i64, half: Half) -> Option<u8> {
        let fits = |form: &Self| span < 1 << (form.bits * form.planes as u32);
        let place = Self::ALL.iter().position(|form| fits(form) && (half != Half::Both || form.bits == 8));
        place.map(|place| place as u8)
    }
}

/// All rows, at the codes of a half or of both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reach {
    /// Smallest product of each row.
    bases: Vec<i32>,
    /// Which of [`Form::ALL`] each row has.
    forms: Vec<u8>,
    /// Low bytes, then high bytes, of each row.
    bytes: Aligned,
}

impl Reach {
    /// `None` when the products of a row span more than 16 bits.
    pub(super) fn split(rows: &[[i32; 256]], half: Half) -> Option<Self> {
        let (mut bases, mut forms, mut bytes) = (vec![], vec![], vec![]);
        for row in rows.iter().map(|row| half.of_row(row)) {
            let base = *row.iter().min()?;
            let above = |product: &i32| i64::from(*product) - i64::from(base);
            let place = Form::place(row.iter().map(above).max()?, half)?;
            let bits = Form::ALL[usize::from(place)].bits;
            bases.push(base);
            forms.push(place);
            bytes.extend(row.iter().map(|product| (above(product) & ((1 << bits) - 1)) as u8));
            bytes.extend(row.iter().map(|product| (above(product) >> bits) as u8));
        }
        Some(Self { bases, forms, bytes: bytes[..].into() })
    }

    /// The smallest product of a weight.
    pub(super) fn base(&self, weight: u8) -> i32 {
        self.bases[usize::from(weight)]
    }

    pub(super) fn form(&self, weight: u8) -> Form {
        Form::ALL[usize::from(self.forms[usize::from(weight)])]
    }

    /// Low bytes, then high bytes, of a weight's products.
    pub(super) fn row(&self, weight: u8) -> &[u8] {
        let length = self.bytes.len() / 256;
        &self.bytes[usize::from(weight) * length..][..length]
    }

    /// The taps whose weights' rows have one form, for each form that occurs.
    pub(super) fn by_form(&self, weights: &[u8]) -> Vec<(Form, Vec<Tap>)> {
        let mut parts = Form::ALL.map(|form| (form, vec![]));
        for (at, &weight) in weights.iter().enumerate() {
            parts[usize::from(self.forms[usize::from(weight)])].1.push(Tap { at: at as u32, weight });
        }
        parts.into_iter().filter(|(_, taps)| !taps.is_empty()).collect()
    }
}

/// A place in a filter and its weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tap {
    pub(super) at: u32,
    pub(super) weight: u8,
}

#[cfg(test)]
mod tests {
    use super::super::tests::rows;
    use super::*;

    #[test]
    fn bytes_give_the_products_back_and_forms_their_sums() {
        for spread in [1, 63, 64, 127, 128, 255, 256, 4095, 4096, 16383, 16384, 65535] {
            let rows = rows(|w, x| w * 1000 - 77 + (x * 7919 + w) % (spread + 1));
            for (half, first) in [(Half::Lower, 0), (Half::Upper, 128), (Half::Both, 0)] {
                let reach = Reach::split(&rows, half).unwrap();
                for (weight, row) in rows.iter().enumerate() {
                    let (form, bytes) = (reach.form(weight as u8), reach.row(weight as u8));
                    let (low, high) = bytes.split_at(bytes.len() / 2);
                    for (at, (low, high)) in low.iter().zip(high).enumerate() {
                        let above = i32::from(*low) + (i32::from(*high) << form.bits);
                        assert_eq!(reach.base(weight as u8) + above, row[first + at]);
                        assert!(form.planes == 2 || *high == 0);
                        assert!(usize::from(*low.max(high)) * form.taps() <= 255, "{form:?}");
                    }
                }
            }
        }
        assert_eq!(Reach::split(&rows(|w, x| if w == 9 { 65536 * (x / 200) } else { 0 }), Half::Both), None);
        assert!(
            Reach::split(&rows(|w, x| if w == 9 { 65536 * (x / 200) } else { 0 }), Half::Lower).is_some()
        );
    }

    #[test]
    fn small_weights_take_cheaper_forms_after_a_rectifier() {
        let reach = Reach::split(&rows(|w, x| (w - 128) * (x - 128)), Half::Upper).unwrap();
        let form = |weight| (reach.form(weight).planes, reach.form(weight).bits);
        assert_eq!(
            [128, 129, 130, 140, 180, 255].map(form),
            [(1, 6), (1, 7), (1, 8), (2, 6), (2, 7), (2, 7)]
        );
    }
}
