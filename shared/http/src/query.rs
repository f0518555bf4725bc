//! Query parameters: filters, order, the part of a list, and what of each object is shown.

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use noticeboard_domain::filter::{Filter, Parameter};
use noticeboard_domain::listing::{List, Listing, Order, Page};
use noticeboard_domain::{Error, FieldErrors};
use serde::ser::{Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::Answer;
use crate::answer::{MAX_ANSWER_BYTES, bytes_on_lambda, json};
use crate::error::ApiError;

/// Elements of a page when the caller does not say.
pub(crate) const DEFAULT_LIMIT: usize = 50;
/// The most elements of a page; `limit=0` asks for these.
pub const MAX_LIMIT: usize = 1000;

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

/// Parameters that are about the answer, and so filter nothing.
const ABOUT_THE_ANSWER: [&str; 8] = ["limit", "offset", "ordering", "brief", "fields", "omit", "format", "token"];

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
            .filter(|value| !value.is_empty())
            .map(|value| parse(value).map_err(|message| Error::field(name, message).into()))
            .collect()
    }

    /// The same query with some parameters under other names, for lists that others call by other names.
    #[must_use]
    pub fn renamed(&self, names: &[(&str, &str)]) -> Self {
        let rename = |name: &str| {
            let (field, lookup) = name.split_once("__").map_or((name, None), |(field, lookup)| (field, Some(lookup)));
            let new = names.iter().find(|(old, _)| *old == field).map_or(field, |(_, new)| *new);
            lookup.map_or_else(|| new.to_owned(), |lookup| format!("{new}__{lookup}"))
        };
        let pairs = self.pairs.iter().map(|(name, value)| (rename(name), value.clone())).collect();
        Self { path: self.path.clone(), pairs }
    }

    /// An error about parameters that were sent under other names, told with those names.
    #[must_use]
    pub fn in_its_words(&self, names: &[(&str, &str)], error: ApiError) -> ApiError {
        let ApiError::Domain(Error::Invalid(errors)) = error else {
            return error;
        };
        let renamed = self.renamed(names);
        let sent = || self.pairs.iter().zip(&renamed.pairs).map(|((sent, _), (ours, _))| (sent, ours));
        let mut told = FieldErrors::default();
        for (field, messages) in errors.iter() {
            let name =
                sent().find(|(_, ours)| *ours == field).map_or_else(|| field.clone(), |(name, _)| name.clone().into());
            messages.iter().for_each(|message| told.add(name.clone(), message.clone()));
        }
        told.into()
    }

    /// The same query with one more parameter.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.pairs.push((name.to_owned(), value.into()));
        self
    }

    /// What a list is to show. An all-digit `start` is NetBox 4.6's cursor, any other a filter; garbage in `limit`,
    /// `offset` and `ordering` is as good as nothing (behaviours L10).
    ///
    /// # Errors
    /// 400 on every filter whose value is not valid.
    pub fn listing(&self, parameters: &[Parameter], searched: &'static [&'static str]) -> Result<Listing, ApiError> {
        let cursor = self.cursor();
        let filters = self.pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let filters =
            filters.filter(|(name, _)| !ABOUT_THE_ANSWER.contains(name) && (cursor.is_none() || *name != "start"));
        let filter = Filter::read(filters, parameters, searched)?;
        let order = self.all("ordering").flat_map(|list| list.split(',')).map(|field| {
            let (field, descending) = field.trim().strip_prefix('-').map_or((field.trim(), false), |rest| (rest, true));
            Order { field: field.to_owned(), descending }
        });
        // What an object belongs to, such as its provider, is filtered by its id.
        let belongs = |name: &str, field: &str| name.strip_suffix("_id") == Some(field);
        let known = |order: &Order| {
            let field = order.field.as_str();
            field == "id" || parameters.iter().any(|(name, _)| *name == field || belongs(name, field))
        };
        let order = order.filter(known).take(parameters.len()).collect();
        let limit = self.limit();
        let page = match cursor {
            Some(start) => Page::Cursor { limit, start },
            None => Page::Offset { limit, offset: self.offset() },
        };
        Ok(Listing { filter, order, page })
    }

    fn cursor(&self) -> Option<u64> {
        let start = self.get("start").filter(|start| !start.is_empty() && start.bytes().all(|b| b.is_ascii_digit()))?;
        // A cursor beyond every id shows nothing.
        Some(start.parse().unwrap_or(u64::MAX))
    }

    /// Elements of a page, 1 to 1000.
    pub fn limit(&self) -> usize {
        match self.number("limit") {
            Some(0) => MAX_LIMIT,
            Some(limit) => limit.min(MAX_LIMIT),
            None => DEFAULT_LIMIT,
        }
    }

    /// Elements that are left out.
    pub fn offset(&self) -> usize {
        usize::min(self.number("offset").unwrap_or(0), usize::MAX / 4)
    }

    /// A number, however large it is; none for garbage.
    fn number(&self, name: &str) -> Option<usize> {
        let digits = self.get(name).map(str::trim);
        let digits = digits.filter(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))?;
        Some(digits.parse().unwrap_or(usize::MAX))
    }

    /// What of each object is to be shown.
    pub fn shape(&self) -> Shape {
        let names = |name| {
            let names = self.all(name).flat_map(|list| list.split(',')).map(|name| name.trim().to_owned());
            let names: Vec<String> = names.filter(|name| !name.is_empty()).collect();
            (!names.is_empty()).then_some(names)
        };
        Shape {
            brief: self.get("brief").is_some_and(|brief| !brief.is_empty()),
            fields: names("fields"),
            omit: names("omit").unwrap_or_default(),
        }
    }

    /// The address of another part of this list; `page` replaces the parameters of the same names.
    pub fn link(&self, base: &str, page: &[(&str, String)]) -> String {
        let escaped = |name: &str, value: &str| format!("{}={}", escape(name), escape(value));
        let cursor = self.cursor().is_some();
        let replaced = |name: &str| {
            matches!(name, "limit" | "offset")
                || (cursor && name == "start")
                || page.iter().any(|(new, _)| *new == name)
        };
        let kept = self.pairs.iter().filter(|(name, _)| !replaced(name)).map(|(name, value)| escaped(name, value));
        let query: Vec<String> = page.iter().map(|(name, value)| escaped(name, value)).chain(kept).collect();
        format!("{base}{}?{}", self.path, query.join("&"))
    }

    /// A part of a list as it is answered, with the addresses of its neighbours. A page ends before an answer would be
    /// larger than [`MAX_ANSWER_BYTES`], and `next` goes on from there.
    ///
    /// # Errors
    /// 500 when an object cannot be written, which none of ours is.
    pub fn answer<T: Wire>(&self, base: &str, page: Page, list: List<Shown<'_, T>>) -> Answer {
        let results = fitting(&list.items)?;
        let left_out = list.items.get(results.len());
        let (next, previous) = match page {
            Page::Cursor { limit, .. } => {
                let parameters = |start: u64| [("limit", limit.to_string()), ("start", start.to_string())];
                let next = left_out.map_or(list.next, |first| id_of(&first.object));
                (next.map(|start| self.link(base, &parameters(start))), None)
            }
            Page::Offset { limit, offset } => {
                let link = |offset: usize| {
                    let mut parameters = vec![("limit", limit.to_string())];
                    if offset > 0 {
                        parameters.push(("offset", offset.to_string()));
                    }
                    self.link(base, &parameters)
                };
                let end = offset.saturating_add(results.len());
                let more = list.count.is_some_and(|count| (end as u64) < count) && !results.is_empty();
                let next = if left_out.is_some() { end } else { offset.saturating_add(limit) };
                (more.then(|| link(next)), (offset > 0).then(|| link(offset.saturating_sub(limit))))
            }
        };
        json(StatusCode::OK, &ListBody { count: list.count, next, previous, results })
    }
}

/// The first objects, as text, as far as one answer holds them. One object always fits.
fn fitting<T: Wire>(items: &[Shown<'_, T>]) -> Result<Vec<Box<RawValue>>, Error> {
    let (mut results, mut bytes) = (Vec::with_capacity(items.len()), 0);
    for item in items {
        let text = serde_json::value::to_raw_value(item).map_err(Error::internal)?;
        bytes += bytes_on_lambda(text.get()) + 1;
        if bytes > MAX_ANSWER_BYTES && !results.is_empty() {
            break;
        }
        results.push(text);
    }
    Ok(results)
}

fn id_of(object: &impl Wire) -> Option<u64> {
    serde_json::to_value(object).ok()?.get("id")?.as_u64()
}

/// A part of a list on the wire.
#[derive(Debug, serde::Serialize)]
struct ListBody {
    /// How many there are in all; null for a cursor.
    count: Option<u64>,
    /// The address of the next part.
    next: Option<String>,
    /// The address of the part before.
    previous: Option<String>,
    /// The elements.
    results: Vec<Box<RawValue>>,
}

/// What of each object is to be shown: `brief`, `fields`, `omit`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shape {
    /// Only what tells objects apart.
    pub brief: bool,
    /// Only these fields.
    pub fields: Option<Vec<String>>,
    /// All but these fields.
    pub omit: Vec<String>,
}

impl Shape {
    /// Whether a field that is left out by default is asked for by name.
    pub fn names(&self, field: &str) -> bool {
        self.fields.as_ref().is_some_and(|fields| fields.iter().any(|name| name == field))
    }

    fn is_whole(&self) -> bool {
        !self.brief && self.fields.is_none() && self.omit.is_empty()
    }

    fn shows(&self, field: &str, object: &impl Wire) -> bool {
        let wanted = match &self.fields {
            Some(_) => self.names(field),
            None => !self.brief || object.in_brief(field),
        };
        wanted && !self.omit.iter().any(|name| name == field)
    }
}

/// An object of the wire.
pub trait Wire: Serialize {
    /// The fields of its brief form.
    const BRIEF: &'static [&'static str];

    /// Whether its brief form has a field.
    fn in_brief(&self, field: &str) -> bool {
        Self::BRIEF.contains(&field)
    }
}

impl Wire for Value {
    const BRIEF: &'static [&'static str] = &["id", "url", "display", "name", "slug", "cid", "provider", "description"];
}

impl<T: Wire> Wire for &T {
    const BRIEF: &'static [&'static str] = T::BRIEF;

    fn in_brief(&self, field: &str) -> bool {
        (**self).in_brief(field)
    }
}

/// An object, as far as it is to be shown.
#[derive(Debug)]
pub struct Shown<'a, T> {
    /// The object.
    pub object: T,
    /// What of it.
    pub shape: &'a Shape,
}

impl<T: Wire> Serialize for Shown<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.shape.is_whole() {
            return self.object.serialize(serializer);
        }
        let mut value = serde_json::to_value(&self.object).map_err(serde::ser::Error::custom)?;
        if let Value::Object(fields) = &mut value {
            fields.retain(|field, _| self.shape.shows(field, &self.object));
        }
        value.serialize(serializer)
    }
}

/// Escapes text for a query.
fn escape(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match plain(byte) {
            true => escaped.push(char::from(byte)),
            false => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}
