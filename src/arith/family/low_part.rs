//! Families: adders with an inexact low part.

use super::{Family, Group, Kind, Parameter};
use crate::arith::adder::{LowPart, Scheme};

/// The group.
pub(super) const GROUP: Group = Group {
    title: "adders with an inexact low part",
    families: &[
        Family {
            name: "tra0",
            parameters: &[Parameter { letter: 'k', values: |widths, _| 0..=widths.greater(), step: 1 }],
            kind: Kind::Adder(|p| Scheme::Lower(LowPart::Constant(false), p[0])),
            definition: "low k bits 0",
            formula: "the low k bits of y are 0; above them a and b are added exactly, without a carry",
            source: "textbook (truncated adder)",
        },
        Family {
            name: "tra1",
            parameters: &[Parameter { letter: 'k', values: |widths, _| 0..=widths.greater(), step: 1 }],
            kind: Kind::Adder(|p| Scheme::Lower(LowPart::Constant(true), p[0])),
            definition: "low k bits 1",
            formula: "the low k bits of y are 1; above them a and b are added exactly, without a carry",
            source: "textbook (truncated adder)",
        },
        Family {
            name: "copy",
            parameters: &[Parameter { letter: 'k', values: |widths, _| 0..=widths.greater(), step: 1 }],
            kind: Kind::Adder(|p| Scheme::Lower(LowPart::Copy, p[0])),
            definition: "low k bits a",
            formula: "the low k bits of y are those of a; above them a and b are added exactly, without a carry",
            source: "textbook (copy adder)",
        },
        Family {
            name: "loa",
            parameters: &[Parameter { letter: 'k', values: |widths, _| 0..=widths.greater(), step: 1 }],
            kind: Kind::Adder(|p| Scheme::Lower(LowPart::Or { carry: true }, p[0])),
            definition: "low k bits a | b, carry a_{k-1} & b_{k-1}",
            formula: "the low k bits of y are a | b; above them a and b are added exactly with the carry a_{k-1} & b_{k-1}",
            source: "H. R. Mahdiani, A. Ahmadi, S. M. Fakhraie, C. Lucas, Bio-inspired imprecise computational blocks for \
            efficient VLSI implementation of soft-computing applications, IEEE TCAS-I 2010",
        },
        Family {
            name: "loawa",
            parameters: &[Parameter { letter: 'k', values: |widths, _| 0..=widths.greater(), step: 1 }],
            kind: Kind::Adder(|p| Scheme::Lower(LowPart::Or { carry: false }, p[0])),
            definition: "low k bits a | b, no carry",
            formula: "the low k bits of y are a | b; above them a and b are added exactly, without a carry",
            source: "A. Albicocco, G. C. Cardarilli, A. Nannarelli, M. Petricca, M. Re, Imprecise arithmetic for low power image processing, Asilomar 2012",
        },
        Family {
            name: "loca",
            parameters: &[
                Parameter { letter: 'k', values: |widths, _| 0..=widths.greater(), step: 1 },
                Parameter { letter: 'm', values: |_, before| 0..=before[0], step: 1 },
            ],
            kind: Kind::Adder(|p| Scheme::Lower(LowPart::OnesOr { ones: p[1], carry: false }, p[0])),
            definition: "low m bits 1, a | b below k, no carry",
            formula: "the low m bits of y are 1, the bits up to k are a | b; above them a and b are added exactly, without a carry",
            source: "A. Dalloo, A. Najafi, A. Garcia-Ortiz, Systematic design of an approximate adder: the optimized lower part constant-OR adder, IEEE TVLSI 2018",
        },
        Family {
            name: "oloca",
            parameters: &[
                Parameter { letter: 'k', values: |widths, _| 0..=widths.greater(), step: 1 },
                Parameter { letter: 'm', values: |_, before| 0..=before[0], step: 1 },
            ],
            kind: Kind::Adder(|p| Scheme::Lower(LowPart::OnesOr { ones: p[1], carry: true }, p[0])),
            definition: "low m bits 1, a | b below k, carry as loa",
            formula: "the low m bits of y are 1, the bits up to k are a | b; above them a and b are added exactly with the carry a_{k-1} & b_{k-1}",
            source: "A. Dalloo, A. Najafi, A. Garcia-Ortiz, Systematic design of an approximate adder: the optimized lower part constant-OR adder, IEEE TVLSI 2018",
        },
        Family {
            name: "heaa",
            parameters: &[Parameter { letter: 'k', values: |widths, _| 1..=widths.greater(), step: 1 }],
            kind: Kind::Adder(|p| Scheme::Lower(LowPart::ExclusiveTop, p[0])),
            definition: "as loa, bit k - 1 is a ^ b",
            formula: "the low k - 1 bits of y are a | b, bit k - 1 is a ^ b; above them a and b are added exactly with the carry a_{k-1} & b_{k-1}",
            source: "P. Balasubramanian, D. L. Maskell, N. E. Mastorakis, approximate adders of the lower-part-OR kind, Electronics 2019 to 2020",
        },
        Family {
            name: "hoeraa",
            parameters: &[Parameter { letter: 'k', values: |widths, _| 2..=widths.greater(), step: 1 }],
            kind: Kind::Adder(|p| Scheme::Lower(LowPart::Hoeraa, p[0])),
            definition: "two bits with reduced error, ones below",
            formula: "c = a_{k-1} & b_{k-1} and g = a_{k-2} & b_{k-2}; bits below k - 2 of y are 1, bit k - 2 is a | b, bit k - 1 is g where c is 1, else a | b; above them a and b are added exactly with the carry c",
            source: "P. Balasubramanian, D. L. Maskell, N. E. Mastorakis, approximate adders of the lower-part-OR kind, Electronics 2019 to 2020",
        },
        Family {
            name: "hoaaned",
            parameters: &[Parameter { letter: 'k', values: |widths, _| 2..=widths.greater(), step: 1 }],
            kind: Kind::Adder(|p| Scheme::Lower(LowPart::Hoaaned, p[0])),
            definition: "near-normal error distribution, ones below",
            formula: "c = a_{k-1} & b_{k-1} and g = a_{k-2} & b_{k-2}; bits below k - 2 of y are 1, bit k - 2 is a | b, bit k - 1 is g | (a ^ b); above them a and b are added exactly with the carry c",
            source: "P. Balasubramanian, D. L. Maskell, N. E. Mastorakis, approximate adders of the lower-part-OR kind, Electronics 2019 to 2020",
        },
        Family {
            name: "herloa",
            parameters: &[Parameter { letter: 'k', values: |widths, _| 2..=widths.greater(), step: 1 }],
            kind: Kind::Adder(|p| Scheme::Lower(LowPart::Herloa { ones: false }, p[0])),
            definition: "lower-part OR with hybrid error reduction",
            formula: "x = a_{k-1} ^ b_{k-1} and g = a_{k-2} & b_{k-2}; bit k - 1 of y is x | g, bit k - 2 is (a | b) & !(g & !x), below them a | b | (x & g); above them a and b are added exactly with the carry a_{k-1} & b_{k-1}",
            source: "H. Seo, Y. S. Yang, Y. Kim, Design and analysis of an approximate adder with hybrid error reduction, Electronics 2020",
        },
        Family {
            name: "mherloa",
            parameters: &[Parameter { letter: 'k', values: |widths, _| 4..=widths.greater(), step: 1 }],
            kind: Kind::Adder(|p| Scheme::Lower(LowPart::Herloa { ones: true }, p[0])),
            definition: "as herloa, ones in the lowest k - 4 bits",
            formula: "as herloa: x = a_{k-1} ^ b_{k-1} and g = a_{k-2} & b_{k-2}; bit k - 1 of y is x | g, bit k - 2 is (a | b) & !(g & !x), below them a | b | (x & g); but the lowest k - 4 bits are 1; above them a and b are added exactly with the carry a_{k-1} & b_{k-1}",
            source: "P. Balasubramanian, D. L. Maskell, N. E. Mastorakis, approximate adders of the lower-part-OR kind, Electronics 2019 to 2020",
        },
        Family {
            name: "fau",
            parameters: &[
                Parameter { letter: 'k', values: |widths, _| 1..=widths.greater(), step: 1 },
                Parameter { letter: 'p', values: |_, before| 0..=before[0], step: 1 },
            ],
            kind: Kind::Adder(|p| Scheme::Lower(LowPart::Predicted(p[1]), p[0])),
            definition: "low k bits apart, carry guessed from p of them",
            formula: "the low k bits are added exactly; the carry above them is the one that the p bits below bit k generate by themselves, and where the low sum overflows without it the low k bits of y are 1",
            source: "J. Echavarria, S. Wildermann, A. Becher, J. Teich, D. Ziener, FAU: fast and error-optimized approximate adder units on LUT-based FPGAs, FPT 2016, as the authors' VHDL of AxSM has it",
        },
        Family {
            name: "etai",
            parameters: &[Parameter { letter: 'k', values: |widths, _| 0..=widths.greater(), step: 1 }],
            kind: Kind::Adder(|p| Scheme::Lower(LowPart::Saturating, p[0])),
            definition: "from bit k - 1 down a ^ b, ones from the first 1 + 1 on",
            formula: "from bit k - 1 of y down: a ^ b until both are 1, that bit and all below it are 1; above them a and b are added exactly, without a carry",
            source: "N. Zhu, W. L. Goh, W. Zhang, K. S. Yeo, Z. H. Kong, Design of low-power high-speed truncation-error-tolerant adder and its application in digital signal processing, IEEE TVLSI 2010",
        },
    ],
};
