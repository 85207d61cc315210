//! The kernels.
#![allow(clippy::needless_range_loop)] // see below

#[allow(clippy::wildcard_imports)] // a kernel names two dozen instructions
use std::arch::x86_64::*;

use super::{BLOCK, Edge, MOST, Quad};
use crate::resize::weights::PRECISION;

/// A quad of weights in every lane, a vector for each plane.
type Weights = [__m512i; 3];

// Counted loops, not `map` or `zip` over vectors: those are functions without AVX-512, which are not always
// put in line, and then vectors go through memory.

/// Quads of weights, each in every lane.
#[inline]
#[target_feature(enable = "avx512f")]
fn spread<const QUADS: usize>(quads: [Quad; QUADS]) -> [Weights; QUADS] {
    let mut weights = [[_mm512_setzero_si512(); 3]; QUADS];
    for quad in 0..QUADS {
        let [low, middle, high] = quads[quad].planes;
        weights[quad] = [_mm512_set1_epi32(low), _mm512_set1_epi32(middle), _mm512_set1_epi32(high)];
    }
    weights
}

/// The weighed sums of so many quads of taps, as pixels not yet clamped.
///
/// The planes are added up from the highest down, so that one vector holds what was summed so far.
#[inline]
#[target_feature(enable = "avx512f,avx512vnni")]
fn sum<const QUADS: usize>(taps: [__m512i; QUADS], weights: &[Weights; QUADS]) -> __m512i {
    let mut sum = _mm512_set1_epi32(1 << (PRECISION - 1 - 16)); // one half, seen from the highest plane
    for plane in [2, 1, 0] {
        for quad in 0..QUADS {
            sum = _mm512_dpbusd_epi32(sum, taps[quad], weights[quad][plane]);
        }
        if plane > 0 {
            sum = _mm512_slli_epi32::<8>(sum);
        }
    }
    _mm512_srai_epi32::<PRECISION>(sum)
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
        let mut taps = [_mm512_setzero_si512(); 4];
        for (tap, row) in taps.iter_mut().zip(rows) {
            // SAFETY: the mask leaves out what lies behind `length`.
            *tap = unsafe { _mm512_maskz_loadu_epi8(mask, row.as_ptr().add(at).cast()) };
        }
        let [a, b, c, d] = taps;
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
    // SAFETY: as the caller vouches. The number of quads is a constant in there, which unrolls it.
    unsafe {
        match *quads {
            [a] => weigh_all([woven[0]], [a], out),
            [a, b] => weigh_all([woven[0], woven[1]], [a, b], out),
            [a, b, c] => weigh_all(woven, [a, b, c], out),
            _ => {}
        }
    }
}

/// # Safety
/// As `weigh`.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
unsafe fn weigh_all<const QUADS: usize>(woven: [&[u8]; QUADS], quads: [Quad; QUADS], out: &mut [u8]) {
    let weights = spread(quads);
    let length = out.len();
    for at in (0..length).step_by(BLOCK) {
        let mut values = [_mm512_setzero_si512(); 4];
        for i in 0..values.len() {
            let mut taps = [_mm512_setzero_si512(); QUADS];
            for quad in 0..QUADS {
                // SAFETY: four times `at` and a block lie within the woven length.
                taps[quad] =
                    unsafe { _mm512_loadu_si512(woven[quad].as_ptr().add(4 * at + i * BLOCK).cast()) };
            }
            values[i] = sum(taps, &weights);
        }
        let [a, b, c, d] = values;
        let bytes = _mm512_packus_epi16(_mm512_packs_epi32(a, b), _mm512_packs_epi32(c, d));
        // SAFETY: the mask leaves out what lies behind `out`.
        unsafe { _mm512_mask_storeu_epi8(out.as_mut_ptr().add(at).cast(), mask(length - at), bytes) };
    }
}

/// Bytes made by one sum.
const LANES: usize = 16;

/// How far ahead of the taps the source is fetched: a picture of 3 MB comes from memory, of which the CPU by itself
/// fetches no more than the rest of a page of 4 KiB.
const AHEAD: usize = 3072;

/// Where the four taps of sixteen bytes of `out` lie, counted from the first tap of the first byte. Sixteen
/// bytes are no whole number of RGB pixels, so of these there are three kinds, by the first byte's channel.
struct Orders<const CHANNELS: usize>;

impl<const CHANNELS: usize> Orders<CHANNELS> {
    const KINDS: usize = if CHANNELS == 3 { 3 } else { 1 };

    const ALL: [[u8; 64]; 3] = {
        let mut all = [[0; 64]; 3];
        let mut i = 0;
        while i < 3 * 64 {
            let first = i / 64 * LANES % CHANNELS;
            let byte = first + i % 64 / 4;
            let place = (2 * (byte / CHANNELS) + i % 4) * CHANNELS + byte % CHANNELS - first;
            all[i / 64][i % 64] = place as u8;
            i += 1;
        }
        all
    };

    /// The first tap of byte `at` of `out`.
    const fn from(at: usize) -> usize {
        2 * (at / CHANNELS) * CHANNELS + at % CHANNELS
    }
}

/// # Safety
/// AVX-512 VBMI and VNNI; `out` is a whole number of pixels, and `source` holds the taps of all of them.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,avx512vnni")]
pub(super) unsafe fn halve_width<const CHANNELS: usize>(source: &[u8], quads: &[Quad], out: &mut [u8]) {
    // SAFETY: as the caller vouches.
    unsafe {
        match *quads {
            [a] => halve::<CHANNELS, 1>(source, [a], out),
            [a, b] => halve::<CHANNELS, 2>(source, [a, b], out),
            [a, b, c] => halve::<CHANNELS, 3>(source, [a, b, c], out),
            _ => {}
        }
    }
}

/// # Safety
/// As `halve_width`.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,avx512vnni")]
unsafe fn halve<const CHANNELS: usize, const QUADS: usize>(
    source: &[u8],
    quads: [Quad; QUADS],
    out: &mut [u8],
) {
    let kinds = Orders::<CHANNELS>::KINDS;
    let block = kinds * LANES;
    let weights = spread(quads);
    let mut orders = [_mm512_setzero_si512(); 3];
    for kind in 0..kinds {
        // SAFETY: an array of 64 bytes.
        orders[kind] = unsafe { _mm512_loadu_si512(Orders::<CHANNELS>::ALL[kind].as_ptr().cast()) };
    }
    // Blocks of which the last load, of 64 bytes, lies within `source`.
    let last = Orders::<CHANNELS>::from(block - LANES) + 4 * (QUADS - 1) * CHANNELS + 64;
    let room = source.len().checked_sub(last).map_or(0, |room| room / (2 * block) + 1);
    let blocks = room.min(out.len() / block);
    for number in 0..blocks {
        let ahead = source.as_ptr().wrapping_add(number * 2 * block + AHEAD);
        #[allow(unused_unsafe)] // compilers later than the oldest supported know that
        // SAFETY: fetching ahead does nothing where there is no memory.
        unsafe {
            _mm_prefetch::<_MM_HINT_T0>(ahead.cast());
            _mm_prefetch::<_MM_HINT_T0>(ahead.wrapping_add(64).cast());
        }
        for kind in 0..kinds {
            let from = number * 2 * block + Orders::<CHANNELS>::from(kind * LANES);
            let mut taps = [_mm512_setzero_si512(); QUADS];
            for quad in 0..QUADS {
                // SAFETY: at most `last` bytes into the block, which lie within `source`.
                let bytes =
                    unsafe { _mm512_loadu_si512(source.as_ptr().add(from + 4 * quad * CHANNELS).cast()) };
                taps[quad] = _mm512_permutexvar_epi8(orders[kind], bytes);
            }
            let values = _mm512_max_epi32(sum(taps, &weights), _mm512_setzero_si512());
            let bytes = _mm512_cvtusepi32_epi8(values);
            // SAFETY: the block lies within `out`.
            unsafe {
                _mm_storeu_si128(out.as_mut_ptr().add(number * block + kind * LANES).cast(), bytes);
            };
        }
    }
    for (step, at) in (blocks * block..out.len()).step_by(LANES).enumerate() {
        let mut taps = [_mm512_setzero_si512(); QUADS];
        for quad in 0..QUADS {
            let from = Orders::<CHANNELS>::from(at) + 4 * quad * CHANNELS;
            let there = mask(source.len().saturating_sub(from));
            // SAFETY: the mask leaves out what lies behind `source`; the taps of bytes of `out` do not.
            let bytes = unsafe { _mm512_maskz_loadu_epi8(there, source.as_ptr().wrapping_add(from).cast()) };
            taps[quad] = _mm512_permutexvar_epi8(orders[step % kinds], bytes);
        }
        let values = _mm512_max_epi32(sum(taps, &weights), _mm512_setzero_si512());
        let bytes = _mm512_cvtusepi32_epi8(values);
        let there = mask(out.len() - at) as __mmask16;
        // SAFETY: the mask leaves out what lies behind `out`.
        unsafe { _mm_mask_storeu_epi8(out.as_mut_ptr().add(at).cast(), there, bytes) };
    }
}

/// Makes the pixels at an edge, whose windows are all different.
///
/// # Safety
/// AVX-512 VBMI and VNNI; `source` holds the edge's taps and `out` its place.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,avx512vnni")]
pub(super) unsafe fn weigh_edge(source: &[u8], edge: &Edge, out: &mut [u8]) {
    // SAFETY: arrays of 64 bytes; the masks leave what the caller vouches for.
    unsafe {
        let bytes =
            _mm512_maskz_loadu_epi8(mask(edge.taps.len()), source.as_ptr().add(edge.taps.start).cast());
        let mut taps = [_mm512_setzero_si512(); MOST];
        let mut weights = [[_mm512_setzero_si512(); 3]; MOST];
        for quad in 0..MOST {
            let order = _mm512_loadu_si512(edge.orders[quad].as_ptr().cast());
            taps[quad] = _mm512_permutexvar_epi8(order, bytes);
            for plane in 0..3 {
                weights[quad][plane] = _mm512_loadu_si512(edge.weights[quad][plane].as_ptr().cast());
            }
        }
        let values = _mm512_max_epi32(sum(taps, &weights), _mm512_setzero_si512());
        let there = mask(edge.place.len()) as __mmask16;
        let place = out.as_mut_ptr().add(edge.place.start).cast();
        _mm_mask_storeu_epi8(place, there, _mm512_cvtusepi32_epi8(values));
    }
}
