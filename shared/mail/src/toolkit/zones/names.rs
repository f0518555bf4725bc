//! Zones by the names that Windows, people and the zone database give them.

use chrono_tz::Tz;

use super::Zone;
use super::windows::WINDOWS;

/// Names for people, Windows' names and abbreviations, in capitals. In the Americas a mail in July that says EST means
/// what the clocks there show, which is EDT: both are the zone. Those that mean different offsets to different people
/// are in [`AMBIGUOUS`].
static NAMES: &[(&str, Tz)] = &[
    ("ACST", Tz::Australia__Adelaide),
    ("ADT", Tz::America__Halifax),
    ("AEDT", Tz::Australia__Sydney),
    ("AEST", Tz::Australia__Sydney),
    ("AKDT", Tz::America__Anchorage),
    ("AKST", Tz::America__Anchorage),
    ("ALASKA", Tz::America__Anchorage),
    ("ALASKAN STANDARD TIME", Tz::America__Anchorage),
    ("ARABIAN STANDARD TIME", Tz::Asia__Dubai),
    ("ARGENTINA TIME", Tz::America__Argentina__Buenos_Aires),
    ("ART", Tz::America__Argentina__Buenos_Aires),
    ("ATLANTIC", Tz::America__Halifax),
    ("ATLANTIC STANDARD TIME", Tz::America__Halifax),
    ("AUS EASTERN STANDARD TIME", Tz::Australia__Sydney),
    ("AWST", Tz::Australia__Perth),
    ("BOT", Tz::America__La_Paz),
    ("BRASILIA TIME", Tz::America__Sao_Paulo),
    ("BRITISH SUMMER TIME", Tz::Europe__London),
    ("BRST", Tz::America__Sao_Paulo),
    ("BRT", Tz::America__Sao_Paulo),
    ("CDT", Tz::America__Chicago),
    ("CENTRAL", Tz::America__Chicago),
    ("CENTRAL DAYLIGHT TIME", Tz::America__Chicago),
    ("CENTRAL EUROPE STANDARD TIME", Tz::Europe__Budapest),
    ("CENTRAL EUROPEAN STANDARD TIME", Tz::Europe__Warsaw),
    ("CENTRAL EUROPEAN SUMMER TIME", Tz::Europe__Paris),
    ("CENTRAL EUROPEAN TIME", Tz::Europe__Paris),
    ("CENTRAL STANDARD TIME", Tz::America__Chicago),
    ("CENTRAL TIME", Tz::America__Chicago),
    ("CEST", Tz::Europe__Paris),
    ("CET", Tz::Europe__Paris),
    ("CHILE TIME", Tz::America__Santiago),
    ("CHINA STANDARD TIME", Tz::Asia__Shanghai),
    ("CLST", Tz::America__Santiago),
    ("CLT", Tz::America__Santiago),
    ("COLOMBIA TIME", Tz::America__Bogota),
    ("COORDINATED UNIVERSAL TIME", Tz::UTC),
    ("COT", Tz::America__Bogota),
    ("CT", Tz::America__Chicago),
    ("E. SOUTH AMERICA STANDARD TIME", Tz::America__Sao_Paulo),
    ("EASTERN", Tz::America__New_York),
    ("EASTERN DAYLIGHT TIME", Tz::America__New_York),
    ("EASTERN EUROPEAN SUMMER TIME", Tz::Europe__Helsinki),
    ("EASTERN EUROPEAN TIME", Tz::Europe__Helsinki),
    ("EASTERN STANDARD TIME", Tz::America__New_York),
    ("EASTERN TIME", Tz::America__New_York),
    ("EAT", Tz::Africa__Nairobi),
    ("ECT", Tz::America__Guayaquil),
    ("ECUADOR TIME", Tz::America__Guayaquil),
    ("EDT", Tz::America__New_York),
    ("EEST", Tz::Europe__Helsinki),
    ("EET", Tz::Europe__Helsinki),
    ("EPT", Tz::America__New_York),
    ("EST", Tz::America__New_York),
    ("ET", Tz::America__New_York),
    ("FLE STANDARD TIME", Tz::Europe__Kyiv),
    ("GMT", Tz::UTC),
    ("GMT STANDARD TIME", Tz::Europe__London),
    ("GREENWICH MEAN TIME", Tz::UTC),
    ("GREENWICH STANDARD TIME", Tz::Atlantic__Reykjavik),
    ("GST", Tz::Asia__Dubai),
    ("GTB STANDARD TIME", Tz::Europe__Bucharest),
    ("GULF STANDARD TIME", Tz::Asia__Dubai),
    ("HAWAII", Tz::Pacific__Honolulu),
    ("HAWAIIAN STANDARD TIME", Tz::Pacific__Honolulu),
    ("HKT", Tz::Asia__Hong_Kong),
    ("HONG KONG TIME", Tz::Asia__Hong_Kong),
    ("HST", Tz::Pacific__Honolulu),
    ("ICT", Tz::Asia__Bangkok),
    ("INDIA STANDARD TIME", Tz::Asia__Kolkata),
    ("INDIAN STANDARD TIME", Tz::Asia__Kolkata),
    ("JAPAN STANDARD TIME", Tz::Asia__Tokyo),
    ("JAPAN TIME", Tz::Asia__Tokyo),
    ("JST", Tz::Asia__Tokyo),
    ("KOREA STANDARD TIME", Tz::Asia__Seoul),
    ("KST", Tz::Asia__Seoul),
    ("LONDON", Tz::Europe__London),
    ("MDT", Tz::America__Denver),
    ("MESZ", Tz::Europe__Berlin),
    ("MET", Tz::Europe__Paris),
    ("MEZ", Tz::Europe__Berlin),
    ("MOUNTAIN", Tz::America__Denver),
    ("MOUNTAIN DAYLIGHT TIME", Tz::America__Denver),
    ("MOUNTAIN STANDARD TIME", Tz::America__Denver),
    ("MOUNTAIN TIME", Tz::America__Denver),
    ("MSK", Tz::Europe__Moscow),
    ("MST", Tz::America__Denver),
    ("MT", Tz::America__Denver),
    ("MYT", Tz::Asia__Kuala_Lumpur),
    ("NEW ZEALAND STANDARD TIME", Tz::Pacific__Auckland),
    ("NPT", Tz::Asia__Kathmandu),
    ("NZDT", Tz::Pacific__Auckland),
    ("NZST", Tz::Pacific__Auckland),
    ("PACIFIC", Tz::America__Los_Angeles),
    ("PACIFIC DAYLIGHT TIME", Tz::America__Los_Angeles),
    ("PACIFIC STANDARD TIME", Tz::America__Los_Angeles),
    ("PACIFIC TIME", Tz::America__Los_Angeles),
    ("PARIS", Tz::Europe__Paris),
    ("PDT", Tz::America__Los_Angeles),
    ("PERU TIME", Tz::America__Lima),
    ("PET", Tz::America__Lima),
    ("PHT", Tz::Asia__Manila),
    ("PKT", Tz::Asia__Karachi),
    ("PST", Tz::America__Los_Angeles),
    ("PT", Tz::America__Los_Angeles),
    ("ROMANCE STANDARD TIME", Tz::Europe__Paris),
    ("RUSSIAN STANDARD TIME", Tz::Europe__Moscow),
    ("SAST", Tz::Africa__Johannesburg),
    ("SGT", Tz::Asia__Singapore),
    ("SINGAPORE STANDARD TIME", Tz::Asia__Singapore),
    ("SINGAPORE TIME", Tz::Asia__Singapore),
    ("SOUTH AFRICA STANDARD TIME", Tz::Africa__Johannesburg),
    ("TAIPEI STANDARD TIME", Tz::Asia__Taipei),
    ("TOKYO STANDARD TIME", Tz::Asia__Tokyo),
    ("TRT", Tz::Europe__Istanbul),
    ("TURKEY", Tz::Europe__Istanbul),
    ("TURKEY STANDARD TIME", Tz::Europe__Istanbul),
    ("TURKEY TIME", Tz::Europe__Istanbul),
    ("UCT", Tz::UTC),
    ("UK", Tz::Europe__London),
    ("UK TIME", Tz::Europe__London),
    ("UNIVERSAL TIME", Tz::UTC),
    ("US CENTRAL", Tz::America__Chicago),
    ("US EASTERN", Tz::America__New_York),
    ("US MOUNTAIN", Tz::America__Denver),
    ("US MOUNTAIN STANDARD TIME", Tz::America__Phoenix),
    ("US PACIFIC", Tz::America__Los_Angeles),
    ("UTC", Tz::UTC),
    ("UYT", Tz::America__Montevideo),
    ("VENEZUELAN TIME", Tz::America__Caracas),
    ("VET", Tz::America__Caracas),
    ("W. EUROPE STANDARD TIME", Tz::Europe__Berlin),
    ("WAT", Tz::Africa__Lagos),
    ("WEST", Tz::Europe__Lisbon),
    ("WET", Tz::Europe__Lisbon),
    ("WIB", Tz::Asia__Jakarta),
    ("Z", Tz::UTC),
    ("ZULU", Tz::UTC),
];

/// Abbreviations with several meanings, and the one that holds where the provider's format says nothing: that of the
/// carriers' own mails (China's, Australia's and Israel's write offsets or cities).
pub(super) static AMBIGUOUS: &[(&str, Option<Tz>)] = &[
    ("AST", Some(Tz::America__Halifax)),
    ("BST", Some(Tz::Europe__London)),
    ("CST", Some(Tz::America__Chicago)),
    ("IST", None),
];

/// The zone of that name: an IANA name, a name of Windows or one for people.
pub(crate) fn named(name: &str) -> Option<Zone> {
    let name = name.trim();
    let capitals = name.to_ascii_uppercase();
    for names in [NAMES, WINDOWS] {
        if let Ok(found) = names.binary_search_by_key(&capitals.as_str(), |(name, _)| name) {
            return names.get(found).map(|&(_, zone)| Zone::Named(zone));
        }
    }
    if let Ok(zone) = name.parse() {
        return Some(Zone::Named(zone));
    }
    // Some calendars put a path before the name: `/citadel.org/20211207_1/Europe/Paris`.
    let mut segments = name.rsplitn(3, '/');
    let (city, region) = (segments.next()?, segments.next()?);
    segments.next()?;
    format!("{region}/{city}").parse().ok().map(Zone::Named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_for_the_search() {
        assert!(NAMES.is_sorted_by_key(|(name, _)| name));
        assert!(WINDOWS.is_sorted_by_key(|(name, _)| name));
    }

    #[test]
    fn zones_are_known_by_many_names() {
        for (name, expected) in [
            ("Europe/Paris", Some(Tz::Europe__Paris)),
            (" Eastern ", Some(Tz::America__New_York)),
            ("gmt standard time", Some(Tz::Europe__London)),
            ("GMT", Some(Tz::UTC)),
            ("SE Asia Standard Time", Some(Tz::Asia__Bangkok)),
            ("Central Standard Time (Mexico)", Some(Tz::America__Mexico_City)),
            ("EDT", Some(Tz::America__New_York)),
            ("utc", Some(Tz::UTC)),
            ("/freeassociation.sourceforge.net/America/Chicago", Some(Tz::America__Chicago)),
            ("IST", None),
            ("", None),
            ("/", None),
        ] {
            assert_eq!(named(name), expected.map(Zone::Named), "{name}");
        }
    }
}
