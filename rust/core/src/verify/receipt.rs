//! What was verified before, so that a file that is as it was is not read again.
//!
//! A file is as it was if device, inode, size and both its times are: writing to it, replacing it and setting its times
//! back all change one of them. A file that was written to just before it was read is not remembered, because a write in
//! the same tick of the file system's clock would not show.

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{
    digest::Digest,
    disk,
    error::{Error, Kind, Result},
    stamp::{self, Stamp},
    writer,
};

const SCHEMA: u32 = 1;

/// What tells a file in one state from every other on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Seen {
    dev: u64,
    inode: u64,
    #[serde(flatten)]
    pub(super) stamp: Stamp,
}

impl Seen {
    /// Of the file at `path`; `None` where the operating system does not say.
    #[cfg(unix)]
    pub(super) fn of(path: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        let meta = fs::metadata(path).ok()?;
        Some(Self { dev: meta.dev(), inode: meta.ino(), stamp: Stamp::from(&meta) })
    }

    #[cfg(not(unix))]
    pub(super) fn of(_: &Path) -> Option<Self> {
        None
    }
}

/// What was found out about one state of a file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Known {
    #[serde(flatten)]
    seen: Seen,
    /// Its digest.
    pub(super) sha256: Digest,
    /// What it was verified against, if down to its pixels and good: see [`Receipt::deep`].
    #[serde(skip_serializing_if = "Option::is_none", default)]
    deep: Option<Digest>,
    /// Short digests of its samples' keys, as [`short`] makes them, so that a key is not found in two shards of which one
    /// is not read.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    keys: Option<Vec<u64>>,
}

/// A key in 64 bits. Two keys that happen to agree cost a second look and nothing else.
pub(super) fn short(key: &str) -> u64 {
    Digest::of(key.as_bytes()).0.first_chunk().map_or(0, |first| u64::from_le_bytes(*first))
}

#[derive(Debug, Serialize, Deserialize)]
struct Document {
    schema_version: u32,
    turboshard: String,
    verified: Vec<Known>,
}

/// A receipt file.
#[derive(Debug)]
pub(super) struct Receipt {
    path: PathBuf,
    known: HashMap<(u64, u64), Known>,
    begun: i64,
}

impl Receipt {
    /// Reads it; one that is not there yet is empty.
    ///
    /// # Errors
    /// `Io`; `Invalid` if the file is something else, so that it is not overwritten.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let verified = match disk::read(path) {
            Ok(bytes) => match serde_json::from_slice::<Document>(&bytes) {
                Ok(document) if document.schema_version == SCHEMA => {
                    // Another version may find what this one did not.
                    let same = document.turboshard == env!("CARGO_PKG_VERSION");
                    if same { document.verified } else { Vec::new() }
                }
                _ => {
                    let words = format!("{} is no receipt of this program", path.display());
                    return Err(Error::invalid(words).with_hint("name another file, or remove it"));
                }
            },
            Err(e) if e.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(e) => return Err(Error::io(path, e)),
        };
        let known = verified.into_iter().map(|known| ((known.seen.dev, known.seen.inode), known));
        Ok(Self { path: path.to_owned(), known: known.collect(), begun: stamp::now() })
    }

    /// Digest of a file in this state.
    pub(super) fn digest(&self, seen: Seen) -> Option<Digest> {
        self.get(seen).map(|known| known.sha256)
    }

    /// Digest and keys of a file in this state, if it was found good down to its pixels against that `context`.
    pub(super) fn deep(&self, seen: Seen, context: Digest) -> Option<(Digest, &[u64])> {
        let known = self.get(seen).filter(|known| known.deep == Some(context))?;
        Some((known.sha256, known.keys.as_deref()?))
    }

    fn get(&self, seen: Seen) -> Option<&Known> {
        self.known.get(&(seen.dev, seen.inode)).filter(|known| known.seen == seen)
    }

    /// Notes what a file in this state is, with the context and its keys if all of it was found good.
    pub(super) fn note(&mut self, seen: Seen, sha256: Digest, deep: Option<(Digest, Vec<u64>)>) {
        if !seen.stamp.is_settled(self.begun) {
            return;
        }
        // A look that went less deep does not undo one that went deeper.
        let before = self.get(seen).and_then(|known| Some((known.deep?, known.keys.clone()?)));
        let (deep, keys) = deep.or(before).unzip();
        self.known.insert((seen.dev, seen.inode), Known { seen, sha256, deep, keys });
    }

    /// Forgets a file in whatever state.
    pub(super) fn forget(&mut self, seen: Seen) {
        self.known.remove(&(seen.dev, seen.inode));
    }

    /// Writes it.
    ///
    /// # Errors
    /// `Io`.
    pub(super) fn write(&self) -> Result<()> {
        let mut verified: Vec<Known> = self.known.values().cloned().collect();
        verified.sort_by_key(|known| (known.seen.dev, known.seen.inode));
        let turboshard = env!("CARGO_PKG_VERSION").to_owned();
        let document = Document { schema_version: SCHEMA, turboshard, verified };
        let text = serde_json::to_vec(&document).map_err(|e| Error::new(Kind::Internal(e.to_string())))?;
        writer::write_atomic(&self.path, &text).map(drop)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_knows_a_file_until_it_changes() {
        let folder = tempfile::tempdir().unwrap();
        let (file, path) = (folder.path().join("s.tar"), folder.path().join("receipt"));
        fs::write(&file, "abc").unwrap();
        let digest = Digest::of(b"abc");
        let mut receipt = Receipt::open(&path).unwrap();
        let seen = Seen::of(&file).unwrap();
        receipt.begun = stamp::now();
        receipt.note(seen, digest, None);
        assert_eq!(receipt.digest(seen), None, "written to just now");
        receipt.begun = stamp::now() + 40_000_000;
        receipt.note(seen, digest, Some((digest, vec![3, 4])));
        receipt.note(seen, digest, None);
        receipt.write().unwrap();
        let again = Receipt::open(&path).unwrap();
        assert_eq!(
            (again.digest(seen), again.deep(seen, digest)),
            (Some(digest), Some((digest, &[3, 4][..])))
        );
        assert_eq!(again.deep(seen, Digest::of(b"another manifest")), None);
        std::thread::sleep(std::time::Duration::from_millis(20));
        // Same size, time set back: only the change time shows it.
        let times = fs::FileTimes::new().set_modified(fs::metadata(&file).unwrap().modified().unwrap());
        fs::write(&file, "abd").unwrap();
        fs::File::options().write(true).open(&file).unwrap().set_times(times).unwrap();
        let now = Seen::of(&file).unwrap();
        assert_eq!((now.stamp.mtime_ns, now.inode, now.stamp.size), (seen.stamp.mtime_ns, seen.inode, 3));
        assert_eq!(again.digest(now), None);
    }

    #[test]
    fn something_else_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("precious");
        for text in ["", "{}", "notes", r#"{"schema_version": 2, "turboshard": "9", "verified": []}"#] {
            fs::write(&path, text).unwrap();
            assert!(matches!(Receipt::open(&path).unwrap_err().kind(), Kind::Invalid(_)), "{text}");
        }
    }
}
