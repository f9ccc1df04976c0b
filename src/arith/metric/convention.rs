//! Error metrics as circuit libraries print them: what a percentage divides by, and which pairs count.
//!
//! The rules are inferred from the libraries' own figures and confirmed on all of their circuits.

use super::Metrics;
use crate::table::{Operation, Signature};

/// A library whose figures are compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Convention {
    /// EvoApproxLib LITE (2019 to 2022) and ApproxFPGAs: relative errors leave pairs out whose exact result is 0.
    EvoApproxLib,
    /// EvoApprox8b (2017): relative errors divide by 1 where the exact result is 0.
    EvoApprox8b,
}

impl Convention {
    /// What `MAE_pct` and `WCE_pct` divide by: two to the bits of the result, at most those of an exact one, and of a
    /// signed sum to one less.
    pub fn normaliser(signature: Signature, width_out: u32) -> f64 {
        let halved = signature.signed && signature.operation == Operation::Add;
        2f64.powi(width_out.min(signature.width_out()) as i32 - i32::from(halved))
    }

    /// Figures under the names of the library; percentages where the name says so.
    ///
    /// `MAE`, `MAE_pct`, `WCE`, `WCE_pct`, `WCRE_pct`, `EP_pct`, `MRE_pct`, `MSE`, and `HD_sum`, the differing bits of
    /// all results together.
    pub fn figures(
        self,
        metrics: &Metrics,
        signature: Signature,
        width_out: u32,
    ) -> [(&'static str, f64); 9] {
        let whole = Self::normaliser(signature, width_out) / 100.0;
        let (wcre, mre) = match self {
            Self::EvoApproxLib => (metrics.wcre.unwrap_or(0.0), metrics.mred.unwrap_or(0.0)),
            Self::EvoApprox8b => (metrics.wcre_one, metrics.mred_one),
        };
        [
            ("MAE", metrics.med),
            ("MAE_pct", metrics.med / whole),
            ("WCE", metrics.wce as f64),
            ("WCE_pct", metrics.wce as f64 / whole),
            ("WCRE_pct", 100.0 * wcre),
            ("EP_pct", 100.0 * metrics.error_rate),
            ("MRE_pct", 100.0 * mre),
            ("MSE", metrics.mse),
            ("HD_sum", metrics.hamming * metrics.pairs as f64),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arith::design;

    /// A sum of two n-bit numbers is below 2^(n+1), and of signed ones at most 2^n in magnitude.
    #[test]
    fn percentages_are_of_the_range_of_results() {
        for (id, whole) in [("add8u_loa_k3", 512.0), ("add8s_loa_k3", 256.0), ("mul4s_trunc_t2", 256.0)] {
            let design = design(id).unwrap();
            assert_eq!(Convention::normaliser(design.signature(), design.width_out()), whole, "{id}");
            let metrics = Metrics::of_gates(&*design);
            for convention in [Convention::EvoApproxLib, Convention::EvoApprox8b] {
                let figures = convention.figures(&metrics, design.signature(), design.width_out());
                assert_eq!(figures[3], ("WCE_pct", 100.0 * metrics.wce as f64 / whole), "{id}");
            }
        }
    }
}
