//! How a network's sums are kept, in words.

use super::Mac;
use crate::config::platform::Overflow;

impl Mac {
    /// How a network's sums are kept in such accumulators, in words: bits, what happens beyond them, how products are added.
    ///
    /// ```
    /// use axsim::arith::mac::Mac;
    /// let sums = |id| Mac::from_id(id).unwrap().sums();
    /// assert_eq!(sums("mac8s_exact__w20"), "20 bits that wrap, added exactly");
    /// assert_eq!(sums("mac8s_bw__s20"), "20 bits that saturate, added in order by an exact adder");
    /// ```
    pub fn sums(&self) -> String {
        let beyond = match self.overflow() {
            Overflow::Wrap => "wrap",
            Overflow::Saturate => "saturate",
        };
        let all = self.accumulator_width();
        let of = if self.summed_width() < all { format!(" (the lowest of {all})") } else { String::new() };
        format!("{} bits{of} that {beyond}, {}", self.summed_width(), self.adding())
    }

    /// Bits that a network keeps of a sum: of products of bytes at most 32, of groups of codes and of 16 bits all.
    ///
    /// ```
    /// use axsim::arith::mac::Mac;
    /// let bits = |id| Mac::from_id(id).unwrap().summed_width();
    /// assert_eq!(["mac8s_bw__w20", "mac8s_bw__w40", "mac16x8s_bw", "mac4s_sdr_g16"].map(bits), [20, 32, 40, 40]);
    /// ```
    pub fn summed_width(&self) -> u32 {
        let whole = self.shape().shift.is_some() || self.widths().into_iter().any(|width| width > 8);
        self.accumulator_width().min(if whole { 64 } else { 32 })
    }

    fn adding(&self) -> String {
        match (self.low_part(), self.adder()) {
            _ if self.accumulates_exactly() => "added exactly".into(),
            (Some(part), _) => format!("{part}, those above added exactly"),
            (None, "") => "added in order by an exact adder".into(),
            (None, adder) => format!("added in order by `{adder}`"),
        }
    }
}
