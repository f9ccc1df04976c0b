//! Families: exact adders.

use super::{Family, Group, Kind, Parameter};
use crate::arith::adder::{Carries, FAST, Network, Scheme};

const KOGGE_STONE: &str = "P. M. Kogge, H. S. Stone, A parallel algorithm for the efficient solution of a general class \
    of recurrence equations, IEEE Transactions on Computers 1973";

/// The group.
pub(super) const GROUP: Group = Group {
    title: "exact adders",
    families: &[
        Family {
            name: "exact",
            parameters: &[],
            kind: Kind::Adder(|_| Scheme::Exact(FAST)),
            definition: "a + b, built as Kogge-Stone",
            formula: "y = a + b, with the carries of a Kogge-Stone prefix tree",
            source: KOGGE_STONE,
        },
        Family {
            name: "ripple",
            parameters: &[],
            kind: Kind::Adder(|_| Scheme::Exact(Carries::Ripple)),
            definition: "a + b, a chain of full adders",
            formula: "y = a + b, the carry rippling through a chain of full adders",
            source: "textbook",
        },
        Family {
            name: "kogge_stone",
            parameters: &[],
            kind: Kind::Adder(|_| Scheme::Exact(FAST)),
            definition: "a + b, parallel prefix",
            formula: "y = a + b, with the carries of a Kogge-Stone prefix tree",
            source: KOGGE_STONE,
        },
        Family {
            name: "sklansky",
            parameters: &[],
            kind: Kind::Adder(|_| Scheme::Exact(Carries::Prefix(Network::Sklansky))),
            definition: "a + b, prefix network of least depth",
            formula: "y = a + b, with the carries of this prefix network",
            source: "J. Sklansky, Conditional-sum addition logic, IRE Transactions on Electronic Computers 1960",
        },
        Family {
            name: "brent_kung",
            parameters: &[],
            kind: Kind::Adder(|_| Scheme::Exact(Carries::Prefix(Network::BrentKung))),
            definition: "a + b, prefix network of fewest cells",
            formula: "y = a + b, with the carries of this prefix network",
            source: "R. P. Brent, H. T. Kung, A regular layout for parallel adders, IEEE Transactions on Computers 1982",
        },
        Family {
            name: "han_carlson",
            parameters: &[],
            kind: Kind::Adder(|_| Scheme::Exact(Carries::Prefix(Network::HanCarlson))),
            definition: "a + b, Kogge-Stone on every other bit",
            formula: "y = a + b, with the carries of this prefix network",
            source: "T. Han, D. A. Carlson, Fast area-efficient VLSI adders, IEEE Symposium on Computer Arithmetic 1987",
        },
        Family {
            name: "ladner_fischer",
            parameters: &[],
            kind: Kind::Adder(|_| Scheme::Exact(Carries::Prefix(Network::LadnerFischer))),
            definition: "a + b, Sklansky's network on every other bit",
            formula: "y = a + b, with the carries of this prefix network",
            source: "R. E. Ladner, M. J. Fischer, Parallel prefix computation, Journal of the ACM 1980",
        },
        Family {
            name: "knowles",
            parameters: &[Parameter {
                letter: 'l',
                values: |widths, _| 0..=(widths.greater() - 1).checked_ilog2().unwrap_or(0),
                step: 1,
            }],
            kind: Kind::Adder(|p| Scheme::Exact(Carries::Prefix(Network::Knowles(p[0])))),
            definition: "a + b, the last l levels share carries",
            formula: "y = a + b, with the carries of a prefix network of least depth; in its last l levels 2, 4, … 2^l bits take the same lower prefix (16 bits, l = 2: Knowles [4,2,1,1]); l = 0 is Kogge-Stone, the greatest l Sklansky",
            source: "S. Knowles, A family of adders, IEEE Symposium on Computer Arithmetic 1999",
        },
        Family {
            name: "conditional_sum",
            parameters: &[],
            kind: Kind::Adder(|_| Scheme::Exact(Carries::ConditionalSum)),
            definition: "a + b, both sums of blocks that double",
            formula: "y = a + b; blocks of 1, 2, 4, … bits are added for both carries, the lower half of a block selecting its upper half",
            source: "J. Sklansky, Conditional-sum addition logic, IRE Transactions on Electronic Computers 1960",
        },
        Family {
            name: "cla",
            parameters: &[Parameter { letter: 'x', values: |widths, _| 1..=widths.greater(), step: 1 }],
            kind: Kind::Adder(|p| Scheme::Exact(Carries::Lookahead(p[0]))),
            definition: "a + b, carry lookahead in groups of x bits",
            formula: "y = a + b; within groups of x bits every carry comes from generates and propagates at once, groups follow in a chain",
            source: "A. Weinberger, J. L. Smith, A one-microsecond adder using one-megacycle circuitry, IRE Transactions on Electronic Computers 1956",
        },
        Family {
            name: "skip",
            parameters: &[Parameter { letter: 'x', values: |widths, _| 1..=widths.greater(), step: 1 }],
            kind: Kind::Adder(|p| Scheme::Exact(Carries::Skip(p[0]))),
            definition: "a + b, carries skip groups of x bits",
            formula: "y = a + b; a carry skips a group of x bits where every bit propagates",
            source: "M. Lehman, N. Burla, Skip techniques for high-speed carry-propagation in binary arithmetic units, IRE Transactions on Electronic Computers 1961",
        },
        Family {
            name: "select",
            parameters: &[Parameter { letter: 'x', values: |widths, _| 1..=widths.greater(), step: 1 }],
            kind: Kind::Adder(|p| Scheme::Exact(Carries::Select(p[0]))),
            definition: "a + b, groups of x bits for both carries",
            formula: "y = a + b; groups of x bits are added for both carries and the right sum selected",
            source: "O. J. Bedrij, Carry-select adder, IRE Transactions on Electronic Computers 1962",
        },
        Family {
            name: "increment",
            parameters: &[Parameter { letter: 'x', values: |widths, _| 1..=widths.greater(), step: 1 }],
            kind: Kind::Adder(|p| Scheme::Exact(Carries::Increment(p[0]))),
            definition: "a + b, groups of x bits incremented",
            formula: "y = a + b; groups of x bits are added without a carry and incremented by it",
            source: "R. Zimmermann, Binary adder architectures for cell-based VLSI and their synthesis, dissertation, ETH Zurich 1997",
        },
    ],
};
