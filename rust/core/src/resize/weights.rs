//! Pillow's resampling weights: which source pixels make a target pixel, each with a 22-bit share.

use std::f64::consts::PI;

use crate::image::Filter;

/// Fraction bits of a weight: 8 bits of pixel, two of overshoot and a sign leave so many of 32.
pub(super) const PRECISION: u32 = 32 - 8 - 2;

/// The windows of one axis.
#[derive(Debug, Default)]
pub(super) struct Windows {
    source: usize,
    starts: Vec<usize>,
    /// Where each window's weights begin; one more than there are windows.
    ends: Vec<usize>,
    weights: Vec<i32>,
}

impl Windows {
    /// The windows that make `to` pixels of `from`, in Pillow's arithmetic. Both are above zero.
    pub(super) fn new(from: usize, to: usize, filter: Filter) -> Self {
        let (kernel, support) = kernel(filter);
        let scale = from as f64 / to as f64;
        let widening = scale.max(1.0);
        let (support, shrink) = (support * widening, 1.0 / widening);
        let (starts, ends, weights) = (Vec::with_capacity(to), vec![0], Vec::new());
        let mut windows = Self { source: from, starts, ends, weights };
        let mut shares = Vec::new();
        for target in 0..to {
            let centre = (target as f64 + 0.5) * scale;
            // Truncation towards zero, as in C, then the image's edges.
            let first = ((centre - support + 0.5) as i64).max(0);
            let end = ((centre + support + 0.5) as i64).min(from as i64);
            shares.clear();
            shares.extend((0..end - first).map(|x| kernel(((x + first) as f64 - centre + 0.5) * shrink)));
            let sum: f64 = shares.iter().sum();
            windows.starts.push(first as usize);
            windows.weights.extend(shares.iter().map(|&share| {
                let share = if sum == 0.0 { share } else { share / sum } * f64::from(1 << PRECISION);
                // Halves go away from zero.
                (share + if share < 0.0 { -0.5 } else { 0.5 }) as i32
            }));
            windows.ends.push(windows.weights.len());
        }
        windows
    }

    /// How many windows there are.
    pub(super) fn len(&self) -> usize {
        self.starts.len()
    }

    /// How many source pixels they see.
    pub(super) fn source(&self) -> usize {
        self.source
    }

    /// The first source pixel of a target pixel, and the weights of it and those after it.
    pub(super) fn get(&self, target: usize) -> (usize, &[i32]) {
        let range = match self.ends.get(target..target + 2) {
            Some(&[start, end]) => start..end,
            _ => 0..0,
        };
        (self.starts.get(target).copied().unwrap_or_default(), self.weights.get(range).unwrap_or_default())
    }
}

/// Two weights as vectors of 16-bit words multiply them: the signed low halves of both in one number, and
/// what is left of both, in units of 65536, in another. Sums of products with either are exact.
pub(super) fn split(first: i32, second: i32) -> (i32, i32) {
    let low = |weight: i32| i32::from(weight as i16);
    let high = |weight: i32| (weight - low(weight)) >> 16;
    let both = |first: i32, second: i32| (first & 0xFFFF) | (second << 16);
    (both(low(first), low(second)), both(high(first), high(second)))
}

/// A weighted sum of pixels as a pixel.
pub(super) fn pixel(sum: i32) -> u8 {
    (sum.wrapping_add(1 << (PRECISION - 1)) >> PRECISION).clamp(0, 255) as u8
}

fn kernel(filter: Filter) -> (fn(f64) -> f64, f64) {
    match filter {
        // The first and the last are none of pixels, and never come here.
        Filter::Nearest | Filter::Box | Filter::Dct => (box_kernel, 0.5),
        Filter::Bilinear => (triangle, 1.0),
        Filter::Hamming => (hamming, 1.0),
        Filter::Bicubic => (bicubic, 2.0),
        Filter::Lanczos3 => (lanczos, 3.0),
    }
}

fn box_kernel(x: f64) -> f64 {
    if x > -0.5 && x <= 0.5 { 1.0 } else { 0.0 }
}

fn triangle(x: f64) -> f64 {
    (1.0 - x.abs()).max(0.0)
}

fn hamming(x: f64) -> f64 {
    let x = x.abs();
    if x == 0.0 {
        1.0
    } else if x >= 1.0 {
        0.0
    } else {
        // The two constants are single precision in Pillow.
        let x = x * PI;
        x.sin() / x * (f64::from(0.54_f32) + f64::from(0.46_f32) * x.cos())
    }
}

fn bicubic(x: f64) -> f64 {
    const A: f64 = -0.5;
    let x = x.abs();
    if x < 1.0 {
        ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0
    } else if x < 2.0 {
        (((x - 5.0) * x + 8.0) * x - 4.0) * A
    } else {
        0.0
    }
}

fn lanczos(x: f64) -> f64 {
    if (-3.0..3.0).contains(&x) { sinc(x) * sinc(x / 3.0) } else { 0.0 }
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 {
        return 1.0;
    }
    let x = x * PI;
    x.sin() / x
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_add_up_to_one() {
        for filter in [Filter::Box, Filter::Bilinear, Filter::Hamming, Filter::Bicubic, Filter::Lanczos3] {
            for (from, to) in [(1, 1), (2, 1), (100, 50), (7, 3), (3, 7), (1000, 1), (1, 50)] {
                let windows = Windows::new(from, to, filter);
                assert_eq!(windows.len(), to);
                for target in 0..to {
                    let (first, weights) = windows.get(target);
                    assert!(!weights.is_empty() && first + weights.len() <= from);
                    let error = weights.iter().sum::<i32>() - (1 << PRECISION);
                    assert!(error.abs() <= weights.len() as i32, "{filter:?} {from} {to} {error}");
                }
            }
        }
    }

    /// Pillow's own numbers for the inside of a 2:1 Lanczos shrink, by its formula in C.
    #[test]
    fn the_inside_of_a_halving_is_symmetric() {
        let windows = Windows::new(64, 32, Filter::Lanczos3);
        let (first, weights) = windows.get(10);
        assert_eq!((first, weights.len()), (15, 12));
        assert!(weights.iter().eq(weights.iter().rev()));
        assert_eq!(windows.get(11).1, weights);
    }
}
