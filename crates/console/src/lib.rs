//! The console: the screens of Clientele in a browser, as static files.
//!
//! The files are part of the program. [`configure`] serves them below `/console/`. Everything else happens in the
//! browser, through the API that every client uses.
//!
//! This crate must not know anything else of ours: the console is one more consumer of the API.

mod answer;
mod folder;
mod imports;
mod shell;
mod site;

use actix_web::http::{Method, header};
use actix_web::{HttpResponse, Resource, guard, web};

/// Where the console is, relative to the root of the service.
pub const PATH: &str = "console/";

/// Serves the console; add it to an [`actix_web::App`] or a scope without a prefix.
pub fn configure(config: &mut web::ServiceConfig) {
    config.service(resource("/console").route(get().to(answer::shell)));
    config.service(resource("/console/{path:.*}").route(get().to(answer::page_or_file)));
}

fn resource(path: &str) -> Resource {
    let refused = || async { HttpResponse::MethodNotAllowed().insert_header((header::ALLOW, "GET, HEAD")).finish() };
    web::resource(path).default_service(web::to(refused))
}

/// GET answers HEAD too (RFC 9110 section 9.3.2); the server leaves the body out.
fn get() -> actix_web::Route {
    web::route().guard(guard::fn_guard(|context| matches!(context.head().method, Method::GET | Method::HEAD)))
}
