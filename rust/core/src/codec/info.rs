//! What an image is, from its header alone.

use super::raster::Format;
use crate::{
    error::Result,
    image::Size,
    jpeg::{self, markers::Header, quality::Quality},
};

/// Facts about an image that cost no decoding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Info {
    /// "JPEG", "PNG" or "BMP".
    pub format: &'static str,
    /// Rows and columns as stored, not turned.
    pub size: Size,
    /// 1 to 4, as stored: a palette's numbers are one.
    pub components: u8,
    /// Bits a stored sample; of a JPEG always 8, what else there is being refused.
    pub precision: u8,
    /// "gray", "YCbCr", "RGB", "CMYK" or "YCCK"; of the others also "gray+alpha", "RGBA", "palette".
    pub colour: &'static str,
    /// "4:2:0", "4:4:4", "gray", …
    pub subsampling: String,
    /// The quality setting its tables come from, if it has any.
    pub quality: Option<Quality>,
    /// Whether it is refined in several passes; of a PNG, whether it is interlaced.
    pub progressive: bool,
    /// Whether it carries an ICC profile.
    pub has_icc: bool,
    /// EXIF orientation, 1 to 8.
    pub orientation: u8,
}

impl Info {
    /// Of an image without loss, whose samples are all there is.
    pub(super) fn lossless(
        format: &'static str,
        size: Size,
        (components, precision): (u8, u8),
        colour: &'static str,
    ) -> Self {
        let subsampling = if colour.starts_with("gray") { "gray" } else { "4:4:4" }.to_owned();
        Self {
            format,
            size,
            components,
            precision,
            colour,
            subsampling,
            quality: None,
            progressive: false,
            has_icc: false,
            orientation: 1,
        }
    }
}

/// Reads the header of a JPEG, PNG or BMP.
///
/// # Errors
/// [`crate::error::Kind::Image`] where decoding would refuse the header.
pub fn info(data: &[u8]) -> Result<Info> {
    if let Some(format) = Format::of(data) {
        return format.info(data);
    }
    let header = Header::parse(data)?;
    let frame = &header.frame;
    let mut decoder = jpeg::Decoder::default();
    let colour = decoder.open(data, &header, false)?.source().name();
    Ok(Info {
        format: "JPEG",
        size: Size { height: usize::from(frame.height), width: usize::from(frame.width) },
        components: frame.count,
        precision: 8,
        colour,
        subsampling: frame.subsampling_name(),
        quality: jpeg::quality::estimate(data, frame),
        progressive: frame.is_progressive(),
        has_icc: header.has_icc,
        orientation: header.orientation(),
    })
}
