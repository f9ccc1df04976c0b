//! The multiply-accumulate unit: operand registers, multiplier, accumulator, result register; lanes and ranks of registers
//! where asked for.

mod cycles;
mod gates;
mod id;
mod port;
mod shape;
mod stimulus;
#[cfg(test)]
mod tests;

pub use cycles::{Cycles, Registers};
pub use port::{Code, Port};
pub use shape::{Shape, Shift};
pub use stimulus::{Cycle, Stimulus, StimulusError};

use std::ops::RangeInclusive;

use self::id::Own;
use super::{Accumulator, ArithError, Design};
use crate::bits;
use crate::config::platform::Overflow;
use crate::simd;
use crate::table::Signature;

/// Bits of the narrowest accumulator.
const LEAST_BITS: u32 = 4;

/// A MAC unit around a multiplier.
///
/// # Ports
/// `a` and `b` (`a0`, `a1`, … with lanes): the multiplier's bits of two's complement, or its magnitude bits under a sign bit
/// for an unsigned multiplier; a unit for raw codes has no sign bit ([`Mac::raw`]). `t` (`t0`, …), where there are shifts: how
/// far the sum of a group is shifted. `c` (the partial sum that enters) and `y` (the register that leaves): bits of both
/// operands and 16 and the largest shift, at most 64, or as asked ([`Mac::with_accumulator`]). `en`, where it stalls. In the
/// netlist they stand in this order ([`Mac::ports`]).
///
/// An output-stationary unit ties `c` to its own `y`; a weight-stationary one takes its neighbour's.
///
/// # Time
/// Every edge takes operands in, products of all lanes a cycle. Their sum shows [`Mac::latency`] cycles later, added to the
/// `c` of the cycle before it shows. Nothing stalls but for `en`.
pub struct Mac {
    multiplier: Box<dyn Design>,
    accumulator: Accumulator,
    /// Whether operands are magnitudes under a sign.
    signs_outside: bool,
    accumulator_width: u32,
    overflow: Overflow,
    /// The accumulator as the id has it, unless it is the usual one.
    own: Option<Own>,
    shape: Shape,
    /// The shape of an id without parts for it.
    usual: Shape,
    /// The id as far as the adder.
    head: String,
    name: String,
}

impl Mac {
    /// Joins a multiplier and an accumulator.
    pub fn new(multiplier: Box<dyn Design>, accumulator: Accumulator) -> Self {
        let design = multiplier.id();
        let head = format!("mac{}", design.trim_start_matches("mul"));
        let Signature { width_a, width_b, signed, .. } = multiplier.signature();
        let mac = Self {
            multiplier,
            accumulator,
            signs_outside: !signed,
            accumulator_width: (width_a + width_b + 16).min(64),
            overflow: Overflow::Wrap,
            own: None,
            shape: Shape::default(),
            usual: Shape::default(),
            head: String::new(),
            name: String::new(),
        };
        mac.named(head)
    }

    /// The same unit under another name for its multiplier.
    fn named(self, multiplier: String) -> Self {
        let suffix = Some(&self.accumulator.family).filter(|family| !family.is_empty());
        let suffix = suffix.map_or(String::new(), |family| format!("__{family}"));
        // The last part after `__` is the accumulator, the one before it the multiplier's own final adder.
        let suffix = if suffix.is_empty() && multiplier.contains("__") { "__exact".into() } else { suffix };
        Self { head: multiplier + &suffix, ..self }.renamed()
    }

    fn renamed(self) -> Self {
        let own = self.own.map_or(String::new(), Own::suffix);
        let name = format!("{}{own}{}", self.head, self.shape.suffix(&self.usual));
        Self { name, ..self }
    }

    fn refuse(&self, expected: String) -> ArithError {
        ArithError::Parameter { id: self.name.clone(), expected }
    }

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
            Overflow::Saturate if bits > 32 => Err(self.refuse(self.rule(32, bits))),
            Overflow::Saturate => self.with_own(Some(Own::Saturates(bits))),
        }
    }

    /// What bits an accumulator that saturates may have.
    fn rule(&self, most: u32, bits: u32) -> String {
        let least = self.addend_width();
        format!("an accumulator that saturates has {least} bits, to hold a product, to {most}, not {bits}")
    }

    fn with_own(self, own: Option<Own>) -> Result<Self, ArithError> {
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
    fn usual_width(&self) -> u32 {
        let bits = match self.shape.shift {
            // Razored codes with their sign.
            Some(_) => 2 * self.port_width(),
            None => self.widths().into_iter().sum(),
        };
        (bits + 16 + self.shape.largest_shift()).min(64)
    }

    /// Bits of what is added to the accumulator at once.
    fn addend_width(&self) -> u32 {
        let sign = u32::from(!self.multiplier.signature().signed);
        self.multiplier.width_out() + sign + self.shape.growth()
    }

    /// Bits that surely hold the sum of so many products.
    fn bits_for(&self, products: u32) -> u32 {
        (LEAST_BITS..=64).find(|bits| self.depth(*bits) >= u64::from(products)).unwrap_or(65)
    }

    /// The same unit in another shape.
    fn with_shape(self, shape: Shape) -> Result<Self, ArithError> {
        shape.check().map_err(|expected| self.refuse(expected))?;
        let mac = Self { shape, ..self };
        Ok(Self { accumulator_width: mac.usual_width(), ..mac }.renamed())
    }

    /// The same unit in a shape that its id does not name again.
    fn with_usual(self, shape: Shape) -> Result<Self, ArithError> {
        Self { usual: shape, ..self }.with_shape(shape)
    }

    /// The unit for raw codes: without signs around an unsigned multiplier, `macr…` by id. With a signed multiplier it is
    /// the same unit.
    ///
    /// ```
    /// use axsim::arith::mac::Mac;
    /// let [centred, raw] = ["mac8u_exact", "macr8u_exact"].map(|id| Mac::from_id(id).unwrap());
    /// assert_eq!([centred.port_width(), raw.port_width()], [9, 8]);
    /// assert!(raw.netlist().cells().len() < centred.netlist().cells().len());
    /// ```
    pub fn raw(self) -> Self {
        if !self.signs_outside {
            return self;
        }
        let head = self.head.replacen("mac", "macr", 1);
        Self { signs_outside: false, head, ..self }.renamed()
    }

    /// The unit's id, for example `mac8s_drum_k4` or `mac8s_exact__loa_k6`.
    pub fn id(&self) -> &str {
        &self.name
    }

    /// The multiplier.
    pub fn multiplier(&self) -> &dyn Design {
        &*self.multiplier
    }

    /// What is around the multiplier.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// Cycles from operands at the ports to their sum in the result register.
    ///
    /// ```
    /// use axsim::arith::mac::Mac;
    /// assert_eq!(["mac8s_bw", "mac8s_bw__p1", "mac8s_bw__l4__p2"].map(|id| Mac::from_id(id).unwrap().latency()), [2, 3, 4]);
    /// ```
    pub fn latency(&self) -> u32 {
        2 + self.shape.ranks
    }

    /// Bits of the multiplier's operands.
    pub fn widths(&self) -> [u32; 2] {
        let Signature { width_a, width_b, .. } = self.multiplier.signature();
        [width_a, width_b]
    }

    /// Operand bits of the multiplier, of `a` where they differ; so are [`Mac::port_width`], [`Mac::operands`] and
    /// [`Mac::port_word`] those of `a`, and [`Mac::ports`] has both.
    pub fn width(&self) -> u32 {
        self.multiplier.signature().width_a
    }

    /// How operands stand on their ports.
    pub fn code(&self) -> Code {
        match (self.multiplier.signature().signed, self.signs_outside) {
            (true, _) => Code::TwosComplement,
            (false, true) => Code::SignMagnitude,
            (false, false) => Code::Unsigned,
        }
    }

    /// The inputs, in the order of the netlist.
    pub fn ports(&self) -> Vec<Port> {
        let Shape { lanes, shift, stalls, .. } = self.shape;
        let numbered = |name: &str, count: u32, at: u32| {
            if count == 1 { name.to_string() } else { format!("{name}{at}") }
        };
        let operands = ["a", "b"].into_iter().zip(self.widths()).flat_map(|(name, width)| {
            let width = width + u32::from(self.signs_outside);
            (0..lanes).map(move |lane| Port::new(&numbered(name, lanes, lane), width, self.code()))
        });
        let mut ports: Vec<Port> = operands.collect();
        if let Some(Shift { group, largest }) = shift {
            let (groups, width) = (lanes / group, largest.ilog2() + 1);
            let range = 0..=i64::from(largest);
            ports.extend((0..groups).map(|at| Port {
                range: range.clone(),
                ..Port::new(&numbered("t", groups, at), width, Code::Unsigned)
            }));
        }
        ports.push(Port::new("c", self.accumulator_width, Code::TwosComplement));
        ports.extend(stalls.then(|| Port::new("en", 1, Code::Unsigned)));
        ports
    }

    /// Bits of an operand port: one more than the multiplier's where the sign travels outside.
    pub fn port_width(&self) -> u32 {
        self.width() + u32::from(self.signs_outside)
    }

    /// Family and parameters of the adder that accumulates; empty for the exact one.
    pub fn adder(&self) -> &str {
        &self.accumulator.family
    }

    /// What the accumulator does with a sum beyond its bits.
    pub fn overflow(&self) -> Overflow {
        self.overflow
    }

    /// Bits of the accumulator.
    pub fn accumulator_width(&self) -> u32 {
        self.accumulator_width
    }

    /// The values that an operand port takes; the sign outside an unsigned multiplier has no lowest code of its own, so
    /// that range is symmetric.
    pub fn operands(&self) -> RangeInclusive<i64> {
        self.code().range(self.port_width())
    }

    /// The product of two operands: signs outside an unsigned multiplier, but for raw codes.
    pub fn product(&self, a: i64, b: i64) -> i64 {
        let product = self.multiplier.eval(self.operand(a), self.operand(b));
        if self.signs_outside && (a < 0) != (b < 0) { -product } else { product }
    }

    /// What the multiplier itself takes of an operand: all of it, or without sign where that travels outside.
    pub fn operand(&self, value: i64) -> i64 {
        if self.signs_outside { value.abs() } else { value }
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

    /// The next value of many accumulators, as [`Mac::accumulate`] has it for one; of a wider one the low 32 bits.
    pub fn accumulate_all(&self, sums: &mut [i32], products: &[i32]) {
        let width = self.accumulator_width();
        if self.overflow == Overflow::Wrap {
            return self.accumulator.scheme.accumulate(width, sums, products);
        }
        if width > 32 {
            let each = sums.iter_mut().zip(products);
            return each.for_each(|(sum, product)| {
                *sum = self.accumulate((*sum).into(), (*product).into()) as i32;
            });
        }
        let before = sums.to_vec();
        self.accumulator.scheme.accumulate(width, sums, products);
        let highest = self.extreme(false) as i32;
        simd::widest(
            #[inline(always)]
            move || {
                for (sum, (before, product)) in sums.iter_mut().zip(before.iter().zip(products)) {
                    let overflown = !(before ^ product) & (before ^ *sum) < 0;
                    // The lowest sum is the highest one with all its bits turned over.
                    *sum = if overflown { (before >> 31) ^ highest } else { *sum };
                }
            },
        );
    }

    /// Whether the accumulator adds exactly, but for bits that fall off at the top.
    pub fn accumulates_exactly(&self) -> bool {
        self.accumulator.scheme.is_exact() && self.overflow == Overflow::Wrap
    }

    /// What an accumulator that adds exactly makes of whole sums, of which it keeps the low bits.
    pub fn wrap_all(&self, sums: &mut [i32]) {
        let width = self.accumulator_width();
        if width < 32 {
            sums.iter_mut().for_each(|sum| *sum = *sum << (32 - width) >> (32 - width));
        }
    }

    /// How many products the accumulator surely holds the sum of: as many of the largest magnitude there is.
    ///
    /// Networks sum in 32 bits, so a wider accumulator counts as one of 32.
    ///
    /// ```
    /// use axsim::arith::mac::Mac;
    /// // (2^31 − 1) / 128²
    /// assert_eq!(Mac::from_id("mac8s_exact").unwrap().holds(), 131_071);
    /// ```
    pub fn holds(&self) -> u64 {
        self.depth(self.accumulator_width().min(32))
    }

    /// How many products an accumulator of so many bits surely holds the sum of, each shifted as far as the unit shifts.
    ///
    /// ```
    /// use axsim::arith::mac::Mac;
    /// // 7² shifted by 16 or 8 places: weights of 8 bits before razoring, activations of 16 or 8.
    /// let depth = |id| Mac::from_id(id).unwrap().depth(32);
    /// assert_eq!([depth("mac4s_sdr_g16"), depth("mac4s_sdr_g16__t8")], [668, 171_196]);
    /// ```
    pub fn depth(&self, bits: u32) -> u64 {
        let largest = u128::from(self.largest_product().max(1)) << self.shape.largest_shift();
        (u128::from(bits::mask(bits - 1)) / largest) as u64
    }

    /// The largest magnitude of a product; of operands too wide to try all of them what the result's bits allow.
    fn largest_product(&self) -> u64 {
        if self.widths().into_iter().any(|width| width > 8) {
            return 1 << self.multiplier.width_out().min(63);
        }
        let [of_a, of_b] = self.widths().map(|width| width + u32::from(self.signs_outside));
        let [of_a, of_b] = [of_a, of_b].map(|width| self.code().range(width));
        let products = |a| of_b.clone().map(move |b| self.product(a, b).unsigned_abs());
        of_a.flat_map(products).max().unwrap_or(0)
    }

    /// The word on an operand port.
    pub fn port_word(&self, value: i64) -> u64 {
        self.code().word(value, self.port_width())
    }
}
