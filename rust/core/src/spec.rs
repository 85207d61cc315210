//! What a user may write for a set of shards: a path, a glob, a brace range, or braces with globs in them.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// Paths that one specification may stand for.
const MAX_PATHS: u64 = 1_000_000;
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
    // Before any of them is made: a hundred bytes may stand for more than there is memory for.
    if count(spec)? > MAX_PATHS {
        return Err(Error::invalid("braces stand for more than a million paths"));
    }
    Ok(expanded(spec))
}

/// How many paths a specification stands for, or more than there may be.
fn count(spec: &str) -> Result<u64> {
    let Some((_, choices, after)) = first_brace(spec) else { return Ok(1) };
    let here = match choices {
        Choices::Range(range) if range.len > MAX_PATHS => {
            return Err(Error::invalid(format!("{{{}}} stands for more than a million paths", range.text)));
        }
        Choices::Range(range) => range.len,
        // A choice may hold braces of its own.
        Choices::Listed(parts) => {
            parts.into_iter().try_fold(0_u64, |sum, part| Ok(sum.saturating_add(count(part)?)))?
        }
    };
    Ok(here.saturating_mul(count(after)?))
}

/// The paths, of which there are not too many.
fn expanded(spec: &str) -> Vec<String> {
    let Some((before, choices, after)) = first_brace(spec) else { return vec![spec.to_owned()] };
    let heads: Vec<String> = match choices {
        Choices::Range(range) => (0..range.len).map(|i| range.name(i)).collect(),
        Choices::Listed(parts) => parts.into_iter().flat_map(expanded).collect(),
    };
    let tails = expanded(after);
    let joined = |head: &String| tails.iter().map(|tail| format!("{before}{head}{tail}")).collect::<Vec<_>>();
    heads.iter().flat_map(joined).collect()
}

/// What a brace offers.
enum Choices<'a> {
    Listed(Vec<&'a str>),
    Range(Range<'a>),
}

/// The first brace that offers a choice: what is before it, its choices, and what is behind it.
fn first_brace(spec: &str) -> Option<(&str, Choices<'_>, &str)> {
    let braces = spec.match_indices('{');
    braces.into_iter().find_map(|(open, _)| {
        let (choices, after) = choices(spec.get(open + 1..)?)?;
        Some((spec.get(..open)?, choices, after))
    })
}

/// The choices of a brace that was just opened, and what follows it; `None` if it is no choice at all.
fn choices(text: &str) -> Option<(Choices<'_>, &str)> {
    let (mut depth, mut start, mut parts) = (0_usize, 0, Vec::new());
    for (i, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            ',' if depth == 0 => {
                parts.push(text.get(start..i)?);
                start = i + 1;
            }
            '}' if depth == 0 => {
                let (last, after) = (text.get(start..i)?, text.get(i + 1..)?);
                if parts.is_empty() {
                    return Some((Choices::Range(Range::of(last)?), after));
                }
                parts.push(last);
                return Some((Choices::Listed(parts), after));
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// `A..B` or `A..B..STEP`, up or down; zeros in front of either end fix the width of all.
struct Range<'a> {
    text: &'a str,
    first: u64,
    last: u64,
    step: u64,
    width: usize,
    len: u64,
}

impl<'a> Range<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let ends: Vec<&str> = text.split("..").collect();
        let digits = |s: &&str| !s.is_empty() && s.len() <= 18 && s.bytes().all(|b| b.is_ascii_digit());
        let (2 | 3, true) = (ends.len(), ends.iter().all(digits)) else { return None };
        let numbers: Vec<u64> = ends.iter().filter_map(|s| s.parse().ok()).collect();
        let &[first, last] = numbers.first_chunk::<2>()?;
        let step = numbers.get(2).copied().unwrap_or(1).max(1);
        let padded = |s: &&&str| s.len() > 1 && s.starts_with('0');
        let width = if ends.iter().take(2).any(|s| padded(&s)) {
            ends.iter().take(2).map(|s| s.len()).max()
        } else {
            None
        };
        let len = first.abs_diff(last) / step + 1;
        Some(Self { text, first, last, step, width: width.unwrap_or(0), len })
    }

    fn name(&self, i: u64) -> String {
        let &Self { first, last, step, width, .. } = self;
        let number = if first <= last { first + i * step } else { first - i * step };
        format!("{number:0width$}")
    }
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
    fn a_million_is_counted_before_one_is_made() {
        let too_many = [
            "{,}".repeat(20),
            "{,,,}".repeat(800),
            "{0..9}".repeat(600),
            "{a,{,}{,}{0..999999}}".to_owned(),
            format!("{{x,{}}}", "{,,,,,,,,,}".repeat(300)),
            format!("{}{}", "{{,},{,}}".repeat(400), "y".repeat(400)),
            "{0..1000000}".to_owned(),
            "{1,2}{0..999999999999999999}".to_owned(),
        ];
        let begin = std::time::Instant::now();
        for spec in &too_many {
            let error = braces(spec).unwrap_err();
            assert!(matches!(error.kind(), crate::error::Kind::Invalid(_)), "{error}");
            assert!(error.to_string().contains("more than a million paths"), "{error}");
        }
        // A million strings, of which these would make 2^800, take a second without optimisation.
        assert!(begin.elapsed().as_millis() < 500, "{:?}", begin.elapsed());
        assert_eq!(braces("{0..999999}").unwrap().len(), 1_000_000);
        assert_eq!(braces("{0..999}{0..999}").unwrap().last().unwrap(), "999999");
    }

    /// The same by the definition: one brace after the other is replaced by each of its choices.
    fn one_by_one(spec: &str) -> Vec<String> {
        for (open, _) in spec.match_indices('{') {
            let (mut depth, mut cuts) = (0, vec![open]);
            for (i, c) in spec.char_indices().skip_while(|(i, _)| *i <= open) {
                match c {
                    '{' => depth += 1,
                    ',' if depth == 0 => cuts.push(i),
                    '}' if depth == 0 => {
                        cuts.push(i);
                        break;
                    }
                    '}' => depth -= 1,
                    _ => {}
                }
            }
            let end = *cuts.last().unwrap();
            if spec.as_bytes()[end] != b'}' {
                continue;
            }
            let mut parts: Vec<String> =
                cuts.windows(2).map(|cut| spec[cut[0] + 1..cut[1]].to_owned()).collect();
            if let [part] = &*parts {
                let numbers: Option<Vec<u64>> = part.split("..").map(|number| number.parse().ok()).collect();
                let (first, last, step) = match numbers.as_deref() {
                    Some(&[first, last]) => (first, last, 1),
                    Some(&[first, last, step]) => (first, last, step as usize),
                    _ => continue,
                };
                let up = (first..=last).step_by(step);
                let down = (last..=first).rev().step_by(step);
                parts = if first <= last {
                    up.map(|i| i.to_string()).collect()
                } else {
                    down.map(|i| i.to_string()).collect()
                };
            }
            let tails = one_by_one(&spec[end + 1..]);
            let heads = parts.iter().flat_map(|part| one_by_one(part));
            return heads
                .flat_map(|head| tails.iter().map(move |tail| format!("{head}{tail}")).collect::<Vec<_>>())
                .map(|path| format!("{}{path}", &spec[..open]))
                .collect();
        }
        vec![spec.to_owned()]
    }

    #[test]
    fn any_braces_are_counted_and_expanded_as_they_are_defined() {
        let mut random = crate::random::Random::new(9);
        let pieces = ["{", "}", ",", "a", "é", "1..3", "{1..2}", "{x,y}", "4..2", "..", "{", "}", ","];
        let (mut many, mut none) = (0, 0);
        for _ in 0..20_000 {
            let len = random.below(14);
            let spec: String = (0..len).map(|_| pieces[random.below(pieces.len() as u64) as usize]).collect();
            let found = braces(&spec).unwrap();
            assert_eq!(found, one_by_one(&spec), "{spec}");
            assert_eq!(found.len() as u64, count(&spec).unwrap(), "{spec}");
            many += usize::from(found.len() > 4);
            none += usize::from(found == [spec]);
        }
        assert!(many > 1000 && none > 1000, "{many} {none}");
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
