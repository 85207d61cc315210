//! What a manifest says of the source that its release was packed of: who was left out, who is there twice, what was counted.

use serde_json::{Value, json};

use super::{Difference, count::NAMED, figures::Figures, runs};
use crate::manifest::Listing;

/// Who was left out of the source, as runs of keys.
pub(super) fn left_out(manifest: Option<&Listing>) -> Vec<String> {
    runs::runs(rows(manifest.and_then(|listing| listing.document.get("left_out"))).filter_map(key))
}

/// What differs from the figures.
pub(super) fn differences(manifest: Option<&Listing>, figures: &Figures) -> Vec<Difference> {
    let Some(Listing { document, .. }) = manifest else { return Vec::new() };
    let mut differences = Vec::new();
    let mut hold = |what: &str, expected: u64, found: u64, keys: Vec<String>| {
        if expected != found {
            let (what, keys) = (what.to_owned(), keys.into_iter().take(NAMED).collect());
            differences.push(Difference { what, expected: json!(expected), found: json!(found), keys });
        }
    };
    if let Some(listed) = document.get("left_out").and_then(Value::as_array) {
        let found = listed.len() as u64;
        hold("samples left out of the source", figures.left_out, found, left_out(manifest));
    }
    let Some(pack) = document.get("provenance").and_then(|provenance| provenance.get("pack")) else {
        return differences;
    };
    let alike: Vec<String> = rows(pack.get("alike"))
        .filter_map(|row| Some(format!("{} like {}", key(row)?, row.get("like")?.as_str()?)))
        .collect();
    hold("samples that begin with another's file", 0, alike.len() as u64, alike);
    for noted in &figures.noted {
        let found = pack.get(noted.name).and_then(Value::as_u64);
        if let Some(found) = found.filter(|found| found.abs_diff(noted.expected) > noted.about) {
            hold(noted.words, noted.expected, found, Vec::new());
        }
    }
    differences
}

fn rows(list: Option<&Value>) -> impl Iterator<Item = &Value> {
    list.and_then(Value::as_array).into_iter().flatten()
}

fn key(row: &Value) -> Option<&str> {
    row.get("key")?.as_str()
}
