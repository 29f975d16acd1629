//! SeaORM loads nothing, and says nothing, through a relation that it
//! misunderstood: each one has to show that it returns rows.

use domain::audit::EventKind;
use domain::store::UserStore;
use domain::testing::{FixedClock, account, admin, customer, event, manager};
use domain::{Profile, User};
use sea_orm::compound::EntityLoaderTrait;
use sea_orm::{EntityTrait, JoinType, QuerySelect, RelationTrait};

use super::{admin_manager, customer as customers, user};
use crate::Store;
use crate::testing::TestDatabase;

/// An admin who entered a customer whom a manager looks after, and each one's rows.
struct Company {
    store: Store,
    admin: User,
    manager: User,
    customer: User,
}

impl Company {
    async fn new(test: &TestDatabase) -> Self {
        let store = test.open().await.store();
        let clock = FixedClock::default();
        let (admin, manager) = (admin(&clock, "admin@example.com"), manager(&clock, "manager@example.com"));
        let mut customer = customer(&clock, "+998901234567", Some(manager.id));
        let Profile::Customer(profile) = &mut customer.profile else { panic!("a customer") };
        profile.created_by = admin.id;
        for user in [&admin, &manager, &customer] {
            let event = event(&clock, EventKind::UserCreated, Some(user.id));
            store.create_account(&domain::Authority::Unconditional, &account(user), &[event]).await.unwrap();
        }
        Self { store, admin, manager, customer }
    }

    async fn user(&self, user: &User) -> user::ModelEx {
        let load = user::Entity::load()
            .filter_by_id(user.id.as_uuid())
            .with(admin_manager::Entity)
            .with(user::Relation::Customer)
            .with(user::Relation::CreatedCustomers)
            .with(user::Relation::AssignedCustomers);
        load.one(&self.store.reader).await.unwrap().unwrap()
    }
}

#[tokio::test]
async fn users_load_their_profiles_and_customers() {
    let test = TestDatabase::sqlite();
    let company = Company::new(&test).await;
    let customer_id = company.customer.id.as_uuid();

    let manager = company.user(&company.manager).await;
    assert_eq!(manager.admin_manager.as_ref().unwrap().email, "manager@example.com");
    assert!(manager.customer.as_ref().is_none());
    assert_eq!(manager.assigned_customers.iter().map(|row| row.id).collect::<Vec<_>>(), [customer_id]);
    assert_eq!(manager.created_customers.iter().count(), 0);

    let admin = company.user(&company.admin).await;
    assert_eq!(admin.created_customers.iter().map(|row| row.id).collect::<Vec<_>>(), [customer_id]);
    assert_eq!(admin.assigned_customers.iter().count(), 0);

    let customer = company.user(&company.customer).await;
    assert_eq!(customer.customer.as_ref().unwrap().phone, "+998901234567");
    assert!(customer.admin_manager.as_ref().is_none());
}

#[tokio::test]
async fn profiles_load_their_users() {
    let test = TestDatabase::sqlite();
    let company = Company::new(&test).await;
    let db = &company.store.reader;

    let customer = customers::Entity::load()
        .filter_by_id(company.customer.id.as_uuid())
        .with(customers::Relation::User)
        .with(customers::Relation::CreatedByUser)
        .with(customers::Relation::AssignedManager)
        .one(db)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(customer.user.as_ref().unwrap().id, company.customer.id.as_uuid());
    assert_eq!(customer.created_by_user.as_ref().unwrap().id, company.admin.id.as_uuid());
    assert_eq!(customer.assigned_manager.as_ref().unwrap().id, company.manager.id.as_uuid());

    let manager = admin_manager::Entity::load()
        .filter_by_id(company.manager.id.as_uuid())
        .with(user::Entity)
        .one(db)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(manager.user.as_ref().unwrap().id, company.manager.id.as_uuid());
}

#[tokio::test]
async fn relations_join() {
    let test = TestDatabase::sqlite();
    let company = Company::new(&test).await;
    let db = &company.store.reader;

    for (relation, expected) in [
        (user::Relation::AdminManager.def(), vec![company.admin.id, company.manager.id]),
        (user::Relation::Customer.def(), vec![company.customer.id]),
        (user::Relation::CreatedCustomers.def(), vec![company.admin.id]),
        (user::Relation::AssignedCustomers.def(), vec![company.manager.id]),
    ] {
        let mut found: Vec<_> = user::Entity::find()
            .join(JoinType::InnerJoin, relation)
            .all(db)
            .await
            .unwrap()
            .into_iter()
            .map(|row| row.id)
            .collect();
        found.sort_unstable();
        assert_eq!(found, expected.iter().map(|id| id.as_uuid()).collect::<Vec<_>>());
    }
    let related = customers::Entity::find().find_also_related(user::Entity).one(db).await.unwrap().unwrap();
    assert_eq!(related.1.unwrap().id, company.customer.id.as_uuid());
    let related = user::Entity::find().find_also_related(customers::Entity).all(db).await.unwrap();
    assert_eq!(related.iter().filter(|(_, customer)| customer.is_some()).count(), 1);
}
