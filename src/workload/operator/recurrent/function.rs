//! The functions that a recurrent cell applies to its sums, each with the numbers that it takes.

use super::{Call, unknown};
use crate::workload::onnx::Attribute;
use crate::workload::operator::unary::{sigmoid, softplus};
use crate::workload::value::Fault;

/// What is done with the sums of a gate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Function {
    kind: Kind,
    alpha: f64,
    beta: f64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Affine,
    Elu,
    HardSigmoid,
    LeakyRelu,
    Relu,
    ScaledTanh,
    Sigmoid,
    Softplus,
    Softsign,
    Tanh,
    ThresholdedRelu,
}

/// Whether a function takes a number, and which one where none is given.
#[derive(Debug, Clone, Copy)]
enum Takes {
    Nothing,
    Number,
    NumberOr(f32),
}

use Takes::{Nothing, Number, NumberOr};

/// Functions with what they take as alpha and beta.
///
/// Source: operator texts of RNN, GRU and LSTM, whose defaults are those of the operators of these names; those of
/// `Affine` and `ScaledTanh`, which are no operators, must be given.
const FUNCTIONS: [(&str, Kind, [Takes; 2]); 11] = [
    ("Affine", Kind::Affine, [Number, Number]),
    ("Elu", Kind::Elu, [NumberOr(1.0), Nothing]),
    ("HardSigmoid", Kind::HardSigmoid, [NumberOr(0.2), NumberOr(0.5)]),
    ("LeakyRelu", Kind::LeakyRelu, [NumberOr(0.01), Nothing]),
    ("Relu", Kind::Relu, [Nothing, Nothing]),
    ("ScaledTanh", Kind::ScaledTanh, [Number, Number]),
    ("Sigmoid", Kind::Sigmoid, [Nothing, Nothing]),
    ("Softplus", Kind::Softplus, [Nothing, Nothing]),
    ("Softsign", Kind::Softsign, [Nothing, Nothing]),
    ("Tanh", Kind::Tanh, [Nothing, Nothing]),
    ("ThresholdedRelu", Kind::ThresholdedRelu, [NumberOr(1.0), Nothing]),
];

impl Function {
    /// The functions of all directions of a node, `default` for each where it names none.
    ///
    /// Functions that take a number take the next one of `activation_alpha` or `activation_beta`.
    pub fn all(call: &Call<'_>, default: &[&str], directions: usize) -> Result<Vec<Self>, Fault> {
        let names: Vec<&str> = match call.attribute("activations") {
            Some(Attribute::Texts(names)) => names.iter().map(String::as_str).collect(),
            _ => default.repeat(directions),
        };
        if names.len() != default.len() * directions {
            return Err(format!("{} activations are expected for each direction", default.len()));
        }
        let [mut alphas, mut betas] = [call.floats("activation_alpha")?, call.floats("activation_beta")?]
            .map(|numbers| numbers.unwrap_or_default().into_iter());
        names.into_iter().map(|name| Self::named(name, [&mut alphas, &mut betas])).collect()
    }

    fn named(name: &str, given: [&mut impl Iterator<Item = f32>; 2]) -> Result<Self, Fault> {
        let own = FUNCTIONS.iter().find(|(own, ..)| own.eq_ignore_ascii_case(name));
        let Some((name, kind, takes)) = own else {
            return Err(unknown("activations", name, &FUNCTIONS.map(|(name, ..)| name)));
        };
        let [alphas, betas] = given;
        let alpha = takes[0].from(alphas, name, "activation_alpha")?;
        let beta = takes[1].from(betas, name, "activation_beta")?;
        Ok(Self { kind: *kind, alpha, beta })
    }

    pub fn of(self, x: f64) -> f64 {
        let Self { kind, alpha, beta } = self;
        match kind {
            Kind::Affine => alpha * x + beta,
            Kind::Elu if x < 0.0 => alpha * x.exp_m1(),
            Kind::HardSigmoid => (alpha * x + beta).clamp(0.0, 1.0),
            Kind::LeakyRelu if x < 0.0 => alpha * x,
            Kind::Elu | Kind::LeakyRelu => x,
            Kind::Relu => x.max(0.0),
            Kind::ScaledTanh => alpha * (beta * x).tanh(),
            Kind::Sigmoid => sigmoid(x),
            Kind::Softplus => softplus(x),
            Kind::Softsign => x / (1.0 + x.abs()),
            Kind::Tanh => x.tanh(),
            Kind::ThresholdedRelu => {
                if x > alpha {
                    x
                } else {
                    0.0
                }
            }
        }
    }
}

impl Takes {
    fn from(self, given: &mut impl Iterator<Item = f32>, name: &str, what: &str) -> Result<f64, Fault> {
        match self {
            Nothing => Ok(0.0),
            NumberOr(default) => Ok(given.next().unwrap_or(default).into()),
            Number => match given.next() {
                Some(number) => Ok(number.into()),
                None => {
                    Err(format!("{name} among the activations takes a number that `{what}` does not give"))
                }
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::onnx::Node;

    fn functions(names: &[&str], numbers: [&[f32]; 2]) -> Result<Vec<Function>, Fault> {
        let [alpha, beta] = numbers.map(|numbers| Attribute::Floats(numbers.to_vec()));
        let names = Attribute::Texts(names.iter().map(|name| (*name).into()).collect());
        let attributes = [("activations", names), ("activation_alpha", alpha), ("activation_beta", beta)];
        let attributes = attributes.map(|(name, value)| (name.into(), value)).into();
        let node = Node { kind: "RNN".into(), attributes, ..Node::default() };
        Function::all(&Call { node: &node, opset: 14, inputs: &[] }, &["Tanh"], names_of(&node))
    }

    fn names_of(node: &Node) -> usize {
        let Attribute::Texts(names) = &node.attributes["activations"] else { panic!("names are given") };
        names.len()
    }

    /// A cell without a state whose input is multiplied by one answered this in onnxruntime 1.32.
    #[test]
    fn functions_are_those_of_the_reference_runtime_with_and_without_numbers() {
        let inputs = [-2.0, -0.3, 0.4, 1.7];
        let expect = |name: &str, numbers: [&[f32]; 2], expected: [f64; 4]| {
            let function = functions(&[name], numbers).unwrap()[0];
            for (found, expected) in inputs.map(|x| function.of(x)).iter().zip(expected) {
                assert!((found - expected).abs() < 1e-6, "{name}: {found} {expected}");
            }
        };
        expect("Affine", [&[0.7], &[0.3]], [-1.1, 0.09, 0.58, 1.49]);
        expect("LeakyRelu", [&[], &[]], [-0.02, -0.003, 0.4, 1.7]);
        expect("leakyrelu", [&[0.7], &[]], [-1.4, -0.21, 0.4, 1.7]);
        // That runtime takes 0 where no number is given, the operator text 1.
        expect("ThresholdedRelu", [&[], &[]], [0.0, 0.0, 0.0, 1.7]);
        expect("ThresholdedRelu", [&[0.0], &[]], [0.0, 0.0, 0.4, 1.7]);
        expect("ThresholdedRelu", [&[0.7], &[]], [0.0, 0.0, 0.0, 1.7]);
        expect("ScaledTanh", [&[0.7], &[0.3]], [-0.37593472, -0.06283042, 0.08359913, 0.3289617]);
        expect("HardSigmoid", [&[], &[]], [0.1, 0.44, 0.58, 0.84]);
        expect("HardSigmoid", [&[0.7], &[0.3]], [0.0, 0.09, 0.58, 1.0]);
        expect("Elu", [&[], &[]], [-0.86466473, -0.2591818, 0.4, 1.7]);
        expect("Elu", [&[0.7], &[]], [-0.60526532, -0.18142726, 0.4, 1.7]);
        expect("Softsign", [&[], &[]], [-0.66666669, -0.23076925, 0.28571430, 0.62962961]);
        expect("Softplus", [&[], &[]], [0.12692805, 0.55435526, 0.91301525, 1.86778605]);
    }

    #[test]
    fn numbers_go_in_turn_to_the_functions_that_take_one() {
        let found = functions(&["Sigmoid", "LeakyRelu", "HardSigmoid"], [&[0.05, 0.3], &[0.4]]).unwrap();
        let numbers: Vec<[f32; 2]> = found.iter().map(|f| [f.alpha as f32, f.beta as f32]).collect();
        assert_eq!(numbers, [[0.0, 0.0], [0.05, 0.0], [0.3, 0.4]]);
        let missing = functions(&["Affine"], [&[0.5], &[]]).unwrap_err();
        assert!(missing.contains("a number that `activation_beta` does not give"), "{missing}");
        let unknown = functions(&["Swish"], [&[], &[]]).unwrap_err();
        assert!(unknown.contains("Swish") && unknown.contains("ScaledTanh"), "{unknown}");
    }
}
