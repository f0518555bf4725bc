//! Bodies and their fields, as NetBox's clients send them.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use noticeboard_domain::ids::ProviderId;
use noticeboard_domain::object::ObjectType;
use noticeboard_domain::time::{Time, stored};
use noticeboard_domain::{Error, FieldErrors};
use serde_json::{Map, Value, json};

use crate::MAX_BODY_BYTES;
use crate::error::ApiError;

/// Largest `custom_fields` of one object, as JSON, in bytes.
const MAX_CUSTOM_FIELDS_BYTES: usize = 16 * 1024;

/// Deepest nesting of `custom_fields`: they are kept, and told to others, inside other JSON.
const MAX_CUSTOM_FIELDS_DEPTH: usize = 32;

/// Longest `changelog_message` (NetBox: 200 characters).
const MAX_MESSAGE: usize = 200;

/// A JSON object as the body of a request.
#[derive(Debug)]
pub struct Body(pub Map<String, Value>);

impl<S: Send + Sync> FromRequest<S> for Body {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|_| ApiError::BodyTooLarge { limit: MAX_BODY_BYTES, name: "MAX_BODY_BYTES" })?;
        let wrong = |detail: String| ApiError::Body(json!({ "detail": detail }));
        match serde_json::from_slice(&bytes) {
            Ok(Value::Object(fields)) => Ok(Self(fields)),
            Ok(other) => {
                let message = format!("Invalid data. Expected a dictionary, but got {}.", python_type(&other));
                Err(ApiError::Body(json!({"non_field_errors": [message]})))
            }
            Err(error) => Err(wrong(format!("JSON parse error - {error}"))),
        }
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

/// A provider as a client names it (behaviours L4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProviderRef {
    /// By id.
    Id(ProviderId),
    /// By slug.
    Slug(String),
    /// By name.
    Name(String),
}

impl ProviderRef {
    /// The provider's id.
    ///
    /// # Errors
    /// [`Error::Invalid`] on `provider` when there is none of this slug or name.
    pub async fn resolve(&self, app: &noticeboard_app::App) -> Result<ProviderId, Error> {
        let (slug, name) = match self {
            Self::Id(id) => return Ok(*id),
            Self::Slug(slug) => (Some(slug.as_str()), None),
            Self::Name(name) => (None, Some(name.as_str())),
        };
        let found = app.provider_named(slug, name).await?;
        let asked = slug.map_or_else(|| json!({ "name": name }), |slug| json!({ "slug": slug }));
        let message = || format!("Related object not found using the provided attributes: {asked}");
        found.map(|provider| provider.id).ok_or_else(|| Error::field("provider", message()))
    }
}

/// The fields of a body, taken one by one. What is wrong is collected; what nobody takes is ignored (behaviours L6).
#[derive(Debug)]
pub struct Fields<'a> {
    body: &'a Map<String, Value>,
    /// What is wrong so far.
    pub errors: FieldErrors,
}

impl<'a> Fields<'a> {
    /// The fields of a body.
    pub fn new(body: &'a Map<String, Value>) -> Self {
        Self { body, errors: FieldErrors::default() }
    }

    /// The value, where there is one that is not null; null is an error.
    pub fn value(&mut self, field: &'static str) -> Option<&'a Value> {
        match self.body.get(field) {
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
            Value::Object(named) => {
                let text = |key: &str| named.get(key).and_then(Value::as_str).map(str::to_owned);
                match (named.get("id"), text("slug"), text("name")) {
                    (Some(id), _, _) => id_value(id).map(ProviderRef::Id),
                    (None, Some(slug), _) => Ok(ProviderRef::Slug(slug)),
                    (None, None, Some(name)) => Ok(ProviderRef::Name(name)),
                    (None, None, None) => {
                        Err(format!("Related object not found using the provided attributes: {value}"))
                    }
                }
            }
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

    /// Tags, of which there are none yet: only an empty list is right.
    pub fn tags(&mut self) -> Option<Vec<String>> {
        let value = self.value("tags")?;
        let message = match value.as_array().map(|tags| tags.first()) {
            Some(None) => return Some(Vec::new()),
            Some(Some(first)) => format!("Related object not found using the provided attributes: {first}"),
            None => format!("Expected a list of items but got type \"{}\".", python_type(value)),
        };
        self.errors.add("tags", message);
        None
    }

    /// Custom fields.
    pub fn custom_fields(&mut self) -> Option<Map<String, Value>> {
        let value = self.value("custom_fields")?;
        let message = match value.as_object() {
            Some(_) if depth(value) > MAX_CUSTOM_FIELDS_DEPTH => {
                format!("Ensure this field is nested no deeper than {MAX_CUSTOM_FIELDS_DEPTH} levels.")
            }
            Some(fields) if value.to_string().len() <= MAX_CUSTOM_FIELDS_BYTES => return Some(fields.clone()),
            Some(_) => format!("Ensure this field has no more than {MAX_CUSTOM_FIELDS_BYTES} bytes."),
            None => format!("Expected a dictionary of items but got type \"{}\".", python_type(value)),
        };
        self.errors.add("custom_fields", message);
        None
    }

    /// The caller's note on the change.
    pub fn message(&mut self) -> String {
        let bounded = |text: &str| noticeboard_domain::fields::bounded(text, MAX_MESSAGE);
        self.text("changelog_message", bounded).unwrap_or_default()
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
    value.as_str().and_then(parse_time).ok_or_else(|| WRONG.to_owned())
}

/// A time as clients write it (behaviours L5): ISO 8601 with any offset, or without one, which means UTC; with `T` or a
/// blank; or a date alone. Years 1 to 9999.
pub fn parse_time(text: &str) -> Option<Time> {
    use chrono::Datelike;

    let text = text.trim();
    let iso = text.replacen(' ', "T", 1);
    let zoned = DateTime::parse_from_rfc3339(&iso)
        .or_else(|_| DateTime::parse_from_str(&iso, "%Y-%m-%dT%H:%M%:z"))
        .or_else(|_| DateTime::parse_from_str(&iso, "%Y-%m-%dT%H:%M:%S%.f%z"))
        .map(|time| time.with_timezone(&Utc));
    let time = zoned.ok().or_else(|| {
        let naive = NaiveDateTime::parse_from_str(&iso, "%Y-%m-%dT%H:%M:%S%.f")
            .or_else(|_| NaiveDateTime::parse_from_str(&iso, "%Y-%m-%dT%H:%M"))
            .ok()
            .or_else(|| NaiveDate::parse_from_str(&iso, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0));
        naive.map(|naive| naive.and_utc())
    })?;
    (1..=9999).contains(&time.year()).then(|| stored(time))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(parse_time(text).map(noticeboard_domain::time::rfc3339).as_deref(), expected, "{text}");
    }

    #[test]
    fn times_are_read_as_clients_write_them() {
        check("2026-12-01T02:00:00Z", Some("2026-12-01T02:00:00Z"));
        check("2026-12-01 02:00:00", Some("2026-12-01T02:00:00Z"));
        check("2026-12-01T02:00:00+02:00", Some("2026-12-01T00:00:00Z"));
        check("2026-12-01T02:00:00.123456789Z", Some("2026-12-01T02:00:00.123456Z"));
        check("2026-12-01T02:00", Some("2026-12-01T02:00:00Z"));
        check("2026-12-01", Some("2026-12-01T00:00:00Z"));
        check("2026-12-01 02:00:00+00:00", Some("2026-12-01T02:00:00Z"));
        check("tomorrow", None);
        check("2026-13-01", None);
        check("+12026-12-01T02:00:00Z", None);
        check("", None);
    }
}
