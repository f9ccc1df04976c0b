//! What an id names: a two-operand design, a MAC unit, a unit that razors or one that counts.

use super::mac::{Code, Mac, Port};
use super::razorer::Razorer;
use super::xnor::Xnor;
use super::{ArithError, Design, design};
use crate::netlist::Netlist;
use crate::table::Signature;

/// A circuit by its id.
pub enum Unit {
    /// An adder or a multiplier.
    Design(Box<dyn Design>),
    /// A multiply-accumulate unit.
    Mac(Mac),
    /// A unit that razors a group of numbers.
    Razorer(Razorer),
    /// A unit that multiplies words of signs and counts.
    Xnor(Xnor),
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
        match id.get(..3) {
            Some("mac") => Mac::from_id(id).map(Self::Mac),
            Some("sdr") => Razorer::from_id(id).map(Self::Razorer),
            Some("xno") => Xnor::from_id(id).map(Self::Xnor),
            _ => design(id).map(Self::Design),
        }
    }

    /// The id.
    pub fn id(&self) -> String {
        match self {
            Self::Design(design) => design.id(),
            Self::Mac(mac) => mac.id().into(),
            Self::Razorer(razorer) => razorer.id().into(),
            Self::Xnor(xnor) => xnor.id().into(),
        }
    }

    /// The gates.
    pub fn netlist(&self) -> Netlist {
        match self {
            Self::Design(design) => design.netlist(),
            Self::Mac(mac) => mac.netlist(),
            Self::Razorer(razorer) => razorer.netlist(),
            Self::Xnor(xnor) => xnor.netlist(),
        }
    }

    /// The inputs, in the order of the netlist.
    ///
    /// ```
    /// use axsim::arith::Unit;
    /// let names = |id| Unit::from_id(id).unwrap().ports().into_iter().map(|port| port.name).collect::<Vec<_>>();
    /// assert_eq!(names("mul8x4s_bw"), ["a", "b"]);
    /// assert_eq!(names("mac4s_sdr_g2"), ["a0", "a1", "b0", "b1", "t", "c"]);
    /// ```
    pub fn ports(&self) -> Vec<Port> {
        match self {
            Self::Design(design) => {
                let Signature { width_a, width_b, signed, .. } = design.signature();
                let code = if signed { Code::TwosComplement } else { Code::Unsigned };
                vec![Port::new("a", width_a, code), Port::new("b", width_b, code)]
            }
            Self::Mac(mac) => mac.ports(),
            Self::Razorer(razorer) => razorer.ports(),
            Self::Xnor(xnor) => xnor.ports(),
        }
    }

    /// Whether the result is two's complement; those of MAC units and of units that razor always are, counts never.
    pub fn signed(&self) -> bool {
        match self {
            Self::Design(design) => design.signature().signed,
            Self::Mac(_) | Self::Razorer(_) => true,
            Self::Xnor(_) => false,
        }
    }
}
