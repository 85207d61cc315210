//! One image in, one out: `decode`, `encode`, `info`.

use pyo3::{
    exceptions::{PyTypeError, PyValueError},
    intern,
    prelude::*,
    types::{PyBytes, PyDict},
};
use turboshard::{
    codec::{self, EncodeOptions},
    image::{Size, View},
};

use crate::{
    buffer::{self, Output, Pixels},
    enter,
    options::{self, WARN_PIXELS},
};

/// Decodes a JPEG into a uint8 array; the keywords are described in `_core.pyi`.
#[pyfunction]
#[pyo3(
    signature = (data, *, out=None, **keywords),
    text_signature = "(data, *, size=None, resample='lanczos3', reduce=1, crop=None, mode='RGB', layout='HWC', exif=False, strict=False, truncated='error', out=None)"
)]
pub(crate) fn decode<'py>(
    py: Python<'py>,
    data: &Bound<'py, PyAny>,
    out: Option<&Bound<'py, PyAny>>,
    keywords: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyAny>> {
    let options = options::decode("decode", keywords)?;
    let input = buffer::bytes_like(data)?;
    let size = enter::inline(py, |codec| codec.output_size(&input, &options))?;
    let shape = options::shape(size, &options);
    let spans: Vec<_> = buffer::span(data).into_iter().collect();
    let mut output = Output::new(py, out, &shape, &spans)?;
    let pixels = output.bytes();
    let report = enter::inline(py, |codec| codec.decode_into(&input, &options, pixels))?;
    warn_if_large(py, report.pixels)?;
    Ok(output.finish())
}

/// Pillow's warning at Pillow's limit; twice the limit was refused by the core before anything was allocated.
pub(crate) fn warn_if_large(py: Python<'_>, pixels: u64) -> PyResult<()> {
    if pixels <= WARN_PIXELS {
        return Ok(());
    }
    let class =
        py.import(intern!(py, "turboshard.errors"))?.getattr(intern!(py, "DecompressionBombWarning"))?;
    let words = format!(
        "the image has {pixels} pixels, more than the limit of {WARN_PIXELS}: it could be a decompression bomb"
    );
    py.import(intern!(py, "warnings"))?.call_method1(intern!(py, "warn"), (words, class)).map(drop)
}

/// Encodes a uint8 array as JPEG.
#[pyfunction]
#[pyo3(signature = (image, *, quality=95, subsampling=None, optimize=false), text_signature = "(image, *, quality=95, subsampling='420', optimize=False)")]
pub(crate) fn encode<'py>(
    py: Python<'py>,
    image: &Bound<'py, PyAny>,
    quality: i64,
    subsampling: Option<&Bound<'py, PyAny>>,
    optimize: bool,
) -> PyResult<Bound<'py, PyBytes>> {
    let Ok(quality @ 1..=100) = u8::try_from(quality) else {
        return Err(PyValueError::new_err(format!("quality {quality} is not within 1 to 100")));
    };
    let subsampling = subsampling.map(options::subsampling).transpose()?.unwrap_or_default();
    let pixels = Pixels::of(image)?;
    let view = view(&pixels)?;
    let jpeg = enter::inline(py, |codec| {
        let mut jpeg = Vec::new();
        codec.encode_into(view, EncodeOptions { quality, subsampling, optimize }, &mut jpeg)?;
        Ok(jpeg)
    })?;
    Ok(PyBytes::new(py, &jpeg))
}

/// Resizes a uint8 array; the keywords are described in `_core.pyi`.
#[pyfunction]
#[pyo3(
    signature = (image, size, *, resample=None, out=None),
    text_signature = "(image, size, *, resample='lanczos3', out=None)"
)]
pub(crate) fn resize<'py>(
    py: Python<'py>,
    image: &Bound<'py, PyAny>,
    size: &Bound<'py, PyAny>,
    resample: Option<&Bound<'py, PyAny>>,
    out: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let filter = resample.map(options::filter).transpose()?.unwrap_or_default();
    let pixels = Pixels::of(image)?;
    let view = view(&pixels)?;
    let size = options::size(size)?;
    let mut shape = vec![size.height, size.width];
    shape.extend(pixels.shape().get(2));
    let spans: Vec<_> = buffer::span(image).into_iter().collect();
    let mut output = Output::new(py, out, &shape, &spans)?;
    let place = output.bytes();
    enter::inline(py, |codec| codec.resize_into(view, size, filter, place))?;
    Ok(output.finish())
}

fn view(pixels: &Pixels) -> PyResult<View<'_>> {
    let (height, width, channels) = match *pixels.shape() {
        [height, width] => (height, width, 1),
        [height, width, channels @ (1 | 3 | 4)] => (height, width, channels),
        _ => {
            return Err(PyTypeError::new_err(format!(
                "image must have shape (H, W), (H, W, 1), (H, W, 3) or (H, W, 4), not {:?}",
                pixels.shape()
            )));
        }
    };
    Ok(View { pixels: pixels.bytes(), size: Size { height, width }, channels })
}

/// What the header of an image says, as a dict.
#[pyfunction]
#[pyo3(signature = (data, /))]
pub(crate) fn info<'py>(py: Python<'py>, data: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyDict>> {
    let input = buffer::bytes_like(data)?;
    let facts = PyDict::new(py);
    let found = enter::inline(py, |_| codec::info(&input))?;
    facts.set_item("format", found.format)?;
    facts.set_item("height", found.size.height)?;
    facts.set_item("width", found.size.width)?;
    facts.set_item("channels", found.components)?;
    facts.set_item("bits", found.precision)?;
    facts.set_item("colour", found.colour)?;
    facts.set_item("subsampling", found.subsampling)?;
    facts.set_item("quality", found.quality.map(|quality| quality.value))?;
    facts.set_item("quality_exact", found.quality.is_some_and(|quality| quality.exact))?;
    facts.set_item("progressive", found.progressive)?;
    facts.set_item("orientation", found.orientation)?;
    facts.set_item("icc", found.has_icc)?;
    Ok(facts)
}
