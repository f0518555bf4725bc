//! The words that dates and times are written with, in English, Spanish, Portuguese, French and German.

/// The months of English, of which three letters are enough.
const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// Months of Spanish, Portuguese, French and German, and those of their abbreviations that are not words of English as well (`set`,
/// `out`).
#[rustfmt::skip]
const FOREIGN_MONTHS: &[(&str, u32)] = &[
    ("enero", 1), ("ene", 1), ("janeiro", 1), ("febrero", 2), ("fevereiro", 2), ("fev", 2), ("marzo", 3), ("março", 3),
    ("abril", 4), ("abr", 4), ("mayo", 5), ("maio", 5), ("mai", 5), ("junio", 6), ("junho", 6), ("julio", 7),
    ("julho", 7), ("agosto", 8), ("ago", 8), ("septiembre", 9), ("setiembre", 9), ("setembro", 9), ("octubre", 10),
    ("outubro", 10), ("noviembre", 11), ("novembro", 11), ("diciembre", 12), ("dic", 12), ("dezembro", 12), ("dez", 12),
    ("janvier", 1), ("janv", 1), ("février", 2), ("fevrier", 2), ("févr", 2), ("mars", 3), ("avril", 4), ("avr", 4),
    ("juin", 6), ("juillet", 7), ("juil", 7), ("août", 8), ("aout", 8), ("septembre", 9), ("octobre", 10),
    ("novembre", 11), ("décembre", 12), ("decembre", 12), ("déc", 12),
    ("januar", 1), ("jänner", 1), ("februar", 2), ("märz", 3), ("juni", 6), ("juli", 7), ("oktober", 10), ("okt", 10),
    ("dezember", 12),
];

/// Days of the week in Spanish, Portuguese, French and German. `mar` is a month.
#[rustfmt::skip]
const FOREIGN_WEEKDAYS: &[&str] = &[
    "lunes", "martes", "miércoles", "miercoles", "jueves", "viernes", "sábado", "sabado", "domingo",
    "segunda", "terça", "quarta", "quinta", "sexta",
    "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche",
    "montag", "dienstag", "mittwoch", "donnerstag", "freitag", "samstag", "sonnabend", "sonntag",
];

/// The number of the month that goes by this name.
pub(super) fn month_by_name(text: &str) -> Option<u32> {
    let starts = |month: &str| month.get(..text.len()).is_some_and(|start| start.eq_ignore_ascii_case(text));
    if let Some(index) = MONTHS.iter().position(|month| text.len() >= 3 && starts(month)) {
        return u32::try_from(index + 1).ok();
    }
    FOREIGN_MONTHS.iter().find(|(name, _)| is(text, name)).map(|&(_, month)| month)
}

pub(super) fn is_month(word: &str) -> bool {
    month_by_name(word).is_some()
}

pub(super) fn is_weekday(word: &str) -> bool {
    let is_english = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
        .iter()
        .any(|day| word.len() >= 3 && word.get(..3).is_some_and(|start| start.eq_ignore_ascii_case(day)))
        && !word.eq_ignore_ascii_case("month");
    is_english || FOREIGN_WEEKDAYS.iter().any(|day| is(word, day))
}

pub(super) fn is_noon(word: &str) -> bool {
    ["noon", "midday", "mediodía", "mediodia"].iter().any(|noon| is(word, noon))
}

pub(super) fn is_midnight(word: &str) -> bool {
    ["midnight", "medianoche"].iter().any(|midnight| is(word, midnight))
}

/// Whether the two are one word, whatever its case; `small` is in small letters.
fn is(word: &str, small: &str) -> bool {
    word.eq_ignore_ascii_case(small) || (!small.is_ascii() && !word.is_ascii() && word.to_lowercase() == small)
}
