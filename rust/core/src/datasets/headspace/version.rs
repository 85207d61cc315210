//! Which version of Headspace a source is, and lists of its subjects.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use super::files::Subject;
use crate::error::{Error, Result};

/// The subject under whose number version 01 has the scan of a girl of eight.
pub(super) const MOVED_FROM: u64 = 1400;
/// The number that version 02 gave her.
const MOVED_TO: u64 = 1519;

/// Which version it is, as far as its folders tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    /// 1,518 subjects, the last of them 01518.
    First,
    /// Has subject 01519.
    Second,
    /// Has neither all subjects nor that one.
    Unknown,
}

impl Version {
    pub(super) fn of(subjects: &BTreeMap<u64, Subject>) -> Self {
        let numbers = || subjects.keys().copied();
        if subjects.contains_key(&MOVED_TO) {
            Self::Second
        } else if numbers().eq(1..MOVED_TO) {
            Self::First
        } else {
            Self::Unknown
        }
    }

    pub(super) const fn suffix(self) -> &'static str {
        match self {
            Self::First => "-v01",
            Self::Second => "-v02",
            Self::Unknown => "",
        }
    }

    /// What must be known of subject 01400, if it is there.
    pub(super) fn warning(self, moved_from: bool) -> Option<String> {
        let girl = "subject 01400 has the scan of a girl of eight, which v02 has as 01519";
        match self {
            _ if !moved_from => None,
            Self::Second => None,
            Self::First => Some(format!("this is Headspace v01: {girl}")),
            Self::Unknown => Some(format!(
                "as there is no 01519 nor every subject before it, this may be Headspace v01, in which {girl}"
            )),
        }
    }
}

/// The subjects that a list names: numbers, with or without zeros in front, between white space or commas.
pub(super) fn read_list(path: &Path) -> Result<BTreeSet<u64>> {
    let text = fs::read_to_string(path).map_err(|e| Error::io(path, e))?;
    let mut wanted = BTreeSet::new();
    for (at, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let words = line.split(|c: char| c.is_whitespace() || c == ',' || c == ';');
        for word in words.filter(|word| !word.is_empty()) {
            let number = word.parse().ok().filter(|number| (1..100_000).contains(number));
            let said = |what: &str| Error::data(format!("line {}: {word:?} {what}", at + 1)).in_shard(path);
            if !wanted.insert(number.ok_or_else(|| said("is no subject's number"))?) {
                return Err(said("is there before"));
            }
        }
    }
    if wanted.is_empty() {
        return Err(Error::data("it lists no subject").in_shard(path));
    }
    Ok(wanted)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn of(numbers: impl IntoIterator<Item = u64>) -> Version {
        Version::of(&numbers.into_iter().map(|number| (number, Subject::default())).collect())
    }

    #[test]
    fn the_last_subject_tells_the_version() {
        assert_eq!(of(1..=1519), Version::Second);
        assert_eq!(of([1400, 1519]), Version::Second);
        assert_eq!(of(1..=1518), Version::First);
        assert_eq!(of(1..=1517), Version::Unknown);
        assert_eq!(of((1..=1518).filter(|&number| number != 7)), Version::Unknown);
        assert!(Version::First.warning(true).unwrap().contains("v01: subject 01400"));
        assert!(Version::Unknown.warning(true).unwrap().contains("may be Headspace v01"));
        assert_eq!((Version::Second.warning(true), Version::First.warning(false)), (None, None));
    }

    #[test]
    fn a_list_of_subjects_is_numbers() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lyhm.txt");
        let read = |text: &str| {
            fs::write(&path, text).unwrap();
            read_list(&path)
        };
        assert_eq!(read("\u{feff}00001\r\n3, 2\n\n").unwrap(), BTreeSet::from([1, 2, 3]));
        for (text, words) in [
            ("1\n2\n1\n", "line 3: \"1\" is there before"),
            ("1\nx\n", "line 2: \"x\" is no"),
            ("0\n", "line 1: \"0\" is no"),
            ("\n", "no subject"),
        ] {
            assert!(read(text).unwrap_err().to_string().contains(words), "{text:?}");
        }
    }
}
