//! The columns of a file of people.

/// The mark of UTF-8 that a file may begin with.
pub(crate) const BYTE_ORDER_MARK: [u8; 3] = [0xef, 0xbb, 0xbf];

/// The columns that an import reads.
pub(crate) const IMPORTED: [&str; 4] = ["phone", "display_name", "assigned_manager_email", "metadata"];

/// The columns that an export writes, in this order. Those that can be imported come first.
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
