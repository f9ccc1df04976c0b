//! Any text is a cell library, or an error with its line.
#![no_main]

use axsim::tech::CellLibrary;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = CellLibrary::from_liberty(&[("fuzz.lib", text)]);
});
