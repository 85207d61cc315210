//! Eight messages at once: message schedules in AVX-512VL vectors, one message a lane, rounds by the SHA extension.
//!
//! The extension alone spends as long on schedules (`sha256msg1`, `sha256msg2`) as on rounds. Here one vector
//! instruction makes a word for all eight messages, and the extension only does rounds, four messages in turn,
//! which hides the four cycles each `sha256rnds2` takes. The schedule runs one block ahead of the rounds and is written
//! between them, so that both have something to do in every cycle.

#![allow(unsafe_code)]

#[allow(clippy::wildcard_imports)] // as in the C headers: the names say themselves where they come from
use std::arch::x86_64::*;

use super::{BLOCK, K, State};

/// Messages worked on at once.
pub(super) const LANES: usize = 8;

/// W + K of one block of all messages, two rounds of one message side by side as `sha256rnds2` takes them:
/// 64 bytes for two rounds of all, or for the first sixteen, 128 for four. [`at`] says where.
#[repr(align(64))]
struct Sums([u64; 32 * LANES]);

/// The byte in [`Sums`] of rounds `2 * pair` and `2 * pair + 1` of a message.
const fn at(pair: usize, lane: usize) -> usize {
    // The first words are stored message by message before they are transposed, the others as unpacking two rows
    // of words leaves them, which works within 128-bit halves.
    const UNPACKED: [usize; LANES] = [0, 8, 32, 40, 16, 24, 48, 56];
    if pair < 8 {
        pair / 2 * 128 + lane % 4 * 32 + lane / 4 * 16 + pair % 2 * 8
    } else {
        pair * 64 + UNPACKED[lane]
    }
}

/// The state of four messages as the extension has it.
#[derive(Clone, Copy)]
struct Four {
    abef: [__m128i; 4],
    cdgh: [__m128i; 4],
}

/// Two rows of the extension's work, four rounds of four messages, with `$between` in eight places between them.
///
/// Assembler, because the order is the point: LLVM's scheduler tears schedule and rounds apart, and spills what then lives
/// too long. `sha256rnds2` has no encoding for registers above 15 and takes its sums in `xmm0`, hence the names.
macro_rules! rounds {
    (
        $four:ident, $now:ident, $first:literal, $pair:expr;
        $([$($between:expr)*])*; $($operands:tt)*
    ) => {
        rounds!(@asm $four, $now, $first, $pair;
            [$([$($between,)*])*]
            [
                ["vmovq xmm0, qword ptr [{now} + {p0}]", "sha256rnds2 xmm5, xmm1, xmm0",]
                ["vmovq xmm0, qword ptr [{now} + {p1}]", "sha256rnds2 xmm6, xmm2, xmm0",]
                ["vmovq xmm0, qword ptr [{now} + {p2}]", "sha256rnds2 xmm7, xmm3, xmm0",]
                ["vmovq xmm0, qword ptr [{now} + {p3}]", "sha256rnds2 xmm8, xmm4, xmm0",]
                ["vmovq xmm0, qword ptr [{now} + {q0}]", "sha256rnds2 xmm1, xmm5, xmm0",]
                ["vmovq xmm0, qword ptr [{now} + {q1}]", "sha256rnds2 xmm2, xmm6, xmm0",]
                ["vmovq xmm0, qword ptr [{now} + {q2}]", "sha256rnds2 xmm3, xmm7, xmm0",]
                ["vmovq xmm0, qword ptr [{now} + {q3}]", "sha256rnds2 xmm4, xmm8, xmm0",]
            ]
            [$($operands)*])
    };
    (@asm
        $four:ident, $now:ident, $first:literal, $pair:expr;
        [$([$($between:tt)*])*] [$([$($round:tt)*])*] [$($operands:tt)*]
    ) => {
        // SAFETY: reads and writes `Sums` within its bounds, and blocks that the caller vouches for.
        unsafe {
            std::arch::asm!(
                $($($round)* $($between)*)*
                now = in(reg) $now,
                p0 = const at($pair, $first), p1 = const at($pair, $first + 1),
                p2 = const at($pair, $first + 2), p3 = const at($pair, $first + 3),
                q0 = const at($pair + 1, $first), q1 = const at($pair + 1, $first + 1),
                q2 = const at($pair + 1, $first + 2), q3 = const at($pair + 1, $first + 3),
                $($operands)*
                out("xmm0") _,
                inout("xmm1") $four.abef[0], inout("xmm2") $four.abef[1],
                inout("xmm3") $four.abef[2], inout("xmm4") $four.abef[3],
                inout("xmm5") $four.cdgh[0], inout("xmm6") $four.cdgh[1],
                inout("xmm7") $four.cdgh[2], inout("xmm8") $four.cdgh[3],
                options(nostack, preserves_flags)
            );
        }
    };
}

/// Words `4 * $i` to `4 * $i + 3` of the next block, with rounds from row `4 * $i` on.
macro_rules! load {
    (
        $four:ident, $now:ident, $next:ident, $w:ident, $data:ident, $at:ident, $first:literal: $i:literal $pair:literal,
        $w0:tt $w1:tt $w2:tt $w3:tt
    ) => {
        rounds!($four, $now, $first, $pair;
            ["vmovdqu xmm9, xmmword ptr [{d0} + {at} + {o}]"]
            ["vmovdqu xmm10, xmmword ptr [{d1} + {at} + {o}]"]
            ["vmovdqu xmm11, xmmword ptr [{d2} + {at} + {o}]"]
            ["vmovdqu xmm12, xmmword ptr [{d3} + {at} + {o}]"]
            ["vinserti128 ymm9, ymm9, xmmword ptr [{d4} + {at} + {o}], 1" "vpshufb ymm9, ymm9, ymm13"]
            ["vinserti128 ymm10, ymm10, xmmword ptr [{d5} + {at} + {o}], 1" "vpshufb ymm10, ymm10, ymm13"]
            ["vinserti128 ymm11, ymm11, xmmword ptr [{d6} + {at} + {o}], 1" concat!("vpshufb ", $w2, ", ymm11, ymm13")]
            ["vinserti128 ymm12, ymm12, xmmword ptr [{d7} + {at} + {o}], 1" concat!("vpshufb ", $w3, ", ymm12, ymm13")
             concat!("vmovdqa64 ", $w0, ", ymm9") concat!("vmovdqa64 ", $w1, ", ymm10")];
            d0 = in(reg) $data[0], d1 = in(reg) $data[1], d2 = in(reg) $data[2], d3 = in(reg) $data[3],
            d4 = in(reg) $data[4], d5 = in(reg) $data[5], d6 = in(reg) $data[6], d7 = in(reg) $data[7],
            at = in(reg) $at, o = const 16 * $i,
            out("ymm9") _, out("ymm10") _, out("ymm11") _, out("ymm12") _, in("ymm13") swap(),
            out($w0) $w[4 * $i], out($w1) $w[4 * $i + 1], out($w2) $w[4 * $i + 2], out($w3) $w[4 * $i + 3],
        );
        rounds!($four, $now, $first, $pair + 2;
            ["vbroadcasti128 ymm9, xmmword ptr [{k} + {o}]" concat!("vpaddd ymm10, ymm9, ", $w0)]
            [concat!("vpaddd ymm11, ymm9, ", $w1) "vmovdqa ymmword ptr [{next} + {s}], ymm10"]
            [concat!("vpaddd ymm10, ymm9, ", $w2) "vmovdqa ymmword ptr [{next} + {s} + 32], ymm11"]
            [concat!("vpaddd ymm11, ymm9, ", $w3) "vmovdqa ymmword ptr [{next} + {s} + 64], ymm10"]
            [concat!("vpunpckldq ymm10, ", $w0, ", ", $w1) "vmovdqa ymmword ptr [{next} + {s} + 96], ymm11"]
            [concat!("vpunpckhdq ymm11, ", $w0, ", ", $w1) concat!("vpunpckldq ymm9, ", $w2, ", ", $w3)]
            [concat!("vpunpckhdq ymm12, ", $w2, ", ", $w3) concat!("vpunpcklqdq ", $w0, ", ymm10, ymm9")
             concat!("vpunpckhqdq ", $w1, ", ymm10, ymm9")]
            [concat!("vpunpcklqdq ", $w2, ", ymm11, ymm12") concat!("vpunpckhqdq ", $w3, ", ymm11, ymm12")];
            next = in(reg) $next, k = in(reg) K.as_ptr(), o = const 16 * $i, s = const 128 * $i,
            out("ymm9") _, out("ymm10") _, out("ymm11") _, out("ymm12") _,
            inout($w0) $w[4 * $i], inout($w1) $w[4 * $i + 1], inout($w2) $w[4 * $i + 2], inout($w3) $w[4 * $i + 3],
        );
    };
}

/// Words `$t` and `$t + 1` of the next block, each in the place of the word 16 before it, with rounds from row `$pair` on.
/// `$w0`, `$w1`, `$w2`, `$w9`, `$w10`, `$w14` and `$w15` are the registers of the words from `$t - 16` on.
macro_rules! extend {
    (
        $four:ident, $now:ident, $next:ident, $w:ident, $first:literal: $t:literal $pair:literal,
        $w0:tt $w1:tt $w2:tt $w9:tt $w10:tt $w14:tt $w15:tt
    ) => {
        rounds!($four, $now, $first, $pair;
            [concat!("vprord ymm9, ", $w1, ", 7") concat!("vprord ymm10, ", $w1, ", 18")
             concat!("vpsrld ymm11, ", $w1, ", 3") concat!("vpaddd ", $w0, ", ", $w0, ", ", $w9)]
            ["vpternlogd ymm9, ymm10, ymm11, 0x96" concat!("vprord ymm12, ", $w14, ", 17")
             concat!("vprord ymm13, ", $w14, ", 19") concat!("vpsrld ymm14, ", $w14, ", 10")]
            [concat!("vpaddd ", $w0, ", ", $w0, ", ymm9") "vpternlogd ymm12, ymm13, ymm14, 0x96"
             concat!("vprord ymm9, ", $w2, ", 7")]
            [concat!("vprord ymm10, ", $w2, ", 18") concat!("vpsrld ymm11, ", $w2, ", 3")
             concat!("vpaddd ", $w1, ", ", $w1, ", ", $w10)]
            [concat!("vpaddd ", $w0, ", ", $w0, ", ymm12") "vpternlogd ymm9, ymm10, ymm11, 0x96"
             concat!("vprord ymm12, ", $w15, ", 17") concat!("vprord ymm13, ", $w15, ", 19")]
            [concat!("vpsrld ymm14, ", $w15, ", 10") concat!("vpaddd ", $w1, ", ", $w1, ", ymm9")
             concat!("vpaddd ymm9, ", $w0, ", dword ptr [{k} + {o}]{{1to8}}")]
            ["vpternlogd ymm12, ymm13, ymm14, 0x96" concat!("vpaddd ", $w1, ", ", $w1, ", ymm12")
             concat!("vpaddd ymm10, ", $w1, ", dword ptr [{k} + {o} + 4]{{1to8}}")]
            ["vpunpckldq ymm11, ymm9, ymm10" "vpunpckhdq ymm9, ymm9, ymm10"
             "vmovdqa ymmword ptr [{next} + {s}], ymm11" "vmovdqa ymmword ptr [{next} + {s} + 32], ymm9"];
            next = in(reg) $next, k = in(reg) K.as_ptr(), o = const 4 * $t, s = const 32 * $t,
            out("ymm9") _, out("ymm10") _, out("ymm11") _, out("ymm12") _, out("ymm13") _, out("ymm14") _,
            inout($w0) $w[$t % 16], inout($w1) $w[($t + 1) % 16], in($w2) $w[($t + 2) % 16],
            in($w9) $w[($t + 9) % 16], in($w10) $w[($t + 10) % 16],
            in($w14) $w[($t + 14) % 16], in($w15) $w[($t + 15) % 16],
        );
    };
}

/// Takes `blocks` blocks of each message into its state.
///
/// # Safety
/// `data` must point at `blocks` blocks each.
#[target_feature(enable = "avx512f,avx512vl,sha")]
pub(super) unsafe fn compress(states: &mut [State; LANES], data: &[*const u8; LANES], blocks: usize) {
    if blocks == 0 {
        return;
    }
    let mut sums = [const { Sums([0; 32 * LANES]) }; 2];
    let [mut now, mut next] = sums.each_mut().map(|sums| sums.0.as_mut_ptr());
    let mut w = [_mm256_setzero_si256(); 16];
    let [mut low, mut high] = [0, 4].map(|first| gather(states, first));
    // The first turn makes the first block's schedule; its rounds, on nothing, are thrown away. After the last block
    // its schedule is made once more. One turn in a thousand is cheaper than a second copy of the loop.
    for turn in 0..=blocks {
        let at = turn.min(blocks - 1) * BLOCK;
        let (mut a, mut b) = (low, high);
        load!(a, now, next, w, data, at, 0: 0 0, "ymm16" "ymm17" "ymm18" "ymm19");
        load!(b, now, next, w, data, at, 4: 1 0, "ymm20" "ymm21" "ymm22" "ymm23");
        load!(a, now, next, w, data, at, 0: 2 4, "ymm24" "ymm25" "ymm26" "ymm27");
        load!(b, now, next, w, data, at, 4: 3 4, "ymm28" "ymm29" "ymm30" "ymm31");
        macro_rules! extend16 {
            ($($four:ident $first:literal $t:literal $pair:literal)*) => {
                extend16!(@with [$($four $first $t $pair)*]
                    ["ymm16" "ymm17" "ymm18" "ymm25" "ymm26" "ymm30" "ymm31"]
                    ["ymm18" "ymm19" "ymm20" "ymm27" "ymm28" "ymm16" "ymm17"]
                    ["ymm20" "ymm21" "ymm22" "ymm29" "ymm30" "ymm18" "ymm19"]
                    ["ymm22" "ymm23" "ymm24" "ymm31" "ymm16" "ymm20" "ymm21"]
                    ["ymm24" "ymm25" "ymm26" "ymm17" "ymm18" "ymm22" "ymm23"]
                    ["ymm26" "ymm27" "ymm28" "ymm19" "ymm20" "ymm24" "ymm25"]
                    ["ymm28" "ymm29" "ymm30" "ymm21" "ymm22" "ymm26" "ymm27"]
                    ["ymm30" "ymm31" "ymm16" "ymm23" "ymm24" "ymm28" "ymm29"])
            };
            (@with []) => {};
            (@with [$four:ident $first:literal $t:literal $pair:literal $($later:tt)*] [$($w:tt)*] $([$($more:tt)*])*) => {
                extend!($four, now, next, w, $first: $t $pair, $($w)*);
                extend16!(@with [$($later)*] $([$($more)*])*);
            };
        }
        extend16!(a 0 16 8 a 0 18 10 b 4 20 8 b 4 22 10 a 0 24 12 a 0 26 14 b 4 28 12 b 4 30 14);
        extend16!(a 0 32 16 a 0 34 18 b 4 36 16 b 4 38 18 a 0 40 20 a 0 42 22 b 4 44 20 b 4 46 22);
        extend16!(a 0 48 24 a 0 50 26 b 4 52 24 b 4 54 26 a 0 56 28 a 0 58 30 b 4 60 28 b 4 62 30);
        if turn > 0 {
            (low, high) = (add(low, a), add(high, b));
        }
        std::mem::swap(&mut now, &mut next);
    }
    scatter(states, 0, low);
    scatter(states, 4, high);
}

/// The shuffle that turns words around.
#[inline]
#[target_feature(enable = "avx512f,avx512vl,sha")]
fn swap() -> __m256i {
    _mm256_broadcastsi128_si256(_mm_set_epi64x(0x0c0d_0e0f_0809_0a0b, 0x0405_0607_0001_0203))
}

#[inline]
#[target_feature(enable = "avx512f,avx512vl,sha")]
fn add(a: Four, b: Four) -> Four {
    let mut sum = a;
    for i in 0..4 {
        sum.abef[i] = _mm_add_epi32(a.abef[i], b.abef[i]);
        sum.cdgh[i] = _mm_add_epi32(a.cdgh[i], b.cdgh[i]);
    }
    sum
}

#[inline]
#[target_feature(enable = "avx512f,avx512vl,sha")]
fn gather(states: &[State; LANES], first: usize) -> Four {
    let mut four = Four { abef: [_mm_setzero_si128(); 4], cdgh: [_mm_setzero_si128(); 4] };
    for i in 0..4 {
        let [a, b, c, d, e, f, g, h] = states[first + i].map(|word| word as i32);
        four.abef[i] = _mm_set_epi32(a, b, e, f);
        four.cdgh[i] = _mm_set_epi32(c, d, g, h);
    }
    four
}

#[inline]
#[target_feature(enable = "avx512f,avx512vl,sha")]
fn scatter(states: &mut [State; LANES], first: usize, four: Four) {
    for i in 0..4 {
        let (mut x, mut y) = ([0_u32; 4], [0_u32; 4]);
        // SAFETY: both are 16 bytes.
        unsafe {
            _mm_storeu_si128(x.as_mut_ptr().cast(), four.abef[i]);
            _mm_storeu_si128(y.as_mut_ptr().cast(), four.cdgh[i]);
        }
        let ([f, e, b, a], [h, g, d, c]) = (x, y);
        states[first + i] = [a, b, c, d, e, f, g, h];
    }
}
