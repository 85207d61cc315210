//! A gzipped tar as an archive: one pass finds its files, its SHA-256 and checkpoints, with which any file is read later by
//! inflating a little.
//!
//! The checkpoints are kept as `NAME.gzidx`, in the format of `indexed_gzip`, the files as `NAME.members.jsonl`: a
//! header, then a row a file of `member`, `header_offset`, `offset`, `size` (in the unpacked tar) and `crc32`. An index that
//! does not fit the archive is as good as none; and of every file that is read, tar header and CRC-32 are compared.

mod cursor;
mod members;
mod points;
mod stream;
mod walk;

use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use cursor::Cursor;
use points::Points;
use stream::Stream;

use super::{Names, Options};
use crate::{
    digest::Digest,
    disk,
    error::{Error, Result},
    fault::ArchiveFault,
    shard,
    tar::{read::Reader, write::padding},
    writer,
};

/// Unpacked bytes between two checkpoints, unless told otherwise: a fiftieth of a second to inflate.
pub const SPACING: u32 = 8 << 20;
/// Readers remembered, half a megabyte each.
const WAYS: usize = 16;
/// Bytes of headers in front of a file: no more than the tar reader takes.
const MAX_HEAD: u64 = 2 << 20;

/// Where each file lies in the unpacked tar.
#[derive(Debug, Default)]
struct Spans {
    header: Vec<u64>,
    data: Vec<u64>,
    /// CRC-32 of its bytes: whoever enters a stream in its middle cannot check the stream's own.
    crc: Vec<u32>,
}

/// What one pass finds, or an index says.
struct Found {
    points: Points,
    digest: Digest,
    names: Names,
    spans: Spans,
}

/// An open gzipped tar whose files are known.
#[derive(Debug)]
pub(super) struct Gzip {
    file: Arc<File>,
    path: PathBuf,
    options: Options,
    points: Points,
    digest: Digest,
    spans: Spans,
    /// Where readers stopped, the latest last: whoever reads on in order inflates nothing twice, each thread on its own way.
    left: Mutex<Vec<Cursor>>,
}

impl Gzip {
    pub(super) fn open(
        path: &Path,
        options: Options,
        go_on: &dyn Fn() -> Result<()>,
    ) -> Result<(Self, Names)> {
        let (file, size) = shard::open_regular(path)?;
        let file = Arc::new(file);
        let Found { points, digest, names, spans } = match kept(path, size)? {
            Some(kept) => kept,
            None => walk::walk(&file, path, options, go_on)?,
        };
        let path = path.to_owned();
        Ok((Self { file, path, options, points, digest, spans, left: Mutex::default() }, names))
    }

    pub(super) fn digest(&self) -> Digest {
        self.digest
    }

    pub(super) fn read(&self, file: usize, name: &[u8], size: u64, buffer: &mut Vec<u8>) -> Result<()> {
        let Spans { header, data, crc } = &self.spans;
        let (Some(&header), Some(&data), Some(&crc)) = (header.get(file), data.get(file), crc.get(file))
        else {
            return Err(Error::invalid(format!("no file {file}")));
        };
        let foreign = || Error::archive(ArchiveFault::ForeignIndex).at_offset(header);
        let end = (data + size + padding(size)).min(self.points.unpacked_size);
        let head = data.checked_sub(header).filter(|&head| head <= MAX_HEAD).ok_or_else(foreign)? as usize;
        if end < data + size {
            return Err(foreign());
        }
        let mut cursor = self.cursor(header)?;
        buffer.resize((end - header) as usize, 0);
        cursor.fill(buffer)?;
        // An index can say anything; the archive itself has the last word.
        let mut reader = Reader::of_bytes(buffer, header, self.options.policy());
        let entry = reader.next_entry().ok().flatten();
        if entry.is_none_or(|entry| (entry.name, entry.data_offset, entry.size) != (name, data, size)) {
            return Err(foreign());
        }
        buffer.drain(..head);
        buffer.truncate(size as usize);
        if crc32fast::hash(buffer) != crc {
            return Err(Error::archive(ArchiveFault::Checksum).at_offset(data));
        }
        let mut left = self.left();
        if left.len() >= WAYS {
            left.remove(0);
        }
        left.push(cursor);
        Ok(())
    }

    /// A way to the bytes from `offset`: that of the reader who stopped nearest, unless a checkpoint is nearer.
    fn cursor(&self, offset: u64) -> Result<Cursor> {
        let (place, window) = self.points.before(offset)?;
        let mut left = self.left();
        let nearest = (0..left.len())
            .filter_map(|number| Some((left.get(number)?.offset(), number)))
            .filter(|(at, _)| (place.unpacked..=offset).contains(at))
            .max();
        let known = nearest.map(|(_, number)| left.remove(number));
        drop(left);
        let enter = || Stream::enter(Arc::clone(&self.file), self.path.clone(), self.options, place, &window);
        let mut cursor = known.map_or_else(|| enter().map(Cursor::new), Ok)?;
        cursor.skip_to(offset)?;
        Ok(cursor)
    }

    fn left(&self) -> MutexGuard<'_, Vec<Cursor>> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the two files of the index, beside the archive or into `folder`.
    pub(super) fn save(&self, names: &Names, folder: Option<&Path>) -> Result<[PathBuf; 2]> {
        let [points, members] = index_paths(&self.path, folder);
        let header = members::Header::new(&self.path, &self.points, self.digest, names.len());
        writer::write_atomic(&points, &self.points.encode()?)?;
        writer::write_atomic(&members, &members::render(&header, names, &self.spans)?)?;
        Ok([points, members])
    }
}

/// Where the index of an archive lies.
fn index_paths(archive: &Path, folder: Option<&Path>) -> [PathBuf; 2] {
    [".gzidx", ".members.jsonl"].map(|ending| {
        let mut name = archive.file_name().unwrap_or_default().to_owned();
        name.push(ending);
        folder.map_or_else(|| archive.with_file_name(&name), |folder| folder.join(&name))
    })
}

/// The index beside the archive, if it is there, whole, and of an archive of that size.
fn kept(archive: &Path, size: u64) -> Result<Option<Found>> {
    let [points, members] = index_paths(archive, None);
    if !points.is_file() || !members.is_file() {
        return Ok(None);
    }
    let Some(points) = Points::open(&points, size)? else { return Ok(None) };
    let text = disk::read(&members).map_err(|e| Error::io(&members, e))?;
    let parsed = members::parse(&text, &points);
    Ok(parsed.map(|(digest, names, spans)| Found { points, digest, names, spans }))
}
