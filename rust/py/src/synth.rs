//! Drawn heads.

use std::path::PathBuf;

use pyo3::{exceptions::PyValueError, prelude::*};
use turboshard::{
    pool::Stash,
    progress::Progress,
    synth::{SourceOptions, SynthOptions, write, write_source},
};

use crate::{enter, progress::PyProgress};

#[pyfunction]
#[pyo3(signature = (dst, *, identities, size, quality, seed, max_shard_size, photos=None, name=None, progress=None, threads=None))]
#[allow(clippy::too_many_arguments)] // the command line's options
pub(crate) fn synth(
    py: Python<'_>,
    dst: PathBuf,
    identities: u64,
    size: usize,
    quality: i64,
    seed: u64,
    max_shard_size: u64,
    photos: Option<PathBuf>,
    name: Option<String>,
    progress: Option<&Bound<'_, PyProgress>>,
    threads: Option<i64>,
) -> PyResult<()> {
    let quality =
        u8::try_from(quality).map_err(|_| PyValueError::new_err("quality is not within 1 to 100"))?;
    let options = SynthOptions { identities, size, quality, seed, max_shard_size, photos, name };
    let unseen = Progress::default();
    let progress = progress.map_or(&unseen, |progress| &progress.get().0);
    enter::run(py, threads, |with| {
        write(&dst, &options, with.pool, &Stash::new(), with.cancel, progress).map(drop)
    })
}

#[pyfunction]
#[pyo3(signature = (dataset, dst, *, subjects, size, seed, progress=None, threads=None))]
#[allow(clippy::too_many_arguments)] // the command line's options
pub(crate) fn synth_source(
    py: Python<'_>,
    dataset: &str,
    dst: PathBuf,
    subjects: u64,
    size: usize,
    seed: u64,
    progress: Option<&Bound<'_, PyProgress>>,
    threads: Option<i64>,
) -> PyResult<()> {
    let unseen = Progress::default();
    let progress = progress.map_or(&unseen, |progress| &progress.get().0);
    enter::run(py, threads, |with| {
        let options = SourceOptions { dataset: dataset.parse()?, subjects, size, seed };
        write_source(&dst, &options, with.pool, &Stash::new(), with.cancel, progress)
    })
}
