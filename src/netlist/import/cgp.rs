//! The chromosome of Cartesian genetic programming; [`crate::netlist::export::cgp`] says how it is written.

use super::graph::{Bit, Graph};
use super::{Fault, ImportError};
use crate::netlist::{Gate, Netlist};

/// Names of the operands.
const LETTERS: &str = "abcdefghijklmnopqrstuvwxyz";

/// Reads a chromosome, whose inputs are buses `a`, `b` … of these widths and whose outputs are one bus `y`; without
/// widths two operands share the inputs evenly.
///
/// # Errors
/// [`ImportError`]; a chromosome has one line.
///
/// ```
/// use axsim::netlist::import::cgp;
/// let half = cgp::read("{2,2,1,2,2,1,0}([4]2,3,4)([5]2,3,2)(4,5)\n", &[]).unwrap();
/// assert_eq!(half.eval(&[1, 1]), [0b10]);
/// ```
pub fn read(text: &str, widths: &[u32]) -> Result<Netlist, ImportError> {
    let wrong = |what: &str, found: &str| ImportError::expected(1, what, found);
    let text = text.trim();
    let (header, rest) = text
        .strip_prefix('{')
        .and_then(|text| text.split_once('}'))
        .ok_or_else(|| wrong("`{inputs,outputs,rows,columns,2,1,levels}`", text))?;
    let header = numbers(header)?;
    let [inputs, outputs, ..] = header[..] else { return Err(wrong("inputs and outputs", "less")) };
    let mut parts =
        rest.strip_suffix(')').map(|rest| rest.split(')').collect::<Vec<_>>()).unwrap_or_default();
    let last = parts.pop().and_then(|last| last.strip_prefix('('));
    let last = numbers(last.ok_or_else(|| wrong("`(`, the nets of the outputs, and `)` at the end", rest))?)?;
    if last.len() != outputs {
        return Err(wrong(&format!("{outputs} nets of outputs"), &last.len().to_string()));
    }
    let even = [(inputs / 2) as u32; 2];
    let widths = if widths.is_empty() && inputs % 2 == 0 { &even } else { widths };
    if widths.iter().map(|width| *width as usize).sum::<usize>() != inputs {
        return Err(wrong("a number of inputs that two operands share evenly", &inputs.to_string()));
    }
    let mut graph = Graph::default();
    let mut nets = vec![Some(graph.constant(false)), Some(graph.constant(true))];
    let mut buses = vec![];
    for (name, width) in LETTERS.split("").skip(1).zip(widths) {
        let first = graph.open(name, 1, *width as usize, Some((0, false)))?;
        let bits: Vec<Bit> = (first.0..first.0 + width).map(Bit).collect();
        graph.make_input(&bits);
        nets.extend(bits.iter().copied().map(Some));
        buses.push((name.to_string(), bits));
    }
    for part in parts {
        node(&mut graph, &mut nets, part)?;
    }
    let output = last.into_iter().map(|net| known(&nets, net)).collect::<Result<Vec<Bit>, _>>()?;
    graph.finish("circuit", 1, buses, vec![("y".into(), output)])?.sound()
}

fn numbers(text: &str) -> Result<Vec<usize>, ImportError> {
    let number = |word: &str| word.trim().parse().map_err(|_| ImportError::expected(1, "a number", word));
    text.split(',').map(number).collect()
}

fn known(nets: &[Option<Bit>], net: usize) -> Result<Bit, ImportError> {
    nets.get(net).copied().flatten().ok_or_else(|| ImportError::new(1, Fault::Undeclared(net.to_string())))
}

/// `([net]a,b,function`.
fn node(graph: &mut Graph, nets: &mut Vec<Option<Bit>>, text: &str) -> Result<(), ImportError> {
    let parts = text.strip_prefix("([").and_then(|text| text.split_once(']'));
    let (net, genes) = parts.ok_or_else(|| ImportError::expected(1, "a node `([net]a,b,function)`", text))?;
    let net: usize = net.parse().map_err(|_| ImportError::expected(1, "a net", net))?;
    let [a, b, function] = numbers(genes)?[..] else {
        return Err(ImportError::expected(1, "two nets and a function", genes));
    };
    graph.check(1, net)?;
    let (a, b) = (known(nets, a)?, known(nets, b)?);
    let gate = match function {
        0 => None,
        1 => Some(Gate::Not),
        2 => Some(Gate::And),
        3 => Some(Gate::Or),
        4 => Some(Gate::Xor),
        5 => Some(Gate::Nand),
        6 => Some(Gate::Nor),
        7 => Some(Gate::Xnor),
        _ => return Err(ImportError::unsupported(1, &format!("the function {function}"))),
    };
    let bit = gate.map_or(a, |gate| graph.gate(gate, &[a, b][..gate.inputs()]));
    nets.resize(nets.len().max(net + 1), None);
    if nets[net].replace(bit).is_some() {
        return Err(ImportError::new(1, Fault::Twice(net.to_string())));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_named() {
        let message = |text: &str| read(text, &[]).unwrap_err().to_string();
        assert_eq!(message("{2,1,1,1,2,1,0}([4]2,9,2)(4)"), "line 1: `9` is not declared");
        assert_eq!(
            message("{3,1,1,1,2,1,0}([4]2,3,2)(4)"),
            "line 1: a number of inputs that two operands share evenly is expected, not `3`"
        );
        assert_eq!(message("{2,1,1,1,2,1,0}([4]2,3,12)(4)"), "line 1: the function 12 is not read");
        assert!(message("{2,1,1,1,2,1,0}([99999999999]2,3,2)(4)").contains("too large"));
        assert!(message("").contains("{inputs,outputs"));
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "\\{?([0-9]{1,3}|,|\\(|\\[|\\]|\\)|\\}|\\PC)*") {
            let _ = read(&text, &[]);
        }
    }
}
