//! Tokens.

use noticeboard_app::NewToken;
use noticeboard_domain::fields::{Line, bounded};
use noticeboard_domain::time::Time;
use noticeboard_domain::token::{Scope, Token};
use serde_json::{Map, Value, json};

use super::{optional_time, time};
use crate::error::ApiError;
use crate::input::Fields;

/// What a client sends for a new token.
#[derive(Debug)]
pub struct TokenInput {
    /// The name under which its changes are recorded.
    pub user: Line<150>,
    /// What it is good for.
    pub scope: Scope,
    /// What it is for.
    pub description: String,
    /// After this it is refused.
    pub expires: Option<Time>,
}

/// Reads a body.
///
/// # Errors
/// 400 with every field that is missing or wrong.
pub fn read(body: &Map<String, Value>) -> Result<TokenInput, ApiError> {
    let mut fields = Fields::new(body);
    let user = fields.text("user", Line::parse);
    let scope = fields.text("scope", Scope::parse);
    let description = fields.text("description", |text| bounded(text, 200)).unwrap_or_default();
    let expires = fields.nullable_time("expires").flatten();
    for (missing, field) in [(user.is_none(), "user"), (scope.is_none(), "scope")] {
        if missing && !fields.errors.has(field) {
            fields.errors.add(field, "This field is required.");
        }
    }
    match (user, scope) {
        (Some(user), Some(scope)) => {
            fields.errors.into_result()?;
            Ok(TokenInput { user, scope, description, expires })
        }
        _ => Err(fields.errors.into()),
    }
}

/// A token, without its secret.
pub fn token(base: &str, token: &Token) -> Value {
    json!({
        "key": token.key,
        "url": format!("{base}/api/users/tokens/{}/", token.key),
        "user": token.user,
        "scope": token.scope.as_str(),
        "description": token.description,
        "created": time(token.created),
        "expires": optional_time(token.expires),
    })
}

/// A token that was just made, with its text: the only time that it is shown.
pub fn new_token(base: &str, made: &NewToken) -> crate::Object<Value> {
    let mut json = token(base, &made.token);
    json["token"] = Value::String(made.text.clone());
    crate::Object { body: json, url: format!("{base}/api/users/tokens/{}/", made.token.key), version: 1 }
}
