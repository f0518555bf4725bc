//! Which provider writes from which address.
//!
//! A whole domain is listed only where nobody but the provider's staff has mail in it; a provider that shares its
//! domain with customers or with other lines of business is listed by address.

use noticeboard_domain::notice::{NoticeProvider, slug};

/// A provider and what it is known by.
struct Sender {
    slug: &'static str,
    name: &'static str,
    /// Domains; any subdomain counts.
    domains: &'static [&'static str],
    /// Single addresses.
    addresses: &'static [&'static str],
    /// Other names, as slugs: former names, and what the provider writes into `X-MAINTNOTE-PROVIDER`.
    also: &'static [&'static str],
}

#[rustfmt::skip]
static SENDERS: &[Sender] = &[
    Sender { slug: "apple", name: "Apple", domains: &["group.apple.com"], addresses: &[], also: &[] },
    Sender { slug: "aquacomms", name: "Aqua Comms", domains: &["aquacomms.com"], addresses: &[], also: &["aqua-comms"] },
    Sender { slug: "arelion", name: "Arelion", domains: &["arelion.com", "teliacarrier.com"], addresses: &[], also: &["telia", "telia-carrier", "telia-company", "telia-com"] },
    Sender { slug: "att", name: "AT&T", domains: &[], addresses: &["g31654@att.com"], also: &["at-t"] },
    Sender { slug: "aws", name: "AWS", domains: &[], addresses: &["aws-account-notifications@amazon.com", "no-reply-aws@amazon.com", "health@aws.com"], also: &["amazon-web-services"] },
    Sender { slug: "bso", name: "BSO", domains: &["bso.co"], addresses: &[], also: &[] },
    Sender { slug: "cirion", name: "Cirion", domains: &["ciriontechnologies.com"], addresses: &[], also: &["cirion-technologies"] },
    Sender { slug: "cogent", name: "Cogent", domains: &["cogentco.com"], addresses: &[], also: &["cogent-communications"] },
    Sender { slug: "colt", name: "Colt", domains: &["colt.net"], addresses: &[], also: &["colt-technology-services"] },
    Sender { slug: "crowncastle", name: "Crown Castle", domains: &["crowncastle.com"], addresses: &[], also: &["crown-castle"] },
    Sender { slug: "equinix", name: "Equinix", domains: &["equinix.com"], addresses: &[], also: &[] },
    Sender { slug: "eunetworks", name: "euNetworks", domains: &["eunetworks.com"], addresses: &[], also: &[] },
    Sender { slug: "flag", name: "FLAG", domains: &["flagtel.com"], addresses: &[], also: &["flag-telecom"] },
    Sender { slug: "globalcloudxchange", name: "Global Cloud Xchange", domains: &["globalcloudxchange.com", "gcxworld.com"], addresses: &[], also: &["gcx", "global-cloud-xchange"] },
    Sender { slug: "google", name: "Google", domains: &[], addresses: &["noc-noreply@google.com"], also: &[] },
    Sender { slug: "gtt", name: "GTT", domains: &["gtt.net", "gttcorp.org", "exainfra.net"], addresses: &[], also: &["exa", "exa-infrastructure", "gtt-communications"] },
    Sender { slug: "hawaiki", name: "Hawaiki", domains: &["bw-digital.com"], addresses: &[], also: &["hawaiki-submarine-cable", "bw-digital"] },
    Sender { slug: "hgc", name: "HGC", domains: &[], addresses: &["hgcinocpw@hgc.com.hk"], also: &["hgc-global-communications"] },
    Sender { slug: "kpn", name: "KPN", domains: &[], addresses: &["gwc-noreply@kpn.com"], also: &[] },
    Sender { slug: "lumen", name: "Lumen", domains: &["lumen.com", "centurylink.com", "level3.com"], addresses: &[], also: &["centurylink"] },
    Sender { slug: "megaport", name: "Megaport", domains: &["megaport.com"], addresses: &[], also: &[] },
    Sender { slug: "momentum", name: "Momentum", domains: &["momentumtelecom.com"], addresses: &[], also: &["momentum-telecom"] },
    Sender { slug: "netflix", name: "Netflix", domains: &[], addresses: &["cdnetops@netflix.com", "cdnetops@saasmail.netflix.com"], also: &[] },
    Sender { slug: "ntt", name: "NTT", domains: &["ntt.net"], addresses: &[], also: &["ntt-communications", "ntt-communications-as2914", "ntt-america", "gin-ntt"] },
    Sender { slug: "packetfabric", name: "PacketFabric", domains: &["packetfabric.com"], addresses: &[], also: &[] },
    Sender { slug: "pccw", name: "PCCW", domains: &["pccwglobal.com"], addresses: &[], also: &["pccw-global", "console-connect"] },
    Sender { slug: "retn", name: "RETN", domains: &["retn.net"], addresses: &[], also: &[] },
    Sender { slug: "seaborn", name: "Seaborn", domains: &["seabornnetworks.com"], addresses: &[], also: &["seaborn-networks"] },
    Sender { slug: "sparkle", name: "Sparkle", domains: &["tisparkle.com"], addresses: &[], also: &["telecom-italia-sparkle", "ti-sparkle"] },
    Sender { slug: "summitig", name: "SummitIG", domains: &["summitig.net"], addresses: &[], also: &["summit-ig"] },
    Sender { slug: "tata", name: "Tata Communications", domains: &["tatacommunications.com"], addresses: &[], also: &["tata-communications"] },
    Sender { slug: "telstra", name: "Telstra", domains: &["team.telstra.com"], addresses: &[], also: &["telstra-global", "telstra-international"] },
    Sender { slug: "telxius", name: "Telxius", domains: &["telxius.com"], addresses: &[], also: &[] },
    Sender { slug: "turkcell", name: "Turkcell", domains: &[], addresses: &["inoc@superonline.net"], also: &["turkcell-superonline", "superonline"] },
    Sender { slug: "verizon", name: "Verizon", domains: &["verizonbusiness.com"], addresses: &[], also: &["verizon-business"] },
    Sender { slug: "vodafone", name: "Vodafone", domains: &[], addresses: &["networkchangemanagement@vodafone.com"], also: &[] },
    Sender { slug: "windstream", name: "Windstream", domains: &["windstream.com"], addresses: &[], also: &["windstream-communications"] },
    Sender { slug: "zayo", name: "Zayo", domains: &["zayo.com"], addresses: &[], also: &["zayo-group"] },
];

impl Sender {
    fn provider(&self) -> NoticeProvider {
        NoticeProvider { slug: self.slug.to_owned(), name: self.name.to_owned() }
    }

    /// Whether `domain`, in lower case, is one of the provider's or below one.
    fn has_domain(&self, domain: &str) -> bool {
        self.domains.iter().any(|own| is_in_domain(domain, own))
    }
}

/// The senders that are built in and those that users add.
#[derive(Debug, Default)]
pub struct Senders {
    own: Vec<OwnSender>,
}

/// An address or a domain that a user added.
#[derive(Debug)]
struct OwnSender {
    /// In lower case; a domain has no `@`.
    address_or_domain: String,
    provider: NoticeProvider,
}

impl Senders {
    /// Adds an address or a domain of a provider.
    ///
    /// # Errors
    /// What of it is wrong, in one sentence.
    pub fn add(&mut self, address_or_domain: &str, provider: &str) -> Result<(), String> {
        let address = address_or_domain.trim().trim_start_matches('@').to_ascii_lowercase();
        let (local, domain) =
            address.rsplit_once('@').map_or(("-", address.as_str()), |(local, domain)| (local, domain));
        let is_name = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-');
        if local.is_empty() || !domain.contains('.') || !domain.chars().all(is_name) {
            return Err(format!("The sender \"{address_or_domain}\" is neither an address nor a domain."));
        }
        let found = by_name_or_new(provider);
        let provider =
            found.ok_or_else(|| format!("The sender \"{address}\" has no provider: \"{provider}\" is no name."))?;
        self.own.push(OwnSender { address_or_domain: address, provider });
        Ok(())
    }

    /// Adds all of these.
    pub(crate) fn extend(&mut self, more: Senders) {
        self.own.extend(more.own);
    }

    /// The provider that writes from `address`. What a user said goes before what is built in.
    pub fn by_address(&self, address: &str) -> Option<NoticeProvider> {
        let lower = address.trim().to_ascii_lowercase();
        let (_, domain) = lower.rsplit_once('@')?;
        let is_it = |own: &&OwnSender| match own.address_or_domain.contains('@') {
            true => own.address_or_domain == lower,
            false => is_in_domain(domain, &own.address_or_domain),
        };
        self.own.iter().find(is_it).map(|own| own.provider.clone()).or_else(|| by_address(address))
    }

    /// The provider that goes by `name`, or one made of the name where nobody known does.
    pub(crate) fn by_name_or_new(&self, name: &str) -> Option<NoticeProvider> {
        let own = self.own.iter().map(|own| &own.provider).find(|provider| provider.slug == slug(name));
        by_name(name).or_else(|| own.cloned()).or_else(|| by_name_or_new(name))
    }
}

/// Whether `domain` is `own` or below it.
fn is_in_domain(domain: &str, own: &str) -> bool {
    domain.strip_suffix(own).is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

/// The provider that writes from `address`.
pub fn by_address(address: &str) -> Option<NoticeProvider> {
    let address = address.trim().to_ascii_lowercase();
    let (_, domain) = address.rsplit_once('@')?;
    SENDERS
        .iter()
        .find(|sender| sender.addresses.contains(&address.as_str()) || sender.has_domain(domain))
        .map(Sender::provider)
}

/// The provider that goes by `name`: its slug, a name of its own or a former one, or its domain.
pub fn by_name(name: &str) -> Option<NoticeProvider> {
    let domain = name.trim().to_ascii_lowercase();
    let slug = slug(name);
    SENDERS
        .iter()
        .find(|sender| sender.slug == slug || sender.also.contains(&slug.as_str()) || sender.has_domain(&domain))
        .map(Sender::provider)
}

/// The provider that goes by `name`, or one made of the name where nobody known does.
pub(crate) fn by_name_or_new(name: &str) -> Option<NoticeProvider> {
    let name = name.trim();
    by_name(name).or_else(|| {
        let slug = slug(name);
        (!slug.is_empty()).then(|| NoticeProvider { slug, name: name.to_owned() })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(found: Option<NoticeProvider>, expected: Option<&str>) {
        assert_eq!(found.as_ref().map(|provider| provider.slug.as_str()), expected);
    }

    #[test]
    fn an_address_is_known_by_itself_or_by_its_domain() {
        for (address, expected) in [
            ("Mr@Zayo.com", Some("zayo")),
            ("mr@mail.zayo.com", Some("zayo")),
            ("mr@notzayo.com", None),
            ("mr@zayo.com.example.net", None),
            ("zayo.com", None),
            ("zayo.com@example.net", None),
            ("a@b@zayo.com", Some("zayo")),
            ("GPEN@team.telstra.com", Some("telstra")),
            ("someone@telstra.com", None),
            ("inoc@superonline.net", Some("turkcell")),
            ("customer@superonline.net", None),
            ("g31654@ATT.com", Some("att")),
            ("gsoc-planned-event@pccwglobal.com", Some("pccw")),
            ("", None),
        ] {
            check(by_address(address), expected);
        }
    }

    #[test]
    fn a_name_is_known_by_slug_alias_or_domain() {
        for (name, expected) in [
            ("arelion.com", Some("arelion")),
            ("Telia Carrier", Some("arelion")),
            ("euNetworks.com", Some("eunetworks")),
            ("NTT Communications (AS2914)", Some("ntt")),
            ("PCCW Global", Some("pccw")),
            ("example.com", None),
            ("", None),
        ] {
            check(by_name(name), expected);
        }
        check(by_name_or_new("Example Net"), Some("example-net"));
        check(by_name_or_new(" ** "), None);
    }

    #[test]
    fn every_slug_is_one_and_unique() {
        for (i, sender) in SENDERS.iter().enumerate() {
            assert_eq!(slug(sender.slug), sender.slug);
            assert!(SENDERS[..i].iter().all(|other| other.slug != sender.slug), "{}", sender.slug);
        }
    }
}
