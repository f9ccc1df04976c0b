//! The BLIF reader.
#![no_main]

use axsim::netlist::export::blif::write;
use axsim::netlist::import::blif::read;

libfuzzer_sys::fuzz_target!(|text: &str| axsim_fuzz::round_trip(text, read, write));
