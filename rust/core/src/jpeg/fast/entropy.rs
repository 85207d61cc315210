//! The bits of a scan to coefficients, an MCU at a time.
//!
//! What matters is the chain from one table look-up to the next, so an entry gives two symbols, values are
//! stored without asking whether there are any, and everything that is not a plain block leaves by one test
//! of the position.

#![allow(unsafe_code)]
#![allow(clippy::inline_always)] // the reader's state stays in registers only in one function

use super::{
    bits::Bits,
    order::NATURAL_ORDER,
    tables::{AC_BITS, Codes, DC_BITS, END, LONG, base},
};

/// Blocks of the largest MCU.
pub(super) const MOST_BLOCKS: usize = 6;

/// Where the first block lies in [`Coefficients`].
const FRONT: usize = 32;
/// Places behind a block that stores may reach: a position within a block plus the most an entry says.
const REACH: usize = 320;

/// The orders coefficients are stored in.
pub(super) const NATURAL: bool = false;
pub(super) const ZIGZAG: bool = true;

/// [`NATURAL_ORDER`] by position plus one, plus one; all that is behind a block in one place behind it.
const PLACES: [u8; REACH] = {
    let mut places = [65; REACH];
    let mut position = 0;
    while position < 64 {
        places[position + 1] = NATURAL_ORDER[position] + 1;
        position += 1;
    }
    places
};

/// The coefficients of an MCU. All are zero when a block is begun.
#[repr(align(64))]
#[derive(Debug)]
pub(super) struct Coefficients([i16; FRONT + 64 * (MOST_BLOCKS - 1) + REACH]);

impl Default for Coefficients {
    fn default() -> Self {
        Self([0; FRONT + 64 * (MOST_BLOCKS - 1) + REACH])
    }
}

impl Coefficients {
    /// A block, below `MOST_BLOCKS`.
    #[inline(always)]
    pub(super) fn block(&mut self, number: usize) -> Option<&mut [i16; 64]> {
        let start = FRONT + number * 64;
        self.0.get_mut(start..start + 64)?.try_into().ok()
    }

    /// A block's positions plus one, and all that stores may reach.
    #[inline(always)]
    fn window(&mut self, number: usize) -> Option<&mut [i16; REACH]> {
        let start = FRONT - 1 + number * 64;
        self.0.get_mut(start..start + REACH)?.try_into().ok()
    }
}

/// The value an entry's last symbol has in these bits. `BMI` is whether there is an instruction for it.
#[inline(always)]
fn value<const BMI: bool>(bits: u64, entry: u64) -> i16 {
    #[cfg(target_arch = "x86_64")]
    if BMI {
        // SAFETY: `BMI` is asked for where the CPU has BMI1.
        let value = unsafe { std::arch::x86_64::_bextr2_u64(bits, entry >> 8) };
        return (value as i16).wrapping_add((entry >> 48) as i16);
    }
    let mask = (1_u64 << (entry >> 16 & 63)) - 1;
    ((bits >> (entry >> 8 & 63) & mask) as i16).wrapping_add((entry >> 48) as i16)
}

/// The MCUs of a picture.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mcu<'a> {
    /// The tables of each component.
    pub(super) codes: [&'a Codes; 3],
    /// Blocks in an MCU, and how many of them are luma's.
    pub(super) blocks: usize,
    pub(super) luma: usize,
    /// The first bits of an MCU that is flat, which of the bits they are, and how many.
    flat: (u64, u64, u32),
}

impl<'a> Mcu<'a> {
    pub(super) fn new(codes: [&'a Codes; 3], luma: usize, chroma: usize) -> Self {
        let blocks = luma + chroma;
        let (mut bits, mut count) = (0_u64, 0);
        for number in 0..blocks {
            let component = number.saturating_sub(luma - 1).min(2);
            let flat = codes.get(component).and_then(|codes| codes.flat);
            let (pattern, length) = flat.unwrap_or((0, 64));
            count += length;
            bits = bits.checked_shl(length).unwrap_or_default() | u64::from(pattern);
        }
        // More bits than are ready at a time are never compared.
        let flat = if (1..=56).contains(&count) {
            (bits << (64 - count), u64::MAX << (64 - count), count)
        } else {
            (1, 0, 0)
        };
        Self { codes, blocks, luma, flat }
    }
}

/// A block of which the first two entries are looked up: what is done with the blocks before it then hides that wait.
#[derive(Debug, Clone, Copy)]
pub(super) struct Begun<'a> {
    /// From its first bit on.
    pub(super) bits: Bits<'a>,
    dc: u64,
    ac: u64,
}

/// Begins a block that is read with these tables. `None` if the bits have ended long before.
#[inline(always)]
pub(super) fn begin<'a>(codes: &Codes, bits: Bits<'a>) -> Option<Begun<'a>> {
    let bits = bits.refilled()?;
    let dc = codes.dc[(bits.ready() >> (64 - DC_BITS)) as usize];
    Some(Begun { bits, dc, ac: ac(codes, bits.without(dc)) })
}

#[inline(always)]
fn ac(codes: &Codes, bits: Bits<'_>) -> u64 {
    codes.steps.ac[(bits.ready() >> (64 - AC_BITS)) as usize]
}

/// Reads an MCU whose first block is begun, and begins the next one's. Each block is handed to `take` with its number and with
/// how many coefficients, in zigzag order, may not be zero, and is zeroed by it. The last DC of each component goes to `last`.
/// The `bool` is whether the MCU is flat: the DC of every component is what it was, and there is nothing else and no block.
/// `None` if the bits are none of an MCU, or end.
#[inline(always)]
pub(super) fn mcu<'a, const BMI: bool, const ORDER: bool>(
    mcu: &Mcu<'_>,
    mut begun: Begun<'a>,
    coefficients: &mut Coefficients,
    last: &mut [i16; 3],
    mut take: impl FnMut(usize, usize, &mut [i16; 64]),
) -> Option<(Begun<'a>, bool)> {
    let [of_luma, of_blue, of_red] = mcu.codes;
    let (pattern, mask, count) = mcu.flat;
    if begun.bits.ready() & mask == pattern {
        return Some((begin(of_luma, begun.bits.without(count.into()))?, true));
    }
    let has_chroma = mcu.blocks > mcu.luma;
    let behind_luma = if has_chroma { of_blue } else { of_luma };
    // A block is handed over when the next one was read: its last coefficients are on their way to the cache for some
    // time, and vectors of them could not be loaded before.
    let (mut reach, mut before) = (0, 0);
    for number in 0..mcu.luma.min(MOST_BLOCKS) {
        let window = coefficients.window(number)?;
        let bits;
        (bits, last[0], reach) = block::<BMI, ORDER>(of_luma, begun, window, last[0])?;
        begun = begin(if number + 1 < mcu.luma { of_luma } else { behind_luma }, bits)?;
        if let Some(previous) = number.checked_sub(1) {
            take(previous, before, coefficients.block(previous)?);
        }
        before = reach;
    }
    if has_chroma {
        let (first, second) = (mcu.luma, mcu.luma + 1);
        let window = coefficients.window(first)?;
        let bits;
        (bits, last[1], before) = block::<BMI, ORDER>(of_blue, begun, window, last[1])?;
        begun = begin(of_red, bits)?;
        take(first - 1, reach, coefficients.block(first - 1)?);
        let window = coefficients.window(second)?;
        let bits;
        (bits, last[2], reach) = block::<BMI, ORDER>(of_red, begun, window, last[2])?;
        begun = begin(of_luma, bits)?;
        take(first, before, coefficients.block(first)?);
    }
    take(mcu.blocks - 1, reach, coefficients.block(mcu.blocks - 1)?);
    Some((begun, false))
}

/// Reads a block to its places; returns its DC, and how many coefficients may not be zero.
#[inline(always)]
fn block<'a, const BMI: bool, const ORDER: bool>(
    codes: &Codes,
    begun: Begun<'a>,
    window: &mut [i16; REACH],
    last: i16,
) -> Option<(Bits<'a>, i16, usize)> {
    let Begun { bits: before, dc: entry, ac: mut entered } = begun;
    let mut bits = before.without(entry);
    let mut next = (entry >> 24) as usize % 256;
    let mut difference = value::<BMI>(before.ready(), entry);
    if next == 0 {
        (bits, difference) = long_dc(codes, bits)?;
        entered = ac(codes, bits);
        next = 1;
    }
    let dc = last.wrapping_add(difference);
    window[1] = dc;
    if next > 63 {
        return Some((bits, dc, 1));
    }
    loop {
        // An entry takes 26 bits at most: one fits behind a DC, and two between two refills.
        let (entry, reached) = loop {
            let reached = store::<BMI, ORDER>(entered, bits.ready(), window, next);
            if reached > 63 {
                break (entered, reached);
            }
            bits = bits.without(entered).refilled()?;
            entered = ac(codes, bits);
            next = reached;
            let reached = store::<BMI, ORDER>(entered, bits.ready(), window, next);
            if reached > 63 {
                break (entered, reached);
            }
            bits = bits.without(entered);
            entered = ac(codes, bits);
            next = reached;
        };
        if has_ended(reached) {
            return Some((bits.without(entry), dc, reached % END));
        }
        if reached == next + LONG {
            bits = bits.refilled()?;
            if let Some(entry) = codes.long(bits.ready()) {
                next += (entry >> 32) as usize % 256;
                put::<ORDER>(window, next, value::<BMI>(bits.ready(), entry));
                bits = bits.without(entry).refilled()?;
                if next <= 63 {
                    entered = ac(codes, bits);
                    continue;
                }
                return has_ended(next).then_some((bits, dc, next % END));
            }
        }
        put::<ORDER>(window, next + (entry >> 24) as usize % 256, 0);
        put::<ORDER>(window, reached, 0);
        let value;
        (bits, next, value) = long_ac(codes, bits, next)?;
        put::<ORDER>(window, next, value);
        if next > 63 {
            return Some((bits, dc, next % END));
        }
        entered = ac(codes, bits);
    }
}

/// Whether that position is where a block rightly ends.
#[inline(always)]
fn has_ended(reached: usize) -> bool {
    reached == 64 || (END + 1..=END + 63).contains(&reached)
}

/// Stores what an entry says; returns the position it leads to.
#[inline(always)]
fn store<const BMI: bool, const ORDER: bool>(
    entry: u64,
    bits: u64,
    window: &mut [i16; REACH],
    next: usize,
) -> usize {
    let reached = next + (entry >> 32) as usize % 256;
    put::<ORDER>(window, next + (entry >> 24) as usize % 256, i16::from((entry >> 40) as i8));
    put::<ORDER>(window, reached, value::<BMI>(bits, entry));
    reached
}

#[inline(always)]
fn put<const ORDER: bool>(window: &mut [i16; REACH], place: usize, value: i16) {
    let place = if ORDER == ZIGZAG { place } else { PLACES.get(place).map_or(0, |&p| usize::from(p)) };
    if let Some(coefficient) = window.get_mut(place) {
        *coefficient = value;
    }
}

/// A DC whose code is too long for an entry.
#[cold]
#[inline(never)]
fn long_dc<'a>(codes: &Codes, bits: Bits<'a>) -> Option<(Bits<'a>, i16)> {
    let (length, size) = codes.long_dc.symbol((bits.ready() >> 48) as u16)?;
    let (bits, value) = long_value(bits, length, u32::from(size));
    Some((bits.refilled()?, value))
}

fn long_value(bits: Bits<'_>, length: u32, size: u32) -> (Bits<'_>, i16) {
    let bits = bits.without(length.into());
    if size == 0 {
        return (bits, 0);
    }
    let value = (bits.ready() >> (64 - size)) as i32 + base(size, bits.ready() >> 63 != 0);
    (bits.without(size.into()), value as i16)
}

/// One symbol at `next` that no entry has, or not within the block; returns the position behind it, and its value.
#[cold]
#[inline(never)]
fn long_ac<'a>(codes: &Codes, bits: Bits<'a>, next: usize) -> Option<(Bits<'a>, usize, i16)> {
    let bits = bits.refilled()?;
    let (length, symbol) = codes.long_ac.symbol((bits.ready() >> 48) as u16)?;
    let (run, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
    let reached = next + run + 1;
    if size == 0 && run < 15 {
        return Some((bits.without(length.into()), END + next, 0));
    }
    if reached > 64 {
        return None;
    }
    let (bits, value) = long_value(bits, length, size);
    Some((bits.refilled()?, reached, value))
}
