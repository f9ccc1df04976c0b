//! Windows over any number of axes, and what slides in them: convolutions and their transposes.

use super::matrix::product;
use super::{Answer, Call, Operator, operator, unknown};
use crate::workload::onnx::Node;
use crate::workload::value::{Fault, Kind, NOWHERE, Value, effort, room, strides};

pub(super) const CONVOLUTION: &[&str] =
    &["auto_pad", "dilations", "group", "kernel_shape", "pads", "strides"];

pub(super) const OPERATORS: &[Operator] = &[
    operator("Conv", CONVOLUTION, convolution),
    operator("ConvInteger", CONVOLUTION, integer),
    operator(
        "ConvTranspose",
        &[
            "auto_pad",
            "dilations",
            "group",
            "kernel_shape",
            "output_padding",
            "output_shape",
            "pads",
            "strides",
        ],
        transposed,
    ),
];

/// How padding may be given.
pub(in crate::workload) const AUTO_PAD: [&str; 4] = ["NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"];

/// A window that slides over an image of any number of axes.
pub(in crate::workload) struct Window {
    /// Sizes of the image.
    pub image: Vec<usize>,
    pub kernel: Vec<usize>,
    pub stride: Vec<usize>,
    pub dilation: Vec<usize>,
    /// Padding before each axis, then after each axis.
    pub pads: Vec<usize>,
    /// Positions along each axis.
    pub out: Vec<usize>,
}

/// Beyond even the padding: where the last window of a rounded-up count reaches.
pub(super) const BEYOND: usize = NOWHERE - 1;

impl Window {
    pub fn new(call: &Call<'_>, image: &[usize], kernel: Vec<usize>) -> Result<Self, Fault> {
        let axes = image.len();
        if kernel.len() != axes || kernel.contains(&0) || axes == 0 {
            return Err(format!("a kernel {kernel:?} does not slide over {image:?}"));
        }
        let (stride, dilation) = (call.sizes("strides", axes, 1)?, call.sizes("dilations", axes, 1)?);
        if stride.contains(&0) || dilation.contains(&0) {
            return Err("strides and dilations of at least 1 are expected".into());
        }
        let mut window = Self {
            image: image.to_vec(),
            kernel,
            stride,
            dilation,
            pads: call.sizes("pads", 2 * axes, 0)?,
            out: vec![],
        };
        match call.text("auto_pad", "NOTSET")? {
            "NOTSET" => {}
            "VALID" => window.pads = vec![0; 2 * axes],
            "SAME_UPPER" => window.pad_alike(false),
            "SAME_LOWER" => window.pad_alike(true),
            other => return Err(unknown("auto_pad", other, &AUTO_PAD)),
        }
        let up = call.flag("ceil_mode", false)?;
        window.out = (0..axes).map(|axis| window.positions(axis, up)).collect::<Result<_, _>>()?;
        Ok(window)
    }

    /// How far a kernel reaches along an axis.
    pub fn span(&self, axis: usize) -> usize {
        (self.kernel[axis] - 1) * self.dilation[axis] + 1
    }

    /// As many positions as strides fit into the image.
    fn pad_alike(&mut self, more_before: bool) {
        let axes = self.image.len();
        for axis in 0..axes {
            let steps = self.image[axis].div_ceil(self.stride[axis]).max(1);
            let total = ((steps - 1) * self.stride[axis] + self.span(axis)).saturating_sub(self.image[axis]);
            let (less, more) = (total / 2, total - total / 2);
            (self.pads[axis], self.pads[axis + axes]) = if more_before { (more, less) } else { (less, more) };
        }
    }

    fn positions(&self, axis: usize, up: bool) -> Result<usize, Fault> {
        let before = self.pads[axis];
        let length = self.image[axis] + before + self.pads[axis + self.image.len()];
        let Some(rest) = length.checked_sub(self.span(axis)) else {
            return Err(format!(
                "a kernel of {} is longer than the padded axis of {length}",
                self.span(axis)
            ));
        };
        let stride = self.stride[axis];
        let count = if up { rest.div_ceil(stride) } else { rest / stride } + 1;
        // A window that would start in the padding behind the image is left out.
        let starts_inside = (count - 1) * stride < self.image[axis] + before;
        Ok(if up && !starts_inside { count - 1 } else { count })
    }

    /// For each tap, and within it for each position, the place in the image that is read.
    pub fn places(&self) -> Result<Vec<usize>, Fault> {
        let (kernel, out) = (room(&self.kernel)?, room(&self.out)?);
        let mut places = Vec::with_capacity(room(&[kernel, out])?);
        let (taps, positions, steps) = (strides(&self.kernel), strides(&self.out), strides(&self.image));
        for tap in 0..kernel {
            for position in 0..out {
                let mut place = 0;
                for axis in 0..self.image.len() {
                    let along = position / positions[axis] % self.out[axis] * self.stride[axis]
                        + tap / taps[axis] % self.kernel[axis] * self.dilation[axis];
                    place = match along.checked_sub(self.pads[axis]).filter(|&at| at < self.image[axis]) {
                        _ if place == BEYOND => BEYOND,
                        None if along
                            >= self.image[axis] + self.pads[axis] + self.pads[axis + self.image.len()] =>
                        {
                            BEYOND
                        }
                        Some(at) if place != NOWHERE => place + at * steps[axis],
                        _ => NOWHERE,
                    };
                }
                places.push(place);
            }
        }
        Ok(places)
    }
}

/// The window of a convolution over an image of these sizes.
pub(in crate::workload) fn window(
    node: &Node,
    opset: i64,
    image: &[usize],
    kernel: Vec<usize>,
) -> Result<Window, Fault> {
    Window::new(&Call { node, opset, inputs: &[] }, image, kernel)
}

/// Shape of filters as far as a convolution needs it, checked against the image.
struct Filters {
    groups: usize,
    /// Channels of one group, of the input and of the output.
    inputs: usize,
    outputs: usize,
    kernel: Vec<usize>,
}

impl Filters {
    fn new(call: &Call<'_>, x: &[usize], w: &[usize], transposed: bool) -> Result<Self, Fault> {
        let groups = usize::try_from(call.int("group", 1)?).ok().filter(|&groups| groups > 0);
        let groups = groups.ok_or("group must be at least 1")?;
        let unfit =
            || format!("weights of shape {w:?} in {groups} groups do not fit an input of shape {x:?}");
        if x.len() < 3 || w.len() != x.len() {
            return Err(unfit());
        }
        let [inputs, outputs] = if transposed { [w[0] / groups, w[1]] } else { [w[1], w[0] / groups] };
        let split = if transposed { x[1] } else { w[0] };
        if inputs.checked_mul(groups) != Some(x[1]) || !split.is_multiple_of(groups) || outputs == 0 {
            return Err(unfit());
        }
        let kernel = w[2..].to_vec();
        if call
            .sizes("kernel_shape", kernel.len(), 0)
            .is_ok_and(|stated| stated != kernel && stated != vec![0; kernel.len()])
        {
            return Err(format!("kernel_shape is not that of weights {w:?}"));
        }
        Ok(Self { groups, inputs, outputs, kernel })
    }
}

/// Sums of products: x [N, C, …], w [O, C / groups, …] → [N, O, …]; padding counts 0.
pub(super) fn convolve(
    call: &Call<'_>,
    (x, x_shape): (&[f64], &[usize]),
    (w, w_shape): (&[f64], &[usize]),
) -> Result<(Vec<f64>, Vec<usize>), Fault> {
    let Filters { groups, inputs, outputs, kernel } = Filters::new(call, x_shape, w_shape, false)?;
    let window = Window::new(call, &x_shape[2..], kernel)?;
    let (places, plane) = (window.places()?, x_shape[2..].iter().product::<usize>());
    let positions = window.out.iter().product::<usize>();
    let depth = inputs * window.kernel.iter().product::<usize>();
    let shape = [&[x_shape[0], outputs * groups][..], &window.out].concat();
    let mut sums = vec![0.0; room(&shape)?];
    room(&[depth, positions])?;
    effort(&[sums.len(), depth])?;
    for (at, sums) in sums.chunks_exact_mut((outputs * positions).max(1)).enumerate() {
        let (sample, group) = (at / groups, at % groups);
        let mut columns = Vec::with_capacity(depth * positions);
        for channel in 0..inputs {
            let image = &x[((sample * groups + group) * inputs + channel) * plane..][..plane];
            columns.extend(places.iter().map(|&place| image.get(place).copied().unwrap_or(0.0)));
        }
        let w = &w[group * outputs * depth..][..outputs * depth];
        product([outputs, depth, positions], w, &columns, sums);
    }
    Ok((sums, shape))
}

fn convolution(call: &Call<'_>) -> Answer {
    let (x, w) = (call.input(0)?, call.input(1)?);
    let (mut sums, shape) = convolve(call, (call.reals(0)?, x.shape()), (call.reals(1)?, w.shape()))?;
    add_bias(call, &mut sums, &shape)?;
    Ok(vec![Value::real(x.kind(), &shape, sums)?])
}

fn add_bias(call: &Call<'_>, sums: &mut [f64], shape: &[usize]) -> Result<(), Fault> {
    if call.optional(2).is_none() {
        return Ok(());
    }
    let (bias, plane) = (call.reals(2)?, shape[2..].iter().product::<usize>().max(1));
    if bias.len() != shape[1] {
        return Err(format!("a bias of {} elements is expected, not {}", shape[1], bias.len()));
    }
    for (at, sums) in sums.chunks_exact_mut(plane).enumerate() {
        sums.iter_mut().for_each(|sum| *sum += bias[at % shape[1]]);
    }
    Ok(())
}

/// Codes less their zero points, one for all or one per output channel of the weights.
fn integer(call: &Call<'_>) -> Answer {
    let (x, w) = (call.input(0)?, call.input(1)?);
    let centred = |at: usize, zero: usize| super::quantized::centred(call, at, zero);
    let (sums, shape) = convolve(call, (&centred(0, 2)?, x.shape()), (&centred(1, 3)?, w.shape()))?;
    Ok(vec![Value::numbers(Kind::I32, &shape, sums)?])
}

/// The convolution read backwards: what a window would have read is what it writes.
fn transposed(call: &Call<'_>) -> Answer {
    let (x, w) = (call.input(0)?, call.input(1)?);
    let Filters { groups, inputs, outputs, kernel } = Filters::new(call, x.shape(), w.shape(), true)?;
    let window = backwards(call, &x.shape()[2..], kernel)?;
    let (places, positions) = (window.places()?, window.out.iter().product::<usize>());
    let (plane, taps) = (room(&window.image)?, window.kernel.iter().product::<usize>());
    let shape = [&[x.shape()[0], outputs * groups][..], &window.image].concat();
    let mut sums = vec![0.0; room(&shape)?];
    effort(&[x.len(), outputs, taps])?;
    let (x, w, kind) = (call.reals(0)?, call.reals(1)?, x.kind());
    for (at, sums) in sums.chunks_exact_mut(plane.max(1)).enumerate() {
        let (row, output) = (at / outputs, at % outputs);
        let group = row % groups;
        for input in 0..inputs {
            let image = &x[(row * inputs + input) * positions..][..positions];
            let filter = &w[((group * inputs + input) * outputs + output) * taps..][..taps];
            for (tap, places) in places.chunks_exact(positions.max(1)).enumerate() {
                for (&place, x) in places.iter().zip(image) {
                    if place < NOWHERE - 1 {
                        sums[place] += x * filter[tap];
                    }
                }
            }
        }
    }
    add_bias(call, &mut sums, &shape)?;
    Ok(vec![Value::real(kind, &shape, sums)?])
}

/// What slides backwards over an input of these sizes, its output as the image.
pub(in crate::workload) fn transposed_window(
    node: &Node,
    opset: i64,
    input: &[usize],
    kernel: Vec<usize>,
) -> Result<Window, Fault> {
    backwards(&Call { node, opset, inputs: &[] }, input, kernel)
}

/// The window of the convolution whose positions are this input's elements.
fn backwards(call: &Call<'_>, input: &[usize], kernel: Vec<usize>) -> Result<Window, Fault> {
    let axes = input.len();
    let (stride, dilation) = (call.sizes("strides", axes, 1)?, call.sizes("dilations", axes, 1)?);
    let more = call.sizes("output_padding", axes, 0)?;
    let mut pads = call.sizes("pads", 2 * axes, 0)?;
    let lower = call.text("auto_pad", "NOTSET")? == "SAME_LOWER";
    let alike = lower || call.text("auto_pad", "NOTSET")? == "SAME_UPPER";
    let asked = call.ints("output_shape")?.map(|_| call.sizes("output_shape", axes, 0)).transpose()?;
    let mut image = vec![];
    for axis in 0..axes {
        let whole = stride[axis] * input[axis].saturating_sub(1)
            + more[axis]
            + (kernel[axis].max(1) - 1) * dilation[axis]
            + 1;
        let wanted = asked.as_ref().map(|asked| asked[axis]);
        let Some(size) = wanted.or(alike.then_some(input[axis] * stride[axis])) else {
            let size = whole.checked_sub(pads[axis] + pads[axis + axes]);
            image.push(size.ok_or("the pads are longer than the output")?);
            continue;
        };
        let total = whole.saturating_sub(size);
        let (less, rest) = (total / 2, total - total / 2);
        // Without a word on padding the larger half goes to the front.
        (pads[axis], pads[axis + axes]) = if alike && !lower { (less, rest) } else { (rest, less) };
        image.push(size);
    }
    Ok(Window { image, kernel, stride, dilation, pads, out: input.to_vec() })
}
