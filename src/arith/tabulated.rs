//! A multiplier that is known by its products alone.

use super::Design;
use super::adder::FAST;
use super::multiplier::baugh_wooley::BaughWooley;
use super::multiplier::{Exact, Multiplier, Sign, Tree};
use crate::netlist::Netlist;
use crate::table::{Operation, Signature, Table};

/// A user's own product table as a design.
///
/// It has one body: nothing says which gates form these products. Its `netlist` is that of the exact
/// multiplier of the same operands, whose cost stands in for the unknown one and is named as such.
pub struct Tabulated {
    table: Table,
    stand_in: Box<dyn Design>,
}

/// Why a table is no multiplier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a multiplier's table has as many rows as columns, this one has {rows} rows and {columns} columns")]
pub struct NotSquare {
    /// Codes of `a`.
    pub rows: usize,
    /// Codes of `b`.
    pub columns: usize,
}

impl Tabulated {
    /// Takes products of operands of equal width.
    ///
    /// # Errors
    /// [`NotSquare`].
    ///
    /// ```
    /// use axsim::arith::{Design, tabulated::Tabulated};
    /// use axsim::table::Table;
    /// let table = Table::read(b"0 0 0 0\n0 1 2 3\n0 2 4 6\n0 3 6 7\n", "kulkarni.txt", false).unwrap();
    /// let design = Tabulated::new(table).unwrap();
    /// assert_eq!((design.eval(3, 3), design.eval(2, 3)), (7, 6));
    /// assert_eq!(design.stand_in().as_deref(), Some("mul2u_exact"));
    /// ```
    pub fn new(table: Table) -> Result<Self, NotSquare> {
        let Signature { operation: _, width_a, width_b, signed } = table.signature();
        if width_a != width_b {
            return Err(NotSquare { rows: 1 << width_a, columns: 1 << width_b });
        }
        let stand_in: Box<dyn Design> = if signed {
            Box::new(BaughWooley { widths: width_a.into(), cut: 0, adder: FAST, family: "bw".into() })
        } else {
            let core = Box::new(Exact { tree: Tree::Dadda, adder: FAST });
            Box::new(Multiplier { widths: width_a.into(), sign: Sign::None, core, family: "exact".into() })
        };
        Ok(Self { table, stand_in })
    }
}

impl Design for Tabulated {
    fn id(&self) -> String {
        let Signature { width_a, signed, .. } = self.table.signature();
        format!("mul{width_a}{}_table_{}", if signed { 's' } else { 'u' }, self.table.hash())
    }
    fn signature(&self) -> Signature {
        Signature { operation: Operation::Mul, ..self.table.signature() }
    }
    fn eval(&self, a: i64, b: i64) -> i64 {
        self.table.at(a, b).into()
    }
    fn width_out(&self) -> u32 {
        self.table.width_out()
    }
    fn netlist(&self) -> Netlist {
        self.stand_in.netlist()
    }
    fn stand_in(&self) -> Option<String> {
        Some(self.stand_in.id())
    }
}
