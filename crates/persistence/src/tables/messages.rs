//! `outbox`: messages that carry codes.

use domain::ChallengeId;
use domain::challenge::{Message, Turn};
use domain::session::Digest;
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, Condition, DbErr, EntityTrait, PaginatorTrait, QueryFilter};

use crate::entity::outbox::{self, Column};
use crate::error::Inconsistency;
use crate::transaction::Transaction;

pub(crate) fn message_row(message: &Message) -> outbox::ActiveModel {
    let digest = |of: fn(&Turn) -> Digest| message.turn.as_ref().map(|turn| of(turn).to_vec());
    outbox::ActiveModel {
        id: Set(message.id.as_uuid()),
        channel: Set(message.channel.to_string()),
        recipient: Set(message.recipient.clone()),
        purpose: Set(message.purpose.to_string()),
        challenge_id: Set(message.challenge_id.as_uuid()),
        sealed_code: Set(message.sealed_code.clone()),
        created_at: Set(message.created_at),
        expires_at: Set(message.expires_at),
        attempts: Set(message.attempts),
        next_attempt_at: Set(message.created_at),
        contact: Set(digest(|turn| turn.contact)),
        asker: Set(digest(|turn| turn.asker)),
        network: Set(digest(|turn| turn.network)),
        has_account: Set(message.turn.is_some_and(|turn| turn.has_account)),
    }
}

pub(crate) fn read(row: outbox::Model) -> Result<Message, Inconsistency> {
    let wrong = Inconsistency::of("outbox", row.id);
    let digest = |bytes: Vec<u8>| Digest::try_from(bytes).map_err(|_| wrong("a digest has not 32 bytes"));
    let turn = match (row.contact, row.asker, row.network) {
        (Some(contact), Some(asker), Some(network)) => Some(Turn {
            contact: digest(contact)?,
            asker: digest(asker)?,
            network: digest(network)?,
            has_account: row.has_account,
        }),
        _ => None,
    };
    Ok(Message {
        id: row.id.into(),
        channel: row.channel.parse().map_err(|_| wrong("unknown channel"))?,
        recipient: row.recipient,
        purpose: row.purpose.parse().map_err(|_| wrong("unknown purpose"))?,
        challenge_id: row.challenge_id.into(),
        sealed_code: row.sealed_code,
        created_at: row.created_at,
        expires_at: row.expires_at,
        attempts: row.attempts,
        turn,
    })
}

/// Whether the message of a challenge still waits for its first attempt.
pub(crate) async fn is_unsent(txn: &Transaction, id: ChallengeId) -> Result<bool, DbErr> {
    let waiting = outbox::Entity::find()
        .filter(Column::ChallengeId.eq(id.as_uuid()))
        .filter(Column::Contact.is_not_null())
        .filter(Column::Attempts.eq(0));
    Ok(waiting.count(txn).await? > 0)
}

pub(crate) fn as_seen(seen: &Message) -> Condition {
    Condition::all().add(Column::Id.eq(seen.id.as_uuid())).add(Column::Attempts.eq(seen.attempts))
}
