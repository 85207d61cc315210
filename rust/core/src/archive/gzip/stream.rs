//! A gzip file inflated in order, from its start or from a checkpoint, and where it could be entered again.

use std::{fs::File, path::PathBuf, sync::Arc};

use miniz_oxide::inflate::{
    TINFLStatus,
    core::{
        BlockBoundaryState, DecompressorOxide, decompress,
        inflate_flags::{TINFL_FLAG_HAS_MORE_INPUT, TINFL_FLAG_STOP_ON_BLOCK_BOUNDARY},
    },
};

use super::points::{Place, WINDOW};
use crate::{
    archive::Options,
    digest::{Digest, Hasher},
    disk,
    error::{Error, Result},
    fault::ArchiveFault,
};

/// Bytes read at a time.
const INPUT: usize = 256 << 10;
/// Bytes of unpacked data at hand: a power of two, more than a window, and few enough for the second cache.
const RING: usize = 256 << 10;

/// How far a file is inflated.
pub(super) struct Stream {
    input: Input,
    options: Options,
    inflater: Box<DecompressorOxide>,
    ring: Vec<u8>,
    /// Where the next byte goes in the ring.
    at: usize,
    /// Unpacked bytes in front of that.
    position: u64,
    state: State,
    /// CRC-32 and length of the gzip member in hand; `None` where it was entered in its middle.
    check: Option<(crc32fast::Hasher, u32)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// A member's header, or the end of the file.
    Header,
    /// In front of a deflate block.
    Block,
    /// Within one.
    Inside,
    End,
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Stream at {}", self.position)
    }
}

impl Stream {
    /// From the start; `hashed` digests the packed bytes as they are read.
    pub(super) fn new(file: Arc<File>, path: PathBuf, options: Options, hashed: bool) -> Self {
        let hasher = hashed.then(Hasher::default);
        let input = Input { file, path, buffer: Vec::new(), used: 0, next: 0, hasher };
        Self {
            input,
            options,
            inflater: Box::default(),
            ring: vec![0; RING],
            at: 0,
            position: 0,
            state: State::Header,
            check: None,
        }
    }

    /// From a checkpoint, with the window that belongs to it.
    pub(super) fn enter(
        file: Arc<File>,
        path: PathBuf,
        options: Options,
        place: Place,
        window: &[u8],
    ) -> Result<Self> {
        let mut stream = Self::new(file, path, options, false);
        stream.input.next = place.packed - u64::from(place.bits > 0);
        let mut state = BlockBoundaryState::default();
        if place.bits > 0 {
            // The bits that are left of the byte in front are its high ones.
            state.num_bits = place.bits;
            state.bit_buf = stream.input.byte()? >> (8 - place.bits);
        }
        *stream.inflater = DecompressorOxide::from_block_boundary_state(&state);
        if let Some(room) = stream.ring.get_mut(..window.len()) {
            room.copy_from_slice(window);
        }
        (stream.at, stream.position, stream.state) = (window.len(), place.unpacked, State::Block);
        Ok(stream)
    }

    /// Unpacked bytes in front of the next chunk.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// The next bytes, `None` at the end. A chunk ends where a block does, and is empty behind a header.
    ///
    /// # Errors
    /// `Archive` at the packed offset; `Io`.
    pub(super) fn chunk(&mut self) -> Result<Option<&[u8]>> {
        let packed = self.input.offset();
        let step = match self.state {
            State::Header => self.header().map(|()| 0),
            State::Block | State::Inside => self.inflate(),
            State::End => return Ok(None),
        };
        let written = step.map_err(|e| e.at_offset(packed))?;
        Ok(Some(self.tail(written)))
    }

    /// The last `len` bytes of the last chunk.
    pub(super) fn tail(&self, len: usize) -> &[u8] {
        let end = if self.at == 0 { RING } else { self.at };
        self.ring.get(end.saturating_sub(len)..end).unwrap_or_default()
    }

    /// Where the stream can be entered again, if it can be here; the window in front of it.
    pub(super) fn place(&self) -> Option<(Place, Vec<u8>)> {
        if self.state != State::Block {
            return None;
        }
        let bits = self.inflater.block_boundary_state().map_or(0, |state| state.num_bits);
        let place = Place { packed: self.input.offset(), bits, unpacked: self.position };
        let len = self.check.as_ref().map_or(WINDOW, |(_, len)| WINDOW.min(*len as usize));
        let start = (self.at + RING - len) % RING;
        let mut window = Vec::with_capacity(len);
        for part in [start..(start + len).min(RING), 0..(start + len).saturating_sub(RING)] {
            window.extend_from_slice(self.ring.get(part).unwrap_or_default());
        }
        Some((place, window))
    }

    /// The digest of all packed bytes; `None` unless they were hashed and the end was reached.
    pub(super) fn digest(&mut self) -> Option<Digest> {
        (self.state == State::End).then(|| self.input.hasher.take().map(Hasher::finish)).flatten()
    }

    fn inflate(&mut self) -> Result<usize> {
        self.input.fill()?;
        let (bytes, more) = self.input.rest();
        let flags = TINFL_FLAG_STOP_ON_BLOCK_BOUNDARY | if more { TINFL_FLAG_HAS_MORE_INPUT } else { 0 };
        let (status, read, written) = decompress(&mut self.inflater, bytes, &mut self.ring, self.at, flags);
        self.input.used += read;
        if let Some((crc, len)) = &mut self.check {
            let chunk = self.ring.get(self.at..self.at + written).unwrap_or_default();
            crc.update(chunk);
            *len = len.wrapping_add(written as u32);
        }
        self.at = (self.at + written) % RING;
        self.position += written as u64;
        self.state = match status {
            TINFLStatus::BlockBoundary => State::Block,
            TINFLStatus::HasMoreOutput => State::Inside,
            TINFLStatus::NeedsMoreInput if more => State::Inside,
            TINFLStatus::NeedsMoreInput | TINFLStatus::FailedCannotMakeProgress => {
                return Err(Error::archive(ArchiveFault::Truncated));
            }
            TINFLStatus::Done => {
                self.trailer()?;
                State::Header
            }
            _ => return Err(Error::archive(ArchiveFault::Corrupt("no sound deflate stream".to_owned()))),
        };
        self.options.check_ratio(self.position, self.input.offset())?;
        Ok(written)
    }

    /// The checksum and length behind a member's data.
    fn trailer(&mut self) -> Result<()> {
        let (crc, len) = (self.input.u32()?, self.input.u32()?);
        let found = self.check.take().map(|(found, length)| (found.finalize(), length));
        if found.is_some_and(|found| found != (crc, len)) {
            return Err(Error::archive(ArchiveFault::Checksum));
        }
        Ok(())
    }

    /// A member's header, as RFC 1952 has it; zeros up to the end of the file, as tapes have them, are none.
    fn header(&mut self) -> Result<()> {
        let corrupt = |words: &str| Error::archive(ArchiveFault::Corrupt(words.to_owned()));
        let first = self.input.offset() == 0;
        if !first && self.input.only_zeros()? {
            self.state = State::End;
            return Ok(());
        }
        if (self.input.byte()?, self.input.byte()?, self.input.byte()?) != (0x1f, 0x8b, 8) {
            return Err(corrupt("no gzip header"));
        }
        let flags = self.input.byte()?;
        if flags & 0xe0 != 0 {
            return Err(corrupt("a gzip header with unknown flags"));
        }
        self.input.skip(6)?; // time, hints, system
        if flags & 4 != 0 {
            let extra = u16::from_le_bytes([self.input.byte()?, self.input.byte()?]);
            self.input.skip(extra as usize)?;
        }
        for text in [8, 16] {
            while flags & text != 0 && self.input.byte()? != 0 {} // name, comment
        }
        self.input.skip(usize::from(flags & 2))?; // its own CRC, 2 bytes
        *self.inflater = DecompressorOxide::default();
        (self.state, self.check) = (State::Block, Some((crc32fast::Hasher::new(), 0)));
        Ok(())
    }
}

/// The packed bytes.
struct Input {
    file: Arc<File>,
    path: PathBuf,
    buffer: Vec<u8>,
    /// Bytes of the buffer that were taken.
    used: usize,
    /// Where the file goes on behind the buffer.
    next: u64,
    hasher: Option<Hasher>,
}

impl Input {
    /// Offset of the next byte.
    fn offset(&self) -> u64 {
        self.next - (self.buffer.len() - self.used) as u64
    }

    /// Reads on if nothing is left.
    fn fill(&mut self) -> Result<()> {
        if self.used < self.buffer.len() {
            return Ok(());
        }
        self.buffer.resize(INPUT, 0);
        let got =
            disk::pread(&self.file, &mut self.buffer, self.next).map_err(|e| Error::io(&self.path, e))?;
        self.buffer.truncate(got);
        (self.used, self.next) = (0, self.next + got as u64);
        if let Some(hasher) = &mut self.hasher {
            hasher.update(&self.buffer);
        }
        Ok(())
    }

    /// What is left, and whether there may be more behind it.
    fn rest(&self) -> (&[u8], bool) {
        (self.buffer.get(self.used..).unwrap_or_default(), !self.buffer.is_empty())
    }

    fn byte(&mut self) -> Result<u8> {
        self.fill()?;
        let byte = self.buffer.get(self.used).copied();
        self.used += usize::from(byte.is_some());
        byte.ok_or_else(|| Error::archive(ArchiveFault::Truncated))
    }

    fn u32(&mut self) -> Result<u32> {
        Ok(u32::from_le_bytes([self.byte()?, self.byte()?, self.byte()?, self.byte()?]))
    }

    fn skip(&mut self, count: usize) -> Result<()> {
        (0..count).try_for_each(|_| self.byte().map(drop))
    }

    /// Whether nothing but zeros is left; these are taken.
    fn only_zeros(&mut self) -> Result<bool> {
        loop {
            self.fill()?;
            match self.rest().0 {
                [] => return Ok(true),
                rest => match rest.iter().position(|&byte| byte != 0) {
                    None => self.used = self.buffer.len(),
                    Some(_) => return Ok(false),
                },
            }
        }
    }
}
