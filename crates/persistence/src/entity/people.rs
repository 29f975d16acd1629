//! The tables that hold people. They share a file because each relation between them names both of its sides.

pub(crate) mod user {
    //! `users`: what staff and customers have in common.

    // The macros below expect all of it.
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "users")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub role: String,
        pub is_active: bool,
        pub display_name: Option<String>,
        pub name_key: String,
        pub verified_at: Option<DateTimeUtc>,
        pub created_at: DateTimeUtc,
        pub updated_at: DateTimeUtc,
        pub version: i64,
        #[sea_orm(has_one)]
        pub admin_manager: HasOne<super::admin_manager::Entity>,
        #[sea_orm(has_one, relation_enum = "Customer")]
        pub customer: HasOne<super::customer::Entity>,
        #[sea_orm(has_many, relation_enum = "CreatedCustomers", via_rel = "CreatedByUser")]
        pub created_customers: HasMany<super::customer::Entity>,
        #[sea_orm(has_many, relation_enum = "AssignedCustomers", via_rel = "AssignedManager")]
        pub assigned_customers: HasMany<super::customer::Entity>,
    }

    // Not derived, since customers are related in three ways: this is the one of "is".
    impl Related<super::customer::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::Customer.def()
        }
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod admin_manager {
    //! `admin_managers`: the profile of admins and managers.

    // The macros below expect all of it.
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "admin_managers")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        #[sea_orm(unique)]
        pub email: String,
        pub email_key: String,
        pub password_hash: String,
        pub tin_trunk_number: Option<String>,
        pub verification_method: String,
        pub phone: Option<String>,
        pub created_at: DateTimeUtc,
        pub updated_at: DateTimeUtc,
        #[sea_orm(belongs_to, from = "id", to = "id")]
        pub user: BelongsTo<super::user::Entity>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod customer {
    //! `customers`: the profile of customers.

    // The macros below expect all of it.
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "customers")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        #[sea_orm(unique)]
        pub phone: String,
        pub created_by: Uuid,
        pub assigned_manager_id: Option<Uuid>,
        pub metadata: Json,
        pub name_key: String,
        pub created_at: DateTimeUtc,
        pub updated_at: DateTimeUtc,
        #[sea_orm(belongs_to, relation_enum = "User", from = "id", to = "id")]
        pub user: BelongsTo<super::user::Entity>,
        #[sea_orm(belongs_to, relation_enum = "CreatedByUser", from = "created_by", to = "id")]
        pub created_by_user: BelongsTo<super::user::Entity>,
        #[sea_orm(belongs_to, relation_enum = "AssignedManager", from = "assigned_manager_id", to = "id")]
        pub assigned_manager: BelongsTo<Option<super::user::Entity>>,
    }

    // Not derived, since users are related in three ways: this is the one of "is".
    impl Related<super::user::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::User.def()
        }
    }

    impl ActiveModelBehavior for ActiveModel {}
}
