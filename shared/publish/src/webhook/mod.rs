//! Webhooks: a POST to an address of somebody's, signed as Standard Webhooks 1.0.0 has it.
//!
//! Only an answer of 2xx is success. Redirects are never followed, no proxy is taken from the environment, and private
//! addresses are refused unless the settings allow them (`address.rs`). A receiver that asks to be left alone for a while
//! (`Retry-After`) is; one that is gone (410) is asked again after the longest pause only.

mod address;
mod signature;

use std::error::Error;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use noticeboard_domain::time::Time;
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode, Url, redirect};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::broker::Failure;
use crate::cloud_event::CloudEvent;
use crate::pauses::MAX_PAUSE;
use crate::secret::Secret;
use crate::settings::Payload;
use address::Gate;

/// How long connecting may take, with TLS. The whole may take [`crate::TIME_LIMIT`].
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// A body of at most this size, in bytes: above every message there is.
const MAX_BODY_BYTES: usize = 1024 * 1024;
/// So much of an answer's body is read, in bytes, to say what went wrong.
const MAX_ANSWER_BYTES: usize = 1024;
/// So much of it is told, in characters.
const MAX_TOLD: usize = 200;

/// The settings of a webhook.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookSettings {
    /// Where to send. It is a secret: many receivers are known by a token in their path.
    url: Secret<String>,
    /// `whsec_…`, or `env:NAME` where the environment has it.
    #[serde(deserialize_with = "texts")]
    secrets: Vec<Secret<String>>,
    /// Whether it may go to private addresses, and then also without TLS.
    #[serde(default)]
    allow_private: bool,
    /// The bytes of the secrets.
    #[serde(skip)]
    keys: Vec<Secret<Vec<u8>>>,
}

/// Reads secrets. An error of the library's would quote what is wrong.
fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Secret<String>>, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    serde_json::from_value(value).map_err(|_| D::Error::custom("not a list of texts"))
}

impl WebhookSettings {
    pub(crate) fn check(&mut self, variable: &dyn Fn(&str) -> Option<String>) -> Result<(), String> {
        self.target()?;
        self.keys = signature::keys(&self.secrets, variable)?;
        Ok(())
    }

    /// The address, and what may be behind it. An address in numbers is checked here: it is not looked up.
    fn target(&self) -> Result<(Url, Gate), String> {
        let url = Url::parse(&self.url.0).map_err(|error| format!("url: not https://host/path: {error}"))?;
        let gate = Gate { public: url.scheme() == "https", private: self.allow_private };
        match url.scheme() {
            "https" => {}
            "http" if self.allow_private => {}
            "http" => return Err(r#"url: http:// is for private addresses, with "allow_private"; use https://"#.into()),
            other => return Err(format!("url: {other}: is not https:")),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("url: a user or password in it is not sent; leave it out".into());
        }
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        if let Ok(address) = host.parse::<IpAddr>() {
            gate.check(address).map_err(|reason| format!("url: {reason}"))?;
        }
        Ok((url, gate))
    }
}

/// What a webhook keeps to send with.
pub(crate) struct Webhook {
    client: Client,
    url: Url,
    keys: Vec<Secret<Vec<u8>>>,
    now: Box<dyn Fn() -> Time + Send + Sync>,
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Webhook({})", self.host())
    }
}

impl Webhook {
    pub(crate) fn new(settings: &WebhookSettings, now: Box<dyn Fn() -> Time + Send + Sync>) -> Result<Self, String> {
        let (url, gate) = settings.target()?;
        let client = Client::builder()
            .user_agent(concat!("noticeboard/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_LIMIT)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .dns_resolver(Arc::new(gate))
            .build();
        let client = client.map_err(|error| format!("cannot make an HTTP client: {}", chain(&error)))?;
        Ok(Self { client, url, keys: settings.keys.clone(), now })
    }

    /// What may be told of the address.
    fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// Sends a message.
    pub(crate) async fn send(&self, payload: Payload, event: &CloudEvent) -> Result<(), Failure> {
        let body = payload.within(event, MAX_BODY_BYTES)?;
        let media_type = match payload {
            Payload::CloudEvent => "application/cloudevents+json",
            Payload::Bare => "application/json",
        };
        let timestamp = (self.now)().timestamp();
        let request = self
            .client
            .post(self.url.clone())
            .header(CONTENT_TYPE, media_type)
            .header("webhook-id", &event.id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", signature::signatures(&self.keys, &event.id, timestamp, &body))
            .body(body);
        let answer =
            request.send().await.map_err(|error| format!("{}: {}", self.host(), chain(&error.without_url())))?;
        if answer.status().is_success() { Ok(()) } else { Err(self.failure(answer).await) }
    }

    async fn failure(&self, answer: Response) -> Failure {
        let status = answer.status();
        let retry_after = if status == StatusCode::GONE {
            Some(MAX_PAUSE)
        } else {
            retry_after(answer.headers(), (self.now)()).map(|pause| pause.min(MAX_PAUSE))
        };
        let not_followed = if status.is_redirection() { " (redirects are not followed)" } else { "" };
        let text = beginning(answer).await;
        let colon = if text.is_empty() { "" } else { ": " };
        let detail = format!("{} answered {}{not_followed}{colon}{text}", self.host(), status.as_u16());
        Failure { detail, retry_after }
    }
}

/// An error with what caused it: the causes say what happened.
fn chain(error: &reqwest::Error) -> String {
    let causes = std::iter::successors(Some(error as &dyn Error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// How long to wait, in seconds or until a date (RFC 9110, 10.2.3).
fn retry_after(headers: &HeaderMap, now: Time) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let until = || httpdate::parse_http_date(value).ok();
    let seconds = value.parse().ok().map(Duration::from_secs);
    seconds.or_else(|| Some(until()?.duration_since(SystemTime::from(now)).unwrap_or_default()))
}

/// The beginning of an answer's body, as one line of text without control characters.
async fn beginning(mut answer: Response) -> String {
    let mut bytes = Vec::new();
    while bytes.len() < MAX_ANSWER_BYTES
        && let Ok(Some(chunk)) = answer.chunk().await
    {
        let room = MAX_ANSWER_BYTES - bytes.len();
        bytes.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
    }
    let text = String::from_utf8_lossy(&bytes);
    let visible = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().map(visible).take(MAX_TOLD).collect::<String>().trim().to_owned()
}
