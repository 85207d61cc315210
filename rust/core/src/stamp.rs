//! What the operating system says of a file's state, which tells one state from another without reading the file.

use std::{
    fs::{self, File, Metadata},
    io,
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// File systems count time in ticks of up to this (ns), as far as they keep nanoseconds at all: a second write within
/// the tick of the first does not show.
const TICK: i64 = 20_000_000;

/// One state of a file. Device and inode are no part of it: the same file has others on another machine that mounts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Stamp {
    /// Bytes.
    pub(crate) size: u64,
    /// Time of the last write (ns since 1970). Anyone can set it back.
    pub(crate) mtime_ns: i64,
    /// Time of the last change of bytes, times, names or rights, which nobody can set back; 0 where the operating
    /// system does not keep it.
    pub(crate) ctime_ns: i64,
}

impl Stamp {
    /// Of the file at `path`.
    ///
    /// # Errors
    /// `Io`.
    pub(crate) fn of_path(path: &Path) -> Result<Self> {
        fs::metadata(path).map(|meta| Self::from(&meta)).map_err(|e| Error::io(path, e))
    }

    /// Of an open file, whatever its name leads to by now.
    pub(crate) fn of_file(file: &File) -> io::Result<Self> {
        file.metadata().map(|meta| Self::from(&meta))
    }

    /// True if nothing was written between the two, as far as sizes and times of writing tell.
    pub(crate) fn is_as_written(&self, other: &Self) -> bool {
        (self.size, self.mtime_ns) == (other.size, other.mtime_ns)
    }

    /// True if any change made from `now` on (ns since 1970) is sure to show.
    pub(crate) fn is_settled(&self, now: i64) -> bool {
        self.ctime_ns.max(self.mtime_ns).saturating_add(TICK) < now
    }
}

impl From<&Metadata> for Stamp {
    #[cfg(unix)]
    fn from(meta: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        let ns = |s: i64, ns: i64| s.saturating_mul(1_000_000_000).saturating_add(ns);
        Self {
            size: meta.len(),
            mtime_ns: ns(meta.mtime(), meta.mtime_nsec()),
            ctime_ns: ns(meta.ctime(), meta.ctime_nsec()),
        }
    }

    #[cfg(not(unix))]
    fn from(meta: &Metadata) -> Self {
        Self { size: meta.len(), mtime_ns: meta.modified().map_or(0, nanoseconds), ctime_ns: 0 }
    }
}

/// Now, in nanoseconds since 1970.
pub(crate) fn now() -> i64 {
    nanoseconds(SystemTime::now())
}

fn nanoseconds(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_nanos()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, |before| -before),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_write_of_equal_size_shows_though_its_time_is_set_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.tar");
        fs::write(&path, "abc").unwrap();
        let before = Stamp::of_path(&path).unwrap();
        assert!(!before.is_settled(now()), "written to just now");
        std::thread::sleep(std::time::Duration::from_nanos(2 * TICK as u64));
        assert!(before.is_settled(now()));
        let modified = fs::metadata(&path).unwrap().modified().unwrap();
        fs::write(&path, "abd").unwrap();
        let written = Stamp::of_path(&path).unwrap();
        assert!(!written.is_as_written(&before));
        let file = File::options().write(true).open(&path).unwrap();
        file.set_modified(modified).unwrap();
        let set_back = Stamp::of_file(&file).unwrap();
        assert!(set_back.is_as_written(&before));
        #[cfg(unix)]
        assert_ne!(set_back, before);
    }
}
