//! Rows that change, found by number, in pages that can be shared without copying them: whoever shares them keeps
//! what was there, and the owner copies a page when he first writes in it again.

use std::sync::Arc;

/// How many rows a page has: so few that copying one holds nobody up.
const ROWS: usize = 256;

/// The rows; those that nobody wrote are as `T` is by default, and take no memory.
#[derive(Clone, Debug)]
pub struct Pages<T> {
    pages: Vec<Arc<[T; ROWS]>>,
    blank: Arc<[T; ROWS]>,
}

impl<T: Copy + Default> Default for Pages<T> {
    fn default() -> Pages<T> {
        Pages { pages: Vec::new(), blank: Arc::new([T::default(); ROWS]) }
    }
}

impl<T: Copy + Default> Pages<T> {
    /// The row with this number.
    pub fn get(&self, number: usize) -> T {
        self.pages.get(number / ROWS).map_or_else(T::default, |page| page[number % ROWS])
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, number: usize) -> &mut T {
        let page = number / ROWS;
        if self.pages.len() <= page {
            self.pages.resize(page + 1, self.blank.clone());
        }
        &mut Arc::make_mut(&mut self.pages[page])[number % ROWS]
    }

    /// Every row that anybody may have written, and its number.
    pub fn iter(&self) -> impl Iterator<Item = (usize, T)> + '_ {
        let written = self.pages.iter().enumerate().filter(|(_, page)| !Arc::ptr_eq(page, &self.blank));
        written.flat_map(|(page, rows)| (page * ROWS..).zip(rows.iter().copied()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_what_was_last_written_and_a_share_stays_as_it_was() {
        let mut pages = Pages::default();
        assert_eq!(pages.get(7 * ROWS), 0);
        *pages.get_mut(3) = 1;
        *pages.get_mut(5 * ROWS + 1) = 2;
        let shared = pages.clone();
        *pages.get_mut(3) = 9;
        *pages.get_mut(ROWS) = 4;
        let written = |pages: &Pages<i32>| pages.iter().filter(|(_, row)| *row != 0).collect::<Vec<_>>();
        assert_eq!(written(&shared), [(3, 1), (5 * ROWS + 1, 2)]);
        assert_eq!(written(&pages), [(3, 9), (ROWS, 4), (5 * ROWS + 1, 2)]);
        assert_eq!((pages.get(2), pages.get(3), shared.get(3), pages.get(usize::MAX)), (0, 9, 1, 0));
    }
}
