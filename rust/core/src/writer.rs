//! Files that appear whole or not at all: temporary name, digest while writing, fsync, rename, fsync of the folder.

use std::{
    ffi::{OsStr, OsString},
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use crate::{
    digest::{Digest, Hasher},
    disk::{self, Output},
    error::{Error, Result},
};

/// Bytes gathered before they go to the file.
const BUFFER: usize = 256 << 10;
/// Temporary names tried before giving up: leftovers of killed processes with the same number.
const ATTEMPTS: u32 = 1000;
/// What a temporary name has between the final name and the process number.
const MARK: &str = ".tmp-";

/// A file being written under a temporary name in the folder of its final one.
///
/// Dropped without [`AtomicFile::publish`], the temporary file is removed and the final name untouched.
#[derive(Debug)]
pub struct AtomicFile {
    path: PathBuf,
    temporary: PathBuf,
    file: BufWriter<Output>,
    hasher: Hasher,
    size: u64,
    published: bool,
}

impl AtomicFile {
    /// Starts a file that is to appear at `path`.
    ///
    /// # Errors
    /// `Io`, with the final path.
    pub fn create(path: &Path) -> Result<Self> {
        let Some(name) = path.file_name() else {
            return Err(Error::invalid(format!("not a file name: {}", path.display())));
        };
        let mut attempt = 0;
        loop {
            let temporary = path.with_file_name(temporary_name(name, attempt));
            match disk::open(File::options().write(true).create_new(true), &temporary) {
                Ok(file) => {
                    let file = BufWriter::with_capacity(BUFFER, Output(file));
                    let (path, hasher) = (path.to_owned(), Hasher::default());
                    return Ok(Self { path, temporary, file, hasher, size: 0, published: false });
                }
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists && attempt < ATTEMPTS => attempt += 1,
                Err(e) => return Err(Error::io(path, e)),
            }
        }
    }

    /// Appends bytes and hashes them.
    ///
    /// # Errors
    /// `Io`, with the final path.
    pub fn append(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).map_err(|e| Error::io(&self.path, e))?;
        self.hasher.update(bytes);
        self.size += bytes.len() as u64;
        Ok(())
    }

    /// Bytes appended so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Digest of the bytes appended so far.
    pub fn digest(&self) -> Digest {
        self.hasher.clone().finish()
    }

    /// Gives the file its final name, replacing what had it; digest and size of what is there now.
    ///
    /// # Errors
    /// `Io`, with the final path; the temporary file is gone then.
    pub fn publish(mut self) -> Result<(Digest, u64)> {
        self.settle(true).map_err(|e| Error::io(&self.path, e))?;
        Ok((self.digest(), self.size))
    }

    /// As [`AtomicFile::publish`], but a power cut may take the bytes and leave the name: only for files
    /// whose digest is compared before they are believed.
    ///
    /// # Errors
    /// As [`AtomicFile::publish`].
    pub fn publish_unsynced(mut self) -> Result<(Digest, u64)> {
        self.settle(false).map_err(|e| Error::io(&self.path, e))?;
        Ok((self.digest(), self.size))
    }

    fn settle(&mut self, sync: bool) -> io::Result<()> {
        self.file.flush()?;
        let file = &self.file.get_ref().0;
        // A file system that lost a write without a word is found here, before the name is given.
        if file.metadata()?.len() != self.size {
            return Err(io::Error::new(
                io::ErrorKind::WriteZero,
                "the file is shorter than what was written",
            ));
        }
        if sync {
            disk::sync(file)?;
        }
        disk::rename(&self.temporary, &self.path)?;
        self.published = true;
        if sync { sync_folder(&self.path) } else { Ok(()) }
    }
}

impl Drop for AtomicFile {
    fn drop(&mut self) {
        if !self.published {
            // Nothing to be done about a failure here; the name itself says that the file is not whole.
            drop(fs::remove_file(&self.temporary));
        }
    }
}

/// Writes a small file whole or not at all; its digest.
///
/// # Errors
/// `Io`, with the path.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<Digest> {
    let mut file = AtomicFile::create(path)?;
    file.append(bytes)?;
    Ok(file.publish()?.0)
}

/// True for the names this module gives to unfinished files.
pub fn is_temporary(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    name.starts_with('.') && name.rsplit_once(MARK).is_some_and(|(_, rest)| digits(rest))
}

/// `.NAME.tmp-PID`, or `.NAME.tmp-PID-N`, short enough for every file system.
fn temporary_name(name: &OsStr, attempt: u32) -> OsString {
    let mut temporary = OsString::from(".");
    if name.len() <= 200 {
        temporary.push(name);
    } else {
        let short: String = name.to_string_lossy().chars().take(50).collect();
        temporary.push(short);
    }
    temporary.push(format!("{MARK}{}", std::process::id()));
    if attempt > 0 {
        temporary.push(format!("-{attempt}"));
    }
    temporary
}

/// Makes a rename in a file's folder last through a power cut, where the file system can.
#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    match disk::sync(&disk::open(File::options().read(true), folder)?) {
        // Some network file systems cannot sync a folder, and say so.
        Err(e) if matches!(e.raw_os_error(), Some(libc::EINVAL | libc::ENOTSUP)) => Ok(()),
        result => result,
    }
}

#[cfg(not(unix))]
fn sync_folder(_path: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<OsString> {
        let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_appears_whole_with_its_digest() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.tar");
        fs::write(&path, "old").unwrap();
        let mut file = AtomicFile::create(&path).unwrap();
        file.append(b"ab").unwrap();
        let other = AtomicFile::create(&path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert!(names(folder.path()).iter().filter(|n| is_temporary(n)).count() == 2);
        file.append(&vec![b'c'; BUFFER * 2]).unwrap();
        let whole = [&b"ab"[..], &vec![b'c'; BUFFER * 2]].concat();
        assert_eq!(file.digest(), Digest::of(&whole));
        assert_eq!(file.publish().unwrap(), (Digest::of(&whole), whole.len() as u64));
        drop(other);
        assert_eq!(fs::read(&path).unwrap(), whole);
        assert_eq!(names(folder.path()), ["x.tar"]);
    }

    #[test]
    fn what_is_not_published_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("y");
        let mut file = AtomicFile::create(&path).unwrap();
        file.append(b"half").unwrap();
        drop(file);
        assert_eq!(names(folder.path()), [""; 0]);
    }

    #[test]
    fn errors_name_the_final_path() {
        let folder = tempfile::tempdir().unwrap();
        let error = write_atomic(&folder.path().join("no/such/z"), b"").unwrap_err();
        assert!(matches!(error.kind(), crate::error::Kind::Io { path: Some(p), .. } if p.ends_with('z')));
        // A folder has the final name: the rename is refused.
        fs::create_dir(folder.path().join("taken")).unwrap();
        assert!(write_atomic(&folder.path().join("taken"), b"x").is_err());
        assert_eq!(names(folder.path()), ["taken"]);
        assert!(AtomicFile::create(Path::new("/")).is_err());
    }

    #[test]
    fn a_full_device_is_an_error() {
        let mut file = AtomicFile::create(&std::env::temp_dir().join("turboshard-full")).unwrap();
        let full = File::options().write(true).open("/dev/full").unwrap();
        file.file = BufWriter::with_capacity(BUFFER, Output(full));
        file.append(b"x").unwrap();
        assert!(file.publish().unwrap_err().to_string().contains("space"));
    }

    #[test]
    fn temporary_names_are_told_from_others() {
        for long in ["a", &"é".repeat(120)] {
            assert!(is_temporary(&temporary_name(OsStr::new(long), 0)));
            assert!(is_temporary(&temporary_name(OsStr::new(long), 7)));
            assert!(temporary_name(OsStr::new(long), 7).len() < 255);
        }
        for other in ["a.tar", ".hidden", ".a.tmp-", ".a.tmp-x", "a.tmp-1"] {
            assert!(!is_temporary(OsStr::new(other)), "{other}");
        }
    }
}
