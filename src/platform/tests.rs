use super::memory::Traffic;
use super::*;
use crate::constant::Trust;
use crate::tensor::Tensor;

fn preset(text: &str) -> config::Platform {
    let value: serde_json::Value = serde_yaml::from_str(text).unwrap();
    serde_json::from_value(value).unwrap()
}

fn camera_edge() -> config::Platform {
    preset(include_str!("../../configs/platforms/camera_edge.yaml"))
}

#[test]
fn every_preset_reads_and_builds() {
    for text in [
        include_str!("../../configs/platforms/ideal.yaml"),
        include_str!("../../configs/platforms/camera_edge.yaml"),
        include_str!("../../configs/platforms/always_on.yaml"),
    ] {
        let platform = Platform::build(&preset(text)).unwrap();
        assert!(platform.memory.contains_key("buffer"));
        assert!(platform.memory.values().all(|memory| !memory.errs()));
    }
}

#[test]
fn the_ideal_platform_changes_nothing_and_costs_nothing() {
    let platform = Platform::build(&preset(include_str!("../../configs/platforms/ideal.yaml"))).unwrap();
    let mut ledger = Ledger::default();
    let frame = Tensor::new([1, 2, 2], vec![0.1, 0.2, 0.3, 0.4]).unwrap();
    let mut cx = Context { seed: 1, map: 1, sample: 0, ledger: &mut ledger };
    assert_eq!(platform.sensor.capture(&mut cx, &frame), frame);
    platform.link.bill(&mut ledger, 1e6);
    let mut codes = [1, 2, 3];
    let place = memory::Place { map: 1, address: 0, bits: 8 };
    assert_eq!(platform.memory["buffer"].hold(place, &mut codes), 0);
    assert_eq!((codes, ledger.total()), ([1, 2, 3], Joules::ZERO));
}

/// Bills a multiply-accumulate at the arithmetic price of Horowitz (ISSCC 2014) and its 48 register bits.
fn arithmetic(ledger: &mut Ledger, macs: f64) {
    let mut bill = Bill { ledger, stage: Stage::Compute, component: "compute.array" };
    let constant = |name, value| Constant::new(name, value, "J per MAC", Trust::Verified, "45 nm tables");
    bill.at("multiply-accumulate", macs, &constant("mac", 0.30e-12));
    bill.at("registers", macs, &constant("registers", 0.43e-12));
}

#[test]
fn resnet18_on_the_edge_camera_costs_the_published_breakdown() {
    let platform = Platform::build(&camera_edge()).unwrap();
    let (macs, weights, activations, image) = (1.82e9, 11.7e6, 5.0e6, 640.0 * 480.0 * 3.0);
    let mut ledger = Ledger::default();
    let mut cx = Context { seed: 1, map: 0, sample: 0, ledger: &mut ledger };
    platform.sensor.capture(&mut cx, &Tensor::filled([1, 8, 8], 0.5));
    let active = Seconds(macs / (256.0 * 400e6 * 0.70));
    let main = Traffic {
        read_bytes: weights + activations / 2.0 + image,
        written_bytes: activations / 2.0 + image,
        active,
        period: platform.frame_period,
    };
    let buffer = Traffic { read_bytes: 0.57 * macs, written_bytes: 0.0, ..main };
    platform.memory["main"].bill(&mut ledger, "memory.main", &main);
    platform.memory["buffer"].bill(&mut ledger, "memory.buffer", &buffer);
    arithmetic(&mut ledger, macs);
    platform.link.bill(&mut ledger, 2.0);

    let millijoules = |component: &str, actions: &[&str]| -> f64 {
        let lines = ledger.entries().filter(|entry| entry.component == component);
        let wanted = lines.filter(|entry| actions.is_empty() || actions.contains(&entry.action.as_str()));
        wanted.map(|entry| entry.energy().unwrap().0 * 1e3).sum()
    };
    let moved = ["read bits", "write bits", "interface bits", "row activations"];
    let captured = ["read pixels", "convert", "send bytes", "on seconds", "standby seconds"];
    for (component, actions, published) in [
        ("sensor", &captured[..], 2.00),
        ("sensor", &["process pixels"], 0.38),
        ("memory.main", &moved, 1.13),
        ("memory.main", &["active standby seconds"], 0.21),
        ("memory.main", &["power-down seconds"], 0.13),
        ("memory.main", &["refresh seconds at 32 ms"], 0.48),
        ("memory.main", &[], 1.95),
        ("memory.buffer", &["read words"], 2.00),
        ("memory.buffer", &["leak seconds"], 0.34),
        ("compute.array", &["multiply-accumulate"], 0.55),
        ("compute.array", &["registers"], 0.78),
        ("link", &[], 0.05),
    ] {
        let energy = millijoules(component, actions);
        assert!((energy / published - 1.0).abs() < 0.05, "{component} {actions:?}: {energy} mJ");
    }
    assert!((ledger.total().0 * 1e3 / 8.04 - 1.0).abs() < 0.01);
    // Beside it the figure from our own gates: the array's MAC unit with its registers and 32-bit sums, on operands
    // like those of a trained network (small, half the activations 0) instead of Horowitz's uniform ones.
    let gates = macs * gate_energy(&camera_edge()) * 1e3;
    let published = 0.55 + 0.78;
    assert!((gates / published - 1.60).abs() < 0.05, "{gates} mJ from gates, {published} mJ from tables");
}

/// Switching and clock of one multiply-accumulate in the array of `platform`, in joules.
fn gate_energy(platform: &config::Platform) -> f64 {
    use compute::{array, stream};
    let config::Compute::Array(array) = &platform.compute else { panic!("the preset has an array") };
    let library = crate::tech::CellLibrary::nangate45();
    let unit = array::unit(array, 8, &|_, _| unreachable!("no table is configured")).unwrap();
    let clock = library.clock_energy(&unit.netlist()).0;
    let array = array::MacArray::new(array, unit, &library).unwrap();
    let gemm = crate::kernel::Gemm { groups: 1, positions: 784, outputs: 128, depth: 1152 };
    let uniform = |stream: u64, a: usize, b: usize| crate::rng::uniform_at(stream, (a * 10_000 + b) as u64);
    // A normal weight from twelve uniform numbers, 3 sigma at the ends of the codes; a rectified activation.
    let normal = |stream: u64, a, b| (0..12).map(|n| uniform(stream + n, a, b)).sum::<f64>() - 6.0;
    let activation =
        |_: usize, position, depth| Some((normal(100, position, depth).max(0.0) * 42.0).min(127.0) as i64);
    let weight = |_: usize, output, depth| (normal(200, output, depth) * 42.0).clamp(-127.0, 127.0) as i64;
    let operands = stream::Operands { gemm, activation: &activation, weight: &weight };
    let mut draws = crate::rng::Stream::new(1, "platform.test", 0);
    stream::replay(&array, &operands, &mut draws).settled.0 + clock
}

#[test]
fn the_arrays_of_the_presets_keep_their_clocks() {
    for text in [
        include_str!("../../configs/platforms/camera_edge.yaml"),
        include_str!("../../configs/platforms/always_on.yaml"),
    ] {
        let config::Compute::Array(array) = preset(text).compute else { panic!("the preset has an array") };
        let unit = compute::array::unit(&array, 8, &|_, _| unreachable!("no table is configured")).unwrap();
        let library = crate::tech::CellLibrary::nangate45();
        let built = compute::array::MacArray::new(&array, unit, &library).unwrap();
        assert_eq!(built.units(), array.rows * array.columns);
    }
}
