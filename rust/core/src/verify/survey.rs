//! A shard's structure from its chunks as they pass: its members, its payloads, and every byte that is neither.
//!
//! Damage does not end it. Behind a header that makes no sense the next one that does is looked for, so that a shard
//! with a flipped bit loses a member, not all that follow.

use std::{collections::VecDeque, fs::File, ops::Range, path::Path, sync::Arc};

use crate::{
    error::{Error, Kind},
    fault::TarFault,
    index::split_key,
    reshard::select::is_image,
    tar::{
        BLOCK, Block, Policy,
        blocks::{ChunkBlocks, FileBlocks},
        header::checksum_fits,
        read::Walk,
        write::padding,
    },
};

/// Bytes of an image that are taken to be decoded.
const MAX_IMAGE: u64 = 256 << 20;
/// Bytes of a JSON member that are taken to be read.
const MAX_TEXT: u64 = 16 << 20;
/// Everything that can be let pass is, so that it can be named and gone past.
const LENIENT: Policy = Policy { skip_special: true, lenient_end: true };

/// A regular file in the shard.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) name: Vec<u8>,
    /// From its first header to its last padding.
    pub(crate) span: Range<u64>,
    /// Its own bytes.
    pub(crate) data: Range<u64>,
    /// Too large to be looked into.
    pub(crate) too_large: bool,
}

/// What is unsound about the structure.
#[derive(Debug, Clone)]
pub(crate) struct Damage {
    pub(crate) fault: TarFault,
    pub(crate) member: Option<String>,
    pub(crate) offset: u64,
    /// Bytes of which nothing could be made.
    pub(crate) range: Option<Range<u64>>,
}

/// A payload that was asked for, whole.
#[derive(Debug)]
pub(crate) struct Payload {
    /// Number in [`Survey::members`].
    pub(crate) member: usize,
    pub(crate) bytes: Vec<u8>,
}

/// A payload on its way.
#[derive(Debug)]
struct Wanted {
    member: usize,
    data: Range<u64>,
    bytes: Vec<u8>,
}

/// The walk over one shard.
#[derive(Debug)]
pub(crate) struct Survey {
    walk: Walk,
    file: FileBlocks,
    size: u64,
    /// Where the next header is looked for after damage.
    search: Option<u64>,
    /// Nothing more is to be made of the file.
    stopped: bool,
    /// Payloads are cut out.
    looks_inside: bool,
    wanted: VecDeque<Wanted>,
    pub(crate) members: Vec<Member>,
    pub(crate) damage: Vec<Damage>,
    /// The operating system's error, or an anomaly of no tar.
    pub(crate) failed: Option<Error>,
}

impl Survey {
    pub(crate) fn new(path: &Path, file: Arc<File>, size: u64) -> Self {
        Self {
            walk: Walk::new(LENIENT),
            file: FileBlocks::new(file, path, size),
            size,
            search: None,
            stopped: false,
            looks_inside: true,
            wanted: VecDeque::new(),
            members: Vec::new(),
            damage: Vec::new(),
            failed: None,
        }
    }

    /// A walk that gives no payloads.
    pub(crate) fn of_structure(path: &Path, file: Arc<File>, size: u64) -> Self {
        Self { looks_inside: false, ..Self::new(path, file, size) }
    }

    /// Takes the bytes from `start`, which is whole blocks from the file's; gives payloads that are complete to `ready`.
    /// `spare` are buffers to be used for them.
    pub(crate) fn take(
        &mut self,
        chunk: &[u8],
        start: u64,
        spare: &mut Vec<Vec<u8>>,
        mut ready: impl FnMut(Payload),
    ) {
        let end = start + chunk.len() as u64;
        while !self.stopped {
            if self.search.is_some() {
                if !self.find_header(chunk, start) {
                    break;
                }
            } else if self.walk.end().is_some() {
                self.stopped = true;
            } else if self.walk.offset() >= end {
                break;
            } else {
                self.step(Some((chunk, start)), spare);
            }
        }
        for wanted in &mut self.wanted {
            let from = wanted.data.start.max(start);
            let to = wanted.data.end.min(end);
            if from < to {
                let part = chunk.get((from - start) as usize..(to - start) as usize);
                wanted.bytes.extend_from_slice(part.unwrap_or_default());
            }
        }
        while self.wanted.front().is_some_and(|wanted| wanted.data.end <= end) {
            let Some(Wanted { member, bytes, .. }) = self.wanted.pop_front() else { break };
            ready(Payload { member, bytes });
        }
    }

    /// Looks at what ends the file, once all of its bytes were taken.
    pub(crate) fn finish(&mut self) {
        while !self.stopped && self.search.is_none() && self.walk.end().is_none() {
            self.step(None, &mut Vec::new());
        }
        let size = self.size;
        if let Some(Damage { range: Some(range), .. }) =
            self.damage.last_mut().filter(|_| self.search.is_some())
        {
            range.end = size;
        }
    }

    /// One member, the archive's end, or damage.
    fn step(&mut self, chunk: Option<(&[u8], u64)>, spare: &mut Vec<Vec<u8>>) {
        let entry = match chunk {
            Some((chunk, start)) => {
                self.walk.next_entry(&mut ChunkBlocks { chunk, start, file: &mut self.file })
            }
            None => self.walk.next_entry(&mut self.file),
        };
        let found = entry.map(|entry| {
            entry.map(|entry| {
                let end = entry.data_offset + entry.size + padding(entry.size);
                let span = entry.header_offset..end.min(self.size);
                let data = entry.data_offset..entry.data_offset + entry.size;
                Member { name: entry.name.to_vec(), span, data, too_large: false }
            })
        });
        let mut hole = None;
        for skipped in self.walk.take_skipped() {
            let member = (!skipped.member.is_empty()).then(|| lossy(&skipped.member));
            // A zero block where a header is due, and then no zeros: a hole, not the end.
            let garbage = skipped.fault == TarFault::TrailingGarbage;
            hole = hole.filter(|_| garbage).map(|(at, _)| (at, true));
            if skipped.fault == TarFault::LoneEndMarker {
                hole = Some((skipped.offset, false));
            }
            let range = garbage.then_some(skipped.offset..self.size);
            self.damage.push(Damage { fault: skipped.fault, member, offset: skipped.offset, range });
        }
        match found {
            Ok(Some(member)) => self.want(member, spare),
            Ok(None) => {
                if let Some((offset, true)) = hole {
                    self.go_past_hole(offset);
                }
            }
            Err(error) => self.note(error),
        }
    }

    fn want(&mut self, mut member: Member, spare: &mut Vec<Vec<u8>>) {
        if let Some(limit) = limit_of(&member.name).filter(|_| self.looks_inside) {
            let data = member.data.clone();
            member.too_large = data.end - data.start > limit;
            if !member.too_large {
                let mut bytes = spare.pop().unwrap_or_default();
                bytes.clear();
                self.wanted.push_back(Wanted { member: self.members.len(), data, bytes });
            }
        }
        self.members.push(member);
    }

    /// Looks behind a block of zeros for the rest of the archive.
    fn go_past_hole(&mut self, offset: u64) {
        self.damage.truncate(self.damage.len().saturating_sub(2));
        let range = Some(offset..self.size);
        self.damage.push(Damage { fault: TarFault::LoneEndMarker, member: None, offset, range });
        self.search = Some(offset + BLOCK);
    }

    fn note(&mut self, error: Error) {
        let offset = error.place().offset.unwrap_or(self.walk.offset());
        let member = error.place().member.clone();
        let Kind::Tar(fault) = *error.kind() else {
            self.failed = Some(error);
            self.stopped = true;
            return;
        };
        self.damage.push(Damage { fault, member, offset, range: Some(offset..self.size) });
        match fault {
            // Nothing lies behind the end, and what is no tar has no headers.
            TarFault::Truncated | TarFault::NotTar | TarFault::Compressed => self.stopped = true,
            _ => self.search = Some(self.walk.offset() + BLOCK),
        }
    }

    /// Looks for a header in the chunk, behind damage; false if there is none.
    fn find_header(&mut self, chunk: &[u8], start: u64) -> bool {
        let Some(from) = self.search else { return false };
        let skip = from.saturating_sub(start) as usize;
        let blocks = chunk.get(skip..).unwrap_or_default().as_chunks::<512>().0;
        // Right behind a damaged name or PAX header lies the member's own, with what of the long name fits into it: the
        // member is not called that.
        let damaged = self.damage.last().map_or(0, |damage| damage.offset);
        let is_torn = |at: usize, block: &Block| {
            start + (skip + at * 512) as u64 <= damaged + 3 * BLOCK && is_filled(block)
        };
        let found = blocks.iter().enumerate().find(|(at, block)| is_header(block) && !is_torn(*at, block));
        let Some((at, _)) = found else {
            self.search = Some(from.max(start + chunk.len() as u64));
            return false;
        };
        let found = start + (skip + at * 512) as u64;
        if let Some(Damage { fault, range: Some(range), .. }) = self.damage.last_mut() {
            range.end = found;
            if *fault == TarFault::LoneEndMarker {
                *fault = TarFault::Checksum;
            }
        }
        self.walk.resume_at(found);
        self.search = None;
        true
    }
}

/// How much of a member is looked into; `None` if nothing.
fn limit_of(name: &[u8]) -> Option<u64> {
    let field = String::from_utf8_lossy(split_key(name)?.1).to_lowercase();
    match field.as_str() {
        field if is_json(field) => Some(MAX_TEXT),
        field if is_checked(field) => Some(MAX_IMAGE),
        _ => None,
    }
}

/// True for the field that describes its sample.
pub(crate) fn is_json(field: &str) -> bool {
    field.eq_ignore_ascii_case("json")
}

/// True for images of the kinds that are decoded.
pub fn is_checked(field: &str) -> bool {
    is_image(field)
        && matches!(
            field.rsplit('.').next().unwrap_or_default().to_lowercase().as_str(),
            "jpg" | "jpeg" | "png"
        )
}

fn is_header(block: &Block) -> bool {
    block[0] != 0 && checksum_fits(block)
}

/// True for a header whose name fills its field.
fn is_filled(block: &Block) -> bool {
    !block[..100].contains(&0)
}

pub(crate) fn lossy(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}
