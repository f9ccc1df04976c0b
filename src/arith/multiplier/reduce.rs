//! Exact sums of partial products: row by row, and Dadda's column reduction.

use crate::arith::adder::{Carries, FAST, Scheme};
use crate::arith::zero_extended;
use crate::netlist::{Builder, Bus, Net};

/// Rows a·b_j added one after the other.
pub(super) fn array(build: &mut Builder, a: &[Net], b: &[Net], carries: Carries) -> Bus {
    let width = a.len() as u32 + 1;
    let row = |build: &mut Builder, bit: Net| a.iter().map(|&a| build.and(a, bit)).collect::<Bus>();
    let first = row(build, b[0]);
    let mut sum = zero_extended(build, &first, width);
    let mut product = Bus::new();
    for &bit in &b[1..] {
        product.push(sum[0]);
        let partial = row(build, bit);
        let (high, partial) = (zero_extended(build, &sum[1..], width), zero_extended(build, &partial, width));
        sum = Scheme::Exact(carries).build(build, &high, &partial);
        sum.truncate(width as usize);
    }
    product.extend(sum);
    zero_extended(build, &product[..product.len().min(a.len() + b.len())], (a.len() + b.len()) as u32)
}

/// The partial products a_i·b_j with `kept(i, j)`, by column.
pub(super) fn dots(
    build: &mut Builder,
    a: &[Net],
    b: &[Net],
    kept: impl Fn(usize, usize) -> bool,
) -> Vec<Bus> {
    let mut columns = vec![Bus::new(); a.len() + b.len()];
    for (i, &a) in a.iter().enumerate() {
        for (j, &b) in b.iter().enumerate().filter(|(j, _)| kept(i, *j)) {
            let dot = build.and(a, b);
            columns[i + j].push(dot);
        }
    }
    columns
}

/// The same of two's complement operands: dots of one sign bit have a negative weight, and stand as their complements
/// less that weight, all such weights together a constant.
pub(super) fn signed_dots(
    build: &mut Builder,
    a: &[Net],
    b: &[Net],
    kept: impl Fn(usize, usize) -> bool,
) -> Vec<Bus> {
    let mut columns = vec![Bus::new(); a.len() + b.len()];
    let mut constant = 0u64;
    for (i, &x) in a.iter().enumerate() {
        for (j, &y) in b.iter().enumerate().filter(|(j, _)| kept(i, *j)) {
            let negative = (i + 1 == a.len()) != (j + 1 == b.len());
            columns[i + j].push(if negative { build.nand(x, y) } else { build.and(x, y) });
            constant = constant.wrapping_sub(u64::from(negative) << (i + j));
        }
    }
    let ones = columns.iter_mut().enumerate().filter(|(at, _)| constant >> at & 1 == 1);
    ones.for_each(|(_, column)| column.push(build.constant(true)));
    columns
}

/// An exact product: all dots, reduced after Dadda, added by Kogge-Stone.
pub(super) fn dadda(build: &mut Builder, a: &[Net], b: &[Net]) -> Bus {
    let columns = dots(build, a, b, |_, _| true);
    sum_columns(build, columns, FAST)
}

/// Rows kept as sums and carries (Braun): each row of dots meets those of the row before in full adders, and an
/// adder joins what is left.
pub(super) fn carry_save(build: &mut Builder, a: &[Net], b: &[Net], carries: Carries) -> Bus {
    let mut columns = vec![Bus::new(); a.len() + b.len()];
    for (j, &b) in b.iter().enumerate() {
        for (i, &a) in a.iter().enumerate() {
            let dot = build.and(a, b);
            columns[i + j].push(dot);
        }
        columns = stage(build, &columns);
    }
    let columns = reduced(build, columns);
    two_rows(build, &columns, carries)
}

/// Wallace's reduction (1964): in every stage each column hands on as many full adders as it holds, and half adders for
/// two that are left over.
pub(super) fn wallace(build: &mut Builder, a: &[Net], b: &[Net], carries: Carries) -> Bus {
    let columns = dots(build, a, b, |_, _| true);
    let columns = reduced(build, columns);
    two_rows(build, &columns, carries)
}

/// Stage after stage until two rows are left.
fn reduced(build: &mut Builder, mut columns: Vec<Bus>) -> Vec<Bus> {
    while columns.iter().any(|column| column.len() > 2) {
        columns = stage(build, &columns);
    }
    columns
}

/// Every three bits of a column through a full adder; where a column has more than two bits, two left over through a
/// half adder.
fn stage(build: &mut Builder, columns: &[Bus]) -> Vec<Bus> {
    let mut next = vec![Bus::new(); columns.len() + 1];
    for (at, column) in columns.iter().enumerate() {
        for group in column.chunks(3) {
            let (sum, carry) = match *group {
                [a, b, c] => build.full_adder(a, b, c),
                [a, b] if column.len() > 2 => build.half_adder(a, b),
                _ => {
                    next[at].extend(group);
                    continue;
                }
            };
            next[at].push(sum);
            next[at + 1].push(carry);
        }
    }
    // A carry out of the top column would have a weight that no product reaches.
    next.truncate(columns.len());
    next
}

/// The sum of columns of at most two bits.
pub(super) fn two_rows(build: &mut Builder, columns: &[Bus], carries: Carries) -> Bus {
    let zero = build.constant(false);
    let row =
        |at: usize| columns.iter().map(|column| column.get(at).copied().unwrap_or(zero)).collect::<Bus>();
    let mut sum = Scheme::Exact(carries).build(build, &row(0), &row(1));
    sum.truncate(columns.len());
    sum
}

/// Columns of rows in two's complement, each from its place on with its sign last, and of single dots; `top` columns.
///
/// A sign bit of weight −2^p is its complement at 2^p, and −2^p to a constant that all rows share.
pub(super) fn signed_columns(
    build: &mut Builder,
    rows: Vec<(usize, Bus)>,
    dots: Vec<(usize, Net)>,
    top: usize,
) -> Vec<Bus> {
    let mut columns = vec![Bus::new(); top];
    let mut constant = 0u64;
    let mut all = dots;
    for (place, mut bits) in rows {
        let sign = bits.pop().expect("a row has a sign");
        let sign_place = place + bits.len();
        all.extend(bits.into_iter().enumerate().map(|(at, net)| (place + at, net)));
        all.push((sign_place, build.not(sign)));
        constant = constant.wrapping_sub(1u64.checked_shl(sign_place as u32).unwrap_or(0));
    }
    all.into_iter().filter(|(at, _)| *at < top).for_each(|(at, net)| columns[at].push(net));
    let ones = columns.iter_mut().enumerate().filter(|(at, _)| constant >> at & 1 == 1);
    ones.for_each(|(_, column)| column.push(build.constant(true)));
    columns
}

/// Reduces columns to two rows in Dadda's stages (heights 2, 3, 4, 6, 9, …) and adds them.
pub(in crate::arith) fn sum_columns(build: &mut Builder, columns: Vec<Bus>, carries: Carries) -> Bus {
    let columns = dadda_stages(columns, |_, bits| match *bits {
        [a, b] => build.half_adder(a, b),
        _ => build.full_adder(bits[0], bits[1], bits[2]),
    });
    two_rows(build, &columns, carries)
}

/// Dadda's stages for bits of any kind: `join` gives sum and carry of two or three bits of a column.
pub(super) fn dadda_stages<T>(
    mut columns: Vec<Vec<T>>,
    mut join: impl FnMut(usize, &[T]) -> (T, T),
) -> Vec<Vec<T>> {
    let tallest = columns.iter().map(Vec::len).max().unwrap_or(0);
    let mut heights = vec![2];
    while heights[heights.len() - 1] < tallest {
        heights.push(heights[heights.len() - 1] * 3 / 2);
    }
    for &height in heights.iter().rev() {
        for column in 0..columns.len() {
            while columns[column].len() > height {
                let excess = columns[column].len() - height;
                let taken = if excess == 1 { 2 } else { 3 };
                let (sum, carry) = join(column, &columns[column][..taken]);
                columns[column].drain(..taken);
                columns[column].push(sum);
                // A carry out of the top column would have weight 2^(2N), which no product reaches.
                if let Some(next) = columns.get_mut(column + 1) {
                    next.push(carry);
                }
            }
        }
    }
    columns
}
