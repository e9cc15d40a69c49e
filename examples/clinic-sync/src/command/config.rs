//! `config`: an example of all settings, and a check of yours.

use std::path::Path;
use std::process::ExitCode;

use clap::Subcommand;

use crate::settings::EXAMPLE;
use crate::{Error, Result, Settings};

#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Prints a commented example.
    Example,
    /// Says what is wrong with yours.
    Check,
}

impl ConfigCommand {
    pub(crate) fn run(self, file: Option<&Path>) -> Result<ExitCode> {
        match self {
            Self::Example => print!("{EXAMPLE}"),
            Self::Check => {
                let settings = Settings::load(file)?;
                let mut problems = settings.problems();
                problems.extend(settings.patients.policy().err().unwrap_or_default());
                if !problems.is_empty() {
                    return Err(Error::Settings(problems));
                }
                println!("the settings are complete; `clinic-sync doctor` tries them");
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
