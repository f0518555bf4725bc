//! `noticeboard`: serve, parse, ingest, import, token, deadletters, table.
//!
//! It composes what the libraries do, and holds no rules of its own.

mod deadletters;
mod import;
mod ingest;
mod out;
mod parse;
mod place;
mod serve;
mod server;
mod table;
mod token;

use std::io::IsTerminal as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Provider maintenance and outage mail as structured events, in an API, a feed and a calendar.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run everything on this machine.
    Serve(serve::Options),
    /// Read mails and print the notices in them as a JSON array.
    Parse(parse::Options),
    /// Hand mails to a running server, or into a data folder that nothing serves.
    Ingest(ingest::Options),
    /// Bring in the inventory from NetBox or from CSV files, with the ids that it has there; again and again.
    Import(import::Options),
    /// Make, list, change and revoke tokens.
    Token(token::Options),
    /// List what could not be delivered, have it tried again, or discard it.
    Deadletters(deadletters::Options),
    /// Make the table in a DynamoDB, as a deployment has it.
    Table(table::Options),
    /// Print the description of the API (OpenAPI 3.1).
    Openapi,
}

/// Answers are made of many small pieces of memory, for which the system's own allocator takes a sixth of the time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let log = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "warn".into());
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(log).with_writer(std::io::stderr).with_ansi(colours).init();
    let done = match cli.command {
        Command::Serve(options) => serve::run(options).await,
        Command::Parse(options) => parse::run(&options),
        Command::Ingest(options) => ingest::run(&options).await,
        Command::Import(options) => import::run(options).await,
        Command::Token(options) => token::run(options).await,
        Command::Deadletters(options) => deadletters::run(options).await,
        Command::Table(options) => table::run(options).await,
        Command::Openapi => {
            out::text(noticeboard_http::openapi::committed());
            Ok(ExitCode::SUCCESS)
        }
    };
    match done {
        Ok(code) => code,
        Err(message) => {
            out::complain(format_args!("noticeboard: {message}"));
            ExitCode::FAILURE
        }
    }
}

/// An environment variable that is set to something.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
