//! A shard open for reading: one contiguous `pread` a sample, into the caller's buffer.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    error::{Error, Result},
    index::{Index, Policy},
};

/// An indexed shard. Cheap to share between threads; reads do not move a file position.
#[derive(Debug)]
pub struct Shard {
    path: PathBuf,
    index: Arc<Index>,
}

impl Shard {
    /// Opens and indexes a shard.
    ///
    /// # Errors
    /// `Io`, `Tar`.
    pub fn open(_path: &Path, _policy: Policy) -> Result<Self> {
        Err(Error::invalid("not built yet"))
    }
    /// The path it was opened by.
    pub fn path(&self) -> &Path {
        &self.path
    }
    /// Where everything lies.
    pub fn index(&self) -> &Arc<Index> {
        &self.index
    }
    /// Fills `buffer` with the bytes from `offset`; reuses its memory.
    ///
    /// # Errors
    /// `Tar(Truncated)` if the file ends first: it shrank since it was indexed. `Io`.
    pub fn read_into(&self, _offset: u64, _len: usize, _buffer: &mut Vec<u8>) -> Result<()> {
        Err(Error::invalid("not built yet"))
    }
    /// Reads a whole sample: `index.span(sample)`. Member `m` of it lies at `index.data_offset[m] - span.start`.
    ///
    /// # Errors
    /// As [`Shard::read_into`].
    pub fn read_sample(&self, _sample: usize, _buffer: &mut Vec<u8>) -> Result<()> {
        Err(Error::invalid("not built yet"))
    }
    /// Reads one member.
    ///
    /// # Errors
    /// As [`Shard::read_into`].
    pub fn read_member(&self, _member: usize, _buffer: &mut Vec<u8>) -> Result<()> {
        Err(Error::invalid("not built yet"))
    }
}
