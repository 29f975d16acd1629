//! The statements, which are the same on both databases but for the place of their parameter.

/// What is shown of a person. `u`, `a` and `c` are `users`, `admin_managers` and `customers`.
const COLUMNS: &str = "u.id, u.role, u.is_active, u.verified_at, u.display_name, a.email, a.phone, a.tin_trunk_number, \
     a.verification_method, c.phone, c.created_by, c.assigned_manager_id, c.metadata, u.created_at, u.updated_at";
const PROFILES: &str = "LEFT JOIN admin_managers a ON a.id = u.id LEFT JOIN customers c ON c.id = u.id";

/// One person by id, which is the parameter `place`.
pub(super) fn person(place: &str) -> String {
    format!("SELECT {COLUMNS} FROM users u {PROFILES} WHERE u.id = {place}")
}

/// The newest 50, and one to know whether more follow.
pub(super) fn page() -> String {
    format!("SELECT {COLUMNS} FROM users u {PROFILES} ORDER BY u.created_at DESC, u.id DESC LIMIT 51")
}

/// The newest 50 of a manager, who is the parameter `place`.
pub(super) fn managed(place: &str) -> String {
    let columns = COLUMNS.replace("a.email, a.phone, a.tin_trunk_number, a.verification_method, ", "");
    format!(
        "SELECT {columns} FROM customers c JOIN users u ON u.id = c.id WHERE c.assigned_manager_id = {place} \
         ORDER BY c.created_at DESC, c.id DESC LIMIT 51"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn managed_customers_show_nothing_of_staff() {
        assert!(!managed("$1").contains("a."), "{}", managed("$1"));
    }
}
