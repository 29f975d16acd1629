//! `If-Match`: a write that is meant for one state of a record (RFC 9110 section 13.1.1).

use actix_web::HttpRequest;
use actix_web::http::header;
use domain::{Expected, UserId};

/// The versions in which the caller expects the person. A weak tag and the tag of another record match no version. `*`
/// matches every version.
pub(crate) fn expected(request: &HttpRequest, id: UserId) -> Expected {
    let values: Vec<_> = request.headers().get_all(header::IF_MATCH).collect();
    if values.is_empty() {
        return Expected::Any;
    }
    // An unreadable tag matches no version, so the write is refused.
    let tags = values.iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).map(str::trim);
    let prefix = format!("\"{}-", id.as_uuid().simple());
    let mut versions = Vec::new();
    for tag in tags {
        if tag == "*" {
            return Expected::Any;
        }
        let version = tag.strip_prefix(&prefix).and_then(|rest| rest.strip_suffix('"'));
        let number = version.filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
        versions.extend(number.and_then(|text| text.parse::<i64>().ok()));
    }
    Expected::Versions(versions)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn if_match_takes_lists_and_stars_and_compares_strongly() {
        let id: UserId = "01936f5e-0000-7000-8000-000000000001".parse().unwrap();
        let tag = |version: &str| format!("\"01936f5e000070008000000000000001-{version}\"");
        let versions = |versions: &[i64]| Expected::Versions(versions.to_vec());
        for (values, meant) in [
            (vec![], Expected::Any),
            (vec![tag("7")], versions(&[7])),
            (vec![format!("\"x\" , {},{}", tag("1"), tag("2"))], versions(&[1, 2])),
            (vec![tag("1"), tag("2")], versions(&[1, 2])),
            (vec!["*".to_owned()], Expected::Any),
            (vec![format!("W/{}", tag("7"))], versions(&[])),
            (vec![tag("7").trim_matches('"').to_owned()], versions(&[])),
            (vec![tag("+7")], versions(&[])),
            (vec![tag("")], versions(&[])),
            (vec!["\"01936f5e000070008000000000000002-7\"".to_owned()], versions(&[])),
            (vec![String::new()], versions(&[])),
        ] {
            let request = values.iter().fold(TestRequest::default(), |request, value| {
                request.append_header((header::IF_MATCH, value.as_str()))
            });
            assert_eq!(expected(&request.to_http_request(), id), meant, "{values:?}");
        }
    }
}
