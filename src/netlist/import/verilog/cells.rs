//! Cells that a netlist may use without defining them.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::syntax::Module;
use super::{lex, parse};

/// The cell of this name, whatever its drive strength.
pub(in crate::netlist::import) fn find(name: &str) -> Option<&'static Module<'static>> {
    static CELLS: LazyLock<HashMap<&str, Module>> = LazyLock::new(|| {
        let tokens = lex::tokens(include_str!("cells.v"));
        let modules = tokens.and_then(parse::modules).expect("the cells are well formed, as a test shows");
        modules.into_iter().map(|module| (module.name, module)).collect()
    });
    let without_drive = name.trim_end_matches(|c: char| c.is_ascii_digit());
    CELLS.get(name).or_else(|| CELLS.get(without_drive))
}
