//! What a picture is to this crate: sizes, modes, filters by name, and borrowed 8-bit pixels.

use std::str::FromStr;

use crate::error::{Error, Result};

/// Height and width in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Size {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

impl Size {
    /// A square.
    pub const fn square(side: usize) -> Self {
        Self { height: side, width: side }
    }

    /// Number of pixels.
    pub const fn pixels(self) -> usize {
        self.height * self.width
    }
}

/// A rectangle in full-resolution pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crop {
    /// First row.
    pub y: usize,
    /// First column.
    pub x: usize,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

/// What a pixel of the result holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Red, green, blue: what Pillow's `convert("RGB")` gives.
    #[default]
    Rgb,
    /// Grey: what Pillow's `convert("L")` gives, computed from RGB.
    L,
    /// RGB and an opaque alpha.
    Rgba,
    /// The decoder's own luma plane.
    Y,
}

impl Mode {
    /// Bytes a pixel.
    pub const fn channels(self) -> usize {
        match self {
            Self::Rgb => 3,
            Self::L | Self::Y => 1,
            Self::Rgba => 4,
        }
    }
}

impl FromStr for Mode {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Ok(match name {
            "RGB" => Self::Rgb,
            "L" => Self::L,
            "RGBA" => Self::Rgba,
            "Y" => Self::Y,
            _ => return Err(Error::invalid(format!("mode {name:?} is none of RGB, L, RGBA, Y"))),
        })
    }
}

/// Order of the result's axes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Layout {
    /// Rows, columns, channels.
    #[default]
    Hwc,
    /// Channels, rows, columns.
    Chw,
}

impl FromStr for Layout {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        match name {
            "HWC" => Ok(Self::Hwc),
            "CHW" => Ok(Self::Chw),
            _ => Err(Error::invalid(format!("layout {name:?} is none of HWC, CHW"))),
        }
    }
}

/// A resampling filter; each means what Pillow's filter of that name means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Filter {
    /// The nearest pixel, nothing averaged.
    Nearest,
    /// Mean of the pixels covered.
    Box,
    /// Triangle, widened when shrinking.
    Bilinear,
    /// Hamming-windowed sinc of one lobe.
    Hamming,
    /// Keys' cubic with a = -0.5.
    Bicubic,
    /// Sinc windowed by a sinc of three lobes.
    #[default]
    Lanczos3,
    /// No filter of pixels: a JPEG's low frequencies are transformed to half the size, as IJG's libjpeg does from version
    /// 7 on. The low 4x4 coefficients of luma, and of 4:4:4 chroma; 4:2:0 chroma is that size already.
    Dct,
}

impl Filter {
    /// The name used on the command line and in provenance.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nearest => "nearest",
            Self::Box => "box",
            Self::Bilinear => "bilinear",
            Self::Hamming => "hamming",
            Self::Bicubic => "bicubic",
            Self::Lanczos3 => "lanczos3",
            Self::Dct => "dct",
        }
    }
}

impl FromStr for Filter {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Ok(match name {
            "nearest" => Self::Nearest,
            "box" => Self::Box,
            "bilinear" => Self::Bilinear,
            "hamming" => Self::Hamming,
            "bicubic" => Self::Bicubic,
            "lanczos3" | "lanczos" => Self::Lanczos3,
            "dct" => Self::Dct,
            _ => {
                return Err(Error::invalid(format!(
                    "resample {name:?} is none of lanczos3, bicubic, bilinear, hamming, box, nearest, dct"
                )));
            }
        })
    }
}

/// Chroma resolution of a JPEG.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Subsampling {
    /// Half the columns, half the rows.
    #[default]
    S420,
    /// Half the columns.
    S422,
    /// Full.
    S444,
}

impl Subsampling {
    /// The name used on the command line and in provenance.
    pub const fn name(self) -> &'static str {
        match self {
            Self::S420 => "420",
            Self::S422 => "422",
            Self::S444 => "444",
        }
    }

    /// Columns and rows of luma to one of chroma.
    pub const fn ratio(self) -> (usize, usize) {
        match self {
            Self::S420 => (2, 2),
            Self::S422 => (2, 1),
            Self::S444 => (1, 1),
        }
    }

    /// Size of the chroma of a picture of that size.
    pub const fn chroma(self, size: Size) -> Size {
        let (columns, rows) = self.ratio();
        Size { height: size.height.div_ceil(rows), width: size.width.div_ceil(columns) }
    }
}

impl FromStr for Subsampling {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Ok(match name {
            "420" | "4:2:0" => Self::S420,
            "422" | "4:2:2" => Self::S422,
            "444" | "4:4:4" => Self::S444,
            _ => return Err(Error::invalid(format!("subsampling {name:?} is none of 420, 422, 444"))),
        })
    }
}

/// How an image is brought to a size of another aspect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Fit {
    /// Each axis by itself; the picture is distorted if the aspects differ.
    #[default]
    Stretch,
    /// The largest centred part that has the aspect; the result has exactly the size.
    Cover,
    /// The whole picture, as large as fits into the size: Pillow's `ImageOps.contain`.
    Contain,
}

impl Fit {
    /// The name used on the command line and in provenance.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stretch => "stretch",
            Self::Cover => "cover",
            Self::Contain => "contain",
        }
    }
}

impl FromStr for Fit {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Ok(match name {
            "stretch" => Self::Stretch,
            "cover" => Self::Cover,
            "contain" => Self::Contain,
            _ => return Err(Error::invalid(format!("fit {name:?} is none of stretch, cover, contain"))),
        })
    }
}

/// The colours in which pictures are resized before they are encoded anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Space {
    /// RGB, as Pillow does.
    #[default]
    Rgb,
    /// A JPEG's own: luma and chroma each at the size it is stored in.
    Ycc,
}

impl Space {
    /// The name used on the command line and in provenance.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rgb => "rgb",
            Self::Ycc => "ycc",
        }
    }
}

impl FromStr for Space {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Ok(match name {
            "rgb" => Self::Rgb,
            "ycc" => Self::Ycc,
            _ => return Err(Error::invalid(format!("space {name:?} is none of rgb, ycc"))),
        })
    }
}

/// The file format images are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum OutputFormat {
    /// That of the source.
    #[default]
    Keep,
    /// JPEG.
    Jpeg,
    /// PNG, 8 bits a channel.
    Png,
}

impl OutputFormat {
    /// The name used on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Jpeg => "jpeg",
            Self::Png => "png",
        }
    }
}

impl FromStr for OutputFormat {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Ok(match name {
            "keep" => Self::Keep,
            "jpeg" => Self::Jpeg,
            "png" => Self::Png,
            _ => return Err(Error::invalid(format!("format {name:?} is none of keep, jpeg, png"))),
        })
    }
}

/// Borrowed 8-bit pixels, rows without gaps, channels interleaved.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// `height * width * channels` bytes.
    pub pixels: &'a [u8],
    /// Rows and columns.
    pub size: Size,
    /// 1, 3 or 4.
    pub channels: usize,
}
