//! The crate `clientele-client` against the service.

#[path = "../../../client/examples/first_customer.rs"]
#[expect(dead_code, reason = "its `main` only prints what `run` says")]
mod first_customer;

use std::net::SocketAddr;

use clientele_client::{
    Action, Assignment, AuditQuery, Client, Error, ExportFormat, Handover, ImportOptions, NewApiKey, NewCustomer,
    NewStaff, OnExisting, PageRequest, ProblemCode, Reach, Retry, Role, StaffRole, StaffSignUp, UserPatch, UserQuery,
    VersionedUser,
};
use domain::testing::FixedClock;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::app::{PASSWORD, TestApp, phone};
use crate::on_every_backend;

on_every_backend!(
    the_example_tells_its_story,
    people_are_entered_read_changed_and_erased,
    pages_hold_everybody_once,
    customers_are_handed_over,
    files_go_in_and_come_out,
    sessions_and_passwords_are_looked_after,
    keys_act_and_are_asked_about,
    refusals_say_what_is_wrong,
    a_customer_is_entered_once_when_the_answer_is_lost,
);

fn password() -> SecretString {
    PASSWORD.into()
}

async fn admin(app: &TestApp) -> Client {
    let account = StaffSignUp::new("ada@example.com", password()).display_name("Ada");
    let token = app.setup_token.clone().unwrap().into();
    let answer = Client::new(&app.address).unwrap().sign_up_first_admin(&token, &account).await.unwrap();
    answer.signed_in().unwrap().client
}

async fn sign_in(app: &TestApp, email: &str) -> Client {
    let answer = Client::new(&app.address).unwrap().sign_in(email, &password()).await.unwrap();
    answer.signed_in().unwrap().client
}

async fn manager(app: &TestApp, admin: &Client, email: &str) -> (Client, VersionedUser) {
    let entered = admin.create_user(&NewStaff::new(StaffRole::Manager, email).password(password())).await.unwrap();
    (sign_in(app, email).await, entered)
}

async fn customer(by: &Client, number: usize) -> VersionedUser {
    by.create_user(&NewCustomer::new(phone(number)).display_name(format!("Customer {number}"))).await.unwrap()
}

async fn the_example_tells_its_story(app: TestApp) {
    let code = async || Ok(app.code("+998901234567").await);
    let said = first_customer::run(&app.address, app.setup_token.as_ref().unwrap(), code).await.unwrap();
    let expected = [
        "Mia looks after Bob",
        "Max looks after nobody",
        "Max asks for Bob: not found",
        "Bob signs in",
        "Bob can list nobody",
    ];
    assert_eq!(said, expected);
}

async fn people_are_entered_read_changed_and_erased(app: TestApp) {
    let ada = admin(&app).await;
    let metadata = json!({ "large": u64::MAX, "exact": 0.1 }).as_object().unwrap().clone();
    let bob = NewCustomer::new("+998 90 123-45-67").display_name("Bob").metadata(metadata.clone());
    let bob = ada.create_user(&bob).await.unwrap();
    let id = bob.user.id();
    assert_eq!((bob.user.role(), bob.user.phone()), (Role::Customer, Some("+998901234567")));
    assert_eq!(bob.user.customer().unwrap().metadata, metadata);
    assert_eq!(ada.user(id).await.unwrap(), bob);
    assert_eq!(ada.user_unless(id, &bob.etag).await.unwrap(), None);

    let renamed = UserPatch::new().display_name(Some("Robert"));
    let robert = ada.update_user(id, &renamed, Some(&bob.etag)).await.unwrap();
    assert_eq!(robert.user.display_name(), Some("Robert"));
    assert_eq!(ada.user_unless(id, &bob.etag).await.unwrap().as_ref(), Some(&robert));
    let stale = ada.update_user(id, &UserPatch::new().display_name(None), Some(&bob.etag)).await.unwrap_err();
    assert!(stale.is(&ProblemCode::PreconditionFailed), "{stale}");
    let nameless = ada.update_user(id, &UserPatch::new().display_name(None).is_active(false), None).await.unwrap();
    assert_eq!((nameless.user.display_name(), nameless.user.is_active()), (None, false));

    let me = ada.update_me(&UserPatch::new().tin_trunk_number(Some("T-1")), None).await.unwrap();
    assert_eq!(me.user.staff().unwrap().tin_trunk_number.as_deref(), Some("T-1"));
    assert_eq!(ada.me().await.unwrap(), me);
    let data = ada.personal_data(id).await.unwrap();
    assert_eq!(data["user"]["id"], id.to_string());

    let events = ada.audit_events(&AuditQuery { subject: Some(id), ..AuditQuery::default() }).all().await.unwrap();
    let actions: Vec<_> = events.iter().map(|event| event.action.as_str()).collect();
    assert_eq!(actions, ["user.data_read", "user.updated", "user.updated", "user.created"]);
    assert_eq!(events[2].changes["display_name"].to, "Robert");
    ada.erase_user(id, Some(&nameless.etag)).await.unwrap();
    assert!(ada.user(id).await.unwrap_err().is(&ProblemCode::NotFound));
}

async fn pages_hold_everybody_once(app: TestApp) {
    let ada = admin(&app).await;
    let (mia, entered) = manager(&app, &ada, "mia@example.com").await;
    let mut ids = Vec::new();
    for number in 0..5 {
        ids.push(customer(&mia, number).await.user.id());
    }
    let of_mia = UserQuery { assigned_manager: Some(Assignment::To(entered.user.id())), ..UserQuery::default() };
    let mut found = Vec::new();
    let mut page = PageRequest { limit: Some(2), include_total: true, ..PageRequest::default() };
    loop {
        let read = ada.users_page(&of_mia, &page).await.unwrap();
        assert_eq!(read.total, Some(5));
        found.extend(read.items.iter().map(clientele_client::User::id));
        let Some(cursor) = read.next_cursor else { break };
        page.cursor = Some(cursor);
    }
    ids.reverse();
    assert_eq!(found, ids, "the newest first");
    let all = mia.managed_customers(&UserQuery::default()).all().await.unwrap();
    assert_eq!(all.iter().map(clientele_client::User::id).collect::<Vec<_>>(), ids);
    let searched =
        UserQuery { search: Some("CUSTOMER 3".to_owned()), role: Some(Role::Customer), ..UserQuery::default() };
    assert_eq!(ada.users(&searched).all().await.unwrap().len(), 1);
    let one = PageRequest { limit: Some(1), ..PageRequest::default() };
    let events = ada.audit_events_page(&AuditQuery::default(), &one).await.unwrap();
    assert!(events.items.len() == 1 && events.next_cursor.is_some());
}

async fn customers_are_handed_over(app: TestApp) {
    let ada = admin(&app).await;
    let (mia, mias) = manager(&app, &ada, "mia@example.com").await;
    let (max, maxs) = manager(&app, &ada, "max@example.com").await;
    customer(&mia, 1).await;
    let refused = ada.erase_user(mias.user.id(), None).await.unwrap_err();
    assert!(refused.is(&ProblemCode::HasCustomers), "{refused}");
    assert_eq!(refused.problem().unwrap().customers, Some(1));
    let handover = Handover { to: vec![maxs.user.id()], deactivate: true, ..Handover::default() };
    let done = ada.hand_over(mias.user.id(), &handover).await.unwrap();
    assert_eq!((done.transferred, done.to[&maxs.user.id()]), (1, 1));
    assert_eq!(max.managed_customers(&UserQuery::default()).all().await.unwrap().len(), 1);
    let ended = mia.me().await.unwrap_err();
    assert!(ended.is(&ProblemCode::InvalidToken), "{ended}");
}

async fn files_go_in_and_come_out(app: TestApp) {
    let ada = admin(&app).await;
    let csv = "phone,display_name\n+998900000001,Ann\n+998900000002,Ben\n";
    let imported = ada.import_from(csv.as_bytes(), ImportOptions::default()).await.unwrap();
    assert_eq!((imported.created, imported.skipped), (2, 0));
    let changed = "phone,display_name\n+998900000001,Anna\n";
    let update = ImportOptions { on_existing: OnExisting::Update, ..ImportOptions::default() };
    let dry = ada.import(changed, ImportOptions { dry_run: true, ..update }).await.unwrap();
    assert_eq!(dry.updated, 1);
    assert_eq!(ada.import(changed, update).await.unwrap(), dry);
    let aborted = ada.import("phone\nno phone\n", ImportOptions::default()).await.unwrap_err();
    let problem = aborted.problem().unwrap();
    assert_eq!((problem.errors[0].line, problem.errors[0].pointer.as_str()), (Some(2), "/phone"));

    let customers =
        UserQuery { role: Some(Role::Customer), sort: clientele_client::Sort::Oldest, ..UserQuery::default() };
    let exported = ada.export(&customers, ExportFormat::Csv).await.unwrap().text().await.unwrap();
    let names: Vec<_> = exported.lines().map(|line| line.split(',').nth(1).unwrap()).collect();
    assert_eq!(names, ["display_name", "Anna", "Ben"]);
    let lines = ada.export(&customers, ExportFormat::JsonLines).await.unwrap().text().await.unwrap();
    let first: clientele_client::User = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!(first.display_name(), Some("Anna"));
    let marked = ada.export(&customers, ExportFormat::CsvForSpreadsheets).await.unwrap().text().await.unwrap();
    assert!(marked.starts_with('\u{feff}'));
}

async fn sessions_and_passwords_are_looked_after(app: TestApp) {
    let ada = admin(&app).await;
    let second = sign_in(&app, "ada@example.com").await;
    let sessions = ada.sessions().all().await.unwrap();
    assert_eq!(sessions.iter().filter(|session| session.current).count(), 1);
    assert!(sessions.iter().all(|session| session.user_agent.as_ref().unwrap().starts_with("clientele-client/")));
    let other = sessions.iter().find(|session| !session.current).unwrap();
    ada.end_session(other.id).await.unwrap();
    assert!(second.me().await.unwrap_err().is(&ProblemCode::InvalidToken));

    let third = sign_in(&app, "ada@example.com").await;
    ada.end_other_sessions().await.unwrap();
    assert!(third.me().await.unwrap_err().is(&ProblemCode::InvalidToken));
    let new: SecretString = "another good password".into();
    let wrong = ada.change_password(&new, &new).await.unwrap_err();
    assert!(wrong.is(&ProblemCode::InvalidCredentials), "{wrong}");
    ada.change_password(&password(), &new).await.unwrap();
    ada.reauthenticate(&new).await.unwrap();

    let anyone = Client::new(&app.address).unwrap();
    let sent = anyone.forgot_password("ada@example.com").await.unwrap();
    let code = app.code("ada@example.com").await;
    anyone.reset_password(sent.challenge_id, &code, &password()).await.unwrap();
    assert!(ada.me().await.unwrap_err().is(&ProblemCode::InvalidToken));
    let ada = sign_in(&app, "ada@example.com").await;
    let resumed = anyone.with_refresh_token(ada.refresh_token().await.unwrap());
    assert_eq!(resumed.me().await.unwrap(), ada.me().await.unwrap());
    resumed.sign_out().await.unwrap();
    assert!(ada.me().await.unwrap_err().is(&ProblemCode::InvalidToken));

    anyone.check_live().await.unwrap();
    anyone.check_ready().await.unwrap();
    let account = StaffSignUp::new("new@example.com", password());
    let waiting = anyone.sign_up_staff(&account).await.unwrap();
    assert!(matches!(waiting, clientele_client::SignInAnswer::ApprovalRequired), "{waiting:?}");
    let sent = anyone.sign_up_customer(&phone(7), Some("Eva")).await.unwrap().code_sent().unwrap();
    let wrong = anyone.verify(sent.challenge_id, "no code").await.unwrap_err();
    assert_eq!(wrong.problem().unwrap().tries_left, Some(4), "{wrong}");
    let eva = anyone.verify(sent.challenge_id, &app.code(&phone(7)).await).await.unwrap().signed_in().unwrap();
    assert_eq!(eva.user.display_name(), Some("Eva"));
}

async fn keys_act_and_are_asked_about(app: TestApp) {
    let ada = admin(&app).await;
    let permissions = ada.permissions().await.unwrap();
    assert_eq!(permissions.reach(&Action::EraseUser), &Reach::All);
    assert!(permissions.fields.customer.iter().any(|field| field == "metadata"));
    let new =
        NewApiKey::new("report", [Action::ListUsers, Action::ReadUser, Action::Introspect]).networks(["127.0.0.0/8"]);
    let key = ada.create_api_key(&new).await.unwrap();
    assert!(!format!("{key:?}").contains(key.key.expose_secret()));
    let report = ada.with_api_key(key.key.clone());
    assert_eq!(report.users(&UserQuery::default()).all().await.unwrap().len(), 1);
    assert!(report.me().await.is_ok_and(|me| me.user.id() == key.about.owner_id));
    let refused = report.create_user(&NewCustomer::new(phone(1))).await.unwrap_err();
    assert!(refused.is(&ProblemCode::Forbidden), "{refused}");

    let asked = report.introspect(&key.key).await.unwrap().unwrap();
    assert_eq!((asked.sub, asked.role), (key.about.owner_id, Role::Admin));
    assert_eq!(asked.scopes.unwrap(), [Action::ListUsers, Action::ReadUser, Action::Introspect]);
    assert_eq!(report.introspect(&"a + b&c".into()).await.unwrap(), None);
    assert_eq!(ada.api_keys(None).all().await.unwrap().len(), 1);
    ada.revoke_api_key(key.about.id).await.unwrap();
    assert_eq!(ada.api_keys(Some(key.about.owner_id)).all().await.unwrap(), []);
    assert!(report.me().await.unwrap_err().is(&ProblemCode::InvalidToken));
}

async fn refusals_say_what_is_wrong(app: TestApp) {
    let ada = admin(&app).await;
    let (mia, entered) = manager(&app, &ada, "mia@example.com").await;
    let refused =
        ada.create_user(&NewStaff::new(StaffRole::Admin, "no e-mail").password("short".into())).await.unwrap_err();
    let problem = refused.problem().unwrap();
    assert_eq!((problem.status, &problem.code), (422, &ProblemCode::ValidationFailed));
    let pointers: Vec<_> = problem.errors.iter().map(|error| error.pointer.as_str()).collect();
    assert_eq!(pointers, ["/email", "/password"]);
    assert!(!problem.request_id.is_empty());
    let refused = mia.update_me(&UserPatch::new().role(StaffRole::Admin), None).await.unwrap_err();
    assert!(refused.is(&ProblemCode::Forbidden), "{refused}");
    ada.end_sessions_of(entered.user.id()).await.unwrap();
    assert!(mia.me().await.unwrap_err().is(&ProblemCode::InvalidToken));
    let nobody = Client::new(&app.address).unwrap().me().await.unwrap_err();
    assert!(nobody.is(&ProblemCode::InvalidToken), "{nobody}");
}

async fn a_customer_is_entered_once_when_the_answer_is_lost(app: TestApp) {
    let ada = admin(&app).await;
    let key = ada.create_api_key(&NewApiKey::new("entry", [Action::CreateCustomer])).await.unwrap().key;
    let url = losing_the_first_answer(app.address.strip_prefix("http://").unwrap().parse().unwrap()).await;

    let impatient = Client::builder(&url).retry(Retry::never()).build().unwrap().with_api_key(key.clone());
    let lost = impatient.create_user_once(&NewCustomer::new(phone(1)), "k-1").await.unwrap_err();
    assert!(matches!(lost, Error::Lost(_)), "{lost:?}");
    let first = impatient.create_user_once(&NewCustomer::new(phone(1)), "k-1").await.unwrap();

    let url = losing_the_first_answer(app.address.strip_prefix("http://").unwrap().parse().unwrap()).await;
    let patient = Client::new(&url).unwrap().with_api_key(key);
    let second = patient.create_user(&NewCustomer::new(phone(2))).await.unwrap();
    let customers = ada.managed_customers(&UserQuery::default()).all().await.unwrap();
    assert_eq!(customers, [second.user, first.user]);
    let entered = AuditQuery { action: Some("user.created".to_owned()), ..AuditQuery::default() };
    assert_eq!(ada.audit_events(&entered).all().await.unwrap().len(), 3, "Ada and two customers");
}

/// The URL of a way to the service that breaks when the first answer comes back.
async fn losing_the_first_answer(service: SocketAddr) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut loses = true;
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(carry(client, service, loses));
            loses = false;
        }
    });
    url
}

async fn carry(mut client: TcpStream, service: SocketAddr, loses_the_answer: bool) {
    let mut service = TcpStream::connect(service).await.unwrap();
    if !loses_the_answer {
        // It ends when either side has closed.
        let _ = tokio::io::copy_bidirectional(&mut client, &mut service).await;
        return;
    }
    let (mut client_in, _client_out) = client.split();
    let (mut service_in, mut service_out) = service.split();
    let mut answer = [0; 1024];
    let mut request = vec![0; 16 << 10];
    loop {
        tokio::select! {
            // The answer is there, so the service has done what was asked. Both connections end.
            _ = service_in.read(&mut answer) => return,
            count = client_in.read(&mut request) => {
                let count = count.unwrap();
                service_out.write_all(&request[..count]).await.unwrap();
            }
        }
    }
}

mod in_still_time {
    use super::*;

    on_every_backend!(in still time: a_session_goes_on_when_its_token_has_ended);

    async fn a_session_goes_on_when_its_token_has_ended(app: TestApp, clock: FixedClock) {
        let ada = admin(&app).await;
        let first = ada.refresh_token().await.unwrap();
        // The clock of the client stands where it was, so it sends the token and is refused.
        clock.advance(chrono::TimeDelta::minutes(16));
        assert_eq!(ada.me().await.unwrap().user.display_name(), Some("Ada"));
        let second = ada.refresh_token().await.unwrap();
        assert_ne!(first.expose_secret(), second.expose_secret());
        // A session that was ended is not renewed for ever.
        ada.sign_out().await.unwrap();
        assert!(ada.me().await.unwrap_err().is(&ProblemCode::InvalidToken));
    }
}
