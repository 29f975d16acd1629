//! The fields of a person.

use crate::names::named;

named! {
    /// A field of a person, by its name in the contract.
    Field {
        /// `role`
        Role => "role",
        /// `is_active`
        IsActive => "is_active",
        /// `display_name`
        DisplayName => "display_name",
        /// `email`
        Email => "email",
        /// `phone`
        Phone => "phone",
        /// `tin_trunk_number`
        TrunkNumber => "tin_trunk_number",
        /// `verification_method`
        VerificationMethod => "verification_method",
        /// `assigned_manager_id`
        AssignedManager => "assigned_manager_id",
        /// `metadata`
        Metadata => "metadata",
    }
}
