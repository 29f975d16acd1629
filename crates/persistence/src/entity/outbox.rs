//! `outbox`: messages on their way.

// The macros below expect all of it.
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "outbox")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub channel: String,
    pub recipient: String,
    pub purpose: String,
    pub challenge_id: Uuid,
    pub sealed_code: Vec<u8>,
    pub created_at: DateTimeUtc,
    pub expires_at: DateTimeUtc,
    pub attempts: i32,
    pub next_attempt_at: DateTimeUtc,
    pub contact: Option<Vec<u8>>,
    pub asker: Option<Vec<u8>>,
    pub network: Option<Vec<u8>>,
    pub has_account: bool,
}

impl ActiveModelBehavior for ActiveModel {}
