//! Where metrics are read, if anywhere.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// Where metrics are read, if anywhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MetricsListen {
    /// The default: 127.0.0.1:9464 if it is free. A second instance on a developer's machine starts without metrics.
    #[default]
    IfFree,
    /// This address. The service does not start without it.
    At(SocketAddr),
    /// No metrics.
    Off,
}

impl MetricsListen {
    /// The address, unless it is off.
    #[must_use]
    pub fn address(self) -> Option<SocketAddr> {
        match self {
            Self::IfFree => Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 9464))),
            Self::At(address) => Some(address),
            Self::Off => None,
        }
    }
}

impl fmt::Display for MetricsListen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.address() {
            Some(address) => address.fmt(f),
            None => f.write_str("off"),
        }
    }
}

impl Serialize for MetricsListen {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl FromStr for MetricsListen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.trim() {
            "" | "off" => Ok(Self::Off),
            address => address
                .parse()
                .map(Self::At)
                .map_err(|_| format!("{text:?} is neither an address with a port, such as 127.0.0.1:9464, nor off")),
        }
    }
}
