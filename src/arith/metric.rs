//! Error metrics: how far results are from the exact ones, over all operand pairs.
//!
//! Every pair counts equally. Relative errors skip pairs whose exact result is 0; `nmed` divides by the
//! largest exact magnitude; what is undefined is null.

use serde::Serialize;

use crate::table::{Signature, Table};

/// Error metrics in the field's terms; rates and relative errors are fractions.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Metrics {
    /// Share of pairs with a wrong result (ER, EP).
    pub error_rate: f64,
    /// Mean error distance |approximate − exact| (MAE).
    pub med: f64,
    /// `med` over the largest exact magnitude.
    pub nmed: Option<f64>,
    /// Mean relative error distance over pairs whose exact result is not 0 (MRE).
    pub mred: Option<f64>,
    /// Mean squared error.
    pub mse: f64,
    /// Worst error distance.
    pub wce: u64,
    /// Worst relative error distance over pairs whose exact result is not 0.
    pub wcre: Option<f64>,
    /// Mean signed error.
    pub bias: f64,
    /// The first operands that reach `wce`; absent for an exact design.
    pub worst: Option<[i64; 2]>,
}

/// Integer sums over pairs; only relative errors are summed in floating point.
#[derive(Default)]
struct Sums {
    pairs: u64,
    wrong: u64,
    distance: u128,
    square: u128,
    error: i128,
    largest: u64,
    nonzero: u64,
    relative: f64,
    worst_relative: f64,
    worst: Option<(u64, [i64; 2])>,
}

impl Sums {
    fn add(&mut self, a: i64, b: i64, approximate: i64, exact: i64) {
        let error = approximate - exact;
        let distance = error.unsigned_abs();
        self.pairs += 1;
        self.largest = self.largest.max(exact.unsigned_abs());
        if exact != 0 {
            self.nonzero += 1;
        }
        if error == 0 {
            return;
        }
        self.wrong += 1;
        self.distance += u128::from(distance);
        self.square += u128::from(distance) * u128::from(distance);
        self.error += i128::from(error);
        if exact != 0 {
            let relative = distance as f64 / exact.unsigned_abs() as f64;
            self.relative += relative;
            self.worst_relative = self.worst_relative.max(relative);
        }
        if self.worst.is_none_or(|(known, _)| distance > known) {
            self.worst = Some((distance, [a, b]));
        }
    }

    fn metrics(self) -> Metrics {
        let pairs = self.pairs as f64;
        let med = self.distance as f64 / pairs;
        Metrics {
            error_rate: self.wrong as f64 / pairs,
            med,
            nmed: (self.largest > 0).then(|| med / self.largest as f64),
            mred: (self.nonzero > 0).then(|| self.relative / self.nonzero as f64),
            mse: self.square as f64 / pairs,
            wce: self.worst.map_or(0, |(distance, _)| distance),
            wcre: (self.nonzero > 0).then_some(self.worst_relative),
            bias: self.error as f64 / pairs,
            worst: self.worst.map(|(_, operands)| operands),
        }
    }
}

impl Metrics {
    /// Metrics of a complete function.
    ///
    /// ```
    /// use axsim::arith::{design, metric::Metrics, table};
    /// let metrics = Metrics::of(&table(&*design("mul8u_trunc_t4").unwrap()).unwrap());
    /// assert_eq!((metrics.wce, metrics.med), (49, 12.25));
    /// ```
    pub fn of(table: &Table) -> Self {
        let signature = table.signature();
        let codes = Table::codes(signature).expect("a table is never too wide");
        let results = codes.zip(table.entries()).map(|(codes, &result)| (codes, i64::from(result)));
        Self::of_results(signature, results)
    }

    /// Metrics over operand codes with their results.
    pub fn of_results(signature: Signature, results: impl Iterator<Item = ((u64, u64), i64)>) -> Self {
        let mut sums = Sums::default();
        for ((a, b), result) in results {
            let (a, b) = (signature.value_a(a), signature.value_b(b));
            sums.add(a, b, result, signature.exact(a, b));
        }
        sums.metrics()
    }
}
