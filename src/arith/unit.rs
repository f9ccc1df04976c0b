//! What an id names: a two-operand design or a MAC unit.

use super::mac::Mac;
use super::{ArithError, Design, design};
use crate::netlist::Netlist;

/// A circuit by its id.
pub enum Unit {
    /// An adder or a multiplier.
    Design(Box<dyn Design>),
    /// A multiply-accumulate unit.
    Mac(Mac),
}

impl Unit {
    /// The unit that an id names.
    ///
    /// # Errors
    /// [`ArithError`], saying what to write instead.
    ///
    /// ```
    /// use axsim::arith::Unit;
    /// assert_eq!(Unit::from_id("mac8s_drum_k4").unwrap().netlist().registers().len(), 48);
    /// assert_eq!(Unit::from_id("mul8s_drum_k4").unwrap().netlist().registers().len(), 0);
    /// ```
    pub fn from_id(id: &str) -> Result<Self, ArithError> {
        if id.starts_with("mac") { Mac::from_id(id).map(Self::Mac) } else { design(id).map(Self::Design) }
    }

    /// The id.
    pub fn id(&self) -> String {
        match self {
            Self::Design(design) => design.id(),
            Self::Mac(mac) => mac.id().into(),
        }
    }

    /// The gates.
    pub fn netlist(&self) -> Netlist {
        match self {
            Self::Design(design) => design.netlist(),
            Self::Mac(mac) => mac.netlist(),
        }
    }

    /// Whether the result is two's complement; that of a MAC unit always is.
    pub fn signed(&self) -> bool {
        match self {
            Self::Design(design) => design.signature().signed,
            Self::Mac(_) => true,
        }
    }
}
