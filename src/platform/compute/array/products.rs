//! What an array's units make of the codes of a network.

use super::MacArray;
use crate::config::platform::Zeros;
use crate::kernel::Products;
use crate::platform::PlatformError;

/// Width and zero point of a tensor's codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CodeRange {
    /// Bits of a code; products are told of at most 8.
    pub bits: u32,
    /// The code of zero.
    pub zero: u8,
    /// The lowest code that occurs: 0, or 1 where codes reach as far below zero as above.
    pub lowest: u8,
}

impl CodeRange {
    fn contains(self, code: i64) -> bool {
        (i64::from(self.lowest)..1 << self.bits).contains(&code)
    }
}

impl MacArray {
    /// Whether units take codes as they are, instead of less their zero points.
    pub fn takes_raw_codes(&self) -> bool {
        self.raw
    }

    /// Whether units hold every code of a byte, wherever zero is among them.
    pub fn takes_any_bytes(&self) -> bool {
        [0, 255].into_iter().all(|zero| self.holds([CodeRange { bits: 8, zero, lowest: 0 }; 2]).is_ok())
    }

    /// What is taken from a code before it enters a unit: its zero point, or of raw codes what makes them two's complement
    /// for a signed multiplier.
    pub fn offset(&self, codes: CodeRange) -> u8 {
        match (self.raw, self.mac.multiplier().signature().signed) {
            (false, _) => codes.zero,
            (true, true) => 1 << (codes.bits - 1),
            (true, false) => 0,
        }
    }

    /// What is added to the unit's products of raw codes for what their zero points add: of a code w and a code x that are 0
    /// at z and v, −z·x − v·w + z·v exactly. None where units take codes less their zero points.
    pub fn correction(&self, weights: CodeRange, activations: CodeRange) -> Option<Products> {
        let offsets = [weights, activations].map(|codes| i32::from(self.offset(codes)));
        let zeros = [weights, activations].map(|codes| i32::from(codes.zero));
        let product = |at: i32, [w, x]: [i32; 2]| ((at >> 8) - w) * ((at & 255) - x);
        let correction = |at: i32| product(at, zeros) - product(at, offsets);
        (offsets != zeros).then(|| Products::new(&(0..1 << 16).map(correction).collect::<Vec<_>>()))
    }

    /// The unit's products of all weight and activation codes, less their [`MacArray::offset`]; activations enter port `a`,
    /// weights port `b`. Codes that do not occur at these widths have the product 0.
    ///
    /// # Errors
    /// When a code does not fit an operand: centred ones need a zero point of 2^(bits − 1) where the multiplier is signed,
    /// and any fits an unsigned one (the sign travels outside).
    pub fn products(&self, weights: CodeRange, activations: CodeRange) -> Result<Products, PlatformError> {
        self.holds([weights, activations])?;
        let offsets = [weights, activations].map(|codes| self.offset(codes));
        let product = |weight: i64, activation: i64| {
            if !weights.contains(weight) || !activations.contains(activation) {
                return 0;
            }
            let [weight, activation] = [weight - i64::from(offsets[0]), activation - i64::from(offsets[1])];
            let left = match self.zeros {
                Zeros::Compute => false,
                Zeros::Gate => weight == 0 || activation == 0,
                Zeros::Skip => weight == 0,
            };
            if left { 0 } else { self.mac.product(activation, weight) as i32 }
        };
        let all: Vec<i32> = (0..1i64 << 16).map(|pair| product(pair >> 8, pair & 255)).collect();
        let exact = Products::exact(offsets[0], offsets[1]);
        let codes = |range: CodeRange| u16::from(range.lowest)..(1u32 << range.bits) as u16;
        let same =
            |w: u16| codes(activations).all(|x| all[usize::from(w << 8 | x)] == exact.get(w as u8, x as u8));
        Ok(self.prepared(if codes(weights).all(same) { exact } else { Products::new(&all) }))
    }

    /// The same products, prepared for the accumulator of the units.
    pub fn prepared(&self, products: Products) -> Products {
        match self.mac.low_part() {
            Some(part) => products.split(part),
            None => products,
        }
    }

    /// Checks that the operands of the unit hold every code of weights and of activations less its offset.
    ///
    /// # Errors
    /// When one does not fit.
    pub fn holds(&self, [weights, activations]: [CodeRange; 2]) -> Result<(), PlatformError> {
        let [of_a, of_b] = self.mac.port_widths();
        self.holds_at(of_b, weights)?;
        self.holds_at(of_a, activations)
    }

    fn holds_at(&self, port: u32, codes: CodeRange) -> Result<(), PlatformError> {
        let (bits, offset) = (codes.bits, i64::from(self.offset(codes)));
        let reach = [i64::from(codes.lowest) - offset, (1i64 << bits) - 1 - offset];
        let unit = self.mac.code().range(port);
        if bits <= 8 && reach.iter().all(|value| unit.contains(value)) {
            return Ok(());
        }
        let (multiplier, sign) = (self.mac.multiplier().id(), self.mac.port_width() - self.mac.width());
        let width = port - sign;
        Err(PlatformError::Operands { multiplier, width, bits, reach })
    }
}
