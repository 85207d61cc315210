//! Whether an image is whole, and what the manifest says of it.

use super::layout::ImageFacts;
use crate::{
    codec::{self, Codec, DecodeOptions},
    error::Result,
    image::Size,
    manifest::Resolution,
};

/// Decodes a JPEG, as small as can be, or any other image: every byte is read, every warning of the decoder is corruption.
///
/// # Errors
/// `Image`.
pub(super) fn check(codec: &mut Codec, data: &[u8]) -> Result<ImageFacts> {
    let jpeg = data.starts_with(b"\xff\xd8");
    let options = DecodeOptions {
        reduce: if jpeg { 8 } else { 1 },
        strict: true,
        max_pixels: Some(2 * codec::MANY_PIXELS),
        ..DecodeOptions::default()
    };
    let mut size = codec.output_size(data, &options)?;
    let mut pixels = vec![0; size.pixels() * 3];
    codec.decode_into(data, &options, &mut pixels)?;
    let mut quality = None;
    if jpeg {
        let info = codec::info(data)?;
        size = info.size;
        quality = info.quality.filter(|quality| quality.exact).map(|quality| quality.value);
    }
    let Size { height, width } = size;
    let resolution = if height == width {
        Resolution::Square(width as u32)
    } else {
        Resolution::HeightWidth([height as u32, width as u32])
    };
    Ok(ImageFacts { resolution, quality })
}
