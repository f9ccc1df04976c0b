use proptest::prelude::*;

use super::*;
use crate::netlist::Lanes;
use crate::netlist::export::{mapped, verilog::write};
use crate::netlist::sample::{netlists, same, words};

proptest! {
    #[test]
    fn what_is_written_is_read_as_the_same_circuit(netlist in netlists(), seed in any::<u64>()) {
        same(&netlist, &read(&write(&netlist), "").unwrap(), words(seed));
        same(&netlist, &read(&mapped::write(&netlist), "").unwrap(), words(seed));
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "(module m|\\(|\\)|input |output |wire |\\[|3:0|\\]|a|y|assign |=|&|~|\\?|:|;|always @|posedge |1'b1|endmodule|\n|\\{|\\}|\\PC)*") {
        let _ = read(&text, "");
    }

    /// Every operator against integers of Rust, at widths that cut, extend, and carry.
    #[test]
    fn operators_are_those_of_the_standard(
        operator in 0usize..22, widths in (1u32..12, 1u32..12, 1u32..16), signed in any::<bool>(), seed in any::<u64>()
    ) {
        const OPERATORS: [&str; 22] = [
            "+", "-", "*", "&", "|", "^", "~^", "==", "!=", "<", "<=", ">", ">=", "&&", "||", "<<", ">>", "<<<",
            ">>>", "? 4'sd5 :", "+ -", "- ~",
        ];
        let (a, b, y) = widths;
        let sign = if signed { "signed " } else { "" };
        let (operator, text) = (OPERATORS[operator], "input");
        let source = format!(
            "module m({text} {sign}[{}:0] a, {text} {sign}[{}:0] b, output {sign}[{}:0] y);\n  assign y = a {operator} b;\nendmodule\n",
            a - 1, b - 1, y - 1
        );
        let netlist = read(&source, "").unwrap();
        let mut random = words(seed);
        for _ in 0..32 {
            let codes = [random() & crate::bits::mask(a), random() & crate::bits::mask(b)];
            let values = [(codes[0], a), (codes[1], b)].map(|(code, width)| i128::from(crate::bits::decode(code, width, signed)));
            let expected = standard(operator, values, widths, signed) as u64 & crate::bits::mask(y);
            prop_assert_eq!(netlist.eval(&codes)[0], expected, "{}: {:?}", &source, values);
        }
    }
}

/// What IEEE 1364-2001 says `a operator b` is, before it is cut to the width of the target.
fn standard(
    operator: &str,
    [a, b]: [i128; 2],
    (width_a, width_b, width_y): (u32, u32, u32),
    signed: bool,
) -> i128 {
    let whole = width_a.max(width_b).max(width_y);
    let truth = i128::from;
    let code = |value: i128, width: u32| value & ((1 << width) - 1);
    match operator {
        "+" => a + b,
        "-" => a - b,
        "*" => a * b,
        "&" => a & b,
        "|" => a | b,
        "^" => a ^ b,
        "~^" => !(a ^ b),
        "==" => truth(a == b),
        "!=" => truth(a != b),
        "<" => truth(a < b),
        "<=" => truth(a <= b),
        ">" => truth(a > b),
        ">=" => truth(a >= b),
        "&&" => truth(a != 0 && b != 0),
        "||" => truth(a != 0 || b != 0),
        // The amount is a number without sign; the left operand takes the width of the target.
        "<<" | "<<<" => {
            a.checked_shl(code(b, width_b) as u32).filter(|_| code(b, width_b) < 100).unwrap_or(0)
        }
        ">>" => code(a, width_a.max(width_y)) >> code(b, width_b).min(100),
        ">>>" => a >> code(b, width_b).min(100),
        "? 4'sd5 :" => {
            if a != 0 {
                5
            } else {
                b
            }
        }
        "+ -" => code(a, whole) - code(b, whole),
        _ => {
            if signed {
                a - !b
            } else {
                code(a, whole) - code(!code(b, whole), whole)
            }
        }
    }
}

#[test]
fn the_styles_of_circuit_libraries_are_read() {
    let flat = "module pair (\n A,\n B,\n O\n);\ninput [1:0] A;\ninput [1:0] B;\noutput [1:0] O;\nwire s_1, s_2;\n\
        assign s_1 = A[0] & B[0]; // one\nassign s_2 = ~(A[1] ^ B[1]);\nassign O = {s_2, s_1};\nendmodule\n";
    let mapped = "/* cells */ module pair(A, B, O);\n input [1:0] A, B; output [1:0] O; wire [9:0] N;\n\
        AND2X1 n1(.A(A[0]), .B(B[0]), .Y(N[1]));\nXNOR2_X2 n2(.A(A[1]), .B(B[1]), .ZN(N[2]));\n\
        assign O[0] = N[1], O[1] = N[2];\nendmodule\n";
    let hierarchical = "module half #(parameter W = 1, localparam L = 0) (input [W-1:0] p, q, output [W-1:0] r);\n\
        and g [0] (r, p, q);\nendmodule\n";
    let gates = "module pair(input [1:0] A, B, output [1:0] O);\n xnor (O[1], A[1], B[1]);\n half #(.W(1)) h (A[0], B[0], O[0]);\nendmodule\n\
        module half #(parameter W = 2) (input [W-1:0] p, q, output [W-1:0] r);\n assign r = p & q;\nendmodule\n";
    for text in [flat, mapped, gates] {
        let netlist = read(text, "pair").unwrap();
        assert_eq!(
            netlist.eval_all(),
            (0..16)
                .map(|at| {
                    let (a, b) = (at >> 2, at & 3);
                    a & b & 1 | u64::from((a ^ b) & 2 == 0) << 1
                })
                .collect::<Vec<_>>(),
            "{text}"
        );
    }
    assert!(read(hierarchical, "").is_err());
}

#[test]
fn registers_hold_and_take_over() {
    let text = "module count(input clk, input up, output reg [1:0] q);\n  always @(posedge clk)\n    if (up) q <= q + 1;\nendmodule\n";
    let netlist = read(text, "").unwrap();
    assert_eq!((netlist.inputs().len(), netlist.registers().len()), (1, 2));
    let mut lanes = Lanes::<1>::new(&netlist);
    let counted: Vec<u64> = [1, 1, 0, 1, 1, 0]
        .map(|up| {
            lanes.step(&[[up]]);
            lanes.output(0).iter().enumerate().fold(0, |q, (bit, lane)| q | (lane[0] & 1) << bit)
        })
        .into();
    assert_eq!(counted, [0, 1, 2, 2, 3, 0]);
}

#[test]
fn mistakes_name_their_line() {
    let module = |body: &str| format!("module m(input [1:0] a, output y);\n{body}\nendmodule\n");
    for (body, message) in [
        ("assign y = a[2];", "line 2: bit 2 is outside of `a`"),
        ("assign y = a[0] +;", "line 2: an expression is expected, not `;`"),
        ("assign y = 1'bx;", "line 2: an unknown value is not read"),
        ("assign y = a[0]; assign y = a[1];", "line 2: `y` is driven twice"),
        ("wire n;\nassign y = n;", "line 2: `n` is read, but nothing drives it"),
        (
            "wire p, q;\nassign p = q & a[0];\nassign q = ~p;\nassign y = p;",
            "line 2: a combinational loop: `p` reads `q` reads `p`",
        ),
        (
            "MUL9 u (a, y);",
            "line 2: no module `MUL9` stands in this file, and it is no cell of the libraries that are known",
        ),
        (
            "INV_X1 u (.A(a), .ZN(y));",
            "line 2: the port `A` of `INV_X` is 1 bit wide, what is connected 2 bits",
        ),
        ("wire z = {0{a}};", "line 2: at least one bit outside of a concatenation is expected, not `{0{…}}`"),
        ("INV_X1 u (.A(a[0]), .Y(y));", "line 2: `INV_X` has no port `Y`"),
        (
            "generate for (i = 0; i < 1000000000; i = i + 1) begin end endgenerate",
            "line 2: `generate` is not read",
        ),
        (
            "wire [99999999999:0] w; assign y = w[0];",
            "line 2: `w`, of 100000000000 bits, is too large; the limit is 1048576",
        ),
        ("m u (.a(a), .y(y));", "line 1: `m` within itself is too large; the limit is 64"),
        ("assign y = {900000000{a}};", "line 2: the circuit is too large; the limit is 33554432"),
        (
            "always @(posedge a[0] or negedge a[1]) y <= 1;",
            "line 2: a second event, as of an asynchronous reset, is not read",
        ),
        ("assign y = a / 2;", "line 2: the operator `/` is not read"),
    ] {
        let error = read(&module(body), "").unwrap_err().to_string();
        assert!(error.starts_with(message), "{body}: {error}");
    }
    let clock = "module m(input clk, output y);\nreg r;\nalways @(posedge clk) r <= ~r;\nassign y = r & clk;\nendmodule\n";
    let error = read(clock, "").unwrap_err().to_string();
    assert!(error.starts_with("line 1: `clk` clocks registers and is read by logic as well"), "{error}");
    assert_eq!(read("", "").unwrap_err().to_string(), "line 1: there is no module with an output here");
    let two = "module a(output y);\nendmodule\nmodule b(output y);\nendmodule\n";
    assert!(read(two, "").unwrap_err().to_string().contains("`a`, `b`"));
    let deep = format!(
        "module m(input a, output y);\nassign y = {}a{};\nendmodule\n",
        "(".repeat(100_000),
        ")".repeat(100_000)
    );
    assert!(read(&deep, "").unwrap_err().to_string().contains("too large"));
    let long = format!("module m(input a, output y);\nassign y = a{};\nendmodule\n", "^a".repeat(100_000));
    assert!(read(&long, "").unwrap_err().to_string().contains("too large"));
}

#[test]
fn every_cell_without_a_drive_is_known() {
    for cell in ["NAND2_X4", "FA_X1", "FAX1", "sky130_fd_sc_hd__nor2_8", "$_AOI4_", "DFF_X1"] {
        assert!(cells::find(cell).is_some(), "{cell}");
    }
    assert!(cells::find("NAND7_X1").is_none());
}

#[test]
fn cells_stand_as_they_are_written_and_logic_beside_them_is_refused() {
    let text = |body: &str| format!("module m(input a, b, output y);\n  wire n, o;\n{body}endmodule\n");
    let two = "  AND2_X1 U1 (.A1(a), .A2(b), .ZN(n));\n  AND2_X1 U2 (.A1(a), .A2(b), .ZN(o));\n  \
               FA_X1 U3 (.A(n), .B(o), .CI(1'b0), .CO(), .S(y));\n";
    let (netlist, instances) = read_cells(&text(two), "").unwrap();
    // Neither are the equal gates one, nor is the constant folded; the carry that nothing reads is not built.
    assert_eq!(netlist.gate_count(), 3);
    assert_eq!(read(&text(two), "").unwrap().gate_count(), 0);
    let names: Vec<(&str, usize)> = instances.iter().map(|cell| (&*cell.name, cell.outputs.len())).collect();
    assert_eq!(names, [("U1", 1), ("U2", 1), ("U3", 1)]);
    let message = |body: &str| read_cells(&text(body), "").unwrap_err().to_string();
    assert!(
        message("  assign n = a;\n  assign y = n & b;\n")
            .starts_with("line 4: logic outside of library cells")
    );
    assert!(
        message("  INV_X1 U1 (.A(a ^ b), .ZN(y));\n").starts_with("line 3: logic outside of library cells")
    );
    assert!(
        message("  DFF_X1 U1 (.D(a), .CK(b), .Q(y), .QN());\n").starts_with("line 3: a register among cells")
    );
    assert!(message("  INV_X1 U1 (.ZN(y));\n").starts_with("line 3: `U1.A` is read, but nothing drives it"));
}

/// Few characters that ask for memory or time without end.
#[test]
fn what_would_not_end_is_refused() {
    let doubled: String = (0..40)
        .map(|at| format!("module m{at}(output y);\n  m{0} a();\n  m{0} b();\nendmodule\n", at + 1))
        .collect();
    let operands = "x+(".repeat(300) + "x" + &")".repeat(300);
    for text in [
        doubled + "module m40(output y);\nendmodule\n",
        format!("module m(input [1000000:0] x, output y);\n  assign y = {operands};\nendmodule\n"),
        "module m(input a, output y);\n  assign y = {200{a}} >> {400000{a}};\nendmodule\n".into(),
        "module m(input [300:0] a, output y);\n  assign y = a * a;\nendmodule\n".into(),
        "module m(input a, output y);\n  assign y = &{2000000000{a}};\nendmodule\n".into(),
        "module m(input a, output y);\n  assign y = 70000'h0 ^ a;\nendmodule\n".into(),
        "module m(input [4294967296:0] a, output y);\n  assign y = a[0];\nendmodule\n".into(),
    ] {
        let error = read(&text, "").map(|netlist| netlist.gate_count()).unwrap_err().to_string();
        assert!(error.contains("too large"), "{error}");
    }
    let twice = "module m(a, a, y);\n  input a;\n  output y;\n  assign y = a;\nendmodule\n";
    assert_eq!(read(twice, "").unwrap_err().to_string(), "line 1: `a` is declared twice");
}

/// Parameters whose declarations cut, widen and sign what they are given, and expressions that are narrower than 64 bits, with
/// the values that Icarus, Verilator and Yosys give; of `4'd15 + 4'd1` without a declared width Icarus keeps the carry, against the
/// standard.
#[test]
fn parameters_have_the_width_and_sign_of_their_declarations() {
    for (declaration, expression, expected) in [
        ("localparam [3:0] C = 5;", "{2'd2, C}", 0x25),
        ("localparam [3:0] C = 17;", "C", 1),
        ("localparam [3:0] C = -1;", "C + 6'd1", 16),
        ("localparam signed [3:0] C = -1;", "C", 0xffff),
        ("localparam [7:0] C = 4'sb1011;", "C", 0xfb),
        ("localparam C = -4'd3;", "C + 8'd1", 14),
        ("localparam signed C = 4'd13;", "C", 0xfffd),
        ("localparam integer C = 4'd13, D = -1;", "C + D", 12),
        ("localparam [2:0] C = 9, D = 12;", "{C, D}", 0b001_100),
        ("localparam [7:0] C = 4'd15 + 4'd1;", "C", 16),
        ("localparam C = 4'd15 + 4'd1;", "C", 0),
        ("localparam C = {2{3'd5}};", "{C, 1'b1}", 0b101_1011),
        ("", "8'd1 << (2'd3 + 2'd1)", 1),
        ("", "8'd1 << 2'sd2", 4),
        ("", "8'd4 >> 1'sb1", 2),
        ("", "8'd4 >> (5'sb11010 >= 4'h6)", 2),
        ("", "8'd4 >> ^3'b110", 4),
    ] {
        let source = format!(
            "module m(input a, output [15:0] y);\n  {declaration}\n  assign y = ({expression});\nendmodule\n"
        );
        assert_eq!(read(&source, "").unwrap().eval(&[0])[0], expected, "{declaration} {expression}");
    }
    let given = "module n #(parameter [3:0] K = 1, L = 2, parameter signed [2:0] M = 0) (output [15:0] y);\n  \
                 assign y = {K, L, M[0], 1'b0} + M;\nendmodule\nmodule m(input a, output [15:0] y);\n  \
                 n #(.K(7), .L(8'd35)) n0(y);\nendmodule\n";
    let message = read(given, "m").unwrap_err().to_string();
    assert!(message.contains('M'), "bits of parameters are not read: {message}");
    let given = given.replace("M[0]", "1'b0");
    assert_eq!(read(&given, "m").unwrap().eval(&[0])[0], 0b01_1100_1100);
}

#[test]
fn numbers_without_a_width_beside_bits_and_ranges_the_other_way_round_are_refused() {
    for (expression, expected) in [
        (
            "{a, 5}",
            "a number with its width, as `4'd5`, among bits that are put side by side is expected, not `5`",
        ),
        ("a[0:1]", "a range of `a` in the direction of its declaration is expected, not `a[0:1]`"),
    ] {
        let source =
            format!("module m(input [3:0] a, output [7:0] y);\n  assign y = {expression};\nendmodule\n");
        let error = read(&source, "").unwrap_err();
        assert!(error.line == 2 && error.to_string().contains(expected), "{error}");
    }
}

proptest! {
    /// What is computed before there are gates is what gates compute.
    #[test]
    fn constants_are_what_gates_give(
        picks in proptest::collection::vec(any::<u32>(), 40), declared in (1u32..20, any::<bool>()),
    ) {
        let mut picks = picks.into_iter();
        let expression = expression(&mut picks, 3);
        let (width, signed) = declared;
        let sign = if signed { "signed " } else { "" };
        let of = |body: &str| format!("module m(input a, output [23:0] y);\n{body}endmodule\n");
        let constant = of(&format!("  localparam {sign}[{}:0] C = {expression};\n  assign y = C;\n", width - 1));
        let gates = of(&format!("  wire {sign}[{}:0] c;\n  assign c = {expression};\n  assign y = c;\n", width - 1));
        let found = [&constant, &gates].map(|source| read(source, "").unwrap().eval(&[0])[0]);
        prop_assert_eq!(found[0], found[1], "{}", constant);
    }
}

/// An expression of numbers that have their widths.
fn expression(picks: &mut impl Iterator<Item = u32>, depth: u32) -> String {
    const BINARY: [&str; 19] = [
        "+", "-", "*", "&", "|", "^", "~^", "==", "!=", "<", "<=", ">", ">=", "&&", "||", "<<", ">>", "<<<",
        ">>>",
    ];
    const UNARY: [&str; 9] = ["-", "~", "!", "&", "|", "^", "~&", "~|", "~^"];
    let pick = picks.next().unwrap_or(0);
    let at = pick as usize / 8;
    let inner = |picks: &mut _| expression(picks, depth - 1);
    match if depth == 0 { 0 } else { pick % 8 } {
        0 | 1 => {
            let width = 1 + pick / 8 % 9;
            format!("{width}'{}d{}", ["", "s"][pick as usize / 128 % 2], pick / 256 % (1 << width))
        }
        2 => format!("({}({}))", UNARY[at % UNARY.len()], inner(picks)),
        3 => format!("({} ? {} : {})", inner(picks), inner(picks), inner(picks)),
        4 => format!("{{{}, {}}}", inner(picks), inner(picks)),
        5 => format!("$signed({})", inner(picks)),
        _ => format!("({} {} {})", inner(picks), BINARY[at % BINARY.len()], inner(picks)),
    }
}

#[test]
fn a_loop_is_told_by_the_nets_on_it_alone() {
    let source = "module m(input [1:0] a, output y);\n  wire t, u;\n  wire innocent;\n  assign innocent = a[0] & a[1];\n  \
                  assign t = u ^ a[0];\n  assign u = t & a[1];\n  assign y = t | innocent;\nendmodule\n";
    let message = read(source, "").unwrap_err().to_string();
    assert_eq!(message, "line 2: a combinational loop: `t` reads `u` reads `t`");
}
