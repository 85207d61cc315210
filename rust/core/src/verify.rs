//! Every shard against what the release says of it.

use std::{
    collections::{HashMap, HashSet},
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    digest::{self, Digest},
    error::Result,
    pool::{Cancel, Pool},
    release::{Release, identity},
    source::{Resolved, Source},
};

/// What to verify, and how.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Folder that listed paths are relative to, instead of the release's root.
    pub base: Option<PathBuf>,
    /// Leave out listed files that are not there.
    pub ignore_missing: bool,
}

/// The verdict on one listed file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Everything listed of it is so.
    Ok,
    /// Its digest or size is another, or the lists contradict each other.
    Failed,
    /// It cannot be opened or read.
    OpenOrRead,
}

/// One listed file.
#[derive(Debug, Clone)]
pub struct ShardResult {
    /// Path as the list has it.
    pub path_as_listed: String,
    /// The file it leads to, if there is one.
    pub file: Option<PathBuf>,
    /// The verdict.
    pub outcome: Outcome,
    /// Why, unless it is `Ok`.
    pub reason: Option<String>,
    /// Listed digest.
    pub expected: Option<Digest>,
    /// Digest of what is there.
    pub found: Option<Digest>,
    /// Bytes of what is there.
    pub size: Option<u64>,
}

/// The verdict on a release.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// A line for each line of the sums, then for each shard that only the manifest lists.
    pub lines: Vec<ShardResult>,
    /// Shards that no list names, where there is a list.
    pub extra: Vec<PathBuf>,
    /// Line numbers of malformed lines in the sums.
    pub malformed: Vec<usize>,
    /// True if there is no list, or nothing in it that could be checked.
    pub nothing_to_check: bool,
}

impl Report {
    /// True if every line is `Ok` and there was one.
    pub fn is_ok(&self) -> bool {
        !self.nothing_to_check && self.lines.iter().all(|line| line.outcome == Outcome::Ok)
    }
}

/// A file that a list names, before it is read.
struct Claim<'a> {
    listed: &'a str,
    resolved: Resolved,
    digest: Option<Digest>,
    /// What the manifest says besides, if it names the file too.
    manifest_digest: Option<Digest>,
    manifest_size: Option<u64>,
}

/// Computes the digest of every listed file and compares. `progress` gets bytes as they are hashed, from any thread.
///
/// # Errors
/// Only `Cancelled` and `Internal`; what is wrong with a file is its line's reason.
pub fn verify(
    release: &Release,
    options: &Options,
    pool: &Pool,
    cancel: &Cancel<'_>,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Report> {
    let mut report = Report::default();
    let mut claims: Vec<Claim<'_>> = Vec::new();
    for (number, source) in release.sources.iter().enumerate() {
        let mut own = claims_of(release, number, source, options);
        if !release.whole.get(number).copied().unwrap_or(false) {
            let asked: HashSet<PathBuf> = shards_of(release, number).map(|path| identity(path)).collect();
            own.retain(|claim| matches!(&claim.resolved, Resolved::File(f) if asked.contains(&identity(f))));
        }
        if source.has_lists() {
            let named: HashSet<PathBuf> = own.iter().filter_map(Claim::file).map(identity).collect();
            report
                .extra
                .extend(shards_of(release, number).filter(|path| !named.contains(&identity(path))).cloned());
        }
        report.malformed.extend(source.sums.iter().flat_map(|sums| &sums.malformed));
        claims.extend(own);
    }
    if options.ignore_missing {
        let absent = |path: &Path| why_missing(path).kind() == io::ErrorKind::NotFound;
        claims.retain(|claim| !matches!(&claim.resolved, Resolved::Missing(path) if absent(path)));
    }

    // A file that is listed twice is read once.
    let mut files: Vec<&Path> = Vec::new();
    let mut number_of: HashMap<&Path, usize> = HashMap::new();
    for file in claims.iter().filter_map(Claim::file) {
        number_of.entry(file).or_insert_with(|| {
            files.push(file);
            files.len() - 1
        });
    }
    let digests = digest::of_files(&files, pool, cancel, progress)?;
    report.lines = claims
        .iter()
        .map(|claim| {
            let number = claim.file().and_then(|file| number_of.get(file));
            claim.judge(number.and_then(|&number| digests.get(number)))
        })
        .collect();
    report.nothing_to_check = report.lines.is_empty();
    Ok(report)
}

fn shards_of(release: &Release, source: usize) -> impl Iterator<Item = &PathBuf> {
    release.shards.iter().zip(&release.source_of).filter(move |(_, of)| **of == source).map(|(path, _)| path)
}

/// What a source's lists claim: the sums' lines in order, then what only the manifest names.
fn claims_of<'a>(release: &Release, number: usize, source: &'a Source, options: &Options) -> Vec<Claim<'a>> {
    let base = options.base.as_deref().unwrap_or(&source.root);
    let folders = release.folders(number);
    let resolve = |listed: &str| Source::resolve(base, &folders, listed);
    let plain = |listed, digest| Claim {
        listed,
        resolved: resolve(listed),
        digest,
        manifest_digest: None,
        manifest_size: None,
    };
    let lines = source.sums.iter().flat_map(|sums| &sums.lines);
    let mut claims: Vec<Claim<'a>> = lines.map(|line| plain(&*line.path, Some(line.digest))).collect();
    let by_sums = claims.len();
    for entry in source.manifest.iter().flat_map(|manifest| &manifest.shards) {
        let mut claim = plain(&*entry.filename, entry.digest);
        claim.manifest_size = entry.size;
        let same = claims.iter_mut().take(by_sums).filter(|other| other.same_file(&claim));
        let mut known = false;
        for other in same {
            other.manifest_digest = entry.digest;
            other.manifest_size = entry.size;
            known = true;
        }
        // A name with neither digest nor size claims nothing.
        if !known && (entry.digest.is_some() || entry.size.is_some()) {
            claims.push(claim);
        }
    }
    claims
}

/// Why a path leads to no file.
fn why_missing(path: &Path) -> io::Error {
    let not_a_file = || io::Error::new(io::ErrorKind::InvalidInput, "not a regular file");
    fs::metadata(path).err().unwrap_or_else(not_a_file)
}

impl Claim<'_> {
    /// True if both name one file, or would if it were there.
    fn same_file(&self, other: &Self) -> bool {
        match (&self.resolved, &other.resolved) {
            (Resolved::Missing(a), Resolved::Missing(b)) => a.file_name() == b.file_name(),
            (a, b) => a == b && *a != Resolved::Outside,
        }
    }

    fn file(&self) -> Option<&Path> {
        match &self.resolved {
            Resolved::File(file) => Some(file),
            Resolved::Missing(_) | Resolved::Outside => None,
        }
    }

    fn judge(&self, read: Option<&Result<(Digest, u64)>>) -> ShardResult {
        let mut result = ShardResult {
            path_as_listed: self.listed.to_owned(),
            file: self.file().map(Path::to_owned),
            outcome: Outcome::OpenOrRead,
            reason: None,
            expected: self.digest,
            found: None,
            size: None,
        };
        let (found, size) = match (read, &self.resolved) {
            (Some(Ok(read)), _) => *read,
            (Some(Err(error)), _) => {
                result.reason = Some(error.kind().to_string());
                return result;
            }
            (None, Resolved::Outside) => {
                result.reason = Some("the path leads out of the release".to_owned());
                return result;
            }
            (None, Resolved::File(path) | Resolved::Missing(path)) => {
                result.reason = Some(why_missing(path).to_string());
                return result;
            }
        };
        (result.found, result.size) = (Some(found), Some(size));
        result.reason = self.objection(found, size);
        result.outcome = if result.reason.is_some() { Outcome::Failed } else { Outcome::Ok };
        result
    }

    /// What is wrong with a file of this digest and size.
    fn objection(&self, found: Digest, size: u64) -> Option<String> {
        if let Some(expected) = self.digest.filter(|expected| *expected != found) {
            return Some(format!("SHA-256 is {found}, expected {expected}"));
        }
        if let Some(other) = self.manifest_digest.filter(|other| *other != found) {
            return Some(format!("SHA-256 is {found} as in the sums, but the manifest says {other}"));
        }
        let expected = self.manifest_size.filter(|expected| *expected != size)?;
        Some(format!("the file has {size} bytes, the manifest says {expected}"))
    }
}
