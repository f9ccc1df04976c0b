//! The operators: per-sample functions on real values; contractions are run by float code or an engine.

use super::direct;
use super::form::Form;
use super::lower::ModelError;
use super::onnx::{Attribute, Node};
use super::operator;
use super::order::Order;
use super::pool::Window;
use super::recurrent::Recurrent;
use super::softmax::softmax;
use super::tokens::Keep;
use super::value::{Elements, Kind, Value};
use crate::kernel::Geometry;

/// A convolution or dense layer with its weights [O, C / groups, rows, columns] and a bias per output.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Contraction {
    pub geometry: Geometry,
    pub weights: Vec<f32>,
    pub bias: Vec<f32>,
    /// The scale of each filter's codes, where the file has its weights as codes of bytes.
    pub scales: Option<Vec<f32>>,
    /// What it was in the model.
    pub form: Form,
}

/// The grid that a model's file gives codes of bytes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Declared {
    pub scale: f32,
    /// The code of zero, counted from the lowest code.
    pub zero_point: i64,
}

impl Declared {
    /// Its lowest and highest value.
    pub fn range(self) -> (f32, f32) {
        let real = |code: i64| ((code - self.zero_point) as f64 * f64::from(self.scale)) as f32;
        (real(0), real(255))
    }
}

/// What an operator does with each element or each row of a sample, one after the other.
const BY_ROW: [&str; 46] = [
    "Abs",
    "Add",
    "Celu",
    "Ceil",
    "Clip",
    "Cos",
    "Div",
    "Elu",
    "Erf",
    "Exp",
    "Floor",
    "Gelu",
    "HardSigmoid",
    "HardSwish",
    "LayerNormalization",
    "LeakyRelu",
    "Log",
    "LogSoftmax",
    "Max",
    "Mean",
    "Min",
    "Mish",
    "Mul",
    "Neg",
    "PRelu",
    "Pow",
    "Reciprocal",
    "ReduceL1",
    "ReduceL2",
    "ReduceMax",
    "ReduceMean",
    "ReduceMin",
    "ReduceSum",
    "ReduceSumSquare",
    "Relu",
    "Round",
    "Selu",
    "Sigmoid",
    "Sin",
    "Softmax",
    "Softplus",
    "Softsign",
    "Sqrt",
    "Sub",
    "Sum",
    "Tanh",
];

/// An operand of a general operator.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Operand {
    Absent,
    Stored(Value),
    /// The next computed one, with its type and its whole shape.
    Computed(Kind, Vec<usize>),
}

/// A node that is computed as its operator text has it, one sample at a time.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct General {
    pub node: Node,
    pub opset: i64,
    pub operands: Vec<Operand>,
    /// Which of the results it is, and how many elements that has.
    pub result: usize,
    pub size: usize,
    /// Why it is no step of ours, where that is known.
    pub reason: Option<String>,
}

/// Whole numbers up to this one are kept exactly between steps.
const EXACT: i64 = 1 << 24;

impl General {
    /// Whether it sums products as a contraction does.
    pub fn contracts(&self) -> bool {
        const CONTRACTIONS: [&str; 12] = [
            "Conv",
            "ConvInteger",
            "ConvTranspose",
            "Einsum",
            "GRU",
            "Gemm",
            "LSTM",
            "MatMul",
            "MatMulInteger",
            "QLinearConv",
            "QLinearMatMul",
            "RNN",
        ];
        CONTRACTIONS.contains(&&*self.node.kind)
    }

    /// Whether each row of the result, along the last axis, is made of the operands' rows at its place alone.
    pub fn is_by_row(&self) -> bool {
        BY_ROW.contains(&&*self.node.kind) && self.row_axes().is_none_or(|axes| axes == [-1])
    }

    /// The axes, counted from the end, along which elements are taken together; none where they are not.
    fn row_axes(&self) -> Option<Vec<i64>> {
        let kind = &*self.node.kind;
        let reduces = kind.starts_with("Reduce");
        if !reduces && !["Softmax", "LogSoftmax", "LayerNormalization"].contains(&kind) {
            return None;
        }
        let [Operand::Computed(_, shape), rest @ ..] = &self.operands[..] else { return Some(vec![]) };
        let rank = shape.len() as i64;
        let given = match (self.node.attributes.get("axes"), self.node.attributes.get("axis"), rest) {
            (Some(Attribute::Ints(axes)), ..) => axes.clone(),
            (_, Some(Attribute::Int(axis)), _) => vec![*axis],
            (.., [Operand::Stored(axes), ..]) if reduces => axes.wholes().unwrap_or_default().to_vec(),
            _ if reduces => vec![],
            _ => vec![if self.opset < 13 && kind != "LayerNormalization" { 1 } else { -1 }],
        };
        Some(given.into_iter().map(|axis| if axis < 0 { axis } else { axis - rank }).collect())
    }

    fn fault(&self, what: String) -> ModelError {
        ModelError::Shape { node: self.node.name.clone(), what }
    }

    fn apply(&self, inputs: &[&[f32]]) -> Result<Vec<f32>, ModelError> {
        if let Some(result) = direct::apply(self, inputs) {
            return Ok(result);
        }
        let mut inputs = inputs.iter();
        let operand = |operand: &Operand| match operand {
            Operand::Absent | Operand::Stored(_) => Ok(None),
            Operand::Computed(kind, shape) => {
                typed(*kind, shape, inputs.next().copied().unwrap_or_default()).map(Some)
            }
        };
        let computed: Result<Vec<Option<Value>>, String> = self.operands.iter().map(operand).collect();
        let value = self.value(&computed.map_err(|what| self.fault(what))?)?;
        match value.elements() {
            Elements::Real(reals) => Ok(reals.iter().map(|&x| x as f32).collect()),
            Elements::Whole(wholes) => match wholes.iter().find(|x| !(-EXACT..=EXACT).contains(*x)) {
                None => Ok(wholes.iter().map(|&x| x as f32).collect()),
                Some(x) => Err(self.fault(format!(
                    "the integer {x} is not kept exactly between steps; integers from −2^24 to 2^24 are"
                ))),
            },
        }
    }

    /// The result for computed operands, which have their place among all of them.
    fn value(&self, computed: &[Option<Value>]) -> Result<Value, ModelError> {
        let operands: Vec<Option<&Value>> = self
            .operands
            .iter()
            .zip(computed)
            .map(|(operand, computed)| match operand {
                Operand::Stored(value) => Some(value),
                _ => computed.as_ref(),
            })
            .collect();
        let mut answer = operator::run(&self.node, self.opset, &operands)?;
        if self.result >= answer.len() || answer[self.result].len() != self.size {
            return Err(self.fault("the shape of the result depends on the sample".into()));
        }
        Ok(answer.swap_remove(self.result))
    }
}

/// Values between steps as elements of a type that holds them.
fn typed(kind: Kind, shape: &[usize], reals: &[f32]) -> Result<Value, String> {
    let (low, high) = kind.range();
    let fits = |x: &&f32| x.fract() == 0.0 && (low as f64..=high as f64).contains(&f64::from(**x));
    match reals.iter().find(|x| !kind.is_real() && !fits(x)) {
        None => Value::numbers(kind, shape, reals.iter().map(|&x| f64::from(x)).collect()),
        Some(x) => Err(format!("{x} is no element of type {kind}; check how samples are preprocessed")),
    }
}

/// What a node does.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Op {
    Contract(Contraction),
    /// A contraction whose weights [O, C / groups, rows, columns] are the second value that it reads.
    Product(Geometry),
    /// A contraction of what it gave the step before, added to products of its input that it reads.
    Recurrent(Box<Recurrent>),
    Clip(f32, f32),
    Add,
    /// A factor and then a constant per channel; the third field is the elements of a channel.
    Affine(Vec<f32>, Vec<f32>, usize),
    /// Elements at other places; elsewhere the value.
    Arrange(Order, f32),
    MaxPool(Window),
    AveragePool(Window),
    /// The same elements in another order: where each comes from.
    Permute(Vec<u32>),
    /// The same elements under another shape.
    Reshape,
    Softmax,
    /// Some tokens of the first value that it reads, by what the second one says.
    Keep(Keep),
    /// As the operator text has it.
    General(Box<General>),
}

impl Op {
    /// The shape of a contraction, which an array runs.
    pub(super) fn contraction(&self) -> Option<&Geometry> {
        match self {
            Op::Contract(contraction) => Some(&contraction.geometry),
            Op::Product(geometry) => Some(geometry),
            Op::Recurrent(recurrent) => Some(&recurrent.contraction.geometry),
            _ => None,
        }
    }

    /// The contraction with weights of its own that it is, or makes step after step.
    pub(super) fn weighted(&self) -> Option<&Contraction> {
        match self {
            Op::Contract(contraction) => Some(contraction),
            Op::Recurrent(recurrent) => Some(&recurrent.contraction),
            _ => None,
        }
    }

    /// The same, to be changed.
    pub(super) fn weighted_mut(&mut self) -> Option<&mut Contraction> {
        match self {
            Op::Contract(contraction) => Some(contraction),
            Op::Recurrent(recurrent) => Some(&mut recurrent.contraction),
            _ => None,
        }
    }

    /// Whether every element of the result is at the place of the one that it is made of.
    pub(super) fn is_in_place(&self) -> bool {
        match self {
            Op::General(general) => general.is_by_row(),
            _ => matches!(self, Op::Reshape | Op::Clip(..) | Op::Add | Op::Affine(..)),
        }
    }

    /// Whether elements only get other places, or are repeated.
    pub(super) fn moves(&self) -> bool {
        match self {
            Op::Arrange(_, fill) => *fill == 0.0,
            _ => matches!(self, Op::Reshape | Op::Permute(_)),
        }
    }

    /// Whether every element of the result is one of the elements read, or zero: what lies on a grid stays there.
    pub(super) fn keeps_codes(&self) -> bool {
        self.moves() || matches!(self, Op::MaxPool(_) | Op::Keep(_))
    }

    /// The first weight, bias, factor or constant that is no finite number: what, its place among its like, its value.
    pub(super) fn not_finite(&self) -> Option<(&'static str, usize, f32)> {
        let first = |what, values: &[f32]| {
            let at = values.iter().position(|value| !value.is_finite())?;
            Some((what, at, values[at]))
        };
        if let Some(of) = self.weighted() {
            return first("weight", &of.weights).or_else(|| first("bias", &of.bias));
        }
        match self {
            Op::Affine(factors, constants, _) => first("the factor of channel", factors)
                .or_else(|| first("the constant of channel", constants)),
            _ => None,
        }
    }

    /// What it holds, in elements of eight bytes.
    pub(super) fn held(&self) -> usize {
        match self {
            Op::Contract(of) => of.weights.len() / 2,
            Op::Recurrent(of) => of.contraction.weights.len() / 2,
            Op::Affine(factors, ..) => factors.len(),
            Op::Arrange(from, _) => from.len(),
            Op::Permute(from) => from.len() / 2,
            Op::General(general) => {
                let stored =
                    |operand: &Operand| if let Operand::Stored(value) = operand { value.len() } else { 0 };
                general.operands.iter().map(stored).sum()
            }
            _ => 0,
        }
    }

    /// The grid of codes of bytes that a model reads with one stored scale.
    pub(super) fn declared(&self) -> Option<Declared> {
        let Op::General(general) = self else { return None };
        let [Operand::Computed(kind @ (Kind::U8 | Kind::I8), _), Operand::Stored(scale), rest @ ..] =
            &general.operands[..]
        else {
            return None;
        };
        let zero = match rest {
            [Operand::Stored(zero), ..] => *zero.wholes().ok()?.first()?,
            _ => 0,
        };
        let scale = *scale.reals().ok().filter(|scales| scales.len() == 1)?.first()?;
        let declared = Declared { scale: scale as f32, zero_point: zero - kind.range().0 };
        (general.node.kind == "DequantizeLinear").then_some(declared)
    }

    /// Applies any operator but a contraction to one sample.
    ///
    /// `inputs` holds one slice per operand.
    ///
    /// # Errors
    /// [`ModelError`] of a general operator.
    pub(super) fn apply(&self, inputs: &[&[f32]]) -> Result<Vec<f32>, ModelError> {
        let x = inputs[0];
        Ok(match self {
            Op::Contract(_) | Op::Product(_) | Op::Recurrent(_) => {
                unreachable!("contractions are run by the float code or an engine")
            }
            Op::General(general) => return general.apply(inputs),
            Op::Clip(low, high) => x.iter().map(|v| v.clamp(*low, *high)).collect(),
            Op::Add => x.iter().zip(inputs[1]).map(|(a, b)| a + b).collect(),
            Op::Affine(factors, constants, span) => {
                let channel = |(at, v): (usize, &f32)| v * factors[at / span] + constants[at / span];
                x.iter().enumerate().map(channel).collect()
            }
            Op::Arrange(from, fill) => from.take(x, *fill),
            Op::MaxPool(window) => window.greatest(x),
            Op::AveragePool(window) => window.average(x),
            Op::Permute(from) => from.iter().map(|&at| x[at as usize]).collect(),
            Op::Reshape => x.to_vec(),
            Op::Softmax => softmax(x),
            Op::Keep(keep) => keep.apply(x, inputs[1]),
        })
    }
}
