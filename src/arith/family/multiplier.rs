//! The families of multipliers.

use super::{Family, Kind, Parameter};
use crate::arith::adder::{Cell, LowPart, Scheme};
use crate::arith::multiplier::baugh_wooley::BaughWooley;
use crate::arith::multiplier::booth::Booth;
use crate::arith::multiplier::recoded::{Recoded, Recoding};
use crate::arith::multiplier::tree42::{Compressor, Tree42};
use crate::arith::multiplier::{
    Array, Blocks, CarrySave, Corrected, Dadda, ErrorTolerant, Iterative, Joined, Kulkarni, Logarithmic,
    Mitchell, Nearest, Paired, Pruned, Recovered, Segments, Tosam, Truncated, Wallace,
};

const BAUGH_WOOLEY: &str = "C. R. Baugh, B. A. Wooley, A two's complement parallel array multiplication algorithm, IEEE \
    Transactions on Computers 1973";
const DADDA: &str = "L. Dadda, Some schemes for parallel multipliers, Alta Frequenza 1965";

/// All families of multipliers.
pub(super) const FAMILIES: [Family; 43] = [
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
        name: "wallace",
        parameters: &[],
        kind: Kind::Core(|_| Box::new(Wallace)),
        definition: "a · b, Wallace's reduction with a Kogge-Stone adder",
        formula: "y = a · b, by Wallace's reduction and a Kogge-Stone adder",
        source: "C. S. Wallace, A suggestion for a fast multiplier, IEEE Transactions on Electronic Computers 1964",
    },
    Family {
        operation: "mul",
        name: "carrysave",
        parameters: &[],
        kind: Kind::Core(|_| Box::new(CarrySave)),
        definition: "a · b, rows kept as sums and carries, a ripple adder",
        formula: "y = a · b, row after row kept as sums and carries, joined by a ripple adder",
        source: "E. L. Braun, Digital Computer Design, Academic Press 1963",
    },
    Family {
        operation: "mul",
        name: "bw",
        parameters: &[],
        kind: Kind::Signed(|width, _, family| Box::new(BaughWooley { width, cut: 0, family })),
        definition: "a · b in two's complement, Baugh-Wooley",
        formula: "y = a · b in two's complement: dots of one sign bit complemented, ones added in columns N and 2N - 1, \
            Dadda's reduction and a Kogge-Stone adder",
        source: BAUGH_WOOLEY,
    },
    Family {
        operation: "mul",
        name: "bwtrunc",
        parameters: &[Parameter { letter: 't', values: |width, _| 0..=width - 1, step: 1 }],
        kind: Kind::Signed(|width, p, family| Box::new(BaughWooley { width, cut: p[0], family })),
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
        kind: Kind::Core(|p| Box::new(Pruned { rows: 0..p[0], columns: p[1], low: 0, compensated: false })),
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
        kind: Kind::Core(|p| {
            Box::new(Pruned { rows: p[0]..p[0] + p[1], columns: 0, low: 0, compensated: false })
        }),
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
    Family {
        operation: "mul",
        name: "booth",
        parameters: &[],
        kind: Kind::Signed(|width, _, family| Box::new(Booth { width, cut: 0, negated_rows: false, family })),
        definition: "a · b in two's complement, radix-4 Booth",
        formula: "y = a · b in two's complement: a row -2a to 2a for every second bit of b, Dadda's reduction and a Kogge-Stone adder",
        source: "O. L. MacSorley, High-speed arithmetic in binary computers, Proceedings of the IRE 1961",
    },
    Family {
        operation: "mul",
        name: "bbm0",
        parameters: &[Parameter { letter: 'v', values: |width, _| 0..=2 * width, step: 1 }],
        kind: Kind::Signed(|width, p, family| {
            Box::new(Booth { width, cut: p[0], negated_rows: true, family })
        }),
        definition: "broken Booth, type 0: dots of weight below 2^v left out",
        formula: "y is the sum of the radix-4 Booth rows without their dots of weight below 2^v; negative rows are two's complement before they are cut",
        source: "F. Farshchi, M. S. Abrishami, S. M. Fakhraie, New approximate multiplier for low power digital signal processing, CADS 2013",
    },
    Family {
        operation: "mul",
        name: "bbm1",
        parameters: &[Parameter { letter: 'v', values: |width, _| 0..=2 * width, step: 1 }],
        kind: Kind::Signed(|width, p, family| {
            Box::new(Booth { width, cut: p[0], negated_rows: false, family })
        }),
        definition: "broken Booth, type 1: dots of weight below 2^v left out",
        formula: "y is the sum of the radix-4 Booth rows without their dots of weight below 2^v; negative rows are one's complement, with a dot for the +1 at the row's lowest place",
        source: "F. Farshchi, M. S. Abrishami, S. M. Fakhraie, New approximate multiplier for low power digital signal processing, CADS 2013",
    },
    Family {
        operation: "mul",
        name: "etm",
        parameters: &[],
        kind: Kind::Core(|_| Box::new(ErrorTolerant)),
        definition: "upper halves exact, lower ones as ones",
        formula: "h = N / 2; where both operands are below 2^h, y = a · b; else the product of the upper halves is exact, and below it all bits from h plus the leading one of the lower halves downwards are 1",
        source: "K. Y. Kyaw, W. L. Goh, K. S. Yeo, Low-power high-speed multiplier for error-tolerant application, EDSSC 2010",
    },
    Family {
        operation: "mul",
        name: "tosam",
        parameters: &[
            Parameter { letter: 'h', values: |width, _| 0..=width - 1, step: 1 },
            Parameter { letter: 't', values: |width, before| before[0]..=width - 1, step: 1 },
        ],
        kind: Kind::Core(|p| Box::new(Tosam { short: p[0], long: p[1] })),
        definition: "products of h bits, sums of t bits of mantissas",
        formula: "with a = 2^p (1 + u) and b = 2^q (1 + v): y = 2^(p+q) (1 + u_t + v_t + (u_h + 2^-(h+1)) (v_h + 2^-(h+1))) rounded down, u_n being u cut to n fraction bits; 0 where an operand is 0",
        source: "S. Vahdat, M. Kamal, A. Afzali-Kusha, M. Pedram, TOSAM: an energy-efficient truncation- and rounding-based scalable approximate multiplier, IEEE TVLSI 2019",
    },
    Family {
        operation: "mul",
        name: "almsoa",
        parameters: &[Parameter { letter: 'm', values: |width, _| 0..=width - 1, step: 1 }],
        kind: Kind::Core(|p| {
            Box::new(Logarithmic(Scheme::Lower(LowPart::OnesOr { ones: p[0], carry: true }, p[0])))
        }),
        definition: "as mitchell, low m bits of the sum of logarithms 1",
        formula: "as mitchell, but the low m bits of the sum of the mantissas are 1 and hand on the carry of their top bits; rounded down",
        source: "W. Liu, J. Xu, D. Wang, C. Wang, P. Montuschi, F. Lombardi, Design and evaluation of approximate logarithmic multipliers for low power error-tolerant applications, IEEE TCAS-I 2018",
    },
    Family {
        operation: "mul",
        name: "mbm",
        parameters: &[Parameter { letter: 'q', values: |_, _| 4..=12, step: 1 }],
        kind: Kind::Core(|p| Box::new(Corrected::minimally_biased(p[0]))),
        definition: "as mitchell, plus about 1/12",
        formula: "with i and j the places of the leading ones: y = mitchell + c · 2^(i+j) rounded down, c = floor(2^q / 12) / 2^q cut to N - 1 fraction bits; at most 2^(2N) - 1",
        source: "H. Saadat, H. Bokhari, S. Parameswaran, Minimally biased multipliers for approximate integer and floating-point multiplication, IEEE TCAD 2018",
    },
    Family {
        operation: "mul",
        name: "realm",
        parameters: &[Parameter { letter: 'l', values: |width, _| 1..=(width - 1).min(4), step: 1 }],
        kind: Kind::Core(|p| Box::new(Corrected::reduced_error(p[0]))),
        definition: "as mitchell, plus a table of 2^l by 2^l corrections",
        formula: "with i and j the places of the leading ones: y = mitchell + s · 2^(i+j) rounded down, s in 64ths the mean relative error over the range of mantissas that their top l bits name (M = 2^l ranges each); at most 2^(2N) - 1",
        source: "H. Saadat, H. Javaid, A. Ignjatovic, S. Parameswaran, REALM: reduced-error approximate log-based integer multiplier, DATE 2020",
    },
    Family {
        operation: "mul",
        name: "ilm",
        parameters: &[Parameter { letter: 'i', values: |width, _| 0..=width - 1, step: 1 }],
        kind: Kind::Core(|p| Box::new(Iterative { corrections: p[0] })),
        definition: "iterative logarithms, i corrections",
        formula: "y = a · b - r · s, r and s being the operands without their i + 1 leading ones",
        source: "Z. Babić, A. Avramović, P. Bulić, An iterative logarithmic multiplier, Microprocessors and Microsystems 2011",
    },
    Family {
        operation: "mul",
        name: "ilmnearest",
        parameters: &[],
        kind: Kind::Core(|_| Box::new(Nearest { three_down: false })),
        definition: "operands rounded to the nearest power of two",
        formula: "y = A · b + B · a - A · B, A and B being the powers of two nearest to a and b, ties up",
        source: "M. S. Ansari, B. F. Cockburn, J. Han, An improved logarithmic multiplier for energy-efficient neural computing, IEEE Transactions on Computers 2021",
    },
    Family {
        operation: "mul",
        name: "roba",
        parameters: &[],
        kind: Kind::Core(|_| Box::new(Nearest { three_down: true })),
        definition: "operands rounded to the nearest power of two, 3 to 2",
        formula: "y = A · b + B · a - A · B, A and B being the powers of two nearest to a and b, ties up, but 3 goes to 2",
        source: "R. Zendegani, M. Kamal, M. Bahadori, A. Afzali-Kusha, M. Pedram, RoBA multiplier: a rounding-based approximate multiplier for high-speed yet energy-efficient digital signal processing, IEEE TVLSI 2017",
    },
    Family {
        operation: "mul",
        name: "momeni2",
        parameters: &[Parameter { letter: 'a', values: |width, _| 0..=2 * width, step: 1 }],
        kind: Kind::Core(|p| Box::new(Tree42 { compressor: Compressor::momeni2(), columns: p[0] })),
        definition: "Momeni's second compressor in columns below a",
        formula: "y is the sum of the rows a · b_j, groups of four of which are reduced by 4:2 compressors until two are left; in columns below a a compressor of x1 to x4 has the sum !(x1 ^ x2) | !(x3 ^ x4) and the carry (x1 | x2) & (x3 | x4)",
        source: "A. Momeni, J. Han, P. Montuschi, F. Lombardi, Design and analysis of approximate compressors for multiplication, IEEE Transactions on Computers 2015",
    },
    Family {
        operation: "mul",
        name: "sat3",
        parameters: &[Parameter { letter: 'a', values: |width, _| 0..=2 * width, step: 1 }],
        kind: Kind::Core(|p| Box::new(Tree42 { compressor: Compressor::saturating(), columns: p[0] })),
        definition: "compressors that count to 3 in columns below a",
        formula: "y is the sum of the rows a · b_j, groups of four of which are reduced by 4:2 compressors until two are left; in columns below a a compressor gives the number of ones, at most 3",
        source: "Z. Yang, J. Han, F. Lombardi, Approximate compressors for error-resilient multiplier design, DFTS 2015",
    },
    Family {
        operation: "mul",
        name: "tree42",
        parameters: &[
            Parameter { letter: 's', values: |_, _| 0..=65535, step: 1 },
            Parameter { letter: 'c', values: |_, _| 0..=65535, step: 1 },
            Parameter { letter: 'a', values: |width, _| 0..=2 * width, step: 1 },
        ],
        kind: Kind::Core(|p| {
            Box::new(Tree42 {
                compressor: Compressor { sum: p[0] as u16, carry: p[1] as u16 },
                columns: p[2],
            })
        }),
        definition: "any 4:2 compressor in columns below a",
        formula: "y is the sum of the rows a · b_j, groups of four of which are reduced by 4:2 compressors until two are left; in columns below a a compressor has the sum s and the carry c, masks whose bit x1 + 2 x2 + 4 x3 + 8 x4 is the answer",
        source: "any compressor of four bits by its two truth tables",
    },
    Family {
        operation: "mul",
        name: "truncmean",
        parameters: &[Parameter { letter: 't', values: |width, _| 0..=2 * width, step: 1 }],
        kind: Kind::Core(|p| Box::new(Pruned { compensated: true, ..Pruned::columns(p[0]) })),
        definition: "as trunc, the mean of what is left out added",
        formula: "y is the sum of a_i · b_j · 2^(i+j) over i + j >= t plus a quarter of the weights that are left out, rounded: its mean under uniform operands",
        source: "textbook (column truncation with a constant correction)",
    },
    Family {
        operation: "mul",
        name: "almloa",
        parameters: &[Parameter { letter: 'm', values: |width, _| 0..=width - 1, step: 1 }],
        kind: Kind::Core(|p| Box::new(Logarithmic(Scheme::Lower(LowPart::Or { carry: true }, p[0])))),
        definition: "as mitchell, the mantissas added by loa_k<m>",
        formula: "as mitchell, but the logarithms are added by a lower-part OR adder with k = m; rounded down",
        source: "W. Liu, J. Xu, D. Wang, C. Wang, P. Montuschi, F. Lombardi, Design and evaluation of approximate logarithmic multipliers for low power error-tolerant applications, IEEE TCAS-I 2018",
    },
    Family {
        operation: "mul",
        name: "almmaa3",
        parameters: &[Parameter { letter: 'm', values: |width, _| 0..=width - 1, step: 1 }],
        kind: Kind::Core(|p| Box::new(Logarithmic(Scheme::Cells(Cell::of("11001000", "00110111"), p[0])))),
        definition: "as mitchell, the mantissas added by ama3_k<m>",
        formula: "as mitchell, but the logarithms are added with approximate mirror adders 3 in the low m bits; rounded down",
        source: "W. Liu, J. Xu, D. Wang, C. Wang, P. Montuschi, F. Lombardi, Design and evaluation of approximate logarithmic multipliers for low power error-tolerant applications, IEEE TCAS-I 2018",
    },
    Family {
        operation: "mul",
        name: "mitchelltrunc",
        parameters: &[Parameter { letter: 'w', values: |width, _| 1..=width, step: 1 }],
        kind: Kind::Core(|p| Box::new(Truncated { kept: p[0], set: false })),
        definition: "as mitchell, w bits of each operand",
        formula: "as mitchell, on the w bits of each operand from its leading one on, the rest 0",
        source: "M. S. Kim, A. A. Del Barrio, L. T. Oliveira, R. Hermida, N. Bagherzadeh, Efficient Mitchell's approximate log multipliers for convolutional neural networks, IEEE Transactions on Computers 2019",
    },
    Family {
        operation: "mul",
        name: "dralm",
        parameters: &[Parameter { letter: 'w', values: |width, _| 2..=width, step: 1 }],
        kind: Kind::Core(|p| Box::new(Truncated { kept: p[0], set: true })),
        definition: "as mitchelltrunc, the lowest kept bits and a carry set",
        formula: "as mitchell, on the w bits of each operand from its leading one on, the lowest of them 1, and one of that weight added to the sum of the mantissas; rounded down",
        source: "P. Yin, C. Wang, H. Waris, W. Liu, Y. Han, F. Lombardi, Design and analysis of energy-efficient dynamic range approximate logarithmic multipliers for machine learning, IEEE TSUSC 2021",
    },
    Family {
        operation: "mul",
        name: "blocks",
        parameters: &[
            Parameter { letter: 'l', values: |_, _| 0..=u32::MAX, step: 1 },
            Parameter { letter: 'h', values: |_, _| 0..=u32::MAX, step: 1 },
        ],
        kind: Kind::Core(|p| Box::new(Blocks { table: u64::from(p[1]) << 32 | u64::from(p[0]) })),
        definition: "any 2×2 blocks, added exactly",
        formula: "y is the sum over all pairs of base-4 digits of their entry in a table of four bits, shifted to its place; entry 4a + b stands in bits 4(4a + b) and following of l + 2^32 h",
        source: "S. Rehman, W. El-Harouni, M. Shafique, A. Kumar, J. Henkel, Architectural-space exploration of approximate multipliers, ICCAD 2016",
    },
    Family {
        operation: "mul",
        name: "cper",
        parameters: &[Parameter { letter: 'r', values: |width, _| 0..=2 * width, step: 1 }],
        kind: Kind::Core(|p| Box::new(Paired { joined: Joined::Carried, recovered: Recovered::Top(p[0]) })),
        definition: "rows joined in pairs, errors of the top r columns added back",
        formula: "the rows a · b_j are joined in pairs until one is left, bit i of a pair p, q being (p_i ^ q_i) | (p_{i-1} & q_{i-1}); where both terms are 1 one is lost; for the top r columns the or of all losses is added back",
        source: "C. Liu, J. Han, F. Lombardi, A low-power, high-performance approximate multiplier with configurable partial error recovery, DATE 2014",
    },
    Family {
        operation: "mul",
        name: "lpsa",
        parameters: &[Parameter { letter: 't', values: |width, _| 0..=2 * width, step: 1 }],
        kind: Kind::Core(|p| Box::new(Paired { joined: Joined::Or, recovered: Recovered::From(p[0]) })),
        definition: "rows or-ed in pairs, carries from column t on added back",
        formula: "the rows a · b_j are or-ed in pairs until one is left; the or of all p_i & q_i of a column i >= t is added back",
        source: "H. Baba, T. Yang, M. Inoue, K. Tajima, T. Ukezono, T. Sato, A low-power and small-area multiplier for accuracy-scalable approximate computing, ISVLSI 2018",
    },
    Family {
        operation: "mul",
        name: "r4abm1",
        parameters: &[Parameter { letter: 'p', values: |width, _| 0..=2 * width, step: 1 }],
        kind: Kind::Signed(|width, p, family| {
            Box::new(Recoded { width, recoding: Recoding::Radix4(p[0]), family })
        }),
        definition: "radix-4 Booth, ±2 as 0 in columns below p",
        formula: "radix-4 Booth rows in two's complement; the bits of a row in columns below p are those of the row with a digit of 2 or -2 taken as 0",
        source: "W. Liu, L. Qian, C. Wang, H. Jiang, J. Han, F. Lombardi, Design of approximate radix-4 Booth multipliers for error-tolerant computing, IEEE Transactions on Computers 2017",
    },
    Family {
        operation: "mul",
        name: "rad",
        parameters: &[Parameter { letter: 'k', values: |width, _| 4..=(width / 2 * 2).min(10), step: 2 }],
        kind: Kind::Signed(|width, p, family| {
            Box::new(Recoded { width, recoding: Recoding::High(p[0]), family })
        }),
        definition: "low k bits as one digit, a power of two; radix 4 above",
        formula: "the low k bits of b as a digit in two's complement are rounded to 0 or the nearest of plus or minus 2^(k-4) to 2^(k-1), halves up; the digits above are exact in radix 4",
        source: "V. Leon, G. Zervakis, D. Soudris, K. Pekmestzi, Approximate hybrid high radix encoding for energy-efficient inner products, IEEE TVLSI 2018",
    },
    Family {
        operation: "mul",
        name: "hlrbm1",
        parameters: &[Parameter { letter: 'd', values: |width, _| 0..=width / 3, step: 1 }],
        kind: Kind::Signed(|width, p, family| {
            Box::new(Recoded { width, recoding: Recoding::Radix8 { digits: p[0], up: false }, family })
        }),
        definition: "d low digits in radix 8, ±3 as ±2; radix 4 above",
        formula: "the low d digits of b are in radix 8 with 3 taken as 2 and -3 as -2, the others exact in radix 4",
        source: "H. Waris, C. Wang, W. Liu, Hybrid low radix encoding-based approximate Booth multipliers, IEEE TCAS-II 2020",
    },
    Family {
        operation: "mul",
        name: "hlrbm2",
        parameters: &[Parameter { letter: 'd', values: |width, _| 0..=width / 3, step: 1 }],
        kind: Kind::Signed(|width, p, family| {
            Box::new(Recoded { width, recoding: Recoding::Radix8 { digits: p[0], up: true }, family })
        }),
        definition: "d low digits in radix 8, ±3 as ±2 or ±4; radix 4 above",
        formula: "the low d digits of b are in radix 8 with 3 taken as 4 for the code 0110 and as 2 for 0101, -3 as -4 for 1001 and as -2 for 1010 (the lowest bit of a code belongs to the digit below); the others exact in radix 4",
        source: "H. Waris, C. Wang, W. Liu, Hybrid low radix encoding-based approximate Booth multipliers, IEEE TCAS-II 2020",
    },
];
