//! A unit around a multiplier that is known by its products alone, as behaviour for a simulator.

use super::mac_bench::{Circuits, signed};
use super::verilog;
use crate::netlist::Netlist;

/// Writes a multiplier in Verilog-2005 that reads its products from the file `products` of hexadecimal words, in the order of
/// the codes of `a`, those of `b` changing fastest.
///
/// ```
/// use axsim::netlist::export::{mac_bench::Multiplier, mac_table};
/// let pins = Multiplier { name: "mul2u_table", operand_width: 2, product_width: 4 };
/// assert!(mac_table::multiplier(pins, "mul2u_table.hex").contains("reg [3:0] products [0:15];"));
/// ```
pub fn multiplier(pins: super::mac_bench::Multiplier<'_>, products: &str) -> String {
    let super::mac_bench::Multiplier { name, operand_width, product_width } = pins;
    let ([operand, product], last) = ([operand_width - 1, product_width - 1], (1 << (2 * operand_width)) - 1);
    format!(
        "// A product table as it is: no gates.
module {name}(a, b, y);
  input [{operand}:0] a;
  input [{operand}:0] b;
  output [{product}:0] y;
  reg [{product}:0] products [0:{last}];
  initial $readmemh(\"{products}\", products);
  assign y = products[{{a, b}}];
endmodule
"
    )
}

/// Writes the unit around it in Verilog-2005: registers for both operands and the sum, and between them the multiplier, the
/// sign of magnitudes, and the circuit `accumulator` from `sum` and `product` to `y`. `is_signed` tells of the multiplier's
/// products.
///
/// # Panics
/// When the unit has no registers.
pub fn unit(circuits: Circuits<'_>, accumulator: &Netlist, is_signed: bool) -> String {
    let clock = verilog::clock(circuits.mac).expect("a unit has registers");
    let (operand, sum) = (circuits.operand_width() - 1, circuits.sum_width() - 1);
    let (entering, addend) = (circuits.multiplier.operand_width - 1, accumulator.inputs()[1].1.len() - 1);
    let product = match (circuits.signs_outside(), is_signed) {
        (true, _) => signed("multiplied", ["held_a", "held_b"], operand),
        (false, true) => "multiplied".into(),
        (false, false) => "{1'b0, multiplied}".into(),
    };
    format!(
        "// Behaviour around gates of the accumulator alone.
module {}({clock}, a, b, c, y);
  input {clock};
  input [{operand}:0] a;
  input [{operand}:0] b;
  input [{sum}:0] c;
  output reg [{sum}:0] y;
  reg [{operand}:0] held_a;
  reg [{operand}:0] held_b;
  wire [{}:0] multiplied;
  wire [{addend}:0] product = {product};
  wire [{sum}:0] next;
  {} multiplier (.a(held_a[{entering}:0]), .b(held_b[{entering}:0]), .y(multiplied));
  {} accumulator (.sum(c), .product(product), .y(next));
  always @(posedge {clock}) begin
    held_a <= a;
    held_b <= b;
    y <= next;
  end
endmodule
",
        circuits.mac.name(),
        circuits.multiplier.product_width - 1,
        circuits.multiplier.name,
        accumulator.name(),
    )
}
