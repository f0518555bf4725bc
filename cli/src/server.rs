//! Calls to a running server, as `NOTICEBOARD_URL` and `NOTICEBOARD_TOKEN` name it.

use std::time::Duration;

use serde_json::Value;

use crate::variable;

/// How long the server may take for one answer.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Largest answer, in bytes: a page of a thousand objects of a large NetBox has some megabytes.
const MAX_ANSWER_BYTES: u64 = 256 * 1024 * 1024;

/// A running server.
#[derive(Debug)]
pub(crate) struct Server {
    url: String,
    token: String,
    agent: ureq::Agent,
}

impl Server {
    /// The server that the environment names, if it names one.
    pub(crate) fn from_environment() -> Result<Option<Self>, String> {
        let Some(url) = variable("NOTICEBOARD_URL") else {
            return Ok(None);
        };
        let token =
            variable("NOTICEBOARD_TOKEN").ok_or("NOTICEBOARD_URL is set, NOTICEBOARD_TOKEN is not: set both")?;
        Ok(Some(Self { url: url.trim_end_matches('/').to_owned(), token, agent: agent() }))
    }

    /// Sends a request, and gives status and body of the answer.
    pub(crate) fn call(&self, method: &str, path: &str, kind: &str, body: &[u8]) -> Result<(u16, Value), String> {
        let url = format!("{}{path}", self.url);
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(&url)
            .header("authorization", format!("Token {}", self.token))
            .header("content-type", kind)
            .body(body.to_vec())
            .map_err(|error| format!("NOTICEBOARD_URL: {error}"))?;
        send(&self.agent, request)
    }
}

/// What calls a server.
pub(crate) fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(TIMEOUT));
    config.build().into()
}

/// Sends a request, and gives status and body of the answer.
pub(crate) fn send(agent: &ureq::Agent, request: ureq::http::Request<Vec<u8>>) -> Result<(u16, Value), String> {
    let url = request.uri().clone();
    let mut answer = agent.run(request).map_err(|error| format!("{url}: {error}"))?;
    let text = answer.body_mut().with_config().limit(MAX_ANSWER_BYTES).read_to_string();
    let text = text.map_err(|error| format!("{url}: {error}"))?;
    let value = if text.is_empty() {
        Value::Null
    } else {
        serde_json::from_str(&text).map_err(|error| format!("{url}: no JSON in the answer: {error}"))?
    };
    Ok((answer.status().as_u16(), value))
}
