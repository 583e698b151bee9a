//! Which series a query selects: enough of PromQL to find the names of our metrics and the matchers that stand after them.

/// Prometheus's own series that boards and rules may ask for.
const OWN: [&str; 4] = ["up", "ALERTS", "scrape_duration_seconds", "scrape_samples_scraped"];

/// A series that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Selector<'q> {
    /// The metric.
    pub name: &'q str,
    /// The matchers, with their braces; empty, where there are none.
    pub matchers: &'q str,
}

impl Selector<'_> {
    /// Whether it is Prometheus's own.
    pub fn is_own(&self) -> bool {
        OWN.contains(&self.name)
    }

    /// Whether it is recorded by a rule.
    pub fn is_recorded(&self) -> bool {
        self.name.contains(':')
    }

    /// The metric as the catalogue names it: without what a histogram adds.
    pub fn declared(&self) -> &str {
        let suffixes = ["_bucket", "_sum", "_count"];
        suffixes.iter().find_map(|suffix| self.name.strip_suffix(suffix)).unwrap_or(self.name)
    }
}

/// All that a query selects.
pub fn selectors(query: &str) -> Vec<Selector<'_>> {
    let mut found = Vec::new();
    let mut rest = query;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' | '\'' => quoted(rest),
            '{' | '[' => closed(rest),
            _ if is_of_name(first) => {
                let length = rest.find(|letter| !is_of_name(letter)).unwrap_or(rest.len());
                let (name, after) = rest.split_at(length);
                let selector =
                    Selector { name, matchers: if after.starts_with('{') { &after[..closed(after)] } else { "" } };
                if name.starts_with("rialto_") || selector.is_recorded() || selector.is_own() {
                    found.push(selector);
                }
                length
            }
            other => other.len_utf8(),
        };
        rest = &rest[length..];
    }
    found
}

fn is_of_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_' || letter == ':'
}

/// How long a quoted text at the beginning is.
fn quoted(text: &str) -> usize {
    let end = text.chars().next().unwrap_or('"');
    let mut is_escaped = false;
    for (place, letter) in text.char_indices().skip(1) {
        if letter == end && !is_escaped {
            return place + 1;
        }
        is_escaped = letter == '\\' && !is_escaped;
    }
    text.len()
}

/// How long what stands in braces or brackets at the beginning is.
fn closed(text: &str) -> usize {
    let mut place = 1;
    while let Some(letter) = text[place..].chars().next() {
        match letter {
            '}' | ']' => return place + 1,
            '"' | '\'' => place += quoted(&text[place..]),
            other => place += other.len_utf8(),
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_are_found_and_words_functions_and_texts_are_not() {
        let query = r#"sum by (job, up_to) (rate(rialto_a_seconds_bucket{x="}rialto_no", y="1"}[5m])) > 3e2 or a:b:c offset 1d and up"#;
        let found: Vec<_> = selectors(query).iter().map(|selector| (selector.name, selector.matchers)).collect();
        assert_eq!(found, [("rialto_a_seconds_bucket", r#"{x="}rialto_no", y="1"}"#), ("a:b:c", ""), ("up", "")]);
        assert_eq!(selectors(query)[0].declared(), "rialto_a_seconds");
    }
}
