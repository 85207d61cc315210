//! Core errors as Python exceptions, in one match.
//!
//! The classes that carry a position are Python's own (`turboshard.errors`), so that they pickle,
//! can be subclassed and are built from one string like any exception.

use std::io;

use pyo3::{
    exceptions::{PyKeyboardInterrupt, PyOSError, PyRuntimeError, PyValueError},
    intern,
    prelude::*,
    types::PyDict,
};
use turboshard::error::{Error, Kind, Place};

/// The exception for `error`; if even that cannot be made, the reason why.
pub(crate) fn to_python(py: Python<'_>, error: &Error) -> PyErr {
    exception(py, error).map_or_else(|failed| failed, PyErr::from_value)
}

fn exception<'py>(py: Python<'py>, error: &Error) -> PyResult<Bound<'py, PyAny>> {
    let made = match error.kind() {
        Kind::Tar(_) | Kind::Archive(_) | Kind::Data(_) => return placed(py, "ShardError", error),
        Kind::Image(_) => return placed(py, "DecodeError", error),
        Kind::Digest { .. } => return placed(py, "DigestMismatch", error),
        Kind::Io { path, source } => system(py, path.as_deref(), source)?,
        Kind::Invalid(_) => PyValueError::new_err(error.to_string()).into_value(py).into_bound(py).into_any(),
        Kind::Cancelled => PyKeyboardInterrupt::new_err(()).into_value(py).into_bound(py).into_any(),
        // `Internal`, and whatever kind is added before this match knows it: a defect either way.
        _ => PyRuntimeError::new_err(error.to_string()).into_value(py).into_bound(py).into_any(),
    };
    let place = Place { shard: None, ..error.place().clone() };
    if matches!(error.kind(), Kind::Io { .. }) && place != Place::default() {
        note(&made, format!("at {place}"))?;
    }
    if let Some(hint) = error.hint() {
        note(&made, format!("hint: {hint}"))?;
    }
    Ok(made)
}

/// One of the facade's classes, with the position as attributes.
fn placed<'py>(py: Python<'py>, class: &str, error: &Error) -> PyResult<Bound<'py, PyAny>> {
    let at = error.place();
    let attributes = PyDict::new(py);
    attributes.set_item(intern!(py, "shard"), at.shard.as_deref())?;
    attributes.set_item(intern!(py, "member"), at.member.as_deref())?;
    attributes.set_item(intern!(py, "offset"), at.offset)?;
    attributes.set_item(intern!(py, "hint"), error.hint())?;
    let class = py.import(intern!(py, "turboshard.errors"))?.getattr(class)?;
    class.call((error.kind().to_string(),), Some(&attributes))
}

/// `OSError(errno, words, path)`, which makes itself a `FileNotFoundError` and the like.
fn system<'py>(py: Python<'py>, path: Option<&str>, source: &io::Error) -> PyResult<Bound<'py, PyAny>> {
    let (code, words) = if let Some(code) = source.raw_os_error() {
        let words = py.import(intern!(py, "os"))?.call_method1(intern!(py, "strerror"), (code,))?;
        (code.into_pyobject(py)?.into_any(), words)
    } else {
        // An error the core found by itself: the number says the kind, the words are its own.
        let name = match source.kind() {
            io::ErrorKind::NotFound => "ENOENT",
            io::ErrorKind::PermissionDenied => "EACCES",
            io::ErrorKind::AlreadyExists => "EEXIST",
            io::ErrorKind::IsADirectory => "EISDIR",
            io::ErrorKind::NotADirectory => "ENOTDIR",
            io::ErrorKind::InvalidInput => "EINVAL",
            io::ErrorKind::StorageFull => "ENOSPC",
            _ => "EIO",
        };
        let words = source.to_string().into_pyobject(py)?.into_any();
        (py.import(intern!(py, "errno"))?.getattr(name)?, words)
    };
    py.get_type::<PyOSError>().call1((code, words, path))
}

fn note(exception: &Bound<'_, PyAny>, words: String) -> PyResult<()> {
    exception.call_method1(intern!(exception.py(), "add_note"), (words,)).map(drop)
}
