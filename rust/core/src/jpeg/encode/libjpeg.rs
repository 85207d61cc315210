//! libjpeg-turbo's encoder behind the shim: it writes every picture, with tables of any kind.
#![allow(unsafe_code)]

use std::{ffi::CStr, ptr::NonNull};

use super::{
    super::{ffi, libjpeg::out_of_memory},
    EncodeOptions, Picture,
};
use crate::{
    error::{Error, Kind, Result},
    image::Size,
};

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

/// An encoder of libjpeg's, made when it is first wanted.
#[derive(Debug, Default)]
pub(super) struct Libjpeg {
    raw: Option<NonNull<ffi::RawEncoder>>,
}

// SAFETY: the C object is reached through this value alone and knows nothing of threads; libjpeg keeps no
// state outside it but a thread-local note of the CPU's features.
unsafe impl Send for Libjpeg {}

impl Libjpeg {
    /// Encodes a picture, all of which is checked, and appends the file to `out`.
    pub(super) fn encode(
        &mut self,
        picture: Picture<'_>,
        size: Size,
        options: EncodeOptions,
        markers: &[(u8, &[u8])],
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let (horizontal, vertical) = options.subsampling.ratio();
        let markers: Vec<_> = markers
            .iter()
            .map(|&(code, payload)| ffi::RawMarker {
                data: payload.as_ptr(),
                size: payload.len(),
                code: i32::from(code),
            })
            .collect();
        let picture = match picture {
            Picture::Pixels { pixels, channels } => ffi::RawPicture {
                pixels: pixels.as_ptr(),
                stride: size.width * channels,
                channels: channels as i32,
                ..NOTHING
            },
            Picture::Planes(planes) => ffi::RawPicture {
                planes: planes.map(|plane| plane.samples.as_ptr()),
                plane_strides: planes.map(|plane| plane.stride),
                channels: 3,
                ..NOTHING
            },
        };
        let picture = ffi::RawPicture {
            width: size.width as u32,
            height: size.height as u32,
            quality: i32::from(options.quality),
            horizontal: horizontal as i32,
            vertical: vertical as i32,
            optimize: i32::from(options.optimize),
            markers: markers.as_ptr(),
            marker_count: markers.len(),
            ..picture
        };
        let raw = self.raw()?;
        let (mut data, mut length) = (std::ptr::null(), 0);
        // SAFETY: a `Picture` holds what its size says, planes in whole blocks, and `markers` is true; all live until
        // the call returns.
        let code =
            unsafe { ffi::ts_encoder_run(raw.as_ptr(), &raw const picture, &raw mut data, &raw mut length) };
        // SAFETY: as C left it.
        unsafe { self.take(code, data, length, out) }
    }

    /// As [`super::Encoder::optimize`].
    pub(super) fn optimize(&mut self, jpeg: &[u8], out: &mut Vec<u8>) -> Result<()> {
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

impl Drop for Libjpeg {
    fn drop(&mut self) {
        if let Some(raw) = self.raw {
            // SAFETY: made by `ts_encoder_new` and freed once.
            unsafe { ffi::ts_encoder_free(raw.as_ptr()) }
        }
    }
}
