//! What the AVX2 and the AVX-512 transforms have in common: everything that goes on within lanes of 128 bits.
//!
//! Eight registers hold a column each, or a row each, of as many blocks as they have lanes. Shuffles are what there is most
//! of, so sums of products are not packed: shifted and blended they are, two and two, what the first step of a transposition
//! would make of packed ones. That leaves coefficients in an order of its own, which tables and the zigzag are put in.

/// Which horizontal frequency each word is of after the first pass.
pub(super) const FREQUENCIES: [usize; 8] = [0, 4, 2, 6, 1, 3, 5, 7];

/// Where the second pass leaves each coefficient of a block.
pub(super) const SLOTS: [u8; 64] = {
    let mut slots = [0; 64];
    let mut slot = 0;
    while slot < 64 {
        let (row, word) = (slot / 8, slot % 8);
        // Sums of products come as words 0 to 3 and 4 to 7, of which pairs are made.
        let word = if row % 4 == 0 { word } else { word / 2 + word % 2 * 4 };
        slots[row * 8 + FREQUENCIES[word]] = slot as u8;
        slot += 1;
    }
    slots
};

/// What outputs 1, 3, 5 and 7 are in terms of the differences: t4 and t7, t5 and t6.
#[cfg(target_arch = "x86_64")]
pub(super) const ODD: [[(i16, i16); 2]; 4] = {
    #[allow(clippy::wildcard_imports)] // its constants
    use super::plain::*;
    [
        [(F_1_175 - F_0_899, F_1_501 - F_0_899 - F_0_390 + F_1_175), (F_1_175 - F_0_390, F_1_175)],
        [(F_1_175 - F_1_961, F_1_175), (F_1_175 - F_2_562, F_3_072 - F_2_562 - F_1_961 + F_1_175)],
        [(F_1_175, F_1_175 - F_0_390), (F_2_053 - F_2_562 - F_0_390 + F_1_175, F_1_175 - F_2_562)],
        [(F_0_298 - F_0_899 - F_1_961 + F_1_175, F_1_175 - F_0_899), (F_1_175, F_1_175 - F_1_961)],
    ]
};

/// Writes the passes with a level's instructions.
#[cfg(target_arch = "x86_64")]
macro_rules! passes {
    (
        $features:literal, $register:ty, $add:ident, $sub:ident, $up:ident, $down:ident, $set:ident, $low:ident,
        $high:ident, $accumulate:ident, $set_pairs:ident, $low_pairs:ident, $high_pairs:ident, $low_quads:ident,
        $high_quads:ident, $down_pairs:ident, $up_pairs:ident, $blend:ident
    ) => {
        /// Sums for words 0 to 3 of each lane, and for words 4 to 7.
        type Sums = ($register, $register);

        /// Adds words times factors. Results have 13 bits too many, of which the first pass keeps two and the second loses two
        /// more; there factors are doubled, so that what is left is the high word.
        #[inline]
        #[target_feature(enable = $features)]
        fn products<const FIRST: bool>(sums: Sums, (low, high): Sums, (a, b): (i16, i16)) -> Sums {
            let scale = if FIRST { 1 } else { 2 };
            let factors = $set_pairs(i32::from(a * scale) & 0xFFFF | i32::from(b * scale) << 16);
            ($accumulate(sums.0, low, factors), $accumulate(sums.1, high, factors))
        }

        /// One pass, over what lies in the same place of all registers: outputs 0 and 4 as words, the others as sums.
        #[inline]
        #[target_feature(enable = $features)]
        fn pass<const FIRST: bool>(x: [$register; 8]) -> ([$register; 2], [Sums; 2], [Sums; 4]) {
            let [x0, x1, x2, x3, x4, x5, x6, x7] = x;
            let (sum07, sum16, sum25, sum34) = ($add(x0, x7), $add(x1, x6), $add(x2, x5), $add(x3, x4));
            let (t7, t6, t5, t4) = ($sub(x0, x7), $sub(x1, x6), $sub(x2, x5), $sub(x3, x4));
            let (even, odd) = ($add(sum07, sum34), $add(sum16, sum25));
            let (outer, inner) = ($sub(sum07, sum34), $sub(sum16, sum25));
            let levels = if FIRST {
                // 128 of each of eight samples, which are not centred yet, are nothing to any other output.
                [$sub($up::<2>($add(even, odd)), $set(8 * 128 * 4)), $up::<2>($sub(even, odd))]
            } else {
                let even = $add(even, $set(2));
                [$down::<2>($add(even, odd)), $down::<2>($sub(even, odd))]
            };
            let woven = |a, b| ($low(a, b), $high(a, b));
            let tilted = woven(outer, inner);
            let (t47, t56) = (woven(t4, t7), woven(t5, t6));
            let half = $set_pairs(if FIRST { 1 << 10 } else { 1 << 15 });
            let half = (half, half);
            let even = |factors| products::<FIRST>(half, tilted, factors);
            let odd = |factors: [(i16, i16); 2]| {
                products::<FIRST>(products::<FIRST>(half, t47, factors[0]), t56, factors[1])
            };
            (
                levels,
                [even((F_0_541 + F_0_765, F_0_541)), even((F_0_541, F_0_541 - F_1_847))],
                [odd(ODD[0]), odd(ODD[1]), odd(ODD[2]), odd(ODD[3])],
            )
        }

        /// Takes columns of samples; gives rows, transformed, of words in the order of `FREQUENCIES`.
        #[inline]
        #[target_feature(enable = $features)]
        fn first_pass(columns: [$register; 8]) -> [$register; 8] {
            let ([y0, y4], [y2, y6], [y1, y3, y5, y7]) = pass::<true>(columns);
            // Of each row the words of both, for rows 0 to 3 and 4 to 7.
            let both = |a: Sums, b: Sums| {
                let joined = |a, b| $blend($down_pairs::<11>(a), $up_pairs::<5>(b));
                (joined(a.0, b.0), joined(a.1, b.1))
            };
            let (y04, y26, y13, y57) =
                (($low(y0, y4), $high(y0, y4)), both(y2, y6), both(y1, y3), both(y5, y7));
            let four = |even, even2, odd, odd2| {
                let (even01, even23) = ($low_pairs(even, even2), $high_pairs(even, even2));
                let (odd01, odd23) = ($low_pairs(odd, odd2), $high_pairs(odd, odd2));
                [
                    $low_quads(even01, odd01),
                    $high_quads(even01, odd01),
                    $low_quads(even23, odd23),
                    $high_quads(even23, odd23),
                ]
            };
            let [r0, r1, r2, r3] = four(y04.0, y26.0, y13.0, y57.0);
            let [r4, r5, r6, r7] = four(y04.1, y26.1, y13.1, y57.1);
            [r0, r1, r2, r3, r4, r5, r6, r7]
        }

        /// Takes those rows; gives rows of coefficients, which lie as `SLOTS` says.
        #[inline]
        #[target_feature(enable = $features)]
        fn second_pass(rows: [$register; 8]) -> [$register; 8] {
            let ([y0, y4], [y2, y6], [y1, y3, y5, y7]) = pass::<false>(rows);
            let joined = |(low, high): Sums| $blend($down_pairs::<16>(low), high);
            [y0, joined(y1), joined(y2), joined(y3), y4, joined(y5), joined(y6), joined(y7)]
        }
    };
}
#[cfg(target_arch = "x86_64")]
pub(super) use passes;
