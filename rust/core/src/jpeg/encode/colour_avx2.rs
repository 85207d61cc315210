//! The AVX2 twin of the plain conversion, 64 pixels at a time.
//!
//! A dword is a pixel's red and green, or green and blue, as words; green's weight for luma, which does not fit in one, is
//! parted between them.
#![allow(unsafe_code)]

#[allow(clippy::wildcard_imports)] // a kernel names its instructions
use std::arch::x86_64::*;

use super::colour::{BLUE, CENTRE_FROM_ABOVE, HALF, LUMA, Pixels, RED, STEP, Samples};

/// Red and green of four pixels, or green and blue, as words.
const fn words(channels: usize, first: usize) -> [i8; 16] {
    let mut places = [-1; 16];
    let mut pixel = 0;
    while pixel < 4 {
        places[pixel * 4] = (pixel * channels + first) as i8;
        places[pixel * 4 + 2] = (pixel * channels + first + 1) as i8;
        pixel += 1;
    }
    places
}

/// A colour's weights of red and green, of green and blue, and what is added.
#[derive(Clone, Copy)]
struct Weights {
    first: i32,
    second: i32,
    start: i32,
}

const fn pair(low: i32, high: i32) -> i32 {
    low & 0xFFFF | high << 16
}

const fn weights(of: [i32; 3], sign: i32, start: i32) -> Weights {
    let green = of[1] * sign;
    let half = if green > i16::MAX as i32 { green / 2 } else { 0 };
    Weights { first: pair(of[0] * sign, green - half), second: pair(half, of[2] * sign), start }
}

const TO_LUMA: Weights = weights(LUMA, 1, HALF);
const FROM_BLUE: Weights = weights(BLUE, -1, CENTRE_FROM_ABOVE);
const FROM_RED: Weights = weights(RED, -1, CENTRE_FROM_ABOVE);

/// Eight pixels: red and green, green and blue.
type Eight = (__m256i, __m256i);

/// # Safety
/// AVX2; four pixels, and 16 bytes from the fifth on.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn load<const CHANNELS: usize>(from: *const u8) -> Eight {
    let order = |first| {
        // SAFETY: sixteen bytes.
        _mm256_broadcastsi128_si256(unsafe { _mm_loadu_si128(words(CHANNELS, first).as_ptr().cast()) })
    };
    // SAFETY: as the caller vouches.
    let bytes = unsafe { _mm256_loadu2_m128i(from.add(4 * CHANNELS).cast(), from.cast()) };
    (_mm256_shuffle_epi8(bytes, order(0)), _mm256_shuffle_epi8(bytes, order(1)))
}

/// A colour of 32 pixels.
#[inline]
#[target_feature(enable = "avx2")]
fn weighted(pixels: [Eight; 4], weights: Weights) -> __m256i {
    let [a, b, c, d] = pixels.map(|(first, second)| {
        let sum = _mm256_add_epi32(
            _mm256_madd_epi16(first, _mm256_set1_epi32(weights.first)),
            _mm256_madd_epi16(second, _mm256_set1_epi32(weights.second)),
        );
        _mm256_srli_epi32::<16>(_mm256_add_epi32(sum, _mm256_set1_epi32(weights.start)))
    });
    let bytes = _mm256_packus_epi16(_mm256_packs_epi32(a, b), _mm256_packs_epi32(c, d));
    _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7))
}

/// Luma, and chroma taken from 255, of 32 pixels.
///
/// # Safety
/// AVX2; 28 pixels, and 16 bytes behind them.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn colours<const CHANNELS: usize>(from: *const u8) -> (__m256i, __m256i, __m256i) {
    // SAFETY: as the caller vouches.
    let pixels = unsafe {
        [
            load::<CHANNELS>(from),
            load::<CHANNELS>(from.add(8 * CHANNELS)),
            load::<CHANNELS>(from.add(16 * CHANNELS)),
            load::<CHANNELS>(from.add(24 * CHANNELS)),
        ]
    };
    (weighted(pixels, TO_LUMA), weighted(pixels, FROM_BLUE), weighted(pixels, FROM_RED))
}

/// Sixteen means as bytes.
#[inline]
#[target_feature(enable = "avx2")]
fn narrow(means: __m256i) -> __m128i {
    let bytes = _mm256_packus_epi16(means, means);
    _mm256_castsi256_si128(_mm256_permute4x64_epi64::<0b11_01_10_00>(bytes))
}

/// Asks for the pixels of a step, wherever they are: the CPU itself does not fetch ahead beyond the end of a page.
#[inline]
fn fetch<const CHANNELS: usize>(from: *const u8) {
    for line in 0..CHANNELS.div_ceil(2) {
        // SAFETY: reads nothing.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(from.wrapping_add(line * 64).cast()) }
    }
}

/// Sums of pairs.
#[inline]
#[target_feature(enable = "avx2")]
fn pairs(samples: __m256i) -> __m256i {
    _mm256_maddubs_epi16(samples, _mm256_set1_epi8(1))
}

/// [`super::colour::convert`] with its second argument as a number of halvings.
///
/// # Safety
/// AVX2; rows of `steps` steps and what a kernel reads behind them, and as many samples.
#[target_feature(enable = "avx2")]
pub(super) unsafe fn convert<const CHANNELS: usize, const HALVED: u8>(
    pixels: Pixels<'_>,
    steps: usize,
    samples: &mut Samples<'_>,
) {
    let [upper, lower] = pixels.rows.map(<[u8]>::as_ptr);
    let [luma, second_luma] = samples.luma.each_mut().map(|row| row.as_mut_ptr());
    let places = [samples.blue.as_mut_ptr(), samples.red.as_mut_ptr()];
    for x in (0..steps * STEP).step_by(32) {
        let at = x * CHANNELS;
        // SAFETY: in the rows and samples the caller vouches for; chroma's 32 or 16 lie within as many as luma's.
        unsafe {
            let (y, blue, red) = colours::<CHANNELS>(upper.add(at));
            fetch::<CHANNELS>(upper.wrapping_add(at + pixels.ahead));
            _mm256_storeu_si256(luma.add(x).cast(), y);
            if HALVED == 0 {
                let ones = _mm256_set1_epi8(-1);
                _mm256_storeu_si256(places[0].add(x).cast(), _mm256_xor_si256(blue, ones));
                _mm256_storeu_si256(places[1].add(x).cast(), _mm256_xor_si256(red, ones));
            } else if HALVED == 1 {
                let most = _mm256_set1_epi32(510 + (511 << 16));
                for (place, chroma) in places.iter().zip([blue, red]) {
                    let mean = _mm256_srli_epi16::<1>(_mm256_sub_epi16(most, pairs(chroma)));
                    _mm_storeu_si128(place.add(x / 2).cast(), narrow(mean));
                }
            } else {
                let (y, second_blue, second_red) = colours::<CHANNELS>(lower.add(at));
                fetch::<CHANNELS>(lower.wrapping_add(at + pixels.ahead));
                _mm256_storeu_si256(second_luma.add(x).cast(), y);
                let most = _mm256_set1_epi32(1021 + (1022 << 16));
                for (place, chroma) in places.iter().zip([[blue, second_blue], [red, second_red]]) {
                    let sum = _mm256_add_epi16(pairs(chroma[0]), pairs(chroma[1]));
                    let mean = _mm256_srli_epi16::<2>(_mm256_sub_epi16(most, sum));
                    _mm_storeu_si128(place.add(x / 2).cast(), narrow(mean));
                }
            }
        }
    }
}
