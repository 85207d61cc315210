//! Published data sets made into releases.

use std::path::PathBuf;

use pyo3::prelude::*;
use turboshard::{
    about::About,
    datasets::{self, PackOptions, Tools},
    error::{Error, Kind},
    progress::Progress,
};

use crate::{enter, progress::PyProgress};

#[pyfunction]
#[allow(clippy::too_many_arguments)] // the command line's options
#[pyo3(signature = (dataset, src, dst, *, max_shard_size, name=None, license=None, citation=None, source=None, ply=false, subset=None, progress=None, threads=None))]
pub(crate) fn pack(
    py: Python<'_>,
    dataset: &str,
    src: PathBuf,
    dst: PathBuf,
    max_shard_size: u64,
    name: Option<String>,
    license: Option<String>,
    citation: Option<String>,
    source: Option<String>,
    ply: bool,
    subset: Option<PathBuf>,
    progress: Option<&Bound<'_, PyProgress>>,
    threads: Option<i64>,
) -> PyResult<String> {
    let unseen = Progress::default();
    let progress = progress.map_or(&unseen, |progress| &progress.get().0);
    enter::run(py, threads, |with| {
        let about = About { license, citation, source };
        let options = PackOptions { max_shard_size, name, about, ply, subset };
        let tools = Tools { pool: with.pool, codecs: with.codecs, cancel: with.cancel, progress };
        let packed = datasets::pack(dataset.parse()?, &src, &dst, &options, tools)?;
        serde_json::to_string(&packed).map_err(|e| Error::new(Kind::Internal(e.to_string())))
    })
}
