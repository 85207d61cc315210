//! Where the reader's blocks come from: bytes in memory or a file.

use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    disk,
    error::{Error, Result},
};

/// Where blocks come from.
pub trait Blocks {
    /// Offset of the end of the data.
    fn end(&self) -> u64;
    /// The bytes from `offset`, `len` of them, fewer only at the end of the data.
    ///
    /// # Errors
    /// `Io`.
    fn at(&mut self, offset: u64, len: usize) -> Result<&[u8]>;
    /// Told the length of each member's record, from its first header to its padding.
    fn passed(&mut self, _record: u64) {}
}

/// Bytes in memory that lie at `base` in their archive.
#[derive(Debug)]
pub struct BytesBlocks<'a> {
    bytes: &'a [u8],
    base: u64,
}

impl<'a> BytesBlocks<'a> {
    /// Those bytes.
    pub fn new(bytes: &'a [u8], base: u64) -> Self {
        Self { bytes, base }
    }
}

impl Blocks for BytesBlocks<'_> {
    fn end(&self) -> u64 {
        self.base + self.bytes.len() as u64
    }
    fn at(&mut self, offset: u64, len: usize) -> Result<&[u8]> {
        let start = usize::try_from(offset.saturating_sub(self.base)).unwrap_or(usize::MAX);
        let rest = self.bytes.get(start..).unwrap_or(&[]);
        Ok(rest.get(..len).unwrap_or(rest))
    }
}

/// A file of which a chunk is in memory, for somebody who reads all of it anyway. What lies outside the chunk, the rest of a
/// header across its end mostly, is read by itself.
#[derive(Debug)]
pub struct ChunkBlocks<'a> {
    /// The bytes at hand.
    pub chunk: &'a [u8],
    /// Where they lie in the file.
    pub start: u64,
    /// The file.
    pub file: &'a mut FileBlocks,
}

impl Blocks for ChunkBlocks<'_> {
    fn end(&self) -> u64 {
        self.file.end()
    }
    fn at(&mut self, offset: u64, len: usize) -> Result<&[u8]> {
        let left = usize::try_from(self.file.size.saturating_sub(offset)).unwrap_or(usize::MAX);
        match within(self.chunk, self.start, offset, len.min(left)) {
            Some(bytes) => Ok(bytes),
            None => self.file.at(offset, len),
        }
    }
}

/// `len` bytes from `offset`, if all of them are among those that lie at `start`.
fn within(bytes: &[u8], start: u64, offset: u64, len: usize) -> Option<&[u8]> {
    let skip = usize::try_from(offset.checked_sub(start)?).ok()?;
    bytes.get(skip..skip.checked_add(len)?)
}

/// A file read by `pread`: a little at each header while members are big, in long runs while they are small.
#[derive(Debug)]
pub struct FileBlocks {
    file: Arc<File>,
    path: PathBuf,
    size: u64,
    buffer: Vec<u8>,
    /// Where `buffer` lies in the file.
    start: u64,
    /// Where the member in hand begins, once its first block was asked for, and how far from there was asked.
    member: Option<u64>,
    needed: usize,
    /// What to read at the next member: as much as the last one needed, as every line of it misses all caches.
    hop: usize,
    /// Mean record of the last members.
    mean: u64,
    /// Up to where nothing is read ahead, as something there cannot be read.
    broken: u64,
}

impl FileBlocks {
    /// Covers a name record, its data and the member's own header in one call.
    const HOP: usize = 2048;
    const RUN: usize = 1 << 20;
    /// Mean record below which reading on is cheaper than a call a member.
    const SMALL: u64 = 24 << 10;

    /// That file of that size; the path is for errors.
    pub fn new(file: Arc<File>, path: &Path, size: u64) -> Self {
        Self {
            file,
            path: path.to_owned(),
            size,
            buffer: Vec::new(),
            start: 0,
            member: None,
            needed: 0,
            hop: Self::HOP,
            mean: Self::SMALL * 2,
            broken: 0,
        }
    }

    /// Has the bytes from `offset` in the buffer, `len` of them unless the file ends; none after an error.
    fn read(&mut self, offset: u64, len: usize) -> Result<()> {
        self.buffer.resize(len, 0);
        self.start = offset;
        let read = disk::pread(&self.file, &mut self.buffer, offset);
        self.buffer.truncate(*read.as_ref().unwrap_or(&0));
        read.map(drop).map_err(|e| Error::io(&self.path, e).at_offset(offset))
    }
}

impl Blocks for FileBlocks {
    fn end(&self) -> u64 {
        self.size
    }
    fn at(&mut self, offset: u64, len: usize) -> Result<&[u8]> {
        let left = usize::try_from(self.size.saturating_sub(offset)).unwrap_or(usize::MAX);
        let len = len.min(left);
        let member = *self.member.get_or_insert(offset);
        self.needed = self.needed.max((offset.saturating_sub(member) as usize).saturating_add(len));
        // Looked up twice, because a borrow cannot be returned on one way and given up on the other.
        if within(&self.buffer, self.start, offset, len).is_some() {
            return Ok(within(&self.buffer, self.start, offset, len).unwrap_or(&[]));
        }
        let window = match self.mean < Self::SMALL {
            _ if offset < self.broken => len,
            true => Self::RUN,
            false if offset == member => self.hop,
            false => Self::HOP,
        };
        let window = window.max(len).min(left);
        if let Err(error) = self.read(offset, window) {
            if window == len {
                return Err(error);
            }
            // What was to be read ahead may be a payload, which a walk does without.
            self.broken = offset.saturating_add(window as u64);
            self.read(offset, len)?;
        }
        Ok(self.buffer.get(..len).unwrap_or(&self.buffer))
    }
    fn passed(&mut self, record: u64) {
        self.hop = self.needed.clamp(512, Self::HOP);
        (self.member, self.needed) = (None, 0);
        self.mean = (self.mean / 8) * 7 + record.min(1 << 32) / 8;
    }
}
