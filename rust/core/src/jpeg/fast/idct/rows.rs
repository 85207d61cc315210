//! Samples of a block, row by row in one register, to the rows of a plane.
#![allow(unsafe_code)]

#[allow(clippy::wildcard_imports)] // a kernel names its instructions
use std::arch::x86_64::*;

/// # Safety
/// AVX2; four rows of four samples, `stride` apart, in `out`.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) unsafe fn four(samples: __m128i, out: &mut [u8], stride: usize) {
    let mut store = |y: usize, row: i32| {
        // SAFETY: row `y` of the four the caller vouches for.
        unsafe { out.as_mut_ptr().add(y * stride).cast::<i32>().write_unaligned(row) }
    };
    store(0, _mm_extract_epi32::<0>(samples));
    store(1, _mm_extract_epi32::<1>(samples));
    store(2, _mm_extract_epi32::<2>(samples));
    store(3, _mm_extract_epi32::<3>(samples));
}

/// # Safety
/// AVX-512 F; eight rows of eight samples, `stride` apart, in `out`.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn eight(samples: __m512i, out: &mut [u8], stride: usize) {
    let mut store = |y: usize, rows: __m128i| {
        // SAFETY: rows `y` and `y + 1` of the eight the caller vouches for.
        unsafe {
            let place = out.as_mut_ptr().add(y * stride);
            _mm_storel_epi64(place.cast(), rows);
            _mm_storeh_pd(place.add(stride).cast(), _mm_castsi128_pd(rows));
        }
    };
    store(0, _mm512_castsi512_si128(samples));
    store(2, _mm512_extracti32x4_epi32::<1>(samples));
    store(4, _mm512_extracti32x4_epi32::<2>(samples));
    store(6, _mm512_extracti32x4_epi32::<3>(samples));
}

/// # Safety
/// `SIDE` rows of as many samples, `stride` apart, in `out`.
#[inline]
pub(super) unsafe fn level<const SIDE: usize>(value: u8, out: &mut [u8], stride: usize) {
    for y in 0..SIDE {
        // SAFETY: row `y` of those the caller vouches for.
        unsafe { out.as_mut_ptr().add(y * stride).cast::<[u8; SIDE]>().write_unaligned([value; SIDE]) };
    }
}
