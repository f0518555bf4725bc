//! Which addresses a webhook may be sent to. A name is looked up for each connection, and the connection goes to an
//! address that was checked: a name that means another address a moment later is checked anew.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// What an address is, as the IANA's special-purpose registries have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Anybody's, over the internet.
    Public,
    /// This machine's or this network's own.
    Private,
    /// Nobody's to send webhooks to: link-local, and with it the metadata services of clouds; multicast, documentation,
    /// reserved, unspecified.
    Never,
}

impl Reach {
    pub(super) fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Self::of_v4(address),
            IpAddr::V6(address) => Self::of_v6(address),
        }
    }

    fn of_v4(address: Ipv4Addr) -> Self {
        match address.octets() {
            // 10/8, 100.64/10 (carriers' NAT), 127/8, 172.16/12, 192.168/16.
            [10 | 127, ..] | [100, 64..=127, ..] | [172, 16..=31, ..] | [192, 168, ..] => Self::Private,
            // 0/8, 169.254/16 (link-local), 192.0.0/24 (protocols), 192.88.99/24 (6to4 relays), 198.18/15 (benchmarks),
            // 192.0.2/24, 198.51.100/24 and 203.0.113/24 (documentation), 224/4 (multicast), 240/4 (reserved).
            [0, ..] | [169, 254, ..] | [192, 0, 0 | 2, _] | [192, 88, 99, _] | [198, 18 | 19, ..] => Self::Never,
            [198, 51, 100, _] | [203, 0, 113, _] | [224..=255, ..] => Self::Never,
            _ => Self::Public,
        }
    }

    fn of_v6(address: Ipv6Addr) -> Self {
        let v4 = |high: u16, low: u16| Self::of_v4(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)));
        match address.segments() {
            [0, 0, 0, 0, 0, 0, 0, 1] => Self::Private,
            // IPv4 in IPv6: mapped, translated (64:ff9b::/96) and 6to4. It goes to the IPv4 address.
            [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
                v4(high, low)
            }
            // The metadata service of AWS, and its neighbours.
            [0xfd00, 0xec2, ..] => Self::Never,
            // fc00::/7, unique local.
            [0xfc00..=0xfdff, ..] => Self::Private,
            // 2001::/23 (protocols, Teredo among them), 2001:db8::/32 and 3fff::/20 (documentation).
            [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => Self::Never,
            // 2000::/3, all that is given out.
            [0x2000..=0x3fff, ..] => Self::Public,
            _ => Self::Never,
        }
    }
}

/// What a broker may send to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Gate {
    /// Public addresses: with TLS only.
    pub(super) public: bool,
    /// Private addresses, as the settings say.
    pub(super) private: bool,
}

impl Gate {
    /// Lets an address through.
    ///
    /// # Errors
    /// Says why not.
    pub(super) fn check(self, address: IpAddr) -> Result<(), String> {
        match Reach::of(address) {
            Reach::Public if self.public => Ok(()),
            Reach::Private if self.private => Ok(()),
            Reach::Public => Err(format!("{address} is a public address: use https://")),
            Reach::Private => Err(format!(r#"{address} is a private address: set "allow_private" to send there"#)),
            Reach::Never => Err(format!("{address} is an address that webhooks are never sent to")),
        }
    }
}

impl Resolve for Gate {
    fn resolve(&self, name: Name) -> Resolving {
        let gate = *self;
        Box::pin(async move {
            let (mut through, mut refused) = (Vec::new(), None);
            for address in tokio::net::lookup_host((name.as_str(), 0)).await? {
                match gate.check(address.ip()) {
                    Ok(()) => through.push(address),
                    Err(reason) => refused = Some(reason),
                }
            }
            match refused {
                Some(reason) if through.is_empty() => Err(reason.into()),
                Some(_) | None => Ok(Box::new(through.into_iter()) as Addrs),
            }
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(expected: Reach, addresses: &[&str]) {
        for address in addresses {
            assert_eq!(Reach::of(address.parse().unwrap()), expected, "{address}");
        }
    }

    #[test]
    fn addresses_are_public_private_or_nobodys() {
        check(Reach::Public, &["1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.0.0.1"]);
        check(Reach::Public, &["172.15.255.255", "172.32.0.0", "192.167.0.1", "192.169.0.1", "223.255.255.255"]);
        check(Reach::Public, &["198.17.0.1", "198.20.0.1", "169.253.0.1", "192.0.1.1", "192.1.0.1", "203.0.112.1"]);
        check(Reach::Public, &["2606:4700::1111", "2001:200::1", "2a00:1450:4001::1", "::ffff:1.1.1.1"]);
        check(Reach::Public, &["64:ff9b::1.1.1.1", "2002:101:101::1"]);
        check(Reach::Private, &["127.0.0.1", "127.255.255.255", "10.0.0.1", "172.16.0.1", "172.31.255.255"]);
        check(Reach::Private, &["192.168.0.1", "100.64.0.1", "100.127.255.255"]);
        check(Reach::Private, &["::1", "fc00::1", "fd12:3456::1", "::ffff:127.0.0.1", "::ffff:10.1.2.3"]);
        check(Reach::Private, &["64:ff9b::192.168.0.1", "2002:7f00:1::", "2002:a00:1::1"]);
        check(Reach::Never, &["0.0.0.0", "0.1.2.3", "169.254.169.254", "169.254.0.1", "192.0.0.8", "192.0.2.1"]);
        check(Reach::Never, &["192.88.99.1", "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.9"]);
        check(Reach::Never, &["224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"]);
        check(Reach::Never, &["::", "fe80::1", "febf::1", "fec0::1", "ff02::1", "2001:db8::1", "3fff::1", "2001::1"]);
        check(Reach::Never, &["fd00:ec2::254", "::ffff:169.254.169.254", "64:ff9b::169.254.169.254", "::127.0.0.1"]);
        check(Reach::Never, &["2002:a9fe:a9fe::1", "64:ff9b:1::1", "100::1", "4000::1", "::ffff:0:127.0.0.1"]);
    }
}
