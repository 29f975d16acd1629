//! E-mail addresses, in the canonical form in which they are compared and in the form in which people write them.

use std::borrow::Cow;
use std::fmt;

use email_address::{EmailAddress, Options};
use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use unicode_normalization::UnicodeNormalization;

use super::ValueError;

/// The prefix of a domain label that encodes another script (RFC 5890 section 2.3.2.1).
const ENCODED: &str = "xn--";

/// An e-mail address in its canonical form: trimmed, NFC, lower case, the domain in A-labels (UTS 46). Two spellings of
/// one mailbox are equal.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Email(String);

impl Email {
    /// The most characters that an address may have (RFC 5321 section 4.5.3.1.3, without the brackets).
    pub const MAX_LENGTH: usize = 254;

    /// Reads an address as people write it. Refuses quoted local parts, display names and address literals, since
    /// nobody signs in with them.
    pub fn parse(text: &str) -> Result<Self, ValueError> {
        let typed = lower_case(text);
        let canonical = with_domain(&typed, ascii_domain).ok_or_else(invalid)?;
        if canonical.chars().count() > Self::MAX_LENGTH {
            return Err(ValueError::new("too_long", "an e-mail address has at most 254 characters"));
        }
        if is_address(&canonical) { Ok(Self(canonical)) } else { Err(invalid()) }
    }

    /// An address from the database. An earlier release took addresses whose domain [`Email::parse`] refuses today.
    /// Such an address stays as it is, so that the person can still be read.
    ///
    /// # Errors
    /// When the text is no address at all.
    pub fn from_stored(text: &str) -> Result<Self, ValueError> {
        let as_it_is = |error| if is_address(text) { Ok(Self(text.to_owned())) } else { Err(error) };
        Self::parse(text).or_else(as_it_is)
    }

    /// The address as people write it, with the domain in its own script.
    #[must_use]
    pub fn shown(&self) -> String {
        with_domain(&self.0, |domain| Some(unicode_domain(domain))).unwrap_or_else(|| self.0.clone())
    }

    /// The part before the `@`.
    #[must_use]
    pub fn local_part(&self) -> &str {
        self.0.rsplit_once('@').map_or(&*self.0, |(local, _)| local)
    }
}

fn invalid() -> ValueError {
    ValueError::new("invalid_email", "not an e-mail address, such as name@example.com")
}

pub(super) fn lower_case(text: &str) -> String {
    let text = text.trim();
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.nfc().collect::<String>().to_lowercase().nfc().collect()
}

fn is_address(text: &str) -> bool {
    let options = Options::default().without_display_text().without_domain_literal();
    EmailAddress::parse_with_options(text, options).is_ok() && !text.contains(['"', ' ', '\0'])
}

fn with_domain<'t>(address: &'t str, read: impl FnOnce(&'t str) -> Option<Cow<'t, str>>) -> Option<String> {
    let (local, domain) = address.rsplit_once('@')?;
    Some(format!("{local}@{}", read(domain)?))
}

fn ascii_domain(domain: &str) -> Option<Cow<'_, str>> {
    Uts46::new().to_ascii(domain.as_bytes(), AsciiDenyList::EMPTY, Hyphens::Allow, DnsLength::Verify).ok()
}

fn unicode_domain(domain: &str) -> Cow<'_, str> {
    let (shown, read) = Uts46::new().to_unicode(domain.as_bytes(), AsciiDenyList::EMPTY, Hyphens::Allow);
    if read.is_ok() { shown } else { Cow::Borrowed(domain) }
}

/// The beginning of an address in A-labels, if one of its labels is written as an A-label. The last label may be cut
/// off.
pub(crate) fn ascii_start(typed: &str) -> Option<String> {
    let typed = lower_case(typed);
    let (local, domain) = typed.split_once('@')?;
    if !domain.split('.').any(|label| label.starts_with(ENCODED)) {
        return None;
    }
    let label = |label| ascii_domain(label).unwrap_or(Cow::Borrowed(label));
    Some(format!("{local}@{}", domain.split('.').map(label).collect::<Vec<_>>().join(".")))
}

text_value!(Email);

impl fmt::Debug for Email {
    /// Shows only the first letter, so that addresses stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = self.0.chars().next().unwrap_or('?');
        write!(f, "Email({first}…)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn email_has_one_canonical_form() {
        for (typed, stored) in [
            ("ann@example.com", "ann@example.com"),
            ("  Ann@Example.COM ", "ann@example.com"),
            ("ÄNN@Example.com", "änn@example.com"),
            ("a.b+c@sub.example.com", "a.b+c@sub.example.com"),
            ("admin@localhost", "admin@localhost"),
            ("ann@bücher.example", "ann@xn--bcher-kva.example"),
            ("ann@BÜCHER.example", "ann@xn--bcher-kva.example"),
            ("ann@bu\u{308}cher.example", "ann@xn--bcher-kva.example"),
            ("ann@XN--BCHER-KVA.Example", "ann@xn--bcher-kva.example"),
            ("ann@ｅｘａｍｐｌｅ。com", "ann@example.com"),
            ("ann@straße.example", "ann@xn--strae-oqa.example"),
            ("ann@пример.рф", "ann@xn--e1afmkfd.xn--p1ai"),
            ("straße@example.com", "straße@example.com"),
        ] {
            assert_eq!(Email::parse(typed).unwrap().as_str(), stored, "{typed:?}");
        }
    }

    #[test]
    fn an_address_is_shown_as_people_write_it() {
        for (typed, shown) in [
            ("ann@example.com", "ann@example.com"),
            ("ann@xn--bcher-kva.example", "ann@bücher.example"),
            ("Ann@Bücher.example", "ann@bücher.example"),
            ("änn@xn--e1afmkfd.xn--p1ai", "änn@пример.рф"),
        ] {
            assert_eq!(Email::parse(typed).unwrap().shown(), shown, "{typed:?}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let long = format!("{}@example.com", "a".repeat(250));
        // Short enough as it is written, but not as it is sent.
        let long_label = format!("ann@{}.example", "ü".repeat(62));
        let bad = [
            "",
            " ",
            "ann",
            "@example.com",
            "ann@",
            "a@b@c.com",
            "Ann <ann@example.com>",
            "\"a b\"@x.com",
            "a b@x.com",
            "a@[127.0.0.1]",
            "a\0@x.com",
            "a@x..com",
            "a@xn--a.com",
            "a@\u{200d}.com",
            &long,
            &long_label,
        ];
        for text in bad {
            assert!(Email::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn what_an_earlier_release_stored_is_read() {
        for (stored, read) in [
            ("ann@bücher.example", "ann@xn--bcher-kva.example"),
            ("ann@xn--a.example", "ann@xn--a.example"),
            ("ann@example.com", "ann@example.com"),
        ] {
            let email = Email::from_stored(stored).unwrap();
            assert_eq!(email.as_str(), read, "{stored}");
        }
        assert_eq!(Email::from_stored("ann@xn--a.example").unwrap().shown(), "ann@xn--a.example");
        assert!(Email::from_stored("nobody").is_err());
    }

    #[test]
    fn the_beginning_of_an_address_in_a_labels_is_told() {
        for (typed, start) in [
            ("ann@xn--bcher-kva.example", Some("ann@xn--bcher-kva.example")),
            ("Ann@XN--bch", Some("ann@xn--bch")),
            ("ann@bücher.xn--p1", Some("ann@xn--bcher-kva.xn--p1")),
            ("ann@bücher.example", None),
            ("ann@", None),
            ("xn--ann", None),
        ] {
            assert_eq!(ascii_start(typed).as_deref(), start, "{typed:?}");
        }
    }

    proptest! {
        #[test]
        fn both_spellings_are_one_address(text in "[a-zäß.]{1,8}@[a-zäöüßéñ中文яж]{1,10}\\.(com|рф|example)") {
            if let Ok(email) = Email::parse(&text) {
                prop_assert!(email.as_str().rsplit_once('@').unwrap().1.is_ascii());
                prop_assert_eq!(&Email::parse(email.as_str()).unwrap(), &email);
                prop_assert_eq!(&Email::parse(&email.shown()).unwrap(), &email);
                prop_assert_eq!(Email::from_stored(email.as_str()).unwrap(), email);
            }
        }
    }
}
