//! Archives that are no shards: names, sizes, any file as bytes.

use std::{ffi::OsString, os::unix::ffi::OsStrExt, path::PathBuf};

use numpy::PyArray1;
use pyo3::{
    exceptions::PyIndexError,
    prelude::*,
    types::{PyBytes, PyList},
};
use turboshard::archive::{Archive, Options};

use crate::{enter, index::name};

/// An open archive. Reads do not move a position that others see, so threads share it.
#[pyclass(frozen, name = "Archive", module = "turboshard._core")]
pub(crate) struct PyArchive(Archive);

#[pymethods]
impl PyArchive {
    #[new]
    #[pyo3(signature = (path, *, lenient=false, max_file_size=2_147_483_648, max_ratio=200, spacing=8_388_608))]
    fn new(
        py: Python<'_>,
        path: PathBuf,
        lenient: bool,
        max_file_size: u64,
        max_ratio: u64,
        spacing: u32,
    ) -> PyResult<Self> {
        let options = Options { lenient, max_file_size, max_ratio, spacing };
        enter::run(py, Some(1), |with| Archive::open(&path, options, &|| with.cancel.check())).map(Self)
    }

    #[getter]
    fn form(&self) -> &'static str {
        self.0.form().name()
    }

    #[getter]
    fn sha256(&self) -> Option<String> {
        self.0.digest().map(|digest| digest.to_string())
    }

    fn __len__(&self) -> usize {
        self.0.names().len()
    }

    fn names<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let names = self.0.names();
        PyList::new(py, (0..names.len()).map(|file| name(names.name(file))))
    }

    fn sizes<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<u64>> {
        PyArray1::from_slice(py, self.0.names().sizes())
    }

    fn find(&self, name: OsString) -> Option<usize> {
        self.0.names().find(name.as_bytes())
    }

    fn read<'py>(&self, py: Python<'py>, file: usize) -> PyResult<Bound<'py, PyBytes>> {
        if file >= self.0.names().len() {
            return Err(PyIndexError::new_err(format!("file {file} of {}", self.0.names().len())));
        }
        let bytes = enter::run(py, Some(1), |_| {
            let mut bytes = Vec::new();
            self.0.read(file, &mut bytes).map(|()| bytes)
        })?;
        Ok(PyBytes::new(py, &bytes))
    }

    #[pyo3(signature = (folder=None))]
    fn save_index(&self, py: Python<'_>, folder: Option<PathBuf>) -> PyResult<[PathBuf; 2]> {
        enter::run(py, Some(1), |_| self.0.save_index(folder.as_deref()))
    }
}
