//! The main job, from the first admin to a customer who signs in.
//!
//! Start the service, and give the setup token that it prints:
//!
//! `cargo run -p clientele-client --example first_customer -- http://127.0.0.1:8080 SETUP_TOKEN`
//!
//! The code of the customer is in the log of the service. Type it in.

use std::error::Error;

use clientele_client::{
    Client, JsonObject, NewCustomer, NewStaff, ProblemCode, StaffRole, StaffSignUp, User, UserQuery,
};

type Outcome<T> = Result<T, Box<dyn Error>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let mut words = std::env::args().skip(1);
    let (Some(url), Some(setup_token)) = (words.next(), words.next()) else {
        return Err("give the URL of the service and its setup token".into());
    };
    let said = run(&url, &setup_token, async || typed()).await?;
    for line in said {
        println!("{line}");
    }
    Ok(())
}

fn typed() -> Outcome<String> {
    eprint!("the code of +998901234567: ");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    Ok(line.trim().to_owned())
}

/// The story, and what there is to say about it. `code` gives the code that went to the customer.
pub(crate) async fn run(
    url: &str,
    setup_token: &str,
    code: impl AsyncFnOnce() -> Outcome<String>,
) -> Outcome<Vec<String>> {
    let anyone = Client::new(url)?;
    let mut said = Vec::new();

    let ada = StaffSignUp::new("ada@example.com", "correct horse battery".into()).display_name("Ada");
    let ada = anyone.sign_up_first_admin(&setup_token.into(), &ada).await?;
    let ada = ada.signed_in().ok_or("the first admin is signed in at once")?.client;

    // Ada enters two managers, who sign in.
    for (name, email) in [("Mia", "mia@example.com"), ("Max", "max@example.com")] {
        let manager =
            NewStaff::new(StaffRole::Manager, email).display_name(name).password("staple battery horse".into());
        ada.create_user(&manager).await?;
    }
    let mia = signed_in(&anyone, "mia@example.com").await?;
    let max = signed_in(&anyone, "max@example.com").await?;

    // Mia enters a customer, who is then hers. If the answer is lost, the client asks again and nobody is entered twice.
    let metadata = JsonObject::from_iter([("tier".to_owned(), "gold".into())]);
    let bob = NewCustomer::new("+998 90 123-45-67").display_name("Bob").metadata(metadata);
    let bob = mia.create_user(&bob).await?;
    said.push(format!("Mia looks after {}", names(&mia.managed_customers(&UserQuery::default()).all().await?)));
    said.push(format!("Max looks after {}", names(&max.managed_customers(&UserQuery::default()).all().await?)));

    // Whom somebody may not see does not exist for them.
    match max.user(bob.user.id()).await {
        Err(error) if error.is(&ProblemCode::NotFound) => said.push("Max asks for Bob: not found".to_owned()),
        other => return Err(format!("Max should not learn about Bob, but got {other:?}").into()),
    }

    // Bob signs in by phone.
    let sent = anyone.sign_in_by_phone("+998901234567").await?.code_sent().ok_or("a code is sent")?;
    let signed_in = anyone.verify(sent.challenge_id, &code().await?).await?.signed_in().ok_or("the code is right")?;
    said.push(format!("{} signs in", signed_in.user.display_name().unwrap_or("somebody")));
    match signed_in.client.users(&UserQuery::default()).next().await {
        Some(Err(error)) if error.is(&ProblemCode::Forbidden) => said.push("Bob can list nobody".to_owned()),
        other => return Err(format!("a customer should list nobody, but got {other:?}").into()),
    }
    Ok(said)
}

async fn signed_in(anyone: &Client, email: &str) -> Outcome<Client> {
    let answer = anyone.sign_in(email, &"staple battery horse".into()).await?;
    Ok(answer.signed_in().ok_or("no second factor is asked for")?.client)
}

fn names(users: &[User]) -> String {
    let names: Vec<_> = users.iter().filter_map(User::display_name).collect();
    if names.is_empty() { "nobody".to_owned() } else { names.join(", ") }
}
