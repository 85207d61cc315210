//! Coefficients to samples: libjpeg-turbo's inverse transforms, for blocks of 8, 4, 2 samples a side and 1.
//!
//! The functions here define what the vector kernels compute. They follow libjpeg-turbo's vector code, not its C
//! code, where these differ: in sums that leave 16 bits, which only damaged files have.

#![allow(unsafe_code)]

use crate::isa::Isa;

/// Bits of the constants behind the point, and what pass 1 leaves of them.
const CONST_BITS: u32 = 13;
const PASS1_BITS: u32 = 2;

pub(super) const F_0_298: i16 = 2446;
pub(super) const F_0_390: i16 = 3196;
pub(super) const F_0_541: i16 = 4433;
pub(super) const F_0_765: i16 = 6270;
pub(super) const F_0_899: i16 = 7373;
pub(super) const F_1_175: i16 = 9633;
pub(super) const F_1_501: i16 = 12299;
pub(super) const F_1_847: i16 = 15137;
pub(super) const F_1_961: i16 = 16069;
pub(super) const F_2_053: i16 = 16819;
pub(super) const F_2_562: i16 = 20995;
pub(super) const F_3_072: i16 = 25172;
pub(super) const F_0_211: i16 = 1730;
pub(super) const F_0_509: i16 = 4176;
pub(super) const F_0_601: i16 = 4926;
pub(super) const F_0_720: i16 = 5906;
pub(super) const F_0_850: i16 = 6967;
pub(super) const F_1_061: i16 = 8697;
pub(super) const F_1_272: i16 = 10426;
pub(super) const F_1_451: i16 = 11893;
pub(super) const F_2_172: i16 = 17799;
pub(super) const F_3_624: i16 = 29692;

/// A sum of products of 16-bit numbers, in 32 bits.
fn dot<const N: usize>(pairs: [(i16, i16); N]) -> i32 {
    pairs.iter().fold(0, |sum: i32, &(a, b)| sum.wrapping_add(i32::from(a) * i32::from(b)))
}

/// Divides by a power of two, rounding, and saturates to 16 bits.
fn descale(value: i32, by: u32) -> i16 {
    let rounded = value.wrapping_add(1 << (by - 1)) >> by;
    rounded.clamp(i16::MIN.into(), i16::MAX.into()) as i16
}

/// A sample: the transform's result, clamped, and moved from around zero.
fn sample(value: i16) -> u8 {
    (value.clamp(-128, 127) + 128) as u8
}

/// One pass of the eight-point transform.
fn eight(x: [i16; 8], by: u32) -> [i16; 8] {
    let tmp2 = dot([(x[2], F_0_541), (x[6], F_0_541 - F_1_847)]);
    let tmp3 = dot([(x[2], F_0_541 + F_0_765), (x[6], F_0_541)]);
    let tmp0 = i32::from(x[0].wrapping_add(x[4])) << CONST_BITS;
    let tmp1 = i32::from(x[0].wrapping_add(x[4].wrapping_neg())) << CONST_BITS;
    let even =
        [tmp0.wrapping_add(tmp3), tmp1.wrapping_add(tmp2), tmp1.wrapping_sub(tmp2), tmp0.wrapping_sub(tmp3)];
    let (z3, z4) = (x[7].wrapping_add(x[3]), x[5].wrapping_add(x[1]));
    let y3 = dot([(z3, F_1_175 - F_1_961), (z4, F_1_175)]);
    let y4 = dot([(z3, F_1_175), (z4, F_1_175 - F_0_390)]);
    let odd = [
        dot([(x[1], F_1_501 - F_0_899), (x[7], -F_0_899)]).wrapping_add(y4),
        dot([(x[3], F_3_072 - F_2_562), (x[5], -F_2_562)]).wrapping_add(y3),
        dot([(x[5], F_2_053 - F_2_562), (x[3], -F_2_562)]).wrapping_add(y4),
        dot([(x[7], F_0_298 - F_0_899), (x[1], -F_0_899)]).wrapping_add(y3),
    ];
    std::array::from_fn(|i| {
        let mirrored = if i < 4 { i } else { 7 - i };
        let (a, b) = (even[mirrored], odd[mirrored]);
        descale(if i < 4 { a.wrapping_add(b) } else { a.wrapping_sub(b) }, by)
    })
}

/// Column `x` of a block times the table; `NATURAL_ORDER` of both.
fn column(block: &[i16; 64], table: &[i16; 64], x: usize) -> [i16; 8] {
    std::array::from_fn(|y| block[y * 8 + x].wrapping_mul(table[y * 8 + x]))
}

fn rows_are_zero(block: &[i16; 64], rows: &[usize]) -> bool {
    rows.iter().all(|&y| block[y * 8..y * 8 + 8].iter().all(|&value| value == 0))
}

fn plain_8x8(block: &[i16; 64], table: &[i16; 64], out: &mut [u8], stride: usize) {
    let mut half = [[0; 8]; 8];
    let flat = rows_are_zero(block, &[1, 2, 3, 4, 5, 6, 7]);
    #[allow(clippy::needless_range_loop)] // it is the other index
    for x in 0..8 {
        let column = column(block, table, x);
        // A sum that is too large wraps on this way and saturates on the other.
        let done = if flat { [column[0] << PASS1_BITS; 8] } else { eight(column, CONST_BITS - PASS1_BITS) };
        for y in 0..8 {
            half[y][x] = done[y];
        }
    }
    for (row, place) in half.into_iter().zip(out.chunks_mut(stride)) {
        let row = eight(row, CONST_BITS + PASS1_BITS + 3).map(sample);
        place.iter_mut().zip(row).for_each(|(place, value)| *place = value);
    }
}

/// One pass of the transform of eight frequencies (all but the fifth) to four samples.
fn four(x: [i16; 8], by: u32) -> [i16; 4] {
    let even = i32::from(x[0]) << (CONST_BITS + 1);
    let tilt = dot([(x[2], F_1_847), (x[6], -F_0_765)]);
    let (a, b) = (even.wrapping_add(tilt), even.wrapping_sub(tilt));
    let inner = dot([(x[1], F_1_061), (x[3], -F_2_172), (x[5], F_1_451), (x[7], -F_0_211)]);
    let outer = dot([(x[1], F_2_562), (x[3], F_0_899), (x[5], -F_0_601), (x[7], -F_0_509)]);
    [a.wrapping_add(outer), b.wrapping_add(inner), b.wrapping_sub(inner), a.wrapping_sub(outer)]
        .map(|value| descale(value, by))
}

fn plain_4x4(block: &[i16; 64], table: &[i16; 64], out: &mut [u8], stride: usize) {
    let mut half = [[0; 8]; 4];
    let flat = rows_are_zero(block, &[1, 2, 3, 5, 6, 7]);
    #[allow(clippy::needless_range_loop)] // it is the other index
    for x in 0..8 {
        let column = column(block, table, x);
        let done =
            if flat { [column[0] << PASS1_BITS; 4] } else { four(column, CONST_BITS - PASS1_BITS + 1) };
        for y in 0..4 {
            half[y][x] = done[y];
        }
    }
    for (row, place) in half.into_iter().zip(out.chunks_mut(stride)) {
        let row = four(row, CONST_BITS + PASS1_BITS + 3 + 1).map(sample);
        place.iter_mut().zip(row).for_each(|(place, value)| *place = value);
    }
}

/// The odd frequencies' part in a transform to two samples.
fn two(x: [i16; 4]) -> i32 {
    dot([(x[0], F_3_624), (x[1], -F_1_272), (x[2], F_0_850), (x[3], -F_0_720)])
}

fn plain_2x2(block: &[i16; 64], table: &[i16; 64], out: &mut [u8], stride: usize) {
    let by = CONST_BITS - PASS1_BITS + 2;
    let round = |value: i32| value.wrapping_add(1 << (by - 1)) >> by;
    let columns = [0, 1, 3, 5, 7].map(|x| {
        let column = column(block, table, x);
        let even = i32::from(column[0]) << (CONST_BITS + 2);
        let odd = two([column[1], column[3], column[5], column[7]]);
        [round(even.wrapping_add(odd)), round(even.wrapping_sub(odd))]
    });
    for (y, place) in out.chunks_mut(stride).take(2).enumerate() {
        let even = columns[0][y].wrapping_shl(CONST_BITS + 2);
        let odd = two([1, 2, 3, 4].map(|i| columns[i][y].clamp(i16::MIN.into(), i16::MAX.into()) as i16));
        let row = [even.wrapping_add(odd), even.wrapping_sub(odd)];
        let row = row.map(|value| sample(descale(value, CONST_BITS + PASS1_BITS + 3 + 2)));
        place.iter_mut().zip(row).for_each(|(place, value)| *place = value);
    }
}

/// The one sample of a block transformed to one. Out of range it is what libjpeg's table holds there.
fn one(dc: i16, quantum: i16) -> u8 {
    let value = (i32::from(dc) * i32::from(quantum) + 4) >> 3;
    match value & 1023 {
        inside @ 0..=127 => (inside + 128) as u8,
        128..=511 => 255,
        512..=895 => 0,
        inside => (inside - 896) as u8,
    }
}

/// The sample all of a block consists of that has a DC only.
pub(super) fn level(dc: i16, quantum: i16, side: usize) -> u8 {
    match side {
        1 => one(dc, quantum),
        2 => {
            let value = i32::from(dc.wrapping_mul(quantum)).wrapping_shl(CONST_BITS + PASS1_BITS + 2);
            sample(descale(value, CONST_BITS + PASS1_BITS + 3 + 2))
        }
        _ => sample(((i32::from(dc.wrapping_mul(quantum) << PASS1_BITS) + 16) >> 5) as i16),
    }
}

/// Transforms a block to `side` samples a side, with which each of the rows in `out`, `stride` apart, begins.
pub(super) fn plain(block: &[i16; 64], table: &[i16; 64], side: usize, out: &mut [u8], stride: usize) {
    match side {
        1 => out.iter_mut().take(1).for_each(|place| *place = one(block[0], table[0])),
        2 => plain_2x2(block, table, out, stride),
        4 => plain_4x4(block, table, out, stride),
        _ => plain_8x8(block, table, out, stride),
    }
}

/// Whether at that level coefficients and tables are in zigzag order, not row by row.
pub(super) fn takes_zigzag(isa: Isa) -> bool {
    isa >= Isa::Avx512
}

/// What [`plain`] does, by the means of `isa` and with coefficients in its order.
#[inline]
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
        unsafe {
            match side {
                _ if takes_zigzag(isa) => super::idct_avx512::transform(block, table, side, out, stride),
                8 => super::idct_avx2::to_8x8(block, table, out, stride),
                4 => super::idct_avx2_reduced::to_4x4(block, table, out, stride),
                _ => super::idct_avx2_reduced::to_2x2(block, table, out, stride),
            }
        }
        return;
    }
    if side > 1 && takes_zigzag(isa) {
        // Never so: there is room for a block. But a block would be in the wrong order.
        return;
    }
    plain(block, table, side, out, stride);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jpeg::fast::entropy::NATURAL_ORDER;

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
                match number / 4 % 5 {
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
        let mut seen = 0;
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
                }
            }
        }
        assert!(seen >= 16000);
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
