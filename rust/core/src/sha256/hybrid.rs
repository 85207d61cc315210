//! Eight messages at once: message schedules in AVX-512VL vectors, one message a lane, rounds by the SHA extension.
//!
//! The extension alone spends as long on schedules (`sha256msg1`, `sha256msg2`) as on rounds. Here one vector
//! instruction makes a word for all eight messages, and the extension only does rounds, four messages in turn,
//! which hides the four cycles each `sha256rnds2` takes. The schedule runs one block ahead of the rounds and is written
//! between them, so that both have something to do in every cycle.

#![allow(unsafe_code)]

use std::arch::asm;

use super::{BLOCK, K, State};

/// Messages worked on at once.
pub(super) const LANES: usize = 8;

/// W + K of one block of all messages, two rounds of one message side by side as `sha256rnds2` takes them: 64 bytes for
/// two rounds of all. The first sixteen words are stored message by message before they are transposed, the others as
/// unpacking two rows of words leaves them, which works within 128-bit halves. In both, messages 4 to 7 lie 16 bytes
/// behind 0 to 3.
#[repr(align(64))]
#[allow(dead_code)] // only the assembler reads it
struct Sums([u64; 32 * LANES]);

/// The state of each message as the extension has it, least word first: f e b a, then h g d c.
#[repr(align(64))]
struct States([State; LANES]);

/// The shuffle that turns the bytes of each word around.
const SWAP: [u8; 16] = [3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12];

/// Four rounds of four messages, whose sums begin at `$at`, with `$between` after each of the eight instructions. The
/// offsets are those of the first sixteen words (`early`) or of the others.
///
/// The order is the point, here and below. `sha256rnds2` has no encoding for registers above 15 and takes its sums in `xmm0`.
macro_rules! rounds {
    (early $at:literal, $($between:tt)*) => { rounds!(@ $at, 0 32 64 96 8 40 72 104, $($between)*) };
    (late $at:literal, $($between:tt)*) => { rounds!(@ $at, 0 8 32 40 64 72 96 104, $($between)*) };
    (
        @ $at:literal, $a:literal $b:literal $c:literal $d:literal $e:literal $f:literal $g:literal $h:literal,
        [$($i:expr)*] [$($j:expr)*] [$($k:expr)*] [$($l:expr)*] [$($m:expr)*] [$($n:expr)*] [$($o:expr)*] [$($p:expr)*]
    ) => {
        concat!(
            "vmovq xmm0, qword ptr [{now} + ", $at, " + ", $a, "]\n sha256rnds2 xmm5, xmm1, xmm0\n", $($i, "\n",)*
            "vmovq xmm0, qword ptr [{now} + ", $at, " + ", $b, "]\n sha256rnds2 xmm6, xmm2, xmm0\n", $($j, "\n",)*
            "vmovq xmm0, qword ptr [{now} + ", $at, " + ", $c, "]\n sha256rnds2 xmm7, xmm3, xmm0\n", $($k, "\n",)*
            "vmovq xmm0, qword ptr [{now} + ", $at, " + ", $d, "]\n sha256rnds2 xmm8, xmm4, xmm0\n", $($l, "\n",)*
            "vmovq xmm0, qword ptr [{now} + ", $at, " + ", $e, "]\n sha256rnds2 xmm1, xmm5, xmm0\n", $($m, "\n",)*
            "vmovq xmm0, qword ptr [{now} + ", $at, " + ", $f, "]\n sha256rnds2 xmm2, xmm6, xmm0\n", $($n, "\n",)*
            "vmovq xmm0, qword ptr [{now} + ", $at, " + ", $g, "]\n sha256rnds2 xmm3, xmm7, xmm0\n", $($o, "\n",)*
            "vmovq xmm0, qword ptr [{now} + ", $at, " + ", $h, "]\n sha256rnds2 xmm4, xmm8, xmm0\n", $($p, "\n",)*
        )
    };
}

/// Words `4 * $i` to `4 * $i + 3` of the next block, with the first group's rounds from `8 * $i` on.
macro_rules! load {
    ($i:literal: $group:ident $low:literal $high:literal, $w0:literal $w1:literal $w2:literal $w3:literal) => {
        concat!(
            rounds!($group $low,
                ["mov {d}, [{data}]" concat!("vmovdqu xmm9, [{d} + {at} + 16*", $i, "]") "mov {d}, [{data} + 8]"]
                [concat!("vmovdqu xmm10, [{d} + {at} + 16*", $i, "]") "mov {d}, [{data} + 16]"]
                [concat!("vmovdqu xmm11, [{d} + {at} + 16*", $i, "]") "mov {d}, [{data} + 24]"]
                [concat!("vmovdqu xmm12, [{d} + {at} + 16*", $i, "]") "mov {d}, [{data} + 32]"]
                [concat!("vinserti128 ymm9, ymm9, [{d} + {at} + 16*", $i, "], 1") "mov {d}, [{data} + 40]"
                 concat!("vpshufb ", $w0, ", ymm9, ymm15")]
                [concat!("vinserti128 ymm10, ymm10, [{d} + {at} + 16*", $i, "], 1") "mov {d}, [{data} + 48]"
                 concat!("vpshufb ", $w1, ", ymm10, ymm15")]
                [concat!("vinserti128 ymm11, ymm11, [{d} + {at} + 16*", $i, "], 1") "mov {d}, [{data} + 56]"
                 concat!("vpshufb ", $w2, ", ymm11, ymm15")]
                [concat!("vinserti128 ymm12, ymm12, [{d} + {at} + 16*", $i, "], 1")
                 concat!("vpshufb ", $w3, ", ymm12, ymm15")]
            ),
            rounds!($group $high,
                [concat!("vbroadcasti128 ymm9, [{k} + 16*", $i, "]") concat!("vpaddd ymm10, ymm9, ", $w0)]
                [concat!("vpaddd ymm11, ymm9, ", $w1) concat!("vmovdqa [{next} + 128*", $i, "], ymm10")]
                [concat!("vpaddd ymm12, ymm9, ", $w2) concat!("vmovdqa [{next} + 128*", $i, " + 32], ymm11")]
                [concat!("vpaddd ymm13, ymm9, ", $w3) concat!("vmovdqa [{next} + 128*", $i, " + 64], ymm12")]
                [concat!("vpunpckldq ymm10, ", $w0, ", ", $w1) concat!("vmovdqa [{next} + 128*", $i, " + 96], ymm13")]
                [concat!("vpunpckhdq ymm11, ", $w0, ", ", $w1) concat!("vpunpckldq ymm9, ", $w2, ", ", $w3)]
                [concat!("vpunpckhdq ymm12, ", $w2, ", ", $w3) concat!("vpunpcklqdq ", $w0, ", ymm10, ymm9")
                 concat!("vpunpckhqdq ", $w1, ", ymm10, ymm9")]
                [concat!("vpunpcklqdq ", $w2, ", ymm11, ymm12") concat!("vpunpckhqdq ", $w3, ", ymm11, ymm12")]
            ),
        )
    };
}

/// Words `$t` and `$t + 1` of the next block, each in the place of the word 16 before it, with four rounds.
/// `$w0`, `$w1`, `$w2`, `$w9`, `$w10`, `$w14` and `$w15` are the registers of the words from `$t - 16` on.
///
/// One of the two sums of three is made by `vpternlogd`, the other by two exclusive ors, which other units can do than
/// the one that the rounds need.
macro_rules! extend {
    ($group:ident $at:literal: $t:literal, $w0:literal $w1:literal $w2:literal $w9:literal $w10:literal $w14:literal $w15:literal) => {
        rounds!($group $at,
            [concat!("vprord ymm9, ", $w1, ", 7") concat!("vprord ymm10, ", $w1, ", 18")
             concat!("vpsrld ymm11, ", $w1, ", 3") concat!("vpaddd ", $w0, ", ", $w0, ", ", $w9)]
            ["vpxor ymm9, ymm9, ymm10" "vpxor ymm9, ymm9, ymm11"
             concat!("vprord ymm12, ", $w14, ", 17") concat!("vprord ymm13, ", $w14, ", 19")]
            [concat!("vpsrld ymm14, ", $w14, ", 10") concat!("vpaddd ", $w0, ", ", $w0, ", ymm9")
             "vpternlogd ymm12, ymm13, ymm14, 0x96" concat!("vprord ymm9, ", $w2, ", 7")]
            [concat!("vprord ymm10, ", $w2, ", 18") concat!("vpsrld ymm11, ", $w2, ", 3")
             concat!("vpaddd ", $w1, ", ", $w1, ", ", $w10) concat!("vpaddd ", $w0, ", ", $w0, ", ymm12")]
            ["vpxor ymm9, ymm9, ymm10" "vpxor ymm9, ymm9, ymm11"
             concat!("vprord ymm12, ", $w15, ", 17") concat!("vprord ymm13, ", $w15, ", 19")]
            [concat!("vpsrld ymm14, ", $w15, ", 10") concat!("vpaddd ", $w1, ", ", $w1, ", ymm9")
             concat!("vpaddd ymm9, ", $w0, ", dword ptr [{k} + 4*", $t, "]{{1to8}}")
             "vpternlogd ymm12, ymm13, ymm14, 0x96"]
            [concat!("vpaddd ", $w1, ", ", $w1, ", ymm12")
             concat!("vpaddd ymm10, ", $w1, ", dword ptr [{k} + 4*", $t, " + 4]{{1to8}}")
             "vpunpckldq ymm11, ymm9, ymm10"]
            ["vpunpckhdq ymm9, ymm9, ymm10" concat!("vmovdqa [{next} + 32*", $t, "], ymm11")
             concat!("vmovdqa [{next} + 32*", $t, " + 32], ymm9")]
        )
    };
}

/// The states of the group whose first lies `$at` bytes into [`States`].
macro_rules! begin {
    ($at:literal) => {
        concat!(
            "vmovdqa xmm1, [{states} + ",
            $at,
            "]\n vmovdqa xmm5, [{states} + ",
            $at,
            " + 16]\n",
            "vmovdqa xmm2, [{states} + ",
            $at,
            " + 32]\n vmovdqa xmm6, [{states} + ",
            $at,
            " + 48]\n",
            "vmovdqa xmm3, [{states} + ",
            $at,
            " + 64]\n vmovdqa xmm7, [{states} + ",
            $at,
            " + 80]\n",
            "vmovdqa xmm4, [{states} + ",
            $at,
            " + 96]\n vmovdqa xmm8, [{states} + ",
            $at,
            " + 112]\n",
        )
    };
}

/// Adds what the rounds made of them.
macro_rules! end {
    ($at:literal) => {
        concat!(
            end!(@ "xmm1" "xmm5" $at " + 0" " + 16"), end!(@ "xmm2" "xmm6" $at " + 32" " + 48"),
            end!(@ "xmm3" "xmm7" $at " + 64" " + 80"), end!(@ "xmm4" "xmm8" $at " + 96" " + 112"),
        )
    };
    (@ $abef:literal $cdgh:literal $at:literal $x:literal $y:literal) => {
        concat!(
            "vpaddd ", $abef, ", ", $abef, ", [{states} + ", $at, $x, "]\n",
            "vpaddd ", $cdgh, ", ", $cdgh, ", [{states} + ", $at, $y, "]\n",
            "vmovdqa [{states} + ", $at, $x, "], ", $abef, "\n vmovdqa [{states} + ", $at, $y, "], ", $cdgh, "\n",
        )
    };
}

/// Sixteen words from `$t` on; the registers come round to where they were.
macro_rules! extend16 {
    ($($group:ident $at:literal $t:literal)*) => {
        extend16!(@ [] [$([$group $at $t])*]
            ["ymm16" "ymm17" "ymm18" "ymm25" "ymm26" "ymm30" "ymm31"]
            ["ymm18" "ymm19" "ymm20" "ymm27" "ymm28" "ymm16" "ymm17"]
            ["ymm20" "ymm21" "ymm22" "ymm29" "ymm30" "ymm18" "ymm19"]
            ["ymm22" "ymm23" "ymm24" "ymm31" "ymm16" "ymm20" "ymm21"]
            ["ymm24" "ymm25" "ymm26" "ymm17" "ymm18" "ymm22" "ymm23"]
            ["ymm26" "ymm27" "ymm28" "ymm19" "ymm20" "ymm24" "ymm25"]
            ["ymm28" "ymm29" "ymm30" "ymm21" "ymm22" "ymm26" "ymm27"]
            ["ymm30" "ymm31" "ymm16" "ymm23" "ymm24" "ymm28" "ymm29"])
    };
    (@ [$($done:expr,)*] []) => { concat!($($done),*) };
    (@ [$($done:expr,)*] [[$group:ident $at:literal $t:literal] $($later:tt)*] [$($w:literal)*] $($more:tt)*) => {
        extend16!(@ [$($done,)* extend!($group $at: $t, $($w)*),] [$($later)*] $($more)*)
    };
}

/// One block of each message: its rounds, of which `now` holds the sums, and the sums of the next block, which lies `at`
/// bytes into `data`, into `next`. First come all rounds of messages 0 to 3, then those of 4 to 7: the CPU looks far enough
/// ahead to begin with the latter where the former wait.
///
/// All of it is one piece of assembler. LLVM would tear schedule and rounds apart, and between two pieces it moves what is
/// in registers to memory and back.
///
/// # Safety
/// Each of `data` must point at a block, `at` bytes on.
#[inline(never)] // it is long, and called in two places
#[target_feature(enable = "avx512f,avx512vl,avx512bw,sha")]
unsafe fn turn(now: &Sums, next: &mut Sums, states: &mut States, data: &[*const u8; LANES], at: usize) {
    // SAFETY: reads and writes `Sums` and `States` within their bounds, and reads blocks that the caller vouches for.
    unsafe {
        asm!(
            "vbroadcasti128 ymm15, [{swap}]",
            begin!("0"),
            load!(0: early "64*0" "64*2", "ymm16" "ymm17" "ymm18" "ymm19"),
            load!(1: early "64*4" "64*6", "ymm20" "ymm21" "ymm22" "ymm23"),
            load!(2: late "64*8" "64*10", "ymm24" "ymm25" "ymm26" "ymm27"),
            load!(3: late "64*12" "64*14", "ymm28" "ymm29" "ymm30" "ymm31"),
            extend16!(late "64*16" 16 late "64*18" 18 late "64*20" 20 late "64*22" 22
                      late "64*24" 24 late "64*26" 26 late "64*28" 28 late "64*30" 30),
            end!("0"),
            begin!("128"),
            extend16!(early "64*0 + 16" 32 early "64*2 + 16" 34 early "64*4 + 16" 36 early "64*6 + 16" 38
                      late "64*8 + 16" 40 late "64*10 + 16" 42 late "64*12 + 16" 44 late "64*14 + 16" 46),
            extend16!(late "64*16 + 16" 48 late "64*18 + 16" 50 late "64*20 + 16" 52 late "64*22 + 16" 54
                      late "64*24 + 16" 56 late "64*26 + 16" 58 late "64*28 + 16" 60 late "64*30 + 16" 62),
            end!("128"),
            now = in(reg) now, next = in(reg) next, states = in(reg) states, k = in(reg) K.as_ptr(),
            swap = in(reg) SWAP.as_ptr(), data = in(reg) data, at = in(reg) at, d = out(reg) _,
            out("xmm0") _, out("xmm1") _, out("xmm2") _, out("xmm3") _, out("xmm4") _, out("xmm5") _, out("xmm6") _,
            out("xmm7") _, out("xmm8") _, out("ymm9") _, out("ymm10") _, out("ymm11") _, out("ymm12") _,
            out("ymm13") _, out("ymm14") _, out("ymm15") _, out("ymm16") _, out("ymm17") _, out("ymm18") _,
            out("ymm19") _, out("ymm20") _, out("ymm21") _, out("ymm22") _, out("ymm23") _, out("ymm24") _,
            out("ymm25") _, out("ymm26") _, out("ymm27") _, out("ymm28") _, out("ymm29") _, out("ymm30") _,
            out("ymm31") _,
            options(nostack, preserves_flags)
        );
    }
}

/// Takes `blocks` blocks of each message into its state.
///
/// # Safety
/// `data` must point at `blocks` blocks each.
#[target_feature(enable = "avx512f,avx512vl,avx512bw,sha")]
pub(super) unsafe fn compress(states: &mut [State; LANES], data: &[*const u8; LANES], blocks: usize) {
    let Some(last) = blocks.checked_sub(1) else { return };
    let (mut one, mut other) = (Sums([0; 32 * LANES]), Sums([0; 32 * LANES]));
    let (mut now, mut next) = (&mut one, &mut other);
    let mut inner = States([[0; 8]; LANES]);
    // The first turn makes the first block's sums; its rounds, on nothing, are thrown away. After the last block its sums
    // are made once more. One turn in a thousand is cheaper than a second copy of the loop.
    // SAFETY: block 0 is there, as `last` is at least that.
    unsafe { turn(next, now, &mut inner, data, 0) };
    for (inner, &[a, b, c, d, e, f, g, h]) in inner.0.iter_mut().zip(&*states) {
        *inner = [f, e, b, a, h, g, d, c];
    }
    for block in 0..blocks {
        // SAFETY: no block after the last.
        unsafe { turn(now, next, &mut inner, data, last.min(block + 1) * BLOCK) };
        std::mem::swap(&mut now, &mut next);
    }
    for (state, &[f, e, b, a, h, g, d, c]) in states.iter_mut().zip(&inner.0) {
        *state = [a, b, c, d, e, f, g, h];
    }
}
