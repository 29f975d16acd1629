//! Clientele's rules inside another program, without HTTP and without SQL.
//!
//! `cargo run -p clientele-domain --example embed`
//!
//! The store here is the one in memory, which the feature `testing` brings; with
//! a database, pass the store of the `persistence` crate to `Accounts::new`
//! and nothing else changes.

use std::error::Error;
use std::sync::Arc;

use clientele_domain::testing::MemoryStore;
use clientele_domain::{
    Accounts, Actor, DisplayName, Email, Metadata, NewCustomer, NewStaff, NewUser, Origin, PasswordHash, Phone, Staff,
    StaffRole, SystemClock, User, UserId, UserQuery, VerificationMethod, given,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    run().await?.iter().for_each(|line| println!("{line}"));
    Ok(())
}

/// The story, and what there is to say about it.
pub(crate) async fn run() -> Result<Vec<String>, Box<dyn Error>> {
    let accounts = Accounts::new(Arc::new(MemoryStore::new()), Arc::new(SystemClock));
    let mut said = Vec::new();

    // The first admin has nobody to enter them but the program itself.
    let system = Actor::system("embed");
    let admin = accounts.create(&system, staff(StaffRole::Admin, "admin@example.com", "Anna")?).await?;
    let admin = Actor::user(&admin, Origin::default());

    let mia = accounts.create(&admin, staff(StaffRole::Manager, "mia@example.com", "Mia")?).await?;
    let max = accounts.create(&admin, staff(StaffRole::Manager, "max@example.com", "Max")?).await?;
    accounts.create(&admin, customer("+998 90 123-45-67", "Aziza", mia.id)?).await?;
    let stranger = accounts.create(&admin, customer("+998 90 765-43-21", "Bobur", max.id)?).await?;
    said.push("Anna entered the managers Mia and Max, and a customer for each".to_owned());

    let mia = Actor::user(&mia, Origin::default());
    let page = accounts.list_managed_customers(&mia, given(UserQuery::default())).await?;
    said.push(format!("Mia looks after: {}", names(&page.items)));
    let page = accounts.list_managed_customers(&admin, given(UserQuery::default())).await?;
    said.push(format!("Anna sees: {}", names(&page.items)));

    // What is outside the scope does not exist, as for an id that nobody has.
    match accounts.find(&mia, stranger.id).await {
        Err(clientele_domain::Error::NotFound) => said.push("Mia asks for Bobur: no such record".to_owned()),
        other => return Err(format!("Mia should not learn about Bobur, but got {other:?}").into()),
    }

    // What the role may never do is refused by name.
    match accounts.create(&mia, staff(StaffRole::Admin, "eve@example.com", "Eve")?).await {
        Err(error) => said.push(format!("Mia enters an admin: {error}")),
        Ok(_) => return Err("a manager entered an admin".into()),
    }
    Ok(said)
}

/// Values are checked where they are made: from here on an `Email` is one.
fn staff(role: StaffRole, email: &str, name: &str) -> Result<NewUser, clientele_domain::ValueError> {
    let staff = Staff {
        email: Email::parse(email)?,
        phone: None,
        tin_trunk_number: None,
        verification_method: VerificationMethod::Email,
    };
    Ok(NewUser::Staff(NewStaff {
        role,
        display_name: DisplayName::parse_optional(name)?,
        staff,
        // No password opens the account until one is set.
        password_hash: PasswordHash::unusable(),
        is_active: true,
    }))
}

fn customer(phone: &str, name: &str, manager: UserId) -> Result<NewUser, clientele_domain::ValueError> {
    Ok(NewUser::Customer(NewCustomer {
        phone: Phone::parse(phone)?,
        display_name: DisplayName::parse_optional(name)?,
        metadata: Metadata::default(),
        assigned_manager_id: Some(manager),
        is_active: true,
    }))
}

fn names(users: &[User]) -> String {
    let names: Vec<_> = users.iter().filter_map(|user| user.display_name.as_ref()).map(DisplayName::as_str).collect();
    names.join(", ")
}
