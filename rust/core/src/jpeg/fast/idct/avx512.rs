//! The AVX-512 twins of the plain transforms: the passes of the AVX2 ones between permutations, of coefficients in zigzag
//! order.
#![allow(unsafe_code)]

#[allow(clippy::wildcard_imports)] // a kernel names its instructions
use std::arch::x86_64::*;

use super::{
    avx2::pass,
    avx2_reduced::{four_by_four, two_by_two},
    rows,
};
use crate::jpeg::fast::order::NATURAL_ORDER;

/// Where in zigzag order the coefficients of four rows are.
#[repr(align(64))]
struct Places([i16; 32]);

const fn rows_at(rows: [usize; 4]) -> Places {
    let mut places = [0; 32];
    let mut zigzag = 0;
    while zigzag < 64 {
        let mut i = 0;
        while i < 4 {
            if NATURAL_ORDER[zigzag] as usize / 8 == rows[i] {
                places[i * 8 + NATURAL_ORDER[zigzag] as usize % 8] = zigzag as i16;
            }
            i += 1;
        }
        zigzag += 1;
    }
    Places(places)
}

static ROWS_0426: Places = rows_at([0, 4, 2, 6]);
static ROWS_3175: Places = rows_at([3, 1, 7, 5]);
static ROWS_0123: Places = rows_at([0, 1, 2, 3]);
static ROWS_4567: Places = rows_at([4, 5, 6, 7]);

/// A bit for each coefficient, in zigzag order, that is not in these rows.
const fn not_in(first: u8, second: u8) -> u64 {
    let mut mask = 0;
    let mut zigzag = 0;
    while zigzag < 64 {
        let row = NATURAL_ORDER[zigzag] / 8;
        if row != first && row != second {
            mask |= 1 << zigzag;
        }
        zigzag += 1;
    }
    mask
}

/// Half a block or table.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn half(values: &[i16; 64], number: usize) -> __m512i {
    debug_assert!(number < 2);
    // SAFETY: 32 of 64 words, from 0 or 32 on.
    unsafe { _mm512_loadu_si512(values.as_ptr().add(number * 32).cast()) }
}

/// Four rows times the table, two a register.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn rows(low: __m512i, high: __m512i, places: &Places) -> (__m256i, __m256i) {
    // SAFETY: 32 aligned words.
    let places = unsafe { _mm512_load_si512(places.0.as_ptr().cast()) };
    let rows = _mm512_permutex2var_epi16(low, places, high);
    (_mm512_castsi512_si256(rows), _mm512_extracti64x4_epi64::<1>(rows))
}

/// Transforms to `side` samples a side: 8, 4 or 2.
///
/// # Safety
/// AVX-512 F, BW, VL and VBMI; `side` rows of as many samples, `stride` apart, in `out`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi")]
pub(super) unsafe fn transform(
    block: &[i16; 64],
    table: &[i16; 64],
    side: usize,
    out: &mut [u8],
    stride: usize,
) {
    let (low, high) = (half(block, 0), half(block, 1));
    let present =
        u64::from(_mm512_test_epi16_mask(high, high)) << 32 | u64::from(_mm512_test_epi16_mask(low, low));
    let (low, high) = (_mm512_mullo_epi16(low, half(table, 0)), _mm512_mullo_epi16(high, half(table, 1)));
    // SAFETY: the same demands; and AVX-512 includes AVX2.
    unsafe {
        if side == 8 {
            let ((x04, x26), (x31, x75)) = (rows(low, high, &ROWS_0426), rows(low, high, &ROWS_3175));
            let flat = present & const { not_in(0, 0) } == 0;
            return eight_by_eight([x04, x31, x26, x75], flat, out, stride);
        }
        let ((x01, x23), (x45, x67)) = (rows(low, high, &ROWS_0123), rows(low, high, &ROWS_4567));
        if side == 4 {
            four_by_four::<true>([x01, x23, x45, x67], present & const { not_in(0, 4) } == 0, out, stride);
        } else {
            two_by_two::<true>([x01, x23, x45, x67], out, stride);
        }
    }
}

/// Where numbers of eight columns are, if rows are 0, 1, 3, 2, 4, 5, 7 and 6: the columns `which`, eight rows each.
const fn columns_at(which: [i16; 4]) -> Places {
    let row_at = [0, 8, 24, 16, 32, 40, 56, 48];
    let mut places = [0; 32];
    let mut i = 0;
    while i < 32 {
        places[i] = row_at[i % 8] + which[i / 8];
        i += 1;
    }
    Places(places)
}

static COLUMNS_0431: Places = columns_at([0, 4, 3, 1]);
static COLUMNS_2675: Places = columns_at([2, 6, 7, 5]);

/// Where each sample is if columns are 0, 3, 1, 2, 4, 7, 5 and 6.
#[repr(align(64))]
struct Bytes([u8; 64]);

static SAMPLES: Bytes = {
    let column_at = [0, 16, 24, 8, 32, 48, 56, 40];
    let mut places = [0; 64];
    let mut i = 0;
    while i < 64 {
        places[i] = column_at[i % 8] + (i / 8) as u8;
        i += 1;
    }
    Bytes(places)
};

/// The transform of rows 0|4, 3|1, 2|6 and 7|5, dequantised; `flat` if all but row 0 were zero before.
///
/// # Safety
/// AVX-512 F, BW, VL and VBMI; eight rows of eight samples, `stride` apart, in `out`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi")]
unsafe fn eight_by_eight(rows: [__m256i; 4], flat: bool, out: &mut [u8], stride: usize) {
    let [x04, x31, x26, x75] = rows;
    let both = |low: __m256i, high: __m256i| _mm512_inserti64x4::<1>(_mm512_castsi256_si512(low), high);
    let (low, high) = if flat {
        let row = _mm512_broadcast_i32x4(_mm_slli_epi16::<2>(_mm256_castsi256_si128(x04)));
        (row, row)
    } else {
        let (r01, r32, r45, r76) = pass::<11, true>(x04, x31, x26, x75);
        (both(r01, r32), both(r45, r76))
    };
    // SAFETY: 32 and 64 aligned numbers.
    let (first, second, samples_at) = unsafe {
        (
            _mm512_load_si512(COLUMNS_0431.0.as_ptr().cast()),
            _mm512_load_si512(COLUMNS_2675.0.as_ptr().cast()),
            _mm512_load_si512(SAMPLES.0.as_ptr().cast()),
        )
    };
    let c0431 = _mm512_permutex2var_epi16(low, first, high);
    let c2675 = _mm512_permutex2var_epi16(low, second, high);
    let (c01, c32, c45, c76) = pass::<18, true>(
        _mm512_castsi512_si256(c0431),
        _mm512_extracti64x4_epi64::<1>(c0431),
        _mm512_castsi512_si256(c2675),
        _mm512_extracti64x4_epi64::<1>(c2675),
    );
    let columns = both(_mm256_packs_epi16(c01, c32), _mm256_packs_epi16(c45, c76));
    let samples = _mm512_permutexvar_epi8(samples_at, _mm512_xor_si512(columns, _mm512_set1_epi8(-128)));
    // SAFETY: the caller vouches for the eight rows.
    unsafe { rows::eight(samples, out, stride) };
}
