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
