//! Families: multipliers of blocks and segments.

use std::ops::RangeInclusive;

use super::{Family, Group, Kind, Parameter};
use crate::arith::Widths;
use crate::arith::adder::FAST;
use crate::arith::multiplier::{Blocks, ErrorTolerant, Kulkarni, Segments, Tosam};

/// Segments whose distance from the top is even in both operands.
fn halved(widths: Widths, _: &[u32]) -> RangeInclusive<u32> {
    let least = 2 - widths.a % 2;
    if widths.a % 2 == widths.b % 2 { least..=widths.greater() } else { least..=0 }
}

/// The group.
pub(super) const GROUP: Group = Group {
    title: "multipliers of blocks and segments",
    families: &[
        Family {
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
            name: "blocks",
            parameters: &[
                Parameter { letter: 'l', values: |_, _| 0..=u32::MAX, step: 1 },
                Parameter { letter: 'h', values: |_, _| 0..=u32::MAX, step: 1 },
            ],
            kind: Kind::Tree(FAST, |p, adder| {
                Box::new(Blocks { table: u64::from(p[1]) << 32 | u64::from(p[0]), adder })
            }),
            definition: "any 2×2 blocks, added exactly",
            formula: "y is the sum over all pairs of base-4 digits of their entry in a table of four bits, shifted to its place; entry 4a + b stands in bits 4(4a + b) and following of l + 2^32 h",
            source: "S. Rehman, W. El-Harouni, M. Shafique, A. Kumar, J. Henkel, Architectural-space exploration of approximate multipliers, ICCAD 2016",
        },
        Family {
            name: "etm",
            parameters: &[],
            kind: Kind::Square(|_| Box::new(ErrorTolerant)),
            definition: "upper halves exact, lower ones as ones",
            formula: "h = N / 2; where both operands are below 2^h, y = a · b; else the product of the upper halves is exact, and below it all bits from h plus the leading one of the lower halves downwards are 1",
            source: "K. Y. Kyaw, W. L. Goh, K. S. Yeo, Low-power high-speed multiplier for error-tolerant application, EDSSC 2010",
        },
        Family {
            name: "ssm",
            parameters: &[Parameter { letter: 'm', values: |widths, _| 1..=widths.greater(), step: 1 }],
            kind: Kind::Core(|p| Box::new(Segments::Static { bits: p[0], places: 2 })),
            definition: "m bits of each operand from one of two places",
            formula: "y = f(a) · f(b), where f keeps the low m bits if all others are 0, else the top m bits",
            source: "S. Narayanamoorthy, H. A. Moghaddam, Z. Liu, T. Park, N. S. Kim, Energy-efficient approximate multiplication for digital signal processing and classification applications, IEEE TVLSI 2015",
        },
        Family {
            name: "essm",
            parameters: &[Parameter { letter: 'm', values: halved, step: 2 }],
            kind: Kind::Core(|p| Box::new(Segments::Static { bits: p[0], places: 3 })),
            definition: "m bits of each operand from one of three places",
            formula: "y = f(a) · f(b), where f keeps m bits from the lowest of the places 0, (N - m) / 2 and N - m that reaches the leading one; N - m even",
            source: "S. Narayanamoorthy, H. A. Moghaddam, Z. Liu, T. Park, N. S. Kim, Energy-efficient approximate multiplication for digital signal processing and classification applications, IEEE TVLSI 2015",
        },
        Family {
            name: "dsm",
            parameters: &[Parameter { letter: 'm', values: |widths, _| 1..=widths.greater(), step: 1 }],
            kind: Kind::Core(|p| Box::new(Segments::Dynamic(p[0]))),
            definition: "m bits from each leading one",
            formula: "y = f(a) · f(b), where f keeps the m bits from the leading one on and clears the others",
            source: "S. Narayanamoorthy, H. A. Moghaddam, Z. Liu, T. Park, N. S. Kim, Energy-efficient approximate multiplication for digital signal processing and classification applications, IEEE TVLSI 2015",
        },
        Family {
            name: "drum",
            parameters: &[Parameter { letter: 'k', values: |widths, _| 2..=widths.greater(), step: 1 }],
            kind: Kind::Core(|p| Box::new(Segments::Unbiased(p[0]))),
            definition: "k bits from each leading one, lowest set when cut",
            formula: "y = f(a) · f(b), where f keeps the k bits from the leading one on, sets the lowest of them to 1 if bits \
            below were cut off, and clears those bits",
            source: "S. Hashemi, R. I. Bahar, S. Reda, DRUM: a dynamic range unbiased multiplier for approximate \
            applications, ICCAD 2015",
        },
        Family {
            name: "tosam",
            parameters: &[
                Parameter { letter: 'h', values: |widths, _| 0..=widths.greater() - 1, step: 1 },
                Parameter { letter: 't', values: |widths, before| before[0]..=widths.greater() - 1, step: 1 },
            ],
            kind: Kind::Core(|p| Box::new(Tosam { short: p[0], long: p[1] })),
            definition: "products of h bits, sums of t bits of mantissas",
            formula: "with a = 2^p (1 + u) and b = 2^q (1 + v): y = 2^(p+q) (1 + u_t + v_t + (u_h + 2^-(h+1)) (v_h + 2^-(h+1))) rounded down, u_n being u cut to n fraction bits; 0 where an operand is 0",
            source: "S. Vahdat, M. Kamal, A. Afzali-Kusha, M. Pedram, TOSAM: an energy-efficient truncation- and rounding-based scalable approximate multiplier, IEEE TVLSI 2019",
        },
    ],
};
