//! From what one read of each shard found to problems by line, and to the bytes worth fetching again.

use std::{collections::HashSet, path::Path};

use crate::{
    fault::TarFault,
    index::{lower, split_key},
    release::Release,
    verify::{
        Claim, Fetch, File, Outcome, Problem, Report, Samples, State, Surveyed,
        problem::{is_tolerable, merged, reason},
        samples::{self, Part, Promise},
        survey::{Damage, lossy},
    },
};

/// Adds what is wrong inside the shards to the report, and fails the lines it is about.
pub(super) fn look_inside(
    report: &mut Report,
    release: &Release,
    promises: &[Promise],
    claims: &[Claim<'_>],
    files: &[File<'_>],
    lenient: bool,
) {
    let line_of = |file: &File<'_>| claims.iter().position(|claim| claim.file() == Some(file.path));
    for (source, promise) in promises.iter().enumerate() {
        let mut parts = Vec::new();
        for file in files.iter().filter(|file| file.source == source) {
            let (Some(line), State::Surveyed(surveyed)) = (line_of(file), &file.state) else { continue };
            report.problems.extend(surveyed.damage.iter().map(|damage| of_damage(line, damage)));
            if surveyed.changed {
                let words = "the file had another size at the end than at the start";
                report.problems.push(Problem::new(line, reason::CHANGED, words));
            }
            parts.push(Part {
                line,
                name: base_name(file.path),
                surveyed,
                num_samples: claims.get(line).and_then(|claim| claim.manifest_samples),
            });
        }
        let of_source = || claims.iter().filter(|claim| claim.source == source);
        let all = release.whole.get(source).copied().unwrap_or(false) && of_source().count() == parts.len();
        report.problems.extend(samples::check(promise, &parts, all));
    }
    for problem in &mut report.problems {
        problem.tolerated = lenient && is_tolerable(problem.reason);
    }
    report.problems.sort_by_key(|problem| (problem.line, problem.offset.unwrap_or(u64::MAX)));
    for (number, line) in report.lines.iter_mut().enumerate() {
        let file = claims.get(number).and_then(Claim::file);
        let Some(file) = files.iter().find(|other| Some(other.path) == file) else { continue };
        let own: Vec<&Problem> =
            report.problems.iter().filter(|p| p.line == number && !p.tolerated).collect();
        if line.outcome == Outcome::Ok && !own.is_empty() {
            line.outcome = Outcome::Failed;
            line.reason = Some(match own.len() {
                1 => "a problem inside".to_owned(),
                count => format!("{count} problems inside"),
            });
        }
        line.samples = match &file.state {
            State::Surveyed(surveyed) => Some(samples_of(surveyed, &own, line.outcome != Outcome::Ok)),
            State::Remembered(_, _, keys) => {
                keys.as_ref().map(|keys| Samples { count: keys.len() as u64, ..Samples::default() })
            }
            _ => None,
        };
    }
}

fn samples_of(surveyed: &Surveyed, problems: &[&Problem], by_name: bool) -> Samples {
    let keys = samples::keys(surveyed);
    let mut bad: Vec<String> = Vec::new();
    let mut seen = HashSet::new();
    for key in problems.iter().filter_map(|problem| problem.key.as_ref()) {
        if seen.insert(key) {
            bad.push(key.clone());
        }
    }
    let count = keys.len() as u64;
    let good =
        if by_name { keys.into_iter().filter(|key| !seen.contains(key)).collect() } else { Vec::new() };
    Samples { count, bad, good }
}

fn of_damage(line: usize, damage: &Damage) -> Problem {
    let member = damage.member.clone();
    let split = member.as_deref().and_then(|name| split_key(name.as_bytes()));
    Problem {
        key: split.map(|(key, _)| lossy(key)),
        field: split.map(|(_, field)| lossy(&lower(field))),
        offset: Some(damage.offset),
        range: damage.range.clone(),
        member,
        ..Problem::new(line, damage.fault.code(), damage.fault.to_string())
    }
}

fn base_name(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

/// The bytes to fetch again: of a file that is not what was published, or of which that is not known.
///
/// Where the damage shows, that and no more; where it does not, all of the file. What is broken in a file of the right
/// digest was published so.
pub(super) fn to_fetch(report: &Report, claims: &[Claim<'_>]) -> Vec<Fetch> {
    let mut fetch = Vec::new();
    for (line, (result, claim)) in report.lines.iter().zip(claims).enumerate() {
        let listed = claim.manifest_size;
        let (ranges, whole) = match (result.outcome, result.size) {
            (Outcome::Ok, _) => continue,
            (Outcome::OpenOrRead, _) | (_, None) if result.file.is_none() => (vec![(0, listed)], true),
            (Outcome::OpenOrRead, _) | (_, None) => continue,
            (Outcome::Failed, Some(size)) => {
                let bad = result.code.is_some_and(|code| code != reason::LISTS);
                if !bad && claim.has_digest() {
                    continue;
                }
                let own: Vec<&Problem> = report.problems.iter().filter(|p| p.line == line).collect();
                let cut = TarFault::Truncated.code();
                let inside = own.iter().filter(|problem| problem.reason != cut);
                let mut ranges = merged(inside.filter_map(|problem| problem.range.clone()).collect());
                match listed {
                    Some(listed) if size < listed => ranges.push((size, Some(listed))),
                    Some(listed) if size > listed => ranges.clear(),
                    _ if own.iter().any(|problem| problem.reason == cut) => ranges.push((size, None)),
                    _ => {}
                }
                if !ranges.is_empty() {
                    (ranges, false)
                } else if bad {
                    (vec![(0, Some(listed.unwrap_or(size)))], true)
                } else {
                    continue;
                }
            }
        };
        fetch.push(Fetch { line, file: result.file.clone(), ranges, whole });
    }
    fetch
}
