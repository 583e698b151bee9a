//! Pages: a part of a list, as Stripe cuts it.

use super::form::Form;
use super::json::{self, Object};
use super::problem::Problem;
use super::state::World;

/// Which part of a list is asked for.
#[derive(Debug)]
pub(super) struct Ask {
    limit: usize,
    after: Option<String>,
    before: Option<String>,
}

/// In which order a list is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    NewestFirst,
    OldestFirst,
}

/// The part: places, in the order in which they are told.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) places: Vec<usize>,
    pub(super) has_more: bool,
}

impl Ask {
    /// Reads `limit`, `starting_after`, `ending_before` and `expand`.
    pub(super) fn read(form: &mut Form) -> Result<Ask, Problem> {
        let limit = form.within("limit", 1, 100)?.unwrap_or(10) as usize;
        let ask = Ask { limit, after: form.text("starting_after")?, before: form.text("ending_before")? };
        if ask.after.is_some() && ask.before.is_some() {
            let message = "Only one of starting_after and ending_before may be given.";
            return Err(Problem::parameter("", "ending_before", message));
        }
        Ok(ask)
    }

    /// Cuts the page out of `count` objects in the order in which they were made. `rank` tells where an id is among
    /// them; `keep` whether one is told of, and nothing if neither it nor any older one is.
    pub(super) fn cut(
        &self,
        count: usize,
        order: Order,
        rank: impl Fn(&str) -> Option<usize>,
        keep: impl Fn(usize) -> Option<bool>,
    ) -> Result<Page, Problem> {
        let find = |id: &Option<String>, param| match id {
            None => Ok(None),
            Some(id) => rank(id).map(Some).ok_or_else(|| Problem::missing("object", id, param)),
        };
        let after = find(&self.after, "starting_after")?;
        let before = find(&self.before, "ending_before")?;
        let is_backward = before.is_some();
        // Whether the walk from the cursor goes towards older ones.
        let is_down = (order == Order::NewestFirst) != is_backward;
        let cursor = after.or(before);
        let mut places = match is_down {
            true => walk((0..cursor.unwrap_or(count)).rev(), self.limit + 1, keep),
            // Older ones may be left out on this way, and are no end.
            false => {
                walk(cursor.map_or(0, |cursor| cursor + 1)..count, self.limit + 1, |place| keep(place).or(Some(false)))
            }
        };
        let has_more = self.limit < places.len();
        places.truncate(self.limit);
        if is_backward {
            places.reverse();
        }
        Ok(Page { places, has_more })
    }
}

fn walk(places: impl Iterator<Item = usize>, most: usize, keep: impl Fn(usize) -> Option<bool>) -> Vec<usize> {
    places
        .map_while(|place| keep(place).map(|is_kept| (place, is_kept)))
        .filter_map(|(place, is_kept)| is_kept.then_some(place))
        .take(most)
        .collect()
}

impl Page {
    /// The JSON of the list.
    pub(super) fn write(&self, url: &str, world: &World, write: impl Fn(&mut String, &World, usize)) -> String {
        let mut out = String::with_capacity(256);
        list(&mut out, url, self.has_more, self.places.iter().copied(), |out, place| write(out, world, place));
        out
    }
}

/// Writes a list.
pub(super) fn list<T>(
    out: &mut String,
    url: &str,
    has_more: bool,
    items: impl IntoIterator<Item = T>,
    write: impl FnMut(&mut String, T),
) {
    let mut object = Object::open(out);
    object.text("object", "list");
    json::array(object.name("data"), items, write);
    object.flag("has_more", has_more);
    object.text("url", url);
    object.close();
}
