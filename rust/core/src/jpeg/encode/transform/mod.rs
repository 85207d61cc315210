//! Samples to quantised coefficients in zigzag order, four blocks at a time: libjpeg's slow forward DCT, and its division.
#![allow(unsafe_code)]

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod passes;
mod plain;

use passes::SLOTS;

#[cfg(test)]
use crate::isa::Isa;

/// The place in a block of each coefficient in zigzag order.
#[rustfmt::skip]
const NATURAL_ORDER: [u8; 64] = [
    0,  1,  8, 16,  9,  2,  3, 10, 17, 24, 32, 25, 18, 11,  4,  5,
    12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13,  6,  7, 14, 21, 28,
    35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
    58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// Four blocks' coefficients, as they are coded.
#[derive(Debug, Clone, PartialEq, Eq)]
#[repr(C, align(64))]
pub(super) struct Quad {
    /// In zigzag order.
    pub(super) coefficients: [[i16; 64]; 4],
    /// A bit for each coefficient that is not zero.
    pub(super) nonzero: [u64; 4],
}

impl Default for Quad {
    fn default() -> Self {
        Self { coefficients: [[0; 64]; 4], nonzero: [0; 4] }
    }
}

/// What coefficients are divided by, rounding halves away from zero.
#[derive(Debug, Clone)]
#[repr(C, align(64))]
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
pub(super) struct Divisors {
    /// Eight times the quantisation table, as the transform's results are eight times too large; for each coefficient in its
    /// place in the block.
    divisor: [u16; 64],
    /// The same as a product, where the vector transforms leave the coefficient: (value + added) * factor, without 16 and
    /// `shift` bits.
    added: [u16; 64],
    factor: [u16; 64],
    shift: [u16; 64],
    /// The shift as a factor, of whose product 16 bits are cut off.
    scale: [u16; 64],
}

impl Divisors {
    /// Of a quantisation table of 1 to 255 in zigzag order.
    pub(super) fn new(table: &[u16; 64]) -> Self {
        let zeros = [0; 64];
        let mut all = Self { divisor: zeros, added: zeros, factor: zeros, shift: zeros, scale: zeros };
        for (&step, &place) in table.iter().zip(&NATURAL_ORDER) {
            let place = usize::from(place);
            let divisor = u32::from(step.clamp(1, 255)) * 8;
            // Robison's division by a constant: the largest power of two whose reciprocal fits 16 bits, rounded to
            // the nearer side; down needs one more to be added. A power of two is its own reciprocal.
            let bits = divisor.ilog2();
            let (factor, rest) = ((1 << (16 + bits)) / divisor, (1 << (16 + bits)) % divisor);
            let half = divisor / 2;
            let (factor, added, shift) = match rest {
                0 => (factor / 2, half, bits - 1),
                rest if rest <= half => (factor, half + 1, bits),
                _ => (factor + 1, half, bits),
            };
            all.divisor[place] = divisor as u16;
            let slot = usize::from(SLOTS[place]);
            (all.added[slot], all.factor[slot]) = (added as u16, factor as u16);
            (all.shift[slot], all.scale[slot]) = (shift as u16, (1 << (16 - shift)) as u16);
        }
        all
    }
}

/// Samples of four blocks: two beside one another from the beginning of each slice, whose rows are `stride` apart.
#[derive(Debug, Clone, Copy)]
pub(super) struct Samples<'a> {
    pub(super) pairs: [&'a [u8]; 2],
    pub(super) stride: usize,
}

impl Samples<'_> {
    fn are_whole(&self) -> bool {
        let needed = self.stride.checked_mul(7).and_then(|rows| rows.checked_add(16));
        needed.is_some_and(|needed| self.pairs.iter().all(|pair| pair.len() >= needed))
    }
}

/// Defines the twins.
pub(super) fn quad_plain(samples: Samples<'_>, divisors: &Divisors, out: &mut Quad) {
    if samples.are_whole() {
        plain::quad(samples, divisors, out);
    }
}

/// The AVX2 twin.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
pub(super) fn quad_avx2(samples: Samples<'_>, divisors: &Divisors, out: &mut Quad) {
    if samples.are_whole() {
        // SAFETY: eight rows of sixteen samples each, as checked.
        unsafe { avx2::quad(samples, divisors, out) }
    }
}

/// The AVX-512 twin.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx512vnni")]
pub(super) fn quad_avx512(samples: Samples<'_>, divisors: &Divisors, out: &mut Quad) {
    if samples.are_whole() {
        // SAFETY: eight rows of sixteen samples each, as checked.
        unsafe { avx512::quad(samples, divisors, out) }
    }
}

#[cfg(test)]
pub(super) fn quad(isa: Isa, samples: Samples<'_>, divisors: &Divisors, out: &mut Quad) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: the CPU has these instructions.
    unsafe {
        if isa >= Isa::Avx512 {
            return quad_avx512(samples, divisors, out);
        } else if isa >= Isa::Avx2 {
            return quad_avx2(samples, divisors, out);
        }
    }
    let _ = isa;
    quad_plain(samples, divisors, out);
}
