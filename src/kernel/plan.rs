//! What a table of products is compiled into: forms of it that are summed faster than products are looked up.

#[cfg(target_arch = "x86_64")]
use super::avx512::Planes;
#[cfg(target_arch = "x86_64")]
use super::cost::{FOUR_BITS, Use, Way, cheapest};
#[cfg(target_arch = "x86_64")]
use super::factors::{Factors, Unfit};
#[cfg(target_arch = "x86_64")]
use super::nibbles::Nibbles;
#[cfg(target_arch = "x86_64")]
use super::residual::Residual;
use crate::simd::Level;

/// What [`Plan::way`] says of terms that do not give the table.
#[cfg(target_arch = "x86_64")]
const FAILED: &str = "; a plan of few terms failed its check";

/// A table (row: weight code, column: activation code) and its faster forms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) rows: Box<[[i32; 256]]>,
    /// The rows as byte planes, where they fit.
    #[cfg(target_arch = "x86_64")]
    pub(super) planes: Option<Planes>,
    /// The rows as sums of few exact products, where they are.
    #[cfg(target_arch = "x86_64")]
    pub(super) factors: Option<Factors>,
    /// Whether terms were found that do not give the rows.
    #[cfg(target_arch = "x86_64")]
    failed: bool,
    /// The first sixteen products of each row, where they are bytes and no single product.
    #[cfg(target_arch = "x86_64")]
    pub(super) nibbles: Option<Nibbles>,
    /// The rows as lines and a byte, where they are not sums of few exact products.
    #[cfg(target_arch = "x86_64")]
    pub(super) residual: Option<Residual>,
}

impl Plan {
    #[cfg(target_arch = "x86_64")]
    pub(super) fn of(rows: Box<[[i32; 256]]>) -> Self {
        let found = Factors::find(&rows);
        Self::with(rows, found)
    }

    #[cfg(not(target_arch = "x86_64"))]
    pub(super) fn of(rows: Box<[[i32; 256]]>) -> Self {
        Self { rows }
    }

    /// Of a table of which these terms were found.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn with(rows: Box<[[i32; 256]]>, found: Result<Factors, Unfit>) -> Self {
        // Two terms cost less than a line and its byte.
        let line = match &found {
            Ok(factors) if factors.terms.len() <= 2 => Err(Unfit::Large),
            _ => Residual::find(&rows),
        };
        Self {
            planes: Planes::split(&rows),
            nibbles: match &found {
                Ok(factors) if factors.terms.len() <= 1 => None,
                _ => Nibbles::find(&rows),
            },
            failed: found == Err(Unfit::Wrong) || line == Err(Unfit::Wrong),
            factors: found.ok(),
            residual: line.ok(),
            rows,
        }
    }

    /// As [`Products::way`](super::Products::way).
    #[cfg(target_arch = "x86_64")]
    pub(super) fn way(&self, level: Level) -> String {
        let bits = if self.has_four_bits() { 15 } else { 255 };
        let way = match self.cheapest(&Use::any(bits, level)) {
            Way::FourBits => "looked up, four weights at a time, in registers".into(),
            Way::Terms => match self.factors.as_ref().map_or(0, |factors| factors.terms.len()) {
                0 | 1 => "one exact product of bytes".into(),
                terms => format!("the sum of {terms} exact products of bytes"),
            },
            Way::Line => "an exact product of bytes and a byte looked up in registers".into(),
            Way::Bytes => "looked up, two bytes each, in registers".into(),
            Way::OneByOne => "looked up one by one".into(),
        };
        format!("{way}{}", if self.failed { FAILED } else { "" })
    }

    /// As [`Products::way`](super::Products::way).
    #[cfg(not(target_arch = "x86_64"))]
    pub(super) fn way(&self, _: Level) -> String {
        "looked up one by one".into()
    }

    /// The cheapest way for what is asked.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn cheapest(&self, asked: &Use<'_>) -> Way {
        let terms = self.factors.as_ref().and_then(|factors| super::factored::cost(factors, asked));
        // Nothing that is looked up costs less than four bits do.
        if terms.is_some_and(|cost| cost <= FOUR_BITS) {
            return Way::Terms;
        }
        if self.nibbles.as_ref().is_some_and(|nibbles| nibbles.fits(asked)) {
            return Way::FourBits;
        }
        let line = self.residual.as_ref().and_then(|residual| residual.cost(asked));
        let bytes = self.planes.as_ref().and_then(|planes| planes.cost(asked));
        // A line that is flat costs no more than its bytes, and adds nothing.
        cheapest([(Way::Terms, terms), (Way::Bytes, bytes), (Way::Line, line)])
    }

    /// Whether activation codes above those of four bits have no product.
    #[cfg(target_arch = "x86_64")]
    fn has_four_bits(&self) -> bool {
        self.rows.iter().all(|row| row[16..].iter().all(|&product| product == 0))
    }
}
