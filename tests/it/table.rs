//! What the bench table reads and writes, tried here because a bench without a harness has no tests of its own.

#[path = "../../benches/table/text.rs"]
mod text;
#[path = "../../benches/table/told.rs"]
mod told;

use text::{number, ratio};

#[test]
fn a_number_has_three_digits_that_count_and_its_thousands_apart() {
    let shown = [0.0, 0.567, 9.99, 12.34, 99.9, 100.4, 999.0, 1234.5, 1_234_567.0].map(number);
    assert_eq!(shown, ["0.00", "0.57", "9.99", "12.3", "99.9", "100", "999", "1,234", "1,234,567"]);
}

#[test]
fn a_ratio_next_to_nothing_is_a_fraction() {
    let shown = [5.719, 0.9, 0.01, 0.0099, 1.0 / 2_450_000.0, 0.0].map(ratio);
    assert_eq!(shown, ["5.72", "0.90", "0.01", "1/101", "1/2,450,000", "0.00"]);
}

#[test]
fn the_rate_of_pgbench_is_read_and_its_absence_is_an_error() {
    let told = "number of transactions actually processed: 100\ntps = 20197.41 (without initial connection time)\n";
    assert_eq!(told::rate(told).unwrap().to_bits(), 20197.41_f64.to_bits());
    assert!(told::rate("number of transactions actually processed: 0\n").is_err());
}

#[test]
fn the_times_of_psql_are_read_whatever_the_answers_are() {
    let told = "45750.00\nTime: 28.123 ms\nSilkTrader|500.00\nCanalPilot|400.00\nTime: 1234.500 ms (00:01.235)\n";
    assert_eq!(told::times_ms(told).unwrap(), [28.123, 1234.5]);
}

#[test]
fn a_query_that_found_nothing_has_no_time() {
    // A sum over no row is an empty line; a list of no rows is none at all.
    for told in ["45750.00\nTime: 28.123 ms\n\nTime: 0.300 ms\n", "45750.00\nTime: 28.123 ms\nTime: 0.300 ms\n"] {
        assert_eq!(told::times_ms(told).unwrap_err().to_string(), "query 2 found nothing");
    }
}

#[test]
fn a_script_that_did_nothing_is_an_error() {
    let told::Script { took_s, held_up_us } = told::script(r#"{"took_s": 1.5, "held_up_us": [230.1, 250]}"#).unwrap();
    assert_eq!((took_s.to_bits(), held_up_us), (1.5_f64.to_bits(), vec![230.1, 250.0]));
    assert!(told::script(r#"{"took_s": 1.5, "held_up_us": []}"#).is_err());
}
