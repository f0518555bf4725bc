//! The elements of a bulk request.

use noticeboard_app::{Input, InventoryInput};
use noticeboard_domain::{Error, FieldErrors};
use serde_json::{Map, Value};

use crate::error::ApiError;

/// What clients send for an object, with what is wrong with it.
pub trait Sent: Default {
    /// What is wrong with it.
    fn wrong(&mut self) -> &mut FieldErrors;
}

impl<C: Default> Sent for Input<C> {
    fn wrong(&mut self) -> &mut FieldErrors {
        &mut self.wrong
    }
}

impl Sent for InventoryInput {
    fn wrong(&mut self) -> &mut FieldErrors {
        &mut self.wrong
    }
}

/// Reads every element of a bulk request, each with what is wrong with it: the rest of it is checked all the same.
pub fn inputs<T: Sent>(values: Vec<Value>, read: impl Fn(&Map<String, Value>) -> T) -> Vec<T> {
    let input = |value: Value| match value {
        Value::Object(fields) => read(&fields),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
            let (mut input, (field, message)) = (T::default(), crate::input::no_object(&other));
            input.wrong().add(field, message);
            input
        }
    };
    values.into_iter().map(input).collect()
}

/// Reads every element of a bulk request.
///
/// # Errors
/// 400 with what is wrong with each element, where anything is.
pub fn elements<T>(
    values: Vec<Value>,
    read: impl Fn(&Map<String, Value>) -> Result<T, ApiError>,
) -> Result<Vec<T>, ApiError> {
    let (mut read_elements, mut errors) = (Vec::with_capacity(values.len()), Vec::with_capacity(values.len()));
    for value in values {
        match crate::input::object(value).and_then(|fields| read(&fields)) {
            Ok(element) => {
                read_elements.push(element);
                errors.push(FieldErrors::default());
            }
            Err(ApiError::Domain(Error::Invalid(wrong))) => errors.push(wrong),
            Err(other) => return Err(other),
        }
    }
    if errors.iter().all(FieldErrors::is_empty) { Ok(read_elements) } else { Err(ApiError::Elements(errors)) }
}

/// The id of an element of a bulk change or deletion.
///
/// # Errors
/// 400 on `id`.
pub fn id<T: TryFrom<u64, Error = String>>(element: &Map<String, Value>) -> Result<T, ApiError> {
    let mut fields = crate::input::Fields::new(element);
    match fields.id("id") {
        Some(id) => Ok(id),
        None if fields.errors.is_empty() => Err(Error::field("id", "This field is required.").into()),
        None => Err(fields.errors.into()),
    }
}

/// The ids of a bulk deletion, each with the caller's note on it.
///
/// # Errors
/// 400 on the elements without an id.
pub fn ids<T: TryFrom<u64, Error = String>>(values: Vec<Value>) -> Result<Vec<(T, String)>, ApiError> {
    let read = |element: &Map<String, Value>| Ok((id(element)?, crate::input::note(element)?));
    elements(values, read).map_err(ApiError::first)
}

/// The whole body is to be a list.
///
/// # Errors
/// 400, as NetBox words it.
pub fn list(payload: crate::input::Payload) -> Result<Vec<Value>, ApiError> {
    match payload {
        crate::input::Payload::Many(values) => Ok(values),
        crate::input::Payload::One(_) => {
            let message = "Expected a list of items but got type \"dict\".";
            Err(Error::field(FieldErrors::NO_OBJECT, message).into())
        }
    }
}
