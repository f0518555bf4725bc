//! CSV files with NetBox's column names.

use std::collections::HashMap;
use std::path::PathBuf;

use noticeboard_domain::inventory::{Field, FieldKind, Schema, schema};
use noticeboard_domain::object::ObjectType;
use serde_json::{Map, Value, json};

use super::{Kept, Row};
use crate::out;
use crate::place::Place;

/// A file with objects of one type.
#[derive(Debug, Clone)]
pub(super) struct File {
    pub(super) kind: ObjectType,
    path: PathBuf,
}

impl File {
    /// Reads `dcim.site=sites.csv`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (kind, path) = text.split_once('=').ok_or("use TYPE=FILE, such as dcim.site=sites.csv")?;
        let known = ObjectType::parse(kind).filter(|kind| schema(*kind).is_some());
        let kind = known.ok_or_else(|| format!("{kind} is not a type of the inventory, such as dcim.site"))?;
        Ok(Self { kind, path: path.into() })
    }
}

/// What the columns that NetBox's tables name otherwise are called.
fn column(schema: &Schema, header: &str) -> String {
    let name = header.trim().trim_start_matches('\u{feff}').to_lowercase().replace([' ', '-'], "_");
    let renamed = match (schema.kind, name.as_str()) {
        (ObjectType::Circuit, "circuit_id") => "cid",
        (ObjectType::IpAddress, "ip_address") => "address",
        (ObjectType::CircuitTermination, "side" | "termination_side") => "term_side",
        (_, "power_panel_name") => "power_panel",
        (_, other) => other,
    };
    renamed.to_owned()
}

/// The records of a CSV text (RFC 4180): fields in quotes may hold commas, quotes and line ends.
fn records(text: &str) -> Result<Vec<Vec<String>>, String> {
    let (mut records, mut record, mut field) = (Vec::new(), Vec::new(), String::new());
    let (mut quoted, mut line) = (false, 1);
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        line += usize::from(c == '\n');
        match c {
            '"' if quoted && rest.peek() == Some(&'"') => field.extend(rest.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => record.push(std::mem::take(&mut field)),
            '\r' if !quoted && rest.peek() == Some(&'\n') => {}
            '\n' if !quoted => {
                record.push(std::mem::take(&mut field));
                records.push(std::mem::take(&mut record));
            }
            c => field.push(c),
        }
    }
    if quoted {
        return Err(format!("line {line}: a quote is not closed"));
    }
    if !field.is_empty() || !record.is_empty() {
        record.push(field);
        records.push(record);
    }
    records.retain(|record| record.iter().any(|field| !field.trim().is_empty()));
    Ok(records)
}

/// What a file has.
pub(super) struct Table {
    name: String,
    header: Vec<String>,
    records: Vec<Vec<String>>,
}

impl Table {
    /// Reads a file, and tells which columns are not kept.
    pub(super) fn read(schema: &Schema, file: &File) -> Result<Self, String> {
        let name = file.path.display().to_string();
        let text = std::fs::read_to_string(&file.path).map_err(|error| format!("cannot read {name}: {error}"))?;
        let mut records = records(&text).map_err(|error| format!("{name}: {error}"))?.into_iter();
        let header = records.next().ok_or_else(|| format!("{name}: there is no header"))?;
        let header: Vec<String> = header.iter().map(|name| column(schema, name)).collect();
        for unknown in header.iter().filter(|column| !is_known(schema, column)) {
            out::say(format_args!("{name}: the column {unknown} is not kept"));
        }
        Ok(Self { name, header, records: records.collect() })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    /// The id of each object, where it has one.
    pub(super) fn ids(&self) -> impl Iterator<Item = Option<u64>> {
        let at = self.header.iter().position(|column| column == "id");
        self.records.iter().map(move |record| record.get(at?)?.trim().parse().ok())
    }

    /// The objects in these records, and what is wrong with others of them.
    pub(super) async fn rows(
        &self,
        schema: &'static Schema,
        open: &[usize],
        place: &Place,
        kept: &Kept,
    ) -> Result<(Vec<Row>, Vec<(usize, String)>), String> {
        let (mut rows, mut wrong, mut known) = (Vec::new(), Vec::new(), Known { place, kept, found: HashMap::new() });
        for at in open {
            let Some(record) = self.records.get(*at) else { continue };
            let columns = self.header.len();
            if record.iter().skip(columns).any(|cell| !cell.trim().is_empty()) {
                wrong.push((*at, format!("it has {} cells, and the header {columns}", record.len())));
                continue;
            }
            let cells: Vec<(&str, &str)> =
                self.header.iter().map(String::as_str).zip(record.iter().map(|cell| cell.trim())).collect();
            match row(schema, &cells, &mut known).await? {
                Ok(row) => rows.push(row),
                Err(message) => wrong.push((*at, message)),
            }
        }
        Ok((rows, wrong))
    }
}

fn is_known(schema: &Schema, column: &str) -> bool {
    let field = column.split('.').next().unwrap_or(column);
    let generic = schema.generic().is_some_and(|(_, kind, id)| column == kind || column == id);
    matches!(column, "id" | "tags") || column.starts_with("cf_") || generic || schema.field(field).is_some()
}

/// What cells can name.
struct Known<'a> {
    place: &'a Place,
    kept: &'a Kept,
    /// What was looked up, by type and query: the id, or why there is none.
    found: HashMap<(ObjectType, String), Result<u64, String>>,
}

/// One object as it is sent, or what is wrong with it.
async fn row(
    schema: &'static Schema,
    cells: &[(&str, &str)],
    known: &mut Known<'_>,
) -> Result<Result<Row, String>, String> {
    let mut row = Map::new();
    row.insert("object_type".to_owned(), schema.kind.as_str().into());
    let mut custom = Map::new();
    for (column, cell) in cells {
        let (name, attribute) = column.split_once('.').map_or((*column, None), |(name, by)| (name, Some(by)));
        if name == "id" {
            match cell.parse::<u64>() {
                Ok(id) => drop(row.insert("id".to_owned(), id.into())),
                Err(_) if cell.is_empty() => {}
                Err(_) => return Ok(Err(format!("id: {cell} is no number"))),
            }
        } else if name == "tags" {
            row.insert("tags".to_owned(), tags(cell));
        } else if let Some(name) = name.strip_prefix("cf_") {
            if !cell.is_empty() {
                custom.insert(name.to_owned(), (*cell).into());
            }
        } else if schema.generic().is_some_and(|(_, kind, id)| name == kind || name == id) {
            let value = if cell.is_empty() { Value::Null } else { cell.to_lowercase().into() };
            row.insert(name.to_owned(), value);
        } else if let Some(field) = schema.field(name) {
            let value = match field.kind {
                FieldKind::Reference(..) if cell.is_empty() => Some(Value::Null),
                FieldKind::Reference(to, _) => {
                    let site = row.get("site").and_then(Value::as_u64);
                    match referred(to, cell, attribute, site, known).await? {
                        Ok(id) => Some(json!(id)),
                        Err(message) => return Ok(Err(format!("{name}: {message}"))),
                    }
                }
                FieldKind::Text(_)
                | FieldKind::NullableText(_)
                | FieldKind::FreeText
                | FieldKind::Slug
                | FieldKind::Colour
                | FieldKind::Choice(..)
                | FieldKind::OpenChoice
                | FieldKind::Integer(..)
                | FieldKind::Number(..)
                | FieldKind::Boolean(_)
                | FieldKind::Date
                | FieldKind::Host
                | FieldKind::Network
                | FieldKind::Generic { .. }
                | FieldKind::Foreign(_)
                | FieldKind::ForeignList => plain(field, cell),
            };
            // What comes from a file was checked by nobody.
            let reference = matches!(field.kind, FieldKind::Reference(..));
            if let Some(Err(message)) = value.as_ref().filter(|_| !reference).map(|value| field.take(value, false)) {
                return Ok(Err(format!("{name}: {message}")));
            }
            row.extend(value.map(|value| (name.to_owned(), value)));
        }
    }
    if !custom.is_empty() {
        row.insert("custom_fields".to_owned(), custom.into());
    }
    Ok(Ok(row))
}

/// Tags by name, in one cell.
fn tags(cell: &str) -> Value {
    let names = cell.split(',').map(str::trim).filter(|name| !name.is_empty());
    names.map(|name| json!({"name": name, "slug": noticeboard_domain::notice::slug(name)})).collect()
}

/// A cell as a value; none where it says nothing.
fn plain(field: &Field, cell: &str) -> Option<Value> {
    if cell.is_empty() {
        let text = matches!(field.kind, FieldKind::Text(_) | FieldKind::FreeText | FieldKind::Colour);
        return match (text && !field.required, field.default()) {
            (true, _) => Some("".into()),
            (false, Value::Null) if !field.required => Some(Value::Null),
            (false, _) => None,
        };
    }
    Some(match field.kind {
        FieldKind::Choice(choices, _) => {
            let label = choices.iter().find(|(_, label)| label.eq_ignore_ascii_case(cell));
            label.map_or(cell, |(value, _)| value).into()
        }
        FieldKind::Foreign(_) => {
            cell.parse::<u64>().map_or_else(|_| json!({"name": cell, "display": cell}), |id| json!(id))
        }
        FieldKind::ForeignList => cell
            .split(',')
            .map(str::trim)
            .map(|name| name.parse::<u64>().map_or_else(|_| json!({"name": name, "display": name}), |id| json!(id)))
            .collect(),
        FieldKind::Text(_)
        | FieldKind::NullableText(_)
        | FieldKind::FreeText
        | FieldKind::Slug
        | FieldKind::Colour
        | FieldKind::OpenChoice
        | FieldKind::Integer(..)
        | FieldKind::Number(..)
        | FieldKind::Boolean(_)
        | FieldKind::Date
        | FieldKind::Host
        | FieldKind::Network
        | FieldKind::Reference(..)
        | FieldKind::Generic { .. } => cell.into(),
    })
}

/// The object that a cell names: by the attribute that the column names, else by name, by slug or by id. What the files
/// call an object that is there already under another id, name or slug means that one.
async fn referred(
    to: ObjectType,
    cell: &str,
    attribute: Option<&str>,
    site: Option<u64>,
    known: &mut Known<'_>,
) -> Result<Result<u64, String>, String> {
    let (Some(schema), Some(path)) = (schema(to), noticeboard_http::wire::path(to)) else {
        return Ok(Err(format!("{to} is not kept")));
    };
    // Names of locations and racks are those of their site.
    let of_site = site.filter(|_| schema.field("site").is_some());
    let site = of_site.map(|site| format!("&site_id={site}")).unwrap_or_default();
    let key = (to, format!("{}={cell}{site}", attribute.unwrap_or_default()));
    if let Some(found) = known.found.get(&key) {
        return Ok(found.clone());
    }
    let by: Vec<&str> = match attribute {
        Some(attribute) => vec![attribute],
        None => [Some(schema.display), schema.field("slug").map(|_| "slug")].into_iter().flatten().collect(),
    };
    let digits = cell.bytes().all(|b| b.is_ascii_digit());
    let by_id = (attribute.is_none() && digits).then_some("id");
    let mut answer = Err(format!("there is no {to} of this name, slug or id: {cell}"));
    for attribute in by.into_iter().chain(by_id) {
        let query = format!("{path}?limit=2&fields=id&{attribute}={}{site}", escaped(cell));
        let (status, page) = known.place.send("GET", &query, &Value::Null).await?;
        if status == 400 {
            continue;
        }
        if status != 200 {
            return Err(format!("GET {query}: {status} {page}"));
        }
        let ids: Vec<u64> =
            page["results"].as_array().into_iter().flatten().filter_map(|found| found["id"].as_u64()).collect();
        match ids.as_slice() {
            [] => {
                if let Some(here) = known.kept.called(to, attribute, cell, of_site) {
                    answer = Ok(here);
                    break;
                }
            }
            [one] => {
                answer = Ok(*one);
                break;
            }
            _ => {
                answer = Err(format!("several {to} are called {cell}: name one by id"));
                break;
            }
        }
    }
    known.found.insert(key, answer.clone());
    Ok(answer)
}

/// Text as part of a query.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&[&str]]) {
        assert_eq!(records(text).unwrap(), expected, "{text:?}");
    }

    #[test]
    fn records_are_read_as_rfc_4180_has_them() {
        check("a,b\n1,2\n", &[&["a", "b"], &["1", "2"]]);
        check("a,b\r\n1,2", &[&["a", "b"], &["1", "2"]]);
        check("\"a,\"\"b\",\"c\nd\"\n", &[&["a,\"b", "c\nd"]]);
        check("a,,b\n\n,,\n", &[&["a", "", "b"]]);
        check("", &[]);
        assert!(records("a\n\"b\n").unwrap_err().contains("not closed"));
    }
}
