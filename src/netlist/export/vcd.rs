//! Value change dump (IEEE 1364-2001, clause 18) of a circuit in library cells.

use std::fmt::Write;

use super::mapped::{CLOCK_PIN, REGISTER, instances};
use super::verilog;
use crate::netlist::{Net, Netlist, Waveform};

/// Writes what a circuit did, names as in [`super::mapped::write`].
///
/// The one scope is the module, with its ports and nets bit by bit; each cell is a scope within it whose pins share the
/// codes of the nets they are tied to. Unit: 1 ps. Where the clock rises, what changes with it stands after it. The last
/// time is the end of the last clock, so that an analysis takes the mean over whole clocks.
///
/// ```
/// use axsim::netlist::{Builder, Waveform, export::vcd};
/// let mut build = Builder::new("inverter");
/// let a = build.input("a", 1)[0];
/// let y = build.not(a);
/// build.output("y", vec![y]);
/// let netlist = build.finish();
/// let wave = Waveform::record(&netlist, &[0, 7], 2, 100, [vec![false], vec![true]]);
/// assert!(vcd::write(&netlist, &wave).ends_with("$dumpvars\n0!\n1\"\n$end\n#100\n1!\n#114\n0\"\n#200\n"));
/// ```
pub fn write(netlist: &Netlist, waveform: &Waveform) -> String {
    let clock_code = code(netlist.cells().len());
    let clock = verilog::clock(netlist);
    let mut out = declarations(netlist, clock.as_deref(), &clock_code);
    out += "#0\n$dumpvars\n";
    if clock.is_some() {
        let _ = writeln!(out, "0{clock_code}");
    }
    for (at, value) in waveform.first().iter().enumerate() {
        let _ = writeln!(out, "{}{}", u8::from(*value), code(at));
    }
    out += "$end\n";
    let mut time = 0;
    for (at, value, net) in events(waveform, clock.is_some()) {
        if at != time {
            let _ = writeln!(out, "#{at}");
            time = at;
        }
        let code = net.map_or(clock_code.clone(), |net| code(net.index()));
        let _ = writeln!(out, "{}{code}", u8::from(value));
    }
    let _ = writeln!(out, "#{}", waveform.duration());
    out
}

fn declarations(netlist: &Netlist, clock: Option<&str>, clock_code: &str) -> String {
    let names = verilog::plain_names(netlist);
    let mut out = "$version axsim $end\n$timescale 1 ps $end\n".to_string();
    let _ = writeln!(out, "$scope module {} $end", netlist.name());
    let mut variable = |indent: &str, code: &str, name: &str| {
        // The index of a bit is a word of its own.
        let name = name.replace('[', " [");
        let _ = writeln!(out, "{indent}$var wire 1 {code} {name} $end");
    };
    if let Some(clock) = clock {
        variable("  ", clock_code, clock);
    }
    names.iter().enumerate().for_each(|(at, name)| variable("  ", &code(at), name));
    for (port, bus) in netlist.outputs() {
        for (bit, net) in bus.iter().enumerate() {
            variable("  ", &code(net.index()), &format!("{port}[{bit}]"));
        }
    }
    for instance in instances(netlist) {
        let _ = writeln!(out, "  $scope module {} $end", instance.name);
        let mut pin = |name: &str, code: &str| {
            let _ = writeln!(out, "    $var wire 1 {code} {name} $end");
        };
        let pins = instance.inputs.iter().chain(&instance.outputs);
        pins.for_each(|(name, net)| pin(name, &code(net.index())));
        if instance.cell == REGISTER {
            pin(CLOCK_PIN, clock_code);
        }
        out += "  $upscope $end\n";
    }
    out + "$upscope $end\n$enddefinitions $end\n"
}

/// Time, new value and net (the clock: none) of every change; at one time the clock comes first.
fn events(waveform: &Waveform, clocked: bool) -> Vec<(u64, bool, Option<Net>)> {
    let mut events = vec![];
    for edge in (1..=waveform.edges()).filter(|_| clocked).map(|edge| edge * waveform.period()) {
        events.extend([(edge, true, None), (edge + waveform.period() / 2, false, None)]);
    }
    let mut values = waveform.first().to_vec();
    events.extend(waveform.changes().map(|(time, net)| {
        values[net.index()] ^= true;
        (time, values[net.index()], Some(net))
    }));
    events.sort_by_key(|event| event.0);
    events
}

/// A short word of printable characters for a number.
fn code(mut number: usize) -> String {
    const FIRST: u8 = b'!';
    const COUNT: usize = 94;
    let mut word = String::new();
    loop {
        word.push((FIRST + (number % COUNT) as u8) as char);
        number /= COUNT;
        if number == 0 {
            return word;
        }
        number -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::netlist::Builder;

    #[test]
    fn codes_are_distinct_and_printable() {
        let codes: std::collections::HashSet<String> = (0..20_000).map(code).collect();
        assert_eq!(codes.len(), 20_000);
        assert!(codes.iter().all(|code| code.bytes().all(|byte| byte.is_ascii_graphic()) && code.len() <= 3));
    }

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
        $version axsim $end
        $timescale 1 ps $end
        $scope module held $end
          $var wire 1 % clk $end
          $var wire 1 ! a [0] $end
          $var wire 1 " a [1] $end
          $var wire 1 # n2 $end
          $var wire 1 $ n3 $end
          $var wire 1 $ y [0] $end
          $scope module g2 $end
            $var wire 1 ! A1 $end
            $var wire 1 " A2 $end
            $var wire 1 # ZN $end
          $upscope $end
          $scope module r3 $end
            $var wire 1 # D $end
            $var wire 1 $ Q $end
            $var wire 1 % CK $end
          $upscope $end
        $upscope $end
        $enddefinitions $end
        #0
        $dumpvars
        0%
        1!
        0"
        0#
        0$
        $end
        #50
        1%
        1"
        #68
        1#
        #75
        0%
        #100
        1%
        0!
        #118
        0#
        #125
        0%
        #140
        1$
        #150
        "#);
    }
}
