//! The plain transform, which defines the others.

use super::{Divisors, NATURAL_ORDER, Quad, Samples};

pub(super) use crate::jpeg::cosines::{
    F_0_298, F_0_390, F_0_541, F_0_765, F_0_899, F_1_175, F_1_501, F_1_847, F_1_961, F_2_053, F_2_562,
    F_3_072,
};

/// Transforms eight values; the sums of all, which need no factor, come out `UP` bits up or, if it is negative, down.
fn pass<const UP: i32>(x: [i32; 8]) -> [i32; 8] {
    let [x0, x1, x2, x3, x4, x5, x6, x7] = x;
    let by = |value: i32, factor: i16| value * i32::from(factor);
    let descaled = |value: i32| (value + (1 << (12 - UP))) >> (13 - UP);
    let levelled = |value: i32| if UP < 0 { (value + (1 << (-UP - 1))) >> -UP } else { value << UP };
    let (sum07, sum16, sum25, sum34) = (x0 + x7, x1 + x6, x2 + x5, x3 + x4);
    let (outer, inner) = (sum07 - sum34, sum16 - sum25);
    let tilt = by(outer + inner, F_0_541);
    let (t4, t5, t6, t7) = (x3 - x4, x2 - x5, x1 - x6, x0 - x7);
    let z5 = by(t4 + t6 + t5 + t7, F_1_175);
    let (z1, z2) = (by(t4 + t7, -F_0_899), by(t5 + t6, -F_2_562));
    let (z3, z4) = (by(t4 + t6, -F_1_961) + z5, by(t5 + t7, -F_0_390) + z5);
    [
        levelled(sum07 + sum34 + sum16 + sum25),
        descaled(by(t7, F_1_501) + z1 + z4),
        descaled(tilt + by(outer, F_0_765)),
        descaled(by(t6, F_3_072) + z2 + z3),
        levelled(sum07 + sum34 - sum16 - sum25),
        descaled(by(t5, F_2_053) + z2 + z4),
        descaled(tilt - by(inner, F_1_847)),
        descaled(by(t4, F_0_298) + z1 + z3),
    ]
}

/// Transforms and divides a block.
fn block(samples: &[u8], stride: usize, divisors: &Divisors) -> [i16; 64] {
    let mut rows = [[0; 8]; 8];
    for (row, samples) in rows.iter_mut().zip(samples.chunks(stride)) {
        let mut centred = [0; 8];
        centred.iter_mut().zip(samples).for_each(|(value, &sample)| *value = i32::from(sample) - 128);
        *row = pass::<2>(centred);
    }
    let mut columns = [[0; 8]; 8];
    for (x, column) in columns.iter_mut().enumerate() {
        *column = pass::<-2>(rows.map(|row| row[x]));
    }
    std::array::from_fn(|number| {
        let place = usize::from(NATURAL_ORDER[number]);
        let (value, divisor) = (columns[place % 8][place / 8], i32::from(divisors.divisor[place]));
        ((value.abs() + divisor / 2) / divisor * value.signum()) as i16
    })
}

/// Transforms and divides four blocks.
pub(super) fn quad(samples: Samples<'_>, divisors: &Divisors, out: &mut Quad) {
    let Samples { pairs, stride } = samples;
    let places = out.coefficients.iter_mut().zip(&mut out.nonzero);
    for (number, (coefficients, nonzero)) in places.enumerate() {
        let samples = pairs[number / 2].get(number % 2 * 8..).unwrap_or_default();
        *coefficients = block(samples, stride, divisors);
        let bits = coefficients.iter().enumerate().map(|(i, &value)| u64::from(value != 0) << i);
        *nonzero = bits.sum();
    }
}
