//! Lists are told page by page, each object once.

use super::*;

/// All ids of a list, page by page in one direction.
fn walk(desk: &mut Desk, path: &str, form: &str, cursor: &str, limit: usize) -> Vec<Vec<String>> {
    let mut pages: Vec<Vec<String>> = Vec::new();
    let mut from = String::new();
    loop {
        let list = desk.get(path, &format!("limit={limit}{from}{form}"));
        let page = ids(&list);
        let end = if cursor == "starting_after" { page.last() } else { page.first() };
        from = format!("&{cursor}={}", end.cloned().unwrap_or_default());
        pages.push(page);
        if list["has_more"] == false {
            return pages;
        }
    }
}

#[test]
fn every_invoice_is_on_one_page_in_either_direction() {
    let mut desk = Desk::new();
    let (one, other) = (desk.customer(""), desk.customer(""));
    let mut all = Vec::new();
    for place in 0..23 {
        desk.now += 10;
        all.push(desk.draft(if place % 3 == 0 { &other } else { &one }, &[1_000]));
    }
    all.reverse();
    let own: Vec<String> =
        all.iter().rev().enumerate().filter(|(place, _)| place % 3 != 0).map(|(_, id)| id.clone()).rev().collect();
    for (form, expected) in [("", &all), (&*format!("&customer={one}"), &own)] {
        for limit in [1, 7, 100] {
            assert_eq!(walk(&mut desk, "/v1/invoices", form, "starting_after", limit).concat(), *expected);
            let oldest = expected.last().unwrap();
            let first = format!("&ending_before={oldest}");
            let list = desk.get("/v1/invoices", &format!("limit=100{first}{form}"));
            assert_eq!(ids(&list), expected[..expected.len() - 1]);
            let near = desk.get("/v1/invoices", &format!("limit=2{first}{form}"));
            assert_eq!(ids(&near), expected[expected.len() - 3..expected.len() - 1]);
            assert_eq!(near["has_more"], true);
        }
    }
    let since = desk.get("/v1/invoices", &format!("limit=100&created[gte]={}", desk.now - 30));
    assert_eq!(ids(&since), all[..4]);
    desk.step(&all[3], "finalize");
    assert_eq!(ids(&desk.get("/v1/invoices", "status=open")), [all[3].clone()]);
}

#[test]
fn an_invoice_shows_ten_lines_and_lists_all_in_their_order() {
    let mut desk = Desk::new();
    let customer = desk.customer("");
    let amounts: Vec<i64> = (1..=60).collect();
    let invoice = desk.draft(&customer, &amounts);
    let told = desk.invoice(&invoice);
    assert_eq!(ids(&told["lines"]).len(), 10);
    assert_eq!(told["lines"]["has_more"], true);
    let path = format!("/v1/invoices/{invoice}/lines");
    for limit in [7, 100] {
        let pages = walk(&mut desk, &path, "", "starting_after", limit);
        assert_eq!(pages.concat().len(), 60);
    }
    let list = desk.get(&path, "limit=100");
    let told: Vec<i64> = list["data"].as_array().unwrap().iter().map(|line| line["amount"].as_i64().unwrap()).collect();
    assert_eq!(told, amounts);
    assert_eq!(list["data"][3]["metadata"]["line"], "3");
}

#[test]
fn customers_are_found_by_their_address() {
    let mut desk = Desk::new();
    let anna = desk.customer("email=anna@example.org");
    desk.customer("email=bert@example.org");
    assert_eq!(ids(&desk.get("/v1/customers", "email=anna%40example.org")), [anna]);
    assert_eq!(ids(&desk.get("/v1/customers", "email=nobody@example.org")), [""; 0]);
}

#[test]
fn whoever_polls_events_from_the_last_one_he_saw_gets_the_next_ones() {
    let mut desk = Desk::new();
    let first = desk.customer("");
    let seen = ids(&desk.get("/v1/events", "limit=1"))[0].clone();
    for _ in 0..5 {
        desk.customer("");
    }
    let next = desk.get("/v1/events", &format!("limit=2&ending_before={seen}&type=customer.created"));
    assert_eq!((ids(&next).len(), &next["has_more"]), (2, &true.into()));
    let made: Vec<&Value> =
        next["data"].as_array().unwrap().iter().rev().map(|event| &event["data"]["object"]["id"]).collect();
    assert!(made.iter().all(|made| **made != first.as_str()));
    desk.now += 31 * DAY;
    assert!(ids(&desk.get("/v1/events", "")).is_empty(), "events are kept for thirty days");
}
