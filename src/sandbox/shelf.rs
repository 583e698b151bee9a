//! Shelves: objects in the order in which they were made, found by their ids.

use std::collections::HashMap;
use std::ops::{Index, IndexMut};

/// What has an id.
pub(super) trait Named {
    fn id(&self) -> &str;
}

/// Objects of one kind. Nothing leaves it, so that a place stays good; what is hidden is found by no id.
#[derive(Clone, Debug)]
pub(super) struct Shelf<T> {
    all: Vec<T>,
    /// Only ever looked into, never walked: its order is nobody's.
    places: HashMap<Box<str>, usize>,
}

impl<T> Default for Shelf<T> {
    fn default() -> Shelf<T> {
        Shelf { all: Vec::new(), places: HashMap::new() }
    }
}

impl<T: Named> Shelf<T> {
    /// Puts an object at the end, and tells its place.
    pub(super) fn put(&mut self, object: T) -> usize {
        let place = self.all.len();
        self.places.insert(object.id().into(), place);
        self.all.push(object);
        place
    }

    /// The place of the object with this id.
    pub(super) fn find(&self, id: &str) -> Option<usize> {
        self.places.get(id).copied()
    }

    /// Lets no id lead to it any more.
    pub(super) fn hide(&mut self, place: usize) {
        let Shelf { all, places } = self;
        places.remove(all[place].id());
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn iter(&self) -> std::slice::Iter<'_, T> {
        self.all.iter()
    }
}

impl<T> Index<usize> for Shelf<T> {
    type Output = T;
    fn index(&self, place: usize) -> &T {
        &self.all[place]
    }
}

impl<T> IndexMut<usize> for Shelf<T> {
    fn index_mut(&mut self, place: usize) -> &mut T {
        &mut self.all[place]
    }
}
