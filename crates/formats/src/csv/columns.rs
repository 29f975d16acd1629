//! The columns of a file of people.

/// What a file may begin with to say that it is UTF-8.
pub(crate) const BYTE_ORDER_MARK: [u8; 3] = [0xef, 0xbb, 0xbf];

/// What an import reads.
pub(crate) const IMPORTED: [&str; 4] = ["phone", "display_name", "assigned_manager_email", "metadata"];

/// What an export writes, in this order; first what can be imported.
pub(crate) const EXPORTED: [&str; 15] = [
    "phone",
    "display_name",
    "assigned_manager_email",
    "metadata",
    "id",
    "role",
    "is_active",
    "verified_at",
    "email",
    "tin_trunk_number",
    "verification_method",
    "created_by",
    "assigned_manager_id",
    "created_at",
    "updated_at",
];
