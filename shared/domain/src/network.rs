//! Networks in CIDR form, and whether an address lies in one.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

/// A network of IPv4 or IPv6 addresses: an address whose host bits are all zero, and the length of its prefix.
///
/// An IPv4-mapped IPv6 address (`::ffff:192.0.2.1`, RFC 4291 section 2.5.5.2) is the IPv4 address in it, here as in
/// [`Network::contains`]: a listener for both families shows IPv4 callers so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

const MAPPED_BITS: u8 = 96;

impl Network {
    /// Takes `192.0.2.0/24`, `2001:db8::/32`, or an address alone, which is a network of one.
    ///
    /// # Errors
    /// Says what is wrong, and names the network where there are host bits set.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("\"{text}\" is not a network. Use CIDR form, such as 192.0.2.0/24 or 2001:db8::/32.");
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let bits = bits(address);
        let prefix = match prefix {
            None => bits,
            // `u8` also takes a sign and leading zeros.
            Some(prefix) if !prefix.bytes().all(|b| b.is_ascii_digit()) || prefix.len() > 3 => return Err(wrong()),
            Some(prefix) => prefix.parse().ok().filter(|prefix| *prefix <= bits).ok_or_else(wrong)?,
        };
        let (address, prefix) = match (address, address.to_canonical()) {
            (IpAddr::V6(_), mapped @ IpAddr::V4(_)) if prefix >= MAPPED_BITS => (mapped, prefix - MAPPED_BITS),
            (address, _) => (address, prefix),
        };
        let network = Self { address: masked(address, prefix), prefix };
        if network.address != address {
            return Err(format!("\"{text}\" has host bits set. Did you mean {network}?"));
        }
        Ok(network)
    }

    /// Whether an address lies in it.
    pub fn contains(self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        bits(address) == bits(self.address) && masked(address, self.prefix) == self.address
    }
}

fn bits(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

/// The address with everything behind the prefix set to zero.
fn masked(address: IpAddr, prefix: u8) -> IpAddr {
    let host = u32::from(bits(address) - prefix);
    match address {
        // A shift by all bits is none that the type has.
        IpAddr::V4(v4) => Ipv4Addr::from_bits(v4.to_bits() & u32::MAX.checked_shl(host).unwrap_or(0)).into(),
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & u128::MAX.checked_shl(host).unwrap_or(0)).into(),
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

impl TryFrom<String> for Network {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl From<Network> for String {
    fn from(network: Network) -> Self {
        network.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(network: &str, shown: &str, inside: &[&str], outside: &[&str]) {
        let parsed = Network::parse(network).unwrap();
        assert_eq!(parsed.to_string(), shown);
        assert_eq!(Network::parse(shown), Ok(parsed), "{network}");
        for (addresses, expected) in [(inside, true), (outside, false)] {
            for address in addresses {
                assert_eq!(parsed.contains(address.parse().unwrap()), expected, "{address} in {network}");
            }
        }
    }

    #[test]
    fn networks_hold_what_lies_in_them() {
        check("192.0.2.0/24", "192.0.2.0/24", &["192.0.2.0", "192.0.2.255", "::ffff:192.0.2.9"], &["192.0.3.0", "::1"]);
        check("192.0.2.7", "192.0.2.7/32", &["192.0.2.7"], &["192.0.2.6", "192.0.2.8"]);
        check("0.0.0.0/0", "0.0.0.0/0", &["0.0.0.0", "255.255.255.255", "::ffff:1.2.3.4"], &["::", "2001:db8::1"]);
        check("10.0.0.0/9", "10.0.0.0/9", &["10.127.255.255"], &["10.128.0.0"]);
        check("2001:db8::/32", "2001:db8::/32", &["2001:db8:ffff::1"], &["2001:db9::", "32.1.13.184"]);
        check("2001:DB8::1", "2001:db8::1/128", &["2001:db8::1"], &["2001:db8::2"]);
        check("::/0", "::/0", &["::1", "ffff::"], &["127.0.0.1", "::ffff:127.0.0.1"]);
        check("::ffff:192.0.2.0/120", "192.0.2.0/24", &["192.0.2.1", "::ffff:192.0.2.1"], &["192.0.3.1"]);
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for wrong in [
            "",
            "/",
            "192.0.2.0/",
            "192.0.2.0/33",
            "192.0.2.0/-1",
            "192.0.2.0/+8",
            "192.0.2.0/0024",
            "192.0.2/24",
            "192.0.2.0/24/1",
            "2001:db8::/129",
            "fe80::1%eth0/64",
            "example.org",
            " 192.0.2.0/24",
            "010.0.0.0/8",
        ] {
            assert!(Network::parse(wrong).unwrap_err().contains("is not a network"), "{wrong}");
        }
        let meant = Network::parse("192.0.2.1/24").unwrap_err();
        assert!(meant.ends_with("Did you mean 192.0.2.0/24?"), "{meant}");
    }

    proptest! {
        #[test]
        fn an_address_lies_in_its_own_networks(bits in any::<u128>(), prefix in 0u8..=128) {
            let address = IpAddr::V6(Ipv6Addr::from_bits(bits | 1 << 127));
            let network = Network { address: masked(address, prefix), prefix };
            prop_assert!(network.contains(address));
            prop_assert_eq!(Network::parse(&network.to_string()), Ok(network));
        }
    }
}
