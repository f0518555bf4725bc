//! `noticeboard import`.
//!
//! What is there is changed, what is the same is left alone, and nothing is deleted unless `--prune` says so. Objects keep
//! the ids that they have where they come from, so that `object_id: 42` means the same circuit in both.

mod csv;
mod netbox;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use noticeboard_domain::inventory::{FieldKind, Schema, schema};
use noticeboard_domain::object::ObjectType;
use serde_json::{Map, Value, json};

use crate::out;
use crate::place::Place;

/// The types that are brought in, each after those that it points at.
const TYPES: [ObjectType; 17] = [
    ObjectType::Provider,
    ObjectType::CircuitType,
    ObjectType::Circuit,
    ObjectType::Region,
    ObjectType::SiteGroup,
    ObjectType::Site,
    ObjectType::Location,
    ObjectType::CircuitTermination,
    ObjectType::Rack,
    ObjectType::Device,
    ObjectType::Interface,
    ObjectType::PowerPanel,
    ObjectType::PowerFeed,
    ObjectType::Prefix,
    ObjectType::VirtualMachine,
    ObjectType::VmInterface,
    ObjectType::IpAddress,
];

const PATH: &str = "/api/plugins/notices/import/";

/// Says of an object which others it replaces.
const REPLACES: &str = "replaces";

/// The most objects, and bytes of them, of one request.
const MAX_ROWS: usize = 1000;
const MAX_BYTES: usize = 1_500_000;

/// Ids from here on were minted by Noticeboard (they count milliseconds): what has one was made here, and no pruning
/// concerns it.
const FIRST_MINTED: u64 = 1 << 41;

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("source").required(true))]
pub(crate) struct Options {
    /// The address of a running NetBox.
    #[arg(long, group = "source", requires = "token")]
    netbox: Option<String>,
    /// A token of that NetBox that may read.
    #[arg(long, env = "NETBOX_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// A CSV file with objects of one type and NetBox's column names, such as dcim.site=sites.csv. References are by name,
    /// slug or id.
    #[arg(long, value_name = "TYPE=FILE", value_parser = csv::File::parse, group = "source")]
    csv: Vec<csv::File>,
    /// The data folder to write to, while nothing serves it. Without it, the server at `NOTICEBOARD_URL` is written to,
    /// with an administrator's `NOTICEBOARD_TOKEN`.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Delete what is not there any more: of the types that were read, objects that were brought in before. One that has
    /// the name or slug of an object that is new there gives it up first.
    #[arg(long)]
    prune: bool,
}

/// What became of the objects.
#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    read: usize,
    created: usize,
    updated: usize,
    unchanged: usize,
    kept: usize,
    deleted: usize,
    refused: usize,
}

impl Counts {
    fn add(&mut self, more: Self) {
        self.read += more.read;
        self.created += more.created;
        self.updated += more.updated;
        self.unchanged += more.unchanged;
        self.kept += more.kept;
        self.deleted += more.deleted;
        self.refused += more.refused;
    }

    fn show(&self, kind: ObjectType) {
        out::say(format_args!("{kind}: {self}"));
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { read, created, updated, unchanged, kept, deleted, refused } = self;
        write!(f, "{read} read, {created} created, {updated} updated, {unchanged} unchanged, {kept} kept, ")?;
        write!(f, "{deleted} deleted, {refused} refused")
    }
}

/// An object as it is sent.
type Row = Map<String, Value>;

/// Objects that have another id here than there, because they were here already.
#[derive(Debug, Default)]
struct Kept {
    /// By type and id there, the id here.
    moved: HashMap<(ObjectType, u64), u64>,
    /// By type, attribute and its value there, with the site that the object lies in; the id here.
    called: HashMap<(ObjectType, &'static str, String, Option<u64>), u64>,
}

impl Kept {
    /// Notes that an object is here under another id.
    fn keep(&mut self, schema: &Schema, row: &Row, there: u64, here: u64) {
        self.moved.insert((schema.kind, there), here);
        let site = row.get("site").and_then(Value::as_u64).filter(|_| schema.field("site").is_some());
        for field in [schema.display, "slug"] {
            if let Some(value) = row.get(field).and_then(Value::as_str) {
                self.called.insert((schema.kind, field, value.to_owned(), site), here);
            }
        }
    }

    /// The id here of what is called so there.
    fn called(&self, kind: ObjectType, attribute: &str, value: &str, site: Option<u64>) -> Option<u64> {
        if attribute == "id" {
            return self.moved.get(&(kind, value.parse().ok()?)).copied();
        }
        let mut found = self.called.iter().filter(|((of, by, called, within), _)| {
            *of == kind && *by == attribute && called == value && (site.is_none() || *within == site)
        });
        let (_, here) = found.next()?;
        found.all(|(_, other)| other == here).then_some(*here)
    }
}

/// An object that has the name or slug of one that is brought in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holder {
    /// It was made here, as far as is known.
    Here,
    /// It is there as well: it may be called otherwise there, and give the name up.
    There,
    /// It was brought in before, and is gone there.
    Gone,
}

/// The work, type by type.
struct Import {
    place: Place,
    /// Whether what is gone there is deleted or replaced.
    prune: bool,
    kept: Kept,
    /// The ids there, which are not to be pruned; nothing for a type of which not all ids are known.
    seen: BTreeMap<ObjectType, Option<HashSet<u64>>>,
    total: Counts,
}

pub(crate) async fn run(options: Options) -> Result<ExitCode, String> {
    let place = Place::new(options.data).await?;
    let prune = options.prune;
    let mut import = Import { place, prune, kept: Kept::default(), seen: BTreeMap::new(), total: Counts::default() };
    let source = match (options.netbox, options.token) {
        (Some(url), Some(token)) => Some(netbox::NetBox::new(&url, &token)),
        _ => None,
    };
    for kind in TYPES {
        let schema = schema(kind).ok_or_else(|| format!("{kind} is not part of the inventory"))?;
        match &source {
            Some(netbox) => match netbox.objects(schema)? {
                Some(objects) => {
                    let rows: Vec<Row> = objects.into_iter().map(|object| netbox::row(schema, object)).collect();
                    import.saw(kind, rows.iter().map(|row| row.get("id").and_then(Value::as_u64)));
                    import.objects(schema, rows).await?.show(kind);
                }
                None => out::say(format_args!("{kind}: not there, skipped")),
            },
            None => {
                let files = options.csv.iter().filter(|file| file.kind == kind);
                let tables = files.map(|file| csv::Table::read(schema, file)).collect::<Result<Vec<_>, _>>()?;
                // What one file lacks another one may have.
                tables.iter().for_each(|table| import.saw(kind, table.ids()));
                for table in &tables {
                    import.file(schema, table).await?;
                }
            }
        }
    }
    if options.prune {
        for kind in TYPES.into_iter().rev() {
            import.prune(kind).await?;
        }
    }
    out::say(format_args!("all: {}", import.total));
    Ok(if import.total.refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Import {
    /// Brings in the objects of a file. What names an object that comes later in it is read once more.
    async fn file(&mut self, schema: &'static Schema, table: &csv::Table) -> Result<(), String> {
        let mut counts = Counts::default();
        let mut open: Vec<usize> = (0..table.len()).collect();
        loop {
            let (rows, wrong) = table.rows(schema, &open, &self.place, &self.kept).await?;
            let progress = !rows.is_empty();
            if progress {
                counts.add(self.objects(schema, rows).await?);
            }
            if wrong.is_empty() || !progress {
                for (at, message) in &wrong {
                    out::complain(format_args!(
                        "refused {} in record {} of {}: {message}",
                        schema.kind,
                        at + 1,
                        table.name()
                    ));
                }
                let wrong = Counts { read: wrong.len(), refused: wrong.len(), ..Counts::default() };
                self.total.add(wrong);
                counts.add(wrong);
                break;
            }
            open = wrong.into_iter().map(|(at, _)| at).collect();
        }
        counts.show(schema.kind);
        Ok(())
    }

    /// Brings in objects of one type, and says what became of them. What points at an object that comes later in the same
    /// list, or has the name of one that does, is refused at first and sent again.
    async fn objects(&mut self, schema: &'static Schema, rows: Vec<Row>) -> Result<Counts, String> {
        let mut counts = Counts { read: rows.len(), ..Counts::default() };
        let mut open = rows;
        // What is not here under its id, and may have to do with another one.
        let mut absent: HashSet<u64> = HashSet::new();
        while !open.is_empty() {
            let sent = open.len();
            open.iter_mut().for_each(|row| self.point(schema, row));
            let (mut again, mut room): (Vec<(Row, Value)>, bool) = (Vec::new(), false);
            for batch in batches(open) {
                for (mut row, told) in self.send(batch).await? {
                    match told["result"].as_str() {
                        Some("created") => {
                            counts.created += 1;
                            self.replaced(schema, &row, &told);
                        }
                        Some("updated") => {
                            counts.updated += 1;
                            self.replaced(schema, &row, &told);
                        }
                        Some("unchanged") => counts.unchanged += 1,
                        result => {
                            if result == Some("kept") {
                                absent.extend(told["id"].as_u64());
                            }
                            match self.holder(schema.kind, &told) {
                                Some(Holder::Gone) if self.prune => room |= replace(&mut row, &told["kept"]),
                                Some(Holder::Here | Holder::Gone) if result == Some("kept") => {
                                    counts.kept += 1;
                                    self.keep(schema, &row, &told);
                                    continue;
                                }
                                Some(_) | None => {}
                            }
                            again.push((row, told));
                        }
                    }
                }
            }
            if again.len() == sent && !room {
                // Nothing more comes of it. What others point at may still mean the one that has its name.
                let stays = |(_, told): &(Row, Value)| told["id"].as_u64().is_some_and(|id| absent.contains(&id));
                let (kept, rest): (Vec<_>, Vec<_>) = again.into_iter().partition(stays);
                let last = kept.is_empty();
                for (row, told) in if last { &rest } else { &kept } {
                    if told["result"] == "kept" {
                        counts.kept += 1;
                    } else {
                        counts.refused += 1;
                        let hint = self.hint(schema.kind, told);
                        out::complain(format_args!("refused {} {}: {}{hint}", schema.kind, told["id"], told["errors"]));
                    }
                    if !last {
                        self.keep(schema, row, told);
                    }
                }
                again = if last { Vec::new() } else { rest };
            }
            open = again.into_iter().map(|(row, _)| row).collect();
        }
        self.total.add(counts);
        Ok(counts)
    }

    /// Notes which ids a type has there.
    fn saw(&mut self, kind: ObjectType, ids: impl Iterator<Item = Option<u64>>) {
        let ids: Option<HashSet<u64>> = ids.collect();
        let seen = self.seen.entry(kind).or_insert_with(|| Some(HashSet::new()));
        *seen = seen.take().zip(ids).map(|(mut seen, ids)| {
            seen.extend(ids);
            seen
        });
    }

    /// What is known of the object here that has the name or slug of one that was sent.
    fn holder(&self, kind: ObjectType, told: &Value) -> Option<Holder> {
        let here = told["kept"].as_u64()?;
        Some(match self.seen.get(&kind) {
            Some(Some(seen)) if here < FIRST_MINTED && seen.contains(&here) => Holder::There,
            Some(Some(_)) if here < FIRST_MINTED => Holder::Gone,
            Some(_) | None => Holder::Here,
        })
    }

    /// What to do about an object that has a name or slug that is needed.
    fn hint(&self, kind: ObjectType, told: &Value) -> String {
        match self.holder(kind, told) {
            Some(Holder::Gone) if !self.prune => {
                format!(" (which {}, gone there, still has here; --prune deletes it)", told["kept"])
            }
            Some(_) | None => String::new(),
        }
    }

    /// Lets an object that is there and cannot be here under its id be the one that has its name or slug.
    fn keep(&mut self, schema: &Schema, row: &Row, told: &Value) {
        let kind = schema.kind;
        let (Some(there), Some(here)) = (told["id"].as_u64(), told["kept"].as_u64()) else { return };
        match self.holder(kind, told) {
            Some(Holder::Gone) if self.prune => {
                out::say(format_args!("kept {kind} {here}: until it can be replaced, it stands for {there}"))
            }
            Some(Holder::Gone) => out::say(format_args!(
                "kept {kind} {here}: it has the name or slug of {there}, and is gone there; --prune replaces it by \
                 {there}, and until then it stands for {there}"
            )),
            Some(Holder::Here | Holder::There) | None => {
                out::say(format_args!(
                    "kept {kind} {here}: it has the name or slug of {there}, which is it from now on"
                ));
            }
        }
        self.kept.keep(schema, row, there, here);
        if let Some(Some(seen)) = self.seen.get_mut(&kind) {
            seen.insert(here);
        }
    }

    /// Lets what was replaced mean what has come in its place, for what was read before.
    fn replaced(&mut self, schema: &Schema, row: &Row, told: &Value) {
        let Some(here) = told["id"].as_u64() else { return };
        for gone in row.get(REPLACES).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_u64) {
            out::say(format_args!(
                "replaced {} {gone}: it is gone there, and {here} has come in its place",
                schema.kind
            ));
            self.kept.moved.insert((schema.kind, gone), here);
        }
    }

    /// Lets an object point at objects by the ids that they have here.
    fn point(&self, schema: &Schema, row: &mut Row) {
        for field in schema.fields {
            if let FieldKind::Reference(to, _) = field.kind {
                let id = row.get(field.name).and_then(Value::as_u64);
                if let Some(here) = id.and_then(|id| self.kept.moved.get(&(to, id))) {
                    row.insert(field.name.to_owned(), json!(here));
                }
            }
            if let FieldKind::Generic { kind, id } = field.kind {
                let to = row.get(kind).and_then(Value::as_str).and_then(ObjectType::parse);
                let there = row.get(id).and_then(Value::as_u64);
                if let Some(here) = to.zip(there).and_then(|object| self.kept.moved.get(&object)) {
                    row.insert(id.to_owned(), json!(here));
                }
            }
        }
    }

    /// Sends one request: each object, and what became of it.
    async fn send(&self, batch: Vec<Row>) -> Result<Vec<(Row, Value)>, String> {
        let body = Value::Array(batch.iter().cloned().map(Value::Object).collect());
        let answer = self.place.call("POST", PATH, body).await?;
        let Value::Array(told) = answer else {
            return Err(format!("POST {PATH}: no list in the answer"));
        };
        Ok(batch.into_iter().zip(told).collect())
    }

    /// Deletes the objects of one type that were brought in before and are not there any more.
    async fn prune(&mut self, kind: ObjectType) -> Result<(), String> {
        let Some(path) = noticeboard_http::wire::path(kind) else { return Ok(()) };
        let seen = match self.seen.get(&kind) {
            Some(Some(seen)) => seen,
            Some(None) => {
                out::say(format_args!("{kind}: not pruned, because not every object has an id"));
                return Ok(());
            }
            None => return Ok(()),
        };
        let (mut gone, mut start): (Vec<u64>, u64) = (Vec::new(), 0);
        loop {
            let query = format!("{path}?fields=id&limit=1000&start={start}");
            let page = self.place.call("GET", &query, Value::Null).await?;
            let ids: Vec<u64> =
                page["results"].as_array().into_iter().flatten().filter_map(|found| found["id"].as_u64()).collect();
            gone.extend(ids.iter().filter(|id| **id < FIRST_MINTED && !seen.contains(id)));
            match ids.last() {
                Some(last) if !page["next"].is_null() => start = last + 1,
                Some(_) | None => break,
            }
        }
        let mut counts = Counts::default();
        // What lies in another one of them goes before that one.
        loop {
            let mut needed: Vec<(u64, String)> = Vec::new();
            let tried = gone.len();
            for id in gone {
                let (status, answer) = self.place.send("DELETE", &format!("{path}{id}/"), &Value::Null).await?;
                match status {
                    204 | 404 => counts.deleted += 1,
                    409 => needed.push((id, answer["detail"].as_str().unwrap_or_default().to_owned())),
                    _ => return Err(format!("DELETE {path}{id}/: {status} {answer}")),
                }
            }
            if needed.is_empty() || needed.len() == tried {
                needed.iter().for_each(|(id, why)| out::complain(format_args!("refused {kind} {id}: {why}")));
                counts.refused = needed.len();
                break;
            }
            gone = needed.into_iter().map(|(id, _)| id).collect();
        }
        if counts.deleted + counts.refused > 0 {
            out::say(format_args!("{kind}: {} deleted, {} still needed", counts.deleted, counts.refused));
        }
        self.total.add(counts);
        Ok(())
    }
}

/// Lets an object replace another one, if it does not already.
fn replace(row: &mut Row, gone: &Value) -> bool {
    let replaces = row.entry(REPLACES).or_insert_with(|| json!([]));
    match replaces.as_array_mut() {
        Some(known) if !known.contains(gone) => {
            known.push(gone.clone());
            true
        }
        Some(_) | None => false,
    }
}

/// Parts that one request each can carry.
fn batches(rows: Vec<Row>) -> Vec<Vec<Row>> {
    let mut batches: Vec<(usize, Vec<Row>)> = Vec::new();
    for row in rows {
        let bytes = serde_json::to_string(&row).map_or(0, |text| text.len());
        match batches.last_mut() {
            Some((size, batch)) if batch.len() < MAX_ROWS && *size + bytes <= MAX_BYTES => {
                *size += bytes;
                batch.push(row);
            }
            Some(_) | None => batches.push((bytes, vec![row])),
        }
    }
    batches.into_iter().map(|(_, batch)| batch).collect()
}
