//! What is told to who watches the page: the parts of it that changed, as server-sent events.
//!
//! Nothing waits for anybody. What is told is made when there is room to tell it, so that whoever reads slowly misses what
//! was in between and gets the newest; of what he has not read, one event is kept and no more. The stream ends when the
//! house closes, or when its reader is gone.

use std::collections::HashMap;
use std::convert::Infallible;
use std::time::Duration;

use futures_util::stream::{self, Stream};
use serde::Serialize;
use tokio::sync::{mpsc, watch};
use warp::Reply;
use warp::http::{HeaderMap, HeaderValue};
use warp::sse::{self, Event};

use super::super::answers::Query;
use super::super::house::House;
use super::super::reply::{Refused, Running};
use super::gallery::{Place, Selection, State};

/// Where nothing is recorded, the clock alone may change something: a day begins, or nobody was heard of for long.
const TICK: Duration = Duration::from_secs(5);
/// A comment as often as this, where there is nothing to tell: proxies take a silent connection for a dead one.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// An event's data.
#[derive(Serialize)]
struct Update<'a> {
    title: &'a str,
    spoken: &'a str,
    parts: HashMap<&'static str, &'a str>,
}

/// Tells from now on.
pub fn live(house: &House, query: &Query, headers: &HeaderMap) -> Result<Running, Refused> {
    let place = house.gallery.enter(Selection::parse(house, query)?)?;
    let known = headers.get("last-event-id").and_then(|id| id.to_str().ok()).unwrap_or_default().to_owned();
    let (room, told) = mpsc::channel(1);
    tokio::spawn(tell(house.clone(), place, known, room));
    let events = sse::keep_alive().interval(HEARTBEAT).stream(all(told));
    let mut answer = sse::reply(events).into_response();
    let headers = answer.headers_mut();
    // nginx would keep what comes back until there is enough of it.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(answer)
}

fn all(told: mpsc::Receiver<Event>) -> impl Stream<Item = Result<Event, Infallible>> + Send + Sync {
    stream::unfold(told, |mut told| async move { told.recv().await.map(|event| (Ok(event), told)) })
}

/// Tells each change, for as long as somebody listens and the house is open.
pub(super) async fn tell(house: House, place: Place, mut known: String, room: mpsc::Sender<Event>) {
    let mut closing = place.closing.clone();
    let telling = async {
        let (mut news, mut parts) = (house.rialto.news(), HashMap::new());
        // Room first: what is told is what there is then.
        while let Ok(place_for_one) = room.reserve().await {
            let state = loop {
                let recorded = *news.borrow_and_update();
                let state = place.look(&house, recorded).await;
                if state.id != known {
                    break state;
                }
                if parts.is_empty() {
                    // He has all of it, from a page or a stream before this one.
                    parts.extend(state.parts.iter().map(|part| (part.id, part.digest)));
                }
                changed(&mut news).await;
            };
            place_for_one.send(event(&state, &mut parts));
            known.clone_from(&state.id);
        }
    };
    tokio::select! {
        () = telling => {}
        () = room.closed() => {}
        _ = closing.wait_for(|is_closing| *is_closing) => {}
    }
}

async fn changed(news: &mut watch::Receiver<u64>) {
    if let Ok(Err(_)) = tokio::time::timeout(TICK, news.changed()).await {
        // Nobody is left who could tell: the house is about to close.
        tokio::time::sleep(TICK).await;
    }
}

/// The parts that are not known yet.
fn event(state: &State, known: &mut HashMap<&'static str, u64>) -> Event {
    let news = state.parts.iter().filter(|part| known.insert(part.id, part.digest) != Some(part.digest));
    let parts = news.map(|part| (part.id, part.html.as_str())).collect();
    let update = Update { title: &state.title, spoken: &state.spoken, parts };
    // Texts under names always are JSON; and JSON has no line feeds, which would end an event.
    let data = Event::default().event("figures").id(&state.id).json_data(&update);
    data.unwrap_or_else(|_| Event::default().comment("unreadable"))
}
