//! What is wrong, where, under which reason code, and which bytes to fetch again.

use std::{ops::Range, path::PathBuf};

use crate::{
    error::Kind,
    fault::{ImageFault, TarFault},
};

/// Reason codes of what is found out beside tar and pixels, whose codes are their faults' own. Stable.
pub mod reason {
    /// The digest is not the listed one.
    pub const DIGEST: &str = "digest-mismatch";
    /// The size is not the listed one.
    pub const SIZE: &str = "size-mismatch";
    /// The lists contradict each other.
    pub const LISTS: &str = "lists-differ";
    /// The file cannot be opened or read.
    pub const UNREADABLE: &str = "open-or-read";
    /// The file changed while it was read.
    pub const CHANGED: &str = "changed-while-read";
    /// A sample lacks a field that its release promises.
    pub const MISSING_FIELD: &str = "missing-field";
    /// A sample has fewer images than its release or its JSON says.
    pub const MISSING_IMAGE: &str = "missing-image";
    /// A listed sample is in no shard.
    pub const MISSING_SAMPLE: &str = "missing-sample";
    /// A sample is in a shard and in no list.
    pub const UNLISTED_SAMPLE: &str = "unlisted-sample";
    /// A sample is in another shard than its list says.
    pub const WRONG_SHARD: &str = "wrong-shard";
    /// A shard has another number of samples than the manifest says.
    pub const SAMPLE_COUNT: &str = "sample-count";
    /// Two shards have a sample of one key.
    pub const DUPLICATE_KEY: &str = "duplicate-key";
    /// A JSON member is not JSON.
    pub const JSON: &str = "json-invalid";
    /// A JSON member names another sample.
    pub const JSON_KEY: &str = "json-key";
    /// A member is too large to be looked into.
    pub const TOO_LARGE: &str = "member-too-large";
}

/// Something wrong in a shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Number of the report's line it belongs to.
    pub line: usize,
    /// Sample.
    pub key: Option<String>,
    /// Field.
    pub field: Option<String>,
    /// Member; for one that is missing, the name it should have.
    pub member: Option<String>,
    /// Byte offset in the shard: of the member's first header, or of the damage.
    pub offset: Option<u64>,
    /// Stable code.
    pub reason: &'static str,
    /// The same in words, with details.
    pub words: String,
    /// Bytes of the shard that are affected: from the first header to the last padding.
    pub range: Option<Range<u64>>,
    /// True if it is one that was asked to be let pass.
    pub tolerated: bool,
}

impl Problem {
    /// One of that line, of which nothing more is known.
    pub(super) fn new(line: usize, reason: &'static str, words: impl Into<String>) -> Self {
        Self {
            line,
            key: None,
            field: None,
            member: None,
            offset: None,
            reason,
            words: words.into(),
            range: None,
            tolerated: false,
        }
    }
}

/// The bytes of a file to fetch again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetch {
    /// Number of the report's line.
    pub line: usize,
    /// Where it is, or where it should be.
    pub file: Option<PathBuf>,
    /// Ranges in order, apart from each other; an end that is not known is `None`.
    pub ranges: Vec<(u64, Option<u64>)>,
    /// True if this is all of it.
    pub whole: bool,
}

/// Joins ranges that touch.
pub(super) fn merged(mut ranges: Vec<Range<u64>>) -> Vec<(u64, Option<u64>)> {
    ranges.sort_by_key(|range| range.start);
    let mut joined: Vec<(u64, Option<u64>)> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some((_, Some(end))) if range.start <= *end => *end = (*end).max(range.end),
            _ => joined.push((range.start, Some(range.end))),
        }
    }
    joined
}

/// The code of an error that a shard's own bytes cause.
pub(super) fn code_of(kind: &Kind) -> &'static str {
    match kind {
        Kind::Tar(fault) => fault.code(),
        Kind::Image(fault) => fault.code(),
        Kind::Digest { .. } => reason::DIGEST,
        _ => reason::UNREADABLE,
    }
}

/// The anomalies that `lenient` lets pass: nothing that a reader would be given is lost by them.
pub(super) fn is_tolerable(code: &str) -> bool {
    const TAR: [TarFault; 8] = [
        TarFault::Link,
        TarFault::Sparse,
        TarFault::NotAFile,
        TarFault::UnknownType,
        TarFault::EmptyName,
        TarFault::NoEndMarker,
        TarFault::LoneEndMarker,
        TarFault::TrailingGarbage,
    ];
    TAR.iter().any(|fault| fault.code() == code) || code == ImageFault::Warning(String::new()).code()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::single_range_in_vec_init)] // a list of one range is meant
    fn ranges_that_touch_are_one() {
        assert_eq!(
            merged(vec![512..1024, 0..512, 2048..4096, 3000..3500]),
            [(0, Some(1024)), (2048, Some(4096))]
        );
        assert_eq!(merged(vec![5..6]), [(5, Some(6))]);
        assert!(merged(Vec::new()).is_empty());
    }
}
