//! Weighted sums four bytes at a time, for CPUs that have an instruction for it (AVX-512 VNNI).
//!
//! `vpdpbusd` adds four products of a byte and a signed byte to a 32-bit lane. A weight of 22 bits and a sign is
//! three signed bytes, its *planes*, each with a sum of its own, and the three sums make the exact one:
//! `weight = low + 256 * middle + 65536 * high`.
//!
//! What these functions compute is defined by the plain ones of `rows` and `columns`.
#![allow(unsafe_code)]

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

/// True if this level has the instructions.
pub(super) fn possible(isa: Isa) -> bool {
    cfg!(target_arch = "x86_64") && isa >= Isa::Avx512
}

/// Lays the bytes of four rows side by side, column by column, in an order that `weigh` undoes.
///
/// Each row holds `length` bytes and may be longer; `woven` holds `woven_length(length)`. Only where `possible`.
pub(super) fn weave(rows: [&[u8]; 4], length: usize, woven: &mut [u8]) {
    #[cfg(target_arch = "x86_64")]
    if possible(Isa::detected())
        && rows.iter().all(|row| row.len() >= length)
        && woven.len() >= woven_length(length)
    {
        // SAFETY: the CPU has AVX-512, and the lengths are as the kernel demands.
        unsafe { x86::weave(rows, length, woven) }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (rows, length, woven);
}

/// `out[b]` = the weighed sum of column b of the woven rows, four for each of `quads`, as a pixel. Each of
/// `woven` is what `weave` made for rows as long as `out`. Only where `possible`.
pub(super) fn weigh(woven: [&[u8]; MOST], quads: &[Quad], out: &mut [u8]) {
    #[cfg(target_arch = "x86_64")]
    if possible(Isa::detected()) && woven.iter().take(quads.len()).all(|w| w.len() >= woven_length(out.len()))
    {
        // SAFETY: the CPU has AVX-512, and the lengths are as the kernel demands.
        unsafe { x86::weigh(woven, quads, out) }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (woven, quads, out);
}

/// Halves pixels in width: `out` is a whole number of pixels, and the first tap of the first of them is the first
/// pixel of `source`. `source` holds all taps. False, and nothing done, if it does not. Only where `possible`.
pub(super) fn halve_width(source: &[u8], channels: usize, quads: &[Quad], out: &mut [u8]) -> bool {
    let pixels = out.len().checked_div(channels).unwrap_or_default();
    let taps = 4 * quads.len();
    if pixels == 0 || taps == 0 || source.len() < (2 * (pixels - 1) + taps) * channels {
        return false;
    }
    #[cfg(target_arch = "x86_64")]
    if possible(Isa::detected()) {
        // SAFETY: the CPU has AVX-512, and the lengths are as the kernel demands.
        unsafe {
            match channels {
                1 => x86::halve_width::<1>(source, quads, out),
                3 => x86::halve_width::<3>(source, quads, out),
                4 => x86::halve_width::<4>(source, quads, out),
                _ => return false,
            }
        }
        return true;
    }
    false
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    #[allow(clippy::wildcard_imports)] // a kernel names two dozen instructions
    use std::arch::x86_64::*;

    use super::{BLOCK, MOST, Quad};
    use crate::resize::weights::PRECISION;

    /// The sums of sixteen lanes, a vector for each plane of the weights.
    type Sums = [__m512i; 3];

    /// A quad of weights in every lane.
    #[target_feature(enable = "avx512f")]
    fn spread(quad: Quad) -> Sums {
        quad.planes.map(|plane| _mm512_set1_epi32(plane))
    }

    #[target_feature(enable = "avx512f")]
    fn nothing() -> Sums {
        [_mm512_set1_epi32(1 << (PRECISION - 1)), _mm512_setzero_si512(), _mm512_setzero_si512()]
    }

    #[target_feature(enable = "avx512f,avx512vnni")]
    fn add(sums: &mut Sums, taps: __m512i, weights: &Sums) {
        for (sum, &weight) in sums.iter_mut().zip(weights) {
            *sum = _mm512_dpbusd_epi32(*sum, taps, weight);
        }
    }

    /// The pixels, not yet clamped.
    #[target_feature(enable = "avx512f")]
    fn values([low, middle, high]: Sums) -> __m512i {
        let upper = _mm512_add_epi32(middle, _mm512_slli_epi32::<8>(high));
        _mm512_srai_epi32::<PRECISION>(_mm512_add_epi32(low, _mm512_slli_epi32::<8>(upper)))
    }

    /// The bits of the lanes that exist, of so many that are wanted.
    fn mask(lanes: usize) -> u64 {
        if lanes >= 64 { u64::MAX } else { (1 << lanes) - 1 }
    }

    /// # Safety
    /// AVX-512; each row holds `length` bytes, `woven` holds `woven_length(length)`.
    #[target_feature(enable = "avx512f,avx512bw")]
    pub(super) unsafe fn weave(rows: [&[u8]; 4], length: usize, woven: &mut [u8]) {
        for at in (0..length).step_by(BLOCK) {
            let mask = mask(length - at);
            // SAFETY: the mask leaves out what lies behind `length`.
            let [a, b, c, d] =
                rows.map(|row| unsafe { _mm512_maskz_loadu_epi8(mask, row.as_ptr().add(at).cast()) });
            // Lanes of 128 bits stay apart; packing in `weigh` goes by the same lanes.
            let (ab_low, ab_high) = (_mm512_unpacklo_epi8(a, b), _mm512_unpackhi_epi8(a, b));
            let (cd_low, cd_high) = (_mm512_unpacklo_epi8(c, d), _mm512_unpackhi_epi8(c, d));
            let quarters = [
                _mm512_unpacklo_epi16(ab_low, cd_low),
                _mm512_unpackhi_epi16(ab_low, cd_low),
                _mm512_unpacklo_epi16(ab_high, cd_high),
                _mm512_unpackhi_epi16(ab_high, cd_high),
            ];
            for (i, quarter) in quarters.into_iter().enumerate() {
                // SAFETY: `woven` holds four times the length, rounded up to whole blocks.
                unsafe { _mm512_storeu_si512(woven.as_mut_ptr().add(4 * at + i * BLOCK).cast(), quarter) };
            }
        }
    }

    /// # Safety
    /// AVX-512 VNNI; for each of `quads` one of `woven`, of at least `woven_length(out.len())`.
    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    pub(super) unsafe fn weigh(woven: [&[u8]; MOST], quads: &[Quad], out: &mut [u8]) {
        let mut weights = [[_mm512_setzero_si512(); 3]; MOST];
        weights.iter_mut().zip(quads).for_each(|(place, &quad)| *place = spread(quad));
        let count = quads.len().min(MOST);
        let length = out.len();
        for at in (0..length).step_by(BLOCK) {
            let mut sums = [nothing(); 4];
            for (taps, weights) in woven.iter().zip(&weights).take(count) {
                for (i, sums) in sums.iter_mut().enumerate() {
                    // SAFETY: four times `at` and a block lie within the woven length.
                    let taps = unsafe { _mm512_loadu_si512(taps.as_ptr().add(4 * at + i * BLOCK).cast()) };
                    add(sums, taps, weights);
                }
            }
            let [a, b, c, d] = sums.map(|sums| values(sums));
            let bytes = _mm512_packus_epi16(_mm512_packs_epi32(a, b), _mm512_packs_epi32(c, d));
            // SAFETY: the mask leaves out what lies behind `out`.
            unsafe { _mm512_mask_storeu_epi8(out.as_mut_ptr().add(at).cast(), mask(length - at), bytes) };
        }
    }

    /// Bytes made by one sum.
    const LANES: usize = 16;

    /// # Safety
    /// AVX-512 VBMI and VNNI; `out` is a whole number of pixels, and `source` holds the taps of all of them.
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx512vnni")]
    pub(super) unsafe fn halve_width<const CHANNELS: usize>(source: &[u8], quads: &[Quad], out: &mut [u8]) {
        let mut weights = [[_mm512_setzero_si512(); 3]; MOST];
        weights.iter_mut().zip(quads).for_each(|(place, &quad)| *place = spread(quad));
        let count = quads.len().min(MOST);
        // Sixteen bytes are no whole number of RGB pixels, so that these come in three kinds, by the channel
        // of the first byte. Where a lane's four taps lie, counted from the first byte's first tap:
        let kinds = if CHANNELS == 3 { 3 } else { 1 };
        let mut orders = [_mm512_setzero_si512(); 3];
        for (kind, order) in orders.iter_mut().enumerate().take(kinds) {
            let first = kind * LANES % CHANNELS;
            let places: [u8; 64] = std::array::from_fn(|i| {
                let byte = first + i / 4;
                ((2 * (byte / CHANNELS) + i % 4) * CHANNELS + byte % CHANNELS - first) as u8
            });
            // SAFETY: an array of 64 bytes.
            *order = unsafe { _mm512_loadu_si512(places.as_ptr().cast()) };
        }
        for (step, at) in (0..out.len()).step_by(LANES).enumerate() {
            let order = orders[step % kinds];
            let from = 2 * (at / CHANNELS) * CHANNELS + at % CHANNELS;
            let mut sums = nothing();
            for (quad, weights) in weights.iter().enumerate().take(count) {
                let from = from + 4 * quad * CHANNELS;
                // SAFETY: 64 bytes from `from` on, or as many as there are; the last taps begin within `source`,
                // and lanes of `out` that do not exist may see zeros.
                let bytes = unsafe {
                    if from + 64 <= source.len() {
                        _mm512_loadu_si512(source.as_ptr().add(from).cast())
                    } else {
                        let there = source.len().saturating_sub(from);
                        _mm512_maskz_loadu_epi8(mask(there), source.as_ptr().wrapping_add(from).cast())
                    }
                };
                add(&mut sums, _mm512_permutexvar_epi8(order, bytes), weights);
            }
            let values = _mm512_max_epi32(values(sums), _mm512_setzero_si512());
            let there = mask(out.len() - at) as __mmask16;
            // SAFETY: the mask leaves out what lies behind `out`.
            unsafe { _mm512_mask_cvtusepi32_storeu_epi8(out.as_mut_ptr().add(at).cast(), there, values) };
        }
    }
}
