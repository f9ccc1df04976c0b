//! Contractions in single precision: im2col and a matrix product.

use super::op::Contraction;
use crate::kernel::Geometry;

/// [batch, C, H, W] → [batch, O, OH, OW], bias included.
pub(super) fn contract(contraction: &Contraction, batch: usize, input: &[f32]) -> Vec<f32> {
    let geometry = &contraction.geometry;
    let gemm = geometry.gemm();
    let mut output = vec![0.0; batch * geometry.outputs_per_sample()];
    if gemm.positions == 1 && geometry.groups == 1 && geometry.kernel == [1, 1] {
        // output [batch, O] = input [batch, K] · weights [O, K] transposed
        let (k, o) = (gemm.depth, gemm.outputs);
        multiply([batch, k, o], (input, [k, 1]), (&contraction.weights, [1, k]), (&mut output, [o, 1]));
    } else {
        let (samples, mut columns) = (input.chunks_exact(geometry.inputs_per_sample()), vec![]);
        for (x, y) in samples.zip(output.chunks_exact_mut(geometry.outputs_per_sample())) {
            convolve(geometry, (&contraction.weights, x), &mut columns, y);
        }
    }
    let positions = geometry.positions();
    for (at, sums) in output.chunks_exact_mut(positions).enumerate() {
        let bias = contraction.bias[at % geometry.out_channels];
        sums.iter_mut().for_each(|sum| *sum += bias);
    }
    output
}

/// As [`contract`], where every sample has weights of its own and no bias: x [batch, C, H, W], w [batch, O, C / groups, …].
pub(super) fn product(geometry: &Geometry, x: &[f32], w: &[f32]) -> Vec<f32> {
    let samples = x.chunks_exact(geometry.inputs_per_sample()).zip(w.chunks_exact(geometry.weights()));
    let mut columns = vec![];
    let sums = |(x, w)| {
        let mut y = vec![0.0; geometry.outputs_per_sample()];
        convolve(geometry, (w, x), &mut columns, &mut y);
        y
    };
    samples.flat_map(sums).collect()
}

/// One sample; `columns` is room for what the taps read, whatever is in it.
fn convolve(geometry: &Geometry, (weights, x): (&[f32], &[f32]), columns: &mut Vec<f32>, y: &mut [f32]) {
    let gemm = geometry.gemm();
    let (k, n, o) = (gemm.depth, gemm.positions, gemm.outputs);
    columns.resize(k * n, 0.0);
    for group in 0..geometry.groups {
        let x = &x[geometry.group_offset(group)..];
        for (tap, row) in columns.chunks_exact_mut(n).enumerate() {
            read(geometry, tap, x, row);
        }
        let weights = &weights[group * o * k..(group + 1) * o * k];
        let y = &mut y[group * o * n..(group + 1) * o * n];
        multiply([o, k, n], (weights, [k, 1]), (columns, [n, 1]), (y, [n, 1]));
    }
}

/// What a tap reads at every output position, 0 in the padding; along a row it reads at equal distances.
fn read(geometry: &Geometry, tap: usize, x: &[f32], values: &mut [f32]) {
    let (inside, width, stride) = (geometry.inside(tap), geometry.out_width(), geometry.stride[1]);
    if inside.rows.len() * inside.columns.len() < values.len() {
        values.fill(0.0);
    }
    for row in inside.rows {
        let start = geometry.tap(tap, row, inside.columns.start).expect("it lies inside");
        let values = &mut values[row * width..][inside.columns.clone()];
        if stride == 1 {
            values.copy_from_slice(&x[start..][..values.len()]);
        } else {
            values.iter_mut().zip(x[start..].iter().step_by(stride)).for_each(|(value, x)| *value = *x);
        }
    }
}

/// c [m, n] = a [m, k] · b [k, n], each with its row and column step.
fn multiply(
    [m, k, n]: [usize; 3],
    a: (&[f32], [usize; 2]),
    b: (&[f32], [usize; 2]),
    c: (&mut [f32], [usize; 2]),
) {
    let reach =
        |[row, column]: [usize; 2], rows: usize, columns: usize| (rows - 1) * row + (columns - 1) * column;
    assert!(reach(a.1, m, k) < a.0.len() && reach(b.1, k, n) < b.0.len() && reach(c.1, m, n) < c.0.len());
    let step = |step: usize| step as isize;
    // SAFETY: the assertion above bounds the furthest element of each matrix, and `c` is borrowed alone.
    #[allow(unsafe_code)]
    unsafe {
        matrixmultiply::sgemm(
            m,
            k,
            n,
            1.0,
            a.0.as_ptr(),
            step(a.1[0]),
            step(a.1[1]),
            b.0.as_ptr(),
            step(b.1[0]),
            step(b.1[1]),
            0.0,
            c.0.as_mut_ptr(),
            step(c.1[0]),
            step(c.1[1]),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn a_tap_reads_what_its_definition_says(
            size in 1usize..9, kernel in 1usize..4, stride in 1usize..4, dilation in 1usize..3,
            pads in proptest::array::uniform4(0usize..4), other in 1usize..4,
        ) {
            let geometry = Geometry {
                in_channels: 2,
                in_height: size + other,
                in_width: size,
                kernel: [other, kernel],
                stride: [other, stride],
                pads,
                dilation: [dilation, other],
                ..Geometry::dense(1, 1)
            };
            proptest::prop_assume!(geometry.check().is_ok());
            let x: Vec<f32> = (1..=geometry.inputs_per_sample()).map(|at| at as f32).collect();
            let width = geometry.out_width();
            for tap in 0..geometry.depth() {
                let mut found = vec![f32::NAN; geometry.positions()];
                read(&geometry, tap, &x, &mut found);
                let one = |at: usize| geometry.tap(tap, at / width, at % width).map_or(0.0, |at| x[at]);
                proptest::prop_assert_eq!(found, (0..geometry.positions()).map(one).collect::<Vec<_>>());
            }
        }
    }
}
