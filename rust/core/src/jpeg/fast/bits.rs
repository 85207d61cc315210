//! The bits of a stream, read from its beginning, and a place in it to go on from.

#![allow(clippy::inline_always)] // the reader's state stays in registers only in one function

/// Where reading has come to. By value, never by its address, so that it stays in registers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bits<'a> {
    /// The next bits, left aligned; behind `left` of them a part of what follows.
    ready: u64,
    /// Counts in its lowest six bits.
    left: u64,
    /// What is not in `ready`.
    rest: &'a [u8],
}

/// [`Bits`] of a stream, without the stream.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Position {
    ready: u64,
    left: u64,
    /// The next byte that is not in `ready`.
    at: usize,
}

impl Position {
    /// At the beginning of that byte.
    pub(super) fn new(at: usize) -> Self {
        Self { at, ..Self::default() }
    }

    /// At that bit of the stream.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn at_bit(stream: &[u8], bit: usize) -> Option<Self> {
        let (at, used) = (bit / 8, bit % 8);
        let byte = u64::from(*stream.get(at)?);
        Some(Self { ready: byte << (56 + used), left: 8 - used as u64, at: at + 1 })
    }

    /// Bits read so far, counted from the beginning of the stream.
    pub(super) fn read(self) -> usize {
        (self.at * 8).wrapping_sub(self.left as usize)
    }

    /// The bits from there on.
    pub(super) fn of(self, stream: &[u8]) -> Option<Bits<'_>> {
        Some(Bits { ready: self.ready, left: self.left, rest: stream.get(self.at..)? })
    }
}

impl Bits<'_> {
    /// The next bits, left aligned: 64 of them right after a refill.
    #[inline(always)]
    pub(super) fn ready(self) -> u64 {
        self.ready
    }

    /// The position in the stream.
    pub(super) fn position(self, stream: &[u8]) -> Position {
        let at = stream.len().wrapping_sub(self.rest.len());
        Position { ready: self.ready, left: self.left & 63, at }
    }

    /// With 56 bits or more ready.
    #[inline(always)]
    pub(super) fn refilled(self) -> Option<Self> {
        let next = self.rest.first_chunk()?;
        Some(Self {
            ready: self.ready | u64::from_be_bytes(*next) >> (self.left & 63),
            left: self.left | 0x38,
            rest: self.rest.get((!self.left >> 3 & 7) as usize..)?,
        })
    }

    /// Without the bits an entry takes.
    #[inline(always)]
    pub(super) fn without(self, entry: u64) -> Self {
        // What the subtraction makes of the higher bits is of no meaning.
        Self { ready: self.ready << (entry & 63), left: self.left.wrapping_sub(entry), rest: self.rest }
    }
}
