//! `subject.txt`, or `person00001.txt`: what is said of a subject, a `key:value` a line.

use serde_json::{Map, Value};

/// Lines that say no key, or one that packing needs for itself, are kept under this one.
const OTHER_LINES: &str = "other_lines";
/// Keys that the sample's JSON has for itself.
pub(super) const OWN: [&str; 5] = ["identity", "subject", "capture", "files", "sheets"];

/// Adds a file's lines to what is known, every key as it is spelled.
///
/// An empty value is null. `age` is a number and what ends in `Flag` a truth value, where they look like one; all else is text.
/// A key with several values has the list of them.
pub(super) fn read(text: &str, known: &mut Map<String, Value>) {
    for line in text.trim_start_matches('\u{feff}').lines() {
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        let (key, value) = match line.split_once(':') {
            Some((key, value)) if !key.trim().is_empty() && !OWN.contains(&key.trim()) => {
                (key.trim(), typed(key.trim(), value.trim()))
            }
            _ => (OTHER_LINES, Value::from(line)),
        };
        match known.get_mut(key) {
            None if key == OTHER_LINES => drop(known.insert(key.to_owned(), Value::Array(vec![value]))),
            None => drop(known.insert(key.to_owned(), value)),
            Some(Value::Array(values)) => values.push(value),
            // The same said again is not said twice.
            Some(before) if *before == value => {}
            Some(before) => *before = Value::Array(vec![before.take(), value]),
        }
    }
}

fn typed(key: &str, value: &str) -> Value {
    match (key, value) {
        (_, "") => Value::Null,
        ("age", _) => value
            .parse::<u64>()
            .map(Value::from)
            .or_else(|_| value.parse::<f64>().map(Value::from))
            .ok()
            .filter(|number| !number.is_null())
            .unwrap_or_else(|| value.into()),
        (_, "0") if key.ends_with("Flag") => false.into(),
        (_, "1") if key.ends_with("Flag") => true.into(),
        _ => value.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn known(text: &str) -> Value {
        let mut known = Map::new();
        read(text, &mut known);
        Value::Object(known)
    }

    #[test]
    fn keys_keep_their_spelling_and_values_get_their_types() {
        let text = "\u{feff}id:00007\r\ngender: female\nage:8\ndeclaredethnicGroup:white british\nbeardDescriptor:none\n\
                    spectaclesFlag:0\nunderChinHoleFlag:1\nqualityDescriptor:hair bulge: small\nunheardOf: 3\n\n";
        let expected = json!({
            "id": "00007", "gender": "female", "age": 8, "declaredethnicGroup": "white british",
            "beardDescriptor": "none", "spectaclesFlag": false, "underChinHoleFlag": true,
            "qualityDescriptor": "hair bulge: small", "unheardOf": "3",
        });
        assert_eq!(known(text), expected);
        assert_eq!(known("age:\nageFlag:2\n"), json!({"age": null, "ageFlag": "2"}));
        assert_eq!(known("age:8.5\n"), json!({"age": 8.5}));
        assert_eq!(known("age:about 8\n"), json!({"age": "about 8"}));
        assert_eq!(known("age:nan\n"), json!({"age": "nan"}));
    }

    #[test]
    fn nothing_is_lost() {
        assert_eq!(known("note\nfiles:none\n:x\n"), json!({"other_lines": ["note", "files:none", ":x"]}));
        assert_eq!(known("a:1\na:2\na:2\nb:1\nb:1\n"), json!({"a": ["1", "2", "2"], "b": "1"}));
    }
}
