//! The Verilog reader.
#![no_main]

use axsim::netlist::export::verilog::write;
use axsim::netlist::import::verilog::read;

libfuzzer_sys::fuzz_target!(|text: &str| axsim_fuzz::round_trip(text, |text| read(text, ""), write));
