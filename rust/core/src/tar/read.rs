//! The only tar reader: a [`Walk`] over a file or over bytes in memory.

use std::{path::Path, sync::Arc};

use crate::{
    error::Result,
    fault::TarFault,
    shard,
    tar::{
        End, Policy,
        blocks::{Blocks, BytesBlocks, FileBlocks},
    },
};

pub use crate::tar::walk::{Entry, MAX_EXTENSION, MAX_PENDING, Walk};

/// A walk over an archive's members, and the blocks it goes over.
#[derive(Debug)]
pub struct Reader<B> {
    blocks: B,
    walk: Walk,
}

impl Reader<FileBlocks> {
    /// Walks a file.
    ///
    /// # Errors
    /// `Io`.
    pub fn open(path: &Path, policy: Policy) -> Result<Self> {
        let (file, size) = shard::open_regular(path)?;
        Ok(Self::new(FileBlocks::new(Arc::new(file), path, size), policy, false, 0))
    }
}

impl<'a> Reader<BytesBlocks<'a>> {
    /// Walks whole members that were cut out of an archive at `base`; no end marker is due after them.
    pub fn of_bytes(bytes: &'a [u8], base: u64, policy: Policy) -> Self {
        Self::new(BytesBlocks::new(bytes, base), policy, true, base)
    }
    /// Walks a whole archive in memory.
    pub fn of_archive(bytes: &'a [u8], policy: Policy) -> Self {
        Self::new(BytesBlocks::new(bytes, 0), policy, false, 0)
    }
}

impl<B: Blocks> Reader<B> {
    fn new(blocks: B, policy: Policy, part: bool, first: u64) -> Self {
        Self { blocks, walk: Walk::from(policy, part, first) }
    }

    /// How the archive ended; `None` before it did.
    pub fn end(&self) -> Option<End> {
        self.walk.end()
    }

    /// Bytes of the archive.
    pub fn size(&self) -> u64 {
        self.blocks.end()
    }

    /// The anomalies that the policy let pass, with their offsets.
    pub fn into_skipped(self) -> Vec<(TarFault, u64)> {
        self.walk.into_skipped()
    }

    /// As [`Walk::next_entry`].
    ///
    /// # Errors
    /// `Tar` with the offset of the header that is wrong, and the member's name as far as it is known; `Io`.
    pub fn next_entry(&mut self) -> Result<Option<Entry<'_>>> {
        self.walk.next_entry(&mut self.blocks)
    }
}
