//! PNG output: 8 bits, grey or RGB, settings fixed so that equal pixels give equal bytes.

use std::borrow::Cow;

use png::{BitDepth, ColorType, DeflateCompression, Encoder, Filter, Info};

use crate::{
    error::{Error, Kind, Result},
    image::View,
};

/// Appends a PNG of `view`, which has 1 or 3 channels.
pub(super) fn write(
    view: View<'_>,
    icc: Option<&[u8]>,
    exif: Option<&[u8]>,
    out: &mut Vec<u8>,
) -> Result<()> {
    let side = |n: usize| u32::try_from(n).map_err(|_| Error::invalid("an image side is too long"));
    let mut info = Info::with_size(side(view.size.width)?, side(view.size.height)?);
    info.color_type = if view.channels == 1 { ColorType::Grayscale } else { ColorType::Rgb };
    info.bit_depth = BitDepth::Eight;
    info.icc_profile = icc.map(Cow::Borrowed);
    info.exif_metadata = exif.map(Cow::Borrowed);
    let refused = |e: png::EncodingError| Error::new(Kind::Internal(format!("PNG: {e}")));
    let mut encoder = Encoder::with_info(out, info).map_err(refused)?;
    encoder.set_deflate_compression(DeflateCompression::Level(6));
    encoder.set_filter(Filter::Adaptive);
    let mut writer = encoder.write_header().map_err(refused)?;
    writer.write_image_data(view.pixels).map_err(refused)?;
    writer.finish().map_err(refused)
}
