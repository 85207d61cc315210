//! Pillow's box at half the size: the mean of two pixels beside each other, then that of two rows, each rounded up at a half.

#![allow(unsafe_code)]

use super::deal::deal;
use crate::isa::Isa;

/// The means of neighbours in a row, with which `row` begins, to `out`, half as long; averaged once more with those of the row
/// `above`, if there is one. `dealt` is scratch: twice as long as `out`, and what `deal` may touch.
pub(super) fn halve(
    isa: Isa,
    row: &[u8],
    channels: usize,
    above: Option<&[u8]>,
    dealt: &mut [u8],
    out: &mut [u8],
) {
    let row = row.get(..2 * out.len()).unwrap_or_default();
    let above = above.map(|above| above.get(..out.len()).unwrap_or_default());
    #[cfg(target_arch = "x86_64")]
    if isa >= Isa::Avx512 && above.is_none_or(|above| above.len() == out.len()) {
        // SAFETY: the CPU has AVX-512 with VBMI, and `above` is as long as `out`.
        let done = unsafe {
            match channels {
                1 => x86::halve::<1>(row, above, out),
                3 => x86::halve::<3>(row, above, out),
                4 => x86::halve::<4>(row, above, out),
                _ => false,
            }
        };
        if done {
            return;
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = isa;
    let (even, odd) = dealt.split_at_mut(dealt.len() / 2);
    deal(row, channels, even, odd);
    for ((out, &a), &b) in out.iter_mut().zip(&*even).zip(&*odd) {
        *out = mean(a, b);
    }
    for (out, &above) in out.iter_mut().zip(above.unwrap_or_default()) {
        *out = mean(above, *out);
    }
}

/// Both weigh one half, and 0.5 is added before the fraction is dropped.
fn mean(a: u8, b: u8) -> u8 {
    (u16::from(a) + u16::from(b)).div_ceil(2) as u8
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    #[allow(clippy::wildcard_imports)] // a kernel names a dozen instructions
    use std::arch::x86_64::*;

    /// Where the even pixels of a step lie, and the odd ones, in the two vectors it is loaded as.
    struct Orders<const CHANNELS: usize>;

    impl<const CHANNELS: usize> Orders<CHANNELS> {
        /// Bytes a step makes: whole pixels.
        const MADE: usize = 64 / CHANNELS * CHANNELS;
        /// Where the second vector begins, so that it ends with the step.
        const SECOND: usize = 2 * Self::MADE - 64;

        const EVEN: [u8; 64] = Self::pixels(0);
        const ODD: [u8; 64] = Self::pixels(CHANNELS);

        const fn pixels(first: usize) -> [u8; 64] {
            let mut order = [0; 64];
            let mut i = 0;
            while i < Self::MADE {
                let byte = 2 * (i / CHANNELS) * CHANNELS + i % CHANNELS + first;
                order[i] = (if byte < 64 { byte } else { byte - Self::SECOND + 64 }) as u8;
                i += 1;
            }
            order
        }
    }

    /// False, and nothing done, if `out` is shorter than a step.
    ///
    /// # Safety
    /// AVX-512 with VBMI; `above` is as long as `out`.
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    pub(super) unsafe fn halve<const CHANNELS: usize>(
        row: &[u8],
        above: Option<&[u8]>,
        out: &mut [u8],
    ) -> bool {
        let made = Orders::<CHANNELS>::MADE;
        let Some(last) = out.len().checked_sub(made).filter(|_| row.len() == 2 * out.len()) else {
            return false;
        };
        let kept = u64::MAX >> (64 - made);
        // SAFETY: arrays of 64 bytes.
        let (even, odd) = unsafe {
            (
                _mm512_loadu_si512(Orders::<CHANNELS>::EVEN.as_ptr().cast()),
                _mm512_loadu_si512(Orders::<CHANNELS>::ODD.as_ptr().cast()),
            )
        };
        for step in 0..out.len().div_ceil(made) {
            // The last step makes some pixels once more.
            let at = (step * made).min(last);
            // SAFETY: a step makes `made` bytes from `at` on, at most `last`, of twice as many in `row`, with which the second
            // vector ends; the mask leaves no more of `above` and `out`.
            unsafe {
                let from = row.as_ptr().add(2 * at);
                let first = _mm512_loadu_si512(from.cast());
                let second = _mm512_loadu_si512(from.add(Orders::<CHANNELS>::SECOND).cast());
                let mut mean = _mm512_avg_epu8(
                    _mm512_permutex2var_epi8(first, even, second),
                    _mm512_permutex2var_epi8(first, odd, second),
                );
                if let Some(above) = above {
                    mean =
                        _mm512_avg_epu8(mean, _mm512_maskz_loadu_epi8(kept, above.as_ptr().add(at).cast()));
                }
                _mm512_mask_storeu_epi8(out.as_mut_ptr().add(at).cast(), kept, mean);
            }
        }
        true
    }
}
