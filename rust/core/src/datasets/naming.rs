//! What stands out in how a source names its subjects: a number that nobody has, a name unlike the others. Either may be a
//! folder that was renamed or never copied, which shows in nothing else.

use std::collections::{BTreeMap, BTreeSet};

/// Names, or runs of numbers, that one warning has.
const NAMED: usize = 20;

/// Says which numbers from `first` up to the last nobody has.
pub(super) fn gaps(first: Option<u64>, numbers: impl Iterator<Item = u64>) -> Option<String> {
    let numbers: BTreeSet<u64> = numbers.collect();
    let mut due = first.or_else(|| numbers.first().copied())?;
    let mut runs = Vec::new();
    for number in numbers {
        match number.saturating_sub(due) {
            0 => {}
            1 => runs.push(due.to_string()),
            count => runs.push(format!("{due}…{} ({count})", number - 1)),
        }
        due = due.max(number.saturating_add(1));
    }
    (!runs.is_empty()).then(|| format!("no subject has the number {}", listed(&runs)))
}

/// Says which names have other words than most in front of their number, and which have none.
///
/// `split` takes a name apart into those words and its number.
pub(super) fn unlike<'n>(
    names: impl Iterator<Item = &'n str> + Clone,
    split: impl Fn(&'n str) -> Option<(&'n str, u64)>,
) -> Option<String> {
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
    (!others.is_empty() && others.len() < most).then(|| format!("named unlike {model}: {}", listed(&others)))
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
        assert_eq!(gaps(Some(1), [3, 1, 2, 2].into_iter()), None);
        assert_eq!(gaps(None, std::iter::empty()), None);
        let found = gaps(Some(1), [2, 3, 7, u64::MAX].into_iter());
        let wanted = format!("no subject has the number 1, 4…6 (3), 8…{} ({})", u64::MAX - 1, u64::MAX - 8);
        assert_eq!(found, Some(wanted));
        assert_eq!(gaps(None, [5, 7].into_iter()), Some("no subject has the number 6".to_owned()));
        let many = gaps(Some(0), (0..100).map(|number| number * 2)).unwrap_or_default();
        assert!(many.ends_with(", 39 and 79 more"), "{many}");
    }

    #[test]
    fn names_that_are_unlike_most_are_named() {
        let split = |name: &'static str| {
            let at = name.find(|c: char| c.is_ascii_digit())?;
            Some((name.get(..at)?, name.get(at..)?.parse().ok()?))
        };
        let said = |names: &[&'static str]| unlike(names.iter().copied(), split);
        assert_eq!(said(&["a1", "a2", "a3"]), None);
        assert_eq!(said(&["a1", "a2", "b3", "third"]), None);
        assert_eq!(said(&["x", "y"]), None);
        assert_eq!(said(&["a1", "b3", "a2", "a4", "third"]), Some("named unlike a1: b3, third".to_owned()));
    }
}
