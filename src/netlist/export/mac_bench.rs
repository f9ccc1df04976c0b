//! A testbench that streams golden vectors from files through a multiply-accumulate unit and its multiplier.

use super::verilog;
use crate::netlist::Netlist;

/// What a testbench instantiates.
#[derive(Debug, Clone, Copy)]
pub struct Circuits<'a> {
    /// The unit: operands `a` and `b`, the sum `c` that enters, and the register `y`.
    pub mac: &'a Netlist,
    /// Its multiplier.
    pub multiplier: Multiplier<'a>,
    /// Whether the unit's product is 0 where an operand is, whatever the multiplier makes of it.
    pub gated: bool,
}

/// The module of a multiplier: operands `a` and `b`, product `y`.
#[derive(Debug, Clone, Copy)]
pub struct Multiplier<'a> {
    /// What it is called.
    pub name: &'a str,
    /// Bits of an operand.
    pub operand_width: usize,
    /// Bits of a product.
    pub product_width: usize,
}

impl Circuits<'_> {
    /// Bits of an operand of the unit.
    pub fn operand_width(&self) -> usize {
        self.mac.inputs()[0].1.len()
    }

    /// Whether the multiplier takes magnitudes, and the highest bit of the unit's operands is their sign.
    pub fn signs_outside(&self) -> bool {
        self.operand_width() > self.multiplier.operand_width
    }

    /// Bits of a product, with those signs in two's complement.
    pub fn product_width(&self) -> usize {
        self.multiplier.product_width + usize::from(self.signs_outside())
    }

    /// Bits of the accumulator.
    pub fn sum_width(&self) -> usize {
        self.mac.outputs()[0].1.len()
    }
}

/// Writes a testbench in Verilog-2005, the module `bench`, for a stream of `steps` multiply-accumulates.
///
/// It reads `operands.hex` (for `b`, then for `a`), `products.hex`, `sums.hex` and `first.hex` (1 where a sum begins at 0),
/// and drives an output-stationary unit: its register is tied to the sum that enters. It prints `PASS` and the number of
/// steps, or the first difference with its step and `FAIL`.
pub fn write(circuits: Circuits<'_>, steps: usize) -> String {
    format!("module bench;\n{}{}{}endmodule\n", memories(circuits, steps), instances(circuits), stream())
}

fn memories(circuits: Circuits<'_>, steps: usize) -> String {
    let [operand, product, sum] =
        [circuits.operand_width(), circuits.product_width(), circuits.sum_width()].map(|width| width - 1);
    format!(
        "  localparam integer STEPS = {steps};
  reg [{operand}:0] operands [0:2*STEPS-1];
  reg [{product}:0] products [0:STEPS-1];
  reg [{sum}:0] sums [0:STEPS-1];
  reg [0:0] first [0:STEPS-1];
  reg clock = 1'b0;
  reg begins = 1'b1;
  reg [{operand}:0] a = 0;
  reg [{operand}:0] b = 0;
  wire [{product}:0] product;
  wire [{sum}:0] sum;
  integer step;
  integer differing;
"
    )
}

/// The two circuits, and around the multiplier what the unit has there: a gate for zeros, and the sign of magnitudes.
fn instances(circuits: Circuits<'_>) -> String {
    let (mac, multiplier) = (circuits.mac.name(), circuits.multiplier.name);
    let clock = verilog::clock(circuits.mac).expect("a unit has registers");
    let zero = |width: usize| format!("{{{width}{{1'b0}}}}");
    let width = circuits.multiplier.product_width;
    let sign = circuits.operand_width() - 1;
    let operand = if circuits.signs_outside() { format!("[{}:0]", sign - 1) } else { String::new() };
    let live = match circuits.gated {
        true => format!("|a{operand} && |b{operand} ? multiplied : {}", zero(width)),
        false => "multiplied".into(),
    };
    let product = if circuits.signs_outside() { signed("live", ["a", "b"], sign) } else { "live".into() };
    let top = width - 1;
    let sum = format!("begins ? {} : sum", zero(circuits.sum_width()));
    format!(
        "  wire [{top}:0] multiplied;
  {multiplier} multiplier (.a(a{operand}), .b(b{operand}), .y(multiplied));
  wire [{top}:0] live = {live};
  assign product = {product};
  {mac} unit (.{clock}(clock), .a(a), .b(b), .c({sum}), .y(sum));
"
    )
}

/// A product of magnitudes under the sign of two operands, which their highest bits are.
pub(super) fn signed(product: &str, [a, b]: [&str; 2], sign: usize) -> String {
    format!("{a}[{sign}] ^ {b}[{sign}] ? -{{1'b0, {product}}} : {{1'b0, {product}}}")
}

/// Operands are registered: the sum of a step shows one clock after its operands were put in.
fn stream() -> String {
    let check = |step: &str, what: &str, found: &str, expected: &str| {
        format!(
            "{found} !== {expected}[{step}]) begin
        if (differing == 0)
          $display(\"first difference: step %0d: the {what} is %h, expected %h\", {step}, {found}, {expected}[{step}]);
        differing = differing + 1;
      end
"
        )
    };
    format!(
        "  initial begin
    $readmemh(\"operands.hex\", operands);
    $readmemh(\"products.hex\", products);
    $readmemh(\"sums.hex\", sums);
    $readmemh(\"first.hex\", first);
    differing = 0;
    for (step = 0; step <= STEPS; step = step + 1) begin
      if (step < STEPS) begin
        b = operands[2 * step];
        a = operands[2 * step + 1];
      end
      if (step > 0) begins = first[step - 1];
      #1;
      if (step < STEPS && {}      clock = 1'b1;
      #1;
      if (step > 0 && {}      clock = 1'b0;
    end
    if (differing == 0) $display(\"PASS: %0d steps\", STEPS);
    else $display(\"FAIL: %0d of %0d values differ\", differing, 2 * STEPS);
    $finish;
  end
",
        check("step", "product", "product", "products"),
        check("step - 1", "sum", "sum", "sums")
    )
}
