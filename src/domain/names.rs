//! A name is the id of a citizen, a building, a client or a type, held once for the whole process.
//!
//! Two names with the same text are the same pointer, so that comparing, copying and looking one up
//! never touches the text. Names are never freed: whoever is named once is in the book for ever.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use dashmap::DashMap;
use hashbrown::DefaultHashBuilder;
use twox_hash::XxHash3_64;

/// An opaque, interned id of at most [`Name::BYTES_MAX`] bytes.
#[derive(Clone, Copy)]
pub struct Name(&'static Entry);

struct Entry {
    text: Box<str>,
    serial: u32,
    digest: u64,
}

static NAMES: LazyLock<DashMap<&'static str, Name, DefaultHashBuilder>> = LazyLock::new(DashMap::default);
static NEXT_SERIAL: AtomicU32 = AtomicU32::new(0);

impl Name {
    /// The longest id that is taken.
    pub const BYTES_MAX: usize = 128;

    /// The name of this text; `None` where it is empty or longer than [`Name::BYTES_MAX`].
    pub fn new(text: &str) -> Option<Name> {
        if text.is_empty() || Name::BYTES_MAX < text.len() {
            return None;
        }
        if let Some(known) = NAMES.get(text) {
            return Some(*known);
        }
        let made = Name(Box::leak(Box::new(Entry {
            text: text.into(),
            serial: NEXT_SERIAL.fetch_add(1, Relaxed),
            digest: Name::digest_of(text),
        })));
        // Another thread may have been first; then its entry is the name, and ours is never seen.
        Some(*NAMES.entry(&made.0.text).or_insert(made))
    }

    /// The name of this text, if anybody used it before.
    pub fn known(text: &str) -> Option<Name> {
        NAMES.get(text).map(|known| *known)
    }

    /// The text.
    pub fn as_str(self) -> &'static str {
        &self.0.text
    }

    /// A small number that is this name's own within the process; it differs from run to run.
    pub fn serial(self) -> usize {
        self.0.serial as usize
    }

    /// A stable digest of the text, the same in every run: see [`Name::digest_of`].
    pub fn digest(self) -> u64 {
        self.0.digest
    }

    /// The digest that a name of this text has (XXH3, 64 bits).
    pub fn digest_of(text: &str) -> u64 {
        XxHash3_64::oneshot(text.as_bytes())
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Name) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}

impl Eq for Name {}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u32(self.0.serial);
    }
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Name) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Names are in the order of their texts.
impl Ord for Name {
    fn cmp(&self, other: &Name) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_text_is_the_same_name_on_every_thread() {
        let names: Vec<Name> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| Name::new("The-Old-Boy"))).collect();
            threads.into_iter().filter_map(|thread| thread.join().expect("no panic")).collect()
        });
        assert_eq!(names.len(), 8);
        assert!(names.iter().all(|name| *name == names[0]));
        assert_ne!(Name::new("the-old-boy"), Some(names[0]));
    }

    #[test]
    fn a_name_is_1_to_128_bytes() {
        assert_eq!(Name::new(""), None);
        assert_eq!(Name::new(&"x".repeat(129)), None);
        assert_eq!(Name::new(&"x".repeat(128)).map(Name::as_str), Some(&*"x".repeat(128)));
    }
}
