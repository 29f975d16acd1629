//! Where pipelines are opened, and where they are not.

use super::*;
use crate::connect::Target as Server;
use crate::testing::TestDatabase;

fn target(url: &str) -> Option<Target> {
    let Ok(Server::Postgres(server)) = Server::parse(url) else { panic!("{url}") };
    Target::of(&server, &Options::default())
}

#[test]
fn what_only_sqlx_can_is_left_to_it() {
    for (options, is_so) in [
        ("", true),
        ("sslmode=disable", true),
        ("sslmode=prefer", true),
        ("sslmode=require", true),
        ("sslmode=verify-full", true),
        ("sslmode=verify-full&sslrootcert=/tmp/ca.pem", true),
        ("sslmode=allow", false),
        ("sslmode=verify-ca", false),
        ("sslmode=verify-full&sslcert=/tmp/a.pem&sslkey=/tmp/a.key", false),
        ("sslcert=/tmp/a.pem", false),
        ("host=/tmp", true),
        ("host=/tmp&sslmode=require", false),
    ] {
        assert_eq!(target(&format!("postgres://ann@db.example/people?{options}")).is_some(), is_so, "{options}");
    }
}

#[test]
fn the_session_is_the_one_of_the_url() {
    let url = "postgres://ann%40x:p%2Bw+%25%2F%20%C3%A9@[::1]:5433/people?application_name=app%20x&\
               options=-c%20search_path%3Dmine&options[work_mem]=8MB";
    let session = target(url).unwrap().session;
    assert_eq!(session.get_user(), Some("ann@x"));
    assert_eq!(session.get_password(), Some("p+w+%/ é".as_bytes()));
    assert_eq!(session.get_dbname(), Some("people"));
    assert_eq!(session.get_application_name(), Some("app x"));
    let options = session.get_options().unwrap();
    assert!(options.starts_with("-c search_path=mine -c work_mem=8MB -c statement_timeout=250 "), "{options}");
    assert!(options.contains("-c lock_timeout=100 ") && options.contains("-c TimeZone=UTC "), "{options}");
}

#[test]
fn authorities_are_those_of_the_url() {
    let trust = |options: &str| target(&format!("postgres://db/people?{options}")).unwrap().tls;
    assert!(trust("sslmode=disable").is_none());
    assert!(matches!(trust("sslmode=prefer"), Some((Trust::Anybody, false))));
    assert!(matches!(trust("sslmode=require"), Some((Trust::Anybody, true))));
    assert!(matches!(trust("sslmode=verify-full"), Some((Trust::Authorities(None), true))));
    let Some((Trust::Authorities(Some(Authority::File(path))), true)) =
        trust("sslmode=verify-full&sslrootcert=/tmp/my%20ca.pem")
    else {
        panic!("no file")
    };
    assert_eq!(path, PathBuf::from("/tmp/my ca.pem"));
}

#[test]
fn a_socket_is_a_file_of_its_folder() {
    for url in ["postgres://ann@/people?host=/run/pg&port=5433", "postgres://ann@%2Frun%2Fpg:5433/people"] {
        let Address::Socket(path) = target(url).unwrap().address else { panic!("{url}") };
        assert_eq!(path, PathBuf::from("/run/pg/.s.PGSQL.5433"), "{url}");
    }
}

/// The test's server has TLS with a certificate of its own, or none.
#[tokio::test]
async fn a_certificate_of_nobody_is_not_taken() {
    let Some(test) = TestDatabase::postgres().await else { return };
    let open = async |options: &str| target(&format!("{}?{options}", test.url())).unwrap().open().await.is_ok();
    assert!(open("sslmode=prefer").await);
    assert!(open("sslmode=disable").await);
    assert!(!open("sslmode=verify-full").await);
    assert!(!open("sslmode=verify-full&sslrootcert=/nowhere").await);
}
