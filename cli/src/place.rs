//! Where a command works: a running server, or a data folder that nothing serves. Both are asked in the same words, those
//! of the API.

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use noticeboard_app::Settings;
use noticeboard_http::Api;
use noticeboard_local::Storage;
use serde_json::Value;
use tower::ServiceExt;

use crate::serve::brokers;
use crate::server::Server;
use crate::variable;

/// Where a command works.
pub(crate) enum Place {
    /// The server that the environment names.
    Server(Server),
    /// The functions over a data folder, in this process, with an administrator's token that nobody else ever has.
    Folder { routes: Router, token: String },
}

impl Place {
    /// The data folder, or else the server that the environment names.
    pub(crate) async fn new(folder: Option<PathBuf>) -> Result<Self, String> {
        let Some(folder) = folder else {
            return Self::server();
        };
        let (token, settings) = administrator()?;
        let app = noticeboard_local::open(&Storage::Folder(folder), settings).await;
        let app = app.map_err(|error| error.to_string())?;
        let api = Arc::new(Api { app, base_url: None });
        let routes = noticeboard_platform::router(api.clone()).merge(noticeboard_inventory::router(api.clone()));
        Ok(Self::Folder { routes: noticeboard_http::finish(api, routes), token })
    }

    /// The same for dead letters. In a data folder, the brokers that the environment sets up take them back.
    pub(crate) async fn of_dead_letters(folder: Option<PathBuf>) -> Result<Self, String> {
        let Some(folder) = folder else {
            return Self::server();
        };
        let (token, settings) = administrator()?;
        let opened = noticeboard_local::open_dead_letters(&Storage::Folder(folder), settings, &brokers()?).await;
        let (api, routes) = opened.map_err(|error| error.to_string())?;
        Ok(Self::Folder { routes: noticeboard_http::finish(api, routes), token })
    }

    fn server() -> Result<Self, String> {
        let server = Server::from_environment()?;
        Ok(Self::Server(server.ok_or("say where: --data DIR, or NOTICEBOARD_URL with NOTICEBOARD_TOKEN")?))
    }

    /// Sends a request, and gives status and body of the answer.
    pub(crate) async fn send(&self, method: &str, path: &str, body: &Value) -> Result<(u16, Value), String> {
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let (routes, token) = match self {
            Self::Server(server) => return server.call(method, path, "application/json", &body),
            Self::Folder { routes, token } => (routes, token),
        };
        let request = axum::http::Request::builder().method(method).uri(path);
        let request = request.header("authorization", format!("Token {token}")).body(Body::from(body));
        let request = request.map_err(|error| error.to_string())?;
        let Ok(answer) = routes.clone().oneshot(request).await;
        let status = answer.status().as_u16();
        let body = to_bytes(answer.into_body(), usize::MAX).await.map_err(|error| error.to_string())?;
        Ok((status, serde_json::from_slice(&body).unwrap_or(Value::Null)))
    }

    /// Sends a request that is to succeed, and gives the body of the answer.
    pub(crate) async fn call(&self, method: &str, path: &str, body: Value) -> Result<Value, String> {
        let (status, answer) = self.send(method, path, &body).await?;
        if (200..300).contains(&status) { Ok(answer) } else { Err(format!("{status} {answer}")) }
    }
}

/// A token that nobody else ever has, and settings that accept it as an administrator's.
fn administrator() -> Result<(String, Settings), String> {
    let token = format!("{}{}", uuid::Uuid::new_v4(), uuid::Uuid::new_v4());
    let settings = Settings { admin_token: Some(token.clone()), ..Settings::read(variable)? };
    Ok((token, settings))
}
