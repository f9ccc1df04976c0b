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
pub const OPEN: [Open; 14] = [
    Open { name: "GDA", reason: "its paper was not at hand; at a fixed setting it is said to be gear_r_p" },
    Open { name: "SCSkip", reason: "public models differ in the carry of the lowest bit of a block" },
    Open { name: "RAP-CLA, dual-mode and error-resilient adders", reason: "switched at run time" },
    Open { name: "QuAd", reason: "a list of blocks of its own sizes; ids have a fixed number of parameters" },
    Open { name: "SDLC", reason: "which rows are grouped is not settled" },
    Open { name: "CDM", reason: "which columns of the partial sums disregard carries is not settled" },
    Open { name: "LETAM", reason: "descriptions differ in the bit below the kept ones" },
    Open { name: "DeBAM, AxSM", reason: "the decoder blocks are known by a picture alone" },
    Open {
        name: "LOBO, HRALM, TL, scaleTRIM, HEALM",
        reason: "only models with one's complement products, or none",
    },
    Open { name: "Sabetzadeh", reason: "the masks of its compressor were not readable" },
    Open {
        name: "Lin-Lin, Ha-Lee, Akbari, Strollo, Venkatachalam-Ko, Esposito",
        reason: "the masks of their compressors were not readable; `tree42` takes any",
    },
    Open { name: "R4ABM2", reason: "which bit of a digit inverts the row differs between paper and model" },
    Open { name: "ABM (radix 8)", reason: "the adder that makes three times a is not settled" },
    Open { name: "trunc with a variable correction", reason: "many versions, none of them the standard one" },
];
