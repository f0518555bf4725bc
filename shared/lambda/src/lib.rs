//! What the main program of every Lambda function shares: settings, clients, logs, and the hand-over to the runtime.
//!
//! **For**: the few lines of each `main.rs`. Clients are made, and the table's connection is opened, while the function
//! initialises: a request finds them ready. A function that cannot start says why, once, and refuses what it is called
//! for: a program that ended would be started again with every call.
//!
//! **Must not know**: what any function does.

use std::sync::Arc;
use std::time::Duration;

use aws_config::{BehaviorVersion, SdkConfig};
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use lambda_http::request::RequestContext;
use lambda_runtime::{LambdaEvent, service_fn};
use noticeboard_app::{App, Clock, Settings};
use noticeboard_http::{Api, MAX_ANSWER_BYTES, Peer, bytes_on_lambda};
use noticeboard_store::{Bucket, Store};

/// Why a function cannot start, does not do what it is called for, or its runtime fails.
pub type Error = lambda_runtime::Error;

/// How long a function waits for the table while it initialises: a first request that waits longer is better than an
/// initialisation that Lambda ends after 10 seconds.
const WARM_UP_LIMIT: Duration = Duration::from_secs(2);

/// Everything that a function starts with.
#[derive(Debug)]
pub struct Start {
    /// How to reach AWS.
    pub sdk: SdkConfig,
    /// The use cases over the table and the bucket.
    pub app: Arc<App>,
}

/// An environment variable that is not empty.
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// A setting that must be there.
///
/// # Errors
/// Names the variable.
pub fn required(name: &str) -> Result<String, Error> {
    variable(name).ok_or_else(|| format!("{name} is not set: template.yaml sets it for every function").into())
}

/// The public address, where it is set; without a slash at its end.
pub fn base_url() -> Option<String> {
    variable("NOTICEBOARD_BASE_URL").map(|url| url.trim_end_matches('/').to_owned())
}

/// Logs as JSON lines to standard error, at the level of `RUST_LOG` (default `info`).
pub fn log() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into());
    tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(std::io::stderr).without_time().init();
}

/// The TLS client of all AWS clients.
pub async fn sdk() -> SdkConfig {
    use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

    let http = aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    aws_config::defaults(BehaviorVersion::latest()).http_client(http).load().await
}

/// Reads the settings, makes the clients and opens the connection to the table.
///
/// # Errors
/// Names the setting that is missing or wrong.
pub async fn start() -> Result<Start, Error> {
    log();
    let sdk = sdk().await;
    let store = Store::new(aws_sdk_dynamodb::Client::new(&sdk), required("NOTICEBOARD_TABLE")?);
    let bucket = Bucket::s3(aws_sdk_s3::Client::new(&sdk), required("NOTICEBOARD_BUCKET")?);
    let app = App::new(store, bucket, Clock::system(), Settings::read(variable)?);
    // The first call pays for DNS and TLS: better now than in the first request. A table that cannot be reached yet
    // is the first request's error.
    let _ = tokio::time::timeout(WARM_UP_LIMIT, app.store().warm_up()).await;
    Ok(Start { sdk, app })
}

/// Runs the router of an HTTP function; where it cannot start, one that answers 503.
///
/// # Errors
/// When the runtime fails.
pub async fn run_http(router: impl FnOnce(Arc<Api>) -> Router) -> Result<(), Error> {
    let router = match start().await {
        Ok(start) => {
            let api = Arc::new(Api { app: start.app, base_url: base_url() });
            noticeboard_http::finish(api.clone(), router(api))
        }
        Err(error) => {
            say(&error);
            noticeboard_http::not_set_up()
        }
    };
    let router = router.layer(axum::middleware::map_request(with_peer));
    lambda_http::run(router.layer(axum::middleware::from_fn(within_limits))).await
}

/// Says so where an answer is larger than Lambda sends: the caller would learn only that something failed. Lists and
/// calendars keep to the limit themselves; an event with thousands of impacts, the answer to a bulk of long texts and a
/// large raw mail cannot.
async fn within_limits(request: Request, next: Next) -> Response {
    let is_reading = request.method().is_safe();
    let (mut parts, body) = next.run(request).await.into_parts();
    let Ok(bytes) = axum::body::to_bytes(body, usize::MAX).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let is_text = ["text/", "application/json"].iter().any(|text| kind.starts_with(text));
    // What is no text is sent as base64.
    let size = match std::str::from_utf8(&bytes) {
        Ok(text) if is_text => bytes_on_lambda(text),
        Ok(_) | Err(_) => bytes.len().div_ceil(3) * 4,
    };
    if size <= MAX_ANSWER_BYTES {
        return Response::from_parts(parts, Body::from(bytes));
    }
    let why = format!("the answer would be {size} bytes, and Lambda sends {MAX_ANSWER_BYTES} at the most");
    let detail = if is_reading {
        parts.status = StatusCode::BAD_REQUEST;
        format!(
            "This cannot be shown: {why} (MAX_ANSWER_BYTES). Ask for less with limit, fields or omit; whole mails are in the bucket."
        )
    } else {
        let done = if parts.status.is_success() { "done" } else { "refused" };
        format!("This was {done}, but cannot be shown: {why} (MAX_ANSWER_BYTES).")
    };
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Response::from_parts(parts, Body::from(serde_json::json!({ "detail": detail }).to_string()))
}

/// Runs a function that cannot start and is called with events: each call fails, so that Lambda keeps what it brought.
///
/// # Errors
/// When the runtime fails.
pub async fn run_not_set_up(why: Error) -> Result<(), Error> {
    say(&why);
    let refuse = |_: LambdaEvent<serde::de::IgnoredAny>| async {
        Err::<(), _>(Error::from(noticeboard_domain::Error::NOT_SET_UP))
    };
    lambda_runtime::run(service_fn(refuse)).await
}

/// Says why a function cannot start.
fn say(why: &Error) {
    tracing::error!(trouble = %why, "{}", noticeboard_domain::Error::NOT_SET_UP);
}

/// Says where a request comes from: API Gateway does, in the request's context.
async fn with_peer(mut request: Request) -> Request {
    let source = match request.extensions().get() {
        Some(RequestContext::ApiGatewayV2(context)) => context.http.source_ip.as_deref(),
        // The enum is open; only an HTTP API calls these functions.
        Some(_) | None => None,
    };
    if let Some(address) = source.and_then(|source| source.parse().ok()) {
        request.extensions_mut().insert(Peer(address));
    }
    request
}

/// A use case's error, as Lambda logs it.
pub fn failed(error: noticeboard_domain::Error) -> Error {
    format!("{error} {}", error.detail().unwrap_or_default()).into()
}
