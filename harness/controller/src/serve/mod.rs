//! `schism serve`: the store in a browser.
//!
//! It only reads, and only below the store: everything goes through one open directory, which no
//! `..` and no symbolic link leads out of. What is in the store may be hostile (keys, values and
//! logs come from programs under test), so that pages of ours run no script but our own, and pages
//! found in the store run in a sandbox of their own. On a loopback address only requests that name
//! this machine are answered, so that no web site can have a browser read the store for it.

mod answer;
mod archive;
mod index;
mod pages;
mod shelf;

use crate::Error;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::get;
use index::Index;
use shelf::Shelf;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use tokio::net::TcpListener;

/// What all answers are made from.
pub(super) struct Site {
    shelf: Shelf,
    index: Index,
    address: SocketAddr,
}

/// Serves the store until the process is ended. `ready` is told where.
pub fn serve(store: &Path, address: SocketAddr, ready: &dyn Fn(SocketAddr)) -> Result<(), Error> {
    let shelf = Shelf::open(store)?;
    let runtime = tokio::runtime::Runtime::new().map_err(Error::harness)?;
    runtime.block_on(async {
        let cannot = |e| Error::usage(format!("cannot listen on {address}: {e}"));
        let listener = TcpListener::bind(address).await.map_err(cannot)?;
        let address = listener.local_addr().map_err(Error::harness)?;
        ready(address);
        let site = Arc::new(Site { shelf, index: Index::default(), address });
        axum::serve(listener, router(site)).await.map_err(Error::harness)
    })
}

fn router(site: Arc<Site>) -> Router {
    Router::new()
        .route("/", get(pages::home))
        .route("/runs", get(pages::runs))
        .route("/runs/{test}/{run}/", get(pages::run))
        .route("/runs/{test}/{run}", get(pages::with_slash))
        .route("/runs/{test}/{run}/live", get(pages::live))
        .route("/compare", get(pages::compare))
        .route("/suites", get(pages::suites))
        .route("/suites/{suite}/{time}/", get(pages::suite))
        .route("/archive/{test}/{run}", get(archive::archive))
        .route("/files/{*path}", get(pages::file))
        .route("/assets/style.css", get(answer::style))
        .route("/assets/web.js", get(answer::script))
        .fallback(|| async { answer::missing("There is no such page.") })
        .layer(from_fn_with_state(site.clone(), guard))
        .with_state(site)
}

/// Refuses what is not for us, and says in every answer what a page of ours may do.
async fn guard(State(site): State<Arc<Site>>, request: Request, next: Next) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return answer::refused(StatusCode::METHOD_NOT_ALLOWED, "This server only shows.");
    }
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    if site.address.ip().is_loopback() && !host.is_some_and(names_this_machine) {
        return answer::refused(
            StatusCode::MISDIRECTED_REQUEST,
            "This server answers for localhost only; see --listen.",
        );
    }
    answer::protected(next.run(request).await)
}

/// Whether the host of a request, with or without a port, is this machine by a name that nobody
/// else can claim.
fn names_this_machine(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_answered() {
        for good in ["localhost", "localhost:8080", "127.0.0.1:1", "127.8.8.8", "[::1]:80", "[::1]"]
        {
            assert!(names_this_machine(good), "{good}");
        }
        for bad in ["", "evil.example", "localhost.evil.example:80", "10.0.0.1", "127.0.0.1.nip.io"]
        {
            assert!(!names_this_machine(bad), "{bad}");
        }
    }
}
