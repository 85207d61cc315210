//! What single data sets need: their names, GeoGen's cameras, torch's files.

use pyo3::{
    prelude::*,
    types::{PyBytes, PyDict, PyList, PyTuple},
};
use turboshard::datasets::{
    Dataset,
    geogen::cameras::{self, Matrix},
    tensor::torch,
};

use crate::enter;

/// Names of the data sets that can be packed.
#[pyfunction]
pub(crate) fn dataset_names() -> Vec<&'static str> {
    Dataset::ALL.map(Dataset::name).to_vec()
}

/// Extrinsics and intrinsics, each a list of (rows, columns, values).
#[pyfunction]
pub(crate) fn geogen_cameras(
    py: Python<'_>,
    json: Vec<u8>,
) -> PyResult<(Bound<'_, PyList>, Bound<'_, PyList>)> {
    let found = enter::inline(py, |_| cameras::parse(&json))?;
    let matrices = |matrices: Vec<Matrix>| {
        PyList::new(py, matrices.into_iter().map(|matrix| (matrix.rows, matrix.columns, matrix.values)))
    };
    Ok((matrices(found.extrinsics)?, matrices(found.intrinsics)?))
}

/// Of each tensor: its name, numpy's name of its type, its shape, its bytes.
#[pyfunction]
pub(crate) fn read_pt(py: Python<'_>, data: Vec<u8>) -> PyResult<Bound<'_, PyDict>> {
    let tensors = enter::inline(py, |_| torch::read(&data))?;
    let found = PyDict::new(py);
    for (name, tensor) in tensors {
        let shape = PyTuple::new(py, &tensor.shape)?;
        found.set_item(name, (tensor.dtype.name(), shape, PyBytes::new(py, &tensor.bytes)))?;
    }
    Ok(found)
}
