//! Tokens, by the public half of their text.

use noticeboard_domain::Result;
use noticeboard_domain::token::Token;

use crate::item::{Item, attribute, decode, kind, n, s};
use crate::keys::{self, index};
use crate::table::{Lookup, Store};
use crate::transaction::{Condition, Refusal, Transaction};

/// More tokens than this are not listed.
const MAX_TOKENS: usize = 10_000;

impl Transaction {
    /// Stores a new token.
    pub fn token_create(&mut self, token: &Token) -> Result<()> {
        let item = Item::new(&keys::token(&token.key), kind::TOKEN)
            .data(token)?
            .with(attribute::VERSION, n(1))
            .with(attribute::DISPLAY, s(&token.description))
            .index(attribute::BY_KIND, kind::TOKEN, &token.key);
        self.put(item, Condition::New, Refusal::IdTaken);
        Ok(())
    }

    /// Removes a token.
    pub fn token_delete(&mut self, key: &str) {
        self.delete(keys::token(key), Condition::Exists, Refusal::Changed);
    }
}

impl Store {
    /// The token with this public half.
    pub async fn token(&self, key: &str) -> Result<Option<Token>> {
        self.get(&keys::token(key)).await?.as_ref().map(decode).transpose()
    }

    /// All tokens, by key.
    pub async fn token_list(&self) -> Result<Vec<Token>> {
        let lookup = Lookup::index(index::BY_KIND, kind::TOKEN);
        self.query_all(&lookup, MAX_TOKENS).await?.iter().map(decode).collect()
    }
}
