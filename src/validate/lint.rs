//! What looks wrong with a circuit's file before anything is known of what it is meant to compute.

use std::path::Path;

use serde::Serialize;

use super::ValidateError;
use crate::arith::Design;
use crate::arith::imported::Imported;
use crate::bits;
use crate::netlist::{Netlist, import};
use crate::rng::Stream;
use crate::table::{Operation, Signature};

/// What was found, in sentences.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lint {
    /// What makes it no circuit: nets driven twice or not at all, loops; each with its line.
    pub errors: Vec<String>,
    /// What is rarely meant, nets without a driver that only unneeded logic reads among it.
    pub warnings: Vec<String>,
}

/// Operand bits up to which every pair is looked at, else as many random ones.
const EVERY: u32 = 16;

/// Looks a circuit's file over: all faults of its nets, and where there is none, inputs that nothing reads, ports unlike
/// the name or any operation, a result that depends on the order of operands, products with 0 that are not 0, and a sign
/// unlike the name's.
///
/// # Errors
/// [`ValidateError`] where the file cannot be read on.
pub fn lint(path: &Path) -> Result<Lint, ValidateError> {
    let text = String::from_utf8(std::fs::read(path)?);
    let text = text.map_err(|error| ValidateError::Encoding(error.utf8_error().valid_up_to()))?;
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("");
    let checked = import::check(name, &text)?;
    let errors: Vec<String> = checked.faults.iter().map(ToString::to_string).collect();
    let unneeded = checked.unneeded.iter().map(|fault| format!("{fault}; no output needs what reads it"));
    let mut warnings: Vec<String> = unneeded.collect();
    if errors.is_empty() {
        warnings.extend(remarks(checked.netlist));
    }
    Ok(Lint { errors, warnings })
}

fn remarks(netlist: Netlist) -> Vec<String> {
    let mut found = unread(&netlist);
    if !netlist.registers().is_empty() {
        return found;
    }
    found.extend(other_widths(&netlist));
    match Imported::new(netlist) {
        Err(error) => found.push(error.to_string()),
        // Results beyond a word are not looked at.
        Ok(design) if design.width_out() > 64 => {}
        Ok(design) => found.extend([order(&design), zero(&design), sign(&design)].into_iter().flatten()),
    }
    found
}

/// Input bits that neither a gate nor an output reads.
fn unread(netlist: &Netlist) -> Vec<String> {
    let readers = netlist.readers();
    let of_bus = |(name, bus): &(String, Vec<crate::netlist::Net>)| {
        let bits: Vec<String> =
            (0..bus.len()).filter(|bit| readers[bus[*bit].index()] == 0).map(|bit| bit.to_string()).collect();
        match bits.len() {
            0 => None,
            all if all == bus.len() => Some(format!("nothing reads the input `{name}`")),
            1 => Some(format!("nothing reads bit {} of the input `{name}`", bits[0])),
            _ => Some(format!("nothing reads the bits {} of the input `{name}`", bits.join(", "))),
        }
    };
    netlist.inputs().iter().filter_map(of_bus).collect()
}

/// A name such as `mul8x4u_…` with operands of other widths.
fn other_widths(netlist: &Netlist) -> Option<String> {
    let rest = netlist.name().strip_prefix("mul").or_else(|| netlist.name().strip_prefix("add"))?;
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != 'x').unwrap_or(rest.len());
    let said = rest[..end].split('x').map(str::parse).collect::<Result<Vec<usize>, _>>().ok()?;
    let said = [*said.first()?, *said.last()?];
    let found: Vec<usize> = netlist.inputs().iter().map(|(_, bus)| bus.len()).collect();
    (found != said).then(|| {
        let found: Vec<String> = found.iter().map(usize::to_string).collect();
        format!(
            "its name says operands of {} and {} bits; they have {}",
            said[0],
            said[1],
            found.join(" and ")
        )
    })
}

/// Pairs of operand codes: all of them, or random ones.
fn pairs(signature: Signature) -> Vec<(u64, u64)> {
    let Signature { width_a, width_b, .. } = signature;
    if width_a + width_b <= EVERY {
        return (0..1u64 << (width_a + width_b))
            .map(|at| (at >> width_b, at & bits::mask(width_b)))
            .collect();
    }
    let mut stream = Stream::new(1, "validate.lint", 0);
    (0..1 << EVERY).map(|_| (stream.below(1 << width_a), stream.below(1 << width_b))).collect()
}

/// How many of some pairs were found, and whether those were all.
fn count(signature: Signature, found: usize) -> String {
    if signature.operand_bits() <= EVERY {
        format!("{found} pairs")
    } else {
        format!("{found} of {} random pairs", 1u32 << EVERY)
    }
}

/// Sums and products do not care which operand is which.
fn order(design: &Imported) -> Option<String> {
    let signature = design.signature();
    if signature.width_a != signature.width_b {
        return None;
    }
    let pairs = pairs(signature);
    let turned: Vec<(u64, u64)> = pairs.iter().map(|(a, b)| (*b, *a)).collect();
    let netlist = design.netlist();
    let (one, other) = (netlist.eval_pairs(&pairs), netlist.eval_pairs(&turned));
    let differing: Vec<usize> = (0..pairs.len()).filter(|at| one[*at] != other[*at]).collect();
    let first = *differing.first()?;
    let (a, b) = pairs[first];
    Some(format!(
        "the order of operands matters for {}; first {a} with {b} is {}, {b} with {a} is {}",
        count(signature, differing.len()),
        one[first],
        other[first]
    ))
}

/// Nothing times 0 is anything else.
fn zero(design: &Imported) -> Option<String> {
    let signature = design.signature();
    if signature.operation != Operation::Mul {
        return None;
    }
    let codes = |width: u32| 0..1u64 << width.min(EVERY);
    let of_b = codes(signature.width_b).map(|b| (0, b));
    let pairs: Vec<(u64, u64)> = of_b.chain(codes(signature.width_a).skip(1).map(|a| (a, 0))).collect();
    let results = design.netlist().eval_pairs(&pairs);
    let wrong: Vec<usize> = (0..pairs.len()).filter(|at| results[*at] != 0).collect();
    let first = *wrong.first()?;
    let (a, b) = pairs[first];
    Some(format!(
        "{} of {} pairs with a zero operand give another result than 0; first {a} × {b} = {}",
        wrong.len(),
        pairs.len(),
        results[first]
    ))
}

/// Whether results fit the other sign better than that of the name.
fn sign(design: &Imported) -> Option<String> {
    let signature = design.signature();
    if design.width_out() < signature.width_out() {
        return None;
    }
    let pairs = pairs(signature);
    let results = design.netlist().eval_pairs(&pairs);
    let error = |signed: bool| {
        let signature = Signature { signed, ..signature };
        let distance = |(&(a, b), code): (&(u64, u64), &u64)| {
            let exact = signature.exact(signature.value_a(a), signature.value_b(b));
            let found = signature.number(bits::decode(*code, design.width_out(), signed));
            (found - exact).unsigned_abs() as f64
        };
        pairs.iter().zip(&results).map(distance).sum::<f64>() / pairs.len() as f64
    };
    let (said, other) = (error(signature.signed), error(!signature.signed));
    let kind = |signed| if signed { "two's complement" } else { "unsigned" };
    (other < said / 2.0).then(|| {
        format!(
            "as {} numbers its mean error is {said:.4}, as {} ones {other:.4}; `s` or `u` after the width in the name says which",
            kind(signature.signed),
            kind(!signature.signed)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Lint {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.v");
        std::fs::write(&path, text).unwrap();
        lint(&path).unwrap()
    }

    #[test]
    fn every_fault_of_nets_is_told_with_its_line() {
        let text = "module m(input [1:0] a, output y, z);\n  wire b, c, d;\n  assign b = a[0];\n  assign b = a[1];\n  \
            assign y = b & c;\n  assign d = ~d;\n  buf(z, d);\n  buf(z, a[0]);\nendmodule\n";
        assert_eq!(
            found(text).errors,
            [
                "line 2: `c` is read, but nothing drives it",
                "line 2: a combinational loop: `d` reads `d`",
                "line 4: `b` is driven twice",
                "line 8: `z` is driven twice",
            ]
        );
    }

    #[test]
    fn a_net_without_a_driver_is_told_where_no_output_needs_what_reads_it() {
        let text = "module m(input [1:0] a, b, output [2:0] y);\n  wire [1:0] c;\n  wire d, unread;\n  assign c[0] = a[0];\n  \
            assign d = c[1] & ~c[0];\n  assign y = a + b;\nendmodule\n";
        let lint = found(text);
        assert_eq!(lint.errors, [""; 0]);
        let expected = "line 2: `c[1]` is read, but nothing drives it; no output needs what reads it";
        assert_eq!(lint.warnings, [expected]);
        let driven = found(&text.replace("assign c[0] = a[0]", "assign c = a"));
        assert_eq!(driven.warnings, [""; 0]);
    }

    /// What cells compute is Verilog of ours, whose lines say nothing to whoever wrote the circuit.
    #[test]
    fn faults_at_library_cells_have_lines_of_the_file() {
        let text = "module m(input clk, input a, output y, z);\n  wire n, q;\n  NAND2_X1 U1 (.A1(a), .ZN(y));\n  \
            XOR2_X1 U2 (\n    .A(n), .B(a), .Z(n));\n  DFF_X1 U3 (.D(n), .CK(clk), .Q(z));\n  DFF_X1 U4 (.D(a), .CK(n), .Q(q));\nendmodule\n";
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.v");
        std::fs::write(&path, text).unwrap();
        let clocks = lint(&path).unwrap_err().to_string();
        assert!(clocks.starts_with("line 7: a second clock"), "{clocks}");
        let faults = found(&text.replace(".CK(n)", ".CK(clk)")).errors;
        assert_eq!(
            faults,
            [
                "line 2: a combinational loop: `n` reads `U2.Z` reads `U2.A` reads `n`",
                "line 3: `U1.A2` is read, but nothing drives it",
            ]
        );
    }

    #[test]
    fn what_is_rarely_meant_is_remarked() {
        for (ports, value, remark) in [
            ("m(input [3:0] a, b, output [7:0] y)", "a * b", ""),
            ("mul4s_x(input signed [3:0] a, b, output signed [7:0] y)", "a * b", ""),
            (
                "m(input [3:0] a, b, output [4:0] y)",
                "{a[3:1] + b[3:1], a[0]}",
                "nothing reads bit 0 of the input `b`",
            ),
            (
                "m(input [3:0] a, b, output [5:0] y)",
                "a + b",
                "operands of 4 and 4 bits and a result of 6 are neither",
            ),
            (
                "mul8u_x(input [3:0] a, b, output [7:0] y)",
                "a * b",
                "its name says operands of 8 and 8 bits; they have 4 and 4",
            ),
            (
                "m(input [3:0] a, b, output [7:0] y)",
                "a * {b[3:1], 1'b0}",
                "the order of operands matters for 168 pairs; first 1 with 2 is 2, 2 with 1 is 0",
            ),
            (
                "m(input [3:0] a, b, output [7:0] y)",
                "a * b + (b == 0)",
                "16 of 31 pairs with a zero operand give another result than 0; first 0 × 0 = 1",
            ),
            (
                "mul4u_x(input signed [3:0] a, b, output signed [7:0] y)",
                "a * b",
                "as unsigned numbers its mean error is",
            ),
            (
                "mul4s_x(input [3:0] a, b, output [7:0] y)",
                "a * b",
                "as two's complement numbers its mean error is",
            ),
        ] {
            let lint = found(&format!("module {ports};\n  assign y = {value};\nendmodule\n"));
            assert_eq!(lint.errors, [""; 0]);
            let warnings = lint.warnings.join("\n");
            assert!(
                warnings.contains(remark) && warnings.is_empty() == remark.is_empty(),
                "{ports} {value}: {warnings}"
            );
        }
    }
}
