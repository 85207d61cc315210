//! The one source of chance: splitmix64, written down so that it never changes.
//!
//! State advances by `0x9E3779B97F4A7C15`; the output mixes it by two multiply-xorshift rounds (Steele,
//! Lea and Flood, 2014). Known sequence for seed 1234567: 6457827717110365317, 3203168211198807973,
//! 9817491932198370423, … (pinned below). A stream is named by numbers, so any sample, image or hair can
//! be drawn without drawing those before it.

const GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

/// splitmix64's output function: a bijection of 64-bit numbers that looks random.
pub const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A stream of random numbers.
#[derive(Debug, Clone)]
pub struct Random {
    state: u64,
}

impl Random {
    /// The stream of a seed: splitmix64's own.
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The stream named by several numbers; every number matters, and so does their order.
    pub fn named(names: &[u64]) -> Self {
        let state =
            names.iter().fold(0, |state: u64, name| mix(mix(state.wrapping_add(GAMMA)).wrapping_add(*name)));
        Self::new(state)
    }

    /// The next 64 bits.
    pub const fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GAMMA);
        mix(self.state)
    }

    /// A number in `0..n` (0 for `n` = 0): the high 32 bits, scaled. Its bias is below n / 2³².
    pub const fn below(&mut self, n: u32) -> u32 {
        ((self.bits() >> 32) * n as u64 >> 32) as u32
    }

    /// A number in `low..=high`.
    pub const fn within(&mut self, low: i32, high: i32) -> i32 {
        low + self.below((high - low + 1) as u32) as i32
    }
}

/// The `n`-th number of a seeded permutation of `0..size`; `n` beyond `size` begins again.
///
/// A six-round Feistel network on the next even number of bits, walked until it falls inside, so that
/// distinct `n` give distinct results without remembering any.
pub fn permuted(seed: u64, size: u64, n: u64) -> u64 {
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
pub fn noise(seed: u32, x: i32, y: i32, shift: u32) -> i32 {
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
pub const fn speck(seed: u32, x: i32, y: i32) -> i32 {
    let mut h = seed ^ (x as u32).wrapping_mul(0x85EB_CA6B) ^ (y as u32).wrapping_mul(0xC2B2_AE35);
    h = (h ^ (h >> 15)).wrapping_mul(0x2C1B_3C6D);
    h = (h ^ (h >> 12)).wrapping_mul(0x297A_2D39);
    (h >> 24) as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_sequence_is_reproduced() {
        let mut random = Random::new(1_234_567);
        let first: Vec<u64> = (0..5).map(|_| random.bits()).collect();
        let published = [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
            4_593_380_528_125_082_431,
            16_408_922_859_458_223_821,
        ];
        assert_eq!(first, published);
    }

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
        let first = |names: &[u64]| Random::named(names).bits();
        let all = [first(&[]), first(&[0]), first(&[0, 0]), first(&[0, 1]), first(&[1, 0]), first(&[1])];
        for (n, bits) in all.iter().enumerate() {
            assert!(!all[..n].contains(bits));
        }
    }

    #[test]
    fn bounds_hold_and_are_reached() {
        let mut random = Random::new(3);
        let drawn: Vec<i32> = (0..2000).map(|_| random.within(-2, 2)).collect();
        assert_eq!((drawn.iter().min(), drawn.iter().max()), (Some(&-2), Some(&2)));
        assert!((0..4000).all(|n| (0..256).contains(&noise(1, n * 7 - 9000, n * 3, 6))));
    }
}
