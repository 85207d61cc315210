//! What is kept of a verdict: in the receipt, and in the index file that loaders read.

use std::path::Path;

use super::{
    File, Outcome, Report,
    claims::Claim,
    receipt::{Receipt, Seen},
};
use crate::{
    catalog::{self, Catalog},
    digest::Digest,
    error::Result,
    index::Policy,
    pool::{Cancel, Pool},
    release::Release,
};

/// A file that was judged and can be told from other states of itself.
pub(super) struct Judged<'a> {
    path: &'a Path,
    source: usize,
    seen: Seen,
    /// Its digest, if it is what all lists say and was not touched while it was read.
    good: Option<Digest>,
    /// True if nothing inside is wrong or was let pass.
    clean: bool,
    /// Keys of its samples, shortened, if it was looked into.
    keys: Option<Vec<u64>>,
}

pub(super) fn of_files<'a>(report: &Report, claims: &[Claim<'_>], files: &[File<'a>]) -> Vec<Judged<'a>> {
    let judged = |file: &File<'a>| {
        let seen = file.seen?;
        let numbers =
            || (0..claims.len()).filter(|&n| claims.get(n).and_then(Claim::file) == Some(file.path));
        let lines = || numbers().filter_map(|number| report.lines.get(number));
        let good = lines().all(|line| line.outcome == Outcome::Ok) && Seen::of(file.path) == Some(seen);
        let digest = file.state.read().and_then(Result::ok).map(|(digest, _)| digest);
        Some(Judged {
            path: file.path,
            source: file.source,
            seen,
            good: digest.filter(|_| good),
            clean: !report.problems.iter().any(|problem| numbers().any(|number| number == problem.line)),
            keys: lines().any(|line| line.samples.is_some()).then(|| file.state.keys()),
        })
    };
    files.iter().filter_map(judged).collect()
}

/// Notes the good ones, and forgets the others.
pub(super) fn in_receipt(
    receipt: &mut Receipt,
    files: &[Judged<'_>],
    context: impl Fn(usize) -> Option<Digest>,
) {
    for file in files {
        match file.good {
            Some(digest) => {
                // An anomaly that was let pass is to be told every time.
                let deep = context(file.source).filter(|_| file.clean).zip(file.keys.clone());
                receipt.note(file.seen, digest, deep);
            }
            None => receipt.forget(file.seen),
        }
    }
}

/// Notes the digests in the index file; makes it before where the whole release is good.
///
/// # Errors
/// `Cancelled`. That the index file cannot be read or written is none.
pub(super) fn in_index(
    release: &Release,
    report: &Report,
    files: &[Judged<'_>],
    begun: i64,
    cache: Option<&Path>,
    (pool, cancel): (&Pool, &Cancel<'_>),
) -> Result<()> {
    if report.is_ok() {
        match Catalog::open(release, Policy::default(), cache, pool, cancel) {
            Err(error) if error.is_cancelled() => return Err(error),
            _ => {}
        }
    }
    let settled = files.iter().filter(|file| file.seen.stamp.is_settled(begun));
    catalog::note_digests(release, settled.map(|file| (file.path, file.seen.stamp, file.good)), cache);
    Ok(())
}
