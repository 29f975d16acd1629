//! `challenges`: one-time codes that were asked for.

// The macros below expect all of it.
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "challenges")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub purpose: String,
    pub subject: Vec<u8>,
    pub user_id: Option<Uuid>,
    pub channel: String,
    pub contact: String,
    pub code_digest: Vec<u8>,
    pub tries: i32,
    pub created_at: DateTimeUtc,
    pub expires_at: DateTimeUtc,
    pub used_at: Option<DateTimeUtc>,
    pub pending: Option<Json>,
}

impl ActiveModelBehavior for ActiveModel {}
