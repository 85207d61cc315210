//! A new release out of an old one: options in as JSON, the outcome out as JSON.

use std::path::PathBuf;

use pyo3::prelude::*;
use turboshard::{
    error::{Error, Kind},
    pool::Stash,
    progress::Progress,
    reshard::{Options, Tools},
};

use crate::{enter, progress::PyProgress};

#[pyfunction]
#[allow(clippy::too_many_arguments)] // four of them are the call's own
#[pyo3(signature = (sources, dst, options, *, overwrite=false, dry_run=false, progress=None, threads=None))]
pub(crate) fn reshard(
    py: Python<'_>,
    sources: Vec<String>,
    dst: PathBuf,
    options: &str,
    overwrite: bool,
    dry_run: bool,
    progress: Option<&Bound<'_, PyProgress>>,
    threads: Option<i64>,
) -> PyResult<String> {
    let unseen = Progress::default();
    let progress = progress.map_or(&unseen, |progress| &progress.get().0);
    enter::run(py, threads, |with| {
        let options = Options::from_json(options)?;
        let stash = Stash::new();
        let tools = Tools { pool: with.pool, stash: &stash, cancel: with.cancel, progress };
        if dry_run {
            let plan = turboshard::reshard::dry_run(&sources, &dst, &options, overwrite, &tools)?;
            return Ok(plan.to_string());
        }
        let outcome = turboshard::reshard::reshard(&sources, &dst, &options, overwrite, &tools)?;
        serde_json::to_string(&outcome).map_err(|e| Error::new(Kind::Internal(e.to_string())))
    })
}
