//! The tar inside a gzip stream, walked as the stream comes by, once and for all that is to be known of it.

use std::{fs::File, ops::Range, path::Path, sync::Arc};

use super::{Found, Spans, points::Points, stream::Stream};
use crate::{
    archive::{Names, Options},
    error::{Error, Result},
    fault::TarFault,
    tar::{blocks::Blocks, read::Walk},
};

/// Inflates all of it.
pub(super) fn walk(
    file: &Arc<File>,
    path: &Path,
    options: Options,
    go_on: &dyn Fn() -> Result<()>,
) -> Result<Found> {
    let stream = Stream::new(Arc::clone(file), path.to_owned(), options, true);
    let points = Points::new(options.spacing);
    let (bytes, payload) = (Vec::new(), Payload::default());
    let mut blocks = StreamBlocks { stream, points, bytes, start: 0, payload, ended: false, go_on };
    let mut walk = Walk::new(options.policy());
    let (mut names, mut spans) = (Names::default(), Spans::default());
    while let Some(entry) = walk.next_entry(&mut blocks)? {
        options.check_size(entry.size).map_err(|e| e.in_member(entry.name))?;
        names.push(entry.name, entry.size).map_err(|e| e.at_offset(entry.header_offset))?;
        spans.header.push(entry.header_offset);
        spans.data.push(entry.data_offset);
        let next = Payload::of(entry.data_offset..entry.data_offset + entry.size);
        // Whoever finds a member has asked for bytes behind the one before.
        spans.crc.extend(blocks.payload.replace(next));
    }
    names.check_unique()?;
    // What follows the tar's end belongs to the digest and to the stream's own checksum.
    while !blocks.ended {
        blocks.advance()?;
        blocks.forget(u64::MAX);
    }
    spans.crc.extend(blocks.payload.replace(Payload::default()));
    let StreamBlocks { mut stream, mut points, .. } = blocks;
    points.packed_size = file.metadata().map_err(|e| Error::io(path, e))?.len();
    points.unpacked_size = stream.position();
    let digest = stream.digest().ok_or_else(|| Error::data("the stream did not end"))?;
    Ok(Found { points, digest, names, spans })
}

/// The CRC-32 of a member's bytes, as they come by; nobody's at first.
#[derive(Default)]
struct Payload(Option<(Range<u64>, crc32fast::Hasher)>);

impl Payload {
    fn of(range: Range<u64>) -> Self {
        Self(Some((range, crc32fast::Hasher::new())))
    }

    /// Takes those of `bytes`, which lie at `start`, that belong to it.
    fn take(&mut self, bytes: &[u8], start: u64) {
        if let Some((range, hasher)) = &mut self.0 {
            let within = |offset: u64| (offset.saturating_sub(start).min(bytes.len() as u64)) as usize;
            hasher.update(bytes.get(within(range.start)..within(range.end)).unwrap_or_default());
        }
    }

    /// Begins with another; the CRC-32 of this one.
    fn replace(&mut self, next: Self) -> Option<u32> {
        std::mem::replace(self, next).0.map(|(_, hasher)| hasher.finalize())
    }
}

/// Blocks that come by once. What lies before the last question is forgotten.
struct StreamBlocks<'a> {
    stream: Stream,
    points: Points,
    /// Unpacked bytes at hand, and where they lie.
    bytes: Vec<u8>,
    start: u64,
    payload: Payload,
    ended: bool,
    go_on: &'a dyn Fn() -> Result<()>,
}

impl StreamBlocks<'_> {
    /// Inflates a chunk more.
    fn advance(&mut self) -> Result<()> {
        let last = self.points.places.last().map(|place| place.unpacked);
        if last.is_none_or(|last| self.stream.position() - last >= u64::from(self.points.spacing))
            && let Some((place, window)) = self.stream.place()
        {
            self.points.push(place, window);
            (self.go_on)()?;
        }
        match self.stream.chunk()? {
            Some(chunk) => self.bytes.extend_from_slice(chunk),
            None => self.ended = true,
        }
        Ok(())
    }

    /// Lets go of what lies before `offset`.
    fn forget(&mut self, offset: u64) {
        let passed = usize::try_from(offset.saturating_sub(self.start)).unwrap_or(usize::MAX);
        let passed = passed.min(self.bytes.len());
        self.payload.take(self.bytes.get(..passed).unwrap_or_default(), self.start);
        self.bytes.drain(..passed);
        self.start += passed as u64;
    }
}

impl Blocks for StreamBlocks<'_> {
    /// Nobody knows before the end came by; far enough away for any size, and near enough to add to.
    fn end(&self) -> u64 {
        if self.ended { self.stream.position() } else { 1 << 62 }
    }

    fn at(&mut self, offset: u64, len: usize) -> Result<&[u8]> {
        if offset < self.start {
            return Err(Error::tar(TarFault::NotAFile, offset)
                .with_hint("a header with a size that it should not have; unpack the archive first"));
        }
        while !self.ended && self.start + (self.bytes.len() as u64) < offset.saturating_add(len as u64) {
            self.forget(offset);
            self.advance()?;
        }
        self.forget(offset);
        if self.start < offset {
            // The payload or its padding was still going on.
            return Err(Error::tar(TarFault::Truncated, self.start));
        }
        Ok(self.bytes.get(..len).unwrap_or(&self.bytes))
    }
}
