//! What a user may write for a set of shards: a path, a glob, a brace range, or braces with globs in them.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// Paths that one specification may stand for.
const MAX_PATHS: usize = 1_000_000;
/// Bytes of a specification.
const MAX_SPEC: usize = 4096;

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

/// Expands `{a,b}` and `{000..010}` (with an optional step) as shells and webdataset do; other braces stay.
///
/// # Errors
/// `Invalid` if there are more than a million, or if it is longer than a path can be.
pub fn braces(spec: &str) -> Result<Vec<String>> {
    // Longer than any path, and deep enough nesting would exhaust the stack.
    if spec.len() > MAX_SPEC {
        return Err(Error::invalid(format!("a path of {} bytes", spec.len())));
    }
    let mut done = Vec::new();
    expand_into(String::new(), spec, &mut done)?;
    Ok(done)
}

fn expand_into(head: String, rest: &str, done: &mut Vec<String>) -> Result<()> {
    let mut from = 0;
    while let Some(open) = rest.get(from..).and_then(|s| s.find('{')).map(|i| from + i) {
        if let Some((choices, after)) = choices(rest.get(open + 1..).unwrap_or(""))? {
            for choice in choices {
                // A choice may hold braces of its own.
                for choice in braces(&choice)? {
                    expand_into(format!("{head}{}{choice}", rest.get(..open).unwrap_or("")), after, done)?;
                }
            }
            return Ok(());
        }
        from = open + 1;
    }
    if done.len() >= MAX_PATHS {
        return Err(Error::invalid("braces stand for more than a million paths"));
    }
    done.push(head + rest);
    Ok(())
}

/// The choices of a brace that was just opened, and what follows it; `None` if it is no choice at all.
fn choices(text: &str) -> Result<Option<(Vec<String>, &str)>> {
    let (mut depth, mut start, mut parts) = (0_usize, 0, Vec::new());
    for (i, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            ',' if depth == 0 => {
                parts.push(text.get(start..i).unwrap_or("").to_owned());
                start = i + 1;
            }
            '}' if depth == 0 => {
                let last = text.get(start..i).unwrap_or("");
                let after = text.get(i + 1..).unwrap_or("");
                if parts.is_empty() {
                    return Ok(range(last)?.map(|range| (range, after)));
                }
                parts.push(last.to_owned());
                return Ok(Some((parts, after)));
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
    Ok(None)
}

/// `A..B` or `A..B..STEP`, up or down; zeros in front of either end fix the width of all.
fn range(text: &str) -> Result<Option<Vec<String>>> {
    let ends: Vec<&str> = text.split("..").collect();
    let digits = |s: &&str| !s.is_empty() && s.len() <= 18 && s.bytes().all(|b| b.is_ascii_digit());
    let (2 | 3, true) = (ends.len(), ends.iter().all(digits)) else { return Ok(None) };
    let numbers: Vec<u64> = ends.iter().filter_map(|s| s.parse().ok()).collect();
    let Some(&[first, last]) = numbers.first_chunk::<2>() else { return Ok(None) };
    let step = numbers.get(2).copied().unwrap_or(1).max(1);
    if first.abs_diff(last) / step >= MAX_PATHS as u64 {
        return Err(Error::invalid(format!("{{{text}}} stands for more than a million paths")));
    }
    let padded = |s: &&&str| s.len() > 1 && s.starts_with('0');
    let width = if ends.iter().take(2).any(|s| padded(&s)) {
        ends.iter().take(2).map(|s| s.len()).max()
    } else {
        None
    };
    let width = width.unwrap_or(0);
    let name = |i: u64| {
        let number = if first <= last { first + i * step } else { first - i * step };
        format!("{number:0width$}")
    };
    Ok(Some((0..=first.abs_diff(last) / step).map(name).collect()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn braces_expand_as_in_a_shell() {
        let table: [(&str, &[&str]); 16] = [
            ("a", &["a"]),
            ("a-{000..002}.tar", &["a-000.tar", "a-001.tar", "a-002.tar"]),
            ("{8..11}", &["8", "9", "10", "11"]),
            ("{08..11}", &["08", "09", "10", "11"]),
            ("{2..0}", &["2", "1", "0"]),
            ("{0..6..3}", &["0", "3", "6"]),
            ("{a,b}c", &["ac", "bc"]),
            ("{a,}c", &["ac", "c"]),
            ("{a,{b,c}d}", &["a", "bd", "cd"]),
            ("{a,x{1..2}}", &["a", "x1", "x2"]),
            ("{1..2}{a,b}", &["1a", "1b", "2a", "2b"]),
            ("{a}", &["{a}"]),
            ("{a{1,2}}", &["{a1}", "{a2}"]),
            ("{}", &["{}"]),
            ("a{1..}", &["a{1..}"]),
            ("{a,b", &["{a,b"]),
        ];
        for (spec, expected) in table {
            assert_eq!(braces(spec).unwrap(), expected, "{spec}");
        }
        assert!(braces("{0..999999999}").is_err());
        assert!(braces("{0..2000}{0..2000}").is_err());
        assert!(braces(&"{a,".repeat(2000)).is_err());
        assert_eq!(braces(&("{a,".repeat(1000) + &"}".repeat(1000))).unwrap().len(), 1001);
    }

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
