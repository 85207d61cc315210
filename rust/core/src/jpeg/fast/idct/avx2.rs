//! The AVX2 twins of the plain transforms.
//!
//! A register holds two rows of a block, one a lane, so that both lanes do the same to different rows and a
//! block needs four registers.
#![allow(unsafe_code)]

#[allow(clippy::wildcard_imports)] // a kernel names its instructions
use std::arch::x86_64::*;

#[allow(clippy::wildcard_imports)] // and its constants
use super::plain::*;

/// Constants for pairs of words, one pair for the low lane and one for the high one.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn pairs(low: (i16, i16), high: (i16, i16)) -> __m256i {
    let pair = |(a, b): (i16, i16)| i32::from(a) & 0xFFFF | i32::from(b) << 16;
    let (low, high) = (pair(low), pair(high));
    _mm256_setr_epi32(low, low, low, low, high, high, high, high)
}

#[inline]
#[target_feature(enable = "avx2")]
fn swapped(a: __m256i) -> __m256i {
    _mm256_permute4x64_epi64::<0b01_00_11_10>(a)
}

/// One pass over eight columns, with a copy for each of its callers, which have it in line then. Takes rows 0|4, 3|1, 2|6 and 7|5; gives 0|1, 3|2, 4|5 and 7|6.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn pass<const BY: i32, const ZIGZAG: bool>(
    x04: __m256i,
    x31: __m256i,
    x26: __m256i,
    x75: __m256i,
) -> (__m256i, __m256i, __m256i, __m256i) {
    let both = |low: __m256i, high: __m256i, constants: __m256i| {
        (_mm256_madd_epi16(low, constants), _mm256_madd_epi16(high, constants))
    };
    let add = |a: (__m256i, __m256i), b: (__m256i, __m256i)| {
        (_mm256_add_epi32(a.0, b.0), _mm256_add_epi32(a.1, b.1))
    };
    let sub = |a: (__m256i, __m256i), b: (__m256i, __m256i)| {
        (_mm256_sub_epi32(a.0, b.0), _mm256_sub_epi32(a.1, b.1))
    };
    let descaled = |a: (__m256i, __m256i)| {
        _mm256_packs_epi32(_mm256_srai_epi32::<BY>(a.0), _mm256_srai_epi32::<BY>(a.1))
    };
    // The even rows: tmp3|tmp2, tmp0|tmp1.
    let x62 = swapped(x26);
    let tilt = both(
        _mm256_unpacklo_epi16(x26, x62),
        _mm256_unpackhi_epi16(x26, x62),
        pairs((F_0_541 + F_0_765, F_0_541), (F_0_541 - F_1_847, F_0_541)),
    );
    let signs = _mm256_setr_epi32(
        0x0001_0001,
        0x0001_0001,
        0x0001_0001,
        0x0001_0001, //
        -1,
        -1,
        -1,
        -1,
    );
    let sums = _mm256_add_epi16(swapped(x04), _mm256_sign_epi16(x04, signs));
    let zero = _mm256_setzero_si256();
    // All four outputs contain these once, so the rounding is added here.
    let round = _mm256_set1_epi32(1 << (BY - 1));
    let level = (
        _mm256_add_epi32(_mm256_srai_epi32::<3>(_mm256_unpacklo_epi16(zero, sums)), round),
        _mm256_add_epi32(_mm256_srai_epi32::<3>(_mm256_unpackhi_epi16(zero, sums)), round),
    );
    let (outer, inner) = (add(level, tilt), sub(level, tilt));
    // The odd rows: z3|z4, then tmp3|tmp2 and tmp0|tmp1.
    let z34 = _mm256_add_epi16(x75, x31);
    let z43 = swapped(z34);
    let z = both(
        _mm256_unpacklo_epi16(z34, z43),
        _mm256_unpackhi_epi16(z34, z43),
        pairs((F_1_175 - F_1_961, F_1_175), (F_1_175 - F_0_390, F_1_175)),
    );
    let x13 = swapped(x31);
    let (low, high) = (_mm256_unpacklo_epi16(x75, x13), _mm256_unpackhi_epi16(x75, x13));
    let tmp01 = add(both(low, high, pairs((F_0_298 - F_0_899, -F_0_899), (F_2_053 - F_2_562, -F_2_562))), z);
    let tmp32 = add(
        both(low, high, pairs((-F_0_899, F_1_501 - F_0_899), (-F_2_562, F_3_072 - F_2_562))),
        (swapped(z.0), swapped(z.1)),
    );
    (
        descaled(add(outer, tmp32)),
        descaled(add(inner, tmp01)),
        descaled(sub(inner, tmp01)),
        descaled(sub(outer, tmp32)),
    )
}

/// Takes rows 0|1, 3|2, 4|5 and 7|6 of eight; gives columns 0|4, 1|5, 2|6 and 3|7.
#[inline]
#[target_feature(enable = "avx2")]
fn transposed(
    r01: __m256i,
    r32: __m256i,
    r45: __m256i,
    r76: __m256i,
) -> (__m256i, __m256i, __m256i, __m256i) {
    // Four columns of two rows a lane.
    let r01 = _mm256_permute4x64_epi64::<0b11_01_10_00>(r01);
    let r23 = _mm256_permute4x64_epi64::<0b01_11_00_10>(r32);
    let r45 = _mm256_permute4x64_epi64::<0b11_01_10_00>(r45);
    let r67 = _mm256_permute4x64_epi64::<0b01_11_00_10>(r76);
    let (r02, r13) = (_mm256_unpacklo_epi16(r01, r23), _mm256_unpackhi_epi16(r01, r23));
    let (r46, r57) = (_mm256_unpacklo_epi16(r45, r67), _mm256_unpackhi_epi16(r45, r67));
    let (low01, low23) = (_mm256_unpacklo_epi16(r02, r13), _mm256_unpackhi_epi16(r02, r13));
    let (high01, high23) = (_mm256_unpacklo_epi16(r46, r57), _mm256_unpackhi_epi16(r46, r57));
    (
        _mm256_unpacklo_epi64(low01, high01),
        _mm256_unpackhi_epi64(low01, high01),
        _mm256_unpacklo_epi64(low23, high23),
        _mm256_unpackhi_epi64(low23, high23),
    )
}

/// Pairs of rows times the table.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn dequantised(block: &[i16; 64], table: &[i16; 64], pair: usize) -> __m256i {
    debug_assert!(pair < 4);
    // SAFETY: 16 of 64 values, from 0, 16, 32 or 48 on.
    unsafe {
        let values = _mm256_loadu_si256(block.as_ptr().add(pair * 16).cast());
        _mm256_mullo_epi16(values, _mm256_loadu_si256(table.as_ptr().add(pair * 16).cast()))
    }
}

/// Whether a block's rows but the first, and the fifth if so asked, are zero.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn rows_are_zero<const BUT_FIFTH: bool>(block: &[i16; 64]) -> bool {
    let load = |pair: usize| {
        // SAFETY: as in `dequantised`.
        unsafe { _mm256_loadu_si256(block.as_ptr().add(pair * 16).cast()) }
    };
    let high = _mm256_setr_epi64x(0, 0, -1, -1);
    let (first, fifth) = (_mm256_and_si256(load(0), high), load(2));
    let fifth = if BUT_FIFTH { _mm256_and_si256(fifth, high) } else { fifth };
    let all = _mm256_or_si256(_mm256_or_si256(first, load(1)), _mm256_or_si256(fifth, load(3)));
    _mm256_testz_si256(all, all) != 0
}

/// # Safety
/// AVX2; eight rows of eight samples, `stride` apart, in `out`.
#[target_feature(enable = "avx2")]
pub(super) unsafe fn to_8x8(block: &[i16; 64], table: &[i16; 64], out: &mut [u8], stride: usize) {
    let (x01, x23) = (dequantised(block, table, 0), dequantised(block, table, 1));
    let (x45, x67) = (dequantised(block, table, 2), dequantised(block, table, 3));
    let rows = [
        _mm256_permute2x128_si256::<0x20>(x01, x45),
        _mm256_permute2x128_si256::<0x31>(x23, x01),
        _mm256_permute2x128_si256::<0x20>(x23, x67),
        _mm256_permute2x128_si256::<0x31>(x67, x45),
    ];
    // SAFETY: the same demands.
    unsafe { eight_by_eight(rows, rows_are_zero::<false>(block), out, stride) }
}

/// The transform of rows 0|4, 3|1, 2|6 and 7|5, dequantised; `flat` if all but row 0 were zero before.
///
/// # Safety
/// AVX2; eight rows of eight samples, `stride` apart, in `out`.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn eight_by_eight(rows: [__m256i; 4], flat: bool, out: &mut [u8], stride: usize) {
    let [x04, x31, x26, x75] = rows;
    let (c04, c15, c26, c37) = if flat {
        // Each of these columns is one number eight times.
        let row = _mm256_slli_epi16::<2>(_mm256_permute4x64_epi64::<0b01_01_00_00>(x04));
        (
            _mm256_shuffle_epi8(row, _mm256_set1_epi16(0x0100)),
            _mm256_shuffle_epi8(row, _mm256_set1_epi16(0x0302)),
            _mm256_shuffle_epi8(row, _mm256_set1_epi16(0x0504)),
            _mm256_shuffle_epi8(row, _mm256_set1_epi16(0x0706)),
        )
    } else {
        let (r01, r32, r45, r76) = pass::<11, false>(x04, x31, x26, x75);
        transposed(r01, r32, r45, r76)
    };
    let (c01, c32, c45, c76) = pass::<18, false>(
        c04,
        _mm256_permute2x128_si256::<0x20>(c37, c15),
        c26,
        _mm256_permute2x128_si256::<0x31>(c37, c15),
    );
    let (r04, r15, r26, r37) = transposed(c01, c32, c45, c76);
    let centre = _mm256_set1_epi8(-128);
    let rows_01_45 = _mm256_xor_si256(_mm256_packs_epi16(r04, r15), centre);
    let rows_23_67 = _mm256_xor_si256(_mm256_packs_epi16(r26, r37), centre);
    let mut store = |y: usize, rows: __m128i| {
        // SAFETY: rows `y` and `y + 1` of the eight the caller vouches for.
        unsafe {
            let place = out.as_mut_ptr().add(y * stride);
            _mm_storel_epi64(place.cast(), rows);
            _mm_storeh_pd(place.add(stride).cast(), _mm_castsi128_pd(rows));
        }
    };
    store(0, _mm256_castsi256_si128(rows_01_45));
    store(2, _mm256_castsi256_si128(rows_23_67));
    store(4, _mm256_extracti128_si256::<1>(rows_01_45));
    store(6, _mm256_extracti128_si256::<1>(rows_23_67));
}
