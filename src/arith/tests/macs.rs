//! Multiply-accumulate units: their gates against their function, whatever multiplier and accumulator.

use super::ids;
use crate::arith::mac::Mac;
use crate::arith::{self, design, families};
use crate::bits;
use crate::config::platform::Overflow;
use crate::netlist::{Lanes, Netlist};
use crate::rng::Stream;

/// Steps a MAC unit's gates and its function side by side.
fn follow(mac: &Mac, operands: impl Fn(&mut Stream) -> (i64, i64)) {
    let (netlist, mut stream) = (mac.netlist(), Stream::new(3, "arith.mac", 0));
    let mut lanes = Lanes::<1>::new(&netlist);
    let (mut last, mut expected) = ((0, 0, 0), 0);
    let width = mac.accumulator_width();
    for step in 0..300 {
        let (a, b) = operands(&mut stream);
        let c = bits::sign_extend(stream.word(), width);
        let words = [(mac.port_word(a), mac.port_width()), (mac.port_word(b), mac.port_width())];
        let words = words.into_iter().chain([(bits::encode(c, width), width)]);
        let inputs: Vec<[u64; 1]> =
            words.flat_map(|(word, bits)| (0..bits).map(move |i| [word >> i & 1])).collect();
        lanes.step(&inputs);
        let y = lanes.output(0).iter().enumerate().fold(0, |y, (bit, lane)| y | (lane[0] & 1) << bit);
        if step > 1 {
            assert_eq!(bits::sign_extend(y, width), expected, "{}", mac.id());
        }
        // The registered operands of this step meet the partial sum of the next one.
        let next_c = c;
        expected = mac.accumulate(next_c, mac.product(last.0, last.1));
        last = (a, b, c);
    }
}

/// Products of 17 bits, which a MAC unit adds whole.
#[test]
fn a_mac_unit_takes_a_product_of_one_bit_more() {
    let mac = Mac::from_id("mac8u_mbm_q6").unwrap();
    assert_eq!((mac.multiplier().width_out(), mac.product(-255, 255)), (17, -66_304));
    let vectors = [[255, 255, 7], [-255, 255, -1], [254, -255, i64::from(i32::MIN)], [-255, -255, 0]];
    let function = vectors.map(|[a, b, c]| mac.accumulate(c, mac.product(a, b)));
    assert_eq!(settled(&mac, &mac.netlist(), &vectors), function);
}

#[test]
fn a_mac_units_gates_follow_its_function() {
    for (id, accumulator) in [
        ("mul4s_exact", "exact"),
        ("mul8s_drum_k4", "exact"),
        ("mul8u_trunc_t5", "add8s_loa_k6"),
        ("mul4u_mitchell", "add8s_ripple"),
        ("mul3s_kulkarni", "add8s_loa_k2"),
    ] {
        let unit = || Mac::new(design(id).unwrap(), arith::accumulator(accumulator).unwrap());
        let narrow = |overflow| unit().with_accumulator(unit().width() * 2 + 2, overflow).unwrap();
        for mac in [unit(), unit().raw(), narrow(Overflow::Wrap), narrow(Overflow::Saturate)] {
            let (low, high) = mac.operands().into_inner();
            follow(&mac, |stream| {
                let mut draw = || low + stream.below((high - low + 1) as u64) as i64;
                (draw(), draw())
            });
        }
    }
}

/// What the gates leave in the result register when the operands are held until both ranks of registers have them.
fn settled(mac: &Mac, netlist: &Netlist, vectors: &[[i64; 3]]) -> Vec<i64> {
    let (port, width) = (mac.port_width(), mac.accumulator_width());
    let mut inputs = vec![[0u64]; (2 * port + width) as usize];
    for (lane, [a, b, c]) in vectors.iter().enumerate() {
        let words = [(mac.port_word(*a), port), (mac.port_word(*b), port), (bits::encode(*c, width), width)];
        let spread = words.into_iter().flat_map(|(word, width)| (0..width).map(move |bit| word >> bit & 1));
        inputs.iter_mut().zip(spread).for_each(|(input, bit)| input[0] |= bit << lane);
    }
    let mut lanes = Lanes::<1>::new(netlist);
    (0..3).for_each(|_| lanes.step(&inputs));
    let bit = |lane: usize| move |(at, word): (usize, &[u64; 1])| (word[0] >> lane & 1) << at;
    let word = |lane: usize| lanes.output(0).iter().enumerate().map(bit(lane)).sum::<u64>();
    (0..vectors.len()).map(|lane| bits::sign_extend(word(lane), width)).collect()
}

#[test]
fn a_mac_units_gates_equal_its_function_on_every_operand_pair_of_2_and_3_bits() {
    for width in [2, 3] {
        let sums = 2 * width + 16;
        let (low, high) = (-(1i64 << (sums - 1)), (1i64 << (sums - 1)) - 1);
        let states = [0, 1, -1, 5, -42, 1 << 8, high, high - 9, low, low + 3];
        for id in ids(width).iter().filter(|id| id.starts_with("mul")) {
            for accumulator in ["exact", "add8s_ripple", "add8s_loa_k3"] {
                let mac = Mac::new(design(id).unwrap(), arith::accumulator(accumulator).unwrap());
                let netlist = mac.netlist();
                let pairs = mac.operands().flat_map(|a| mac.operands().map(move |b| (a, b)));
                let vectors: Vec<[i64; 3]> = pairs.flat_map(|(a, b)| states.map(|c| [a, b, c])).collect();
                for block in vectors.chunks(64) {
                    for ([a, b, c], gates) in block.iter().zip(settled(&mac, &netlist, block)) {
                        let function = mac.accumulate(*c, mac.product(*a, *b));
                        assert_eq!(gates, function, "{}: {a}, {b}, {c}", mac.id());
                    }
                }
            }
        }
    }
}

#[test]
fn a_narrow_accumulator_wraps_or_saturates_as_its_gates_do() {
    for id in ["mul3s_exact", "mul2u_exact", "mul3s_mitchell"] {
        for (adder, overflow) in ["exact", "add8s_loa_k3"]
            .into_iter()
            .flat_map(|adder| [Overflow::Wrap, Overflow::Saturate].map(|overflow| (adder, overflow)))
        {
            let mac = Mac::new(design(id).unwrap(), arith::accumulator(adder).unwrap());
            let bits = if overflow == Overflow::Wrap { 5 } else { 7 };
            let mac = mac.with_accumulator(bits, overflow).unwrap();
            let half = 1i64 << (bits - 1);
            assert_eq!(Mac::from_id(mac.id()).unwrap().id(), mac.id());
            let (netlist, accumulator) = (mac.netlist(), mac.accumulator_gates(64));
            let pairs = mac.operands().flat_map(|a| mac.operands().map(move |b| (a, b)));
            let vectors: Vec<[i64; 3]> =
                pairs.flat_map(|(a, b)| (-half..half).map(move |c| [a, b, c])).collect();
            let mut beyond = 0;
            for block in vectors.chunks(64) {
                for ([a, b, c], gates) in block.iter().zip(settled(&mac, &netlist, block)) {
                    let product = mac.product(*a, *b);
                    let function = mac.accumulate(*c, product);
                    assert_eq!(gates, function, "{}: {a}, {b}, {c}", mac.id());
                    assert_eq!(next(&accumulator, *c, product), function);
                    let whole = c + product;
                    beyond += usize::from(!(-half..half).contains(&whole));
                    let expected = match overflow {
                        Overflow::Saturate => whole.clamp(-half, half - 1),
                        Overflow::Wrap => (whole + half).rem_euclid(2 * half) - half,
                    };
                    assert!(adder != "exact" || function == expected, "{}: {a}, {b}, {c}", mac.id());
                }
            }
            assert!(beyond > 0);
        }
    }
}

#[test]
fn an_accumulator_that_cannot_be_is_refused() {
    let error = |id: &str| Mac::from_id(id).err().unwrap().to_string();
    assert_eq!(error("mac8s_exact__w3"), "`mac8s_exact__w3`: an accumulator has 4 to 64 bits, not 3");
    assert!(
        error("mac8u_exact__s65").contains("that saturates has 17 bits, to hold a product, to 64, not 65")
    );
    let narrow = Mac::from_id("mac8u_exact").unwrap().with_accumulator(33, Overflow::Saturate);
    assert!(narrow.err().unwrap().to_string().contains("to 32, not 33"), "networks sum in 32 bits");
    assert!(error("mac8s_exact__w32").contains("write `mac8s_exact`"));
}

#[test]
fn a_wide_mac_unit_accumulates_in_64_bits() {
    let mac = Mac::from_id("mac32s_exact").unwrap();
    assert_eq!(mac.accumulator_width(), 64);
    let (low, high) = mac.operands().into_inner();
    let vectors = [[low, low, 7], [low, high, -1], [high, high, i64::MAX], [-3, 5, i64::MIN]];
    let function = vectors.map(|[a, b, c]| c.wrapping_add(a.wrapping_mul(b)));
    assert_eq!(vectors.map(|[a, b, c]| mac.accumulate(c, mac.product(a, b))), function);
    assert_eq!(settled(&mac, &mac.netlist(), &vectors), function);
}

/// What an accumulator's gates make of a sum and a product.
fn next(gates: &Netlist, sum: i64, product: i64) -> i64 {
    let width = |at: usize| gates.inputs()[at].1.len() as u32;
    let words = [sum, product].into_iter().enumerate().map(|(at, value)| bits::encode(value, width(at)));
    bits::sign_extend(gates.eval(&words.collect::<Vec<_>>())[0], width(0))
}

/// Of every adder and exact one: its function, its gates and those that are evaluated alone.
#[test]
fn accumulators_alone_are_those_of_their_units() {
    let mut stream = Stream::new(1, "arith.accumulators", 0);
    let adders = families().filter(|family| family.operation() == "add").map(|family| family.example());
    let adders: Vec<String> = adders.collect();
    assert!(adders.len() > 30, "{adders:?}");
    let units = ["mul8s_exact", "mul4u_drum_k3", "mul12s_exact"];
    for [unit, adder] in adders.iter().flat_map(|adder| units.map(|unit| [unit, adder])) {
        let mac = Mac::new(design(unit).unwrap(), arith::accumulator(adder).unwrap());
        let id = mac.id();
        let gates = mac.accumulator_gates(64);
        let [sums, products] = [0, 1].map(|at| 1i64 << (gates.inputs()[at].1.len() - 1));
        for _ in 0..50 {
            let mut number = |half: i64| stream.below(2 * half as u64) as i64 - half;
            let (sum, product) = (number(sums), number(products));
            assert_eq!(next(&gates, sum, product), mac.accumulate(sum, product), "{id}: {sum} + {product}");
        }
    }
}
