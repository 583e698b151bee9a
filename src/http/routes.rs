//! The routes: which path is whose.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use warp::filters::BoxedFilter;
use warp::reject::{MethodNotAllowed, Rejection};
use warp::{Filter, Reply};

use super::answers::{self, Query};
use super::house::House;
use super::ingest::{self, Table};
use super::reply::{Answer, Refused, Running};
use super::segment::Segment;
use super::{billing, operating, payers, people, proposals, webhooks};
use super::{page, pages};
use crate::domain::ids::Feed;
use crate::wiring::Rialto;

/// All routes. Whatever fails is answered too.
pub fn routes(house: House) -> BoxedFilter<(Running,)> {
    let with = {
        let house = house.clone();
        warp::any().map(move || house.clone())
    };
    let body = || warp::header::optional::<String>("content-type").and(warp::body::bytes());
    let events = |path: &'static str, feed: Feed| {
        let post = warp::path!("v1" / ..).and(warp::path(path)).and(warp::path::end()).and(warp::post());
        post.and(with.clone()).and(body()).then(move |house, content_type, body: Bytes| async move {
            answered(ingest::events(house, feed, content_type, body).await)
        })
    };
    let rows = |path: &'static str, table: Table| {
        let post = warp::path!("v1" / ..).and(warp::path(path)).and(warp::path::end()).and(warp::post());
        post.and(with.clone()).and(body()).then(move |house, content_type, body: Bytes| async move {
            answered(ingest::rows(house, table, content_type, body).await)
        })
    };
    let event = |path: &'static str, feed: Feed| {
        let get = warp::path!("v1" / ..).and(warp::path(path)).and(warp::path::param()).and(warp::path::end());
        let get = get.and(warp::get()).and(with.clone());
        get.then(move |Segment(id), house| async move { answered(answers::event(house, feed, id).await) })
    };
    let query = || warp::query::<Query>();

    let ingesting = events("activities", Feed::Activity)
        .or(events("messages", Feed::Message))
        .unify()
        .or(rows("citizens", Table::Citizens))
        .unify()
        .or(rows("buildings", Table::Buildings))
        .unify()
        .boxed();
    let asking = warp::path!("api" / "revenue" / "dashboard")
        .and(warp::get())
        .and(with.clone())
        .and(query())
        .then(|house, query| async { answered(answers::dashboard(house, query).await) })
        .or(warp::path!("v1" / "transactions")
            .and(warp::get())
            .and(with.clone())
            .and(query())
            .then(|house, query| async { answered(answers::transactions(house, query).await) }))
        .unify()
        .or(warp::path!("v1" / "transactions" / Segment)
            .and(warp::get())
            .and(with.clone())
            .then(|Segment(id), house| async { answered(answers::transaction(house, id).await) }))
        .unify()
        .or(event("activities", Feed::Activity))
        .unify()
        .or(event("messages", Feed::Message))
        .unify()
        .or(warp::path!("v1" / "entities" / Segment)
            .and(warp::get())
            .and(with.clone())
            .then(|Segment(id), house| async { answered(answers::entity(house, id).await) }))
        .unify()
        .or(warp::path!("v1" / "conflicts")
            .and(warp::get())
            .and(with.clone())
            .and(query())
            .then(|house, query| async { answered(answers::conflicts(house, query).await) }))
        .unify()
        .boxed();
    let tending = warp::path!("metrics")
        .and(warp::get())
        .and(with.clone())
        .and(warp::header::optional::<String>("accept"))
        .map(|house: House, accept: Option<String>| answers::metrics(&house, accept.as_deref()))
        .or(warp::path!("healthz").and(warp::get()).map(answers::healthz))
        .unify()
        .or(warp::path!("readyz").and(warp::get()).and(with.clone()).map(|house: House| answers::readyz(&house)))
        .unify()
        .or(webhook(house.rialto.clone()))
        .unify()
        .or(warp::path!("v1" / "admin" / "snapshot")
            .and(warp::post())
            .and(with.clone())
            .and(warp::body::bytes())
            .then(|house, body| async { answered(answers::snapshot(house, body).await) }))
        .unify()
        .boxed();
    let operating = operating_routes(&with);
    let billing = billing_routes(&with);
    let pages = warp::path!("page.css")
        .and(warp::get())
        .map(pages::style)
        .or(warp::path!("page.js").and(warp::get()).map(pages::script))
        .unify()
        .or(warp::path!("openapi.json").and(warp::get()).map(pages::openapi))
        .unify()
        .boxed();
    ingesting
        .or(asking)
        .unify()
        .or(tending)
        .unify()
        .or(operating)
        .unify()
        .or(billing)
        .unify()
        .or(pages)
        .unify()
        .or(page_routes(&with))
        .unify()
        .map(Reply::into_response)
        .or(watching(&with))
        .unify()
        .recover(unmatched)
        .unify()
        .boxed()
}

/// The one route that is for Stripe, and nothing beside it.
pub fn of_webhooks(rialto: Rialto) -> BoxedFilter<(Running,)> {
    webhook(rialto).map(Reply::into_response).recover(unmatched).unify().boxed()
}

fn webhook(rialto: Rialto) -> BoxedFilter<(Answer,)> {
    let refusals = Arc::new(webhooks::Refusals::default());
    warp::path!("webhooks" / "stripe")
        .and(warp::post())
        .and(warp::any().map(move || (rialto.clone(), Arc::clone(&refusals))))
        .and(warp::header::optional::<String>("stripe-signature"))
        .and(warp::body::bytes())
        .then(|(rialto, refusals): (Rialto, Arc<webhooks::Refusals>), signature, body| async move {
            answered(webhooks::stripe(rialto, &refusals, signature, body).await)
        })
        .boxed()
}

/// The revenue page.
fn page_routes(
    with: &(impl Filter<Extract = (House,), Error = Infallible> + Clone + Send + Sync + 'static),
) -> BoxedFilter<(Answer,)> {
    let query = || warp::query::<Query>();
    warp::path::end()
        .and(warp::get())
        .and(with.clone())
        .and(query())
        .and(warp::ext::optional())
        .then(|house, query, reader| async move { answered(page::page(house, query, reader).await) })
        .or(warp::path!("page" / "why")
            .and(warp::get())
            .and(with.clone())
            .and(query())
            .then(|house, query| async { answered(page::why(house, query).await) }))
        .unify()
        .boxed()
}

/// What is told to who watches it: the one answer that goes on.
fn watching(
    with: &(impl Filter<Extract = (House,), Error = Infallible> + Clone + Send + Sync + 'static),
) -> BoxedFilter<(Running,)> {
    warp::path!("page" / "live")
        .and(warp::get())
        .and(with.clone())
        .and(warp::query::<Query>())
        .and(warp::header::headers_cloned())
        .map(|house, query, headers| {
            page::live(&house, &query, &headers).unwrap_or_else(|refused| refused.answer().into_response())
        })
        .boxed()
}

/// What operators look at, and order.
fn operating_routes(
    with: &(impl Filter<Extract = (House,), Error = Infallible> + Clone + Send + Sync + 'static),
) -> BoxedFilter<(Answer,)> {
    let get = || warp::get().and(with.clone());
    let post = || warp::post().and(with.clone()).and(warp::body::bytes());
    let query = || warp::query::<Query>();
    warp::path!("v1" / "tariff")
        .and(get())
        .map(|house: House| operating::tariff(&house))
        .or(warp::path!("v1" / "tariff")
            .and(warp::put())
            .and(with.clone())
            .and(query())
            .and(warp::body::bytes())
            .then(|house, query, body: Bytes| async move { answered(operating::use_tariff(house, query, body).await) }))
        .unify()
        .or(warp::path!("v1" / "rollout").and(get()).then(|house| async { answered(operating::rollout(house).await) }))
        .unify()
        .or(warp::path!("v1" / "rollout")
            .and(post())
            .then(|house, body| async { answered(operating::move_to(house, body).await) }))
        .unify()
        .or(warp::path!("v1" / "guards")
            .and(get())
            .and(query())
            .then(|house, query| async { answered(operating::guards(house, query).await) }))
        .unify()
        .or(warp::path!("v1" / "orders")
            .and(get())
            .and(query())
            .then(|house, query| async { answered(answers::orders(house, query).await) }))
        .unify()
        .or(warp::path!("v1" / "undecided")
            .and(get())
            .and(query())
            .then(|house, query| async { answered(answers::undecided(house, query).await) }))
        .unify()
        .or(warp::path!("v1" / "guards" / "release")
            .and(post())
            .then(|house, body| async { answered(operating::release(house, body).await) }))
        .unify()
        .or(warp::path!("v1" / "conflicts" / "accept")
            .and(post())
            .then(|house, body| async { answered(operating::accept(house, body).await) }))
        .unify()
        .or(warp::path!("v1" / "periods" / "close")
            .and(post())
            .then(|house, body| async { answered(operating::close(house, body).await) }))
        .unify()
        .or(warp::path!("v1" / "transactions" / Segment / "reverse")
            .and(post())
            .then(|Segment(id), house, body| async { answered(operating::reverse(house, id, body).await) }))
        .unify()
        .or(warp::path!("v1" / "proposals")
            .and(post())
            .then(|house, body| async { answered(proposals::proposals(house, body).await) }))
        .unify()
        .boxed()
}

/// What is owed, who pays, and what was billed.
fn billing_routes(
    with: &(impl Filter<Extract = (House,), Error = Infallible> + Clone + Send + Sync + 'static),
) -> BoxedFilter<(Answer,)> {
    let get = || warp::get().and(with.clone());
    let post = || warp::post().and(with.clone()).and(warp::body::bytes());
    let query = || warp::query::<Query>();
    warp::path!("v1" / "bills" / "plan")
        .and(get())
        .and(query())
        .then(|house, query| async { answered(billing::plan(house, query).await) })
        .or(warp::path!("v1" / "bills")
            .and(get())
            .and(query())
            .then(|house, query| async { answered(billing::bills(house, query).await) }))
        .unify()
        .or(warp::path!("v1" / "bills" / "run")
            .and(post())
            .then(|house, body| async { answered(billing::run(house, body).await) }))
        .unify()
        .or(warp::path!("v1" / "bills" / "reconcile")
            .and(post())
            .then(|house, body| async { answered(billing::reconcile(house, body).await) }))
        .unify()
        .or(warp::path!("v1" / "bills" / "reconcile").and(get()).map(|house: House| billing::reconciling(&house)))
        .unify()
        .or(warp::path!("v1" / "bills" / Segment)
            .and(get())
            .then(|Segment(id), house| async { answered(billing::bill(house, id).await) }))
        .unify()
        .or(warp::path!("v1" / "bills" / Segment / "cancel")
            .and(post())
            .then(|Segment(id), house, body| async { answered(billing::cancel(house, id, body).await) }))
        .unify()
        .or(warp::path!("v1" / "bills" / Segment / "again")
            .and(post())
            .then(|Segment(id), house, body| async { answered(billing::again(house, id, body).await) }))
        .unify()
        .or(warp::path!("v1" / "payers" / Segment / "check")
            .and(get())
            .then(|Segment(id), house| async { answered(billing::check(house, id).await) }))
        .unify()
        .or(warp::path!("v1" / "payers").and(get()).then(|house| async { answered(payers::payers(house).await) }))
        .unify()
        .or(warp::path!("v1" / "payers")
            .and(post())
            .then(|house, body| async { answered(payers::list(house, body).await) }))
        .unify()
        .or(warp::path!("v1" / "payers" / "remove")
            .and(post())
            .then(|house, body| async { answered(payers::strike(house, body).await) }))
        .unify()
        .or(warp::path!("v1" / "admin" / "people" / Segment)
            .and(get())
            .then(|Segment(id), house| async { answered(people::person(house, id).await) }))
        .unify()
        .or(warp::path!("v1" / "admin" / "erase")
            .and(post())
            .then(|house, body| async { answered(people::erase(house, body).await) }))
        .unify()
        .boxed()
}

/// What is counted under no route of its own.
pub const OTHER: &str = "other";

/// The closed set of routes, for metrics: never an id.
pub fn label(path: &str) -> &'static str {
    const EXACT: [&str; 34] = [
        "/",
        "/page/live",
        "/page/why",
        "/page.css",
        "/page.js",
        "/openapi.json",
        "/metrics",
        "/healthz",
        "/readyz",
        "/api/revenue/dashboard",
        "/v1/activities",
        "/v1/messages",
        "/v1/citizens",
        "/v1/buildings",
        "/v1/transactions",
        "/v1/conflicts",
        "/v1/tariff",
        "/v1/rollout",
        "/v1/guards",
        "/v1/guards/release",
        "/v1/conflicts/accept",
        "/v1/periods/close",
        "/v1/payers",
        "/v1/bills",
        "/v1/bills/plan",
        "/v1/bills/run",
        "/v1/bills/reconcile",
        "/webhooks/stripe",
        "/v1/payers/remove",
        "/v1/proposals",
        "/v1/orders",
        "/v1/undecided",
        "/v1/admin/snapshot",
        "/v1/admin/erase",
    ];
    if let Some(exact) = EXACT.into_iter().find(|known| *known == path) {
        return exact;
    }
    match path.rsplit_once('/') {
        Some(("/v1/activities", _)) => "/v1/activities/{id}",
        Some(("/v1/messages", _)) => "/v1/messages/{id}",
        Some(("/v1/transactions", _)) => "/v1/transactions/{id}",
        Some(("/v1/admin/people", _)) => "/v1/admin/people/{id}",
        Some(("/v1/entities", _)) => "/v1/entities/{id}",
        Some(("/v1/bills", _)) => "/v1/bills/{id}",
        Some((path, "cancel")) if path.starts_with("/v1/bills/") => "/v1/bills/{id}/cancel",
        Some((path, "again")) if path.starts_with("/v1/bills/") => "/v1/bills/{id}/again",
        Some((path, "check")) if path.starts_with("/v1/payers/") => "/v1/payers/{id}/check",
        Some((path, "reverse")) if path.starts_with("/v1/transactions/") => "/v1/transactions/{id}/reverse",
        _ => OTHER,
    }
}

fn answered(result: Result<Answer, Refused>) -> Answer {
    result.unwrap_or_else(|refused| refused.answer())
}

async fn unmatched(rejection: Rejection) -> Result<Running, Infallible> {
    let refused = if rejection.find::<MethodNotAllowed>().is_some() {
        Refused::Method
    } else if rejection.find::<warp::reject::InvalidQuery>().is_some() {
        Refused::Query { name: "(all)", what: "parameters are name=value, joined by &" }
    } else if rejection.find::<warp::reject::InvalidHeader>().is_some() {
        // The only header that a route reads.
        Refused::ContentType("(no text)".to_owned())
    } else {
        Refused::NoPath
    };
    Ok(refused.answer().into_response())
}
