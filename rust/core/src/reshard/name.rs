//! What a release is called if nobody says.

/// `reghead-v1-1024-000003.tar` at size 512 becomes `reghead-v1-512`.
pub(super) fn default(filename: &str, size: Option<(usize, usize)>) -> String {
    let stem = filename.strip_suffix(".tar").unwrap_or(filename);
    let is_number = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit());
    let prefix = match stem.rsplit_once('-') {
        Some((prefix, number)) if is_number(number) && number.len() >= 4 && !prefix.is_empty() => prefix,
        _ => stem,
    };
    let Some((height, width)) = size else { return prefix.to_owned() };
    let resolution = if height == width { height.to_string() } else { format!("{height}x{width}") };
    match prefix.rsplit_once('-') {
        Some((base, old)) if is_number(old) && !base.is_empty() => format!("{base}-{resolution}"),
        _ => format!("{prefix}-{resolution}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_replace_their_trailing_resolution() {
        for (filename, size, name) in [
            ("reghead-v1-1024-000003.tar", Some((512, 512)), "reghead-v1-512"),
            ("reghead-v1-1024-000003.tar", None, "reghead-v1-1024"),
            ("faces-000000.tar", Some((256, 256)), "faces-256"),
            ("faces.tar", Some((256, 128)), "faces-256x128"),
            ("000001.tar", None, "000001"),
        ] {
            assert_eq!(default(filename, size), name);
        }
    }
}
