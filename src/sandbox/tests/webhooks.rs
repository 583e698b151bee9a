//! Webhooks come at least once if they come at all, in no order that anybody may count on.

use std::collections::BTreeMap;

use super::*;

#[test]
fn without_faults_every_event_is_delivered_once_and_at_once() {
    let mut desk = Desk::new();
    let customer = desk.customer("");
    desk.open(&customer, &[1_000]);
    let due = desk.sandbox.due(START);
    let kinds = desk.kinds();
    assert_eq!(due.len(), kinds.len());
    for (delivery, kind) in due.iter().zip(kinds) {
        let event: Value = serde_json::from_str(&delivery.payload).unwrap();
        assert_eq!((&event["type"], &event["id"]), (&kind.into(), &delivery.event_id.as_str().into()));
        assert_eq!((&event["livemode"], delivery.attempt), (&false.into(), 1));
        assert_eq!(desk.get(&format!("/v1/events/{}", delivery.event_id), ""), event);
        desk.sandbox.delivered(&delivery.event_id, true, START);
    }
    assert!(desk.sandbox.due(START + 10 * DAY).is_empty());
}

#[test]
fn a_webhook_that_nobody_takes_is_tried_for_three_days_with_growing_gaps() {
    let mut desk = Desk::new();
    desk.customer("");
    let mut tries = Vec::new();
    for minute in 0..6 * 24 * 60 {
        let now = START + minute * 60;
        for delivery in desk.sandbox.due(now) {
            tries.push((delivery.attempt, now - START));
            desk.sandbox.delivered(&delivery.event_id, false, now);
        }
    }
    let gaps: Vec<i64> = tries.windows(2).map(|pair| pair[1].1 - pair[0].1).collect();
    assert!(gaps.is_sorted() && 5 < gaps.len(), "{tries:?}");
    assert!(tries.iter().all(|(_, after)| *after <= 3 * DAY), "{tries:?}");
    assert!(tries.iter().map(|(attempt, _)| *attempt).eq(1..=tries.len() as u32));
}

#[test]
fn an_event_tells_of_the_object_as_it_was_then() {
    let mut desk = Desk::new();
    let customer = desk.customer("");
    let invoice = desk.open(&customer, &[1_000]);
    desk.sandbox.pay(&invoice, START).unwrap();
    let told = desk.get("/v1/events", "limit=100&type=invoice.finalized");
    assert_eq!(told["data"][0]["data"]["object"]["status"], "open");
    assert_eq!(told["data"][0]["api_version"], crate::billing::call::API_VERSION);
}

#[test]
fn webhooks_get_lost_doubled_and_late_as_often_as_the_faults_say() {
    let mut sandbox = Sandbox::new(3);
    sandbox.set_faults(Faults { dropped: 100, duplicated: 200, delayed: 300, ..Faults::NONE });
    let mut came: BTreeMap<String, u32> = BTreeMap::new();
    let mut late = 0;
    for turn in 0..1_000 {
        sandbox.call(&call(Method::Post, "/v1/customers", "", None), START + turn * 1_000);
        for at in [0, 900] {
            for delivery in sandbox.due(START + turn * 1_000 + at) {
                late += u32::from(at != 0);
                *came.entry(delivery.event_id.clone()).or_default() += 1;
                sandbox.delivered(&delivery.event_id, true, START + turn * 1_000 + at);
            }
        }
    }
    let near = |count: usize, expected: usize| count.abs_diff(expected) < 60;
    assert!(near(came.len(), 900), "{}", came.len());
    assert!(near(came.values().filter(|times| **times == 2).count(), 180));
    assert!(near(late as usize, 324), "{late}");
}
