//! The tables of both kinds in the form lanes (`pair`) take them: side by side, and a DC's entry laid out as an AC's, since
//! there one look-up does for both.

use super::tables::{AC_BITS, DC_BITS, END};

/// How far the position moves by a DC entry that does not say what to do: a position that is none, as by
/// [`LONG`](super::tables::LONG).
const LONG_DC: u64 = 100;

/// Entries by the next bits. At least one of an entry's bytes 0 and 4 tells of progress.
#[repr(C, align(64))]
#[derive(Debug, Clone)]
pub(super) struct Steps {
    pub(super) ac: [u64; 1 << AC_BITS],
    gap: [u8; 2],
    /// Two bytes behind whole words, as the kernel wants their address: no field of an entry lies across lines.
    dc: [[u8; 8]; 1 << DC_BITS],
}

impl Steps {
    /// Of the AC entries and the DC entries in [their layout](super::tables).
    pub(super) fn new(ac: &[u64; 1 << AC_BITS], dc: &[u64; 1 << DC_BITS]) -> Box<Self> {
        let mut steps = Box::new(Self { ac: *ac, gap: [0; 2], dc: [[0; 8]; 1 << DC_BITS] });
        for (bits, (step, &entry)) in steps.dc.iter_mut().zip(dc).enumerate() {
            *step = dc_step(entry, (bits as u64) << (64 - DC_BITS)).to_le_bytes();
        }
        steps
    }

    /// The entry for a DC at the beginning of these bits.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn dc(&self, bits: u64) -> u64 {
        self.dc.get((bits >> (64 - DC_BITS)) as usize).map_or(0, |&entry| u64::from_le_bytes(entry))
    }

    /// The entry for ACs.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn ac(&self, bits: u64) -> u64 {
        self.ac.get((bits >> (64 - AC_BITS)) as usize).copied().unwrap_or(0)
    }

    /// The tables' addresses, AC and DC, each plus the number of bits that are no part of its index.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn addresses(&self) -> (u64, u64) {
        let [ac, dc] = [self.ac.as_ptr().expose_provenance(), self.dc.as_ptr().expose_provenance()];
        let shift = u64::from(64 - AC_BITS);
        (ac as u64 + shift, dc as u64 + shift)
    }
}

/// A DC entry as an AC's: the value is stored at position 1, counted from before the block.
fn dc_step(entry: u64, bits: u64) -> u64 {
    let byte = |number: u32| entry >> (number * 8) & 0xFF;
    match byte(3) as usize {
        0 => LONG_DC << 24 | LONG_DC << 32,
        1 => entry | 1 << 32,
        _ => {
            // With an end of block behind it, so the value is short enough for a first symbol's.
            let mask = (1 << byte(2)) - 1;
            let value = ((bits >> byte(1) & mask) as i16).wrapping_add((entry >> 48) as i16);
            byte(0) | 1 << 24 | ((1 + END) as u64) << 32 | u64::from(value as u8) << 40
        }
    }
}

const _: () = {
    // What the kernel takes for granted of the addresses.
    assert!(AC_BITS == 11 && DC_BITS == 9);
    assert!(std::mem::offset_of!(Steps, dc) % 64 == 2);
};
