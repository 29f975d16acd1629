//! Every caller against everybody: one table for each use-case.

mod import;
mod life;

use super::*;
use crate::audit::{Event, EventKind};
use crate::page::Filter;
use crate::testing::{self, FixedClock, MemoryStore, signed_in};
use crate::{Customer, DisplayName, Field, Metadata, Origin, PasswordHash, Profile, Role, VerificationMethod, given};

/// Two managers with a customer each, a customer whom nobody looks after, and
/// a manager who has left.
struct World {
    store: MemoryStore,
    accounts: Accounts,
    people: Vec<(&'static str, User)>,
}

const CALLERS: [&str; 5] = ["system", "admin", "mia", "mias", "anonymous"];

impl World {
    async fn new() -> Self {
        let (store, clock) = (MemoryStore::new(), FixedClock::default());
        let accounts = Accounts::new(Arc::new(store.clone()), Arc::new(clock.clone()));
        let mia = testing::manager(&clock, "mia@example.com");
        let max = testing::manager(&clock, "max@example.com");
        let gone = User { is_active: false, ..testing::manager(&clock, "gone@example.com") };
        let people = vec![
            ("admin", testing::admin(&clock, "admin@example.com")),
            ("mias", testing::customer(&clock, "+998900000001", Some(mia.id))),
            ("maxs", testing::customer(&clock, "+998900000002", Some(max.id))),
            ("free", testing::customer(&clock, "+998900000003", None)),
            ("mia", mia),
            ("max", max),
            ("gone", gone),
        ];
        for (_, user) in people.iter().filter(|(_, user)| user.staff().is_some()) {
            store.create_account(&Authority::Unconditional, &testing::account(user), &[created(&clock)]).await.unwrap();
        }
        for (_, user) in people.iter().filter(|(_, user)| user.customer().is_some()) {
            store.create_account(&Authority::Unconditional, &testing::account(user), &[created(&clock)]).await.unwrap();
        }
        Self { store, accounts, people }
    }

    fn user(&self, name: &str) -> &User {
        &self.people.iter().find(|(other, _)| *other == name).unwrap().1
    }

    fn id(&self, name: &str) -> UserId {
        if name == "nobody" { uuid::Uuid::nil().into() } else { self.user(name).id }
    }

    fn name(&self, id: UserId) -> &'static str {
        self.people.iter().find(|(_, user)| user.id == id).map_or("new", |(name, _)| name)
    }

    fn actor(&self, name: &str) -> Actor {
        match name {
            "system" => Actor::system("test"),
            "anonymous" => Actor::anonymous(Origin::default()),
            name => signed_in(self.user(name)),
        }
    }

    /// The same caller with a session that has just begun.
    async fn in_session(&self, actor: Actor) -> Actor {
        let Some(id) = actor.id() else { return actor };
        let clock = FixedClock::default();
        let begun = testing::session(&clock, id);
        let started = testing::event(&clock, EventKind::SessionStarted, Some(id));
        crate::store::SessionStore::start_session(&self.store, &begun, &started).await.unwrap();
        Actor::signed_in(&self.store.users().into_iter().find(|user| user.id == id).unwrap(), begun.id, actor.origin)
    }

    fn names(&self, listed: Result<Page<User>, Error>) -> String {
        let Ok(page) = listed else { return listed.unwrap_err().to_string() };
        let mut names: Vec<_> = page.items.iter().map(|user| self.name(user.id)).collect();
        names.sort_unstable();
        names.join(" ")
    }

    /// What came of it, and how many entries the audit trail grew by.
    async fn create(&self, caller: &str, new: NewUser) -> (String, usize) {
        let before = self.store.events().len();
        let answer = match self.accounts.create(&self.actor(caller), new).await {
            Ok(user) => self.describe(&user),
            Err(error) => error.to_string(),
        };
        (answer, self.store.events().len() - before)
    }

    fn describe(&self, user: &User) -> String {
        let Some(customer) = user.customer() else { return user.role().to_string() };
        let manager = customer.assigned_manager_id.map_or("nobody", |id| self.name(id));
        format!("of {manager} by {}", self.name(customer.created_by))
    }
}

fn created(clock: &FixedClock) -> Event {
    testing::event(clock, EventKind::UserCreated, None)
}

#[tokio::test]
async fn find_answers_within_the_scope_and_hides_the_rest() {
    const SEEN: &str = "seen";
    const HIDDEN: &str = "no such record";
    const FORBIDDEN: &str = "this role may not do that";
    let world = World::new().await;
    let targets = ["admin", "mia", "max", "mias", "maxs", "free", "nobody"];
    for (caller, expected) in [
        ("system", [SEEN, SEEN, SEEN, SEEN, SEEN, SEEN, HIDDEN]),
        ("admin", [SEEN, SEEN, SEEN, SEEN, SEEN, SEEN, HIDDEN]),
        ("mia", [HIDDEN, SEEN, HIDDEN, SEEN, HIDDEN, HIDDEN, HIDDEN]),
        ("mias", [HIDDEN, HIDDEN, HIDDEN, SEEN, HIDDEN, HIDDEN, HIDDEN]),
        ("anonymous", [FORBIDDEN; 7]),
    ] {
        for (target, expected) in targets.into_iter().zip(expected) {
            let id = world.id(target);
            let answer = match world.accounts.find(&world.actor(caller), id).await {
                Ok(user) if user.id == id => SEEN.to_owned(),
                Ok(user) => format!("answered {:?}", user.id),
                Err(error) => error.to_string(),
            };
            assert_eq!(answer, expected, "{caller} finds {target}");
        }
    }
}

#[tokio::test]
async fn lists_hold_exactly_the_scope() {
    let world = World::new().await;
    let query = UserQuery::default();
    for (caller, people, managed) in [
        ("system", "admin free gone max maxs mia mias", "free maxs mias"),
        ("admin", "admin free gone max maxs mia mias", "free maxs mias"),
        ("mia", "mia mias", "mias"),
        ("gone", "gone", ""),
        ("mias", "this role may not do that", "this role may not do that"),
        ("anonymous", "this role may not do that", "this role may not do that"),
    ] {
        let actor = world.actor(caller);
        assert_eq!(world.names(world.accounts.list(&actor, given(query.clone())).await), people, "{caller} lists");
        let listed = world.accounts.list_managed_customers(&actor, given(query.clone())).await;
        assert_eq!(world.names(listed), managed, "{caller} lists managed customers");
    }
}

#[tokio::test]
async fn no_filter_reaches_beyond_the_scope() {
    let world = World::new().await;
    for filter in [
        Filter { role: Some(Role::Admin), ..Filter::default() },
        Filter { assigned_manager: Some(crate::page::Assignment::To(world.id("max"))), ..Filter::default() },
        Filter { search: Some(crate::page::Search::parse("+998900000002").unwrap()), ..Filter::default() },
    ] {
        let query = UserQuery { filter, include_total: true, ..UserQuery::default() };
        let page = world.accounts.list(&world.actor("mia"), given(query.clone())).await.unwrap();
        assert_eq!((page.items.len(), page.total), (0, Some(0)), "{:?}", query.filter);
    }
}

#[tokio::test]
async fn staff_are_entered_by_admins_alone() {
    for (caller, expected) in CALLERS.into_iter().zip([
        None,
        None,
        Some("this role may not set role"),
        Some("this role may not do that"),
        Some("this role may not do that"),
    ]) {
        let world = World::new().await;
        for (new, role) in [
            (testing::new_admin("a@example.com"), "admin"), //
            (testing::new_manager("m@example.com"), "manager"),
        ] {
            let (answer, events) = world.create(caller, new).await;
            assert_eq!(answer, expected.unwrap_or(role), "{caller} enters {role}");
            assert_eq!(events, usize::from(expected.is_none()), "{caller} enters {role}");
        }
    }
}

#[tokio::test]
async fn customers_are_entered_for_whom_the_caller_may_choose() {
    const BAD: &str = "assigned_manager_id is not acceptable";
    const NOT_YOURS: &str = "this role may not set assigned_manager_id";
    const FORBIDDEN: &str = "this role may not do that";
    let managers = [None, Some("mia"), Some("max"), Some("gone"), Some("admin"), Some("maxs"), Some("nobody")];
    for (caller, expected) in [
        ("system", ["of nobody by new", "of mia by new", "of max by new", BAD, BAD, BAD, BAD]),
        ("admin", ["of nobody by admin", "of mia by admin", "of max by admin", BAD, BAD, BAD, BAD]),
        ("mia", ["of mia by mia", "of mia by mia", NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS]),
        ("mias", [FORBIDDEN; 7]),
        ("anonymous", [FORBIDDEN; 7]),
    ] {
        for (manager, expected) in managers.into_iter().zip(expected) {
            let world = World::new().await;
            let new = testing::new_customer("+998911111111", manager.map(|name| world.id(name)));
            let (answer, events) = world.create(caller, new).await;
            assert_eq!(answer, expected, "{caller} enters a customer of {manager:?}");
            assert_eq!(events, usize::from(answer.starts_with("of")), "{caller} enters a customer of {manager:?}");
        }
    }
}

#[tokio::test]
async fn contacts_belong_to_one_account() {
    let world = World::new().await;
    for (new, expected) in [
        (testing::new_manager("MIA@example.com"), "email is already taken"),
        (testing::new_admin("mia@example.com"), "email is already taken"),
        (testing::new_customer("+998 90 000-00-02", None), "phone is already taken"),
        (with_phone("n@example.com", Some("+998900000002")), "manager"),
        (with_phone("o@example.com", Some("+998900000002")), "manager"),
        (with_phone("p@example.com", None), "phone is not acceptable"),
    ] {
        assert_eq!(world.create("admin", new).await.0, expected);
    }
}

fn with_phone(email: &str, phone: Option<&str>) -> NewUser {
    let NewUser::Staff(mut new) = testing::new_manager(email) else { unreachable!("a manager is staff") };
    new.staff.phone = phone.map(testing::phone);
    new.staff.verification_method = VerificationMethod::Whatsapp;
    NewUser::Staff(new)
}

#[tokio::test]
async fn entering_somebody_is_recorded_without_their_password() {
    let world = World::new().await;
    let actor = world.actor("admin");
    let user = world.accounts.create(&actor, testing::new_manager("new@example.com")).await.unwrap();
    let event = world.store.events().pop().unwrap();
    assert_eq!((event.kind, event.actor_id, event.subject_id), (EventKind::UserCreated, actor.id(), Some(user.id)));
    assert_eq!(event.actor_role, "admin");
    assert_eq!(event.changes["email"].to, "new@example.com");
    let fields: Vec<_> = event.changes.keys().map(String::as_str).collect();
    assert_eq!(fields, ["email", "is_active", "role", "verification_method"]);
    assert_eq!(world.store.password_hash(user.id), Some(testing::password_hash("password")));
}

#[tokio::test]
async fn a_customer_is_stored_as_given() {
    let world = World::new().await;
    let NewUser::Customer(mut new) = testing::new_customer("+998911111111", None) else { unreachable!() };
    new.display_name = Some(DisplayName::parse("Aziza").unwrap());
    new.metadata = Metadata::parse(serde_json::Map::from_iter([("tier".to_owned(), 1.into())])).unwrap();
    new.is_active = false;
    let (name, metadata) = (new.display_name.clone(), new.metadata.clone());
    let made = world.accounts.create(&world.actor("mia"), NewUser::Customer(new)).await.unwrap();
    let found = world.accounts.find(&world.actor("mia"), made.id).await.unwrap();
    assert_eq!(found, made);
    assert_eq!((found.display_name, found.is_active, found.version), (name, false, 1));
    assert_eq!(found.profile, Profile::Customer(Customer { metadata, ..made.customer().unwrap().clone() }));
    assert_eq!(world.store.password_hash(made.id), Some(PasswordHash::unusable()));
}

#[tokio::test]
async fn a_caller_who_is_no_manager_any_more_enters_nobody() {
    let world = World::new().await;
    let refused = world.accounts.create(&world.actor("gone"), testing::new_customer("+998900000009", None)).await;
    assert!(matches!(refused, Err(Error::Unauthorized)), "{refused:?}");
    let erased = signed_in(&User { id: world.id("nobody"), ..world.user("admin").clone() });
    let refused = world.accounts.create(&erased, testing::new_customer("+998900000009", None)).await;
    assert!(matches!(refused, Err(Error::Unauthorized)), "{refused:?}");
}
