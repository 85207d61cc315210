//! Coefficients to bits, and bits to the bytes of a file.
//!
//! Bits are first written as they come, and a zero is put behind each 0xFF afterwards, a row of MCUs at a time: then
//! bytes leave the bit buffer without a look at them, and without a branch.
#![allow(clippy::inline_always)] // the same loop, compiled for several kinds of CPU

use super::tables::{Bits, Codes, VALUES};

/// Bytes a block can take, and room for a store of eight bytes: 11 bits and 11 of a difference, 63 times 16 and 10.
pub(super) const MOST: usize = 264;

/// Bits that wait for a byte to be full, and where that byte will be.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Writer {
    /// The low `count` bits, which come after one another from the highest of them down.
    buffer: u64,
    count: u32,
    /// Bytes written.
    pub(super) at: usize,
}

impl Writer {
    /// Adds a code and the value whose place is left in it.
    #[inline(always)]
    fn put(&mut self, code: Bits, value: u16) {
        self.buffer = self.buffer << (code & 63) | u64::from(code >> 6) | u64::from(value >> 4);
        self.count += code & 63;
    }

    /// Writes the full bytes to `window`, which begins `at - start` bytes before.
    #[inline(always)]
    fn flush(&mut self, window: &mut [u8; MOST], start: usize) {
        let bytes = (self.buffer << (63 - (self.count & 63)) << 1).to_be_bytes();
        // A block has less than 256 bytes, which spares a test.
        let at = usize::from((self.at - start) as u8);
        if let Some(place) = window.get_mut(at..at + 8) {
            place.copy_from_slice(&bytes);
        }
        self.at += (self.count >> 3) as usize;
        self.count &= 7;
    }

    /// Codes a block to `raw`, which has [`MOST`] bytes left. The coefficients are in zigzag order, and `nonzero` has a
    /// bit for each that is not zero. `last` is the DC of the component's block before.
    #[inline(always)]
    pub(super) fn block(
        &mut self,
        raw: &mut [u8],
        codes: &Codes,
        coefficients: &[i16; 64],
        nonzero: u64,
        last: &mut i16,
    ) {
        let start = self.at;
        let Some(window) = raw.get_mut(start..).and_then(<[u8]>::first_chunk_mut) else { return };
        // In registers from here on.
        let mut bits = *self;
        let dc = coefficients[0];
        let value = value(dc.wrapping_sub(*last));
        *last = dc;
        bits.put(codes.dc[usize::from(value & 15)], value);
        bits.flush(window, start);
        let mut left = nonzero & !1;
        let mut next = 1;
        while left != 0 {
            // Two take 52 bits at most, and seven may be left.
            next = bits.coefficient(window, start, codes, coefficients, &mut left, next);
            if left != 0 {
                next = bits.coefficient(window, start, codes, coefficients, &mut left, next);
            }
            bits.flush(window, start);
        }
        if next < 64 {
            bits.put(codes.ac[0], 0);
            bits.flush(window, start);
        }
        *self = bits;
    }

    /// Codes the first of the coefficients that are `left`, which is number `next` or a later one; gives the number
    /// of the one behind it.
    #[inline(always)]
    fn coefficient(
        &mut self,
        window: &mut [u8; MOST],
        start: usize,
        codes: &Codes,
        coefficients: &[i16; 64],
        left: &mut u64,
        next: u32,
    ) -> u32 {
        let place = left.trailing_zeros() & 63;
        *left &= *left - 1;
        let mut zeros = place - next;
        while zeros > 15 {
            self.flush(window, start);
            self.put(codes.ac[0xF0], 0);
            self.flush(window, start);
            zeros -= 16;
        }
        let value = value(coefficients[place as usize]);
        self.put(codes.ac[usize::from((zeros << 4) as u8 | (value & 15) as u8)], value);
        place + 1
    }

    /// Fills the last byte up with ones, as the standard wants; says how many bytes there are.
    pub(super) fn finish(&mut self, raw: &mut [u8]) -> usize {
        if self.count > 0 {
            let free = 8 - self.count;
            if let Some(byte) = raw.get_mut(self.at) {
                *byte = (self.buffer << free) as u8 | ((1 << free) - 1) as u8;
            }
            self.at += 1;
            self.count = 0;
        }
        self.at
    }
}

#[inline(always)]
fn value(coefficient: i16) -> u16 {
    VALUES[usize::from(coefficient as u16 & 0xFFF)]
}

/// Appends `raw` to `out`, with a zero behind each 0xFF.
#[inline(always)]
pub(super) fn stuff(raw: &[u8], out: &mut Vec<u8>) {
    out.reserve(raw.len() + raw.len() / 16);
    let (chunks, rest) = raw.as_chunks::<32>();
    for chunk in chunks {
        // All looked at, whatever is found, which vectors can do.
        if chunk.iter().fold(0, |found, &byte| found | u8::from(byte == 0xFF)) != 0 {
            stuff_plain(chunk, out);
        } else {
            out.extend_from_slice(chunk);
        }
    }
    stuff_plain(rest, out);
}

fn stuff_plain(raw: &[u8], out: &mut Vec<u8>) {
    for piece in raw.split_inclusive(|&byte| byte == 0xFF) {
        out.extend_from_slice(piece);
        if piece.ends_with(&[0xFF]) {
            out.push(0);
        }
    }
}
