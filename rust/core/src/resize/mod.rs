//! Resizing 8-bit pixels the way Pillow does: columns first, rounded to 8 bits, then rows.
//!
//! One two-dimensional call of `fast_image_resize` works rows first; on pictures with sharp edges that is
//! tens of grey levels away from Pillow, because the rounding and clamping in between fall differently.

use turboshard_convolve::{Convolver, Kernel};

use crate::{
    error::{Error, Kind, Result},
    image::{Filter, Size, View},
};

mod nearest;

/// Resizes; owns the intermediate image, so that a worker allocates it once.
#[derive(Default)]
pub struct Resizer {
    inner: Convolver,
    between: Vec<u8>,
}

impl Resizer {
    /// Stretches `view` to `size` and writes it to `out`, which holds `size * channels` bytes.
    ///
    /// # Errors
    /// `Invalid` if a size is zero, a buffer does not fit its size, or there are not 1, 3 or 4 channels.
    pub fn resize(&mut self, view: View<'_>, size: Size, filter: Filter, out: &mut [u8]) -> Result<()> {
        let View { pixels, size: from, channels } = view;
        if [from.height, from.width, size.height, size.width].contains(&0) {
            return Err(Error::invalid("an image to resize, or its new size, is empty"));
        }
        if pixels.len() != from.pixels() * channels || out.len() != size.pixels() * channels {
            return Err(Error::invalid("a buffer does not hold the image it should"));
        }
        if from == size {
            out.copy_from_slice(pixels);
            return Ok(());
        }
        let Some(kernel) = kernel(filter) else {
            nearest::resize(view, size, out);
            return Ok(());
        };
        let columns = Size { height: from.height, width: size.width };
        if columns == from {
            return pass(&mut self.inner, pixels, from, out, size, channels, kernel);
        }
        if columns == size {
            return pass(&mut self.inner, pixels, from, out, size, channels, kernel);
        }
        let length = columns.pixels() * channels;
        if self.between.len() < length {
            self.between.resize(length, 0);
        }
        let between = self.between.get_mut(..length).unwrap_or_default();
        pass(&mut self.inner, pixels, from, between, columns, channels, kernel)?;
        pass(&mut self.inner, between, columns, out, size, channels, kernel)
    }
}

fn kernel(filter: Filter) -> Option<Kernel> {
    Some(match filter {
        Filter::Nearest => return None,
        Filter::Box => Kernel::Box,
        Filter::Bilinear => Kernel::Bilinear,
        Filter::Hamming => Kernel::Hamming,
        Filter::Bicubic => Kernel::Bicubic,
        Filter::Lanczos3 => Kernel::Lanczos3,
    })
}

fn pass(
    convolver: &mut Convolver,
    pixels: &[u8],
    from: Size,
    out: &mut [u8],
    to: Size,
    channels: usize,
    kernel: Kernel,
) -> Result<()> {
    let shape = |size: Size| (size.height, size.width);
    let done = convolver.pass(pixels, shape(from), out, shape(to), channels, kernel);
    done.map_err(|words| Error::new(Kind::Internal(format!("resize: {words}"))))
}
