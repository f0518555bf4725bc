//! Tokens: who may call the API, from where, until when, and for what.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::filter::{FieldValue, Filterable};
use crate::ids::TokenId;
use crate::network::Network;
use crate::time::Time;

/// What a token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// The calendar feed only.
    Feed,
    /// Reading everything.
    Read,
    /// Reading and changing everything but tokens.
    Write,
    /// Everything.
    Admin,
}

impl Scope {
    /// Every scope, from least to most.
    pub const ALL: [Self; 4] = [Self::Feed, Self::Read, Self::Write, Self::Admin];

    /// `feed`, `read`, `write`, `admin`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Feed => "feed",
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }

    /// The scope of this name.
    pub fn parse(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|scope| scope.as_str() == text)
            .ok_or_else(|| format!("'{text}' is not a scope. Use feed, read, write or admin."))
    }

    /// Whether it includes `needed`. Each scope includes those before it.
    pub fn includes(self, needed: Self) -> bool {
        let rank = |scope| Self::ALL.iter().position(|other| *other == scope);
        rank(self) >= rank(needed)
    }

    /// What NetBox calls `write_enabled`.
    pub fn writes(self) -> bool {
        self.includes(Self::Write)
    }
}

/// The form of a token's text, numbered as NetBox does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub enum TokenVersion {
    /// 40 letters and digits.
    V1,
    /// `nbt_<key>.<secret>`: 12 and 40 letters and digits.
    V2,
}

impl TokenVersion {
    /// 1 or 2.
    pub fn number(self) -> u64 {
        match self {
            Self::V1 => 1,
            Self::V2 => 2,
        }
    }
}

impl TryFrom<u64> for TokenVersion {
    type Error = String;

    fn try_from(number: u64) -> Result<Self, String> {
        match number {
            1 => Ok(Self::V1),
            2 => Ok(Self::V2),
            other => Err(format!("\"{other}\" is not a valid choice. Use 1 or 2.")),
        }
    }
}

impl From<TokenVersion> for u64 {
    fn from(version: TokenVersion) -> Self {
        version.number()
    }
}

/// The text of a token, taken apart.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TokenText<'a> {
    /// Its form.
    pub version: TokenVersion,
    /// The public half; none in the first form.
    pub key: Option<&'a str>,
    /// What nobody else knows.
    pub secret: &'a str,
}

impl<'a> TokenText<'a> {
    /// What a token of the second form begins with.
    pub const PREFIX: &'static str = "nbt_";
    /// Letters of the public half.
    pub const KEY: usize = 12;
    /// Letters of the secret.
    pub const SECRET: usize = 40;

    /// The form that a text is meant to have.
    pub fn version(text: &str) -> TokenVersion {
        if text.starts_with(Self::PREFIX) { TokenVersion::V2 } else { TokenVersion::V1 }
    }

    /// Takes a text apart; none when no token has such a text.
    pub fn parse(text: &'a str) -> Option<Self> {
        let version = Self::version(text);
        let plausible = |part: &str, length| part.len() == length && part.bytes().all(|b| b.is_ascii_alphanumeric());
        let (key, secret) = match version {
            TokenVersion::V1 => (None, text),
            TokenVersion::V2 => {
                let (key, secret) = text.strip_prefix(Self::PREFIX)?.split_once('.')?;
                (Some(key), secret)
            }
        };
        let valid = plausible(secret, Self::SECRET) && key.is_none_or(|key| plausible(key, Self::KEY));
        valid.then_some(Self { version, key, secret })
    }
}

/// What an administrator decides about a token, and may decide anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// What it is good for.
    pub scope: Scope,
    /// What it was made for.
    pub description: String,
    /// From then on it is refused.
    pub expires: Option<Time>,
    /// It is refused where it comes from elsewhere. Anywhere when empty. At most [`Terms::MAX_NETWORKS`].
    pub allowed_ips: Vec<Network>,
    /// Whether it is accepted at all.
    pub enabled: bool,
}

impl Terms {
    /// Most networks of one token.
    pub const MAX_NETWORKS: usize = 100;
    /// Longest description, in characters.
    pub const MAX_DESCRIPTION: usize = 200;

    /// Nothing but a scope.
    pub fn of(scope: Scope) -> Self {
        Self { scope, description: String::new(), expires: None, allowed_ips: Vec::new(), enabled: true }
    }

    /// These terms with some of them changed.
    pub fn changed(&self, changes: TermsChanges) -> Self {
        let mut terms = self.clone();
        terms.scope = changes.scope.unwrap_or(terms.scope);
        match changes.write_enabled {
            Some(writes) if writes != terms.scope.writes() => {
                terms.scope = if writes { Scope::Write } else { Scope::Read };
            }
            Some(_) | None => {}
        }
        terms.description = changes.description.unwrap_or(terms.description);
        terms.expires = changes.expires.unwrap_or(terms.expires);
        terms.allowed_ips = changes.allowed_ips.unwrap_or(terms.allowed_ips);
        terms.enabled = changes.enabled.unwrap_or(terms.enabled);
        terms
    }
}

/// New values for some of a token's terms.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TermsChanges {
    /// See [`Terms::scope`].
    pub scope: Option<Scope>,
    /// NetBox's word for the scope: true asks for `write`, false for `read`, unless the scope already says so.
    pub write_enabled: Option<bool>,
    /// See [`Terms::description`].
    pub description: Option<String>,
    /// See [`Terms::expires`].
    pub expires: Option<Option<Time>>,
    /// See [`Terms::allowed_ips`].
    pub allowed_ips: Option<Vec<Network>>,
    /// See [`Terms::enabled`].
    pub enabled: Option<bool>,
}

/// A token as it is stored. The secret itself is shown once, when it is made, and kept only as its SHA-256: it is 40
/// random characters, so a slow hash would add nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// Its id, by which it is read, changed and revoked.
    pub id: TokenId,
    /// The form of its text.
    pub version: TokenVersion,
    /// What it is looked up by: the public half of its text, or in the first form, which has none, a digest of it all.
    pub key: String,
    /// SHA-256 of the secret, in hexadecimal.
    pub secret_sha256: String,
    /// The name under which its changes are recorded.
    pub user: String,
    /// When it was made.
    pub created: Time,
    /// Rises by one with each change of its terms.
    pub revision: u64,
    /// What it may do, from where and until when.
    pub terms: Terms,
}

/// Why a token opens nothing. The messages are NetBox's (behaviours L1 and 29).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
    /// There is no such token.
    #[error("Invalid v{} token", .0.number())]
    Wrong(TokenVersion),
    /// It is switched off.
    #[error("Token disabled")]
    Disabled,
    /// Its time is over.
    #[error("Token expired")]
    Expired,
    /// It comes from a network that is none of its own.
    #[error("Source IP {0} is not permitted to authenticate using this token.")]
    Foreign(IpAddr),
    /// It is bound to networks, and where the call comes from is not known.
    #[error("The caller's address is not known, and this token is bound to networks.")]
    NoAddress,
}

impl Token {
    /// Whether someone who knows the secret may use it now and from there.
    ///
    /// # Errors
    /// Why not.
    pub fn admits(&self, now: Time, address: Option<IpAddr>) -> Result<(), Denial> {
        let terms = &self.terms;
        if !terms.enabled {
            return Err(Denial::Disabled);
        }
        if terms.expires.is_some_and(|expires| expires <= now) {
            return Err(Denial::Expired);
        }
        if terms.allowed_ips.is_empty() {
            return Ok(());
        }
        let address = address.ok_or(Denial::NoAddress)?;
        let inside = terms.allowed_ips.iter().any(|network| network.contains(address));
        if inside { Ok(()) } else { Err(Denial::Foreign(address.to_canonical())) }
    }
}

impl Filterable for Token {
    fn id(&self) -> u64 {
        self.id.get()
    }

    fn field(&self, name: &str) -> FieldValue<'_> {
        match name {
            "id" => FieldValue::id(self.id),
            "version" => FieldValue::id(u64::from(self.version)),
            // In the first form it is a digest of the secret, and nobody's business.
            "key" if self.version == TokenVersion::V2 => FieldValue::text(&self.key),
            "user" => FieldValue::text(&self.user),
            "description" => FieldValue::text(&self.terms.description),
            "scope" => FieldValue::text(self.terms.scope.as_str()),
            "enabled" => FieldValue::Bool(self.terms.enabled),
            "write_enabled" => FieldValue::Bool(self.terms.scope.writes()),
            "created" => FieldValue::Time(self.created),
            "expires" => FieldValue::optional(self.terms.expires, FieldValue::Time),
            _ => FieldValue::None,
        }
    }
}
