//! Units for razored codes beside the integer units that they replace, all on the same numbers.

use rayon::prelude::*;
use serde::Serialize;

use super::ArithError;
use super::cost::{Cost, SEQUENCES, STEPS, WORDS, accumulating_on, settling_on};
use super::mac::{Mac, Port, Shift};
use super::razorer::Razorer;
use crate::netlist::pack;
use crate::razor::{Blocks, Code, Granularity, Razor, Razored, Step};
use crate::rng::Stream;
use crate::tech::CellLibrary;

/// Numbers of a razored group, and lanes of the wide units.
const GROUP: usize = 16;
/// Numbers that one sequence of operands needs: each lane one a cycle.
const SEQUENCE: usize = (STEPS + 1) * GROUP;
/// Numbers of a weight channel, which share a scale.
const CHANNEL: usize = 4096;

/// A unit of the comparison.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Variant {
    /// The id.
    pub unit: String,
    /// What its operands are, activation × weight.
    pub operands: String,
    /// Whether they are razored codes.
    pub razored: bool,
    /// Products a cycle.
    pub lanes: u32,
    /// `hoisted` (once a group), `per product`, or null where nothing is shifted.
    pub shift: Option<&'static str>,
    /// Bits of the accumulator.
    pub accumulator_bits: u32,
    /// Cost on the numbers of the comparison.
    pub cost: Cost,
}

/// What a razored unit has less than an integer unit of as many lanes, as fractions of that; negative where it has more.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reduction {
    /// The razored unit.
    pub unit: String,
    /// The integer unit.
    pub baseline: String,
    /// What the operands of that are.
    pub operands: String,
    /// Of area.
    pub area: f64,
    /// Of power at one clock.
    pub power: f64,
}

/// The unit that razors activations, and what it takes to pay for it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Razoring {
    /// The id.
    pub unit: String,
    /// Numbers at once.
    pub group: usize,
    /// Cost on the activations of the comparison.
    pub cost: Cost,
    /// Products that an activation must be in before a hoisted unit has saved what razoring takes, by integer unit of as
    /// many lanes; null where that takes no more energy.
    pub pays_from: Vec<(String, Option<u64>)>,
}

/// All units and what they have less.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The clock of all powers in MHz, the highest that every unit meets.
    pub clock_mhz: f64,
    /// The units.
    pub units: Vec<Variant>,
    /// Razored against integer units.
    pub reductions: Vec<Reduction>,
    /// The unit that razors.
    pub razoring: Razoring,
}

impl Variant {
    /// Power in µW at a clock in MHz, leakage included.
    pub fn power_uw(&self, clock_mhz: f64) -> f64 {
        self.cost.energy_fj * clock_mhz * 1e-3 + self.cost.leakage_nw * 1e-3
    }
}

/// What units see: numbers of 16 and 8 bits, or codes.
#[derive(Clone, Copy)]
enum Numbers {
    Integers(u32, u32),
    Razored(u32),
    /// Activations as they are, razored weights.
    RazoredWeights(u32),
}

/// Units of 1 and of 16 lanes, without ranks of registers between operands and result. Where one product is all there is to
/// add, the adder has the fewest prefix cells; else all adders are the same.
const UNITS: [(&str, Numbers); 14] = [
    ("mac16x8s_bw__brent_kung", Numbers::Integers(16, 8)),
    ("mac16x8s_bw__l16", Numbers::Integers(16, 8)),
    ("mac8s_bw__brent_kung", Numbers::Integers(8, 8)),
    ("mac8s_bw__l16", Numbers::Integers(8, 8)),
    ("mac4s_bw__brent_kung__w32", Numbers::Integers(4, 4)),
    ("mac4s_bw__w32__l16", Numbers::Integers(4, 4)),
    ("mac4s_sdr_g1__brent_kung", Numbers::Razored(16)),
    ("mac4s_sdr_g16", Numbers::Razored(16)),
    ("mac4s_sdr_g1__l16", Numbers::Razored(16)),
    ("mac4s_sdrtc_g16", Numbers::Razored(16)),
    ("mac4s_sdr_g1__brent_kung__t8", Numbers::Razored(8)),
    ("mac4s_sdr_g16__t8", Numbers::Razored(8)),
    ("mac16x4s_sdr_g1__brent_kung", Numbers::RazoredWeights(16)),
    ("mac16x4s_sdr_g16", Numbers::RazoredWeights(16)),
];

/// Measures units for codes of 4 bits, razored in groups of 16 from activations of 16 bits (or 8) and weights of 8, and those
/// for activations of 16 bits as they are and razored weights, beside exact units for integers of 16 × 8, 8 × 8 and 4 × 4 bits.
///
/// All see the same numbers: activations of Student's t of 4 degrees of freedom with a scale for all, Gaussian weights with
/// a scale a channel of 4096; for 4 × 4 bits a scale a group of 16, so that codes are used. Units add to their own sum, and
/// their flip-flops are those of operands and result.
///
/// # Errors
/// [`ArithError`] when a unit is not what it says.
///
/// ```no_run
/// use axsim::{arith::variants, tech::CellLibrary};
/// let found = variants::compare(&CellLibrary::nangate45().wired()).unwrap();
/// assert!(found.reductions.iter().any(|reduction| reduction.area > 0.6));
/// ```
pub fn compare(library: &CellLibrary) -> Result<Comparison, ArithError> {
    let tensors = Tensors::draw();
    let units: Vec<Variant> = UNITS
        .par_iter()
        .map(|(id, numbers)| Ok(measured(&Mac::from_id(id)?, *numbers, &tensors, library)))
        .collect::<Result<_, ArithError>>()?;
    let clock_mhz = units.iter().filter_map(|unit| unit.cost.clock_mhz).fold(f64::INFINITY, f64::min);
    let reductions = reductions(&units, clock_mhz);
    let razoring = razoring(&Razorer::from_id("sdr16x4_g16")?, &tensors, library, &units);
    Ok(Comparison { clock_mhz, units, reductions, razoring })
}

fn reductions(units: &[Variant], clock_mhz: f64) -> Vec<Reduction> {
    let (razored, integers): (Vec<&Variant>, Vec<&Variant>) = units.iter().partition(|unit| unit.razored);
    let pairs = razored.into_iter().flat_map(|unit| {
        integers.iter().filter(|baseline| baseline.lanes == unit.lanes).map(move |baseline| (unit, *baseline))
    });
    let less = |(unit, baseline): (&Variant, &Variant)| Reduction {
        unit: unit.unit.clone(),
        baseline: baseline.unit.clone(),
        operands: baseline.operands.clone(),
        area: 1.0 - unit.cost.area_um2 / baseline.cost.area_um2,
        power: 1.0 - unit.power_uw(clock_mhz) / baseline.power_uw(clock_mhz),
    };
    pairs.map(less).collect()
}

fn measured(mac: &Mac, numbers: Numbers, tensors: &Tensors, library: &CellLibrary) -> Variant {
    let shape = mac.shape();
    let operands = tensors.of(mac, numbers);
    let lanes = shape.lanes as usize;
    let column = |port: &Port, cycle: usize| {
        let (name, lane) = port.name.split_at(1);
        // Shifts come one a group, which here is a lane or all of them.
        let at = cycle * lanes + lane.parse().unwrap_or(0);
        let word = |sequence: usize| port.word(operands.number(name, sequence * SEQUENCE + at));
        pack::<WORDS>(&std::array::from_fn::<u64, SEQUENCES, _>(word), port.width as usize)
    };
    let told =
        ["Student-t activations and Gaussian weights", "cycles multiplied and accumulated, event by event"];
    Variant {
        unit: mac.id().into(),
        operands: match numbers {
            Numbers::Integers(a, b) => format!("INT{a} × INT{b}"),
            Numbers::Razored(basis) => format!("SDR4 of INT{basis} × SDR4 of INT8"),
            Numbers::RazoredWeights(bits) => format!("INT{bits} × SDR4 of INT8"),
        },
        razored: !matches!(numbers, Numbers::Integers(..)),
        lanes: shape.lanes,
        shift: shape.shift.map(|Shift { group, .. }| match group {
            1 if shape.lanes > 1 => "per product",
            1 => "of one product",
            _ => "hoisted",
        }),
        accumulator_bits: mac.accumulator_width(),
        cost: accumulating_on((&mac.netlist(), &mac.ports()), library, column, told),
    }
}

fn razoring(unit: &Razorer, tensors: &Tensors, library: &CellLibrary, units: &[Variant]) -> Razoring {
    let numbers = basis(unit.razor(), &tensors.activations, Granularity::Tensor);
    let ports = unit.ports();
    let inputs = |cycle: usize| {
        let port = |(at, port): (usize, &Port)| {
            let word = |sequence: usize| port.word(numbers[sequence * SEQUENCE + cycle * GROUP + at].into());
            pack::<WORDS>(&std::array::from_fn::<u64, SEQUENCES, _>(word), port.width as usize)
        };
        ports.iter().enumerate().flat_map(port).collect()
    };
    let cost = settling_on(
        &unit.netlist(),
        library,
        inputs,
        ["Student-t activations", "groups razored, event by event"],
    );
    let a_product = |unit: &Variant| unit.cost.energy_fj / f64::from(unit.lanes);
    let hoisted = units.iter().find(|unit| unit.shift == Some("hoisted")).map_or(f64::INFINITY, a_product);
    let wide = units.iter().filter(|unit| !unit.razored && unit.lanes > 1);
    let pays_from = wide.map(|baseline| {
        let saved = a_product(baseline) - hoisted;
        let products = (cost.energy_fj / GROUP as f64 / saved).ceil() as u64;
        (baseline.operands.clone(), (saved > 0.0).then_some(products))
    });
    Razoring { unit: unit.id().into(), group: GROUP, pays_from: pays_from.collect(), cost }
}

/// Numbers that units multiply.
struct Tensors {
    activations: Vec<f32>,
    weights: Vec<f32>,
}

/// What stands on the ports: a code a number, a flag a group.
struct Operands {
    a: Vec<i64>,
    b: Vec<i64>,
    t: Vec<i64>,
}

impl Operands {
    fn number(&self, port: &str, at: usize) -> i64 {
        match port {
            "a" => self.a[at],
            "b" => self.b[at],
            _ => self.t[at],
        }
    }
}

impl Tensors {
    fn draw() -> Self {
        let count = (SEQUENCES * SEQUENCE).next_multiple_of(CHANNEL);
        let mut stream = Stream::new(1, "arith.variants", 0);
        let weights = (0..count).map(|_| stream.normal() as f32).collect();
        let student = |stream: &mut Stream| {
            let squares: f64 = (0..4).map(|_| stream.normal().powi(2)).sum();
            (stream.normal() / (squares / 4.0).sqrt()) as f32
        };
        Self { activations: (0..count).map(|_| student(&mut stream)).collect(), weights }
    }

    fn of(&self, mac: &Mac, numbers: Numbers) -> Operands {
        match numbers {
            Numbers::Integers(4, 4) => {
                let codes = |tensor: &[f32]| -> Vec<i64> {
                    let blocks = Blocks::new(4, GROUP, Step::Real).expect("blocks of 4 bits");
                    let found = blocks.quantize(tensor, CHANNEL).expect("finite numbers in whole rows");
                    wide(&found.codes)
                };
                Operands { a: codes(&self.activations), b: codes(&self.weights), t: vec![] }
            }
            Numbers::Integers(a, b) => Operands {
                a: integers(a, &self.activations, Granularity::Tensor),
                b: integers(b, &self.weights, Granularity::Channel),
                t: vec![],
            },
            Numbers::Razored(basis) => {
                let [a, b] = self.razored(mac, basis);
                let flags: Vec<u8> = a.flags().iter().zip(b.flags()).map(|(a, b)| a + b).collect();
                Operands { a: wide(a.codes()), b: wide(b.codes()), t: of_numbers(&flags) }
            }
            Numbers::RazoredWeights(bits) => {
                let [_, weights] = self.razored(mac, bits);
                let a = integers(bits, &self.activations, Granularity::Tensor);
                Operands { a, b: wide(weights.codes()), t: of_numbers(weights.flags()) }
            }
        }
    }

    /// Activations of a basis and weights of 8 bits.
    fn razored(&self, mac: &Mac, of_activations: u32) -> [Razored; 2] {
        let code = if mac.id().contains("sdrtc") { Code::TwosComplement } else { Code::SignMagnitude };
        let razored = |bits, tensor: &[f32], granularity| {
            let razor = Razor::new(bits, 4, GROUP).expect("a basis").with_code(code);
            razor.razor(&basis(&razor, tensor, granularity), CHANNEL).expect("numbers of the basis")
        };
        [
            razored(of_activations, &self.activations, Granularity::Tensor),
            razored(8, &self.weights, Granularity::Channel),
        ]
    }
}

fn integers(bits: u32, tensor: &[f32], granularity: Granularity) -> Vec<i64> {
    let razor = Razor::new(bits, 4, GROUP).expect("a basis");
    basis(&razor, tensor, granularity).into_iter().map(i64::from).collect()
}

fn wide(codes: &[i8]) -> Vec<i64> {
    codes.iter().map(|code| i64::from(*code)).collect()
}

/// Flags of groups as those of numbers.
fn of_numbers(flags: &[u8]) -> Vec<i64> {
    flags.iter().flat_map(|flag| std::iter::repeat_n(i64::from(*flag), GROUP)).collect()
}

/// A tensor as integers of a basis.
fn basis(razor: &Razor, tensor: &[f32], granularity: Granularity) -> Vec<i16> {
    razor.scale(tensor, CHANNEL, granularity).expect("finite numbers in whole rows").numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a unit sees are razored codes, whose products with shifts are those of the numbers they stand for.
    #[test]
    fn operands_are_those_of_the_tensors() {
        let tensors = Tensors::draw();
        let numbers = tensors.of(&Mac::from_id("mac16x8s_bw").unwrap(), Numbers::Integers(16, 8));
        let codes = tensors.of(&Mac::from_id("mac4s_sdr_g16").unwrap(), Numbers::Razored(16));
        let dot = |product: &dyn Fn(usize) -> i64| (0..CHANNEL).map(product).sum::<i64>() as f64;
        let exact = dot(&|at| numbers.a[at] * numbers.b[at]);
        let razored = dot(&|at| (codes.a[at] * codes.b[at]) << codes.t[at]);
        let size = dot(&|at| (numbers.a[at] * numbers.b[at]).abs());
        assert!((exact - razored).abs() < 0.02 * size, "{exact} {razored} of {size}");
        assert!(codes.t.chunks(GROUP).all(|group| group.iter().all(|shift| *shift == group[0])));
        let halves = tensors.of(&Mac::from_id("mac16x4s_sdr_g16").unwrap(), Numbers::RazoredWeights(16));
        assert_eq!((&halves.a, &halves.b), (&numbers.a, &codes.b));
        // Each weight is within a step of its integer, as the largest code keeps what would round up beyond it.
        let off = |at: usize| ((halves.b[at] << halves.t[at]) - numbers.b[at]).abs();
        assert!((0..CHANNEL).all(|at| off(at) < 1 << halves.t[at]));
    }

    /// Published and recomputed figures agree on this much: codes of four bits take less than half of the wide unit.
    #[test]
    fn hoisting_the_shift_is_what_saves_in_wide_units() {
        let library = CellLibrary::nangate45();
        let found = compare(&library).unwrap();
        let less = |unit: &str, operands: &str| {
            let of = |one: &&Reduction| one.unit == unit && one.operands == operands;
            found.reductions.iter().find(of).unwrap()
        };
        let hoisted = less("mac4s_sdr_g16", "INT16 × INT8");
        let shifted = less("mac4s_sdr_g1__l16", "INT16 × INT8");
        assert!(hoisted.area > 0.7 && hoisted.power > 0.7, "{hoisted:?}");
        assert!(shifted.area < hoisted.area - 0.3 && shifted.power < hoisted.power, "{shifted:?}");
        assert!(found.units.iter().all(|unit| unit.cost.clock_mhz.unwrap() >= found.clock_mhz));
        assert_eq!(found.reductions.len(), 8 * 3);
        assert!(found.razoring.pays_from.iter().any(|(_, products)| products.is_some()));
    }
}
