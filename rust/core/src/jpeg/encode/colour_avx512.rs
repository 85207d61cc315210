//! The AVX-512 twin of the plain conversion, 64 pixels at a time.
//!
//! A dword is a pixel: red, green, green, blue. Four bytes are multiplied by four signed ones and added up in one
//! instruction, twice, as a weight is two bytes; green is there twice because its weight for luma does not fit in them.
#![allow(unsafe_code)]

#[allow(clippy::wildcard_imports)] // a kernel names its instructions
use std::arch::x86_64::*;

use super::colour::{BLUE, CENTRE_FROM_ABOVE, HALF, LUMA, Pixels, RED, STEP, Samples};

#[repr(align(64))]
struct Bytes([i8; 64]);

/// Where the bytes of sixteen pixels are.
const fn pixels(channels: usize) -> Bytes {
    let mut places = Bytes([0; 64]);
    let mut i = 0;
    while i < 64 {
        places.0[i] = (i / 4 * channels + [0, 1, 1, 2][i % 4]) as i8;
        i += 1;
    }
    places
}

static RGB: Bytes = pixels(3);
static RGBX: Bytes = pixels(4);

/// The third byte of each dword of two registers, in the halves of one.
static LOW_THIRDS: Bytes = thirds(0);
static HIGH_THIRDS: Bytes = thirds(32);

const fn thirds(first: usize) -> Bytes {
    let mut places = Bytes([0; 64]);
    let mut i = 0;
    while i < 32 {
        places.0[first + i] = (i * 4 + 2) as i8;
        i += 1;
    }
    places
}

#[inline]
#[target_feature(enable = "avx512f")]
fn places(bytes: &Bytes) -> __m512i {
    // SAFETY: 64 aligned bytes.
    unsafe { _mm512_load_si512(bytes.0.as_ptr().cast()) }
}

/// A colour's weights: the high bytes and the low ones, which are signed, and what is added.
#[derive(Clone, Copy)]
struct Weights {
    high: i32,
    low: i32,
    start: i32,
}

const fn weights(of: [i32; 3], sign: i32, added: i32) -> Weights {
    let four = [of[0] * sign, of[1] * sign / 2, of[1] * sign - of[1] * sign / 2, of[2] * sign];
    let (mut high, mut low, mut i) = (0, 0, 0);
    while i < 4 {
        let of_256 = (four[i] + 128) >> 8;
        high |= (of_256 & 0xFF) << (8 * i);
        low |= ((four[i] - of_256 * 256) & 0xFF) << (8 * i);
        i += 1;
    }
    Weights { high, low, start: added >> 8 }
}

// Nothing of what is added may be lost.
const _: () = assert!(HALF % 256 == 0 && CENTRE_FROM_ABOVE % 256 == 0);

const TO_LUMA: Weights = weights(LUMA, 1, HALF);
const FROM_BLUE: Weights = weights(BLUE, -1, CENTRE_FROM_ABOVE);
const FROM_RED: Weights = weights(RED, -1, CENTRE_FROM_ABOVE);

/// A colour of 64 pixels.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx512vnni")]
fn weighted(pixels: [__m512i; 4], weights: Weights) -> __m512i {
    let sums = pixels.map(|pixels| {
        let high =
            _mm512_dpbusd_epi32(_mm512_set1_epi32(weights.start), pixels, _mm512_set1_epi32(weights.high));
        _mm512_dpbusd_epi32(_mm512_slli_epi32::<8>(high), pixels, _mm512_set1_epi32(weights.low))
    });
    let low = _mm512_permutex2var_epi8(sums[0], places(&LOW_THIRDS), sums[1]);
    let high = _mm512_permutex2var_epi8(sums[2], places(&HIGH_THIRDS), sums[3]);
    _mm512_mask_blend_epi64(0xF0, low, high)
}

/// Luma, and chroma taken from 255, of 64 pixels.
///
/// # Safety
/// AVX-512 F, BW, VBMI and VNNI; `reach` bytes.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx512vnni")]
unsafe fn colours<const CHANNELS: usize>(from: *const u8) -> (__m512i, __m512i, __m512i) {
    let order = places(if CHANNELS == 3 { &RGB } else { &RGBX });
    let pixels = [0, 1, 2, 3].map(|i| {
        // SAFETY: 64 bytes from the first of sixteen pixels on, of the bytes the caller vouches for.
        let bytes = unsafe { _mm512_loadu_si512(from.add(i * 16 * CHANNELS).cast()) };
        _mm512_permutexvar_epi8(order, bytes)
    });
    (weighted(pixels, TO_LUMA), weighted(pixels, FROM_BLUE), weighted(pixels, FROM_RED))
}

/// Asks for the pixels of a step, wherever they are: the CPU itself does not fetch ahead beyond the end of a page.
#[inline]
fn fetch<const CHANNELS: usize>(from: *const u8) {
    for line in 0..CHANNELS {
        // SAFETY: reads nothing.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(from.wrapping_add(line * 64).cast()) }
    }
}

/// Sums of pairs.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn pairs(samples: __m512i) -> __m512i {
    _mm512_maddubs_epi16(samples, _mm512_set1_epi8(1))
}

/// [`super::colour::convert`] with its second argument as a number of halvings.
///
/// # Safety
/// AVX-512 F, BW, VBMI and VNNI; rows of `steps` steps and what a kernel reads behind them, and as many samples.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx512vnni")]
pub(super) unsafe fn convert<const CHANNELS: usize, const HALVED: u8>(
    pixels: Pixels<'_>,
    steps: usize,
    samples: &mut Samples<'_>,
) {
    let [upper, lower] = pixels.rows.map(<[u8]>::as_ptr);
    let [luma, second_luma] = samples.luma.each_mut().map(|row| row.as_mut_ptr());
    let places = [samples.blue.as_mut_ptr(), samples.red.as_mut_ptr()];
    for step in 0..steps {
        let (x, at) = (step * STEP, step * STEP * CHANNELS);
        // SAFETY: in the rows and samples the caller vouches for; chroma's 64 or 32 lie within as many as luma's.
        unsafe {
            let (y, blue, red) = colours::<CHANNELS>(upper.add(at));
            fetch::<CHANNELS>(upper.wrapping_add(at + pixels.ahead));
            _mm512_storeu_si512(luma.add(x).cast(), y);
            if HALVED == 0 {
                let ones = _mm512_set1_epi8(-1);
                _mm512_storeu_si512(places[0].add(x).cast(), _mm512_xor_si512(blue, ones));
                _mm512_storeu_si512(places[1].add(x).cast(), _mm512_xor_si512(red, ones));
            } else if HALVED == 1 {
                let most = _mm512_set1_epi32(510 + (511 << 16));
                for (place, chroma) in places.iter().zip([blue, red]) {
                    let mean = _mm512_srli_epi16::<1>(_mm512_sub_epi16(most, pairs(chroma)));
                    _mm256_storeu_si256(place.add(x / 2).cast(), _mm512_cvtepi16_epi8(mean));
                }
            } else {
                let (y, second_blue, second_red) = colours::<CHANNELS>(lower.add(at));
                fetch::<CHANNELS>(lower.wrapping_add(at + pixels.ahead));
                _mm512_storeu_si512(second_luma.add(x).cast(), y);
                let most = _mm512_set1_epi32(1021 + (1022 << 16));
                for (place, chroma) in places.iter().zip([[blue, second_blue], [red, second_red]]) {
                    let sum = _mm512_add_epi16(pairs(chroma[0]), pairs(chroma[1]));
                    let mean = _mm512_srli_epi16::<2>(_mm512_sub_epi16(most, sum));
                    _mm256_storeu_si256(place.add(x / 2).cast(), _mm512_cvtepi16_epi8(mean));
                }
            }
        }
    }
}
