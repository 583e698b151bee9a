//! The revenue page, for somebody without Grafana: whole and with its figures when it comes, and kept fresh where a
//! script may run.
//!
//! The page is made here, of what is durable and never ahead of it; the script only puts newer parts in the place of
//! older ones. Everything that comes from outside goes through a template, which escapes it, and nothing in a template is
//! ever marked as safe. Where reading needs a token, the page that anybody gets holds no figure: the script asks for the
//! token, and for the rest with it.

mod chart;
mod figures;
mod gallery;
mod live;
mod search;
mod sheet;
mod words;

#[cfg(test)]
mod tests;

use askama::Template;
use bytes::Bytes;
use warp::http::{HeaderValue, StatusCode, header};

use super::answers::Query;
use super::house::House;
use super::reply::{Answer, Refused, with_type};
use figures::Figures;
use search::Found;
use sheet::Sheet;

pub use gallery::{Gallery, Selection};
pub use live::live;

/// Who sends a request may read what the house knows.
#[derive(Clone, Copy, Debug)]
pub struct MayRead;

/// Nothing but our own style and script, and no other host for anything.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The whole page.
#[derive(Template)]
#[template(path = "page.html")]
struct Whole {
    /// What the parts that come later are asked for with.
    selection: Selection,
    /// What is known by the parts that are there.
    state: String,
    /// The figures; none for who may not read them.
    sheet: Option<Sheet>,
    /// What was searched for, and what became of it.
    found: Option<Found>,
}

/// An answer to the search alone.
#[derive(Template)]
#[template(path = "found.html")]
struct Answered<'a> {
    found: &'a Found,
}

/// The page.
pub async fn page(house: House, query: Query, reader: Option<MayRead>) -> Result<Answer, Refused> {
    let selection = Selection::parse(&house, &query)?;
    let (sheet, found) = match reader {
        None => (None, None),
        Some(MayRead) => {
            let found = match query.get("why").map(|id| id.trim()).filter(|id| !id.is_empty()) {
                Some(id) => Some(search::search(&house, id).await?),
                None => None,
            };
            (Some(Sheet::new(&Figures::gather(&house, selection).await)), found)
        }
    };
    let state = sheet.as_ref().map(|sheet| gallery::state_of(&sheet.parts())).unwrap_or_default();
    Ok(html(&Whole { selection, state, sheet, found }))
}

/// What became of the event or transaction with this id, as a part of the page.
pub async fn why(house: House, query: Query) -> Result<Answer, Refused> {
    let what = "it is the id of an activity, a message or a transaction";
    let id = query.get("id").map(|id| id.trim()).filter(|id| !id.is_empty());
    let id = id.ok_or(Refused::Query { name: "id", what })?;
    Ok(html(&Answered { found: &search::search(&house, id).await? }))
}

fn html(template: &impl Template) -> Answer {
    let body = Bytes::from(written(template));
    let mut answer = with_type(StatusCode::OK, "text/html; charset=utf-8", body);
    answer.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    answer
}

/// A template as it is filled in. Its values are texts that are ready, which cannot fail to be written.
fn written(template: &impl Template) -> String {
    template.render().unwrap_or_default()
}
