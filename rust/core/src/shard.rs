//! A shard open for reading: one contiguous `pread` a sample, into the caller's buffer.
//!
//! Never a mapping: a file that shrinks under a mapping kills the process, under `pread` it is an error.

use std::{
    collections::HashSet,
    fs::{self, File, Metadata, OpenOptions},
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    disk::{self, pread},
    error::{Error, Result},
    fault::TarFault,
    index::{self, Index, Policy},
    pool::{Cancel, Pool},
    stamp::Stamp,
};

/// An indexed shard. Cheap to share between threads; reads do not move a file position.
#[derive(Debug)]
pub struct Shard {
    path: PathBuf,
    index: Arc<Index>,
    file: File,
    /// Of the file when it was indexed.
    stamp: Stamp,
}

impl Shard {
    /// Opens and indexes a shard.
    ///
    /// # Errors
    /// `Io`, `Tar`.
    pub fn open(path: &Path, policy: Policy) -> Result<Self> {
        Self::open_unless(path, policy, &|| Ok(()))
    }

    /// As [`Shard::open`]; `go_on` is asked now and then whether to.
    ///
    /// # Errors
    /// Those of [`Shard::open`] and of `go_on`.
    pub fn open_unless(path: &Path, policy: Policy, go_on: &dyn Fn() -> Result<()>) -> Result<Self> {
        let stamp = Stamp::of_path(path)?;
        let index = Index::of_file_unless(path, policy, go_on)?;
        Self::with_index(path, Arc::new(index), stamp)
    }

    /// Opens a shard whose index is known, made when the file had that stamp.
    ///
    /// # Errors
    /// `Io`; `Data` if the file has not the size that was indexed, or was written to since.
    pub(crate) fn with_index(path: &Path, index: Arc<Index>, stamp: Stamp) -> Result<Self> {
        let (file, size) = open_regular(path)?;
        if size != index.file_size {
            let words = format!("the file has {size} bytes, its index says {}", index.file_size);
            return Err(Error::data(words).in_shard(path));
        }
        let shard = Self { path: path.to_owned(), index, file, stamp };
        shard.check_file()?;
        Ok(shard)
    }

    /// The file's state when it was indexed.
    pub(crate) fn stamp(&self) -> Stamp {
        self.stamp
    }

    /// Refuses a path that leads to another file now, or to one that was written to.
    ///
    /// # Errors
    /// `Data`, `Io`.
    pub fn check_path(&self) -> Result<()> {
        self.check_file()?;
        let there = fs::metadata(&self.path).map_err(|e| Error::io(&self.path, e))?;
        let opened = self.file.metadata().map_err(|e| Error::io(&self.path, e))?;
        if is_same_file(&there, &opened) { Ok(()) } else { Err(self.changed()) }
    }

    /// Refuses an open file that was written to since it was indexed: the index may be another one's.
    ///
    /// The time of its last change of another kind is no sign: a link made or taken away changes that, and no byte.
    fn check_file(&self) -> Result<()> {
        let now = Stamp::of_file(&self.file).map_err(|e| Error::io(&self.path, e))?;
        if now.is_as_written(&self.stamp) { Ok(()) } else { Err(self.changed()) }
    }

    fn changed(&self) -> Error {
        let error = Error::data("the shard changed since it was opened").in_shard(&self.path);
        error.with_hint("open it again")
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
    /// `Tar(Truncated)` if the file ends first: it shrank since it was indexed. `Data` if it was written to since. `Io`.
    pub fn read_into(&self, offset: u64, len: usize, buffer: &mut Vec<u8>) -> Result<()> {
        // Checked first, so that a wrong length is an error and not an allocation.
        self.check_range(offset, len)?;
        buffer.resize(len, 0);
        self.read_exact(offset, buffer)
    }

    /// Fills all of `bytes` with the bytes from `offset`, as they were when the shard was indexed.
    ///
    /// # Errors
    /// As [`Shard::read_into`].
    pub fn read_exact(&self, offset: u64, bytes: &mut [u8]) -> Result<()> {
        self.check_range(offset, bytes.len())?;
        let got = pread(&self.file, bytes, offset).map_err(|e| Error::io(&self.path, e))?;
        // Asked after the bytes were read, so that whatever was written before them shows.
        if got < bytes.len() { Err(self.truncated(offset)) } else { self.check_file() }
    }

    fn check_range(&self, offset: u64, len: usize) -> Result<()> {
        let end = offset.checked_add(len as u64);
        if end.is_none_or(|end| end > self.index.file_size) { Err(self.truncated(offset)) } else { Ok(()) }
    }

    fn truncated(&self, offset: u64) -> Error {
        Error::tar(TarFault::Truncated, offset).in_shard(&self.path)
    }

    /// Reads a whole sample: `index.span(sample)`. Member `m` of it lies at `index.data_offset[m] - span.start`.
    ///
    /// # Errors
    /// As [`Shard::read_into`]; `Invalid` if there is no such sample.
    pub fn read_sample(&self, sample: usize, buffer: &mut Vec<u8>) -> Result<()> {
        if sample >= self.index.samples.len() {
            return Err(Error::invalid(format!("no sample {sample}")).in_shard(&self.path));
        }
        let span = self.index.span(sample);
        self.read_into(span.start, (span.end - span.start) as usize, buffer)
    }

    /// Reads one member.
    ///
    /// # Errors
    /// As [`Shard::read_into`]; `Invalid` if there is no such member.
    pub fn read_member(&self, member: usize, buffer: &mut Vec<u8>) -> Result<()> {
        let (Some(&offset), Some(&size)) = (self.index.data_offset.get(member), self.index.size.get(member))
        else {
            return Err(Error::invalid(format!("no member {member}")).in_shard(&self.path));
        };
        self.read_into(offset, size as usize, buffer).map_err(|e| e.in_member(self.index.name(member)))
    }
}

#[cfg(unix)]
fn is_same_file(a: &Metadata, b: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

#[cfg(not(unix))]
fn is_same_file(a: &Metadata, b: &Metadata) -> bool {
    Stamp::from(a).is_as_written(&Stamp::from(b))
}

/// Opens and indexes many shards, several at a time, in order.
///
/// # Errors
/// That of the earliest shard that fails, as [`Shard::open`]; `Cancelled`.
pub fn open_all<P: AsRef<Path> + Sync>(
    paths: &[P],
    policy: Policy,
    pool: &Pool,
    cancel: &Cancel<'_>,
) -> Result<Vec<Shard>> {
    let stamps: Vec<_> = paths.iter().map(|path| Stamp::of_path(path.as_ref())).collect();
    // A file without a stamp cannot be indexed either, and that error comes in its turn.
    let indexes = index::of_files(paths, policy, pool, cancel)?;
    let open = |((path, index), stamp): ((&P, Index), Result<Stamp>)| {
        Shard::with_index(path.as_ref(), Arc::new(index), stamp?)
    };
    paths.iter().zip(indexes).zip(stamps).map(open).collect()
}

/// Refuses shards that have a key in common: it would stand for two samples.
///
/// # Errors
/// `Data` naming the shard, the key and the offset of the first that was there before.
pub fn refuse_repeated_keys<'a>(shards: impl Iterator<Item = &'a Shard>) -> Result<()> {
    let mut seen: HashSet<&[u8]> = HashSet::new();
    for shard in shards {
        let index = shard.index();
        seen.reserve(index.samples.len());
        for sample in 0..index.samples.len() {
            if !seen.insert(index.key(sample)) {
                return Err(Error::data("an earlier shard has a sample of this key, too")
                    .in_shard(&shard.path)
                    .in_member(index.key(sample))
                    .at_offset(index.span(sample).start));
            }
        }
    }
    Ok(())
}

/// Fills `buffer` with `len` bytes of a file from `offset`; reuses its memory.
///
/// # Errors
/// `Tar(Truncated)` if the file ends first; `Io`.
pub fn read_file(path: &Path, offset: u64, len: usize, buffer: &mut Vec<u8>) -> Result<()> {
    let (file, _) = open_regular(path)?;
    buffer.resize(len, 0);
    let got = pread(&file, buffer, offset).map_err(|e| Error::io(path, e))?;
    if got < len { Err(Error::tar(TarFault::Truncated, offset).in_shard(path)) } else { Ok(()) }
}

/// Opens a regular file for reading; its size beside it.
///
/// # Errors
/// `Io`, also for a folder, and for a pipe or device, which could block or never end.
pub(crate) fn open_regular(path: &Path) -> Result<(File, u64)> {
    let refuse = |e| Error::io(path, e);
    let meta = fs::metadata(path).map_err(refuse)?;
    if meta.is_dir() {
        return Err(refuse(io::Error::new(io::ErrorKind::IsADirectory, "is a folder, not a shard")));
    }
    if !meta.is_file() {
        return Err(refuse(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")));
    }
    let file = disk::open(OpenOptions::new().read(true), path).map_err(refuse)?;
    // The size of what was opened, should the path have changed hands since.
    let size = file.metadata().map_err(refuse)?.len();
    Ok((file, size))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::{
        error::Kind,
        tar::write::{Archive, LongNames},
    };

    fn shard_in(folder: &Path) -> PathBuf {
        let mut tar = Archive::new(LongNames::Gnu);
        tar.member("a.jpg", &[1; 700]).unwrap();
        tar.member("a.json", b"{}").unwrap();
        tar.member("b.jpg", &[2; 10]).unwrap();
        let path = folder.join("s.tar");
        fs::write(&path, tar.finish()).unwrap();
        path
    }

    #[test]
    fn samples_and_members_are_read_by_position() {
        let folder = tempfile::tempdir().unwrap();
        let shard = Shard::open(&shard_in(folder.path()), Policy::default()).unwrap();
        let mut buffer = vec![9; 5000];
        shard.read_sample(0, &mut buffer).unwrap();
        let at = (shard.index().data_offset[1] - shard.index().span(0).start) as usize;
        assert_eq!((&buffer[at..at + 2], buffer.len()), (&b"{}"[..], 512 * 5));
        shard.read_member(2, &mut buffer).unwrap();
        assert_eq!(buffer, [2; 10]);
        assert!(shard.read_member(3, &mut buffer).is_err());
        assert!(shard.read_sample(2, &mut buffer).is_err());
        assert!(shard.read_into(u64::MAX, 1, &mut buffer).is_err());
    }

    #[test]
    fn a_file_that_shrinks_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = shard_in(folder.path());
        let shard = Shard::open(&path, Policy::default()).unwrap();
        File::options().write(true).open(&path).unwrap().set_len(1000).unwrap();
        let error = shard.read_member(0, &mut Vec::new()).unwrap_err();
        assert!(matches!(error.kind(), Kind::Tar(TarFault::Truncated)), "{error}");
        assert_eq!(error.place().member.as_deref(), Some("a.jpg"));
        assert!(Shard::with_index(&path, shard.index().clone(), shard.stamp).is_err());
    }

    #[test]
    fn a_file_that_is_written_to_in_place_is_an_error_and_one_that_is_replaced_is_the_old_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = shard_in(folder.path());
        let shard = Shard::open(&path, Policy::default()).unwrap();
        let (mut bytes, mut found) = (fs::read(&path).unwrap(), Vec::new());
        std::thread::sleep(std::time::Duration::from_millis(20));
        bytes[512] = 7;
        fs::write(folder.path().join("new"), &bytes).unwrap();
        fs::rename(&path, folder.path().join("old")).unwrap();
        fs::rename(folder.path().join("new"), &path).unwrap();
        shard.read_member(0, &mut found).unwrap();
        assert_eq!(found, [1; 700]);
        assert!(matches!(shard.check_path().unwrap_err().kind(), Kind::Data(_)));
        fs::write(folder.path().join("old"), &bytes).unwrap();
        let error = shard.read_member(0, &mut found).unwrap_err();
        assert!(matches!(error.kind(), Kind::Data(_)), "{error}");
        assert_eq!(error.place().shard.as_deref(), path.to_str());
        assert!(Shard::with_index(&path, shard.index().clone(), shard.stamp).is_err());
    }

    #[test]
    fn folders_and_pipes_are_no_shards() {
        assert!(matches!(open_regular(Path::new("/")).unwrap_err().kind(), Kind::Io { .. }));
        assert!(open_regular(Path::new("/dev/null")).is_err());
    }
}
