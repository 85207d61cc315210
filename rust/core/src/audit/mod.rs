//! A release counted and held against what its publisher, or its manifest, says is in it.
//!
//! Sums say that no byte was changed; an audit says that nothing is missing that was never listed.

mod count;
mod figures;
mod packed;
mod points;
mod runs;

use std::{borrow::Cow, collections::HashMap};

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

/// What is counted of those who are named if they are missing.
const SAMPLES: &str = "samples";
const SUBJECTS: &str = "subjects";

/// Codes of what differs, besides those of what stood out in the source of a packed release. Stable.
pub mod reason {
    /// Another number than the publisher's or the manifest's.
    pub const COUNT: &str = "count";
    /// Samples that lack a field, or have one more.
    pub const FIELD: &str = "field";
    /// Subjects that no number of the publisher's is.
    pub const FOREIGN: &str = "foreign-subject";
    /// Samples of no known style.
    pub const STYLE: &str = "style";
    /// A key, or an identity, in two places.
    pub const DOUBLED: &str = "doubled";
    /// Another number of vertices.
    pub const POINTS: &str = "points";
    /// Samples of the source that are not in the release.
    pub const LEFT_OUT: &str = "left-out";
    /// Samples that begin with the same file.
    pub const ALIKE: &str = "alike";
    /// Samples that are listed and in no shard.
    pub const MISSING_SAMPLE: &str = "missing-sample";
    /// Samples that are listed twice.
    pub const LISTED_TWICE: &str = "listed-twice";
    /// Samples that are in no list.
    pub const UNLISTED_SAMPLE: &str = "unlisted-sample";
}

/// One expectation that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Stable code.
    pub reason: Cow<'static, str>,
    /// What was counted.
    pub what: String,
    /// What it should be.
    pub expected: Value,
    /// What it is.
    pub found: Value,
    /// Whom it concerns, the first twenty of them.
    pub keys: Vec<String>,
}

impl Difference {
    /// None if nothing is expected, or just what was found.
    fn of(
        reason: impl Into<Cow<'static, str>>,
        what: impl Into<String>,
        expected: Option<u64>,
        found: u64,
        keys: impl FnOnce() -> Vec<String>,
    ) -> Option<Self> {
        let expected = expected.filter(|&expected| expected != found)?;
        let (what, mut keys) = (what.into(), keys());
        keys.truncate(NAMED);
        Some(Self { reason: reason.into(), what, expected: json!(expected), found: json!(found), keys })
    }
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
    if let Some((field, count)) = figures.points {
        let what = format!("samples whose {field} has not {count} vertices");
        let found = unlike.len() as u64;
        differences.extend(Difference::of(reason::POINTS, what, Some(0), found, || first(unlike)));
    }
    differences.extend(packed::differences(release.manifest(), &figures));
    let of_subjects = |one: &Difference| matches!(&*one.what, SAMPLES | SUBJECTS);
    let are_missing = figures.numbering.is_some() && differences.iter().any(of_subjects);
    differences.extend(packed::findings(release.manifest(), are_missing));
    differences.extend(listed(&tally, release)?);
    Ok(Audit { name: own, figures: figures.name, counts: tally.counts, differences })
}

fn compare(tally: &Tally, figures: &Figures, left_out: &[String]) -> Vec<Difference> {
    let counts = &tally.counts;
    let mut differences = Vec::new();
    let mut hold = |reason, what: &str, expected, found, keys: &dyn Fn() -> Vec<String>| {
        differences.extend(Difference::of(reason, what, expected, found, keys));
    };
    let nobody = Vec::new;
    hold(reason::COUNT, "shards", figures.shards, counts.shards, &nobody);
    let (what, found) =
        if figures.by_subject { (SUBJECTS, counts.subjects) } else { (SAMPLES, counts.samples) };
    hold(reason::COUNT, what, figures.samples, found, &|| missing(tally, figures, left_out));
    if let Some(numbering) = figures.numbering {
        let strangers = strangers(tally, numbering);
        let what = format!("subjects other than {} to {}", numbering.key(1), numbering.key(numbering.last));
        hold(reason::FOREIGN, &what, Some(0), strangers.len() as u64, &|| first(strangers.clone()));
    }
    hold(reason::COUNT, "images", figures.images, counts.images, &nobody);
    let mebibyte = 1_u64 << 20;
    // 19,412 MiB may have been rounded up, down, or to the nearest.
    let exact = figures.mebibytes.filter(|mib| (mib * mebibyte).abs_diff(counts.bytes) < mebibyte);
    let found = exact.unwrap_or((counts.bytes + mebibyte / 2) / mebibyte);
    hold(reason::COUNT, "MiB", figures.mebibytes, found, &nobody);
    for (style, expected) in &figures.styles {
        let found = counts.styles.get(*style).copied().unwrap_or_default();
        hold(reason::COUNT, &format!("samples of style {style}"), Some(*expected), found, &nobody);
    }
    let known: u64 = counts.styles.values().sum();
    if !figures.styles.is_empty() {
        let unknown = counts.samples.saturating_sub(known);
        hold(reason::STYLE, "samples of no known style", Some(0), unknown, &nobody);
    }
    for field in &figures.fields {
        let found = counts.fields.get(field).copied().unwrap_or_default();
        let keys = || tally.lacking.get(field).cloned().unwrap_or_default();
        hold(reason::FIELD, &format!("samples with {field}"), Some(counts.samples), found, &keys);
    }
    for (field, found) in
        counts.fields.iter().filter(|(field, _)| figures.closed && !figures.fields.contains(field))
    {
        hold(reason::FIELD, &format!("samples with {field}"), Some(0), *found, &nobody);
    }
    for (what, seen) in
        [("keys that come twice", &tally.keys), ("identities that come twice", &tally.identities)]
    {
        let twice = seen.values().filter(|&&times| times > 1).count() as u64;
        hold(reason::DOUBLED, what, Some(0), twice, &|| doubled(seen));
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
    let mut hold = |reason, what: &str, keys: Vec<String>| {
        differences.extend(Difference::of(reason, what, Some(0), keys.len() as u64, || first(keys)));
    };
    let mut times: HashMap<&str, u32> = HashMap::new();
    for row in &rows {
        *times.entry(&row.sample_key).or_default() += 1;
    }
    let rows_of = |wanted: &dyn Fn(&str, u32) -> bool| -> Vec<String> {
        times.iter().filter(|(key, times)| wanted(key, **times)).map(|(key, _)| (*key).to_owned()).collect()
    };
    hold(
        reason::MISSING_SAMPLE,
        "samples listed and in no shard",
        rows_of(&|key, _| !tally.keys.contains_key(key)),
    );
    hold(reason::LISTED_TWICE, "samples listed twice", rows_of(&|_, times| times > 1));
    let unlisted = tally.keys.keys().filter(|key| !times.contains_key(key.as_str())).cloned().collect();
    hold(reason::UNLISTED_SAMPLE, "samples in no list", unlisted);
    Ok(differences)
}

fn first(mut keys: Vec<String>) -> Vec<String> {
    keys.sort_unstable();
    keys.truncate(NAMED);
    keys
}
