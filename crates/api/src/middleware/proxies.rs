//! Where a request comes from: the peer, unless the peer is a trusted proxy.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use actix_web::http::header::{HeaderMap, HeaderName};
use domain::Network;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Proxies whose `X-Forwarded-For` is believed.
#[derive(Clone, Debug, Default)]
pub(crate) struct TrustedProxies(Arc<[Network]>);

impl TrustedProxies {
    pub(crate) fn new(networks: &[Network]) -> Self {
        Self(networks.into())
    }

    fn contain(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }

    /// The nearest address that is not one of the proxies. Every proxy appends the address that it saw, so the header is
    /// read from its end. An entry that no trusted proxy wrote ends the reading: a client can write anything before it.
    pub(crate) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut address = peer.to_canonical();
        // The header of a stranger may be long, and is not read.
        if !self.contain(address) {
            return address;
        }
        let mut hops: Vec<&str> = Vec::new();
        for value in headers.get_all(FORWARDED_FOR) {
            // A value that is not text counts as one entry that is no address.
            hops.extend(value.to_str().unwrap_or("?").split(','));
        }
        while self.contain(address) {
            let Some(next) = hops.pop().and_then(|hop| parse_hop(hop.trim())) else { break };
            address = next;
        }
        address
    }
}

/// An address, with or without a port.
fn parse_hop(hop: &str) -> Option<IpAddr> {
    let bare = hop.strip_prefix('[').and_then(|hop| hop.strip_suffix(']')).unwrap_or(hop);
    let address = bare.parse().or_else(|_| hop.parse().map(|address: SocketAddr| address.ip()));
    address.ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(trusted: &[&str], peer: &str, values: &[&str]) -> String {
        let networks: Vec<Network> = trusted.iter().map(|network| network.parse().unwrap()).collect();
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(FORWARDED_FOR, value.parse().unwrap());
        }
        TrustedProxies::new(&networks).client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        let proxies = &["10.0.0.0/8", "2001:db8::/32"][..];
        for (trusted, peer, values, expected) in [
            // Nobody is trusted, or not this peer: anyone can send the header.
            (&[][..], "192.0.2.1", &["203.0.113.9"][..], "192.0.2.1"),
            (proxies, "192.0.2.1", &["203.0.113.9"], "192.0.2.1"),
            (proxies, "10.0.0.1", &[], "10.0.0.1"),
            (proxies, "10.0.0.1", &["203.0.113.9"], "203.0.113.9"),
            (proxies, "2001:db8::1", &["203.0.113.9"], "203.0.113.9"),
            // A mapped address is the one that it maps.
            (proxies, "::ffff:10.0.0.1", &["::ffff:203.0.113.9"], "203.0.113.9"),
            (proxies, "::ffff:192.0.2.1", &["203.0.113.9"], "192.0.2.1"),
            // The client itself wrote what is on the left.
            (proxies, "10.0.0.1", &["198.51.100.1, 203.0.113.9"], "203.0.113.9"),
            (proxies, "10.0.0.1", &["198.51.100.1", "203.0.113.9"], "203.0.113.9"),
            (proxies, "10.0.0.1", &["10.9.9.9, 203.0.113.9, 10.0.0.2"], "203.0.113.9"),
            (proxies, "10.0.0.1", &["203.0.113.9, 10.0.0.3", "10.0.0.2"], "203.0.113.9"),
            // Every address is a proxy.
            (proxies, "10.0.0.1", &["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            // No address: nothing further to the left is believed.
            (proxies, "10.0.0.1", &["203.0.113.9, unknown"], "10.0.0.1"),
            (proxies, "10.0.0.1", &["203.0.113.9, evil, 10.0.0.2"], "10.0.0.2"),
            (proxies, "10.0.0.1", &["203.0.113.9,"], "10.0.0.1"),
            (proxies, "10.0.0.1", &[""], "10.0.0.1"),
            // Some proxies add the port.
            (proxies, "10.0.0.1", &["203.0.113.9:4711"], "203.0.113.9"),
            (proxies, "10.0.0.1", &["[2001:db9::7]:4711"], "2001:db9::7"),
            (proxies, "10.0.0.1", &["[2001:db9::7]"], "2001:db9::7"),
        ] {
            assert_eq!(client(trusted, peer, values), expected, "{peer} {values:?}");
        }
    }

    #[test]
    fn a_header_that_is_not_text_is_not_believed() {
        let networks = ["10.0.0.0/8".parse().unwrap()];
        let mut headers = HeaderMap::new();
        headers.append(FORWARDED_FOR, "203.0.113.9".parse().unwrap());
        headers.append(FORWARDED_FOR, actix_web::http::header::HeaderValue::from_bytes(b"\xff").unwrap());
        let client = TrustedProxies::new(&networks).client("10.0.0.1".parse().unwrap(), &headers);
        assert_eq!(client.to_string(), "10.0.0.1");
    }
}
