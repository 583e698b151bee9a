//! The README's first command, tried for real and looked at from outside.

use std::fs;
use std::time::Duration;

use crate::demo::{self, Demo};
use crate::{Done, page, places, promtool, readme};

/// How many earners the dashboard names.
const EARNERS: usize = 10;
/// Long enough that the days which the demo lived before are over in between, and are not taken for growth.
const BETWEEN_LOOKS: Duration = Duration::from_secs(2);

/// Tries everything; what was seen is the remark.
pub fn live() -> Result<String, String> {
    let demo = Demo::start()?;
    let seen = look(&demo).map_err(|error| format!("{error}\nthe demo says:\n{}", demo.log()))?;
    demo.stop()?;
    Ok(seen)
}

fn look(demo: &Demo) -> Result<String, String> {
    let (from, to) = earns(demo)?;
    println!("today went from {from} to {to} EUR, and {EARNERS} earners are named");
    let collected = collects(demo)?;
    println!("{collected} EUR were invoiced and paid, and the book is the same as the sandbox to the cent");
    likes_metrics(demo)?;
    println!("promtool has nothing to say against /metrics");
    let sandbox = Demo::sandbox()?;
    let curls = readme::try_every_curl(&demo.address, &sandbox.address, &demo.folder)?;
    println!("all {curls} curl commands of the README work");
    let pictures = places::made(places::root().join("tests/artefacts"))?;
    page::look(&format!("http://{}/", demo.address), &pictures)?;
    println!("the page is as it has to be; its pictures are tests/artefacts/page-*.png");
    Ok(format!("today {from} to {to} EUR, {collected} collected, {curls} curls, page"))
}

/// The demo lives: there are ten earners, and today's total grows from one look to the next.
fn earns(demo: &Demo) -> Result<(String, String), String> {
    let mut last = String::new();
    let grown = demo::until(|| {
        let before = demo.get("api/revenue/dashboard").ok()?;
        std::thread::sleep(BETWEEN_LOOKS);
        last = demo.get("api/revenue/dashboard").ok()?;
        let is_one_day = day(&before)? == day(&last)?;
        let (before, after) = (text_of(&before, "today")?, text_of(&last, "today")?);
        let has_grown = is_one_day && millionths(before)? < millionths(after)?;
        (has_grown && earners(&last) == EARNERS).then(|| (before.to_owned(), after.to_owned()))
    });
    grown.ok_or_else(|| format!("today's total does not grow, or not {EARNERS} earners are named:\n{last}"))
}

/// An invoice goes out and is paid while a newcomer looks, and both sides have the same of it.
fn collects(demo: &Demo) -> Result<String, String> {
    let mut last = String::new();
    let collected = demo::until(|| {
        last = demo.get("api/revenue/dashboard").ok()?;
        let (_, collected) = last.split_once("\"collected\":")?;
        text_of(collected, "all_time").filter(|sum| *sum != "0.00").map(str::to_owned)
    });
    let collected = collected.ok_or_else(|| format!("no invoice is paid:\n{last}\n{:?}", demo.get("v1/bills")))?;
    // Another one may be on its way just now.
    let mut differs = String::new();
    let is_same = || demo.run_command(&["bill", "reconcile"]).map_err(|said| differs = said).ok();
    demo::until(is_same).ok_or(differs)?;
    Ok(collected)
}

/// The day on the demo's clock.
fn day(json: &str) -> Option<&str> {
    text_of(json, "as_of")?.split_once('T').map(|(day, _)| day)
}

fn likes_metrics(demo: &Demo) -> Done {
    let path = demo.folder.join("metrics");
    fs::write(&path, demo.get("metrics")?).map_err(|error| format!("{}: {error}", path.display()))?;
    promtool::check(&path)
}

/// The first text of this name; enough for an answer whose keys come in a fixed order.
fn text_of<'a>(json: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = json.split_once(&format!("\"{name}\":\""))?;
    rest.split_once('"').map(|(text, _)| text)
}

fn earners(json: &str) -> usize {
    let list = json.split_once("\"top_earners\":[").and_then(|(_, rest)| rest.split_once(']'));
    list.map_or(0, |(list, _)| list.matches("\"citizen_id\"").count())
}

/// Money is a whole number here too.
fn millionths(amount: &str) -> Option<u128> {
    let (whole, fraction) = amount.split_once('.')?;
    format!("{whole}{fraction:0<6}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dashboard_is_read_by_its_first_total_and_its_list_of_earners() {
        let json = r#"{"today":"0.70","top_earners":[{"citizen_id":"a"},{"citizen_id":"b"}],"live":{"today":"9"}}"#;
        assert_eq!((text_of(json, "today"), earners(json)), (Some("0.70"), 2));
    }

    #[test]
    fn amounts_compare_as_money_and_not_as_text() {
        assert!(millionths("9.125001") < millionths("10.00"));
    }
}
