//! Bodies and their fields, as NetBox's clients send them.

use std::fmt;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use noticeboard_app::{MAX_BULK, ProviderRef};
use noticeboard_domain::fields::without_control;
use noticeboard_domain::ids::{ObjectId, ProviderId};
use noticeboard_domain::object::ObjectType;
use noticeboard_domain::tag::TagRef;
use noticeboard_domain::time::Time;
use noticeboard_domain::{Error, FieldErrors};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value, json};

use crate::MAX_BODY_BYTES;
use crate::error::ApiError;

/// Largest `custom_fields` of one object, as JSON, in bytes.
const MAX_CUSTOM_FIELDS_BYTES: usize = 16 * 1024;

/// Deepest nesting of `custom_fields`: they are kept, and told to others, inside other JSON.
const MAX_CUSTOM_FIELDS_DEPTH: usize = 32;

/// The most tags of one object.
pub(crate) const MAX_TAGS: usize = 50;

/// Longest `changelog_message` (NetBox: 200 characters).
pub(crate) const MAX_MESSAGE: usize = 200;

/// A JSON object as the body of a request.
#[derive(Debug)]
pub struct Body(pub Map<String, Value>);

impl<S: Send + Sync> FromRequest<S> for Body {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        object(json(request, state).await?).map(Self)
    }
}

/// The caller's note on a change that needs no body: none, or an object with `changelog_message`.
#[derive(Debug)]
pub struct Note(pub String);

impl<S: Send + Sync> FromRequest<S> for Note {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        note(&object(json(request, state).await?)?).map(Self)
    }
}

/// The note in a body.
///
/// # Errors
/// 400 on `changelog_message`.
pub(crate) fn note(body: &Map<String, Value>) -> Result<String, ApiError> {
    let mut fields = Fields::new(body);
    let note = fields.message();
    fields.errors.into_result()?;
    Ok(note)
}

/// The body of a request to a list: one object, or several (behaviours L11).
#[derive(Debug)]
pub enum Payload {
    /// One object.
    One(Map<String, Value>),
    /// Several objects, at most [`MAX_BULK`].
    Many(Vec<Value>),
}

impl<S: Send + Sync> FromRequest<S> for Payload {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let value = json(request, state).await?;
        let Value::Array(values) = value else {
            return object(value).map(Self::One);
        };
        if values.len() > MAX_BULK {
            return Err(ApiError::TooMany { limit: MAX_BULK, name: "MAX_BULK" });
        }
        Ok(Self::Many(values))
    }
}

async fn json<S: Send + Sync>(request: Request, state: &S) -> Result<Value, ApiError> {
    let bytes = Bytes::from_request(request, state).await;
    parsed(&bytes.map_err(|_| ApiError::BodyTooLarge { limit: MAX_BODY_BYTES, name: "MAX_BODY_BYTES" })?)
}

/// No body at all says nothing, as an empty object does.
fn parsed(bytes: &[u8]) -> Result<Value, ApiError> {
    if bytes.is_empty() {
        return Ok(json!({}));
    }
    let strict: Strict = serde_json::from_slice(bytes)
        .map_err(|error| ApiError::Body(json!({"detail": format!("JSON parse error - {error}")})))?;
    Ok(strict.0)
}

/// The object that a value is.
///
/// # Errors
/// 400 for anything else.
pub fn object(value: Value) -> Result<Map<String, Value>, ApiError> {
    let Value::Object(fields) = value else {
        let (field, message) = no_object(&value);
        return Err(Error::field(field, message).into());
    };
    Ok(fields)
}

/// What is said of a value that is no object.
pub(crate) fn no_object(value: &Value) -> (&'static str, String) {
    (FieldErrors::NO_OBJECT, format!("Invalid data. Expected a dictionary, but got {}.", python_type(value)))
}

/// JSON in which no object has a key twice: which of two values is meant, nobody knows.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Strict(value)) = seq.next_element()? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            if fields.contains_key(&key) {
                return Err(serde::de::Error::custom(format!("the key {} occurs twice", Value::String(key))));
            }
            let Strict(value) = map.next_value()?;
            fields.insert(key, value);
        }
        Ok(Value::Object(fields))
    }
}

fn python_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "NoneType",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "str",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    }
}

/// The fields of a body, taken one by one. What is wrong is collected; what nobody takes is ignored (behaviours L6).
#[derive(Debug)]
pub struct Fields<'a> {
    body: &'a Map<String, Value>,
    /// Fields that are as good as not there.
    ignored: Vec<&'static str>,
    /// What is wrong so far.
    pub errors: FieldErrors,
}

impl<'a> Fields<'a> {
    /// The fields of a body.
    pub fn new(body: &'a Map<String, Value>) -> Self {
        Self { body, ignored: Vec::new(), errors: FieldErrors::default() }
    }

    /// From here on, the field is as good as not there.
    pub fn ignore(&mut self, field: &'static str) {
        self.ignored.push(field);
    }

    /// A value that has two names, read by `read`. Where both are given they must be the same; null is as good as nothing
    /// beside a value.
    pub fn either<T: PartialEq>(
        &mut self,
        (name, other): (&'static str, &'static str),
        read: impl Fn(&mut Self, &'static str) -> Option<T>,
    ) -> Option<T> {
        let null = |fields: &Self, field: &str| fields.nullable(field) == Some(None);
        match (self.has(name), self.has(other)) {
            (_, false) => read(self, name),
            (false, true) => read(self, other),
            (true, true) if null(self, other) => read(self, name),
            (true, true) if null(self, name) => read(self, other),
            (true, true) => {
                let (first, second) = (read(self, name), read(self, other));
                if first.is_some() && second.is_some() && first != second {
                    self.errors.add(name, format!("This contradicts {other}."));
                }
                first
            }
        }
    }

    /// The value, where there is one that is not null; null is an error.
    pub fn value(&mut self, field: &'static str) -> Option<&'a Value> {
        match self.body.get(field).filter(|_| !self.ignored.contains(&field)) {
            Some(Value::Null) => {
                self.errors.add(field, "This field may not be null.");
                None
            }
            other => other,
        }
    }

    /// `Some(None)` for null.
    pub fn nullable(&self, field: &str) -> Option<Option<&'a Value>> {
        self.body.get(field).map(|value| (!value.is_null()).then_some(value))
    }

    /// Whether the body has the field at all.
    pub fn has(&self, field: &str) -> bool {
        self.body.contains_key(field)
    }

    /// Text, read by `parse`.
    pub fn text<T>(&mut self, field: &'static str, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        let text = match self.value(field)? {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                self.errors.add(field, "Not a valid string.");
                return None;
            }
        };
        self.errors.keep(field, parse(&text))
    }

    /// A choice: a string, or an object with its `value`, as NetBox's own objects have it.
    pub fn choice<T>(&mut self, field: &'static str, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        let value = self.value(field)?;
        let value = value.get("value").unwrap_or(value);
        match value {
            Value::String(text) => self.errors.keep(field, parse(text)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                self.errors.add(field, format!("\"{value}\" is not a valid choice."));
                None
            }
        }
    }

    /// A time.
    pub fn time(&mut self, field: &'static str) -> Option<Time> {
        let value = self.value(field)?;
        self.errors.keep(field, time_value(value))
    }

    /// A time that may be null.
    pub fn nullable_time(&mut self, field: &'static str) -> Option<Option<Time>> {
        match self.nullable(field)? {
            None => Some(None),
            Some(value) => self.errors.keep(field, time_value(value)).map(Some),
        }
    }

    /// True, false or null.
    pub fn nullable_bool(&mut self, field: &'static str) -> Option<Option<bool>> {
        match self.nullable(field)? {
            None => Some(None),
            Some(value) => {
                let parsed = match value {
                    Value::Bool(value) => Some(*value),
                    Value::String(text) => match text.to_ascii_lowercase().as_str() {
                        "true" | "t" | "yes" | "1" | "on" => Some(true),
                        "false" | "f" | "no" | "0" | "off" => Some(false),
                        _ => None,
                    },
                    Value::Number(number) => number.as_u64().filter(|n| *n < 2).map(|n| n == 1),
                    Value::Null | Value::Array(_) | Value::Object(_) => None,
                };
                self.errors.keep(field, parsed.ok_or_else(|| "Must be a valid boolean.".to_owned())).map(Some)
            }
        }
    }

    /// An id.
    pub fn id<T: TryFrom<u64, Error = String>>(&mut self, field: &'static str) -> Option<T> {
        let value = self.value(field)?;
        self.errors.keep(field, id_value(value))
    }

    /// An id that may be null.
    pub fn nullable_id<T: TryFrom<u64, Error = String>>(&mut self, field: &'static str) -> Option<Option<T>> {
        match self.nullable(field)? {
            None => Some(None),
            Some(value) => self.errors.keep(field, id_value(value)).map(Some),
        }
    }

    /// A content type: its number, or its name such as `circuits.circuit`.
    pub fn content_type(&mut self, field: &'static str) -> Option<ObjectType> {
        let value = self.value(field)?;
        let found = match value {
            Value::String(text) => {
                let numbered = text.parse().ok().and_then(ObjectType::from_number);
                numbered.or_else(|| ObjectType::parse(text)).ok_or_else(|| format!("Unknown content type \"{text}\"."))
            }
            Value::Number(number) => {
                let found = number.as_u64().and_then(ObjectType::from_number);
                found.ok_or_else(|| format!("Invalid pk \"{number}\" - object does not exist."))
            }
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                Err(format!("Incorrect type. Expected pk value, received {}.", python_type(value)))
            }
        };
        self.errors.keep(field, found)
    }

    /// A provider: its id, or an object with its slug, name or id.
    pub fn provider(&mut self) -> Option<ProviderRef> {
        let field = "provider";
        let value = self.value(field)?;
        let found = match value {
            Value::Object(named) => attributes(named, ProviderRef::Id, ProviderRef::Slug, ProviderRef::Name)
                .map(|parts| alone(parts).unwrap_or_else(ProviderRef::All)),
            Value::Number(_) => id_value(value).map(ProviderRef::Id),
            Value::String(text) => {
                let digits = text.parse::<u64>().map_err(|_| ());
                digits.and_then(|id| ProviderId::try_from(id).map_err(|_| ())).map(ProviderRef::Id).map_err(|()| {
                    "Related objects must be referenced by numeric ID or by dictionary of attributes. Received an \
                     unrecognized value: "
                        .to_owned()
                        + text
                })
            }
            Value::Null | Value::Bool(_) | Value::Array(_) => {
                Err(format!("Incorrect type. Expected pk value, received {}.", python_type(value)))
            }
        };
        self.errors.keep(field, found)
    }

    /// Tags: a list of ids or of objects with a slug or a name.
    pub fn tags(&mut self) -> Option<Vec<TagRef>> {
        let value = self.value("tags")?;
        let Some(tags) = value.as_array() else {
            let message = format!("Expected a list of items but got type \"{}\".", python_type(value));
            self.errors.add("tags", message);
            return None;
        };
        if tags.len() > MAX_TAGS {
            self.errors.add("tags", format!("Ensure this field has no more than {MAX_TAGS} elements."));
            return None;
        }
        let mut refs = Vec::with_capacity(tags.len());
        for tag in tags {
            let found = match tag {
                Value::Object(named) => attributes(named, TagRef::Id, TagRef::Slug, TagRef::Name)
                    .map(|parts| alone(parts).unwrap_or_else(TagRef::All)),
                Value::Number(_) => id_value(tag).map(TagRef::Id),
                Value::String(text) => {
                    let id = text.parse::<u64>().ok().and_then(|id| ObjectId::try_from(id).ok());
                    id.map(TagRef::Id).ok_or_else(|| {
                        "Related objects must be referenced by numeric ID or by dictionary of attributes. Received an \
                         unrecognized value: "
                            .to_owned()
                            + text
                    })
                }
                Value::Null | Value::Bool(_) | Value::Array(_) => {
                    Err(format!("Incorrect type. Expected pk value, received {}.", python_type(tag)))
                }
            };
            refs.extend(self.errors.keep("tags", found));
        }
        Some(refs)
    }

    /// Custom fields.
    pub fn custom_fields(&mut self) -> Option<Map<String, Value>> {
        let value = self.value("custom_fields")?;
        let message = match value.as_object() {
            Some(_) if depth(value) > MAX_CUSTOM_FIELDS_DEPTH => {
                format!("Ensure this field is nested no deeper than {MAX_CUSTOM_FIELDS_DEPTH} levels.")
            }
            Some(fields) if value.to_string().len() <= MAX_CUSTOM_FIELDS_BYTES => match plain(value) {
                Ok(()) => return Some(fields.clone()),
                Err(message) => message,
            },
            Some(_) => format!("Ensure this field has no more than {MAX_CUSTOM_FIELDS_BYTES} bytes."),
            None => format!("Expected a dictionary of items but got type \"{}\".", python_type(value)),
        };
        self.errors.add("custom_fields", message);
        None
    }

    /// The caller's note on the change.
    pub fn message(&mut self) -> String {
        let line = |text: &str| noticeboard_domain::fields::one_line(text, MAX_MESSAGE);
        self.text("changelog_message", line).unwrap_or_default()
    }
}

/// What an object is called by, of its id, slug and name.
fn attributes<T, Id: TryFrom<u64, Error = String>>(
    named: &Map<String, Value>,
    id: impl Fn(Id) -> T,
    slug: impl Fn(String) -> T,
    name: impl Fn(String) -> T,
) -> Result<Vec<T>, String> {
    let missing = || format!("Related object not found using the provided attributes: {}", Value::from(named.clone()));
    let mut parts = Vec::new();
    if let Some(value) = named.get("id") {
        parts.push(id(id_value(value)?));
    }
    for (key, part) in [("slug", &slug as &dyn Fn(String) -> T), ("name", &name)] {
        if let Some(value) = named.get(key) {
            parts.push(part(value.as_str().ok_or_else(missing)?.to_owned()));
        }
    }
    if parts.is_empty() { Err(missing()) } else { Ok(parts) }
}

/// The one element of a list, or the list.
fn alone<T>(list: Vec<T>) -> Result<T, Vec<T>> {
    <[T; 1]>::try_from(list).map(|[one]| one)
}

/// Whether all texts of a value are without control characters; line ends and tabs may be in values, not in names.
fn plain(value: &Value) -> Result<(), String> {
    match value {
        Value::String(text) => without_control(text).map(drop),
        Value::Array(values) => values.iter().try_for_each(plain),
        Value::Object(fields) => fields.iter().try_for_each(|(name, value)| {
            if name.contains(char::is_control) {
                return Err("Control characters are not allowed in the names of fields.".into());
            }
            plain(value)
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

/// How many lists and objects are around the innermost value. (A body is read to a depth of 128.)
fn depth(value: &Value) -> usize {
    match value {
        Value::Array(values) => 1 + values.iter().map(depth).max().unwrap_or(0),
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

fn id_value<T: TryFrom<u64, Error = String>>(value: &Value) -> Result<T, String> {
    let number = match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            return Err(format!("Incorrect type. Expected pk value, received {}.", python_type(value)));
        }
    };
    T::try_from(number.ok_or_else(|| "A valid integer is required.".to_owned())?)
}

fn time_value(value: &Value) -> Result<Time, String> {
    const WRONG: &str = "Datetime has wrong format. Use one of these formats instead: \
                         YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].";
    value.as_str().and_then(noticeboard_domain::time::parse).ok_or_else(|| WRONG.to_owned())
}
