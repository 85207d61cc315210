//! Encoding: baseline, standard Huffman tables, slow integer DCT, no restart markers. Equal pixels and
//! options give equal bytes.
#![allow(unsafe_code)]

use std::{ffi::CStr, ptr::NonNull};

use super::{decode::out_of_memory, ffi};
use crate::{
    error::{Error, Kind, Result},
    image::{Size, Subsampling, View},
};

/// Longest payload a marker segment can have.
pub const MAX_PAYLOAD: usize = 65533;

/// Largest side of a JPEG.
const MAX_SIDE: usize = 65500;

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
        quality: u8,
        subsampling: Subsampling,
        markers: &[(u8, &[u8])],
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let View { pixels, size, channels } = view;
        if !(1..=100).contains(&quality) {
            return Err(Error::invalid(format!("quality {quality} is not between 1 and 100")));
        }
        if !matches!(channels, 1 | 3 | 4) {
            return Err(Error::invalid(format!("cannot encode {channels} channels; 1, 3 or 4 are possible")));
        }
        if size.height == 0 || size.width == 0 || size.height > MAX_SIDE || size.width > MAX_SIDE {
            let Size { height, width } = size;
            return Err(Error::invalid(format!("a JPEG cannot be {width} by {height} pixels")));
        }
        if pixels.len() != size.pixels() * channels {
            return Err(Error::invalid(format!(
                "{} bytes are no {} by {} pixels of {channels} channels",
                pixels.len(),
                size.width,
                size.height
            )));
        }
        if markers.iter().any(|(_, payload)| payload.len() > MAX_PAYLOAD) {
            return Err(Error::invalid("a marker segment is longer than 65533 bytes"));
        }
        let (horizontal, vertical) = match subsampling {
            Subsampling::S420 => (2, 2),
            Subsampling::S422 => (2, 1),
            Subsampling::S444 => (1, 1),
        };
        let markers: Vec<_> = markers
            .iter()
            .map(|&(code, payload)| ffi::RawMarker {
                data: payload.as_ptr(),
                size: payload.len(),
                code: i32::from(code),
            })
            .collect();
        let picture = ffi::RawPicture {
            pixels: pixels.as_ptr(),
            stride: size.width * channels,
            width: size.width as u32,
            height: size.height as u32,
            channels: channels as i32,
            quality: i32::from(quality),
            horizontal,
            vertical,
            markers: markers.as_ptr(),
            marker_count: markers.len(),
        };
        let raw = if let Some(raw) = self.raw {
            raw
        } else {
            // SAFETY: no argument; a null pointer is told apart here.
            let raw = NonNull::new(unsafe { ffi::ts_encoder_new() }).ok_or_else(out_of_memory)?;
            self.raw = Some(raw);
            raw
        };
        let (mut data, mut length) = (std::ptr::null(), 0);
        // SAFETY: `picture` describes `pixels` and `markers` truly, as checked, and all live until the call returns.
        let code =
            unsafe { ffi::ts_encoder_run(raw.as_ptr(), &raw const picture, &raw mut data, &raw mut length) };
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
