//! The families of multipliers.

use super::{Family, Kind, Parameter};
use crate::arith::multiplier::{Array, Dadda, Kulkarni, Mitchell, Pruned, Segments};

const BAUGH_WOOLEY: &str = "C. R. Baugh, B. A. Wooley, A two's complement parallel array multiplication algorithm, IEEE \
    Transactions on Computers 1973";
const DADDA: &str = "L. Dadda, Some schemes for parallel multipliers, Alta Frequenza 1965";

/// All families of multipliers.
pub(super) const FAMILIES: [Family; 15] = [
    Family {
        operation: "mul",
        name: "exact",
        parameters: &[],
        kind: Kind::Core(|_| Box::new(Dadda)),
        definition: "a · b, built as Dadda with a Kogge-Stone adder",
        formula: "y = a · b, by Dadda's reduction and a Kogge-Stone adder",
        source: DADDA,
    },
    Family {
        operation: "mul",
        name: "array",
        parameters: &[],
        kind: Kind::Core(|_| Box::new(Array)),
        definition: "a · b, ripple-carry rows",
        formula: "y = a · b, the rows a · b_j added one after the other by ripple adders",
        source: "textbook",
    },
    Family {
        operation: "mul",
        name: "dadda",
        parameters: &[],
        kind: Kind::Core(|_| Box::new(Dadda)),
        definition: "a · b, Dadda's reduction with a Kogge-Stone adder",
        formula: "y = a · b, by Dadda's reduction and a Kogge-Stone adder",
        source: DADDA,
    },
    Family {
        operation: "mul",
        name: "bw",
        parameters: &[],
        kind: Kind::Signed(|_| 0),
        definition: "a · b in two's complement, Baugh-Wooley",
        formula: "y = a · b in two's complement: dots of one sign bit complemented, ones added in columns N and 2N - 1, \
            Dadda's reduction and a Kogge-Stone adder",
        source: BAUGH_WOOLEY,
    },
    Family {
        operation: "mul",
        name: "bwtrunc",
        parameters: &[Parameter { letter: 't', values: |width, _| 0..=width - 1, step: 1 }],
        kind: Kind::Signed(|p| p[0]),
        definition: "Baugh-Wooley without the low t columns",
        formula: "y = a · b - the sum of a_i · b_j · 2^(i+j) over i + j < t, on the bits of two's complement operands, t < N",
        source: BAUGH_WOOLEY,
    },
    Family {
        operation: "mul",
        name: "trunc",
        parameters: &[Parameter { letter: 't', values: |width, _| 0..=2 * width, step: 1 }],
        kind: Kind::Core(|p| Box::new(Pruned::columns(p[0]))),
        definition: "partial products of weight below 2^t left out",
        formula: "y is the sum of a_i · b_j · 2^(i+j) over i + j >= t: the low t columns of the partial products are left out",
        source: "textbook (column truncation without correction)",
    },
    Family {
        operation: "mul",
        name: "drum",
        parameters: &[Parameter { letter: 'k', values: |width, _| 2..=width, step: 1 }],
        kind: Kind::Core(|p| Box::new(Segments::Unbiased(p[0]))),
        definition: "k bits from each leading one, lowest set when cut",
        formula: "y = f(a) · f(b), where f keeps the k bits from the leading one on, sets the lowest of them to 1 if bits \
            below were cut off, and clears those bits",
        source: "S. Hashemi, R. I. Bahar, S. Reda, DRUM: a dynamic range unbiased multiplier for approximate \
            applications, ICCAD 2015",
    },
    Family {
        operation: "mul",
        name: "kulkarni",
        parameters: &[],
        kind: Kind::Core(|_| Box::new(Kulkarni)),
        definition: "2×2 blocks with 3 · 3 = 7, exact recursion",
        formula: "y = a · b - 2 · m(a) · m(b), where m keeps a 1 for every base-4 digit that is 3: 2×2 blocks with \
            3 · 3 = 7, their products added exactly",
        source: "P. Kulkarni, P. Gupta, M. Ercegovac, Trading accuracy for power with an underdesigned multiplier \
            architecture, VLSI Design 2011",
    },
    Family {
        operation: "mul",
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
        operation: "mul",
        name: "optrunc",
        parameters: &[Parameter { letter: 't', values: |width, _| 0..=width, step: 1 }],
        kind: Kind::Core(|p| Box::new(Pruned::operands(p[0]))),
        definition: "low t bits of both operands cleared",
        formula: "y = f(a) · f(b), where f clears the low t bits",
        source: "textbook (operand truncation)",
    },
    Family {
        operation: "mul",
        name: "bam",
        parameters: &[
            Parameter { letter: 'h', values: |width, _| 0..=width, step: 1 },
            Parameter { letter: 'v', values: |width, _| 0..=2 * width, step: 1 },
        ],
        kind: Kind::Core(|p| Box::new(Pruned { rows: 0..p[0], columns: p[1], low: 0 })),
        definition: "broken array: rows below h and columns below v left out",
        formula: "y is the sum of a_i · b_j · 2^(i+j) over j >= h and i + j >= v",
        source: "H. R. Mahdiani, A. Ahmadi, S. M. Fakhraie, C. Lucas, Bio-inspired imprecise computational blocks for efficient VLSI implementation of soft-computing applications, IEEE TCAS-I 2010",
    },
    Family {
        operation: "mul",
        name: "ppam",
        parameters: &[
            Parameter { letter: 'j', values: |width, _| 0..=width - 1, step: 1 },
            Parameter { letter: 'k', values: |width, before| 0..=width - before[0], step: 1 },
        ],
        kind: Kind::Core(|p| Box::new(Pruned { rows: p[0]..p[0] + p[1], columns: 0, low: 0 })),
        definition: "k rows from row j on left out",
        formula: "y = a · b - a · b[j+k-1:j] · 2^j: k rows of the partial products from row j on are left out",
        source: "G. Zervakis, K. Tsoumanis, S. Xydis, D. Soudris, K. Pekmestzi, Design-efficient approximate multiplication circuits through partial product perforation, IEEE TVLSI 2016",
    },
    Family {
        operation: "mul",
        name: "ssm",
        parameters: &[Parameter { letter: 'm', values: |width, _| 1..=width, step: 1 }],
        kind: Kind::Core(|p| Box::new(Segments::Static { bits: p[0], places: 2 })),
        definition: "m bits of each operand from one of two places",
        formula: "y = f(a) · f(b), where f keeps the low m bits if all others are 0, else the top m bits",
        source: "S. Narayanamoorthy, H. A. Moghaddam, Z. Liu, T. Park, N. S. Kim, Energy-efficient approximate multiplication for digital signal processing and classification applications, IEEE TVLSI 2015",
    },
    Family {
        operation: "mul",
        name: "essm",
        parameters: &[Parameter { letter: 'm', values: |width, _| 2 - width % 2..=width, step: 2 }],
        kind: Kind::Core(|p| Box::new(Segments::Static { bits: p[0], places: 3 })),
        definition: "m bits of each operand from one of three places",
        formula: "y = f(a) · f(b), where f keeps m bits from the lowest of the places 0, (N - m) / 2 and N - m that reaches the leading one; N - m even",
        source: "S. Narayanamoorthy, H. A. Moghaddam, Z. Liu, T. Park, N. S. Kim, Energy-efficient approximate multiplication for digital signal processing and classification applications, IEEE TVLSI 2015",
    },
    Family {
        operation: "mul",
        name: "dsm",
        parameters: &[Parameter { letter: 'm', values: |width, _| 1..=width, step: 1 }],
        kind: Kind::Core(|p| Box::new(Segments::Dynamic(p[0]))),
        definition: "m bits from each leading one",
        formula: "y = f(a) · f(b), where f keeps the m bits from the leading one on and clears the others",
        source: "S. Narayanamoorthy, H. A. Moghaddam, Z. Liu, T. Park, N. S. Kim, Energy-efficient approximate multiplication for digital signal processing and classification applications, IEEE TVLSI 2015",
    },
];
