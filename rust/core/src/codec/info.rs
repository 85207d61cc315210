//! What a JPEG is, from its header alone.

use crate::{
    error::Result,
    image::Size,
    jpeg::{self, markers::Header, quality::Quality},
};

/// Facts about a JPEG that cost no decoding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Info {
    /// Rows and columns as stored, not turned.
    pub size: Size,
    /// 1, 3 or 4.
    pub components: u8,
    /// Bits a sample; always 8, what else there is being refused.
    pub precision: u8,
    /// "gray", "YCbCr", "RGB", "CMYK" or "YCCK".
    pub colour: &'static str,
    /// "4:2:0", "4:4:4", "gray", …
    pub subsampling: String,
    /// The quality setting its tables come from, if it has any.
    pub quality: Option<Quality>,
    /// Whether it is refined in several passes.
    pub progressive: bool,
    /// Whether it carries an ICC profile.
    pub has_icc: bool,
    /// EXIF orientation, 1 to 8.
    pub orientation: u8,
}

/// Reads the header of a JPEG.
///
/// # Errors
/// [`crate::error::Kind::Image`] where decoding would refuse the header.
pub fn info(data: &[u8]) -> Result<Info> {
    let header = Header::parse(data)?;
    let frame = &header.frame;
    let mut decoder = jpeg::Decoder::default();
    let colour = decoder.open(data, &header, false)?.source().name();
    Ok(Info {
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
