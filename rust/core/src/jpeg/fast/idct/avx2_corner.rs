//! The AVX2 twins of the plain transforms for blocks of low frequencies, as those of AVX-512 in half the width.
#![allow(unsafe_code)]

#[allow(clippy::wildcard_imports)] // a kernel names its instructions
use std::arch::x86_64::*;

use super::{
    avx2::{dequantised, pairs},
    plain::{EVEN_4, EVEN_8, ODD_4, ODD_8},
    rows,
};

/// Pairs of rows (0, 2) in both lanes, and of rows (1, 3), for four columns, dequantised; `None` if the plain transform
/// might take a sum that leaves 16 bits another way.
#[inline]
#[target_feature(enable = "avx2")]
fn columns(block: &[i16; 64], table: &[i16; 64]) -> Option<(__m256i, __m256i)> {
    let (x01, x23) = (dequantised(block, table, 0), dequantised(block, table, 1));
    // A quarter of the range, so that four times a number still is one.
    let shifted = |x| _mm256_add_epi16(x, _mm256_set1_epi16(0x2000));
    let both = _mm256_or_si256(shifted(x01), shifted(x23));
    if _mm256_testz_si256(both, _mm256_set1_epi16(0xC000_u16 as i16)) == 0 {
        return None;
    }
    Some(twice(_mm256_unpacklo_epi16(x01, x23)))
}

/// The low lane in both lanes, and the high one.
#[inline]
#[target_feature(enable = "avx2")]
fn twice(x: __m256i) -> (__m256i, __m256i) {
    (_mm256_permute4x64_epi64::<0b01_00_01_00>(x), _mm256_permute4x64_epi64::<0b11_10_11_10>(x))
}

/// The sums of numbers 0 and 2, rounded, and those of 1 and 3, for an output in each lane.
#[inline]
#[target_feature(enable = "avx2")]
fn sums<const BY: i32>(
    (even, odd): (__m256i, __m256i),
    evens: [(i16, i16); 2],
    odds: [(i16, i16); 2],
) -> (__m256i, __m256i) {
    let a = _mm256_madd_epi16(even, pairs(evens[0], evens[1]));
    let b = _mm256_madd_epi16(odd, pairs(odds[0], odds[1]));
    (_mm256_add_epi32(a, _mm256_set1_epi32(1 << (BY - 1))), b)
}

/// An output in each lane, and its counterpart from the other end.
#[inline]
#[target_feature(enable = "avx2")]
fn mirrored<const BY: i32>(
    numbers: (__m256i, __m256i),
    evens: [(i16, i16); 2],
    odds: [(i16, i16); 2],
) -> (__m256i, __m256i) {
    let (a, b) = sums::<BY>(numbers, evens, odds);
    (_mm256_srai_epi32::<BY>(_mm256_add_epi32(a, b)), _mm256_srai_epi32::<BY>(_mm256_sub_epi32(a, b)))
}

/// In each half of a lane, numbers 0 and 2 before 1 and 3.
#[inline]
#[target_feature(enable = "avx2")]
fn paired(rows: __m256i) -> __m256i {
    _mm256_shufflelo_epi16::<0b11_01_10_00>(_mm256_shufflehi_epi16::<0b11_01_10_00>(rows))
}

/// `false` if the block is to be transformed the other way.
///
/// # Safety
/// AVX2; eight rows of eight samples, `stride` apart, in `out`.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) unsafe fn to_8x8(block: &[i16; 64], table: &[i16; 64], out: &mut [u8], stride: usize) -> bool {
    let Some(numbers) = columns(block, table) else { return false };
    let [e0, e1, e2, e3] = EVEN_8;
    let [o0, o1, o2, o3] = ODD_8;
    let (r01, r76) = mirrored::<11>(numbers, [e0, e1], [o0, o1]);
    let (r23, r54) = mirrored::<11>(numbers, [e2, e3], [o2, o3]);
    // Rows 0, 7 | 1, 6 and 2, 5 | 3, 4; then pairs of columns of rows 0, 7, 2, 5 | 1, 6, 3, 4.
    let (r07_16, r25_34) = (paired(_mm256_packs_epi32(r01, r76)), paired(_mm256_packs_epi32(r23, r54)));
    let (low, high) = (_mm256_castsi256_ps(r07_16), _mm256_castsi256_ps(r25_34));
    let numbers = (
        _mm256_castps_si256(_mm256_shuffle_ps::<0b10_00_10_00>(low, high)),
        _mm256_castps_si256(_mm256_shuffle_ps::<0b11_01_11_01>(low, high)),
    );
    let (c0, c7) = mirrored::<18>(numbers, [e0, e0], [o0, o0]);
    let (c1, c6) = mirrored::<18>(numbers, [e1, e1], [o1, o1]);
    let (c2, c5) = mirrored::<18>(numbers, [e2, e2], [o2, o2]);
    let (c3, c4) = mirrored::<18>(numbers, [e3, e3], [o3, o3]);
    let places = _mm256_setr_epi8(
        0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15, //
        0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15,
    );
    let quarter_rows = |a, b, c, d| {
        let bytes = _mm256_packs_epi16(_mm256_packs_epi32(a, b), _mm256_packs_epi32(c, d));
        _mm256_shuffle_epi8(_mm256_xor_si256(bytes, _mm256_set1_epi8(-128)), places)
    };
    let (left, right) = (quarter_rows(c0, c1, c2, c3), quarter_rows(c4, c5, c6, c7));
    let (r07_16, r25_34) = (_mm256_unpacklo_epi32(left, right), _mm256_unpackhi_epi32(left, right));
    let mut store = |y: usize, rows: __m128i| {
        // SAFETY: rows `y` and `7 - y` of the eight the caller vouches for.
        unsafe {
            _mm_storel_epi64(out.as_mut_ptr().add(y * stride).cast(), rows);
            _mm_storeh_pd(out.as_mut_ptr().add((7 - y) * stride).cast(), _mm_castsi128_pd(rows));
        }
    };
    store(0, _mm256_castsi256_si128(r07_16));
    store(1, _mm256_extracti128_si256::<1>(r07_16));
    store(2, _mm256_castsi256_si128(r25_34));
    store(3, _mm256_extracti128_si256::<1>(r25_34));
    true
}

/// `false` if the block is to be transformed the other way.
///
/// # Safety
/// AVX2; four rows of four samples, `stride` apart, in `out`.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) unsafe fn to_4x4(block: &[i16; 64], table: &[i16; 64], out: &mut [u8], stride: usize) -> bool {
    let Some(numbers) = columns(block, table) else { return false };
    let [e0, e1, e2, e3] = EVEN_4;
    let [o0, o1, o2, o3] = ODD_4;
    let sum = |(a, b): (__m256i, __m256i)| _mm256_add_epi32(a, b);
    let r01 = _mm256_srai_epi32::<12>(sum(sums::<12>(numbers, [e0, e1], [o0, o1])));
    let r23 = _mm256_srai_epi32::<12>(sum(sums::<12>(numbers, [e2, e3], [o2, o3])));
    // Pairs of columns (0, 2) of rows 0, 2, 1, 3 in the low lane, and (1, 3) in the high one.
    let pairs = _mm256_shuffle_epi32::<0b11_01_10_00>(paired(_mm256_packs_epi32(r01, r23)));
    let numbers = twice(_mm256_permute4x64_epi64::<0b11_01_10_00>(pairs));
    let c01 = _mm256_srai_epi32::<19>(sum(sums::<19>(numbers, [e0, e1], [o0, o1])));
    let c23 = _mm256_srai_epi32::<19>(sum(sums::<19>(numbers, [e2, e3], [o2, o3])));
    let words = _mm256_packs_epi32(c01, c23);
    let bytes = _mm256_packs_epi16(words, words);
    let columns = _mm_unpacklo_epi32(_mm256_castsi256_si128(bytes), _mm256_extracti128_si256::<1>(bytes));
    let places = _mm_setr_epi8(0, 4, 8, 12, 2, 6, 10, 14, 1, 5, 9, 13, 3, 7, 11, 15);
    let samples = _mm_xor_si128(_mm_shuffle_epi8(columns, places), _mm_set1_epi8(-128));
    // SAFETY: the caller vouches for the four rows.
    unsafe { rows::four(samples, out, stride) };
    true
}
