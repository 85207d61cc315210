//! Making an index: from a file's headers, from bytes, or from chunks of a file that is read anyway.

use std::{collections::HashSet, fs::File, path::Path, sync::Arc};

use crate::{
    error::{Error, Result},
    fault::TarFault,
    index::{End, Index, NO_KEY, Policy, lower, same_field, split_key},
    key::mark,
    pool::{Cancel, Pool, Stash},
    tar::{
        blocks::{Blocks, ChunkBlocks, FileBlocks},
        read::{Entry, Reader, Walk},
    },
};

/// Members between two questions whether to stop: well under a millisecond where headers are in memory.
const PATIENCE: usize = 1024;

impl Index {
    /// Indexes a shard by its headers alone.
    ///
    /// # Errors
    /// [`crate::error::Kind::Tar`] with the offset, `Io`.
    pub fn of_file(path: &Path, policy: Policy) -> Result<Self> {
        Self::of_file_unless(path, policy, &|| Ok(()))
    }

    /// As [`Index::of_file`]; `go_on` is asked now and then whether to.
    ///
    /// # Errors
    /// Those of [`Index::of_file`] and of `go_on`.
    pub fn of_file_unless(path: &Path, policy: Policy, go_on: &dyn Fn() -> Result<()>) -> Result<Self> {
        let read = Reader::open(path, policy).and_then(|reader| Self::of_reader(reader, go_on));
        read.map_err(|e| if e.is_cancelled() { e } else { e.in_shard(path) })
    }

    /// Indexes whole members cut out of a shard at `base_offset`, a sample's span for instance. Offsets are the
    /// shard's. No end marker is due after them.
    ///
    /// # Errors
    /// [`crate::error::Kind::Tar`] with the offset.
    pub fn of_bytes(bytes: &[u8], base_offset: u64, policy: Policy) -> Result<Self> {
        Self::of_reader(Reader::of_bytes(bytes, base_offset, policy), &|| Ok(()))
    }

    /// Indexes members that are known already, in order.
    ///
    /// # Errors
    /// [`crate::error::Kind::Tar`] if a sample has a field twice, or is in two places.
    pub(crate) fn of_entries<'a>(file_size: u64, entries: impl Iterator<Item = Entry<'a>>) -> Result<Self> {
        let (mut index, mut ascending) = (Self::empty(file_size), true);
        for entry in entries {
            ascending &= index.push(&entry)?;
        }
        index.finish(None, Vec::new(), ascending)
    }

    pub(super) fn of_reader<B: Blocks>(
        mut reader: Reader<B>,
        go_on: &dyn Fn() -> Result<()>,
    ) -> Result<Self> {
        let mut index = Self::empty(reader.size());
        let mut ascending = true;
        while let Some(entry) = reader.next_entry()? {
            ascending &= index.push(&entry)?;
            if index.len().is_multiple_of(PATIENCE) {
                go_on()?;
            }
        }
        let end = reader.end();
        index.finish(end, reader.into_skipped(), ascending)
    }

    fn finish(mut self, end: Option<End>, skipped: Vec<(TarFault, u64)>, ascending: bool) -> Result<Self> {
        self.end = end.unwrap_or(End::Missing);
        self.skipped = skipped;
        self.check_fields(self.samples.len().wrapping_sub(1))?;
        if !ascending {
            self.sort_keys()?;
        }
        Ok(self)
    }

    pub(crate) fn empty(file_size: u64) -> Self {
        Self {
            header_offset: Vec::new(),
            data_offset: Vec::new(),
            size: Vec::new(),
            names: Vec::new(),
            name_end: Vec::new(),
            key_len: Vec::new(),
            samples: Vec::new(),
            end: End::Missing,
            file_size,
            skipped: Vec::new(),
            by_key: None,
        }
    }

    /// Appends a member; false if it starts a sample whose key does not come after the one before.
    fn push(&mut self, entry: &Entry<'_>) -> Result<bool> {
        let member = self.size.len() as u32;
        let key = split_key(entry.name).map(|(key, _)| key);
        self.names.extend_from_slice(entry.name);
        let Some(name_end) = u32::try_from(self.names.len()).ok().filter(|_| member < u32::MAX - 1) else {
            return Err(Error::tar(TarFault::HeaderLimit, entry.header_offset));
        };
        self.header_offset.push(entry.header_offset);
        self.data_offset.push(entry.data_offset);
        self.size.push(entry.size);
        self.name_end.push(name_end);
        self.key_len.push(key.map_or(NO_KEY, |key| key.len() as u32));
        let Some(key) = key else { return Ok(true) };
        let last = self.samples.len().wrapping_sub(1);
        let order = if self.samples.is_empty() { std::cmp::Ordering::Less } else { self.key(last).cmp(key) };
        if order.is_eq() {
            if let Some(sample) = self.samples.last_mut() {
                sample.end = member + 1;
            }
            return Ok(true);
        }
        self.check_fields(last)?;
        self.samples.push(member..member + 1);
        Ok(order.is_lt())
    }

    /// Refuses a sample that has a field twice.
    fn check_fields(&self, sample: usize) -> Result<()> {
        let members = self.members(sample);
        let duplicate = |member: usize| {
            let offset = self.header_offset.get(member).copied().unwrap_or(0);
            Err(Error::tar(TarFault::Duplicate, offset).in_member(self.name(member)))
        };
        let mut marks = [0; 16];
        if members.len() <= marks.len() {
            for (number, member) in members.clone().enumerate() {
                let Some(field) = self.field(member) else { continue };
                let (mark, (earlier, rest)) = (mark(field), marks.split_at_mut(number));
                let same = |m: usize| self.field(m).is_some_and(|other| same_field(other, field));
                if earlier.contains(&mark) && (members.start..member).any(same) {
                    return duplicate(member);
                }
                if let Some(place) = rest.first_mut() {
                    *place = mark;
                }
            }
            return Ok(());
        }
        let mut seen = HashSet::with_capacity(members.len());
        for member in members {
            if self.field(member).is_some_and(|field| !seen.insert(lower(field))) {
                return duplicate(member);
            }
        }
        Ok(())
    }

    /// Makes the order by key; refuses a key that comes again after another.
    pub(super) fn sort_keys(&mut self) -> Result<()> {
        let mut order: Vec<u32> = (0..self.samples.len() as u32).collect();
        order.sort_unstable_by(|&a, &b| self.key(a as usize).cmp(self.key(b as usize)).then(a.cmp(&b)));
        let pairs = order.iter().zip(order.iter().skip(1));
        let again = pairs.filter(|&(&a, &b)| self.key(a as usize) == self.key(b as usize)).map(|(_, &b)| b);
        if let Some(sample) = again.min() {
            let member = self.members(sample as usize).start;
            let offset = self.header_offset.get(member).copied().unwrap_or(0);
            return Err(Error::tar(TarFault::Scattered, offset).in_member(self.name(member)));
        }
        self.by_key = Some(order);
        Ok(())
    }
}

/// An index that is made as a file's chunks come by, all of them and in order. Only headers that lie across the end of a
/// chunk are read a second time.
#[derive(Debug)]
pub struct Builder {
    walk: Walk,
    file: FileBlocks,
    index: Index,
    ascending: bool,
    /// The first error, after which nothing is looked at.
    failed: Option<Error>,
}

impl Builder {
    /// For that open file of that size.
    pub fn new(path: &Path, file: Arc<File>, size: u64, policy: Policy) -> Self {
        let file = FileBlocks::new(file, path, size);
        Self { walk: Walk::new(policy), file, index: Index::empty(size), ascending: true, failed: None }
    }

    /// Takes the bytes from `start`.
    pub fn take(&mut self, chunk: &[u8], start: u64) {
        let end = start + chunk.len() as u64;
        // Most chunks lie inside a payload.
        if self.walk.offset() < end && self.failed.is_none() {
            let mut blocks = ChunkBlocks { chunk, start, file: &mut self.file };
            self.failed =
                walk_to(end, &mut self.walk, &mut blocks, &mut self.index, &mut self.ascending).err();
        }
    }

    /// The index, once all `size` bytes were taken.
    ///
    /// # Errors
    /// Those of [`Index::of_file`], and `Data` if the file's size changed since it was opened.
    pub fn finish(mut self, path: &Path, size: u64) -> Result<Index> {
        let built = match self.failed {
            Some(error) => Err(error),
            None if size != self.index.file_size => {
                let words = format!("the file had {} bytes and then {size}", self.index.file_size);
                Err(Error::data(words))
            }
            None => {
                let (walk, file) = (&mut self.walk, &mut self.file);
                walk_to(u64::MAX, walk, file, &mut self.index, &mut self.ascending).and_then(|()| {
                    let end = self.walk.end();
                    self.index.finish(end, self.walk.into_skipped(), self.ascending)
                })
            }
        };
        built.map_err(|e| e.in_shard(path))
    }
}

/// Takes the entries whose first header lies before `end`.
fn walk_to<B: Blocks>(
    end: u64,
    walk: &mut Walk,
    blocks: &mut B,
    index: &mut Index,
    ascending: &mut bool,
) -> Result<()> {
    while walk.offset() < end && walk.end().is_none() {
        if let Some(entry) = walk.next_entry(blocks)? {
            *ascending &= index.push(&entry)?;
        }
    }
    Ok(())
}

/// Indexes many shards, several at a time, in order.
///
/// # Errors
/// That of the earliest shard that fails, as [`Index::of_file`]; `Cancelled`.
pub fn of_files<P: AsRef<Path> + Sync>(
    paths: &[P],
    policy: Policy,
    pool: &Pool,
    cancel: &Cancel<'_>,
) -> Result<Vec<Index>> {
    let go_on = pool.go_on(cancel);
    pool.map(paths, &Stash::<()>::new(), cancel, |(), path| {
        Index::of_file_unless(path.as_ref(), policy, &go_on)
    })
}
