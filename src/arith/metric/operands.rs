//! Error metrics weighted by how often operands occur.

use rayon::prelude::*;
use serde::Serialize;

use crate::arith::Design;
use crate::bits;
use crate::table::Signature;

/// How often operands occur.
#[derive(Debug, Clone, PartialEq)]
pub enum Operands {
    /// Pairs with their weights.
    Pairs(Vec<(i64, i64, f64)>),
    /// Values of `a` and of `b` with their weights, independent of one another.
    Independent([Vec<(i64, f64)>; 2]),
}

/// Why operands are refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum OperandsError {
    /// Another header.
    #[error(
        "the header is `a,b,weight` (pairs) or `operand,value,weight` (independent `a` and `b`), not `{0}`"
    )]
    Header(String),
    /// A line that is no CSV, or holds something else.
    #[error("line {line}: {message}")]
    Line {
        /// The line, from 1.
        line: u64,
        /// What is wrong there, and what to write.
        message: String,
    },
    /// Nothing has a weight.
    #[error("no value of `{0}` has a weight above 0")]
    Empty(&'static str),
    /// A value that an operand cannot take.
    #[error("{value} is no value of operand `{operand}` of `{design}`, which goes from {low} to {high}")]
    Range {
        /// The value.
        value: i64,
        /// `a` or `b`.
        operand: &'static str,
        /// The design.
        design: String,
        /// The least value.
        low: i64,
        /// The greatest.
        high: i64,
    },
}

/// Error metrics in which every pair counts by its weight; rates and relative errors are fractions.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Weighted {
    /// Pairs with a weight.
    pub pairs: u64,
    /// Weight of pairs with a wrong result.
    pub error_rate: f64,
    /// Mean error distance (WMED).
    pub med: f64,
    /// Mean relative error distance over pairs whose exact result is not 0.
    pub mred: Option<f64>,
    /// Mean squared error.
    pub mse: f64,
    /// Mean signed error.
    pub bias: f64,
    /// Variance of the signed error.
    pub variance: f64,
    /// Worst error distance of a pair with a weight.
    pub wce: u64,
}

impl Operands {
    /// Reads a CSV text with the header `a,b,weight`, or `operand,value,weight` where `operand` is `a` or `b`; weights
    /// need not add up to 1, and a value may come more than once.
    ///
    /// # Errors
    /// [`OperandsError`] with the line.
    ///
    /// ```
    /// use axsim::arith::metric::operands::Operands;
    /// let text = "operand,value,weight\na,0,3\na,5,1\nb,7,1\n";
    /// let Operands::Independent([a, b]) = Operands::read(text.as_bytes()).unwrap() else { panic!() };
    /// assert_eq!((a, b), (vec![(0, 3.0), (5, 1.0)], vec![(7, 1.0)]));
    /// ```
    pub fn read(text: &[u8]) -> Result<Self, OperandsError> {
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text);
        let failed = |error: csv::Error| OperandsError::Line {
            line: error.position().map_or(1, csv::Position::line),
            message: error.to_string(),
        };
        let header = reader.headers().map_err(failed)?.iter().collect::<Vec<_>>().join(",");
        if !["a,b,weight", "operand,value,weight"].contains(&&*header) {
            return Err(OperandsError::Header(header));
        }
        let (mut pairs, mut operands) = (vec![], [vec![], vec![]]);
        for record in reader.records() {
            let record = record.map_err(failed)?;
            let line = record.position().map_or(1, csv::Position::line);
            let wrong = |message: String| OperandsError::Line { line, message };
            let integer = |at: usize| {
                let wrong = || wrong(format!("an integer is expected, not `{}`", &record[at]));
                record[at].parse::<i64>().map_err(|_| wrong())
            };
            let weight = record[2].parse::<f64>().ok().filter(|weight| weight.is_finite() && *weight >= 0.0);
            let weight = weight
                .ok_or_else(|| wrong(format!("a weight of at least 0 is expected, not `{}`", &record[2])))?;
            match (&*header, &record[0]) {
                ("a,b,weight", _) => pairs.push((integer(0)?, integer(1)?, weight)),
                (_, "a") => operands[0].push((integer(1)?, weight)),
                (_, "b") => operands[1].push((integer(1)?, weight)),
                (_, other) => return Err(wrong(format!("`a` or `b` is expected, not `{other}`"))),
            }
        }
        pairs.retain(|pair| pair.2 > 0.0);
        operands.iter_mut().for_each(|values| values.retain(|value| value.1 > 0.0));
        match (&*header, &operands) {
            ("a,b,weight", _) if pairs.is_empty() => Err(OperandsError::Empty("a and b")),
            ("a,b,weight", _) => Ok(Self::Pairs(pairs)),
            (_, [a, _]) if a.is_empty() => Err(OperandsError::Empty("a")),
            (_, [_, b]) if b.is_empty() => Err(OperandsError::Empty("b")),
            _ => Ok(Self::Independent(operands)),
        }
    }

    /// Writes the CSV text that [`Operands::read`] reads.
    ///
    /// ```
    /// use axsim::arith::metric::operands::Operands;
    /// assert_eq!(Operands::Pairs(vec![(-3, 5, 2.0)]).to_csv(), "a,b,weight\n-3,5,2\n");
    /// ```
    pub fn to_csv(&self) -> String {
        match self {
            Self::Pairs(pairs) => {
                let line = |(a, b, weight): &(i64, i64, f64)| format!("{a},{b},{weight}\n");
                format!("a,b,weight\n{}", pairs.iter().map(line).collect::<String>())
            }
            Self::Independent(operands) => {
                let lines = ["a", "b"].iter().zip(operands).flat_map(|(operand, values)| {
                    values.iter().map(move |(value, weight)| format!("{operand},{value},{weight}\n"))
                });
                format!("operand,value,weight\n{}", lines.collect::<String>())
            }
        }
    }

    /// Error metrics of a design under these operands, from its gates.
    ///
    /// # Errors
    /// [`OperandsError::Range`] where a value does not fit an operand.
    pub fn metrics(&self, design: &dyn Design) -> Result<Weighted, OperandsError> {
        let signature = design.signature();
        let code = |operand: &'static str, value: i64| {
            let width = if operand == "a" { signature.width_a } else { signature.width_b };
            let code = bits::encode(value, width);
            let (low, high) = bits_range(width, signature.signed);
            let fits = bits::decode(code, width, signature.signed) == value;
            let range = || OperandsError::Range { value, operand, design: design.id(), low, high };
            if fits { Ok(code) } else { Err(range()) }
        };
        let rows: Vec<Vec<((u64, u64), f64)>> = match self {
            Self::Pairs(pairs) => {
                let pair = |&(a, b, weight): &(i64, i64, f64)| Ok(((code("a", a)?, code("b", b)?), weight));
                let pairs: Vec<_> = pairs.iter().map(pair).collect::<Result<_, OperandsError>>()?;
                pairs.chunks(ROW).map(<[_]>::to_vec).collect()
            }
            Self::Independent([of_a, of_b]) => {
                let coded = |operand, values: &[(i64, f64)]| -> Result<Vec<(u64, f64)>, OperandsError> {
                    values.iter().map(|&(value, weight)| Ok((code(operand, value)?, weight))).collect()
                };
                let (of_a, of_b) = (coded("a", of_a)?, coded("b", of_b)?);
                return Ok(weighted(design, of_a.len(), |at| {
                    let (a, weight) = of_a[at];
                    of_b.iter().map(|&(b, other)| ((a, b), weight * other)).collect()
                }));
            }
        };
        Ok(weighted(design, rows.len(), |at| rows[at].clone()))
    }
}

/// Pairs that one task looks at where they are listed.
const ROW: usize = 4096;

fn bits_range(width: u32, signed: bool) -> (i64, i64) {
    if signed { (-(1 << (width - 1)), (1 << (width - 1)) - 1) } else { (0, bits::mask(width) as i64) }
}

/// Weighted sums of one row of pairs.
#[derive(Default)]
struct Sums {
    pairs: u64,
    weight: f64,
    wrong: f64,
    distance: f64,
    nonzero: f64,
    relative: f64,
    square: f64,
    error: f64,
    worst: u64,
}

impl Sums {
    fn add(&mut self, signature: Signature, (a, b): (u64, u64), result: i64, weight: f64) {
        let exact = signature.exact(signature.value_a(a), signature.value_b(b));
        let error = signature.number(result) - exact;
        let distance = error.unsigned_abs() as f64;
        self.pairs += 1;
        self.weight += weight;
        self.wrong += if error == 0 { 0.0 } else { weight };
        self.distance += weight * distance;
        self.square += weight * distance * distance;
        self.error += weight * error as f64;
        self.worst = self.worst.max(error.unsigned_abs() as u64);
        if exact != 0 {
            self.nonzero += weight;
            self.relative += weight * distance / exact.unsigned_abs() as f64;
        }
    }

    fn with(self, later: Self) -> Self {
        Self {
            pairs: self.pairs + later.pairs,
            weight: self.weight + later.weight,
            wrong: self.wrong + later.wrong,
            distance: self.distance + later.distance,
            nonzero: self.nonzero + later.nonzero,
            relative: self.relative + later.relative,
            square: self.square + later.square,
            error: self.error + later.error,
            worst: self.worst.max(later.worst),
        }
    }
}

/// Rows in parallel, summed in their order.
fn weighted(
    design: &dyn Design,
    rows: usize,
    row: impl Fn(usize) -> Vec<((u64, u64), f64)> + Sync,
) -> Weighted {
    let (signature, netlist, width) = (design.signature(), design.netlist(), design.width_out());
    let sums = |at: usize| {
        let (codes, weights): (Vec<(u64, u64)>, Vec<f64>) = row(at).into_iter().unzip();
        let mut sums = Sums::default();
        for ((pair, code), weight) in codes.iter().zip(netlist.eval_pairs(&codes)).zip(weights) {
            sums.add(signature, *pair, bits::decode(code, width, signature.signed), weight);
        }
        sums
    };
    let mut total = Sums::default();
    // A few rows at a time: memory stays small however many there are.
    for first in (0..rows).step_by(1024) {
        let block: Vec<Sums> = (first..rows.min(first + 1024)).into_par_iter().map(sums).collect();
        total = block.into_iter().fold(total, Sums::with);
    }
    let Sums { pairs, weight, wrong, distance, nonzero, relative, square, error, worst } = total;
    let (mse, bias) = (square / weight, error / weight);
    Weighted {
        pairs,
        error_rate: wrong / weight,
        med: distance / weight,
        mred: (nonzero > 0.0).then(|| relative / nonzero),
        mse,
        bias,
        variance: (mse - bias * bias).max(0.0),
        wce: worst,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arith::{design, metric::Metrics};

    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() <= 1e-9 * expected.abs(), "{found} is not {expected}");
    }

    #[test]
    fn equal_weights_give_the_metrics_of_all_pairs() {
        for id in ["mul6s_drum_k3", "add6u_loa_k4", "mul6u_mitchell"] {
            let design = design(id).unwrap();
            let signature = design.signature();
            let lines = ["a", "b"].map(|operand| {
                (0..64).map(|code| format!("{operand},{},0.5\n", signature.value_a(code))).collect::<String>()
            });
            let text = format!("operand,value,weight\n{}", lines.concat());
            let found = Operands::read(text.as_bytes()).unwrap().metrics(&*design).unwrap();
            let all = Metrics::exhaustive(&*design);
            near(found.med, all.med);
            near(found.mred.unwrap(), all.mred.unwrap());
            near(found.mse, all.mse);
            near(found.error_rate, all.error_rate);
            near(found.variance, all.variance);
            assert_eq!((found.pairs, found.wce), (4096, all.wce));
        }
    }

    /// 3 · 3 is wrong by 2, everything else right.
    #[test]
    fn a_pair_counts_by_its_weight() {
        let text = "a, b, weight\n3, 3, 1\n1, 2, 2.5\n0, 3, 0.5\n2,2,0\n";
        let found = Operands::read(text.as_bytes()).unwrap().metrics(&*design("mul2u_kulkarni").unwrap());
        let found = found.unwrap();
        assert_eq!((found.pairs, found.error_rate, found.med, found.bias), (3, 0.25, 0.5, -0.5));
        near(found.mred.unwrap(), 2.0 / 9.0 / 3.5);
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let message = |text: &str| match Operands::read(text.as_bytes()) {
            Ok(operands) => operands.metrics(&*design("mul4s_exact").unwrap()).unwrap_err().to_string(),
            Err(error) => error.to_string(),
        };
        for (text, expected) in [
            ("x,y\n1,2\n", "the header is `a,b,weight` (pairs)"),
            ("a,b,weight\n1,2,-1\n", "line 2: a weight of at least 0 is expected, not `-1`"),
            ("a,b,weight\n1,2,NaN\n", "line 2: a weight of at least 0"),
            ("a,b,weight\n1.5,2,1\n", "line 2: an integer is expected, not `1.5`"),
            ("operand,value,weight\nc,2,1\n", "line 2: `a` or `b` is expected, not `c`"),
            ("operand,value,weight\na,2,1\n", "no value of `b` has a weight above 0"),
            ("a,b,weight\n", "no value of `a and b`"),
            ("a,b,weight\n8,0,1\n", "8 is no value of operand `a` of `mul4s_exact`, which goes from -8 to 7"),
        ] {
            assert!(message(text).starts_with(expected), "{text}: {}", message(text));
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_is_read_again(
            pairs in proptest::collection::vec((-9i64..9, -9i64..9, 0.001f64..1e9), 1..20),
            values in proptest::collection::vec((-9i64..9, 0.001f64..1e9), 1..20)
        ) {
            for operands in [Operands::Pairs(pairs), Operands::Independent([values.clone(), values])] {
                proptest::prop_assert_eq!(Operands::read(operands.to_csv().as_bytes()).unwrap(), operands);
            }
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in "(a|b|operand|value|weight|,|\n|1|-|\\.|\\PC)*") {
            let _ = Operands::read(text.as_bytes());
        }
    }
}
