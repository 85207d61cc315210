//! Making an index: from a file's headers, from bytes, or of another index's members.

use std::{collections::HashSet, path::Path};

use crate::{
    error::{Error, Result},
    fault::TarFault,
    index::{End, Index, NO_KEY, Policy, lower, same_field, split_key},
    key::mark,
    tar::{
        blocks::Blocks,
        read::{Entry, Reader},
    },
};

/// Members between two questions whether to stop: well under a millisecond where headers are in memory.
pub(super) const PATIENCE: usize = 1024;

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

    pub(super) fn finish(
        mut self,
        end: Option<End>,
        skipped: Vec<(TarFault, u64)>,
        ascending: bool,
    ) -> Result<Self> {
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
    pub(super) fn push(&mut self, entry: &Entry<'_>) -> Result<bool> {
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

    /// Appends what another index of the same file has from its member `first` on; false if a sample's key does not come after the
    /// one before.
    pub(super) fn append(&mut self, other: &Self, first: usize) -> Result<bool> {
        // A sample may begin here and end there. From the end of the first that is whole there, columns can be taken as they are.
        let whole = other.samples.partition_point(|members| (members.start as usize) < first);
        let next = other.samples.get(whole).map_or(other.len(), |members| members.end as usize);
        let names = other.name_end.get(next.wrapping_sub(1)).map_or(0, |&end| end as usize);
        let fits = u32::try_from(self.names.len() + other.names.len()).is_ok()
            && u32::try_from(self.len() + other.len()).is_ok();
        let mut ascending = true;
        for member in first..if fits { next } else { other.len() } {
            ascending &= self.push(&other.entry(member))?;
        }
        if fits && next < other.len() {
            self.check_fields(self.samples.len().wrapping_sub(1))?;
            // Forth or back: wrapping either way.
            let members = (self.len() as u32).wrapping_sub(next as u32);
            let bytes = (self.names.len() as u32).wrapping_sub(names as u32);
            let samples = other.samples.iter().skip(whole + 1);
            self.samples
                .extend(samples.map(|at| at.start.wrapping_add(members)..at.end.wrapping_add(members)));
            self.names.extend_from_slice(rest(&other.names, names));
            self.name_end.extend(rest(&other.name_end, next).iter().map(|end| end.wrapping_add(bytes)));
            self.header_offset.extend_from_slice(rest(&other.header_offset, next));
            self.data_offset.extend_from_slice(rest(&other.data_offset, next));
            self.size.extend_from_slice(rest(&other.size, next));
            self.key_len.extend_from_slice(rest(&other.key_len, next));
        }
        Ok(ascending)
    }

    /// A member as the archive lists it.
    fn entry(&self, member: usize) -> Entry<'_> {
        let of = |column: &[u64]| column.get(member).copied().unwrap_or(0);
        let (header_offset, data_offset) = (of(&self.header_offset), of(&self.data_offset));
        Entry { header_offset, data_offset, size: of(&self.size), name: self.name(member) }
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

fn rest<T>(column: &[T], from: usize) -> &[T] {
    column.get(from..).unwrap_or(&[])
}
