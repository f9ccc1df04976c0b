//! The shape of a contraction.

use std::ops::Range;

use crate::config::platform::AccumulationOrder;

/// A convolution; a dense layer is a 1×1 convolution on a 1×1 image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Geometry {
    /// Independent groups; equal to the channels for a depthwise convolution.
    pub groups: usize,
    /// Input channels.
    pub in_channels: usize,
    /// Input rows.
    pub in_height: usize,
    /// Input columns.
    pub in_width: usize,
    /// Output channels.
    pub out_channels: usize,
    /// Kernel rows and columns.
    pub kernel: [usize; 2],
    /// Steps down and across.
    pub stride: [usize; 2],
    /// Padding at the top, left, bottom and right.
    pub pads: [usize; 4],
    /// Distance between kernel taps down and across.
    pub dilation: [usize; 2],
}

/// Why a geometry makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GeometryError {
    /// Channels do not split evenly into groups.
    #[error("{channels} channels do not split into {groups} groups")]
    Groups {
        /// The channels.
        channels: usize,
        /// The groups.
        groups: usize,
    },
    /// A size, stride, dilation or kernel is zero.
    #[error("kernel, stride, dilation, channels and image must be at least 1")]
    Zero,
    /// The kernel does not fit into the padded image.
    #[error("a kernel that spans {span} pixels does not fit into {padded} padded pixels")]
    Kernel {
        /// Pixels that the dilated kernel spans.
        span: usize,
        /// Pixels of the padded image.
        padded: usize,
    },
}

/// The matrix products that a contraction amounts to: `groups` times [positions, depth] · [depth, outputs].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gemm {
    /// Matrix products.
    pub groups: usize,
    /// Output positions (M).
    pub positions: usize,
    /// Output channels per group (N).
    pub outputs: usize,
    /// Products per output (K), padding counted.
    pub depth: usize,
}

impl Gemm {
    /// The transposed products: [outputs, depth] · [depth, positions].
    #[must_use]
    pub fn transposed(self) -> Self {
        Self { positions: self.outputs, outputs: self.positions, ..self }
    }
}

impl Geometry {
    /// Two groups, a stride, padding on three sides: what tests of whole contractions run.
    #[cfg(test)]
    pub(crate) const UNEVEN: Self = Self {
        groups: 2,
        in_channels: 4,
        in_height: 5,
        in_width: 4,
        out_channels: 6,
        kernel: [3, 2],
        stride: [2, 1],
        pads: [1, 1, 1, 0],
        dilation: [1, 1],
    };

    /// A dense layer.
    pub fn dense(inputs: usize, outputs: usize) -> Self {
        Self {
            groups: 1,
            in_channels: inputs,
            in_height: 1,
            in_width: 1,
            out_channels: outputs,
            kernel: [1, 1],
            stride: [1, 1],
            pads: [0; 4],
            dilation: [1, 1],
        }
    }

    /// The same contraction with long rows, which fill registers better: rows whose pixels meet no neighbour are one row,
    /// and a column is a row.
    pub(super) fn in_long_rows(&self) -> Self {
        let Self { in_height, in_width, kernel, stride, pads, dilation, .. } = *self;
        if (kernel, stride, pads) == ([1; 2], [1; 2], [0; 4]) {
            return Self { in_height: 1, in_width: in_height * in_width, ..*self };
        }
        let [top, left, bottom, right] = pads;
        if [in_width, kernel[1]] != [1; 2] || [left, right] != [0; 2] {
            return *self;
        }
        let turned = |[rows, columns]: [usize; 2]| [columns, rows];
        Self {
            in_height: 1,
            in_width: in_height,
            kernel: turned(kernel),
            stride: turned(stride),
            pads: [0, top, 0, bottom],
            dilation: turned(dilation),
            ..*self
        }
    }

    /// Says what is wrong, if anything.
    ///
    /// # Errors
    /// [`GeometryError`].
    pub fn check(&self) -> Result<(), GeometryError> {
        let sizes = [self.groups, self.in_channels, self.in_height, self.in_width, self.out_channels];
        if sizes.iter().chain(&self.kernel).chain(&self.stride).chain(&self.dilation).any(|&size| size == 0) {
            return Err(GeometryError::Zero);
        }
        for channels in [self.in_channels, self.out_channels] {
            if channels % self.groups != 0 {
                return Err(GeometryError::Groups { channels, groups: self.groups });
            }
        }
        for axis in 0..2 {
            let (span, padded) = (self.span(axis), self.padded(axis));
            if span > padded {
                return Err(GeometryError::Kernel { span, padded });
            }
        }
        Ok(())
    }

    fn span(&self, axis: usize) -> usize {
        (self.kernel[axis] - 1) * self.dilation[axis] + 1
    }

    fn padded(&self, axis: usize) -> usize {
        [self.in_height, self.in_width][axis] + self.pads[axis] + self.pads[axis + 2]
    }

    /// Output rows.
    pub fn out_height(&self) -> usize {
        (self.padded(0) - self.span(0)) / self.stride[0] + 1
    }
    /// Output columns.
    pub fn out_width(&self) -> usize {
        (self.padded(1) - self.span(1)) / self.stride[1] + 1
    }
    /// The output, counted along an axis (0: rows, 1: columns), whose tap reads a place there; none where no output's does.
    pub(super) fn output_at(&self, axis: usize, place: usize, tap: usize) -> Option<usize> {
        let steps = (place + self.pads[axis]).checked_sub(tap * self.dilation[axis])?;
        let (at, outputs) = (steps / self.stride[axis], [self.out_height(), self.out_width()][axis]);
        (steps.is_multiple_of(self.stride[axis]) && at < outputs).then_some(at)
    }
    /// Output positions of one channel.
    pub fn positions(&self) -> usize {
        self.out_height() * self.out_width()
    }
    /// Activation codes of a sample.
    pub fn inputs_per_sample(&self) -> usize {
        self.in_channels * self.in_height * self.in_width
    }
    /// Sums of a sample.
    pub fn outputs_per_sample(&self) -> usize {
        self.out_channels * self.positions()
    }
    /// Weight codes.
    pub fn weights(&self) -> usize {
        self.out_channels * self.depth()
    }
    /// Products per output, padding counted.
    pub fn depth(&self) -> usize {
        self.in_channels / self.groups * self.kernel[0] * self.kernel[1]
    }
    /// Multiply-accumulates of a sample, padding counted (an array spends the cycle either way).
    pub fn macs(&self) -> u64 {
        (self.outputs_per_sample() * self.depth()) as u64
    }

    /// Multiply-accumulates of a sample whose taps lie inside the image.
    ///
    /// ```
    /// use axsim::kernel::Geometry;
    /// let geometry = Geometry { pads: [0, 1, 0, 1], kernel: [1, 3], ..Geometry::dense(1, 1) };
    /// assert_eq!((geometry.macs(), geometry.macs_inside()), (3, 1));
    /// ```
    pub fn macs_inside(&self) -> u64 {
        let window = self.kernel[0] * self.kernel[1];
        let inside = (0..window).map(|k| self.inside(k));
        let positions: usize = inside.map(|tap| tap.rows.len() * tap.columns.len()).sum();
        (self.out_channels * (self.depth() / window) * positions) as u64
    }

    /// Output positions whose tap `k` lies inside the image.
    pub fn positions_inside(&self, k: usize) -> usize {
        let tap = self.inside(k % (self.kernel[0] * self.kernel[1]));
        tap.rows.len() * tap.columns.len()
    }

    /// The matrix products of one sample.
    pub fn gemm(&self) -> Gemm {
        let outputs = self.out_channels / self.groups;
        Gemm { groups: self.groups, positions: self.positions(), outputs, depth: self.depth() }
    }

    /// The output channels of a group.
    pub fn group_channels(&self, group: usize) -> Range<usize> {
        let channels = self.out_channels / self.groups;
        group * channels..(group + 1) * channels
    }

    /// The weights of an output channel, in the order channel, row, column.
    pub fn filter<'a>(&self, weights: &'a [u8], channel: usize) -> &'a [u8] {
        &weights[channel * self.depth()..(channel + 1) * self.depth()]
    }

    /// Which tap of a filter comes `nth` in this order.
    ///
    /// ```
    /// use axsim::config::platform::AccumulationOrder;
    /// use axsim::kernel::Geometry;
    /// // Two channels of three columns.
    /// let geometry = Geometry { in_width: 3, kernel: [1, 3], ..Geometry::dense(2, 1) };
    /// let taps = |order| (0..6).map(|nth| geometry.nth_tap(order, nth)).collect::<Vec<_>>();
    /// assert_eq!(taps(AccumulationOrder::ChannelsFirst), [0, 1, 2, 3, 4, 5]);
    /// assert_eq!(taps(AccumulationOrder::ChannelsLast), [0, 3, 1, 4, 2, 5]);
    /// ```
    pub fn nth_tap(&self, order: AccumulationOrder, nth: usize) -> usize {
        let channels = self.in_channels / self.groups;
        match order {
            AccumulationOrder::ChannelsFirst => nth,
            AccumulationOrder::ChannelsLast => {
                nth % channels * self.kernel[0] * self.kernel[1] + nth / channels
            }
        }
    }

    /// All taps of a filter in this order.
    pub fn taps(&self, order: AccumulationOrder) -> impl Iterator<Item = usize> + use<> {
        let geometry = *self;
        (0..self.depth()).map(move |nth| geometry.nth_tap(order, nth))
    }

    /// Where tap `k` of output position (row, column) reads: an offset into a group's channels of one
    /// sample, or `None` in the padding.
    pub fn tap(&self, k: usize, row: usize, column: usize) -> Option<usize> {
        let [rows, columns] = self.kernel;
        let (channel, r, c) = (k / (rows * columns), k / columns % rows, k % columns);
        let y = (row * self.stride[0] + r * self.dilation[0]).checked_sub(self.pads[0])?;
        let x = (column * self.stride[1] + c * self.dilation[1]).checked_sub(self.pads[1])?;
        (y < self.in_height && x < self.in_width).then(|| (channel * self.in_height + y) * self.in_width + x)
    }

    /// The output positions at which tap `k` lies inside the image.
    pub(crate) fn inside(&self, k: usize) -> Inside {
        let [rows, columns] = self.kernel;
        let (r, c) = (k / columns % rows, k % columns);
        let first = [r * self.dilation[0], c * self.dilation[1]];
        let within = |axis: usize, size: usize, out: usize| {
            // position · stride + first − pad lies in 0..size
            let before =
                |bound: usize| bound.saturating_sub(first[axis]).div_ceil(self.stride[axis]).min(out);
            before(self.pads[axis])..before(self.pads[axis] + size)
        };
        let rows = within(0, self.in_height, self.out_height());
        let columns = within(1, self.in_width, self.out_width());
        let rows = if columns.is_empty() { 0..0 } else { rows };
        Inside { rows, columns }
    }

    /// Offset of a group's first channel within a sample.
    pub fn group_offset(&self, group: usize) -> usize {
        group * (self.in_channels / self.groups) * self.in_height * self.in_width
    }
}

/// Where one tap lies inside the image: a rectangle of output positions.
#[derive(Debug, Clone)]
pub(crate) struct Inside {
    pub rows: Range<usize>,
    pub columns: Range<usize>,
}

impl Inside {
    /// The runs of positions, row after row, that lie outside.
    pub(super) fn outside(&self, rows: usize, width: usize) -> Vec<Range<usize>> {
        let row = |at: usize| {
            let (start, end) = (at * width, (at + 1) * width);
            if self.rows.contains(&at) {
                [start..start + self.columns.start, start + self.columns.end..end]
            } else {
                [start..end, end..end]
            }
        };
        (0..rows).flat_map(row).filter(|run| !run.is_empty()).collect()
    }
}
