//! Where the reader's blocks come from: bytes in memory or a file.

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use crate::{
    error::{Error, Result},
    shard,
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

/// A file read by `pread`: a little at each header while members are big, in long runs while they are small.
#[derive(Debug)]
pub struct FileBlocks {
    file: File,
    path: PathBuf,
    size: u64,
    buffer: Vec<u8>,
    /// Where `buffer` lies in the file.
    start: u64,
    /// Mean record of the last members.
    mean: u64,
}

impl FileBlocks {
    /// Covers a name record, its data and the member's own header in one call.
    const HOP: usize = 2048;
    const RUN: usize = 1 << 20;
    /// Mean record below which reading on is cheaper than a call a member.
    const SMALL: u64 = 24 << 10;

    /// That file of that size; the path is for errors.
    pub fn new(file: File, path: &Path, size: u64) -> Self {
        Self { file, path: path.to_owned(), size, buffer: Vec::new(), start: 0, mean: Self::SMALL * 2 }
    }
}

impl Blocks for FileBlocks {
    fn end(&self) -> u64 {
        self.size
    }
    fn at(&mut self, offset: u64, len: usize) -> Result<&[u8]> {
        let left = usize::try_from(self.size.saturating_sub(offset)).unwrap_or(usize::MAX);
        let len = len.min(left);
        let within = offset.checked_sub(self.start).and_then(|skip| usize::try_from(skip).ok());
        let buffered = within.and_then(|skip| Some(skip..skip.checked_add(len)?));
        // Looked up twice, because a borrow cannot be returned on one way and given up on the other.
        if let Some(range) = buffered.filter(|range| range.end <= self.buffer.len()) {
            return Ok(self.buffer.get(range).unwrap_or(&[]));
        }
        let window = if self.mean < Self::SMALL { Self::RUN } else { Self::HOP };
        self.buffer.resize(window.max(len).min(left), 0);
        self.start = offset;
        let got = shard::pread(&self.file, &mut self.buffer, offset).map_err(|e| Error::io(&self.path, e))?;
        self.buffer.truncate(got);
        Ok(self.buffer.get(..len).unwrap_or(&self.buffer))
    }
    fn passed(&mut self, record: u64) {
        self.mean = (self.mean / 8) * 7 + record.min(1 << 32) / 8;
    }
}
