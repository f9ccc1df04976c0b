//! The families of designs: a line each, what they compute, who published them.

/// A family of designs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Family {
    /// `add` or `mul`.
    pub operation: &'static str,
    /// The name within an id.
    pub name: &'static str,
    /// The parameter's letter, where there is one.
    pub parameter: Option<char>,
    /// Whether only two's complement operands are defined.
    pub signed_only: bool,
    /// What it computes, in a few words.
    pub definition: &'static str,
    /// What it computes, as a formula in a sentence, on operands without sign.
    pub formula: &'static str,
    /// Where it was published.
    pub source: &'static str,
}

impl Family {
    /// The id of a usual member: 16-bit adders without sign, signed 8-bit multipliers, parameter 4.
    ///
    /// ```
    /// use axsim::arith::{FAMILIES, design};
    /// assert!(FAMILIES.iter().all(|family| design(&family.example()).is_ok()));
    /// ```
    pub fn example(&self) -> String {
        let head = if self.operation == "add" { "add16u" } else { "mul8s" };
        let parameter = self.parameter.map_or(String::new(), |letter| format!("_{letter}4"));
        format!("{head}_{}{parameter}", self.name)
    }
}

const KOGGE_STONE: &str = "P. M. Kogge, H. S. Stone, A parallel algorithm for the efficient solution of a general class \
    of recurrence equations, IEEE Transactions on Computers 1973";
const BAUGH_WOOLEY: &str = "C. R. Baugh, B. A. Wooley, A two's complement parallel array multiplication algorithm, IEEE \
    Transactions on Computers 1973";
const DADDA: &str = "L. Dadda, Some schemes for parallel multipliers, Alta Frequenza 1965";

/// All families.
pub const FAMILIES: [Family; 13] = [
    Family {
        operation: "add",
        name: "exact",
        parameter: None,
        signed_only: false,
        definition: "a + b, built as Kogge-Stone",
        formula: "y = a + b, with the carries of a Kogge-Stone prefix tree",
        source: KOGGE_STONE,
    },
    Family {
        operation: "add",
        name: "ripple",
        parameter: None,
        signed_only: false,
        definition: "a + b, a chain of full adders",
        formula: "y = a + b, the carry rippling through a chain of full adders",
        source: "textbook",
    },
    Family {
        operation: "add",
        name: "kogge_stone",
        parameter: None,
        signed_only: false,
        definition: "a + b, parallel prefix",
        formula: "y = a + b, with the carries of a Kogge-Stone prefix tree",
        source: KOGGE_STONE,
    },
    Family {
        operation: "add",
        name: "loa",
        parameter: Some('k'),
        signed_only: false,
        definition: "low k bits a | b, carry a_{k-1} & b_{k-1}",
        formula: "the low k bits of y are a | b; above them a and b are added exactly with the carry a_{k-1} & b_{k-1}",
        source: "H. R. Mahdiani, A. Ahmadi, S. M. Fakhraie, C. Lucas, Bio-inspired imprecise computational blocks for \
            efficient VLSI implementation of soft-computing applications, IEEE TCAS-I 2010",
    },
    Family {
        operation: "mul",
        name: "exact",
        parameter: None,
        signed_only: false,
        definition: "a · b, built as Dadda with a Kogge-Stone adder",
        formula: "y = a · b, by Dadda's reduction and a Kogge-Stone adder",
        source: DADDA,
    },
    Family {
        operation: "mul",
        name: "array",
        parameter: None,
        signed_only: false,
        definition: "a · b, ripple-carry rows",
        formula: "y = a · b, the rows a · b_j added one after the other by ripple adders",
        source: "textbook",
    },
    Family {
        operation: "mul",
        name: "dadda",
        parameter: None,
        signed_only: false,
        definition: "a · b, Dadda's reduction with a Kogge-Stone adder",
        formula: "y = a · b, by Dadda's reduction and a Kogge-Stone adder",
        source: DADDA,
    },
    Family {
        operation: "mul",
        name: "bw",
        parameter: None,
        signed_only: true,
        definition: "a · b in two's complement, Baugh-Wooley",
        formula: "y = a · b in two's complement: dots of one sign bit complemented, ones added in columns N and 2N - 1, \
            Dadda's reduction and a Kogge-Stone adder",
        source: BAUGH_WOOLEY,
    },
    Family {
        operation: "mul",
        name: "bwtrunc",
        parameter: Some('t'),
        signed_only: true,
        definition: "Baugh-Wooley without the low t columns",
        formula: "y = a · b - the sum of a_i · b_j · 2^(i+j) over i + j < t, on the bits of two's complement operands, t < N",
        source: BAUGH_WOOLEY,
    },
    Family {
        operation: "mul",
        name: "trunc",
        parameter: Some('t'),
        signed_only: false,
        definition: "partial products of weight below 2^t left out",
        formula: "y is the sum of a_i · b_j · 2^(i+j) over i + j >= t: the low t columns of the partial products are left out",
        source: "textbook (column truncation without correction)",
    },
    Family {
        operation: "mul",
        name: "drum",
        parameter: Some('k'),
        signed_only: false,
        definition: "k bits from each leading one, lowest set when cut",
        formula: "y = f(a) · f(b), where f keeps the k bits from the leading one on, sets the lowest of them to 1 if bits \
            below were cut off, and clears those bits",
        source: "S. Hashemi, R. I. Bahar, S. Reda, DRUM: a dynamic range unbiased multiplier for approximate \
            applications, ICCAD 2015",
    },
    Family {
        operation: "mul",
        name: "kulkarni",
        parameter: None,
        signed_only: false,
        definition: "2×2 blocks with 3 · 3 = 7, exact recursion",
        formula: "y = a · b - 2 · m(a) · m(b), where m keeps a 1 for every base-4 digit that is 3: 2×2 blocks with \
            3 · 3 = 7, their products added exactly",
        source: "P. Kulkarni, P. Gupta, M. Ercegovac, Trading accuracy for power with an underdesigned multiplier \
            architecture, VLSI Design 2011",
    },
    Family {
        operation: "mul",
        name: "mitchell",
        parameter: None,
        signed_only: false,
        definition: "logarithms with linear mantissas",
        formula: "with a = 2^p + r and b = 2^q + s: y = 2^(p+q) + t where t = r · 2^q + s · 2^p is below 2^(p+q), else 2 · t; \
            0 where an operand is 0",
        source: "J. N. Mitchell, Computer multiplication and division using binary logarithms, IRE Transactions on \
            Electronic Computers 1962",
    },
];
