//! Tokens, in NetBox's shape, with the scope beside its `write_enabled`.

use noticeboard_app::NewToken;
use noticeboard_domain::fields::{Line, bounded};
use noticeboard_domain::filter::{Kind, Parameter};
use noticeboard_domain::network::Network;
use noticeboard_domain::token::{Scope, Terms, TermsChanges, Token, TokenVersion};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{User, optional_time, time};
use crate::answer::Object;
use crate::error::ApiError;
use crate::input::Fields;
use crate::query::Wire;

/// The fields that `q` searches.
pub const SEARCHED: &[&str] = &["user", "description"];

/// Filters of tokens.
pub const FILTERS: &[Parameter] = &[
    ("id", Kind::Integer),
    ("version", Kind::Number),
    ("key", Kind::Text),
    ("user", Kind::Text),
    ("description", Kind::Text),
    ("scope", Kind::Choice(|text| Scope::parse(text).is_ok())),
    ("enabled", Kind::Bool),
    ("write_enabled", Kind::Bool),
    ("created", Kind::Time),
    ("expires", Kind::Time),
];

/// What a client sends for a new token.
#[derive(Debug)]
pub struct TokenInput {
    /// The name under which its changes are recorded.
    pub user: Line<150>,
    /// The form of its text.
    pub version: TokenVersion,
    /// What it may do.
    pub terms: Terms,
}

/// Reads the body of a new token.
///
/// # Errors
/// 400 with every field that is missing or wrong.
pub fn read(body: &Map<String, Value>) -> Result<TokenInput, ApiError> {
    let mut fields = Fields::new(body);
    let user = user(&mut fields);
    let version = version(&mut fields).unwrap_or(TokenVersion::V2);
    let changes = terms(&mut fields);
    // NetBox's word alone says which of two scopes is meant.
    let enabled = changes.write_enabled.map(|writes| if writes { Scope::Write } else { Scope::Read });
    let scope = changes.scope.or(enabled);
    for (missing, field) in [(user.is_none(), "user"), (scope.is_none(), "scope")] {
        if missing && !fields.errors.has(field) && !(field == "scope" && fields.errors.has("write_enabled")) {
            fields.errors.add(field, "This field is required.");
        }
    }
    match (user, scope) {
        (Some(user), Some(scope)) => {
            fields.errors.into_result()?;
            Ok(TokenInput { user, version, terms: Terms::of(scope).changed(changes) })
        }
        (None, _) | (_, None) => Err(fields.errors.into()),
    }
}

/// Reads the body of a change. What can never change of a token may be in it with its present value.
///
/// # Errors
/// 400 with every field that is wrong.
pub fn read_changes(body: &Map<String, Value>, present: &Token) -> Result<TermsChanges, ApiError> {
    let mut fields = Fields::new(body);
    let user = user(&mut fields).is_none_or(|user| user.as_str() == present.user);
    let version = version(&mut fields).is_none_or(|version| version == present.version);
    for (same, field) in [(user, "user"), (version, "version")] {
        if !same {
            fields.errors.add(field, "This cannot be changed. Make another token.");
        }
    }
    let changes = terms(&mut fields);
    fields.errors.into_result()?;
    Ok(changes)
}

/// A name, or an object with one as NetBox's users have it.
fn user(fields: &mut Fields<'_>) -> Option<Line<150>> {
    let value = fields.value("user")?;
    let name = value.get("username").unwrap_or(value);
    let parsed = name.as_str().ok_or_else(|| "Not a valid string.".to_owned()).and_then(Line::parse);
    fields.errors.keep("user", parsed)
}

fn version(fields: &mut Fields<'_>) -> Option<TokenVersion> {
    let value = fields.value("version")?;
    let number = value.as_u64().or_else(|| value.as_str()?.parse().ok());
    let number = number.ok_or_else(|| format!("\"{value}\" is not a valid choice. Use 1 or 2."));
    fields.errors.keep("version", number.and_then(TokenVersion::try_from))
}

fn terms(fields: &mut Fields<'_>) -> TermsChanges {
    let changes = TermsChanges {
        scope: fields.choice("scope", Scope::parse),
        write_enabled: boolean(fields, "write_enabled"),
        description: fields.text("description", |text| bounded(text, Terms::MAX_DESCRIPTION)),
        expires: fields.nullable_time("expires"),
        allowed_ips: networks(fields),
        enabled: boolean(fields, "enabled"),
    };
    if let (Some(scope), Some(writes)) = (changes.scope, changes.write_enabled)
        && scope.writes() != writes
    {
        fields.errors.add("write_enabled", format!("This contradicts the scope '{}'.", scope.as_str()));
    }
    changes
}

fn boolean(fields: &mut Fields<'_>, field: &'static str) -> Option<bool> {
    let given = fields.nullable_bool(field)?;
    if given.is_none() {
        fields.errors.add(field, "This field may not be null.");
    }
    given
}

/// A list of networks; null for none.
fn networks(fields: &mut Fields<'_>) -> Option<Vec<Network>> {
    const FIELD: &str = "allowed_ips";
    const MAX: usize = Terms::MAX_NETWORKS;
    let parsed = match fields.nullable(FIELD)? {
        None => Ok(Vec::new()),
        Some(Value::Array(list)) if list.len() > MAX => {
            Err(format!("Ensure this field has no more than {MAX} elements."))
        }
        Some(Value::Array(list)) => {
            let network = |value: &Value| match value.as_str() {
                Some(text) => Network::parse(text),
                None => Err(format!("{value} is not a network. Use CIDR form, such as \"192.0.2.0/24\".")),
            };
            list.iter().map(network).collect()
        }
        Some(other) => Err(format!("Expected a list of networks, but got {other}.")),
    };
    fields.errors.keep(FIELD, parsed)
}

/// A token.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Token)]
pub struct TokenBody {
    #[schema(minimum = 1)]
    id: u64,
    url: String,
    display: String,
    #[schema(minimum = 1, maximum = 2)]
    version: u64,
    /// The public half of its text; null in the first form, which has none.
    key: Option<String>,
    /// Under whose name its changes are recorded.
    user: User,
    description: String,
    #[schema(format = DateTime)]
    created: String,
    #[schema(format = DateTime)]
    expires: Option<String>,
    /// Not kept.
    #[schema(format = DateTime)]
    last_used: Option<String>,
    enabled: bool,
    write_enabled: bool,
    #[schema(schema_with = scopes)]
    scope: &'static str,
    /// Networks; every address may use a token that has none.
    allowed_ips: Vec<String>,
    /// Its text: shown once, in the answer that it is made with.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    token: Option<String>,
    /// The calendar that a token for the feed opens, ready to subscribe to; shown with its text.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    feed_url: Option<String>,
}

impl Wire for TokenBody {
    const BRIEF: &'static [&'static str] = &["id", "url", "display", "description"];
}

fn scopes() -> utoipa::openapi::Object {
    super::choices(Scope::ALL.iter().map(|scope| scope.as_str()))
}

/// A token, without its secret.
pub fn token(base: &str, token: &Token) -> Object<TokenBody> {
    let terms = &token.terms;
    // In the first form there is no public half to show.
    let key = match token.version {
        TokenVersion::V1 => None,
        TokenVersion::V2 => Some(token.key.clone()),
    };
    let url = format!("{base}/api/users/tokens/{}/", token.id);
    let body = TokenBody {
        id: token.id.get(),
        url: url.clone(),
        display: key.clone().unwrap_or_else(|| format!("Token {}", token.id)),
        version: token.version.number(),
        key,
        user: User::named(&token.user),
        description: terms.description.clone(),
        created: time(token.created),
        expires: optional_time(terms.expires),
        last_used: None,
        enabled: terms.enabled,
        write_enabled: terms.scope.writes(),
        scope: terms.scope.as_str(),
        allowed_ips: terms.allowed_ips.iter().map(Network::to_string).collect(),
        token: None,
        feed_url: None,
    };
    Object { body, url, version: token.revision }
}

/// A token that was just made, with its text: the only time that it is shown.
pub fn new_token(base: &str, made: &NewToken) -> Object<TokenBody> {
    let mut object = token(base, &made.token);
    object.body.token = Some(made.text.clone());
    if made.token.terms.scope == Scope::Feed {
        // A token has no letters that a query escapes.
        object.body.feed_url = Some(format!("{base}/api/plugins/notices/ical/?token={}", made.text));
    }
    object
}
