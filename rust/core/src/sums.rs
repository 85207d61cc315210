//! `SHA256SUMS`: digests and paths, as coreutils and BSD write them.

use std::path::{Component, Path};

use crate::digest::Digest;

/// Name of the sums file in a release.
pub const SUMS_NAME: &str = "SHA256SUMS";

/// One line: a file and its digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SumLine {
    /// Line number in the file, from 1.
    pub line: usize,
    /// Path as listed, escapes undone; bytes that are no UTF-8 are replaced.
    pub path: String,
    /// The digest.
    pub digest: Digest,
}

/// The lines of a sums file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sums {
    /// Well-formed lines, in order; a path can come twice.
    pub lines: Vec<SumLine>,
    /// Numbers of lines that are neither digests nor blank nor comments.
    pub malformed: Vec<usize>,
}

impl Sums {
    /// Reads GNU (`HASH  path`, `HASH *path`, a leading backslash for escapes) and BSD (`SHA256 (path) = HASH`)
    /// lines, with LF or CRLF, hex of either case.
    pub fn parse(bytes: &[u8]) -> Self {
        let mut sums = Self::default();
        for (number, line) in (1..).zip(bytes.split(|&b| b == b'\n')) {
            let line = String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line));
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            match parse_line(&line) {
                Some((path, digest)) => sums.lines.push(SumLine { line: number, path, digest }),
                None => sums.malformed.push(number),
            }
        }
        sums
    }
}

fn parse_line(line: &str) -> Option<(String, Digest)> {
    let line = line.trim_start_matches([' ', '\t']);
    let (escaped, line) = line.strip_prefix('\\').map_or((false, line), |rest| (true, rest));
    let (path, hex) = if let Some(rest) = line.strip_prefix("SHA256") {
        let rest = rest.strip_prefix(' ').unwrap_or(rest).strip_prefix('(')?;
        let (path, rest) = rest.rsplit_once(')')?;
        (path, rest.trim_start().strip_prefix('=')?.trim())
    } else {
        let (hex, rest) = line.split_at_checked(64)?;
        let rest = rest.strip_prefix([' ', '\t'])?;
        // The second character says text or binary; some writers leave it out.
        (rest.strip_prefix([' ', '*']).unwrap_or(rest), hex)
    };
    let path = if escaped { unescape(path)? } else { path.to_owned() };
    if path.is_empty() { None } else { Some((path, hex.parse().ok()?)) }
}

fn unescape(path: &str) -> Option<String> {
    let mut plain = String::with_capacity(path.len());
    let mut chars = path.chars();
    while let Some(c) = chars.next() {
        plain.push(match c {
            '\\' => match chars.next()? {
                'n' => '\n',
                'r' => '\r',
                '\\' => '\\',
                _ => return None,
            },
            c => c,
        });
    }
    Some(plain)
}

/// Path as coreutils prints it, and whether it had to be escaped (the line then starts with a backslash).
pub fn escape(path: &str) -> (String, bool) {
    if path.contains(['\\', '\n', '\r']) {
        (path.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r"), true)
    } else {
        (path.to_owned(), false)
    }
}

/// The text of a sums file, a GNU line an entry.
pub fn render<'a>(entries: impl IntoIterator<Item = (&'a str, Digest)>) -> String {
    let line = |(path, digest): (&str, Digest)| {
        let (path, escaped) = escape(path);
        format!("{}{digest}  {path}\n", if escaped { "\\" } else { "" })
    };
    entries.into_iter().map(line).collect()
}

/// True if a listed path stays inside the folder it is relative to.
pub fn stays_inside(path: &str) -> bool {
    !path.contains('\0')
        && Path::new(path).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}

/// The last part of a listed path, whichever separator its writer used.
pub fn base_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_line() {
        let digest = Digest::of(b"abc");
        let (low, up) = (digest.to_string(), digest.to_string().to_uppercase());
        let text = format!(
            "# comment\n\n{low}  a\r\n{up} *b c\n{low} d\n  {low}\te\nSHA256 (f (1)) = {up}\r\nSHA256(g)= {low}\n\
             \\{low}  h\\n\\\\\\r\n{low}   i\n{low}  # j"
        );
        let sums = Sums::parse(text.as_bytes());
        let paths: Vec<&str> = sums.lines.iter().map(|line| &*line.path).collect();
        assert_eq!(paths, ["a", "b c", "d", "e", "f (1)", "g", "h\n\\\r", " i", "# j"]);
        assert!(sums.lines.iter().all(|line| line.digest == digest));
        assert_eq!((sums.lines[0].line, sums.lines[8].line), (3, 11));
        assert_eq!(sums.malformed, [0; 0]);
    }

    #[test]
    fn malformed_lines_are_counted() {
        let hex = Digest::of(b"").to_string();
        let text = format!(
            "{hex}\n{hex}  \n{}  a\n{hex}x  a\nMD5 (a) = {hex}\nSHA256 (a) {hex}\n\\{hex}  a\\t\n{hex}0  a\né\n \n",
            &hex[1..]
        );
        let sums = Sums::parse(text.as_bytes());
        assert_eq!((sums.lines.len(), sums.malformed), (0, (1..=10).collect()));
    }

    #[test]
    fn what_is_written_reads_back() {
        let digest = Digest::of(b"x");
        let text = render([("data/a.tar", digest), ("b\\\n", digest)]);
        assert_eq!(text, format!("{digest}  data/a.tar\n\\{digest}  b\\\\\\n\n"));
        let paths: Vec<String> = Sums::parse(text.as_bytes()).lines.into_iter().map(|l| l.path).collect();
        assert_eq!(paths, ["data/a.tar", "b\\\n"]);
    }

    #[test]
    fn paths_that_leave_are_told() {
        for good in ["a", "./a", "data/a.tar", "a..b/c"] {
            assert!(stays_inside(good), "{good}");
        }
        for bad in ["..", "../a", "data/../../a", "/etc/passwd", "a\0"] {
            assert!(!stays_inside(bad), "{bad}");
        }
        assert_eq!((base_name("data\\a.tar"), base_name("x/a.tar"), base_name("a")), ("a.tar", "a.tar", "a"));
    }
}
