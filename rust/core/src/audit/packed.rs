//! What a manifest says of the source that its release was packed of: who was left out, who is there twice, what was counted.

use std::{borrow::Cow, collections::HashSet};

use serde_json::Value;

use super::{Difference, figures::Figures, reason, runs};
use crate::{datasets::Reason, manifest::Listing};

/// Who was left out of the source, as runs of keys.
pub(super) fn left_out(manifest: Option<&Listing>) -> Vec<String> {
    runs::runs(rows(manifest.and_then(|listing| listing.document.get("left_out"))).filter_map(key))
}

/// What differs from the figures.
pub(super) fn differences(manifest: Option<&Listing>, figures: &Figures) -> Vec<Difference> {
    let Some(Listing { document, .. }) = manifest else { return Vec::new() };
    let mut differences = Vec::new();
    let mut hold = |reason, what: &str, expected: u64, found: u64, keys: Vec<String>| {
        differences.extend(Difference::of(reason, what, Some(expected), found, || keys));
    };
    if let Some(listed) = document.get("left_out").and_then(Value::as_array) {
        let found = listed.len() as u64;
        hold(reason::LEFT_OUT, "samples left out of the source", figures.left_out, found, left_out(manifest));
    }
    let Some(pack) = document.get("provenance").and_then(|provenance| provenance.get("pack")) else {
        return differences;
    };
    let alike: Vec<String> = rows(pack.get("alike"))
        .filter_map(|row| Some(format!("{} like {}", key(row)?, row.get("like")?.as_str()?)))
        .collect();
    hold(reason::ALIKE, "samples that begin with another's file", 0, alike.len() as u64, alike);
    for noted in &figures.noted {
        let found = pack.get(noted.name).and_then(Value::as_u64);
        if let Some(found) = found.filter(|found| found.abs_diff(noted.expected) > noted.about) {
            hold(reason::COUNT, noted.words, noted.expected, found, Vec::new());
        }
    }
    differences
}

/// What stood out in the source, unless something else tells it: a subject that was left out is named there, and a number
/// that nobody has among the subjects that are missing, if `are_missing` says that these are named.
pub(super) fn findings(manifest: Option<&Listing>, are_missing: bool) -> Vec<Difference> {
    let Some(Listing { document, .. }) = manifest else { return Vec::new() };
    let left_out: HashSet<&str> = rows(document.get("left_out")).filter_map(key).collect();
    let tell = |row: &Value| {
        let code = row.get("reason")?.as_str()?;
        let reason = Reason::of(code);
        if reason == Some(Reason::MissingNumber) && are_missing {
            return None;
        }
        let all: Vec<&str> = rows(row.get("names")).filter_map(Value::as_str).collect();
        let names: Vec<String> =
            all.iter().filter(|name| !left_out.contains(*name)).map(|&name| name.to_owned()).collect();
        let count = row.get("count")?.as_u64()?.saturating_sub((all.len() - names.len()) as u64);
        // A code of a later version is told as it is.
        let words = reason.map_or_else(|| code.to_owned(), |reason| reason.words().to_owned());
        Difference::of(Cow::Owned(code.to_owned()), words, Some(0), count, || names)
    };
    rows(document.pointer("/provenance/pack/findings")).filter_map(tell).collect()
}

fn rows(list: Option<&Value>) -> impl Iterator<Item = &Value> {
    list.and_then(Value::as_array).into_iter().flatten()
}

fn key(row: &Value) -> Option<&str> {
    row.get("key")?.as_str()
}
