use super::mac::Mac;
use super::metric::Metrics;
use super::*;
use crate::rng::Stream;

mod macs;
mod names;
mod proofs;

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
