//! The AVX2 twins of the plain transforms to four and to two samples a side.
#![allow(unsafe_code)]

#[allow(clippy::wildcard_imports)] // a kernel names its instructions
use std::arch::x86_64::*;

#[allow(clippy::wildcard_imports)] // and its constants
use super::plain::*;
use super::{
    avx2::{dequantised, pairs, rows_are_zero},
    rows,
};

/// One pass of eight frequencies to four samples, over eight columns: the frequencies in pairs of
/// rows (2, 6), (1, 3), (5, 7), low columns in the low lane; `level` has the first in 32 bits, scaled.
#[inline]
#[target_feature(enable = "avx2")]
fn four<const BY: i32>(level: __m256i, x26: __m256i, x13: __m256i, x57: __m256i) -> [__m256i; 4] {
    let madd = |x: __m256i, a: i16, b: i16| _mm256_madd_epi16(x, pairs((a, b), (a, b)));
    let level = _mm256_add_epi32(level, _mm256_set1_epi32(1 << (BY - 1)));
    let tilt = madd(x26, F_1_847, -F_0_765);
    let (a, b) = (_mm256_add_epi32(level, tilt), _mm256_sub_epi32(level, tilt));
    let inner = _mm256_add_epi32(madd(x13, F_1_061, -F_2_172), madd(x57, F_1_451, -F_0_211));
    let outer = _mm256_add_epi32(madd(x13, F_2_562, F_0_899), madd(x57, -F_0_601, -F_0_509));
    [
        _mm256_srai_epi32::<BY>(_mm256_add_epi32(a, outer)),
        _mm256_srai_epi32::<BY>(_mm256_add_epi32(b, inner)),
        _mm256_srai_epi32::<BY>(_mm256_sub_epi32(b, inner)),
        _mm256_srai_epi32::<BY>(_mm256_sub_epi32(a, outer)),
    ]
}

/// # Safety
/// AVX2; four rows of four samples, `stride` apart, in `out`.
#[target_feature(enable = "avx2")]
pub(super) unsafe fn to_4x4(block: &[i16; 64], table: &[i16; 64], out: &mut [u8], stride: usize) {
    let rows = [
        dequantised(block, table, 0),
        dequantised(block, table, 1),
        dequantised(block, table, 2),
        dequantised(block, table, 3),
    ];
    // SAFETY: the same demands.
    unsafe { four_by_four::<false>(rows, rows_are_zero::<true>(block), out, stride) }
}

/// The transform of rows 0|1, 2|3, 4|5 and 6|7, dequantised; `flat` if all but 0 and 4 were zero before.
///
/// # Safety
/// AVX2; four rows of four samples, `stride` apart, in `out`.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) unsafe fn four_by_four<const ZIGZAG: bool>(
    rows: [__m256i; 4],
    flat: bool,
    out: &mut [u8],
    stride: usize,
) {
    let [x01, x23, x45, x67] = rows;
    // Eight columns of four rows, as words: columns 0-3 in the low lane, 4-7 in the high one.
    let (r01, r23) = if flat {
        let row = _mm256_slli_epi16::<2>(_mm256_permute4x64_epi64::<0b01_01_00_00>(x01));
        (row, row)
    } else {
        // Pairs of rows, word by word, four columns a lane.
        let interleaved =
            |a: __m128i, b: __m128i| _mm256_set_m128i(_mm_unpackhi_epi16(a, b), _mm_unpacklo_epi16(a, b));
        let (low, high) = (|x| _mm256_castsi256_si128(x), |x| _mm256_extracti128_si256::<1>(x));
        let level = _mm256_slli_epi32::<14>(_mm256_cvtepi16_epi32(low(x01)));
        let [r0, r1, r2, r3] = four::<12>(
            level,
            interleaved(low(x23), low(x67)),
            interleaved(high(x01), high(x23)),
            interleaved(high(x45), high(x67)),
        );
        (_mm256_packs_epi32(r0, r1), _mm256_packs_epi32(r2, r3))
    };
    // Columns of four rows: 0, 1 | 4, 5 and 2, 3 | 6, 7.
    let (r02, r13) = (_mm256_unpacklo_epi16(r01, r23), _mm256_unpackhi_epi16(r01, r23));
    let (c01, c23) = (_mm256_unpacklo_epi16(r02, r13), _mm256_unpackhi_epi16(r02, r13));
    let (c01, c45) = (_mm256_castsi256_si128(c01), _mm256_extracti128_si256::<1>(c01));
    let (c23, c67) = (_mm256_castsi256_si128(c23), _mm256_extracti128_si256::<1>(c23));
    let level = _mm256_castsi128_si256(_mm_slli_epi32::<14>(_mm_cvtepi16_epi32(c01)));
    let low = |x| _mm256_castsi128_si256(x);
    let [c0, c1, c2, c3] = four::<19>(
        level,
        low(_mm_unpacklo_epi16(c23, c67)),
        low(_mm_unpackhi_epi16(c01, c23)),
        low(_mm_unpackhi_epi16(c45, c67)),
    );
    let c02 = _mm_packs_epi32(_mm256_castsi256_si128(c0), _mm256_castsi256_si128(c2));
    let c13 = _mm_packs_epi32(_mm256_castsi256_si128(c1), _mm256_castsi256_si128(c3));
    let (r01, r23) = (_mm_unpacklo_epi16(c02, c13), _mm_unpackhi_epi16(c02, c13));
    let (rows_01, rows_23) = (_mm_unpacklo_epi32(r01, r23), _mm_unpackhi_epi32(r01, r23));
    let samples = _mm_xor_si128(_mm_packs_epi16(rows_01, rows_23), _mm_set1_epi8(-128));
    // SAFETY: the caller vouches for the four rows.
    unsafe { rows::four(samples, out, stride) };
}

/// # Safety
/// AVX2; two rows of two samples, `stride` apart, in `out`.
#[target_feature(enable = "avx2")]
pub(super) unsafe fn to_2x2(block: &[i16; 64], table: &[i16; 64], out: &mut [u8], stride: usize) {
    let rows = [
        dequantised(block, table, 0),
        dequantised(block, table, 1),
        dequantised(block, table, 2),
        dequantised(block, table, 3),
    ];
    // SAFETY: the same demands.
    unsafe { two_by_two::<false>(rows, out, stride) }
}

/// The transform of rows 0|1, 2|3, 4|5 and 6|7, dequantised.
///
/// # Safety
/// AVX2; two rows of two samples, `stride` apart, in `out`.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) unsafe fn two_by_two<const ZIGZAG: bool>(rows: [__m256i; 4], out: &mut [u8], stride: usize) {
    let [x01, x23, x45, x67] = rows;
    // Rows 1|0, 3|2 and so on, of which the odd ones are wanted: word by word, in the low lanes.
    let (x1, x3) = (_mm256_extracti128_si256::<1>(x01), _mm256_extracti128_si256::<1>(x23));
    let (x5, x7) = (_mm256_extracti128_si256::<1>(x45), _mm256_extracti128_si256::<1>(x67));
    let x13 = _mm256_set_m128i(_mm_unpackhi_epi16(x1, x3), _mm_unpacklo_epi16(x1, x3));
    let x57 = _mm256_set_m128i(_mm_unpackhi_epi16(x5, x7), _mm_unpacklo_epi16(x5, x7));
    let odd = _mm256_add_epi32(
        _mm256_madd_epi16(x13, pairs((F_3_624, -F_1_272), (F_3_624, -F_1_272))),
        _mm256_madd_epi16(x57, pairs((F_0_850, -F_0_720), (F_0_850, -F_0_720))),
    );
    let even = _mm256_slli_epi32::<15>(_mm256_cvtepi16_epi32(_mm256_castsi256_si128(x01)));
    let even = _mm256_add_epi32(even, _mm256_set1_epi32(1 << 12));
    let top = _mm256_srai_epi32::<13>(_mm256_add_epi32(even, odd));
    let bottom = _mm256_srai_epi32::<13>(_mm256_sub_epi32(even, odd));
    // Four columns of the top row, of the bottom row; and the other four in the high lane. Column 0 is even.
    let weights = _mm256_setr_epi16(
        0, F_3_624, 0, -F_1_272, 0, F_3_624, 0, -F_1_272, //
        0, F_0_850, 0, -F_0_720, 0, F_0_850, 0, -F_0_720,
    );
    let sums = _mm256_madd_epi16(_mm256_packs_epi32(top, bottom), weights);
    let sums = _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256::<1>(sums));
    // The odd part of top, top, bottom, bottom; and of each once with the other sign.
    let odd = _mm_add_epi32(sums, _mm_shuffle_epi32::<0b10_11_00_01>(sums));
    let odd = _mm_sign_epi32(odd, _mm_setr_epi32(1, -1, 1, -1));
    let even = _mm_unpacklo_epi32(_mm256_castsi256_si128(top), _mm256_castsi256_si128(bottom));
    let even = _mm_slli_epi32::<15>(_mm_shuffle_epi32::<0b01_01_00_00>(even));
    let rows = _mm_add_epi32(_mm_add_epi32(even, odd), _mm_set1_epi32(1 << 19));
    let words = _mm_packs_epi32(_mm_srai_epi32::<20>(rows), _mm_setzero_si128());
    let samples = _mm_xor_si128(_mm_packs_epi16(words, words), _mm_set1_epi8(-128));
    let samples = _mm_cvtsi128_si32(samples) as u32;
    // SAFETY: the two rows the caller vouches for.
    unsafe {
        out.as_mut_ptr().cast::<u16>().write_unaligned(samples as u16);
        out.as_mut_ptr().add(stride).cast::<u16>().write_unaligned((samples >> 16) as u16);
    }
}
