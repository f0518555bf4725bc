//! Query parameters, and lists in pages.

use std::collections::HashMap;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde_json::{Value, json};

use crate::error::ApiError;

/// Elements of a page when the caller does not say.
const DEFAULT_LIMIT: usize = 50;
/// The most elements of a page; `limit=0` asks for these.
const MAX_LIMIT: usize = 1000;

/// The query of a request. A parameter may occur several times.
#[derive(Debug, Clone, Default)]
pub struct Query {
    path: String,
    pairs: Vec<(String, String)>,
}

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let pairs = axum::extract::Query::<Vec<(String, String)>>::from_request_parts(parts, state).await;
        // What cannot be decoded asks for nothing that there is.
        let pairs = pairs.map(|pairs| pairs.0).unwrap_or_default();
        Ok(Self { path: parts.uri.path().to_owned(), pairs })
    }
}

impl Query {
    /// The last value of a parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Every value of a parameter.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.pairs.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Every value of a parameter, parsed.
    ///
    /// # Errors
    /// 400 on the parameter for the first value that is not valid.
    pub fn parsed<T>(&self, name: &'static str, parse: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>, ApiError> {
        self.all(name)
            .map(|value| parse(value).map_err(|message| noticeboard_domain::Error::field(name, message).into()))
            .collect()
    }

    /// Which part of a list is asked for. Garbage is as good as nothing (behaviours L10).
    pub fn page(&self) -> Page {
        let limit = match self.get("limit").and_then(|limit| limit.parse::<usize>().ok()) {
            Some(0) => MAX_LIMIT,
            Some(limit) => limit.min(MAX_LIMIT),
            None => DEFAULT_LIMIT,
        };
        let offset = self.get("offset").and_then(|offset| offset.parse().ok()).unwrap_or(0);
        Page { limit, offset: usize::min(offset, usize::MAX / 4) }
    }

    fn link(&self, base: &str, page: Page, offset: usize) -> String {
        let mut changed: HashMap<&str, String> = HashMap::from([("limit", page.limit.to_string())]);
        if offset > 0 {
            changed.insert("offset", offset.to_string());
        }
        let kept = self.pairs.iter().filter(|(key, _)| key != "limit" && key != "offset");
        let mut query: Vec<String> = vec![format!("limit={}", page.limit)];
        query.extend(changed.get("offset").map(|offset| format!("offset={offset}")));
        query.extend(kept.map(|(key, value)| format!("{}={}", escape(key), escape(value))));
        format!("{base}{}?{}", self.path, query.join("&"))
    }

    /// A page of a list, with the links to its neighbours.
    pub fn list(&self, base: &str, page: Page, count: u64, results: Vec<Value>) -> Value {
        let end = page.offset.saturating_add(results.len());
        let more = (end as u64) < count && !results.is_empty();
        let next = more.then(|| self.link(base, page, page.offset + page.limit));
        let previous = (page.offset > 0).then(|| self.link(base, page, page.offset.saturating_sub(page.limit)));
        json!({"count": count, "next": next, "previous": previous, "results": results})
    }
}

/// Which part of a list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// How many elements at most, 1 to 1000.
    pub limit: usize,
    /// How many are left out before them.
    pub offset: usize,
}

/// Escapes text for a query.
fn escape(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let escaped = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(escaped).collect()
}
