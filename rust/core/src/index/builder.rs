//! An index made step by step: from chunks of a file that is read anyway, or from its headers, from any of them on.

use std::{fs::File, path::Path, sync::Arc};

use crate::{
    error::{Error, Result},
    index::{Index, Policy, build::PATIENCE},
    tar::{
        BLOCK,
        blocks::{Blocks, ChunkBlocks, FileBlocks},
        header,
        read::Walk,
    },
};

/// Bytes in which a walk that begins anywhere looks for its first header, and how many it looks at together.
const REACH: u64 = 4 << 20;
const LOOK: usize = 64 << 10;

/// An index in the making. Given a file's chunks as they come by, all of them and in order, it reads only those headers a second
/// time that lie across the end of a chunk.
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
            let (walk, index) = (&mut self.walk, &mut self.index);
            self.failed = walk_to(end, walk, &mut blocks, index, &mut self.ascending, &|| Ok(())).err();
        }
    }

    /// Reads the headers of the entries that begin before `end`.
    pub(super) fn read_to(&mut self, end: u64, go_on: &dyn Fn() -> Result<()>) {
        if self.failed.is_none() {
            let (walk, index) = (&mut self.walk, &mut self.index);
            self.failed = walk_to(end, walk, &mut self.file, index, &mut self.ascending, go_on).err();
        }
    }

    /// The same for a walk that begins at the first block from `start` on that looks like a header. `None` if there is none near, or if
    /// what comes then is wrong: it may be no header, and if it is one, the walk from the front will say what is wrong. The same
    /// goes for what cannot be read: it may be a payload, which an index does without.
    pub(super) fn read_from(mut self, start: u64, end: u64, go_on: &dyn Fn() -> Result<()>) -> Option<Self> {
        let mut at = start;
        while at < end.min(start + REACH) {
            let blocks = self.file.at(at, LOOK).ok()?;
            let is_header = |block: &[u8]| block.first_chunk::<512>().is_some_and(header::checksum_fits);
            if let Some(found) = blocks.chunks(512).position(is_header) {
                self.walk.resume_at(at + found as u64 * BLOCK);
                self.read_to(end, go_on);
                return Some(self).filter(|walked| walked.failed.is_none());
            }
            at += LOOK as u64;
        }
        None
    }

    /// Takes over what another walk over the same file found, from the first header that both come to; nothing if there is none.
    pub(super) fn join(&mut self, other: Self, go_on: &dyn Fn() -> Result<()>) {
        while self.failed.is_none() && self.walk.end().is_none() && self.walk.offset() < other.walk.offset() {
            let at = self.walk.offset();
            if let Ok(first) = other.index.header_offset.binary_search(&at) {
                match self.index.append(&other.index, first) {
                    Ok(ascending) => self.ascending &= ascending && other.ascending,
                    Err(error) => self.failed = Some(error),
                }
                self.walk.go_on_from(other.walk);
                self.file = other.file;
                return;
            }
            self.read_to(at + 1, go_on);
        }
    }

    /// The index, once all `size` bytes were taken.
    ///
    /// # Errors
    /// Those of [`Index::of_file`], and `Data` if the file's size changed since it was opened.
    pub fn finish(mut self, path: &Path, size: u64) -> Result<Index> {
        if size == self.index.file_size {
            self.read_to(u64::MAX, &|| Ok(()));
        }
        let built = match self.failed {
            Some(error) => Err(error),
            None if size != self.index.file_size => {
                let words = format!("the file had {} bytes and then {size}", self.index.file_size);
                Err(Error::data(words))
            }
            None => {
                let end = self.walk.end();
                self.index.finish(end, self.walk.into_skipped(), self.ascending)
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
    go_on: &dyn Fn() -> Result<()>,
) -> Result<()> {
    while walk.offset() < end && walk.end().is_none() {
        if let Some(entry) = walk.next_entry(blocks)? {
            *ascending &= index.push(&entry)?;
            if index.len().is_multiple_of(PATIENCE) {
                go_on()?;
            }
        }
    }
    Ok(())
}
