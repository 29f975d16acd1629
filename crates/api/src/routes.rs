//! The table of all routes. Each is served, documented and guarded.

use actix_web::dev::ServiceRequest;
use actix_web::http::{Method, header};
use actix_web::{HttpResponse, Resource, guard, web};
use utoipa::OpenApi;

use crate::middleware::context::Route;
use crate::{audit, auth, console, docs, health, introspect, jwks, metadata, users};

macro_rules! routes {
    ($($access:ident $path:literal => { $($method:ident [$($handler:tt)+]),+ $(,)? })+) => {
        /// Serves every route, with and without its trailing slash.
        pub(crate) fn configure(config: &mut web::ServiceConfig) {
            $(for path in spellings($path) {
                config.service(
                    resource(&path, &[$(stringify!($method)),+])
                        $(.route(web::route().guard(method_guard(stringify!($method))).to($($handler)+)))+
                );
            })+
        }

        /// Path, who may call it (anyone, who is signed in, or who has at least the session cookie), and its methods.
        const TABLE: &[(&str, &str, &[&str])] = &[$(($path, stringify!($access), &[$(stringify!($method)),+])),+];

        #[derive(OpenApi)]
        #[openapi(paths($($($($handler)+),+),+))]
        pub(crate) struct Paths;
    };
}

routes! {
    public "/auth/signup" => { POST [auth::signup::sign_up] }
    public "/auth/signin" => { POST [auth::signin::sign_in] }
    public "/auth/verify" => { POST [auth::verify::verify] }
    public "/auth/refresh" => { POST [auth::refresh::refresh] }
    cookie "/auth/signout" => { POST [auth::sessions::sign_out] }
    signed_in "/auth/sessions" => { GET [auth::sessions::list_sessions], DELETE [auth::sessions::end_other_sessions] }
    signed_in "/auth/sessions/{id}" => { DELETE [auth::sessions::end_session] }
    signed_in "/auth/keys" => { GET [auth::keys::list_api_keys], POST [auth::keys::create_api_key] }
    signed_in "/auth/keys/{id}" => { DELETE [auth::keys::revoke_api_key] }
    signed_in "/auth/reauthenticate" => { POST [auth::reauthenticate::reauthenticate] }
    signed_in "/auth/password/change" => { POST [auth::change_password::change_password] }
    public "/auth/password/forgot" => { POST [auth::forgot_password::forgot_password] }
    public "/auth/password/reset" => { POST [auth::reset_password::reset_password] }
    signed_in "/users/" => { GET [users::list::list_users], POST [users::create::create_user] }
    signed_in "/users/me/permissions" => { GET [users::permissions::read_permissions] }
    signed_in "/users/me" => { GET [users::find::read_me], PATCH [users::update::update_me] }
    signed_in "/users/managed-customers/" => { GET [users::list::list_managed_customers] }
    signed_in "/users/import" => { POST [users::import::import_users] }
    signed_in "/users/export" => { GET [users::export::export_users] }
    signed_in "/users/{id}" => {
        GET [users::find::read_user], PATCH [users::update::update_user], DELETE [users::erase::erase_user],
    }
    signed_in "/users/{id}/data" => { GET [users::data::read_personal_data] }
    signed_in "/users/{id}/handover" => { POST [users::handover::hand_over] }
    signed_in "/users/{id}/sessions" => { DELETE [users::end_sessions::end_sessions_of_user] }
    signed_in "/audit-events" => { GET [audit::list::list_audit_events] }
    signed_in "/oauth/introspect" => { POST [introspect::introspect] }
    public "/.well-known/jwks.json" => { GET [jwks::jwks] }
    public "/.well-known/oauth-authorization-server" => { GET [metadata::oauth_authorization_server] }
    public "/.well-known/openid-configuration" => { GET [metadata::openid_configuration] }
    public "/" => { GET [docs::root] }
    public "/openapi.json" => { GET [docs::openapi_json] }
    public "/docs" => { GET [docs::docs] }
    public "/docs/{file}" => { GET [docs::docs_file] }
    public "/health/live" => { GET [health::live] }
    public "/health/ready" => { GET [health::ready] }
}

/// The route that serves the request. Like the router, this reads the path with its percent-encoding undone
/// (RFC 3986 section 6.2.2): `/auth/%73ignin` is `/auth/signin`.
pub(crate) fn resolve(request: &ServiceRequest) -> Route {
    let pattern = request.resource_map().match_pattern(request.match_info().as_str());
    pattern.map_or(Route::UNMATCHED, |pattern| route(&pattern))
}

/// The route with this template.
pub(crate) fn route(pattern: &str) -> Route {
    if pattern.starts_with(console::PREFIX) {
        return Route { template: console::TEMPLATE, is_public: true, takes_cookie: false };
    }
    let pattern = pattern.trim_end_matches('/');
    let line = TABLE.iter().find(|(path, ..)| path.trim_end_matches('/') == pattern);
    line.map_or(Route::UNMATCHED, |(template, access, _)| Route {
        template,
        is_public: *access == "public",
        takes_cookie: *access == "cookie",
    })
}

/// Without its trailing slash and with it. Each is a resource of its own: the router compares a single path without
/// parameters as it is, and runs a regular expression for each list of paths.
fn spellings(path: &str) -> [String; 2] {
    let bare = path.trim_end_matches('/');
    [bare.to_owned(), format!("{bare}/")]
}

fn resource(path: &str, methods: &[&str]) -> Resource {
    let allow = allowed(methods);
    web::resource(path).default_service(web::to(move || {
        let response = HttpResponse::MethodNotAllowed().insert_header((header::ALLOW, allow.clone())).finish();
        async { response }
    }))
}

fn allowed(methods: &[&str]) -> String {
    let mut allowed: Vec<_> = methods.to_vec();
    if allowed.contains(&"GET") {
        allowed.push("HEAD");
    }
    allowed.join(", ")
}

/// GET answers HEAD too (RFC 9110 section 9.3.2); the server leaves the body out.
fn method_guard(method: &'static str) -> impl guard::Guard {
    let method = Method::from_bytes(method.as_bytes()).unwrap_or_default();
    guard::fn_guard(move |context| {
        let asked = &context.head().method;
        asked == method || (asked == Method::HEAD && method == Method::GET)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_has_the_routes_and_no_others() {
        let document = serde_json::to_value(Paths::openapi()).unwrap();
        let documented: Vec<_> = document["paths"].as_object().unwrap().iter().collect();
        let served: Vec<_> = TABLE.iter().map(|(path, ..)| *path).collect();
        for (path, operations) in &documented {
            let (_, _, methods) = TABLE.iter().find(|(served, ..)| served == path).unwrap();
            let operations: Vec<_> = operations.as_object().unwrap().keys().map(|m| m.to_uppercase()).collect();
            assert!(methods.iter().all(|method| operations.contains(&(*method).to_owned())), "{path}");
        }
        assert_eq!(documented.len(), served.len(), "{served:?}");
    }

    #[test]
    fn access_is_public_only_where_the_table_says_so() {
        let is_public = |pattern| route(pattern).is_public;
        assert!(is_public("/auth/signin"));
        assert!(!is_public("/users/"));
        assert!(!is_public("/users/{id}"));
        assert!(is_public("/"));
        assert!(is_public("/console") && is_public("/console/{path:.*}"));
        assert!(!is_public("/nowhere"));
    }
}
