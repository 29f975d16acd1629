//! What the program says when it is up.

use std::net::SocketAddr;

/// Where the service is, where its documentation is, and how the first admin comes to be.
#[must_use]
pub fn text(address: SocketAddr, setup_token: Option<&str>) -> String {
    let url = format!("http://{address}");
    let version = env!("CARGO_PKG_VERSION");
    let text = format!("Clientele {version} listens on {url}\nDocumentation: {url}/docs");
    let Some(token) = setup_token else { return text };
    format!(
        "{text}\n\nThere is no admin yet. This makes the first one, with your own e-mail and password in it:\n\n  \
         curl -sS {url}/auth/signup -H 'Content-Type: application/json' \\\n    \
         -d '{{\"setup_token\":\"{token}\",\"email\":\"you@example.com\",\"password\":\"choose a long passphrase\"}}'\n\n\
         The token is good once, until an admin exists."
    )
}
