//! Tokens, by what their text is looked up by, and by id.

use noticeboard_domain::ids::TokenId;
use noticeboard_domain::token::Token;
use noticeboard_domain::{Error, Result};

use crate::item::{Item, attribute, decode, kind, n, s, text};
use crate::keys::{self, index};
use crate::table::{Lookup, Store};
use crate::transaction::{Condition, Refusal, Transaction};

/// More tokens than this are not listed.
const MAX_TOKENS: usize = 10_000;

/// On the item of a token's id: by which key the token is found.
const KEY: &str = "key";

fn item(token: &Token) -> Result<Item> {
    Ok(Item::new(&keys::token(&token.key), kind::TOKEN)
        .data(token)?
        .with(attribute::VERSION, n(token.revision))
        .with(attribute::DISPLAY, s(&token.terms.description))
        .index(attribute::BY_KIND, kind::TOKEN, keys::number(token.id.get())))
}

impl Transaction {
    /// Stores a new token.
    pub fn token_create(&mut self, token: &Token) -> Result<()> {
        self.put(item(token)?, Condition::New, Refusal::IdTaken);
        let id = Item::helper(&keys::token_id(token.id)).with(KEY, s(&token.key));
        self.put(id, Condition::New, Refusal::IdTaken);
        Ok(())
    }

    /// Puts a token in the place of its previous revision.
    pub fn token_update(&mut self, before: &Token, after: &Token) -> Result<()> {
        self.put(item(after)?, Condition::Version(before.revision), Refusal::Changed);
        Ok(())
    }

    /// Removes a token in this revision.
    pub fn token_delete(&mut self, token: &Token) {
        self.delete(keys::token(&token.key), Condition::Version(token.revision), Refusal::Changed);
        self.delete(keys::token_id(token.id), Condition::Always, Refusal::Changed);
    }
}

impl Store {
    /// The token that is looked up by this key.
    pub async fn token_by_key(&self, key: &str) -> Result<Option<Token>> {
        self.get(&keys::token(key)).await?.as_ref().map(decode).transpose()
    }

    /// The token of this id.
    pub async fn token(&self, id: TokenId) -> Result<Option<Token>> {
        let Some(found) = self.get(&keys::token_id(id)).await? else {
            return Ok(None);
        };
        let key = text(&found, KEY).ok_or_else(|| Error::internal(format!("the item of token {id} names no key")))?;
        self.token_by_key(key).await
    }

    /// All tokens, the newest first.
    pub async fn token_list(&self) -> Result<Vec<Token>> {
        let lookup = Lookup::index(index::BY_KIND, kind::TOKEN).backwards();
        self.query_all(&lookup, MAX_TOKENS).await?.iter().map(decode).collect()
    }
}
