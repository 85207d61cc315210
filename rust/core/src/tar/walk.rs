//! From header to header, nothing passed over in silence. It pulls blocks from a [`Blocks`] and never touches a payload.

use crate::{
    error::{Error, Result},
    fault::TarFault,
    tar::{
        BLOCK, Block, End, Policy, Skipped,
        blocks::Blocks,
        foreign,
        header::{self, Header, Type},
        pax,
        write::padding,
    },
};

/// Bytes of extension data (names, PAX records) taken in front of one member.
pub const MAX_EXTENSION: u64 = 1 << 20;
/// Extension headers taken in front of one member.
pub const MAX_PENDING: usize = 16;
/// Blocks of a GNU sparse map taken; each holds 21 pieces.
const MAX_SPARSE_BLOCKS: usize = 512;

/// A regular file as the archive lists it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Offset of the first block that belongs to it: its `L`, `x` or own header.
    pub header_offset: u64,
    /// Offset of its first byte.
    pub data_offset: u64,
    /// Its bytes.
    pub size: u64,
    /// Its name, bytes as in the archive.
    pub name: &'a [u8],
}

/// How far a walk is. Its blocks are given to each step, so that a step can find them where they happen to be.
#[derive(Debug)]
pub struct Walk {
    policy: Policy,
    /// A run of members cut out of an archive: no end marker is due.
    part: bool,
    first: u64,
    offset: u64,
    name: Vec<u8>,
    end: Option<End>,
    skipped: Vec<Skipped>,
}

/// What a header says, taken from its block, which is lent only until the next is asked for.
struct Facts {
    kind: Type,
    flag: u8,
    /// Bytes of payload by its own field.
    size: u64,
    sparse_goes_on: bool,
}

/// What extension headers said of the member they precede.
#[derive(Default)]
struct Pending {
    start: Option<u64>,
    headers: usize,
    bytes: u64,
    long_name: Option<Vec<u8>>,
    long_link: bool,
    pax: Option<pax::Records>,
}

impl Walk {
    /// From the first header of a whole archive.
    pub fn new(policy: Policy) -> Self {
        Self::from(policy, false, 0)
    }

    /// From the offset `first`, of a whole archive or of a part.
    pub(super) fn from(policy: Policy, part: bool, first: u64) -> Self {
        let (name, skipped) = (Vec::new(), Vec::new());
        Self { policy, part, first, offset: first, name, end: None, skipped }
    }

    /// Where the next header is due.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// How the archive ended; `None` before it did.
    pub fn end(&self) -> Option<End> {
        self.end
    }

    /// The anomalies that the policy let pass, with their offsets.
    pub fn into_skipped(self) -> Vec<(TarFault, u64)> {
        self.skipped.into_iter().map(|skipped| (skipped.fault, skipped.offset)).collect()
    }

    /// The anomalies that the policy let pass since this was last asked.
    pub fn take_skipped(&mut self) -> Vec<Skipped> {
        std::mem::take(&mut self.skipped)
    }

    /// Goes on at a header behind damage, as if everything before it were sound.
    pub fn resume_at(&mut self, offset: u64) {
        (self.offset, self.end) = (offset, None);
    }

    /// Goes on where another walk over the same archive is that came to this one's offset, too.
    pub fn go_on_from(&mut self, other: Self) {
        self.skipped.extend(other.skipped.into_iter().filter(|skipped| skipped.offset >= self.offset));
        (self.offset, self.end) = (other.offset, other.end);
    }

    /// The next regular file, `None` at the end. Calling it again after the end or an error is of no use, but harmless.
    ///
    /// # Errors
    /// `Tar` with the offset of the header that is wrong, and the member's name as far as it is known; `Io`.
    pub fn next_entry<B: Blocks>(&mut self, blocks: &mut B) -> Result<Option<Entry<'_>>> {
        let mut pending = Pending::default();
        loop {
            let at = self.offset;
            let Some(header) = self.header(blocks, &pending)? else { return Ok(None) };
            let (mut kind, field) = (header.kind, header.size);
            if kind.is_extension() {
                self.extension(blocks, kind, field, &mut pending)?;
                continue;
            }

            let start = pending.start.unwrap_or(at);
            let records = pending.pax.unwrap_or_default();
            match (pending.long_name, records.path) {
                // Which of the two counts differs from reader to reader.
                (Some(_), Some(_)) => return Err(Error::tar(TarFault::DanglingHeader, start)),
                (Some(name), None) | (None, Some(name)) => self.name = name,
                (None, None) => {} // the header's own, which is there
            }
            let size = records.size.unwrap_or(field);
            let mut data = at + BLOCK;
            if kind == Type::File && header.flag == 0 && self.name.ends_with(b"/") {
                kind = Type::Directory;
            }
            let fault = match kind {
                Type::File if records.sparse => Some(TarFault::Sparse),
                Type::File if self.name.is_empty() => Some(TarFault::EmptyName),
                Type::Sparse => Some(TarFault::Sparse),
                Type::Link => Some(TarFault::Link),
                Type::Device => Some(TarFault::NotAFile),
                Type::Unknown => Some(TarFault::UnknownType),
                _ => None,
            };
            if let Some(fault) = fault {
                if !self.policy.skip_special {
                    return Err(Error::tar(fault, start).in_member(&self.name));
                }
                self.skipped.push(Skipped { fault, offset: start, member: self.name.clone() });
            }
            if kind == Type::Sparse && header.sparse_goes_on {
                data = self.after_sparse_map(blocks, data)?;
            }
            let headers_only = match kind {
                Type::Directory => header.flag != b'D',
                Type::Volume => header.flag == b'V',
                Type::Link | Type::Device => true,
                _ => false,
            };
            let stored = if headers_only { Self::stored_anyway(blocks, data, size)? } else { size };
            let end = blocks.end();
            if stored > end.saturating_sub(data) {
                return Err(Error::tar(TarFault::Truncated, start).in_member(&self.name));
            }
            let mut next = data + stored + padding(stored);
            if next > end {
                if !self.policy.lenient_end {
                    return Err(Error::tar(TarFault::Truncated, start).in_member(&self.name));
                }
                let member = self.name.clone();
                self.skipped.push(Skipped { fault: TarFault::Truncated, offset: end, member });
                next = end;
            }
            self.offset = next;
            blocks.passed(next - start);
            if kind == Type::File && fault.is_none() {
                return Ok(Some(Entry { header_offset: start, data_offset: data, size, name: &self.name }));
            }
            pending = Pending::default();
        }
    }

    /// The header at the current offset, its own name in `self.name`; `None` at the archive's end.
    fn header<B: Blocks>(&mut self, blocks: &mut B, pending: &Pending) -> Result<Option<Facts>> {
        if self.end.is_some() {
            return Ok(None);
        }
        let (at, first) = (self.offset, self.first);
        let bytes = blocks.at(at, 512)?;
        if let Some(block) = bytes.first_chunk::<512>() {
            // No name starts with a NUL, so most headers are told from zero blocks by a glance.
            if block[0] != 0 || block.iter().any(|&b| b != 0) {
                let header = Header::of(block).map_err(|fault| self.not_a_header(fault, block))?;
                let size = header.size().map_err(|fault| Error::tar(fault, at))?;
                let (kind, flag, sparse_goes_on) = (header.kind(), header.flag(), header.sparse_goes_on());
                if !kind.is_extension() {
                    self.name.clear();
                    header.name_into(&mut self.name);
                }
                return Ok(Some(Facts { kind, flag, size, sparse_goes_on }));
            }
        }
        if let Some(start) = pending.start {
            let fault = if bytes.len() < 512 { TarFault::Truncated } else { TarFault::DanglingHeader };
            return Err(Error::tar(fault, start));
        }
        if at == first && bytes.len() < 512 && !self.part {
            return Err(foreign::short_file(bytes));
        }
        if bytes.len() < 512 && bytes.iter().any(|&b| b != 0) {
            return Err(Error::tar(TarFault::Truncated, at));
        }
        let whole = bytes.len() == 512;
        self.end = Some(self.end_marker(blocks, at, whole)?);
        Ok(None)
    }

    /// What the end looks like, given that no header is at `at`; `whole` if a zero block is.
    fn end_marker<B: Blocks>(&mut self, blocks: &mut B, at: u64, whole: bool) -> Result<End> {
        if !whole {
            if !(self.part && at == blocks.end()) {
                self.tolerate(TarFault::NoEndMarker, at)?;
            }
            return Ok(End::Missing);
        }
        let second = blocks.at(at + BLOCK, 512)?;
        let end = if second.len() == 512 && second.iter().all(|&b| b == 0) { End::Marked } else { End::Lone };
        if end == End::Lone {
            self.tolerate(TarFault::LoneEndMarker, at)?;
        }
        let mut offset = at + BLOCK;
        loop {
            let bytes = blocks.at(offset, 1 << 16)?;
            if bytes.is_empty() {
                return Ok(end);
            }
            if let Some(i) = bytes.iter().position(|&b| b != 0) {
                let garbage = offset + i as u64;
                self.tolerate(TarFault::TrailingGarbage, garbage)?;
                return Ok(end);
            }
            offset += bytes.len() as u64;
        }
    }

    fn tolerate(&mut self, fault: TarFault, offset: u64) -> Result<()> {
        if !self.policy.lenient_end {
            return Err(Error::tar(fault, offset));
        }
        self.skipped.push(Skipped { fault, offset, member: Vec::new() });
        Ok(())
    }

    /// The error for a block whose checksum does not fit.
    fn not_a_header(&self, fault: TarFault, block: &Block) -> Error {
        // Only a file's very first block can show that the file is something else.
        let first = self.offset == self.first && !self.part;
        if first { foreign::first_block(block) } else { Error::tar(fault, self.offset) }
    }

    /// Takes an `L`, `K`, `x` or `g` header and its data.
    fn extension<B: Blocks>(
        &mut self,
        blocks: &mut B,
        kind: Type,
        size: u64,
        pending: &mut Pending,
    ) -> Result<()> {
        let at = self.offset;
        let start = *pending.start.get_or_insert(at);
        pending.headers += 1;
        pending.bytes = pending.bytes.saturating_add(size);
        if pending.headers > MAX_PENDING || pending.bytes > MAX_EXTENSION {
            return Err(Error::tar(TarFault::HeaderLimit, at));
        }
        let body = blocks.at(at + BLOCK, size as usize)?;
        if (body.len() as u64) < size {
            return Err(Error::tar(TarFault::Truncated, at));
        }
        match kind {
            Type::LongName => {
                let name = header::until_nul(body).to_vec();
                if pending.long_name.replace(name).is_some() {
                    return Err(Error::tar(TarFault::DanglingHeader, at));
                }
            }
            Type::LongLink => {
                if std::mem::replace(&mut pending.long_link, true) {
                    return Err(Error::tar(TarFault::DanglingHeader, at));
                }
            }
            _ => {
                let records = pax::parse(body).map_err(|fault| Error::tar(fault, at))?;
                if kind == Type::PaxGlobal {
                    // One name or size for all members is nonsense, and readers disagree on what it means.
                    if records.path.is_some() || records.linkpath || records.size.is_some() {
                        return Err(Error::tar(TarFault::PaxGlobal, at));
                    }
                    if start == at {
                        *pending =
                            Pending { headers: pending.headers, bytes: pending.bytes, ..Pending::default() };
                    }
                } else if pending.pax.replace(records).is_some() {
                    return Err(Error::tar(TarFault::DanglingHeader, at));
                }
            }
        }
        self.offset = at + BLOCK + size + padding(size);
        Ok(())
    }

    /// Where the data of an old GNU sparse member starts: after the blocks that go on with its map.
    fn after_sparse_map<B: Blocks>(&mut self, blocks: &mut B, mut offset: u64) -> Result<u64> {
        for _ in 0..MAX_SPARSE_BLOCKS {
            let block = blocks.at(offset, 512)?;
            let Some(&goes_on) = block.get(504) else {
                return Err(Error::tar(TarFault::Truncated, offset).in_member(&self.name));
            };
            offset += BLOCK;
            if goes_on == 0 {
                return Ok(offset);
            }
        }
        Err(Error::tar(TarFault::HeaderLimit, offset).in_member(&self.name))
    }

    /// Bytes after a header of a kind that has none, whatever its size field says: none, unless only then the
    /// archive goes on. (Some writers do store them, most do not, and none says which.)
    fn stored_anyway<B: Blocks>(blocks: &mut B, data: u64, size: u64) -> Result<u64> {
        let stored = size > 0
            && !Self::is_boundary(blocks, data)?
            && Self::is_boundary(blocks, data + size + padding(size))?;
        Ok(if stored { size } else { 0 })
    }

    /// True if a header, a zero block or the end of the data is at `offset`.
    fn is_boundary<B: Blocks>(blocks: &mut B, offset: u64) -> Result<bool> {
        let bytes = blocks.at(offset, 512)?;
        Ok(match bytes.first_chunk::<512>() {
            Some(block) => header::checksum_fits(block) || block.iter().all(|&b| b == 0),
            None => bytes.is_empty(),
        })
    }
}
