//! Tokens: who may call the API, and for what.

use serde::{Deserialize, Serialize};

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
}

/// A token as it is stored. The secret itself is shown once, when it is made, and kept only as its SHA-256: it is 40
/// random characters, so a slow hash would add nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// The public half: `nbt_<key>.<secret>`.
    pub key: String,
    /// SHA-256 of the secret, in hexadecimal.
    pub secret_sha256: String,
    /// The name under which its changes are recorded.
    pub user: String,
    /// What it is good for.
    pub scope: Scope,
    /// What it was made for.
    pub description: String,
    /// When it was made.
    pub created: Time,
    /// After this it is refused.
    pub expires: Option<Time>,
}
