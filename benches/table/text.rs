//! Numbers as one reads them.

/// A number: three digits that count, thousands apart.
pub fn number(value: f64) -> String {
    match value {
        _ if value < 10.0 => format!("{value:.2}"),
        _ if value < 100.0 => format!("{value:.1}"),
        _ => {
            let digits = format!("{value:.0}");
            let mut text = String::new();
            for (place, digit) in digits.chars().enumerate() {
                if 0 < place && (digits.len() - place).is_multiple_of(3) {
                    text.push(',');
                }
                text.push(digit);
            }
            text
        }
    }
}

/// A ratio; where it is next to nothing, as a fraction.
pub fn ratio(value: f64) -> String {
    if 0.0 < value && value < 0.01 { format!("1/{}", number(value.recip())) } else { format!("{value:.2}") }
}
