//! Answers: what kind they are, and what a browser may do with them.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use schism_reports::web;

/// Pages of ours: our own script and style, and nothing from anywhere else.
const OURS: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                    connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/// Pages found in the store are somebody else's: they may draw, but reach neither us nor the net.
const FOUND: &str = "sandbox allow-scripts allow-downloads; default-src 'none'; \
                     script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; \
                     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Adds to every answer what must not be forgotten in any. An answer that has a policy keeps it.
pub fn protected(mut answer: Response) -> Response {
    let headers = answer.headers_mut();
    let ours = HeaderValue::from_static(OURS);
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(ours);
    let nosniff = HeaderValue::from_static("nosniff");
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, nosniff);
    let none = HeaderValue::from_static("no-referrer");
    headers.insert(header::REFERRER_POLICY, none);
    let same = HeaderValue::from_static("same-origin");
    headers.insert(HeaderName::from_static("cross-origin-resource-policy"), same);
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    answer
}

/// A page.
pub fn page(html: String) -> Response {
    Html(html).into_response()
}

/// There is nothing there.
pub fn missing(why: &str) -> Response {
    refused(StatusCode::NOT_FOUND, why)
}

/// A page that says why there is none.
pub fn refused(status: StatusCode, why: &str) -> Response {
    let title = status.canonical_reason().unwrap_or("Refused");
    protected((status, Html(web::message(title, why))).into_response())
}

/// A file of the store. What it is goes by its name, and what could run is fenced in.
pub fn file(name: &str, content: Body, length: u64) -> Response {
    let kind = match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
        "png" => "image/png",
        "json" | "jsonl" => "application/json",
        "toml" | "log" | "md" | "txt" | "edn" | "xml" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(FOUND)),
        (header::CONTENT_LENGTH, HeaderValue::from(length)),
    ];
    (headers, content).into_response()
}

/// The style of our pages.
pub async fn style() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], web::STYLE).into_response()
}

/// The script of our pages.
pub async fn script() -> Response {
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], web::SCRIPT).into_response()
}
