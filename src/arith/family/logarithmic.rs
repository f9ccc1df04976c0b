//! Families: logarithmic multipliers.

use super::{Family, Group, Kind, Parameter};
use crate::arith::adder::{Cell, LowPart, Scheme};
use crate::arith::multiplier::{Corrected, Iterative, Logarithmic, Mitchell, Nearest, Truncated};

/// The group.
pub(super) const GROUP: Group = Group {
    title: "logarithmic multipliers",
    families: &[
        Family {
            name: "mitchell",
            parameters: &[],
            kind: Kind::Core(|_| Box::new(Mitchell)),
            definition: "logarithms with linear mantissas",
            formula: "with a = 2^p + r and b = 2^q + s: y = 2^(p+q) + t where t = r · 2^q + s · 2^p is below 2^(p+q), else 2 · t; \
            0 where an operand is 0",
            source: "J. N. Mitchell, Computer multiplication and division using binary logarithms, IRE Transactions on \
            Electronic Computers 1962",
        },
        Family {
            name: "mitchelltrunc",
            parameters: &[Parameter { letter: 'w', values: |widths, _| 1..=widths.greater(), step: 1 }],
            kind: Kind::Core(|p| Box::new(Truncated { kept: p[0], set: false })),
            definition: "as mitchell, w bits of each operand",
            formula: "as mitchell, on the w bits of each operand from its leading one on, the rest 0",
            source: "M. S. Kim, A. A. Del Barrio, L. T. Oliveira, R. Hermida, N. Bagherzadeh, Efficient Mitchell's approximate log multipliers for convolutional neural networks, IEEE Transactions on Computers 2019",
        },
        Family {
            name: "dralm",
            parameters: &[Parameter { letter: 'w', values: |widths, _| 2..=widths.greater(), step: 1 }],
            kind: Kind::Core(|p| Box::new(Truncated { kept: p[0], set: true })),
            definition: "as mitchelltrunc, the lowest kept bits and a carry set",
            formula: "as mitchell, on the w bits of each operand from its leading one on, the lowest of them 1, and one of that weight added to the sum of the mantissas; rounded down",
            source: "P. Yin, C. Wang, H. Waris, W. Liu, Y. Han, F. Lombardi, Design and analysis of energy-efficient dynamic range approximate logarithmic multipliers for machine learning, IEEE TSUSC 2021",
        },
        Family {
            name: "almsoa",
            parameters: &[Parameter { letter: 'm', values: |widths, _| 0..=widths.greater() - 1, step: 1 }],
            kind: Kind::Core(|p| {
                Box::new(Logarithmic(Scheme::Lower(LowPart::OnesOr { ones: p[0], carry: true }, p[0])))
            }),
            definition: "as mitchell, low m bits of the sum of logarithms 1",
            formula: "as mitchell, but the low m bits of the sum of the mantissas are 1 and hand on the carry of their top bits; rounded down",
            source: "W. Liu, J. Xu, D. Wang, C. Wang, P. Montuschi, F. Lombardi, Design and evaluation of approximate logarithmic multipliers for low power error-tolerant applications, IEEE TCAS-I 2018",
        },
        Family {
            name: "almloa",
            parameters: &[Parameter { letter: 'm', values: |widths, _| 0..=widths.greater() - 1, step: 1 }],
            kind: Kind::Core(|p| Box::new(Logarithmic(Scheme::Lower(LowPart::Or { carry: true }, p[0])))),
            definition: "as mitchell, the mantissas added by loa_k<m>",
            formula: "as mitchell, but the logarithms are added by a lower-part OR adder with k = m; rounded down",
            source: "W. Liu, J. Xu, D. Wang, C. Wang, P. Montuschi, F. Lombardi, Design and evaluation of approximate logarithmic multipliers for low power error-tolerant applications, IEEE TCAS-I 2018",
        },
        Family {
            name: "almmaa3",
            parameters: &[Parameter { letter: 'm', values: |widths, _| 0..=widths.greater() - 1, step: 1 }],
            kind: Kind::Core(|p| {
                Box::new(Logarithmic(Scheme::Cells(Cell::of("11001000", "00110111"), p[0])))
            }),
            definition: "as mitchell, the mantissas added by ama3_k<m>",
            formula: "as mitchell, but the logarithms are added with approximate mirror adders 3 in the low m bits; rounded down",
            source: "W. Liu, J. Xu, D. Wang, C. Wang, P. Montuschi, F. Lombardi, Design and evaluation of approximate logarithmic multipliers for low power error-tolerant applications, IEEE TCAS-I 2018",
        },
        Family {
            name: "mbm",
            parameters: &[Parameter { letter: 'q', values: |_, _| 0..=16, step: 1 }],
            kind: Kind::Core(|p| Box::new(Corrected::minimally_biased(p[0]))),
            definition: "as mitchell, plus about 1/12",
            formula: "with i and j the places of the leading ones: y = mitchell + c · 2^(i+j) rounded down, c = floor(2^q / 12) / 2^q cut to N - 1 fraction bits; in 2N + 1 bits where some y is 2^(2N) or more",
            source: "H. Saadat, H. Bokhari, S. Parameswaran, Minimally biased multipliers for approximate integer and floating-point multiplication, IEEE TCAD 2018",
        },
        Family {
            name: "realm",
            parameters: &[
                Parameter { letter: 'l', values: |widths, _| 1..=(widths.greater() - 1).min(4), step: 1 },
                Parameter {
                    letter: 't',
                    values: |widths, before| 0..=(widths.greater() - 1).saturating_sub(before[0] + 1),
                    step: 1,
                },
            ],
            kind: Kind::Core(|p| Box::new(Corrected::reduced_error(p[0], p[1]))),
            definition: "as mitchell, plus a table of 2^l by 2^l corrections",
            formula: "with i and j the places of the leading ones: y = mitchell + s · 2^(i+j) rounded down, s in 64ths the mean relative error over the range of mantissas that their top l bits name (M = 2^l ranges each); with t > 0 the low t of the N - 1 bits of each mantissa are 0 and the one above them 1; in 2N + 1 bits where some y is 2^(2N) or more",
            source: "H. Saadat, H. Javaid, A. Ignjatovic, S. Parameswaran, REALM: reduced-error approximate log-based integer multiplier, DATE 2020",
        },
        Family {
            name: "ilm",
            parameters: &[Parameter { letter: 'i', values: |widths, _| 0..=widths.greater() - 1, step: 1 }],
            kind: Kind::Core(|p| Box::new(Iterative { corrections: p[0] })),
            definition: "iterative logarithms, i corrections",
            formula: "y = a · b - r · s, r and s being the operands without their i + 1 leading ones",
            source: "Z. Babić, A. Avramović, P. Bulić, An iterative logarithmic multiplier, Microprocessors and Microsystems 2011",
        },
        Family {
            name: "ilmnearest",
            parameters: &[],
            kind: Kind::Core(|_| Box::new(Nearest { three_down: false })),
            definition: "operands rounded to the nearest power of two",
            formula: "y = A · b + B · a - A · B, A and B being the powers of two nearest to a and b, ties up",
            source: "M. S. Ansari, B. F. Cockburn, J. Han, An improved logarithmic multiplier for energy-efficient neural computing, IEEE Transactions on Computers 2021",
        },
        Family {
            name: "asroba",
            parameters: &[],
            kind: Kind::Inverted(|_| Box::new(Nearest { three_down: true })),
            definition: "as roba, negative numbers as one's complement",
            formula: "as roba, on |a| and |b| of which those of negative operands are one's complements, one less; and so is the result where the signs differ",
            source: "R. Zendegani, M. Kamal, M. Bahadori, A. Afzali-Kusha, M. Pedram, RoBA multiplier: a rounding-based approximate multiplier for high-speed yet energy-efficient digital signal processing, IEEE TVLSI 2017 (AS-RoBA)",
        },
        Family {
            name: "roba",
            parameters: &[],
            kind: Kind::Core(|_| Box::new(Nearest { three_down: true })),
            definition: "operands rounded to the nearest power of two, 3 to 2",
            formula: "y = A · b + B · a - A · B, A and B being the powers of two nearest to a and b, ties up, but 3 goes to 2",
            source: "R. Zendegani, M. Kamal, M. Bahadori, A. Afzali-Kusha, M. Pedram, RoBA multiplier: a rounding-based approximate multiplier for high-speed yet energy-efficient digital signal processing, IEEE TVLSI 2017",
        },
    ],
};
