//! One integration binary, a module per question.

mod activity;
mod agreement;
mod browser;
mod circuits;
mod cli;
mod config;
mod damaged;
mod elaboration;
mod energies;
mod explore;
mod exported;
mod glitches;
mod golden;
mod late;
mod layers;
mod licences;
mod memory;
mod product_table;
mod recovery;
mod report;
mod schema;
mod semantics;
mod simulators;
mod verilog;
mod wrong;
