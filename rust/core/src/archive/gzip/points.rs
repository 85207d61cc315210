//! Checkpoints of a gzip file, and the file they are kept in: `GZIDX`, as `indexed_gzip` writes and reads it.
//!
//! Little-endian: `GZIDX`, version (1), flags (0), packed size u64, unpacked size u64, spacing u32, size of a window u32,
//! number of points u32; for each point its packed offset u64, unpacked offset u64, bits u8 and whether it has a window
//! u8; then the windows, each padded in front to its full size. Version 0 has no such flag: all but the first have one.

use std::{fs::File, path::Path};

use crate::{
    disk,
    error::{Error, Result},
    fault::ArchiveFault,
    shard,
};

/// Bytes a deflate stream may refer back.
pub(super) const WINDOW: usize = 32 << 10;

const MAGIC: &[u8; 5] = b"GZIDX";
const HEADER: usize = 35;

/// A place where a gzip file can be entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// Offset of the first whole byte.
    pub(super) packed: u64,
    /// High bits of the byte in front of it that belong to it, too.
    pub(super) bits: u8,
    /// Unpacked bytes in front of it.
    pub(super) unpacked: u64,
}

/// All such places of a file that are kept.
#[derive(Debug)]
pub(super) struct Points {
    pub(super) places: Vec<Place>,
    windows: Windows,
    pub(super) spacing: u32,
    pub(super) packed_size: u64,
    pub(super) unpacked_size: u64,
}

/// The unpacked bytes in front of each place.
#[derive(Debug)]
enum Windows {
    Memory(Vec<Vec<u8>>),
    /// A `GZIDX` file, and where in it each window lies.
    Kept(File, Vec<Option<u64>>),
}

impl Points {
    pub(super) fn new(spacing: u32) -> Self {
        let windows = Windows::Memory(Vec::new());
        Self { places: Vec::new(), windows, spacing, packed_size: 0, unpacked_size: 0 }
    }

    pub(super) fn push(&mut self, place: Place, window: Vec<u8>) {
        if let Windows::Memory(windows) = &mut self.windows {
            self.places.push(place);
            windows.push(window);
        }
    }

    /// The last place that is not behind `offset`, and its window.
    pub(super) fn before(&self, offset: u64) -> Result<(Place, Vec<u8>)> {
        let number = self.places.partition_point(|place| place.unpacked <= offset).wrapping_sub(1);
        let Some(&place) = self.places.get(number) else {
            return Err(Error::archive(ArchiveFault::ForeignIndex));
        };
        let window = match &self.windows {
            Windows::Memory(windows) => windows.get(number).cloned().unwrap_or_default(),
            Windows::Kept(file, offsets) => match offsets.get(number).copied().flatten() {
                None => Vec::new(),
                Some(at) => {
                    let mut window = vec![0; WINDOW];
                    let got = disk::pread(file, &mut window, at)
                        .map_err(|e| Error::new(crate::error::Kind::Io { path: None, source: e }))?;
                    if got < WINDOW {
                        return Err(Error::archive(ArchiveFault::ForeignIndex));
                    }
                    window
                }
            },
        };
        Ok((place, window))
    }

    /// The file.
    pub(super) fn encode(&self) -> Result<Vec<u8>> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend([1, 0]);
        bytes.extend(self.packed_size.to_le_bytes());
        bytes.extend(self.unpacked_size.to_le_bytes());
        bytes.extend(self.spacing.to_le_bytes());
        bytes.extend((WINDOW as u32).to_le_bytes());
        bytes.extend((self.places.len() as u32).to_le_bytes());
        let mut windows = Vec::new();
        for place in &self.places {
            let (_, window) = self.before(place.unpacked)?;
            bytes.extend(place.packed.to_le_bytes());
            bytes.extend(place.unpacked.to_le_bytes());
            bytes.extend([place.bits, u8::from(!window.is_empty())]);
            if !window.is_empty() {
                windows.resize(windows.len() + WINDOW.saturating_sub(window.len()), 0);
                windows.extend(window);
            }
        }
        bytes.extend(windows);
        Ok(bytes)
    }

    /// Opens the file; its windows stay there. `None` if it is damaged or of another archive.
    ///
    /// # Errors
    /// `Io`.
    pub(super) fn open(path: &Path, packed_size: u64) -> Result<Option<Self>> {
        let (file, size) = shard::open_regular(path)?;
        let read = |at: u64, len: usize| -> Result<Option<Vec<u8>>> {
            if at.checked_add(len as u64).is_none_or(|end| end > size) {
                return Ok(None);
            }
            let mut bytes = vec![0; len];
            let got = disk::pread(&file, &mut bytes, at).map_err(|e| Error::io(path, e))?;
            Ok((got == len).then_some(bytes))
        };
        let Some(header) = read(0, HEADER)? else { return Ok(None) };
        let Some(head) = Head::parse(&header).filter(|head| head.packed_size == packed_size) else {
            return Ok(None);
        };
        let row = if head.version == 0 { 17 } else { 18 };
        let Some(length) = head.count.checked_mul(row) else { return Ok(None) };
        let Some(rows) = read(HEADER as u64, length)? else { return Ok(None) };
        let (mut places, mut offsets) = (Vec::new(), Vec::new());
        let mut window_at = HEADER as u64 + length as u64;
        for (number, row) in rows.chunks_exact(row).enumerate() {
            let Some((place, windowed)) = parse_row(row, number, head.version) else { return Ok(None) };
            let ascends = places
                .last()
                .is_none_or(|last: &Place| last.unpacked <= place.unpacked && last.packed <= place.packed);
            let starts = number > 0 || place.unpacked == 0;
            let within =
                place.packed < packed_size && place.packed > 0 && place.unpacked <= head.unpacked_size;
            if !(ascends && starts && within) {
                return Ok(None);
            }
            places.push(place);
            offsets.push(windowed.then_some(window_at));
            window_at += if windowed { WINDOW as u64 } else { 0 };
        }
        if window_at != size || places.is_empty() {
            return Ok(None);
        }
        let windows = Windows::Kept(file, offsets);
        let (spacing, unpacked_size) = (head.spacing, head.unpacked_size);
        Ok(Some(Self { places, windows, spacing, packed_size, unpacked_size }))
    }
}

struct Head {
    version: u8,
    packed_size: u64,
    unpacked_size: u64,
    spacing: u32,
    count: usize,
}

impl Head {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(MAGIC)?;
        let (&[version, 0], rest) = rest.split_first_chunk()? else { return None };
        let (packed, rest) = rest.split_first_chunk()?;
        let (unpacked, rest) = rest.split_first_chunk()?;
        let (spacing, rest) = rest.split_first_chunk()?;
        let (window, rest) = rest.split_first_chunk()?;
        let (count, _) = rest.split_first_chunk()?;
        (version <= 1 && u32::from_le_bytes(*window) as usize == WINDOW).then_some(Self {
            version,
            packed_size: u64::from_le_bytes(*packed),
            unpacked_size: u64::from_le_bytes(*unpacked),
            spacing: u32::from_le_bytes(*spacing),
            count: u32::from_le_bytes(*count) as usize,
        })
    }
}

fn parse_row(row: &[u8], number: usize, version: u8) -> Option<(Place, bool)> {
    let (packed, rest) = row.split_first_chunk()?;
    let (unpacked, rest) = rest.split_first_chunk()?;
    let (&bits, flag) = rest.split_first()?;
    let windowed = if version == 0 { number > 0 } else { *flag.first()? == 1 };
    let place = Place { packed: u64::from_le_bytes(*packed), bits, unpacked: u64::from_le_bytes(*unpacked) };
    (bits < 8).then_some((place, windowed))
}
