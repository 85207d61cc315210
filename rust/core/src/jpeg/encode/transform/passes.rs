//! What the AVX2 and the AVX-512 transforms have in common: everything that goes on within lanes of 128 bits.
//!
//! Eight registers hold a row each, or a column each, of as many blocks as they have lanes.

/// Writes `pass` and `transposed` with a level's instructions.
macro_rules! passes {
    (
        $features:literal, $register:ty, $add:ident, $sub:ident, $up:ident, $down:ident, $set:ident, $low:ident,
        $high:ident, $accumulate:ident, $descale:ident, $pack:ident, $set_pairs:ident, $low_pairs:ident,
        $high_pairs:ident, $low_quads:ident, $high_quads:ident
    ) => {
        /// A pair of words, for each dword.
        #[inline]
        #[target_feature(enable = $features)]
        fn pair(low: i16, high: i16) -> $register {
            $set_pairs(i32::from(low) & 0xFFFF | i32::from(high) << 16)
        }

        /// Two sums of products of `a` and `b`, the first for the pairs of low words and the second for high ones.
        #[inline]
        #[target_feature(enable = $features)]
        fn products(
            start: ($register, $register),
            (low, high): ($register, $register),
            factors: $register,
        ) -> ($register, $register) {
            ($accumulate(start.0, low, factors), $accumulate(start.1, high, factors))
        }

        /// One pass, over what lies in the same place of all registers: the first one, whose samples are not centred yet, or
        /// the second. `BY` is how many bits products are too large.
        #[inline]
        #[target_feature(enable = $features)]
        fn pass<const FIRST: bool, const BY: u32>(x: [$register; 8]) -> [$register; 8] {
            let [x0, x1, x2, x3, x4, x5, x6, x7] = x;
            let (sum07, sum16, sum25, sum34) = ($add(x0, x7), $add(x1, x6), $add(x2, x5), $add(x3, x4));
            let (t7, t6, t5, t4) = ($sub(x0, x7), $sub(x1, x6), $sub(x2, x5), $sub(x3, x4));
            let (even, odd) = ($add(sum07, sum34), $add(sum16, sum25));
            let (outer, inner) = ($sub(sum07, sum34), $sub(sum16, sum25));
            let (y0, y4) = if FIRST {
                // 128 of each of eight samples are nothing to any other sum.
                ($sub($up::<2>($add(even, odd)), $set(8 * 128 * 4)), $up::<2>($sub(even, odd)))
            } else {
                let even = $add(even, $set(2));
                ($down::<2>($add(even, odd)), $down::<2>($sub(even, odd)))
            };
            let woven = |a, b| ($low(a, b), $high(a, b));
            let whole = |sums: ($register, $register)| $pack($descale::<BY>(sums.0), $descale::<BY>(sums.1));
            let half = $set_pairs(1 << (BY - 1));
            let half = (half, half);
            let tilted = woven(outer, inner);
            let y2 = whole(products(half, tilted, pair(F_0_541 + F_0_765, F_0_541)));
            let y6 = whole(products(half, tilted, pair(F_0_541, F_0_541 - F_1_847)));
            let z34 = woven($add(t4, t6), $add(t5, t7));
            let z3 = products(half, z34, pair(F_1_175 - F_1_961, F_1_175));
            let z4 = products(half, z34, pair(F_1_175, F_1_175 - F_0_390));
            let (t47, t56) = (woven(t4, t7), woven(t5, t6));
            let y7 = whole(products(z3, t47, pair(F_0_298 - F_0_899, -F_0_899)));
            let y5 = whole(products(z4, t56, pair(F_2_053 - F_2_562, -F_2_562)));
            let y3 = whole(products(z3, t56, pair(-F_2_562, F_3_072 - F_2_562)));
            let y1 = whole(products(z4, t47, pair(-F_0_899, F_1_501 - F_0_899)));
            [y0, y1, y2, y3, y4, y5, y6, y7]
        }

        /// Turns rows into columns, in each lane.
        #[inline]
        #[target_feature(enable = $features)]
        fn transposed(x: [$register; 8]) -> [$register; 8] {
            let [x0, x1, x2, x3, x4, x5, x6, x7] = x;
            let (a0, a1, a2, a3) = ($low(x0, x1), $high(x0, x1), $low(x2, x3), $high(x2, x3));
            let (a4, a5, a6, a7) = ($low(x4, x5), $high(x4, x5), $low(x6, x7), $high(x6, x7));
            let (b0, b1, b2, b3) =
                ($low_pairs(a0, a2), $high_pairs(a0, a2), $low_pairs(a1, a3), $high_pairs(a1, a3));
            let (b4, b5, b6, b7) =
                ($low_pairs(a4, a6), $high_pairs(a4, a6), $low_pairs(a5, a7), $high_pairs(a5, a7));
            [
                $low_quads(b0, b4),
                $high_quads(b0, b4),
                $low_quads(b1, b5),
                $high_quads(b1, b5),
                $low_quads(b2, b6),
                $high_quads(b2, b6),
                $low_quads(b3, b7),
                $high_quads(b3, b7),
            ]
        }
    };
}
pub(super) use passes;
