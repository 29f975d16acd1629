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
