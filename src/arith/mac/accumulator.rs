//! What sums are kept in: bits, what happens beyond them, how many products they surely hold.

use super::Mac;
use super::id::Own;
use crate::arith::{ArithError, is_exact};
use crate::bits;
use crate::config::platform::Overflow;
use crate::kernel;

/// Bits of the narrowest accumulator.
const LEAST_BITS: u32 = 4;

impl Mac {
    /// The same unit with an accumulator of so many bits; an id ends on `__wN` where it wraps at N bits and on `__sN` where
    /// it saturates.
    ///
    /// # Errors
    /// [`ArithError::Parameter`] unless it has 4 to 64 bits; one that saturates must hold a product, and has at most 32, in
    /// which networks sum; ids go on to 64.
    ///
    /// ```
    /// use axsim::arith::mac::Mac;
    /// let [wraps, saturates] = ["mac8s_exact__w16", "mac8s_exact__s16"].map(|id| Mac::from_id(id).unwrap());
    /// assert_eq!([wraps.accumulate(32_000, 1000), saturates.accumulate(32_000, 1000)], [-32_536, 32_767]);
    /// ```
    pub fn with_accumulator(self, bits: u32, overflow: Overflow) -> Result<Self, ArithError> {
        match overflow {
            Overflow::Wrap => self.with_own(Some(Own::Wraps(bits))),
            Overflow::Saturate if !(self.addend_width()..=32).contains(&bits) => {
                Err(self.refuse(self.rule(32, bits)))
            }
            Overflow::Saturate => self.with_own(Some(Own::Saturates(bits))),
        }
    }

    /// What bits an accumulator that saturates may have.
    fn rule(&self, most: u32, bits: u32) -> String {
        let least = self.addend_width();
        format!("an accumulator that saturates has {least} bits, to hold a product, to {most}, not {bits}")
    }

    pub(super) fn with_own(self, own: Option<Own>) -> Result<Self, ArithError> {
        let usual = self.usual_width();
        let (bits, overflow) = match own {
            None => (usual, Overflow::Wrap),
            Some(Own::Wraps(bits)) => (bits, Overflow::Wrap),
            Some(Own::Saturates(bits)) => (bits, Overflow::Saturate),
            Some(Own::Holds(products)) => (self.bits_for(products), Overflow::Wrap),
        };
        match own {
            Some(Own::Holds(products)) if bits > 64 => {
                return Err(self.refuse(format!("64 bits may not hold the sum of {products} products")));
            }
            Some(Own::Saturates(_)) if !(self.addend_width()..=64).contains(&bits) => {
                return Err(self.refuse(self.rule(64, bits)));
            }
            Some(_) if !(LEAST_BITS..=64).contains(&bits) => {
                return Err(self.refuse(format!("an accumulator has {LEAST_BITS} to 64 bits, not {bits}")));
            }
            _ => {}
        }
        let own = own.filter(|own| *own != Own::Wraps(usual));
        Ok(Self { accumulator_width: bits, overflow, own, ..self }.renamed())
    }

    /// Bits of the accumulator unless others are asked for.
    pub(super) fn usual_width(&self) -> u32 {
        let bits = match self.shape.shift {
            // Razored codes with their sign.
            Some(_) => self.widths().into_iter().sum::<u32>() + 2 * u32::from(self.signs_outside),
            None => self.widths().into_iter().sum(),
        };
        (bits + 16 + self.shape.shift_bits()).min(64)
    }

    /// Bits of what is added to the accumulator at once.
    pub(super) fn addend_width(&self) -> u32 {
        let sign = u32::from(!self.multiplier.signature().signed);
        self.multiplier.width_out() + sign + self.shape.growth()
    }

    /// Bits that surely hold the sum of so many products.
    fn bits_for(&self, products: u32) -> u32 {
        (LEAST_BITS..=64).find(|bits| self.depth(*bits) >= u64::from(products)).unwrap_or(65)
    }

    /// What the accumulator does with a sum beyond its bits.
    pub fn overflow(&self) -> Overflow {
        self.overflow
    }

    /// Bits of the accumulator.
    pub fn accumulator_width(&self) -> u32 {
        self.accumulator_width
    }

    /// The accumulator's next value.
    pub fn accumulate(&self, sum: i64, product: i64) -> i64 {
        let width = self.accumulator_width();
        let [a, b] = [sum, product].map(|value| bits::encode(value, width));
        let next = bits::sign_extend(self.accumulator.scheme.apply(width, a, b) as u64, width);
        let beyond = (sum < 0) == (product < 0) && (sum < 0) != (next < 0);
        match self.overflow {
            Overflow::Saturate if beyond => self.extreme(sum < 0),
            _ => next,
        }
    }

    /// The lowest or the highest sum.
    fn extreme(&self, lowest: bool) -> i64 {
        let extreme = if lowest { i64::MIN } else { i64::MAX };
        extreme >> (64 - self.accumulator_width)
    }

    /// Whether the accumulator adds exactly, but for bits that fall off at the top.
    pub fn accumulates_exactly(&self) -> bool {
        self.accumulator.scheme.is_exact() && self.overflow == Overflow::Wrap
    }

    /// What becomes of the low bits of a sum that begins at 0, where the order of products does not matter and sums beyond
    /// the width wrap; see [`Scheme::low_part`](crate::arith::adder::Scheme::low_part).
    pub fn low_part(&self) -> Option<kernel::LowPart> {
        let scheme = Some(&self.accumulator.scheme).filter(|_| self.overflow == Overflow::Wrap);
        scheme?.low_part(self.accumulator_width())
    }

    /// Makes of whole sums what an accumulator that adds exactly above its low part keeps of them: the low bits.
    pub fn wrap(&self, sums: &mut [i32]) {
        let width = self.accumulator_width();
        if width < 32 {
            sums.iter_mut().for_each(|sum| *sum = *sum << (32 - width) >> (32 - width));
        }
    }

    /// The same of sums of 64 bits.
    pub fn wrapped_wide(&self, mut sums: Vec<i64>) -> Vec<i64> {
        let beyond = 64 - self.accumulator_width();
        sums.iter_mut().for_each(|sum| *sum = *sum << beyond >> beyond);
        sums
    }

    /// How many products of a network's codes the [bits](Self::summed_width) that are kept of their sum surely hold: as many of the
    /// largest magnitude there is.
    ///
    /// Multipliers of more than 8 bits get codes of bytes, less their zero points at most 255 apart from zero.
    ///
    /// ```
    /// use axsim::arith::mac::Mac;
    /// // (2^31 − 1) / 128² and / 255², (2^39 − 1) / (128 · 32,768)
    /// let holds = |id| Mac::from_id(id).unwrap().holds();
    /// assert_eq!(["mac8s_exact", "mac12s_bw", "mac16x8s_bw"].map(holds), [131_071, 33_025, 131_071]);
    /// ```
    pub fn holds(&self) -> u64 {
        self.holds_in(self.summed_width())
    }

    /// The fewest bits, more than are kept of a sum, that surely hold that of so many products of a network's codes; none where
    /// networks keep fewer.
    ///
    /// ```
    /// use axsim::arith::mac::Mac;
    /// // 3000 · 128² < 2^26 − 1.
    /// let bits = |id| Mac::from_id(id).unwrap().bits_that_hold(3000);
    /// assert_eq!(["mac8s_exact__w20", "mac8s_exact__w27"].map(bits), [Some(27), Some(28)]);
    /// assert_eq!(Mac::from_id("mac8s_exact").unwrap().bits_that_hold(140_000), None);
    /// ```
    pub fn bits_that_hold(&self, products: u64) -> Option<u32> {
        (self.summed_width() + 1..=self.most_kept()).find(|bits| self.holds_in(*bits) >= products)
    }

    /// How many products of a network's codes so many bits surely hold the sum of.
    fn holds_in(&self, bits: u32) -> u64 {
        let [a, b] = self.widths();
        if a != b || a <= 8 || self.shape.shift.is_some() {
            return self.depth(bits);
        }
        let codes = || (*self.operands().start()).max(-255)..=(*self.operands().end()).min(255);
        let products = codes().flat_map(|a| codes().map(move |b| (a, b)));
        let largest = products.map(|(a, b)| self.product(a, b).unsigned_abs()).max().unwrap_or(0);
        bits::mask(bits - 1) / largest.max(1)
    }

    /// How many products an accumulator of so many bits surely holds the sum of, each shifted as far, or multiplied by as
    /// much, as the unit does.
    ///
    /// ```
    /// use axsim::arith::mac::Mac;
    /// // 7² shifted by 16 or 8 places: weights of 8 bits before razoring, activations of 16 or 8.
    /// let depth = |id| Mac::from_id(id).unwrap().depth(32);
    /// assert_eq!([depth("mac4s_sdr_g16"), depth("mac4s_sdr_g16__t8")], [668, 171_196]);
    /// // 32,767 · 7 shifted by 4: activations of 16 bits as they are.
    /// assert_eq!(depth("mac16x4s_sdr_g16"), 585);
    /// ```
    pub fn depth(&self, bits: u32) -> u64 {
        let largest = u128::from(self.largest_product().max(1)) * self.shape.largest_factor() as u128;
        (u128::from(bits::mask(bits - 1)) / largest) as u64
    }

    /// The largest magnitude of a product: of exact ones that of the ends of both operands, of others that of all pairs, or,
    /// where these are too many to try, what the bits of the result allow.
    fn largest_product(&self) -> u64 {
        let [of_a, of_b] = self.port_widths().map(|width| self.code().range(width));
        let largest = |of_a: &mut dyn Iterator<Item = i64>, of_b: &[i64]| {
            let products = of_a.flat_map(|a| of_b.iter().map(move |b| self.product(a, *b).unsigned_abs()));
            products.max().unwrap_or(0)
        };
        if is_exact(&self.multiplier.id()) {
            return largest(&mut [*of_a.start(), *of_a.end()].into_iter(), &[*of_b.start(), *of_b.end()]);
        }
        if self.widths().into_iter().all(|width| width <= 8) {
            return largest(&mut of_a.clone(), &of_b.collect::<Vec<_>>());
        }
        // The lowest number of two's complement has the largest magnitude.
        1 << (self.multiplier.width_out() - u32::from(self.multiplier.signature().signed)).min(63)
    }
}
