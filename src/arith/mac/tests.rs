use super::*;
use crate::bits;
use crate::kernel::Steps;
use crate::netlist::{Lanes, pack, unpack};
use crate::rng::Stream;

/// Units with every part of the grammar, alone and together.
const UNITS: [&str; 23] = [
    "mac4s_vsq_g16",
    "mac4s_bwtrunc_t2__v2__l4__t15__p1",
    "mac4s_exact",
    "mac16x8s_bw",
    "mac8x4u_exact__l3",
    "mac4s_bw__p1",
    "mac4s_bw__p2",
    "mac4s_bw__z",
    "mac4s_bw__e",
    "mac4s_bw__k20__l4",
    "mac4u_mitchell__loa_k5__l4__p2__z__e",
    "macr4u_trunc_t3__l2__p1__z",
    "mac8s_dadda__brent_kung__exact__s24__l5__e",
    "mac4s_sdr_g16",
    "mac4s_sdr_g16__loa_k6__s40__p2__e",
    "mac4s_sdrtc_g8__w32__t10__p1",
    "mac4s_sdr_g1__l4__p2",
    "mac4s_sdr_g4__w20__l16__t8__z",
    "mac2s_sdrtc_g4",
    "mac8s_sdr_g2",
    "mac16x4s_sdr_g4",
    "mac16x4s_sdrtc_g2__w33",
    "mac16x8s_sdr_g2",
];

/// A number for a port: often zero or an extreme.
fn drawn(port: &Port, stream: &mut Stream) -> i64 {
    let (low, high) = port.range.clone().into_inner();
    match stream.below(8) {
        0 | 1 if port.name != "en" => 0,
        2 => low,
        3 => high,
        _ => low.wrapping_add(stream.below((high.wrapping_sub(low) as u64).saturating_add(1)) as i64),
    }
}

/// Steps gates and function side by side, 512 runs with inputs of their own.
fn follow(id: &str, steps: usize) {
    const RUNS: usize = 512;
    let mac = Mac::from_id(id).unwrap();
    let (netlist, ports) = (mac.netlist(), mac.ports());
    let mut stream = Stream::new(1, "arith.mac.follow", 0);
    let (mut lanes, mut cycles) = (Lanes::<8>::new(&netlist), vec![mac.cycles(); RUNS]);
    for step in 0..steps {
        let runs: Vec<Vec<i64>> =
            (0..RUNS).map(|_| ports.iter().map(|port| drawn(port, &mut stream)).collect()).collect();
        let inputs = ports.iter().enumerate().flat_map(|(at, port)| {
            let words: Vec<u64> = runs.iter().map(|run| port.word(run[at])).collect();
            pack::<8>(&words, port.width as usize)
        });
        lanes.step(&inputs.collect::<Vec<_>>());
        let gates = unpack(&lanes.output(0), RUNS);
        for (at, (run, cycles)) in runs.iter().zip(&mut cycles).enumerate() {
            let function = cycles.step(run);
            let width = mac.accumulator_width();
            assert_eq!(bits::sign_extend(gates[at], width), function, "{id}, cycle {step} of run {at}");
        }
    }
}

#[test]
fn gates_follow_the_function_cycle_by_cycle() {
    UNITS.iter().for_each(|id| follow(id, 40));
}

#[test]
fn a_million_cycles_agree() {
    follow("mac4s_bw__s12__l2__p1__z__e", 2000);
}

#[test]
fn a_unit_carries_the_id_it_was_asked_for() {
    for id in UNITS {
        let mac = Mac::from_id(id).unwrap();
        assert_eq!((mac.id(), mac.netlist().name()), (id, id));
        let ports: Vec<(String, usize)> =
            mac.ports().into_iter().map(|port| (port.name, port.width as usize)).collect();
        let buses: Vec<(String, usize)> =
            mac.netlist().inputs().iter().map(|(name, bus)| (name.clone(), bus.len())).collect();
        assert_eq!(ports, buses);
    }
}

/// Exact arithmetic, delayed: the sum that entered and the products of so many cycles before.
#[test]
fn a_result_is_the_sum_of_products_of_its_latency_ago() {
    for id in [
        "mac4s_bw__l3",
        "mac4s_bw__l3__p1",
        "mac4s_bw__l3__p2__z",
        "mac16x8s_exact__p1",
        "mac4s_sdr_g4__p2",
        "mac4s_vsq_g4__p2",
    ] {
        let mac = Mac::from_id(id).unwrap();
        let (ports, lanes, latency) = (mac.ports(), mac.shape().lanes as usize, mac.latency() as usize);
        let (mut stream, mut cycles) = (Stream::new(2, "arith.mac.latency", 0), mac.cycles());
        let runs: Vec<Vec<i64>> =
            (0..500).map(|_| ports.iter().map(|port| drawn(port, &mut stream)).collect()).collect();
        for (at, run) in runs.iter().enumerate() {
            let result = cycles.step(run);
            if at >= latency {
                let then = &runs[at - latency];
                let dot: i64 = (0..lanes).map(|lane| then[lane] * then[lanes + lane]).sum();
                let scaled = match mac.shape().shift.map(|shift| shift.steps) {
                    None => dot,
                    Some(Steps::PowersOfTwo) => dot << then[2 * lanes],
                    Some(Steps::Multiples) => dot * then[2 * lanes],
                };
                let sum = i128::from(runs[at - 1][ports.len() - 1]) + i128::from(scaled);
                assert_eq!(
                    result,
                    bits::sign_extend(sum as u64, mac.accumulator_width()),
                    "{id}, cycle {at}"
                );
            }
        }
    }
}

/// All operands of two lanes of two bits, all sums.
#[test]
fn every_policy_of_overflow_is_what_arithmetic_says_on_every_input() {
    let mut beyond = [0; 3];
    for (policy, id) in ["mac2s_bw__w5__l2", "mac2s_bw__s6__l2", "mac2s_bw__k3__l2"].into_iter().enumerate() {
        let mac = Mac::from_id(id).unwrap();
        let half = 1i64 << (mac.accumulator_width() - 1);
        for at in 0..256i64 {
            let operands: Vec<i64> = (0..4).map(|port| (at >> (2 * port) & 3) - 2).collect();
            let dot = operands[0] * operands[2] + operands[1] * operands[3];
            for sum in -half..half {
                let whole = sum + dot;
                beyond[policy] += usize::from(!(-half..half).contains(&whole));
                let expected = match mac.overflow() {
                    Overflow::Saturate => whole.clamp(-half, half - 1),
                    Overflow::Wrap => (whole + half).rem_euclid(2 * half) - half,
                };
                let inputs = [&operands[..], &[sum]].concat();
                let mut cycles = mac.cycles();
                assert_eq!((0..3).map(|_| cycles.step(&inputs)).last(), Some(expected), "{id}: {inputs:?}");
            }
        }
        follow(id, 100);
    }
    assert!(beyond.iter().all(|count| *count > 0), "{beyond:?}");
}

/// As many of the largest product, one after the other.
#[test]
fn a_widened_accumulator_holds_the_products_it_is_wide_enough_for() {
    for (id, products) in [
        ("mac4s_bw__k100", 100),
        ("mac4s_sdr_g1__k668", 668),
        ("mac16x4s_sdr_g1__k585", 585),
        // (2^31 − 1) / (7² · 255)
        ("mac4s_vsq_g1__k171868", 171_868),
        ("mac3s_bw__k5__l5", 5),
    ] {
        let mac = Mac::from_id(id).unwrap();
        let width = mac.accumulator_width();
        assert!(mac.depth(width) >= products && mac.depth(width - 1) < products, "{id}: {width} bits");
        let largest = mac.ports().iter().map(|port| *port.range.start()).collect::<Vec<_>>();
        let product =
            mac.product(largest[0], largest[mac.shape().lanes as usize]) * mac.shape().largest_factor();
        let sum = (0..products).fold(0, |sum, _| mac.accumulate(sum, product));
        assert_eq!(sum, product * products as i64, "{id}");
    }
}

/// Operands too wide to try all pairs: the largest product is one of ends, and no sum of so many random ones is larger.
#[test]
fn an_exact_unit_holds_as_many_products_as_fit_into_its_bits() {
    for (id, largest) in [
        ("mac16x8s_bw", 1i64 << 15 << 7),
        ("mac16s_exact", 1 << 30),
        ("mac12u_dadda", 4095 * 4095),
        ("macr12u_dadda", 4095 * 4095),
        ("mac16x4s_sdr_g16", (32_767 * 7) << 4),
        // What the bits of the result allow, of two's complement and of a sign outside.
        ("mac12s_trunc_t4", 1 << 23),
        ("mac12u_trunc_t4", 1 << 24),
    ] {
        let mac = Mac::from_id(id).unwrap();
        assert_eq!(mac.depth(32), ((1i64 << 31) - 1).div_euclid(largest) as u64, "{id}");
        let mut stream = Stream::new(5, "arith.mac.depth", 0);
        let ports = mac.ports();
        let [of_a, of_b] = [0, mac.shape().lanes as usize].map(|at| ports[at].range.clone());
        let mut draw = |range: &std::ops::RangeInclusive<i64>| {
            let any = range.start() + stream.below((range.end() - range.start() + 1) as u64) as i64;
            [*range.start(), *range.end(), any][stream.below(3) as usize]
        };
        for _ in 0..10_000 {
            let product = mac.product(draw(&of_a), draw(&of_b)) * mac.shape().largest_factor();
            assert!(product.abs() <= largest, "{id}: {product}");
        }
    }
}

/// Rows razored, group after group through the unit, against the numbers that the codes stand for.
#[test]
fn razored_rows_are_summed_as_the_numbers_they_stand_for() {
    use crate::razor::Razor;
    let mut stream = Stream::new(4, "arith.mac.razored", 0);
    let row = 16 * 20;
    let mut razored = |basis: u32| {
        let razor = Razor::new(basis, 4, 16).unwrap();
        let numbers: Vec<i16> =
            (0..row).map(|at| (stream.word() as i16).max(-i16::MAX) >> (16 - basis + at / 16 % 5)).collect();
        razor.razor(&numbers, row as usize).unwrap()
    };
    let (activations, weights) = (razored(16), razored(8));
    let dot: i64 =
        activations.numbers().iter().zip(weights.numbers()).map(|(a, b)| i64::from(*a) * i64::from(b)).sum();
    for (id, wraps) in [("mac4s_sdr_g16", false), ("mac4s_sdr_g16__s30", true), ("mac4s_sdr_g16__w20", true)]
    {
        let mac = Mac::from_id(id).unwrap();
        let mut cycles = mac.cycles();
        let codes = |row: &crate::razor::Razored, group: usize| {
            row.codes()[16 * group..][..16].iter().map(|code| i64::from(*code)).collect::<Vec<_>>()
        };
        for group in 0..20 + mac.latency() as usize {
            let operands = match group {
                // After the last group nothing is added.
                20.. => vec![0; 33],
                _ => {
                    let flags = activations.flags()[group] + weights.flags()[group];
                    [codes(&activations, group), codes(&weights, group), vec![flags.into()]].concat()
                }
            };
            let sum = cycles.next_result();
            cycles.step(&[&operands[..], &[sum]].concat());
        }
        let folded = activations.addends(0, &weights, 0).fold(0, |sum, addend| mac.accumulate(sum, addend));
        assert_eq!(cycles.registers().result, folded, "{id}");
        assert!(wraps || folded == dot, "{id}: {folded}, {dot}");
    }
}

/// All operands and shifts of small units, sums at and near the extremes.
#[test]
fn small_units_equal_their_gates_on_every_operand() {
    for id in [
        "mac2s_sdrtc_g2__t3",
        "mac3s_sdr_g1__s12__t2",
        "mac2u_exact__w9__l2",
        "macr2u_exact__l2__z",
        "mac3x2s_bw__s6",
    ] {
        let mac = Mac::from_id(id).unwrap();
        let (netlist, ports) = (mac.netlist(), mac.ports());
        let mut inputs: Vec<Vec<i64>> = vec![vec![]];
        for port in &ports {
            let (low, high) = port.range.clone().into_inner();
            let values: Vec<i64> =
                if port.name == "c" { vec![low, low + 3, -1, 0, 7, high] } else { (low..=high).collect() };
            inputs = inputs
                .iter()
                .flat_map(|before| values.iter().map(move |value| [&before[..], &[*value]].concat()))
                .collect();
        }
        for block in inputs.chunks(512) {
            let words = ports.iter().enumerate().flat_map(|(at, port)| {
                let words: Vec<u64> = block.iter().map(|inputs| port.word(inputs[at])).collect();
                pack::<8>(&words, port.width as usize)
            });
            let (words, mut lanes) = (words.collect::<Vec<_>>(), Lanes::<8>::new(&netlist));
            (0..=mac.latency()).for_each(|_| lanes.step(&words));
            for (inputs, gates) in block.iter().zip(unpack(&lanes.output(0), block.len())) {
                let mut cycles = mac.cycles();
                let function = (0..=mac.latency()).map(|_| cycles.step(inputs)).last().unwrap();
                assert_eq!(bits::sign_extend(gates, mac.accumulator_width()), function, "{id}: {inputs:?}");
            }
        }
    }
}

/// Half of the operands are zero: what is gated switches less behind its registers.
#[test]
fn gated_zeros_switch_less() {
    let toggles = |id: &str| {
        let mac = Mac::from_id(id).unwrap();
        let netlist = mac.netlist();
        let (mut lanes, mut stream) = (Lanes::<8>::new(&netlist), Stream::new(5, "arith.mac.gated", 0));
        for _ in 0..20 {
            let some: Vec<u64> = (0..8).map(|_| stream.word()).collect();
            let words: Vec<[u64; 8]> = mac
                .ports()
                .iter()
                .flat_map(|port| (0..port.width).map(|_| port.name != "c"))
                .map(|operand| std::array::from_fn(|at| if operand { stream.word() & some[at] } else { 0 }))
                .collect();
            lanes.step(&words);
        }
        lanes.toggles().iter().sum::<u64>()
    };
    let (plain, gated) = (toggles("mac8s_bw"), toggles("mac8s_bw__z"));
    assert!(gated < plain, "{gated} instead of {plain}");
}

/// A shift for sixteen products is less than one for each, and both are less than products of the basis.
#[test]
fn razored_units_are_smaller_than_those_of_their_basis() {
    let library = crate::tech::CellLibrary::nangate45();
    let area = |id: &str| library.area(&library.map(&Mac::from_id(id).unwrap().netlist())).0;
    let areas = ["mac4s_sdr_g16", "mac4s_sdr_g1__l16", "mac16x8s_bw__l16"].map(area);
    assert!(areas.is_sorted(), "{areas:?}");
    assert!(area("mac4s_sdr_g16__t8") < area("mac8s_bw__l16"));
}

#[test]
fn a_stall_holds_every_register() {
    let mac = Mac::from_id("mac4s_bw__l2__p2__e").unwrap();
    let (mut cycles, mut stalled) = (mac.cycles(), mac.cycles());
    let mut stream = Stream::new(3, "arith.mac.stall", 0);
    let inputs = |stream: &mut Stream, enable: i64| {
        let mut inputs: Vec<i64> = mac.ports().iter().map(|port| drawn(port, stream)).collect();
        *inputs.last_mut().unwrap() = enable;
        inputs
    };
    for _ in 0..200 {
        let present = inputs(&mut stream, 1);
        let result = cycles.step(&present);
        for _ in 0..stream.below(3) {
            let waiting = inputs(&mut stream, 0);
            assert_eq!(stalled.step(&waiting), result);
            assert_eq!(stalled.registers(), cycles.registers());
        }
        assert_eq!(stalled.step(&present), result);
    }
}

#[test]
fn a_gated_lane_keeps_its_operands() {
    let mac = Mac::from_id("mac4s_bw__l2__z").unwrap();
    let mut cycles = mac.cycles();
    for inputs in [[3, 4, 5, 6, 0], [0, 7, 2, 1, 0], [1, 1, 1, 1, 0]] {
        cycles.step(&inputs);
    }
    assert_eq!(cycles.registers().operands, [3, 7, 5, 1]);
    assert_eq!(cycles.registers().live, [false, true]);
}

#[test]
fn a_unit_that_cannot_be_says_what_to_write() {
    let error = |id: &str| Mac::from_id(id).err().unwrap().to_string();
    for (id, expected) in [
        ("mac4s_bw__l0", "a unit has 1 to 256 lanes, not 0"),
        ("mac4s_bw__l257", "a unit has 1 to 256 lanes, not 257"),
        ("mac4s_bw__p3", "write `__p1` to hold products or `__p2` to hold their sums too, not `__p3`"),
        ("mac4s_bw__t8", "only units for groups shift: leave out `__tN`, or write `__gN` too"),
        ("mac4s_bw__z__l4", "write `mac4s_bw__l4__z`"),
        ("mac4s_bw__l1", "write `mac4s_bw`"),
        ("mac4s_bw__s9__l4", "an accumulator that saturates has 10 bits, to hold a product, to 64, not 9"),
        ("mac32s_bw__k7", "64 bits may not hold the sum of 7 products"),
        ("mac4s_sdr_g16__l24", "lanes come in whole groups of 16, not 24 of them"),
        ("mac4s_sdr_g0", "a unit has 1 to 256 lanes, not 0"),
        ("mac4s_sdr_g16__t16", "write `mac4s_sdr_g16`"),
        ("mac4s_sdr_g16__t32", "the largest shift is 1 to 31, not 32"),
        ("mac2s_sdr_g16", "codes of `sdr` have 3 to 8 bits, not 2"),
        ("mac4x16s_sdr_g16", "codes of `sdr` have 3 to 8 bits, not 16"),
        ("mac16s_sdr_g16", "codes of `sdr` have 3 to 8 bits, not 16"),
        ("mac2s_vsq_g16", "codes of `vsq` have 3 to 8 bits, not 2"),
        ("mac4s_vsq_g16__t256", "the largest factor is 1 to 255, not 256"),
        ("mac04s_sdr_g16", "write `mac4s_sdr_g16`"),
    ] {
        assert_eq!(error(id), format!("`{id}`: {expected}"));
    }
    assert!(error("mac4s_sdr").contains("no family `sdr`"));
}
