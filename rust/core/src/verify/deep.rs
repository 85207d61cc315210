//! One read of every shard for all that is to be known of it: digest, structure, and whether its images decode.
//!
//! The calling thread reads, hashes and walks; the pool's threads decode payloads that were cut from the same chunks.

use std::{cell::RefCell, collections::VecDeque, fs::File, path::Path, sync::Arc};

use serde_json::Value;

use crate::{
    codec::{Codec, MANY_PIXELS},
    digest::{Digest, Hasher},
    disk,
    error::{Error, Kind, Result},
    fault::ImageFault,
    pool::{Cancel, Pool, Stash},
    shard,
    verify::{
        problem::{code_of, reason},
        survey::{Damage, Member, Payload, Survey, is_json},
    },
};

/// Bytes read at a time, whole blocks: what is hashed, walked and copied from is then still in the cache.
const CHUNK: usize = 256 << 10;

/// What a member's payload is, as far as it was looked into.
#[derive(Debug, Clone, Default)]
pub(super) struct Inside {
    /// Why it is bad, or a warning: code and words.
    pub(super) objection: Option<(&'static str, String)>,
    /// What a JSON member says of its sample.
    pub(super) card: Option<Card>,
}

/// What the JSON of a sample says of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Card {
    pub(super) sample_key: Option<String>,
    pub(super) num_expressions: Option<u64>,
    pub(super) fields: Vec<String>,
}

/// All that one read of a shard found.
#[derive(Debug)]
pub(super) struct Surveyed {
    pub(super) digest: Digest,
    pub(super) size: u64,
    pub(super) members: Vec<Member>,
    /// For each member.
    pub(super) inside: Vec<Inside>,
    pub(super) damage: Vec<Damage>,
    /// The file was another size at the end than at the start.
    pub(super) changed: bool,
}

/// Reads all files, one after the other, each on all threads; one result a file, in order. `progress` gets bytes as they
/// are read.
///
/// # Errors
/// Only `Cancelled` and `Internal`.
pub(super) fn of_files(
    files: &[&Path],
    pool: &Pool,
    cancel: &Cancel<'_>,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Vec<Result<Surveyed>>> {
    let mut feed = Feed { files, next: 0, open: None, found: Vec::new(), ready: VecDeque::new() };
    let spare = RefCell::new(Vec::new());
    let mut chunk = vec![0; CHUNK];
    let mut verdicts: Vec<(usize, usize, Inside)> = Vec::new();
    let source = || feed.next(&mut chunk, &spare, cancel, progress);
    let work = |codec: &mut Codec, item: Item| {
        let inside = look_into(codec, &item);
        Ok((item.file, item.payload.member, inside, item.payload.bytes))
    };
    let sink = |(file, member, inside, bytes): (usize, usize, Inside, Vec<u8>)| {
        spare.borrow_mut().push(bytes);
        if inside.objection.is_some() || inside.card.is_some() {
            verdicts.push((file, member, inside));
        }
        Ok(())
    };
    pool.ordered(2 * pool.threads() + 2, &Stash::<Codec>::new(), cancel, source, work, sink)?;
    let mut found = feed.found;
    for (file, member, inside) in verdicts {
        if let Some(Ok(surveyed)) = found.get_mut(file)
            && let Some(place) = surveyed.inside.get_mut(member)
        {
            *place = inside;
        }
    }
    Ok(found)
}

/// A payload and where it comes from.
struct Item {
    file: usize,
    json: bool,
    payload: Payload,
}

fn look_into(codec: &mut Codec, item: &Item) -> Inside {
    if item.json {
        return match serde_json::from_slice(&item.payload.bytes) {
            Ok(json) => Inside { card: Some(Card::of(&json)), ..Inside::default() },
            Err(e) => Inside { objection: Some((reason::JSON, e.to_string())), ..Inside::default() },
        };
    }
    let objection = match codec.check(&item.payload.bytes, 2 * MANY_PIXELS) {
        Ok(report) => report.warnings.map(|(words, count)| {
            let more = if count > 1 { format!(", and {} more", count - 1) } else { String::new() };
            let fault = ImageFault::Warning(words + &more);
            (fault.code(), fault.to_string())
        }),
        Err(error) => Some((code_of(error.kind()), error.kind().to_string())),
    };
    Inside { objection, ..Inside::default() }
}

impl Card {
    fn of(json: &Value) -> Self {
        let listed = json["expressions"].as_array().map(Vec::as_slice).unwrap_or_default();
        Self {
            sample_key: json["sample_key"].as_str().map(str::to_owned),
            num_expressions: json["num_expressions"].as_u64(),
            fields: listed.iter().filter_map(|row| row["field"].as_str().map(str::to_lowercase)).collect(),
        }
    }
}

/// The files from the first byte of the first to the last of the last.
struct Feed<'a> {
    files: &'a [&'a Path],
    next: usize,
    open: Option<Open<'a>>,
    found: Vec<Result<Surveyed>>,
    ready: VecDeque<Item>,
}

struct Open<'a> {
    path: &'a Path,
    file: Arc<File>,
    offset: u64,
    hasher: Hasher,
    survey: Survey,
    /// Bytes when it was opened.
    size: u64,
}

impl<'a> Feed<'a> {
    fn next(
        &mut self,
        chunk: &mut [u8],
        spare: &RefCell<Vec<Vec<u8>>>,
        cancel: &Cancel<'_>,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<Option<Item>> {
        loop {
            if let Some(item) = self.ready.pop_front() {
                return Ok(Some(item));
            }
            cancel.check()?;
            let Some(mut open) = self.open.take() else {
                let Some(&path) = self.files.get(self.next) else { return Ok(None) };
                self.next += 1;
                match Open::new(path) {
                    Ok(open) => self.open = Some(open),
                    Err(error) => self.found.push(Err(error)),
                }
                continue;
            };
            match disk::pread(&open.file, chunk, open.offset) {
                Ok(got) => {
                    self.pass(&mut open, chunk.get(..got).unwrap_or_default(), spare);
                    progress(got as u64);
                    if got < chunk.len() {
                        self.found.push(open.end());
                    } else {
                        self.open = Some(open);
                    }
                }
                Err(e) => self.found.push(Err(Error::io(open.path, e))),
            }
        }
    }

    fn pass(&mut self, open: &mut Open<'a>, bytes: &[u8], spare: &RefCell<Vec<Vec<u8>>>) {
        open.hasher.update(bytes);
        let file = self.found.len();
        let mut complete = Vec::new();
        open.survey.take(bytes, open.offset, &mut spare.borrow_mut(), |payload| complete.push(payload));
        for payload in complete {
            let json = open.survey.members.get(payload.member).is_some_and(|member| is_json(&member.field()));
            self.ready.push_back(Item { file, json, payload });
        }
        open.offset += bytes.len() as u64;
    }
}

impl<'a> Open<'a> {
    fn new(path: &'a Path) -> Result<Self> {
        let (file, size) = shard::open_regular(path)?;
        let file = Arc::new(file);
        let survey = Survey::new(path, Arc::clone(&file), size);
        Ok(Self { path, file, offset: 0, hasher: Hasher::default(), survey, size })
    }

    fn end(mut self) -> Result<Surveyed> {
        self.survey.finish();
        if let Some(error) = self.survey.failed.take() {
            return Err(match error.kind() {
                Kind::Io { .. } => error,
                kind => Error::data(kind.to_string()).in_shard(self.path),
            });
        }
        let members = std::mem::take(&mut self.survey.members);
        Ok(Surveyed {
            digest: self.hasher.finish(),
            size: self.offset,
            inside: vec![Inside::default(); members.len()],
            members,
            damage: std::mem::take(&mut self.survey.damage),
            changed: self.offset != self.size,
        })
    }
}
