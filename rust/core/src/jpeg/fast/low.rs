//! Half the size of a block's low frequencies: the inverse transform of its low 4x4 coefficients, in the arithmetic that
//! IJG's libjpeg has for it since version 7.
//!
//! libjpeg-turbo's own transform to half the size takes higher frequencies too, which makes it a mean of four pixels.

use super::order::NATURAL_ORDER;

const CONST_BITS: u32 = 13;
const PASS1_BITS: u32 = 2;

const F_0_541: i32 = 4433;
const F_0_765: i32 = 6270;
const F_1_847: i32 = 15137;

/// Where the low 4x4 coefficients are, row by row: in a block row by row, and in zigzag order.
const PLACES: [[usize; 16]; 2] = {
    let mut places = [[0; 16]; 2];
    let mut zigzag = 0;
    while zigzag < 64 {
        let natural = NATURAL_ORDER[zigzag] as usize;
        let (y, x) = (natural / 8, natural % 8);
        if y < 4 && x < 4 {
            places[0][y * 4 + x] = natural;
            places[1][y * 4 + x] = zigzag;
        }
        zigzag += 1;
    }
    places
};

/// Four numbers, one of each column or row: what a vector register holds.
type Four = [i32; 4];

fn each(a: Four, b: Four, what: impl Fn(i32, i32) -> i32) -> Four {
    std::array::from_fn(|i| what(a[i], b[i]))
}

/// The four-point transforms of four columns at once: `x[f]` are their coefficients of frequency `f`. Sums of what only
/// damaged files have may wrap.
fn four(x: [Four; 4], even: impl Fn(i32) -> i32, odd: impl Fn(i32) -> i32) -> [Four; 4] {
    let sum = each(x[0], x[2], |a, b| even(a.wrapping_add(b)));
    let difference = each(x[0], x[2], |a, b| even(a.wrapping_sub(b)));
    let turned = each(x[1], x[3], |a, b| a.wrapping_add(b).wrapping_mul(F_0_541));
    let outer = each(turned, x[1], |z, a| odd(z.wrapping_add(a.wrapping_mul(F_0_765))));
    let inner = each(turned, x[3], |z, b| odd(z.wrapping_sub(b.wrapping_mul(F_1_847))));
    [
        each(sum, outer, i32::wrapping_add),
        each(difference, inner, i32::wrapping_add),
        each(difference, inner, i32::wrapping_sub),
        each(sum, outer, i32::wrapping_sub),
    ]
}

fn transposed(x: [Four; 4]) -> [Four; 4] {
    std::array::from_fn(|i| std::array::from_fn(|j| x[j][i]))
}

/// Writes 4x4 samples to `out`, whose rows are `stride` apart. Apart, as it is asked for by name only, and costs the usual transforms
/// registers where it is not.
#[cold]
#[inline(never)]
pub(super) fn transform(block: &[i16; 64], table: &[i16; 64], zigzag: bool, out: &mut [u8], stride: usize) {
    let places = &PLACES[usize::from(zigzag)];
    let x: [Four; 4] = std::array::from_fn(|y| {
        std::array::from_fn(|x| {
            let place = places[y * 4 + x];
            i32::from(block[place].wrapping_mul(table[place]))
        })
    });
    let first = CONST_BITS - PASS1_BITS;
    let half = four(x, |even| even << PASS1_BITS, |odd| odd.wrapping_add(1 << (first - 1)) >> first);
    let mut half = transposed(half);
    // The rounding of the last shift.
    half[0] = half[0].map(|value| value.wrapping_add(1 << (PASS1_BITS + 2)));
    let samples = transposed(four(half, |even| even << CONST_BITS, |odd| odd));
    for (row, place) in samples.into_iter().zip(out.chunks_mut(stride)) {
        let row = row.map(|value| ((value >> (CONST_BITS + PASS1_BITS + 3)).clamp(-128, 127) + 128) as u8);
        if let Some(place) = place.first_chunk_mut() {
            *place = row;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jpeg::fast::idct::level;

    /// Coefficients row by row, as a quantised block of a picture might have them.
    fn block(seed: u32) -> [i16; 64] {
        let mut state = seed;
        std::array::from_fn(|i| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((state >> 16) as i16 % 64) / (1 + i as i16 / 8)
        })
    }

    #[test]
    fn it_is_the_sum_of_the_low_waves() {
        let (mut largest, mut seen) = (0.0_f64, 0);
        for block in (1..500).map(block) {
            let mut found = [0; 16];
            transform(&block, &[2; 64], false, &mut found, 4);
            for (at, &sample) in found.iter().enumerate() {
                let wave = |x: usize, u: usize| {
                    let scale = if u == 0 { 0.5_f64.sqrt() } else { 1.0 };
                    scale * ((2 * x + 1) as f64 * u as f64 * std::f64::consts::PI / 8.0).cos()
                        / 2.0_f64.sqrt()
                };
                // A coefficient of eight points is twice as large as that of four, in both directions together.
                let sum: f64 = (0..16)
                    .map(|i| f64::from(block[i / 4 * 8 + i % 4]) * wave(at / 4, i / 4) * wave(at % 4, i % 4))
                    .sum();
                largest = largest.max(((sum + 128.0).clamp(0.0, 255.0) - f64::from(sample)).abs());
                seen += 1;
            }
        }
        assert!(seen > 7000 && largest < 0.6, "off by {largest} in {seen}");
    }

    #[test]
    fn the_order_of_coefficients_does_not_matter_and_one_alone_is_level() {
        for mut block in (1..200).map(block) {
            let table: [i16; 64] = std::array::from_fn(|i| 1 + i as i16 % 7);
            let zigzag = |values: &[i16; 64]| NATURAL_ORDER.map(|place| values[usize::from(place)]);
            let (mut a, mut b) = ([0; 26], [0; 26]);
            transform(&block, &table, false, &mut a, 7);
            transform(&zigzag(&block), &zigzag(&table), true, &mut b, 7);
            assert_eq!(a, b);
            block[1..].fill(0);
            let mut found = [0; 16];
            transform(&block, &table, false, &mut found, 4);
            assert_eq!(found, [level(block[0], table[0], 4); 16]);
        }
    }
}
