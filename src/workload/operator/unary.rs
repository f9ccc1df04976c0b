//! Functions of one number.

use super::{Answer, Call, Operator, operator, unknown};
use crate::workload::value::{Elements, Value};

pub(super) const OPERATORS: &[Operator] = &[
    operator("Abs", &[], |call| number(call, f64::abs, i64::wrapping_abs)),
    operator("Acos", &[], |call| real(call, f64::acos)),
    operator("Acosh", &[], |call| real(call, f64::acosh)),
    operator("Asin", &[], |call| real(call, f64::asin)),
    operator("Asinh", &[], |call| real(call, f64::asinh)),
    operator("Atan", &[], |call| real(call, f64::atan)),
    operator("Atanh", &[], |call| real(call, f64::atanh)),
    operator("BitwiseNot", &[], |call| whole(call, |x| !x)),
    operator("Ceil", &[], |call| real(call, f64::ceil)),
    operator("Celu", &["alpha"], celu),
    operator("Clip", &["max", "min"], clip),
    operator("Cos", &[], |call| real(call, f64::cos)),
    operator("Cosh", &[], |call| real(call, f64::cosh)),
    operator("Elu", &["alpha"], elu),
    operator("Erf", &[], |call| real(call, libm::erf)),
    operator("Exp", &[], |call| real(call, f64::exp)),
    operator("Floor", &[], |call| real(call, f64::floor)),
    operator("Gelu", &["approximate"], gelu),
    operator("HardSigmoid", &["alpha", "beta"], hard_sigmoid),
    operator("HardSwish", &[], |call| real(call, |x| x * (x / 6.0 + 0.5).clamp(0.0, 1.0))),
    operator("Identity", &[], |call| Ok(vec![call.input(0)?.clone()])),
    operator("IsInf", &["detect_negative", "detect_positive"], is_infinite),
    operator("IsNaN", &[], |call| {
        Ok(vec![Value::truths(call.input(0)?.shape(), call.reals(0)?.iter().map(|x| x.is_nan()))?])
    }),
    operator("LeakyRelu", &["alpha"], leaky_relu),
    operator("Log", &[], |call| real(call, f64::ln)),
    operator("Mish", &[], |call| real(call, |x| x * softplus(x).tanh())),
    operator("Neg", &[], |call| number(call, |x| -x, i64::wrapping_neg)),
    operator("Not", &[], |call| whole(call, |x| i64::from(x == 0))),
    operator("Reciprocal", &[], |call| real(call, f64::recip)),
    operator("Relu", &[], |call| number(call, |x| if x < 0.0 { 0.0 } else { x }, |x| x.max(0))),
    operator("Round", &[], |call| real(call, f64::round_ties_even)),
    operator("Selu", &["alpha", "gamma"], selu),
    operator("Shrink", &["bias", "lambd"], shrink),
    operator("Sigmoid", &[], |call| real(call, sigmoid)),
    operator("Sign", &[], |call| number(call, |x| if x == 0.0 { 0.0 } else { x.signum() }, i64::signum)),
    operator("Sin", &[], |call| real(call, f64::sin)),
    operator("Sinh", &[], |call| real(call, f64::sinh)),
    operator("Softplus", &[], |call| real(call, softplus)),
    operator("Softsign", &[], |call| real(call, |x| x / (1.0 + x.abs()))),
    operator("Sqrt", &[], |call| real(call, f64::sqrt)),
    operator("Tan", &[], |call| real(call, f64::tan)),
    operator("Tanh", &[], |call| real(call, f64::tanh)),
    operator("ThresholdedRelu", &["alpha"], thresholded_relu),
];

pub(in crate::workload) fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

pub(super) fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

fn real(call: &Call<'_>, f: impl Fn(f64) -> f64) -> Answer {
    let x = call.input(0)?;
    Ok(vec![Value::real(x.kind(), x.shape(), call.reals(0)?.iter().map(|&x| f(x)).collect())?])
}

fn whole(call: &Call<'_>, f: impl Fn(i64) -> i64) -> Answer {
    let x = call.input(0)?;
    Ok(vec![Value::whole(x.kind(), x.shape(), call.wholes(0)?.iter().map(|&x| f(x)).collect())?])
}

fn number(call: &Call<'_>, f: impl Fn(f64) -> f64, g: impl Fn(i64) -> i64) -> Answer {
    match call.input(0)?.elements() {
        Elements::Real(_) => real(call, f),
        Elements::Whole(_) => whole(call, g),
    }
}

fn celu(call: &Call<'_>) -> Answer {
    let alpha = call.float("alpha", 1.0)?;
    real(call, |x| x.max(0.0) + (alpha * (x / alpha).exp_m1()).min(0.0))
}

fn clip(call: &Call<'_>) -> Answer {
    let low = call.float_at(1, "min", f32::NEG_INFINITY)?;
    let high = call.float_at(2, "max", f32::INFINITY)?;
    number(call, |x| x.max(low).min(high), |x| x.max(low as i64).min(high as i64))
}

fn elu(call: &Call<'_>) -> Answer {
    let alpha = call.float("alpha", 1.0)?;
    real(call, |x| if x < 0.0 { alpha * x.exp_m1() } else { x })
}

fn gelu(call: &Call<'_>) -> Answer {
    const ROOT: f64 = 0.797_884_560_802_865_4; // √(2/π)
    match call.text("approximate", "none")? {
        "none" => real(call, |x| 0.5 * x * (1.0 + libm::erf(x * std::f64::consts::FRAC_1_SQRT_2))),
        "tanh" => real(call, |x| 0.5 * x * (1.0 + (ROOT * (x + 0.044_715 * x * x * x)).tanh())),
        other => Err(unknown("approximate", other, &["none", "tanh"])),
    }
}

fn hard_sigmoid(call: &Call<'_>) -> Answer {
    let (alpha, beta) = (call.float("alpha", 0.2)?, call.float("beta", 0.5)?);
    real(call, |x| (alpha * x + beta).clamp(0.0, 1.0))
}

fn is_infinite(call: &Call<'_>) -> Answer {
    let (below, above) = (call.flag("detect_negative", true)?, call.flag("detect_positive", true)?);
    let is = |x: &f64| x.is_infinite() && if *x < 0.0 { below } else { above };
    Ok(vec![Value::truths(call.input(0)?.shape(), call.reals(0)?.iter().map(is))?])
}

fn leaky_relu(call: &Call<'_>) -> Answer {
    let alpha = call.float("alpha", 0.01)?;
    real(call, |x| if x < 0.0 { alpha * x } else { x })
}

fn selu(call: &Call<'_>) -> Answer {
    let (alpha, gamma) = (call.float("alpha", 1.673_263_2)?, call.float("gamma", 1.050_701)?);
    real(call, |x| gamma * if x > 0.0 { x } else { alpha * x.exp_m1() })
}

fn shrink(call: &Call<'_>) -> Answer {
    let (bias, lambd) = (call.float("bias", 0.0)?, call.float("lambd", 0.5)?);
    let shrink = |x: f64| {
        if x < -lambd {
            x + bias
        } else if x > lambd {
            x - bias
        } else {
            0.0
        }
    };
    number(call, shrink, |x| shrink(x as f64) as i64)
}

fn thresholded_relu(call: &Call<'_>) -> Answer {
    let alpha = call.float("alpha", 1.0)?;
    real(call, |x| if x > alpha { x } else { 0.0 })
}
