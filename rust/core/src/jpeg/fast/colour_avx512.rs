//! The AVX-512 twin of the plain conversion: 64 pixels a step.
//!
//! Even and odd pixels are words in registers of their own, in order; packing leaves eight even ones and
//! eight odd ones a lane, and the permutations that put red, green and blue side by side put that right too.
#![allow(unsafe_code)]

#[allow(clippy::wildcard_imports)] // a kernel names its instructions
use std::arch::x86_64::*;

use super::colour::{BLUE, GREEN, MARGIN, RED, Rows, STEP, Upsampling};

/// Even pixels' values and odd pixels' values, as words.
type Pair = (__m512i, __m512i);

/// Places in one register, or in the second of two from 64 on.
#[repr(align(64))]
struct Places([u8; 64]);

/// Writes the pixels from number `first` on to all of `out`.
///
/// # Safety
/// AVX-512 F, BW, VBMI and VNNI; `out` holds whole steps; luma holds as many bytes behind `first`, and chroma the
/// samples of as many pixels behind it, its two margins besides.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx512vnni")]
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
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx512vnni")]
unsafe fn run<const HOW: u8>(rows: &Rows<'_>, first: usize, out: &mut [u8]) {
    let [near_blue, near_red] = rows.near;
    let [far_blue, far_red] = rows.far;
    for (step, pixels) in out.as_chunks_mut::<{ STEP * 3 }>().0.iter_mut().enumerate() {
        let x = first + step * STEP;
        // SAFETY: the step's 64 bytes of luma; chroma samples of its pixels, one more before, and none
        // further than a margin from the row; the step's pixels.
        unsafe {
            let (blue, red) = if HOW == 0 {
                let at = MARGIN + x;
                (even_and_odd(load(near_blue, at)), even_and_odd(load(near_red, at)))
            } else {
                let at = MARGIN + x / 2 - 1;
                (
                    doubled::<HOW>(load(near_blue, at), load(far_blue, at)),
                    doubled::<HOW>(load(near_red, at), load(far_red, at)),
                )
            };
            put(even_and_odd(load(rows.luma, x)), blue, red, pixels);
        }
    }
}

/// # Safety
/// AVX-512 F; 64 bytes of `row` from `at` on.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx512vnni")]
unsafe fn load(row: &[u8], at: usize) -> __m512i {
    // SAFETY: as the caller vouches.
    unsafe { _mm512_loadu_si512(row.as_ptr().add(at).cast()) }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx512vnni")]
fn places(places: &Places) -> __m512i {
    // SAFETY: 64 aligned bytes.
    unsafe { _mm512_load_si512(places.0.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx512vnni")]
fn even_and_odd(bytes: __m512i) -> Pair {
    (_mm512_and_si512(bytes, _mm512_set1_epi16(0xFF)), _mm512_srli_epi16::<8>(bytes))
}

/// Samples from number `first` on, 32 of them, each of the first register beside that of the second.
const fn beside(first: u8) -> Places {
    let mut places = [0; 64];
    let mut i = 0;
    while i < 32 {
        places[2 * i] = first + i as u8;
        places[2 * i + 1] = 64 + first + i as u8;
        i += 1;
    }
    Places(places)
}

static LEFT: Places = beside(0);
static HERE: Places = beside(1);
static RIGHT: Places = beside(2);

/// A sample of each column: of one row, or of two by their nearness.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx512vnni")]
fn columns<const HOW: u8>(near: __m512i, far: __m512i, which: &Places) -> __m512i {
    if HOW == 1 {
        return _mm512_maskz_permutexvar_epi8(0x5555_5555_5555_5555, places(which), near);
    }
    let both = _mm512_permutex2var_epi8(near, places(which), far);
    _mm512_maddubs_epi16(both, _mm512_set1_epi16(0x0103))
}

/// Chroma of 64 pixels that have a sample for two; the registers begin with the sample before the first.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx512vnni")]
fn doubled<const HOW: u8>(near: __m512i, far: __m512i) -> Pair {
    let left = columns::<HOW>(near, far, &LEFT);
    let here = columns::<HOW>(near, far, &HERE);
    let right = columns::<HOW>(near, far, &RIGHT);
    let (even_round, odd_round) = if HOW == 1 { (1, 2) } else { (8, 7) };
    let here = _mm512_add_epi16(here, _mm512_add_epi16(here, here));
    let even = _mm512_add_epi16(_mm512_add_epi16(here, left), _mm512_set1_epi16(even_round));
    let odd = _mm512_add_epi16(_mm512_add_epi16(here, right), _mm512_set1_epi16(odd_round));
    if HOW == 1 {
        (_mm512_srli_epi16::<2>(even), _mm512_srli_epi16::<2>(odd))
    } else {
        (_mm512_srli_epi16::<4>(even), _mm512_srli_epi16::<4>(odd))
    }
}

/// Products with a number of 14 bits behind the point, rounded; `x` is doubled.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx512vnni")]
fn scaled(x: __m512i, by: i16) -> __m512i {
    _mm512_mulhrs_epi16(_mm512_add_epi16(x, x), _mm512_set1_epi16(by))
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx512vnni")]
fn green(pairs: __m512i) -> __m512i {
    let weights = _mm512_set1_epi32(GREEN);
    _mm512_srai_epi32::<16>(_mm512_dpwssd_epi32(_mm512_set1_epi32(0x8000), pairs, weights))
}

/// Red, green and blue of 32 pixels.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx512vnni")]
fn colours(luma: __m512i, blue: __m512i, red: __m512i) -> (__m512i, __m512i, __m512i) {
    let centre = _mm512_set1_epi16(128);
    let (cb, cr) = (_mm512_sub_epi16(blue, centre), _mm512_sub_epi16(red, centre));
    let low = green(_mm512_unpacklo_epi16(cb, cr));
    let high = green(_mm512_unpackhi_epi16(cb, cr));
    let green = _mm512_sub_epi16(_mm512_packs_epi32(low, high), cr);
    (
        _mm512_add_epi16(luma, scaled(cr, RED)),
        _mm512_add_epi16(luma, green),
        _mm512_add_epi16(luma, scaled(cb, BLUE)),
    )
}

/// For each byte of a third of 64 pixels where its value is: red's in the first register and green's in the
/// second, or blue's in its own; and which bytes are blue's.
const fn third(number: usize) -> (Places, Places, u64) {
    let (mut red_green, mut blue, mut mask) = ([0; 64], [0; 64], 0);
    let mut byte = 0;
    while byte < 64 {
        let (pixel, channel) = ((number * 64 + byte) / 3, (number * 64 + byte) % 3);
        let place = (pixel / 16 * 16 + pixel % 2 * 8 + pixel % 16 / 2) as u8;
        if channel == 2 {
            blue[byte] = place;
            mask |= 1 << byte;
        } else {
            red_green[byte] = channel as u8 * 64 + place;
        }
        byte += 1;
    }
    (Places(red_green), Places(blue), mask)
}

static THIRDS: [(Places, Places, u64); 3] = [third(0), third(1), third(2)];

/// Writes 64 pixels of these colours.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx512vnni")]
fn put(luma: Pair, blue: Pair, red: Pair, out: &mut [u8; STEP * 3]) {
    let even = colours(luma.0, blue.0, red.0);
    let odd = colours(luma.1, blue.1, red.1);
    let red = _mm512_packus_epi16(even.0, odd.0);
    let green = _mm512_packus_epi16(even.1, odd.1);
    let blue = _mm512_packus_epi16(even.2, odd.2);
    let (low, rest) = out.split_at_mut(64);
    let (middle, high) = rest.split_at_mut(64);
    put_third::<0>(red, green, blue, low);
    put_third::<1>(red, green, blue, middle);
    put_third::<2>(red, green, blue, high);
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx512vnni")]
fn put_third<const NUMBER: usize>(red: __m512i, green: __m512i, blue: __m512i, out: &mut [u8]) {
    let (from_two, from_blue, _) = &THIRDS[NUMBER];
    let bytes = _mm512_permutex2var_epi8(red, places(from_two), green);
    let bytes = _mm512_mask_permutexvar_epi8(bytes, const { third(NUMBER).2 }, places(from_blue), blue);
    debug_assert!(out.len() >= 64);
    let out = out.as_mut_ptr();
    // SAFETY: 64 bytes. They lie across lines of the cache, which sixteen at a time do not.
    unsafe {
        _mm_storeu_si128(out.cast(), _mm512_castsi512_si128(bytes));
        _mm_storeu_si128(out.add(16).cast(), _mm512_extracti32x4_epi32::<1>(bytes));
        _mm_storeu_si128(out.add(32).cast(), _mm512_extracti32x4_epi32::<2>(bytes));
        _mm_storeu_si128(out.add(48).cast(), _mm512_extracti32x4_epi32::<3>(bytes));
    }
}
