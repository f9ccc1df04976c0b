//! The multiply-accumulate unit: operand registers, multiplier, accumulator, result register; lanes and ranks of registers
//! where asked for.

mod accumulator;
mod cycles;
mod gates;
mod id;
mod port;
mod shape;
mod stimulus;
#[cfg(test)]
mod tests;
mod words;

pub use cycles::{Cycles, Registers};
pub use port::{Code, Port};
pub use shape::{Shape, Shift};
pub use stimulus::{Cycle, Stimulus, StimulusError};
pub use words::KEPT_BITS;

use std::ops::RangeInclusive;

use self::id::Own;
use super::{Accumulator, ArithError, Design};
use crate::config::platform::Overflow;
use crate::table::Signature;

/// A MAC unit around a multiplier.
///
/// # Ports
/// `a` and `b` (`a0`, `a1`, … with lanes): the multiplier's bits of two's complement, or its magnitude bits under a sign bit
/// for an unsigned multiplier; a unit for raw codes has no sign bit ([`Mac::raw`]). `t` (`t0`, …), where there are shifts: how
/// far the sum of a group is shifted, or by what it is multiplied. `c` (the partial sum that enters) and `y` (the register that leaves): bits of both
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

    /// The same unit that keeps its operands where one is zero, `…__z` by id ([`Shape`]).
    ///
    /// ```
    /// use axsim::arith::mac::Mac;
    /// assert_eq!(Mac::from_id("mac8s_bw").unwrap().gated().id(), "mac8s_bw__z");
    /// ```
    #[must_use]
    pub fn gated(self) -> Self {
        let shape = Shape { gated: true, ..self.shape };
        Self { shape, ..self }.renamed()
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
        if let Some(Shift { group, largest, .. }) = shift {
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

    /// The same of both operands.
    pub fn port_widths(&self) -> [u32; 2] {
        self.widths().map(|width| width + u32::from(self.signs_outside))
    }

    /// Family and parameters of the adder that accumulates; empty for the exact one.
    pub fn adder(&self) -> &str {
        &self.accumulator.family
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

    /// The word on an operand port.
    pub fn port_word(&self, value: i64) -> u64 {
        self.code().word(value, self.port_width())
    }
}
