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
    /// Its low bits, as many as `count` says, which come after one another from the highest of them down.
    buffer: u64,
    /// In its low six bits; above them is what adding whole codes has left.
    count: u64,
    /// Bytes written.
    pub(super) at: usize,
}

impl Writer {
    /// Adds a code and the value whose place is left in it.
    #[inline(always)]
    fn put(&mut self, code: Bits, value: Bits) {
        // A shift takes the low six bits of its distance.
        self.buffer = self.buffer.wrapping_shl(code as u32) | (code | value) >> 8;
        self.count = self.count.wrapping_add(code);
    }

    /// Writes the full bytes to `window`, which begins where `at` counts from.
    #[inline(always)]
    fn flush(&mut self, window: &mut [u8; MOST]) {
        let bytes = (self.buffer.wrapping_shl(!self.count as u32) << 1).to_be_bytes();
        // A block has less than 256 bytes, which spares a test.
        let at = usize::from(self.at as u8);
        if let Some(place) = window.get_mut(at..at + 8) {
            place.copy_from_slice(&bytes);
        }
        self.at += (self.count as usize & 63) >> 3;
        self.count &= 7;
    }

    /// Codes the first of the coefficients that are `left`, which is number `next` or a later one; gives the number
    /// of the one behind it.
    #[inline(always)]
    fn coefficient(
        &mut self,
        window: &mut [u8; MOST],
        codes: &Codes,
        coefficients: &[i16; 64],
        left: &mut u64,
        next: u32,
    ) -> u32 {
        let place = left.trailing_zeros();
        *left &= left.wrapping_sub(1);
        let mut zeros = place.wrapping_sub(next);
        while zeros > 15 {
            self.flush(window);
            self.put(codes.ac[15], 0);
            self.flush(window);
            zeros -= 16;
        }
        let value = value(coefficients[(place & 63) as usize]);
        self.put(codes.ac[usize::from(value as u8 | zeros as u8)], value);
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
fn value(coefficient: i16) -> Bits {
    Bits::from(VALUES[usize::from(coefficient as u16 & 0xFFF)])
}

/// Codes a block to `raw`, which has [`MOST`] bytes left. The coefficients are in zigzag order, and `nonzero` has a
/// bit for each that is not zero. `last` is the DC of the component's block before.
#[inline(always)]
pub(super) fn block(
    writer: &mut Writer,
    raw: &mut [u8],
    codes: &Codes,
    coefficients: &[i16; 64],
    nonzero: u64,
    last: &mut i16,
) {
    let start = writer.at;
    let Some(window) = raw.get_mut(start..).and_then(<[u8]>::first_chunk_mut) else { return };
    // In registers from here on.
    let mut bits = Writer { at: 0, ..*writer };
    let dc = coefficients[0];
    let difference = value(dc.wrapping_sub(*last));
    *last = dc;
    bits.put(codes.dc[usize::from(difference as u8 >> 4)], difference);
    bits.flush(window);
    let mut left = nonzero & !1;
    let mut next = 1;
    while left != 0 {
        // Two take 52 bits at most, and seven may be left.
        next = bits.coefficient(window, codes, coefficients, &mut left, next);
        if left != 0 {
            next = bits.coefficient(window, codes, coefficients, &mut left, next);
        }
        bits.flush(window);
    }
    if next < 64 {
        bits.put(codes.ac[0], 0);
        bits.flush(window);
    }
    *writer = Writer { at: start + bits.at, ..bits };
}

/// [`block`] with the instructions of newer CPUs; a function of its own, as it wants all registers.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "bmi1,bmi2")]
#[inline(never)]
pub(super) fn block_bmi(
    writer: &mut Writer,
    raw: &mut [u8],
    codes: &Codes,
    coefficients: &[i16; 64],
    nonzero: u64,
    last: &mut i16,
) {
    block(writer, raw, codes, coefficients, nonzero, last);
}

/// Appends `raw` to `out`, with a zero behind each 0xFF.
#[inline(always)]
pub(super) fn stuff(raw: &[u8], out: &mut Vec<u8>) {
    out.reserve(raw.len() + raw.len() / 16);
    let mut rest = raw;
    while let Some(chunk) = rest.first_chunk::<32>() {
        out.extend_from_slice(chunk);
        let mut read = chunk.len();
        // All looked at, whatever is found, which vectors can do.
        if chunk.iter().fold(0, |found, &byte| found | u8::from(byte == 0xFF)) != 0 {
            read = chunk.iter().take_while(|&&byte| byte != 0xFF).count() + 1;
            out.truncate(out.len() - chunk.len() + read);
            out.push(0);
        }
        rest = rest.get(read..).unwrap_or_default();
    }
    for &byte in rest {
        out.push(byte);
        if byte == 0xFF {
            out.push(0);
        }
    }
}
