//! Braces: one text for many, as in a shell.

use crate::error::{Error, Result};

/// Paths that one specification may stand for.
const MAX_PATHS: u64 = 1_000_000;
/// Bytes of all those paths together.
const MAX_TEXT: u64 = 256 << 20;
/// Bytes of a specification.
const MAX_SPEC: usize = 4096;

/// Expands `{a,b}` and `{000..010}` (with an optional step) as shells and webdataset do; other braces stay.
///
/// # Errors
/// `Invalid` if there are more than a million, of more than 256 MiB together, or if it is longer than a path can be.
pub fn braces(spec: &str) -> Result<Vec<String>> {
    // Longer than any path, and deep enough nesting would exhaust the stack.
    if spec.len() > MAX_SPEC {
        return Err(Error::invalid(format!("a path of {} bytes", spec.len())));
    }
    // Before any of them is made: a hundred bytes may stand for more than there is memory for.
    let extent = extent(spec)?;
    if extent.paths > MAX_PATHS {
        return Err(Error::invalid("braces stand for more than a million paths"));
    }
    if extent.bytes > MAX_TEXT {
        return Err(Error::invalid("braces stand for more than 256 MiB of paths"));
    }
    Ok(expanded(spec))
}

/// How many paths there are, and how many bytes at most in all of them; saturating.
#[derive(Clone, Copy)]
struct Extent {
    paths: u64,
    bytes: u64,
}

impl Extent {
    const NONE: Self = Self { paths: 0, bytes: 0 };

    fn one(text: &str) -> Self {
        Self { paths: 1, bytes: text.len() as u64 }
    }

    /// Either of these or one of those.
    fn or(self, those: Self) -> Self {
        Self { paths: self.paths.saturating_add(those.paths), bytes: self.bytes.saturating_add(those.bytes) }
    }

    /// Each of these followed by each of those.
    fn then(self, those: Self) -> Self {
        let heads = self.bytes.saturating_mul(those.paths);
        Self {
            paths: self.paths.saturating_mul(those.paths),
            bytes: heads.saturating_add(those.bytes.saturating_mul(self.paths)),
        }
    }
}

/// What a specification stands for.
fn extent(spec: &str) -> Result<Extent> {
    let Some((before, choices, after)) = first_brace(spec) else { return Ok(Extent::one(spec)) };
    let here = match choices {
        Choices::Range(range) if range.len > MAX_PATHS => {
            return Err(Error::invalid(format!("{{{}}} stands for more than a million paths", range.text)));
        }
        Choices::Range(range) => Extent { paths: range.len, bytes: range.len * range.longest() },
        // A choice may hold braces of its own.
        Choices::Listed(parts) => {
            parts.into_iter().try_fold(Extent::NONE, |sum, part| Ok(sum.or(extent(part)?)))?
        }
    };
    Ok(Extent::one(before).then(here).then(extent(after)?))
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

    /// Bytes of its longest number.
    fn longest(&self) -> u64 {
        self.first.max(self.last).to_string().len().max(self.width) as u64
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
        // They stand for up to 4^800: most could not be made at all.
        for spec in &too_many {
            let error = braces(spec).unwrap_err();
            assert!(matches!(error.kind(), crate::error::Kind::Invalid(_)), "{error}");
            assert!(error.to_string().contains("more than a million paths"), "{error}");
        }
        assert_eq!(braces("{0..999999}").unwrap().len(), 1_000_000);
        assert_eq!(braces("{0..999}{0..999}").unwrap().last().unwrap(), "999999");
    }

    #[test]
    fn the_text_is_measured_before_it_is_made() {
        let long = "y".repeat(2000);
        let too_long = [
            format!("{long}{{0..199999}}"),
            format!("{{0..199999}}{{{long},}}"),
            format!("{{{long}{{a,b}},{long}}}{{0..49999}}"),
        ];
        for spec in &too_long {
            let error = braces(spec).unwrap_err();
            assert!(matches!(error.kind(), crate::error::Kind::Invalid(_)), "{error}");
            assert!(error.to_string().contains("more than 256 MiB of paths"), "{error}");
        }
        let most = format!("{}{{0..199999}}", "y".repeat(1300));
        assert_eq!(braces(&most).unwrap().len(), 200_000);
        assert_eq!(extent("{7..10}x").unwrap().bytes, 12); // at most: a range is as long as its longest number
        assert_eq!(extent("{7..010}x").unwrap().bytes, 16);
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
        let (mut many, mut none, mut exact) = (0, 0, 0);
        for _ in 0..20_000 {
            let len = random.below(14);
            let spec: String = (0..len).map(|_| pieces[random.below(pieces.len() as u64) as usize]).collect();
            let found = braces(&spec).unwrap();
            assert_eq!(found, one_by_one(&spec), "{spec}");
            let extent = extent(&spec).unwrap();
            assert_eq!(found.len() as u64, extent.paths, "{spec}");
            let bytes = found.iter().map(|path| path.len() as u64).sum::<u64>();
            // At most: within a range all numbers are taken to be as long as its longest.
            assert!(bytes <= extent.bytes, "{spec}");
            exact += usize::from(bytes == extent.bytes && found.len() > 4);
            many += usize::from(found.len() > 4);
            none += usize::from(found == [spec]);
        }
        assert!(many > 1000 && none > 1000 && exact > 900, "{many} {none} {exact}");
    }
}
