//! Which quality setting a JPEG's quantisation tables come from.

use super::markers::{Frame, Segments};

/// The tables of the JPEG standard (Annex K) in zigzag order, which libjpeg scales by the quality.
const LUMA: [u16; 64] = [
    16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40, 26, 24, 22, 22, 24, 49, 35, 37, 29, 40,
    58, 51, 61, 60, 57, 51, 56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81, 87, 95, 98, 103,
    104, 103, 62, 77, 113, 121, 112, 100, 120, 92, 101, 103, 99,
];

const CHROMA: [u16; 64] = {
    let low = [17, 18, 18, 24, 21, 24, 47, 26, 26, 47, 99, 66, 56, 66];
    let mut table = [99; 64];
    let mut i = 0;
    while i < low.len() {
        table[i] = low[i];
        i += 1;
    }
    table
};

/// The quality of a JPEG, as far as its tables tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quality {
    /// 1 to 100 on libjpeg's scale.
    pub value: u8,
    /// Whether the luma table is exactly the one libjpeg makes for that quality.
    pub exact: bool,
}

/// The tables for luma and for chroma that libjpeg makes for a quality, in zigzag order.
pub(super) fn tables(quality: u8) -> [[u16; 64]; 2] {
    [scaled(&LUMA, quality), scaled(&CHROMA, quality)]
}

fn scaled(table: &[u16; 64], quality: u8) -> [u16; 64] {
    let quality = u32::from(quality.max(1));
    let percent = if quality < 50 { 5000 / quality } else { 200 - 2 * quality };
    table.map(|base| ((u32::from(base) * percent + 50) / 100).clamp(1, 255) as u16)
}

/// The quality whose luma table is nearest to the one the first component uses.
pub fn estimate(data: &[u8], frame: &Frame) -> Option<Quality> {
    let wanted = frame.components().first()?.table;
    let mut table = None;
    for segment in Segments::new(data).ok()? {
        let Ok(segment) = segment else { break };
        if segment.marker == 0xDB {
            let found = quantisation_tables(segment.payload).flatten().find(|(number, _)| *number == wanted);
            table = found.map(|(_, values)| values).or(table);
        }
    }
    let table = table?;
    let distance = |quality: &u8| -> u64 {
        scaled(&LUMA, *quality).iter().zip(&table).map(|(a, b)| u64::from(a.abs_diff(*b))).sum()
    };
    // From the top down, so that of equally near ones the highest is named.
    let value = (1..=100).rev().min_by_key(distance)?;
    Some(Quality { value, exact: distance(&value) == 0 })
}

/// The tables of a DQT segment as (number, values in zigzag order); `None` where one is cut off.
pub(crate) fn quantisation_tables(payload: &[u8]) -> impl Iterator<Item = Option<(u8, [u16; 64])>> {
    let mut rest = payload;
    std::iter::from_fn(move || {
        let (&head, body) = rest.split_first()?;
        let wide = head >> 4 != 0;
        let Some((bytes, after)) = body.split_at_checked(if wide { 128 } else { 64 }) else {
            rest = &[];
            return Some(None);
        };
        rest = after;
        let mut values = [0; 64];
        if wide {
            values.iter_mut().zip(bytes.as_chunks().0).for_each(|(v, b)| *v = u16::from_be_bytes(*b));
        } else {
            values.iter_mut().zip(bytes).for_each(|(v, b)| *v = u16::from(*b));
        }
        Some(Some((head & 15, values)))
    })
}
