//! The AVX2 twin of the plain transform: two blocks at a time, one a lane.
#![allow(unsafe_code)]

#[allow(clippy::wildcard_imports)] // a kernel names its instructions
use std::arch::x86_64::*;

#[allow(clippy::wildcard_imports)] // and its constants
use super::{
    Divisors, NATURAL_ORDER, Quad, Samples,
    passes::{ODD, SLOTS, passes},
    plain::*,
};

/// Adds sums of two products.
#[inline]
#[target_feature(enable = "avx2")]
fn accumulate(sum: __m256i, a: __m256i, b: __m256i) -> __m256i {
    _mm256_add_epi32(sum, _mm256_madd_epi16(a, b))
}

/// Low words of one, high words of the other.
#[inline]
#[target_feature(enable = "avx2")]
fn blend(low: __m256i, high: __m256i) -> __m256i {
    _mm256_blend_epi16::<0xAA>(low, high)
}

passes!(
    "avx2",
    __m256i,
    _mm256_add_epi16,
    _mm256_sub_epi16,
    _mm256_slli_epi16,
    _mm256_srai_epi16,
    _mm256_set1_epi16,
    _mm256_unpacklo_epi16,
    _mm256_unpackhi_epi16,
    accumulate,
    _mm256_set1_epi32,
    _mm256_unpacklo_epi32,
    _mm256_unpackhi_epi32,
    _mm256_unpacklo_epi64,
    _mm256_unpackhi_epi64,
    _mm256_srli_epi32,
    _mm256_slli_epi32,
    blend
);

/// Turns rows of samples into columns, in each lane.
#[inline]
#[target_feature(enable = "avx2")]
fn transposed(x: [__m256i; 8]) -> [__m256i; 8] {
    let low = |i: usize| _mm256_unpacklo_epi16(x[i], x[i + 1]);
    let high = |i: usize| _mm256_unpackhi_epi16(x[i], x[i + 1]);
    let four = |a0, a2, a4, a6| {
        let (b0, b1) = (_mm256_unpacklo_epi32(a0, a2), _mm256_unpackhi_epi32(a0, a2));
        let (b4, b5) = (_mm256_unpacklo_epi32(a4, a6), _mm256_unpackhi_epi32(a4, a6));
        [
            _mm256_unpacklo_epi64(b0, b4),
            _mm256_unpackhi_epi64(b0, b4),
            _mm256_unpacklo_epi64(b1, b5),
            _mm256_unpackhi_epi64(b1, b5),
        ]
    };
    let [c0, c1, c2, c3] = four(low(0), low(2), low(4), low(6));
    let [c4, c5, c6, c7] = four(high(0), high(2), high(4), high(6));
    [c0, c1, c2, c3, c4, c5, c6, c7]
}

/// For each eight coefficients in zigzag order and each row of a block: where the row's bytes go, if any does.
static PLACES: [[[i8; 16]; 8]; 8] = {
    let mut places = [[[-1; 16]; 8]; 8];
    let mut number = 0;
    while number < 64 {
        let slot = SLOTS[NATURAL_ORDER[number] as usize];
        let (row, word) = (slot as usize / 8, slot as i8 % 8);
        places[number / 8][row][number % 8 * 2] = word * 2;
        places[number / 8][row][number % 8 * 2 + 1] = word * 2 + 1;
        number += 1;
    }
    places
};

/// A bit for each row that has some of those eight coefficients.
const ROWS: [u8; 8] = {
    let mut rows = [0; 8];
    let mut number = 0;
    while number < 64 {
        rows[number / 8] |= 1 << (NATURAL_ORDER[number] / 8);
        number += 1;
    }
    rows
};

/// Eight words of a row of a table, for both lanes.
#[inline]
#[target_feature(enable = "avx2")]
fn row_of(table: &[u16; 64], row: usize) -> __m256i {
    // SAFETY: eight words from a multiple of eight on.
    _mm256_broadcastsi128_si256(unsafe { _mm_load_si128(table.as_ptr().add(row % 8 * 8).cast()) })
}

/// Row `row` divided.
#[inline]
#[target_feature(enable = "avx2")]
fn divided(x: __m256i, divisors: &Divisors, row: usize) -> __m256i {
    let sum = _mm256_add_epi16(_mm256_abs_epi16(x), row_of(&divisors.added, row));
    let product = _mm256_mulhi_epu16(sum, row_of(&divisors.factor, row));
    // Both are less than 2^15.
    _mm256_sign_epi16(_mm256_mulhi_epi16(product, row_of(&divisors.scale, row)), x)
}

/// Eight coefficients in zigzag order, from number `8 * EIGHT` on.
#[inline]
#[target_feature(enable = "avx2")]
fn eight<const EIGHT: usize>(rows: &[__m256i; 8]) -> __m256i {
    let mut all = _mm256_setzero_si256();
    for (row, &x) in rows.iter().enumerate() {
        if ROWS[EIGHT] >> row & 1 == 1 {
            // SAFETY: sixteen bytes.
            let places = unsafe { _mm_loadu_si128(PLACES[EIGHT][row].as_ptr().cast()) };
            all = _mm256_or_si256(all, _mm256_shuffle_epi8(x, _mm256_broadcastsi128_si256(places)));
        }
    }
    all
}

/// Transforms and divides two blocks, and says which of their coefficients are not zero.
///
/// # Safety
/// AVX2; eight rows of sixteen samples, `stride` apart.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn pair_of_blocks(
    samples: *const u8,
    stride: usize,
    divisors: &Divisors,
    out: &mut [[i16; 64]],
) -> [u64; 2] {
    let rows = [0, 1, 2, 3, 4, 5, 6, 7].map(|row| {
        // SAFETY: as the caller vouches.
        _mm256_cvtepu8_epi16(unsafe { _mm_loadu_si128(samples.add(row * stride).cast()) })
    });
    let rows = second_pass(first_pass(transposed(rows)));
    let mut number = 0;
    let rows = rows.map(|row| {
        number += 1;
        divided(row, divisors, number - 1)
    });
    let ordered = [
        eight::<0>(&rows),
        eight::<1>(&rows),
        eight::<2>(&rows),
        eight::<3>(&rows),
        eight::<4>(&rows),
        eight::<5>(&rows),
        eight::<6>(&rows),
        eight::<7>(&rows),
    ];
    if let [first, second] = out {
        for (number, eight) in ordered.iter().enumerate() {
            // SAFETY: eight words of 64, from a multiple of eight on.
            unsafe {
                _mm_storeu_si128(first.as_mut_ptr().add(number * 8).cast(), _mm256_castsi256_si128(*eight));
                _mm_storeu_si128(
                    second.as_mut_ptr().add(number * 8).cast(),
                    _mm256_extracti128_si256::<1>(*eight),
                );
            }
        }
    }
    let (mut first, mut second) = (0, 0);
    for (number, two) in ordered.as_chunks::<2>().0.iter().enumerate() {
        let zeros = _mm256_cmpeq_epi8(_mm256_packs_epi16(two[0], two[1]), _mm256_setzero_si256());
        let nonzero = !_mm256_movemask_epi8(zeros) as u32;
        first |= u64::from(nonzero & 0xFFFF) << (number * 16);
        second |= u64::from(nonzero >> 16) << (number * 16);
    }
    [first, second]
}

/// Transforms and divides four blocks.
///
/// # Safety
/// AVX2; eight rows of sixteen samples, a stride apart, in each slice.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) unsafe fn quad(samples: Samples<'_>, divisors: &Divisors, out: &mut Quad) {
    let [first, second] = samples.pairs;
    let (one, two) = out.coefficients.split_at_mut(2);
    // SAFETY: as the caller vouches.
    let (a, b) = unsafe {
        (
            pair_of_blocks(first.as_ptr(), samples.stride, divisors, one),
            pair_of_blocks(second.as_ptr(), samples.stride, divisors, two),
        )
    };
    out.nonzero = [a[0], a[1], b[0], b[1]];
}
