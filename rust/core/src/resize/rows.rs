//! Weighted sums of byte rows: each kernel is a plain function, which defines it, and a vector twin.
#![allow(unsafe_code)]

use super::weights::pixel;

/// `out[b]` = the sum over i of `weights[i] * source[i * stride + b]`, as a pixel.
///
/// `source` holds as many rows of `out`'s length as there are weights, `stride` bytes apart; a row it lacks
/// counts as zero.
pub(super) fn weigh(source: &[u8], stride: usize, weights: &[i32], out: &mut [u8]) {
    #[cfg(target_arch = "x86_64")]
    if std::is_x86_feature_detected!("avx2")
        && out.len() >= x86::STEP
        && !weights.is_empty()
        && source.len() >= (weights.len() - 1) * stride + out.len()
    {
        // SAFETY: the CPU has AVX2, and the lengths are as the kernel demands.
        return unsafe { x86::weigh(source, stride, weights, out) };
    }
    plain_weigh(source, stride, weights, out);
}

fn plain_weigh(source: &[u8], stride: usize, weights: &[i32], out: &mut [u8]) {
    for (at, value) in out.iter_mut().enumerate() {
        let taps = source.get(at..).unwrap_or_default().iter().step_by(stride.max(1));
        *value = pixel(taps.zip(weights).map(|(&tap, weight)| weight * i32::from(tap)).sum());
    }
}

/// The same for weights that are alike from both ends, of which `weights` are the first half: half the
/// multiplications. Row i begins at `starts[i]`.
pub(super) fn fold<const PAIRS: usize, const TAPS: usize>(
    source: &[u8],
    starts: [usize; TAPS],
    weights: [i32; PAIRS],
    out: &mut [u8],
) {
    const { assert!(TAPS == 2 * PAIRS) };
    #[cfg(target_arch = "x86_64")]
    if std::is_x86_feature_detected!("avx2")
        && out.len() >= x86::FOLD_STEP
        && starts.iter().all(|start| start + out.len() <= source.len())
        && weights.iter().map(|weight| weight.unsigned_abs().div_ceil(1 << 16)).sum::<u32>() <= x86::MAX_HIGH
    {
        // SAFETY: the CPU has AVX2; lengths and weights are as the kernel demands.
        return unsafe { x86::fold(source, starts, weights, out) };
    }
    plain_fold(source, starts, weights, out);
}

fn plain_fold<const PAIRS: usize, const TAPS: usize>(
    source: &[u8],
    starts: [usize; TAPS],
    weights: [i32; PAIRS],
    out: &mut [u8],
) {
    for (at, value) in out.iter_mut().enumerate() {
        let tap = |start: &usize| i32::from(source.get(start + at).copied().unwrap_or_default());
        let pairs = starts.iter().zip(starts.iter().rev()).zip(weights);
        *value = pixel(pairs.map(|((a, b), weight)| weight * (tap(a) + tap(b))).sum());
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    #[allow(clippy::wildcard_imports)] // kernels name dozens of instructions
    use std::arch::x86_64::*;

    use crate::resize::weights::{PRECISION, split};

    /// Bytes a step of `weigh` makes.
    pub(super) const STEP: usize = 16;

    /// Two weights, to be multiplied with two neighbouring words and added: the low and the high halves.
    #[target_feature(enable = "avx2")]
    fn pair(first: i32, second: i32) -> (__m256i, __m256i) {
        let (low, high) = split(first, second);
        (_mm256_set1_epi32(low), _mm256_set1_epi32(high))
    }

    /// The sums with the low and the high halves of the weights, as pixels in 32 bits.
    #[target_feature(enable = "avx2")]
    fn whole(low: __m256i, high: __m256i) -> __m256i {
        let half = _mm256_set1_epi32(1 << (PRECISION - 1));
        let sum = _mm256_add_epi32(_mm256_add_epi32(low, half), _mm256_slli_epi32::<16>(high));
        _mm256_srai_epi32::<{ PRECISION as i32 }>(sum)
    }

    /// Where each step of so many bytes begins; the last may overlap the one before it. `length` is at
    /// least one step.
    fn steps(length: usize, bytes: usize) -> impl Iterator<Item = usize> {
        (0..length.div_ceil(bytes)).map(move |step| (step * bytes).min(length - bytes))
    }

    /// # Safety
    /// AVX2; `out` has at least `STEP` bytes; `source` has that many from each multiple of `stride` on, for as
    /// many as there are weights.
    #[target_feature(enable = "avx2")]
    pub(super) unsafe fn weigh(source: &[u8], stride: usize, weights: &[i32], out: &mut [u8]) {
        for at in steps(out.len(), STEP) {
            let zero = _mm256_setzero_si256();
            let (mut low_l, mut low_h, mut high_l, mut high_h) = (zero, zero, zero, zero);
            for (i, two) in weights.chunks(2).enumerate() {
                let [first, second] = [0, 1].map(|j| two.get(j).copied().unwrap_or_default());
                let last = (2 * i + 1).min(weights.len() - 1);
                // SAFETY: `at + STEP` is at most `out.len()`, and no row of `source` is shorter. A second row
                // that is none is the first again, with a weight of zero.
                let (a, b) = unsafe {
                    let row = source.as_ptr().add(at);
                    (
                        _mm_loadu_si128(row.add(2 * i * stride).cast()),
                        _mm_loadu_si128(row.add(last * stride).cast()),
                    )
                };
                let l = _mm256_cvtepu8_epi16(_mm_unpacklo_epi8(a, b));
                let h = _mm256_cvtepu8_epi16(_mm_unpackhi_epi8(a, b));
                let (low, high) = pair(first, second);
                low_l = _mm256_add_epi32(low_l, _mm256_madd_epi16(l, low));
                low_h = _mm256_add_epi32(low_h, _mm256_madd_epi16(h, low));
                high_l = _mm256_add_epi32(high_l, _mm256_madd_epi16(l, high));
                high_h = _mm256_add_epi32(high_h, _mm256_madd_epi16(h, high));
            }
            // Packing goes by 128-bit lanes: quarters 0 2 1 3 of the words, then of the bytes.
            let words = _mm256_packs_epi32(whole(low_l, high_l), whole(low_h, high_h));
            let words = _mm256_permute4x64_epi64::<0b11_01_10_00>(words);
            let bytes = _mm256_permute4x64_epi64::<0b10_00>(_mm256_packus_epi16(words, words));
            // SAFETY: `at + STEP` is at most `out.len()`.
            unsafe { _mm_storeu_si128(out.as_mut_ptr().add(at).cast(), _mm256_castsi256_si128(bytes)) };
        }
    }

    /// Bytes a step of `fold` makes.
    pub(super) const FOLD_STEP: usize = 32;

    /// Sum of the weights' high halves that is safe: times two bytes it fits 16 bits.
    pub(super) const MAX_HIGH: u32 = 64;

    /// The high halves of these weights are so small that their products are added up in 16 bits.
    ///
    /// # Safety
    /// AVX2; `out` has at least `FOLD_STEP` bytes; `source` has as many as `out` from each of `starts` on; the
    /// weights' high halves add up to `MAX_HIGH` at most, whatever their signs.
    #[target_feature(enable = "avx2")]
    pub(super) unsafe fn fold<const PAIRS: usize, const TAPS: usize>(
        source: &[u8],
        starts: [usize; TAPS],
        weights: [i32; PAIRS],
        out: &mut [u8],
    ) {
        let (zero, ones) = (_mm256_setzero_si256(), _mm256_set1_epi8(1));
        let half = _mm256_set1_epi32(1 << (PRECISION - 1));
        let mut lows = [zero; PAIRS];
        let mut highs = [zero; PAIRS];
        for i in 0..PAIRS {
            lows[i] = pair(weights[i], weights.get(i + 1).copied().unwrap_or_default()).0;
            highs[i] = _mm256_set1_epi8((split(weights[i], 0).1 & 0xFFFF) as i8);
        }
        for at in steps(out.len(), FOLD_STEP) {
            let mut low = [half; 4];
            let mut high = [zero; 2];
            for i in (0..PAIRS).step_by(2) {
                // The bytes of both rows of a pair side by side, as lower and upper halves of each lane.
                let both = |i: usize| {
                    if i >= PAIRS {
                        return [zero; 2];
                    }
                    // SAFETY: `at + FOLD_STEP` is at most `out.len()`, and `source` has as much from each start on.
                    let load =
                        |start: usize| unsafe { _mm256_loadu_si256(source.as_ptr().add(start + at).cast()) };
                    let (a, b) = (load(starts[i]), load(starts[TAPS - 1 - i]));
                    [_mm256_unpacklo_epi8(a, b), _mm256_unpackhi_epi8(a, b)]
                };
                let (first, second) = (both(i), both(i + 1));
                for half in 0..2 {
                    high[half] = _mm256_add_epi16(high[half], _mm256_maddubs_epi16(first[half], highs[i]));
                    let mut sums = (_mm256_maddubs_epi16(first[half], ones), zero);
                    if i + 1 < PAIRS {
                        let product = _mm256_maddubs_epi16(second[half], highs[i + 1]);
                        high[half] = _mm256_add_epi16(high[half], product);
                        sums.1 = _mm256_maddubs_epi16(second[half], ones);
                    }
                    let (l, h) =
                        (_mm256_unpacklo_epi16(sums.0, sums.1), _mm256_unpackhi_epi16(sums.0, sums.1));
                    low[2 * half] = _mm256_add_epi32(low[2 * half], _mm256_madd_epi16(l, lows[i]));
                    low[2 * half + 1] = _mm256_add_epi32(low[2 * half + 1], _mm256_madd_epi16(h, lows[i]));
                }
            }
            let words = |half: usize| {
                let l = _mm256_add_epi32(low[2 * half], _mm256_unpacklo_epi16(zero, high[half]));
                let h = _mm256_add_epi32(low[2 * half + 1], _mm256_unpackhi_epi16(zero, high[half]));
                _mm256_packs_epi32(
                    _mm256_srai_epi32::<{ PRECISION as i32 }>(l),
                    _mm256_srai_epi32::<{ PRECISION as i32 }>(h),
                )
            };
            // Unpacking and packing keep to the same 128-bit lanes, so the bytes come out in order.
            let bytes = _mm256_packus_epi16(words(0), words(1));
            // SAFETY: as for the loads.
            unsafe { _mm256_storeu_si256(out.as_mut_ptr().add(at).cast(), bytes) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resize::tests::bytes;

    #[test]
    fn the_vector_sums_are_the_plain_ones() {
        let weights = [15_000, 50_001, -140_000, -290_007, 560_099, 4_194_304, -32_769, 32_768, -65_536, 1];
        for length in [0, 1, 15, 16, 17, 31, 32, 100, 1536] {
            for count in 0..=weights.len() {
                let stride = length + 3;
                let source = bytes(stride * weights.len(), count as u32);
                let (mut found, mut wanted) = (vec![1; length], vec![2; length]);
                weigh(&source, stride, &weights[..count], &mut found);
                plain_weigh(&source, stride, &weights[..count], &mut wanted);
                assert_eq!(found, wanted, "{length} {count}");
            }
        }
    }

    fn check<const PAIRS: usize, const TAPS: usize>(weights: [i32; PAIRS]) {
        for length in [0, 1, 15, 16, 17, 31, 32, 100, 1536] {
            let source = bytes(length * TAPS, 7);
            let mut starts = [0; TAPS];
            starts.iter_mut().enumerate().for_each(|(i, start)| *start = i * length);
            let (mut found, mut wanted) = (vec![1; length], vec![2; length]);
            fold(&source, starts, weights, &mut found);
            plain_fold(&source, starts, weights, &mut wanted);
            assert_eq!(found, wanted, "{weights:?} {length}");
            let all: Vec<i32> = weights.iter().chain(weights.iter().rev()).copied().collect();
            plain_weigh(&source, length, &all, &mut found);
            assert_eq!(found, wanted, "{weights:?} {length}");
        }
    }

    #[test]
    fn the_vector_fold_is_the_plain_one_and_a_weighted_sum() {
        check::<1, 2>([1 << 21]);
        check::<2, 4>([524_288, 1_572_864]);
        check::<4, 8>([-32_769, 32_768, -65_536, 2_163_713]);
        check::<6, 12>([15_000, 50_001, -140_000, -290_007, 560_099, 1_900_059]);
    }
}
