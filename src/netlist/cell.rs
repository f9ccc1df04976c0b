//! Cells, nets and buses.

/// One bit's driver: the position of a cell in its netlist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Net(pub u32);

impl Net {
    /// The cell's position.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Ordered bits, least significant first.
pub type Bus = Vec<Net>;

/// A combinational function of up to three bits, each a cell of every technology table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Gate {
    /// Not a.
    Not,
    /// a and b.
    And,
    /// a or b.
    Or,
    /// a exclusive-or b.
    Xor,
    /// Not (a and b).
    Nand,
    /// Not (a or b).
    Nor,
    /// Not (a exclusive-or b).
    Xnor,
    /// b where a is 1, else c (operands: select, one, zero).
    Mux,
    /// a and b and c.
    And3,
    /// a or b or c.
    Or3,
    /// Not (a and b and c).
    Nand3,
    /// Not (a or b or c).
    Nor3,
    /// Not (a or (b and c)).
    Aoi21,
    /// Not (a and (b or c)).
    Oai21,
    /// The sum of a full adder: a exclusive-or b exclusive-or c.
    Sum,
    /// The carry of a full adder: 1 where two of a, b and c are.
    Majority,
}

impl Gate {
    /// All gates.
    pub const ALL: [Gate; 16] = [
        Gate::Not,
        Gate::And,
        Gate::Or,
        Gate::Xor,
        Gate::Nand,
        Gate::Nor,
        Gate::Xnor,
        Gate::Mux,
        Gate::And3,
        Gate::Or3,
        Gate::Nand3,
        Gate::Nor3,
        Gate::Aoi21,
        Gate::Oai21,
        Gate::Sum,
        Gate::Majority,
    ];

    /// The number of inputs.
    pub fn inputs(self) -> usize {
        match self {
            Gate::Not => 1,
            Gate::And | Gate::Or | Gate::Xor | Gate::Nand | Gate::Nor | Gate::Xnor => 2,
            _ => 3,
        }
    }

    /// The name in the text form.
    pub fn name(self) -> &'static str {
        match self {
            Gate::Not => "not",
            Gate::And => "and",
            Gate::Or => "or",
            Gate::Xor => "xor",
            Gate::Nand => "nand",
            Gate::Nor => "nor",
            Gate::Xnor => "xnor",
            Gate::Mux => "mux",
            Gate::And3 => "and3",
            Gate::Or3 => "or3",
            Gate::Nand3 => "nand3",
            Gate::Nor3 => "nor3",
            Gate::Aoi21 => "aoi21",
            Gate::Oai21 => "oai21",
            Gate::Sum => "sum",
            Gate::Majority => "majority",
        }
    }
}

/// One cell; its output is the net of its own position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cell {
    /// A bit from outside.
    Input,
    /// A constant bit.
    Constant(bool),
    /// The output of a register.
    State,
    /// A gate; inputs beyond [`Gate::inputs`] repeat the first one.
    Gate(Gate, [Net; 3]),
}

impl Cell {
    /// The nets that the cell reads.
    pub fn reads(&self) -> &[Net] {
        match self {
            Cell::Gate(gate, nets) => &nets[..gate.inputs()],
            _ => &[],
        }
    }
}
