//! Ids of MAC units: a multiplier or `sdr`, an adder, an accumulator, a shape.

use super::shape::FACTOR;
use super::{Mac, Shape, Shift};
use crate::arith::{ArithError, accumulator, adder_id, design};
use crate::kernel::Steps;
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

/// Bits of activations that are not razored.
const BASIS: u32 = 16;

/// One part of an id after `__` that is no adder.
#[derive(Debug, Clone, Copy)]
enum Part {
    Own(Own),
    Lanes(u32),
    Group(u32, Steps),
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
            "g" => Self::Group(number, Steps::PowersOfTwo),
            "v" => Self::Group(number, Steps::Multiples),
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
    /// | `mac4s_sdr_g16` | a unit for razored codes of 4 bits, sign and magnitude: 16 exact products added, shifted by the flags, accumulated; `sdrtc` the same for two's complement; `mac8x4s_sdr_g16` takes activations of 8 bits, `mac16x4s_sdr_g16` of 16 that are not razored |
    /// | `mac4s_vsq_g16` | the same for codes whose groups have a step of their own (VS-Quant): the sum of 16 exact products is multiplied by a factor of 8 bits |
    /// | `__ripple`, `__loa_k6` | the adder that accumulates, unless it is exact (Kogge-Stone) |
    /// | `__w20`, `__s20`, `__k100` | an accumulator of 20 bits that wraps, that saturates; one wide enough for 100 products |
    /// | `__g16`, `__v16` | 16 lanes whose sum is shifted, by at most 1 or as `__tN` says; that is multiplied, by at most 255 or as `__tN` says |
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

    /// The exact unit for codes of activations and of weights of so many bits, of which a group as large as the unit has lanes
    /// is shifted, or multiplied, at once, by at most `largest`.
    ///
    /// # Errors
    /// [`ArithError`] on widths, lanes or shifts that there is no unit for.
    ///
    /// ```
    /// use axsim::{arith::mac::{Mac, Shift}, kernel::Steps};
    /// let shift = |largest, steps| Shift { group: 16, largest, steps };
    /// let unit = Mac::for_codes([8, 4], false, shift(12, Steps::PowersOfTwo)).unwrap();
    /// assert_eq!((unit.id(), unit.shape().lanes), ("mac8x4s_sdr_g16", 16));
    /// // Activations of 16 bits as they are: weights alone are shifted, by 7 − 3 places at most.
    /// let unit = Mac::for_codes([16, 4], false, shift(4, Steps::PowersOfTwo)).unwrap();
    /// assert_eq!(unit.id(), "mac16x4s_sdr_g16");
    /// let unit = Mac::for_codes([4, 4], false, shift(255, Steps::Multiples)).unwrap();
    /// assert_eq!(unit.id(), "mac4s_vsq_g16");
    /// ```
    pub fn for_codes(bits: [u32; 2], twos_complement: bool, shift: Shift) -> Result<Self, ArithError> {
        let family = match (shift.steps, twos_complement) {
            (Steps::Multiples, _) => Coded::Scaled,
            (Steps::PowersOfTwo, true) => Coded::RazoredTwosComplement,
            (Steps::PowersOfTwo, false) => Coded::Razored,
        };
        let mac = Codes { bits, family, group: shift.group }.unit("exact")?;
        let shape = Shape { shift: Some(shift), ..mac.shape };
        mac.with_shape(shape)
    }

    /// The same unit with a lane a code of a group, whose sum is shifted before it is accumulated.
    ///
    /// # Errors
    /// [`ArithError`] on lanes or shifts that there is no unit for.
    ///
    /// ```
    /// use axsim::{arith::mac::{Mac, Shift}, kernel::Steps};
    /// let shift = Shift { group: 8, largest: 16, steps: Steps::PowersOfTwo };
    /// let unit = Mac::from_id("mac4s_bwtrunc_t2").unwrap().grouped(shift).unwrap();
    /// assert_eq!(unit.id(), "mac4s_bwtrunc_t2__g8__t16");
    /// assert_eq!(Mac::from_id(unit.id()).unwrap().id(), unit.id());
    /// ```
    pub fn grouped(self, shift: Shift) -> Result<Self, ArithError> {
        let shape = Shape { lanes: shift.group, shift: Some(shift), ..self.shape };
        self.with_shape(shape)
    }

    fn with_parts(self, parts: &[Part]) -> Result<Self, ArithError> {
        let (mut shape, mut own) = (self.shape, None);
        let group = parts.iter().find_map(|part| match *part {
            Part::Group(group, steps) => Some(Shift { group, largest: Shift::usual(steps), steps }),
            _ => None,
        });
        if let Some(shift) = group {
            shape = Shape { lanes: shift.group, shift: Some(shift), ..shape };
        }
        for part in parts {
            match *part {
                Part::Group(..) => {}
                Part::Own(written) => own = Some(written),
                Part::Lanes(lanes) => shape.lanes = lanes,
                Part::Ranks(ranks) => shape.ranks = ranks,
                Part::Gated => shape.gated = true,
                Part::Stalls => shape.stalls = true,
                Part::Largest(largest) => match &mut shape.shift {
                    Some(shift) => shift.largest = largest,
                    None => {
                        return Err(self.refuse(
                            "only units for groups shift: leave out `__tN`, or write `__gN` too".into(),
                        ));
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
    let adder = accumulator(&adder_id(adder, (width_a + width_b + 16).min(32))?)?;
    let mac = Mac::new(multiplier, adder);
    Ok(if raw { mac.raw() } else { mac })
}

/// Codes in groups that an id names: `4s_sdr_g16`.
struct Codes {
    /// Of activations and of weights.
    bits: [u32; 2],
    family: Coded,
    group: u32,
}

/// What codes in groups are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coded {
    /// Razored, sign and magnitude.
    Razored,
    /// Razored, two's complement.
    RazoredTwosComplement,
    /// Weights whose groups have a factor, sign and magnitude.
    Scaled,
}

impl Coded {
    const ALL: [Self; 3] = [Self::RazoredTwosComplement, Self::Razored, Self::Scaled];

    fn name(self) -> &'static str {
        match self {
            Self::Razored => "sdr",
            Self::RazoredTwosComplement => "sdrtc",
            Self::Scaled => "vsq",
        }
    }
}

impl Codes {
    fn read(text: &str) -> Option<Self> {
        let (bits, rest) = text.split_once("s_")?;
        let (family, group) = Coded::ALL
            .into_iter()
            .find_map(|family| Some((family, rest.strip_prefix(family.name())?.strip_prefix("_g")?)))?;
        let (a, b) = bits.split_once('x').unwrap_or((bits, bits));
        Some(Self { bits: [a.parse().ok()?, b.parse().ok()?], family, group: group.parse().ok()? })
    }

    /// The unit whose lanes are a group, for weights of 8 bits before razoring and activations of 16.
    fn unit(&self, adder: &str) -> Result<Mac, ArithError> {
        let Self { bits: [a, b], family, group } = *self;
        let twos_complement = family == Coded::RazoredTwosComplement;
        let (family_name, least) = (family.name(), if twos_complement { 2 } else { 3 });
        let widths = |[a, b]: [u32; 2]| if a == b { a.to_string() } else { format!("{a}x{b}") };
        let head = format!("mac{}s_{family_name}_g{group}", widths([a, b]));
        let razored = [a, b].into_iter().find(|bits| !(least..=8).contains(bits));
        if let Some(bits) = razored.filter(|_| !(a == BASIS && (least..=8).contains(&b))) {
            let expected = format!("codes of `{family_name}` have {least} to 8 bits, not {bits}");
            return Err(ArithError::Parameter { id: head, expected });
        }
        let multiplier = if twos_complement {
            format!("mul{}s_bw", widths([a, b]))
        } else {
            format!("mul{}u_exact", widths([a - 1, b - 1]))
        };
        let adder = accumulator(&adder_id(adder, 32)?)?;
        // Flags of codes whose basis has 15 and 7 bits of magnitude, or one more where the lowest number counts.
        let spare = 1 + u32::from(twos_complement);
        let of_activations = if a == BASIS { 0 } else { BASIS - 1 + spare - a };
        let (largest, steps) = match family {
            Coded::Scaled => (FACTOR, Steps::Multiples),
            _ => ((of_activations + 7 + spare - b).max(1), Steps::PowersOfTwo),
        };
        let shape = Shape { lanes: group, shift: Some(Shift { group, largest, steps }), ..Shape::default() };
        let mac = Mac::new(design(&multiplier)?, adder);
        mac.named(head).with_usual(shape)
    }
}
