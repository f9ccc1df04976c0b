//! Exact sums of partial products: row by row, and Dadda's column reduction.

use crate::arith::adder::Scheme;
use crate::arith::zero_extended;
use crate::netlist::{Builder, Bus, Net};

/// Rows a·b_j added one after the other by ripple adders.
pub(super) fn array(build: &mut Builder, a: &[Net], b: &[Net]) -> Bus {
    let width = a.len() as u32 + 1;
    let row = |build: &mut Builder, bit: Net| a.iter().map(|&a| build.and(a, bit)).collect::<Bus>();
    let first = row(build, b[0]);
    let mut sum = zero_extended(build, &first, width);
    let mut product = Bus::new();
    for &bit in &b[1..] {
        product.push(sum[0]);
        let partial = row(build, bit);
        let (high, partial) = (zero_extended(build, &sum[1..], width), zero_extended(build, &partial, width));
        sum = Scheme::Ripple.build(build, &high, &partial);
        sum.truncate(width as usize);
    }
    product.extend(sum);
    zero_extended(build, &product[..product.len().min(a.len() + b.len())], (a.len() + b.len()) as u32)
}

/// The partial products a_i·b_j with `kept(i, j)`, reduced after Dadda, added by Kogge-Stone.
pub(super) fn dadda(build: &mut Builder, a: &[Net], b: &[Net], kept: impl Fn(usize, usize) -> bool) -> Bus {
    let mut columns = vec![Bus::new(); a.len() + b.len()];
    for (i, &a) in a.iter().enumerate() {
        for (j, &b) in b.iter().enumerate().filter(|(j, _)| kept(i, *j)) {
            let dot = build.and(a, b);
            columns[i + j].push(dot);
        }
    }
    sum_columns(build, columns)
}

/// Reduces columns to two rows in Dadda's stages (heights 2, 3, 4, 6, 9, …) and adds them.
pub(super) fn sum_columns(build: &mut Builder, mut columns: Vec<Bus>) -> Bus {
    let tallest = columns.iter().map(Bus::len).max().unwrap_or(0);
    let mut heights = vec![2];
    while heights[heights.len() - 1] < tallest {
        heights.push(heights[heights.len() - 1] * 3 / 2);
    }
    for &height in heights.iter().rev() {
        for column in 0..columns.len() {
            shrink(build, &mut columns, column, height);
        }
    }
    let zero = build.constant(false);
    let row =
        |at: usize| columns.iter().map(|column| column.get(at).copied().unwrap_or(zero)).collect::<Bus>();
    let mut sum = Scheme::KoggeStone.build(build, &row(0), &row(1));
    sum.truncate(columns.len());
    sum
}

fn shrink(build: &mut Builder, columns: &mut [Bus], column: usize, height: usize) {
    while columns[column].len() > height {
        let excess = columns[column].len() - height;
        let taken: Bus = columns[column].drain(..if excess == 1 { 2 } else { 3 }).collect();
        let (sum, carry) = match taken[..] {
            [a, b] => build.half_adder(a, b),
            [a, b, c] => build.full_adder(a, b, c),
            _ => unreachable!("two or three nets were taken"),
        };
        columns[column].push(sum);
        // A carry out of the top column would have weight 2^(2N), which no product reaches.
        if let Some(next) = columns.get_mut(column + 1) {
            next.push(carry);
        }
    }
}
