use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::netlist::export::{mapped, sdf};
use crate::netlist::import::verilog::read_cells;
use crate::netlist::sample::{netlists, same, words};

/// Delay of every output by instance and pin.
fn by_pin(instances: &[Instance], annotation: &Annotation) -> HashMap<(String, String), u32> {
    let pins = instances.iter().flat_map(|instance| {
        let pin = |(pin, net): &(String, Net)| {
            ((instance.name.clone(), pin.clone()), annotation.delays[net.index()])
        };
        instance.outputs.iter().map(pin)
    });
    pins.collect()
}

proptest! {
    #[test]
    fn our_own_delays_come_back(netlist in netlists(), seed in any::<u64>()) {
        let library = CellLibrary::nangate45();
        let cells = library.map(&netlist);
        let text = sdf::write(&cells, &library.delay_triples(&cells), "test");
        let read = Sdf::read(&text).unwrap();
        let instances = mapped::instances(&cells);
        let found = Annotation::of(&cells, &instances, &read).unwrap();
        let ratio = (TICK / Annotation::TICK) as u32;
        let expected: Vec<u32> = library.delays(&cells).iter().map(|ticks| ratio * ticks).collect();
        prop_assert_eq!(&found.delays, &expected);
        if !cells.registers().is_empty() {
            return Ok(());
        }
        // The same through the Verilog text, whose cells come in another order.
        let (again, named) = read_cells(&mapped::write(&cells), "").unwrap();
        same(&cells, &again, words(seed));
        let other = Annotation::of(&again, &named, &read).unwrap();
        prop_assert_eq!(by_pin(&named, &other), by_pin(&instances, &found));
        prop_assert_eq!(other.longest, found.longest);
    }

    #[test]
    fn no_text_makes_the_reader_panic(
        text in "(\\(|\\)|DELAYFILE|CELL|INSTANCE|U1|/|\\*|\\.|DELAY|ABSOLUTE|IOPATH|INTERCONNECT|PORT|COND|TIMESCALE|1ns|\\(1:2:3\\)|:|-1|1e400|\"| |\n|\\\\|//|\\PC)*"
    ) {
        let _ = Sdf::read(&text);
        if let Ok(sdf) = Sdf::read(&format!("(DELAYFILE (CELL (CELLTYPE \"INV_X1\") (INSTANCE U1) (DELAY (ABSOLUTE {text}))))")) {
            let (netlist, instances) = circuit();
            let _ = Annotation::of(&netlist, &instances, &sdf);
        }
    }
}

/// An inverter, a buffer and a gate of four inputs, within a module of their own.
fn circuit() -> (Netlist, Vec<Instance>) {
    let text = "module part(input p, output q);\n  wire n;\n  INV_X1 U1 (.A(p), .ZN(n));\n  BUF_X2 \\U2[0] (.A(n), .Z(q));\nendmodule\n\
                module top(input [3:0] a, output [1:0] y);\n  wire n, unread;\n  part inner (.p(a[0]), .q(n));\n  \
                NAND4_X1 U3 (.A1(n), .A2(a[1]), .A3(a[2]), .A4(a[3]), .ZN(y[1]));\n  INV_X1 U4 (.A(n), .ZN(unread));\n  assign y[0] = n;\nendmodule\n";
    read_cells(text, "").unwrap()
}

const FILE: &str = r#"(DELAYFILE
  (SDFVERSION "3.0") // a comment
  (DIVIDER /)
  (TIMESCALE 1ns) /* another
  one */
  (CELL (CELLTYPE "INV_X1") (INSTANCE inner/U1)
    (DELAY (ABSOLUTE (IOPATH A ZN (0.010:0.020:0.030) (0.040::0.060))))
    (TIMINGCHECK (SETUP D (posedge CK) (0.1))))
  (CELL (CELLTYPE "BUF_X2") (INSTANCE inner/U2\[0\])
    (DELAY (ABSOLUTE (PORT A (0.005)) (IOPATH A Z (RETAIN (0.1)) (0.025)))))
  (CELL (CELLTYPE "NAND4_X1") (INSTANCE U3)
    (DELAY (ABSOLUTE
      (COND A2 == 1'b1 && (A3) (IOPATH (posedge A1) ZN (0.030) (0.030)))
      (CONDELSE (IOPATH A1 ZN (0.040) (0.050)))
      (IOPATH A2 ZN (0.010) ()))))
  (CELL (CELLTYPE "top") (INSTANCE)
    (DELAY (ABSOLUTE
      (INTERCONNECT inner/U2\[0\]/Z U3/A1 (0.006:0.007:0.008))
      (INTERCONNECT U3/ZN y[1] (0.002))))))
"#;

#[test]
fn paths_wires_and_conditions_add_up_by_hand() {
    let (netlist, instances) = circuit();
    let found = Annotation::of(&netlist, &instances, &Sdf::read(FILE).unwrap()).unwrap();
    let delays = by_pin(&instances, &found);
    let delay = |name: &str, pin: &str| delays[&(name.to_string(), pin.to_string())];
    // Rise 20, fall the mean of 40 and 60.
    assert_eq!(delay("inner/U1", "ZN"), 35);
    // Wire 5 and path 25, of which the first of its two inverters takes one tick.
    assert_eq!(delay("inner/U2[0]", "Z"), 29);
    // Paths of 30 and 45 behind a wire of 7, and of 10; the three gates before the last take a tick each.
    assert_eq!(delay("U3", "ZN"), 33 - 3);
    // 50 + 5 + 25, then 7 + 50 + 2.
    assert!((found.longest.0 * 1e12 - 139.0).abs() < 1e-9, "{}", found.longest);
    assert!(instances.iter().any(|cell| cell.name == "U4" && cell.outputs.is_empty()));
}

/// Into the register 40 ps and 30 ps, then a wire of 7; out of it 50 ps.
#[test]
fn a_path_that_ends_at_a_register_may_be_the_longest() {
    let mut build = crate::netlist::Builder::new("part");
    let (a, b) = (build.input("a", 1)[0], build.input("b", 1)[0]);
    let half = build.xor(a, b);
    let both = build.and(half, a);
    let y = build.register(&[both]);
    build.output("y", y.clone());
    let netlist = build.finish();
    let delay = |net: Net| [(half, 40.0), (both, 30.0), (y[0], 50.0)].into_iter().find(|(at, _)| *at == net);
    let delays: Vec<_> = (0..netlist.cells().len() as u32).map(Net).map(delay).collect();
    let delays: Vec<_> = delays.into_iter().map(|found| [found.map_or(0.0, |(_, delay)| delay); 3]).collect();
    let (text, instances) = (sdf::write(&netlist, &delays, "test"), mapped::instances(&netlist));
    let longest = |text: &str| {
        let found = Annotation::of(&netlist, &instances, &Sdf::read(text).unwrap()).unwrap();
        found.longest.0 * 1e12
    };
    assert!((longest(&text) - 70.0).abs() < 1e-9, "{}: {text}", longest(&text));
    let register = instances.iter().find(|cell| cell.outputs[0].1 == y[0]).unwrap();
    let wire = format!(
        "(CELL (CELLTYPE \"part\") (INSTANCE) (DELAY (ABSOLUTE (INTERCONNECT x {}/D (7)))))\n)",
        register.name
    );
    let wired = text.trim_end().strip_suffix(')').unwrap().to_string() + &wire;
    assert!((longest(&wired) - 77.0).abs() < 1e-9, "{}: {wired}", longest(&wired));
}

#[test]
fn what_does_not_fit_is_named_with_its_line() {
    let (netlist, instances) = circuit();
    let message = |from: &str, to: &str| {
        assert!(FILE.contains(from), "{from}");
        let found =
            Sdf::read(&FILE.replacen(from, to, 1)).and_then(|sdf| Annotation::of(&netlist, &instances, &sdf));
        found.err().map_or("none".into(), |error| error.to_string())
    };
    assert_eq!(message("inner/U1", "inner/U9"), "line 7: the circuit has no instance `inner/U9`");
    assert_eq!(message("inner/U2\\[0\\])\n", "U2\\[0\\])\n"), "line 10: the circuit has no instance `U2[0]`");
    assert!(
        message("INV_X1", "INV_X2")
            .starts_with("line 7: `inner/U1` is `INV_X1` in the circuit, not `INV_X2`")
    );
    assert_eq!(
        message("A ZN (0.010", "A Q (0.010"),
        "line 1: 1 of the circuit's cells have no delay in the file, the first are `inner/U1`"
    );
    assert_eq!(message("U3/A1", "U3/B7"), "line 18: `U3` has no input pin `B7`");
    assert_eq!(message("y[1]", "y[7]"), "line 19: the circuit has no output `y[7]`");
    assert!(message("1ns", "3ns").starts_with("line 4: `3ns` is no time scale; write 1, 10 or 100"));
    assert!(
        message("ABSOLUTE (IOPATH A ZN", "INCREMENT (IOPATH A ZN")
            .starts_with("line 7: INCREMENT is not read")
    );
    assert!(message("inner/U1", "*").starts_with("line 6: an instance `*` is not read"));
    assert!(message("0.020", "-0.020").starts_with("line 7: a delay of at least 0 such as"));
    assert!(message("(INTERCONNECT U3", "(NETDELAY U3").starts_with("line 19: NETDELAY is not read"));
    assert!(message("\"3.0\"", "\"3.0").ends_with("a quotation mark that is not closed"));
    assert!(Sdf::read(&"(".repeat(100)).unwrap_err().to_string().contains("too deep"));
    assert!(Sdf::read("(DELAYFILE").unwrap_err().to_string().contains("not closed"));
    assert!(Sdf::read("").unwrap_err().to_string().starts_with("line 1: "));
    assert!(Sdf::read("DELAYFILE").unwrap_err().to_string().contains("is expected at the start"));
}
