//! Ideas that are known and not built.

/// A published idea that is not built, for want of a source that settles it.
#[derive(Debug, Clone, Copy)]
pub struct Open {
    /// Its name in papers.
    pub name: &'static str,
    /// What is missing.
    pub reason: &'static str,
}

/// Ideas that are known and not built: nothing here is guessed.
pub const OPEN: [Open; 12] = [
    Open {
        name: "SCSkip",
        reason: "the one public model selects the carry out of a block as the carry into it; the paper was not at hand",
    },
    Open {
        name: "RAP-CLA",
        reason: "its one public model is etaii_x in approximate mode; the paper, which was not at hand, is said to guess every carry from a window below it (aca_k)",
    },
    Open {
        name: "AFA with correction",
        reason: "its one public model corrects other bits than it detects; without it: afa_k",
    },
    Open {
        name: "CDM",
        reason: "its one public model splits the operands in halves, down to arrays of 4 by 4; the paper's picture was not at hand",
    },
    Open { name: "LETAM", reason: "descriptions differ in the bit below the kept ones" },
    Open { name: "DeBAM", reason: "its decoder blocks are known by a picture alone" },
    Open {
        name: "AxSM",
        reason: "sequential: it shifts and adds around the adder `fau`; multipliers here are combinational",
    },
    Open {
        name: "LOBO, HRALM, TL, scaleTRIM, HEALM",
        reason: "the one library with models of the first three is for 16 bits and takes one's complement products; of the others there is none",
    },
    Open {
        name: "Lin-Lin, Ha-Lee, Akbari 2 to 4, Strollo, Sabetzadeh, Esposito",
        reason: "no public source settles the truth tables of their compressors; `tree42` takes any",
    },
    Open {
        name: "R4ABM2",
        reason: "the public models in C and in Verilog differ: the middle or the top bit of a digit inverts the row, with or without a 1 for the digit -2",
    },
    Open { name: "ABM (radix 8)", reason: "the adder that makes three times a is not settled" },
    Open { name: "trunc with a variable correction", reason: "many versions, none of them the standard one" },
];
