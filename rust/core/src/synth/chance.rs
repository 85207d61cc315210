//! Chance for drawing: named streams of the crate's one generator, a seeded permutation, smooth noise.
//!
//! A stream is named by numbers, so any sample, image or hair can be drawn without those before it.

use crate::random::{Random, mix};

/// A stream of random numbers of the width drawings use.
#[derive(Debug, Clone)]
pub(super) struct Chance(Random);

impl Chance {
    /// The stream named by several numbers; every number matters, and so does their order.
    pub(super) fn named(names: &[u64]) -> Self {
        let absorb = |state: u64, name: &u64| mix(Random::new(state).next().wrapping_add(*name));
        Self(Random::new(names.iter().fold(0, absorb)))
    }

    /// The next 64 bits.
    pub(super) const fn bits(&mut self) -> u64 {
        self.0.next()
    }

    /// A number in `0..n`, 0 for `n` = 0.
    pub(super) const fn below(&mut self, n: u32) -> u32 {
        self.0.below(n as u64) as u32
    }

    /// A number in `low..=high`.
    pub(super) const fn within(&mut self, low: i32, high: i32) -> i32 {
        low + self.below((high - low + 1) as u32) as i32
    }
}

/// The `n`-th number of a seeded permutation of `0..size`; `n` beyond `size` begins again.
///
/// A six-round Feistel network on the next even number of bits, walked until it falls inside, so that
/// distinct `n` give distinct results without remembering any.
pub(super) fn permuted(seed: u64, size: u64, n: u64) -> u64 {
    let Some(last) = size.checked_sub(1) else { return 0 };
    let half = (64 - last.leading_zeros()).div_ceil(2).max(1);
    let mask = (1_u64 << half) - 1;
    let mut value = n % size;
    loop {
        let (mut left, mut right) = (value >> half, value & mask);
        for round in 0..6 {
            (left, right) = (right, left ^ (mix(mix(seed ^ round).wrapping_add(right)) & mask));
        }
        value = left << half | right;
        if value < size {
            return value;
        }
    }
}

/// A byte of smooth noise for a lattice of `1 << shift` units: value noise, bilinear, eased.
pub(super) fn noise(seed: u32, x: i32, y: i32, shift: u32) -> i32 {
    let cell = 1 << shift;
    let (column, row) = (x >> shift, y >> shift);
    let ease = |t: i32| {
        let t = (t << 8) >> shift;
        (t * t * (768 - 2 * t)) >> 16
    };
    let (u, v) = (ease(x & (cell - 1)), ease(y & (cell - 1)));
    let top = speck(seed, column, row) * (256 - u) + speck(seed, column + 1, row) * u;
    let bottom = speck(seed, column, row + 1) * (256 - u) + speck(seed, column + 1, row + 1) * u;
    (top * (256 - v) + bottom * v) >> 16
}

/// A random byte for a place.
pub(super) const fn speck(seed: u32, x: i32, y: i32) -> i32 {
    let mut h = seed ^ (x as u32).wrapping_mul(0x85EB_CA6B) ^ (y as u32).wrapping_mul(0xC2B2_AE35);
    h = (h ^ (h >> 15)).wrapping_mul(0x2C1B_3C6D);
    h = (h ^ (h >> 12)).wrapping_mul(0x297A_2D39);
    (h >> 24) as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permutation_meets_every_number_once() {
        for size in [1, 2, 3, 100, 1000] {
            let mut seen: Vec<u64> = (0..size).map(|n| permuted(7, size, n)).collect();
            seen.sort_unstable();
            assert_eq!(seen, (0..size).collect::<Vec<_>>());
        }
        assert_ne!(permuted(7, 1000, 5), permuted(8, 1000, 5));
        assert_eq!(permuted(7, 0, 5), 0);
    }

    #[test]
    fn names_of_a_stream_all_matter() {
        let first = |names: &[u64]| Chance::named(names).bits();
        let all = [first(&[]), first(&[0]), first(&[0, 0]), first(&[0, 1]), first(&[1, 0]), first(&[1])];
        for (n, bits) in all.iter().enumerate() {
            assert!(!all[..n].contains(bits));
        }
    }

    #[test]
    fn bounds_hold_and_are_reached() {
        let mut random = Chance::named(&[3]);
        let drawn: Vec<i32> = (0..2000).map(|_| random.within(-2, 2)).collect();
        assert_eq!((drawn.iter().min(), drawn.iter().max()), (Some(&-2), Some(&2)));
        assert!((0..4000).all(|n| (0..256).contains(&noise(1, n * 7 - 9000, n * 3, 6))));
    }
}
