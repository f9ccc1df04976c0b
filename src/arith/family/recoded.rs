//! Families: approximate Booth multipliers.

use super::{Family, Group, Kind, Parameter};
use crate::arith::adder::FAST;
use crate::arith::multiplier::booth::Booth;
use crate::arith::multiplier::recoded::{Recoded, Recoding};

/// The group.
pub(super) const GROUP: Group = Group {
    title: "approximate Booth multipliers",
    families: &[
        Family {
            name: "bbm0",
            parameters: &[Parameter { letter: 'v', values: |widths, _| 0..=widths.sum(), step: 1 }],
            kind: Kind::Signed(FAST, |widths, p, adder, family| {
                Box::new(Booth { widths, cut: p[0], negated_rows: true, adder, family })
            }),
            definition: "broken Booth, type 0: dots of weight below 2^v left out",
            formula: "y is the sum of the radix-4 Booth rows without their dots of weight below 2^v; negative rows are two's complement before they are cut",
            source: "F. Farshchi, M. S. Abrishami, S. M. Fakhraie, New approximate multiplier for low power digital signal processing, CADS 2013",
        },
        Family {
            name: "bbm1",
            parameters: &[Parameter { letter: 'v', values: |widths, _| 0..=widths.sum(), step: 1 }],
            kind: Kind::Signed(FAST, |widths, p, adder, family| {
                Box::new(Booth { widths, cut: p[0], negated_rows: false, adder, family })
            }),
            definition: "broken Booth, type 1: dots of weight below 2^v left out",
            formula: "y is the sum of the radix-4 Booth rows without their dots of weight below 2^v; negative rows are one's complement, with a dot for the +1 at the row's lowest place",
            source: "F. Farshchi, M. S. Abrishami, S. M. Fakhraie, New approximate multiplier for low power digital signal processing, CADS 2013",
        },
        Family {
            name: "r4abm1",
            parameters: &[Parameter { letter: 'p', values: |widths, _| 0..=widths.sum(), step: 1 }],
            kind: Kind::Signed(FAST, |widths, p, adder, family| {
                Box::new(Recoded { widths, recoding: Recoding::Radix4(p[0]), adder, family })
            }),
            definition: "radix-4 Booth, ±2 as 0 in columns below p",
            formula: "radix-4 Booth rows in two's complement; the bits of a row in columns below p are those of the row with a digit of 2 or -2 taken as 0",
            source: "W. Liu, L. Qian, C. Wang, H. Jiang, J. Han, F. Lombardi, Design of approximate radix-4 Booth multipliers for error-tolerant computing, IEEE Transactions on Computers 2017",
        },
        Family {
            name: "rad",
            parameters: &[Parameter {
                letter: 'k',
                values: |widths, _| 4..=(widths.b / 2 * 2).min(10),
                step: 2,
            }],
            kind: Kind::Signed(FAST, |widths, p, adder, family| {
                Box::new(Recoded { widths, recoding: Recoding::High(p[0]), adder, family })
            }),
            definition: "low k bits as one digit, a power of two; radix 4 above",
            formula: "the low k bits of b as a digit in two's complement are rounded to 0 or the nearest of plus or minus 2^(k-4) to 2^(k-1), halves to the greater magnitude; the digits above are exact in radix 4",
            source: "V. Leon, G. Zervakis, D. Soudris, K. Pekmestzi, Approximate hybrid high radix encoding for energy-efficient inner products, IEEE TVLSI 2018",
        },
        Family {
            name: "hlrbm1",
            parameters: &[Parameter { letter: 'd', values: |widths, _| 0..=widths.b / 3, step: 1 }],
            kind: Kind::Signed(FAST, |widths, p, adder, family| {
                Box::new(Recoded {
                    widths,
                    recoding: Recoding::Radix8 { digits: p[0], up: false },
                    adder,
                    family,
                })
            }),
            definition: "d low digits in radix 8, ±3 as ±2; radix 4 above",
            formula: "the low d digits of b are in radix 8 with 3 taken as 2 and -3 as -2, the others exact in radix 4",
            source: "H. Waris, C. Wang, W. Liu, Hybrid low radix encoding-based approximate Booth multipliers, IEEE TCAS-II 2020",
        },
        Family {
            name: "hlrbm2",
            parameters: &[Parameter { letter: 'd', values: |widths, _| 0..=widths.b / 3, step: 1 }],
            kind: Kind::Signed(FAST, |widths, p, adder, family| {
                Box::new(Recoded {
                    widths,
                    recoding: Recoding::Radix8 { digits: p[0], up: true },
                    adder,
                    family,
                })
            }),
            definition: "d low digits in radix 8, ±3 as ±2 or ±4; radix 4 above",
            formula: "the low d digits of b are in radix 8 with 3 taken as 4 for the code 0110 and as 2 for 0101, -3 as -4 for 1001 and as -2 for 1010 (the lowest bit of a code belongs to the digit below); the others exact in radix 4",
            source: "H. Waris, C. Wang, W. Liu, Hybrid low radix encoding-based approximate Booth multipliers, IEEE TCAS-II 2020",
        },
    ],
};
