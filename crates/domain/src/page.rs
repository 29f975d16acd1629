//! Lists of people: filter, order and pages.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::UserId;
use crate::names::named;
use crate::user::{Role, User};
use crate::value::{Email, ValueError, ascii_start, international_digits, search_key};

/// One page of a list, and where the next one begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T, C = Cursor> {
    /// The items, in the order of the query.
    pub items: Vec<T>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<C>,
    /// How many items all pages have together, if the query asked for it.
    pub total: Option<u64>,
}

impl<T, C> Page<T, C> {
    /// A page with the first of these items. `place` gives the place of an item in the list.
    #[must_use]
    pub fn cut(mut items: Vec<T>, size: PageSize, place: impl Fn(&T) -> C) -> Self {
        let has_more = items.len() > size.get();
        items.truncate(size.get());
        let next = items.last().filter(|_| has_more).map(place);
        Self { items, next, total: None }
    }
}

/// How many items a page holds: 1 to 200. The default is 50.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageSize(u16);

impl PageSize {
    /// The largest page.
    pub const MAX: u16 = 200;

    /// Takes a number from 1 to 200.
    pub fn new(size: u64) -> Result<Self, ValueError> {
        match u16::try_from(size) {
            Ok(size @ 1..=Self::MAX) => Ok(Self(size)),
            _ => Err(ValueError::new("out_of_range", "must be from 1 to 200")),
        }
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> usize {
        self.0.into()
    }
}

impl Default for PageSize {
    fn default() -> Self {
        Self(50)
    }
}

named! {
    /// The order of a list of people. Ties are broken by id, in the same direction.
    #[derive(Default)]
    Sort {
        /// Newest first.
        #[default]
        NewestFirst => "-created_at",
        /// Oldest first.
        OldestFirst => "created_at",
        /// By case-folded display name. People without a name come first.
        NameAscending => "display_name",
        /// By case-folded display name, descending. People without a name come last.
        NameDescending => "-display_name",
    }
}

impl Sort {
    /// Whether the order is descending.
    #[must_use]
    pub fn is_descending(self) -> bool {
        matches!(self, Self::NewestFirst | Self::NameDescending)
    }

    /// Whether the order is by name.
    #[must_use]
    pub fn is_by_name(self) -> bool {
        matches!(self, Self::NameAscending | Self::NameDescending)
    }
}

/// The place in a list after which the next page begins. It is the sort key and the id of the last row. So rows that
/// are added or removed meanwhile do not make other rows appear twice or not at all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// The order of the list.
    pub sort: Sort,
    /// When the person was entered.
    pub created_at: Timestamp,
    /// The person's case-folded name, if the order is by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The person.
    pub id: UserId,
}

impl Cursor {
    /// The place of this person in a list of this order.
    #[must_use]
    pub fn at(user: &User, sort: Sort) -> Self {
        let name = sort.is_by_name().then(|| name_key(user));
        Self { sort, created_at: user.created_at, name, id: user.id }
    }

    /// Whether this person comes after the place.
    #[must_use]
    pub fn is_before(&self, user: &User) -> bool {
        let there = Self::at(user, self.sort);
        let order = match (&self.name, &there.name) {
            (Some(mine), Some(theirs)) => (mine, self.id).cmp(&(theirs, there.id)),
            _ => (self.created_at, self.id).cmp(&(there.created_at, there.id)),
        };
        if self.sort.is_descending() { order.is_gt() } else { order.is_lt() }
    }
}

/// The key by which a person's name is sorted and searched. It is empty if they have no name.
#[must_use]
pub fn name_key(user: &User) -> String {
    user.display_name.as_ref().map(|name| search_key(name.as_str())).unwrap_or_default()
}

/// The key by which an e-mail is searched: the address as people write it, case-folded. Lower case would not do:
/// `straße` is folded to `strasse`, and the search term is folded too.
#[must_use]
pub fn email_key(email: &Email) -> String {
    search_key(&email.shown())
}

/// Which people a list holds. A person must match every part that is given.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// Only this role.
    pub role: Option<Role>,
    /// Only active, or only inactive.
    pub is_active: Option<bool>,
    /// Only customers of this manager, or of none.
    pub assigned_manager: Option<Assignment>,
    /// Only customers entered by this person.
    pub created_by: Option<UserId>,
    /// Only people who were entered at this moment or later.
    pub created_from: Option<Timestamp>,
    /// Only people who were entered before this moment.
    pub created_to: Option<Timestamp>,
    /// Only people whose name, e-mail or phone starts with this.
    pub search: Option<Search>,
}

/// Whose customers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assignment {
    /// This manager's.
    To(UserId),
    /// Nobody's.
    Nobody,
}

/// The start of a name, an e-mail or a phone number, case folded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    /// The start of a name or e-mail.
    pub text: String,
    /// The start of an e-mail in its canonical form, when the domain of the text has a label such as `xn--bcher-kva`.
    /// Then e-mails are compared with this and not with `text`.
    pub email: Option<String>,
    /// The start of a phone number, if the text can be one.
    pub phone: Option<String>,
}

impl Search {
    /// The most characters that a search may have, as somebody typed it.
    pub const MAX_LENGTH: usize = 254;

    /// Reads what somebody typed. The `+` of a phone may be missing, since an unescaped `+` in a query arrives as a
    /// space.
    pub fn parse(text: &str) -> Result<Self, ValueError> {
        let typed = text.trim();
        if typed.is_empty() {
            return Err(ValueError::new("too_short", "must not be empty"));
        }
        if typed.chars().count() > Self::MAX_LENGTH {
            return Err(ValueError::new("too_long", "at most 254 characters"));
        }
        if typed.contains('\0') {
            return Err(ValueError::new("invalid_character", "must not hold the character U+0000"));
        }
        let (is_international, digits) = international_digits(typed);
        let phone = digits.filter(|digits| is_international || !digits.is_empty()).map(|digits| format!("+{digits}"));
        Ok(Self { text: search_key(typed), email: ascii_start(typed), phone })
    }

    fn matches(&self, user: &User) -> bool {
        let phone_matches = match (&self.phone, user.phone()) {
            (Some(start), Some(phone)) => phone.as_str().starts_with(start),
            _ => false,
        };
        let email_matches = user.staff().is_some_and(|staff| self.matches_email(&staff.email));
        phone_matches || email_matches || name_key(user).starts_with(&self.text)
    }

    fn matches_email(&self, email: &Email) -> bool {
        match &self.email {
            Some(start) => email.as_str().starts_with(start),
            None => email_key(email).starts_with(&self.text),
        }
    }
}

impl Filter {
    /// Whether the list holds this person.
    #[must_use]
    pub fn matches(&self, user: &User) -> bool {
        let customer = user.customer();
        self.role.is_none_or(|role| user.role() == role)
            && self.is_active.is_none_or(|active| user.is_active == active)
            && self.assigned_manager.is_none_or(|assignment| {
                let manager = match assignment {
                    Assignment::To(id) => Some(id),
                    Assignment::Nobody => None,
                };
                customer.is_some_and(|customer| customer.assigned_manager_id == manager)
            })
            && self.created_by.is_none_or(|id| customer.is_some_and(|customer| customer.created_by == id))
            && self.created_from.is_none_or(|from| user.created_at >= from)
            && self.created_to.is_none_or(|to| user.created_at < to)
            && self.search.as_ref().is_none_or(|search| search.matches(user))
    }
}

/// A query for a page of people.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UserQuery {
    /// Which people.
    pub filter: Filter,
    /// In which order.
    pub sort: Sort,
    /// After which place the page begins. The order of the place must be `sort`.
    pub after: Option<Cursor>,
    /// How many.
    pub size: PageSize,
    /// Whether to count the items of all pages.
    pub include_total: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_that_can_be_a_phone_is_one() {
        for (typed, phone) in [
            ("+99890", Some("+99890")),
            (" 99890", Some("+99890")),
            ("+998 (90)", Some("+99890")),
            ("ann", None),
            ("9a", None),
            ("+", Some("+")),
            ("\u{202a}+998 90\u{202c}", Some("+99890")),
            ("＋９９８\u{2013}٩٠", Some("+99890")),
            ("-", None),
            ("\u{200b}", None),
            ("9+9", None),
        ] {
            assert_eq!(Search::parse(typed).unwrap().phone.as_deref(), phone, "{typed:?}");
        }
        assert!(Search::parse("  ").is_err());
    }

    #[test]
    fn the_limit_of_a_search_is_on_what_was_typed() {
        for typed in ["ﬃ".repeat(120), "ﬃ".repeat(254), format!(" {} ", "a".repeat(254))] {
            assert!(Search::parse(&typed).is_ok(), "{}", typed.len());
        }
        assert_eq!(Search::parse(&"a".repeat(255)).unwrap_err().code, "too_long");
    }

    #[test]
    fn both_spellings_of_an_e_mail_find_it() {
        let clock = crate::testing::FixedClock::default();
        let mut ann = crate::testing::manager(&clock, "ann@bücher.example");
        ann.display_name = None;
        for (typed, found) in [
            ("ann@bü", true),
            ("Ann@BÜCHER.example", true),
            ("ann@xn--bcher-kva.example", true),
            ("ann@xn--bch", true),
            ("ann@xn--x", false),
            ("ann@x", false),
            ("ann", true),
        ] {
            assert_eq!(Search::parse(typed).unwrap().matches(&ann), found, "{typed:?}");
        }
    }
}
