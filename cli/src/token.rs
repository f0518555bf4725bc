//! `noticeboard token`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use noticeboard_app::Settings;
use noticeboard_domain::token::Scope;
use noticeboard_local::Storage;
use serde_json::{Value, json};

use crate::server::Server;
use crate::variable;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The data folder, while nothing serves it. Without it, the server at `NOTICEBOARD_URL` is asked, with an
    /// administrator's `NOTICEBOARD_TOKEN`.
    #[arg(long, global = true)]
    data: Option<PathBuf>,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a token and show it, this once.
    Create {
        /// The name under which its changes are recorded.
        #[arg(long)]
        user: String,
        /// What it is good for: feed, read, write or admin.
        #[arg(long, default_value = "read", value_parser = Scope::parse)]
        scope: Scope,
        /// What it is for.
        #[arg(long, default_value = "")]
        description: String,
    },
    /// List the tokens, without their secrets.
    List,
    /// Revoke a token.
    Revoke {
        /// The part between `nbt_` and the dot.
        key: String,
    },
}

const PATH: &str = "/api/users/tokens/";

pub(crate) async fn run(options: Options) -> Result<ExitCode, String> {
    match options.data {
        Some(folder) => in_folder(folder, options.action).await?,
        None => {
            let server = Server::from_environment()?;
            let server = server.ok_or("say where: --data DIR, or NOTICEBOARD_URL with NOTICEBOARD_TOKEN")?;
            on_server(&server, options.action)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn in_folder(folder: PathBuf, action: Action) -> Result<(), String> {
    let app = noticeboard_local::open(&Storage::Folder(folder), Settings::read(variable)?).await;
    let app = app.map_err(|error| error.to_string())?;
    let failed = |error: noticeboard_domain::Error| format!("{error} {}", error.detail().unwrap_or_default());
    match action {
        Action::Create { user, scope, description } => {
            let made = app.token_create(&user, scope, &description, None).await.map_err(failed)?;
            println!("{}", made.text);
        }
        Action::List => {
            for token in app.token_list().await.map_err(failed)? {
                print(&noticeboard_http::wire::token::token("", &token));
            }
        }
        Action::Revoke { key } => app.token_delete(&key).await.map_err(failed)?,
    }
    Ok(())
}

fn on_server(server: &Server, action: Action) -> Result<(), String> {
    let call = |method: &str, path: &str, body: Value| {
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let (status, answer) = server.call(method, path, "application/json", &body)?;
        if (200..300).contains(&status) { Ok(answer) } else { Err(format!("{status} {answer}")) }
    };
    match action {
        Action::Create { user, scope, description } => {
            let body = json!({"user": user, "scope": scope.as_str(), "description": description});
            let made = call("POST", PATH, body)?;
            println!("{}", made["token"].as_str().unwrap_or_default());
        }
        Action::List => {
            let answer = call("GET", PATH, Value::Null)?;
            answer["results"].as_array().into_iter().flatten().for_each(print);
        }
        Action::Revoke { key } => drop(call("DELETE", &format!("{PATH}{key}/"), Value::Null)?),
    }
    Ok(())
}

fn print(token: &Value) {
    let text = |name: &str| token[name].as_str().unwrap_or("-").to_owned();
    println!("{}\t{}\t{}\t{}\t{}", text("key"), text("user"), text("scope"), text("created"), text("description"));
}
