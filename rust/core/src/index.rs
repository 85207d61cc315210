//! Where every member of a shard lies, and which members make a sample.
//!
//! Columns, not objects: a shard has thousands of members and Python takes the columns as they are.

use std::{ops::Range, path::Path};

use crate::{
    error::{Error, Result},
    fault::TarFault,
};

/// What the reader lets pass. The default is strict: every anomaly is an error.
#[derive(Debug, Clone, Copy, Default)]
pub struct Policy {
    /// Skip members that are no regular files (links, sparse members, directories, devices), instead of refusing links and sparse members.
    /// Directories and other things without bytes that a writer puts there harmlessly are always skipped.
    pub skip_special: bool,
    /// Take a shard without end marker, or with one zero block, or with trailing bytes after it.
    pub lenient_end: bool,
}

/// How an archive ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Two zero blocks, then nothing but zeros.
    Marked,
    /// One zero block.
    Lone,
    /// No zero block.
    Missing,
}

/// The members of one shard, in columns of equal length, and its samples.
#[derive(Debug, Clone)]
pub struct Index {
    /// Offset of the first block that belongs to a member: its `L`, `x` or own header.
    pub header_offset: Vec<u64>,
    /// Offset of a member's first byte.
    pub data_offset: Vec<u64>,
    /// A member's bytes.
    pub size: Vec<u64>,
    /// Concatenated member names, bytes as in the archive.
    pub names: Vec<u8>,
    /// Where each name ends in `names`; the name of member `i` starts at `name_end[i-1]` (0 for the first).
    pub name_end: Vec<u32>,
    /// Length of the key at the start of each name; `u32::MAX` for a member that belongs to no sample (no dot in its base name, `__meta__` names).
    pub key_len: Vec<u32>,
    /// Member numbers of each sample: runs of consecutive members with equal key.
    pub samples: Vec<Range<u32>>,
    /// How the archive ends.
    pub end: End,
    /// Bytes of the file.
    pub file_size: u64,
    /// Anomalies that the policy let pass, with their offsets.
    pub skipped: Vec<(TarFault, u64)>,
}

impl Index {
    /// Indexes a shard by its headers alone.
    ///
    /// # Errors
    /// [`crate::error::Kind::Tar`] with the offset, `Io`.
    pub fn of_file(_path: &Path, _policy: Policy) -> Result<Self> {
        Err(Error::invalid("not built yet"))
    }
    /// Number of members.
    pub fn len(&self) -> usize {
        self.size.len()
    }
    /// True if there is no member.
    pub fn is_empty(&self) -> bool {
        self.size.is_empty()
    }
    /// Name of a member.
    pub fn name(&self, _member: usize) -> &[u8] {
        &[]
    }
    /// Field of a member, in its own case: what follows the key and its dot. `None` if it belongs to no sample.
    pub fn field(&self, _member: usize) -> Option<&[u8]> {
        None
    }
    /// Key of a sample.
    pub fn key(&self, _sample: usize) -> &[u8] {
        &[]
    }
    /// Bytes of the shard that hold a sample: first header to last padding.
    pub fn span(&self, _sample: usize) -> Range<u64> {
        0..0
    }
}

/// Splits a member name at the first dot of its base name: key and field, as webdataset does
/// (`^((?:.*/|)[^.]+)[.]([^/]*)$`). `None` if it does not match or a path part is `__…__`.
pub fn split_key(_name: &[u8]) -> Option<(&[u8], &[u8])> {
    None
}
