//! Prints every public item of a crate, one a line, out of the JSON that rustdoc makes of it.

use std::process::ExitCode;

use public_api::Builder;

fn main() -> ExitCode {
    let Some(file) = std::env::args_os().nth(1) else {
        eprintln!("give the JSON of rustdoc");
        return ExitCode::FAILURE;
    };
    // What every type has by its other traits says nothing.
    let api = Builder::from_rustdoc_json(file).omit_blanket_impls(true).omit_auto_trait_impls(true).build();
    match api {
        Ok(api) => {
            println!("{}", api.to_string().trim_end());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
