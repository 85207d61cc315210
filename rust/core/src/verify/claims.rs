//! What the lists claim of each file, and the verdict once the file was read.

use std::{
    borrow::Cow,
    collections::HashSet,
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    digest::Digest,
    error::Error,
    release::{Release, identity},
    source::{Resolved, Source},
    verify::{Options, Outcome, ShardResult, problem::reason},
};

/// A file that a list names, before it is read.
pub(super) struct Claim<'a> {
    /// Number of the release's source.
    pub(super) source: usize,
    listed: Cow<'a, str>,
    resolved: Resolved,
    digest: Option<Digest>,
    /// What the manifest says besides, if it names the file too.
    manifest_digest: Option<Digest>,
    pub(super) manifest_size: Option<u64>,
    pub(super) manifest_samples: Option<u64>,
}

/// Everything that the lists of a release claim, by what was asked for; with `unlisted`, shards of which no list says
/// anything are claimed to be there.
pub(super) fn of_release<'a>(release: &'a Release, options: &Options) -> Found<'a> {
    let mut found = Found::default();
    for (number, source) in release.sources.iter().enumerate() {
        let mut own = claims_of(release, number, source, options);
        if !release.whole.get(number).copied().unwrap_or(false) {
            let asked: HashSet<PathBuf> = shards_of(release, number).map(|path| identity(path)).collect();
            own.retain(|claim| matches!(&claim.resolved, Resolved::File(f) if asked.contains(&identity(f))));
        }
        if source.has_lists() {
            let named: HashSet<PathBuf> = own.iter().filter_map(Claim::file).map(identity).collect();
            found
                .extra
                .extend(shards_of(release, number).filter(|path| !named.contains(&identity(path))).cloned());
        } else if options.deep {
            own.extend(shards_of(release, number).map(|path| Claim::unlisted(number, path)));
        }
        found.malformed.extend(source.sums.iter().flat_map(|sums| &sums.malformed));
        found.claims.extend(own);
    }
    if options.ignore_missing {
        let absent = |path: &Path| why_missing(path).kind() == io::ErrorKind::NotFound;
        found.claims.retain(|claim| !matches!(&claim.resolved, Resolved::Missing(path) if absent(path)));
    }
    found
}

/// What the lists claim, and what is amiss with them.
#[derive(Default)]
pub(super) struct Found<'a> {
    pub(super) claims: Vec<Claim<'a>>,
    pub(super) extra: Vec<PathBuf>,
    pub(super) malformed: Vec<usize>,
}

fn shards_of(release: &Release, source: usize) -> impl Iterator<Item = &PathBuf> {
    release.shards.iter().zip(&release.source_of).filter(move |(_, of)| **of == source).map(|(path, _)| path)
}

/// What a source's lists claim: the sums' lines in order, then what only the manifest names.
fn claims_of<'a>(release: &Release, number: usize, source: &'a Source, options: &Options) -> Vec<Claim<'a>> {
    let base = options.base.as_deref().unwrap_or(&source.root);
    let folders = release.folders(number);
    let resolve = |listed: &str| Source::resolve(base, &folders, listed);
    let plain = |listed: &'a str, digest| Claim {
        source: number,
        listed: Cow::Borrowed(listed),
        resolved: resolve(listed),
        digest,
        manifest_digest: None,
        manifest_size: None,
        manifest_samples: None,
    };
    let lines = source.sums.iter().flat_map(|sums| &sums.lines);
    let mut claims: Vec<Claim<'a>> = lines.map(|line| plain(&line.path, Some(line.digest))).collect();
    let by_sums = claims.len();
    for entry in source.manifest.iter().flat_map(|manifest| &manifest.shards) {
        let mut claim = plain(&entry.filename, entry.digest);
        claim.manifest_size = entry.size;
        claim.manifest_samples = entry.num_samples;
        let same = claims.iter_mut().take(by_sums).filter(|other| other.same_file(&claim));
        let mut known = false;
        for other in same {
            other.manifest_digest = entry.digest;
            other.manifest_size = entry.size;
            other.manifest_samples = entry.num_samples;
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
    /// A shard that is there and of which nothing is said.
    fn unlisted(source: usize, path: &Path) -> Self {
        Self {
            source,
            listed: Cow::Owned(path.display().to_string()),
            resolved: if path.is_file() {
                Resolved::File(path.to_owned())
            } else {
                Resolved::Missing(path.to_owned())
            },
            digest: None,
            manifest_digest: None,
            manifest_size: None,
            manifest_samples: None,
        }
    }

    /// True if some list gives its digest.
    pub(super) fn has_digest(&self) -> bool {
        self.digest.is_some() || self.manifest_digest.is_some()
    }

    /// True if both name one file, or would if it were there.
    fn same_file(&self, other: &Self) -> bool {
        match (&self.resolved, &other.resolved) {
            (Resolved::Missing(a), Resolved::Missing(b)) => a.file_name() == b.file_name(),
            (a, b) => a == b && *a != Resolved::Outside,
        }
    }

    pub(super) fn file(&self) -> Option<&Path> {
        match &self.resolved {
            Resolved::File(file) => Some(file),
            Resolved::Missing(_) | Resolved::Outside => None,
        }
    }

    pub(super) fn judge(&self, read: Option<Result<(Digest, u64), &Error>>) -> ShardResult {
        let mut result = ShardResult {
            path_as_listed: self.listed.clone().into_owned(),
            file: self.file().map(Path::to_owned),
            outcome: Outcome::OpenOrRead,
            reason: None,
            code: Some(reason::UNREADABLE),
            expected: self.digest,
            found: None,
            size: None,
            samples: None,
        };
        let (found, size) = match (read, &self.resolved) {
            (Some(Ok(read)), _) => read,
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
        (result.code, result.reason) = self.objection(found, size).unzip();
        result.outcome = if result.reason.is_some() { Outcome::Failed } else { Outcome::Ok };
        result
    }

    /// What is wrong with a file of this digest and size: code and words.
    fn objection(&self, found: Digest, size: u64) -> Option<(&'static str, String)> {
        if let Some(expected) = self.digest.filter(|expected| *expected != found) {
            return Some((reason::DIGEST, format!("SHA-256 is {found}, expected {expected}")));
        }
        if let Some(other) = self.manifest_digest.filter(|other| *other != found) {
            let words = format!("SHA-256 is {found} as in the sums, but the manifest says {other}");
            return Some((reason::LISTS, words));
        }
        let expected = self.manifest_size.filter(|expected| *expected != size)?;
        Some((reason::SIZE, format!("the file has {size} bytes, the manifest says {expected}")))
    }
}
