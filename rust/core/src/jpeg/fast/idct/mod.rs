//! Coefficients to samples: libjpeg-turbo's inverse transforms, for blocks of 8, 4, 2 samples a side and 1.
//!
//! `plain` defines what the vector kernels compute; those of the corner are for the many blocks of which only low frequencies
//! are there.

#![allow(unsafe_code)]
#![allow(clippy::inline_always)] // the reader's loop is compiled for a level, and what it calls should be too

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx2_corner;
#[cfg(target_arch = "x86_64")]
mod avx2_reduced;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod avx512_corner;
mod plain;
#[cfg(target_arch = "x86_64")]
mod rows;

pub(super) use plain::level;
use plain::plain;

use crate::isa::Isa;

/// How many coefficients, in zigzag order, lie in the corner of 4x4 without a gap.
pub(super) const CORNER: usize = 10;

/// Whether at that level coefficients and tables are in zigzag order, not row by row.
pub(super) fn takes_zigzag(isa: Isa) -> bool {
    isa >= Isa::Avx512
}

/// Gives a block of `side` samples a side one value.
#[inline(always)]
pub(super) fn fill(isa: Isa, value: u8, side: usize, out: &mut [u8], stride: usize) {
    #[cfg(target_arch = "x86_64")]
    if isa >= Isa::Avx2 && matches!(side, 8 | 4) && out.len() >= (side - 1) * stride + side {
        // SAFETY: `out` holds the rows.
        unsafe {
            if side == 8 {
                rows::level::<8>(value, out, stride);
            } else {
                rows::level::<4>(value, out, stride);
            }
        }
        return;
    }
    let _ = isa;
    for y in 0..side {
        out.get_mut(y * stride..y * stride + side).unwrap_or_default().fill(value);
    }
}

/// What [`plain`] does, by the means of `isa` and with coefficients in its order, of which those from `reach` on are zero.
#[inline(always)]
pub(super) fn samples(
    isa: Isa,
    block: &[i16; 64],
    reach: usize,
    table: &[i16; 64],
    side: usize,
    out: &mut [u8],
    stride: usize,
) {
    #[cfg(target_arch = "x86_64")]
    if isa >= Isa::Avx2 && matches!(side, 8 | 4) && out.len() >= (side - 1) * stride + side {
        // SAFETY: the CPU has these instructions, and `out` holds the rows.
        unsafe {
            if reach <= 1 {
                let value = level(block[0], table[0], side);
                if side == 8 {
                    rows::level::<8>(value, out, stride);
                } else {
                    rows::level::<4>(value, out, stride);
                }
            } else if reach > CORNER || !corner(isa, block, table, side, out, stride) {
                whole(isa, block, table, side, out, stride);
            }
        }
        return;
    }
    other_samples(isa, block, reach, table, side, out, stride);
}

/// Apart, so that the usual sides, of which there is one a block, save fewer registers.
#[cold]
#[inline(never)]
fn other_samples(
    isa: Isa,
    block: &[i16; 64],
    reach: usize,
    table: &[i16; 64],
    side: usize,
    out: &mut [u8],
    stride: usize,
) {
    if reach <= 1 {
        fill(isa, level(block[0], table[0], side), side, out, stride);
    } else {
        transform(isa, block, table, side, out, stride);
    }
}

/// What [`plain`] does, by the means of `isa` and with coefficients in its order, of which those from `CORNER` on are zero.
#[inline(always)]
pub(super) fn transform_corner(
    isa: Isa,
    block: &[i16; 64],
    table: &[i16; 64],
    side: usize,
    out: &mut [u8],
    stride: usize,
) {
    #[cfg(target_arch = "x86_64")]
    if isa >= Isa::Avx2 && matches!(side, 8 | 4) && out.len() >= (side - 1) * stride + side {
        // SAFETY: the CPU has these instructions, and `out` holds the rows.
        if unsafe { corner(isa, block, table, side, out, stride) } {
            return;
        }
    }
    transform(isa, block, table, side, out, stride);
}

/// What [`plain`] does, by the means of `isa` and with coefficients in its order.
#[inline(always)]
pub(super) fn transform(
    isa: Isa,
    block: &[i16; 64],
    table: &[i16; 64],
    side: usize,
    out: &mut [u8],
    stride: usize,
) {
    #[cfg(target_arch = "x86_64")]
    if isa >= Isa::Avx2 && side > 1 && out.len() >= (side - 1) * stride + side {
        // SAFETY: the CPU has these instructions, and `out` holds the rows.
        unsafe { whole(isa, block, table, side, out, stride) };
        return;
    }
    if side > 1 && takes_zigzag(isa) {
        // Never so: there is room for a block. But a block would be in the wrong order.
        return;
    }
    plain(block, table, side, out, stride);
}

/// `false` if that is to be done by [`whole`].
///
/// # Safety
/// AVX2 or what `isa` says; `side` rows of as many samples, 8 or 4, in `out`.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
unsafe fn corner(
    isa: Isa,
    block: &[i16; 64],
    table: &[i16; 64],
    side: usize,
    out: &mut [u8],
    stride: usize,
) -> bool {
    // SAFETY: the same demands.
    unsafe {
        match side {
            _ if takes_zigzag(isa) => avx512_corner::transform(block, table, side, out, stride),
            8 => avx2_corner::to_8x8(block, table, out, stride),
            _ => avx2_corner::to_4x4(block, table, out, stride),
        }
    }
}

/// # Safety
/// AVX2 or what `isa` says; `side` rows of as many samples, 8, 4 or 2, in `out`.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
unsafe fn whole(isa: Isa, block: &[i16; 64], table: &[i16; 64], side: usize, out: &mut [u8], stride: usize) {
    // SAFETY: the same demands.
    unsafe {
        match side {
            _ if takes_zigzag(isa) => avx512::transform(block, table, side, out, stride),
            8 => avx2::to_8x8(block, table, out, stride),
            4 => avx2_reduced::to_4x4(block, table, out, stride),
            _ => avx2_reduced::to_2x2(block, table, out, stride),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jpeg::fast::order::NATURAL_ORDER;

    /// Blocks as pictures have them, and as only damage makes them.
    fn blocks() -> Vec<([i16; 64], [i16; 64])> {
        let mut state = 1_u32;
        let mut next = move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) as i16
        };
        (0..4000)
            .map(|number| {
                let range = [4, 64, 1024, i16::MAX][number % 4];
                let table = [1; 64].map(|_: i16| if number % 3 == 0 { next() } else { next() % 100 });
                let mut block = [0; 64].map(|_: i16| if next() % 3 == 0 { next() % range } else { 0 });
                match number / 4 % 6 {
                    5 => NATURAL_ORDER.iter().skip(CORNER).for_each(|&i| block[usize::from(i)] = 0),
                    0 => block[1..].fill(0),
                    1 => block[8..].fill(0),
                    2 => block[40..].fill(0),
                    3 => (8..64).filter(|i| i / 8 != 4).for_each(|i| block[i] = 0),
                    _ => {}
                }
                (block, table)
            })
            .collect()
    }

    #[test]
    fn every_level_transforms_alike() {
        let (mut seen, mut corners) = (0, 0);
        for (block, table) in blocks() {
            for side in [8, 4, 2, 1] {
                let mut wanted = [3; 8 * 11];
                plain(&block, &table, side, &mut wanted, 11);
                for isa in Isa::available() {
                    let mut found = [3; 8 * 11];
                    let order = |values: &[i16; 64]| {
                        let zigzag = NATURAL_ORDER.map(|place| values[usize::from(place)]);
                        if takes_zigzag(isa) { zigzag } else { *values }
                    };
                    transform(isa, &order(&block), &order(&table), side, &mut found, 11);
                    assert_eq!(found, wanted, "{isa:?} {side} {block:?}");
                    seen += 1;
                    if NATURAL_ORDER.iter().skip(CORNER).all(|&i| block[usize::from(i)] == 0) {
                        let mut found = [3; 8 * 11];
                        transform_corner(isa, &order(&block), &order(&table), side, &mut found, 11);
                        assert_eq!(found, wanted, "corner {isa:?} {side} {block:?}");
                        corners += 1;
                    }
                }
            }
        }
        assert!(seen >= 16000 && corners >= 4000, "{corners}");
    }

    #[test]
    fn a_reach_changes_nothing() {
        let mut kinds = [0; 3];
        for (block, table) in blocks() {
            let zigzag = |values: &[i16; 64]| NATURAL_ORDER.map(|place| values[usize::from(place)]);
            let least = 64 - zigzag(&block).iter().rev().take_while(|&&value| value == 0).count();
            for reach in [least, least.max(2), least.max(CORNER), least.max(CORNER + 1)] {
                kinds[usize::from(reach > 1) + usize::from(reach > CORNER)] += 1;
                for side in [8, 4, 2, 1] {
                    let mut wanted = [3; 8 * 11];
                    plain(&block, &table, side, &mut wanted, 11);
                    for isa in Isa::available() {
                        let mut found = [3; 8 * 11];
                        let order = |values| if takes_zigzag(isa) { zigzag(values) } else { *values };
                        samples(isa, &order(&block), reach, &order(&table), side, &mut found, 11);
                        assert_eq!(found, wanted, "{isa:?} {side} {reach} {block:?}");
                    }
                }
            }
        }
        assert!(kinds.iter().all(|&seen| seen > 500), "{kinds:?}");
    }

    #[test]
    fn a_block_with_a_dc_only_is_level() {
        for (mut block, table) in blocks() {
            block[1..].fill(0);
            for side in [8, 4, 2, 1] {
                let mut found = [0; 64];
                plain(&block, &table, side, &mut found, side);
                assert!(found[..side * side].iter().all(|&v| v == level(block[0], table[0], side)));
            }
        }
    }

    #[test]
    fn a_transform_is_the_sum_of_its_waves() {
        let (mut largest, mut seen) = (0.0_f64, 0);
        for (block, _) in blocks().into_iter().filter(|(block, _)| block.iter().all(|v| v.abs() < 64)) {
            let mut found = [0; 64];
            plain(&block, &[1; 64], 8, &mut found, 8);
            for (at, &sample) in found.iter().enumerate() {
                let wave = |x: usize, u: usize| {
                    let scale = if u == 0 { 0.5_f64.sqrt() } else { 1.0 };
                    scale * ((2 * x + 1) as f64 * u as f64 * std::f64::consts::PI / 16.0).cos() / 2.0
                };
                let sum: f64 =
                    (0..64).map(|i| f64::from(block[i]) * wave(at / 8, i / 8) * wave(at % 8, i % 8)).sum();
                largest = largest.max(((sum + 128.0).clamp(0.0, 255.0) - f64::from(sample)).abs());
                seen += 1;
            }
        }
        assert!(seen > 64000 && largest < 0.6, "off by {largest} in {seen}");
    }
}
