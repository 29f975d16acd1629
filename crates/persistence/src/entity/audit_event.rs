//! `audit_events`: who did what to whom.

// The macros below expect all of it.
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_events")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub at: DateTimeUtc,
    pub actor_id: Option<Uuid>,
    pub actor_role: String,
    pub action: String,
    pub subject_id: Option<Uuid>,
    pub changes: Json,
    pub request_id: Option<String>,
    pub address: Option<String>,
    pub key_id: Option<Uuid>,
}

impl ActiveModelBehavior for ActiveModel {}
