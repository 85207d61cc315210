//! PNG, by the `png` crate: every colour type and depth, interlaced too; of an animation the first picture.

use std::io::Cursor;

use png::{BitDepth, ColorType, Decoder, Limits, Reader, Transformations};

use super::Format;
use crate::{
    codec::{Buffer, Info},
    error::{Error, Result},
    image::Size,
    jpeg::exif,
};

/// What the decoder may allocate for itself, profiles and texts included.
const MAX_BYTES: usize = 256 << 20;

type Open<'d> = Reader<Cursor<&'d [u8]>>;

fn open(data: &[u8]) -> Result<Open<'_>> {
    let mut decoder = Decoder::new_with_limits(Cursor::new(data), Limits { bytes: MAX_BYTES });
    decoder.set_ignore_text_chunk(true);
    let (color, depth) = {
        let info = decoder.read_header_info().map_err(corrupt)?;
        (info.color_type, info.bit_depth)
    };
    // Grey of 16 bits stays as it is: Pillow clips it, and takes the high byte of all others.
    if (color, depth) != (ColorType::Grayscale, BitDepth::Sixteen) {
        decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    }
    decoder.read_info().map_err(corrupt)
}

fn corrupt(error: png::DecodingError) -> Error {
    match error {
        png::DecodingError::IoError(_) => Format::Png.corrupt("the data end too early"),
        error => Format::Png.corrupt(error),
    }
}

/// Rows and columns. Only the first chunk is read.
pub(super) fn size(data: &[u8]) -> Result<Size> {
    let mut decoder = Decoder::new_with_limits(Cursor::new(data), Limits { bytes: MAX_BYTES });
    let (width, height) = decoder.read_header_info().map_err(corrupt)?.size();
    Ok(Size { height: height as usize, width: width as usize })
}

/// The EXIF orientation, if it stands in front of the pixels.
pub(super) fn orientation(data: &[u8]) -> u8 {
    let opened = open(data).ok();
    let tiff = opened.as_ref().and_then(|reader| reader.info().exif_metadata.as_deref());
    tiff.and_then(exif::orientation).unwrap_or(1)
}

/// What stands in front of the pixels.
pub(super) fn info(data: &[u8]) -> Result<Info> {
    let reader = open(data)?;
    let found = reader.info();
    let (components, colour) = match found.color_type {
        ColorType::Grayscale => (1, "gray"),
        ColorType::GrayscaleAlpha => (2, "gray+alpha"),
        ColorType::Rgb => (3, "RGB"),
        ColorType::Rgba => (4, "RGBA"),
        ColorType::Indexed => (1, "palette"),
    };
    let size = Size { height: found.height as usize, width: found.width as usize };
    let lossless = Info::lossless(Format::Png.name(), size, (components, found.bit_depth as u8), colour);
    let orientation = found.exif_metadata.as_deref().and_then(exif::orientation).unwrap_or(1);
    Ok(Info { progressive: found.interlaced, has_icc: found.icc_profile.is_some(), orientation, ..lossless })
}

pub(super) fn decode(data: &[u8], alpha: bool, pixels: &mut Buffer) -> Result<usize> {
    let mut reader = open(data)?;
    let length = reader.output_buffer_size().ok_or_else(|| Format::Png.corrupt("too large"))?;
    let place = pixels.of(length);
    let frame = reader.next_frame(place).map_err(corrupt)?;
    // What stands behind the pixels may be missing, as for Pillow, but not wrong.
    match reader.finish() {
        Ok(()) | Err(png::DecodingError::IoError(_)) => {}
        Err(error) => return Err(corrupt(error)),
    }
    Ok(match (frame.color_type, frame.bit_depth) {
        (ColorType::Grayscale, BitDepth::Sixteen) => {
            narrow(place, |&[high, low]: &[u8; 2]| [if high > 0 { 255 } else { low }]);
            1
        }
        (ColorType::Grayscale, _) => 1,
        (ColorType::Rgb | ColorType::Indexed, _) => 3,
        (ColorType::GrayscaleAlpha, _) if alpha => {
            widen(pixels, length);
            4
        }
        (ColorType::GrayscaleAlpha, _) => {
            narrow(place, |&[grey, _]: &[u8; 2]| [grey]);
            1
        }
        (ColorType::Rgba, _) if alpha => 4,
        (ColorType::Rgba, _) => {
            narrow(place, |&[r, g, b, _]: &[u8; 4]| [r, g, b]);
            3
        }
    })
}

/// Replaces each pixel by a smaller one, in place.
fn narrow<const FROM: usize, const TO: usize>(pixels: &mut [u8], pixel: impl Fn(&[u8; FROM]) -> [u8; TO]) {
    for at in 0..pixels.len() / FROM {
        let Some(from) = pixels.get(at * FROM..).and_then(|rest| rest.first_chunk()) else { return };
        let narrowed = pixel(from);
        if let Some(to) = pixels.get_mut(at * TO..(at + 1) * TO) {
            to.copy_from_slice(&narrowed);
        }
    }
}

/// Grey and alpha as RGBA, in place from the end.
fn widen(pixels: &mut Buffer, length: usize) {
    let pixels = pixels.of(length * 2);
    for at in (0..length / 2).rev() {
        let Some(&[grey, alpha]) = pixels.get(at * 2..).and_then(|rest| rest.first_chunk()) else { return };
        if let Some(to) = pixels.get_mut(at * 4..at * 4 + 4) {
            to.copy_from_slice(&[grey, grey, grey, alpha]);
        }
    }
}
