//! The conditions and orders of SQL against those of the domain: for random
//! people, whoever is in a scope, matches a filter or comes next is the same in both.

use std::sync::Arc;

use chrono::TimeDelta;
use clientele_persistence::testing::TestDatabase;
use domain::page::{Assignment, Search};
use domain::store::Update;
use domain::testing::{account, event, manager, phone};
use domain::{
    Clock, Cursor, DisplayName, Filter, PageSize, Profile, Role, Scope, Sort, User, UserId, UserQuery,
    VerificationMethod,
};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestRunner};

use super::backends::{BY, Ground, Setting, customer_profile, never, tests};

tests! {
    every store:
    wildcards_mean_themselves,
    an_email_is_found_however_it_is_cased,
    an_email_is_found_by_both_spellings_of_its_domain,
    a_total_counts_nobody_twice,
    a_list_without_anybody_is_empty,
    rows_that_come_and_go_neither_repeat_nor_hide_others;

    every database:
}

/// Names that sort and fold in ways of their own.
const NAMES: &[&str] = &[
    "Ann",
    "ann",
    "ANN",
    "Anna",
    "Ann-Marie",
    "a%b",
    "a_b",
    "a\\b",
    "100%",
    "_",
    "Åsa",
    "åsa",
    "e\u{301}va",
    "Éva",
    "Straße",
    "STRASSE",
    "Ўктам",
    "ўктам",
    "ﬃ",
    "ffi",
    "İstanbul",
    "ΣΊΣΥΦΟΣ",
    "σίσυφος",
    "ᾂ",
    "🦊",
    "\u{ffff}",
    "\u{10ffff}",
    "\u{10ffff}a",
    "名前",
    "'; --",
    "+99890",
    "99890",
];

#[derive(Clone, Debug)]
struct Draft {
    role: Role,
    name: Option<String>,
    is_active: bool,
    /// Few moments, so that many are equal.
    created_at: i64,
    number: u64,
    has_phone: bool,
    manager: Option<Index>,
    creator: Option<Index>,
}

fn drafts() -> impl Strategy<Value = Vec<Draft>> {
    let role = prop_oneof![1 => Just(Role::Admin), 3 => Just(Role::Manager), 6 => Just(Role::Customer)];
    let name = prop_oneof![2 => Just(None), 5 => select(NAMES).prop_map(|name| Some(name.to_owned())), 3 => "\\PC{1,8}".prop_map(Some)];
    let moment = prop_oneof![Just(0), Just(1), Just(1000), Just(1_000_000), Just(-1), 0..3_i64];
    let number = 998_900_000_000..998_900_002_000_u64;
    let index = || proptest::option::weighted(0.7, any::<Index>());
    let draft = (role, name, proptest::bool::weighted(0.7), moment, number, any::<bool>(), index(), index()).prop_map(
        |(role, name, is_active, created_at, number, has_phone, manager, creator)| Draft {
            role,
            name,
            is_active,
            created_at,
            number,
            has_phone,
            manager,
            creator,
        },
    );
    proptest::collection::vec(draft, 1..40)
}

/// What is asked, in terms of the people there are.
#[derive(Clone, Debug)]
struct Question {
    scope: (u8, Index),
    sort: Sort,
    size: u64,
    role: Option<Role>,
    is_active: Option<bool>,
    assigned_manager: Option<Option<Index>>,
    created_by: Option<Index>,
    created_from: Option<Index>,
    created_to: Option<Index>,
    search: Option<(Index, u8, usize)>,
}

fn questions() -> impl Strategy<Value = Vec<Question>> {
    let rarely = |strategy| proptest::option::weighted(0.15, strategy);
    let index = || any::<Index>();
    let search = proptest::option::weighted(0.3, (index(), 0..4_u8, 1..6_usize));
    let place = ((0..6_u8, index()), select(Sort::ALL), 1..7_u64);
    let filter = (
        proptest::option::weighted(0.2, select(Role::ALL)),
        proptest::option::weighted(0.2, any::<bool>()),
        proptest::option::weighted(0.2, proptest::option::of(index())),
        rarely(index()),
        rarely(index()),
        rarely(index()),
        search,
    );
    let question = (place, filter).prop_map(
        |((scope, sort, size), (role, is_active, assigned_manager, created_by, created_from, created_to, search))| {
            Question {
                scope,
                sort,
                size,
                role,
                is_active,
                assigned_manager,
                created_by,
                created_from,
                created_to,
                search,
            }
        },
    );
    proptest::collection::vec(question, 20)
}

/// The people of the drafts, whom the store will take in this order.
fn people(setting: &Setting, drafts: &[Draft]) -> Vec<User> {
    let mut people: Vec<User> = Vec::new();
    let mut drafts = drafts.to_vec();
    drafts.sort_by_key(|draft| draft.role == Role::Customer);
    for (number, draft) in drafts.iter().enumerate() {
        people.push(person(setting, draft, number, &people));
    }
    people
}

fn person(setting: &Setting, draft: &Draft, number: usize, others: &[User]) -> User {
    let clock = &setting.clock;
    // One number for each, some the beginning of others.
    let telephone = format!("+{}{number}", draft.number);
    let name = ["ann", "bob", "zoë", "straße", "νίκος"][number % 5];
    let address = format!("{name}{number}@{}", ["example.com", "bücher.example"][number % 2]);
    let mut user = match draft.role {
        Role::Admin => domain::testing::admin(clock, &address),
        Role::Manager => domain::testing::manager(clock, &address),
        Role::Customer => domain::testing::customer(clock, &telephone, None),
    };
    if let Profile::Admin(staff) | Profile::Manager(staff) = &mut user.profile {
        staff.phone = draft.has_phone.then(|| phone(&telephone));
        staff.verification_method = if draft.has_phone { VerificationMethod::Phone } else { VerificationMethod::Email };
    } else {
        let managers: Vec<_> = others.iter().filter(|user| user.role() == Role::Manager && user.is_active).collect();
        let manager = draft.manager.filter(|_| !managers.is_empty()).map(|index| index.get(&managers).id);
        customer_profile(&mut user).assigned_manager_id = manager;
        if let Some(creator) = draft.creator.filter(|_| !others.is_empty()) {
            customer_profile(&mut user).created_by = creator.get(others).id;
        }
    }
    user.display_name = draft.name.as_deref().and_then(|name| DisplayName::parse(name).ok());
    user.is_active = draft.is_active;
    user.created_at += TimeDelta::microseconds(draft.created_at);
    user.updated_at = user.created_at;
    user
}

impl Question {
    fn scope(&self, people: &[User]) -> Scope {
        let (kind, index) = &self.scope;
        let id = index.get(people).id;
        match kind {
            0 => Scope::All,
            1 => Scope::AllCustomers,
            2 => Scope::SelfAndAssigned(id),
            3 => Scope::AssignedTo(id),
            4 => Scope::Own(id),
            _ => Scope::Nothing,
        }
    }

    fn query(&self, people: &[User]) -> UserQuery {
        let filter = Filter {
            role: self.role,
            is_active: self.is_active,
            assigned_manager: self.assigned_manager.map(|manager| match manager {
                Some(index) => Assignment::To(index.get(people).id),
                None => Assignment::Nobody,
            }),
            created_by: self.created_by.map(|index| index.get(people).id),
            created_from: self.created_from.map(|index| index.get(people).created_at),
            created_to: self.created_to.map(|index| index.get(people).created_at),
            search: self.search.and_then(|(index, part, length)| search(index.get(people), part, length)),
        };
        let size = PageSize::new(self.size).unwrap();
        UserQuery { filter, sort: self.sort, after: None, size, include_total: self.size.is_multiple_of(2) }
    }
}

/// The beginning of something about a person, or of something in its middle, which must not match.
fn search(user: &User, part: u8, length: usize) -> Option<Search> {
    let text = match part {
        0 => user.display_name.as_ref()?.to_string(),
        1 => user.display_name.as_ref()?.to_string().to_uppercase(),
        2 if length.is_multiple_of(2) => user.staff()?.email.to_string(),
        2 => user.staff()?.email.shown(),
        _ => user.phone()?.to_string(),
    };
    let skipped = usize::from(part == 3 && length.is_multiple_of(2));
    let length = match part {
        2 => length * 4,
        3 => length + 8,
        _ => length,
    };
    let start: String = text.chars().skip(skipped).take(length).collect();
    Search::parse(&start).ok()
}

/// Everyone on the list, in its order, as the domain has it.
fn expected(people: &[User], scope: Scope, query: &UserQuery) -> Vec<User> {
    let listed = people.iter().filter(|user| scope.contains(user) && query.filter.matches(user));
    let mut listed: Vec<User> = listed.cloned().collect();
    listed.sort_by(|a, b| {
        let after_a = Cursor::at(a, query.sort).is_before(b);
        let after_b = Cursor::at(b, query.sort).is_before(a);
        after_b.cmp(&after_a)
    });
    listed
}

/// All pages, one after the other.
async fn listed(setting: &Setting, scope: Scope, mut query: UserQuery, people: usize) -> Vec<User> {
    let mut listed = Vec::new();
    loop {
        let page = setting.store.list_users(scope, &query).await.unwrap();
        assert!(page.items.len() <= query.size.get());
        assert!(page.next.is_none() || page.items.len() == query.size.get());
        assert_eq!(page.total.is_some(), query.include_total);
        if let Some(total) = page.total {
            query.include_total = false;
            query.after = None;
            let rest = Box::pin(listed_from(setting, scope, query.clone(), people)).await;
            assert_eq!(total, rest.len() as u64, "{query:?}");
        }
        listed.extend(page.items);
        let Some(next) = page.next else { return listed };
        assert!(listed.len() < people, "pages without end");
        query.after = Some(next);
    }
}

async fn listed_from(setting: &Setting, scope: Scope, query: UserQuery, people: usize) -> Vec<User> {
    Box::pin(listed(setting, scope, query, people)).await
}

async fn check(setting: &Setting, people: &[User], questions: &[Question]) -> Result<(), TestCaseError> {
    for question in questions {
        let (scope, query) = (question.scope(people), question.query(people));
        let found = listed(setting, scope, query.clone(), people.len()).await;
        prop_assert_eq!(&found, &expected(people, scope, &query), "{:?} {:?}", scope, query);
        for user in people.iter().take(5) {
            let found = setting.store.find_user(scope, user.id).await.unwrap();
            prop_assert_eq!(found.is_some(), scope.contains(user), "{:?} {:?}", scope, user);
        }
    }
    Ok(())
}

fn agrees_with_the_domain<F: Future<Output = Option<TestDatabase>>>(test: impl FnOnce() -> F) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let Some(test) = runtime.block_on(test()) else { return };
    let ground = Arc::new(runtime.block_on(Ground::new(test)));
    let config = Config { cases: 12, max_shrink_iters: 50, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new(config);
    let result = runner.run(&(drafts(), questions()), |(drafts, questions)| {
        let setting = ground.setting();
        let people = people(&setting, &drafts);
        runtime.block_on(async {
            for table in ["customers", "admin_managers", "users"] {
                ground.run(&format!("DELETE FROM {table}")).await.unwrap();
            }
            for user in &people {
                let mut event = event(&setting.clock, domain::audit::EventKind::UserCreated, Some(user.id));
                event.id = domain::SystemClock.new_id().into();
                setting.store.create_account(BY, &account(user), std::slice::from_ref(&event)).await.unwrap();
            }
            check(&setting, &people, &questions).await?;
            check(&Setting::new(ground.store().with_few_matches(0)), &people, &questions).await
        })
    });
    result.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn sqlite_agrees_with_the_domain() {
    agrees_with_the_domain(async || Some(TestDatabase::sqlite()));
}

#[test]
fn sqlite_in_its_thread_agrees_with_the_domain() {
    agrees_with_the_domain(async || Some(TestDatabase::sqlite().read_by_its_thread()));
}

#[test]
fn postgres_agrees_with_the_domain() {
    agrees_with_the_domain(TestDatabase::postgres);
}

#[test]
fn mariadb_agrees_with_the_domain() {
    agrees_with_the_domain(TestDatabase::mariadb);
}

async fn named(setting: &Setting, phone: &str, name: &str) -> User {
    let mut user = domain::testing::customer(&setting.clock, phone, None);
    user.display_name = Some(DisplayName::parse(name).unwrap());
    setting.enter(&user).await;
    user
}

async fn search_for(setting: &Setting, text: &str) -> Vec<UserId> {
    let filter = Filter { search: Some(Search::parse(text).unwrap()), ..Filter::default() };
    let query = UserQuery { filter, sort: Sort::OldestFirst, ..UserQuery::default() };
    setting.store.list_users(Scope::All, &query).await.unwrap().items.iter().map(|user| user.id).collect()
}

async fn wildcards_mean_themselves(setting: Setting) {
    let percent = named(&setting, "+998900000001", "%a").await;
    let underscore = named(&setting, "+998900000002", "_a").await;
    let letter = named(&setting, "+998900000003", "ba\\c").await;
    for (text, found) in [
        ("%", vec![percent.id]),
        ("_", vec![underscore.id]),
        ("b_", vec![]),
        ("b%", vec![]),
        ("BA\\", vec![letter.id]),
        ("*", vec![]),
        ("+99890000000", vec![percent.id, underscore.id, letter.id]),
        ("99890000000 2", vec![underscore.id]),
    ] {
        assert_eq!(search_for(&setting, text).await, found, "{text:?}");
    }
}

async fn an_email_is_found_however_it_is_cased(setting: Setting) {
    let street = setting.manager("straße@example.com").await;
    let nikos = setting.manager("νίκος@example.com").await;
    for (text, found) in [
        ("straße@", vec![street.id]),
        ("STRASSE@example", vec![street.id]),
        ("stra", vec![street.id]),
        ("νίκος@example.com", vec![nikos.id]),
        ("ΝΊΚΟΣ@", vec![nikos.id]),
        ("strase", vec![]),
    ] {
        assert_eq!(search_for(&setting, text).await, found, "{text:?}");
    }
    // Under another address, by that one only.
    let mut renamed = User { version: 2, ..street.clone() };
    let Profile::Manager(staff) = &mut renamed.profile else { panic!("a manager") };
    staff.email = domain::testing::email("gasse@example.com");
    let update =
        Update { before: street.clone(), after: renamed, ends_sessions: false, proof: None, events: Vec::new() };
    setting.store.update_user(BY, &update, &never).await.unwrap();
    assert_eq!(search_for(&setting, "strasse").await, []);
    assert_eq!(search_for(&setting, "gasse").await, [street.id]);
}

async fn an_email_is_found_by_both_spellings_of_its_domain(setting: Setting) {
    let ann = setting.manager("ann@bücher.example").await;
    let zoe = setting.manager("zoë@xn--bcher-kva.example").await;
    for (text, found) in [
        ("ann@bücher.example", vec![ann.id]),
        ("ANN@BÜCH", vec![ann.id]),
        ("ann@xn--bcher-kva.example", vec![ann.id]),
        ("Ann@XN--bch", vec![ann.id]),
        ("ann@x", vec![]),
        ("zoë@bücher", vec![zoe.id]),
        ("ZOË@xn--bcher-kva.", vec![zoe.id]),
    ] {
        assert_eq!(search_for(&setting, text).await, found, "{text:?}");
        let filter = Filter { search: Some(Search::parse(text).unwrap()), ..Filter::default() };
        let query = UserQuery { filter, include_total: true, ..UserQuery::default() };
        let total = setting.store.list_users(Scope::All, &query).await.unwrap().total;
        assert_eq!(total, Some(found.len() as u64), "{text:?}");
    }
}

async fn a_total_counts_nobody_twice(setting: Setting) {
    named(&setting, "+998900000001", "99890").await;
    named(&setting, "+998900000002", "Ann").await;
    named(&setting, "+998910000003", "99890 and more").await;
    let mut all = manager(&setting.clock, "99890@example.com");
    all.display_name = Some(DisplayName::parse("99890").unwrap());
    let mut by_two = manager(&setting.clock, "998901@example.com");
    let by_phone = manager(&setting.clock, "ben@example.com");
    for (user, number) in [(&mut all, "+998900000001"), (&mut by_two, "+998900000004")] {
        let Profile::Manager(staff) = &mut user.profile else { panic!("a manager") };
        staff.phone = Some(phone(number));
    }
    setting.enter_all(&[&all, &by_two, &by_phone]).await;
    for (text, count) in [("99890", 5), ("+99890", 4), ("998", 5), ("ann", 1), ("998900000001", 2), ("zzz", 0)] {
        let filter = Filter { search: Some(Search::parse(text).unwrap()), ..Filter::default() };
        let query = UserQuery { filter, include_total: true, ..UserQuery::default() };
        let page = setting.store.list_users(Scope::All, &query).await.unwrap();
        assert_eq!((page.total, page.items.len()), (Some(count), usize::try_from(count).unwrap()), "{text}");
    }
}

async fn a_list_without_anybody_is_empty(setting: Setting) {
    for scope in [Scope::All, Scope::Nothing, Scope::SelfAndAssigned(setting.clock.new_id().into())] {
        let query = UserQuery { include_total: true, ..UserQuery::default() };
        let page = setting.store.list_users(scope, &query).await.unwrap();
        assert_eq!((page.items, page.next, page.total), (vec![], None, Some(0)));
    }
}

async fn rows_that_come_and_go_neither_repeat_nor_hide_others(setting: Setting) {
    let manager = setting.manager("ann@example.com").await;
    let mut customers = Vec::new();
    for number in 0..6 {
        setting.clock.advance(TimeDelta::microseconds(1));
        customers.push(setting.customer(&format!("+99890123456{number}"), Some(&manager)).await);
    }
    let scope = Scope::SelfAndAssigned(manager.id);
    let mut query = UserQuery { size: PageSize::new(3).unwrap(), ..UserQuery::default() };
    let first = setting.store.list_users(scope, &query).await.unwrap();
    setting.clock.advance(TimeDelta::microseconds(1));
    setting.customer("+998909999999", Some(&manager)).await;
    query.after = first.next;
    let second = setting.store.list_users(scope, &query).await.unwrap();
    query.after = second.next;
    let third = setting.store.list_users(scope, &query).await.unwrap();
    let listed: Vec<_> = [first.items, second.items, third.items].concat();
    let expected: Vec<_> = customers.into_iter().rev().chain([manager]).collect();
    assert_eq!(listed, expected);
    assert_eq!(third.next, None);
}
