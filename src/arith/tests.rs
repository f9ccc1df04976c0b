use std::path::PathBuf;

use super::adder::Scheme;
use super::mac::Mac;
use super::metric::Metrics;
use super::*;
use crate::netlist::Lanes;
use crate::rng::Stream;

/// Every id of a width, all parameters.
fn ids(width: u32) -> Vec<String> {
    let mut ids = vec![];
    for family in FAMILIES {
        let parameters: Vec<String> = match family.name {
            "trunc" => (0..=2 * width).map(|t| format!("_t{t}")).collect(),
            "drum" => (2..=width).map(|k| format!("_k{k}")).collect(),
            "loa" => (0..=width).map(|k| format!("_k{k}")).collect(),
            _ => vec![String::new()],
        };
        for parameter in parameters {
            for sign in ["u", "s"] {
                ids.push(format!("{}{width}{sign}_{}{parameter}", family.operation, family.name));
            }
        }
    }
    ids
}

#[test]
fn gates_equal_function_on_every_operand_pair_from_2_to_8_bits() {
    for id in (2..=8).flat_map(ids) {
        let design = design(&id).unwrap();
        let (signature, netlist) = (design.signature(), design.netlist());
        assert_eq!((design.id(), netlist.name()), (id.clone(), &*id));
        let width = signature.width_out();
        assert_eq!(netlist.outputs()[0].1.len() as u32, width, "{id}");
        for ((a, b), gates) in Table::codes(signature).unwrap().zip(netlist.eval_all()) {
            let (a, b) = (signature.value_a(a), signature.value_b(b));
            let gates = bits::decode(gates, width, signature.signed);
            assert_eq!(gates, design.eval(a, b), "{id}: {a}, {b}");
        }
    }
}

#[test]
fn gates_equal_function_on_random_and_corner_operands_up_to_32_bits() {
    for id in [16, 32].into_iter().flat_map(ids).filter(|id| !id.contains("_t") || id.ends_with('7')) {
        let design = design(&id).unwrap();
        let (signature, netlist) = (design.signature(), design.netlist());
        let mut stream = Stream::new(2, "arith.test", 0);
        let mask = bits::mask(signature.width_a);
        let corners = [0, 1, mask, mask >> 1, (mask >> 1) + 1];
        let pairs = corners.iter().flat_map(|&a| corners.map(|b| (a, b)));
        let random = (0..40).map(|_| (stream.word() & mask, stream.word() & mask));
        for (a, b) in pairs.chain(random.collect::<Vec<_>>()) {
            let gates = bits::decode(netlist.eval(&[a, b])[0], signature.width_out(), signature.signed);
            let function = design.eval(signature.value_a(a), signature.value_b(b));
            // A 64-bit unsigned product is compared as its bits.
            assert_eq!(gates, function, "{id}: {a:x}, {b:x}");
        }
    }
}

#[test]
fn exact_families_are_exact_and_neutral_parameters_too() {
    for id in ["mul6s_exact", "mul6u_array", "mul6u_trunc_t0", "mul6s_drum_k6", "add6s_exact", "add6u_loa_k0"]
    {
        let metrics = Metrics::of(&table(&*design(id).unwrap()).unwrap());
        assert_eq!((metrics.error_rate, metrics.worst), (0.0, None), "{id}");
    }
}

fn shared(file: &str) -> Option<PathBuf> {
    let root = std::env::var_os("AXSIM_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let path = root.join(file);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: {file} is not at hand; set AXSIM_SHARED to the folder that holds it");
    None
}

fn near(found: f64, expected: f64, what: &str) {
    let tolerance = 1e-9 * expected.abs() + 1e-12;
    assert!((found - expected).abs() <= tolerance, "{what}: {found} is not {expected}");
}

#[test]
fn published_metrics_of_every_implemented_row_are_reproduced() {
    let Some(path) = shared("goldens/parametric_goldens.csv") else { return };
    let mut rows = csv::Reader::from_path(path).unwrap();
    let header = rows.headers().unwrap().clone();
    let mut checked = 0;
    for row in rows.records() {
        let row = row.unwrap();
        let field = |name: &str| row.get(header.iter().position(|field| field == name).unwrap()).unwrap();
        let (width, parameter) = (field("N"), field("params").replace('=', ""));
        let id = match field("design") {
            "truncated_columns" => format!("mul{width}u_trunc_{parameter}"),
            "DRUM" => format!("mul{width}u_drum_{parameter}"),
            "kulkarni_recursive" => format!("mul{width}u_kulkarni"),
            "Mitchell" => format!("mul{width}u_mitchell"),
            "LOA" => format!("add{width}u_loa_{parameter}"),
            _ => continue,
        };
        let Ok(table) = table(&*design(&id).unwrap()) else { continue };
        let metrics = Metrics::of(&table);
        let number = |name: &str| field(name).parse::<f64>().unwrap();
        near(metrics.med, number("MAE"), &id);
        near(metrics.nmed.unwrap(), number("NMED"), &id);
        near(metrics.wce as f64, number("WCE"), &id);
        near(100.0 * metrics.error_rate, number("EP_pct"), &id);
        near(100.0 * metrics.mred.unwrap(), number("MRE_pct_nz"), &id);
        near(100.0 * metrics.wcre.unwrap(), number("WCRE_pct_nz"), &id);
        near(metrics.mse, number("MSE"), &id);
        near(metrics.bias, number("mean_error"), &id);
        checked += 1;
    }
    assert!(checked >= 18, "only {checked} rows were checked");
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
        ("mul4s_exact", Scheme::KoggeStone),
        ("mul8s_drum_k4", Scheme::KoggeStone),
        ("mul8u_trunc_t5", Scheme::LowerOr(6)),
        ("mul4u_mitchell", Scheme::Ripple),
        ("mul3s_kulkarni", Scheme::LowerOr(2)),
    ] {
        let mac = Mac::new(design(id).unwrap(), accumulator);
        let width = mac.width();
        let signed = mac.multiplier().signature().signed;
        let span = if signed { 1i64 << width } else { (2 << width) - 1 };
        let low = if signed { -(1 << (width - 1)) } else { 1 - (1 << width) };
        follow(&mac, |stream| {
            let mut draw = || low + stream.below(span as u64) as i64;
            (draw(), draw())
        });
    }
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
    assert_eq!(message("mul99s_exact"), "`mul99s_exact`: a width of 2 to 32 bits is expected, not 99");
}

proptest::proptest! {
    #[test]
    fn no_id_makes_the_parser_panic(text in "\\PC{0,20}", tail in "(mul|add)[0-9]{0,3}[su]?_[a-z_]{0,9}[0-9]{0,12}") {
        let _ = (design(&text), design(&tail));
    }
}
