//! The AVX-512 twins of the plain transforms for blocks of low frequencies: the first ten in zigzag order, which all
//! are in the corner of 4x4.
//!
//! A pass over four numbers is a product of pairs (0, 2) and (1, 3) with constants that differ by lane, so that
//! one register holds all outputs of four columns, or two of eight rows.
#![allow(unsafe_code)]

#[allow(clippy::wildcard_imports)] // a kernel names its instructions
use std::arch::x86_64::*;

use super::{
    CORNER,
    plain::{EVEN_4, EVEN_8, ODD_4, ODD_8},
    rows,
};
use crate::jpeg::fast::order::NATURAL_ORDER;

/// Places of words, or words themselves.
#[repr(align(64))]
struct Words([i16; 32]);

/// Where in zigzag order the coefficients of two rows are, a pair for each of four columns, once for each lane.
const fn pairs_of_rows(first: usize, second: usize) -> Words {
    // What is in the corner but not of the ten is as zero as number ten.
    let mut places = [CORNER as i16; 32];
    let mut i = 0;
    while i < 4 * CORNER {
        let (zigzag, lane) = (i % CORNER, i / CORNER);
        let (row, column) = (NATURAL_ORDER[zigzag] as usize / 8, NATURAL_ORDER[zigzag] as usize % 8);
        if row == first {
            places[lane * 8 + column * 2] = zigzag as i16;
        } else if row == second {
            places[lane * 8 + column * 2 + 1] = zigzag as i16;
        }
        i += 1;
    }
    Words(places)
}

static ROWS_02: Words = pairs_of_rows(0, 2);
static ROWS_13: Words = pairs_of_rows(1, 3);

/// A pair for each of a register's lanes, or of its halves.
const fn weights<const LANES: usize>(pairs: [(i16, i16); LANES]) -> Words {
    let mut words = [0; 32];
    let mut i = 0;
    while i < 32 {
        let (a, b) = pairs[i * LANES / 32];
        words[i] = if i.is_multiple_of(2) { a } else { b };
        i += 1;
    }
    Words(words)
}

static EVEN: Words = weights(EVEN_8);
static ODD: Words = weights(ODD_8);
static EVEN_01: Words = weights([EVEN_8[0], EVEN_8[1]]);
static EVEN_23: Words = weights([EVEN_8[2], EVEN_8[3]]);
static ODD_01: Words = weights([ODD_8[0], ODD_8[1]]);
static ODD_23: Words = weights([ODD_8[2], ODD_8[3]]);
static EVEN_TO_4: Words = weights(EVEN_4);
static ODD_TO_4: Words = weights(ODD_4);

/// Where numbers (0, 2) or (1, 3) of the eight rows are, twice, if a lane has row `i` and row `7 - i`.
const fn pairs_of_eight(first: i16) -> Words {
    let mut places = [0; 32];
    let mut i = 0;
    while i < 32 {
        let (row, second) = (i as i16 % 16 / 2, i as i16 % 2);
        let start = if row < 4 { row * 8 } else { (7 - row) * 8 + 4 };
        places[i] = start + first + 2 * second;
        i += 1;
    }
    Words(places)
}

/// The same of four rows of four, once for each lane.
const fn pairs_of_four(first: i16) -> Words {
    let mut places = [0; 32];
    let mut i = 0;
    while i < 32 {
        places[i] = i as i16 % 8 / 2 * 4 + first + 2 * (i as i16 % 2);
        i += 1;
    }
    Words(places)
}

static COLUMNS_02: Words = pairs_of_eight(0);
static COLUMNS_13: Words = pairs_of_eight(1);
static COLUMNS_02_OF_4: Words = pairs_of_four(0);
static COLUMNS_13_OF_4: Words = pairs_of_four(1);

/// Where each sample is after packing: lanes have rows 0-3 or 4-7 of columns 0, 2, 7 and 5, or 1, 3, 6 and 4.
#[repr(align(64))]
struct Bytes([u8; 64]);

static SAMPLES: Bytes = {
    let of_columns = [(0, 0), (32, 0), (0, 4), (32, 4), (32, 12), (0, 12), (32, 8), (0, 8)];
    let mut places = [0; 64];
    let mut i = 0;
    while i < 64 {
        let (row, (lane, place)) = (i / 8, of_columns[i % 8]);
        places[i] = (row / 4 * 16 + row % 4) as u8 + lane + place;
        i += 1;
    }
    Bytes(places)
};

#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn words(words: &Words) -> __m512i {
    // SAFETY: 32 aligned words.
    unsafe { _mm512_load_si512(words.0.as_ptr().cast()) }
}

/// The first sixteen coefficients times the table; `None` if the plain transform might take a sum that leaves 16 bits
/// another way.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn dequantised(block: &[i16; 64], table: &[i16; 64]) -> Option<__m512i> {
    // SAFETY: 16 of 64 words each.
    let values = unsafe {
        _mm256_mullo_epi16(
            _mm256_loadu_si256(block.as_ptr().cast()),
            _mm256_loadu_si256(table.as_ptr().cast()),
        )
    };
    // A quarter of the range, so that four times a number still is one.
    let shifted = _mm256_add_epi16(values, _mm256_set1_epi16(0x2000));
    let large = _mm256_test_epi16_mask(shifted, _mm256_set1_epi16(0xC000_u16 as i16));
    (large == 0).then_some(_mm512_castsi256_si512(values))
}

/// Transforms to `side` samples a side: 8 or 4. `false` if that is to be done the other way.
///
/// # Safety
/// AVX-512 F, BW, VL, VBMI and VNNI; `side` rows of as many samples, `stride` apart, in `out`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,avx512vnni")]
pub(super) unsafe fn transform(
    block: &[i16; 64],
    table: &[i16; 64],
    side: usize,
    out: &mut [u8],
    stride: usize,
) -> bool {
    let Some(values) = dequantised(block, table) else { return false };
    let even = _mm512_permutexvar_epi16(words(&ROWS_02), values);
    let odd = _mm512_permutexvar_epi16(words(&ROWS_13), values);
    // SAFETY: the same demands.
    unsafe {
        if side == 8 {
            eight_by_eight(even, odd, out, stride);
        } else {
            four_by_four(even, odd, out, stride);
        }
    }
    true
}

/// # Safety
/// As for `transform`, with eight rows of eight samples.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,avx512vnni")]
unsafe fn eight_by_eight(even: __m512i, odd: __m512i, out: &mut [u8], stride: usize) {
    let round = _mm512_set1_epi32(1 << 10);
    let a = _mm512_dpwssd_epi32(round, even, words(&EVEN));
    let b = _mm512_madd_epi16(odd, words(&ODD));
    let rows = _mm512_packs_epi32(
        _mm512_srai_epi32::<11>(_mm512_add_epi32(a, b)),
        _mm512_srai_epi32::<11>(_mm512_sub_epi32(a, b)),
    );
    let even = _mm512_permutexvar_epi16(words(&COLUMNS_02), rows);
    let odd = _mm512_permutexvar_epi16(words(&COLUMNS_13), rows);
    let round = _mm512_set1_epi32(1 << 17);
    let both = |evens: &Words, odds: &Words| {
        let a = _mm512_dpwssd_epi32(round, even, words(evens));
        let b = _mm512_madd_epi16(odd, words(odds));
        (_mm512_srai_epi32::<18>(_mm512_add_epi32(a, b)), _mm512_srai_epi32::<18>(_mm512_sub_epi32(a, b)))
    };
    let ((c01, c76), (c23, c54)) = (both(&EVEN_01, &ODD_01), both(&EVEN_23, &ODD_23));
    let columns = _mm512_packs_epi16(_mm512_packs_epi32(c01, c23), _mm512_packs_epi32(c76, c54));
    // SAFETY: 64 aligned bytes.
    let places = unsafe { _mm512_load_si512(SAMPLES.0.as_ptr().cast()) };
    let samples = _mm512_xor_si512(columns, _mm512_set1_epi8(-128));
    let samples = _mm512_permutexvar_epi8(places, samples);
    // SAFETY: the caller vouches for the eight rows.
    unsafe { rows::eight(samples, out, stride) };
}

/// # Safety
/// As for `transform`, with four rows of four samples.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,avx512vnni")]
unsafe fn four_by_four(even: __m512i, odd: __m512i, out: &mut [u8], stride: usize) {
    let (evens, odds) = (words(&EVEN_TO_4), words(&ODD_TO_4));
    let sums = _mm512_dpwssd_epi32(_mm512_set1_epi32(1 << 11), even, evens);
    let sums = _mm512_dpwssd_epi32(sums, odd, odds);
    let rows = _mm512_castsi256_si512(_mm512_cvtsepi32_epi16(_mm512_srai_epi32::<12>(sums)));
    let even = _mm512_permutexvar_epi16(words(&COLUMNS_02_OF_4), rows);
    let odd = _mm512_permutexvar_epi16(words(&COLUMNS_13_OF_4), rows);
    let sums = _mm512_dpwssd_epi32(_mm512_set1_epi32(1 << 18), even, evens);
    let sums = _mm512_dpwssd_epi32(sums, odd, odds);
    let columns = _mm512_cvtsepi32_epi8(_mm512_srai_epi32::<19>(sums));
    let places = _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    let samples = _mm_xor_si128(_mm_shuffle_epi8(columns, places), _mm_set1_epi8(-128));
    // SAFETY: the caller vouches for the four rows.
    unsafe { rows::four(samples, out, stride) };
}
