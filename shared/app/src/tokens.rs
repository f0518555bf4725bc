//! Tokens: made, shown once, checked on every request, revoked.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use noticeboard_domain::time::Time;
use noticeboard_domain::token::{Scope, Token};
use noticeboard_domain::{Error, Result};
use noticeboard_store::{CommitError, Transaction};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::App;

/// How long a token that was read is believed, in seconds: a revoked one works for no longer.
const CACHE_SECONDS: i64 = 60;
/// Tokens that are remembered at most.
const CACHE_SIZE: usize = 10_000;

const KEY_LETTERS: usize = 12;
const SECRET_LETTERS: usize = 40;
const PREFIX: &str = "nbt_";

/// Who calls, and what they may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The name under which changes are recorded.
    pub user: String,
    /// What they may do.
    pub scope: Scope,
}

/// A token that was just made. Its text is not kept anywhere.
#[derive(Debug)]
pub struct NewToken {
    /// What is stored.
    pub token: Token,
    /// `nbt_<key>.<secret>`.
    pub text: String,
}

/// The tokens that this process knows.
#[derive(Debug)]
pub(crate) struct Tokens {
    /// SHA-256 of the administrator's token from the settings.
    admin: Option<[u8; 32]>,
    read: Mutex<HashMap<String, (Time, Option<Token>)>>,
}

impl Tokens {
    pub(crate) fn new(admin: Option<&str>) -> Self {
        Self { admin: admin.map(digest), read: Mutex::default() }
    }
}

fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn letters(count: usize) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    (0..count).map(|_| char::from(ALPHABET[rand::random_range(0..ALPHABET.len())])).collect()
}

impl App {
    /// Who calls with this token; none when it is not a token, unknown, expired or revoked.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when it cannot be looked up.
    pub async fn authenticate(&self, text: &str) -> Result<Option<Principal>> {
        if let Some(admin) = &self.tokens.admin
            && bool::from(admin.ct_eq(&digest(text)))
        {
            return Ok(Some(Principal { user: "admin".into(), scope: Scope::Admin }));
        }
        let Some((key, secret)) = text.strip_prefix(PREFIX).and_then(|rest| rest.split_once('.')) else {
            return Ok(None);
        };
        let plausible = |part: &str, length| part.len() == length && part.bytes().all(|b| b.is_ascii_alphanumeric());
        if !plausible(key, KEY_LETTERS) || !plausible(secret, SECRET_LETTERS) {
            return Ok(None);
        }
        let now = self.now();
        let Some(token) = self.token_cached(key, now).await? else {
            return Ok(None);
        };
        let right = bool::from(token.secret_sha256.as_bytes().ct_eq(hex(&digest(secret)).as_bytes()));
        let valid = token.expires.is_none_or(|expires| now < expires);
        Ok((right && valid).then_some(Principal { user: token.user, scope: token.scope }))
    }

    async fn token_cached(&self, key: &str, now: Time) -> Result<Option<Token>> {
        let fresh = |read: Time| now.signed_duration_since(read).num_seconds() < CACHE_SECONDS;
        {
            let read = self.tokens.read.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((at, token)) = read.get(key)
                && fresh(*at)
            {
                return Ok(token.clone());
            }
        }
        let token = self.store.token(key).await?;
        let mut read = self.tokens.read.lock().unwrap_or_else(PoisonError::into_inner);
        if read.len() >= CACHE_SIZE {
            read.retain(|_, (at, _)| fresh(*at));
            if read.len() >= CACHE_SIZE {
                read.clear();
            }
        }
        read.insert(key.to_owned(), (now, token.clone()));
        Ok(token)
    }

    /// Makes a token.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when it cannot be stored.
    pub async fn token_create(
        &self,
        user: &str,
        scope: Scope,
        description: &str,
        expires: Option<Time>,
    ) -> Result<NewToken> {
        let (key, secret) = (letters(KEY_LETTERS), letters(SECRET_LETTERS));
        let token = Token {
            secret_sha256: hex(&digest(&secret)),
            user: user.to_owned(),
            scope,
            description: description.to_owned(),
            created: self.now(),
            expires,
            key,
        };
        let mut transaction = Transaction::new();
        transaction.token_create(&token)?;
        match self.store.commit(transaction).await {
            Ok(()) => Ok(NewToken { text: format!("{PREFIX}{}.{secret}", token.key), token }),
            Err(CommitError::Refused(_)) => Err(Error::internal("two tokens of one random key")),
            Err(CommitError::Failed(error)) => Err(error),
        }
    }

    /// All tokens; their secrets are not known.
    pub async fn token_list(&self) -> Result<Vec<Token>> {
        self.store.token_list().await
    }

    /// Revokes a token. Processes that have just used it may accept it for another minute.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn token_delete(&self, key: &str) -> Result<()> {
        if key.len() != KEY_LETTERS {
            return Err(Error::NotFound { what: "Token" });
        }
        let mut transaction = Transaction::new();
        transaction.token_delete(key);
        match self.store.commit(transaction).await {
            Ok(()) => {
                self.tokens.read.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
                Ok(())
            }
            Err(CommitError::Refused(_)) => Err(Error::NotFound { what: "Token" }),
            Err(CommitError::Failed(error)) => Err(error),
        }
    }
}
