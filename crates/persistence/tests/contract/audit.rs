//! Who did what to whom, as it is read.

use chrono::TimeDelta;
use domain::audit::{Change, Event, EventCursor, EventFilter, EventKind, EventPage, EventQuery};
use domain::testing::{event, signed_in};
use domain::{Clock, PageSize, Scope, User};
use serde_json::json;

use super::backends::{Setting, tests};

tests! {
    every store:
    an_entry_is_read_as_it_was_written,
    a_scope_holds_the_entries_about_its_people,
    filters_leave_out_and_pages_go_back_in_time,
    it_is_told_only_so_often,
    it_is_told_only_so_often_to_many_at_once;

    every database:;
}

async fn list(setting: &Setting, scope: Scope, query: &EventQuery) -> EventPage {
    setting.store.list_events(scope, query).await.unwrap()
}

async fn an_entry_is_read_as_it_was_written(setting: Setting) {
    let clock = &setting.clock;
    let admin = setting.admin("admin@example.com").await;
    clock.advance(TimeDelta::microseconds(123_456));
    let mut whole = Event::new(clock, &signed_in(&admin), EventKind::UserUpdated, Some(admin.id));
    whole.changes.insert("display_name".to_owned(), Change { from: json!(null), to: json!("Ўктам \"🦊\"") });
    whole.request_id = Some("abc-1".to_owned());
    whole.address = Some("2001:db8::1".parse().unwrap());
    clock.advance(TimeDelta::microseconds(1));
    let bare = event(clock, EventKind::SigninFailed, None);
    for event in [&whole, &bare] {
        setting.store.record_event(event).await.unwrap();
    }
    let page = list(&setting, Scope::All, &EventQuery::default()).await;
    assert_eq!(page.items[..2], [bare, whole]);
    assert_eq!((page.next, page.total), (None, None));
}

async fn a_scope_holds_the_entries_about_its_people(setting: Setting) {
    let admin = setting.admin("admin@example.com").await;
    let (ann, ben) = (setting.manager("ann@example.com").await, setting.manager("ben@example.com").await);
    let hers =
        [setting.customer("+998900000001", Some(&ann)).await, setting.customer("+998900000002", Some(&ann)).await];
    let his = setting.customer("+998900000003", Some(&ben)).await;
    let free = setting.customer("+998900000004", None).await;
    let everyone = [&admin, &ann, &ben, &hers[0], &hers[1], &his, &free];
    for subject in everyone {
        for kind in [EventKind::SessionStarted, EventKind::UserUpdated] {
            setting.store.record_event(&event(&setting.clock, kind, Some(subject.id))).await.unwrap();
        }
    }
    setting.store.record_event(&event(&setting.clock, EventKind::SigninFailed, None)).await.unwrap();
    let query = EventQuery { size: PageSize::new(200).unwrap(), include_total: true, ..EventQuery::default() };
    for scope in [
        Scope::All,
        Scope::AllCustomers,
        Scope::SelfAndAssigned(ann.id),
        Scope::AssignedTo(ann.id),
        Scope::AssignedTo(free.id),
        Scope::Own(ben.id),
        Scope::Nothing,
    ] {
        let page = list(&setting, scope, &query).await;
        // Each was entered by `Setting`, which leaves an entry too.
        let expected = 3 * everyone.iter().filter(|user| scope.contains(user)).count();
        let about_nobody = usize::from(scope == Scope::All);
        assert_eq!(page.items.len(), expected + about_nobody, "{scope:?}");
        assert_eq!(page.total, Some(page.items.len() as u64), "{scope:?}");
        let is_inside =
            |event: &Event| everyone.iter().any(|user| event.subject_id == Some(user.id) && scope.contains(user));
        assert!(scope == Scope::All || page.items.iter().all(is_inside), "{scope:?}");
    }
}

/// Entries by two people about two people, several at the same moment.
async fn record_some(setting: &Setting, people: &[User; 2]) -> Vec<Event> {
    let mut events = Vec::new();
    for n in 0..24 {
        if n % 3 == 0 {
            setting.clock.advance(TimeDelta::milliseconds(1));
        }
        let kind = [EventKind::UserUpdated, EventKind::SessionStarted, EventKind::SessionEnded][n % 3];
        let (actor, subject) = (&people[n % 2], &people[n / 2 % 2]);
        let event = Event::new(&setting.clock, &signed_in(actor), kind, Some(subject.id));
        setting.store.record_event(&event).await.unwrap();
        events.push(event);
    }
    events
}

async fn filters_leave_out_and_pages_go_back_in_time(setting: Setting) {
    let ann = setting.manager("ann@example.com").await;
    let customer = setting.customer("+998900000001", Some(&ann)).await;
    let people = [ann, customer];
    setting.clock.advance(TimeDelta::seconds(1));
    let events = record_some(&setting, &people).await;
    let began = Some(events[0].at);
    let middle = Some(events[12].at);
    let filter = EventFilter { from: began, ..EventFilter::default() };
    for filter in [
        filter.clone(),
        EventFilter { actor: Some(people[0].id), ..filter.clone() },
        EventFilter { subject: Some(people[1].id), ..filter.clone() },
        EventFilter { kind: Some(EventKind::SessionStarted), ..filter.clone() },
        EventFilter { from: middle, ..filter.clone() },
        EventFilter { to: middle, ..filter.clone() },
        EventFilter { from: middle, to: middle, ..filter.clone() },
        EventFilter {
            actor: Some(people[1].id),
            subject: Some(people[1].id),
            kind: Some(EventKind::UserUpdated),
            ..filter
        },
    ] {
        for scope in [Scope::All, Scope::AssignedTo(people[0].id)] {
            let is_listed = |event: &&Event| {
                filter.matches(event) && (scope == Scope::All || event.subject_id == Some(people[1].id))
            };
            let mut expected: Vec<_> = events.iter().filter(is_listed).cloned().collect();
            expected.sort_by_key(|event| std::cmp::Reverse(EventCursor::at(event)));
            assert_eq!(
                all_pages(&setting, scope, &filter, expected.len() as u64).await,
                expected,
                "{scope:?} {filter:?}"
            );
        }
    }
}

async fn all_pages(setting: &Setting, scope: Scope, filter: &EventFilter, total: u64) -> Vec<Event> {
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let query = EventQuery { filter: filter.clone(), after, size: PageSize::new(5).unwrap(), include_total: true };
        let page = list(setting, scope, &query).await;
        assert_eq!(page.total, Some(total));
        seen.extend(page.items);
        after = page.next;
        if after.is_none() {
            return seen;
        }
    }
}

const HOURS: TimeDelta = TimeDelta::hours(24);

/// Tells the manager this many times at once. Answers whether that was allowed.
async fn tell(setting: &Setting, manager: &User, times: usize) -> bool {
    let clock = &setting.clock;
    let one = || Event::new(clock, &signed_in(manager), EventKind::PhoneTakenTold, Some(manager.id));
    let events: Vec<_> = std::iter::repeat_with(one).take(times).collect();
    setting.store.record_taken_phones(manager.id, &events, clock.now() - HOURS, 3).await.unwrap()
}

async fn it_is_told_only_so_often(setting: Setting) {
    let (ann, ben) = (setting.manager("ann@example.com").await, setting.manager("ben@example.com").await);
    let first = setting.clock.now();
    assert!(tell(&setting, &ann, 2).await);
    setting.clock.advance(TimeDelta::hours(1));
    assert!(!tell(&setting, &ann, 2).await, "all of them or none");
    assert!(tell(&setting, &ann, 1).await);
    assert!(!tell(&setting, &ann, 1).await);
    assert!(tell(&setting, &ben, 3).await, "each person by themselves");
    let told = |limit| setting.store.list_taken_phones(ann.id, setting.clock.now() - HOURS, limit);
    assert_eq!(told(3).await.unwrap(), [setting.clock.now(), first, first]);
    assert_eq!(told(1).await.unwrap(), [setting.clock.now()]);
    setting.clock.advance(TimeDelta::hours(23));
    assert!(tell(&setting, &ann, 2).await, "after a day");
    assert!(!tell(&setting, &ann, 1).await);
}

async fn it_is_told_only_so_often_to_many_at_once(setting: Setting) {
    let ann = setting.manager("ann@example.com").await;
    let told = futures_util::future::join_all((0..10).map(|_| tell(&setting, &ann, 1))).await;
    assert_eq!(told.into_iter().filter(|was_told| *was_told).count(), 3);
}
