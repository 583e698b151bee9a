//! Forms: a call's parameters, read name by name, so that what nobody read is what nobody knows.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::problem::Problem;

/// Parameters, or those inside a bracket of others.
#[derive(Debug, Default)]
pub(super) struct Form {
    /// What it is inside of, as in `lines[0]`; empty for the parameters themselves.
    inside: String,
    nodes: Vec<(String, Node)>,
    /// What strikes when all was read and the work would begin.
    strike: Option<Problem>,
    /// Which members are asked for whole rather than by their ids.
    expand: Vec<String>,
}

#[derive(Debug)]
enum Node {
    Text(String),
    Branch(Vec<(String, Node)>),
}

/// Metadata; as it is asked for, a value that is empty removes its key, and no entry at all removes all.
pub(super) type Metadata = BTreeMap<String, String>;

/// The deepest brackets that are read.
const DEPTH: usize = 8;

impl Form {
    /// Reads what is form-encoded.
    pub(super) fn parse(text: &str, strike: Option<Problem>) -> Result<Form, Problem> {
        let mut nodes = Vec::new();
        for (key, value) in form_urlencoded::parse(text.as_bytes()) {
            let bad = || Problem::parameter("", &key, format!("Invalid parameter name: {key}"));
            let path = path(&key).filter(|path| path.len() <= DEPTH).ok_or_else(bad)?;
            insert(&mut nodes, &path, value.into_owned()).ok_or_else(bad)?;
        }
        let mut form = Form { inside: String::new(), nodes, strike, expand: Vec::new() };
        form.expand = form.texts("expand")?.unwrap_or_default();
        Ok(form)
    }

    /// Whether a member is asked for whole, be it of the object or of those in a list.
    pub(super) fn expands(&self, member: &str) -> bool {
        self.expand.iter().any(|path| path.strip_prefix("data.").unwrap_or(path) == member)
    }

    /// The full name of a parameter.
    pub(super) fn full(&self, name: &str) -> String {
        match self.inside.is_empty() {
            true => name.to_owned(),
            false => format!("{}[{name}]", self.inside),
        }
    }

    fn take(&mut self, name: &str) -> Option<Node> {
        let place = self.nodes.iter().position(|(known, _)| known == name)?;
        Some(self.nodes.swap_remove(place).1)
    }

    /// A text; an empty one unsets.
    pub(super) fn unsettable(&mut self, name: &str) -> Result<Option<String>, Problem> {
        match self.take(name) {
            None => Ok(None),
            Some(Node::Text(text)) if text.len() <= 5_000 => Ok(Some(text)),
            Some(Node::Text(_)) => Err(self.wrong("", name, "at most 5000 bytes of text")),
            Some(Node::Branch(_)) => Err(self.wrong("", name, "text")),
        }
    }

    /// A text that is not empty.
    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, Problem> {
        let text = self.unsettable(name)?;
        if text.as_ref().is_some_and(String::is_empty) {
            let message = format!("You passed an empty string for '{}', which cannot be unset.", self.full(name));
            return Err(Problem::parameter("parameter_invalid_empty", &self.full(name), message));
        }
        Ok(text)
    }

    /// A text that must be there.
    pub(super) fn need(&mut self, name: &str) -> Result<String, Problem> {
        self.text(name)?.ok_or_else(|| self.lacks(name))
    }

    /// Says that a parameter is lacking.
    pub(super) fn lacks(&self, name: &str) -> Problem {
        let full = self.full(name);
        Problem::parameter("parameter_missing", &full, format!("Missing required param: {full}."))
    }

    fn wrong(&self, code: &'static str, name: &str, expected: &str) -> Problem {
        let full = self.full(name);
        Problem::parameter(code, &full, format!("Invalid {full}: expected {expected}."))
    }

    /// A whole number, of at most twelve digits.
    pub(super) fn integer(&mut self, name: &str) -> Result<Option<i64>, Problem> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let digits = text.strip_prefix('-').unwrap_or(&text);
        let is_whole = !digits.is_empty() && digits.len() <= 12 && digits.bytes().all(|digit| digit.is_ascii_digit());
        match text.parse() {
            Ok(number) if is_whole => Ok(Some(number)),
            _ => {
                let full = self.full(name);
                let message = format!("Invalid integer: {}", text.chars().take(40).collect::<String>());
                Err(Problem::parameter("parameter_invalid_integer", &full, message))
            }
        }
    }

    /// A whole number from `least` to `most`.
    pub(super) fn within(&mut self, name: &str, least: i64, most: i64) -> Result<Option<i64>, Problem> {
        let number = self.integer(name)?;
        match number {
            Some(number) if !(least..=most).contains(&number) => {
                Err(self.wrong("parameter_invalid_integer", name, &format!("an integer from {least} to {most}")))
            }
            _ => Ok(number),
        }
    }

    /// A decimal of at most twelve places.
    pub(super) fn decimal(&mut self, name: &str) -> Result<Option<Decimal>, Problem> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let is_plain = text.bytes().all(|letter| letter.is_ascii_digit() || b"-.".contains(&letter));
        match Decimal::from_str_exact(&text) {
            Ok(decimal) if is_plain && decimal.scale() <= 12 => Ok(Some(decimal)),
            _ => Err(self.wrong("", name, "a decimal of at most 12 places")),
        }
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, name: &str) -> Result<Option<bool>, Problem> {
        match self.text(name)?.as_deref() {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(self.wrong("", name, "true or false")),
        }
    }

    /// One of a few words.
    pub(super) fn choice(&mut self, name: &str, words: &[&'static str]) -> Result<Option<&'static str>, Problem> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let known = words.iter().copied().find(|word| *word == text);
        known.map(Some).ok_or_else(|| self.wrong("", name, &format!("one of {}", words.join(", "))))
    }

    /// What is in a bracket. An empty text in its place is an empty one.
    pub(super) fn branch(&mut self, name: &str) -> Result<Option<Form>, Problem> {
        let inside = self.full(name);
        match self.take(name) {
            None => Ok(None),
            Some(Node::Text(text)) if text.is_empty() => Ok(Some(Form { inside, ..Form::default() })),
            Some(Node::Text(_)) => Err(self.wrong("", name, "an object")),
            Some(Node::Branch(nodes)) => Ok(Some(Form { inside, nodes, ..Form::default() })),
        }
    }

    /// What is in each bracket of a list, in the order of their numbers; nothing, where it is not there at all.
    pub(super) fn list(&mut self, name: &str) -> Result<Option<Vec<Form>>, Problem> {
        let items = self.items(name)?;
        let item = |(number, node): (u32, Node)| match node {
            Node::Branch(nodes) => {
                Ok(Form { inside: format!("{}[{number}]", self.full(name)), nodes, ..Form::default() })
            }
            Node::Text(_) => Err(self.wrong("", name, "a list of objects")),
        };
        items.map(|items| items.into_iter().map(item).collect()).transpose()
    }

    /// A list of texts; nothing, where it is not there at all.
    pub(super) fn texts(&mut self, name: &str) -> Result<Option<Vec<String>>, Problem> {
        let items = self.items(name)?;
        let item = |(_, node)| match node {
            Node::Text(text) => Ok(text),
            Node::Branch(_) => Err(self.wrong("", name, "a list of texts")),
        };
        items.map(|items| items.into_iter().map(item).collect()).transpose()
    }

    fn items(&mut self, name: &str) -> Result<Option<Vec<(u32, Node)>>, Problem> {
        let nodes = match self.take(name) {
            None => return Ok(None),
            Some(Node::Text(text)) if text.is_empty() => return Ok(Some(Vec::new())),
            Some(Node::Text(_)) => return Err(self.wrong("", name, "a list")),
            Some(Node::Branch(nodes)) => nodes,
        };
        let number = |(number, node): (String, Node)| Some((number.parse().ok()?, node));
        let items: Option<Vec<(u32, Node)>> = nodes.into_iter().map(number).collect();
        let mut items = items.ok_or_else(|| self.wrong("", name, "a list"))?;
        items.sort_by_key(|(number, _)| *number);
        Ok(Some(items))
    }

    /// The metadata: what is to be set, and, under an empty value, what is to be removed.
    pub(super) fn metadata(&mut self) -> Result<Option<Metadata>, Problem> {
        let Some(branch) = self.branch("metadata")? else { return Ok(None) };
        let mut metadata = Metadata::new();
        for (key, node) in branch.nodes {
            let full = format!("{}[{key}]", branch.inside);
            let bad = |message: &str| Err(Problem::parameter("", &full, message));
            let Node::Text(value) = node else { return bad("Metadata values must be texts.") };
            if key.is_empty() || 40 < key.chars().count() {
                return bad("Metadata keys have 1 to 40 characters.");
            }
            if 500 < value.chars().count() {
                return bad("Metadata values have at most 500 characters.");
            }
            metadata.insert(key, value);
        }
        match 50 < metadata.len() {
            true => Err(Problem::parameter("", &branch.inside, "Metadata has at most 50 keys.")),
            false => Ok(Some(metadata)),
        }
    }

    /// A time range, or an exact time.
    pub(super) fn range(&mut self, name: &str) -> Result<Range, Problem> {
        let mut range = Range::default();
        if self.nodes.iter().any(|(known, node)| known == name && matches!(node, Node::Text(_))) {
            let exactly = self.integer(name)?.unwrap_or_default();
            return Ok(Range { least: exactly, most: exactly });
        }
        let Some(mut branch) = self.branch(name)? else { return Ok(range) };
        for (word, is_least, shift) in [("gte", true, 0), ("gt", true, 1), ("lte", false, 0), ("lt", false, -1)] {
            let Some(time) = branch.integer(word)? else { continue };
            match is_least {
                true => range.least = range.least.max(time + shift),
                false => range.most = range.most.min(time + shift),
            }
        }
        branch.end()?;
        Ok(range)
    }

    /// All was read that is known: anything left is not, and the work begins.
    pub(super) fn end(self) -> Result<(), Problem> {
        if let Some((name, _)) = self.nodes.first() {
            let full = self.full(name);
            return Err(Problem::parameter("parameter_unknown", &full, format!("Received unknown parameter: {full}")));
        }
        self.strike.map_or(Ok(()), Err)
    }
}

/// From when to when, both included.
#[derive(Clone, Copy, Debug)]
pub(super) struct Range {
    pub(super) least: i64,
    pub(super) most: i64,
}

impl Default for Range {
    fn default() -> Range {
        Range { least: i64::MIN, most: i64::MAX }
    }
}

impl Range {
    pub(super) fn contains(self, time: i64) -> bool {
        (self.least..=self.most).contains(&time)
    }
}

/// The names in `lines[0][metadata][a]`.
fn path(key: &str) -> Option<Vec<&str>> {
    let Some((first, rest)) = key.split_once('[') else {
        return Some(vec![key]).filter(|_| !key.is_empty() && !key.contains(']'));
    };
    let inner = rest.strip_suffix(']')?;
    let mut path = vec![first];
    path.extend(inner.split("]["));
    let is_clean = !first.is_empty() && path.iter().all(|name| !name.contains(['[', ']']));
    is_clean.then_some(path)
}

/// Puts a value where its names lead; nothing, where it contradicts what is there.
fn insert(nodes: &mut Vec<(String, Node)>, path: &[&str], value: String) -> Option<()> {
    let (name, rest) = path.split_first()?;
    let Some(next) = rest.first() else {
        let name = if name.is_empty() { nodes.len().to_string() } else { (*name).to_owned() };
        // What is said twice counts as it was said last.
        match place_of(nodes, &name) {
            Some(place) => nodes[place].1 = Node::Text(value),
            None => nodes.push((name, Node::Text(value))),
        }
        return Some(());
    };
    let place = match name.is_empty() {
        false => place_of(nodes, name),
        // The list's last element, until it has what is to be put into it.
        true => nodes.len().checked_sub(1).filter(|last| {
            !matches!(&nodes[*last].1, Node::Branch(inner) if rest.len() == 1 && place_of(inner, next).is_some())
        }),
    };
    let place = place.unwrap_or_else(|| {
        let name = if name.is_empty() { nodes.len().to_string() } else { (*name).to_owned() };
        nodes.push((name, Node::Branch(Vec::new())));
        nodes.len() - 1
    });
    match &mut nodes[place].1 {
        Node::Branch(inner) => insert(inner, rest, value),
        Node::Text(_) => None,
    }
}

/// Where a name is; looked for from the end, since what belongs together comes together.
fn place_of(nodes: &[(String, Node)], name: &str) -> Option<usize> {
    nodes.iter().rposition(|(known, _)| known == name)
}
