//! Releases: where their shards lie, what their lists say, and whether that is so.

use std::{ffi::OsStr, path::PathBuf};

use pyo3::{
    prelude::*,
    types::{PyDict, PyList},
};
use turboshard::{
    release::Release,
    verify::{Options, Outcome, ShardResult},
};

use crate::{enter, progress::PyProgress};

/// A release that was found; nothing of its shards is read yet.
#[pyclass(frozen, name = "Release", module = "turboshard._core")]
pub(crate) struct PyRelease(pub(crate) Release);

#[pymethods]
impl PyRelease {
    #[new]
    fn new(py: Python<'_>, sources: Vec<String>) -> PyResult<Self> {
        enter::run(py, Some(1), |_| Release::open(&sources)).map(Self)
    }

    #[getter]
    fn shards(&self) -> Vec<&OsStr> {
        self.0.shards.iter().map(|path| path.as_os_str()).collect()
    }

    #[getter]
    fn root(&self) -> &OsStr {
        self.0.root().as_os_str()
    }

    #[getter]
    fn name(&self) -> String {
        self.0.name()
    }

    #[getter]
    fn manifest(&self) -> Option<String> {
        self.0.manifest().map(|listing| listing.document.to_string())
    }

    fn samples<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyList>>> {
        let Some(rows) = enter::run(py, Some(1), |_| self.0.samples())? else { return Ok(None) };
        let rows = rows.iter().map(|row| (&row.sample_key, &row.identity, &row.shard, row.num_expressions));
        PyList::new(py, rows.collect::<Vec<_>>()).map(Some)
    }
}

#[pyfunction]
#[pyo3(signature = (release, *, base=None, ignore_missing=false, progress=None, threads=None))]
pub(crate) fn verify<'py>(
    py: Python<'py>,
    release: &Bound<'py, PyRelease>,
    base: Option<PathBuf>,
    ignore_missing: bool,
    progress: Option<&Bound<'py, PyProgress>>,
    threads: Option<i64>,
) -> PyResult<Bound<'py, PyDict>> {
    let release = &release.get().0;
    let options = Options { base, ignore_missing };
    let counted = progress.map(|progress| &progress.get().0);
    if let Some(counted) = counted {
        counted.expect(release.bytes());
    }
    let count = |bytes| {
        if let Some(counted) = counted {
            counted.add(bytes);
        }
    };
    let report = enter::run(py, threads, |with| {
        turboshard::verify::verify(release, &options, with.pool, with.cancel, &count)
    })?;
    let lines = report.lines.iter().map(|line| as_dict(py, line)).collect::<PyResult<Vec<_>>>()?;
    let found = PyDict::new(py);
    found.set_item("lines", lines)?;
    let extra: Vec<&OsStr> = report.extra.iter().map(|path| path.as_os_str()).collect();
    found.set_item("extra", extra)?;
    found.set_item("malformed", &report.malformed)?;
    found.set_item("nothing_to_check", report.nothing_to_check)?;
    Ok(found)
}

fn as_dict<'py>(py: Python<'py>, line: &ShardResult) -> PyResult<Bound<'py, PyDict>> {
    let facts = PyDict::new(py);
    facts.set_item("path", &line.path_as_listed)?;
    facts.set_item("file", line.file.as_ref().map(|file| file.as_os_str()))?;
    facts.set_item(
        "outcome",
        match line.outcome {
            Outcome::Ok => "ok",
            Outcome::Failed => "failed",
            Outcome::OpenOrRead => "open or read",
        },
    )?;
    facts.set_item("reason", &line.reason)?;
    facts.set_item("expected", line.expected.map(|digest| digest.to_string()))?;
    facts.set_item("found", line.found.map(|digest| digest.to_string()))?;
    facts.set_item("size", line.size)?;
    Ok(facts)
}
