//! `noticeboard table`.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use noticeboard_domain::Error;
use noticeboard_store::{Made, Protection};

use crate::{out, variable};

#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make the table of `NOTICEBOARD_TABLE` exactly as template.yaml defines it. One that there is, is only compared.
    Create {
        /// The DynamoDB at this address (DynamoDB Local, a stand-in for AWS); without it AWS, with the account and the
        /// region of the environment.
        #[arg(long)]
        endpoint_url: Option<String>,
        /// Without protection from deletion, point-in-time recovery and a key of the account: to try things on, and for
        /// engines that know none of these.
        #[arg(long)]
        unprotected: bool,
    },
}

pub(crate) async fn run(options: Options) -> Result<ExitCode, String> {
    let Action::Create { endpoint_url, unprotected } = options.action;
    let table = noticeboard_local::table_at(endpoint_url.as_deref(), variable("NOTICEBOARD_TABLE").as_deref()).await;
    let (table, place) = table.map_err(|error| error.to_string())?;
    let protection = if unprotected { Protection::None } else { Protection::Full };
    let made = table.create_and_compare(protection).await;
    let failed = |error: Error| match error.detail() {
        Some(detail) => format!("the table {place}: {detail}"),
        None => format!("the table {place}: {error}"),
    };
    match made.map_err(failed)? {
        Made::AsDefined => {
            out::say(format_args!("The table {} is as defined.", table.table()));
            Ok(ExitCode::SUCCESS)
        }
        Made::Different(how) => {
            let how: String = how.iter().map(|one| format!("\n  {one}")).collect();
            Err(format!("the table {} was there and was left as it is. It is not as defined:{how}", table.table()))
        }
    }
}
