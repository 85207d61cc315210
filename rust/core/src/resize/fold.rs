//! The two vector kernels of halving, each with the plain function that defines it.
#![allow(unsafe_code)]

use super::weights::pixel;

/// `out[b]` = the sum over i of `weights[i] * (taps[i][b] + taps[last - i][b])`, as a pixel.
///
/// `TAPS` is twice `PAIRS`. Every tap is as long as `out`; what a tap lacks counts as zero.
pub(super) fn fold<const PAIRS: usize, const TAPS: usize>(
    weights: &[i32; PAIRS],
    taps: &[&[u8]; TAPS],
    out: &mut [u8],
) {
    const { assert!(TAPS == 2 * PAIRS) };
    #[cfg(target_arch = "x86_64")]
    if std::is_x86_feature_detected!("avx2")
        && out.len() >= x86::STEP
        && taps.iter().all(|tap| tap.len() >= out.len())
    {
        // SAFETY: the CPU has AVX2, and the lengths are as the kernel demands.
        return unsafe { x86::fold(weights, taps, out) };
    }
    plain_fold(weights, taps, out);
}

fn plain_fold<const PAIRS: usize, const TAPS: usize>(
    weights: &[i32; PAIRS],
    taps: &[&[u8]; TAPS],
    out: &mut [u8],
) {
    for (at, value) in out.iter_mut().enumerate() {
        let tap = |tap: &&[u8]| i32::from(tap.get(at).copied().unwrap_or_default());
        let pairs = taps.iter().zip(taps.iter().rev()).zip(weights);
        *value = pixel(pairs.map(|((a, b), weight)| weight * (tap(a) + tap(b))).sum());
    }
}

/// Deals a row's pixels out to `even` and `odd`. Both may be longer than half the row; what they hold
/// behind it is of no meaning.
pub(super) fn split(row: &[u8], channels: usize, even: &mut [u8], odd: &mut [u8]) {
    #[cfg(target_arch = "x86_64")]
    if channels == 3 && std::is_x86_feature_detected!("ssse3") {
        let done = row.len() / 24;
        if even.len() >= done * 12 + 4 && odd.len() >= done * 12 + 4 {
            // SAFETY: the CPU has SSSE3; `done` times 24 bytes can be read, and 12 bytes and 4 more written.
            unsafe { x86::split_rgb(row, even, odd, done) };
            let (row, even, odd) =
                (row.get(done * 24..), even.get_mut(done * 12..), odd.get_mut(done * 12..));
            plain_split(row.unwrap_or_default(), 3, even.unwrap_or_default(), odd.unwrap_or_default());
            return;
        }
    }
    match channels {
        // The lengths are constants here, which makes plain code fast.
        1 => plain_split(row, 1, even, odd),
        4 => plain_split(row, 4, even, odd),
        _ => plain_split(row, channels, even, odd),
    }
}

#[inline(always)]
fn plain_split(row: &[u8], channels: usize, even: &mut [u8], odd: &mut [u8]) {
    let places = even.chunks_exact_mut(channels).zip(odd.chunks_exact_mut(channels));
    for (pair, (even, odd)) in row.chunks_exact(2 * channels).zip(places) {
        let (left, right) = pair.split_at(channels);
        even.copy_from_slice(left);
        odd.copy_from_slice(right);
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use crate::resize::weights::PRECISION;

    /// Bytes a step of `fold` makes.
    pub(super) const STEP: usize = 16;

    /// The AVX2 twin of `plain_fold`. A weight of 22 bits is split into a signed low half of 16 bits and
    /// what is left; products with both are added separately and exactly, so the result is the same.
    ///
    /// # Safety
    /// AVX2; `out` and each of `taps` at least as long as it, and it at least `STEP`.
    #[target_feature(enable = "avx2")]
    pub(super) unsafe fn fold<const PAIRS: usize, const TAPS: usize>(
        weights: &[i32; PAIRS],
        taps: &[&[u8]; TAPS],
        out: &mut [u8],
    ) {
        let low = |i: usize| weights.get(i).map_or(0, |&weight| i32::from(weight as i16));
        let high = |i: usize| weights.get(i).map_or(0, |&weight| (weight - i32::from(weight as i16)) >> 16);
        // Two neighbouring pairs of taps are multiplied and added at once.
        let both = |part: &dyn Fn(usize) -> i32, i: usize| {
            _mm256_set1_epi32((part(i) & 0xFFFF) | (part(i + 1) << 16))
        };
        let mut lows = [_mm256_setzero_si256(); PAIRS];
        let mut highs = [_mm256_setzero_si256(); PAIRS];
        for i in (0..PAIRS).step_by(2) {
            lows[i] = both(&low, i);
            highs[i] = both(&high, i);
        }
        let half = _mm256_set1_epi32(1 << (PRECISION - 1));
        let mut at = 0;
        loop {
            let (mut low_l, mut low_h) = (half, half);
            let (mut high_l, mut high_h) = (_mm256_setzero_si256(), _mm256_setzero_si256());
            for i in (0..PAIRS).step_by(2) {
                let sum = |i: usize| {
                    if i >= PAIRS {
                        return _mm256_setzero_si256();
                    }
                    // SAFETY: `at + STEP` is at most `out.len()`, and no tap is shorter.
                    let load = |tap: &[u8]| unsafe {
                        _mm256_cvtepu8_epi16(_mm_loadu_si128(tap.as_ptr().add(at).cast()))
                    };
                    _mm256_add_epi16(load(taps[i]), load(taps[TAPS - 1 - i]))
                };
                let (a, b) = (sum(i), sum(i + 1));
                let (l, h) = (_mm256_unpacklo_epi16(a, b), _mm256_unpackhi_epi16(a, b));
                low_l = _mm256_add_epi32(low_l, _mm256_madd_epi16(l, lows[i]));
                low_h = _mm256_add_epi32(low_h, _mm256_madd_epi16(h, lows[i]));
                high_l = _mm256_add_epi32(high_l, _mm256_madd_epi16(l, highs[i]));
                high_h = _mm256_add_epi32(high_h, _mm256_madd_epi16(h, highs[i]));
            }
            let whole = |low, high| {
                _mm256_srai_epi32::<{ PRECISION as i32 }>(_mm256_add_epi32(
                    low,
                    _mm256_slli_epi32::<16>(high),
                ))
            };
            // Unpacking and packing keep to the same 128-bit lanes, so the order comes out right.
            let words = _mm256_packs_epi32(whole(low_l, high_l), whole(low_h, high_h));
            let bytes = _mm256_permute4x64_epi64::<0b10_00>(_mm256_packus_epi16(words, words));
            // SAFETY: as for the loads.
            unsafe { _mm_storeu_si128(out.as_mut_ptr().add(at).cast(), _mm256_castsi256_si128(bytes)) };
            if at + STEP == out.len() {
                return;
            }
            // The last step overlaps the one before it.
            at = (at + STEP).min(out.len() - STEP);
        }
    }

    /// The SSSE3 twin of `plain_split` for three channels: `steps` times eight pixels.
    ///
    /// # Safety
    /// SSSE3; 24 bytes a step in `row`, 12 a step and 4 more in `even` and `odd`.
    #[target_feature(enable = "ssse3")]
    pub(super) unsafe fn split_rgb(row: &[u8], even: &mut [u8], odd: &mut [u8], steps: usize) {
        let even_left = _mm_setr_epi8(0, 1, 2, 6, 7, 8, 12, 13, 14, -1, -1, -1, -1, -1, -1, -1);
        let even_right = _mm_setr_epi8(-1, -1, -1, -1, -1, -1, -1, -1, -1, 10, 11, 12, -1, -1, -1, -1);
        let odd_left = _mm_setr_epi8(3, 4, 5, 9, 10, 11, 15, -1, -1, -1, -1, -1, -1, -1, -1, -1);
        let odd_right = _mm_setr_epi8(-1, -1, -1, -1, -1, -1, -1, 8, 9, 13, 14, 15, -1, -1, -1, -1);
        for step in 0..steps {
            // SAFETY: the caller vouches for 24 bytes a step to read and for 16 from 12 a step on to write.
            unsafe {
                let left = _mm_loadu_si128(row.as_ptr().add(step * 24).cast());
                let right = _mm_loadu_si128(row.as_ptr().add(step * 24 + 8).cast());
                let evens =
                    _mm_or_si128(_mm_shuffle_epi8(left, even_left), _mm_shuffle_epi8(right, even_right));
                let odds = _mm_or_si128(_mm_shuffle_epi8(left, odd_left), _mm_shuffle_epi8(right, odd_right));
                _mm_storeu_si128(even.as_mut_ptr().add(step * 12).cast(), evens);
                _mm_storeu_si128(odd.as_mut_ptr().add(step * 12).cast(), odds);
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn bytes(count: usize, seed: u32) -> Vec<u8> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state >> 16
        };
        // Half of them extreme, where overshoot is largest.
        (0..count).map(|_| if next() % 2 == 0 { next() as u8 } else { (next() % 2 * 255) as u8 }).collect()
    }

    fn check<const PAIRS: usize, const TAPS: usize>(weights: [i32; PAIRS]) {
        for length in [0, 1, 15, 16, 17, 31, 32, 100, 1536] {
            let rows: Vec<_> = (0..TAPS as u32).map(|seed| bytes(length, seed)).collect();
            let taps: [&[u8]; TAPS] = rows.iter().map(Vec::as_slice).collect::<Vec<_>>().try_into().unwrap();
            let (mut found, mut wanted) = (vec![1; length], vec![2; length]);
            fold(&weights, &taps, &mut found);
            plain_fold(&weights, &taps, &mut wanted);
            assert_eq!(found, wanted, "{weights:?} {length}");
        }
    }

    #[test]
    fn the_vector_fold_is_the_plain_one() {
        check::<1, 2>([1 << 21]);
        check::<2, 4>([524_288, 1_572_864]);
        check::<4, 8>([-32_769, 32_768, -65_536, 2_163_713]);
        check::<6, 12>([15_000, 50_001, -140_000, -290_007, 560_099, 1_900_059]);
    }

    #[test]
    fn the_vector_split_is_the_plain_one() {
        for channels in [1, 3, 4] {
            for pixels in [0, 2, 6, 8, 10, 16, 62, 1024] {
                let row = bytes(pixels * channels, 5);
                let half = pixels / 2 * channels;
                let (mut even, mut odd) = (vec![0; half + 16], vec![0; half + 16]);
                split(&row, channels, &mut even, &mut odd);
                let pixel = |i: usize| &row[i * channels..(i + 1) * channels];
                for i in 0..pixels / 2 {
                    assert_eq!(&even[i * channels..(i + 1) * channels], pixel(2 * i));
                    assert_eq!(&odd[i * channels..(i + 1) * channels], pixel(2 * i + 1));
                }
            }
        }
    }
}
