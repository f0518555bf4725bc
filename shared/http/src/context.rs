//! Who calls, from where, under which address, and in which request.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use noticeboard_app::{App, Principal};
use noticeboard_domain::Error;
use noticeboard_domain::change::{Actor, Origin};
use noticeboard_domain::token::Scope;

use crate::error::ApiError;
use crate::{Api, RequestId};

/// Where a request comes from, as an extension of it: put there by what took the request in, which alone knows. A header
/// such as `X-Forwarded-For` is never believed: anyone can send one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

/// A request, before anyone is known to have made it.
#[derive(Debug, Clone)]
pub struct Context {
    /// What the handlers work with.
    pub api: Arc<Api>,
    /// The request's id.
    pub request_id: String,
    /// The public address, without a slash at its end.
    pub base: String,
    /// `POST /api/…`.
    pub line: String,
    /// Where it comes from; none where that is not known.
    pub peer: Option<Peer>,
}

/// A request of someone who may at least read.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The request.
    pub context: Context,
    /// Who it is.
    pub principal: Principal,
}

/// The token in an `Authorization` header: `Token …` or `Bearer …`, in any case (behaviours L2).
#[derive(Debug, Clone)]
pub struct Credentials(pub Option<String>);

impl Credentials {
    /// Reads the header.
    pub fn of(headers: &HeaderMap) -> Self {
        let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = value.and_then(|value| {
            let (scheme, token) = value.trim().split_once(' ')?;
            let known = ["token", "bearer"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
            known.then(|| token.trim().to_owned())
        });
        Self(token)
    }
}

fn header_text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// A host as it may stand in an address: nothing in it can leave the host part.
fn plain_host(host: &str) -> bool {
    host.len() <= 255 && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b))
}

impl FromRequestParts<Arc<Api>> for Context {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, ApiError> {
        let base = api.base_url.clone().unwrap_or_else(|| {
            let host = header_text(&parts.headers, "host").filter(|host| plain_host(host)).unwrap_or("localhost");
            let https = header_text(&parts.headers, "x-forwarded-proto") == Some("https");
            format!("{}://{host}", if https { "https" } else { "http" })
        });
        Ok(Self {
            api: Arc::clone(api),
            request_id: parts.extensions.get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default(),
            base,
            line: format!("{} {}", parts.method, parts.uri.path()),
            peer: parts.extensions.get().copied(),
        })
    }
}

impl Context {
    /// Who calls with this token, if they may do at least this.
    ///
    /// # Errors
    /// 403 without a token, with a wrong, disabled or expired one, from a network that is none of the token's, or with
    /// one of too small a scope.
    pub async fn authenticate(&self, token: Option<&str>, scope: Scope) -> Result<Principal, ApiError> {
        let missing = || ApiError::Unauthenticated("Authentication credentials were not provided.".into());
        let token = token.ok_or_else(missing)?;
        let admitted = self.api.app.authenticate(token, self.peer.map(|peer| peer.0)).await?;
        let principal = admitted.map_err(|denial| ApiError::Unauthenticated(denial.to_string()))?;
        if !principal.scope.includes(scope) {
            return Err(Error::Denied("You do not have permission to perform this action.".into()).into());
        }
        Ok(principal)
    }
}

impl FromRequestParts<Arc<Api>> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, ApiError> {
        let context = Context::from_request_parts(parts, api).await?;
        let scope = if parts.method.is_safe() { Scope::Read } else { Scope::Write };
        let token = Credentials::of(&parts.headers).0;
        let principal = context.authenticate(token.as_deref(), scope).await?;
        Ok(Self { context, principal })
    }
}

impl Caller {
    /// The caller as the one who makes a change.
    pub fn actor(&self, message: &str) -> Actor {
        Actor {
            user: self.principal.user.clone(),
            request_id: self.context.request_id.clone(),
            origin: Origin::Web,
            detail: format!("API {}", self.context.line),
            message: message.to_owned(),
        }
    }

    /// Only an administrator may go on.
    ///
    /// # Errors
    /// [`Error::Denied`] for anyone else.
    pub fn administrator(&self) -> Result<(), Error> {
        if self.principal.scope.includes(Scope::Admin) {
            return Ok(());
        }
        Err(Error::Denied("You do not have permission to perform this action.".into()))
    }

    /// Does a piece of work to its end, also when the client goes: the server drops a handler then.
    ///
    /// # Errors
    /// Those of the work.
    pub async fn to_the_end<T, F>(&self, work: impl FnOnce(Arc<App>) -> F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        tokio::spawn(work(self.context.api.app.clone())).await.map_err(Error::internal)?
    }

    /// The use cases.
    pub fn app(&self) -> &App {
        &self.context.api.app
    }

    /// The public address.
    pub fn base(&self) -> &str {
        &self.context.base
    }
}
