//! What a field of an object can hold, and the rules for each kind of value.

use std::net::IpAddr;

use serde_json::{Map, Value};

use super::Slug;
use crate::fields::{bounded, free_text};
use crate::ids::ObjectId;
use crate::object::ObjectType;

/// A value of a choice, and its label.
pub type Choice = (&'static str, &'static str);

/// Largest object of a type that Noticeboard does not keep, as JSON, in bytes.
const MAX_FOREIGN_BYTES: usize = 8 * 1024;
/// Deepest nesting of such an object.
const MAX_FOREIGN_DEPTH: usize = 8;
/// The fields of such an object that say where it is: elsewhere. A client that follows them takes its token there.
const ADDRESSES: [&str; 2] = ["url", "display_url"];
/// Longest value and label of a choice whose values are not known here.
const MAX_CHOICE: usize = 100;
/// Longest slug.
const MAX_SLUG: usize = 100;

/// A field of an object.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: FieldKind,
    /// Whether an object needs it.
    pub required: bool,
}

/// What a field holds.
#[derive(Debug, Clone, Copy)]
pub enum FieldKind {
    /// A line of text of at most so many characters; empty where nothing is known.
    Text(usize),
    /// A line of text of at most so many characters, or null.
    NullableText(usize),
    /// Text of any length up to [`crate::fields::MAX_TEXT_BYTES`].
    FreeText,
    /// A slug.
    Slug,
    /// Six hexadecimal digits, or nothing.
    Colour,
    /// One of these; the second part is what an object has that says nothing.
    Choice(&'static [Choice], Option<&'static str>),
    /// A choice whose values are NetBox's to know: kept with the label that it came with.
    OpenChoice,
    /// A whole number within these bounds, or null.
    Integer(i64, i64),
    /// A number within these bounds, or null.
    Number(f64, f64),
    /// Yes or no; the second is what an object has that says nothing.
    Boolean(bool),
    /// A date, or null.
    Date,
    /// An address with its mask: `192.0.2.1/24`.
    Host,
    /// A network: `192.0.2.0/24`.
    Network,
    /// Another object of a type that Noticeboard keeps; the name is that of the filter by its id.
    Reference(ObjectType, &'static str),
    /// An object of one of several types, in two fields: its type and its id. Types that Noticeboard does not keep are
    /// taken as they come.
    Generic {
        /// The name of the field with the type.
        kind: &'static str,
        /// The name of the field with the id.
        id: &'static str,
    },
    /// An object of a type that Noticeboard does not keep, as its id or as an object: given back as it came, but for the
    /// addresses in it.
    Foreign(&'static str),
    /// Several of them.
    ForeignList,
}

/// Another object, as a client names it.
#[derive(Debug, Clone, PartialEq)]
pub enum Referred {
    /// By its id.
    Id(ObjectId),
    /// By some of its fields.
    By(Map<String, Value>),
}

/// What a client gives for a field.
#[derive(Debug, Clone, PartialEq)]
pub enum Given {
    /// A value, as it is stored.
    Value(Value),
    /// Another object, to be looked up.
    Object(Referred),
}

impl Field {
    /// The value of an object that says nothing.
    pub fn default(&self) -> Value {
        match self.kind {
            FieldKind::Text(_) | FieldKind::FreeText | FieldKind::Slug | FieldKind::Colour => {
                Value::String(String::new())
            }
            FieldKind::Choice(_, Some(default)) => Value::String(default.to_owned()),
            FieldKind::Boolean(default) => Value::Bool(default),
            FieldKind::ForeignList => Value::Array(Vec::new()),
            FieldKind::NullableText(_)
            | FieldKind::Choice(_, None)
            | FieldKind::OpenChoice
            | FieldKind::Integer(..)
            | FieldKind::Number(..)
            | FieldKind::Date
            | FieldKind::Host
            | FieldKind::Network
            | FieldKind::Reference(..)
            | FieldKind::Generic { .. }
            | FieldKind::Foreign(_) => Value::Null,
        }
    }

    /// Its own text with the object's id behind it, which no other object has; none for what is no text.
    pub(super) fn aside(&self, own: &str, id: ObjectId) -> Option<String> {
        let (max, mark) = if let FieldKind::Text(max) | FieldKind::NullableText(max) = self.kind {
            (max, format!(" (was {id})"))
        } else if let FieldKind::Slug = self.kind {
            (MAX_SLUG, format!("-was-{id}"))
        } else {
            return None;
        };
        let kept: String = own.chars().take(max.saturating_sub(mark.len())).collect();
        Some(kept + &mark)
    }

    /// Whether null says that there is nothing.
    fn nullable(&self) -> bool {
        !self.required && self.default().is_null()
    }

    /// Takes what a client gives. `lenient` takes values of choices that are not known here, with their labels: what an
    /// import brings was valid where it comes from.
    ///
    /// # Errors
    /// Says what is wrong, in NetBox's words.
    pub fn take(&self, value: &Value, lenient: bool) -> Result<Given, String> {
        if value.is_null() {
            if lenient && !self.required {
                return Ok(Given::Value(self.default()));
            }
            let null = if self.nullable() { Ok(Value::Null) } else { Err("This field may not be null.".to_owned()) };
            return null.map(Given::Value);
        }
        let taken = match self.kind {
            FieldKind::Text(max) => line(value, max, self.required),
            FieldKind::NullableText(max) => line(value, max, self.required).map(null_when_empty),
            FieldKind::FreeText => text(value).and_then(|text| free_text(&text)).map(Value::String),
            FieldKind::Slug => Slug::parse(&text(value)?).map(|slug| Value::String(slug.as_str().to_owned())),
            FieldKind::Colour => colour(&text(value)?).map(Value::String),
            FieldKind::Choice(choices, default) => choice(value, choices, default, lenient),
            FieldKind::OpenChoice => open_choice(value),
            FieldKind::Integer(min, max) => integer(value, min, max),
            FieldKind::Number(min, max) => number(value, min, max),
            FieldKind::Boolean(_) => boolean(value).map(Value::Bool),
            FieldKind::Date => date(&text(value)?).map(Value::String),
            FieldKind::Host => network(&text(value)?, false).map(Value::String),
            FieldKind::Network => network(&text(value)?, true).map(Value::String),
            FieldKind::Reference(..) => return referred(value).map(Given::Object),
            FieldKind::Generic { .. } => Ok(Value::Null),
            FieldKind::Foreign(_) => foreign(value),
            FieldKind::ForeignList => match value {
                Value::Array(elements) => elements.iter().map(foreign).collect::<Result<_, _>>().map(Value::Array),
                other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
                    Err(format!("Expected a list of items but got type \"{}\".", python_type(other)))
                }
            },
        };
        taken.map(Given::Value)
    }
}

/// A type as Python names it, for NetBox's messages.
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

fn text(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.trim().to_owned()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => Err("Not a valid string.".into()),
    }
}

fn line(value: &Value, max: usize, required: bool) -> Result<Value, String> {
    let text = text(value)?;
    if required && text.is_empty() {
        return Err("This field may not be blank.".into());
    }
    bounded(&text, max).map(Value::String)
}

fn null_when_empty(value: Value) -> Value {
    if value.as_str() == Some("") { Value::Null } else { value }
}

fn colour(text: &str) -> Result<String, String> {
    let valid = text.is_empty() || (text.len() == 6 && text.bytes().all(|b| b.is_ascii_hexdigit()));
    if valid { Ok(text.to_ascii_lowercase()) } else { Err("RGB color in hexadecimal. Example: 00ff00".into()) }
}

fn label(value: &Value) -> Option<&str> {
    value.get("label").and_then(Value::as_str)
}

fn choice(value: &Value, choices: &[Choice], default: Option<&str>, lenient: bool) -> Result<Value, String> {
    let plain = value.get("value").unwrap_or(value);
    let not_valid = || format!("{plain} is not a valid choice.");
    let text = match plain {
        Value::String(text) => text.as_str(),
        Value::Null => "",
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => return Err(not_valid()),
    };
    if choices.iter().any(|(known, _)| *known == text) {
        return Ok(Value::String(text.to_owned()));
    }
    if text.is_empty() && default.is_none() {
        return Ok(Value::Null);
    }
    if lenient && !text.is_empty() {
        return kept_choice(plain, label(value).unwrap_or(text));
    }
    Err(not_valid())
}

fn open_choice(value: &Value) -> Result<Value, String> {
    let plain = value.get("value").unwrap_or(value);
    match plain {
        Value::Null => Ok(Value::Null),
        Value::String(text) if text.is_empty() => Ok(Value::Null),
        Value::String(text) => kept_choice(plain, label(value).unwrap_or(text)),
        Value::Number(number) => kept_choice(plain, label(value).unwrap_or(&number.to_string())),
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => Err(format!("{plain} is not a valid choice.")),
    }
}

/// A choice with its label.
fn kept_choice(value: &Value, label: &str) -> Result<Value, String> {
    if let Value::String(text) = value {
        bounded(text, MAX_CHOICE)?;
    }
    Ok(serde_json::json!({"value": value, "label": bounded(label, MAX_CHOICE)?}))
}

fn integer(value: &Value, min: i64, max: i64) -> Result<Value, String> {
    let found = match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) if text.trim().is_empty() => return Ok(Value::Null),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    let found = found.ok_or("A valid integer is required.")?;
    if found < min {
        return Err(format!("Ensure this value is greater than or equal to {min}."));
    }
    if found > max {
        return Err(format!("Ensure this value is less than or equal to {max}."));
    }
    Ok(found.into())
}

fn number(value: &Value, min: f64, max: f64) -> Result<Value, String> {
    let found = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) if text.trim().is_empty() => return Ok(Value::Null),
        Value::String(text) => text.trim().parse::<f64>().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    let found = found.filter(|number| number.is_finite()).ok_or("A valid number is required.")?;
    if found < min {
        return Err(format!("Ensure this value is greater than or equal to {min}."));
    }
    if found > max {
        return Err(format!("Ensure this value is less than or equal to {max}."));
    }
    Ok(found.into())
}

fn boolean(value: &Value) -> Result<bool, String> {
    let found = match value {
        Value::Bool(value) => Some(*value),
        Value::String(text) => match text.to_ascii_lowercase().as_str() {
            "true" | "t" | "yes" | "y" | "1" | "on" => Some(true),
            "false" | "f" | "no" | "n" | "0" | "off" => Some(false),
            _ => None,
        },
        Value::Number(number) => number.as_u64().filter(|number| *number < 2).map(|number| number == 1),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    };
    found.ok_or_else(|| "Must be a valid boolean.".to_owned())
}

fn date(text: &str) -> Result<String, String> {
    let date = chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|_| text.len() == 10);
    let date = date.ok_or("Date has wrong format. Use one of these formats instead: YYYY-MM-DD.")?;
    Ok(date.format("%Y-%m-%d").to_string())
}

/// An address with its mask, or a network: then nothing is set behind the mask.
fn network(text: &str, only_network: bool) -> Result<String, String> {
    let wrong = || format!("Invalid IP address format: {text}");
    let (address, mask) = match text.split_once('/') {
        Some((address, mask)) => (address, Some(mask.parse::<u8>().map_err(|_| wrong())?)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().map_err(|_| wrong())?;
    let bits = if address.is_ipv4() { 32 } else { 128 };
    let mask = mask.unwrap_or(bits);
    if mask > bits {
        return Err(wrong());
    }
    if only_network {
        let set = match address {
            IpAddr::V4(address) => address.to_bits().checked_shl(mask.into()).is_some_and(|rest| rest != 0),
            IpAddr::V6(address) => address.to_bits().checked_shl(mask.into()).is_some_and(|rest| rest != 0),
        };
        if set {
            return Err(format!("{text} is not a valid prefix. Did you mean the network that it lies in?"));
        }
    }
    Ok(format!("{address}/{mask}"))
}

fn id(value: &Value) -> Result<ObjectId, String> {
    let number = match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    ObjectId::try_from(number.ok_or("A valid integer is required.")?)
}

fn referred(value: &Value) -> Result<Referred, String> {
    match value {
        Value::Object(fields) => match fields.get("id") {
            Some(found) => id(found).map(Referred::Id),
            None if fields.is_empty() => Err("Related object not found using the provided attributes: {}".to_owned()),
            None if value.to_string().len() > MAX_FOREIGN_BYTES => {
                Err(format!("Ensure this field has no more than {MAX_FOREIGN_BYTES} bytes."))
            }
            None => Ok(Referred::By(fields.clone())),
        },
        Value::Number(_) | Value::String(_) => id(value).map(Referred::Id).map_err(|_| {
            format!(
                "Related objects must be referenced by numeric ID or by dictionary of attributes. Received an \
                 unrecognized value: {}",
                value.as_str().map_or_else(|| value.to_string(), str::to_owned)
            )
        }),
        Value::Null | Value::Bool(_) | Value::Array(_) => {
            Err(format!("Incorrect type. Expected pk value, received {}.", python_type(value)))
        }
    }
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(values) => 1 + values.iter().map(depth).max().unwrap_or(0),
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

/// Takes the addresses out of objects of types that Noticeboard does not keep.
pub(super) fn without_addresses(value: &mut Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(without_addresses),
        Value::Object(fields) => {
            fields.retain(|name, _| !ADDRESSES.contains(&name.as_str()));
            fields.values_mut().for_each(without_addresses);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn foreign(value: &Value) -> Result<Value, String> {
    match value {
        Value::Object(_) if depth(value) > MAX_FOREIGN_DEPTH || value.to_string().len() > MAX_FOREIGN_BYTES => {
            Err(format!("Ensure this field has no more than {MAX_FOREIGN_BYTES} bytes and {MAX_FOREIGN_DEPTH} levels."))
        }
        Value::Object(_) => {
            let mut kept = value.clone();
            without_addresses(&mut kept);
            Ok(kept)
        }
        Value::Number(_) | Value::String(_) => id(value).map(|id| Value::from(id.get())).map_err(|_| {
            format!("Related objects must be referenced by numeric ID or by dictionary of attributes, not {value}.")
        }),
        Value::Null | Value::Bool(_) | Value::Array(_) => {
            Err(format!("Incorrect type. Expected pk value, received {}.", python_type(value)))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(kind: FieldKind, value: Value, expected: Result<Value, &str>) {
        let field = Field { name: "field", kind, required: false };
        let found = field.take(&value, false);
        match (&found, expected) {
            (Ok(Given::Value(found)), Ok(expected)) => assert_eq!(*found, expected, "{kind:?} {value}"),
            (Err(message), Err(part)) => assert!(message.contains(part), "{kind:?} {value}: {message}"),
            (found, expected) => panic!("{kind:?} {value}: {found:?} instead of {expected:?}"),
        }
    }

    const STATUS: FieldKind = FieldKind::Choice(&[("active", "Active")], Some("active"));

    #[test]
    fn values_are_taken_by_the_rules_of_their_kind() {
        check(FieldKind::Text(3), json!(" ab "), Ok(json!("ab")));
        check(FieldKind::Text(3), json!(12), Ok(json!("12")));
        check(FieldKind::Text(3), json!("abcd"), Err("no more than 3"));
        check(FieldKind::Text(3), json!(null), Err("null"));
        check(FieldKind::Text(3), json!(["a"]), Err("valid string"));
        check(FieldKind::NullableText(3), json!(""), Ok(json!(null)));
        check(FieldKind::Slug, json!("a b"), Err("slug"));
        check(FieldKind::Colour, json!("00FF00"), Ok(json!("00ff00")));
        check(FieldKind::Colour, json!("green"), Err("RGB"));
        check(STATUS, json!("active"), Ok(json!("active")));
        check(STATUS, json!({"value": "active", "label": "Active"}), Ok(json!("active")));
        check(STATUS, json!("no"), Err("\"no\" is not a valid choice"));
        check(STATUS, json!(""), Err("not a valid choice"));
        check(FieldKind::OpenChoice, json!("lag"), Ok(json!({"value": "lag", "label": "lag"})));
        check(
            FieldKind::OpenChoice,
            json!({"value": 19, "label": "19 in"}),
            Ok(json!({"value": 19, "label": "19 in"})),
        );
        check(FieldKind::Integer(1, 10), json!("7"), Ok(json!(7)));
        check(FieldKind::Integer(1, 10), json!(11), Err("less than or equal to 10"));
        check(FieldKind::Integer(1, 10), json!(1.5), Err("integer"));
        check(FieldKind::Number(-90.0, 90.0), json!("48.5"), Ok(json!(48.5)));
        check(FieldKind::Number(-90.0, 90.0), json!("nan"), Err("number"));
        check(FieldKind::Boolean(true), json!("no"), Ok(json!(false)));
        check(FieldKind::Boolean(true), json!(2), Err("boolean"));
        check(FieldKind::Date, json!("2026-02-28"), Ok(json!("2026-02-28")));
        check(FieldKind::Date, json!("2026-02-30"), Err("wrong format"));
        check(FieldKind::Host, json!("192.0.2.1/24"), Ok(json!("192.0.2.1/24")));
        check(FieldKind::Host, json!("2001:DB8::1"), Ok(json!("2001:db8::1/128")));
        check(FieldKind::Host, json!("192.0.2.1/33"), Err("Invalid IP address"));
        check(FieldKind::Network, json!("192.0.2.0/24"), Ok(json!("192.0.2.0/24")));
        check(FieldKind::Network, json!("192.0.2.1/24"), Err("not a valid prefix"));
        check(FieldKind::Network, json!("0.0.0.0/0"), Ok(json!("0.0.0.0/0")));
        check(FieldKind::Network, json!("2001:db8::1/64"), Err("not a valid prefix"));
        check(FieldKind::Foreign("tenant_id"), json!(7), Ok(json!(7)));
        check(FieldKind::Foreign("tenant_id"), json!({"id": 7, "name": "T"}), Ok(json!({"id": 7, "name": "T"})));
        let tenant =
            json!({"id": 7, "url": "http://a/7/", "display_url": "x", "group": {"id": 1, "url": "http://a/1/"}});
        check(FieldKind::Foreign("tenant_id"), tenant, Ok(json!({"id": 7, "group": {"id": 1}})));
        let nested = json!([{"id": 2, "of": [{"url": "http://a/", "asn": 64500}]}]);
        check(FieldKind::ForeignList, nested, Ok(json!([{"id": 2, "of": [{"asn": 64500}]}])));
        check(FieldKind::Foreign("tenant_id"), json!("T"), Err("numeric ID"));
        check(FieldKind::Foreign("tenant_id"), json!({"a": "x".repeat(9000)}), Err("8192 bytes"));
        check(FieldKind::ForeignList, json!([1, {"id": 2}]), Ok(json!([1, {"id": 2}])));
        check(FieldKind::ForeignList, json!({}), Err("list of items"));
    }

    #[test]
    fn what_steps_aside_is_called_as_nothing_else_is() {
        let check = |kind: FieldKind, own: &str, expected: Option<&str>| {
            let field = Field { name: "field", kind, required: true };
            let id = ObjectId::try_from(17).unwrap();
            assert_eq!(field.aside(own, id).as_deref(), expected, "{kind:?} {own}");
        };
        check(FieldKind::Text(100), "Riga", Some("Riga (was 17)"));
        check(FieldKind::Text(12), "Rīga Ziemeļi", Some("Rīg (was 17)"));
        check(FieldKind::Slug, "riga", Some("riga-was-17"));
        check(FieldKind::Slug, &"x".repeat(100), Some(&format!("{}-was-17", "x".repeat(93))));
        check(FieldKind::Integer(0, 1), "", None);
    }

    #[test]
    fn an_import_keeps_choices_that_are_not_known_here() {
        let field = Field { name: "status", kind: STATUS, required: false };
        let given = field.take(&json!({"value": "mothballed", "label": "Mothballed"}), true);
        assert_eq!(given, Ok(Given::Value(json!({"value": "mothballed", "label": "Mothballed"}))));
    }
}
