//! What a user may write for a set of shards: a path, a glob, a brace range, or braces with globs in them.

mod braces;

use std::path::{Path, PathBuf};

pub use braces::braces;

use crate::error::{Error, Result};

/// The paths a specification stands for: in the order of its braces, and by name within a glob.
///
/// A path that exists is itself, whatever characters it has.
///
/// # Errors
/// `Io` (not found) for a path that does not exist or a glob that matches nothing; `Invalid` for a malformed glob or range.
pub fn expand(spec: &str) -> Result<Vec<PathBuf>> {
    if Path::new(spec).exists() {
        return Ok(vec![PathBuf::from(spec)]);
    }
    let mut paths = Vec::new();
    for pattern in braces(spec)? {
        let path = Path::new(&pattern);
        if path.exists() || !pattern.contains(['*', '?', '[']) {
            // What a brace names and is not there is found out when it is opened, with its own name.
            path.symlink_metadata().map_err(|e| Error::io(path, e))?;
            paths.push(path.to_owned());
        } else {
            paths.extend(matches(&pattern)?);
        }
    }
    Ok(paths)
}

fn matches(pattern: &str) -> Result<Vec<PathBuf>> {
    let options = glob::MatchOptions {
        case_sensitive: true,
        require_literal_separator: true,
        // Unfinished files start with a dot.
        require_literal_leading_dot: true,
    };
    let found = glob::glob_with(pattern, options)
        .map_err(|e| Error::invalid(format!("malformed pattern {pattern}: {}", e.msg)))?;
    let mut paths = Vec::new();
    for path in found {
        paths.push(path.map_err(|e| {
            let path = e.path().to_owned();
            Error::io(&path, e.into())
        })?);
    }
    if paths.is_empty() {
        let none = std::io::Error::new(std::io::ErrorKind::NotFound, "no file matches");
        return Err(Error::io(Path::new(pattern), none));
    }
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn paths_globs_and_ranges_find_files() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["s-0.tar", "s-1.tar", "s-10.tar", ".s-2.tar", "odd{1,2}.tar", "[x].tar"] {
            std::fs::write(at(name), "").unwrap();
        }
        let found = |spec: &str| -> Result<Vec<String>> {
            let paths = expand(at(spec).to_str().unwrap())?;
            Ok(paths.iter().map(|p| p.file_name().unwrap().to_str().unwrap().to_owned()).collect())
        };
        assert_eq!(found("s-*.tar").unwrap(), ["s-0.tar", "s-1.tar", "s-10.tar"]);
        assert_eq!(found("s-{1,0}.tar").unwrap(), ["s-1.tar", "s-0.tar"]);
        assert_eq!(found("{s-?,odd*}.tar").unwrap(), ["s-0.tar", "s-1.tar", "odd{1,2}.tar"]);
        assert_eq!(found("s-[0-1].tar").unwrap(), ["s-0.tar", "s-1.tar"]);
        assert_eq!(found("odd{1,2}.tar").unwrap(), ["odd{1,2}.tar"]);
        assert_eq!(found("[x].tar").unwrap(), ["[x].tar"]);
        for missing in ["nope.tar", "z*.tar", "s-{0..2}.tar"] {
            let error = found(missing).unwrap_err();
            let crate::error::Kind::Io { path: Some(_), source } = error.kind() else { unreachable!() };
            assert_eq!(source.kind(), std::io::ErrorKind::NotFound);
        }
        assert!(matches!(found("a[").unwrap_err().kind(), crate::error::Kind::Invalid(_)));
    }
}
