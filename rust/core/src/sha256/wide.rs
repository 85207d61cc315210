//! Sixteen messages at once in AVX-512, one a lane: for CPUs that have it and no SHA extension.

#![allow(unsafe_code)]

#[allow(clippy::wildcard_imports)] // as in the C headers: the names say themselves where they come from
use std::arch::x86_64::*;

use super::{BLOCK, K, State};

/// Messages worked on at once.
pub(super) const LANES: usize = 16;

/// Takes `blocks` blocks of each message into its state.
///
/// # Safety
/// `data` must point at `blocks` blocks each.
#[target_feature(enable = "avx512f,avx512bw")]
pub(super) unsafe fn compress(states: &mut [State; LANES], data: &[*const u8; LANES], blocks: usize) {
    let mut state = [_mm512_setzero_si512(); 8];
    for (i, row) in state.iter_mut().enumerate() {
        let words = states.map(|state| state[i]);
        // SAFETY: 64 bytes.
        *row = unsafe { _mm512_loadu_si512(words.as_ptr().cast()) };
    }
    for block in 0..blocks {
        // SAFETY: the caller vouches for the block.
        let mut w = unsafe { words(data, block * BLOCK) };
        let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = state;
        for t in (0..64).step_by(16) {
            macro_rules! rounds {
                ($($i:literal)*) => { $(
                    let k = _mm512_set1_epi32(K[t + $i] as i32);
                    let s1 = xor3(_mm512_ror_epi32::<6>(e), _mm512_ror_epi32::<11>(e), _mm512_ror_epi32::<25>(e));
                    let choice = _mm512_ternarylogic_epi32::<0xca>(e, f, g);
                    let t1 = add(add(add(h, s1), add(choice, k)), w[$i]);
                    let s0 = xor3(_mm512_ror_epi32::<2>(a), _mm512_ror_epi32::<13>(a), _mm512_ror_epi32::<22>(a));
                    let majority = _mm512_ternarylogic_epi32::<0xe8>(a, b, c);
                    (h, g, f, e) = (g, f, e, add(d, t1));
                    (d, c, b, a) = (c, b, a, add(t1, add(s0, majority)));
                    if t < 48 {
                        let (x, y) = (w[($i + 1) % 16], w[($i + 14) % 16]);
                        let s0 = xor3(_mm512_ror_epi32::<7>(x), _mm512_ror_epi32::<18>(x), _mm512_srli_epi32::<3>(x));
                        let s1 = xor3(_mm512_ror_epi32::<17>(y), _mm512_ror_epi32::<19>(y), _mm512_srli_epi32::<10>(y));
                        w[$i] = add(add(w[$i], w[($i + 9) % 16]), add(s0, s1));
                    }
                )* };
            }
            rounds!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
        }
        for (row, added) in state.iter_mut().zip([a, b, c, d, e, f, g, h]) {
            *row = add(*row, added);
        }
    }
    for (i, row) in state.into_iter().enumerate() {
        let mut words = [0_u32; LANES];
        // SAFETY: 64 bytes.
        unsafe { _mm512_storeu_si512(words.as_mut_ptr().cast(), row) };
        for (state, word) in states.iter_mut().zip(words) {
            state[i] = word;
        }
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn add(a: __m512i, b: __m512i) -> __m512i {
    _mm512_add_epi32(a, b)
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn xor3(a: __m512i, b: __m512i, c: __m512i) -> __m512i {
    _mm512_ternarylogic_epi32::<0x96>(a, b, c)
}

/// The sixteen words of each message's block at byte `at`: a row a word, a lane a message.
///
/// # Safety
/// `data` must point at `at + BLOCK` bytes each.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn words(data: &[*const u8; LANES], at: usize) -> [__m512i; 16] {
    let swap = _mm512_broadcast_i32x4(_mm_set_epi64x(0x0c0d_0e0f_0809_0a0b, 0x0405_0607_0001_0203));
    let mut rows = [_mm512_setzero_si512(); 16];
    for (row, data) in rows.iter_mut().zip(data) {
        // SAFETY: one block, which the caller vouches for.
        let bytes = unsafe { _mm512_loadu_si512(data.add(at).cast()) };
        *row = _mm512_shuffle_epi8(bytes, swap);
    }
    // Four by four words within each quarter, then quarters: word 4q + j of message 4r + i ends in row 4q + j, lane 4r + i.
    let mut quads = rows;
    for r in (0..16).step_by(4) {
        let (a, b) =
            (_mm512_unpacklo_epi32(rows[r], rows[r + 1]), _mm512_unpackhi_epi32(rows[r], rows[r + 1]));
        let (c, d) = (
            _mm512_unpacklo_epi32(rows[r + 2], rows[r + 3]),
            _mm512_unpackhi_epi32(rows[r + 2], rows[r + 3]),
        );
        quads[r] = _mm512_unpacklo_epi64(a, c);
        quads[r + 1] = _mm512_unpackhi_epi64(a, c);
        quads[r + 2] = _mm512_unpacklo_epi64(b, d);
        quads[r + 3] = _mm512_unpackhi_epi64(b, d);
    }
    let mut words = rows;
    for j in 0..4 {
        let (a, b) = (quads[j], quads[4 + j]);
        let (c, d) = (quads[8 + j], quads[12 + j]);
        let (ab_low, ab_high) = (_mm512_shuffle_i32x4::<0x44>(a, b), _mm512_shuffle_i32x4::<0xee>(a, b));
        let (cd_low, cd_high) = (_mm512_shuffle_i32x4::<0x44>(c, d), _mm512_shuffle_i32x4::<0xee>(c, d));
        words[j] = _mm512_shuffle_i32x4::<0x88>(ab_low, cd_low);
        words[4 + j] = _mm512_shuffle_i32x4::<0xdd>(ab_low, cd_low);
        words[8 + j] = _mm512_shuffle_i32x4::<0x88>(ab_high, cd_high);
        words[12 + j] = _mm512_shuffle_i32x4::<0xdd>(ab_high, cd_high);
    }
    words
}
