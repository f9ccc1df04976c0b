use std::path::Path;

use super::*;
use crate::arith::design;
use crate::config::platform::{Clock, Multiplier};
use crate::kernel::Products;
use crate::table::{Operation, Signature, Table};
use crate::units::Joules;

fn config(multiplier: &str, clock: Clock) -> config::Array {
    config::Array {
        clock,
        multiplier: Multiplier::Id(multiplier.into()),
        ..config::Array::exact([4, 8], Dataflow::WeightStationary)
    }
}

fn no_table(path: &Path, _: Option<bool>) -> Result<Table, PlatformError> {
    Err(PlatformError::Table(format!("{}: there is none", path.display())))
}

fn range(bits: u32, zero: u8) -> CodeRange {
    CodeRange { bits, zero, lowest: 0 }
}

fn build(config: &config::Array) -> Result<MacArray, PlatformError> {
    MacArray::new(config, unit(config, 8, &no_table)?, &CellLibrary::nangate45())
}

#[test]
fn a_fitted_clock_is_the_fastest_that_the_unit_keeps() {
    let fitted = build(&config("exact", Clock::Fit)).unwrap();
    let delay = fitted.timing().delay;
    assert!((fitted.clock().0 * delay.0 - 1.0).abs() < 1e-12);
    assert!(build(&config("exact", Clock::Fixed(fitted.clock() * 0.999))).is_ok());
    let error = build(&config("exact", Clock::Fixed(fitted.clock() * 1.001))).err().unwrap();
    assert!(matches!(error, PlatformError::TooSlow { ref unit, .. } if unit == "mac8s_bw"), "{error}");
}

#[test]
fn an_array_is_as_many_units_as_it_has_places() {
    let array = build(&config("mul8s_drum_k4", Clock::Fit)).unwrap();
    let (library, netlist) = (CellLibrary::nangate45(), array.cells().clone());
    assert_eq!(array.units(), 32);
    assert_eq!(array.area(), library.area(&netlist) * 32.0);
    let mapping = array.map(&Gemm { groups: 1, positions: 10, outputs: 8, depth: 4 });
    let mut ledger = Ledger::default();
    array.bill(&mut ledger, "compute.array", &mapping);
    let leaked = array.leakage() * array.time(&mapping);
    let clocked = library.clock_energy(&netlist) * (32.0 * mapping.cycles as f64);
    assert!((ledger.total() / (leaked + clocked) - 1.0).abs() < 1e-12);
    array.bill_switching(&mut ledger, "compute.array", ("multiply-accumulate", "mac.conv1"), 320);
    let price = library.constant("mac.conv1", 1e-12, "J");
    let before = ledger.total();
    let resolved = ledger.resolve(|_| Some((Joules(1e-12), price.clone()))).unwrap();
    assert!(((resolved.total() - before).0 / 320e-12 - 1.0).abs() < 1e-9);
}

#[test]
fn products_are_those_of_the_design_on_centred_codes() {
    let exact = build(&config("exact", Clock::Fit)).unwrap().products(range(8, 128), range(8, 128)).unwrap();
    assert_eq!(exact, Products::exact(128, 128));
    let drum = design("mul8u_drum_k4").unwrap();
    let products =
        build(&config("mul8u_drum_k4", Clock::Fit)).unwrap().products(range(8, 128), range(8, 37)).unwrap();
    for (weight, activation) in [(0u8, 0u8), (1, 255), (128, 99), (200, 37), (77, 213), (255, 255)] {
        let (w, x) = (i64::from(weight) - 128, i64::from(activation) - 37);
        let expected = drum.eval(x.abs(), w.abs()) * x.signum() * w.signum();
        assert_eq!(i64::from(products.get(weight, activation)), expected, "{weight} {activation}");
    }
}

#[test]
fn raw_products_and_their_correction_sum_to_the_exact_ones() {
    for (multiplier, weight_offset, activation_offset) in [("exact", 128, 128), ("mul8u_exact", 0, 0)] {
        let mut raw = config(multiplier, Clock::Fit);
        raw.products = config::Products::Raw;
        let array = build(&raw).unwrap();
        let (weights, activations) = (range(8, 128), range(8, 37));
        assert_eq!(
            [weights, activations].map(|codes| array.offset(codes)),
            [weight_offset, activation_offset]
        );
        let (products, correction) =
            (array.products(weights, activations).unwrap(), array.correction(weights, activations).unwrap());
        let exact = Products::exact(128, 37);
        for (w, x) in (0..=255).flat_map(|w| (0..=255).map(move |x| (w, x))) {
            let raw =
                (i32::from(w) - i32::from(weight_offset)) * (i32::from(x) - i32::from(activation_offset));
            assert_eq!(products.get(w, x), raw);
            assert_eq!(products.get(w, x) + correction.get(w, x), exact.get(w, x));
        }
    }
    let centred = build(&config("mul8u_exact", Clock::Fit)).unwrap();
    assert!(centred.correction(range(8, 128), range(8, 37)).is_none());
}

#[test]
fn weights_and_activations_may_differ_in_width() {
    let mixed = build(&config("mul8s_drum_k4", Clock::Fit)).unwrap();
    let products = mixed.products(range(4, 8), range(8, 128)).unwrap();
    let expected = mixed.mac().product(99 - 128, 3 - 8);
    assert_eq!((i64::from(products.get(3, 99)), products.get(16, 99)), (expected, 0));
}

#[test]
fn a_table_multiplies_by_itself_and_costs_what_the_exact_multiplier_costs() {
    let signature = Signature { operation: Operation::Mul, width_a: 8, width_b: 8, signed: true };
    let open = |_: &Path, signed: Option<bool>| {
        assert_eq!(signed, Some(true));
        Ok(Table::from_function(signature, |a, b| a * b + a).unwrap())
    };
    let mut named = config("exact", Clock::Fit);
    named.multiplier = Multiplier::Table { table: "mine.npy".into(), signed: Some(true), energy_table: None };
    let array = MacArray::new(&named, unit(&named, 8, &open).unwrap(), &CellLibrary::nangate45()).unwrap();
    let products = array.products(range(8, 128), range(8, 128)).unwrap();
    assert_eq!(products.get(128 + 7, 128 - 5), -5 * 7 - 5);
    let exact = build(&config("exact", Clock::Fit)).unwrap();
    assert_eq!((array.area(), array.clock()), (exact.area(), exact.clock()));
    let error = unit(&named, 8, &no_table).err().unwrap();
    assert_eq!(error.to_string(), "product table mine.npy: there is none");
}

#[test]
fn operands_that_do_not_fit_are_refused() {
    let signed = build(&config("mul8s_drum_k4", Clock::Fit)).unwrap();
    assert!(signed.products(range(8, 128), range(8, 37)).is_err());
    assert!(signed.products(range(4, 8), range(4, 8)).is_ok());
    let narrow = build(&config("mul4s_exact", Clock::Fit)).unwrap();
    assert!(narrow.products(range(8, 128), range(8, 128)).is_err());
    assert!(unit(&config("add8s_exact", Clock::Fit), 8, &no_table).is_err());
    assert!(unit(&config("mul8s_drom_k4", Clock::Fit), 8, &no_table).is_err());
}

/// By what was written, not by the id of the unit that it becomes.
#[test]
fn an_accumulator_too_narrow_for_a_multiplier_names_that() {
    let refused = |multiplier| {
        let products = config::Products::Raw;
        let (accumulator_bits, overflow) = (Some(12), config::Overflow::Saturate);
        let config = config(multiplier, Clock::Fit);
        build(&config::Array { products, accumulator_bits, overflow, ..config }).err().unwrap().to_string()
    };
    for (multiplier, least) in [("mul8u_mbm_q4", 18), ("mul8u_exact", 17), ("exact", 16)] {
        let said = format!(
            "`{multiplier}`: an accumulator that saturates has {least} bits, to hold a product, to 32, not 12"
        );
        assert_eq!(refused(multiplier), said);
    }
}

#[test]
fn sums_that_networks_do_not_keep_are_refused() {
    let wide = |accumulator: &str, bits| {
        let config = config("exact", Clock::Fit);
        build(&config::Array { accumulator: accumulator.into(), accumulator_bits: Some(bits), ..config })
    };
    let array = wide("exact", 33).unwrap();
    assert!(array.keeps(131_071).is_ok());
    assert_eq!(
        array.keeps(131_072).err().unwrap().to_string(),
        "131072 products are summed, 131071 of which surely fit into the 32 bits that networks keep of a sum of 33; write \
         `compute.array.accumulator_bits: 32`, whose sums wrap there"
    );
    assert!(wide("exact", 32).unwrap().keeps(usize::MAX).is_ok(), "such an accumulator wraps as networks do");
    // (2^31 − 1) / 128² and (2^23 − 1) / 8²: of bits that nobody chose sums do not wrap in silence.
    for (multiplier, bits, holds, or) in
        [("exact", 32, 131_071, ""), ("mul4s_bw", 24, 131_071, ", or `25`, which hold all")]
    {
        let array = build(&config(multiplier, Clock::Fit)).unwrap();
        assert!(array.keeps(holds).is_ok());
        assert_eq!(
            array.keeps(holds + 1).unwrap_err().to_string(),
            format!(
                "{} products are summed, {holds} of which surely fit into the {bits} bits of an accumulator; write \
                 `compute.array.accumulator_bits: {bits}` to have sums leave their range as `overflow` says{or}",
                holds + 1
            )
        );
    }
    assert!(wide("add8s_gear_r4_p4", 32).is_ok() && wide("add8s_loa_k6", 40).is_ok());
    let twelve = build(&config("mul12s_exact", Clock::Fit)).unwrap();
    assert!(
        twelve.keeps(33_025).is_ok() && twelve.keeps(33_026).is_err(),
        "products of codes, 255 times 255"
    );
    let error = wide("add8s_gear_r4_p4", 33).err().unwrap().to_string();
    assert!(error.contains("at most 32, which networks keep of a sum"), "{error}");
}

/// Every weight that is not zero takes a clock at the positions where its own tap reads a pixel.
#[test]
fn operations_of_skipped_zeros_are_those_of_taps_in_the_order_of_the_array() {
    let geometry = Geometry { groups: 1, ..Geometry::UNEVEN };
    let gemm = geometry.gemm();
    // In the first channel's last tap, and in the last channel's first.
    let nonzero = |k: usize| [5, 18].contains(&k);
    for accumulation_order in [AccumulationOrder::ChannelsFirst, AccumulationOrder::ChannelsLast] {
        let array = build(&config::Array {
            accumulation_order,
            padding: Padding::Skip,
            zeros: Zeros::Skip,
            ..config("exact", Clock::Fit)
        })
        .unwrap();
        let taps: Vec<usize> = geometry.taps(accumulation_order).collect();
        let nonzeros = array.skipped(gemm, |_, _, nth| !nonzero(taps[nth])).unwrap();
        let positions = geometry.positions_inside(5) + geometry.positions_inside(18);
        assert_eq!(array.operations(&geometry, Some(&nonzeros)), (gemm.outputs * positions) as u64);
    }
    assert_ne!(geometry.positions_inside(5), geometry.positions_inside(18));
}
