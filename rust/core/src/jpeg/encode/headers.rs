//! The markers around the coded picture, in libjpeg's order.

use super::tables;
use crate::image::{Size, Subsampling};

/// What a file says of its picture.
#[derive(Debug, Clone, Copy)]
pub(super) struct Headers<'a> {
    pub(super) size: Size,
    /// `None` for grey.
    pub(super) subsampling: Option<Subsampling>,
    /// Luma's and chroma's, in zigzag order; chroma's is not written for grey.
    pub(super) quantisation: &'a [[u16; 64]; 2],
    /// Codes and payloads of segments behind the JFIF segment.
    pub(super) markers: &'a [(u8, &'a [u8])],
}

/// A marker and its payload.
fn segment(out: &mut Vec<u8>, code: u8, payload: &[&[u8]]) {
    let length = 2 + payload.iter().map(|part| part.len()).sum::<usize>();
    out.extend_from_slice(&[0xFF, code, (length >> 8) as u8, length as u8]);
    for part in payload {
        out.extend_from_slice(part);
    }
}

/// Everything in front of the coded picture.
pub(super) fn begin(out: &mut Vec<u8>, headers: &Headers<'_>) {
    let Headers { size, subsampling, quantisation, markers } = *headers;
    let kinds = if subsampling.is_some() { 2 } else { 1 };
    out.extend_from_slice(&[0xFF, 0xD8]);
    // Version 1.1, square pixels of no known size, no thumbnail.
    segment(out, 0xE0, &[b"JFIF\0", &[1, 1, 0, 0, 1, 0, 1, 0, 0]]);
    for (code, payload) in markers {
        segment(out, *code, &[payload]);
    }
    for (number, table) in quantisation.iter().enumerate().take(kinds) {
        segment(out, 0xDB, &[&[number as u8], &table.map(|value| value as u8)]);
    }
    let [h1, h0] = (size.height as u16).to_be_bytes();
    let [w1, w0] = (size.width as u16).to_be_bytes();
    let frame = |count| [8, h1, h0, w1, w0, count];
    match subsampling.map(Subsampling::ratio) {
        None => segment(out, 0xC0, &[&frame(1), &[1, 0x11, 0]]),
        Some((across, down)) => {
            let luma = (across << 4 | down) as u8;
            segment(out, 0xC0, &[&frame(3), &[1, luma, 0], &[2, 0x11, 1], &[3, 0x11, 1]]);
        }
    }
    for (number, (dc, ac)) in tables::DC.iter().zip(&tables::AC).enumerate().take(kinds) {
        segment(out, 0xC4, &[&[number as u8], &dc.lengths, dc.symbols]);
        segment(out, 0xC4, &[&[number as u8 | 0x10], &ac.lengths, ac.symbols]);
    }
    // All coefficients in one go, at full precision.
    let whole = [0, 63, 0];
    match subsampling {
        None => segment(out, 0xDA, &[&[1, 1, 0x00], &whole]),
        Some(_) => segment(out, 0xDA, &[&[3, 1, 0x00, 2, 0x11, 3, 0x11], &whole]),
    }
}

/// What stands behind it.
pub(super) fn end(out: &mut Vec<u8>) {
    out.extend_from_slice(&[0xFF, 0xD9]);
}
