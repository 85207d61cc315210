//! The SHA extension of x86: one message, or two at once.
//!
//! A round instruction takes four cycles and the next needs its result, so one message leaves the unit idle
//! half the time; a second fills it.

#![allow(unsafe_code)]

#[allow(clippy::wildcard_imports)] // as in the C headers: the names say themselves where they come from
use std::arch::x86_64::*;

use super::{BLOCK, K, State};

/// Takes `blocks` blocks of each of `N` messages into its state.
///
/// # Safety
/// `data` must point at `blocks` blocks each.
#[target_feature(enable = "sha,sse4.1,ssse3")]
pub(super) unsafe fn compress<const N: usize>(states: [&mut State; N], data: [*const u8; N], blocks: usize) {
    let swap = _mm_set_epi64x(0x0c0d_0e0f_0809_0a0b, 0x0405_0607_0001_0203);
    let mut abef = [_mm_setzero_si128(); N];
    let mut cdgh = abef;
    for n in 0..N {
        let [a, b, c, d, e, f, g, h] = states[n].map(|word| word as i32);
        abef[n] = _mm_set_epi32(a, b, e, f);
        cdgh[n] = _mm_set_epi32(c, d, g, h);
    }
    for block in 0..blocks {
        let (abef_before, cdgh_before) = (abef, cdgh);
        let mut w = [[_mm_setzero_si128(); 4]; N];
        for (w, data) in w.iter_mut().zip(data) {
            for (i, w) in w.iter_mut().enumerate() {
                // SAFETY: 16 bytes within a block that the caller vouches for.
                let bytes = unsafe { _mm_loadu_si128(data.add(block * BLOCK + 16 * i).cast()) };
                *w = _mm_shuffle_epi8(bytes, swap);
            }
        }
        // `$i` is a row of four rounds, and of four words, which lie in `w[$i % 4]`.
        macro_rules! rounds {
            ($($i:literal)*) => { $(
                // SAFETY: `$i` is below 16, and K has 16 rows of 16 bytes.
                let k = unsafe { _mm_loadu_si128(K.as_ptr().add(4 * $i).cast()) };
                for n in 0..N {
                    let sum = _mm_add_epi32(w[n][$i % 4], k);
                    cdgh[n] = _mm_sha256rnds2_epu32(cdgh[n], abef[n], sum);
                    abef[n] = _mm_sha256rnds2_epu32(abef[n], cdgh[n], _mm_shuffle_epi32::<0x0e>(sum));
                    if $i < 12 {
                        // The row 16 words on takes this one's place.
                        let (w0, w1, w2, w3) =
                            (w[n][$i % 4], w[n][($i + 1) % 4], w[n][($i + 2) % 4], w[n][($i + 3) % 4]);
                        let early = _mm_add_epi32(_mm_sha256msg1_epu32(w0, w1), _mm_alignr_epi8::<4>(w3, w2));
                        w[n][$i % 4] = _mm_sha256msg2_epu32(early, w3);
                    }
                }
            )* };
        }
        rounds!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
        for n in 0..N {
            abef[n] = _mm_add_epi32(abef[n], abef_before[n]);
            cdgh[n] = _mm_add_epi32(cdgh[n], cdgh_before[n]);
        }
    }
    for (n, state) in states.into_iter().enumerate() {
        let (mut x, mut y) = ([0_u32; 4], [0_u32; 4]);
        // SAFETY: both are 16 bytes.
        unsafe {
            _mm_storeu_si128(x.as_mut_ptr().cast(), abef[n]);
            _mm_storeu_si128(y.as_mut_ptr().cast(), cdgh[n]);
        }
        let ([f, e, b, a], [h, g, d, c]) = (x, y);
        *state = [a, b, c, d, e, f, g, h];
    }
}
