//! Two streams' look-ups in turn, without a branch that depends on their bits: what one waits for, the other fills.
//!
//! Assembler, because all of both streams' states must stay in registers, of which there are just enough: LLVM spills them, and
//! turns the conditional moves at a block's end into the branches they replace. `Lane::step` defines a turn.
#![allow(unsafe_code)]

use std::arch::naked_asm;

/// A stream as the kernel has it. All but `bits` and `next` are addresses.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Stream {
    /// Bits from address 0 to the next one.
    pub(super) bits: u64,
    /// The place before the block's first coefficient.
    pub(super) block: u64,
    /// The next coefficient's position; 0 before the DC.
    pub(super) next: u64,
    /// The table for the next bits plus 53 (of 11 bits) or 55 (of 9): how far bits are shifted to be its index is in the
    /// lowest six bits.
    pub(super) table: u64,
    /// The block's [`Link`].
    pub(super) link: u64,
    /// The kernel stops once `block` is not below.
    pub(super) limit: u64,
}

/// Where to go from a block of an MCU; addresses, the tables' as in [`Stream`].
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Link {
    pub(super) ac: u64,
    pub(super) next_dc: u64,
    pub(super) next: u64,
    /// 0, for a conditional move takes no constant.
    pub(super) zero: u64,
    /// Where the table of long symbols would be for 17 bits of zeros; 0 if there is none.
    pub(super) long: u64,
}

/// Why the kernel stopped, in its own numbers; others if one was at its limit.
pub(super) const FIRST_STUCK: u32 = 2;
pub(super) const SECOND_STUCK: u32 = 3;

/// 57 bits or more of a stream.
macro_rules! load {
    ($ready:literal, $bits:literal, $low:literal) => {
        concat!(
            "mov rbp, ",
            $bits,
            "\n",
            "shr rbp, 3\n",
            "movbe ",
            $ready,
            ", [rbp]\n",
            "mov ebp, ",
            $low,
            "\n",
            "and ebp, 7\n",
            "shlx ",
            $ready,
            ", ",
            $ready,
            ", rbp\n",
        )
    };
}

/// A look-up: both coefficients stored, the position moved, and at a block's end on to the next one. Goes to `$long` with the
/// entry's address in r14 where the position is none, neither in a block nor an end's; from there, `$again` with another one.
macro_rules! look_up {
    (
        $ready:literal, $bits:literal, $block:literal, $next:literal, $next4:literal, $next1:literal,
        $table:literal, $link:literal, $long:literal, $again:literal, $shift:literal
    ) => {
        concat!(
            "shrx r14, ",
            $ready,
            ", ",
            $table,
            "\n",
            "lea r14, [",
            $table,
            " + r14*8 - 53]\n",
            $again,
            ":\n",
            "movzx r15d, byte ptr [r14 + 3]\n",
            "movsx ebp, byte ptr [r14 + 5]\n",
            "add r15d, ",
            $next4,
            "\n",
            "mov [",
            $block,
            " + r15*2], bp\n",
            "movzx r15d, word ptr [r14 + 1]\n",
            "bextr r15, ",
            $ready,
            ", r15\n",
            "add r15w, [r14 + 6]\n",
            "add ",
            $next1,
            ", [r14 + 4]\n",
            "mov [",
            $block,
            " + ",
            $next,
            "*2], r15w\n",
            "lea ebp, [",
            $next,
            " - 1]\n",
            "test bpl, 64\n",
            "jnz ",
            $long,
            "f\n",
            "movzx ebp, byte ptr [r14]\n",
            "add ",
            $bits,
            ", rbp\n",
            $shift,
            "cmp ",
            $next4,
            ", 64\n",
            "mov ",
            $table,
            ", [",
            $link,
            "]\n",
            "cmovae ",
            $table,
            ", [",
            $link,
            " + 8]\n",
            "cmovae ",
            $link,
            ", [",
            $link,
            " + 16]\n",
            "lea rbp, [",
            $block,
            " + 128]\n",
            "cmovae ",
            $block,
            ", rbp\n",
            "cmovae ",
            $next,
            ", [",
            $link,
            " + 24]\n",
        )
    };
}

/// Behind the loop: a symbol that 11 bits do not tell is looked up by 17, with as many bits ready as there can be, since it may
/// take 31. Leaves to `$stuck` where that is not what is the matter, or the longer table has no answer.
macro_rules! long {
    (
        $ready:literal, $bits:literal, $low:literal, $next1:literal, $link:literal,
        $long:literal, $again:literal, $stuck:literal
    ) => {
        concat!(
            $long,
            ":\n",
            "sub ",
            $next1,
            ", [r14 + 4]\n",
            "cmp byte ptr [r14 + 4], 64\n",
            "jne ",
            $stuck,
            "f\n",
            "cmp qword ptr [",
            $link,
            " + 32], 0\n",
            "je ",
            $stuck,
            "f\n",
            load!($ready, $bits, $low),
            "mov r14, ",
            $ready,
            "\n",
            "shr r14, 47\n",
            "shl r14, 3\n",
            "add r14, [",
            $link,
            " + 32]\n",
            "cmp byte ptr [r14], 0\n",
            "jne ",
            $again,
            "b\n",
            "jmp ",
            $stuck,
            "f\n",
        )
    };
}

macro_rules! first {
    ($long:literal, $again:literal, $shift:literal) => {
        look_up!("rax", "rbx", "rcx", "rdx", "edx", "dl", "rsi", "rdi", $long, $again, $shift)
    };
}

macro_rules! second {
    ($long:literal, $again:literal, $shift:literal) => {
        look_up!("r8", "r9", "r10", "r11", "r11d", "r11b", "r12", "r13", $long, $again, $shift)
    };
}

macro_rules! long_in_first {
    ($long:literal, $again:literal) => {
        long!("rax", "rbx", "ebx", "dl", "rdi", $long, $again, "72")
    };
}

macro_rules! long_in_second {
    ($long:literal, $again:literal) => {
        long!("r8", "r9", "r9d", "r11b", "r13", $long, $again, "73")
    };
}

/// Reads on in both streams until one is at its limit, or stuck: before a look-up whose entry does not say what to do.
///
/// # Safety
/// BMI1, BMI2 and MOVBE. Tables hold entries for all bits; each takes 26 bits at most, moves the position by 1 at
/// least and 191 at most, and has its first place in 1 to 255. Both streams are below their limits, with `next` below 64.
/// From `block` on 128 bytes for each block up to the limit, and 768 behind them; as many bytes of bits as 64 such entries for
/// each of these blocks and two more may take, and 16 behind them. Links lead in a ring.
#[unsafe(naked)]
pub(super) unsafe extern "sysv64" fn both(_first: *mut Stream, _second: *mut Stream) -> u32 {
    // The limits lie on the stack, as all registers are in use: [rsp] is the second's, [rsp + 8] the first's.
    naked_asm!(
        "push rbx",
        "push rbp",
        "push r12",
        "push r13",
        "push r14",
        "push r15",
        "push rdi",
        "push rsi",
        "push [rdi + 40]",
        "push [rsi + 40]",
        "mov r9, [rsi]",
        "mov r10, [rsi + 8]",
        "mov r11, [rsi + 16]",
        "mov r12, [rsi + 24]",
        "mov r13, [rsi + 32]",
        "mov rbx, [rdi]",
        "mov rcx, [rdi + 8]",
        "mov rdx, [rdi + 16]",
        "mov rsi, [rdi + 24]",
        "mov rdi, [rdi + 32]",
        ".p2align 6",
        "2:",
        load!("rax", "rbx", "ebx"),
        first!("52", "32", "shlx rax, rax, rbp\n"),
        load!("r8", "r9", "r9d"),
        second!("53", "33", "shlx r8, r8, rbp\n"),
        first!("54", "34", ""),
        second!("55", "35", ""),
        "cmp rcx, [rsp + 8]",
        "jae 70f",
        "cmp r10, [rsp]",
        "jb 2b",
        "mov eax, 1",
        "jmp 79f",
        "70:",
        "xor eax, eax",
        "jmp 79f",
        long_in_first!("52", "32"),
        long_in_second!("53", "33"),
        long_in_first!("54", "34"),
        long_in_second!("55", "35"),
        "72:",
        "mov eax, 2",
        "jmp 79f",
        "73:",
        "mov eax, 3",
        "79:",
        "add rsp, 16",
        "pop r14",
        "pop r15",
        "mov [r15], rbx",
        "mov [r15 + 8], rcx",
        "mov [r15 + 16], rdx",
        "mov [r15 + 24], rsi",
        "mov [r15 + 32], rdi",
        "mov [r14], r9",
        "mov [r14 + 8], r10",
        "mov [r14 + 16], r11",
        "mov [r14 + 24], r12",
        "mov [r14 + 32], r13",
        "pop r15",
        "pop r14",
        "pop r13",
        "pop r12",
        "pop rbp",
        "pop rbx",
        "ret",
    )
}

/// The same of one stream alone.
///
/// # Safety
/// As for `both`.
#[unsafe(naked)]
pub(super) unsafe extern "sysv64" fn one(_stream: *mut Stream) -> u32 {
    naked_asm!(
        "push rbx",
        "push rbp",
        "push r12",
        "push r14",
        "push r15",
        "mov r12, rdi",
        "mov rbx, [r12]",
        "mov rcx, [r12 + 8]",
        "mov rdx, [r12 + 16]",
        "mov rsi, [r12 + 24]",
        "mov rdi, [r12 + 32]",
        ".p2align 6",
        "2:",
        load!("rax", "rbx", "ebx"),
        first!("52", "32", "shlx rax, rax, rbp\n"),
        first!("54", "34", ""),
        "cmp rcx, [r12 + 40]",
        "jb 2b",
        "xor eax, eax",
        "jmp 79f",
        long_in_first!("52", "32"),
        long_in_first!("54", "34"),
        "72:",
        "mov eax, 2",
        "79:",
        "mov [r12], rbx",
        "mov [r12 + 8], rcx",
        "mov [r12 + 16], rdx",
        "mov [r12 + 24], rsi",
        "mov [r12 + 32], rdi",
        "pop r15",
        "pop r14",
        "pop r12",
        "pop rbp",
        "pop rbx",
        "ret",
    )
}
