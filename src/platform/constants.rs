//! The figures by which platforms are priced, without a network that runs on them.

use super::compute::array::MacArray;
use super::compute::beside::Beside;
use super::compute::neurons::Neurons;
use super::compute::signs::SignArray;
use super::memory::{Memory, Traffic, sram::Sram};
use super::{Context, Platform, PlatformError};
use crate::arith::mac::{Code, Mac};
use crate::config::platform::{self as config, Compute, Products, Zeros};
use crate::config::preset::PLATFORMS;
use crate::constant::Constant;
use crate::ledger::{Ledger, Price};
use crate::tech::CellLibrary;
use crate::tensor::Tensor;
use crate::units::Seconds;

/// The figures of the platforms that are compiled in, of every static memory, and of wires and clock trees; one that platforms
/// set differently stands there for each of its values.
///
/// ```
/// let known = axsim::platform::constants::known();
/// let read = known.iter().find(|known| known.name == "sram.lstp.128kib.read").unwrap();
/// assert_eq!((read.value, read.trust.name()), (27.5e-12, "measured"));
/// ```
pub fn known() -> Vec<Constant> {
    let mut all: Vec<Constant> = presets().iter().flat_map(of_platform).collect();
    all.extend(Sram::all().iter().flat_map(|memory| of_memory(memory, Seconds(1.0))));
    let wired = CellLibrary::nangate45().wired();
    all.extend(wired.wires().into_iter().flat_map(|wires| [wires.load.clone(), wires.sinks.clone()]));
    let mut once: Vec<Constant> = vec![];
    all.into_iter().for_each(|one| {
        if !once.contains(&one) {
            once.push(one)
        }
    });
    once
}

/// The first array of these platforms with another unit, on raw codes or with zeros gated where that is a unit for it.
///
/// # Errors
/// As [`MacArray::new`].
pub fn array_with(mac: Mac) -> Result<MacArray, PlatformError> {
    let config = match (mac.code(), mac.shape().gated) {
        (Code::Unsigned, _) => config::Array { products: Products::Raw, ..first_array() },
        (_, true) => config::Array { zeros: Zeros::Gate, ..first_array() },
        _ => first_array(),
    };
    MacArray::new(&config, mac, &CellLibrary::nangate45().wired())
}

fn first_array() -> config::Array {
    let arrays = presets().into_iter().find_map(|platform| match platform.compute {
        Compute::Array(array) => Some(*array),
        Compute::Ideal => None,
    });
    arrays.expect("a platform with an array is compiled in")
}

/// Bits of a weight that a neuron adds, where prices are asked for by name.
pub const NEURON_WEIGHT_BITS: u32 = 8;

/// The figures of a circuit in arrays or beside them, by its name in a bill; none where there is no such circuit.
///
/// # Errors
/// When no array can have the unit.
///
/// ```
/// let adder = axsim::platform::constants::of_circuit("add20s_exact").unwrap();
/// assert_eq!([&*adder[0].name, &*adder[1].name], ["add20s_exact.operation", "add20s_exact.leakage"]);
/// ```
pub fn of_circuit(name: &str) -> Result<Vec<Constant>, PlatformError> {
    let library = CellLibrary::nangate45().wired();
    if name == SignArray::UNIT {
        return Ok(SignArray::new(&first_array(), &library)?.constants());
    }
    if name == Neurons::UNIT {
        return Ok(Neurons::new(&first_array(), NEURON_WEIGHT_BITS, &library)?.constants());
    }
    match Mac::from_id(name) {
        Ok(mac) => Ok(array_with(mac)?.constants()),
        Err(_) => Ok(Beside::prices_of(name, &library).map_or(vec![], Vec::from)),
    }
}

fn presets() -> Vec<config::Platform> {
    // Kinds are keys of mappings, which only JSON has for its variants.
    let value = |text| serde_yaml::from_str::<serde_json::Value>(text).expect("it is YAML");
    let parsed = |text| serde_json::from_value(value(text)).expect("a platform that ships is right");
    PLATFORMS.iter().map(|(_, text)| parsed(text)).collect()
}

/// The figures that sensor, memories and link of a platform are priced by: those of a bill of one action each.
fn of_platform(config: &config::Platform) -> Vec<Constant> {
    let platform = Platform::build(config).expect("a platform that ships can be built");
    let mut ledger = Ledger::default();
    let mut cx = Context { seed: 0, map: 0, sample: 0, ledger: &mut ledger };
    platform.sensor.capture(&mut cx, &Tensor::filled([1, 1, 1], 0.5));
    platform.link.bill(&mut ledger, 1.0);
    let memories = platform.memory.values().flat_map(|memory| of_memory(&**memory, platform.frame_period));
    priced(&ledger).into_iter().chain(memories).collect()
}

fn of_memory(memory: &dyn Memory, period: Seconds) -> Vec<Constant> {
    let mut ledger = Ledger::default();
    let traffic = Traffic { read_bytes: 1.0, written_bytes: 1.0, active: Seconds(period.0 / 2.0), period };
    memory.bill(&mut ledger, "memory", &traffic);
    priced(&ledger)
}

fn priced(ledger: &Ledger) -> Vec<Constant> {
    let constant = |price: &Price| match price {
        Price::Each(_, constant) => Some(constant.clone()),
        Price::Named(_) => None,
    };
    ledger.entries().filter_map(|entry| constant(&entry.price)).collect()
}
