//! Ids of MAC units: a multiplier or `sdr`, an adder, an accumulator, a shape.

use super::{Mac, Shape, Shift};
use crate::arith::{ArithError, accumulator, design};
use crate::table::Signature;

/// An accumulator other than the usual one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Own {
    /// So many bits, beyond which sums wrap: `__wN`.
    Wraps(u32),
    /// So many bits, at whose extremes sums stay: `__sN`.
    Saturates(u32),
    /// As many bits as the sum of so many products needs: `__kN`.
    Holds(u32),
}

impl Own {
    pub(super) fn suffix(self) -> String {
        match self {
            Self::Wraps(bits) => format!("__w{bits}"),
            Self::Saturates(bits) => format!("__s{bits}"),
            Self::Holds(products) => format!("__k{products}"),
        }
    }
}

/// One part of an id after `__` that is no adder.
#[derive(Debug, Clone, Copy)]
enum Part {
    Own(Own),
    Lanes(u32),
    Largest(u32),
    Ranks(u32),
    Gated,
    Stalls,
}

impl Part {
    fn read(word: &str) -> Option<Self> {
        let (letter, digits) = word.split_at_checked(1)?;
        match (letter, digits) {
            ("z", "") => return Some(Self::Gated),
            ("e", "") => return Some(Self::Stalls),
            _ => {}
        }
        let number = digits.parse().ok()?;
        Some(match letter {
            "w" => Self::Own(Own::Wraps(number)),
            "s" => Self::Own(Own::Saturates(number)),
            "k" => Self::Own(Own::Holds(number)),
            "l" => Self::Lanes(number),
            "t" => Self::Largest(number),
            "p" => Self::Ranks(number),
            _ => return None,
        })
    }
}

impl Mac {
    /// The unit that an id names; the unit carries the same id.
    ///
    /// | part | names |
    /// |---|---|
    /// | `mac8s_drum_k4`, `mac16x8s_bw` | the multiplier, by the rest of its id; `macr` a unit for raw codes |
    /// | `mac4s_sdr_g16` | a unit for razored codes of 4 bits, sign and magnitude: 16 exact products added, shifted by the flags, accumulated; `sdrtc` the same for two's complement |
    /// | `__ripple`, `__loa_k6` | the adder that accumulates, unless it is exact (Kogge-Stone) |
    /// | `__w20`, `__s20`, `__k100` | an accumulator of 20 bits that wraps, that saturates; one wide enough for 100 products |
    /// | `__l4`, `__t8`, `__p1`, `__z`, `__e` | what [`Shape`] says, in this order |
    ///
    /// Where the multiplier has a final adder of choice, the accumulator follows it: `mac8s_dadda__brent_kung__exact`.
    ///
    /// # Errors
    /// [`ArithError`], saying what to write instead.
    ///
    /// ```
    /// use axsim::arith::mac::Mac;
    /// assert_eq!(Mac::from_id("mac8s_trunc_t4__loa_k6").unwrap().id(), "mac8s_trunc_t4__loa_k6");
    /// assert_eq!(Mac::from_id("mac4s_bw__s12__l4__p1").unwrap().ports().len(), 9);
    /// assert!(Mac::from_id("mac8s_drom_k4").is_err());
    /// ```
    pub fn from_id(id: &str) -> Result<Self, ArithError> {
        let rest = id.strip_prefix("mac").ok_or_else(|| ArithError::Form(id.into()))?;
        let (head, parts) = parts(rest);
        let plain = plain(head).map_err(|error| error.within(id))?;
        let mac = plain.with_parts(&parts).map_err(|error| error.within(id))?;
        ArithError::unless_named(id, mac.id())?;
        Ok(mac)
    }

    fn with_parts(self, parts: &[Part]) -> Result<Self, ArithError> {
        let (mut shape, mut own) = (self.shape, None);
        for part in parts {
            match *part {
                Part::Own(written) => own = Some(written),
                Part::Lanes(lanes) => shape.lanes = lanes,
                Part::Ranks(ranks) => shape.ranks = ranks,
                Part::Gated => shape.gated = true,
                Part::Stalls => shape.stalls = true,
                Part::Largest(largest) => match &mut shape.shift {
                    Some(shift) => shift.largest = largest,
                    None => {
                        return Err(
                            self.refuse("only units for razored codes shift: leave out `__tN`".into())
                        );
                    }
                },
            }
        }
        self.with_shape(shape)?.with_own(own)
    }
}

/// The parts at the end of an id that name accumulator and shape, and what is before them.
fn parts(rest: &str) -> (&str, Vec<Part>) {
    let (mut head, mut parts) = (rest, vec![]);
    while let Some((before, last)) = head.rsplit_once("__")
        && let Some(part) = Part::read(last)
    {
        parts.push(part);
        head = before;
    }
    (head, parts)
}

/// The unit of a multiplier and an adder.
fn plain(head: &str) -> Result<Mac, ArithError> {
    let (multiplier, adder) = head.rsplit_once("__").unwrap_or((head, "exact"));
    if let Some(codes) = Codes::read(multiplier) {
        return codes.unit(adder);
    }
    let (raw, multiplier) = multiplier.strip_prefix('r').map_or((false, multiplier), |rest| (true, rest));
    let multiplier = design(&format!("mul{multiplier}"))?;
    let Signature { width_a, width_b, .. } = multiplier.signature();
    let adder = accumulator(&format!("add{}s_{adder}", (width_a + width_b + 16).min(32)))?;
    let mac = Mac::new(multiplier, adder);
    Ok(if raw { mac.raw() } else { mac })
}

/// Razored codes that an id names: `4s_sdr_g16`.
struct Codes {
    bits: u32,
    twos_complement: bool,
    group: u32,
}

impl Codes {
    fn read(text: &str) -> Option<Self> {
        let (bits, rest) = text.split_once("s_sdr")?;
        let (twos_complement, rest) = rest.strip_prefix("tc").map_or((false, rest), |rest| (true, rest));
        let group = rest.strip_prefix("_g")?.parse().ok()?;
        Some(Self { bits: bits.parse().ok()?, twos_complement, group })
    }

    /// The unit whose lanes are a group, for weights of 8 bits before razoring and activations of 16.
    fn unit(&self, adder: &str) -> Result<Mac, ArithError> {
        let Self { bits, twos_complement, group } = *self;
        let (family, least) = if twos_complement { ("sdrtc", 2) } else { ("sdr", 3) };
        let head = format!("mac{bits}s_{family}_g{group}");
        if !(least..=8).contains(&bits) {
            let expected = format!("razored codes of `{family}` have {least} to 8 bits, not {bits}");
            return Err(ArithError::Parameter { id: head, expected });
        }
        let multiplier =
            if twos_complement { format!("mul{bits}s_bw") } else { format!("mul{}u_exact", bits - 1) };
        let adder = accumulator(&format!("add32s_{adder}"))?;
        // Flags of codes whose basis has 15 and 7 bits of magnitude, or one more where the lowest number counts.
        let dropped = 15 + 7 - 2 * (bits - 1) + if twos_complement { 2 } else { 0 };
        let shape =
            Shape { lanes: group, shift: Some(Shift { group, largest: dropped }), ..Shape::default() };
        let mac = Mac::new(design(&multiplier)?, adder);
        mac.named(head).with_usual(shape)
    }
}
