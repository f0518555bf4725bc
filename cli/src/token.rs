//! `noticeboard token`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use noticeboard_domain::token::Scope;
use serde_json::{Map, Value, json};

use crate::out;
use crate::place::Place;

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
        /// Its form: 2 for `nbt_<key>.<secret>`, 1 for 40 letters and digits.
        #[arg(long = "form", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=2))]
        version: u64,
        /// What it is for.
        #[arg(long, default_value = "")]
        description: String,
        /// From then on it is refused: a date, or a time such as 2027-01-31T12:00:00Z.
        #[arg(long)]
        expires: Option<String>,
        /// Where it may be used from: networks such as 192.0.2.0/24,2001:db8::/32.
        #[arg(long, value_delimiter = ',')]
        allowed_ips: Vec<String>,
    },
    /// List the tokens, without their secrets.
    List,
    /// Show one token, without its secret.
    Show {
        /// Its id.
        id: u64,
    },
    /// Change what a token may do, from where and until when.
    Change {
        /// Its id.
        id: u64,
        /// What it is good for: feed, read, write or admin.
        #[arg(long, value_parser = Scope::parse)]
        scope: Option<Scope>,
        /// What it is for.
        #[arg(long)]
        description: Option<String>,
        /// From then on it is refused: a date, a time, or `never`.
        #[arg(long)]
        expires: Option<String>,
        /// Where it may be used from: networks, or `anywhere`.
        #[arg(long, value_delimiter = ',')]
        allowed_ips: Option<Vec<String>>,
        /// Whether it is accepted at all: true or false.
        #[arg(long)]
        enabled: Option<bool>,
    },
    /// Revoke a token for good.
    Revoke {
        /// Its id.
        id: u64,
    },
}

const PATH: &str = "/api/users/tokens/";
/// Tokens that are read at once.
const PAGE: usize = 1000;

pub(crate) async fn run(options: Options) -> Result<ExitCode, String> {
    let place = Place::new(options.data).await?;
    let one = |id: u64| format!("{PATH}{id}/");
    match options.action {
        Action::Create { user, scope, version, description, expires, allowed_ips } => {
            let body = json!({
                "user": user, "scope": scope.as_str(), "version": version, "description": description,
                "expires": expires, "allowed_ips": allowed_ips,
            });
            let made = place.call("POST", PATH, body).await?;
            out::say(made["token"].as_str().unwrap_or_default());
            // Beside the token, so that what reads it gets nothing else; a folder has no address.
            if let (Some(link), Place::Server(_)) = (made["feed_url"].as_str(), &place) {
                out::complain(format_args!("The calendar, to subscribe to: {link}"));
            }
        }
        Action::List => list(&place).await?,
        Action::Show { id } => {
            print(&place.call("GET", &one(id), Value::Null).await?);
        }
        Action::Change { id, scope, description, expires, allowed_ips, enabled } => {
            let mut body = Map::new();
            let mut set = |field: &str, value: Option<Value>| value.map(|value| body.insert(field.to_owned(), value));
            set("scope", scope.map(|scope| scope.as_str().into()));
            set("description", description.map(Value::from));
            set("expires", expires.map(|time| if time == "never" { Value::Null } else { time.into() }));
            set("allowed_ips", allowed_ips.map(|ips| if ips == ["anywhere"] { Value::Null } else { ips.into() }));
            set("enabled", enabled.map(Value::from));
            print(&place.call("PATCH", &one(id), body.into()).await?);
        }
        Action::Revoke { id } => drop(place.call("DELETE", &one(id), Value::Null).await?),
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(place: &Place) -> Result<(), String> {
    for offset in (0..).step_by(PAGE) {
        let answer = place.call("GET", &format!("{PATH}?limit={PAGE}&offset={offset}"), Value::Null).await?;
        let is_read = answer["results"].as_array().into_iter().flatten().all(print);
        if answer["next"].is_null() || !is_read {
            break;
        }
    }
    Ok(())
}

/// A line: id, key, user, scope, whether it is enabled, until when, from where, since when, what for.
fn print(token: &Value) -> bool {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Null => "-".to_owned(),
        Value::Array(list) if list.is_empty() => "anywhere".to_owned(),
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => value.to_string(),
    };
    let enabled = if token["enabled"] == true { "enabled" } else { "disabled" };
    let [id, key, scope, expires] = ["id", "key", "scope", "expires"].map(|name| text(&token[name]));
    let [networks, created, description] = ["allowed_ips", "created", "description"].map(|name| text(&token[name]));
    let user = text(&token["user"]["username"]);
    out::line(format_args!("{id}\t{key}\t{user}\t{scope}\t{enabled}\t{expires}\t{networks}\t{created}\t{description}"))
}
