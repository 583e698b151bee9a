//! Rows under a header, each column as wide as it has to be; no line ends in blanks, and no cell is more than a part
//! of one.

use super::plain;

/// The rows as text, the header first.
pub fn columns<const N: usize>(header: [&str; N], rows: &[[String; N]]) -> String {
    let rows: Vec<[String; N]> = rows.iter().map(|row| row.each_ref().map(|cell| plain::line(cell))).collect();
    let wide = |text: &str| text.chars().count();
    let widths: [usize; N] = std::array::from_fn(|column| {
        let rows = rows.iter().map(|row| wide(&row[column]));
        rows.chain([wide(header[column])]).max().unwrap_or(0)
    });
    let line = |cells: [&str; N]| {
        let cells = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    let rows = rows.iter().map(|row| line(std::array::from_fn(|column| row[column].as_str())));
    line(header) + &rows.collect::<String>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_no_line_ends_in_blanks() {
        let rows =
            [["7".to_owned(), "città".to_owned(), String::new()], ["12".to_owned(), "a".to_owned(), "b".to_owned()]];
        assert_eq!(columns(["no", "id", "what"], &rows), "no  id     what\n7   città\n12  a      b\n");
    }
}
