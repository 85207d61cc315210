//! Parts: source shards read once from start to end, hashed on the way, their samples made anew on the pool
//! and written in order.
//!
//! The calling thread reads, hashes and writes; the pool's threads decode, resize and encode. What is in
//! flight is bounded by the window, so memory does not grow with the shard.

use std::{
    cell::RefCell,
    collections::VecDeque,
    path::{Path, PathBuf},
};

use crate::{
    digest::{Digest, Hasher},
    error::{Error, Kind, Result},
    reshard::{
        Tools,
        journal::{Journal, PartReceipt, SampleReceipt},
        plan::{Picked, Plan},
        transform::{Made, Raw, Scratch, Transform},
    },
    shard::Shard,
    writer::AtomicFile,
};

/// Bytes that may be in flight: samples read, being made, or waiting for their turn.
const IN_FLIGHT: u64 = 128 << 20;
/// Bytes read at a time where there is nothing to make of them but a digest.
const GAP: u64 = 1 << 20;

/// Where a part lies in the work folder.
pub(super) fn part_path(work: &Path, part: usize) -> PathBuf {
    work.join("parts").join(format!("{part:06}.part"))
}

/// What goes through the pipeline, in the order of the sources.
enum Item<S> {
    Begin(usize),
    Sample(S),
    /// The part's last sample came before; the digest is that of the source from its start to here.
    End(usize, Digest),
    /// A source was read to its end and is what its release says.
    Read(usize, Digest),
}

/// Makes the parts of these sources that are to be made, and checks the sources' digests. One pipeline for all of them: no
/// thread waits at a source's end.
///
/// # Errors
/// `Digest` if a source is not what its release says; `Io`, `Tar`, `Image`, `Cancelled`. Parts noted in
/// the journal before the error stand: each proves by itself which bytes it was made from.
pub(super) fn make(
    plan: &Plan,
    sources: &[(usize, Vec<usize>)],
    work: &Path,
    journal: &mut Journal,
    tools: &Tools<'_>,
) -> Result<()> {
    let transform = Transform::new(&plan.options)?;
    let spent = RefCell::new(Vec::new());
    let mut feeds: VecDeque<Feed<'_>> =
        sources.iter().map(|(source, todo)| Feed::new(plan, *source, todo, journal)).collect();
    let mut writer = PartWriter { work, journal, tools, open: None, spent: &spent };
    let threads = tools.pool.threads();
    let window = sources.iter().map(|&(source, _)| window(plan, source, threads)).min().unwrap_or(1);
    let feed = || {
        let Some(feed) = feeds.front_mut() else { return Ok(None) };
        let item = feed.next(&spent, tools).map_err(|error| error.in_shard(feed.shard.path()))?;
        if matches!(item, Item::Read(..)) {
            feeds.pop_front();
        }
        Ok(Some(item))
    };
    let make_item = |scratch: &mut Scratch, item: Item<(&Path, Raw)>| {
        Ok(match item {
            Item::Sample((source, raw)) => {
                Item::Sample(transform.apply(scratch, raw).map_err(|error| error.in_shard(source))?)
            }
            Item::Begin(part) => Item::Begin(part),
            Item::End(part, prefix) => Item::End(part, prefix),
            Item::Read(source, digest) => Item::Read(source, digest),
        })
    };
    tools.pool.ordered(window, tools.stash, tools.cancel, feed, make_item, |item| writer.take(item))
}

/// As many samples as the bytes in flight allow, and not more than keep every thread busy; beginnings and ends count too.
fn window(plan: &Plan, source: usize, threads: usize) -> usize {
    let index = plan.sources[source].shard.index();
    let largest = (0..index.samples.len()).map(|s| index.span(s)).map(|span| span.end - span.start).max();
    // A sample is there twice: as read and as made.
    let fitting = IN_FLIGHT / (2 * largest.unwrap_or(1)).max(1);
    (fitting as usize).clamp(1, 4 * threads)
}

enum Step {
    Begin(usize),
    /// Read a sample; hash it too unless it was hashed before.
    Sample {
        picked: usize,
        hash: bool,
    },
    End(usize),
    /// Hash up to the end of a sample whose part is there already.
    Pass(usize),
    /// Compare the source so far with what the part was made from.
    Check(usize),
}

/// Reads a source from start to end and says what is to be done with it.
struct Feed<'a> {
    plan: &'a Plan,
    shard: &'a Shard,
    source: usize,
    steps: VecDeque<Step>,
    prefixes: Vec<(usize, Digest)>,
    hasher: Hasher,
    hashed: u64,
    gap: Vec<u8>,
}

impl<'a> Feed<'a> {
    fn new(plan: &'a Plan, source: usize, todo: &[usize], journal: &Journal) -> Self {
        let mut steps = VecDeque::new();
        let mut prefixes = Vec::new();
        for (number, part) in plan.parts.iter().enumerate().filter(|(_, part)| part.source == source) {
            match journal.parts.get(&number) {
                Some(receipt) if !todo.contains(&number) => {
                    steps.extend(part.samples.clone().map(Step::Pass));
                    steps.push_back(Step::Check(number));
                    prefixes.push((number, receipt.source_prefix));
                }
                _ => {
                    steps.push_back(Step::Begin(number));
                    steps.extend(part.samples.clone().map(|picked| Step::Sample { picked, hash: true }));
                    steps.push_back(Step::End(number));
                }
            }
        }
        Self {
            plan,
            shard: &plan.sources[source].shard,
            source,
            steps,
            prefixes,
            hasher: Hasher::default(),
            hashed: 0,
            gap: Vec::new(),
        }
    }

    /// What comes next; `Read` is the last.
    fn next(&mut self, spent: &RefCell<Vec<Vec<u8>>>, tools: &Tools<'_>) -> Result<Item<(&'a Path, Raw)>> {
        while let Some(step) = self.steps.pop_front() {
            match step {
                Step::Begin(part) => return Ok(Item::Begin(part)),
                Step::End(part) => return Ok(Item::End(part, self.hasher.clone().finish())),
                Step::Pass(picked) => self.hash_to(self.span(picked).end, tools)?,
                Step::Sample { picked, hash } => {
                    let span = self.span(picked);
                    let mut bytes = spent.borrow_mut().pop().unwrap_or_default();
                    if hash {
                        self.hash_to(span.start, tools)?;
                    }
                    self.shard.read_into(span.start, (span.end - span.start) as usize, &mut bytes)?;
                    if hash {
                        self.hasher.update(&bytes);
                        self.hashed = span.end;
                    }
                    let key = self.plan.key(picked).to_owned();
                    return Ok(Item::Sample((self.shard.path(), Raw { bytes, offset: span.start, key })));
                }
                Step::Check(part) => self.check(part),
            }
        }
        Ok(Item::Read(self.source, self.finish(tools)?))
    }

    fn span(&self, picked: usize) -> std::ops::Range<u64> {
        let Picked { sample, .. } = self.plan.picked[picked];
        self.shard.index().span(sample)
    }

    /// A part made from other bytes than these is made again. Its bytes are hashed already.
    fn check(&mut self, part: usize) {
        let now = self.hasher.clone().finish();
        if self.prefixes.iter().any(|(number, then)| *number == part && *then == now) {
            return;
        }
        self.steps.push_front(Step::End(part));
        for picked in self.plan.parts[part].samples.clone().rev() {
            self.steps.push_front(Step::Sample { picked, hash: false });
        }
        self.steps.push_front(Step::Begin(part));
    }

    fn hash_to(&mut self, end: u64, tools: &Tools<'_>) -> Result<()> {
        while self.hashed < end {
            let len = (end - self.hashed).min(GAP);
            self.shard.read_into(self.hashed, len as usize, &mut self.gap)?;
            self.hasher.update(&self.gap);
            self.hashed += len;
            tools.cancel.check()?;
        }
        Ok(())
    }

    /// Hashes what follows the last sample and judges the whole.
    fn finish(&mut self, tools: &Tools<'_>) -> Result<Digest> {
        let size = self.shard.index().file_size;
        self.hash_to(size, tools)?;
        let path = self.shard.path();
        let now = std::fs::metadata(path).map_err(|e| Error::io(path, e))?.len();
        if now != size {
            return Err(Error::data("the shard changed while it was being read").at_offset(now.min(size)));
        }
        let found = self.hasher.clone().finish();
        let expected = self.plan.sources[self.source].expected.filter(|_| self.plan.options.verify);
        if let Some(expected) = expected.filter(|expected| *expected != found) {
            let kind = Kind::Digest { expected: expected.to_string(), found: found.to_string() };
            return Err(Error::new(kind)
                .with_hint("fetch the shard again and repeat the command: it goes on from here"));
        }
        Ok(found)
    }
}

/// Takes what was made, in order, and publishes a part whenever one is whole.
struct PartWriter<'a, 'j> {
    work: &'a Path,
    journal: &'j mut Journal,
    tools: &'a Tools<'a>,
    open: Option<Open>,
    spent: &'a RefCell<Vec<Vec<u8>>>,
}

struct Open {
    file: AtomicFile,
    samples: Vec<SampleReceipt>,
    encoded: u64,
    resampled_chroma: u64,
    through_rgb: u64,
}

impl PartWriter<'_, '_> {
    fn take(&mut self, item: Item<Made>) -> Result<()> {
        match item {
            Item::Begin(part) => {
                let file = AtomicFile::create(&part_path(self.work, part))?;
                self.open =
                    Some(Open { file, samples: Vec::new(), encoded: 0, resampled_chroma: 0, through_rgb: 0 });
            }
            Item::Sample(made) => {
                if let Some(open) = &mut self.open {
                    open.file.append(&made.bytes)?;
                    open.encoded += made.encoded;
                    open.resampled_chroma += made.resampled_chroma;
                    open.through_rgb += made.through_rgb;
                    let receipt = SampleReceipt {
                        len: made.bytes.len() as u64,
                        images: made.images,
                        identity: made.identity,
                        left_out: made.left_out,
                    };
                    open.samples.push(receipt);
                    self.tools.progress.add(u64::from(made.images));
                }
                self.spent.borrow_mut().push(made.spent);
            }
            Item::End(part, prefix) => {
                if let Some(open) = self.open.take() {
                    // Not synced: a part is hashed again before a later run believes it.
                    let (digest, _) = open.file.publish_unsynced()?;
                    self.journal.part(PartReceipt {
                        part,
                        sha256: digest,
                        source_prefix: prefix,
                        samples: open.samples,
                        encoded: open.encoded,
                        resampled_chroma: open.resampled_chroma,
                        through_rgb: open.through_rgb,
                    })?;
                }
            }
            Item::Read(source, digest) => self.journal.source(source, digest)?,
        }
        Ok(())
    }
}
