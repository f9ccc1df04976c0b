//! Forms that a netlist is written in for other tools.

pub mod blif;
pub mod c;
pub mod cgp;
pub mod hierarchical;
mod keyword;
pub mod mac_bench;
pub mod mac_table;
pub mod mapped;
pub mod saif;
pub mod sdf;
pub mod testbench;
pub mod vcd;
pub mod verilog;

pub(super) use keyword::is_verilog;
