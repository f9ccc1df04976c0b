//! Families: adders that guess carries.

use super::{Family, Group, Kind, Parameter};
use crate::arith::adder::{Block, Guess, Scheme};

/// Equal blocks; the first one is exact, and so the longer by what the others look back.
fn gear(sum: u32, lookback: u32) -> Scheme {
    Scheme::Blocks(vec![Block { sum: sum + lookback, lookback: 0 }, Block { sum, lookback }])
}

fn quad(parameters: &[u32]) -> Scheme {
    Scheme::Blocks(parameters.chunks(2).map(|pair| Block { sum: pair[0], lookback: pair[1] }).collect())
}

/// Sum bits of the blocks so far.
fn filled(before: &[u32]) -> u32 {
    before.iter().step_by(2).sum()
}

/// The group.
pub(super) const GROUP: Group = Group {
    title: "adders that guess carries",
    families: &[
        Family {
            name: "gear",
            parameters: &[
                Parameter { letter: 'r', values: |widths, _| 1..=widths.greater(), step: 1 },
                Parameter { letter: 'p', values: |widths, before| 0..=widths.greater() - before[0], step: 1 },
            ],
            kind: Kind::Adder(|p| gear(p[0], p[1])),
            definition: "groups of r bits, carry from p bits below",
            formula: "the low r + p bits are exact; each next group of r bits takes the carry that the p bits below it generate by themselves, the last one of fewer bits where the width asks for it; its carry is the top bit",
            source: "M. Shafique, W. Ahmad, R. Hafiz, J. Henkel, A low latency generic accuracy configurable adder, DAC 2015",
        },
        Family {
            name: "quad",
            parameters: &[
                Parameter {
                    letter: 'r',
                    values: |widths, before| 1..=widths.greater() - filled(before),
                    step: 1,
                },
                Parameter {
                    letter: 'p',
                    values: |_, before| 0..=filled(&before[..before.len() - 1]),
                    step: 1,
                },
            ],
            kind: Kind::Blocks(quad),
            definition: "as gear, each group of its own r and p",
            formula: "as gear, but r and p are given for each group, the lowest first, until r fills the width: a group of r bits takes the carry that the p bits below it generate by themselves; the top group's carry is the top bit",
            source: "M. A. Hanif, R. Hafiz, O. Hasan, M. Shafique, QuAd: design and analysis of quality-area optimal low-latency approximate adders, DAC 2017",
        },
        Family {
            name: "gda",
            parameters: &[
                Parameter { letter: 'b', values: |widths, _| 1..=widths.greater(), step: 1 },
                Parameter { letter: 'c', values: |widths, before| 0..=widths.greater() - before[0], step: 1 },
            ],
            kind: Kind::Adder(|p| {
                Scheme::Blocks(vec![Block { sum: p[0], lookback: 0 }, Block { sum: p[0], lookback: p[1] }])
            }),
            definition: "gracefully degrading, carries from c bits below",
            formula: "blocks of b bits; the carry into each is the one that the c bits below it generate, or all there are; where c is a multiple of b this is gear with r = b and p = c",
            source: "R. Ye, T. Wang, F. Yuan, R. Kumar, Q. Xu, On reconfiguration-oriented approximate adder design and its application, ICCAD 2013, as the models of GeAr's authors have it",
        },
        Family {
            name: "aca",
            parameters: &[Parameter { letter: 'k', values: |widths, _| 0..=widths.greater() - 1, step: 1 }],
            kind: Kind::Adder(|p| gear(1, p[0])),
            definition: "every carry from the k positions below",
            formula: "as gear with r = 1 and p = k: every sum bit takes the carry that the k positions below it generate",
            source: "A. K. Verma, P. Brisk, P. Ienne, Variable latency speculative addition: a new paradigm for arithmetic circuit design, DATE 2008",
        },
        Family {
            name: "etaii",
            parameters: &[Parameter {
                letter: 'x',
                values: |widths, _| 1..=widths.greater().div_ceil(2),
                step: 1,
            }],
            kind: Kind::Adder(|p| gear(p[0], p[0])),
            definition: "blocks of x bits, carry from the block below",
            formula: "as gear with r = p = x: the carry into a block is the one that the block below generates by itself",
            source: "N. Zhu, W. L. Goh, K. S. Yeo, An enhanced low-power high-speed adder for error-tolerant application, ISIC 2009; the same function as SCSA and ACA-II",
        },
        Family {
            name: "etaiim",
            parameters: &[
                Parameter { letter: 'x', values: |widths, _| 1..=widths.greater(), step: 1 },
                Parameter {
                    letter: 'c',
                    values: |widths, before| 0..=widths.greater().div_ceil(before[0]).saturating_sub(2),
                    step: 1,
                },
            ],
            kind: Kind::Adder(|p| Scheme::Guessed { size: p[0], guess: Guess::Chained(p[1]) }),
            definition: "as etaii, the upper c carries chained",
            formula: "as etaii: the carry into a block of x bits is the carry out of the block below it without a carry in; but the carries into the upper c blocks are made with it",
            source: "N. Zhu, W. L. Goh, K. S. Yeo, An enhanced low-power high-speed adder for error-tolerant application, ISIC 2009",
        },
        Family {
            name: "esa",
            parameters: &[Parameter {
                letter: 'x',
                values: |widths, _| 1..=widths.greater().div_ceil(2),
                step: 1,
            }],
            kind: Kind::Adder(|p| gear(p[0], 0)),
            definition: "separate blocks of x bits",
            formula: "as gear with r = x and p = 0: no carry passes from one block of x bits to the next, the last block's carry is the top bit",
            source: "D. Mohapatra, V. K. Chippa, A. Raghunathan, K. Roy, Design of voltage-scalable meta-functions for approximate computing, DATE 2011",
        },
        Family {
            name: "ccba",
            parameters: &[
                Parameter { letter: 'x', values: |widths, _| 1..=widths.greater(), step: 1 },
                Parameter { letter: 'p', values: |_, before| 1..=before[0], step: 1 },
            ],
            kind: Kind::Adder(|p| Scheme::Guessed { size: p[0], guess: Guess::CutBack(p[1]) }),
            definition: "a carry is cut where the next block would hand it on",
            formula: "blocks of x bits; the carry into a block is exact, but where the top p bits of that block all propagate, it is the carry out of the top p bits of the block below, without a carry in",
            source: "V. Camus, J. Schlachter, C. Enz, A low-power carry cut-back approximate adder with fixed-point implementation and floating-point precision, DAC 2016",
        },
        Family {
            name: "cesa",
            parameters: &[Parameter {
                letter: 'x',
                values: |widths, _| 4.min(widths.greater())..=widths.greater(),
                step: 1,
            }],
            kind: Kind::Adder(|p| Scheme::Guessed { size: p[0], guess: Guess::Estimated }),
            definition: "carries estimated from the top bits of a block",
            formula: "blocks of x bits; the carry out of a block is that of its two top bits without a carry in, or where both propagate that of the two bits below them; also the carry out of the sum",
            source: "R. Bhattacharjya and others, 2020, as the Chisel library approx has it",
        },
    ],
};
