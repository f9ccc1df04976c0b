//! Products of two arrays whose axes have names, as MatMul, Gemm and Einsum write them.

use super::attribute::{int, text};
use super::{ModelError, elements, shape};
use crate::kernel::Geometry;
use crate::workload::limit;
use crate::workload::onnx::Node;
use crate::workload::operator::{labels, result};
use crate::workload::value::strides;

/// The name of an axis.
type Axis = char;

/// A product of two operands, its axes told apart by where they are.
pub(super) struct Axes {
    /// In both operands and in the result.
    groups: Vec<Axis>,
    /// In both operands alone: what is summed over.
    depth: Vec<Axis>,
    /// In the first operand and the result, and in the second and the result.
    own: [Vec<Axis>; 2],
    operands: [(Vec<Axis>, Vec<usize>); 2],
    result: Vec<Axis>,
    sizes: Vec<(Axis, usize)>,
}

impl Axes {
    /// The axes of a node with two operands of these shapes.
    ///
    /// # Errors
    /// Where it is no sum of products over shared axes, or a large one.
    pub(super) fn of(node: &Node, shapes: [Vec<usize>; 2]) -> Result<Self, ModelError> {
        let named = match &*node.kind {
            "Einsum" => einsum(text(node, "equation", "")?, [&shapes[0], &shapes[1]]),
            "Gemm" => matrices(["transA", "transB"].map(|name| int(node, name, 0))),
            _ => multiplied([shapes[0].len(), shapes[1].len()]),
        };
        let axes = named.and_then(|(operands, result)| Self::apart(operands, result, shapes));
        let axes = axes.ok_or_else(|| {
            let sums = "a layer sums over axes that both operands have in full, and over no others";
            shape(node, format!("{sums}; nor does an axis stand twice in an operand"))
        })?;
        let most = limit::PLACES;
        let fits = axes.fits().then_some(axes);
        fits.ok_or_else(|| shape(node, format!("operands and result of a layer have 1 to {most} elements")))
    }

    fn apart(operands: [Vec<Axis>; 2], result: Vec<Axis>, shapes: [Vec<usize>; 2]) -> Option<Self> {
        let sizes = sizes([0, 1].map(|at| (&operands[at][..], &shapes[at][..])))?;
        let [first, second] = &operands;
        let all = [&operands[0][..], &operands[1]].concat();
        let choose = |wanted: [bool; 3]| -> Vec<Axis> {
            let is =
                |axis: &&Axis| [first.contains(axis), second.contains(axis), result.contains(axis)] == wanted;
            let order = if wanted[2] { &result } else { first };
            order.iter().filter(is).copied().collect()
        };
        let groups = choose([true, true, true]);
        let depth = choose([true, true, false]);
        let own = [choose([true, false, true]), choose([false, true, true])];
        let told = groups.len() * 2 + depth.len() * 2 + own[0].len() + own[1].len();
        let whole = told == all.len() && result.len() == groups.len() + own[0].len() + own[1].len();
        let [one, other] = [0, 1].map(|at| (operands[at].clone(), shapes[at].clone()));
        let axes = Self { groups, depth, own, operands: [one, other], result, sizes };
        let summed = axes.depth.iter().all(|axis| axes.operands.iter().all(|of| axes.has_whole(of, *axis)));
        (whole && summed).then_some(axes)
    }

    /// Whether an operand has all of an axis, which is not stretched.
    fn has_whole(&self, (own, shape): &(Vec<Axis>, Vec<usize>), axis: Axis) -> bool {
        own.iter().position(|of| *of == axis).is_some_and(|at| shape[at] == self.size(axis))
    }

    fn size(&self, axis: Axis) -> usize {
        self.sizes.iter().find(|(own, _)| *own == axis).map_or(1, |(_, size)| *size)
    }

    fn sizes_of(&self, axes: &[Axis]) -> Vec<usize> {
        axes.iter().map(|axis| self.size(*axis)).collect()
    }

    fn count(&self, axes: &[Axis]) -> usize {
        self.sizes_of(axes).iter().product()
    }

    /// Whether no list of places comes out empty or too long.
    fn fits(&self) -> bool {
        let Self { groups, depth, own: [rows, columns], .. } = self;
        let list = |parts: [&Vec<Axis>; 3]| elements(&self.sizes_of(&parts.map(|axes| &axes[..]).concat()));
        [list([groups, depth, rows]), list([groups, columns, depth]), list([groups, columns, rows])]
            .into_iter()
            .all(|count| count.is_some_and(|count| (1..=limit::PLACES).contains(&count)))
    }

    /// The same product with the operands exchanged.
    pub(super) fn exchanged(mut self) -> Self {
        self.own.reverse();
        self.operands.reverse();
        self
    }

    /// As a convolution of one tap: a channel for each group and depth, a position for each row.
    pub(super) fn geometry(&self) -> Geometry {
        let [groups, depth, rows, columns] =
            [&self.groups, &self.depth, &self.own[0], &self.own[1]].map(|axes| self.count(axes));
        Geometry { groups, in_height: rows, ..Geometry::dense(groups * depth, groups * columns) }
    }

    /// Shape of the result.
    pub(super) fn shape(&self) -> Vec<usize> {
        self.sizes_of(&self.result)
    }

    /// Elements of an operand.
    pub(super) fn elements(&self, operand: usize) -> usize {
        self.operands[operand].1.iter().product()
    }

    /// Where each activation of the convolution stands in the first operand.
    pub(super) fn activations(&self) -> Vec<u32> {
        self.operand(0, [&self.groups, &self.depth, &self.own[0]])
    }

    /// Where each weight of the convolution stands in the second operand.
    pub(super) fn weights(&self) -> Vec<u32> {
        self.operand(1, [&self.groups, &self.own[1], &self.depth])
    }

    /// Where each element of the result stands among the outputs of the convolution.
    pub(super) fn results(&self) -> Vec<u32> {
        let outputs = [&self.groups[..], &self.own[1], &self.own[0]].concat();
        self.places((&outputs, &self.sizes_of(&outputs)), &self.result)
    }

    fn operand(&self, at: usize, order: [&Vec<Axis>; 3]) -> Vec<u32> {
        let (own, shape) = &self.operands[at];
        self.places((own, shape), &order.map(|axes| &axes[..]).concat())
    }

    /// For elements in the order of `wanted` axes their places in an array; an axis of one element is stretched.
    fn places(&self, (own, shape): (&[Axis], &[usize]), wanted: &[Axis]) -> Vec<u32> {
        let steps = strides(shape);
        let mut places = vec![0];
        for axis in wanted {
            let at = own.iter().position(|of| of == axis).filter(|&at| shape[at] != 1);
            let step = at.map_or(0, |at| steps[at]);
            let along = |base: u32| (0..self.size(*axis)).map(move |at| base + (at * step) as u32);
            places = places.into_iter().flat_map(along).collect();
        }
        places
    }
}

/// The size of every axis; none where operands do not agree or name an axis twice.
fn sizes(operands: [(&[Axis], &[usize]); 2]) -> Option<Vec<(Axis, usize)>> {
    let mut sizes: Vec<(Axis, usize)> = vec![];
    for (axes, shape) in operands {
        let twice = (1..axes.len()).any(|at| axes[..at].contains(&axes[at]));
        if twice || axes.len() != shape.len() {
            return None;
        }
        for (&axis, &size) in axes.iter().zip(shape) {
            match sizes.iter_mut().find(|(own, _)| *own == axis) {
                None => sizes.push((axis, size)),
                Some((_, known)) if *known == 1 || size == 1 => *known = size.max(*known),
                Some((_, known)) if *known == size => {}
                Some(_) => return None,
            }
        }
    }
    Some(sizes)
}

/// Axes of both operands and of the result.
type Named = ([Vec<Axis>; 2], Vec<Axis>);

fn einsum(equation: &str, shapes: [&[usize]; 2]) -> Option<Named> {
    let equation: String = equation.split_whitespace().collect();
    let (left, right) = equation.split_once("->").map_or((&*equation, None), |(l, r)| (l, Some(r)));
    let (first, second) = left.split_once(',')?;
    let operands = [labels(first, shapes[0].len()).ok()?, labels(second, shapes[1].len()).ok()?];
    let sizes = sizes([0, 1].map(|at| (&operands[at][..], shapes[at])))?;
    let result = result(right, &operands, &sizes).ok()?;
    Some((operands, result))
}

/// Two matrices, either of which may be transposed.
fn matrices(transposed: [Result<i64, ModelError>; 2]) -> Option<Named> {
    let [first, second] = transposed.map(|flag| flag.map(|flag| flag != 0));
    let turn = |axes: [Axis; 2], turned| if turned { vec![axes[1], axes[0]] } else { axes.to_vec() };
    Some(([turn(['M', 'K'], first.ok()?), turn(['K', 'N'], second.ok()?)], vec!['M', 'N']))
}

/// Matrices in the last two axes, the others aligned at the end; a single axis is a row left and a column right.
fn multiplied([first, second]: [usize; 2]) -> Option<Named> {
    let lead = |axes: usize| -> Vec<Axis> {
        (0..axes.saturating_sub(2)).rev().map(|at| char::from(b'a' + at as u8)).collect()
    };
    if !(1..=16).contains(&first) || !(1..=16).contains(&second) {
        return None;
    }
    let rows = if first > 1 { &['M'][..] } else { &[] };
    let columns = if second > 1 { &['N'][..] } else { &[] };
    let operands = [[&lead(first)[..], rows, &['K']].concat(), [&lead(second)[..], &['K'], columns].concat()];
    let result = [&lead(first.max(second))[..], rows, columns].concat();
    Some((operands, result))
}
