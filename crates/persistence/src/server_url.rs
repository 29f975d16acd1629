//! URLs of PostgreSQL and of MySQL/MariaDB, as their own clients take them.
//!
//! For PostgreSQL that is libpq
//! (<https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS>): the host may be missing, and
//! an option may name the folder of a socket. For MySQL `socket` or `unix_socket` names a socket, or a host that begins
//! with `%2F`. Error messages never repeat any part of a URL.

use std::net::IpAddr;

use url::{Url, form_urlencoded};

use crate::error::DatabaseError;

/// The options that a driver knows. It would write others to the log, with their values.
const OF_POSTGRES: &[&str] = &[
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "ssl-ca",
    "ssl-cert",
    "ssl-key",
    "ssl-mode",
    "ssl-root-cert",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "statement-cache-capacity",
    "user",
];
const OF_MYSQL: &[&str] = &[
    "charset",
    "collation",
    "socket",
    "ssl-ca",
    "ssl-cert",
    "ssl-key",
    "ssl-mode",
    "sslca",
    "sslcert",
    "sslkey",
    "sslmode",
    "statement-cache-capacity",
    "time-zone",
    "timezone",
];

/// The URL in the form that the driver reads. Its scheme is `postgres` or `mysql`.
pub(crate) fn parse(text: &str) -> Result<Url, DatabaseError> {
    let Some((scheme, rest)) = text.split_once("://") else {
        return Err(DatabaseError::InvalidUrl("`//` is missing after the first colon".to_owned()));
    };
    let (authority, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let is_postgres = scheme == "postgres";
    let path = tail.split('?').next().unwrap_or_default();
    if rest.contains('#') || authority.matches('@').count() > 1 || path.contains('@') {
        return Err(invalid("it has `#`, `/`, `?` or `@` where none may be", tail, true));
    }
    // The parser requires a host where there is a user or a port.
    let (user, host) = authority.rsplit_once('@').map_or(("", authority), |(user, host)| (user, host));
    let has_host = authority.is_empty() || !(host.is_empty() || host.starts_with(':'));
    let at = if authority.contains('@') { "@" } else { "" };
    let placeholder = if has_host { "" } else { "localhost" };
    let url = Url::parse(&format!("{scheme}://{user}{at}{placeholder}{host}{tail}"))
        .map_err(|error| invalid(&error.to_string(), tail, false))?;
    let url = if is_postgres { of_postgres(&url, has_host) } else { of_mysql(&url) };
    let url = url.ok_or_else(|| invalid("an option of it cannot be read", tail, false))?;
    let names_database =
        !url.path().trim_matches('/').is_empty() || url.query_pairs().any(|(name, _)| name == "dbname");
    if names_database { Ok(url) } else { Err(invalid("it names no database", tail, false)) }
}

/// Adds a hint about percent-encoding when it is `certain` that it helps, or when an `@` comes after the host: then the
/// password is most likely not encoded.
fn invalid(reason: &str, tail: &str, certain: bool) -> DatabaseError {
    let hint = "; in a user or password, `#`, `/`, `?`, `@` and `%` must be percent-encoded (%23, %2F, %3F, %40, %25)";
    DatabaseError::InvalidUrl(format!("{reason}{}", if certain || tail.contains('@') { hint } else { "" }))
}

/// Whether the URL has options that are ignored.
pub(crate) fn has_unknown_options(text: &str) -> bool {
    let (known, query) = (known(text), text.split_once('?').map_or("", |(_, query)| query));
    form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name != "unix_socket" && !is_known(known, &name))
}

fn known(text: &str) -> &'static [&'static str] {
    if text.starts_with("postgres") { OF_POSTGRES } else { OF_MYSQL }
}

fn is_known(known: &[&str], name: &str) -> bool {
    known.contains(&name) || (name.starts_with("options[") && known.contains(&"options"))
}

/// The known options. `None` when an unknown one has an `@`, because it is then a piece of a password.
fn options(url: &Url, known: &[&str]) -> Option<Vec<(String, String)>> {
    let pairs = url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned()));
    let (kept, others): (Vec<_>, Vec<_>) = pairs.partition(|(name, _)| is_known(known, name));
    let is_piece = |(name, value): &(String, String)| name.contains('@') || value.contains('@');
    if others.iter().any(is_piece) { None } else { Some(kept) }
}

/// Moves user, password and port into options when the URL has no host. The driver looks for a socket only when the URL
/// has none of them.
fn of_postgres(url: &Url, has_host: bool) -> Option<Url> {
    let mut options = options(url, OF_POSTGRES)?;
    let mut url = url.clone();
    if !has_host {
        let who = [("user", Some(url.username())), ("password", url.password())];
        let who = who.into_iter().filter_map(|(name, value)| Some((name.to_owned(), decoded(value?)?)));
        let port = url.port().map(|port| ("port".to_owned(), port.to_string()));
        options.splice(0..0, who.filter(|(_, value)| !value.is_empty()).chain(port));
        url = Url::parse(&format!("postgres://{}", url.path())).ok()?;
    }
    Some(with_options(url, options))
}

fn of_mysql(url: &Url) -> Option<Url> {
    let mut url = url.clone();
    let renamed: Vec<_> = url
        .query_pairs()
        .map(|(name, value)| {
            (if name == "unix_socket" { "socket".into() } else { name }.into_owned(), value.into_owned())
        })
        .collect();
    url.query_pairs_mut().clear().extend_pairs(renamed);
    let mut options = options(&url, OF_MYSQL)?;
    let host = url.host_str().and_then(decoded).filter(|host| host.starts_with('/'));
    if let Some(socket) = host {
        options.push(("socket".to_owned(), socket));
        url.set_host(Some("localhost")).ok()?;
    }
    Some(with_options(url, options))
}

fn with_options(mut url: Url, options: Vec<(String, String)>) -> Url {
    url.set_query(None);
    if !options.is_empty() {
        url.query_pairs_mut().extend_pairs(options);
    }
    url
}

/// Decodes percent-encoding.
fn decoded(text: &str) -> Option<String> {
    let text = text.replace('+', "%2B");
    form_urlencoded::parse(format!("x={text}").as_bytes()).next().map(|(_, value)| value.into_owned())
}

/// Whether the host is this computer.
pub(crate) fn is_local(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let is_loopback = bare.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback());
    host.starts_with('/') || is_loopback || bare == "localhost" || bare.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connect::Target;

    #[cfg(feature = "postgres")]
    #[test]
    fn a_url_without_a_host_means_the_socket_as_in_libpq() {
        for (url, socket, user, database) in [
            ("postgres://me:x@/people?host=/cloudsql/a:b:c", "/cloudsql/a:b:c", "me", "people"),
            ("postgresql://me:x@/people?host=/cloudsql/a:b:c", "/cloudsql/a:b:c", "me", "people"),
            ("postgresql:///db?host=/var/run/postgresql&user=me", "/var/run/postgresql", "me", "db"),
            ("postgres://me@%2Fvar%2Frun%2Fpostgresql/db", "/var/run/postgresql", "me", "db"),
            ("postgres://me@localhost/db?host=/tmp", "/tmp", "me", "db"),
            ("postgres://m%40e:p%2Bw+@:5433/db?host=/tmp", "/tmp", "m@e", "db"),
            ("postgres://me@/?host=/tmp&dbname=db", "/tmp", "me", "db"),
        ] {
            let Ok(Target::Postgres(server)) = Target::parse(url) else { panic!("{url}") };
            assert_eq!(server.get_socket().map(|path| path.to_str().unwrap()), Some(socket), "{url}");
            assert_eq!((server.get_username(), server.get_database()), (user, Some(database)), "{url}");
        }
        let url = parse("postgres://m%40e:p%2Bw+@:5433/db?host=/tmp").unwrap();
        let password = url.query_pairs().find(|(name, _)| name == "password");
        assert_eq!(password.unwrap().1, "p+w+");
        let Ok(Target::Postgres(server)) = Target::parse("postgres://me@:5433/db?host=/tmp") else { panic!() };
        assert_eq!(server.get_port(), 5433);
    }

    #[cfg(feature = "mysql")]
    #[test]
    fn a_socket_of_mysql_has_several_names() {
        for url in [
            "mysql://me:x@/people?socket=/run/mysqld/mysqld.sock",
            "mysql://me@localhost/people?unix_socket=/run/mysqld/mysqld.sock",
            "mariadb://me@%2Frun%2Fmysqld%2Fmysqld.sock/people",
        ] {
            let Ok(Target::MySql(server)) = Target::parse(url) else { panic!("{url}") };
            let socket = server.get_socket().map(|path| path.to_str().unwrap());
            assert_eq!(socket, Some("/run/mysqld/mysqld.sock"), "{url}");
            assert_eq!((server.get_username(), server.get_database()), ("me", Some("people")), "{url}");
        }
    }

    #[cfg(all(feature = "mysql", feature = "postgres"))]
    #[test]
    fn a_password_that_is_not_percent_encoded_is_refused_with_a_word_about_it() {
        for scheme in ["postgres", "postgresql", "mysql", "mariadb"] {
            for password in
                ["se#same", "12#34", "se/same", "12/34", "se?same", "12?34", "12?se=same", "se@same", "#", "/"]
            {
                for rest in ["db/people", "db:5432/people?sslmode=require", "/people?host=/tmp"] {
                    let message =
                        Target::parse(&format!("{scheme}://ann:{password}@{rest}")).err().unwrap().to_string();
                    assert!(message.contains("percent-encoded"), "{password}: {message}");
                    assert!(!message.contains("same") && !message.contains("people"), "{message}");
                }
            }
            let encoded = format!("{scheme}://ann:%23%2F%3F%40%25@db/people");
            assert!(Target::parse(&encoded).is_ok(), "{encoded}");
        }
    }

    #[cfg(all(feature = "mysql", feature = "postgres"))]
    #[test]
    fn what_is_wrong_otherwise_is_told_as_it_is() {
        for (url, reason) in [
            ("postgres:ann:sesame@db/x", "`//` is missing"),
            ("postgres:/ann:sesame@db/x", "`//` is missing"),
            ("postgres://db", "it names no database"),
            ("mysql://db/?charset=utf8", "it names no database"),
            ("postgres://db:port/x", "invalid port number"),
            ("postgres://db/x?sslmode=sesame", "an option of it cannot be read"),
        ] {
            let message = Target::parse(url).err().unwrap().to_string();
            assert!(message.contains(reason) && !message.contains("percent"), "{message}");
            assert!(!message.contains("sesame"), "{message}");
        }
    }

    #[cfg(feature = "postgres")]
    #[test]
    fn what_the_driver_does_not_know_does_not_reach_it() {
        let url = "postgres://db/x?sslpassword=sesame&options[search_path]=y&connect_timeout=10&application_name=z";
        let kept = parse(url).unwrap();
        assert_eq!(kept.query(), Some("options%5Bsearch_path%5D=y&application_name=z"));
        assert!(has_unknown_options(url) && !has_unknown_options("postgres://db/x?sslmode=require"));
        assert!(!has_unknown_options("mysql://db/x?unix_socket=/tmp/x") && has_unknown_options("mysql://db/x?y=1"));
    }
}
