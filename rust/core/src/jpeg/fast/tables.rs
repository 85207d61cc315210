//! Huffman tables in the form the entropy decoder reads: what the next bits mean, as much as fits, in one word.
//!
//! Both tables have one layout of an entry, from the lowest byte up:
//!
//! | bytes | DC | AC |
//! |---|---|---|
//! | 0 | bits the entry takes | the same |
//! | 1, 2 | where the value's bits are (shift from the right), and how many | the same, of the second symbol |
//! | 3 | the position of the next coefficient | how far the first symbol's coefficient is |
//! | 4 | 0 | how far the position moves, past the second symbol's coefficient |
//! | 5 | 0 | the first symbol's value |
//! | 6, 7 | what is added to the value's bits | the same, of the second symbol |
//!
//! A symbol that is not there has the place and the value of the other one, so that the decoder stores two
//! values whatever the entry holds.

use super::{scan::Spec, steps::Steps};

/// Bits a DC entry is found by.
pub(super) const DC_BITS: u32 = 9;
/// Bits an AC entry is found by. One more and the two tables of a colour image crowd the first cache.
pub(super) const AC_BITS: u32 = 11;

/// Added to the position by an end of block. Less one, positions that are none (65 to 128, and from 193 on) have bit 6 set, and
/// no others.
pub(super) const END: usize = 129;
/// Added to the position by bits whose meaning does not fit an entry; with any position of a block this
/// is behind the block, but not an end.
pub(super) const LONG: usize = 64;

/// Codes shortest first, for those too long for an entry.
#[derive(Debug, Clone)]
pub(super) struct Canonical {
    /// For each length the first 16 bits, left aligned, that are no code of this length or a shorter one.
    limits: [u32; 17],
    /// For each length the number of the symbol minus its code.
    offsets: [i32; 17],
    symbols: [u8; 256],
}

impl Canonical {
    /// `None` if the counts make no code by libjpeg's rules.
    fn new(spec: &Spec<'_>) -> Option<Self> {
        let mut symbols = [0; 256];
        symbols.get_mut(..spec.symbols.len())?.copy_from_slice(spec.symbols);
        let (mut limits, mut offsets) = ([0; 17], [0; 17]);
        let (mut code, mut number) = (0_u32, 0_i32);
        for length in 1..=16_usize {
            let count = u32::from(*spec.counts.get(length - 1)?);
            code <<= 1;
            *offsets.get_mut(length)? = number - code as i32;
            code += count;
            number += count as i32;
            // No code consists of ones only. Nothing may be said of lengths behind the last code.
            if count > 0 && code >= 1 << length {
                return None;
            }
            *limits.get_mut(length)? = code << (16 - length);
        }
        Some(Self { limits, offsets, symbols })
    }

    /// The symbol the 16 bits begin with, and its length.
    pub(super) fn symbol(&self, bits: u16) -> Option<(u32, u8)> {
        let bits = u32::from(bits);
        // They never fall, so those that are not above the bits are the first ones.
        let length = self.limits.iter().map(|&limit| usize::from(limit <= bits)).sum::<usize>();
        let number = (bits >> 16_usize.checked_sub(length)?) as i32 + self.offsets.get(length)?;
        Some((length as u32, *self.symbols.get(number as usize)?))
    }
}

/// The DC and the AC table of a component.
#[derive(Debug, Clone)]
pub(super) struct Codes {
    pub(super) dc: Box<[u64; 1 << DC_BITS]>,
    /// The AC table, and the DC table once more as lanes take it.
    pub(super) steps: Box<Steps>,
    /// AC entries of one symbol each, by 17 bits minus `long_from`; none if there would be too many.
    long: Vec<u64>,
    long_from: usize,
    pub(super) long_dc: Canonical,
    pub(super) long_ac: Canonical,
    /// The bits of a block whose DC does not change and which has no AC, and how many; if they are few enough.
    pub(super) flat: Option<(u32, u32)>,
}

/// What a symbol at the beginning of some bits says.
#[derive(Clone, Copy)]
enum Meaning {
    /// Not told by these bits.
    Unknown,
    /// The end of the block; bits.
    End(u32),
    /// Sixteen zeros; bits.
    Zeros(u32),
    /// Bits of the code, zeros before the value, bits of the value.
    Value(u32, usize, u32),
}

fn meaning(codes: &Canonical, bits: u16) -> Meaning {
    match codes.symbol(bits) {
        None => Meaning::Unknown,
        Some((length, 0xF0)) => Meaning::Zeros(length),
        // libjpeg ends a block at any run of nothing but the sixteen zeros above.
        Some((length, symbol)) => match (usize::from(symbol >> 4), u32::from(symbol & 15)) {
            (_, 0) => Meaning::End(length),
            (run, size) => Meaning::Value(length, run, size),
        },
    }
}

/// The number that `size` bits with that first bit have added to them to become a value.
pub(super) fn base(size: u32, first: bool) -> i32 {
    if first || size == 0 { 0 } else { 1 - (1 << size) }
}

impl Codes {
    /// `None` if libjpeg would refuse the tables.
    pub(super) fn new(dc: &Spec<'_>, ac: &Spec<'_>) -> Option<Self> {
        if dc.symbols.iter().any(|&size| size > 15) {
            return None;
        }
        let (long_dc, long_ac) = (Canonical::new(dc)?, Canonical::new(ac)?);
        let long_from = (*long_ac.limits.get(AC_BITS as usize - 1)? as usize) << 1;
        let ac_at = |index: usize| ac_entry(&long_ac, (index as u16) << (16 - AC_BITS));
        let dc_at = |index: usize| dc_entry(&long_dc, &long_ac, (index as u16) << (16 - DC_BITS));
        let dc: Box<[u64; 1 << DC_BITS]> = Box::new(std::array::from_fn(dc_at));
        let mut codes = Self {
            steps: Steps::new(&std::array::from_fn(ac_at), &dc),
            dc,
            flat: None,
            long: Vec::new(),
            long_from,
            long_dc,
            long_ac,
        };
        if LONG_BITS - codes.long_from <= MOST_LONG {
            let entries = codes.long_from..LONG_BITS;
            codes.long = entries.map(|index| long_entry(&codes.long_ac, index as u32)).collect();
        }
        codes.flat = codes.find_flat();
        Some(codes)
    }

    /// The entry of the symbol these 64 bits begin with, if that is a long one and there is an entry.
    #[inline]
    pub(super) fn long(&self, bits: u64) -> Option<u64> {
        self.long
            .get(((bits >> 47) as usize).wrapping_sub(self.long_from))
            .copied()
            .filter(|&entry| entry != 0)
    }

    /// Where that table's entry for 17 bits of zeros would be; 0 if there is no table.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn long_address(&self) -> u64 {
        let first = self.long.as_ptr().expose_provenance() as u64;
        if self.long.is_empty() { 0 } else { first.wrapping_sub(self.long_from as u64 * 8) }
    }

    fn find_flat(&self) -> Option<(u32, u32)> {
        let find = |codes: &Canonical| {
            (0..=u16::MAX).find(|&bits| matches!(codes.symbol(bits), Some((_, 0)))).map(|bits| {
                let length = codes.symbol(bits).map_or(0, |(length, _)| length);
                (u32::from(bits) >> (16 - length), length)
            })
        };
        let ((dc, dc_length), (ac, ac_length)) = (find(&self.long_dc)?, find(&self.long_ac)?);
        Some((dc << ac_length | ac, dc_length + ac_length))
    }
}

fn pack(total: u32, size: u32, third: usize, fourth: usize, first_value: i32, base: i32) -> u64 {
    let start = if size == 0 { 0 } else { 64 - total };
    u64::from(total)
        | u64::from(start) << 8
        | u64::from(size) << 16
        | (third as u64) << 24
        | (fourth as u64) << 32
        | u64::from(first_value as u8) << 40
        | u64::from(base as u16) << 48
}

fn bit(bits: u16, at: u32) -> bool {
    at < 16 && bits << at & 0x8000 != 0
}

fn dc_entry(dc: &Canonical, ac: &Canonical, bits: u16) -> u64 {
    let Some((length, size)) = dc.symbol(bits) else { return 0 };
    let size = u32::from(size);
    if length + size.min(1) > DC_BITS {
        return 0;
    }
    let base = base(size, bit(bits, length));
    let used = length + size;
    let entry = pack(used, size, 1, 0, 0, base);
    if used < DC_BITS
        && let Meaning::End(end) = meaning(ac, bits << used)
        && used + end <= DC_BITS
    {
        // The value's place is counted from where its bits end, before the end of block.
        return (entry & !0xFF & !(0xFF << 24)) | u64::from(used + end) | ((1 + END) as u64) << 24;
    }
    entry
}

fn ac_entry(ac: &Canonical, bits: u16) -> u64 {
    let long = pack(0, 0, LONG, LONG, 0, 0);
    let mut used = 0;
    let mut distance = 0;
    let mut first = None;
    loop {
        let left = AC_BITS - used;
        let known = match meaning(ac, bits << used) {
            Meaning::End(length) if length <= left => {
                let to = distance + END;
                let (place, value) = first.unwrap_or((to, 0));
                return pack(used + length, 0, place, to, value, 0);
            }
            Meaning::Zeros(length) if length <= left => {
                // Goes with what follows, if that is known too; else alone, which stores zeros.
                used += length;
                distance += 16;
                if first.is_none() && distance == 16 && used < AC_BITS {
                    continue;
                }
                let (place, value) = first.unwrap_or((distance, 0));
                return pack(used, 0, place, distance, value, 0);
            }
            Meaning::Value(length, run, size) if length < left => Some((length, run, size)),
            _ => None,
        };
        let Some((length, run, size)) = known else {
            return match first {
                Some((place, value)) => pack(used, 0, place, place, value, value),
                None if distance > 0 => pack(used, 0, distance, distance, 0, 0),
                None => long,
            };
        };
        let place = distance + run + 1;
        let base = base(size, bit(bits, used + length));
        let whole = used + length + size;
        if first.is_none() && whole < AC_BITS && size <= 7 {
            let value = i32::from(bits << (used + length) >> (16 - size)) + base;
            (first, used, distance) = (Some((place, value)), whole, place);
            continue;
        }
        let (first_place, value) = first.unwrap_or((place, 0));
        return pack(whole, size, first_place, place, value, base);
    }
}

/// A code of 16 bits and its value's first one.
const LONG_BITS: usize = 1 << 17;

/// The usual tables have some hundred entries for their long codes.
const MOST_LONG: usize = 4096;

fn long_entry(ac: &Canonical, bits: u32) -> u64 {
    match meaning(ac, (bits >> 1) as u16) {
        Meaning::Unknown => 0,
        Meaning::End(length) => pack(length, 0, END, END, 0, 0),
        Meaning::Zeros(length) => pack(length, 0, 16, 16, 0, 0),
        Meaning::Value(length, run, size) => {
            let first = bits << length & 1 << 16 != 0;
            pack(length + size, size, run + 1, run + 1, 0, base(size, first))
        }
    }
}

/// Tables made lately, since most files of a set share theirs.
#[derive(Debug, Default)]
pub(super) struct Cache {
    kept: Vec<(Key, Codes)>,
    next: usize,
}

/// Counts and symbols of both tables.
type Key = [([u8; 16], Vec<u8>); 2];

/// Sets of tables that are kept: two for each of some kinds of file.
const KEPT: usize = 8;

impl Cache {
    /// The numbers of the decoder's form of these tables, under which [`Cache::get`] has them; those `in_use` by another image
    /// are kept. `None` if libjpeg would refuse one.
    pub(super) fn find(&mut self, tables: &[(Spec<'_>, Spec<'_>)], in_use: [usize; 3]) -> Option<[usize; 3]> {
        let mut numbers = [usize::MAX; 3];
        for (i, (dc, ac)) in tables.iter().enumerate() {
            let [a, b, c] = numbers;
            let [d, e, f] = in_use;
            let number = self.find_one([dc, ac], &[a, b, c, d, e, f])?;
            *numbers.get_mut(i)? = number;
        }
        Some(numbers)
    }

    fn find_one(&mut self, specs: [&Spec<'_>; 2], in_use: &[usize]) -> Option<usize> {
        let same = |(key, _): &(Key, Codes)| {
            key.iter().zip(specs).all(|(a, b)| a.0 == *b.counts && a.1 == b.symbols)
        };
        if let Some(found) = self.kept.iter().position(same) {
            return Some(found);
        }
        let key = specs.map(|spec| (*spec.counts, spec.symbols.to_vec()));
        let entry = (key, Codes::new(specs[0], specs[1])?);
        if self.kept.len() < KEPT {
            self.kept.push(entry);
            return Some(self.kept.len() - 1);
        }
        loop {
            self.next = (self.next + 1) % KEPT;
            if !in_use.contains(&self.next) {
                *self.kept.get_mut(self.next)? = entry;
                return Some(self.next);
            }
        }
    }

    /// A set of tables found before.
    pub(super) fn get(&self, number: usize) -> Option<&Codes> {
        self.kept.get(number).map(|(_, codes)| codes)
    }
}
