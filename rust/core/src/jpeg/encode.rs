//! Encoding: baseline, slow integer DCT, no restart markers, the standard Huffman tables unless others are asked for. Equal pixels and
//! options give equal bytes.
#![allow(unsafe_code)]

use std::{ffi::CStr, ptr::NonNull};

use super::{ffi, libjpeg::out_of_memory};
use crate::{
    error::{Error, Kind, Result},
    image::{Size, Subsampling, View},
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

const NOTHING: ffi::RawPicture = ffi::RawPicture {
    pixels: std::ptr::null(),
    stride: 0,
    planes: [std::ptr::null(); 3],
    plane_strides: [0; 3],
    width: 0,
    height: 0,
    channels: 0,
    quality: 0,
    horizontal: 1,
    vertical: 1,
    optimize: 0,
    markers: std::ptr::null(),
    marker_count: 0,
};

/// Encodes JPEG. One a worker.
#[derive(Debug, Default)]
pub struct Encoder {
    raw: Option<NonNull<ffi::RawEncoder>>,
}

// SAFETY: as for `Decoder`: no state but the object's own.
unsafe impl Send for Encoder {}

impl Encoder {
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
        let picture = ffi::RawPicture {
            pixels: pixels.as_ptr(),
            stride: size.width * channels,
            channels: channels as i32,
            ..NOTHING
        };
        // SAFETY: the rows hold what `size` and `channels` say, as checked.
        unsafe { self.run(&picture, size, options, markers, out) }
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
        let picture = ffi::RawPicture {
            planes: planes.map(|plane| plane.samples.as_ptr()),
            plane_strides: planes.map(|plane| plane.stride),
            channels: 3,
            ..NOTHING
        };
        // SAFETY: each plane's rows hold whole blocks, as checked.
        unsafe { self.run(&picture, size, options, markers, out) }
    }

    /// Fills in the rest of `picture` and runs C.
    ///
    /// # Safety
    /// The pixels or planes it points to hold a picture of `size` and live until the call returns.
    unsafe fn run(
        &mut self,
        picture: &ffi::RawPicture,
        size: Size,
        options: EncodeOptions,
        markers: &[(u8, &[u8])],
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let EncodeOptions { quality, subsampling, optimize } = options;
        if !(1..=100).contains(&quality) {
            return Err(Error::invalid(format!("quality {quality} is not between 1 and 100")));
        }
        if size.height == 0 || size.width == 0 || size.height > MAX_SIDE || size.width > MAX_SIDE {
            let Size { height, width } = size;
            return Err(Error::invalid(format!("a JPEG cannot be {width} by {height} pixels")));
        }
        if markers.iter().any(|(_, payload)| payload.len() > MAX_PAYLOAD) {
            return Err(Error::invalid("a marker segment is longer than 65533 bytes"));
        }
        let (horizontal, vertical) = subsampling.ratio();
        let markers: Vec<_> = markers
            .iter()
            .map(|&(code, payload)| ffi::RawMarker {
                data: payload.as_ptr(),
                size: payload.len(),
                code: i32::from(code),
            })
            .collect();
        let picture = ffi::RawPicture {
            width: size.width as u32,
            height: size.height as u32,
            quality: i32::from(quality),
            horizontal: horizontal as i32,
            vertical: vertical as i32,
            optimize: i32::from(optimize),
            markers: markers.as_ptr(),
            marker_count: markers.len(),
            ..*picture
        };
        let raw = self.raw()?;
        let (mut data, mut length) = (std::ptr::null(), 0);
        // SAFETY: `picture` describes its pixels, as the caller vouches, and `markers` truly; all live until the
        // call returns.
        let code =
            unsafe { ffi::ts_encoder_run(raw.as_ptr(), &raw const picture, &raw mut data, &raw mut length) };
        // SAFETY: as C left it.
        unsafe { self.take(code, data, length, out) }
    }

    /// Writes a Huffman-coded baseline JPEG with tables of its own: the same coefficients and markers, in fewer bytes.
    /// Appends the file to `out`. What follows the end of the image is not written.
    ///
    /// # Errors
    /// [`Kind::Internal`] with libjpeg's words; data that decode without an error have none.
    pub fn optimize(&mut self, jpeg: &[u8], out: &mut Vec<u8>) -> Result<()> {
        let raw = self.raw()?;
        let (mut data, mut length) = (std::ptr::null(), 0);
        // SAFETY: an encoder of ours; `jpeg` lives until the call returns, and C does not keep it in use.
        let code = unsafe {
            ffi::ts_encoder_optimize(raw.as_ptr(), jpeg.as_ptr(), jpeg.len(), &raw mut data, &raw mut length)
        };
        // SAFETY: as C left it.
        unsafe { self.take(code, data, length, out) }
    }

    fn raw(&mut self) -> Result<NonNull<ffi::RawEncoder>> {
        if let Some(raw) = self.raw {
            return Ok(raw);
        }
        // SAFETY: no argument; a null pointer is told apart here.
        let raw = NonNull::new(unsafe { ffi::ts_encoder_new() }).ok_or_else(out_of_memory)?;
        self.raw = Some(raw);
        Ok(raw)
    }

    /// Appends what C has written to `out`.
    ///
    /// # Safety
    /// `code`, `data` and `length` are what the last call on this encoder gave.
    unsafe fn take(
        &mut self,
        code: std::ffi::c_int,
        data: *const u8,
        length: usize,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let raw = self.raw()?;
        if code != ffi::DONE {
            // SAFETY: the encoder's text is ended by a zero byte and stays until the next call.
            let words = unsafe { CStr::from_ptr(ffi::ts_encoder_failure(raw.as_ptr())) };
            return Err(Error::new(Kind::Internal(words.to_string_lossy().into_owned())));
        }
        // SAFETY: C says that the file is `length` bytes at `data`, which stay until the next call on this encoder.
        out.extend_from_slice(unsafe { std::slice::from_raw_parts(data, length) });
        Ok(())
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        if let Some(raw) = self.raw {
            // SAFETY: made by `ts_encoder_new` and freed once.
            unsafe { ffi::ts_encoder_free(raw.as_ptr()) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planes_of_a_grey_picture_give_the_file_its_rgb_gives() {
        let mut encoder = Encoder::default();
        for subsampling in [Subsampling::S420, Subsampling::S422, Subsampling::S444] {
            for (height, width) in [(1, 1), (8, 8), (16, 16), (21, 37), (64, 48), (100, 17)] {
                let size = Size { height, width };
                let options = EncodeOptions::new(90, subsampling);
                let grey = |y: usize, x: usize| (x * 7 + y * 13) as u8;
                let rgb: Vec<u8> =
                    (0..height * width).flat_map(|i| [grey(i / width, i % width); 3]).collect();
                let (mut wanted, mut found) = (Vec::new(), Vec::new());
                let view = View { pixels: &rgb, size, channels: 3 };
                encoder.encode(view, options, &[], &mut wanted).unwrap();
                let stride = width.next_multiple_of(8);
                let luma: Vec<u8> =
                    (0..height * stride).map(|i| grey(i / stride, (i % stride).min(width - 1))).collect();
                let flat = vec![128; luma.len()];
                let planes = [&luma, &flat, &flat].map(|samples| Plane { samples, stride });
                encoder.encode_planes(planes, size, options, &[], &mut found).unwrap();
                assert!(found == wanted, "{subsampling:?} {size:?}");
                let short = [&luma[..luma.len() - 1], &flat, &flat].map(|samples| Plane { samples, stride });
                assert!(encoder.encode_planes(short, size, options, &[], &mut found).is_err());
            }
        }
    }
}
