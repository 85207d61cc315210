//! Weighted sums four bytes at a time, for CPUs that have an instruction for it (AVX-512 VNNI).
//!
//! `vpdpbusd` adds four products of a byte and a signed byte to a 32-bit lane. A weight of 22 bits and a sign is
//! three signed bytes, its *planes*, each with a sum of its own, and the three sums make the exact one:
//! `weight = low + 256 * middle + 65536 * high`.
//!
//! What these functions compute is defined by the plain ones of `rows` and `columns`.
#![allow(unsafe_code)]

mod edge;
#[cfg(target_arch = "x86_64")]
mod x86;

pub(super) use edge::Edge;

use crate::isa::Isa;

/// Most quads of taps a window has: the twelve of a Lanczos halving.
pub(super) const MOST: usize = 3;

/// Four weights, as the four bytes of a lane of each plane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Quad {
    planes: [i32; 3],
}

impl Quad {
    /// Splits weights whose size is at most 1 (which is 2 to the 22nd).
    pub(super) fn new(weights: [i32; 4]) -> Self {
        let split = weights.map(|weight| {
            let low = weight as i8;
            let rest = (weight - i32::from(low)) >> 8;
            let middle = rest as i8;
            [low, middle, ((rest - i32::from(middle)) >> 8) as i8]
        });
        let plane = |i: usize| i32::from_le_bytes(split.map(|bytes| bytes.get(i).map_or(0, |&b| b as u8)));
        Self { planes: [plane(0), plane(1), plane(2)] }
    }

    /// The quads of a window whose first tap is tap `skip` of the first quad.
    pub(super) fn of_window(weights: &[i32], skip: usize) -> [Self; MOST] {
        let weight =
            |tap: usize| tap.checked_sub(skip).and_then(|i| weights.get(i)).copied().unwrap_or_default();
        std::array::from_fn(|quad| Self::new(std::array::from_fn(|i| weight(4 * quad + i))))
    }
}

/// Columns that are woven and weighed together.
const BLOCK: usize = 64;

/// Bytes that four rows of `length` take when woven.
pub(super) fn woven_length(length: usize) -> usize {
    4 * length.next_multiple_of(BLOCK)
}

/// Says that the CPU has the instructions; who holds one has asked, and need not ask again for each row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kernels(());

#[allow(clippy::unused_self)] // to have one is what counts
impl Kernels {
    /// The kernels, if this level and the CPU have them.
    pub(super) fn of(isa: Isa) -> Option<Self> {
        let there = cfg!(target_arch = "x86_64") && isa.min(Isa::detected()) >= Isa::Avx512;
        there.then_some(Self(()))
    }

    /// Lays the bytes of four rows side by side, column by column, in an order that `weigh` undoes.
    ///
    /// Each row holds `length` bytes and may be longer; `woven` holds `woven_length(length)`.
    pub(super) fn weave(self, rows: [&[u8]; 4], length: usize, woven: &mut [u8]) {
        #[cfg(target_arch = "x86_64")]
        if rows.iter().all(|row| row.len() >= length) && woven.len() >= woven_length(length) {
            // SAFETY: `self` says that the CPU has AVX-512, and the lengths are as the kernel demands.
            unsafe { x86::weave(rows, length, woven) }
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = (rows, length, woven);
    }

    /// `out[b]` = the weighed sum of column b of the woven rows, four for each of `quads`, as a pixel. Each of
    /// `woven` is what `weave` made for rows as long as `out`.
    pub(super) fn weigh(self, woven: [&[u8]; MOST], quads: &[Quad], out: &mut [u8]) {
        #[cfg(target_arch = "x86_64")]
        if woven.iter().take(quads.len()).all(|w| w.len() >= woven_length(out.len())) {
            // SAFETY: `self` says that the CPU has AVX-512, and the lengths are as the kernel demands.
            unsafe { x86::weigh(woven, quads, out) }
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = (woven, quads, out);
    }

    /// Halves pixels in width: `out` is a whole number of pixels, and the first tap of the first of them is the first
    /// pixel of `source`. `source` holds all taps. False, and nothing done, if it does not.
    pub(super) fn halve_width(self, source: &[u8], channels: usize, quads: &[Quad], out: &mut [u8]) -> bool {
        let pixels = out.len().checked_div(channels).unwrap_or_default();
        let taps = 4 * quads.len();
        if pixels == 0 || taps == 0 || source.len() < (2 * (pixels - 1) + taps) * channels {
            return false;
        }
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `self` says that the CPU has AVX-512, and the lengths are as the kernel demands.
        unsafe {
            match channels {
                1 => x86::halve_width::<1>(source, quads, out),
                3 => x86::halve_width::<3>(source, quads, out),
                4 => x86::halve_width::<4>(source, quads, out),
                _ => return false,
            }
        }
        cfg!(target_arch = "x86_64")
    }

    /// Makes the pixels at an edge of a row halved in width: of `source`, a row, to their places in `out`, another one. False, and
    /// nothing done, if either is too short.
    pub(super) fn weigh_edge(self, source: &[u8], edge: &Edge, out: &mut [u8]) -> bool {
        if source.len() < edge.taps.end || out.len() < edge.place.end {
            return false;
        }
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `self` says that the CPU has AVX-512, and the lengths are as the kernel demands.
        unsafe {
            x86::weigh_edge(source, edge, out);
        }
        cfg!(target_arch = "x86_64")
    }
}
