//! An index as columns: arrays, and names as one blob.

use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

use numpy::PyArray1;
use pyo3::{
    prelude::*,
    types::{PyBytes, PyDict, PyList},
};
use turboshard::index::Index;

/// The columns that need no Python object a member.
pub(crate) fn columns<'py>(py: Python<'py>, index: &Index) -> PyResult<Bound<'py, PyDict>> {
    let columns = PyDict::new(py);
    columns.set_item("sample", PyArray1::from_vec(py, index.sample_of_each()))?;
    columns.set_item("header_offset", PyArray1::from_slice(py, &index.header_offset))?;
    columns.set_item("offset", PyArray1::from_slice(py, &index.data_offset))?;
    columns.set_item("size", PyArray1::from_slice(py, &index.size))?;
    columns.set_item("names", PyBytes::new(py, &index.names))?;
    columns.set_item("name_end", PyArray1::from_slice(py, &index.name_end))?;
    Ok(columns)
}

/// The name of each member.
pub(crate) fn members<'py>(py: Python<'py>, index: &Index) -> PyResult<Bound<'py, PyList>> {
    PyList::new(py, (0..index.len()).map(|member| name(index.name(member))))
}

/// The field of each member.
pub(crate) fn fields<'py>(py: Python<'py>, index: &Index) -> PyResult<Bound<'py, PyList>> {
    PyList::new(py, (0..index.len()).map(|member| index.field(member).map(name)))
}

/// A name as Python's file functions have it: what is not UTF-8 becomes lone surrogates.
pub(crate) fn name(bytes: &[u8]) -> &OsStr {
    OsStr::from_bytes(bytes)
}
