//! Switching activity interchange format, backward SAIF 2.0: how long every net was 0 and 1, and how often it changed.

use std::fmt::Write;

use super::mapped::{CLOCK_PIN, REGISTER, instances};
use super::verilog;
use crate::netlist::{Netlist, Waveform};

/// Time at 1 and transitions of a net.
#[derive(Debug, Clone, Copy, Default)]
struct Activity {
    high: u64,
    toggles: u64,
}

/// Writes the activity of a circuit, names as in [`super::mapped::write`]: the nets and ports of the module, and within
/// it the pins of every cell.
///
/// T0, T1 and DURATION are picoseconds and T0 + T1 = DURATION; TC counts every transition, glitches included. TX and IG
/// (pulses through an unknown value) are 0, for no value is ever unknown.
///
/// ```
/// use axsim::netlist::{Builder, Waveform, export::saif};
/// let mut build = Builder::new("inverter");
/// let a = build.input("a", 1)[0];
/// let y = build.not(a);
/// build.output("y", vec![y]);
/// let netlist = build.finish();
/// let wave = Waveform::record(&netlist, &[0, 7], 2, 100, [vec![false], vec![true]]);
/// assert!(saif::write(&netlist, &wave).contains("(n1 (T0 86) (T1 114) (TX 0) (TC 1) (IG 0))"));
/// ```
pub fn write(netlist: &Netlist, waveform: &Waveform) -> String {
    let (duration, activity) = (waveform.duration(), activity(waveform));
    let line = |indent: &str, name: &str, Activity { high, toggles }: Activity| {
        let (name, low) = (name.replace('[', "\\[").replace(']', "\\]"), duration - high);
        format!("{indent}({name} (T0 {low}) (T1 {high}) (TX 0) (TC {toggles}) (IG 0))\n")
    };
    let edges = waveform.edges();
    let ticking = Activity { high: edges * (waveform.period() / 2), toggles: 2 * edges };
    let mut out = head(netlist.name(), duration);
    out += "    (NET\n";
    out.extend(verilog::clock(netlist).map(|clock| line("      ", &clock, ticking)));
    let nets = verilog::plain_names(netlist);
    out.extend(nets.iter().zip(&activity).map(|(name, activity)| line("      ", name, *activity)));
    for (port, bus) in netlist.outputs() {
        let bit = |(bit, net): (usize, &crate::netlist::Net)| {
            line("      ", &format!("{port}[{bit}]"), activity[net.index()])
        };
        out.extend(bus.iter().enumerate().map(bit));
    }
    out += "    )\n";
    for instance in instances(netlist) {
        let _ = writeln!(out, "    (INSTANCE \"{}\" {}\n      (NET", instance.cell, instance.name);
        let pins = instance.inputs.iter().chain(&instance.outputs);
        out.extend(pins.map(|(pin, net)| line("        ", pin, activity[net.index()])));
        if instance.cell == REGISTER {
            out += &line("        ", CLOCK_PIN, ticking);
        }
        out += "      )\n    )\n";
    }
    out + "  )\n)\n"
}

fn head(name: &str, duration: u64) -> String {
    format!(
        "(SAIFILE\n  (SAIFVERSION \"2.0\")\n  (DIRECTION \"backward\")\n  (DESIGN \"{name}\")\n  (VENDOR \"axsim\")\n  \
         (PROGRAM_NAME \"axsim\")\n  (DIVIDER /)\n  (TIMESCALE 1 ps)\n  \
         (DURATION {duration})\n  (INSTANCE {name}\n"
    )
}

fn activity(waveform: &Waveform) -> Vec<Activity> {
    let mut found = vec![Activity::default(); waveform.first().len()];
    let (mut values, mut since) = (waveform.first().to_vec(), vec![0; waveform.first().len()]);
    for (time, net) in waveform.changes() {
        let at = net.index();
        if values[at] {
            found[at].high += time - since[at];
        }
        found[at].toggles += 1;
        (values[at], since[at]) = (!values[at], time);
    }
    for (at, found) in found.iter_mut().enumerate().filter(|(at, _)| values[*at]) {
        found.high += waveform.duration() - since[at];
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::netlist::Builder;

    #[test]
    fn a_clocked_circuit_has_its_clock_and_the_pins_of_its_cells() {
        let mut build = Builder::new("held");
        let a = build.input("a", 2);
        let both = build.and(a[0], a[1]);
        let held = build.register(&[both]);
        build.output("y", held);
        let netlist = build.finish();
        let steps = [vec![true, false], vec![true, true], vec![false, true]];
        let wave = Waveform::record(&netlist, &[0, 0, 9, 20], 2, 50, steps);
        insta::assert_snapshot!(write(&netlist, &wave), @r#"
        (SAIFILE
          (SAIFVERSION "2.0")
          (DIRECTION "backward")
          (DESIGN "held")
          (VENDOR "axsim")
          (PROGRAM_NAME "axsim")
          (DIVIDER /)
          (TIMESCALE 1 ps)
          (DURATION 150)
          (INSTANCE held
            (NET
              (clk (T0 100) (T1 50) (TX 0) (TC 4) (IG 0))
              (a\[0\] (T0 50) (T1 100) (TX 0) (TC 1) (IG 0))
              (a\[1\] (T0 50) (T1 100) (TX 0) (TC 1) (IG 0))
              (n2 (T0 100) (T1 50) (TX 0) (TC 2) (IG 0))
              (n3 (T0 140) (T1 10) (TX 0) (TC 1) (IG 0))
              (y\[0\] (T0 140) (T1 10) (TX 0) (TC 1) (IG 0))
            )
            (INSTANCE "AND2_X1" g2
              (NET
                (A1 (T0 50) (T1 100) (TX 0) (TC 1) (IG 0))
                (A2 (T0 50) (T1 100) (TX 0) (TC 1) (IG 0))
                (ZN (T0 100) (T1 50) (TX 0) (TC 2) (IG 0))
              )
            )
            (INSTANCE "DFF_X1" r3
              (NET
                (D (T0 100) (T1 50) (TX 0) (TC 2) (IG 0))
                (Q (T0 140) (T1 10) (TX 0) (TC 1) (IG 0))
                (CK (T0 100) (T1 50) (TX 0) (TC 4) (IG 0))
              )
            )
          )
        )
        "#);
    }
}
