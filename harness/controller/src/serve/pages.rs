//! What is answered to which address.

use super::index::{Verdict, progress, suites as suite_rows, told, verdict};
use super::shelf::{files, history};
use super::{Site, answer};
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use cap_std::fs::Dir;
use schism_checkers::Status;
use schism_history::History;
use schism_reports::web::{self, Compared, RunPage, RunRow};
use std::sync::Arc;
use tokio_util::io::ReaderStream;

type Shared = State<Arc<Site>>;

/// Does what waits for the disk, or computes, where it holds nobody up. What is in the store may
/// surprise a reader of it; that must end one answer, not the server.
async fn made(make: impl FnOnce() -> Response + Send + 'static) -> Response {
    tokio::task::spawn_blocking(make).await.unwrap_or_else(|_| {
        answer::refused(
            StatusCode::INTERNAL_SERVER_ERROR,
            "This page could not be made: what the store holds is not what a run writes.",
        )
    })
}

/// `/`
pub async fn home() -> Redirect {
    Redirect::temporary("/runs")
}

/// `/runs/{test}/{run}`: its links are relative to the directory.
pub async fn with_slash(Path((test, run)): Path<(String, String)>) -> Redirect {
    Redirect::permanent(&format!("/runs/{}/", web::url(&format!("{test}/{run}"))))
}

/// `/runs`
pub async fn runs(State(site): Shared, Query(pairs): Query<Vec<(String, String)>>) -> Response {
    made(move || {
        let query = web::Query::of(&pairs);
        answer::page(web::runs(&site.index.runs(&site.shelf), &query))
    })
    .await
}

/// A run of the store: its directory, and what a list shows of it.
fn found(site: &Site, test: &str, run: &str) -> Option<(Dir, RunRow)> {
    let directory = site.shelf.directory(&[test, run]).ok()?;
    directory.symlink_metadata("run.toml").ok()?;
    let row = site.index.row(&directory, test, run);
    Some((directory, row))
}

const NO_RUN: &str = "The store has no such run; it may have been removed to make room.";

/// `/runs/{test}/{run}/`
pub async fn run(State(site): Shared, Path((test, run)): Path<(String, String)>) -> Response {
    made(move || {
        let Some((directory, row)) = found(&site, &test, &run) else {
            return answer::missing(NO_RUN);
        };
        let verdict = verdict(&directory).ok();
        let live = progress(&directory);
        answer::page(web::run(&RunPage {
            row: &row,
            findings: verdict.as_ref().map_or(&[], |verdict| &verdict.findings),
            command: verdict.as_ref().map_or("", |verdict| &verdict.facts.command),
            files: &files(&directory),
            live: live.as_ref(),
        }))
    })
    .await
}

/// `/runs/{test}/{run}/live`
pub async fn live(State(site): Shared, Path((test, run)): Path<(String, String)>) -> Response {
    made(move || match site.shelf.directory(&[&test, &run]) {
        Ok(directory) => {
            // A verdict ends it, however fresh the last word on its progress is.
            let over = directory.symlink_metadata("verdict.json").is_ok();
            let live = progress(&directory).filter(|_| !over);
            answer::page(web::live(live.as_ref()))
        }
        Err(_) => answer::missing(NO_RUN),
    })
    .await
}

/// `/compare?run=A&run=B`
pub async fn compare(State(site): Shared, Query(pairs): Query<Vec<(String, String)>>) -> Response {
    let chosen: Vec<String> =
        pairs.into_iter().filter(|(name, _)| name == "run").map(|(_, value)| value).collect();
    let [a, b] = &chosen[..] else {
        return answer::refused(
            StatusCode::BAD_REQUEST,
            "Mark two runs in the list to compare them.",
        );
    };
    let (a, b) = (a.clone(), b.clone());
    made(move || match (whole(&site, &a), whole(&site, &b)) {
        (Ok(a), Ok(b)) => answer::page(web::compare(&a.compared(), &b.compared())),
        (Err(why), _) | (_, Err(why)) => answer::missing(&why),
    })
    .await
}

/// A run with its history.
struct Whole {
    row: RunRow,
    history: History,
    findings: Vec<(String, Status)>,
}

impl Whole {
    fn compared(&self) -> Compared<'_> {
        Compared { row: &self.row, history: &self.history, findings: &self.findings }
    }
}

fn whole(site: &Site, path: &str) -> Result<Whole, String> {
    let (test, run) = path.split_once('/').ok_or(NO_RUN)?;
    let (directory, row) = found(site, test, run).ok_or(NO_RUN)?;
    let named = |why: String| format!("{path} cannot be compared: {why}");
    let Verdict { findings, .. } = verdict(&directory).map_err(named)?;
    let findings = findings.into_iter().map(|found| (found.property, found.status)).collect();
    let history = history(&directory).map_err(named)?;
    Ok(Whole { row, history, findings })
}

/// `/suites`
pub async fn suites(State(site): Shared) -> Response {
    made(move || answer::page(web::suites(&suite_rows(&site.shelf)))).await
}

/// `/suites/{suite}/{time}/`
pub async fn suite(State(site): Shared, Path((suite, time)): Path<(String, String)>) -> Response {
    made(move || match told(&site.shelf, &suite, &time) {
        Some(tale) => {
            let link = |run: &str| format!("/runs/{}/", web::url(run));
            answer::page(web::suite(&tale.result, &tale.trends, &link))
        }
        None => answer::missing("The store has no such run of a suite."),
    })
    .await
}

/// `/files/{path}`
pub async fn file(State(site): Shared, Path(path): Path<String>) -> Response {
    let opened = {
        let path = path.clone();
        tokio::task::spawn_blocking(move || {
            let file = site.shelf.file(&path)?;
            let length = file.metadata()?.len();
            Ok::<_, std::io::Error>((file, length))
        })
        .await
    };
    let Ok(Ok((file, length))) = opened else {
        return answer::missing("The store has no such file, or it lies outside.");
    };
    let file = tokio::fs::File::from_std(file.into_std());
    // A file that grows meanwhile is handed out as long as it was.
    let stream = ReaderStream::new(tokio::io::AsyncReadExt::take(file, length));
    answer::file(&path, Body::from_stream(stream), length).into_response()
}
