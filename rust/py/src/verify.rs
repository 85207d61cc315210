//! Whether a release is what its lists say: the report as dicts.

use std::{ffi::OsStr, path::PathBuf};

use pyo3::{prelude::*, types::PyDict};
use turboshard::verify::{Fetch, Options, Outcome, Problem, ShardResult};

use crate::{enter, progress::PyProgress, release::PyRelease};

#[pyfunction]
#[allow(clippy::too_many_arguments)] // most of them are the call's own
#[pyo3(signature = (
    release, *, deep=false, lenient=false, base=None, ignore_missing=false, receipt=None, cache=None, progress=None,
    threads=None
))]
pub(crate) fn verify<'py>(
    py: Python<'py>,
    release: &Bound<'py, PyRelease>,
    deep: bool,
    lenient: bool,
    base: Option<PathBuf>,
    ignore_missing: bool,
    receipt: Option<PathBuf>,
    cache: Option<PathBuf>,
    progress: Option<&Bound<'py, PyProgress>>,
    threads: Option<i64>,
) -> PyResult<Bound<'py, PyDict>> {
    let release = &release.get().0;
    let options = Options { base, ignore_missing, deep, lenient, receipt, index: true, cache };
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
    let found = PyDict::new(py);
    let lines = report.lines.iter().map(|line| of_line(py, line)).collect::<PyResult<Vec<_>>>()?;
    found.set_item("lines", lines)?;
    let problems = report.problems.iter().map(|problem| of_problem(py, problem));
    found.set_item("problems", problems.collect::<PyResult<Vec<_>>>()?)?;
    let fetch = report.fetch.iter().map(|fetch| of_fetch(py, fetch)).collect::<PyResult<Vec<_>>>()?;
    found.set_item("fetch", fetch)?;
    let extra: Vec<&OsStr> = report.extra.iter().map(|path| path.as_os_str()).collect();
    found.set_item("extra", extra)?;
    found.set_item("malformed", &report.malformed)?;
    found.set_item("nothing_to_check", report.nothing_to_check)?;
    found.set_item("remembered", report.remembered)?;
    Ok(found)
}

fn of_line<'py>(py: Python<'py>, line: &ShardResult) -> PyResult<Bound<'py, PyDict>> {
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
    facts.set_item("code", line.code)?;
    facts.set_item("expected", line.expected.map(|digest| digest.to_string()))?;
    facts.set_item("found", line.found.map(|digest| digest.to_string()))?;
    facts.set_item("size", line.size)?;
    let samples = line.samples.as_ref();
    facts.set_item("num_samples", samples.map(|samples| samples.count))?;
    facts.set_item("bad", samples.map(|samples| &samples.bad))?;
    facts.set_item("good", samples.map(|samples| &samples.good))?;
    Ok(facts)
}

fn of_problem<'py>(py: Python<'py>, problem: &Problem) -> PyResult<Bound<'py, PyDict>> {
    let facts = PyDict::new(py);
    facts.set_item("line", problem.line)?;
    facts.set_item("key", &problem.key)?;
    facts.set_item("field", &problem.field)?;
    facts.set_item("member", &problem.member)?;
    facts.set_item("offset", problem.offset)?;
    facts.set_item("reason", problem.reason)?;
    facts.set_item("words", &problem.words)?;
    facts.set_item("range", problem.range.as_ref().map(|range| (range.start, range.end)))?;
    facts.set_item("tolerated", problem.tolerated)?;
    Ok(facts)
}

fn of_fetch<'py>(py: Python<'py>, fetch: &Fetch) -> PyResult<Bound<'py, PyDict>> {
    let facts = PyDict::new(py);
    facts.set_item("line", fetch.line)?;
    facts.set_item("ranges", &fetch.ranges)?;
    facts.set_item("whole", fetch.whole)?;
    Ok(facts)
}
