//! Laws of the page: whatever outside says, it is text; and what has to be known is said.

use std::time::Duration;

use std::sync::Arc;

use proptest::prelude::*;
use tokio::sync::{mpsc, watch};

use super::figures::Figures;
use super::gallery::Selection;
use super::search::{Fate, Found};
use super::sheet::Sheet;
use super::*;
use crate::actors::door::Closed;
use crate::actors::queries::Survey;
use crate::domain::activity::{Activity, Stated};
use crate::domain::calendar::{Calendar, Period};
use crate::domain::ids::{Feed, SourceId};
use crate::domain::money::{Currency, Money, Sum};
use crate::domain::names::Name;
use crate::domain::rollout::{Phase, Standing};
use crate::domain::targets::{Basis, Target, Targets};
use crate::domain::time::Moment;
use crate::ledger::book::Book;
use crate::ledger::hours::Hours;
use crate::ledger::invoices::Invoices;
use crate::ledger::view::View;
use crate::reading::Reader;
use crate::wiring::{Rialto, Settings};

const NOW: Moment = Moment(1_793_620_800_000_000);
const MINUTE_US: i64 = 60_000_000;
const SELECTION: Selection = Selection { currency: Currency::EUR, period: Period::Month };

/// Figures of a house where nothing happened, and everybody has this name.
fn figures(name: &str) -> Figures {
    let calendar = Calendar::new(chrono_tz::Europe::Rome);
    let target = Target {
        name: name.to_owned(),
        days: 7,
        goal: Money::from_millionths(500 * Money::PER_UNIT),
        basis: Basis::Tracked,
    };
    let mut dashboard = View::default().dashboard(Currency::EUR, NOW, &calendar);
    let earner = Name::new(name).map(|name| (name, Sum(1_500_000)));
    dashboard.top_earners = std::array::from_fn(|_| earner.into_iter().collect());
    dashboard.top_businesses = dashboard.top_earners.clone();
    dashboard.targets = Arc::new(Targets { all: vec![target], ..Targets::default() });
    Figures {
        selection: SELECTION,
        zone: calendar.zone(),
        recorded: 0,
        dashboard,
        hours: Hours::default().told(NOW, &calendar),
        silence: None,
        survey: Some(Survey {
            all: Standing { phase: Phase::Shadow, since: Moment::OLDEST },
            own_live: 0,
            is_halted: false,
            invoices: Invoices::default(),
        }),
        charges: Some(Vec::new()),
        tariffs: Arc::new(Book::default().tariffs().clone()),
        closed: None,
        collects: None,
        rests: Some(name.to_owned()),
    }
}

/// The whole page, where a search for this found one of it.
fn whole(name: &str) -> String {
    let fate = Fate {
        feed: "activity".to_owned(),
        id: words::shown(name),
        why: words::shown(name),
        amount: "€1.00".to_owned(),
        stage: "shadow".to_owned(),
        facts: vec![("Citizen", words::shown(name))],
        transactions: vec![("tx_1".to_owned(), words::shown(name), "€1.00".to_owned())],
        conflicts: 0,
        path: "v1/activities/1".to_owned(),
    };
    let found = Some(Found { id: words::shown(name), fates: vec![fate] });
    let sheet = Some(Sheet::new(&figures(name)));
    written(&Whole { selection: SELECTION, state: String::new(), sheet, found })
}

/// The tags of a page as a browser reads them, with the names of their attributes and without the values.
fn tags(html: &str) -> Vec<String> {
    let (mut tags, mut rest) = (Vec::new(), html);
    while let Some((_, after)) = rest.split_once('<') {
        let (mut tag, mut quote) = (String::new(), None);
        let mut letters = after.char_indices();
        let end = letters.find_map(|(place, letter)| match quote {
            Some(open) if letter == open => {
                quote = None;
                None
            }
            Some(_) => None,
            None if letter == '>' => Some(place),
            None => {
                quote = ['"', '\''].into_iter().find(|mark| *mark == letter);
                tag.push(letter);
                None
            }
        });
        tags.push(tag);
        rest = end.map_or("", |end| &after[end..]);
    }
    tags
}

proptest! {
    #[test]
    fn whatever_a_name_is_made_of_the_page_has_the_same_elements(
        name in "[<>&\"'/= a-zA-Z0-9{}%!\\-\\u{0}-\\u{1f}\\u{7f}-\\u{a0}\\u{2028}\\u{202e}é]{1,60}",
    ) {
        let page = whole(&name);
        prop_assert_eq!(tags(&page), tags(&whole("a")));
        prop_assert!(page.chars().all(|letter| letter == '\n' || !letter.is_control()));
    }
}

#[test]
fn no_template_says_that_anything_is_safe() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http/page");
    let mut looked_at = 0;
    for entry in std::fs::read_dir(folder).expect("the templates").flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == "html") {
            let text = std::fs::read_to_string(&path).expect("a template");
            for word in ["|", "style=", "<script>", "onclick", "javascript:", "http:"] {
                let is_picture = word == "http:" && text.contains("data:image/svg+xml");
                assert!(is_picture || !text.contains(word), "{} has {word}", path.display());
            }
            looked_at += 1;
        }
    }
    assert_eq!(looked_at, 12);
}

#[test]
fn what_has_to_be_known_before_all_else_is_said() {
    let notices = |change: &dyn Fn(&mut Figures)| {
        let mut figures = figures("a");
        figures.rests = None;
        change(&mut figures);
        let notices = Sheet::new(&figures).notices;
        notices.into_iter().map(|notice| notice.words).collect::<Vec<_>>().join("\n")
    };
    let silent = |minutes: u64| move |figures: &mut Figures| figures.silence = Some(Duration::from_secs(minutes * 60));
    assert_eq!(notices(&|_| {}), "");
    assert!(notices(&silent(17)).starts_with("No event for 17 minutes."));
    assert!(notices(&silent(179)).starts_with("No event for 2 hours"));
    assert!(notices(&silent(6000)).starts_with("No event for 4 days"));
    assert!(notices(&|figures| figures.closed = Some(Closed::DiskFull)).starts_with("The disk is full"));
    let paused = |figures: &mut Figures| figures.survey.as_mut().expect("a survey").all.phase = Phase::Paused;
    assert!(notices(&paused).starts_with("All is paused"));
    let halted = |figures: &mut Figures| figures.survey.as_mut().expect("a survey").is_halted = true;
    assert!(notices(&halted).starts_with("All is halted until Rialto restarts"));
}

#[test]
fn what_cannot_be_had_is_said_to_be_missing_and_the_rest_is_there() {
    let mut figures = figures("a");
    (figures.survey, figures.charges) = (None, None);
    let parts = Sheet::new(&figures).parts();
    let html = |id: &str| parts.iter().find(|part| part.id == id).map(|part| part.html.as_str()).unwrap_or_default();
    for (part, words) in [
        ("phase", "Phase not known at the moment"),
        ("invoices", "They cannot be told at the moment."),
        ("charges", "They cannot be told at the moment."),
        ("totals", "€0.00"),
        ("earners", "€1.50"),
    ] {
        assert!(html(part).contains(words), "{part}: {}", html(part));
    }
}

#[test]
fn the_state_is_another_where_a_figure_is_and_not_where_a_second_went_by() {
    let state = |change: &dyn Fn(&mut Figures)| {
        let mut figures = figures("a");
        change(&mut figures);
        gallery::state_of(&Sheet::new(&figures).parts())
    };
    let later = |microseconds: i64| move |figures: &mut Figures| figures.dashboard.as_of.0 += microseconds;
    let as_it_is = state(&|_| {});
    assert_eq!(state(&later(1_000_000)), as_it_is);
    assert_ne!(state(&later(MINUTE_US)), as_it_is);
    assert_ne!(state(&|figures| figures.dashboard.held[0] = Sum(1)), as_it_is);
}

/// An hour of somebody's service.
fn hour(id: u32) -> Activity {
    let mut activity = Activity::new(Feed::Activity, SourceId::new(&format!("rec{id}")).expect("an id"));
    (activity.kind, activity.citizen) = (Name::new("paid_service"), Name::new("a"));
    activity.minutes = Stated::Is(60.into());
    activity
}

#[tokio::test]
async fn for_who_does_not_read_one_event_is_kept_and_the_next_is_the_newest() {
    let folder = tempfile::tempdir().expect("a folder");
    let rialto = Rialto::start(Settings::new(folder.path())).expect("a Rialto that starts");
    let (close, closing) = watch::channel(false);
    let gallery = Arc::new(Gallery::new(1, closing));
    let (reader, listing) = (Reader::new(chrono_tz::UTC), Arc::default());
    let house =
        House { rialto: rialto.clone(), reader, listing, gallery: Arc::clone(&gallery), silence: Duration::MAX };
    let place = gallery.enter(SELECTION).expect("a place");
    assert!(matches!(gallery.enter(SELECTION), Err(Refused::Crowded)));
    let (room, mut told) = mpsc::channel(1);
    let telling = tokio::spawn(live::tell(house, place, String::new(), room));
    let whole = told.recv().await.expect("all there is").to_string();
    assert!(whole.contains("No charge yet") && whole.contains("\nid:"), "{whole}");

    rialto.record(hour(1)).await.expect("a receipt");
    while told.is_empty() {
        tokio::task::yield_now().await;
    }
    for id in 2..=300 {
        rialto.record(hour(id)).await.expect("a receipt");
    }
    let kept = told.recv().await.expect("the one that is kept").to_string();
    assert!(kept.contains("tx_1\\\"") && !kept.contains("tx_300"), "{kept}");
    let newest = told.recv().await.expect("the newest").to_string();
    assert!(newest.contains("tx_300") && !newest.contains("<h2 id=\\\"invoices"), "{newest}");

    close.send_replace(true);
    telling.await.expect("no panic");
    assert!(told.recv().await.is_none(), "the stream ends when the house closes");
    gallery.enter(SELECTION).expect("the place is free");
    rialto.stop().await.expect("a good end");
}
