//! Products of matrices and of arrays with named axes.

use super::binary::{combine, common, stretched};
use super::layout::permuted;
use super::{Answer, Call, Operator, operator};
use crate::workload::value::{Fault, Value, effort, room, strides};

pub(super) const OPERATORS: &[Operator] = &[
    operator("Einsum", &["equation"], einsum),
    operator("Gemm", &["alpha", "beta", "transA", "transB"], gemm),
    operator("MatMul", &[], |call| {
        let (a, b) = (call.input(0)?, call.input(1)?);
        let (out, shape) = multiply((&a.to_reals(), a.shape()), (&b.to_reals(), b.shape()))?;
        Ok(vec![Value::numbers(a.kind(), &shape, out)?])
    }),
];

/// c [m, n] = a [m, k] · b [k, n], all row by row.
pub(super) fn product([m, k, n]: [usize; 3], a: &[f64], b: &[f64], c: &mut [f64]) {
    assert!(a.len() == m * k && b.len() == k * n && c.len() == m * n, "matrices fill their shapes");
    let step = |step: usize| step as isize;
    // SAFETY: the assertion above bounds each matrix, and `c` is borrowed alone.
    #[allow(unsafe_code)]
    unsafe {
        matrixmultiply::dgemm(
            m,
            k,
            n,
            1.0,
            a.as_ptr(),
            step(k),
            1,
            b.as_ptr(),
            step(n),
            1,
            0.0,
            c.as_mut_ptr(),
            step(n),
            1,
        );
    }
}

/// Matrices in the last two axes, the others stretched to a common shape; a single axis is a row left and a column right.
pub(super) fn multiply(
    (a, a_shape): (&[f64], &[usize]),
    (b, b_shape): (&[f64], &[usize]),
) -> Result<(Vec<f64>, Vec<usize>), Fault> {
    let unfit = || format!("matrices of shapes {a_shape:?} and {b_shape:?} do not multiply");
    let left = if a_shape.len() == 1 { [&[1], a_shape].concat() } else { a_shape.to_vec() };
    let right = if b_shape.len() == 1 { [b_shape, &[1]].concat() } else { b_shape.to_vec() };
    let ([outer_a @ .., m, k], [outer_b @ .., depth, n]) = (&left[..], &right[..]) else {
        return Err(unfit());
    };
    if k != depth {
        return Err(unfit());
    }
    let outer = common(&[outer_a, outer_b])?;
    let mut out = vec![0.0; room(&[&outer[..], &[*m, *n]].concat())?];
    effort(&[out.len(), *k])?;
    let (of_a, of_b) = (starts(outer_a, &outer)?, starts(outer_b, &outer)?);
    for (at, c) in out.chunks_exact_mut((m * n).max(1)).enumerate() {
        let (a, b) = (&a[of_a[at] * m * k..][..m * k], &b[of_b[at] * k * n..][..k * n]);
        product([*m, *k, *n], a, b, c);
    }
    let rows = if a_shape.len() == 1 { &[][..] } else { &[*m][..] };
    let columns = if b_shape.len() == 1 { &[][..] } else { &[*n][..] };
    Ok((out, [&outer, rows, columns].concat()))
}

/// For each matrix of a stretched outer shape its number in the own one.
fn starts(own: &[usize], outer: &[usize]) -> Result<Vec<usize>, Fault> {
    use crate::workload::value::Kind;
    let numbers = Value::whole(Kind::I64, own, (0..room(own)? as i64).collect())?;
    Ok(stretched(&numbers, outer)?.wholes()?.iter().map(|&at| at as usize).collect())
}

fn gemm(call: &Call<'_>) -> Answer {
    let turned = |at: usize, name: &str| {
        let value = call.input(at)?;
        if value.shape().len() != 2 {
            return Err(format!("a matrix is expected, not {:?}", value.shape()));
        }
        if call.flag(name, false)? { permuted(value, &[1, 0]) } else { Ok(value.clone()) }
    };
    let (a, b) = (turned(0, "transA")?, turned(1, "transB")?);
    let (alpha, beta) = (call.float("alpha", 1.0)?, call.float("beta", 1.0)?);
    let (mut out, shape) = multiply((&a.to_reals(), a.shape()), (&b.to_reals(), b.shape()))?;
    out.iter_mut().for_each(|x| *x *= alpha);
    let product = Value::numbers(a.kind(), &shape, out)?;
    let Some(c) = call.optional(2) else { return Ok(vec![product]) };
    Ok(vec![combine(&product, c, |x, c| x + beta * c, |x, c| x.wrapping_add(c.wrapping_mul(beta as i64)))?])
}

/// A sum over all axes that the result does not name.
fn einsum(call: &Call<'_>) -> Answer {
    let every = call.every()?;
    let equation: String = call.text("equation", "")?.split_whitespace().collect();
    let (left, right) = match equation.split_once("->") {
        Some((left, right)) => (left.to_string(), Some(right.to_string())),
        None => (equation, None),
    };
    let terms: Vec<Vec<char>> = left
        .split(',')
        .zip(&every)
        .map(|(term, value)| labels(term, value.shape().len()))
        .collect::<Result<_, _>>()?;
    if terms.len() != every.len() || left.split(',').count() != every.len() {
        return Err(format!("an equation with {} operands is expected", every.len()));
    }
    let mut sizes: Vec<(char, usize)> = vec![];
    for (label, &size) in terms.iter().zip(&every).flat_map(|(term, value)| term.iter().zip(value.shape())) {
        match sizes.iter_mut().find(|(known, _)| known == label) {
            Some((_, known)) if *known == size || size == 1 => {}
            Some((_, known)) if *known == 1 => *known = size,
            Some(_) => return Err(format!("axis {label} has several lengths")),
            None => sizes.push((*label, size)),
        }
    }
    let out = result(right.as_deref(), &terms, &sizes)?;
    sizes.sort_by_key(|(label, _)| out.iter().position(|own| own == label).unwrap_or(usize::MAX));
    Ok(vec![contract(&every, &terms, &sizes, out.len())?])
}

/// The axes of a term; an ellipsis stands for as many axes as are left.
pub(in crate::workload) fn labels(term: &str, axes: usize) -> Result<Vec<char>, Fault> {
    let named = term.replace("...", "").chars().count();
    let rest = axes.checked_sub(named).filter(|&rest| match term.matches("...").count() {
        0 => rest == 0,
        1 => rest <= 10,
        _ => false,
    });
    let rest = rest.ok_or_else(|| format!("term {term} does not name {axes} axes"))?;
    // Digits stand for axes without a name; the last one is 0, so that they align at the end.
    let unnamed: String = (0..rest).rev().map(|at| (b'0' + at as u8) as char).collect();
    Ok(term.replace("...", &unnamed).chars().collect())
}

/// The axes of the result: as written, or all that appear once in alphabetical order.
pub(in crate::workload) fn result(
    right: Option<&str>,
    terms: &[Vec<char>],
    sizes: &[(char, usize)],
) -> Result<Vec<char>, Fault> {
    let unnamed: Vec<char> =
        ('0'..='9').rev().filter(|label| sizes.iter().any(|(own, _)| own == label)).collect();
    let out = match right {
        Some(right) => right.replace("...", &unnamed.iter().collect::<String>()).chars().collect(),
        None => {
            let once = |label: &char| terms.iter().flatten().filter(|own| *own == label).count() == 1;
            let mut single: Vec<char> = sizes.iter().map(|(label, _)| *label).filter(once).collect();
            single.retain(|label| !label.is_ascii_digit());
            single.sort_unstable();
            [unnamed, single].concat()
        }
    };
    for (at, label) in out.iter().enumerate() {
        if !sizes.iter().any(|(own, _)| own == label) {
            return Err(format!("axis {label} of the result is in no operand"));
        }
        if out[..at].contains(label) {
            return Err(format!("axis {label} appears twice in the result"));
        }
    }
    Ok(out)
}

/// Sums the products; the first `kept` axes of `sizes` are those of the result.
fn contract(
    every: &[&Value],
    terms: &[Vec<char>],
    sizes: &[(char, usize)],
    kept: usize,
) -> Result<Value, Fault> {
    let lengths: Vec<usize> = sizes.iter().map(|(_, size)| *size).collect();
    let all = room(&lengths)?;
    let summed = lengths[kept..].iter().product::<usize>();
    let own = |term: &Vec<char>, value: &Value| -> Vec<usize> {
        let steps = strides(value.shape());
        let step = |label: char| {
            let axes = (0..term.len()).filter(|&axis| term[axis] == label && value.shape()[axis] != 1);
            axes.map(|axis| steps[axis]).sum()
        };
        sizes.iter().map(|(label, _)| step(*label)).collect()
    };
    let operands: Vec<(Vec<f64>, Vec<usize>)> =
        terms.iter().zip(every).map(|(term, value)| (value.to_reals(), own(term, value))).collect();
    let wide = strides(&lengths);
    let product = |place: usize| {
        let along: Vec<usize> = (0..lengths.len()).map(|axis| place / wide[axis] % lengths[axis]).collect();
        let at = |steps: &[usize]| along.iter().zip(steps).map(|(at, step)| at * step).sum::<usize>();
        operands.iter().map(|(data, steps)| data[at(steps)]).product::<f64>()
    };
    let sum = |out: usize| (out * summed..(out + 1) * summed).map(product).sum();
    let elements = (0..all.checked_div(summed).unwrap_or(0)).map(sum).collect();
    Value::numbers(every[0].kind(), &lengths[..kept], elements)
}
