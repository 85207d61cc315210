//! The AVX2 twin of the plain conversion: 64 pixels a step.
//!
//! Words of chroma lie as `unpack` leaves them: for the first half of a step samples 0-7 in the low lane and
//! 16-23 in the high one, for the second half 8-15 and 24-31. Luma is loaded the same way, and the last
//! shuffle of a lane's 16 pixels puts them in order.
#![allow(unsafe_code)]

#[allow(clippy::wildcard_imports)] // a kernel names its instructions
use std::arch::x86_64::*;

use super::colour::{BLUE, GREEN, MARGIN, RED, Rows, STEP, Upsampling};

/// Even pixels' values and odd pixels' values, as words.
type Pair = (__m256i, __m256i);

/// Writes the pixels from number `first` on to all of `out`.
///
/// # Safety
/// AVX2; `out` holds whole steps; luma holds as many bytes behind `first`, and chroma the samples of as many
/// pixels behind it, its two margins besides.
#[target_feature(enable = "avx2")]
pub(super) unsafe fn convert(how: Upsampling, rows: &Rows<'_>, first: usize, out: &mut [u8]) {
    // SAFETY: the same demands.
    unsafe {
        match how {
            Upsampling::None => run::<0>(rows, first, out),
            Upsampling::Wide => run::<1>(rows, first, out),
            Upsampling::Both => run::<2>(rows, first, out),
        }
    }
}

/// # Safety
/// As for `convert`.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn run<const HOW: u8>(rows: &Rows<'_>, first: usize, out: &mut [u8]) {
    let [near_blue, near_red] = rows.near;
    let [far_blue, far_red] = rows.far;
    for (step, pixels) in out.as_chunks_mut::<{ STEP * 3 }>().0.iter_mut().enumerate() {
        let x = first + step * STEP;
        // SAFETY: the step's 64 bytes of luma; chroma samples of its pixels, one more at each side, and none
        // further than a margin from the row.
        unsafe {
            let (blue, red) = if HOW == 0 {
                (full(near_blue.as_ptr().add(MARGIN + x)), full(near_red.as_ptr().add(MARGIN + x)))
            } else {
                let at = MARGIN + x / 2;
                (
                    doubled::<HOW>(near_blue.as_ptr().add(at), far_blue.as_ptr().add(at)),
                    doubled::<HOW>(near_red.as_ptr().add(at), far_red.as_ptr().add(at)),
                )
            };
            let luma = rows.luma.as_ptr().add(x);
            let (first, second) = (halves(luma), halves(luma.add(16)));
            let pixels = pixels.as_mut_ptr();
            put(first, blue.0, red.0, pixels);
            put(second, blue.1, red.1, pixels.add(48));
        }
    }
}

/// Bytes 0-15 and 32-47 from there on.
///
/// # Safety
/// AVX2; 48 bytes.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn halves(from: *const u8) -> __m256i {
    // SAFETY: as the caller vouches.
    unsafe { _mm256_loadu2_m128i(from.add(32).cast(), from.cast()) }
}

/// The even and the odd bytes, as words.
#[inline]
#[target_feature(enable = "avx2")]
fn even_and_odd(bytes: __m256i) -> Pair {
    (_mm256_and_si256(bytes, _mm256_set1_epi16(0xFF)), _mm256_srli_epi16::<8>(bytes))
}

/// Chroma of 64 pixels that have a sample each.
///
/// # Safety
/// AVX2; 64 bytes.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn full(from: *const u8) -> (Pair, Pair) {
    // SAFETY: as the caller vouches.
    unsafe { (even_and_odd(halves(from)), even_and_odd(halves(from.add(16)))) }
}

/// A sample of each column of 32: of one row, or of two by their nearness; bytes 0-7 and 16-23, then the others.
///
/// # Safety
/// AVX2; 32 bytes from each pointer on, if HOW is 2, else from the first.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn columns<const HOW: u8>(near: *const u8, far: *const u8) -> Pair {
    // SAFETY: as the caller vouches.
    let near = unsafe { _mm256_loadu_si256(near.cast()) };
    if HOW == 1 {
        let zero = _mm256_setzero_si256();
        return (_mm256_unpacklo_epi8(near, zero), _mm256_unpackhi_epi8(near, zero));
    }
    // SAFETY: as the caller vouches.
    let far = unsafe { _mm256_loadu_si256(far.cast()) };
    let weights = _mm256_set1_epi16(0x0103);
    (
        _mm256_maddubs_epi16(_mm256_unpacklo_epi8(near, far), weights),
        _mm256_maddubs_epi16(_mm256_unpackhi_epi8(near, far), weights),
    )
}

/// The pixels between columns.
#[inline]
#[target_feature(enable = "avx2")]
fn between<const HOW: u8>(left: __m256i, here: __m256i, right: __m256i) -> Pair {
    let (even_round, odd_round) = if HOW == 1 { (1, 2) } else { (8, 7) };
    let here = _mm256_add_epi16(here, _mm256_add_epi16(here, here));
    let even = _mm256_add_epi16(_mm256_add_epi16(here, left), _mm256_set1_epi16(even_round));
    let odd = _mm256_add_epi16(_mm256_add_epi16(here, right), _mm256_set1_epi16(odd_round));
    if HOW == 1 {
        (_mm256_srli_epi16::<2>(even), _mm256_srli_epi16::<2>(odd))
    } else {
        (_mm256_srli_epi16::<4>(even), _mm256_srli_epi16::<4>(odd))
    }
}

/// Chroma of 64 pixels that have a sample for two.
///
/// # Safety
/// AVX2; 33 bytes from each pointer on, and one before.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn doubled<const HOW: u8>(near: *const u8, far: *const u8) -> (Pair, Pair) {
    // SAFETY: 32 bytes from the sample before the first, the first, or the second on.
    let (left, here, right) = unsafe {
        (
            columns::<HOW>(near.sub(1), far.sub(1)),
            columns::<HOW>(near, far),
            columns::<HOW>(near.add(1), far.add(1)),
        )
    };
    (between::<HOW>(left.0, here.0, right.0), between::<HOW>(left.1, here.1, right.1))
}

/// Products with a number of 14 bits behind the point, rounded; `x` is doubled.
#[inline]
#[target_feature(enable = "avx2")]
fn scaled(x: __m256i, by: i16) -> __m256i {
    _mm256_mulhrs_epi16(_mm256_add_epi16(x, x), _mm256_set1_epi16(by))
}

/// Green's part of pairs of blue and red.
#[inline]
#[target_feature(enable = "avx2")]
fn green(pairs: __m256i) -> __m256i {
    let weights = _mm256_set1_epi32(GREEN);
    _mm256_srai_epi32::<16>(_mm256_add_epi32(_mm256_madd_epi16(pairs, weights), _mm256_set1_epi32(0x8000)))
}

/// Red, green and blue of sixteen pixels.
#[inline]
#[target_feature(enable = "avx2")]
fn colours(luma: __m256i, blue: __m256i, red: __m256i) -> (__m256i, __m256i, __m256i) {
    let centre = _mm256_set1_epi16(128);
    let (cb, cr) = (_mm256_sub_epi16(blue, centre), _mm256_sub_epi16(red, centre));
    let low = green(_mm256_unpacklo_epi16(cb, cr));
    let high = green(_mm256_unpackhi_epi16(cb, cr));
    let green = _mm256_sub_epi16(_mm256_packs_epi32(low, high), cr);
    (
        _mm256_add_epi16(luma, scaled(cr, RED)),
        _mm256_add_epi16(luma, green),
        _mm256_add_epi16(luma, scaled(cb, BLUE)),
    )
}

/// Writes pixels 0-15 and 32-47 of these colours.
///
/// # Safety
/// AVX2; 144 bytes.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn put(luma: __m256i, blue: Pair, red: Pair, out: *mut u8) {
    let luma = even_and_odd(luma);
    let even = colours(luma.0, blue.0, red.0);
    let odd = colours(luma.1, blue.1, red.1);
    // A lane of each: eight even pixels, eight odd ones.
    let red = _mm256_packus_epi16(even.0, odd.0);
    let green = _mm256_packus_epi16(even.1, odd.1);
    let blue = _mm256_packus_epi16(even.2, odd.2);
    // SAFETY: three times sixteen of the first 48 bytes, and of the last 48, of the 144 the caller vouches for.
    unsafe {
        put_third::<0>(red, green, blue, out);
        put_third::<1>(red, green, blue, out.add(16));
        put_third::<2>(red, green, blue, out.add(32));
    }
}

/// Writes sixteen of a lane's 48 bytes there, and of the other lane's 96 bytes further.
///
/// # Safety
/// AVX2; 112 bytes.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn put_third<const PART: usize>(red: __m256i, green: __m256i, blue: __m256i, out: *mut u8) {
    let red = _mm256_shuffle_epi8(red, places(&PLACES[PART][0]));
    let green = _mm256_shuffle_epi8(green, places(&PLACES[PART][1]));
    let blue = _mm256_shuffle_epi8(blue, places(&PLACES[PART][2]));
    let bytes = _mm256_or_si256(_mm256_or_si256(red, green), blue);
    // SAFETY: as the caller vouches.
    unsafe {
        _mm_storeu_si128(out.cast(), _mm256_castsi256_si128(bytes));
        _mm_storeu_si128(out.add(96).cast(), _mm256_extracti128_si256::<1>(bytes));
    }
}

/// For each of the sixteen bytes of that third of 16 pixels, where a lane has that channel's value; or
/// nowhere, if the byte is another channel's.
const PLACES: [[[i8; 16]; 3]; 3] = {
    let mut places = [[[-1; 16]; 3]; 3];
    let mut byte = 0;
    while byte < 48 {
        let pixel = byte / 3;
        places[byte / 16][byte % 3][byte % 16] = (pixel / 2 + pixel % 2 * 8) as i8;
        byte += 1;
    }
    places
};

#[inline]
#[target_feature(enable = "avx2")]
fn places(bytes: &[i8; 16]) -> __m256i {
    // SAFETY: sixteen bytes.
    _mm256_broadcastsi128_si256(unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) })
}
