//! The one place that maps errors to HTTP.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use noticeboard_app::BulkError;
use noticeboard_domain::{Error, FieldErrors};
use serde_json::{Map, Value, json};

/// An error on its way to the caller.
#[derive(Debug)]
pub enum ApiError {
    /// A use case failed.
    Domain(Error),
    /// No credentials, or wrong ones (behaviours L1: 403). What is wrong with them.
    Unauthenticated(String),
    /// The body is not JSON, or not of the expected shape.
    Body(Value),
    /// The body is larger than its limit.
    BodyTooLarge {
        /// The limit in bytes.
        limit: usize,
        /// The limit's name.
        name: &'static str,
    },
    /// A bulk request has more elements than its limit.
    TooMany {
        /// The limit.
        limit: usize,
        /// The limit's name.
        name: &'static str,
    },
    /// Some elements of a bulk request are wrong; an empty object stands for those that are not (behaviours L11).
    Elements(Vec<FieldErrors>),
    /// The idempotency key belongs to a request that is running.
    KeyInUse,
    /// The idempotency key belongs to another request.
    KeyReused,
}

/// What the log is to say of a failed request; never sent.
#[derive(Debug, Clone)]
pub(crate) struct Logged(pub(crate) String);

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        Self::Domain(error)
    }
}

impl From<FieldErrors> for ApiError {
    fn from(errors: FieldErrors) -> Self {
        Self::Domain(Error::Invalid(errors))
    }
}

impl From<BulkError> for ApiError {
    fn from(error: BulkError) -> Self {
        match error {
            BulkError::Elements(elements) => Self::Elements(elements),
            BulkError::Failed(error) => Self::Domain(error),
        }
    }
}

impl ApiError {
    /// Of a bulk change the first wrong element is told alone (reference netbox-notices, section 2: Lists).
    #[must_use]
    pub fn first(self) -> Self {
        let Self::Elements(elements) = self else {
            return self;
        };
        let first = elements.into_iter().find(|errors| !errors.is_empty()).unwrap_or_default();
        Self::Domain(Error::Invalid(first))
    }
}

/// After how many seconds a caller may try again.
const RETRY_AFTER: &str = "1";

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let error = match self {
            Self::Domain(error) => error,
            Self::TooMany { limit, name } => {
                let detail = format!("The request has more than {limit} elements ({name}).");
                return detailed(StatusCode::PAYLOAD_TOO_LARGE, &detail);
            }
            Self::Elements(elements) => {
                let elements: Vec<_> = elements.iter().map(field_errors).collect();
                return (StatusCode::BAD_REQUEST, Json(elements)).into_response();
            }
            Self::Unauthenticated(detail) => return detailed(StatusCode::FORBIDDEN, &detail),
            Self::Body(body) => return (StatusCode::BAD_REQUEST, Json(body)).into_response(),
            Self::BodyTooLarge { limit, name } => {
                let detail = format!("The request body is larger than {limit} bytes ({name}).");
                return detailed(StatusCode::PAYLOAD_TOO_LARGE, &detail);
            }
            Self::KeyInUse => {
                let detail = "Idempotency-Key: the request with this key is still running. Try again.";
                let retry = [(header::RETRY_AFTER, RETRY_AFTER)];
                return (StatusCode::CONFLICT, retry, Json(json!({ "detail": detail }))).into_response();
            }
            Self::KeyReused => {
                let detail = "Idempotency-Key: this key was used for a request with another body or query. Take a new \
                              key for a new request.";
                return detailed(StatusCode::UNPROCESSABLE_ENTITY, detail);
            }
        };
        let mut response = match &error {
            Error::Invalid(errors) => (StatusCode::BAD_REQUEST, Json(field_errors(errors))).into_response(),
            Error::NotFound { .. } => detailed(StatusCode::NOT_FOUND, &error.to_string()),
            Error::Conflict(_) => detailed(StatusCode::CONFLICT, &error.to_string()),
            Error::VersionMismatch => detailed(StatusCode::PRECONDITION_FAILED, &error.to_string()),
            Error::Denied(_) => detailed(StatusCode::FORBIDDEN, &error.to_string()),
            Error::TooLarge { .. } => detailed(StatusCode::PAYLOAD_TOO_LARGE, &error.to_string()),
            Error::Unavailable { .. } | Error::NotSetUp => {
                let retry = [(header::RETRY_AFTER, RETRY_AFTER)];
                (StatusCode::SERVICE_UNAVAILABLE, retry, Json(json!({"detail": error.to_string()}))).into_response()
            }
            Error::Internal { .. } => detailed(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
        };
        // The log has what is missing already, but not that this request failed of it.
        let logged = if error == Error::NotSetUp { Some(Error::NOT_SET_UP) } else { error.detail() };
        if let Some(detail) = logged {
            response.extensions_mut().insert(Logged(detail.to_owned()));
        }
        response
    }
}

fn detailed(status: StatusCode, detail: &str) -> Response {
    (status, Json(json!({ "detail": detail }))).into_response()
}

pub(crate) fn field_errors(errors: &FieldErrors) -> Map<String, Value> {
    errors.iter().map(|(field, messages)| (field.to_string(), json!(messages))).collect()
}
