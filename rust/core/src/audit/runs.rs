//! Keys that follow each other, named as runs: one archive that was not downloaded is one line.

/// Keys in ascending order, those that count up by one at their end as `FIRST…LAST (COUNT)`.
pub(super) fn runs<'k>(keys: impl Iterator<Item = &'k str>) -> Vec<String> {
    let mut keys: Vec<&str> = keys.collect();
    keys.sort_unstable();
    let mut runs: Vec<(&str, &str, usize)> = Vec::new();
    for key in keys {
        if let Some((_, last, count)) = runs.last_mut()
            && follows(last, key)
        {
            (*last, *count) = (key, *count + 1);
        } else {
            runs.push((key, key, 1));
        }
    }
    let name = |(first, last, count): (&str, &str, usize)| match count {
        1 => first.to_owned(),
        _ => format!("{first}…{last} ({count})"),
    };
    runs.into_iter().map(name).collect()
}

/// Whether a key is the one behind another: the same words, a number greater by one of as many digits.
fn follows(key: &str, next: &str) -> bool {
    let split = |key: &str| {
        let start = key.rfind(|c: char| !c.is_ascii_digit()).map_or(0, |at| at + 1);
        key.split_at_checked(start).map(|(words, digits)| (words.to_owned(), digits.to_owned()))
    };
    let (Some((words, number)), Some((next_words, next_number))) = (split(key), split(next)) else {
        return false;
    };
    let (parsed, next_parsed) = (number.parse::<u64>().ok(), next_number.parse::<u64>().ok());
    words == next_words
        && number.len() == next_number.len()
        && parsed.and_then(|number| number.checked_add(1)).is_some_and(|due| Some(due) == next_parsed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_count_up_are_one_line() {
        let keys = ["000741", "000739", "000740", "001110", "a", "b", "x_9", "x_10", "é", "000999", "001000"];
        let wanted = ["000739…000741 (3)", "000999…001000 (2)", "001110", "a", "b", "x_10", "x_9", "é"];
        assert_eq!(runs(keys.into_iter()), wanted);
    }
}
