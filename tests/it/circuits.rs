//! What do the circuit verbs say about a design, a folder of one, and a MAC unit?

use std::path::Path;

use assert_cmd::Command;
use axsim::arith::mac::Mac;
use axsim::config::platform::Array;
use serde_json::{Value, json};

fn axsim(arguments: &[&str]) -> Command {
    let mut command = Command::cargo_bin("axsim").unwrap();
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments);
    command
}

fn printed(arguments: &[&str]) -> String {
    String::from_utf8(axsim(arguments).assert().success().get_output().stdout.clone()).unwrap()
}

fn characterized(names: &[&str]) -> Vec<serde_json::Value> {
    let arguments = [&["characterize"], names, &["--json", "-"]].concat();
    serde_json::from_str(&printed(&arguments)).unwrap()
}

#[test]
fn a_folder_is_measured_as_the_design_it_holds() {
    let found = characterized(&["designs/mul8s_drum_k4", "mul8s_drum_k4"]);
    assert_eq!(found[0], found[1]);
    assert_eq!(found[0]["inputs"]["count"], 65536);
    let all = characterized(&["designs"]);
    let ids: Vec<&str> = all.iter().map(|design| design["design"].as_str().unwrap()).collect();
    assert!(ids.is_sorted() && ids.contains(&"add16u_loa_k6") && ids.contains(&"mac8s_trunc_t5"), "{ids:?}");
}

#[test]
fn a_mac_unit_has_a_clock_and_more_area_and_energy_than_its_multiplier() {
    let found = characterized(&["mac8s_trunc_t5", "mul8s_trunc_t5", "mac8s_exact__ripple"]);
    let figure = |at: usize, name: &str| found[at]["cost"][name].as_f64().unwrap();
    assert_eq!((&found[0]["operation"], &found[1]["operation"]), (&"mac".into(), &"mul".into()));
    assert!(found[0]["error"].is_null() && found[1]["cost"]["clock_mhz"].is_null());
    assert!((figure(0, "clock_mhz") * figure(0, "delay_ps") / 1e6 - 1.0).abs() < 1e-9);
    for figure_name in ["area_um2", "energy_fj", "leakage_nw", "delay_ps"] {
        assert!(figure(0, figure_name) > figure(1, figure_name), "{figure_name}");
    }
    assert_eq!(found[2]["design"], "mac8s_exact__ripple");
}

#[test]
fn every_family_is_listed_with_an_id_that_works() {
    let list = printed(&["list"]);
    for family in axsim::arith::families() {
        let example = family.example();
        assert!(list.contains(&example), "{example}");
        assert!(printed(&["explain", &example]).contains(family.source), "{example}");
        assert!(printed(&["explain", family.name]).contains(family.formula), "{example}");
    }
}

#[test]
fn a_design_is_explained_by_its_formula_and_its_paper() {
    let explained = printed(&["explain", "mul8s_drum_k4"]);
    // The last line depends on the processor.
    let (design, way) =
        explained.split_once("  in a network, on this processor: ").expect("how layers use it");
    assert!(way == "one exact product of bytes\n" || way.starts_with("looked up"), "{way}");
    insta::assert_snapshot!(design, @r"
    mul8s_drum_k4: 8 by 8 bits, 16 bits out
      y = f(a) · f(b), where f keeps the k bits from the leading one on, sets the lowest of them to 1 if bits below were cut off, and clears those bits; here k = 4
      two's complement: |a| and |b| go through this, and y is negated where the signs differ
      source: S. Hashemi, R. I. Bahar, S. Reda, DRUM: a dynamic range unbiased multiplier for approximate applications, ICCAD 2015
      in a network: sums of 32 bits that wrap, added exactly; the exact sum of 103563 products surely fits
    ");
    let adder = printed(&["explain", "add8u_loa_k3"]);
    assert!(adder.contains("exactly with the carry") && !adder.contains("network"), "{adder}");
    let unit = printed(&["explain", "mac8u_trunc_t5__loa_k6"]);
    assert!(unit.contains("added by `loa_k6`") && unit.contains("here t = 5"), "{unit}");
    let wrong = axsim(&["explain", "mul8s_drom_k4"]).assert().code(2).get_output().stderr.clone();
    assert!(String::from_utf8(wrong).unwrap().contains("did you mean `drum`?"));
}

#[test]
fn a_unit_is_explained_with_the_sums_of_its_own_accumulator() {
    for (id, bits, says) in [
        ("mac8s_exact", 32, "32 bits that wrap, added exactly"),
        ("mac8s_exact__w20", 20, "20 bits that wrap, added exactly"),
        ("mac8s_bw__w40", 32, "32 bits (the lowest of 40) that wrap, added exactly"),
        (
            "mac8s_bw__loa_k6__w40",
            32,
            "32 bits (the lowest of 40) that wrap, 6 low bits combined by OR, those above added exactly",
        ),
        ("mac8s_bw__s20", 20, "20 bits that saturate, added in order by an exact adder"),
        ("mac8s_exact__gear_r4_p4", 32, "32 bits that wrap, added in order by `gear_r4_p4`"),
        (
            "mac8s_exact__loa_k6__w24",
            24,
            "24 bits that wrap, 6 low bits combined by OR, those above added exactly",
        ),
        ("mac8s_exact__tra0_k5", 32, "32 bits that wrap, 5 low bits dropped, those above added exactly"),
        ("mac8s_exact__tra1_k5", 32, "32 bits that wrap, 5 low bits all 1, those above added exactly"),
    ] {
        // Products of two's complement bytes reach 2^14.
        let holds = ((1u64 << (bits - 1)) - 1) >> 14;
        let line = format!("  in a network: sums of {says}; the exact sum of {holds} products surely fits\n");
        let explained = printed(&["explain", id]);
        assert!(explained.contains(&line), "{explained}");
    }
    // 7² shifted by up to 16 places, summed in all bits of the accumulator.
    let groups = printed(&["explain", "mac4s_sdr_g16"]);
    let holds = ((1u64 << 39) - 1) / (49 << 16);
    let line =
        format!("sums of 40 bits that wrap, added exactly; the exact sum of {holds} products surely fits\n");
    assert!(groups.contains(&line), "{groups}");
    // Codes of bytes in a multiplier of 12 bits.
    let wide = printed(&["explain", "mac12s_bw"]);
    // (2^31 − 1) / 255²: a code less its zero point is at most 255 apart from zero.
    let says = "sums of 32 bits (the lowest of 40) that wrap, added exactly; the exact sum of 33025 products surely fits";
    assert!(wide.contains(says), "{wide}");
    assert!(wide.ends_with(": one exact product of bytes\n") || wide.contains("looked up"), "{wide}");
    for id in [
        "mac4s_bw__l4",
        "mac8x4s_bw",
        "macr8u_exact__z",
        "mac8s_exact__gear_r4_p4__w40",
        "mac8s_bw__p1",
        "mac8s_bw__e",
    ] {
        let explained = printed(&["explain", id]);
        assert!(explained.ends_with("  in a network: no layer runs on such a unit\n"), "{explained}");
    }
}

/// Multipliers with and without sign, exact or not, and with a final adder of choice.
const MULTIPLIERS: [&str; 6] =
    ["mul8s_bw", "mul8u_exact", "mul8s_drum_k4", "mul4s_dadda__ripple", "mul12s_bwtrunc_t4", "mul8u_mbm_q6"];

/// An array with such units, and what is written of it.
fn array(adder: &str, width: u32, at: [usize; 5]) -> (Array, Value) {
    let mut written = json!({
        "rows": 2, "columns": 2, "dataflow": "output_stationary", "clock": "fit", "multiplier": MULTIPLIERS[at[0] % 6],
        "accumulator": if adder.is_empty() { "exact".into() } else { format!("add{width}u_{adder}") },
        "overflow": (["wrap", "saturate"][at[1] % 2]),
        "products": (["centred", "raw"][at[2] % 2]),
        "zeros": (["compute", "gate"][at[3] % 2]),
    });
    if at[4] > 3 {
        written["accumulator_bits"] = at[4].into();
    }
    (serde_json::from_value(written.clone()).unwrap(), written)
}

/// The unit of an array, where there is one.
fn unit(array: &Array) -> Option<Mac> {
    let open = |_: &Path, _: Option<bool>| unreachable!("no table is named");
    axsim::platform::compute::array::unit(array, 8, &open).ok()
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(2000))]
    #[test]
    fn a_unit_that_a_configuration_gives_is_read_by_the_id_that_reports_print(
        family in 0usize..1000, width in 2u32..=32, choice in 0usize..1000, at: [u8; 4], bits in 0usize..=40,
    ) {
        let adders: Vec<_> = axsim::arith::families().filter(|family| family.operation() == "add").collect();
        let family = adders[family % adders.len()];
        let choices = family.choices(width, 5);
        // Some families have no member of few bits.
        let Some(values) = choices.get(choice % choices.len().max(1)) else { return Ok(()) };
        let adder = format!("{}{}", family.name, parameters(family, values));
        let [a, b, c, d] = at.map(usize::from);
        let (array, _) = array(&adder, width, [a, b, c, d, bits]);
        if let Some(mac) = unit(&array) {
            let read = Mac::from_id(mac.id());
            proptest::prop_assert!(read.is_ok_and(|read| read.id() == mac.id()), "{}", mac.id());
        }
    }
}

/// The end of the id of a member.
fn parameters(family: &axsim::arith::Family, values: &[u32]) -> String {
    let letters = family.parameters.iter().map(|parameter| parameter.letter).cycle();
    letters.zip(values).map(|(letter, value)| format!("_{letter}{value}")).collect()
}

#[test]
fn a_unit_is_explained_with_the_configuration_that_gives_it() {
    let quad = "quad_r4_p0_r4_p4_r4_p4_r4_p4";
    for (adder, width, at) in [
        ("", 0, [0, 0, 0, 0, 0]),
        (quad, 16, [0, 0, 0, 0, 0]),
        ("loa_k30", 32, [3, 0, 0, 0, 0]),
        ("cesa_x2", 2, [2, 1, 0, 0, 24]),
        ("ripple", 8, [1, 1, 1, 0, 20]),
        ("", 0, [5, 0, 0, 1, 18]),
    ] {
        let mac = unit(&array(adder, width, at).0).unwrap();
        let explained = printed(&["explain", mac.id()]);
        let (_, told) = explained.split_once("  in a configuration: `").unwrap();
        let told: Value = serde_yaml::from_str(told.split('`').next().unwrap()).unwrap();
        let mut written = array("", 0, [0; 5]).1;
        let told = told["compute"]["array"].as_object().unwrap().clone();
        told.into_iter().for_each(|(key, value)| written[&key] = value);
        assert_eq!(unit(&serde_json::from_value(written).unwrap()).unwrap().id(), mac.id(), "{explained}");
    }
    for (id, told) in [
        ("mac4s_sdr_g16", "`quantize.format` with groups of 16 codes"),
        ("mac16x8s_bw", "`quantize.format` with activations of 16 bits"),
    ] {
        assert!(printed(&["explain", id]).contains(&format!("  in a configuration: {told}\n")), "{id}");
    }
    let table = printed(&["explain", "mac8s_table_0123456789abcdef__loa_k6"]);
    assert!(table.contains("as `mac8s_bw__loa_k6`, but the products are those of a user's file"), "{table}");
}

#[test]
fn a_netlist_is_exported_as_text_that_reads_back() {
    let text = printed(&["export", "designs/mac4s_exact", "--format", "netlist"]);
    let netlist = axsim::netlist::text::parse(&text).unwrap();
    assert_eq!(netlist, axsim::arith::Unit::from_id("mac4s_exact").unwrap().netlist());
}

#[test]
fn a_file_of_metrics_is_compared_row_by_row_and_the_exit_code_says_how_it_went() {
    let file = tempfile::NamedTempFile::with_suffix(".csv").unwrap();
    let path = file.path().to_str().unwrap();
    let header = "design,params,kind,N,signed,MAE,NMED,WCE,EP_pct,MRE_pct_nz,WCRE_pct_nz,MSE,mean_error,error_variance,samples";
    let block = "kulkarni_recursive,,mul,2,0,0.125,0.0138888888889,2,6.25,2.46913580247,22.2222222222,0.25,-0.125,0.234375,16";
    let other = "HEALM,,mul,2,0,0,0,0,0,0,0,0,0,0,16";
    let said = |rows: &[&str], strict: &[&str], code: i32| {
        std::fs::write(path, [&[header], rows].concat().join("\n")).unwrap();
        let arguments = [&["validate", path], strict].concat();
        let output = axsim(&arguments).assert().code(code).get_output().clone();
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap().replace(path, "FILE")
    };
    assert_eq!(said(&[block, other], &[], 0), "FILE: 1 rows agreed, 0 differing, 1 not implemented\n");
    assert_eq!(
        said(&[block, other], &["--strict"], 1),
        "FILE: 1 rows agreed, 0 differing, 1 not implemented\n"
    );
    said(&[block], &["--strict"], 0);
    assert_eq!(
        said(&[block, &block.replace(",0.25,", ",0.26,")], &[], 1),
        "FILE: 1 rows agreed, 1 differing, 0 not implemented; first in line 3, mul2u_kulkarni: MSE is 0.25 here, 0.26 there\n"
    );
    let json = said(&[block], &["--json", "-"], 0);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&json).unwrap()[0]["rows"]["agreed"], 1);
    assert!(said(&["LOA"], &[], 2).contains("FILE"));
}

/// Three product columns of a 4×4 multiplier are missing, under a name that does not say so.
const MYSTERY: &str = "module mystery(input [3:0] A, input [3:0] B, output [7:0] O);
  wire [7:0] r0 = {4'b0, A & {4{B[0]}}} & 8'hf8, r1 = {3'b0, A & {4{B[1]}}, 1'b0} & 8'hf8;
  wire [7:0] r2 = {2'b0, A & {4{B[2]}}, 2'b0} & 8'hf8, r3 = {1'b0, A & {4{B[3]}}, 3'b0};
  assign O = r0 + r1 + r2 + r3;
endmodule
";

#[test]
fn a_circuit_of_a_file_is_measured_and_recognised() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mystery.v");
    std::fs::write(&path, MYSTERY).unwrap();
    let name = path.to_str().unwrap();
    let found = characterized(&[name, "mul4u_trunc_t3"]);
    assert_eq!(found[0]["design"], "mystery");
    assert_eq!(found[0]["error"], found[1]["error"]);
    assert_eq!(found[0]["function"], found[1]["function"]);
    let like = printed(&["list", "--like", name]);
    assert!(
        like.contains("mystery computes the same, on every operand pair, as\n  mul4u_trunc_t3\n"),
        "{like}"
    );
    let blif = folder.path().join("mystery.blif");
    std::fs::write(&blif, printed(&["export", name, "--format", "blif"])).unwrap();
    assert_eq!(characterized(&[blif.to_str().unwrap()])[0]["error"], found[1]["error"]);
    // Something that nobody has named.
    std::fs::write(&path, MYSTERY.replace("r0 + r1", "r0 - r1")).unwrap();
    let output = axsim(&["list", "--like", name]).assert().code(1).get_output().stdout.clone();
    assert!(String::from_utf8_lossy(&output).starts_with("mystery is no design of the catalogue\n"));
}

#[test]
fn a_library_of_circuits_is_compared_with_its_metrics() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("mystery.v"), MYSTERY).unwrap();
    let goldens = folder.path().join("goldens.csv");
    // MAE and WCE of column truncation, t = 3, by the closed form: ((t - 1) 2^t + 1) / 4 and four times that.
    let rows = |wce: u32| {
        format!("release,circuit,pub_WCE_pct,comp_samples,comp_MAE,comp_WCE\nx,mystery,6.64,256,4.25,{wce}\n")
    };
    std::fs::write(&goldens, rows(17)).unwrap();
    let (path, goldens_path) = (folder.path().to_str().unwrap(), goldens.to_str().unwrap());
    let found = printed(&["validate", path, "--goldens", goldens_path]);
    assert!(found.contains("as x: 1 files: 1 agreed, 0 differing, 0 unreadable"), "{found}");
    std::fs::write(&goldens, rows(18)).unwrap();
    let output =
        axsim(&["validate", path, "--goldens", goldens_path]).assert().code(1).get_output().stdout.clone();
    let found = String::from_utf8(output).unwrap();
    assert!(found.contains("mystery.v: comp_WCE is 17 here, 18 there"), "{found}");
}

#[test]
fn files_that_are_no_circuit_are_refused_with_their_line() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes, message) in [
        ("loop.v", &b"module m(input [1:0] a, b, output [3:0] y);\nwire n;\nassign n = ~n & a[0];\nassign y = {4{n}};\nendmodule\n"[..], "line 2: a combinational loop"),
        ("garbage.v", b"module \xff\xfe", "byte 7 is not UTF-8"),
        ("noise.v", &[b'#'; 1 << 20], "line 1: `module` is expected, not `#`"),
        ("one.v", b"module one(input a, output y);\nassign y = a;\nendmodule\n", "two operands and a result are expected"),
        ("cells.blif", b".model m\n.inputs a\n.outputs y\n.gate INV A=a Y=y\n.end\n", "line 4: `.gate` is not read"),
        ("empty.json", b"{}", "`modules` is missing"),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let output = axsim(&["characterize", path.to_str().unwrap()]).assert().code(2).get_output().stderr.clone();
        let found = String::from_utf8_lossy(&output).replace("\n  │ ", " ");
        assert!(found.contains(message), "{name}: {found}");
    }
}

#[test]
fn other_conventions_print_other_percentages() {
    let ours = printed(&["characterize", "mul4u_trunc_t3", "--convention", "evoapproxlib"]);
    // 17 of 256.
    assert!(ours.contains("6.640625") && ours.contains("leave out pairs"), "{ours}");
}

#[test]
fn metrics_go_out_under_the_names_of_another_library() {
    let name = ["characterize", "mul4u_trunc_t3", "--convention", "evoapproxlib"];
    let found: serde_json::Value =
        serde_json::from_str(&printed(&[&name[..], &["--json", "-"]].concat())).unwrap();
    assert_eq!(found[0]["convention"], "evoapproxlib");
    let wce = found[0]["figures"]["WCE_pct"].as_f64().unwrap();
    assert!((wce - 100.0 * found[0]["figures"]["WCE"].as_f64().unwrap() / 256.0).abs() < 1e-12);
    assert!(printed(&name).contains("WCE, %"));
    let refused = axsim(&["characterize", "mac4s_exact", "--convention", "evoapproxlib"]).assert().code(2);
    let said = String::from_utf8(refused.get_output().stderr.clone()).unwrap();
    assert!(said.contains("`mac4s_exact` is a MAC unit"), "{said}");
}

#[test]
fn a_circuit_of_the_users_is_compared_with_the_design_it_is_meant_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mystery.v");
    std::fs::write(&path, MYSTERY).unwrap();
    let said = |like: &str, code: i32| {
        let output =
            axsim(&["validate", path.to_str().unwrap(), "--like", like, "--quiet"]).assert().code(code);
        let output = [output.get_output().stdout.clone(), output.get_output().stderr.clone()].concat();
        String::from_utf8(output).unwrap().replace(path.to_str().unwrap(), "FILE")
    };
    assert_eq!(
        said("mul4u_trunc_t3", 0),
        "FILE: computes what mul4u_trunc_t3 does, compared on 256 (every input)\n"
    );
    insta::assert_snapshot!(said("mul4u_trunc_t2", 1), @r"
    FILE: differs from mul4u_trunc_t2
      a                    1  0x1  0001
      b                    4  0x4  0100
      file                 0  0x00  00000000
      gates                4  0x04  00000100
      function             4  0x04  00000100
    ");
    assert!(said("mul5u_exact", 2).contains("inputs of 5, 5 bits"));
    let design = folder.path().join("mul4u_exact");
    std::fs::create_dir(&design).unwrap();
    for (name, text) in [
        ("design.yaml", "{id: mul4u_exact, source: a test}\n".into()),
        ("mul4u_exact.v", printed(&["export", "mul4u_exact"])),
        ("golden.txt", "2 3 6\n3 5 14\n".into()),
    ] {
        std::fs::write(design.join(name), text).unwrap();
    }
    let output = axsim(&["validate", design.to_str().unwrap()]).assert().code(1).get_output().stdout.clone();
    insta::assert_snapshot!(String::from_utf8(output).unwrap(), @r"
    mul4u_exact: 1 of 2 vectors differ; the first is golden.txt:2
      3 5 14
          ^
      a                    3  0x3  0011
      b                    5  0x5  0101
      Verilog             15  0x0f  00001111
      gates               15  0x0f  00001111
      function            15  0x0f  00001111
      golden              14  0x0e  00001110
    ");
}

#[test]
fn errors_are_weighted_added_up_and_counted_on_request() {
    let file = tempfile::NamedTempFile::with_suffix(".csv").unwrap();
    std::fs::write(file.path(), "a,b,weight\n3,3,1\n1,1,3\n").unwrap();
    let asked = ["--operands", file.path().to_str().unwrap(), "--terms", "4", "--histogram"];
    let name = ["characterize", "mul2u_kulkarni"];
    let found: serde_json::Value =
        serde_json::from_str(&printed(&[&name[..], &asked, &["--json", "-"]].concat())).unwrap();
    assert_eq!(found[0]["weighted"]["med"], 0.5);
    assert_eq!(found[0]["accumulated"]["bias"], -0.5);
    assert_eq!(found[0]["histograms"]["error"]["counts"], serde_json::json!([1, 0, 15]));
    let text = printed(&[&name[..], &asked].concat());
    let further: Vec<&str> = text.split_once("lower bound\n").unwrap().1.lines().take(6).collect();
    insta::assert_snapshot!(further.join("\n"), @r"
    mul2u_kulkarni weighted by operands (2 pairs): error rate 0.2500, med 0.5000, mred 5.556e-2, mse 1.0000, bias -0.5000, wce 2
    mul2u_kulkarni, sums of 4 independent results: bias -0.5000, standard deviation 0.9682, med 0.8733 if normal (approximation), within -8 to 0
    mul2u_kulkarni, error
              -2          1 ███
              -1          0 
               0         15 ████████████████████████████████████████
    ");
    std::fs::write(file.path(), "a,b,weight\n4,3,1\n").unwrap();
    let refused = axsim(&[&name[..], &asked].concat()).assert().code(2).get_output().stderr.clone();
    assert!(String::from_utf8(refused).unwrap().contains("4 is no value of operand `a`"));
}

#[test]
fn a_wide_adder_has_exact_figures_beside_the_sampled_ones() {
    let found = characterized(&["add32u_loa_k8", "mul16u_drum_k6"]);
    assert_eq!(found[0]["inputs"]["method"], "sampled");
    let (exact, bounds) = (&found[0]["formal"]["error_rate"], &found[0]["intervals"]["error_rate"]);
    let exact = exact.as_f64().unwrap();
    assert!((exact - (1.0 - 0.75f64.powi(8))).abs() < 1e-12);
    assert!(bounds[0].as_f64().unwrap() < exact && exact < bounds[1].as_f64().unwrap());
    assert!(found[1]["formal"].is_null() && found[1]["intervals"].is_object());
}

#[test]
fn designs_are_priced_with_a_liberty_file() {
    let file = tempfile::NamedTempFile::with_suffix(".lib").unwrap();
    std::fs::write(file.path(), printed(&["export", "nangate45", "--format", "liberty"])).unwrap();
    let path = file.path().to_str().unwrap();
    let found: serde_json::Value =
        serde_json::from_str(&printed(&["characterize", "mul8u_array", "--liberty", path, "--json", "-"]))
            .unwrap();
    let ours = characterized(&["mul8u_array"]);
    for (figure, share) in
        [("area_um2", 1e-9), ("leakage_nw", 1e-6), ("delay_ps", 1e-4), ("energy_fj", 0.01), ("wire_fj", 0.01)]
    {
        let [found, ours] = [&found[0], &ours[0]].map(|design| design["cost"][figure].as_f64().unwrap());
        assert!((found / ours - 1.0).abs() < share, "{figure}: {found} from the file, {ours} from the table");
    }
    let path = printed(&["characterize", "mul8u_array", "--liberty", path, "--path", "--wire-load", "0"]);
    assert!(path.contains("rise") && path.contains("FA_X1 from CI") && !path.contains("± 20 %"), "{path}");
    assert!(path.contains("neither wires nor clock tree"), "{path}");
    let path = file.path().to_str().unwrap();
    std::fs::write(file.path(), "library (x) {\n  cell (y) {\n").unwrap();
    let refused = axsim(&["characterize", "mul8u_array", "--liberty", path]).assert().code(2);
    let said = String::from_utf8(refused.get_output().stderr.clone()).unwrap();
    assert!(said.contains("line 2: a name or `}` is expected, not the end of the file"), "{said}");
}

#[test]
fn the_longest_path_is_listed_cell_by_cell() {
    let found: serde_json::Value =
        serde_json::from_str(&printed(&["characterize", "add8u_ripple", "--path", "--json", "-"])).unwrap();
    let path = found[0]["longest_path"].as_array().unwrap();
    let arrivals: Vec<f64> = path.iter().map(|stage| stage["arrival_ps"].as_f64().unwrap()).collect();
    assert!(arrivals.is_sorted() && path.len() >= 8, "{path:?}");
    assert!((arrivals[arrivals.len() - 1] - found[0]["cost"]["delay_ps"].as_f64().unwrap()).abs() < 1e-6);
    let carries = path.iter().filter(|stage| stage["cell"] == "majority").count();
    assert!(carries >= 6, "{path:?}");
    assert!(printed(&["characterize", "add8u_ripple", "--path"]).contains("longest path"));
}

/// 0.8 V is 0.73 times the supply of the figures: energies go with its square, leakage with its exponential, delays with
/// the alpha-power law, and an area stays.
#[test]
fn designs_are_priced_at_another_supply() {
    let (nominal, low) =
        (characterized(&["mac8s_exact"]), characterized(&["mac8s_exact", "--supply", "0.8"]));
    let cost = |found: &[serde_json::Value], figure: &str| found[0]["cost"][figure].as_f64().unwrap();
    let near = |figure: &str, expected: f64| {
        let ratio = cost(&low, figure) / cost(&nominal, figure);
        assert!((ratio / expected - 1.0).abs() < 1e-6, "{figure}: {ratio} is not {expected}");
    };
    let square = (0.8f64 / 1.1).powi(2);
    for figure in ["settled_fj", "clock_tree_fj"] {
        near(figure, square);
    }
    near("leakage_nw", 0.8 / 1.1 * (2.585f64 * (0.8 - 1.1)).exp());
    near("area_um2", 1.0);
    near("voltage", 0.8 / 1.1);
    let delay = |supply: f64| supply / (supply - 0.3762).powf(1.0659);
    near("delay_ps", delay(0.8) / delay(1.1));
    near("clock_mhz", delay(1.1) / delay(0.8));
    assert_eq!(characterized(&["mac8s_exact", "--supply", "1.1 V"]), nominal);
    let law = "nangate45 at 0.8 V by the alpha-power law fitted to ngspice 39 with FreePDK45 models (low threshold; general \
        threshold is the slow end), delays 12 % longer there; uniform random operands";
    let text = printed(&["characterize", "mac8s_exact", "--supply", "800 mV"]);
    assert!(text.contains(law), "{text}");
    assert!(!printed(&["characterize", "mac8s_exact"]).contains("alpha-power"));
}

#[test]
fn flags_that_would_have_no_effect_are_refused() {
    let file = tempfile::NamedTempFile::with_suffix(".lib").unwrap();
    std::fs::write(file.path(), printed(&["export", "nangate45", "--format", "liberty"])).unwrap();
    let file = file.path().to_str().unwrap();
    let under = ["--convention", "evoapproxlib"];
    for (options, expected) in [
        (
            &["--supply", "0.59"][..],
            "`--supply`: a supply of 590 mV is outside what was simulated; write 0.6 V to 1.25 V",
        ),
        (&["--supply", "1.26"], "write 0.6 V to 1.25 V"),
        (&["--supply", "much"], "volts such as 0.8 are expected"),
        (
            &["--supply", "0.8", "--liberty", file],
            "has figures at 1.10 V alone, write that or leave the supply out",
        ),
        (&["--supply", "0.8", "--backend", "yosys"], "leave out `--supply`, or `--backend`"),
        (&["--supply", "0.8", "--sdf", file], "cannot be used with"),
        (&[&["--path"][..], &under].concat(), "leave out `--path`, or `--convention`"),
        (&[&["--histogram"][..], &under].concat(), "leave out `--histogram`, or `--convention`"),
        (&[&["--supply", "0.8"][..], &under].concat(), "leave out `--supply`, or `--convention`"),
    ] {
        let arguments = [&["characterize", "add4u_exact"], options].concat();
        let output = axsim(&arguments).assert().code(2).get_output().stderr.clone();
        let said = String::from_utf8(output).unwrap().replace("\n  │ ", " ");
        assert!(said.contains(expected), "{options:?}: {said}");
    }
    let ours = ["characterize", "add4u_exact", "--path", "--convention", "axsim"];
    assert!(printed(&ours).contains("longest path"));
}
