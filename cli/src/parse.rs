//! `noticeboard parse`: the mail crate, from the command line.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use noticeboard_app::Clock;
use noticeboard_mail::{Context, Outcome, json, read};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The provider that sent the mails, where that is known.
    #[arg(long)]
    provider: Option<String>,
    /// Mails, each a whole message.
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

/// Prints the notices of all files as one array. A mail that is not understood is named on standard error, and makes
/// the exit code 1.
pub(crate) fn run(options: &Options) -> Result<ExitCode, String> {
    let received = Clock::system().now();
    let mut found = Vec::new();
    let mut code = ExitCode::SUCCESS;
    for file in &options.files {
        let raw = std::fs::read(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
        match read(&raw, &Context { received, hint: options.provider.as_deref() }).outcome {
            Outcome::Notices { notices, .. } => found.extend(notices),
            Outcome::NotUnderstood(reason) => {
                eprintln!("{}: {reason}", file.display());
                code = ExitCode::FAILURE;
            }
        }
    }
    let text = serde_json::to_string_pretty(&json::notices(&found)).map_err(|error| error.to_string())?;
    println!("{text}");
    Ok(code)
}
