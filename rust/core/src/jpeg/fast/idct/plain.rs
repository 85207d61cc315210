//! The transforms in plain arithmetic.
//!
//! They follow libjpeg-turbo's vector code, not its C code, where these differ: in sums that leave 16 bits, which only
//! damaged files have.

/// Bits of the constants behind the point, and what pass 1 leaves of them.
const CONST_BITS: u32 = 13;
const PASS1_BITS: u32 = 2;

pub(super) use crate::jpeg::cosines::{
    F_0_298, F_0_390, F_0_541, F_0_765, F_0_899, F_1_175, F_1_501, F_1_847, F_1_961, F_2_053, F_2_562,
    F_3_072,
};

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

/// What numbers 0 and 2 of four are multiplied by, then 1 and 3, in the first four of eight outputs. The others, from the
/// last one on, have the second sum subtracted. It is what remains of `eight` where numbers 4 to 7 are zero.
pub(super) const EVEN_8: [(i16, i16); 4] =
    [(8192, F_0_541 + F_0_765), (8192, F_0_541), (8192, -F_0_541), (8192, -F_0_541 - F_0_765)];
/// See [`EVEN_8`].
pub(super) const ODD_8: [(i16, i16); 4] = [
    (F_1_501 - F_0_899 + F_1_175 - F_0_390, F_1_175),
    (F_1_175, F_3_072 - F_2_562 + F_1_175 - F_1_961),
    (F_1_175 - F_0_390, F_1_175 - F_2_562),
    (F_1_175 - F_0_899, F_1_175 - F_1_961),
];

/// The same for each of four outputs, of `four`.
pub(super) const EVEN_4: [(i16, i16); 4] =
    [(16384, F_1_847), (16384, -F_1_847), (16384, -F_1_847), (16384, F_1_847)];
/// See [`EVEN_4`].
pub(super) const ODD_4: [(i16, i16); 4] =
    [(F_2_562, F_0_899), (F_1_061, -F_2_172), (-F_1_061, F_2_172), (-F_2_562, -F_0_899)];

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
pub(in crate::jpeg::fast) fn level(dc: i16, quantum: i16, side: usize) -> u8 {
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
