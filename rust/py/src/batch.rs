//! Many images into one array, in one crossing.

use pyo3::{
    exceptions::PyTypeError,
    prelude::*,
    types::{PyDict, PyIterator},
};
use turboshard::{batch, codec::Report, image::Size, load::Images};

use crate::{
    buffer::{self, Output},
    enter, image, options,
    shard::PyShard,
};

/// Decodes many JPEGs into one uint8 array; the keywords are those of `decode`.
#[pyfunction]
#[pyo3(
    signature = (images, *, out=None, threads=None, **keywords),
    text_signature = "(images, *, size=None, resample='lanczos3', reduce=1, crop=None, mode='RGB', layout='HWC', exif=False, strict=False, truncated='error', out=None, threads=None)"
)]
pub(crate) fn decode_batch<'py>(
    py: Python<'py>,
    images: &Bound<'py, PyAny>,
    out: Option<&Bound<'py, PyAny>>,
    threads: Option<i64>,
    keywords: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyAny>> {
    let options = options::decode("decode_batch", keywords)?;
    if buffer::span(images).is_some() {
        return Err(PyTypeError::new_err("images must be several bytes-like objects, not one"));
    }
    let given = PyIterator::from_object(images)?.collect::<PyResult<Vec<_>>>()?;
    let inputs = given.iter().map(buffer::bytes_like).collect::<PyResult<Vec<_>>>()?;
    let items: Vec<&[u8]> = inputs.iter().map(AsRef::as_ref).collect();
    let size = enter::inline(py, |codec| batch::batch_size(&items, &options, codec))?;
    let size = if items.is_empty() { options.size.unwrap_or(size) } else { size };
    let mut shape = vec![items.len()];
    shape.extend(options::shape(size, &options));
    let spans: Vec<_> = given.iter().filter_map(buffer::span).collect();
    let mut output = Output::new(py, out, &shape, &spans)?;
    let pixels = output.bytes();
    let reports = enter::run(py, threads, |with| {
        batch::decode_batch(&items, &options, with.pool, with.codecs, with.cancel, pixels)
    })?;
    warn_of_largest(py, &reports)?;
    Ok(output.finish())
}

/// `Shard.load`: images of shape (samples, fields, …).
pub(crate) fn load<'py>(
    py: Python<'py>,
    of: &PyShard,
    samples: &[usize],
    fields: &[String],
    out: Option<&Bound<'py, PyAny>>,
    threads: Option<i64>,
    keywords: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyAny>> {
    let options = options::decode("load", keywords)?;
    let names: Vec<&[u8]> = fields.iter().map(String::as_bytes).collect();
    let (images, size): (Images<'_>, Size) = enter::inline(py, |codec| {
        let images = Images::find(&of.shard, samples, &names, &options)?;
        let size = images.size(codec)?;
        Ok((images, size))
    })?;
    let mut shape = vec![samples.len(), fields.len()];
    shape.extend(options::shape(size, &options));
    let mut output = Output::new(py, out, &shape, &[])?;
    let pixels = output.bytes();
    let reports =
        enter::run(py, threads, |with| images.load_into(pixels, size, with.pool, with.codecs, with.cancel))?;
    warn_of_largest(py, &reports)?;
    Ok(output.finish())
}

fn warn_of_largest(py: Python<'_>, reports: &[Report]) -> PyResult<()> {
    image::warn_if_large(py, reports.iter().map(|report| report.pixels).max().unwrap_or(0))
}
