//! Spreadsheets beside the pose-normalised pictures. Their columns are documented nowhere: a row goes to the subject or capture
//! that one of its cells names, and is kept as text under the sheet's own header.

use std::collections::BTreeMap;

use csv::{ReaderBuilder, StringRecord};
use serde_json::{Map, Value};

use super::super::path::stem_and_extension;
use crate::error::{Error, Result};

/// Digits of a subject's number where it is written as its folder's.
const DIGITS: usize = 5;

/// Whom a row is about: a subject, and one of its captures if it says which.
pub(super) type Whose = (u64, Option<String>);

/// A sheet whose rows belong to somebody.
pub(super) struct Sheet {
    /// File name, under which rows stand in a sample's JSON.
    pub(super) name: String,
    /// What was seen, in words.
    pub(super) words: String,
    rows: BTreeMap<Whose, Vec<Value>>,
}

/// Whether a file is one that can be read.
pub(super) fn is_text(path: &str) -> bool {
    matches!(&*stem_and_extension(path).1, "csv" | "tsv")
}

/// Whether it is one of a program's own format, which is not read.
pub(super) fn is_binary(path: &str) -> bool {
    matches!(&*stem_and_extension(path).1, "xlsx" | "xls" | "ods")
}

impl Sheet {
    /// Reads a sheet; `is_subject` and `capture` know who is there.
    ///
    /// # Errors
    /// `Data` if it is no table, or none of its columns names subjects or captures.
    pub(super) fn read(
        path: &str,
        text: &[u8],
        is_subject: impl Fn(u64) -> bool,
        capture: impl Fn(&str) -> Option<u64>,
    ) -> Result<Self> {
        let text = String::from_utf8_lossy(text);
        let text = text.trim_start_matches('\u{feff}');
        let first = text.lines().next().unwrap_or_default();
        let delimiter = [b',', b';', b'\t'].into_iter().max_by_key(|&mark| {
            // The first of those that are equally frequent is the last to be compared.
            (first.bytes().filter(|&byte| byte == mark).count(), mark == b',')
        });
        let mut reader =
            ReaderBuilder::new().delimiter(delimiter.unwrap_or(b',')).from_reader(text.as_bytes());
        let failed = |e: csv::Error| Error::data(format!("no table: {e}"));
        let header = reader.headers().map_err(failed)?.clone();
        let records: Vec<StringRecord> = reader.records().collect::<Result<_, _>>().map_err(failed)?;
        let whose = |column: usize, cell: &str| -> Option<Whose> {
            if let Some(subject) = capture(cell) {
                return Some((subject, Some(cell.to_owned())));
            }
            let number: u64 = cell.parse().ok()?;
            // A bare number may be anything, unless its column says what it is.
            let said = header.get(column).unwrap_or_default().to_lowercase();
            let meant = cell.len() == DIGITS
                || said.contains("subject")
                || said.split_whitespace().any(|w| w == "id");
            (meant && is_subject(number)).then_some((number, None))
        };
        let hits = |column: usize| {
            records
                .iter()
                .filter(|row| whose(column, row.get(column).unwrap_or_default().trim()).is_some())
                .count()
        };
        let best = (0..header.len()).max_by_key(|&column| (hits(column), usize::MAX - column));
        let column = best.filter(|&column| hits(column) > 0).ok_or_else(|| {
            Error::data(format!("none of its columns names subjects or captures: {}", listed(&header)))
        })?;
        let mut rows: BTreeMap<Whose, Vec<Value>> = BTreeMap::new();
        let mut strangers = 0;
        for record in &records {
            match whose(column, record.get(column).unwrap_or_default().trim()) {
                Some(whose) => rows.entry(whose).or_default().push(row(&header, record)),
                None => strangers += 1,
            }
        }
        let name = path.rsplit('/').next().unwrap_or(path).to_owned();
        let words = format!(
            "{path}: {} rows of {}, taken by {:?}; {strangers} of them are of nobody here",
            records.len(),
            listed(&header),
            header.get(column).unwrap_or_default(),
        );
        Ok(Self { name, words, rows })
    }

    /// What it says of a capture: a row, or the list of several.
    pub(super) fn of(&self, subject: u64, capture: Option<&str>) -> Option<Value> {
        let about = |capture: Option<&str>| self.rows.get(&(subject, capture.map(str::to_owned)));
        let named = capture.and_then(|capture| about(Some(capture)));
        let mut rows: Vec<Value> = about(None).into_iter().chain(named).flatten().cloned().collect();
        if rows.len() > 1 { Some(Value::Array(rows)) } else { rows.pop() }
    }
}

/// The cells of a row by their header; of columns that have one name, the later are numbered.
fn row(header: &StringRecord, record: &StringRecord) -> Value {
    let mut cells = Map::new();
    for (name, cell) in header.iter().zip(record) {
        let mut key = name.trim().to_owned();
        let mut number = 2;
        while cells.contains_key(&key) {
            key = format!("{} ({number})", name.trim());
            number += 1;
        }
        cells.insert(key, Value::from(cell));
    }
    Value::Object(cells)
}

fn listed(header: &StringRecord) -> String {
    header.iter().map(|name| format!("{:?}", name.trim())).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> Result<Sheet> {
        let capture = |name: &str| (name == "180716151617").then_some(7);
        Sheet::read("pose/angles.csv", text.as_bytes(), |number| number < 10, capture)
    }

    #[test]
    fn rows_are_kept_as_they_are_written() {
        let sheet =
            read("\u{feff}No,Subject,yaw,yaw\r\n1,00003,1.50,\r\n2,00004,\"a, b\",x\r\n3,00077,,\r\n")
                .unwrap();
        assert_eq!(
            sheet.of(3, None),
            Some(json!({"No": "1", "Subject": "00003", "yaw": "1.50", "yaw (2)": ""}))
        );
        assert_eq!(sheet.of(4, Some("x")).unwrap()["yaw"], "a, b");
        assert_eq!(sheet.of(7, None), None);
        let words = "pose/angles.csv: 3 rows of \"No\", \"Subject\", \"yaw\", \"yaw\", taken by \"Subject\"; \
                     1 of them are of nobody here";
        assert_eq!(sheet.words, words);
    }

    #[test]
    fn whose_a_row_is_is_never_guessed() {
        let sheet = read("capture;pitch\n180716151617;3\n180716151617;4\n").unwrap();
        assert_eq!(sheet.of(7, Some("180716151617")).unwrap().as_array().unwrap().len(), 2);
        assert_eq!((sheet.of(7, None), sheet.of(3, None)), (None, None));
        assert_eq!(
            read("Subject no\tyaw\n3\t1\n").unwrap().of(3, None),
            Some(json!({"Subject no": "3", "yaw": "1"}))
        );
        for (text, words) in [
            ("yaw,pitch\n3,4\n", "none of its columns names subjects or captures: \"yaw\", \"pitch\""),
            ("Subject,yaw\n00003\n", "no table"),
            ("", "none of its columns"),
        ] {
            assert!(read(text).err().unwrap().to_string().contains(words), "{text:?}");
        }
    }
}
