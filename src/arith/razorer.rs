//! The unit that razors a group: magnitudes, a tree of ORs, a leading-one detector, shifters, rounders.

use super::mac::{Code as PortCode, Port};
use super::{ArithError, negated_if};
use crate::netlist::{Builder, Bus, Net, Netlist, balanced};
use crate::razor::{Code, Razor, Razored, Rounding};

/// A unit that razors a group of numbers at once: codes and the flag, without registers.
///
/// Inputs `q0`, `q1`, … in two's complement of the basis; outputs `y0`, `y1`, … the codes, as they stand on the ports of a
/// MAC unit for them ([`super::mac::Mac::from_id`]), and last `t`, the flag. −128 (of 8 bits) is no number of the basis where
/// codes have sign and magnitude: what the gates then tell is not defined.
pub struct Razorer {
    razor: Razor,
    basis: u32,
    target: u32,
    code: Code,
    rounding: Rounding,
    name: String,
}

impl Razorer {
    /// The unit that an id names: `sdr16x4_g16` makes codes of 4 bits of numbers of 16, sign and magnitude, 16 at once;
    /// `sdrtc…` two's complement. Rounding is to nearest, halves to even, or as `__up` (halves away from zero) and `__trunc`
    /// (towards zero) say.
    ///
    /// # Errors
    /// [`ArithError`], saying what to write instead.
    ///
    /// ```
    /// use axsim::arith::razorer::Razorer;
    /// let unit = Razorer::from_id("sdr8x4_g8").unwrap();
    /// let razored = unit.razored(&[37, -5, 90, -118, 2, 0, -64, 15]).unwrap();
    /// assert_eq!((razored.codes(), razored.flags()), (&[2, 0, 6, -7, 0, 0, -4, 1][..], &[4][..]));
    /// ```
    pub fn from_id(id: &str) -> Result<Self, ArithError> {
        let parts = Parts::read(id).ok_or_else(|| ArithError::Parameter {
            id: id.into(),
            expected: "write for example `sdr16x4_g16`, `sdrtc8x4_g32` or `sdr16x4_g16__trunc`".into(),
        })?;
        let Parts { code, basis, target, group, rounding } = parts;
        let razor = Razor::new(basis, target, group)
            .map_err(|error| ArithError::Parameter { id: id.into(), expected: error.to_string() })?;
        let razor = razor.with_code(code).with_rounding(rounding);
        let name = parts.id();
        ArithError::unless_named(id, &name)?;
        Ok(Self { razor, basis, target, code, rounding, name })
    }

    /// The id.
    pub fn id(&self) -> &str {
        &self.name
    }

    /// How it razors.
    pub fn razor(&self) -> &Razor {
        &self.razor
    }

    /// Codes and flag of a group, by the function.
    ///
    /// # Errors
    /// [`crate::razor::RazorError`], on a number that the basis does not have.
    pub fn razored(&self, group: &[i16]) -> Result<Razored, crate::razor::RazorError> {
        self.razor.razor(group, group.len())
    }

    /// Bits of a number before and after.
    pub fn widths(&self) -> [u32; 2] {
        [self.basis, self.target]
    }

    /// The inputs, in the order of the netlist.
    pub fn ports(&self) -> Vec<Port> {
        let (low, high) = self.razor.range().into_inner();
        let range = i64::from(low)..=i64::from(high);
        let port = |at: usize| Port::new(&format!("q{at}"), self.basis, PortCode::TwosComplement);
        (0..self.razor.group()).map(|at| Port { range: range.clone(), ..port(at) }).collect()
    }

    /// How a code stands on its output.
    pub fn output_code(&self) -> PortCode {
        match self.code {
            Code::SignMagnitude => PortCode::SignMagnitude,
            Code::TwosComplement => PortCode::TwosComplement,
        }
    }

    /// The gates.
    pub fn netlist(&self) -> Netlist {
        let mut build = Builder::new(&self.name);
        let group = 0..self.razor.group();
        let numbers: Vec<Bus> = group.map(|at| build.input(&format!("q{at}"), self.basis)).collect();
        let magnitudes: Vec<Bus> = numbers.iter().map(|number| self.magnitude(&mut build, number)).collect();
        let any = (0..magnitudes[0].len()).map(|bit| {
            let bits = magnitudes.iter().map(|magnitude| magnitude[bit]).collect();
            balanced(bits, |a, b| build.or(a, b)).expect("a group has numbers")
        });
        let any: Bus = any.collect();
        let flag = self.flag(&mut build, &any);
        for (at, (number, magnitude)) in numbers.iter().zip(&magnitudes).enumerate() {
            let sign = number[number.len() - 1];
            let code = self.code_of(&mut build, sign, magnitude, &flag);
            build.output(&format!("y{at}"), code);
        }
        if !flag.is_empty() {
            build.output("t", flag);
        }
        build.finish()
    }

    /// The magnitude; that of the lowest number in two's complement needs all bits of the basis.
    fn magnitude(&self, build: &mut Builder, number: &[Net]) -> Bus {
        let sign = number[number.len() - 1];
        let mut magnitude = negated_if(build, number, sign);
        if self.code == Code::SignMagnitude {
            magnitude.pop();
        }
        magnitude
    }

    /// Low bits that go, from the leading one of all magnitudes: its place, coded in binary.
    fn flag(&self, build: &mut Builder, any: &[Net]) -> Bus {
        let kept = self.target as usize - 1;
        let mut above = build.constant(false);
        let mut flag = vec![build.constant(false); self.razor.flag_bits() as usize];
        for (bit, net) in any.iter().enumerate().skip(kept).rev() {
            let first = build.not(above);
            let leading = build.and(*net, first);
            let places = bit + 1 - kept;
            for (_, coded) in flag.iter_mut().enumerate().filter(|(at, _)| places >> at & 1 == 1) {
                *coded = build.or(*coded, leading);
            }
            above = build.or(above, *net);
        }
        flag
    }

    /// A magnitude shifted right by the flag, rounded, kept within the codes, with its sign.
    fn code_of(&self, build: &mut Builder, sign: Net, magnitude: &[Net], flag: &[Net]) -> Bus {
        let (mut kept, guard, sticky) = self.shifted(build, magnitude, flag);
        let up = match self.rounding {
            Rounding::Truncate => build.constant(false),
            Rounding::HalfUp => guard,
            Rounding::NearestEven => {
                let tie = build.or(sticky, kept[0]);
                build.and(guard, tie)
            }
        };
        let mut carry = up;
        for bit in &mut kept {
            let (sum, next) = build.half_adder(*bit, carry);
            *bit = sum;
            carry = next;
        }
        match self.code {
            // What would round up to a bit more stays at the largest magnitude; zero has no sign.
            Code::SignMagnitude => {
                let mut code: Bus = kept.iter().map(|bit| build.or(*bit, carry)).collect();
                let some = balanced(code.clone(), |a, b| build.or(a, b)).expect("codes have bits");
                code.push(build.and(sign, some));
                code
            }
            // A negative one has a code for that.
            Code::TwosComplement => {
                let positive = build.not(sign);
                let beyond = build.and(carry, positive);
                let mut code: Bus = kept.iter().map(|bit| build.or(*bit, beyond)).collect();
                code.push(build.and(carry, sign));
                negated_if(build, &code, sign)
            }
        }
    }

    /// The bits of a code, the bit below them, and whether there is a one further below.
    fn shifted(&self, build: &mut Builder, magnitude: &[Net], flag: &[Net]) -> (Bus, Net, Net) {
        let zero = build.constant(false);
        let mut bits: Bus = [zero].into_iter().chain(magnitude.iter().copied()).collect();
        let mut sticky = zero;
        for (at, select) in flag.iter().enumerate() {
            let places = 1 << at;
            let lost = bits[..places.min(bits.len())].to_vec();
            let lost = balanced(lost, |a, b| build.or(a, b)).expect("a shift loses bits");
            let lost = build.and(lost, *select);
            sticky = build.or(sticky, lost);
            let moved = |bit: usize| bits.get(bit + places).copied().unwrap_or(zero);
            bits = (0..bits.len()).map(|bit| build.mux(*select, moved(bit), bits[bit])).collect();
        }
        let kept = bits[1..self.target as usize].to_vec();
        (kept, bits[0], sticky)
    }
}

/// What an id says.
struct Parts {
    code: Code,
    basis: u32,
    target: u32,
    group: usize,
    rounding: Rounding,
}

impl Parts {
    fn read(id: &str) -> Option<Self> {
        let (rest, rounding) = match id.rsplit_once("__") {
            None => (id, Rounding::NearestEven),
            Some((rest, "up")) => (rest, Rounding::HalfUp),
            Some((rest, "trunc")) => (rest, Rounding::Truncate),
            Some(_) => return None,
        };
        let rest = rest.strip_prefix("sdr")?;
        let (rest, code) = match rest.strip_prefix("tc") {
            Some(rest) => (rest, Code::TwosComplement),
            None => (rest, Code::SignMagnitude),
        };
        let (widths, group) = rest.split_once("_g")?;
        let (basis, target) = widths.split_once('x')?;
        Some(Self {
            code,
            basis: basis.parse().ok()?,
            target: target.parse().ok()?,
            group: group.parse().ok()?,
            rounding,
        })
    }

    fn id(&self) -> String {
        let Self { code, basis, target, group, rounding } = self;
        let code = if *code == Code::TwosComplement { "tc" } else { "" };
        let rounding = match rounding {
            Rounding::NearestEven => "",
            Rounding::HalfUp => "__up",
            Rounding::Truncate => "__trunc",
        };
        format!("sdr{code}{basis}x{target}_g{group}{rounding}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::netlist::{Lanes, pack, unpack};
    use crate::rng::Stream;

    /// Gates against function, many groups at once.
    fn compare(id: &str, groups: &[Vec<i16>]) {
        let unit = Razorer::from_id(id).unwrap();
        let (netlist, [basis, target]) = (unit.netlist(), unit.widths());
        let mut lanes = Lanes::<8>::new(&netlist);
        for groups in groups.chunks(512) {
            let inputs = (0..unit.razor().group()).flat_map(|at| {
                let words: Vec<u64> =
                    groups.iter().map(|group| crate::bits::encode(group[at].into(), basis)).collect();
                pack::<8>(&words, basis as usize)
            });
            lanes.settle(&inputs.collect::<Vec<_>>());
            let outputs: Vec<Vec<u64>> =
                (0..netlist.outputs().len()).map(|bus| unpack(&lanes.output(bus), groups.len())).collect();
            for (lane, group) in groups.iter().enumerate() {
                let razored = unit.razored(group).unwrap();
                let words =
                    razored.codes().iter().map(|code| unit.output_code().word((*code).into(), target));
                let flag = (unit.razor().flag_bits() > 0).then(|| u64::from(razored.flags()[0]));
                let found = outputs.iter().map(|output| output[lane]);
                assert!(found.eq(words.chain(flag)), "{id}: {group:?}");
            }
        }
    }

    /// Every number of 8 bits beside every leading one.
    #[test]
    fn gates_razor_every_number_of_8_bits_as_the_function_does() {
        for target in 2..=8 {
            for (family, lowest) in [("sdr", -127), ("sdrtc", -128)] {
                for rounding in ["", "__up", "__trunc"] {
                    let numbers = lowest..=127;
                    let groups: Vec<Vec<i16>> = numbers
                        .flat_map(|number| {
                            (0..8).map(move |bit| vec![number, (-1i16 << bit).max(lowest), 0, 3])
                        })
                        .collect();
                    compare(&format!("{family}8x{target}_g4{rounding}"), &groups);
                }
            }
        }
    }

    #[test]
    fn gates_razor_random_groups_of_16_bits_as_the_function_does() {
        let mut stream = Stream::new(1, "arith.razorer", 0);
        for (id, group) in
            [("sdr16x4_g16", 16), ("sdrtc16x4_g8", 8), ("sdr16x8_g5__up", 5), ("sdrtc16x3_g32__trunc", 32)]
        {
            let lowest = if id.contains("tc") { i16::MIN } else { -i16::MAX };
            let mut number = |size: u64| (stream.word() as i16 >> size).max(lowest);
            let groups: Vec<Vec<i16>> =
                (0..4096).map(|at| (0..group).map(|_| number(at % 16)).collect()).collect();
            compare(id, &groups);
        }
    }

    #[test]
    fn an_id_that_names_no_unit_says_what_to_write() {
        let error = |id: &str| Razorer::from_id(id).err().unwrap().to_string();
        assert!(
            error("sdr16_g4")
                .ends_with("write for example `sdr16x4_g16`, `sdrtc8x4_g32` or `sdr16x4_g16__trunc`")
        );
        assert_eq!(error("sdr12x4_g16"), "`sdr12x4_g16`: the basis is 12; write 8 or 16 bits");
        assert_eq!(error("sdr16x04_g16"), "`sdr16x04_g16`: write `sdr16x4_g16`");
    }
}
