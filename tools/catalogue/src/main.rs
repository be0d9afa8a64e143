//! Writes the catalogue of the Management API anew.

use std::path::PathBuf;
use std::process::ExitCode;
use std::{fs, io};

use clap::Parser;

/// Derives the catalogue of the Management API from its OpenAPI description, and says what of the
/// description it could not express.
#[derive(Debug, Parser)]
struct Arguments {
    /// The description, as YAML or JSON.
    description: PathBuf,
    /// Where the catalogue goes.
    #[arg(short, long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../../src/api/catalogue/management.txt"))]
    output: PathBuf,
    /// Where the shapes of the answers go, which the emulator has.
    #[arg(short, long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../../emulator/src/catalogue/answers.txt"))]
    answers: PathBuf,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("kinde-catalogue: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), String> {
    let at = |path: &PathBuf, error: io::Error| format!("{}: {error}", path.display());
    let text = fs::read_to_string(&arguments.description)
        .map_err(|error| at(&arguments.description, error))?;
    let derived = kinde_catalogue::derive(&text)?;
    for (path, text) in [
        (&arguments.output, derived.catalogue.to_string()),
        (&arguments.answers, derived.answers.to_string()),
    ] {
        fs::write(path, text).map_err(|error| at(path, error))?;
    }
    eprintln!(
        "{} operations, {} models",
        derived.catalogue.operations.len(),
        derived.catalogue.models.len()
    );
    for what in &derived.unexpressed {
        eprintln!("not expressed: {what}");
    }
    Ok(())
}
