//! Every shard against what the release says of it; with `deep`, down to its pixels.
//!
//! ```text
//! lists ─claims─► files ─deep: one read─► digest, survey (members, damage), images ─samples─► problems ─► report
//! ```

mod claims;
mod deep;
pub mod problem;
mod receipt;
mod remember;
mod samples;
pub(crate) mod survey;
mod verdict;

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use crate::{
    digest::{self, Digest},
    error::{Error, Result},
    pool::{Cancel, Pool},
    release::Release,
    stamp,
};
use claims::Claim;
use deep::Surveyed;
pub use problem::{Fetch, Problem};
use receipt::{Receipt, Seen};
use samples::Promise;
pub use survey::is_checked;

/// What to verify, and how.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Folder that listed paths are relative to, instead of the release's root.
    pub base: Option<PathBuf>,
    /// Leave out listed files that are not there.
    pub ignore_missing: bool,
    /// Go on from shard to member to pixel.
    pub deep: bool,
    /// Let anomalies pass by which nothing is lost: they are reported as tolerated.
    pub lenient: bool,
    /// File that remembers what was verified.
    pub receipt: Option<PathBuf>,
    /// Keep the digests that were proved in the release's index file, and make that if all is well.
    pub index: bool,
    /// Folder for index files that cannot be written beside their release.
    pub cache: Option<PathBuf>,
}

/// The verdict on one listed file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Everything listed of it is so, and nothing is wrong inside.
    Ok,
    /// Its digest or size is another, the lists contradict each other, or something is wrong inside.
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
    /// The same as a stable code; `None` too where only something inside is wrong.
    pub code: Option<&'static str>,
    /// Listed digest.
    pub expected: Option<Digest>,
    /// Digest of what is there.
    pub found: Option<Digest>,
    /// Bytes of what is there.
    pub size: Option<u64>,
    /// Its samples, if it was looked into.
    pub samples: Option<Samples>,
}

/// The samples of a shard.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Samples {
    /// How many there are.
    pub count: u64,
    /// Keys of those with a problem, and of those that should be there.
    pub bad: Vec<String>,
    /// Keys of the others, if anything is wrong with the shard; else empty.
    pub good: Vec<String>,
}

/// The verdict on a release.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// A line for each line of the sums, then for each shard that only the manifest lists.
    pub lines: Vec<ShardResult>,
    /// What is wrong inside, by line, then by offset.
    pub problems: Vec<Problem>,
    /// What to fetch again.
    pub fetch: Vec<Fetch>,
    /// Shards that no list names, where there is a list.
    pub extra: Vec<PathBuf>,
    /// Line numbers of malformed lines in the sums.
    pub malformed: Vec<usize>,
    /// True if there is no list, or nothing in it that could be checked.
    pub nothing_to_check: bool,
    /// Files that a receipt stood for, which were not read.
    pub remembered: usize,
}

impl Report {
    /// True if every line is `Ok` and there was one.
    pub fn is_ok(&self) -> bool {
        !self.nothing_to_check && self.lines.iter().all(|line| line.outcome == Outcome::Ok)
    }
}

/// A file to be judged. One that is listed twice is read once.
struct File<'a> {
    path: &'a Path,
    /// Number of its release's source.
    source: usize,
    /// As it was before it was read.
    seen: Option<Seen>,
    state: State,
}

/// What is known of a file.
enum State {
    /// Not read yet.
    Unread,
    /// Only its bytes were hashed, or it could not be read.
    Hashed(Result<(Digest, u64)>),
    /// All of it was looked at.
    Surveyed(Box<Surveyed>),
    /// A receipt stands for it; with the keys of its samples, shortened, where it stands for these.
    Remembered(Digest, u64, Option<Vec<u64>>),
}

impl State {
    /// Digest and size, as far as they are known.
    fn read(&self) -> Option<Result<(Digest, u64), &Error>> {
        match self {
            Self::Unread => None,
            Self::Hashed(read) => Some(read.as_ref().copied()),
            Self::Surveyed(surveyed) => Some(Ok((surveyed.digest, surveyed.size))),
            Self::Remembered(digest, size, _) => Some(Ok((*digest, *size))),
        }
    }

    /// Its samples' keys, shortened, each once; none where it was not looked into.
    fn keys(&self) -> Vec<u64> {
        match self {
            Self::Surveyed(surveyed) => {
                samples::keys(surveyed).iter().map(|key| receipt::short(key)).collect()
            }
            Self::Remembered(_, _, keys) => keys.clone().unwrap_or_default(),
            Self::Unread | Self::Hashed(_) => Vec::new(),
        }
    }
}

/// Computes the digest of every listed file and compares; with `deep`, looks into it in the same read. `progress` gets
/// bytes as they are hashed, from any thread.
///
/// # Errors
/// `Data` and `Io` for a list of samples or a receipt that cannot be read, `Invalid` for a receipt that is none;
/// `Cancelled` and `Internal`. What is wrong with a shard is in the report.
pub fn verify(
    release: &Release,
    options: &Options,
    pool: &Pool,
    cancel: &Cancel<'_>,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Report> {
    let begun = stamp::now();
    let found = claims::of_release(release, options);
    let claims = found.claims;
    let mut receipt = options.receipt.as_deref().map(Receipt::open).transpose()?;
    let promises = if options.deep { promises(release)? } else { Vec::new() };
    let contexts: Vec<Option<Digest>> =
        promises.iter().map(|promise| promise.context(options.lenient)).collect();
    let context = |source: usize| contexts.get(source).copied().flatten();
    let (mut files, file_of) = files_of(&claims);

    if let Some(receipt) = &receipt {
        for file in &mut files {
            let Some(seen) = file.seen else { continue };
            let known = if options.deep {
                let known = context(file.source).and_then(|context| receipt.deep(seen, context));
                known.map(|(digest, keys)| (digest, Some(keys.to_vec())))
            } else {
                receipt.digest(seen).map(|digest| (digest, None))
            };
            if let Some((digest, keys)) = known {
                file.state = State::Remembered(digest, seen.stamp.size, keys);
                progress(seen.stamp.size);
            }
        }
    }
    read(&mut files, options.deep, pool, cancel, progress)?;
    if options.deep && doubt(&mut files) {
        read(&mut files, true, pool, cancel, progress)?;
    }

    let state_of = |claim: &Claim<'_>| {
        let number = claim.file().and_then(|file| file_of.get(file));
        number.and_then(|&number| files.get(number)).map(|file| &file.state)
    };
    let mut report = Report {
        lines: claims.iter().map(|claim| claim.judge(state_of(claim).and_then(State::read))).collect(),
        extra: found.extra,
        malformed: found.malformed,
        remembered: files.iter().filter(|file| matches!(file.state, State::Remembered(..))).count(),
        ..Report::default()
    };
    if options.deep {
        verdict::look_inside(&mut report, release, &promises, &claims, &files, options.lenient);
    }
    report.fetch = verdict::to_fetch(&report, &claims);
    report.nothing_to_check = report.lines.is_empty();
    if receipt.is_some() || options.index {
        let files = remember::of_files(&report, &claims, &files);
        if let Some(receipt) = &mut receipt {
            remember::in_receipt(receipt, &files, context);
            receipt.write()?;
        }
        if options.index {
            remember::in_index(release, &report, &files, begun, options.cache.as_deref(), (pool, cancel))?;
        }
    }
    Ok(report)
}

/// Reads the files that nothing is known of.
fn read(
    files: &mut [File<'_>],
    deep: bool,
    pool: &Pool,
    cancel: &Cancel<'_>,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<()> {
    let unread = |file: &&mut File<'_>| matches!(file.state, State::Unread);
    let todo: Vec<&mut File<'_>> = files.iter_mut().filter(unread).collect();
    let paths: Vec<&Path> = todo.iter().map(|file| file.path).collect();
    let states: Vec<State> = if deep {
        let surveyed = deep::of_files(&paths, pool, cancel, progress)?.into_iter();
        let state = |read: Result<Surveyed>| {
            read.map_or_else(|e| State::Hashed(Err(e)), |surveyed| State::Surveyed(Box::new(surveyed)))
        };
        surveyed.map(state).collect()
    } else {
        digest::of_files(&paths, pool, cancel, progress)?.into_iter().map(State::Hashed).collect()
    };
    for (file, state) in todo.into_iter().zip(states) {
        file.state = state;
    }
    Ok(())
}

/// Takes back what a receipt says of a file that has a key of another one's; true if there was any. Which of the samples of
/// a repeated key is told needs both files.
fn doubt(files: &mut [File<'_>]) -> bool {
    let mut counts: HashMap<(usize, u64), u32> = HashMap::new();
    for file in files.iter() {
        for key in file.state.keys() {
            *counts.entry((file.source, key)).or_default() += 1;
        }
    }
    let mut any = false;
    for file in files {
        let source = file.source;
        let repeated = |key: u64| counts.get(&(source, key)).is_some_and(|&count| count > 1);
        if matches!(file.state, State::Remembered(..)) && file.state.keys().into_iter().any(repeated) {
            (file.state, any) = (State::Unread, true);
        }
    }
    any
}

fn promises(release: &Release) -> Result<Vec<Promise>> {
    let of_source = |source: &crate::source::Source| {
        let manifest = source.manifest.as_ref().map(|manifest| &manifest.document);
        Ok(Promise::of(manifest, source.samples()?))
    };
    release.sources.iter().map(of_source).collect()
}

/// The files that claims lead to, each once, and the number of each.
fn files_of<'a>(claims: &'a [Claim<'_>]) -> (Vec<File<'a>>, HashMap<&'a Path, usize>) {
    let mut files: Vec<File<'a>> = Vec::new();
    let mut number_of: HashMap<&Path, usize> = HashMap::new();
    for claim in claims {
        let Some(path) = claim.file() else { continue };
        number_of.entry(path).or_insert_with(|| {
            files.push(File { path, source: claim.source, seen: Seen::of(path), state: State::Unread });
            files.len() - 1
        });
    }
    (files, number_of)
}
