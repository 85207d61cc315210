//! One of two streams: where its bits and its blocks have come to, and what the kernel does to them, in plain words.

use super::kernel::{Link, Stream};
use crate::jpeg::fast::{
    entropy::MOST_BLOCKS,
    tables::{Codes, END, LONG, base},
};

/// Blocks read before their samples are made, at most: few enough for both streams' to stay in the first caches.
pub(super) const CHUNK: usize = 96;
/// Blocks of one component among them, at most.
pub(super) const COMPONENT: usize = 64;
/// Blocks behind a chunk that the kernel may have begun when it stops.
pub(super) const BEGUN: usize = 2;
/// Blocks behind a chunk that the kernel may begin, or store zeros to.
const MORE: usize = 8;
/// Where the first block lies in a ring.
const FRONT: usize = 32;
/// From a block of a ring to the next.
const BLOCK_BYTES: u64 = 128;
/// Places of a block and behind it that stores may reach, from the one before the block on.
const REACH: usize = 320;

/// Bytes of bits that the symbols of a chunk and of what is begun behind it may take, and what is read behind them.
pub(in crate::jpeg::fast) const MOST_BYTES: usize = (CHUNK + MORE) * 64 * 31 / 8 + 64;

/// Coefficients in zigzag order, DCs as differences. All are zero where no block was begun.
#[repr(align(64))]
#[derive(Debug)]
struct Ring([i16; FRONT + (CHUNK + MORE) * 64]);

/// What a lane reads.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) codes: [&'a Codes; 3],
    /// Blocks in an MCU, 1 to 6, and how many of them are luma's.
    pub(super) blocks: usize,
    pub(super) luma: usize,
}

impl<'a> Source<'a> {
    /// The codes of an MCU's block.
    pub(super) fn codes(&self, number: usize) -> &'a Codes {
        self.codes[number.saturating_sub(self.luma - 1).min(2)]
    }

    /// The block after that one.
    pub(super) fn after(&self, number: usize) -> usize {
        if number + 1 < self.blocks.min(MOST_BLOCKS) { number + 1 } else { 0 }
    }

    fn address(&self) -> u64 {
        self.bytes.as_ptr().expose_provenance() as u64
    }

    /// 57 bits or more.
    fn bits(&self, bit: usize) -> u64 {
        let ready = self.bytes.get(bit / 8..).and_then(<[u8]>::first_chunk);
        ready.map_or(0, |&ready| u64::from_be_bytes(ready) << (bit % 8))
    }
}

/// A stream's blocks, and where it is.
#[derive(Debug)]
pub(in crate::jpeg::fast) struct Lane {
    ring: Box<Ring>,
    /// Whether the image is read by this lane.
    pub(super) is_open: bool,
    /// Whether the row of MCUs was begun, and its first MCU that is in the ring.
    pub(super) has_begun: bool,
    pub(super) x: usize,
    /// The next bit.
    pub(super) bit: usize,
    /// The block in the ring, and in its MCU.
    pub(super) block: usize,
    pub(super) number: usize,
    /// The next coefficient's position; 0 before the DC.
    pub(super) next: usize,
}

impl Default for Lane {
    fn default() -> Self {
        Self {
            ring: Box::new(Ring([0; FRONT + (CHUNK + MORE) * 64])),
            is_open: false,
            has_begun: false,
            x: 0,
            bit: 0,
            block: 0,
            number: 0,
            next: 0,
        }
    }
}

impl Lane {
    /// At the beginning of an image.
    pub(in crate::jpeg::fast) fn open(&mut self) {
        self.close();
        self.is_open = true;
        self.ring.0.fill(0);
        (self.bit, self.block, self.number, self.next) = (0, 0, 0, 0);
    }

    pub(in crate::jpeg::fast) fn close(&mut self) {
        (self.is_open, self.has_begun) = (false, false);
    }

    pub(in crate::jpeg::fast) fn is_open(&self) -> bool {
        self.is_open
    }

    /// The blocks, of which one more than there is room for is never begun.
    pub(super) fn blocks(&mut self) -> &mut [[i16; 64]] {
        self.ring.0.get_mut(FRONT..).unwrap_or_default().as_chunks_mut().0
    }

    /// Takes `count` blocks out, which are zero, and moves those begun behind them to the front.
    pub(super) fn shift(&mut self, count: usize) {
        let blocks = self.blocks();
        if blocks.len() > count + BEGUN {
            blocks.copy_within(count..=count + BEGUN, 0);
            for block in blocks.iter_mut().take(count + BEGUN + 1).skip(count.max(BEGUN + 1)) {
                *block = [0; 64];
            }
        }
        self.block = self.block.saturating_sub(count);
    }

    /// The lane as the kernel has it, which is to stop when that many blocks are read or, as it looks only after every other
    /// look-up, up to [`BEGUN`] more are begun. Addresses are good as long as nothing moves.
    pub(super) fn enter(
        &mut self,
        source: &Source<'_>,
        links: &mut [Link; MOST_BLOCKS],
        limit: usize,
    ) -> Stream {
        let addresses = |number| source.codes(number).steps.addresses();
        let link_at: [u64; MOST_BLOCKS] =
            std::array::from_fn(|number| (&raw const links[number]).expose_provenance() as u64);
        for (number, link) in links.iter_mut().enumerate() {
            let after = source.after(number);
            let (ac, next_dc, long) =
                (addresses(number).0, addresses(after).1, source.codes(number).long_address());
            *link = Link { ac, next_dc, next: link_at[after], zero: 0, long };
        }
        let ring = self.blocks().as_mut_ptr().expose_provenance() as u64;
        let place = |block: usize| ring.wrapping_add(block as u64 * BLOCK_BYTES).wrapping_sub(2);
        let (ac, dc) = addresses(self.number);
        Stream {
            bits: source.address() * 8 + self.bit as u64,
            block: place(self.block),
            next: self.next as u64,
            table: if self.next == 0 { dc } else { ac },
            link: link_at.get(self.number).copied().unwrap_or(link_at[0]),
            limit: place(limit),
        }
    }

    /// Takes over what the kernel has made of `enter`'s.
    pub(super) fn leave(&mut self, source: &Source<'_>, links: &[Link; MOST_BLOCKS], stream: &Stream) {
        let ring = self.blocks().as_mut_ptr().expose_provenance() as u64;
        let links = links.as_ptr().expose_provenance() as u64;
        self.bit = stream.bits.wrapping_sub(source.address() * 8) as usize;
        self.block = (stream.block.wrapping_sub(ring).wrapping_add(2) / BLOCK_BYTES) as usize;
        self.number = (stream.link.wrapping_sub(links) / size_of::<Link>() as u64) as usize;
        self.next = stream.next as usize;
    }

    fn put(&mut self, place: usize, value: i16) {
        let start = FRONT - 1 + self.block * 64;
        let window = self.ring.0.get_mut(start..start + REACH);
        if let Some(coefficient) = window.and_then(|window| window.get_mut(place)) {
            *coefficient = value;
        }
    }

    fn end_block(&mut self, source: &Source<'_>) {
        (self.block, self.number, self.next) = (self.block + 1, source.after(self.number), 0);
    }

    /// One look-up: what the kernel does in one. `false`, and nothing done but its stores, if the entry does not say what to do.
    pub(super) fn step(&mut self, source: &Source<'_>) -> bool {
        let (bits, steps) = (source.bits(self.bit), &source.codes(self.number).steps);
        let entry = if self.next == 0 { steps.dc(bits) } else { steps.ac(bits) };
        let byte = |number: u32| (entry >> (number * 8) & 0xFF) as usize;
        let reached = self.next + byte(4);
        let value = bits >> (byte(1) & 63) & ((1 << byte(2)) - 1);
        self.put(self.next + byte(3), i16::from(byte(5) as i8));
        self.put(reached, (value as i16).wrapping_add((entry >> 48) as i16));
        if reached.wrapping_sub(1) & 64 != 0 {
            return false;
        }
        self.bit += byte(0);
        self.next = reached;
        if reached >= 64 {
            self.end_block(source);
        }
        true
    }

    /// Reads the one symbol that `step` could not. `None` if it is none, or leads out of the block.
    pub(super) fn symbol(&mut self, source: &Source<'_>) -> Option<()> {
        let (bits, codes) = (source.bits(self.bit), source.codes(self.number));
        if self.next == 0 {
            let (length, size) = codes.long_dc.symbol((bits >> 48) as u16)?;
            self.take(1, bits, length, u32::from(size));
            return Some(());
        }
        let entry = codes.steps.ac(bits);
        // What the step has stored, perhaps to the next block.
        for place in [entry >> 24 & 0xFF, entry >> 32 & 0xFF] {
            self.put(self.next + place as usize, 0);
        }
        if entry >> 32 & 0xFF == LONG as u64
            && let Some(entry) = codes.long(bits)
        {
            let (length, reached) = ((entry & 0xFF) as usize, self.next + (entry >> 32 & 0xFF) as usize);
            let value = bits >> (entry >> 8 & 63) & ((1 << (entry >> 16 & 0xFF)) - 1);
            if reached > 64 && reached < END {
                return None;
            }
            self.put(reached, (value as i16).wrapping_add((entry >> 48) as i16));
            self.bit += length;
            self.next = reached;
        } else {
            let (length, symbol) = codes.long_ac.symbol((bits >> 48) as u16)?;
            let (run, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
            if size == 0 && run < 15 {
                self.bit += length as usize;
                self.next += END;
            } else {
                let reached = self.next + run + 1;
                if reached > 64 {
                    return None;
                }
                self.take(reached, bits, length, size);
            }
        }
        if self.next >= 64 {
            self.end_block(source);
        }
        Some(())
    }

    /// Stores the value of `size` bits behind a code of `length` bits, and goes there.
    fn take(&mut self, place: usize, bits: u64, length: u32, size: u32) {
        let bits = bits << length;
        let value = if size == 0 { 0 } else { (bits >> (64 - size)) as i32 + base(size, bits >> 63 != 0) };
        self.put(place, value as i16);
        self.bit += (length + size) as usize;
        self.next = place;
    }
}
