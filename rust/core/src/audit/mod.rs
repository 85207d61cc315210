//! A release counted and held against what its publisher, or its manifest, says is in it.
//!
//! Sums say that no byte was changed; an audit says that nothing is missing that was never listed.

mod count;
mod figures;
mod packed;
mod points;
mod runs;

use std::collections::HashMap;

use serde::Serialize;
use serde_json::{Value, json};

pub use count::Counts;
pub use figures::{Figures, NAMES, Noted, Numbering};

use count::{NAMED, Tally};

use crate::{
    error::{Error, Result},
    pool::{Cancel, Pool},
    release::Release,
    shard,
    tar::Policy,
};

/// One expectation that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// What was counted.
    pub what: String,
    /// What it should be.
    pub expected: Value,
    /// What it is.
    pub found: Value,
    /// Whom it concerns, the first twenty of them.
    pub keys: Vec<String>,
}

/// The result.
#[derive(Debug, Clone, Serialize)]
pub struct Audit {
    /// Name of the release.
    pub name: String,
    /// Whose figures it was held against.
    pub figures: String,
    /// What was counted.
    pub counts: Counts,
    /// What differs; nothing, if all is as it should be.
    pub differences: Vec<Difference>,
}

/// Indexes every shard and counts; of payloads, only those are read that the figures say the number of vertices of.
///
/// Held against the figures of that name, else against those of the release's own name if they are built in, else
/// against its manifest.
///
/// # Errors
/// `Invalid` for figures that are not known, or if there is nothing to hold it against; those of indexing a shard.
pub fn audit(release: &Release, name: Option<&str>, pool: &Pool, cancel: &Cancel<'_>) -> Result<Audit> {
    let own = release.name();
    let figures = match (name, release.manifest()) {
        (Some(name), _) => Figures::of(name)?,
        (None, _) if NAMES.contains(&own.as_str()) => Figures::of(&own)?,
        (None, Some(listing)) => Figures::of_manifest(listing),
        (None, None) => {
            let hint = format!("say what it is --as: {}", NAMES.join(", "));
            return Err(Error::data(format!("{own} has no manifest to audit it by")).with_hint(hint));
        }
    };
    let mut tally = Tally::default();
    let mut unlike = Vec::new();
    for shard in shard::open_all(&release.shards, Policy::default(), pool, cancel)? {
        cancel.check()?;
        tally.shard(shard.index(), &figures);
        if let Some((field, count)) = figures.points {
            unlike.extend(points::unlike(&shard, field, count)?);
        }
    }
    let mut differences = compare(&tally, &figures, &packed::left_out(release.manifest()));
    if let (Some((field, count)), false) = (figures.points, unlike.is_empty()) {
        let what = format!("samples whose {field} has not {count} vertices");
        differences.push(Difference {
            what,
            expected: json!(0),
            found: json!(unlike.len()),
            keys: first(unlike),
        });
    }
    differences.extend(packed::differences(release.manifest(), &figures));
    differences.extend(listed(&tally, release)?);
    Ok(Audit { name: own, figures: figures.name, counts: tally.counts, differences })
}

fn compare(tally: &Tally, figures: &Figures, left_out: &[String]) -> Vec<Difference> {
    let counts = &tally.counts;
    let mut differences = Vec::new();
    let mut hold = |what: &str, expected: Option<u64>, found: u64, keys: &dyn Fn() -> Vec<String>| {
        if let Some(expected) = expected.filter(|&expected| expected != found) {
            let (what, keys) = (what.to_owned(), keys());
            differences.push(Difference { what, expected: json!(expected), found: json!(found), keys });
        }
    };
    let nobody = Vec::new;
    hold("shards", figures.shards, counts.shards, &nobody);
    if figures.by_subject {
        hold("subjects", figures.samples, counts.subjects, &|| missing(tally, figures, left_out));
    } else {
        hold("samples", figures.samples, counts.samples, &|| missing(tally, figures, left_out));
    }
    if let Some(numbering) = figures.numbering {
        let strangers = strangers(tally, numbering);
        let what = format!("subjects other than {} to {}", numbering.key(1), numbering.key(numbering.last));
        hold(&what, Some(0), strangers.len() as u64, &|| first(strangers.clone()));
    }
    hold("images", figures.images, counts.images, &nobody);
    let mebibyte = 1_u64 << 20;
    // 19,412 MiB may have been rounded up, down, or to the nearest.
    let exact = figures.mebibytes.filter(|mib| (mib * mebibyte).abs_diff(counts.bytes) < mebibyte);
    hold("MiB", figures.mebibytes, exact.unwrap_or((counts.bytes + mebibyte / 2) / mebibyte), &nobody);
    for (style, expected) in &figures.styles {
        let found = counts.styles.get(*style).copied().unwrap_or_default();
        hold(&format!("samples of style {style}"), Some(*expected), found, &nobody);
    }
    let known: u64 = counts.styles.values().sum();
    if !figures.styles.is_empty() {
        hold("samples of no known style", Some(0), counts.samples.saturating_sub(known), &nobody);
    }
    for field in &figures.fields {
        let found = counts.fields.get(field).copied().unwrap_or_default();
        let keys = || tally.lacking.get(field).cloned().unwrap_or_default();
        hold(&format!("samples with {field}"), Some(counts.samples), found, &keys);
    }
    for (field, found) in
        counts.fields.iter().filter(|(field, _)| figures.closed && !figures.fields.contains(field))
    {
        hold(&format!("samples with {field}"), Some(0), *found, &nobody);
    }
    for (what, seen) in
        [("keys that come twice", &tally.keys), ("identities that come twice", &tally.identities)]
    {
        let twice = seen.values().filter(|&&times| times > 1).count() as u64;
        hold(what, Some(0), twice, &|| doubled(seen));
    }
    differences
}

fn doubled(seen: &HashMap<String, u32>) -> Vec<String> {
    first(seen.iter().filter(|(_, times)| **times > 1).map(|(key, _)| key.clone()).collect())
}

/// Who is missing, where keys are numbered; else what was left out of the source.
fn missing(tally: &Tally, figures: &Figures, left_out: &[String]) -> Vec<String> {
    if let Some(numbering) = figures.numbering {
        let keys = (1..=numbering.last).map(|number| numbering.key(number));
        return keys.filter(|key| !tally.subjects.contains(key)).take(NAMED).collect();
    }
    if tally.numbers.is_empty() {
        return left_out.iter().take(NAMED).cloned().collect();
    }
    let numbers = 0..figures.samples.unwrap_or_default();
    let missing = numbers.filter(|number| !tally.numbers.contains(number));
    missing.take(NAMED).map(|number| format!("{number:08}_…")).collect()
}

/// Subjects that no number of the publisher's is.
fn strangers(tally: &Tally, numbering: Numbering) -> Vec<String> {
    let known = |key: &str| {
        key.parse().is_ok_and(|number| (1..=numbering.last).contains(&number) && numbering.key(number) == key)
    };
    tally.subjects.iter().filter(|key| !known(key)).cloned().collect()
}

/// The samples that the release's own list names, held against those it has.
fn listed(tally: &Tally, release: &Release) -> Result<Vec<Difference>> {
    let Some(rows) = release.samples()? else { return Ok(Vec::new()) };
    let mut differences = Vec::new();
    let mut hold = |what: &str, keys: Vec<String>| {
        if !keys.is_empty() {
            let (what, expected, found) = (what.to_owned(), json!(0), json!(keys.len()));
            differences.push(Difference { what, expected, found, keys: first(keys) });
        }
    };
    let mut times: HashMap<&str, u32> = HashMap::new();
    for row in &rows {
        *times.entry(&row.sample_key).or_default() += 1;
    }
    let rows_of = |wanted: &dyn Fn(&str, u32) -> bool| -> Vec<String> {
        times.iter().filter(|(key, times)| wanted(key, **times)).map(|(key, _)| (*key).to_owned()).collect()
    };
    hold("samples listed and in no shard", rows_of(&|key, _| !tally.keys.contains_key(key)));
    hold("samples listed twice", rows_of(&|_, times| times > 1));
    let unlisted = tally.keys.keys().filter(|key| !times.contains_key(key.as_str())).cloned().collect();
    hold("samples in no list", unlisted);
    Ok(differences)
}

fn first(mut keys: Vec<String>) -> Vec<String> {
    keys.sort_unstable();
    keys.truncate(NAMED);
    keys
}
