//! What stands out in how a source names its subjects: a number that nobody has, a name unlike the others. Either may be a
//! folder that was renamed or never copied, which shows in nothing else.

use std::collections::{BTreeMap, BTreeSet};

use super::said::{Finding, Reason, Said};

/// Names, or runs of numbers, that one warning has.
const NAMED: usize = 20;

/// Says which numbers up to the last nobody has. They are a finding where the publisher numbers subjects from `first`
/// on; elsewhere nobody knows whether all numbers were given.
pub(super) fn gaps(said: &mut Said, first: Option<u64>, numbers: impl Iterator<Item = u64>) {
    let numbers: BTreeSet<u64> = numbers.collect();
    let Some(mut due) = first.or_else(|| numbers.first().copied()) else { return };
    let (mut runs, mut missing) = (Vec::new(), 0_u64);
    for number in numbers {
        let count = number.saturating_sub(due);
        missing = missing.saturating_add(count);
        match count {
            0 => {}
            1 => runs.push(due.to_string()),
            count => runs.push(format!("{due}…{} ({count})", number - 1)),
        }
        due = due.max(number.saturating_add(1));
    }
    if !runs.is_empty() {
        said.warn(format!("no subject has the number {}", listed(&runs)));
        if first.is_some() {
            said.findings.push(Finding::new(Reason::MissingNumber, missing, runs));
        }
    }
}

/// Says which names have other words than most in front of their number, and which have none.
///
/// `split` takes a name apart into those words and its number.
pub(super) fn unlike<'n>(
    said: &mut Said,
    names: impl Iterator<Item = &'n str> + Clone,
    split: impl Fn(&'n str) -> Option<(&'n str, u64)>,
) {
    if let Some((model, others)) = odd(names, split) {
        let words = format!("named unlike {model}: {}", listed(&others));
        said.find(Reason::NamedUnlike, others, words);
    }
}

/// One that is named as most are, and those that are not.
fn odd<'n>(
    names: impl Iterator<Item = &'n str> + Clone,
    split: impl Fn(&'n str) -> Option<(&'n str, u64)>,
) -> Option<(&'n str, Vec<String>)> {
    let mut times: BTreeMap<Option<&str>, usize> = BTreeMap::new();
    for name in names.clone() {
        *times.entry(split(name).map(|(words, _)| words)).or_default() += 1;
    }
    let (usual, most) =
        times.into_iter().filter(|(words, _)| words.is_some()).max_by_key(|(_, times)| *times)?;
    let usual_of = |name: &&'n str| split(name).map(|(words, _)| words) == usual;
    let model = names.clone().find(|name| usual_of(name))?;
    let others: Vec<String> = names.filter(|name| !usual_of(name)).map(str::to_owned).collect();
    // Where nothing is usual, nothing is unusual.
    (!others.is_empty() && others.len() < most).then_some((model, others))
}

fn listed(words: &[String]) -> String {
    let more = words.len().saturating_sub(NAMED);
    let named = words.get(..words.len() - more).unwrap_or_default().join(", ");
    if more > 0 { format!("{named} and {more} more") } else { named }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_nobody_has_are_named_as_runs() {
        let said = |first, numbers: &[u64]| {
            let mut said = Said::default();
            gaps(&mut said, first, numbers.iter().copied());
            (said.warnings, said.findings)
        };
        assert_eq!(said(Some(1), &[3, 1, 2, 2]), (vec![], vec![]));
        assert_eq!(said(None, &[]), (vec![], vec![]));
        let (words, findings) = said(Some(1), &[2, 3, 7, 13]);
        assert_eq!(words, ["no subject has the number 1, 4…6 (3), 8…12 (5)"]);
        let runs = ["1", "4…6 (3)", "8…12 (5)"].map(str::to_owned).to_vec();
        assert_eq!(findings, [Finding::new(Reason::MissingNumber, 9, runs)]);
        let (words, _) = said(Some(1), &[u64::MAX]);
        assert_eq!(words, [format!("no subject has the number 1…{} ({})", u64::MAX - 1, u64::MAX - 1)]);
        // Where nobody says that all numbers were given, a gap may be the publisher's.
        assert_eq!(said(None, &[5, 7]), (vec!["no subject has the number 6".to_owned()], vec![]));
        let even: Vec<u64> = (0..100).map(|number| number * 2).collect();
        let (many, _) = said(Some(0), &even);
        assert!(many.iter().all(|many| many.ends_with(", 39 and 79 more")) && many.len() == 1, "{many:?}");
    }

    #[test]
    fn names_that_are_unlike_most_are_named() {
        let split = |name: &'static str| {
            let at = name.find(|c: char| c.is_ascii_digit())?;
            Some((name.get(..at)?, name.get(at..)?.parse().ok()?))
        };
        let said = |names: &[&'static str]| {
            let mut said = Said::default();
            unlike(&mut said, names.iter().copied(), split);
            assert_eq!(said.warnings.len(), said.findings.len());
            said.warnings.pop()
        };
        assert_eq!(said(&["a1", "a2", "a3"]), None);
        assert_eq!(said(&["a1", "a2", "b3", "third"]), None);
        assert_eq!(said(&["x", "y"]), None);
        assert_eq!(said(&["a1", "b3", "a2", "a4", "third"]), Some("named unlike a1: b3, third".to_owned()));
    }
}
