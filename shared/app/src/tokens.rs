//! Tokens: made, shown once, checked on every request, revoked.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use noticeboard_domain::change::Expected;
use noticeboard_domain::ids::TokenId;
use noticeboard_domain::listing::{List, Listing};
use noticeboard_domain::time::Time;
use noticeboard_domain::token::{Denial, Scope, Terms, TermsChanges, Token, TokenText, TokenVersion};
use noticeboard_domain::{Error, Result};
use noticeboard_store::{CommitError, Transaction};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::{App, MAX_RACES, too_many_races};

/// How long a token that was read is believed, in seconds: a revoked one works for no longer.
const CACHE_SECONDS: i64 = 60;
/// Tokens that are remembered at most.
const CACHE_SIZE: usize = 10_000;

const NO_TOKEN: Error = Error::NotFound { what: "Token" };

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
    /// `nbt_<key>.<secret>`, or in the first form the secret alone.
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

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn letters(count: usize) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    (0..count).map(|_| char::from(ALPHABET[rand::random_range(0..ALPHABET.len())])).collect()
}

/// What a token is looked up by. In the first form that is a digest: the secret itself is kept nowhere.
fn lookup_key(key: Option<&str>, secret: &str) -> String {
    key.map_or_else(|| hex(&digest(secret)), str::to_owned)
}

impl App {
    /// Who calls with this token from this address, or why the token opens nothing.
    ///
    /// What a token may do is believed for a minute; its time and the address are looked at in every call.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when it cannot be looked up.
    pub async fn authenticate(
        &self,
        text: &str,
        address: Option<IpAddr>,
    ) -> Result<std::result::Result<Principal, Denial>> {
        if let Some(admin) = &self.tokens.admin
            && bool::from(admin.ct_eq(&digest(text)))
        {
            return Ok(Ok(Principal { user: "admin".into(), scope: Scope::Admin }));
        }
        let wrong = Denial::Wrong(TokenText::version(text));
        let Some(parts) = TokenText::parse(text) else {
            return Ok(Err(wrong));
        };
        let now = self.now();
        let Some(token) = self.token_cached(&lookup_key(parts.key, parts.secret), now).await? else {
            return Ok(Err(wrong));
        };
        let secret = hex(&digest(parts.secret));
        if !bool::from(token.secret_sha256.as_bytes().ct_eq(secret.as_bytes())) {
            return Ok(Err(wrong));
        }
        // Only who knows the secret learns more.
        let admitted = token.admits(now, address);
        Ok(admitted.map(|()| Principal { user: token.user, scope: token.terms.scope }))
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
        let token = self.store.token_by_key(key).await?;
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

    /// Makes this process read a token anew.
    fn token_forget(&self, key: &str) {
        self.tokens.read.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }

    /// Makes a token.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when it cannot be stored.
    pub async fn token_create(&self, user: &str, version: TokenVersion, terms: Terms) -> Result<NewToken> {
        for _ in 0..MAX_RACES {
            let secret = letters(TokenText::SECRET);
            let public = match version {
                TokenVersion::V1 => None,
                TokenVersion::V2 => Some(letters(TokenText::KEY)),
            };
            let text = match &public {
                None => secret.clone(),
                Some(public) => format!("{}{public}.{secret}", TokenText::PREFIX),
            };
            let token = Token {
                id: self.mint()?,
                version,
                key: lookup_key(public.as_deref(), &secret),
                secret_sha256: hex(&digest(&secret)),
                user: user.to_owned(),
                created: self.now(),
                revision: 1,
                terms: terms.clone(),
            };
            let mut transaction = Transaction::new();
            transaction.token_create(&token)?;
            match self.store.commit(transaction, self.now()).await {
                Ok(()) => return Ok(NewToken { token, text }),
                // Another process minted the same id, or the same key.
                Err(CommitError::Refused(_)) => {}
                Err(CommitError::Failed(error)) => return Err(error),
            }
        }
        Err(too_many_races())
    }

    /// A token.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn token(&self, id: TokenId) -> Result<Token> {
        self.store.token(id).await?.ok_or(NO_TOKEN)
    }

    /// Tokens, the newest first unless an order is asked for.
    ///
    /// # Errors
    /// [`Error::Invalid`] when there are more than 10,000.
    pub async fn token_list(&self, listing: &Listing) -> Result<List<Token>> {
        Ok(listing.of(self.store.token_list().await?, |a, b| b.id.cmp(&a.id)))
    }

    /// Whether any token was ever made and not revoked.
    ///
    /// # Errors
    /// As for [`App::token_list`].
    pub async fn has_tokens(&self) -> Result<bool> {
        Ok(!self.store.token_list().await?.is_empty())
    }

    /// Changes the terms of a token. Processes that have just used it may go by the old ones for a minute.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::VersionMismatch`].
    pub async fn token_change(&self, id: TokenId, changes: TermsChanges, expected: &Expected) -> Result<Token> {
        for race in 0..MAX_RACES {
            let _turn = self.turn(race).await;
            let before = self.token(id).await?;
            expected.check(before.revision)?;
            let terms = before.terms.changed(changes.clone());
            if terms == before.terms {
                return Ok(before);
            }
            let after = Token { revision: before.revision + 1, terms, ..before.clone() };
            let mut transaction = Transaction::new();
            transaction.token_update(&before, &after)?;
            match self.store.commit(transaction, self.now()).await {
                Ok(()) => {
                    self.token_forget(&after.key);
                    return Ok(after);
                }
                Err(CommitError::Refused(_)) => {}
                Err(CommitError::Failed(error)) => return Err(error),
            }
        }
        Err(too_many_races())
    }

    /// Revokes a token. Processes that have just used it may accept it for another minute.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::VersionMismatch`].
    pub async fn token_delete(&self, id: TokenId, expected: &Expected) -> Result<()> {
        for race in 0..MAX_RACES {
            let _turn = self.turn(race).await;
            let token = self.token(id).await?;
            expected.check(token.revision)?;
            let mut transaction = Transaction::new();
            transaction.token_delete(&token);
            match self.store.commit(transaction, self.now()).await {
                Ok(()) => {
                    self.token_forget(&token.key);
                    return Ok(());
                }
                Err(CommitError::Refused(_)) => {}
                Err(CommitError::Failed(error)) => return Err(error),
            }
        }
        Err(too_many_races())
    }
}
