//! A zip as an archive, by the `zip` crate, over positioned reads, and with what that crate leaves to its users: entries
//! that share bytes, links, and sizes that cannot be.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::Path,
    sync::Arc,
};

use ::zip::{
    ZipArchive,
    read::{ArchiveOffset, Config, ZipReadOptions},
    result::ZipError,
};

use super::{Names, Options};
use crate::{
    disk,
    error::{Error, Kind, Result},
    fault::ArchiveFault,
    shard,
};

/// Bytes of a local header without its name.
const LOCAL_HEADER: u64 = 30;

#[derive(Debug)]
pub(super) struct Zip {
    archive: ZipArchive<Window>,
    /// The entry of each file; folders are entries too.
    entries: Vec<u32>,
}

impl Zip {
    pub(super) fn open(path: &Path) -> Result<(Self, Names)> {
        let (file, size) = shard::open_regular(path)?;
        let window = Window { file: Arc::new(file), size, position: 0, buffer: Vec::new(), start: 0 };
        let config = Config { archive_offset: ArchiveOffset::Known(0) };
        let archive = ZipArchive::with_config(config, window).map_err(|e| error(e, path))?;
        if archive.has_duplicate_names() {
            return Err(Error::archive(ArchiveFault::Duplicate));
        }
        let (mut names, mut entries) = (Names::default(), Vec::with_capacity(archive.len()));
        let mut spans = Vec::with_capacity(archive.len());
        for number in 0..archive.len() {
            let entry = archive.by_index_data(number).map_err(|e| error(e, path))?;
            let raw = entry.name_raw();
            let least = LOCAL_HEADER + raw.len() as u64;
            let end = entry
                .header_start()
                .checked_add(least)
                .and_then(|at| at.checked_add(entry.compressed_size()));
            let Some(end) = end.filter(|&end| end <= archive.central_directory_start()) else {
                return Err(Error::archive(ArchiveFault::Truncated).in_member(raw));
            };
            spans.push((entry.header_start(), end, number));
            if entry.is_dir() {
                continue;
            }
            if entry.is_symlink() {
                return Err(Error::archive(ArchiveFault::Link).in_member(raw));
            }
            let name = entry.name().map_err(|e| error(e, path).in_member(raw))?;
            names.push(name.as_bytes(), entry.size())?;
            entries.push(number as u32);
        }
        spans.sort_unstable();
        for pair in spans.windows(2) {
            if let [(_, end, _), (next, _, number)] = *pair
                && end > next
            {
                let name = archive.by_index_data(number).map(|entry| entry.name_raw().to_vec());
                return Err(Error::archive(ArchiveFault::Overlap).in_member(&name.unwrap_or_default()));
            }
        }
        Ok((Self { archive, entries }, names))
    }

    pub(super) fn read(&self, file: usize, size: u64, options: &Options, buffer: &mut Vec<u8>) -> Result<()> {
        let number = self.entries.get(file).copied().unwrap_or_default() as usize;
        // The directory is shared, the position is not.
        let mut archive = self.archive.clone();
        let path = Path::new("");
        let strictly = ZipReadOptions::new().enforce_header_consistency(true);
        let entry = archive.by_index_with_options(number, strictly).map_err(|e| error(e, path))?;
        let packed = entry.compressed_size();
        options.check_ratio(size, packed)?;
        // No deflate stream unpacks to more; so that what is allocated is bounded by what is there.
        if size / 1100 > packed {
            return Err(Error::archive(ArchiveFault::Bomb { size, packed }));
        }
        buffer.clear();
        buffer.reserve_exact(size as usize);
        let got = entry.take(size + 1).read_to_end(buffer).map_err(|e| error(ZipError::Io(e), path))?;
        if got as u64 != size {
            let words = format!("it unpacks to other than its {size} bytes");
            return Err(Error::archive(ArchiveFault::Corrupt(words)));
        }
        Ok(())
    }
}

/// The crate's error in this one's words.
fn error(error: ZipError, path: &Path) -> Error {
    let fault = match error {
        ZipError::Io(error) => match error.kind() {
            io::ErrorKind::UnexpectedEof => ArchiveFault::Truncated,
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::Other => {
                let words = error.to_string();
                if words.contains("hecksum") { ArchiveFault::Checksum } else { ArchiveFault::Corrupt(words) }
            }
            io::ErrorKind::Unsupported => ArchiveFault::Unsupported(error.to_string()),
            _ if path.as_os_str().is_empty() => return Error::new(Kind::Io { path: None, source: error }),
            _ => return Error::io(path, error),
        },
        ZipError::InvalidArchive(words) => match words.strip_prefix("header inconsistency detected: ") {
            Some(words) => ArchiveFault::Mismatch(words.to_owned()),
            None => ArchiveFault::Corrupt(words.into_owned()),
        },
        ZipError::UnsupportedArchive(words) => ArchiveFault::Unsupported(words.to_owned()),
        other => ArchiveFault::Unsupported(other.to_string()),
    };
    Error::archive(fault)
}

/// A position in a file, and the bytes around it: the crate seeks at every header, and a seek must not cost a call.
#[derive(Debug)]
struct Window {
    file: Arc<File>,
    size: u64,
    position: u64,
    buffer: Vec<u8>,
    start: u64,
}

impl Window {
    const BYTES: usize = 64 << 10;
}

impl Clone for Window {
    fn clone(&self) -> Self {
        Self { file: Arc::clone(&self.file), size: self.size, position: 0, buffer: Vec::new(), start: 0 }
    }
}

impl Read for Window {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.len() >= Self::BYTES {
            let got = disk::pread(&self.file, out, self.position)?;
            self.position += got as u64;
            return Ok(got);
        }
        let end = self.start + self.buffer.len() as u64;
        if self.position < self.start || self.position >= end {
            self.buffer.resize(Self::BYTES, 0);
            self.start = self.position;
            let got = disk::pread(&self.file, &mut self.buffer, self.start)?;
            self.buffer.truncate(got);
        }
        let skip = (self.position - self.start) as usize;
        let rest = self.buffer.get(skip..).unwrap_or_default();
        let len = rest.len().min(out.len());
        if let (Some(to), Some(from)) = (out.get_mut(..len), rest.get(..len)) {
            to.copy_from_slice(from);
        }
        self.position += len as u64;
        Ok(len)
    }
}

impl Seek for Window {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::End(delta) => self.size.checked_add_signed(delta),
            SeekFrom::Current(delta) => self.position.checked_add_signed(delta),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}
