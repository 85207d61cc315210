//! Weighted sums of byte rows: each kernel is a plain function, which defines it, and a vector twin.
#![allow(unsafe_code)]

use super::weights::pixel;
use crate::isa::Isa;

/// `out[b]` = the sum over i of `weights[i] * source[i * stride + b]`, as a pixel.
///
/// `source` holds as many rows of `out`'s length as there are weights, `stride` bytes apart; a row it lacks
/// counts as zero.
pub(super) fn weigh(source: &[u8], stride: usize, weights: &[i32], out: &mut [u8]) {
    #[cfg(target_arch = "x86_64")]
    if Isa::current() >= Isa::Avx2
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

/// Most rows `fold` takes: the window of a Lanczos halving.
pub(super) const MOST_ROWS: usize = 12;

/// The same for an even number of weights that are alike from both ends, up to `MOST_ROWS`: half the
/// multiplications. Row i begins at `start(i)`. False, and nothing done, if the weights are not so.
pub(super) fn fold(source: &[u8], start: impl Fn(usize) -> usize, weights: &[i32], out: &mut [u8]) -> bool {
    let (pairs, odd) = (weights.len() / 2, weights.len() % 2);
    let alike = weights.iter().eq(weights.iter().rev());
    if !alike || odd == 1 || weights.is_empty() || weights.len() > MOST_ROWS {
        return false;
    }
    let mut starts = [0; MOST_ROWS];
    starts.iter_mut().zip(0..weights.len()).for_each(|(place, i)| *place = start(i));
    let (starts, weights) =
        (starts.get(..weights.len()).unwrap_or_default(), weights.get(..pairs).unwrap_or_default());
    #[cfg(target_arch = "x86_64")]
    if Isa::current() >= Isa::Avx2
        && out.len() >= x86::FOLD_STEP
        && starts.iter().all(|start| start + out.len() <= source.len())
        && weights.iter().map(|weight| weight.unsigned_abs().div_ceil(1 << 16)).sum::<u32>() <= x86::MAX_HIGH
    {
        // SAFETY: the CPU has AVX2; lengths and weights are as the kernel demands.
        unsafe { x86::fold(source, starts, weights, out) };
        return true;
    }
    plain_fold(source, starts, weights, out);
    true
}

fn plain_fold(source: &[u8], starts: &[usize], weights: &[i32], out: &mut [u8]) {
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

    use super::MOST_ROWS;
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

    /// Two pairs of rows, and their weights ready to multiply with.
    #[derive(Clone, Copy)]
    struct Quad {
        rows: [*const u8; 4],
        low: __m256i,
        highs: [__m256i; 2],
    }

    /// The high halves of these weights are so small that their products are added up in 16 bits.
    ///
    /// # Safety
    /// AVX2; `out` has at least `FOLD_STEP` bytes; `source` has as many as `out` from each of `starts` on, which
    /// are `MOST_ROWS` at most; the weights' high halves add up to `MAX_HIGH` at most, whatever their signs.
    #[target_feature(enable = "avx2")]
    pub(super) unsafe fn fold(source: &[u8], starts: &[usize], weights: &[i32], out: &mut [u8]) {
        let (zero, ones) = (_mm256_setzero_si256(), _mm256_set1_epi8(1));
        let half = _mm256_set1_epi32(1 << (PRECISION - 1));
        let none = Quad { rows: [source.as_ptr(); 4], low: zero, highs: [zero; 2] };
        let mut quads = [none; MOST_ROWS.div_ceil(4)];
        let count = weights.len().div_ceil(2);
        for (i, quad) in quads.iter_mut().enumerate().take(count) {
            let weight = |j: usize| weights.get(j).copied().unwrap_or_default();
            // SAFETY: each start lies in `source`; a pair that is none is the first once more, weighed zero.
            let row =
                |start: Option<&usize>| unsafe { source.as_ptr().add(start.copied().unwrap_or_default()) };
            let last = starts.len() - 1 - 2 * i;
            let second = if 2 * i + 1 < weights.len() { [2 * i + 1, last - 1] } else { [2 * i, last] };
            quad.rows = [2 * i, last, second[0], second[1]].map(|j| row(starts.get(j)));
            quad.low = pair(weight(2 * i), weight(2 * i + 1)).0;
            quad.highs = [0, 1].map(|j| _mm256_set1_epi8(split(weight(2 * i + j), 0).1 as i8));
        }
        for at in steps(out.len(), FOLD_STEP) {
            let mut low = [half; 4];
            let mut high = [zero; 2];
            // A loop over a slice on purpose: unrolled, it needs more registers than there are.
            for quad in quads.iter().take(count) {
                // SAFETY: `at + FOLD_STEP` is at most `out.len()`, and each row is as long.
                let [a, b, c, d] = quad.rows.map(|row| unsafe { _mm256_loadu_si256(row.add(at).cast()) });
                let first = [_mm256_unpacklo_epi8(a, b), _mm256_unpackhi_epi8(a, b)];
                let second = [_mm256_unpacklo_epi8(c, d), _mm256_unpackhi_epi8(c, d)];
                for half in 0..2 {
                    let products = _mm256_add_epi16(
                        _mm256_maddubs_epi16(first[half], quad.highs[0]),
                        _mm256_maddubs_epi16(second[half], quad.highs[1]),
                    );
                    high[half] = _mm256_add_epi16(high[half], products);
                    let (s, t) =
                        (_mm256_maddubs_epi16(first[half], ones), _mm256_maddubs_epi16(second[half], ones));
                    let (l, h) = (_mm256_unpacklo_epi16(s, t), _mm256_unpackhi_epi16(s, t));
                    low[2 * half] = _mm256_add_epi32(low[2 * half], _mm256_madd_epi16(l, quad.low));
                    low[2 * half + 1] = _mm256_add_epi32(low[2 * half + 1], _mm256_madd_epi16(h, quad.low));
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
            // SAFETY: `at + FOLD_STEP` is at most `out.len()`.
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

    #[test]
    fn the_vector_fold_is_the_plain_one_and_a_weighted_sum() {
        for half in [
            &[1 << 21][..],
            &[524_288, 1_572_864],
            &[-32_769, 32_768, -65_536, 2_163_713],
            &[-300_000, 1, 65_535, 65_536, 1_900_059],
            &[15_000, 50_001, -140_000, -290_007, 560_099, 1_900_059],
            // Too large for the vector kernel's short cut.
            &[4_194_304],
        ] {
            let weights: Vec<i32> = half.iter().chain(half.iter().rev()).copied().collect();
            for length in [0, 1, 31, 32, 33, 63, 64, 100, 1536] {
                let source = bytes(length * weights.len(), 7);
                let (mut found, mut wanted) = (vec![1; length], vec![2; length]);
                assert!(fold(&source, |i| i * length, &weights, &mut found));
                plain_weigh(&source, length, &weights, &mut wanted);
                assert_eq!(found, wanted, "{weights:?} {length}");
                let starts: Vec<usize> = (0..weights.len()).map(|i| i * length).collect();
                plain_fold(&source, &starts, half, &mut found);
                assert_eq!(found, wanted, "{weights:?} {length}");
            }
        }
        for weights in [&[][..], &[1, 2], &[1, 2, 1], &[0; 14]] {
            assert!(!fold(&[0; 99], |_| 0, weights, &mut [0; 3]));
        }
    }
}
