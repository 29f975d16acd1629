//! What the program prints when it serves.

use std::net::SocketAddr;

use super::output;
use crate::startup::Service;

/// What is told: the addresses of the service, its console and its documentation, and how to make the first admin.
pub(super) struct Banner {
    url: String,
    /// Where the console is, if it is served.
    console: Option<String>,
    /// While there is no admin.
    setup_token: Option<String>,
}

impl Banner {
    pub(super) fn of(service: &Service) -> Self {
        let token = service.setup_token().map(ToOwned::to_owned);
        Self::new(service.address(), service.has_console(), token)
    }

    fn new(address: SocketAddr, has_console: bool, setup_token: Option<String>) -> Self {
        let url = url(address);
        let console = has_console.then(|| format!("{url}/console/"));
        Self { url, console, setup_token }
    }

    /// The page where the first admin is made.
    fn setup_link(&self) -> Option<String> {
        Some(format!("{}#setup={}", self.console.as_ref()?, self.setup_token.as_ref()?))
    }
}

/// For people.
pub(super) fn text(banner: &Banner) -> String {
    let (url, version) = (&banner.url, env!("CARGO_PKG_VERSION"));
    let console = banner.console.as_ref().map(|console| format!("Console: {console}\n")).unwrap_or_default();
    let text = format!("Clientele {version} listens on {url}\n{console}Documentation: {url}/docs");
    let Some(token) = &banner.setup_token else { return text };
    let without_browser = match banner.setup_link() {
        Some(link) => format!("Open this link to make the first one:\n\n  {link}\n\nWithout a browser, this makes it"),
        None => "This makes the first one".to_owned(),
    };
    format!(
        "{text}\n\nThere is no admin yet. {without_browser}, with your own e-mail and password in it:\n\n  \
         curl -sS {url}/auth/signup -H 'Content-Type: application/json' \\\n    \
         -d '{{\"setup_token\":\"{token}\",\"email\":\"you@example.com\",\"password\":\"choose a long passphrase\"}}'\n\n\
         The token works once, until an admin exists."
    )
}

/// The same where the log is JSON: an object on each line.
pub(super) fn json(banner: &Banner) -> String {
    let (url, version) = (&banner.url, env!("CARGO_PKG_VERSION"));
    let message = format!("Clientele {version} listens on {url}");
    let documentation = format!("{url}/docs");
    let mut fields = vec![("url", url.as_str()), ("documentation", &documentation)];
    fields.extend(banner.console.as_deref().map(|console| ("console", console)));
    let listens = output::object("INFO", &message, &fields);
    let Some(token) = &banner.setup_token else { return listens };
    let link = banner.setup_link();
    let mut fields = vec![("setup_token", token.as_str())];
    fields.extend(link.as_deref().map(|link| ("setup_link", link)));
    let message = "there is no admin yet: POST /auth/signup with this setup_token, your own email and a password";
    format!("{listens}\n{}", output::object("WARN", message, &fields))
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

    fn banner(address: &str, has_console: bool, token: Option<&str>) -> Banner {
        Banner::new(address.parse().unwrap(), has_console, token.map(ToOwned::to_owned))
    }

    #[test]
    fn the_address_can_be_opened() {
        for (address, url) in [
            ("127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("0.0.0.0:8080", "http://localhost:8080"),
            ("[::]:8080", "http://localhost:8080"),
            ("[2001:db8::1]:80", "http://[2001:db8::1]:80"),
        ] {
            let text = text(&banner(address, true, None));
            assert!(text.contains(&format!("listens on {url}\nConsole: {url}/console/\n")), "{text}");
        }
    }

    #[test]
    fn the_link_is_there_while_there_is_no_admin_and_there_is_a_console() {
        let link = "http://127.0.0.1:80/console/#setup=abc";
        for (has_console, token, has_link) in
            [(true, Some("abc"), true), (true, None, false), (false, Some("abc"), false), (false, None, false)]
        {
            let banner = banner("127.0.0.1:80", has_console, token);
            for told in [text(&banner), json(&banner)] {
                assert_eq!(told.contains(link), has_link, "{told}");
                assert_eq!(told.contains("/console/"), has_console, "{told}");
                assert_eq!(told.contains("abc"), token.is_some(), "{told}");
            }
        }
    }
}
