//! The multiply-accumulate unit: operand registers, multiplier, accumulator, result register.

use std::ops::RangeInclusive;

use super::{Accumulator, ArithError, Design, accumulator, design, negated_if, sign_extended};
use crate::bits;
use crate::config::platform::Overflow;
use crate::kernel;
use crate::netlist::{Builder, Bus, Net, Netlist};
use crate::simd;
use crate::table::Signature;

/// Bits of the narrowest accumulator.
const LEAST_BITS: u32 = 4;

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
/// unsigned multiplier; a unit for raw codes has no sign bit ([`Mac::raw`]). `c` (the partial sum that enters) and `y`
/// (the register that leaves): 2N + 16 bits, at most 64, or as asked ([`Mac::with_accumulator`]).
///
/// An output-stationary unit ties `c` to its own `y`; a weight-stationary one takes its neighbour's.
pub struct Mac {
    multiplier: Box<dyn Design>,
    accumulator: Accumulator,
    /// Whether operands are magnitudes under a sign.
    signs_outside: bool,
    accumulator_width: u32,
    overflow: Overflow,
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
        let Signature { width_a, signed, .. } = multiplier.signature();
        let accumulator_width = (2 * width_a + 16).min(64);
        Self {
            multiplier,
            accumulator,
            signs_outside: !signed,
            accumulator_width,
            overflow: Overflow::Wrap,
            name,
        }
    }

    /// The same unit with an accumulator of so many bits; an id ends on `__wN` where it wraps at N bits and on `__sN` where
    /// it saturates.
    ///
    /// # Errors
    /// [`ArithError::Parameter`] unless it has 4 to 64 bits; one that saturates must hold a product, and has at most 32.
    ///
    /// ```
    /// use axsim::arith::mac::Mac;
    /// let [wraps, saturates] = ["mac8s_exact__w16", "mac8s_exact__s16"].map(|id| Mac::from_id(id).unwrap());
    /// assert_eq!([wraps.accumulate(32_000, 1000), saturates.accumulate(32_000, 1000)], [-32_536, 32_767]);
    /// ```
    pub fn with_accumulator(self, bits: u32, overflow: Overflow) -> Result<Self, ArithError> {
        let (allowed, rule) = match overflow {
            Overflow::Wrap => (LEAST_BITS..=64, format!("an accumulator has {LEAST_BITS} to 64 bits")),
            Overflow::Saturate => {
                let least = self.multiplier.width_out() + u32::from(!self.multiplier.signature().signed);
                (
                    least..=32,
                    format!("an accumulator that saturates has {least} bits, to hold a product, to 32"),
                )
            }
        };
        if !allowed.contains(&bits) {
            return Err(ArithError::Parameter { id: self.name, expected: format!("{rule}, not {bits}") });
        }
        let name = match overflow {
            Overflow::Wrap if bits == self.accumulator_width => self.name,
            Overflow::Wrap => format!("{}__w{bits}", self.name),
            Overflow::Saturate => format!("{}__s{bits}", self.name),
        };
        Ok(Self { accumulator_width: bits, overflow, name, ..self })
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
        let name = self.name.replacen("mac", "macr", 1);
        Self { signs_outside: false, name, ..self }
    }

    /// The unit that an id names: `mac`, or `macr` for raw codes, the rest of a multiplier's id, and `__ripple` or `__loa_kN` unless the
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
        let (raw, rest) = rest.strip_prefix('r').map_or((false, rest), |rest| (true, rest));
        let (rest, own) = own_accumulator(rest);
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
        let mac = if raw { mac.raw() } else { mac };
        let mac = match own {
            Some((bits, overflow)) => {
                mac.with_accumulator(bits, overflow).map_err(|error| error.within(id))?
            }
            None => mac,
        };
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
        let (width, signed) = (self.width(), self.multiplier.signature().signed);
        if signed {
            return -(1 << (width - 1))..=(1 << (width - 1)) - 1;
        }
        let lowest = if self.signs_outside { 1 - (1 << width) } else { 0 };
        lowest..=(1 << width) - 1
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

    /// What becomes of the low bits of a sum that begins at 0, where the order of products does not matter and sums beyond
    /// the width wrap; see [`Scheme::low_part`](super::Scheme::low_part).
    pub fn low_part(&self) -> Option<kernel::LowPart> {
        let scheme = Some(&self.accumulator.scheme).filter(|_| self.overflow == Overflow::Wrap);
        scheme?.low_part(self.accumulator_width())
    }

    /// What an accumulator that adds exactly above its low part makes of whole sums, of which it keeps the low bits.
    pub fn wrapped(&self, mut sums: Vec<i32>) -> Vec<i32> {
        let width = self.accumulator_width();
        if width < 32 {
            sums.iter_mut().for_each(|sum| *sum = *sum << (32 - width) >> (32 - width));
        }
        sums
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

    /// The word on an operand port.
    pub fn port_word(&self, value: i64) -> u64 {
        let width = self.width();
        if !self.signs_outside {
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
        if self.overflow == Overflow::Saturate {
            sum = saturated(&mut build, &c, &product, &sum);
        }
        let y = build.register(&sum);
        build.output("y", y);
        build.finish()
    }

    fn product_gates(&self, build: &mut Builder, a: &[Net], b: &[Net]) -> Bus {
        let part = self.multiplier.netlist();
        if !self.signs_outside {
            let mut product = build.instance(&part, &[a, b]).remove(0);
            if !self.multiplier.signature().signed {
                product.push(build.constant(false));
            }
            return product;
        }
        let (sign_a, sign_b) = (a[a.len() - 1], b[b.len() - 1]);
        let mut magnitude = build.instance(&part, &[&a[..a.len() - 1], &b[..b.len() - 1]]).remove(0);
        magnitude.push(build.constant(false));
        let negative = build.xor(sign_a, sign_b);
        negated_if(build, &magnitude, negative)
    }
}

/// The sum, or where it has another sign than both of its parts the extreme of their sign.
fn saturated(build: &mut Builder, before: &[Net], product: &[Net], sum: &[Net]) -> Bus {
    let top = sum.len() - 1;
    let (alike, turned) = (build.xnor(before[top], product[top]), build.xor(before[top], sum[top]));
    let beyond = build.and(alike, turned);
    let highest = build.not(before[top]);
    let extreme = |at: usize| if at == top { before[top] } else { highest };
    (0..sum.len()).map(|at| build.mux(beyond, extreme(at), sum[at])).collect()
}

/// Takes `__wN` or `__sN` off the end of an id.
fn own_accumulator(id: &str) -> (&str, Option<(u32, Overflow)>) {
    let own = id.rsplit_once("__").and_then(|(rest, last)| {
        let (kind, bits) = last.split_at_checked(1)?;
        let overflow = match kind {
            "w" => Overflow::Wrap,
            "s" => Overflow::Saturate,
            _ => return None,
        };
        Some((rest, Some((bits.parse().ok()?, overflow))))
    });
    own.unwrap_or((id, None))
}
