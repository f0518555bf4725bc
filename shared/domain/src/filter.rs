//! Filters of lists: tests on the fields of an object, in the words of NetBox's query parameters.
//!
//! A parameter is a field with a lookup behind it: `name`, `name__ic`, `start__gte`, `end__empty`. Several values of
//! one parameter mean "one of these", but for tags (`tag`, `tag_id`), of which an object must have all, as in NetBox;
//! several parameters must all hold (reference netbox-notices, section 2, Filters). A parameter with an empty value asks
//! for nothing: forms send those that were not filled in.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::HashSet;

use regex::{Regex, RegexBuilder};

use crate::error::{FieldErrors, Result};
use crate::event::EventKind;
use crate::ids::ID_LIMIT;
use crate::object::ObjectType;
use crate::time::{self, Time};

/// Longest value of a parameter, in bytes.
const MAX_VALUE_BYTES: usize = 4096;
/// The most values of one parameter.
const MAX_VALUES: usize = 1000;
/// Largest compiled form of a regular expression, in bytes. Matching takes time linear in the text.
const MAX_PATTERN_BYTES: usize = 256 * 1024;

/// What a field holds, as filters and orders see it.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldValue<'a> {
    /// Nothing, or a field that the object does not have.
    None,
    /// Text.
    Text(Cow<'a, str>),
    /// A number. Ids are below 2^53 and so exact.
    Number(f64),
    /// A time.
    Time(Time),
    /// Yes or no.
    Bool(bool),
    /// Several values, such as tags: a test holds when it holds for one of them.
    Many(Vec<FieldValue<'a>>),
}

impl<'a> FieldValue<'a> {
    /// Text, borrowed.
    pub fn text(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }

    /// An id.
    pub fn id(id: impl Into<u64>) -> Self {
        #[allow(clippy::cast_precision_loss, reason = "ids are below 2^53")]
        Self::Number(id.into() as f64)
    }

    /// A value that may be absent.
    pub fn optional<T>(value: Option<T>, of: impl FnOnce(T) -> Self) -> Self {
        value.map_or(Self::None, of)
    }

    /// The order of lists: nothing comes last, as PostgreSQL has it.
    pub fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::None, Self::None) => Ordering::Equal,
            (Self::None, _) => Ordering::Greater,
            (_, Self::None) => Ordering::Less,
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Number(a), Self::Number(b)) => a.total_cmp(b),
            (Self::Time(a), Self::Time(b)) => a.cmp(b),
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::Many(a), Self::Many(b)) => {
                let first = a.iter().zip(b).map(|(a, b)| a.order(b)).find(|order| order.is_ne());
                first.unwrap_or_else(|| a.len().cmp(&b.len()))
            }
            // One field holds one kind of value.
            (Self::Text(_) | Self::Number(_) | Self::Time(_) | Self::Bool(_) | Self::Many(_), _) => Ordering::Equal,
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::None => true,
            Self::Text(text) => text.is_empty(),
            Self::Many(values) => values.is_empty(),
            Self::Number(_) | Self::Time(_) | Self::Bool(_) => false,
        }
    }
}

/// An object that lists can be made of.
pub trait Filterable {
    /// Its id: lists that say no more are in its order.
    fn id(&self) -> u64;

    /// A field, by the name of the parameter that filters it.
    fn field(&self, name: &str) -> FieldValue<'_>;
}

/// An object with something that goes with it.
impl<T: Filterable, U> Filterable for (T, U) {
    fn id(&self) -> u64 {
        self.0.id()
    }

    fn field(&self, name: &str) -> FieldValue<'_> {
        self.0.field(name)
    }
}

/// What kind of values a parameter takes, and so which lookups it has.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// Any text.
    Text,
    /// One of a few texts; the function knows them. Other lookups than the exact one take any text.
    Choice(fn(&str) -> bool),
    /// A number.
    Number,
    /// An id of the object itself or of what it belongs to, whether there is such an object or not.
    Integer,
    /// The id of another object: exact or not.
    Id,
    /// A time, or a date alone.
    Time,
    /// True or false. Anything else is as good as nothing, as NetBox has it.
    Bool,
    /// A request's id.
    Uuid,
    /// The name of a type of events, `notices.outage`, in any case.
    EventType,
    /// The name of a type of objects, `dcim.site`, in any case.
    ObjectType,
    /// A slug of something that an object has several of: all values must be there.
    Slugs,
    /// An id of something that an object has several of: all values must be there.
    Ids,
}

impl Kind {
    /// The lookups of a kind, beside the plain parameter.
    pub fn lookups(self) -> &'static [&'static str] {
        match self {
            Self::Text | Self::Choice(_) | Self::EventType | Self::ObjectType => {
                &["n", "ic", "nic", "isw", "nisw", "iew", "niew", "ie", "nie", "regex", "iregex", "empty"]
            }
            Self::Number | Self::Integer | Self::Time => &["n", "gt", "gte", "lt", "lte", "empty"],
            Self::Id | Self::Slugs | Self::Ids => &["n"],
            Self::Bool | Self::Uuid => &[],
        }
    }
}

/// A parameter that a list knows.
pub type Parameter = (&'static str, Kind);

/// How a field is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// To the letter.
    Equal,
    /// In any case.
    EqualInAnyCase,
    /// Has this text in it, in any case.
    Contains,
    /// Begins with this text, in any case.
    StartsWith,
    /// Ends with this text, in any case.
    EndsWith,
    /// Matches this pattern.
    Matches,
    /// Holds nothing.
    Empty,
    /// Is more.
    Greater,
    /// Is as much or more.
    GreaterOrEqual,
    /// Is less.
    Less,
    /// Is as much or less.
    LessOrEqual,
}

/// What a field is compared with.
#[derive(Debug, Clone)]
pub enum Operand {
    /// Text.
    Text(String),
    /// A number.
    Number(f64),
    /// A time.
    Time(Time),
    /// Yes or no.
    Bool(bool),
    /// A regular expression.
    Pattern(Regex),
}

/// One parameter with its values.
#[derive(Debug, Clone)]
pub struct Test {
    /// The field.
    pub field: Cow<'static, str>,
    /// How it is compared.
    pub comparison: Comparison,
    /// Whether the comparison must fail for every operand.
    pub negated: bool,
    /// With what.
    pub operands: Vec<Operand>,
}

impl Test {
    fn holds(&self, value: &FieldValue<'_>) -> bool {
        self.operands.iter().any(|operand| self.compare(value, operand)) != self.negated
    }

    fn compare(&self, value: &FieldValue<'_>, operand: &Operand) -> bool {
        if self.comparison == Comparison::Empty {
            return matches!(operand, Operand::Bool(wanted) if *wanted == value.is_empty());
        }
        match (value, operand) {
            (FieldValue::Many(values), operand) => values.iter().any(|value| self.compare(value, operand)),
            (FieldValue::Text(text), Operand::Text(wanted)) => self.compare_text(text, wanted),
            (FieldValue::Text(text), Operand::Pattern(pattern)) => pattern.is_match(text),
            (FieldValue::Number(number), Operand::Number(wanted)) => self.ordered(number.total_cmp(wanted)),
            (FieldValue::Time(time), Operand::Time(wanted)) => self.ordered(time.cmp(wanted)),
            (FieldValue::Bool(value), Operand::Bool(wanted)) => value == wanted,
            // Custom fields are of any kind, and are asked for by text.
            (FieldValue::Number(number), Operand::Text(wanted)) => number.to_string() == *wanted,
            (FieldValue::Bool(value), Operand::Text(wanted)) => wanted.eq_ignore_ascii_case(&value.to_string()),
            (
                FieldValue::None
                | FieldValue::Text(_)
                | FieldValue::Number(_)
                | FieldValue::Time(_)
                | FieldValue::Bool(_),
                _,
            ) => false,
        }
    }

    fn compare_text(&self, text: &str, wanted: &str) -> bool {
        let folded = || (text.to_lowercase(), wanted.to_lowercase());
        match self.comparison {
            Comparison::Equal => text == wanted,
            Comparison::EqualInAnyCase => {
                let (text, wanted) = folded();
                text == wanted
            }
            Comparison::Contains => {
                let (text, wanted) = folded();
                text.contains(&wanted)
            }
            Comparison::StartsWith => {
                let (text, wanted) = folded();
                text.starts_with(&wanted)
            }
            Comparison::EndsWith => {
                let (text, wanted) = folded();
                text.ends_with(&wanted)
            }
            Comparison::Matches
            | Comparison::Empty
            | Comparison::Greater
            | Comparison::GreaterOrEqual
            | Comparison::Less
            | Comparison::LessOrEqual => false,
        }
    }

    fn ordered(&self, order: Ordering) -> bool {
        match self.comparison {
            Comparison::Equal => order.is_eq(),
            Comparison::Greater => order.is_gt(),
            Comparison::GreaterOrEqual => order.is_ge(),
            Comparison::Less => order.is_lt(),
            Comparison::LessOrEqual => order.is_le(),
            Comparison::EqualInAnyCase
            | Comparison::Contains
            | Comparison::StartsWith
            | Comparison::EndsWith
            | Comparison::Matches
            | Comparison::Empty => false,
        }
    }

    /// The ids that it asks for, where it asks for exact ones.
    pub fn ids(&self) -> Option<Vec<u64>> {
        if self.comparison != Comparison::Equal || self.negated {
            return None;
        }
        self.operands.iter().map(number).collect()
    }

    /// The texts that it asks for, where it asks for exact ones.
    pub fn texts(&self) -> Option<Vec<&str>> {
        if self.comparison != Comparison::Equal || self.negated {
            return None;
        }
        self.operands.iter().map(text).collect()
    }
}

fn text(operand: &Operand) -> Option<&str> {
    match operand {
        Operand::Text(text) => Some(text),
        Operand::Number(_) | Operand::Time(_) | Operand::Bool(_) | Operand::Pattern(_) => None,
    }
}

fn number(operand: &Operand) -> Option<u64> {
    match operand {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "ids are below 2^53")]
        Operand::Number(number) => Some(*number as u64),
        Operand::Text(_) | Operand::Time(_) | Operand::Bool(_) | Operand::Pattern(_) => None,
    }
}

/// What an object must be like to be in a list.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// All of these hold.
    pub tests: Vec<Test>,
    /// Text in one of the searched fields, in any case; blank asks for nothing.
    pub q: String,
    /// The fields that `q` searches.
    pub searched: &'static [&'static str],
    /// One of these ids, where what was asked for is found by other means.
    pub among: Option<HashSet<u64>>,
    /// None of these ids, for the same reason.
    pub except: HashSet<u64>,
}

impl Filter {
    /// Reads the parameters of a request. What a list does not know is ignored (behaviours L6).
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] on every parameter whose value is not valid.
    pub fn read<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
        parameters: &[Parameter],
        searched: &'static [&'static str],
    ) -> Result<Self> {
        let mut filter = Self { searched, ..Self::default() };
        let mut errors = FieldErrors::default();
        let mut names: Vec<String> = Vec::new();
        for (name, value) in pairs {
            if value.len() > MAX_VALUE_BYTES {
                errors.add(name.to_owned(), format!("Ensure this value has at most {MAX_VALUE_BYTES} bytes."));
                continue;
            }
            let found = known(name, parameters);
            if value.contains('\0') && (name == "q" || found.is_some()) {
                errors.add(name.to_owned(), "Null characters are not allowed.");
                continue;
            }
            if name == "q" {
                filter.q = value.trim().to_lowercase();
                continue;
            }
            let Some((field, kind, lookup)) = found.filter(|_| !value.is_empty()) else {
                continue;
            };
            let Some((comparison, negated)) = how(lookup) else {
                continue;
            };
            match operand(kind, lookup, value) {
                Ok(None) => {}
                Ok(Some(operand)) => {
                    // The values of one parameter are alternatives, but for things that an object has several of.
                    let together = !matches!(kind, Kind::Slugs | Kind::Ids) || negated;
                    match names.iter().position(|seen| together && seen == name) {
                        Some(at) if filter.tests[at].operands.len() >= MAX_VALUES => {
                            if !errors.has(name) {
                                errors.add(name.to_owned(), format!("Give at most {MAX_VALUES} values."));
                            }
                        }
                        Some(at) => filter.tests[at].operands.push(operand),
                        None => {
                            names.push(name.to_owned());
                            filter.tests.push(Test { field, comparison, negated, operands: vec![operand] });
                        }
                    }
                }
                Err(message) => errors.add(name.to_owned(), message),
            }
        }
        errors.into_result()?;
        Ok(filter)
    }

    /// Whether every object is in the list.
    pub fn is_empty(&self) -> bool {
        self.tests.is_empty() && self.q.is_empty() && self.among.is_none() && self.except.is_empty()
    }

    /// Whether an object is in the list.
    pub fn matches(&self, object: &impl Filterable) -> bool {
        self.among.as_ref().is_none_or(|ids| ids.contains(&object.id()))
            && !self.except.contains(&object.id())
            && self.tests.iter().all(|test| test.holds(&object.field(&test.field)))
            && (self.q.is_empty() || self.searched.iter().any(|field| has_text(&object.field(field), &self.q)))
    }

    /// Takes out the tests on these fields: they are found by other means.
    pub fn take(&mut self, fields: &[&str]) -> Vec<Test> {
        let (taken, kept) =
            std::mem::take(&mut self.tests).into_iter().partition(|test: &Test| fields.contains(&test.field.as_ref()));
        self.tests = kept;
        taken
    }

    /// Narrows the list to these ids, beside what it is narrowed to already.
    pub fn narrow(&mut self, ids: HashSet<u64>) {
        self.among = Some(match self.among.take() {
            Some(before) => before.intersection(&ids).copied().collect(),
            None => ids,
        });
    }

    /// The exact ids that a parameter asks for.
    pub fn ids(&self, field: &str) -> Option<Vec<u64>> {
        self.tests.iter().filter(|test| test.field == field).find_map(Test::ids)
    }

    /// The exact texts that a parameter asks for.
    pub fn texts(&self, field: &str) -> Option<Vec<&str>> {
        self.tests.iter().filter(|test| test.field == field).find_map(Test::texts)
    }

    /// The names of the fields that an object needs to be tested.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        let searched = if self.q.is_empty() { &[] } else { self.searched };
        self.tests.iter().map(|test| test.field.as_ref()).chain(searched.iter().copied())
    }

    /// The later of the times that a field must reach.
    pub fn at_least(&self, field: &str) -> Option<Time> {
        self.bound(field, [Comparison::Greater, Comparison::GreaterOrEqual])
    }

    /// A time that a field must not pass.
    pub fn at_most(&self, field: &str) -> Option<Time> {
        self.bound(field, [Comparison::Less, Comparison::LessOrEqual])
    }

    fn bound(&self, field: &str, comparisons: [Comparison; 2]) -> Option<Time> {
        let test = self.tests.iter().find(|test| test.field == field && comparisons.contains(&test.comparison))?;
        match test.operands.as_slice() {
            [Operand::Time(time)] => Some(*time),
            _ => None,
        }
    }
}

fn has_text(value: &FieldValue<'_>, part: &str) -> bool {
    match value {
        FieldValue::Text(text) => text.to_lowercase().contains(part),
        FieldValue::Many(values) => values.iter().any(|value| has_text(value, part)),
        FieldValue::None | FieldValue::Number(_) | FieldValue::Time(_) | FieldValue::Bool(_) => false,
    }
}

/// A comparison, and whether it is negated.
type How = (Comparison, bool);

/// The field, kind and lookup that a parameter's name stands for.
fn known<'a>(name: &'a str, parameters: &[Parameter]) -> Option<(Cow<'static, str>, Kind, &'a str)> {
    let (field, lookup) = match name.split_once("__") {
        Some((_, "")) => return None,
        Some(parts) => parts,
        None => (name, ""),
    };
    if let Some(custom) = field.strip_prefix("cf_") {
        // Nothing is known of a custom field's kind; NetBox finds text in it, unless told otherwise.
        let lookup = if lookup.is_empty() { "ic" } else { lookup };
        return Kind::Text.lookups().contains(&lookup).then(|| (format!("cf_{custom}").into(), Kind::Text, lookup));
    }
    let (field, kind) = parameters.iter().find(|(known, _)| *known == field)?;
    let has = lookup.is_empty() || kind.lookups().contains(&lookup);
    has.then_some((Cow::Borrowed(*field), *kind, lookup))
}

fn how(lookup: &str) -> Option<How> {
    Some(match lookup {
        "" => (Comparison::Equal, false),
        "n" => (Comparison::Equal, true),
        "ic" => (Comparison::Contains, false),
        "nic" => (Comparison::Contains, true),
        "isw" => (Comparison::StartsWith, false),
        "nisw" => (Comparison::StartsWith, true),
        "iew" => (Comparison::EndsWith, false),
        "niew" => (Comparison::EndsWith, true),
        "ie" => (Comparison::EqualInAnyCase, false),
        "nie" => (Comparison::EqualInAnyCase, true),
        "regex" | "iregex" => (Comparison::Matches, false),
        "empty" => (Comparison::Empty, false),
        "gt" => (Comparison::Greater, false),
        "gte" => (Comparison::GreaterOrEqual, false),
        "lt" => (Comparison::Less, false),
        "lte" => (Comparison::LessOrEqual, false),
        _ => return None,
    })
}

/// Reads a yes or a no.
fn yes_or_no(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

/// One value of a parameter; none where it asks for nothing.
fn operand(kind: Kind, lookup: &str, value: &str) -> std::result::Result<Option<Operand>, String> {
    if lookup == "empty" {
        return Ok(yes_or_no(value).map(Operand::Bool));
    }
    let not_a_choice = || format!("Select a valid choice. {value} is not one of the available choices.");
    Ok(match kind {
        Kind::Text | Kind::Choice(_) | Kind::EventType | Kind::ObjectType if lookup.ends_with("regex") => {
            let in_any_case = lookup == "iregex";
            let pattern = RegexBuilder::new(value).case_insensitive(in_any_case).size_limit(MAX_PATTERN_BYTES).build();
            Some(Operand::Pattern(pattern.map_err(|_| "Enter a valid regular expression.".to_owned())?))
        }
        Kind::Choice(known) if matches!(lookup, "" | "n") && !known(value) => return Err(not_a_choice()),
        // A type is named here; its number, as other parameters and bodies have it, is the name of none (reference
        // netbox-notices, section 2: Filters).
        Kind::EventType | Kind::ObjectType if value.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some(Operand::Text(value.to_owned()))
        }
        Kind::EventType | Kind::ObjectType if matches!(lookup, "" | "n") => {
            let found = ObjectType::parse(value);
            let found = found.filter(|found| matches!(kind, Kind::ObjectType) || EventKind::of(*found).is_some());
            Some(Operand::Text(found.ok_or_else(not_a_choice)?.as_str().to_owned()))
        }
        Kind::Text | Kind::Choice(_) | Kind::Slugs | Kind::EventType | Kind::ObjectType => {
            Some(Operand::Text(value.to_owned()))
        }
        Kind::Number => {
            let number = value.trim().parse::<f64>().ok().filter(|number| number.is_finite());
            Some(Operand::Number(number.ok_or("Enter a number.")?))
        }
        Kind::Id | Kind::Ids | Kind::Integer => {
            let id = value.trim().parse::<u64>().map_err(|_| "Enter a number.")?;
            if id >= ID_LIMIT {
                return Err(not_a_choice());
            }
            #[allow(clippy::cast_precision_loss, reason = "it is below 2^53")]
            Some(Operand::Number(id as f64))
        }
        Kind::Time => Some(Operand::Time(time::parse(value).ok_or("Enter a valid date/time.")?)),
        Kind::Bool => yes_or_no(value).map(Operand::Bool),
        Kind::Uuid => {
            let plain = value.len() == 36 && value.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
            if !plain {
                return Err("Enter a valid UUID.".into());
            }
            Some(Operand::Text(value.to_ascii_lowercase()))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Row;

    impl Filterable for Row {
        fn id(&self) -> u64 {
            7
        }

        fn field(&self, name: &str) -> FieldValue<'_> {
            match name {
                "name" => FieldValue::text("Fibre Cut"),
                "blank" => FieldValue::text(""),
                "status" => FieldValue::text("OPEN"),
                "size" => FieldValue::Number(12.0),
                "start" => FieldValue::Time(time::parse("2026-12-01T02:00:00Z").unwrap()),
                "done" => FieldValue::Bool(true),
                "owner_id" => FieldValue::id(3u64),
                "tag" => FieldValue::Many(vec![FieldValue::text("a"), FieldValue::text("b")]),
                "tag_id" => FieldValue::Many(vec![FieldValue::Number(1.0), FieldValue::Number(2.0)]),
                "type" => FieldValue::text("dcim.site"),
                "event" => FieldValue::text("notices.outage"),
                "cf_site" => FieldValue::text("Berlin 1"),
                _ => FieldValue::None,
            }
        }
    }

    const PARAMETERS: &[Parameter] = &[
        ("name", Kind::Text),
        ("blank", Kind::Text),
        ("status", Kind::Choice(|text| matches!(text, "OPEN" | "SHUT"))),
        ("size", Kind::Number),
        ("start", Kind::Time),
        ("end", Kind::Time),
        ("done", Kind::Bool),
        ("owner_id", Kind::Id),
        ("tag", Kind::Slugs),
        ("tag_id", Kind::Ids),
        ("type", Kind::ObjectType),
        ("event", Kind::EventType),
    ];

    fn read(query: &str) -> Result<Filter> {
        let pairs = query.split('&').filter(|part| !part.is_empty()).map(|part| part.split_once('=').unwrap());
        Filter::read(pairs, PARAMETERS, &["name", "status"])
    }

    #[track_caller]
    fn check(query: &str, expected: bool) {
        assert_eq!(read(query).unwrap().matches(&Row), expected, "{query}");
    }

    #[test]
    fn every_lookup_compares_as_its_name_says() {
        check("", true);
        check("name=Fibre Cut", true);
        check("name=fibre cut", false);
        check("name=x&name=Fibre Cut", true);
        check("name__n=Fibre Cut", false);
        check("name__n=x&name__n=Fibre Cut", false);
        check("name__ic=RE c", true);
        check("name__nic=RE c", false);
        check("name__isw=fib", true);
        check("name__nisw=cut", true);
        check("name__iew=CUT", true);
        check("name__niew=CUT", false);
        check("name__ie=FIBRE CUT", true);
        check("name__nie=FIBRE CUT", false);
        check("name__regex=^Fib.e", true);
        check("name__regex=^fib", false);
        check("name__iregex=^fib", true);
        check("blank__empty=true", true);
        check("name__empty=true", false);
        check("name__empty=false", true);
        check("end__empty=true", true);
        check("size__gte=12", true);
        check("size__gt=12", false);
        check("size__lt=1&size__gt=1", false);
        check("start=2026-12-01 02:00:00", true);
        check("start__gt=2026-12-01", true);
        check("start__lte=2026-12-01T03:00:00+02:00", false);
        check("end__gte=2026-12-01", false);
        check("end__n=2026-12-01", true);
        check("status=SHUT&status=OPEN", true);
        check("status__n=SHUT", true);
        check("done=TRUE", true);
        check("done=false", false);
        check("done=perhaps", true);
        check("owner_id=3&owner_id=4", true);
        check("owner_id__n=3", false);
        check("tag=a&tag=b", true);
        check("tag=a&tag=c", false);
        check("tag__n=a", false);
        check("tag_id=1&tag_id=2", true);
        check("tag_id=1&tag_id=3", false);
        check("tag_id__n=3&tag_id__n=2", false);
        check("type=DCIM.Site&event=notices.Outage", true);
        check("type__n=DCIM.Site", false);
        check("type__ic=SITE", true);
        check("name=&status=&size=&start__gte=&owner_id=&tag=&name__n=&end__empty=&event=", true);
        check("cf_site=berlin", true);
        check("cf_site__ie=berlin", false);
        check("cf_other=x", false);
        check("q=BRE", true);
        check("q=open", true);
        check("q=nothing", false);
        check("q= ", true);
        check("unknown=1&name__gt=3&name__=x", true);
    }

    #[test]
    fn a_value_that_is_not_valid_is_named_with_its_parameter() {
        for query in ["status=WRONG", "size__gte=x", "start__lte=soon", "owner_id=x", "owner_id=9007199254740992"] {
            let Err(crate::Error::Invalid(errors)) = read(query) else { panic!("{query}") };
            assert!(errors.has(query.split_once('=').unwrap().0), "{query}: {errors}");
        }
        for query in ["name=a\0", "q=\0", "status=\0", "event=dcim.site", "type=dcim.nothing", "tag_id=x"] {
            let Err(crate::Error::Invalid(errors)) = read(query) else { panic!("{query}") };
            assert!(errors.has(query.split_once('=').unwrap().0), "{query}: {errors}");
        }
        let many = vec!["owner_id=1"; 2 * MAX_VALUES].join("&");
        assert_eq!(read(&many).unwrap_err().to_string(), "owner_id: Give at most 1000 values.");
        assert!(read("unknown=\0").is_ok());
        assert!(read("name__regex=(").is_err());
        assert!(read("name__regex=(a{1000}){1000}").is_err());
    }
}
