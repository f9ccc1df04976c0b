use super::mac::Mac;
use super::metric::Metrics;
use super::*;
use crate::config::platform::Overflow;
use crate::netlist::Lanes;
use crate::rng::Stream;

/// Ids of operand widths, at most so many values of a parameter in families with none, one, two and three of them.
fn sample(widths: Widths, each: [usize; 4]) -> Vec<String> {
    let mut ids = vec![];
    for family in families() {
        for values in family.choices(widths, each[family.parameters.len()]) {
            for sign in ["u", "s"].iter().filter(|&&sign| sign == "s" || !family.signed_only()) {
                ids.push(format!("{}{widths}{sign}_{}", family.operation(), family.suffix(&values)));
            }
        }
    }
    ids
}

/// Ids of a width: all parameters, of families with more than one an even sample.
fn ids(width: u32) -> Vec<String> {
    sample(width.into(), [1, usize::MAX, 9, 4])
}

/// Ids of two different widths of 2 to 8 bits: a few values of every parameter.
fn unequal_ids() -> Vec<String> {
    let widths = (2..=8).flat_map(|a| (2..=8).map(move |b| Widths { a, b }));
    widths.filter(|widths| !widths.equal()).flat_map(|widths| sample(widths, [1, 3, 2, 1])).collect()
}

/// Every pair of operands through gates and function.
fn compare_on_all_pairs(id: &str) {
    let design = design(id).unwrap();
    let (signature, netlist) = (design.signature(), design.netlist());
    assert_eq!((&*design.id(), netlist.name()), (id, id));
    let width = design.width_out();
    assert_eq!(netlist.outputs()[0].1.len() as u32, width, "{id}");
    for ((a, b), gates) in Table::codes(signature).unwrap().zip(netlist.eval_all()) {
        let (a, b) = (signature.value_a(a), signature.value_b(b));
        let gates = bits::decode(gates, width, signature.signed);
        assert_eq!(gates, design.eval(a, b), "{id}: {a}, {b}");
    }
}

#[test]
fn gates_equal_function_on_every_operand_pair_from_2_to_8_bits() {
    (2..=8).flat_map(ids).for_each(|id| compare_on_all_pairs(&id));
}

#[test]
fn gates_equal_function_on_every_operand_pair_of_unequal_widths() {
    let ids = unequal_ids();
    for id in ["mul8x4u_exact", "mul3x7s_bw", "mul8x4u_kulkarni", "mul2x8u_exact", "mul8x6u_drum_k2"] {
        assert!(ids.iter().any(|known| known == id), "{id} is not compared");
    }
    ids.iter().for_each(|id| compare_on_all_pairs(id));
}

/// Every exact adder closes every tree; the function stays what it was.
#[test]
fn multipliers_take_any_exact_adder_as_their_last_one() {
    let adders = families().filter(|family| family.operation() == "add").flat_map(|family| {
        let names = family.choices(10, 2).into_iter().map(|values| family.suffix(&values));
        names
            .filter(|name| accumulator(&format!("add10u_{name}")).unwrap().scheme.is_exact())
            .collect::<Vec<_>>()
    });
    let trees =
        ["array", "carrysave", "wallace", "dadda", "momeni2_a6", "trunc_t3", "bw", "booth", "bbm1_v4"];
    let mut compared = 0;
    for adder in adders {
        for tree in trees {
            let id = format!("mul6x4s_{tree}__{adder}");
            match design(&id) {
                Ok(_) => compare_on_all_pairs(&id),
                // The usual adder is not written, and parts that happen to be exact at this width are no exact adders.
                Err(error) => {
                    let message = error.to_string();
                    assert!(
                        message.contains("write `mul6x4s_") || message.contains("is an exact one"),
                        "{message}"
                    );
                    continue;
                }
            }
            compared += 1;
        }
    }
    assert!(compared > 100, "{compared}");
}

#[test]
fn the_ids_compared_are_every_family_with_every_parameter() {
    for width in 2..=8u32 {
        let ids = ids(width);
        let all = |head: &str, letter: &str, values: std::ops::RangeInclusive<u32>| {
            values.map(|value| format!("{head}_{letter}{value}")).collect::<Vec<_>>()
        };
        for sign in ["u", "s"] {
            let (add, mul) = (format!("add{width}{sign}"), format!("mul{width}{sign}"));
            let mut expected: Vec<String> =
                ["exact", "ripple", "kogge_stone"].iter().map(|family| format!("{add}_{family}")).collect();
            let plain = ["exact", "array", "dadda", "kulkarni", "mitchell"];
            expected.extend(plain.iter().map(|family| format!("{mul}_{family}")));
            expected.extend(all(&format!("{add}_loa"), "k", 0..=width));
            expected.extend(all(&format!("{mul}_trunc"), "t", 0..=2 * width));
            expected.extend(all(&format!("{mul}_drum"), "k", 2..=width));
            if sign == "s" {
                expected.push(format!("{mul}_bw"));
                expected.extend(all(&format!("{mul}_bwtrunc"), "t", 0..=width - 1));
            }
            for id in expected {
                assert!(ids.contains(&id), "{id} is not compared");
            }
        }
    }
}

/// Corners of an operand of so many bits: the least, the greatest, those around the sign.
fn corners(width: u32) -> [u64; 5] {
    let mask = bits::mask(width);
    [0, 1, mask, mask >> 1, (mask >> 1) + 1]
}

fn compare_on_some_pairs(id: &str) {
    let design = design(id).unwrap();
    let signature = design.signature();
    let mut stream = Stream::new(2, "arith.test", 0);
    let (mask_a, mask_b) = (bits::mask(signature.width_a), bits::mask(signature.width_b));
    let corners_b = corners(signature.width_b);
    let pairs = corners(signature.width_a).into_iter().flat_map(|a| corners_b.map(|b| (a, b)));
    // Operands of all magnitudes: leading ones stand everywhere.
    let mut draw = |mask: u64| {
        let shift = stream.below(u64::from(mask.count_ones()));
        (stream.word() & mask) >> shift
    };
    let random = (0..100).map(|_| (draw(mask_a), draw(mask_b))).collect::<Vec<_>>();
    let (pairs, width): (Vec<(u64, u64)>, u32) = (pairs.chain(random).collect(), design.width_out());
    for (&(a, b), gates) in pairs.iter().zip(design.netlist().eval_pairs(&pairs)) {
        let gates = bits::decode(gates, width, signature.signed);
        let function = design.eval(signature.value_a(a), signature.value_b(b));
        // A 64-bit unsigned product is compared as its bits.
        assert_eq!(gates, function, "{id}: {a:x}, {b:x}");
    }
}

#[test]
fn gates_equal_function_on_random_and_corner_operands_up_to_32_bits() {
    let equal = [12, 16, 24, 32].map(Widths::from);
    let unequal = [[16, 8], [32, 12], [7, 31]].map(|[a, b]| Widths { a, b });
    for ids in equal.into_iter().chain(unequal).map(|widths| sample(widths, [1, 4, 2, 2])) {
        assert!(ids.len() > 200, "{}", ids.len());
        ids.iter().filter(|id| !is_too_wide(id)).for_each(|id| compare_on_some_pairs(id));
    }
}

/// Whether results of more than 64 bits keep an id from being a design.
fn is_too_wide(id: &str) -> bool {
    design(id).is_err_and(|error| error.to_string().contains("its results have 65 bits"))
}

#[test]
fn results_beyond_a_word_are_refused() {
    let ids = sample(32.into(), [1, 4, 2, 2]);
    let wide: Vec<&str> = ids.iter().filter(|id| is_too_wide(id)).map(|id| &**id).collect();
    assert!(
        !wide.is_empty()
            && wide.iter().all(|id| id.starts_with("mul32u_mbm") || id.starts_with("mul32u_realm"))
    );
    let error = design("mul32u_mbm_q6").err().unwrap().to_string();
    let expected = "its results have 65 bits, of which at most 64 are computed; write narrower operands";
    assert_eq!(error, format!("`mul32u_mbm_q6`: {expected}"));
    assert!(Mac::from_id("mac32u_mbm_q6").is_err() && Mac::from_id("mac32s_mbm_q6").is_ok());
    compare_on_some_pairs("mul32x31u_mbm_q6");
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
fn exact_families_are_exact_and_neutral_parameters_too() {
    for id in [
        "mul6s_exact",
        "mul6s_bw",
        "mul6s_bwtrunc_t0",
        "mul6u_array",
        "mul6u_trunc_t0",
        "mul6s_drum_k6",
        "add6s_exact",
        "add6u_loa_k0",
    ] {
        let metrics = Metrics::of(&table(&*design(id).unwrap()).unwrap());
        assert_eq!((metrics.error_rate, metrics.worst), (0.0, None), "{id}");
    }
}

fn near(found: f64, expected: f64, what: &str) {
    let tolerance = 1e-9 * expected.abs() + 1e-12;
    assert!((found - expected).abs() <= tolerance, "{what}: {found} is not {expected}");
}

#[test]
fn metrics_of_the_widest_designs_do_not_overflow() {
    let library = crate::tech::CellLibrary::nangate45();
    let error = |id: &str| characterize(&Unit::from_id(id).unwrap(), &library, EXHAUSTIVE).error.unwrap();
    for id in ["mul32u_exact", "mul32s_array", "add32s_exact", "add32u_ripple"] {
        assert_eq!((error(id).error_rate, error(id).wce), (0.0, 0), "{id}");
    }
    // Without any partial product the result is 0 and the error the product itself.
    for (id, wce) in [("mul32u_trunc_t64", u64::MAX), ("mul32s_trunc_t64", 1 << 62)] {
        let metrics = error(id);
        assert_eq!((metrics.mred, metrics.wcre), (Some(1.0), Some(1.0)), "{id}");
        assert!(metrics.wce <= wce && metrics.wce > wce / 4 * 3, "{id}: {metrics:?}");
    }
    // Relative errors hardly depend on the width any more.
    for (id, mred) in [("mul32u_mitchell", 0.0385), ("mul32u_drum_k6", 0.0147), ("mul32u_kulkarni", 0.0332)] {
        let found = error(id).mred.unwrap();
        assert!((found / mred - 1.0).abs() < 0.01, "{id}: {found}");
    }
}

#[test]
fn closed_forms_of_the_literature_hold() {
    for cut in 1..=8u64 {
        let metrics = Metrics::of(&table(&*design(&format!("mul8u_trunc_t{cut}")).unwrap()).unwrap());
        let wce = (cut - 1) * (1 << cut) + 1;
        assert_eq!((metrics.wce, metrics.med), (wce, wce as f64 / 4.0));
    }
    for low in 2..=7 {
        let metrics = Metrics::of(&table(&*design(&format!("add8u_loa_k{low}")).unwrap()).unwrap());
        near(metrics.error_rate, 1.0 - 0.75f64.powi(low), "LOA");
        near(metrics.bias, 0.25, "LOA");
        near(metrics.mse, 4f64.powi(low - 2), "LOA");
    }
}

/// A constant that stands for what truncation loses leaves a bias of half a unit at most.
#[test]
fn compensated_truncation_has_almost_no_bias() {
    for cut in 1..=8 {
        let bias = |family: &str| {
            Metrics::of(&table(&*design(&format!("mul8u_{family}_t{cut}")).unwrap()).unwrap()).bias
        };
        assert!(bias("truncmean").abs() <= 0.5 && bias("trunc") <= -0.25, "{cut}");
    }
}

/// Names of papers that are one function.
#[test]
fn two_names_of_one_function_agree() {
    for [one, other] in [
        ["add8u_tcaa_k5", "add8u_ama2_k5"],
        ["add8u_dmrca_k5", "add8u_ama5_k5"],
        ["add8u_gda_b2_c4", "add8u_gear_r2_p4"],
        ["add8u_quad_r4_p0_r2_p2_r2_p2", "add8u_gear_r2_p2"],
        ["mul8u_tree42_s61430_c63624_a9", "mul8u_venkatachalam_a9"],
        ["add8u_etaiim_x3_c0", "add8u_etaii_x3"],
        ["mul8u_almsoa_m0", "mul8u_mitchell"],
        ["mul8u_mitchelltrunc_w8", "mul8u_mitchell"],
        ["mul8u_daddacells_s150_c232_a16", "mul8u_exact"],
        ["mul8s_r4abm1_p0", "mul8s_exact"],
        ["mul8s_hlrbm1_d0", "mul8s_booth"],
    ] {
        let hash = |id: &str| table(&*design(id).unwrap()).unwrap().hash();
        assert_eq!(hash(one), hash(other), "{one} {other}");
    }
}

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

#[test]
fn a_mac_units_gates_follow_its_function() {
    for (id, accumulator) in [
        ("mul4s_exact", "exact"),
        ("mul8s_drum_k4", "exact"),
        ("mul8u_trunc_t5", "add8s_loa_k6"),
        ("mul4u_mitchell", "add8s_ripple"),
        ("mul3s_kulkarni", "add8s_loa_k2"),
    ] {
        let unit = || Mac::new(design(id).unwrap(), super::accumulator(accumulator).unwrap());
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
                let mac = Mac::new(design(id).unwrap(), super::accumulator(accumulator).unwrap());
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
            let mac = Mac::new(design(id).unwrap(), super::accumulator(adder).unwrap());
            let bits = if overflow == Overflow::Wrap { 5 } else { 7 };
            let mac = mac.with_accumulator(bits, overflow).unwrap();
            let half = 1i64 << (bits - 1);
            assert_eq!(Mac::from_id(mac.id()).unwrap().id(), mac.id());
            let netlist = mac.netlist();
            let pairs = mac.operands().flat_map(|a| mac.operands().map(move |b| (a, b)));
            let vectors: Vec<[i64; 3]> =
                pairs.flat_map(|(a, b)| (-half..half).map(move |c| [a, b, c])).collect();
            let mut beyond = 0;
            for block in vectors.chunks(64) {
                for ([a, b, c], gates) in block.iter().zip(settled(&mac, &netlist, block)) {
                    let product = mac.product(*a, *b);
                    let function = mac.accumulate(*c, product);
                    assert_eq!(gates, function, "{}: {a}, {b}, {c}", mac.id());
                    let mut all = [*c as i32];
                    mac.accumulate_all(&mut all, &[product as i32]);
                    assert_eq!(i64::from(all[0]), function);
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

#[test]
fn a_design_carries_the_id_it_was_asked_for() {
    for id in (2..=9).flat_map(ids) {
        let found = design(&id).unwrap();
        assert_eq!((found.id(), found.netlist().name()), (id.clone(), &*id));
        let Some(rest) = id.strip_prefix("mul") else { continue };
        for suffix in ["", "__ripple", "__loa_k0", "__loa_k7"] {
            let id = format!("mac{rest}{suffix}");
            let mac = Mac::from_id(&id).unwrap();
            assert_eq!((mac.id(), mac.netlist().name()), (&*id, &*id));
        }
    }
    assert_eq!(
        Mac::from_id("mac8s_dadda__brent_kung__exact").unwrap().id(),
        "mac8s_dadda__brent_kung__exact"
    );
    let with_both = Mac::from_id("mac8s_bw__cla_x4__loa_k6").unwrap();
    assert_eq!(
        (with_both.id(), &*with_both.multiplier().id()),
        ("mac8s_bw__cla_x4__loa_k6", "mul8s_bw__cla_x4")
    );
    let message = |id: &str| design(id).err().unwrap().to_string();
    assert_eq!(message("mul08u_exact"), "`mul08u_exact`: write `mul8u_exact`");
    assert_eq!(message("mul8u_drum_k+4"), "`mul8u_drum_k+4`: write `mul8u_drum_k4`");
    let message = |id: &str| Mac::from_id(id).err().unwrap().to_string();
    assert_eq!(Mac::from_id("mac16x8s_bw").unwrap().widths(), [16, 8]);
    assert_eq!(message("mac8s_exact__exact"), "`mac8s_exact__exact`: write `mac8s_exact`");
    assert_eq!(message("mac8s_exact__kogge_stone"), "`mac8s_exact__kogge_stone`: write `mac8s_exact`");
    assert_eq!(message("mac8s_exact__loa_k06"), "`mac8s_exact__loa_k06`: write `mac8s_exact__loa_k6`");
    assert_eq!(message("mac8s_drom_k4"), "`mac8s_drom_k4`: there is no family `drom`; did you mean `drum`?");
    assert_eq!(message("mac8s_exact__loa_k40"), "`mac8s_exact__loa_k40`: write `loa_kN` with N from 0 to 32");
}

#[test]
fn wrong_ids_say_what_to_write() {
    let message = |id: &str| design(id).err().unwrap().to_string();
    assert_eq!(
        message("multiplier"),
        "`multiplier` is not a design id; write for example `mul8s_drum_k4` or `add16u_loa_k6`"
    );
    assert_eq!(message("mul8s_drumm"), "`mul8s_drumm`: there is no family `drumm`; did you mean `drum`?");
    assert_eq!(message("mul8s_drum"), "`mul8s_drum`: write `drum_kN` with N from 2 to 8");
    assert_eq!(message("mul8s_drum_k9"), "`mul8s_drum_k9`: write `drum_kN` with N from 2 to 8");
    assert_eq!(message("mul8s_exact_k3"), "`mul8s_exact_k3`: `exact` has no parameter");
    assert_eq!(
        message("mul8x4u_etm"),
        "`mul8x4u_etm`: `etm` is defined for operands of one width; write `mul8u_etm`"
    );
    assert_eq!(
        message("add4x8s_loa_k2"),
        "`add4x8s_loa_k2`: `loa` is defined for operands of one width; write `add8s_loa_k2`"
    );
    assert_eq!(message("mul8x8u_exact"), "`mul8x8u_exact`: write `mul8u_exact`");
    assert_eq!(
        message("mul8x5u_essm_m4"),
        "`mul8x5u_essm_m4`: `essm` has no member of these widths with these parameters"
    );
    assert_eq!(message("mul8u_dadda__kogge_stone"), "`mul8u_dadda__kogge_stone`: write `mul8u_dadda`");
    assert_eq!(
        message("mul8u_dadda__loa_k4"),
        "`mul8u_dadda__loa_k4`: the final adder is an exact one, such as `brent_kung`, not `loa_k4`"
    );
    assert_eq!(
        message("mul8u_drum_k4__ripple"),
        "`mul8u_drum_k4__ripple`: the final adder of `drum` is no choice; that of `dadda` and other trees is"
    );
    assert_eq!(
        message("add8u_quad_r4_p0"),
        "`add8u_quad_r4_p0`: write `quad_rR_pP_rR_pP…` with R from 1 to 4"
    );
    assert_eq!(
        message("mul8u_asroba"),
        "`mul8u_asroba`: `asroba` is for signed operands; write `mul8s_asroba`"
    );
    assert_eq!(message("mul99s_exact"), "`mul99s_exact`: a width of 2 to 32 bits is expected, not 99");
}

proptest::proptest! {
    #[test]
    fn no_id_makes_the_parser_panic(text in "\\PC{0,20}", tail in "(mul|add)[0-9]{0,3}[su]?_[a-z_]{0,9}[0-9]{0,12}") {
        let _ = (design(&text), design(&tail));
    }
}

#[test]
fn baugh_wooley_is_for_signed_operands() {
    let error = design("mul8u_bw").err().unwrap().to_string();
    assert_eq!(error, "`mul8u_bw`: `bw` is for signed operands; write `mul8s_bw`");
    assert!(design("mul8s_bwtrunc_t8").is_err());
}

/// Formally, where trying every pair would take 2^64 of them.
#[test]
fn exact_adders_of_every_structure_are_proved_equal_at_32_bits() {
    use crate::netlist::{Proof, prove};
    let minute = std::time::Duration::from_secs(60);
    for sign in ["u", "s"] {
        let ripple = design(&format!("add32{sign}_exact")).unwrap().netlist();
        for family in GROUPS[0].families {
            let values: Vec<u32> = family.choices(32, 1).swap_remove(0);
            let netlist = design(&format!("add32{sign}_{}", family.suffix(&values))).unwrap().netlist();
            assert_eq!(prove(&ripple, &netlist, minute), Proof::Equal, "{} {sign}", family.name);
        }
    }
}

/// The definition in Verilog, read by another way than the generator's: ors below, a carry of the last pair into the rest.
#[test]
fn a_lower_part_or_adder_is_proved_to_be_its_definition_at_32_bits() {
    use crate::netlist::{Proof, import::verilog, prove};
    let text = "module loa(input [31:0] a, b, output [32:0] y);\n  assign y[7:0] = a[7:0] | b[7:0];\n  \
        assign y[32:8] = a[31:8] + b[31:8] + (a[7] & b[7]);\nendmodule\n";
    let ours = design("add32u_loa_k8").unwrap().netlist();
    let read = |text: &str| verilog::read(text, "").unwrap();
    let minute = std::time::Duration::from_secs(60);
    assert_eq!(prove(&ours, &read(text), minute), Proof::Equal);
    let other = read(&text.replace("a[7] & b[7]", "a[6] & b[6]"));
    assert!(matches!(prove(&ours, &other, minute), Proof::Differ(_)));
}

#[test]
fn multipliers_are_proved_where_their_structures_are_alike_and_open_where_not() {
    use crate::netlist::{Proof, prove};
    let gates = |id: &str| design(id).unwrap().netlist();
    let (array, minute) = (gates("mul16u_array"), std::time::Duration::from_secs(60));
    let cells = crate::tech::CellLibrary::nangate45().map(&array);
    assert_eq!(prove(&array, &cells, minute), Proof::Equal);
    let soon = std::time::Duration::from_millis(200);
    assert_eq!(prove(&array, &gates("mul16u_dadda"), soon), Proof::Open);
    assert!(matches!(prove(&array, &gates("mul16u_trunc_t1"), soon), Proof::Differ(_)));
}

#[test]
fn many_accumulators_are_what_one_is() {
    let mut stream = crate::rng::Stream::new(1, "arith.accumulators", 0);
    let accumulators =
        ["loa_k8", "loa_k1", "loawa_k5", "trunc_k6", "copy_k4", "etai_k6", "ama1_k6", "exact", "cesa_x4"];
    let ids = accumulators.iter().flat_map(|adder| {
        ["mac8s_exact__", "mac4u_drum_k3__", "mac12s_exact__"].map(|mac| format!("{mac}{adder}"))
    });
    let mut count = 0;
    for id in ids {
        let Ok(mac) = crate::arith::mac::Mac::from_id(&id) else { continue };
        count += 1;
        let spread = 1u64 << (mac.accumulator_width().min(32) - 1);
        let mut number = || (stream.below(2 * spread) as i64 - spread as i64) as i32;
        let (before, products): (Vec<i32>, Vec<i32>) = (0..500).map(|_| (number(), number() >> 12)).unzip();
        let mut sums = before.clone();
        mac.accumulate_all(&mut sums, &products);
        for ((before, product), sum) in before.into_iter().zip(products).zip(sums) {
            let expected = mac.accumulate(before.into(), product.into()) as i32;
            assert_eq!(sum, expected, "{id}: {before} + {product}");
        }
    }
    assert!(count >= 10, "{count} units were compared");
}
