//! What the program prints when it serves.

use std::net::SocketAddr;

use super::output;

/// The addresses of the service and its documentation, and how to make the first admin.
pub(super) fn text(address: SocketAddr, setup_token: Option<&str>) -> String {
    let url = url(address);
    let version = env!("CARGO_PKG_VERSION");
    let text = format!("Clientele {version} listens on {url}\nDocumentation: {url}/docs");
    let Some(token) = setup_token else { return text };
    format!(
        "{text}\n\nThere is no admin yet. This makes the first one, with your own e-mail and password in it:\n\n  \
         curl -sS {url}/auth/signup -H 'Content-Type: application/json' \\\n    \
         -d '{{\"setup_token\":\"{token}\",\"email\":\"you@example.com\",\"password\":\"choose a long passphrase\"}}'\n\n\
         The token works once, until an admin exists."
    )
}

/// The same where the log is JSON: an object on each line.
pub(super) fn json(address: SocketAddr, setup_token: Option<&str>) -> String {
    let (url, version) = (url(address), env!("CARGO_PKG_VERSION"));
    let message = format!("Clientele {version} listens on {url}");
    let documentation = format!("{url}/docs");
    let listens = output::object("INFO", &message, &[("url", &url), ("documentation", &documentation)]);
    let Some(token) = setup_token else { return listens };
    let message = "there is no admin yet: POST /auth/signup with this setup_token, your own email and a password";
    format!("{listens}\n{}", output::object("WARN", message, &[("setup_token", token)]))
}

/// 0.0.0.0 is not an address that a browser can open: show localhost.
fn url(address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        return format!("http://localhost:{}", address.port());
    }
    format!("http://{address}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_can_be_opened() {
        for (address, url) in [
            ("127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("0.0.0.0:8080", "http://localhost:8080"),
            ("[::]:8080", "http://localhost:8080"),
            ("[2001:db8::1]:80", "http://[2001:db8::1]:80"),
        ] {
            assert!(text(address.parse().unwrap(), None).contains(&format!("listens on {url}\n")));
        }
    }
}
