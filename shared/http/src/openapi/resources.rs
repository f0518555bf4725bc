//! The table of the API: resources, a line each, and the operations that are none.
//!
//! `tests/scopes.rs` compares it with the routes: what is served and not described fails there, and the reverse.

use noticeboard_app::Action;
use noticeboard_domain::event::EventKind;
use noticeboard_domain::filter::Parameter;
use noticeboard_domain::inventory::{Schema, kept};
use serde_json::{Value, json};

use super::operation::{Method, Operation, Refused, answer, empty, filters};
use super::requests::{self, Request, element, several};
use super::schema::{self, Schemas, derived, page, reference};
use super::{Document, JSON, calendar, inventory};
use crate::wire::event::{MAINTENANCE_FILTERS, OUTAGE_FILTERS, TimelineBody};
use crate::wire::import::ImportedBody;
use crate::wire::notification::{IngestedBody, NotificationBody};
use crate::wire::review::{ReviewBody, decisions};
use crate::wire::{change, event, impact, job, journal, notification, object_type, path, predecessor, tag, token};
use Method::{Delete, Get, Patch, Post, Put};

/// Objects of one type: a list at its path, and each object below it.
struct Resource {
    path: &'static str,
    /// The schema's name.
    name: String,
    /// `a maintenance`, `maintenances`.
    nouns: (String, String),
    /// The schema of an object.
    shape: Value,
    /// The methods of the list, and of each object.
    methods: (&'static [Method], &'static [Method]),
    list: List,
    request: Option<Request>,
    /// Whether objects have versions, which `ETag` tells.
    versioned: bool,
    /// Whether an object that others point at stays.
    held: bool,
}

/// What a list can be asked.
enum List {
    /// For a part of it, and by these.
    Plain(Vec<(&'static str, Value)>),
    /// For everything that lists can be asked: filters, order, both kinds of pages, what is shown of each object.
    Whole {
        filters: Vec<Parameter>,
        searched: &'static [&'static str],
        /// Filters without lookups.
        plain: Vec<(&'static str, Value)>,
    },
}

const MANY: &[Method] = &[Get, Post, Put, Patch, Delete];
const SOME: &[Method] = &[Get, Post];
const ONE: &[Method] = &[Get, Put, Patch, Delete];
const READ: &[Method] = &[Get];

/// What a list of the whole kind shows its objects with.
const SHOWN: [&str; 3] = ["brief", "fields", "omit"];

impl Resource {
    /// Objects that can be read, with versions.
    fn new(path: &'static str, name: &str, one: &str, many: &str, shape: Value) -> Self {
        Self {
            path,
            name: name.to_owned(),
            nouns: (one.to_owned(), many.to_owned()),
            shape,
            methods: (READ, READ),
            list: List::Plain(Vec::new()),
            request: None,
            versioned: true,
            held: false,
        }
    }

    /// With a list that can be asked for everything.
    fn list(mut self, filters: &[Parameter], searched: &'static [&'static str]) -> Self {
        self.list = List::Whole { filters: filters.to_vec(), searched, plain: Vec::new() };
        self
    }

    /// With other names of filters. What is renamed to nothing filters nothing.
    fn renamed(mut self, names: &'static [(&'static str, &'static str)]) -> Self {
        if let List::Whole { filters, plain, .. } = &mut self.list {
            for (name, of) in names {
                match filters.iter().find(|(known, _)| known == of) {
                    Some((_, kind)) => {
                        let kind = *kind;
                        // Ours and its own may have one name.
                        filters.retain(|(known, _)| known != name);
                        filters.push((name, kind));
                    }
                    None if of.is_empty() => filters.retain(|(known, _)| known != name),
                    // A bound of a time.
                    None => plain.push((name, reference("TimeRequest"))),
                }
            }
        }
        self
    }

    /// With a filter that has no lookups.
    fn filter(mut self, name: &'static str, schema: Value) -> Self {
        match &mut self.list {
            List::Whole { plain, .. } | List::Plain(plain) => plain.push((name, schema)),
        }
        self
    }

    /// With objects that can be made and changed.
    fn written(mut self, list: &'static [Method], one: &'static [Method], request: Request) -> Self {
        (self.methods, self.request) = ((list, one), Some(request));
        self
    }

    /// With objects that nothing changes.
    fn fixed(mut self) -> Self {
        self.versioned = false;
        self
    }

    fn tag(&self) -> &'static str {
        application(self.path)
    }
}

/// `/api/plugins/notices/…` belongs to `notices`, `/api/dcim/…` to `dcim`.
fn application(path: &'static str) -> &'static str {
    let mut parts = path.split('/').filter(|part| !["", "api", "plugins"].contains(part));
    parts.next().unwrap_or_default()
}

fn resources(schemas: &mut Schemas) -> Vec<Resource> {
    use predecessor::{IMPACT_PATH, MAINTENANCE_PATH, MAINTENANCE_RENAMED, NOTIFICATION_FILTERS, NOTIFICATION_PATH};
    let one = schema::maintenance(schemas);
    let maintenance = Resource::new(MAINTENANCE, "Maintenance", "a maintenance", "maintenances", one)
        .list(MAINTENANCE_FILTERS, event::SEARCHED)
        .written(MANY, ONE, requests::maintenance());
    let outage = Resource::new(OUTAGE, "Outage", "an outage", "outages", schema::outage(schemas))
        .list(OUTAGE_FILTERS, event::SEARCHED)
        .written(MANY, ONE, requests::outage());
    let one = derived::<impact::ImpactBody>(schemas);
    let impacts = Resource::new("/api/plugins/notices/impact/", "Impact", "an impact", "impacts", one)
        .list(impact::FILTERS, impact::SEARCHED)
        .written(MANY, ONE, requests::impact());
    let (path, one) = ("/api/plugins/notices/eventnotification/", derived::<NotificationBody>(schemas));
    let mails = Resource::new(path, "EventNotification", "a received mail", "received mails", one)
        .list(notification::FILTERS, notification::SEARCHED)
        .written(MANY, ONE, requests::notification());
    let (path, one) = ("/api/plugins/notices/review/", derived::<ReviewBody>(schemas));
    let (waits, wait) = ("a mail that waits for a person", "mails that wait for a person");
    let decision = json!({"type": "string", "enum": decisions().collect::<Vec<_>>()});
    let review = Resource::new(path, "ReviewItem", waits, wait, one).filter("decision", decision);
    let (path, one) = ("/api/core/object-changes/", derived::<change::ChangeBody>(schemas));
    let changes = Resource::new(path, "ObjectChange", "a change", "changes", one)
        .list(change::FILTERS, change::SEARCHED)
        .renamed(change::RENAMED)
        .fixed();
    let one = derived::<job::JobBody>(schemas);
    let jobs = Resource::new("/api/core/jobs/", "Job", "a job", "jobs", one).list(job::FILTERS, job::SEARCHED).fixed();
    let one = derived::<tag::TagBody>(schemas);
    let tags = Resource::new("/api/extras/tags/", "Tag", "a tag", "tags", one)
        .list(tag::FILTERS, tag::SEARCHED)
        .written(MANY, ONE, requests::tag());
    let (path, one) = ("/api/extras/journal-entries/", derived::<journal::JournalEntryBody>(schemas));
    let entries = Resource::new(path, "JournalEntry", "a journal entry", "journal entries", one)
        .list(journal::FILTERS, journal::SEARCHED)
        .written(SOME, ONE, requests::journal_entry());
    let object_type = |path, name: &str, one| {
        let (noun, nouns) = ("an object type", "object types");
        Resource::new(path, name, noun, nouns, one).list(object_type::FILTERS, object_type::SEARCHED).fixed()
    };
    let one = derived::<object_type::ObjectTypeBody>(schemas);
    let types = object_type("/api/core/object-types/", "ObjectType", one.clone());
    let same_types = object_type("/api/extras/object-types/", "ObjectType", one);
    let one = derived::<object_type::ContentTypeBody>(schemas);
    let content_types = object_type("/api/extras/content-types/", "ContentType", one);
    let (path, one) = ("/api/users/tokens/", derived::<token::TokenBody>(schemas));
    let change = &[Get, Patch, Delete];
    let tokens = Resource::new(path, "Token", "a token", "tokens", one).list(token::FILTERS, token::SEARCHED).written(
        SOME,
        change,
        requests::token(),
    );
    let one = derived::<predecessor::MaintenanceBody>(schemas);
    let old_maintenance =
        Resource::new(MAINTENANCE_PATH, "CircuitMaintenance", "a circuit maintenance", "circuit maintenances", one)
            .list(MAINTENANCE_FILTERS, event::SEARCHED)
            .renamed(MAINTENANCE_RENAMED)
            .filter("provider", json!({"type": "string"}))
            .written(SOME, ONE, requests::predecessors_maintenance());
    let (one, name) = (derived::<predecessor::ImpactBody>(schemas), "CircuitMaintenanceImpact");
    let old_impacts = Resource::new(IMPACT_PATH, name, "an impact on a circuit", "impacts on circuits", one)
        .list(impact::FILTERS, impact::SEARCHED)
        .renamed(predecessor::RENAMED)
        .written(SOME, ONE, requests::predecessors_impact());
    let (one, name) = (derived::<predecessor::NotificationBody>(schemas), "CircuitMaintenanceNotification");
    let old_mails = Resource::new(NOTIFICATION_PATH, name, "a received mail", "received mails", one)
        .list(NOTIFICATION_FILTERS, notification::SEARCHED)
        .renamed(predecessor::RENAMED)
        .written(SOME, ONE, requests::predecessors_notification());
    let notices = [maintenance, outage, impacts, mails, review];
    let netbox = [changes, jobs, types, tags, entries, same_types, content_types, tokens];
    let inventory: Vec<Resource> = kept().filter_map(|of| inventory(of, schemas)).collect();
    let predecessor = [old_maintenance, old_impacts, old_mails];
    notices.into_iter().chain(netbox).chain(inventory).chain(predecessor).collect()
}

/// A type of the inventory.
fn inventory(of: &'static Schema, schemas: &mut Schemas) -> Option<Resource> {
    let ((one, many), shape) = (inventory::nouns(of.kind), inventory::answered(of, schemas));
    let resource = Resource::new(path(of.kind)?, &inventory::name(of.kind), &one, &many, shape)
        .list(of.parameters(), of.searched)
        .written(MANY, ONE, inventory::requested(of));
    Some(Resource { held: true, ..resource })
}

const MAINTENANCE: &str = "/api/plugins/notices/maintenance/";
const OUTAGE: &str = "/api/plugins/notices/outage/";

/// What lists the addresses below it.
const ROOTS: [&str; 11] = [
    "/api/",
    "/api/circuits/",
    "/api/core/",
    "/api/dcim/",
    "/api/extras/",
    "/api/ipam/",
    "/api/plugins/",
    "/api/plugins/maintenance/",
    "/api/plugins/notices/",
    "/api/users/",
    "/api/virtualization/",
];

/// Every operation; their schemas go into the document as well.
pub(super) fn operations(document: &mut Document) -> Vec<Operation> {
    let mut all = Vec::new();
    for resource in resources(&mut document.schemas) {
        resource.add_schemas(&mut document.schemas);
        all.extend(resource.methods.0.iter().map(|method| resource.of_list(*method, document)));
        all.extend(resource.methods.1.iter().map(|method| resource.of_one(*method)));
    }
    all.extend(events());
    let timeline = derived::<TimelineBody>(&mut document.schemas);
    let inbound = derived::<IngestedBody>(&mut document.schemas);
    let imported = derived::<ImportedBody>(&mut document.schemas);
    let others = [
        ("ImportRequest", requests::import()),
        ("ImportedObject", imported),
        ("NestedObject", inventory::any_nested()),
        ("NoteRequest", requests::note()),
        ("ReschedulingRequest", requests::maintenance().change()),
        ("Timeline", timeline),
        ("InboundMail", inbound),
        ("Status", schema::status()),
        ("Root", schema::root()),
    ];
    for (name, schema) in others {
        document.schemas.add(name, schema);
    }
    all.extend(decided());
    all.extend([import(), inbound_mail(), raw_mail()]);
    all.extend(calendar::operations());
    for path in ROOTS {
        let root = Operation::new(Get, path, &id(path, "root_retrieve"), "api", "Say what is below this address");
        all.push(root.answer(200, answer("Names and addresses.", JSON, &reference("Root"), &[])));
    }
    let status = Operation::new(Get, "/api/status/", "status_retrieve", "api", "The versions of this server");
    all.push(status.answer(200, answer("The versions.", JSON, &reference("Status"), &[])));
    all.extend(publications());
    all
}

/// `/api/plugins/notices/maintenance/` → `plugins_notices_maintenance_list`, as NetBox names its operations.
pub(super) fn id(path: &str, what: &str) -> String {
    let parts = path.split('/').filter(|part| !part.is_empty() && *part != "api" && *part != "{id}");
    parts.chain([what]).map(|part| part.replace(['-', '.'], "_")).collect::<Vec<_>>().join("_")
}

impl Resource {
    fn add_schemas(&self, schemas: &mut Schemas) {
        schemas.add(&self.name, self.shape.clone());
        schemas.add(&format!("Paginated{}List", self.name), page(&self.name));
        if let Some(request) = &self.request {
            schemas.add(&format!("{}Request", self.name), request.whole());
            schemas.add(&format!("Patched{}Request", self.name), request.change());
        }
    }

    fn shown(&self, operation: Operation) -> Operation {
        match self.list {
            List::Whole { .. } => operation.parameters(&SHOWN),
            List::Plain(_) => operation,
        }
    }

    fn of_list(&self, method: Method, document: &mut Document) -> Operation {
        let (one, many) = &self.nouns;
        let bulk_too = self.methods.0 == MANY;
        let (what, summary) = match method {
            Get => ("list", format!("List {many}")),
            Post if bulk_too => ("create", format!("Make {one}, or several")),
            Post => ("create", format!("Make {one}")),
            Put => ("bulk_update", format!("Replace several {many}")),
            Patch => ("bulk_partial_update", format!("Change several {many}")),
            Delete => ("bulk_destroy", format!("Delete several {many}")),
        };
        let operation = Operation::new(method, self.path, &id(self.path, what), self.tag(), &summary);
        let object = reference(&self.name);
        let list = json!({"type": "array", "items": object});
        let request = reference(&format!("{}Request", self.name));
        let patched = reference(&format!("Patched{}Request", self.name));
        let bulk = |operation: Operation, body: Value| {
            let operation = operation.body(JSON, &several(&body), true);
            operation.refused(&[Refused::BadRequest, Refused::TooLarge])
        };
        match method {
            Get => self.listed(operation, document),
            Post => {
                let (body, made, bad) = if bulk_too {
                    let several = several(&request);
                    (json!({"anyOf": [request, several]}), json!({"anyOf": [object, list]}), Refused::BadElements)
                } else {
                    (request, object, Refused::BadRequest)
                };
                let headers = ["ETag-OfOne", "Location", "Idempotent-Replayed"];
                let made = created(&answer("Made.", JSON, &made, &headers));
                self.shown(operation).parameter("idempotencyKey").body(JSON, &body, true).answer(201, made).refused(&[
                    bad,
                    Refused::Conflict,
                    Refused::TooLarge,
                    Refused::KeyReused,
                ])
            }
            Put => bulk(self.shown(operation), element(Some(request)))
                .answer(200, answer("Changed, all of them, in their order.", JSON, &list, &[])),
            Patch => bulk(self.shown(operation), element(Some(patched)))
                .answer(200, answer("Changed, all of them, in their order.", JSON, &list, &[])),
            Delete => {
                let conflict: &[Refused] = if self.held { &[Refused::Conflict] } else { &[] };
                bulk(operation, element(None)).answer(204, empty("Deleted, all of them.", &[])).refused(conflict)
            }
        }
    }

    fn listed(&self, operation: Operation, document: &mut Document) -> Operation {
        let page = reference(&format!("Paginated{}List", self.name));
        let operation = operation.answer(200, answer("A part of the list.", JSON, &page, &[]));
        let own = |operation: Operation, plain: &[(&'static str, Value)]| {
            plain.iter().fold(operation, |operation, (name, schema)| {
                operation.own_parameter(json!({"name": name, "in": "query", "schema": schema}))
            })
        };
        match &self.list {
            List::Plain(plain) => {
                let operation = own(operation.parameters(&["limit", "offset"]), plain);
                if plain.is_empty() { operation } else { operation.refused(&[Refused::BadRequest]) }
            }
            List::Whole { filters: known, searched, plain } => {
                let start = known.iter().any(|(field, _)| *field == "start");
                let mut operation = self
                    .shown(operation.parameters(&["limit", "offset", if start { "startOrTime" } else { "start" }]))
                    .parameters(&["ordering", "q"])
                    .described(&format!(
                        "`q` looks into {}. Parameters that are not known are ignored; several must all hold. A custom \
                         field is asked for by `cf_` and its name, with the lookups of text.",
                        searched.iter().map(|field| format!("`{field}`")).collect::<Vec<_>>().join(", "),
                    ))
                    .refused(&[Refused::BadRequest]);
                for (name, parameter) in filters(&self.name, known) {
                    operation = operation.parameter(&name);
                    document.parameters.insert(name, parameter);
                }
                own(operation, plain)
            }
        }
    }

    fn of_one(&self, method: Method) -> Operation {
        let one = &self.nouns.0;
        let (what, summary) = match method {
            Get => ("retrieve", format!("Read {one}")),
            Post => ("create", format!("Make {one}")),
            Put => ("update", format!("Replace {one}")),
            Patch => ("partial_update", format!("Change {one}")),
            Delete => ("destroy", format!("Delete {one}")),
        };
        let path = format!("{}{{id}}/", self.path);
        let operation = Operation::new(method, &path, &id(self.path, what), self.tag(), &summary);
        let operation = operation.refused(&[Refused::NotFound]);
        let object = reference(&self.name);
        let changed = |operation: Operation, body: String| {
            self.shown(operation)
                .parameter("ifMatch")
                .body(JSON, &reference(&body), true)
                .answer(200, answer("Changed.", JSON, &object, &["ETag"]))
                .refused(&[Refused::BadRequest, Refused::PreconditionFailed, Refused::TooLarge])
        };
        match method {
            Get => {
                let operation = self.shown(operation);
                if !self.versioned {
                    return operation.answer(200, answer("The object.", JSON, &object, &[]));
                }
                operation
                    .parameter("ifNoneMatch")
                    .answer(200, answer("The object.", JSON, &object, &["ETag"]))
                    .answer(304, empty("The caller's copy is the present one.", &["ETag"]))
            }
            Put | Post => changed(operation, format!("{}Request", self.name)),
            Patch => changed(operation, format!("Patched{}Request", self.name)),
            Delete => {
                let operation = operation.parameter("ifMatch").answer(204, empty("Deleted.", &[]));
                let noted = self.request.as_ref().is_some_and(Request::is_noted);
                let operation = if noted { with_note(operation) } else { operation };
                let conflict: &[Refused] = if self.held { &[Refused::Conflict] } else { &[] };
                operation.refused(&[Refused::PreconditionFailed]).refused(conflict)
            }
        }
    }
}

/// The caller's note is all that the body has, and there need not be one.
fn with_note(operation: Operation) -> Operation {
    operation.body(JSON, &reference("NoteRequest"), false).refused(&[Refused::BadRequest, Refused::TooLarge])
}

/// An answer to a POST has the object's headers where one object was made.
pub(super) fn created(answer: &Value) -> Value {
    let mut answer = answer.clone();
    if let Some(headers) = answer["headers"].as_object_mut()
        && let Some(etag) = headers.shift_remove("ETag-OfOne")
    {
        headers.insert("ETag".to_owned(), etag);
    }
    answer
}

/// The quick actions and the timelines of events.
fn events() -> Vec<Operation> {
    let mut all = Vec::new();
    for (kind, name) in [(EventKind::Maintenance, "Maintenance"), (EventKind::Outage, "Outage")] {
        let base = format!("/api/plugins/notices/{}/{{id}}/", kind.as_str());
        let of = |method, last: &str, summary: &str| {
            let path = format!("{base}{last}/");
            let what = if method == Get { "retrieve" } else { "create" };
            Operation::new(method, &path, &id(&path, what), "notices", summary)
        };
        let refused = [
            Refused::BadRequest,
            Refused::NotFound,
            Refused::Conflict,
            Refused::PreconditionFailed,
            Refused::TooLarge,
            Refused::KeyReused,
        ];
        let post = |last: &str, summary: &str| {
            of(Post, last, summary).parameters(&["ifMatch", "idempotencyKey"]).refused(&refused)
        };
        let object = reference(name);
        let actions: &[Action] = match kind {
            EventKind::Maintenance => &Action::ALL,
            EventKind::Outage => &[Action::Acknowledge],
        };
        for action in actions {
            let summary = match action {
                Action::Acknowledge => "Say that someone has taken note",
                Action::MarkInProgress => "Say that the work has begun",
                Action::MarkCompleted => "Say that the work is done",
                Action::Cancel => "Say that it will not take place",
            };
            let done = answer("As it is now.", JSON, &object, &["ETag", "Idempotent-Replayed"]);
            all.push(with_note(post(action.as_str(), summary)).answer(200, done));
        }
        if kind == EventKind::Maintenance {
            let made = answer("The maintenance that replaces it.", JSON, &object, &["ETag-OfOne", "Location"]);
            let description = "Makes a maintenance of the values of this one and those that the body gives, which \
                               replaces it; this one becomes RE-SCHEDULED. Impacts are not copied.";
            all.push(
                post("reschedule", "Make a maintenance that replaces this one")
                    .described(description)
                    .body(JSON, &reference("ReschedulingRequest"), true)
                    .answer(201, created(&made)),
            );
        }
        let told = answer("A part of the timeline.", JSON, &reference("Timeline"), &[]);
        let timeline = of(Get, "timeline", "What happened to an event, the newest first");
        all.push(
            timeline
                .parameters(&["limit", "before"])
                .answer(200, told)
                .refused(&[Refused::BadRequest, Refused::NotFound]),
        );
    }
    all
}

fn import() -> Operation {
    let path = "/api/plugins/notices/import/";
    let list = json!({"type": "array", "items": reference("ImportedObject")});
    Operation::new(Post, path, &id(path, "create"), "notices", "Bring in objects of the inventory with their ids")
        .described(
            "An administrator's business. What is there is updated; one that is refused does not stop the others.",
        )
        .parameter("idempotencyKey")
        .body(JSON, &several(&reference("ImportRequest")), true)
        .answer(200, answer("What became of each, in their order.", JSON, &list, &["Idempotent-Replayed"]))
        .refused(&[Refused::BadElements, Refused::Conflict, Refused::TooLarge, Refused::KeyReused])
}

fn inbound_mail() -> Operation {
    let path = "/api/plugins/notices/inbound-mail/";
    let became = |description| answer(description, JSON, &reference("InboundMail"), &["Idempotent-Replayed"]);
    Operation::new(Post, path, &id(path, "create"), "notices", "Hand in a mail, byte for byte")
        .described("As mail that comes in by itself, but believed: whoever may write vouches for it.")
        .parameter("idempotencyKey")
        .body("message/rfc822", &json!({"type": "string", "contentMediaType": "message/rfc822"}), true)
        .or_body("application/octet-stream", &json!({"type": "string", "format": "binary"}))
        .answer(200, became("It was dealt with before; nothing was changed."))
        .answer(201, became("Its notices were applied."))
        .answer(202, became("It waits for a person."))
        .refused(&[Refused::BadRequest, Refused::Conflict, Refused::TooLarge, Refused::KeyReused])
}

/// What a person may decide about a mail that waits.
fn decided() -> [Operation; 2] {
    let of = |last: &str, summary: &str, description: &str| {
        let path = format!("/api/plugins/notices/review/{{id}}/{last}/");
        Operation::new(Post, &path, &id(&path, "create"), "notices", summary)
            .described(description)
            .parameters(&["ifMatch", "idempotencyKey"])
            .answer(200, answer("As it is now.", JSON, &reference("ReviewItem"), &["ETag", "Idempotent-Replayed"]))
            .refused(&[
                Refused::BadRequest,
                Refused::NotFound,
                Refused::Conflict,
                Refused::PreconditionFailed,
                Refused::KeyReused,
            ])
    };
    [
        of(
            "approve",
            "Let in a mail that waits for a person",
            "The mail is read again and applied, or the one notice of it that waits. What is still not understood, or \
             still breaks a rule, is refused with 409 and goes on waiting. Approving again changes nothing.",
        ),
        of(
            "deny",
            "Decide that a mail that waits for a person is not to count",
            "The mail is kept; another delivery of it changes nothing. Denying again changes nothing.",
        ),
    ]
}

fn raw_mail() -> Operation {
    let path = "/api/plugins/notices/review/{id}/raw/";
    let schema = json!({"type": "string", "contentMediaType": "message/rfc822"});
    let mail = answer("The whole mail, byte for byte.", "message/rfc822", &schema, &["Content-Disposition"]);
    Operation::new(Get, path, &id(path, "retrieve"), "notices", "Read a mail that waits for a person, byte for byte")
        .answer(200, mail)
        .refused(&[Refused::NotFound])
}

/// This document, and the page that is made of it.
fn publications() -> [Operation; 2] {
    let headers = ["ETag", "Cache-Control"];
    let of = |path: &str, summary: &str, media: &str, schema: Value| {
        Operation::new(Get, path, &id(path, "retrieve"), "api", summary)
            .public()
            .parameter("ifNoneMatch")
            .answer(200, answer("The document.", media, &schema, &headers))
            .answer(304, empty("The caller's copy is the present one.", &headers))
    };
    let text = json!({"type": "string"});
    [
        of("/api/schema/", "This document", JSON, json!({"type": "object"})),
        of("/api/docs/", "This document, as a page", "text/html; charset=utf-8", text),
    ]
}
