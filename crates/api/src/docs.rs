//! The OpenAPI document as an answer, and a page that shows it with no internet.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use actix_web::http::header;
use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse, Responder};
use serde_json::{Value, json};
use utoipa_swagger_ui::{Config, SwaggerFile};

use crate::console::Console;
use crate::problem::Problem;
use crate::services::Service;

/// The page loads only its own scripts and styles, and talks only to its own origin.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
                           img-src 'self' data:; font-src 'self' data:; connect-src 'self'; frame-ancestors 'none'";

const PAGE: &str = r#"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Clientele API</title>
<link rel="stylesheet" href="{folder}swagger-ui.css">
<link rel="icon" type="image/png" href="{folder}favicon-32x32.png">
</head>
<body>
<div id="swagger-ui"></div>
<script src="{folder}swagger-ui-bundle.js"></script>
<script src="{folder}swagger-ui-standalone-preset.js"></script>
<script src="{folder}swagger-initializer.js"></script>
</body>
</html>
"#;

/// The document as it is sent.
pub(crate) struct Document {
    text: String,
    /// The document for `/openapi.json/`, from where the root is one folder further up.
    text_in_folder: String,
}

impl From<Value> for Document {
    fn from(mut document: Value) -> Self {
        let text = document.to_string();
        document["servers"] = json!([{ "url": ".." }]);
        Self { text, text_in_folder: document.to_string() }
    }
}

const INITIALIZER: &str = "swagger-initializer.js";

/// Finds the document relative to the URL of the script, since that of the page may lack the trailing slash. The viewer
/// needs an absolute URL to resolve `servers`.
static INITIALIZER_SCRIPT: LazyLock<String> = LazyLock::new(|| {
    let script = utoipa_swagger_ui::serve(INITIALIZER, VIEWER.clone()).ok().flatten();
    let script = script.map(|file| String::from_utf8_lossy(&file.bytes).into_owned()).unwrap_or_default();
    // The script runs later, when the page has loaded. Then `document.currentScript` is no longer set.
    let script = script.replace("\"url\": \"../openapi.json\"", "\"url\": openapi");
    format!("const openapi = new URL(\"../openapi.json\", document.currentScript.src).href;\n{script}")
});

static VIEWER: LazyLock<Arc<Config<'static>>> = LazyLock::new(|| {
    let config = Config::from("../openapi.json").validator_url("none").try_it_out_enabled(true).use_base_layout();
    Arc::new(config.persist_authorization(false).display_request_duration(true))
});

/// What this service is, and where its documentation is.
#[utoipa::path(get, path = "/",
    responses(
        (status = 200, description = "References relative to the request.", body = Object),
        (status = 303, description = "For a browser (`Accept: text/html`): the console, if it is served.")))]
pub(crate) async fn root(request: HttpRequest, console: Service<Option<Console>>) -> impl Responder {
    if console.is_some() && takes_html(&request) {
        return HttpResponse::SeeOther()
            .insert_header((header::VARY, "Accept"))
            .insert_header((header::LOCATION, Console::LOCATION))
            .finish();
    }
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "public, max-age=60"))
        .insert_header((header::VARY, "Accept"))
        .json(json!({ "service": "clientele", "documentation": "docs", "openapi": "openapi.json" }))
}

/// Whether it is a browser that asks for a page. `*/*` alone does not say so: clients of the API send it.
fn takes_html(request: &HttpRequest) -> bool {
    let values = request.headers().get_all(header::ACCEPT).filter_map(|value| value.to_str().ok());
    let mut kinds = values.flat_map(|value| value.split(','));
    kinds.any(|kind| kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("text/html")))
}

/// The OpenAPI document of this service, made from its code.
#[utoipa::path(get, path = "/openapi.json", operation_id = "openapi",
    responses((status = 200, description = "OpenAPI 3.1.", body = Object)))]
pub(crate) async fn openapi_json(request: HttpRequest, document: Data<Document>) -> impl Responder {
    let text = if request.path().ends_with('/') { &document.text_in_folder } else { &document.text };
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "public, max-age=60"))
        .content_type("application/json")
        .body(text.clone())
}

/// Interactive documentation. Needs no internet.
#[utoipa::path(get, path = "/docs",
    responses((status = 200, description = "A page that shows the document.", content_type = "text/html", body = String)))]
pub(crate) async fn docs(request: HttpRequest) -> impl Responder {
    // The links are relative, so that the page works under any prefix. Without the trailing slash they need the folder.
    let folder = if request.path().ends_with('/') { "" } else { "docs/" };
    page_answer("text/html; charset=utf-8").body(PAGE.replace("{folder}", folder))
}

/// A file of the documentation page.
#[utoipa::path(get, path = "/docs/{file}",
    params(("file" = String, Path, description = "A script, style or image of the page.")),
    responses(
        (status = 200, description = "The file.", content_type = "application/octet-stream"),
        (status = 404, description = "`not_found`")))]
pub(crate) async fn docs_file(name: Path<String>) -> Result<HttpResponse, Problem> {
    if *name == INITIALIZER {
        return Ok(page_answer("text/javascript; charset=utf-8").body(INITIALIZER_SCRIPT.as_str()));
    }
    let file = file(&name)?;
    let mut answer = page_answer(&file.content_type);
    if file.gzpipped {
        answer.insert_header((header::CONTENT_ENCODING, "gzip"));
    }
    Ok(answer.body(shared(file.bytes)))
}

/// A file that is part of the program is not copied.
fn shared(file: Cow<'static, [u8]>) -> Bytes {
    match file {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => bytes.into(),
    }
}

fn page_answer(content_type: &str) -> actix_web::HttpResponseBuilder {
    let mut answer = HttpResponse::Ok();
    answer
        .content_type(content_type)
        .insert_header((header::CACHE_CONTROL, "public, max-age=3600"))
        .insert_header((header::CONTENT_SECURITY_POLICY, PAGE_POLICY));
    answer
}

fn file(name: &str) -> Result<SwaggerFile<'static>, Problem> {
    let file = utoipa_swagger_ui::serve(name, VIEWER.clone());
    file.ok().flatten().ok_or_else(Problem::not_found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_large_files_of_the_page_are_never_copied() {
        for name in ["swagger-ui-bundle.js", "swagger-ui-standalone-preset.js", "swagger-ui.css"] {
            let (one, another) = (shared(file(name).unwrap().bytes), shared(file(name).unwrap().bytes));
            assert!(one.len() > 10_000 && one.as_ptr() == another.as_ptr(), "{name}");
        }
    }
}
