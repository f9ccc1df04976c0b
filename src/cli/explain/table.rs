//! A user's own product table in words.

use std::path::Path;

use super::network;
use crate::arith::Design;
use crate::arith::tabulated::Tabulated;
use crate::cli::files::product_table;
use crate::error::Error;
use crate::table::ENDINGS;

/// Whether a name ends as the file of a product table does.
pub(in crate::cli) fn is_named(name: &str) -> bool {
    let end = Path::new(name).extension().and_then(|end| end.to_str());
    end.is_some_and(|end| ENDINGS.contains(&&*end.to_ascii_lowercase()))
}

/// What a network makes of the table that `multiplier: {table: FILE, signed: …}` names.
pub(in crate::cli) fn explained(file: &str, signed: Option<bool>) -> Result<String, Error> {
    let table = product_table(Path::new(file), signed).map_err(Error::Usage)?;
    let sign = match (signed, table.signature().signed) {
        (Some(true), _) => "signed, as said",
        (Some(false), _) => "unsigned, as said",
        (None, true) => "signed, as a negative product tells",
        (None, false) => "unsigned, as no product is negative",
    };
    let design = Tabulated::new(table).map_err(|error| Error::Usage(format!("{file}: {error}")))?;
    let (width, id) = (design.signature().width_a, design.id());
    let gates = design.stand_in().unwrap_or_default();
    let out = format!(
        "{file}: products of {width} by {width} bits, {sign}; `{id}` in reports\n  \
         y = the entry in the row of the activation's code and the column of the weight's\n  \
         gates: unknown, so that those of `{gates}` are priced, or what an `energy_table` says\n"
    );
    Ok(out + &network::of_multiplier(Box::new(design))?)
}
