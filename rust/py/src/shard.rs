//! A shard: its columns, its samples as bytes or views.

use std::{ffi::OsString, os::unix::ffi::OsStrExt, path::PathBuf, sync::Arc};

use pyo3::{
    exceptions::PyIndexError,
    intern,
    prelude::*,
    types::{PyBytes, PyDict, PyList, PyMemoryView, PySlice},
};
use turboshard::{
    index::{Policy, is_large as large, lower},
    shard::{self, Shard},
};

use crate::{
    batch, enter,
    index::{self, name},
};

/// An open, indexed shard. Reads do not move a file position, so threads and forked children share it.
#[pyclass(frozen, name = "Shard", module = "turboshard._core")]
pub(crate) struct PyShard {
    pub(crate) shard: Arc<Shard>,
}

#[pymethods]
impl PyShard {
    #[new]
    #[pyo3(signature = (path, *, lenient=false))]
    fn new(py: Python<'_>, path: PathBuf, lenient: bool) -> PyResult<Self> {
        // Threads are made for what they make sooner only.
        let threads = if large(&path) { None } else { Some(1) };
        let opened = Self::open_all(py, vec![path], lenient, threads)?.pop();
        opened.ok_or_else(|| PyIndexError::new_err("no shard was opened"))
    }

    #[staticmethod]
    #[pyo3(signature = (paths, *, lenient=false, threads=None))]
    fn open_all(
        py: Python<'_>,
        paths: Vec<PathBuf>,
        lenient: bool,
        threads: Option<i64>,
    ) -> PyResult<Vec<Self>> {
        let policy = Policy { skip_special: lenient, lenient_end: lenient };
        let shards = enter::run(py, threads, |with| shard::open_all(&paths, policy, with.pool, with.cancel))?;
        Ok(shards.into_iter().map(|shard| Self { shard: Arc::new(shard) }).collect())
    }

    fn __len__(&self) -> usize {
        self.shard.index().samples.len()
    }

    fn keys<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let index = self.shard.index();
        PyList::new(py, (0..index.samples.len()).map(|sample| name(index.key(sample))))
    }

    fn find(&self, key: OsString) -> Option<usize> {
        self.shard.index().find(key.as_bytes())
    }

    fn fields<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        PyList::new(py, self.shard.index().fields().iter().map(|field| name(field)))
    }

    fn columns<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        index::columns(py, self.shard.index())
    }

    fn members<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        index::members(py, self.shard.index())
    }

    fn member_fields<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        index::fields(py, self.shard.index())
    }

    fn read_member<'py>(&self, py: Python<'py>, member: usize) -> PyResult<Bound<'py, PyBytes>> {
        let index = self.shard.index();
        let (Some(&offset), Some(&size)) = (index.data_offset.get(member), index.size.get(member)) else {
            return Err(PyIndexError::new_err(format!("member {member} of {}", index.len())));
        };
        self.read(py, offset, size as usize)
    }

    fn sample<'py>(&self, py: Python<'py>, sample: usize) -> PyResult<Bound<'py, PyDict>> {
        self.with_fields(py, sample, |bytes, start, end| {
            Ok(PyBytes::new(py, bytes.as_bytes().get(start..end).unwrap_or_default()).into_any())
        })
    }

    #[pyo3(
        signature = (samples, fields, *, out=None, threads=None, **keywords),
        text_signature = "($self, samples, fields, *, size=None, resample='lanczos3', reduce=1, crop=None, mode='RGB', layout='HWC', exif=False, strict=False, truncated='error', out=None, threads=None)"
    )]
    fn load<'py>(
        &self,
        py: Python<'py>,
        samples: Vec<usize>,
        fields: Vec<String>,
        out: Option<&Bound<'py, PyAny>>,
        threads: Option<i64>,
        keywords: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        batch::load(py, self, &samples, &fields, out, threads, keywords)
    }

    fn view<'py>(&self, py: Python<'py>, sample: usize) -> PyResult<Bound<'py, PyDict>> {
        self.with_fields(py, sample, |bytes, start, end| {
            PyMemoryView::from(bytes)?.get_item(PySlice::new(py, start as isize, end as isize, 1))
        })
    }
}

impl PyShard {
    fn with_fields<'py>(
        &self,
        py: Python<'py>,
        sample: usize,
        value: impl Fn(&Bound<'py, PyBytes>, usize, usize) -> PyResult<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let index = self.shard.index();
        if sample >= index.samples.len() {
            return Err(PyIndexError::new_err(format!("sample {sample} of {}", index.samples.len())));
        }
        let span = index.span(sample);
        let bytes = self.read(py, span.start, (span.end - span.start) as usize)?;
        let fields = PyDict::new(py);
        fields.set_item(intern!(py, "__key__"), name(index.key(sample)))?;
        fields.set_item(intern!(py, "__url__"), self.shard.path().display().to_string())?;
        for member in index.members(sample) {
            let columns = (index.field(member), index.data_offset.get(member), index.size.get(member));
            if let (Some(field), Some(offset), Some(size)) = columns {
                let start = (offset - span.start) as usize;
                fields.set_item(name(&lower(field)), value(&bytes, start, start + *size as usize)?)?;
            }
        }
        Ok(fields)
    }

    /// Reads straight into a new `bytes`, detached.
    fn read<'py>(&self, py: Python<'py>, offset: u64, len: usize) -> PyResult<Bound<'py, PyBytes>> {
        PyBytes::new_with(py, len, |bytes| enter::run(py, Some(1), |_| self.shard.read_exact(offset, bytes)))
    }
}
