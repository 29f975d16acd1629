//! `sessions`: who is signed in where.

// The macros below expect all of it.
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sessions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub user_id: Uuid,
    pub created_at: DateTimeUtc,
    pub last_used_at: DateTimeUtc,
    pub expires_at: DateTimeUtc,
    pub address: Option<String>,
    pub user_agent: Option<String>,
    pub refresh_digest: Vec<u8>,
    pub spent_digest: Option<Vec<u8>>,
    pub renewals: i64,
    /// Of a release before, there is none.
    pub proven_at: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}
