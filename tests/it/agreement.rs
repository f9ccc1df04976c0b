//! Do area and delay agree with what a synthesis tool finds on the same cells?

use assert_cmd::Command;

/// Adders and multipliers of every group of the catalogue, small ones mostly.
const DESIGNS: [&str; 68] = [
    "add8u_ripple",
    "add16u_ripple",
    "add32u_ripple",
    "add8u_kogge_stone",
    "add16u_kogge_stone",
    "add32u_kogge_stone",
    "add16u_brent_kung",
    "add32u_brent_kung",
    "add16u_sklansky",
    "add16u_han_carlson",
    "add16u_ladner_fischer",
    "add16u_cla_x4",
    "add16u_skip_x4",
    "add16u_select_x4",
    "add16u_increment_x4",
    "add16u_loa_k6",
    "add16u_loawa_k4",
    "add16u_herloa_k8",
    "add16u_etai_k6",
    "add8u_loa_k4",
    "add16u_ama1_k6",
    "add16u_ama5_k4",
    "add16u_axa2_k6",
    "add16u_inxa1_k8",
    "add16u_gear_r4_p4",
    "add16u_aca_k4",
    "add16u_etaii_x4",
    "add16u_esa_x4",
    "add16u_cesa_x4",
    "add32u_gear_r8_p8",
    "mul4u_exact",
    "mul4u_array",
    "mul6u_wallace",
    "mul8u_array",
    "mul8u_carrysave",
    "mul8u_wallace",
    "mul8u_dadda",
    "mul8u_exact",
    "mul8s_bw",
    "mul8s_booth",
    "mul8u_trunc_t4",
    "mul8u_trunc_t7",
    "mul8s_trunc_t5",
    "mul8u_bam_h2_v5",
    "mul8u_optrunc_t3",
    "mul8u_kulkarni",
    "mul8u_etm",
    "mul8u_ssm_m4",
    "mul8u_dsm_m4",
    "mul8u_drum_k4",
    "mul6u_drum_k3",
    "mul8u_tosam_h2_t5",
    "mul8u_mitchell",
    "mul8u_mbm_q4",
    "mul8u_realm_l4_t0",
    "mul8u_roba",
    "mul8u_ilm_i2",
    "mul8u_almsoa_m4",
    "mul8u_momeni1_a8",
    "mul8u_momeni2_a4",
    "mul8u_yin_a8",
    "mul8u_sat3_a8",
    "mul8s_bbm0_v5",
    "mul8s_r4abm1_p6",
    "mul12u_trunc_t8",
    "mul16u_drum_k4",
    "mul16u_mitchell",
    "mul16u_trunc_t12",
];

/// Area in µm² and delay in ps of each design.
fn measured(names: &[&str], options: &[&str]) -> Vec<[f64; 2]> {
    let mut command = Command::cargo_bin("axsim").unwrap();
    let arguments = [&["characterize", "--wire-load", "0", "--json", "-"], options, names].concat();
    let output = command.args(arguments).assert().success().get_output().stdout.clone();
    let found: Vec<serde_json::Value> = serde_json::from_slice(&output).unwrap();
    found
        .iter()
        .map(|design| ["area_um2", "delay_ps"].map(|name| design["cost"][name].as_f64().unwrap()))
        .collect()
}

/// Whether the tool is here; in CI it must be.
fn yosys() -> bool {
    let found = std::process::Command::new("yosys").arg("-V").output().is_ok();
    assert!(found || std::env::var_os("CI").is_none(), "yosys is missing; in CI it must be installed");
    if !found {
        eprintln!("skipped: yosys is not installed, so nothing else was synthesised");
    }
    found
}

/// Values as places in the order of their size; equal ones share the mean place.
fn places(values: &[f64]) -> Vec<f64> {
    let count = |like: &dyn Fn(f64) -> bool| values.iter().filter(|other| like(**other)).count() as f64;
    values
        .iter()
        .map(|value| count(&|other| other < *value) + (count(&|other| other == *value) - 1.0) / 2.0)
        .collect()
}

/// Spearman's rank correlation.
fn rank_correlation(one: &[f64], other: &[f64]) -> f64 {
    let mean = (one.len() as f64 - 1.0) / 2.0;
    let around = |values: &[f64]| places(values).iter().map(|place| place - mean).collect::<Vec<_>>();
    let (one, other) = (around(one), around(other));
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    product(&one, &other) / (product(&one, &one) * product(&other, &other)).sqrt()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    (values[(values.len() - 1) / 2] + values[values.len() / 2]) / 2.0
}

#[test]
fn rank_correlation_is_spearmans() {
    assert_eq!(places(&[3.0, 1.0, 3.0]), [1.5, 0.0, 1.5]);
    assert_eq!(rank_correlation(&[1.0, 2.0, 3.0], &[2.0, 4.0, 9.0]), 1.0);
    assert_eq!(rank_correlation(&[1.0, 2.0, 3.0], &[3.0, 2.0, 1.0]), -1.0);
    // By hand: 1 − 6·2 / (3·8).
    assert_eq!(rank_correlation(&[1.0, 2.0, 3.0], &[2.0, 1.0, 3.0]), 0.5);
}

#[test]
fn area_and_delay_are_those_of_synthesis_with_the_same_cells() {
    if !yosys() {
        return;
    }
    let (ours, theirs) = (measured(&DESIGNS, &[]), measured(&DESIGNS, &["--backend", "yosys"]));
    for (at, figure) in ["area", "delay"].into_iter().enumerate() {
        let column = |found: &[[f64; 2]]| found.iter().map(|figures| figures[at]).collect::<Vec<_>>();
        let (ours, theirs) = (column(&ours), column(&theirs));
        let mut errors: Vec<(f64, &str)> = ours
            .iter()
            .zip(&theirs)
            .zip(DESIGNS)
            .map(|((ours, theirs), id)| (ours / theirs - 1.0, id))
            .collect();
        errors.sort_by(|a, b| b.0.abs().total_cmp(&a.0.abs()));
        let (correlation, error) =
            (rank_correlation(&ours, &theirs), median(errors.iter().map(|(error, _)| error.abs()).collect()));
        eprintln!(
            "{figure} of {} designs: rank correlation {correlation:.4}, median error {error:.4}",
            DESIGNS.len()
        );
        errors.iter().take(8).for_each(|(error, id)| eprintln!("  {id:<24} {:+.1} %", 100.0 * error));
        assert!(correlation >= 0.95, "{figure}: rank correlation {correlation}");
        assert!(error <= 0.15, "{figure}: median error {error}");
    }
}

/// A chain of full adders is the same cells for both, so that the two static timings must agree to the last picosecond.
#[test]
fn timing_of_the_same_cells_is_that_of_abc() {
    if !yosys() {
        return;
    }
    let names = ["add8u_ripple", "add16u_ripple", "add32u_ripple"];
    let (ours, theirs) = (measured(&names, &[]), measured(&names, &["--backend", "yosys"]));
    for ((id, ours), theirs) in names.iter().zip(&ours).zip(&theirs) {
        for (ours, theirs) in ours.iter().zip(theirs) {
            assert!((ours / theirs - 1.0).abs() < 1e-3, "{id}: {ours}, theirs {theirs}");
        }
    }
}

/// A 4×4 multiplier that drops two product columns, written once plainly, once with constants that do nothing, gates
/// that nothing reads, sums computed twice and inverters in pairs.
#[test]
fn redundant_verilog_costs_what_the_plain_one_does() {
    const PLAIN: &str = "module m(input [3:0] A, input [3:0] B, output [7:0] O);
  wire [7:0] r0 = {4'b0, A & {4{B[0]}}} & 8'hfc, r1 = {3'b0, A & {4{B[1]}}, 1'b0} & 8'hfc;
  wire [7:0] r2 = {2'b0, A & {4{B[2]}}, 2'b0}, r3 = {1'b0, A & {4{B[3]}}, 3'b0};
  assign O = r0 + r1 + r2 + r3;
endmodule
";
    let redundant = PLAIN
        .replace("assign O =", "wire [7:0] unread = (r0 ^ r3) + A * B;\n  wire [7:0] again = r0 + r1 + r2 + r3;\n  wire zero = unread[0] & 1'b0;\n  assign O = {8{zero}} | ~~(again & (")
        .replace("r0 + r1 + r2 + r3;\nendmodule", "r0 + r1 + r2 + r3) | again & {8{zero}}) ^ {8{zero & B[1]}};\nendmodule");
    let folder = tempfile::tempdir().unwrap();
    let costs = [PLAIN, &redundant].map(|text| {
        let path = folder.path().join("m.v");
        std::fs::write(&path, text).unwrap();
        measured(&[path.to_str().unwrap()], &[])[0]
    });
    assert_ne!(PLAIN, redundant);
    assert_eq!(costs[0], costs[1]);
}
