//! SHA-256: a digest as a value, and the digests of files.

use std::{fmt, path::Path, str::FromStr};

use crate::{
    error::{Error, Result},
    pool::{Cancel, Pool},
};

/// A SHA-256 digest.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// The digest of bytes in memory.
    pub fn of(_bytes: &[u8]) -> Self {
        Self([0; 32])
    }
}
impl fmt::Display for Digest {
    fn fmt(&self, _f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}
impl fmt::Debug for Digest {
    fn fmt(&self, _f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}
impl FromStr for Digest {
    type Err = Error;
    fn from_str(_hex: &str) -> Result<Self> {
        Err(Error::invalid("not built yet"))
    }
}

/// A digest being computed. Cloning it and finishing the clone gives the digest of the prefix so far.
#[derive(Clone, Default)]
pub struct Hasher;
impl Hasher {
    /// Takes more bytes.
    pub fn update(&mut self, _bytes: &[u8]) {}
    /// The digest of everything taken.
    pub fn finish(self) -> Digest {
        Digest([0; 32])
    }
}

/// Digest and size of one file, read in order through a reused buffer.
/// `progress` gets the bytes of each chunk as it is hashed.
///
/// # Errors
/// [`crate::error::Kind::Io`], `Cancelled`.
pub fn of_file(
    _path: &Path,
    _cancel: &Cancel<'_>,
    _progress: &(dyn Fn(u64) + Sync),
) -> Result<(Digest, u64)> {
    Err(Error::invalid("not built yet"))
}

/// Digests of many files, several at a time; one result a file, in order. A file that cannot be read is its own result.
///
/// # Errors
/// Only `Cancelled` and `Internal`.
pub fn of_files<P: AsRef<Path> + Sync>(
    _paths: &[P],
    _pool: &Pool,
    _cancel: &Cancel<'_>,
    _progress: &(dyn Fn(u64) + Sync),
) -> Result<Vec<Result<(Digest, u64)>>> {
    Err(Error::invalid("not built yet"))
}
