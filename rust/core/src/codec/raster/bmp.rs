//! BMP without compression: 1, 4 and 8 bits by palette, 16, 24 and 32 bits, with the bit masks that Pillow knows.
//!
//! Not by a crate: those that read BMP fill what is missing of a truncated file with black and say nothing.

use super::Format;
use crate::{
    codec::{Buffer, Info},
    error::{Error, Result},
    fault::ImageFault,
    image::Size,
};

const MASKS_555: [u32; 4] = [0x7C00, 0x03E0, 0x001F, 0];
const MASKS_565: [u32; 4] = [0xF800, 0x07E0, 0x001F, 0];

/// What the headers say.
pub(super) struct Header<'d> {
    pub(super) size: Size,
    /// The first row of the file is the upper one.
    top_down: bool,
    bits: usize,
    /// Red, green, blue, alpha, for 16 and 32 bits.
    masks: [u32; 4],
    palette: Vec<[u8; 3]>,
    rows: &'d [u8],
}

impl<'d> Header<'d> {
    pub(super) fn parse(data: &'d [u8]) -> Result<Self> {
        let (offset, length) = (number(data, 10)? as usize, number(data, 14)? as usize);
        let old = length == 12;
        if !old && !matches!(length, 40 | 52 | 56 | 64 | 108 | 124) {
            return Err(Format::Bmp.unsupported(format!("a header of {length} bytes")));
        }
        let (width, height, bits, compression, colours) = if old {
            let (sides, planes) = (number(data, 18)?, number(data, 22)?);
            (sides & 0xFFFF, (sides >> 16).cast_signed(), planes >> 16, 0, 0)
        } else {
            let bits = number(data, 26)? >> 16;
            let (compression, colours) = (number(data, 30)?, number(data, 46)?);
            (number(data, 18)?, number(data, 22)?.cast_signed(), bits, compression, colours)
        };
        if width == 0 || height == 0 || width > i32::MAX as u32 {
            return Err(Format::Bmp.corrupt("an image without pixels"));
        }
        let size = Size { height: height.unsigned_abs() as usize, width: width as usize };
        let masks = match (bits, compression) {
            (1 | 4 | 8 | 24, 0) => [0; 4],
            (16, 0) => MASKS_555,
            (32, 0) => [0x00FF_0000, 0xFF00, 0xFF, 0],
            // The alpha mask came with the header of 56 bytes.
            (16 | 32, 3 | 6) => {
                let alpha = if length >= 56 { number(data, 66)? } else { 0 };
                [number(data, 54)?, number(data, 58)?, number(data, 62)?, alpha]
            }
            (_, 1 | 2) => return Err(Format::Bmp.unsupported("run-length compression")),
            _ => return Err(Format::Bmp.unsupported(format!("{bits} bits and compression {compression}"))),
        };
        let whole_bytes = |mask: &u32| matches!(*mask, 0 | 0xFF | 0xFF00 | 0x00FF_0000 | 0xFF00_0000);
        let known = match bits {
            16 => masks == MASKS_555 || masks == MASKS_565,
            _ => masks.iter().all(whole_bytes),
        };
        if !known {
            return Err(Format::Bmp.unsupported(format!("bit masks {masks:x?}")));
        }
        let mut palette = Vec::new();
        if bits <= 8 {
            let most = 1_usize << bits;
            let colours = if colours == 0 { most } else { most.min(colours as usize) };
            let entry = if old { 3 } else { 4 };
            let entries = data.get(14 + length..).unwrap_or_default().chunks_exact(entry).take(colours);
            palette = entries.filter_map(|e| e.first_chunk().map(|&[b, g, r]| [r, g, b])).collect();
            if palette.len() < colours {
                return Err(Format::Bmp.corrupt("the palette ends too early"));
            }
        }
        let rows = data.get(offset..).unwrap_or_default();
        Ok(Self { size, top_down: height < 0, bits: bits as usize, masks, palette, rows })
    }

    /// What it says, but for its rows.
    pub(super) fn info(&self) -> Info {
        let alpha = self.bits == 32 && self.masks.last().is_some_and(|mask| *mask != 0);
        let (components, bits, colour) = match self.bits {
            bits @ (1 | 4 | 8) => (1, bits as u8, "palette"),
            16 => (3, 5, "RGB"),
            _ if alpha => (4, 8, "RGBA"),
            _ => (3, 8, "RGB"),
        };
        Info::lossless(Format::Bmp.name(), self.size, (components, bits), colour)
    }

    /// Bytes of a row, without and with its padding.
    fn row(&self) -> Option<(usize, usize)> {
        let bytes = self.size.width.checked_mul(self.bits)?.div_ceil(8);
        Some((bytes, bytes.next_multiple_of(4)))
    }
}

fn number(data: &[u8], at: usize) -> Result<u32> {
    let bytes = data.get(at..).and_then(|rest| rest.first_chunk());
    bytes
        .map(|&bytes| u32::from_le_bytes(bytes))
        .ok_or_else(|| Format::Bmp.corrupt("the header ends too early"))
}

pub(super) fn decode(data: &[u8], alpha: bool, pixels: &mut Buffer) -> Result<usize> {
    let header = Header::parse(data)?;
    let Size { height, width } = header.size;
    let (bytes, stride) = header.row().ok_or_else(|| Format::Bmp.corrupt("too large"))?;
    let whole = (header.rows.len() + stride - bytes) / stride;
    if whole < height {
        let (rows, height) = (whole as u32, height as u32);
        return Err(Error::image(ImageFault::Truncated { rows, height }));
    }
    let channels = if alpha && header.masks[3] != 0 { 4 } else { 3 };
    let place = pixels.of(width * height * channels);
    for (y, row) in place.chunks_exact_mut(width * channels).enumerate() {
        let from = if header.top_down { y } else { height - 1 - y };
        let stored = header.rows.get(from * stride..).and_then(|rest| rest.get(..bytes)).unwrap_or_default();
        match header.bits {
            24 => {
                let stored = stored.as_chunks::<3>().0;
                row.as_chunks_mut().0.iter_mut().zip(stored).for_each(|(to, &[b, g, r])| *to = [r, g, b]);
            }
            16 | 32 => masked(&header, stored, channels, row),
            bits => indexed(&header.palette, bits, stored, row),
        }
    }
    Ok(channels)
}

fn indexed(palette: &[[u8; 3]], bits: usize, stored: &[u8], row: &mut [u8]) {
    let each = 8 / bits;
    for (x, to) in row.as_chunks_mut::<3>().0.iter_mut().enumerate() {
        let byte = stored.get(x / each).copied().unwrap_or_default();
        let index = (usize::from(byte) >> (8 - bits * (x % each + 1))) & ((1 << bits) - 1);
        // Beyond a short palette is black, as in Pillow.
        *to = palette.get(index).copied().unwrap_or_default();
    }
}

fn masked(header: &Header<'_>, stored: &[u8], channels: usize, row: &mut [u8]) {
    for (pixel, to) in stored.chunks_exact(header.bits / 8).zip(row.chunks_exact_mut(channels)) {
        let value = pixel.iter().rev().fold(0_u32, |value, &byte| value << 8 | u32::from(byte));
        for (value_of, mask) in to.iter_mut().zip(header.masks) {
            // 5 or 6 bits become 8 by rounding down, as Pillow does.
            let shift = mask.trailing_zeros().min(31);
            *value_of =
                ((value & mask) >> shift).saturating_mul(255).checked_div(mask >> shift).unwrap_or(0) as u8;
        }
    }
}
