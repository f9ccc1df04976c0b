//! A testbench that checks a module against vectors it carries, for any Verilog simulator.

use std::fmt::Write;

use crate::netlist::Netlist;

/// What a module is to answer to two operands, as codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vector {
    /// The codes of the first and the second input bus.
    pub operands: [u64; 2],
    /// The code of the output bus.
    pub result: u64,
}

/// Writes a testbench in Verilog-2001 for the module of a netlist with two inputs and one output; `None` for others.
///
/// It prints `PASS` and the number of vectors, or the first vector that differs and `FAIL`, and ends the simulation
/// with an error (`$fatal` is SystemVerilog, so the exit code of Icarus stays 0: look for `PASS`).
pub fn write(netlist: &Netlist, vectors: &[Vector]) -> Option<String> {
    let ([(a, bus_a), (b, bus_b)], [(y, bus_y)]) = (netlist.inputs(), netlist.outputs()) else { return None };
    if !netlist.registers().is_empty() {
        return None;
    }
    let [width_a, width_b, width_y] = [bus_a, bus_b, bus_y].map(Vec::len);
    let name = netlist.name();
    let mut out = format!(
        "module {name}_bench;
  reg [{}:0] {a};
  reg [{}:0] {b};
  wire [{}:0] {y};
  integer differing;
  {name} circuit (.{a}({a}), .{b}({b}), .{y}({y}));
  task check(input [{}:0] operand_a, input [{}:0] operand_b, input [{}:0] expected);
    begin
      {a} = operand_a;
      {b} = operand_b;
      #1;
      if ({y} !== expected) begin
        if (differing == 0)
          $display(\"first difference: {a} = %0d, {b} = %0d: {y} is %h, expected %h\", operand_a, operand_b, {y}, expected);
        differing = differing + 1;
      end
    end
  endtask
  initial begin
    differing = 0;
",
        width_a - 1,
        width_b - 1,
        width_y - 1,
        width_a - 1,
        width_b - 1,
        width_y - 1
    );
    for Vector { operands: [a, b], result } in vectors {
        let _ = writeln!(out, "    check({width_a}'h{a:x}, {width_b}'h{b:x}, {width_y}'h{result:x});");
    }
    let count = vectors.len();
    let _ = write!(
        out,
        "    if (differing == 0) $display(\"PASS: {count} vectors\");
    else $display(\"FAIL: %0d of {count} vectors differ\", differing);
    $finish;
  end
endmodule
"
    );
    Some(out)
}
