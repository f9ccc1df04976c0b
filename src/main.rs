//! Arguments → the verb → a diagnostic and an exit code; nothing else.

use std::io::Write;
use std::process::ExitCode;

use axsim::cli;
use clap::Parser;

fn main() -> ExitCode {
    // A diagnostic looks the same wherever it is read: no colour, no terminal-dependent width.
    let theme = miette::GraphicalTheme::unicode_nocolor();
    let _ = miette::set_hook(Box::new(move |_| {
        Box::new(miette::MietteHandlerOpts::new().graphical_theme(theme.clone()).width(100).build())
    }));
    let arguments = cli::Arguments::parse();
    match cli::limit(std::env::var_os(cli::SIMD).as_deref()).and_then(|()| arguments.run()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            let code = error.exit_code();
            // Where nobody can read it, the code still tells.
            let _ = writeln!(std::io::stderr(), "{:?}", miette::Report::new(error));
            ExitCode::from(code)
        }
    }
}
