//! A circuit that others wrote, as a design.

use super::Design;
use crate::bits;
use crate::netlist::Netlist;
use crate::table::{Operation, Signature};

/// A two-operand circuit of gates alone: nothing but its gates says what it computes.
pub struct Imported {
    netlist: Netlist,
    signature: Signature,
}

/// Why a circuit is no adder and no multiplier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportedError {
    /// Other ports than two operands and a result.
    #[error("two operands and a result are expected; `{0}` has {1} inputs and {2} outputs")]
    Ports(String, usize, usize),
    /// Registers.
    #[error("`{0}` has registers; characterize takes combinational circuits")]
    Clocked(String),
    /// More bits than a word of an operand or a result holds.
    #[error(
        "`{0}` has operands of up to {1} bits and a result of {2}; those of at most 62 and 64 bits are measured"
    )]
    Wide(String, u32, u32),
    /// A width of result that no operation has.
    #[error(
        "operands of {a} and {b} bits and a result of {out} are neither a product ({product}) nor a sum ({sum}, or {wrapped} that wraps)",
        product = .a + .b, sum = .a.max(.b) + 1, wrapped = .a.max(.b)
    )]
    Widths {
        /// Bits of the first operand.
        a: u32,
        /// Bits of the second operand.
        b: u32,
        /// Bits of the result.
        out: u32,
    },
}

impl Imported {
    /// Takes a circuit whose first input is `a` and whose second is `b`.
    ///
    /// The name tells operation and sign where it begins as those of EvoApproxLib and of this crate (`mul8x4u_`,
    /// `add12se_`, `mul8s_`); else the width of the result tells the operation, and operands are without sign. A product
    /// without sign may have one bit more than both operands.
    ///
    /// # Errors
    /// [`ImportedError`].
    ///
    /// ```
    /// use axsim::arith::{Design, imported::Imported};
    /// use axsim::netlist::import::verilog;
    /// let text = "module mul2s_cut(input [1:0] A, B, output [3:0] O);\n  assign O = $signed(A) * $signed(B);\nendmodule\n";
    /// let design = Imported::new(verilog::read(text, "").unwrap()).unwrap();
    /// assert_eq!(design.eval(-2, 1), -2);
    /// ```
    pub fn new(netlist: Netlist) -> Result<Self, ImportedError> {
        let name = netlist.name().to_string();
        let widths =
            |buses: &[(String, Vec<_>)]| buses.iter().map(|(_, bus)| bus.len() as u32).collect::<Vec<_>>();
        let (inputs, outputs) = (widths(netlist.inputs()), widths(netlist.outputs()));
        let ([width_a, width_b], [out]) = (&inputs[..], &outputs[..]) else {
            return Err(ImportedError::Ports(name, inputs.len(), outputs.len()));
        };
        if !netlist.registers().is_empty() {
            return Err(ImportedError::Clocked(name));
        }
        let (width_a, width_b, out) = (*width_a, *width_b, *out);
        let sum = width_a.max(width_b);
        if sum > 62 || out > 64 {
            return Err(ImportedError::Wide(name, sum, out));
        }
        let signed = named(&name).is_some_and(|(_, signed)| signed);
        let product = width_a + width_b..=width_a + width_b + u32::from(!signed);
        let operation = match named(&name).map(|(operation, _)| operation) {
            Some(Operation::Add) if out == sum || out == sum + 1 => Operation::Add,
            Some(Operation::Mul) | None if product.contains(&out) && out > sum + 1 => Operation::Mul,
            None if out == sum || out == sum + 1 => Operation::Add,
            Some(Operation::Mul) if product.contains(&out) => Operation::Mul,
            _ => return Err(ImportedError::Widths { a: width_a, b: width_b, out }),
        };
        Ok(Self { netlist, signature: Signature { operation, width_a, width_b, signed } })
    }

    /// Bits of the result: of a sum that wraps, one less than a sum has; of a product, those of both operands or one more.
    pub fn width_out(&self) -> u32 {
        self.netlist.outputs()[0].1.len() as u32
    }
}

/// Operation and sign that a name begins with.
fn named(name: &str) -> Option<(Operation, bool)> {
    let (operation, rest) = match name.split_at_checked(3)? {
        ("add", rest) => (Operation::Add, rest),
        ("mul", rest) => (Operation::Mul, rest),
        _ => return None,
    };
    let sign = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == 'x');
    let signed = match sign.split('_').next()? {
        "s" | "se" => true,
        "u" | "" => false,
        _ => return None,
    };
    (sign.len() < rest.len()).then_some((operation, signed))
}

impl Design for Imported {
    fn id(&self) -> String {
        self.netlist.name().into()
    }
    fn signature(&self) -> Signature {
        self.signature
    }
    fn eval(&self, a: i64, b: i64) -> i64 {
        let Signature { width_a, width_b, signed, .. } = self.signature;
        let result = self.netlist.eval(&[bits::encode(a, width_a), bits::encode(b, width_b)])[0];
        bits::decode(result, self.width_out(), signed)
    }
    fn netlist(&self) -> Netlist {
        self.netlist.clone()
    }
    fn width_out(&self) -> u32 {
        Imported::width_out(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::netlist::Builder;

    fn circuit(name: &str, a: u32, b: u32, out: u32) -> Result<Imported, ImportedError> {
        let mut build = Builder::new(name);
        let (a, _) = (build.input("A", a), build.input("B", b));
        build.output("O", (0..out as usize).map(|bit| a[bit % a.len()]).collect());
        Imported::new(build.finish())
    }

    #[test]
    fn names_and_widths_tell_the_operation() {
        for (name, [a, b, out], operation, signed) in [
            ("mul8x4u_1AV", [8, 4, 12], Operation::Mul, false),
            ("add8s_6HF", [8, 8, 8], Operation::Add, true),
            ("add12se_54J", [12, 12, 13], Operation::Add, true),
            ("mul8_093", [8, 8, 16], Operation::Mul, false),
            ("mystery", [8, 8, 9], Operation::Add, false),
            ("mulberry", [3, 3, 6], Operation::Mul, false),
            ("mul1u_and", [1, 1, 2], Operation::Mul, false),
            ("mul8u_mbm_q6", [8, 8, 17], Operation::Mul, false),
            ("riddle", [8, 4, 13], Operation::Mul, false),
        ] {
            let Signature { operation: found, signed: sign, .. } =
                circuit(name, a, b, out).unwrap().signature;
            assert_eq!((found, sign), (operation, signed), "{name}");
        }
        let wide = circuit("wide", 64, 64, 64).err().unwrap().to_string();
        assert!(wide.starts_with("`wide` has operands of up to 64 bits"), "{wide}");
        assert!(circuit("mul8s_wide", 8, 8, 17).is_err());
        let error = circuit("mul8u_fixed", 8, 8, 8).err().unwrap().to_string();
        assert!(
            error.contains("a result of 8 are neither a product (16) nor a sum (9, or 8 that wraps)"),
            "{error}"
        );
    }
}
