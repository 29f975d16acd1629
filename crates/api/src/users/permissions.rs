//! `GET /users/me/permissions`

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse};
use domain::user::Field;
use domain::{Permissions, Scope};
use serde::Serialize;
use utoipa::ToSchema;

use crate::extract::{Authenticated, no_query};
use crate::problem::Result;
use crate::schema::Role;

/// What the caller may do.
#[derive(Serialize, ToSchema)]
#[schema(as = Permissions)]
pub(crate) struct PermissionsResponse {
    #[schema(value_type = Role)]
    role: &'static str,
    /// Every action and on whom: `all`, `all_customers`, `self_and_assigned`, `assigned`, `self` or `none`.
    #[schema(value_type = BTreeMap<String, String>)]
    actions: BTreeMap<&'static str, &'static str>,
    fields: SettableFields,
}

/// The fields that the caller may set.
#[derive(Serialize, ToSchema)]
struct SettableFields {
    /// On staff; a manager on themselves.
    #[schema(value_type = Vec<String>)]
    staff: Vec<&'static str>,
    /// On customers; a customer on themselves.
    #[schema(value_type = Vec<String>)]
    customer: Vec<&'static str>,
}

/// What the caller may do, out of the policy itself. For an API key it is what the key may do.
#[utoipa::path(get, path = "/users/me/permissions",
    responses(
        (status = 200, description = "The caller's role, actions and fields.", body = PermissionsResponse)))]
pub(crate) async fn read_permissions(caller: Authenticated, request: HttpRequest) -> Result {
    no_query(request.query_string())?;
    let Permissions { actions, staff_fields, customer_fields } = Permissions::of(&caller.actor);
    let names = |fields: Vec<Field>| fields.into_iter().map(Field::as_str).collect();
    Ok(HttpResponse::Ok().json(PermissionsResponse {
        role: caller.user.role().as_str(),
        actions: actions.into_iter().map(|(action, scope)| (action.name(), reach(scope))).collect(),
        fields: SettableFields { staff: names(staff_fields), customer: names(customer_fields) },
    }))
}

fn reach(scope: Scope) -> &'static str {
    match scope {
        Scope::All => "all",
        Scope::AllCustomers => "all_customers",
        Scope::SelfAndAssigned(_) => "self_and_assigned",
        Scope::AssignedTo(_) => "assigned",
        Scope::Own(_) => "self",
        Scope::Nothing => "none",
    }
}
