//! A row's pixels dealt out to two: the even ones and the odd ones.
#![allow(unsafe_code)]

use crate::isa::Isa;

/// Deals a row's pixels out to `even` and `odd`. Both may be longer than half the row; what they hold
/// behind it is of no meaning.
pub(super) fn deal(row: &[u8], channels: usize, even: &mut [u8], odd: &mut [u8]) {
    #[cfg_attr(not(target_arch = "x86_64"), allow(unused_mut))]
    let mut done = 0;
    #[cfg(target_arch = "x86_64")]
    if Isa::current() >= Isa::Avx2 {
        let bytes = x86::step(channels);
        let steps = row.len().checked_div(bytes).unwrap_or_default();
        done = steps * bytes;
        if even.len().min(odd.len()) < done / 2 + x86::BEHIND {
            done = 0;
        } else {
            // SAFETY: the CPU has AVX2, and the lengths are as the kernels demand.
            unsafe { x86::deal(row, channels, even, odd, steps) };
        }
    }
    let (row, even, odd) = (row.get(done..), even.get_mut(done / 2..), odd.get_mut(done / 2..));
    let (row, even, odd) = (row.unwrap_or_default(), even.unwrap_or_default(), odd.unwrap_or_default());
    match channels {
        // The lengths are constants here, which makes plain code fast.
        1 => plain_deal(row, 1, even, odd),
        3 => plain_deal(row, 3, even, odd),
        _ => plain_deal(row, 4, even, odd),
    }
}

#[inline]
fn plain_deal(row: &[u8], channels: usize, even: &mut [u8], odd: &mut [u8]) {
    let places = even.chunks_exact_mut(channels).zip(odd.chunks_exact_mut(channels));
    for (pair, (even, odd)) in row.chunks_exact(2 * channels).zip(places) {
        let (left, right) = pair.split_at(channels);
        even.copy_from_slice(left);
        odd.copy_from_slice(right);
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    #[allow(clippy::wildcard_imports)] // a kernel names a dozen instructions
    use std::arch::x86_64::*;

    /// Bytes behind the last pixels of `even` and `odd` that a kernel may overwrite.
    pub(super) const BEHIND: usize = 4;

    /// Bytes of a row that a step deals out.
    pub(super) fn step(channels: usize) -> usize {
        match channels {
            1 | 4 => 32,
            3 => 48,
            _ => 0,
        }
    }

    /// The AVX2 twin of `plain_deal` for 1, 3 and 4 channels.
    ///
    /// # Safety
    /// AVX2; `steps` times `step` bytes in `row`, half as many and `BEHIND` more in `even` and `odd`.
    #[target_feature(enable = "avx2")]
    pub(super) unsafe fn deal(row: &[u8], channels: usize, even: &mut [u8], odd: &mut [u8], steps: usize) {
        // SAFETY: as the caller vouches.
        unsafe {
            match channels {
                1 => {
                    let order = _mm_setr_epi8(0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15);
                    deal_whole(row, order, even, odd, steps);
                }
                3 => deal_rgb(row, even, odd, steps),
                _ => {
                    let order = _mm_setr_epi8(0, 1, 2, 3, 8, 9, 10, 11, 4, 5, 6, 7, 12, 13, 14, 15);
                    deal_whole(row, order, even, odd, steps);
                }
            }
        }
    }

    /// For pixels of which a lane holds a whole number of pairs; `order` puts its even ones first.
    ///
    /// # Safety
    /// As `deal`.
    #[target_feature(enable = "avx2")]
    unsafe fn deal_whole(row: &[u8], order: __m128i, even: &mut [u8], odd: &mut [u8], steps: usize) {
        let order = _mm256_broadcastsi128_si256(order);
        for step in 0..steps {
            // SAFETY: 32 bytes a step to read, 16 a step to write.
            unsafe {
                let bytes = _mm256_loadu_si256(row.as_ptr().add(step * 32).cast());
                let halves = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_shuffle_epi8(bytes, order));
                _mm_storeu_si128(even.as_mut_ptr().add(step * 16).cast(), _mm256_castsi256_si128(halves));
                let odds = _mm256_extracti128_si256::<1>(halves);
                _mm_storeu_si128(odd.as_mut_ptr().add(step * 16).cast(), odds);
            }
        }
    }

    /// For three channels: sixteen pixels a step.
    ///
    /// # Safety
    /// As `deal`.
    #[target_feature(enable = "avx2")]
    unsafe fn deal_rgb(row: &[u8], even: &mut [u8], odd: &mut [u8], steps: usize) {
        // Eight pixels a lane: bytes 0 to 15 of their 24, and bytes 8 to 23.
        let lanes = |order| _mm256_broadcastsi128_si256(order);
        let even_left = lanes(_mm_setr_epi8(0, 1, 2, 6, 7, 8, 12, 13, 14, -1, -1, -1, -1, -1, -1, -1));
        let even_right = lanes(_mm_setr_epi8(-1, -1, -1, -1, -1, -1, -1, -1, -1, 10, 11, 12, -1, -1, -1, -1));
        let odd_left = lanes(_mm_setr_epi8(3, 4, 5, 9, 10, 11, 15, -1, -1, -1, -1, -1, -1, -1, -1, -1));
        let odd_right = lanes(_mm_setr_epi8(-1, -1, -1, -1, -1, -1, -1, 8, 9, 13, 14, 15, -1, -1, -1, -1));
        for step in 0..steps {
            // SAFETY: the caller vouches for 48 bytes a step to read, and for 16 to write from 12 bytes before
            // the end of each step's 24 on.
            unsafe {
                let load = |at: usize| {
                    let bytes = row.as_ptr().add(step * 48 + at);
                    _mm256_loadu2_m128i(bytes.add(24).cast(), bytes.cast())
                };
                let (left, right) = (load(0), load(8));
                let pick =
                    |l, r| _mm256_or_si256(_mm256_shuffle_epi8(left, l), _mm256_shuffle_epi8(right, r));
                for (out, picked) in
                    [(&mut *even, pick(even_left, even_right)), (&mut *odd, pick(odd_left, odd_right))]
                {
                    // The upper lane's store comes second: it overwrites the first one's four empty bytes.
                    let out = out.as_mut_ptr().add(step * 24);
                    _mm_storeu_si128(out.cast(), _mm256_castsi256_si128(picked));
                    _mm_storeu_si128(out.add(12).cast(), _mm256_extracti128_si256::<1>(picked));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resize::tests::bytes;

    #[test]
    fn pixels_are_dealt_one_by_one() {
        for channels in [1, 3, 4] {
            for pixels in [0, 2, 6, 8, 10, 16, 62, 1024] {
                let row = bytes(pixels * channels, 5);
                let half = pixels / 2 * channels;
                let (mut even, mut odd) = (vec![0; half + 16], vec![0; half + 16]);
                deal(&row, channels, &mut even, &mut odd);
                let pixel = |i: usize| &row[i * channels..(i + 1) * channels];
                for i in 0..pixels / 2 {
                    assert_eq!(&even[i * channels..(i + 1) * channels], pixel(2 * i));
                    assert_eq!(&odd[i * channels..(i + 1) * channels], pixel(2 * i + 1));
                }
            }
        }
    }
}
