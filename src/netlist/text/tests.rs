use proptest::prelude::*;

use super::super::sample::{netlists, words};
use super::*;
use crate::netlist::{Builder, Lanes};

fn message(text: &str) -> String {
    parse(text).unwrap_err().to_string()
}

/// The message for one line below a header, two inputs and a state.
fn mistake(line: &str) -> String {
    message(&format!("netlist example\ninput a[4]\ninput b[0]\nq = state\nnext q = a[0]\n{line}\n"))
}

#[test]
fn a_form_with_comments_and_free_spacing_is_read() {
    let toggle = "# divides by two\n\n  netlist toggle # the name\nq=state\n d = not  q\nnext q=d\noutput y=q d\noutput none=\n";
    let netlist = parse(toggle).unwrap();
    assert_eq!(
        write(&netlist),
        "netlist toggle\nn0 = state\nn1 = not n0\nnext n0 = n1\noutput y = n0 n1\noutput none =\n"
    );
    let mut lanes = Lanes::<1>::new(&netlist);
    let seen: Vec<u64> = (0..4)
        .map(|_| {
            lanes.step(&[]);
            lanes.output(0)[0][0] & 1
        })
        .collect();
    assert_eq!(seen, [0, 1, 0, 1]);
}

#[test]
fn buses_without_bits_keep_their_place() {
    let mut build = Builder::new("empty");
    build.input("first", 0);
    let a = build.input("a", 2);
    build.input("last", 0);
    build.output("y", a);
    let netlist = build.finish();
    assert_eq!(parse(&write(&netlist)), Ok(netlist));
}

#[test]
fn mistakes_name_the_line_and_what_to_write() {
    insta::assert_snapshot!(mistake("n1 = nad a[0] a[1]"), @"line 6: there is no gate `nad`; did you mean `nand`?");
    insta::assert_snapshot!(mistake("n1 = mux a[0] a[1]"), @"line 6: `mux` reads 3 nets (select, one, zero), 2 are given");
    insta::assert_snapshot!(mistake("n1 = and n2 a[1]"), @"line 6: `n2` is not defined above; define a net before it is read (a loop goes through `state` and `next`)");
    insta::assert_snapshot!(mistake("n1 = not a[4]"), @"line 6: `a[4]` is no bit of the input `a`, whose bits are `a[0]` to `a[3]`");
    insta::assert_snapshot!(mistake("q = not a[0]"), @"line 6: `q` has its definition in line 4; choose another name");
}

#[test]
fn every_other_mistake_is_refused_too() {
    for (line, expected) in [
        ("n1 = not n1", "`n1` is not defined above"),
        ("n1 = not", "`not` reads 1 net, 0 are given"),
        ("n1 = xor a[0]", "`xor` reads 2 nets, 1 is given"),
        ("n1 = not b[0]", "`b[0]` is no bit of the input `b`, whose bits are none"),
        ("n1 = not a", "`a` is no bit of the input `a`"),
        ("n1 = constant x", "write `constant 0` or `constant 1`"),
        ("1n = constant 1", "`1n` is no name"),
        ("next = constant 1", "`next` is no name"),
        ("a[0] = constant 1", "`a[0]` is no name"),
        ("input a[4]", "`a` has its definition in line 2"),
        ("output b = a[0]", "`b` has its definition in line 3"),
        ("input c", "`c` is no bus with its width"),
        ("input c[-1]", "`c[-1]` is no bus with its width"),
        ("input c[4097]", "at most 4096 bits"),
        ("next a[0] = q", "`a[0]` is no state"),
        ("next q = a[1]", "the next state of `q` stands in line 5"),
        ("r = state", "the state `r` has no next state; add `next r = NET`"),
        ("netlist again", "the first statement, and no other"),
        ("output y", "a statement is expected"),
        ("wire n1", "a statement is expected"),
    ] {
        let found = mistake(line);
        assert!(found.starts_with("line 6: ") && found.contains(expected), "{line}: {found}");
    }
    assert_eq!(message(""), "line 1: the first statement, and no other, is `netlist NAME`");
    assert_eq!(
        message("# only\n\ninput a[1]"),
        "line 3: the first statement, and no other, is `netlist NAME`"
    );
    assert!(message("netlist 8bit").contains("`8bit` is no name"));
}

proptest! {
    #[test]
    fn what_is_written_reads_back_to_the_same_netlist(netlist in netlists()) {
        prop_assert_eq!(parse(&write(&netlist)), Ok(netlist));
    }

    #[test]
    fn arbitrary_text_never_panics(text in "(\\PC|\n)*") {
        let _ = parse(&text);
        let _ = parse(&format!("netlist x\n{text}"));
    }

    #[test]
    fn damaged_text_never_panics(netlist in netlists(), seed in any::<u64>()) {
        let (written, mut random) = (write(&netlist), words(seed));
        let mut parts: Vec<&str> = written.split_inclusive([' ', '\n', '[', '=']).collect();
        for _ in 0..3 {
            let mut place = || (random() % parts.len() as u64) as usize;
            let (from, to) = (place(), place());
            parts.swap(from, to);
        }
        // What is read in spite of the damage is a netlist like any other.
        if let Ok(netlist) = parse(&parts.concat()) {
            prop_assert_eq!(parse(&write(&netlist)), Ok(netlist));
        }
    }
}
