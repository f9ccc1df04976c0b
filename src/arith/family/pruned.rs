//! Families: multipliers without some partial products.

use super::{Family, Group, Kind, Parameter};
use crate::arith::adder::FAST;
use crate::arith::multiplier::baugh_wooley::BaughWooley;
use crate::arith::multiplier::{Clustered, Joined, Paired, Pruned, Recovered};

const BAUGH_WOOLEY: &str = "C. R. Baugh, B. A. Wooley, A two's complement parallel array multiplication algorithm, IEEE \
    Transactions on Computers 1973";

/// The group.
pub(super) const GROUP: Group = Group {
    title: "multipliers without some partial products",
    families: &[
        Family {
            name: "trunc",
            parameters: &[Parameter { letter: 't', values: |widths, _| 0..=widths.sum(), step: 1 }],
            kind: Kind::Tree(FAST, |p, adder| Box::new(Pruned::columns(p[0], adder))),
            definition: "partial products of weight below 2^t left out",
            formula: "y is the sum of a_i · b_j · 2^(i+j) over i + j >= t: the low t columns of the partial products are left out",
            source: "textbook (column truncation without correction)",
        },
        Family {
            name: "truncmean",
            parameters: &[Parameter { letter: 't', values: |widths, _| 0..=widths.sum(), step: 1 }],
            kind: Kind::Tree(FAST, |p, adder| {
                Box::new(Pruned { compensated: true, ..Pruned::columns(p[0], adder) })
            }),
            definition: "as trunc, the mean of what is left out added",
            formula: "y is the sum of a_i · b_j · 2^(i+j) over i + j >= t plus a quarter of the weights that are left out, rounded: its mean under uniform operands",
            source: "textbook (column truncation with a constant correction)",
        },
        Family {
            name: "bwtrunc",
            parameters: &[Parameter { letter: 't', values: |widths, _| 0..=widths.lesser() - 1, step: 1 }],
            kind: Kind::Signed(FAST, |widths, p, adder, family| {
                Box::new(BaughWooley { widths, cut: p[0], adder, family })
            }),
            definition: "Baugh-Wooley without the low t columns",
            formula: "y = a · b - the sum of a_i · b_j · 2^(i+j) over i + j < t, on the bits of two's complement operands, t < N",
            source: BAUGH_WOOLEY,
        },
        Family {
            name: "optrunc",
            parameters: &[Parameter { letter: 't', values: |widths, _| 0..=widths.lesser(), step: 1 }],
            kind: Kind::Tree(FAST, |p, adder| Box::new(Pruned { low: p[0], ..Pruned::columns(0, adder) })),
            definition: "low t bits of both operands cleared",
            formula: "y = f(a) · f(b), where f clears the low t bits",
            source: "textbook (operand truncation)",
        },
        Family {
            name: "bam",
            parameters: &[
                Parameter { letter: 'h', values: |widths, _| 0..=widths.b, step: 1 },
                Parameter { letter: 'v', values: |widths, _| 0..=widths.sum(), step: 1 },
            ],
            kind: Kind::Tree(FAST, |p, adder| {
                Box::new(Pruned { rows: 0..p[0], ..Pruned::columns(p[1], adder) })
            }),
            definition: "broken array: rows below h and columns below v left out",
            formula: "y is the sum of a_i · b_j · 2^(i+j) over j >= h and i + j >= v",
            source: "H. R. Mahdiani, A. Ahmadi, S. M. Fakhraie, C. Lucas, Bio-inspired imprecise computational blocks for efficient VLSI implementation of soft-computing applications, IEEE TCAS-I 2010",
        },
        Family {
            name: "ppam",
            parameters: &[
                Parameter { letter: 'j', values: |widths, _| 0..=widths.b - 1, step: 1 },
                Parameter { letter: 'k', values: |widths, before| 0..=widths.b - before[0], step: 1 },
            ],
            kind: Kind::Tree(FAST, |p, adder| {
                Box::new(Pruned { rows: p[0]..p[0] + p[1], ..Pruned::columns(0, adder) })
            }),
            definition: "k rows from row j on left out",
            formula: "y = a · b - a · b[j+k-1:j] · 2^j: k rows of the partial products from row j on are left out",
            source: "G. Zervakis, K. Tsoumanis, S. Xydis, D. Soudris, K. Pekmestzi, Design-efficient approximate multiplication circuits through partial product perforation, IEEE TVLSI 2016",
        },
        Family {
            name: "cper",
            parameters: &[Parameter { letter: 'r', values: |widths, _| 0..=widths.sum(), step: 1 }],
            kind: Kind::Core(|p| {
                Box::new(Paired { joined: Joined::Carried, recovered: Recovered::Top(p[0]) })
            }),
            definition: "rows joined in pairs, errors of the top r columns added back",
            formula: "the rows a · b_j are joined in pairs until one is left, bit i of a pair p, q being (p_i ^ q_i) | (p_{i-1} & q_{i-1}); where both terms are 1 one is lost; for the top r columns the or of all losses is added back",
            source: "C. Liu, J. Han, F. Lombardi, A low-power, high-performance approximate multiplier with configurable partial error recovery, DATE 2014",
        },
        Family {
            name: "sdlc",
            parameters: &[],
            kind: Kind::Square(|_| Box::new(Clustered)),
            definition: "pairs of rows or-ed, fewer columns each time",
            formula: "y = a · b with rows 2i and 2i + 1 or-ed in columns 2i + 1 to N - 1 + i: y is less by what both of them have there; at 8 bits clusters of 7, 6, 5 and 4 columns, other widths by the same rule",
            source: "I. Qiqieh, R. Shafik, G. Tarawneh, D. Sokolov, A. Yakovlev, Energy-efficient approximate multiplier design using bit significance-driven logic compression, DATE 2017, clusters of two rows as the Verilog of the collection AM has them",
        },
        Family {
            name: "lpsa",
            parameters: &[Parameter { letter: 't', values: |widths, _| 0..=widths.sum(), step: 1 }],
            kind: Kind::Core(|p| Box::new(Paired { joined: Joined::Or, recovered: Recovered::From(p[0]) })),
            definition: "rows or-ed in pairs, carries from column t on added back",
            formula: "the rows a · b_j are or-ed in pairs until one is left; the or of all p_i & q_i of a column i >= t is added back",
            source: "H. Baba, T. Yang, M. Inoue, K. Tajima, T. Ukezono, T. Sato, A low-power and small-area multiplier for accuracy-scalable approximate computing, ISVLSI 2018",
        },
    ],
};
