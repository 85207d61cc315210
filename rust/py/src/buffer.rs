//! Memory that crosses the boundary: bytes and pixels lent to a call, and arrays that a call fills.
//!
//! With `lend`, the only `unsafe` of this crate.
#![allow(unsafe_code)]

use std::ops::Range;

use pyo3::{
    buffer::{PyBuffer, PyUntypedBuffer},
    exceptions::{PyBufferError, PyTypeError, PyValueError},
    prelude::*,
    pybacked::PyBackedBytes,
    types::PyBytes,
};

use crate::lend;

/// Bytes that stay the same for the length of a call.
///
/// `bytes` cannot change and are borrowed. Anything else could be written to by another thread while a
/// parser trusts what it has just read, so it is copied: microseconds against the milliseconds of a decode.
pub(crate) fn bytes_like(data: &Bound<'_, PyAny>) -> PyResult<PyBackedBytes> {
    if let Ok(bytes) = data.cast::<PyBytes>() {
        return Ok(bytes.clone().into());
    }
    let Ok(buffer) = PyUntypedBuffer::get(data) else {
        let found = data.get_type().name()?;
        return Err(PyTypeError::new_err(format!("a bytes-like object is required, not '{found}'")));
    };
    if !buffer.is_c_contiguous() {
        return Err(PyBufferError::new_err("a C-contiguous buffer is required"));
    }
    let copy = data.py().get_type::<PyBytes>().call1((data,))?;
    Ok(copy.cast_into::<PyBytes>()?.into())
}

/// Addresses of a buffer, to tell whether two of them share memory; `None` for what is no buffer.
pub(crate) fn span(data: &Bound<'_, PyAny>) -> Option<Range<usize>> {
    let buffer = PyUntypedBuffer::get(data).ok()?;
    let start = buffer.buf_ptr() as usize;
    Some(start..start + buffer.len_bytes())
}

/// 8-bit pixels lent to a call: rows, columns and, unless grey, channels.
pub(crate) struct Pixels {
    buffer: PyBuffer<u8>,
    copy: Option<Vec<u8>>,
}

impl Pixels {
    pub(crate) fn of(image: &Bound<'_, PyAny>) -> PyResult<Self> {
        let buffer = PyBuffer::<u8>::get(image).map_err(|_| {
            PyTypeError::new_err(format!(
                "image must be a uint8 array of shape (H, W), (H, W, 1), (H, W, 3) or (H, W, 4), not {}",
                described(image)
            ))
        })?;
        let copy = if buffer.is_c_contiguous() { None } else { Some(buffer.to_vec(image.py())?) };
        Ok(Self { buffer, copy })
    }

    pub(crate) fn shape(&self) -> &[usize] {
        self.buffer.shape()
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        if let Some(copy) = &self.copy {
            return copy;
        }
        // SAFETY: the exporter neither moves nor frees an exported buffer, and `self` keeps the export.
        // Another thread may write to the array meanwhile, as it may under hashlib or Pillow; the encoder
        // takes each byte as a number and derives no length or address from it, so it can only get
        // other pixels.
        self.buffer.as_slice_ptr().map_or(&[], |bytes| unsafe { bytes.as_ref() })
    }
}

/// The array a call fills: the caller's own, or a new one.
pub(crate) struct Output<'py> {
    object: Bound<'py, PyAny>,
    buffer: PyBuffer<u8>,
}

impl<'py> Output<'py> {
    /// Takes `out` if it fits exactly and shares no byte with `inputs`, else makes an array of `shape`.
    pub(crate) fn new(
        py: Python<'py>,
        out: Option<&Bound<'py, PyAny>>,
        shape: &[usize],
        inputs: &[Range<usize>],
    ) -> PyResult<Self> {
        let Some(out) = out else {
            let object = lend::empty(py, shape)?; // every byte is written, or the array is never seen
            let buffer = PyBuffer::get(&object)?;
            return Ok(Self { object, buffer });
        };
        let wanted = |found: String| {
            format!("out must be a writable C-contiguous uint8 buffer of shape {}, {found}", tuple(shape))
        };
        let buffer = PyBuffer::<u8>::get(out)
            .map_err(|_| PyTypeError::new_err(wanted(format!("not {}", described(out)))))?;
        let fault = if buffer.shape() != shape {
            format!("but its shape is {}", tuple(buffer.shape()))
        } else if buffer.readonly() {
            "but it is read-only".to_owned()
        } else if !buffer.is_c_contiguous() {
            "but it is strided".to_owned()
        } else if span(out).is_some_and(|at| inputs.iter().any(|i| at.start < i.end && i.start < at.end)) {
            "but it overlaps the input".to_owned()
        } else {
            return Ok(Self { object: out.clone(), buffer });
        };
        Err(PyValueError::new_err(wanted(fault)))
    }

    /// The memory to fill.
    pub(crate) fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: the buffer is writable, contiguous and exported to `self`, so it is neither moved nor freed,
        // and `&mut self` keeps a second slice from being made of it here. A new array is known to nobody
        // else; its bytes are kept from before, or come from numpy's allocator, which the compiler cannot see
        // through, so they have some value. With the caller's own array it is the caller's contract, as with any `out=`, that
        // no other thread uses it during the call.
        self.buffer.as_slice_ptr().map_or(&mut [], |mut bytes| unsafe { bytes.as_mut() })
    }

    pub(crate) fn finish(self) -> Bound<'py, PyAny> {
        self.object
    }
}

fn tuple(shape: &[usize]) -> String {
    let words: Vec<_> = shape.iter().map(ToString::to_string).collect();
    format!("({})", words.join(", "))
}

/// What was given instead: the dtype of an array, the type of anything else.
fn described(object: &Bound<'_, PyAny>) -> String {
    let words = |name: &str| object.getattr(name).and_then(|value| Ok(value.str()?.to_string()));
    match (words("dtype"), object.get_type().name()) {
        (Ok(dtype), Ok(class)) => format!("{class} of {dtype}"),
        (_, Ok(class)) => class.to_string(),
        _ => "something else".to_owned(),
    }
}
