//! To whom a manager's customers go, as the body of a handover says it, and what came of it.

use domain::{HandedOver, HandoverOrder};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::extract::{Fields, bodies};

bodies! { Handover = handover_order, "To whom a manager's customers go."; }

pub(super) fn handover_order(fields: &mut Fields) -> Option<HandoverOrder> {
    let to = fields.required_ids(
        "to",
        "Active managers, who share the customers evenly. An empty list assigns the customers to nobody.",
    );
    let customer_ids = fields.ids("customer_ids", "Only these customers of the manager; all of them by default.");
    let about = "Whether the manager is deactivated too; `false` by default.";
    let deactivate: Option<Option<bool>> = fields.optional("deactivate", about);
    let about = "Whether only to say what would happen; `false` by default.";
    let dry_run: Option<Option<bool>> = fields.optional("dry_run", about);
    Some(HandoverOrder {
        to: to?,
        customer_ids: customer_ids?,
        deactivate: deactivate?.unwrap_or_default(),
        dry_run: dry_run?.unwrap_or_default(),
    })
}

/// What went to whom.
#[derive(Serialize, ToSchema)]
#[schema(as = HandedOver)]
pub(super) struct HandoverResponse {
    /// How many customers.
    transferred: usize,
    /// How many each receiver got, by id.
    #[schema(value_type = std::collections::HashMap<uuid::Uuid, usize>)]
    to: Map<String, Value>,
}

impl From<HandedOver> for HandoverResponse {
    fn from(done: HandedOver) -> Self {
        let to = done.to.into_iter().map(|(id, count)| (id.to_string(), count.into()));
        Self { transferred: done.transferred, to: to.collect() }
    }
}
