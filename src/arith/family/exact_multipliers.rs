//! Families: exact multipliers.

use super::{Family, Group, Kind};
use crate::arith::adder::{Carries, FAST};
use crate::arith::multiplier::baugh_wooley::BaughWooley;
use crate::arith::multiplier::booth::Booth;
use crate::arith::multiplier::{Exact, Tree};

const BAUGH_WOOLEY: &str = "C. R. Baugh, B. A. Wooley, A two's complement parallel array multiplication algorithm, IEEE \
    Transactions on Computers 1973";
const DADDA: &str = "L. Dadda, Some schemes for parallel multipliers, Alta Frequenza 1965";

/// The group.
pub(super) const GROUP: Group = Group {
    title: "exact multipliers",
    families: &[
        Family {
            name: "exact",
            parameters: &[],
            kind: Kind::Core(|_| Box::new(Exact { tree: Tree::Dadda, adder: FAST })),
            definition: "a · b, built as Dadda with a Kogge-Stone adder",
            formula: "y = a · b, by Dadda's reduction and a Kogge-Stone adder",
            source: DADDA,
        },
        Family {
            name: "array",
            parameters: &[],
            kind: Kind::Tree(Carries::Ripple, |_, adder| Box::new(Exact { tree: Tree::Array, adder })),
            definition: "a · b, ripple-carry rows",
            formula: "y = a · b, the rows a · b_j added one after the other by ripple adders",
            source: "textbook",
        },
        Family {
            name: "carrysave",
            parameters: &[],
            kind: Kind::Tree(Carries::Ripple, |_, adder| Box::new(Exact { tree: Tree::CarrySave, adder })),
            definition: "a · b, rows kept as sums and carries, a ripple adder",
            formula: "y = a · b, row after row kept as sums and carries, joined by a ripple adder",
            source: "E. L. Braun, Digital Computer Design, Academic Press 1963",
        },
        Family {
            name: "wallace",
            parameters: &[],
            kind: Kind::Tree(FAST, |_, adder| Box::new(Exact { tree: Tree::Wallace, adder })),
            definition: "a · b, Wallace's reduction with a Kogge-Stone adder",
            formula: "y = a · b, by Wallace's reduction and a Kogge-Stone adder",
            source: "C. S. Wallace, A suggestion for a fast multiplier, IEEE Transactions on Electronic Computers 1964",
        },
        Family {
            name: "dadda",
            parameters: &[],
            kind: Kind::Tree(FAST, |_, adder| Box::new(Exact { tree: Tree::Dadda, adder })),
            definition: "a · b, Dadda's reduction with a Kogge-Stone adder",
            formula: "y = a · b, by Dadda's reduction and a Kogge-Stone adder",
            source: DADDA,
        },
        Family {
            name: "bw",
            parameters: &[],
            kind: Kind::Signed(FAST, |widths, _, adder, family| {
                Box::new(BaughWooley { widths, cut: 0, adder, family })
            }),
            definition: "a · b in two's complement, Baugh-Wooley",
            formula: "y = a · b in two's complement: dots of one sign bit complemented, what their signs are short of added as ones, \
            Dadda's reduction and a Kogge-Stone adder",
            source: BAUGH_WOOLEY,
        },
        Family {
            name: "booth",
            parameters: &[],
            kind: Kind::Signed(FAST, |widths, _, adder, family| {
                Box::new(Booth { widths, cut: 0, negated_rows: false, adder, family })
            }),
            definition: "a · b in two's complement, radix-4 Booth",
            formula: "y = a · b in two's complement: a row -2a to 2a for every second bit of b, Dadda's reduction and a Kogge-Stone adder",
            source: "O. L. MacSorley, High-speed arithmetic in binary computers, Proceedings of the IRE 1961",
        },
    ],
};
