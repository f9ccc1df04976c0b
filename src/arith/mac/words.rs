//! How a network's sums are kept, in words.

use super::Mac;
use crate::config::platform::Overflow;

/// Bits that networks keep of the sums of codes of bytes.
pub const KEPT_BITS: u32 = 32;

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

    /// Bits that a network keeps of a sum: of products of bytes, whatever operands would hold, at most [`KEPT_BITS`], of groups of
    /// codes and of 16 bits by 8 all.
    ///
    /// ```
    /// use axsim::arith::mac::Mac;
    /// let bits = |id| Mac::from_id(id).unwrap().summed_width();
    /// assert_eq!(["mac8s_bw__w20", "mac9s_bw", "mac16x8s_bw", "mac4s_sdr_g16"].map(bits), [20, 32, 40, 40]);
    /// ```
    pub fn summed_width(&self) -> u32 {
        self.accumulator_width().min(self.most_kept())
    }

    /// The most bits that a network keeps of a sum.
    pub(super) fn most_kept(&self) -> u32 {
        let [a, b] = self.widths();
        let whole = self.shape().shift.is_some() || a != b;
        if whole { 64 } else { KEPT_BITS }
    }

    /// Whether the bits that a network keeps of a sum are what the whole one would have there: not where an adder of more bits
    /// guesses carries above its low part.
    ///
    /// ```
    /// use axsim::arith::mac::Mac;
    /// let kept = |id| Mac::from_id(id).unwrap().sums_are_kept();
    /// let ids = ["mac8s_bw__w40", "mac8s_bw__loa_k6__w40", "mac8s_bw__gear_r4_p4", "mac8s_bw__gear_r4_p4__w40"];
    /// assert_eq!(ids.map(kept), [true, true, true, false]);
    /// ```
    pub fn sums_are_kept(&self) -> bool {
        let exact_above = self.accumulates_exactly() || self.low_part().is_some();
        exact_above || self.accumulator_width() == self.summed_width()
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
