//! Memory of batches and images: lent to Python as arrays, and lent by the caller to be filled in turn.
#![allow(unsafe_code)]

use std::sync::{Arc, LazyLock};

use numpy::{PyArray1, ndarray::ArrayViewMut1};
use pyo3::{
    buffer::PyBuffer,
    exceptions::{PyTypeError, PyValueError},
    intern,
    prelude::*,
    types::PyTuple,
};
use turboshard::loader::{Bank, Memory};

use crate::ending;

/// Owner of an array's memory; when the last array over it is gone, the next one can have it.
#[pyclass(frozen, module = "turboshard._core")]
struct Block {
    memory: Option<Memory>,
    bank: Arc<Bank>,
}

impl Drop for Block {
    fn drop(&mut self) {
        if let Some(memory) = self.memory.take() {
            self.bank.put(memory);
        }
    }
}

/// The first `len` bytes as an array, writable, nothing copied.
pub(crate) fn array<'py>(
    py: Python<'py>,
    mut memory: Memory,
    len: usize,
    bank: &Arc<Bank>,
) -> PyResult<Bound<'py, PyArray1<u8>>> {
    let bytes = memory.bytes();
    let (start, len) = (bytes.as_mut_ptr(), bytes.len().min(len));
    let block = Bound::new(py, Block { memory: Some(memory), bank: Arc::clone(bank) })?;
    // SAFETY: moving a `Memory` does not move its bytes. `block` owns them, touches them only when it is dropped,
    // and as the base of the array outlives it and all its views.
    Ok(unsafe {
        let view = ArrayViewMut1::from_shape_ptr(len, start);
        PyArray1::borrow_from_array(&view, block.into_any())
    })
}

/// Bytes of an image whose memory is kept: less, and malloc keeps it; more, and numpy asks for huge pages.
const KEPT: std::ops::Range<usize> = 128 << 10..4 << 20;
/// Bytes kept at most, in the whole process: a batch of 64 or so of 1024 a side. All of them were in use at once.
const MOST: usize = 256 << 20;

static IMAGES: LazyLock<Arc<Bank>> = LazyLock::new(|| Arc::new(Bank::new(usize::MAX, MOST)));

/// A new array of `u1`, to be written to before anybody reads it: every byte has some value.
///
/// malloc gives memory of an image's size back to the system when it is freed, and a page fault for every 4 KiB of the next
/// one costs as much as resizing the image. So that memory is kept here.
pub(crate) fn empty<'py>(py: Python<'py>, shape: &[usize]) -> PyResult<Bound<'py, PyAny>> {
    let _visit = ending::Visit::begin(); // numpy may be imported here
    let dimensions = PyTuple::new(py, shape)?;
    let bytes = shape.iter().try_fold(1_usize, |bytes, &side| bytes.checked_mul(side));
    match bytes.filter(|bytes| KEPT.contains(bytes)) {
        Some(bytes) => {
            array(py, IMAGES.get(bytes), bytes, &IMAGES)?.call_method1(intern!(py, "reshape"), (dimensions,))
        }
        None => numpy::get_array_module(py)?.call_method1(intern!(py, "empty"), (dimensions, "u1")),
    }
}

/// The caller's buffers, exported to this value for as long as anybody may write to them.
#[derive(Default)]
pub(crate) struct Ring {
    buffers: Vec<PyBuffer<u8>>,
}

impl Ring {
    pub(crate) fn of(out: &[Bound<'_, PyAny>], len: usize) -> PyResult<Self> {
        let mut ring = Self::default();
        let mut spans: Vec<(usize, usize)> = Vec::new();
        for one in out {
            let wrong = |why: &str| {
                format!("each of out must be a writable C-contiguous buffer of {len} bytes, {why}")
            };
            let buffer = PyBuffer::<u8>::get(one).map_err(|_| PyTypeError::new_err(wrong("not of uint8")))?;
            let start = buffer.buf_ptr() as usize;
            let span = (start, start + buffer.len_bytes());
            let fault = if buffer.len_bytes() != len {
                format!("not {}", buffer.len_bytes())
            } else if buffer.readonly() {
                "not read-only".to_owned()
            } else if !buffer.is_c_contiguous() {
                "not strided".to_owned()
            } else if spans.iter().any(|other| span.0 < other.1 && other.0 < span.1) {
                "and overlap no other".to_owned()
            } else {
                spans.push(span);
                ring.buffers.push(buffer);
                continue;
            };
            return Err(PyValueError::new_err(wrong(&fault)));
        }
        Ok(ring)
    }

    /// The buffers as memory; they must not be used longer than `self`.
    pub(crate) fn memories(&self) -> Vec<Memory> {
        let lent = |buffer: &PyBuffer<u8>| {
            // SAFETY: the buffer is writable, contiguous and exported to `self`, so it is neither moved nor freed,
            // and no two overlap. Whoever holds `self` ends the iteration, and with it its threads, first. That
            // the caller leaves a buffer alone until it is given back is the contract of `out=`.
            unsafe { Memory::lent(buffer.buf_ptr().cast(), buffer.len_bytes()) }
        };
        self.buffers.iter().map(lent).collect()
    }

    /// Which of them it is.
    pub(crate) fn number(&self, memory: &mut Memory) -> Option<usize> {
        let start = memory.bytes().as_ptr();
        self.buffers.iter().position(|buffer| buffer.buf_ptr().cast_const().cast() == start)
    }
}
