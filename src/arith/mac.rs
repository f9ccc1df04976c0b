//! The multiply-accumulate unit: operand registers, multiplier, accumulator, result register.

use std::ops::RangeInclusive;

use super::{Accumulator, ArithError, Design, accumulator, design, negated_if, sign_extended};
use crate::bits;
use crate::netlist::{Builder, Bus, Net, Netlist};
use crate::table::Signature;

/// A MAC unit in use: what its registers hold.
pub struct Cycles<'a> {
    mac: &'a Mac,
    /// At the operand ports, for the next edge.
    given: [i64; 2],
    /// In the operand registers.
    operands: [i64; 2],
    /// At the result register, for the next edge.
    next: i64,
}

impl Cycles<'_> {
    /// One cycle with these centred operands and this sum at the ports; returns what the result register holds in it.
    pub fn step(&mut self, a: i64, b: i64, c: i64) -> i64 {
        let result = self.next;
        self.operands = self.given;
        self.given = [a, b];
        self.next = self.mac.accumulate(c, self.mac.product(self.operands[0], self.operands[1]));
        result
    }
}

/// A MAC unit around a multiplier.
///
/// # Widths
/// `a` and `b`: the multiplier's N bits of two's complement, or N magnitude bits under a sign bit for an
/// unsigned multiplier. `c` (the partial sum that enters) and `y` (the register that leaves): 2N + 16 bits, at
/// most 64.
///
/// An output-stationary unit ties `c` to its own `y`; a weight-stationary one takes its neighbour's.
pub struct Mac {
    multiplier: Box<dyn Design>,
    accumulator: Accumulator,
    name: String,
}

impl Mac {
    /// Joins a multiplier and an accumulator.
    pub fn new(multiplier: Box<dyn Design>, accumulator: Accumulator) -> Self {
        let design = multiplier.id();
        let suffix = Some(&accumulator.family).filter(|family| !family.is_empty());
        let suffix = suffix.map_or(String::new(), |family| format!("__{family}"));
        // The last part after `__` is the accumulator, the one before it the multiplier's own final adder.
        let suffix = if suffix.is_empty() && design.contains("__") { "__exact".into() } else { suffix };
        let name = format!("mac{}{suffix}", design.trim_start_matches("mul"));
        Self { multiplier, accumulator, name }
    }

    /// The unit that an id names: `mac`, the rest of a multiplier's id, and `__ripple` or `__loa_kN` unless the
    /// accumulator is the exact one (Kogge-Stone). The unit carries the same id. Where the multiplier has a final adder
    /// of choice, the accumulator follows it: `mac8s_dadda__brent_kung__exact`.
    ///
    /// # Errors
    /// [`ArithError`], saying what to write instead.
    ///
    /// ```
    /// use axsim::arith::mac::Mac;
    /// assert_eq!(Mac::from_id("mac8s_trunc_t4__loa_k6").unwrap().id(), "mac8s_trunc_t4__loa_k6");
    /// assert!(Mac::from_id("mac8s_drom_k4").is_err());
    /// ```
    pub fn from_id(id: &str) -> Result<Self, ArithError> {
        let rest = id.strip_prefix("mac").ok_or_else(|| ArithError::Form(id.into()))?;
        let (multiplier, adder) = rest.rsplit_once("__").unwrap_or((rest, "exact"));
        let multiplier = design(&format!("mul{multiplier}")).map_err(|error| error.within(id))?;
        let Signature { width_a, width_b, .. } = multiplier.signature();
        if width_a != width_b {
            let expected =
                format!("a MAC unit takes operands of one width, not of {width_a} and {width_b} bits");
            return Err(ArithError::Parameter { id: id.into(), expected });
        }
        let width = (2 * width_a + 16).min(32);
        let adder = accumulator(&format!("add{width}s_{adder}")).map_err(|error| error.within(id))?;
        let mac = Self::new(multiplier, adder);
        ArithError::unless_named(id, mac.id())?;
        Ok(mac)
    }

    /// The unit's id, for example `mac8s_drum_k4` or `mac8s_exact__loa_k6`.
    pub fn id(&self) -> &str {
        &self.name
    }

    /// The multiplier.
    pub fn multiplier(&self) -> &dyn Design {
        &*self.multiplier
    }

    /// Operand bits of the multiplier.
    pub fn width(&self) -> u32 {
        self.multiplier.signature().width_a
    }

    /// Bits of an operand port: one more than the multiplier's where the sign travels outside.
    pub fn port_width(&self) -> u32 {
        self.width() + u32::from(!self.multiplier.signature().signed)
    }

    /// Bits of the accumulator.
    pub fn accumulator_width(&self) -> u32 {
        (2 * self.width() + 16).min(64)
    }

    /// The centred codes that an operand port takes; the sign outside an unsigned multiplier has no lowest code
    /// of its own, so its range is symmetric.
    pub fn operands(&self) -> RangeInclusive<i64> {
        let (width, signed) = (self.width(), self.multiplier.signature().signed);
        if signed {
            -(1 << (width - 1))..=(1 << (width - 1)) - 1
        } else {
            1 - (1 << width)..=(1 << width) - 1
        }
    }

    /// The product of two centred codes: signs outside an unsigned multiplier.
    pub fn product(&self, a: i64, b: i64) -> i64 {
        let signed = self.multiplier.signature().signed;
        let product = self.multiplier.eval(self.operand(a), self.operand(b));
        if !signed && (a < 0) != (b < 0) { -product } else { product }
    }

    /// What the multiplier itself takes of a centred code: all of it, or without sign where that travels outside.
    pub fn operand(&self, value: i64) -> i64 {
        if self.multiplier.signature().signed { value } else { value.abs() }
    }

    /// The accumulator's next value.
    pub fn accumulate(&self, sum: i64, product: i64) -> i64 {
        let width = self.accumulator_width();
        let [sum, product] = [sum, product].map(|value| bits::encode(value, width));
        bits::sign_extend(self.accumulator.scheme.apply(width, sum, product) as u64, width)
    }

    /// The next value of many accumulators, as [`Mac::accumulate`] has it for one; of a wider one the low 32 bits.
    pub fn accumulate_all(&self, sums: &mut [i32], products: &[i32]) {
        self.accumulator.scheme.accumulate(self.accumulator_width(), sums, products);
    }

    /// Whether the accumulator adds exactly.
    pub fn accumulates_exactly(&self) -> bool {
        self.accumulator.scheme.is_exact()
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
        let sum = (1u64 << (self.accumulator_width().min(32) - 1)) - 1;
        sum / self.largest_product().max(1)
    }

    /// The largest magnitude of a product; of operands too wide to try all of them what the result's bits allow.
    fn largest_product(&self) -> u64 {
        if self.width() > 8 {
            return 1 << self.multiplier.width_out().min(63);
        }
        let products = |a| self.operands().map(move |b| self.product(a, b).unsigned_abs());
        self.operands().flat_map(products).max().unwrap_or(0)
    }

    /// The word on an operand port for a centred code.
    pub fn port_word(&self, value: i64) -> u64 {
        let width = self.width();
        if self.multiplier.signature().signed {
            return bits::encode(value, width);
        }
        value.unsigned_abs() | u64::from(value < 0) << width
    }

    /// The unit clock by clock, from reset, by its function alone.
    ///
    /// ```
    /// use axsim::arith::mac::Mac;
    /// let mac = Mac::from_id("mac8s_exact").unwrap();
    /// let mut cycles = mac.cycles();
    /// // Operands of one cycle meet the sum that enters in the next; their result shows in the one after.
    /// assert_eq!([(3, 4, 0), (0, 0, 30), (0, 0, 0)].map(|(a, b, c)| cycles.step(a, b, c)), [0, 0, 42]);
    /// ```
    pub fn cycles(&self) -> Cycles<'_> {
        Cycles { mac: self, given: [0; 2], operands: [0; 2], next: 0 }
    }

    /// The gates with registers for both operands and the result.
    pub fn netlist(&self) -> Netlist {
        let mut build = Builder::new(&self.name);
        let (a, b) = (build.input("a", self.port_width()), build.input("b", self.port_width()));
        let c = build.input("c", self.accumulator_width());
        let (a, b) = (build.register(&a), build.register(&b));
        let product = self.product_gates(&mut build, &a, &b);
        let product = sign_extended(&product, self.accumulator_width());
        let mut sum = self.accumulator.scheme.build(&mut build, &c, &product);
        sum.truncate(c.len());
        let y = build.register(&sum);
        build.output("y", y);
        build.finish()
    }

    fn product_gates(&self, build: &mut Builder, a: &[Net], b: &[Net]) -> Bus {
        let part = self.multiplier.netlist();
        if self.multiplier.signature().signed {
            return build.instance(&part, &[a, b]).remove(0);
        }
        let (sign_a, sign_b) = (a[a.len() - 1], b[b.len() - 1]);
        let mut magnitude = build.instance(&part, &[&a[..a.len() - 1], &b[..b.len() - 1]]).remove(0);
        magnitude.push(build.constant(false));
        let negative = build.xor(sign_a, sign_b);
        negated_if(build, &magnitude, negative)
    }
}
