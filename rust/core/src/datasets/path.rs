//! Paths of a source's files, taken apart.

/// The path as its folders and its name.
pub(super) fn parts(path: &str) -> Vec<&str> {
    path.split('/').collect()
}

/// Stem and extension of a file name, the latter in lower case.
pub(super) fn stem_and_extension(name: &str) -> (&str, String) {
    match name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() => (stem, extension.to_lowercase()),
        _ => (name, String::new()),
    }
}

/// Whether nobody means a file or folder of that name: what desktops and version control leave beside others.
pub(super) fn is_hidden(name: &str) -> bool {
    name.starts_with('.') || name == "__MACOSX"
}

/// Whether a path is for people or desktops: what no sample can have lost.
pub(super) fn is_aside(path: &str) -> bool {
    const DOCUMENTS: [&str; 7] = ["readme", "license", "licence", "copying", "citation", "thumbs", "desktop"];
    let parts = parts(path);
    let (stem, extension) = stem_and_extension(parts.last().copied().unwrap_or_default());
    parts.iter().any(|part| is_hidden(part))
        || DOCUMENTS.contains(&&*stem.to_lowercase())
        || matches!(&*extension, "md" | "pdf" | "html")
}

/// Names as part of a field or a key: dots would end the key, slashes the name.
pub(super) fn word(text: &str) -> String {
    text.chars().map(|c| if c.is_alphanumeric() || c == '-' || c == '_' { c } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_apart() {
        assert_eq!(stem_and_extension("a.b.OBJ"), ("a.b", "obj".to_owned()));
        assert_eq!(stem_and_extension(".obj"), (".obj", String::new()));
        assert_eq!(word("a.b c/é-1"), "a_b_c_é-1");
        let aside =
            ["a/README.txt", "License", ".git/x", "a/b.pdf", "a/readme2.txt", "00001/a.obj"].map(is_aside);
        assert_eq!(aside, [true, true, true, true, false, false]);
        assert_eq!(["._a.obj", ".git", "__MACOSX", "a.obj"].map(is_hidden), [true, true, true, false]);
    }
}
