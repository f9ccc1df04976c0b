//! Ids: what they name, and what is said of those that name nothing.

use super::ids;
use crate::arith::design;
use crate::arith::mac::Mac;

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
