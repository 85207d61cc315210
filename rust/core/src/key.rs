//! Key and field: how a member's name says to which sample it belongs. The rule is webdataset's.

use std::borrow::Cow;

/// Splits a member name at the first dot of its base name: key and field, as webdataset does
/// (`^((?:.*/|)[^.]+)[.]([^/]*)$`). `None` if it does not match, or if the first part of the path is `__…__`.
pub fn split_key(name: &[u8]) -> Option<(&[u8], &[u8])> {
    if name.starts_with(b"__") {
        let first = name.split(|&b| b == b'/').next().unwrap_or(name);
        if first.len() >= 4 && first.ends_with(b"__") {
            return None;
        }
    }
    let base = name.iter().rposition(|&b| b == b'/').map_or(0, |slash| slash + 1);
    let dot = base + name.get(base..)?.iter().position(|&b| b == b'.')?;
    if dot == base {
        // A base name that starts with its dot: the pattern then takes the folder, slash included, as the key,
        // provided that there is one and its own name has no dot.
        let folder = name.get(..base.checked_sub(1)?)?;
        let own = folder.rsplit(|&b| b == b'/').next()?;
        if own.contains(&b'.') {
            return None;
        }
    }
    Some((name.get(..dot)?, name.get(dot + 1..)?))
}

/// A field as webdataset names it.
pub fn lower(field: &[u8]) -> Cow<'_, [u8]> {
    if field.is_ascii() {
        if field.iter().any(u8::is_ascii_uppercase) {
            return Cow::Owned(field.to_ascii_lowercase());
        }
    } else if let Ok(text) = std::str::from_utf8(field) {
        return Cow::Owned(text.to_lowercase().into_bytes());
    }
    Cow::Borrowed(field)
}

/// True if webdataset takes both for the same field.
pub fn same_field(a: &[u8], b: &[u8]) -> bool {
    if a.is_ascii() && b.is_ascii() { a.eq_ignore_ascii_case(b) } else { lower(a) == lower(b) }
}

/// A number that is equal for fields of which [`same_field`] is true, and for few others.
pub(crate) fn mark(field: &[u8]) -> u64 {
    let lower = if field.is_ascii() { Cow::Borrowed(field) } else { lower(field) };
    let mut mark = lower.len() as u64;
    for part in lower.chunks(8) {
        let mut word = [0; 8];
        for (to, from) in word.iter_mut().zip(part) {
            *to = *from;
        }
        // The bit in which the cases of ASCII differ is set in all.
        mark =
            (mark ^ (u64::from_le_bytes(word) | 0x2020_2020_2020_2020)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mark ^= mark >> 32;
    }
    mark
}

#[cfg(test)]
mod tests {
    use super::*;

    /// webdataset's pattern, tried the way a backtracking engine does.
    fn naive_split(name: &[u8]) -> Option<(&[u8], &[u8])> {
        let slashes = (0..name.len()).rev().filter(|&i| name[i] == b'/').map(|i| i + 1).chain([0]);
        for start in slashes {
            let stem = name[start..].iter().take_while(|&&b| b != b'.').count();
            let rest = &name[start + stem..];
            if stem > 0 && rest.first() == Some(&b'.') && !rest.contains(&b'/') {
                return Some((&name[..start + stem], &rest[1..]));
            }
        }
        None
    }

    #[test]
    fn the_same_field_has_the_same_mark() {
        let fields = [
            "jpg",
            "JPG",
            "jpg.",
            "ö.png",
            "Ö.PNG",
            "k",
            "K",
            "\u{212a}",
            "eleven_bytes",
            "ELEVEN_bytes",
            "",
        ];
        let (mut same, mut other) = (0, 0);
        for a in fields {
            for b in fields {
                let equal = mark(a.as_bytes()) == mark(b.as_bytes());
                assert_eq!(equal, same_field(a.as_bytes(), b.as_bytes()), "{a} {b}");
                *if equal { &mut same } else { &mut other } += 1;
            }
        }
        assert!(same > fields.len() && other > fields.len());
    }

    #[test]
    fn keys_are_split_as_webdataset_does() {
        let table: [(&str, Option<(&str, &str)>); 16] = [
            ("a.jpg", Some(("a", "jpg"))),
            ("a.open_m_open_e.jpg", Some(("a", "open_m_open_e.jpg"))),
            ("a/b.c/x.y.jpg", Some(("a/b.c/x", "y.jpg"))),
            ("./a.jpg", Some(("./a", "jpg"))),
            ("k..jpg", Some(("k", ".jpg"))),
            ("k.", Some(("k", ""))),
            (".hid.jpg", None),
            ("d/.hid.jpg", Some(("d/", "hid.jpg"))),
            ("d.x/.hid.jpg", None),
            ("noext", None),
            ("d.x/noext", None),
            ("", None),
            ("__meta__", None),
            ("__meta__/a.json", None),
            ("__meta__.json", Some(("__meta__", "json"))),
            ("a/__meta__/b.json", Some(("a/__meta__/b", "json"))),
        ];
        for (name, expected) in table {
            let expected = expected.map(|(key, field)| (key.as_bytes(), field.as_bytes()));
            assert_eq!(split_key(name.as_bytes()), expected, "{name}");
        }
        let mut checked = 0;
        for length in 0..=9_u32 {
            for number in 0..3_u32.pow(length) {
                let name: Vec<u8> =
                    (0..length).map(|i| b"a./"[(number / 3_u32.pow(i) % 3) as usize]).collect();
                assert_eq!(split_key(&name), naive_split(&name), "{}", String::from_utf8_lossy(&name));
                checked += usize::from(split_key(&name).is_some());
            }
        }
        assert!(checked > 1000);
    }
}
