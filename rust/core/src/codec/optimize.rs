//! Huffman tables of an image's own: the same pixels in fewer bytes.

use super::{Codec, DecodeOptions, TranscodeOptions, Transcoded, geometry::check_pixels};
use crate::{
    error::Result,
    image::{Mode, Size},
    jpeg::markers::{BASELINE, Header},
};

impl Codec {
    /// Appends `jpeg` with tables of its own to `out`, or as it is where that saves nothing, where it is no baseline
    /// JPEG (progressive ones have tables of their own), or where anything but its tables would be lost.
    pub(super) fn optimize(
        &mut self,
        jpeg: &[u8],
        header: &Header<'_>,
        options: &TranscodeOptions,
        out: &mut Vec<u8>,
    ) -> Result<Transcoded> {
        let size = check_pixels(header, options.max_pixels)?;
        let (before, report) = self.decoded(jpeg, size, options)?;
        let mut done = Transcoded { size: Some(size), copied: true, report, ..Transcoded::default() };
        let start = out.len();
        // Bytes behind the end, such as a second picture, have no place in what libjpeg writes.
        if header.frame.marker == BASELINE && jpeg.ends_with(&[0xFF, 0xD9]) {
            self.encoder.optimize(jpeg, out)?;
            let made = out.get(start..).unwrap_or_default();
            // The proof, made each time: both files give the same pixels.
            done.copied = made.len() >= jpeg.len() || self.decoded(made, size, options)?.0 != before;
        }
        if done.copied {
            out.truncate(start);
            out.extend_from_slice(jpeg);
        }
        Ok(done)
    }

    fn decoded(
        &mut self,
        jpeg: &[u8],
        size: Size,
        options: &TranscodeOptions,
    ) -> Result<(Vec<u8>, super::Report)> {
        let mut pixels = vec![0; size.pixels() * Mode::Rgb.channels()];
        let options = DecodeOptions { strict: options.strict, ..DecodeOptions::default() };
        let report = self.decode_into(jpeg, &options, &mut pixels)?;
        Ok((pixels, report))
    }
}
