//! Families: multipliers with approximate compressors.

use super::{Family, Group, Kind, Parameter};
use crate::arith::adder::{Cell, FAST};
use crate::arith::multiplier::CellTree;
use crate::arith::multiplier::tree42::{Compressor, Tree42};

/// The group.
pub(super) const GROUP: Group = Group {
    title: "multipliers with approximate compressors",
    families: &[
        Family {
            name: "momeni1",
            parameters: &[Parameter { letter: 'a', values: |widths, _| 0..=widths.sum(), step: 1 }],
            kind: Kind::Tree(FAST, |p, adder| {
                Box::new(Tree42 { adder, compressor: Compressor::momeni1(), columns: p[0] })
            }),
            definition: "Momeni's first compressor in columns below a",
            formula: "y is the sum of the rows a · b_j, groups of four of which are reduced by 4:2 compressors until two are left; in columns below a a compressor of x1 to x4 and a carry from the column below has the sum !carry & (!(x1 ^ x2) | !(x3 ^ x4)), hands that carry on, and gives (x1 | x2) & (x3 | x4) to the column above",
            source: "A. Momeni, J. Han, P. Montuschi, F. Lombardi, Design and analysis of approximate compressors for multiplication, IEEE Transactions on Computers 2015",
        },
        Family {
            name: "momeni2",
            parameters: &[Parameter { letter: 'a', values: |widths, _| 0..=widths.sum(), step: 1 }],
            kind: Kind::Tree(FAST, |p, adder| {
                Box::new(Tree42 { adder, compressor: Compressor::momeni2(), columns: p[0] })
            }),
            definition: "Momeni's second compressor in columns below a",
            formula: "y is the sum of the rows a · b_j, groups of four of which are reduced by 4:2 compressors until two are left; in columns below a a compressor of x1 to x4 has the sum !(x1 ^ x2) | !(x3 ^ x4) and the carry (x1 | x2) & (x3 | x4)",
            source: "A. Momeni, J. Han, P. Montuschi, F. Lombardi, Design and analysis of approximate compressors for multiplication, IEEE Transactions on Computers 2015",
        },
        Family {
            name: "sat3",
            parameters: &[Parameter { letter: 'a', values: |widths, _| 0..=widths.sum(), step: 1 }],
            kind: Kind::Tree(FAST, |p, adder| {
                Box::new(Tree42 { adder, compressor: Compressor::saturating(), columns: p[0] })
            }),
            definition: "compressors that count to 3 in columns below a",
            formula: "y is the sum of the rows a · b_j, groups of four of which are reduced by 4:2 compressors until two are left; in columns below a a compressor gives the number of ones, at most 3",
            source: "Z. Yang, J. Han, F. Lombardi, Approximate compressors for error-resilient multiplier design, DFTS 2015",
        },
        Family {
            name: "yin",
            parameters: &[Parameter { letter: 'a', values: |widths, _| 0..=widths.sum(), step: 1 }],
            kind: Kind::Tree(FAST, |p, adder| {
                Box::new(Tree42 { adder, compressor: Compressor::yin(), columns: p[0] })
            }),
            definition: "Yin's compressor in columns below a",
            formula: "y is the sum of the rows a · b_j, groups of four of which are reduced by 4:2 compressors until two are left; in columns below a a compressor of x1 to x4 has the sum !(x3 ^ x4) and the carry (x1 | x2) & (x3 | x4)",
            source: "P. Yin and others, 2018, as a public VHDL model has it",
        },
        Family {
            name: "venkatachalam",
            parameters: &[Parameter { letter: 'a', values: |widths, _| 0..=widths.sum(), step: 1 }],
            kind: Kind::Tree(FAST, |p, adder| {
                Box::new(Tree42 { adder, compressor: Compressor::venkatachalam(), columns: p[0] })
            }),
            definition: "Venkatachalam and Ko's compressor in columns below a",
            formula: "y is the sum of the rows a · b_j, groups of four of which are reduced by 4:2 compressors until two are left; in columns below a a compressor of x1 to x4 has the sum (x1 ^ x2) | (x3 ^ x4) | x1 & x2 & x3 & x4 and the carry x1 & x2 | x3 & x4",
            source: "S. Venkatachalam, S.-B. Ko, Design of power and area efficient approximate multipliers, IEEE TVLSI 2017, as the Verilog of the collection AM has its compressor",
        },
        Family {
            name: "akbari1",
            parameters: &[Parameter { letter: 'a', values: |widths, _| 0..=widths.sum(), step: 1 }],
            kind: Kind::Tree(FAST, |p, adder| {
                Box::new(Tree42 { adder, compressor: Compressor::akbari1(), columns: p[0] })
            }),
            definition: "dual-quality compressor 1, approximate mode, below a",
            formula: "y is the sum of the rows a · b_j, groups of four of which are reduced by 4:2 compressors until two are left; in columns below a a compressor of x1 to x4 has the sum x1 and the carry x4",
            source: "O. Akbari, M. Kamal, A. Afzali-Kusha, M. Pedram, Dual-quality 4:2 compressors for utilizing in dynamic accuracy configurable multipliers, IEEE TVLSI 2017 (DQ4:2C1), as two public descriptions agree",
        },
        Family {
            name: "cv1",
            parameters: &[Parameter { letter: 'a', values: |widths, _| 0..=widths.sum(), step: 1 }],
            kind: Kind::Tree(FAST, |p, adder| {
                Box::new(Tree42 { adder, compressor: Compressor::zanandrea(false), columns: p[0] })
            }),
            definition: "Zanandrea's first compressor in columns below a",
            formula: "y is the sum of the rows a · b_j, groups of four of which are reduced by 4:2 compressors until two are left; in columns below a a compressor of x1 to x4 has the sum x2 and the carry x3 | x4",
            source: "V. Zanandrea, C. Meinhardt, 2023, as the Chisel library approx has it",
        },
        Family {
            name: "cv2",
            parameters: &[Parameter { letter: 'a', values: |widths, _| 0..=widths.sum(), step: 1 }],
            kind: Kind::Tree(FAST, |p, adder| {
                Box::new(Tree42 { adder, compressor: Compressor::zanandrea(true), columns: p[0] })
            }),
            definition: "Zanandrea's second compressor in columns below a",
            formula: "y is the sum of the rows a · b_j, groups of four of which are reduced by 4:2 compressors until two are left; in columns below a a compressor of x1 to x4 has the sum 1 and the carry x4",
            source: "V. Zanandrea, C. Meinhardt, 2023, as the Chisel library approx has it",
        },
        Family {
            name: "moaiyeri",
            parameters: &[Parameter { letter: 'a', values: |widths, _| 0..=widths.sum(), step: 1 }],
            kind: Kind::Tree(FAST, |p, adder| {
                Box::new(Tree42 { adder, compressor: Compressor::moaiyeri(), columns: p[0] })
            }),
            definition: "compressors of majorities in columns below a",
            formula: "y is the sum of the rows a · b_j, groups of four of which are reduced by 4:2 compressors until two are left; in columns below a a compressor of x1 to x4 and a carry from the column below has the sum maj(x1, x2, !maj(x3, x4, !carry)) and the carry x4, and gives x3 to the column above",
            source: "M. H. Moaiyeri, F. Sabetzadeh, S. Angizi, An efficient majority-based compressor for approximate computing in the nano era, Microsystem Technologies 2018",
        },
        Family {
            name: "tree42",
            parameters: &[
                Parameter { letter: 's', values: |_, _| 0..=65535, step: 1 },
                Parameter { letter: 'c', values: |_, _| 0..=65535, step: 1 },
                Parameter { letter: 'a', values: |widths, _| 0..=widths.sum(), step: 1 },
            ],
            kind: Kind::Tree(FAST, |p, adder| {
                Box::new(Tree42 {
                    adder,
                    compressor: Compressor::of_masks(p[0] as u16, p[1] as u16),
                    columns: p[2],
                })
            }),
            definition: "any 4:2 compressor in columns below a",
            formula: "y is the sum of the rows a · b_j, groups of four of which are reduced by 4:2 compressors until two are left; in columns below a a compressor has the sum s and the carry c, masks whose bit x1 + 2 x2 + 4 x3 + 8 x4 is the answer",
            source: "any compressor of four bits by its two truth tables",
        },
        Family {
            name: "daddacells",
            parameters: &[
                Parameter { letter: 's', values: |_, _| 0..=255, step: 1 },
                Parameter { letter: 'c', values: |_, _| 0..=255, step: 1 },
                Parameter { letter: 'a', values: |widths, _| 0..=widths.sum(), step: 1 },
            ],
            kind: Kind::Tree(FAST, |p, adder| {
                Box::new(CellTree { adder, cell: Cell { sum: p[0] as u8, carry: p[1] as u8 }, columns: p[2] })
            }),
            definition: "Dadda's tree, any cell as full adder in columns below a",
            formula: "y is the sum of all a_i · b_j · 2^(i+j) by Dadda's reduction; in columns below a a full adder has the sum s and the carry c, bytes whose bit 4a + 2b + carry is the answer",
            source: "M. Masadeh, O. Hasan, S. Tahar, Comparative study of approximate multipliers, GLSVLSI 2018",
        },
    ],
};
