//! Rows that are only ever appended, in sealed chunks that can be shared without copying them.

use std::sync::Arc;

/// How many rows a sealed chunk holds: a few megabytes, so that the allocator's rounding is lost in it.
pub const ROWS: usize = 65_536;

/// An append-only list. Whoever [shares](Chunks::share) it keeps reading what was there, while the
/// owner goes on appending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunks<T> {
    sealed: Vec<Arc<Vec<T>>>,
    open: Vec<T>,
}

impl<T> Default for Chunks<T> {
    fn default() -> Chunks<T> {
        Chunks { sealed: Vec::new(), open: Vec::new() }
    }
}

impl<T: Copy> Chunks<T> {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.sealed.len() * ROWS + self.open.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Appends a row.
    pub fn push(&mut self, row: T) {
        if self.open.len() == self.open.capacity() {
            // Small books stay small; a chunk that is filled ends with no room left over.
            self.open.reserve_exact((self.open.len() * 3).clamp(64, ROWS - self.open.len()));
        }
        self.open.push(row);
        if self.open.len() == ROWS {
            self.sealed.push(Arc::new(std::mem::take(&mut self.open)));
        }
    }

    /// The row with this number.
    pub fn get(&self, number: usize) -> Option<T> {
        match self.sealed.get(number / ROWS) {
            Some(chunk) => chunk.get(number % ROWS).copied(),
            None => self.open.get(number.checked_sub(self.sealed.len() * ROWS)?).copied(),
        }
    }

    /// The rows from number `from` on.
    pub fn iter_from(&self, from: usize) -> impl Iterator<Item = T> + '_ {
        let chunk = (from / ROWS).min(self.sealed.len());
        let skipped = from - chunk * ROWS;
        let rows = self.sealed[chunk..].iter().flat_map(|chunk| chunk.iter());
        rows.chain(self.open.iter()).skip(skipped).copied()
    }

    /// All rows.
    pub fn iter(&self) -> impl Iterator<Item = T> + '_ {
        self.iter_from(0)
    }

    /// The rows that there are now, for another thread: the sealed ones are shared, the open ones
    /// (fewer than [`ROWS`]) copied.
    pub fn share(&self) -> Chunks<T> {
        self.clone()
    }

    /// The rows in slices, for writing them out.
    pub fn slices(&self) -> impl Iterator<Item = &[T]> {
        self.sealed.iter().map(|chunk| chunk.as_slice()).chain((!self.open.is_empty()).then_some(self.open.as_slice()))
    }

    /// The number of the first row for which `before` does not hold, where it holds for all rows up
    /// to there and for none after.
    pub fn partition_point(&self, before: impl Fn(T) -> bool) -> usize {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            match self.get(middle) {
                Some(row) if before(row) => low = middle + 1,
                _ => high = middle,
            }
        }
        low
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_by_number_across_chunks() {
        let mut rows = Chunks::default();
        let count = ROWS * 2 + 5;
        for row in 0..count {
            rows.push(row);
        }
        assert_eq!(rows.len(), count);
        for number in [0, ROWS - 1, ROWS, 2 * ROWS - 1, 2 * ROWS, count - 1] {
            assert_eq!(rows.get(number), Some(number));
            assert!(rows.iter_from(number).eq(number..count));
            assert_eq!(rows.partition_point(|row| row < number), number);
        }
        assert_eq!(rows.get(count), None);
        assert_eq!(rows.iter_from(count).next(), None);
        assert_eq!(rows.slices().map(<[usize]>::len).sum::<usize>(), count);
    }

    #[test]
    fn what_was_shared_stays_as_it_was() {
        let mut rows = Chunks::default();
        rows.push(1);
        let shared = rows.share();
        rows.push(2);
        assert!(shared.iter().eq([1]));
        assert!(rows.iter().eq([1, 2]));
    }
}
