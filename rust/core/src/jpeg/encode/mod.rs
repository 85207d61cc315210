//! Encoding: baseline, slow integer DCT, no restart markers, the standard Huffman tables unless others are asked for. Equal pixels and
//! options give equal bytes.
//!
//! There are two ways to the same bytes: `baseline` for files with the standard tables, where the CPU has vectors, and
//! libjpeg-turbo for everything else. `strip` takes in a row of MCUs (`colour` makes it of RGB), `transform` makes
//! quantised coefficients of its blocks, `huffman` bits of those, `headers` writes what stands around them.

mod baseline;
mod colour;
#[cfg(target_arch = "x86_64")]
mod colour_avx2;
#[cfg(target_arch = "x86_64")]
mod colour_avx512;
mod headers;
mod huffman;
mod libjpeg;
mod strip;
mod tables;
#[cfg(test)]
mod tests;
mod transform;

use baseline::Baseline;
use libjpeg::Libjpeg;

use crate::{
    error::{Error, Result},
    image::{Size, Subsampling, View},
    isa::Isa,
};

/// Longest payload a marker segment can have.
pub const MAX_PAYLOAD: usize = 65533;

/// Largest side of a JPEG.
const MAX_SIDE: usize = 65500;

/// How a JPEG is written.
#[derive(Debug, Clone, Copy)]
pub struct EncodeOptions {
    /// 1 to 100, libjpeg's scale.
    pub quality: u8,
    /// Chroma resolution; ignored for grey.
    pub subsampling: Subsampling,
    /// Huffman tables made for this picture instead of the standard ones: fewer bytes, the same pixels, more time.
    pub optimize: bool,
}

impl EncodeOptions {
    /// With the standard Huffman tables.
    pub const fn new(quality: u8, subsampling: Subsampling) -> Self {
        Self { quality, subsampling, optimize: false }
    }
}

/// One plane of a picture: rows of samples, `stride` apart, each filled up to a multiple of eight.
#[derive(Debug, Clone, Copy)]
pub struct Plane<'a> {
    /// The rows; the last may end after its own samples, filled up to a multiple of eight.
    pub samples: &'a [u8],
    /// Samples from one row to the next.
    pub stride: usize,
}

/// What is encoded; checked to hold a picture of the size that goes with it.
#[derive(Debug, Clone, Copy)]
enum Picture<'a> {
    /// Rows without gaps of 1, 3 (RGB) or 4 (RGB and a byte of no meaning) channels.
    Pixels { pixels: &'a [u8], channels: usize },
    /// `YCbCr`.
    Planes([Plane<'a>; 3]),
}

/// The path that encodes baseline JPEGs with the standard tables: "libjpeg-turbo", "avx2" or "avx512".
pub fn encode_path() -> &'static str {
    match Isa::current() {
        Isa::Portable => "libjpeg-turbo",
        isa => isa.name(),
    }
}

/// Encodes JPEG. One a worker.
#[derive(Debug)]
pub struct Encoder {
    libjpeg: Libjpeg,
    baseline: Option<Box<Baseline>>,
}

impl Default for Encoder {
    fn default() -> Self {
        Self::with_isa(Isa::current())
    }
}

impl Encoder {
    /// With kernels of that level, which the CPU must have; at the portable level libjpeg-turbo encodes all.
    pub fn with_isa(isa: Isa) -> Self {
        let isa = isa.min(Isa::detected());
        let baseline = (isa > Isa::Portable).then(|| Box::new(Baseline::new(isa)));
        Self { libjpeg: Libjpeg::default(), baseline }
    }

    /// Encodes `view` and appends the file to `out`. `markers` are (code, payload) pairs that are written
    /// in their order behind the JFIF segment.
    ///
    /// # Errors
    /// `Invalid` if quality, size, channels or a payload are out of range.
    pub fn encode(
        &mut self,
        view: View<'_>,
        options: EncodeOptions,
        markers: &[(u8, &[u8])],
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let View { pixels, size, channels } = view;
        if !matches!(channels, 1 | 3 | 4) {
            return Err(Error::invalid(format!("cannot encode {channels} channels; 1, 3 or 4 are possible")));
        }
        if pixels.len() != size.pixels() * channels {
            return Err(Error::invalid(format!(
                "{} bytes are no {} by {} pixels of {channels} channels",
                pixels.len(),
                size.width,
                size.height
            )));
        }
        self.run(Picture::Pixels { pixels, channels }, size, options, markers, out)
    }

    /// Encodes `YCbCr` that never was RGB, and appends the file to `out`; otherwise as [`Encoder::encode`].
    ///
    /// # Errors
    /// As [`Encoder::encode`]; `Invalid` if a plane is not what `size` and subsampling make it.
    pub fn encode_planes(
        &mut self,
        planes: [Plane<'_>; 3],
        size: Size,
        options: EncodeOptions,
        markers: &[(u8, &[u8])],
        out: &mut Vec<u8>,
    ) -> Result<()> {
        for (number, plane) in planes.iter().enumerate() {
            let wanted = if number == 0 { size } else { options.subsampling.chroma(size) };
            let rows = wanted.height.saturating_sub(1).checked_mul(plane.stride);
            let needed = rows.and_then(|n| n.checked_add(wanted.width.next_multiple_of(8)));
            if plane.stride < wanted.width || needed.is_none_or(|needed| needed > plane.samples.len()) {
                return Err(Error::invalid("a plane does not hold the picture it should"));
            }
        }
        self.run(Picture::Planes(planes), size, options, markers, out)
    }

    fn run(
        &mut self,
        picture: Picture<'_>,
        size: Size,
        options: EncodeOptions,
        markers: &[(u8, &[u8])],
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let EncodeOptions { quality, optimize, .. } = options;
        if !(1..=100).contains(&quality) {
            return Err(Error::invalid(format!("quality {quality} is not between 1 and 100")));
        }
        let Size { height, width } = size;
        if height == 0 || width == 0 || height > MAX_SIDE || width > MAX_SIDE {
            return Err(Error::invalid(format!("a JPEG cannot be {width} by {height} pixels")));
        }
        if markers.iter().any(|(_, payload)| payload.len() > MAX_PAYLOAD) {
            return Err(Error::invalid("a marker segment is longer than 65533 bytes"));
        }
        match &mut self.baseline {
            Some(baseline) if !optimize => {
                baseline.encode(picture, size, options, markers, out);
                Ok(())
            }
            _ => self.libjpeg.encode(picture, size, options, markers, out),
        }
    }

    /// Writes a Huffman-coded baseline JPEG with tables of its own: the same coefficients and markers, in fewer bytes.
    /// Appends the file to `out`. What follows the end of the image is not written.
    ///
    /// # Errors
    /// [`crate::error::Kind::Internal`] with libjpeg's words; data that decode without an error have none.
    pub fn optimize(&mut self, jpeg: &[u8], out: &mut Vec<u8>) -> Result<()> {
        self.libjpeg.optimize(jpeg, out)
    }
}
