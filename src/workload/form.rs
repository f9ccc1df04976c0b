//! What a layer was in the model, where it is computed as another contraction.

/// How a layer came of its node.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Form {
    /// A convolution over an image.
    #[default]
    Image,
    /// A product of matrices, or of a vector with one.
    Matrix,
    /// A convolution along a line.
    Line,
    /// A transposed convolution over an image, or along a line.
    Transposed,
    /// A convolution over a volume.
    Volume {
        /// Depth, rows and columns of its filters.
        kernel: [usize; 3],
        /// Depth, rows and columns of its output.
        out: [usize; 3],
        /// Whether it was a transposed one, as a convolution of stride 1 over a volume with zeros between.
        transposed: bool,
    },
}

/// How a transposed convolution over a volume becomes one that is not.
const SPREAD: &str = "a transposed convolution over a volume, as a convolution of stride 1 over a volume with zeros between its \
                      elements and around them, as far as stride, filter and pads ask for, whose weights [O, C / groups, …] are \
                      those [C, O / groups, …] of the file with each filter turned round along all three axes; which is lowered as ";

impl Form {
    /// How input, weights and output of the layer come of those of the node; none where they are the same.
    ///
    /// ```
    /// use axsim::workload::Form;
    /// assert_eq!(Form::Image.words(), None);
    /// let words = Form::Volume { kernel: [2, 3, 3], out: [4, 5, 6], transposed: false }.words().unwrap();
    /// assert!(words.contains("weights [O, C / groups, 2, 3, 3] are [O, C / groups * 6, 1, 3]"), "{words}");
    /// ```
    pub fn words(self) -> Option<String> {
        Some(match self {
            Self::Image => return None,
            Self::Matrix => "a product of matrices, as a convolution of one tap over an image of one column: activations [M, K] are \
                             [K, M, 1], a row at each position; weights [K, N] are [N, K, 1, 1], a column of the matrix a filter, \
                             whether the file has the matrix so or transposed; output [M, N] is [N, M, 1]. Where there are several \
                             products, as for the heads of attention, each is a group of K channels of input and of N of output, \
                             with weights [groups * N, K, 1, 1]"
                .into(),
            Self::Line => "a convolution along a line, as one over an image of one row: input [C, L] is [C, 1, L], weights \
                           [O, C / groups, taps] are [O, C / groups, 1, taps], output [O, L] is [O, 1, L]"
                .into(),
            Self::Transposed => "a transposed convolution, as a convolution of stride 1 over an image with zeros between its \
                                 pixels and around them, as far as stride, filter and pads ask for: input has those zeros; weights \
                                 [C, O / groups, rows, columns] are [O, C / groups, rows, columns], each filter turned by half a \
                                 turn; a line is an image of one row"
                .into(),
            Self::Volume { kernel: [depth, rows, columns], out: [planes, high, wide], transposed } => format!(
                "{}a convolution over a volume, as one over an image of rows of windows: channel (c * {depth} + k) * {rows} + i of \
                 input holds, for channel c of the volume, what plane k and row i of a filter meet, and zeros where that is \
                 outside of the volume; row p * {high} + r of input and output is of the windows at plane p and row r; weights \
                 [O, C / groups, {depth}, {rows}, {columns}] are [O, C / groups * {}, 1, {columns}], output [O, {planes}, {high}, \
                 {wide}] is [O, {}, {wide}], each in the order in which it was",
                if transposed { SPREAD } else { "" },
                depth * rows,
                planes * high
            ),
        })
    }
}
