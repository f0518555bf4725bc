//! One operation of the document, and what operations have in common: parameters, headers, refusals.

use noticeboard_domain::change::Action;
use noticeboard_domain::event::EventKind;
use noticeboard_domain::filter::{Kind, Parameter};
use noticeboard_domain::ids::ID_LIMIT;
use noticeboard_domain::job::{JobName, JobStatus};
use noticeboard_domain::journal_entry::JournalKind;
use noticeboard_domain::object::ObjectType;
use noticeboard_domain::status::{ImpactLevel, MaintenanceStatus, OutageStatus};
use noticeboard_domain::token::Scope;
use serde_json::{Map, Value, json};

use super::schema::reference;
use crate::query::{DEFAULT_LIMIT, MAX_LIMIT};

/// A method that routes take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Post => "post",
            Self::Put => "put",
            Self::Patch => "patch",
            Self::Delete => "delete",
        }
    }
}

/// Why a request is refused: the answers of [`crate::ApiError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    BadRequest,
    BadElements,
    Forbidden,
    NotFound,
    Conflict,
    PreconditionFailed,
    TooLarge,
    KeyReused,
    Unavailable,
}

impl Refused {
    pub(super) const ALL: [Self; 9] = [
        Self::BadRequest,
        Self::BadElements,
        Self::Forbidden,
        Self::NotFound,
        Self::Conflict,
        Self::PreconditionFailed,
        Self::TooLarge,
        Self::KeyReused,
        Self::Unavailable,
    ];

    fn status(self) -> &'static str {
        match self {
            Self::BadRequest | Self::BadElements => "400",
            Self::Forbidden => "403",
            Self::NotFound => "404",
            Self::Conflict => "409",
            Self::PreconditionFailed => "412",
            Self::TooLarge => "413",
            Self::KeyReused => "422",
            Self::Unavailable => "503",
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::BadRequest => "BadRequest",
            Self::BadElements => "BadElements",
            Self::Forbidden => "Forbidden",
            Self::NotFound => "NotFound",
            Self::Conflict => "Conflict",
            Self::PreconditionFailed => "PreconditionFailed",
            Self::TooLarge => "TooLarge",
            Self::KeyReused => "KeyReused",
            Self::Unavailable => "Unavailable",
        }
    }

    /// The answer, as the document has it once.
    pub(super) fn answer(self) -> Value {
        let detail = || reference("Detail");
        let (description, schema) = match self {
            Self::BadRequest => (
                "Something in the request is not valid: messages by field (`__all__` for the object as a whole), or a \
                 `detail`.",
                json!({"anyOf": [reference("FieldErrors"), detail()]}),
            ),
            Self::BadElements => (
                "Something in the request is not valid: messages by field, or a `detail`; of several objects a list \
                 with the messages of each, in their order. Nothing was made.",
                json!({"anyOf": [
                    reference("FieldErrors"), detail(), {"type": "array", "items": reference("FieldErrors")},
                ]}),
            ),
            Self::Forbidden => (
                "No token, one that is wrong, expired, disabled or from a network that is none of its own, or one that \
                 may not do this.",
                detail(),
            ),
            Self::NotFound => ("There is no such object.", detail()),
            Self::Conflict => (
                "The state that the object is in does not allow it; or a request with the same idempotency key is \
                 still running (then with `Retry-After`).",
                detail(),
            ),
            Self::PreconditionFailed => ("The object is not the one that `If-Match` means any more.", detail()),
            Self::TooLarge => ("Larger than a limit, which the answer names.", detail()),
            Self::KeyReused => ("The idempotency key belongs to another request.", detail()),
            Self::Unavailable => ("The storage cannot be reached. Try again.", detail()),
        };
        let mut answer = answer(description, "application/json", &schema, &[]);
        if matches!(self, Self::Conflict | Self::Unavailable) {
            answer["headers"]["Retry-After"] = header("RetryAfter");
        }
        answer
    }
}

/// An answer with a body. `headers` are names of [`headers`], beside those that every answer has.
pub(super) fn answer(description: &str, media: &str, schema: &Value, headers: &[&str]) -> Value {
    let mut answer = empty(description, headers);
    answer["content"] = json!({media: {"schema": schema}});
    answer
}

/// An answer without a body.
pub(super) fn empty(description: &str, headers: &[&str]) -> Value {
    let mut all = json!({"API-Version": header("APIVersion"), "X-Request-ID": header("XRequestID")});
    for name in headers {
        all[*name] = header(&name.replace('-', ""));
    }
    json!({"description": description, "headers": all})
}

fn header(name: &str) -> Value {
    json!({"$ref": format!("#/components/headers/{name}")})
}

/// The headers of answers. What is required is on every answer that names it.
pub(super) fn headers() -> Value {
    let text = json!({"type": "string"});
    let address = json!({"type": "string", "format": "uri"});
    let validator = json!({"type": "string", "pattern": "^\".+\"$"});
    json!({
        "APIVersion": {
            "description": "The version of NetBox's API that this one is like.", "required": true, "schema": text,
        },
        "XRequestID": {
            "description": "The request's id, as the log and the changes have it.", "required": true,
            "schema": {"type": "string", "format": "uuid"},
        },
        "ETag": {
            "description": "The validator of the answer, for `If-Match` and `If-None-Match`.", "required": true,
            "schema": validator,
        },
        "ETagOfOne": {
            "description": "The validator of the object, when one was made.", "schema": validator,
        },
        "Location": {"description": "The address of the object, when one was made.", "schema": address},
        "IdempotentReplayed": {
            "description": "`true` on the answer of an earlier request with the same key.",
            "schema": {"type": "string", "enum": ["true"]},
        },
        "RetryAfter": {"description": "After how many seconds to try again.", "schema": {"type": "string"}},
        "LastModified": {"description": "When what is shown last changed, for `If-Modified-Since`.", "schema": text},
        "CacheControl": {"description": "How long a copy may be kept.", "schema": text},
        "ContentDisposition": {"description": "The name of the file.", "schema": text},
    })
}

/// An operation of the document.
pub(super) struct Operation {
    pub(super) path: String,
    pub(super) method: Method,
    value: Value,
}

impl Operation {
    /// An operation that takes a token.
    pub(super) fn new(method: Method, path: &str, id: &str, tag: &str, summary: &str) -> Self {
        let value = json!({
            "operationId": id, "summary": summary, "tags": [tag], "parameters": [], "responses": {},
        });
        let mut operation = Self { path: path.to_owned(), method, value };
        // In the order in which they are read.
        if path.contains("{id}") {
            operation = operation.parameter("id");
        }
        operation.refused(&[Refused::Forbidden, Refused::Unavailable])
    }

    pub(super) fn described(mut self, description: &str) -> Self {
        self.value["description"] = json!(description);
        self
    }

    /// No token is needed.
    pub(super) fn public(mut self) -> Self {
        self.value["security"] = json!([]);
        self.value["responses"] = json!({});
        self
    }

    /// Other ways to show a token.
    pub(super) fn security(mut self, security: Value) -> Self {
        self.value["security"] = security;
        self
    }

    fn push(mut self, parameter: Value) -> Self {
        if let Some(parameters) = self.value["parameters"].as_array_mut() {
            parameters.push(parameter);
        }
        self
    }

    /// A parameter that the document has once, under this name.
    pub(super) fn parameter(self, name: &str) -> Self {
        self.push(json!({"$ref": format!("#/components/parameters/{name}")}))
    }

    /// A parameter of this operation alone.
    pub(super) fn own_parameter(self, parameter: Value) -> Self {
        self.push(parameter)
    }

    pub(super) fn parameters(self, names: &[&str]) -> Self {
        names.iter().fold(self, |operation, name| operation.parameter(name))
    }

    pub(super) fn body(mut self, media: &str, schema: &Value, required: bool) -> Self {
        self.value["requestBody"] = json!({"required": required, "content": {media: {"schema": schema}}});
        self
    }

    /// Another form of the body.
    pub(super) fn or_body(mut self, media: &str, schema: &Value) -> Self {
        self.value["requestBody"]["content"][media] = json!({"schema": schema});
        self
    }

    pub(super) fn answer(mut self, status: u16, answer: Value) -> Self {
        self.value["responses"][status.to_string()] = answer;
        self
    }

    pub(super) fn refused(mut self, all: &[Refused]) -> Self {
        for refused in all {
            let name = refused.name();
            self.value["responses"][refused.status()] = json!({"$ref": format!("#/components/responses/{name}")});
        }
        self
    }

    /// The operation, its answers in the order of their statuses.
    pub(super) fn finish(mut self) -> Value {
        if let Some(answers) = self.value["responses"].as_object_mut() {
            answers.sort_keys();
        }
        self.value
    }
}

/// The parameters that several operations have in common.
pub(super) fn parameters() -> Map<String, Value> {
    let query = |name: &str, description: &str, schema: Value| json!({"name": name, "in": "query", "description": description, "schema": schema});
    let header = |name: &str, description: &str| json!({"name": name, "in": "header", "description": description, "schema": {"type": "string"}});
    let names = || json!({"type": "string"});
    let id = json!({"type": "integer", "format": "int64", "minimum": 1, "maximum": ID_LIMIT - 1});
    let key = json!({"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"});
    let cursor = json!({"type": "integer", "minimum": 0});
    let limit = format!("Elements of a page, at most {MAX_LIMIT}; 0 asks for as many. {DEFAULT_LIMIT} unless given.");
    let all = [
        ("id", json!({"name": "id", "in": "path", "required": true, "schema": id})),
        ("limit", query("limit", &limit, json!({"type": "integer", "minimum": 0}))),
        ("offset", query("offset", "Elements to leave out before the page.", json!({"type": "integer", "minimum": 0}))),
        (
            "start",
            query(
                "start",
                "A cursor: the page begins at this id and goes on in the order of ids; nothing is counted, `next` has \
                 the cursor that follows.",
                cursor.clone(),
            ),
        ),
        (
            "startOrTime",
            query(
                "start",
                "All digits are a cursor: the page begins at this id and goes on in the order of ids; nothing is \
                 counted, `next` has the cursor that follows. Anything else is a time that the field must have.",
                json!({"anyOf": [cursor, reference("TimeRequest")]}),
            ),
        ),
        (
            "ordering",
            query(
                "ordering",
                "Fields to order by, with commas between them; `-` before one for the largest first.",
                names(),
            ),
        ),
        ("q", query("q", "Text to look for, in any case.", json!({"type": "string"}))),
        ("brief", query("brief", "Show only what tells objects apart.", json!({"type": "boolean"}))),
        ("fields", query("fields", "Show only these fields, with commas between them.", names())),
        ("omit", query("omit", "Do not show these fields, with commas between them.", names())),
        ("before", query("before", "The page begins before this change.", id_text())),
        ("ifMatch", header("If-Match", "Do it only to an object with one of these validators; `*` is any.")),
        ("ifNoneMatch", header("If-None-Match", "Answer 304 when the object still has one of these; `*` is any.")),
        (
            "ifModifiedSince",
            header("If-Modified-Since", "Answer 304 when nothing has changed since; `If-None-Match` counts before it."),
        ),
        (
            "idempotencyKey",
            json!({
                "name": "Idempotency-Key", "in": "header", "schema": key,
                "description": "The request is done once for each key of a user, however often it is sent within a \
                                day; a repetition has the first answer.",
            }),
        ),
    ];
    all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn id_text() -> Value {
    json!({"type": "integer", "format": "int64", "minimum": 1, "maximum": ID_LIMIT - 1})
}

/// The filters of a list, each with the name under which the document has it.
pub(super) fn filters(resource: &str, parameters: &[Parameter]) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    for (field, kind) in parameters {
        let lookups = std::iter::once("").chain(kind.lookups().iter().copied());
        // `start` without a lookup is also the cursor.
        for lookup in lookups.filter(|lookup| *field != "start" || !lookup.is_empty()) {
            let name = if lookup.is_empty() { (*field).to_owned() } else { format!("{field}__{lookup}") };
            let (one, kept_as) = value(*kind, lookup);
            let kept_as = if kept_as == "choice" { format!("{name}.{resource}") } else { format!("{name}.{kept_as}") };
            let schema = match single(*kind, lookup) {
                true => one,
                false => json!({"type": "array", "items": one}),
            };
            let described = description(*kind, lookup);
            let value = json!({"name": name, "in": "query", "description": described, "schema": schema});
            all.push((kept_as, value));
        }
    }
    all
}

/// Whether one value is all that a filter takes; of others several mean "one of these".
fn single(kind: Kind, lookup: &str) -> bool {
    lookup == "empty" || matches!(kind, Kind::Bool)
}

/// What a filter takes, and a name for it.
fn value(kind: Kind, lookup: &str) -> (Value, &'static str) {
    if lookup == "empty" {
        return (json!({"type": "boolean"}), "boolean");
    }
    match kind {
        Kind::Choice(known) if matches!(lookup, "" | "n") => {
            let statuses = MaintenanceStatus::ALL.iter().map(|status| status.as_str());
            let statuses = statuses.chain(OutageStatus::ALL.iter().map(|status| status.as_str()));
            let others = ImpactLevel::ALL.iter().map(|level| level.as_str());
            let others = others.chain(JournalKind::ALL.iter().map(|kind| kind.as_str()));
            let others = others.chain(Action::ALL.iter().map(|action| action.as_str()));
            let others = others.chain(Scope::ALL.iter().map(|scope| scope.as_str()));
            let others = others.chain(JobName::ALL.iter().map(|name| name.as_str()));
            let others = others.chain(JobStatus::ALL.iter().map(|status| status.as_str()));
            let values: Vec<&str> = statuses.chain(others).filter(|value| known(value)).collect();
            (json!({"type": "string", "enum": values}), "choice")
        }
        Kind::EventType if matches!(lookup, "" | "n") => {
            let names: Vec<&str> = EventKind::ALL.iter().map(|kind| kind.object_type().as_str()).collect();
            (json!({"type": "string", "enum": names}), "event type")
        }
        Kind::ObjectType if matches!(lookup, "" | "n") => {
            let names: Vec<&str> = ObjectType::ALL.iter().map(|kind| kind.as_str()).collect();
            (json!({"type": "string", "enum": names}), "object type")
        }
        Kind::Text | Kind::Choice(_) | Kind::EventType | Kind::ObjectType | Kind::Slugs => {
            (json!({"type": "string"}), "text")
        }
        Kind::Number => (json!({"type": "number"}), "number"),
        Kind::Integer | Kind::Id | Kind::Ids => {
            (json!({"type": "integer", "minimum": 0, "maximum": ID_LIMIT - 1}), "id")
        }
        Kind::Time => (reference("TimeRequest"), "time"),
        Kind::Bool => (json!({"type": "boolean"}), "boolean"),
        Kind::Uuid => (json!({"type": "string", "format": "uuid"}), "uuid"),
    }
}

fn description(kind: Kind, lookup: &str) -> &'static str {
    match (kind, lookup) {
        (Kind::Slugs | Kind::Ids, "") => "Has all of these.",
        (Kind::Slugs | Kind::Ids, _) => "Has none of these.",
        (_, "") => "Is one of these.",
        (_, "n") => "Is none of these.",
        (_, "ic") => "Contains one of these, in any case.",
        (_, "nic") => "Contains none of these, in any case.",
        (_, "isw") => "Begins with one of these, in any case.",
        (_, "nisw") => "Begins with none of these, in any case.",
        (_, "iew") => "Ends with one of these, in any case.",
        (_, "niew") => "Ends with none of these, in any case.",
        (_, "ie") => "Is one of these, in any case.",
        (_, "nie") => "Is none of these, in any case.",
        (_, "regex") => "Matches one of these regular expressions.",
        (_, "iregex") => "Matches one of these regular expressions, in any case.",
        (_, "empty") => "Holds nothing.",
        (_, "gt") => "Is more than one of these.",
        (_, "gte") => "Is one of these or more.",
        (_, "lt") => "Is less than one of these.",
        (_, "lte") => "Is one of these or less.",
        (..) => "",
    }
}
