//! One row made narrower or wider: a weighted sum of neighbouring pixels for each pixel.
#![allow(unsafe_code)]

use std::ops::Range;

use super::weights::{Windows, pixel, split};
use crate::isa::Isa;

/// Bytes behind a row that the vector kernel may read.
pub(super) const SLACK: usize = 64;

/// The windows of the columns, with their weights once more in the order vectors want them.
#[derive(Debug, Default)]
pub(super) struct Columns {
    windows: Windows,
    channels: usize,
    /// Weights two by two, low and high halves; each window padded with zeros to whole steps.
    pairs: Vec<(i32, i32)>,
    /// Where each window's pairs begin; one more than there are windows.
    ends: Vec<usize>,
}

impl Columns {
    pub(super) fn new(windows: Windows, channels: usize) -> Self {
        // A vector holds 16 grey pixels or four of several channels.
        let step = if channels == 1 { 16 } else { 4 };
        let (mut pairs, mut ends) = (Vec::new(), vec![0]);
        for target in 0..windows.len() {
            let (_, weights) = windows.get(target);
            let weight = |i: usize| weights.get(i).copied().unwrap_or_default();
            let padded = weights.len().next_multiple_of(step);
            pairs.extend((0..padded).step_by(2).map(|i| split(weight(i), weight(i + 1))));
            ends.push(pairs.len());
        }
        Self { windows, channels, pairs, ends }
    }

    /// The windows.
    pub(super) fn windows(&self) -> &Windows {
        &self.windows
    }

    /// Writes some pixels of the resized row to their places in `out`. `source` begins with the row; with
    /// `SLACK` bytes of no meaning behind it this is faster.
    pub(super) fn apply(&self, source: &[u8], targets: Range<usize>, out: &mut [u8]) {
        #[cfg(target_arch = "x86_64")]
        if Isa::current() >= Isa::Avx2
            && matches!(self.channels, 1 | 3 | 4)
            && source.len() >= self.windows.source() * self.channels + SLACK
        {
            // SAFETY: the CPU has AVX2; no window reaches beyond the row, and what a step reads
            // beyond a window is less than `SLACK`.
            return unsafe { x86::apply(self, source, targets, out) };
        }
        self.plain_apply(source, targets, out);
    }

    fn plain_apply(&self, source: &[u8], targets: Range<usize>, out: &mut [u8]) {
        match self.channels {
            1 => plain::<1>(&self.windows, source, targets, out),
            3 => plain::<3>(&self.windows, source, targets, out),
            _ => plain::<4>(&self.windows, source, targets, out),
        }
    }
}

fn plain<const CHANNELS: usize>(windows: &Windows, source: &[u8], targets: Range<usize>, out: &mut [u8]) {
    let places = out.as_chunks_mut::<CHANNELS>().0.get_mut(targets.clone()).unwrap_or_default();
    for (target, place) in targets.zip(places) {
        let (first, weights) = windows.get(target);
        let taps = source.get(first * CHANNELS..).unwrap_or_default().as_chunks::<CHANNELS>().0;
        let mut sums = [0; CHANNELS];
        for (tap, weight) in taps.iter().zip(weights) {
            for (sum, &value) in sums.iter_mut().zip(tap) {
                *sum += weight * i32::from(value);
            }
        }
        *place = sums.map(pixel);
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    #[allow(clippy::wildcard_imports)] // a kernel names two dozen instructions
    use std::arch::x86_64::*;
    use std::ops::Range;

    use super::Columns;
    use crate::resize::weights::PRECISION;

    /// The AVX2 twin of `plain_apply`, for 1, 3 and 4 channels.
    ///
    /// # Safety
    /// AVX2; `SLACK` bytes behind the row in `source`.
    #[target_feature(enable = "avx2")]
    pub(super) unsafe fn apply(columns: &Columns, source: &[u8], targets: Range<usize>, out: &mut [u8]) {
        // For several channels: words of one channel and two neighbouring pixels side by side, four
        // channels a lane, pixels 0 and 1 in the low lane, 2 and 3 in the high one.
        let spread = if columns.channels == 3 {
            _mm256_setr_epi8(
                0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1, //
                6, -1, 9, -1, 7, -1, 10, -1, 8, -1, 11, -1, -1, -1, -1, -1,
            )
        } else {
            _mm256_setr_epi8(
                0, -1, 4, -1, 1, -1, 5, -1, 2, -1, 6, -1, 3, -1, 7, -1, //
                8, -1, 12, -1, 9, -1, 13, -1, 10, -1, 14, -1, 11, -1, 15, -1,
            )
        };
        let low_of = _mm256_setr_epi32(0, 0, 0, 0, 2, 2, 2, 2);
        let high_of = _mm256_setr_epi32(1, 1, 1, 1, 3, 3, 3, 3);
        let grey = columns.channels == 1;
        let places = out.chunks_exact_mut(columns.channels).skip(targets.start);
        for (target, place) in targets.zip(places) {
            let (first, _) = columns.windows.get(target);
            let pairs = match columns.ends.get(target..target + 2) {
                Some(&[start, end]) => columns.pairs.get(start..end).unwrap_or_default(),
                _ => &[],
            };
            let (mut low, mut high) = (_mm256_setzero_si256(), _mm256_setzero_si256());
            let mut at = first * columns.channels;
            if grey {
                for eight in pairs.as_chunks::<8>().0 {
                    // SAFETY: sixteen pixels from a window's first on, of which `SLACK` holds those behind the
                    // row; and eight pairs of weights, which are 64 bytes.
                    let (taps, a, b): (_, __m256i, __m256i) = unsafe {
                        let weights: *const __m256i = eight.as_ptr().cast();
                        (
                            _mm_loadu_si128(source.as_ptr().add(at).cast()),
                            _mm256_loadu_si256(weights),
                            _mm256_loadu_si256(weights.add(1)),
                        )
                    };
                    // The pairs lie low, high, low, high, and sorted by the lanes of the words.
                    let (a, b) =
                        (_mm256_shuffle_epi32::<0b11_01_10_00>(a), _mm256_shuffle_epi32::<0b11_01_10_00>(b));
                    let (lows, highs) = (_mm256_unpacklo_epi64(a, b), _mm256_unpackhi_epi64(a, b));
                    let words = _mm256_permutevar8x32_epi32(
                        _mm256_cvtepu8_epi16(taps),
                        _mm256_setr_epi32(0, 1, 4, 5, 2, 3, 6, 7),
                    );
                    low = _mm256_add_epi32(low, _mm256_madd_epi16(words, lows));
                    high = _mm256_add_epi32(high, _mm256_madd_epi16(words, highs));
                    at += 16;
                }
            } else {
                for two in pairs.as_chunks::<2>().0 {
                    // SAFETY: as above, for four pixels and two pairs, which are 16 bytes.
                    let (taps, weights) = unsafe {
                        (
                            _mm_loadu_si128(source.as_ptr().add(at).cast()),
                            _mm_loadu_si128(two.as_ptr().cast()),
                        )
                    };
                    let words = _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(taps), spread);
                    let weights = _mm256_castsi128_si256(weights);
                    let lows = _mm256_permutevar8x32_epi32(weights, low_of);
                    let highs = _mm256_permutevar8x32_epi32(weights, high_of);
                    low = _mm256_add_epi32(low, _mm256_madd_epi16(words, lows));
                    high = _mm256_add_epi32(high, _mm256_madd_epi16(words, highs));
                    at += 4 * columns.channels;
                }
            }
            let lanes = |v| _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256::<1>(v));
            let mut sums = _mm_add_epi32(lanes(low), _mm_slli_epi32::<16>(lanes(high)));
            if grey {
                sums = _mm_add_epi32(sums, _mm_shuffle_epi32::<0b01_00_11_10>(sums));
                sums = _mm_add_epi32(sums, _mm_shuffle_epi32::<0b10_11_00_01>(sums));
            }
            let half = _mm_set1_epi32(1 << (PRECISION - 1));
            let values = _mm_srai_epi32::<{ PRECISION as i32 }>(_mm_add_epi32(sums, half));
            let words = _mm_packs_epi32(values, values);
            let bytes = _mm_cvtsi128_si32(_mm_packus_epi16(words, words)).to_le_bytes();
            for (value, byte) in place.iter_mut().zip(bytes) {
                *value = byte;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{image::Filter, resize::tests::bytes};

    #[test]
    fn the_vector_columns_are_the_plain_ones() {
        for channels in [1, 3, 4] {
            for (from, to) in [(1, 1), (1, 9), (2, 1), (50, 20), (20, 50), (300, 7), (97, 96), (1024, 512)] {
                for filter in [Filter::Box, Filter::Bilinear, Filter::Bicubic, Filter::Lanczos3] {
                    let columns = Columns::new(Windows::new(from, to, filter), channels);
                    let source = bytes(from * channels + SLACK, from as u32);
                    let (mut found, mut wanted) = (vec![1; to * channels], vec![2; to * channels]);
                    columns.apply(&source, 0..to, &mut found);
                    columns.plain_apply(&source, 0..to, &mut wanted);
                    assert_eq!(found, wanted, "{channels} {from} {to} {filter:?}");
                }
            }
        }
    }
}
