//! A release held against its publisher's figures.

use pyo3::prelude::*;
use turboshard::error::{Error, Kind};

use crate::{enter, release::PyRelease};

#[pyfunction]
#[pyo3(signature = (release, *, name=None, threads=None))]
pub(crate) fn audit(
    py: Python<'_>,
    release: &Bound<'_, PyRelease>,
    name: Option<&str>,
    threads: Option<i64>,
) -> PyResult<String> {
    let release = &release.get().0;
    enter::run(py, threads, |with| {
        let found = turboshard::audit::audit(release, name, with.pool, with.cancel)?;
        serde_json::to_string(&found).map_err(|e| Error::new(Kind::Internal(e.to_string())))
    })
}
