//! Somebody the company looks after.

use crate::id::UserId;
use crate::value::{Metadata, Phone};

/// The profile of a customer, known by a phone number.
#[derive(Clone, Debug, PartialEq)]
pub struct Customer {
    /// Signs in with it; unique among customers.
    pub phone: Phone,
    /// Who entered the customer: staff, or the customer themselves.
    pub created_by: UserId,
    /// The manager who looks after the customer, if any does.
    pub assigned_manager_id: Option<UserId>,
    /// What else the company keeps about the customer.
    pub metadata: Metadata,
}
