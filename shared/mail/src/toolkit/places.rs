//! The zone of a place: for mails that give local time and name a city.
//!
//! The zone database's own names hold some 400 cities; the table adds the states and provinces of North America, the
//! countries with one zone, and the cities where carriers' networks meet that lend no zone their name.

use std::collections::HashMap;
use std::sync::LazyLock;

use chrono_tz::{TZ_VARIANTS, Tz};

use super::text::plain;

/// States and provinces by their postal codes, each with the zone of most of its people.
#[rustfmt::skip]
static STATES: &[(&str, Tz)] = &[
    ("AL", Tz::America__Chicago), ("AK", Tz::America__Anchorage), ("AZ", Tz::America__Phoenix),
    ("AR", Tz::America__Chicago), ("CA", Tz::America__Los_Angeles), ("CO", Tz::America__Denver),
    ("CT", Tz::America__New_York), ("DE", Tz::America__New_York), ("DC", Tz::America__New_York),
    ("FL", Tz::America__New_York), ("GA", Tz::America__New_York), ("HI", Tz::Pacific__Honolulu),
    ("ID", Tz::America__Boise), ("IL", Tz::America__Chicago), ("IN", Tz::America__Indiana__Indianapolis),
    ("IA", Tz::America__Chicago), ("KS", Tz::America__Chicago), ("KY", Tz::America__New_York),
    ("LA", Tz::America__Chicago), ("ME", Tz::America__New_York), ("MD", Tz::America__New_York),
    ("MA", Tz::America__New_York), ("MI", Tz::America__Detroit), ("MN", Tz::America__Chicago),
    ("MS", Tz::America__Chicago), ("MO", Tz::America__Chicago), ("MT", Tz::America__Denver),
    ("NE", Tz::America__Chicago), ("NV", Tz::America__Los_Angeles), ("NH", Tz::America__New_York),
    ("NJ", Tz::America__New_York), ("NM", Tz::America__Denver), ("NY", Tz::America__New_York),
    ("NC", Tz::America__New_York), ("ND", Tz::America__Chicago), ("OH", Tz::America__New_York),
    ("OK", Tz::America__Chicago), ("OR", Tz::America__Los_Angeles), ("PA", Tz::America__New_York),
    ("RI", Tz::America__New_York), ("SC", Tz::America__New_York), ("SD", Tz::America__Chicago),
    ("TN", Tz::America__Chicago), ("TX", Tz::America__Chicago), ("UT", Tz::America__Denver),
    ("VT", Tz::America__New_York), ("VA", Tz::America__New_York), ("WA", Tz::America__Los_Angeles),
    ("WV", Tz::America__New_York), ("WI", Tz::America__Chicago), ("WY", Tz::America__Denver),
    ("AB", Tz::America__Edmonton), ("BC", Tz::America__Vancouver), ("MB", Tz::America__Winnipeg),
    ("NB", Tz::America__Halifax), ("NS", Tz::America__Halifax), ("ON", Tz::America__Toronto),
    ("PE", Tz::America__Halifax), ("QC", Tz::America__Toronto), ("SK", Tz::America__Regina),
];

/// Cities, regions and countries, in small letters. Cities beside a state of another zone stand here too.
#[rustfmt::skip]
static PLACES: &[(&str, Tz)] = &[
    ("el paso", Tz::America__Denver), ("pensacola", Tz::America__Chicago), ("knoxville", Tz::America__New_York),
    ("chattanooga", Tz::America__New_York), ("san jose", Tz::America__Los_Angeles),
    ("san francisco", Tz::America__Los_Angeles), ("santa clara", Tz::America__Los_Angeles),
    ("sacramento", Tz::America__Los_Angeles), ("san diego", Tz::America__Los_Angeles),
    ("seattle", Tz::America__Los_Angeles), ("portland", Tz::America__Los_Angeles),
    ("las vegas", Tz::America__Los_Angeles), ("salt lake city", Tz::America__Denver),
    ("albuquerque", Tz::America__Denver), ("dallas", Tz::America__Chicago), ("houston", Tz::America__Chicago),
    ("austin", Tz::America__Chicago), ("san antonio", Tz::America__Chicago), ("kansas city", Tz::America__Chicago),
    ("st. louis", Tz::America__Chicago), ("st louis", Tz::America__Chicago), ("minneapolis", Tz::America__Chicago),
    ("milwaukee", Tz::America__Chicago), ("nashville", Tz::America__Chicago), ("memphis", Tz::America__Chicago),
    ("new orleans", Tz::America__Chicago), ("omaha", Tz::America__Chicago), ("tulsa", Tz::America__Chicago),
    ("oklahoma city", Tz::America__Chicago), ("atlanta", Tz::America__New_York), ("miami", Tz::America__New_York),
    ("orlando", Tz::America__New_York), ("tampa", Tz::America__New_York), ("jacksonville", Tz::America__New_York),
    ("charlotte", Tz::America__New_York), ("raleigh", Tz::America__New_York), ("ashburn", Tz::America__New_York),
    ("reston", Tz::America__New_York), ("washington", Tz::America__New_York), ("baltimore", Tz::America__New_York),
    ("philadelphia", Tz::America__New_York), ("pittsburgh", Tz::America__New_York), ("newark", Tz::America__New_York),
    ("secaucus", Tz::America__New_York), ("boston", Tz::America__New_York), ("cleveland", Tz::America__New_York),
    ("columbus", Tz::America__New_York), ("cincinnati", Tz::America__New_York), ("buffalo", Tz::America__New_York),
    ("indianapolis", Tz::America__Indiana__Indianapolis), ("honolulu", Tz::Pacific__Honolulu),
    ("montreal", Tz::America__Toronto), ("ottawa", Tz::America__Toronto), ("quebec", Tz::America__Toronto),
    ("calgary", Tz::America__Edmonton), ("guadalajara", Tz::America__Mexico_City),
    ("queretaro", Tz::America__Mexico_City), ("rio de janeiro", Tz::America__Sao_Paulo),
    ("fortaleza", Tz::America__Fortaleza), ("medellin", Tz::America__Bogota), ("quito", Tz::America__Guayaquil),
    ("barcelona", Tz::Europe__Madrid), ("bilbao", Tz::Europe__Madrid), ("valencia", Tz::Europe__Madrid),
    ("spain", Tz::Europe__Madrid), ("porto", Tz::Europe__Lisbon), ("portugal", Tz::Europe__Lisbon),
    ("marseille", Tz::Europe__Paris), ("lyon", Tz::Europe__Paris), ("strasbourg", Tz::Europe__Paris),
    ("france", Tz::Europe__Paris), ("frankfurt", Tz::Europe__Berlin), ("munich", Tz::Europe__Berlin),
    ("münchen", Tz::Europe__Berlin), ("hamburg", Tz::Europe__Berlin), ("düsseldorf", Tz::Europe__Berlin),
    ("dusseldorf", Tz::Europe__Berlin), ("duesseldorf", Tz::Europe__Berlin), ("cologne", Tz::Europe__Berlin),
    ("stuttgart", Tz::Europe__Berlin), ("nuremberg", Tz::Europe__Berlin), ("leipzig", Tz::Europe__Berlin),
    ("germany", Tz::Europe__Berlin), ("milan", Tz::Europe__Rome), ("milano", Tz::Europe__Rome),
    ("turin", Tz::Europe__Rome), ("palermo", Tz::Europe__Rome), ("italy", Tz::Europe__Rome),
    ("geneva", Tz::Europe__Zurich), ("basel", Tz::Europe__Zurich), ("bern", Tz::Europe__Zurich),
    ("switzerland", Tz::Europe__Zurich), ("rotterdam", Tz::Europe__Amsterdam), ("netherlands", Tz::Europe__Amsterdam),
    ("antwerp", Tz::Europe__Brussels), ("belgium", Tz::Europe__Brussels), ("manchester", Tz::Europe__London),
    ("slough", Tz::Europe__London), ("birmingham", Tz::Europe__London), ("edinburgh", Tz::Europe__London),
    ("united kingdom", Tz::Europe__London), ("ireland", Tz::Europe__Dublin), ("gothenburg", Tz::Europe__Stockholm),
    ("malmo", Tz::Europe__Stockholm), ("sweden", Tz::Europe__Stockholm), ("norway", Tz::Europe__Oslo),
    ("denmark", Tz::Europe__Copenhagen), ("finland", Tz::Europe__Helsinki), ("poland", Tz::Europe__Warsaw),
    ("krakow", Tz::Europe__Warsaw), ("brno", Tz::Europe__Prague), ("austria", Tz::Europe__Vienna),
    ("hungary", Tz::Europe__Budapest), ("romania", Tz::Europe__Bucharest), ("bulgaria", Tz::Europe__Sofia),
    ("greece", Tz::Europe__Athens), ("turkey", Tz::Europe__Istanbul), ("ankara", Tz::Europe__Istanbul),
    ("izmir", Tz::Europe__Istanbul), ("ukraine", Tz::Europe__Kyiv), ("st. petersburg", Tz::Europe__Moscow),
    ("saint petersburg", Tz::Europe__Moscow), ("tel aviv", Tz::Asia__Jerusalem), ("israel", Tz::Asia__Jerusalem),
    ("cape town", Tz::Africa__Johannesburg), ("south africa", Tz::Africa__Johannesburg),
    ("abu dhabi", Tz::Asia__Dubai), ("fujairah", Tz::Asia__Dubai), ("united arab emirates", Tz::Asia__Dubai),
    ("jeddah", Tz::Asia__Riyadh), ("saudi arabia", Tz::Asia__Riyadh), ("egypt", Tz::Africa__Cairo),
    ("mumbai", Tz::Asia__Kolkata), ("chennai", Tz::Asia__Kolkata), ("bangalore", Tz::Asia__Kolkata),
    ("bengaluru", Tz::Asia__Kolkata), ("delhi", Tz::Asia__Kolkata), ("new delhi", Tz::Asia__Kolkata),
    ("hyderabad", Tz::Asia__Kolkata), ("pune", Tz::Asia__Kolkata), ("india", Tz::Asia__Kolkata),
    ("osaka", Tz::Asia__Tokyo), ("japan", Tz::Asia__Tokyo), ("busan", Tz::Asia__Seoul), ("korea", Tz::Asia__Seoul),
    ("beijing", Tz::Asia__Shanghai), ("shenzhen", Tz::Asia__Shanghai), ("guangzhou", Tz::Asia__Shanghai),
    ("china", Tz::Asia__Shanghai), ("taiwan", Tz::Asia__Taipei), ("hong kong", Tz::Asia__Hong_Kong),
    ("thailand", Tz::Asia__Bangkok), ("vietnam", Tz::Asia__Ho_Chi_Minh), ("hanoi", Tz::Asia__Ho_Chi_Minh),
    ("malaysia", Tz::Asia__Kuala_Lumpur), ("philippines", Tz::Asia__Manila), ("canberra", Tz::Australia__Sydney),
    ("new zealand", Tz::Pacific__Auckland), ("wellington", Tz::Pacific__Auckland),
    ("köln", Tz::Europe__Berlin), ("nürnberg", Tz::Europe__Berlin), ("wien", Tz::Europe__Vienna),
    ("zürich", Tz::Europe__Zurich), ("genève", Tz::Europe__Zurich), ("bruxelles", Tz::Europe__Brussels),
    ("roma", Tz::Europe__Rome), ("lisboa", Tz::Europe__Lisbon), ("londres", Tz::Europe__London),
    ("são paulo", Tz::America__Sao_Paulo), ("brasilia", Tz::America__Sao_Paulo), ("brasília", Tz::America__Sao_Paulo),
    ("bogotá", Tz::America__Bogota), ("ciudad de méxico", Tz::America__Mexico_City),
    ("argentina", Tz::America__Argentina__Buenos_Aires), ("colombia", Tz::America__Bogota),
    ("perú", Tz::America__Lima), ("venezuela", Tz::America__Caracas),
];

/// Every place by its name in small letters.
static BY_NAME: LazyLock<HashMap<String, Tz>> = LazyLock::new(|| {
    // `America/Indiana/Knox` is no city that a carrier means by Knox: only names of two segments are cities.
    let cities = TZ_VARIANTS.iter().filter_map(|&zone| match zone.name().split('/').collect::<Vec<_>>().as_slice() {
        [region, city] if !matches!(*region, "Etc" | "US" | "Canada" | "SystemV") => {
            Some((city.replace('_', " ").to_lowercase(), zone))
        }
        _ => None,
    });
    cities.chain(PLACES.iter().map(|&(name, zone)| (name.to_owned(), zone))).collect()
});

/// Longest text in which a place is looked for, in bytes.
const MAX_PLACE_BYTES: usize = 300;

/// The zone of the place that the text names: `San Jose, CA`, `Frankfurt, Germany`. A city goes before the state or
/// country that it lies in, except where the state's code says which of several cities is meant.
pub(crate) fn zone(text: &str) -> Option<Tz> {
    let mut end = text.len().min(MAX_PLACE_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let text = text.get(..end)?;
    let state = text
        .split([',', ' ', '\n', '/'])
        .map(|word| word.trim_matches(['.', ')', '(', ';']))
        .zip(std::iter::once(None).chain(text.split([',', ' ', '\n', '/']).map(Some)))
        // A code of two capitals stands behind a city's name.
        .filter(|(_, before)| before.is_some())
        .find_map(|(word, _)| STATES.iter().find(|(code, _)| *code == word).map(|&(_, zone)| zone));
    let lower = plain(text);
    let words: Vec<&str> = lower.split([' ', ',', '/', '(', ')', ';', '-']).filter(|word| !word.is_empty()).collect();
    let named =
        (1..=3).rev().find_map(|length| words.windows(length).find_map(|words| BY_NAME.get(&words.join(" ")).copied()));
    // Portland is in Oregon, unless it is followed by `ME`.
    let is_own_exception = |zone: Tz| PLACES.iter().take(4).any(|&(name, own)| own == zone && lower.contains(name));
    match (state, named) {
        (Some(_), Some(city)) if is_own_exception(city) => Some(city),
        (Some(state), _) => Some(state),
        (None, named) => named,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_known_by_city_state_or_country() {
        for (text, expected) in [
            ("San Jose, CA", Some(Tz::America__Los_Angeles)),
            ("El Paso, TX", Some(Tz::America__Denver)),
            ("Portland, ME", Some(Tz::America__New_York)),
            ("the greater Dallas area", Some(Tz::America__Chicago)),
            ("Paris, France", Some(Tz::Europe__Paris)),
            ("Hong Kong", Some(Tz::Asia__Hong_Kong)),
            ("Rural Hollow, KS", Some(Tz::America__Chicago)),
            ("Madrid", Some(Tz::Europe__Madrid)),
            ("nowhere at all", None),
            ("", None),
        ] {
            assert_eq!(zone(text), expected, "{text}");
        }
    }
}
