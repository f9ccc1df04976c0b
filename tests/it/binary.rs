//! What do units of signs cost beside integer units?

use serde_json::Value;

use crate::cli::axsim;

#[test]
fn one_command_prices_units_of_signs_beside_integer_units_and_a_published_chip() {
    let run = axsim(&["characterize", "binary", "--json", "-"]).assert().success();
    let found: Value = serde_json::from_slice(&run.get_output().stdout).unwrap();
    let units = found["units"].as_array().unwrap();
    let each = |id: &str| {
        let unit = units.iter().find(|unit| unit["unit"]["design"] == id).unwrap();
        unit["energy_fj"].as_f64().unwrap()
    };
    // Words share accumulator and registers: the longer, the less a product takes.
    let energies = ["mac8s_bw", "mac8s_bw__l16", "xnor8", "xnor16", "xnor64"].map(each);
    assert!(energies.is_sorted_by(|one, next| one > next), "{energies:?}");
    assert_eq!(found["context"]["trust"], "abstract");
    let text = axsim(&["characterize", "binary"]).assert().success();
    let text = String::from_utf8(text.get_output().stdout.clone()).unwrap();
    for told in [
        "times less than mac8s_bw__l16",
        "published [abstract]: 35 and 405 fJ, 11.6 times less",
        "nangate45 at 1.1 V",
    ] {
        assert!(text.contains(told), "{told}\n{text}");
    }
    let refused =
        axsim(&["characterize", "binary", "--terms", "3"]).assert().code(2).get_output().stderr.clone();
    assert!(String::from_utf8(refused).unwrap().contains("leave out `--terms`"));
}
