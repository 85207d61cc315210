//! Whether a picture can be decoded, for whoever does not want its pixels.

use std::io::{BufRead, Cursor, Seek};

use super::{
    Buffer, Codec, Report,
    decode::{STRIP, report},
};
use crate::{
    error::{Error, Kind, Result},
    fault::ImageFault,
    image::Size,
    jpeg::{Image, Outcome, Source, Target, markers::Header},
};

/// How the pixels are scaled that nobody looks at: one a block, so that no inverse DCT is computed. What can fail comes
/// before it: every code of every scan is read either way.
const REDUCE: u8 = 8;
const PNG_HEAD: &[u8] = b"\x89PNG\r\n\x1a\n";

impl Codec {
    /// Reads a JPEG or a PNG to its end, as decoding would, and says what the decoder noticed.
    ///
    /// # Errors
    /// [`Kind::Image`] where [`Codec::decode_into`] gives an error; a PNG also where a chunk's CRC does not fit.
    pub fn check(&mut self, data: &[u8], max_pixels: u64) -> Result<Report> {
        if data.starts_with(PNG_HEAD) {
            return check_png(data, max_pixels);
        }
        let header = Header::parse(data)?;
        let (height, width) = (u32::from(header.frame.height), u32::from(header.frame.width));
        refuse_large(u64::from(height) * u64::from(width), max_pixels)?;
        let mut image = self.decoder.open(data, &header, false)?;
        let target = match image.source() {
            // Colour that is not converted cannot fail to be.
            Source::Gray | Source::YCbCr => Target::Gray,
            Source::Rgb => Target::Rgb,
            Source::Cmyk | Source::Ycck => Target::Cmyk,
        };
        let found = image.start(target, REDUCE)?;
        let size = Size { height: found.0 as usize, width: found.1 as usize };
        match read_on(image, target, size, &mut self.pixels.decoded) {
            Ok(outcome) => report(outcome, &header, false),
            Err(error) => Err(match error.kind() {
                Kind::Image(ImageFault::Truncated { rows, .. }) => Error::image(ImageFault::Truncated {
                    rows: rows.saturating_mul(u32::from(REDUCE)).min(height),
                    height,
                }),
                _ => error,
            }),
        }
    }
}

fn read_on(mut image: Image<'_>, target: Target, size: Size, buffer: &mut Buffer) -> Result<Outcome> {
    let stride = size.width * target.channels();
    let strip = buffer.of(STRIP * stride);
    for first in (0..size.height).step_by(STRIP) {
        let rows = STRIP.min(size.height - first);
        image.rows(target, strip, stride, rows as u32)?;
    }
    image.finish()
}

fn refuse_large(pixels: u64, limit: u64) -> Result<()> {
    if pixels > limit { Err(Error::image(ImageFault::TooManyPixels { pixels, limit })) } else { Ok(()) }
}

fn check_png(data: &[u8], max_pixels: u64) -> Result<Report> {
    let mut reader = png::Decoder::new(Cursor::new(data)).read_info().map_err(|e| refusal(&e))?;
    let info = reader.info();
    let pixels = u64::from(info.width) * u64::from(info.height);
    refuse_large(pixels, max_pixels)?;
    rows_of(&mut reader).map_err(|e| refusal(&e))?;
    Ok(Report { pixels, ..Report::default() })
}

fn rows_of<R: BufRead + Seek>(reader: &mut png::Reader<R>) -> Result<(), png::DecodingError> {
    while reader.next_row()?.is_some() {}
    reader.finish()
}

fn refusal(error: &png::DecodingError) -> Error {
    let words = format!("PNG: {error}");
    Error::image(match error {
        png::DecodingError::LimitsExceeded => ImageFault::Unsupported(words),
        _ => ImageFault::Corrupt(words),
    })
}
