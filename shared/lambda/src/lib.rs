//! What the main program of every Lambda function shares: settings, clients, logs, and the hand-over to the runtime.
//!
//! **For**: the few lines of each `main.rs`. Clients are made, and the table's connection is opened, while the function
//! initialises: a request finds them ready.
//!
//! **Must not know**: what any function does.

use std::sync::Arc;

use aws_config::{BehaviorVersion, SdkConfig};
use axum::Router;
use axum::extract::Request;
use lambda_http::request::RequestContext;
use noticeboard_app::{App, Clock, Settings};
use noticeboard_http::{Api, Peer};
use noticeboard_store::{Bucket, Store};

/// What a main program returns when it cannot start, or the runtime fails.
pub type Error = lambda_runtime::Error;

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

/// Reads the settings and makes the clients.
///
/// # Errors
/// Names the setting that is missing or wrong.
pub async fn start() -> Result<Start, Error> {
    log();
    let sdk = sdk().await;
    let store = Store::new(aws_sdk_dynamodb::Client::new(&sdk), required("NOTICEBOARD_TABLE")?);
    let bucket = Bucket::s3(aws_sdk_s3::Client::new(&sdk), required("NOTICEBOARD_BUCKET")?);
    let app = App::new(store, bucket, Clock::system(), Settings::read(variable)?);
    Ok(Start { sdk, app })
}

/// Runs the router of an HTTP function.
///
/// # Errors
/// As [`start`], and when the runtime fails.
pub async fn run_http(router: impl FnOnce(Arc<Api>) -> Router) -> Result<(), Error> {
    let start = start().await?;
    // The first call pays for DNS and TLS: better now than in the first request. A table that cannot be reached yet
    // is the first request's error.
    let _ = start.app.store().warm_up().await;
    let api = Arc::new(Api { app: start.app, base_url: variable("NOTICEBOARD_BASE_URL") });
    let router = noticeboard_http::finish(api.clone(), router(api));
    lambda_http::run(router.layer(axum::middleware::map_request(with_peer))).await
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
