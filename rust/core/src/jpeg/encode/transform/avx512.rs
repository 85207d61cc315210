//! The AVX-512 twin of the plain transform: four blocks at a time, one a lane.
#![allow(unsafe_code)]

#[allow(clippy::wildcard_imports)] // a kernel names its instructions
use std::arch::x86_64::*;

#[allow(clippy::wildcard_imports)] // and its constants
use super::{
    Divisors, NATURAL_ORDER, Quad, Samples,
    passes::{ODD, SLOTS, passes},
    plain::*,
};

/// Low words of one, high words of the other.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn blend(low: __m512i, high: __m512i) -> __m512i {
    _mm512_mask_blend_epi16(0xAAAA_AAAA, low, high)
}

passes!(
    "avx512f,avx512bw,avx512vnni",
    __m512i,
    _mm512_add_epi16,
    _mm512_sub_epi16,
    _mm512_slli_epi16,
    _mm512_srai_epi16,
    _mm512_set1_epi16,
    _mm512_unpacklo_epi16,
    _mm512_unpackhi_epi16,
    _mm512_dpwssd_epi32,
    _mm512_set1_epi32,
    _mm512_unpacklo_epi32,
    _mm512_unpackhi_epi32,
    _mm512_unpacklo_epi64,
    _mm512_unpackhi_epi64,
    _mm512_srli_epi32,
    _mm512_slli_epi32,
    blend
);

#[repr(align(64))]
struct Bytes([u8; 64]);

#[repr(align(64))]
struct Words([u16; 32]);

/// Of two rows, one a half, which have a block in each eight bytes: a block in each lane, its columns' samples side by side.
static SIDE_BY_SIDE: Bytes = {
    let mut places = Bytes([0; 64]);
    let mut i = 0;
    while i < 64 {
        places.0[i] = (i % 2 * 32 + i / 16 * 8 + i % 16 / 2) as u8;
        i += 1;
    }
    places
};

/// Slots of the first 32 coefficients in zigzag order, and of the others.
static ZIGZAG: [Words; 2] = [zigzag(0), zigzag(32)];

const fn zigzag(first: usize) -> Words {
    let mut places = Words([0; 32]);
    let mut i = 0;
    while i < 32 {
        places.0[i] = SLOTS[NATURAL_ORDER[first + i] as usize] as u16;
        i += 1;
    }
    places
}

/// Half of a table.
#[inline]
#[target_feature(enable = "avx512f")]
fn half(table: &[u16; 64], number: usize) -> __m512i {
    // SAFETY: 32 of 64 aligned words, from 0 or 32 on.
    unsafe { _mm512_load_si512(table.as_ptr().add(number % 2 * 32).cast()) }
}

/// Half a block divided.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn divided(x: __m512i, divisors: &Divisors, number: usize) -> __m512i {
    let sum = _mm512_add_epi16(_mm512_abs_epi16(x), half(&divisors.added, number));
    let product = _mm512_mulhi_epu16(sum, half(&divisors.factor, number));
    let quotient = _mm512_srlv_epi16(product, half(&divisors.shift, number));
    _mm512_mask_sub_epi16(quotient, _mm512_movepi16_mask(x), _mm512_setzero_si512(), quotient)
}

/// Columns of four blocks, one a register, as words.
///
/// # Safety
/// AVX-512 F, BW and VBMI; eight rows of sixteen samples, a stride apart, in each slice.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
unsafe fn columns(samples: Samples<'_>) -> [__m512i; 8] {
    let [left, right] = samples.pairs.map(<[u8]>::as_ptr);
    // SAFETY: 64 aligned bytes.
    let order = unsafe { _mm512_load_si512(SIDE_BY_SIDE.0.as_ptr().cast()) };
    // Two rows of each block, woven.
    let [rows01, rows23, rows45, rows67] = [0, 2, 4, 6].map(|row| {
        let (upper, lower) = (row * samples.stride, (row + 1) * samples.stride);
        // SAFETY: as the caller vouches.
        let (upper, lower) = unsafe {
            (
                _mm256_loadu2_m128i(right.add(upper).cast(), left.add(upper).cast()),
                _mm256_loadu2_m128i(right.add(lower).cast(), left.add(lower).cast()),
            )
        };
        let both = _mm512_inserti64x4::<1>(_mm512_castsi256_si512(upper), lower);
        _mm512_permutexvar_epi8(order, both)
    });
    let (upper0, upper4) = (_mm512_unpacklo_epi16(rows01, rows23), _mm512_unpackhi_epi16(rows01, rows23));
    let (lower0, lower4) = (_mm512_unpacklo_epi16(rows45, rows67), _mm512_unpackhi_epi16(rows45, rows67));
    let zero = _mm512_setzero_si512();
    let words = |columns| (_mm512_unpacklo_epi8(columns, zero), _mm512_unpackhi_epi8(columns, zero));
    let (x0, x1) = words(_mm512_unpacklo_epi32(upper0, lower0));
    let (x2, x3) = words(_mm512_unpackhi_epi32(upper0, lower0));
    let (x4, x5) = words(_mm512_unpacklo_epi32(upper4, lower4));
    let (x6, x7) = words(_mm512_unpackhi_epi32(upper4, lower4));
    [x0, x1, x2, x3, x4, x5, x6, x7]
}

/// Of four rows of four blocks: a block's rows in each register.
#[inline]
#[target_feature(enable = "avx512f")]
fn by_blocks(a: __m512i, b: __m512i, c: __m512i, d: __m512i) -> [__m512i; 4] {
    let (low_ab, high_ab) = (_mm512_shuffle_i32x4::<0x44>(a, b), _mm512_shuffle_i32x4::<0xEE>(a, b));
    let (low_cd, high_cd) = (_mm512_shuffle_i32x4::<0x44>(c, d), _mm512_shuffle_i32x4::<0xEE>(c, d));
    [
        _mm512_shuffle_i32x4::<0x88>(low_ab, low_cd),
        _mm512_shuffle_i32x4::<0xDD>(low_ab, low_cd),
        _mm512_shuffle_i32x4::<0x88>(high_ab, high_cd),
        _mm512_shuffle_i32x4::<0xDD>(high_ab, high_cd),
    ]
}

/// Transforms and divides four blocks.
///
/// # Safety
/// AVX-512 F, BW, VBMI and VNNI; eight rows of sixteen samples, a stride apart, in each slice.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx512vnni")]
pub(super) unsafe fn quad(samples: Samples<'_>, divisors: &Divisors, out: &mut Quad) {
    // SAFETY: as the caller vouches.
    let columns = unsafe { columns(samples) };
    let [y0, y1, y2, y3, y4, y5, y6, y7] = second_pass(first_pass(columns));
    let halves = by_blocks(y0, y1, y2, y3).into_iter().zip(by_blocks(y4, y5, y6, y7));
    let places = out.coefficients.iter_mut().zip(&mut out.nonzero);
    for ((upper, lower), (coefficients, nonzero)) in halves.zip(places) {
        let (upper, lower) = (divided(upper, divisors, 0), divided(lower, divisors, 1));
        let [first, second] = [0, 1].map(|number| {
            // SAFETY: 32 aligned words.
            let order = unsafe { _mm512_load_si512(ZIGZAG[number].0.as_ptr().cast()) };
            _mm512_permutex2var_epi16(upper, order, lower)
        });
        // SAFETY: the halves of 64 words.
        unsafe {
            _mm512_storeu_si512(coefficients.as_mut_ptr().cast(), first);
            _mm512_storeu_si512(coefficients.as_mut_ptr().add(32).cast(), second);
        }
        let bits = [first, second].map(|half| u64::from(_mm512_test_epi16_mask(half, half)));
        *nonzero = bits[0] | bits[1] << 32;
    }
}
